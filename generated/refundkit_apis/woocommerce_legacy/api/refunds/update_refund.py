"""PUT /wc-api/v3/orders/{id}/refunds/{refund_id}: Change the amount or the reason of a refund."""

from ...._runtime.codec import encode, encode_id
from ...client import Client, Request, Response, send, send_async
from ...models.refund_response import RefundResponse
from ...models.refund_update_request import RefundUpdateRequest


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
    """Change the amount or the reason of a refund.

    POST and PATCH do the same. No limit is held, the lines stay as they were and the payment gateway is not
    asked; current servers answer 200 to a new reason and keep the old one.

    Args:
        id: The order's id, which may differ from its number.
        refund_id: The id of the refund.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with RefundResponse.
        TransportError: No answer, or not in time.
    """
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
    """Change the amount or the reason of a refund.

    POST and PATCH do the same. No limit is held, the lines stay as they were and the payment gateway is not
    asked; current servers answer 200 to a new reason and keep the old one.

    Args:
        id: The order's id, which may differ from its number.
        refund_id: The id of the refund.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with RefundResponse.
        TransportError: No answer, or not in time.
    """
    return sync_detailed(id, refund_id, body=body, client=client).parsed


async def asyncio_detailed(
    id: str,
    refund_id: str,
    *,
    client: Client,
    body: RefundUpdateRequest,
) -> Response[RefundResponse]:
    """Change the amount or the reason of a refund.

    POST and PATCH do the same. No limit is held, the lines stay as they were and the payment gateway is not
    asked; current servers answer 200 to a new reason and keep the old one.

    Args:
        id: The order's id, which may differ from its number.
        refund_id: The id of the refund.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with RefundResponse.
        TransportError: No answer, or not in time.
    """
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
    """Change the amount or the reason of a refund.

    POST and PATCH do the same. No limit is held, the lines stay as they were and the payment gateway is not
    asked; current servers answer 200 to a new reason and keep the old one.

    Args:
        id: The order's id, which may differ from its number.
        refund_id: The id of the refund.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with RefundResponse.
        TransportError: No answer, or not in time.
    """
    return (await asyncio_detailed(id, refund_id, body=body, client=client)).parsed
