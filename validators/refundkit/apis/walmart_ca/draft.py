"""Drafts of the older API's refunds and cancellations: the current one's, without its mark of a full refund."""

from __future__ import annotations

from refundkit_apis.walmart_ca import models

from ...drafting import Wish
from ...opened_order import OpenedOrder
from ..walmart.draft import build_refund, limits, obstacle
from ..walmart.draft_pieces import build_cancellation

__all__ = ["cancel_order_lines", "limits", "obstacle", "refund_order_lines"]


def refund_order_lines(opened: OpenedOrder, wish: Wish) -> models.OrderRefundRequest:
    """Return the body that refunds what is wanted. Raises DraftError."""
    return models.OrderRefundRequest(order_refund=build_refund(opened, wish, models))


def cancel_order_lines(opened: OpenedOrder, wish: Wish) -> models.OrderCancellationRequest:
    """Return the body that cancels what is wanted. Raises DraftError."""
    cancellation: models.OrderCancellationRequest = build_cancellation(opened, wish, models)
    return cancellation
