"""One record of a file -> its findings, each at its place in the file it stands in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from .check import Given, Hit, NotRun, complete, is_in_body, judge, order_of, part_of, plan
from .config import Config, effective
from .operations import Operation
from .request import Asked, read_request, unknown_operation
from .rule import REGISTRY, Finding, masked
from .rule import finding as make_finding
from .sources import Record

if TYPE_CHECKING:
    from .read import Document, Location

# Characters of a source line that are kept for showing it.
_WIDTH = 100
_READING = frozenset({"RF001", "RF002", "RF004"})
# The part of a request that the prefix of a pointer names.
_FOLDERS = {"path": "path", "query": "query", "header": "headers"}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line and the configuration say about every record of a run."""

    config: Config
    operation: Operation | None = None
    forced: bool = False
    response: str | None = None
    path: dict[str, str] | None = None
    query: dict[str, str] | None = None
    headers: dict[str, str] | None = None
    require: tuple[str, ...] = ()


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The order and the earlier refunds that a record is judged by, where files hold them."""

    order: Record | None = None
    refunds: Record | None = None


class Excerpt(msgspec.Struct, frozen=True):
    """The part of a source line around a value: the value is `width` characters from `start` (0-based)."""

    text: str
    start: int
    width: int


class Linted(msgspec.Struct, frozen=True, kw_only=True):
    """The findings of one record, each with its excerpt where it has a line, and what did not run for it."""

    file: str
    operation: str
    findings: tuple[tuple[Finding, Excerpt | None], ...]
    not_run: tuple[NotRun, ...]


def lint(record: Record, settings: Settings, context: Callable[[Asked], Context]) -> Linted:
    """Check one record. `context` finds the order and the refunds for what the record asks; it may raise SourceError."""
    if record.data is None:
        return _finished(record, "", _reading_problems(record), (), settings)
    if settings.response is not None:
        return _response(record, settings)
    asked = read_request(record.data, settings.operation, settings.forced)
    problems = [(REGISTRY[code], one) for code, one in asked.problems]
    if asked.operation is None:
        if not record.document.readable:
            problems = _reading_problems(record)
        return _finished(record, "", problems, (), settings, asked)
    found = context(asked)
    chosen = plan(asked.operation.name, settings.config)
    hits, skipped = judge(chosen, _merged(asked.given, settings, found), settings.require)
    if asked.doubtful:
        problems.extend(_envelope_problems(record))
    return _finished(record, asked.operation.name, [*problems, *hits], skipped, settings, asked, found)


def _response(record: Record, settings: Settings) -> Linted:
    """The record as a response of the operation: its reading and its schema."""
    from .schema import flaws

    operation = settings.operation
    if operation is None or record.data is None:
        return _finished(record, "", [(REGISTRY["RF003"], unknown_operation({})[1])], (), settings)
    hits = _reading_problems(record)
    if record.document.readable:
        value = at(record.document.value, record.at)
        hits.extend((REGISTRY[flaw.code], flaw.finding) for flaw in flaws(operation, value, settings.response or ""))
    return _finished(record, operation.name, hits, (), settings)


def _reading_problems(record: Record) -> list[Hit]:
    """What is wrong with the text of the whole record."""
    return [(REGISTRY[one.code], make_finding(one.pointer, one.message, one.help)) for one in record.document.problems]


def _envelope_problems(record: Record) -> Iterator[Hit]:
    """Keys that stand twice in the request itself, outside the parts that are read on their own."""
    for one in record.document.problems:
        inside = one.pointer.removeprefix(record.at)
        if one.code == "RF002" and not inside.startswith(("/body/", "/order/", "/refunds/")):
            yield REGISTRY["RF002"], make_finding(f"request:{inside}", one.message, one.help)


def _merged(given: Given, settings: Settings, context: Context) -> Given:
    """The parts of the request, with those of the command line beside them: its own word wins over a flag's."""
    return msgspec.structs.replace(
        given,
        path=_both(settings.path, given.path),
        query=_both(settings.query, given.query),
        headers=_both(settings.headers, given.headers),
        order=given.order if context.order is None else context.order.data or b"",
        refunds=given.refunds if context.refunds is None else context.refunds.data or b"",
    )


def _both(flags: dict[str, str] | None, own: dict[str, str] | None) -> dict[str, str] | None:
    return own if flags is None else {**flags, **(own or {})}


def _finished(
    record: Record,
    operation: str,
    hits: list[Hit],
    not_run: tuple[NotRun, ...],
    settings: Settings,
    asked: Asked | None = None,
    context: Context | None = None,
) -> Linted:
    """The findings with severities and places, in their order."""
    findings = []
    for rule, one in hits:
        severity = effective(settings.config, rule)
        if severity != "off":
            full = complete(rule, one, severity, operation)
            findings.append(_placed(full, record, asked is not None and asked.whole, context or Context()))
    ordered = tuple(sorted(findings, key=lambda pair: order_of(pair[0])))
    return Linted(file=record.file, operation=operation, findings=ordered, not_run=not_run)


def _placed(one: Finding, record: Record, whole: bool, context: Context) -> tuple[Finding, Excerpt | None]:
    """The finding at its line and column of the file that holds the value, and that part of the line."""
    prefix, rest = ("", one.pointer) if is_in_body(one.pointer) else one.pointer.split(":", 1)
    holder = {"order": context.order, "refunds": context.refunds}.get(prefix) or record
    if holder is not record:
        pointer = holder.at + rest
    elif prefix in _FOLDERS:
        pointer = f"{record.at}/{_FOLDERS[prefix]}/{rest}"
    elif prefix in ("order", "refunds"):
        pointer = f"{record.at}/{prefix}{rest}"
    else:
        pointer = record.at + ("/body" if whole and not prefix else "") + rest
    found = msgspec.structs.replace(one, file=holder.file, record=record.number)
    place = _place(holder.document, one, pointer)
    if place is None:
        return found, None
    excerpt = _excerpt(holder.document, place)
    return msgspec.structs.replace(found, line=place.line, column=place.column), excerpt


def _place(document: Document, one: Finding, pointer: str) -> Location | None:
    if one.code in _READING:
        known = [problem for problem in document.problems if problem.code == one.code]
        for problem in [problem for problem in known if problem.pointer == pointer] or known:
            if problem.line is None or problem.column is None or problem.end_column is None:
                return None
            return _location(problem.line, problem.column, problem.end_column)
    return document.locate(pointer, part_of(one)) if document.readable else None


def _location(line: int, column: int, end_column: int) -> Location:
    from .read import Location

    return Location(line, column, line, end_column)


def _excerpt(document: Document, place: Location) -> Excerpt:
    text = document.line(place.line)
    start = place.column - 1
    end = place.end_column - 1 if place.end_line == place.line else len(text)
    first = max(0, min(start - _WIDTH // 3, len(text) - _WIDTH))
    window = text[first : first + _WIDTH]
    width = max(1, min(end, first + len(window)) - start)
    return Excerpt(masked(window.expandtabs(1)), start - first, width)


def at(value: Any, pointer: str) -> Any:
    """The part of a value that a pointer names."""
    for token in pointer.split("/")[1:]:
        value = value[int(token)] if isinstance(value, list) else value[token]
    return value
