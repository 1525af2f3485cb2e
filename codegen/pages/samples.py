"""A page's text -> its sample calls (curl, Python) and JSON values, with the line of each part.

Pages hold samples that no parser takes as they stand: commands on one line, statements without line ends, a keyword
given twice. So commands and statements are found by their words, and only the literals in them are parsed.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator
from typing import Any

from ..spec import escape
from .kinds import Header, LocatedValue, PageValue, SampleCall

CURL = re.compile(r"\bcurl\s")
METHOD = re.compile(r"(?<!\S)(?:-X|--request)[\s=]*['\"]?([A-Z]+)")
URL = re.compile(r"https?://[^\s'\"\\]+")
HEADER = re.compile(r"(?<!\S)(?:-H|--header)\s+(['\"])([\w.-]+):\s*(.*?)\1")
USER = re.compile(r"(?<!\S)(?:-u|--user)\s")
DATA = re.compile(r"(?<!\S)(?:-d|--data(?:-raw|-binary|-urlencode)?)[\s=]+(['\"]?)\s*(?=\S)")
# A line that goes on with a command, though no backslash stands at the end of the line before.
MORE = re.compile(r"\s*(?:-[A-Za-z]\s|--[a-z]|['\"]?https?://)")
ASSIGNED = re.compile(r"\b([A-Za-z_]\w*)\s*=\s*(?=[{\[\"'])")
CALL = re.compile(r"([A-Za-z_][\w.]*)\.(\w+)(?=\()")
VERBS = {"get", "post", "put", "patch", "delete"}
CONSTANTS = {"true": True, "false": False, "null": None}


class SampleError(Exception):
    """A sample that cannot be read, and the line where reading stopped."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def commands(text: str, line: int) -> Iterator[SampleCall]:
    """Yield the call of every curl command."""
    for match in CURL.finditer(text):
        command = text[match.start() : _end_of_command(text, match.end())]
        start = line + text.count("\n", 0, match.start())
        url = URL.search(command)
        if not url:
            continue
        data = DATA.search(command)
        body, unreadable = _read_data(command, data.end(), start) if data else (None, None)
        method = METHOD.search(command)
        yield SampleCall(
            line=start + command.count("\n", 0, url.start()),
            method=method[1] if method else "POST" if data else "GET",
            url=url[0],
            headers=tuple(
                Header(header[2], header[3], start + command.count("\n", 0, header.start()))
                for header in HEADER.finditer(command)
            ),
            user=bool(USER.search(command)),
            body=body,
            unreadable=unreadable,
        )


def statements(text: str, line: int) -> Iterator[SampleCall]:
    """Yield every Python call that sends a request: `requests.post(url, …)`, or an SDK's call with keywords.

    A call whose arguments cannot be read is `unreadable`.
    """
    values = dict(_find_assignments(text, line))
    for match in CALL.finditer(text):
        start = line + text.count("\n", 0, match.end())
        node = _parse_expression(text[match.end() : _end_of_literal(text, match.end())], "f")
        if isinstance(node, ast.Call):
            yield from _make_call(match[2], node, start, values)
        else:
            unreadable = PageValue(f"looked for a Python call, and cannot read the arguments of {match[0]}", start)
            yield SampleCall(start, unreadable=unreadable)


def leading(text: str, line: int) -> LocatedValue | None:
    """Read the JSON that begins on a line of a text; None if there is none. Raises SampleError."""
    match = re.search(r"^[ \t]*(?=[{\[])", text, re.MULTILINE)
    return _read_json(text, match.end(), line) if match else None


def literal(text: str, line: int) -> LocatedValue | None:
    """Read a text that is a JSON or Python literal; None if it is none."""
    node = _parse_expression(text)
    return _read_literal(node, line) if node is not None else None


def _read_data(command: str, begin: int, line: int) -> tuple[LocatedValue | None, PageValue | None]:
    """Read the data of a command if it begins as JSON; else return why it cannot be read."""
    if command[begin] not in "{[":
        return None, None
    try:
        return _read_json(command, begin, line), None
    except SampleError as error:
        return None, PageValue(str(error), error.line)


def _read_json(text: str, begin: int, line: int) -> LocatedValue:
    start = line + text.count("\n", 0, begin)
    try:
        value, end = json.JSONDecoder().raw_decode(text, begin)
    except json.JSONDecodeError as error:
        raise SampleError(
            f"looked for JSON in the sample of line {start}: {error.msg}", line + text.count("\n", 0, error.pos)
        ) from error
    positions = literal(text[begin:end], start)
    return LocatedValue(value, positions.lines if positions else {"": start})


def _end_of_command(text: str, begin: int) -> int:
    """Return where a shell command ends: at a line end that is neither quoted nor escaped, unless options follow."""
    quote = ""
    for index in range(begin, len(text)):
        character = text[index]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "\n" and not text[:index].rstrip(" \t").endswith("\\") and not MORE.match(text, index):
            return index
    return len(text)


def _end_of_literal(text: str, begin: int) -> int:
    """Return the offset behind the brackets or quotes that open at `begin`."""
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


def _find_assignments(text: str, line: int) -> Iterator[tuple[str, LocatedValue]]:
    for match in ASSIGNED.finditer(text):
        node = _parse_expression(text[match.end() : _end_of_literal(text, match.end())])
        value = _read_literal(node, line + text.count("\n", 0, match.end())) if node is not None else None
        if value is not None:
            yield match[1], value


def _make_call(name: str, node: ast.Call, line: int, values: dict[str, LocatedValue]) -> Iterator[SampleCall]:
    positional = [value for value in (_read_value(part, line, values) for part in node.args) if value]
    keywords = [(word.arg, _read_value(word.value, line, values)) for word in node.keywords if word.arg]
    arguments = {word: value for word, value in keywords if value}
    if name in VERBS:
        url = arguments.get("url") or (positional[0] if positional else None)
        if url is None or not isinstance(url.value, str) or "/" not in url.value:
            return
        body = arguments.get("json") or arguments.get("data") or (positional[1] if len(positional) > 1 else None)
        headers = arguments.get("headers") or LocatedValue({}, {"": line})
        sent_headers = tuple(
            Header(key, str(value), headers.lines[f"/{escape(key)}"]) for key, value in headers.value.items()
        )
        yield SampleCall(line, name.upper(), url.value, sent_headers, "auth" in arguments, body)
    elif keywords:
        yield SampleCall(line, arguments=tuple((word, value) for word, value in keywords if value))


def _read_value(node: ast.expr, line: int, values: dict[str, LocatedValue]) -> LocatedValue | None:
    if isinstance(node, ast.Name) and node.id in values:
        return values[node.id]
    return _read_literal(node, line)


def _parse_expression(text: str, before: str = "") -> ast.expr | None:
    """Parse a Python expression; None if it is none. `before` is put before the text, to name a call."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # a JSON escape that Python does not have
            return ast.parse(before + text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return None


def _read_literal(node: ast.expr, line: int) -> LocatedValue | None:
    lines: dict[str, int] = {}
    try:
        return LocatedValue(_locate_parts(node, "", line, lines), lines)
    except ValueError:
        return None


def _locate_parts(node: ast.expr, pointer: str, line: int, lines: dict[str, int]) -> Any:
    """Return the value of a literal and enter the lines of its parts. Raises ValueError if it is none."""
    lines.setdefault(pointer, line + node.lineno - 1)
    if isinstance(node, ast.Dict):
        return dict(_locate_items(node, pointer, line, lines))
    if isinstance(node, ast.List | ast.Tuple):
        return [_locate_parts(item, f"{pointer}/{index}", line, lines) for index, item in enumerate(node.elts)]
    if isinstance(node, ast.Name) and node.id in CONSTANTS:
        return CONSTANTS[node.id]
    return ast.literal_eval(node)


def _locate_items(node: ast.Dict, pointer: str, line: int, lines: dict[str, int]) -> Iterator[tuple[str, Any]]:
    for key, value in zip(node.keys, node.values, strict=True):
        if not isinstance(key, ast.Constant):
            raise ValueError("a key that is no constant")
        child = f"{pointer}/{escape(str(key.value))}"
        lines[child] = line + key.lineno - 1
        yield str(key.value), _locate_parts(value, child, line, lines)
