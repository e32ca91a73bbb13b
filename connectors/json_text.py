"""JSON as outside systems write it."""

import json
import re
from decimal import Decimal
from typing import Any

# How JSON writes what _storable replaces (and whole pairs, which it keeps).
_UNSTORABLE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


def parsed(text: str) -> Any:
    """The value, its numbers int or Decimal, never float; None where there is none, or no JSON."""
    if not text:
        return None
    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=_refuse)
        return _storable(value) if _UNSTORABLE.search(text) else value
    except (ValueError, ArithmeticError, RecursionError):  # of no number, of depth
        return None


def _storable(value: Any) -> Any:
    """Without NUL and halves of a surrogate pair, which no database and no Parquet file takes: one
    such name would stop every run."""
    if isinstance(value, str):
        whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return whole.replace("\0", "\ufffd")
    if isinstance(value, list):
        return [_storable(each) for each in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(each) for key, each in value.items()}
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not a number")
