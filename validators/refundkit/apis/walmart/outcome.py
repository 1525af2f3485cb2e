"""What Walmart's answer to a refund proves: it is the order, with the refund on its lines."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any

from ...ledger import Account, Ledger, Refund
from ...money import ZERO, equals_as_shown
from ...operations import Operation
from ..shared.sent import SentRefund, Snapshot, open_snapshot

LOG = logging.getLogger("refundkit")
_DECIMALS = 2  # a JSON number may lack its last zeros


def is_refusal(operation: Operation, code: str | None) -> bool:
    """True if an error with this code proves that nothing was made, whatever its status.

    That a line cannot be cancelled has been answered with HTTP 500 as well.
    """
    is_cancellation = operation.name.endswith(".cancel_order_lines")
    return is_cancellation and (code or "").partition(".")[0] == "INVALID_REQUEST_CONTENT"


def find_contradiction(sent: SentRefund, refund: Refund, before: Snapshot, answer: Any) -> str | None:
    """Return what shows that the answer is about another order, or another amount than was asked."""
    if "returnOrderId" in sent.path:  # the answer repeats the request and proves nothing else
        wanted, answered = sent.path["returnOrderId"], answer.return_order_id
        return None if answered == wanted else f"the answer is return {answered}, the refund is of return {wanted}"
    order_id, answered_id = sent.path["purchaseOrderId"], answer.order.purchase_order_id
    if answered_id != order_id:
        return f"the answer is order {answered_id}, the refund is of order {order_id}"
    earlier, later = open_snapshot(sent.model, before), open_snapshot(sent.model, Snapshot(order=answer))
    if earlier is None or later is None:
        return None
    earlier.begin(refund)
    shown = [(account, _shown_refund(later, account)) for account in earlier.accounts]
    if shown and all(amount == account.before for account, amount in shown):
        LOG.warning("%s: the answer shows no refund of order %s", sent.operation.name, order_id)
        return None
    return next(filter(None, (_find_difference(account, amount) for account, amount in shown)), None)


def _shown_refund(ledger: Ledger, account: Account) -> Decimal:
    """Return what an account of the answered order shows as refunded."""
    line = ledger.lines.get(account.line)
    return ZERO if line is None else line.account(account.name).before


def _find_difference(account: Account, shown: Decimal) -> str | None:
    """Return a text if an account has grown by less than was asked, or by more than was left of it.

    An answer may also show this refund alone, without the earlier ones.
    """
    amount = shown - account.before
    if equals_as_shown(account.now, shown, _DECIMALS):
        return None
    place = f"the answer shows {amount} more of line {account.number} {account.name}"
    if amount < account.now and not equals_as_shown(account.now, amount, _DECIMALS):
        return f"{place}, {account.now} were asked"
    if amount > account.left and not equals_as_shown(account.left, amount, _DECIMALS):
        return f"{place}, {account.left} were left"
    return None
