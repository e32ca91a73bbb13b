"""What goes wrong on the way to both systems."""

from random import Random
from typing import Any

from tests.histories.history import History

_POST = {"system": "procore", "method": "POST", "route": "/rest/v1.0/contract_payments"}
_LIST = {"system": "procore", "method": "GET", "route": "/rest/v1.0/contract_payments"}

# While a payment is sent: whether it stands, only reading tells.
_SENDING: dict[str, dict[str, Any]] = {
    "lost_reply": {"kind": "lost_reply"},
    "late_commit": {"kind": "late_commit"},
    "refused_for_now": {"kind": "status", "status": 429, "retry_after": 2},
    "error_before": {"kind": "status", "status": 500},
    "error_after": {"kind": "status", "status": 503, "when": "after"},
    "cut_before": {"kind": "reset"},
    "cut_after": {"kind": "reset", "when": "after"},
    "half_an_answer": {"kind": "truncated"},
    "page_instead": {"kind": "html_error", "when": "after"},
    "ok_with_errors": {"kind": "ok_with_errors"},
    "token_ends": {"kind": "expire_tokens"},
}
# While something is read, in either system.
_READING: dict[str, dict[str, Any]] = {
    "no_answer": {"kind": "reset"},
    "too_many": {"kind": "status", "status": 429, "retry_after": 1},
    "broken": {"kind": "status", "status": 500},
    "unavailable": {"kind": "status", "status": 503},
    "half_a_list": {"kind": "truncated"},
    "page_of_html": {"kind": "html_error"},
    "answer_lost": {"kind": "lost_reply"},
    "token_ended": {"kind": "expire_tokens"},
    "errors_in_200": {"kind": "ok_with_errors"},
}
TROUBLES = (*_SENDING, *_READING)


def go_wrong(history: History, name: str, dice: Random) -> None:
    """From now on something goes wrong, once, a few times or until it is mended."""
    how: dict[str, Any]
    if name in _SENDING:
        how = {**_POST, **_SENDING[name], "after": dice.choice([0, 0, 1, 2])}
    else:
        where = dice.choice([_LIST, {"system": "procore"}, {"system": history.scene.erp}])
        how = {**where, **_READING[name], "after": dice.randint(0, 9)}
    how["count"] = dice.choice([1, 1, 2, 6])
    history.make("goes_wrong", trouble=name, **how)
