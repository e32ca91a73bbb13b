"""The log format that PAIDSYNC_LOG_FORMAT asks for."""

import os

from paidsync.settings import settings

# Prefect reads these when it is imported: here, and in every process that is started from here.
_JSON_LINES = {
    "PREFECT_LOGGING_FORMATTERS_JSON_CLASS": "paidsync.logs.JsonLines",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER": "json",
    "PREFECT_LOGGING_HANDLERS_DEBUG_FORMATTER": "json",
    # The console's handler would read emoji names into `:100:`; this one writes lines as they are.
    "PREFECT_LOGGING_ROOT_HANDLERS": "debug",
}


def log_as_asked() -> None:
    """Before Prefect is imported: what a person has set for Prefect stays."""
    if settings().log_format == "json":
        for name, value in _JSON_LINES.items():
            os.environ.setdefault(name, value)
