"""Findings -> line and column of the file that holds the value, with the part of the line to show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from ..checking.check import is_in_body, part_of
from ..errors import Finding
from ..request import Request
from .document import RequestDocument
from .entry import Record
from .secrets import CREDENTIALS, mask_secrets

if TYPE_CHECKING:
    from ..reading.document import Document, Location, Problem

# Characters of a source line that an excerpt holds.
_WIDTH = 100
_READING = frozenset({"RF001", "RF002", "RF004"})
# The part of a request that the prefix of a pointer names.
_PARTS = {"path": "path", "query": "query", "header": "headers"}


class RecordContext(msgspec.Struct, frozen=True, kw_only=True):
    """The order and the earlier refunds that a record is judged by, where files hold them."""

    order: Record | None = None
    refunds: Record | None = None


class Excerpt(msgspec.Struct, frozen=True):
    """The part of a source line around a value: the value is `width` characters from `start` (0-based)."""

    text: str
    start: int
    width: int


def place_findings(
    findings: list[Finding], record: Record, document: RequestDocument | None, context: RecordContext
) -> Iterator[tuple[Finding, Excerpt | None]]:
    """Yield each finding with file, line and column, and the excerpt of its line."""
    is_request = document is not None and document.is_request
    secrets = _find_secrets(document.request if document is not None else None)
    homes = [_find_home(finding, record, is_request, context) for finding in findings]
    for holder in dict.fromkeys(holder for holder, _ in homes):
        pairs = [(finding, home[1]) for finding, home in zip(findings, homes, strict=True) if home[0] is holder]
        texts: dict[int, str] = {}
        for (finding, _), place in zip(pairs, _locate(holder.document, pairs), strict=True):
            in_file = msgspec.structs.replace(finding, file=holder.file, record=record.number)
            if place is None:
                yield in_file, None
                continue
            before = holder.column if place.line == holder.document.source.first_line else 0
            if place.line not in texts:
                texts[place.line] = _hide_secrets(holder.document.line(place.line), secrets)
            in_line = msgspec.structs.replace(in_file, line=place.line, column=before + place.column)
            yield in_line, _cut_excerpt(texts[place.line], place)


def _find_home(finding: Finding, record: Record, is_request: bool, context: RecordContext) -> tuple[Record, str]:
    """Find the record that holds what a finding is about, and its pointer there."""
    prefix, pointer = ("", finding.pointer) if is_in_body(finding.pointer) else finding.pointer.split(":", 1)
    holder = {"order": context.order, "refunds": context.refunds}.get(prefix)
    if holder is not None:
        return holder, pointer
    if prefix in _PARTS:
        return record, f"/{_PARTS[prefix]}/{pointer}"
    if prefix in ("order", "refunds"):
        return record, f"/{prefix}{pointer}"
    return record, ("/body" if is_request and not prefix else "") + pointer


def _locate(document: Document, pairs: list[tuple[Finding, str]]) -> list[Location | None]:
    """Locate the findings of one document; problems of reading bring their own place.

    A path, query or header value that is missing is located at the object that lacks it.
    """
    places = document.locate_all([(pointer, part_of(finding)) for finding, pointer in pairs])
    missing = [index for index, place in enumerate(places) if place is None]
    if missing:
        parents = document.locate_all([(pairs[index][1].rpartition("/")[0], "value") for index in missing])
        for index, place in zip(missing, parents, strict=True):
            places[index] = place
    problems: dict[tuple[str, str], Problem] = {}
    for problem in reversed(document.problems):
        problems[problem.code, problem.pointer] = problems[problem.code, ""] = problem
    for index, (finding, pointer) in enumerate(pairs):
        if finding.code in _READING:
            places[index] = _place_of(problems.get((finding.code, pointer)) or problems.get((finding.code, "")))
    return places


def _place_of(problem: Problem | None) -> Location | None:
    from ..reading.document import Location

    if problem is None or problem.line is None or problem.column is None or problem.end_column is None:
        return None
    return Location(problem.line, problem.column, problem.line, problem.end_column)


def _find_secrets(request: Request | None) -> tuple[str, ...]:
    """Return the values of a request's credentials, longest first: they are hidden in every line."""
    if request is None or (request.headers is None and request.query is None):
        return ()
    from json import dumps

    values = [
        value
        for part in (request.headers, request.query)
        for name, value in (part or {}).items()
        if name.lower() in CREDENTIALS and value
    ]
    return tuple(sorted({form for value in values for form in (value, dumps(value)[1:-1])}, key=len, reverse=True))


def _hide_secrets(line: str, secrets: tuple[str, ...]) -> str:
    """Mask a whole line: masked after the cut, half a card number would not be recognised."""
    text = mask_secrets(line)
    for secret in secrets:
        text = text.replace(secret, "*" * len(secret))
    return text


def _cut_excerpt(text: str, place: Location) -> Excerpt:
    start = place.column - 1
    end = place.end_column - 1 if place.end_line == place.line else len(text)
    first = max(0, min(start - _WIDTH // 3, len(text) - _WIDTH))
    window = text[first : first + _WIDTH]
    width = max(1, min(end, first + len(window)) - start)
    return Excerpt(window.expandtabs(1), start - first, width)
