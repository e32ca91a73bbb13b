"""The words of ``docs/rules.md`` between its tables, and how its holds are grouped.

The sentences in the tables themselves stand in the code; ``docs/make_rules.py`` puts both together.
"""

from typing import NamedTuple

from paidsync.reasons import Hold, Outside

COMMAND = "python docs/make_rules.py"


class Group(NamedTuple):
    """Holds that are mended in the same place."""

    title: str
    intro: str
    holds: tuple[Hold, ...]


HELD = (
    Group(
        "Something is wrong or missing in the ERP",
        "Mend it in the ERP, and the next run takes the payment up by itself.",
        (
            Hold.MISSING_BILL_NUMBER,
            Hold.BAD_BILL_NUMBER,
            Hold.MISSING_AMOUNT,
            Hold.AMOUNT_NOT_POSITIVE,
            Hold.AMOUNT_EXCEEDS_BILL,
            Hold.AMOUNT_PRECISION,
            Hold.BAD_CURRENCY,
            Hold.CURRENCY_DIFFERS,
            Hold.DATE_IN_FUTURE,
            Hold.PREPAYMENT_DATE_UNKNOWN,
            Hold.CASH_SPLIT_UNKNOWN,
            Hold.DUPLICATE_ALLOCATION,
            Hold.UNKNOWN_PAYMENT_METHOD,
            Hold.UNKNOWN_ERP_STATUS,
        ),
    ),
    Group(
        "Something is switched off or closed in Procore",
        "Mend it in Procore, and the next run takes the payment up by itself.",
        (Hold.PAYMENTS_TAB_DISABLED, Hold.PROJECT_NOT_ACTIVE, Hold.COMMITMENT_VOID),
    ),
    Group(
        "It is not certain what the payment belongs to",
        "PaidSync never guesses. Where the two systems do not agree beyond doubt, you say what is "
        "right.",
        (
            Hold.AMBIGUOUS_MATCH,
            Hold.VENDOR_DIFFERS,
            Hold.BILL_TOTAL_DIFFERS,
            Hold.BILL_SPANS_COMMITMENTS,
            Hold.RETAINAGE_WITHOUT_APPLICATION,
        ),
    ),
    Group(
        "Protection against paying twice, or too much",
        "Before anything is posted, all rows of the commitment's Payments Issued are read, whoever "
        "made them.",
        (
            Hold.LOOKS_LIKE_MANUAL_PAYMENT,
            Hold.OTHER_INTEGRATION_ROW,
            Hold.OVERPAYS_PAYMENT_APPLICATION,
            Hold.EXCEEDS_ERP_PAID,
            Hold.AWAITING_APPROVAL,
        ),
    ),
    Group(
        "Something changed afterwards",
        "What stands in Procore stays until you decide. PaidSync never edits or deletes what it "
        "posted: a correction is a reversal and, where one is due, a new payment.",
        (
            Hold.DELETED_IN_ERP,
            Hold.DISAPPEARED_FROM_ERP,
            Hold.APPLICATION_UNLINKED,
            Hold.CHANGED_BEFORE_START,
            Hold.DRIFT_IN_PROCORE,
        ),
    ),
    Group(
        "Procore did not take it as it was sent",
        "What Procore answered is in the hold's own words.",
        (Hold.REFUSED_BY_PROCORE, Hold.ORIGIN_ID_CONFLICT, Hold.DUPLICATE_IN_PROCORE),
    ),
)
# Words for what is still to come: nothing in this version gives them.
RESERVED: tuple[Hold | Outside, ...] = (Outside.OTHER_CONNECTION,)

INTRO = f"""\
# The rules, for the people who close the books

<!-- Made by `{COMMAND}` from the sentences in the code. Change those, not this page. -->

PaidSync looks at every bill payment on every bill, one by one (an *allocation*), and gives each
exactly one of four words in every run:
"""
DISPOSITIONS = (
    (
        "matched",
        "It belongs to a payment application, and what stands in Procore is right or made right.",
        "nobody",
    ),
    (
        "held",
        "In doubt: nothing is posted or taken back until it is mended or a person decides.",
        "you",
    ),
    (
        "pending",
        "Too early: the payment application is not synced yet, or the check is not printed.",
        "whoever exports or prints",
    ),
    ("outside", "It has nothing to do with Procore, or nothing is left to do.", "nobody"),
)
HOLDS = """\
**Held does not mean lost.** A held payment is kept and judged again in every run, and the rest of
the run goes on without it. The four words together always add up to everything that was judged, to
the cent and per currency; a run that does not add up says so (`TotalsDiffer`).

**What you do with a hold.** `paidsync holds NAME` lists what waits in the connection NAME: what was
seen, what to do, and what you may decide. The table *held* of a run shows the same payments.

1. Mend the cause, in the ERP or in Procore. The next run sees it, closes the hold and posts the
   payment. This is the usual way.
2. Or decide, in the Prefect UI with the deployment `decide-hold`, or with `paidsync decide NAME
   HOLD DECISION --by you@example.com --note "why"`, where HOLD is the number that the table and
   `paidsync holds` show. You have to be an accounting approver in Procore. The next run acts on it.

A decision counts for the payment as it is now. If its amount, bill, vendor or application changes,
the question is open again.

## Held
"""
DECISIONS = """\
## What you may decide

Each hold offers some of these; the tables above say which. All but `link` and `retry` need a note
that says why. `accept` is bound to the row in Procore, too: when that changes again, it is held
again. What was decided can be taken back with `retry`, as long as the payment is what it was.
"""
PENDING = """\
## Pending

Nothing to decide. Each run looks again.
"""
OUTSIDE = """\
## Outside

Counted and totalled, and judged again when something changes. Never a hold.
"""
REMARKS = """\
## Amber: it stands, but you should know

The table *verified* colours every row that was posted. **Green**: it stands in Procore as it was
sent, and its Invoice # is the bill number. **Amber**: it stands too, with a remark from this list.
**Red**: it does not stand as it was sent, and nothing more is sent in that run. In the table
*posted*, amber is also what was sent and not read back yet, and red what Procore refused.
"""
STOPS = """\
## Why a whole run stopped

A stop protects all payments at once. Nothing more is written; what was posted before stays, and
the next run goes on from there. The run's state is then *Refused*, or *Busy* for `lease_held`. A
plan is approved by [a second person](approval.md), and carried out if it is still the same.
"""
STATES = """\
## How a run ends
"""
DATA = """\
## What the data is checked for

Before anything is matched, what was read is held to these rules. Where a row breaks several, the
first one in the table is the reason that you read; its id stands beside the hold in the evidence.
"""
POLICY = """\
## What a company chooses for itself: the policy

The table `[policy]` of the connection file. `paidsync connect FILE.toml` stores a new version of
it. What is posted already is judged by the version that it was posted under; a new version governs
what nothing stands for yet. `paidsync sync NAME --restate WORD` judges everything by the present
version, and posts nothing before its plan was approved.
"""
