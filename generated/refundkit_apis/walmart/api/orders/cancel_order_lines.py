"""POST /v3/orders/{purchase_order_id}/cancel: Cancel one or more lines of an order that have not been shipped.

Answers with the order, the line cancelled. A line out of stock is then marked so at its ship node: the next
inventory feed wants the quantity.

Args:
    purchase_order_id: Walmart's number of the order; not the customer's order number.

Headers and credentials, which `client` sends:
    WM_QOS.CORRELATION_ID: A fresh GUID for every call.
    WM_SVC.NAME: Free text that names the service, such as `Walmart Marketplace`.
    WM_MARKET (optional): The market of the order. Without it, and without WM_GLOBAL_VERSION, the call is a
        plain US call.
    WM_GLOBAL_VERSION (optional): The version of the global API; goes with WM_MARKET.
    WM_SEC.ACCESS_TOKEN: The bare token of `create_token`, without a prefix.

Raises:
    ValueError: An id that is empty, `.` or `..`.
    StatusError: The server answered with a status other than 2xx, documented or not.
    DecodeError: The server answered with success, but not with OrderResponse.
    TransportError: No answer, or not in time.
"""

from ...._runtime.codec import encode, encode_id
from ...client import Client, Request, Response, send, send_async
from ...models import OrderCancellationRequest, OrderResponse


def _request(
    purchase_order_id: str,
    *,
    body: OrderCancellationRequest,
) -> Request:
    return Request(
        method="POST",
        path="/v3/orders/{purchase_order_id}/cancel".format(
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
    body: OrderCancellationRequest,
) -> OrderResponse:
    """Call the operation and return the model of its answer; the module describes the arguments."""
    return sync_detailed(purchase_order_id, body=body, client=client).parsed


async def asyncio_detailed(
    purchase_order_id: str,
    *,
    client: Client,
    body: OrderCancellationRequest,
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
    body: OrderCancellationRequest,
) -> OrderResponse:
    """Do the same as `sync`, with `await`."""
    return (await asyncio_detailed(purchase_order_id, body=body, client=client)).parsed
