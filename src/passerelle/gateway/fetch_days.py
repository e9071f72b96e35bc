"""One planned call to Enedis, from the errand to the sealed days, and what a refusal teaches."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from passerelle.access.caller import Caller
from passerelle.consent.states import Link, after_refusal
from passerelle.errors import (
    BeforeActivation,
    ConsentError,
    InternalError,
    NotCollected,
    OperatorActionNeeded,
    PasserelleError,
    QuotaExhausted,
    TokenRejected,
    WrongDirection,
)
from passerelle.gateway.ports import DayStore, Enedis, Errand, LinkStore, OpenDayLog
from passerelle.kit.clock import Clock
from passerelle.kit.logs import get_logger
from passerelle.model.customer import Contract, CustomerRecord
from passerelle.model.days import DaySpan
from passerelle.model.paris import ONE_DAY
from passerelle.model.priority import Priority
from passerelle.model.reading import AnyReading, GapReason
from passerelle.model.series import Direction, Series
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.coverage import by_day, complete_days
from passerelle.plan.gaps import reason_of
from passerelle.plan.merge import Fetched

AT_ONCE = 4
"""Calls of one request under way together: enough to fill the second's allowance, few to waste on a refusal."""

PATIENCE = 3
"""Failures in a row after which the rest of a request is not tried: Enedis is away."""

_FOR_ALL = (ConsentError, WrongDirection, NotCollected, OperatorActionNeeded, TokenRejected, QuotaExhausted)

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be fetched, for whom."""

    caller: Caller
    point: UsagePointId
    link: Link
    series: Series


@dataclass(slots=True)
class Batch:
    """The calls of one request: what one of them learns saves the others."""

    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    verdict: PasserelleError | None = None
    before_activation: tuple[date, PasserelleError] | None = None
    failures: int = 0

    def known(self, span: DaySpan) -> PasserelleError | None:
        """The error that a call for these days would meet again."""
        if self.before_activation is not None and span.end <= self.before_activation[0]:
            return self.before_activation[1]
        return self.verdict

    def failed(self, error: PasserelleError) -> None:
        """Note a refusal that holds for every day of the request, or count a failure."""
        if isinstance(error, _FOR_ALL):
            self.verdict = error
        elif error.problem.retryable:
            self.failures += 1
            if self.failures >= PATIENCE:
                self.verdict = error

    def worked(self) -> None:
        self.failures = 0


class FetchDays:
    """Calls Enedis for a span, keeps the complete days sealed, and tells what came of it. Never raises."""

    def __init__(self, *, enedis: Enedis, days: DayStore, ledger: OpenDayLog, links: LinkStore, clock: Clock) -> None:
        self._enedis = enedis
        self._days = days
        self._ledger = ledger
        self._links = links
        self._clock = clock

    async def __call__(self, order: Order, span: DaySpan, batch: Batch, priority: Priority) -> list[Fetched]:
        async with batch.room:
            known = batch.known(span)
            if known is not None:
                return [Fetched(span, error=known)]
            try:
                return await self._fetch(order, span, batch, priority)
            except Exception as error:
                log.exception("fetch_failed", series=order.series.value, error=type(error).__name__)
                lost = InternalError("The gateway failed while it read Enedis.", "La passerelle a échoué.")
                return [Fetched(span, error=lost)]

    async def _fetch(self, order: Order, span: DaySpan, batch: Batch, priority: Priority) -> list[Fetched]:
        outcome = await self._ask(order, span, priority)
        match outcome.error:
            case None:
                batch.worked()
                return [outcome]
            case BeforeActivation() as error:
                return await self._search_activation(order, span, error, batch, priority)
            case ConsentError() as error:
                now = await self._clock.now()
                await self._links.set_state(order.link, after_refusal(order.link, now))
                batch.failed(error)
            case error:
                batch.failed(error)
        return [outcome]

    async def _ask(self, order: Order, span: DaySpan, priority: Priority) -> Fetched:
        errand = Errand(order.caller.account_id, priority)
        try:
            readings = await self._enedis.fetch_measure(order.point, order.series, span, errand)
        except PasserelleError as error:
            await self._note(order, span, reason_of(error))
            return Fetched(span, error=error)
        return await self._keep(order, span, readings)

    async def _keep(self, order: Order, span: DaySpan, readings: tuple[AnyReading, ...]) -> Fetched:
        days = by_day(readings)
        complete = complete_days(span, days)
        if complete:
            await self._days.keep(order.caller, order.link.point_id, order.series, complete)
        await self._note(order, [day for day in span if day not in complete], GapReason.MISSING)
        return Fetched(span, days)

    async def _note(self, order: Order, days: Iterable[date], reason: GapReason) -> None:
        """Write down the days that this call did not bring whole. Days kept whole leave the ledger by themselves."""
        await self._ledger.note(order.link.point_id, order.series, list(days), reason)

    async def _search_activation(
        self, order: Order, span: DaySpan, error: BeforeActivation, batch: Batch, priority: Priority
    ) -> list[Fetched]:
        """What the span has after the meter's activation, once the first day that Enedis accepts is found.

        ADAM-ERR0123 refuses a span even if only its beginning is older than the activation (F§7). The contract tells
        the date; where it does not, the span is halved until a day is refused and the next one accepted.
        """
        told = await self._contract_date(order, priority)
        if told is not None and told <= span.start:
            # Enedis contradicts its own contract: believe the refusal of these days, learn nothing.
            batch.failed(error)
            return [Fetched(span, error=error)]
        if told is not None:
            await self._links.learn_activation(order.link.point_id, order.series.direction, told)
            batch.before_activation = (min(told, span.end), error)
            if told >= span.end:
                return [Fetched(span, error=error)]
            rest = await self._ask(order, DaySpan(told, span.end), priority)
            return [Fetched(DaySpan(span.start, told), error=error), rest]
        return await self._halve(order, span, error, batch, priority)

    async def _halve(
        self, order: Order, span: DaySpan, error: BeforeActivation, batch: Batch, priority: Priority
    ) -> list[Fetched]:
        outcomes: list[Fetched] = []
        low, high = span.start, span.end  # days before `low` are refused, days from `high` on were accepted
        while low < high:
            middle = low + (high - low) // 2
            outcome = await self._ask(order, DaySpan(middle, high), priority)
            if isinstance(outcome.error, BeforeActivation):
                low = middle + ONE_DAY
            elif outcome.error is None:
                outcomes.append(outcome)
                high = middle
            else:
                batch.failed(outcome.error)
                outcomes.append(Fetched(DaySpan(low, high), error=outcome.error))
                return outcomes
        if span.start < high:
            outcomes.append(Fetched(DaySpan(span.start, high), error=error))
            batch.before_activation = (high, error)
            if high < span.end:
                await self._links.learn_activation(order.link.point_id, order.series.direction, high)
        return outcomes

    async def _contract_date(self, order: Order, priority: Priority) -> date | None:
        """The activation that the contract tells. Contracts are kept for consumption only (F§8)."""
        if order.series.direction is not Direction.CONSUMPTION:
            return None
        errand = Errand(order.caller.account_id, priority)
        try:
            record = await self._enedis.fetch_record(order.point, CustomerRecord.CONTRACT, errand)
        except PasserelleError:
            return None
        return record.last_activation_date if isinstance(record, Contract) else None
