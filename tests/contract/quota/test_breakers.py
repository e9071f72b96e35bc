"""Breakers in each database: what one process learns stands for the other."""

import pytest

from passerelle.errors import UpstreamUnavailable
from passerelle.quota.breakers import open_breakers


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest):
    return request.getfixturevalue(request.param)


async def test_failures_of_two_processes_open_it_for_both_and_a_success_closes_it(engine):
    one, two, three = (open_breakers(engine) for _ in range(3))  # who has just asked remembers for a second
    for breakers in (one, two, one, two):
        await breakers.failed("measures")
    await open_breakers(engine).allow("measures")
    await one.failed("measures")
    with pytest.raises(UpstreamUnavailable) as refusal:
        await three.allow("measures")
    assert 28 <= refusal.value.problem.retry_after <= 30
    await two.worked("measures")
    await open_breakers(engine).allow("measures")
