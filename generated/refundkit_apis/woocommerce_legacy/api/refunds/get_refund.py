"""GET /wc-api/v3/orders/{id}/refunds/{refund_id}: Read one refund of an order."""

from ...._runtime.codec import encode_id
from ...client import Client, Request, Response, send, send_async
from ...models.refund_response import RefundResponse


def _request(
    id: str,
    refund_id: str,
    *,
    fields: str | None = None,
) -> Request:
    return Request(
        method="GET",
        path="/wc-api/v3/orders/{id}/refunds/{refund_id}".format(
            id=encode_id("id", id),
            refund_id=encode_id("refund_id", refund_id),
        ),
        query={name: value for name, value in (("fields", fields),) if value is not None},
    )


def sync_detailed(
    id: str,
    refund_id: str,
    *,
    client: Client,
    fields: str | None = None,
) -> Response[RefundResponse]:
    """Read one refund of an order.

    The server does not look whether the refund belongs to the order.

    Args:
        id: The order's id, which may differ from its number.
        refund_id: The id of the refund.
        fields: The fields that the answer is cut down to, separated by commas; keep `id` and `amount`, which
            the models require.

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
            fields=fields,
        ),
        RefundResponse,
    )


def sync(
    id: str,
    refund_id: str,
    *,
    client: Client,
    fields: str | None = None,
) -> RefundResponse:
    """Read one refund of an order.

    The server does not look whether the refund belongs to the order.

    Args:
        id: The order's id, which may differ from its number.
        refund_id: The id of the refund.
        fields: The fields that the answer is cut down to, separated by commas; keep `id` and `amount`, which
            the models require.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with RefundResponse.
        TransportError: No answer, or not in time.
    """
    return sync_detailed(id, refund_id, fields=fields, client=client).parsed


async def asyncio_detailed(
    id: str,
    refund_id: str,
    *,
    client: Client,
    fields: str | None = None,
) -> Response[RefundResponse]:
    """Read one refund of an order.

    The server does not look whether the refund belongs to the order.

    Args:
        id: The order's id, which may differ from its number.
        refund_id: The id of the refund.
        fields: The fields that the answer is cut down to, separated by commas; keep `id` and `amount`, which
            the models require.

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
            fields=fields,
        ),
        RefundResponse,
    )


async def asyncio(
    id: str,
    refund_id: str,
    *,
    client: Client,
    fields: str | None = None,
) -> RefundResponse:
    """Read one refund of an order.

    The server does not look whether the refund belongs to the order.

    Args:
        id: The order's id, which may differ from its number.
        refund_id: The id of the refund.
        fields: The fields that the answer is cut down to, separated by commas; keep `id` and `amount`, which
            the models require.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with RefundResponse.
        TransportError: No answer, or not in time.
    """
    return (await asyncio_detailed(id, refund_id, fields=fields, client=client)).parsed
