"""The hook through which Procore tells ``paidsync listen`` that its button was pressed.

A hook of ours is known by its namespace, which carries the connection's name; no other hook is
looked at or changed (Procore: webhooks, v2.0).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connectors.errors import Garbled
from connectors.procore.client import Procore
from connectors.procore.judge import SYSTEM
from connectors.procore.mapping import Json, reference, row_id
from connectors.procore.webhooks import EVENT, RESOURCE, bearer
from connectors.webhooks import same

_HOOKS = "/rest/v2.0/companies/{company_id}/webhooks/hooks"
_HOOK = _HOOKS + "/{id}"
_TRIGGERS = _HOOK + "/triggers"
_DELIVERIES = _HOOK + "/deliveries"
_PAYLOAD = "v2.0"  # the one that names resources as the ERP guide does; the others are read too
_PAGE = 100
_SHOWN = 5  # Procore shows the last characters of a stored header


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The hook as it should be."""

    connection: str
    url: str
    secret: str

    @property
    def namespace(self) -> str:
        """By which the hook is known."""
        return f"paidsync-{self.connection}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The hook as it stands in Procore."""

    hook_id: str
    faults: tuple[str, ...]  # what keeps it from delivering; none where all is well


class Hooks:
    """The webhooks of one company. Every method may raise an OutsideError."""

    def __init__(self, procore: Procore) -> None:
        self._gate = procore.gate

    def look(self, wanted: Wanted) -> Found | None:
        """The connection's hook and what is wrong with it; None where there is none."""
        found = self._find(wanted.namespace)
        if found is None:
            return None
        hook_id = row_id(found, "hook")
        faults = [*_faults(found, wanted)]
        if not self._has_trigger(hook_id):
            faults.append(f"it has no trigger for {RESOURCE} {EVENT}")
        return Found(hook_id=hook_id, faults=tuple(faults))

    def ensure(self, wanted: Wanted) -> str:
        """Make or mend the hook and its trigger; says what was done. Doing it twice does nothing
        the second time."""
        found = self._find(wanted.namespace)
        whole = {
            "destination_url": wanted.url,
            "destination_headers": {"Authorization": bearer(wanted.secret)},
            "payload_version": _PAYLOAD,
        }
        done = "is there"
        if found is None:
            body = {**whole, "namespace": wanted.namespace}
            reply = self._gate.write("POST", self._path(_HOOKS), route=_HOOKS, body=body)
            found, done = _data(reply.body, _HOOKS), "was made"
        elif any(_faults(found, wanted)):
            path = self._path(_HOOK, row_id(found, "hook"))
            self._gate.write("PATCH", path, route=_HOOK, body={**whole, "status": "active"})
            done = "was brought up to date"
        hook_id = row_id(found, "hook")
        if not self._has_trigger(hook_id):
            trigger = {"resource_name": RESOURCE, "event_type": EVENT}
            self._gate.write("POST", self._path(_TRIGGERS, hook_id), route=_TRIGGERS, body=trigger)
        return done

    def told_of(self, connection: str) -> list[str]:
        """Ids of the ERP Requests that the hook told of, newest first, whether or not anybody
        heard it: Procore gives a delivery up after twelve hours and still lists it."""
        found = self._find(f"paidsync-{connection}")
        if found is None:
            return []
        asked = {"filter[resource_name]": RESOURCE, "per_page": _PAGE}
        path = self._path(_DELIVERIES, row_id(found, "hook"))
        payloads = (row.get("payload") for row in self._list(path, _DELIVERIES, asked))
        ids = (
            reference(payload, "resource_id", "delivery")
            for payload in payloads
            if isinstance(payload, Mapping)
        )
        return list(dict.fromkeys(each for each in ids if each is not None and each.isdigit()))

    def _find(self, namespace: str) -> Json | None:
        asked = {"namespace": namespace, "per_page": _PAGE}
        rows = self._list(self._path(_HOOKS), _HOOKS, asked)
        return next((row for row in rows if row.get("namespace") == namespace), None)

    def _has_trigger(self, hook_id: str) -> bool:
        path = self._path(_TRIGGERS, hook_id)
        return any(
            row.get("resource_name") == RESOURCE and str(row.get("event_type", "")).lower() == EVENT
            for row in self._list(path, _TRIGGERS, {"per_page": _PAGE})
        )

    def _list(self, path: str, route: str, params: Mapping[str, Any]) -> list[Json]:
        """One page is enough: hooks of one namespace, triggers of one hook, newest deliveries."""
        body = self._gate.read_object(path, route=route, params=params)
        rows = body.get("data")
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise Garbled("The answer has no list.", system=SYSTEM, operation=f"GET {route}")
        return rows

    def _path(self, route: str, hook_id: str = "") -> str:
        return route.format(company_id=self._gate.company_id, id=quote(hook_id, safe=""))


def _faults(row: Json, wanted: Wanted) -> list[str]:
    found = []
    if row.get("destination_url") != wanted.url:
        found.append(f"it delivers to {row.get('destination_url')}")
    headers = row.get("destination_headers")
    shown = headers.get("Authorization") if isinstance(headers, Mapping) else None
    if not same(str(shown or "")[-_SHOWN:], wanted.secret[-_SHOWN:]):
        found.append("it carries another secret")
    if row.get("status") == "disabled":
        found.append("it is disabled")
    return found


def _data(body: Any, route: str) -> Json:
    data = body.get("data") if isinstance(body, Mapping) else None
    if not isinstance(data, Mapping):
        raise Garbled("The answer has no data object.", system=SYSTEM, operation=f"POST {route}")
    return data
