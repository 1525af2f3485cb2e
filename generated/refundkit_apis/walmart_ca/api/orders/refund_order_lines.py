"""POST /v3/ca/orders/{purchase_order_id}/refund: Refund one or more shipped lines of an order.

Answers with the order, the refund among its lines.

Args:
    purchase_order_id: Walmart's number of the order; not the customer's order number.

Headers and credentials, which `client` sends:
    WM_CONSUMER.CHANNEL.TYPE: The channel type that the seller was given; a GUID as observed.
    WM_QOS.CORRELATION_ID: A fresh GUID for every call.
    WM_SVC.NAME: Free text that names the service, such as `Walmart Marketplace`.
    WM_SEC.ACCESS_TOKEN: The bare token of the current API, which replaced the signature.
    WM_CONSUMER.ID: The consumer id of the seller, from the developer center.
    WM_SEC.AUTH_SIGNATURE: A signature of consumer id, URL, method and timestamp. Facts: RSA with SHA-256, in
        base64, made anew for every call.
    WM_SEC.TIMESTAMP: The time of the signature. Facts: epoch milliseconds, 13 digits.
    Of the credentials, one kind is enough.

Raises:
    ValueError: An id that is empty, `.` or `..`.
    StatusError: The server answered with a status other than 2xx, documented or not.
    DecodeError: The server answered with success, but not with OrderResponse.
    TransportError: No answer, or not in time.
"""

from ...._runtime.codec import encode, encode_id
from ...client import Client, Request, Response, send, send_async
from ...models import OrderRefundRequest, OrderResponse


def _request(
    purchase_order_id: str,
    *,
    body: OrderRefundRequest,
) -> Request:
    return Request(
        method="POST",
        path="/v3/ca/orders/{purchase_order_id}/refund".format(
            purchase_order_id=encode_id("purchase_order_id", purchase_order_id),
        ),
        content=encode(body),
        media_type="application/json",
    )


def sync_detailed(
    purchase_order_id: str,
    *,
    client: Client,
    body: OrderRefundRequest,
) -> Response[OrderResponse]:
    """Call the operation and return status, headers and model; the module describes the arguments."""
    return send(
        client,
        _request(
            purchase_order_id,
            body=body,
        ),
        OrderResponse,
    )


def sync(
    purchase_order_id: str,
    *,
    client: Client,
    body: OrderRefundRequest,
) -> OrderResponse:
    """Call the operation and return the model of its answer; the module describes the arguments."""
    return sync_detailed(purchase_order_id, body=body, client=client).parsed


async def asyncio_detailed(
    purchase_order_id: str,
    *,
    client: Client,
    body: OrderRefundRequest,
) -> Response[OrderResponse]:
    """Do the same as `sync_detailed`, with `await`."""
    return await send_async(
        client,
        _request(
            purchase_order_id,
            body=body,
        ),
        OrderResponse,
    )


async def asyncio(
    purchase_order_id: str,
    *,
    client: Client,
    body: OrderRefundRequest,
) -> OrderResponse:
    """Do the same as `sync`, with `await`."""
    return (await asyncio_detailed(purchase_order_id, body=body, client=client)).parsed
