"""WooCommerce's test server: the legacy API as its spec describes it; faithful.py imitates recorded versions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from refundkit_apis._runtime.codec import decode

from ...routes import Match
from ..shared.serving import (
    Answer,
    JsonObject,
    ReceivedRequest,
    Setup,
    Shop,
    copy_order,
    explain_finding,
    has_credentials,
    load_orders,
    make_json_answer,
    match_route,
)
from .faithful import VERSIONS as FAITHFUL
from .faithful import RecordedShop, Version
from .order_book import (
    ORDER,
    REFUND,
    OrderBook,
    check_refund_id,
    format_money,
    make_error,
    make_no_route_error,
    make_refund_lines,
    make_wrong_order_error,
    parse_number,
    show_order,
    strip_zeros,
)

__all__ = ["FAITHFUL", "Version", "open_shop", "replace_id", "replace_total"]

_OPERATIONS = frozenset(
    f"woocommerce_legacy.{name}"
    for name in ("get_order", "list_refunds", "create_refund", "get_refund", "update_refund", "delete_refund")
)
_OAUTH_PARTS = ("consumer_key", "timestamp", "nonce", "signature", "signature_method")
_ERROR_CODES = {"RF001": "woocommerce_api_missing_callback_param", "RF004": "woocommerce_api_missing_callback_param"}


class WooCommerceShop:
    """The state of one shop that answers as documented."""

    def __init__(self, setup: Setup) -> None:
        self.order_book = OrderBook(setup.clock)
        self.orders = self.order_book.orders
        self.tokens: dict[str, float] = {}
        self._setup = setup
        for order in load_orders("woocommerce_legacy"):
            self.add_order(order)

    def add_order(self, order: Mapping[str, Any], gateway: str | None = None) -> str:
        return self.order_book.add_order(copy_order("woocommerce_legacy", order))

    def refunds(self, order: str) -> list[JsonObject]:
        return self.order_book.list_refunds(order)

    def answer(self, request: ReceivedRequest) -> Answer:
        match = match_route("woocommerce_legacy", request)
        if match is None:
            return make_no_route_error()
        if not has_credentials(match.operation, request):
            return _refuse_credentials(request)
        if match.operation.name not in _OPERATIONS:
            return self._setup.example(match, request)
        order, refund = (strip_zeros(match.path.get(name, "")) for name in ("id", "refund_id"))
        creates = match.operation.name == "woocommerce_legacy.create_refund"
        if order is None or refund is None:
            return make_no_route_error()
        if not order:
            return make_error(400 if creates else 404, f"{ORDER}_id", "Invalid order ID.")
        if order not in self.orders:
            return make_error(404, "woocommerce_api_no_order_found", f"No order found with the ID equal to {order}")
        if "refund_id" in match.path:
            return self._answer_refund(match, request, order, refund)
        if creates:
            return self._create(match, request, order)
        if match.operation.name == "woocommerce_legacy.list_refunds":
            refunds = [_select_fields(document, request) for document in self.refunds(order)]
            return make_json_answer(200, {"order_refunds": refunds})
        return make_json_answer(200, show_order(self.orders[order], request))

    def _answer_refund(self, match: Match, request: ReceivedRequest, order: str, refund: str) -> Answer:
        """Read, change or delete one refund; it can be read under any order, as on real servers."""
        order_of_refund = self.order_book.find_order(refund)
        refusal = check_refund_id(refund, order_of_refund)
        if refusal is not None:
            return refusal
        reads = match.operation.name == "woocommerce_legacy.get_refund"
        if order_of_refund is None or (order_of_refund != order and not reads):
            return make_wrong_order_error()
        if reads:
            stored = self.order_book.refunds[order_of_refund][refund]
            return make_json_answer(200, {"order_refund": _select_fields(stored, request)})
        refusal = self._refusal(match, request, order)
        if refusal is not None:
            return refusal
        if match.operation.name == "woocommerce_legacy.delete_refund":
            del self.order_book.refunds[order][refund]
            return make_json_answer(200, {"message": "Permanently deleted refund"})
        change = decode(request.body, dict)["order_refund"]
        document = self.order_book.refunds[order][refund]
        if parse_number(change.get("amount", 0)) > 0:
            document["amount"] = format_money(parse_number(change["amount"]))
        document["reason"] = change.get("reason", document["reason"])
        return make_json_answer(200, {"order_refund": document})

    def _create(self, match: Match, request: ReceivedRequest, order: str) -> Answer:
        refusal = self._refusal(match, request, order)
        if refusal is not None:
            return refusal
        body = decode(request.body, dict)["order_refund"]
        lines = self.orders[order]["order"]["line_items"]
        items = self.order_book.assign_ids(make_refund_lines(lines, body.get("line_items")))
        refund = self.order_book.add_refund(order, parse_number(body["amount"]), body.get("reason") or "", items)
        if self.order_book.remaining_amount(order) <= 0:
            self.orders[order]["order"]["status"] = "refunded"
        return make_json_answer(201, {"order_refund": refund})

    def _refusal(self, match: Match, request: ReceivedRequest, order: str) -> Answer | None:
        refunds = {"order_refunds": self.order_book.list_refunds(order)}
        findings = self._setup.check(match, request, request.body, self.orders[order], refunds)
        if not findings:
            return None
        lacks_wrapper = any(
            finding.code == "RF101" and finding.pointer in ("", "/order_refund") for finding in findings
        )
        code = _ERROR_CODES.get(
            findings[0].code, "woocommerce_api_missing_order_refund_data" if lacks_wrapper else REFUND
        )
        errors = [{"code": code, "message": explain_finding(finding)} for finding in findings]
        return make_json_answer(400, {"errors": errors})


def open_shop(setup: Setup) -> Shop:
    """Return a shop with the orders of orders.json, of the recorded version that the setup names, if any."""
    if setup.faithful is None:
        return WooCommerceShop(setup)
    return RecordedShop(cast("Version", setup.faithful), setup.clock)


def replace_total(order: JsonObject, total: Decimal) -> JsonObject:
    """Return the order with one piece of its first line at this total, without taxes, shipping and fees."""
    shop_order, text = order["order"], format_money(total)
    line = {**shop_order["line_items"][0], "subtotal": text, "total": text, "price": text, "quantity": 1}
    line |= {"subtotal_tax": "0.00", "total_tax": "0.00"}
    zeros = dict.fromkeys(("total_tax", "total_shipping", "cart_tax", "shipping_tax", "total_discount"), "0.00")
    empty_lists: dict[str, list[JsonObject]] = {
        "shipping_lines": [],
        "tax_lines": [],
        "fee_lines": [],
        "coupon_lines": [],
    }
    sums = {"total": text, "subtotal": text, "total_line_items_quantity": 1}
    return {"order": {**shop_order, **sums, **zeros, **empty_lists, "line_items": [line]}}


def replace_id(order: JsonObject, order_id: str) -> JsonObject:
    """Return the order under another id. Raises ValueError unless that is a whole number."""
    if not re.fullmatch("[1-9][0-9]{0,17}", order_id):
        raise ValueError(f"{order_id!r} is no id of a WooCommerce order, which is a whole number above zero")
    return {"order": {**order["order"], "id": int(order_id), "order_number": order_id}}


def _refuse_credentials(request: ReceivedRequest) -> Answer:
    """Return the refusal of credentials: 401, or 404 for a signed request that lacks a parameter, as documented."""
    code = "woocommerce_api_authentication_error"
    missing = [name for name in _OAUTH_PARTS if not request.query.get(f"oauth_{name}")]
    if 0 < len(missing) < len(_OAUTH_PARTS):
        return make_error(404, code, f"oauth_{missing[0]} parameter is missing")
    return make_error(401, code, "Consumer Secret is invalid.")


def _select_fields(refund: JsonObject, request: ReceivedRequest) -> JsonObject:
    """Return a refund with the fields that `fields` names, and id and amount, which the documented answer requires."""
    fields = request.query.get("fields")
    if not fields:
        return refund
    names = {"id", "amount", *fields.split(",")}
    return {name: value for name, value in refund.items() if name in names}
