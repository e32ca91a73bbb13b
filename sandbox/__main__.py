"""`python -m sandbox`: serve until stopped with Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from .erps import ERPS
from .server import RunningSandbox, start, write_ready
from .world import SIZES


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--size", choices=sorted(SIZES), default="demo")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same story")
    parser.add_argument(
        "--erp",
        choices=ERPS,
        action="append",
        help="serve the company in this ERP; may be repeated, without it in all of them",
    )
    parser.add_argument("--ready-file", type=Path, help="where to write the addresses, as JSON")
    parser.add_argument("--procore-hourly", type=int, default=3600, metavar="N")
    parser.add_argument("--procore-spike", type=int, default=100, metavar="N")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Serve one world for each ERP."""
    options = _arguments(argv)
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                start(
                    options.size,
                    options.seed,
                    erp=erp,
                    procore_hourly=options.procore_hourly,
                    procore_spike=options.procore_spike,
                )
            )
            for erp in dict.fromkeys(options.erp or ERPS)
        ]
        if options.ready_file:
            write_ready(options.ready_file, _together(running))
        for each in running:
            world = each.world
            print(
                f"The sandbox serves {world.erp.name} in {world.face.title}; "
                f"control: {each.ready['control']}"
            )
        sys.stdout.flush()
        while not stop.wait(0.5):
            pass
    if options.ready_file:
        options.ready_file.unlink(missing_ok=True)
    return 0


def _together(running: list[RunningSandbox]) -> dict[str, Any]:
    """Each ERP's part; `procore` and `control` are the first one's."""
    ready: dict[str, Any] = {}
    for each in reversed(running):
        ready |= each.ready
    return ready


if __name__ == "__main__":
    sys.exit(main())
