"""The ready client of TaxCloud API: a method for each operation, over an open connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, overload

from .._runtime.client import Client
from .._runtime.ready import AsyncCaller, Caller, Timeout, as_list, with_key
from . import models
from .api.orders import get_order, refund_order

if TYPE_CHECKING:
    from typing import Unpack

    from refundkit.drafting import Draft, DraftOptions, Wanted

__all__ = ["ASYNC", "GIVEN_ONCE", "SYNC", "AsyncTaxcloudClient", "TaxcloudClient"]


class TaxcloudClient:
    """Methods take ids and models and return the success model; any other result is raised as a RefundError.

    `timeout` is in seconds and applies to that call only.
    """

    def __init__(self, caller: Caller, connection_id: str) -> None:
        self._caller = caller
        self._connection_id = connection_id

    @property
    def client(self) -> Client:
        """The client that every operation of refundkit_apis.taxcloud.api takes; it never sends a call again."""
        return self._caller.client

    def refund_order(
        self,
        order_id: str,
        body: models.RefundCreate,
        *,
        timeout: Timeout = None,
    ) -> list[models.Refund]:
        """Refund an order, wholly or some of its items.

        Parameters are described in api.orders.refund_order; a body without an idempotency key gets one.
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

    @overload
    def refund(
        self,
        order_id: str,
        wanted: Wanted = None,
        *,
        dry_run: Literal[False] = False,
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> list[models.Refund]: ...

    @overload
    def refund(
        self,
        order_id: str,
        wanted: Wanted = None,
        *,
        dry_run: Literal[True],
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> Draft: ...

    @overload
    def refund(
        self,
        order_id: str,
        wanted: Wanted = None,
        *,
        dry_run: bool,
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> list[models.Refund] | Draft: ...

    def refund(
        self,
        order_id: str,
        wanted: Wanted = None,
        *,
        dry_run: bool = False,
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> list[models.Refund] | Draft:
        """Read the order, draft what is wanted of it, check and send it as refund_order does.

        `wanted` and `options` are those of refundkit.draft. With `dry_run` the draft is returned, and nothing is sent.
        """
        draft = self._caller.draft(
            "taxcloud.refund_order", self._connection_id, order_id, wanted=wanted, timeout=timeout, **options
        )
        if dry_run:
            return draft
        return self.refund_order(order_id, draft.body, timeout=timeout)

    def get_order(
        self,
        order_id: str,
        *,
        expand: str | None = "refunds",
        timeout: Timeout = None,
    ) -> models.Order:
        """Read one order, with its lines and, when asked for, its refunds.

        Parameters are described in api.orders.get_order.
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
    """The async client: the methods of TaxcloudClient, with `await`."""

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

    @overload
    async def refund(
        self,
        order_id: str,
        wanted: Wanted = None,
        *,
        dry_run: Literal[False] = False,
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> list[models.Refund]: ...

    @overload
    async def refund(
        self,
        order_id: str,
        wanted: Wanted = None,
        *,
        dry_run: Literal[True],
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> Draft: ...

    @overload
    async def refund(
        self,
        order_id: str,
        wanted: Wanted = None,
        *,
        dry_run: bool,
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> list[models.Refund] | Draft: ...

    async def refund(
        self,
        order_id: str,
        wanted: Wanted = None,
        *,
        dry_run: bool = False,
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> list[models.Refund] | Draft:
        """As TaxcloudClient.refund."""
        draft = await self._caller.draft(
            "taxcloud.refund_order", self._connection_id, order_id, wanted=wanted, timeout=timeout, **options
        )
        if dry_run:
            return draft
        return await self.refund_order(order_id, draft.body, timeout=timeout)

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
"""The names of the arguments that the client takes besides the connection."""
