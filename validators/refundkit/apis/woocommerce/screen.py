"""Which refunds of wc/v3 the proof takes as fine: an amount that its items add up to, of a paid order."""

from __future__ import annotations

from typing import Any

from ...request import Request
from ...rule import ORDER as ORDER_GIVEN
from ...rule import REFUNDED_ITEMS, REFUNDS
from ...screen import ABSENT, UNIT, Context, Place, Row, Screen, Tables, read_digests

CENTS = (0, 2)
# Amounts as an order shows them: with the decimals of its currency, or more.
SHOWN = (2, 4)
ID: Any = {"decimals": (0, 0), "lowest": 0, "as_text": True}
BODY = {
    "": Place(row="refund", needs=["amount"]),
    "amount": Place(column="refund.amount", decimals=CENTS, lowest=1),
    "compute_totals": ABSENT,
    "line_items": Place(branch=0),
    "line_items[]": Place(row="items"),
    "line_items[].id": Place(column="items.id", **ID),
    "line_items[].refund_total": Place(column="items.total", decimals=CENTS, lowest=0),
    "line_items[].quantity": Place(column="items.pieces", decimals=(0, 0)),
    "line_items[].refund_tax": Place(branch=0),
    "line_items[].refund_tax[]": Place(row="taxes"),
    "line_items[].refund_tax[].id": Place(column="taxes.rate", **ID),
    "line_items[].refund_tax[].refund_total": Place(column="taxes.amount", decimals=CENTS, lowest=0),
}


def _item_places(name: str) -> dict[str, Place]:
    """Return the places of one of the lists of an order's items."""
    places = {
        f"{name}[]": Place(row=name, needs=["taxes"]),
        f"{name}[].id": Place(column=f"{name}.id", **ID),
        f"{name}[].total": Place(column=f"{name}.total", decimals=(0, 4), lowest=0),
        f"{name}[].total_tax": Place(column=f"{name}.tax", decimals=(0, 4), lowest=0),
        f"{name}[].taxes[]": Place(row=f"taxes of {name}"),
        f"{name}[].taxes[].id": Place(column=f"taxes of {name}.rate", **ID),
        f"{name}[].taxes[].total": Place(column=f"taxes of {name}.total", decimals=(0, 4), lowest=0),
    }
    pieces = {f"{name}[].quantity": Place(column=f"{name}.pieces", decimals=(0, 4), lowest=0)}
    return places | pieces if name == "line_items" else places


def _earlier_places(name: str) -> dict[str, Place]:
    """Return the places of one of the lists of an earlier refund's items, all of them rows of one table."""
    texts = {"type": "string"}
    return {
        f"[].{name}[]": Place(row="earlier"),
        f"[].{name}[].total": Place(column="earlier.total", decimals=(0, 4)),
        f"[].{name}[].total_tax": Place(column="earlier.tax", decimals=(0, 4)),
        f"[].{name}[].quantity": Place(column="earlier.pieces", decimals=(0, 4)),
        f"[].{name}[].meta_data[]": Place(row="notes"),
        f"[].{name}[].meta_data[].key": Place(column="notes.key"),
        f"[].{name}[].meta_data[].value": Place(column="notes.value", schema=texts),
    }


_LINK = {"type": "object", "properties": {"href": {"type": "string"}}}
ORDER = {
    "": Place(row="order", needs=["total", "refunds", "line_items", "date_paid"]),
    "id": Place(column="order.id", **ID),
    "total": Place(column="order.total", decimals=SHOWN, lowest=0),
    "date_paid": Place(column="order.paid"),
    "status": Place(refused=["trash"]),
    **_item_places("line_items"),
    **_item_places("shipping_lines"),
    **_item_places("fee_lines"),
    "refunds[]": Place(row="refunds"),
    "refunds[].id": Place(column="refunds.id", **ID),
    "refunds[].total": Place(column="refunds.total", decimals=(0, 4)),
}
REFUND_LIST = {
    "[]": Place(row="refunds"),
    "[].id": Place(column="refunds.id", **ID),
    "[].parent_id": Place(column="refunds.order", **ID),
    "[].amount": Place(column="refunds.amount", decimals=(0, 4)),
    **_earlier_places("line_items"),
    **_earlier_places("shipping_lines"),
    **_earlier_places("fee_lines"),
    "[]._links": Place(schema={"type": "object", "properties": {"up": {"type": "array", "items": _LINK}}}),
    "[]._links.up[]": Place(row="links", needs=["href"]),
    "[]._links.up[].href": Place(column="links.href"),
}


class Left:
    """What is left of an order: of its total, and of each item its money, tax and pieces, in units of 0.0001."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.items: dict[str, list[Any]] = {}
        self.rates: dict[tuple[str, str], int] = {}

    def add_items(self, rows: list[Row]) -> bool:
        """Add items of an order; return whether none of them is there already, or without a number of pieces."""
        for _, key, total, tax, *pieces in rows:
            if key in self.items or None in pieces:
                return False
            self.items[key] = [total, tax or 0, *pieces]
        return True

    def take(self, bodies: list[Tables]) -> None:
        """Take off what earlier refunds of this order gave back."""
        for (refund,), items, taxes in bodies:
            self.total -= refund[1]
            for _, key, total, pieces in items:
                line = self.items.setdefault(key, [0, 0])
                line[0] -= total or 0
                if len(line) > 2:
                    line[2] -= pieces or 0
            for item, _, tax in taxes:
                self.items[items[item][1]][1] -= tax or 0

    def fits(self, amount: int, items: list[Row], taxes: list[Row]) -> bool:
        """Return whether a refund takes no more than is left, and the tax with the last of an item's money."""
        if amount > self.total:
            return False
        tax_of = [0] * len(items)
        rates = dict(self.rates)
        for item, rate, tax in taxes:
            account = (items[item][1], rate)
            rates[account] = rates.get(account, 0) - (tax or 0)
            tax_of[item] += tax or 0
            if rates[account] < 0:
                return False
        for (_, key, total, pieces), tax in zip(items, tax_of, strict=True):
            left = self.items.get(key)
            if (
                left is None
                or (total is not None and total > left[0])
                or (total and total == left[0] and tax < left[1])
            ):
                return False
            if pieces is not None and len(left) > 2 and (pieces > left[2] or pieces % UNIT):
                return False
        return True


def fits(request: Request, body: Tables) -> bool:
    """Return whether no item stands twice, and the items add up to the amount."""
    (refund,), items, taxes = body
    total = sum([item[2] or 0 for item in items]) + sum([tax[2] or 0 for tax in taxes])
    return not items or (total == refund[1] and len({item[1] for item in items}) == len(items))


def fits_order(request: Request, body: Tables, context: Context) -> int:
    """Compare a refund with its order, and with the earlier refunds that the order and the list tell."""
    order, refunds = context.order, context.refunds
    shop_order, told = order[0][0], [] if context.history.ignores_told else order[-1]
    if shop_order[3] is None or not is_of_order(request, shop_order[1]):
        return 0
    left = Left(shop_order[2])
    for rows, taxes in zip(order[1:-1:2], order[2:-1:2], strict=True):
        if not left.add_items(rows):
            return 0
        for item, rate, total in taxes:
            if (rows[item][1], rate) in left.rates:
                return 0
            left.rates[rows[item][1], rate] = total or 0
    parts = ORDER_GIVEN | REFUNDS
    if refunds is None:
        left.total -= sum([abs(refund[2]) for refund in told])
        parts |= 0 if told else REFUNDED_ITEMS
    elif not _take_refunds(left, shop_order[1], told, refunds):
        return 0
    else:
        parts |= REFUNDED_ITEMS
    left.take(context.before)
    return parts if left.fits(body[0][0][1], body[1], body[2]) else 0


def is_of_order(request: Request, order_id: str) -> bool:
    """Return whether the path names this order, or none."""
    return request.path is None or request.path.get("id", "").lstrip("0") == order_id


def _take_refunds(left: Left, order_id: str, told: list[Row], refunds: Tables) -> bool:
    """Take off what a list of earlier refunds tells; return whether it is the list that this order tells of."""
    listed, earlier, notes, links = refunds
    ids = {refund[1] for refund in listed}
    if len(ids) < len(listed) or (told and ids != {refund[1] for refund in told}) or len(told) > len(ids):
        return False
    if any(refund[2] not in (None, order_id) for refund in listed):
        return False
    if any(link[1] is None or link[1].rstrip("/").rpartition("/")[2] != order_id for link in links):
        return False
    left.total -= sum([abs(refund[3]) for refund in listed])
    keys: dict[int, str] = {}
    for item, key, value in notes:
        if key == "_refunded_item_id":
            keys.setdefault(item, value)
    for index, (_, total, tax, pieces) in enumerate(earlier):
        line = left.items.get(keys.get(index, ""))
        if line is not None:
            line[0] -= abs(total or 0)
            line[1] -= abs(tax or 0)
            if len(line) > 2:
                line[2] -= abs(pieces or 0)
    return True


_RULES = read_digests("""
    RF005:8db1b9d0 RF204:e4b8d94d RF206:195b3302 RF209:af8df97e RF212:b461465d RF213:7a46dfee RF214:b1afbc31
    RF218:24ef60a0 RF219:ab337ed9 RF301:49edaa68 RF320:72400eb5 RF324:004ac1fc RF325:8bc7ba6c RF404:7d88b92e
    RF502:f6de79dd RF504:71dafa36 RF505:dff56fd1 RF506:b120fd17 RF508:856a577b RF512:87ac6fc8
""")
SCREENS = {
    "create_refund": Screen(
        rules=_RULES, body=BODY, fits=fits, order=ORDER, refunds=REFUND_LIST, fits_order=fits_order, varying_headers=()
    )
}
