from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from passerelle.enedis.throttling import Throttle, access_time, read_throttle

NOW = datetime(2026, 7, 17, 4, 12, 30, tzinfo=UTC)
FIVE = datetime(2026, 7, 17, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-Jul-17 05:00:00+0000 UTC", FIVE),
        ("access API after 2026-jul-17 07:00:00+0200 CEST", FIVE),
        ("2026-07-17T05:00:00Z", FIVE),
        ("2026-07-17T05:00:00.000-00:00", FIVE),
        ("2026-Jul-17 01:00:00-0400", FIVE),
        ("2026-Juk-17 05:00:00+0000 UTC", None),
        ("2026-Feb-31 05:00:00+0000 UTC", None),
        ("soon", None),
        ("", None),
    ],
)
def test_the_next_access_time(text: str, instant: datetime | None):
    assert access_time(text) == instant


@pytest.mark.parametrize("body", ['{"code": "900807"}', '{"error": "Quota Q3 reached"}'])
def test_too_many_in_a_second_asks_for_spacing(body: str):
    assert read_throttle(body, None, NOW) == Throttle(spacing=True, resume_at=None)


@pytest.mark.parametrize("body", ['{"error": "Quota Q4 reached"}', '{"code": 900803}', '{"message": "SLA dépassé"}'])
def test_the_hour_without_a_time_ends_with_the_clock_hour(body: str):
    throttle = read_throttle(body, None, NOW)
    assert throttle == Throttle(spacing=False, resume_at=None)
    assert throttle.retry_after(NOW) == 47 * 60 + 30


def test_a_429_that_nobody_knows_stops_for_a_minute():
    assert read_throttle("<html>", None, NOW).resume_at == NOW + timedelta(minutes=1)
    assert read_throttle("<html>", 5, NOW).resume_at == NOW + timedelta(seconds=5)


@pytest.mark.official
def test_the_captured_429(official: Path):
    body = (official / "fixtures/errors/gateway_429_900804.json").read_text()
    throttle = read_throttle(body, None, NOW)
    assert throttle == Throttle(spacing=False, resume_at=FIVE)
    assert throttle.retry_after(NOW + timedelta(microseconds=1)) == 47 * 60 + 30
    assert throttle.retry_after(FIVE + timedelta(hours=1)) == 1
