"""What the plan must not do, seen as a whole: beyond a limit, beside a deletion. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from paidsync import money, origin
from paidsync.reasons import Decision, Hold, Remark
from tasks import drafts
from tasks.case import Case, Known, Outcome
from tasks.ours import our_id
from tasks.planning import instead_of_what_was_sent

Cases = Mapping[str, Case]  # by allocation
Outcomes = dict[str, Outcome]


def link_typed_rows(cases: Cases, outcomes: Outcomes) -> None:
    """4.3, policy link: where exactly one typed row and one allocation belong together, the row
    gets our id instead of another row beside it."""
    wanted = Counter(
        row["contract_payment_id"] for outcome in outcomes.values() for row in outcome.typed
    )
    for allocation, outcome in outcomes.items():
        case = cases[allocation]
        if len(outcome.typed) != 1 or case.known.policy.typed_rows != "link":
            continue
        typed, target = outcome.typed[0], case.target
        if (
            target is not None
            and wanted[typed["contract_payment_id"]] == 1
            and typed["amount_minor"] == target
            and typed["application_id"] in (None, case.judged["application_id"])
        ):
            planned = [*outcome.entries, drafts.link(case, target, typed)]
            outcomes[allocation] = instead_of_what_was_sent(case, Outcome(entries=planned))


def join_open_deletions(cases: Cases, outcomes: Outcomes) -> None:
    """5.3: while a deletion on a bill waits for a person, its new payments wait with it."""
    waiting: dict[str, Hold] = {}
    for allocation, case in cases.items():
        if outcomes[allocation].reason == Hold.DELETED_IN_ERP:
            waiting[case.row["bill_id"]] = Hold.DELETED_IN_ERP
        elif case.judged["reason"] == Hold.DISAPPEARED_FROM_ERP:
            waiting.setdefault(case.row["bill_id"], Hold.DISAPPEARED_FROM_ERP)
    for allocation, case in cases.items():
        hold = waiting.get(case.row["bill_id"])
        if hold is not None and outcomes[allocation].posts:
            held = Outcome.held(
                hold,
                f"Another payment of bill {case.row['bill_number']} is no longer in the ERP and "
                "waits for a decision; this one waits with it.",
            )
            outcomes[allocation] = _instead(case, outcomes[allocation], held)


def _instead(case: Case, outcome: Outcome, held: Outcome) -> Outcome:
    """Nothing of it is sent; what was sent before and stands is adopted all the same."""
    there = {each["origin_id"] for each in case.standing}
    return replace(held, entries=[each for each in outcome.entries if each["origin_id"] in there])


def paid_on(bill: Mapping[str, Any]) -> int | None:
    """What the ERP says is paid on a bill (records.BILLS), in minor units: in cash where it parts
    that from credits, else settled by whatever; None where it says neither."""
    cash: int | None = bill["paid_cash_minor"]
    settled: int | None = bill["settled_minor"]
    return settled if cash is None else cash


def keep_within_limits(cases: Cases, outcomes: Outcomes, known: Known) -> None:
    """3.7 and 4.5: no application takes more than it allows, nor more than the ERP says is paid.

    What stands already stays; reversals count first, then payments by date and id. A correction
    counts with its net effect and is held as one.
    """
    limits = _Limits(known)
    adding = {allocation for allocation, outcome in outcomes.items() if limits.adds(outcome)}
    for allocation, outcome in outcomes.items():
        if allocation not in adding:
            limits.take(outcome)
    for allocation in sorted(adding, key=lambda each: cases[each].place_in_order):
        outcome = outcomes[allocation]
        held = limits.broken_by(cases[allocation], outcome)
        if held is not None:
            outcomes[allocation] = _instead(cases[allocation], outcome, held)
            continue
        limits.take(outcome)
        if limits.above_due(outcome):
            outcomes[allocation] = _remarked(outcome)


def remark_beyond_paid(cases: Cases, outcomes: Outcomes, known: Known) -> None:
    """4.5, of what stands: where everybody's rows come to more than the ERP says is paid, somebody
    may have posted the same payment once more. Nothing of ours is wrong, so it is said only."""
    limits = _Limits(known)
    for allocation, outcome in outcomes.items():
        if outcome.is_right(cases[allocation]):
            detail = limits.beyond_paid(cases[allocation])
            if detail is not None:
                notes = (*outcome.notes, Remark.BEYOND_PAID)
                outcomes[allocation] = replace(outcome, notes=notes, detail=detail)


def _remarked(outcome: Outcome) -> Outcome:
    entries = [
        {**entry, "amber": ",".join(filter(None, [entry["amber"], Remark.ABOVE_DUE]))}
        if entry["kind"] == "payment" and not entry["resumes"]
        else entry
        for entry in outcome.entries
    ]
    return replace(outcome, entries=entries, notes=(*outcome.notes, Remark.ABOVE_DUE))


class _Limits:
    """Sums of Payments Issued by payment application, in minor units, as the plan grows."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._ours: dict[str, int] = defaultdict(int)
        self._all: dict[str, int] = defaultdict(int)
        self._there: set[str] = set()
        for rows in known.rows.values():
            for row in rows:
                application = row["application_id"]
                if row["origin_id"]:
                    self._there.add(row["origin_id"])
                if application is None or origin.is_probe(row["origin_id"]):
                    continue
                self._all[application] += row["amount_minor"] or 0
                if our_id(row, known.prefix):
                    self._ours[application] += row["amount_minor"] or 0

    def take(self, outcome: Outcome) -> None:
        """Count what is planned."""
        for application, (ours, everybodys) in self._changes(outcome).items():
            self._ours[application] += ours
            self._all[application] += everybodys

    def adds(self, outcome: Outcome) -> bool:
        """Whether it makes the sum of an application larger; what stands already does not."""
        return any(max(changes) > 0 for changes in self._changes(outcome).values())

    def _changes(self, outcome: Outcome) -> dict[str, tuple[int, int]]:
        """What a plan adds on each application: to our rows, and to all rows."""
        changes: dict[str, tuple[int, int]] = {}
        for entry in outcome.entries:
            application = entry["application_id"]
            if application is None or entry["origin_id"] in self._there:
                continue  # on no application, or standing there already
            ours, everybodys = changes.get(application, (0, 0))
            amount = entry["amount_minor"]
            changes[application] = (
                ours + amount,
                everybodys + (0 if entry["links"] else amount),
            )
        return changes

    def above_due(self, outcome: Outcome) -> bool:
        """3.7: more stands of ours than is due, once this is posted."""
        return any(
            ours > 0 and self._ours[application] > due
            for application, (ours, _) in self._changes(outcome).items()
            if (due := self._due(application)) is not None
        )

    def broken_by(self, case: Case, outcome: Outcome) -> Outcome | None:
        """The hold, where posting it would break a limit."""
        changes = self._changes(outcome)
        for application, (ours, _) in changes.items():
            ceiling = self._ceiling(application, with_tax=case.policy.tax == "include")
            after = self._ours[application] + ours
            if ceiling is None or ours <= 0 or after <= ceiling:
                continue
            if case.decided(Hold.OVERPAYS_PAYMENT_APPLICATION) is not Decision.POST:
                why = _too_much(case, application, after, "the application allows", ceiling)
                return Outcome.held(Hold.OVERPAYS_PAYMENT_APPLICATION, why)
        applications, _ = self._sharing(case)
        more = sum(changes[each][1] for each in applications if each in changes)
        detail = self.beyond_paid(case, more) if more > 0 else None
        return Outcome.held(Hold.EXCEEDS_ERP_PAID, detail) if detail is not None else None

    def beyond_paid(self, case: Case, more: int = 0) -> str | None:
        """4.5: how much more all rows, and what is added, come to than the ERP says is paid; None
        where they do not, or a person let it through."""
        applications, bills = self._sharing(case)
        amounts = [self._known.paid.get(bill) for bill in bills]
        paid = [amount for amount in amounts if amount is not None]
        after = more + sum(self._all[each] for each in applications)
        if len(paid) < len(amounts) or after <= sum(paid):
            return None
        if case.decided(Hold.EXCEEDS_ERP_PAID) is Decision.POST:
            return None
        what = f"{case.known.erp_title} says was paid on its bill"
        return _too_much(case, min(applications), after, what, sum(paid))

    def _sharing(self, case: Case) -> tuple[set[str], set[str]]:
        """The applications and the bills that belong together."""
        application, bill = case.judged["application_id"], case.row["bill_id"]
        policy = self._known.policy
        split = policy.split_of(bill) if case.row["split_application"] else None
        if split is not None:
            return {part.application for part in split.parts}, {bill}
        mapped = next((each for each in policy.map if each.application == application), None)
        if mapped is not None and bill in mapped.bills:
            return {application}, set(mapped.bills)
        return ({application} if application else set()), {bill}

    def _due(self, application: str) -> int | None:
        row = self._known.applications.get(application)
        return row["due_minor"] if row else None

    def _ceiling(self, application: str, *, with_tax: bool) -> int | None:
        """3.7: what is due, the retainage held on it, and the tax by policy."""
        due = self._due(application)
        if due is None:
            return None
        row = self._known.applications[application]
        tax = row["tax_minor"] or 0 if with_tax else 0
        return int(due + max(row["retainage_minor"] or 0, 0) + tax)


def _too_much(case: Case, application: str, after: int, what: str, limit: int) -> str:
    currency = case.row["currency"]
    number = case.known.applications.get(application, {}).get("invoice_number") or application
    return (
        f"Application {number} would have {money.shown(after, currency)} in Payments Issued; "
        f"{what} {money.shown(limit, currency)}."
    )


def remember(outcomes: Iterable[Outcome]) -> tuple[list[str], list[str]]:
    """Entries that this plan found superseded, and entries whose rows are gone, by origin_id."""
    found = list(outcomes)
    superseded = [each for outcome in found for each in outcome.superseded]
    return superseded, [each for outcome in found for each in outcome.missing]
