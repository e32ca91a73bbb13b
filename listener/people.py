"""The door for people: plans that wait for a second person, decided about by whom a sign-on proxy
vouches for.

Prefect's forms know nobody (whatever they say is typed). Here the proxy, which only passes on who
signed in, names the person in a header and shows by a secret that it is the proxy. What may be
decided, and by whom, is ``tasks.approving``'s.
"""

import asyncio
import logging
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from connectors.errors import OutsideError
from connectors.http import Call
from connectors.procore.client import Procore
from flows import starting
from listener.limits import Limits, Rates, TooLarge, TooSlow, body_of
from paidsync.ledger import Ledger
from paidsync.reasons import RunStopped
from paidsync.settings import Settings
from tasks.approving import Office, Person, Verdict, decide
from tasks.desk import stored_connection
from tasks.pages import shown_money

PROXY_HEADER = "x-paidsync-proxy"
_log = logging.getLogger("paidsync.listener")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_VERDICTS = ("approve", "reject")
_LONGEST_NOTE = 1000
_LONGEST_WAIT = 3.0  # for Procore's rate limits, while somebody looks at the page
_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
)
_HEADERS = {
    "cache-control": "no-store",
    # Nothing is loaded, and no other page may show this one or have its form sent elsewhere.
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


class Refused(Exception):
    """A request that is not taken, and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class Proxy:
    """How the sign-on proxy shows that it is the proxy, and where it names who signed in."""

    secret: str
    header: str

    @classmethod
    def of(cls, own: Settings) -> "Proxy | None":
        """The proxy that is set up; without one there is no door for people."""
        if own.proxy_secret is None:
            return None
        return cls(own.proxy_secret.get_secret_value(), own.identity_header)

    def person(self, request: Request) -> str:
        """The e-mail address of who signed in. Raises Refused."""
        shown = request.headers.get(PROXY_HEADER, "")
        if not secrets.compare_digest(shown.encode(), self.secret.encode()):
            raise Refused(401, "Come through the sign-on proxy.")
        named = request.headers.getlist(self.header)
        if len(named) != 1 or not _EMAIL.fullmatch(named[0].strip()):
            raise Refused(
                401, f"The sign-on proxy names no single e-mail address in {self.header}."
            )
        return named[0].strip().lower()


class People:
    """Shows the plans that wait, and takes decisions about them."""

    def __init__(
        self,
        ledger: Ledger,
        proxy: Proxy,
        limits: Limits,
        start: Callable[[str, Mapping[str, Any]], None] = starting.start_approved,
    ) -> None:
        """``start`` begins the run that carries an approved plan out."""
        self._ledger = ledger
        self._proxy = proxy
        self._limits = limits
        self._rates = Rates(limits)
        self._start = start

    async def look(self, request: Request) -> Response:
        """The plans of all connections that may be decided about."""
        try:
            person = self._known(request)
        except Refused as refused:
            return _page(refused.status, said=str(refused))
        return _page(200, person=person, plans=await asyncio.to_thread(self._plans))

    async def decide(self, request: Request) -> Response:
        """Take a decision, and show the plans again; a page that is loaded anew decides nothing."""
        try:
            person = self._known(request)
            # A browser says so of the page's own form alone, whatever cookies it sends along.
            if request.headers.get("sec-fetch-site") != "same-origin":
                raise Refused(403, "Decide on the page of plans itself.")
            form = _form(await body_of(request, self._limits))
            name = request.path_params["connection"]
            await asyncio.to_thread(self._take, name, person, form)
        except Refused as refused:
            return _page(refused.status, said=str(refused))
        except TooLarge:
            return _page(413, said="That is more than a decision.")
        except (TooSlow, ClientDisconnect):
            return _page(408, said="The form did not arrive in time; send it again.")
        return RedirectResponse("/plans", status_code=303, headers=_HEADERS)

    def _known(self, request: Request) -> str:
        source = request.client.host if request.client else ""
        if not self._rates.allows(source):
            raise Refused(429, "Too many requests; wait half a minute.")
        try:
            return self._proxy.person(request)
        except Refused:
            _log.info("Refused: %s came without the sign-on proxy's word.", source)
            raise

    def _plans(self) -> list[dict[str, Any]]:
        return [
            {**plan, "money": shown_money(plan["money"])}
            for row in self._ledger.connections.all()
            for plan in self._ledger.plans.undecided(row.name)
        ]

    def _take(self, name: str, person: str, form: Mapping[str, str]) -> None:
        """Decide, and start what follows. Raises Refused."""
        verdict = form.get("decision", "")
        note = form.get("note", "").strip() or None
        if verdict not in _VERDICTS or len(note or "") > _LONGEST_NOTE:
            raise Refused(400, "Choose approve or reject; a note has at most 1,000 characters.")
        try:
            kept = self._decided(name, form.get("plan", ""), cast(Verdict, verdict), person, note)
        except RunStopped as refused:
            raise Refused(403, str(refused)) from refused
        except OutsideError as trouble:
            raise Refused(503, str(trouble)) from trouble
        _log.info("Plan %s of %s: %s by %s.", kept["plan_hash"][:12], name, verdict, person)
        if verdict == "approve":
            try:
                self._start(name, kept)
            except Exception as trouble:  # noqa: BLE001 - whatever Prefect's client raises
                _log.warning("The next sync carries it out: none was started now (%s).",
                             type(trouble).__name__)  # fmt: skip

    def _decided(
        self, name: str, plan: str, verdict: Verdict, person: str, note: str | None
    ) -> dict[str, Any]:
        connection = stored_connection(self._ledger, name)

        def not_logged(_call: Call) -> None:
            """No run, no run folder, no call log."""

        procore = Procore(connection.procore, on_call=not_logged, longest_wait=_LONGEST_WAIT)
        try:
            office = Office(self._ledger, procore, name, connection.policy, None)
            return decide(office, plan, verdict, Person(person, by_proxy=True), note=note)
        finally:
            procore.close()


def _form(body: bytes) -> dict[str, str]:
    try:
        fields = parse_qs(body.decode(), strict_parsing=True, max_num_fields=10)
    except ValueError:
        raise Refused(400, "This is no form of the page of plans.") from None
    return {name: values[0] for name, values in fields.items()}


def _page(
    status: int, *, person: str = "", said: str = "", plans: list[dict[str, Any]] | None = None
) -> Response:
    html = _PAGES.get_template("plans.html").render(person=person, said=said, plans=plans)
    return HTMLResponse(html, status_code=status, headers=_HEADERS)
