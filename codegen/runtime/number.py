"""Exact numbers: money and quantities as the text wrote them.

A number of an API is one of three Python values, as the text wrote it: `int` for an integer literal, `Decimal` for one
with a point or an exponent, `str` for a quoted one where the API takes that. None of them ever becomes a float.
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

    The class is never instantiated: it names the type for msgspec, and `decode` judges a value.
    """

    kinds: ClassVar[frozenset[type]] = frozenset({int, Decimal})
    decode: ClassVar[Callable[[Any], Any]]
    decode_unbounded: ClassVar[Callable[[Any], Any]]

    def __init_subclass__(  # noqa: PLR0913 - one keyword a JSON Schema keyword
        cls,
        *,
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
        """`text`: a string is taken too, if it has `pattern` and not `unlike`; `whole`: 1.0 is 1 and 1.5 is refused;
        `above` and `below` are the exclusive bounds."""
        kinds = {int, Decimal} | ({str} if text else set()) | ({type(None)} if null else set())
        cls.kinds = frozenset(kinds)
        within = _bounds(minimum, maximum, above, below)
        spelled = _spelling(pattern, unlike) if text else None
        cls.decode = staticmethod(_decoder(within, spelled, whole=whole, null=null))
        free = _spelling(pattern, None) if text else None
        cls.decode_unbounded = staticmethod(_decoder(None, free, whole=whole, null=null))


def decode_number(number: type[Number], value: Any) -> Any:
    """msgspec's `dec_hook`: the value as it stands, or ValueError where the component refuses it."""
    return number.decode(value)


def decode_unbounded(number: type[Number], value: Any) -> Any:
    """As decode_number, for a value whose bounds have been judged: of a text those are `unlike`."""
    return number.decode_unbounded(value)


def _bounds(
    minimum: int | None, maximum: int | None, above: int | None, below: int | None
) -> Callable[[Decimal | int], bool] | None:
    limits = (("__le__", minimum), ("__ge__", maximum), ("__lt__", above), ("__gt__", below))
    # Methods of the limit, which compare in one call: `limit.__le__(value)` is limit <= value.
    tests = [getattr(Decimal(limit), compare) for compare, limit in limits if limit is not None]
    if len(tests) < 2:
        return tests[0] if tests else None
    return lambda value: all(holds(value) for holds in tests)


def _spelling(pattern: str | None, unlike: str | None) -> Callable[[str], bool]:
    has = re.compile(pattern or "").search
    lacks = re.compile(unlike).search if unlike else None
    return lambda text: bool(has(text)) and not (lacks and lacks(text))


def _decoder(
    within: Callable[[Decimal | int], bool] | None, spelled: Callable[[str], bool] | None, *, whole: bool, null: bool
) -> Callable[[Any], Any]:
    def decode(value: Any) -> Any:
        kind = value.__class__
        if kind is Decimal:
            if whole:
                value = _whole(value)
        elif kind is int:
            if not -_LARGEST < value < _LARGEST:
                _refuse(value)
        elif (kind is str and spelled is not None and spelled(value)) or (value is None and null):
            return value
        else:
            _refuse(value)
        if within is not None and not within(value):
            _refuse(value)
        return value

    return decode


def _whole(value: Decimal) -> int:
    if not -_LARGEST < value < _LARGEST or value != value.to_integral_value():
        _refuse(value)
    return int(value)


def _refuse(value: object) -> NoReturn:
    raise ValueError(f"a {value.__class__.__name__} that the schema refuses")


# The integers that an answer holds where no component names them: 1.0 is 1 there too, as in JSON Schema.
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
