"""Fields of run forms that may stay empty.

Prefect's form asks a person to choose between *str* and *null* before they can type into a field
that may be either. These are plain text to the form, and nothing was said where it is empty.
"""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, StringConstraints, WithJsonSchema

# What the form refuses by itself; whether such a user is there, Procore is asked.
EMAIL = r"^[^@\s]+@[^@\s]+$"


def _or_empty(pattern: str) -> str:
    return f"^$|{pattern}"


def _nothing(given: Any) -> Any:
    """What was erased again was not said."""
    return None if isinstance(given, str) and not given.strip() else given


def optional(position: int) -> Callable[[dict[str, Any]], None]:
    """The place of such a field in its form, which would show the default null as a choice."""

    def place(schema: dict[str, Any]) -> None:
        schema.pop("default", None)
        schema["position"] = position

    return place


_May = BeforeValidator(_nothing)

OptionalText = Annotated[
    Annotated[str, StringConstraints(max_length=1000)] | None,
    _May,
    WithJsonSchema({"type": "string", "maxLength": 1000}),
]
OptionalName = Annotated[
    Annotated[str, StringConstraints(min_length=3, max_length=100)] | None,
    _May,
    WithJsonSchema({"type": "string", "maxLength": 100}),
]
OptionalEmail = Annotated[
    # Behind Procore's button may be a user whose address is not shown.
    Annotated[str, StringConstraints(max_length=254)] | None,
    _May,
    WithJsonSchema({"type": "string", "pattern": _or_empty(EMAIL), "maxLength": 254}),
]
OptionalCode = Annotated[
    Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] | None,
    _May,
    WithJsonSchema({"type": "string", "pattern": _or_empty("^[0-9]{6}$")}),
]
OptionalNumber = Annotated[
    Annotated[str, StringConstraints(pattern=r"^\s*[0-9]+\s*$", max_length=24)] | None,
    _May,
    WithJsonSchema({"type": "string", "pattern": r"^\s*[0-9]*\s*$", "maxLength": 24}),
]
# Prefect's server checks a pattern, and no format.
OptionalDay = Annotated[
    date | None,
    _May,
    WithJsonSchema(
        {"type": "string", "format": "date", "pattern": _or_empty("^[0-9]{4}-[0-9]{2}-[0-9]{2}")}
    ),
]
