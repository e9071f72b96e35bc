"""Whichever generation speaks, `/v1` and the mirror say the same."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.flow.generations.conftest import FIFTEEN_MINUTES, SEEDED
from tests.flow.test_mirror_journey import CUSTOMERS, DATA, Application

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELD = (*CUSTOMERS[:-1], *SEEDED)
"""The last of F§11 revoked."""
MEASURES = (
    "consumption/daily",
    "consumption/load-curve",
    "consumption/max-power",
    "production/daily",
    "production/load-curve",
)
RECORDS = ("contract", "address", "identity", "contact")
FIRST, LAST = date(2023, 11, 1), date(2026, 11, 26)
"""From before the history to after publication."""
CHANGES = (date(2025, 3, 30), date(2025, 10, 26), date(2026, 3, 29), date(2026, 10, 25))
TO_TODAY = (date(2026, 11, 20), date(2026, 11, 26))

ONLY_V5 = {
    "customer_id",
    "usage_point_status",
    "contract_status",
    "last_distribution_tariff_change_date",
    "country",
    "geo_points",
    "latitude",
    "longitude",
    "altitude",
    "business",
    "industry",
}
"""What 2026 no longer has (F§10, F§14)."""
WORDED = {"distribution_tariff", "meter_type"}
"""What each generation words in its own way, the meter's type only where it is a Linky (F§8, F§10)."""
LINKY = ("LINKY", "AMM")


def ranges():
    days = st.dates(FIRST, LAST)
    begins = st.one_of(days, st.sampled_from(CHANGES).map(lambda day: day - timedelta(days=1)))
    drawn = st.tuples(begins, st.integers(1, 16)).map(lambda pair: (pair[0], pair[0] + timedelta(days=pair[1])))
    return st.one_of(drawn, drawn, st.just(TO_TODAY))


async def told(house, prm, series, span):
    """The bytes up to the end of the readings, and what follows them."""
    answer = await house.series(prm, series, span[0].isoformat(), span[1].isoformat())
    assert answer.status_code == 200, answer.text
    body = answer.json()
    gaps = [(gap["start"], gap["end"], gap["reason"]) for gap in body["gaps"]]
    return answer.content.partition(b'"gaps"')[0], gaps, body.get("energy_wh"), body["readings"]


@given(prm=st.sampled_from(HELD), series=st.sampled_from(MEASURES), span=ranges())
@settings(max_examples=100, deadline=None)
async def test_readings_are_equal_byte_for_byte_and_gaps_are_the_same(pair, prm, series, span):
    old, new = [await told(house, prm, series, span) for house in pair.both]
    assert old == new


@pytest.mark.parametrize("prm", HELD)
async def test_both_changes_of_hour_are_the_same_in_every_household(pair, prm):
    for series in ("consumption/load-curve", "production/load-curve"):
        for change in CHANGES[1:3]:
            span = change - timedelta(days=1), change + timedelta(days=2)
            old, new = [await told(house, prm, series, span) for house in pair.both]
            assert old == new


@pytest.mark.parametrize("prm", FIFTEEN_MINUTES)
async def test_an_interval_that_2026_does_not_know_is_a_gap_there_and_never_invented(pair, prm):
    week = date(2026, 11, 2), date(2026, 11, 9)
    for series in ("consumption/daily", "consumption/max-power"):
        old, new = [await told(house, prm, series, week) for house in pair.both]
        assert old == new
    old, new = [await told(house, prm, "consumption/load-curve", week) for house in pair.both]
    assert old[1] == []
    fifteen = [each for each in old[3] if each["end"][14:16] in ("15", "45")]
    assert fifteen
    assert [each for each in old[3] if each in new[3]] == new[3]
    assert len(new[3]) < len(old[3])
    assert {reason for _, _, reason in new[1]} == {"missing"}


@pytest.mark.parametrize("prm", [*HELD, *FIFTEEN_MINUTES])
async def test_customer_data_is_equal_on_the_keys_that_both_have(pair, prm):
    for record in RECORDS:
        old, new = [await house.get(f"/v1/usage-points/{prm}/{record}") for house in pair.both]
        if old.status_code != 200:  # production points have customer data in 2026 only (F§8)
            assert old.json()["code"] == "usage-point-unknown"
            continue
        assert new.status_code == 200, new.text
        assert missing(old.json(), new.json()) <= ONLY_V5 | WORDED
        types = old.json().get("meter_type"), new.json().get("meter_type")
        assert types == LINKY or types[0] == types[1]


@pytest.mark.parametrize("prm", [*HELD, *FIFTEEN_MINUTES])
async def test_customer_data_is_the_truth_of_its_generation(pair, prm):
    for generation, house in zip(("v5", "2026"), pair.both, strict=True):
        for record in RECORDS:
            query = {"generation": generation}
            true = await house.http.get(f"{house.simulator_url}/_control/truth/{prm}/{record}", params=query)
            told = await house.get(f"/v1/usage-points/{prm}/{record}")
            if true.status_code == 200:
                assert (told.status_code, told.json()) == (200, true.json()), (generation, record)
            else:  # production points have customer data in 2026 only (F§8)
                assert (generation, told.json()["code"]) == ("v5", "usage-point-unknown")


@pytest.mark.parametrize("prm", [*CUSTOMERS[:-1], *SEEDED[::3]])
async def test_the_mirror_of_v5_says_the_same_over_2026_for_every_field_that_2026_has(pair, prm):
    applications = [Application(house.http, f"{house.gateway_url}/enedis", "demo", house.key) for house in pair.both]
    for application in applications:
        await application.sign_in()
    for path, dated in DATA.items():
        period = ("2026-11-10", "2026-11-17") if dated else None
        old, new = [await application.get(path, prm, period) for application in applications]
        assert old.headers["deprecation"] == new.headers["deprecation"]
        if dated:
            assert old.status_code == new.status_code, path
            assert old.content == new.content or old.status_code >= 400, path
        elif old.status_code == 200:
            assert new.status_code == 200, (path, new.text)
            assert missing(old.json(), new.json()) <= ONLY_V5 | WORDED, path


def missing(old, new, name=""):
    """The names of the fields of `old` that `new` lacks or says otherwise."""
    if isinstance(old, dict) and isinstance(new, dict):
        return frozenset().union(*(missing(value, new.get(key), key) for key, value in old.items()))
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return frozenset().union(*(missing(one, other, name) for one, other in zip(old, new, strict=True)))
    return frozenset() if old == new else frozenset({name})
