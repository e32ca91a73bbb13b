"""Every rule that data is held to, in plain English: the one place for ids and sentences.

Within a group the order is the order of importance: where a row breaks several rules, the first
one is the reason that people read. An id is never given to another rule.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from paidsync.reasons import Hold, Stop

Severity = Literal["stop", "hold", "note"]

LONGEST_BILL_NUMBER = 100
LARGEST_MINOR = 10**13
EARLIEST = date(1970, 1, 1)  # systems write 0001, 1753, 1899 or 1900 where there is no date
METHODS = ("check", "credit_card", "electronic")


@dataclass(frozen=True)
class Rule:
    """What must be true, and what follows where it is not.

    ``stop`` ends the run, ``hold`` holds the rows, ``note`` is counted and shown and nothing else.
    ``shows`` names the columns that a person wants to see of a row that breaks the rule;
    ``reason_in`` the column whose own value is the reason of the hold.
    """

    id: str
    plain: str
    severity: Severity
    reason: Hold | Stop
    shows: tuple[str, ...] = ()
    reason_in: str | None = None


ALLOCATION_IDS = Rule(
    "BP-001",
    "Every allocation has its own id, the id of its payment and the id of its bill.",
    "stop",
    Stop.SCHEMA_CHANGED,
    ("allocation_id", "payment_id", "bill_id"),
)
STANDING_KNOWN = Rule(
    "BP-002",
    "Every allocation says where it stands in the ERP, in a word that PaidSync knows.",
    "stop",
    Stop.SCHEMA_CHANGED,
    ("standing",),
)
FAULT_KNOWN = Rule(
    "BP-003",
    "A fault that the ERP connector states is one of the known hold reasons.",
    "stop",
    Stop.SCHEMA_CHANGED,
    ("fault",),
)
ALLOCATION_UNIQUE = Rule(
    "BP-010",
    "A payment is applied to a bill once: the ERP gives one version of it.",
    "hold",
    Hold.DUPLICATE_ALLOCATION,
    ("standing", "settled_minor", "cash_minor", "version"),
)
NO_FAULT = Rule(
    "BP-101",
    "The ERP connector itself states no fault.",
    "hold",
    Hold.UNKNOWN_ERP_STATUS,
    ("fault",),
    reason_in="fault",
)
CURRENCY_KNOWN = Rule(
    "BP-110",
    "The bill's currency is an ISO 4217 code that money can be paid in.",
    "hold",
    Hold.BAD_CURRENCY,
    ("currency",),
)
AMOUNTS_GIVEN = Rule(
    "BP-120",
    "The ERP says how much of the bill was settled and how much of that was cash.",
    "hold",
    Hold.MISSING_AMOUNT,
    ("settled_minor", "cash_minor"),
)
SETTLED_POSITIVE = Rule(
    "BP-121",
    "What was settled on the bill is more than zero.",
    "hold",
    Hold.AMOUNT_NOT_POSITIVE,
    ("settled_minor",),
)
CASH_NOT_NEGATIVE = Rule(
    "BP-122",
    "The cash paid is not negative; it is zero where a credit settled the bill.",
    "hold",
    Hold.AMOUNT_NOT_POSITIVE,
    ("cash_minor",),
)
AMOUNTS_CREDIBLE = Rule(
    "BP-123",
    f"No part of an amount is above {LARGEST_MINOR:,} minor units (100 billion in US dollars).",
    "hold",
    Hold.AMOUNT_PRECISION,
    ("settled_minor", "cash_minor", "discount_minor", "credit_minor", "withheld_minor"),
)
PARTS_NOT_NEGATIVE = Rule(
    "BP-124",
    "Discount, credit and tax withheld are not negative.",
    "hold",
    Hold.CASH_SPLIT_UNKNOWN,
    ("discount_minor", "credit_minor", "withheld_minor"),
)
PARTS_ADD_UP = Rule(
    "BP-125",
    "What was settled is cash plus discount plus credit plus tax withheld.",
    "hold",
    Hold.CASH_SPLIT_UNKNOWN,
    ("settled_minor", "cash_minor", "discount_minor", "credit_minor", "withheld_minor"),
)
PAYMENT_TIES_OUT = Rule(
    "BP-126",
    "A payment's total is what it applied to its bills, less credits used, plus what is unapplied.",
    "hold",
    Hold.CASH_SPLIT_UNKNOWN,
    (
        "payment_total_minor",
        "payment_credits_minor",
        "payment_unapplied_minor",
        "tie_out_gap_minor",
    ),
)
WITHIN_BILL = Rule(
    "BP-127",
    "Not more was settled than the bill's total, where the total is known.",
    "hold",
    Hold.AMOUNT_EXCEEDS_BILL,
    ("settled_minor", "bill_total_minor"),
)
DATE_GIVEN = Rule(
    "BP-130",
    "The payment has a date, from 1970 on.",
    "hold",
    Hold.DATE_IN_FUTURE,
    ("payment_date",),
)
DATE_NOT_AHEAD = Rule(
    "BP-131",
    "The payment date is not after today in the ERP company's calendar.",
    "hold",
    Hold.DATE_IN_FUTURE,
    ("payment_date",),
)
BILL_NUMBER_GIVEN = Rule(
    "BP-140",
    "The bill has a bill number.",
    "hold",
    Hold.MISSING_BILL_NUMBER,
    ("bill_number",),
)
BILL_NUMBER_SHORT = Rule(
    "BP-141",
    # Procore publishes no limit; the ERPs that do stop at 15 to 60 characters.
    f"The bill number has at most {LONGEST_BILL_NUMBER} characters.",
    "hold",
    Hold.BAD_BILL_NUMBER,
    ("bill_number", "bill_number_length"),
)
BILL_NUMBER_TRIMMED = Rule(
    "BP-142",
    "The bill number has no blanks before or after it.",
    "hold",
    Hold.BAD_BILL_NUMBER,
    ("bill_number",),
)
BILL_NUMBER_PRINTABLE = Rule(
    "BP-143",
    "Every character of the bill number can be shown; letters of any language are fine.",
    "hold",
    Hold.BAD_BILL_NUMBER,
    ("bill_number",),
)
METHOD_KNOWN = Rule(
    "BP-150",
    "The payment method is one that Procore knows, or is not given.",
    "hold",
    Hold.UNKNOWN_PAYMENT_METHOD,
    ("payment_method",),
)

BILL_PAYMENTS = (
    ALLOCATION_IDS,
    STANDING_KNOWN,
    FAULT_KNOWN,
    ALLOCATION_UNIQUE,
    NO_FAULT,
    CURRENCY_KNOWN,
    AMOUNTS_GIVEN,
    SETTLED_POSITIVE,
    CASH_NOT_NEGATIVE,
    AMOUNTS_CREDIBLE,
    PARTS_NOT_NEGATIVE,
    PARTS_ADD_UP,
    PAYMENT_TIES_OUT,
    WITHIN_BILL,
    DATE_GIVEN,
    DATE_NOT_AHEAD,
    BILL_NUMBER_GIVEN,
    BILL_NUMBER_SHORT,
    BILL_NUMBER_TRIMMED,
    BILL_NUMBER_PRINTABLE,
    METHOD_KNOWN,
)

APPLICATION_IDS = Rule(
    "PA-001",
    "Every payment application has its own id and those of its commitment and its project.",
    "stop",
    Stop.SCHEMA_CHANGED,
    ("application_id", "commitment_id", "project_id"),
)
APPLICATION_UNIQUE = Rule(
    "PA-002",
    "Procore lists a payment application once.",
    "stop",
    Stop.SCHEMA_CHANGED,
    ("application_id",),
)
ONE_APPLICATION_PER_BILL = Rule(
    "PA-101",
    "No two synced payment applications name the same bill.",
    "hold",
    Hold.AMBIGUOUS_MATCH,
    ("origin_id",),
)
APPLICATION_CURRENCY_KNOWN = Rule(
    "PA-110",
    "The application's currency, where given, is an ISO 4217 code that money can be paid in.",
    "hold",
    Hold.BAD_CURRENCY,
    ("currency",),
)
APPLICATION_HAS_VENDOR = Rule(
    "PA-120",
    "A synced payment application has a vendor.",
    "hold",
    Hold.VENDOR_DIFFERS,
    ("vendor_id",),
)
APPLICATION_HAS_DUE = Rule(
    "PA-201",
    # A note and no hold: matching compares the amount due with the bill, and holds what differs.
    "A synced payment application says what is due.",
    "note",
    Hold.BILL_TOTAL_DIFFERS,
    ("due_minor",),
)

PAYMENT_APPLICATIONS = (
    APPLICATION_IDS,
    APPLICATION_UNIQUE,
    ONE_APPLICATION_PER_BILL,
    APPLICATION_CURRENCY_KNOWN,
    APPLICATION_HAS_VENDOR,
    APPLICATION_HAS_DUE,
)

CONTROL_COUNT = Rule(
    "RUN-001",
    "The extract has as many payments as the ERP itself counts.",
    "stop",
    Stop.SCHEMA_CHANGED,
)
CONTROL_SUM = Rule(
    "RUN-002",
    "The extract's payments add up to the ERP's own sum, in every currency.",
    "stop",
    Stop.SCHEMA_CHANGED,
)
CURSOR_ADVANCES = Rule(
    "RUN-003",
    "Reading goes on where the last run ended, never further back.",
    "stop",
    Stop.SCHEMA_CHANGED,
)

RUN = (CONTROL_COUNT, CONTROL_SUM, CURSOR_ADVANCES)

ALL_RULES: list[Rule] = [*BILL_PAYMENTS, *PAYMENT_APPLICATIONS, *RUN]
