"""A series answer in its three forms (INTERFACE section 3)."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise

import msgspec

from passerelle.gateway.read_series import SeriesAnswer
from passerelle.model.days import DaySpan
from passerelle.model.paris import civil_day, in_paris
from passerelle.model.reading import AnyReading, EvenReadings, Gap, IndexReading, Peak, Quality, Reading, Readings
from passerelle.model.series import Kind
from passerelle.plan.merge import energy_wh
from passerelle.schema import series as bodies
from passerelle.schema.series import GapLine, RegisterValue, SeriesGap, SeriesSummary, SummaryLine
from passerelle.web.problems import problem_body
from passerelle.web.render.stamps import stamp

JSON = "application/json"
CSV = "text/csv"
NDJSON = "application/x-ndjson"
FORMS = (JSON, CSV, NDJSON)

_encode = msgspec.json.encode


class SeriesWriter:
    """Writes one answer in the form that the caller prefers."""

    def __init__(self, answer: SeriesAnswer, docs_url: str, request_id: str) -> None:
        self._answer = answer
        self._docs_url = docs_url
        self._request_id = request_id

    def write(self, media: str) -> bytes:
        """The whole body."""
        if media == CSV:
            return self._csv()
        return self._ndjson() if media == NDJSON else self._json()

    def identity(self) -> bytes:
        """What tells two answers apart: readings, and where there are none and why; not the words of Enedis for it."""
        answer = self._answer
        gaps = [(gap.start, gap.end, gap.reason) for gap in answer.gaps]
        head = _encode((answer.point, answer.series, answer.span.start, answer.span.end, gaps))
        return b"".join((head, *(written_day(day) for day in answer.days)))

    def _json(self) -> bytes:
        summary = self._summary()
        gaps = [self._gap(gap) for gap in self._answer.gaps]
        head = _encode(summary)
        # The head is written by msgspec; readings are many and share their stamps, so a day is written as one text.
        opening, closing = _split_head(head)
        pieces = [opening, b',"readings":[']
        for day in self._answer.days:
            pieces += (written_day(day), b",")
        if self._answer.days:
            pieces.pop()
        pieces += (b'],"gaps":', _encode(gaps), closing)
        return b"".join(pieces)

    def _ndjson(self) -> bytes:
        lines = [_reading(each) for day in self._answer.days for each in day]
        lines.extend(_encode(GapLine(gap=self._gap(gap))) for gap in self._answer.gaps)
        lines.append(_encode(SummaryLine(summary=self._summary())))
        return b"\n".join(lines) + b"\n"

    def _csv(self) -> bytes:
        text = io.StringIO(newline="")
        rows = csv.writer(text, lineterminator="\r\n")
        kind = self._answer.series.kind
        rows.writerow(_CSV_HEADS.get(kind, _CSV_HEAD))
        match kind:
            case Kind.PEAK:
                rows.writerows(self._peak_rows())
            case Kind.INDEX:
                rows.writerows(self._index_rows())
            case _:
                rows.writerows(self._interval_rows())
        return text.getvalue().encode()

    def _interval_rows(self) -> Iterator[tuple[str | int, ...]]:
        unit = self._answer.series.unit.value
        for item in self._in_order():
            if isinstance(item, Gap):
                yield stamp(item.start), stamp(item.end), "", unit, "", item.reason.value
            elif isinstance(item, Reading):
                yield stamp(item.start), stamp(item.end), item.value, unit, item.quality.value, ""

    def _peak_rows(self) -> Iterator[tuple[str | int, ...]]:
        unit = self._answer.series.unit.value
        for item in self._in_order():
            if isinstance(item, Gap):
                for day in DaySpan(civil_day(item.start), civil_day(item.end)):
                    yield day.isoformat(), "", "", unit, "", item.reason.value
            elif isinstance(item, Peak):
                yield item.day.isoformat(), stamp(item.at), item.value, unit, item.quality.value, ""

    def _index_rows(self) -> Iterator[tuple[str | int, ...]]:
        """A row a register, then one of the class `total` where Enedis names it."""
        unit = self._answer.series.unit.value
        for item in self._in_order():
            if isinstance(item, Gap):
                for day in DaySpan(civil_day(item.start), civil_day(item.end)):
                    yield day.isoformat(), "", "", "", unit, "", item.reason.value
            elif isinstance(item, IndexReading):
                shown = [(register.name, register.value) for register in item.registers]
                for name, value in shown if item.total is None else [*shown, (TOTAL, item.total)]:
                    yield item.day.isoformat(), stamp(item.at), name, value, unit, item.quality.value, ""

    def _in_order(self) -> list[AnyReading | Gap]:
        items: list[AnyReading | Gap] = [*self._answer.readings, *self._answer.gaps]
        return sorted(items, key=lambda item: item.at if isinstance(item, (Peak, IndexReading)) else item.start)

    def _gap(self, gap: Gap) -> SeriesGap:
        problem = problem_body(gap.problem, self._docs_url, self._request_id) if gap.problem else msgspec.UNSET
        return SeriesGap(start=in_paris(gap.start), end=in_paris(gap.end), reason=gap.reason, problem=problem)

    def _summary(self) -> SeriesSummary:
        answer = self._answer
        return SeriesSummary(
            usage_point_id=answer.point,
            series=answer.series,
            unit=answer.series.unit,
            start=answer.span.start,
            end=answer.span.end,
            energy_wh=_energy(answer),
            as_of=in_paris(answer.as_of.replace(microsecond=0)),
            revised_at=in_paris(answer.revised_at.replace(microsecond=0)) if answer.revised_at else msgspec.UNSET,
        )


_CSV_HEAD = ("start", "end", "value", "unit", "quality", "gap")
_CSV_HEADS = {
    Kind.PEAK: ("day", "at", "value", "unit", "quality", "gap"),
    Kind.INDEX: ("day", "at", "class", "value", "unit", "quality", "gap"),
}
TOTAL = "total"
"""The class of a CSV row that holds the total; Enedis' own codes are in capitals."""


def _energy(answer: SeriesAnswer) -> "int | msgspec.UnsetType":
    match answer.series.kind:
        case Kind.PEAK | Kind.INDEX:
            return msgspec.UNSET
        case Kind.DAILY:
            return sum(reading.value for day in answer.days for reading in day if isinstance(reading, Reading))
        case Kind.CURVE:
            return energy_wh(answer.days)


def written_day(readings: Readings) -> bytes:
    """The readings of a day as they stand in the JSON array, commas between."""
    if isinstance(readings, EvenReadings):
        values = readings.values
        return _form(readings.start, readings.step, len(values), readings.quality) % tuple(values)
    return b",".join([_reading(each) for each in readings])


@lru_cache(maxsize=4_096)
def _form(start: datetime, step: timedelta, count: int, quality: Quality) -> bytes:
    """All of an even day but its values: days of all homes share it."""
    instants = [stamp(start + step * at) for at in range(count + 1)]
    return ",".join(
        f'{{"start":"{begin}","end":"{end}","value":%d,"quality":"{quality.value}"}}'
        for begin, end in pairwise(instants)
    ).encode()


def _reading(reading: AnyReading) -> bytes:
    if isinstance(reading, IndexReading):
        return _encode(_index(reading))
    if isinstance(reading, Peak):
        return (
            f'{{"day":"{reading.day.isoformat()}","at":"{stamp(reading.at)}",'
            f'"value":{reading.value},"quality":"{reading.quality.value}"}}'
        ).encode()
    return (
        f'{{"start":"{stamp(reading.start)}","end":"{stamp(reading.end)}",'
        f'"value":{reading.value},"quality":"{reading.quality.value}"}}'
    ).encode()


def _index(reading: IndexReading) -> bodies.IndexReading:
    """What Enedis does not name is absent."""
    registers = [
        RegisterValue(
            tariff_class=each.name, label=msgspec.UNSET if each.label is None else each.label, value=each.value
        )
        for each in reading.registers
    ]
    total = msgspec.UNSET if reading.total is None else reading.total
    at = in_paris(reading.at)
    return bodies.IndexReading(day=reading.day, at=at, registers=registers, total=total, quality=reading.quality)


def _split_head(head: bytes) -> tuple[bytes, bytes]:
    """The encoded summary, cut where readings and gaps go: after `timezone`, before `energy_wh` or `as_of`."""
    mark = b',"timezone":"Europe/Paris"'
    at = head.index(mark) + len(mark)
    return head[:at], head[at:]
