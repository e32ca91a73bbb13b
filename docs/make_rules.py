"""Writes ``docs/rules.md`` from the code's own sentences: ``python docs/make_rules.py``.

The sentences stand in ``paidsync/reasons.py``, ``paidsync/policy.py`` and
``expectations/rules.py``, the words between the tables in ``docs/rules_words.py``.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from docs import rules_words as words
from expectations.rules import BILL_PAYMENTS, PAYMENT_APPLICATIONS, RUN, Rule
from paidsync.policy import MappedBills, Over, Policy, SplitBill, SplitPart
from paidsync.reasons import Decision, Hold, Outside, Pending, Remark, RunState, Stop

TARGET = Path(__file__).parent / "rules.md"

Reason = Hold | Outside | Pending | Remark | RunState | Stop


def page() -> str:
    """The whole document."""
    held = [
        part
        for group in words.HELD
        for part in (f"### {group.title}\n\n{group.intro}\n", _holds(group.holds))
    ]
    parts = [
        words.INTRO,
        _table(("word", "what it means", "who acts"), words.DISPOSITIONS),
        words.HOLDS,
        *held,
        words.DECISIONS,
        _table(("decision", "what follows", "first"), map(_said, Decision)),
        words.PENDING,
        _reasons("pending", Pending),
        words.OUTSIDE,
        _reasons("outside", Outside),
        words.REMARKS,
        _reasons("remark", Remark),
        words.STOPS,
        _reasons("stop", Stop),
        words.STATES,
        _reasons("state", RunState),
        words.DATA,
        "### Bill payments\n",
        _rules(BILL_PAYMENTS),
        "### Payment applications\n",
        _rules(PAYMENT_APPLICATIONS),
        "### The run as a whole\n",
        _rules(RUN),
        words.POLICY,
        _fields(Policy),
        "`approval = { over = ... }` names:\n",
        _fields(Over),
        "Each `[[policy.map]]` names:\n",
        _fields(MappedBills),
        "Each `[[policy.split]]` names:\n",
        _fields(SplitBill),
        "and each of its parts:\n",
        _fields(SplitPart),
    ]
    return "\n".join(parts)


def _holds(holds: Iterable[Hold]) -> str:
    return _table(
        ("held", "what is the matter", "what to do", "you may decide"),
        (
            (*_said(hold), ", ".join(f"`{each}`" for each in hold.decisions) or "–")
            for hold in holds
        ),
    )


def _reasons(what: str, reasons: Iterable[Reason]) -> str:
    return _table((what, "what it means", "what to do"), map(_said, reasons))


def _said(reason: Reason | Decision) -> tuple[str, str, str]:
    plain = (
        f"{reason.plain} *Not given by this version yet.*"
        if reason in words.RESERVED
        else reason.plain
    )
    return f"`{reason}`", plain, reason.action


def _rules(rules: Iterable[Rule]) -> str:
    return _table(
        ("rule", "what must be true", "where it is not"),
        ((rule.id, rule.plain, _follows(rule)) for rule in rules),
    )


def _follows(rule: Rule) -> str:
    if rule.severity == "stop":
        return f"the run stops: `{rule.reason}`"
    if rule.severity == "note":
        return "it is counted and shown, nothing else"
    if rule.reason_in is not None:
        return "held with the reason that the connector states"
    return f"held: `{rule.reason}`"


def _fields(model: type[BaseModel]) -> str:
    return _table(
        ("field", "may be", "if left out", "what it decides"),
        (
            (f"`{name}`", _choices(field.annotation), _default(field), field.description or "")
            for name, field in model.model_fields.items()
        ),
    )


def _choices(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(annotation))
    if get_origin(annotation) in (Union, UnionType):
        return " or ".join(
            _choices(each) for each in get_args(annotation) if each is not type(None)
        )
    if get_origin(annotation) is tuple:
        return "a list"
    return {
        date: "a date",
        Decimal: "a number, as text",
        str: "an id",
        bool: "`true`, `false`",
        int: "a number",
        Over: '`{ over = "25000.00" }`',
    }[annotation]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    return f"`{field.default}`" if field.default else "none"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_line(head), "|" + "---|" * len(head), *map(_line, rows)]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Write the document."""
    TARGET.write_text(page(), encoding="utf-8")
    print(f"{TARGET.name}: {len(page().splitlines())} lines")


if __name__ == "__main__":
    main()
