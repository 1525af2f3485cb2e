"""The order model of WooCommerce's legacy API: a refund is an amount of the order; its items move no money."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import UNSET

from ...errors import Finding, finding
from ...ledger import (
    ITEM,
    PIECES,
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
from ...money import ZERO, decimals, total
from ...text import escape_token
from ..woocommerce.ledger import Payment

if TYPE_CHECKING:
    from refundkit_apis.woocommerce_legacy import models as wc

    from ...operations import Operation

    Body: TypeAlias = wc.RefundCreateRequest | wc.RefundUpdateRequest

AMOUNT = "/order_refund/amount"
ITEMS = "/order_refund/line_items"
# The order itself, as a line of the ledger.
ORDER = ""
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_STORED = Context(prec=1000, rounding=ROUND_HALF_UP)


class WooCommerceLegacyOrderModel(OrderModel):
    """Reads WooCommerce's orders, refunds and their items; a refund names its order only in its path."""

    traits: Mapping[str, frozenset[str]] = {
        "create_refund": frozenset({"refunds", "lines", "order_total", "items"}),
        "update_refund": frozenset({"order_total"}),
    }
    path_ids: Mapping[str, tuple[str, ...]] = {"id": ("order", "id")}

    def normalise_id(self, name: str, value: str) -> str:
        return value.lstrip("0") or "0"

    def open_order(self, order: wc.OrderResponse) -> Ledger:
        shop_order = order.order
        lines: dict[Any, Line] = {
            ORDER: Line(ORDER, "", {TOTAL: Account(ORDER, "", TOTAL, charged=read_number(shop_order.total))})
        }
        unread: dict[Any, str] = {}
        shipping = shop_order.shipping_lines or ()
        # The order has one tax for all its shipping lines.
        shipping_tax = shop_order.shipping_tax if len(shipping) == 1 else UNSET
        for item in _readable_figures("shipping_lines", shipping, unread):
            _add_item_line(lines, item, read_number(shipping_tax))
        for item in _readable_figures("fee_lines", shop_order.fee_lines or (), unread):
            _add_item_line(lines, item, read_number(item.total_tax))
        for item in _readable_figures("line_items", shop_order.line_items, unread):
            line = _add_item_line(lines, item, read_number(item.total_tax))
            line.ordered = read_number(item.quantity)
            if parse_number(item.quantity) is not None:
                line.accounts[PIECES] = Account(line.key, line.number, PIECES, charged=line.ordered)
        currency = "" if shop_order.currency is UNSET else shop_order.currency
        return Ledger(lines, currency, _decimals(shop_order), unread)

    def read_refunds(self, refunds: wc.RefundListResponse) -> list[Refund]:
        """Read earlier refunds as the API lists them; lines of current servers do not name the order's item."""
        return [
            Refund(
                [Posting(ORDER, TOTAL, abs(read_number(refund.amount))), *_earlier_item_postings(refund)],
                id=str(refund.id),
                reason=refund.reason or "",
            )
            for refund in refunds.order_refunds
        ]

    def read_request(self, operation: Operation, body: Any, path: Mapping[str, str] | None) -> Refund:
        refund_id = (path or {}).get("refund_id", "").lstrip("0")
        if body is None:
            return Refund([Posting(ORDER, TOTAL, effect="drop", refund_id=refund_id)], id=refund_id)
        if operation.name.endswith(".update_refund"):
            return self._read_update(body.order_refund, refund_id)
        refund = body.order_refund
        postings: list[Posting] = []
        amounts: list[Amount] = []
        if refund.amount is not UNSET:
            value = as_number(refund.amount)
            amounts.append(Amount(AMOUNT, value))
            postings.append(Posting(ORDER, TOTAL, abs(value), pointer=AMOUNT))
        lines: dict[Any, str] = {}
        for key, item in refund.line_items.items() if isinstance(refund.line_items, dict) else ():
            pointer = lines[key] = f"{ITEMS}/{escape_token(key)}"
            postings += _requested_item_postings(key, item, pointer)
            amounts += _item_amounts(item, pointer)
        return Refund(postings, lines.items(), amounts=amounts, reason=refund.reason or "")

    def _read_update(self, refund: wc.RefundUpdate, refund_id: str) -> Refund:
        """Read an update: its amount replaces that of the refund; the server ignores an amount of zero."""
        postings: list[Posting] = []
        amounts: list[Amount] = []
        if refund.amount is not UNSET:
            value = as_number(refund.amount)
            amounts = [Amount(AMOUNT, value)]
            if value:
                posting = Posting(ORDER, TOTAL, abs(value), effect="set", pointer=AMOUNT, refund_id=refund_id)
                postings.append(posting)
        return Refund(postings, amounts=amounts, id=refund_id, reason=refund.reason or None)

    def read_payment(self, order: wc.OrderResponse) -> Payment:
        """Read the order's status, and whether it was paid; old servers do not note it of a completed order."""
        status, details = str(order.order.status), order.order.payment_details
        paid = None if details is UNSET or details.paid is UNSET else details.paid or status == "completed"
        return Payment(status, paid, "order:/order/payment_details/paid", "order:/order/status")

    def is_same_refund(self, requested: Refund, recorded: Refund) -> bool | None:
        """Compare the rounded amounts, the reasons, and the items if the server names them."""
        requested_money, recorded_money = _money_by_account(requested), _money_by_account(recorded)
        amount, recorded_amount = requested_money.pop((ORDER, TOTAL), None), recorded_money.pop((ORDER, TOTAL), ZERO)
        if amount is None:  # an update of the reason alone: a shop may keep the old one
            return True if requested.reason == recorded.reason else None
        if _round_as_stored(amount) != _round_as_stored(recorded_amount):
            return False
        if requested.id:
            return True
        if requested.reason and requested.reason != recorded.reason:
            return False
        return all(requested_money.get(item, amount) == amount for item, amount in recorded_money.items())

    def context_mismatches(
        self,
        path: Mapping[str, str] | None,
        body: Any,
        order: wc.OrderResponse | None,
        refunds: wc.RefundListResponse | None,
    ) -> Iterator[Finding]:
        """Yield what shows that the context is of another order, and amounts in it that are no numbers.

        A refund does not name its order, so earlier refunds are compared by their items.
        """
        if order is not None:
            yield from self._order_mismatches((path or {}).get("id"), order.order)
        if refunds is None:
            return
        order_items = None if order is None else _item_ids(order.order)
        for index, refund in enumerate(refunds.order_refunds):
            refund_pointer = f"refunds:/order_refunds/{index}"
            amount = parse_number(refund.amount)
            if amount is None or amount < 0:
                message = f"{refund.amount!r} is no amount of an earlier refund, which is zero or above"
                yield finding(f"{refund_pointer}/amount", message, "give the API's own list as it came")
            items = {str(item.refunded_item_id) for item in refund.line_items or () if item.refunded_item_id}
            if order_items is not None and items and order_items.isdisjoint(items):
                yield finding(f"{refund_pointer}/line_items", "the order has no item of this earlier refund")

    def _order_mismatches(self, order_id: str | None, order: wc.Order) -> Iterator[Finding]:
        if order_id is not None and str(order.id) != order_id.lstrip("0"):
            hint = f"; {order_id} is its order_number" if str(order.order_number) == order_id else ""
            message = f"the refund is of order {order_id}, the context is order {order.id}{hint}"
            yield finding("order:/order/id", message, "give the order that is refunded")
        if parse_number(order.total) is None:
            message = f"{order.total!r} is no number"
            yield finding("order:/order/total", message, "give the API's own order as it came")


def _add_item_line(lines: dict[Any, Line], item: Any, tax: Decimal) -> Line:
    key = str(item.id)
    account = Account(key, key, ITEM, charged=read_number(item.total), tax_charged=tax)
    line = lines[key] = Line(key, key, {ITEM: account})
    return line


def _earlier_item_postings(refund: wc.Refund) -> Iterator[Posting]:
    """Yield the postings of an earlier refund's items. Its totals are negative; its quantities may have either sign."""
    for item in refund.line_items or ():
        if item.refunded_item_id:
            key = str(item.refunded_item_id)
            yield Posting(key, ITEM, -read_number(item.total), -read_number(item.total_tax))
            yield Posting(key, PIECES, abs(read_number(item.quantity)))


def _requested_item_postings(key: str, item: wc.RefundItem, pointer: str) -> Iterator[Posting]:
    """Yield the postings of a requested item: its money and its pieces. A negative fee has a negative refund."""
    taxes = item.refund_tax or {}
    if item.refund_total is not UNSET or taxes:
        amount = ZERO if item.refund_total is UNSET else as_number(item.refund_total)
        tax = total([as_number(each) for each in taxes.values()])
        total_pointer = "" if item.refund_total is UNSET else f"{pointer}/refund_total"
        tax_pointer = f"{pointer}/refund_tax" if taxes else ""
        yield Posting(key, ITEM, amount, tax, pointer=total_pointer, tax_pointer=tax_pointer, source=item)
    if item.qty is not UNSET:
        yield Posting(key, PIECES, Decimal(item.qty), pointer=f"{pointer}/qty")


def _item_amounts(item: wc.RefundItem, pointer: str) -> Iterator[Amount]:
    if item.refund_total is not UNSET:
        yield Amount(f"{pointer}/refund_total", as_number(item.refund_total))
    for rate, tax in (item.refund_tax or {}).items():
        yield Amount(f"{pointer}/refund_tax/{escape_token(rate)}", as_number(tax))


def _money_by_account(refund: Refund) -> dict[tuple[Any, str], Decimal]:
    return {(posting.line, posting.account): posting.amount for posting in refund.postings if posting.account != PIECES}


def _round_as_stored(amount: Decimal) -> Decimal:
    """Round an amount as the server stores it: two decimals, half away from zero."""
    return amount.quantize(Decimal("0.01"), context=_STORED)


def _readable_figures(name: str, items: Iterable[Any], unread: dict[Any, str]) -> Iterator[Any]:
    """Yield the order's lines whose figures are numbers; note the others in `unread`, so that caps report them."""
    for item in readable_lines(items, unread):
        figures = {"total": item.total, "quantity": item.quantity} if name == "line_items" else {"total": item.total}
        unreadable_figure = next((figure for figure, value in figures.items() if parse_number(value) is None), "")
        if unreadable_figure:
            unread[str(item.id)] = f"{unreadable_figure} {figures[unreadable_figure]!r} is no number"
        else:
            yield item


def _item_ids(order: wc.Order) -> set[str]:
    lists = (order.line_items, order.shipping_lines, order.fee_lines)
    return {str(item.id) for items in lists for item in readable_lines(items or (), {})}


def _decimals(order: wc.Order) -> int:
    """Return the decimals of the order's amounts: those of its total, at least two unless its currency has fewer."""
    minimum = 2 if order.currency is UNSET else min(decimals(order.currency) or 0, 2)
    return max(minimum, len(str(order.total).partition(".")[2]))


def as_number(value: Decimal | int | str) -> Decimal:
    """Convert a number of a request body; its model has checked that a text is plain digits."""
    return Decimal(value)


def parse_number(value: object) -> Decimal | None:
    """Parse a number of an answer; None if it is no number."""
    if isinstance(value, str):
        return Decimal(value) if _DECIMAL.fullmatch(value) else None
    return Decimal(value) if isinstance(value, (Decimal, int)) else None


def read_number(value: Any) -> Decimal:
    """Parse a number of an answer; zero if it is no number."""
    return parse_number(value) or ZERO


MODEL = WooCommerceLegacyOrderModel()
