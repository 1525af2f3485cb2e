"""The ready client of WooCommerce legacy REST API, order refunds: a method for each operation, over an open connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, overload

from .._runtime.client import Client
from .._runtime.ready import AsyncCaller, Caller, Timeout, as_id
from . import models
from .api.orders import get_order
from .api.refunds import create_refund, delete_refund, get_refund, list_refunds, update_refund

if TYPE_CHECKING:
    from typing import Unpack

    from refundkit.drafting import Draft, DraftOptions, Wanted

__all__ = ["ASYNC", "GIVEN_ONCE", "SYNC", "AsyncWoocommerceLegacyClient", "WoocommerceLegacyClient"]


class WoocommerceLegacyClient:
    """Methods take ids and models and return the success model; any other result is raised as a RefundError.

    `timeout` is in seconds and applies to that call only.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @property
    def client(self) -> Client:
        """The client that every operation of refundkit_apis.woocommerce_legacy.api takes; it never sends a call again."""
        return self._caller.client

    def list_refunds(
        self,
        id: int | str,
        *,
        fields: str | None = None,
        timeout: Timeout = None,
    ) -> list[models.Refund]:
        """Read all the refunds of an order.

        Parameters are described in api.refunds.list_refunds.
        """
        return self._caller.call(
            "woocommerce_legacy.list_refunds",
            list_refunds.sync_detailed,
            as_id("id", id),
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

        Parameters are described in api.refunds.create_refund.
        """
        return self._caller.call(
            "woocommerce_legacy.create_refund",
            create_refund.sync_detailed,
            as_id("id", id),
            body=models.RefundCreateRequest(order_refund=body),
            api_refund=api_refund,
            timeout=timeout,
        ).order_refund

    @overload
    def refund(
        self,
        id: int | str,
        wanted: Wanted = None,
        *,
        dry_run: Literal[False] = False,
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> models.Refund: ...

    @overload
    def refund(
        self,
        id: int | str,
        wanted: Wanted = None,
        *,
        dry_run: Literal[True],
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> Draft: ...

    @overload
    def refund(
        self,
        id: int | str,
        wanted: Wanted = None,
        *,
        dry_run: bool,
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> models.Refund | Draft: ...

    def refund(
        self,
        id: int | str,
        wanted: Wanted = None,
        *,
        dry_run: bool = False,
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> models.Refund | Draft:
        """Read the order, draft what is wanted of it, check and send it as create_refund does.

        `wanted` and `options` are those of refundkit.draft. With `dry_run` the draft is returned, and nothing is sent.
        """
        draft = self._caller.draft(
            "woocommerce_legacy.create_refund", as_id("id", id), wanted=wanted, timeout=timeout, **options
        )
        if dry_run:
            return draft
        return self.create_refund(id, draft.body.order_refund, timeout=timeout)

    def get_refund(
        self,
        id: int | str,
        refund_id: int | str,
        *,
        fields: str | None = None,
        timeout: Timeout = None,
    ) -> models.Refund:
        """Read one refund of an order.

        Parameters are described in api.refunds.get_refund.
        """
        return self._caller.call(
            "woocommerce_legacy.get_refund",
            get_refund.sync_detailed,
            as_id("id", id),
            as_id("refund_id", refund_id),
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

        Parameters are described in api.refunds.update_refund.
        """
        return self._caller.call(
            "woocommerce_legacy.update_refund",
            update_refund.sync_detailed,
            as_id("id", id),
            as_id("refund_id", refund_id),
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

        Parameters are described in api.refunds.delete_refund.
        """
        self._caller.call(
            "woocommerce_legacy.delete_refund",
            delete_refund.sync_detailed,
            as_id("id", id),
            as_id("refund_id", refund_id),
            timeout=timeout,
        )

    def get_order(
        self,
        id: int | str,
        *,
        filterdp: str | None = "4",
        timeout: Timeout = None,
    ) -> models.Order:
        """Read one order, with its lines, its shipping, fees and taxes.

        Parameters are described in api.orders.get_order.
        """
        return self._caller.call(
            "woocommerce_legacy.get_order",
            get_order.sync_detailed,
            as_id("id", id),
            filterdp=filterdp,
            timeout=timeout,
        ).order


class AsyncWoocommerceLegacyClient:
    """The async client: the methods of WoocommerceLegacyClient, with `await`."""

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
                as_id("id", id),
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
                as_id("id", id),
                body=models.RefundCreateRequest(order_refund=body),
                api_refund=api_refund,
                timeout=timeout,
            )
        ).order_refund

    @overload
    async def refund(
        self,
        id: int | str,
        wanted: Wanted = None,
        *,
        dry_run: Literal[False] = False,
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> models.Refund: ...

    @overload
    async def refund(
        self,
        id: int | str,
        wanted: Wanted = None,
        *,
        dry_run: Literal[True],
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> Draft: ...

    @overload
    async def refund(
        self,
        id: int | str,
        wanted: Wanted = None,
        *,
        dry_run: bool,
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> models.Refund | Draft: ...

    async def refund(
        self,
        id: int | str,
        wanted: Wanted = None,
        *,
        dry_run: bool = False,
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> models.Refund | Draft:
        """As WoocommerceLegacyClient.refund."""
        draft = await self._caller.draft(
            "woocommerce_legacy.create_refund", as_id("id", id), wanted=wanted, timeout=timeout, **options
        )
        if dry_run:
            return draft
        return await self.create_refund(id, draft.body.order_refund, timeout=timeout)

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
                as_id("id", id),
                as_id("refund_id", refund_id),
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
                as_id("id", id),
                as_id("refund_id", refund_id),
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
            as_id("id", id),
            as_id("refund_id", refund_id),
            timeout=timeout,
        )

    async def get_order(
        self,
        id: int | str,
        *,
        filterdp: str | None = "4",
        timeout: Timeout = None,
    ) -> models.Order:
        """As WoocommerceLegacyClient.get_order."""
        return (
            await self._caller.call(
                "woocommerce_legacy.get_order",
                get_order.asyncio_detailed,
                as_id("id", id),
                filterdp=filterdp,
                timeout=timeout,
            )
        ).order


SYNC, ASYNC = WoocommerceLegacyClient, AsyncWoocommerceLegacyClient
GIVEN_ONCE = ()
"""The names of the arguments that the client takes besides the connection."""
