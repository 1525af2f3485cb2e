"""TaxCloud over an open connection."""

from __future__ import annotations

import uuid

import msgspec
from refundkit_apis.taxcloud.api.orders import get_order, refund_order
from refundkit_apis.taxcloud.models import Order, Refund, RefundCreate

from ..shared.calling import AsyncCaller, Caller, Timeout

REFUND, GET = "taxcloud.refund_order", "taxcloud.get_order"


class TaxCloud:
    """Each call raises RefundError for anything but success; `timeout` is in seconds and for that call alone.

    `client` takes every generated operation of refundkit_apis.taxcloud; they are checked too, but never sent
    again, and know no resolve().
    """

    def __init__(self, caller: Caller, connection_id: str) -> None:
        self._caller = caller
        self._connection = connection_id
        self.client = caller.client

    def get_order(self, order_id: str, *, timeout: Timeout = None) -> Order:
        """The order, with its lines and the refunds made so far."""
        call = self._caller.call
        return call(GET, get_order.sync_detailed, self._connection, order_id, expand="refunds", timeout=timeout)

    def refund_order(self, order_id: str, refund: RefundCreate, *, timeout: Timeout = None) -> list[Refund]:
        """Refund some items of an order, or all of it where `refund` names none.

        The refund carries an idempotency key, its own or one made here, so that TaxCloud makes it once however often it
        is sent; the key is on every error. Raises RefundNotSent before anything is sent, and RefundOutcomeUnknown
        where no answer tells what happened.
        """
        body, key = _keyed(refund)
        answer = self._caller.call(
            REFUND, refund_order.sync_detailed, self._connection, order_id, body=body, key=key, timeout=timeout
        )
        return answer if isinstance(answer, list) else [answer]


class AsyncTaxCloud:
    """As TaxCloud, with `await`."""

    def __init__(self, caller: AsyncCaller, connection_id: str) -> None:
        self._caller = caller
        self._connection = connection_id
        self.client = caller.client

    async def get_order(self, order_id: str, *, timeout: Timeout = None) -> Order:
        """As TaxCloud.get_order."""
        call = self._caller.call
        return await call(
            GET, get_order.asyncio_detailed, self._connection, order_id, expand="refunds", timeout=timeout
        )

    async def refund_order(self, order_id: str, refund: RefundCreate, *, timeout: Timeout = None) -> list[Refund]:
        """As TaxCloud.refund_order."""
        body, key = _keyed(refund)
        answer = await self._caller.call(
            REFUND, refund_order.asyncio_detailed, self._connection, order_id, body=body, key=key, timeout=timeout
        )
        return answer if isinstance(answer, list) else [answer]


def _keyed(refund: RefundCreate) -> tuple[RefundCreate, str]:
    """The refund with an idempotency key, and the key: the caller's own is used as it is."""
    key = refund.idempotency_key or str(uuid.uuid4())
    return msgspec.structs.replace(refund, idempotency_key=key), key
