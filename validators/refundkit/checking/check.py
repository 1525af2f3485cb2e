"""Checks a request: `check` returns a report for users, `judge` the raw result for the linter.

Every request that is not proven fine takes the same steps in `walk`: its body is read, then its context, then the rules
run over both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeAlias

import msgspec
from refundkit_apis._runtime.codec import encode
from refundkit_apis.names import OperationName

from .. import operations
from ..config import Config, choose_fail_on
from ..errors import (
    CREDENTIALS,
    VALID_BODY,
    VALID_ORDER,
    ConfigError,
    FailOn,
    Finding,
    NotRun,
    Report,
    Severity,
    UsageError,
    describe_defect,
    finding,
)
from ..ledger import Ledger, OrderHistory, Refund, UnreadableError, add_items, open_ledger
from ..money import exact
from ..parameters import schema_findings
from ..request import Request
from ..rule import (
    BODY,
    CACHE_CLEARERS,
    HEADERS,
    ORDER,
    PARAMETERS,
    PARTS,
    PATH,
    QUERY,
    REFUNDED_ITEMS,
    REFUNDS,
    REGISTRY,
    Rule,
)
from ..rules.identity import has_credentials
from ..text import mask_numbers, shorten, suggest_name
from .body import Problem, read_body, read_document
from .context import read_order, read_refunds
from .plan import INVALID_ORDER, Plan, make_plan, parts_of

# A body with such findings is judged all the same: a field with one of the first four is removed before.
_HARMLESS_CODES = frozenset({"RF002", "RF103", "RF108", "RF112", "RF110", "RF111"})
# Findings of these rules are about a field's name, not its value.
_FIELD_NAME_CODES = _HARMLESS_CODES | {"RF309"}
UNJUDGED = (NotRun(codes=(), missing=VALID_BODY),)
"""What did not run for a payload that nothing judged: it is never a pass, whatever the configuration ignores."""
Part: TypeAlias = Literal["order", "refunds", "path", "query", "headers"]
"""A part of a request or its context that `require` can name."""
Hit: TypeAlias = tuple[Rule, Finding]
Unlisted: TypeAlias = Callable[[Any, list[Refund]], list[Refund]]
_DEFAULT = Config()
# What proves a good body fine where nothing else is given, as in most calls, and its report, by the operation.
_DOORS: dict[str, tuple[Callable[[Any], bool], Report]] = {}
CACHE_CLEARERS.append(_DOORS.clear)
_ABSENT_VALUES = dict.fromkeys(PARAMETERS)


class CheckResult(msgspec.Struct, frozen=True):
    """What is wrong with one request, without places in a file.

    `refund` is the request as postings, None if its body could not be read; `ledger` is the order that it was checked
    against.
    """

    hits: list[Hit]
    not_run: tuple[NotRun, ...]
    refund: Refund | None
    ledger: Ledger | None

    @property
    def counts(self) -> bool:
        """Whether later requests count this one as a refund: not if the schema refuses its body."""
        return self.refund is not None and not any(entry.missing == VALID_BODY for entry in self.not_run)


def check(  # noqa: PLR0913 - the parts of a request, one by one
    operation: OperationName,
    body: object = None,
    *,
    order: object = None,
    refunds: object = None,
    path: Mapping[str, object] | None = None,
    query: Mapping[str, object] | None = None,
    headers: Mapping[str, object] | None = None,
    url: str | None = None,
    require: Iterable[Part] = (),
    config: Config | None = None,
    fail_on: FailOn | None = None,
    sends: bool = False,
    unlisted: Unlisted | None = None,
) -> Report:
    """Check one request of an operation before it is sent.

    `body`, `order` and `refunds` are JSON as bytes or str, plain data, or generated models; the order is the API's own
    get-order response, `refunds` its own list of earlier refunds; the text may be XML where the API takes that.
    `require` names context (`order`, `refunds`, `path`, `query`, `headers`) whose absence is an error (RF006).
    `fail_on` says which findings make the report not ok: error, warning, never; by default what `config` says, which is
    error. With `sends`, as the guard has it, rules that are strict to send are errors; its journal's
    `unlisted` returns the refunds that an order and a list of earlier ones lack. Does no I/O, keeps no state, and
    never raises for bad data; raises ValueError for an operation, a requirement or a `fail_on` that does not exist.
    """
    is_alone = (
        isinstance(body, bytes) and order is None and refunds is None and path is None and query is None
        and headers is None and url is None and require == () and config is None and fail_on is None and not sends
        and unlisted is None and isinstance(operation, str)
    )  # fmt: skip
    if is_alone and (door := _DOORS.get(operation)) is not None and door[0](body):
        return door[1]
    config = _DEFAULT if config is None else config
    _verify_types(operation, config, url)
    if path is not None or query is not None or headers is not None:
        _verify_values(path=path, query=query, headers=headers)
    fail_on = config.fail_on if fail_on is None else choose_fail_on(config, fail_on)
    plan = make_plan(operation, config, sends=True) if sends else make_plan(operation, config)
    parts = () if require == () else _verify_parts(require)
    if body.__class__ is not bytes and isinstance(body, msgspec.Struct) and plan.operation.described.body is not None:
        body = operations.wrap(body, plan.operation.struct())
    if isinstance(refunds, list):
        refunds = operations.wrap(refunds, operations.refunds_type(plan.operation))
    unwritable: dict[str, str] = {}
    try:
        request = Request(
            body=body if body.__class__ is bytes else _encode_part(body, "", unwritable),
            path=None if path is None else operations.values(path),
            query=None if query is None else operations.values(query),
            headers=None if headers is None else operations.values(headers),
            url=url,
            order=order if order.__class__ is bytes else _encode_part(order, "order:", unwritable),
            refunds=None if refunds is None else _encode_part(refunds, "refunds:", unwritable),
        )
        # The proof knows of no refunds that the order and the list lack.
        if unlisted is None and (proven := plan.proof.parts_if_fine(request, parts)):
            report = _make_clean_report(plan, request, proven, fail_on)
            if is_alone and (proves_body := plan.proof.body_alone()) is not None:
                _DOORS[operation] = proves_body, report
            return report
        findings, not_run = _walk_and_place(plan, request, parts, unlisted, unwritable)
    except ConfigError:  # a rule of the user's own failed
        raise
    except Exception as error:
        return Report(operation=operation, findings=(report_defect(error, operation),), not_run=UNJUDGED)
    if not isinstance(body, (bytes, str)):
        findings = [msgspec.structs.replace(entry, line=None, column=None) for entry in findings]
    return Report(operation=operation, findings=tuple(findings), not_run=not_run, fail_on=fail_on)


def _walk_and_place(
    plan: Plan, request: Request, require: tuple[str, ...], unlisted: Unlisted | None, unwritable: dict[str, str]
) -> tuple[list[Finding], tuple[NotRun, ...]]:
    """Return the findings of a request that is not proven fine, at their places, and the rules that did not run."""
    if request.body and request.body[:1] != b"{":
        request = _translate_xml(plan.operation, request, request.body)
    result = walk(plan, request, require, unlisted=unlisted)
    hits = [_explain_empty_part(hit, unwritable) for hit in result.hits] if unwritable else result.hits
    return (place_findings(plan, hits, request) if hits else []), result.not_run


def _make_clean_report(plan: Plan, request: Request, parts: int, fail_on: FailOn) -> Report:
    """Return the report of a request that is proven fine: one object for all, but for missing credentials."""
    if parts & HEADERS and not has_credentials(plan.operation, request):
        not_run = missing_parts(plan, request, parts)
        return Report(operation=plan.operation.name, findings=(), not_run=not_run, fail_on=fail_on)
    report = plan.clean_reports.get((parts, fail_on))
    if report is None:
        not_run = plan.stage(parts).not_run
        report = Report(operation=plan.operation.name, findings=(), not_run=not_run, fail_on=fail_on)
        plan.clean_reports[parts, fail_on] = report
    return report


def report_defect(error: Exception, operation: str) -> Finding:
    """Return the finding of an unforeseen error (RF007), whatever the configuration says of its rule."""
    raw = finding("", describe_defect(error), "please report it with the payload")
    return complete_finding(REGISTRY["RF007"], raw, "error", operation)


def judge(plan: Plan, request: Request, require: tuple[str, ...] = ()) -> CheckResult:
    """Find all that is wrong with one request, and the rules that did not run.

    The result has neither refund nor ledger where the request is proven fine.
    """
    if parts := plan.proof.parts_if_fine(request, require):
        return CheckResult([], missing_parts(plan, request, parts), None, None)
    return walk(plan, request, require)


def walk(
    plan: Plan,
    request: Request,
    require: tuple[str, ...] = (),
    history: OrderHistory | None = None,
    unlisted: Unlisted | None = None,
) -> CheckResult:
    """Judge a request without the proof: read every part, and run every rule.

    A history holds the refunds before this one. The request stays under check in its ledger: commit it next.
    """
    size = max(map(len, filter(None, (request.body, request.order, request.refunds))), default=0)
    if history is not None:
        size = history.size = max(history.size, size)
    with exact(size):
        return _RequestCheck(plan, request, history, unlisted).judge(require)


class _RequestCheck:
    """The state of one check: the parts that are present, the arguments of the rules, and the findings so far."""

    def __init__(
        self, plan: Plan, request: Request, history: OrderHistory | None, unlisted: Unlisted | None = None
    ) -> None:
        self.unlisted = unlisted
        self.plan = plan
        self.request = request
        self.history = history
        self.parts = parts_of(request)
        self.values: dict[str, Any] = {**_ABSENT_VALUES, "operation": plan.operation, "request": request}
        self.hits: list[Hit] = []
        self.not_run: list[NotRun] = []
        self.refund: Refund | None = None

    def judge(self, require: tuple[str, ...]) -> CheckResult:
        """Read the body and the context, run the rules, and return the result."""
        request, operation = self.request, self.plan.operation
        self._read_body()
        self.values |= {"path": request.path, "query": request.query, "headers": request.headers, "url": request.url}
        if self.parts & (PATH | QUERY | HEADERS):
            self._add_problems(schema_findings(operation, request))
        if self.parts & (ORDER | REFUNDS) or self.history is not None:
            self._read_context()
        self._run_rules(self.plan.stage(self.parts).running)
        self.hits += _missing_requirements(self.plan, require, self.parts)
        not_run = missing_parts(self.plan, request, self.parts, self.not_run)
        levels = self.plan.severities
        hits = [hit for hit in self.hits if hit[0].code in levels or is_refusal(*hit, not_run)]
        return CheckResult(hits, not_run, self.refund, self.values["ledger"])

    def _add_problems(self, problems: Iterable[Problem]) -> None:
        """Add problems as hits of their rules, whether those are on or off."""
        self.hits += [(REGISTRY[code], problem) for code, problem in problems]

    def _run_rules(self, rules: tuple[Rule, ...]) -> None:
        """Call each of the selected rules with the arguments that its parameters name."""
        hits, values = self.hits, self.values
        for rule in rules:
            names = rule.parameters
            try:
                result = rule.run(values[names[0]]) if len(names) == 1 else rule.run(*[values[name] for name in names])
                if result.__class__ is Finding:
                    hits.append((rule, result))
                elif result is not None:
                    for entry in result:
                        hits.append((rule, entry))
            except UnreadableError:
                self.not_run.append(NotRun(codes=(rule.code,), missing=VALID_ORDER))

    def _read_body(self) -> None:
        """Read the body and the postings of the request, with the findings of its text and schema."""
        request, operation = self.request, self.plan.operation
        body = None
        if operation.described.body is not None:
            body, problems = read_body(operation, request)
            self._add_problems(problems)
            if body is None:
                return
            self.parts |= BODY
            if any(code not in _HARMLESS_CODES for code, _ in problems):
                # The report must not be ok even if the configuration ignores these findings.
                self.not_run += UNJUDGED
        elif request.body is not None:
            message = f"{operation.name} takes no body"
            self._add_problems([("RF103", finding("request:/body", message, "leave it out"))])
        self.values["body"] = body
        if operation.described.context:
            self.values["refund"] = self.refund = self.plan.model.read_request(operation, body, request.path)

    def _read_context(self) -> None:
        """Read the order and the earlier refunds; one that cannot be used counts as absent."""
        operation, request, model = self.plan.operation, self.request, self.plan.model
        order = refunds = None
        ignores_order = self.history is not None and self.history.ignores_refunds_in_order
        if request.order is not None:
            order, problems = read_order(operation, request.order, request.path)
            self._add_problems(problems)
        if request.refunds is not None:
            refunds, problems = read_refunds(operation, request.refunds)
            self._add_problems(problems)
        try:
            mismatches = list(model.context_mismatches(request.path, self.values["body"], order, refunds))
            if order is not None and not any(mismatch.pointer.startswith("order:") for mismatch in mismatches):
                in_order = None if ignores_order else model.refunds_in_order(order)
            else:
                order = in_order = None
            if any(mismatch.pointer.startswith("refunds:") for mismatch in mismatches):
                refunds = None
            listed = None if refunds is None else model.read_refunds(refunds)
            in_order = add_items(in_order, listed)
            if self.unlisted is not None:
                listed, in_order = (
                    each if each is None else [*each, *self.unlisted(order, each)] for each in (listed, in_order)
                )
            ledger = None if order is None else self._open_ledger(order, listed, in_order)
        except UnreadableError as error:
            mismatches = [finding("order:", f"this is no get-order response of the API: {error}")]
            order = ledger = listed = in_order = None
        self._add_problems(("RF005", mismatch) for mismatch in mismatches)
        if order is None:
            self.parts = self.parts & ~ORDER | (INVALID_ORDER if request.order is not None else 0)
        sources = [source for source in (listed, in_order) if source is not None]
        earlier = max(sources, key=len, default=[] if ignores_order else None)
        self.parts = self.parts & ~REFUNDS if earlier is None else self.parts | REFUNDS
        if any(refund.unread for refund in earlier or ()):
            self._add_not_run("refunds")
        if earlier is not None and all(refund.tells_items for refund in earlier):
            self.parts |= REFUNDED_ITEMS
        if self.history is not None:
            earlier = [*(earlier or ()), *self.history.refunds]
        self.values |= {"order": order, "refunds": earlier, "refunded_items": earlier, "ledger": ledger}

    def _open_ledger(self, order: Any, refunds: list[Refund] | None, in_order: list[Refund] | None) -> Ledger | None:
        """Open the ledger with this refund under check; None if the body was unreadable.

        Lines that the refund names and that could not be read put all rules of the ledger into `not_run`.
        """
        if self.refund is None:
            return None
        if self.history is None:
            ledger = open_ledger(self.plan.model, order, refunds, in_order)
        else:
            context = (self.plan.operation.api, self.request.order, self.request.refunds)
            self.history.model = self.plan.model  # requests of two APIs can be about one order
            ledger = self.history.ledger(order, refunds, in_order, context)
        if ledger.differences:
            message = f"the order and the list tell of different refunds: {'; '.join(ledger.differences[:3])}"
            self._add_problems([("RF008", finding("refunds:", message, "for each of them the larger counts"))])
        ledger.begin(self.refund)
        if any(ledger.is_unread(key) for key, _ in self.refund.lines):
            self._add_not_run("ledger")
        return ledger

    def _add_not_run(self, parameter: str) -> None:
        """Report the rules with a parameter as not run: a part of the order that they read could not be read."""
        codes = tuple(sorted(rule.code for rule in self.plan.rules if parameter in rule.parameters))
        self.not_run.append(NotRun(codes=codes, missing=VALID_ORDER))


def missing_parts(plan: Plan, request: Request, parts: int, more: Iterable[NotRun] = ()) -> tuple[NotRun, ...]:
    """Return the rules that lack a part, or a part that could be read, and the credentials if there are none."""
    not_run = (*plan.stage(parts).not_run, *more)
    if parts & HEADERS and not has_credentials(plan.operation, request):
        return (*not_run, NotRun(codes=("RF502",), missing=CREDENTIALS))
    return not_run


def _verify_types(operation: object, config: object, url: object) -> None:
    """Raise UsageError for an argument of another type than it has, with what to give."""
    if not isinstance(operation, str):
        raise UsageError(f'operation is {operation!r}: give a name such as "walmart.refund_order_lines"')
    if not isinstance(config, Config):
        raise UsageError(f"config is {config!r}: give a refundkit.Config")
    if url is not None and not isinstance(url, str):
        raise UsageError(f"url is {url!r}: give a text")


def _verify_values(**parameters: object) -> None:
    """Raise UsageError for values by name that are no dict."""
    for name, values in parameters.items():
        if values is not None and values.__class__ is not dict and not isinstance(values, Mapping):
            raise UsageError(f"{name} is {values!r}: give a dict of names and values")


def _verify_parts(require: Iterable[str]) -> tuple[str, ...]:
    """Return the names of required parts. Raises ValueError for an unknown one."""
    if require.__class__ is not list and (isinstance(require, str) or not isinstance(require, Iterable)):
        raise UsageError(f'require is {require!r}: give a list such as ["order"]')
    for part in (parts := tuple(require)):
        if part not in PARTS:
            raise UsageError(f"cannot require {part!r}{suggest_name(str(part), PARTS)} (known are {', '.join(PARTS)})")
    return parts


def _missing_requirements(plan: Plan, require: tuple[str, ...], parts: int) -> Iterable[Hit]:
    """Yield RF006 for each required part that is absent though a rule needs it."""
    for part in require:
        codes = [rule.code for rule in plan.rules if (rule.needs | rule.sharpens) & PARTS[part]]
        if not parts & PARTS[part] and codes:
            message = f"the {part} was required and is not there; not checked: {', '.join(sorted(codes))}"
            prefix = "header:" if part == "headers" else f"{part}:"
            yield REGISTRY["RF006"], finding(prefix, message, f"give the {part}")


# Findings with their ids and their places in the text.


def place_findings(plan: Plan, hits: list[Hit], request: Request) -> list[Finding]:
    """Complete the findings with id, severity and place in the text, and sort them by place."""
    levels = plan.severities
    findings = [
        complete_finding(rule, raw, levels.get(rule.code, rule.severity), plan.operation.name) for rule, raw in hits
    ]
    unplaced = [index for index, entry in enumerate(findings) if entry.line is None and is_in_body(entry.pointer)]
    if request.body is not None and unplaced:
        targets = [(findings[index].pointer, part_of(findings[index])) for index in unplaced]
        for index, place in zip(unplaced, request.document.locate_all(targets), strict=True):
            if place is not None:
                findings[index] = msgspec.structs.replace(findings[index], line=place.line, column=place.column)
    return sorted(map(mask_pointer, findings), key=sort_key)


def is_in_body(pointer: str) -> bool:
    """Return whether a finding's pointer leads into the body."""
    return not pointer or pointer.startswith("/")


def is_refusal(rule: Rule, raw: Finding, not_run: Iterable[NotRun]) -> bool:
    """Return whether a finding is why its payload is refused: it is named even if its rule is off."""
    if rule.code in _HARMLESS_CODES or all(entry.missing != VALID_BODY for entry in not_run):
        return False
    is_of_body = is_in_body(raw.pointer) or raw.pointer.startswith("request:")
    return is_of_body and (rule.code < "RF2" or "value" in rule.parameters)


def part_of(entry: Finding) -> Literal["key", "value"]:
    """Return whether a finding is about a field's name or its value."""
    return "key" if entry.code in _FIELD_NAME_CODES else "value"


def complete_finding(rule: Rule, raw: Finding, severity: Severity, operation: str) -> Finding:
    """Add the rule's id and source, the severity and the operation to a rule's finding; mask and shorten its words."""
    return msgspec.structs.replace(
        raw,
        code=rule.code,
        name=rule.name,
        severity=severity,
        operation=operation,
        message=shorten(raw.message),
        help=shorten(raw.help),
        source=rule.source,
    )


def mask_pointer(entry: Finding) -> Finding:
    """Mask card numbers in a finding's pointer: a field's name can be one."""
    pointer = mask_numbers(entry.pointer)
    return entry if pointer == entry.pointer else msgspec.structs.replace(entry, pointer=pointer)


_PARTS_IN_ORDER = ("", "request:", "path:", "query:", "header:", "order:", "refunds:")


def sort_key(entry: Finding) -> tuple[int, int, int, int, str]:
    """Return the key that sorts findings by record, part of the request, place and rule."""
    prefix = entry.pointer.partition(":")[0] + ":" if not is_in_body(entry.pointer) else ""
    part = _PARTS_IN_ORDER.index(prefix) if prefix in _PARTS_IN_ORDER else len(_PARTS_IN_ORDER)
    return (entry.record, part, entry.line or 0, entry.column or 0, entry.code)


# Parts that are plain data or models.


def _encode_part(value: object, part: str, unwritable: dict[str, str]) -> bytes | None:
    """Return a part as JSON text; where it has none, return b"" and write the reason to `unwritable`."""
    if value is None or isinstance(value, bytes):
        return value
    try:
        return value.encode() if isinstance(value, str) else encode(value)
    except UnicodeEncodeError:
        unwritable[part] = "a lone surrogate in the text"
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        unwritable[part] = f"cannot be written as JSON: {error}"
    return b""


def _translate_xml(operation: operations.Operation, request: Request, text: bytes) -> Request:
    """Return the request with our JSON text of a body that is XML, where the operation takes that."""
    from ..reading.xml import is_xml

    if not is_xml(text) or not operations.takes_xml(operation):
        return request
    document = read_document(text, operation)
    body = encode(document.value) if document.readable else b""
    return msgspec.structs.replace(request, body=body, read=lambda: document, is_translated=True)


def _explain_empty_part(hit: Hit, unwritable: dict[str, str]) -> Hit:
    """Say in the finding of an empty part why it could not be written as JSON."""
    rule, entry = hit
    if rule.code != "RF001" or entry.pointer not in unwritable:
        return hit
    return rule, msgspec.structs.replace(entry, message=unwritable[entry.pointer])
