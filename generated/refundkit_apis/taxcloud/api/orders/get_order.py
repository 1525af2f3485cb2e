"""GET /tax/connections/{connection_id}/orders/{order_id}: Read one order, with its lines and, when asked for, its refunds.

The page names only the refund.

Args:
    connection_id: The id of the merchant's connection, 36 characters or more.
    order_id: The merchant's own id of the order, any text.
    expand: `refunds` adds the refunds made so far; without it the order is silent about them.

Headers and credentials, which `client` sends:
    Authorization: Bearer. A token, in the header Authorization.
    X-API-KEY: The API key of the merchant's account.
    Of the credentials, one kind is enough.

Raises:
    ValueError: An id that is empty, `.` or `..`.
    StatusError: The server answered with a status other than 2xx, documented or not.
    DecodeError: The server answered with success, but not with Order.
    TransportError: No answer, or not in time.
"""

from ...._runtime.codec import encode_id
from ...client import Client, Request, Response, send, send_async
from ...models import Order


def _request(
    connection_id: str,
    order_id: str,
    *,
    expand: str | None = None,
) -> Request:
    return Request(
        method="GET",
        path="/tax/connections/{connection_id}/orders/{order_id}".format(
            connection_id=encode_id("connection_id", connection_id),
            order_id=encode_id("order_id", order_id),
        ),
        query={name: value for name, value in (("expand", expand),) if value is not None},
    )


def sync_detailed(
    connection_id: str,
    order_id: str,
    *,
    client: Client,
    expand: str | None = None,
) -> Response[Order]:
    """Call the operation and return status, headers and model; the module describes the arguments."""
    return send(
        client,
        _request(
            connection_id,
            order_id,
            expand=expand,
        ),
        Order,
    )


def sync(
    connection_id: str,
    order_id: str,
    *,
    client: Client,
    expand: str | None = None,
) -> Order:
    """Call the operation and return the model of its answer; the module describes the arguments."""
    return sync_detailed(connection_id, order_id, expand=expand, client=client).parsed


async def asyncio_detailed(
    connection_id: str,
    order_id: str,
    *,
    client: Client,
    expand: str | None = None,
) -> Response[Order]:
    """Do the same as `sync_detailed`, with `await`."""
    return await send_async(
        client,
        _request(
            connection_id,
            order_id,
            expand=expand,
        ),
        Order,
    )


async def asyncio(
    connection_id: str,
    order_id: str,
    *,
    client: Client,
    expand: str | None = None,
) -> Order:
    """Do the same as `sync`, with `await`."""
    return (await asyncio_detailed(connection_id, order_id, expand=expand, client=client)).parsed
