"""Credentials for the four APIs: each an httpx.Auth, for sync and async clients (asyncio), many threads and tasks.

No secret stands in a repr, a log or an error, and none can be pickled. Over plain HTTP nothing is sent but to this
machine (localhost, 127.0.0.0/8, ::1), else NotSent is raised before a byte leaves; only WooCommerceOAuth, which signs,
goes anywhere. What HTTP cannot carry in a header is a ValueError when the object is made.

Redirects: httpx runs an auth once for a call, not for each hop, so that nothing here adds a credential to another
address. But a client with `follow_redirects=True` copies the headers to wherever a server sends it; to another origin
it drops Authorization, and no other header (WM_SEC.ACCESS_TOKEN, X-API-KEY). Leave it off, as httpx does.
"""

from __future__ import annotations

import asyncio
import re
import threading
from base64 import b64decode, b64encode
from collections.abc import AsyncGenerator, Generator
from concurrent.futures import Future, wait
from contextlib import suppress
from copy import copy
from time import monotonic, time_ns
from typing import TYPE_CHECKING, Any, Literal, NoReturn
from urllib.parse import parse_qsl, quote, urlencode
from uuid import uuid4

import attrs
import httpx
import msgspec
from refundkit_apis._runtime.codec import decode, encode
from refundkit_apis._runtime.errors import DecodeError, NotSent, StatusError

from .hosts import is_loopback

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_SENDABLE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_TOKEN_PATH = "/v3/token"  # noqa: S105 - a path
_CORRELATION = "WM_QOS.CORRELATION_ID"
# What an error keeps of the headers of a refused token request.
_TOLD = ("Retry-After", _CORRELATION, "X-Request-Id")


@attrs.frozen
class _Secret:
    text: str = attrs.field(repr=False)

    def __reduce__(self) -> NoReturn:
        raise TypeError("credentials are not pickled: make them where they are used")


@attrs.frozen
class _Token:
    """An access token, and the monotonic time until which it is used."""

    text: str = attrs.field(repr=False)
    until: float


# What a token request comes to; None if it was given up without an answer.
_Outcome = _Token | StatusError | DecodeError | None


def _running() -> Future[_Outcome]:
    future: Future[_Outcome] = Future()
    future.set_running_or_notify_cancel()  # from here on nobody who waits can cancel it for the others
    return future


@attrs.frozen
class _Fetch:
    """A token request, under way or done, and the thread that makes it."""

    future: Future[_Outcome] = attrs.field(factory=_running)
    thread: int = attrs.field(factory=threading.get_ident)

    def serves(self, refused: str, *, blocks: bool) -> bool:
        """Whether a call can use its token, or wait for it; the token `refused` is no use."""
        if not self.future.done():
            return not (blocks and self.thread == threading.get_ident())  # a thread would wait for itself
        token = self.future.result()
        return isinstance(token, _Token) and token.text != refused and monotonic() < token.until


class WalmartToken(httpx.Auth):
    """The access token of Walmart's APIs, by client id and client secret.

    The token comes from /v3/token of the host that the request is for, by the same client. It is kept until a minute
    (at most a tenth of its life) before it expires; calls that need one at the same time share one token request.
    After a 401, which refunds nothing, the token is replaced and the request sent once more. A call waits for the token
    request of another no longer than its read timeout.

    `market` and the version of the global API go with every request, except for paths under /v3/ca/: that older API
    knows neither header, but needs `channel`, the WM_CONSUMER.CHANNEL.TYPE of the seller. `service` is WM_SVC.NAME. A
    WM_QOS.CORRELATION_ID is made for a request that has none.

    Raises StatusError when the token is refused, DecodeError when the answer holds none, NotSent when no token came in
    time: the request itself was not sent in any of the three.
    """

    requires_request_body = True

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        market: Literal["us", "ca"] = "us",
        service: str = "refundkit",
        channel: str = "",
    ) -> None:
        if market not in ("us", "ca"):
            raise ValueError("market must be 'us' or 'ca'")
        self._client = _pair("client_id", client_id, "client_secret", client_secret)
        self._every = {"WM_SVC.NAME": _sendable("service", service)}
        if channel:
            self._every["WM_CONSUMER.CHANNEL.TYPE"] = _sendable("channel", channel)
        self._current = {"WM_MARKET": market, "WM_GLOBAL_VERSION": "3.1"}
        self._lock = threading.Lock()
        self._fetches: dict[str, _Fetch] = {}

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.read()  # so that it can be sent twice
        steps = self._steps(request, blocks=True)
        try:
            step = next(steps)
            while True:
                if isinstance(step, Future):
                    wait([step], _patience(request))
                    step = next(steps)
                    continue
                response = yield step
                if step is not request:
                    response.read()
                step = steps.send(response)
        except StopIteration:
            return
        finally:
            steps.close()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        await request.aread()
        steps = self._steps(request, blocks=False)
        try:
            step = next(steps)
            while True:
                if isinstance(step, Future):
                    await _wait(step, _patience(request))
                    step = next(steps)
                    continue
                response = yield step
                if step is not request:
                    await response.aread()
                step = steps.send(response)
        except StopIteration:
            return
        finally:
            steps.close()

    def _steps(
        self, request: httpx.Request, *, blocks: bool
    ) -> Generator[httpx.Request | Future[_Outcome], httpx.Response, None]:
        """What to send (answered with the response) and what to wait for, in turn."""
        _refuse_plain_http(request)
        token = yield from self._token(request, "", blocks)
        self._fill(request, token)
        response = yield request
        # After a redirect, a 401 says nothing of what the first address has done.
        if response.status_code == 401 and not _was_redirected(response):
            token = yield from self._token(request, token, blocks)
            self._fill(request, token)
            response = yield request
        _forget_token(response)

    def _token(
        self, request: httpx.Request, refused: str, blocks: bool
    ) -> Generator[httpx.Request | Future[_Outcome], httpx.Response, str]:
        """A token other than the refused one: at hand, by a request of its own, or by that of another call."""
        patience, started = _patience(request), monotonic()
        while True:
            fetch, mine = self._claim(_origin(request.url), refused, blocks)
            if mine:
                yield from self._fulfil(fetch, request)
            elif not fetch.future.done():
                yield fetch.future
            outcome = fetch.future.result() if fetch.future.done() else None
            if isinstance(outcome, _Token):
                return outcome.text
            if outcome is not None:
                raise copy(outcome)  # each call its own: many share the outcome
            if not fetch.future.done() or (patience is not None and monotonic() - started >= patience):
                raise NotSent("not sent: another call's request for an access token brought none in time; try again")

    def _claim(self, origin: str, refused: str, blocks: bool) -> tuple[_Fetch, bool]:
        """The fetch that serves the call, and whether it is new: then it is the caller's to fulfil."""
        with self._lock:
            fetch = self._fetches.get(origin)
            if fetch is not None and fetch.serves(refused, blocks=blocks):
                return fetch, False
            fetch = self._fetches[origin] = _Fetch()
            return fetch, True

    def _fulfil(self, fetch: _Fetch, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        outcome: _Outcome = None
        question, asked = self._question(request), monotonic()
        try:
            response = yield question
            outcome = self._outcome(question, response, asked)
        finally:  # also when the call is cancelled, or its connection fails: those who wait go on
            fetch.future.set_result(outcome)

    def _question(self, request: httpx.Request) -> httpx.Request:
        return httpx.Request(
            "POST",
            _origin(request.url) + _TOKEN_PATH,
            headers={
                **self._every,
                "Accept": "application/json",
                "Authorization": _basic(self._client),
                _CORRELATION: str(uuid4()),
            },
            data={"grant_type": "client_credentials"},
            extensions={"timeout": request.extensions.get("timeout", {})},
        )

    def _outcome(self, question: httpx.Request, response: httpx.Response, asked: float) -> _Outcome:
        from refundkit_apis.walmart.structs import Token

        told = self._told(question, response)
        if _was_redirected(response):
            return DecodeError("the token endpoint redirected: the answer of another address is not used", told)
        if not response.is_success:
            return StatusError(told)
        try:
            token = decode(response.content, Token)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ArithmeticError):
            return DecodeError("the token endpoint answered with no token", told)
        if not _SENDABLE.fullmatch(token.access_token) or not 0 < token.expires_in < 2**31:
            return DecodeError("the token endpoint answered with a token that cannot be used", told)
        return _Token(token.access_token, asked + token.expires_in - min(60, token.expires_in / 10))

    def _told(self, question: httpx.Request, response: httpx.Response) -> httpx.Response:
        """The answer as an error may hold it: no token, and no credential even where the server repeats it."""
        asked = httpx.Request(question.method, question.url, headers={_CORRELATION: question.headers[_CORRELATION]})
        words: dict[str, str] = {}
        if not response.is_success:
            error = StatusError(httpx.Response(response.status_code, content=response.content, request=asked))
            words = {"code": self._hide(error.code), "message": self._hide(error.reason)}
        headers = {name: response.headers[name] for name in _TOLD if name in response.headers}
        return httpx.Response(response.status_code, headers=headers, content=encode(words), request=asked)

    def _hide(self, words: str) -> str:
        client_id, _, client_secret = self._client.text.partition(":")
        for secret in (_basic(self._client).removeprefix("Basic "), client_secret, client_id):
            words = words.replace(secret, "***")
        return words

    def _fill(self, request: httpx.Request, token: str) -> None:
        request.headers["WM_SEC.ACCESS_TOKEN"] = token
        request.headers.update(self._every)
        if not request.url.path.startswith("/v3/ca/"):
            request.headers.update(self._current)
        request.headers.setdefault(_CORRELATION, str(uuid4()))


class WalmartSignature(httpx.Auth):
    """The signature of Walmart's older Canadian API; Walmart's newer documentation says that tokens replaced it.

    `private_key` is an RSA key without a passphrase: PKCS#8 in base64, as Walmart hands it out, or PEM; else
    ValueError. `channel_type` is WM_CONSUMER.CHANNEL.TYPE, `service` WM_SVC.NAME. A WM_QOS.CORRELATION_ID is made for a
    request that has none. Each pass of a request is signed anew.

    Refused over plain HTTP too: the signature does not cover the body, so that whoever listens could send another
    refund with it while its timestamp is good.
    """

    def __init__(self, consumer_id: str, private_key: str, channel_type: str, *, service: str = "refundkit") -> None:
        self._headers = {
            "WM_CONSUMER.ID": _sendable("consumer_id", consumer_id),
            "WM_CONSUMER.CHANNEL.TYPE": _sendable("channel_type", channel_type),
            "WM_SVC.NAME": _sendable("service", service),
        }
        self._key = _rsa_key(private_key)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        _refuse_plain_http(request)
        timestamp = str(time_ns() // 1_000_000)
        url = _origin(request.url) + request.url.raw_path.decode("ascii")
        signed = (self._headers["WM_CONSUMER.ID"], url, request.method, timestamp)
        text = "".join(f"{line}\n" for line in signed)
        request.headers.update(self._headers)
        request.headers["WM_SEC.TIMESTAMP"] = timestamp
        signature = self._key.sign(text.encode("ascii"), PKCS1v15(), SHA256())
        request.headers["WM_SEC.AUTH_SIGNATURE"] = b64encode(signature).decode()
        request.headers.setdefault(_CORRELATION, str(uuid4()))
        yield request


class WooCommerceBasic(httpx.Auth):
    """Consumer key and consumer secret of a shop on HTTPS."""

    def __init__(self, key: str, secret: str) -> None:
        self._value = _Secret(_basic(_pair("key", key, "secret", secret)))

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        _refuse_plain_http(request, "use https://, or refundkit.auth.WooCommerceOAuth, which signs")
        request.headers["Authorization"] = self._value.text
        yield request


class WooCommerceOAuth(httpx.Auth):
    """Consumer key and consumer secret of a shop on plain HTTP: OAuth 1.0a in the query, HMAC-SHA256, no token.

    The secret never leaves; the key stands in the URL, as OAuth has it. The signature covers method, URL and query but
    not the body, and a shop takes each nonce once: send a request again through the auth, not below it. A shop on
    HTTPS refuses these signatures, and one whose configured address is not the one called does too.

    Raises NotSent for a query that is not UTF-8.
    """

    def __init__(self, key: str, secret: str) -> None:
        self._key = _Secret(_sendable("key", key))
        self._secret = _Secret(_sendable("secret", secret))

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


def woocommerce_legacy(url: str, key: str, secret: str) -> WooCommerceBasic | WooCommerceOAuth:
    """The credentials as the shop at the URL takes them: Basic for https, OAuth for http; else ValueError."""
    scheme = url.partition(":")[0].lower()
    if scheme == "https":
        return WooCommerceBasic(key, secret)
    if scheme == "http":
        return WooCommerceOAuth(key, secret)
    raise ValueError("url must begin with https:// or http://")


class TaxCloudToken(httpx.Auth):
    """A bearer token of TaxCloud."""

    def __init__(self, token: str) -> None:
        self._value = _Secret(f"Bearer {_sendable('token', token)}")

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        _refuse_plain_http(request)
        request.headers["Authorization"] = self._value.text
        yield request


class TaxCloudKey(httpx.Auth):
    """An API key of TaxCloud."""

    def __init__(self, key: str) -> None:
        self._value = _Secret(_sendable("key", key))

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        _refuse_plain_http(request)
        request.headers["X-API-KEY"] = self._value.text
        yield request


def _sendable(name: str, value: str) -> str:
    if not _SENDABLE.fullmatch(value or ""):  # None, too: an environment variable that is not set
        raise ValueError(f"{name} must be printable ASCII, not empty, and without space around it")
    return value


def _pair(name: str, user: str, secret_name: str, secret: str) -> _Secret:
    """The two as Basic joins them: the first cannot hold a colon."""
    pair = _Secret(f"{_sendable(name, user)}:{_sendable(secret_name, secret)}")
    if ":" in user:
        raise ValueError(f"{name} must have no colon")
    return pair


def _basic(pair: _Secret) -> str:
    return "Basic " + b64encode(pair.text.encode()).decode()


def _refuse_plain_http(request: httpx.Request, instead: str = "use https://") -> None:
    url = request.url
    if url.scheme != "https" and not is_loopback(url.host, strict=True):
        raise NotSent(f"not sent: credentials would go unencrypted to {url.scheme}://{url.host}; {instead}")


def _origin(url: httpx.URL) -> str:
    """Scheme, host and port, without a name and password."""
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def _signable(url: httpx.URL) -> str:
    """The URL with its query encoded as OAuth has it, which httpx then sends as it is; without an earlier signature."""
    path, _, query = url.raw_path.decode("ascii").partition("?")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise NotSent("not sent: the query is not UTF-8, which cannot be signed") from None
    kept = [(name, value) for name, value in pairs if not name.startswith("oauth_")]
    return f"{_origin(url)}{path}?{urlencode(kept, quote_via=quote)}"


def _rsa_key(text: str) -> RSAPrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

    key: Any = None
    try:
        if "-----BEGIN" in text:
            key = load_pem_private_key(text.encode(), None)
        else:
            key = load_der_private_key(b64decode("".join(text.split()), validate=True), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # none of their words: they may be of the key
        pass
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("private_key must be an RSA key without a passphrase: PKCS#8 in base64, or PEM")
    return key


def _patience(request: httpx.Request) -> float | None:
    """For how many seconds the caller waits for an answer; None: without end."""
    seconds: float | None = request.extensions.get("timeout", {}).get("read")
    return seconds


async def _wait(future: Future[_Outcome], seconds: float | None) -> None:
    """Waits until the future is done, whatever loop or thread that happens in, or the time is over."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.wrap_future(future)


def _was_redirected(response: httpx.Response) -> bool:
    return any(past.is_redirect for past in response.history)


def _forget_token(response: httpx.Response) -> None:
    """Takes the token request out of the history that httpx keeps of the call."""
    response.history = [past for past in response.history if past.request.url.path != _TOKEN_PATH]
    for past in response.history:
        _forget_token(past)
