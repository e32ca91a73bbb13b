"""Webhooks as the listener sees them, the same for every system.

A webhook is a hint, never the source: it says that something may have happened, and whoever acts
on it asks the system itself. A system's own check is one pure function (``Check``) in its folder.
"""

import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.credentials import SecretRef
from connectors.errors import WrongSettings
from connectors.http import address

_ID = re.compile(r"[A-Za-z0-9._:+/=-]{1,100}", re.ASCII)
_SHORTEST = 24  # characters of a secret that we choose ourselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that a webhook tells of, and that PaidSync may act on."""

    event_id: str  # the sender's own, the same when it is delivered again
    company: str  # the company's id in that system
    what: str
    record_id: str


class Forged(Exception):
    """It does not carry the secret that we and the sender share."""


class Unreadable(Exception):
    """It carries the secret, and its body is not as documented."""


# Gets the raw body, the headers (names in small letters) and the secret. Answers the events that
# matter, none where it tells of something else. Raises Forged, then Unreadable.
Check = Callable[[bytes, Mapping[str, str], str], list[Event]]


class ListenerSettings(BaseModel):
    """Who may knock at ``paidsync listen`` for this connection."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    public_url: str | None = Field(
        None, description="Where Procore reaches `paidsync listen`, with https://."
    )
    procore_secret: SecretRef | None = Field(
        None,
        description="What Procore's webhooks carry: choose it (at least 24 characters). Naming it "
        "lets PaidSync answer Procore's button.",
    )
    erp_secret: SecretRef | None = Field(
        None, description="What the ERP signs its webhooks with (Intuit: the verifier token)."
    )

    @field_validator("public_url")
    @classmethod
    def _without_end_slash(cls, value: str | None) -> str | None:
        return address(value).rstrip("/") if value is not None else None

    @model_validator(mode="after")
    def _with_secret(self) -> "ListenerSettings":
        if self.public_url is not None and self.procore_secret is None:
            raise ValueError("name procore_secret beside public_url: Procore's webhooks carry it")
        return self

    @property
    def answers_the_button(self) -> bool:
        """Whether a press of Procore's button is for PaidSync to answer."""
        return self.procore_secret is not None


def chosen(ref: SecretRef, system: str) -> str:
    """A secret that we chose. Raises WrongSettings where it is not set, short, or no header."""
    secret = ref.value(system)
    if len(secret) < _SHORTEST or not re.fullmatch(r"[!-~]+", secret):
        raise WrongSettings(
            f"The webhook secret {ref.env or ref.file} is shorter than {_SHORTEST} characters, or "
            "has a space or a letter outside ASCII.",
            system=system,
            action="Choose another, for example with `paidsync settings --new-key`, and connect "
            "again.",
        )
    return secret


def same(given: str, expected: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(given.encode(), expected.encode())


def parsed(body: bytes) -> Any:
    """The JSON of a body. Raises Unreadable."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("The body is not JSON.") from None


def id_of(value: object) -> str | None:
    """An id as text, short and printable whatever the sender made of it; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return None
    try:
        text = str(value)
    except ValueError:  # an integer of thousands of digits
        return None
    return text if _ID.fullmatch(text) else sha256(text.encode(errors="replace")).hexdigest()
