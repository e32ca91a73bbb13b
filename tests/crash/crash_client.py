"""The client that the sandbox kills: the command line, in a process forked from a warm one.

The standard library's fork server loads this module once (``fork_server.py``); each client is a
fork of it that has everything in memory already.
"""

import multiprocessing
import os
import signal
import sys
import uuid
from collections.abc import Mapping
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

import cli.sync  # noqa: F401 - the flow and its stages
from cli.main import main
from paidsync.settings import settings

_SECONDS = 120
_forks = multiprocessing.get_context("forkserver")


class Client:
    """One run of the command line. It waits until it is told to begin, so that a fault can be set
    for its process before."""

    def __init__(self, *arguments: str, environment: Mapping[str, str], folder: Path) -> None:
        self._log = folder / f"client-{uuid.uuid4()}.log"
        waits, self._line = _forks.Pipe(duplex=False)
        self._process = _forks.Process(
            target=_run, args=(waits, arguments, dict(environment), self._log), daemon=True
        )
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def begin(self) -> "Client":
        """Now."""
        self._line.send(None)
        return self

    def wake(self) -> None:
        """Go on, where it was frozen."""
        os.kill(self.pid, signal.SIGCONT)

    def ended(self) -> int:
        """Its exit code, once it has ended; -9 where it was killed."""
        self._process.join(_SECONDS)
        assert self._process.exitcode is not None, f"It does not end: {self.said}"
        return self._process.exitcode

    def end(self) -> None:
        """Whatever it is doing."""
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join(_SECONDS)
        self._process.close()

    @property
    def said(self) -> str:
        """What it printed."""
        return self._log.read_text(encoding="utf-8", errors="replace")


def start_fork_server() -> None:
    """Start it, with this process's environment as it is now."""
    _forks.set_forkserver_preload(["fork_server"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        forkserver.ensure_running()


def _run(
    waits: Connection, arguments: tuple[str, ...], environment: dict[str, str], log: Path
) -> None:
    waits.recv()
    with log.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(log.parent)  # no .env of the checkout
    os.environ.update(environment)
    settings.cache_clear()
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        sys.exit(main([*arguments]))
