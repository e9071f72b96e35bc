"""ISO 8601 durations of the consent page (F§3)."""

from datetime import UTC, datetime

import pytest

from passerelle.simulator import durations

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("duration", "end"),
    [
        ("P1Y", datetime(2027, 11, 24, 9, 30, tzinfo=UTC)),
        ("P1Y4M", datetime(2028, 3, 24, 9, 30, tzinfo=UTC)),
        ("P8M", datetime(2027, 7, 24, 8, 30, tzinfo=UTC)),
        ("P2W", datetime(2026, 12, 8, 9, 30, tzinfo=UTC)),
        ("P1095D", datetime(2029, 11, 23, 9, 30, tzinfo=UTC)),
        ("P3Y", datetime(2029, 11, 24, 9, 30, tzinfo=UTC)),
        ("P0D", NOW),
    ],
)
def test_a_consent_ends_at_the_same_local_time(duration, end):
    assert durations.end_of(duration, NOW) == end


@pytest.mark.parametrize("duration", ["", "P", "1Y", "P1H", "PT1H", "P1DT1H", "p1y", "P1.5Y", "P1D1Y", " P1Y", "P١Y"])
def test_what_is_no_duration(duration):
    with pytest.raises(durations.Malformed):
        durations.end_of(duration, NOW)


@pytest.mark.parametrize("duration", ["P3Y1D", "P1097D", "P37M", "P157W", "-P1D", "P9999Y", "P9999W", "P99999D"])
def test_what_is_too_long_or_negative(duration):
    with pytest.raises(durations.TooLong):
        durations.end_of(duration, NOW)


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        ("P1Y4M", "1 an, 4 mois"),
        ("P2Y", "2 ans"),
        ("P1W1D", "1 semaine, 1 jour"),
        ("P1095D", "1095 jours"),
        ("P0D", "0 jour"),
    ],
)
def test_the_customer_reads_it_in_french(duration, text):
    assert durations.in_french(duration) == text
