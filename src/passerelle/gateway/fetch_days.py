"""One planned call to Enedis, from the errand to the sealed days and the ledger, and what a refusal teaches."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from weakref import WeakValueDictionary

from passerelle.consent.states import after_refusal
from passerelle.errors import BeforeActivation, ConsentError, InternalError, StorageUnavailable
from passerelle.gateway.flights import Order
from passerelle.gateway.ports import DayLedger, DayStore, Enedis, Errand, LinkStore
from passerelle.kit.clock import Clock
from passerelle.kit.logs import get_logger
from passerelle.model.customer import Contract, CustomerRecord
from passerelle.model.days import DaySpan
from passerelle.model.paris import ONE_DAY
from passerelle.model.priority import Priority
from passerelle.model.reading import AnyReading, Readings
from passerelle.model.series import Direction, Series
from passerelle.plan.coverage import by_day, complete_days
from passerelle.plan.derive import DAILY_OF, daily_energy
from passerelle.plan.entries import Answered, begun_with, entry_of_days, entry_of_refusal
from passerelle.plan.freshness import SILENCE_SEEN, SILENT_AFTER, WAKES_AFTER, silent_until, wakes
from passerelle.plan.lacks import Told
from passerelle.plan.ledger import Entry, Known
from passerelle.plan.rules import published_end
from passerelle.problem import PasserelleError

log = get_logger(__name__)


@dataclass(eq=False, slots=True)
class Flight:
    """One planned call. `forced`: its days that a caller has asked before their time.

    `answered`: Enedis has spoken, so that what it said must be kept; until then the call may be withdrawn.
    """

    order: Order
    span: DaySpan
    priority: Priority
    forced: frozenset[date] = frozenset()
    answered: bool = False


class FetchDays:
    """Calls Enedis for a span, keeps what it brings sealed, writes the rest in the ledger. Never raises."""

    def __init__(self, *, enedis: Enedis, days: DayStore, ledger: DayLedger, links: LinkStore, clock: Clock) -> None:
        self._enedis = enedis
        self._days = days
        self._ledger = ledger
        self._links = links
        self._clock = clock
        self._searches: WeakValueDictionary[tuple[str, Direction], asyncio.Lock] = WeakValueDictionary()

    def serves(self, series: Series) -> bool:
        """Whether the generation of Enedis in use has this series."""
        return self._enedis.serves(series)

    async def __call__(self, flight: Flight) -> list[Told]:
        """The errors that days of the flight met; every other day of it is in the store or in the ledger."""
        try:
            return await self._fetch(flight)
        except StorageUnavailable as error:
            log.warning("fetch_lost", series=flight.order.series.value, problem=error.problem.code)
            return [Told(flight.span, error)]
        except Exception as error:
            log.exception("fetch_failed", series=flight.order.series.value, error=type(error).__name__)
            lost = InternalError("The gateway failed while it read Enedis.", "La passerelle a échoué.")
            return [Told(flight.span, lost)]

    async def _fetch(self, flight: Flight) -> list[Told]:
        error = await self._ask(flight, flight.span, learning=True)
        if error is None:
            return []
        if isinstance(error, BeforeActivation):
            return await self._search_activation(flight, error)
        return [Told(flight.span, error)]

    async def _ask(self, flight: Flight, span: DaySpan, *, learning: bool = False) -> PasserelleError | None:
        """One call; what it brought is kept. `learning`: an activation that is met is looked into, not noted."""
        order = flight.order
        try:
            readings = await self._enedis.fetch_measure(
                order.point, order.series, span, Errand(order.link.account_id, flight.priority)
            )
        except PasserelleError as error:
            flight.answered = True
            if not (isinstance(error, BeforeActivation) and learning):
                await self._note(flight, span, error)
            return error
        flight.answered = True
        await self._keep(flight, span, readings)
        return None

    async def _note(self, flight: Flight, span: DaySpan, error: PasserelleError) -> None:
        """What the refusal teaches the ledger, and the link where Enedis knows no consent."""
        order = flight.order
        known = await self._ledger.known(order.link.point_id, order.series, span)
        covered = await self._held_whole(order, span, known)
        call = Answered(span, await self._clock.now(), flight.forced)
        await self._write(order, call, entry_of_refusal(call, error, known, covered))
        if isinstance(error, ConsentError):
            await self._links.set_state(order.link, after_refusal(order.link, call.at))

    async def _keep(self, flight: Flight, span: DaySpan, readings: tuple[AnyReading, ...]) -> None:
        """Keep what came, its daily energy and what the ledger learns of it.

        In this order, so that a process which is killed between two of them leaves days to be asked again, but never a
        day in part that reads as whole (the ledger knows it first), nor a curve without its energy.
        """
        order = flight.order
        found = by_day(readings)
        before = DaySpan(span.start - SILENT_AFTER * ONE_DAY, span.end)
        known = await self._ledger.known(order.link.point_id, order.series, before)
        covered = await self._held_whole(order, span, known)
        call = Answered(span, await self._clock.now(), flight.forced)
        first = wakes(known.days, found)
        entry = entry_of_days(call, found, known, covered)
        if first is not None:
            entry = replace(entry, awake=(first, call.at + WAKES_AFTER))
        if (begun := begun_with(entry, call)) is not None:
            await self._ledger.write(order.link.point_id, order.series, begun)
        await self._derive(order, complete_days(span, found))
        if found:
            await self._days.keep(order.caller, order.link.account_id, order.link.point_id, order.series, found)
        await self._write(order, call, entry)

    async def _write(self, order: Order, call: Answered, entry: Entry) -> None:
        """Write the entry; where it says that days are empty, look whether the whole series is silent."""
        place = order.link.point_id, order.series
        await self._ledger.write(*place, entry)
        end = published_end(call.at)
        if not entry.days:
            return
        known = await self._ledger.known(*place, DaySpan(end - SILENCE_SEEN, end))
        until = silent_until(known.days, end, order.link.granted_at, call.at, newest=end - ONE_DAY in entry.days)
        if until is not None:
            await self._ledger.write(*place, Entry(silent_until=until))

    async def _derive(self, order: Order, whole: Mapping[date, Readings]) -> None:
        """The daily energy of whole days of curve, while their body is at hand."""
        daily = DAILY_OF.get(order.series)
        if daily is None or not whole:
            return
        await self._days.keep(order.caller, order.link.account_id, order.link.point_id, daily, daily_energy(whole))
        await self._ledger.cover(order.link.point_id, daily, whole)

    async def _held_whole(self, order: Order, span: DaySpan, known: Known) -> frozenset[date]:
        """The days that are whole whatever this answer brings: from before, or derived."""
        present = await self._days.present(order.link.account_id, order.link.point_id, order.series, span)
        return present - {day for day, row in known.days.items() if not row.covered}

    async def _search_activation(self, flight: Flight, error: BeforeActivation) -> list[Told]:
        """What the span has after the meter's activation, once the first day that Enedis accepts is found.

        ADAM-ERR0123 refuses a span even if only its beginning is older than the activation (F§7). The contract tells
        the date; where it does not, the span is halved until a day is refused and the next one accepted. Of several
        calls that are refused together one searches, the others use what it finds.
        """
        order, span = flight.order, flight.span
        lane = (order.link.point_id, order.series.direction)
        async with self._searches.setdefault(lane, asyncio.Lock()):
            first = await self._links.activation(*lane)
            if first is None or first <= span.start:
                first = await self._contract_date(flight)
                if first is None:
                    return await self._halve(flight, error)
                if first <= span.start:
                    # Enedis contradicts its own contract: believe the refusal of these days, learn nothing.
                    await self._note(flight, span, error)
                    return [Told(span, error)]
                await self._learn(order, first)
        if first >= span.end:
            return [Told(span, error)]
        rest = DaySpan(first, span.end)
        failed = await self._ask(flight, rest)
        return [Told(DaySpan(span.start, first), error), *([] if failed is None else [Told(rest, failed)])]

    async def _halve(self, flight: Flight, error: BeforeActivation) -> list[Told]:
        order, span = flight.order, flight.span
        low, high = span.start, span.end  # days before `low` are refused, days from `high` on were accepted
        while low < high:
            middle = low + (high - low) // 2
            failed = await self._ask(flight, DaySpan(middle, high), learning=True)
            if isinstance(failed, BeforeActivation):
                low = middle + ONE_DAY
            elif failed is None:
                high = middle
            else:
                return [Told(DaySpan(span.start, high), failed)]
        if span.start == high:
            return []
        await self._learn(order, high)
        return [Told(DaySpan(span.start, high), error)]

    async def _learn(self, order: Order, day: date) -> None:
        """No day before this one is served. A call for older days, which knows less, may end later."""
        point, direction = order.link.point_id, order.series.direction
        known = await self._links.activation(point, direction)
        if known is None or known < day:
            await self._links.learn_activation(point, direction, day)

    async def _contract_date(self, flight: Flight) -> date | None:
        """The activation that the contract tells. Contracts are kept for consumption only (F§8)."""
        order = flight.order
        if order.series.direction is not Direction.CONSUMPTION:
            return None
        errand = Errand(order.link.account_id, flight.priority)
        try:
            record = await self._enedis.fetch_record(order.point, CustomerRecord.CONTRACT, errand)
        except PasserelleError:
            return None
        return record.last_activation_date if isinstance(record, Contract) else None
