"""What the driver of the year remembers of the company, and how it moves the two systems.

The driver keeps no truth: it only knows which documents there are, so that it can choose some.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sandbox.demo.tale import Control

Json = dict[str, Any]
_TRIES = 40


@dataclass(slots=True)
class Commitment:
    """A commitment and whose it is."""

    id: int
    project_id: int
    kind: str
    vendor_id: str
    currency: str
    open: bool = True  # nothing keeps payments from it, as far as the driver knows


@dataclass(slots=True)
class Bill:
    """A bill with its payment application; amounts in minor units."""

    id: str
    number: str | None
    commitment: Commitment | None
    application: int | None
    total: int
    vendor_id: str
    busy: bool = False


@dataclass(slots=True)
class Payment:
    """A bill payment; amounts in minor units by bill id."""

    id: str
    number: str | None
    dated: date
    entered: date
    parts: dict[str, int]
    busy: bool = False
    gone: bool = False
    documents: dict[str, str] = field(default_factory=dict)  # ids by bill, where there are several


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody did."""

    day: date
    path: str
    asked: Json
    answer: Json

    def names(self) -> set[str]:
        """Every id that it speaks of."""
        return set(_leaves([self.asked, self.answer]))

    def __str__(self) -> str:
        made = {key: value for key, value in self.answer.items() if key.endswith("_id")}
        return f"{self.day} {self.path} {self.asked} -> {made}"


def _leaves(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return [str(value)]
    return [leaf for each in value for leaf in _leaves(each)]


@dataclass(slots=True)
class Books:
    """Both systems, seen from the control API."""

    control: Control
    change_policy: Callable[[Json], None]
    dice: random.Random
    today: date
    cannot: frozenset[str] = frozenset()  # what the ERP's users cannot do
    commitments: list[Commitment] = field(default_factory=list)
    overhead: list[str] = field(default_factory=list)  # vendors without commitments
    bills: dict[str, Bill] = field(default_factory=dict)
    unpaid: list[Bill] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    agenda: dict[date, list[Callable[[], None]]] = field(default_factory=lambda: defaultdict(list))
    happened: Counter[str] = field(default_factory=Counter)
    allocations: int = 0
    policy: Json = field(default_factory=dict)
    connected: date = date.max  # the day of the first sync
    journal: list[Act] = field(default_factory=list)
    last_sync: datetime | None = None
    # What an event did to our own rows, and stands in Procore by its will: kinds of differences
    # that it excuses, by a part of the origin id.
    excused: dict[str, frozenset[str]] = field(default_factory=dict)
    _amounts: set[int] = field(default_factory=set)
    _numbers: int = 0

    # Moving the world

    def do(self, path: str, **body: Any) -> Json:
        """One call of the control API, kept in the journal."""
        made = self.control.ask(path, body)
        self.journal.append(Act(self.today, path, body, made))
        return made

    def note(self, name: str, count: int = 1) -> None:
        """Count an event."""
        self.happened[name] += count

    def later(self, days: int, then: Callable[[], None]) -> None:
        """Something happens some calendar days from now (on the next business day)."""
        self.agenda[self.today + timedelta(days=max(1, days))].append(then)

    def due(self) -> list[Callable[[], None]]:
        """What was to happen until today, in its order."""
        days = sorted(day for day in self.agenda if day <= self.today)
        return [then for day in days for then in self.agenda.pop(day)]

    def agree(self, **changed: Any) -> None:
        """A new version of the policy."""
        self.policy = {**self.policy, **changed}
        self.change_policy(self.policy)
        self.journal.append(Act(self.today, "policy", changed, {}))
        self.note("policy_version")

    # Drawing

    def chance(self, probability: float) -> bool:
        """Throw the dice."""
        return self.dice.random() < probability

    def can(self, act: str) -> bool:
        """Whether the ERP's users can do something."""
        return act not in self.cannot

    def days(self, low: int, high: int) -> int:
        """A number of days."""
        return self.dice.randint(low, high)

    def amount(self, low: int = 200_00, high: int = 60_000_00) -> int:
        """An amount in minor units that no other bill has, so that nothing is alike by chance."""
        while True:
            drawn = self.dice.randrange(low, high)
            if drawn not in self._amounts:
                self._amounts.add(drawn)
                return drawn

    def number(self, kind: str) -> str:
        """A number that nothing else has."""
        self._numbers += 1
        return f"{kind}-{70_000 + self._numbers}"

    def commitment(self, *, currency: str | None = None) -> Commitment:
        """Any commitment."""
        fitting = [c for c in self.commitments if currency in (None, c.currency)]
        return self.dice.choice(fitting)

    def sisters(self, one: Commitment) -> list[Commitment]:
        """The other commitments of the same vendor."""
        return [c for c in self.commitments if c.vendor_id == one.vendor_id and c.id != one.id]

    def with_sisters(self) -> Commitment:
        """A commitment whose vendor has another one."""
        return self.dice.choice([c for c in self.commitments if self.sisters(c)])

    # Documents

    def bill(
        self, commitment: Commitment | None = None, amount: int | None = None, **more: Any
    ) -> Bill:
        """Enter a bill with its payment application."""
        commitment = commitment or self.commitment()
        total = self.amount() if amount is None else amount
        more.setdefault("number", self.number("B"))
        made = self.do("/erp/bill", commitment_id=commitment.id, amount=written(total), **more)
        bill = Bill(
            made["bill_id"], made["bill_number"], commitment, made["requisition_id"], total,
            commitment.vendor_id,
        )  # fmt: skip
        self.bills[bill.id] = bill
        return bill

    def pay(self, parts: Sequence[tuple[Bill, int]], *, path: str = "/erp/pay", **more: Any) -> Payment:  # fmt: skip  # noqa: E501
        """Pay bills. A bill named twice gives two lines."""
        lines = [{"bill_id": bill.id, "amount": written(amount)} for bill, amount in parts]
        sums: dict[str, int] = defaultdict(int)
        for bill, amount in parts:
            sums[bill.id] += amount
        made = self.do(path, bills=lines, **more)
        return self._entered(made, dict(sums))

    def pay_lines(self, lines: list[Json], sums: dict[str, int], **more: Any) -> Payment:
        """Pay with lines of any shape; ``sums`` is what the driver believes of them."""
        return self._entered(self.do("/erp/pay", lines=lines, **more), sums)

    def _entered(self, made: Json, sums: dict[str, int]) -> Payment:
        documents = {
            bill: one["payment_id"] for one in made["payments"] for bill in one["bill_ids"]
        }
        payment = Payment(
            made["payment_id"] or "",
            made.get("number"),
            date.fromisoformat(made.get("date", self.today.isoformat())),
            self.today,
            sums,
            gone=made["payment_id"] is None,  # credits left nothing to pay
            documents=documents,
        )
        self.payments.append(payment)
        self.allocations += len(sums)
        return payment

    def credit(self, vendor_id: str, amount: int) -> str:
        """Enter a vendor credit."""
        made = self.do("/erp/credit", vendor_id=vendor_id, amount=written(amount), number=self.number("CM"))  # fmt: skip  # noqa: E501
        return str(made["credit_id"])

    def edit_parts(self, payment: Payment, parts: dict[str, int], **more: Any) -> None:
        """Give a payment other amounts or other bills."""
        lines = [{"bill_id": key, "amount": written(amount)} for key, amount in parts.items()]
        self.do("/erp/edit", payment_id=payment.id, bills=lines, **more)
        self.allocations += len(parts.keys() - payment.parts.keys())
        payment.parts = dict(parts)

    def void(self, payment: Payment) -> None:
        """Void a payment; one of a batch takes the others with it."""
        self.do("/erp/void", payment_id=payment.id)
        payment.gone = True

    def unexcused(self, differences: Iterable[Json]) -> list[Json]:
        """Differences that no event of the year made itself."""
        return [one for one in differences if not self._is_excused(one)]

    def _is_excused(self, one: Json) -> bool:
        whose = f":{(one.get('origin_prefix') or one.get('origin_id') or '')}:"
        return any(part in whose and one["kind"] in kinds for part, kinds in self.excused.items())

    def story_of(self, difference: Json) -> list[str]:
        """What was done with the documents that a difference is about."""
        origin = str(difference.get("origin_prefix") or difference.get("origin_id") or "")
        ids = {*origin.split(":")[2:4], str(difference.get("requisition_id"))}
        ids |= {str(difference.get("payment_row_id"))}
        ids.discard("None")
        return [str(act) for act in self.journal if ids & act.names()]

    # Choosing what already exists

    def bills_of(self, payment: Payment) -> list[Bill]:
        """The bills that a payment pays."""
        return [self.bills[key] for key in payment.parts]

    def some_payment(self, fits: Callable[[Payment], bool] | None = None) -> Payment | None:
        """A payment of an earlier day that no other story is about; recent ones are likelier."""
        for _ in range(_TRIES if self.payments else 0):
            # Half of what people correct is from the last weeks.
            far = len(self.payments) if self.chance(0.5) else min(len(self.payments), 600)
            payment = self.payments[-self.dice.randint(1, far)]
            if self._free(payment) and payment.entered < self.today and (not fits or fits(payment)):
                return payment
        return None

    def _free(self, payment: Payment) -> bool:
        return not (
            payment.busy
            or payment.gone
            or not payment.parts
            or any(bill.busy or bill.commitment is None for bill in self.bills_of(payment))
        )

    def claim(self, *documents: Bill | Payment) -> None:
        """From now on these belong to one story; a payment takes its bills with it."""
        for one in documents:
            one.busy = True
            if isinstance(one, Payment):
                for bill in self.bills_of(one):
                    bill.busy = True

    def release(self, *documents: Bill | Payment) -> None:
        """The story is over; others may choose these again."""
        for one in documents:
            one.busy = False
            if isinstance(one, Payment):
                for bill in self.bills_of(one):
                    bill.busy = False

    def rows_of(self, payment: Payment, bill: Bill) -> list[Json]:
        """Our rows of one allocation in Procore, oldest first."""
        return self.rows_like(self.origin_of(payment, bill))

    def origin_of(self, payment: Payment, bill: Bill) -> str:
        """What the origin ids of one allocation have in them."""
        return f":{payment.documents.get(bill.id, payment.id)}:{bill.id}:"

    def rows_like(self, part: str) -> list[Json]:
        """Rows whose origin id contains something, oldest first."""
        rows: Iterable[Json] = self.control.see("/world", limit=100_000)["rows"]
        found = [row for row in rows if part in (row["origin_id"] or "")]
        return sorted(found, key=lambda row: int(row["id"]))


def written(minor: int) -> str:
    """An amount as text. Both currencies of the company have two decimals."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"
