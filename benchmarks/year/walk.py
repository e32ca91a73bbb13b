"""The walk over the business days: events, one sync, and the comparison with the truth."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from random import Random
from time import perf_counter, process_time
from typing import Any

from benchmarks.year import (  # noqa: F401 - they register
    ahead,
    corrections,
    doubtful,
    in_procore,
    paying,
)
from benchmarks.year.agreed import policy_of
from benchmarks.year.books import Books, Commitment
from benchmarks.year.calendar import FIRST_DAY, business_days, evening, morning, noon
from benchmarks.year.deciding import decide_some
from benchmarks.year.kinds import Chosen, chosen, happen_before, happen_today
from benchmarks.year.place import Company
from benchmarks.year.sync import RunFailed, Runs

Json = dict[str, Any]
# Business days before the first sync. The start date lies in their middle, so that there are both
# opening history and payments that the first run posts.
_BEFORE_START, _BEFORE_SYNC = 8, 12
_NEW_BILLS = 12


@dataclass(slots=True)
class Year:
    """What the walk came to."""

    events: Counter[str] = field(default_factory=Counter)
    holds: Counter[str] = field(default_factory=Counter)  # the most open at once, by reason
    outside: Counter[str] = field(default_factory=Counter)
    pending: Counter[str] = field(default_factory=Counter)
    allocations: int = 0
    posted: int = 0
    reversed: int = 0
    syncs: int = 0
    second_syncs: int = 0  # because the first left something over, and the truth asked for it
    left: int = 0
    sync_seconds: float = 0.0
    seconds: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)
    differences: list[Json] = field(default_factory=list)
    wrong_days: list[date] = field(default_factory=list)


@dataclass(slots=True)
class _Walk:
    company: Company
    books: Books
    kinds: Chosen
    runs: Runs
    year: Year
    say: Callable[[str], None]
    told: list[Json] = field(default_factory=list)
    events: int = 0


def walk(
    company: Company,
    *,
    days: int,
    allocations: int,
    seed: int,
    only: Collection[str] = (),
    without: Collection[str] = (),
    stop_at_first: bool = False,
    between: bool = True,
    say: Callable[[str], None] = print,
) -> Year:
    """Live ``days`` business days with a sync each, with about ``allocations`` in all.

    ``between`` is for the runs that people start by hand besides.
    """
    begun = perf_counter()
    books = _open(company, seed)
    kinds = chosen(only, without, books.cannot)
    at = _Walk(company, books, kinds, Runs(company.connection), Year(), say)
    a_day = max(1, round(allocations / (days + _BEFORE_SYNC)))
    calendar = business_days(FIRST_DAY)
    for number, day in enumerate(islice(calendar, _BEFORE_SYNC)):
        _morning(at, day)
        if number == _BEFORE_START:
            start = day.isoformat()
            at.books.policy = {"start_date": start, "cut_over": start}
        happen_before(at.books, at.kinds, a_day, with_others=number == 0)
    for number, day in enumerate(islice(calendar, days)):
        try:
            _day(at, number, day, days, a_day, between=between)
        except RunFailed as failure:
            raise RunFailed(f"{day}: {failure}") from failure
        if at.year.differences and stop_at_first:
            break
    year = at.year
    year.events, year.allocations, year.stages = books.happened, books.allocations, at.runs.seconds
    year.seconds = perf_counter() - begun
    return year


def _day(at: _Walk, number: int, day: date, days: int, allocations: int, *, between: bool) -> None:
    """A day with a sync; in the evening a person decides about a hold."""
    _morning(at, day)
    if number and (changed := policy_of(number, days)):
        at.books.agree(**changed)
    happen_today(at.books, at.kinds, allocations)
    if number and between:
        _between(at, number)
    if not number:
        # What the ERP holds at this moment is the opening scan (money-rules 7.1).
        at.books.connected = day
        at.company.agree(at.books.policy)
    _sync(at)
    _tell(at, decide_some(at.company, at.books))


def _open(company: Company, seed: int) -> Books:
    """Who the company works with."""
    company.set_clock(morning(FIRST_DAY))
    seen = company.control.world()
    cannot = frozenset(seen["cannot"])
    books = Books(company.control, company.agree, Random(seed), FIRST_DAY, cannot)
    books.commitments = [
        Commitment(one["id"], one["project_id"], one["kind"], one["vendor_id"], one["currency"])
        for one in sorted(seen["commitments"], key=lambda one: int(one["id"]))
    ]
    with_work = {one.vendor_id for one in books.commitments}
    vendors = sorted((one["id"] for one in seen["vendors"]), key=lambda each: (len(each), each))
    books.overhead = [one for one in vendors if one not in with_work]
    return books


def _morning(at: _Walk, day: date) -> None:
    """A new day: the clock moves, bills come in."""
    at.company.set_clock(morning(day))
    at.books.today = day
    at.books.unpaid += [at.books.bill() for _ in range(_NEW_BILLS)]


def _between(at: _Walk, number: int) -> None:
    """Runs that people start by hand before the daily one; none of them may lose anything."""
    at.company.set_clock(noon(at.books.today))
    dice = at.books.dice
    if number % 4 == 1:
        at.runs.run("preview")
        at.books.note("run_preview")
    if number % 5 == 2:
        project = str(dice.choice(at.books.commitments).project_id)
        _count(at, at.runs.run(projects=[project]))
        at.books.note("run_of_one_project")
    if number % 9 == 3:
        since = business_days(FIRST_DAY)
        day = list(islice(since, max(1, number)))[-1]
        _count(at, at.runs.run(since=day))
        at.books.note("run_since")
    if number % 7 == 4:
        _count(at, at.runs.run("reconcile"))
        at.books.note("run_reconcile")


def _count(at: _Walk, summary: Json) -> None:
    at.year.posted += summary["posted"]
    at.year.reversed += summary["reversed"]


def _sync(at: _Walk) -> None:
    """The daily sync; Procore must equal the truth after it."""
    at.company.set_clock(evening(at.books.today))
    at.books.last_sync = evening(at.books.today)
    year, begun, worked = at.year, perf_counter(), process_time()
    before = year.posted, year.reversed
    summary = at.runs.run()
    _count(at, summary)
    spent, worked = perf_counter() - begun, process_time() - worked
    found = _differences(at)
    year.left += summary["left"]
    if summary["left"] and found:
        # What a run leaves is for the next one: the hourly schedule would be back soon.
        year.second_syncs += 1
        summary = at.runs.run()
        _count(at, summary)
        found = _differences(at)
    year.syncs += 1
    year.sync_seconds += spent
    for most, seen in (
        (year.holds, summary["held"]),
        (year.outside, summary["outside"]),
        (year.pending, summary["pending"]),
    ):
        for reason, count in seen.items():
            most[reason] = max(most[reason], count)
    events, at.events = at.books.happened.total() - at.events, at.books.happened.total()
    at.say(
        f"{at.books.today}  events {events:4}  posted {year.posted - before[0]:4}  "
        f"reversed {year.reversed - before[1]:3}  held {sum(summary['held'].values()):4}  "
        f"pending {sum(summary['pending'].values()):3}  "
        f"outside {sum(summary['outside'].values()):4}  {spent:5.1f} s (CPU {worked:4.1f})"
        + (f"  DIFFERENCES {len(found)}" if found else "")
    )
    _tell(at, found)


def _differences(at: _Walk) -> list[Json]:
    return at.books.unexcused(at.company.control.see("/differences"))


def _tell(at: _Walk, found: list[Json]) -> None:
    """Each difference once, with what was done to the documents that it is about."""
    if not found:
        return
    at.year.wrong_days.append(at.books.today)
    at.year.differences += found
    for one in found:
        if one not in at.told:
            at.told.append(one)
            at.say("\n    ".join([f"  {one}", *at.books.story_of(one)]))
