"""Money as whole minor units beside an ISO 4217 code; Decimal only at the edges, float nowhere."""

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from fractions import Fraction

from iso4217 import Currency


class MoneyError(ValueError):
    """An amount or a currency that cannot be held exactly."""


class UnknownCurrency(MoneyError):
    """Not an ISO 4217 code."""


class InexactAmount(MoneyError):
    """More decimals than the currency has."""


# ISO 4217 codes for metals, funds and tests have no minor unit; nobody is paid in them.
_LARGEST_MINOR = 2**63 - 1
_MOST_DIGITS = 19  # of 2**63
# The usual context would round an amount of more than 28 digits without a word.
_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)


def exponent(currency: str) -> int:
    """Decimals of a currency: 2 for USD, 0 for JPY, 3 for KWD. Raises UnknownCurrency."""
    try:
        digits = Currency(currency).exponent
    except ValueError:
        raise UnknownCurrency(f"{currency!r} is not an ISO 4217 currency code") from None
    if digits is None:
        raise UnknownCurrency(f"{currency!r} has no minor unit, so nothing can be paid in it")
    return int(digits)


def to_minor(amount: Decimal, currency: str) -> int:
    """Whole minor units of an amount, exactly.

    Raises InexactAmount where the amount has more decimals than the currency, or does not fit
    in 64 bits, and UnknownCurrency.
    """
    if not amount.is_finite():
        raise InexactAmount(f"{amount} is not a number")
    digits = exponent(currency)
    if amount and amount.adjusted() + digits >= _MOST_DIGITS:
        raise InexactAmount(f"{amount} {currency} is too large to hold")
    scaled = amount.scaleb(digits, _EXACT)
    whole = scaled.to_integral_value()
    if whole != scaled:
        raise InexactAmount(f"{amount} has more decimals than {currency} has")
    minor = int(whole)
    if abs(minor) > _LARGEST_MINOR:
        raise InexactAmount(f"{amount} {currency} is too large to hold")
    return minor


def from_minor(minor: int, currency: str) -> Decimal:
    """The Decimal amount that an API or a person reads."""
    return Decimal(minor).scaleb(-exponent(currency))


def plain(minor: int, currency: str) -> str:
    """Dot notation with the currency's decimals, as an API takes it: ``-1250.50``."""
    return f"{from_minor(minor, currency):f}"


def shown(minor: int, currency: str) -> str:
    """For people: ``1,250.50 USD``."""
    return f"{from_minor(minor, currency):,f} {currency}"


def proportion(minor: int, part: Decimal | int, whole: Decimal | int) -> int:
    """``minor * part / whole`` in whole minor units, half to even."""
    exact = Fraction(minor) * Fraction(part) / Fraction(whole)
    return round(exact)  # Python rounds a Fraction half to even
