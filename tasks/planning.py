"""The plan: entries that would make Procore agree with the ERP, and nothing else. Pure.

The table of money-rules 5, one allocation at a time: what the ERP says now, against what stands
in Procore under the allocation's ids, read in this run.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from paidsync import money
from paidsync.reasons import Decision, Disposition, Hold, Outside, Remark
from paidsync.records import Standing
from tasks import drafts
from tasks.case import Case, Outcome, differences, is_the_same
from tasks.drift import accepted_as_it_is, held_for_drift, instead_of_a_removed_row
from tasks.lookalikes import Alike, look_alikes
from tasks.ours import is_others
from tasks.strategies import Row


def plan_allocation(case: Case) -> Outcome:
    """What becomes of one allocation."""
    return left_by_decision(case, _trouble(case) or _unanswered(case) or _due(case))


def left_by_decision(case: Case, outcome: Outcome) -> Outcome:
    """The outcome itself, unless a person decided to leave exactly this hold as it is."""
    if outcome.disposition is not Disposition.HELD or outcome.reason is None:
        return outcome
    if case.decided(Hold(outcome.reason)) is Decision.LEAVE:
        left = Outcome.outside(Outside.LEFT_BY_DECISION, outcome.detail)
        return replace(left, entries=outcome.entries)  # of a held one, only what stands already
    return outcome


def _due(case: Case) -> Outcome:
    """What the table asks for; nothing is sent for what this run did not read from the ERP, but
    for what is gone from there."""
    outcome = instead_of_a_removed_row(case, _table(case))
    gone = case.row["standing"] in (Standing.DELETED, Standing.DISAPPEARED)
    if outcome.entries and not case.row["fresh"] and not gone:
        return Outcome(left="it was not read from the ERP in this run")
    return outcome


def _table(case: Case) -> Outcome:
    """The plan table of money-rules 5."""
    row = case.row
    if case.judged["disposition"] != Disposition.MATCHED:
        return Outcome()
    if (accepted := accepted_as_it_is(case)) is not None:
        return accepted
    if row["standing"] != Standing.LIVE:
        return _taken_back(case)
    if row["cash_minor"] == 0:
        return _no_cash_any_more(case)
    if case.target is None or case.target <= 0:
        return _no_target(case)
    if (right := _right_row(case)) is not None:
        return _only(case, right) if len(case.live) > 1 else _details(case)
    if _stands_as_it_should(case):
        return _details(case)
    return _post(case, case.target)


def _right_row(case: Case) -> Row | None:
    """A row that is, all by itself, what should stand."""
    return next(
        (
            each
            for each in reversed(case.live)
            if each["amount_minor"] == case.target and _stands_where_it_should(case, each)
        ),
        None,
    )


def _stands_as_it_should(case: Case) -> bool:
    """Several rows that add up to what should stand, on the right application."""
    return (
        bool(case.live)
        and case.standing_at == case.target
        and all(_stands_where_it_should(case, each) for each in case.live)
    )


def _stands_where_it_should(case: Case, there: Row) -> bool:
    """On the commitment and application of the match; a typed row that we linked stays where it
    was typed, on that commitment."""
    if there["commitment_id"] != case.judged["commitment_id"]:
        return False
    if there["application_id"] == case.judged["application_id"]:
        return True
    return there["application_id"] is None and _is_linked(case, there)


def _is_linked(case: Case, there: Row) -> bool:
    return any(e["origin_id"] == there["origin_id"] and e["links"] for e in case.entries)


def _trouble(case: Case) -> Outcome | None:
    """4.6 and the last line of the table: what we own is not as we left it."""
    seen: set[str] = set()
    for each in case.standing:
        if each["origin_id"] in seen:
            return Outcome.held(
                Hold.DUPLICATE_IN_PROCORE, f"Two rows in Procore bear {each['origin_id']}."
            )
        seen.add(each["origin_id"])
    by_id = {each["origin_id"]: each for each in case.standing}
    for entry in case.entries:
        there = by_id.get(entry["origin_id"])
        never_stood = entry["state"] in ("refused", "superseded")
        if never_stood and there is not None and not is_the_same(entry, there):
            return _conflict(entry, there)
    return held_for_drift(case) or _refusal_left(case)


def _refusal_left(case: Case) -> Outcome | None:
    """Procore refused it, and a person decided to leave it at that."""
    last = case.entries[-1] if case.entries else None
    if last is None or last["state"] != "refused":
        return None
    hold = Hold.ORIGIN_ID_CONFLICT if _id_was_taken(last) else Hold.REFUSED_BY_PROCORE
    if case.decided(hold) is Decision.LEAVE:
        return Outcome.outside(Outside.LEFT_BY_DECISION, last["message"])
    return None


def _id_was_taken(entry: Row) -> bool:
    """Procore refused it because its id stands somewhere, though not where it belongs."""
    refused: bool = entry["state"] == "refused"
    return refused and (entry["message"] or "").startswith(Hold.ORIGIN_ID_CONFLICT)


def _unanswered(case: Case) -> Outcome | None:
    """6.2 and 6.3: an entry that may have been sent is adopted, sent again, or waited for.

    After one that is there goes what the table asks for with it in place: it may be void by now.
    """
    sent_once = _sent_once(case)
    if not sent_once:
        return None
    by_id = {each["origin_id"]: each for each in case.standing}
    for entry in sent_once:
        there = by_id.get(entry["origin_id"])
        if there is not None:
            if is_the_same(entry, there):
                then = _due(case)
                return replace(then, entries=[drafts.resumed(entry), *then.entries])
            return _conflict(entry, there)
        sent = datetime.fromisoformat(entry["sent_at"])
        waits = case.known.now - sent < case.known.sending_grace
        if waits and entry["state"] == "sending":
            return Outcome(left=f"the answer to {entry['origin_id']} is not known yet")
    asked = _due(case)
    if asked.left is not None or asked.disposition is not None:
        return asked
    return instead_of_what_was_sent(case, asked)


def _sent_once(case: Case) -> list[Row]:
    """Entries of which nobody knows whether they stand somewhere."""
    return [entry for entry in case.entries if entry["state"] == "sending" or _id_was_taken(entry)]


def instead_of_what_was_sent(case: Case, asked: Outcome) -> Outcome:
    """6.3: what is asked for, where something was sent, is not there and will not come any more.

    It is sent again as it was, and only where just that is asked for; otherwise it is superseded,
    and what is asked for goes out under the next n. One whose id was taken is tried again under the
    same id: under the next one it could stand twice.
    """
    there = {each["origin_id"] for each in case.standing}
    planned = list(asked.entries)
    superseded = []
    for entry in _sent_once(case):
        if entry["origin_id"] in there:
            continue
        place = next((k for k, e in enumerate(planned) if drafts.is_still_due(entry, e)), None)
        if place is not None:
            planned[place] = drafts.resumed(entry)
        elif entry["state"] == "sending":
            superseded.append(entry["origin_id"])
        elif planned:
            return Outcome.held(
                Hold.ORIGIN_ID_CONFLICT,
                f"Procore has {entry['origin_id']} on some row that was not read, so nothing is "
                "posted beside it.",
            )
    return replace(asked, entries=drafts.numbered(case, planned), superseded=tuple(superseded))


def _conflict(entry: Row, there: Row) -> Outcome:
    return Outcome.held(
        Hold.ORIGIN_ID_CONFLICT,
        f"Row {there['contract_payment_id']} bears {entry['origin_id']} but is not what was sent: "
        f"{differences(entry, there)}.",
    )


def _taken_back(case: Case) -> Outcome:
    """Voided, moved to other bills, or gone on proof: what stands is reversed (5.2, 5.3)."""
    row, live = case.row, case.live
    if not live:
        return Outcome()
    if row["standing"] in (Standing.DELETED, Standing.DISAPPEARED):
        return _gone(case)
    return _reversals(case, live)


def _gone(case: Case) -> Outcome:
    """A disappearance came here by a person's decision only: the match holds all others."""
    row = case.row
    deleted = row["standing"] == Standing.DELETED
    by_policy = deleted and case.policy.deleted_in_erp == "reverse"
    hold = Hold.DELETED_IN_ERP if deleted else Hold.DISAPPEARED_FROM_ERP
    if by_policy or case.decided(hold) is Decision.REVERSE:
        return _reversals(case, case.live)
    return Outcome.held(
        hold,
        f"Payment {row['payment_number'] or row['payment_id']} of {case.live[0]['date']} was "
        f"deleted in {case.known.erp_title}; {_still_stands(case.live)} still stand in Procore.",
    )


def _no_cash_any_more(case: Case) -> Outcome:
    """1.3: a credit settles the bill now, instead of cash."""
    if case.live:
        return _reversals(case, case.live)
    return Outcome.outside(Outside.CREDIT_APPLICATION)


def _no_target(case: Case) -> Outcome:
    """1.4: the tax cannot be left out, or the other payments took all of the bill's net."""
    number = case.row["bill_number"] or case.row["bill_id"]
    if case.target is None:
        return Outcome.held(
            Hold.MISSING_AMOUNT,
            f"The policy leaves tax out, and {case.known.erp_title} does not say what bill "
            f"{number} is without tax.",
        )
    return Outcome.held(
        Hold.AMOUNT_NOT_POSITIVE,
        f"Without tax nothing is left of bill {number} for this payment: others took it all.",
    )


def _still_stands(live: Sequence[Row]) -> str:
    sums: dict[str, int] = defaultdict(int)
    for row in live:
        sums[row["currency"]] += row["amount_minor"]
    return ", ".join(money.shown(total, code) for code, total in sums.items())


def _details(case: Case) -> Outcome:
    """The amount is right; the check number or the date may have changed."""
    row, last = case.row, case.live[-1]
    notes = []
    if (row["payment_number"] or None) != (last["check_number"] or None):
        notes.append(Remark.CHECK_NUMBER_CHANGED)
    if row["payment_date"] != last["date"]:
        notes.append(Remark.DATE_CHANGED)
    keeps = case.policy.details_changed == "note" or _is_linked(case, last)
    if not notes or keeps or case.target is None:
        return Outcome(notes=tuple(notes))
    return replace(_post(case, case.target), notes=tuple(notes))


def _only(case: Case, right: Row) -> Outcome:
    """One row is what should stand: the others are taken back."""
    return _reversals(case, [each for each in case.live if each is not right])


def _reversals(case: Case, rows: Sequence[Row]) -> Outcome:
    return _written(case, [drafts.reversal(case, there) for there in rows])


def _written(case: Case, planned: Sequence[drafts.Draft]) -> Outcome:
    """The entries, all or none: a commitment that takes no payments holds what would be written
    to it, and nothing else."""
    for draft in planned:
        closed = case.known.closed.get(draft["commitment_id"])
        if closed is not None:
            return Outcome.held(closed.reason, closed.detail)
    return Outcome(entries=drafts.numbered(case, planned))


def _post(case: Case, target: int) -> Outcome:
    """A payment, after the reversal of what stands wrongly; both or neither (rule 6.1)."""
    planned = [drafts.reversal(case, there) for there in case.live]
    outcome = _written(case, [*planned, drafts.payment(case, target)])
    alike = _in_the_way(case, target) if outcome.posts else []
    return _beside_others(case, alike) if alike else outcome


def _in_the_way(case: Case, target: int) -> list[Alike]:
    """Rows of others that look like it, but for those that a person called another payment."""
    known = case.known
    rows = known.rows.get(case.judged["commitment_id"], [])
    found = look_alikes(
        case.row,
        amounts={target, case.row["cash_minor"], case.check_total},
        others=[each for each in rows if is_others(each, known.prefix)],
    )
    return [
        each
        for each in found
        if isinstance(each.reason, Outside) or case.decided(each.reason) is not Decision.POST
    ]


def _beside_others(case: Case, alike: Sequence[Alike]) -> Outcome:
    first = alike[0]
    if isinstance(first.reason, Outside) and not case.live:
        return Outcome.outside(first.reason, first.detail)
    held = first.reason if isinstance(first.reason, Hold) else Hold.LOOKS_LIKE_MANUAL_PAYMENT
    typed = tuple(each.row for each in alike if each.reason is Hold.LOOKS_LIKE_MANUAL_PAYMENT)
    return Outcome.held(
        held, first.detail, typed=typed if len(typed) == len(alike) and not case.live else ()
    )
