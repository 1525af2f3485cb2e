"""What WooCommerce's records and answers prove: a refund is stored before a payment gateway is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...ledger import Refund
from ..shared.sent import SentRefund, Snapshot
from ..woocommerce.outcome import WITHOUT_REFUNDS, describe_contradiction

if TYPE_CHECKING:
    from refundkit_apis.woocommerce_legacy import models as wc


def is_paid(sent: SentRefund, body: Any, before: Snapshot, after: Snapshot) -> bool:
    """True if a recorded refund moved all the money that it moves: no payment gateway was asked.

    Only a refund that is new asks one: not where `api_refund` is off in the query, nor for a method without refunds.
    """
    if not sent.operation.name.endswith(".create_refund"):
        return True
    order: wc.OrderResponse | None = after.order or before.order
    details = order.order.payment_details if order is not None else None
    method = details.method_id if details else None
    is_switched_off = sent.query.get("api_refund") in ("", "0") and body.order_refund.refund_payment is not True
    return is_switched_off or method in WITHOUT_REFUNDS


def find_contradiction(sent: SentRefund, refund: Refund, before: Snapshot, answer: Any) -> str | None:
    """Return what shows that the answer is another refund, or of another amount than was asked."""
    answered: wc.Refund | None = getattr(answer, "order_refund", None)
    return None if answered is None else describe_contradiction(refund, answered)  # a deletion answers with a sentence
