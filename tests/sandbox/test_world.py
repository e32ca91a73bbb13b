"""The invented company: the same story for the same seed, in every size."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import timedelta
from pathlib import Path

import pytest
from quickbooks_helpers import Player

from sandbox.answers import as_json, counts
from sandbox.company import World
from sandbox.truth import tell
from sandbox.world import build

HELD = {
    "missing_bill_number": 1,
    "date_in_future": 1,
    "looks_like_manual_payment": 1,
    "cash_split_unknown": 2,
    "vendor_differs": 1,
    "currency_differs": 1,
    "amount_exceeds_bill": 1,
    "payments_tab_disabled": 1,
}


@pytest.fixture(scope="module")
def large() -> World:
    """A world of ten thousand allocations; nobody changes it."""
    return build("10k", 7)


def story(seed: int) -> list[object]:
    """Everything of a world that must not depend on the day."""
    world = build("demo", seed)
    start = world.today
    payments = [
        (p.id, p.number, str(p.total), (p.txn_date - start).days, len(p.lines))
        for p in world.erp.payments.rows.values()
    ]
    bills = [(b.id, b.number, str(b.total), str(b.balance)) for b in world.erp.bills.rows.values()]
    rows = [
        {k: v for k, v in row.items() if k != "date"}
        for one in as_json(tell(world))["commitments"]
        for row in one["rows"]
    ]
    return [world.erp.company_id, payments, bills, rows]


def test_the_same_seed_gives_the_same_story() -> None:
    assert story(7) == story(7)
    assert story(7) != story(8)


@pytest.mark.parametrize("seed", [1, 7, 42])
def test_the_demo_has_every_case_once(seed: int) -> None:
    expected = counts(tell(build("demo", seed)))
    assert expected == {
        "allocations": 41,
        "matched": 25,
        "outside": 5,
        "pending": 2,
        "held": HELD,
        "outside_reasons": {"no_application": 4, "credit_application": 1},
        "pending_reasons": {"not_issued_yet": 1, "application_not_synced": 1},
        "voided_payments": 1,
    }


def test_ten_thousand_allocations_in_proportion(large: World) -> None:
    world = large
    expected = counts(tell(world))
    assert 9_900 <= expected["allocations"] <= 10_200
    assert set(expected["held"]) == set(HELD)
    assert expected["matched"] > 8_500
    per_commitment = Counter(
        v.commitment_id for v in tell(world).verdicts if v.disposition == "matched"
    )
    ordinary = sorted(per_commitment.values())[len(per_commitment) // 3 :]
    assert ordinary[0] >= 15
    assert ordinary[-1] <= 100


def test_metadata_times_leave_windows_below_a_thousand_rows(large: World) -> None:
    world = large
    per_day = Counter(p.updated // 86400 for p in world.erp.payments.rows.values())
    assert max(per_day.values()) < 1000
    assert max(p.updated for p in world.erp.payments.rows.values()) <= world.erp.now()


@pytest.mark.parametrize("size", ["demo", "10k"])
def test_no_payment_looks_like_another(size: str, large: World) -> None:
    """Only the row that was typed by hand resembles a payment."""
    world = large if size == "10k" else build(size, 7)
    truth = tell(world)
    checks = defaultdict(set)
    amounts = defaultdict(list)
    for verdict in truth.verdicts:
        if verdict.commitment_id and verdict.target and verdict.disposition == "matched":
            if verdict.check_number:
                checks[verdict.commitment_id, verdict.check_number].add(verdict.payment_id)
            amounts[verdict.commitment_id, verdict.target].append(verdict.date)
    assert all(len(payments) == 1 for payments in checks.values())
    for dates in amounts.values():
        dates.sort()
        pairs = itertools.pairwise(dates)
        assert all(later - earlier > timedelta(days=7) for earlier, later in pairs)


def test_an_unknown_size_is_named() -> None:
    with pytest.raises(ValueError, match="no size 'huge'"):
        build("huge")


def test_the_sandbox_imports_nothing_of_the_product() -> None:
    ours = {"sandbox", "starlette", "uvicorn", "httpx", "rich"}
    for path in Path("sandbox").rglob("*.py"):
        for line in path.read_text().splitlines():
            if line.startswith(("from ", "import ")):
                name = line.split()[1].split(".")[0]
                assert not name or name in ours or name in sys.stdlib_module_names, (path, line)


def test_the_world_is_readable(sandbox_demo: Player) -> None:
    world = sandbox_demo.see("/world")
    assert world["company"] == "Bluebird Construction"
    assert world["counts"]["commitments"] == 10
    assert world["counts"]["projects"] == 3
    assert Counter(a["disposition"] for a in world["allocations"])["matched"] == 25
    assert all(a["reason"] for a in world["allocations"] if a["disposition"] != "matched")
    assert len(sandbox_demo.see("/world?limit=3")["bills"]) == 3


def test_it_runs_as_a_module_and_stops_when_told(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "sandbox", "--size", "empty"]
    command += ["--erp", "quickbooks_online", "--ready-file", str(ready)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = json.loads(ready.read_text())
        assert found["control"] in line
        assert set(found) == {"procore", "quickbooks_online", "control"}
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=5) == 0
    assert not ready.exists()
