"""Money as the rules count it: exact, by value, in the decimals of its currency."""

from __future__ import annotations

from decimal import (
    MAX_EMAX,
    MAX_PREC,
    MIN_EMIN,
    Clamped,
    Context,
    Decimal,
    Inexact,
    InvalidOperation,
    Overflow,
    Rounded,
    Subnormal,
    Underflow,
)

# As wide as can be, since a quoted amount may have any number of digits: no sum is ever rounded, and if one were, it
# would trap. A sum takes the room of its operands; their exponents are at most 308 (RF001).
EXACT = Context(
    prec=MAX_PREC,
    Emin=MIN_EMIN,
    Emax=MAX_EMAX,
    traps=[Clamped, Inexact, InvalidOperation, Overflow, Rounded, Subnormal, Underflow],
)
ZERO = Decimal(0)
EVERYDAY = 2

_DECIMALS = dict.fromkeys(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
) | dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)
# Metals, funds and test codes have no minor unit.
_WITHOUT_MINOR_UNIT = frozenset("XAG XAU XBA XBB XBC XBD XDR XFU XPD XPT XTS XXX".split())


def decimals(currency: str) -> int | None:
    """The decimals of a currency by ISO 4217, 2 for one that is not in the list, None where there is no minor unit."""
    return None if currency in _WITHOUT_MINOR_UNIT else _DECIMALS.get(currency, 2)


def everyday(value: Decimal | int) -> bool:
    """Whether a number has at most EVERYDAY decimals and 8 digits: cheap to tell, and true of most amounts."""
    text = str(value)
    return len(text) < 10 and (value.__class__ is int or text[-3:-2] == "." or text[-2:-1] == ".")


def places(value: Decimal | int) -> int:
    """How many decimals a number has by value: -5.00000 has none."""
    if value.__class__ is int:
        return 0
    _, digits, exponent = value.as_tuple()  # type: ignore[union-attr]
    if not isinstance(exponent, int) or exponent >= 0:
        return 0
    spare = 0
    for digit in reversed(digits):
        if digit or spare == -exponent:
            break
        spare += 1
    return 0 if not any(digits) else -exponent - spare


def digits(value: Decimal | int) -> int:
    """How many digits a number has by value, without zeros before it and without spare decimals."""
    number = Decimal(value)
    if not number:
        return 1
    fraction = places(number)
    return max(number.adjusted() + 1, 0) + fraction if number.adjusted() >= 0 else fraction


def total(values: list[Decimal | int]) -> Decimal:
    """The exact sum."""
    result = ZERO
    for value in values:
        result = EXACT.add(result, value)
    return result


def plain(value: Decimal | int) -> str:
    """A number in a message: without exponent where that is short."""
    number = Decimal(value)
    return format(number, "f") if abs(number.adjusted()) <= 20 else str(number)
