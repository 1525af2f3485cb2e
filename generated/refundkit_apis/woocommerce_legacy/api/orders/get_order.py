"""GET /wc-api/v3/orders/{id}: Read one order, with its lines, its shipping, fees and taxes."""

from ...._runtime.codec import encode_id
from ...client import Client, Request, Response, send, send_async
from ...models.order_response import OrderResponse


def _request(
    id: str,
) -> Request:
    return Request(
        method="GET",
        path="/wc-api/v3/orders/{id}".format(
            id=encode_id("id", id),
        ),
    )


def sync_detailed(
    id: str,
    *,
    client: Client,
) -> Response[OrderResponse]:
    """Read one order, with its lines, its shipping, fees and taxes.

    The page has the refunds only. The order does not tell of its refunds: `list_refunds` does.

    Args:
        id: The order's id, which may differ from its number.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with OrderResponse.
        TransportError: No answer, or not in time.
    """
    return send(
        client,
        _request(
            id,
        ),
        OrderResponse,
    )


def sync(
    id: str,
    *,
    client: Client,
) -> OrderResponse:
    """Read one order, with its lines, its shipping, fees and taxes.

    The page has the refunds only. The order does not tell of its refunds: `list_refunds` does.

    Args:
        id: The order's id, which may differ from its number.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with OrderResponse.
        TransportError: No answer, or not in time.
    """
    return sync_detailed(id, client=client).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: Client,
) -> Response[OrderResponse]:
    """Read one order, with its lines, its shipping, fees and taxes.

    The page has the refunds only. The order does not tell of its refunds: `list_refunds` does.

    Args:
        id: The order's id, which may differ from its number.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with OrderResponse.
        TransportError: No answer, or not in time.
    """
    return await send_async(
        client,
        _request(
            id,
        ),
        OrderResponse,
    )


async def asyncio(
    id: str,
    *,
    client: Client,
) -> OrderResponse:
    """Read one order, with its lines, its shipping, fees and taxes.

    The page has the refunds only. The order does not tell of its refunds: `list_refunds` does.

    Args:
        id: The order's id, which may differ from its number.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with OrderResponse.
        TransportError: No answer, or not in time.
    """
    return (await asyncio_detailed(id, client=client)).parsed
