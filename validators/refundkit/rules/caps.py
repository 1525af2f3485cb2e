"""Rules on what a refund may not exceed, for every API: each compares accounts of the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_UP, Decimal

from ..errors import Finding, finding
from ..ledger import ANY, CANCELS, ITEM, PIECES, TAX, TOTAL, Account, Ledger, Line, Refund
from ..money import ZERO, decimals, plain
from ..rule import rule


@rule("RF203", "refund-exceeds-charge", on=("charges",), source="walmart-ca-refund")
def refund_exceeds_charge(ledger: Ledger) -> Iterator[Finding]:
    """The refund is larger than what was charged for the line.

    Per line and charge type, this refund and every earlier one together give back no more than was charged; a charge
    type that the line lacks was charged nothing. Earlier refunds count by their size, whatever their sign; a discount
    lowers what was charged. A full refund of a line of which nothing is left is one too many as well. The page caps one
    refund; that earlier ones count is our judgement.

    Bad:
        …/chargeAmount/amount: -39.99
        …/tax: null
    Good:
        …/chargeAmount/amount: -39.97
    """
    for account in ledger.accounts:
        if account.is_money and account.exceeded:
            limit = account.remaining
            message = (
                f"refunds {plain(account.now)} of line {account.number} {account.name}, but only {plain(limit)} is"
                f" left of {plain(account.charged)}"
            )
            yield account.finding(message, f"send no more than {plain(limit)}" if limit else "leave the charge out")
    for line in ledger.known_lines:
        if line.full and _has_nothing_left(line):
            pointer = next((account.pointer for account in line.money if account.pointer), line.pointer)
            yield finding(pointer, f"line {line.number} is a full refund, and nothing of it is left", "leave it out")


def _has_nothing_left(line: Line) -> bool:
    """Return whether earlier refunds paid back the whole line and this one names no amount of it."""
    is_left = any(account.now or account.left > 0 or account.tax_left > 0 for account in line.money)
    return not is_left and any(account.before or account.tax_before for account in line.money)


@rule("RF204", "refund-exceeds-order", on=("order_total",), source="live server")
def refund_exceeds_order(
    ledger: Ledger, refunds: list[Refund] | None = None, path: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """The refund is larger than what is left of the order.

    Left is the order's total less every other refund; an update leaves its own out, which the path names. Current
    servers break off with a 500 on such a refund, older ones pay it; an update is held to nothing and blocks every
    later refund. Compared as it is written, before any rounding: 29.004 of 29.00 is too much. What may be fine because
    the order hides decimals is RF221 instead.

    Bad:
        /amount: "85.81"
        /line_items: null
    Good:
        /amount: "85.80"
        /line_items: null
    """
    for account in ledger.accounts:
        if account.name == TOTAL and account.now > account.left + ledger.rounding_of(account):
            limit = account.remaining
            message = f"refunds {plain(account.now)}, but only {plain(limit)} is left of {plain(account.charged)}"
            help_text = f"send no more than {plain(limit)}" if limit else "nothing is left to refund"
            yield account.finding(message, help_text)


@rule("RF207", "tax-exceeds-charge", on=("charges",))
def tax_exceeds_charge(ledger: Ledger) -> Iterator[Finding]:
    """The refunded tax is larger than the tax that was charged, by more than one minor unit.

    Counted like the charge itself: per line and charge type, with every earlier refund. Where a refund has both, `tax`
    counts and `taxDetails` is its breakdown. Up to one minor unit of the currency it is RF220.

    Bad:
        …/tax/taxAmount/amount: -3.32
    Good:
        …/tax/taxAmount/amount: -3.30
    """
    return _taxes_beyond(ledger, by_rounding=False)


@rule("RF220", "tax-rounded-up", severity="warning", on=("charges",))
def tax_rounded_up(ledger: Ledger) -> Iterator[Finding]:
    """The refunded tax is above the tax that was charged, by no more than one minor unit.

    Two halves of a tax, each rounded up, are a cent more than the tax. With every earlier refund; more than that is
    RF207.

    Bad:
        …/tax/taxAmount/amount: -3.31
    Good:
        …/tax/taxAmount/amount: -3.30
    """
    return _taxes_beyond(ledger, by_rounding=True)


def _taxes_beyond(ledger: Ledger, *, by_rounding: bool) -> Iterator[Finding]:
    """Find the refunded taxes that are above what is left by one minor unit at most, or those above by more."""
    for account in ledger.accounts:
        excess = account.tax_now - account.tax_left
        is_rounding = excess <= _minor_unit(ledger, account)
        if account.tax_now > 0 and excess > 0 and is_rounding == by_rounding:
            limit = account.tax_remaining
            message = (
                f"refunds {plain(account.tax_now)} tax of line {account.number} {account.name}, but only {plain(limit)}"
                f" is left of {plain(account.tax_charged)}"
            )
            yield account.tax_finding(message, f"send no more than {plain(limit)}")


@rule("RF213", "item-exceeds-line", severity="warning", on=("items",), source="live server")
def item_exceeds_line(ledger: Ledger, refunded_items: list[Refund] | None = None) -> Iterator[Finding]:
    """More is refunded of an item than the order has for it.

    The server compares nothing of an item with the order: its reports then show a line that lost more than it brought.
    Earlier refunds count where the server says which item they were of. An item is a product, a shipping or a fee line;
    only a fee below zero goes back below zero.

    Bad:
        /line_items/1/refund_total: "8.01"
    Good:
        /amount: "30.50"
        /line_items/2: {id: 74, refund_total: "-0.30"}
        order:/fee_lines/0/total: "-0.30"
    """
    for account in ledger.accounts:
        if account.name == ITEM and account.listed and account.pointer and _is_beyond(ledger, account, account.left):
            refunded, charged = plain(account.now), plain(account.charged)
            message = f"refunds {refunded} of line {account.number}, whose total is {charged}"
            limit = account.remaining
            yield account.finding(message, f"send nothing beyond {plain(limit)}" if limit else "leave the item out")


@rule("RF218", "tax-exceeds-item", severity="warning", on=("items",), source="live server")
def tax_exceeds_item(ledger: Ledger) -> Iterator[Finding]:
    """More tax of a rate is refunded than the item was taxed by that rate.

    The server books what it is told, so the tax report goes wrong: a tax above what the line was taxed, one below zero
    (but for a fee below zero), and one of a rate that the line lacks. A tax with more decimals than the shop has may be
    rounded up. Where the order tells one sum for several rates, each is held to that sum.

    Bad:
        /line_items/0/refund_tax/0/id: 9
    Good:
        /line_items/0/refund_tax/0/id: 3
    """
    for account in ledger.accounts:
        is_tax, rate = account.name.startswith(TAX), account.name.removeprefix(TAX)
        is_unknown = not account.listed and ANY in ledger.line_of(account).accounts
        if is_tax and not is_unknown and _is_beyond(ledger, account, _round_up(ledger, account.charged)):
            taxed = f"was taxed {plain(account.charged)} by it" if account.listed else "was not taxed by it"
            message = f"refunds {plain(account.now)} tax of rate {rate}, and line {account.number} {taxed}"
            yield account.finding(message, "take rate and tax from the order")


def _round_up(ledger: Ledger, tax: Decimal) -> Decimal:
    """Return a tax in whole minor units, away from zero: a shop computes it with more decimals than it can refund."""
    return tax if ledger.decimals is None else tax.quantize(Decimal(1).scaleb(-ledger.decimals), ROUND_UP)


def _is_beyond(ledger: Ledger, account: Account, limit: Decimal) -> bool:
    """Return whether an item's money goes beyond a limit, on either side of zero, or has the other sign."""
    sign = 1 if account.charged >= 0 else -1
    return sign * account.now < 0 or 0 < sign * account.now > sign * limit + ledger.rounding_of(account)


@rule("RF214", "tax-left-out", severity="warning", on=("charges", "items"))
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
    for account in ledger.accounts:
        open_tax = account.tax_left - account.tax_now - ledger.rounding_of(account)
        is_left_out = account.tax_charged > 0 and open_tax * 2 > _minor_unit(ledger, account)
        if is_left_out and 0 < account.now == account.left and not ledger.line_of(account).full:
            message = f"refunds the rest of line {account.number} {account.name}, but not {plain(open_tax)} of its tax"
            yield account.finding(message, f"refund the tax as well: {plain(account.tax_remaining)} is left")


@rule("RF301", "unknown-line", on=("lines",), source="walmart-ca-refund, live server")
def unknown_line(ledger: Ledger) -> Iterator[Finding]:
    """The order has no such line or item.

    Numbers are compared letter by letter: "01" is not "1". WooCommerce drops an unknown item in silence and refunds
    the rest.

    Bad:
        …/lineNumber: "9"
    Good:
        {}
    """
    for line in ledger.named_lines:
        if not line.known:
            yield line.finding(f"the order has no line {line.number!r}", "take the line from the order")


@rule("RF302", "line-not-shipped", on=("ships",), source="walmart-ca-refund, published schema")
def line_not_shipped(ledger: Ledger) -> Iterator[Finding]:
    """No quantity of the line is Shipped.

    Only what was shipped can be refunded; the rest is cancelled. What has the status Refund was shipped once; the
    current API also counts what is Delivered.

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
            yield line.finding(f"line {line.number} is not shipped ({line.status})", "cancel what is not shipped")


@rule("RF313", "exceeds-shipped-share", severity="warning", on=("ships",), source="published schema")
def exceeds_shipped_share(ledger: Ledger) -> Iterator[Finding]:
    """Of a partly shipped line, more is refunded than the shipped part cost.

    The product charge is for all pieces that are not cancelled; what is not shipped yet is cancelled, not refunded.
    Earlier refunds count, so does a full refund that names no amount, and one minor unit of the currency is forgiven.

    Bad:
        …/chargeAmount/amount: -20.01
        order:…/orderLineStatus/0/statusQuantity/amount: "1"
        order:…/orderLineStatus/1: {status: Acknowledged, statusQuantity: {unitOfMeasurement: EACH, amount: "1"}}
    Good:
        …/chargeAmount/amount: -20.00
        order:…/orderLineStatus/0/statusQuantity/amount: "1"
        order:…/orderLineStatus/1: {status: Acknowledged, statusQuantity: {unitOfMeasurement: EACH, amount: "1"}}
    """
    for line in ledger.known_lines:
        account, bought = line.accounts.get("PRODUCT"), line.ordered
        if account is None or not account.named or not 0 < line.shipped < bought:
            continue
        # A full refund names no amount, and still exceeds the share if earlier refunds did.
        refunded = account.before + account.now - _minor_unit(ledger, account)
        if refunded * bought > account.charged * line.shipped:
            message = (
                f"refunds {plain(account.now)} of line {line.number}, of which {plain(line.shipped)} of"
                f" {plain(bought)} are shipped"
            )
            yield account.finding(message, "cancel what is not shipped")


def _minor_unit(ledger: Ledger, account: Account) -> Decimal:
    """Return the minor unit of an account's currency; of the order's where its line lacks the account."""
    places = decimals(account.currency or ledger.currency)
    return ZERO if places is None else Decimal(1).scaleb(-places)


@rule("RF304", "line-not-cancellable", on=("cancels",), source="published schema")
def line_not_cancellable(ledger: Ledger) -> Iterator[Finding]:
    """Nothing of the line is still open.

    What is shipped, cancelled or refunded cannot be cancelled any more; a shipped line is refunded instead.

    Bad:
        …/lineNumber: "1"
    Good:
        {}
    """
    for line in ledger.known_lines:
        if line.accounts[CANCELS].left <= 0:
            yield line.finding(f"nothing of line {line.number} is open ({line.status})", "refund what is shipped")


@rule("RF403", "cancel-exceeds-order", on=("cancels",))
def cancel_exceeds_order(ledger: Ledger) -> Iterator[Finding]:
    """More is cancelled than is still open on the line.

    Bad:
        …/statusQuantity/amount: "2"
        operation: walmart_ca.cancel_order_lines
    Good:
        operation: walmart_ca.cancel_order_lines
    """
    for account in ledger.accounts:
        if account.name == CANCELS and 0 < account.left < account.now:
            limit = plain(account.left)
            message = f"cancels {plain(account.now)} of line {account.number}, of which {limit} are open"
            yield account.finding(message, f"cancel {limit}")


@rule("RF401", "quantity-exceeds-order", on=("pieces",), source="taxcloud-refund")
def quantity_exceeds_order(ledger: Ledger, refunds: list[Refund] | None = None) -> Iterator[Finding]:
    """More of an item is refunded than was ordered.

    All refunds of an order together give back at most what was ordered, item by item. A refund that is sent again under
    its idempotency key counts once. An item on several lines of the order is held to the line that `cartItemIndex`
    names, and to all of them together.

    Bad:
        /items/1/quantity: 1.501
    Good:
        /items/1/quantity: 1.5
    """
    # Shares are computed in floating point: 0.36/9.99 and 9.63/9.99 are one piece.
    pieces = [account for account in ledger.accounts if account.name == PIECES]
    exceeded = [account for account in pieces if account.now > account.remaining + Decimal("1e-9")]
    # No second finding for all lines of an item if one of its lines has one.
    parents = {ledger.line_of(account).parent for account in exceeded}
    for account in exceeded:
        if account.line not in parents:
            yield account.finding(*_too_many_pieces(account))


@rule("RF404", "item-quantity-exceeds-order", severity="warning", on=("items",), source="live server")
def item_quantity_exceeds_order(ledger: Ledger, refunded_items: list[Refund] | None = None) -> Iterator[Finding]:
    """More pieces of an item are refunded than were ordered.

    The server takes any quantity and puts as many back into stock as it is told. Earlier refunds count where the server
    says which item they were of; current ones say 0, and then they count by their product if it stands once in the
    order. The legacy API also takes a part of a piece, which no stock has.

    Bad:
        /line_items/0/quantity: 3
    Good:
        /line_items/0/quantity: 2
    """
    for account in ledger.accounts:
        if account.name != PIECES or not account.listed:
            continue
        if account.exceeded:
            yield account.finding(*_too_many_pieces(account))
        elif ledger.whole_pieces and account.now % 1:
            help_text = f"send a whole number of pieces, at most {plain(account.remaining // 1)}"
            yield account.finding(f"refunds {plain(account.now)} of {account.number}", help_text)


def _too_many_pieces(account: Account) -> tuple[str, str]:
    """Return message and help for more pieces than are left."""
    limit = plain(account.remaining)
    message = f"refunds {plain(account.now)} of {account.number}, but only {limit} of {plain(account.charged)} are left"
    return message, f"send at most {limit}"
