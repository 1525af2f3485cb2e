"""What WooCommerce's answers prove: its refunds' own refusals come as HTTP 500, with the status that was meant."""

from __future__ import annotations

from ...operations import Operation

_REFUSALS_OF_A_CREATE = frozenset(
    f"woocommerce_rest_{code}" for code in ("cannot_create_order_refund", "invalid_order_refund", "invalid_order_id")
)


def is_refusal(operation: Operation, code: str | None) -> bool:
    """True if an error with this code proves that nothing was made, whatever its status.

    A create checks everything before, and takes back what the gateway refuses. A delete under another order's path
    answers with the same codes, and has deleted.
    """
    return operation.name.endswith(".create_refund") and code in _REFUSALS_OF_A_CREATE
