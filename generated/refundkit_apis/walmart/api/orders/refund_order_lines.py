"""POST /v3/orders/{purchase_order_id}/refund: Refund one or more lines of an order, wholly or in part."""

from ...._runtime.codec import encode, encode_id
from ...client import Client, Request, Response, send, send_async
from ...models.order_refund_request import OrderRefundRequest
from ...models.order_response import OrderResponse


def _request(
    purchase_order_id: str,
    *,
    body: OrderRefundRequest,
) -> Request:
    return Request(
        method="POST",
        path="/v3/orders/{purchase_order_id}/refund".format(
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
    """Refund one or more lines of an order, wholly or in part.

    Answers with the whole order, the refund among its lines.

    Args:
        purchase_order_id: Walmart's number of the order; not the customer's order number.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with OrderResponse.
        TransportError: No answer, or not in time.
    """
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
    """Refund one or more lines of an order, wholly or in part.

    Answers with the whole order, the refund among its lines.

    Args:
        purchase_order_id: Walmart's number of the order; not the customer's order number.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with OrderResponse.
        TransportError: No answer, or not in time.
    """
    return sync_detailed(purchase_order_id, body=body, client=client).parsed


async def asyncio_detailed(
    purchase_order_id: str,
    *,
    client: Client,
    body: OrderRefundRequest,
) -> Response[OrderResponse]:
    """Refund one or more lines of an order, wholly or in part.

    Answers with the whole order, the refund among its lines.

    Args:
        purchase_order_id: Walmart's number of the order; not the customer's order number.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with OrderResponse.
        TransportError: No answer, or not in time.
    """
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
    """Refund one or more lines of an order, wholly or in part.

    Answers with the whole order, the refund among its lines.

    Args:
        purchase_order_id: Walmart's number of the order; not the customer's order number.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with OrderResponse.
        TransportError: No answer, or not in time.
    """
    return (await asyncio_detailed(purchase_order_id, body=body, client=client)).parsed
