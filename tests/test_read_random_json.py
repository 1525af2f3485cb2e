"""On random JSON, both readers and the standard library read the same values in the same places."""

from __future__ import annotations

import json
from decimal import Decimal

import msgspec
from documents import exactly_equal, only_problem
from hypothesis import example, given, settings
from hypothesis import strategies as st
from places import locate
from refundkit.reading.document import Location, SourceText
from refundkit.reading.json import EXACT_DECODER, read_json, read_json_carefully
from refundkit.reading.keys import has_unique_keys
from refundkit.text import pointer_of

texts = st.text(st.characters(codec="utf-8"), max_size=5)
numbers = st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][-+]?[0-9]{1,3})?", fullmatch=True)
spaces = st.text(" \n\r\t", max_size=2)


@st.composite
def strings(draw: st.DrawFn) -> str:
    """Draw a JSON string literal, some of its characters escaped."""
    text = draw(texts)
    escaped = draw(st.booleans())
    literal = json.dumps(text, ensure_ascii=escaped)
    if "\\u" not in literal and draw(st.booleans()):
        literal = literal.replace("a", "\\u0061").replace(":", "\\u003a").replace("/", "\\/")
    return literal


class RandomJson:
    """A random JSON text, with the span of each value and key; a repeated key replaces the first."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.text = ""
        self.places: dict[str, tuple[int, int]] = {}
        self.keys: dict[str, tuple[int, int]] = {}

    def write(self, text: str) -> tuple[int, int]:
        """Append a text, and return its start and end."""
        start = len(self.text)
        self.text += text
        return start, len(self.text)

    def write_space(self) -> None:
        self.write(self.draw(spaces))

    def write_value(self, pointer: str, depth: int) -> None:
        for replaced in [place for place in self.places if place == pointer or place.startswith(pointer + "/")]:
            del self.places[replaced]
            if replaced != pointer:
                self.keys.pop(replaced, None)
        kind = self.draw(st.sampled_from(["string", "number", "word", "array", "object"][: 5 if depth else 2]))
        start = len(self.text)
        if kind == "string":
            self.write(self.draw(strings()))
        elif kind == "number":
            self.write(self.draw(numbers))
        elif kind == "word":
            self.write(self.draw(st.sampled_from(["true", "false", "null"])))
        else:
            self.write_container(pointer, depth - 1, kind == "object")
        self.places[pointer] = (start, len(self.text))

    def write_container(self, pointer: str, depth: int, keyed: bool) -> None:
        self.write("{" if keyed else "[")
        self.write_space()
        for index in range(self.draw(st.integers(0, 4))):
            if index:
                self.write(",")
                self.write_space()
            token = str(index)
            if keyed:
                literal = self.draw(st.one_of(strings(), st.sampled_from(['"a"', '"\\u0061"', '"~/"', '"0"'])))
                token = json.loads(literal)
                self.keys[pointer + pointer_of([token])] = self.write(literal)
                self.write_space()
                self.write(":")
                self.write_space()
            self.write_value(pointer + pointer_of([token]), depth)
            self.write_space()
        self.write("}" if keyed else "]")


@st.composite
def documents(draw: st.DrawFn) -> RandomJson:
    """Draw a random JSON document."""
    written = RandomJson(draw)
    written.write_space()
    written.write_value("", 3)
    written.write_space()
    return written


class Refused(Exception):
    """The reference reader refuses a document."""


def read_by_standard_library(data: bytes) -> tuple[object, int]:
    """Return the value as the standard library reads it, and the number of repeated keys."""
    repeated = 0

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        nonlocal repeated
        require_encodable(pairs)
        repeated += len(pairs) - len(dict(pairs))
        return dict(pairs)

    def literal(text: str) -> object:
        exponent = text.lower().partition("e")[2]
        if len(text) > 400 or abs(int(exponent or 0)) > 308:
            raise Refused
        return Decimal(text) if set(".eE") & set(text) else int(text)

    def constant(text: str) -> object:
        raise Refused

    try:
        value = json.loads(
            data.decode().removeprefix("\ufeff"),
            object_pairs_hook=members,
            parse_float=literal,
            parse_int=literal,
            parse_constant=constant,
        )
        require_encodable(value)
    except (ValueError, RecursionError) as error:
        raise Refused from error
    if depth_of(value) > 64:
        raise Refused
    return value, repeated


def require_encodable(value: object) -> None:
    """Raise UnicodeEncodeError if a text of the value holds a lone surrogate."""
    json.dumps(value, ensure_ascii=False, default=str).encode()


def depth_of(value: object) -> int:
    """Return how many objects and arrays are nested in a value."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if children is None else 1 + max(map(depth_of, children), default=0)


def require_agreement(data: bytes) -> None:
    """Assert that both JSON readers and the standard library accept and read the same."""
    document, careful = read_json(data), read_json_carefully(SourceText(data))
    assert exactly_equal(document.value, careful.value)
    assert document.problems == careful.problems
    assert document.readable == careful.readable
    try:
        value, repeated = read_by_standard_library(data)
    except Refused:
        assert not document.readable
        assert document.problems[-1].code in ("RF001", "RF004")
        assert document.value is None
    else:
        assert exactly_equal(document.value, value)
        assert [problem.code for problem in document.problems] == ["RF002"] * repeated


@given(documents())
@settings(max_examples=100, deadline=None)
def test_valid_documents_agree(written: RandomJson) -> None:
    """Both JSON readers and the standard library read the same values from valid JSON."""
    require_agreement(written.text.encode())


PIECES = [b"", b"\xff", b"\0", *b', } ] " \\ 0 - . e9 : \\ud800'.split(), b"\xed\xa0\x80"]


@given(documents(), st.data())
@settings(max_examples=200, deadline=None)
def test_mutated_documents_agree(written: RandomJson, data: st.DataObject) -> None:
    """Both JSON readers and the standard library accept and refuse the same damaged JSON."""
    text = bytearray(written.text.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        text[at : at + data.draw(st.integers(0, 2))] = data.draw(st.sampled_from(PIECES))
    require_agreement(bytes(text))


@given(st.binary(max_size=12))
@example(b"\xef\xbb\xbf\xef\xbb\xbf1")
@example(b'"\\u003')
@example(b"-")
@settings(max_examples=100, deadline=None)
def test_any_bytes_agree(data: bytes) -> None:
    """Both JSON readers and the standard library accept and refuse the same random bytes."""
    require_agreement(data)


@given(documents())
@settings(max_examples=100, deadline=None)
def test_every_value_is_located(written: RandomJson) -> None:
    """Every value and key is located where it was written."""
    document = read_json(written.text.encode())
    if not document.readable:
        return
    text = written.text

    def location_of(span: tuple[int, int]) -> Location:
        start, end = [(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)) for offset in span]
        return Location(*start, *end)

    pointers = list(written.places)
    assert document.locate_all([(pointer, "value") for pointer in pointers]) == [
        location_of(written.places[pointer]) for pointer in pointers
    ]
    assert [locate(document, pointer) for pointer in pointers] == [
        location_of(written.places[pointer]) for pointer in pointers
    ]
    keyed = [pointer for pointer in pointers if pointer in written.keys]
    assert document.locate_all([(pointer, "key") for pointer in keyed]) == [
        location_of(written.keys[pointer]) for pointer in keyed
    ]


@given(documents())
@settings(max_examples=100, deadline=None)
def test_unique_keys_are_never_claimed_wrongly(written: RandomJson) -> None:
    """`has_unique_keys` is false for every document that repeats a key."""
    data = written.text.encode()
    try:
        _, repeated = read_by_standard_library(data)
    except Refused:
        return
    assert not (repeated and has_unique_keys(data, EXACT_DECODER.decode(data)))


def test_escaped_colon_does_not_hide_a_duplicate() -> None:
    """`has_unique_keys` is false although an escaped colon makes up for the one of the lost key."""
    data = b'{"a": 1, "a": "\\u003a"}'
    assert not has_unique_keys(data, msgspec.json.decode(data))
    assert has_unique_keys(b'{"a": ":"}', {"a": ":"})
    assert only_problem(read_json(data)).code == "RF002"
