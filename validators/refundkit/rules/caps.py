"""The caps: what a refund may not exceed, written once against the ledger, for every API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ..ledger import Charge, Ledger, Line
from ..money import EXACT, ZERO, decimals, plain
from ..rule import Finding, finding, rule

WALMART_REFUND = ("walmart.refund_order_lines", "walmart_ca.refund_order_lines")
WALMART_CANCEL = ("walmart_ca.cancel_order_lines",)


@rule("RF203", "refund-exceeds-charge", on=WALMART_REFUND, source="walmart-ca-refund")
def refund_exceeds_charge(ledger: Ledger) -> Iterator[Finding]:
    """The refund is larger than what was charged for the line.

    Per line and charge type, this refund and every earlier one together give back no more than was charged; a charge
    type that the line lacks was charged nothing. The page caps one refund; that earlier ones count is our judgement.

    Bad:
        …/chargeAmount/amount: -39.99
        …/tax: null
    Good:
        …/chargeAmount/amount: -39.97
    """
    for line, charge in ledger.charges:
        if EXACT.add(charge.refunded_before, charge.refunded_now) > charge.charged:
            left = max(charge.refundable, ZERO)
            message = (
                f"refunds {plain(charge.refunded_now)} of line {line.number} {charge.kind}, but only {plain(left)} is"
                f" left of {plain(charge.charged)}"
            )
            yield charge.finding(message, f"send no more than {plain(left)}" if left else "leave the charge out")


@rule(
    "RF204",
    "refund-exceeds-order",
    on=("woocommerce_legacy.create_refund", "woocommerce_legacy.update_refund"),
    source="facts",
)
def refund_exceeds_order(
    ledger: Ledger, refunds: list[Any] | None = None, path: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """The refund is larger than what is left of the order.

    Left is the order's total less every other refund; an update leaves its own out, which the path names. Current
    servers break off with a 500 on such a refund, older ones pay it; an update is held to nothing and blocks every
    later refund. Compared as it is written, before any rounding: 29.004 of 29.00 is too much.

    Bad:
        /order_refund/amount: "85.81"
        /order_refund/line_items: null
    Good:
        /order_refund/amount: "85.80"
        /order_refund/line_items: null
    """
    if ledger.amount_pointer and ledger.refunded_now > ledger.refundable:
        left = max(ledger.refundable, ZERO)
        message = f"refunds {plain(ledger.refunded_now)}, but only {plain(left)} is left of {plain(ledger.total)}"
        advice = f"send no more than {plain(left)}" if left else "nothing is left to refund"
        yield finding(ledger.amount_pointer, message, advice)


@rule("RF207", "tax-exceeds-charge", on=WALMART_REFUND)
def tax_exceeds_charge(ledger: Ledger) -> Iterator[Finding]:
    """The refunded tax is larger than the tax that was charged.

    Counted like the charge itself: per line and charge type, with every earlier refund. Where a refund has both, `tax`
    counts and `taxDetails` is its breakdown.

    Bad:
        …/tax/taxAmount/amount: -3.31
    Good:
        …/tax/taxAmount/amount: -3.30
    """
    for line, charge in ledger.charges:
        if charge.tax_now > 0 and EXACT.add(charge.tax_before, charge.tax_now) > charge.tax_charged:
            left = max(charge.tax_refundable, ZERO)
            message = (
                f"refunds {plain(charge.tax_now)} tax of line {line.number} {charge.kind}, but only {plain(left)} is"
                f" left of {plain(charge.tax_charged)}"
            )
            yield charge.tax_finding(message, f"send no more than {plain(left)}")


@rule("RF213", "item-exceeds-line", severity="warning", on=("woocommerce_legacy.create_refund",), source="facts")
def item_exceeds_line(ledger: Ledger) -> Iterator[Finding]:
    """More is refunded of an item than the order has for it.

    The server compares nothing of an item with the order: its reports then show a line that lost more than it brought.
    An item is a product, a shipping or a fee line; a fee below zero is refunded below zero.

    Bad:
        /order_refund/line_items/73/refund_total: "8.01"
    Good:
        /order_refund/amount: "30.50"
        /order_refund/line_items/74: {refund_total: "-0.30"}
        order:/order/fee_lines/0/total: "-0.30"
    """
    for line, charge in ledger.charges:
        now, whole = charge.refunded_now, charge.charged
        if now > whole if whole >= 0 else not whole <= now <= 0:
            message = f"refunds {plain(now)} of line {line.number}, whose total is {plain(whole)}"
            yield charge.finding(message, f"send no more than {plain(whole)}")


@rule("RF214", "tax-left-out", severity="warning", on=(*WALMART_REFUND, "woocommerce_legacy.create_refund"))
def tax_left_out(ledger: Ledger) -> Iterator[Finding]:
    """What is left of a taxed charge is refunded whole, its tax is not.

    The customer paid the tax with it, and after this refund nothing of the charge is left to give it back with. A line
    that is marked as a full refund is left alone: there the server adds the tax.

    Bad:
        operation: walmart_ca.refund_order_lines
        …/chargeAmount/amount: -39.98
        …/tax: null
    Good:
        operation: walmart_ca.refund_order_lines
        …/chargeAmount/amount: -39.98
        …/tax/taxAmount/amount: -5.20
    """
    for line, charge in ledger.charges:
        taxed = charge.tax_charged > 0 and EXACT.add(charge.tax_before, charge.tax_now) < charge.tax_charged
        if taxed and not line.whole and charge.refunded_now > 0 and charge.refunded_now == charge.refundable:
            left = EXACT.subtract(charge.tax_refundable, charge.tax_now)
            message = f"refunds the rest of line {line.number} {charge.kind}, but not {plain(left)} of its tax"
            yield charge.finding(message, f"refund the tax as well: {plain(charge.tax_refundable)} is left")


@rule(
    "RF301",
    "unknown-line",
    on=(*WALMART_REFUND, *WALMART_CANCEL, "woocommerce_legacy.create_refund", "taxcloud.refund_order"),
    source="walmart-ca-refund, facts",
)
def unknown_line(ledger: Ledger) -> Iterator[Finding]:
    """The order has no such line or item.

    Numbers are compared letter by letter: "01" is not "1". WooCommerce drops an unknown item in silence and refunds
    the rest.

    Bad:
        …/lineNumber: "9"
    Good:
        {}
    """
    for line in ledger.lines:
        if not line.known:
            yield line.finding(f"the order has no line {line.number!r}", "take the line from the order")


@rule("RF302", "line-not-shipped", on=WALMART_REFUND, source="walmart-ca-refund, facts")
def line_not_shipped(ledger: Ledger) -> Iterator[Finding]:
    """No quantity of the line is Shipped.

    Only what was shipped can be refunded; the rest is cancelled. The current API also counts what is Delivered, and
    what has the status Refund, which was shipped once.

    Bad:
        …/lineNumber: "3"
        …/chargeAmount/amount: -1.00
        …/tax: null
        …/refundCharge/1: null
    Good:
        {}
    """
    for line in ledger.known_lines:
        if not line.shipped:
            yield line.finding(f"line {line.number} is not shipped ({line.statuses})", "cancel what is not shipped")


@rule("RF313", "exceeds-shipped-share", severity="warning", on=WALMART_REFUND)
def exceeds_shipped_share(ledger: Ledger) -> Iterator[Finding]:
    """Of a partly shipped line, more is refunded than the shipped part cost.

    The product charge is for the whole line; what is not shipped yet is cancelled, not refunded. Earlier refunds count,
    and one minor unit of the currency is forgiven.

    Bad:
        …/chargeAmount/amount: -20.01
        order:…/orderLineStatus/0/statusQuantity/amount: "1"
        order:…/orderLineStatus/1: {status: Acknowledged, statusQuantity: {unitOfMeasurement: EACH, amount: "1"}}
    Good:
        …/chargeAmount/amount: -20.00
        order:…/orderLineStatus/0/statusQuantity/amount: "1"
        order:…/orderLineStatus/1: {status: Acknowledged, statusQuantity: {unitOfMeasurement: EACH, amount: "1"}}
    """
    for line, charge in ledger.charges:
        if charge.kind.upper() == "PRODUCT" and 0 < line.shipped < line.ordered and _beyond_share(line, charge):
            message = (
                f"refunds {plain(charge.refunded_now)} of line {line.number}, of which {plain(line.shipped)} of"
                f" {plain(line.ordered)} are shipped"
            )
            yield charge.finding(message, "cancel what is not shipped")


def _beyond_share(line: Line, charge: Charge) -> bool:
    """refunded - grace > charged x shipped / ordered, without the division."""
    refunded = EXACT.subtract(EXACT.add(charge.refunded_before, charge.refunded_now), _minor_unit(charge.currency))
    return EXACT.multiply(refunded, line.ordered) > EXACT.multiply(charge.charged, line.shipped)


def _minor_unit(currency: str) -> Decimal:
    places = decimals(currency)
    return ZERO if places is None else Decimal(1).scaleb(-places)


@rule("RF304", "line-not-cancellable", on=WALMART_CANCEL, source="facts")
def line_not_cancellable(ledger: Ledger) -> Iterator[Finding]:
    """Nothing of the line is still open.

    What is shipped, cancelled or refunded cannot be cancelled any more; a shipped line is refunded instead.

    Bad:
        …/lineNumber: "1"
    Good:
        {}
    """
    for line in ledger.known_lines:
        if line.open <= 0:
            yield line.finding(f"nothing of line {line.number} is open ({line.statuses})", "refund what is shipped")


@rule("RF403", "cancel-exceeds-order", on=WALMART_CANCEL)
def cancel_exceeds_order(ledger: Ledger) -> Iterator[Finding]:
    """More is cancelled than is still open on the line.

    Bad:
        …/statusQuantity/amount: "2"
        operation: walmart_ca.cancel_order_lines
    Good:
        operation: walmart_ca.cancel_order_lines
    """
    for line in ledger.known_lines:
        if 0 < line.open < line.refunded_now:
            message = f"cancels {plain(line.refunded_now)} of line {line.number}, of which {plain(line.open)} are open"
            yield finding(line.quantity_pointer, message, f"cancel {plain(line.open)}")


@rule("RF401", "quantity-exceeds-order", on=("taxcloud.refund_order",), source="taxcloud-refund")
def quantity_exceeds_order(ledger: Ledger, refunds: list[Any] | None = None) -> Iterator[Finding]:
    """More of an item is refunded than was ordered.

    All refunds of an order together give back at most what was ordered, item by item. A refund that is sent again under
    its idempotency key counts once. An item on several lines of the order is held to the line that `cartItemIndex`
    names, and to all of them together.

    Bad:
        /items/1/quantity: 1.501
    Good:
        /items/1/quantity: 1.5
    """
    for line in ledger.known_lines:
        if line.exceeded:
            yield finding(line.quantity_pointer, *_too_many(line))


@rule(
    "RF404", "item-quantity-exceeds-order", severity="warning", on=("woocommerce_legacy.create_refund",), source="facts"
)
def item_quantity_exceeds_order(ledger: Ledger, refunds: list[Any] | None = None) -> Iterator[Finding]:
    """More pieces of an item are refunded than were ordered.

    The server takes any quantity and puts as many back into stock as it is told. Earlier refunds count where the server
    says which item they were of; current ones say 0.

    Bad:
        /order_refund/line_items/71/qty: 3
    Good:
        /order_refund/line_items/71/qty: 2
    """
    for line in ledger.known_lines:
        if line.quantity_where and line.exceeded:
            yield finding(line.quantity_pointer, *_too_many(line))


def _too_many(line: Line) -> tuple[str, str]:
    left = plain(max(line.left, ZERO))
    message = f"refunds {plain(line.refunded_now)} of {line.number}, but only {left} of {plain(line.ordered)} are left"
    return message, f"send at most {left}"
