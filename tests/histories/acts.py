"""What accountants, site people, other tools and administrators do: drawn with dice, made as moves.

An act that finds nothing to be about, or that the ERP's users do not have, does nothing.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from tests.histories.history import History
from tests.histories.scene import CannotBe, Json

Act = Callable[["Drawn"], None]


class Kind(NamedTuple):
    """An act with how often it is drawn, and what the ERP's users must be able to do."""

    act: Act
    weight: int
    needs: str | None


ACTS: dict[str, Kind] = {}


def act(weight: int, needs: str | None = None) -> Callable[[Act], Act]:
    """Register an act."""

    def register(run: Act) -> Act:
        ACTS[run.__name__] = Kind(run, weight, needs)
        return run

    return register


class _Nothing(Exception):
    """There is nothing that this act could be about."""


def happen(history: History, name: str, dice: Random) -> bool:
    """Let an act happen; whether anything did."""
    kind = ACTS[name]
    if kind.needs in history.cannot:
        return False
    try:
        kind.act(Drawn(history, dice))
    except (CannotBe, _Nothing):
        return False
    history.tally.acts[name] += 1
    return True


def something(history: History, dice: Random, first: str | None = None) -> None:
    """Let one act happen: the first if that is possible, else what the dice say."""
    names, weights = list(ACTS), [kind.weight for kind in ACTS.values()]
    name = first or dice.choices(names, weights)[0]
    while not happen(history, name, dice):
        [name] = dice.choices(names, weights)


class Drawn:
    """The world as an act finds it, and dice to choose with."""

    def __init__(self, history: History, dice: Random) -> None:
        self.history = history
        self.dice = dice
        self.seen: Json = history.scene.see("/world?limit=1000")
        self.make = history.make

    # Choosing

    def some(self, items: Sequence[Json]) -> Json:
        """One of them. Raises _Nothing."""
        if not items:
            raise _Nothing
        return self.dice.choice(items)

    def amount(self) -> int:
        """In minor units; now and then one that a bill has already."""
        if self.seen["bills"] and self.dice.random() < 0.1:
            return minor(self.dice.choice(self.seen["bills"])["total"])
        return self.dice.randrange(20_00, 9_000_00)

    def share(self, whole: int) -> int:
        """A part of an amount, or all but a cent."""
        return max(1, self.dice.choice([whole * self.dice.randint(20, 80) // 100, whole - 1]))

    def day(self, most: int = 9) -> str:
        """A calendar day, likely today."""
        ago = self.dice.choice([0, 0, 0, self.dice.randint(1, most)])
        return (date.fromisoformat(self.seen["today"]) - timedelta(days=ago)).isoformat()

    def day_ahead(self) -> str:
        """A calendar day soon to come."""
        ahead = timedelta(days=self.dice.randint(1, 3))
        return (date.fromisoformat(self.seen["today"]) + ahead).isoformat()

    def number(self) -> str:
        """A check number that nothing has."""
        return f"N{len(self.history.moves)}-{self.dice.randint(100, 999)}"

    def sisters(self, commitment_id: int) -> list[Json]:
        """All commitments of the same vendor."""
        [place] = [one for one in self.seen["commitments"] if one["id"] == commitment_id]
        return [one for one in self.seen["commitments"] if one["vendor_id"] == place["vendor_id"]]

    # Documents

    def bill(self, place: Json | None = None, amount: int | None = None, **more: object) -> Json:
        """A new bill with its payment application."""
        # Few places, so that stories meet.
        place = place or self.dice.choice(self.seen["commitments"][-4:])
        total = written(self.amount() if amount is None else amount)
        made: Json = self.make("/erp/bill", commitment_id=place["id"], amount=total, **more)
        return {**made, "total": total, "place": place}

    def open_bills(self) -> list[Json]:
        """Bills of commitments that wait to be paid, at least in part."""
        exported = {one["bill_id"] for one in self.seen["applications"]}
        return [
            one for one in self.seen["bills"] if minor(one["balance"]) > 0 and one["id"] in exported
        ]

    def payments(self, *, bills: int | None = None) -> list[Json]:
        """Live payments that pay something, or so many bills; newest first."""
        found = []
        for one in self.seen["payments"]:
            paid = parts(one)
            if one["state"] == "posted" and paid and bills in (None, len(paid)):
                found.append(one)
        return found

    def application_of(self, bill_id: str) -> Json:
        """The application that names a bill. Raises _Nothing."""
        return self.some([one for one in self.seen["applications"] if one["bill_id"] == bill_id])


def minor(amount: str) -> int:
    """Minor units; both currencies of the company have two decimals."""
    whole, _, cents = amount.partition(".")
    return int(whole) * 100 + int(cents.ljust(2, "0") or 0)


def written(amount: int) -> str:
    """Minor units as text."""
    return f"{amount // 100}.{amount % 100:02}"


def parts(payment: Json, kind: str = "Bill") -> dict[str, int]:
    """What a payment pays on which bill, or takes from which credit, in minor units."""
    sums: dict[str, int] = {}
    for line in payment["lines"]:
        for linked in line["linked"]:
            if linked["type"] == kind:
                sums[linked["id"]] = sums.get(linked["id"], 0) + minor(line["amount"])
    return sums


def lines(paid: dict[str, int]) -> list[Json]:
    """The same as the control API takes it."""
    return [{"bill_id": bill, "amount": written(amount)} for bill, amount in paid.items()]
