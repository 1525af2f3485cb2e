"""Reads JSON text to its exact value: a fast decode that is checked, else a careful reader that finds every fault."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import NoReturn

import msgspec

from ..text import quote_text, without_bom
from .document import (
    DEPTH,
    NUMBER_LENGTH,
    SPACES,
    Document,
    Faults,
    ReadingError,
    SourceText,
    check_number,
    decode_text,
    make_document,
    make_unreadable,
    parse_number,
)
from .keys import UNREADABLE, has_unique_keys


def read_json(data: bytes, *, first_line: int = 1) -> Document:
    """Read one JSON document (RFC 8259) in UTF-8, with or without a byte order mark.

    RF001: what is not JSON, NaN and Infinity, a lone surrogate, a number literal over 400 characters or with an
    exponent beyond 308. RF002: every further occurrence of a key in an object. RF004: more than 64 levels.
    Time and memory are proportional to the data, whatever it holds.
    """
    source = SourceText(data, first_line=first_line)
    body = without_bom(data)
    try:
        value = EXACT_DECODER.decode(body)
        if _is_proven(body, value):
            return make_document(source, value)
    except (*UNREADABLE, ReadingError):
        pass
    return read_json_carefully(source)


def _parse_decimal(literal: str) -> Decimal:
    if len(literal) > NUMBER_LENGTH or "e" in literal or "E" in literal:
        check_number(literal)
    return Decimal(literal)


EXACT_DECODER = msgspec.json.Decoder(float_hook=_parse_decimal)
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * (NUMBER_LENGTH + 1)


def _is_proven(data: bytes, value: object) -> bool:
    """True if the careful reader would surely return this value and no problem."""
    if not has_unique_keys(data, value):
        return False
    if len(data) > NUMBER_LENGTH and _LONG_NUMBER in data.translate(_ZEROS):
        return False
    return data.count(b"{") + data.count(b"[") <= DEPTH or not _is_too_deep(value)


def _is_too_deep(value: object) -> bool:
    """True if a value is nested more than DEPTH levels deep."""
    level = [value]
    for _ in range(DEPTH):
        level = [child for node in level if isinstance(node, (dict, list)) for child in _children(node)]
        if not level:
            return False
    return any(isinstance(node, (dict, list)) for node in level)


def _children(node: dict[str, object] | list[object]) -> Iterable[object]:
    return node.values() if isinstance(node, dict) else node


def read_json_carefully(source: SourceText) -> Document:
    """Read one JSON document with our own reader, which finds every fault and its place."""
    faults = Faults()
    try:
        reader = _JsonReader(decode_text(source), faults)
    except ReadingError as error:
        return make_unreadable(source, [error.fault])
    try:
        return make_document(source, reader.read(), faults.items)
    except ReadingError as error:
        return make_unreadable(source, [*faults.items, error.at(reader.path())])


_SPACE = re.compile(f"[{SPACES}]*+")
_PLAIN = re.compile(r'"([^"\\\x00-\x1f]*+)"')
_CHARACTERS = r'(?:[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*+'
_STRING = re.compile(f'"{_CHARACTERS}"')
_SURROGATE = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F]|\\(u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(\.[0-9]++)?([eE][-+]?[0-9]++)?(?![-+.\w])")
_WORD = re.compile(r"""[^\s,\[\]{}:"'/#]++""")
_WORDS = {"true": True, "false": False, "null": None}
_CLOSE = {"{": "}", "[": "]"}


class _Frame:
    """An object or array that is being read, with the offsets of its start and its keys."""

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
        """Return the pointer token of the value that is being read."""
        return self.key if isinstance(self.container, dict) else str(len(self.container))


class _JsonReader:
    """The careful reader of one text.

    A loop with a stack of its own, so that no nesting is too deep for Python.
    """

    def __init__(self, text: str, faults: Faults) -> None:
        self.text = text
        self.faults = faults
        self.at = 0
        self.stack: list[_Frame] = []
        self.in_value = True

    def path(self) -> list[str]:
        """Return the path of the value that is being read; between values, of their container."""
        path = [frame.token() for frame in self.stack]
        return path if self.in_value else path[:-1]

    def read(self) -> object:
        while True:
            mark = self.peek()
            if mark in ("{", "["):
                if not self.open_container(mark):
                    continue
                value: object = self.stack.pop().container
            else:
                value = self.read_scalar(mark)
            while self.stack:
                frame = self.stack[-1]
                frame.add(value)
                if self.read_separator(frame):
                    break
                value = self.stack.pop().container
            else:
                if self.peek():
                    self.refuse_trailing()
                return value

    def peek(self) -> str:
        """Skip spaces and return the next character; "" at the end."""
        mark = self.text[self.at : self.at + 1]
        if mark in SPACES:
            # Every pattern is possessive: it never goes back, so that no text makes it slow.
            spaces = _SPACE.match(self.text, self.at)
            self.at = spaces.end() if spaces else self.at
            mark = self.text[self.at : self.at + 1]
        return mark

    def open_container(self, mark: str) -> bool:
        """Read the beginning of an object or array; True if it is empty and so complete."""
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

    def read_separator(self, frame: _Frame) -> bool:
        """Read what follows a value: True for a comma (and the next key), False for the end."""
        self.in_value = False
        is_object = isinstance(frame.container, dict)
        close = "}" if is_object else "]"
        mark = self.peek()
        if mark == close:
            self.at += 1
            return False
        if mark != ",":
            self.refuse_here(f'"," or "{close}"')
        comma = self.at
        self.at += 1
        if self.peek() in ("}", "]"):
            self.refuse("trailing comma", comma, comma + 1, "JSON has no comma after the last value; remove it")
        if is_object:
            self.read_key()
        self.in_value = True
        return True

    def read_key(self) -> None:
        frame = self.stack[-1]
        self.in_value = False
        if self.peek() != '"':
            self.refuse_key()
        start = self.at
        frame.key = key = self.read_string()
        self.in_value = True
        first = frame.keys.setdefault(key, start)
        if first != start:
            self.faults.add_duplicate("object", key, (start, self.at), self.path(), first)
        if self.peek() != ":":
            self.refuse_here(f'":" after the key {quote_text(key)}')
        self.at += 1

    def read_string(self) -> str:
        start = self.at
        plain = _PLAIN.match(self.text, start)
        if plain:
            self.at = plain.end()
            return plain[1]
        escaped = _STRING.match(self.text, start)
        if not escaped:
            self.refuse_string()
        for escape in _SURROGATE.finditer(escaped[0]):
            if escape[1]:
                message = f"\\{escape[1]} is half of a character, without its other half"
                self.refuse(message, start + escape.start(), start + escape.end())
        self.at = escaped.end()
        return msgspec.json.decode(escaped[0], type=str)

    def read_scalar(self, mark: str) -> object:
        if mark == '"':
            return self.read_string()
        number = _NUMBER.match(self.text, self.at)
        if number:
            self.at = number.end()
            return parse_number(number[0], number.span())
        word = _WORD.match(self.text, self.at)
        if not word or word[0] not in _WORDS:
            self.refuse_value(word[0] if word else "")
        self.at = word.end()
        return _WORDS[word[0]]

    # Faults, with messages that help.

    def refuse(self, message: str, start: int, end: int, hint: str = "", *, code: str = "RF001") -> NoReturn:
        raise ReadingError(message, (start, end), hint, code=code)

    def refuse_here(self, expected: str) -> NoReturn:
        """Refuse the text at this offset, where something else was expected."""
        mark = self.text[self.at : self.at + 1]
        if not mark:
            self.refuse_end(expected)
        if mark == "#" or self.text.startswith(("//", "/*"), self.at):
            self.refuse("a comment", self.at, self.at + 1, "JSON has no comments; remove it")
        if mark == "'":
            self.refuse("single quotes", self.at, self.at + 1, "JSON strings and keys want double quotes")
        token = _PLAIN.match(self.text, self.at) or _WORD.match(self.text, self.at)
        end = token.end() if token else self.at + 1
        hint = "a comma is missing before it" if expected.startswith('","') and mark not in "]}:" else ""
        shown = quote_text(self.text[self.at : end].strip('"') or '"')
        self.refuse(f"expected {expected}, found {shown}", self.at, end, hint)

    def refuse_end(self, expected: str) -> NoReturn:
        """Refuse the end of the document within an object or array, or before its value."""
        end = len(self.text.rstrip(SPACES))
        message = f"the document ends where {expected} is expected"
        error = ReadingError(message, (end, end))
        if self.stack:
            frame = self.stack[-1]
            kind = "object" if isinstance(frame.container, dict) else "array"
            related = (f"in the {kind} that begins at", frame.start)
            error.fault = msgspec.structs.replace(error.fault, related=related)
        raise error

    def refuse_key(self) -> NoReturn:
        word = _WORD.match(self.text, self.at)
        if word:
            self.refuse(f"the key {quote_text(word[0])} is not in double quotes", *word.span())
        self.refuse_here('a key in double quotes or "}"' if not self.stack[-1].keys else "a key in double quotes")

    def refuse_value(self, word: str) -> NoReturn:
        start, end = self.at, self.at + len(word)
        if not word:
            self.refuse_here("a value")
        if word.lstrip("+-").lower() in ("nan", "infinity", "inf"):
            self.refuse(f"{word[:20]} is no JSON number", start, end, "give a number, or null if there is none")
        if word[0] in "+-.0123456789":
            hint = "digits, with no + or 0 before them, no separators, and a digit on both sides of the point"
            self.refuse(f"{quote_text(word)} is no JSON number", start, end, hint)
        json_word = {"True": "true", "False": "false", "None": "null", "undefined": "null"}.get(word)
        hint = f"write {json_word}" if json_word else 'a text wants straight double quotes: "'
        self.refuse(f"{quote_text(word)} is no JSON value", start, end, hint)

    def refuse_string(self) -> NoReturn:
        start = self.at
        valid_part = re.compile(f'"{_CHARACTERS}').match(self.text, start)
        end = valid_part.end() if valid_part else start
        character = self.text[end : end + 1]
        if not character:
            self.refuse("a string that is not closed", start, start + 1, "close it with a double quote")
        if character == "\\":
            escape = self.text[end : end + (6 if self.text[end + 1 : end + 2] == "u" else 2)]
            self.refuse(f"{quote_text(escape)} is no escape", end, end + len(escape), "a backslash is written \\\\")
        if character in "\r\n":
            self.refuse("a line break in a string", end, end + 1, "close the string before it, or write \\n for it")
        self.refuse(
            f"the control character \\u{ord(character):04x} in a string", end, end + 1, "write it as this escape"
        )

    def refuse_trailing(self) -> NoReturn:
        is_next_document = self.text[self.at] in '{["'
        hint = "several documents, one a line, are a .jsonl file" if is_next_document else ""
        self.refuse("more follows after the end of the document", self.at, self.at + 1, hint)
