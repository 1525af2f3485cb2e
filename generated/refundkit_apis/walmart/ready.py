"""The ready client of Walmart Marketplace API: a method for each operation, over an open connection."""

from __future__ import annotations

from .._runtime.client import Client
from .._runtime.ready import AsyncCaller, Caller, Timeout
from . import models
from .api.orders import cancel_order_lines, get_order, refund_order_lines

__all__ = ["ASYNC", "GIVEN_ONCE", "SYNC", "AsyncWalmartClient", "WalmartClient"]


class WalmartClient:
    """Methods take ids and models and return the success model; any other result is raised as a RefundError.

    `timeout` is in seconds and applies to that call only.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @property
    def client(self) -> Client:
        """The client that every operation of refundkit_apis.walmart.api takes; it never sends a call again."""
        return self._caller.client

    def refund_order_lines(
        self,
        purchase_order_id: str,
        body: models.OrderRefund,
        *,
        timeout: Timeout = None,
    ) -> models.Order:
        """Refund one or more lines of an order, wholly or in part.

        Parameters are described in api.orders.refund_order_lines.
        """
        return self._caller.call(
            "walmart.refund_order_lines",
            refund_order_lines.sync_detailed,
            purchase_order_id,
            body=models.OrderRefundRequest(order_refund=body),
            timeout=timeout,
        ).order

    def cancel_order_lines(
        self,
        purchase_order_id: str,
        body: models.OrderCancellation,
        *,
        timeout: Timeout = None,
    ) -> models.Order:
        """Cancel one or more lines of an order that have not been shipped.

        Parameters are described in api.orders.cancel_order_lines.
        """
        return self._caller.call(
            "walmart.cancel_order_lines",
            cancel_order_lines.sync_detailed,
            purchase_order_id,
            body=models.OrderCancellationRequest(order_cancellation=body),
            timeout=timeout,
        ).order

    def get_order(
        self,
        purchase_order_id: str,
        *,
        product_info: str | None = None,
        replacement_info: str | None = None,
        timeout: Timeout = None,
    ) -> models.Order:
        """Read one order, with the charges, statuses and refunds of its lines.

        Parameters are described in api.orders.get_order.
        """
        return self._caller.call(
            "walmart.get_order",
            get_order.sync_detailed,
            purchase_order_id,
            product_info=product_info,
            replacement_info=replacement_info,
            timeout=timeout,
        ).order


class AsyncWalmartClient:
    """The async client: the methods of WalmartClient, with `await`."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    @property
    def client(self) -> Client:
        """As WalmartClient.client."""
        return self._caller.client

    async def refund_order_lines(
        self,
        purchase_order_id: str,
        body: models.OrderRefund,
        *,
        timeout: Timeout = None,
    ) -> models.Order:
        """As WalmartClient.refund_order_lines."""
        return (
            await self._caller.call(
                "walmart.refund_order_lines",
                refund_order_lines.asyncio_detailed,
                purchase_order_id,
                body=models.OrderRefundRequest(order_refund=body),
                timeout=timeout,
            )
        ).order

    async def cancel_order_lines(
        self,
        purchase_order_id: str,
        body: models.OrderCancellation,
        *,
        timeout: Timeout = None,
    ) -> models.Order:
        """As WalmartClient.cancel_order_lines."""
        return (
            await self._caller.call(
                "walmart.cancel_order_lines",
                cancel_order_lines.asyncio_detailed,
                purchase_order_id,
                body=models.OrderCancellationRequest(order_cancellation=body),
                timeout=timeout,
            )
        ).order

    async def get_order(
        self,
        purchase_order_id: str,
        *,
        product_info: str | None = None,
        replacement_info: str | None = None,
        timeout: Timeout = None,
    ) -> models.Order:
        """As WalmartClient.get_order."""
        return (
            await self._caller.call(
                "walmart.get_order",
                get_order.asyncio_detailed,
                purchase_order_id,
                product_info=product_info,
                replacement_info=replacement_info,
                timeout=timeout,
            )
        ).order


SYNC, ASYNC = WalmartClient, AsyncWalmartClient
GIVEN_ONCE = ()
"""The names of the arguments that the client takes besides the connection."""
