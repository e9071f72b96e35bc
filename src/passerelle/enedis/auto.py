"""Both generations behind one door: 2026 first, v5 where that helps (`preference` decides)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from passerelle.enedis.catalogue import not_subscribed
from passerelle.enedis.permits import Errand
from passerelle.enedis.preference import (
    Outcome,
    Step,
    after_both,
    begin,
    is_unsubscribed,
    next_step,
    outcome_of,
    tells_unsubscribed,
    unsubscribed,
)
from passerelle.enedis.standings import Standings
from passerelle.enedis.v2026.endpoints import LEADING, MEASURES_API, SERVICES
from passerelle.errors import InternalError
from passerelle.kit.logs import get_logger
from passerelle.model.customer import AnyRecord, CustomerRecord
from passerelle.model.days import DaySpan
from passerelle.model.generation import NEVER, Generation, Standing
from passerelle.model.reading import AnyReading
from passerelle.model.series import Series
from passerelle.model.shared_services import SharedService
from passerelle.model.usage_point import UsagePointId
from passerelle.problem import PasserelleError

Got = TypeVar("Got")

_FIRST = Standing()

log = get_logger(__name__)


class Speaker(Protocol):
    """One who speaks with Enedis: a generation, or both (`gateway.ports.Enedis` says what is promised)."""

    def serves(self, series: Series) -> bool: ...

    async def in_use(self) -> Mapping[str, Generation]:
        """The generation in which each API is asked, by the API's name."""
        ...

    async def fetch_measure(
        self, point: UsagePointId, series: Series, span: DaySpan, errand: Errand
    ) -> tuple[AnyReading, ...]: ...

    async def fetch_record(self, point: UsagePointId, record: CustomerRecord, errand: Errand) -> AnyRecord: ...

    async def shared_services(self, authorisation_id: int, errand: Errand) -> tuple[SharedService, ...]: ...


class EnedisAuto:
    """Satisfies `gateway.ports.Enedis` with two that do. What only 2026 has is asked of it alone.

    The standings are read before each call, which costs nothing beside it. While they cannot be read the generation
    last seen is asked, and nothing changes.
    """

    def __init__(self, modern: Speaker, v5: Speaker, standings: Standings) -> None:
        self._speakers = {Generation.V2026: modern, Generation.V5: v5}
        self._modern = modern
        self._v5 = v5
        self._standings = standings
        self._seen: dict[str, Standing] = {}

    def serves(self, series: Series) -> bool:
        return self._modern.serves(series)

    async def in_use(self) -> Mapping[str, Generation]:
        """By API of 2026: the generation that is asked for what it gives.

        Those that only add to a contract go with the contract's leading API.
        """
        await self._look()
        apis = await self._modern.in_use()
        leader = self._last(LEADING[CustomerRecord.CONTRACT]).speaking
        decided = {api: self._last(api).speaking for api in (MEASURES_API, *LEADING.values())}
        return {api: decided.get(api, leader) for api in apis} | {SERVICES: Generation.V2026}

    async def fetch_measure(
        self, point: UsagePointId, series: Series, span: DaySpan, errand: Errand
    ) -> tuple[AnyReading, ...]:
        """As `gateway.ports.Enedis`; two calls at most, one a generation."""

        def call(speaker: Speaker) -> Awaitable[tuple[AnyReading, ...]]:
            return speaker.fetch_measure(point, series, span, errand)

        ask = self._ask if self._v5.serves(series) else self._ask_modern
        return await ask(MEASURES_API, call)

    async def fetch_record(self, point: UsagePointId, record: CustomerRecord, errand: Errand) -> AnyRecord:
        """As `gateway.ports.Enedis`."""
        return await self._ask(LEADING[record], lambda speaker: speaker.fetch_record(point, record, errand))

    async def shared_services(self, authorisation_id: int, errand: Errand) -> tuple[SharedService, ...]:
        """As `gateway.ports.Enedis`: the consent page of 2026 is the one in use, so this is asked of 2026 alone."""
        return await self._modern.shared_services(authorisation_id, errand)

    async def _ask_modern(self, api: str, call: Callable[[Speaker], Awaitable[Got]]) -> Got:
        """Ask 2026 alone; not again for a while where it is not subscribed."""
        now = await self._look()
        if now is not None and is_unsubscribed(self._last(api), now):
            raise not_subscribed()
        try:
            return await self._once(api, Generation.V2026, call)
        except PasserelleError as error:
            if tells_unsubscribed(Generation.V2026, error):
                await self._change(api, lambda standing, now: Step(unsubscribed(standing, now), None))
            raise

    async def _ask(self, api: str, call: Callable[[Speaker], Awaitable[Got]]) -> Got:
        """Ask one generation, then the other if that helps. Where neither does, the error of 2026 stands."""
        first = await self._begin(api)
        try:
            return await self._once(api, first, call)
        except PasserelleError as error:
            other = await self._after(api, first, error)
            if other is None:
                raise
            return await self._instead(api, other, call, error)

    async def _instead(
        self, api: str, other: Generation, call: Callable[[Speaker], Awaitable[Got]], error: PasserelleError
    ) -> Got:
        """Ask the other generation after `error`."""
        try:
            return await self._once(api, other, call)
        except PasserelleError as second:
            if outcome_of(other, second) is not Outcome.FAILED:
                await self._after(api, other, second)
                raise
            await self._change(api, lambda standing, _: Step(after_both(standing), None))
            if other is Generation.V2026:
                raise
            raise error from second

    async def _once(self, api: str, generation: Generation, call: Callable[[Speaker], Awaitable[Got]]) -> Got:
        got = await call(self._speakers[generation])
        await self._answered(api, generation)
        return got

    async def _begin(self, api: str) -> Generation:
        """Whom a new call asks first."""
        now, seen = await self._look(), self._last(api)
        if now is None or begin(seen, now).standing == seen:
            return seen.speaking
        return await self._change(api, begin) or seen.speaking

    async def _answered(self, api: str, asked: Generation) -> None:
        """Learn from an answer. That nothing is new is known without asking."""

        def rule(standing: Standing, now: float) -> Step:
            return next_step(standing, asked, Outcome.ANSWERED, now)

        if rule(self._last(api), NEVER).standing != self._last(api):
            await self._change(api, rule)

    async def _after(self, api: str, asked: Generation, error: PasserelleError) -> Generation | None:
        """Learn from an error; the generation to ask next, if any."""
        outcome = outcome_of(asked, error)
        if outcome is Outcome.SILENT:
            return None
        if outcome is Outcome.ANSWERED:
            await self._answered(api, asked)
            return None

        def rule(standing: Standing, now: float) -> Step:
            step = next_step(standing, asked, outcome, now)
            told = tells_unsubscribed(asked, error)
            return Step(unsubscribed(step.standing, now), step.ask) if told else step

        return await self._change(api, rule)

    async def _change(self, api: str, rule: Callable[[Standing, float], Step]) -> Generation | None:
        """What the rule says to ask next; nothing, and nothing changes, while the standings are away."""

        def change(standing: Standing, now: float) -> tuple[Standing, Step]:
            step = rule(standing, now)
            return step.standing, step

        try:
            step = await self._standings.change(api, change)
        except InternalError as error:
            _away(error)
            return None
        self._see(api, step.standing)
        return step.ask

    async def _look(self) -> float | None:
        """See the standings of all APIs; the time, or None while they are away."""
        try:
            standings, now = await self._standings.read()
        except InternalError as error:
            _away(error)
            return None
        for api, standing in standings.items():
            self._see(api, standing)
        return now

    def _see(self, api: str, standing: Standing) -> None:
        if self._last(api).speaking is not standing.speaking:
            log.warning("enedis_generation", api=api, generation=standing.speaking.value)
        self._seen[api] = standing

    def _last(self, api: str) -> Standing:
        return self._seen.get(api, _FIRST)


def _away(error: InternalError) -> None:
    log.warning("standings_away", problem=error.problem.code)
