"""The one function that everything calls: the bytes of a request in, a report out.

A body goes the short way first: one decode into its model, a test that no key was lost, the rules over the model, or
for most refunds one pass that proves that no rule can speak. Only where that way refuses, doubts or finds something is
the text read again, slowly and exactly, for the full list of findings and their places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from refundkit_apis._runtime.codec import encode
from refundkit_apis._runtime.errors import RefundError

from . import operations, rules
from .config import Config, effective
from .context import read_order, read_refunds
from .keys import unrepeated
from .operations import Operation
from .rule import (
    BODY,
    HEADERS,
    NEEDS,
    ORDER,
    PARTS,
    PATH,
    QUERY,
    REFUNDS,
    REGISTRY,
    URL,
    Finding,
    Rule,
    Severity,
)
from .rule import finding as make_finding
from .text import escape_token, mask_numbers, suggest_name

if TYPE_CHECKING:
    from .read import Document

# A finding of these is about a field's name, not its value.
KEYED = frozenset({"RF002", "RF103", "RF108", "RF309"})
VALID_BODY, VALID_ORDER, CREDENTIALS = "valid body", "valid order", "credentials"
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError, ArithmeticError, ValueError)

# Beside the parts: an order was given, and is no order of this refund.
INVALID_ORDER = 1 << 16

Hit = tuple[Rule, Finding]
rules.load_documents()
_DEFAULT = Config()
_FINE: list[tuple[str, Finding]] = []
_WITH_ORDER = BODY | ORDER | REFUNDS
# What a rule asks for that looks at the way of asking.
ASKING = frozenset({"path", "query", "headers", "url", "given"})
# What a rule is called with where a part that would sharpen it is not there.
_NOTHING = dict.fromkeys(NEEDS)


class NotRun(msgspec.Struct, frozen=True, kw_only=True):
    """Rules that did not run, and the part of the request or its context that was missing for them."""

    codes: tuple[str, ...]
    missing: str


class RefundRejected(RefundError):
    """A request that must not be sent; `report` says why. Nothing was sent."""

    def __init__(self, report: Report) -> None:
        self.report = report
        errors = [str(one) for one in report.findings if one.severity == "error"]
        unchecked = [f"not run for want of {one.missing}: {', '.join(one.codes)}" for one in report.not_run]
        super().__init__(f"{report.operation}: " + "; ".join(errors or unchecked))

    def __reduce__(self) -> tuple[type[RefundRejected], tuple[Report], dict[str, str]]:
        return type(self), (self.report,), {"idempotency_key": self.idempotency_key}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found, and what it could not look at."""

    operation: str
    findings: tuple[Finding, ...]
    not_run: tuple[NotRun, ...]

    @property
    def ok(self) -> bool:
        """No error among the findings, and the body was one that its schema accepts."""
        refused = any(one.missing == VALID_BODY for one in self.not_run)
        return not refused and not any(one.severity == "error" for one in self.findings)

    @property
    def complete(self) -> bool:
        """No rule was kept from running."""
        return not self.not_run

    def raise_for_errors(self) -> None:
        """Raises RefundRejected unless `ok`."""
        if not self.ok:
            raise RefundRejected(self)


class Given(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The parts of one request as they were given; a part that was not is None. Texts are JSON.

    `since` adds to the earlier refunds of the order those that a batch sends before this one; `read` reads the body
    where it stands, with the lines of its file.
    """

    body: bytes | None = None
    path: dict[str, str] | None = None
    query: dict[str, str] | None = None
    headers: dict[str, str] | None = None
    url: str | None = None
    order: bytes | None = None
    refunds: bytes | None = None
    since: Callable[[Any, list[Any] | None], list[Any]] | None = None
    read: Callable[[], Document] | None = None

    @cached_property
    def document(self) -> Document:
        """The body, read slowly and once."""
        from .read import read_json

        return self.read() if self.read is not None else read_json(self.body or b"")

    @cached_property
    def named(self) -> dict[str, dict[str, str]]:
        """The values of `header` and `query` by their names in lower case, for what compares names without case."""
        return {
            "header": operations.by_lower_name(self.headers or {}),
            "query": operations.by_lower_name(self.query or {}),
        }

    @property
    def parts(self) -> int:
        """Which parts are there, as the bits of rule.py; the body's bit is set by reading it."""
        return (
            0
            | (self.path is not None and PATH)
            | (self.query is not None and QUERY)
            | (self.headers is not None and HEADERS)
            | (self.url is not None and URL)
            | (self.order is not None and ORDER)
            | (self.refunds is not None and REFUNDS)
        )


class Stage(msgspec.Struct, frozen=True):
    """The rules that can run with certain parts at hand, each with the names of its arguments, and the others.

    `beyond` are those of `once` that look at more than the body, `asking` those of them that look at path, query,
    headers or URL.
    """

    once: tuple[tuple[Rule, tuple[str, ...]], ...]
    beyond: tuple[tuple[Rule, tuple[str, ...]], ...]
    asking: tuple[tuple[Rule, tuple[str, ...]], ...]
    not_run: tuple[NotRun, ...]


class Plan(msgspec.Struct, frozen=True):
    """The rules of one operation under one configuration, sorted by what they are called with.

    `each` are those called once for each line, charge or item; `stages` fills up as combinations of parts are met.
    """

    operation: Operation
    severities: dict[str, Severity]
    each: tuple[tuple[str, tuple[Rule, ...]], ...]
    once: tuple[Rule, ...]
    view: Callable[[Operation, Any], rules.View]
    screen: Callable[[Operation, Any], bool] | None
    settled: Callable[[Operation, rules.View, Any], bool] | None
    stages: dict[int, Stage]

    def stage(self, have: int) -> Stage:
        """What runs and what does not when just these parts are there."""
        found = self.stages.get(have)
        if found is None:
            once = tuple((rule, rule.asks) for rule in self.once if not rule.needs & ~have)
            beyond = tuple((rule, asks) for rule, asks in once if _beyond_body(rule, have))
            asking = tuple((rule, asks) for rule, asks in beyond if not ASKING.isdisjoint(asks))
            found = self.stages[have] = Stage(once, beyond, asking, _not_run(self, have))
        return found


def _beyond_body(rule: Rule, have: int) -> bool:
    """Whether a rule looks at more than the body when these parts are there."""
    if "given" in rule.asks:
        return bool(have & (PATH | QUERY | HEADERS))
    return bool((rule.needs | rule.sharpens) & have & ~BODY)


@lru_cache(maxsize=512)
def plan(name: str, config: Config) -> Plan:
    """The rules that apply to an operation, by the configuration's select, ignore and severities."""
    operation = operations.get(name)
    rules.load(operation.api)
    severities: dict[str, Severity] = {
        rule.code: level for rule in REGISTRY.values() if (level := effective(config, rule)) != "off"
    }
    running = [
        rule
        for rule in REGISTRY.values()
        if rule.code in severities and rule.covers(name) and rule.asks and "value" not in rule.asks
    ]
    if operation.described.body is None:
        running = [rule for rule in running if not rule.needs & BODY]
    each = tuple(
        (f"{level}s", group)
        for level in ("line", "charge", "item")
        if (group := tuple(rule for rule in running if rule.asks == (level,)))
    )
    looped = {rule.code for _, group in each for rule in group}
    once = tuple(rule for rule in running if rule.code not in looped)
    # A rule of the user's own, or one that is off by default, is nothing that the screen knows of.
    known = all(REGISTRY[rule.code].severity != "off" and not rule.code.startswith("RF9") for rule in running)
    screen, settled = (rules.screen(operation.api), rules.settler(operation.api)) if known else (None, None)
    return Plan(operation, severities, each, once, rules.viewer(operation.api), screen, settled, {})


def check(  # noqa: PLR0913 - the parts of a request, one by one
    operation: str,
    body: object = None,
    *,
    order: object = None,
    refunds: object = None,
    path: Mapping[str, object] | None = None,
    query: Mapping[str, object] | None = None,
    headers: Mapping[str, object] | None = None,
    url: str | None = None,
    require: Iterable[str] = (),
    config: Config | None = None,
) -> Report:
    """Check one request of an operation before it is sent.

    `body`, `order` and `refunds` are JSON as bytes or str, plain data, or generated models; the order is the API's own
    get-order response, `refunds` its own list of earlier refunds. `require` names context (`order`, `refunds`, `path`,
    `query`, `headers`) whose absence is an error (RF006). Does no I/O, keeps no state, and never raises for bad data;
    raises ValueError for an operation or a requirement that does not exist.
    """
    chosen = plan(operation, config or _DEFAULT)
    unwritten: dict[str, str] = {}
    given = Given(
        body=body if body.__class__ is bytes else _text(body, "", unwritten),
        path=None if path is None else operations.values(path),
        query=None if query is None else operations.values(query),
        headers=None if headers is None else operations.values(headers),
        url=url,
        order=None if order is None else _text(order, "order:", unwritten),
        refunds=None if refunds is None else _text(refunds, "refunds:", unwritten),
    )
    hits, skipped = judge(chosen, given, tuple(require))
    if unwritten:
        hits = [_explained(hit, unwritten) for hit in hits]
    if not hits:
        return Report(operation=operation, findings=(), not_run=skipped)
    in_text = isinstance(body, (bytes, str))
    return Report(operation=operation, findings=tuple(_placed(chosen, hits, given, in_text)), not_run=skipped)


def judge(chosen: Plan, given: Given, require: tuple[str, ...] = ()) -> tuple[list[Hit], tuple[NotRun, ...]]:
    """Every finding of one request, without its place in a file, and what did not run."""
    operation = chosen.operation
    have = given.parts
    model, screened = None, False
    hits: list[Hit] = []
    if operation.described.body is not None:
        model, problems = read_body(operation, given)
        if model is not None:
            screened = chosen.screen is not None and not problems and chosen.screen(operation, model)
            if screened and not have and not require:
                return hits, chosen.stage(BODY).not_run
            have |= BODY
        hits.extend((REGISTRY[code], one) for code, one in problems)
    elif given.body is not None:
        message = f"{operation.name} takes no body"
        hits.append((REGISTRY["RF103"], make_finding("request:/body", message, "leave it out")))
    values: dict[str, Any] = {**_NOTHING, "operation": operation, "given": given}
    if model is not None:
        values["body"] = model
        if not screened or have & (ORDER | REFUNDS):  # else no rule is left that looks at lines, charges or items
            _look_at_body(chosen, model, values)
        if not screened:
            hits.extend(_each(chosen, values))
    if have & ~BODY:
        have, problems = _with_parts(chosen, given, have, values)
        hits.extend((REGISTRY[code], one) for code, one in problems)
    stage = chosen.stage(have)
    left = _unproven(chosen, stage, have, values) if screened else stage.once
    for rule, names in left:
        found = rule.run(values[names[0]]) if len(names) == 1 else rule.run(*[values[name] for name in names])
        if found is not None:
            _collect(hits, rule, found)
    skipped = stage.not_run
    if have & HEADERS and not rules.credentials_held(operation, given):
        skipped = (*skipped, NotRun(codes=("RF502",), missing=CREDENTIALS))
    if require:
        hits.extend(_required(chosen, require, have))
    return ([hit for hit in hits if hit[0].code in chosen.severities] if hits else hits), skipped


def passer(chosen: Plan) -> Callable[[bytes], bool] | None:
    """What tells of a text, as cheaply as can be, that it is a body alone of which `judge` finds nothing.

    It may be false of such a text, never true of another one. None where the API has no such way.
    """
    operation, screen = chosen.operation, chosen.screen
    # Where the model takes no other field, what it takes is a bare body and no request that names its operation.
    closed = operation.described.body is not None and operation.schema().get("additionalProperties") is False
    if screen is None or not closed or operations.has_open_lists(operation):
        return None
    decode = operations.quick_decoder(operation).decode

    def passes(text: bytes) -> bool:
        try:
            model = decode(text)
        except _UNREADABLE:
            return False
        return unrepeated(text, model) and screen(operation, model)

    return passes


def _unproven(
    chosen: Plan, stage: Stage, have: int, values: dict[str, Any]
) -> tuple[tuple[Rule, tuple[str, ...]], ...]:
    """The rules that may still speak of a body that the screen let through."""
    if have & _WITH_ORDER != _WITH_ORDER or chosen.settled is None:
        return stage.beyond
    return stage.asking if chosen.settled(chosen.operation, values["view"], values["ledger"]) else stage.beyond


def _look_at_body(chosen: Plan, model: Any, values: dict[str, Any]) -> None:
    """Put the lines, charges and items of the body into `values`."""
    view = values["view"] = chosen.view(chosen.operation, model)
    values["lines"], values["charges"], values["items"] = view.lines, view.charges, view.items


def _each(chosen: Plan, values: dict[str, Any]) -> list[Hit]:
    """What the rules find that are called once for each line, charge or item."""
    hits: list[Hit] = []
    for level, group in chosen.each:
        for thing in values[level]:
            for rule in group:
                found = rule.run(thing)
                if found is not None:
                    _collect(hits, rule, found)
    return hits


def _collect(hits: list[Hit], rule: Rule, found: Finding | Iterable[Finding]) -> None:
    if isinstance(found, Finding):
        hits.append((rule, found))
    else:
        for one in found:
            hits.append((rule, one))


def _with_parts(chosen: Plan, given: Given, have: int, values: dict[str, Any]) -> tuple[int, list[tuple[str, Finding]]]:
    """Put path, query, headers, URL and context into `values`; what is there now, and what is wrong with it."""
    values.update(path=given.path, query=given.query, headers=given.headers, url=given.url)
    problems: list[tuple[str, Finding]] = []
    if have & (PATH | QUERY | HEADERS):
        problems.extend(rules.parameter_flaws(chosen.operation, given))
    if have & (ORDER | REFUNDS):
        have, found = _with_context(chosen, given, have, values)
        problems.extend(found)
    return have, problems


def _with_context(
    chosen: Plan, given: Given, have: int, values: dict[str, Any]
) -> tuple[int, list[tuple[str, Finding]]]:
    """Read the order and the earlier refunds; what is there now, and what is wrong with them.

    A part that cannot be used is taken back: its bit goes, and INVALID_ORDER says that an order was given all the same.
    """
    operation = chosen.operation
    order = refunds = None
    problems: list[tuple[str, Finding]] = []
    if given.order is not None:
        order, problems = read_order(operation, given.order)
    if given.refunds is not None:
        refunds, found = read_refunds(operation, given.refunds)
        problems.extend(found)
    strange = list(rules.strangers(operation, given, values.get("body"), order, refunds))
    problems.extend(("RF005", one) for one in strange)
    if any(one.pointer.startswith("order:") for one in strange):
        order = None
    if any(one.pointer.startswith("refunds:") for one in strange):
        refunds = None
    if order is None:
        have = have & ~ORDER | (INVALID_ORDER if given.order is not None else 0)
    if refunds is None:
        have &= ~REFUNDS
    if order is not None or refunds is not None:
        refunds = rules.earlier(operation, order, refunds)
        have |= REFUNDS if refunds is not None else 0
        if given.since is not None:
            refunds = given.since(order, refunds)
    values["refunds"] = refunds
    if order is not None and have & BODY:
        values["order"] = order
        values["ledger"] = rules.ledger(operation, values["body"], values["view"], order, refunds, given.path)
    return have, problems


def read_body(operation: Operation, given: Given) -> tuple[Any, list[tuple[str, Finding]]]:
    """The body as its model, or None, and what reading it found (RF0xx and RF1xx)."""
    text = given.body
    if text is None:
        return None, [("RF101", make_finding("request:/body", f"{operation.name} takes a body and none was given"))]
    try:
        model = operations.quick_decoder(operation).decode(text)
    except _UNREADABLE:
        return _diagnosed(operation, given)
    if b"[" in text and operations.has_open_lists(operation):
        return _diagnosed(operation, given)
    return (model, _FINE) if unrepeated(text, model) else _diagnosed(operation, given)


def _diagnosed(operation: Operation, given: Given) -> tuple[Any, list[tuple[str, Finding]]]:
    """As read_body, the slow way: all that is wrong with the text and its value."""
    from .schema import flaws

    document = given.document
    found = [
        (one.code, Finding(pointer=one.pointer, message=one.message, help=one.help, line=one.line, column=one.column))
        for one in document.problems
    ]
    if not document.readable:
        return None, found
    refused = flaws(operation, document.value, size=len(given.body or b""))
    found.extend((flaw.code, flaw.finding) for flaw in refused)
    if not all(flaw.removable for flaw in refused):
        return None, found
    value = document.value
    if refused:
        value = _without(value, [flaw.finding.pointer for flaw in refused])
    try:
        return operations.decoder(operation).decode(encode(value)), found
    except _UNREADABLE as error:
        return None, [*found, *disagreement(operation, error)]


def disagreement(operation: Operation, error: Exception) -> list[tuple[str, Finding]]:
    """A body that its schema accepts and its model refuses: our defect, said aloud (the tests raise here)."""
    message = f"the model of {operation.name} refuses what its schema accepts: {error}"
    return [("RF102", make_finding("", message, "this is a defect of refundkit: please report it with the payload"))]


def _without(value: Any, pointers: Iterable[str]) -> Any:
    """A copy of the value without the fields at the pointers."""
    gone = set(pointers)

    def copy(node: Any, at: str) -> Any:
        if isinstance(node, dict):
            places = {key: f"{at}/{escape_token(key)}" for key in node}
            return {key: copy(inner, places[key]) for key, inner in node.items() if places[key] not in gone}
        if isinstance(node, list):
            return [copy(inner, f"{at}/{index}") for index, inner in enumerate(node)]
        return node

    return copy(value, "")


def _not_run(chosen: Plan, have: int) -> tuple[NotRun, ...]:
    """The rules that some part was missing for, grouped by the part."""
    missing: dict[str, list[str]] = {}
    for rule in (*chosen.once, *(rule for _, group in chosen.each for rule in group)):
        for part, bit in (*PARTS.items(), (VALID_BODY, BODY)):
            if (rule.needs | rule.sharpens) & bit & ~have:
                name = VALID_ORDER if bit == ORDER and have & INVALID_ORDER else part
                missing.setdefault(name, []).append(rule.code)
    if chosen.operation.described.body is not None and not have & BODY:
        missing.setdefault(VALID_BODY, [])
    parts = (*PARTS, VALID_BODY, VALID_ORDER)
    return tuple(NotRun(codes=tuple(sorted(missing[part])), missing=part) for part in parts if part in missing)


def _required(chosen: Plan, require: tuple[str, ...], have: int) -> Iterable[Hit]:
    for part in require:
        if part not in PARTS:
            known = ", ".join(PARTS)
            raise ValueError(f"cannot require {part!r}{suggest_name(part, PARTS)} (known are {known})")
        wanting = [rule.code for rule in chosen.once if (rule.needs | rule.sharpens) & PARTS[part]]
        if not have & PARTS[part] and wanting:
            message = f"the {part} was required and is not there; not checked: {', '.join(sorted(wanting))}"
            prefix = "header:" if part == "headers" else f"{part}:"
            yield REGISTRY["RF006"], make_finding(prefix, message, f"give the {part}")


def _placed(chosen: Plan, hits: list[Hit], given: Given, in_text: bool) -> list[Finding]:
    """The findings with id, severity and place in the text, in the order of the text."""
    findings = [complete(rule, one, chosen.severities[rule.code], chosen.operation.name) for rule, one in hits]
    in_body = [index for index, one in enumerate(findings) if one.line is None and is_in_body(one.pointer)]
    if given.body is not None and in_body:
        wanted = [(findings[index].pointer, part_of(findings[index])) for index in in_body]
        for index, place in zip(in_body, given.document.locate_all(wanted), strict=True):
            if place is not None:
                findings[index] = msgspec.structs.replace(findings[index], line=place.line, column=place.column)
    ordered = sorted(map(unnamed, findings), key=order_of)
    return ordered if in_text else [msgspec.structs.replace(one, line=None, column=None) for one in ordered]


def is_in_body(pointer: str) -> bool:
    """Whether a finding's pointer is one into the body."""
    return not pointer or pointer.startswith("/")


def part_of(one: Finding) -> Literal["key", "value"]:
    """Whether a finding is about a field's name or its value."""
    return "key" if one.code in KEYED else "value"


def complete(rule: Rule, found: Finding, severity: Severity, operation: str) -> Finding:
    """A rule's finding with the rule's id and its severity under the configuration; values masked."""
    return msgspec.structs.replace(
        found,
        code=rule.code,
        name=rule.name,
        severity=severity,
        operation=operation,
        message=mask_numbers(found.message),
        help=mask_numbers(found.help),
        source=rule.source,
    )


def unnamed(one: Finding) -> Finding:
    """The finding with its pointer masked: a card number can be the name of a field too."""
    pointer = mask_numbers(one.pointer)
    return one if pointer == one.pointer else msgspec.structs.replace(one, pointer=pointer)


_PARTS_IN_ORDER = ("", "request:", "path:", "query:", "header:", "order:", "refunds:")


def order_of(one: Finding) -> tuple[int, int, int, int, str]:
    """Findings come by record, then by part, within the body by position, then by rule."""
    prefix = one.pointer.partition(":")[0] + ":" if not one.pointer.startswith("/") and one.pointer else ""
    part = _PARTS_IN_ORDER.index(prefix) if prefix in _PARTS_IN_ORDER else len(_PARTS_IN_ORDER)
    return (one.record, part, one.line or 0, one.column or 0, one.code)


def _text(value: object, part: str, unwritten: dict[str, str]) -> bytes | None:
    """JSON text of anything that can be given as a part; what has none is empty, and `unwritten` says why."""
    if value is None or isinstance(value, bytes):
        return value
    try:
        return value.encode() if isinstance(value, str) else encode(value)
    except UnicodeEncodeError:
        unwritten[part] = "a lone surrogate in the text"
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        unwritten[part] = f"cannot be written as JSON: {error}"
    return b""


def _explained(hit: Hit, unwritten: dict[str, str]) -> Hit:
    """A finding that a part is empty, with the reason where the part could not be written."""
    rule, one = hit
    if rule.code != "RF001" or one.pointer not in unwritten:
        return hit
    return rule, msgspec.structs.replace(one, message=unwritten[one.pointer])
