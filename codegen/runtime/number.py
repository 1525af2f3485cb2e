"""Exact numbers: the types of money and quantities, and how msgspec decodes them.

A number of an API is one of three Python values, by its literal: `int` for an integer, `Decimal` for one with a point
or an exponent, `str` for a quoted one if the API accepts that. None of them ever becomes a float.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeAlias

# An integer literal beyond this has over 400 digits: no document of ours holds one (RF001).
_LARGEST = 10**400


class _NumberType(type):
    """Lets msgspec take an int, a Decimal or a str for a number: `isinstance` asks for the value's class alone."""

    kinds: frozenset[type]

    def __instancecheck__(cls, value: object) -> bool:
        return value.__class__ in cls.kinds


class Number(metaclass=_NumberType):
    """A number as one spec component bounds it.

    The class is never instantiated: it names the type for msgspec, and `decode` checks a value.
    """

    kinds: ClassVar[frozenset[type]] = frozenset({int, Decimal})
    decode: ClassVar[Callable[[Any], Any]]
    decode_unbounded: ClassVar[Callable[[Any], Any]]

    def __init_subclass__(  # noqa: PLR0913 - one keyword a JSON Schema keyword
        cls,
        *,
        literal: bool = True,
        text: bool = False,
        null: bool = False,
        whole: bool = False,
        minimum: int | None = None,
        maximum: int | None = None,
        above: int | None = None,
        below: int | None = None,
        pattern: str | None = None,
        unlike: str | None = None,
    ) -> None:
        """`literal`: a JSON number is taken; `text`: a string is, if it has `pattern` and not `unlike`; `whole`: 1.0 is
        1 and 1.5 is refused; `above` and `below` are the exclusive bounds."""
        kinds = ({int, Decimal} if literal else set()) | ({str} if text else set()) | ({type(None)} if null else set())
        cls.kinds = frozenset(kinds)
        is_within_bounds = _make_bounds_test(minimum, maximum, above, below)
        is_allowed_text = _make_text_test(pattern, unlike) if text else None
        cls.decode = staticmethod(_make_decoder(is_within_bounds, is_allowed_text, whole=whole, null=null))
        has_pattern = _make_text_test(pattern, None) if text else None
        cls.decode_unbounded = staticmethod(_make_decoder(None, has_pattern, whole=whole, null=null))


def decode_number(number: type[Number], value: Any) -> Any:
    """Return the value unchanged: msgspec's `dec_hook`. Raises ValueError if the component refuses it."""
    return number.decode(value)


def decode_unbounded(number: type[Number], value: Any) -> Any:
    """Do the same as decode_number, but for the bounds and `unlike`, which rules check."""
    return number.decode_unbounded(value)


def _make_bounds_test(
    minimum: int | None, maximum: int | None, above: int | None, below: int | None
) -> Callable[[Decimal | int], bool] | None:
    limits = (("__le__", minimum), ("__ge__", maximum), ("__lt__", above), ("__gt__", below))
    # Methods of the limit, which compare in one call: `limit.__le__(value)` is limit <= value.
    tests = [getattr(Decimal(limit), compare) for compare, limit in limits if limit is not None]
    if len(tests) < 2:
        return tests[0] if tests else None
    return lambda value: all(is_within(value) for is_within in tests)


def _make_text_test(pattern: str | None, unlike: str | None) -> Callable[[str], bool]:
    has = re.compile(pattern or "").search
    lacks = re.compile(unlike).search if unlike else None
    return lambda text: bool(has(text)) and not (lacks and lacks(text))


def _make_decoder(
    is_within_bounds: Callable[[Decimal | int], bool] | None,
    is_allowed_text: Callable[[str], bool] | None,
    *,
    whole: bool,
    null: bool,
) -> Callable[[Any], Any]:
    def decode(value: Any) -> Any:
        kind = value.__class__
        if kind is Decimal:
            if whole:
                value = _to_integer(value)
        elif kind is int:
            if not -_LARGEST < value < _LARGEST:
                _raise_refusal(value)
        elif (kind is str and is_allowed_text is not None and is_allowed_text(value)) or (value is None and null):
            return value
        else:
            _raise_refusal(value)
        if is_within_bounds is not None and not is_within_bounds(value):
            _raise_refusal(value)
        return value

    return decode


def _to_integer(value: Decimal) -> int:
    if not -_LARGEST < value < _LARGEST or value != value.to_integral_value():
        _raise_refusal(value)
    return int(value)


def _raise_refusal(value: object) -> NoReturn:
    raise ValueError(f"a {value.__class__.__name__} that the schema refuses")


# Integers of an answer that are no component: 1.0 is 1 there too, as in JSON Schema.
if TYPE_CHECKING:
    Whole: TypeAlias = int
    WholeOrNull: TypeAlias = int | None
    WholeOrText: TypeAlias = int | str
    WholeOrTextOrNull: TypeAlias = int | str | None
else:

    class Whole(Number, whole=True):
        """A whole number."""

    class WholeOrNull(Number, whole=True, null=True):
        """A whole number, or null."""

    class WholeOrText(Number, whole=True, text=True):
        """A whole number, or any text."""

    class WholeOrTextOrNull(Number, whole=True, text=True, null=True):
        """A whole number, or any text, or null."""
