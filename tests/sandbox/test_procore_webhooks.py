"""Procore's webhooks in the sandbox: who is told of a press, how, and what happens when nobody
answers; and what integrators see of requests and deliveries.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from quickbooks_helpers import Player

from sandbox.company import PROCORE_CLIENT, PROCORE_COMPANY

V2 = f"/rest/v2.0/companies/{PROCORE_COMPANY}/webhooks"
FIRM = f"/rest/v1.0/companies/{PROCORE_COMPANY}"
TRIGGER = {"resource_name": "ERP Requests", "event_type": "create"}


class Ear:
    """Somebody who listens."""

    def __init__(self) -> None:
        self.heard: list[tuple[str | None, dict[str, Any]]] = []
        self.statuses: list[int] = []
        self.wait = 0.0
        ear = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                ear.heard.append((self.headers["authorization"], json.loads(body)))
                time.sleep(ear.wait)
                self.send_response(ear.statuses.pop(0) if ear.statuses else 204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hear"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def ear() -> Iterator[Ear]:
    """A listener of the test's."""
    found = Ear()
    yield found
    found.server.shutdown()
    found.server.server_close()


def client(player: Player) -> httpx.Client:
    """The integrator at Procore, with a fresh token."""
    ready = player.running.ready["procore"]
    form = {
        "grant_type": "client_credentials",
        "client_id": PROCORE_CLIENT[0],
        "client_secret": PROCORE_CLIENT[1],
    }
    token = httpx.post(f"{ready['auth_url']}/oauth/token", data=form).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Procore-Company-Id": str(PROCORE_COMPANY)}
    return httpx.Client(base_url=ready["api_url"], headers=headers)


@pytest.fixture
def app(sandbox_empty: Player) -> Iterator[httpx.Client]:
    """The integrator's client at Procore."""
    with client(sandbox_empty) as found:
        yield found


def hook(app: httpx.Client, ear: Ear, *, version: str = "v2.0", **trigger: str) -> str:
    """A hook with a trigger; its id."""
    made = {
        "payload_version": version,
        "namespace": "mine",
        "destination_url": ear.url,
        "destination_headers": {"Authorization": "Bearer shared"},
    }
    reply = app.post(f"{V2}/hooks", json=made)
    assert reply.status_code == 201, reply.text
    ident = str(reply.json()["data"]["id"])
    assert app.post(f"{V2}/hooks/{ident}/triggers", json=TRIGGER | trigger).status_code == 201
    return ident


def press(player: Player, **more: Any) -> dict[str, Any]:
    """A person presses the button."""
    reply = httpx.post(f"{player.running.ready['control']}/procore/button", json=more, timeout=30)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def until(done: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something that happens by itself."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_press_is_told_with_the_hooks_own_header(
    sandbox_empty: Player, app: httpx.Client, ear: Ear
) -> None:
    hook(app, ear)
    answer = press(sandbox_empty)
    [(authorization, told)] = ear.heard
    assert authorization == "Bearer shared"
    assert (told["resource_name"], told["event_type"]) == ("ERP Requests", "create")
    assert told["resource_id"] == answer["request_id"]
    assert told["company_id"] == PROCORE_COMPANY
    assert answer["deliveries"][0]["answered"] == [204]
    request = app.get(f"{FIRM}/erp_requests/{answer['request_id']}").json()
    assert request["request_name"] == "sync_contract_payments"
    assert request["request_data"] == {"request_detail_id": answer["request_detail_id"]}


@pytest.mark.parametrize(
    ("version", "names"),
    [
        ("v2.0", {"event_type", "resource_name", "metadata", "ulid"}),
        ("v3.0", {"event_type", "resource_name", "metadata", "related_resources"}),
        ("v4.0", {"reason", "resource_type"}),
    ],
)
def test_each_payload_version_has_its_shape(
    sandbox_empty: Player, app: httpx.Client, ear: Ear, version: str, names: set[str]
) -> None:
    hook(app, ear, version=version)
    press(sandbox_empty)
    told = ear.heard[0][1]
    assert names <= told.keys()
    assert isinstance(told["id"], str if version == "v4.0" else int)
    assert ("metadata" in told) is (version != "v4.0")


def test_only_hooks_with_this_trigger_are_told(
    sandbox_empty: Player, app: httpx.Client, ear: Ear
) -> None:
    hook(app, ear, event_type="update")
    off = hook(app, ear)
    assert app.patch(f"{V2}/hooks/{off}", json={"status": "disabled"}).status_code == 200
    assert press(sandbox_empty)["deliveries"] == []
    assert ear.heard == []


def test_what_is_not_answered_with_2xx_comes_again_with_the_same_id(
    sandbox_empty: Player, app: httpx.Client, ear: Ear
) -> None:
    ident = hook(app, ear)
    ear.statuses = [500, 401]
    assert press(sandbox_empty)["deliveries"][0]["status"] == "retrying"
    until(lambda: len(ear.heard) == 3)
    assert len({told["id"] for _, told in ear.heard}) == 1
    until(lambda: delivered(app, ident) == ["delivered"])
    v1 = {"company_id": PROCORE_COMPANY}
    attempts = app.get(f"/rest/v1.0/webhooks/hooks/{ident}/deliveries", params=v1).json()
    assert [each["response_status"] for each in attempts] == [500, 401, 204]


def test_an_answer_after_five_seconds_is_none(
    sandbox_empty: Player, app: httpx.Client, ear: Ear
) -> None:
    hook(app, ear)
    ear.wait = 5.5
    assert press(sandbox_empty)["deliveries"][0]["answered"] == [None]
    ear.wait = 0


def test_after_twelve_hours_a_delivery_is_given_up_and_still_listed(
    sandbox_empty: Player, app: httpx.Client, ear: Ear
) -> None:
    ident = hook(app, ear)
    ear.statuses = [500] * 20
    request = press(sandbox_empty)["request_id"]
    sandbox_empty.do("/clock", advance_seconds=13 * 3600)
    with client(sandbox_empty) as later:
        until(lambda: delivered(later, ident, "discarded") == ["discarded"])
        rows = later.get(f"{V2}/hooks/{ident}/deliveries").json()["data"]
    assert [row["payload"]["resource_id"] for row in rows] == [request]


def test_a_delivery_can_be_lost_or_come_twice(
    sandbox_empty: Player, app: httpx.Client, ear: Ear
) -> None:
    ident = hook(app, ear)
    press(sandbox_empty, lose=True)
    assert ear.heard == []
    press(sandbox_empty, copies=2)
    assert len(ear.heard) == 2
    assert delivered(app, ident) == ["delivered", "discarded"]


def test_the_details_of_requests_are_listed_and_closed(
    sandbox_empty: Player, app: httpx.Client
) -> None:
    first, second = press(sandbox_empty), press(sandbox_empty)
    path = f"{FIRM}/erp_request_details"
    assert [row["status"] for row in app.get(path).json()] == ["in_progress"] * 2
    asked = {"filters[item_id]": second["request_id"]}
    assert [row["id"] for row in app.get(path, params=asked).json()] == [
        second["request_detail_id"]
    ]
    closing = {"request_detail": {"status": "success", "messages": ["2 payments"]}}
    assert app.patch(f"{path}/{first['request_detail_id']}", json=closing).status_code == 200
    shown = httpx.get(f"{sandbox_empty.running.ready['control']}/procore/button").json()["requests"]
    assert [(row["request_id"], row["status"], row["messages"]) for row in shown] == [
        (second["request_id"], "in_progress", []),
        (first["request_id"], "success", ["2 payments"]),
    ]


def delivered(app: httpx.Client, ident: str, status: str | None = None) -> list[str]:
    """The states of a hook's deliveries, newest first."""
    asked = {"filter[status]": status} if status else {}
    rows = app.get(f"{V2}/hooks/{ident}/deliveries", params=asked).json()["data"]
    return [row["status"] for row in rows]
