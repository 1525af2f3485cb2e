"""Which refunds of the legacy API the proof takes as fine: an amount that keyed items add up to, of a paid order."""

from __future__ import annotations

from collections import Counter

from ...money import decimals
from ...request import Request
from ...rule import ORDER as ORDER_GIVEN
from ...rule import REFUNDED_ITEMS, REFUNDS
from ...screen import ABSENT, Context, Place, Row, Screen, Tables, read_digests
from ..woocommerce.screen import CENTS, ID, SHOWN, Left, is_of_order
from ..woocommerce.screen import fits as items_fit

_ITEMS = "order_refund.line_items"
BODY = {
    "order_refund": Place(row="refund"),
    "order_refund.amount": Place(column="refund.amount", decimals=CENTS, lowest=1),
    "order_refund.refund_payment": ABSENT,
    "order_refund.date_created": ABSENT,
    _ITEMS: Place(branch=0, row="items", column="items.id"),
    f"{_ITEMS}{{}}.refund_total": Place(column="items.total", decimals=CENTS, lowest=0),
    f"{_ITEMS}{{}}.qty": Place(column="items.pieces", decimals=(0, 4)),
    f"{_ITEMS}{{}}.refund_tax": Place(branch=0, row="taxes", column="taxes.rate"),
    f"{_ITEMS}{{}}.refund_tax{{}}": Place(column="taxes.amount", decimals=CENTS, lowest=0),
}


def _item_places(name: str) -> dict[str, Place]:
    """Return the places of one of the lists of an order's items."""
    return {
        f"order.{name}[]": Place(row=name),
        f"order.{name}[].id": Place(column=f"{name}.id", **ID),
        f"order.{name}[].total": Place(column=f"{name}.total", decimals=SHOWN, lowest=0),
    }


ORDER = {
    "order": Place(row="order", needs=["currency", "payment_details"]),
    "order.id": Place(column="order.id", **ID),
    "order.total": Place(column="order.total", decimals=SHOWN, lowest=0),
    "order.shipping_tax": Place(column="order.shipping_tax", decimals=(0, 4), lowest=0),
    "order.currency": Place(column="order.currency"),
    "order.status": Place(refused=["trash"]),
    "order.payment_details.paid": Place(column="order.paid"),
    **_item_places("shipping_lines"),
    **_item_places("fee_lines"),
    "order.fee_lines[].total_tax": Place(column="fee_lines.tax", decimals=(0, 4), lowest=0),
    **_item_places("line_items"),
    "order.line_items[].total_tax": Place(column="line_items.tax", decimals=(0, 4), lowest=0),
    "order.line_items[].quantity": Place(column="line_items.pieces", decimals=(0, 4), lowest=0),
    "order.line_items[].product_id": Place(column="line_items.product", **ID),
    "order.tax_lines[]": Place(row="rates"),
    "order.tax_lines[].rate_id": Place(column="rates.id", **ID),
}
REFUND_LIST = {
    "order_refunds[]": Place(row="refunds"),
    "order_refunds[].amount": Place(column="refunds.amount", decimals=(0, 4)),
    "order_refunds[].line_items[]": Place(row="earlier"),
    "order_refunds[].line_items[].refunded_item_id": Place(column="earlier.item", **ID),
    "order_refunds[].line_items[].product_id": Place(column="earlier.product", **ID),
    "order_refunds[].line_items[].total": Place(column="earlier.total", decimals=(0, 4)),
    "order_refunds[].line_items[].total_tax": Place(column="earlier.tax", decimals=(0, 4), lowest=0),
    "order_refunds[].line_items[].quantity": Place(column="earlier.pieces", decimals=(0, 4)),
}


def fits_order(request: Request, body: Tables, context: Context) -> int:
    """Compare a refund with its order, and with the earlier refunds that the list tells."""
    (shop_order,), shipping, fees, products, rates = context.order
    _, order_id, total, shipping_tax, currency, paid = shop_order
    is_paid = paid and is_of_order(request, order_id) and decimals(currency) == 2
    if not is_paid or any(rate[1] is None for rate in rates):
        return 0
    left = Left(total)
    shipped = [[*row, shipping_tax if len(shipping) == 1 else 0] for row in shipping]
    if not left.add_items(shipped) or not left.add_items(fees) or not left.add_items([row[:5] for row in products]):
        return 0
    taxes = {row[1]: shipping_tax for row in shipping} | {row[1]: row[3] for row in (*fees, *products)}
    left.rates = {(key, rate[1]): tax or 0 for key, tax in taxes.items() for rate in rates}
    if context.refunds is not None and not _take_refunds(left, products, context.refunds):
        return 0
    left.take(context.before)
    if not left.fits(body[0][0][1], body[1], body[2]):
        return 0
    return ORDER_GIVEN if context.refunds is None else ORDER_GIVEN | REFUNDS | REFUNDED_ITEMS


def _take_refunds(left: Left, products: list[Row], refunds: Tables) -> bool:
    """Take off what a list of earlier refunds tells; return whether its items are the order's.

    Of an item that the server does not name only the pieces count, as those of its product if that stands there once.
    """
    listed, earlier = refunds
    left.total -= sum([abs(refund[1]) for refund in listed])
    counts = Counter(row[5] for row in products)
    by_product = {row[5]: row[1] for row in products if counts[row[5]] == 1 and row[5] not in (None, "0")}
    for _, item, product, total, tax, pieces in earlier:
        is_named = item not in (None, "0")
        line = left.items.get(item if is_named else by_product.get(product, ""))
        if line is None:
            if is_named:
                return False
            continue
        if is_named:
            line[0] -= abs(total or 0)
            line[1] -= abs(tax or 0)
        if len(line) > 2:
            line[2] -= abs(pieces or 0)
    return True


_RULES = read_digests("""
    RF005:73e38e2f RF204:e4b8d94d RF206:195b3302 RF209:af8df97e RF212:b461465d RF213:7a46dfee RF214:b1afbc31
    RF216:24d836a8 RF218:24ef60a0 RF221:919c9a57 RF301:49edaa68 RF307:f218e840 RF320:72400eb5 RF404:7d88b92e
    RF502:f6de79dd RF504:71dafa36 RF505:dff56fd1 RF506:b120fd17 RF507:83b8b630 RF508:856a577b RF512:87ac6fc8
""")
SCREENS = {
    "create_refund": Screen(
        rules=_RULES,
        body=BODY,
        fits=items_fit,
        order=ORDER,
        refunds=REFUND_LIST,
        fits_order=fits_order,
        varying_headers=(),
    )
}
