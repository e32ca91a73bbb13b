"""`python -m benchmarks.sync --size 10k`: a cold sync and one with nothing new, over real HTTP."""

import argparse
import json
import os
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from sandbox.demo.place import CONNECTION, DemoFailed, Place
from sandbox.demo.processes import Processes, script
from sandbox.demo.tale import Control
from sandbox.erps import ERPS, FIRST

Json = dict[str, Any]

_CHECKOUT = Path(__file__).resolve().parent.parent
# The documented limits would be measured otherwise (Procore: 3,600 calls an hour).
_NO_LIMIT = str(100_000_000)
_PATIENCE = 900.0
_STAGES = (
    "imports", "preflight", "extract", "validate", "match", "plan", "load", "verify", "report",
)  # fmt: skip
_RUNS = ("cold", "nothing new")


def main(argv: list[str] | None = None) -> int:
    """Measure two runs and print them; 1 where a run did not come to what it must."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sync", description=__doc__)
    parser.add_argument("--size", choices=("demo", "10k", "100k", "1M"), default="10k")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--erp", choices=ERPS, default=FIRST)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument(
        "--profile", type=Path, metavar="FOLDER", help="write a cProfile of each run (slower)"
    )
    options = parser.parse_args(argv)
    try:
        with tempfile.TemporaryDirectory(prefix="paidsync-benchmark-") as scratch:
            results = _measure(Path(scratch), options)
    except DemoFailed as failure:
        print(f"The benchmark failed. {failure}", file=sys.stderr)
        return 1
    _print(options.size, results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def _measure(scratch: Path, options: argparse.Namespace) -> dict[str, Json]:
    place = Place(scratch)
    place.logs.mkdir()
    (scratch / "tmp").mkdir()
    environment = place.environment(os.environ, prefect_port=0)
    del environment["PREFECT_API_URL"]
    paidsync = script("paidsync", "cli.main")
    with Processes(place.logs, scratch) as processes:
        ready = _sandbox(processes, scratch, environment, options)
        control = Control(ready["control"])
        control.ask("/erp/rates", dict.fromkeys(control.ask("/erp/rates", {}), 0))
        today = date.fromisoformat(control.see("/clock")["today"])
        # Before the oldest payment, or it would be opening history.
        start = (today - timedelta(days=5 * 365)).isoformat()
        environment |= place.write_connection(options.erp, ready, start)
        key = processes.run("new-key", [*paidsync, "settings", "--new-key"], environment, good=(0,))
        environment["PAIDSYNC_SECRET_KEY"] = key.strip()
        processes.run("ledger", [*paidsync, "ledger", "upgrade"], environment, good=(0,))
        connect = [*paidsync, "connect", str(place.connection_file)]
        processes.run("connect", connect, environment, good=(0,))
        results = {
            name: _run(name, processes, scratch, environment, options.profile) for name in _RUNS
        }
        _require(control, results)
    return results


def _sandbox(
    processes: Processes, scratch: Path, environment: dict[str, str], options: argparse.Namespace
) -> Json:
    ready_file = scratch / "ready.json"
    world = ["--erp", options.erp, "--size", options.size, "--seed", str(options.seed)]
    command = [sys.executable, "-m", "sandbox", *world]
    limits = ["--procore-hourly", _NO_LIMIT, "--procore-spike", _NO_LIMIT]
    processes.start("sandbox", [*command, *limits, "--ready-file", str(ready_file)], environment)
    processes.wait_for("sandbox", ready_file.exists, _PATIENCE)
    ready: Json = json.loads(ready_file.read_text(encoding="utf-8"))
    return ready


def _run(
    name: str,
    processes: Processes,
    scratch: Path,
    environment: dict[str, str],
    profiles: Path | None,
) -> Json:
    word = name.replace(" ", "-")
    result = scratch / f"{word}.json"
    command = [sys.executable, "-m", "benchmarks.one_run", CONNECTION, str(result)]
    if profiles is not None:
        profiles.mkdir(parents=True, exist_ok=True)
        command.append(str(profiles.absolute() / f"{word}.prof"))
    processes.run(word, command, environment | {"PYTHONPATH": str(_CHECKOUT)}, good=(0,))
    measured: Json = json.loads(result.read_text(encoding="utf-8"))
    return measured


def _require(control: Control, results: dict[str, Json]) -> None:
    """A fast run that is wrong is worth nothing."""
    cold, again = (results[name]["summary"] for name in _RUNS)
    due = sum(len(one["rows"]) for one in control.see("/truth")["commitments"])
    if cold["verified"] != due or again["posted"] or again["reversed"]:
        raise DemoFailed(
            f"Cold verified {cold['verified']} of {due}, the next run posted {again['posted']} and "
            f"reversed {again['reversed']}: {cold['message']} / {again['message']}"
        )
    found = control.see("/differences")
    if found:
        raise DemoFailed(f"Procore differs from the truth in {len(found)} places: {found[:3]}")


def _print(size: str, results: dict[str, Json]) -> None:
    console = Console(highlight=False)
    table = Table(title=f"Sync, size {size}", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("")
    for name in _RUNS:
        table.add_column(name, justify="right")
        table.add_column("peak MiB", justify="right")
    for stage in _STAGES:
        table.add_row(stage, *_cells(results, stage), end_section=stage == _STAGES[-1])
    whole: list[str] = []
    for name in _RUNS:
        whole += [_seconds(sum(results[name]["seconds"].values())), _mib(results[name])]
    table.add_row("all", *whole, end_section=True)
    for label, keys in (("allocations judged", "extracted"), ("posted and verified", "verified")):
        table.add_row(label, *_counts(results, keys))
    systems = sorted({name for one in results.values() for name in one["summary"]["calls"]})
    for system in systems:
        calls = [f"{results[name]['summary']['calls'].get(system, 0):,}" for name in _RUNS]
        table.add_row(f"calls: {system}", calls[0], "", calls[1], "")
    console.print(table)
    console.print(
        "Each run is a process of its own; the sandbox and the SQLite ledger are on this machine, "
        "the rate limits are off.\nThe stages are called as plain functions: no Prefect server and "
        "no task records; the report's artifacts are made but not sent.\n"
        "Procore equals the sandbox's truth after both runs.",
        soft_wrap=True,
    )


def _cells(results: dict[str, Json], stage: str) -> list[str]:
    cells: list[str] = []
    for name in _RUNS:
        spent, peak = results[name]["seconds"].get(stage), results[name]["peak_mib"].get(stage)
        cells += ["–", ""] if spent is None else [_seconds(spent), f"{peak:,.0f}"]
    return cells


def _counts(results: dict[str, Json], key: str) -> list[str]:
    first, second = (f"{results[name]['summary'][key]:,}" for name in _RUNS)
    return [first, "", second, ""]


def _seconds(spent: float) -> str:
    return f"{spent:,.2f} s"


def _mib(result: Json) -> str:
    return f"{max(result['peak_mib'].values()):,.0f}"


if __name__ == "__main__":
    sys.exit(main())
