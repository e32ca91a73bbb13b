"""Judges the answers of Xero's API and of its token endpoint.

Bodies may be JSON of two shapes, XML, HTML or plain text, whatever was asked for (Xero: response
codes); only JSON that says ``OK``, or a plain list, is an answer.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.errors import AccessRefused, Garbled, OutsideError, Rejected, TryLater
from connectors.http import Reply, by_status
from connectors.oauth import Refusal, token_judge
from connectors.xero.settings import SYSTEM

_RECONNECT = (
    "Connect Xero again: sign in to the app as a user of the organisation; for a web app put the "
    "new refresh token where `refresh_token` of the connection file points; then run `paidsync "
    "check`."
)
_WRONG_APP = "Check `client_id` and `client_secret` of this connection against the app at Xero."
NOT_CONNECTED = (
    "Check `tenant_id` in the connection file, that the app is still connected to this "
    "organisation, and that it was granted the scopes of docs/erps/xero.md; connect it again where "
    "it was not, then run `paidsync check`."
)
_BY_STATUS: Mapping[int, str] = {
    401: _RECONNECT,
    403: NOT_CONNECTED,
    412: "Find out what stands between PaidSync and Xero, which asks for TLS 1.2 or newer.",
    503: "Nothing to mend here; Xero or this organisation is offline for some minutes.",
}
_LONGEST_DETAIL = 300

judge_token = token_judge(
    SYSTEM,
    {
        "invalid_grant": Refusal(
            "Xero refused the refresh token: it was used before, was not used for 60 days, or the "
            "app was disconnected.",
            _RECONNECT,
        ),
        "invalid_client": Refusal("Xero refused the app's client id and secret.", _WRONG_APP),
        "invalid_scope": Refusal(
            "Xero does not grant the app what it asks for.",
            "Give the app the scopes of the connection file at developer.xero.com, or correct "
            "`scopes`; apps made before March 2026 know the older names only.",
        ),
        "unauthorized_client": Refusal(
            "The app may not sign in to Xero in this way.",
            "A custom connection has no `refresh_token` in the connection file, a web app has one: "
            "check which of them the app is.",
        ),
    },
)


def judge(reply: Reply) -> OutsideError | None:
    """None for an answer with data, else the error that it is."""
    if 200 <= reply.status < 300:
        return None if _is_answer(reply.body) else _error(reply, Garbled, _NO_JSON)
    if reply.status == 429:
        problem = reply.headers.get("x-rate-limit-problem") or "unnamed"
        return _error(reply, TryLater, f"The rate limit ({problem}) is used up.", code=problem)
    kind = Rejected if reply.status == 501 else type(by_status(SYSTEM, reply, ""))
    code, said = _said(reply)
    if kind is AccessRefused and reply.status == 403:
        said = f"Access to the organisation is refused ({said or 'no reason given'})"
    return _error(reply, kind, said or f"Answered {reply.status}", code=code)


_NO_JSON = "The answer is not the documented JSON."


def _is_answer(body: Any) -> bool:
    return isinstance(body, list) or (isinstance(body, dict) and body.get("Status") == "OK")


def _error(
    reply: Reply, kind: type[OutsideError], message: str, *, code: str | None = None
) -> OutsideError:
    body = reply.body if isinstance(reply.body, dict) else {}
    instance = body.get("Instance")  # the gateway's own number for a refused request
    return kind(
        f"{message.rstrip('.')}.",
        system=SYSTEM,
        operation=reply.operation,
        status=reply.status,
        code=code,
        request_id=reply.request_id or (instance if isinstance(instance, str) else None),
        action=_BY_STATUS.get(reply.status),
    )


def _said(reply: Reply) -> tuple[str | None, str]:
    """The kind of error and what Xero says of it, from either shape of JSON or from plain text."""
    body = reply.body
    if isinstance(body, dict):
        words = list(dict.fromkeys(_words(body)))
        code = _text(body.get("Type")) or _text(body.get("Detail")).partition(":")[0]
        return code or None, ": ".join(words)[:_LONGEST_DETAIL]
    plain = reply.headers.get("content-type", "").startswith("text/plain")
    return None, " ".join(reply.text.split())[:_LONGEST_DETAIL] if plain else ""


def _words(body: Mapping[str, Any]) -> Iterator[str]:
    for name in ("Message", "Title", "Detail"):
        if _text(body.get(name)):
            yield _text(body[name])
    for element in _list(body.get("Elements")):
        for error in _list(element.get("ValidationErrors")):
            if _text(error.get("Message")):
                yield _text(error["Message"])


def _text(value: Any) -> str:
    return value.strip().rstrip(".") if isinstance(value, str) else ""


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
