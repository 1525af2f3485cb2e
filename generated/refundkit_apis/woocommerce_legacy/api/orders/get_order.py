"""GET /wc-api/v3/orders/{id}: Read one order, with its lines, its shipping, fees and taxes.

The page has the refunds only. The order does not tell of its refunds: `list_refunds` does.

Args:
    id: The order's id, which may differ from its number.
    filterdp: The decimals of the order's amounts; 2 without it, whatever the shop counts in.

Headers and credentials, which `client` sends:
    Authorization: Basic. Consumer key and consumer secret of the shop, over https only.
    consumer_key (in the query): The same key in the query, over https only; it is looked at before `basic`.
    consumer_secret (in the query): The same secret in the query, over https only.
    oauth_consumer_key (in the query): One-legged OAuth 1.0a, for plain http and in the query only; a missing
        part is a 404.
    oauth_timestamp (in the query): Seconds since 1970, at most 15 minutes off the server's clock.
    oauth_nonce (in the query): A fresh text for every call.
    oauth_signature (in the query): Of method, address and query, by the consumer secret and `&`; the body is
        not signed.
    oauth_signature_method (in the query): HMAC-SHA1 or HMAC-SHA256.
    Of the credentials, one kind is enough.

Raises:
    ValueError: An id that is empty, `.` or `..`.
    StatusError: The server answered with a status other than 2xx, documented or not.
    DecodeError: The server answered with success, but not with OrderResponse.
    TransportError: No answer, or not in time.
"""

from ...._runtime.codec import encode_id
from ...client import Client, Request, Response, send, send_async
from ...models import OrderResponse


def _request(
    id: str,
    *,
    filterdp: str | None = None,
) -> Request:
    return Request(
        method="GET",
        path="/wc-api/v3/orders/{id}".format(
            id=encode_id("id", id),
        ),
        query={name: value for name, value in (("filter[dp]", filterdp),) if value is not None},
    )


def sync_detailed(
    id: str,
    *,
    client: Client,
    filterdp: str | None = None,
) -> Response[OrderResponse]:
    """Call the operation and return status, headers and model; the module describes the arguments."""
    return send(
        client,
        _request(
            id,
            filterdp=filterdp,
        ),
        OrderResponse,
    )


def sync(
    id: str,
    *,
    client: Client,
    filterdp: str | None = None,
) -> OrderResponse:
    """Call the operation and return the model of its answer; the module describes the arguments."""
    return sync_detailed(id, filterdp=filterdp, client=client).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: Client,
    filterdp: str | None = None,
) -> Response[OrderResponse]:
    """Do the same as `sync_detailed`, with `await`."""
    return await send_async(
        client,
        _request(
            id,
            filterdp=filterdp,
        ),
        OrderResponse,
    )


async def asyncio(
    id: str,
    *,
    client: Client,
    filterdp: str | None = None,
) -> OrderResponse:
    """Do the same as `sync`, with `await`."""
    return (await asyncio_detailed(id, filterdp=filterdp, client=client)).parsed
