"""Judges the answers of QuickBooks Online and of Intuit's token endpoint.

Status 200 does not mean success, and faults come in two spellings: ``Fault`` from the application,
``fault`` from the gateway (QuickBooks Online: error codes).
"""

from collections.abc import Mapping
from typing import Any

from connectors.errors import (
    AccessRefused,
    Conflict,
    Garbled,
    NotThere,
    OutsideError,
    Rejected,
    TryLater,
)
from connectors.http import Reply, by_status
from connectors.oauth import Refusal, token_judge
from connectors.quickbooks_online.settings import SYSTEM

_RECONNECT = (
    "Connect QuickBooks Online again: sign in to the app at Intuit as an administrator of the "
    "company, put the new refresh token where `refresh_token` of the connection file points, then "
    "run `paidsync check`."
)
_WRONG_COMPANY = (
    "Check `realm_id` and `environment` in the connection file, and that the app is connected to "
    "this company; then run `paidsync check`."
)
_WRONG_APP = (
    "Check `client_id` and `client_secret` of this connection: production and sandbox have "
    "different keys."
)
_LONGEST_DETAIL = 300
_BAD_APP = Refusal("Intuit refused the app's client id and secret.", _WRONG_APP)

judge_token = token_judge(
    SYSTEM,
    {
        "invalid_grant": Refusal(
            "Intuit refused the refresh token: it expired, was replaced or was revoked.", _RECONNECT
        ),
        "invalid_client": _BAD_APP,
        "unauthorized_client": _BAD_APP,
    },
)

# Fault code -> what it means, the status it stands for, and what to do where that is special.
_CODES: Mapping[str, tuple[type[OutsideError], int | None, str | None]] = {
    "3200": (AccessRefused, 401, _RECONNECT),  # token expired, malformed or revoked
    "3100": (AccessRefused, 403, _WRONG_COMPANY),  # app not authorised for this company
    "3201": (AccessRefused, 403, _RECONNECT),  # the user lost access to the company
    "120": (AccessRefused, 403, _RECONNECT),
    "3001": (TryLater, 429, None),  # ThrottleExceeded
    "10000": (TryLater, None, None),  # SystemFault
    "610": (NotThere, None, None),
    "5010": (Conflict, None, None),  # stale SyncToken
    "500": (Rejected, None, None),  # operation not supported
    "2010": (Rejected, None, None),
    "2020": (Rejected, None, None),
    "4000": (Rejected, None, None),  # the statement does not parse
    "4001": (Rejected, None, None),  # it names an invalid property or value
    "6000": (Rejected, None, None),
    "6140": (Rejected, None, None),
    "6240": (Conflict, None, None),  # duplicate name
}
_PAYLOADS = ("QueryResponse", "CDCResponse", "CompanyInfo", "Preferences")


def judge(reply: Reply) -> OutsideError | None:
    """None for an answer with a payload, else the error that it is."""
    body = reply.body
    fault = _fault(body)
    if fault is not None:
        return _of_fault(reply, fault)
    if not 200 <= reply.status < 300:
        return by_status(SYSTEM, reply, f"Answered {reply.status}.")
    if not isinstance(body, dict) or not any(name in body for name in _PAYLOADS):
        return Garbled(
            "The answer is not the documented JSON.",
            system=SYSTEM,
            operation=reply.operation,
            status=reply.status,
            request_id=reply.request_id,
        )
    return None


def _fault(body: Any) -> Mapping[str, Any] | None:
    """The fault of an answer, wherever it stands: on top, or inside a part of a CDC answer."""
    if not isinstance(body, dict):
        return None
    parts = body.get("CDCResponse")
    for holder in (body, *(parts if isinstance(parts, list) else ())):
        if isinstance(holder, dict):
            for name in ("Fault", "fault"):
                if isinstance(holder.get(name), dict):
                    found: Mapping[str, Any] = holder[name]
                    return found
    return None


def _of_fault(reply: Reply, fault: Mapping[str, Any]) -> OutsideError:
    kind = str(fault.get("type") or "")
    errors = fault.get("Error", fault.get("error"))
    first = errors[0] if isinstance(errors, list) and errors else {}
    if not isinstance(first, dict):
        first = {}
    code = str(first.get("code") or "").lstrip("0")  # the gateway pads: 003200
    words = [first.get(name) for name in ("Message", "message", "Detail", "detail")]
    message = ": ".join(str(word) for word in words if word)[:_LONGEST_DETAIL] or kind or "Fault"
    cls, status, action = _meaning(reply, kind.lower(), code)
    return cls(
        f"{message.rstrip('.')}.",
        system=SYSTEM,
        operation=reply.operation,
        status=status or reply.status,
        code=code or None,
        request_id=reply.request_id,
        action=action,
    )


def _meaning(
    reply: Reply, kind: str, code: str
) -> tuple[type[OutsideError], int | None, str | None]:
    if reply.status >= 500:
        return TryLater, None, None
    if code in _CODES:
        return _CODES[code]
    if kind == "systemfault":
        return TryLater, None, None
    if kind.startswith("authentication"):
        return AccessRefused, 401, _RECONNECT
    if kind.startswith("authori"):  # the schema spells one AuthorizatonFault
        return AccessRefused, 403, _WRONG_COMPANY
    return type(by_status(SYSTEM, reply, "")), None, None
