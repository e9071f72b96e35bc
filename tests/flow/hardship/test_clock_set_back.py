"""The calendar jumps back an hour: no call too many, no count lost, and nothing is asked for ever."""

from tests.flow.hardship.conftest import COLD, CURVE, CURVES, PRM, WEEK

from passerelle.wiring import open_worker

LATE = "2026-11-23"
NIGHT = ("2026-11-22", "2026-11-24")


async def counted(house):
    state, _ = await house.opened.stores.quota_home.read("v5")
    return sum(hour.calls for hour in state.hours)


async def test_what_was_counted_and_what_was_learnt_outlives_the_clock(house):
    await house.control("PUT", f"values/{PRM}", {"series": CURVE, "day": LATE, "absent": True})
    await house.set_clock("2026-11-24T10:30:00+01:00", frozen=False)
    await house.series(PRM, CURVE, *WEEK)
    asked = len(await house.calls(CURVES))
    await house.series(PRM, CURVE, *NIGHT)
    assert len(await house.calls(CURVES)) == asked  # a late day, asked again tomorrow

    await house.set_clock("2026-11-24T09:30:00+01:00", frozen=False)
    answer = await house.series(PRM, CURVE, *WEEK)
    assert [gap["reason"] for gap in answer.json()["gaps"]] == ["not-published"]
    assert len(await house.calls(CURVES)) == asked + 1  # what the ledger knew came from a time that is not yet
    for _ in range(5):
        await house.series(PRM, CURVE, *WEEK)
    assert len(await house.calls(CURVES)) == asked + 1
    assert await counted(house) == len(await house.calls())
    assert (await house.series(PRM, CURVE, *COLD)).status_code == 200
    assert not [call for call in await house.calls() if call["status"] == 429]


async def test_what_is_kept_fresh_is_neither_forgotten_nor_asked_again_and_again(house):
    async with open_worker(house.settings) as worker:

        async def look(now):
            await house.set_clock(now, frozen=False)
            worker._clock.forget()
            while await worker.work():
                pass
            return [call["query"]["start"] for call in await house.calls(CURVES)]

        await house.series(PRM, CURVE, *WEEK)
        assert await look("2026-11-25T12:30:00+01:00") == ["2026-11-17", "2026-11-24"]
        assert await look("2026-11-25T11:30:00+01:00") == ["2026-11-17", "2026-11-24"]
        assert await look("2026-11-25T12:45:00+01:00") == ["2026-11-17", "2026-11-24"]
        assert await look("2026-11-26T12:30:00+01:00") == ["2026-11-17", "2026-11-24", "2026-11-25"]
