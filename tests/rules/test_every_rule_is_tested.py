"""Every numbered rule of money has a test that bears its number (``make rules`` runs them)."""

import pytest

from tests.rule_table import RULES, Result, read, rule_of, verdicts, written

JUNIT = """
<testsuites><testsuite>
  <testcase classname="tests.rules.a" name="test_rule_3_7_a_ceiling[1]"/>
  <testcase classname="tests.rules.a" name="test_rule_3_7_a_ceiling[2]"><failure/></testcase>
  <testcase classname="tests.rules.a" name="test_rule_5_1_a_fixture"><error/></testcase>
  <testcase classname="tests.rules.a" name="test_rule_2_not_here"><skipped/></testcase>
  <testcase classname="tests.rules.a" name="test_something_else"/>
</testsuite></testsuites>
"""


@pytest.mark.parametrize("number", RULES)
def test_a_rule_has_a_test(number: str) -> None:
    tests = written().get(number, [])
    assert tests, f"No test is called test_rule_{number.replace('.', '_')}_..."


def test_no_test_bears_a_number_that_is_no_rule() -> None:
    strange = {number: tests for number, tests in written().items() if number not in RULES}
    assert strange == {}


@pytest.mark.parametrize(
    ("test", "number"),
    [
        ("test_rule_3_7_above_due_is_amber", "3.7"),
        ("test_rule_2_every_allocation_is_counted_once", "2"),
        ("test_rule_5_3_a_tombstone[x_6_1]", "5.3"),
        ("test_rule_8_a_429_is_obeyed", "8"),
        ("test_rule_book_is_open", None),
        ("test_a_rule_3_7_elsewhere", None),
    ],
)
def test_a_number_is_read_from_a_tests_name(test: str, number: str | None) -> None:
    assert rule_of(test) == number


def test_a_report_is_read_as_pytest_writes_it() -> None:
    assert read(JUNIT) == [
        Result("test_rule_3_7_a_ceiling[1]", "passed"),
        Result("test_rule_3_7_a_ceiling[2]", "failed"),
        Result("test_rule_5_1_a_fixture", "failed"),
        Result("test_rule_2_not_here", "skipped"),
    ]


def test_a_rule_is_green_where_its_tests_passed_and_none_failed() -> None:
    results = [*read(JUNIT), Result("test_rule_6_1_x", "passed"), Result("test_rule_9_y", "passed")]
    rules = {"2": "two", "3.7": "ceiling", "5.1": "n", "6.1": "order", "6.2": "adopt"}
    assert [(row[0], row[2], row[3], row[4]) for row in verdicts(results, rules)] == [
        ("2", "1/1", "not run (1 skipped)", False),
        ("3.7", "1/2", "test_rule_3_7_a_ceiling[2]", False),
        ("5.1", "1/1", "test_rule_5_1_a_fixture", False),
        ("6.1", "1/1", "green", True),
        ("6.2", "0/0", "no test", False),
        ("9", "1/1", "there is no such rule", False),
    ]
