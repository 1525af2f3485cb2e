"""The numbers of woocommerce.yaml: exact, and bounded as the spec bounds them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from .._runtime.number import Number

__all__ = [
    "Amount",
    "ItemId",
    "MetaValue",
    "Money",
    "Percent",
    "Price",
    "Quantity",
    "RateId",
    "RefundItemTotal",
    "RefundQuantity",
    "UserId",
]

if TYPE_CHECKING:
    Amount: TypeAlias = str
    RefundQuantity: TypeAlias = int
    RefundItemTotal: TypeAlias = Decimal | int | str
    ItemId: TypeAlias = int
    RateId: TypeAlias = int
    UserId: TypeAlias = int
    MetaValue: TypeAlias = str | Decimal | int | None
    Money: TypeAlias = str | Decimal | int
    Price: TypeAlias = Decimal | int | str | None
    Percent: TypeAlias = Decimal | int | str | None
    Quantity: TypeAlias = Decimal | int | str | None
else:

    class Amount(Number, literal=False, text=True, pattern="^-?[0-9]+(\\.[0-9]+)?$(?!\\n)", unlike="^-[0-9.]*[1-9]"):
        """What is given back, zero or above, text and never a number. Left out, it is the sum of the items."""

    class RefundQuantity(Number, minimum=0, whole=True):
        """How many pieces go back, zero or above; of shipping and fees none."""

    class RefundItemTotal(Number, text=True, pattern="^-?[0-9]+(\\.[0-9]+)?$(?!\\n)"):
        """What is given back of an item or of its tax; below zero for a fee that is."""

    class ItemId(Number, whole=True):
        """An id of the order's line_items, shipping_lines or fee_lines."""

    class RateId(Number, whole=True):
        """The rate of the tax: `rate_id` in the order's tax_lines."""

    class UserId(Number, whole=True):
        """Ignored; a refund is by the user of the key."""

    class MetaValue(Number, text=True, null=True):
        """What is stored under the key."""

    class Money(Number, text=True):
        """A decimal with the shop's decimals, as text; below zero in what a refund takes back."""

    class Price(Number, text=True, null=True):
        """Of one piece, a number."""

    class Percent(Number, text=True, null=True):
        """A rate in percent, a number."""

    class Quantity(Number, text=True, null=True):
        """A number of pieces; below zero in a refund."""
