"""POST /v3/ca/orders/{purchase_order_id}/cancel: Cancel one or more lines of an order that have not been shipped."""

from ...._runtime.codec import encode, encode_id
from ...client import Client, Request, Response, send, send_async
from ...models.order_cancellation_request import OrderCancellationRequest
from ...models.order_response import OrderResponse


def _request(
    purchase_order_id: str,
    *,
    body: OrderCancellationRequest,
) -> Request:
    return Request(
        method="POST",
        path="/v3/ca/orders/{purchase_order_id}/cancel".format(
            purchase_order_id=encode_id("purchase_order_id", purchase_order_id),
        ),
        content=encode(body),
        media_type="application/json",
    )


def sync_detailed(
    purchase_order_id: str,
    *,
    client: Client,
    body: OrderCancellationRequest,
) -> Response[OrderResponse]:
    """Cancel one or more lines of an order that have not been shipped.

    Answers with the order, the line cancelled. The next inventory feed wants the cancelled quantity.

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
    body: OrderCancellationRequest,
) -> OrderResponse:
    """Cancel one or more lines of an order that have not been shipped.

    Answers with the order, the line cancelled. The next inventory feed wants the cancelled quantity.

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
    body: OrderCancellationRequest,
) -> Response[OrderResponse]:
    """Cancel one or more lines of an order that have not been shipped.

    Answers with the order, the line cancelled. The next inventory feed wants the cancelled quantity.

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
    body: OrderCancellationRequest,
) -> OrderResponse:
    """Cancel one or more lines of an order that have not been shipped.

    Answers with the order, the line cancelled. The next inventory feed wants the cancelled quantity.

    Args:
        purchase_order_id: Walmart's number of the order; not the customer's order number.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with OrderResponse.
        TransportError: No answer, or not in time.
    """
    return (await asyncio_detailed(purchase_order_id, body=body, client=client)).parsed
