"""TaxCloud's order model: a refund names items and quantities; a refund without items is of the whole order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, UnsetType

from ...errors import Finding, finding
from ...ledger import ANY, PIECES, Account, Ledger, Line, OrderModel, Posting, Refund, UnreadableError, readable_lines
from ...money import ZERO, equals_as_shown

if TYPE_CHECKING:
    from refundkit_apis.taxcloud import models as tc

    from ...operations import Operation

# A share of a piece is compared with so many decimals: clients round it to them.
_SHOWN_DECIMALS = 4


class TaxCloudOrderModel(OrderModel):
    """Reads TaxCloud's orders and refunds: a ledger line for each item, and one for each index of a repeated item."""

    traits: Mapping[str, frozenset[str]] = {"refund_order": frozenset({"refunds", "lines", "pieces"})}
    path_ids: Mapping[str, tuple[str, ...]] = {"connectionId": ("connectionId",), "orderId": ("orderId",)}

    def normalise_id(self, name: str, value: str) -> str:
        """Spell the id of a connection in lower case: it is a GUID."""
        return value.lower() if name == "connectionId" else value

    def open_order(self, order: tc.Order) -> Ledger:
        lines: dict[Any, Line] = {}
        unread: dict[Any, str] = {}
        for item, places in places_of_items(order, unread).items():
            if item in unread:
                continue
            lines[item] = _open_line(item, item, sum(places.values(), ZERO))
            for index, quantity in places.items():
                lines[ANY, index] = Line((ANY, index), f"index {index}")
                if len(places) > 1:
                    lines[item, index] = _open_line((item, index), f"{item} at index {index}", quantity, item)
        return Ledger(lines, unread=unread)

    def refunds_in_order(self, order: tc.Order) -> list[Refund] | None:
        """Return the refunds in the order, where null is none; None if it was read without `expand=refunds`."""
        refunds = [] if order.refunds is None else order.refunds
        return self.read_refunds(refunds) if isinstance(refunds, list) else None

    def read_refunds(self, refunds: list[tc.Refund]) -> list[Refund]:
        return [_read_earlier(refund) for refund in refunds]

    def read_request(self, operation: Operation, body: tc.RefundCreate, path: Mapping[str, str] | None) -> Refund:
        postings: list[Posting] = []
        lines: dict[Any, str] = {}
        pointers: dict[Any, str] = {}
        for position, item in enumerate(body.items or ()):
            pointer, quantity = f"/items/{position}", abs(Decimal(item.quantity))
            lines.setdefault(item.item_id, f"{pointer}/itemId")
            keys: list[Any] = [item.item_id]
            if item.cart_item_index is not UNSET:
                lines.setdefault((ANY, item.cart_item_index), f"{pointer}/cartItemIndex")
                keys.append((item.item_id, item.cart_item_index))
            for key in keys:
                quantity_pointer = pointers.setdefault(key, f"{pointer}/quantity")
                postings.append(Posting(key, PIECES, quantity, pointer=quantity_pointer, source=item))
        if not body.items:
            postings.append(Posting(ANY, ANY, effect="rest", pointer="" if body.items is UNSET else "/items"))
        return Refund(
            postings,
            lines.items(),
            idempotency_key=body.idempotency_key or "",
            idempotency_key_pointer="/idempotencyKey",
        )

    def is_same_refund(self, requested: Refund, recorded: Refund) -> bool:
        """Compare the pieces of each item, and of each index that both name: an answer may lack the idempotency key."""
        pieces, shown = _pieces_by_line(requested), _pieces_by_line(recorded)
        has_indexes = any(isinstance(line, tuple) for line in shown)
        return pieces_by_item(requested).keys() == pieces_by_item(recorded).keys() and all(
            equals_as_shown(quantity, shown.get(line, ZERO), _SHOWN_DECIMALS)
            for line, quantity in pieces.items()
            if has_indexes or not isinstance(line, tuple)
        )

    def context_mismatches(
        self, path: Mapping[str, str] | None, body: Any, order: tc.Order | None, refunds: list[tc.Refund] | None
    ) -> Iterator[Finding]:
        """Yield what shows that the context is of another order: ids, connections, or no item in common."""
        path = path or {}
        order_id, connection = path.get("orderId"), path.get("connectionId")
        if order is not None:
            if order_id is not None and order.order_id != order_id:
                message = f"the refund is of order {order_id}, the context is order {order.order_id}"
                yield finding("order:/orderId", message, "give the order that is refunded")
            if _is_another_connection(order.connection_id, connection):
                message = f"the refund is of connection {connection}, the order of {order.connection_id}"
                yield finding("order:/connectionId", message, "give the order that is refunded")
        items = set() if order is None else {line.item_id for line in readable_lines(order.line_items, {})}
        for index, refund in enumerate(refunds or ()):
            if _is_another_connection(refund.connection_id, connection):
                message = f"this earlier refund is of connection {refund.connection_id}, not of {connection}"
                yield finding(f"refunds:/{index}/connectionId", message)
            if order is not None and refund.items and items.isdisjoint(item.item_id for item in refund.items):
                yield finding(f"refunds:/{index}/items", f"order {order.order_id} has no item of this earlier refund")


def places_of_items(order: tc.Order, unread: dict[Any, str] | None = None) -> dict[str, dict[int, Decimal]]:
    """Return the quantity of each item by index; a line without an index has its position."""
    places: dict[str, dict[int, Decimal]] = {}
    used_indexes: set[int] = set()
    for position, line in enumerate(readable_lines(order.line_items, {} if unread is None else unread)):
        index = position if line.index is UNSET else line.index
        if index in used_indexes:  # a repeated index identifies no line, so the line counts under an index of its own
            index = -1 - position
        used_indexes.add(index)
        places.setdefault(line.item_id, {})[index] = Decimal(line.quantity)
    return places


def pieces_by_item(refund: Refund) -> dict[Any, Decimal]:
    """Return the quantity of each item that a refund names, entries of one item added up, without zeros."""
    pieces = _pieces_by_line(refund).items()
    return {item: quantity for item, quantity in pieces if quantity and not isinstance(item, tuple)}


def _pieces_by_line(refund: Refund) -> dict[Any, Decimal]:
    """Return the quantity of each item that a refund names, and of each of its indexes."""
    pieces: dict[Any, Decimal] = {}
    for posting in refund.postings:
        if posting.effect == "add":
            pieces[posting.line] = pieces.get(posting.line, ZERO) + posting.amount
    return pieces


def _open_line(key: Any, number: str, quantity: Decimal, parent: Any = None) -> Line:
    accounts = {PIECES: Account(key, number, PIECES, charged=quantity)}
    return Line(key, number, accounts, quantity, parent=parent)


def _read_earlier(refund: tc.Refund) -> Refund:
    """Read an earlier refund; one with an unreadable item says so and counts nothing."""
    try:
        postings = [posting for item in refund.items for posting in _earlier_item(item)]
    except UnreadableError as error:
        return Refund([], unread=str(error))
    key = refund.idempotency_key
    return Refund(postings, idempotency_key=key if isinstance(key, str) else "")


def _earlier_item(item: tc.RefundedItem) -> Iterator[Posting]:
    quantity = abs(Decimal(item.quantity))
    yield Posting(item.item_id, PIECES, quantity)
    if item.index is not UNSET:
        yield Posting((item.item_id, item.index), PIECES, quantity)


def _is_another_connection(connection: str | UnsetType, requested_connection: str | None) -> bool:
    """True if both ids are there and differ as GUIDs, which have no case."""
    return (
        isinstance(connection, str)
        and requested_connection is not None
        and connection.lower() != requested_connection.lower()
    )


MODEL = TaxCloudOrderModel()
