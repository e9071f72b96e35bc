"""Enedis 2026 as the gateway needs it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from http import HTTPStatus
from typing import TypeVar

from passerelle.enedis.bodies import Body, decode
from passerelle.enedis.catalogue import classify, read_body
from passerelle.enedis.permits import Errand
from passerelle.enedis.transport import Answer, Transport
from passerelle.enedis.v2026.endpoints import (
    APIS,
    LEADING,
    MEASURES,
    MEASURES_API,
    METERING,
    SERVICES,
    SERVICES_PATH,
    SUPPLY,
    SYNTHESIS,
    Measure,
    record_path,
)
from passerelle.enedis.v2026.indexes import index_readings
from passerelle.enedis.v2026.normalise import has_points, readings
from passerelle.enedis.v2026.records import (
    read_address,
    read_contact,
    read_contract,
    read_identity,
    with_metering,
    with_supply,
    with_synthesis,
)
from passerelle.enedis.v2026.subscribed_services import Pages, request
from passerelle.enedis.v2026.wire import IndexBody, MeasureBody, ServicesBody
from passerelle.errors import ConsentMissing, NoData, OperatorActionNeeded, UpstreamBroken, UpstreamError
from passerelle.kit.clock import Clock
from passerelle.kit.logs import get_logger
from passerelle.model.customer import AnyRecord, Contract, CustomerRecord
from passerelle.model.days import DaySpan
from passerelle.model.generation import Generation
from passerelle.model.priority import Priority
from passerelle.model.reading import AnyReading
from passerelle.model.series import Kind, Series
from passerelle.model.shared_services import SharedService
from passerelle.model.usage_point import UsagePointId
from passerelle.problem import PasserelleError

UNSUBSCRIBED_PAUSE = 3600.0
"""Seconds for which an API that the application lacks is left alone, where the answer does without it."""

FAILING_PAUSE = 60.0
"""Seconds for one that failed."""

Read = TypeVar("Read")
Enrich = Callable[[Contract, bytes], Contract]

_ENRICHMENTS: Mapping[str, Enrich] = {SYNTHESIS: with_synthesis, METERING: with_metering, SUPPLY: with_supply}

log = get_logger(__name__)


class _Absent(Enum):
    """Why the answer of an API that adds to a contract is missing. FOR_GOOD: it is not subscribed, or has nothing."""

    FOR_NOW = "for now"
    FOR_GOOD = "for good"


@dataclass(frozen=True, slots=True)
class _LeftAlone:
    """Until when (monotonic) an API is not asked, and what its answer counts as meanwhile."""

    until: float
    absent: _Absent


class EnedisV2026:
    """Satisfies `gateway.ports.Enedis`. Each API counts in the bucket of its own name (F§12)."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self._left_alone: dict[str, _LeftAlone] = {}
        self._under_way: dict[tuple[str, UsagePointId, str, Priority], asyncio.Task[Answer]] = {}

    def serves(self, series: Series) -> bool:
        """All of them (F§9)."""
        return series in MEASURES

    async def in_use(self) -> Mapping[str, Generation]:
        """The generation that each API of Enedis is asked in: this one."""
        return dict.fromkeys(APIS, Generation.V2026)

    async def fetch_measure(
        self, point: UsagePointId, series: Series, span: DaySpan, errand: Errand
    ) -> tuple[AnyReading, ...]:
        """The readings that Enedis has for these days: sorted, no two overlap, all inside `span`; one call.

        `dateFin` is excluded (F§9). Raises what the answer means, and NoData for one without a single point.
        """
        measure = MEASURES[series]
        asked = {"pointId": point, "dateDebut": span.start.isoformat(), "dateFin": span.end.isoformat()}
        answer = await self._get(MEASURES_API, measure.path, {**asked, **measure.extra}, errand)
        found = self._read(MEASURES_API, answer, lambda body: _measure(body, measure, point, series, span))
        if found is None:
            raise NoData(
                "Enedis has no measure for this usage point and period.",
                "Enedis n'a pas de mesure pour ce point et cette période.",
            )
        return found

    async def fetch_record(self, point: UsagePointId, record: CustomerRecord, errand: Errand) -> AnyRecord:
        """One customer record: one call, for a contract up to four. Raises what the leading answer means.

        Records asked at the same time share the answer of an API that tells of several.
        """
        api = LEADING[record]
        answer = await self._get_record(api, point, errand)
        match record:
            case CustomerRecord.ADDRESS:
                return self._read(api, answer, read_address)
            case CustomerRecord.IDENTITY:
                return self._read(api, answer, lambda body: read_identity(body, point))
            case CustomerRecord.CONTACT:
                return self._read(api, answer, lambda body: read_contact(body, point))
            case CustomerRecord.CONTRACT:
                contract = self._read(api, answer, lambda body: read_contract(body, point))
                return await self._enriched(contract, point, errand)

    async def shared_services(self, authorisation_id: int, errand: Errand) -> tuple[SharedService, ...]:
        """What was shared under this authorisation, all pages; empty as long as Enedis has nothing written down (F§4).

        Raises what the answer means: for an authorisation that Enedis does not know, UsagePointUnknown.
        """
        pages, number = Pages(), None
        while True:
            body = await self._services(authorisation_id, number, errand)
            number = pages.add(body)
            if number is None:
                return pages.services(authorisation_id)

    async def _services(self, authorisation_id: int, page: int | None, errand: Errand) -> ServicesBody:
        content = request(authorisation_id, page)
        try:
            answer = await self._transport.post_json(SERVICES, SERVICES_PATH, content, errand, bucket=SERVICES)
        except ConsentMissing as error:
            if error.problem.upstream is None or error.problem.upstream.status != HTTPStatus.OK:
                raise
            return ServicesBody()  # a 200 without anything: not yet (row `v2026-subscribed-services-empty-200`)
        return self._read(SERVICES, answer, _services_of)

    async def _get(self, api: str, path: str, params: Mapping[str, str], errand: Errand) -> Answer:
        return await self._transport.get(api, path, params, errand, bucket=api)

    async def _get_record(self, api: str, point: UsagePointId, errand: Errand) -> Answer:
        """What an API says of a usage point, asked once for all who wait for it; not kept, for it is personal (F§10).

        Whoever gives up waiting does not stop the call of the others.
        """
        lane = (api, point, errand.account_id, errand.priority)
        task = self._under_way.get(lane)
        if task is None:
            task = asyncio.create_task(self._get(api, record_path(api, point), {}, errand))
            self._under_way[lane] = task
            task.add_done_callback(lambda ended: self._land(lane, ended))
        return await asyncio.shield(task)

    def _land(self, lane: tuple[str, UsagePointId, str, Priority], ended: "asyncio.Task[Answer]") -> None:
        self._under_way.pop(lane, None)
        if not ended.cancelled():
            ended.exception()  # a caller who stopped waiting leaves nobody to hear of it

    @staticmethod
    def _read(api: str, answer: Answer, read: Callable[[bytes], Read]) -> Read:
        """What `read` makes of a 200. If it cannot be read, it may be an error of Enedis under the wrong status."""
        try:
            return read(answer.body)
        except UpstreamBroken as error:
            if read_body(answer.body).code is None:
                raise
            raise classify(api, answer.status, answer.content_type, answer.body) from error

    async def _enriched(self, contract: Contract, point: UsagePointId, errand: Errand) -> Contract:
        """The contract with what three more APIs say. Without one of them its fields are absent (F§10).

        It is partial where one failed in a way that passes; one that is not subscribed takes nothing from it.
        """
        bodies = await asyncio.gather(*(self._spared(api, point, errand) for api in _ENRICHMENTS))
        for (api, enrich), body in zip(_ENRICHMENTS.items(), bodies, strict=True):
            if isinstance(body, Answer):
                try:
                    contract = enrich(contract, body.body)
                except UpstreamBroken:
                    log.warning("enedis_enrichment_unreadable", api=api)
                    contract = replace(contract, partial=True)
            elif body is _Absent.FOR_NOW:
                contract = replace(contract, partial=True)
        return contract

    async def _spared(self, api: str, point: UsagePointId, errand: Errand) -> "Answer | _Absent":
        """The answer of an API that the record can do without; why not, where it refuses or refused lately."""
        left = self._left_alone.get(api)
        if left is not None and self._clock.monotonic() < left.until:
            return left.absent
        try:
            return await self._get_record(api, point, errand)
        except PasserelleError as error:
            log.info("enedis_enrichment_absent", api=api, problem=error.problem.code)
            # What concerns the one usage point (a 404, a 403) says nothing of the next.
            if not isinstance(error, UpstreamError):
                return _Absent.FOR_GOOD
            lacking = isinstance(error, OperatorActionNeeded)
            pause = UNSUBSCRIBED_PAUSE if lacking else max(FAILING_PAUSE, error.problem.retry_after or 0)
            absent = _Absent.FOR_GOOD if lacking else _Absent.FOR_NOW
            self._left_alone[api] = _LeftAlone(self._clock.monotonic() + pause, absent)
            return absent


def _measure(
    content: bytes, measure: Measure, point: UsagePointId, series: Series, span: DaySpan
) -> tuple[AnyReading, ...] | None:
    """The readings; None for an answer without a single point."""
    if series.kind is Kind.INDEX:
        index = _whole(decode(content, IndexBody), "contexte")
        return index_readings(index, measure, point, span)
    body = _whole(decode(content, MeasureBody), "grandeur")
    found = readings(body, measure, point, series, span)
    return found if has_points(body, measure) else None


def _services_of(content: bytes) -> ServicesBody:
    body = decode(content, ServicesBody)
    if body.nb_total_services is None and body.service_souscrit is None:
        raise _without_data()
    return body


def _whole(body: Body, field: str) -> Body:
    """The body, if it has this field at all."""
    if getattr(body, field) is None:
        raise _without_data()
    return body


def _without_data() -> UpstreamBroken:
    return UpstreamBroken("Enedis' answer holds no data.", "La réponse d'Enedis ne contient pas de données.")
