"""Drafts that count pieces: Walmart's cancellations, and refunds of its returns."""

from __future__ import annotations

from decimal import Decimal
from types import ModuleType
from typing import Any

from refundkit_apis.walmart import models

from ...drafting import Wish, count_pieces
from ...errors import DraftError
from ...ledger import CANCELS, PIECES, Line
from ...money import plain
from ...opened_order import OpenedOrder
from .returns import is_cancelled


def refund_return(opened: OpenedOrder, wish: Wish) -> models.ReturnRefundRequest:
    """Return the body that refunds pieces of a return. Raises DraftError."""
    if wish.reason:
        raise DraftError("a return has no reason to give: leave it out")
    pieces = count_pieces(opened, wish, PIECES, obstacle_of_pieces)
    lines = [
        models.ReturnRefundLine(
            return_order_line_number=int(key),
            quantity=models.ReturnRefundQuantity(unit_of_measure="EACH", measurement_value=_plain_number(count)),
        )
        for key, count in pieces
    ]
    customer_order = opened.order.return_orders[0].customer_order_id
    if not customer_order:
        raise DraftError("the return names no customerOrderId, which its refund needs")
    return models.ReturnRefundRequest(customer_order_id=customer_order, refund_lines=lines)


def build_cancellation(opened: OpenedOrder, wish: Wish, generated: ModuleType | Any) -> Any:
    """Return an `orderCancellation` of the generated models of one of the two APIs. Raises DraftError."""
    if not wish.reason:
        raise DraftError("a reason is missing: give one of Walmart's list of cancellation reasons")
    lines = []
    for key, count in count_pieces(opened, wish, CANCELS, obstacle_of_pieces):
        quantity = generated.CancelQuantity(unit_of_measurement="EACH", amount=plain(count))
        status = generated.CancelLineStatus(
            status="Cancelled", cancellation_reason=wish.reason, status_quantity=quantity
        )
        statuses = generated.CancelLineStatuses(order_line_status=[status])
        lines.append(generated.CancelLine(line_number=key, order_line_statuses=statuses))
    return generated.OrderCancellation(order_lines=generated.CancelLines(order_line=lines))


def obstacle_of_pieces(opened: OpenedOrder, line: Line) -> str:
    """Return why no piece of a line can be cancelled, or refunded of a return; "" if some can."""
    if PIECES in line.accounts:
        return "its return is cancelled" if is_cancelled(line) else ""
    return "" if line.accounts[CANCELS].charged > 0 else f"nothing can be cancelled ({line.status})"


def _plain_number(count: Decimal) -> Any:
    """Return a whole number as one, so that it is written without a point."""
    return int(count) if count == count.to_integral_value() else count
