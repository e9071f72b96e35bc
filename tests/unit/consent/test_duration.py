"""Consent durations, F§3: days, weeks, months or years, at most three years."""

from datetime import date, datetime

import pytest

from passerelle.consent.duration import DurationTrouble, duration_trouble, end_of
from passerelle.errors import InvalidRequest
from passerelle.model.paris import civil_day, midnight

NOW = datetime.fromisoformat("2026-11-24T15:00:00+01:00")


@pytest.mark.parametrize(
    ("duration", "last"),
    [
        ("P1Y", date(2027, 11, 24)),
        ("P6M", date(2027, 5, 24)),
        ("P1Y4M", date(2028, 3, 24)),
        ("P2W", date(2026, 12, 8)),
        ("P90D", date(2027, 2, 22)),
        ("P3Y", date(2029, 11, 24)),
        ("P1095D", date(2029, 11, 23)),
        ("P1Y0M", date(2027, 11, 24)),
    ],
)
def test_it_ends_at_midnight_so_many_civil_days_later(duration: str, last: date):
    assert end_of(duration, NOW) == midnight(last)
    assert civil_day(end_of(duration, NOW)) == last


@pytest.mark.parametrize(
    "duration",
    ["", "P", "1Y", "P0D", "P0Y", "-P1Y", "P-1Y", "PT5H", "P1DT5H", "P3Y1D", "P37M", "P1Y2", "p1y", "P9999Y", "P1.5Y"],
)
def test_other_forms_nothing_and_more_than_three_years_are_refused(duration: str):
    with pytest.raises(InvalidRequest):
        end_of(duration, NOW)


def test_the_end_of_february_and_leap_years():
    leap = datetime.fromisoformat("2028-02-29T12:00:00+01:00")
    assert civil_day(end_of("P1Y", leap)) == date(2029, 2, 28)
    assert civil_day(end_of("P1M", datetime.fromisoformat("2027-01-31T12:00:00+01:00"))) == date(2027, 2, 28)


@pytest.mark.parametrize(
    ("duration", "trouble"),
    [
        ("P1Y", None),
        ("P3Y", None),
        ("P0D", DurationTrouble.MALFORMED),
        ("PT5H", DurationTrouble.MALFORMED),
        ("P٣Y", DurationTrouble.MALFORMED),
        ("P1Y\n", DurationTrouble.MALFORMED),
        ("P3Y1D", DurationTrouble.TOO_LONG),
        ("P9999Y", DurationTrouble.TOO_LONG),
        ("-P1D", DurationTrouble.TOO_LONG),
    ],
)
def test_enedis_tells_a_bad_form_from_a_length_it_does_not_allow(duration: str, trouble: DurationTrouble | None):
    assert duration_trouble(duration, NOW) is trouble
