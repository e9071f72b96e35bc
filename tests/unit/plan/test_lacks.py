"""Why a day has no readings: what this request was told, what the ledger knows, whichever is later."""

from datetime import date, datetime, timedelta

from passerelle.errors import NoData, NotCollected, UpstreamUnavailable
from passerelle.model.days import one_day
from passerelle.model.reading import GapReason
from passerelle.plan.lacks import PENDING, Lack, Told, lacks
from passerelle.plan.ledger import Known, OpenDay, Refusal

NOW = datetime.fromisoformat("2026-11-24T09:00:00+01:00")
GRANTED = NOW - timedelta(days=100)
DAY, OTHER = date(2026, 11, 1), date(2026, 11, 2)
ROW = OpenDay(GapReason.MISSING, NOW, NOW - timedelta(hours=1), NOW + timedelta(hours=1))
OFF, NOTHING = NotCollected("off", "éteint").problem, NoData("none", "rien").problem


def refused(asked_at: datetime) -> dict[GapReason, Refusal]:
    until = asked_at + timedelta(days=1)
    return {GapReason.NOT_COLLECTED: Refusal(GapReason.NOT_COLLECTED, OFF, asked_at, until, DAY, OTHER)}


def why(known: Known, *, told: tuple[Told, ...] = (), waited_for: tuple[date, ...] = ()) -> Lack:
    return lacks([DAY], known, told, waited_for, granted_at=GRANTED, now=NOW)[DAY]


def test_the_later_of_day_and_series_counts():
    assert why(Known({DAY: ROW}, refusals=refused(NOW - timedelta(hours=2)))) == Lack(GapReason.MISSING)
    assert why(Known({DAY: ROW}, refusals=refused(NOW))) == Lack(GapReason.NOT_COLLECTED, OFF)
    assert why(Known({OTHER: ROW}, refusals=refused(NOW))) == Lack(GapReason.NOT_COLLECTED, OFF)


def test_a_day_that_an_error_told_of_keeps_its_words():
    words = {GapReason.MISSING: Refusal(GapReason.MISSING, NOTHING, NOW, None, DAY, OTHER)}
    told = OpenDay(GapReason.MISSING, NOW, NOW, NOW + timedelta(hours=1), told=True)
    assert why(Known({DAY: told}, refusals=words)) == Lack(GapReason.MISSING, NOTHING)
    assert why(Known({DAY: ROW}, refusals=words)) == Lack(GapReason.MISSING)


def test_what_this_request_was_told_comes_before_the_ledger_and_waiting_before_both():
    away = UpstreamUnavailable("away", "absent")
    told = (Told(one_day(DAY), away),)
    assert why(Known({DAY: ROW}), told=told) == Lack(GapReason.UPSTREAM_ERROR, away.problem)
    assert why(Known({DAY: ROW}), told=told, waited_for=(DAY,)) == PENDING
    assert why(Known()) == PENDING
