"""``docs/rules.md`` and ``docs/how-it-decides.md`` say what the code does (money-rules 8)."""

import inspect
import re
from collections import Counter
from pathlib import Path

import pytest

from docs import make_rules, rules_words
from expectations.rules import ALL_RULES
from paidsync.policy import Policy
from paidsync.reasons import Decision, Hold, Outside, Pending, Remark, RunState, Stop
from tasks import match, plan, planning, strategies

ROOT = Path(__file__).parents[2]
DECIDES = (ROOT / "docs/how-it-decides.md").read_text(encoding="utf-8")
_CODE = [
    path.read_text(encoding="utf-8")
    for room in ("tasks", "connectors", "expectations", "flows", "paidsync/ledger")
    for path in sorted((ROOT / room).rglob("*.py"))
]


def test_the_rules_page_is_the_codes_own_sentences() -> None:
    written = make_rules.TARGET.read_text(encoding="utf-8")
    assert written == make_rules.page(), f"Run `{rules_words.COMMAND}` and look at what changed."


def test_every_hold_is_in_one_group() -> None:
    grouped = Counter(hold for group in rules_words.HELD for hold in group.holds)
    assert grouped == Counter(Hold)


@pytest.mark.parametrize("reasons", [Hold, Outside, Pending, Remark, RunState, Stop, Decision])
def test_every_word_has_a_line_of_its_own(reasons: type[Hold]) -> None:
    lines = make_rules.page().splitlines()
    for each in reasons:
        mine = [line for line in lines if line.startswith(f"| `{each}` | {each.plain}")]
        assert len(mine) == 1, each
        assert each.action in mine[0]
        assert all(f"`{decision}`" in mine[0] for decision in each.decisions)


def test_every_data_rule_and_every_field_of_the_policy_is_there() -> None:
    page = make_rules.page()
    for rule in ALL_RULES:
        assert page.count(f"| {rule.id} | {rule.plain} |") == 1
    for name, field in Policy.model_fields.items():
        assert field.description
        assert re.search(
            rf"^\| `{name}` \|.*\| {re.escape(field.description)} \|$", page, re.MULTILINE
        )


@pytest.mark.parametrize("reason", [*Hold, *Outside, *Pending, *Stop], ids=str)
def test_a_word_that_nothing_gives_is_said_to_be_so(reason: Hold) -> None:
    named = f"{type(reason).__name__}.{reason.name}"
    is_given = any(re.search(rf"\b{named}\b", text) for text in _CODE)
    assert is_given is (reason not in rules_words.RESERVED)


# How it decides


def in_order(heading: str) -> list[str]:
    """The names that the numbered table under a heading lists, in its order."""
    (section,) = re.findall(
        rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", DECIDES, re.MULTILINE | re.DOTALL
    )
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", section, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, len(rows) + 1))
    return [name for _, name in rows]


def called_in(function: object, names: list[str]) -> list[str]:
    """Names in the order in which a function's source calls them."""
    source = inspect.getsource(function)  # type: ignore[arg-type]
    return re.findall(rf"\b({'|'.join(map(re.escape, names))})\(", source)


def test_the_strategies_are_told_in_their_order() -> None:
    assert in_order("Which payment application") == [
        each.__name__ for each in strategies.STRATEGIES
    ]


def test_the_rules_of_the_match_are_told_in_their_order() -> None:
    assert in_order("Which of the four words") == [
        each.__name__.removeprefix("_") for each in match._RULES
    ]


def test_the_steps_of_one_allocations_plan_are_told_in_their_order() -> None:
    steps = [f"_{name}" for name in in_order("What is planned for one allocation")]
    assert called_in(planning.plan_allocation, steps) == steps


def test_the_plans_table_is_asked_in_the_order_that_is_told() -> None:
    asked = [f"_{name}" for name in in_order("The plan's questions")]
    assert called_in(planning._table, asked) == asked


def test_the_steps_of_the_plan_as_a_whole_are_told_in_their_order() -> None:
    steps = in_order("The plan as a whole")
    assert called_in(plan.plan, steps) == steps
