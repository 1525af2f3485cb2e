"""What WooCommerce's records and answers prove; what its legacy API shares stands here too.

The refunds' own refusals come as HTTP 500, with the status that was meant. What the gateway refuses is taken back, and
of what it paid the refund says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...ledger import TOTAL, Refund
from ...money import equals_as_shown
from ...operations import Operation
from ..shared.sent import SentRefund, Snapshot
from .ledger import MODEL, parse_number

if TYPE_CHECKING:
    from refundkit_apis.woocommerce import models as wc

# The payment methods of WooCommerce itself that cannot refund; "" is an order without one.
WITHOUT_REFUNDS = frozenset({"", "bacs", "cheque", "cod"})
_REFUSALS_OF_A_CREATE = frozenset(
    f"woocommerce_rest_{code}" for code in ("cannot_create_order_refund", "invalid_order_refund", "invalid_order_id")
)


def is_refusal(operation: Operation, code: str | None) -> bool:
    """True if an error with this code proves that nothing was made, whatever its status.

    A create checks everything before, and takes back what the gateway refuses. A delete under another order's path
    answers with the same codes, and has deleted.
    """
    return operation.name.endswith(".create_refund") and code in _REFUSALS_OF_A_CREATE


def is_paid(sent: SentRefund, body: Any, before: Snapshot, after: Snapshot) -> bool:
    """True if a recorded refund moved all the money that it moves: no gateway was asked, or it says that one paid."""
    if not sent.operation.name.endswith(".create_refund"):
        return True
    is_off_in_query = not isinstance(body.api_refund, bool) and sent.query.get("api_refund") in ("false", "0")
    order: wc.Order | None = after.order or before.order
    if body.api_refund is False or is_off_in_query or (order is not None and order.payment_method in WITHOUT_REFUNDS):
        return True
    refund, earlier = MODEL.read_request(sent.operation, body, sent.path), {each.id for each in before.refunds or ()}
    new: list[wc.Refund] = [each for each in after.refunds or () if each.id not in earlier]
    same = [each for each in new if MODEL.is_same_refund(refund, MODEL.read_refunds([each])[0])]
    return any(each.refunded_payment is True for each in same)


def find_contradiction(sent: SentRefund, refund: Refund, before: Snapshot, answer: wc.Refund) -> str | None:
    """Return what shows that the answer is another refund, or of another amount than was asked."""
    return describe_contradiction(refund, answer)


def describe_contradiction(refund: Refund, answered: Any) -> str | None:
    """Compare a refund with the one of an answer, which either API shows alike."""
    if refund.id and str(answered.id) != refund.id:
        return f"the answer is refund {answered.id}, the change is of refund {refund.id}"
    amount = parse_number(answered.amount)
    for posting in refund.postings:
        is_amount = posting.account == TOTAL and posting.effect != "drop"
        if is_amount and (amount is None or not equals_as_shown(posting.amount, amount)):
            return f"the answer is a refund of {answered.amount}, {posting.amount} were asked"
    return None
