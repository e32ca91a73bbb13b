"""The answer to Procore's button, for whoever pressed it: what was posted, what is held and why,
what to do. Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from paidsync.reasons import Hold, Pending, Stop
from tasks.pages import shown_money

Status = Literal["success", "failed"]

_NOTHING_DONE = ("Failed", "Refused", "TotalsDiffer", "Busy")
_MOST_REASONS = 8
_LONGEST = 400
_OUR_OWN = ("connection_file", "ledger")  # systems of ours that errors name


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and its messages, as Procore shows them."""

    status: Status
    messages: tuple[str, ...]


def answer_of(summary: Mapping[str, Any] | None, *, erp: str, run_id: str) -> Answer:
    """What a run's summary means to the person who pressed the button; ``None`` where the run ended
    before it had one. Only an error that says itself what to do is quoted."""
    state = summary["state"] if summary else "Failed"
    if summary is None or state in _NOTHING_DONE:
        return Answer("failed", _shown([*_why(summary or {}, state, erp), _where(run_id)]))
    words = list(_counts(summary))
    if summary["awaiting"]:
        words.append(
            "A plan waits for approval, and nothing of it is posted before. Ask the people who run "
            "PaidSync to approve or reject it."
        )
    if state == "Partial":
        words.append("Not everything fitted into this run; the next one goes on by itself.")
    done = summary["posted"] or summary["reversed"]
    failed = state == "AwaitingApproval" and not done
    return Answer("failed" if failed else "success", _shown([*words, _where(run_id)]))


def busy(message: str) -> Answer:
    """Another run writes, and went on writing for as long as we waited; ``message`` is that run's
    stop, which says who."""
    who = message.removeprefix(f"{Stop.LEASE_HELD.value}: ")
    return Answer(
        "failed",
        _shown([f"Another sync is at work. {who}", "Press the button again when it has ended."]),
    )


def given_up(tries: int) -> Answer:
    """Run after run died over this press."""
    return Answer(
        "failed",
        _shown(
            [
                f"PaidSync tried {tries} times and did not come to an end.",
                "Ask the people who run PaidSync to look at its runs, then press the button again.",
            ]
        ),
    )


def called_off(run_id: str) -> Answer:
    """A person cancelled the run."""
    return Answer("failed", _shown(["The people who run PaidSync cancelled it.", _where(run_id)]))


def _counts(summary: Mapping[str, Any]) -> Iterator[str]:
    posted, reversed_, right = (summary[key] for key in ("posted", "reversed", "already_right"))
    if posted or reversed_:
        back = f" and took back {reversed_}" if reversed_ else ""
        money = f", {shown_money(summary['money'])} together" if summary["money"] else ""
        yield f"Posted {_payments(posted)}{back}{money}."
    else:
        yield "There was nothing new to post."
    if right:
        yield f"{_payments(right)} already stood in Procore as in the ERP."
    yield from _reasons("Held", summary["held"], Hold)
    yield from _reasons("Not yet", summary["pending"], Pending)


def _reasons(label: str, counts: Mapping[str, int], kind: type[Hold] | type[Pending]) -> list[str]:
    """The most frequent first; what is beyond a screenful is only counted."""
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    lines = []
    for code, count in ordered[:_MOST_REASONS]:
        known = code in {each.value for each in kind}
        plain = f"{kind(code).plain} {kind(code).action}" if known else f"Reason {code}."
        lines.append(f"{label}: {_payments(count)}. {plain}")
    rest = sum(count for _, count in ordered[_MOST_REASONS:])
    return [*lines, f"{label}: {_payments(rest)} for other reasons."] if rest else lines


def _why(summary: Mapping[str, Any], state: str, erp: str) -> Iterator[str]:
    message = str(summary.get("message", ""))
    code, _, said = message.partition(": ")
    if state in ("Refused", "Busy") and code in {each.value for each in Stop}:
        yield f"Nothing was posted. {Stop(code).plain} {said}"
        yield Stop(code).action
        return
    done = summary.get("posted") or summary.get("reversed")
    yield "The sync did not come to its end." if done else "The sync failed before it posted."
    if state == "TotalsDiffer":
        yield "Its control totals do not tie, so a person has to look at it."
    elif _names_a_system(message, erp):
        yield message
    yield "Ask the people who run PaidSync; what was posted stays and is not posted twice."


def _names_a_system(message: str, erp: str) -> bool:
    """Whether it is an error of the outside, which says in which system, what and what to do."""
    system = message.partition(":")[0].partition(",")[0].removesuffix(" login")
    return system.lower().replace(" ", "_") in ("procore", erp, *_OUR_OWN)


def _where(run_id: str) -> str:
    return f"PaidSync run {run_id} has the whole result."


def _payments(count: int) -> str:
    return "1 payment" if count == 1 else f"{count} payments"


def _shown(lines: list[str]) -> tuple[str, ...]:
    plain = (" ".join(line.split()) for line in lines)
    return tuple(each if len(each) <= _LONGEST else f"{each[:_LONGEST]}..." for each in plain)
