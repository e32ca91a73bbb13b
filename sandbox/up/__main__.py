"""`python -m sandbox.up`: start everything and leave it running; `--down` ends it."""

from __future__ import annotations

import argparse
import fcntl
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.demo.place import DemoFailed, Place
from sandbox.demo.processes import Processes
from sandbox.demo.screen import Screen
from sandbox.erps import ERPS

from .ending import bearing, end
from .record import Record
from .start import CHECKOUT, begin

# They open what no longer runs.
_SECRETS = ("login", "environment.sh")


def main(argv: list[str] | None = None) -> int:
    """Start or end everything; 0 if it is as asked."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.up", description=__doc__)
    parser.add_argument("--down", action="store_true", help="end what was started")
    parser.add_argument(
        "--erp",
        action="append",
        choices=ERPS,
        help="an ERP that the company keeps its books in; may be repeated, without it all",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=4200,
        help="of the Prefect UI; another one where it is taken; 0: any free one, also to listen at",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=CHECKOUT / ".paidsync" / "up",
        help="where everything lies (.paidsync/up)",
    )
    options = parser.parse_args(argv)
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda number, _: sys.exit(128 + number))
    screen = Screen()
    folder = options.folder.absolute()
    try:
        with _alone(folder):
            if options.down:
                return _down(folder, screen)
            erps = tuple(dict.fromkeys(options.erp or ERPS))
            return _up(folder, erps, options.port, screen)
    except (DemoFailed, TimeoutError) as failure:
        print(f"It did not work. {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; nothing was left running.", file=sys.stderr)
        return 130


def _up(folder: Path, erps: tuple[str, ...], port: int, screen: Screen) -> int:
    before = Record.read(folder)
    if before is not None:
        alive = bearing(before.mark)
        gone = [name for name, pid in before.processes.items() if pid not in alive]
        if not gone and before.shown:
            screen.line("It runs already.")
            _show(before.shown, screen)
            return 0
        if alive:
            raise DemoFailed(
                f"A part of what was started is gone ({', '.join(gone) or 'the rest of it'}), the "
                "other part still runs. End it with `make down` first."
            )
    started = time.monotonic()
    screen.line(
        "Stand-ins for Procore and the ERPs, a Prefect server, a worker and the deployments start "
        "on this machine; it takes about a minute."
    )
    place = _new_place(folder)
    record = Record(str(folder))
    try:
        with Processes(place.logs, place.root, outlive=True) as processes:
            shown = begin(place, processes, record, screen, port).everything(erps)
            record.ready(shown)
            processes.let_go()
    except BaseException:
        _end(folder)  # and what the processes had started themselves
        raise
    screen.step(f"Everything runs, after {time.monotonic() - started:.0f} s")
    _show(shown, screen)
    return 0


def _down(folder: Path, screen: Screen) -> int:
    found = _end(folder)
    screen.line(f"Ended: {', '.join(found)}." if found else "Nothing runs.")
    return 0


def _end(folder: Path) -> list[str]:
    """End what was started, and remove what opens it; names of what was found running."""
    record = Record.read(folder)
    found = end(record) if record is not None else []
    for name in _SECRETS:
        (folder / name).unlink(missing_ok=True)
    if record is not None:
        record.forget()
    return found


def _show(shown: dict[str, str], screen: Screen) -> None:
    for what, where in shown.items():
        screen.line(f"  {what:<16} {where}")


def _new_place(folder: Path) -> Place:
    """An empty folder: the sandbox begins anew each time, and a ledger that remembers another
    world would only stop the runs."""
    shutil.rmtree(folder, ignore_errors=True)
    place = Place(folder)
    for each in (place.root, place.logs, place.root / "tmp"):
        each.mkdir(parents=True)
    return place


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One `up` or `down` at a time."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DemoFailed("Another `make up` or `make down` is at work here.") from None
        yield


if __name__ == "__main__":
    sys.exit(main())
