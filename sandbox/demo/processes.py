"""The processes of the demonstration: each is ended by the handle it was started with.

`make up` starts its own the same way, and lets them run on.
"""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from .place import DemoFailed

_BIN = Path(sys.executable).parent
_SHOWN_OF_A_LOG = 15
_POLITE_SECONDS = 5.0
# Below what Linux, macOS and Windows hand out by themselves: there, any connection that is opened
# before the port is used could be given the same one.
_PORTS = range(20_000, 30_000)


def free_port() -> int:
    """A loopback port that nothing listens on, and that no outgoing connection will be given."""
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def script(name: str, module: str) -> list[str]:
    """The command of this environment, as a person calls it."""
    path = _BIN / name
    return [str(path)] if path.exists() else [sys.executable, "-m", module]


class Processes:
    """Starts processes with their output in log files, and ends all of them when it is left."""

    def __init__(self, logs: Path, where: Path, *, outlive: bool = False) -> None:
        """``where`` is the folder the processes run in: none of a person's files lies there.

        With ``outlive`` they are out of reach of the terminal's own signals, and may be let go.
        """
        self._logs = logs
        self._where = where
        self._outlive = outlive
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end_all()

    def log(self, name: str) -> Path:
        """The log file of a process."""
        return self._logs / f"{name}.log"

    def start(self, name: str, command: list[str], environment: dict[str, str]) -> int:
        """Start a process that serves until it is ended; its id."""
        with self.log(name).open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=self._where,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=self._outlive,
            )
        self._running[name] = process
        return process.pid

    def wait_for(self, name: str, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until a process that was started is ready."""
        until = time.monotonic() + seconds
        while not ready():
            code = self._running[name].poll()
            if code is not None:
                raise DemoFailed(f"The {name} ended with code {code}.{self._tail(name)}")
            if time.monotonic() > until:
                raise DemoFailed(f"The {name} was not ready in {seconds:.0f} s.{self._tail(name)}")
            time.sleep(0.05)

    def run(
        self,
        name: str,
        command: list[str],
        environment: dict[str, str],
        *,
        good: tuple[int, ...],
        where: Path | None = None,
    ) -> str:
        """Run a command to its end; answers what it printed. What it logs goes to a file."""
        with self.log(name).open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=where or self._where,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
            self._running[name] = process
            output = process.communicate()[0].decode()
        del self._running[name]
        if process.returncode not in good:
            shown = " ".join([Path(command[0]).name, *command[1:]])
            raise DemoFailed(
                f"`{shown}` ended with code {process.returncode}.\n{output}{self._tail(name)}"
            )
        return output

    def let_go(self) -> None:
        """Leave what was started running; nothing is ended any more when this is left."""
        self._running.clear()

    def end_all(self) -> None:
        """End whatever still runs, the last started first: politely, then for good."""
        for name in reversed(list(self._running)):
            process = self._running.pop(name)
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(_POLITE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _tail(self, name: str) -> str:
        lines = self.log(name).read_text(errors="replace").splitlines()[-_SHOWN_OF_A_LOG:]
        return "\n".join(["", f"The end of {self.log(name)}:", *(f"  {line}" for line in lines)])
