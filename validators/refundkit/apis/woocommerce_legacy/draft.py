"""Drafts of the legacy API's refunds, which does not always tell of which item an earlier refund was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from msgspec import UNSET
from refundkit_apis.woocommerce_legacy import models

from ...drafting import Limits, Wish
from ...ledger import ITEM, TAX, Account, Line
from ...money import total
from ...opened_order import OpenedOrder
from ..woocommerce.draft import ShopDraft, unit_of, untold_rates, write
from ..woocommerce.draft import limits as limits_of_shop
from ..woocommerce.ledger import ORDER, read_number


def create_refund(opened: OpenedOrder, wish: Wish) -> models.RefundCreateRequest:
    """Return the body that refunds what is wanted. Raises DraftError."""
    amount, items = ShopDraft(opened, wish, obstacle, limits).build()
    refunds = {
        item.key: models.RefundItem(
            qty=int(item.pieces) if item.pieces else UNSET,
            refund_total=write(item.amount),
            refund_tax={rate: write(tax) for rate, tax in item.taxes.items() if tax} or UNSET,
        )
        for item in items
    }
    refund = models.RefundCreate(amount=write(amount), reason=wish.reason or UNSET, line_items=refunds or UNSET)
    return models.RefundCreateRequest(order_refund=refund)


def obstacle(opened: OpenedOrder, line: Line) -> str:
    """Return why nothing of an item can be refunded by itself, "" if something can."""
    if line.key == ORDER:
        return ""
    if why := _untold_refunds(opened, line):
        return f"{why}: say an amount of the order"
    order = opened.order.order
    shipping = [str(each.id) for each in order.shipping_lines or ()]
    if line.key in shipping and len(shipping) > 1 and read_number(order.shipping_tax):
        return "the order does not tell the tax of each of its shipping lines"
    rates = [name for name in line.accounts if name.startswith(TAX)]
    if line.accounts[ITEM].tax_charged and len(rates) > 1:
        return "the order does not tell its tax by rate"
    return untold_rates(line)


def _untold_refunds(opened: OpenedOrder, line: Line) -> str:
    """Return what earlier refunds do not tell of an item, "" if all is known."""
    items = list(_earlier_items(opened))
    if items and unit_of(opened.ledger) < Decimal("0.01"):
        return "the amounts of earlier items are told with two decimals only"
    products = Counter(item.product_id for item in opened.order.order.line_items)
    product = _product_of(opened, line)
    if product is None:  # a shipping or a fee line
        untold = any(
            read_number(refund.amount) != total(_money(item) for item in refund.line_items or ())
            for refund in (opened.refunds.order_refunds if opened.refunds else ())
        )
        return "the server does not tell whether an earlier refund was of shipping or a fee" if untold else ""
    is_single = bool(product) and products[product] == 1
    is_untold = any(not item.refunded_item_id for item in items) and not is_single
    return "the server does not tell of which item an earlier refund was" if is_untold else ""


def limits(opened: OpenedOrder, line: Line, account: Account) -> Limits:
    """Return what of an account, and of its tax, may be refunded in all, less what came back of its product."""
    limit, tax_limit = limits_of_shop(opened, line, account)
    product = _product_of(opened, line) if account.name == ITEM else None
    items = [item for item in _earlier_items(opened) if not item.refunded_item_id and product == item.product_id]
    if not product or not items:
        return limit, tax_limit
    amount, tax = (total(abs(read_number(getattr(item, name))) for item in items) for name in ("total", "total_tax"))
    return max(limit - amount, account.before), max(tax_limit - tax, account.tax_before)


def _earlier_items(opened: OpenedOrder) -> Iterator[Any]:
    for refund in opened.refunds.order_refunds if opened.refunds else ():
        yield from refund.line_items or ()


def _money(item: Any) -> Decimal:
    return abs(read_number(item.total)) + abs(read_number(item.total_tax))


def _product_of(opened: OpenedOrder, line: Line) -> Any:
    """Return the product of a product line, 0 if it has none; None for shipping and fees."""
    products = {str(item.id): item.product_id or 0 for item in opened.order.order.line_items}
    return products.get(str(line.key))
