"""TaxCloud: a refund says how many of which item; it takes price and tax from the order, and no money is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from ..ledger import Ledger, Line
from ..money import EXACT, ZERO, plain
from ..operations import Operation
from ..rule import Finding, finding, rule
from . import View

if TYPE_CHECKING:
    from refundkit_apis.taxcloud import structs as tc

    from ..check import Given

Quantities: TypeAlias = dict[str, Decimal]

REFUND = ("taxcloud.refund_order",)
ORDER_FIELDS = frozenset(
    {
        *("orderId", "connectionId", "completedDate", "lineItems", "index", "itemId", "quantity"),
        *("refunds", "items", "idempotencyKey"),
    }
)


class Item(msgspec.Struct, frozen=True, gc=False):
    """One item of a refund; `first` is the index of the first entry with its id and its cartItemIndex."""

    position: int
    first: int
    item: tc.RefundItem

    def pointer(self, where: str = "") -> str:
        return f"/items/{self.position}{where}"

    @property
    def index(self) -> int | UnsetType:
        """The index of the order line that it is of, where the request says so."""
        return self.item.cart_item_index


class Sold(msgspec.Struct, frozen=True, gc=False):
    """The lines of an order: item and quantity by index, and by item its indices and how many were ordered in all."""

    lines: dict[int, tuple[str, Decimal]]
    places: dict[str, list[int]]
    ordered: Quantities


def view(operation: Operation, body: tc.RefundCreate) -> View:
    """The items of a request."""
    first: dict[tuple[str, object], int] = {}
    return View(
        items=[
            Item(position, first.setdefault((item.item_id, item.cart_item_index), position), item)
            for position, item in enumerate([] if body.items is UNSET else body.items)
        ]
    )


def refunds_type() -> Any:
    """Earlier refunds are given as a list of what the API answered to each."""
    from refundkit_apis.taxcloud.structs import Refund

    return list[Refund]


def earlier(order: tc.Order | None, refunds: list[tc.Refund] | None) -> list[tc.Refund] | None:
    """The earlier refunds if they were given, else those of an order that was read with them."""
    if refunds is not None or order is None:
        return refunds
    return None if order.refunds is UNSET or order.refunds is None else order.refunds


def strangers(
    operation: Operation,
    given: Given,
    body: tc.RefundCreate | None,
    order: tc.Order | None,
    refunds: list[tc.Refund] | None,
) -> Iterator[Finding]:
    """RF005: the order, or an earlier refund, is of another order or connection than the request.

    A refund names its connection and not its order; one that holds no item of the order is of another.
    """
    path = given.path or {}
    order_id, connection = path.get("orderId"), path.get("connectionId")
    if order is not None:
        if order_id is not None and order.order_id != order_id:
            message = f"the refund is of order {order_id}, the context is order {order.order_id}"
            yield finding("order:/orderId", message, "give the order that is refunded")
        if _other(order.connection_id, connection):
            message = f"the refund is of connection {connection}, the order of {order.connection_id}"
            yield finding("order:/connectionId", message, "give the order that is refunded")
    sold = set() if order is None else {line.item_id for line in order.line_items}
    for index, refund in enumerate(refunds or []):
        if _other(refund.connection_id, connection):
            message = f"this earlier refund is of connection {refund.connection_id}, not of {connection}"
            yield finding(f"refunds:/{index}/connectionId", message)
        if order is not None and refund.items and sold.isdisjoint(item.item_id for item in refund.items):
            yield finding(f"refunds:/{index}/items", f"order {order.order_id} has no item of this earlier refund")


def _other(own: str | UnsetType, asked: str | None) -> bool:
    """Whether two ids of connections, both known, differ; they are GUIDs, and those have no case."""
    return own is not UNSET and asked is not None and own.lower() != asked.lower()


def ledger(
    operation: Operation,
    body: tc.RefundCreate,
    view: View,
    order: tc.Order,
    refunds: list[tc.Refund] | None,
    path: Mapping[str, str] | None,
) -> Ledger:
    """The items that the request names: each as a whole and, where several lines of the order hold it, by line.

    An item that is beyond one of its lines is not counted as a whole besides.
    """
    sold = _sold(order)
    unknown: dict[tuple[str, object], Line] = {}
    wholes: dict[str, Line] = {}
    parts: dict[tuple[str, object], Line] = {}
    for item in view.items:
        own, index = item.item.item_id, item.index
        if own not in sold.places:
            unknown.setdefault((own, None), Line(number=own, named=item, where="/itemId", known=False))
        elif index is not UNSET and index not in sold.lines:
            number = f"{own} at index {index}"
            unknown.setdefault((own, index), Line(number=number, named=item, where="/cartItemIndex", known=False))
        else:
            _count(wholes.setdefault(own, _line(item, own, sold.ordered[own])), item)
            if len(sold.places[own]) > 1 and index is not UNSET and sold.lines[index][0] == own:
                part = _line(item, f"{own} at index {index}", sold.lines[index][1])
                _count(parts.setdefault((own, index), part), item)
    for refund in _once(refunds or [], body.idempotency_key):
        for past in refund.items:
            for line in (wholes.get(past.item_id), parts.get((past.item_id, past.index))):
                if line is not None:
                    line.refunded_before = EXACT.add(line.refunded_before, past.quantity)
    beyond = {own for (own, _), part in parts.items() if part.exceeded}
    kept = [whole for own, whole in wholes.items() if own not in beyond]
    return Ledger(lines=[*unknown.values(), *parts.values(), *kept])


def _line(item: Item, number: str, ordered: Decimal) -> Line:
    return Line(number=number, named=item, where="/itemId", known=True, quantity_where="/quantity", ordered=ordered)


def _count(line: Line, item: Item) -> None:
    line.refunded_now = EXACT.add(line.refunded_now, item.item.quantity)


def _sold(order: tc.Order) -> Sold:
    """An order's lines by index; one that does not tell it is taken to stand where it stands."""
    lines: dict[int, tuple[str, Decimal]] = {}
    places: dict[str, list[int]] = {}
    for position, line in enumerate(order.line_items):
        index = position if line.index is UNSET else line.index
        # An index that stands twice says nothing: the line still counts, under a number of its own.
        if index in lines:
            index = -1 - position
        lines[index] = (line.item_id, Decimal(line.quantity))
        places.setdefault(line.item_id, []).append(index)
    return Sold(lines, places, _quantities(order.line_items))


def _once(refunds: list[tc.Refund], key: str | UnsetType = UNSET) -> Iterator[tc.Refund]:
    """The earlier refunds, each idempotency key once, and without the one that a request with `key` only repeats."""
    seen = {key} if key else set()
    for refund in refunds:
        if not refund.idempotency_key:
            yield refund
        elif refund.idempotency_key not in seen:
            seen.add(refund.idempotency_key)
            yield refund


def _quantities(items: Iterable[tc.RefundItem | tc.RefundedItem | tc.OrderLine]) -> Quantities:
    """How many of each item, entries of one item together."""
    found: Quantities = {}
    for item in items:
        found[item.item_id] = EXACT.add(found.get(item.item_id, ZERO), item.quantity)
    return found


def _some(quantities: Quantities) -> Quantities:
    """The items of which there is any."""
    return {item: quantity for item, quantity in quantities.items() if quantity}


@rule("RF314", "order-not-completed", on=REFUND, source="facts")
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
    where = "" if order.completed_date is UNSET else "/completedDate"
    return finding(
        f"order:{where}", "the order is not completed", "complete it first, or delete it instead of refunding"
    )


@rule("RF315", "ambiguous-item", on=REFUND, source="facts")
def ambiguous_item(items: list[Item], order: tc.Order) -> Iterator[Finding]:
    """Nothing says which line of the order an item is of, or its index names a line of another item.

    An item may stand on several lines at different prices; the server refuses to guess, and an index that names another
    item's line names the wrong price.

    Bad:
        /items/0/cartItemIndex: null
    Good:
        /items/0/cartItemIndex: 2
    """
    sold = _sold(order)
    for item in items:
        own, index = item.item.item_id, item.index
        places = sold.places.get(own, [])
        if index is UNSET and len(places) > 1:
            message = f"{own} is on several lines of the order, and no cartItemIndex says which"
            yield finding(item.pointer("/itemId"), message, f"add cartItemIndex, one of {_listed(places)}")
        elif index is not UNSET and index in sold.lines and sold.lines[index][0] != own:
            message = f"line {index} of the order is {sold.lines[index][0]}, not {own}"
            yield finding(item.pointer("/cartItemIndex"), message, f"{own} is line {_listed(places)}" if places else "")


def _listed(places: list[int]) -> str:
    """The first few of an item's lines, for a message."""
    return ", ".join(str(place) for place in places[:8]) + (", …" if len(places) > 8 else "")


@rule("RF316", "duplicate-item", on=REFUND, source="facts")
def duplicate_item(item: Item) -> Finding | None:
    """An item stands twice in one request.

    The server answers 400 and wants the quantities as one. The same item with another cartItemIndex is another line.

    Bad:
        /items/2: {itemId: OIL-LITRE, quantity: 0.5}
    Good:
        /items/2: {itemId: CHAIR-OAK, quantity: 1, cartItemIndex: 2}
    """
    if item.first == item.position:
        return None
    message = f"{item.item.item_id} stands here for the second time"
    return finding(item.pointer("/itemId"), message, "make it one entry with the quantities added up")


@rule("RF405", "full-refund-after-partial", severity="warning", on=REFUND, source="facts")
def full_refund_after_partial(body: tc.RefundCreate, order: tc.Order, refunds: list[tc.Refund]) -> Finding | None:
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
    key = body.idempotency_key
    same = [refund for refund in _once(refunds) if key and refund.idempotency_key == key]
    before = _some(_quantities(item for refund in _once(refunds, key) for item in refund.items))
    again = _some(_quantities(item for refund in same for item in refund.items))
    if not before and again in ({}, _some(_quantities(order.line_items))):
        return None
    parts = ", ".join(f"{plain(quantity)} of {item}" for item, quantity in {**before, **again}.items())
    where = "" if body.items is UNSET else "/items"
    return finding(where, f"the whole order is refunded, and {parts} came back before", "name the items that are left")


@rule("RF406", "idempotency-key-reused", on=REFUND, source="facts")
def idempotency_key_reused(body: tc.RefundCreate, refunds: list[tc.Refund]) -> Iterator[Finding]:
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
        return
    asked = _quantities(body.items)
    for refund in refunds:
        if refund.idempotency_key == body.idempotency_key and _some(_quantities(refund.items)) != asked:
            then = ", ".join(f"{plain(quantity)} of {item}" for item, quantity in _quantities(refund.items).items())
            message = f"an earlier refund of {then or 'nothing'} bears the key {body.idempotency_key!r}"
            yield finding("/idempotencyKey", message, "give every refund a key of its own")
            return


@rule("RF601", "implicit-full-refund", severity="warning", on=REFUND, source="taxcloud-refund")
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
    where = "" if body.items is UNSET else "/items"
    return finding(where, "no items: the whole order is refunded", "name every item if that is meant")


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
