"""The rules for payment applications as Procore lists them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from expectations import ask, columns, gate, rules
from paidsync.records import PAYMENT_APPLICATIONS

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite

RULES: Sequence[rules.Rule] = rules.PAYMENT_APPLICATIONS


def validate(applications: pd.DataFrame) -> gate.Verdict:
    """Judges payment applications; most rules ask only about synced ones."""
    return gate.check(
        prepared(PAYMENT_APPLICATIONS.check(applications)),
        RULES,
        suite(),
        row_id="application_id",
        where=("number", "commitment_id", "project_id"),
    )


def suite() -> "ExpectationSuite":
    """The suite over a prepared frame; each expectation carries the id of its rule."""
    return ask.suite(
        "payment applications",
        [
            ask.zero(rules.APPLICATION_IDS, "ids_missing"),
            ask.unique(rules.APPLICATION_UNIQUE, "application_id"),
            ask.unique(rules.ONE_APPLICATION_PER_BILL, "bill_named"),
            ask.zero(rules.APPLICATION_CURRENCY_KNOWN, "currency_unknown"),
            ask.zero(rules.APPLICATION_HAS_VENDOR, "vendor_missing"),
            ask.zero(rules.APPLICATION_HAS_DUE, "due_missing"),
        ],
    )


def prepared(applications: pd.DataFrame) -> pd.DataFrame:
    """The applications with the columns that the expectations ask about; NA is not judged."""
    named = applications["origin_id"].str.strip().replace("", None)
    synced = named.notna()
    given = applications["currency"].replace("", None).notna()
    vendor_missing = columns.count_blank(applications, ["vendor_id"])
    due_missing = applications["due_minor"].isna().astype("Int64")
    return applications.assign(
        ids_missing=columns.count_blank(
            applications, ["application_id", "commitment_id", "project_id"]
        ),
        bill_named=named,
        currency_unknown=columns.currency_unknown(applications["currency"]).where(given),
        vendor_missing=vendor_missing.where(synced),
        due_missing=due_missing.where(synced),
    )
