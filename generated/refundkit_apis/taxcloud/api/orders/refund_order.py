"""POST /tax/connections/{connection_id}/orders/refunds/{order_id}: Refund an order, wholly or some of its items.

The page gives no path, and the order must be completed. An order may be refunded several times, as long as no item
comes back more often than it was sold.

Args:
    connection_id: The id of the merchant's connection, 36 characters or more.
    order_id: The merchant's own id of the order, any text.

Headers and credentials, which `client` sends:
    Authorization: Bearer. A token, in the header Authorization.
    X-API-KEY: The API key of the merchant's account.
    Of the credentials, one kind is enough.

Raises:
    ValueError: An id that is empty, `.` or `..`.
    StatusError: The server answered with a status other than 2xx, documented or not.
    DecodeError: The server answered with success, but not with list[Refund] | Refund.
    TransportError: No answer, or not in time.
"""

from ...._runtime.codec import encode, encode_id
from ...client import Client, Request, Response, send, send_async
from ...models import Refund, RefundCreate


def _request(
    connection_id: str,
    order_id: str,
    *,
    body: RefundCreate,
) -> Request:
    return Request(
        method="POST",
        path="/tax/connections/{connection_id}/orders/refunds/{order_id}".format(
            connection_id=encode_id("connection_id", connection_id),
            order_id=encode_id("order_id", order_id),
        ),
        content=encode(body),
        media_type="application/json",
    )


def sync_detailed(
    connection_id: str,
    order_id: str,
    *,
    client: Client,
    body: RefundCreate,
) -> Response[list[Refund] | Refund]:
    """Call the operation and return status, headers and model; the module describes the arguments."""
    return send(
        client,
        _request(
            connection_id,
            order_id,
            body=body,
        ),
        list[Refund] | Refund,
    )


def sync(
    connection_id: str,
    order_id: str,
    *,
    client: Client,
    body: RefundCreate,
) -> list[Refund] | Refund:
    """Call the operation and return the model of its answer; the module describes the arguments."""
    return sync_detailed(connection_id, order_id, body=body, client=client).parsed


async def asyncio_detailed(
    connection_id: str,
    order_id: str,
    *,
    client: Client,
    body: RefundCreate,
) -> Response[list[Refund] | Refund]:
    """Do the same as `sync_detailed`, with `await`."""
    return await send_async(
        client,
        _request(
            connection_id,
            order_id,
            body=body,
        ),
        list[Refund] | Refund,
    )


async def asyncio(
    connection_id: str,
    order_id: str,
    *,
    client: Client,
    body: RefundCreate,
) -> list[Refund] | Refund:
    """Do the same as `sync`, with `await`."""
    return (await asyncio_detailed(connection_id, order_id, body=body, client=client)).parsed
