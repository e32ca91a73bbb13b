"""A frame is as declared, or the run stops; money stays whole on every way that frames go."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from paidsync import records
from paidsync.reasons import RunStopped, Stop
from paidsync.records import ALLOCATIONS, BILLS, CONTRACT_PAYMENTS, Schema, rows_of, totals

SMALL = Schema(
    "small",
    {
        "id": records.TEXT,
        "amount_minor": records.MONEY,
        "currency": records.TEXT,
        "n": records.COUNT,
        "flag": records.FLAG,
        "maybe": records.MAYBE,
    },
)
# Beyond 2**53, where a float would lose the last cent.
LARGE = 9_007_199_254_740_993


def row(**changes: Any) -> dict[str, Any]:
    return {
        "id": "1",
        "amount_minor": LARGE,
        "currency": "USD",
        "n": 1,
        "flag": True,
        "maybe": None,
    } | changes


def every_schema() -> list[Schema]:
    return [value for value in vars(records).values() if isinstance(value, Schema)]


def test_a_frame_as_declared_passes_with_its_columns_in_order() -> None:
    frame = SMALL.frame([row()])[["flag", "id", "amount_minor", "maybe", "currency", "n"]]
    assert list(SMALL.check(frame).columns) == list(SMALL.columns)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda frame: frame.drop(columns="id"), "missing ['id']"),
        (lambda frame: frame.assign(more=1), "surplus ['more']"),
        (
            lambda frame: frame.astype({"amount_minor": "float64"}),
            "amount_minor is float64, not Int64",
        ),
        (lambda frame: frame.astype({"n": "Int64"}), "n is Int64, not int64"),
        (lambda frame: frame.astype({"id": "object"}), "id is object"),
        (lambda frame: pd.concat([frame, frame[["id"]]], axis=1), "twice ['id']"),
    ],
)
def test_a_frame_that_is_not_as_declared_stops_the_run(change: Any, word: str) -> None:
    with pytest.raises(RunStopped) as stopped:
        SMALL.check(change(SMALL.frame([row()])))
    assert stopped.value.reason == Stop.SCHEMA_CHANGED
    assert "The small frame" in stopped.value.message
    assert word in stopped.value.message


def test_a_key_that_is_no_column_is_an_error() -> None:
    with pytest.raises(KeyError, match="typo"):
        SMALL.frame([row(), row(typo=1)])


@pytest.mark.parametrize("schema", every_schema(), ids=lambda schema: schema.name)
def test_a_frame_without_rows_is_still_of_its_schema(schema: Schema, tmp_path: Path) -> None:
    empty = schema.check(schema.frame([]))
    empty.to_parquet(tmp_path / "empty.parquet", index=False)
    assert schema.check(pd.read_parquet(tmp_path / "empty.parquet")).empty


def test_money_and_missing_money_come_back_from_parquet_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "frame.parquet"
    frame = SMALL.frame([row(), row(id=None, amount_minor=None, currency=None, maybe=False)])
    frame.to_parquet(path, index=False)
    back = SMALL.check(pd.read_parquet(path))
    assert str(back["amount_minor"].dtype) == "Int64"
    assert rows_of(back) == rows_of(frame)
    assert back["amount_minor"][0] == LARGE


def test_a_column_with_nothing_in_it_keeps_its_kind_in_parquet(tmp_path: Path) -> None:
    path = tmp_path / "frame.parquet"
    frame = SMALL.frame([row(id=None, amount_minor=None, currency=None)])
    frame.to_parquet(path, index=False)
    assert rows_of(SMALL.check(pd.read_parquet(path)))[0]["amount_minor"] is None


def test_a_left_merge_keeps_money_whole_because_money_is_nullable() -> None:
    bills = BILLS.frame([{"bill_id": "1"}, {"bill_id": "2"}])
    paid = SMALL.frame([row(id="1")]).rename(columns={"id": "bill_id"})
    merged = bills.merge(paid, on="bill_id", how="left")
    assert str(merged["amount_minor"].dtype) == "Int64"
    assert merged["amount_minor"][0] == LARGE
    # What the declared dtype protects from: a plain int64 on the right turns into float64.
    trap = bills.merge(paid.astype({"amount_minor": "int64"}), on="bill_id", how="left")
    assert str(trap["amount_minor"].dtype) == "float64"
    assert int(trap["amount_minor"][0]) != LARGE


@pytest.mark.parametrize("schema", every_schema(), ids=lambda schema: schema.name)
def test_every_column_of_money_is_nullable_and_no_column_is_a_float(schema: Schema) -> None:
    for column, dtype in schema.columns.items():
        assert (dtype == records.MONEY) == column.endswith("_minor")
        assert "float" not in dtype


def test_totals_are_per_currency_and_a_missing_currency_is_counted_apart() -> None:
    frame = SMALL.frame(
        [
            row(amount_minor=1),
            row(amount_minor=2),
            row(amount_minor=-5, currency="JPY"),
            row(amount_minor=7, currency=None),
            row(amount_minor=None),
        ]
    )
    assert totals(frame, "amount_minor") == {"?": 7, "JPY": -5, "USD": 3}


def test_totals_of_a_frame_without_rows_or_amounts_are_empty_or_nothing() -> None:
    assert totals(SMALL.frame([]), "amount_minor") == {}
    assert sum(totals(SMALL.frame([row(amount_minor=None)]), "amount_minor").values()) == 0


def test_a_total_beyond_64_bits_does_not_turn_over() -> None:
    frame = SMALL.frame([row(amount_minor=2**63 - 1), row(amount_minor=2**63 - 1)])
    assert totals(frame, "amount_minor") == {"USD": 2**64 - 2}


def test_rows_are_plain_python_values_with_none_for_what_is_missing() -> None:
    found = rows_of(SMALL.frame([row(id="", amount_minor=None, currency=None)]))[0]
    assert found == {
        "id": None,
        "amount_minor": None,
        "currency": None,
        "n": 1,
        "flag": True,
        "maybe": None,
    }
    assert type(found["n"]) is int
    assert type(found["flag"]) is bool


def test_ids_are_text_in_every_frame() -> None:
    for schema in (ALLOCATIONS, CONTRACT_PAYMENTS, BILLS):
        ids = [name for name in schema.columns if name.endswith("_id")]
        assert ids
        assert {schema.columns[name] for name in ids} == {records.TEXT}


@pytest.mark.parametrize(("cell", "text"), [(None, None), (pd.NA, None), (float("nan"), None)])
def test_a_missing_cell_is_none(cell: object, text: str | None) -> None:
    assert records.text(cell) is text
