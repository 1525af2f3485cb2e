"""Which of TaxCloud's refunds the proof takes as fine: named items of a completed order that tells its refunds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...request import Request
from ...rule import ORDER as ORDER_GIVEN
from ...rule import REFUNDED_ITEMS, REFUNDS
from ...screen import ABSENT, UNIT, Context, Place, Screen, Tables, read_digests

_PIECES = (0, 4)
BODY = {
    "": Place(row="refund", needs=["items"]),
    "idempotencyKey": Place(column="refund.key"),
    "returnedDate": ABSENT,
    "items": Place(minimum=1),
    "items[]": Place(row="items"),
    "items[].itemId": Place(column="items.id"),
    "items[].quantity": Place(column="items.pieces", decimals=_PIECES),
    "items[].cartItemIndex": Place(column="items.index", decimals=(0, 0)),
}
ORDER = {
    "": Place(row="order"),
    "orderId": Place(column="order.id"),
    "connectionId": Place(column="order.connection"),
    "completedDate": Place(column="order.completed", minimum=1),
    "lineItems[]": Place(row="lines"),
    "lineItems[].index": Place(column="lines.index", decimals=(0, 0)),
    "lineItems[].itemId": Place(column="lines.item"),
    "lineItems[].quantity": Place(column="lines.pieces", decimals=_PIECES, lowest=0),
    "refunds": Place(column="order.tells"),
    "refunds[]": Place(row="refunds"),
    "refunds[].idempotencyKey": Place(column="refunds.key"),
    "refunds[].items[]": Place(row="earlier"),
    "refunds[].items[].index": Place(column="earlier.index", decimals=(0, 0)),
    "refunds[].items[].itemId": Place(column="earlier.item"),
    "refunds[].items[].quantity": Place(column="earlier.pieces", decimals=_PIECES),
}


def fits(request: Request, body: Tables) -> bool:
    """Return whether no item stands twice."""
    items = body[1]
    return len({(item, index) for _, item, _, index in items}) == len(items)


def fits_order(request: Request, body: Tables, context: Context) -> int:
    """Compare the pieces of each item, and of each of its lines, with what is left."""
    if context.refunds is not None:
        return 0
    (shop_order,), lines, earlier_refunds, earlier = context.order
    path, key = request.path or {}, body[0][0][1]
    is_of_order = path.get("orderId") in (None, shop_order[1]) and _is_connection(path, shop_order[2])
    told = [] if context.history.ignores_told else earlier
    keys = {refund[1] for refund in earlier_refunds} | {older[0][0][1] for older in context.before}
    is_replay = key is not None and key in keys
    tells = shop_order[4] or context.history.ignores_told
    if not is_of_order or shop_order[3] is None or is_replay or not tells:
        return 0
    left: dict[Any, int] = {}
    item_at: dict[int, str] = {}
    for position, (_, number, item, pieces) in enumerate(lines):
        index = position * UNIT if number is None else number
        left[item] = left.get(item, 0) + pieces
        left[item, index] = pieces
        item_at[index] = item
    if len(item_at) < len(lines):
        return 0
    told += [[0, index, item, pieces] for older in context.before for _, item, pieces, index in older[1]]
    for _, index, item, pieces in told:
        for account in (item, (item, index)):
            left[account] = left.get(account, 0) - abs(pieces)
    items = list(item_at.values())
    for _, item, pieces, index in body[1]:
        if item not in left or (items.count(item) > 1 if index is None else item_at.get(index) != item):
            return 0
        for account in (item,) if index is None else (item, (item, index)):
            left[account] -= pieces
            if left[account] < 0:
                return 0
    return ORDER_GIVEN | REFUNDS | REFUNDED_ITEMS


def _is_connection(path: Mapping[str, str], connection: str | None) -> bool:
    """Return whether the path names the order's connection, or one of the two names none."""
    requested = path.get("connectionId")
    return requested is None or connection is None or requested.lower() == connection.lower()


_RULES = read_digests("""
    RF005:2a2a6622 RF301:49edaa68 RF314:bfcd5127 RF315:b7de1098 RF316:3084a25f RF401:1ffad1c4 RF405:e834e54f
    RF406:e3f81d5e RF502:f6de79dd RF504:71dafa36 RF505:dff56fd1 RF506:b120fd17 RF508:856a577b RF512:87ac6fc8
    RF601:52e0ba0b RF602:a086a956
""")
SCREENS = {
    "refund_order": Screen(rules=_RULES, body=BODY, fits=fits, order=ORDER, fits_order=fits_order, varying_headers=())
}
