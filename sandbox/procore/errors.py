"""Refusals, in the body shapes a v1 and a v2 client must tolerate (reference 3.6).

v1: shape 1 ``{code, message, fields, reason, error}`` in general, shape 2 ``{errors: {field:
[text]}}`` for rules about fields, shape 3 ``{message, exception}`` for 404. v2: ``{error: {code,
message, details}}`` with the status name in upper snake case as code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from starlette.responses import JSONResponse

FieldErrors = Mapping[str, Sequence[str]]


class ApiError(Exception):
    """A refusal that ends the request."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        fields: str = "",
        errors: FieldErrors | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.fields = fields
        self.errors = errors

    def response(self, *, v2: bool) -> JSONResponse:
        """The refusal as the version of the called path shows it."""
        return JSONResponse(self._v2() if v2 else self._v1(), status_code=self.status)

    def _v1(self) -> dict[str, object]:
        if self.errors is not None:
            return {"errors": {name: list(texts) for name, texts in self.errors.items()}}
        if self.status == HTTPStatus.NOT_FOUND:
            return {"message": self.message, "exception": "RecordNotFound"}
        return {
            "code": self.status,
            "message": self.message,
            "fields": self.fields,
            "reason": self.message,
            "error": HTTPStatus(self.status).phrase,
        }

    def _v2(self) -> dict[str, object]:
        name = HTTPStatus(self.status).name
        details = [
            {"code": name, "message": text, "source": field}
            for field, texts in (self.errors or {}).items()
            for text in texts
        ]
        if self.fields:
            details.append({"code": name, "message": self.message, "source": self.fields})
        return {"error": {"code": name, "message": self.message, "details": details}}


def bad_request(message: str, fields: str = "") -> ApiError:
    """400: bad JSON, missing field, bad value."""
    return ApiError(400, message, fields=fields)


def forbidden(message: str) -> ApiError:
    """403: too little permission, app not connected, tool switched off."""
    return ApiError(403, message)


def not_found(what: str) -> ApiError:
    """404: no such record, or the caller cannot see it at all."""
    return ApiError(404, f"{what} not found")


def unprocessable(field: str, *texts: str) -> ApiError:
    """422: a business rule about one field."""
    return ApiError(422, f"{field} {texts[0]}", errors={field: texts})
