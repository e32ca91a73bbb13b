"""Green means read back: not what Procore answered counts, but what it shows (money-rules 5.4)."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from meanwhile import just_before
from town import Town


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"requisition_id": None}, "application - instead of"),
        ({"amount": "1.00"}, "amount in minor units 100 instead of 10000"),
        ({"invoice_number": "other"}, "invoice number other instead of"),
        ({"origin_id": None}, "not in Procore's list"),
    ],
    ids=["link", "amount", "invoice number", "id"],
)
def test_rule_5_4_a_canary_that_does_not_stand_as_sent_stops_the_rest(
    town: Town, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], says: str
) -> None:
    for place in range(3):
        town.paid(f"{100 + place}.00", place)
    just_before(
        monkeypatch,
        "verify_batch",
        lambda: town.do("/procore/raw", id=town.rows()[0].id, changes=changes),
    )
    summary = town.sync()
    assert summary["state"] == "TotalsDiffer", summary
    assert summary["message"].startswith("Posted but not verified: ")
    assert says in summary["message"]
    assert (summary["posted"], summary["verified"], town.posts) == (1, 0, 1)
    row = pd.read_parquet(Path(summary["folder"]) / "verified_0001.parquet").iloc[0]
    assert row["colour"] == "red"
    assert says in row["remark"]
    town.do("/procore/raw", id=town.rows()[0].id)
    town.settled(state="Completed", posted=2)
    assert town.posts == 3


def test_rule_6_2_a_row_that_took_our_id_after_the_plan_is_not_ours(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid = town.paid("100.00")
    ours = f"{paid.prefix}:1"

    def taken() -> None:
        town.do("/procore/row", commitment_id=town.commitments[0], amount="60.00", origin_id=ours)

    just_before(monkeypatch, "load_batch", taken)
    summary = town.sync()
    assert (summary["posted"], summary["verified"], town.posts) == (0, 0, 0)
    assert summary["held"] == {"origin_id_conflict": 1}
