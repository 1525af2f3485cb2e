"""The ready client of WooCommerce REST API, order refunds: a method for each operation, over an open connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, overload

from .._runtime.client import Client
from .._runtime.ready import AsyncCaller, Caller, Timeout, as_id
from . import models
from .api.orders import get_order
from .api.refunds import create_refund, delete_refund, get_refund, list_refunds

if TYPE_CHECKING:
    from typing import Unpack

    from refundkit.drafting import Draft, DraftOptions, Wanted

__all__ = ["ASYNC", "GIVEN_ONCE", "SYNC", "AsyncWoocommerceClient", "WoocommerceClient"]


class WoocommerceClient:
    """Methods take ids and models and return the success model; any other result is raised as a RefundError.

    `timeout` is in seconds and applies to that call only.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @property
    def client(self) -> Client:
        """The client that every operation of refundkit_apis.woocommerce.api takes; it never sends a call again."""
        return self._caller.client

    def list_refunds(
        self,
        id: int | str,
        *,
        per_page: str | None = "100",
        page: str | None = None,
        offset: str | None = None,
        order: str | None = None,
        orderby: str | None = None,
        dp: str | None = None,
        timeout: Timeout = None,
    ) -> list[models.Refund]:
        """Read the refunds of an order, a page of them.

        Parameters are described in api.refunds.list_refunds.
        """
        return self._caller.call(
            "woocommerce.list_refunds",
            list_refunds.sync_detailed,
            as_id("id", id),
            per_page=per_page,
            page=page,
            offset=offset,
            order=order,
            orderby=orderby,
            dp=dp,
            timeout=timeout,
        )

    def create_refund(
        self,
        id: int | str,
        body: models.RefundCreateRequest,
        *,
        api_refund: str | None = None,
        timeout: Timeout = None,
    ) -> models.Refund:
        """Refund an order, wholly or in part.

        Parameters are described in api.refunds.create_refund.
        """
        return self._caller.call(
            "woocommerce.create_refund",
            create_refund.sync_detailed,
            as_id("id", id),
            body=body,
            api_refund=api_refund,
            timeout=timeout,
        )

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
            "woocommerce.create_refund", as_id("id", id), wanted=wanted, timeout=timeout, **options
        )
        if dry_run:
            return draft
        return self.create_refund(id, draft.body, timeout=timeout)

    def get_refund(
        self,
        id: int | str,
        refund_id: int | str,
        *,
        dp: str | None = None,
        timeout: Timeout = None,
    ) -> models.Refund:
        """Read one refund of an order.

        Parameters are described in api.refunds.get_refund.
        """
        return self._caller.call(
            "woocommerce.get_refund",
            get_refund.sync_detailed,
            as_id("id", id),
            as_id("refund_id", refund_id),
            dp=dp,
            timeout=timeout,
        )

    def delete_refund(
        self,
        id: int | str,
        refund_id: int | str,
        *,
        force: str | None = None,
        timeout: Timeout = None,
    ) -> models.Refund:
        """Delete a refund for good.

        Parameters are described in api.refunds.delete_refund.
        """
        return self._caller.call(
            "woocommerce.delete_refund",
            delete_refund.sync_detailed,
            as_id("id", id),
            as_id("refund_id", refund_id),
            force=force,
            timeout=timeout,
        )

    def get_order(
        self,
        id: int | str,
        *,
        dp: str | None = None,
        timeout: Timeout = None,
    ) -> models.Order:
        """Read one order, with its lines, its taxes and the sums of its refunds.

        Parameters are described in api.orders.get_order.
        """
        return self._caller.call(
            "woocommerce.get_order",
            get_order.sync_detailed,
            as_id("id", id),
            dp=dp,
            timeout=timeout,
        )


class AsyncWoocommerceClient:
    """The async client: the methods of WoocommerceClient, with `await`."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    @property
    def client(self) -> Client:
        """As WoocommerceClient.client."""
        return self._caller.client

    async def list_refunds(
        self,
        id: int | str,
        *,
        per_page: str | None = "100",
        page: str | None = None,
        offset: str | None = None,
        order: str | None = None,
        orderby: str | None = None,
        dp: str | None = None,
        timeout: Timeout = None,
    ) -> list[models.Refund]:
        """As WoocommerceClient.list_refunds."""
        return await self._caller.call(
            "woocommerce.list_refunds",
            list_refunds.asyncio_detailed,
            as_id("id", id),
            per_page=per_page,
            page=page,
            offset=offset,
            order=order,
            orderby=orderby,
            dp=dp,
            timeout=timeout,
        )

    async def create_refund(
        self,
        id: int | str,
        body: models.RefundCreateRequest,
        *,
        api_refund: str | None = None,
        timeout: Timeout = None,
    ) -> models.Refund:
        """As WoocommerceClient.create_refund."""
        return await self._caller.call(
            "woocommerce.create_refund",
            create_refund.asyncio_detailed,
            as_id("id", id),
            body=body,
            api_refund=api_refund,
            timeout=timeout,
        )

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
        """As WoocommerceClient.refund."""
        draft = await self._caller.draft(
            "woocommerce.create_refund", as_id("id", id), wanted=wanted, timeout=timeout, **options
        )
        if dry_run:
            return draft
        return await self.create_refund(id, draft.body, timeout=timeout)

    async def get_refund(
        self,
        id: int | str,
        refund_id: int | str,
        *,
        dp: str | None = None,
        timeout: Timeout = None,
    ) -> models.Refund:
        """As WoocommerceClient.get_refund."""
        return await self._caller.call(
            "woocommerce.get_refund",
            get_refund.asyncio_detailed,
            as_id("id", id),
            as_id("refund_id", refund_id),
            dp=dp,
            timeout=timeout,
        )

    async def delete_refund(
        self,
        id: int | str,
        refund_id: int | str,
        *,
        force: str | None = None,
        timeout: Timeout = None,
    ) -> models.Refund:
        """As WoocommerceClient.delete_refund."""
        return await self._caller.call(
            "woocommerce.delete_refund",
            delete_refund.asyncio_detailed,
            as_id("id", id),
            as_id("refund_id", refund_id),
            force=force,
            timeout=timeout,
        )

    async def get_order(
        self,
        id: int | str,
        *,
        dp: str | None = None,
        timeout: Timeout = None,
    ) -> models.Order:
        """As WoocommerceClient.get_order."""
        return await self._caller.call(
            "woocommerce.get_order",
            get_order.asyncio_detailed,
            as_id("id", id),
            dp=dp,
            timeout=timeout,
        )


SYNC, ASYNC = WoocommerceClient, AsyncWoocommerceClient
GIVEN_ONCE = ()
"""The names of the arguments that the client takes besides the connection."""
