"""`python -m benchmarks.year`: a year of the invented company, daily compared with the truth."""

import argparse
import resource
import sys
import tempfile
from pathlib import Path

from benchmarks.year.place import company
from benchmarks.year.sync import RunFailed
from benchmarks.year.walk import Year, walk
from sandbox.erps import ERPS, FIRST


def main(argv: list[str] | None = None) -> int:
    """Live the year; 1 where Procore differed from the truth on any day."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.year", description=__doc__)
    parser.add_argument("--days", type=int, default=250, help="business days, one sync each")
    parser.add_argument("--allocations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--erp", choices=ERPS, default=FIRST)
    parser.add_argument("--stop-at-first", action="store_true", help="stop at the first difference")
    parser.add_argument("--only", type=_names, default=(), metavar="KIND,…")
    parser.add_argument("--without", type=_names, default=(), metavar="KIND,…")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the ledger and the runs")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="paidsync-year-") as scratch:
        where = options.keep or Path(scratch)
        where.mkdir(parents=True, exist_ok=True)
        try:
            with company(where, options.erp, options.seed) as here:
                year = walk(
                    here,
                    days=options.days,
                    allocations=options.allocations,
                    seed=options.seed,
                    only=options.only,
                    without=options.without,
                    stop_at_first=options.stop_at_first,
                    say=lambda line: print(line, flush=True),
                )
        except RunFailed as failure:
            print(f"{failure}\nseed: {options.seed}", file=sys.stderr)
            return 1
    _print(year, options.seed)
    return 1 if year.differences else 0


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


def _print(year: Year, seed: int) -> None:
    for title, counts in (
        ("events", year.events),
        ("most held at once, by reason", year.holds),
        ("most pending at once", year.pending),
        ("most outside in a run", year.outside),
    ):
        print(f"\n{title}")
        for name, count in sorted(counts.items()):
            print(f"  {name:34} {count:7,}")
    print(f"\nCPU seconds of this process by stage, of {year.syncs} syncs and the runs between")
    for name, spent in year.stages.items():
        print(f"  {name:34} {spent:9.1f}")
    # Linux counts in KiB.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"\nallocations {year.allocations:,}; entries posted {year.posted:,}, reversed "
        f"{year.reversed:,}\nseconds in all {year.seconds:,.0f}, in syncs "
        f"{year.sync_seconds:,.0f}; peak memory {peak:,.0f} MiB\n"
        f"left for a next run {year.left:,}, second syncs {year.second_syncs}"
    )
    if year.wrong_days:
        days = ", ".join(day.isoformat() for day in year.wrong_days)
        print(f"seed {seed}, first on {year.wrong_days[0]}; days with differences: {days}")
    print(f"differences: {len(year.differences)}")


if __name__ == "__main__":
    sys.exit(main())
