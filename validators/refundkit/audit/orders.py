"""Which order a request or an order text is of: the key that brings them together."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from ..operations import APIS
from ..reading.keys import UNREADABLE
from ..rules.identity import purchase_order_id
from ..text import without_bom

# Both of Walmart's APIs name the same orders.
_FAMILY = {api: "walmart" if api == "walmart_ca" else api for api in APIS}


class _Path(msgspec.Struct, gc=False):
    purchase_order_id: Any = msgspec.field(name="purchaseOrderId", default=None)
    id: Any = None
    order_id: Any = msgspec.field(name="orderId", default=None)
    connection_id: Any = msgspec.field(name="connectionId", default=None)


class _Order(msgspec.Struct, gc=False):
    """The places where the orders of the APIs have their ids; Walmart's and WooCommerce's have a wrapper."""

    order: _Path | None = None
    order_id: Any = msgspec.field(name="orderId", default=None)
    connection_id: Any = msgspec.field(name="connectionId", default=None)


_PATH = msgspec.json.Decoder(_Path)
_ORDER = msgspec.json.Decoder(_Order)
_LISTED = msgspec.json.Decoder(list[_Path])
_NOWHERE = _Path()


class Key(msgspec.Struct, frozen=True, gc=False):
    """One order: the family of its API, its id, and TaxCloud's connection, "" elsewhere: ids repeat between those."""

    family: str
    order_id: str
    connection: str = ""

    @property
    def text(self) -> str:
        """The key as one text, for sorting and joining."""
        return f"{self.family}/{self.connection}/{self.order_id}"


def of_request(operation: str | None, path: bytes | None, body: bytes | None) -> Key | None:
    """The order that a request is of, by its path, or else by Walmart's body; None where neither tells."""
    family = _FAMILY.get((operation or "").partition(".")[0])
    if family is None:
        return None
    try:
        named = _PATH.decode(path) if path else _NOWHERE
    except UNREADABLE:
        named = _NOWHERE
    named = _NOWHERE if named is None else named
    if family == "walmart":
        own = named.purchase_order_id
        return _key(family, purchase_order_id(without_bom(body or b"")) if own is None else own)
    if family == "woocommerce_legacy":
        return _key(family, named.id)
    return _key(family, named.order_id, named.connection_id)


def of_order(text: bytes, api: str | None = None, order_id: str | None = None) -> Key | None:
    """The key of a get-order response; `api` and `order_id` win over what it says itself. None where nobody tells."""
    try:
        order = _ORDER.decode(text)
    except UNREADABLE:
        order = _Order()
    inner = order.order or _NOWHERE
    if api is not None:
        family = _FAMILY.get(api)
    elif inner.purchase_order_id is not None:
        family = "walmart"
    elif inner.id is not None:
        family = "woocommerce_legacy"
    else:
        family = "taxcloud" if order.order_id is not None else None
    own = {"walmart": inner.purchase_order_id, "woocommerce_legacy": inner.id, "taxcloud": order.order_id}.get(
        family or ""
    )
    return _key(family, own if order_id is None else order_id, order.connection_id if family == "taxcloud" else None)


def of_refunds(text: bytes, api: str | None, order_id: str | None) -> Key | None:
    """The key of earlier refunds whose order the file names; TaxCloud's tell their connection themselves."""
    family = _FAMILY.get(api or "")
    try:
        listed = _LISTED.decode(text) if family == "taxcloud" else []
    except UNREADABLE:
        listed = []
    return _key(family, order_id, listed[0].connection_id if listed else None)


def _key(family: str | None, order_id: Any, connection: Any = None) -> Key | None:
    if family is None or isinstance(order_id, bool) or not isinstance(order_id, (str, int)) or order_id == "":
        return None
    text = str(order_id)
    # A number to WooCommerce: 007 is 7.
    text = text.lstrip("0") or "0" if family == "woocommerce_legacy" else text
    return Key(family, text, connection.lower() if isinstance(connection, str) else "")


# What rules read of an order, each part as it is written.
_Part = msgspec.Raw | msgspec.UnsetType


class _Status(msgspec.Struct, gc=False, rename="camel"):
    status: msgspec.Raw
    status_quantity: msgspec.Raw


class _Statuses(msgspec.Struct, gc=False, rename="camel"):
    order_line_status: list[_Status]


class _WalmartLine(msgspec.Struct, gc=False, rename="camel"):
    line_number: msgspec.Raw
    charges: msgspec.Raw
    order_line_quantity: msgspec.Raw
    order_line_statuses: _Statuses
    return_order_id: _Part = UNSET
    refund: _Part = UNSET


class _WalmartLines(msgspec.Struct, gc=False, rename="camel"):
    order_line: list[_WalmartLine]


class _WalmartOrder(msgspec.Struct, gc=False, rename="camel"):
    purchase_order_id: msgspec.Raw
    order_lines: _WalmartLines
    customer_order_id: _Part = UNSET


class _Walmart(msgspec.Struct, gc=False):
    order: _WalmartOrder


class _WooCommerceItem(msgspec.Struct, gc=False):
    id: msgspec.Raw
    total: msgspec.Raw
    quantity: _Part = UNSET
    total_tax: _Part = UNSET


class _WooCommerceOrder(msgspec.Struct, gc=False):
    id: msgspec.Raw
    total: msgspec.Raw
    line_items: list[_WooCommerceItem]
    order_number: _Part = UNSET
    status: _Part = UNSET
    currency: _Part = UNSET
    total_tax: _Part = UNSET
    shipping_tax: _Part = UNSET
    shipping_lines: list[_WooCommerceItem] | msgspec.UnsetType = UNSET
    fee_lines: list[_WooCommerceItem] | msgspec.UnsetType = UNSET


class _WooCommerce(msgspec.Struct, gc=False):
    order: _WooCommerceOrder


class _TaxCloudLine(msgspec.Struct, gc=False, rename="camel"):
    item_id: msgspec.Raw
    quantity: msgspec.Raw
    index: _Part = UNSET


class _TaxCloud(msgspec.Struct, gc=False, rename="camel"):
    order_id: msgspec.Raw
    line_items: list[_TaxCloudLine]
    connection_id: _Part = UNSET
    completed_date: _Part = UNSET
    refunds: _Part = UNSET


_SHORT: dict[str, msgspec.json.Decoder[Any]] = {
    "walmart": msgspec.json.Decoder(_Walmart),
    "woocommerce_legacy": msgspec.json.Decoder(_WooCommerce),
    "taxcloud": msgspec.json.Decoder(_TaxCloud),
}


def shortened(family: str, text: bytes) -> bytes:
    """An order that was read without a flaw, down to what rules read, every value as it is written."""
    return msgspec.json.encode(_SHORT[family].decode(text))
