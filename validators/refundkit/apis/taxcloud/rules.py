"""The rules of TaxCloud: ambiguous and repeated items, refunds of the whole order, reused idempotency keys."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from ...errors import Finding, finding
from ...ledger import Ledger, Refund
from ...money import plain
from ...rule import rule
from .ledger import pieces_by_item, places_of_items

if TYPE_CHECKING:
    from refundkit_apis.taxcloud import models as tc

REFUND = ("taxcloud.refund_order",)


@rule("RF314", "order-not-completed", on=REFUND, source="published code")
def order_not_completed(body: tc.RefundCreate, order: tc.Order) -> Finding | None:
    """The order has no completedDate.

    It counts as a sale from that date on; before, there is no tax that could be given back, and the server refuses.

    Bad:
        order:/completedDate: null
    Good:
        {}
    """
    if order.completed_date:
        return None
    pointer = "order:" if order.completed_date is UNSET else "order:/completedDate"
    return finding(pointer, "the order is not completed", "complete it first, or delete it instead of refunding")


@rule("RF315", "ambiguous-item", on=REFUND, source="published code")
def ambiguous_item(body: tc.RefundCreate, order: tc.Order) -> Iterator[Finding]:
    """Nothing says which line of the order an item is of, or its index names a line of another item.

    An item may stand on several lines at different prices; the server refuses to guess, and an index that names another
    item's line names the wrong price.

    Bad:
        /items/0/cartItemIndex: null
    Good:
        /items/0/cartItemIndex: 2
    """
    items = places_of_items(order)
    item_at = {index: item for item, places in items.items() for index in places}
    for position, item in enumerate(body.items or ()):
        index, places = item.cart_item_index, list(items.get(item.item_id, ()))
        if index is UNSET and len(places) > 1:
            message = f"{item.item_id} is on several lines of the order, and no cartItemIndex says which"
            advice = f"add cartItemIndex, one of {_list_places(places)}"
            yield finding(f"/items/{position}/itemId", message, advice)
        elif index is not UNSET and item_at.get(index, item.item_id) != item.item_id:
            message = f"line {index} of the order is {item_at[index]}, not {item.item_id}"
            advice = f"{item.item_id} is line {_list_places(places)}" if places else ""
            yield finding(f"/items/{position}/cartItemIndex", message, advice)


def _list_places(places: list[int]) -> str:
    """Write an item's line indexes for a message, the first eight of them."""
    return ", ".join(str(place) for place in places[:8]) + (", …" if len(places) > 8 else "")


@rule("RF316", "duplicate-item", on=REFUND, source="published code")
def duplicate_item(body: tc.RefundCreate) -> Iterator[Finding]:
    """An item stands twice in one request.

    The server answers 400 and wants the quantities as one. The same item with another cartItemIndex is another line.

    Bad:
        /items/2: {itemId: OIL-LITRE, quantity: 0.5}
    Good:
        /items/2: {itemId: CHAIR-OAK, quantity: 1, cartItemIndex: 2}
    """
    previous_entries = set()
    for position, item in enumerate(body.items or ()):
        entry = (item.item_id, item.cart_item_index)
        if entry in previous_entries:
            message = f"{item.item_id} stands here for the second time"
            yield finding(f"/items/{position}/itemId", message, "make it one entry with the quantities added up")
        previous_entries.add(entry)


@rule("RF405", "full-refund-after-partial", severity="warning", on=REFUND, strict_to_send=True, source="published code")
def full_refund_after_partial(body: tc.RefundCreate, ledger: Ledger, refunds: list[Refund]) -> Finding | None:
    """A refund of the whole order, parts of which were refunded before.

    Nothing says whether the server then refunds what is left, everything once more, or nothing. Name the items that are
    left instead. A full refund that is sent again under its idempotency key is fine.

    Bad:
        /items: null
    Good:
        {}
    """
    if body.items:
        return None
    accounts = (line.accounts.values() for line in ledger.lines.values() if isinstance(line.key, str))
    refunded_before = {
        account.number: account.before for line_accounts in accounts for account in line_accounts if account.before
    }
    if not refunded_before:
        return None
    pointer = "" if body.items is UNSET else "/items"
    message = f"the whole order is refunded, and {_list_pieces(refunded_before)} came back before"
    return finding(pointer, message, "name the items that are left")


@rule("RF406", "idempotency-key-reused", on=REFUND, source="published code")
def idempotency_key_reused(body: tc.RefundCreate, refund: Refund, refunds: list[Refund]) -> Finding | None:
    """An earlier refund bears this idempotency key, and other items.

    The key says that this is the refund of then, sent again: the server answers as it did, and refunds nothing more.
    What it makes of other items under the key is written nowhere. Quantities are compared, item by item.

    Bad:
        /idempotencyKey: rma-5490
    Good:
        /idempotencyKey: rma-5490
        /items: [{itemId: CHAIR-OAK, quantity: 1.0, cartItemIndex: 0}]
    """
    if not body.items or not body.idempotency_key:
        return None
    requested_pieces = pieces_by_item(refund)
    for earlier in refunds:
        if earlier.idempotency_key == body.idempotency_key and pieces_by_item(earlier) != requested_pieces:
            earlier_pieces = _list_pieces(pieces_by_item(earlier)) or "nothing"
            message = f"an earlier refund of {earlier_pieces} bears the key {body.idempotency_key!r}"
            return finding("/idempotencyKey", message, "give every refund a key of its own")
    return None


def _list_pieces(pieces: dict[Any, Decimal]) -> str:
    """Write the quantity of each item for a message."""
    return ", ".join(f"{plain(quantity)} of {item}" for item, quantity in pieces.items())


@rule("RF601", "implicit-full-refund", severity="warning", on=REFUND, strict_to_send=True, source="taxcloud-refund")
def implicit_full_refund(body: tc.RefundCreate) -> Finding | None:
    """No items are named, so the whole order is refunded.

    The page says so of an empty list too. It is an easy thing to send by mistake: a filter that found nothing refunds
    everything.

    Bad:
        /items: []
    Good:
        {}
    """
    if body.items:
        return None
    pointer = "" if body.items is UNSET else "/items"
    return finding(pointer, "no items: the whole order is refunded", "name every item if that is meant")


@rule("RF602", "amended-tax-return", severity="warning", on=REFUND, source="taxcloud-refund")
def amended_tax_return(body: tc.RefundCreate) -> Finding | None:
    """`returnedDate` amends a sales tax return that was filed already.

    The page advises against it. Null is the same as leaving it out.

    Bad:
        /returnedDate: "2026-03-09T08:15:40Z"
    Good:
        {}
    """
    if body.returned_date is UNSET or body.returned_date is None:
        return None
    return finding("/returnedDate", "a filed sales tax return will be amended", "leave it out unless that is meant")
