"""Numbers as PHP 8 and WooCommerce read them, for the imitation of the recorded servers."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from ...money import ZERO

_NUMERIC = re.compile(r"[ \t\n\r\v\f]*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?[ \t\n\r\v\f]*")
_LEADING = re.compile(r"[ \t\n\r\v\f]*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)")


def exceeds(value: Any, bound: Decimal) -> bool:
    """`value > bound`, as PHP compares a JSON value with a number: a text that is no number is compared as text."""
    if isinstance(value, bool):
        return value > bool(bound)
    if isinstance(value, str) and not _NUMERIC.fullmatch(value):
        return value > format(bound, "f")
    return isinstance(value, dict | list) or _plain(value) > bound


def is_below_zero(value: Any) -> bool:
    """`0 > value`, as PHP compares."""
    if isinstance(value, str) and not _NUMERIC.fullmatch(value):
        return value < "0"
    return not isinstance(value, bool | dict | list) and _plain(value) < 0


def product(value: Any) -> Decimal | None:
    """The number that PHP's arithmetic makes of a value: that at the start of a text. None where it dies."""
    if isinstance(value, str):
        leading = _LEADING.match(value)
        return Decimal(leading[1]) if leading else None
    return None if isinstance(value, dict | list) else _plain(value)


def formatted(value: Any) -> Decimal:
    """The number that wc_format_decimal makes of a value: of a text, that of its digits, points and signs."""
    if not isinstance(value, str):
        return _plain(value)
    return product(re.sub(r"[^0-9.\-]", "", value)) or ZERO


def text(value: Any) -> str:
    """A value as PHP writes it into a text, one backslash of each escape lost, as WordPress does it."""
    if value is None or value is False:
        return ""
    return re.sub(r"\\(.?)", r"\1", "1" if value is True else str(value), flags=re.DOTALL)


def _plain(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(value)
