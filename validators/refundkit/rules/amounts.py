"""How a number of a refund may look, whatever the API: its decimals, its sign."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Protocol

import msgspec

from ..ledger import Ledger
from ..money import EVERYDAY, decimals, everyday, places, plain
from ..rule import Finding, finding, rule


class Amount(msgspec.Struct, frozen=True, gc=False):
    """One amount of a charge: where it stands in it, and its currency, "" where the request names none."""

    where: str
    value: Decimal | int
    currency: str


class Priced(Protocol):
    """A charge of any API."""

    def amounts(self) -> Iterable[Amount]:
        """Every amount of the charge."""

    def pointer(self, where: str = "") -> str:
        """Where a part of the charge stands in the body."""


@rule(
    "RF206",
    "amount-precision",
    severity="warning",
    on=("walmart.refund_order_lines", "walmart_ca.refund_order_lines", "woocommerce_legacy"),
    source="facts",
    forgoes=True,
)
def amount_precision(charges: list[Priced], ledger: Ledger | None = None) -> Iterator[Finding]:
    """An amount has more decimals than its currency.

    What nobody can pay is rounded somewhere, in silence: JPY has no decimals, USD and CAD have two, KWD three. A
    WooCommerce body has no currency: there it is two, or as many as the order's total has; it makes 5.56 of 5.555.
    Zeros at the end do not count.

    Bad:
        …/chargeAmount/amount: -19.995
    Good:
        …/chargeAmount/amount: -19.99000
    """
    unnamed = 2 if ledger is None else ledger.decimals
    for charge in charges:
        for amount in charge.amounts():
            allowed = decimals(amount.currency) if amount.currency else unnamed
            if allowed == EVERYDAY and everyday(amount.value):
                continue
            used = places(amount.value)
            if allowed is not None and used > allowed:
                message = f"{plain(amount.value)} has {used} decimals, {amount.currency or 'this money'} has {allowed}"
                yield finding(charge.pointer(f"{amount.where}/amount"), message)


@rule(
    "RF402",
    "quantity-not-positive",
    on=("walmart_ca.cancel_order_lines", "woocommerce_legacy.create_refund", "taxcloud.refund_order"),
    source="facts",
)
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
    from ..schema import shown

    return f"{shown(value)} is no quantity that can go back", "send how many pieces, as a number above zero"
