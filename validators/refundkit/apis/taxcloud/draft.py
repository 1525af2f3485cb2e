"""Drafts of TaxCloud's refunds: named quantities, never a refund without items."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from msgspec import UNSET
from refundkit_apis.taxcloud import models

from ...drafting import All, Wish, find_line, take_pieces
from ...errors import DraftError
from ...ledger import PIECES, Ledger, Line
from ...opened_order import OpenedOrder


def refund_order(opened: OpenedOrder, wish: Wish) -> models.RefundCreate:
    """Return the body that refunds the quantities that are wanted. Raises DraftError."""
    if wish.amount is not None or wish.shipping is not None:
        raise DraftError("TaxCloud computes the money from the items: say how many pieces of which")
    if why := obstacle(opened, None):
        raise DraftError(why)
    items = [
        models.RefundItem(item_id=item, quantity=quantity, cart_item_index=UNSET if index is None else index)
        for item, index, quantity in _quantities(opened.ledger, wish)
    ]
    if not items:
        raise DraftError("nothing is left of the order")
    return models.RefundCreate(items=items)


def obstacle(opened: OpenedOrder, line: Line | None) -> str:
    """Return why nothing of the order can be refunded, "" if something can."""
    return "" if opened.order.completed_date else "the order is not completed: there is nothing to refund yet"


def _quantities(ledger: Ledger, wish: Wish) -> Iterator[tuple[str, int | None, Decimal]]:
    if isinstance(wish.lines, All):
        for line in list(ledger.lines.values()):
            if line.parent is None and PIECES in line.accounts:
                yield from _all_of(ledger, line)
        return
    numbers = {line.number: key for key, line in ledger.lines.items() if PIECES in line.accounts}
    for name, share in wish.lines.items():
        line = find_line(ledger, numbers.get(name, name))
        parts = _parts_of(ledger, line)
        if parts and not isinstance(share, All):
            names = ", ".join(repr(part.number) for part in parts)
            raise DraftError(f"{name} is on several lines of the order: say which, {names}")
        if parts:
            yield from _all_of(ledger, line)
        else:
            yield (*_name(line.key), take_pieces(line.accounts[PIECES], share))


def _all_of(ledger: Ledger, item: Line) -> Iterator[tuple[str, int | None, Decimal]]:
    """Yield what is left of an item; of one on several lines, line by line, and no more than of all of them."""
    left = item.accounts[PIECES].left
    for line in _parts_of(ledger, item) or [item]:
        quantity = min(left, line.accounts[PIECES].left)
        if quantity > 0:
            left -= quantity
            yield (*_name(line.key), quantity)


def _parts_of(ledger: Ledger, item: Line) -> list[Line]:
    return [line for line in ledger.lines.values() if line.parent is not None and line.parent == item.key]


def _name(key: Any) -> tuple[str, int | None]:
    return key if isinstance(key, tuple) else (key, None)
