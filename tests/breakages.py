"""The product broken on purpose, and whether the tests notice: ``make breakages``.

Each breakage takes one thing away that keeps money from being lost or doubled, in a copy of the
checkout, and runs the tests that have to fail. docs/reliability.md shows what came of it.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]


class Breakage(NamedTuple):
    """What is taken away, where, and who has to notice."""

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]


BREAKAGES = (
    Breakage(
        "no read-back: what was answered counts as verified",
        "tasks/verify.py",
        'there = _read(at, [e for e in entries if e["commitment_id"] in commitments])',
        'there = {e["commitment_id"]: {x["origin_id"]: [x] for x in entries} for e in entries}',
        ("tests/e2e/test_read_back.py",),
    ),
    Breakage(
        "a write is retried where no answer came",
        "connectors/http.py",
        'raise self._unknown(operation, f"No answer ({type(error).__name__}).") from error',
        "return self.write(method, path, route=route, body=body)",
        ("tests/ground/test_http_writes.py",),
    ),
    Breakage(
        "a write that Procore answered with 500 was not taken",
        "connectors/http.py",
        "if reply.status >= 500 or reply.status == 408 or _redirects(reply):",
        "if reply.status == 408 or _redirects(reply):",
        ("tests/e2e/test_sync_loading.py", "tests/e2e/test_writes_under_fault.py"),
    ),
    Breakage(
        "the cursor moves early: nothing before it is read again",
        "connectors/quickbooks_online/client.py",
        "begin = after.until - OVERLAP\n        feed =",
        "begin = after.until + LAG\n        feed =",
        ("tests/connectors/suite/test_cursors.py",),
    ),
    Breakage(
        "planned from the ledger alone: what it says was posted stands",
        "tasks/plan.py",
        "rows += read_rows(at.procore, project_id, commitment_id, currency)",
        "rows += at.ledger.mirror.contract_payments(at.run.connection, [commitment_id])",
        ("tests/e2e/test_sync_recognition.py", "tests/e2e/test_sync_protection.py"),
    ),
    Breakage(
        "what was read counts as judged, though the run ended before it judged",
        "paidsync/ledger/allocations.py",
        "                    **_UNJUDGED,\n",
        "",
        ("tests/e2e/test_sync_recognition.py",),
    ),
    Breakage(
        "an entry is not marked as sending before it is sent",
        "paidsync/ledger/entries.py",
        'state="sending", sent_at=utc_now()',
        'state="planned", sent_at=utc_now()',
        ("tests/crash", "tests/ground/test_ledger_entries.py"),
    ),
    Breakage(
        "no answer means not sent: nothing is waited for",
        "tasks/planning.py",
        "waits = case.known.now - sent < case.known.sending_grace",
        "waits = False",
        ("tests/rules/test_money_rule_6_sending.py",),
    ),
    Breakage(
        "nobody checks the lease before a send",
        "tasks/load.py",
        "ledger.leases.check(self._at.run.lease, seconds=self._at.settings.lease_seconds)",
        "",
        ("tests/e2e/test_one_writer.py", "tests/crash"),
    ),
    Breakage(
        "missing once is gone",
        "tasks/gone.py",
        "if control is None:",
        "if False:",
        ("tests/rules/test_money_rule_5_gone.py", "tests/e2e/test_faked_deletes.py"),
    ),
    Breakage(
        "a row under our id is ours, whatever it says",
        "tasks/load.py",
        "if is_the_same(entry, row):",
        "if True:",
        ("tests/e2e/test_read_back.py",),
    ),
    Breakage(
        "nobody asks whether the ledger is older than the run folders",
        "tasks/preflight.py",
        " or knows_less_than_its_folders(at)",
        "",
        ("tests/e2e/test_ledger_restored.py",),
    ),
    Breakage(
        "a list that is not complete is taken for the whole",
        "tasks/payments_issued.py",
        "if not listing.complete:",
        "if False:",
        ("tests/e2e/test_bad_input_lists.py",),
    ),
    Breakage(
        "a replacement is sent though its reversal was refused",
        "tasks/load.py",
        "and not self._pair_broken(each, entry)",
        "",
        ("tests/e2e/test_writes_under_fault_places.py", "tests/rules/test_money_rule_6_sending.py"),
    ),
)


def main() -> int:
    """Break, test, tell; 1 where a breakage went unnoticed."""
    wanted = sys.argv[1:]
    chosen = [each for each in BREAKAGES if not wanted or any(w in each.name for w in wanted)]
    unnoticed = 0
    with tempfile.TemporaryDirectory(prefix="paidsync-breakages-") as scratch:
        copy = _copied(Path(scratch) / "checkout")
        for each in chosen:
            noticed = _noticed(copy, each)
            unnoticed += noticed is None
            print(f"{each.name}\n    {noticed or 'NOT NOTICED'}", flush=True)
    print(f"{len(chosen)} breakages, {unnoticed} not noticed.")
    return 1 if unnoticed else 0


def _copied(copy: Path) -> Path:
    """The files of the checkout that are, or will be, under version control."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy


def _noticed(copy: Path, breakage: Breakage) -> str | None:
    """The first test that failed, or None. Raises SystemExit where the file has changed."""
    file = copy / breakage.file
    whole = file.read_text(encoding="utf-8")
    if whole.count(breakage.before) != 1:
        raise SystemExit(f"{breakage.name}: {breakage.file} no longer says it once; mend the list.")
    file.write_text(whole.replace(breakage.before, breakage.after), encoding="utf-8")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *breakage.tests],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy)},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        file.write_text(whole, encoding="utf-8")
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    return failed[1] if done.returncode == 1 and failed else None


if __name__ == "__main__":
    sys.exit(main())
