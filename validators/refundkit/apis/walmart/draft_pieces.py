"""Drafts that count pieces: of Walmart's cancellations, and of the refunds of its returns."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from types import ModuleType
from typing import Any

from refundkit_apis.walmart import models

from ...drafting import All, Wish, find_line, refused, take_pieces
from ...errors import DraftError
from ...ledger import CANCELS, PIECES, Line
from ...money import plain
from ...opened_order import OpenedOrder
from .returns import is_cancelled


def refund_return(opened: OpenedOrder, wish: Wish) -> models.ReturnRefundRequest:
    """Return the body that refunds the pieces that are wanted of a return; it names every count. Raises DraftError."""
    if wish.reason:
        raise DraftError("the refund of a return has no reason: leave it out")
    customer_order = opened.order.return_orders[0].customer_order_id
    if not customer_order:
        raise DraftError("the return does not tell its customerOrderId, which the request must name")
    lines = [
        models.ReturnRefundLine(
            return_order_line_number=int(str(line.key)),
            quantity=models.ReturnRefundQuantity(unit_of_measure="EACH", measurement_value=count),
        )
        for line, count in _counts(opened, wish, PIECES)
    ]
    return models.ReturnRefundRequest(customer_order_id=customer_order, refund_lines=lines)


def build_cancellation(opened: OpenedOrder, wish: Wish, generated: ModuleType | Any) -> Any:
    """Return the body that cancels the pieces that are wanted, of the generated models of one of the two APIs."""
    if not wish.reason:
        raise DraftError("a reason is missing: give one of Walmart's list, `refundkit rule RF305` has them")
    lines = []
    for line, count in _counts(opened, wish, CANCELS):
        status = generated.CancelLineStatus(
            status="Cancelled",
            cancellation_reason=wish.reason,
            status_quantity=generated.CancelQuantity(unit_of_measurement="EACH", amount=plain(count)),
        )
        statuses = generated.CancelLineStatuses(order_line_status=[status])
        lines.append(generated.CancelLine(line_number=line.key, order_line_statuses=statuses))
    cancellation = generated.OrderCancellation(order_lines=generated.CancelLines(order_line=lines))
    return generated.OrderCancellationRequest(order_cancellation=cancellation)


def find_obstacle(line: Line) -> str:
    """Return why nothing of a line can be cancelled, or of a return's line refunded, "" if something can."""
    if PIECES in line.accounts:
        return "its return is cancelled" if is_cancelled(line) else ""
    return "" if line.accounts[CANCELS].charged > 0 else "it is shipped, so nothing of it can be cancelled"


def _counts(opened: OpenedOrder, wish: Wish, name: str) -> Iterator[tuple[Line, Decimal]]:
    """Yield how many pieces are wanted of which line. Raises DraftError."""
    if wish.amount is not None or wish.shipping is not None:
        raise DraftError("only pieces can be asked for here: say pieces(n) or ALL of which line")
    ledger = opened.ledger
    if isinstance(wish.lines, All):
        lines = [line for line in ledger.lines.values() if line.accounts[name].left > 0 and not find_obstacle(line)]
        wanted: dict[Any, Any] = {line.key: wish.lines for line in lines}
        if not wanted:
            raise DraftError(f"nothing of the {'order can be cancelled' if name == CANCELS else 'return is left'}")
    else:
        wanted = dict(wish.lines)
    for key, share in wanted.items():
        line = find_line(ledger, key)
        if why := find_obstacle(line):
            raise refused(line, why)
        count = take_pieces(line.accounts[name], share)
        if count % 1:
            raise refused(line, f"{plain(count)} is no whole number of pieces")
        yield line, count
