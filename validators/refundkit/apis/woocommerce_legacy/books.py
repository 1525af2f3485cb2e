"""What the documented WooCommerce server and the recorded ones share: orders, refunds and the forms of errors."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_HALF_UP, Context, Decimal
from typing import Any

import msgspec

from ...money import EXACT, ZERO
from ..shared.serving import Answer, Clock, Document, json_answer

ORDER, REFUND = "woocommerce_api_invalid_order", "woocommerce_api_invalid_order_refund"
_CENT = Decimal("0.01")
# Wide for sums and rounding, which take the room of their operands; a quotient needs a bound.
_WIDE = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX, rounding=ROUND_HALF_UP, traps=[])
_QUOTIENT = Context(prec=100, rounding=ROUND_HALF_UP, traps=[])


class Books(msgspec.Struct):
    """Orders and their refunds, both by the text of their id, and the next ids to give out."""

    clock: Clock
    orders: dict[str, Document] = {}
    refunds: dict[str, dict[str, Document]] = {}
    next_id: int = 1301
    next_item: int = 81

    def add_order(self, order: Document) -> str:
        """Add an order that has no refunds so far. Raises ValueError where its total is no number."""
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

    def add_refund(self, order: str, amount: Decimal, reason: str, items: list[Document]) -> Document:
        """Add a refund of an order."""
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

    def give_ids(self, items: list[Document]) -> list[Document]:
        """Give each line of a refund an id of its own."""
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


def refunded_lines(lines: list[Document], items: Any, version: str = "") -> list[Document]:
    """The lines of a refund: of the items that the request names by their ids, those that are products of the order.

    A list names none. 6.6.0 shows a price above zero and does not name the order's item; 2.6.2 shows the total as the
    price.
    """
    by_id = {str(line["id"]): line for line in lines}
    by_key = items.items() if isinstance(items, dict) else ()
    return [
        _refunded_line(by_id[key], item, version) for key, item in by_key if key in by_id and isinstance(item, dict)
    ]


def _refunded_line(line: Document, item: Document, version: str) -> Document:
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
