"""The watch over the whole test run finds what is planted, wherever it lies, and fails the run."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_TOKEN = "AB1-sandbox-" + "refresh-0007-" + "0a" * 12
# Each leaves a secret in one place; those of HOLDERS may hold it.
PLACES = {
    "calls.jsonl": "(tmp_path / 'calls.jsonl').write_text('{\"route\": \"/x?t=' + CANARY + '\"}')",
    "frame.parquet": "frame().to_parquet(tmp_path / 'frame.parquet')",
    "ledger.sqlite3": "store(tmp_path / 'ledger.sqlite3', 'body')",
    "prefect.db artifact": "store(tmp_path / 'prefect.db', 'data')",
    "worker.log": "(tmp_path / 'worker.log').write_text(f'Sent {CANARY.encode().hex()} there.')",
    "Captured stdout call": "print('Token:', CANARY)",
    "Captured log call": "logging.getLogger('x').warning('Sent %s.', {'token': CANARY})",
    "exception": "raise ValueError('refused ' + CANARY)",
}
# Nobody told the watch of it: it was given to another process, and is known by its shape.
UNKNOWN = {"other.log": f"(tmp_path / 'other.log').write_text({_TOKEN!r})"}
HOLDERS = {
    "MINI_TOKEN": "(tmp_path / 'MINI_TOKEN').write_text(CANARY)",
    "job variables": "store(tmp_path / 'prefect.db', 'job_variables')",
    "ready.json": "(tmp_path / 'ready.json').write_text(CANARY)",
}
_MINI = """
import logging, sqlite3
import pytest

CANARY = "canary-0123456789-{number}"

@pytest.fixture(autouse=True)
def _secret(monkeypatch):
    monkeypatch.setenv("MINI_SECRET_{number}", CANARY)

def frame():
    import pandas
    return pandas.DataFrame({{"notes": [CANARY] * 9}})

def store(path, column):
    db = sqlite3.connect(path)
    db.execute(f"CREATE TABLE artifact ({{column}} TEXT)")
    db.execute("INSERT INTO artifact VALUES (?)", ['{{"env": "' + CANARY + '"}}'])
    db.commit()
    db.close()

def test_{number}(tmp_path):
    {leave}
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the watch over this run itself does not look."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def test_a_secret_that_is_left_anywhere_fails_the_run(folder: Path) -> None:
    """In a test run of its own, in two processes, one file for each place."""
    leaves = [*PLACES.values(), *UNKNOWN.values(), *HOLDERS.values()]
    for number, leave in enumerate(leaves):
        text = _MINI.format(number=number, leave=leave)
        (folder / f"test_mini_{number}.py").write_text(text, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    options = ["-q", "--tb=line", "-n", "2", "--dist", "loadfile", "--basetemp", "left"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.secret_watch", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    out = done.stdout + done.stderr
    assert done.returncode == 1, out
    assert "Secrets were left" in out
    for number, place in enumerate(PLACES):
        assert f"{place}: MINI_SECRET_{number}\n" in out, out
    assert "other.log: a token of the sandbox" in out, out
    for number in range(len(leaves) - len(HOLDERS), len(leaves)):
        assert f"MINI_SECRET_{number}" not in out, out
