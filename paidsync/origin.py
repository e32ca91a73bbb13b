"""Ids of ours in Procore: ``{erp}:{erp company}:{payment id}:{bill id}:{n}`` (house plan 5)."""

import hashlib
import re
from typing import NamedTuple
from urllib.parse import quote

LONGEST = 200
_DIGEST = 32
_N = re.compile(r"[1-9][0-9]{0,8}")  # as entry_id writes it: no zero in front


class OriginId(NamedTuple):
    """The allocation that an entry belongs to, and the entry's place in its order."""

    allocation_id: str
    n: int


def allocation_id(erp: str, erp_company: str, payment_id: str, bill_id: str) -> str:
    """The prefix under which all entries of an allocation stand; never random.

    Parts are percent-encoded (money-rules 1.7); an id that would grow past 200 characters ends
    in a SHA-256 instead of its payment and bill.
    """
    parts = [quote(part, safe="") for part in (erp, erp_company, payment_id, bill_id)]
    whole = ":".join(parts)
    if len(whole) <= LONGEST:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_DIGEST]
    return ":".join([*parts[:2], "sha256", digest])


def company_prefix(erp: str, erp_company: str) -> str:
    """What every id of one ERP company begins with."""
    return f"{quote(erp, safe='')}:{quote(erp_company, safe='')}:"


def entry_id(allocation: str, n: int) -> str:
    """The origin_id of the allocation's n-th entry, counted from 1."""
    return f"{allocation}:{n}"


def parse(origin_id: str) -> OriginId | None:
    """The allocation and n of an id of this shape; None for anybody else's id."""
    allocation, _, n = origin_id.rpartition(":")
    if allocation.count(":") != 3 or not _N.fullmatch(n):
        return None
    return OriginId(allocation, int(n))
