"""GET /wp-json/wc/v3/orders/{id}/refunds: Read the refunds of an order, a page of them.

The newest first, 10 a page unless `per_page` says otherwise; `X-WP-Total` and `X-WP-TotalPages` tell how many
there are. A page beyond the last is an empty list, and so is the list of an order that does not exist.

Args:
    id: The order's id, which may differ from its number.
    per_page: How many refunds a page has, 1 to 100.
    page: Which page, from 1.
    offset: How many refunds are left out before the first.
    order: The newest first, or the oldest.
    orderby: What they are sorted by.
    dp: With how many decimals money is told; the shop's own unless said.

Headers and credentials, which `client` sends:
    Authorization: Basic. Consumer key and consumer secret of the shop, over https only.
    consumer_key (in the query): The same key in the query, over https only.
    consumer_secret (in the query): The same secret in the query, over https only.
    oauth_consumer_key (in the query): One-legged OAuth 1.0a in the query; the one way over plain http.
    oauth_timestamp (in the query): Seconds since 1970, at most 15 minutes off the server's clock.
    oauth_nonce (in the query): A fresh text for every call.
    oauth_signature (in the query): Of method, address and query, by the consumer secret and `&`; the body is
        not signed.
    oauth_signature_method (in the query): HMAC-SHA256.
    Of the credentials, one kind is enough.

Raises:
    ValueError: An id that is empty, `.` or `..`.
    StatusError: The server answered with a status other than 2xx, documented or not.
    DecodeError: The server answered with success, but not with list[Refund].
    TransportError: No answer, or not in time.
"""

from ...._runtime.codec import encode_id
from ...client import Client, Request, Response, send, send_async
from ...models import Refund


def _request(
    id: str,
    *,
    per_page: str | None = None,
    page: str | None = None,
    offset: str | None = None,
    order: str | None = None,
    orderby: str | None = None,
    dp: str | None = None,
) -> Request:
    return Request(
        method="GET",
        path="/wp-json/wc/v3/orders/{id}/refunds".format(
            id=encode_id("id", id),
        ),
        query={
            name: value
            for name, value in (
                ("per_page", per_page),
                ("page", page),
                ("offset", offset),
                ("order", order),
                ("orderby", orderby),
                ("dp", dp),
            )
            if value is not None
        },
    )


def sync_detailed(
    id: str,
    *,
    client: Client,
    per_page: str | None = None,
    page: str | None = None,
    offset: str | None = None,
    order: str | None = None,
    orderby: str | None = None,
    dp: str | None = None,
) -> Response[list[Refund]]:
    """Call the operation and return status, headers and model; the module describes the arguments."""
    return send(
        client,
        _request(
            id,
            per_page=per_page,
            page=page,
            offset=offset,
            order=order,
            orderby=orderby,
            dp=dp,
        ),
        list[Refund],
    )


def sync(
    id: str,
    *,
    client: Client,
    per_page: str | None = None,
    page: str | None = None,
    offset: str | None = None,
    order: str | None = None,
    orderby: str | None = None,
    dp: str | None = None,
) -> list[Refund]:
    """Call the operation and return the model of its answer; the module describes the arguments."""
    return sync_detailed(
        id, per_page=per_page, page=page, offset=offset, order=order, orderby=orderby, dp=dp, client=client
    ).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: Client,
    per_page: str | None = None,
    page: str | None = None,
    offset: str | None = None,
    order: str | None = None,
    orderby: str | None = None,
    dp: str | None = None,
) -> Response[list[Refund]]:
    """Do the same as `sync_detailed`, with `await`."""
    return await send_async(
        client,
        _request(
            id,
            per_page=per_page,
            page=page,
            offset=offset,
            order=order,
            orderby=orderby,
            dp=dp,
        ),
        list[Refund],
    )


async def asyncio(
    id: str,
    *,
    client: Client,
    per_page: str | None = None,
    page: str | None = None,
    offset: str | None = None,
    order: str | None = None,
    orderby: str | None = None,
    dp: str | None = None,
) -> list[Refund]:
    """Do the same as `sync`, with `await`."""
    return (
        await asyncio_detailed(
            id, per_page=per_page, page=page, offset=offset, order=order, orderby=orderby, dp=dp, client=client
        )
    ).parsed
