"""The reading commands: they ask a gateway over HTTP, as any program would."""

from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer
from rich.console import RenderableType

from passerelle.cli import output, tables
from passerelle.cli.language import Language, say
from passerelle.cli.shell import DEFAULT_URL, End, Key, Prm, Start, Url, shell_of
from passerelle.client import Passerelle, requests
from passerelle.model.days import DaySpan, one_day
from passerelle.model.reading import GapReason
from passerelle.model.series import Kind, Series
from passerelle.plan.rules import published_end

T = TypeVar("T", bound=msgspec.Struct)

DAYS_BY_DEFAULT = {Kind.DAILY: 30, Kind.PEAK: 30, Kind.CURVE: 7, Kind.INDEX: 30}

WATCHED_WAIT = 5
"""Seconds that an answer may take when someone watches the bar: it moves after each answer."""

NEVER_PUBLISHED = one_day(date(2099, 12, 31))
"""So far ahead that the gateway answers at once, and asks nothing of Enedis."""


_FAILED = GapReason.UPSTREAM_ERROR.value.encode()
"""Stands in a line of CSV or NDJSON where a part failed at Enedis, and nowhere else."""


class Format(StrEnum):
    """The forms of a series."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    NDJSON = "ndjson"


class Look(StrEnum):
    """The forms of all other answers."""

    TABLE = "table"
    JSON = "json"


_MEDIA_TYPES = {Format.CSV: requests.CSV, Format.NDJSON: requests.NDJSON}

FormatOption = Annotated[
    Format | None,
    typer.Option("--format", help="By default the one that FILE's suffix names, else a table.", show_default=False),
]
LookOption = Annotated[Look, typer.Option("--format", help="A table, or the gateway's own JSON.")]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", metavar="FILE", help="Write to FILE, which appears once all is there."),
]
ProductionOption = Annotated[bool, typer.Option("--production", help="What the point injects, not what it draws.")]


def register(app: typer.Typer) -> None:
    """Add the reading commands to the application."""
    commands: dict[str, Callable[..., None]] = {
        "daily": daily,
        "load-curve": load_curve,
        "max-power": max_power,
        "index": index,
        "contract": contract,
        "address": address,
        "identity": identity,
        "contact": contact,
        "usage-points": usage_points,
        "gaps": gaps,
        "catalogue": catalogue,
    }
    for name, command in commands.items():
        app.command(name, rich_help_panel="Read")(command)


def _both_ways(told: str, drawn: Series, injected: Series) -> Callable[..., None]:
    """The command that reads one series or its counterpart with `--production`. `told`: what its help says."""

    def command(  # noqa: PLR0913 — an option each
        ctx: typer.Context,
        prm: Prm,
        *,
        start: Start = None,
        end: End = None,
        production: ProductionOption = False,
        form: FormatOption = None,
        to: OutputOption = None,
        url: Url = DEFAULT_URL,
        key: Key = None,
    ) -> None:
        _read(ctx, prm, injected if production else drawn, (start, end), form, to, (url, key))

    command.__doc__ = told
    return command


daily = _both_ways(
    "Energy of each day, in Wh: by default of the last 30 published days.",
    Series.CONSUMPTION_DAILY,
    Series.PRODUCTION_DAILY,
)
load_curve = _both_ways(
    "Mean power of each interval, in W: by default of the last 7 published days.",
    Series.CONSUMPTION_LOAD_CURVE,
    Series.PRODUCTION_LOAD_CURVE,
)
index = _both_ways(
    "Registers of the meter by tariff class, in Wh: by default of the last 30 published days. Since 2026.",
    Series.CONSUMPTION_INDEX,
    Series.PRODUCTION_INDEX,
)


def max_power(
    ctx: typer.Context,
    prm: Prm,
    *,
    start: Start = None,
    end: End = None,
    form: FormatOption = None,
    to: OutputOption = None,
    url: Url = DEFAULT_URL,
    key: Key = None,
) -> None:
    """Highest power of each day, in VA, and when: by default of the last 30 published days."""
    _read(ctx, prm, Series.CONSUMPTION_MAX_POWER, (start, end), form, to, (url, key))


def _read(
    ctx: typer.Context,
    prm: str,
    series: Series,
    asked: tuple[date | None, date | None],
    form: Format | None,
    to: Path | None,
    gateway: tuple[str, str | None],
) -> None:
    shell = shell_of(ctx)
    chosen = form or _by_suffix(to)
    with shell.connect(*gateway) as client:
        span = days_to_read(asked, series.kind, asked[1] or _published(client, prm, series))
        with output.progress_bar(shell.language) as progress:
            wait = None if progress is None else WATCHED_WAIT
            if chosen in _MEDIA_TYPES:
                pieces = client.export(
                    prm, series, span.start, span.end, _MEDIA_TYPES[chosen], wait=wait, progress=progress
                )
                failed = False
                with output.sink(to) as out:
                    for piece in pieces:
                        failed = failed or _FAILED in piece
                        out.write(piece)
                _end(shell.language, failed=failed)
                return
            call = requests.either(prm, series, span.start, span.end, wait)
            reply = client.send_until_complete(call, progress)
        if chosen is Format.JSON:
            output.write_json(reply.content, to)
        else:
            bars = to is None and output.on_terminal()
            output.write_tables(tables.of_series(reply.body, shell.language, bars=bars), to)
        _end(shell.language, failed=any(gap.reason is GapReason.UPSTREAM_ERROR for gap in reply.body.gaps))


def _end(language: Language, *, failed: bool) -> None:
    """What is there was written; where a part of it failed at Enedis, that is said and the status is 1."""
    if failed:
        typer.echo(say("incomplete", language), err=True)
        raise typer.Exit(1)


def _published(client: Passerelle, prm: str, series: Series) -> date:
    """The day after the last published one, by the clock of the gateway: a simulator's may be far from ours."""
    call = requests.either(prm, series, NEVER_PUBLISHED.start, NEVER_PUBLISHED.end, 0)
    return published_end(client.send_until_complete(call).body.as_of)


def days_to_read(asked: tuple[date | None, date | None], kind: Kind, published: date) -> DaySpan:
    """The days that were asked, by default the last published ones: 30, or 7 of a curve (INTERFACE section 2)."""
    end = asked[1] or published
    start = asked[0] or end - timedelta(days=DAYS_BY_DEFAULT[kind])
    if start >= end:
        raise typer.BadParameter(f"--start ({start}) must be before --end ({end}), which is excluded.")
    return DaySpan(start, end)


def _by_suffix(to: Path | None) -> Format:
    suffix = to.suffix.lower().removeprefix(".") if to else ""
    return Format(suffix) if suffix in set(Format) else Format.TABLE


def contract(
    ctx: typer.Context, prm: Prm, form: LookOption = Look.TABLE, url: Url = DEFAULT_URL, key: Key = None
) -> None:
    """The supply contract: subscribed power, tariff, off-peak hours, dates."""
    _show(ctx, requests.contract(prm), tables.of_record, form, (url, key))


def address(
    ctx: typer.Context, prm: Prm, form: LookOption = Look.TABLE, url: Url = DEFAULT_URL, key: Key = None
) -> None:
    """The address of the usage point."""
    _show(ctx, requests.address(prm), tables.of_record, form, (url, key))


def identity(
    ctx: typer.Context, prm: Prm, form: LookOption = Look.TABLE, url: Url = DEFAULT_URL, key: Key = None
) -> None:
    """Who holds the contract."""
    _show(ctx, requests.identity(prm), tables.of_record, form, (url, key))


def contact(
    ctx: typer.Context, prm: Prm, form: LookOption = Look.TABLE, url: Url = DEFAULT_URL, key: Key = None
) -> None:
    """How the holder of the contract can be reached."""
    _show(ctx, requests.contact(prm), tables.of_record, form, (url, key))


def usage_points(ctx: typer.Context, form: LookOption = Look.TABLE, url: Url = DEFAULT_URL, key: Key = None) -> None:
    """The usage points of the account, their consents, and what can be read of them."""
    _show(ctx, requests.usage_points(), tables.of_usage_points, form, (url, key))


def gaps(ctx: typer.Context, prm: Prm, form: LookOption = Look.TABLE, url: Url = DEFAULT_URL, key: Key = None) -> None:
    """The days that the gateway knows to be incomplete, and why."""
    _show(ctx, requests.gaps(prm), tables.of_gaps, form, (url, key))


def catalogue(ctx: typer.Context, form: LookOption = Look.TABLE, url: Url = DEFAULT_URL, key: Key = None) -> None:
    """Every endpoint of Enedis that the gateway calls."""
    _show(ctx, requests.catalogue(), tables.of_catalogue, form, (url, key))


def _show(
    ctx: typer.Context,
    call: requests.Call[T],
    draw: Callable[[T, Language], list[RenderableType]],
    form: Look,
    gateway: tuple[str, str | None],
) -> None:
    shell = shell_of(ctx)
    with shell.connect(*gateway) as client:
        reply = client.send(call)
    if form is Look.JSON:
        output.write_json(reply.content)
    else:
        output.write_tables(draw(reply.body, shell.language))
