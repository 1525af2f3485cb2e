"""The one function that everything calls: a request in, a report out.

Every request goes through the same steps: the body is read, then its context, then the rules run over both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

import msgspec
from refundkit_apis._runtime.codec import encode

from .. import operations
from ..config import Config
from ..errors import CREDENTIALS, VALID_BODY, VALID_ORDER, Finding, NotRun, Report, Severity, finding
from ..ledger import Ledger, OrderHistory, Refund, UnreadableError, open_ledger
from ..money import exact
from ..parameters import schema_findings
from ..request import Request
from ..rule import BODY, HEADERS, ORDER, PARAMETERS, PARTS, PATH, QUERY, REFUNDS, REGISTRY, Rule
from ..rules.identity import has_credentials
from ..text import mask_numbers, suggest_name
from .body import Problem, read_body
from .context import read_order, read_refunds
from .plan import INVALID_ORDER, Plan, make_plan, parts_of

# A finding of these is about a field's name, not its value.
KEYED = frozenset({"RF002", "RF103", "RF108", "RF309"})
# What is left out of a body, so that its rest is judged.
_LEFT_OUT = frozenset({"RF002", "RF103", "RF108"})
Hit: TypeAlias = tuple[Rule, Finding]
_DEFAULT = Config()
_NO_VALUES = dict.fromkeys(PARAMETERS)


class Judged(msgspec.Struct, frozen=True):
    """What is wrong with one request, without places in a file.

    `refund` is it as postings, None where its body could not be read; `ledger` the order that it was held against. A
    body that its schema refuses does not count as a refund, though it may have been judged.
    """

    hits: list[Hit]
    not_run: tuple[NotRun, ...]
    refund: Refund | None
    ledger: Ledger | None

    @property
    def counts(self) -> bool:
        """Whether the request is one that can be made, so that later ones are judged with it."""
        return self.refund is not None and not any(entry.missing == VALID_BODY for entry in self.not_run)


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
    plan = make_plan(operation, config or _DEFAULT)
    unwritable: dict[str, str] = {}
    request = Request(
        body=body if body.__class__ is bytes else _text(body, "", unwritable),
        path=None if path is None else operations.values(path),
        query=None if query is None else operations.values(query),
        headers=None if headers is None else operations.values(headers),
        url=url,
        order=None if order is None else _text(order, "order:", unwritable),
        refunds=None if refunds is None else _text(refunds, "refunds:", unwritable),
    )
    judged = judge(plan, request, tuple(require))
    hits = [_explained(hit, unwritable) for hit in judged.hits] if unwritable else judged.hits
    if not hits:
        return Report(operation=operation, findings=(), not_run=judged.not_run)
    in_text = isinstance(body, (bytes, str))
    findings = place_findings(plan, hits, request)
    if not in_text:
        findings = [msgspec.structs.replace(each, line=None, column=None) for each in findings]
    return Report(operation=operation, findings=tuple(findings), not_run=judged.not_run)


def judge(plan: Plan, request: Request, require: tuple[str, ...] = (), history: OrderHistory | None = None) -> Judged:
    """Find all that is wrong with one request, and what did not run.

    With a history, which holds the refunds before this one, the request stays under check in it: commit it next.
    """
    size = max(map(len, filter(None, (request.body, request.order, request.refunds))), default=0)
    if history is not None:
        size = history.size = max(history.size, size)
    with exact(size):
        return _Judgement(plan, request, history).judge(require)


class _Judgement:
    """One request under check: what is there of it, and what was found."""

    def __init__(self, plan: Plan, request: Request, history: OrderHistory | None) -> None:
        self.plan = plan
        self.request = request
        self.history = history
        self.parts = parts_of(request)
        self.values: dict[str, Any] = {**_NO_VALUES, "operation": plan.operation, "request": request}
        self.hits: list[Hit] = []
        self.not_run: list[NotRun] = []
        self.refund: Refund | None = None

    def judge(self, require: tuple[str, ...]) -> Judged:
        request, operation = self.request, self.plan.operation
        self._read_body()
        self.values |= {"path": request.path, "query": request.query, "headers": request.headers, "url": request.url}
        if self.parts & (PATH | QUERY | HEADERS):
            self._add(schema_findings(operation, request))
        if self.parts & (ORDER | REFUNDS) or self.history is not None:
            self._read_context()
        stage = self.plan.stage(self.parts)
        self._run_rules(stage.running)
        if self.parts & HEADERS and not has_credentials(operation, request):
            self.not_run.append(NotRun(codes=("RF502",), missing=CREDENTIALS))
        self.hits += _required(self.plan, require, self.parts)
        hits = [hit for hit in self.hits if hit[0].code in self.plan.severities]
        return Judged(hits, (*stage.not_run, *self.not_run), self.refund, self.values["ledger"])

    def _add(self, problems: Iterable[Problem]) -> None:
        self.hits += [(REGISTRY[code], found) for code, found in problems]

    def _run_rules(self, rules: tuple[Rule, ...]) -> None:
        """Call each rule with what it asks for."""
        hits, values = self.hits, self.values
        for rule in rules:
            names = rule.parameters
            try:
                found = rule.run(values[names[0]]) if len(names) == 1 else rule.run(*[values[name] for name in names])
                if found.__class__ is Finding:
                    hits.append((rule, found))
                elif found is not None:
                    for each in found:
                        hits.append((rule, each))
            except UnreadableError:
                self.not_run.append(NotRun(codes=(rule.code,), missing=VALID_ORDER))

    def _read_body(self) -> None:
        request, operation = self.request, self.plan.operation
        body = None
        if operation.described.body is not None:
            body, problems = read_body(operation, request)
            self._add(problems)
            if body is None:
                return
            self.parts |= BODY
            if any(code not in _LEFT_OUT for code, _ in problems):
                # What its schema refuses is no pass, even where its findings are ignored.
                self.not_run.append(NotRun(codes=(), missing=VALID_BODY))
        elif request.body is not None:
            message = f"{operation.name} takes no body"
            self._add([("RF103", finding("request:/body", message, "leave it out"))])
        self.values["body"] = body
        if operation.described.context:
            self.values["refund"] = self.refund = self.plan.model.read_request(operation, body, request.path)

    def _read_context(self) -> None:
        """Read the order and the earlier refunds; a part that cannot be used is taken back."""
        operation, request, model = self.plan.operation, self.request, self.plan.model
        order = refunds = None
        if request.order is not None:
            order, problems = read_order(operation, request.order)
            self._add(problems)
        if request.refunds is not None:
            refunds, problems = read_refunds(operation, request.refunds)
            self._add(problems)
        try:
            mismatches = list(model.context_mismatches(request.path, self.values["body"], order, refunds))
            if order is not None and not any(each.pointer.startswith("order:") for each in mismatches):
                starts_empty = self.history is not None and self.history.starts_empty
                in_order = None if starts_empty else model.refunds_in_order(order)
            else:
                order = in_order = None
            if any(each.pointer.startswith("refunds:") for each in mismatches):
                refunds = None
            listed = None if refunds is None else model.read_refunds(refunds)
            ledger = None if order is None else self._open_ledger(order, listed, in_order)
        except UnreadableError as error:
            mismatches = [finding("order:", f"this is no get-order response of the API: {error}")]
            order = ledger = listed = in_order = None
        self._add(("RF005", each) for each in mismatches)
        if order is None:
            self.parts = self.parts & ~ORDER | (INVALID_ORDER if request.order is not None else 0)
        earlier = max((each for each in (listed, in_order) if each is not None), key=len, default=None)
        if earlier is None and self.history is not None and self.history.starts_empty:
            earlier = []
        self.parts = self.parts & ~REFUNDS if earlier is None else self.parts | REFUNDS
        if self.history is not None:
            earlier = [*(earlier or ()), *self.history.refunds]
        self.values |= {"order": order, "refunds": earlier, "ledger": ledger}

    def _open_ledger(self, order: Any, refunds: list[Refund] | None, in_order: list[Refund] | None) -> Ledger | None:
        """The ledger with the request under check; lines that it names and nobody could read are told."""
        if self.refund is None:
            return None
        if self.history is None:
            ledger = open_ledger(self.plan.model, order, refunds, in_order)
        else:
            context = (self.plan.operation.api, self.request.order, self.request.refunds)
            self.history.model = self.plan.model  # one order may have the requests of two APIs
            ledger = self.history.ledger(order, refunds, in_order, context)
        if ledger.differences:
            shown = "; ".join(ledger.differences[:3])
            message = f"the order and the list tell of different refunds: {shown}"
            self._add([("RF008", finding("refunds:", message, "for each of them the larger counts"))])
        ledger.begin(self.refund)
        if any(key in ledger.unread for key, _ in self.refund.lines):
            codes = tuple(sorted(rule.code for rule in self.plan.rules if "ledger" in rule.parameters))
            self.not_run.append(NotRun(codes=codes, missing=VALID_ORDER))
        return ledger


def _required(plan: Plan, require: tuple[str, ...], parts: int) -> Iterable[Hit]:
    for part in require:
        if part not in PARTS:
            known = ", ".join(PARTS)
            raise ValueError(f"cannot require {part!r}{suggest_name(part, PARTS)} (known are {known})")
        waiting = [rule.code for rule in plan.rules if (rule.needs | rule.sharpens) & PARTS[part]]
        if not parts & PARTS[part] and waiting:
            message = f"the {part} was required and is not there; not checked: {', '.join(sorted(waiting))}"
            prefix = "header:" if part == "headers" else f"{part}:"
            yield REGISTRY["RF006"], finding(prefix, message, f"give the {part}")


# Findings with their places.


def place_findings(plan: Plan, hits: list[Hit], request: Request) -> list[Finding]:
    """Complete the findings with id, severity and place in the text, and sort them by place."""
    findings = [complete(rule, each, plan.severities[rule.code], plan.operation.name) for rule, each in hits]
    in_body = [index for index, each in enumerate(findings) if each.line is None and is_in_body(each.pointer)]
    if request.body is not None and in_body:
        wanted = [(findings[index].pointer, part_of(findings[index])) for index in in_body]
        for index, place in zip(in_body, request.document.locate_all(wanted), strict=True):
            if place is not None:
                findings[index] = msgspec.structs.replace(findings[index], line=place.line, column=place.column)
    return sorted(map(mask_pointer, findings), key=order_of)


def is_in_body(pointer: str) -> bool:
    """Whether a finding's pointer is one into the body."""
    return not pointer or pointer.startswith("/")


def part_of(each: Finding) -> Literal["key", "value"]:
    """Whether a finding is about a field's name or its value."""
    return "key" if each.code in KEYED else "value"


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


def mask_pointer(each: Finding) -> Finding:
    """The finding with its pointer masked: a card number can be the name of a field too."""
    pointer = mask_numbers(each.pointer)
    return each if pointer == each.pointer else msgspec.structs.replace(each, pointer=pointer)


_PARTS_IN_ORDER = ("", "request:", "path:", "query:", "header:", "order:", "refunds:")


def order_of(each: Finding) -> tuple[int, int, int, int, str]:
    """Findings come by record, then by part, within the body by position, then by rule."""
    prefix = each.pointer.partition(":")[0] + ":" if not each.pointer.startswith("/") and each.pointer else ""
    part = _PARTS_IN_ORDER.index(prefix) if prefix in _PARTS_IN_ORDER else len(_PARTS_IN_ORDER)
    return (each.record, part, each.line or 0, each.column or 0, each.code)


# Parts that were not given as text.


def _text(value: object, part: str, unwritable: dict[str, str]) -> bytes | None:
    """JSON text of anything that can be given as a part; what has none is empty, and `unwritable` says why."""
    if value is None or isinstance(value, bytes):
        return value
    try:
        return value.encode() if isinstance(value, str) else encode(value)
    except UnicodeEncodeError:
        unwritable[part] = "a lone surrogate in the text"
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        unwritable[part] = f"cannot be written as JSON: {error}"
    return b""


def _explained(hit: Hit, unwritable: dict[str, str]) -> Hit:
    """A finding that a part is empty, with the reason where the part could not be written."""
    rule, each = hit
    if rule.code != "RF001" or each.pointer not in unwritable:
        return hit
    return rule, msgspec.structs.replace(each, message=unwritable[each.pointer])
