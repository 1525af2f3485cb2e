"""curl commands, Python calls and JSON in a page -> values, with the line of every part.

Pages hold samples that no parser takes as they stand: commands on one line, statements without line ends, a keyword
given twice. So commands and statements are found by their words, and only the literals in them are parsed.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..spec import escape
from .blocks import PageError

CURL = re.compile(r"\bcurl\s")
METHOD = re.compile(r"(?<!\S)(?:-X|--request)[\s=]*['\"]?([A-Z]+)")
URL = re.compile(r"https?://[^\s'\"\\]+")
HEADER = re.compile(r"(?<!\S)(?:-H|--header)\s+(['\"])([\w.-]+):\s*(.*?)\1")
USER = re.compile(r"(?<!\S)(?:-u|--user)\s")
DATA = re.compile(r"(?<!\S)(?:-d|--data(?:-raw|-binary|-urlencode)?)[\s=]+(['\"]?)\s*(?=\S)")
ASSIGNED = re.compile(r"\b([A-Za-z_]\w*)\s*=\s*(?=[{\[\"'])")
CALL = re.compile(r"([A-Za-z_][\w.]*)\.(\w+)(?=\()")
VERBS = {"get", "post", "put", "patch", "delete"}
CONSTANTS = {"true": True, "false": False, "null": None}


class Literal(NamedTuple):
    """A value and the line of each part of it, by JSON pointer."""

    value: Any
    lines: dict[str, int]

    @property
    def line(self) -> int:
        return self.lines[""]


class Header(NamedTuple):
    """A header that a call sends."""

    name: str
    value: str
    line: int


class Call(NamedTuple):
    """A request as a page shows it; the call of an SDK has `arguments`, and neither method nor URL."""

    line: int
    method: str = ""
    url: str = ""
    headers: tuple[Header, ...] = ()
    user: bool = False
    body: Literal | None = None
    arguments: tuple[tuple[str, Literal], ...] = ()


def commands(text: str, line: int, place: str) -> Iterator[Call]:
    """Every curl command. Raises PageError when its data begins as JSON and is none."""
    for found in CURL.finditer(text):
        command = text[found.start() : _end_of_command(text, found.end())]
        start = line + text.count("\n", 0, found.start())
        url = URL.search(command)
        if not url:
            continue
        data = DATA.search(command)
        body = None
        if data and command[data.end()] in "{[":
            body = _json(command, data.end(), start, place)
        method = METHOD.search(command)
        yield Call(
            line=start + command.count("\n", 0, url.start()),
            method=method[1] if method else "POST" if data else "GET",
            url=url[0],
            headers=tuple(
                Header(header[2], header[3], start + command.count("\n", 0, header.start()))
                for header in HEADER.finditer(command)
            ),
            user=bool(USER.search(command)),
            body=body,
        )


def statements(text: str, line: int) -> Iterator[Call]:
    """Every Python call that sends a request: `requests.post(url, …)` and its like, or an SDK's with keywords."""
    values = dict(_assignments(text, line))
    for found in CALL.finditer(text):
        start = line + text.count("\n", 0, found.end())
        node = _parsed(text[found.end() : _end_of_literal(text, found.end())], "f")
        if isinstance(node, ast.Call):
            yield from _call(found[2], node, start, values)


def document(text: str, line: int, place: str) -> Literal:
    """A JSON document and nothing else. Raises PageError."""
    return _json(text, len(text) - len(text.lstrip()), line, place)


def leading(text: str, line: int, place: str) -> Literal | None:
    """The JSON that begins on a line of a text, if there is any. Raises PageError."""
    found = re.search(r"^[ \t]*(?=[{\[])", text, re.MULTILINE)
    return _json(text, found.end(), line, place) if found else None


def literal(text: str, line: int) -> Literal | None:
    """A cell or an argument that is a JSON or Python literal."""
    node = _parsed(text)
    return _literal(node, line) if node is not None else None


def _json(text: str, begin: int, line: int, place: str) -> Literal:
    start = line + text.count("\n", 0, begin)
    try:
        value, end = json.JSONDecoder().raw_decode(text, begin)
    except json.JSONDecodeError as error:
        wrong = line + text.count("\n", 0, error.pos)
        raise PageError(f"{place}:{wrong}: looked for JSON in the sample of line {start}: {error.msg}") from error
    positions = literal(text[begin:end], start)
    return Literal(value, positions.lines if positions else {"": start})


def _end_of_command(text: str, begin: int) -> int:
    """Where a shell command ends: at a line end that is neither quoted nor escaped."""
    quote = ""
    for index in range(begin, len(text)):
        character = text[index]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "\n" and not text[:index].rstrip(" \t").endswith("\\"):
            return index
    return len(text)


def _end_of_literal(text: str, begin: int) -> int:
    """Where the brackets or the quotes that open at `begin` are closed."""
    quote, depth, index = "", 0, begin
    while index < len(text):
        character = text[index]
        if quote:
            index += character == "\\"
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        else:
            depth += (character in "([{") - (character in ")]}")
        index += 1
        if not quote and not depth:
            break
    return index


def _assignments(text: str, line: int) -> Iterator[tuple[str, Literal]]:
    for found in ASSIGNED.finditer(text):
        node = _parsed(text[found.end() : _end_of_literal(text, found.end())])
        value = _literal(node, line + text.count("\n", 0, found.end())) if node is not None else None
        if value is not None:
            yield found[1], value


def _call(name: str, node: ast.Call, line: int, values: dict[str, Literal]) -> Iterator[Call]:
    positional = [value for value in (_value(part, line, values) for part in node.args) if value]
    keywords = [(word.arg, _value(word.value, line, values)) for word in node.keywords if word.arg]
    given = {word: value for word, value in keywords if value}
    if name in VERBS:
        url = given.get("url") or (positional[0] if positional else None)
        if url is None or not isinstance(url.value, str) or "/" not in url.value:
            return
        body = given.get("json") or given.get("data") or (positional[1] if len(positional) > 1 else None)
        headers = given.get("headers") or Literal({}, {"": line})
        sent = tuple(Header(key, str(value), headers.lines[f"/{escape(key)}"]) for key, value in headers.value.items())
        yield Call(line, name.upper(), url.value, sent, "auth" in given, body)
    elif keywords:
        yield Call(line, arguments=tuple((word, value) for word, value in keywords if value))


def _value(node: ast.expr, line: int, values: dict[str, Literal]) -> Literal | None:
    if isinstance(node, ast.Name) and node.id in values:
        return values[node.id]
    return _literal(node, line)


def _parsed(text: str, before: str = "") -> ast.expr | None:
    """The expression, and None when it is none; `before` makes the name of a call of it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # a JSON escape that Python does not have
            return ast.parse(before + text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return None


def _literal(node: ast.expr, line: int) -> Literal | None:
    lines: dict[str, int] = {}
    try:
        return Literal(_number(node, "", line, lines), lines)
    except ValueError:
        return None


def _number(node: ast.expr, pointer: str, line: int, lines: dict[str, int]) -> Any:
    """The value of a literal, its parts entered in `lines`. Raises ValueError when it is none."""
    lines.setdefault(pointer, line + node.lineno - 1)
    if isinstance(node, ast.Dict):
        return dict(_items(node, pointer, line, lines))
    if isinstance(node, ast.List | ast.Tuple):
        return [_number(item, f"{pointer}/{index}", line, lines) for index, item in enumerate(node.elts)]
    if isinstance(node, ast.Name) and node.id in CONSTANTS:
        return CONSTANTS[node.id]
    return ast.literal_eval(node)


def _items(node: ast.Dict, pointer: str, line: int, lines: dict[str, int]) -> Iterator[tuple[str, Any]]:
    for key, value in zip(node.keys, node.values, strict=True):
        if not isinstance(key, ast.Constant):
            raise ValueError("a key that is no constant")
        child = f"{pointer}/{escape(str(key.value))}"
        lines[child] = line + key.lineno - 1
        yield str(key.value), _number(value, child, line, lines)
