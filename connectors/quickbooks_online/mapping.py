"""What the JSON of QuickBooks Online means; pure functions (QuickBooks Online: BillPayment, Bill).

Amounts stay Decimal. Lines name a document and what is applied to it; credits are lines of their
own, with positive amounts, and belong to the payment as a whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext

from connectors.erp import Allocation, Bill, BillPayment, Gone, PaymentMethod, PaymentStatus
from connectors.quickbooks_online import fields
from connectors.quickbooks_online.query import Row, updated_at
from paidsync.money import MoneyError, from_minor, to_minor
from paidsync.reasons import Hold

_ZERO = Decimal(0)
# No sum of amounts is ever rounded, and none is too large to be looked at.
_EXACT = Context(prec=100, Emax=MAX_EMAX, Emin=MIN_EMIN)
_RATE_DIGITS = 20  # before or behind the point; a rate beyond is none
_METHODS = {"Check": PaymentMethod.CHECK, "CreditCard": PaymentMethod.CREDIT_CARD}
_KINDS = frozenset({"Bill", "VendorCredit", "JournalEntry", "Deposit"})
# Faults under which a bill that is not named may be paid all the same.
_NAMES_UNSURE = frozenset({Hold.UNKNOWN_ERP_STATUS, Hold.MISSING_AMOUNT})
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
        amount = fields.decimal(line.get("Amount"))
        links = {(str(link["TxnType"]), str(link["TxnId"])): None for link in fields.links(line)}
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


def payment(row: Row, home_currency: str, *, several: bool = False) -> BillPayment:
    """A BillPayment; ``several`` says that the company has several currencies, so that a missing
    one is not taken for the home currency. What cannot be judged is stated as a fault, for that
    payment alone. Raises ValueError where the row has no id.
    """
    with localcontext(_EXACT):
        try:
            return _payment(row, home_currency, several=several)
        except (AttributeError, ArithmeticError, KeyError, TypeError, ValueError):
            return _unreadable(row)


def _payment(row: Row, home_currency: str, *, several: bool) -> BillPayment:
    total = fields.decimal(row.get("TotalAmt"))
    raw = [
        line
        for line in row.get("Line") or ()
        if fields.links(line) or fields.decimal(line.get("Amount"))
    ]
    state = row.get("status")
    currency = fields.ref(row, "CurrencyRef") or (None if several else home_currency)
    lines = _Lines()
    if currency is None:
        lines.fault = Hold.BAD_CURRENCY
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
        payment_id=fields.required(row, "Id"),
        status=_status(row, voided=voided),
        number=fields.text(row, "DocNumber"),
        date=fields.day(row.get("TxnDate")),
        method=_METHODS.get(str(row.get("PayType"))),
        currency=currency,
        total=total,
        credits=credits_used,
        unapplied=unapplied,
        home_per_foreign=_rate(row, currency, home_currency),
        payee_id=fields.ref(row, "VendorRef"),
        allocations=allocations,
        modified_at=updated_at(row),
        version=fields.required(row, "SyncToken"),
        # A line that cannot be read may pay a bill that was posted before: nothing is taken back.
        fault=lines.fault if lines.fault in _NAMES_UNSURE else None,
    )


def _unreadable(row: Row) -> BillPayment:
    """A payment that is not as documented: held, with all bills that it can be seen to name."""
    fault = Hold.UNKNOWN_ERP_STATUS
    return BillPayment(
        payment_id=fields.required(row, "Id"),
        status=PaymentStatus.LIVE,
        number=fields.text(row, "DocNumber"),
        date=fields.day(row.get("TxnDate")),
        method=None,
        currency=None,
        total=None,
        credits=None,
        unapplied=None,
        home_per_foreign=None,
        payee_id=None,
        allocations=tuple(
            Allocation(bill_id=ident, currency=None, settled=None, cash=None, fault=fault)
            for ident in dict.fromkeys(fields.bills_named(row.get("Line")))
        ),
        modified_at=fields.changed_at(row),
        version=fields.text(row, "SyncToken") or "",
        whole=False,
        fault=fault,
    )


def bill(row: Row, home_currency: str, *, several: bool = False) -> Bill:
    """A Bill; what is not as documented is missing. Raises ValueError where it has no id."""
    total, balance = fields.decimal(row.get("TotalAmt")), fields.decimal(row.get("Balance"))
    detail = fields.part(row, "TxnTaxDetail")
    tax = fields.decimal(detail.get("TotalTax")) if "TotalTax" in detail else _ZERO
    with localcontext(_EXACT):
        return Bill(
            bill_id=fields.required(row, "Id"),
            number=fields.text(row, "DocNumber"),
            vendor_id=fields.text(fields.part(row, "VendorRef"), "value"),
            vendor_name=fields.text(fields.part(row, "VendorRef"), "name"),
            date=fields.day(row.get("TxnDate")),
            currency=fields.text(fields.part(row, "CurrencyRef"), "value")
            or (None if several else home_currency),
            total=total,
            net=None if total is None or tax is None else total - tax,
            tax=tax,
            settled=None if total is None or balance is None else total - balance,
            paid_cash=None,  # the balance does not say by what
            payment_ids=_payments_named(row),
            modified_at=fields.changed_at(row),
            version=fields.text(row, "SyncToken") or "",
        )


def _payments_named(row: Row) -> frozenset[str] | None:
    """The payments that a bill names; None where they cannot be read, which proves nothing."""
    try:
        return frozenset(
            str(link["TxnId"])
            for link in fields.links(row)
            if link.get("TxnType") in _BILL_PAYMENTS
        )
    except (AttributeError, KeyError, TypeError):
        return None


def gone(row: Row) -> Gone:
    """A tombstone of change data capture. Raises ValueError where it lacks id or time."""
    return Gone(fields.required(row, "Id"), updated_at(row))


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


def _allocations(
    lines: _Lines, credits_used: Decimal | None, currency: str | None
) -> list[Allocation]:
    fault = lines.fault
    if fault is None and lines.shared and credits_used:
        fault = Hold.CASH_SPLIT_UNKNOWN  # how much of the credits fell to the shared line?
    clear = {ident: amount for ident, amount in lines.applied.items() if ident not in lines.shared}
    shares: Sequence[Decimal] = [_ZERO] * len(clear)
    spread = False
    if fault is None and credits_used and currency is not None:
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


def _status(row: Row, *, voided: bool) -> PaymentStatus:
    if voided:
        return PaymentStatus.VOIDED
    if (row.get("CheckPayment") or {}).get("PrintStatus") == "NeedToPrint":
        return PaymentStatus.NOT_ISSUED
    return PaymentStatus.LIVE


def _rate(row: Row, currency: str | None, home_currency: str) -> Decimal | None:
    if currency == home_currency:
        return Decimal(1)
    rate = fields.decimal(row.get("ExchangeRate"))
    return rate if rate and abs(rate.adjusted()) <= _RATE_DIGITS else None
