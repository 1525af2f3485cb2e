"""WooCommerce's legacy API: a refund is an amount of the order, zero or above; its items are for the books."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from .. import ledger as ledgers
from ..ledger import Ledger
from ..money import EXACT, ZERO, decimals, plain, total
from ..operations import Operation
from ..rule import Finding, finding, rule
from . import View
from .amounts import Amount

if TYPE_CHECKING:
    from refundkit_apis.woocommerce_legacy import structs as wc

    from ..check import Given

    Body: TypeAlias = wc.RefundCreateRequest | wc.RefundUpdateRequest

Number: TypeAlias = Decimal | int
Loose: TypeAlias = Decimal | int | str
T = TypeVar("T")

CREATE = ("woocommerce_legacy.create_refund",)
UPDATE = ("woocommerce_legacy.update_refund",)
AMOUNT = "/order_refund/amount"
ORDER_FIELDS = frozenset(
    {
        *("order", "id", "order_number", "status", "currency", "total", "total_tax", "shipping_tax"),
        *("line_items", "shipping_lines", "fee_lines", "quantity"),
    }
)


class Item(msgspec.Struct, frozen=True, gc=False):
    """One item of a refund, under the id of the order's item that it is of."""

    key: str
    item: wc.RefundItem

    def pointer(self, where: str = "") -> str:
        return f"/order_refund/line_items/{_token(self.key)}{where}"

    @property
    def money(self) -> Iterator[Charge]:
        """What is refunded of it: its total, and each of its taxes."""
        if self.item.refund_total is not UNSET:
            yield Charge(self.pointer("/refund_total"), number(self.item.refund_total))
        for rate, tax in self.taxes.items():
            yield Charge(self.pointer(f"/refund_tax/{_token(rate)}"), number(tax))

    @property
    def taxes(self) -> dict[str, Loose]:
        """Its taxes, by the ids of their rates."""
        return {} if self.item.refund_tax is UNSET else self.item.refund_tax


class Charge(msgspec.Struct, frozen=True, gc=False):
    """One sum of money in a body, and where it stands: a bare number, without parts and without a currency."""

    at: str
    value: Number

    def pointer(self, where: str = "") -> str:
        return self.at

    def amounts(self) -> tuple[Amount]:
        return (Amount("", self.value, ""),)


class Bought(msgspec.Struct, frozen=True, gc=False):
    """One item of an order: a product, a shipping or a fee line. Only a product has a quantity."""

    kind: str
    charged: Decimal
    tax: Decimal
    quantity: Decimal | None = None


def view(operation: Operation, body: Body) -> View:
    """The items of a request, and every sum of money in it."""
    refund = body.order_refund
    entries = getattr(refund, "line_items", UNSET)
    items = [Item(key, item) for key, item in entries.items()] if isinstance(entries, dict) else []
    own = [] if refund.amount is UNSET else [Charge(AMOUNT, number(refund.amount))]
    return View(items=items, charges=[*own, *(charge for item in items for charge in item.money)])


def number(value: Loose) -> Number:
    """A number of a body by value, however it is written; its model has held a text to plain digits."""
    return Decimal(value) if isinstance(value, str) else value


def told(value: Any) -> Decimal | None:
    """A number of an answer by value, None where it is none."""
    if value.__class__ is str:
        return Decimal(value) if _DECIMAL.fullmatch(value) else None
    return None if value is None or value is UNSET else Decimal(value)


def _sum(value: Any) -> Decimal:
    """A number of an answer by value, zero where it is none."""
    return told(value) or ZERO


_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def refunds_type() -> Any:
    """Earlier refunds are given as the API lists them."""
    from refundkit_apis.woocommerce_legacy.structs import RefundListResponse

    return RefundListResponse


def earlier(order: wc.OrderResponse | None, refunds: wc.RefundListResponse | None) -> list[wc.Refund] | None:
    """The earlier refunds if they were given; the order does not tell of them."""
    return None if refunds is None else refunds.order_refunds


def strangers(
    operation: Operation,
    given: Given,
    body: Body | None,
    order: wc.OrderResponse | None,
    refunds: wc.RefundListResponse | None,
) -> Iterator[Finding]:
    """RF005: the order is another one, the earlier refunds are another one's, or a number in them is none.

    A refund does not name its order. Where the server says which items it was of, and the order has none of them, it is
    of another.
    """
    if order is not None:
        own, asked = order.order, (given.path or {}).get("id")
        if asked is not None and str(own.id) != asked.lstrip("0"):
            shown = f"; {asked} is its order_number" if str(own.order_number) == asked else ""
            message = f"the refund is of order {asked}, the context is order {own.id}{shown}"
            yield finding("order:/order/id", message, "give the order that is refunded")
        for where, value in _figures(own):
            if told(value) is None:
                yield finding(f"order:/order{where}", f"{value!r} is no number", "give the API's own order as it came")
    if refunds is None:
        return
    sold = None if order is None else _ids(order.order)
    for index, refund in enumerate(refunds.order_refunds):
        where = f"refunds:/order_refunds/{index}"
        amount = told(refund.amount)
        if amount is None or amount < 0:
            message = f"{refund.amount!r} is no amount of an earlier refund, which is zero or above"
            yield finding(f"{where}/amount", message, "give the API's own list as it came")
        items = {key for key, _ in _past(refund)}
        if sold is not None and items and sold.isdisjoint(items):
            yield finding(f"{where}/line_items", "the order has no item of this earlier refund")


def _figures(order: wc.Order) -> Iterator[tuple[str, Loose]]:
    """The numbers of an order that no cap can do without."""
    yield "/total", order.total
    for index, line in enumerate(order.line_items):
        yield f"/line_items/{index}/total", line.total
        yield f"/line_items/{index}/quantity", line.quantity
    for index, shipping in enumerate(_listed(order.shipping_lines)):
        yield f"/shipping_lines/{index}/total", shipping.total
    for index, fee in enumerate(_listed(order.fee_lines)):
        yield f"/fee_lines/{index}/total", fee.total


def ledger(
    operation: Operation,
    body: Body,
    view: View,
    order: wc.OrderResponse,
    refunds: list[wc.Refund] | None,
    path: Mapping[str, str] | None,
) -> Ledger:
    """The order's total, its other refunds and this one, and the items that the request names."""
    own, amount = order.order, body.order_refund.amount
    others = _others(refunds or [], path) if operation.name in UPDATE else refunds or []
    bought = _bought(own)
    book = {item.key: _line(item, bought.get(item.key)) for item in view.items}
    for refund in others:
        for key, past in _past(refund):
            if key in book:
                _count_past(book[key], past)
    return Ledger(
        lines=list(book.values()),
        currency="" if own.currency is UNSET else own.currency,
        total=_sum(own.total),
        refunded_before=total([_sum(refund.amount) for refund in others]),
        refunded_now=ZERO if amount is UNSET else Decimal(amount),
        amount_pointer="" if amount is UNSET else AMOUNT,
        decimals=_decimals(own),
    )


def _others(refunds: list[wc.Refund], path: Mapping[str, str] | None) -> list[wc.Refund]:
    """Every refund but the one that is updated; where nobody says which that is, it may be the largest."""
    asked = (path or {}).get("refund_id")
    if asked is None:
        return sorted(refunds, key=lambda refund: _sum(refund.amount))[:-1]
    return [refund for refund in refunds if str(refund.id) != asked.lstrip("0")]


def _bought(order: wc.Order) -> dict[str, Bought]:
    """The order's items by their ids, as a refund writes them."""
    shipping = _listed(order.shipping_lines)
    # The tax on shipping is told for all of it together.
    tax = order.shipping_tax if len(shipping) == 1 else UNSET
    bought = {str(one.id): Bought("shipping", _sum(one.total), _sum(tax)) for one in shipping}
    bought |= {str(one.id): Bought("fee", _sum(one.total), _sum(one.total_tax)) for one in _listed(order.fee_lines)}
    for line in order.line_items:
        bought[str(line.id)] = Bought("product", _sum(line.total), _sum(line.total_tax), told(line.quantity))
    return bought


def _ids(order: wc.Order) -> set[str]:
    """The ids of the order's items."""
    found = {str(line.id) for line in order.line_items}
    found.update(str(line.id) for line in _listed(order.shipping_lines))
    found.update(str(line.id) for line in _listed(order.fee_lines))
    return found


def _listed(entries: list[T] | UnsetType) -> Sequence[T]:
    return () if entries is UNSET else entries


def _past(refund: wc.Refund) -> Iterator[tuple[str, wc.RefundLineItem]]:
    """The lines of an earlier refund whose item the server names; current servers say 0 of every one."""
    for line in _listed(refund.line_items):
        if line.refunded_item_id:
            yield str(line.refunded_item_id), line


def _line(item: Item, bought: Bought | None) -> ledgers.Line:
    if bought is None:
        return ledgers.Line(number=item.key, named=item, known=False)
    asked = item.item
    counted = asked.qty is not UNSET and bought.quantity is not None
    charge = ledgers.Charge(
        kind=bought.kind,
        currency="",
        charged=bought.charged,
        tax_charged=bought.tax,
        refunded_now=ZERO if asked.refund_total is UNSET else Decimal(asked.refund_total),
        tax_now=total([number(tax) for tax in item.taxes.values()]),
        named=None if asked.refund_total is UNSET else item,
        where="/refund_total",
        tax_where="/refund_tax" if item.taxes else "",
    )
    return ledgers.Line(
        number=item.key,
        named=item,
        known=True,
        quantity_where="/qty" if counted else "",
        ordered=bought.quantity or ZERO,
        refunded_now=ZERO if asked.qty is UNSET else Decimal(asked.qty),
        charges={bought.kind: charge},
    )


def _count_past(line: ledgers.Line, past: wc.RefundLineItem) -> None:
    """Add an earlier refund of the item: what goes back stands below zero there, the page's sample quantity above."""
    line.refunded_before = EXACT.add(line.refunded_before, _sum(past.quantity).copy_abs())
    for charge in line.charges.values():
        charge.refunded_before = EXACT.subtract(charge.refunded_before, _sum(past.total))
        charge.tax_before = EXACT.subtract(charge.tax_before, _sum(past.total_tax))


def _decimals(order: wc.Order) -> int:
    """As many as the order's total is written with, but two at least, or none where its currency has none."""
    least = 2 if order.currency is UNSET else min(decimals(order.currency) or 0, 2)
    return max(least, len(str(order.total).partition(".")[2]))


def _token(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


@rule("RF202", "amount-negative", on=("woocommerce_legacy",), source="facts")
def amount_negative(value: Loose) -> tuple[str, str]:
    """A refund amount is below zero.

    WooCommerce wants what is given back as a positive number, the opposite of Walmart: it answers a create below zero
    with 400 and ignores an update below zero in silence.

    Bad:
        /order_refund/amount: "-30.80"
    Good:
        /order_refund/amount: "30.80"
    """
    amount = value if isinstance(value, str) else plain(value)
    return f"refund amount {amount} is below zero", f"send {amount.removeprefix('-')}"


@rule("RF209", "items-amount-mismatch", severity="warning", on=CREATE, source="facts")
def items_amount_mismatch(body: wc.RefundCreateRequest, items: list[Item]) -> Finding | None:
    """The items' totals and taxes do not add up to the amount.

    The server does not compare them: it pays the amount and books the items, and its reports never agree again.

    Bad:
        /order_refund/amount: "28.00"
    Good:
        /order_refund/amount: 30.8
    """
    asked = number(body.order_refund.amount)
    booked = total([charge.value for item in items for charge in item.money])
    if not items or booked == asked:
        return None
    message = f"the items add up to {plain(booked)}, the amount is {plain(asked)}"
    return finding("/order_refund/line_items", message, "make the two equal: only the amount is paid")


@rule("RF210", "loose-number", on=("woocommerce_legacy",), source="facts")
def loose_number(value: str) -> tuple[str, str]:
    """A number in a string is not a plain decimal.

    Servers take what they can make of it: "1,5" is 15.00 for a current one and 1.00 for an older one, "1e1" is 11.00 or
    10.00, "12abc" is 12.00. Digits with at most one point mean the same everywhere.

    Bad:
        /order_refund/amount: "30,80"
    Good:
        /order_refund/amount: "030.8"
    """
    from ..schema import shown

    return f"{shown(value)} is no plain decimal", "send digits with at most one point, or a number without quotes"


@rule("RF212", "zero-refund", severity="warning", on=(*CREATE, *UPDATE), source="facts")
def zero_refund(operation: Operation, body: Body) -> Finding | None:
    """The amount is zero.

    A create then records a refund of nothing, an update leaves the amount as it was; both answer as if all were well.

    Bad:
        /order_refund/amount: "-0.00"
        /order_refund/line_items: null
    Good:
        /order_refund/amount: 0.01
        /order_refund/line_items: null
    """
    amount = body.order_refund.amount
    if amount is UNSET or number(amount) != 0:
        return None
    if operation.name in UPDATE:
        return finding(AMOUNT, "an amount of zero is ignored", "delete the refund, or send what it is to be")
    return finding(AMOUNT, "an amount of zero records an empty refund", "send what is given back")


@rule("RF216", "gateway-called-twice", on=CREATE, source="facts")
def gateway_called_twice(body: wc.RefundCreateRequest, query: Mapping[str, str] | None = None) -> Finding | None:
    """The payment gateway would be asked to pay twice.

    `refund_payment` has the gateway pay while the refund is stored, and the API asks it once more afterwards unless the
    query says `api_refund=0`. Read in the server's source, not seen on a live one.

    Bad:
        /order_refund/refund_payment: true
    Good:
        /order_refund/refund_payment: true
        query: {api_refund: "0"}
    """
    # To PHP, "0" and "" are the two strings that are false.
    if body.order_refund.refund_payment is not True or (query or {}).get("api_refund") in ("0", ""):
        return None
    message = "refund_payment asks the gateway, and without api_refund=0 in the query the API asks it again"
    return finding("/order_refund/refund_payment", message, "leave refund_payment out: the API asks the gateway itself")


@rule("RF307", "items-ignored", severity="warning", on=CREATE, source="facts")
def items_ignored(body: wc.RefundCreateRequest) -> Finding | None:
    """The items are a list, which the server drops in silence.

    The page suggests a list; live servers refund the amount, book it on no item and restock nothing, whatever
    `restock_items` says. They honour an object whose keys are the ids of the order's items.

    Bad:
        /order_refund/line_items: [{id: 71, quantity: 1, total: "20.00"}]
    Good:
        /order_refund/line_items: []
    """
    items = body.order_refund.line_items
    if not isinstance(items, list) or not items:
        return None
    message = "a list of items is dropped in silence" + (
        ", and nothing is restocked" if body.order_refund.restock_items is True else ""
    )
    return finding("/order_refund/line_items", message, 'key them by item id: {"71": {"qty": 1, "refund_total": 10}}')


@rule("RF309", "update-ignored", severity="warning", on=UPDATE, source="facts")
def update_ignored(body: wc.RefundUpdateRequest, given: Given) -> Iterator[Finding]:
    """A field of an update that the server ignores.

    It looks at `amount` and `reason` only and answers 200 to everything else, read-only fields and items included.

    Bad:
        operation: woocommerce_legacy.update_refund
        /order_refund/line_items: {"71": {qty: 1}}
    Good:
        operation: woocommerce_legacy.update_refund
    """
    sent = _UPDATE.decode((given.body or b"").removeprefix(b"\xef\xbb\xbf"))
    for name in sent.order_refund:
        if name not in ("amount", "reason"):
            message, advice = (
                f"{name!r} is ignored in an update",
                "leave it out, or delete the refund and create another",
            )
            yield finding(f"/order_refund/{_token(name)}", message, advice)


class _Update(msgspec.Struct):
    order_refund: dict[str, msgspec.Raw]


_UPDATE = msgspec.json.Decoder(_Update)


@rule("RF320", "order-not-paid", severity="warning", on=CREATE)
def order_not_paid(body: wc.RefundCreateRequest, order: wc.OrderResponse) -> Finding | None:
    """The order is pending, failed or cancelled.

    The server refunds an order in any status; in these nobody has paid for it, or was paid back already.

    Bad:
        order:/order/status: pending
    Good:
        order:/order/status: processing
    """
    status = order.order.status
    if status not in ("pending", "failed", "cancelled"):
        return None
    return finding("order:/order/status", f"the order is {status}", "see whether it was paid at all")


@rule("RF507", "truthy-false", severity="warning", on=("woocommerce_legacy",), source="facts", raw=True)
def truthy_false(query: Mapping[str, str]) -> Finding | None:
    """`api_refund` in the query looks false, and is true.

    PHP takes every text for true but "0" and none at all: with `api_refund=false` the gateway pays.

    Bad:
        query: {api_refund: "false"}
    Good:
        query: {api_refund: "0"}
    """
    value = query.get("api_refund", "0")
    if value in ("0", "") or not _FALSE.fullmatch(value):
        return None
    return finding("query:api_refund", f"api_refund={value} is true to PHP: the gateway is asked", "send api_refund=0")


_FALSE = re.compile(r"\s*(false|f|no|n|off|none|null|nil|-?0+(\.0*)?)?\s*", re.IGNORECASE)


@rule("RF605", "reason-not-updated", severity="warning", on=UPDATE, source="facts")
def reason_not_updated(body: wc.RefundUpdateRequest) -> Finding | None:
    """An update of the reason, which current servers do not make.

    They answer 200 and keep the old reason; only old servers change it.

    Bad:
        operation: woocommerce_legacy.update_refund
        /order_refund/reason: Lid and one tray missing
    Good:
        operation: woocommerce_legacy.update_refund
    """
    if body.order_refund.reason is UNSET:
        return None
    return finding("/order_refund/reason", "current servers keep the old reason", "read the refund back afterwards")


@rule("RF606", "delete-frees-amount", severity="off", on=("woocommerce_legacy.delete_refund",), source="facts")
def delete_frees_amount(path: Mapping[str, str]) -> Finding:
    """Deleting a refund opens the order for another one.

    No money comes back from the customer, yet the amount counts as never refunded and can be paid out a second time.

    Bad:
        {}
    """
    return finding("path:refund_id", "the customer keeps the money, and it can be refunded once more")
