"""Enedis 2026 as the gateway needs it."""

import asyncio
from collections.abc import Callable, Mapping
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
from passerelle.enedis.v2026.services import Pages, request
from passerelle.enedis.v2026.wire import IndexBody, MeasureBody, ServicesBody
from passerelle.errors import (
    ConsentMissing,
    NoData,
    OperatorActionNeeded,
    PasserelleError,
    UpstreamBroken,
    UpstreamError,
)
from passerelle.kit.clock import Clock
from passerelle.kit.logs import get_logger
from passerelle.model.customer import AnyRecord, Contract, CustomerRecord
from passerelle.model.days import DaySpan
from passerelle.model.generation import Generation
from passerelle.model.reading import AnyReading
from passerelle.model.series import Kind, Series
from passerelle.model.services import SharedService
from passerelle.model.usage_point import UsagePointId

UNSUBSCRIBED_PAUSE = 3600.0
"""Seconds for which an API that the application lacks is left alone, where the answer does without it."""

FAILING_PAUSE = 60.0
"""Seconds for one that failed."""

Read = TypeVar("Read")
Enrich = Callable[[Contract, bytes], Contract]

_ENRICHMENTS: Mapping[str, Enrich] = {SYNTHESIS: with_synthesis, METERING: with_metering, SUPPLY: with_supply}

log = get_logger(__name__)


class EnedisV2026:
    """Satisfies `gateway.ports.Enedis`. Each API counts in the bucket of its own name (F§12)."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self._left_alone_until: dict[str, float] = {}

    def serves(self, series: Series) -> bool:
        """All of them (F§9)."""
        return series in MEASURES

    def in_use(self) -> Mapping[str, Generation]:
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
        """One customer record: one call, for a contract up to four. Raises what the leading answer means."""
        api = LEADING[record]
        answer = await self._get(api, record_path(api, point), {}, errand)
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
        """The contract with what three more APIs say. Without one of them its fields are absent (F§10)."""
        bodies = await asyncio.gather(*(self._spared(api, point, errand) for api in _ENRICHMENTS))
        for (api, enrich), answer in zip(_ENRICHMENTS.items(), bodies, strict=True):
            if answer is not None:
                try:
                    contract = enrich(contract, answer.body)
                except UpstreamBroken:
                    log.warning("enedis_enrichment_unreadable", api=api)
        return contract

    async def _spared(self, api: str, point: UsagePointId, errand: Errand) -> Answer | None:
        """The answer of an API that the record can do without; None where it refuses, or refused lately."""
        if self._clock.monotonic() < self._left_alone_until.get(api, 0.0):
            return None
        try:
            return await self._get(api, record_path(api, point), {}, errand)
        except PasserelleError as error:
            # What concerns the one usage point (a 404, a 403) says nothing of the next.
            if isinstance(error, UpstreamError):
                lacking = isinstance(error, OperatorActionNeeded)
                pause = UNSUBSCRIBED_PAUSE if lacking else max(FAILING_PAUSE, error.problem.retry_after or 0)
                self._left_alone_until[api] = self._clock.monotonic() + pause
            log.info("enedis_enrichment_absent", api=api, problem=error.problem.code)
            return None


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
