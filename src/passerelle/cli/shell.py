"""What every command is given: how to reach a gateway, the time, the language, and the options that they share."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import typer

from passerelle.cli.language import Language
from passerelle.client import Passerelle
from passerelle.errors import InvalidRequest
from passerelle.model.usage_point import parse_usage_point_id

DEFAULT_URL = "http://127.0.0.1:8420"


@dataclass(frozen=True, slots=True)
class Shell:
    """The outside of a command, replaced as a whole in tests."""

    connect: Callable[[str, str | None], Passerelle] = Passerelle
    language: Language = Language.ENGLISH


def shell_of(ctx: typer.Context) -> Shell:
    """The shell that the application was built with, in the language of this run."""
    found = ctx.find_object(Shell)
    return found if found is not None else Shell()


def _prm(text: str) -> str:
    try:
        return parse_usage_point_id(text)
    except InvalidRequest as error:
        raise typer.BadParameter(error.problem.detail) from error


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("A day is written YYYY-MM-DD.") from error


# The environment is read here by the option parser, for the options' own defaults; everything else is config's.
Url = Annotated[str, typer.Option("--url", envvar="PASSERELLE_URL", help="Address of the gateway.")]
Key = Annotated[
    str | None,
    typer.Option(
        "--key", envvar="PASSERELLE_KEY", help="API key; better given by the environment.", show_default=False
    ),
]
Prm = Annotated[
    str, typer.Argument(metavar="PRM", parser=_prm, help="Usage point id: 14 digits; quote it when it holds spaces.")
]
Start = Annotated[
    date | None, typer.Option("--start", metavar="YYYY-MM-DD", parser=_day, help="First day (Europe/Paris).")
]
End = Annotated[date | None, typer.Option("--end", metavar="YYYY-MM-DD", parser=_day, help="Day after the last one.")]
