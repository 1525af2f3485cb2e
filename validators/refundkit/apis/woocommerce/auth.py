"""The credentials of a WooCommerce shop, for both of its APIs: Basic over HTTPS, OAuth 1.0a over plain HTTP."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import httpx
from refundkit_apis._runtime.errors import NotSent

from ...errors import UsageError
from ..shared.credentials import Secret, basic_header, join_pair, origin_of, refuse_plain_http, require_sendable


class WooCommerceBasic(httpx.Auth):
    """Consumer key and consumer secret of a shop on HTTPS."""

    def __init__(self, key: str, secret: str) -> None:
        self._value = Secret(basic_header(join_pair("key", key, "secret", secret)))

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        refuse_plain_http(request, "use https://, or refundkit.auth.WooCommerceOAuth, which signs")
        request.headers["Authorization"] = self._value.text
        yield request


class WooCommerceOAuth(httpx.Auth):
    """Consumer key and consumer secret of a shop on plain HTTP: OAuth 1.0a in the query, HMAC-SHA256, no token.

    The secret never leaves; the key stands in the URL, as OAuth has it. The signature covers method, URL and query but
    not the body, and a shop takes each nonce once: send a request again through the auth, not below it. The legacy API
    refuses these signatures over HTTPS, and a shop whose configured address is not the one called does so everywhere.

    Raises NotSent for a query that is not UTF-8.
    """

    def __init__(self, key: str, secret: str) -> None:
        self._key = Secret(require_sendable("key", key))
        self._secret = Secret(require_sendable("secret", secret))

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, SIGNATURE_TYPE_QUERY, Client

        client: Any = Client(  # whose stubs know fewer methods than HTTP
            self._key.text,
            self._secret.text,
            signature_method=SIGNATURE_HMAC_SHA256,
            signature_type=SIGNATURE_TYPE_QUERY,
        )
        url, _, _ = client.sign(_signable(request.url), request.method)
        request.url = httpx.URL(url)
        yield request


def woocommerce(url: str, key: str, secret: str) -> WooCommerceBasic | WooCommerceOAuth:
    """Return the credentials for the shop at the URL: Basic for https, OAuth for http. Raises ValueError for others."""
    scheme = url.partition(":")[0].lower() if isinstance(url, str) else ""
    if scheme == "https":
        return WooCommerceBasic(key, secret)
    if scheme == "http":
        return WooCommerceOAuth(key, secret)
    is_text = isinstance(url, str)  # which may hold a secret
    raise UsageError(f"url {'' if is_text else f'is {url!r}: it '}must begin with https:// or http://, and a host")


def _signable(url: httpx.URL) -> str:
    """Return the URL without an earlier signature, its query encoded as OAuth asks; httpx sends it unchanged."""
    path, _, query = url.raw_path.decode("ascii").partition("?")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise NotSent("not sent: the query is not UTF-8, which cannot be signed") from None
    pairs = [(name, value) for name, value in pairs if not name.startswith("oauth_")]
    return f"{origin_of(url)}{path}?{urlencode(pairs, quote_via=quote)}"
