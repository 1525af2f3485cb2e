"""Numbers from the text to the model and back: exact, distinct, and bounded as a spec says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refundkit_apis._runtime.codec import decode, encode
from refundkit_apis._runtime.number import Number

DECIMAL = r"^-?[0-9]+(\.[0-9]+)?$(?!\n)"


class Plain(Number):
    """Any number, and nothing else."""


class Text(Number, text=True):
    """Any number, or any text."""


class Money(Number, minimum=0, text=True, pattern=DECIMAL, unlike="^-[0-9.]*[1-9]"):
    """Zero or above, as a number or as a plain decimal in quotes."""


class Whole(Number, whole=True):
    """A number without a fraction."""


class Nullable(Number, null=True):
    """Any number, or null."""


class Refund(msgspec.Struct):
    amount: Plain


KINDS: list[type[Number]] = [Plain, Text, Money, Whole, Nullable]


def read(literal: str, number: type[Number] = Plain) -> Any:
    """The value that the literal becomes."""
    return decode(literal.encode(), number)


def takes(literal: str, number: type[Number]) -> bool:
    """Whether the number takes the literal; any error but a refusal is an error of the test."""
    try:
        read(literal, number)
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("literal", "kind"),
    [
        ("0", int),
        ("-19", int),
        ("9007199254740993", int),  # 2**53 + 1: no binary double
        ("18446744073709551616", int),  # 2**64
        ("-9223372036854775809", int),
        ("1234567890123456789012345", int),
        ("9" * 400, int),
        ("0.0", Decimal),
        ("-0.0", Decimal),
        ("-19.990", Decimal),
        ("0.1", Decimal),
        ("1.0", Decimal),
        ("9007199254740993.12345678901", Decimal),
        ("-1234567890123456789012345.6789012345678901234567890", Decimal),
        ('"-19.990"', str),
        ('""', str),
        ('"1e1"', str),
        ('"NaN"', str),
        ('" 5 "', str),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_literal_keeps_its_kind_and_every_digit(literal: str, kind: type) -> None:
    """An integer becomes an int, a fraction a Decimal, quoted text a str, and each goes out as it came in."""
    value = read(literal, Text)
    assert type(value) is kind
    assert str(value) == literal.strip('"')
    assert encode(value) == literal.encode()


@pytest.mark.parametrize(
    ("literal", "value"),
    [("1e2", "100"), ("1E+2", "100"), ("-1.5e-3", "-0.0015"), ("1e400", f"1{'0' * 400}"), ("-1e-400", "-1e-400")],
)
def test_an_exponent_is_exact(literal: str, value: str) -> None:
    """A literal with an exponent is a Decimal of that very value, beyond what a double can hold."""
    number = read(literal)
    assert type(number) is Decimal
    assert number == Decimal(value)
    assert read(encode(number).decode()) == number


def test_zero_keeps_its_sign_behind_a_point_only() -> None:
    """`-0.0` keeps its sign, `-0` is the integer zero, and neither is below zero."""

    class Below(Number, below=0):
        """Below zero."""

    class Least(Number, minimum=0):
        """Zero or above."""

    assert encode(read("-0.0")) == b"-0.0"
    assert encode(read("-0")) == b"0"
    for literal in ("-0.0", "-0", "0", "0.0", "0e5"):
        assert not takes(literal, Below)
        assert takes(literal, Least)


DIGITS = st.text("0123456789", min_size=1, max_size=40)
WHOLE_DIGITS = DIGITS.map(lambda digits: digits.lstrip("0") or "0")


@settings(deadline=None)
@given(sign=st.sampled_from(["", "-"]), whole=WHOLE_DIGITS, fraction=st.one_of(st.none(), DIGITS))
def test_plain_decimals_round_trip_as_text(sign: str, whole: str, fraction: str | None) -> None:
    """Every plain decimal of up to 80 digits goes out with the text that it came in with."""
    literal = sign + whole + ("" if fraction is None else f".{fraction}")
    if literal == "-0":
        literal = "0"
    assert encode(read(literal)) == literal.encode()


@settings(deadline=None)
@given(st.one_of(st.integers(-(10**60), 10**60), st.decimals(allow_nan=False, allow_infinity=False)))
def test_values_round_trip(value: int | Decimal) -> None:
    """Whatever int or finite Decimal a caller puts in comes back equal."""
    assert read(encode(value).decode()) == value


@settings(deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False).map(str))
def test_text_round_trips_as_text(text: str) -> None:
    """A decimal in quotes stays in quotes, character by character."""
    quoted = encode(text)
    assert quoted == f'"{text}"'.encode()
    assert encode(read(quoted.decode(), Text)) == quoted


@pytest.mark.parametrize(
    ("bounds", "inside", "outside"),
    [
        (
            {"below": 0},
            ["-1", "-0.01", "-1e-400", f"-0.{'0' * 60}1", f"-{'9' * 400}"],
            ["0", "0.0", "-0.0", "0.01", f"0.{'0' * 60}1", "1"],
        ),
        ({"above": 0}, ["1", "0.01", f"0.{'0' * 60}1", "1e400"], ["0", "0.0", "-0.0", "-1e-400", "-1"]),
        ({"maximum": 0}, ["0", "0.0", "-0.0", "-1", "-0.01"], [f"0.{'0' * 60}1", "1", "1e-400"]),
        ({"minimum": 0}, ["0", "0.0", "-0.0", "1", "0.01"], [f"-0.{'0' * 60}1", "-1", "-1e-400"]),
        (
            {"minimum": 0, "maximum": 500},
            ["0", "500", "500.0", "5e2", "499.99999999999999999999999999999"],
            ["-1", "501", "500.00000000000000000000000000001", "5.01e2"],
        ),
        ({"above": 0, "below": 1}, ["0.5", f"0.{'9' * 60}", f"0.{'0' * 60}1"], ["0", "1", "1.0", "-0.5", "1.5"]),
        ({"above": 0, "maximum": 1}, ["1", "1.0", "0.1"], ["0", "0.0", "1.0000000000000000000000000001"]),
        ({"minimum": 0, "below": 1}, ["0", "-0.0", "0.9"], ["1", "1.0", "-0.1"]),
        ({"below": 9007199254740993}, ["9007199254740992", "9007199254740992.9"], ["9007199254740993"]),
        ({}, ["0", "-1", "1e9999", f"-{'9' * 400}"], []),
    ],
    ids=str,
)
def test_bounds_hold_to_the_last_digit(bounds: dict[str, int], inside: list[str], outside: list[str]) -> None:
    """A bound takes what is inside and refuses what is outside, be it by the sixtieth decimal place."""
    number = type("Bounded", (Number,), {}, **bounds)
    assert [literal for literal in inside if not takes(literal, number)] == []
    assert [literal for literal in outside if takes(literal, number)] == []


@pytest.mark.parametrize(
    ("bounds", "outside"), [({"minimum": 3, "above": 0}, "1"), ({"maximum": -3, "below": 0}, "-1")], ids=str
)
def test_both_bounds_of_one_side_hold(bounds: dict[str, int], outside: str) -> None:
    """Where a spec gives an inclusive and an exclusive bound for one side, the stricter counts."""
    assert not takes(outside, type("Bounded", (Number,), {}, **bounds))


@pytest.mark.parametrize(
    ("literal", "value"),
    [("7", 7), ("1.0", 1), ("-1.00", -1), ("1e2", 100), ("-0.0", 0), ("1234567890123456789012345.0", None)],
)
def test_a_whole_number_may_be_written_with_zeros(literal: str, value: int | None) -> None:
    """`1.0` and `1e2` are whole numbers and become ints, however many digits they have."""
    number = read(literal, Whole)
    assert type(number) is int
    assert number == (1234567890123456789012345 if value is None else value)


@pytest.mark.parametrize("literal", ["1.5", "-0.1", "1e-1", f"1.{'0' * 60}1", "123456789012345678901234567890.5"])
def test_a_fraction_is_no_whole_number(literal: str) -> None:
    """A whole number refuses any fraction, beyond the precision of Python's decimal context too."""
    assert not takes(literal, Whole)


def test_a_whole_number_is_bounded_after_its_zeros() -> None:
    """The bounds of a whole number judge 500.0 as 500."""

    class Index(Number, whole=True, minimum=0, maximum=500):
        """0 to 500."""

    assert [takes(literal, Index) for literal in ("0", "500.0", "5e2", "501.0", "-1.0", "0.5")] == [True] * 3 + [
        False
    ] * 3


@pytest.mark.parametrize("number", [Plain, Whole, Text])
@pytest.mark.parametrize("digits", [401, 4301, 100_000])
def test_an_integer_of_more_than_400_digits_is_refused(number: type[Number], digits: int) -> None:
    """A huge integer literal is refused as a value, never an error of Python's limit on digits."""
    assert not takes("9" * digits, number)
    assert not takes("-" + "9" * digits, number)


@pytest.mark.parametrize("literal", ["1e401", "-1e401", "1e999999999", "1.5e999999999"])
def test_a_whole_number_of_more_than_400_digits_is_refused(literal: str) -> None:
    """An exponent cannot make a whole number that fills the memory."""
    assert not takes(literal, Whole)


@pytest.mark.parametrize("literal", ["1e99999999999999999999", "-1e-99999999999999999999"])
def test_an_exponent_beyond_reason_is_an_error_that_decode_documents(literal: str) -> None:
    """An exponent that no Decimal can hold is one of the errors that decode announces."""
    with pytest.raises((msgspec.MsgspecError, ArithmeticError)):
        read(literal)


@pytest.mark.parametrize(
    "literal", ["NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "0x1", "1_000", "-", "\u0661"]
)
def test_what_is_no_json_number_is_no_json(literal: str) -> None:
    """A spelling that JSON does not know is refused as text, before any number sees it."""
    with pytest.raises(msgspec.DecodeError):
        read(literal, Text)


@pytest.mark.parametrize(
    ("literal", "takers"),
    [
        ("1", {Plain, Text, Money, Whole, Nullable}),
        ("1.5", {Plain, Text, Money, Nullable}),
        ("-1", {Plain, Text, Whole, Nullable}),
        ('"1"', {Text, Money}),
        ('"one"', {Text}),
        ("null", {Nullable}),
        ("true", set()),
        ("false", set()),
        ("[]", set()),
        ("[1]", set()),
        ("{}", set()),
        ('{"amount": 1}', set()),
    ],
)
def test_a_number_takes_its_own_types_only(literal: str, takers: set[type[Number]]) -> None:
    """Text and null are taken where the spec names them; true, false, lists and objects are never numbers."""
    assert {number for number in KINDS if takes(literal, number)} == takers


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("0", True),
        ("19.99", True),
        ("-0.00", True),
        ("-0", True),
        ("1234567890123456789012345.67", True),
        ("-0.01", False),
        ("-1", False),
        ("-10.00", False),
        ("", False),
        (" 5", False),
        ("5 ", False),
        ("5\n", False),
        ("1e1", False),
        ("1.", False),
        (".5", False),
        ("+5", False),
        ("1,50", False),
        ("1_000", False),
        ("\u0663", False),
        ("NaN", False),
        ("--1", False),
    ],
)
def test_quoted_numbers_have_the_pattern_and_not_the_other(text: str, taken: bool) -> None:
    """Text is a number only in the form that the pattern says, and not in the one that `not` refuses."""
    assert takes(encode(text).decode(), Money) is taken


def test_bounds_are_for_numbers_and_patterns_for_text() -> None:
    """A bound does not judge text, and a pattern does not judge numbers, as in JSON Schema."""

    class Loose(Number, minimum=5, text=True, pattern="^-"):
        """5 or above, or text with a dash in front."""

    assert [takes(literal, Loose) for literal in ("5", "4", '"-1"', '"5"')] == [True, False, True, False]


def test_a_pattern_without_an_anchor_is_found_anywhere() -> None:
    """A pattern without `^` or `$` asks for a part of the text, as in JSON Schema."""

    class Coded(Number, text=True, pattern="[0-9]", unlike="--"):
        """A number, or text with a digit and without two dashes."""

    assert [takes(f'"{text}"', Coded) for text in ("a1b", "5", "ab", "1--", "--1")] == [True, True, False, False, False]


def test_null_passes_every_bound() -> None:
    """Where null is taken, no bound judges it."""

    class Maybe(Number, null=True, minimum=1, whole=True):
        """1 or above, or null."""

    assert read("null", Maybe) is None
    assert [takes(literal, Maybe) for literal in ("1", "0", "1.5")] == [True, False, False]


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        (1, {Plain, Text, Money, Whole, Nullable}),
        (Decimal("1.5"), {Plain, Text, Money, Whole, Nullable}),
        ("1", {Text, Money}),
        (None, {Nullable}),
        (True, set()),
        (1.5, set()),
        ([], set()),
    ],
    ids=lambda value: ",".join(sorted(kind.__name__ for kind in value)) if isinstance(value, set) else repr(value),
)
def test_isinstance_asks_for_the_python_type(value: object, kinds: set[type[Number]]) -> None:
    """`isinstance` says whether a value has a type that the number has; a bool and a float never have."""
    assert {number for number in KINDS if isinstance(value, number)} == kinds


def test_a_refusal_tells_the_place_and_not_the_value() -> None:
    """A refused number in a model is reported with its path, and its value is not repeated."""
    with pytest.raises(msgspec.ValidationError) as caught:
        decode(b'{"amount": "4111111111111111"}', Refund)
    assert str(caught.value) == "a str that the schema refuses - at `$.amount`"


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity")], ids=str)
def test_what_is_no_number_is_never_sent(value: Decimal) -> None:
    """A Decimal that is no number raises an error instead of becoming text that is no JSON."""
    with pytest.raises(ValueError, match="no number"):
        encode(value)
    with pytest.raises(ValueError, match="no number"):
        encode({"NaN": ["Infinity", value]})


def test_a_word_that_looks_like_no_number_is_sent() -> None:
    """NaN and Infinity inside text are text, behind an escaped quote too."""
    assert encode({"NaN": 'say "NaN", Infinity'}) == b'{"NaN":"say \\"NaN\\", Infinity"}'
