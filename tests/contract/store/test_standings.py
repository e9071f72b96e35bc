"""The standings of both generations, in a database or in memory: one suite."""

import asyncio
from dataclasses import replace

import pytest

from passerelle.model.generation import Generation, Standing
from passerelle.store.standings import GenerationStandings
from passerelle.testing.standings import MemoryStandings

API, OTHER = "mesure_synchrone_auto", "comptage_auto"
FALLEN = Standing(Generation.V5, 1_800_000_600.5, 1_800_000_000.5, unsubscribed_until=1_800_000_600.25)


class StandingsContract:
    """What standings promise; `pair` is those of two processes."""

    async def test_nothing_is_kept_at_first(self, pair):
        one, _ = pair
        standings, now = await one.read()
        assert standings == {}
        assert await one.change(API, lambda standing, at: (standing, (standing, at))) == (Standing(), now)

    async def test_what_one_process_changes_the_other_sees(self, pair):
        one, other = pair
        assert await one.change(API, lambda _, now: (FALLEN, now)) == self.wall
        assert await other.read() == ({API: FALLEN}, self.wall)
        await other.change(API, lambda standing, now: (replace(standing, came_back_at=now), None))
        assert (await one.read())[0] == {API: replace(FALLEN, came_back_at=self.wall)}
        await other.change(OTHER, lambda _, __: (FALLEN, None))
        assert (await one.read())[0].keys() == {API, OTHER}

    async def test_what_a_rule_refuses_changes_nothing(self, pair):
        one, _ = pair
        await one.change(API, lambda _, __: (FALLEN, None))
        with pytest.raises(ZeroDivisionError):
            await one.change(API, lambda _, __: 1 // 0)
        assert (await one.read())[0] == {API: FALLEN}

    async def test_of_many_at_once_each_sees_what_the_one_before_it_did(self, pair):
        one, _ = pair
        await one.change(API, lambda standing, _: (replace(standing, came_back_at=0.0), None))

        def count(standing, _now):
            return replace(standing, came_back_at=standing.came_back_at + 1), None

        await asyncio.gather(*(standings.change(API, count) for standings in pair for _ in range(5)))
        assert (await one.read())[0][API].came_back_at == 10

    async def test_of_many_at_once_one_falls_back(self, pair):
        def fall(standing, now):
            if standing.speaking is Generation.V5:
                return standing, False
            return replace(standing, speaking=Generation.V5, fell_back_at=now), True

        fell = await asyncio.gather(*(standings.change(API, fall) for standings in pair for _ in range(5)))
        assert sorted(fell) == [False] * 9 + [True]


class TestMemory(StandingsContract):
    @pytest.fixture
    def pair(self):
        self.wall = 1_800_000_000.0
        shared = MemoryStandings(lambda: self.wall)
        return shared, shared


class TestStore(StandingsContract):
    @pytest.fixture
    async def pair(self, store):
        self.wall = 1_800_000_000.0
        return [GenerationStandings(store.engine, lambda: self.wall) for _ in range(2)]

    async def test_the_time_is_that_of_the_database(self, store):
        one = GenerationStandings(store.engine)
        before = (await one.read())[1]
        at = await one.change(API, lambda standing, now: (standing, now))
        assert 1_700_000_000 < before <= at < before + 60
