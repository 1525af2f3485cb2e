"""The Document that a reading returns, and what all formats share: faults, decoding, numbers and their limits."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cached_property
from itertools import accumulate

import msgspec

from ..text import pointer_of, quote_text, without_bom
from .places import Part, Place, Span, find_elements, find_noted_span, find_spans

DEPTH = 64
"""The maximal levels of nesting; a bracket beyond them is RF004."""
NUMBER_LENGTH = 400
"""The maximal length of a number literal, in characters."""
SPACES = " \t\n\r"

_EXPONENT = 308
# About how many characters the RF002 faults of one document may take.
_MAX_FAULTS_SIZE = 1_000_000
# An array of more elements is located element by element.
_SMALL_ARRAY = 16


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong with a document: RF001, RF002 or RF004, or a remark on its XML: RF110 or RF111.

    `pointer` (RFC 6901, "" for the document) says where in the value it is; line, column and end_column where in the
    text: 1-based, in characters, end_column exclusive, all None where there is no place. help may be empty.
    """

    code: str
    message: str
    help: str
    pointer: str
    line: int | None
    column: int | None
    end_column: int | None


class Location(msgspec.Struct, frozen=True):
    """A range of the text: 1-based, in characters, the end exclusive; never empty."""

    line: int
    column: int
    end_line: int
    end_column: int


class SourceText(msgspec.Struct, frozen=True, dict=True, eq=False):
    """The bytes of a document and the text that an editor shows for them.

    A byte order mark is no part of the text. `first_line` is the number of the first line, for a record of a JSON Lines
    file.
    """

    data: bytes
    encoding: str = "utf-8"
    first_line: int = 1

    @cached_property
    def text(self) -> str:
        """The text; bytes that the encoding does not know become U+FFFD."""
        return without_bom(self.data.decode(self.encoding, "replace"))

    @cached_property
    def starts(self) -> list[int]:
        """The offset of every line, and where one more would begin."""
        return [0, *accumulate(len(line) + 1 for line in self.text.split("\n"))]

    def position(self, offset: int) -> tuple[int, int]:
        """Return the line and column of an offset."""
        index = bisect_right(self.starts, offset) - 1
        return self.first_line + index, offset - self.starts[index] + 1

    def location(self, start: int, end: int) -> Location:
        """Return the location of a span; that of the character at `start` if it is empty."""
        line, column = self.position(start)
        return Location(line, column, *self.position(end)) if start < end else Location(line, column, line, column + 1)


class Document(msgspec.Struct, frozen=True, dict=True, eq=False):
    """The value of one document, its problems, and the places of both.

    `value` is made of dict, list, str, int, Decimal, bool and None: an int for an integer literal and a Decimal, exact
    to the last digit, for every other number. Where `readable` is False, RF001 or RF004 left no value: it is None.
    Of a key that stands twice the last value counts. `problems` come in the order of the text. `remarks` are about the
    form of XML alone: the value is what it would be without them.
    """

    value: object
    problems: tuple[Problem, ...]
    readable: bool
    source: SourceText
    places: Place | None = None
    remarks: tuple[Problem, ...] = ()

    def locate_all(self, queries: Sequence[tuple[str, Part]]) -> list[Location | None]:
        """Locate many values and keys in one pass over the text; answers come in order."""
        if not self.readable or not queries:
            return [None] * len(queries)
        return [span and self.source.location(*span) for span in self._find_spans(queries)]

    def line(self, number: int) -> str:
        """Return the line of a Location's number, without its end; "" without such a line."""
        index, starts = number - self.source.first_line, self.source.starts
        if not 0 <= index < len(starts) - 1:
            return ""
        return self.source.text[starts[index] : starts[index + 1] - 1].removesuffix("\r")

    def _find_spans(self, queries: Sequence[tuple[str, Part]]) -> list[Span | None]:
        if self.places is not None:
            return [find_noted_span(self.places, pointer, part) for pointer, part in queries]
        repeated = any(problem.code == "RF002" for problem in self.problems)
        # Of a batch the places are asked for record by record.
        is_batch = isinstance(self.value, list) and len(self.value) > _SMALL_ARRAY
        elements = self._elements if is_batch else None
        return find_spans(self.source.text, queries, has_repeated_keys=repeated, elements=elements)

    @cached_property
    def _elements(self) -> list[int]:
        return find_elements(self.source.text)


# Faults: they become problems after the text is read.


class Fault(msgspec.Struct, frozen=True):
    """A problem at offsets of the text; `related` is a second place, whose line ends the message."""

    code: str
    message: str
    help: str = ""
    pointer: str = ""
    span: Span | None = None
    related: tuple[str, int] | None = None


class ReadingError(Exception):
    """Ends the reading of a document at a fault."""

    def __init__(self, message: str, span: Span | None = None, hint: str = "", *, code: str = "RF001") -> None:
        super().__init__(message)
        self.fault = Fault(code, message, hint, span=span)

    def at(self, path: Iterable[str]) -> Fault:
        """Return the fault with the path of the value that was being read."""
        return msgspec.structs.replace(self.fault, pointer=pointer_of(path))


class Faults:
    """Collects the faults of a document, in memory that is proportional to the document."""

    def __init__(self) -> None:
        self.items: list[Fault] = []
        self._space = _MAX_FAULTS_SIZE

    def add_duplicate(self, kind: str, key: str, span: Span, path: Iterable[str], first: int) -> None:
        """Add an RF002 for the key at `span` and `path`, which stands first at `first`."""
        if self._space < 0:
            return
        # Many duplicates below one long key would repeat it in every pointer: a square of the document's size.
        pointer = pointer_of(path)
        self._space -= len(pointer) + 100
        if self._space < 0:
            self.items.append(Fault("RF002", "more duplicate keys follow, which are not listed", span=span))
            return
        message = f"key {quote_text(key)} stands twice in one {kind}"
        hint = "servers disagree on which one counts; keep one"
        self.items.append(Fault("RF002", message, hint, pointer, span, ("first at", first)))


def make_document(
    source: SourceText,
    value: object,
    faults: Sequence[Fault] = (),
    places: Place | None = None,
    remarks: Sequence[Fault] = (),
) -> Document:
    """Make the document of a value that was read, and its faults, if any."""
    problems, comments = (tuple(_make_problem(source, each) for each in group) for group in (faults, remarks))
    return Document(value, problems, True, source, places, comments)


def make_unreadable(source: SourceText, faults: Sequence[Fault]) -> Document:
    """Make the document of bytes that gave no value."""
    return Document(None, tuple(_make_problem(source, fault) for fault in faults), False, source)


def _make_problem(source: SourceText, fault: Fault) -> Problem:
    related = f", {fault.related[0]} line {source.position(fault.related[1])[0]}" if fault.related else ""
    head = (fault.code, fault.message + related, fault.help, fault.pointer)
    if fault.span is None:
        return Problem(*head, None, None, None)
    start, end = _clip_to_line(source.text, fault.span)
    line, column = source.position(start)
    return Problem(*head, line, column, column + end - start)


def _clip_to_line(text: str, span: Span) -> Span:
    """Return the part of a span on its first line, one character at least."""
    start, end = span
    newline = text.find("\n", start, end)
    return start, max(end if newline < 0 else newline, start + 1)


# Decoding.


def decode_text(source: SourceText) -> str:
    """Return the source's text. Raises ReadingError where it is wrongly encoded or empty."""
    data, encoding = source.data, source.encoding
    wide = _name_wide_encoding(data[:4]) if encoding == "utf-8" else ""
    if wide:
        raise ReadingError(f"the document is {wide}, not UTF-8", hint="save it as UTF-8")
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        offset = len(without_bom(data[: error.start].decode(encoding)))
        message = f"byte {data[error.start]:#04x} at offset {error.start} is not {encoding.upper()}"
        raise ReadingError(message, (offset, offset + 1), "save the document as UTF-8") from None
    if not source.text.strip(SPACES):
        raise ReadingError("the document is empty")
    return source.text


def _name_wide_encoding(head: bytes) -> str:
    """Name the encoding if the first four bytes are UTF-16 or UTF-32, else ""."""
    if head.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")) or head[:3] == b"\0\0\0" or head[1:] == b"\0\0\0":
        return "UTF-32"
    return "UTF-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head[:2] else ""


# Numbers.


def parse_number(literal: str, span: Span | None = None) -> int | Decimal:
    """Return the exact value of a decimal literal: an int where it has no '.', 'e' or 'E'. Raises as check_number."""
    check_number(literal, span)
    return Decimal(literal) if any(mark in literal for mark in ".eE") else int(literal)


def check_number(literal: str, span: Span | None = None) -> None:
    """Raise ReadingError for a literal over 400 characters or an exponent beyond 308."""
    check_number_length(literal, span)
    exponent = literal.lower().partition("e")[2]
    if exponent and abs(int(exponent)) > _EXPONENT:
        raise ReadingError(f"the exponent {exponent} is out of range: {-_EXPONENT} to {_EXPONENT}", span)


def check_number_length(literal: str, span: Span | None = None) -> None:
    """Raise ReadingError for a number literal over 400 characters."""
    if len(literal) > NUMBER_LENGTH:
        raise ReadingError(f"a number of {len(literal)} characters: {NUMBER_LENGTH} at most are read", span)
