"""The numbers of walmart.yaml: exact, and bounded as the spec bounds them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from .._runtime.number import Number

__all__ = ["Amount", "RefundAmount", "RefundTaxAmount", "ReturnLineNumber", "ReturnPieces", "ReturnRefundPieces"]

if TYPE_CHECKING:
    RefundAmount: TypeAlias = Decimal | int
    RefundTaxAmount: TypeAlias = Decimal | int
    ReturnLineNumber: TypeAlias = int
    ReturnRefundPieces: TypeAlias = Decimal | int
    Amount: TypeAlias = Decimal | int
    ReturnPieces: TypeAlias = Decimal | int
else:

    class RefundAmount(Number, below=0):
        """What is given back, always below zero, in the currency's main unit."""

    class RefundTaxAmount(Number, maximum=0):
        """The tax given back, zero or below, in the currency's main unit."""

    class ReturnLineNumber(Number, whole=True):
        """A number here, where the orders' lineNumber is a text."""

    class ReturnRefundPieces(Number, above=0):
        """How many pieces are refunded, a number where the orders' amount is a text."""

    class Amount(Number):
        """In the currency's main unit."""

    class ReturnPieces(Number):
        """A number of the API."""
