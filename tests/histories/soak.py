"""`python -m tests.histories.soak`: histories drawn from seeds for as long as they are given.

Each is compared with the truth after every sync. What does not hold is cut short, written down
beside and replayed by one command; the exit code is 1 then, or where the soak was too thin.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import fields
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from tests.histories.acts import ACTS
from tests.histories.cases import Case, shortened
from tests.histories.history import Tally
from tests.histories.scene import without_prefect
from tests.histories.script import LEAST_ACTS, LEAST_SYNCS, Broken, play
from tests.histories.troubles import TROUBLES

_AT_ONCE = 10  # histories that a worker plays before it tells
_ENOUGH = 100  # times that each act and each trouble happens in a soak of this many histories:
_FULL = 2_500


class Failed(NamedTuple):
    """A history in which something did not hold."""

    seed: int
    about: str
    case: Case  # cut short


Found = tuple[Tally, list[Failed]]


def main(argv: list[str] | None = None) -> int:
    """Play; 1 where something did not hold, or a full soak left something out."""
    parser = argparse.ArgumentParser(prog="python -m tests.histories.soak", description=__doc__)
    hours = float(os.environ.get("HOURS", "0.75"))
    parser.add_argument("--hours", type=float, default=hours, help="without it HOURS, or 0.75")
    parser.add_argument("--minutes", type=float, help="instead of hours")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1, help="the first of the seeds")
    parser.add_argument("--least", type=int, default=0, help="histories, however long it takes")
    parser.add_argument("--failures", type=Path, default=Path(".paidsync/soak"))
    chosen = parser.parse_args(argv)
    seconds = (chosen.minutes or chosen.hours * 60) * 60
    begun = time.monotonic()
    print(f"Seeds from {chosen.seed} on, for {seconds / 60:.0f} minutes.", flush=True)
    whole, failed = Tally(), list[Failed]()
    for tally, found in _played(chosen.seed, chosen.workers, begun + seconds, chosen.least):
        _add(whole, tally)
        failed += found
        for each in found:
            _tell(each, chosen.failures)
    _print(whole, time.monotonic() - begun)
    thin = _thin(whole) if whole.histories >= _FULL else []
    for name in thin:
        print(f"Fewer than {_ENOUGH} times: {name}")
    wrong = Counter(_wrong(each) for each in failed)
    print(
        f"failed {len(failed)}: duplicates {wrong['duplicates']}, missing or too much "
        f"{wrong['amounts']}, unexplained {wrong['unexplained']}"
    )
    return 1 if failed or thin or not whole.histories else 0


def _played(seed: int, workers: int, until: float, least: int) -> Iterator[Found]:
    """What came of batches of seeds, played by so many processes until the time is over."""
    starts = count(seed, _AT_ONCE)
    done = 0
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        under_way: set[Future[Found]] = set()
        while True:
            while (time.monotonic() < until or done < least) and len(under_way) < workers + 1:
                under_way.add(pool.submit(_batch, next(starts)))
            if not under_way:
                return
            ended, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for each in ended:
                tally, failed = each.result()
                done += tally.histories + len(failed)
                yield tally, failed


def _batch(start: int) -> Found:
    tally, failed = Tally(), list[Failed]()
    with without_prefect():
        for seed in range(start, start + _AT_ONCE):
            try:
                play(seed, tally)
            except Broken as broken:
                failed.append(Failed(seed, broken.case.about, shortened(broken.case)))
    return tally, failed


def _add(whole: Tally, part: Tally) -> None:
    for each in fields(Tally):
        setattr(whole, each.name, getattr(whole, each.name) + getattr(part, each.name))


def _tell(failed: Failed, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"seed_{failed.seed}.json"
    failed.case.write(file)
    print(
        f"FAILED seed {failed.seed}: {failed.about}\n"
        f"  {len(failed.case.moves)} moves of it: {file}\n"
        f"  again: python -m tests.histories.replay {failed.seed}, or {file}",
        flush=True,
    )


def _wrong(failed: Failed) -> str:
    """Which of the counts that are printed it belongs to."""
    about = failed.about
    if "twice:" in about or "duplicate_origin_id" in about:
        return "duplicates"
    return "amounts" if "'kind': 'amount'" in about or "stands at" in about else "unexplained"


def _thin(whole: Tally) -> list[str]:
    """What happened too seldom."""
    names = [(whole.acts, name) for name in ACTS] + [(whole.faults, name) for name in TROUBLES]
    return [name for counts, name in names if counts[name] < _ENOUGH]


def _print(whole: Tally, seconds: float) -> None:
    for title, counts in (
        ("what people did", whole.acts),
        ("what went wrong, by requests that it hit", whole.faults),
        ("held at the end of a sync, by reason", whole.holds),
        ("runs by state", whole.states),
        ("runs that had to stop, and did", whole.stops),
        ("entries sent", whole.entries),
    ):
        print(f"\n{title}")
        for name, times in sorted(Counter(counts).items()):
            print(f"  {name:34} {times:9,}")
    print(
        f"\nhistories {whole.histories:,}, each of at least {LEAST_ACTS} acts and {LEAST_SYNCS} "
        f"syncs; syncs {whole.syncs:,} in {whole.runs:,} runs; {seconds / 60:,.1f} minutes"
    )


if __name__ == "__main__":
    sys.exit(main())
