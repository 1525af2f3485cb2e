"""POST /v3/returns/{return_order_id}/refund: Refund one or more lines of a return, wholly or in part.

Pieces, not money; Walmart computes what they cost. The answer repeats the request and says nothing of money:
`list_returns` tells what was refunded.

Args:
    return_order_id: The number of the return (RMA), which an order's line shows as `returnOrderId`.

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
    DecodeError: The server answered with success, but not with ReturnRefundResponse.
    TransportError: No answer, or not in time.
"""

from ...._runtime.codec import encode, encode_id
from ...client import Client, Request, Response, send, send_async
from ...models import ReturnRefundRequest, ReturnRefundResponse


def _request(
    return_order_id: str,
    *,
    body: ReturnRefundRequest,
) -> Request:
    return Request(
        method="POST",
        path="/v3/returns/{return_order_id}/refund".format(
            return_order_id=encode_id("return_order_id", return_order_id),
        ),
        content=encode(body),
        media_type="application/json",
    )


def sync_detailed(
    return_order_id: str,
    *,
    client: Client,
    body: ReturnRefundRequest,
) -> Response[ReturnRefundResponse]:
    """Call the operation and return status, headers and model; the module describes the arguments."""
    return send(
        client,
        _request(
            return_order_id,
            body=body,
        ),
        ReturnRefundResponse,
    )


def sync(
    return_order_id: str,
    *,
    client: Client,
    body: ReturnRefundRequest,
) -> ReturnRefundResponse:
    """Call the operation and return the model of its answer; the module describes the arguments."""
    return sync_detailed(return_order_id, body=body, client=client).parsed


async def asyncio_detailed(
    return_order_id: str,
    *,
    client: Client,
    body: ReturnRefundRequest,
) -> Response[ReturnRefundResponse]:
    """Do the same as `sync_detailed`, with `await`."""
    return await send_async(
        client,
        _request(
            return_order_id,
            body=body,
        ),
        ReturnRefundResponse,
    )


async def asyncio(
    return_order_id: str,
    *,
    client: Client,
    body: ReturnRefundRequest,
) -> ReturnRefundResponse:
    """Do the same as `sync`, with `await`."""
    return (await asyncio_detailed(return_order_id, body=body, client=client)).parsed
