"""Enedis v5 as the gateway needs it: each method is one call."""

from collections.abc import Mapping

from passerelle.enedis.bodies import decode
from passerelle.enedis.catalogue import classify, read_body
from passerelle.enedis.permits import Errand
from passerelle.enedis.transport import Answer, Transport
from passerelle.enedis.v5.endpoints import MEASURES, RECORDS, Place
from passerelle.enedis.v5.normalise import readings
from passerelle.enedis.v5.records import record as read_record
from passerelle.enedis.v5.wire import MeasureBody
from passerelle.errors import NoData, NotServed, UpstreamBroken
from passerelle.model.customer import AnyRecord, CustomerRecord
from passerelle.model.days import DaySpan
from passerelle.model.generation import Generation
from passerelle.model.reading import AnyReading
from passerelle.model.series import Series
from passerelle.model.shared_services import SharedService
from passerelle.model.usage_point import UsagePointId
from passerelle.problem import PasserelleError


class EnedisV5:
    """Satisfies `gateway.ports.Enedis`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def serves(self, series: Series) -> bool:
        """All but indexes (F§9)."""
        return series in MEASURES

    async def in_use(self) -> Mapping[str, Generation]:
        """The generation that each API of Enedis is asked in: this one."""
        return {place.api: Generation.V5 for place in (*MEASURES.values(), *RECORDS.values())}

    async def fetch_measure(
        self, point: UsagePointId, series: Series, span: DaySpan, errand: Errand
    ) -> tuple[AnyReading, ...]:
        """The readings that Enedis has for these days: sorted, no two overlap, all inside `span`.

        `end` is excluded on both sides (F§5). Raises what the answer means, and NoData for one without a single point.
        """
        place = MEASURES.get(series)
        if place is None:
            raise _not_served()
        asked = {"usage_point_id": point, "start": span.start.isoformat(), "end": span.end.isoformat()}
        answer = await self._transport.get(place.api, place.path, asked, errand)
        measure = decode(answer.body, MeasureBody).meter_reading
        if measure is None:
            raise _said(place, answer)
        found = readings(measure, point, series, span)
        if not measure.interval_reading:
            raise NoData(
                "Enedis has no measure for this usage point and period.",
                "Enedis n'a pas de mesure pour ce point et cette période.",
            )
        return found

    async def fetch_record(self, point: UsagePointId, record: CustomerRecord, errand: Errand) -> AnyRecord:
        """One customer record. Raises what the answer means."""
        place = RECORDS[record]
        answer = await self._transport.get(place.api, place.path, {"usage_point_id": point}, errand)
        try:
            return read_record(answer.body, point, record)
        except UpstreamBroken as error:
            if read_body(answer.body).code is None:
                raise
            raise _said(place, answer) from error

    async def shared_services(
        self,
        authorisation_id: int,  # noqa: ARG002 — the port's parameter, which v5 has no use for
        errand: Errand,  # noqa: ARG002 — same
    ) -> tuple[SharedService, ...]:
        """Raises NotServed: v5 names the usage points in the callback itself (F§3)."""
        raise _not_served()


def _not_served() -> NotServed:
    return NotServed("v5 of the Enedis API has no such data.", "La v5 de l'API Enedis n'a pas ces données.")


def _said(place: Place, answer: Answer) -> PasserelleError:
    """What a 200 without the expected object says: an error of Enedis under the wrong status, or nothing readable."""
    return classify(place.api, answer.status, answer.content_type, answer.body)
