"""Lists read page by page, guarded against pages that repeat, loops and totals that lie.

Procore pages by number, so that a row that comes or goes meanwhile shifts all later rows: one may
then come twice, or never (Procore: pagination).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.errors import Garbled
from connectors.http import Params, Reply
from connectors.procore.judge import SYSTEM
from connectors.procore.mapping import row_id

Json = Mapping[str, Any]
Ask = Callable[[str, Params | None], Reply]

_MOST_PAGES = 10_000
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_REL = re.compile(r"""\brel\s*=\s*["']?([^"';,]*)""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pages:
    """All rows that came, each once, in order; ``fault`` says why they may not be all there are.

    ``counted`` is whether Procore gave a Total at all: some lists have none.
    """

    rows: tuple[Json, ...]
    fault: str | None
    counted: bool

    @property
    def complete(self) -> bool:
        """Whether Procore's own count proves that no row is missing."""
        return self.counted and self.fault is None


def read_pages(ask: Ask, path: str, params: Mapping[str, Any], what: str) -> Pages:
    """Read a list to its end, following ``next`` as it is so that filters travel with it.

    ``params`` holds per_page. Raises Garbled where a page is no list or a row has no id.
    """
    rows: dict[str, Json] = {}
    target: str | None = path
    asked: Params | None = {**params, "page": 1}
    seen = {path}
    total: int | None = None
    fault: str | None = None
    counted = False
    for number in range(1, _MOST_PAGES + 1):
        reply = ask(target or path, asked)
        page = {row_id(row, what): row for row in _list(reply, what)}
        before, total = total, _total(reply)
        counted = total is not None
        if len(page) < len(reply.body) or page.keys() & rows.keys():
            fault = f"A {what} came twice while the pages were read."
        if page and not page.keys() - rows.keys():
            return Pages(tuple(rows.values()), f"Page {number} repeats earlier rows.", counted)
        rows.update(page)
        if before is not None and (total is None or total < before):
            fault = f"The number of rows changed from {before} to {total} on the way."
        target, asked = next_link(reply), None
        if target is None and total is None and "link" not in reply.headers:
            # No word about further pages: a full page may not be the last one.
            if len(page) < int(params["per_page"]):
                break
            target, asked = path, {**params, "page": number + 1}
        elif target is None:
            break
        elif target in seen or not page:
            return Pages(tuple(rows.values()), "The next links lead nowhere.", counted)
        else:
            seen.add(target)
    else:
        fault = f"More than {_MOST_PAGES} pages."
    if total is not None and total != len(rows):
        fault = fault or f"Procore counts {total} rows and gave {len(rows)}."
    return Pages(tuple(rows.values()), fault, counted)


def next_link(reply: Reply) -> str | None:
    """The address with rel ``next``, whichever place it has in the Link header."""
    for address, parameters in _LINK.findall(reply.headers.get("link", "")):
        rel = _REL.search(parameters)
        if rel is not None and "next" in rel.group(1).lower().split():
            return str(address)
    return None


def _list(reply: Reply, what: str) -> list[Any]:
    if not isinstance(reply.body, list):
        raise Garbled(
            f"The list of {what} rows is not a JSON list.",
            system=SYSTEM,
            operation=reply.operation,
            status=reply.status,
            request_id=reply.request_id,
        )
    return reply.body


def _total(reply: Reply) -> int | None:
    value = reply.headers.get("total", "").strip()
    return int(value) if value.isascii() and value.isdigit() else None
