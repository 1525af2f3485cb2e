"""The audit: the kernel against a slow and obvious reference, the engine over files, and what a user meets."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from functools import cache
from importlib import util
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import refundkit
from refundkit import Report, operations
from refundkit.audit import worker
from refundkit.audit.columns import FINDINGS, REQUESTS
from refundkit.audit.kernel import Tally, judge_batches
from refundkit.audit.settings import AuditSettings
from refundkit.cli import main
from story import story, text

pytestmark = pytest.mark.audit

OPERATIONS = (
    "walmart.refund_order_lines",
    "walmart.cancel_order_lines",
    "walmart.refund_return",
    "walmart_ca.refund_order_lines",
    "walmart_ca.cancel_order_lines",
    "woocommerce_legacy.create_refund",
    "woocommerce_legacy.update_refund",
    "woocommerce_legacy.delete_refund",
    "taxcloud.refund_order",
)
TEXTS = ("operation", "path", "query", "headers", "body", "order", "refunds")
Row = dict[str, Any]


# Histories.


@cache
def _story(operation: str) -> dict[str, Any]:
    return story(operation)


def _changed_numbers(value: Any, random: Random, shares: list[str]) -> Any:
    """The value with shares of its amounts and quantities, so that caps are met, missed and passed."""
    if isinstance(value, dict):
        return {key: _changed_numbers(inner, random, shares) for key, inner in value.items()}
    if isinstance(value, list):
        return [_changed_numbers(inner, random, shares) for inner in value]
    if isinstance(value, (Decimal, float)) or (isinstance(value, str) and re.fullmatch(r"[0-9]+\.[0-9]{2}", value)):
        share = random.choice(shares)
        changed = Decimal(str(value)) * Decimal(share)
        changed = round(changed, 2) if share == "0.1" else changed
        return str(changed) if isinstance(value, str) else changed
    return value


# Most refunds are small and fine; some come in any size and sign.
_SMALL, _ANY = ["0.1"], ["1", "1", "0.5", "0.25", "2", "0.333", "-1"]


def _random_row(random: Random, operation: str, suffix: str, order: bytes | None) -> Row:
    """A request of the operation's order number `suffix`: mostly right, now and then odd somewhere."""
    request = deepcopy(_story(operation))
    body: Any = request.get("body")
    path = {name: value + suffix if name != "connectionId" else value for name, value in request["path"].items()}
    if "refund_id" in path:
        path["refund_id"] = random.choice(["1301", "900", "77"])
    if operation == "taxcloud.refund_order":
        body["idempotencyKey"] = f"rma-{random.randrange(6)}"
        if random.random() < 0.2:
            del body["items"]
    data = None if body is None else text(_changed_numbers(body, random, random.choice([_SMALL, _SMALL, _ANY])))
    if data is not None and operation.endswith("refund_order_lines"):
        own = request["path"]["purchaseOrderId"]
        data = data.replace(own.encode(), (own + random.choice([suffix] * 19 + ["9"])).encode())
    odd = random.random()
    if data is not None and odd < 0.06:
        data = random.choice([data[:-1], data.replace(b'"', b'"x', 1), b"\xef\xbb\xbf" + data, b"{}", b"\xff", None])
    if data is not None and 0.06 < odd < 0.09:
        data = data.replace(b"{", b'{"extra": 1, ', 1)
    headers = dict(request["headers"])
    if random.random() < 0.1:
        headers[random.choice(list(headers))] = random.choice(["string", "1443748249449", "text/plain", "x"])
    if random.random() < 0.05:
        path[random.choice(list(path))] = random.choice(["", "{purchaseOrderId}", "0", "PURCHASE_ORDER_ID"])
    return {
        "time": random.choice([None, 0, 1, 1, 2, 3, 4_000_000]),
        "operation": random.choice([operation] * 30 + ["walmart.refund", None]),
        "path": random.choice([text(path)] * 12 + [None, b"[]", b'{"id": "1", "id": "1"}']),
        "query": random.choice([None] * 9 + [b'{"api_refund": "false"}']),
        "headers": random.choice([text(headers)] * 9 + [None]),
        "body": data,
        "order": random.choice([order] * 9 + [None]),
        "refunds": None,
        "status": random.choice([200, 201, 200, 200, 400, None]),
    }


def _random_history(seed: int) -> list[Row]:
    random = Random(seed)  # noqa: S311 - the same histories every time
    rows: list[Row] = []
    for number in range(12):
        operation = random.choice(OPERATIONS)
        request = _story(operation)
        suffix = str(number)
        api = operation.partition(".")[0]
        ids = {request["path"][name] for name in request["path"] if name not in ("connectionId", "refund_id")}
        order = text(request["order"])
        for own in ids:
            order = order.replace(own.encode(), (own + suffix).encode(), 1)
        if api == "woocommerce_legacy":
            order = order.replace(
                b'"id":' + request["path"]["id"].encode(), b'"id":' + (request["path"]["id"] + suffix).encode(), 1
            )
        if random.random() < 0.1:
            order = random.choice([b"{}", order[:-1], order.replace(b'"amount":', b'"amount":0,"amount":', 1), b"[]"])
        kin = [one for one in OPERATIONS if one.partition(".")[0] == api]
        for _ in range(random.randrange(1, 12 if number == 0 else 5)):
            rows.append(_random_row(random, random.choice([operation, *kin]), suffix, order))
    random.shuffle(rows)
    return rows


def _batch(rows: list[Row]) -> pa.RecordBatch:
    columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in rows[0]}
    columns["row"] = list(range(len(rows)))
    columns["operation"] = [None if one is None else one.encode() for one in columns["operation"]]
    return pa.RecordBatch.from_pydict(columns, schema=REQUESTS)


# The reference: every request by itself, with everything spelled out.


def _key(row: Row) -> tuple[str, str] | None:
    """The order of a request: family and id."""
    api = (row["operation"] or "").partition(".")[0]
    if row["operation"] == "walmart.refund_return":
        api = "return"
    try:
        path = json.loads(row["path"] or b"{}")
    except ValueError:
        path = {}
    path = path if isinstance(path, dict) else {}
    try:
        body = json.loads(row["body"] or b"{}")
        own = body["orderRefund"]["purchaseOrderId"]
    except (ValueError, KeyError, TypeError):
        own = None
    found = {
        "walmart": path.get("purchaseOrderId", own),
        "return": path.get("returnOrderId"),
        "woocommerce_legacy": path.get("id"),
        "taxcloud": path.get("orderId") and (path["orderId"], path.get("connectionId")),
    }.get(api.removesuffix("_ca"))
    return None if not found else (api.removesuffix("_ca"), found)


def _body(row: Row) -> Any:
    """The body as plain data without unknown fields, None where its schema refuses it."""
    report = refundkit.check(row["operation"], row["body"])
    if any(one.missing == "valid body" for one in report.not_run):
        return None
    value = json.loads(row["body"].decode("utf-8-sig"), parse_float=Decimal)
    value.pop("extra", None)
    return value


def _own_id(row: Row) -> Any:
    try:
        return json.loads(row["body"])["orderRefund"]["purchaseOrderId"]
    except (ValueError, KeyError, TypeError):
        return None


class Past:
    """What was refunded before, kept as plainly as can be."""

    def __init__(self) -> None:
        self.entries: list[Any] = []

    def take(self, row: Row, key: tuple[str, Any], order: bytes | None) -> None:
        operation = row["operation"]
        if operation.startswith("woocommerce_legacy."):
            self._woocommerce(row)
        elif operation.endswith(".refund_order_lines"):
            body = _body(row)
            if body is not None and body["orderRefund"]["purchaseOrderId"] == key[1]:
                self.entries.append(body)
        elif operation == "walmart.refund_return":
            body = _body(row)
            if body is not None:
                self.entries += body["refundLines"]
        elif operation == "taxcloud.refund_order":
            body = _body(row)
            if body is not None:
                self._taxcloud(body, order)

    def _taxcloud(self, body: Any, order: bytes | None) -> None:
        lines = (
            json.loads(order or b"", parse_float=Decimal).get("lineItems", []) if _is_order("taxcloud", order) else []
        )
        items = []
        for one in body.get("items", []):
            places = [line["index"] for line in lines if line["itemId"] == one["itemId"]]
            index = one.get("cartItemIndex", places[0] if len(places) == 1 else None)
            items.append(
                {"itemId": one["itemId"], "quantity": one["quantity"]} | ({} if index is None else {"index": index})
            )
        if not body.get("items"):
            if not lines:
                return
            gone: Counter[str] = Counter()
            for past in self.entries:
                for one in past["items"]:
                    gone[one["itemId"]] += one["quantity"]
            for line in lines:
                taken = min(gone[line["itemId"]], line["quantity"])
                gone[line["itemId"]] -= taken
                if line["quantity"] > taken:
                    left = line["quantity"] - taken
                    items.append({"itemId": line["itemId"], "index": line["index"], "quantity": left})
        self.entries.append({"items": items, "idempotencyKey": body.get("idempotencyKey")})

    def show_in_return(self, order: bytes | None) -> bytes | None:
        """The return as it was before a request: with the pieces that the earlier requests refunded, and no others."""
        try:
            returned = json.loads(order or b"", parse_float=Decimal)
            lines = returned["returnOrders"][0]["returnOrderLines"]
        except (ValueError, KeyError, TypeError):
            return order
        for line in lines:
            pieces = [
                abs(each["quantity"]["measurementValue"])
                for each in self.entries
                if each["returnOrderLineNumber"] == line["returnOrderLineNumber"]
            ]
            line["refundedQty"] = {"measurementValue": sum(pieces)}
        return text(returned)

    def _woocommerce(self, row: Row) -> None:
        try:
            asked = json.loads(row["path"] or b"{}").get("refund_id", "")
        except (ValueError, AttributeError):
            asked = ""
        if row["operation"].endswith("delete_refund"):
            if asked.isdigit() and (own := self.named(asked)) is not None:
                self.entries.remove(own)
            return
        body = _body(row)
        if body is None:
            return
        refund = body["order_refund"]
        if row["operation"].endswith("create_refund"):
            self.entries.append({"id": 0, "amount": refund["amount"], "line_items": _items(refund, row["order"])})
        elif Decimal(refund.get("amount", 0)) and asked.isdigit():
            own = self.named(asked)
            if own is None:
                self.entries.append({"id": int(asked), "amount": refund["amount"]})
            else:
                own["amount"] = refund["amount"]

    def named(self, asked: str) -> Any:
        for one in self.entries:
            if one["id"] == int(asked):
                return one
        nameless = [one for one in self.entries if not one["id"]]
        if not nameless:
            return None
        largest = max(nameless, key=lambda one: Decimal(one["amount"]))
        largest["id"] = int(asked)
        return largest


def _items(refund: Any, order: bytes | None) -> list[Any]:
    if not isinstance(refund.get("line_items"), dict) or not _is_order("woocommerce_legacy", order):
        return []
    own = json.loads(order or b"")["order"]
    known = {str(one["id"]) for part in ("line_items", "shipping_lines", "fee_lines") for one in own[part]}
    return [
        {
            "refunded_item_id": int(key),
            "quantity": -Decimal(item.get("qty", 0)),
            "total": -Decimal(item.get("refund_total", 0)),
            "total_tax": -sum((Decimal(tax) for tax in item.get("refund_tax", {}).values()), Decimal(0)),
        }
        for key, item in refund["line_items"].items()
        if key in known
    ]


def _is_order(api: str, order: bytes | None) -> bool:
    try:
        value = json.loads(order or b"")
    except ValueError:
        return False
    return isinstance(value, dict) and ("order" in value or "orderId" in value)


def _without_refunds(order: bytes | None) -> bytes | None:
    """An order as it was before the audited refunds, which an order of today tells of too."""
    try:
        told = json.loads(order or b"", parse_float=Decimal)["refunds"]
    except (ValueError, KeyError, TypeError):
        return order
    return (order or b"").replace(text(told), b"[]")


def _parameters(data: bytes | None) -> dict[str, str] | None:
    try:
        value = json.loads(data or b"null")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _reference(rows: list[Row]) -> Iterator[tuple[int, Report]]:
    """The report of every request that names an operation, by its row."""
    groups: defaultdict[Any, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        groups[_key(row) or index].append(index)
    for key, group in groups.items():
        past = Past()
        for index in sorted(group, key=lambda index: (rows[index]["time"] is None, rows[index]["time"], index)):
            row = rows[index]
            if row["operation"] is None or operations.find(row["operation"]) is None:
                continue
            path = _parameters(row["path"])
            refunds: Any = None
            if isinstance(key, tuple):
                asked = (path or {}).get("refund_id", "")
                if key[0] == "woocommerce_legacy" and asked.isdigit():
                    past.named(asked)
                refunds = {"order_refunds": past.entries} if key[0] == "woocommerce_legacy" else past.entries
                if key[0] == "return":
                    row, refunds = {**row, "order": past.show_in_return(row["order"])}, None
                if (
                    row["operation"].endswith("refund_order_lines")
                    and _own_id(row) not in (None, key[1])
                    and row["path"]
                ):
                    refunds = None
            report = refundkit.check(
                row["operation"],
                row["body"],
                order=row["order"] if refunds is None else _without_refunds(row["order"]),
                refunds=None if refunds is None else text(refunds),
                path=path,
                query=_parameters(row["query"]),
                headers=_parameters(row["headers"]),
            )
            # No list tells of a return's refunds; the audit knows of them all the same.
            if isinstance(key, tuple) and key[0] == "return":
                known = tuple(entry for entry in report.not_run if entry.missing != "refunds")
                report = msgspec.structs.replace(report, not_run=known)
            yield index, report
            if isinstance(key, tuple) and row["status"] is not None and 200 <= row["status"] < 300:
                # What a refund of all that is left gives back is known once any request brings the order.
                past.take(row, key, next((rows[each]["order"] for each in group if rows[each]["order"]), None))


@pytest.mark.parametrize("seed", range(40))
def test_kernel_finds_what_plain_checks_find(seed: int) -> None:
    """Every finding and every rule that did not run are those of one plain check a request, with all it needs given."""
    rows = _random_history(seed)
    ((found, tally),) = judge_batches([_batch(rows)], AuditSettings(statuses=True))
    own: defaultdict[int, list[tuple[str, ...]]] = defaultdict(list)
    for one in found.to_pylist():
        if not one["pointer"].startswith("request:/") or one["pointer"] == "request:/body":
            fields = ("code", "name", "severity", "message", "help", "pointer", "source", "operation")
            own[one["row"]].append(tuple(one[name] for name in fields))
    skipped: Counter[tuple[str, tuple[str, ...], str]] = Counter()
    for row, report in _reference(rows):
        plain = [
            (one.code, one.name, one.severity, one.message, one.help, one.pointer, one.source, one.operation)
            for one in report.findings
        ]
        assert own.pop(row, []) == plain, rows[row]
        skipped.update((report.operation, one.codes, one.missing) for one in report.not_run)
    assert not own
    known = {key: count for key, count in tally.not_run.items() if operations.find(key[0])}
    assert known == skipped
    assert tally.requests == len(rows)


# Pasts that the random ones seldom have.


def _request(operation: str, body: Any, **parts: Any) -> Row:
    request = _story(operation)
    row = dict.fromkeys(("time", "query", "headers", "refunds"))
    row |= {"operation": operation, "path": text(request["path"]), "order": text(request["order"])}
    row["body"] = None if body is None else text(body)
    return {**row, "status": 200, **parts}


_STATUSES = AuditSettings(statuses=True)


def _found(rows: list[Row], settings: AuditSettings = _STATUSES) -> tuple[list[tuple[int, str]], Tally]:
    ((found, tally),) = judge_batches([_batch(rows)], settings)
    return [(one["row"], one["code"]) for one in found.to_pylist() if one["severity"] == "error"], tally


def _columns(rows: list[Row]) -> list[dict[str, Any]]:
    """The rows of findings."""
    ((found, _),) = judge_batches([_batch(rows)], _STATUSES)
    return list(found.to_pylist())


def _walmart(amount: str) -> Any:
    body = deepcopy(_story("walmart.refund_order_lines")["body"])
    charges = body["orderRefund"]["orderLines"]["orderLine"][0]["refunds"]["refund"][0]["refundCharges"]["refundCharge"]
    del charges[1:], charges[0]["charge"]["tax"]
    charges[0]["charge"]["chargeAmount"]["amount"] = Decimal(amount)
    return body


def test_a_long_past_is_added_up_exactly() -> None:
    """The cap of 39.98 holds to the cent after any number of earlier refunds."""
    rows = [_request("walmart.refund_order_lines", _walmart("-0.10")) for _ in range(399)]
    last = (("-0.09", 400), ("-0.07", 200), ("-0.01", 200), ("-0.01", 200))
    rows += [_request("walmart.refund_order_lines", _walmart(amount), status=status) for amount, status in last]
    found, _ = _found(rows)
    assert found == [(399, "RF203"), (402, "RF203")]


def test_only_what_took_effect_counts() -> None:
    """With a status column a refused request or one of unknown outcome is no earlier refund; without one all are."""
    rows = [
        _request("walmart.refund_order_lines", _walmart("-30.00"), status=status) for status in (400, None, 200, 200)
    ]
    assert _found(rows)[0] == [(3, "RF203")]
    assert _found(rows, AuditSettings())[0] == [(1, "RF203"), (2, "RF203"), (3, "RF203")]


def test_requests_are_judged_in_order_of_time() -> None:
    """The request with the later time is the one too much, wherever it stands; without a time it comes last."""
    rows = [_request("walmart.refund_order_lines", _walmart("-30.00"), time=time) for time in (2, 1)]
    assert _found(rows)[0] == [(0, "RF203")]
    rows = [_request("walmart.refund_order_lines", _walmart("-30.00"), time=time) for time in (None, 5)]
    assert _found(rows)[0] == [(0, "RF203")]


def test_refunds_in_the_order_count_only_when_it_was_read_before() -> None:
    """Today's order may hold the very refunds that are audited."""
    order = deepcopy(_story("walmart.refund_order_lines")["order"])
    money = {"currency": "USD", "amount": Decimal("-30.00")}
    charge = {"chargeType": "PRODUCT", "chargeName": "ItemPrice", "chargeAmount": money}
    order["order"]["orderLines"]["orderLine"][0]["refund"] = {"refundCharges": {"refundCharge": [{"charge": charge}]}}
    rows = [
        _request("walmart.refund_order_lines", _walmart(amount), order=text(order)) for amount in ("-5.00", "-6.00")
    ]
    assert _found(rows)[0] == []
    assert _found(rows, AuditSettings(statuses=True, carried=True))[0] == [(1, "RF203")]


def test_a_refund_that_the_order_carries_is_not_counted_twice() -> None:
    """An audited Walmart refund whose refundId the order's line bears is in there already."""
    body, order = _walmart("-15.00"), deepcopy(_story("walmart.refund_order_lines")["order"])
    body["orderRefund"]["orderLines"]["orderLine"][0]["refunds"]["refund"][0]["refundId"] = "R-1"
    money = {"currency": "USD", "amount": Decimal("-15.00")}
    charge = {"chargeType": "PRODUCT", "chargeName": "ItemPrice", "chargeAmount": money}
    carried = {"refundId": "R-1", "refundCharges": {"refundCharge": [{"charge": charge}]}}
    order["order"]["orderLines"]["orderLine"][0]["refund"] = carried
    rows = [_request("walmart.refund_order_lines", one, order=text(order)) for one in (body, _walmart("-20.00"))]
    assert _found(rows, AuditSettings(statuses=True, carried=True))[0] == []


def _woocommerce(amount: str) -> Any:
    return {"order_refund": {"amount": amount}}


def test_an_update_replaces_and_a_delete_frees() -> None:
    """Of an order of 107.80: what an update or a delete leaves of earlier refunds is what counts."""
    path = {"id": "1204", "refund_id": "77"}
    update = _request("woocommerce_legacy.update_refund", _woocommerce("10.00"), path=text(path))
    delete = _request("woocommerce_legacy.delete_refund", None, path=text(path))
    big, small = (_request("woocommerce_legacy.create_refund", _woocommerce(amount)) for amount in ("100.00", "97.00"))
    assert _found([big, small])[0] == [(1, "RF204")]
    assert _found([big, update, small])[0] == []
    assert _found([big, delete, big])[0] == []
    assert _found([big, update, delete, big, small])[0] == [(4, "RF204")]


def test_earlier_refunds_of_the_request_count_besides() -> None:
    """The column `refunds` tells of refunds before the history; an update finds its own among them by id."""
    refunds = text({"order_refunds": [{"id": 77, "amount": "100.00"}]})
    path = text({"id": "1204", "refund_id": "77"})
    create = _request("woocommerce_legacy.create_refund", _woocommerce("8.00"), refunds=refunds)
    update = _request("woocommerce_legacy.update_refund", _woocommerce("5.00"), path=path, refunds=refunds)
    assert _found([create])[0] == [(0, "RF204")]
    assert _found([update, create])[0] == []
    walmart = text([_walmart("-30.00")])
    rows = [_request("walmart.refund_order_lines", _walmart(amount), refunds=walmart) for amount in ("-5.00", "-6.00")]
    assert _found(rows)[0] == [(1, "RF203")]


def test_a_replayed_taxcloud_refund_counts_once() -> None:
    """The same idempotency key and items again refund nothing more; other items under it are an error."""
    body = {"idempotencyKey": "k", "items": [{"itemId": "OIL-LITRE", "quantity": 1}]}
    other = {"idempotencyKey": "l", "items": [{"itemId": "OIL-LITRE", "quantity": Decimal("0.6")}]}
    rows = [_request("taxcloud.refund_order", one) for one in (body, body, other, {**other, "idempotencyKey": "k"})]
    assert _found(rows)[0] == [(2, "RF401"), (3, "RF406"), (3, "RF401")]


def test_what_cannot_be_counted_is_told() -> None:
    """A refund that took effect with a body nobody can read is counted as such, not in silence."""
    rows = [
        _request("walmart.refund_order_lines", {"orderRefund": 1}),
        _request("walmart.refund_order_lines", _walmart("-1")),
    ]
    assert _found(rows)[1].uncounted == 1


def test_orders_of_two_apis_with_one_id_are_two() -> None:
    """Shops give TaxCloud their own order numbers."""
    order = text({**_story("taxcloud.refund_order")["order"], "orderId": "1204"})
    path = text({**_story("taxcloud.refund_order")["path"], "orderId": "1204"})
    body = {"items": [{"itemId": "OIL-LITRE", "quantity": 1}]}
    rows = [
        _request("woocommerce_legacy.create_refund", _woocommerce("1.00")),
        _request("taxcloud.refund_order", body, path=path, order=order),
    ]
    found, tally = _found(rows)
    assert (found, tally.orders) == ([], 2)


@pytest.mark.parametrize(
    ("operation", "body", "asked"),
    [
        ("walmart.refund_order_lines", {}, (Decimal("23.64"), "USD", "DamagedItem")),
        ("woocommerce_legacy.create_refund", {}, (Decimal("30.80"), "USD", "Drawer arrived cracked")),
        ("taxcloud.refund_order", {}, (None, None, None)),
    ],
)
def test_the_money_that_a_request_asks_for(operation: str, body: Any, asked: Any) -> None:
    """Charges with their taxes at Walmart, the amount at WooCommerce, none at TaxCloud."""
    money, currency, reason = asked
    row = _request(operation, _story(operation)["body"], headers=b'{"Accept": "text/html"}')
    told = {(each["refunded"], each["currency"], each["reason"]) for each in _columns([row])}
    assert told == {(None if money is None else str(money), currency, reason)}


@pytest.mark.parametrize("body", [b'{"orderRefund": [', b'{"orderRefund": {"orderLines": 1}, "order_refund": 2}'])
def test_a_body_that_nobody_can_read_tells_no_money(body: bytes) -> None:
    """What its schema refuses counts nowhere, whatever amounts it may hold."""
    row = {**_request("walmart.refund_order_lines", {}), "body": body}
    assert {(each["refunded"], each["currency"], each["reason"]) for each in _columns([row])} == {(None, None, None)}


def test_the_kernel_takes_text_and_may_lack_columns() -> None:
    """Notebooks and clusters hold text: it is the same as bytes, and a column that is not there is one of nulls."""
    rows = _random_history(3)
    for row in rows:
        row.update(query=None, refunds=None, body=row["body"] if (row["body"] or b"").isascii() else None)
    batch = _batch(rows)
    names = ("operation", "path", "headers", "body", "order")
    given = {name: batch.column(name).cast(pa.string()) for name in names}
    times = [None if row["time"] is None else f"1970-01-01 00:00:{row['time'] / 1e6:09.6f}" for row in rows]
    texts = pa.RecordBatch.from_pydict(
        {**given, "row": batch.column("row"), "time": times, "status": batch.column("status")}
    )
    assert next(judge_batches([texts], _STATUSES))[0].equals(next(judge_batches([batch], _STATUSES))[0])


# Files, and what a user meets.


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history with its orders in Parquet, JSON Lines and CSV."""
    folder = tmp_path_factory.mktemp("history")
    rows = [row for seed in range(6) for row in _named_apart(_random_history(seed), seed)]
    for row in rows:
        row["body"] = None if row["body"] in (b"\xff", b"") else row["body"]
    orders = list(dict.fromkeys(row["order"] for row in rows if row["order"]))
    for row in rows:
        row["order"] = None
    names = [name for name in rows[0] if name not in ("order", "refunds")]
    columns = {name: [_plain(name, row[name]) for row in rows] for name in names}
    times = pa.array([row["time"] for row in rows], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({**columns, "time": times}), folder / "requests.parquet", row_group_size=100)
    pq.write_table(pa.table({"order": [one.decode() for one in orders]}), folder / "orders.parquet")
    with (folder / "requests.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        writer.writerows({name: columns[name][index] for name in names} for index in range(len(rows)))
    with (folder / "orders.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["order"], *([one.decode()] for one in orders)])
    lines = [json.dumps({name: columns[name][index] for name in names}) for index in range(len(rows))]
    (folder / "requests.jsonl").write_text("\n".join(lines), "utf-8")
    sound = [json.dumps({"api": None, "order": one.decode()}) for one in orders]
    (folder / "orders.jsonl").write_text("\n".join(sound), "utf-8")
    return folder


def _named_apart(rows: list[Row], seed: int) -> list[Row]:
    """The rows with another order number for each history."""
    for row in rows:
        row["seed"] = seed
    return [{name: value for name, value in row.items() if name != "seed"} for row in rows]


def _plain(name: str, value: Any) -> Any:
    if name == "time" and value is not None:
        return f"1970-01-01T00:00:{value / 1e6:09.6f}Z"
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _audit(
    folder: Path, out: str, *flags: str, requests: str = "requests.parquet", orders: str = "orders.parquet"
) -> int:
    named = ["--requests", str(folder / requests), "--orders", str(folder / orders), "--out", str(folder / out)]
    return main(["audit", *named, "--isolated", "--jobs", "2", *flags])


def test_every_form_of_file_gives_the_same_findings(history: Path) -> None:
    """Parquet, JSON Lines and CSV in; the findings are the same, and the same once more in a second run."""
    for suffix in ("parquet", "jsonl", "csv"):
        status = _audit(history, f"of-{suffix}.parquet", requests=f"requests.{suffix}", orders=f"orders.{suffix}")
        assert status == 1
    whole = pq.read_table(history / "of-parquet.parquet")
    assert whole.schema.equals(FINDINGS)
    assert whole.num_rows > 100
    assert whole.equals(pq.read_table(history / "of-jsonl.parquet"))
    assert whole.equals(pq.read_table(history / "of-csv.parquet"))
    assert _audit(history, "again.parquet", "--jobs", "1", "--memory", "300MB") == 1
    assert (history / "again.parquet").read_bytes() == (history / "of-parquet.parquet").read_bytes()


def test_every_form_of_findings_says_the_same(history: Path) -> None:
    """Parquet, JSON Lines and CSV out hold the same rows."""
    for suffix in ("parquet", "jsonl", "csv"):
        _audit(history, f"out.{suffix}")
    table = pq.read_table(history / "out.parquet").to_pylist()
    lines = [json.loads(line) for line in (history / "out.jsonl").read_text("utf-8").splitlines()]
    with (history / "out.csv").open(encoding="utf-8", newline="") as stream:
        cells = list(csv.DictReader(stream))
    for one in table:
        one["time"] = None if one["time"] is None else one["time"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert lines == table
    assert cells == [{name: "" if value is None else _cell(str(value)) for name, value in one.items()} for one in table]


def _cell(value: str) -> str:
    """Return a value as a spreadsheet may have it: what would be a formula there is a text."""
    return f"'{value}" if value.startswith(("-", "=", "+", "@")) and " " in value else value


def test_one_file_or_many_number_the_rows_alike(history: Path) -> None:
    """`row` counts on through the files of a pattern, in the order of their names."""
    table = pq.read_table(history / "requests.parquet")
    (history / "parts").mkdir()
    for index in range(3):
        pq.write_table(table.slice(index * 50, 50 if index < 2 else None), history / "parts" / f"{index}.parquet")
    _audit(history, "whole.parquet")
    _audit(history, "parts.parquet", requests="parts/*.parquet")
    assert pq.read_table(history / "whole.parquet").equals(pq.read_table(history / "parts.parquet"))


def test_flags_of_check_hold_here(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """select, ignore, severity and fail-on mean what they mean in `check`."""
    assert _audit(history, "some.parquet", "--select", "RF2", "--ignore", "RF203", "--severity", "RF206=error") == 1
    found = pq.read_table(history / "some.parquet").to_pylist()
    judged = {one["code"] for one in found} - {"RF001", "RF003", "RF101", "RF402"}  # why the others are refused
    assert {code[:3] for code in judged} == {"RF2"}
    assert "RF203" not in judged
    assert {one["severity"] for one in found if one["code"] == "RF206"} == {"error"}
    assert _audit(history, "some.parquet", "--fail-on", "never") == 0
    capsys.readouterr()
    assert _audit(history, "some.parquet", "--select", "RF999") == 2
    assert "RF999" in capsys.readouterr().err


def test_the_end_says_what_was_looked_at(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Requests, orders, findings by rule with their money, and what could not be judged."""
    _audit(history, "said.parquet")
    said = capsys.readouterr().out
    assert re.search(r"Audited [0-9,]+ requests of [0-9]+ orders in [0-9.]+ s: [0-9,]+ errors, [0-9,]+ warnings", said)
    assert re.search(r"error   RF003 unknown-operation: [0-9]+ findings in [0-9]+ requests", said)
    assert re.search(
        r"not run walmart.refund_order_lines: [0-9]+ requests? without order, [0-9]+ rules did not run", said
    )


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("requests.jsonl", '{"operation": "x"}', "no 'time'"),
        ("requests.jsonl", '{"operation": "x", "time": "soon"}', "row 1: the time 'soon' is no ISO 8601"),
        ("requests.jsonl", "[1]", "requests.jsonl:1: no JSON object"),
        ("requests.jsonl", "", "no request at all"),
        ("requests.csv", "operation,body\nx,{}\n", "no column 'time'"),
        ("requests.csv", 'operation,time,status\nx,2025-01-01,"many"\n', "'status' holds something else"),
        ("requests.parquet", "nonsense", "cannot be read as parquet"),
        ("requests.txt", "", "the suffix is none of .parquet, .jsonl, .ndjson, .csv"),
        ("nothing.csv", None, "no such file"),
    ],
)
def test_bad_input_is_said_with_its_place(
    tmp_path: Path, history: Path, capsys: pytest.CaptureFixture[str], name: str, content: str | None, says: str
) -> None:
    """Exit 2, the file, what is wrong with it, and nothing written."""
    if content is not None:
        (tmp_path / name).write_text(content, "utf-8")
    flags = ["--requests", str(tmp_path / name), "--orders", str(history / "orders.parquet"), "--isolated"]
    assert main(["audit", *flags, "--out", str(tmp_path / "f.parquet")]) == 2
    assert says in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ([] if content is None else [name])


def test_a_column_of_another_type_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A body that is a struct, or a time that is a number, is exit 2."""
    for columns, says in (
        ({"operation": ["x"], "time": ["2025-01-01"], "body": [{"a": 1}]}, "the column 'body' is struct"),
        ({"operation": ["x"], "time": [1.5]}, "the column 'time' is double"),
    ):
        pq.write_table(pa.table(columns), tmp_path / "r.parquet")
        assert (
            main(["audit", "--requests", str(tmp_path / "r.parquet"), "--out", str(tmp_path / "f.csv"), "--isolated"])
            == 2
        )
        assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--memory", "lots"], "--memory lots"),
        (["--memory", "1MB"], "at least 64MB"),
        (["--jobs", "-1"], "--jobs -1"),
        (["--out", "f.xlsx"], "--out f.xlsx"),
        (["--out", "nowhere/f.csv"], "no folder nowhere"),
        (["--report", "page.pdf"], "--report page.pdf"),
        (["--orders-as-of", "now"], "invalid choice"),
    ],
)
def test_a_wrong_flag_is_exit_2(history: Path, capsys: pytest.CaptureFixture[str], flags: list[str], says: str) -> None:
    """Every flag that means nothing is said before any work."""
    assert _audit(history, "never.parquet", *flags) == 2
    assert says in capsys.readouterr().err
    assert not (history / "never.parquet").exists()


def test_without_the_extra_it_says_what_to_install(
    history: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB and Arrow come with refundkit[audit]."""
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    assert _audit(history, "never.parquet") == 2
    assert "pip install 'refundkit[audit]'" in capsys.readouterr().err


def test_page_without_its_packages_is_said_before_any_work(
    history: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What draws the page of --report is asked for before the audit begins."""
    found = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name: None if name == "jinja2" else found(name))
    assert _audit(history, "never.parquet", "--report", str(history / "page.html")) == 2
    assert "jinja2" in capsys.readouterr().err
    assert not (history / "never.parquet").exists()


def test_check_imports_neither_duckdb_nor_arrow() -> None:
    """Who only checks does not wait for the audit."""
    program = (
        "import sys; from refundkit.cli import main; main(['check', 'examples', '--isolated', '--quiet']);"
        "sys.exit(bool({'duckdb', 'pyarrow'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parent.parent, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def die(task: bytes) -> None:
    """What a worker does whose machine has no memory left."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_worker_is_exit_2(
    history: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written, and it says what to try."""
    monkeypatch.setattr(worker, "judge_task", die)
    before = sorted(history.iterdir())
    assert _audit(history, "never.parquet") == 2
    assert "a worker process was killed" in capsys.readouterr().err
    assert sorted(history.iterdir()) == before


def test_too_little_memory_is_exit_2_or_spills(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The smallest memory gives the same findings, or says that it is too little."""
    status = _audit(history, "small.parquet", "--memory", "64MB")
    assert status in (1, 2)
    if status == 2:
        assert "--memory" in capsys.readouterr().err
    else:
        _audit(history, "large.parquet")
        assert pq.read_table(history / "small.parquet").equals(pq.read_table(history / "large.parquet"))


def test_an_order_file_may_hold_orders_as_they_came(tmp_path: Path) -> None:
    """JSON Lines of get-order responses need no id beside them; `--refunds` tells what came before."""
    rows = [_request("walmart.refund_order_lines", _walmart("-30.00"), time="2025-01-01")]
    names = ("operation", "time", "path", "body")
    line = {name: rows[0][name].decode() if isinstance(rows[0][name], bytes) else rows[0][name] for name in names}
    (tmp_path / "r.jsonl").write_text(json.dumps({**line, "body": json.loads(line["body"])}), "utf-8")
    (tmp_path / "o.jsonl").write_bytes(rows[0]["order"])
    earlier = {"api": "walmart", "order_id": "2961380412345", "refunds": text([_walmart("-30.00")]).decode()}
    (tmp_path / "e.jsonl").write_text(json.dumps(earlier), "utf-8")
    flags = ["audit", "--requests", str(tmp_path / "r.jsonl"), "--orders", str(tmp_path / "o.jsonl"), "--isolated"]
    assert main([*flags, "--out", str(tmp_path / "f.jsonl")]) == 0
    assert main([*flags, "--out", str(tmp_path / "f.jsonl"), "--refunds", str(tmp_path / "e.jsonl")]) == 1
    (found,) = [json.loads(line) for line in (tmp_path / "f.jsonl").read_text("utf-8").splitlines()]
    assert (found["row"], found["code"], found["refunded"], found["time"]) == (
        0,
        "RF203",
        "30.0",
        "2025-01-01T00:00:00.000000Z",
    )


def test_json_lines_without_a_status_all_took_effect(tmp_path: Path) -> None:
    """Where no line has a status, every request counts as an earlier one of the next."""
    body = json.loads(text(_walmart("-30.00")))
    line = {"operation": "walmart.refund_order_lines", "time": "2025-01-01", "body": body}
    order = json.loads(text(_story("walmart.refund_order_lines")["order"]))
    (tmp_path / "r.jsonl").write_text("\n".join([json.dumps({**line, "order": order})] * 2), "utf-8")
    flags = ["--requests", str(tmp_path / "r.jsonl"), "--out", str(tmp_path / "f.jsonl"), "--isolated", "--jobs", "1"]
    assert main(["audit", *flags, "--select", "RF203"]) == 1
    assert [json.loads(one)["row"] for one in (tmp_path / "f.jsonl").read_text("utf-8").splitlines()] == [1]


def test_an_order_in_several_files_is_that_of_the_last(tmp_path: Path) -> None:
    """Of an order that stands in two files the last file's counts, wherever in the files it stands."""
    body = json.loads(text(_walmart("-30.00")))
    line = {"operation": "walmart.refund_order_lines", "time": "2025-01-01", "body": body}
    (tmp_path / "r.jsonl").write_text(json.dumps(line), "utf-8")
    whole = text(_story("walmart.refund_order_lines")["order"]).decode()
    other = whole.replace("2961380412345", "2961380412399")
    (tmp_path / "a.jsonl").write_text(f"{other}\n{other}\n{whole}", "utf-8")
    (tmp_path / "b.jsonl").write_text(whole.replace('"Shipped"', '"Acknowledged"'), "utf-8")
    flags = ["--requests", str(tmp_path / "r.jsonl"), "--out", str(tmp_path / "f.jsonl"), "--isolated", "--jobs", "1"]
    first, second = str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")
    assert main(["audit", *flags, "--orders", first, "--orders", second]) == 1
    assert "RF302" in (tmp_path / "f.jsonl").read_text("utf-8")
    assert main(["audit", *flags, "--orders", second, "--orders", first]) == 0


def test_the_report_is_written_beside(history: Path) -> None:
    """--report gives a page of the same findings."""
    assert _audit(history, "seen.parquet", "--report", str(history / "seen.html")) == 1
    assert "RF003" in (history / "seen.html").read_text("utf-8")
