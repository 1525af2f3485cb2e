"""GET /wp-json/wc/v3/orders/{id}/refunds/{refund_id}: Read one refund of an order.

Of an unknown or another order it is a 500, whose `data` says 404.

Args:
    id: The order's id, which may differ from its number.
    refund_id: The id of the refund.
    dp: With how many decimals money is told; the shop's own unless said.

Headers and credentials, which `client` sends:
    Authorization: Basic. Consumer key and consumer secret of the shop, over https only.
    consumer_key (in the query): The same key in the query, over https only.
    consumer_secret (in the query): The same secret in the query, over https only.
    oauth_consumer_key (in the query): One-legged OAuth 1.0a in the query; the one way over plain http.
    oauth_timestamp (in the query): Seconds since 1970, at most 15 minutes off the server's clock.
    oauth_nonce (in the query): A fresh text for every call.
    oauth_signature (in the query): Of method, address and query, by the consumer secret and `&`; the body is
        not signed.
    oauth_signature_method (in the query): HMAC-SHA256.
    Of the credentials, one kind is enough.

Raises:
    ValueError: An id that is empty, `.` or `..`.
    StatusError: The server answered with a status other than 2xx, documented or not.
    DecodeError: The server answered with success, but not with Refund.
    TransportError: No answer, or not in time.
"""

from ...._runtime.codec import encode_id
from ...client import Client, Request, Response, send, send_async
from ...models import Refund


def _request(
    id: str,
    refund_id: str,
    *,
    dp: str | None = None,
) -> Request:
    return Request(
        method="GET",
        path="/wp-json/wc/v3/orders/{id}/refunds/{refund_id}".format(
            id=encode_id("id", id),
            refund_id=encode_id("refund_id", refund_id),
        ),
        query={name: value for name, value in (("dp", dp),) if value is not None},
    )


def sync_detailed(
    id: str,
    refund_id: str,
    *,
    client: Client,
    dp: str | None = None,
) -> Response[Refund]:
    """Call the operation and return status, headers and model; the module describes the arguments."""
    return send(
        client,
        _request(
            id,
            refund_id,
            dp=dp,
        ),
        Refund,
    )


def sync(
    id: str,
    refund_id: str,
    *,
    client: Client,
    dp: str | None = None,
) -> Refund:
    """Call the operation and return the model of its answer; the module describes the arguments."""
    return sync_detailed(id, refund_id, dp=dp, client=client).parsed


async def asyncio_detailed(
    id: str,
    refund_id: str,
    *,
    client: Client,
    dp: str | None = None,
) -> Response[Refund]:
    """Do the same as `sync_detailed`, with `await`."""
    return await send_async(
        client,
        _request(
            id,
            refund_id,
            dp=dp,
        ),
        Refund,
    )


async def asyncio(
    id: str,
    refund_id: str,
    *,
    client: Client,
    dp: str | None = None,
) -> Refund:
    """Do the same as `sync`, with `await`."""
    return (await asyncio_detailed(id, refund_id, dp=dp, client=client)).parsed
