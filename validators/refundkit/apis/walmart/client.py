"""Walmart's marketplace API over an open connection."""

from __future__ import annotations

from refundkit_apis.walmart.api.orders import get_order, refund_order_lines
from refundkit_apis.walmart.models import Order, OrderRefund, OrderRefundRequest

from ..shared.calling import AsyncCaller, Caller, Timeout

REFUND, GET = "walmart.refund_order_lines", "walmart.get_order"


class Walmart:
    """Each call raises RefundError for anything but success; `timeout` is in seconds and for that call alone.

    `client` takes every generated operation of refundkit_apis.walmart; they are checked too, but never sent
    again, and know no resolve().
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self.client = caller.client

    def get_order(self, purchase_order_id: str, *, timeout: Timeout = None) -> Order:
        """The order, with the charges, statuses and refunds of its lines."""
        return self._caller.call(GET, get_order.sync_detailed, purchase_order_id, timeout=timeout).order

    def refund_order_lines(self, purchase_order_id: str, refund: OrderRefund, *, timeout: Timeout = None) -> Order:
        """Refund shipped lines, wholly or in part; the order comes back with the refund in its lines.

        Raises RefundNotSent before anything is sent, and RefundOutcomeUnknown where no answer tells what happened.
        """
        body = OrderRefundRequest(order_refund=refund)
        call = self._caller.call
        return call(REFUND, refund_order_lines.sync_detailed, purchase_order_id, body=body, timeout=timeout).order


class AsyncWalmart:
    """As Walmart, with `await`."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller
        self.client = caller.client

    async def get_order(self, purchase_order_id: str, *, timeout: Timeout = None) -> Order:
        """As Walmart.get_order."""
        return (await self._caller.call(GET, get_order.asyncio_detailed, purchase_order_id, timeout=timeout)).order

    async def refund_order_lines(
        self, purchase_order_id: str, refund: OrderRefund, *, timeout: Timeout = None
    ) -> Order:
        """As Walmart.refund_order_lines."""
        body = OrderRefundRequest(order_refund=refund)
        call = self._caller.call
        answer = await call(REFUND, refund_order_lines.asyncio_detailed, purchase_order_id, body=body, timeout=timeout)
        return answer.order
