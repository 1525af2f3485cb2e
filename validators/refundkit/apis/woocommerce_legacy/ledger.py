"""The order model of WooCommerce's legacy API: a refund is an amount of the order; its items move no money."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import UNSET

from ...errors import Finding, finding
from ...ledger import (
    ANY,
    ITEM,
    PIECES,
    ROUNDING,
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
from ...money import ZERO, decimals, equals_as_shown, total
from ...text import escape_token

if TYPE_CHECKING:
    from refundkit_apis.woocommerce_legacy import models as wc

    from ...operations import Operation

    Body: TypeAlias = wc.RefundCreateRequest | wc.RefundUpdateRequest

AMOUNT = "/order_refund/amount"
ITEMS = "/order_refund/line_items"
# Keys of lines that no item has: the order itself, and the beginning of that of a line that is found by its product.
ORDER: Any = ("order",)
PRODUCT = "product"
UNNAMED: Any = ("unnamed",)
ITEM_LISTS = ("shipping_lines", "fee_lines", "line_items")
# The list of refunds rounds to so many decimals, whatever the shop has.
_LISTED_DECIMALS = 2
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")


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
        currency = shop_order.currency if isinstance(shop_order.currency, str) else ""
        rates = _tax_rates(shop_order)
        lines: dict[Any, Line] = {ORDER: _open_line(ORDER, TOTAL, shop_order.total, currency)}
        unread: dict[Any, str] = {}
        for name in ITEM_LISTS:
            items = list(_readable_figures(name, shop_order, unread))
            for item in items:
                line = lines[str(item.id)] = _open_line(str(item.id), ITEM, item.total, currency)
                # The order has one tax for all its shipping lines.
                tax = parse_number(shop_order.shipping_tax if name == "shipping_lines" else item.total_tax)
                if name != "shipping_lines" or len(items) == 1:
                    line.accounts[ITEM].tax_charged = tax or ZERO
                for account in (ANY,) if rates is None or tax is None else rates:
                    line.accounts[account] = Account(line.key, line.number, account, currency, tax or ZERO)
                if name == "line_items":
                    line.ordered = read_number(item.quantity)
                    line.accounts[PIECES] = Account(line.key, line.number, PIECES, charged=line.ordered)
        products = Counter(item.product_id for item in items if item.product_id and not unread)
        lines |= {(PRODUCT, item.product_id): lines[str(item.id)] for item in items if products[item.product_id] == 1}
        return Ledger(lines, currency, decimals(currency), unread, whole_pieces=True)

    def read_refunds(self, refunds: wc.RefundListResponse) -> list[Refund]:
        """Read earlier refunds as the API lists them; lines of current servers do not name the order's item."""
        return [
            Refund(
                [*_earlier_postings(ORDER, TOTAL, refund.amount), *_earlier_item_postings(refund)],
                id=str(refund.id),
                reason=refund.reason or "",
            )
            for refund in refunds.order_refunds
        ]

    def read_request(self, operation: Operation, body: Any, path: Mapping[str, str] | None) -> Refund:
        refund_id = (path or {}).get("refund_id", "").lstrip("0")
        if body is None:
            return Refund([Posting(ORDER, TOTAL, effect="drop", refund_id=refund_id)], id=refund_id)
        refund, is_update = body.order_refund, operation.name.endswith(".update_refund")
        postings: list[Posting] = []
        amounts: list[Amount] = []
        if refund.amount is not UNSET:
            value = Decimal(refund.amount)
            amounts.append(Amount(AMOUNT, value))
            if not is_update:
                postings.append(Posting(ORDER, TOTAL, abs(value), pointer=AMOUNT))
            elif value:  # the server ignores an update to zero
                postings.append(Posting(ORDER, TOTAL, abs(value), effect="set", pointer=AMOUNT, refund_id=refund_id))
        if is_update:
            return Refund(postings, amounts=amounts, id=refund_id, reason=refund.reason or None)
        lines: dict[Any, str] = {}
        for key, item in refund.line_items.items() if isinstance(refund.line_items, dict) else ():
            pointer = lines[key] = f"{ITEMS}/{escape_token(key)}"
            item_postings = list(_requested_item_postings(key, item, pointer))
            money = [posting for posting in item_postings if posting.account != PIECES and posting.pointer]
            amounts += [Amount(posting.pointer, posting.amount) for posting in money]
            postings += item_postings
        return Refund(postings, lines.items(), amounts=amounts, reason=refund.reason or "")

    def is_same_refund(self, requested: Refund, recorded: Refund) -> bool | None:
        """Compare the amounts as they are shown, the reasons, and the items that the answer shows.

        It shows no shipping and no fees, and current servers do not say of which item a line is.
        """
        amount, recorded_amount = (next(_amounts(refund, TOTAL), None) for refund in (requested, recorded))
        if amount is None:  # an update of the reason alone: a shop may keep the old one
            return True if requested.reason == recorded.reason else None
        if not equals_as_shown(amount, recorded_amount or ZERO):
            return False
        if requested.id:
            return True
        return _stored_reason(requested) == _stored_reason(recorded) and _has_items(requested, recorded)

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
            if refund.amount != "" and parse_number(refund.amount) is None:  # "" is a refund of nothing
                message = f"{refund.amount!r} is no amount of an earlier refund"
                yield finding(f"{refund_pointer}/amount", message, "give the API's own list as it came")
            items = {str(item.refunded_item_id) for item in refund.line_items or () if item.refunded_item_id}
            if order_items is not None and items and order_items.isdisjoint({*items, ANY}):
                yield finding(f"{refund_pointer}/line_items", "the order has no item of this earlier refund")

    def _order_mismatches(self, order_id: str | None, order: wc.Order) -> Iterator[Finding]:
        if order_id is not None and str(order.id) != order_id.lstrip("0"):
            hint = f"; {order_id} is its order_number" if str(order.order_number) == order_id else ""
            message = f"the refund is of order {order_id}, the context is order {order.id}{hint}"
            yield finding("order:/order/id", message, "give the order that is refunded")
        if parse_number(order.total) is None:
            message = f"{order.total!r} is no number"
            yield finding("order:/order/total", message, "give the API's own order as it came")


def _open_line(key: Any, name: str, amount: Any, currency: str) -> Line:
    """Return a line with one account of money, and one of its rounding where the API hides decimals."""
    number = "" if key == ORDER else key
    line = Line(key, number, {name: Account(key, number, name, currency, read_number(amount))})
    places = decimals(currency) if currency else 0
    if places and (places > _LISTED_DECIMALS or _rounding(amount, places)):
        line.accounts[ROUNDING] = Account(key, number, ROUNDING, currency, _rounding(amount, places))
    return line


def _rounding(amount: Any, places: int) -> Decimal:
    """Return half a unit of the last decimal of an amount in text that shows fewer decimals than it should."""
    shown = len(amount.partition(".")[2]) if isinstance(amount, str) and amount else places
    return Decimal(5).scaleb(-shown - 1) if shown < places else ZERO


def _tax_rates(order: wc.Order) -> list[str] | None:
    """Return the accounts of the rates by which the order is taxed; None if it does not tell all of them."""
    unread: dict[Any, str] = {}
    rates = [line.rate_id for line in readable_lines(order.tax_lines, unread)]
    is_told = isinstance(order.tax_lines, list) and not unread and all(isinstance(rate, (int, str)) for rate in rates)
    return [f"{TAX}{rate}" for rate in rates] if is_told else None


def _earlier_postings(key: Any, name: str, amount: Any, tax: Any = None) -> Iterator[Posting]:
    """Yield an earlier amount, and by how much it may differ from the real one: the list rounds to two decimals."""
    yield Posting(key, name, abs(read_number(amount)), read_number(tax))
    yield Posting(key, ROUNDING, _rounding(amount, _LISTED_DECIMALS + 1))


def _earlier_item_postings(refund: wc.Refund) -> Iterator[Posting]:
    """Yield the postings of an earlier refund's items, by their size.

    Of an item that the server does not name, the pieces are those of its product and the money is of no line.
    """
    for item in refund.line_items or ():
        key = str(item.refunded_item_id) if item.refunded_item_id else None
        yield from _earlier_postings(key or UNNAMED, ITEM, item.total, item.total_tax)
        yield Posting(key or (PRODUCT, item.product_id), PIECES, abs(read_number(item.quantity)))


def _requested_item_postings(key: str, item: wc.RefundItem, pointer: str) -> Iterator[Posting]:
    """Yield the postings of a requested item: its money and its pieces. A negative fee has a negative refund."""
    taxes = item.refund_tax if isinstance(item.refund_tax, dict) else {}  # PHP writes none as an empty list
    if item.refund_total is not UNSET or taxes:
        amount = ZERO if item.refund_total is UNSET else Decimal(item.refund_total)
        tax = total([Decimal(each) for each in taxes.values()])
        total_pointer = "" if item.refund_total is UNSET else f"{pointer}/refund_total"
        tax_pointer = f"{pointer}/refund_tax" if taxes else ""
        yield Posting(key, ITEM, amount, tax, pointer=total_pointer, tax_pointer=tax_pointer, source=item)
    for rate, rate_tax in taxes.items():
        yield Posting(key, TAX + rate, Decimal(rate_tax), pointer=f"{tax_pointer}/{escape_token(rate)}")
    if item.qty is not UNSET:
        yield Posting(key, PIECES, abs(Decimal(item.qty)), pointer=f"{pointer}/qty")


def _stored_reason(refund: Refund) -> str:
    """Return a reason without what a shop may lose of it: backslashes and some spaces."""
    return " ".join((refund.reason or "").replace("\\", "").split())


def _amounts(refund: Refund, account: str) -> Iterator[Decimal]:
    return (posting.amount for posting in refund.postings if posting.account == account)


def _has_items(requested: Refund, recorded: Refund) -> bool:
    """True if every item of a recorded refund is one of the request: by its id, or else by its money and pieces."""
    items = [posting for posting in requested.postings if posting.account in (ITEM, PIECES) and posting.amount]
    for shown in recorded.postings:
        if shown.account in (ITEM, PIECES) and shown.amount:
            for item in items:
                is_item = shown.account == item.account and (shown.line == item.line or isinstance(shown.line, tuple))
                if is_item and equals_as_shown(item.amount, shown.amount):
                    items.remove(item)
                    break
            else:
                return False
    return True


def _readable_figures(name: str, order: wc.Order, unread: dict[Any, str]) -> Iterator[Any]:
    """Yield the order's lines whose figures are numbers; note the others in `unread`, so that caps report them."""
    for item in readable_lines(getattr(order, name), unread):
        figures = {"total": item.total, "quantity": item.quantity} if name == "line_items" else {"total": item.total}
        unreadable_figure = next((figure for figure, value in figures.items() if parse_number(value) is None), "")
        if unreadable_figure:
            unread[str(item.id)] = f"{unreadable_figure} {figures[unreadable_figure]!r} is no number"
        else:
            yield item


def _item_ids(order: wc.Order) -> set[str]:
    """Return the ids of the order's items, and ANY if some are unknown."""
    unread: dict[Any, str] = {}
    ids = {str(item.id) for name in ITEM_LISTS for item in _readable_figures(name, order, unread)}
    return ids | unread.keys()


def parse_number(value: object) -> Decimal | None:
    """Parse a number of an answer; None if it is no number."""
    if isinstance(value, str):
        return Decimal(value) if _DECIMAL.fullmatch(value) else None
    return Decimal(value) if isinstance(value, (Decimal, int)) else None


def read_number(value: Any) -> Decimal:
    """Parse a number of an answer; zero if it is no number."""
    return parse_number(value) or ZERO


MODEL = WooCommerceLegacyOrderModel()
