"""Where credentials may go: which headers, hosts and arguments, and that no secret shows."""

from __future__ import annotations

import asyncio
import logging
import pickle
import traceback
from base64 import b64encode
from collections.abc import Callable

import httpx
import pytest
from credentials import (
    CHANNEL,
    CLIENT_OPTIONS,
    CONSUMER,
    KEY,
    SECRET,
    http_server,
    send,
    sync_and_async,
    token_response,
    walmart_token,
)
from refundkit import auth
from refundkit_apis._runtime.errors import NotSent


@pytest.mark.parametrize(
    ("credentials", "name", "value"),
    [
        (auth.TaxCloudToken("a-token"), "Authorization", "Bearer a-token"),
        (auth.TaxCloudKey("a-key"), "X-API-KEY", "a-key"),
        (auth.WooCommerceBasic("ck", "cs"), "Authorization", "Basic Y2s6Y3M="),
    ],
)
@sync_and_async
def test_simple_credential_is_one_header(way: str, credentials: httpx.Auth, name: str, value: str) -> None:
    """TaxCloud gets a bearer token or an API key, and a WooCommerce shop on HTTPS gets Basic."""
    answer = send(way, lambda request: httpx.Response(200, json=dict(request.headers)), credentials)
    assert answer.json()[name.lower()] == value


def test_redirect_to_another_origin_gets_no_authorization() -> None:
    """A request that is redirected to another origin carries no Authorization header."""

    def redirect(request: httpx.Request) -> httpx.Response:
        if request.url.host == "elsewhere.example":
            return httpx.Response(200, json=dict(request.headers))
        return httpx.Response(307, headers={"Location": "https://elsewhere.example/"})

    for credentials in (auth.TaxCloudToken("a-token"), auth.WooCommerceBasic("ck", "cs")):
        assert "authorization" not in send("sync", redirect, credentials, follow_redirects=True).json()


def credentials_for_https() -> list[httpx.Auth]:
    """Return one of each kind of credentials that needs HTTPS."""
    return [
        walmart_token(),
        auth.WalmartSignature(CONSUMER, KEY, CHANNEL),
        auth.WooCommerceBasic("ck", SECRET),
        auth.TaxCloudToken(SECRET),
        auth.TaxCloudKey(SECRET),
    ]


@sync_and_async
@pytest.mark.parametrize("credentials", credentials_for_https(), ids=lambda credentials: type(credentials).__name__)
@pytest.mark.parametrize(
    "host",
    [
        "shop.example",
        "127.0.0.1.example.com",
        "localhost.example.com",
        "128.0.0.1",
        "[::2]",
        "10.0.0.1",
        "127.1",
        # A resolver may look these up elsewhere.
        "shop.localhost",
        "localhost.",
    ],
)
def test_plain_http_is_refused_before_anything_leaves(way: str, credentials: httpx.Auth, host: str) -> None:
    """Over plain HTTP no credential is sent to another machine, even if its name looks like a local one."""
    requests: list[httpx.Request] = []

    def record(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return token_response("a-token")

    with pytest.raises(NotSent, match="https://") as caught:
        send(way, record, credentials, f"http://user:{SECRET}@{host}/v3/orders/1")
    assert requests == []
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("credentials", credentials_for_https(), ids=lambda credentials: type(credentials).__name__)
@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.9.9.9:1", "[::1]:8080"])
def test_plain_http_to_this_machine_is_allowed(credentials: httpx.Auth, host: str) -> None:
    """Credentials may be sent over plain HTTP to a server on this machine."""
    assert (
        send("sync", lambda _: token_response("a-token"), credentials, f"http://{host}/v3/orders/1").status_code == 200
    )


def test_shop_credentials_follow_the_url_scheme() -> None:
    """A shop on HTTPS gets Basic, on plain HTTP OAuth; any other URL is a ValueError that does not show it."""
    assert type(auth.woocommerce_legacy("https://shop.example", "ck", "cs")) is auth.WooCommerceBasic
    assert type(auth.woocommerce_legacy("HTTP://shop.example", "ck", "cs")) is auth.WooCommerceOAuth
    with pytest.raises(ValueError, match="https://") as caught:
        auth.woocommerce_legacy(f"ftp://user:{SECRET}@shop.example", "ck", "cs")
    assert SECRET not in str(caught.value)


def credentials_by_argument() -> dict[str, Callable[[str], httpx.Auth]]:
    """Return a function per argument that becomes part of a header or a signature: it builds the credentials."""
    return {
        "client_id": lambda text: auth.WalmartToken(text, "secret"),
        "client_secret": lambda text: auth.WalmartToken("id", text),
        "service": lambda text: walmart_token(service=text),
        "consumer_id": lambda text: auth.WalmartSignature(text, KEY, CHANNEL),
        "channel_type": lambda text: auth.WalmartSignature(CONSUMER, KEY, text),
        "basic_key": lambda text: auth.WooCommerceBasic(text, "cs"),
        "basic_secret": lambda text: auth.WooCommerceBasic("ck", text),
        "oauth_key": lambda text: auth.WooCommerceOAuth(text, "cs"),
        "oauth_secret": lambda text: auth.WooCommerceOAuth("ck", text),
        "token": auth.TaxCloudToken,
        "api_key": auth.TaxCloudKey,
    }


@pytest.mark.parametrize("make", credentials_by_argument().values(), ids=credentials_by_argument())
@pytest.mark.parametrize(
    "text", [None, "", " ", f"{SECRET}\n", f"{SECRET}\r\nX: y", f"é{SECRET}", f" {SECRET}", "\0" + SECRET]
)
def test_unprintable_argument_is_refused_at_once(make: Callable[[str], httpx.Auth], text: str) -> None:
    """An argument that no header can carry raises ValueError, which does not show it."""
    with pytest.raises(ValueError, match="must be printable ASCII") as caught:
        make(text)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("name", ["client_id", "basic_key"])
def test_user_name_with_a_colon_is_refused(name: str) -> None:
    """A user name with a colon, which Basic cannot express, raises ValueError."""
    with pytest.raises(ValueError, match="colon") as caught:
        credentials_by_argument()[name](f"{SECRET}:")
    assert SECRET not in str(caught.value)


def visible_text(value: object) -> str:
    """Return all that a log or a debugger may show of an object and of its attributes, recursively."""
    texts = [repr(value), str(value), f"{value}", repr(getattr(value, "__dict__", ""))]
    return "".join(
        texts + [visible_text(attribute) for attribute in vars(value).values()] if hasattr(value, "__dict__") else texts
    )


@pytest.mark.parametrize(
    "credentials",
    [*credentials_for_https(), auth.WooCommerceOAuth("ck", SECRET)],
    ids=lambda credentials: type(credentials).__name__,
)
def test_no_secret_is_shown(credentials: httpx.Auth, caplog: pytest.LogCaptureFixture) -> None:
    """No repr, attribute or debug log shows a secret or a token, before or after a request."""
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "refundkit", "oauthlib", "asyncio", "concurrent.futures"):
        caplog.set_level(logging.DEBUG, name)
    secrets = (SECRET, "the-only-token", "".join(KEY.split())[:40], b64encode(f"an-id:{SECRET}".encode()).decode())
    before = visible_text(credentials)
    with http_server(lambda sent: token_response("the-only-token").content) as url:
        with httpx.Client(auth=credentials, **CLIENT_OPTIONS) as client:
            client.get(f"{url}/v3/orders/1")

        async def send_async() -> None:
            async with httpx.AsyncClient(auth=credentials, **CLIENT_OPTIONS) as client:
                await client.get(f"{url}/v3/orders/1")

        asyncio.run(send_async())
    assert "HTTP Request: GET" in caplog.text
    assert "send_request_headers" in caplog.text
    for secret in secrets:
        assert secret not in before + visible_text(credentials) + caplog.text


@pytest.mark.parametrize(
    "credentials",
    [*credentials_for_https(), auth.WooCommerceOAuth("ck", SECRET)],
    ids=lambda credentials: type(credentials).__name__,
)
def test_credentials_cannot_be_pickled(credentials: httpx.Auth) -> None:
    """Pickling credentials raises TypeError, so that none ends up in a cache or a queue."""
    with pytest.raises(TypeError):
        pickle.dumps(credentials)
