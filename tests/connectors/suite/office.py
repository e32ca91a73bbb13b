"""The books of an invented company in one ERP, moved from outside over the control API."""

import tomllib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from pydantic import TypeAdapter

from connectors.registry import ErpSettings
from sandbox.erps import connection_section
from sandbox.server import RunningSandbox, start
from tests.connectors.keeper import MemoryKeeper
from tests.connectors.suite.bench import Bench

Applied = dict[tuple[str, str], Decimal | None]  # payment and bill -> what is settled
Part = tuple[str, str]  # a bill and how much of it


def serve(bench: Bench, size: str) -> AbstractContextManager[RunningSandbox]:
    """The sandbox of this ERP."""
    return start(size=size, seed=7, erp=bench.name)


class Office:
    """An accountant at work: enters bills, pays them, and sees what the books say."""

    def __init__(self, bench: Bench, ready: Mapping[str, Any], folder: Path) -> None:
        self.bench = bench
        self.http = httpx.Client(base_url=ready["control"], timeout=60)
        self.keeper = MemoryKeeper()
        self.secrets: set[str] = set()
        self._folder = folder
        self.settings = self._connected(ready[bench.name])
        self._vendors: dict[str, str] = {}

    def _connected(self, ready: Mapping[str, Any]) -> Any:
        """The settings of a connection file, with its secrets in files."""
        text, secrets = connection_section(self.bench.name, ready)
        section = tomllib.loads(text)["erp"]
        for name, value in section.items():
            if isinstance(value, dict) and value.get("env") in secrets:
                path = self._folder / value["env"]
                path.write_text(secrets[value["env"]], encoding="utf-8")
                self.secrets.add(secrets[value["env"]])
                section[name] = {"file": str(path)}
        return TypeAdapter(ErpSettings).validate_python(section)

    # What the control API is asked ----------------------------------------------------------

    def do(self, path: str, **body: Any) -> dict[str, Any]:
        """Do something that must be possible."""
        refused, answer = self._ask(path, body)
        assert refused is None, f"{path}: {refused}"
        return answer

    def refused(self, path: str, **body: Any) -> str | None:
        """Try something; the sentence with which it is refused, None where it is done."""
        return self._ask(path, body)[0]

    def _ask(self, path: str, body: Mapping[str, Any]) -> tuple[str | None, dict[str, Any]]:
        reply = self.http.post(path, json=body)
        answer: dict[str, Any] = reply.json()
        if reply.status_code == 400:
            return answer["error"], {}
        assert reply.status_code == 200, reply.text
        return None, answer

    def see(self, path: str) -> dict[str, Any]:
        """Look at something."""
        reply = self.http.get(path)
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    # The world ------------------------------------------------------------------------------

    def world(self) -> dict[str, Any]:
        """All books, as they are now."""
        return self.see("/world?limit=100000")

    def now(self) -> datetime:
        """The ERP's clock."""
        return datetime.fromisoformat(self.see("/clock")["now"])

    def today(self) -> date:
        """The day in the company's own calendar."""
        return date.fromisoformat(self.see("/clock")["today"])

    def wait(self, span: timedelta) -> None:
        """Let time pass in the ERP."""
        self.do("/clock", advance_seconds=span.total_seconds())

    def vendor(self, currency: str = "USD") -> str:
        """A vendor that is paid in a currency."""
        if not self._vendors:
            found = reversed(self.world()["vendors"])
            self._vendors = {row["currency"]: row["id"] for row in found}
        return self._vendors[currency]

    def bill(self, amount: str, *, currency: str = "USD", **more: Any) -> str:
        """Enter a bill."""
        answer = self.do("/erp/bill", vendor_id=self.vendor(currency), amount=amount, **more)
        return str(answer["bill_id"])

    def pay(self, *parts: Part, **more: Any) -> list[str]:
        """Pay bills; the payments that this made."""
        return self._paid("/erp/pay", parts, more)

    def late(self, appeared_at: datetime, *parts: Part, **more: Any) -> list[str]:
        """A payment that shows up now with an older moment of change."""
        return self._paid("/erp/late", parts, {"appeared_at": appeared_at.isoformat(), **more})

    def _paid(self, path: str, parts: tuple[Part, ...], more: Mapping[str, Any]) -> list[str]:
        bills = [{"bill_id": bill, "amount": amount} for bill, amount in parts]
        answer = self.do(path, bills=bills, **more)
        return [one["payment_id"] for one in answer["payments"]]

    def credit(self, amount: str) -> dict[str, str]:
        """Enter a credit, to be used in a payment."""
        answer = self.do("/erp/credit", vendor_id=self.vendor(), amount=amount)
        return {"credit_id": answer["credit_id"]}

    def paid(self, amount: str, **more: Any) -> tuple[str, str]:
        """Enter a bill and pay it whole: bill and payment."""
        bill = self.bill(amount)
        (payment,) = self.pay((bill, amount), **more)
        return bill, payment

    def void(self, payment: str) -> None:
        """Void a payment."""
        self.do("/erp/void", payment_id=payment)

    def delete(self, payment: str) -> None:
        """Delete a payment."""
        self.do("/erp/delete", payment_id=payment)

    def fault(self, kind: str, **spec: Any) -> None:
        """Let something go wrong on the way to the ERP."""
        self.do("/faults", system=self.bench.name, kind=kind, **spec)

    def mend(self) -> None:
        """Let nothing go wrong any more."""
        assert self.http.delete("/faults").status_code == 200

    def spoil_secrets(self, value: str | None) -> None:
        """Put something else where the connection file's secrets are kept, or nothing at all."""
        for path in self._folder.iterdir():
            if value is None:
                path.unlink()
            else:
                path.write_text(value, encoding="utf-8")

    def answered(self) -> dict[str, int]:
        """How many answers of each status the ERP gave since the last `forget_calls`."""
        found: dict[str, int] = self.see("/calls")["statuses"].get(self.bench.name, {})
        return found

    def asked(self) -> int:
        """How often the ERP was asked since the last `forget_calls`."""
        return sum(self.see("/calls")["systems"].get(self.bench.name, {}).values())

    def forget_calls(self) -> None:
        """Count calls from here on."""
        self.do("/calls/reset")


def applied(world: Mapping[str, Any]) -> Applied:
    """What live payments apply to bills, as the books have it; None where a line names several."""
    found: Applied = {}
    for payment in world["payments"]:
        if payment["state"] == "voided":
            continue
        for line in payment["lines"]:
            bills = [link["id"] for link in line["linked"] if link["type"] == "Bill"]
            for bill in bills:
                key = (payment["id"], bill)
                before = found.get(key, Decimal(0))
                told = before is not None and len(line["linked"]) == 1
                found[key] = (before or 0) + Decimal(line["amount"]) if told else None
    return found


def second(moment: datetime) -> datetime:
    """The second that a moment lies in."""
    return moment.replace(microsecond=0)


def row(world: Mapping[str, Any], kind: str, ident: str) -> dict[str, Any]:
    """One record of the books."""
    return next(found for found in world[kind] if found["id"] == ident)
