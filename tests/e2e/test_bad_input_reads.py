"""Answers that are none, on reads: the run ends with a sentence, and the next one does the work."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bad_input import ENDED_WELL, impatient, short_of_time
from town import Town

SYSTEMS = {"procore": "Procore", "quickbooks_online": "QuickBooks Online"}
PAGE = "<html><head><title>Sign in</title></head><body>Who are you?</body></html>"

# How an answer goes wrong; the state in which the run ends, and what its message says.
Wrong = tuple[dict[str, Any], str, str]
LIMITED = ("Partial", "used up until")
NO_JSON = ("Failed", "JSON")
NO_ANSWER = ("Failed", "No answer")
WRONG: dict[str, list[Wrong]] = {
    "refused": [
        ({"kind": "status", "status": 401}, "Failed", "check"),
        ({"kind": "status", "status": 403}, "Failed", ""),
        ({"kind": "status", "status": 404}, "Failed", "Check that the record exists"),
        ({"kind": "status", "status": 409}, "Failed", "Read what stands there"),
        ({"kind": "status", "status": 422}, "Failed", "Mend what the message names"),
    ],
    "limited": [
        ({"kind": "429", "retry_after": 900}, *LIMITED),
        ({"kind": "429"}, *LIMITED),
        ({"kind": "429", "headers": {"Retry-After": "Fri, 01 Jan 2100 00:00:00 GMT"}}, *LIMITED),
        ({"kind": "429", "headers": {"X-Rate-Limit-Reset": "4102444800"}}, *LIMITED),
        ({"kind": "503", "retry_after": 900}, *LIMITED),
    ],
    "down": [
        ({"kind": "500"}, "Failed", "next run"),
        ({"kind": "503"}, "Failed", "next run"),
        ({"kind": "html_error"}, "Failed", "next run"),
        ({"kind": "reset"}, *NO_ANSWER),
        ({"kind": "truncated"}, *NO_ANSWER),
        ({"kind": "answer", "body": "{}", "headers": {"Content-Encoding": "gzip"}}, *NO_ANSWER),
    ],
    "not JSON": [
        ({"kind": "answer"}, *NO_JSON),
        ({"kind": "answer", "body": PAGE, "content_type": "text/html"}, *NO_JSON),
        ({"kind": "answer", "body": "%PDF-1.7", "content_type": "application/pdf"}, *NO_JSON),
        ({"kind": "answer", "body": '{"QueryResponse": {"Bi'}, *NO_JSON),
        ({"kind": "answer", "body": '{"id": NaN}'}, *NO_JSON),
        ({"kind": "answer", "body": "[" * 100_000}, *NO_JSON),
    ],
    "not the JSON": [
        ({"kind": "answer", "body": 7}, *NO_JSON),
        ({"kind": "answer", "body": "null"}, *NO_JSON),
        ({"kind": "answer", "body": [[1], ["x"]]}, *NO_JSON),
        ({"kind": "answer", "body": {}}, "Failed", ""),
    ],
}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch)


def _ends_badly(town: Town, state: str, says: str, system: str) -> None:
    """A run that wrote nothing, with a sentence that names the system and what to do."""
    posts = town.posts
    summary = town.sync()
    assert summary["state"] == state, summary
    message = summary["message"]
    assert SYSTEMS[system] in message, message
    assert says.casefold() in message.casefold(), message
    assert message.rstrip().endswith("."), message
    assert "Traceback" not in message
    assert "\n" not in message
    assert town.posts == posts


def _does_the_work(town: Town, posted: int = 1) -> None:
    """The fault is gone: the next run posts what is due, and the one after it nothing."""
    town.mend()
    town.settled(state="Completed", posted=posted)
    assert len(town.rows()) == len({row.origin_id for row in town.rows()})


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("wrong", WRONG)
def test_an_answer_that_is_none_ends_the_run_and_the_next_one_works(
    town: Town, system: str, wrong: str
) -> None:
    town.paid("100.00")
    route = "/companyinfo" if system == "quickbooks_online" else "/me"
    for fault, state, says in WRONG[wrong]:
        town.fault(**{"system": system, "route": route, "rate": 1, **fault})
        _ends_badly(town, state, says, system)
        town.mend()
    _does_the_work(town)


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_answer_that_takes_too_long_ends_the_run(
    town: Town, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    town.paid("100.00")
    route = "/companyinfo" if system == "quickbooks_online" else "/me"
    town.fault("slow", system=system, route=route, rate=1, seconds=1.2)
    with monkeypatch.context() as patch:
        short_of_time(patch)
        _ends_badly(town, *NO_ANSWER, system)
    _does_the_work(town)


# Every address that a run reads, and with it every stage.
ROUTES = [
    ("procore", "/oauth/token"),
    ("procore", "/me"),
    ("procore", "/companies"),
    ("procore", "/settings/permissions"),
    ("procore", "/vendors"),
    ("procore", "/work_order_contracts"),
    ("procore", "/requisitions"),
    ("procore", "/rest/v1.0/commitments/"),
    ("procore", "/contract_payments"),
    ("quickbooks_online", "/tokens/bearer"),
    ("quickbooks_online", "/preferences"),
    ("quickbooks_online", "/query"),
    ("quickbooks_online", "/cdc"),
]


def test_wherever_it_happens_the_next_run_completes_the_work(town: Town) -> None:
    """One run after the other fails, each at another stage; then all the work is done, once."""
    town.paid("7.00", 1)
    town.settled(posted=1)  # so that change feeds are read
    for place, (system, route) in enumerate(ROUTES):
        town.paid(f"{100 + 10 * place}.00", place % 8)
        method = {} if "token" in route or route == "/query" else {"method": "GET"}
        town.fault("answer", system=system, route=route, rate=1, body=PAGE, **method)
        _ends_badly(town, "Failed", "", system)
        town.mend()
    _does_the_work(town, posted=len(ROUTES))


@pytest.mark.parametrize("kind", ["500", "truncated", "html_error", "reset"])
def test_a_passing_fault_is_not_noticed(town: Town, kind: str) -> None:
    town.paid("100.00")
    for system, route in (ROUTES[6], ROUTES[8], ROUTES[11]):
        method = {"method": "GET"} if system == "procore" else {}
        town.fault(kind, system=system, route=route, count=3, **method)
    town.settled(state="Completed", posted=1)


@pytest.fixture
def elsewhere() -> Iterator[Callable[[], tuple[str, bool]]]:
    """Another host: its address, and whether anybody came."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        line.listen()
        line.setblocking(False)

        def look() -> tuple[str, bool]:
            address = f"http://127.0.0.1:{line.getsockname()[1]}/"
            try:
                line.accept()[0].close()
            except BlockingIOError:
                return address, False
            return address, True

        yield look


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_redirect_is_not_followed(
    town: Town, elsewhere: Callable[[], tuple[str, bool]], system: str
) -> None:
    town.paid("100.00")
    address, _ = elsewhere()
    for status in (301, 302, 307):
        town.fault("answer", system=system, status=status, headers={"Location": address}, rate=1)
        _ends_badly(town, "Failed", "redirect to 127.0.0.1", system)
        town.mend()
    assert elsewhere() == (address, False)
    _does_the_work(town)


def test_a_next_link_to_another_host_is_not_followed(
    town: Town, elsewhere: Callable[[], tuple[str, bool]]
) -> None:
    town.paid("100.00")
    address, _ = elsewhere()
    town.fault(
        "headers", route="/requisitions", headers={"Link": f'<{address}>; rel="next"'}, rate=1
    )
    _ends_badly(town, "Failed", "points to another host", "procore")
    assert elsewhere() == (address, False)
    _does_the_work(town)


def test_json_under_another_content_type_is_read(town: Town) -> None:
    town.paid("100.00")
    for system in SYSTEMS:
        town.fault("headers", system=system, headers={"Content-Type": "text/html"}, rate=1)
    town.settled(state="Completed", posted=1)


def test_a_first_try_without_an_answer_leaves_no_trace_in_the_books(town: Town) -> None:
    """What was read before the fault is stored with the cursors, or not at all."""
    one = town.paid("100.00")
    town.fault("500", route="/contract_payments", method="GET", rate=1)
    assert town.sync()["state"] == "Failed"
    town.do("/clock", advance_seconds=7200)  # no feed tells of the payment again
    town.mend()
    assert town.sync()["state"] in ENDED_WELL
    assert town.amounts(one.prefix) == ["100.00"]
