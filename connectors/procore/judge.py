"""Procore's answers judged: one readable sentence out of every documented body shape, and the
error class that says what the reader can do (Procore: errors).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.errors import AccessRefused, Conflict, Garbled, OutsideError, Rejected
from connectors.http import Reply, by_status

SYSTEM = "Procore"
LOGIN = "Procore login"

_LONGEST = 300
_ORIGIN = re.compile(r"origin[\s_]*id", re.IGNORECASE)
# A 422 that names the origin_id is about its being taken, unless it says one of these: the record
# is locked by it, or the id itself is malformed.
_LOCKED = re.compile(
    r"\b(locked|(cannot|can't|can not) be (edited|changed|updated|deleted|modified))\b",
    re.IGNORECASE,
)
_TAKEN = re.compile(r"\b(taken|already|exists?|unique|duplicate[ds]?|in use)\b", re.IGNORECASE)
_MALFORMED = re.compile(r"\b(too (long|short)|blank|invalid|characters|not a)\b", re.IGNORECASE)
_MARKUP = re.compile(r"\s*(<!doctype|<html|<\?xml)", re.IGNORECASE)

# What a person does about a refusal, by what Procore's message says. The first that fits.
_REMEDIES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"not connected", re.IGNORECASE),
        "In Procore, Company Admin, App Management: connect the app, then permit its projects.",
    ),
    (
        re.compile(r"missing procore-company-id", re.IGNORECASE),
        "Set company_id in the connection file, and look for a proxy that drops the header.",
    ),
    (
        re.compile(r"\b(not enabled|not active|disabled|switched off|turned off)\b", re.IGNORECASE),
        "Switch the tool on in Procore, for the company or in this project's settings.",
    ),
)
_REMEDY_BY_STATUS: Mapping[int, str] = {
    401: "Check client_id, client_secret and environment, and that the app was not disconnected.",
    403: "Give the service account the permission, or put the project on its permitted list.",
    404: "Check that the record exists, and that the project is on the service account's list of "
    "permitted projects.",
}


def judge(reply: Reply) -> OutsideError | None:
    """None for a good answer, else the error to raise; for the API host.

    A 409, and a 422 that says an ``origin_id`` is taken, are both Conflict: Procore's two guides
    disagree. A 2xx whose body carries errors but no record is a refusal, and a 2xx that is not
    JSON (a proxy's page, half an answer) is Garbled.
    """
    if 200 <= reply.status < 300:
        return _judge_success(reply)
    message, code = sentence(reply)
    if reply.status == 422 and _says_taken(message):
        return _named(Conflict, message, reply, code)
    error = by_status(SYSTEM, reply, message, code)
    remedy = next((words for pattern, words in _REMEDIES if pattern.search(message)), None)
    remedy = remedy or _REMEDY_BY_STATUS.get(reply.status)
    if remedy is not None and reply.status < 429:
        error.action = remedy
    return error


def judge_login(reply: Reply) -> OutsideError | None:
    """The same for the login host, whose bodies are never quoted: only OAuth's own error code."""
    if 200 <= reply.status < 300:
        if isinstance(reply.body, Mapping) and isinstance(reply.body.get("access_token"), str):
            return None
        return Garbled(
            "The login gave no access token.",
            system=LOGIN,
            operation=reply.operation,
            status=reply.status,
            request_id=reply.request_id,
        )
    code = reply.body.get("error") if isinstance(reply.body, Mapping) else None
    if not isinstance(code, str) or not re.fullmatch(r"[a-z_]{1,40}", code):
        code = None
    if reply.status in (400, 401, 403):
        message = f"The app's credentials are refused ({code or reply.status})."
        return AccessRefused(
            message,
            system=LOGIN,
            operation=reply.operation,
            status=reply.status,
            code=code,
            request_id=reply.request_id,
            action="Check client_id and client_secret; credentials of one environment do not open "
            "another.",
        )
    return by_status(LOGIN, reply, f"Answered {reply.status}.", code)


def sentence(reply: Reply) -> tuple[str, str | None]:
    """What Procore says, in one sentence, and its code where it gives one; never a whole body."""
    body = reply.body
    code: str | None = None
    texts: list[str] = []
    if isinstance(body, Mapping):
        code = _code(body)
        texts = list(_texts(body))
    elif isinstance(body, list):
        texts = list(_listed(body, ""))
    elif body is None and reply.text and not _MARKUP.match(reply.text):
        texts = [reply.text]
    elif body is None and reply.text:
        texts = ["A page for browsers came instead of an answer"]
    said = _tidy("; ".join(dict.fromkeys(text.strip() for text in texts if text.strip())))
    return said or f"Answered {reply.status} without a reason.", code


def _judge_success(reply: Reply) -> OutsideError | None:
    if reply.body is None:
        return _named(Garbled, "The answer is not JSON, or not all of it came.", reply, None)
    if not isinstance(reply.body, Mapping) or not reply.body.get("errors"):
        return None
    if reply.body.get("id") is not None or reply.body.get("entities"):
        return None
    message, code = sentence(reply)
    return _named(Conflict if _says_taken(message) else Rejected, message, reply, code)


def _named(kind: type[OutsideError], message: str, reply: Reply, code: str | None) -> OutsideError:
    return kind(
        message,
        system=SYSTEM,
        operation=reply.operation,
        status=reply.status,
        code=code,
        request_id=reply.request_id,
    )


def _says_taken(message: str) -> bool:
    if not _ORIGIN.search(message) or _LOCKED.search(message):
        return False
    return bool(_TAKEN.search(message)) or not _MALFORMED.search(message)


def _code(body: Mapping[str, Any]) -> str | None:
    inner = body.get("error")
    found = inner.get("code") if isinstance(inner, Mapping) else body.get("code")
    return None if found is None else str(found)[:60]


def _texts(body: Mapping[str, Any]) -> Iterator[str]:
    """The readable parts of an object, whichever of the documented shapes it has."""
    inner = body.get("error")
    if isinstance(inner, Mapping):
        yield from _texts_of_error(inner)
        return
    errors = body.get("errors")
    if errors:
        yield from _listed(errors, "")
        return
    said = next((v for v in map(body.get, ("message", "reason")) if isinstance(v, str) and v), None)
    if said is None and isinstance(inner, str):
        described = body.get("error_description")
        said = described if isinstance(described, str) and described else inner
    if said is not None:
        yield said
    fields = body.get("fields")
    if isinstance(fields, str) and fields and fields not in (said or ""):
        yield f"fields: {fields}"


def _texts_of_error(error: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(error.get("message"), str):
        yield error["message"]
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, Mapping):
            source, said = detail.get("source"), detail.get("message") or detail.get("reason_code")
            yield " ".join(part for part in (source, said) if isinstance(part, str))


def _listed(value: Any, name: str) -> Iterator[str]:
    """Texts of ``errors``: a text, texts, texts by field, or echoed items with errors of theirs."""
    if isinstance(value, str):
        yield f"{name} {value}" if name not in ("", "base") else value
    elif isinstance(value, list):
        for item in value:
            yield from _listed(item, name)
    elif isinstance(value, Mapping):
        inner = value.get("errors")
        if inner:
            yield from _listed(inner, "")
            return
        for field, texts in value.items():
            yield from _listed(texts, str(field))


def _tidy(text: str) -> str:
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(plain) > _LONGEST:
        plain = plain[:_LONGEST].rstrip() + "..."
    if plain and plain[-1] not in ".!?":
        plain += "."
    return plain
