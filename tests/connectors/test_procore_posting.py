"""Posting to Payments Issued: once, with every final field, and never a guess about the outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from connectors.errors import (
    AccessRefused,
    Conflict,
    NotThere,
    OutsideError,
    Rejected,
    TryLater,
    UnknownOutcome,
    is_transient,
)
from connectors.procore.client import Procore
from connectors.procore.records import NewContractPayment
from connectors.procore.routes import ContractPaymentsRoute, PaymentRoute
from tests.connectors.procore_company import (
    CLIENT_SECRET,
    SECRET_NAME,
    Company,
    company,
    scripted,
    settings,
)

PAYMENTS = "/rest/v1.0/contract_payments"
NEW = NewContractPayment(
    application_id=None,
    draw_request_number="1",
    amount="1250.50",
    date="2026-03-31",
    invoice_number="INV-9",
    invoice_date="2026-03-20",
    check_number="A100",
    payment_method="check",
    notes="Northgate Steel",
    origin_id="quickbooks_online:93:555:77:1",
    origin_data='{"v":1}',
)


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_NAME, CLIENT_SECRET)


@pytest.fixture(name="here")
def _here() -> Iterator[Company]:
    with company() as found:
        yield found


def _standing(here: Company) -> list[str | None]:
    return [row.origin_id for row in here.store.payments(int(here.commitment))]


def test_a_payment_is_posted_with_every_final_field(here: Company) -> None:
    application = here.add_application("INV-9")
    route: PaymentRoute = here.route
    posted = route.post(here.project, here.commitment, replace(NEW, application_id=application))
    (row,) = here.store.payments(int(here.commitment))
    assert (row.id, row.requisition_id) == (int(posted.contract_payment_id), int(application))
    assert (row.payment_method, row.draw_request_number) == ("check", 1)
    assert str(row.invoice_date) == "2026-03-20"
    read = here.procore.contract_payment(here.project, here.commitment, posted.contract_payment_id)
    assert read == posted
    assert (read.amount, read.origin_id, read.origin_data) == (
        Decimal("1250.50"),
        NEW.origin_id,
        NEW.origin_data,
    )


def test_a_reversal_is_a_negative_row_and_empty_fields_are_not_sent(here: Company) -> None:
    bare = replace(NEW, amount="-1250.50", check_number=None, invoice_date=None, notes=None)
    posted = here.route.post(here.project, here.commitment, bare)
    assert (posted.amount, posted.check_number) == (Decimal("-1250.50"), None)


@pytest.mark.parametrize("amount", ["1,250.50", "1e3", "", "NaN", "+5", "5.", "1 000", "٣"])
def test_an_amount_in_another_notation_is_never_sent(amount: str) -> None:
    with pytest.raises(ValueError, match="dot notation"):
        replace(NEW, amount=amount)


def test_an_origin_id_that_is_taken_is_a_conflict(here: Company) -> None:
    here.route.post(here.project, here.commitment, NEW)
    other = here.add_commitment("SC-002")
    with pytest.raises(Conflict, match="already been taken"):
        here.route.post(here.project, other, NEW)
    assert _standing(here) == [NEW.origin_id]


def test_a_lost_reply_is_an_unknown_outcome_and_is_not_sent_again(here: Company) -> None:
    here.faults.add(
        {"system": "procore", "kind": "lost_reply", "method": "POST", "route": PAYMENTS}
    )
    with pytest.raises(UnknownOutcome) as error:
        here.route.post(here.project, here.commitment, NEW)
    assert not is_transient(error.value)
    assert here.routes().count(PAYMENTS) == 1
    listing = here.procore.contract_payments(here.project, here.commitment)
    assert [row.origin_id for row in listing.rows] == [NEW.origin_id]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "500", "when": "after"},
        {"kind": "500", "when": "before"},
        {"kind": "503", "retry_after": 5},
        {"kind": "html_error", "when": "after"},
        {"kind": "html_error", "status": 200, "when": "after"},
        {"kind": "truncated"},
        {"kind": "reset"},
        {"kind": "late_commit"},
    ],
    ids=str,
)
def test_whatever_leaves_the_outcome_open_is_an_unknown_outcome(
    here: Company, fault: dict[str, Any]
) -> None:
    here.faults.add({"system": "procore", "method": "POST", "route": PAYMENTS} | fault)
    with pytest.raises(UnknownOutcome):
        here.route.post(here.project, here.commitment, NEW)
    assert here.routes().count(PAYMENTS) == 1


def test_a_200_with_errors_is_a_refusal(here: Company) -> None:
    here.faults.add(
        {"system": "procore", "kind": "ok_with_errors", "method": "POST", "route": PAYMENTS}
    )
    with pytest.raises(Rejected, match="could not be saved"):
        here.route.post(here.project, here.commitment, NEW)


def test_a_429_means_not_taken(here: Company) -> None:
    here.procore.caller()
    here.rates.set(spike=1)
    with pytest.raises(TryLater) as error:
        here.route.post(here.project, here.commitment, NEW)
    assert not isinstance(error.value, UnknownOutcome)
    assert _standing(here) == []
    here.route.post(here.project, here.commitment, NEW)
    assert _standing(here) == [NEW.origin_id]


def test_a_write_with_an_expired_token_goes_out_again_once_under_a_new_one(here: Company) -> None:
    here.procore.caller()
    here.clock.advance(5401)
    here.route.post(here.project, here.commitment, NEW)
    assert _standing(here) == [NEW.origin_id]
    assert here.statuses() == [200, 200, 401, 200, 201]


def test_a_host_that_is_not_reached_has_taken_nothing(here: Company) -> None:
    def answer(_: Request) -> Response:
        return JSONResponse({"id": 1, "login": "x"})

    with scripted(answer) as there:
        there.procore.caller()
        cut = Procore(
            settings(there.address).model_copy(update={"api_url": "http://127.0.0.1:9"}),
            on_call=there.calls.append,
            longest_wait=1.0,
            sleep=there.waits.append,
        )
        with pytest.raises(TryLater, match="Not reached"):
            ContractPaymentsRoute(cut).post("1", "2", NEW)
        cut.close()


def _refuse_payments(here: Company) -> None:
    here.store.set_commitment(int(here.commitment), allow_payments=False)


def _read_only(here: Company) -> None:
    here.store.set_tool("commitments", True, "Read Only")


def _hide(here: Company) -> None:
    here.store.set_project(int(here.project), hidden=True)


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        (_refuse_payments, Rejected, "does not allow payments"),
        (_read_only, AccessRefused, "needs Admin permission"),
        (_hide, NotThere, "Project not found"),
    ],
)
def test_a_refusal_says_why(
    here: Company, change: Callable[[Company], None], kind: type[OutsideError], says: str
) -> None:
    change(here)
    with pytest.raises(kind, match=says) as error:
        here.route.post(here.project, here.commitment, NEW)
    assert type(error.value) is kind
    assert _standing(here) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"payment_method": "cash"}, "payment_method is not included"),
        ({"draw_request_number": "A1"}, "draw_request_number is not an integer"),
        ({"origin_id": "x" * 300}, "too long"),
        ({"date": "31.03.2026"}, "date is not a date"),
        ({"application_id": "7"}, "requisition_id is not an invoice"),
    ],
)
def test_a_bad_field_is_refused_by_its_name(
    here: Company, changes: dict[str, str], says: str
) -> None:
    with pytest.raises(Rejected, match=says) as error:
        here.route.post(here.project, here.commitment, replace(NEW, **changes))
    assert not isinstance(error.value, Conflict)


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({"amount": "1250.5"}, status_code=201),
        JSONResponse([], status_code=201),
        JSONResponse("fine", status_code=201),
        JSONResponse({"id": 1, "amount": "1.250,50"}, status_code=201),
        PlainTextResponse("", status_code=201),
        PlainTextResponse("<html>", status_code=200),
    ],
)
def test_a_good_status_with_an_answer_that_cannot_be_read_is_an_unknown_outcome(
    answer: Response,
) -> None:
    with scripted(lambda _: answer) as there, pytest.raises(UnknownOutcome) as error:
        ContractPaymentsRoute(there.procore).post("1", "2", NEW)
    assert not is_transient(error.value)
    assert len(there.requests) == 1
