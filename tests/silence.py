"""The silence of logs: whatever the tests make passerelle log, no line holds what must never stand there in clear.

A plugin that tests/conftest.py registers. Logs of this process go through the product's own `configure_logs`, most
talkative, to a stream that is searched line by line; tests that start processes hand their logs over (`keep_log`). A
find fails the run when it ends, whatever the tests themselves say.
"""

import json
import logging
import re
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pytest
from structlog.stdlib import ProcessorFormatter

from passerelle.kit.logs import configure_logs
from passerelle.simulator.households import people, sandbox
from passerelle.simulator.settings import SimulatorSettings

KEYS = ("demo-key-of-the-tests", "process-key-of-the-tests", SimulatorSettings().client_secret)
MOST_SHOWN = 20


def _any_of(words: Any) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


FORBIDDEN = {
    "usage point": rf"{_any_of(sandbox.POINTS)}|(?<![0-9a-f])[0-9]{{14}}(?![0-9a-f])",
    "key or secret": _any_of(KEYS),
    "token": r"(?i:bearer|basic) [\w.=+/-]{8,}|(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*[0-9])[\w-]{40,}",
    "name": rf"\b(?:{_any_of(people.LASTNAMES)}|{_any_of(chain.from_iterable(people.FIRSTNAMES.values()))})\b",
    "address": rf"{_any_of(people.STREETS)}|\b(?:{_any_of(town[2] for town in people.TOWNS)})\b",
    "telephone": r"(?<![0-9])019900[0-9]{4}(?![0-9])",
    "e-mail": r"[\w.+-]+@[\w-]+\.[a-z]{2,}",
}
"""What the simulator's households and the tests hold that no log may hold: regular expressions by kind."""

_SEARCH = re.compile("|".join(f"(?P<kind{index}>{pattern})" for index, pattern in enumerate(FORBIDDEN.values())))


@dataclass(frozen=True)
class Leak:
    """One find: who logged it, what kind of thing it is, and the line with all such things masked."""

    logger: str
    kind: str
    excerpt: str

    def __str__(self) -> str:
        return f"{self.logger} logged a {self.kind}: {self.excerpt}"


def search(line: str) -> Leak | None:
    """The first forbidden thing of a log line."""
    logger, text = "?", line
    try:
        entry = json.loads(line)
    except ValueError:
        pass
    else:
        if isinstance(entry, dict):
            logger = str(entry.get("logger", "?"))
            text = json.dumps(entry, ensure_ascii=False)  # what was written with escapes reads the same to a reader
    found = _SEARCH.search(text)
    if found is None:
        return None
    kind = list(FORBIDDEN)[int(str(found.lastgroup).removeprefix("kind"))]
    start = max(0, found.start() - 80)
    return Leak(logger, kind, _SEARCH.sub("•••", text[start : found.end() + 80]))


class Silence:
    """Listens to the logs of one test process; under xdist the workers report to the controller."""

    def __init__(self) -> None:
        self.leaks: dict[str, None] = {}
        self.lines = 0
        self._handler: logging.Handler | None = None

    def write(self, text: str) -> None:
        """What the product's log handler writes, a line or more."""
        for line in text.splitlines():
            self.lines += 1
            leak = search(line)
            if leak is not None:
                self.leaks[str(leak)] = None

    def flush(self) -> None:
        """A stream has it."""

    def listen(self) -> None:
        """Take the place of stderr behind the product's own handler.

        Again, if a test configured logs itself: what it left behind writes to its own stderr, which is closed by now.
        """
        root = logging.getLogger()
        if self._handler is not None and self._handler in root.handlers:
            return
        before = [handler for handler in root.handlers if not isinstance(handler.formatter, ProcessorFormatter)]
        configure_logs("debug", "json")
        (self._handler,) = root.handlers
        assert isinstance(self._handler, logging.StreamHandler)
        self._handler.setStream(self)
        root.handlers = [*before, self._handler]

    def pytest_runtest_setup(self) -> None:
        self.listen()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self) -> None:
        """What fixtures close may log, too."""
        self.listen()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        output = getattr(node, "workeroutput", {})
        self.leaks.update(dict.fromkeys(output.get("leaks", ())))
        self.lines += output.get("log_lines", 0)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output.update(leaks=list(self.leaks), log_lines=self.lines)
        elif self.leaks:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.leaks:
            terminalreporter.write_line(f"silence of logs: {self.lines} lines, nothing in clear")
            return
        terminalreporter.section("logs that hold what they must not", red=True)
        for leak in list(self.leaks)[:MOST_SHOWN]:
            terminalreporter.write_line(leak)
