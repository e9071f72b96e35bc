"""Answers as tables for a person."""

from datetime import date, datetime

import msgspec
from rich.bar import Bar
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from passerelle.cli.language import Language, say
from passerelle.model.series import Series
from passerelle.schema.catalogue import CatalogueBody
from passerelle.schema.consents import ConsentList
from passerelle.schema.series import AnySeries, IndexReading, IndexSeries, IntervalSeries, PeakSeries, SeriesGap
from passerelle.schema.usage_points import GapLedger, UsagePointList

BAR_WIDTH = 24
GRANTED = "granted"

Cell = str | Bar


def of_series(answer: AnySeries, language: Language, *, bars: bool) -> list[RenderableType]:
    """Readings, with bars for a terminal; then what is missing; then the energy and the time of the answer.

    Registers only grow: bars would tell nothing of them.
    """
    rows = _rows(answer, language)
    top = max((value for _, value, _ in rows), default=0)
    bars = bars and not isinstance(answer, IndexSeries)
    heads = _reading_heads(answer)
    table = _table([*heads, str(answer.unit), "quality"], language, right={str(answer.unit)})
    if bars:
        table.add_column()
    for heading, value, quality in rows:
        cells: list[Cell] = [*heading, str(value), say(quality, language)]
        if bars:
            cells.append(Bar(size=max(top, 1), begin=0, end=value, width=BAR_WIDTH))
        table.add_row(*cells)
    parts: list[RenderableType] = [table]
    if answer.gaps:
        parts.append(_gaps(answer.gaps, language))
    foot = f"{say('as_of', language)} {_moment(answer.as_of)}"
    if isinstance(answer, IntervalSeries):
        foot = f"{say('energy_wh', language)} {answer.energy_wh} Wh · {foot}"
    parts.append(Text(foot))
    return parts


def _reading_heads(answer: AnySeries) -> list[str]:
    if isinstance(answer, IndexSeries):
        return ["day", "at", "class"]
    if isinstance(answer, PeakSeries):
        return ["day", "at"]
    return ["day"] if _is_daily(answer) else ["start", "end"]


def _rows(answer: AnySeries, language: Language) -> list[tuple[list[str], int, str]]:
    """What stands before the value, the value, and its quality."""
    if isinstance(answer, IndexSeries):
        return [row for reading in answer.readings for row in _registers(reading, language)]
    if isinstance(answer, PeakSeries):
        return [([each.day.isoformat(), _moment(each.at)], each.value, each.quality) for each in answer.readings]
    if _is_daily(answer):
        return [([each.start.date().isoformat()], each.value, each.quality) for each in answer.readings]
    return [([_moment(each.start), _moment(each.end)], each.value, each.quality) for each in answer.readings]


def _registers(reading: IndexReading, language: Language) -> list[tuple[list[str], int, str]]:
    when = [reading.day.isoformat(), _moment(reading.at)]
    shown = [
        (f"{each.tariff_class} ({each.label})" if each.label else each.tariff_class, each.value)
        for each in reading.registers
    ]
    if isinstance(reading.total, int):
        shown.append((say("total", language), reading.total))
    return [([*when, name], value, reading.quality) for name, value in shown]


def _is_daily(answer: IntervalSeries) -> bool:
    return answer.series in {Series.CONSUMPTION_DAILY, Series.PRODUCTION_DAILY}


def _gaps(gaps: list[SeriesGap], language: Language) -> Table:
    table = _table(["start", "end", "reason"], language)
    table.title = say("missing-values", language)
    for gap in gaps:
        why = say(gap.reason, language)
        if isinstance(gap.problem, msgspec.Struct):
            why += f" : {gap.problem.detail_fr}" if language is Language.FRENCH else f": {gap.problem.detail}"
        table.add_row(_moment(gap.start), _moment(gap.end), why)
    return table


def of_record(record: msgspec.Struct, language: Language) -> list[RenderableType]:
    """One customer record: a line a field, in the order of the answer, nested ones in their place."""
    table = Table(show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for field, value in _fields(record):
        table.add_row(say(field, language), value)
    return [table]


def _fields(record: msgspec.Struct) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for field, value in msgspec.structs.asdict(record).items():
        if isinstance(value, msgspec.Struct):
            found.extend(_fields(value))
        elif isinstance(value, list):
            found.append((field, ", ".join(f"{each.start}–{each.end}" for each in value)))
        elif value is not msgspec.UNSET:
            found.append((field, str(value)))
    return found


def of_usage_points(answer: UsagePointList, language: Language) -> list[RenderableType]:
    table = _table(["usage_point_id", "state", "expires_at", "series", "customer"], language)
    for point in answer.usage_points:
        table.add_row(
            point.usage_point_id,
            say(point.consent.state, language),
            _day(point.consent.expires_at),
            "\n".join(point.series),
            "\n".join(point.customer),
        )
    return _or_nothing(table, language)


def of_gaps(answer: GapLedger, language: Language) -> list[RenderableType]:
    table = _table(["series", "start", "end", "reason"], language)
    for gap in answer.gaps:
        table.add_row(gap.series, gap.start.isoformat(), gap.end.isoformat(), say(gap.reason, language))
    return _or_nothing(table, language)


def of_consents(answer: ConsentList, language: Language) -> list[RenderableType]:
    columns = ["id", "state", "duration", "requested_at", "expires_at", "usage_points", "reason"]
    receipts = any(isinstance(consent.erased_at, datetime) for consent in answer.consents)
    table = _table(columns + ["erased_at", "copies_expire_on"] * receipts, language)
    for consent in answer.consents:
        points = [f"{point.usage_point_id} ({say(point.state, language)})" for point in consent.usage_points]
        table.add_row(
            consent.id,
            say(consent.state, language),
            consent.duration,
            _day(consent.requested_at),
            _day(consent.expires_at),
            "\n".join(points),
            consent.reason if isinstance(consent.reason, str) else "",
            *[_day(consent.erased_at), _day(consent.copies_expire_on)] * receipts,
        )
    return [*_or_nothing(table, language), *_next_steps(answer, language)]


def _next_steps(answer: ConsentList, language: Language) -> list[RenderableType]:
    """What to do next about those that give nothing, or not all; an older gateway does not say."""
    table = _table(["id", "action"], language)
    for consent in answer.consents:
        told = consent.action_fr if language is Language.FRENCH else consent.action
        whole = consent.state == GRANTED and all(point.state == GRANTED for point in consent.usage_points)
        if isinstance(told, str) and not whole:
            table.add_row(consent.id, told)
    return [table] if table.row_count else []


def of_catalogue(answer: CatalogueBody, language: Language) -> list[RenderableType]:
    table = _table(["reference", "description", "production", "sandbox", "specification", "scope"], language)
    for each in answer.endpoints:
        table.add_row(
            f"{each.reference}\n({each.generation}, {each.method})",
            each.description,
            each.production,
            each.sandbox or "–",
            each.specification,
            each.scope or "–",
        )
    return _or_nothing(table, language)


def _table(columns: list[str], language: Language, right: frozenset[str] | set[str] = frozenset()) -> Table:
    table = Table()
    for column in columns:
        table.add_column(say(column, language), justify="right" if column in right else "left", overflow="fold")
    return table


def _or_nothing(table: Table, language: Language) -> list[RenderableType]:
    return [table if table.row_count else Text(say("nothing", language))]


def _moment(instant: datetime) -> str:
    return instant.isoformat(sep=" ", timespec="minutes")


def _day(instant: datetime | date | msgspec.UnsetType) -> str:
    return instant.strftime("%Y-%m-%d") if isinstance(instant, date) else ""
