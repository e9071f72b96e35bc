"""The commands of the extra `server`: run things, and the operator's shell."""

from pathlib import Path
from typing import Annotated

import typer

from passerelle.cli import operator
from passerelle.cli.demo import DATABASE, demo
from passerelle.cli.doctor import doctor
from passerelle.cli.serve import serve, simulate
from passerelle.cli.servers import run
from passerelle.cli.worker import work
from passerelle.config import read_settings
from passerelle.wiring import bring_up_to_date

ReplayOption = Annotated[
    Path | None,
    typer.Option(
        "--replay",
        metavar="FOLDER",
        help="Serve the captured answers of a folder with its INDEX.json instead of simulated households.",
        show_default=False,
    ),
]
ErasureLostOption = Annotated[
    bool,
    typer.Option(
        "--erasure-lost",
        help="The erasure database is lost for good: go on with an empty one. What was kept is asked of Enedis again.",
        show_default=False,
    ),
]
RUN = "Run"
OPERATE = "Operate"


def register(app: typer.Typer, consent: typer.Typer) -> None:
    """Add the commands of this extra."""
    app.command("demo", rich_help_panel=RUN, help="The simulator and a gateway with a demo account.")(run_demo)
    app.command("serve", rich_help_panel=RUN, help="The gateway.")(run_serve)
    app.command("simulator", rich_help_panel=RUN, help="The Enedis simulator alone.")(run_simulator)
    app.command("worker", rich_help_panel=RUN, help="Keep usage points fresh and import their past, without serving.")(
        run_worker
    )
    app.command("migrate", rich_help_panel=OPERATE, help="Bring the database up to date.")(run_migrate)
    app.command("doctor", rich_help_panel=OPERATE, help="What works, what does not, and what to do about it.")(doctor)
    account = typer.Typer(help="Accounts of this installation.", no_args_is_help=True)
    key = typer.Typer(help="API keys of an account.", no_args_is_help=True)
    operator.register(account, key, consent)
    app.add_typer(account, name="account", rich_help_panel=OPERATE)
    app.add_typer(key, name="key", rich_help_panel=OPERATE)


def run_demo(replay: ReplayOption = None) -> None:
    run(demo(read_settings(database=DATABASE), replay))


def run_serve() -> None:
    run(serve(read_settings()))


def run_simulator(replay: ReplayOption = None) -> None:
    run(simulate(read_settings(), replay))


def run_worker() -> None:
    run(work(read_settings()))


def run_migrate(*, erasure_lost: ErasureLostOption = False) -> None:
    settings = read_settings()
    run(bring_up_to_date(settings, erasure_lost=erasure_lost))
    typer.echo("The database is up to date.")
