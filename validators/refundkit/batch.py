"""The records of a run as one batch that is about to be sent: what the earlier ones say to a later one (--batch).

Of an order no more is kept than the caps count: sums by line and charge, by item, or by refund. Of a record there are
two digests of 16 bytes, which tell whether the same is sent twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Protocol, TypeAlias
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET

from .check import Given, Hit, read_body
from .money import EXACT, ZERO, plain
from .operations import Operation
from .rule import REGISTRY, Finding, finding
from .rules.identity import purchase_order_id

Key: TypeAlias = tuple[str, ...]
_CORRELATION = "wm_qos.correlation_id"
_DIGEST = 16
# The digits of the largest id that a database has.
_ID = 20
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a record stands."""

    file: str
    number: int

    def __str__(self) -> str:
        return f"record {self.number} of {self.file}"


class Sent(Protocol):
    """What the records so far send to one order of one API."""

    def add(self, operation: Operation, body: Any, given: Given) -> None:
        """Count a record in. Its body is one that its model accepts, None where the operation takes none."""

    def since(self, order: Any, refunds: list[Any] | None) -> list[Any]:
        """The earlier refunds, as the rules of the API read them, with what the batch sends."""


class Batch:
    """The records of a run so far. Each is first joined with the earlier ones, judged, and then taken in itself."""

    def __init__(self) -> None:
        self.sent: dict[Key, Sent] = {}
        self.bodies: dict[tuple[Key, bytes], Place] = {}
        self.ids: dict[Key, tuple[bytes, Place]] = {}

    def joined(self, operation: Operation, given: Given) -> Given:
        """The request, its earlier refunds with those that the batch sends to its order before it."""
        key = _order(operation, given)
        sent = None if key is None else self.sent.get(key)
        return given if sent is None else msgspec.structs.replace(given, since=sent.since)

    def taken(self, operation: Operation, given: Given, file: str, record: int) -> Iterator[Hit]:
        """Take the request in, whatever is wrong with it, if its model accepts its body. Its RF317."""
        place = Place(file, record)
        body, _ = (None, []) if operation.described.body is None else read_body(operation, given)
        if body is None and operation.described.body is not None:
            return
        key = _order(operation, given)
        if operation.name in REGISTRY["RF317"].on:
            for one in self._repeats(operation, body, given, key, place):
                yield REGISTRY["RF317"], one
        if key is not None:
            if key not in self.sent:
                self.sent[key] = _SENT[operation.api]()
            self.sent[key].add(operation, body, given)

    def _repeats(
        self, operation: Operation, body: Any, given: Given, key: Key | None, place: Place
    ) -> Iterator[Finding]:
        digest = _digest(given.body or b"")
        if key is not None:
            first = self.bodies.setdefault((key, digest), place)
            if first is not place:
                yield finding("", f"{first} sends the same to order {key[-1]}", "send it once")
        for where, name in _ids(operation, body, given):
            whole = _hashed(repr(key).encode() + digest)
            known, first = self.ids.setdefault(name, (whole, place))
            if known != whole:
                yield finding(where, f"{first} bears this id too, with another refund", "give every request its own")


def _order(operation: Operation, given: Given) -> Key | None:
    """The order that a request is about, the shop included; None where it does not say."""
    path = given.path or {}
    if operation.api == "woocommerce_legacy":
        shop = urlsplit(given.url or "").netloc.lower()
        return ("woocommerce_legacy", shop, path["id"].lstrip("0")) if "id" in path else None
    if operation.api == "taxcloud":
        names = ("connectionId", "orderId")
        return ("taxcloud", path[names[0]].lower(), path[names[1]]) if all(name in path for name in names) else None
    own = purchase_order_id(given.body) or path.get("purchaseOrderId")
    return (operation.api, own) if isinstance(own, str) else None


def _ids(operation: Operation, body: Any, given: Given) -> Iterator[tuple[str, Key]]:
    """The ids that a server tells requests apart by, each with its place."""
    for name, value in (given.headers or {}).items():
        if name.lower() == _CORRELATION and value:
            yield f"header:{name}", (_CORRELATION, value.lower())
    key = getattr(body, "idempotency_key", UNSET)
    if key is not UNSET and key:
        yield "/idempotencyKey", (operation.api, (given.path or {}).get("connectionId", "").lower(), key)


def _digest(text: bytes) -> bytes:
    """What is the same for two bodies that say the same: spaces, the order of keys and spare zeros do not count."""
    value = _DECODER.decode(text.removeprefix(b"\xef\xbb\xbf"))
    return _hashed(repr(_canonical(value)).encode("utf-8", "surrogatepass"))


def _hashed(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST).digest()


def _canonical(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _canonical(node[key]) for key in sorted(node)}
    if isinstance(node, list):
        return [_canonical(inner) for inner in node]
    if isinstance(node, (int, Decimal)) and not isinstance(node, bool):
        return _Number(plain(EXACT.normalize(Decimal(node)) if node else ZERO))
    return node


class _Number(msgspec.Struct, frozen=True):
    """A number by value, which is no text of the same characters."""

    value: str


class _Walmart:
    """What is refunded by line and charge type, and cancelled by line."""

    def __init__(self) -> None:
        self.refunded: dict[tuple[str, str], _Sum] = {}
        self.cancelled: dict[str, Decimal] = {}

    def add(self, operation: Operation, body: Any, given: Given) -> None:
        from .rules.walmart import CANCEL, quantity, tax_of, view

        seen = view(operation, body)
        for one in seen.charges:
            money = one.charge.charge_amount
            kept = self.refunded.setdefault((one.number, one.charge.charge_type.upper()), _Sum(currency=money.currency))
            kept.amount = EXACT.add(kept.amount, money.amount)
            kept.tax = EXACT.add(kept.tax, tax_of(one.charge))
        for line in seen.lines if operation.name in CANCEL else ():
            for status in line.cancels:
                before = self.cancelled.get(line.number, ZERO)
                self.cancelled[line.number] = EXACT.add(before, quantity(status.status_quantity.amount))

    def since(self, order: Any, refunds: list[Any] | None) -> list[Any]:
        from refundkit_apis.walmart.structs import Charge, Money, Tax

        from .rules.walmart import Cancelled, Past

        def money(amount: Decimal, one: _Sum) -> Money:
            return Money(currency=one.currency, amount=amount)

        charged = [
            Past(
                number,
                Charge(charge_type=kind, charge_amount=money(one.amount, one), tax=Tax(tax_amount=money(one.tax, one))),
            )
            for (number, kind), one in self.refunded.items()
        ]
        return [*(refunds or []), *charged, *(Cancelled(*one) for one in self.cancelled.items())]


class _Sum(msgspec.Struct, kw_only=True, gc=False):
    """What goes back of one charge, with the sign of the wire; of an item there is a quantity as well."""

    currency: str = ""
    amount: Decimal = ZERO
    tax: Decimal = ZERO
    quantity: Decimal = ZERO


class _WooCommerce:
    """The amounts of the refunds that are created, updated and deleted, and what is refunded by item."""

    def __init__(self) -> None:
        self.created: list[Decimal] = []
        self.items: dict[str, _Sum] = {}
        self.changed: dict[str, Decimal | None] = {}

    def add(self, operation: Operation, body: Any, given: Given) -> None:
        from .rules.woocommerce_legacy import CREATE, UPDATE, number, view

        named = (given.path or {}).get("refund_id", "").lstrip("0")
        refund_id = named if _is_id(named) else ""
        amount: Any = UNSET if body is None else body.order_refund.amount
        if operation.name in CREATE:
            self.created.append(Decimal(number(amount)))
            for item in view(operation, body).items:
                kept = self.items.setdefault(item.key, _Sum())
                kept.amount = EXACT.add(kept.amount, _number(item.item.refund_total))
                kept.quantity = EXACT.add(kept.quantity, _number(item.item.qty))
                for tax in item.taxes.values():
                    kept.tax = EXACT.add(kept.tax, _number(tax))
        elif refund_id and operation.name in UPDATE and amount is not UNSET and number(amount):
            self.changed[refund_id] = Decimal(number(amount))
        elif refund_id and operation.name == "woocommerce_legacy.delete_refund":
            self.changed[refund_id] = None

    def since(self, order: Any, refunds: list[Any] | None) -> list[Any]:
        from refundkit_apis.woocommerce_legacy.structs import Refund, RefundLineItem

        items = [
            RefundLineItem(
                refunded_item_id=int(key),
                quantity=one.quantity,
                total=EXACT.minus(one.amount),
                total_tax=EXACT.minus(one.tax),
            )
            for key, one in self.items.items()
            if _is_id(key)
        ]
        kept = [refund for refund in refunds or [] if str(refund.id) not in self.changed]
        updated = [Refund(id=int(key), amount=amount) for key, amount in self.changed.items() if amount is not None]
        created = [Refund(id=0, amount=amount) for amount in self.created]
        return [*kept, *updated, *created, Refund(id=0, amount=ZERO, line_items=items)]


def _is_id(text: str) -> bool:
    """Whether a text can be the id of something in a shop; what cannot, other rules say."""
    return text.isascii() and text.isdecimal() and len(text) <= _ID


def _number(value: Any) -> Decimal:
    return ZERO if value is UNSET else Decimal(value)


class _TaxCloud:
    """How many of each item are refunded, the refunds with an idempotency key each for itself: it may come again."""

    def __init__(self) -> None:
        self.refunds: dict[str, dict[tuple[str, Any], Decimal]] = {}
        self.wholes: list[str] = []

    def add(self, operation: Operation, body: Any, given: Given) -> None:
        key = body.idempotency_key or ""
        if key and (key in self.refunds or key in self.wholes):
            return
        if not body.items:
            self.wholes.append(key)
            return
        kept = self.refunds.setdefault(key, {})
        for item in body.items:
            name = (item.item_id, item.cart_item_index)
            kept[name] = EXACT.add(kept.get(name, ZERO), item.quantity)

    def since(self, order: Any, refunds: list[Any] | None) -> list[Any]:
        from refundkit_apis.taxcloud.structs import Refund, RefundedItem

        parts = [
            Refund(
                idempotency_key=key,
                items=[RefundedItem(item_id=own, index=index, quantity=some) for (own, index), some in kept.items()],
            )
            for key, kept in self.refunds.items()
        ]
        every = [
            RefundedItem(item_id=line.item_id, index=line.index, quantity=line.quantity)
            for line in (() if order is None else order.line_items)
        ]
        return [*(refunds or []), *parts, *(Refund(idempotency_key=key, items=every) for key in self.wholes)]


_SENT: dict[str, Callable[[], Sent]] = {
    "walmart": _Walmart,
    "walmart_ca": _Walmart,
    "woocommerce_legacy": _WooCommerce,
    "taxcloud": _TaxCloud,
}
