"""The models of this API, under the names where openapi-python-client puts them; `structs` defines them."""

from ..structs import (
    Address,
    Currency,
    Exemption,
    Order,
    OrderLine,
    Problem,
    ProblemDetail,
    Refund,
    RefundCreate,
    RefundedItem,
    RefundItem,
    Tax,
)

__all__ = (
    "Address",
    "Currency",
    "Exemption",
    "Order",
    "OrderLine",
    "Problem",
    "ProblemDetail",
    "Refund",
    "RefundCreate",
    "RefundedItem",
    "RefundItem",
    "Tax",
)
