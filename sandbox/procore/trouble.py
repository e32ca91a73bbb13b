"""Procore's words for trouble that is made on the way to it."""

from __future__ import annotations

import json
from datetime import datetime
from http import HTTPStatus
from typing import Any

from .errors import ApiError

_SURPASSED = (
    "You have surpassed the max number of requests for an hour. "
    "Please wait until your limit resets."
)


class Procore:
    """Procore, as the doorway knows it."""

    name = "procore"

    def refusal(self, status: int, now: datetime) -> tuple[bytes, bytes]:
        """Return content type and body of an error answer with this status."""
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return b"text/plain", _SURPASSED.encode()
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return b"application/json", json.dumps({"errors": "Internal error"}).encode()
        answer = ApiError(status, HTTPStatus(status).phrase).response(v2=False)
        return b"application/json", bytes(answer.body)

    def errors(self, path: str, body: bytes, now: datetime) -> bytes:
        """A 200 whose items were refused: every item of a sync in `errors`."""
        message = {"base": ["could not be saved"]}
        found: dict[str, Any] = {"errors": message}
        if path.endswith("/sync"):
            try:
                updates = json.loads(body).get("updates", [])
            except ValueError:
                updates = []
            found = {"entities": [], "errors": [{**item, "errors": message} for item in updates]}
        return json.dumps(found).encode()
