"""Where answers and problems go: stdout, a file that is whole or not there, and stderr."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import msgspec
import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from passerelle import client
from passerelle.cli.language import Language, say
from passerelle.errors import PROBLEMS, StartRefused
from passerelle.problem import PasserelleError

PLAIN_WIDTH = 200
"""Columns of a table that goes to a pipe or a file, where nothing tells the width."""


@contextmanager
def sink(path: Path | None) -> Iterator[BinaryIO]:
    """Where to write an answer: stdout, or `path`, which appears (readable by its owner only) once all is written."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if path.is_dir():
        raise typer.BadParameter("a file is needed, this is a folder", param_hint="--output")
    try:
        # closed and renamed below: a `with` would close it too late for some systems
        part = tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False)  # noqa: SIM115
    except OSError as error:
        raise typer.BadParameter(f"cannot write there: {error.strerror}", param_hint="--output") from error
    partial = Path(part.name)
    try:
        with part:
            yield cast("BinaryIO", part)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_json(content: bytes, path: Path | None = None) -> None:
    """The gateway's own JSON; indented for a terminal."""
    if path is None and sys.stdout.isatty():
        content = msgspec.json.format(content, indent=2)
    with sink(path) as out:
        out.write(content + b"\n")


def write_tables(parts: list[RenderableType], path: Path | None = None) -> None:
    """Tables on the terminal as wide as it is, elsewhere as plain text."""
    if path is None:
        console = Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH)
        console.print(*parts, sep="\n")
        return
    console = Console(width=PLAIN_WIDTH, no_color=True, force_terminal=False)
    with console.capture() as captured:
        console.print(*parts, sep="\n")
    with sink(path) as out:
        out.write(captured.get().encode())


def on_terminal() -> bool:
    """Whether answers go to a terminal."""
    return sys.stdout.isatty()


@contextmanager
def progress_bar(language: Language) -> Iterator[client.Progress | None]:
    """A bar on stderr that appears when days are being fetched; None when stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task(say("fetching", language), total=None)

    def show(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)
        if done < total:
            bar.start()

    try:
        yield show
    finally:
        bar.stop()


def report(error: PasserelleError, language: Language) -> None:
    """Print a problem on stderr: what it is, what happened, what to do, and how to name it to the operator."""
    problem = error.problem
    french = language is Language.FRENCH
    detail = problem.detail_fr if french else problem.detail
    action = problem.action_fr if french else problem.action
    if isinstance(error, StartRefused):
        lines = [f"{say('error', language)} {detail}"]
    elif isinstance(error, client.GatewayUnreachable):
        lines = [f"{say('error', language)} {detail} {action}"]
    else:
        known = PROBLEMS.get(problem.code, type(error))
        name = problem.code
        if isinstance(error, client.GatewayProblem):
            name = f"{name}, {say('request', language)} {error.request_id}"
        if problem.retry_after is not None:
            name = f"{name}, {say('retry-after', language)} {problem.retry_after} s"
        title = known.title_fr if french else problem.title
        lines = [f"{say('error', language)} {title}", f"  {detail}", f"  {action}", f"  ({name})"]
    typer.echo("\n".join(lines), err=True)
