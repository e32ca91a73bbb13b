"""One API call as handlers see it: parameters, scope and permission.

Strictness of our own, since the real behaviour is not published: a query parameter that the
reference does not list for the operation, or a value that does not fit its type, is refused
with 400 and named in ``fields``. So a misspelt filter can never look like an empty result.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from starlette.datastructures import QueryParams

from sandbox.procore.errors import ApiError, bad_request, forbidden, not_found
from sandbox.procore.model import LEVELS, Commitment, Project
from sandbox.procore.store import ProcoreStore
from sandbox.procore.tokens import Token

_INTEGER = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_TRUE = {"true", "1"}
_FALSE = {"false", "0"}
Range = tuple[datetime, datetime]


@dataclass(slots=True)
class Call:
    """An authorised call; handlers run under the store's lock."""

    store: ProcoreStore
    token: Token
    path: Mapping[str, str]
    query: QueryParams
    url: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """A query value, the last one if repeated."""
        return self.query.get(name)

    def integer(self, name: str) -> int | None:
        """An integer query value."""
        value = self.query.get(name)
        if value is None:
            return None
        return _integer(name, value)

    def need(self, name: str) -> int:
        """A required integer query value."""
        value = self.integer(name)
        if value is None:
            raise bad_request(f"{name} is missing", name)
        return value

    def flag(self, name: str) -> bool | None:
        """A boolean query value."""
        value = self.query.get(name)
        if value is None:
            return None
        if value not in _TRUE | _FALSE:
            raise bad_request(f"{name} must be true or false", name)
        return value in _TRUE

    def choice(self, name: str, allowed: tuple[str, ...]) -> str | None:
        """A query value out of a published list."""
        value = self.query.get(name)
        if value is not None and value not in allowed:
            raise bad_request(f"{name} must be one of {', '.join(allowed)}", name)
        return value

    def filter(self, name: str) -> str | None:
        """``filters[name]`` as text."""
        return self.query.get(f"filters[{name}]")

    def integers(self, name: str) -> set[int] | None:
        """``filters[name][]=1&filters[name][]=2``, or a single ``filters[name]=1``."""
        key = f"filters[{name}]"
        values = [*self.query.getlist(f"{key}[]"), *self.query.getlist(key)]
        return {_integer(key, value) for value in values} if values else None

    def texts(self, name: str) -> set[str] | None:
        """The same for words."""
        key = f"filters[{name}]"
        return {*self.query.getlist(f"{key}[]"), *self.query.getlist(key)} or None

    def range(self, name: str) -> Range | None:
        """``filters[name]=from...to``: two ISO 8601 values, never a single one (reference 3.4).

        Both ends are included, and a plain date at the end means all of that day [assumed].
        """
        value = self.filter(name)
        if value is None:
            return None
        key = f"filters[{name}]"
        ends = value.split("...")
        if len(ends) != 2:
            raise bad_request(f"{key} must be a range of two values joined by three dots", key)
        try:
            return _moment(ends[0], end=False), _moment(ends[1], end=True)
        except ValueError:
            raise bad_request(f"{key} is not a range of ISO 8601 values", key) from None

    def path_id(self, name: str = "id") -> int:
        """An id of the path; anything but a number names no record."""
        value = self.path[name]
        if not _INTEGER.fullmatch(value):
            raise not_found("Record")
        return int(value)

    def document(self, *, allowed: tuple[str, ...]) -> dict[str, Any]:
        """The body as an object with no keys but these; others are unknown fields (406)."""
        if not isinstance(self.body, dict):
            raise bad_request("The body must be a JSON object")
        refuse_unknown(self.body, allowed)
        return self.body

    def body_id(self, name: str) -> int:
        """A required integer of the body's envelope."""
        value = self.body.get(name) if isinstance(self.body, dict) else None
        if value is None:
            raise bad_request(f"{name} is missing", name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise bad_request(f"{name} is not an integer", name)
        return value

    def body_object(self, name: str, allowed: tuple[str, ...]) -> dict[str, Any]:
        """A required object of the body's envelope."""
        value = self.body.get(name) if isinstance(self.body, dict) else None
        if not isinstance(value, dict):
            raise bad_request(f"{name} is missing or is not an object", name)
        refuse_unknown(value, allowed, f"{name}.")
        return value

    def project(self, project_id: int) -> Project:
        """A project the caller can see; every other one does not exist for them."""
        project = self.store.projects.get(project_id)
        if project is None or project.hidden:
            raise not_found("Project")
        return project

    def commitment(self, project_id: int, commitment_id: int) -> Commitment:
        """A commitment of that project."""
        commitment = self.store.commitments.get(commitment_id)
        if (
            commitment is None
            or commitment.project_id != project_id
            or commitment.deleted_at is not None
        ):
            raise not_found("Commitment")
        return commitment

    def need_tool(self, name: str, level: str, project_id: int | None = None) -> None:
        """403 when the tool is off, or the caller's level in it is too low."""
        enabled, actual = self.store.tools[name].at(project_id)
        if not enabled:
            raise forbidden(f"The {name} tool is not enabled")
        if LEVELS.index(actual) < LEVELS.index(level):
            raise forbidden(f"This action needs {level} permission on the {name} tool")


def refuse_unknown(body: Mapping[str, Any], allowed: tuple[str, ...], prefix: str = "") -> None:
    """406 that names the unknown fields."""
    unknown = sorted(set(body) - set(allowed))
    if unknown:
        names = ", ".join(prefix + name for name in unknown)
        raise ApiError(406, f"Unknown fields: {names}", fields=names)


def _integer(name: str, value: str) -> int:
    if not _INTEGER.fullmatch(value):
        raise bad_request(f"{name} is not an integer", name)
    return int(value)


def _moment(value: str, *, end: bool) -> datetime:
    text = value.strip()
    if len(text) == 10:
        day = datetime.combine(date.fromisoformat(text), time(), UTC)
        return day + timedelta(days=1, seconds=-1) if end else day
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
