"""Ends the processes of one `make up`, and nothing else.

A process is ours if it bears the record's random mark in its environment: it was started by `make
up`, or by something that was. So a recycled process id is never mistaken for ours, and the runs
that a killed worker left behind are found although nothing wrote their ids down.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Collection
from pathlib import Path

from .record import Record

MARK = "SANDBOX_UP"
_PROC = Path("/proc")
_POLITE_SECONDS = 8.0
_LAST_SECONDS = 10.0
# These take part in what the others do, and go first.
_FIRST = ("worker", "listener")


def bearing(mark: str) -> set[int]:
    """Ids of the living processes that bear the mark."""
    wanted = f"{MARK}={mark}"
    if not (_PROC / "self" / "environ").exists():
        listed = subprocess.run(
            ["ps", "axeww", "-o", "pid=,command="], check=True, capture_output=True, text=True
        )
        lines = [line.split() for line in listed.stdout.splitlines()]
        return {int(words[0]) for words in lines if wanted in words}
    found = set()
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            try:
                environment = (folder / "environ").read_bytes().split(b"\0")
            except OSError:  # somebody else's, or just ended
                continue
            if wanted.encode() in environment:
                found.add(int(folder.name))
    return found


def end(record: Record) -> list[str]:
    """End everything that a record stands for; names of those that were found running."""
    alive = bearing(record.mark)
    found = [name for name, pid in record.processes.items() if pid in alive]
    last = {record.processes[name] for name in found if name not in _FIRST}
    for pids in (alive - last, last):
        _ask_to_end(pids, record.mark)
    until = time.monotonic() + _LAST_SECONDS
    while left := bearing(record.mark):
        if time.monotonic() > until:
            raise TimeoutError(f"Processes {sorted(left)} cannot be ended.")
        _signal(left, signal.SIGKILL)
        time.sleep(0.05)
    return found


def _ask_to_end(pids: Collection[int], mark: str) -> None:
    """Politely, and with some patience."""
    _signal(pids, signal.SIGTERM)
    until = time.monotonic() + _POLITE_SECONDS
    while bearing(mark) & set(pids) and time.monotonic() < until:
        time.sleep(0.05)


def _signal(pids: Collection[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass
