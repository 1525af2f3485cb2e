"""GET /v3/returns: List returns, with the state of their lines and what was refunded of them.

Newest first, page by page; `meta.nextCursor` leads to the next one.

Args:
    return_order_id: The return of this number.
    customer_order_id: Returns of this customer order.
    status: INITIATED, DELIVERED or COMPLETED.
    return_type: REFUND or REPLACEMENT.
    replacement_info: `true` adds what a replacement replaces.
    return_creation_start_date: A date or a time, in UTC.
    return_creation_end_date: A date or a time, in UTC.
    return_last_modified_start_date: A date or a time, in UTC.
    return_last_modified_end_date: A date or a time, in UTC.
    limit: Returns a page, 10 unless said, 200 at most.

Headers and credentials, which `client` sends:
    WM_QOS.CORRELATION_ID: A fresh GUID for every call.
    WM_SVC.NAME: Free text that names the service, such as `Walmart Marketplace`.
    WM_MARKET (optional): The market of the order. Without it, and without WM_GLOBAL_VERSION, the call is a
        plain US call.
    WM_GLOBAL_VERSION (optional): The version of the global API; goes with WM_MARKET.
    WM_SEC.ACCESS_TOKEN: The bare token of `create_token`, without a prefix.

Raises:
    StatusError: The server answered with a status other than 2xx, documented or not.
    DecodeError: The server answered with success, but not with ReturnsResponse.
    TransportError: No answer, or not in time.
"""

from ...client import Client, Request, Response, send, send_async
from ...models import ReturnsResponse


def _request(
    *,
    return_order_id: str | None = None,
    customer_order_id: str | None = None,
    status: str | None = None,
    return_type: str | None = None,
    replacement_info: str | None = None,
    return_creation_start_date: str | None = None,
    return_creation_end_date: str | None = None,
    return_last_modified_start_date: str | None = None,
    return_last_modified_end_date: str | None = None,
    limit: str | None = None,
) -> Request:
    return Request(
        method="GET",
        path="/v3/returns",
        query={
            name: value
            for name, value in (
                ("returnOrderId", return_order_id),
                ("customerOrderId", customer_order_id),
                ("status", status),
                ("returnType", return_type),
                ("replacementInfo", replacement_info),
                ("returnCreationStartDate", return_creation_start_date),
                ("returnCreationEndDate", return_creation_end_date),
                ("returnLastModifiedStartDate", return_last_modified_start_date),
                ("returnLastModifiedEndDate", return_last_modified_end_date),
                ("limit", limit),
            )
            if value is not None
        },
    )


def sync_detailed(
    *,
    client: Client,
    return_order_id: str | None = None,
    customer_order_id: str | None = None,
    status: str | None = None,
    return_type: str | None = None,
    replacement_info: str | None = None,
    return_creation_start_date: str | None = None,
    return_creation_end_date: str | None = None,
    return_last_modified_start_date: str | None = None,
    return_last_modified_end_date: str | None = None,
    limit: str | None = None,
) -> Response[ReturnsResponse]:
    """Call the operation and return status, headers and model; the module describes the arguments."""
    return send(
        client,
        _request(
            return_order_id=return_order_id,
            customer_order_id=customer_order_id,
            status=status,
            return_type=return_type,
            replacement_info=replacement_info,
            return_creation_start_date=return_creation_start_date,
            return_creation_end_date=return_creation_end_date,
            return_last_modified_start_date=return_last_modified_start_date,
            return_last_modified_end_date=return_last_modified_end_date,
            limit=limit,
        ),
        ReturnsResponse,
    )


def sync(
    *,
    client: Client,
    return_order_id: str | None = None,
    customer_order_id: str | None = None,
    status: str | None = None,
    return_type: str | None = None,
    replacement_info: str | None = None,
    return_creation_start_date: str | None = None,
    return_creation_end_date: str | None = None,
    return_last_modified_start_date: str | None = None,
    return_last_modified_end_date: str | None = None,
    limit: str | None = None,
) -> ReturnsResponse:
    """Call the operation and return the model of its answer; the module describes the arguments."""
    return sync_detailed(
        return_order_id=return_order_id,
        customer_order_id=customer_order_id,
        status=status,
        return_type=return_type,
        replacement_info=replacement_info,
        return_creation_start_date=return_creation_start_date,
        return_creation_end_date=return_creation_end_date,
        return_last_modified_start_date=return_last_modified_start_date,
        return_last_modified_end_date=return_last_modified_end_date,
        limit=limit,
        client=client,
    ).parsed


async def asyncio_detailed(
    *,
    client: Client,
    return_order_id: str | None = None,
    customer_order_id: str | None = None,
    status: str | None = None,
    return_type: str | None = None,
    replacement_info: str | None = None,
    return_creation_start_date: str | None = None,
    return_creation_end_date: str | None = None,
    return_last_modified_start_date: str | None = None,
    return_last_modified_end_date: str | None = None,
    limit: str | None = None,
) -> Response[ReturnsResponse]:
    """Do the same as `sync_detailed`, with `await`."""
    return await send_async(
        client,
        _request(
            return_order_id=return_order_id,
            customer_order_id=customer_order_id,
            status=status,
            return_type=return_type,
            replacement_info=replacement_info,
            return_creation_start_date=return_creation_start_date,
            return_creation_end_date=return_creation_end_date,
            return_last_modified_start_date=return_last_modified_start_date,
            return_last_modified_end_date=return_last_modified_end_date,
            limit=limit,
        ),
        ReturnsResponse,
    )


async def asyncio(
    *,
    client: Client,
    return_order_id: str | None = None,
    customer_order_id: str | None = None,
    status: str | None = None,
    return_type: str | None = None,
    replacement_info: str | None = None,
    return_creation_start_date: str | None = None,
    return_creation_end_date: str | None = None,
    return_last_modified_start_date: str | None = None,
    return_last_modified_end_date: str | None = None,
    limit: str | None = None,
) -> ReturnsResponse:
    """Do the same as `sync`, with `await`."""
    return (
        await asyncio_detailed(
            return_order_id=return_order_id,
            customer_order_id=customer_order_id,
            status=status,
            return_type=return_type,
            replacement_info=replacement_info,
            return_creation_start_date=return_creation_start_date,
            return_creation_end_date=return_creation_end_date,
            return_last_modified_start_date=return_last_modified_start_date,
            return_last_modified_end_date=return_last_modified_end_date,
            limit=limit,
            client=client,
        )
    ).parsed
