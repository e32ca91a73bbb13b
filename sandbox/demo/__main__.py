"""`python -m sandbox.demo`: bring up both systems and Prefect, tell the story, compare."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import httpx

from sandbox.erps import ERPS, FIRST, title_of

from .place import CONNECTION, DemoFailed, Place, fresh_place
from .processes import Processes, free_port, script
from .screen import Screen
from .tale import Control, Tale

_CHECKOUT = Path(__file__).resolve().parent.parent.parent
_PATIENCE = 120.0


def main(argv: list[str] | None = None) -> int:
    """Run the demonstration; 0 only if every figure and every row is as it must be."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.demo", description=__doc__)
    parser.add_argument(
        "--stay",
        action="store_true",
        help="keep everything running afterwards, until Ctrl-C, and print the addresses",
    )
    parser.add_argument(
        "--erp",
        default=FIRST,
        choices=[*ERPS, "all"],
        help=f"which ERP the company keeps its books in ({FIRST}); all: one after the other",
    )
    options = parser.parse_args(argv)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda number, _: sys.exit(128 + number))
    screen = Screen()
    chosen = ERPS if options.erp == "all" else (options.erp,)
    try:
        for erp in chosen:
            started = time.monotonic()
            with fresh_place(_CHECKOUT) as place, Processes(place.logs, place.root) as processes:
                _show(erp, place, processes, screen, started, stay=options.stay)
        return 0
    except DemoFailed as failure:
        print(f"The demonstration failed. {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


def _show(
    erp: str,
    place: Place,
    processes: Processes,
    screen: Screen,
    started: float,
    *,
    stay: bool,
) -> None:
    environment, ready_control = _bring_up(erp, place, processes, screen)
    tale = Tale(place, processes, environment, Control(ready_control), screen)
    try:
        tale.tell()
    finally:
        summary = {"runs": tale.runs, "truth_differences": tale.truth_differences}
        place.summary.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    _where_to_look(place, screen, time.monotonic() - started)
    if stay:
        _stay(place, environment, ready_control, screen)


def _bring_up(
    erp: str, place: Place, processes: Processes, screen: Screen
) -> tuple[dict[str, str], str]:
    """Both systems, Prefect, the ledger and the connection; the environment and the control."""
    screen.line(
        f"Bluebird Construction, an invented company: stand-ins for Procore and {title_of(erp)} "
        "and a Prefect server start on this machine."
    )
    port = free_port()
    environment = place.environment(os.environ, port)
    paidsync = script("paidsync", "cli.main")
    processes.start(
        "prefect-server",
        [
            *script("prefect", "prefect"),
            "server",
            "start",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        ],
        environment,
    )
    ready_file = place.root / "ready.json"
    sandbox = [sys.executable, "-m", "sandbox", "--erp", erp, "--size", "demo", "--seed", "7"]
    processes.start("sandbox", [*sandbox, "--ready-file", str(ready_file)], environment)

    key = processes.run("new-key", [*paidsync, "settings", "--new-key"], environment, good=(0,))
    environment["PAIDSYNC_SECRET_KEY"] = key.strip()
    screen.command("paidsync ledger upgrade")
    output = processes.run("ledger", [*paidsync, "ledger", "upgrade"], environment, good=(0,))
    screen.line(output.strip())

    processes.wait_for("sandbox", ready_file.exists, _PATIENCE)
    ready = json.loads(ready_file.read_text(encoding="utf-8"))
    today = date.fromisoformat(Control(ready["control"]).see("/clock")["today"])
    start = (today - timedelta(days=365)).isoformat()
    environment |= place.write_connection(erp, ready, start)
    screen.command(f"paidsync connect {place.connection_file.relative_to(_CHECKOUT)}")
    command = [*paidsync, "connect", str(place.connection_file)]
    # The Prefect server is still starting; the first sync puts the connection into its form.
    early = {name: value for name, value in environment.items() if name != "PREFECT_API_URL"}
    screen.line(processes.run("connect", command, early, good=(0,)).strip())
    processes.wait_for(
        "prefect-server", lambda: _answers(f"http://127.0.0.1:{port}/api/health"), _PATIENCE
    )
    return environment, ready["control"]


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=2).is_success
    except httpx.HTTPError:
        return False


def _where_to_look(place: Place, screen: Screen, seconds: float) -> None:
    def near(path: Path) -> str:
        return str(path.relative_to(_CHECKOUT))

    screen.step(f"Done in {seconds:.0f} s; every figure is as the truth asks")
    for what, where in (
        ("the four runs in figures", near(place.summary)),
        ("evidence, a folder a run", near(place.runs)),
        ("the connection file", near(place.connection_file)),
        ("what was logged", near(place.logs)),
        (
            "the runs in the Prefect UI",
            f"PREFECT_HOME=$PWD/{near(place.root)}/prefect .venv/bin/prefect server start",
        ),
        ("or with both systems alive", ".venv/bin/python -m sandbox.demo --stay"),
    ):
        screen.line(f"  {what:<28} {where}")


def _stay(place: Place, environment: dict[str, str], control: str, screen: Screen) -> None:
    """Keep everything running; the environment of the commands goes into a file."""
    exports = place.write_environment(environment)
    screen.line()
    screen.line(f"Prefect UI     {environment['PREFECT_API_URL'].removesuffix('/api')}")
    screen.line(f"control API    {control}")
    screen.line(
        f"on your own    . {exports.relative_to(_CHECKOUT)} && .venv/bin/paidsync sync {CONNECTION}"
    )
    screen.line("Everything runs until Ctrl-C.")
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    sys.exit(main())
