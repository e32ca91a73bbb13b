"""The demonstration's own helpers; `make demo` is the test of the demonstration."""

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.answers import as_json
from sandbox.demo.changes import choose
from sandbox.demo.figures import moves, outside_allocations, unlike
from sandbox.demo.place import DemoFailed, Place, fresh_place
from sandbox.demo.processes import Processes
from sandbox.readable import as_json as readable
from sandbox.truth import tell
from sandbox.world import build


def truth(**rows):
    listed = [{"origin_prefix": prefix, "amount_minor": minor} for prefix, minor in rows.items()]
    return {"commitments": [{"currency": "USD", "rows": listed}]}


def test_moves_are_what_differs_between_two_truths():
    before = truth(stays=100, voided=250, edited=900)
    after = truth(stays=100, edited=850, new=70)
    assert moves(before, after) == {
        "posted": 2,
        "reversed": 2,
        "money": {"USD": -250 - 900 + 850 + 70},
    }


def test_no_move_where_the_truth_is_the_same():
    assert moves(truth(a=1), truth(a=1)) == {"posted": 0, "reversed": 0, "money": {}}


def test_outside_counts_what_the_truth_knows_as_allocations():
    summary = {"outside": {"unapplied": 1, "voided_before_posting": 1, "credit_application": 2}}
    assert outside_allocations(summary) == 2


def test_unlike_names_each_figure():
    assert unlike({"posted": 3, "left": 0}, {"posted": 2, "left": 0}) == ["posted is 2, expected 3"]


@pytest.mark.parametrize("seed", [1, 7, 8])
def test_the_changes_touch_different_payments_of_any_demo_world(seed):
    world = build("demo", seed)
    chosen = choose(readable(world, 1000), as_json(tell(world)))
    payments = {row["payment_id"] for row in (chosen.voided, chosen.edited, chosen.deleted)}
    bills = {row["bill_id"] for row in (chosen.voided, chosen.edited, chosen.deleted)}
    assert len(payments) == 3
    assert chosen.part_paid["id"] not in bills
    assert len({one["vendor_id"] for one in chosen.commitments}) == 1


def test_a_persons_settings_do_not_reach_the_demonstration(tmp_path):
    outer = {"PAIDSYNC_DATABASE_URL": "postgresql://theirs", "PREFECT_API_KEY": "x", "PATH": "/bin"}
    environment = Place(tmp_path).environment(outer, 4200)
    assert "PAIDSYNC_DATABASE_URL" not in environment
    assert "PREFECT_API_KEY" not in environment
    assert environment["PATH"] == "/bin"
    assert Path(environment["PREFECT_HOME"]).is_relative_to(tmp_path)


def test_two_demonstrations_do_not_share_a_folder(tmp_path):
    (tmp_path / ".paidsync").mkdir()
    (tmp_path / ".paidsync" / "theirs").touch()
    with fresh_place(tmp_path), pytest.raises(DemoFailed, match="Another"), fresh_place(tmp_path):
        pass
    assert (tmp_path / ".paidsync" / "theirs").exists()


def test_processes_end_what_they_started_and_quote_the_log_of_what_failed(tmp_path):
    with Processes(tmp_path, tmp_path) as processes:
        processes.start("sleeper", [sys.executable, "-c", "import time; time.sleep(60)"], {})
        sleeper = processes._running["sleeper"]
        failing = [sys.executable, "-c", "import sys; print('oh', file=sys.stderr); sys.exit(4)"]
        with pytest.raises(DemoFailed, match=r"code 4(.|\n)*oh"):
            processes.run("failing", failing, {}, good=(0,))
    assert isinstance(sleeper, subprocess.Popen)
    assert sleeper.poll() is not None
