"""What the JSON of QuickBooks Online means; pure functions (QuickBooks Online: BillPayment, Bill).

Amounts stay Decimal. Lines name a document and what is applied to it; credits are lines of their
own, with positive amounts, and belong to the payment as a whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal, localcontext
from typing import Any

from connectors.erp import Allocation, Bill, BillPayment, Gone, PaymentMethod, PaymentStatus
from connectors.quickbooks_online.query import Row, updated_at
from paidsync.money import MoneyError, from_minor, to_minor
from paidsync.reasons import Hold

_ZERO = Decimal(0)
_EXACT = Context(prec=100)  # no sum of amounts is ever rounded
_METHODS = {"Check": PaymentMethod.CHECK, "CreditCard": PaymentMethod.CREDIT_CARD}
_KINDS = frozenset({"Bill", "VendorCredit", "JournalEntry", "Deposit"})
_BILL_PAYMENTS = frozenset({"BillPaymentCheck", "BillPaymentCreditCard", "BillPayment"})


@dataclass(slots=True)
class _Lines:
    """The lines of a payment, summed by what they are applied to."""

    applied: dict[str, Decimal] = field(default_factory=dict)  # by bill
    shared: dict[str, None] = field(default_factory=dict)  # bills whose own amount is not stated
    shared_amount: Decimal = _ZERO
    credits: Decimal = _ZERO
    unsigned: Decimal = _ZERO  # journal entries and deposits: the sign is not documented
    fault: Hold | None = None  # of the payment as a whole

    def read(self, line: Row) -> None:
        amount = decimal(line.get("Amount"))
        links = {(str(link["TxnType"]), str(link["TxnId"])): None for link in _links(line)}
        bills = [ident for kind, ident in links if kind == "Bill"]
        if amount is None:
            self.fault = self.fault or Hold.MISSING_AMOUNT
            self.shared.update(dict.fromkeys(bills))
        elif not links or any(kind not in _KINDS for kind, _ in links):
            self.fault = Hold.UNKNOWN_ERP_STATUS
            self.shared.update(dict.fromkeys(bills))
        elif len(links) > 1:
            self.shared.update(dict.fromkeys(bills))
            self.shared_amount += amount
            if len(bills) < len(links):
                self.fault = self.fault or Hold.CASH_SPLIT_UNKNOWN
        elif bills:
            self.applied[bills[0]] = self.applied.get(bills[0], _ZERO) + amount
        elif next(iter(links))[0] == "VendorCredit":
            self.credits += amount
        else:
            self.unsigned += amount


def payment(row: Row, home_currency: str) -> BillPayment:
    """A BillPayment. Raises KeyError, TypeError or ValueError where it is not as documented."""
    with localcontext(_EXACT):
        return _payment(row, home_currency)


def _payment(row: Row, home_currency: str) -> BillPayment:
    total = decimal(row.get("TotalAmt"))
    raw = [line for line in row.get("Line") or () if _links(line) or decimal(line.get("Amount"))]
    state = row.get("status")
    currency = _ref(row, "CurrencyRef") or home_currency
    lines = _Lines()
    for line in raw:
        lines.read(line)
    # A void leaves the record and takes amount and lines. The word in the note is in the company's
    # language, so it is not asked for.
    voided = state == "Voided" or (total == 0 and not raw)
    if state is not None and not voided:
        lines.fault = Hold.UNKNOWN_ERP_STATUS
    if voided:
        credits_used: Decimal | None = _ZERO
        unapplied: Decimal | None = _ZERO
        allocations: tuple[Allocation, ...] = ()
    else:
        credits_used, unapplied = _tie_out(lines, total)
        allocations = tuple(_allocations(lines, credits_used, currency))
    return BillPayment(
        payment_id=str(row["Id"]),
        status=_status(row, voided=voided),
        number=row.get("DocNumber") or None,
        date=_day(row.get("TxnDate")),
        method=_METHODS.get(str(row.get("PayType"))),
        currency=currency,
        total=total,
        credits=credits_used,
        unapplied=unapplied,
        home_per_foreign=_rate(row, currency, home_currency),
        payee_id=_ref(row, "VendorRef"),
        allocations=allocations,
        modified_at=updated_at(row),
        version=str(row["SyncToken"]),
    )


def bill(row: Row, home_currency: str) -> Bill:
    """A Bill. Raises KeyError, TypeError or ValueError where it is not as documented."""
    total, balance = decimal(row.get("TotalAmt")), decimal(row.get("Balance"))
    detail = row.get("TxnTaxDetail") or {}
    tax = decimal(detail.get("TotalTax")) if "TotalTax" in detail else _ZERO
    vendor = row.get("VendorRef") or {}
    with localcontext(_EXACT):
        return Bill(
            bill_id=str(row["Id"]),
            number=row.get("DocNumber") or None,
            vendor_id=_ref(row, "VendorRef"),
            vendor_name=vendor.get("name") or None,
            date=_day(row.get("TxnDate")),
            currency=_ref(row, "CurrencyRef") or home_currency,
            total=total,
            net=None if total is None or tax is None else total - tax,
            tax=tax,
            paid=None if total is None or balance is None else total - balance,
            payment_ids=frozenset(
                str(link["TxnId"]) for link in _links(row) if link.get("TxnType") in _BILL_PAYMENTS
            ),
            modified_at=updated_at(row),
            version=str(row["SyncToken"]),
        )


def gone(row: Row) -> Gone:
    """A tombstone of change data capture. Raises KeyError or ValueError."""
    return Gone(str(row["Id"]), updated_at(row))


def is_tombstone(row: Row) -> bool:
    """Whether a row of change data capture says that the object was deleted."""
    return row.get("status") == "Deleted"


def _tie_out(lines: _Lines, total: Decimal | None) -> tuple[Decimal | None, Decimal | None]:
    """Credits used and the unapplied rest; marks the fault where they do not follow.

    total = bills - credits + unapplied (money-rules 1.3). Journal entries and deposits count as
    credits only where that closes the sum exactly.
    """
    if total is None:
        lines.fault = lines.fault or Hold.MISSING_AMOUNT
    if lines.fault is not None or total is None:
        return None, None
    bills = sum(lines.applied.values(), lines.shared_amount)
    if lines.unsigned:
        if total != bills - lines.credits - lines.unsigned:
            lines.fault = Hold.CASH_SPLIT_UNKNOWN
            return None, None
        lines.credits += lines.unsigned
    unapplied = total - (bills - lines.credits)
    if unapplied < 0 or not 0 <= lines.credits <= bills:
        lines.fault = Hold.CASH_SPLIT_UNKNOWN
        return lines.credits, None
    return lines.credits, unapplied


def _allocations(lines: _Lines, credits_used: Decimal | None, currency: str) -> list[Allocation]:
    fault = lines.fault
    if fault is None and lines.shared and credits_used:
        fault = Hold.CASH_SPLIT_UNKNOWN  # how much of the credits fell to the shared line?
    clear = {ident: amount for ident, amount in lines.applied.items() if ident not in lines.shared}
    shares: Sequence[Decimal] = [_ZERO] * len(clear)
    spread = False
    if fault is None and credits_used:
        settled = list(clear.values())
        # Where credits cover the bills whole, no cash is left whose split could be unknown.
        spread = len(settled) > 1 and credits_used != sum(settled)
        try:
            shares = spread_credits(credits_used, settled, currency)
        except MoneyError:
            fault = Hold.AMOUNT_PRECISION
        except ValueError:
            fault = Hold.CASH_SPLIT_UNKNOWN
    found = []
    for (ident, amount), share in zip(clear.items(), shares, strict=True):
        own = fault or (Hold.AMOUNT_NOT_POSITIVE if amount <= 0 else None)
        found.append(
            Allocation(
                bill_id=ident,
                currency=currency,
                settled=amount,
                cash=amount - share if fault is None else None,
                credit=share if fault is None else _ZERO,
                fault=own,
                split_in_proportion=spread and own is None,
            )
        )
    for ident in lines.shared:
        unknown = fault or Hold.CASH_SPLIT_UNKNOWN
        found.append(
            Allocation(bill_id=ident, currency=currency, settled=None, cash=None, fault=unknown)
        )
    return found


def spread_credits(
    credits_used: Decimal, settled: Sequence[Decimal], currency: str
) -> list[Decimal]:
    """Credits shared out over what is settled on each bill, in proportion, to the minor unit.

    The parts add up exactly and none is more than its bill's: whole units down, the rest to the
    largest remainders, ties to the earlier bill. Raises MoneyError where an amount is finer than
    its currency or the currency is unknown, ValueError where a bill's amount is not positive or
    there is more credit than bills.
    """
    if len(settled) == 1 and 0 <= credits_used <= settled[0]:
        return [credits_used]
    weights = [to_minor(amount, currency) for amount in settled]
    left = to_minor(credits_used, currency)
    whole = sum(weights)
    if not weights or min(weights) <= 0 or not 0 <= left <= whole:
        raise ValueError("the credits cannot be spread over these bills")
    parts = [left * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(left * weights[i] % whole), i))
    for index in order[: left - sum(parts)]:
        parts[index] += 1
    return [from_minor(part, currency) for part in parts]


def decimal(value: Any) -> Decimal | None:
    """An amount of the JSON, or None; a truth value or a text is not an amount."""
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return None


def _status(row: Row, *, voided: bool) -> PaymentStatus:
    if voided:
        return PaymentStatus.VOIDED
    if (row.get("CheckPayment") or {}).get("PrintStatus") == "NeedToPrint":
        return PaymentStatus.NOT_ISSUED
    return PaymentStatus.LIVE


def _links(row: Row) -> Sequence[Row]:
    found: Sequence[Row] = row.get("LinkedTxn") or ()
    return found


def _ref(row: Row, name: str) -> str | None:
    """The value of a reference; names change without a new version, so they are not compared."""
    value = (row.get(name) or {}).get("value")
    return str(value) if value else None


def _rate(row: Row, currency: str, home_currency: str) -> Decimal | None:
    if currency == home_currency:
        return Decimal(1)
    return decimal(row.get("ExchangeRate"))


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None
