"""The kernel of every engine: the requests of whole orders in, as Arrow record batches, findings out.

Each request is held to the same check as everywhere, with its order and with the refunds of that order before it. What
is the same for many requests is found out once: a way of asking (path and headers of one form), an order's text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pyarrow as pa
from refundkit_apis._runtime.codec import encode

from .. import operations, rules
from ..check import (
    ASKING,
    CREDENTIALS,
    VALID_BODY,
    VALID_ORDER,
    Given,
    Hit,
    NotRun,
    Plan,
    check,
    complete,
    judge,
    order_of,
    plan,
    read_body,
)
from ..config import Config, effective
from ..context import read_order
from ..keys import unrepeated
from ..money import EXACT, ZERO
from ..operations import Operation
from ..request import unknown_operation
from ..rule import BODY, HEADERS, ORDER, REFUNDS, REGISTRY, Finding, Rule, finding, masked
from ..rules.identity import PLACEHOLDERS, purchase_order_id
from . import past
from .asked import asked_for
from .columns import FINDINGS, REQUESTS
from .files import as_requests
from .orders import Key, of_order, of_request, shortened

_VALUES = msgspec.json.Decoder(dict[str, str | int | bool | None])
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError, ArithmeticError, ValueError)
_BOM = b"\xef\xbb\xbf"
_UNUSABLE = frozenset({VALID_ORDER})
_UNREAD = NotRun(codes=(), missing=VALID_BODY)
# Rules that look at the way of asking together with something else; Judge.plainly knows what each of them needs.
_MIXED = frozenset({"RF204", "RF216", "RF309", "RF501", "RF502", "RF504", "RF506"})
_ALONE = frozenset({"path", "query", "headers", "url", "operation"})
_READING = ("RF0", "RF1")
# Without these a body or an order may be odd and nobody says so.
_READERS = frozenset("RF001 RF002 RF004 RF005 RF101 RF102 RF103 RF104 RF105 RF106 RF107 RF108 RF109".split())
# Values that differ from request to request and mean the same to every rule: GUIDs, numbers, letters and a number.
_VARYING = re.compile(
    rb'"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"'
    rb'|"[A-Za-z]{0,12}-?[1-9][0-9]{0,30}"|:\s?[1-9][0-9]{0,30}(?=[,}])'
)
_NINES = bytes.maketrans(b"0123456789", b"9" * 10)
_SAMPLES = frozenset(sample.encode() for sample in PLACEHOLDERS)
_ANY_GUID = b'"5f0c3e6a-9a68-4f1d-8b53-1f2f6c8f3a10"'
_FORMS = 4096
_NOTHING_GIVEN = Given()


class Request(msgspec.Struct, gc=False):
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


class Money(msgspec.Struct, gc=False):
    """Of one rule and currency: how many findings, in how many requests, and what those ask to give back in all."""

    findings: int = 0
    requests: int = 0
    refunded: Decimal = ZERO


class Tally(msgspec.Struct):
    """What was looked at, and what it came to.

    `money` is by severity, code, name and currency ("" where nobody tells); `not_run` counts requests by operation,
    rules and missing part; `uncounted` refunds took effect, and could not be counted as earlier ones; `unplaced` rows
    of orders and earlier refunds name no order of an API.
    """

    requests: int = 0
    orders: int = 0
    with_findings: int = 0
    uncounted: int = 0
    unplaced: int = 0
    money: dict[tuple[str, str, str, str], Money] = {}
    not_run: Counter[tuple[str, tuple[str, ...], str]] = msgspec.field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Take in what another part of the history came to."""
        self.requests += other.requests
        self.orders += other.orders
        self.with_findings += other.with_findings
        self.uncounted += other.uncounted
        self.not_run.update(other.not_run)
        for key, more in other.money.items():
            own = self.money.setdefault(key, Money())
            own.findings += more.findings
            own.requests += more.requests
            own.refunded = EXACT.add(own.refunded, more.refunded)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How to judge. `statuses`: only a request with a 2xx took effect; else all of them did. `carried`: the orders were
    read before the first request, so the refunds in them are earlier ones; else they may be the audited ones."""

    config: Config = Config()
    statuses: bool = False
    carried: bool = False


def findings(batches: Iterable[pa.RecordBatch], settings: Settings) -> Iterator[tuple[pa.RecordBatch, Tally]]:
    """For each batch of REQUESTS, its FINDINGS and what was looked at. All requests of an order are in one batch.

    Text may stand for bytes and ISO 8601 for times, and all but `row`, `operation` and `time` may be left out. The
    findings come by order, time and row, and within a request by place. Raises SourceError for columns of other types.
    """
    judge_all = Kernel(settings)
    for batch in batches:
        groups: dict[Any, list[Request]] = {}
        for one in requests(as_requests(batch)):
            key = of_request(one.operation, one.path, one.body)
            groups.setdefault(one.row if key is None else key, []).append(one)
        for key, group in groups.items():
            judge_all.history(key if isinstance(key, Key) else None, group)
        yield judge_all.taken()


def requests(batch: pa.RecordBatch) -> Iterator[Request]:
    """The rows of a batch of REQUESTS."""
    columns: list[list[Any]] = []
    for field in REQUESTS:
        column = batch.column(field.name)
        columns.append(column.cast(pa.int64()).to_pylist() if field.name == "time" else _values(column))
    for row, time, operation, *rest in zip(*columns, strict=True):
        yield Request(row, time, None if operation is None else operation.decode("utf-8", "replace"), *rest)


def _values(column: pa.Array) -> list[Any]:
    """As to_pylist, several times as fast for bytes."""
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

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.judge = Judge(settings.config)
        self.columns: dict[str, list[Any]] = {field.name: [] for field in FINDINGS}
        self.tally = Tally()
        self.plain: Counter[tuple[str, int, bool]] = Counter()

    def taken(self) -> tuple[pa.RecordBatch, Tally]:
        """What was found since the last time."""
        for (operation, have, credentials), count in self.plain.items():
            for one in self.judge.not_run(operation, have, credentials):
                self.tally.not_run[operation, one.codes, one.missing] += count
        found = pa.RecordBatch.from_pydict(self.columns, schema=FINDINGS)
        tally = self.tally
        self.columns = {field.name: [] for field in FINDINGS}
        self.tally, self.plain = Tally(), Counter()
        return found, tally

    def history(self, key: Key | None, group: list[Request]) -> None:
        """Judge the requests of one order in order of time, then row; those without a time come last."""
        if len(group) > 1:
            group.sort(key=lambda one: (one.time is None, one.time or 0, one.row))
        self.tally.requests += len(group)
        self.tally.orders += key is not None
        before = None if key is None else past.past_of(key)
        orders: dict[bytes, Order] = {}
        for position, one in enumerate(group):
            order = None
            if one.order is not None and key is not None:
                order = orders.get(one.order)
                if order is None:
                    order = orders[one.order] = Order(key, one.order)
            self._request(key, one, order, before, position + 1 == len(group))

    def _request(
        self, key: Key | None, one: Request, order: Order | None, before: past.Past | None, last: bool
    ) -> None:
        """Judge one request; then it is one of the past, if it took effect and is not the last."""
        operation = None if one.operation is None else operations.find(one.operation)
        if operation is None:
            self._unknown(key, one)
            return
        told = _told(one, self.settings.carried)
        have, model = self.judge.settled(operation, key, one, order, before, told)
        sound = True
        if have is None:
            refunds = one.refunds if before is None else before.text(told)
            if key is not None and self.judge.names_another(operation, key, one):
                refunds = one.refunds  # RF501: nobody knows whose earlier refunds those are
            have = self.judge.plainly(operation, key, one, order, refunds)
            sound = have is not None or self._fully(operation, key, one, order, refunds)
        if have is not None:
            self.plain[operation.name, *have] += 1
        if before is None or last or operation.name not in past.REFUNDS:
            return
        if _took_effect(one, self.settings.statuses) and not self._add(operation, one, before, told, sound, model):
            self.tally.uncounted += 1

    def _add(
        self, operation: Operation, one: Request, before: past.Past, told: past.Told, sound: bool, model: Any
    ) -> bool:
        """Make a request one of the past; whether it can be counted. Of a body with unknown fields the rest counts."""
        body = one.body or b""
        if operation.described.body is not None and not (sound and self.judge.trusts(operation)):
            model, problems = read_body(operation, Given(body=one.body))
            if model is None:
                return False
            body = encode(model) if problems else body
        return before.add(operation, body.removeprefix(_BOM), told, model)

    def _unknown(self, key: Key | None, one: Request) -> None:
        """A request that nothing judges: RF003."""
        if one.operation is None:
            code, found = unknown_operation({})
            found = msgspec.structs.replace(
                found, help="name it in the column `operation`", pointer="request:/operation"
            )
        else:
            message = f"unknown operation {one.operation!r}{operations.suggestion(one.operation, operations.names())}"
            code, found = "RF003", finding("request:/operation", message, "`refundkit operations` lists them")
        self._note(one.operation or "", (_UNREAD,))
        self._write(key, one, self.judge.completed([(REGISTRY[code], found)], one.operation or ""))

    def _fully(
        self, operation: Operation, key: Key | None, one: Request, order: Order | None, refunds: bytes | None
    ) -> bool:
        """Judge a request with all that it says, and note what is found; whether its body is one that can count."""
        problems: list[Hit] = []
        given = Given(
            body=one.body,
            path=_parameters("path", one.path, problems),
            query=_parameters("query", one.query, problems),
            headers=_parameters("headers", one.headers, problems),
            order=one.order if order is None else order.text(),
            refunds=refunds,
        )
        hits, skipped = judge(self.judge.plan(operation), given)
        self._note(operation.name, skipped)
        if hits or problems:
            found = self.judge.completed(problems, operation.name)
            if len(hits) == 1:
                found.extend(self.judge.completed(hits, operation.name))
            elif hits:
                found.extend(self._placed(operation, given))
            self._write(key, one, sorted(found, key=order_of) if problems else found)
        if order is not None:
            flawed = any(one.pointer.startswith("order:") for _, one in hits)
            order.sound = (
                not flawed and self.judge.trusts(operation) and _UNUSABLE.isdisjoint(one.missing for one in skipped)
            )
        unread = any(missing.missing == VALID_BODY for missing in skipped)
        return not unread and not any(rule.code.startswith(_READING) for rule, _ in hits)

    def _placed(self, operation: Operation, given: Given) -> tuple[Finding, ...]:
        """Several findings of one request, in the order of their places."""
        return check(
            operation.name,
            given.body,
            order=given.order,
            refunds=given.refunds,
            path=given.path,
            query=given.query,
            headers=given.headers,
            config=self.settings.config,
        ).findings

    def _note(self, operation: str, skipped: tuple[NotRun, ...]) -> None:
        for one in skipped:
            self.tally.not_run[operation, one.codes, one.missing] += 1

    def _write(self, key: Key | None, one: Request, found: Iterable[Finding]) -> None:
        found = list(found)
        if not found:
            return
        refunded, currency, reason = asked_for(one.operation, one.body, one.order)
        columns, money = self.columns, self.tally.money
        for each in found:
            columns["row"].append(one.row)
            columns["time"].append(one.time)
            columns["operation"].append(_text(one.operation or ""))
            columns["order_id"].append("" if key is None else _text(masked(key.order_id)))
            for name in ("code", "name", "severity", "message", "help", "pointer", "source"):
                columns[name].append(_text(getattr(each, name)))
            columns["refunded"].append(None if refunded is None else format(refunded, "f"))
            columns["currency"].append(currency)
            columns["reason"].append(reason)
            money.setdefault((each.severity, each.code, each.name, currency or ""), Money()).findings += 1
        for severity, code, name in {(each.severity, each.code, each.name): None for each in found}:
            own = money[severity, code, name, currency or ""]
            own.requests += 1
            own.refunded = EXACT.add(own.refunded, refunded or ZERO)
        self.tally.with_findings += 1


def _text(value: str) -> str:
    """A text without lone surrogates, which Arrow cannot hold."""
    return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()


class Order:
    """One order text. Once it has been read in full and found `sound`, only what rules read of it is read again.

    `own`: the order itself says that it is the one with this key.
    """

    def __init__(self, key: Key, whole: bytes) -> None:
        self.whole = whole
        self.family = key.family
        self.own = of_order(whole) == key
        self.sound = False
        self.short: bytes | None = None
        self.read: list[Any] = []

    def model(self, operation: Operation) -> Any:
        """The order as its API's model, None where it is flawed; read once."""
        if not self.read:
            model, problems = read_order(operation, self.whole)
            self.read.append(None if problems else model)
        return self.read[0]

    def text(self) -> bytes:
        """The order as JSON: whole, or what rules read of it."""
        if not self.sound:
            return self.whole
        if self.short is None:
            self.short = shortened(self.family, self.whole)
        return self.short


class Judge:
    """The rules of every operation under one configuration, and what is known of ways of asking."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.plans: dict[str, Plan] = {}
        self.separable: dict[str, bool] = {}
        self.path: bytes | None = None
        self.formed: bytes | None = None
        self.forms: dict[tuple[str, bytes | None, bytes | None], tuple[int, bool] | None] = {}

    def plan(self, operation: Operation) -> Plan:
        """The rules of an operation."""
        found = self.plans.get(operation.name)
        if found is None:
            found = self.plans[operation.name] = plan(operation.name, self.config)
        return found

    def completed(self, hits: list[Hit], operation: str) -> list[Finding]:
        """The findings with ids and severities, without those that are off."""
        levels = [(rule, one, effective(self.config, rule)) for rule, one in hits]
        return [complete(rule, one, level, operation) for rule, one, level in levels if level != "off"]

    def trusts(self, operation: Operation) -> bool:
        """Whether a flaw of a body or an order would have been a finding."""
        return self.plan(operation).severities.keys() >= _READERS

    def names_another(self, operation: Operation, key: Key, one: Request) -> bool:
        """Whether the body of a Walmart refund names another order than its path (RF501)."""
        if operation.name not in past.REFUNDS or one.path is None:
            return False
        own = _own_id(one)
        return own is not None and own != key.order_id

    def settled(
        self,
        operation: Operation,
        key: Key | None,
        one: Request,
        order: Order | None,
        before: past.Past | None,
        told: past.Told,
    ) -> tuple[tuple[int, bool] | None, Any]:
        """As `plainly`, and the model of the body, where the API has a proof that no rule can speak, and it holds.

        The order is read once for all of its refunds, and so is each refund for those after it.
        """
        seen = None if before is None else before.seen
        if key is None or order is None or seen is None or told.carried or one.refunds is not None or not order.own:
            return None, None
        chosen = self.plan(operation)
        form = self._form(operation, one.path, one.headers) if one.query is None else None
        if form is None or chosen.screen is None or chosen.settled is None or not self._separable(operation):
            return None, None
        model, problems = read_body(operation, Given(body=one.body))
        if model is None or problems or not chosen.screen(operation, model):
            return None, None
        whole = order.model(operation)
        if whole is None or any(rules.strangers(operation, _NOTHING_GIVEN, model, whole, None)):
            return None, None
        view = chosen.view(operation, model)
        if not chosen.settled(operation, view, rules.ledger(operation, model, view, whole, seen, None)):
            return None, None
        return (BODY | ORDER | REFUNDS | form[0], form[1]), model

    def plainly(
        self, operation: Operation, key: Key | None, one: Request, order: Order | None, refunds: bytes | None
    ) -> tuple[int, bool] | None:
        """Judge body and order without path and headers, where those surely change nothing, and nothing is found.

        Gives the parts that are there, and whether headers lack any credential; None where the request must be judged
        in full. Most refunds are fine and asked for in one of a few ways, so this spares them the rules about those.
        """
        form = None if key is None or one.query is not None else self._form(operation, one.path, one.headers)
        if key is None or form is None or not self._separable(operation):
            return None
        if order is not None and not order.own:
            return None
        if one.path is not None:
            if key.family == "taxcloud" and one.refunds is not None:
                return None  # they may name another connection
            if key.family == "walmart" and operation.name in past.REFUNDS and _own_id(one) != key.order_id:
                return None
        chosen = self.plan(operation)
        text = None if order is None else order.text()
        hits, skipped = judge(chosen, Given(body=one.body, order=text, refunds=refunds))
        if hits:
            return None
        have = BODY | (ORDER if text is not None else 0) | (REFUNDS if refunds is not None else 0)
        for parts in (have, have | REFUNDS):
            if skipped is chosen.stage(parts).not_run:
                if order is not None and not order.sound:
                    order.sound = self.trusts(operation)
                return parts | form[0], form[1]
        return None

    def _separable(self, operation: Operation) -> bool:
        """Whether each rule looks at the way of asking alone, or not at all, or is one whose needs are known."""
        found = self.separable.get(operation.name)
        if found is None:
            rules_of_it = self.plan(operation).once
            found = operation.described.body is not None and operation.name != "woocommerce_legacy.update_refund"
            found = self.separable[operation.name] = found and all(map(_is_separable, rules_of_it))
        return found

    def _form(self, operation: Operation, path: bytes | None, headers: bytes | None) -> tuple[int, bool] | None:
        """Path and headers by themselves: which parts they are, and whether a credential is lacking; None if flawed."""
        if path != self.path:
            self.path, self.formed = path, _formed(path)
        key = (operation.name, self.formed, _formed(headers))
        if key not in self.forms:
            if len(self.forms) >= _FORMS:
                self.forms.clear()
            self.forms[key] = self._judged_form(operation, key[1], key[2])
        return self.forms[key]

    def _judged_form(self, operation: Operation, path: bytes | None, headers: bytes | None) -> tuple[int, bool] | None:
        problems: list[Hit] = []
        given = Given(path=_parameters("path", path, problems), headers=_parameters("headers", headers, problems))
        hits, _ = judge(self.plan(operation), given)
        if problems or any(one.pointer != "request:/body" for _, one in hits):
            return None
        return given.parts, bool(given.parts & HEADERS) and not rules.credentials_held(operation, given)

    def not_run(self, operation: str, have: int, lacking: bool) -> tuple[NotRun, ...]:
        """What did not run for requests that `plainly` judged."""
        skipped = self.plans[operation].stage(have).not_run
        return (*skipped, NotRun(codes=("RF502",), missing=CREDENTIALS)) if lacking else skipped


def _is_separable(rule: Rule) -> bool:
    return rule.code in _MIXED or ASKING.isdisjoint(rule.asks) or _ALONE.issuperset(rule.asks)


def _formed(text: bytes | None) -> bytes | None:
    """A path or headers with every varying value replaced by one of its kind and length."""
    return None if text is None else _VARYING.sub(_same_kind, text)


def _same_kind(found: re.Match[bytes]) -> bytes:
    value = found[0]
    if value.strip(b'": ') in _SAMPLES:
        return value
    return _ANY_GUID if len(value) == len(_ANY_GUID) and value[9] == value[14] == _DASH else value.translate(_NINES)


_DASH = ord("-")


def _parameters(part: str, text: bytes | None, problems: list[Hit]) -> dict[str, str] | None:
    """Path, query or headers from JSON text; what is wrong with it goes into `problems`."""
    if text is None or text == b"null":
        return None
    try:
        values = _VALUES.decode(text)
    except _UNREADABLE:
        message = f"{part!r} is no JSON object of plain values"
        problems.append(
            (REGISTRY["RF102"], finding(f"request:/{part}", message, "write an object of names and values"))
        )
        return None
    if not unrepeated(text, values):
        from ..read import read_json

        for one in read_json(text).problems:
            problems.append((REGISTRY[one.code], finding(f"request:/{part}{one.pointer}", one.message, one.help)))
    return operations.values(values)


def _told(one: Request, carried: bool) -> past.Told:
    asked = ""
    if one.path is not None and b"refund_id" in one.path:
        asked = (_parameters("path", one.path, []) or {}).get("refund_id", "")
    return past.Told(one.refunds, one.order, asked, carried and one.order is not None)


def _own_id(one: Request) -> object:
    """The id in the body of a Walmart refund."""
    return purchase_order_id((one.body or b"").removeprefix(_BOM))


def _took_effect(one: Request, statuses: bool) -> bool:
    return not statuses or (one.status is not None and 200 <= one.status < 300)
