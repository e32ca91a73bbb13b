"""Every numbered rule of money with the tests that bear its number: ``make rules``.

A test of rule 3.7 is called ``test_rule_3_7_...``. A section's own number (``test_rule_2_...``) is
a rule where the section says something before its first numbered line.
"""

import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).parent
FOLDERS = ("connectors", "e2e", "expectations", "ground", "rules")

RULES = {
    "1.1": "One allocation for each payment and bill",
    "1.2": "The bill's own currency, never converted",
    "1.3": "Only cash is posted",
    "1.4": "Tax, and targets that add up",
    "1.5": "Prepayments",
    "1.6": "Not issued yet; the ERP company's calendar day",
    "1.7": "Ids are unique in their ERP company",
    "1.8": "A new ERP company is a new connection",
    "2": "One disposition each; totals that tie",
    "3": "The first unique hit; nothing is guessed",
    "3.1": "The bill's id, and its vendor or number",
    "3.2": "The policy's map and split",
    "3.3": "Vendor and number, unique everywhere",
    "3.4": "The bill's total is what is due",
    "3.5": "Another number beside the same id is amber",
    "3.6": "Retainage bills and release applications",
    "3.7": "The ceiling of an application",
    "3.8": "A lost match moves no money",
    "4.1": "Posted so far is what stands in Procore",
    "4.2": "An id of ours that the ledger does not know",
    "4.3": "Nothing beside a row that looks alike",
    "4.4": "Another integration at work stops the run",
    "4.5": "Not more than the ERP says is paid",
    "4.6": "Two rows with one of our ids",
    "5": "The plan's table",
    "5.1": "Numbers of entries are never reused",
    "5.2": "A reversal copies the row that stands",
    "5.3": "Gone needs positive evidence",
    "5.4": "Circuit breaker and canary",
    "5.5": "The policy version that judges",
    "6": "What Procore answers to a write",
    "6.1": "The order of sending",
    "6.2": "Adopted only if it is what was sent",
    "6.3": "A write without an answer",
    "6.4": "A stale plan is refused",
    "6.5": "One writer for each Procore company",
    "6.6": "The write route is pinned",
    "6.7": "Nothing is ever deleted in Procore",
    "7.1": "The start date and the opening history",
    "7.2": "Stored before any filter; cursors",
    "8": "States and codes",
}

_DEFINED = re.compile(r"^\s*(?:async )?def (test_rule_\w+)", re.MULTILINE)
_NUMBER = re.compile(r"test_rule_(\d+)(?:_(\d+))?(?![0-9])")


class Result(NamedTuple):
    """One case of a test, as pytest ran it."""

    test: str  # with its parameters
    outcome: str  # passed, failed, skipped


def rule_of(test: str) -> str | None:
    """The number that a test's name bears; None where it bears none."""
    found = _NUMBER.match(test)
    return ".".join(filter(None, found.groups())) if found else None


def written() -> dict[str, list[str]]:
    """The tests that bear each number, read from the files; the key is empty where a test is
    called so and bears none."""
    tests: dict[str, list[str]] = defaultdict(list)
    for folder in FOLDERS:
        for path in sorted((TESTS / folder).rglob("test_*.py")):
            for name in _DEFINED.findall(path.read_text(encoding="utf-8")):
                tests[rule_of(name) or ""].append(f"{path.relative_to(TESTS)}::{name}")
    return dict(tests)


def run(arguments: Sequence[str]) -> tuple[list[Result], int]:
    """Run just these tests; answers their results and pytest's exit code."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "junit.xml"
        folders = [str(TESTS / folder) for folder in FOLDERS]
        command = [sys.executable, "-m", "pytest", "-k", "test_rule_", f"--junit-xml={report}"]
        code = subprocess.run([*command, *arguments, *folders], check=False).returncode
        return (read(report.read_text(encoding="utf-8")) if report.exists() else []), code


def read(junit: str) -> list[Result]:
    """The cases of a JUnit report that are tests of a rule."""
    cases = ET.fromstring(junit).iter("testcase")  # noqa: S314 - pytest of this machine wrote it
    results = [Result(case.get("name") or "", _outcome(case)) for case in cases]
    return [each for each in results if rule_of(each.test)]


def _outcome(case: ET.Element) -> str:
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "skipped" if case.find("skipped") is not None else "passed"


def verdicts(
    results: Iterable[Result], rules: Mapping[str, str] = RULES
) -> list[tuple[str, str, str, str, bool]]:
    """One row for each rule: number, name, tests, what is to say, and whether it is green.

    A test that was skipped proves nothing: a rule with none but skipped ones is not green.
    """
    of: dict[str, list[Result]] = {number: [] for number in rules}
    for result in results:
        of.setdefault(rule_of(result.test) or "", []).append(result)
    rows = []
    for number, mine in of.items():
        said, green = _verdict(mine) if number in rules else ("there is no such rule", False)
        tests = {each.test.partition("[")[0] for each in mine}
        rows.append((number, rules.get(number, ""), f"{len(tests)}/{len(mine)}", said, green))
    return rows


def _verdict(mine: Sequence[Result]) -> tuple[str, bool]:
    if not mine:
        return "no test", False
    failed = [each.test for each in mine if each.outcome == "failed"]
    skipped = sum(each.outcome == "skipped" for each in mine)
    more = f" ({skipped} skipped)" if skipped else ""
    if failed:
        return ", ".join(failed) + more, False
    return ("not run" + more, False) if skipped == len(mine) else ("green" + more, True)


def main(arguments: Sequence[str]) -> int:
    """Run, print the table; 1 where a rule is not green."""
    results, code = run(arguments)
    rows = verdicts(results)
    print(f"\n{'rule':<5} {'':<50} {'tests/cases':>11}")
    for number, name, count, said, _ in rows:
        print(f"{number:<5} {name:<50} {count:>11}  {said}")
    green = sum(row[-1] for row in rows)
    print(f"\n{green} of {len(rows)} rules are green.")
    return 0 if green == len(rows) and code == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
