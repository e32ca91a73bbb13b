"""Runs a suite over a frame and names every row that breaks a rule.

Everything is judged cheaply first; only rules that fail are run again with row numbers listed,
which costs about 50 microseconds for each row that breaks one. A check that could not run is
never a pass.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

import pandas as pd

from expectations import ask
from expectations.columns import unprintable
from expectations.rules import Rule, Severity
from paidsync.money import MoneyError, shown
from paidsync.reasons import Hold, RunStopped, Stop
from paidsync.records import FAULTS, text

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )
    from great_expectations.datasource.fluent.interfaces import Batch
    from great_expectations.expectations.expectation import Expectation

LISTED = 20  # rows that a stop's sentence names; holds are never cut short
_LONGEST_SHOWN = 60
_POSITION = "row_position"


class Checked(TypedDict):
    """One rule as it was applied: how many rows it judged and how many broke it."""

    rule: str
    plain: str
    severity: Severity
    rows: int
    failed: int


@dataclass(frozen=True)
class Verdict:
    """What the rules say of a frame.

    ``faults`` has a row for every rule that a row breaks, in the order of the rules.
    """

    faults: pd.DataFrame  # of paidsync.records.FAULTS
    stops: list[tuple[Rule, str]]
    checked: list[Checked]

    def first_faults(self) -> pd.DataFrame:
        """One fault for each row id: the most important one."""
        return self.faults.drop_duplicates("row_id").reset_index(drop=True)

    def raise_stops(self) -> None:
        """Ends the run if a rule says so."""
        for rule, detail in self.stops:
            reason = rule.reason if isinstance(rule.reason, Stop) else Stop.SCHEMA_CHANGED
            raise RunStopped(reason, f"{rule.id}: {detail}")


def check(
    frame: pd.DataFrame,
    rules: Sequence[Rule],
    expectations: "ExpectationSuite",
    *,
    row_id: str,
    where: Sequence[str] = (),
) -> Verdict:
    """Judges each row by each rule. ``where`` are the columns that tell a person where to look."""
    question = {_rule_id(item.meta): item for item in expectations.expectations}
    if set(question) != {rule.id for rule in rules} or len(question) < len(
        expectations.expectations
    ):
        raise _broken(f"the suite of {expectations.name} does not ask one question for each rule")
    judged = frame.reset_index(drop=True)
    judged[_POSITION] = range(len(judged))
    batch = _batch(judged)
    answers = _answers(batch.validate(expectations, result_format={"result_format": "BASIC"}))
    counts = {rule.id: _counts(rule, answers.get(rule.id)) for rule in rules}
    to_name = [rule for rule in rules if counts[rule.id][1] and rule.severity != "note"]
    positions = _positions(batch, to_name, [question[rule.id] for rule in to_name], counts)
    faults: list[dict[str, str | None]] = []
    stops: list[tuple[Rule, str]] = []
    for rule in to_name:
        broken = judged.iloc[positions[rule.id]]
        if rule.severity == "stop":
            stops.append((rule, _stop_detail(rule, broken, row_id)))
        else:
            faults.extend(_faults(rule, broken, row_id, where))
    return Verdict(FAULTS.frame(faults), stops, [_checked(rule, counts[rule.id]) for rule in rules])


def _checked(rule: Rule, count: tuple[int, int]) -> Checked:
    rows, failed = count
    return {
        "rule": rule.id,
        "plain": rule.plain,
        "severity": rule.severity,
        "rows": rows,
        "failed": failed,
    }


def _batch(frame: pd.DataFrame) -> "Batch":
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("run").add_dataframe_asset("frame")
    definition = asset.add_batch_definition_whole_dataframe("all rows")
    return definition.get_batch(batch_parameters={"dataframe": frame})


def _answers(
    results: "ExpectationSuiteValidationResult",
) -> "dict[str, ExpectationValidationResult]":
    return {
        _rule_id(answer.expectation_config.meta): answer
        for answer in results.results
        if answer.expectation_config is not None
    }


def _positions(
    batch: "Batch",
    rules: Sequence[Rule],
    questions: "Sequence[Expectation]",
    counts: Mapping[str, tuple[int, int]],
) -> dict[str, list[int]]:
    """The row numbers that break each rule, all of them."""
    if not rules:
        return {}
    answers = _answers(
        batch.validate(
            ask.suite("rows that break a rule", questions),
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": [_POSITION],
                "return_unexpected_index_query": False,
            },
        )
    )
    found: dict[str, list[int]] = {}
    for rule in rules:
        answer = answers.get(rule.id)
        again = _counts(rule, answer)
        listed = answer.result.get("unexpected_index_list") if answer is not None else None
        positions = sorted({int(entry[_POSITION]) for entry in listed or []})
        if again != counts[rule.id] or len(positions) != again[1]:
            raise _broken(
                f"{rule.id} counts {counts[rule.id][1]} rows that break it, but names "
                f"{len(positions)}"
            )
        found[rule.id] = positions
    return found


def _counts(rule: Rule, answer: "ExpectationValidationResult | None") -> tuple[int, int]:
    """Rows judged and rows that break the rule; stops where the check itself went wrong."""
    if answer is None:
        raise _broken(f"{rule.id} gave no answer")
    result = answer.result or {}
    rows, failed = result.get("element_count"), result.get("unexpected_count")
    if rows is None or failed is None or bool(answer.success) != (failed == 0):
        raise _broken(f"{rule.id} could not be checked: {_what_went_wrong(answer.exception_info)}")
    return int(rows), int(failed)


def _what_went_wrong(info: Mapping[str, Any] | None) -> str:
    for entry in [info or {}, *(info or {}).values()]:
        if isinstance(entry, Mapping) and entry.get("exception_message"):
            return str(entry["exception_message"]).rstrip(".")
    return "it gave no figures"


def _broken(what: str) -> RunStopped:
    return RunStopped(Stop.SCHEMA_CHANGED, f"A data check itself failed: {what}.")


def _rule_id(meta: Mapping[str, Any] | None) -> str:
    return str((meta or {}).get("rule", ""))


def _stop_detail(rule: Rule, broken: pd.DataFrame, row_id: str) -> str:
    listed = []
    for row in broken.head(LISTED).to_dict("records"):
        identity = text(row[row_id])
        seen = ", ".join(_seen(row, column) for column in rule.shows if column != row_id)
        listed.append((_quoted(identity) if identity else "a row without an id") + f" ({seen})")
    more = f" and {len(broken) - LISTED:,} more" if len(broken) > LISTED else ""
    return f"{rule.plain} Not so in {len(broken):,} rows: {'; '.join(listed)}{more}."


def _faults(
    rule: Rule, broken: pd.DataFrame, row_id: str, where: Sequence[str]
) -> list[dict[str, str | None]]:
    columns = [row_id, *where, *rule.shows, "currency", "payment_currency", rule.reason_in]
    records = broken[[column for column in broken.columns if column in columns]].to_dict("records")
    return [
        {
            "row_id": text(row[row_id]),
            "rule": rule.id,
            "reason": (reason := _reason(rule, row)),
            "detail": f"{_sentence(rule, reason)} Seen: {_all_seen(row, rule.shows)}; "
            f"{_all_seen(row, where)}.",
        }
        for row in records
    ]


def _reason(rule: Rule, row: Mapping[Any, Any]) -> str:
    return (text(row[rule.reason_in]) if rule.reason_in else None) or rule.reason.value


def _sentence(rule: Rule, reason: str) -> str:
    """What is wrong, in the words of the hold; a stop and a note say which rule is broken."""
    return Hold(reason).plain if rule.severity == "hold" else f"Not so: {rule.plain}"


def _all_seen(row: Mapping[Any, Any], columns: Sequence[str]) -> str:
    return ", ".join(_seen(row, column) for column in columns)


def _seen(row: Mapping[Any, Any], column: str) -> str:
    value = row[column]
    label = column.removesuffix("_minor").replace("_", " ")
    if pd.isna(value):
        return f"no {label}"
    if not column.endswith("_minor"):
        return f"{label} {_quoted(value) if isinstance(value, str) else value}"
    of_payment = column.startswith(("payment_", "tie_out_"))
    currency = text(row["payment_currency" if of_payment else "currency"])
    try:
        return f"{label} {shown(int(value), currency or '')}"
    except MoneyError:
        return f"{label} {int(value):,} minor units"


def _quoted(value: str) -> str:
    """Text as one line: cut where it is long, with what cannot be shown spelled out."""
    cut = value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "..."
    return "'" + "".join(_spelled(letter) for letter in cut) + "'"


def _spelled(letter: str) -> str:
    return f"<U+{ord(letter):04X}>" if unprintable(letter) else letter
