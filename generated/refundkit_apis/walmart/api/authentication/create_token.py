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
    """Call the operation and return status, headers and model; the module describes the arguments."""
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
    """Call the operation and return the model of its answer; the module describes the arguments."""
    return sync_detailed(body=body, client=client).parsed


async def asyncio_detailed(
    *,
    client: Client,
    body: TokenRequest,
) -> Response[Token]:
    """Do the same as `sync_detailed`, with `await`."""
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
    """Do the same as `sync`, with `await`."""
    return (await asyncio_detailed(body=body, client=client)).parsed
