"""Exact decimal arithmetic, and the decimals of currencies."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal, localcontext

# No sum and no product of number literals is rounded: they have at most 400 digits and exponents up to 308 (RF001).
EXACT = Context(prec=4_000, Emin=MIN_EMIN, Emax=MAX_EMAX)
ZERO = Decimal(0)

_DECIMALS = dict.fromkeys(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
) | dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)
# Metals, funds and test codes have no minor unit.
_WITHOUT_MINOR_UNIT = frozenset("XAG XAU XBA XBB XBC XBD XDR XFU XPD XPT XTS XXX".split())


def decimals(currency: str) -> int | None:
    """Return the decimals of a currency by ISO 4217; 2 if unknown, None if it has no minor unit."""
    return None if currency in _WITHOUT_MINOR_UNIT else _DECIMALS.get(currency, 2)


def places(value: Decimal | int) -> int:
    """Count the decimals of a number by value: -5.00000 has none."""
    return len(_without_exponent(value).partition(".")[2].rstrip("0"))


def digits(value: Decimal | int) -> int:
    """Count the digits of a number by value, without leading and trailing zeros."""
    integer, _, fraction = _without_exponent(value).lstrip("-").partition(".")
    return len(integer.lstrip("0") + fraction.rstrip("0")) or 1


def _without_exponent(value: Decimal | int) -> str:
    """Write a number in plain digits; for most numbers `format` takes twice as long as `str`."""
    text = str(value)
    return format(value, "f") if "E" in text else text


def exact(size: int = 0) -> AbstractContextManager[Context]:
    """Return a context in which decimals are not rounded; `size` is that of the longest text with quoted numbers."""
    return localcontext(EXACT, prec=EXACT.prec + 2 * size) if size > EXACT.prec else localcontext(EXACT)


def total(values: Iterable[Decimal | int]) -> Decimal:
    """Return the sum; it is exact within `exact()`."""
    return sum((Decimal(value) for value in values), ZERO)


def equals_as_shown(amount: Decimal, shown: Decimal, at_least: int = 0) -> bool:
    """Tell whether an amount is the shown one, once it is rounded to the decimals of that, at least to so many."""
    shown_places = max(at_least, len(_without_exponent(shown).partition(".")[2]))
    return amount.quantize(Decimal(1).scaleb(-shown_places), ROUND_HALF_UP) == shown


def plain(value: Decimal | int) -> str:
    """Format a number for a message: without exponent if that is short."""
    number = Decimal(value)
    return format(number, "f") if abs(number.adjusted()) <= 20 else str(number)
