"""Structured logs: one JSON object a line, about a connection and a run."""

import contextvars
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.logs import log_as_asked
from paidsync.logs import JsonLines, speak_of
from paidsync.settings import settings

ROOT = Path(__file__).resolve().parents[2]


def said(record: logging.LogRecord) -> dict[str, Any]:
    line = JsonLines("default", None, "%").format(record)
    assert "\n" not in line
    found: dict[str, Any] = json.loads(line)
    return found


def outside_of_runs(record: logging.LogRecord) -> dict[str, Any]:
    """What a process says that has begun no run, whatever this one did before."""
    return contextvars.Context().run(said, record)


def record(message: str, *args: object, **more: Any) -> logging.LogRecord:
    made = logging.LogRecord("paidsync", logging.WARNING, __file__, 1, message, args, None)
    made.__dict__.update(more)
    return made


def test_a_line_says_when_how_serious_and_what() -> None:
    found = outside_of_runs(record("Held %s of\n%s for 1.250,00 €", 3, "Bäcker & Söhne"))
    assert found["message"] == "Held 3 of\nBäcker & Söhne for 1.250,00 €"
    assert (found["level"], found["logger"]) == ("warning", "paidsync")
    assert found["time"].endswith("+00:00")
    assert "connection" not in found


def test_a_line_of_a_run_names_its_connection_and_its_run() -> None:
    def in_a_run() -> None:
        speak_of(connection="acme-us", run_id="0a59")
        found = said(record("Read.", task_run_name="read both systems"))
        assert (found["connection"], found["run_id"]) == ("acme-us", "0a59")
        assert found["task"] == "read both systems"

    contextvars.copy_context().run(in_a_run)


def test_before_a_run_has_begun_prefect_s_own_lines_name_it() -> None:
    assert outside_of_runs(record("Pulled.", flow_run_id="0a59"))["run_id"] == "0a59"


def test_what_went_wrong_is_in_the_same_line() -> None:
    try:
        raise ValueError("too much")
    except ValueError:
        made = record("Failed.", exc_info=sys.exc_info())
    assert "ValueError: too much" in said(made)["exception"]


@pytest.mark.parametrize(("chosen", "changed"), [("json", True), ("text", False), ("", False)])
def test_prefect_is_asked_for_the_same_format(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, chosen: str, changed: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAIDSYNC_LOG_FORMAT", chosen)
    for name in [name for name in os.environ if name.startswith("PREFECT_LOGGING_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("os.environ", dict(os.environ))
    settings.cache_clear()
    log_as_asked()
    settings.cache_clear()
    assert any(name.startswith("PREFECT_LOGGING_") for name in os.environ) is changed


def test_prefect_logs_as_it_was_asked(tmp_path: Path) -> None:
    code = (
        "from cli.logs import log_as_asked; log_as_asked(); "
        "import prefect.main; from prefect.logging import get_logger; "
        "get_logger('worker').warning('Order %s is :100: late', 7)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={
            **{name: value for name, value in os.environ.items() if "PREFECT" not in name},
            "PAIDSYNC_LOG_FORMAT": "json",
            "PREFECT_HOME": str(tmp_path),
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    [line] = done.stderr.splitlines()
    assert json.loads(line)["message"] == "Order 7 is :100: late"
