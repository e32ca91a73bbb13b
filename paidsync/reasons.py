"""Why an allocation is held, pending, outside or remarked on, and how and why a run ends.

Each with its code, plain English and what to do: the one place for these sentences (money-rules
8); screens, artifacts and documents are made from it.
"""

from enum import StrEnum
from typing import Self


class Disposition(StrEnum):
    """Every allocation has exactly one, every run (money-rules 2)."""

    OUTSIDE = "outside"
    PENDING = "pending"
    HELD = "held"
    MATCHED = "matched"


class _Reason(StrEnum):
    plain: str
    action: str
    decisions: "tuple[Decision, ...]"  # what a person may decide about it, of a hold only

    def __new__(
        cls,
        code: str,
        plain: str = "",
        action: str = "",
        decisions: "tuple[Decision, ...]" = (),
    ) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.plain = plain
        member.action = action
        member.decisions = decisions
        return member


class Decision(_Reason):
    """What a person may decide about a hold; it holds as long as the allocation's state does."""

    LEAVE = (
        "leave",
        "Nothing is posted or taken back for it; what stands in Procore stays.",
        "Say why in the note.",
    )
    POST = (
        "post",
        "This one reason no longer holds it; every other rule still does.",
        "Make sure that the payment is right as it is.",
    )
    LINK = (
        "link",
        "It belongs to the payment application that you name.",
        "Name the application by Procore's id.",
    )
    REVERSE = (
        "reverse",
        "What stands in Procore is taken back; payments that waited with it are posted.",
        "Make sure that the payment is really gone.",
    )
    POST_WITHOUT_APPLICATION = (
        "post_without_application",
        "It is posted to the original bill's commitment, on no payment application.",
        "Make sure that no release application will follow.",
    )
    ACCEPT = (
        "accept",
        "What stands in Procore now counts as right; nothing is ever posted to mend it.",
        "Find out who changed or removed the row, and say why it is right in the note.",
    )
    RETRY = (
        "retry",
        "Nothing is changed; the next run reads it again and judges it as if nobody had decided.",
        "Mend the cause first.",
    )


_LEAVE = (Decision.LEAVE, Decision.RETRY)


class Outside(_Reason):
    """Nothing to do with Procore, or nothing left to do: counted, never a hold."""

    NO_PAYMENT_APPLICATION = (
        "no_payment_application",
        "No payment application in Procore belongs to this bill.",
        "Nothing, unless the bill should have come from Procore.",
    )
    CREDIT_APPLICATION = (
        "credit_application",
        "The bill was settled by a credit; no cash moved.",
        "Nothing.",
    )
    UNAPPLIED = (
        "unapplied",
        "This part of the payment is not applied to any bill yet.",
        "Nothing; it is posted once it is applied to a bill.",
    )
    OPENING_HISTORY = (
        "opening_history",
        "Dated before the connection's start date and already there at the first run.",
        "Nothing.",
    )
    VOIDED_BEFORE_POSTING = (
        "voided_before_posting",
        "Voided, deleted or moved in the ERP before anything was posted for it.",
        "Nothing.",
    )
    OTHER_CONNECTION = (
        "other_connection",
        "It belongs to another entity of the ERP than this connection's.",
        "Nothing here; the other entity needs a connection of its own.",
    )
    LEFT_BY_DECISION = (
        "left_by_decision",
        "It was held, and a person decided to leave it as it is.",
        "Nothing, as long as it stays as it was; a change opens the question again.",
    )
    DRIFT_ACCEPTED = (
        "drift_accepted",
        "Somebody changed or removed its row in Procore, and a person accepted that.",
        "Nothing, as long as the payment in the ERP stays as it was.",
    )
    PAID_BY_PROCORE_PAY = (
        "paid_by_procore_pay",
        "Procore Pay made this payment, so Procore shows it already.",
        "Nothing.",
    )


class Pending(_Reason):
    """Will resolve without a person of ours: judged again in every run."""

    APPLICATION_NOT_SYNCED = (
        "application_not_synced",
        "The payment application exists in Procore but is not synced with the ERP yet.",
        "Export the payment application from Procore to the ERP; the next run takes it up.",
    )
    NOT_ISSUED_YET = (
        "not_issued_yet",
        "The payment is queued or unprinted in the ERP.",
        "Print or release it in the ERP; the next run takes it up.",
    )


class Hold(_Reason):
    """A person is needed. Codes are those of money-rules 8."""

    MISSING_BILL_NUMBER = (
        "missing_bill_number",
        "The bill has no bill number in the ERP.",
        "Enter the vendor's invoice number on the bill in the ERP.",
        _LEAVE,
    )
    BAD_BILL_NUMBER = (
        "bad_bill_number",
        "The bill number is too long, padded or has characters that cannot be shown.",
        "Correct the bill number in the ERP.",
        _LEAVE,
    )
    MISSING_AMOUNT = (
        "missing_amount",
        "The ERP does not say what was paid on the bill, or what the bill is without tax.",
        "Open the payment and the bill in the ERP and check their amounts.",
        _LEAVE,
    )
    AMOUNT_NOT_POSITIVE = (
        "amount_not_positive",
        "The amount applied to the bill is zero or negative.",
        "Check the payment in the ERP; a refund is entered as such there.",
        _LEAVE,
    )
    AMOUNT_EXCEEDS_BILL = (
        "amount_exceeds_bill",
        "More was applied to the bill than the bill's total.",
        "Correct the payment or the bill in the ERP.",
        _LEAVE,
    )
    AMOUNT_PRECISION = (
        "amount_precision",
        "The amount has more decimals than its currency, or is too large to be real.",
        "Correct the amount in the ERP.",
        _LEAVE,
    )
    BAD_CURRENCY = (
        "bad_currency",
        "The currency code is missing or unknown.",
        "Set the currency of the bill in the ERP.",
        _LEAVE,
    )
    CURRENCY_DIFFERS = (
        "currency_differs",
        "The bill's currency is not the commitment's, or the ERP gives no amount in it.",
        "Correct the bill in the ERP or the commitment in Procore; amounts are never converted.",
        _LEAVE,
    )
    DATE_IN_FUTURE = (
        "date_in_future",
        "The payment date is missing, or later than today in the ERP company's calendar.",
        "Wait for the date, or correct it in the ERP.",
        _LEAVE,
    )
    DUPLICATE_ALLOCATION = (
        "duplicate_allocation",
        "The ERP delivered two versions of this payment on this bill that contradict each other.",
        "Check the payment in the ERP and run again.",
        _LEAVE,
    )
    UNKNOWN_ERP_STATUS = (
        "unknown_erp_status",
        "The payment has a status or a kind of line that PaidSync does not know.",
        "Check the payment in the ERP; report the status so that it can be taught.",
        _LEAVE,
    )
    UNKNOWN_PAYMENT_METHOD = (
        "unknown_payment_method",
        "The payment method is none that Procore knows.",
        "Correct the method in the ERP.",
        _LEAVE,
    )
    AMBIGUOUS_MATCH = (
        "ambiguous_match",
        "It is not certain which payment application this bill belongs to.",
        "Make the invoice numbers unique or correct the policy's map, or link the application.",
        (Decision.LINK, Decision.LEAVE, Decision.RETRY),
    )
    VENDOR_DIFFERS = (
        "vendor_differs",
        "The payment application names this bill, but neither vendor nor number agree.",
        "Check which bill the application was exported to, and correct the link.",
        (Decision.POST, Decision.LINK, Decision.LEAVE, Decision.RETRY),
    )
    BILL_TOTAL_DIFFERS = (
        "bill_total_differs",
        "The bill's total is not what the payment application says is due.",
        "Compare the bill in the ERP with the application in Procore.",
        (Decision.POST, Decision.LEAVE, Decision.RETRY),
    )
    BILL_SPANS_COMMITMENTS = (
        "bill_spans_commitments",
        "The bill's lines name several commitments.",
        "Split the bill, or name the split in the connection's policy.",
        (Decision.POST, Decision.LINK, Decision.LEAVE, Decision.RETRY),
    )
    RETAINAGE_WITHOUT_APPLICATION = (
        "retainage_without_application",
        "This retainage bill has no release application in Procore.",
        "Create the release application in Procore, or have it posted without one.",
        (Decision.LINK, Decision.POST_WITHOUT_APPLICATION, Decision.LEAVE, Decision.RETRY),
    )
    CASH_SPLIT_UNKNOWN = (
        "cash_split_unknown",
        "The ERP does not say how much cash went to this bill.",
        "Split the payment in the ERP so that each line pays one bill.",
        _LEAVE,
    )
    PREPAYMENT_DATE_UNKNOWN = (
        "prepayment_date_unknown",
        "The ERP does not say when the prepayment was applied to the bill.",
        "Enter the date of the application in the ERP.",
        _LEAVE,
    )
    OVERPAYS_PAYMENT_APPLICATION = (
        "overpays_payment_application",
        "More would be paid on the payment application than is due, even with its retainage.",
        "Check the payment in the ERP against the application in Procore.",
        (Decision.POST, Decision.LEAVE, Decision.RETRY),
    )
    EXCEEDS_ERP_PAID = (
        "exceeds_erp_paid",
        "Procore would show more paid than the ERP says was paid on the bill.",
        "Look for a row in Payments Issued that somebody else entered.",
        (Decision.POST, Decision.LEAVE, Decision.RETRY),
    )
    LOOKS_LIKE_MANUAL_PAYMENT = (
        "looks_like_manual_payment",
        "Somebody seems to have typed this payment into Procore already.",
        "Remove the typed row in Procore, or confirm that it is another payment.",
        (Decision.POST, Decision.LEAVE, Decision.RETRY),
    )
    OTHER_INTEGRATION_ROW = (
        "other_integration_row",
        "Another integration seems to have posted this payment already.",
        "Find out which integration owns the payments of this company.",
        (Decision.POST, Decision.LEAVE, Decision.RETRY),
    )
    PAYMENTS_TAB_DISABLED = (
        "payments_tab_disabled",
        "The commitment's Payments Issued tab is switched off.",
        "In Procore: commitment, Advanced Settings, Edit, Payment, Enable Payments.",
        _LEAVE,
    )
    PROJECT_NOT_ACTIVE = (
        "project_not_active",
        "The project is not active, or the service account cannot see it.",
        "Activate the project in Procore, or permit it for the service account.",
        _LEAVE,
    )
    COMMITMENT_VOID = (
        "commitment_void",
        "The commitment is void or terminated.",
        "Check the commitment in Procore.",
        _LEAVE,
    )
    APPLICATION_UNLINKED = (
        "application_unlinked",
        "The payment was posted, but its application is no longer linked to this bill.",
        "Export the application again, or decide where the payment belongs.",
        (Decision.LINK, Decision.LEAVE, Decision.RETRY),
    )
    DELETED_IN_ERP = (
        "deleted_in_erp",
        "The payment was deleted in the ERP after it had been posted.",
        "Confirm the deletion, and it is taken back; the policy can do so by itself.",
        (Decision.REVERSE, Decision.LEAVE, Decision.RETRY),
    )
    DISAPPEARED_FROM_ERP = (
        "disappeared_from_erp",
        "The ERP no longer shows the payment, without proof that it was deleted.",
        "Look for the payment in the ERP and check the service user's access.",
        (Decision.REVERSE, Decision.LEAVE, Decision.RETRY),
    )
    CHANGED_BEFORE_START = (
        "changed_before_start",
        "A payment from before the start date was changed in the ERP.",
        "Decide whether Procore has to follow.",
        (Decision.POST, Decision.LEAVE, Decision.RETRY),
    )
    DRIFT_IN_PROCORE = (
        "drift_in_procore",
        "A row that PaidSync posted was changed or removed in Procore.",
        "Find out who did it; change it back in Procore, or accept it as it is now.",
        (Decision.ACCEPT, *_LEAVE),
    )
    DUPLICATE_IN_PROCORE = (
        "duplicate_in_procore",
        "Procore shows one of PaidSync's payments twice: two rows under the same id.",
        "Ask Procore Support to remove one.",
        _LEAVE,
    )
    ORIGIN_ID_CONFLICT = (
        "origin_id_conflict",
        "Procore has a row under PaidSync's id that is not what PaidSync sent.",
        "Compare both; ask Procore Support to unlink the wrong one.",
        _LEAVE,
    )
    REFUSED_BY_PROCORE = (
        "refused_by_procore",
        "Procore refused the payment.",
        "Read Procore's message, mend the cause; the next run tries again.",
        _LEAVE,
    )
    AWAITING_APPROVAL = (
        "awaiting_approval",
        "What is planned for it needs a second person's approval.",
        "Look at the plan in the table `awaiting`; approve or reject it.",
    )


class Stop(_Reason):
    """Why a whole run ends without (further) writes; state Refused or Failed."""

    NOT_PERMITTED = (
        "not_permitted",
        "The service account, or the person who asked, lacks a permission that is needed.",
        "Grant the permission that the message names, or have somebody act who has it.",
    )
    WRONG_REQUEST = (
        "wrong_request",
        "The run was asked for something that is not there.",
        "Correct what the message names, and start it again.",
    )
    NOT_PROVEN = (
        "not_proven",
        "Who decided about the plan did not prove who they are.",
        "Decide again, with the one-time code that the app shows then.",
    )
    ERP_TOOL_OFF = (
        "erp_tool_off",
        "The ERP Integrations tool is off for the Procore company, or hidden from the account.",
        "Have Procore switch the tool on, and give the service account access.",
    )
    OTHER_INTEGRATION_ACTIVE = (
        "other_integration_active",
        "Another integration is posting payments to this Procore company.",
        "Switch it off and name the cut-over date in the policy.",
    )
    LEDGER_BEHIND = (
        "ledger_behind",
        "Procore has rows under PaidSync's ids that this ledger did not write.",
        "Run `paidsync ledger rebuild NAME`, or stop the other installation of PaidSync.",
    )
    PLAN_STALE = (
        "plan_stale",
        "Another run has read the ERP since this plan was made.",
        "Start a new run; nothing of the old plan is posted.",
    )
    MASS_CHANGE = (
        "mass_change",
        "The run would reverse far more than a normal day does, so it wrote nothing.",
        "Check the ERP; if it is right, approve exactly this plan.",
    )
    WRONG_ID_FORMAT = (
        "wrong_id_format",
        "No synced payment application names any bill of the ERP.",
        "Check that the connection names the ERP company that Procore exports to.",
    )
    COMPANY_CHANGED = (
        "company_changed",
        "The credentials open another ERP company than the connection was made for.",
        "Reconnect the right company; a new company is a new connection.",
    )
    SCHEMA_CHANGED = (
        "schema_changed",
        "What was read is incomplete, or not in the form that it must have.",
        "Run again; if it stays, report the run folder.",
    )
    LEASE_HELD = (
        "lease_held",
        "Another run is writing to this Procore company.",
        "Wait for it to end; the next run takes up everything.",
    )


class Remark(_Reason):
    """What an accountant should know of a payment that stands, or is to stand, as it should:
    amber."""

    BILL_NUMBER_DIFFERS = (
        "bill_number_differs",
        "The payment application names this bill, but its invoice number is another one.",
        "Compare the two numbers; correct the wrong one.",
    )
    SETTLED_WITHOUT_CASH = (
        "settled_without_cash",
        "A discount, a credit or tax withheld settled a part of the bill; only the cash is posted.",
        "Nothing; Procore shows the cash, which is less than what was settled on the bill.",
    )
    ABOVE_DUE = (
        "above_due",
        "More is paid on the payment application than is due.",
        "Check whether retainage or tax was paid along with it.",
    )
    BEYOND_PAID = (
        "beyond_paid",
        "Procore has more in Payments Issued for the application than the ERP says is paid.",
        "Look for a row that is the same payment once more, typed by hand or by another tool.",
    )
    LINKED = (
        "linked",
        "Somebody had typed this payment into Procore; that row was taken for it.",
        "Nothing; the row keeps its date and numbers.",
    )
    CHECK_NUMBER_CHANGED = (
        "check_number_changed",
        "The ERP has another check number now than the payment was posted with.",
        "Nothing, unless Procore has to show the new one: the policy's details_changed decides.",
    )
    DATE_CHANGED = (
        "date_changed",
        "The ERP has another payment date now than the payment was posted with.",
        "Nothing, unless Procore has to show the new one: the policy's details_changed decides.",
    )


class RunState(_Reason):
    """How a run ended: a closed list (house plan 9). ``tasks.summary.state_of`` decides."""

    COMPLETED = ("Completed", "Done.", "Nothing.")
    HELD = (
        "Held",
        "Done; some payments wait for a person.",
        "Look at what is held; everything else was done.",
    )
    PARTIAL = (
        "Partial",
        "Not everything could be done; the next run goes on.",
        "Nothing, unless it stays so from run to run.",
    )
    AWAITING_APPROVAL = (
        "AwaitingApproval",
        "Done but for a plan that waits for a second person's approval.",
        "Look at the table `awaiting`; approve the plan or reject it.",
    )
    BUSY = (
        "Busy",
        "Another run is writing to this Procore company.",
        "Nothing; the next run takes up everything.",
    )
    NOTHING_TO_DO = ("NothingToDo", "Nothing new.", "Nothing.")
    FAILED = (
        "Failed",
        "The run failed.",
        "Read its message and mend the cause; the next run goes on, and posts nothing twice.",
    )
    REFUSED = (
        "Refused",
        "The run stopped before it wrote anything more.",
        "Read which stop it names, and do what the stop asks for.",
    )
    TOTALS_DIFFER = (
        "TotalsDiffer",
        "The totals do not tie. Do not rely on this run before somebody looked.",
        "Have somebody look at the run folder before the next run.",
    )


class RunStopped(Exception):
    """Ends a run with a stop reason; ``message`` says what was seen and where."""

    def __init__(self, reason: Stop, message: str) -> None:
        self.reason = reason
        self.message = message
        super().__init__(f"{message} {reason.action}")


class TotalsDiffer(RunStopped):
    """Ends a run because the ERP's own totals are not those of what was read from it."""

    def __init__(self, message: str) -> None:
        super().__init__(Stop.SCHEMA_CHANGED, message)
