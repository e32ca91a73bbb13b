"""Ids of ours in Procore: ``{erp}:{erp company}:{payment id}:{bill id}:{n}`` (house plan 5)."""

import hashlib
import re
from typing import NamedTuple
from urllib.parse import quote, unquote

LONGEST = 200
_DIGEST = 32
_LONGEST_COMPANY = 100
_HASHED = "sha256"
_PROBE = "paidsync-probe"
_PART = "@"  # quoted wherever it belongs to an id itself
_N = re.compile(r"[1-9][0-9]{0,8}")  # as entry_id writes it: no zero in front


class OriginId(NamedTuple):
    """The allocation that an entry belongs to, and the entry's place in its order."""

    allocation_id: str
    n: int


def allocation_id(
    erp: str, erp_company: str, payment_id: str, bill_id: str, *, application_id: str | None = None
) -> str:
    """The prefix under which all entries of an allocation stand; never random.

    Parts are percent-encoded (money-rules 1.7); an id that would grow past 200 characters ends
    in a SHA-256 instead of its payment and bill. ``application_id`` joins where the policy splits
    the bill (money-rules 3.2).
    """
    bill = _quoted(bill_id)
    if application_id is not None:
        bill += f"{_PART}{_quoted(application_id)}"
    whole = f"{company_prefix(erp, erp_company)}{_quoted(payment_id)}:{bill}"
    if len(whole) <= LONGEST:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_DIGEST]
    return f"{company_prefix(erp, erp_company)}{_HASHED}:{digest}"


def company_prefix(erp: str, erp_company: str) -> str:
    """What every id of one ERP company begins with."""
    company = _quoted(erp_company)
    if len(company) > _LONGEST_COMPANY:
        company = f"{_HASHED}-{hashlib.sha256(company.encode()).hexdigest()[:_DIGEST]}"
    return f"{_quoted(erp)}:{company}:"


def part(allocation: str) -> str:
    """The application that joins the id where the policy splits the bill; else empty."""
    return unquote(allocation.rpartition(":")[2].partition(_PART)[2])


def payment_and_bill(allocation: str) -> tuple[str, str] | None:
    """The ERP's ids that an allocation's id is made of; None where it ends in a hash."""
    _, _, payment, bill = allocation.split(":")
    if payment == _HASHED:
        return None
    return unquote(payment), unquote(bill.split(_PART)[0])


def _quoted(part: str) -> str:
    return quote(part, safe="")


def entry_id(allocation: str, n: int) -> str:
    """The origin_id of the allocation's n-th entry, counted from 1."""
    return f"{allocation}:{n}"


def parse(origin_id: str) -> OriginId | None:
    """The allocation and n of an id of this shape; None for anybody else's id."""
    allocation, _, n = origin_id.rpartition(":")
    if allocation.count(":") != 3 or not _N.fullmatch(n):
        return None
    return OriginId(allocation, int(n))


def probe_id(installation: str, n: int) -> str:
    """The origin_id of a row that `paidsync probe` makes: no entry, and known as a probe's."""
    return f"{_PROBE}:{_quoted(installation)}:{n}"


def probe_number(origin_id: str, installation: str) -> int | None:
    """Which of an installation's probe rows an id names; None for anybody else's."""
    before, _, n = origin_id.rpartition(":")
    mine = before == f"{_PROBE}:{_quoted(installation)}" and _N.fullmatch(n)
    return int(n) if mine else None


def is_probe(origin_id: str | None) -> bool:
    """Whether an id is that of a probe's row, of whichever installation."""
    parts = (origin_id or "").split(":")
    return len(parts) == 3 and parts[0] == _PROBE and bool(_N.fullmatch(parts[2]))
