"""DELETE /wc-api/v3/orders/{id}/refunds/{refund_id}: Delete a refund for good."""

from ...._runtime.codec import encode_id
from ...client import Client, Request, Response, send, send_async
from ...models.deleted_response import DeletedResponse


def _request(
    id: str,
    refund_id: str,
) -> Request:
    return Request(
        method="DELETE",
        path="/wc-api/v3/orders/{id}/refunds/{refund_id}".format(
            id=encode_id("id", id),
            refund_id=encode_id("refund_id", refund_id),
        ),
    )


def sync_detailed(
    id: str,
    refund_id: str,
    *,
    client: Client,
) -> Response[DeletedResponse]:
    """Delete a refund for good.

    Its amount can be refunded again; no money moves, and an order that was set to refunded stays refunded.

    Args:
        id: The order's id, which may differ from its number.
        refund_id: The id of the refund.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with DeletedResponse.
        TransportError: No answer, or not in time.
    """
    return send(
        client,
        _request(
            id,
            refund_id,
        ),
        DeletedResponse,
    )


def sync(
    id: str,
    refund_id: str,
    *,
    client: Client,
) -> DeletedResponse:
    """Delete a refund for good.

    Its amount can be refunded again; no money moves, and an order that was set to refunded stays refunded.

    Args:
        id: The order's id, which may differ from its number.
        refund_id: The id of the refund.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with DeletedResponse.
        TransportError: No answer, or not in time.
    """
    return sync_detailed(id, refund_id, client=client).parsed


async def asyncio_detailed(
    id: str,
    refund_id: str,
    *,
    client: Client,
) -> Response[DeletedResponse]:
    """Delete a refund for good.

    Its amount can be refunded again; no money moves, and an order that was set to refunded stays refunded.

    Args:
        id: The order's id, which may differ from its number.
        refund_id: The id of the refund.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with DeletedResponse.
        TransportError: No answer, or not in time.
    """
    return await send_async(
        client,
        _request(
            id,
            refund_id,
        ),
        DeletedResponse,
    )


async def asyncio(
    id: str,
    refund_id: str,
    *,
    client: Client,
) -> DeletedResponse:
    """Delete a refund for good.

    Its amount can be refunded again; no money moves, and an order that was set to refunded stays refunded.

    Args:
        id: The order's id, which may differ from its number.
        refund_id: The id of the refund.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with DeletedResponse.
        TransportError: No answer, or not in time.
    """
    return (await asyncio_detailed(id, refund_id, client=client)).parsed
