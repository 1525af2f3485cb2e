"""POST /wc-api/v3/orders/{id}/refunds: Refund an order, wholly or in part.

The refund is stored first, then the payment gateway is asked; a gateway's failure leaves the refund in the list,
and may come as status 200 with `errors` in the body. An amount beyond what is left ends in a 500 on current
servers and is accepted by old ones.

Args:
    id: The order's id, which may differ from its number.
    api_refund: `0` leaves the payment gateway out; every other text, `false` included, asks it, as does its
        absence. It counts in the query only.

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
    DecodeError: The server answered with success, but not with RefundResponse.
    TransportError: No answer, or not in time.
"""

from ...._runtime.codec import encode, encode_id
from ...client import Client, Request, Response, send, send_async
from ...models import RefundCreateRequest, RefundResponse


def _request(
    id: str,
    *,
    body: RefundCreateRequest,
    api_refund: str | None = None,
) -> Request:
    return Request(
        method="POST",
        path="/wc-api/v3/orders/{id}/refunds".format(
            id=encode_id("id", id),
        ),
        query={name: value for name, value in (("api_refund", api_refund),) if value is not None},
        content=encode(body),
        media_type="application/json",
    )


def sync_detailed(
    id: str,
    *,
    client: Client,
    body: RefundCreateRequest,
    api_refund: str | None = None,
) -> Response[RefundResponse]:
    """Call the operation and return status, headers and model; the module describes the arguments."""
    return send(
        client,
        _request(
            id,
            body=body,
            api_refund=api_refund,
        ),
        RefundResponse,
    )


def sync(
    id: str,
    *,
    client: Client,
    body: RefundCreateRequest,
    api_refund: str | None = None,
) -> RefundResponse:
    """Call the operation and return the model of its answer; the module describes the arguments."""
    return sync_detailed(id, body=body, api_refund=api_refund, client=client).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: Client,
    body: RefundCreateRequest,
    api_refund: str | None = None,
) -> Response[RefundResponse]:
    """Do the same as `sync_detailed`, with `await`."""
    return await send_async(
        client,
        _request(
            id,
            body=body,
            api_refund=api_refund,
        ),
        RefundResponse,
    )


async def asyncio(
    id: str,
    *,
    client: Client,
    body: RefundCreateRequest,
    api_refund: str | None = None,
) -> RefundResponse:
    """Do the same as `sync`, with `await`."""
    return (await asyncio_detailed(id, body=body, api_refund=api_refund, client=client)).parsed
