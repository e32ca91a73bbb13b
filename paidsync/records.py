"""Frames that stages hand on: columns and dtypes, declared once (house plan 5).

Money columns end in ``_minor`` and are whole minor units of the row's ``currency``; ids are
strings; dates are ISO 8601 calendar dates, instants ISO 8601 in UTC, both as strings, so that
what a source wrote wrongly stays visible. A missing string is NaN, a missing amount is NA.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd
from pandas.api.types import pandas_dtype

from paidsync.reasons import RunStopped, Stop

TEXT = "str"
MONEY = "Int64"
COUNT = "int64"
FLAG = "bool"
MAYBE = "boolean"

_dtype = cache(pandas_dtype)  # of a name; pandas alone looks through all that it has


def column(cells: list[Any], dtype: str) -> Any:
    """The cells of a column, of one of the dtypes above."""
    return pd.array(cells, dtype=_dtype(dtype))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Schema:
    """The columns of a frame, in order, with their dtypes."""

    name: str
    columns: Mapping[str, str]

    def frame(self, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
        """A frame of this schema from records; keys that are not columns are an error."""
        records = list(rows)
        unknown = {key for row in records for key in row} - set(self.columns)
        if unknown:
            raise KeyError(f"{self.name} has no columns {sorted(unknown)}")
        return pd.DataFrame(
            {
                name: column([row.get(name) for row in records], dtype)
                for name, dtype in self.columns.items()
            }
        )

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame, if it is of this schema; else the run stops (schema_changed)."""
        if self._is_of(frame):
            return frame
        seen = {str(column): str(dtype) for column, dtype in frame.dtypes.items()}
        if seen != dict(self.columns) or len(frame.columns) != len(seen):
            missing = sorted(set(self.columns) - set(seen))
            surplus = sorted(set(seen) - set(self.columns))
            wrong = sorted(
                f"{column} is {seen[column]}, not {dtype}"
                for column, dtype in self.columns.items()
                if column in seen and seen[column] != dtype
            )
            raise RunStopped(
                Stop.SCHEMA_CHANGED,
                f"The {self.name} frame is not as declared: missing {missing}, surplus {surplus}, "
                f"wrong {wrong}, twice {sorted(frame.columns[frame.columns.duplicated()])}.",
            )
        return frame[list(self.columns)]

    def _is_of(self, frame: pd.DataFrame) -> bool:
        """Whether a frame is just as declared, its columns in this order too."""
        if list(frame.columns) != list(self.columns):
            return False
        return list(frame.dtypes) == [_dtype(dtype) for dtype in self.columns.values()]


ALLOCATIONS = Schema(
    "allocations",
    {
        "allocation_id": TEXT,
        "payment_id": TEXT,
        "bill_id": TEXT,
        "standing": TEXT,  # paidsync.records.Standing
        "payment_number": TEXT,
        "payment_date": TEXT,  # of a prepayment, the day on which it was applied
        "document_date": TEXT,  # the payment's own date, which the ERP counts it under
        "payment_method": TEXT,  # check, credit_card, electronic
        "vendor_id": TEXT,  # the bill's vendor, never the payee
        "vendor_name": TEXT,
        "bill_number": TEXT,
        "bill_date": TEXT,
        "currency": TEXT,  # the bill's
        "settled_minor": MONEY,
        "cash_minor": MONEY,
        "discount_minor": MONEY,
        "credit_minor": MONEY,
        "withheld_minor": MONEY,
        "payment_currency": TEXT,
        "payment_total_minor": MONEY,  # of payment_currency, as are the next two
        "payment_credits_minor": MONEY,
        "payment_unapplied_minor": MONEY,
        "home_per_foreign": TEXT,  # decimal; travels beside, never computes
        "bill_total_minor": MONEY,
        "bill_net_minor": MONEY,
        "bill_tax_minor": MONEY,
        "bill_settled_minor": MONEY,  # what the ERP says is settled on the bill, by whatever
        "retainage_of": TEXT,
        "named_commitments": TEXT,  # comma-separated external ids on the bill's lines
        "split_application": TEXT,  # of a bill that the policy splits: this part's application
        "reversal_date": TEXT,  # the ERP's reversing document, where there is one
        "reversed_by": TEXT,
        "modified_at": TEXT,
        "version": TEXT,
        "fault": TEXT,  # a hold reason that the connector itself states
        "split_in_proportion": FLAG,  # credits were spread: sound on one commitment only
        "fresh": FLAG,  # read from the ERP in this run
        "opening": FLAG,  # history of the opening scan
        "opening_state": TEXT,  # fingerprint of what the opening scan saw
    },
)


class Standing:
    """What the ERP says of an allocation now."""

    LIVE = "live"
    NOT_ISSUED = "not_issued"
    VOIDED = "voided"
    REAPPLIED = "reapplied"  # the payment lives, this bill is no longer in it
    DELETED = "deleted"  # gone on proof (money-rules 5.3)
    DISAPPEARED = "disappeared"  # no longer shown, without proof


BILLS = Schema(
    "bills",
    {
        "bill_id": TEXT,
        "vendor_id": TEXT,
        "number": TEXT,
        "currency": TEXT,
        "total_minor": MONEY,
        "settled_minor": MONEY,
        "paid_cash_minor": MONEY,
    },
)

PAYMENT_APPLICATIONS = Schema(
    "payment_applications",
    {
        "application_id": TEXT,
        "project_id": TEXT,
        "commitment_id": TEXT,
        "number": TEXT,  # its place on the commitment
        "invoice_number": TEXT,
        "invoice_type": TEXT,  # progress, retainage_release or both in one
        "status": TEXT,
        "origin_id": TEXT,
        "vendor_id": TEXT,
        "vendor_origin_id": TEXT,
        "due_minor": MONEY,
        "retainage_minor": MONEY,
        "tax_minor": MONEY,
        "currency": TEXT,
        "updated_at": TEXT,
    },
)

COMMITMENTS = Schema(
    "commitments",
    {
        "commitment_id": TEXT,
        "project_id": TEXT,
        "project_name": TEXT,
        "project_active": FLAG,
        "kind": TEXT,  # work_order or purchase_order
        "number": TEXT,
        "title": TEXT,
        "status": TEXT,
        "currency": TEXT,
        "vendor_id": TEXT,
        "updated_at": TEXT,
    },
)

CONTRACT_PAYMENTS = Schema(
    "contract_payments",
    {
        "contract_payment_id": TEXT,
        "project_id": TEXT,
        "commitment_id": TEXT,
        "application_id": TEXT,
        "amount_minor": MONEY,
        "currency": TEXT,  # the commitment's
        "date": TEXT,
        "invoice_number": TEXT,
        "check_number": TEXT,
        "notes": TEXT,
        "origin_id": TEXT,
        "origin_data": TEXT,
        "external_payment_id": TEXT,
        "created_at": TEXT,
    },
)

DISPOSITIONS = Schema(
    "dispositions",
    {
        "allocation_id": TEXT,
        "disposition": TEXT,
        "reason": TEXT,
        "detail": TEXT,  # for a person: what was seen, where
        "rule": TEXT,  # id of the expectation or the match strategy that decided
        "amber": TEXT,  # comma-separated remarks on a matched row
        "application_id": TEXT,
        "commitment_id": TEXT,
        "project_id": TEXT,
        "currency": TEXT,
        "cash_minor": MONEY,
        "state": TEXT,  # fingerprint that a hold or a decision binds to (money-rules 2)
        "outcome": TEXT,  # of a matched row, once planned: right, planned, left or not_asked
    },
)

FAULTS = Schema(
    "faults",
    {"row_id": TEXT, "rule": TEXT, "reason": TEXT, "detail": TEXT},
)

ENTRIES = Schema(
    "entries",
    {
        "origin_id": TEXT,
        "allocation_id": TEXT,
        "n": COUNT,
        "kind": TEXT,  # payment or reversal
        "reverses": TEXT,  # the origin_id of the entry that a reversal takes back
        "links": TEXT,  # the typed row that gets our id, instead of a new one
        "payment_id": TEXT,
        "bill_id": TEXT,
        "project_id": TEXT,
        "commitment_id": TEXT,
        "application_id": TEXT,
        "application_number": TEXT,
        "amount_minor": MONEY,  # negative on a reversal
        "currency": TEXT,
        "date": TEXT,
        "invoice_number": TEXT,
        "invoice_date": TEXT,
        "check_number": TEXT,
        "payment_method": TEXT,
        "notes": TEXT,
        "gross_minor": MONEY,
        "tax_minor": MONEY,
        "amber": TEXT,
        "policy_version": COUNT,
        "resumes": FLAG,  # planned or sending in an earlier run
    },
)


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a frame as Python values: int, bool, str, and None where a cell is missing."""
    if frame.empty:
        return []
    columns: dict[str, list[Any]] = {}
    for name in frame.columns:
        series = frame[name]
        if pd.api.types.is_bool_dtype(series.dtype):
            columns[name] = [None if value is pd.NA else bool(value) for value in series]
        elif pd.api.types.is_integer_dtype(series.dtype):
            columns[name] = [None if value is pd.NA else int(value) for value in series]
        else:
            columns[name] = [text(value) for value in series]
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


VERIFIED = Schema(
    "verified",
    {
        "origin_id": TEXT,
        "allocation_id": TEXT,
        "kind": TEXT,
        "project_id": TEXT,
        "commitment_id": TEXT,
        "contract_payment_id": TEXT,
        "invoice_number": TEXT,
        "bill_number": TEXT,
        "amount_minor": MONEY,
        "currency": TEXT,
        "date": TEXT,
        "check_number": TEXT,
        "colour": TEXT,  # green: synced; amber: synced, with a remark; red: not as sent
        "remark": TEXT,
    },
)


def totals(frame: pd.DataFrame, column: str) -> dict[str, int]:
    """Sum of a money column per currency, in minor units; a missing currency counts as ``?``."""
    # Python's own integers: a sum in 64 bits would turn over without a word.
    amounts = frame[column].dropna().astype(object)
    sums = amounts.groupby(frame["currency"].fillna("?")).sum()
    return {str(currency): int(total) for currency, total in sorted(sums.items())}


def text(value: object) -> str | None:
    """A cell of a text column for Python: None where it is missing or empty."""
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return None
    return str(value) or None
