"""The numbers of taxcloud.yaml: exact, and bounded as the spec bounds them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from .._runtime.number import Number

__all__ = ["Amount", "CartItemIndex", "Quantity", "Rate", "RefundQuantity"]

if TYPE_CHECKING:
    RefundQuantity: TypeAlias = Decimal | int
    CartItemIndex: TypeAlias = int
    Amount: TypeAlias = Decimal | int
    Rate: TypeAlias = Decimal | int
    Quantity: TypeAlias = Decimal | int
else:

    class RefundQuantity(Number, above=0):
        """Above zero; a fraction of a piece gives back a part of its price."""

    class CartItemIndex(Number, minimum=0, maximum=500, whole=True):
        """The `index` of the order line, 0 to 500, for an item that stands on several lines."""

    class Amount(Number):
        """In the currency's main unit."""

    class Rate(Number):
        """A part of one: 0.08 is eight percent."""

    class Quantity(Number):
        """A number of pieces; it may be a fraction."""
