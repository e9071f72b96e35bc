"""Both generations behind one door: 2026 first, v5 where that helps (`preference` decides)."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from passerelle.enedis.permits import Errand
from passerelle.enedis.preference import Outcome, Standing, Step, after_both, begin, next_step, outcome_of
from passerelle.enedis.v2026.endpoints import LEADING, MEASURES_API, SERVICES
from passerelle.errors import PasserelleError
from passerelle.kit.clock import Clock
from passerelle.kit.logs import get_logger
from passerelle.model.customer import AnyRecord, CustomerRecord
from passerelle.model.days import DaySpan
from passerelle.model.generation import Generation
from passerelle.model.reading import AnyReading
from passerelle.model.series import Series
from passerelle.model.shared_services import SharedService
from passerelle.model.usage_point import UsagePointId

Got = TypeVar("Got")

log = get_logger(__name__)


class Speaker(Protocol):
    """One who speaks with Enedis: a generation, or both (`gateway.ports.Enedis` says what is promised)."""

    def serves(self, series: Series) -> bool: ...

    def in_use(self) -> Mapping[str, Generation]:
        """The generation in which each API is asked, by the API's name."""
        ...

    async def fetch_measure(
        self, point: UsagePointId, series: Series, span: DaySpan, errand: Errand
    ) -> tuple[AnyReading, ...]: ...

    async def fetch_record(self, point: UsagePointId, record: CustomerRecord, errand: Errand) -> AnyRecord: ...

    async def shared_services(self, authorisation_id: int, errand: Errand) -> tuple[SharedService, ...]: ...


class EnedisAuto:
    """Satisfies `gateway.ports.Enedis` with two that do. What only 2026 has is asked of it alone."""

    def __init__(self, modern: Speaker, v5: Speaker, clock: Clock) -> None:
        self._speakers = {Generation.V2026: modern, Generation.V5: v5}
        self._modern = modern
        self._v5 = v5
        self._clock = clock
        self._standings: dict[str, Standing] = defaultdict(Standing)

    def serves(self, series: Series) -> bool:
        return self._modern.serves(series)

    def in_use(self) -> Mapping[str, Generation]:
        """By API of 2026: the generation that is asked for what it gives.

        Those that only add to a contract go with the contract's leading API.
        """
        apis = self._modern.in_use()
        leader = self._standings[LEADING[CustomerRecord.CONTRACT]].speaking
        decided = {api: self._standings[api].speaking for api in (MEASURES_API, *LEADING.values())}
        return {api: decided.get(api, leader) for api in apis} | {SERVICES: Generation.V2026}

    async def fetch_measure(
        self, point: UsagePointId, series: Series, span: DaySpan, errand: Errand
    ) -> tuple[AnyReading, ...]:
        """As `gateway.ports.Enedis`; two calls at most, one a generation."""
        if not self._v5.serves(series):
            return await self._modern.fetch_measure(point, series, span, errand)
        return await self._ask(MEASURES_API, lambda speaker: speaker.fetch_measure(point, series, span, errand))

    async def fetch_record(self, point: UsagePointId, record: CustomerRecord, errand: Errand) -> AnyRecord:
        """As `gateway.ports.Enedis`."""
        return await self._ask(LEADING[record], lambda speaker: speaker.fetch_record(point, record, errand))

    async def shared_services(self, authorisation_id: int, errand: Errand) -> tuple[SharedService, ...]:
        """As `gateway.ports.Enedis`: the consent page of 2026 is the one in use, so this is asked of 2026 alone."""
        return await self._modern.shared_services(authorisation_id, errand)

    async def _ask(self, api: str, call: Callable[[Speaker], Awaitable[Got]]) -> Got:
        """Ask one generation, then the other if that helps. Where neither does, the error of 2026 stands."""
        first = self._take(api, begin(self._standings[api], self._clock.monotonic())) or Generation.V2026
        try:
            return await self._once(api, first, call)
        except PasserelleError as error:
            other = self._settle(api, first, outcome_of(first, error))
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
            outcome = outcome_of(other, second)
            if outcome is not Outcome.FAILED:
                self._settle(api, other, outcome)
                raise
            self._take(api, Step(after_both(self._standings[api]), None))
            if other is Generation.V2026:
                raise
            raise error from second

    async def _once(self, api: str, generation: Generation, call: Callable[[Speaker], Awaitable[Got]]) -> Got:
        got = await call(self._speakers[generation])
        self._settle(api, generation, Outcome.ANSWERED)
        return got

    def _settle(self, api: str, asked: Generation, outcome: Outcome) -> Generation | None:
        """Learn how a call ended; the generation to ask next, if any."""
        return self._take(api, next_step(self._standings[api], asked, outcome, self._clock.monotonic()))

    def _take(self, api: str, step: Step) -> Generation | None:
        if self._standings[api].speaking is not step.standing.speaking:
            log.warning("enedis_generation", api=api, generation=step.standing.speaking.value)
        self._standings[api] = step.standing
        return step.ask
