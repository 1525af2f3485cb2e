"""One record of a file -> its findings, each at its place in the file it stands in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec
from refundkit_apis._runtime.codec import encode

from ..checking.check import (
    UNJUDGED,
    Hit,
    complete_finding,
    is_refusal,
    judge,
    mask_pointer,
    missing_parts,
    report_defect,
    sort_key,
)
from ..checking.context import places_in_model, read_order
from ..checking.plan import make_plan
from ..config import Config, find_severity
from ..errors import VALID_BODY, ConfigError, Finding, NotRun, RuleError, SourceError, UsageError
from ..errors import finding as make_finding
from ..operations import Operation
from ..request import Request
from ..rule import REGISTRY
from . import sources
from .document import KEYS, RequestDocument, read_request, report_other_operation
from .entry import Record
from .paths import LINES
from .places import Excerpt, RecordContext, place_findings
from .sources import Part, SchemaOf, make_record, read_lines

if TYPE_CHECKING:
    from .batch import Batch

_NO_CONTEXT = RecordContext()
# Errors that end a run, with a message for its user.
_EXPECTED = (ConfigError, SourceError, UsageError)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line and the configuration say about every record of a run.

    `digests`: compute a digest of each payload with findings, to recognise it in the next run.
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


class Linted(msgspec.Struct, frozen=True, kw_only=True):
    """The findings of one record, each with its excerpt where it has a line, and what did not run for it.

    Without findings it may stand for several `records` of the file that are alike in every field. `payload` is a digest
    of the record's value, made only where its pointers alone do not identify it. `refusals` are the rules by which the
    payload is refused.
    """

    file: str
    operation: str
    findings: tuple[tuple[Finding, Excerpt | None], ...]
    not_run: tuple[NotRun, ...]
    records: int = 1
    payload: str = ""
    refusals: tuple[str, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Whether the schema refuses the payload, or it cannot be read."""
        return any(entry.missing == VALID_BODY for entry in self.not_run)

    @property
    def is_judged(self) -> bool:
        """Whether the rules saw the payload: all that its schema refuses may be an amount's sign."""
        waiting = any(entry.codes for entry in self.not_run if entry.missing == VALID_BODY)
        return not waiting and all(code > "RF2" for code in self.refusals)


class ContextFinder(Protocol):
    """Finds the order and the earlier refunds of a record."""

    def find(self, record: Record, document: RequestDocument) -> RecordContext:
        """Find the context of a record. May raise SourceError."""


FindContext = Callable[[RequestDocument], RecordContext]


def lint_part(
    part: Part,
    settings: Settings,
    schema_of: SchemaOf,
    contexts: ContextFinder | None = None,
    batch: Batch | None = None,
) -> Iterator[Linted]:
    """Check every record of a part, in order. Raises SourceError.

    Records in a row without findings come as one where they are alike.
    """
    return _merge_alike(_lint_records(part, settings, schema_of, contexts, batch))


def _lint_records(
    part: Part, settings: Settings, schema_of: SchemaOf, contexts: ContextFinder | None, batch: Batch | None
) -> Iterator[Linted]:
    try:
        prove = _proof_of_lines(part, settings) if contexts is None and batch is None else None
        if prove is not None:
            for number, text in read_lines(part):
                linted = None if text is None else prove(text)
                yield linted or lint_record(make_record(part.shown, number, text), settings, _find_nothing)
            return
        for record in _read_records(part, settings, schema_of):
            yield lint_record(record, settings, _finder(contexts, record), batch)
    except _EXPECTED:
        raise
    except Exception as error:
        yield _make_defect(error, part.shown, 1, settings)


def _proof_of_lines(part: Part, settings: Settings) -> Callable[[bytes], Linted | None] | None:
    """Return a function that proves a line that is a bare body fine; None where the lines can be anything else.

    It returns one result for all lines of a file.
    """
    operation, flags = settings.operation, (settings.path, settings.query, settings.headers)
    if not _has_lines(part) or operation is None or settings.response is not None or flags != (None, None, None):
        return None
    if operation.described.body is None or not operation.schema()["properties"].keys().isdisjoint(KEYS):
        return None  # it may be a request with its parts
    plan = make_plan(operation.name, settings.config)
    proves_body: Callable[[bytes], bool] | None = None
    fine = None

    def prove(text: bytes) -> Linted | None:
        nonlocal proves_body, fine
        if proves_body is not None:
            return fine if proves_body(text) else None
        request = Request(body=text)
        parts = plan.proof.parts_if_fine(request, settings.require)
        if not parts:
            return None
        if fine is None:
            not_run = missing_parts(plan, request, parts)
            fine = Linted(file=part.shown, operation=operation.name, findings=(), not_run=not_run)
        if not settings.require:
            proves_body = plan.proof.body_alone()
        return fine

    return prove


def _has_lines(part: Part) -> bool:
    return Path(part.shown).suffix.lower() in LINES


def _read_records(part: Part, settings: Settings, schema_of: SchemaOf) -> Iterator[Record]:
    if _has_lines(part):
        return starmap(partial(make_record, part.shown), read_lines(part))
    return sources.read_records(part.file, schema_of, batches=settings.response is None, name=part.name)


def _finder(contexts: ContextFinder | None, record: Record) -> FindContext:
    return _find_nothing if contexts is None else partial(contexts.find, record)


def _find_nothing(document: RequestDocument) -> RecordContext:
    return _NO_CONTEXT


def _merge_alike(results: Iterable[Linted]) -> Iterator[Linted]:
    """Merge results in a row that have no findings and are alike."""
    last: Linted | None = None
    records = 0
    for linted in results:
        if linted is last or (last is not None and _is_alike(linted, last)):
            records += linted.records
            continue
        if last is not None:
            yield msgspec.structs.replace(last, records=records)
        last, records = linted, linted.records
    if last is not None:
        yield msgspec.structs.replace(last, records=records)


def _is_alike(linted: Linted, last: Linted) -> bool:
    findings = linted.findings or last.findings
    return not findings and linted.operation == last.operation and linted.not_run == last.not_run


def lint_record(record: Record, settings: Settings, find_context: FindContext, batch: Batch | None = None) -> Linted:
    """Check one record. `find_context` finds its order and refunds, and may raise SourceError.

    With a `batch` it is judged with what the earlier records send to its order, and then becomes one of them. An
    unforeseen error is the record's own finding (RF007).
    """
    try:
        return _lint_record(record, settings, find_context, batch)
    except _EXPECTED:
        raise
    except Exception as error:
        return _make_defect(error, record.file, record.number, settings)


def _make_defect(error: Exception, file: str, number: int, settings: Settings) -> Linted:
    defect = report_defect(error, "" if settings.operation is None else settings.operation.name)
    defect = msgspec.structs.replace(defect, file=file, record=number)
    return Linted(
        file=file, operation=defect.operation, findings=((defect, None),), not_run=UNJUDGED, refusals=("RF007",)
    )


def _lint_record(record: Record, settings: Settings, find_context: FindContext, batch: Batch | None) -> Linted:
    if record.data is None:
        return _finish(record, "", _reading_problems(record), UNJUDGED, settings)
    if settings.operation is not None and settings.response is not None:
        return _lint_response(record, settings, settings.operation, settings.response)
    xml = record.file.lower().endswith(".xml")
    document = read_request(record.data, settings.operation, settings.forced, xml=xml)
    problems = [(REGISTRY[code], problem) for code, problem in document.problems]
    if document.operation is None:
        if not record.document.readable:
            problems = _reading_problems(record)
        return _finish(record, "", problems, UNJUDGED, settings, document)
    context = find_context(document)
    plan = make_plan(document.operation.name, settings.config)
    request = _merge_request(document.request, settings, context)
    if not document.is_request:
        is_translated = not record.from_json
        request = msgspec.structs.replace(request, read=lambda: record.document, is_translated=is_translated)
    try:
        if batch is None:
            judged = judge(plan, request, settings.require)
        else:
            judged = batch.judge(plan, request, settings.require, record.file, record.number)
    except RuleError as error:
        raise RuleError(f"{error}, with record {record.number} of {record.file}") from error
    if any(rule.code == "RF103" for rule, _ in judged.hits):
        others = report_other_operation(document.operation, request.body)
        problems.extend((REGISTRY[code], problem) for code, problem in others)
    if document.is_request and (document.may_repeat_keys or not record.from_json):
        problems.extend(_find_repeated_keys(record))
    problems.extend(_find_repeated_context_keys(document.operation, context))
    hits = [*problems, *judged.hits]
    return _finish(record, document.operation.name, hits, judged.not_run, settings, document, context)


def _lint_response(record: Record, settings: Settings, operation: Operation, status: str) -> Linted:
    """Check the record as a response of the operation: its reading and its schema."""
    from ..checking.schema import flaws

    hits = _reading_problems(record)
    if not record.document.readable:
        return _finish(record, operation.name, hits, UNJUDGED, settings)
    hits.extend((REGISTRY[flaw.code], flaw.finding) for flaw in flaws(operation, record.document.value, status))
    return _finish(record, operation.name, hits, (), settings)


def _reading_problems(record: Record) -> list[Hit]:
    """Return what is wrong with the text of the whole record."""
    return [
        (REGISTRY[problem.code], make_finding(problem.pointer, problem.message, problem.help))
        for problem in record.document.problems
    ]


def _find_repeated_keys(record: Record) -> Iterator[Hit]:
    """Find repeated keys of a request outside its parts; in YAML, in every part as well.

    The parts of a JSON request are read, and their keys compared, by the check itself. Of YAML it reads our JSON text,
    in which a repeated key is gone.
    """
    for problem in record.document.problems:
        pointer = problem.pointer
        if problem.code != "RF002" or not pointer:
            continue
        part = pointer.split("/")[1]
        if part not in ("body", "order", "refunds") or pointer.count("/") == 1:
            yield REGISTRY["RF002"], make_finding(f"request:{pointer}", problem.message, problem.help)
        elif not record.from_json:
            prefix = "" if part == "body" else f"{part}:"
            yield REGISTRY["RF002"], make_finding(prefix + pointer[1 + len(part) :], problem.message, problem.help)


def _find_repeated_context_keys(operation: Operation, context: RecordContext) -> Iterator[Hit]:
    """Find keys that stand twice in context of YAML or XML; of an order only in what its model holds."""
    for part, record in (("order", context.order), ("refunds", context.refunds)):
        repeats = [] if record is None or record.from_json else record.document.problems
        repeats = [problem for problem in repeats if problem.code == "RF002"]
        if repeats and part == "order" and record is not None:
            model, _ = read_order(operation, record.data or b"")
            modelled = places_in_model(model, [problem.pointer for problem in repeats])
            repeats = [problem for problem in repeats if problem.pointer in modelled]
        for problem in repeats:
            message = f"the {part}: {problem.message}"
            yield REGISTRY["RF002"], make_finding(f"{part}:{problem.pointer}", message, problem.help)


def _merge_request(request: Request, settings: Settings, context: RecordContext) -> Request:
    """Fill the request's gaps from the command line; an order and refunds that were found replace its own."""
    if context is _NO_CONTEXT and settings.path is settings.query is settings.headers is None:
        return request
    return msgspec.structs.replace(
        request,
        path=_merge_values(settings.path, request.path),
        query=_merge_values(settings.query, request.query),
        headers=_merge_headers(settings.headers, request.headers),
        order=request.order if context.order is None else context.order.data or b"",
        refunds=request.refunds if context.refunds is None else context.refunds.data or b"",
    )


def _merge_values(flags: dict[str, str] | None, values: dict[str, str] | None) -> dict[str, str] | None:
    return values if flags is None else {**flags, **(values or {})}


def _merge_headers(flags: dict[str, str] | None, headers: dict[str, str] | None) -> dict[str, str] | None:
    """Merge as `_merge_values` does; names compare without case."""
    if flags is None or headers is None:
        return flags if headers is None else headers
    names = {name.lower() for name in headers}
    return {**{name: value for name, value in flags.items() if name.lower() not in names}, **headers}


def _finish(
    record: Record,
    operation: str,
    hits: list[Hit],
    not_run: tuple[NotRun, ...],
    settings: Settings,
    document: RequestDocument | None = None,
    context: RecordContext = _NO_CONTEXT,
) -> Linted:
    """Give the findings their severities and places, and sort them."""
    if not hits:
        return Linted(file=record.file, operation=operation, findings=(), not_run=not_run)
    refusals = tuple({rule.code for rule, finding in hits if is_refusal(rule, finding, not_run)})
    levels = [(rule, finding, find_severity(settings.config, rule)) for rule, finding in hits]
    findings = [
        complete_finding(rule, finding, rule.severity if level == "off" else level, operation)
        for rule, finding, level in levels
        if level != "off" or rule.code in refusals
    ]
    placed = place_findings(findings, record, document, context)
    masked = [(mask_pointer(finding), excerpt) for finding, excerpt in placed]
    ordered = tuple(sorted(masked, key=lambda pair: sort_key(pair[0])))
    payload = _digest(record) if settings.digests and not record.is_alone else ""
    return Linted(
        file=record.file, operation=operation, findings=ordered, not_run=not_run, payload=payload, refusals=refusals
    )


def _digest(record: Record) -> str:
    """Return 16 hexadecimal digits of the record's value, whatever its layout; "" for an oversized record."""
    from hashlib import sha256

    document = record.document
    text = encode(document.value) if document.readable else document.source.data
    return sha256(text).hexdigest()[:16] if text else ""
