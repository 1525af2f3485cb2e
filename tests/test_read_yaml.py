"""Reading YAML: the core schema, its problems, streams, and where values stand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from documents import exactly_equal, only_problem, span_of
from refundkit.reading.places import Part
from refundkit.reading.yaml import read_yaml


@pytest.mark.usefixtures("yaml_parser")
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
def test_yaml_values_follow_the_core_schema(text: str, value: object) -> None:
    """A scalar has its value in the core schema of YAML 1.2, every digit kept."""
    (document,) = read_yaml(text.encode())
    assert document.problems == ()
    assert exactly_equal(document.value, value)


@pytest.mark.usefixtures("yaml_parser")
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
def test_invalid_yaml_is_rf001(text: str, words: str, line: int | None, column: int | None, pointer: str) -> None:
    """Invalid YAML, or a value outside the core schema, is RF001 with line, column and pointer."""
    document = read_yaml(text.encode())[-1]
    problem = only_problem(document)
    assert not document.readable
    assert problem.code == "RF001"
    assert words in problem.message
    if line is not None:
        assert (problem.line, problem.column) == (line, column)
    assert problem.pointer == pointer


@pytest.mark.usefixtures("yaml_parser")
def test_yaml_in_another_encoding() -> None:
    """YAML that is not UTF-8 is a problem that names the encoding or the byte."""
    assert "UTF-16" in only_problem(read_yaml("a: 1".encode("utf-16"))[0]).message
    assert "offset 3" in only_problem(read_yaml(b"a: \xe9")[0]).message


@pytest.mark.usefixtures("yaml_parser")
def test_yaml_duplicates() -> None:
    """Each repetition of a YAML key is RF002, quoted or not, and the last value counts."""
    (document,) = read_yaml(b"a: {b: 1}\n1: x\n\"1\": y\na:\n  c: 2\n  c: 3\n'1': z\n")
    assert document.value == {"a": {"c": 3}, "1": "z"}
    problems = [
        (problem.code, problem.pointer, problem.line, problem.column, problem.end_column)
        for problem in document.problems
    ]
    assert problems == [
        ("RF002", "/1", 3, 1, 4),
        ("RF002", "/a", 4, 1, 2),
        ("RF002", "/a/c", 6, 3, 4),
        ("RF002", "/1", 7, 1, 4),
    ]
    assert [problem.message[-6:] for problem in document.problems] == ["line 2", "line 1", "line 5", "line 2"]
    assert span_of(document, "/a/c") == (6, 6, 6, 7)
    assert span_of(document, "/a/b") is None


@pytest.mark.usefixtures("yaml_parser")
def test_yaml_error_belongs_to_its_own_document() -> None:
    """A syntax error at the start of a document is not reported for the document before."""
    documents = read_yaml(b".inf\n...\n@")
    assert [only_problem(document).line for document in documents] == [1, 3]


@pytest.mark.usefixtures("yaml_parser")
def test_alias_is_a_copy() -> None:
    """Changing the value of an alias leaves the value of its anchor unchanged."""
    value: Any = read_yaml(b"a: &a {b: [1]}\nc: *a")[0].value
    value["c"]["b"].append(2)
    assert value["a"] == {"b": [1]}


@pytest.mark.usefixtures("yaml_parser")
def test_yaml_stream() -> None:
    """A stream gives each document, also after a refused one, up to the first syntax error."""
    documents = read_yaml(b"a: &x 1\n---\n.nan\n---\n- *x\n---\nb: 2\n...\n---\n---\nc: [\n---\nd: 1\n")
    assert [document.value for document in documents] == [{"a": 1}, None, None, {"b": 2}, None, None]
    assert ["".join(problem.message[:12] for problem in document.problems) for document in documents] == [
        "", ".nan is no n", "no anchor &x", "", "the document", "invalid YAML",
    ]  # fmt: skip
    assert span_of(documents[3], "/b") == (7, 4, 7, 5)
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


@pytest.mark.usefixtures("yaml_parser")
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
    """A pointer gives the place of its YAML value or key in any style; an alias is its own place."""
    for text in (YAML, "\ufeff" + YAML, YAML.replace("\n", "\r\n")):
        assert span_of(read_yaml(text.encode())[0], pointer, part) == expected
