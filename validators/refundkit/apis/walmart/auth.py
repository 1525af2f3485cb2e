"""The credentials of Walmart's APIs: an access token, fetched once for many calls."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator
from copy import copy
from time import monotonic
from typing import Any, Final, Literal, TypeGuard
from uuid import uuid4

import attrs
import httpx
import msgspec
from refundkit_apis._runtime.codec import decode, encode
from refundkit_apis._runtime.errors import DecodeError, NotSent, StatusError

from ...errors import UsageError
from ..shared.credentials import SENDABLE, basic_header, join_pair, origin_of, refuse_plain_http, require_sendable

CORRELATION = "WM_QOS.CORRELATION_ID"
_TOKEN_PATH = "/v3/token"  # noqa: S105 - a path
# The headers of a refused token request's answer that its error keeps.
_ERROR_HEADERS = ("Retry-After", CORRELATION, "X-Request-Id")


@attrs.frozen
class _Token:
    """An access token, and the monotonic time until which it is used."""

    text: str = attrs.field(repr=False)
    until: float


# The result of a token request.
_TokenOutcome = _Token | StatusError | DecodeError
# A step of an auth flow: wait for the lock instead of sending a request.
_ACQUIRE_LOCK: Final = "lock"
_Step = httpx.Request | Literal["lock"]
# Seconds between two attempts of a task to take the lock. It cannot be an asyncio.Lock, which belongs to one event
# loop: threads share the token too.
_PAUSE = 0.005


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
            raise UsageError("market must be 'us' or 'ca'")
        self._client = join_pair("client_id", client_id, "client_secret", client_secret)
        self._headers = {"WM_SVC.NAME": require_sendable("service", service)}
        if channel:
            self._headers["WM_CONSUMER.CHANNEL.TYPE"] = require_sendable("channel", channel)
        self._market_headers = {"WM_MARKET": market, "WM_GLOBAL_VERSION": "3.1"}
        self._lock = threading.Lock()  # held while a token is fetched
        self._fetching_thread: int | None = None
        self._outcomes: dict[str, _TokenOutcome] = {}

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.read()  # so that it can be sent twice
        steps = self._steps(request, is_sync=True)
        try:
            step = next(steps)
            while True:
                if step == _ACQUIRE_LOCK:
                    step = steps.send(_acquire(self._lock, _read_timeout(request)))
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
        steps = self._steps(request, is_sync=False)
        try:
            step = next(steps)
            while True:
                if step == _ACQUIRE_LOCK:
                    step = steps.send(await _acquire_async(self._lock, _read_timeout(request)))
                    continue
                response = yield step
                if step is not request:
                    await response.aread()
                step = steps.send(response)
        except StopIteration:
            return
        finally:
            steps.close()

    def _steps(self, request: httpx.Request, *, is_sync: bool) -> Generator[_Step, Any, None]:
        """Yield requests to send, answered by responses, and _LOCK, answered by success."""
        refuse_plain_http(request)
        token = yield from self._token(request, "", is_sync=is_sync)
        self._add_headers(request, token)
        response = yield request
        # After a redirect, a 401 says nothing of what the first address has done.
        if response.status_code == 401 and not _was_redirected(response):
            token = yield from self._token(request, token, is_sync=is_sync)
            self._add_headers(request, token)
            response = yield request
        _forget_token(response)

    def _token(self, request: httpx.Request, refused: str, *, is_sync: bool) -> Generator[_Step, Any, str]:
        """Return a usable token other than the refused one; fetch it if there is none."""
        origin = origin_of(request.url)
        before = self._outcomes.get(origin)
        if _is_usable(before, refused):
            return before.text
        if is_sync and self._fetching_thread == threading.get_ident():  # it would wait for itself
            outcome = yield from self._fetch(request)
        else:
            outcome = yield from self._fetch_once(request, refused, before)
        if isinstance(outcome, _Token):
            return outcome.text
        raise copy(outcome)  # a copy for each call: several calls share the outcome

    def _fetch_once(
        self, request: httpx.Request, refused: str, before: _TokenOutcome | None
    ) -> Generator[_Step, Any, _TokenOutcome]:
        """Fetch a token under the lock, unless another call has done so meanwhile."""
        has_lock: bool = yield _ACQUIRE_LOCK
        if not has_lock:
            raise NotSent("not sent: another call's request for an access token brought none in time; try again")
        try:
            self._fetching_thread = threading.get_ident()
            outcome = self._outcomes.get(origin_of(request.url))
            if _is_usable(outcome, refused):
                return outcome
            if outcome is not before and isinstance(outcome, (StatusError, DecodeError)):
                return outcome
            return (yield from self._fetch(request))
        finally:  # also when the call is cancelled, or its connection fails: those who wait go on
            self._fetching_thread = None
            self._lock.release()

    def _fetch(self, request: httpx.Request) -> Generator[_Step, Any, _TokenOutcome]:
        """Send a token request and store its outcome."""
        token_request, started = self._token_request(request), monotonic()
        response: httpx.Response = yield token_request
        outcome = self._read_outcome(token_request, response, started)
        self._outcomes[origin_of(request.url)] = outcome
        return outcome

    def _token_request(self, request: httpx.Request) -> httpx.Request:
        """Make the request for a token, to the host of the request that needs it."""
        return httpx.Request(
            "POST",
            origin_of(request.url) + _TOKEN_PATH,
            headers={
                **self._headers,
                "Accept": "application/json",
                "Authorization": basic_header(self._client),
                CORRELATION: str(uuid4()),
            },
            data={"grant_type": "client_credentials"},
            extensions={"timeout": request.extensions.get("timeout", {})},
        )

    def _read_outcome(self, token_request: httpx.Request, response: httpx.Response, started: float) -> _TokenOutcome:
        """Return the token in an answer, or the error to raise for it."""
        from refundkit_apis.walmart.models import Token

        answer = self._redact(token_request, response)
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

    def _redact(self, token_request: httpx.Request, response: httpx.Response) -> httpx.Response:
        """Return the answer without token and credentials, so that an error may hold it."""
        request = httpx.Request(
            token_request.method, token_request.url, headers={CORRELATION: token_request.headers[CORRELATION]}
        )
        words: dict[str, str] = {}
        if not response.is_success:
            error = StatusError(httpx.Response(response.status_code, content=response.content, request=request))
            words = {"code": self._hide_secrets(error.code or ""), "message": self._hide_secrets(error.reason or "")}
        headers = {name: response.headers[name] for name in _ERROR_HEADERS if name in response.headers}
        return httpx.Response(response.status_code, headers=headers, content=encode(words), request=request)

    def _hide_secrets(self, words: str) -> str:
        client_id, _, client_secret = self._client.text.partition(":")
        for secret in (basic_header(self._client).removeprefix("Basic "), client_secret, client_id):
            words = words.replace(secret, "***")
        return words

    def _add_headers(self, request: httpx.Request, token: str) -> None:
        """Put the token and the other headers on a request."""
        request.headers["WM_SEC.ACCESS_TOKEN"] = token
        request.headers.update(self._headers)
        if not request.url.path.startswith("/v3/ca/"):
            request.headers.update(self._market_headers)
        request.headers.setdefault(CORRELATION, str(uuid4()))


def _is_usable(outcome: _TokenOutcome | None, refused: str) -> TypeGuard[_Token]:
    """True for a token that is neither expired nor refused."""
    return isinstance(outcome, _Token) and outcome.text != refused and monotonic() < outcome.until


def _read_timeout(request: httpx.Request) -> float | None:
    """Return the seconds that the caller waits for an answer; None for no limit."""
    seconds: float | None = request.extensions.get("timeout", {}).get("read")
    return seconds


def _acquire(lock: threading.Lock, seconds: float | None) -> bool:
    """Take the lock within so many seconds; False if it stays taken."""
    return lock.acquire(timeout=-1 if seconds is None else seconds)


async def _acquire_async(lock: threading.Lock, seconds: float | None) -> bool:
    """Do the same as _acquire without blocking the event loop."""
    started = monotonic()
    while not lock.acquire(blocking=False):
        if seconds is not None and monotonic() - started >= seconds:
            return False
        await asyncio.sleep(_PAUSE)
    return True


def _was_redirected(response: httpx.Response) -> bool:
    """True if another address than the first one answered."""
    return any(earlier.is_redirect for earlier in response.history)


def _forget_token(response: httpx.Response) -> None:
    """Remove the token request from the response's history."""
    response.history = [earlier for earlier in response.history if earlier.request.url.path != _TOKEN_PATH]
    for earlier in response.history:
        _forget_token(earlier)
