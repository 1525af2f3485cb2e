"""The state and the errors that the documented WooCommerce test server and the recorded ones share."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_HALF_UP, Context, Decimal
from typing import Any

import msgspec

from ...money import EXACT, ZERO
from ..shared.serving import Answer, Clock, JsonObject, ReceivedRequest, make_json_answer

ORDER, REFUND = "woocommerce_api_invalid_order", "woocommerce_api_invalid_order_refund"
_CENT = Decimal("0.01")
# Wide for sums and rounding, which take the room of their operands; a quotient needs a bound.
_WIDE = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX, rounding=ROUND_HALF_UP, traps=[])
_QUOTIENT = Context(prec=100, rounding=ROUND_HALF_UP, traps=[])
_MONEY_FIELD = re.compile("total|price|tax$")
_DECIMAL = re.compile(r"-?[0-9]+\.[0-9]+")


class OrderBook(msgspec.Struct):
    """The orders of a shop and their refunds, both by the text of their id, and the next ids to assign."""

    clock: Clock
    orders: dict[str, JsonObject] = {}
    refunds: dict[str, dict[str, JsonObject]] = {}
    next_id: int = 1301
    next_item: int = 81

    def add_order(self, order: JsonObject) -> str:
        """Add an order without refunds and return its id. Raises ValueError if its total is no number."""
        shop_order = order["order"]
        try:
            parse_number(shop_order["total"])
        except ArithmeticError:
            raise ValueError(f"the total of order {shop_order['id']} is no number: {shop_order['total']!r}") from None
        order_id = str(shop_order["id"])
        self.orders[order_id] = order
        self.refunds[order_id] = {}
        self.next_id = max(self.next_id, shop_order["id"] + 1)
        items = (
            item["id"] for kind in ("line_items", "shipping_lines", "fee_lines") for item in shop_order.get(kind) or ()
        )
        self.next_item = max(self.next_item, *(item + 1 for item in items), 0)
        return order_id

    def add_refund(self, order: str, amount: Decimal, reason: str, items: list[JsonObject]) -> JsonObject:
        """Add a refund to an order and return it."""
        refund = {
            "id": self.next_id,
            "created_at": datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "amount": format_money(amount),
            "reason": reason,
            "line_items": items,
        }
        self.next_id += 1
        self.refunds[order][str(refund["id"])] = refund
        return refund

    def assign_ids(self, items: list[JsonObject]) -> list[JsonObject]:
        """Return the lines of a refund, each with a new id."""
        first = self.next_item
        self.next_item += len(items)
        return [{"id": first + index, **item} for index, item in enumerate(items)]

    def list_refunds(self, order: str) -> list[JsonObject]:
        """Return the refunds of an order, the newest first."""
        return sorted(
            self.refunds[order].values(), key=lambda refund: (refund["created_at"], refund["id"]), reverse=True
        )

    def find_order(self, refund: str) -> str | None:
        """Return the id of the order that a refund belongs to, None for an unknown refund."""
        return next((order for order, refunds in self.refunds.items() if refund in refunds), None)

    def remaining_amount(self, order: str) -> Decimal:
        """Return the order's total less its refunds; negative if more was refunded."""
        remaining = parse_number(self.orders[order]["order"]["total"])
        for refund in self.refunds[order].values():
            remaining = EXACT.subtract(remaining, parse_number(refund["amount"]))
        return remaining


def parse_number(value: Any) -> Decimal:
    """Parse a number of a JSON object, which may be a string."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def format_money(value: Decimal) -> str:
    """Write an amount with two decimals, rounded as PHP rounds, without a sign for zero."""
    rounded = _WIDE.quantize(value, _CENT)
    return format(rounded if rounded else abs(rounded), "f")


def show_order(order: JsonObject, request: ReceivedRequest) -> JsonObject:
    """Return an order as it is read: its money with the decimals that `filter[dp]` asks for, else 2."""
    dp = request.query.get("filter[dp]", "")
    places = int(dp) if re.fullmatch("[0-9]", dp) else 2
    shown: JsonObject = _show(order, _WIDE.scaleb(Decimal(1), -places), is_money=False)
    return shown


def _show(node: Any, unit: Decimal, *, is_money: bool) -> Any:
    """Return a part of an order with its money rounded to a unit."""
    if isinstance(node, dict):
        return {name: _show(value, unit, is_money=bool(_MONEY_FIELD.search(name))) for name, value in node.items()}
    if isinstance(node, list):
        return [_show(value, unit, is_money=False) for value in node]
    if is_money and isinstance(node, str) and _DECIMAL.fullmatch(node):
        return format(_WIDE.quantize(Decimal(node), unit), "f")
    return node


def strip_zeros(text: str) -> str | None:
    """Return an id without leading zeros: "" for zero or no id, None for what is no number."""
    if text and not re.fullmatch("[0-9]+", text):
        return None
    return text.lstrip("0")


def make_refund_lines(lines: list[JsonObject], items: Any, version: str = "") -> list[JsonObject]:
    """Make the lines of a refund from the request's items, those that are keyed by a product line of the order.

    A list of items makes none. 6.6.0 shows a positive price and does not name the order's item; 2.6.2 shows the total
    as the price.
    """
    by_id = {str(line["id"]): line for line in lines}
    by_key = items.items() if isinstance(items, dict) else ()
    return [
        _make_refund_line(by_id[key], item, version) for key, item in by_key if key in by_id and isinstance(item, dict)
    ]


def _make_refund_line(line: JsonObject, item: JsonObject, version: str) -> JsonObject:
    quantity, total = parse_number(item.get("qty") or 0), parse_number(item.get("refund_total") or 0)
    tax = ZERO
    for part in (item.get("refund_tax") or {}).values():
        tax = EXACT.add(tax, parse_number(part))
    negative_total, negative_tax = EXACT.minus(total), EXACT.minus(tax)
    divisor = quantity if quantity and version != "2.6.2" else Decimal(1)
    price = _QUOTIENT.divide(total if version == "6.6.0" else negative_total, divisor)
    return {
        "subtotal": format_money(negative_total),
        "subtotal_tax": format_money(negative_tax),
        "total": format_money(negative_total),
        "total_tax": format_money(negative_tax),
        "price": format_money(price),
        "quantity": -int(quantity) if quantity == int(quantity) else EXACT.minus(quantity),
        **{name: line.get(name) for name in ("tax_class", "name", "product_id", "sku")},
        "meta": [],
        "refunded_item_id": 0 if version == "6.6.0" else line["id"],
    }


def make_error(status: int, code: str, message: str) -> Answer:
    """Make an error answer in the API's form."""
    return make_json_answer(status, {"errors": [{"code": code, "message": message}]})


def make_no_route_error() -> Answer:
    """Make the answer to a URL without a route."""
    message = "No route was found matching the URL and request method"
    return make_error(404, "woocommerce_api_no_route", message)


def make_wrong_order_error() -> Answer:
    """Make the answer for a refund that belongs to another order."""
    return make_error(400, f"{REFUND}_id", "The order refund ID provided is not associated with the order.")


def check_refund_id(refund: str, order: str | None) -> Answer | None:
    """Return the error for a refund id that is zero or unknown, None if the refund exists."""
    if not refund:
        return make_error(400, f"{REFUND}_id", "Invalid order refund ID.")
    if order is None:
        return make_error(404, f"{REFUND}_id", "An order refund with the provided ID could not be found.")
    return None
