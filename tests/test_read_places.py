"""Where each value and key of a JSON document stands, and how a line of it is shown."""

from __future__ import annotations

import pytest
from documents import BOM, only_problem, span_of
from places import locate
from refundkit.reading.document import Document
from refundkit.reading.json import read_json
from refundkit.reading.places import Part
from work import lines_run


def test_first_line_moves_every_line() -> None:
    """With `first_line`, problems and places count lines from that number."""
    document = read_json(b'{"a": 1, "a": 2}', first_line=7)
    assert only_problem(document).line == 7
    assert only_problem(document).message.endswith("line 7")
    assert span_of(document, "/a") == (7, 15, 7, 16)
    assert document.line(7) == '{"a": 1, "a": 2}'
    assert (document.line(6), document.line(8)) == ("", "")


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
    """A pointer gives the place of its value or key, counted in characters; without such a value, None."""
    for data in (PRETTY.encode(), BOM + PRETTY.encode()):
        assert span_of(read_json(data), pointer, part) == expected


def test_locate_all_answers_in_order() -> None:
    """`locate_all` answers in the order of the pointers, repeated and missing ones included."""
    document = read_json(b'{"a": 1, "b": {"c": 2}}')
    locations = document.locate_all([("/b/c", "value"), ("/x", "value"), ("/a", "key"), ("/b/c", "value"), ("", "key")])
    assert [location and location.column for location in locations] == [21, None, 2, 21, 1]
    assert document.locate_all([]) == []


def test_locate_takes_the_last_occurrence() -> None:
    """A pointer to a repeated key leads to the last value, and nothing inside the first one is found."""
    document = read_json(b'{"a": {"b": 1, "x": {"y": 1}}, "a": {"b": 2, "b": 3}, "c": 1, "c": {"d": 1}, "c": 2}')
    assert span_of(document, "/a") == (1, 37, 1, 53)
    assert span_of(document, "/a/b") == (1, 51, 1, 52)
    assert span_of(document, "/a/b", "key") == (1, 46, 1, 49)
    assert span_of(document, "/a/x/y") is None
    assert span_of(document, "/c") == (1, 83, 1, 84)
    assert span_of(document, "/c/d") is None


def test_batch_is_located_record_by_record() -> None:
    """Locating each element of an array takes linear work in all."""

    def locate_records(records: int) -> Document:
        data = b"[ " + b",\n ".join(b'{"a": [%d, {"b": "]"}]}' % number for number in range(records)) + b"]"
        document = read_json(data)
        for index in range(records):
            column = 16 + len(str(index)) + (1 if index else 2)
            assert span_of(document, f"/{index}/a/1/b") == (index + 1, column, index + 1, column + 3)
        return document

    assert lines_run(lambda: locate_records(2_000)) <= 10 * lines_run(lambda: locate_records(200))
    document = locate_records(5_000)
    assert span_of(document, "/5000") is None
    assert span_of(document, "/-1") is None
    assert span_of(document, "") == (1, 1, 5000, len(document.line(5000)) + 1)
    assert document.locate_all([("/3", "value"), ("", "value")])[0] == locate(document, "/3")


def test_line_is_shown_without_its_end() -> None:
    """`line` returns a line without its line break, and the first one without its BOM."""
    document = read_json(BOM + b'{\r\n "a": 1\n}')
    assert [document.line(number) for number in range(5)] == ["", "{", ' "a": 1', "}", ""]
    assert read_json(b"\xff").line(1) == "\ufffd"
