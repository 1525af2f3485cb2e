"""The ready client of Walmart Marketplace API: a method for each operation, over an open connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, overload

from .._runtime.client import Client
from .._runtime.ready import AsyncCaller, Caller, Timeout
from . import models
from .api.orders import cancel_order_lines, get_order, refund_order_lines
from .api.returns import list_returns, refund_return

if TYPE_CHECKING:
    from typing import Unpack

    from refundkit.drafting import Draft, DraftOptions, Wanted

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

    @overload
    def refund(
        self,
        purchase_order_id: str,
        wanted: Wanted = None,
        *,
        dry_run: Literal[False] = False,
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> models.Order: ...

    @overload
    def refund(
        self,
        purchase_order_id: str,
        wanted: Wanted = None,
        *,
        dry_run: Literal[True],
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> Draft: ...

    @overload
    def refund(
        self,
        purchase_order_id: str,
        wanted: Wanted = None,
        *,
        dry_run: bool,
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> models.Order | Draft: ...

    def refund(
        self,
        purchase_order_id: str,
        wanted: Wanted = None,
        *,
        dry_run: bool = False,
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> models.Order | Draft:
        """Read the order, draft what is wanted of it, check and send it as refund_order_lines does.

        `wanted` and `options` are those of refundkit.draft. With `dry_run` the draft is returned, and nothing is sent.
        """
        draft = self._caller.draft(
            "walmart.refund_order_lines", purchase_order_id, wanted=wanted, timeout=timeout, **options
        )
        if dry_run:
            return draft
        return self.refund_order_lines(purchase_order_id, draft.body.order_refund, timeout=timeout)

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

    def refund_return(
        self,
        return_order_id: str,
        body: models.ReturnRefundRequest,
        *,
        timeout: Timeout = None,
    ) -> models.ReturnRefundResponse:
        """Refund one or more lines of a return, wholly or in part.

        Parameters are described in api.returns.refund_return.
        """
        return self._caller.call(
            "walmart.refund_return",
            refund_return.sync_detailed,
            return_order_id,
            body=body,
            timeout=timeout,
        )

    def list_returns(
        self,
        *,
        return_order_id: str | None = None,
        customer_order_id: str | None = None,
        status: str | None = None,
        return_type: str | None = None,
        replacement_info: str | None = None,
        return_creation_start_date: str | None = None,
        return_creation_end_date: str | None = None,
        return_last_modified_start_date: str | None = None,
        return_last_modified_end_date: str | None = None,
        limit: str | None = None,
        timeout: Timeout = None,
    ) -> models.ReturnsResponse:
        """List returns, with the state of their lines and what was refunded of them.

        Parameters are described in api.returns.list_returns.
        """
        return self._caller.call(
            "walmart.list_returns",
            list_returns.sync_detailed,
            return_order_id=return_order_id,
            customer_order_id=customer_order_id,
            status=status,
            return_type=return_type,
            replacement_info=replacement_info,
            return_creation_start_date=return_creation_start_date,
            return_creation_end_date=return_creation_end_date,
            return_last_modified_start_date=return_last_modified_start_date,
            return_last_modified_end_date=return_last_modified_end_date,
            limit=limit,
            timeout=timeout,
        )


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

    @overload
    async def refund(
        self,
        purchase_order_id: str,
        wanted: Wanted = None,
        *,
        dry_run: Literal[False] = False,
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> models.Order: ...

    @overload
    async def refund(
        self,
        purchase_order_id: str,
        wanted: Wanted = None,
        *,
        dry_run: Literal[True],
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> Draft: ...

    @overload
    async def refund(
        self,
        purchase_order_id: str,
        wanted: Wanted = None,
        *,
        dry_run: bool,
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> models.Order | Draft: ...

    async def refund(
        self,
        purchase_order_id: str,
        wanted: Wanted = None,
        *,
        dry_run: bool = False,
        timeout: Timeout = None,
        **options: Unpack[DraftOptions],
    ) -> models.Order | Draft:
        """As WalmartClient.refund."""
        draft = await self._caller.draft(
            "walmart.refund_order_lines", purchase_order_id, wanted=wanted, timeout=timeout, **options
        )
        if dry_run:
            return draft
        return await self.refund_order_lines(purchase_order_id, draft.body.order_refund, timeout=timeout)

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

    async def refund_return(
        self,
        return_order_id: str,
        body: models.ReturnRefundRequest,
        *,
        timeout: Timeout = None,
    ) -> models.ReturnRefundResponse:
        """As WalmartClient.refund_return."""
        return await self._caller.call(
            "walmart.refund_return",
            refund_return.asyncio_detailed,
            return_order_id,
            body=body,
            timeout=timeout,
        )

    async def list_returns(
        self,
        *,
        return_order_id: str | None = None,
        customer_order_id: str | None = None,
        status: str | None = None,
        return_type: str | None = None,
        replacement_info: str | None = None,
        return_creation_start_date: str | None = None,
        return_creation_end_date: str | None = None,
        return_last_modified_start_date: str | None = None,
        return_last_modified_end_date: str | None = None,
        limit: str | None = None,
        timeout: Timeout = None,
    ) -> models.ReturnsResponse:
        """As WalmartClient.list_returns."""
        return await self._caller.call(
            "walmart.list_returns",
            list_returns.asyncio_detailed,
            return_order_id=return_order_id,
            customer_order_id=customer_order_id,
            status=status,
            return_type=return_type,
            replacement_info=replacement_info,
            return_creation_start_date=return_creation_start_date,
            return_creation_end_date=return_creation_end_date,
            return_last_modified_start_date=return_last_modified_start_date,
            return_last_modified_end_date=return_last_modified_end_date,
            limit=limit,
            timeout=timeout,
        )


SYNC, ASYNC = WalmartClient, AsyncWalmartClient
GIVEN_ONCE = ()
"""The names of the arguments that the client takes besides the connection."""
