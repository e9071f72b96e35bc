"""The command `passerelle`: the application is built here, and every error of a command ends here."""

import importlib
from dataclasses import replace
from functools import cache
from typing import Annotated, Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_group

from passerelle import __version__
from passerelle.cli import consents, read
from passerelle.cli.language import language_of, say
from passerelle.cli.output import report
from passerelle.cli.shell import Shell, shell_of
from passerelle.problem import PasserelleError

SERVER_MODULES = frozenset(
    {
        "aiosqlite",
        "alembic",
        "asyncpg",
        "cryptography",
        "httptools",
        "jinja2",
        "prometheus_client",
        "redis",
        "sqlalchemy",
        "starlette",
        "structlog",
        "swagger_ui_bundle",
        "uvicorn",
        "uvloop",
    }
)
"""What the extra `server` brings; a test compares with pyproject.toml."""

SERVER_COMMANDS = ("demo", "serve", "simulator", "worker", "migrate", "doctor", "account", "key")


class GrowingGroup(TyperGroup):
    """A group whose server commands are imported when one is named, or when all are listed: reading stays light."""

    part: ClassVar[str]

    def list_commands(self, ctx: Any) -> list[str]:
        self._grow()
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands:
            self._grow()
        return super().get_command(ctx, cmd_name)

    def _grow(self) -> None:
        for name, command in server_commands()[self.part].items():
            self.commands.setdefault(name, command)


class Commands(GrowingGroup):
    """All commands: an error of passerelle is printed and ends with status 1."""

    part = "app"

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except PasserelleError as error:
            report(error, shell_of(ctx).language)
            raise typer.Exit(1) from error
        except ModuleNotFoundError as error:
            if not lacks_extra(error):
                raise
            typer.echo(say("server-extra", shell_of(ctx).language), err=True)
            raise typer.Exit(1) from error


class ConsentCommands(GrowingGroup):
    """`passerelle consent`."""

    part = "consent"


@cache
def server_commands() -> dict[str, dict[str, Any]]:
    """The commands of the extra `server` by group; where it is not installed, ones that say so."""
    app, consent = typer.Typer(), typer.Typer()
    try:
        server = importlib.import_module("passerelle.cli.server_commands")
    except ModuleNotFoundError as error:
        if not lacks_extra(error):
            raise
        for name in SERVER_COMMANDS:
            _add_placeholder(app, name)
        _add_placeholder(consent, "adopt")
    else:
        server.register(app, consent)
    return {"app": dict(get_group(app).commands), "consent": dict(get_group(consent).commands)}


def lacks_extra(error: ModuleNotFoundError) -> bool:
    """Whether the module that was not found belongs to the extra `server`: anything else is a fault of ours."""
    return (error.name or "").partition(".")[0] in SERVER_MODULES


def build(shell: Shell | None = None) -> typer.Typer:
    """The application; `shell` is what its commands reach outside with."""
    outside = shell or Shell()
    app = typer.Typer(
        name="passerelle",
        cls=Commands,
        help="A gateway between applications and Enedis Data Connect, the API of the Linky meter.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def prepare(
        ctx: typer.Context,
        *,
        lang: Annotated[
            str, typer.Option("--lang", envvar=["PASSERELLE_LANG", "LC_ALL", "LANG"], help="`en` or `fr`.")
        ] = "en",
        version: Annotated[  # noqa: ARG001 — answered by its callback
            bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version, and end.")
        ] = False,
    ) -> None:
        ctx.obj = replace(outside, language=language_of(lang))

    read.register(app)
    consent = typer.Typer(cls=ConsentCommands, help="Consents of customers.", no_args_is_help=True)
    consents.register(consent)
    app.add_typer(consent, name="consent", rich_help_panel="Read")
    return app


def _show_version(wanted: bool) -> None:  # noqa: FBT001 — the parser's own way to call
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


def _add_placeholder(app: typer.Typer, name: str) -> None:
    @app.command(
        name,
        help="Needs the server: pip install 'passerelle[server]'",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
        rich_help_panel="Run",
    )
    def needs_extra(ctx: typer.Context) -> None:
        typer.echo(say("server-extra", shell_of(ctx).language), err=True)
        raise typer.Exit(1)


def run() -> None:
    """Run the command line of this process."""
    build()()
