"""Rows of ours that somebody changed or removed in Procore, and what a person accepted of them (the
last line of money-rules 5). Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from paidsync.ledger.accepted import FACTS
from paidsync.reasons import Decision, Hold, Outside
from tasks.case import Case, Outcome, differences
from tasks.decisions import accepted_rows
from tasks.strategies import Row

_STOOD = ("posted", "verified", "missing_in_procore")


class Drift(NamedTuple):
    """An entry whose row is not as it was sent, in a sentence; ``there`` is None where it is
    gone."""

    entry: Row
    there: Row | None
    sentence: str


def drifts(entries: Iterable[Row], standing: Iterable[Row]) -> list[Drift]:
    """Every entry that stood, and whose row among ``standing`` is changed or missing."""
    by_id = {each["origin_id"]: each for each in standing}
    found = []
    for entry in entries:
        there = by_id.get(entry["origin_id"])
        if entry["state"] not in _STOOD:
            continue
        if there is None:
            gone = f"The row of {entry['date']} ({entry['origin_id']}) is no longer in Procore."
            found.append(Drift(entry, None, gone))
        elif changed := differences(entry, there):
            row = there["contract_payment_id"]
            found.append(Drift(entry, there, f"Row {row} was changed in Procore: {changed}."))
    return found


def held_for_drift(case: Case) -> Outcome | None:
    """Something that we own is not as we left it, and nobody accepted it as it is."""
    _, open_ = _told_apart(case)
    if not open_:
        return None
    return Outcome.held(
        Hold.DRIFT_IN_PROCORE,
        " ".join(each.sentence for each in open_),
        missing=tuple(each.entry["origin_id"] for each in open_ if each.there is None),
    )


def accepted_as_it_is(case: Case) -> Outcome | None:
    """As long as the payment is what it was when a person accepted what stands, nothing is posted
    for it."""
    accepted, _ = _told_apart(case)
    if not accepted or case.decided(Hold.DRIFT_IN_PROCORE) is not Decision.ACCEPT:
        return None
    return Outcome.outside(Outside.DRIFT_ACCEPTED, " ".join(each.sentence for each in accepted))


def instead_of_a_removed_row(case: Case, outcome: Outcome) -> Outcome:
    """The outcome itself, unless it would post a payment for an allocation whose row somebody
    removed: that this was right says nothing of what the ERP says now."""
    accepted, _ = _told_apart(case)
    gone = [each for each in accepted if each.there is None and each.entry["kind"] == "payment"]
    if not gone or not outcome.posts:
        return outcome
    return Outcome.held(
        Hold.DRIFT_IN_PROCORE,
        f"{gone[-1].sentence} That was accepted; since then the payment has changed in "
        f"{case.known.erp_title}.",
    )


def _told_apart(case: Case) -> tuple[Sequence[Drift], Sequence[Drift]]:
    """Drifts that a person accepted just so, and all others."""
    known = accepted_rows(case.known.decisions, case.row["allocation_id"])
    found = drifts(case.entries, case.standing)
    accepted = [each for each in found if _is_accepted(each, known)]
    return accepted, [each for each in found if each not in accepted]


def _is_accepted(drift: Drift, known: Mapping[str, Row]) -> bool:
    row = known.get(drift.entry["origin_id"])
    if row is None:
        return False
    if drift.there is None or row["removed"]:
        return drift.there is None and bool(row["removed"])
    there = drift.there
    return all((row[name] or None) == (there[name] or None) for name in FACTS)
