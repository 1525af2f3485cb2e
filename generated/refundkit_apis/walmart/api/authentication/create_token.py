"""POST /v3/token: Exchange client id and secret for an access token.

The page links to it. A token lives for `expires_in` seconds, 900 as observed.

Headers and credentials, which `client` sends:
    WM_QOS.CORRELATION_ID: A fresh GUID for every call.
    WM_SVC.NAME: Free text that names the service, such as `Walmart Marketplace`.
    Authorization: Basic. Client id and client secret of the seller's application.

Raises:
    StatusError: The server answered with a status other than 2xx, documented or not.
    DecodeError: The server answered with success, but not with Token.
    TransportError: No answer, or not in time.
"""

from ...._runtime.codec import encode_form
from ...client import Client, Request, Response, send, send_async
from ...models import Token, TokenRequest


def _request(
    *,
    body: TokenRequest,
) -> Request:
    return Request(
        method="POST",
        path="/v3/token",
        content=encode_form(body),
        media_type="application/x-www-form-urlencoded",
    )


def sync_detailed(
    *,
    client: Client,
    body: TokenRequest,
) -> Response[Token]:
    """The answer with its status and headers; the module says what is sent."""
    return send(
        client,
        _request(
            body=body,
        ),
        Token,
    )


def sync(
    *,
    client: Client,
    body: TokenRequest,
) -> Token:
    """The answer's model; the module says what is sent."""
    return sync_detailed(body=body, client=client).parsed


async def asyncio_detailed(
    *,
    client: Client,
    body: TokenRequest,
) -> Response[Token]:
    """As `sync_detailed`, with `await`."""
    return await send_async(
        client,
        _request(
            body=body,
        ),
        Token,
    )


async def asyncio(
    *,
    client: Client,
    body: TokenRequest,
) -> Token:
    """As `sync`, with `await`."""
    return (await asyncio_detailed(body=body, client=client)).parsed
