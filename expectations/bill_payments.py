"""The rules for allocations: what the ERP says was paid on which bill (money-rules 1).

Helper columns that need arithmetic over several columns or rows are computed by ``prepared``, a
pure function; the expectations then say what each column may hold. Identity is asked of every
row. Everything else is asked of live allocations only: the plan judges the others.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from expectations import ask, columns, gate, rules
from expectations.rules import EARLIEST, LARGEST_MINOR, LONGEST_BILL_NUMBER, METHODS
from paidsync.reasons import Hold
from paidsync.records import ALLOCATIONS, Standing, text

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite

RULES: Sequence[rules.Rule] = rules.BILL_PAYMENTS
STANDINGS = (
    Standing.LIVE,
    Standing.NOT_ISSUED,
    Standing.VOIDED,
    Standing.REAPPLIED,
    Standing.DELETED,
    Standing.DISAPPEARED,
)
_ISO_DATE = len("2026-01-31")
_PARTS = ["settled_minor", "cash_minor", "discount_minor", "credit_minor", "withheld_minor"]


def validate(allocations: pd.DataFrame, *, today: date) -> gate.Verdict:
    """Judges allocations; ``today`` is the day in the ERP company's own calendar."""
    return gate.check(
        prepared(ALLOCATIONS.check(allocations), today=today),
        RULES,
        suite(),
        row_id="allocation_id",
        where=("payment_id", "payment_number", "bill_id"),
    )


def suite() -> "ExpectationSuite":
    """The suite over a prepared frame; each expectation carries the id of its rule."""
    live = ("standing", Standing.LIVE)
    return ask.suite(
        "bill payments",
        [
            ask.zero(rules.ALLOCATION_IDS, "ids_missing"),
            ask.one_of(rules.STANDING_KNOWN, "standing", STANDINGS),
            ask.one_of(rules.FAULT_KNOWN, "fault", [hold.value for hold in Hold]),
            ask.unique(rules.ALLOCATION_UNIQUE, "allocation_id"),
            ask.absent(rules.NO_FAULT, "fault", only=live),
            ask.zero(rules.CURRENCY_KNOWN, "currency_unknown", only=live),
            ask.zero(rules.AMOUNTS_GIVEN, "amounts_missing", only=live),
            ask.between(rules.SETTLED_POSITIVE, "settled_minor", 1, None, only=live),
            ask.between(rules.CASH_NOT_NEGATIVE, "cash_minor", 0, None, only=live),
            ask.between(
                rules.AMOUNTS_CREDIBLE, "largest_part_minor", None, LARGEST_MINOR, only=live
            ),
            ask.between(rules.PARTS_NOT_NEGATIVE, "smallest_part_minor", 0, None, only=live),
            ask.zero(rules.PARTS_ADD_UP, "split_gap_minor", only=live),
            ask.zero(rules.PAYMENT_TIES_OUT, "tie_out_gap_minor", only=live),
            ask.between(rules.WITHIN_BILL, "over_bill_minor", None, 0, only=live),
            ask.zero(rules.DATE_GIVEN, "date_missing", only=live),
            ask.between(rules.DATE_NOT_AHEAD, "days_after_today", None, 0, only=live),
            ask.zero(rules.BILL_NUMBER_GIVEN, "bill_number_missing", only=live),
            ask.between(
                rules.BILL_NUMBER_SHORT, "bill_number_length", 1, LONGEST_BILL_NUMBER, only=live
            ),
            ask.zero(rules.BILL_NUMBER_TRIMMED, "bill_number_padding", only=live),
            ask.zero(rules.BILL_NUMBER_PRINTABLE, "bill_number_unprintable", only=live),
            ask.one_of(rules.METHOD_KNOWN, "payment_method", METHODS, only=live),
        ],
    )


def prepared(allocations: pd.DataFrame, *, today: date) -> pd.DataFrame:
    """The allocations with the columns that the expectations ask about; NA is not judged."""
    frame = allocations.assign(
        standing=allocations["standing"].fillna(""),
        fault=allocations["fault"].replace("", None),
        payment_method=allocations["payment_method"].replace("", None),
    )
    smaller_parts = frame[["discount_minor", "credit_minor", "withheld_minor"]].fillna(0)
    amounts_missing = frame[["settled_minor", "cash_minor"]].isna().sum(axis="columns")
    return frame.assign(
        ids_missing=columns.count_blank(frame, ["allocation_id", "payment_id", "bill_id"]),
        currency_unknown=columns.currency_unknown(frame["currency"]),
        amounts_missing=amounts_missing.astype("Int64").mask(frame["fault"].notna()),
        largest_part_minor=frame[_PARTS].max(axis="columns").astype("Int64"),
        smallest_part_minor=smaller_parts.min(axis="columns").astype("Int64"),
        split_gap_minor=frame["settled_minor"] - frame["cash_minor"] - _summed(smaller_parts),
        tie_out_gap_minor=tie_out_gap(frame),
        over_bill_minor=frame["settled_minor"] - frame["bill_total_minor"],
        **_dates(frame["payment_date"], today),
        **_bill_numbers(frame["bill_number"]),
    )


def tie_out_gap(allocations: pd.DataFrame) -> pd.Series:
    """How far a payment's total is from its live allocations, the same on each of its rows.

    Total = applied - credits + unapplied, where applied is what the payment itself brought to the
    bill: discount and tax withheld settle a bill without being paid. NA where it cannot be told:
    a figure is missing, bill and payment differ in currency, or the payment was not read in this
    run.
    """
    live = allocations[allocations["standing"] == Standing.LIVE]
    payment = live["payment_id"]
    applied = (
        live["settled_minor"] - live["discount_minor"].fillna(0) - live["withheld_minor"].fillna(0)
    )
    total = live["payment_total_minor"]
    rest = live["payment_unapplied_minor"] - live["payment_credits_minor"]
    comparable = (
        (live["payment_currency"] == live["currency"])
        & applied.notna()
        & total.notna()
        & rest.notna()
    )
    told = comparable.groupby(payment).transform("all") & live["fresh"].groupby(payment).transform(
        "any"
    )
    gap = (total - rest - applied.groupby(payment).transform("sum")).abs()
    return gap.groupby(payment).transform("max").where(told).reindex(allocations.index)


def _summed(parts: pd.DataFrame) -> pd.Series:
    return parts["discount_minor"] + parts["credit_minor"] + parts["withheld_minor"]


def _dates(written: pd.Series, today: date) -> dict[str, pd.Series]:
    """How many days after today; and 1 where there is no such date, else 0."""
    days = {value: _day(value) for value in written.dropna().unique()}
    ahead = pd.array(
        [
            None if (day := days.get(value)) is None else (day - today).days
            for value in written.to_numpy()
        ],
        dtype="Int64",
    )
    after = pd.Series(ahead, written.index)
    return {"days_after_today": after, "date_missing": after.isna().astype("Int64")}


def _day(written: str) -> date | None:
    """An ISO calendar date, to the letter; the other ISO forms are not what a source is to give."""
    if len(written) != _ISO_DATE or written[4] != "-" or written[7] != "-":
        return None
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return None
    return day if day >= EARLIEST else None


def _bill_numbers(written: pd.Series) -> dict[str, pd.Series]:
    """Length, blanks around and characters that cannot be shown, of each number that is given."""
    given = [value if (value := text(cell)) and value.strip() else None for cell in written]

    def counted(count: Callable[[str], int]) -> pd.Series:
        values = [None if number is None else count(number) for number in given]
        return pd.Series(pd.array(values, dtype="Int64"), written.index)

    return {
        "bill_number_missing": pd.Series([n is None for n in given], written.index).astype("Int64"),
        "bill_number_length": counted(len),
        "bill_number_padding": counted(lambda number: len(number) - len(number.strip())),
        "bill_number_unprintable": counted(_unprintable),
    }


def _unprintable(number: str) -> int:
    plain = number.isprintable() and "\N{REPLACEMENT CHARACTER}" not in number
    return 0 if plain else sum(columns.unprintable(letter) for letter in number)
