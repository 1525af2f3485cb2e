"""The order model of WooCommerce's legacy API: a refund is an amount of the order; its items move no money."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

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
    Posting,
    Refund,
    readable_lines,
)
from ...money import ZERO, decimals, equals_as_shown
from ..woocommerce.ledger import (
    ITEM_LISTS,
    ORDER,
    Payment,
    ShopOrderModel,
    order_mismatches,
    parse_number,
    read_number,
    readable_items,
)

if TYPE_CHECKING:
    from refundkit_apis.woocommerce_legacy import models as wc

    from ...operations import Operation

AMOUNT = "/order_refund/amount"
ITEMS = "/order_refund/line_items"
# The beginning of the key of a line that is found by its product.
PRODUCT = "product"
# The line of an item that the server does not name.
UNNAMED: Any = ("unnamed",)
# The list of refunds rounds to so many decimals, whatever the shop has.
_LISTED_DECIMALS = 2


class WooCommerceLegacyOrderModel(ShopOrderModel):
    """Reads orders, refunds and their items as the legacy API tells them."""

    traits: Mapping[str, frozenset[str]] = {
        "create_refund": frozenset({"refunds", "lines", "order_total", "items"}),
        "update_refund": frozenset({"order_total"}),
    }
    path_ids: Mapping[str, tuple[str, ...]] = {"id": ("order", "id")}
    shares_orders_with = "woocommerce"
    amount_pointer, items_pointer = AMOUNT, ITEMS

    def open_order(self, order: wc.OrderResponse) -> Ledger:
        shop_order = order.order
        currency = shop_order.currency if isinstance(shop_order.currency, str) else ""
        rates = _tax_rates(shop_order)
        lines: dict[Any, Line] = {ORDER: _open_line(ORDER, TOTAL, shop_order.total, currency)}
        unread: dict[Any, str] = {}
        for name in ITEM_LISTS:
            items = list(readable_items(name, shop_order, unread))
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
        if body is not None and operation.name.endswith(".update_refund"):
            return self._read_update(body.order_refund, (path or {}).get("refund_id", "").lstrip("0"))
        return super().read_request(operation, None if body is None else body.order_refund, path)

    def _read_update(self, refund: wc.RefundUpdate, refund_id: str) -> Refund:
        """Read an update: its amount replaces that of the refund; the server ignores an amount of zero."""
        postings: list[Posting] = []
        amounts: list[Amount] = []
        if refund.amount is not UNSET:
            value = Decimal(refund.amount)
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
            yield from order_mismatches((path or {}).get("id"), order.order, "order_number", "order:/order")
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


def _item_ids(order: wc.Order) -> set[str]:
    """Return the ids of the order's items, and ANY if some are unknown."""
    unread: dict[Any, str] = {}
    ids = {str(item.id) for name in ITEM_LISTS for item in readable_items(name, order, unread)}
    return ids | unread.keys()


MODEL = WooCommerceLegacyOrderModel()
