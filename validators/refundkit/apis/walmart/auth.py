"""The access token of Walmart's APIs: fetched once for all calls that need it, replaced when it is refused."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator
from concurrent.futures import Future, wait
from contextlib import suppress
from copy import copy
from time import monotonic
from typing import Literal
from uuid import uuid4

import attrs
import httpx
import msgspec
from refundkit_apis._runtime.codec import decode, encode
from refundkit_apis._runtime.errors import DecodeError, NotSent, StatusError

from ..shared.credentials import SENDABLE, basic_header, join_pair, origin_of, refuse_plain_http, require_sendable

CORRELATION = "WM_QOS.CORRELATION_ID"
_TOKEN_PATH = "/v3/token"  # noqa: S105 - a path
# What an error keeps of the headers of a refused token request.
_KEPT_HEADERS = ("Retry-After", CORRELATION, "X-Request-Id")


@attrs.frozen
class _Token:
    """An access token, and the monotonic time until which it is used."""

    text: str = attrs.field(repr=False)
    until: float


# What a token request comes to; None if it was given up without an answer.
_Outcome = _Token | StatusError | DecodeError | None


def _running_future() -> Future[_Outcome]:
    """Make a future that nobody who waits can cancel for the others."""
    future: Future[_Outcome] = Future()
    future.set_running_or_notify_cancel()
    return future


@attrs.frozen
class _Fetch:
    """A token request, under way or done, and the thread that makes it."""

    future: Future[_Outcome] = attrs.field(factory=_running_future)
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
        self._client = join_pair("client_id", client_id, "client_secret", client_secret)
        self._every = {"WM_SVC.NAME": require_sendable("service", service)}
        if channel:
            self._every["WM_CONSUMER.CHANNEL.TYPE"] = require_sendable("channel", channel)
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
        refuse_plain_http(request)
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
            fetch, mine = self._claim(origin_of(request.url), refused, blocks)
            if mine:
                yield from self._complete(fetch, request)
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
        """The fetch that serves the call, and whether it is new: then it is the caller's to complete."""
        with self._lock:
            fetch = self._fetches.get(origin)
            if fetch is not None and fetch.serves(refused, blocks=blocks):
                return fetch, False
            fetch = self._fetches[origin] = _Fetch()
            return fetch, True

    def _complete(self, fetch: _Fetch, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Make the token request of a fetch, and give it its outcome."""
        outcome: _Outcome = None
        token_request, started = self._token_request(request), monotonic()
        try:
            response = yield token_request
            outcome = self._outcome(token_request, response, started)
        finally:  # also when the call is cancelled, or its connection fails: those who wait go on
            fetch.future.set_result(outcome)

    def _token_request(self, request: httpx.Request) -> httpx.Request:
        """The request for a token, to the host that the request is for."""
        return httpx.Request(
            "POST",
            origin_of(request.url) + _TOKEN_PATH,
            headers={
                **self._every,
                "Accept": "application/json",
                "Authorization": basic_header(self._client),
                CORRELATION: str(uuid4()),
            },
            data={"grant_type": "client_credentials"},
            extensions={"timeout": request.extensions.get("timeout", {})},
        )

    def _outcome(self, token_request: httpx.Request, response: httpx.Response, started: float) -> _Outcome:
        """The token of an answer, or the error that it is."""
        from refundkit_apis.walmart.models import Token

        answer = self._without_secrets(token_request, response)
        if _was_redirected(response):
            return DecodeError("the token endpoint redirected: the answer of another address is not used", answer)
        if not response.is_success:
            return StatusError(answer)
        try:
            token = decode(response.content, Token)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ArithmeticError):
            return DecodeError("the token endpoint answered with no token", answer)
        if not SENDABLE.fullmatch(token.access_token) or not 0 < token.expires_in < 2**31:
            return DecodeError("the token endpoint answered with a token that cannot be used", answer)
        return _Token(token.access_token, started + token.expires_in - min(60, token.expires_in / 10))

    def _without_secrets(self, token_request: httpx.Request, response: httpx.Response) -> httpx.Response:
        """The answer as an error may hold it: no token, and no credential even where the server repeats it."""
        request = httpx.Request(
            token_request.method, token_request.url, headers={CORRELATION: token_request.headers[CORRELATION]}
        )
        words: dict[str, str] = {}
        if not response.is_success:
            error = StatusError(httpx.Response(response.status_code, content=response.content, request=request))
            words = {"code": self._hide_secrets(error.code), "message": self._hide_secrets(error.reason)}
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        return httpx.Response(response.status_code, headers=headers, content=encode(words), request=request)

    def _hide_secrets(self, words: str) -> str:
        client_id, _, client_secret = self._client.text.partition(":")
        for secret in (basic_header(self._client).removeprefix("Basic "), client_secret, client_id):
            words = words.replace(secret, "***")
        return words

    def _fill(self, request: httpx.Request, token: str) -> None:
        """Put the token and the other headers on a request."""
        request.headers["WM_SEC.ACCESS_TOKEN"] = token
        request.headers.update(self._every)
        if not request.url.path.startswith("/v3/ca/"):
            request.headers.update(self._current)
        request.headers.setdefault(CORRELATION, str(uuid4()))


def _patience(request: httpx.Request) -> float | None:
    """For how many seconds the caller waits for an answer; None: without end."""
    seconds: float | None = request.extensions.get("timeout", {}).get("read")
    return seconds


async def _wait(future: Future[_Outcome], seconds: float | None) -> None:
    """Wait until the future is done, whatever loop or thread that happens in, or the time is over."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.wrap_future(future)


def _was_redirected(response: httpx.Response) -> bool:
    """Whether another address than the first one answered."""
    return any(earlier.is_redirect for earlier in response.history)


def _forget_token(response: httpx.Response) -> None:
    """Take the token request out of the history that httpx keeps of the call."""
    response.history = [earlier for earlier in response.history if earlier.request.url.path != _TOKEN_PATH]
    for earlier in response.history:
        _forget_token(earlier)
