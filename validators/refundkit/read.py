"""Bytes to a value, exactly, with what is wrong with them (RF001, RF002, RF004) and where everything stands.

This is the slow and exact reading. It runs for documents that a typed decode refused or doubted, or found something in.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache, cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Literal, NoReturn, TypeAlias

import msgspec

from .keys import unrepeated

if TYPE_CHECKING:
    from yaml.events import AliasEvent, CollectionStartEvent, Event, ScalarEvent

Part: TypeAlias = Literal["value", "key"]
Span: TypeAlias = tuple[int, int]

DEPTH = 64
"""The levels of nesting that a document may have; the bracket of the next one is RF004."""

_DIGITS = 400
_EXPONENT = 308
_EXPANSION = 1_000
_ROOM = 1_000_000
_SPACES = " \t\n\r"
_BOM = b"\xef\xbb\xbf"


# What a reading gives.


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong with a document: RF001, RF002 or RF004.

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
    """Where something stands in the text: 1-based, in characters, the end exclusive; never empty."""

    line: int
    column: int
    end_line: int
    end_column: int


class Place(msgspec.Struct, frozen=True):
    """Where a value and its key stand, as offsets in characters, and the same of what is in it, by pointer token."""

    value: Span
    key: Span | None = None
    children: dict[str, Place] = {}


class Source(msgspec.Struct, frozen=True, dict=True, eq=False):
    """The bytes of a document and the text that an editor shows for them: a byte order mark is no part of it.

    `first_line` is the number of the first line, for a record of a JSON Lines file.
    """

    data: bytes
    encoding: str = "utf-8"
    first_line: int = 1

    @cached_property
    def text(self) -> str:
        """The text; bytes that are none in the encoding become U+FFFD."""
        return self.data.decode(self.encoding, "replace").removeprefix("\ufeff")

    @cached_property
    def starts(self) -> list[int]:
        """The offset of every line, and where one more would begin."""
        return [0, *accumulate(len(line) + 1 for line in self.text.split("\n"))]

    def position(self, offset: int) -> tuple[int, int]:
        """The line and column of an offset."""
        index = bisect_right(self.starts, offset) - 1
        return self.first_line + index, offset - self.starts[index] + 1

    def location(self, start: int, end: int) -> Location:
        """The location of a span; that of the character at `start`, if it is empty."""
        line, column = self.position(start)
        return Location(line, column, *self.position(end)) if start < end else Location(line, column, line, column + 1)


class Document(msgspec.Struct, frozen=True, dict=True, eq=False):
    """What one document says.

    `value` is made of dict, list, str, int, Decimal, bool and None: an int for an integer literal and a Decimal, exact
    to the last digit, for every other number. Where `readable` is False, RF001 or RF004 left no value: it is None.
    Of a key that stands twice the last value counts. `problems` come in the order of the text.
    """

    value: object
    problems: tuple[Problem, ...]
    readable: bool
    source: Source
    places: Place | None = None

    def locate(self, pointer: str, part: Part = "value") -> Location | None:
        """Where the value at an RFC 6901 pointer, or its key, stands; None where the document has no such value.

        The key of what has none (the document, an array's element) is the value itself.
        """
        return self.locate_all([(pointer, part)])[0]

    def locate_all(self, wanted: Sequence[tuple[str, Part]]) -> list[Location | None]:
        """`locate` for many, in one pass over the text; answers come in the order of the questions."""
        if not self.readable:
            return [None] * len(wanted)
        spans = _scanned(self, wanted) if self.places is None else [_placed(self.places, *each) for each in wanted]
        return [span and self.source.location(*span) for span in spans]

    def line(self, number: int) -> str:
        """The line of that number (as in a Location), without its end; "" where the document has no such line."""
        index, starts = number - self.source.first_line, self.source.starts
        if not 0 <= index < len(starts) - 1:
            return ""
        return self.source.text[starts[index] : starts[index + 1] - 1].removesuffix("\r")

    @cached_property
    def _elements(self) -> list[int]:
        return _elements(self.source.text)


def pointer_of(path: Iterable[str]) -> str:
    """The RFC 6901 pointer of a path of keys and indexes."""
    return "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in path)


def path_of(pointer: str) -> list[str] | None:
    """The path of keys and indexes that a pointer says; None if it is no RFC 6901 pointer."""
    if not pointer:
        return []
    if pointer[0] != "/":
        return None
    path = pointer[1:].split("/")
    return [token.replace("~1", "/").replace("~0", "~") for token in path] if "~" in pointer else path


# What every format's reading shares: faults, which become problems once the text is read, and numbers.


class Fault(msgspec.Struct, frozen=True):
    """A problem at offsets of the text; `other` names a second place, whose line ends the message."""

    code: str
    message: str
    help: str = ""
    pointer: str = ""
    span: Span | None = None
    other: tuple[str, int] | None = None


class ReadingError(Exception):
    """A document that cannot be read any further, and the fault it has."""

    def __init__(self, message: str, span: Span | None = None, hint: str = "", *, code: str = "RF001") -> None:
        super().__init__(message)
        self.fault = Fault(code, message, hint, span=span)

    def at(self, path: Iterable[str]) -> Fault:
        """The fault, with the path of the value that was being read."""
        return msgspec.structs.replace(self.fault, pointer=pointer_of(path))


class Faults:
    """The faults of a document so far, which takes memory in proportion to it, however many it has."""

    def __init__(self) -> None:
        self.found: list[Fault] = []
        self._room = _ROOM

    def duplicate(self, kind: str, key: str, span: Span, path: Iterable[str], first: int) -> None:
        """Adds an RF002 for the key at `span` and `path`, which stands first at `first`."""
        if self._room < 0:
            return
        # Many duplicates below one long key would repeat it in every pointer: a square of the document's size.
        pointer = pointer_of(path)
        self._room -= len(pointer) + 100
        if self._room < 0:
            self.found.append(Fault("RF002", "more duplicate keys follow, which are not listed", span=span))
            return
        message = f"key {quoted(key)} stands twice in one {kind}"
        hint = "servers disagree on which one counts; keep one"
        self.found.append(Fault("RF002", message, hint, pointer, span, ("first at", first)))


def readable(source: Source, value: object, faults: Sequence[Fault] = (), places: Place | None = None) -> Document:
    """The document of a value that was read, whatever duplicates it has."""
    return Document(value, _problems(source, faults), True, source, places)


def unreadable(source: Source, faults: Sequence[Fault]) -> Document:
    """The document of bytes that gave no value."""
    return Document(None, _problems(source, faults), False, source)


def _problems(source: Source, faults: Sequence[Fault]) -> tuple[Problem, ...]:
    return tuple(_problem(source, fault) for fault in faults)


def _problem(source: Source, fault: Fault) -> Problem:
    other = f", {fault.other[0]} line {source.position(fault.other[1])[0]}" if fault.other else ""
    head = (fault.code, fault.message + other, fault.help, fault.pointer)
    if fault.span is None:
        return Problem(*head, None, None, None)
    start, end = _clipped(source.text, fault.span)
    line, column = source.position(start)
    return Problem(*head, line, column, column + end - start)


def _clipped(text: str, span: Span) -> Span:
    """The part of a span that is on its first line, one character at least."""
    start, end = span
    newline = text.find("\n", start, end)
    return start, max(end if newline < 0 else newline, start + 1)


def decoded(source: Source) -> str:
    """The source's text. Raises ReadingError where it is not in the source's encoding, or empty."""
    data, encoding = source.data, source.encoding
    wide = _wide(data[:4]) if encoding == "utf-8" else ""
    if wide:
        raise ReadingError(f"the document is {wide}, not UTF-8", hint="save it as UTF-8")
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        at = len(data[: error.start].decode(encoding).removeprefix("\ufeff"))
        message = f"byte {data[error.start]:#04x} at offset {error.start} is not {encoding.upper()}"
        raise ReadingError(message, (at, at + 1), "save the document as UTF-8") from None
    if not source.text.strip(_SPACES):
        raise ReadingError("the document is empty")
    return source.text


def _wide(head: bytes) -> str:
    """The name of the encoding, if the first four bytes of a document are UTF-16 or UTF-32."""
    if head.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")) or head[:3] == b"\0\0\0" or head[1:] == b"\0\0\0":
        return "UTF-32"
    return "UTF-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head[:2] else ""


def number(literal: str) -> int | Decimal:
    """The exact value of a decimal literal: an int where it has no '.', 'e' or 'E'; ReadingError beyond the limits."""
    refuse_excess(literal)
    return Decimal(literal) if any(mark in literal for mark in ".eE") else int(literal)


def number_at(literal: str, span: Span) -> int | Decimal:
    """As number, with the place of the literal in the error."""
    try:
        return number(literal)
    except ReadingError as refused:
        raise ReadingError(refused.fault.message, span) from None


def refuse_excess(literal: str) -> None:
    """Raises ReadingError for a number literal over 400 characters or with an exponent beyond 308, as written."""
    _refuse_long(literal)
    exponent = literal.lower().partition("e")[2]
    if exponent and abs(int(exponent)) > _EXPONENT:
        raise ReadingError(f"the exponent {exponent} is out of range: {-_EXPONENT} to {_EXPONENT}")


def _refuse_long(literal: str) -> None:
    if len(literal) > _DIGITS:
        raise ReadingError(f"a number of {len(literal)} characters: {_DIGITS} at most are read")


def quoted(text: str) -> str:
    """Text of the document for a message: in quotes, short, printable."""
    short = text if len(text) <= 40 else text[:39] + "…"
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in short) + '"'


# JSON: a fast lane that proves itself, and a careful one that knows every place.


def read_json(data: bytes, *, first_line: int = 1) -> Document:
    """Reads one JSON document (RFC 8259) in UTF-8, with or without a byte order mark.

    RF001: whatever is no JSON, NaN and Infinity, a lone surrogate, a number literal over 400 characters or with an
    exponent beyond 308. RF002: every further occurrence of a key in an object. RF004: more than 64 levels.
    Takes time and memory in proportion to the data, whatever it says.
    """
    source = Source(data, first_line=first_line)
    body = data[3:] if data.startswith(_BOM) else data
    try:
        value = _DECODER.decode(body)
        if _proven(body, value):
            return readable(source, value)
    except (ValueError, ArithmeticError, RecursionError, ReadingError):
        pass
    return _read_carefully(source)


def _exact(literal: str) -> Decimal:
    if len(literal) > _DIGITS or "e" in literal or "E" in literal:
        refuse_excess(literal)
    return Decimal(literal)


_DECODER = msgspec.json.Decoder(float_hook=_exact)
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_LONG = b"0" * (_DIGITS + 1)


def _proven(data: bytes, value: object) -> bool:
    """Whether the careful reading is sure to give this value and no problem."""
    if not unrepeated(data, value):
        return False
    if len(data) > _DIGITS and _LONG in data.translate(_ZEROS):
        return False
    return data.count(b"{") + data.count(b"[") <= DEPTH or not _deep(value)


def _deep(value: object) -> bool:
    """Whether a value has more levels than it may."""
    level = [value]
    for _ in range(DEPTH):
        level = [child for node in level if isinstance(node, (dict, list)) for child in _within(node)]
        if not level:
            return False
    return any(isinstance(node, (dict, list)) for node in level)


def _within(node: dict[str, object] | list[object]) -> Iterable[object]:
    return node.values() if isinstance(node, dict) else node


def _read_carefully(source: Source) -> Document:
    faults = Faults()
    try:
        reading = _Json(decoded(source), faults)
    except ReadingError as refused:
        return unreadable(source, [refused.fault])
    try:
        return readable(source, reading.document(), faults.found)
    except ReadingError as refused:
        return unreadable(source, [*faults.found, refused.at(reading.path())])


_SPACE = re.compile(f"[{_SPACES}]*+")
_PLAIN = re.compile(r'"([^"\\\x00-\x1f]*+)"')
_CHARACTERS = r'(?:[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*+'
_STRING = re.compile(f'"{_CHARACTERS}"')
_SURROGATE = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F]|\\(u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(\.[0-9]++)?([eE][-+]?[0-9]++)?(?![-+.\w])")
_WORD = re.compile(r"""[^\s,\[\]{}:"'/#]++""")
_WORDS = {"true": True, "false": False, "null": None}
_CLOSE = {"{": "}", "[": "]"}


class _Frame:
    """An object or array that is being read: where it began, and where each of its keys did."""

    __slots__ = ("container", "key", "keys", "start")

    def __init__(self, container: dict[str, object] | list[object], start: int) -> None:
        self.container = container
        self.start = start
        self.key = ""
        self.keys: dict[str, int] = {}

    def add(self, value: object) -> None:
        if isinstance(self.container, dict):
            self.container[self.key] = value
        else:
            self.container.append(value)

    def token(self) -> str:
        """The pointer token of the value that is read."""
        return self.key if isinstance(self.container, dict) else str(len(self.container))


class _Json:
    """The careful reading of one text; a loop with a stack of its own, so that no nesting is too deep for Python."""

    def __init__(self, text: str, faults: Faults) -> None:
        self.text = text
        self.faults = faults
        self.at = 0
        self.stack: list[_Frame] = []
        self.in_value = True

    def path(self) -> list[str]:
        """The path of the value that is read; between two values, of what they are in."""
        path = [frame.token() for frame in self.stack]
        return path if self.in_value else path[:-1]

    def document(self) -> object:
        while True:
            mark = self.peek()
            if mark in ("{", "["):
                if not self.opened(mark):
                    continue
                value: object = self.stack.pop().container
            else:
                value = self.scalar(mark)
            while self.stack:
                frame = self.stack[-1]
                frame.add(value)
                if self.continues(frame):
                    break
                value = self.stack.pop().container
            else:
                if self.peek():
                    self.refuse_trailing()
                return value

    def peek(self) -> str:
        """The next character that is no space; "" at the end."""
        mark = self.text[self.at : self.at + 1]
        if mark in _SPACES:
            # Every pattern is possessive: it never goes back, so that no text makes it slow.
            found = _SPACE.match(self.text, self.at)
            self.at = found.end() if found else self.at
            mark = self.text[self.at : self.at + 1]
        return mark

    def opened(self, mark: str) -> bool:
        """Reads the beginning of an object or array, and says whether that was all of it."""
        if len(self.stack) == DEPTH:
            self.refuse(f"nested more than {DEPTH} levels deep", self.at, self.at + 1, code="RF004")
        self.stack.append(_Frame({} if mark == "{" else [], self.at))
        self.at += 1
        if self.peek() == _CLOSE[mark]:
            self.at += 1
            return True
        if mark == "{":
            self.read_key()
        return False

    def continues(self, frame: _Frame) -> bool:
        """Reads what follows a value: a comma (and the next key) or the end of the object or array."""
        self.in_value = False
        keyed = isinstance(frame.container, dict)
        close = "}" if keyed else "]"
        mark = self.peek()
        if mark == close:
            self.at += 1
            return False
        if mark != ",":
            self.refuse_found(f'"," or "{close}"')
        comma = self.at
        self.at += 1
        if self.peek() in ("}", "]"):
            self.refuse("trailing comma", comma, comma + 1, "JSON has no comma after the last value; remove it")
        if keyed:
            self.read_key()
        self.in_value = True
        return True

    def read_key(self) -> None:
        frame = self.stack[-1]
        self.in_value = False
        if self.peek() != '"':
            self.refuse_key()
        start = self.at
        frame.key = key = self.string()
        self.in_value = True
        first = frame.keys.setdefault(key, start)
        if first != start:
            self.faults.duplicate("object", key, (start, self.at), self.path(), first)
        if self.peek() != ":":
            self.refuse_found(f'":" after the key {quoted(key)}')
        self.at += 1

    def string(self) -> str:
        start = self.at
        plain = _PLAIN.match(self.text, start)
        if plain:
            self.at = plain.end()
            return plain[1]
        escaped = _STRING.match(self.text, start)
        if not escaped:
            self.refuse_string()
        for found in _SURROGATE.finditer(escaped[0]):
            if found[1]:
                message = f"\\{found[1]} is half of a character, without its other half"
                self.refuse(message, start + found.start(), start + found.end())
        self.at = escaped.end()
        return msgspec.json.decode(escaped[0], type=str)

    def scalar(self, mark: str) -> object:
        if mark == '"':
            return self.string()
        found = _NUMBER.match(self.text, self.at)
        if found:
            self.at = found.end()
            return number_at(found[0], found.span())
        word = _WORD.match(self.text, self.at)
        if not word or word[0] not in _WORDS:
            self.refuse_value(word[0] if word else "")
        self.at = word.end()
        return _WORDS[word[0]]

    # What is wrong, in words that help.

    def refuse(self, message: str, start: int, end: int, hint: str = "", *, code: str = "RF001") -> NoReturn:
        raise ReadingError(message, (start, end), hint, code=code)

    def refuse_found(self, expected: str) -> NoReturn:
        """Refuses what stands here, where something else was expected."""
        mark = self.text[self.at : self.at + 1]
        if not mark:
            self.refuse_end(expected)
        if mark == "#" or self.text.startswith(("//", "/*"), self.at):
            self.refuse("a comment", self.at, self.at + 1, "JSON has no comments; remove it")
        if mark == "'":
            self.refuse("single quotes", self.at, self.at + 1, "JSON strings and keys want double quotes")
        found = _PLAIN.match(self.text, self.at) or _WORD.match(self.text, self.at)
        end = found.end() if found else self.at + 1
        hint = "a comma is missing before it" if expected.startswith('","') and mark not in "]}:" else ""
        what = quoted(self.text[self.at : end].strip('"') or '"')
        self.refuse(f"expected {expected}, found {what}", self.at, end, hint)

    def refuse_end(self, expected: str) -> NoReturn:
        """Refuses the end of the document within an object or array, or before its value."""
        end = len(self.text.rstrip(_SPACES))
        message = f"the document ends where {expected} is expected"
        fault = ReadingError(message, (end, end))
        if self.stack:
            frame = self.stack[-1]
            kind = "object" if isinstance(frame.container, dict) else "array"
            fault.fault = msgspec.structs.replace(fault.fault, other=(f"in the {kind} that begins at", frame.start))
        raise fault

    def refuse_key(self) -> NoReturn:
        word = _WORD.match(self.text, self.at)
        if word:
            self.refuse(f"the key {quoted(word[0])} is not in double quotes", *word.span())
        self.refuse_found('a key in double quotes or "}"' if not self.stack[-1].keys else "a key in double quotes")

    def refuse_value(self, word: str) -> NoReturn:
        start, end = self.at, self.at + len(word)
        if not word:
            self.refuse_found("a value")
        if word.lstrip("+-").lower() in ("nan", "infinity", "inf"):
            self.refuse(f"{word[:20]} is no JSON number", start, end, "give a number, or null if there is none")
        if word[0] in "+-.0123456789":
            hint = "digits, with no + or 0 before them, no separators, and a digit on both sides of the point"
            self.refuse(f"{quoted(word)} is no JSON number", start, end, hint)
        meant = {"True": "true", "False": "false", "None": "null", "undefined": "null"}.get(word)
        hint = f"write {meant}" if meant else 'a text wants straight double quotes: "'
        self.refuse(f"{quoted(word)} is no JSON value", start, end, hint)

    def refuse_string(self) -> NoReturn:
        start = self.at
        read = re.compile(f'"{_CHARACTERS}').match(self.text, start)
        end = read.end() if read else start
        bad = self.text[end : end + 1]
        if not bad:
            self.refuse("a string that is not closed", start, start + 1, "close it with a double quote")
        if bad == "\\":
            escape = self.text[end : end + (6 if self.text[end + 1 : end + 2] == "u" else 2)]
            self.refuse(f"{quoted(escape)} is no escape", end, end + len(escape), "a backslash is written \\\\")
        if bad in "\r\n":
            self.refuse("a line break in a string", end, end + 1, "close the string before it, or write \\n for it")
        self.refuse(f"the control character \\u{ord(bad):04x} in a string", end, end + 1, "write it as this escape")

    def refuse_trailing(self) -> NoReturn:
        several = self.text[self.at] in '{["'
        hint = "several documents, one a line, are a .jsonl file" if several else ""
        self.refuse("more follows after the end of the document", self.at, self.at + 1, hint)


# JSON: where things stand.


class _Wanted(msgspec.Struct):
    """A value that is asked for, or has such a value in it, and where it was found last."""

    children: dict[str, _Wanted] = {}
    asked: bool = False
    key: Span | None = None
    value: Span | None = None


# Tokens of a text that is known to be good: a key with its value, unless that is a container; a value on its own; the
# beginning of a container; its end. Possessive throughout: a pattern that could go back would take memory for it.
_QUOTED = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_VALUE = rf'({_QUOTED}|[^][{{}}",: \t\n\r]++)'
_TOKEN = re.compile(rf"[ \t\n\r,]*+(?:({_QUOTED})[ \t\n\r]*+:[ \t\n\r]*+{_VALUE}?|{_VALUE}|([{{[])|[]}}])")
_KEY, _MEMBER, _ITEM, _OPEN = 1, 2, 3, 4
_INDEX = re.compile("0|[1-9][0-9]{0,17}")
_FEW = 16


def _scanned(document: Document, wanted: Sequence[tuple[str, Part]]) -> list[Span | None]:
    """The spans of what is wanted in a JSON document, from a second pass over its text."""
    text, root = document.source.text, _Wanted()
    nodes = [_wanted(root, pointer) for pointer, _ in wanted]
    repeats = any(problem.code == "RF002" for problem in document.problems)
    if isinstance(document.value, list) and len(document.value) > _FEW and not root.asked:
        # A batch is asked about record by record: each pass then goes over that record alone.
        for token, node in root.children.items():
            start = _element(document._elements, token)
            if start is not None:
                _scan(text, node, repeats, start)
    else:
        _scan(text, root, repeats)
    return [_part(node, part) for node, (_, part) in zip(nodes, wanted, strict=True)]


def _part(node: _Wanted | Place | None, part: Part) -> Span | None:
    if node is None:
        return None
    return node.key if part == "key" and node.key else node.value


def _wanted(root: _Wanted, pointer: str) -> _Wanted | None:
    path = path_of(pointer)
    if path is None:
        return None
    node = root
    for token in path:
        child = node.children.get(token)
        if child is None:
            node.children[token] = child = _Wanted()
        node = child
    node.asked = True
    return node


def _elements(text: str) -> list[int]:
    """The offsets of the elements of a text that is an array."""
    found, depth = [], 0
    for token in _TOKEN.finditer(text):
        kind = token.lastindex
        if depth == 1 and kind in (_ITEM, _OPEN):
            found.append(token.start(kind))
        depth += (kind == _OPEN) - (kind is None)
    return found


def _element(elements: list[int], token: str) -> int | None:
    """Where the element that a pointer token names begins."""
    if not _INDEX.fullmatch(token) or int(token) >= len(elements):
        return None
    return elements[int(token)]


def _scan(text: str, root: _Wanted, repeats: bool, at: int = 0) -> None:
    """Notes the places of what is wanted in the value that begins at an offset of the text."""
    # Without duplicates the first occurrence is the last one, and the pass ends with the last find.
    _pass(text, root, at, -1 if repeats else _asked(root))
    if repeats:
        _drop_overwritten(root)


def _asked(root: _Wanted) -> int:
    nodes = [root]
    for node in nodes:
        nodes.extend(node.children.values())
    return sum(node.asked for node in nodes)


def _pass(text: str, root: _Wanted, at: int, left: int) -> None:
    """Goes through a value until `left` are found, and notes the last place of each that is wanted."""
    stack: list[tuple[_Wanted, bool, int, int]] = []
    node, keyed, start, index = _Wanted({"0": root}), False, 0, 0
    child: _Wanted | None = None
    unwanted = 0
    for token in _TOKEN.finditer(text, at):
        kind = token.lastindex
        if unwanted:
            # In a container that nobody wants only the brackets count.
            unwanted += (kind == _OPEN) - (kind is None)
            continue
        if kind is None:
            node.value = (start, token.end())
            left -= node.asked
            node, keyed, start, index = stack.pop()
        elif kind <= _MEMBER:
            key = token[_KEY][1:-1]
            child = node.children.get(_unescaped(key) if "\\" in key else key)
            if child is None:
                continue
            child.key = token.span(_KEY)
            if kind == _KEY:
                continue
            child.value = token.span(_MEMBER)
            left -= child.asked
        else:
            if not keyed:
                child = node.children.get(str(index))
                index += 1
            if kind == _OPEN:
                if child is None:
                    unwanted = 1
                    continue
                stack.append((node, keyed, start, index))
                node, keyed, start, index = child, token[_OPEN] == "{", token.start(_OPEN), 0
                continue
            if child is None:
                continue
            child.value = token.span(_ITEM)
            left -= child.asked
        if left == 0 or not stack:
            return


def _unescaped(token: str) -> str:
    return msgspec.json.decode(f'"{token}"', type=str)


def _drop_overwritten(root: _Wanted) -> None:
    """Forgets what stands in an earlier occurrence of a key, which a later one replaced."""
    nodes = [(root, root.value)]
    while nodes:
        node, outer = nodes.pop()
        if node.value and not (outer and outer[0] <= node.value[0] < outer[1]):
            node.value = node.key = None
        nodes += [(child, node.value) for child in node.children.values()]


def _placed(place: Place, pointer: str, part: Part) -> Span | None:
    """The span of what is wanted where a reading has noted all places."""
    path = path_of(pointer)
    if path is None:
        return None
    for token in path:
        child = place.children.get(token)
        if child is None:
            return None
        place = child
    return _part(place, part)


# YAML: the parser's events, resolved by the core schema of YAML 1.2.


def read_yaml(data: bytes) -> list[Document]:
    """Reads a YAML stream in UTF-8, one Document for each of its documents, by the core schema of YAML 1.2.

    So `no`, `1_000` and dates are strings, `0777` is 777, and a number literal keeps its digits. A key is its text as
    written; `<<` is a key like any other. RF001: what is no YAML, an empty document, a tag that the core schema lacks,
    a key that is no scalar, .inf and .nan, numbers beyond the limits of JSON's, aliases to more than 1,000 nodes.
    RF002 and RF004: as for JSON. A syntax error or RF004 ends the stream.

    PyYAML's C parser is used where it is there. What it and the Python one both accept they read the same; the Python
    one refuses tabs between tokens, and takes unknown directives and some stray `:` and `?` in flow style.
    """
    source = Source(data)
    try:
        text = decoded(source)
        control = _unprintable().search(text)
        if control:
            message = f"the control character \\u{ord(control[0]):04x}"
            raise ReadingError(message, control.span(), "YAML wants it escaped")
    except ReadingError as refused:
        return [unreadable(source, [refused.fault])]
    readings = _yaml_readings(text)
    if not readings:
        return [unreadable(source, [Fault("RF001", "the document is empty")])]
    return [reading.document(source) for reading in readings]


@cache
def _unprintable() -> re.Pattern[str]:
    """What YAML text may not hold; made on first use, since it takes longer than the rest of this module."""
    return re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


_HALF = re.compile("[\ud800-\udfff]")
_NO_CHARACTER = "invalid YAML: an escape that is no character"
_TAG = "tag:yaml.org,2002:"
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"(true|True|TRUE)|false|False|FALSE")
_INT = re.compile(r"[-+]?+[0-9]++")
_RADIX = re.compile(r"0o[0-7]++|0x[0-9a-fA-F]++")
_FLOAT = re.compile(r"[-+]?+(?:\.[0-9]++|[0-9]++(?:\.[0-9]*+)?+)(?:[eE][-+]?+[0-9]++)?+")
_INFINITE = re.compile(r"[-+]?(?:\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN")


def _yaml_readings(text: str) -> list[_Yaml]:
    """Read each document of a stream; the last one has the syntax error, if there is one."""
    readings, start = _read_events(text)
    if start is not None:
        # The scanner runs up to 1,024 characters ahead of the events. It may fail there (from PyYAML 6.0.4 on at 1,001
        # brackets too) before we see what we refuse, so we read the text before its error by itself.
        earlier, _ = _read_events(text[:start])
        refusal = earlier[-1].refusal if len(earlier) == len(readings) else None
        # A value directly before the error may be refused only because the text is cut there.
        if refusal and refusal.span and (refusal.code == "RF004" or text[refusal.span[1] : start].strip()):
            return earlier
    return readings


def _read_events(text: str) -> tuple[list[_Yaml], int | None]:
    """Read each document as far as the parser gets, and say where the scanner failed, if it did."""
    import yaml
    from yaml.scanner import ScannerError

    readings: list[_Yaml] = []
    in_document = False
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if isinstance(event, yaml.DocumentStartEvent):
                readings.append(_Yaml(text))
                in_document = True
            elif isinstance(event, yaml.DocumentEndEvent):
                in_document = False
            elif in_document:
                readings[-1].take(event)
                if readings[-1].ends_stream:
                    break
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        if not in_document:
            readings.append(_Yaml(text))
        readings[-1].refusal = readings[-1].refusal or readings[-1].syntax_fault(error)
        if isinstance(error, ScannerError):
            marks = [mark.index for mark in (error.context_mark, error.problem_mark) if mark]
            return readings, min(marks, default=None)
    return readings, None


class _Node(msgspec.Struct, frozen=True):
    """A value that has been read, its place, and the number of nodes and of levels that an alias to it adds."""

    value: object
    place: Place
    size: int = 1
    height: int = 0


def _bounds(event: Event) -> Span:
    start, end = event.start_mark, event.end_mark
    return (start.index, end.index) if start and end else (0, 0)


class _Collection:
    """A mapping or sequence that is being read."""

    def __init__(self, container: dict[str, object] | list[object], event: CollectionStartEvent) -> None:
        self.container = container
        self.anchor = event.anchor
        self.flow = event.flow_style
        self.start, self.end = _bounds(event)
        self.children: dict[str, Place] = {}
        self.key: tuple[str, Span] | None = None
        self.firsts: dict[str, int] = {}
        self.size = 1
        self.height = 1

    def wants_key(self) -> bool:
        return isinstance(self.container, dict) and self.key is None

    def token(self) -> str:
        if isinstance(self.container, list):
            return str(len(self.container))
        return self.key[0] if self.key else ""

    def add(self, node: _Node) -> None:
        token, place = self.token(), node.place
        if isinstance(self.container, list):
            self.container.append(node.value)
        elif self.key:
            self.container[token] = node.value
            start, end = place.value
            # Where a value that is not written stands, the two parsers see differently: it is shown at its key.
            place = Place(place.value if start < end else self.key[1], self.key[1], place.children)
            self.key = None
        self.children[token] = place
        self.end = max(self.end, place.value[1])
        self.size += node.size
        self.height = max(self.height, node.height + 1)


class _Yaml:
    """The reading of one document: takes its events one by one, with a stack of its own."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.faults = Faults()
        self.refusal: Fault | None = None
        self.ends_stream = False
        self.stack: list[_Collection] = []
        self.root: _Node | None = None
        self.anchors: dict[str, _Node | _Collection] = {}
        self.expanded = 0

    def document(self, source: Source) -> Document:
        if self.refusal or not self.root:
            refusal = self.refusal or Fault("RF001", "the document is empty")
            return unreadable(source, [*self.faults.found, refusal])
        return readable(source, self.root.value, self.faults.found, self.root.place)

    def path(self) -> list[str]:
        return [collection.token() for collection in self.stack if not collection.wants_key()]

    def take(self, event: Event) -> None:
        """Reads on, unless something was refused before."""
        if self.refusal:
            return
        try:
            self.read(event)
        except ReadingError as refused:
            # The C parser takes such an escape for a syntax error.
            syntax = str(refused) == _NO_CHARACTER
            fault = refused.at([] if syntax else self.path())
            self.refusal = msgspec.structs.replace(fault, span=fault.span or _bounds(event))
            # In a document that is too deep the parser's time grows with the square of the depth.
            self.ends_stream = syntax or fault.code == "RF004"

    def syntax_fault(self, error: Exception) -> Fault:
        """What the parser could not read, and where."""
        problem, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
        message = f"invalid YAML: {problem}"
        if problem is None or "Unicode character" in problem:
            message, mark = _NO_CHARACTER, getattr(error, "context_mark", None)
        at = min(mark.index, len(self.text)) if mark else 0
        hint = "YAML is indented with spaces, not with tabs" if self.text[at : at + 1] == "\t" else ""
        # No pointer: how far the parser has read ahead of its last event depends on the parser.
        return Fault("RF001", message, hint, span=(at, at) if mark else None)

    def read(self, event: Event) -> None:
        import yaml

        keyed = bool(self.stack) and self.stack[-1].wants_key()
        if isinstance(event, yaml.ScalarEvent):
            if keyed:
                self.read_key(event)
            elif self.stack or not _blank(event):
                self.complete(_Node(_resolved(event), Place(self.span(event))), event.anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.close(event)
        elif keyed:
            raise ReadingError("a key that is no plain text", hint="write the key itself")
        elif isinstance(event, yaml.AliasEvent):
            self.expand(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self.open(event)

    def span(self, event: Event) -> Span:
        start, end = _bounds(event)
        # A block scalar's event ends where the next token begins.
        return start, start + len(self.text[start:end].rstrip(_SPACES))

    def read_key(self, event: ScalarEvent) -> None:
        value = _resolved(event) if event.tag else event.value
        _refuse_halves(event.value)
        frame, span = self.stack[-1], self.span(event)
        if event.anchor:
            self.anchors[event.anchor] = _Node(value, Place(span))
        key: str = event.value
        first = frame.children.get(key)
        frame.key = (key, span)
        if first and first.key:
            start = frame.firsts.setdefault(key, first.key[0])
            self.faults.duplicate("mapping", key, span, self.path(), start)

    def open(self, event: CollectionStartEvent) -> None:
        import yaml

        if len(self.stack) == DEPTH:
            raise ReadingError(f"nested more than {DEPTH} levels deep", code="RF004")
        mapping = isinstance(event, yaml.MappingStartEvent)
        if event.tag and event.tag not in ("!", _TAG + ("map" if mapping else "seq")):
            raise _unknown_tag(event.tag)
        collection = _Collection({} if mapping else [], event)
        self.stack.append(collection)
        if event.anchor:
            self.anchors[event.anchor] = collection

    def close(self, event: Event) -> None:
        collection = self.stack.pop()
        # The end of a block style collection is where the next token begins: its last value ends before.
        end = _bounds(event)[1] if collection.flow else collection.end
        place = Place((collection.start, end), None, collection.children)
        node = _Node(collection.container, place, collection.size, collection.height)
        self.complete(node, None)
        if collection.anchor and self.anchors.get(collection.anchor) is collection:
            self.anchors[collection.anchor] = node

    def complete(self, node: _Node, anchor: str | None) -> None:
        if anchor:
            self.anchors[anchor] = node
        if self.stack:
            self.stack[-1].add(node)
        else:
            self.root = node

    def expand(self, event: AliasEvent) -> None:
        from copy import deepcopy

        name = event.anchor or ""
        node = self.anchors.get(name)
        if node is None:
            raise ReadingError(f"no anchor &{name} before its alias")
        if isinstance(node, _Collection):
            raise ReadingError(f"the alias *{name} stands within what it names")
        self.expanded += node.size
        if self.expanded > _EXPANSION:
            raise ReadingError(f"aliases expand beyond {_EXPANSION:,} nodes")
        if len(self.stack) + node.height > DEPTH:
            raise ReadingError(f"nested more than {DEPTH} levels deep", code="RF004")
        place = Place(self.span(event), None, node.place.children)
        # A copy, so that who takes something out of one place does not take it out of the other.
        self.complete(_Node(deepcopy(node.value), place, node.size, node.height), None)


def _blank(event: ScalarEvent) -> bool:
    """Whether nothing stands where the parser says that an empty scalar does."""
    return not (event.value or event.tag or event.anchor) and event.implicit[0]


def _resolved(event: ScalarEvent) -> object:
    """The value of a scalar: by its tag, or if it is plain by its text."""
    text, tag = event.value, event.tag
    _refuse_halves(text)
    if tag == "!" or tag == _TAG + "str" or (tag is None and not event.implicit[0]):
        return text
    if tag and tag not in (_TAG + "null", _TAG + "bool", _TAG + "int", _TAG + "float"):
        raise _unknown_tag(tag)
    kind, value = _core(text)
    if tag is None:
        return value
    due = tag.removeprefix(_TAG)
    if due == "float" and _INT.fullmatch(text):
        return Decimal(text)
    if kind != due:
        raise ReadingError(f"{quoted(text)} is no {due}, as its tag says")
    return value


def _core(text: str) -> tuple[str, object]:
    """What the core schema takes a plain scalar for, and its value."""
    if _NULL.fullmatch(text):
        return "null", None
    boolean = _BOOL.fullmatch(text)
    if boolean:
        return "bool", bool(boolean[1])
    if _RADIX.fullmatch(text):
        _refuse_long(text)
        return "int", int(text, 0)
    if _INT.fullmatch(text):
        return "int", number(text)
    if _FLOAT.fullmatch(text):
        return "float", number(text)
    if _INFINITE.fullmatch(text):
        raise ReadingError(f"{text} is no number that JSON has", hint="give a number, or null if there is none")
    return "str", text


def _refuse_halves(text: str) -> None:
    """Raises ReadingError for a lone surrogate, which the C parser refuses by itself."""
    if _HALF.search(text):
        raise ReadingError(_NO_CHARACTER)


def _unknown_tag(tag: str) -> ReadingError:
    tag = tag.replace(_TAG, "!!", 1)
    return ReadingError(f"the tag {quoted(tag)} is none of YAML's core schema", hint="remove it, or quote the text")
