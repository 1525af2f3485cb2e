"""Bytes to a value, exactly, with what is wrong with them (RF001, RF002, RF004) and where everything stands.

This is the slow and exact reading. It runs for documents that a typed decode refused or doubted, or found something in.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NoReturn, TypeAlias

import msgspec

if TYPE_CHECKING:
    from yaml import Event, ScalarEvent  # type: ignore[import-untyped,unused-ignore]

Part: TypeAlias = Literal["value", "key"]
Span: TypeAlias = tuple[int, int]

DEPTH = 64
"""The levels of nesting that a document may have; the bracket of the next one is RF004."""

_DIGITS = 400
_EXPONENT = 308
_EXPANSION = 1_000
_ROOM = 1_000_000
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
    def lines(self) -> list[str]:
        return self.text.split("\n")

    def positions(self, offsets: Iterable[int]) -> dict[int, tuple[int, int]]:
        """The line and column of every offset, in one pass over the text however many they are."""
        text, found = self.text, {}
        line, start, seen = self.first_line, 0, 0
        for offset in sorted(set(offsets)):
            line += text.count("\n", seen, offset)
            start = max(start, text.rfind("\n", seen, offset) + 1)
            found[offset] = (line, offset - start + 1)
            seen = offset
        return found


class Document(msgspec.Struct, frozen=True, eq=False):
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
        known = [(start, max(end, start + 1)) for start, end in filter(None, spans)]
        at = self.source.positions([offset for span in known for offset in span])
        locations = iter([Location(*at[start], *at[end]) for start, end in known])
        return [span and next(locations) for span in spans]

    def line(self, number: int) -> str:
        """The line of that number (as in a Location), without its end; "" where the document has no such line."""
        index = number - self.source.first_line
        return self.source.lines[index].removesuffix("\r") if 0 <= index < len(self.source.lines) else ""


def pointer(tokens: Iterable[str]) -> str:
    """The RFC 6901 pointer of a path of keys and indexes."""
    return "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in tokens)


def tokens(pointer: str) -> list[str] | None:
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


class Refused(Exception):
    """A document that cannot be read any further, and the fault it has."""

    def __init__(self, message: str, span: Span | None = None, help: str = "", *, code: str = "RF001") -> None:
        super().__init__(message)
        self.fault = Fault(code, message, help, span=span)

    def at(self, path: Iterable[str]) -> Fault:
        """The fault, with the path of the value that was being read."""
        return msgspec.structs.replace(self.fault, pointer=pointer(path))


class Faults:
    """The faults of a document so far, which takes memory in proportion to it, however many it has."""

    def __init__(self) -> None:
        self.found: list[Fault] = []
        self._room = _ROOM

    def duplicate(self, message: str, span: Span, pointer: str, first: int) -> None:
        """Adds an RF002 at `span` for what stands first at `first`."""
        if self._room < 0:
            return
        # Many duplicates below one long key would repeat it in every pointer: a square of the document's size.
        self._room -= len(pointer) + 100
        if self._room < 0:
            self.found.append(Fault("RF002", "more duplicate keys follow, which are not listed", span=span))
        else:
            help = "servers disagree on which one counts; keep one"
            self.found.append(Fault("RF002", message, help, pointer, span, ("first at", first)))


def document(source: Source, value: object, faults: Sequence[Fault] = (), places: Place | None = None) -> Document:
    """The document of a value that was read, whatever duplicates it has."""
    return Document(value, _problems(source, faults), True, source, places)


def unreadable(source: Source, faults: Sequence[Fault]) -> Document:
    """The document of bytes that gave no value."""
    return Document(None, _problems(source, faults), False, source)


def _problems(source: Source, faults: Sequence[Fault]) -> tuple[Problem, ...]:
    if not faults:
        return ()
    spans = [_clipped(source.text, fault.span) for fault in faults]
    offsets = [offset for span in filter(None, spans) for offset in span]
    at = source.positions(offsets + [fault.other[1] for fault in faults if fault.other])
    return tuple(_problem(fault, span, at) for fault, span in zip(faults, spans, strict=True))


def _problem(fault: Fault, span: Span | None, at: dict[int, tuple[int, int]]) -> Problem:
    other = f", {fault.other[0]} line {at[fault.other[1]][0]}" if fault.other else ""
    line, column = at[span[0]] if span else (None, None)
    end = at[span[1]][1] if span else None
    return Problem(fault.code, fault.message + other, fault.help, fault.pointer, line, column, end)


def _clipped(text: str, span: Span | None) -> Span | None:
    """The part of a span that is on its first line, one character at least."""
    if span is None:
        return None
    start, end = span
    newline = text.find("\n", start, end)
    return start, max(end if newline < 0 else newline, start + 1)


def decoded(source: Source) -> str:
    """The source's text; Refused where it is not UTF-8, or empty."""
    data = source.data
    wide = _wide(data[:4])
    if wide:
        raise Refused(f"the document is {wide}, not UTF-8", help="save it as UTF-8")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        at = len(data[: error.start].decode().removeprefix("\ufeff"))
        message = f"byte {data[error.start]:#04x} at offset {error.start} is not UTF-8"
        raise Refused(message, (at, at + 1), "save the document as UTF-8") from None
    if not source.text.strip(" \t\r\n"):
        raise Refused("the document is empty")
    return source.text


def _wide(head: bytes) -> str:
    """The name of the encoding, if the first four bytes of a document are UTF-16 or UTF-32."""
    if head.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")) or head[:3] == b"\0\0\0" or head[1:] == b"\0\0\0":
        return "UTF-32"
    return "UTF-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head[:2] else ""


def number(literal: str) -> int | Decimal:
    """The exact value of a decimal literal: an int where it has no '.', 'e' or 'E'; Refused beyond the limits."""
    refuse_excess(literal)
    return Decimal(literal) if any(mark in literal for mark in ".eE") else int(literal)


def refuse_excess(literal: str) -> None:
    """Raises Refused for a number literal over 400 characters or with an exponent beyond 308, as written."""
    if len(literal) > _DIGITS:
        raise Refused(f"a number of {len(literal)} characters: {_DIGITS} at most are read")
    exponent = literal.lower().partition("e")[2]
    if exponent and abs(int(exponent)) > _EXPONENT:
        raise Refused(f"the exponent {exponent} is out of range: {-_EXPONENT} to {_EXPONENT}")


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
            return document(source, value)
    except (ValueError, ArithmeticError, RecursionError, Refused):
        pass
    return _read_carefully(source)


def may_repeat_keys(data: bytes, encoded: bytes) -> bool:
    """Whether an object in JSON text may name a key twice; False is a proof that none does.

    `encoded` is what was decoded from `data`, encoded again by any encoder that adds nothing: no default of an absent
    field, no escape of a colon. Where it leaves something out (fields that the model lacks), the answer is True.
    """
    # A key has one colon, and only \u003a can put one into the encoding that the data does not have: what the decoder
    # dropped shows as a difference.
    return b"\\u003" in data or data.count(b":") != encoded.count(b":")


def _exact(literal: str) -> Decimal:
    if len(literal) > _DIGITS or "e" in literal or "E" in literal:
        refuse_excess(literal)
    return Decimal(literal)


_DECODER = msgspec.json.Decoder(float_hook=_exact)
_ENCODER = msgspec.json.Encoder()
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_LONG = b"0" * (_DIGITS + 1)


def _proven(data: bytes, value: object) -> bool:
    """Whether the careful reading is sure to give this value and no problem."""
    if may_repeat_keys(data, _ENCODER.encode(value)):
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
    except Refused as refused:
        return unreadable(source, [refused.fault])
    try:
        return document(source, reading.document(), faults.found)
    except Refused as refused:
        return unreadable(source, [*faults.found, refused.at(reading.path())])


_SPACE = re.compile(r"[ \t\n\r]*+")
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
        """The pointer token of the value that is read next."""
        return self.key if isinstance(self.container, dict) else str(len(self.container))


class _Json:
    """The careful reading of one text; a loop with a stack of its own, so that no nesting is too deep for Python."""

    def __init__(self, text: str, faults: Faults) -> None:
        self.text = text
        self.faults = faults
        self.at = 0
        self.stack: list[_Frame] = []

    def path(self) -> list[str]:
        return [frame.token() for frame in self.stack]

    def document(self) -> object:
        while True:
            mark = self.peek()
            if mark == "{" or mark == "[":
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
        # Every pattern is possessive: it never goes back, so that no text makes it slow.
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.text[self.at : self.at + 1]

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
        return True

    def read_key(self) -> None:
        frame = self.stack[-1]
        if self.peek() != '"':
            self.refuse_key()
        start = self.at
        frame.key = key = self.string()
        first = frame.keys.setdefault(key, start)
        if first != start:
            message = f"key {quoted(key)} stands twice in one object"
            self.faults.duplicate(message, (start, self.at), pointer(self.path()), first)
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
            try:
                return number(found[0])
            except Refused as refused:
                raise Refused(refused.fault.message, found.span()) from None
        word = _WORD.match(self.text, self.at)
        if not word or word[0] not in _WORDS:
            self.refuse_value(word[0] if word else "")
        self.at = word.end()
        return _WORDS[word[0]]

    # What is wrong, in words that help.

    def refuse(self, message: str, start: int, end: int, help: str = "", *, code: str = "RF001") -> NoReturn:
        raise Refused(message, (start, end), help, code=code)

    def refuse_found(self, expected: str) -> NoReturn:
        """Refuses what stands here, where something else was expected."""
        mark = self.text[self.at : self.at + 1]
        if not mark:
            self.refuse_end(expected)
        if mark == "#" or self.text.startswith(("//", "/*"), self.at):
            self.refuse("a comment", self.at, self.at + 1, "JSON has no comments; remove it")
        if mark == "'":
            self.refuse("single quotes", self.at, self.at + 1, "JSON strings and keys want double quotes")
        word = _WORD.match(self.text, self.at)
        end = word.end() if word else self.at + 1
        help = "a comma is missing before it" if expected.startswith('","') and mark not in "]}:" else ""
        self.refuse(f"expected {expected}, found {quoted(self.text[self.at : end])}", self.at, end, help)

    def refuse_end(self, expected: str) -> NoReturn:
        """Refuses the end of the document within an object or array, or before its value."""
        end = len(self.text.rstrip(" \t\n\r"))
        message = f"the document ends where {expected} is expected"
        fault = Refused(message, (end, end))
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
            help = "digits, with no + or 0 before them, no separators, and a digit on both sides of the point"
            self.refuse(f"{quoted(word)} is no JSON number", start, end, help)
        meant = {"True": "true", "False": "false", "None": "null", "undefined": "null"}.get(word)
        help = f"write {meant}" if meant else "a text wants double quotes"
        self.refuse(f"{quoted(word)} is no JSON value", start, end, help)

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
        help = "several documents, one a line, are a .jsonl file" if several else ""
        self.refuse("more follows after the end of the document", self.at, self.at + 1, help)


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


def _scanned(document: Document, wanted: Sequence[tuple[str, Part]]) -> list[Span | None]:
    """The spans of what is wanted in a JSON document, from a second pass over its text."""
    root = _Wanted()
    nodes = [_wanted(root, pointer) for pointer, _ in wanted]
    repeats = any(problem.code == "RF002" for problem in document.problems)
    # Without duplicates the first occurrence is the last one, and the pass ends with the last find.
    left = -1 if repeats else len({id(node) for node in nodes if node})
    _scan(document.source.text, root, left)
    if repeats:
        _drop_overwritten(root)
    return [
        node and (node.key if part == "key" and node.key else node.value)
        for node, (_, part) in zip(nodes, wanted, strict=True)
    ]


def _wanted(root: _Wanted, pointer: str) -> _Wanted | None:
    path = tokens(pointer)
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


def _scan(text: str, root: _Wanted, left: int) -> None:
    """Notes where the wanted values stand, until none is left to find."""
    stack: list[tuple[_Wanted, bool, int, int]] = []
    node, keyed, start, index = _Wanted({"0": root}), False, 0, 0
    unwanted = 0
    child: _Wanted | None = None
    for token in _TOKEN.finditer(text):
        kind = token.lastindex
        if unwanted:
            # In a container that nobody wants only the brackets count.
            if kind == _OPEN:
                unwanted += 1
            elif kind is None:
                unwanted -= 1
            continue
        if kind is None:
            node.value = (start, token.end())
            left -= node.asked
            node, keyed, start, index = stack.pop()
        elif kind <= _MEMBER:
            key = token[1][1:-1]
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
        if left == 0:
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
    path = tokens(pointer)
    if path is None:
        return None
    for token in path:
        child = place.children.get(token)
        if child is None:
            return None
        place = child
    return place.key if part == "key" and place.key else place.value
