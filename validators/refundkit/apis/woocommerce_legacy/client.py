"""A WooCommerce shop over an open connection."""

from __future__ import annotations

from refundkit_apis.woocommerce_legacy.api.orders import get_order
from refundkit_apis.woocommerce_legacy.api.refunds import (
    create_refund,
    delete_refund,
    get_refund,
    list_refunds,
    update_refund,
)
from refundkit_apis.woocommerce_legacy.models import (
    Order,
    Refund,
    RefundCreate,
    RefundCreateRequest,
    RefundUpdate,
    RefundUpdateRequest,
)

from ..shared.calling import AsyncCaller, Caller, Timeout

GET_ORDER = "woocommerce_legacy.get_order"
LIST, GET = "woocommerce_legacy.list_refunds", "woocommerce_legacy.get_refund"
CREATE, UPDATE, DELETE = (
    "woocommerce_legacy.create_refund",
    "woocommerce_legacy.update_refund",
    "woocommerce_legacy.delete_refund",
)


class WooCommerce:
    """Each call raises RefundError for anything but success; `timeout` is in seconds and for that call alone.

    What changes a refund raises RefundNotSent before anything is sent, and RefundOutcomeUnknown where no answer tells
    what happened: a shop that answers with a 5xx, or with errors under a 200, may have made the refund all the same.
    `client` takes every generated operation of refundkit_apis.woocommerce_legacy; they are checked too, but never sent
    again, and know no resolve().
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self.client = caller.client

    def get_order(self, order_id: int | str, *, timeout: Timeout = None) -> Order:
        """The order; it does not tell of its refunds."""
        return self._caller.call(GET_ORDER, get_order.sync_detailed, str(order_id), timeout=timeout).order

    def list_refunds(self, order_id: int | str, *, timeout: Timeout = None) -> list[Refund]:
        """All refunds of an order, the newest first."""
        return self._caller.call(LIST, list_refunds.sync_detailed, str(order_id), timeout=timeout).order_refunds

    def get_refund(self, order_id: int | str, refund_id: int | str, *, timeout: Timeout = None) -> Refund:
        """One refund."""
        answer = self._caller.call(GET, get_refund.sync_detailed, str(order_id), str(refund_id), timeout=timeout)
        return answer.order_refund

    def create_refund(
        self, order_id: int | str, refund: RefundCreate, *, gateway: bool = True, timeout: Timeout = None
    ) -> Refund:
        """Refund an order, wholly or in part; `gateway=False` records the refund and pays nothing back."""
        body = RefundCreateRequest(order_refund=refund)
        query = None if gateway else "0"
        call = self._caller.call
        return call(
            CREATE, create_refund.sync_detailed, str(order_id), body=body, api_refund=query, timeout=timeout
        ).order_refund

    def update_refund(
        self, order_id: int | str, refund_id: int | str, change: RefundUpdate, *, timeout: Timeout = None
    ) -> Refund:
        """Change the recorded amount or reason; no money moves. Current servers take a new reason and ignore it."""
        body = RefundUpdateRequest(order_refund=change)
        call = self._caller.call
        return call(
            UPDATE, update_refund.sync_detailed, str(order_id), str(refund_id), body=body, timeout=timeout
        ).order_refund

    def delete_refund(self, order_id: int | str, refund_id: int | str, *, timeout: Timeout = None) -> None:
        """Delete the record of a refund for good; no money moves."""
        self._caller.call(DELETE, delete_refund.sync_detailed, str(order_id), str(refund_id), timeout=timeout)


class AsyncWooCommerce:
    """As WooCommerce, with `await`."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller
        self.client = caller.client

    async def get_order(self, order_id: int | str, *, timeout: Timeout = None) -> Order:
        """As WooCommerce.get_order."""
        return (await self._caller.call(GET_ORDER, get_order.asyncio_detailed, str(order_id), timeout=timeout)).order

    async def list_refunds(self, order_id: int | str, *, timeout: Timeout = None) -> list[Refund]:
        """As WooCommerce.list_refunds."""
        answer = await self._caller.call(LIST, list_refunds.asyncio_detailed, str(order_id), timeout=timeout)
        return answer.order_refunds

    async def get_refund(self, order_id: int | str, refund_id: int | str, *, timeout: Timeout = None) -> Refund:
        """As WooCommerce.get_refund."""
        call = self._caller.call
        answer = await call(GET, get_refund.asyncio_detailed, str(order_id), str(refund_id), timeout=timeout)
        return answer.order_refund

    async def create_refund(
        self, order_id: int | str, refund: RefundCreate, *, gateway: bool = True, timeout: Timeout = None
    ) -> Refund:
        """As WooCommerce.create_refund."""
        body = RefundCreateRequest(order_refund=refund)
        query = None if gateway else "0"
        call = self._caller.call
        answer = await call(
            CREATE, create_refund.asyncio_detailed, str(order_id), body=body, api_refund=query, timeout=timeout
        )
        return answer.order_refund

    async def update_refund(
        self, order_id: int | str, refund_id: int | str, change: RefundUpdate, *, timeout: Timeout = None
    ) -> Refund:
        """As WooCommerce.update_refund."""
        body = RefundUpdateRequest(order_refund=change)
        call = self._caller.call
        answer = await call(
            UPDATE, update_refund.asyncio_detailed, str(order_id), str(refund_id), body=body, timeout=timeout
        )
        return answer.order_refund

    async def delete_refund(self, order_id: int | str, refund_id: int | str, *, timeout: Timeout = None) -> None:
        """As WooCommerce.delete_refund."""
        call = self._caller.call
        await call(DELETE, delete_refund.asyncio_detailed, str(order_id), str(refund_id), timeout=timeout)
