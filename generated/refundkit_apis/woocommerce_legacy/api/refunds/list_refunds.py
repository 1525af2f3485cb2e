"""GET /wc-api/v3/orders/{id}/refunds: Read all the refunds of an order."""

from ...._runtime.codec import encode_id
from ...client import Client, Request, Response, send, send_async
from ...models.refund_list_response import RefundListResponse


def _request(
    id: str,
    *,
    fields: str | None = None,
) -> Request:
    return Request(
        method="GET",
        path="/wc-api/v3/orders/{id}/refunds".format(
            id=encode_id("id", id),
        ),
        query={name: value for name, value in (("fields", fields),) if value is not None},
    )


def sync_detailed(
    id: str,
    *,
    client: Client,
    fields: str | None = None,
) -> Response[RefundListResponse]:
    """Read all the refunds of an order.

    Every refund at once, the newest first; there are no pages.

    Args:
        id: The order's id, which may differ from its number.
        fields: The fields that the answer is cut down to, separated by commas; keep `id` and `amount`, which
            the models require.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with RefundListResponse.
        TransportError: No answer, or not in time.
    """
    return send(
        client,
        _request(
            id,
            fields=fields,
        ),
        RefundListResponse,
    )


def sync(
    id: str,
    *,
    client: Client,
    fields: str | None = None,
) -> RefundListResponse:
    """Read all the refunds of an order.

    Every refund at once, the newest first; there are no pages.

    Args:
        id: The order's id, which may differ from its number.
        fields: The fields that the answer is cut down to, separated by commas; keep `id` and `amount`, which
            the models require.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with RefundListResponse.
        TransportError: No answer, or not in time.
    """
    return sync_detailed(id, fields=fields, client=client).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: Client,
    fields: str | None = None,
) -> Response[RefundListResponse]:
    """Read all the refunds of an order.

    Every refund at once, the newest first; there are no pages.

    Args:
        id: The order's id, which may differ from its number.
        fields: The fields that the answer is cut down to, separated by commas; keep `id` and `amount`, which
            the models require.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with RefundListResponse.
        TransportError: No answer, or not in time.
    """
    return await send_async(
        client,
        _request(
            id,
            fields=fields,
        ),
        RefundListResponse,
    )


async def asyncio(
    id: str,
    *,
    client: Client,
    fields: str | None = None,
) -> RefundListResponse:
    """Read all the refunds of an order.

    Every refund at once, the newest first; there are no pages.

    Args:
        id: The order's id, which may differ from its number.
        fields: The fields that the answer is cut down to, separated by commas; keep `id` and `amount`, which
            the models require.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with RefundListResponse.
        TransportError: No answer, or not in time.
    """
    return (await asyncio_detailed(id, fields=fields, client=client)).parsed
