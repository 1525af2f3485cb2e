"""One record of a file -> its findings, each at its place in the file it stands in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec
from refundkit_apis._runtime.codec import encode

from ..checking.check import Hit, complete_finding, is_in_body, judge, mask_pointer, part_of, sort_key
from ..checking.context import places_in_model, read_order
from ..checking.plan import make_plan
from ..config import Config, effective
from ..errors import VALID_BODY, Finding, NotRun, RuleError
from ..errors import finding as make_finding
from ..operations import Operation
from ..request import Request
from ..rule import REGISTRY
from . import sources
from .document import RequestDocument, read_request
from .secrets import CREDENTIALS, mask_secrets
from .sources import LINES, Part, Record, SchemaOf, line_record, lines

if TYPE_CHECKING:
    from ..reading.document import Document, Location, Problem
    from .batch import Batch

# A payload that nothing judged is never a pass, even where RF001 or RF003 is ignored.
_UNJUDGED = (NotRun(codes=(), missing=VALID_BODY),)
# Characters of a source line that are kept for showing it.
_WIDTH = 100
_READING = frozenset({"RF001", "RF002", "RF004"})
# The part of a request that the prefix of a pointer names.
_FOLDERS = {"path": "path", "query": "query", "header": "headers"}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line and the configuration say about every record of a run.

    `digests`: a payload with findings is to be known again by what it says.
    """

    config: Config
    operation: Operation | None = None
    forced: bool = False
    response: str | None = None
    path: dict[str, str] | None = None
    query: dict[str, str] | None = None
    headers: dict[str, str] | None = None
    require: tuple[str, ...] = ()
    digests: bool = False


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The order and the earlier refunds that a record is judged by, where files hold them."""

    order: Record | None = None
    refunds: Record | None = None


_NOWHERE = Context()


class Excerpt(msgspec.Struct, frozen=True):
    """The part of a source line around a value: the value is `width` characters from `start` (0-based)."""

    text: str
    start: int
    width: int


class Linted(msgspec.Struct, frozen=True, kw_only=True):
    """The findings of one record, each with its excerpt where it has a line, and what did not run for it.

    Without findings it may stand for several `records` of the file, which are alike in all that is said here. `payload`
    is a digest of what the record says, where one is wanted and its pointers alone do not tell enough.
    """

    file: str
    operation: str
    findings: tuple[tuple[Finding, Excerpt | None], ...]
    not_run: tuple[NotRun, ...]
    records: int = 1
    payload: str = ""


class Contexts(Protocol):
    """Where the order and the earlier refunds of a record are looked for."""

    def of(self, record: Record, asked: RequestDocument) -> Context:
        """The context for what the record asks; it may raise SourceError."""


def lint_part(
    part: Part,
    settings: Settings,
    schema_of: SchemaOf,
    contexts: Contexts | None = None,
    batch: Batch | None = None,
) -> Iterator[Linted]:
    """Check every record of a part, in order. Raises SourceError.

    Records of which nothing is said but what did not run come as one, as many as follow each other.
    """
    if Path(part.file).suffix.lower() in LINES:
        return _merged_alike(_lint_lines(part, settings, contexts, batch))
    every = sources.records(part.file, schema_of, batches=settings.response is None)
    return _merged_alike(lint(record, settings, _finder(contexts, record), batch) for record in every)


def _lint_lines(part: Part, settings: Settings, contexts: Contexts | None, batch: Batch | None) -> Iterator[Linted]:
    for number, text in lines(part):
        record = line_record(part.file, number, text)
        yield lint(record, settings, _finder(contexts, record), batch)


def _finder(contexts: Contexts | None, record: Record) -> Callable[[RequestDocument], Context]:
    return _no_context if contexts is None else partial(contexts.of, record)


def _no_context(asked: RequestDocument) -> Context:
    return _NOWHERE


def _merged_alike(found: Iterable[Linted]) -> Iterator[Linted]:
    last: Linted | None = None
    for one in found:
        if last is not None and _is_alike(one, last):
            last = msgspec.structs.replace(last, records=last.records + one.records)
            continue
        if last is not None:
            yield last
        last = one
    if last is not None:
        yield last


def _is_alike(one: Linted, last: Linted) -> bool:
    said = one.findings or last.findings
    return not said and one.operation == last.operation and one.not_run == last.not_run


def lint(
    record: Record, settings: Settings, context: Callable[[RequestDocument], Context], batch: Batch | None = None
) -> Linted:
    """Check one record. `context` finds order and refunds for what the record asks; it may raise SourceError.

    With a `batch` it is judged with what the earlier records send to its order, and is one of them from then on.
    """
    if record.data is None:
        return _finished(record, "", _reading_problems(record), _UNJUDGED, settings)
    if settings.operation is not None and settings.response is not None:
        return _response(record, settings, settings.operation, settings.response)
    xml = record.file.lower().endswith(".xml")
    asked = read_request(record.data, settings.operation, settings.forced, xml=xml)
    problems = [(REGISTRY[code], one) for code, one in asked.problems]
    if asked.operation is None:
        if not record.document.readable:
            problems = _reading_problems(record)
        return _finished(record, "", problems, _UNJUDGED, settings, asked)
    found = context(asked)
    plan = make_plan(asked.operation.name, settings.config)
    request = _merged(asked.request, settings, found)
    if record.written and not asked.is_request:
        request = msgspec.structs.replace(request, read=lambda: record.document)
    try:
        if batch is None:
            judged = judge(plan, request, settings.require)
        else:
            judged = batch.judge(plan, request, settings.require, record.file, record.number)
    except RuleError as error:
        raise RuleError(f"{error}, with record {record.number} of {record.file}") from error
    if asked.may_repeat_keys or not record.written:
        problems.extend(_repeated_keys(record, asked.is_request))
    problems.extend(_repeated_context(asked.operation, found))
    hits = [*problems, *judged.hits]
    return _finished(record, asked.operation.name, hits, judged.not_run, settings, asked, found)


def _response(record: Record, settings: Settings, operation: Operation, status: str) -> Linted:
    """The record as a response of the operation: its reading and its schema."""
    from ..checking.schema import flaws

    hits = _reading_problems(record)
    if not record.document.readable:
        return _finished(record, operation.name, hits, _UNJUDGED, settings)
    found = flaws(operation, record.document.value, status)
    hits.extend((REGISTRY[flaw.code], flaw.finding) for flaw in found)
    return _finished(record, operation.name, hits, (), settings)


def _reading_problems(record: Record) -> list[Hit]:
    """What is wrong with the text of the whole record."""
    return [(REGISTRY[one.code], make_finding(one.pointer, one.message, one.help)) for one in record.document.problems]


def _repeated_keys(record: Record, whole: bool) -> Iterator[Hit]:
    """Keys that stand twice where nobody has looked yet.

    That is the request itself, outside the parts that are read on their own; of YAML and XML it is every part, since
    what is read on its own there is our own text.
    """
    for one in record.document.problems:
        inside = one.pointer
        if one.code != "RF002" or not inside:
            continue
        part = inside.split("/")[1] if whole else "body"
        is_part = part in ("body", "order", "refunds") and (inside.count("/") > 1 or not whole)
        if not is_part:
            yield REGISTRY["RF002"], make_finding(f"request:{inside}", one.message, one.help)
        elif not record.written:
            pointer = inside.removeprefix(f"/{part}") if whole else inside
            prefix = "" if part == "body" else f"{part}:"
            yield REGISTRY["RF002"], make_finding(prefix + pointer, one.message, one.help)


def _repeated_context(operation: Operation, context: Context) -> Iterator[Hit]:
    """Keys that stand twice in an order or list of refunds that is YAML or XML; of an order in what its model holds."""
    for part, record in (("order", context.order), ("refunds", context.refunds)):
        repeats = [] if record is None or record.written else record.document.problems
        repeats = [problem for problem in repeats if problem.code == "RF002"]
        if repeats and part == "order" and record is not None:
            model, _ = read_order(operation, record.data or b"")
            modelled = places_in_model(model, [problem.pointer for problem in repeats])
            repeats = [problem for problem in repeats if problem.pointer in modelled]
        for problem in repeats:
            message = f"the {part}: {problem.message}"
            yield REGISTRY["RF002"], make_finding(f"{part}:{problem.pointer}", message, problem.help)


def _merged(request: Request, settings: Settings, context: Context) -> Request:
    """The parts of the request, with those of the command line beside them: its own word wins over a flag's."""
    if context is _NOWHERE and settings.path is settings.query is settings.headers is None:
        return request
    return msgspec.structs.replace(
        request,
        path=_both(settings.path, request.path),
        query=_both(settings.query, request.query),
        headers=_both_headers(settings.headers, request.headers),
        order=request.order if context.order is None else context.order.data or b"",
        refunds=request.refunds if context.refunds is None else context.refunds.data or b"",
    )


def _both(flags: dict[str, str] | None, own: dict[str, str] | None) -> dict[str, str] | None:
    return own if flags is None else {**flags, **(own or {})}


def _both_headers(flags: dict[str, str] | None, own: dict[str, str] | None) -> dict[str, str] | None:
    """As `_both`; names compare without case."""
    if flags is None or own is None:
        return flags if own is None else own
    names = {name.lower() for name in own}
    return {**{name: value for name, value in flags.items() if name.lower() not in names}, **own}


def _finished(
    record: Record,
    operation: str,
    hits: list[Hit],
    not_run: tuple[NotRun, ...],
    settings: Settings,
    asked: RequestDocument | None = None,
    context: Context | None = None,
) -> Linted:
    """The findings with severities and places, in their order."""
    if not hits:
        return Linted(file=record.file, operation=operation, findings=(), not_run=not_run)
    found = [
        complete_finding(rule, one, severity, operation)
        for rule, one in hits
        if (severity := effective(settings.config, rule)) != "off"
    ]
    whole = asked is not None and asked.is_request
    secrets = _secrets(asked.request if asked is not None else None)
    placed = _placed(found, record, whole, context or Context(), secrets)
    ordered = tuple(sorted(((mask_pointer(one), shown) for one, shown in placed), key=lambda pair: sort_key(pair[0])))
    payload = _digest(record) if settings.digests and not record.alone else ""
    return Linted(file=record.file, operation=operation, findings=ordered, not_run=not_run, payload=payload)


def _digest(record: Record) -> str:
    """16 hexadecimal digits of what the record says, whatever its layout; "" where none of it was kept."""
    from hashlib import sha256

    document = record.document
    said = encode(document.value) if document.readable else document.source.data
    return sha256(said).hexdigest()[:16] if said else ""


def _placed(
    findings: list[Finding], record: Record, whole: bool, context: Context, secrets: tuple[str, ...]
) -> Iterator[tuple[Finding, Excerpt | None]]:
    """The findings at line and column of the file that holds the value, each with that part of the line."""
    homes = [_home(one, record, whole, context) for one in findings]
    for holder in dict.fromkeys(holder for holder, _ in homes):
        own = [(one, pointer) for one, (home, pointer) in zip(findings, homes, strict=True) if home is holder]
        shown: dict[int, str] = {}
        for (one, _), place in zip(own, _places(holder.document, own), strict=True):
            here = msgspec.structs.replace(one, file=holder.file, record=record.number)
            if place is None:
                yield here, None
            else:
                before = holder.column if place.line == holder.document.source.first_line else 0
                line = msgspec.structs.replace(here, line=place.line, column=before + place.column)
                if place.line not in shown:
                    shown[place.line] = _hidden(holder.document.line(place.line), secrets)
                yield line, _excerpt(shown[place.line], place)


def _home(one: Finding, record: Record, whole: bool, context: Context) -> tuple[Record, str]:
    """The record that holds what a finding is about, and the pointer of it there."""
    prefix, rest = ("", one.pointer) if is_in_body(one.pointer) else one.pointer.split(":", 1)
    holder = {"order": context.order, "refunds": context.refunds}.get(prefix)
    if holder is not None:
        return holder, rest
    if prefix in _FOLDERS:
        return record, f"/{_FOLDERS[prefix]}/{rest}"
    if prefix in ("order", "refunds"):
        return record, f"/{prefix}{rest}"
    return record, ("/body" if whole and not prefix else "") + rest


def _places(document: Document, own: list[tuple[Finding, str]]) -> list[Location | None]:
    """Where the findings of one document stand; what reading found has its own place.

    A path, query or header value that is missing stands where it should be: at the object that lacks it.
    """
    found = document.locate_all([(pointer, part_of(one)) for one, pointer in own])
    lost = [index for index, place in enumerate(found) if place is None]
    if lost:
        around = document.locate_all([(own[index][1].rpartition("/")[0], "value") for index in lost])
        for index, place in zip(lost, around, strict=True):
            found[index] = place
    known: dict[tuple[str, str], Problem] = {}
    for problem in reversed(document.problems):
        known[problem.code, problem.pointer] = known[problem.code, ""] = problem
    for index, (one, pointer) in enumerate(own):
        if one.code in _READING:
            found[index] = _reading_place(known.get((one.code, pointer)) or known.get((one.code, "")))
    return found


def _reading_place(problem: Problem | None) -> Location | None:
    if problem is None or problem.line is None or problem.column is None or problem.end_column is None:
        return None
    return _location(problem.line, problem.column, problem.end_column)


def _location(line: int, column: int, end_column: int) -> Location:
    from ..reading.document import Location

    return Location(line, column, line, end_column)


def _secrets(request: Request | None) -> tuple[str, ...]:
    """The values of credentials in a request, longest first: no line is shown with one of them."""
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


def _hidden(line: str, secrets: tuple[str, ...]) -> str:
    """A line without what is nobody's business; cut only afterwards, since half a card number is none, and is shown."""
    text = mask_secrets(line)
    for secret in secrets:
        text = text.replace(secret, "*" * len(secret))
    return text


def _excerpt(text: str, place: Location) -> Excerpt:
    start = place.column - 1
    end = place.end_column - 1 if place.end_line == place.line else len(text)
    first = max(0, min(start - _WIDTH // 3, len(text) - _WIDTH))
    window = text[first : first + _WIDTH]
    width = max(1, min(end, first + len(window)) - start)
    return Excerpt(window.expandtabs(1), start - first, width)
