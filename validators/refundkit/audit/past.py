"""What the audited requests of one order have given back so far, as its API would tell of it: `refunds` of a check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec import UNSET
from refundkit_apis._runtime.codec import decoder, encode

from .. import operations, rules
from ..context import read_order, read_refunds
from ..money import EXACT, ZERO, total
from ..operations import Operation
from .orders import Key

if TYPE_CHECKING:
    from refundkit_apis.taxcloud import structs as tc
    from refundkit_apis.walmart import structs as us
    from refundkit_apis.woocommerce_legacy import structs as wc

REFUNDS = frozenset(
    "walmart.refund_order_lines walmart_ca.refund_order_lines taxcloud.refund_order"
    " woocommerce_legacy.create_refund woocommerce_legacy.update_refund woocommerce_legacy.delete_refund".split()
)
"""The operations that change what was given back; every other one leaves no trace in the past."""

_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError, ArithmeticError, ValueError)
# As many earlier bodies are given one by one; more are added up first, so that a long history costs no square of it.
_LOOSE = 8


class Told(msgspec.Struct, frozen=True, gc=False):
    """What one request tells of its order's past: its own `refunds`, and the order, as JSON; `asked` is the refund that
    its path names. `carried`: the refunds in the order count too."""

    refunds: bytes | None = None
    order: bytes | None = None
    asked: str = ""
    carried: bool = False


class Past(Protocol):
    """The past of one order, request by request.

    `seen` is all of it as the API's rules take it, where that does not depend on the request that asks; else None.
    """

    @property
    def seen(self) -> list[Any] | None: ...

    def add(self, operation: Operation, body: bytes, told: Told, model: Any) -> bool:
        """Take the next request that took effect. False: it does not count.

        `body` is one that its schema accepts; `model` is it as it was read, None where it was not.
        """

    def text(self, told: Told) -> bytes | None:
        """All of it in the form of the API's `refunds`, for the next request; None where the order tells it all."""


def past_of(key: Key) -> Past:
    """The empty past of an order."""
    if key.family == "walmart":
        return _Walmart(key.order_id)
    return _TaxCloud() if key.family == "taxcloud" else _WooCommerce()


class _Walmart:
    """Earlier request bodies, as they were sent; many of them as one that adds them up."""

    def __init__(self, order_id: str) -> None:
        self.order_id = order_id
        self.bodies: list[bytes] = []
        self.ids: set[str] = set()
        self.seen: list[Any] = []

    def add(self, operation: Operation, body: bytes, told: Told, model: Any) -> bool:
        model = operations.decoder(operation).decode(body) if model is None else model
        if model.order_refund.purchase_order_id != self.order_id:
            return False  # RF501: nobody knows which of the two orders it was
        self.bodies.append(body)
        self.seen.extend(rules.earlier(operation, None, [model]) or ())
        if told.carried:
            self.ids.update(_refund_ids(model))
        if len(self.bodies) > _LOOSE:
            self.bodies = [_added_up(self.order_id, [(one.number, one.charge) for one in self.seen])]
            self.seen = rules.earlier(operation, None, _bodies().decode(b"[" + self.bodies[0] + b"]")) or []
        return True

    def text(self, told: Told) -> bytes | None:
        if told.refunds is not None:
            return _lengthened(told.refunds, self.bodies)
        if not told.carried:
            return b"[" + b",".join(self.bodies) + b"]"
        return _lengthened(self._carried(told.order), self.bodies) if self.bodies else None

    def _carried(self, order: bytes | None) -> bytes:
        """The refunds in the lines of an order as one body, without a line whose refund is among the audited."""
        model, _ = read_order(operations.get("walmart.refund_order_lines"), order or b"")
        if model is None:
            return b"[]"
        body = _added_up(self.order_id, _charges_of_order(model, self.ids))
        return b"[" + body + b"]" if body else b"[]"


def _lengthened(listed: bytes, more: list[bytes]) -> bytes:
    """A JSON array with more entries; text that is no array stays as it is, and the check says so."""
    text = listed.strip()
    if not more or not (text.startswith(b"[") and text.endswith(b"]")):
        return listed
    inner = text[1:-1].strip()
    return b"[" + b",".join([inner, *more] if inner else more) + b"]"


@cache
def _bodies() -> msgspec.json.Decoder[list[us.OrderRefundRequest]]:
    from refundkit_apis.walmart.structs import OrderRefundRequest

    found: msgspec.json.Decoder[list[us.OrderRefundRequest]] = decoder(list[OrderRefundRequest])
    return found


def _refund_ids(body: us.OrderRefundRequest) -> Iterator[str]:
    for line in body.order_refund.order_lines.order_line:
        yield from (refund.refund_id for refund in line.refunds.refund if isinstance(refund.refund_id, str))


_Charge = tuple[str, Any]


def _charges_of_order(order: us.OrderResponse, known: set[str]) -> Iterator[_Charge]:
    for line in order.order.order_lines.order_line:
        refund = line.refund
        if not refund or refund.refund_id in known or not refund.refund_charges:
            continue
        for one in refund.refund_charges.refund_charge or ():
            yield line.line_number, one.charge


def _added_up(order_id: str, charges: Iterable[_Charge]) -> bytes:
    """One body that gives back what all the charges do, by line and charge type; empty where they give back nothing."""
    sums: dict[tuple[str, str], list[Any]] = {}
    for number, charge in charges:
        money = charge.charge_amount
        own = sums.setdefault((number, charge.charge_type.upper()), [charge.charge_type, money.currency, ZERO, ZERO])
        own[2] = EXACT.add(own[2], money.amount)
        own[3] = EXACT.add(own[3], _tax(charge))
    lines: dict[str, list[Any]] = {}
    for (number, _), (kind, currency, amount, tax) in sums.items():
        # What an order carries may have any sign; a refund is below zero, its tax not above.
        if amount < 0:
            lines.setdefault(number, []).append(_charge(kind, currency, amount, min(tax, ZERO)))
    if not lines:
        return b""
    listed = [
        {"lineNumber": number, "refunds": {"refund": [{"refundCharges": {"refundCharge": charges}}]}}
        for number, charges in lines.items()
    ]
    return encode({"orderRefund": {"purchaseOrderId": order_id, "orderLines": {"orderLine": listed}}})


def _tax(charge: us.Charge | us.RefundedCharge) -> Decimal:
    if charge.tax:
        return Decimal(charge.tax.tax_amount.amount)
    return total([one.tax_amount.amount for one in charge.tax_details or ()])


def _charge(kind: str, currency: str, amount: Decimal, tax: Decimal) -> dict[str, Any]:
    charge = {
        "chargeType": kind,
        "chargeName": kind,
        "chargeAmount": {"amount": amount, "currency": currency},
        "tax": {"taxName": kind, "taxAmount": {"amount": tax, "currency": currency}},
    }
    return {"refundReason": "BillingError", "charge": charge}


class _WooCommerce:
    """Refunds as the API lists them; the items of each are those that the order has, since the server drops others.

    An update replaces the amount of a refund, a delete takes it away. Both name it by an id, and a history does not
    tell the ids that the server gave. One that nobody knows is taken to be of the largest refund without an id: that
    leaves the most for the other refunds, so that nobody is accused on a guess.
    """

    seen = None

    def __init__(self) -> None:
        self.made: list[dict[str, Any]] = []
        self.changed: dict[str, Decimal | None] = {}

    def add(self, operation: Operation, body: bytes, told: Told, model: Any) -> bool:
        if operation.name == "woocommerce_legacy.create_refund":
            self.made.append(_created(operations.decoder(operation).decode(body).order_refund, told.order))
            return True
        amount: Decimal | None = None
        if operation.name == "woocommerce_legacy.update_refund":
            sent = operations.decoder(operation).decode(body).order_refund.amount
            amount = None if sent is UNSET else Decimal(sent)
            if not amount:
                return True  # the server ignores an amount of zero
        return self._change(told.asked.lstrip("0"), amount, told)

    def _change(self, asked: str, amount: Decimal | None, told: Told) -> bool:
        """Give the refund its new amount, or take it away."""
        if not asked.isdigit():
            return False
        if asked in {str(one["id"]) for one in _listed(told.refunds) or ()}:
            self.changed[asked] = amount
            return True
        own = self._named(asked)
        if own is not None and amount is None:
            self.made.remove(own)
        elif own is not None:
            own["amount"] = amount
        elif amount is not None:
            self.made.append({"id": int(asked), "amount": amount})
        return True

    def _named(self, asked: str) -> dict[str, Any] | None:
        """The refund of that id; the largest without one bears it from now on where none does."""
        known = next((one for one in self.made if str(one["id"]) == asked), None)
        if known is None:
            known = max(
                (one for one in self.made if not one["id"]), key=lambda one: Decimal(one["amount"]), default=None
            )
            if known is not None:
                known["id"] = int(asked)
        return known

    def text(self, told: Told) -> bytes | None:
        given = _listed(told.refunds)
        if given is None:
            return told.refunds
        asked = told.asked.lstrip("0")
        if asked.isdigit() and asked not in {str(one["id"]) for one in given}:
            self._named(asked)
        return encode({"order_refunds": [*self._changed(given), *self.made]})

    def _changed(self, given: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for one in given:
            amount = self.changed.get(str(one["id"]), one["amount"])
            if amount is not None:
                yield {**one, "amount": amount}


def _listed(refunds: bytes | None) -> list[dict[str, Any]] | None:
    """The entries of a list-refunds response, none where it is not given, None where it is no such response."""
    if refunds is None:
        return []
    found, problems = read_refunds(operations.get("woocommerce_legacy.create_refund"), refunds)
    return None if found is None or problems else [_plain(one) for one in found.order_refunds]


def _plain(refund: wc.Refund) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(refund).items() if value is not UNSET}


def _created(refund: wc.RefundCreate, order: bytes | None) -> dict[str, Any]:
    items = refund.line_items if isinstance(refund.line_items, dict) else {}
    sold = _sold(order) if items else frozenset()
    return {"id": 0, "amount": refund.amount, "line_items": [_line(key, items[key]) for key in items if key in sold]}


def _line(key: str, item: wc.RefundItem) -> dict[str, Any]:
    sums: dict[str, list[Any]] = {"quantity": [item.qty], "total": [item.refund_total]}
    sums["total_tax"] = list((item.refund_tax or {}).values())
    past = {name: -total([Decimal(one) for one in sums[name] if one is not UNSET]) for name in sums}
    return {"refunded_item_id": int(key), **past}


class _Item(msgspec.Struct, gc=False):
    id: Any


class _Items(msgspec.Struct, gc=False):
    line_items: list[_Item] = []
    shipping_lines: list[_Item] = []
    fee_lines: list[_Item] = []


class _ItemsOfOrder(msgspec.Struct, gc=False):
    order: _Items


_SOLD = msgspec.json.Decoder(_ItemsOfOrder)


def _sold(order: bytes | None) -> frozenset[str]:
    """The ids of an order's items."""
    try:
        own = _SOLD.decode(order or b"").order
    except _UNREADABLE:
        return frozenset()
    return frozenset(str(one.id) for one in (*own.line_items, *own.shipping_lines, *own.fee_lines))


class _TaxCloud:
    """Refunds as the API answers to each; one without items gave back what was left of the order then."""

    seen = None

    def __init__(self) -> None:
        self.made: list[dict[str, Any]] = []
        self.order: bytes | None = None
        self.lines: list[tc.OrderLine] = []

    def add(self, operation: Operation, body: bytes, told: Told, model: Any) -> bool:
        asked: tc.RefundCreate = operations.decoder(operation).decode(body)
        if told.order is not self.order:
            self.order, self.lines = told.order, _lines(told.order)
        lines = self.lines
        if asked.items:
            items = [_item(one, lines) for one in asked.items]
        elif lines:
            items = self._rest(lines, told)
        else:
            return False
        key = {"idempotencyKey": asked.idempotency_key} if asked.idempotency_key else {}
        self.made.append({"items": items, **key})
        return True

    def _rest(self, lines: list[tc.OrderLine], told: Told) -> list[dict[str, Any]]:
        """What is left of every line after the refunds so far."""
        back: dict[str, Decimal] = {}
        for refund in _refunds(self.text(told)):
            for one in refund.items:
                back[one.item_id] = EXACT.add(back.get(one.item_id, ZERO), one.quantity)
        left = []
        for position, line in enumerate(lines):
            gone = min(back.get(line.item_id, ZERO), Decimal(line.quantity))
            back[line.item_id] = EXACT.subtract(back.get(line.item_id, ZERO), gone)
            quantity = EXACT.subtract(Decimal(line.quantity), gone)
            if quantity > 0:
                left.append({"itemId": line.item_id, "index": _index(line, position), "quantity": quantity})
        return left

    def text(self, told: Told) -> bytes | None:
        made = [encode(one) for one in self.made]
        if told.refunds is not None:
            return _lengthened(told.refunds, made)
        if not told.carried:
            return b"[" + b",".join(made) + b"]"
        order, _ = read_order(operations.get("taxcloud.refund_order"), told.order or b"")
        carried = [encode(one) for one in (order.refunds or ())] if order is not None else []
        return b"[" + b",".join([*carried, *made]) + b"]" if made else None


def _lines(order: bytes | None) -> list[tc.OrderLine]:
    found = None if order is None else read_order(operations.get("taxcloud.refund_order"), order)[0]
    return [] if found is None else found.line_items


def _refunds(text: bytes | None) -> list[tc.Refund]:
    found = None if text is None else read_refunds(operations.get("taxcloud.refund_order"), text)[0]
    return found or []


def _item(item: tc.RefundItem, lines: list[tc.OrderLine]) -> dict[str, Any]:
    """The item as it was refunded; an item on one line of the order has that line's index."""
    found: dict[str, Any] = {"itemId": item.item_id, "quantity": item.quantity}
    places = [_index(line, position) for position, line in enumerate(lines) if line.item_id == item.item_id]
    if item.cart_item_index is not UNSET:
        found["index"] = item.cart_item_index
    elif len(places) == 1:
        found["index"] = places[0]
    return found


def _index(line: tc.OrderLine, position: int) -> int:
    return position if line.index is UNSET else line.index
