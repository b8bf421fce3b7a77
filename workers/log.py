"""Structured logs: one line a happening, with an `action` to search by and the ids of run, work and
worker.

Records of other libraries (RQ's, for one) come out in the same form. Nothing is logged to standard
output.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from structlog.stdlib import BoundLogger, ProcessorFormatter
from structlog.typing import EventDict, Processor

from workers.safe_text import one_line, safe
from workers.settings import Settings

NAME = "windowshop"
_FOR_MACHINES = frozenset({"event", "level", "logger", "timestamp", "process"})


def logger() -> BoundLogger:
    """Where every happening goes: `logger().warning("a sentence", action="worker_died",
    worker=name)`.
    """
    processors: list[Processor] = [
        structlog.stdlib.filter_by_level,
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        ProcessorFormatter.wrap_for_formatter,
    ]
    wrapped: BoundLogger = structlog.wrap_logger(
        logging.getLogger(NAME), processors=processors, wrapper_class=BoundLogger
    )
    return wrapped


def configure(settings: Settings) -> None:
    """Send this process's records to standard error, in the format and from the level of the
    settings.
    """
    is_json = settings.log_format == "json"
    renderer: Processor = structlog.processors.JSONRenderer(default=str) if is_json else _plain
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_log_level,
            ],
            processors=[
                ProcessorFormatter.remove_processors_meta,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.CallsiteParameterAdder(
                    {structlog.processors.CallsiteParameter.PROCESS}
                ),
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger(NAME).setLevel(settings.log_level.upper())


@contextmanager
def about(**ids: Any) -> Iterator[None]:
    """Every record made inside bears these ids."""
    with structlog.contextvars.bound_contextvars(**ids):
        yield


def _plain(_logger: Any, _method: str, record: EventDict) -> str:
    """A line for people: the sentence, then what else is known."""
    known = " ".join(
        f"{name}={_said(name, one)}" for name, one in record.items() if name not in _FOR_MACHINES
    )
    return f"windowshop: {one_line(str(record['event']))}" + (f"  [{known}]" if known else "")


def _said(name: str, value: Any) -> str:
    """A field's value; of all fields only a traceback has lines."""
    return (safe if name == "exception" else one_line)(str(value))
