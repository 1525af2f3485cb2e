"""GET /v3/orders/{purchase_order_id}: Read one order, with the charges, statuses and refunds of its lines.

The page names only the refund; this is the order that it answers with.

Args:
    purchase_order_id: Walmart's number of the order; not the customer's order number.
    product_info: `true` adds the product's image and weight to every line.
    replacement_info: `true` adds `orderType` and the ids of replaced orders.

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

from ...._runtime.codec import encode_id
from ...client import Client, Request, Response, send, send_async
from ...models import OrderResponse


def _request(
    purchase_order_id: str,
    *,
    product_info: str | None = None,
    replacement_info: str | None = None,
) -> Request:
    return Request(
        method="GET",
        path="/v3/orders/{purchase_order_id}".format(
            purchase_order_id=encode_id("purchase_order_id", purchase_order_id),
        ),
        query={
            name: value
            for name, value in (
                ("productInfo", product_info),
                ("replacementInfo", replacement_info),
            )
            if value is not None
        },
    )


def sync_detailed(
    purchase_order_id: str,
    *,
    client: Client,
    product_info: str | None = None,
    replacement_info: str | None = None,
) -> Response[OrderResponse]:
    """Call the operation and return status, headers and model; the module describes the arguments."""
    return send(
        client,
        _request(
            purchase_order_id,
            product_info=product_info,
            replacement_info=replacement_info,
        ),
        OrderResponse,
    )


def sync(
    purchase_order_id: str,
    *,
    client: Client,
    product_info: str | None = None,
    replacement_info: str | None = None,
) -> OrderResponse:
    """Call the operation and return the model of its answer; the module describes the arguments."""
    return sync_detailed(
        purchase_order_id, product_info=product_info, replacement_info=replacement_info, client=client
    ).parsed


async def asyncio_detailed(
    purchase_order_id: str,
    *,
    client: Client,
    product_info: str | None = None,
    replacement_info: str | None = None,
) -> Response[OrderResponse]:
    """Do the same as `sync_detailed`, with `await`."""
    return await send_async(
        client,
        _request(
            purchase_order_id,
            product_info=product_info,
            replacement_info=replacement_info,
        ),
        OrderResponse,
    )


async def asyncio(
    purchase_order_id: str,
    *,
    client: Client,
    product_info: str | None = None,
    replacement_info: str | None = None,
) -> OrderResponse:
    """Do the same as `sync`, with `await`."""
    return (
        await asyncio_detailed(
            purchase_order_id, product_info=product_info, replacement_info=replacement_info, client=client
        )
    ).parsed
