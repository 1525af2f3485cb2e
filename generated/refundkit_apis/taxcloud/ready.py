"""The ready client of TaxCloud API: a method an operation, over an open connection."""

from __future__ import annotations

from .._runtime.client import Client
from .._runtime.ready import AsyncCaller, Caller, Timeout, as_list, with_key
from . import models
from .api.orders import get_order, refund_order

__all__ = ["ASYNC", "GIVEN_ONCE", "SYNC", "AsyncTaxcloudClient", "TaxcloudClient"]


class TaxcloudClient:
    """Ids and models go in, the success model comes out; whatever else happens is raised, all of it a RefundError.

    `timeout` is in seconds and for that call alone.
    """

    def __init__(self, caller: Caller, connection_id: str) -> None:
        self._caller = caller
        self._connection_id = connection_id

    @property
    def client(self) -> Client:
        """The connection as every operation of refundkit_apis.taxcloud.api takes it; it never sends one again."""
        return self._caller.client

    def refund_order(
        self,
        order_id: str,
        body: models.RefundCreate,
        *,
        timeout: Timeout = None,
    ) -> list[models.Refund]:
        """Refund an order, wholly or some of its items.

        api.orders.refund_order says what goes in; a body without an idempotency key gets one.
        """
        body, key = with_key(body, "idempotency_key")
        return as_list(
            self._caller.call(
                "taxcloud.refund_order",
                refund_order.sync_detailed,
                self._connection_id,
                order_id,
                body=body,
                key=key,
                timeout=timeout,
            )
        )

    def get_order(
        self,
        order_id: str,
        *,
        expand: str | None = "refunds",
        timeout: Timeout = None,
    ) -> models.Order:
        """Read one order, with its lines and, when asked for, its refunds.

        api.orders.get_order says what goes in.
        """
        return self._caller.call(
            "taxcloud.get_order",
            get_order.sync_detailed,
            self._connection_id,
            order_id,
            expand=expand,
            timeout=timeout,
        )


class AsyncTaxcloudClient:
    """As TaxcloudClient, with `await`."""

    def __init__(self, caller: AsyncCaller, connection_id: str) -> None:
        self._caller = caller
        self._connection_id = connection_id

    @property
    def client(self) -> Client:
        """As TaxcloudClient.client."""
        return self._caller.client

    async def refund_order(
        self,
        order_id: str,
        body: models.RefundCreate,
        *,
        timeout: Timeout = None,
    ) -> list[models.Refund]:
        """As TaxcloudClient.refund_order."""
        body, key = with_key(body, "idempotency_key")
        return as_list(
            await self._caller.call(
                "taxcloud.refund_order",
                refund_order.asyncio_detailed,
                self._connection_id,
                order_id,
                body=body,
                key=key,
                timeout=timeout,
            )
        )

    async def get_order(
        self,
        order_id: str,
        *,
        expand: str | None = "refunds",
        timeout: Timeout = None,
    ) -> models.Order:
        """As TaxcloudClient.get_order."""
        return await self._caller.call(
            "taxcloud.get_order",
            get_order.asyncio_detailed,
            self._connection_id,
            order_id,
            expand=expand,
            timeout=timeout,
        )


SYNC, ASYNC = TaxcloudClient, AsyncTaxcloudClient
GIVEN_ONCE = ("connection_id",)
"""What the client is made with besides the connection."""
