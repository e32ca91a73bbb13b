"""Minor units: the sandbox's own table of ISO 4217 exponents."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from functools import lru_cache

_NO_DECIMALS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND"}
    | {"VUV", "XAF", "XOF", "XPF"}
)
_THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def exponent(currency: str) -> int:
    """Return how many decimals a currency has in ISO 4217."""
    if currency in _NO_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2


@lru_cache(maxsize=100_000)
def to_minor(amount: Decimal, currency: str) -> int:
    """Return an amount in minor units, rounded half-even where it is finer than the currency."""
    scaled = amount.scaleb(exponent(currency))
    return int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def from_minor(minor: int, currency: str) -> Decimal:
    """Return minor units as an amount."""
    return Decimal(minor).scaleb(-exponent(currency))


def spread(total: int, weights: list[int]) -> list[int]:
    """Share `total` in proportion to `weights`: whole units first, the rest by largest remainder.

    Ties go to the earlier weight, so the shares always add up to `total`.
    """
    whole = sum(weights)
    shares = [total * weight // whole for weight in weights]
    lost = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for index in lost[: total - sum(shares)]:
        shares[index] += 1
    return shares


def in_ratio(amount: int, part: int, whole: int) -> int:
    """Return `amount` x `part` / `whole` in whole minor units, rounded half-even."""
    return round(Fraction(amount * part, whole))


def in_percent(amount: int, percents: list[Decimal]) -> list[int]:
    """Share `amount` by percents that are 100 together; each half-even, the last takes the rest."""
    shares = [round(amount * Fraction(percent) / 100) for percent in percents[:-1]]
    return [*shares, amount - sum(shares)]
