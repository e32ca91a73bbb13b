"""Bill numbers: bad ones are held and say why, strange ones simply work."""

from pathlib import Path
from typing import Any

from bad_input import healed, held_beside, raw
from town import Paid, Town

from paidsync.reasons import Hold

_MISSING, _BAD = Hold.MISSING_BILL_NUMBER, Hold.BAD_BILL_NUMBER

BAD: list[tuple[str | None, Hold, str]] = [
    (None, _MISSING, "no bill number"),
    ("", _MISSING, "no bill number"),
    ("   ", _MISSING, "bill number"),
    (" HRC-1", _BAD, "' HRC-1'"),
    ("HRC-2 ", _BAD, "'HRC-2 '"),
    ("\tHRC-3", _BAD, "<U+0009>"),
    ("\u00a0HRC-4", _BAD, "HRC-4"),  # a blank that does not break
    ("x" * 300, _BAD, "bill number length 300"),
    ("HRC\x00-5", _BAD, "<U+FFFD>"),
    ("HRC\n-6", _BAD, "<U+000A>"),
    ("HRC\x1b[31m-7", _BAD, "<U+001B>"),
    ("HRC\u200b-8", _BAD, "<U+200B>"),  # a blank of no width
    ("HRC\u202e-9", _BAD, "<U+202E>"),  # turns the reading round
    ("HRC\ufffd-10", _BAD, "<U+FFFD>"),
    ("\u200b", _BAD, "<U+200B>"),
]
STRANGE = [
    "Ünïcode-7",
    "Cafe\u0301-7",  # an accent of its own
    "請求書-42",
    "счёт 9",
    "חשבון 9",
    "فاتورة-١٢",
    "🏗️-9",
    "007",
    "0",
    "-",
    "=SUM(A1:A9)",
    "+41 7",
    "@cmd",
    "1e5",
    "null",
    "NaN",
    "true",
    "<b>9</b>",
    "'; DROP TABLE bill; --",
    "a|b `c` [d](e)",
    'quote " and \\ back',
    "50% {off}",
    "y" * 100,
]


def _paid(town: Town, number: str | None, amount: str, place: int, **more: Any) -> Paid:
    bill = town.billed(amount, place, number=number, **more)
    return town.pair(town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}]), bill)


def test_bad_bill_numbers_are_held_and_posted_once_mended(town: Town) -> None:
    healthy = town.paid("5.00")
    bad = [
        (_paid(town, number, f"{100 + 10 * n}.00", n % 8, invoice_number=f"B-{n}"), reason, says)
        for n, (number, reason, says) in enumerate(BAD)
    ]
    summary = held_beside(
        town, healthy, {each.payment: (reason, says) for each, reason, says in bad}, posted=1
    )
    assert summary["held_money"] == {"USD": sum(10000 + 1000 * n for n in range(len(BAD)))}
    for n, (each, _, _) in enumerate(bad):
        town.do("/erp/edit", bill_id=each.bill, number=f"B-{n}")
    healed(town, posted=len(BAD))
    assert {row.invoice_number for row in town.rows()} >= {f"B-{n}" for n in range(len(BAD))}


def test_strange_bill_numbers_are_posted_as_they_are(town: Town) -> None:
    paid = [_paid(town, number, f"{100 + 10 * n}.00", n % 8) for n, number in enumerate(STRANGE)]
    town.settled(state="Completed", posted=len(STRANGE), held={})
    for each, number in zip(paid, STRANGE, strict=True):
        [row] = town.rows(of=each.prefix)
        assert row.invoice_number == number
    town.settled(state="NothingToDo", posted=0)


def test_numbers_that_are_not_text(town: Town) -> None:
    """A JSON number is its digits; what is neither text nor number is no bill number."""
    digits, odd, truth = town.paid("100.00"), town.paid("200.00", 1), town.paid("300.00", 2)
    raw(town, "Bill", digits.bill, DocNumber=4711)
    raw(town, "Bill", odd.bill, DocNumber=["4712"])
    raw(town, "Bill", truth.bill, DocNumber=True)
    bad = {each.payment: (_MISSING, "no bill number") for each in (odd, truth)}
    held_beside(town, digits, bad, posted=1)
    assert [row.invoice_number for row in town.rows()] == ["4711"]
    for each in (odd, truth):
        raw(town, "Bill", each.bill)
    healed(town, posted=2)


def test_what_people_read_is_not_broken_by_a_number(town: Town) -> None:
    """A number cannot end a line of the summary, open a cell of its table or hide text."""
    number = "|a|\n# b\r\u202e<script>"
    town.paid("5.00")
    _paid(town, number, "100.00", 1)
    summary = town.sync()
    page = (Path(summary["folder"]) / "summary.md").read_text(encoding="utf-8")
    assert "\n# b" not in page
    assert "\u202e" not in page
    assert "\r" not in page
    assert "<script>" not in page
    [told] = [line for line in page.splitlines() if line.startswith("- ") and "Seen:" in line]
    assert r"'\|a\|\<U+000A\>\# b\<U+000D\>\<U+202E\>\<script\>'" in told


def test_check_numbers_of_any_kind(town: Town) -> None:
    """A check number is copied; Procore takes any text."""
    numbers = ["請求-1", "=1+1", "0007", "a|b", "  "]
    paid = []
    for n, number in enumerate(numbers):
        bill = town.billed(f"{100 + 10 * n}.00", n)
        pay = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}], number=number)
        paid.append(town.pair(pay, bill))
    town.settled(state="Completed", posted=len(numbers))
    for each, number in zip(paid, numbers, strict=True):
        [row] = town.rows(of=each.prefix)
        assert row.check_number == number
    town.settled(state="NothingToDo")
