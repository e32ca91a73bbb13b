"""Structured logs: one JSON object a line, with the connection and the run that a line is about."""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

_ABOUT: ContextVar[dict[str, str] | None] = ContextVar("about", default=None)


def speak_of(*, connection: str, run_id: str) -> None:
    """From now on, lines of this thread of work are about this run."""
    _ABOUT.set({"connection": connection, "run_id": run_id})


class JsonLines(logging.Formatter):
    """``{"time": ..., "level": ..., "logger": ..., "message": ..., "connection": ...}``."""

    def __init__(self, *_: object, **__: object) -> None:
        """Made by a logging configuration, which also hands over a format: it has none."""
        super().__init__()

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the message holds."""
        about = _ABOUT.get() or {}
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "connection": about.get("connection"),
            "run_id": about.get("run_id") or getattr(record, "flow_run_id", None),
            "task": getattr(record, "task_run_name", None),
            "exception": self.formatException(record.exc_info) if record.exc_info else None,
        }
        return json.dumps(
            {name: value for name, value in said.items() if value is not None},
            ensure_ascii=False,
            default=str,
        )
