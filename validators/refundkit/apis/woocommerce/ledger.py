"""The order model of WooCommerce's REST API, wc/v3, and what the legacy API's model shares with it.

A refund is an amount of the order. Its items move no money of their own, but the answer says of which item each was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, Struct

from ...errors import Finding, finding
from ...ledger import (
    ANY,
    ITEM,
    PIECES,
    TAX,
    TOTAL,
    Account,
    Amount,
    Ledger,
    Line,
    OrderModel,
    Posting,
    Refund,
    readable_lines,
)
from ...money import ZERO, equals_as_shown, total
from ...text import escape_token

if TYPE_CHECKING:
    from refundkit_apis.woocommerce import models as wc

    from ...operations import Operation

AMOUNT, ITEMS = "/amount", "/line_items"
AMOUNTS = (AMOUNT, "/order_refund/amount")
# The key of the order itself, as a line of the ledger.
ORDER: Any = ("order",)
ITEM_LISTS = ("shipping_lines", "fee_lines", "line_items")
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class RequestedItem(Struct, gc=False):
    """One item of a refund request, from either form of `line_items`; `taxes` are (rate, amount, pointer)."""

    key: str
    pointer: str
    quantity: Any
    quantity_pointer: str
    refund_total: Any
    taxes: list[tuple[str, Any, str]]


class Payment(Struct, gc=False):
    """What an order says of its payment; `paid` is None where it does not say."""

    status: str
    paid: bool | None
    pointer: str
    status_pointer: str


class ShopOrderModel(OrderModel):
    """Reads the requests of both of WooCommerce's APIs; a refund names its order only in its path."""

    # Where a body of the API has its amount and its items.
    amount_pointer, items_pointer = AMOUNT, ITEMS

    def normalise_id(self, name: str, value: str) -> str:
        return value.lstrip("0") or "0"

    def read_payment(self, order: Any) -> Payment:
        """Read the order's status, and whether it was paid."""
        raise NotImplementedError

    def read_request(self, operation: Operation, body: Any, path: Mapping[str, str] | None) -> Refund:
        if body is None:
            refund_id = (path or {}).get("refund_id", "").lstrip("0")
            return Refund([Posting(ORDER, TOTAL, effect="drop", refund_id=refund_id)], id=refund_id)
        # Of an item that stands twice the server takes the last.
        items = {item.key: item for item in requested_items(body.line_items, self.items_pointer)}
        amount = body.amount if body.amount is not UNSET else sum_of_items(body, items.values())
        pointer = self.amount_pointer if body.amount is not UNSET else self.items_pointer
        amounts = [] if body.amount is UNSET else [Amount(pointer, Decimal(body.amount))]
        postings = [] if amount is None else [Posting(ORDER, TOTAL, abs(Decimal(amount)), pointer=pointer)]
        for item in items.values():
            item_postings = list(_item_postings(item))
            if is_computed(body):  # with the tax in it
                item_postings = [posting for posting in item_postings if posting.account == PIECES]
            money = [posting for posting in item_postings if posting.account != PIECES and posting.pointer]
            amounts += [Amount(posting.pointer, posting.amount) for posting in money]
            postings += item_postings
        lines = [(item.key, item.pointer) for item in items.values()]
        return Refund(postings, lines, amounts=amounts, reason=body.reason or "")


class WooCommerceOrderModel(ShopOrderModel):
    """Reads the orders, refunds and items of wc/v3."""

    traits: Mapping[str, frozenset[str]] = {"create_refund": frozenset({"refunds", "lines", "order_total", "items"})}
    path_ids: Mapping[str, tuple[str, ...]] = {"id": ("id",)}

    def open_order(self, order: wc.Order) -> Ledger:
        currency = order.currency if isinstance(order.currency, str) else ""
        order_total = Account(ORDER, "", TOTAL, currency, read_number(order.total))
        lines: dict[Any, Line] = {ORDER: Line(ORDER, "", {TOTAL: order_total})}
        unread: dict[Any, str] = {}
        for name in ITEM_LISTS:
            for item in readable_items(name, order, unread):
                key = str(item.id)
                taxes = {TAX + str(tax.id): read_number(tax.total) for tax in item.taxes or ()}
                if item.taxes is UNSET:
                    taxes = {ANY: ZERO}  # nobody knows by which rates it was taxed
                item_account = Account(key, key, ITEM, currency, read_number(item.total))
                item_account.tax_charged = read_number(item.total_tax)
                line = lines[key] = Line(key, key, {ITEM: item_account})
                line.accounts |= {rate: Account(key, key, rate, currency, tax) for rate, tax in taxes.items()}
                if name == "line_items":
                    line.ordered = read_number(item.quantity)
                    line.accounts[PIECES] = Account(key, key, PIECES, charged=line.ordered)
        # The shop's own decimals, whatever the order's currency has.
        return Ledger(lines, currency, len(str(order.total).partition(".")[2]), unread)

    def refunds_in_order(self, order: wc.Order) -> list[Refund] | None:
        """Return the totals of all refunds; what their items are, the list says."""
        return None if order.refunds is UNSET else [_read_total(entry) for entry in order.refunds]

    def read_refunds(self, refunds: list[wc.Refund]) -> list[Refund]:
        return [
            Refund(
                [Posting(ORDER, TOTAL, abs(read_number(refund.amount))), *_earlier_item_postings(refund)],
                id=str(refund.id),
                reason=refund.reason or "",
            )
            for refund in refunds
        ]

    def read_payment(self, order: wc.Order) -> Payment:
        paid = None if order.date_paid is UNSET else order.date_paid is not None
        return Payment(str(order.status), paid, "order:/date_paid", "order:/status")

    def is_same_refund(self, requested: Refund, recorded: Refund) -> bool | None:
        """Compare the amounts, rounded as the recorded one, the items, and the reason if the request names one."""
        requested_money, recorded_money = money_by_account(requested), money_by_account(recorded)
        if requested.reason and requested.reason != recorded.reason:
            return False
        for account, amount in recorded_money.items():
            if not equals_as_shown(requested_money.pop(account, ZERO), amount):
                return False
        return True if not any(requested_money.values()) else None  # an unknown item is dropped in silence

    def context_mismatches(
        self, path: Mapping[str, str] | None, body: Any, order: wc.Order | None, refunds: list[wc.Refund] | None
    ) -> Iterator[Finding]:
        """Yield what shows that the context is of another order, and amounts in it that are no numbers."""
        order_id = (path or {}).get("id")
        if order is not None:
            yield from order_mismatches(order_id, order, "number", "order:")
            if order.line_items is UNSET:
                yield finding("order:", "the order has no line_items", "read it without `_fields`")
            order_id = str(order.id)
        for index, refund in enumerate(refunds or ()):
            pointer = f"refunds:/{index}"
            if refund.amount != "" and parse_number(refund.amount) is None:  # "" is a refund of nothing
                message = f"{refund.amount!r} is no amount of an earlier refund"
                yield finding(f"{pointer}/amount", message, "give the API's own list as it came")
            owner = _order_of(refund)
            if order_id is not None and owner not in ("", order_id.lstrip("0")):
                message = f"the earlier refund is of order {owner}, the context is of order {order_id}"
                yield finding(pointer, message, "give the refunds of the order that is refunded")


def requested_items(items: Any, items_pointer: str = ITEMS) -> Iterator[RequestedItem]:
    """Yield the items of a request, from a list or from an object keyed by their ids; the legacy API drops a list."""
    for index, item in enumerate(items if isinstance(items, list) and items_pointer == ITEMS else ()):
        pointer = f"{items_pointer}/{index}"
        taxes = list(_requested_taxes(item.refund_tax, f"{pointer}/refund_tax"))
        yield RequestedItem(str(item.id), pointer, item.quantity, f"{pointer}/quantity", item.refund_total, taxes)
    for key, keyed in items.items() if isinstance(items, dict) else ():
        pointer = f"{items_pointer}/{escape_token(key)}"
        taxes = list(_requested_taxes(keyed.refund_tax, f"{pointer}/refund_tax"))
        yield RequestedItem(key, pointer, keyed.qty, f"{pointer}/qty", keyed.refund_total, taxes)


def is_computed(body: Any) -> bool:
    """Return whether the server is to compute the money of the items."""
    return getattr(body, "compute_totals", None) is True


def sum_of_items(body: wc.RefundCreateRequest, items: Iterable[RequestedItem]) -> Decimal | None:
    """Return the amount that the server makes of a request without one; None if the items do not say it."""
    sums = [item.refund_total for item in items]
    if is_computed(body) or not sums or UNSET in sums:
        return None
    return total([Decimal(value) for value in (*sums, *(tax for item in items for _, tax, _ in item.taxes))])


def _requested_taxes(taxes: Any, pointer: str) -> Iterator[tuple[str, Any, str]]:
    """Yield (rate, amount, pointer) of each tax of an item."""
    for index, tax in enumerate(taxes if isinstance(taxes, list) else ()):
        if tax.refund_total is not UNSET:
            yield str(tax.id), tax.refund_total, f"{pointer}/{index}/refund_total"
    for rate, amount in taxes.items() if isinstance(taxes, dict) else ():
        yield rate, amount, f"{pointer}/{escape_token(rate)}"


def _item_postings(item: RequestedItem) -> Iterator[Posting]:
    """Yield the postings of a requested item: its money, its tax by rate and its pieces."""
    if item.refund_total is not UNSET or item.taxes:
        amount = ZERO if item.refund_total is UNSET else Decimal(item.refund_total)
        tax = total([Decimal(amount) for _, amount, _ in item.taxes])
        pointer = "" if item.refund_total is UNSET else f"{item.pointer}/refund_total"
        tax_pointer = f"{item.pointer}/refund_tax" if item.taxes else ""
        yield Posting(item.key, ITEM, amount, tax, pointer=pointer, tax_pointer=tax_pointer)
    for rate, rate_tax, rate_pointer in item.taxes:
        yield Posting(item.key, TAX + rate, Decimal(rate_tax), pointer=rate_pointer)
    if item.quantity is not UNSET:
        yield Posting(item.key, PIECES, abs(Decimal(item.quantity)), pointer=item.quantity_pointer)


def _read_total(entry: wc.RefundTotal) -> Refund:
    posting = Posting(ORDER, TOTAL, abs(read_number(entry.total)))
    return Refund([posting], id=str(entry.id), reason=entry.reason or "", tells_items=False)


def _earlier_item_postings(refund: wc.Refund) -> Iterator[Posting]:
    """Yield the postings of an earlier refund's items, of which totals and quantities are below zero."""
    for name in ITEM_LISTS:
        for item in getattr(refund, name) or ():
            key = _refunded_item(item)
            yield Posting(key, ITEM, -read_number(item.total), -read_number(item.total_tax))
            yield Posting(key, PIECES, abs(read_number(item.quantity)))
            for tax in item.taxes or ():
                yield Posting(key, f"{TAX}{tax.id}", -read_number(tax.total))


def _refunded_item(item: wc.RefundLine) -> str:
    """Return the id of the order's item that a line of a refund is of."""
    return next((str(entry.value) for entry in item.meta_data or () if entry.key == "_refunded_item_id"), "")


def _order_of(refund: wc.Refund) -> str:
    """Return the id of the order that a refund names, "" if it names none."""
    if refund.parent_id is not UNSET:
        return str(refund.parent_id)
    links = refund.field_links.get("up") if isinstance(refund.field_links, dict) else None
    target = links[0].get("href") if isinstance(links, list) and links and isinstance(links[0], dict) else ""
    return str(target).rstrip("/").rpartition("/")[2]


# Shared with the legacy API.


def order_mismatches(order_id: str | None, order: Any, number_field: str, prefix: str) -> Iterator[Finding]:
    """Yield what shows that an order is another one than the path's, or has no total."""
    if order_id is not None and str(order.id) != order_id.lstrip("0"):
        hint = f"; {order_id} is its {number_field}" if str(getattr(order, number_field)) == order_id else ""
        message = f"the refund is of order {order_id}, the context is order {order.id}{hint}"
        yield finding(f"{prefix}/id", message, "give the order that is refunded")
    if parse_number(order.total) is None:
        message = "the order has no total" if order.total is UNSET else f"{order.total!r} is no number"
        yield finding(f"{prefix}/total", message, "give the API's own order as it came")


def readable_items(name: str, order: Any, unread: dict[Any, str]) -> Iterator[Any]:
    """Yield the order's lines whose figures are numbers; note the others in `unread`, so that caps report them."""
    for item in readable_lines(getattr(order, name), unread):
        figures = {"total": item.total, "quantity": item.quantity} if name == "line_items" else {"total": item.total}
        unreadable_figure = next((figure for figure, value in figures.items() if parse_number(value) is None), "")
        if unreadable_figure:
            unread[str(item.id)] = f"{unreadable_figure} {figures[unreadable_figure]!r} is no number"
        else:
            yield item


def money_by_account(refund: Refund) -> dict[tuple[Any, str], Decimal]:
    """Return the money of a refund by its size."""
    return {(each.line, each.account): abs(each.amount) for each in refund.postings if each.account in (TOTAL, ITEM)}


def parse_number(value: object) -> Decimal | None:
    """Parse a number of an answer; None if it is no number."""
    if isinstance(value, str):
        return Decimal(value) if _DECIMAL.fullmatch(value) else None
    return Decimal(value) if isinstance(value, (Decimal, int)) else None


def read_number(value: Any) -> Decimal:
    """Parse a number of an answer; zero if it is no number."""
    return parse_number(value) or ZERO


MODEL = WooCommerceOrderModel()
