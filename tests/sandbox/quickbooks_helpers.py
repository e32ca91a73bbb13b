"""A client for the tests: QuickBooks Online, the control API, and Procore rows as we would post."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Self

import httpx

from sandbox.server import RunningSandbox


class Player:
    """Plays the outside world and the poster against one running sandbox."""

    def __init__(self, running: RunningSandbox) -> None:
        self.running = running
        self.world = running.world
        self.qbo = running.ready["quickbooks_online"]
        self.http = httpx.Client(timeout=5)
        self.refresh_token = self.qbo["refresh_token"]
        self.access = ""

    def __enter__(self) -> Self:
        self.refresh()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    # QuickBooks Online -------------------------------------------------------------------------

    def token(self, refresh_token: str, *, secret: str | None = None) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        auth = (self.qbo["client_id"], secret or self.qbo["client_secret"])
        return self.http.post(self.qbo["token_url"], data=form, auth=auth)

    def refresh(self) -> None:
        body = self.token(self.refresh_token).json()
        self.access, self.refresh_token = body["access_token"], body["refresh_token"]

    def call(
        self, method: str, path: str, *, realm: str | None = None, **kwargs: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.access}", "Accept": "application/json"}
        headers |= kwargs.pop("headers", {})
        url = f"{self.qbo['api_url']}/v3/company/{realm or self.qbo['realm_id']}/{path}"
        return self.http.request(method, url, headers=headers, **kwargs)

    def query(self, text: str) -> dict[str, Any]:
        reply = self.call("GET", "query", params={"query": text})
        assert reply.status_code == 200, reply.text
        return reply.json()["QueryResponse"]

    def refused(self, text: str) -> str:
        reply = self.call("GET", "query", params={"query": text})
        assert reply.status_code == 400, reply.text
        return reply.json()["Fault"]["Error"][0]["code"]

    def read(self, kind: str, ident: str) -> dict[str, Any]:
        reply = self.call("GET", f"{kind.lower()}/{ident}")
        assert reply.status_code == 200, reply.text
        return json.loads(reply.text, parse_float=Decimal)[kind]

    def write(self, kind: str, body: dict[str, Any], **params: str) -> httpx.Response:
        return self.call("POST", kind.lower(), json=body, params=params)

    def cdc(self, entities: str, since: str) -> list[dict[str, Any]]:
        reply = self.call("GET", "cdc", params={"entities": entities, "changedSince": since})
        assert reply.status_code == 200, reply.text
        return reply.json()["CDCResponse"][0]["QueryResponse"]

    # The control API ---------------------------------------------------------------------------

    def see(self, path: str) -> Any:
        reply = self.http.get(self.running.ready["control"] + path)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def do(self, path: str, **body: Any) -> dict[str, Any]:
        reply = self.http.post(self.running.ready["control"] + path, json=body)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def cannot(self, path: str, **body: Any) -> str:
        reply = self.http.post(self.running.ready["control"] + path, json=body)
        assert reply.status_code == 400, reply.text
        return reply.json()["error"]

    # Procore -----------------------------------------------------------------------------------

    @property
    def commitments(self) -> list[int]:
        return list(self.world.procore.commitments)

    def billed(self, amount: str, commitment: int = 0, **more: Any) -> dict[str, Any]:
        return self.do(
            "/erp/bill", commitment_id=self.commitments[commitment], amount=amount, **more
        )

    def paid(self, amount: str, commitment: int = 0, **more: Any) -> tuple[str, str, int]:
        """Enter a bill with its application and pay it; return payment, bill, application."""
        bill = self.billed(amount, commitment)
        payment = self.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}], **more)
        return payment["payment_id"], bill["bill_id"], bill["requisition_id"]

    def post(self, row: dict[str, Any], commitment_id: int, amount: int, n: int = 1) -> int:
        """Put one entry into Procore as the truth wants it."""
        return self.world.procore.type_payment(
            commitment_id=commitment_id,
            amount=Decimal(amount) / 100,
            date=self.world.erp.payments.rows[row["payment_id"]].txn_date,
            check_number=row["check_number"],
            requisition_id=row["requisition_id"],
            origin_id=f"{row['origin_prefix']}:{n}",
        )

    def post_truth(self) -> None:
        """Post every row of the truth that does not stand yet."""
        for commitment in self.see("/truth")["commitments"]:
            for row in commitment["rows"]:
                rows = self.world.procore.payments(commitment["commitment_id"])
                if not any((x.origin_id or "").startswith(row["origin_prefix"]) for x in rows):
                    self.post(row, commitment["commitment_id"], row["amount_minor"])
