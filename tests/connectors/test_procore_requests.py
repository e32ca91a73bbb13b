"""ERP Requests and the hook that tells of them, against the sandbox's Procore over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.connection import ConnectionFile, checked
from connectors.credentials import SecretRef
from connectors.errors import AccessRefused, NotThere, UnknownOutcome, WrongSettings
from connectors.procore.hooks import Hooks, Wanted
from connectors.procore.records import RequestDetail
from connectors.procore.requests import Requests
from connectors.webhooks import ListenerSettings, chosen
from tests.connectors.procore_company import (
    CLIENT_SECRET,
    COMPANY_ID,
    SECRET_NAME,
    Company,
    company,
)

SECRET = "0123456789-abcdefghij-xyz"
WANTED = Wanted(connection="acme-us", url="https://x.example/procore/acme-us", secret=SECRET)


@pytest.fixture(name="here")
def _here(monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    monkeypatch.setenv(SECRET_NAME, CLIENT_SECRET)
    with company() as found:
        yield found


def requests(here: Company) -> Requests:
    """The company's requests."""
    return Requests(here.procore)


def writes(here: Company) -> list[str]:
    """Every write so far."""
    return [f"{each.method} {each.route.rsplit('/', 1)[1]}" for each in here.calls
            if each.method != "GET" and "oauth" not in each.route]  # fmt: skip


# Requests


def test_a_request_says_what_is_asked_and_which_line_to_close(here: Company) -> None:
    request_id, detail_id = here.store.erp.add_request("sync_contract_payments", user_id=7)
    found = requests(here).get(str(request_id))
    assert (found.name, found.company_id) == ("sync_contract_payments", str(COMPANY_ID))
    assert (found.detail_id, found.user_id) == (str(detail_id), "7")
    line = requests(here).detail(found)
    assert line is not None
    assert line.is_open
    assert line.request_id == str(request_id)


def test_a_request_that_is_not_there(here: Company) -> None:
    with pytest.raises(NotThere):
        requests(here).get("562949953999999")


def test_an_answer_is_shown_in_the_erp_tab(here: Company) -> None:
    _, detail_id = here.store.erp.add_request("sync_contract_payments")
    requests(here).close(str(detail_id), "failed", ["Somebody else is at work."])
    detail = here.store.erp.details[detail_id]
    assert (detail.status, detail.messages) == ("failed", ["Somebody else is at work."])


def test_an_answer_whose_reply_was_lost_is_given_once_more(here: Company) -> None:
    _, detail_id = here.store.erp.add_request("sync_contract_payments")
    lost = {"system": "procore", "kind": "lost_reply", "route": "erp_request_details"}
    here.faults.add({**lost, "method": "PATCH", "count": 1})
    requests(here).close(str(detail_id), "success", ["Posted 1 payment."])
    assert here.store.erp.details[detail_id].status == "success"
    assert len(writes(here)) == 2


def test_an_answer_that_is_lost_again_is_left_to_the_caller(here: Company) -> None:
    _, detail_id = here.store.erp.add_request("sync_contract_payments")
    gone = {"system": "procore", "kind": "status", "status": 500, "method": "PATCH", "rate": 1}
    here.faults.add({**gone, "route": "erp_request_details"})
    with pytest.raises(UnknownOutcome):
        requests(here).close(str(detail_id), "success", [])


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("in_progress", True),
        ("Something New", True),
        (None, True),
        ("success", False),
        ("failed", False),
        ("stale", False),
        ("rejected", False),
    ],
)
def test_what_is_not_known_to_be_closed_is_open(status: str | None, expected: bool) -> None:
    line = RequestDetail(detail_id="1", status=status, request_id=None)
    assert line.is_open is expected


def test_who_pressed_is_named_by_the_directory_or_by_number(here: Company) -> None:
    ada = here.store.add_user(login="ada@hallam.example", name="Ada Moss")
    assert requests(here).person(str(ada)) == "ada@hallam.example"
    assert requests(here).person("562949953999999") == "Procore user 562949953999999"


# The hook


def test_the_hook_is_made_with_its_trigger_and_secret(here: Company) -> None:
    assert Hooks(here.procore).look(WANTED) is None
    assert Hooks(here.procore).ensure(WANTED) == "was made"
    (hook,) = here.store.hooks.values()
    assert (hook.destination_url, hook.namespace) == (WANTED.url, "paidsync-acme-us")
    assert hook.authorization == f"Bearer {SECRET}"
    assert [(t.resource_name, t.event_type) for t in hook.triggers.values()] == [
        ("ERP Requests", "create")
    ]
    found = Hooks(here.procore).look(WANTED)
    assert found is not None
    assert found.faults == ()


def test_making_it_again_changes_nothing(here: Company) -> None:
    Hooks(here.procore).ensure(WANTED)
    before = writes(here)
    assert Hooks(here.procore).ensure(WANTED) == "is there"
    assert writes(here) == before


@pytest.mark.parametrize(
    ("other", "fault"),
    [
        ({"url": "https://y.example/procore/acme-us"}, "it delivers to https://x.example"),
        ({"secret": "another-secret-for-webhooks"}, "it carries another secret"),
    ],
)
def test_a_new_address_or_secret_is_seen_and_mended(
    here: Company, other: dict[str, Any], fault: str
) -> None:
    Hooks(here.procore).ensure(WANTED)
    changed = Wanted(**{"connection": "acme-us", "url": WANTED.url, "secret": SECRET, **other})
    found = Hooks(here.procore).look(changed)
    assert found is not None
    assert found.faults[0].startswith(fault)
    assert Hooks(here.procore).ensure(changed) == "was brought up to date"
    (hook,) = here.store.hooks.values()
    assert (hook.destination_url, hook.authorization) == (changed.url, f"Bearer {changed.secret}")
    assert len(hook.triggers) == 1


def test_a_hook_that_was_switched_off_or_lost_its_trigger_is_mended(here: Company) -> None:
    Hooks(here.procore).ensure(WANTED)
    (hook,) = here.store.hooks.values()
    hook.status = "disabled"
    hook.triggers.clear()
    found = Hooks(here.procore).look(WANTED)
    assert found is not None
    assert found.faults == ("it is disabled", "it has no trigger for ERP Requests create")
    Hooks(here.procore).ensure(WANTED)
    assert hook.status == "active"
    assert len(hook.triggers) == 1


def test_hooks_of_others_are_left_alone(here: Company) -> None:
    Hooks(here.procore).ensure(Wanted(connection="other", url=WANTED.url, secret=SECRET))
    (others,) = here.store.hooks.values()
    Hooks(here.procore).ensure(WANTED)
    assert len(here.store.hooks) == 2
    assert others.namespace == "paidsync-other"


def test_without_the_right_to_webhooks_it_says_so(here: Company) -> None:
    here.store.set_tool("webhooks", True, "Read Only")
    with pytest.raises(AccessRefused, match="Standard permission on the webhooks tool"):
        Hooks(here.procore).ensure(WANTED)


def test_deliveries_name_the_requests_that_nobody_heard_of(here: Company) -> None:
    from sandbox.procore.events import raise_event

    Hooks(here.procore).ensure(WANTED)
    for number in (11, 12):
        told = raise_event(here.store, "ERP Requests", "create", number, user_id=1)
        here.store.erp.courier.lose(told[0])
    assert Hooks(here.procore).told_of("acme-us") == ["12", "11"]
    assert Hooks(here.procore).told_of("nobody") == []


# What the connection file says


@pytest.mark.parametrize("bad", ["ftp://x.example", "http://x.example", "x.example", ""])
def test_the_public_address_is_https(bad: str) -> None:
    with pytest.raises(ValidationError, match="address"):
        ListenerSettings(public_url=bad, procore_secret=SecretRef(env="X"))


def test_an_address_needs_a_secret() -> None:
    with pytest.raises(ValidationError, match="name procore_secret beside public_url"):
        ListenerSettings(public_url="https://x.example")


@pytest.mark.parametrize("weak", ["hunter2", "twenty three characters!", "0123456789-abcdefghij-é"])
def test_a_weak_secret_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, weak: str) -> None:
    monkeypatch.setenv("WEAK", weak)
    with pytest.raises(WrongSettings) as refused:
        chosen(SecretRef(env="WEAK"), "Procore")
    assert "WEAK is shorter than 24 characters" in str(refused.value)
    assert weak not in str(refused.value)


def test_an_erp_that_sends_no_webhooks_needs_no_secret() -> None:
    document = {
        "name": "acme-nz",
        "procore": {"company_id": 1, "client_id": "c", "client_secret": {"env": "X"}},
        "erp": {
            "type": "xero",
            "tenant_id": "00000000-0000-0000-0000-000000000000",
            "client_id": "c",
            "client_secret": {"env": "X"},
        },
        "listener": {"erp_secret": {"env": "X"}},
        "policy": {"start_date": "2026-01-01"},
    }
    with pytest.raises(WrongSettings, match="hears no webhooks of xero; leave it out"):
        checked(document, "the file")


def test_a_connection_without_the_section_is_as_before() -> None:
    assert ConnectionFile.model_fields["listener"].default is None
