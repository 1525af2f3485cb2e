"""POST /wc-api/v3/orders/{id}/refunds: Refund an order, wholly or in part."""

from ...._runtime.codec import encode, encode_id
from ...client import Client, Request, Response, send, send_async
from ...models.refund_create_request import RefundCreateRequest
from ...models.refund_response import RefundResponse


def _request(
    id: str,
    *,
    body: RefundCreateRequest,
    api_refund: str | None = None,
) -> Request:
    return Request(
        method="POST",
        path="/wc-api/v3/orders/{id}/refunds".format(
            id=encode_id("id", id),
        ),
        query={name: value for name, value in (("api_refund", api_refund),) if value is not None},
        content=encode(body),
        media_type="application/json",
    )


def sync_detailed(
    id: str,
    *,
    client: Client,
    body: RefundCreateRequest,
    api_refund: str | None = None,
) -> Response[RefundResponse]:
    """Refund an order, wholly or in part.

    The refund is stored first, then the payment gateway is asked; a gateway's failure leaves the refund in
    the list, and may come as status 200 with `errors` in the body. An amount beyond what is left ends in a
    500 on current servers and is accepted by old ones.

    Args:
        id: The order's id, which may differ from its number.
        api_refund: `0` leaves the payment gateway out; every other text, `false` included, asks it, as does its
            absence. It counts in the query only.

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
            body=body,
            api_refund=api_refund,
        ),
        RefundResponse,
    )


def sync(
    id: str,
    *,
    client: Client,
    body: RefundCreateRequest,
    api_refund: str | None = None,
) -> RefundResponse:
    """Refund an order, wholly or in part.

    The refund is stored first, then the payment gateway is asked; a gateway's failure leaves the refund in
    the list, and may come as status 200 with `errors` in the body. An amount beyond what is left ends in a
    500 on current servers and is accepted by old ones.

    Args:
        id: The order's id, which may differ from its number.
        api_refund: `0` leaves the payment gateway out; every other text, `false` included, asks it, as does its
            absence. It counts in the query only.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with RefundResponse.
        TransportError: No answer, or not in time.
    """
    return sync_detailed(id, body=body, api_refund=api_refund, client=client).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: Client,
    body: RefundCreateRequest,
    api_refund: str | None = None,
) -> Response[RefundResponse]:
    """Refund an order, wholly or in part.

    The refund is stored first, then the payment gateway is asked; a gateway's failure leaves the refund in
    the list, and may come as status 200 with `errors` in the body. An amount beyond what is left ends in a
    500 on current servers and is accepted by old ones.

    Args:
        id: The order's id, which may differ from its number.
        api_refund: `0` leaves the payment gateway out; every other text, `false` included, asks it, as does its
            absence. It counts in the query only.

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
            body=body,
            api_refund=api_refund,
        ),
        RefundResponse,
    )


async def asyncio(
    id: str,
    *,
    client: Client,
    body: RefundCreateRequest,
    api_refund: str | None = None,
) -> RefundResponse:
    """Refund an order, wholly or in part.

    The refund is stored first, then the payment gateway is asked; a gateway's failure leaves the refund in
    the list, and may come as status 200 with `errors` in the body. An amount beyond what is left ends in a
    500 on current servers and is accepted by old ones.

    Args:
        id: The order's id, which may differ from its number.
        api_refund: `0` leaves the payment gateway out; every other text, `false` included, asks it, as does its
            absence. It counts in the query only.

    Raises:
        ValueError: An id that is empty, `.` or `..`.
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with RefundResponse.
        TransportError: No answer, or not in time.
    """
    return (await asyncio_detailed(id, body=body, api_refund=api_refund, client=client)).parsed
