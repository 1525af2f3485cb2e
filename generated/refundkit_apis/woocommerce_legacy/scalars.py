"""The numbers of woocommerce_legacy.yaml: exact, and bounded as the spec bounds them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from .._runtime.number import Number

__all__ = ["ItemQuantity", "LooseAmount", "OrderMoney", "RefundItemQuantity", "RefundItemTotal", "RefundMoney"]

if TYPE_CHECKING:
    LooseAmount: TypeAlias = Decimal | int | str
    RefundItemQuantity: TypeAlias = Decimal | int | str
    RefundItemTotal: TypeAlias = Decimal | int | str
    RefundMoney: TypeAlias = str | Decimal | int
    OrderMoney: TypeAlias = str | Decimal | int
    ItemQuantity: TypeAlias = Decimal | int | str
else:

    class LooseAmount(Number, minimum=0, text=True, pattern="^-?[0-9]+(\\.[0-9]+)?$(?!\\n)", unlike="^-[0-9.]*[1-9]"):
        """What is given back, zero or above, in the currency's main unit; a plain decimal."""

    class RefundItemQuantity(
        Number, minimum=0, text=True, pattern="^-?[0-9]+(\\.[0-9]+)?$(?!\\n)", unlike="^-[0-9.]*[1-9]"
    ):
        """How many pieces go back, zero or above."""

    class RefundItemTotal(Number, text=True, pattern="^-?[0-9]+(\\.[0-9]+)?$(?!\\n)"):
        """What is given back of an item or of its tax; below zero for a fee that is."""

    class RefundMoney(Number, text=True):
        """A decimal, as text on every server seen; zero or above for a refund, below for its lines."""

    class OrderMoney(Number, text=True):
        """A decimal in the currency's main unit, text on every server seen; below zero for some fees."""

    class ItemQuantity(Number, text=True):
        """A number of pieces; below zero in a refund."""
