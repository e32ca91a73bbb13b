"""What people see of a run: a one-screen summary and tables, from the run's own rows. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from paidsync import money
from paidsync.reasons import Hold, Outside, Pending, RunState
from tasks.strategies import Row
from tasks.summary import Money, Summary

MOST_ROWS = 1000
_NO_HOLDS: Mapping[str, int] = {}
_NOTHING_MORE: Mapping[str, Sequence[str]] = {}
_MOST_LINES = 20
# What Markdown would read as more than text: signs, the beginning of a list, an address.
_SIGNS = re.compile(r"[\\`*_\[\]<>#|~&@]|^[-+]|^\d+[.)]|(?<=:)/|(?<=www)\.")
# An entry as it stands; planned ones have no colour yet.
_COLOURS = {"verified": "green", "posted": "amber", "sending": "amber", "refused": "red"}


def shown_money(sums: Money) -> str:
    """``1,250.50 USD, 80.00 CAD``; a dash where there is none."""
    return ", ".join(_shown(total, code) for code, total in sums.items()) or "–"


def _shown(total: int, code: str) -> str:
    if is_payable(code):
        return money.shown(total, code)
    return f"{total} minor units of an unknown currency ({escaped(code)})"


def summary_page(
    summary: Summary,
    held: Iterable[Row],
    folder: str,
    *,
    seen: Mapping[str, Sequence[str]] = _NOTHING_MORE,
) -> str:
    """The one-screen summary, Markdown. ``seen`` are sentences, by heading, on what the run saw
    besides what it did."""
    preview = summary.mode == "preview"
    posted, reversed_, sums = (
        (summary.planned, summary.planned_reversals, summary.planned_money)
        if preview
        else (summary.posted, summary.reversed, summary.money)
    )
    counted = [
        ("Would post" if preview else "Posted", posted, sums),
        ("Would reverse" if preview else "Reversed (in the money above)", reversed_, {}),
        ("Already right in Procore", summary.already_right, summary.right_money),
        ("Held for a person", sum(summary.held.values()), summary.held_money),
        ("Pending", sum(summary.pending.values()), summary.pending_money),
        (
            "Outside: nothing to do with Procore",
            sum(summary.outside.values()),
            summary.outside_money,
        ),
        ("Left for the next run", summary.left, {}),
        *([("In projects not asked for", summary.not_asked, {})] if summary.not_asked else []),
    ]
    lines = [
        f"# {summary.connection}: {summary.mode}",
        "",
        f"**{RunState(summary.state).plain}** {escaped(summary.message)}",
        "",
        "| | payments | money |",
        "|---|---:|---:|",
        *(f"| {label} | {count} | {shown_money(money_)} |" for label, count, money_ in counted),
        "",
    ]
    if not preview:
        of = summary.posted + summary.reversed
        lines += [f"Read back and verified: {summary.verified} of {of}.", ""]
    lines += _reason_lines("Held", summary.held, Hold)
    lines += _reason_lines("Pending", summary.pending, Pending)
    lines += _reason_lines("Outside", summary.outside, Outside)
    lines += _approval_lines(summary)
    details = [row["detail"] for row in held if row["detail"]]
    lines += _listed("What to look at", details, "in the table of held payments")
    for heading, sentences in seen.items():
        lines += _listed(heading, sentences, "in the evidence")
    calls = ", ".join(f"{system} {count}" for system, count in sorted(summary.calls.items()))
    lines += [f"Calls: {calls or 'none'}. Run {summary.run_id}. Evidence: `{folder}`"]
    return "\n".join(lines) + "\n"


def _listed(heading: str, sentences: Sequence[str], elsewhere: str) -> list[str]:
    """Sentences under their heading, none without any; the rest is ``elsewhere``."""
    if not sentences:
        return []
    lines = [f"- {escaped(each)}" for each in sentences[:_MOST_LINES]]
    if len(sentences) > _MOST_LINES:
        lines.append(f"- and {len(sentences) - _MOST_LINES} more, {elsewhere}")
    return [f"## {heading}", "", *lines, ""]


def _approval_lines(summary: Summary) -> list[str]:
    """What a second person is asked, and how to answer."""
    if summary.awaiting_plan is None or summary.awaiting is None:
        return []
    plan, name = summary.awaiting_plan, summary.connection
    how = (
        "A sync asks a second person for it."
        if summary.mode == "preview"
        else f"A second person decides: deployment `decide-plan`, or `paidsync approve {name} "
        f"{plan[:12]} --by EMAIL`."
    )
    sums = shown_money(summary.awaiting_money)
    what = f"Plan `{plan}`, {sums} in all. Its entries are in the table `awaiting-{name}`. {how}"
    return ["## Waits for approval", "", what, ""]


def _reason_lines(
    title: str, counts: Mapping[str, int], reasons: Callable[[str], Any]
) -> list[str]:
    if not counts:
        return []
    lines = [f"## {title}", "", "| payments | why | what to do |", "|---:|---|---|"]
    for code, count in counts.items():
        reason = reasons(code)
        lines.append(f"| {count} | {reason.plain} (`{code}`) | {reason.action} |")
    return [*lines, ""]


def entry_table(
    entries: Iterable[Row],
    link: Callable[[str, str], str],
    numbers: Mapping[str, str | None],
    invoices: Mapping[str, str | None],
) -> list[dict[str, str]]:
    """Planned or posted entries; ``link`` gives a commitment's address by project and commitment,
    ``numbers`` a commitment's number, ``invoices`` a payment application's invoice number."""
    return [
        {
            "status": _colour(entry),
            "kind": entry["kind"],
            "commitment": numbers.get(entry["commitment_id"]) or entry["commitment_id"],
            "invoice": invoices.get(entry["application_id"] or "") or "",
            "bill number": entry["invoice_number"] or "",
            "amount": money.shown(entry["amount_minor"], entry["currency"]),
            "date": entry["date"] or "",
            "check": entry["check_number"] or "",
            "remark": entry.get("message") or entry.get("amber") or "",
            "in Procore": link(entry["project_id"], entry["commitment_id"]),
        }
        for entry in list(entries)[:MOST_ROWS]
    ]


def _colour(entry: Row) -> str:
    """As the verified table colours it: a remark makes a green row amber."""
    colour = _COLOURS.get(entry.get("state") or "", "")
    return "amber" if colour == "green" and entry["amber"] else colour


def held_table(
    held: Iterable[Row],
    allocations: Mapping[str, Row],
    link: Callable[[str, str], str],
    numbers: Mapping[str, str | None],
    holds: Mapping[str, int] = _NO_HOLDS,
) -> list[dict[str, str]]:
    """Held allocations with what to do; ``holds`` are the numbers by which people decide about
    them, by allocation."""
    table = []
    for row in list(held)[:MOST_ROWS]:
        paid = allocations.get(row["allocation_id"], {})
        commitment = row["commitment_id"]
        table.append(
            {
                "hold": str(holds.get(row["allocation_id"], "")),
                "vendor": paid.get("vendor_name") or paid.get("vendor_id") or "",
                "bill": paid.get("bill_number") or paid.get("bill_id") or "",
                "amount": (
                    ""  # nothing is applied any more; what still stands is in the detail
                    if row["reason"] == Hold.DELETED_IN_ERP and not row["cash_minor"]
                    else money.shown(row["cash_minor"], row["currency"])
                    if row["cash_minor"] is not None and is_payable(row["currency"])
                    else "unknown"
                ),
                "date": paid.get("payment_date") or "",
                "check": paid.get("payment_number") or "",
                "reason": row["reason"],
                "what was seen": row["detail"] or "",
                "what to do": Hold(row["reason"]).action,
                "you may decide": ", ".join(Hold(row["reason"]).decisions),
                "commitment": numbers.get(commitment or "") or "",
                "in Procore": link(row["project_id"], commitment) if commitment else "",
            }
        )
    return table


def verified_table(
    rows: Iterable[Row], link: Callable[[str, str], str], numbers: Mapping[str, str | None]
) -> list[dict[str, str]]:
    """Rows as read back: green is synced, Invoice # equals the bill number."""
    return [
        {
            "status": row["colour"],
            "commitment": numbers.get(row["commitment_id"]) or row["commitment_id"],
            "invoice": row["invoice_number"] or "",
            "bill number": row["bill_number"] or "",
            "amount": money.shown(row["amount_minor"], row["currency"]),
            "date": row["date"] or "",
            "check": row["check_number"] or "",
            "remark": row["remark"] or "",
            "in Procore": link(row["project_id"], row["commitment_id"]),
        }
        for row in list(rows)[:MOST_ROWS]
    ]


def escaped(text: str) -> str:
    """Text of the ERP or of Procore on one line, harmless inside Markdown."""
    return _SIGNS.sub(lambda seen: f"{seen[0][:-1]}\\{seen[0][-1]}", " ".join(text.split()))


def is_payable(currency: str | None) -> bool:
    """Whether amounts can be shown in a currency."""
    try:
        money.exponent(currency or "")
    except money.MoneyError:
        return False
    return True
