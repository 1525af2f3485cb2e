"""WooCommerce's legacy API as its spec describes it, and what the recorded servers share with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_HALF_UP, Context, Decimal
from typing import Any

import msgspec
from refundkit_apis._runtime.codec import decode

from ..money import EXACT, ZERO
from ..operations import Match
from .exchange import Answer, Clock, Document, Request, json_answer
from .judge import errors, has_credentials, route, words
from .seeds import held, seed

ORDER, REFUND = "woocommerce_api_invalid_order", "woocommerce_api_invalid_order_refund"
_CENT = Decimal("0.01")
# Wide for sums and rounding, which take the room of their operands; a quotient needs a bound.
_WIDE = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX, rounding=ROUND_HALF_UP, traps=[])
_QUOTIENT = Context(prec=100, rounding=ROUND_HALF_UP, traps=[])
_OAUTH = ("consumer_key", "timestamp", "nonce", "signature", "signature_method")
_KEYS = {"RF001": "woocommerce_api_missing_callback_param", "RF004": "woocommerce_api_missing_callback_param"}


class Books(msgspec.Struct):
    """Orders and their refunds, both by the text of their id, and the next ids to give out."""

    clock: Clock
    orders: dict[str, Document] = {}
    refunds: dict[str, dict[str, Document]] = {}
    next_id: int = 1301
    next_item: int = 81

    def keep(self, order: Document) -> str:
        """Keep an order that has no refunds so far. Raises ValueError where its total is no number."""
        inner = order["order"]
        try:
            number(inner["total"])
        except ArithmeticError:
            raise ValueError(f"the total of order {inner['id']} is no number: {inner['total']!r}") from None
        name = str(inner["id"])
        self.orders[name] = order
        self.refunds[name] = {}
        self.next_id = max(self.next_id, inner["id"] + 1)
        items = (item["id"] for kind in ("line_items", "shipping_lines", "fee_lines") for item in inner.get(kind) or ())
        self.next_item = max(self.next_item, *(item + 1 for item in items), 0)
        return name

    def add(self, order: str, amount: Decimal, reason: str, items: list[Document]) -> Document:
        """A new refund of an order."""
        refund = {
            "id": self.next_id,
            "created_at": datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "amount": money(amount),
            "reason": reason,
            "line_items": items,
        }
        self.next_id += 1
        self.refunds[order][str(refund["id"])] = refund
        return refund

    def numbered(self, items: list[Document]) -> list[Document]:
        """Lines of a refund, each with an id of its own."""
        first = self.next_item
        self.next_item += len(items)
        return [{"id": first + place, **item} for place, item in enumerate(items)]

    def of_order(self, order: str) -> list[Document]:
        """The refunds of an order, the newest first."""
        return sorted(self.refunds[order].values(), key=lambda one: (one["created_at"], one["id"]), reverse=True)

    def owner(self, refund: str) -> str | None:
        """The order that a refund is of."""
        return next((order for order, made in self.refunds.items() if refund in made), None)

    def left(self, order: str) -> Decimal:
        """What is left of an order's total; below zero where more was refunded."""
        left = number(self.orders[order]["order"]["total"])
        for refund in self.refunds[order].values():
            left = EXACT.subtract(left, number(refund["amount"]))
        return left


class WooCommerce:
    """The state of one shop."""

    def __init__(self, clock: Clock) -> None:
        self.books = Books(clock)
        self.orders = self.books.orders
        self.add_order(seed("woocommerce_legacy"))

    def add_order(self, order: Mapping[str, Any], gateway: str | None = None) -> str:
        return self.books.keep(held("woocommerce_legacy", order))

    def refunds(self, order: str) -> list[Document]:
        return self.books.of_order(order)

    def answer(self, request: Request) -> Answer:
        match = route("woocommerce_legacy", request)
        if match is None:
            return no_route()
        if not has_credentials(match.operation, request):
            return _unauthorized(request)
        order, refund = (significant(match.path.get(name, "")) for name in ("id", "refund_id"))
        creates = match.operation.name == "woocommerce_legacy.create_refund"
        if order is None or refund is None:
            return no_route()
        if not order:
            return error(400 if creates else 404, f"{ORDER}_id", "Invalid order ID.")
        if order not in self.orders:
            return error(404, "woocommerce_api_no_order_found", f"No order found with the ID equal to {order}")
        if "refund_id" in match.path:
            return self._one(match, request, order, refund)
        if creates:
            return self._create(match, request, order)
        if match.operation.name == "woocommerce_legacy.list_refunds":
            return json_answer(200, {"order_refunds": [_cut(one, request) for one in self.refunds(order)]})
        return json_answer(200, self.orders[order])

    def _one(self, match: Match, request: Request, order: str, refund: str) -> Answer:
        """Read, change or delete one refund; which order it is of does not matter to reading it."""
        owner = self.books.owner(refund)
        missing = refusal_of_refund(refund, owner)
        if missing is not None:
            return missing
        reads = match.operation.name == "woocommerce_legacy.get_refund"
        if owner is None or (owner != order and not reads):
            return not_of_order()
        if reads:
            return json_answer(200, {"order_refund": _cut(self.books.refunds[owner][refund], request)})
        refused = self._refused(match, request, order)
        if refused is not None:
            return refused
        if match.operation.name == "woocommerce_legacy.delete_refund":
            del self.books.refunds[order][refund]
            return json_answer(200, {"message": "Permanently deleted refund"})
        change = decode(request.body, dict)["order_refund"]
        kept = self.books.refunds[order][refund]
        if number(change.get("amount", 0)) > 0:
            kept["amount"] = money(number(change["amount"]))
        kept["reason"] = change.get("reason", kept["reason"])
        return json_answer(200, {"order_refund": kept})

    def _create(self, match: Match, request: Request, order: str) -> Answer:
        refused = self._refused(match, request, order)
        if refused is not None:
            return refused
        asked = decode(request.body, dict)["order_refund"]
        lines = self.orders[order]["order"]["line_items"]
        items = self.books.numbered(refunded_lines(lines, asked.get("line_items")))
        refund = self.books.add(order, number(asked["amount"]), asked.get("reason") or "", items)
        if self.books.left(order) <= 0:
            self.orders[order]["order"]["status"] = "refunded"
        return json_answer(201, {"order_refund": refund})

    def _refused(self, match: Match, request: Request, order: str) -> Answer | None:
        refunds = {"order_refunds": self.books.of_order(order)}
        found = errors(match, request, request.body, self.orders[order], refunds)
        if not found:
            return None
        wrapper = any(one.code == "RF101" and one.pointer in ("", "/order_refund") for one in found)
        code = _KEYS.get(found[0].code, "woocommerce_api_missing_order_refund_data" if wrapper else REFUND)
        listed = [{"code": code, "message": words(one)} for one in found]
        return json_answer(400, {"errors": listed})


def one_line(order: Document, total: Decimal) -> Document:
    """The order with one piece of its first line, of that total, without taxes, shipping and fees."""
    inner, text = order["order"], money(total)
    line = {**inner["line_items"][0], "subtotal": text, "total": text, "price": text, "quantity": 1}
    line |= {"subtotal_tax": "0.00", "total_tax": "0.00"}
    nothing = dict.fromkeys(("total_tax", "total_shipping", "cart_tax", "shipping_tax", "total_discount"), "0.00")
    empty: dict[str, list[Document]] = {"shipping_lines": [], "tax_lines": [], "fee_lines": [], "coupon_lines": []}
    sums = {"total": text, "subtotal": text, "total_line_items_quantity": 1}
    return {"order": {**inner, **sums, **nothing, **empty, "line_items": [line]}}


def numbered(order: Document, name: str) -> Document:
    """The order under another id, which must be a whole number. Raises ValueError for another one."""
    if not re.fullmatch("[1-9][0-9]{0,17}", name):
        raise ValueError(f"{name!r} is no id of a WooCommerce order, which is a whole number above zero")
    return {"order": {**order["order"], "id": int(name), "order_number": name}}


def number(value: Any) -> Decimal:
    """A number of a document, which may stand in a string."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def money(value: Decimal) -> str:
    """Two decimals, as PHP rounds them, without a sign for zero."""
    rounded = _WIDE.quantize(value, _CENT)
    return format(rounded if rounded else abs(rounded), "f")


def significant(text: str) -> str | None:
    """An id without leading zeros, "" for zero, None for what is no number; "0" stands for an id that is not there."""
    if text and not re.fullmatch("[0-9]+", text):
        return None
    return text.lstrip("0")


def refunded_lines(lines: list[Document], asked: Any, version: str = "") -> list[Document]:
    """The lines of a refund: of the items that the request names by their ids, those that are products of the order.

    A list names none. 6.6.0 shows a price above zero and does not name the order's item; 2.6.2 shows the total as the
    price.
    """
    by_id = {str(line["id"]): line for line in lines}
    named = asked.items() if isinstance(asked, dict) else ()
    return [_line(by_id[key], item, version) for key, item in named if key in by_id and isinstance(item, dict)]


def _line(line: Document, item: Document, version: str) -> Document:
    quantity, total = number(item.get("qty") or 0), number(item.get("refund_total") or 0)
    tax = ZERO
    for part in (item.get("refund_tax") or {}).values():
        tax = EXACT.add(tax, number(part))
    minus, minus_tax = EXACT.minus(total), EXACT.minus(tax)
    pieces = quantity if quantity and version != "2.6.2" else Decimal(1)
    price = _QUOTIENT.divide(total if version == "6.6.0" else minus, pieces)
    return {
        "subtotal": money(minus),
        "subtotal_tax": money(minus_tax),
        "total": money(minus),
        "total_tax": money(minus_tax),
        "price": money(price),
        "quantity": -int(quantity) if quantity == int(quantity) else EXACT.minus(quantity),
        **{name: line.get(name) for name in ("tax_class", "name", "product_id", "sku")},
        "meta": [],
        "refunded_item_id": 0 if version == "6.6.0" else line["id"],
    }


def error(status: int, code: str, message: str) -> Answer:
    """The API's own form of an error."""
    return json_answer(status, {"errors": [{"code": code, "message": message}]})


def no_route() -> Answer:
    """What is answered where no route is."""
    message = "No route was found matching the URL and request method"
    return error(404, "woocommerce_api_no_route", message)


def not_of_order() -> Answer:
    """What is answered for a refund of another order."""
    return error(400, f"{REFUND}_id", "The order refund ID provided is not associated with the order.")


def refusal_of_refund(refund: str, owner: str | None) -> Answer | None:
    """What is answered for a refund id that is zero or unknown; None for a refund that exists."""
    if not refund:
        return error(400, f"{REFUND}_id", "Invalid order refund ID.")
    if owner is None:
        return error(404, f"{REFUND}_id", "An order refund with the provided ID could not be found.")
    return None


def _unauthorized(request: Request) -> Answer:
    """401; 404 for a signed request that lacks a part, as documented."""
    code = "woocommerce_api_authentication_error"
    missing = [name for name in _OAUTH if not request.query.get(f"oauth_{name}")]
    if 0 < len(missing) < len(_OAUTH):
        return error(404, code, f"oauth_{missing[0]} parameter is missing")
    return error(401, code, "Consumer Secret is invalid.")


def _cut(refund: Document, request: Request) -> Document:
    """A refund with the fields that `fields` names; id and amount stay, which the documented answer requires."""
    wanted = request.query.get("fields")
    if not wanted:
        return refund
    names = {"id", "amount", *wanted.split(",")}
    return {name: value for name, value in refund.items() if name in names}
