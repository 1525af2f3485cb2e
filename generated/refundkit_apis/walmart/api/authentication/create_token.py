"""POST /v3/token: Exchange client id and secret for an access token."""

from ...._runtime.codec import encode_form
from ...client import Client, Request, Response, send, send_async
from ...models.token import Token
from ...models.token_request import TokenRequest


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
    """Exchange client id and secret for an access token.

    The page links to it. A token lives for `expires_in` seconds, 900 as observed.

    Raises:
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with Token.
        TransportError: No answer, or not in time.
    """
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
    """Exchange client id and secret for an access token.

    The page links to it. A token lives for `expires_in` seconds, 900 as observed.

    Raises:
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with Token.
        TransportError: No answer, or not in time.
    """
    return sync_detailed(body=body, client=client).parsed


async def asyncio_detailed(
    *,
    client: Client,
    body: TokenRequest,
) -> Response[Token]:
    """Exchange client id and secret for an access token.

    The page links to it. A token lives for `expires_in` seconds, 900 as observed.

    Raises:
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with Token.
        TransportError: No answer, or not in time.
    """
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
    """Exchange client id and secret for an access token.

    The page links to it. A token lives for `expires_in` seconds, 900 as observed.

    Raises:
        StatusError: The server answered with a status other than 2xx, documented or not.
        DecodeError: The server answered with success, but not with Token.
        TransportError: No answer, or not in time.
    """
    return (await asyncio_detailed(body=body, client=client)).parsed
