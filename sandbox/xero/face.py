"""Xero as the outside meets it: two servers, their limits, tokens and faults."""

from __future__ import annotations

import json
from datetime import datetime
from types import MappingProxyType
from typing import Any

from starlette.types import ASGIApp

from sandbox.asking import Asked
from sandbox.books.records import Account, Batch, Bill, BillPayment, Vendor, VendorCredit
from sandbox.clock import Clock
from sandbox.erp_face import Face, Kind

from .app import create_app
from .connections import Connections
from .faultbodies import refusal
from .identity import AUTHORISE_PATH, REVOCATION_PATH, TOKEN_PATH, create_identity_app
from .rates import RateLimits
from .render import to_json
from .shapes import account, contact
from .shapes_bills import credit_note, invoice
from .shapes_payments import batch_payment, paid_ahead, payment
from .store import Organisation
from .tokens import Tokens, guid

WEB_APP = ("sandbox-xero-client", "sandbox-client-secret-not-real")
CUSTOM_CONNECTION = ("sandbox-xero-custom-client", "sandbox-custom-secret-not-real")
_LIMITS = ("per_minute", "per_day", "concurrent")


class Xero(Face):
    """One organisation, with a web app and a custom connection."""

    name = "xero"
    title = "Xero"
    kinds = MappingProxyType(
        {
            "account": Kind("Account", ("Accounts",), "AccountID"),
            "contact": Kind("Vendor", ("Contacts",), "ContactID"),
            "invoice": Kind("Bill", ("Invoices",), "InvoiceID"),
            "creditnote": Kind("VendorCredit", ("CreditNotes",), "CreditNoteID"),
            "payment": Kind("BillPayment", ("Payments",), "PaymentID"),
            "prepayment": Kind("BillPayment", ("Prepayments",), "PrepaymentID"),
            "overpayment": Kind("BillPayment", ("Overpayments",), "OverpaymentID"),
            "batchpayment": Kind("Batch", ("BatchPayments",), "BatchPaymentID"),
        }
    )

    def __init__(self, *, name: str, clock: Clock, seed: int, founded: int) -> None:
        org = Organisation(name=name, clock=clock, founded=founded, seed=seed)
        self.books: Organisation = org
        self.limits = RateLimits(clock)
        self.oauth = Tokens(clock, *WEB_APP, *CUSTOM_CONNECTION, seed=seed)
        consent = self.oauth.authorisation
        self.connections = Connections(clock, org.tenant_id, org.name, consent)
        for client, _ in (WEB_APP, CUSTOM_CONNECTION):
            self.connections.connect(client)

    def apps(self) -> list[ASGIApp]:
        """The Accounting API with the connections, and the identity service."""
        return [
            create_app(self.books, self.oauth, self.connections, self.limits),
            create_identity_app(self.oauth, self.connections),
        ]

    def ready(self, urls: list[str]) -> dict[str, Any]:
        """Addresses and credentials."""
        return {
            "api_url": urls[0],
            "connections_url": urls[0] + "/connections",
            "token_url": urls[1] + TOKEN_PATH,
            "authorize_url": urls[1] + AUTHORISE_PATH,
            "revocation_url": urls[1] + REVOCATION_PATH,
            "client_id": CUSTOM_CONNECTION[0],
            "client_secret": CUSTOM_CONNECTION[1],
            "app_client_id": WEB_APP[0],
            "app_client_secret": WEB_APP[1],
            "refresh_token": self.oauth.refresh_token,
            "redirect_uri": self.oauth.redirect_uris[0],
            "tenant_id": self.books.tenant_id,
        }

    def rates(self, asked: Asked) -> dict[str, Any]:
        """Calls a minute, a day and at the same time, and how long an answer takes."""
        for name in _LIMITS:
            if asked.has(name):
                setattr(self.limits, name, asked.number(name))
        if asked.has("answer_seconds"):
            self.limits.answer_seconds = float(asked.amount("answer_seconds") or 0)
        asked.done()
        return {name: getattr(self.limits, name) for name in (*_LIMITS, "answer_seconds")}

    def tokens(self, asked: Asked) -> dict[str, Any]:
        """Rotation of the refresh token, and the switch that revokes it."""
        tokens = self.oauth
        for name in ("rotate_seconds", "grace_seconds"):
            if asked.has(name):
                setattr(tokens, name, asked.number(name))
        if asked.has("revoked"):
            tokens.revoked = asked.get("revoked") is True
        expire = asked.get("expire_access", False)
        asked.done()
        if expire:
            tokens.expire_access()
        return {
            "rotate_seconds": tokens.rotate_seconds,
            "grace_seconds": tokens.grace_seconds,
            "revoked": tokens.revoked,
            "refresh_token": tokens.refresh_token,
        }

    def shape(self, row: Any) -> dict[str, Any]:
        """A record's JSON as it is read on its own."""
        shape: dict[str, Any] = json.loads(to_json(_shape(row, self.books)))
        return shape

    def error_body(self, status: int, now: datetime) -> tuple[str, bytes]:
        """Xero's words for a status; a 429 has none, only headers."""
        answer = refusal(status, now).response()
        return answer.headers.get("content-type", "text/plain"), bytes(answer.body)

    def errors_in_200(self, now: datetime) -> dict[str, Any]:
        """An envelope whose status is not OK, and without any records."""
        return {
            "Id": guid("answer", now.isoformat()),
            "Status": "ERROR",
            "ProviderName": "PaidSync sandbox",
            "DateTimeUTC": f"/Date({int(now.timestamp() * 1000)})/",
        }


def _shape(row: Any, org: Organisation) -> dict[str, Any]:
    if isinstance(row, BillPayment):
        return payment(row, org, full=True) if row.kind == "payment" else paid_ahead(row, org)
    if isinstance(row, Batch):
        return batch_payment(row, org)
    if isinstance(row, Bill):
        return invoice(row, org)
    if isinstance(row, VendorCredit):
        return credit_note(row, org)
    if isinstance(row, Vendor):
        return contact(row, org, full=True)
    assert isinstance(row, Account)
    return account(row, org)
