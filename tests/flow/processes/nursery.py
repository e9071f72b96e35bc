"""A process that has imported passerelle and forks it on demand: real processes to kill, without a start-up each.

It reads a line of JSON for each order and writes one for each answer:
{"start": [arguments], "environment": {…}} gives {"pid"}; {"wait": pid} gives {"status"}, negative for a signal.
All children write their logs to its stderr. They end with it.
"""

import json
import os
import signal
import sys
from contextlib import suppress

import passerelle.cli.server_commands  # noqa: F401 — what every child needs is imported once
from passerelle.cli.main import run

PRECEDENCE = -10
"""Other tests use the same processors: what is watched is the product's spacing of calls, not the scheduler's."""


def start(arguments: list[str], environment: dict[str, str]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        with suppress(PermissionError):  # not root: then as good as it gets
            os.setpriority(os.PRIO_PROCESS, 0, PRECEDENCE)
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(2, 1)
        os.environ.update(environment)  # noqa: TID251 — the environment of a process to come
        sys.argv = ["passerelle", *arguments]
        run()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    running: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        if "start" in order:
            pid = start(order["start"], order["environment"])
            running.add(pid)
            answer = {"pid": pid}
        else:
            _, status = os.waitpid(order["wait"], 0)
            running.discard(order["wait"])
            answer = {"status": os.waitstatus_to_exitcode(status)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    for pid in running:
        os.kill(pid, signal.SIGKILL)


main()
