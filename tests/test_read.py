"""Reading JSON and YAML: the exact value, what is wrong, and where everything stands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from places import locate
from refundkit.reading.document import Document, Location, Problem, SourceText
from refundkit.reading.json import EXACT_DECODER, read_json, read_json_carefully
from refundkit.reading.keys import has_unique_keys
from refundkit.reading.places import Part
from refundkit.reading.yaml import read_yaml
from refundkit.text import pointer_of
from work import lines_run

BOM = b"\xef\xbb\xbf"


def only(document: Document) -> Problem:
    """The one problem of a document."""
    (problem,) = document.problems
    return problem


def place(document: Document, pointer: str, part: Part = "value") -> tuple[int, int, int, int] | None:
    found = locate(document, pointer, part)
    return (found.line, found.column, found.end_line, found.end_column) if found else None


def same(one: Any, other: Any) -> bool:
    """Equal in type and to the last digit, and in the order of keys."""
    return repr(one) == repr(other)


# Values.


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-0", 0),
        ("1.10", Decimal("1.10")),
        ("-0.0", Decimal("-0.0")),
        ("1e2", Decimal("1e2")),
        ("1E-308", Decimal("1E-308")),
        ("9007199254740993.12345678901", Decimal("9007199254740993.12345678901")),
        ("9" * 400, int("9" * 400)),
        ("0." + "1" * 398, Decimal("0." + "1" * 398)),
        ("true", True),
        ("null", None),
        (' "a" ', "a"),
        (r'"\ud83d\ude00 \u0000\/\n\u003a"', "\U0001f600 \0/\n:"),
        ('"\x7f\u2028"', "\x7f\u2028"),
        ('{"b": [], "a": {}}', {"b": [], "a": {}}),
        ("[[1], {}]", [[1], {}]),
        ('{"": {"\\u0061": 1}}', {"": {"a": 1}}),
    ],
)
def test_value_is_exact(text: str, value: object) -> None:
    """A value keeps the type and every digit of what was written, by either lane, with or without a BOM."""
    for data in (text.encode(), BOM + text.encode()):
        for document in (read_json(data), read_json_carefully(SourceText(data))):
            assert document.readable
            assert document.problems == ()
            assert same(document.value, value)


def test_shallow_caller_is_enough() -> None:
    """A document is read by a caller who has hardly any Python stack left."""

    def deep(left: int) -> Document:
        return deep(left - 1) if left else read_json(b'{"a": [1.5, {"b": "\\u003a"}]}')

    limit = sys.getrecursionlimit()
    depth = len(list(_frames()))
    assert same(deep(limit - depth - 60).value, {"a": [Decimal("1.5"), {"b": ":"}]})


def _frames() -> Any:
    frame: Any = sys._getframe()
    while frame:
        yield frame
        frame = frame.f_back


# What is wrong.


@pytest.mark.parametrize(
    ("text", "words", "column", "end"),
    [
        ('{"a":1,}', "trailing comma", 7, 8),
        ("[1, ]", "trailing comma", 3, 4),
        ("{'a':1}", "single quotes", 2, 3),
        ("['a']", "single quotes", 2, 3),
        ("[1 // one\n]", "comment", 4, 5),
        ("[1 /* one */]", "comment", 4, 5),
        ("# one\n1", "comment", 1, 2),
        ("{a:1}", "not in double quotes", 2, 3),
        ('{1:"a"}', "not in double quotes", 2, 3),
        ('{"a" 1}', 'expected ":" after the key "a"', 6, 7),
        ('{"a":1 "b":2}', 'expected "," or "}", found "b"', 8, 11),
        ("[1 2]", 'expected "," or "]", found "2"', 4, 5),
        ("[1}", 'expected "," or "]", found "}"', 3, 4),
        ('{"a":1]', 'expected "," or "}", found "]"', 7, 8),
        ("[,1]", "expected a value", 2, 3),
        ("{,}", "expected a key", 2, 3),
        ('{"a":}', "expected a value", 6, 7),
        ("/", "expected a value", 1, 2),
        ('{"a":[1,2', "the document ends", 10, 11),
        ('{"a":  ', "the document ends", 6, 7),
        ('{"a"', "the document ends", 5, 6),
        ("NaN", "NaN is no JSON number", 1, 4),
        ("[-Infinity]", "-Infinity is no JSON number", 2, 11),
        ("[01]", "no JSON number", 2, 4),
        ("[1.]", "no JSON number", 2, 4),
        ("[.5]", "no JSON number", 2, 4),
        ("[+1]", "no JSON number", 2, 4),
        ("[-]", "no JSON number", 2, 3),
        ("[1e]", "no JSON number", 2, 4),
        ("[1_000]", "no JSON number", 2, 7),
        ("[0x10]", "no JSON number", 2, 6),
        ("[True]", "no JSON value", 2, 6),
        ("[foo]", "no JSON value", 2, 5),
        ("\u201ca\u201d", "no JSON value", 1, 4),
        ('["abc', "not closed", 2, 3),
        ('["a\nb"]', "line break in a string", 4, 5),
        ('["a\tb"]', "control character \\u0009", 4, 5),
        ('["\\x"]', "no escape", 3, 5),
        ('["\\u12"]', "no escape", 3, 9),
        ('["\\ud800"]', "half of a character", 3, 9),
        ('["\\ude00\\ud83d"]', "half of a character", 3, 9),
        ("1 2", "more follows", 3, 4),
        ("{} {}", "more follows", 4, 5),
        ("{}}", "more follows", 3, 4),
        ("1e309", "exponent 309 is out of range", 1, 6),
        ("[1.5E-0000309]", "exponent -0000309 is out of range", 2, 14),
        ("1" * 401, "a number of 401 characters", 1, 402),
        ("-1." + "1" * 398, "a number of 401 characters", 1, 402),
    ],
)
def test_invalid_json_is_named(text: str, words: str, column: int, end: int) -> None:
    """What is no JSON is RF001, in words that name the mistake, at the characters that make it."""
    document = read_json(text.encode())
    problem = only(document)
    assert not document.readable
    assert document.value is None
    assert problem.code == "RF001"
    assert words in problem.message
    assert (problem.line, problem.column, problem.end_column) == (text[: column - 1].count("\n") + 1, column, end)
    assert locate(document, "") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a":1,}', "remove it"),
        ("{'a':1}", "double quotes"),
        ("[None]", "write null"),
        ("[1 2]", "a comma is missing"),
        ("[NaN]", "null"),
        ("{}\n{}", ".jsonl"),
        ("[01]", "no + or 0"),
        ('["\\x"]', "\\\\"),
    ],
)
def test_help_says_what_to_write(text: str, words: str) -> None:
    """The help of a mistake that people make says what to write instead."""
    assert words in only(read_json(text.encode())).help


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (BOM, "empty"),
        ('{"a": 1}'.encode("utf-16"), "UTF-16"),
        ('{"a": 1}'.encode("utf-16-be"), "UTF-16"),
        ("1".encode("utf-16-le"), "UTF-16"),
        ('{"a": 1}'.encode("utf-32"), "UTF-32"),
        ('{"a": 1}'.encode("utf-32-le"), "UTF-32"),
    ],
)
def test_no_text_has_no_place(data: bytes, words: str) -> None:
    """A document that is empty or in another encoding is RF001, says so, and has no place."""
    problem = only(read_json(data))
    assert (problem.code, problem.line, problem.column, problem.end_column) == ("RF001", None, None, None)
    assert words in problem.message


def test_bad_utf8_gives_the_byte() -> None:
    """Bytes that are no UTF-8 are RF001 with the offset of the byte and the place of the character."""
    problem = only(read_json(BOM + '{"a": "é",\n "b": "'.encode() + b"\xe9" + b'"}'))
    assert "byte 0xe9 at offset 22" in problem.message
    assert (problem.line, problem.column) == (2, 8)


def test_unfinished_names_where_it_began() -> None:
    """A document that ends too early says where the object began that it ends in."""
    assert only(read_json(b'[\n1,\n{"a":\n[]')).message.endswith("in the object that begins at line 3")


def test_problem_has_a_pointer() -> None:
    """A problem's pointer leads to the value that is wrong, or to what is around it."""
    pointers = [
        only(read_json(text)).pointer
        for text in (b'{"a":[0,{"b":NaN}]}', b'{"a":[0 1]}', b'{"a":{"b":1,}}', b'{"x/y":{"~":01}}', b"NaN")
    ]
    assert pointers == ["/a/1/b", "/a", "/a", "/x~1y/~0", ""]


def test_every_duplicate_is_told() -> None:
    """Each further occurrence of a key is RF002 at that key, names the first one's line, and the last value counts."""
    document = read_json(b'{"a": {"b": 1,\n "b": 2},\n "\\u0061": {"c~/": 1, "c~/": 2,\n "c~/": 3}, "d": 1}')
    assert document.readable
    assert document.value == {"a": {"c~/": 3}, "d": 1}
    told = [(one.code, one.pointer, one.line, one.column, one.end_column) for one in document.problems]
    assert told == [
        ("RF002", "/a/b", 2, 2, 5),
        ("RF002", "/a", 3, 2, 10),
        ("RF002", "/a/c~0~1", 3, 23, 28),
        ("RF002", "/a/c~0~1", 4, 2, 7),
    ]
    assert [one.message[-6:] for one in document.problems] == ["line 1", "line 1", "line 3", "line 3"]


def test_duplicates_come_before_the_syntax_error() -> None:
    """A document that cannot be read to its end still tells the duplicates before that."""
    document = read_json(b'{"a": 1, "a": 2, b}')
    assert [one.code for one in document.problems] == ["RF002", "RF001"]
    assert not document.readable


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_depth(opening: str, closing: str) -> None:
    """64 levels are read; the bracket of the 65th is RF004, and a million more levels are no more work."""
    levels = 2 if opening.startswith("[{") else 1
    fine = opening * (64 // levels) + "1" + closing * (64 // levels)
    assert read_json(fine.encode()).problems == ()
    deep, deeper = ((opening * count).encode() for count in (65, 10**6))
    for data in (deep, deeper):
        problem = only(read_json(data))
        assert problem.code == "RF004"
        assert problem.column == (64 // levels) * len(opening) + 1
        assert problem.pointer.count("/") == 64
    assert lines_run(lambda: read_json(deeper)) == lines_run(lambda: read_json(deep))


def test_wide_is_not_deep() -> None:
    """Many brackets beside each other are no depth, and a deep document is found among them."""
    assert read_json(b"[" + b"[[]]," * 1000 + b"1]").problems == ()
    assert only(read_json(b"[" + b"[[]]," * 1000 + b"[" * 64 + b"]" * 64 + b"]")).code == "RF004"


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "digits": lambda size: b"1" * 40 * size,
    "open string": lambda size: b'"' + b"\\n" * 20 * size,
    "pairs": lambda size: b'"' + b"\\ud83d\\ude00" * size + b'"',
    "spaces": lambda size: b" " * 40 * size + b"x",
    "word": lambda size: b"x" * 40 * size,
    "long string": lambda size: b'["' + b"a" * 20 * size + b'","\\u003a"]',
    "key": lambda size: b'{"' + b"k" * 10 * size + b'":{' + b'"a":1,' * size + b'"a":1}}',
    "duplicates": lambda size: b"{" + b'"a":1,' * size + b'"a":1}',
    "lines": lambda size: b"[" + b"\n" * 20 * size + b"1,]",
    "comment": lambda size: b"[" + b"/*" * 20 * size,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_sizes_take_linear_time(kind: str) -> None:
    """Twice the document is at most twice the work, however it is made; a pattern that went back would not end here."""

    def read(data: bytes) -> Document:
        document = read_json(data)
        document.locate_all([("/0", "value"), ("/a", "key")])
        return document

    once, twice = HOSTILE[kind](10_000), HOSTILE[kind](20_000)
    assert sum(len(problem.pointer) + len(problem.message) for problem in read(twice).problems) < 5_000_000
    assert lines_run(lambda: read(twice)) <= 2 * lines_run(lambda: read(once))


def test_too_many_duplicates_are_cut_short() -> None:
    """After some thousand duplicates a last problem says that there are more."""
    problems = read_json(b"{" + b'"a":1,' * 50_000 + b'"a":1}').problems
    assert {one.code for one in problems} == {"RF002"}
    assert len(problems) < 20_000
    assert "not listed" in problems[-1].message


def test_first_line_moves_every_line() -> None:
    """A record of a JSON Lines file counts its lines from the one it stands in."""
    document = read_json(b'{"a": 1, "a": 2}', first_line=7)
    assert only(document).line == 7
    assert only(document).message.endswith("line 7")
    assert place(document, "/a") == (7, 15, 7, 16)
    assert document.line(7) == '{"a": 1, "a": 2}'
    assert (document.line(6), document.line(8)) == ("", "")


# Where things stand.

PRETTY = """{
  "é": {"b/c": [1, "two", {"x": null}], "~": -1.50},
  "\\u0061": "\\"}{[:",\r
  "empty": {}, "none": [ ]
}
"""


@pytest.mark.parametrize(
    ("pointer", "part", "expected"),
    [
        ("", "value", (1, 1, 5, 2)),
        ("", "key", (1, 1, 5, 2)),
        ("/é", "value", (2, 8, 2, 52)),
        ("/é", "key", (2, 3, 2, 6)),
        ("/é/b~1c", "value", (2, 16, 2, 39)),
        ("/é/b~1c", "key", (2, 9, 2, 14)),
        ("/é/b~1c/0", "value", (2, 17, 2, 18)),
        ("/é/b~1c/1", "value", (2, 20, 2, 25)),
        ("/é/b~1c/1", "key", (2, 20, 2, 25)),
        ("/é/b~1c/2", "value", (2, 27, 2, 38)),
        ("/é/b~1c/2/x", "value", (2, 33, 2, 37)),
        ("/é/~0", "value", (2, 46, 2, 51)),
        ("/a", "value", (3, 13, 3, 21)),
        ("/a", "key", (3, 3, 3, 11)),
        ("/empty", "value", (4, 12, 4, 14)),
        ("/none", "value", (4, 24, 4, 27)),
        ("/é/b~1c/3", "value", None),
        ("/é/b~1c/01", "value", None),
        ("/é/b~1c/-", "value", None),
        ("/é/b~1c/1/0", "value", None),
        ("/none/0", "value", None),
        ("/empty/", "value", None),
        ("/nowhere", "key", None),
        ("no pointer", "value", None),
    ],
)
def test_locate(pointer: str, part: Part, expected: tuple[int, int, int, int] | None) -> None:
    """A pointer's value or key is found in the text, in characters; what is not there has no place."""
    for data in (PRETTY.encode(), BOM + PRETTY.encode()):
        assert place(read_json(data), pointer, part) == expected


def test_locate_all_answers_in_order() -> None:
    """Many places come from one pass, in the order of the questions, repeated and unknown ones among them."""
    document = read_json(b'{"a": 1, "b": {"c": 2}}')
    found = document.locate_all([("/b/c", "value"), ("/x", "value"), ("/a", "key"), ("/b/c", "value"), ("", "key")])
    assert [one and one.column for one in found] == [21, None, 2, 21, 1]
    assert document.locate_all([]) == []


def test_locate_takes_the_last_occurrence() -> None:
    """Of a key that stands twice the value that counts is found, and nothing within the other one."""
    document = read_json(b'{"a": {"b": 1, "x": {"y": 1}}, "a": {"b": 2, "b": 3}, "c": 1, "c": {"d": 1}, "c": 2}')
    assert place(document, "/a") == (1, 37, 1, 53)
    assert place(document, "/a/b") == (1, 51, 1, 52)
    assert place(document, "/a/b", "key") == (1, 46, 1, 49)
    assert place(document, "/a/x/y") is None
    assert place(document, "/c") == (1, 83, 1, 84)
    assert place(document, "/c/d") is None


def test_batch_is_located_record_by_record() -> None:
    """In a long array each element is found as in a short one, without going over those before it every time."""

    def located(records: int) -> Document:
        data = b"[ " + b",\n ".join(b'{"a": [%d, {"b": "]"}]}' % number for number in range(records)) + b"]"
        document = read_json(data)
        for index in range(records):
            column = 16 + len(str(index)) + (1 if index else 2)
            assert place(document, f"/{index}/a/1/b") == (index + 1, column, index + 1, column + 3)
        return document

    assert lines_run(lambda: located(2_000)) <= 10 * lines_run(lambda: located(200))
    document = located(5_000)
    assert place(document, "/5000") is None
    assert place(document, "/-1") is None
    assert place(document, "") == (1, 1, 5000, len(document.line(5000)) + 1)
    assert document.locate_all([("/3", "value"), ("", "value")])[0] == locate(document, "/3")


def test_line_is_shown_without_its_end() -> None:
    """A line comes without its line break, a byte order mark is no part of the first one."""
    document = read_json(BOM + b'{\r\n "a": 1\n}')
    assert [document.line(number) for number in range(5)] == ["", "{", ' "a": 1', "}", ""]
    assert read_json(b"\xff").line(1) == "\ufffd"


# The lanes agree with each other and with the standard library.

texts = st.text(st.characters(codec="utf-8"), max_size=5)
numbers = st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][-+]?[0-9]{1,3})?", fullmatch=True)
spaces = st.text(" \n\r\t", max_size=2)


@st.composite
def strings(draw: st.DrawFn) -> str:
    """A JSON string literal, some of its characters escaped."""
    text = draw(texts)
    escaped = draw(st.booleans())
    literal = json.dumps(text, ensure_ascii=escaped)
    if "\\u" not in literal and draw(st.booleans()):
        literal = literal.replace("a", "\\u0061").replace(":", "\\u003a").replace("/", "\\/")
    return literal


class Writer:
    """Writes random JSON and notes where each value and key is; a key that comes again replaces the first."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.text = ""
        self.places: dict[str, tuple[int, int]] = {}
        self.keys: dict[str, tuple[int, int]] = {}

    def put(self, text: str) -> tuple[int, int]:
        start = len(self.text)
        self.text += text
        return start, len(self.text)

    def space(self) -> None:
        self.put(self.draw(spaces))

    def value(self, pointer: str, depth: int) -> None:
        for known in [one for one in self.places if one == pointer or one.startswith(pointer + "/")]:
            del self.places[known]
            if known != pointer:
                self.keys.pop(known, None)
        kind = self.draw(st.sampled_from(["string", "number", "word", "array", "object"][: 5 if depth else 2]))
        start = len(self.text)
        if kind == "string":
            self.put(self.draw(strings()))
        elif kind == "number":
            self.put(self.draw(numbers))
        elif kind == "word":
            self.put(self.draw(st.sampled_from(["true", "false", "null"])))
        else:
            self.container(pointer, depth - 1, kind == "object")
        self.places[pointer] = (start, len(self.text))

    def container(self, pointer: str, depth: int, keyed: bool) -> None:
        self.put("{" if keyed else "[")
        self.space()
        for index in range(self.draw(st.integers(0, 4))):
            if index:
                self.put(",")
                self.space()
            token = str(index)
            if keyed:
                literal = self.draw(st.one_of(strings(), st.sampled_from(['"a"', '"\\u0061"', '"~/"', '"0"'])))
                token = json.loads(literal)
                inner = pointer_of([token])
                self.keys[pointer + inner] = self.put(literal)
                self.space()
                self.put(":")
                self.space()
            self.value(pointer + pointer_of([token]), depth)
            self.space()
        self.put("}" if keyed else "]")


@st.composite
def documents(draw: st.DrawFn) -> Writer:
    writer = Writer(draw)
    writer.space()
    writer.value("", 3)
    writer.space()
    return writer


class Refusal(Exception):
    """What the reference does not read."""


def reference(data: bytes) -> tuple[object, int]:
    """The value as the standard library reads it, and how many members a later one of that name replaces."""
    repeated = 0

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        nonlocal repeated
        encodable(pairs)
        repeated += len(pairs) - len(dict(pairs))
        return dict(pairs)

    def literal(text: str) -> object:
        exponent = text.lower().partition("e")[2]
        if len(text) > 400 or abs(int(exponent or 0)) > 308:
            raise Refusal
        return Decimal(text) if set(".eE") & set(text) else int(text)

    def constant(text: str) -> object:
        raise Refusal

    try:
        value = json.loads(
            data.decode().removeprefix("\ufeff"),
            object_pairs_hook=members,
            parse_float=literal,
            parse_int=literal,
            parse_constant=constant,
        )
        encodable(value)
    except (ValueError, RecursionError) as error:
        raise Refusal from error
    if depth(value) > 64:
        raise Refusal
    return value, repeated


def encodable(value: object) -> None:
    """Raises UnicodeEncodeError for a lone surrogate."""
    json.dumps(value, ensure_ascii=False, default=str).encode()


def depth(value: object) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if children is None else 1 + max(map(depth, children), default=0)


def agrees(data: bytes) -> None:
    document, careful = read_json(data), read_json_carefully(SourceText(data))
    assert same(document.value, careful.value)
    assert document.problems == careful.problems
    assert document.readable == careful.readable
    try:
        value, repeated = reference(data)
    except Refusal:
        assert not document.readable
        assert document.problems[-1].code in ("RF001", "RF004")
        assert document.value is None
    else:
        assert same(document.value, value)
        assert [one.code for one in document.problems] == ["RF002"] * repeated


@given(documents())
@settings(max_examples=100, deadline=None)
def test_valid_documents_agree(writer: Writer) -> None:
    """On valid JSON, duplicates included, both lanes and the standard library read the same."""
    agrees(writer.text.encode())


PIECES = [b"", b"\xff", b"\0", *b', } ] " \\ 0 - . e9 : \\ud800'.split(), b"\xed\xa0\x80"]


@given(documents(), st.data())
@settings(max_examples=200, deadline=None)
def test_mutated_documents_agree(writer: Writer, data: st.DataObject) -> None:
    """On damaged JSON both lanes and the standard library accept and refuse the same."""
    text = bytearray(writer.text.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        text[at : at + data.draw(st.integers(0, 2))] = data.draw(st.sampled_from(PIECES))
    agrees(bytes(text))


@given(st.binary(max_size=12))
@example(b"\xef\xbb\xbf\xef\xbb\xbf1")
@example(b'"\\u003')
@example(b"-")
@settings(max_examples=100, deadline=None)
def test_any_bytes_agree(data: bytes) -> None:
    """On any bytes at all both lanes and the standard library accept and refuse the same."""
    agrees(data)


@given(documents())
@settings(max_examples=100, deadline=None)
def test_every_value_is_located(writer: Writer) -> None:
    """Every value and key that counts is found where it was written."""
    document = read_json(writer.text.encode())
    if not document.readable:
        return
    text = writer.text

    def at(span: tuple[int, int]) -> Location:
        (a, b), (c, d) = [(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)) for offset in span]
        return Location(a, b, c, d)

    pointers = list(writer.places)
    assert document.locate_all([(one, "value") for one in pointers]) == [at(writer.places[one]) for one in pointers]
    assert [locate(document, one) for one in pointers] == [at(writer.places[one]) for one in pointers]
    keyed = [one for one in pointers if one in writer.keys]
    assert document.locate_all([(one, "key") for one in keyed]) == [at(writer.keys[one]) for one in keyed]


@given(documents())
@settings(max_examples=100, deadline=None)
def test_no_duplicate_escapes_the_cheap_proof(writer: Writer) -> None:
    """Wherever a key stands twice, the proof that none does fails."""
    data = writer.text.encode()
    try:
        _, repeated = reference(data)
    except Refusal:
        return
    assert not (repeated and has_unique_keys(data, EXACT_DECODER.decode(data)))


def test_forged_colon_is_doubted() -> None:
    """A colon that is only escaped in the text cannot make up for a dropped key."""
    data = b'{"a": 1, "a": "\\u003a"}'
    assert not has_unique_keys(data, msgspec.json.decode(data))
    assert has_unique_keys(b'{"a": ":"}', {"a": ":"})
    assert only(read_json(data)).code == "RF002"


def test_json_needs_no_other_format() -> None:
    """Reading JSON, good or bad, imports neither a YAML nor an XML library."""
    code = (
        "import sys, refundkit; before = set(sys.modules); from refundkit.reading.json import read_json;"
        "read_json(b'{}').locate_all([('', 'value')]); read_json(b'{');"
        "new = {one.split('.')[0] for one in set(sys.modules) - before};"
        "print(new & {'yaml', 'xml', 'pyexpat', 'defusedxml', 'json'})"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# YAML.


@pytest.fixture(params=["c", "python"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both of PyYAML's parsers, one after the other."""
    if request.param == "python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    return str(request.param)


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: no\nb: yes\nc: on\nd: Off", {"a": "no", "b": "yes", "c": "on", "d": "Off"}),
        ("[true, True, TRUE, false, False, FALSE, tRue]", [True, True, True, False, False, False, "tRue"]),
        ("[null, Null, NULL, ~, nULL]", [None, None, None, None, "nULL"]),
        ("a:\nb: ''\nc: \"~\"", {"a": None, "b": "", "c": "~"}),
        ("[1, -1, +12, 0777, 0, -0]", [1, -1, 12, 777, 0, 0]),
        ("[0o17, 0x1F, 0b1, 0o8, -0x1]", [15, 31, "0b1", "0o8", "-0x1"]),
        ("[1.10, -0.0, .5, 1., 1e3, +1.5E-3]", [*map(Decimal, ["1.10", "-0.0", "0.5", "1", "1E3", "0.0015"])]),
        ("[1_000, 1:30, 2001-12-14, 1e, e1, ., 1.2.3]", ["1_000", "1:30", "2001-12-14", "1e", "e1", ".", "1.2.3"]),
        ("['1', \"true\", ! 12, !!str 12]", ["1", "true", "12", "12"]),
        ("[!!int '12', !!bool 'true', !!null '']", [12, True, None]),
        ("[!!float 1, !!float '1.50']", [Decimal(1), Decimal("1.50")]),
        ("a: !!map {b: !!seq [1]}\nc: ! {}", {"a": {"b": [1]}, "c": {}}),
        ("1: a\n1.10: b\nnull: c\ntrue: d\n? e\n: f", {"1": "a", "1.10": "b", "null": "c", "true": "d", "e": "f"}),
        ("x: &a {b: 1}\ny:\n  <<: *a", {"x": {"b": 1}, "y": {"<<": {"b": 1}}}),
        ("a: |\n  x\n\n  y\nb: >-\n  x\n  y\n", {"a": "x\n\ny\n", "b": "x y"}),
        ("a: &x [1, &y 2]\nb: *x\nc: *y", {"a": [1, 2], "b": [1, 2], "c": 2}),
        ("- &x 1.10\n- *x\n- &x 2\n- *x", [Decimal("1.10"), Decimal("1.10"), 2, 2]),
        ("&k key: v\nagain: *k", {"key": "v", "again": "key"}),
        ("{a: [1, {b: c}], 'd': \"\\u00e9\\x41\"}", {"a": [1, {"b": "c"}], "d": "éA"}),
        ("%YAML 1.2\n---\na: 1\n...", {"a": 1}),
        ("\ufeffa: 1", {"a": 1}),
        ("a: \U0001f600\u2028", {"a": "\U0001f600"}),
        ("plain", "plain"),
    ],
)  # fmt: skip
def test_yaml_is_core_schema(text: str, value: object) -> None:
    """A scalar is what the core schema of YAML 1.2 takes it for, with every digit, by either parser."""
    (document,) = read_yaml(text.encode())
    assert document.problems == ()
    assert same(document.value, value)


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(
    ("text", "words", "line", "column", "pointer"),
    [
        ("", "empty", None, None, ""),
        ("# only a comment\n", "empty", None, None, ""),
        ("---\n", "empty", None, None, ""),
        ("a: [.inf]", ".inf is no number", 1, 5, "/a/0"),
        ("a: -.INF", "-.INF is no number", 1, 4, "/a"),
        ("a: .nan", ".nan is no number", 1, 4, "/a"),
        ("a: 1e309", "out of range", 1, 4, "/a"),
        ("a: " + "1" * 401, "401 characters", 1, 4, "/a"),
        ("a: 0x" + "1" * 400, "402 characters", 1, 4, "/a"),
        ("a: !!timestamp 2001-12-14", '"!!timestamp"', 1, 4, "/a"),
        ("a: !foo {}", '"!foo"', 1, 4, "/a"),
        ("!foo a: 1", '"!foo"', 1, 1, ""),
        ("a: !!int x", "no int", 1, 4, "/a"),
        ("a: !!bool 1", "no bool", 1, 4, "/a"),
        ("a: !!float 0x1F", "no float", 1, 4, "/a"),
        ("a: !!seq {}", '"!!seq"', 1, 4, "/a"),
        ("? [a]\n: 1", "a key", 1, 3, ""),
        ("? {a: b}\n: 1", "a key", 1, 3, ""),
        ("- &a b\n- *a : 1", "a key", 2, 3, "/1"),
        ("a: *b", "no anchor", 1, 4, "/a"),
        ("a: &a [1, *a]", "within what it names", 1, 11, "/a/1"),
        ("a: [", "invalid YAML", 1, 5, ""),
        ("a: 1\n\tb: 2", "invalid YAML", 2, 1, ""),
        ("[.inf, @]", ".inf is no number", 1, 2, "/0"),
        ("[!!int @]", "invalid YAML", 1, 8, ""),
        ("a: b: c", "invalid YAML", 1, 5, ""),
        ("a: 'x", "invalid YAML", 1, 6, ""),
        ("a: \"\\ud800\"", "no character", 1, 4, ""),
        ("a: \"\\U00110000\"", "no character", None, None, ""),
        ("a: \"\\UFFFFFFFF\"", "no character", None, None, ""),
        ("a: \x07", "control character \\u0007", 1, 4, ""),
        ("a: \x00", "control character \\u0000", 1, 4, ""),
        ("a: \x7f", "control character \\u007f", 1, 4, ""),
    ],
)  # fmt: skip
def test_invalid_yaml_is_named(text: str, words: str, line: int | None, column: int | None, pointer: str) -> None:
    """What is no YAML, or none of the core schema, is RF001 at its place, by either parser."""
    document = read_yaml(text.encode())[-1]
    problem = only(document)
    assert not document.readable
    assert problem.code == "RF001"
    assert words in problem.message
    if line is not None:
        assert (problem.line, problem.column) == (line, column)
    assert problem.pointer == pointer


@pytest.mark.usefixtures("loader")
def test_yaml_in_another_encoding() -> None:
    """YAML that is not UTF-8 is RF001."""
    assert "UTF-16" in only(read_yaml("a: 1".encode("utf-16"))[0]).message
    assert "offset 3" in only(read_yaml(b"a: \xe9")[0]).message


@pytest.mark.usefixtures("loader")
def test_yaml_duplicates() -> None:
    """Each further occurrence of a key is RF002, whatever way it is written, and the last value counts."""
    (document,) = read_yaml(b"a: {b: 1}\n1: x\n\"1\": y\na:\n  c: 2\n  c: 3\n'1': z\n")
    assert document.value == {"a": {"c": 3}, "1": "z"}
    told = [(one.code, one.pointer, one.line, one.column, one.end_column) for one in document.problems]
    assert told == [
        ("RF002", "/1", 3, 1, 4),
        ("RF002", "/a", 4, 1, 2),
        ("RF002", "/a/c", 6, 3, 4),
        ("RF002", "/1", 7, 1, 4),
    ]
    assert [one.message[-6:] for one in document.problems] == ["line 2", "line 1", "line 5", "line 2"]
    assert place(document, "/a/c") == (6, 6, 6, 7)
    assert place(document, "/a/b") is None


@pytest.fixture
def events(loader: str, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every event of either parser, in the order in which it comes."""
    taken: list[Any] = []
    parse = yaml.parse

    def counted(*arguments: Any, **options: Any) -> Any:
        for event in parse(*arguments, **options):
            taken.append(event)
            yield event

    monkeypatch.setattr(yaml, "parse", counted)
    return taken


# The text of 64 levels, and that of one more.
OPENINGS = {
    "flow sequences": ("[" * 64, "["),
    "flow mappings": ("{a: " * 64, "{a: "),
    "both flow styles": ("[{a: " * 32, "[{a: "),
    "flow style of many lines": ("[\n" * 64, "["),
    "flow style with anchors and tags": ("&a !!seq [" * 64, "&a !!seq ["),
    "block sequences": ("- " * 64, "- "),
    "block mappings": ("".join(f"{' ' * level}a:\n" for level in range(64)) + " " * 64, "- "),
    "flow style in block style": ("- " * 32 + "[" * 32, "["),
    "flow style below block style": ("- " * 64, "["),
}


@pytest.mark.parametrize("style", OPENINGS)
def test_yaml_depth(events: list[Any], style: str) -> None:
    """The 65th level is RF004 where it begins, and the parser is asked for no more events, however many levels follow.

    From PyYAML 6.0.4 on the C parser refuses 1,001 levels of flow style by itself, before the first event.
    """
    opening, further = OPENINGS[style]
    for count in (1, 900, 2_000, 20_000):
        events.clear()
        problem = only(read_yaml((opening + further * count).encode())[0])
        assert (problem.code, problem.message) == ("RF004", "nested more than 64 levels deep")
        assert (problem.line, problem.column) == (opening.count("\n") + 1, len(opening.rpartition("\n")[2]) + 1)
        assert problem.pointer.count("/") == 64
        assert len(events) <= 3 * 66


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize("text", ["[" * 64 + "]" * 64, "[{a: " * 32 + "}]" * 32, "- " * 64 + "1"])
def test_yaml_of_64_levels_is_read(text: str) -> None:
    """64 levels are not too many."""
    assert read_yaml(text.encode())[0].problems == ()


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize("broken", ['"x', "@", '"\\ud800"', "]" * 66])
def test_yaml_that_is_broken_after_the_65th_level(broken: str) -> None:
    """An error after the 65th level does not hide the depth, though both parsers read ahead of their events."""
    problem = only(read_yaml(("[" * 65 + broken).encode())[0])
    assert (problem.code, problem.column) == ("RF004", 65)


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(
    "before", ["? ", "{", '["x" @', "[1 2 ", "a: 1\n", "- " * 20 + "\n"], ids=lambda text: text.strip()[:6]
)
def test_yaml_that_is_broken_before_the_65th_level(before: str) -> None:
    """A document that nobody can read as far as its 65th level is RF001."""
    further = before if before in ("? ", "{") else "["
    assert only(read_yaml((before + further * 2_000).encode())[0]).code == "RF001"


@pytest.mark.usefixtures("loader")
def test_yaml_depth_hides_nothing_before_it() -> None:
    """The documents before one that is too deep are read, and its duplicates up to the 65th level are told."""
    documents = read_yaml(b"a: 1\n---\n.inf\n---\n{b: 1, b: 2, c: " + b"[" * 2_000)
    codes = [[problem.code for problem in document.problems] for document in documents]
    assert codes == [[], ["RF001"], ["RF002", "RF004"]]
    assert documents[0].value == {"a": 1}
    assert documents[2].problems[1].line == 5


@pytest.mark.usefixtures("loader")
def test_yaml_error_belongs_to_its_own_document() -> None:
    """A syntax error at the beginning of a document is none of the document before it."""
    documents = read_yaml(b".inf\n...\n@")
    assert [only(document).line for document in documents] == [1, 3]


@pytest.mark.usefixtures("loader")
def test_alias_depth() -> None:
    """An alias that makes a document too deep is RF004."""
    fits = "a: &a " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 23 + "*a" + "]" * 23
    assert read_yaml(fits.encode())[0].problems == ()
    assert only(read_yaml(fits.replace("[*a]", "[[*a]]").encode())[0]).code == "RF004"


@pytest.mark.usefixtures("loader")
def test_aliases_expand_up_to_a_thousand_nodes() -> None:
    """Aliases may stand for a thousand nodes in all; a bomb of them is RF001, at once."""
    ten = "a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\nb: [" + ", ".join(["*a"] * 100) + "]\n"
    assert read_yaml(ten.encode())[0].problems == ()
    over = read_yaml(ten.encode() + b"c: *a\n")[0]
    assert "beyond 1,000 nodes" in only(over).message
    assert (only(over).line, only(over).pointer) == (3, "/c")
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30))
    assert only(read_yaml(bomb.encode())[0]).code == "RF001"


@pytest.mark.usefixtures("loader")
def test_alias_is_a_copy() -> None:
    """What an alias stands for can be changed without changing what it names."""
    value: Any = read_yaml(b"a: &a {b: [1]}\nc: *a")[0].value
    value["c"]["b"].append(2)
    assert value["a"] == {"b": [1]}


@pytest.mark.usefixtures("loader")
def test_yaml_stream() -> None:
    """Each document of a stream is read for itself; a refused one does not hide the next, a syntax error ends it."""
    documents = read_yaml(b"a: &x 1\n---\n.nan\n---\n- *x\n---\nb: 2\n...\n---\n---\nc: [\n---\nd: 1\n")
    assert [one.value for one in documents] == [{"a": 1}, None, None, {"b": 2}, None, None]
    assert ["".join(problem.message[:12] for problem in one.problems) for one in documents] == [
        "", ".nan is no n", "no anchor &x", "", "the document", "invalid YAML",
    ]  # fmt: skip
    assert place(documents[3], "/b") == (7, 4, 7, 5)
    assert documents[3].line(7) == "b: 2"


YAML = """\
# é
orders:  # the list
  - id: &x "é"   # one
    lines: [1, {q: 2}]
    note: |
      two
      lines

  - id: *x
    none:
    map: {a: 1,
          b: plain text}

'last key': >-
  folded
"""


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(
    ("pointer", "part", "expected"),
    [
        ("", "value", (2, 1, 15, 9)),
        ("/orders", "key", (2, 1, 2, 7)),
        ("/orders", "value", (3, 3, 12, 25)),
        ("/orders/0", "value", (3, 5, 7, 12)),
        ("/orders/0", "key", (3, 5, 7, 12)),
        ("/orders/0/id", "value", (3, 9, 3, 15)),
        ("/orders/0/lines", "value", (4, 12, 4, 23)),
        ("/orders/0/lines/1/q", "key", (4, 17, 4, 18)),
        ("/orders/0/lines/1/q", "value", (4, 20, 4, 21)),
        ("/orders/0/note", "value", (5, 11, 7, 12)),
        ("/orders/1/id", "value", (9, 9, 9, 11)),
        ("/orders/1/none", "value", (10, 5, 10, 9)),
        ("/orders/1/map", "value", (11, 10, 12, 25)),
        ("/orders/1/map/b", "value", (12, 14, 12, 24)),
        ("/last key", "key", (14, 1, 14, 11)),
        ("/last key", "value", (14, 13, 15, 9)),
        ("/orders/2", "value", None),
        ("orders", "value", None),
    ],
)
def test_yaml_locate(pointer: str, part: Part, expected: tuple[int, int, int, int] | None) -> None:
    """A pointer's value or key is found in YAML, whatever its style; an alias is where it stands."""
    for text in (YAML, "\ufeff" + YAML, YAML.replace("\n", "\r\n")):
        assert place(read_yaml(text.encode())[0], pointer, part) == expected


plain = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]) | st.sampled_from(" \n:#-~"), max_size=8)
trees = st.recursive(
    plain | st.integers() | st.booleans() | st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(plain, inner, max_size=4),
    max_leaves=12,
)


@given(trees)
@settings(max_examples=60, deadline=None)
def test_json_is_yaml(tree: object) -> None:
    """JSON reads the same as YAML, by either parser, and stands in the same places."""
    text = msgspec.json.Encoder(decimal_format="number").encode(tree)
    text = text.replace(b"E+", b"e+")
    expected = read_json(text)
    for parser in (yaml.CSafeLoader, yaml.SafeLoader):
        (document,) = by(parser, text.decode())
        assert document.problems == ()
        assert same(document.value, expected.value)
        for pointer in _pointers(expected.value, ""):
            assert locate(document, pointer) == locate(expected, pointer)
            assert locate(document, pointer, "key") == locate(expected, pointer, "key")


def _pointers(value: object, at: str) -> Any:
    yield at
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for token, inner in pairs:
        yield from _pointers(inner, at + pointer_of([str(token)]))


def by(parser: Any, text: str) -> list[Document]:
    """A YAML stream as one of PyYAML's parsers reads it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml, "CSafeLoader", parser)
        return read_yaml(text.encode())


def told(document: Document) -> object:
    """All that a document says."""
    places = document.locate_all([(pointer, "value") for pointer in _pointers(document.value, "")])
    return repr(document.value), document.problems, places


@given(trees, st.sampled_from([None, False, True]))
@settings(max_examples=60, deadline=None)
def test_yaml_parsers_agree(tree: object, style: bool | None) -> None:
    """Both of PyYAML's parsers give the same values in the same places, in block style and in flow style."""
    text = yaml.safe_dump(msgspec.json.decode(msgspec.json.encode(tree)), allow_unicode=True, default_flow_style=style)
    ours, theirs = by(yaml.CSafeLoader, text), by(yaml.SafeLoader, text)
    assert [told(one) for one in ours] == [told(one) for one in theirs]
    assert all(one.readable for one in ours)


DAMAGE = ["\n", " ", ":", "- ", "[", "}", "'", '"', "#", "&a ", "*a", ",", "? ", "!", "\t", "---\n"]


@given(trees, st.integers(0), st.sampled_from(DAMAGE))
@settings(max_examples=100, deadline=None)
def test_yaml_parsers_never_disagree_on_a_value(tree: object, at: int, piece: str) -> None:
    """Damaged YAML that both of PyYAML's parsers accept says the same by both."""
    text = yaml.safe_dump(msgspec.json.decode(msgspec.json.encode(tree)), allow_unicode=True)
    at %= len(text)
    text = text[:at] + piece + text[at:]
    ours, theirs = by(yaml.CSafeLoader, text), by(yaml.SafeLoader, text)
    if all(one.readable for one in [*ours, *theirs]):
        assert [repr(one.value) for one in ours] == [repr(one.value) for one in theirs]
        assert [len(one.problems) for one in ours] == [len(one.problems) for one in theirs]
