"""PUT /wc-api/v3/orders/{id}/refunds/{refund_id}: Change the amount or the reason of a refund.

POST and PATCH do the same. No limit is held, the lines stay as they were and the payment gateway is not asked;
current servers answer 200 to a new reason and keep the old one.

Args:
    id: The order's id, which may differ from its number.
    refund_id: The id of the refund.

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
from ...models import RefundResponse, RefundUpdateRequest


def _request(
    id: str,
    refund_id: str,
    *,
    body: RefundUpdateRequest,
) -> Request:
    return Request(
        method="PUT",
        path="/wc-api/v3/orders/{id}/refunds/{refund_id}".format(
            id=encode_id("id", id),
            refund_id=encode_id("refund_id", refund_id),
        ),
        content=encode(body),
        media_type="application/json",
    )


def sync_detailed(
    id: str,
    refund_id: str,
    *,
    client: Client,
    body: RefundUpdateRequest,
) -> Response[RefundResponse]:
    """Call the operation and return status, headers and model; the module describes the arguments."""
    return send(
        client,
        _request(
            id,
            refund_id,
            body=body,
        ),
        RefundResponse,
    )


def sync(
    id: str,
    refund_id: str,
    *,
    client: Client,
    body: RefundUpdateRequest,
) -> RefundResponse:
    """Call the operation and return the model of its answer; the module describes the arguments."""
    return sync_detailed(id, refund_id, body=body, client=client).parsed


async def asyncio_detailed(
    id: str,
    refund_id: str,
    *,
    client: Client,
    body: RefundUpdateRequest,
) -> Response[RefundResponse]:
    """Do the same as `sync_detailed`, with `await`."""
    return await send_async(
        client,
        _request(
            id,
            refund_id,
            body=body,
        ),
        RefundResponse,
    )


async def asyncio(
    id: str,
    refund_id: str,
    *,
    client: Client,
    body: RefundUpdateRequest,
) -> RefundResponse:
    """Do the same as `sync`, with `await`."""
    return (await asyncio_detailed(id, refund_id, body=body, client=client)).parsed
