"""What people see: text of the ERP stays text, money is text, a table has at most 1,000 rows."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from paidsync.reasons import Hold, Outside, Pending
from tasks.pages import (
    MOST_ROWS,
    entry_table,
    escaped,
    held_table,
    shown_money,
    summary_page,
    verified_table,
)
from tasks.summary import STATES, Summary

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
NASTY = [
    "[click](https://evil.example)",
    "![seen](https://evil.example/x.png)",
    "<script>alert(1)</script>",
    "a | b |",
    "# Approved",
    "1. one",
    "12) twelve",
    "- x",
    "+ x",
    "---",
    "> said",
    "`code`",
    "**bold** _it_ ~~gone~~",
    "a\nb",
    "a\r\n\r\n# b",
    "a\r- b",
    "a\u2028b",
    "back\\slash \\",
    "&lt;b&gt; &#124;",
    "https://evil.example and www.evil.example and a@evil.example",
    "    four blanks",
]


def plain(text: str) -> str:
    """The text with its white space as one line has it."""
    return " ".join(text.split())


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\r\t\x0b\x85")))
@example("")
def test_any_text_stays_text_in_a_list(text: str) -> None:
    _stays_text(text)


@pytest.mark.parametrize("text", NASTY)
def test_markdown_of_the_erp_stays_text(text: str) -> None:
    _stays_text(text)
    assert "://" not in escaped(text)


def _stays_text(text: str) -> None:
    tokens = MARKDOWN.parse(f"before\n\n- {escaped(text)}\n- after\n")
    blocks = [token.type for token in tokens if token.type.endswith("_open")]
    item = ["list_item_open", "paragraph_open"]
    assert blocks == [
        "paragraph_open",
        "bullet_list_open",
        *(item if plain(text) else item[:1]),
        *item,
    ]
    if plain(text):
        inline = [token for token in tokens if token.type == "inline"][1]
        children = inline.children or []
        assert {child.type for child in children} <= {"text", "text_special"}
        assert "".join(child.content for child in children) == plain(text)


@pytest.mark.parametrize("text", NASTY)
def test_a_page_keeps_its_shape_whatever_the_erp_says(text: str) -> None:
    def shape(words: str) -> list[str]:
        seen = {"Seen": [words]}
        page = summary_page(summary(message=words), [{"detail": words}], "runs/1", seen=seen)
        return [token.type for token in MARKDOWN.parse(page)]

    assert shape(text) == shape("words")


def summary(**values: Any) -> Summary:
    return Summary(**({"connection": "acme", "mode": "sync", "run_id": "r1"} | values))


def cells(page: str, label: str) -> list[str]:
    """The cells of a line of the table of counts."""
    (line,) = [each for each in page.splitlines() if each.startswith(f"| {label} |")]
    return [each.strip() for each in line.strip("|").split("|")][1:]


def test_a_summary_shows_counts_and_money_by_currency() -> None:
    page = summary_page(
        summary(
            posted=2,
            reversed=1,
            verified=3,
            already_right=4,
            left=5,
            held={"missing_amount": 1},
            pending={"not_issued_yet": 2},
            outside={"no_payment_application": 7},
            money={"CAD": 80_00, "USD": 1_250_50},
            held_money={"USD": 99},
        ),
        [],
        "runs/1",
    )
    assert cells(page, "Posted") == ["2", "80.00 CAD, 1,250.50 USD"]
    assert cells(page, "Reversed (in the money above)") == ["1", "–"]
    assert cells(page, "Already right in Procore") == ["4", "–"]
    assert cells(page, "Held for a person") == ["1", "0.99 USD"]
    assert cells(page, "Pending") == ["2", "–"]
    assert cells(page, "Outside: nothing to do with Procore")[0] == "7"
    assert cells(page, "Left for the next run") == ["5", "–"]
    assert "Read back and verified: 3 of 3." in page
    for reason in (Hold.MISSING_AMOUNT, Pending.NOT_ISSUED_YET, Outside.NO_PAYMENT_APPLICATION):
        assert reason.plain in page
        assert reason.action in page


def test_a_preview_shows_what_it_would_post() -> None:
    made = summary(mode="preview", planned=3, planned_reversals=1, planned_money={"USD": 5})
    page = summary_page(made, [], "runs/1")
    assert cells(page, "Would post") == ["3", "0.05 USD"]
    assert cells(page, "Would reverse") == ["1", "–"]
    assert "verified" not in page


@pytest.mark.parametrize("state", list(STATES))
def test_every_state_has_a_headline(state: str) -> None:
    assert summary_page(summary(state=state), [], "runs/1").splitlines()[2].startswith("**")


def test_one_screen_shows_twenty_details_and_counts_the_rest() -> None:
    page = summary_page(summary(), [{"detail": f"bill {k}"} for k in range(25)], "runs/1")
    assert page.count("- bill ") == 20
    assert "and 5 more" in page


@pytest.mark.parametrize("code", ["EURO", "XAU", "", "U|D"])
def test_money_of_an_unknown_currency_breaks_no_page(code: str) -> None:
    shown = shown_money({code: 0, "USD": 5})
    assert shown.endswith("0.05 USD")
    page = summary_page(summary(outside_money={code: 12}), [], "runs/1")
    shapes = [token.type for token in MARKDOWN.parse(page)]
    plain_page = summary_page(summary(outside_money={"USD": 12}), [], "runs/1")
    assert shapes == [token.type for token in MARKDOWN.parse(plain_page)]


ENTRY = {
    "kind": "payment",
    "project_id": "7",
    "commitment_id": "c1",
    "invoice_number": None,
    "application_id": "a1",
    "amount_minor": 1_250_50,
    "currency": "USD",
    "date": None,
    "check_number": None,
    "state": "verified",
    "message": None,
    "amber": None,
}
HELD = {
    "allocation_id": "q:1:p:b",
    "reason": "missing_amount",
    "detail": None,
    "commitment_id": None,
    "project_id": None,
    "cash_minor": None,
    "currency": None,
}
VERIFIED = ENTRY | {"colour": "green", "bill_number": "HRC-640", "remark": None}


def link(project_id: str, commitment_id: str) -> str:
    return f"https://procore.example/{project_id}/{commitment_id}"


def tables(times: int) -> list[list[dict[str, str]]]:
    return [
        entry_table([ENTRY] * times, link, {"c1": "SC-1"}, {"a1": "HRC-640"}),
        verified_table([VERIFIED] * times, link, {"c1": "SC-1"}),
        held_table([HELD] * times, {}, link, {}),
        held_table([HELD | {"cash_minor": 5, "currency": "USD"}] * times, {}, link, {}),
    ]


def test_a_table_has_at_most_a_thousand_rows() -> None:
    assert MOST_ROWS == 1000
    assert [len(each) for each in tables(1000)] == [1000] * 4
    assert [len(each) for each in tables(1001)] == [1000] * 4


def test_every_cell_is_text_so_that_no_money_is_a_number() -> None:
    for table in tables(1):
        (row,) = json.loads(json.dumps(table))
        assert all(isinstance(cell, str) for cell in row.values())
    entries, verified, unknown, held = tables(1)
    assert entries[0]["amount"] == verified[0]["amount"] == "1,250.50 USD"
    assert (unknown[0]["amount"], held[0]["amount"]) == ("unknown", "0.05 USD")


@pytest.mark.parametrize("currency", ["EURO", None, ""])
def test_a_held_amount_of_an_unknown_currency_is_unknown(currency: str | None) -> None:
    (row,) = held_table([HELD | {"cash_minor": 5, "currency": currency}], {}, link, {})
    assert row["amount"] == "unknown"


@pytest.mark.parametrize("reason", list(Hold))
def test_every_hold_says_what_to_do(reason: Hold) -> None:
    (row,) = held_table([HELD | {"reason": reason.value}], {}, link, {})
    assert row["what to do"] == reason.action
    assert reason.action.endswith(".")


def test_an_entry_shows_procores_invoice_number_beside_the_bill_number() -> None:
    entry = ENTRY | {"invoice_number": "HRC-640"}
    (row,) = entry_table([entry], link, {"c1": "SC-1"}, {"a1": "HRC 0640"})
    assert (row["invoice"], row["bill number"]) == ("HRC 0640", "HRC-640")
