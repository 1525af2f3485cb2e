"""The ready client of WooCommerce legacy REST API, order refunds: a method an operation, over an open connection."""

from __future__ import annotations

from .._runtime.client import Client
from .._runtime.ready import AsyncCaller, Caller, Timeout
from . import models
from .api.orders import get_order
from .api.refunds import create_refund, delete_refund, get_refund, list_refunds, update_refund

__all__ = ["ASYNC", "GIVEN_ONCE", "SYNC", "AsyncWoocommerceLegacyClient", "WoocommerceLegacyClient"]


class WoocommerceLegacyClient:
    """Ids and models go in, the success model comes out; whatever else happens is raised, all of it a RefundError.

    `timeout` is in seconds and for that call alone.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @property
    def client(self) -> Client:
        """The connection as every operation of refundkit_apis.woocommerce_legacy.api takes it; it never sends one again."""
        return self._caller.client

    def list_refunds(
        self,
        id: int | str,
        *,
        fields: str | None = None,
        timeout: Timeout = None,
    ) -> list[models.Refund]:
        """Read all the refunds of an order.

        api.refunds.list_refunds says what goes in.
        """
        return self._caller.call(
            "woocommerce_legacy.list_refunds",
            list_refunds.sync_detailed,
            str(id),
            fields=fields,
            timeout=timeout,
        ).order_refunds

    def create_refund(
        self,
        id: int | str,
        body: models.RefundCreate,
        *,
        api_refund: str | None = None,
        timeout: Timeout = None,
    ) -> models.Refund:
        """Refund an order, wholly or in part.

        api.refunds.create_refund says what goes in.
        """
        return self._caller.call(
            "woocommerce_legacy.create_refund",
            create_refund.sync_detailed,
            str(id),
            body=models.RefundCreateRequest(order_refund=body),
            api_refund=api_refund,
            timeout=timeout,
        ).order_refund

    def get_refund(
        self,
        id: int | str,
        refund_id: int | str,
        *,
        fields: str | None = None,
        timeout: Timeout = None,
    ) -> models.Refund:
        """Read one refund of an order.

        api.refunds.get_refund says what goes in.
        """
        return self._caller.call(
            "woocommerce_legacy.get_refund",
            get_refund.sync_detailed,
            str(id),
            str(refund_id),
            fields=fields,
            timeout=timeout,
        ).order_refund

    def update_refund(
        self,
        id: int | str,
        refund_id: int | str,
        body: models.RefundUpdate,
        *,
        timeout: Timeout = None,
    ) -> models.Refund:
        """Change the amount or the reason of a refund.

        api.refunds.update_refund says what goes in.
        """
        return self._caller.call(
            "woocommerce_legacy.update_refund",
            update_refund.sync_detailed,
            str(id),
            str(refund_id),
            body=models.RefundUpdateRequest(order_refund=body),
            timeout=timeout,
        ).order_refund

    def delete_refund(
        self,
        id: int | str,
        refund_id: int | str,
        *,
        timeout: Timeout = None,
    ) -> None:
        """Delete a refund for good.

        api.refunds.delete_refund says what goes in.
        """
        self._caller.call(
            "woocommerce_legacy.delete_refund",
            delete_refund.sync_detailed,
            str(id),
            str(refund_id),
            timeout=timeout,
        )

    def get_order(
        self,
        id: int | str,
        *,
        timeout: Timeout = None,
    ) -> models.Order:
        """Read one order, with its lines, its shipping, fees and taxes.

        api.orders.get_order says what goes in.
        """
        return self._caller.call(
            "woocommerce_legacy.get_order",
            get_order.sync_detailed,
            str(id),
            timeout=timeout,
        ).order


class AsyncWoocommerceLegacyClient:
    """As WoocommerceLegacyClient, with `await`."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    @property
    def client(self) -> Client:
        """As WoocommerceLegacyClient.client."""
        return self._caller.client

    async def list_refunds(
        self,
        id: int | str,
        *,
        fields: str | None = None,
        timeout: Timeout = None,
    ) -> list[models.Refund]:
        """As WoocommerceLegacyClient.list_refunds."""
        return (
            await self._caller.call(
                "woocommerce_legacy.list_refunds",
                list_refunds.asyncio_detailed,
                str(id),
                fields=fields,
                timeout=timeout,
            )
        ).order_refunds

    async def create_refund(
        self,
        id: int | str,
        body: models.RefundCreate,
        *,
        api_refund: str | None = None,
        timeout: Timeout = None,
    ) -> models.Refund:
        """As WoocommerceLegacyClient.create_refund."""
        return (
            await self._caller.call(
                "woocommerce_legacy.create_refund",
                create_refund.asyncio_detailed,
                str(id),
                body=models.RefundCreateRequest(order_refund=body),
                api_refund=api_refund,
                timeout=timeout,
            )
        ).order_refund

    async def get_refund(
        self,
        id: int | str,
        refund_id: int | str,
        *,
        fields: str | None = None,
        timeout: Timeout = None,
    ) -> models.Refund:
        """As WoocommerceLegacyClient.get_refund."""
        return (
            await self._caller.call(
                "woocommerce_legacy.get_refund",
                get_refund.asyncio_detailed,
                str(id),
                str(refund_id),
                fields=fields,
                timeout=timeout,
            )
        ).order_refund

    async def update_refund(
        self,
        id: int | str,
        refund_id: int | str,
        body: models.RefundUpdate,
        *,
        timeout: Timeout = None,
    ) -> models.Refund:
        """As WoocommerceLegacyClient.update_refund."""
        return (
            await self._caller.call(
                "woocommerce_legacy.update_refund",
                update_refund.asyncio_detailed,
                str(id),
                str(refund_id),
                body=models.RefundUpdateRequest(order_refund=body),
                timeout=timeout,
            )
        ).order_refund

    async def delete_refund(
        self,
        id: int | str,
        refund_id: int | str,
        *,
        timeout: Timeout = None,
    ) -> None:
        """As WoocommerceLegacyClient.delete_refund."""
        await self._caller.call(
            "woocommerce_legacy.delete_refund",
            delete_refund.asyncio_detailed,
            str(id),
            str(refund_id),
            timeout=timeout,
        )

    async def get_order(
        self,
        id: int | str,
        *,
        timeout: Timeout = None,
    ) -> models.Order:
        """As WoocommerceLegacyClient.get_order."""
        return (
            await self._caller.call(
                "woocommerce_legacy.get_order",
                get_order.asyncio_detailed,
                str(id),
                timeout=timeout,
            )
        ).order


SYNC, ASYNC = WoocommerceLegacyClient, AsyncWoocommerceLegacyClient
GIVEN_ONCE = ()
"""What the client is made with besides the connection."""
