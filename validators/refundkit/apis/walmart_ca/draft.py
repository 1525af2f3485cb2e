"""Drafts of the older API's refunds: the current one's, without its mark of a full refund."""

from __future__ import annotations

from refundkit_apis.walmart_ca import models

from ...drafting import Wish
from ...opened_order import OpenedOrder
from ..walmart.draft import build_refund, limits, obstacle

__all__ = ["limits", "obstacle", "refund_order_lines"]


def refund_order_lines(opened: OpenedOrder, wish: Wish) -> models.OrderRefundRequest:
    """Return the body that refunds what is wanted. Raises DraftError."""
    return models.OrderRefundRequest(order_refund=build_refund(opened, wish, models))
