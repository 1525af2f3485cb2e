"""TaxCloud's test server: a refund names quantities of items, and the order gives their price and tax."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from refundkit_apis._runtime.codec import decode

from ...errors import Finding
from ...money import EXACT, ZERO
from ...routes import Match
from ..shared.serving import (
    Answer,
    JsonObject,
    ReceivedRequest,
    Setup,
    copy_order,
    explain_finding,
    has_credentials,
    load_orders,
    make_json_answer,
    match_route,
)

_TITLES = {
    400: "Bad ReceivedRequest",
    401: "Unauthorized",
    404: "Not Found",
    422: "Unprocessable Entity",
}
# Syntax errors, and the rule that live servers answer 400 to; every other refusal is a 422.
_BAD_REQUEST = frozenset({"RF001", "RF004", "RF316"})
_OPERATIONS = frozenset({"taxcloud.get_order", "taxcloud.refund_order"})
_WIDE = Context(prec=400, rounding=ROUND_HALF_UP)
_CENT = Decimal("0.01")


class TaxCloudShop:
    """The state of one account: orders by id, each with its refunds, and earlier answers by idempotency key."""

    def __init__(self, setup: Setup) -> None:
        self.orders: dict[str, JsonObject] = {}
        self.tokens: dict[str, float] = {}
        self._setup = setup
        self._answered: dict[tuple[str, str], tuple[str, JsonObject, list[JsonObject]]] = {}
        for order in load_orders("taxcloud"):
            self.add_order(order)

    def add_order(self, order: Mapping[str, Any], gateway: str | None = None) -> str:
        document = copy_order("taxcloud", order)
        document["refunds"] = document.get("refunds") or []
        self.orders[document["orderId"]] = document
        return str(document["orderId"])

    def refunds(self, order: str) -> list[JsonObject]:
        refunds: list[JsonObject] = self.orders[order]["refunds"]
        return refunds

    def answer(self, request: ReceivedRequest) -> Answer:
        match = match_route("taxcloud", request)
        if match is None:
            return _problem(404, f"no route for {request.method} {request.path}")
        if not has_credentials(match.operation, request):
            return _problem(401, "send a bearer token, or X-API-KEY")
        if match.operation.name not in _OPERATIONS:
            return self._setup.example(match, request)
        order = self.orders.get(match.path["orderId"])
        connection = match.path["connectionId"]
        if order is not None and order.get("connectionId", connection).lower() != connection.lower():
            order = None
        findings = self._setup.check(match, request, request.body, order)
        has_parameter_errors = any(not finding.pointer.startswith("/") for finding in findings)
        if order is None and not has_parameter_errors:
            return _problem(404, f"no order {match.path['orderId']} of this connection")
        if match.operation.name == "taxcloud.get_order":
            return _refusal(findings) if findings or order is None else make_json_answer(200, _expand(order, match))
        if order is None or has_parameter_errors:
            return _refusal(findings)
        return self._create(match, request, order, findings)

    def _create(self, match: Match, request: ReceivedRequest, order: JsonObject, findings: list[Finding]) -> Answer:
        is_readable = all(finding.code != "RF001" for finding in findings)
        body: JsonObject | None = decode(request.body, dict) if is_readable else None
        key = body.get("idempotencyKey") if body else None
        earlier = self._answered.get((match.path["connectionId"].lower(), key)) if isinstance(key, str) else None
        if earlier is not None:
            order_id, earlier_body, refunds = earlier
            if (order_id, earlier_body) == (match.path["orderId"], body):
                return make_json_answer(200, refunds)
            message = "the idempotencyKey was used before, with another body or order"
            return _problem(422, message, [{"location": "body.idempotencyKey", "message": message}])
        if findings or body is None:
            return _refusal(findings)
        items = _refunded_items(order, body)
        if not items:
            message = "nothing of the order is left to refund"
            return _problem(422, message, [{"location": "body.items", "message": message}])
        refund = self._make_refund(match.path["connectionId"], body, items)
        order["refunds"].append(refund)
        if key is not None:
            self._answered[match.path["connectionId"].lower(), key] = (match.path["orderId"], body, [refund])
        return make_json_answer(201, [refund])

    def _make_refund(self, connection: str, body: JsonObject, items: list[JsonObject]) -> JsonObject:
        created = datetime.fromtimestamp(self._setup.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        ids: JsonObject = {name: value for name, value in body.items() if name in ("batchId", "idempotencyKey")}
        return {
            "connectionId": connection,
            **ids,
            "createdDate": created,
            "returnedDate": body.get("returnedDate") or created,
            "items": items,
        }


def open_shop(setup: Setup) -> TaxCloudShop:
    """Return an account with the orders of orders.json."""
    return TaxCloudShop(setup)


def replace_total(order: JsonObject, total: Decimal) -> JsonObject:
    """Return the order with one piece of one item at this price, and no refunds."""
    line = {**order["lineItems"][0], "price": total, "originalPrice": total, "quantity": 1, "tax": {"amount": ZERO}}
    return {**order, "lineItems": [line], "refunds": []}


def replace_id(order: JsonObject, order_id: str) -> JsonObject:
    """Return the order under another id."""
    return {**order, "orderId": order_id}


def _expand(order: JsonObject, match: Match) -> JsonObject:
    """Return the order as get_order answers it: with its refunds only if the query asks for them."""
    expanded = match.query.get("expand") == "refunds"
    return order if expanded else {name: value for name, value in order.items() if name != "refunds"}


def _refunded_items(order: JsonObject, body: JsonObject) -> list[JsonObject]:
    """Return the items that the request refunds: those it names, or the remaining pieces of every line."""
    lines = order["lineItems"]
    if not body.get("items"):
        remaining = [(line, EXACT.subtract(Decimal(line["quantity"]), _refunded_before(order, line))) for line in lines]
        return [_make_item(line, quantity) for line, quantity in remaining if quantity > 0]
    return [_make_item(_find_line(lines, item), item["quantity"]) for item in body["items"]]


def _find_line(lines: list[JsonObject], item: JsonObject) -> JsonObject:
    """Find the line of a checked item: by its index, or the only line with its id."""
    index = item.get("cartItemIndex")
    return next(
        line for line in lines if line["itemId"] == item["itemId"] and (index is None or line.get("index") == index)
    )


def _refunded_before(order: JsonObject, line: JsonObject) -> Decimal:
    """Return the refunded quantity of a line; an item without an index counts for every line with its id."""
    return sum(
        (
            Decimal(item["quantity"])
            for refund in order["refunds"]
            for item in refund["items"]
            if item["itemId"] == line["itemId"] and item.get("index", line.get("index")) == line.get("index")
        ),
        ZERO,
    )


def _make_item(line: JsonObject, quantity: Any) -> JsonObject:
    """Make the refunded item for a quantity of a line, with its share of the tax."""
    tax = dict(line.get("tax") or {})
    if tax.get("amount") is not None and line["quantity"]:
        share = _WIDE.divide(_WIDE.multiply(Decimal(tax["amount"]), Decimal(quantity)), Decimal(line["quantity"]))
        tax["amount"] = share.quantize(_CENT, context=_WIDE)
    item = {**line, "quantity": quantity, "tax": tax}
    return {name: value for name, value in item.items() if name != "originalPrice"}


def _refusal(findings: list[Finding]) -> Answer:
    status = 400 if any(finding.code in _BAD_REQUEST for finding in findings) else 422
    details = [{"location": _location(finding.pointer), "message": explain_finding(finding)} for finding in findings]
    return _problem(status, explain_finding(findings[0]), details)


def _location(pointer: str) -> str:
    """Write a pointer as the API writes locations: body.items[0].quantity."""
    if not pointer.startswith("/"):
        return pointer.replace(":", ".", 1).rstrip(".") or "body"
    return "body" + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in pointer.split("/")[1:])


def _problem(status: int, detail: str, details: list[JsonObject] | None = None) -> Answer:
    problem: JsonObject = {"title": _TITLES[status], "status": status, "detail": detail}
    if details:
        problem["errors"] = details
    return make_json_answer(status, problem, "application/problem+json")
