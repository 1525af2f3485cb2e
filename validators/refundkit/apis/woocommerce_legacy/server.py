"""WooCommerce's test servers: the legacy API as its spec describes it; the recorded versions stand in faithful.py."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from refundkit_apis._runtime.codec import decode

from ...routes import Match
from ..shared.serving import (
    Answer,
    Document,
    Request,
    Setup,
    Shop,
    copy_order,
    explain,
    has_credentials,
    json_answer,
    route,
    seeds,
)
from .books import (
    ORDER,
    REFUND,
    Books,
    error,
    money,
    no_route,
    not_of_order,
    number,
    refunded_lines,
    refusal_of_refund,
    significant,
)
from .faithful import VERSIONS as FAITHFUL
from .faithful import RecordedShop, Version

__all__ = ["FAITHFUL", "Version", "open_shop", "replace_id", "replace_total"]

_OPERATIONS = frozenset(
    f"woocommerce_legacy.{name}"
    for name in ("get_order", "list_refunds", "create_refund", "get_refund", "update_refund", "delete_refund")
)
_OAUTH = ("consumer_key", "timestamp", "nonce", "signature", "signature_method")
_KEYS = {"RF001": "woocommerce_api_missing_callback_param", "RF004": "woocommerce_api_missing_callback_param"}


class WooCommerceShop:
    """The state of one shop."""

    def __init__(self, setup: Setup) -> None:
        self.books = Books(setup.clock)
        self.orders = self.books.orders
        self.tokens: dict[str, float] = {}
        self._setup = setup
        for order in seeds("woocommerce_legacy"):
            self.add_order(order)

    def add_order(self, order: Mapping[str, Any], gateway: str | None = None) -> str:
        return self.books.add_order(copy_order("woocommerce_legacy", order))

    def refunds(self, order: str) -> list[Document]:
        return self.books.of_order(order)

    def answer(self, request: Request) -> Answer:
        match = route("woocommerce_legacy", request)
        if match is None:
            return no_route()
        if not has_credentials(match.operation, request):
            return _refuse_credentials(request)
        if match.operation.name not in _OPERATIONS:
            return self._setup.example(match, request)
        order, refund = (significant(match.path.get(name, "")) for name in ("id", "refund_id"))
        creates = match.operation.name == "woocommerce_legacy.create_refund"
        if order is None or refund is None:
            return no_route()
        if not order:
            return error(400 if creates else 404, f"{ORDER}_id", "Invalid order ID.")
        if order not in self.orders:
            return error(404, "woocommerce_api_no_order_found", f"No order found with the ID equal to {order}")
        if "refund_id" in match.path:
            return self._answer_refund(match, request, order, refund)
        if creates:
            return self._create(match, request, order)
        if match.operation.name == "woocommerce_legacy.list_refunds":
            return json_answer(200, {"order_refunds": [_select_fields(one, request) for one in self.refunds(order)]})
        return json_answer(200, self.orders[order])

    def _answer_refund(self, match: Match, request: Request, order: str, refund: str) -> Answer:
        """Read, change or delete one refund; which order it is of does not matter to reading it."""
        owner = self.books.owner(refund)
        missing = refusal_of_refund(refund, owner)
        if missing is not None:
            return missing
        reads = match.operation.name == "woocommerce_legacy.get_refund"
        if owner is None or (owner != order and not reads):
            return not_of_order()
        if reads:
            return json_answer(200, {"order_refund": _select_fields(self.books.refunds[owner][refund], request)})
        refusal = self._refusal(match, request, order)
        if refusal is not None:
            return refusal
        if match.operation.name == "woocommerce_legacy.delete_refund":
            del self.books.refunds[order][refund]
            return json_answer(200, {"message": "Permanently deleted refund"})
        change = decode(request.body, dict)["order_refund"]
        document = self.books.refunds[order][refund]
        if number(change.get("amount", 0)) > 0:
            document["amount"] = money(number(change["amount"]))
        document["reason"] = change.get("reason", document["reason"])
        return json_answer(200, {"order_refund": document})

    def _create(self, match: Match, request: Request, order: str) -> Answer:
        refusal = self._refusal(match, request, order)
        if refusal is not None:
            return refusal
        sent = decode(request.body, dict)["order_refund"]
        lines = self.orders[order]["order"]["line_items"]
        items = self.books.give_ids(refunded_lines(lines, sent.get("line_items")))
        refund = self.books.add_refund(order, number(sent["amount"]), sent.get("reason") or "", items)
        if self.books.left(order) <= 0:
            self.orders[order]["order"]["status"] = "refunded"
        return json_answer(201, {"order_refund": refund})

    def _refusal(self, match: Match, request: Request, order: str) -> Answer | None:
        refunds = {"order_refunds": self.books.of_order(order)}
        findings = self._setup.judge(match, request, request.body, self.orders[order], refunds)
        if not findings:
            return None
        wrapper = any(finding.code == "RF101" and finding.pointer in ("", "/order_refund") for finding in findings)
        code = _KEYS.get(findings[0].code, "woocommerce_api_missing_order_refund_data" if wrapper else REFUND)
        listed = [{"code": code, "message": explain(finding)} for finding in findings]
        return json_answer(400, {"errors": listed})


def open_shop(setup: Setup) -> Shop:
    """A shop with the seed order, of a recorded version where the setup names one."""
    if setup.faithful is None:
        return WooCommerceShop(setup)
    return RecordedShop(cast("Version", setup.faithful), setup.clock)


def replace_total(order: Document, total: Decimal) -> Document:
    """The order with one piece of its first line, of that total, without taxes, shipping and fees."""
    inner, text = order["order"], money(total)
    line = {**inner["line_items"][0], "subtotal": text, "total": text, "price": text, "quantity": 1}
    line |= {"subtotal_tax": "0.00", "total_tax": "0.00"}
    nothing = dict.fromkeys(("total_tax", "total_shipping", "cart_tax", "shipping_tax", "total_discount"), "0.00")
    empty: dict[str, list[Document]] = {"shipping_lines": [], "tax_lines": [], "fee_lines": [], "coupon_lines": []}
    sums = {"total": text, "subtotal": text, "total_line_items_quantity": 1}
    return {"order": {**inner, **sums, **nothing, **empty, "line_items": [line]}}


def replace_id(order: Document, order_id: str) -> Document:
    """The order under another id, which must be a whole number. Raises ValueError for another one."""
    if not re.fullmatch("[1-9][0-9]{0,17}", order_id):
        raise ValueError(f"{order_id!r} is no id of a WooCommerce order, which is a whole number above zero")
    return {"order": {**order["order"], "id": int(order_id), "order_number": order_id}}


def _refuse_credentials(request: Request) -> Answer:
    """401; 404 for a signed request that lacks a part, as documented."""
    code = "woocommerce_api_authentication_error"
    missing = [name for name in _OAUTH if not request.query.get(f"oauth_{name}")]
    if 0 < len(missing) < len(_OAUTH):
        return error(404, code, f"oauth_{missing[0]} parameter is missing")
    return error(401, code, "Consumer Secret is invalid.")


def _select_fields(refund: Document, request: Request) -> Document:
    """A refund with the fields that `fields` names; id and amount stay, which the documented answer requires."""
    fields = request.query.get("fields")
    if not fields:
        return refund
    names = {"id", "amount", *fields.split(",")}
    return {name: value for name, value in refund.items() if name in names}
