"""What WooCommerce's records and answers prove: a refund is stored before a payment gateway is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...ledger import TOTAL, Refund
from ...money import equals_as_shown
from ..shared.sent import SentRefund, Snapshot
from .ledger import parse_number

if TYPE_CHECKING:
    from refundkit_apis.woocommerce_legacy import models as wc

# The payment methods of WooCommerce itself that cannot refund; "" is an order without one.
_WITHOUT_REFUNDS = frozenset({"", "bacs", "cheque", "cod"})


def is_paid(sent: SentRefund, body: Any, order: wc.OrderResponse | None) -> bool:
    """True if a recorded refund moved all the money that it moves: no payment gateway was asked.

    Only a refund that is new asks one: not where `api_refund` is off in the query, nor for a method without refunds.
    """
    if not sent.operation.name.endswith(".create_refund"):
        return True
    details = order.order.payment_details if order is not None else None
    method = details.method_id if details else None
    is_switched_off = sent.query.get("api_refund") in ("", "0") and body.order_refund.refund_payment is not True
    return is_switched_off or method in _WITHOUT_REFUNDS


def find_contradiction(sent: SentRefund, refund: Refund, before: Snapshot, answer: Any) -> str | None:
    """Return what shows that the answer is another refund, or of another amount than was asked."""
    answered: wc.Refund | None = getattr(answer, "order_refund", None)
    if answered is None:  # of a deletion
        return None
    if refund.id and str(answered.id) != refund.id:
        return f"the answer is refund {answered.id}, the change is of refund {refund.id}"
    amount = parse_number(answered.amount)
    for posting in refund.postings:
        if posting.account == TOTAL and (amount is None or not equals_as_shown(posting.amount, amount)):
            return f"the answer is a refund of {answered.amount}, {posting.amount} were asked"
    return None
