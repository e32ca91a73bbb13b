"""When a payment is gone: only on positive evidence (money-rules 5.3)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from connectors.erp import Bill, BillPayment, Erp
from paidsync.reasons import RunStopped, Stop
from paidsync.records import Standing


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found out about a payment that a direct read did not find."""

    standing: str  # Standing.DELETED or Standing.DISAPPEARED
    why: str  # for the run folder


def judge_missing(
    erp: Erp,
    missing: Collection[str],
    *,
    company_id: str,
    tombstones: Collection[str],
    bills_of: Mapping[str, set[str]],
    control_ids: Iterable[str],
) -> tuple[dict[str, BillPayment], dict[str, Evidence]]:
    """Judge payments that are known but were not found.

    ``bills_of`` are the bills that each paid when last seen, ``control_ids`` payments that should
    still be there. Answers those that a second read found after all, and the evidence for the
    rest: deleted where a control payment was found in the same session, and either the change feed
    tells of the deletion or the payment was missing twice and none of its bills shows it any more.
    Errors of the connector are not caught: they prove nothing. Raises RunStopped (company_changed)
    where the credentials open another company than the connection's.
    """
    if not missing:
        return {}, {}
    if erp.company().company_id != company_id:
        raise RunStopped(
            Stop.COMPANY_CHANGED,
            "The credentials open another ERP company than a moment ago; nothing was judged.",
        )
    control = next(iter(erp.payments([*control_ids][:3])), None)
    again = erp.payments(missing)
    still = [each for each in missing if each not in again]
    if control is None:
        return again, {each: _disappeared("no control payment was found either") for each in still}
    concerned = {bill for each in still for bill in bills_of.get(each, set())}
    bills = erp.bills(concerned)
    found: dict[str, Evidence] = {}
    for each in still:
        if each in tombstones:
            found[each] = Evidence(Standing.DELETED, "the change feed tells of the deletion")
        elif not erp.capabilities.direct_read:
            found[each] = _disappeared("this ERP has no direct read")
        else:
            found[each] = _by_bills(each, bills_of.get(each, set()), bills)
    return again, found


def _by_bills(payment_id: str, bill_ids: set[str], bills: Mapping[str, Bill]) -> Evidence:
    for bill_id in sorted(bill_ids):
        bill = bills.get(bill_id)
        if bill is None or bill.payment_ids is None:
            return _disappeared(f"bill {bill_id} cannot be asked whether it was paid by it")
        if payment_id in bill.payment_ids:
            return _disappeared(f"bill {bill_id} still shows the payment")
    if not bill_ids:
        return _disappeared("no bill of it is known")
    return Evidence(Standing.DELETED, "missing twice, and none of its bills shows it")


def _disappeared(why: str) -> Evidence:
    return Evidence(Standing.DISAPPEARED, why)
