"""The state of the WooCommerce test server: orders, their refunds as they were sent, and how both are shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_HALF_UP, Context, Decimal
from typing import Any

import msgspec

from ...money import EXACT, ZERO
from ..shared.serving import Clock, JsonObject
from .ledger import ITEM_LISTS

# What is told with the decimals of the shop, or with those that `dp` asks for.
MONEY = frozenset(
    "amount total total_tax subtotal subtotal_tax tax_total shipping_tax_total discount discount_tax discount_total"
    " shipping_total shipping_tax cart_tax".split()
)
_PRODUCT_FIELDS = "name product_id variation_id tax_class sku global_unique_id image parent_name"
# The fields that a line of a refund has from the order's.
_COPIED = {
    "line_items": _PRODUCT_FIELDS.split(),
    "shipping_lines": ["method_title", "method_id", "instance_id", "tax_status"],
    "fee_lines": ["name", "tax_class", "tax_status", "amount"],
}
# Wide for sums and rounding, which take the room of their operands; a quotient needs a bound.
_WIDE = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX, rounding=ROUND_HALF_UP, traps=[])
_QUOTIENT = Context(prec=100, rounding=ROUND_HALF_UP, traps=[])


class SentItem(msgspec.Struct, frozen=True):
    """One item of a refund as a shop reads it: pieces, money, and tax by rate."""

    key: str
    quantity: int
    total: Decimal
    taxes: dict[str, Decimal]


class OrderBook(msgspec.Struct):
    """The orders of a shop and their refunds, both by the text of their id, and the next ids to assign."""

    clock: Clock
    orders: dict[str, JsonObject] = {}
    refunds: dict[str, dict[str, JsonObject]] = {}
    next_id: int = 1301
    next_item: int = 81

    def add_order(self, order: JsonObject, items: Mapping[str, list[SentItem]]) -> str:
        """Add an order with the refunds that it tells, their items by id, and return its id.

        Raises ValueError without a total.
        """
        order_id = str(order["id"])
        try:
            parse_number(order["total"])
        except (ArithmeticError, KeyError):
            raise ValueError(f"the total of order {order_id} is no number: {order.get('total')!r}") from None
        self.orders[order_id], self.refunds[order_id] = order, {}
        lines = [line for name in ITEM_LISTS for line in order.get(name) or ()]
        self.next_item = max([self.next_item, *(line["id"] + 1 for line in lines)])
        told = order.get("refunds") or []
        self.next_id = max(self.next_id, order["id"] + 1, *(entry["id"] + 1 for entry in told), 0)
        for entry in reversed(told):
            amount = abs(parse_number(entry["total"]))
            sent = items.get(str(entry["id"]), [])
            self.add_refund(order_id, amount, entry.get("reason") or "", sent, refund_id=entry["id"])
        self._tell_refunds(order_id)
        return order_id

    def decimals(self, order: str) -> int:
        """Return the decimals of the shop: those of the order's total."""
        return len(str(self.orders[order]["total"]).partition(".")[2])

    def remaining_amount(self, order: str) -> Decimal:
        """Return the order's total less its refunds, each rounded as order tables (HPOS) do."""
        remaining = parse_number(self.orders[order]["total"])
        for refund in self.refunds[order].values():
            remaining = EXACT.subtract(remaining, round_half_up(refund["amount"] or ZERO, self.decimals(order)))
        return remaining

    def add_refund(
        self, order: str, amount: Decimal | None, reason: str, items: Iterable[SentItem], refund_id: int | None = None
    ) -> JsonObject:
        """Add a refund to an order, its amounts as they were sent, and return it."""
        moment = datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%S")
        lines = self._make_lines(order, list(items))
        refund: JsonObject = {
            "id": self.next_id if refund_id is None else refund_id,
            "date_created": moment,
            "date_created_gmt": moment,
            "amount": "" if amount is None else amount,
            "reason": reason,
            "refunded_by": 1,
            "refunded_payment": False,
            "meta_data": [],
            **lines,
        }
        self.next_id = max(self.next_id, refund["id"] + 1)
        self.refunds[order][str(refund["id"])] = refund
        is_full = self.remaining_amount(order) <= 0
        refund["meta_data"] = [self._meta("_refund_type", "full" if is_full else "partial")]
        self._tell_refunds(order)
        return refund

    def delete_refund(self, order: str, refund: str) -> JsonObject:
        """Delete a refund and return it as it was."""
        deleted = self.refunds[order].pop(refund)
        self._tell_refunds(order)
        return deleted

    def list_refunds(self, order: str) -> list[JsonObject]:
        """Return the refunds of an order, the newest first."""
        return sorted(self.refunds[order].values(), key=lambda each: (each["date_created"], each["id"]), reverse=True)

    def find_order(self, refund: str) -> str | None:
        """Return the id of the order that a refund belongs to, None for an unknown refund."""
        return next((order for order, refunds in self.refunds.items() if refund in refunds), None)

    def _tell_refunds(self, order: str) -> None:
        """Write the totals of all refunds into the order, as it tells them."""
        self.orders[order]["refunds"] = [
            {"id": refund["id"], "reason": refund["reason"], "total": total, "total_tax": tax}
            for refund in self.list_refunds(order)
            for total, tax in [format_sums(refund, self.decimals(order))]
        ]

    def _make_lines(self, order: str, sent: list[SentItem]) -> JsonObject:
        """Make the lines of a refund by list: items of the order, the last of each, and their taxes."""
        by_key = {item.key: item for item in sent}
        document = self.orders[order]
        lines: JsonObject = {name: [] for name in (*ITEM_LISTS, "tax_lines")}
        taxes: dict[str, list[Decimal]] = {}
        for name in ITEM_LISTS:
            for line in document.get(name) or ():
                item = by_key.get(str(line["id"]))
                if item is not None:
                    lines[name].append(self._make_line(name, line, item))
                    for rate, tax in item.taxes.items():
                        sums = taxes.setdefault(rate, [ZERO, ZERO])
                        place = 1 if name == "shipping_lines" else 0
                        sums[place] = EXACT.subtract(sums[place], tax)
        for tax_line in document.get("tax_lines") or ():
            if str(tax_line.get("rate_id")) in taxes:
                tax_total, shipping_tax = taxes[str(tax_line["rate_id"])]
                told = {"id": self._item_id(), "tax_total": tax_total, "shipping_tax_total": shipping_tax}
                lines["tax_lines"].append({**tax_line, **told})
        return lines

    def _make_line(self, name: str, line: JsonObject, item: SentItem) -> JsonObject:
        tax = ZERO
        for part in item.taxes.values():
            tax = EXACT.add(tax, part)
        is_product = name == "line_items"
        sums = {"total": EXACT.minus(item.total), "total_tax": EXACT.minus(tax)}
        subtotals = {"subtotal": sums["total"], "subtotal_tax": sums["total_tax"]} if is_product else {}
        price = _QUOTIENT.divide(item.total, Decimal(item.quantity)) if item.quantity else ZERO
        pieces = {"quantity": -item.quantity, "price": Decimal(format(price.normalize(), "f"))} if is_product else {}
        return {
            "id": self._item_id(),
            **{field: line[field] for field in _COPIED[name] if field in line},
            **pieces,
            **subtotals,
            **sums,
            "taxes": [
                {"id": int(rate), "total": EXACT.minus(part), "subtotal": EXACT.minus(part) if is_product else ""}
                for rate, part in item.taxes.items()
            ],
            "meta_data": [self._meta("_refunded_item_id", item.key)],
        }

    def _item_id(self) -> int:
        self.next_item += 1
        return self.next_item - 1

    def _meta(self, key: str, value: str) -> JsonObject:
        return {"id": self._item_id(), "key": key, "value": value}


def show(node: Any, decimals: int, field: str = "") -> Any:
    """Return an order or a refund as it is told, its money as text with so many decimals."""
    if isinstance(node, Mapping):
        return {name: show(value, decimals, name) for name, value in node.items()}
    if isinstance(node, list):
        return [show(value, decimals) for value in node]
    return format_money(node, decimals) if field in MONEY and node != "" and node is not None else node


def format_sums(refund: JsonObject, decimals: int) -> tuple[str, str]:
    """Return total and tax of a refund as its order tells them, below zero."""
    lines = [line for name in ITEM_LISTS for line in refund[name]]
    tax = sum((parse_number(line["total_tax"]) for line in lines), ZERO)
    return format_money(EXACT.minus(parse_number(refund["amount"] or 0)), decimals), format_money(tax, decimals)


def format_money(value: Any, decimals: int) -> str:
    """Write an amount with so many decimals, rounded as PHP rounds, without a sign for zero."""
    rounded = round_half_up(value, decimals)
    return format(rounded if rounded else abs(rounded), "f")


def round_half_up(value: Any, decimals: int) -> Decimal:
    """Round a number as PHP does: half away from zero."""
    return _WIDE.quantize(parse_number(value), Decimal(1).scaleb(-decimals))


def parse_number(value: Any) -> Decimal:
    """Parse a number of a JSON object, which may be a string."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def strip_zeros(text: str) -> str | None:
    """Return an id without leading zeros: "" for zero or no id, None for what is no number."""
    if text and not re.fullmatch("[0-9]+", text):
        return None
    return text.lstrip("0")


def read_items(items: Any) -> Iterator[SentItem]:
    """Yield the items of a body as the server reads them: none where an entry of a list has no id."""
    if isinstance(items, list):
        if not all(isinstance(item, dict) and "id" in item for item in items):
            return
        keyed = [(str(item["id"]), item, item.get("quantity")) for item in items]
    else:
        keyed = [(key, item, item.get("qty")) for key, item in (items or {}).items() if isinstance(item, dict)]
    for key, item, quantity in keyed:
        taxes = item.get("refund_tax") or {}
        if isinstance(taxes, list):
            taxes = {str(tax["id"]): tax.get("refund_total") for tax in taxes if isinstance(tax, dict) and "id" in tax}
        by_rate = {rate: parse_number(tax or 0) for rate, tax in taxes.items() if rate.isdigit()}
        yield SentItem(key, int(parse_number(quantity or 0)), parse_number(item.get("refund_total") or 0), by_rate)
