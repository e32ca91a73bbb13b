"""Pages of v1 and v2 lists (reference 3.3).

``Total``, ``Per-Page`` and ``Link`` headers; page one has only next and last, the last page has
no next, and the order of the rels is not fixed. A ``per_page`` over an endpoint's cap is lowered
to it, and ``Per-Page`` says so [assumed]; zero, negative or non-numeric values are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sandbox.procore.call import Call
from sandbox.procore.errors import bad_request

T = TypeVar("T")
PAGE_NAMES = ("page", "per_page")


def page_of(
    call: Call,
    items: Sequence[T],
    shape: Callable[[T], object],
    *,
    default: int = 100,
    cap: int = 1000,
) -> list[object]:
    """The asked page, shaped; only the rows on it are shaped."""
    page = _positive(call, "page", 1)
    per_page = min(_positive(call, "per_page", default), cap)
    total = len(items)
    last = max(1, -(-total // per_page))
    call.headers["Total"] = str(total)
    call.headers["Per-Page"] = str(per_page)
    link = _link(call.url, page, last, per_page)
    if link:
        call.headers["Link"] = link
    start = (page - 1) * per_page
    return [shape(item) for item in items[start : start + per_page]]


def _positive(call: Call, name: str, default: int) -> int:
    value = call.integer(name)
    if value is None:
        return default
    if value < 1:
        raise bad_request(f"{name} must be at least 1", name)
    return value


def _link(url: str, page: int, last: int, per_page: int) -> str:
    rels: list[tuple[str, int]] = []
    if page < last:
        rels += [("next", page + 1), ("last", last)]
    if page > 1:
        rels += [("first", 1), ("prev", min(page - 1, last))]
    # Clients must find a rel by its name, so its place changes from page to page.
    turn = page % len(rels) if rels else 0
    scheme, host, path, query, _ = urlsplit(url)
    kept = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in PAGE_NAMES]
    links = []
    for rel, number in rels[turn:] + rels[:turn]:
        asked = urlencode([*kept, ("page", str(number)), ("per_page", str(per_page))])
        links.append(f'<{urlunsplit((scheme, host, path, asked, ""))}>; rel="{rel}"')
    return ", ".join(links)
