"""What the plan of an allocation is made from, and what it comes to. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from paidsync import origin
from paidsync.policy import Policy
from paidsync.reasons import Decision, Disposition, Hold, Outside
from tasks.decisions import Decisions, decision_about
from tasks.places import Closed
from tasks.strategies import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the plan is made from, besides the allocations themselves."""

    rows: Mapping[str, Sequence[Row]]  # every row in Procore now, by commitment
    entries: Mapping[str, Sequence[Row]]  # the ledger's, by allocation, in order of n
    bill_entries: Sequence[Row]  # the ledger's that stand, of the bills concerned
    applications: Mapping[str, Row]
    paid: Mapping[str, int | None]  # bill -> minor units that the ERP says are paid on it
    closed: Mapping[str, Closed]  # commitments to which nothing may be written
    policies: Mapping[int, Policy]
    policy_version: int
    restate: bool  # old entries are judged by the present policy, too (rule 5.5)
    decisions: Decisions
    prefix: str  # of the ERP company's ids
    erp_title: str
    now: datetime  # UTC
    sending_grace: timedelta

    @property
    def policy(self) -> Policy:
        """The present policy: it governs what nothing stands for yet."""
        return self.policies[self.policy_version]


@dataclass(slots=True)
class Outcome:
    """What becomes of one allocation."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    disposition: Disposition | None = None  # only where the plan changes it
    reason: str | None = None
    detail: str | None = None
    left: str | None = None  # why it waits for the next run, although nothing is wrong
    asked: bool = True  # False: its project is not among those that this run was asked for
    notes: tuple[str, ...] = ()
    typed: tuple[Row, ...] = ()  # rows that somebody typed and that look like this payment
    superseded: tuple[str, ...] = ()  # entries, by origin_id
    missing: tuple[str, ...] = ()  # entries whose rows are gone from Procore

    @classmethod
    def held(cls, reason: Hold, detail: str, **more: Any) -> "Outcome":
        """A person is needed."""
        return cls(disposition=Disposition.HELD, reason=reason.value, detail=detail, **more)

    @classmethod
    def outside(cls, reason: Outside, detail: str | None = None) -> "Outcome":
        """Nothing to do, or nothing left to do."""
        return cls(disposition=Disposition.OUTSIDE, reason=reason.value, detail=detail)

    @property
    def posts(self) -> bool:
        """Whether a payment is planned."""
        return any(entry["kind"] == "payment" for entry in self.entries)

    def is_right(self, case: "Case") -> bool:
        """Whether what stands in Procore is what should."""
        matched = case.judged["disposition"] == Disposition.MATCHED and self.disposition is None
        return matched and self.asked and self.left is None and not self.entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One allocation, with everything that its plan depends on."""

    row: Row  # records.ALLOCATIONS
    judged: Row  # records.DISPOSITIONS
    standing: Sequence[Row]  # our rows in Procore now, in order of n
    entries: Sequence[Row]  # the ledger's, in order of n
    live: Sequence[Row]  # our payments in Procore that no reversal of ours takes back
    check_total: int  # what the whole check pays on the commitment
    known: Known
    target: int | None = None  # minor units that should stand; None where it cannot be told

    @property
    def next_n(self) -> int:
        """5.1: one more than the highest ever seen, in Procore or in the ledger; never reused."""
        in_procore = (origin.parse(each["origin_id"]) for each in self.standing)
        numbers = [parsed.n for parsed in in_procore if parsed]
        return 1 + max([*numbers, *(entry["n"] for entry in self.entries)], default=0)

    @property
    def live_entries(self) -> list[Row]:
        """What the ledger knows of the rows that stand."""
        by_id = {entry["origin_id"]: entry for entry in self.entries}
        return [by_id[each["origin_id"]] for each in self.live]

    @property
    def policy(self) -> Policy:
        """5.5: an allocation is judged by the policy that the entry standing was posted under."""
        versions = [entry["policy_version"] for entry in self.live_entries]
        if self.known.restate or not versions:
            return self.known.policy
        return self.known.policies.get(max(versions), self.known.policy)

    @property
    def place_in_order(self) -> tuple[str, int, str, str]:
        """Payments are taken by date, then by the ERP's id; ids of digits count as numbers."""
        row = self.row
        payment = row["payment_id"]
        return row["payment_date"] or "", len(payment), payment, row["allocation_id"]

    def decided(self, reason: Hold) -> Decision | None:
        """What a person decided about this hold of the allocation as it is now."""
        return decision_about(
            self.known.decisions, self.row["allocation_id"], self.judged["state"], reason
        )

    @property
    def standing_at(self) -> int:
        """What stands for it, net, in minor units."""
        return sum(each["amount_minor"] for each in self.live)


def case_of(row: Row, judged: Row, standing: Sequence[Row], check_total: int, known: Known) -> Case:
    """The case of one allocation, its target not worked out yet."""
    entries = known.entries.get(row["allocation_id"], [])
    return Case(
        row=row,
        judged=judged,
        standing=standing,
        entries=entries,
        live=_not_taken_back(standing, entries),
        check_total=check_total,
        known=known,
    )


def _not_taken_back(standing: Sequence[Row], entries: Sequence[Row]) -> list[Row]:
    """Our payments in Procore that no reversal of ours takes back."""
    kinds = {entry["origin_id"]: entry for entry in entries}
    ours = [each for each in standing if each["origin_id"] in kinds]
    reversed_ids = {
        kinds[each["origin_id"]]["reverses"]
        for each in ours
        if kinds[each["origin_id"]]["kind"] == "reversal"
    }
    return [
        each
        for each in ours
        if kinds[each["origin_id"]]["kind"] == "payment" and each["origin_id"] not in reversed_ids
    ]


def differences(entry: Row, there: Row) -> str:
    """How a row in Procore differs from the entry that was sent; empty where it does not."""
    pairs = {
        "commitment": (entry["commitment_id"], there["commitment_id"]),
        "application": (entry["application_id"], there["application_id"]),
        "amount in minor units": (entry["amount_minor"], there["amount_minor"]),
        "date": (entry["date"], there["date"]),
        "invoice number": (entry["invoice_number"], there["invoice_number"]),
        "check number": (entry["check_number"], there["check_number"]),
    }
    return ", ".join(
        f"{what} {now or '-'} instead of {sent or '-'}"
        for what, (sent, now) in pairs.items()
        if (sent or None) != (now or None)
    )


def is_the_same(entry: Row, there: Row) -> bool:
    """Commitment, application, amount and with it the kind are those of the entry (rule 6.2)."""
    return bool(
        entry["commitment_id"] == there["commitment_id"]
        and entry["application_id"] == there["application_id"]
        and entry["amount_minor"] == there["amount_minor"]
    )
