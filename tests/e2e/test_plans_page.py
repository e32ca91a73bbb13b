"""The listener's page of plans: decided about by whom the sign-on proxy vouches for."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from approving import ACCOUNTANT, CONTROLLER, kept, trail
from town import Town

from listener.app import Listener, create_app
from listener.doors import Doors
from listener.limits import Limits
from listener.people import People, Proxy
from listener.serve import bound, server_of
from paidsync.settings import Settings

SECRET = "what-only-the-sign-on-proxy-knows"
THE_FORM = {"sec-fetch-site": "same-origin"}


@dataclass
class Desk:
    """A browser behind the sign-on proxy, and what the page started."""

    http: httpx.Client
    started: list[tuple[str, Mapping[str, Any]]]

    def look(self, person: str = CONTROLLER, **headers: str) -> httpx.Response:
        """The page."""
        return self.http.get("/plans", headers=_signed_in(person) | headers)

    def press(
        self,
        town: Town,
        plan: str,
        decision: str = "approve",
        *,
        person: str = CONTROLLER,
        note: str = "",
        headers: Mapping[str, str] = THE_FORM,
    ) -> httpx.Response:
        """A button of the page's form."""
        form = {"plan": plan, "decision": decision, "note": note}
        sent = _signed_in(person) | dict(headers)
        return self.http.post(f"/plans/{town.name}", data=form, headers=sent)


def _signed_in(person: str) -> dict[str, str]:
    return {"x-paidsync-proxy": SECRET, "x-forwarded-email": person}


@contextmanager
def _served(town: Town) -> Iterator[Desk]:
    proxy = Proxy.of(Settings(proxy_secret=SECRET))
    assert proxy is not None
    started: list[tuple[str, Mapping[str, Any]]] = []
    ledger, limits = town.ledger, Limits()
    people = People(ledger, proxy, limits, lambda name, plan: started.append((name, plan)))
    app = create_app(Listener(Doors(), ledger.inbound, lambda: None, limits), people=people)
    line: socket.socket = bound("127.0.0.1", 0)
    server = server_of(app, limits, proxy=None)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [line]}, daemon=True)
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{line.getsockname()[1]}", timeout=20) as http:
        yield Desk(http, started)
    server.should_exit = True
    thread.join(timeout=10)
    line.close()
    ledger.close()


@pytest.fixture
def waiting(build: Callable[..., Town]) -> tuple[Town, str]:
    """A town with a plan that waits, made by the accountant; its hash."""
    town = build(policy='approval = "always"')
    town.paid("1250.50")
    return town, town.sync(requested_by=ACCOUNTANT)["awaiting_plan"]


def test_who_signed_in_approves_and_the_next_sync_carries_it_out(
    waiting: tuple[Town, str],
) -> None:
    town, plan = waiting
    with _served(town) as desk:
        page = desk.look()
        assert page.status_code == 200
        for shown in (CONTROLLER, plan[:12], "1,250.50 USD", ACCOUNTANT, "1 entries"):
            assert shown in page.text
        answer = desk.press(town, plan, note="<b>seen</b>")
        assert (answer.status_code, answer.headers["location"]) == (303, "/plans")
        after = desk.look().text
        assert f"approved by {CONTROLLER} (proxy): &lt;b&gt;seen&lt;/b&gt;" in after
        [(name, begun)] = desk.started
        assert (name, begun["plan_hash"]) == (town.name, plan)
    assert town.rows() == []
    done = town.sync()
    assert (done["state"], done["posted"]) == ("Completed", 1), done
    assert town.differences() == []
    assert kept(done, "approval")["proof"] == "proxy"
    assert [step["proof"] for step in trail(town, "plan")] == [None, "proxy", "proxy"]


def test_a_rejected_plan_starts_nothing(waiting: tuple[Town, str]) -> None:
    town, plan = waiting
    with _served(town) as desk:
        assert desk.press(town, plan, "reject", person=ACCOUNTANT).status_code == 303
        assert "Its payments stay held" in desk.look().text
        assert desk.started == []
    assert town.sync()["held"] == {"awaiting_approval": 1}


def test_maker_is_not_checker_here_either(waiting: tuple[Town, str]) -> None:
    town, plan = waiting
    with _served(town) as desk:
        answer = desk.press(town, plan, person=ACCOUNTANT)
        assert answer.status_code == 403
        assert "somebody else has to approve it" in answer.text
        nobody = desk.press(town, plan, person="nobody@bluebird.example")
        assert nobody.status_code == 403
        assert "is no user of Procore company" in nobody.text
        assert desk.started == []
    assert len(trail(town, "decision_refused")) == 2


def test_nobody_comes_past_the_proxy(waiting: tuple[Town, str]) -> None:
    town, plan = waiting
    with _served(town) as desk:
        for headers in (
            {"x-paidsync-proxy": ""},
            {"x-paidsync-proxy": SECRET[:-1]},
            {"x-paidsync-proxy": f"{SECRET}\N{LATIN SMALL LETTER E WITH ACUTE}"},
        ):
            sent = {name: value.encode("latin-1") for name, value in headers.items()}
            assert desk.http.get("/plans", headers=sent).status_code == 401
        stranger = desk.press(town, plan, headers=THE_FORM | {"x-paidsync-proxy": "guessed"})
        assert stranger.status_code == 401
        assert plan[:12] not in stranger.text
        assert desk.started == []
    assert [step["state"] for step in trail(town, "plan")] == ["open"]


def test_the_proxy_has_to_name_exactly_one_person(waiting: tuple[Town, str]) -> None:
    town, _ = waiting
    with _served(town) as desk:
        two = [
            ("x-paidsync-proxy", SECRET),
            ("x-forwarded-email", CONTROLLER),
            ("x-forwarded-email", ACCOUNTANT),
        ]
        for headers in (two, two[:1], [*two[:1], ("x-forwarded-email", f"{CONTROLLER}, x@y.z")]):
            assert desk.http.get("/plans", headers=headers).status_code == 401


def test_another_site_cannot_press_the_button(waiting: tuple[Town, str]) -> None:
    town, plan = waiting
    with _served(town) as desk:
        for site in ("cross-site", "same-site", "none"):
            answer = desk.press(town, plan, headers={"sec-fetch-site": site})
            assert answer.status_code == 403
        assert desk.press(town, plan, headers={}).status_code == 403
        assert "frame-ancestors 'none'" in desk.look().headers["content-security-policy"]
        assert desk.started == []
    assert [step["state"] for step in trail(town, "plan")] == ["open"]


def test_a_form_that_is_none_is_refused(waiting: tuple[Town, str]) -> None:
    town, plan = waiting
    with _served(town) as desk:
        assert desk.press(town, plan, "maybe").status_code == 400
        assert desk.press(town, "0" * 64).status_code == 403
        assert desk.press(town, plan, note="x" * 1001).status_code == 400
        assert desk.press(town, plan, note="x" * 70_000).status_code == 413
        path, sent = f"/plans/{town.name}", _signed_in(CONTROLLER) | THE_FORM
        assert desk.http.post(path, content=b"\xff\xfe", headers=sent).status_code == 400
        assert desk.http.post("/plans/ghost", data={"plan": plan, "decision": "approve"},
                              headers=sent).status_code == 503  # fmt: skip
        assert desk.started == []


def test_without_a_proxy_there_is_no_such_page(town: Town) -> None:
    assert Proxy.of(Settings()) is None
    app = create_app(Listener(Doors(), town.ledger.inbound, lambda: None, Limits()))
    assert not [route for route in app.routes if getattr(route, "path", "") == "/plans"]


def test_whose_plan_was_approved_and_then_changed_has_made_the_new_one_too(
    waiting: tuple[Town, str],
) -> None:
    town, plan = waiting
    with _served(town) as desk:
        desk.press(town, plan)
        town.paid("99.00", 1)
        changed = town.sync()["awaiting_plan"]
        assert changed != plan
        assert desk.press(town, changed, person=ACCOUNTANT).status_code == 403
        assert desk.press(town, changed).status_code == 303
    assert town.sync()["posted"] == 2
