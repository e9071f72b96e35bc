"""Logs: one event a line, with names and counts; never a PRM, a secret, a name or an address."""

import logging
import sys
from typing import Any, Literal

import structlog

from passerelle.kit.redaction import redact

LogFormat = Literal["console", "json"]

_QUIET = ("httpx2", "httpcore2", "uvicorn.access", "aiosqlite", "sqlalchemy", "asyncio", "alembic")
"""These carry URLs with PRMs, or SQL with values: only their warnings pass, redacted like all else."""


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """The logger of a module."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(name)
    return logger


def _redact_line(_: object, __: str, line: Any) -> str:
    """The last step for every line, whoever wrote it."""
    return redact(str(line))


def configure_logs(level: str, form: LogFormat | None) -> None:
    """Send all logs of the process, ours and the libraries', through one redacting formatter to stderr.

    `form` None: `console` on a terminal, `json` elsewhere.
    """
    chosen = form or ("console" if sys.stderr.isatty() else "json")
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        cache_logger_on_first_use=True,
    )
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if chosen == "console" else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared[:4], structlog.stdlib.ExtraAdder(), *shared[4:]],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer, _redact_line],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
