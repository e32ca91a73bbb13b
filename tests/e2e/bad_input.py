"""What the tests of bad input share: bad payments beside a healthy one, and impatience."""

import json
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from town import Paid, Said, Town

from connectors.http import Http
from paidsync.reasons import Hold

ENDED_WELL = ("Completed", "Held", "NothingToDo")


def impatient(patch: pytest.MonkeyPatch) -> None:
    """No pauses between tries, no long wait for a rate limit."""
    patch.setattr(Http, "_backoff", staticmethod(lambda _state: 0.0))
    patch.setenv("PAIDSYNC_LONGEST_WAIT_SECONDS", "1")


def short_of_time(patch: pytest.MonkeyPatch) -> None:
    """A second for an answer, and two tries."""
    patch.setattr("connectors.http._TIMEOUT", httpx.Timeout(1.0))
    patch.setattr("connectors.http._TRIES", 2)


def sentence(said: Said, code: int) -> str:
    """One line on standard error, no traceback; the line."""
    assert said.code == code, said
    [line] = str(said.err).strip().splitlines()
    assert line.startswith("paidsync: "), line
    assert line.endswith((".", "`")), line
    return line


def raw(town: Town, kind: str, ident: str, **fields: Any) -> None:
    """Serve a record of the ERP with these fields; without any as it is again."""
    town.do("/erp/raw", kind=kind, id=ident, changes=fields or None)


def decided(summary: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What the run came to for each payment: its row of the frame ``decided``."""
    frame = pd.read_parquet(Path(summary["folder"]) / "decided.parquet")
    read = pd.read_parquet(Path(summary["folder"]) / "allocations.parquet")
    rows = frame.merge(read[["allocation_id", "payment_id"]], on="allocation_id")
    return {str(row["payment_id"]): dict(row) for _, row in rows.iterrows()}


def ties(summary: dict[str, Any]) -> None:
    """Every allocation read has exactly one disposition, and no total differs (money-rules 2)."""
    counted = sum(sum(summary[kind].values()) for kind in ("outside", "pending", "held"))
    matched = summary["already_right"] + summary["posted"] + summary["left"]
    assert summary["totals_differ"] == []
    assert counted + matched == summary["extracted"], json.dumps(summary, indent=1)


def held_beside(
    town: Town, healthy: Paid, bad: dict[str, tuple[Hold, str]], **expected: Any
) -> dict[str, Any]:
    """A sync that posts the healthy payment and holds each bad one, by payment id with its reason
    and a part of what the hold tells; its summary."""
    summary: dict[str, Any] = town.sync()
    assert summary["state"] == "Held", json.dumps(summary, indent=1)
    ties(summary)
    rows = decided(summary)
    for payment, (reason, says) in bad.items():
        row = rows[payment]
        assert (row["disposition"], row["reason"]) == ("held", reason.value), row
        assert says in row["detail"], row["detail"]
    assert sum(summary["held"].values()) == len(bad), summary["held"]
    assert town.amounts(healthy.prefix), summary
    assert {name: summary[name] for name in expected} == expected
    open_ = {hold["allocation_id"] for hold in town.ledger.holds.open(town.name)}
    assert open_ == {rows[payment]["allocation_id"] for payment in bad}
    return summary


def healed(town: Town, posted: int) -> dict[str, Any]:
    """The sync after everything was mended: what was held is posted, no hold is left."""
    summary: dict[str, Any] = town.settled(state="Completed", posted=posted, held={})
    ties(summary)
    assert town.ledger.holds.open(town.name) == []
    return summary
