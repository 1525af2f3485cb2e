"""Reading JSON: the exact value, and the problems of a document that is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from documents import BOM, exactly_equal, only_problem
from places import locate
from refundkit.reading.document import Document, SourceText
from refundkit.reading.json import read_json, read_json_carefully
from work import lines_run

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
    """Both JSON readers keep the type and every digit of a value, with and without a BOM."""
    for data in (text.encode(), BOM + text.encode()):
        for document in (read_json(data), read_json_carefully(SourceText(data))):
            assert document.readable
            assert document.problems == ()
            assert exactly_equal(document.value, value)


def test_reading_needs_little_stack() -> None:
    """A document can be read 60 frames below the recursion limit."""

    def read_at_depth(frames: int) -> Document:
        return read_at_depth(frames - 1) if frames else read_json(b'{"a": [1.5, {"b": "\\u003a"}]}')

    limit = sys.getrecursionlimit()
    depth = len(list(_frames()))
    assert exactly_equal(read_at_depth(limit - depth - 60).value, {"a": [Decimal("1.5"), {"b": ":"}]})


def _frames() -> Any:
    frame: Any = sys._getframe()
    while frame:
        yield frame
        frame = frame.f_back


# Problems.


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
def test_invalid_json_is_rf001(text: str, words: str, column: int, end: int) -> None:
    """Invalid JSON is RF001: the message names the mistake, and the place is its characters."""
    document = read_json(text.encode())
    problem = only_problem(document)
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
    """The help of a common mistake says what to write instead."""
    assert words in only_problem(read_json(text.encode())).help


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
def test_unreadable_bytes_have_no_place(data: bytes, words: str) -> None:
    """An empty document, or one that is not UTF-8, is RF001 without line and column."""
    problem = only_problem(read_json(data))
    assert (problem.code, problem.line, problem.column, problem.end_column) == ("RF001", None, None, None)
    assert words in problem.message


def test_bad_utf8_gives_the_byte() -> None:
    """A byte that is no UTF-8 is RF001 with its offset, line and column."""
    problem = only_problem(read_json(BOM + '{"a": "é",\n "b": "'.encode() + b"\xe9" + b'"}'))
    assert "byte 0xe9 at offset 22" in problem.message
    assert (problem.line, problem.column) == (2, 8)


def test_truncated_document_names_the_open_object() -> None:
    """The message about a truncated document names the line where the unclosed object begins."""
    assert only_problem(read_json(b'[\n1,\n{"a":\n[]')).message.endswith("in the object that begins at line 3")


def test_problem_has_a_pointer() -> None:
    """A problem's pointer leads to the wrong value, or to the object or array around it."""
    pointers = [
        only_problem(read_json(text)).pointer
        for text in (b'{"a":[0,{"b":NaN}]}', b'{"a":[0 1]}', b'{"a":{"b":1,}}', b'{"x/y":{"~":01}}', b"NaN")
    ]
    assert pointers == ["/a/1/b", "/a", "/a", "/x~1y/~0", ""]


def test_every_duplicate_key_is_reported() -> None:
    """Each repetition of a key is RF002 with the line of the first one, and the last value counts."""
    document = read_json(b'{"a": {"b": 1,\n "b": 2},\n "\\u0061": {"c~/": 1, "c~/": 2,\n "c~/": 3}, "d": 1}')
    assert document.readable
    assert document.value == {"a": {"c~/": 3}, "d": 1}
    problems = [
        (problem.code, problem.pointer, problem.line, problem.column, problem.end_column)
        for problem in document.problems
    ]
    assert problems == [
        ("RF002", "/a/b", 2, 2, 5),
        ("RF002", "/a", 3, 2, 10),
        ("RF002", "/a/c~0~1", 3, 23, 28),
        ("RF002", "/a/c~0~1", 4, 2, 7),
    ]
    assert [problem.message[-6:] for problem in document.problems] == ["line 1", "line 1", "line 3", "line 3"]


def test_duplicates_come_before_the_syntax_error() -> None:
    """The duplicate keys before a syntax error are reported too, and come first."""
    document = read_json(b'{"a": 1, "a": 2, b}')
    assert [problem.code for problem in document.problems] == ["RF002", "RF001"]
    assert not document.readable


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_json_depth(opening: str, closing: str) -> None:
    """64 levels are read; the bracket of the 65th is RF004, and a million levels cost no more work."""
    levels = 2 if opening.startswith("[{") else 1
    allowed = opening * (64 // levels) + "1" + closing * (64 // levels)
    assert read_json(allowed.encode()).problems == ()
    deep, deeper = ((opening * count).encode() for count in (65, 10**6))
    for data in (deep, deeper):
        problem = only_problem(read_json(data))
        assert problem.code == "RF004"
        assert problem.column == (64 // levels) * len(opening) + 1
        assert problem.pointer.count("/") == 64
    assert lines_run(lambda: read_json(deeper)) == lines_run(lambda: read_json(deep))


def test_wide_is_not_deep() -> None:
    """Brackets side by side add no depth, and a value that is too deep is found among them."""
    assert read_json(b"[" + b"[[]]," * 1000 + b"1]").problems == ()
    assert only_problem(read_json(b"[" + b"[[]]," * 1000 + b"[" * 64 + b"]" * 64 + b"]")).code == "RF004"


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
    """A hostile document of twice the size costs at most twice the work."""

    def read(data: bytes) -> Document:
        document = read_json(data)
        document.locate_all([("/0", "value"), ("/a", "key")])
        return document

    half, full = HOSTILE[kind](10_000), HOSTILE[kind](20_000)
    assert sum(len(problem.pointer) + len(problem.message) for problem in read(full).problems) < 5_000_000
    assert lines_run(lambda: read(full)) <= 2 * lines_run(lambda: read(half))


def test_too_many_duplicates_are_cut_short() -> None:
    """After some thousand duplicate keys, a last problem says that the others are not listed."""
    problems = read_json(b"{" + b'"a":1,' * 50_000 + b'"a":1}').problems
    assert {problem.code for problem in problems} == {"RF002"}
    assert len(problems) < 20_000
    assert "not listed" in problems[-1].message


def test_json_needs_no_other_format() -> None:
    """Reading valid or invalid JSON imports no YAML or XML library."""
    code = (
        "import sys, refundkit; before = set(sys.modules); from refundkit.reading.json import read_json;"
        "read_json(b'{}').locate_all([('', 'value')]); read_json(b'{');"
        "new = {name.split('.')[0] for name in set(sys.modules) - before};"
        "print(new & {'yaml', 'xml', 'pyexpat', 'defusedxml', 'json'})"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "set()"
