"""The kinds of events: which there are and how often each happens."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from benchmarks.year.books import Books

Happen = Callable[[Books], bool | None]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of event. ``happen`` answers False where the company has nothing for it today."""

    name: str
    often: float  # a weight among those that pay bills; a number per day among the others
    happen: Happen
    needs: frozenset[str] = frozenset()  # what the ERP's users must be able to do


PAYING: list[Kind] = []  # drawn by weight until the day has its allocations
OTHERS: list[Kind] = []  # each so many times a day
OPENING: list[Kind] = []  # each so many times in all, before the start


def paying(weight: float, *needs: str) -> Callable[[Happen], Happen]:
    """Register an event that pays bills; ``needs`` are acts of the control API that not every ERP
    has."""

    def register(happen: Happen) -> Happen:
        PAYING.append(Kind(happen.__name__, weight, happen, frozenset(needs)))
        return happen

    return register


def daily(times: float, *needs: str) -> Callable[[Happen], Happen]:
    """Register an event that happens so many times a day; ``needs`` as for ``paying``."""

    def register(happen: Happen) -> Happen:
        OTHERS.append(Kind(happen.__name__, times, happen, frozenset(needs)))
        return happen

    return register


def opening(times: float) -> Callable[[Happen], Happen]:
    """Register an event that happens so many times before the start of PaidSync."""

    def register(happen: Happen) -> Happen:
        OPENING.append(Kind(happen.__name__, times, happen))
        return happen

    return register


@dataclass(frozen=True, slots=True)
class Chosen:
    """The kinds that are switched on."""

    paying: list[Kind]
    others: list[Kind]
    opening: list[Kind]


def chosen(only: Collection[str], without: Collection[str], cannot: Collection[str]) -> Chosen:
    """The kinds that are switched on and that the ERP has; ``plain`` always is.

    ``cannot`` are acts that the ERP's users do not have.

    Raises ValueError for a name that is none.
    """
    known = {kind.name for kind in (*PAYING, *OTHERS, *OPENING)}
    if strange := sorted({*only, *without} - known):
        names = ", ".join(sorted(known))
        raise ValueError(f"There is no event {', '.join(strange)}; there are {names}.")

    def on(kinds: list[Kind]) -> list[Kind]:
        return [
            kind
            for kind in kinds
            if kind.name == "plain"
            or (
                kind.name not in without
                and (not only or kind.name in only)
                and kind.needs.isdisjoint(cannot)
            )
        ]

    return Chosen(on(PAYING), on(OTHERS), on(OPENING))


def happen_before(books: Books, kinds: Chosen, allocations: int, *, with_others: bool) -> None:
    """The past before the first sync: payments and, once, what other tools left behind."""
    for kind in kinds.opening if with_others else []:
        for _ in range(int(kind.often)):
            _happen(books, kind)
    _pay(books, kinds.paying, allocations)


def happen_today(books: Books, kinds: Chosen, allocations: int) -> None:
    """A day: what was due, the corrections, and payments until the day has its allocations."""
    for then in books.due():
        then()
    for kind in kinds.others:
        times = int(kind.often) + books.chance(kind.often % 1)
        for _ in range(times):
            _happen(books, kind)
    _pay(books, kinds.paying, allocations)


def _pay(books: Books, kinds: list[Kind], allocations: int) -> None:
    until = books.allocations + allocations
    weights = [kind.often for kind in kinds]
    while books.allocations < until:
        _happen(books, books.dice.choices(kinds, weights)[0])


def _happen(books: Books, kind: Kind) -> None:
    if kind.happen(books) is not False:
        books.note(kind.name)
