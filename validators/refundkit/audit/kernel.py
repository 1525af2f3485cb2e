"""The kernel of every engine: the requests of whole orders in, as Arrow record batches, findings out.

Each request is held to the same check as everywhere, with its order and with the refunds of that order before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pyarrow as pa

from .. import apis, operations
from ..checking.check import (
    UNJUDGED,
    CheckResult,
    Hit,
    complete_finding,
    missing_parts,
    place_findings,
    report_defect,
    sort_key,
    walk,
)
from ..checking.plan import make_plan
from ..config import find_severity
from ..errors import ConfigError, Finding, NotRun, finding
from ..ledger import QUANTITIES, TOTAL, OrderHistory, Refund
from ..lint.document import report_unknown_operation
from ..money import ZERO, exact
from ..operations import Operation
from ..order_key import OrderKey, id_in_body, key_of_request
from ..reading.keys import UNREADABLE, has_unique_keys
from ..request import Request as CheckedRequest
from ..rule import REGISTRY
from ..screen import ProvenHistory
from ..text import mask_numbers
from .columns import FINDINGS, REQUESTS
from .files import to_requests
from .settings import AuditSettings

_VALUES = msgspec.json.Decoder(dict[str, str | int | bool | None])


class Row(msgspec.Struct, gc=False):
    """One row of REQUESTS; `time` is in microseconds since 1970."""

    row: int
    time: int | None
    operation: str | None
    path: bytes | None
    query: bytes | None
    headers: bytes | None
    body: bytes | None
    order: bytes | None
    refunds: bytes | None
    status: int | None


class RuleTotal(msgspec.Struct, gc=False):
    """The findings of one rule and currency, their requests, and the money that those ask to give back."""

    findings: int = 0
    requests: int = 0
    refunded: Decimal = ZERO


class Tally(msgspec.Struct):
    """The counts of an audit.

    `money` is by severity, code, name and currency ("" where nobody tells); `not_run` counts requests by operation,
    rules and missing part; `uncounted` refunds took effect, and could not be counted as earlier ones; `unplaced` rows
    of orders and earlier refunds name no order of an API.
    """

    requests: int = 0
    orders: int = 0
    with_findings: int = 0
    uncounted: int = 0
    unplaced: int = 0
    money: dict[tuple[str, str, str, str], RuleTotal] = {}
    not_run: Counter[tuple[str, tuple[str, ...], str]] = msgspec.field(default_factory=Counter)

    def add(self, tally: Tally) -> None:
        """Add the counts of another part of the history to this one."""
        self.requests += tally.requests
        self.orders += tally.orders
        self.with_findings += tally.with_findings
        self.uncounted += tally.uncounted
        self.unplaced += tally.unplaced
        self.not_run.update(tally.not_run)
        for key, added in tally.money.items():
            total = self.money.setdefault(key, RuleTotal())
            total.findings += added.findings
            total.requests += added.requests
            total.refunded = total.refunded + added.refunded


def judge_batches(batches: Iterable[pa.RecordBatch], settings: AuditSettings) -> Iterator[tuple[pa.RecordBatch, Tally]]:
    """For each batch of REQUESTS, its FINDINGS and what was looked at. All requests of an order are in one batch.

    Text may stand for bytes and ISO 8601 for times, and all but `row`, `operation` and `time` may be left out. The
    findings come by order, time and row, and within a request by place. Raises SourceError for columns of other types.
    """
    kernel = Kernel(settings)
    for batch in batches:
        groups: dict[Any, list[Row]] = {}
        for row in read_rows(to_requests(batch)):
            key = key_of_row(row)
            groups.setdefault(row.row if key is None else key, []).append(row)
        for key, group in groups.items():
            kernel.judge_order(key if isinstance(key, OrderKey) else None, group)
        yield kernel.take()


def key_of_row(row: Row) -> OrderKey | None:
    """Find the order of a request by its API, in the path or else in the body; None where neither names it."""
    return key_of_parts(row.operation, row.path, row.body)


def key_of_parts(operation: str | None, path: bytes | None, body: bytes | None) -> OrderKey | None:
    """Find the order as `key_of_row` does; of an unknown operation the API before the dot counts."""
    try:
        values = _VALUES.decode(path) if path else None
    except UNREADABLE:
        values = None
    return key_of_request(operation or "", values, body)


def read_rows(batch: pa.RecordBatch) -> Iterator[Row]:
    """Read the rows of a batch of REQUESTS."""
    columns: list[list[Any]] = []
    for field in REQUESTS:
        column = batch.column(field.name)
        columns.append(column.cast(pa.int64()).to_pylist() if field.name == "time" else _read_values(column))
    for row, time, operation, *texts in zip(*columns, strict=True):
        yield Row(row, time, None if operation is None else operation.decode("utf-8", "replace"), *texts)


def _read_values(column: pa.Array) -> list[Any]:
    """Read the values of a column; for bytes several times as fast as to_pylist."""
    if not pa.types.is_binary(column.type) or column.null_count == len(column):
        return list(column.to_pylist())
    _, offsets, data = column.buffers()
    ends = memoryview(offsets).cast("i")[column.offset : column.offset + len(column) + 1].tolist()
    text = memoryview(data if data is not None else b"")
    values: list[Any] = [bytes(text[start:end]) for start, end in pairwise(ends)]
    if column.null_count:
        for index in pa.compute.indices_nonzero(column.is_null()).to_pylist():
            values[index] = None
    return values


class Kernel:
    """Judges orders one after another and keeps what it found until it is taken."""

    def __init__(self, settings: AuditSettings) -> None:
        self.settings = settings
        self.columns: dict[str, list[Any]] = {field.name: [] for field in FINDINGS}
        self.tally = Tally()

    def take(self) -> tuple[pa.RecordBatch, Tally]:
        """Take what was found since the last call."""
        batch = pa.RecordBatch.from_pydict(self.columns, schema=FINDINGS)
        tally = self.tally
        self.columns = {field.name: [] for field in FINDINGS}
        self.tally = Tally()
        return batch, tally

    def judge_order(self, key: OrderKey | None, group: list[Row]) -> None:
        """Judge the requests of one order in order of time, then row; those without a time come last."""
        if len(group) > 1:
            group.sort(key=lambda row: (row.time is None, row.time or 0, row.row))
        self.tally.requests += len(group)
        self.tally.orders += key is not None
        if key is not None and self._prove_order(group):
            return
        history = None
        if key is not None:
            history = OrderHistory(apis.order_model(key.api), ignores_refunds_in_order=not self.settings.carried)
        for position, row in enumerate(group):
            operation = None if row.operation is None else operations.find(row.operation)
            if operation is None:
                self._refuse_unknown(key, row)
                continue
            if key is not None and _names_other_order(operation, row, key):
                self._judge(key, row, operation, None)  # RF501: nobody knows whose refund it is
                counts = False
            else:
                counts = self._commit(row, operation, history, self._judge(key, row, operation, history))
            is_last = position + 1 == len(group)
            if key is not None and not is_last and not counts and self._took_effect(row, operation):
                self.tally.uncounted += 1

    def _prove_order(self, group: list[Row]) -> bool:
        """Prove all requests of an order fine, and count what did not run; False where one is not, or may not be."""
        operation = operations.find(group[0].operation or "")
        if operation is None or any(row.operation != group[0].operation for row in group):
            return False
        plan = make_plan(operation.name, self.settings.config)
        history = ProvenHistory(ignores_told=not self.settings.carried, bodies=[])
        proven: list[tuple[NotRun, ...]] = []
        for row in group:
            problems: list[Hit] = []
            request = _read_row(row, problems)
            parts = 0 if problems else plan.proof.parts_if_fine(request, (), history)
            if not parts or (self.settings.carried and len(group) > 1):
                return False
            proven.append(missing_parts(plan, request, parts))
            if self._took_effect(row, operation):
                history.commit()
        for not_run in proven:
            self._count_not_run(operation.name, not_run)
        return True

    def _judge(self, key: OrderKey | None, row: Row, operation: Operation, history: OrderHistory | None) -> CheckResult:
        """Judge one request, and write down what is found; an unforeseen error is a finding (RF007)."""
        try:
            return self._judge_request(key, row, operation, history)
        except ConfigError:  # a rule of the user's own failed
            raise
        except Exception as error:
            self._count_not_run(operation.name, UNJUDGED)
            self._write(key, row, [report_defect(error, operation.name)], None)
            return CheckResult([], UNJUDGED, None, None)

    def _judge_request(
        self, key: OrderKey | None, row: Row, operation: Operation, history: OrderHistory | None
    ) -> CheckResult:
        problems: list[Hit] = []
        request = _read_row(row, problems)
        plan = make_plan(operation.name, self.settings.config)
        judged = walk(plan, request, history=history)
        self._count_not_run(operation.name, judged.not_run)
        if judged.hits or problems:
            findings = place_findings(plan, judged.hits, request) if judged.hits else []
            findings += self._complete(problems, operation.name)
            self._write(key, row, sorted(findings, key=sort_key) if problems else findings, judged)
        return judged

    def _commit(self, row: Row, operation: Operation, history: OrderHistory | None, judged: CheckResult) -> bool:
        """Make a request one of the history, if it took effect; whether it can be counted."""
        if history is None or judged.refund is None or not judged.counts or not self._took_effect(row, operation):
            return judged.counts
        history.commit(judged.refund)
        return row.order is not None or all(posting.effect != "rest" for posting in judged.refund.postings)

    def _took_effect(self, row: Row, operation: Operation) -> bool:
        """Tell whether a refund took effect; where statuses are not used, each is taken to have.

        A cancellation is none: it stands in the order as it is exported.
        """
        changes = bool(operation.described.context) and "cancels" not in apis.traits(operation.name)
        is_success = not self.settings.statuses or (row.status is not None and 200 <= row.status < 300)
        return changes and is_success

    def _refuse_unknown(self, key: OrderKey | None, row: Row) -> None:
        """Report RF003 for a request of an unknown operation."""
        if row.operation is None:
            code, problem = report_unknown_operation({})
            advice = "name it in the column `operation`"
            problem = msgspec.structs.replace(problem, help=advice, pointer="request:/operation")
        else:
            message = f"unknown operation {row.operation!r}{operations.suggest(row.operation)}"
            code, problem = "RF003", finding("request:/operation", message, "`refundkit operations` lists them")
        self._count_not_run(row.operation or "", UNJUDGED)
        self._write(key, row, self._complete([(REGISTRY[code], problem)], row.operation or ""), None)

    def _complete(self, hits: list[Hit], operation: str) -> list[Finding]:
        """Give the findings ids and severities, and drop those that are off."""
        levels = [(rule, problem, find_severity(self.settings.config, rule)) for rule, problem in hits]
        return [
            complete_finding(rule, problem, rule.severity if level == "off" else level, operation)
            for rule, problem, level in levels
            if level != "off" or rule.code == "RF003"
        ]

    def _count_not_run(self, operation: str, not_run: tuple[NotRun, ...]) -> None:
        """Count one request under each group of rules that lacked a part."""
        for entry in not_run:
            self.tally.not_run[operation, entry.codes, entry.missing] += 1

    def _write(self, key: OrderKey | None, row: Row, findings: list[Finding], judged: CheckResult | None) -> None:
        """Add the findings of one request to the columns and to the tally."""
        if not findings:
            return
        refunded, currency, reason = _describe_refund(judged)
        columns, money = self.columns, self.tally.money
        for each in findings:
            columns["row"].append(row.row)
            columns["time"].append(row.time)
            columns["operation"].append(_without_surrogates(row.operation or ""))
            columns["order_id"].append("" if key is None else _without_surrogates(mask_numbers(key.order_id)))
            for name in ("code", "name", "severity", "message", "help", "pointer", "source"):
                columns[name].append(_without_surrogates(getattr(each, name)))
            columns["refunded"].append(None if refunded is None else format(refunded, "f"))
            columns["currency"].append(currency)
            columns["reason"].append(reason)
            money.setdefault((each.severity, each.code, each.name, currency or ""), RuleTotal()).findings += 1
        with exact():
            for severity, code, name in {(each.severity, each.code, each.name): None for each in findings}:
                counted = money[severity, code, name, currency or ""]
                counted.requests += 1
                counted.refunded += refunded or ZERO
        self.tally.with_findings += 1


def _describe_refund(judged: CheckResult | None) -> tuple[Decimal | None, str | None, str | None]:
    """Return the money that a request asks to give back, its currency and its reason; None where it names none."""
    refund = None if judged is None else judged.refund
    if judged is None or refund is None:
        return None, None, None
    currency = next((amount.currency for amount in refund.amounts if amount.currency), "")
    if not currency and judged.ledger is not None and refund.amounts:
        currency = judged.ledger.currency
    with exact():
        return _sum_refund(refund), currency or None, mask_numbers(refund.reason) if refund.reason else None


def _sum_refund(refund: Refund) -> Decimal | None:
    """Return the total that a refund names, or else the sum of its parts, taxes included; None if it names no money."""
    postings = [posting for posting in refund.postings if posting.effect in ("add", "set")]
    totals = [posting for posting in postings if posting.account == TOTAL]
    counted = totals or [posting for posting in postings if posting.account not in QUANTITIES]
    return sum((posting.amount + posting.tax for posting in counted), ZERO) if counted else None


def _without_surrogates(value: str) -> str:
    """Escape lone surrogates, which Arrow cannot hold."""
    return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()


def _names_other_order(operation: Operation, row: Row, key: OrderKey) -> bool:
    """Whether the body names another order than the path (RF501)."""
    in_body = id_in_body(operation, row.body)
    return bool(in_body) and key.order_id not in in_body.values()


def _read_row(row: Row, problems: list[Hit]) -> CheckedRequest:
    """Read a row as a request; what is wrong with its parameters goes into `problems`."""
    return CheckedRequest(
        body=row.body,
        path=_read_parameters("path", row.path, problems),
        query=_read_parameters("query", row.query, problems),
        headers=_read_parameters("headers", row.headers, problems),
        order=row.order,
        refunds=row.refunds,
    )


def _read_parameters(part: str, text: bytes | None, problems: list[Hit]) -> dict[str, str] | None:
    """Path, query or headers from JSON text; what is wrong with it goes into `problems`."""
    if text is None or text == b"null":
        return None
    try:
        values = _VALUES.decode(text)
    except UNREADABLE:
        message = f"{part!r} is no JSON object of plain values"
        advice = "write an object of names and values"
        problems.append((REGISTRY["RF102"], finding(f"request:/{part}", message, advice)))
        return None
    if not has_unique_keys(text, values):
        from ..reading.json import read_json

        for problem in read_json(text).problems:
            duplicate = finding(f"request:/{part}{problem.pointer}", problem.message, problem.help)
            problems.append((REGISTRY[problem.code], duplicate))
    return operations.values(values)
