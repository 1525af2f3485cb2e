"""Comparisons and conversions of JSON values as PHP 8 and WooCommerce make them, for the recorded servers."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from ...money import ZERO

_NUMERIC = re.compile(r"[ \t\n\r\v\f]*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?[ \t\n\r\v\f]*")
_LEADING = re.compile(r"[ \t\n\r\v\f]*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)")


def is_greater(value: Any, bound: Decimal) -> bool:
    """Return `value > bound` as PHP compares them: a text that is no number is compared as text."""
    if isinstance(value, bool):
        return value > bool(bound)
    if isinstance(value, str) and not _NUMERIC.fullmatch(value):
        return value > format(bound, "f")
    return isinstance(value, dict | list) or _to_decimal(value) > bound


def is_below_zero(value: Any) -> bool:
    """Return `0 > value` as PHP compares them."""
    if isinstance(value, str) and not _NUMERIC.fullmatch(value):
        return value < "0"
    return not isinstance(value, bool | dict | list) and _to_decimal(value) < 0


def to_number(value: Any) -> Decimal | None:
    """Convert a value as PHP's arithmetic does: the number at the start of a text. None if PHP fails."""
    if isinstance(value, str):
        leading = _LEADING.match(value)
        return Decimal(leading[1]) if leading else None
    return None if isinstance(value, dict | list) else _to_decimal(value)


def format_decimal(value: Any) -> Decimal:
    """Convert a value as wc_format_decimal does: a text counts by its digits, points and signs."""
    if not isinstance(value, str):
        return _to_decimal(value)
    return to_number(re.sub(r"[^0-9.\-]", "", value)) or ZERO


def to_text(value: Any) -> str:
    """Convert a value to text as PHP does, without one backslash of each escape, as WordPress does."""
    if value is None or value is False:
        return ""
    return re.sub(r"\\(.?)", r"\1", "1" if value is True else str(value), flags=re.DOTALL)


def _to_decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(value)
