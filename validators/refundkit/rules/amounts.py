"""Rules on the form of a refund's numbers, for every API: decimals and sign."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import Finding, finding
from ..ledger import Ledger, Refund
from ..money import decimals, places, plain
from ..rule import rule
from ..text import format_value

_MONEY = ("charges", "order_total")


@rule(
    "RF206",
    "amount-precision",
    severity="warning",
    on=_MONEY,
    reports_missing=False,
    source="live server, published schema",
)
def amount_precision(refund: Refund, ledger: Ledger | None = None) -> Iterator[Finding]:
    """An amount has more decimals than its currency.

    What nobody can pay is rounded somewhere, in silence: JPY has no decimals, USD and CAD have two, KWD three. A
    WooCommerce body names no currency: there it is that of the order, and without an order two decimals are allowed; it
    makes 5.56 of 5.555. Zeros at the end do not count.

    Bad:
        …/chargeAmount/amount: -19.995
    Good:
        …/chargeAmount/amount: -19.99000
    """
    default_decimals = 2 if ledger is None else ledger.decimals
    for amount in refund.amounts:
        allowed = decimals(amount.currency) if amount.currency else default_decimals
        used = places(amount.value)
        if allowed is not None and used > allowed:
            message = f"{plain(amount.value)} has {used} decimals, {amount.currency or 'this money'} has {allowed}"
            yield finding(amount.pointer, message)


@rule("RF402", "quantity-not-positive", on=("cancels", "items", "pieces"), source="live server")
def quantity_not_positive(value: object) -> tuple[str, str]:
    """A quantity is one that nothing can have.

    TaxCloud refunds more than zero of an item, a fraction of it too; a WooCommerce item has a `qty` of zero or more; a
    cancellation counts whole pieces, one or more, in a string. What the servers make of others is written nowhere.

    Bad:
        operation: taxcloud.refund_order
        /items/0/quantity: 0
    Good:
        operation: taxcloud.refund_order
        /items/0/quantity: 0.5
    """
    return f"{format_value(value)} is no quantity that can go back", "send how many pieces, as a number above zero"
