"""The connection that every operation takes as `client`, and the one place that sends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import attrs
import httpx
import msgspec

from .codec import decode
from .errors import DecodeError, NotSent, StatusError, TimedOut, TransportError, names_errors

T = TypeVar("T")


@attrs.frozen
class Request:
    """One call as an operation makes it: what the caller decides, without the headers that the connection knows."""

    method: str
    path: str
    query: dict[str, str] = attrs.field(factory=dict)
    content: bytes | None = attrs.field(default=None, repr=False)
    media_type: str | None = None


@attrs.frozen
class Response(Generic[T]):
    """A successful answer: its HTTP status, its headers, and the body as the documented model."""

    status: int
    headers: Mapping[str, str]
    parsed: T = attrs.field(repr=False)


def _is_address(_: object, __: object, url: str) -> None:
    """Says what is wrong with a base_url, without repeating it: it may hold a password."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise ValueError("base_url is no URL: it must read like https://example.com") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("base_url must begin with https:// (or http://) and a host")
    if "?" in url or "#" in url:
        raise ValueError("base_url must end with its path: no `?` and no `#`")


def _without_password(url: str) -> str:
    return repr(re.sub(r"//[^/]*@", "//***@", url))


@attrs.define
class _Pools:
    """The httpx clients that a Client and its copies with another timeout share."""

    lock: Lock = attrs.field(factory=Lock)
    sync: httpx.Client | None = None
    later: httpx.AsyncClient | None = None


@attrs.define
class Client:
    """Where one API lives and how it is reached.

    `base_url` has scheme and host, else ValueError; `auth` is any httpx.Auth; `headers` go with every request;
    `timeout` is in seconds; `options` are further arguments of httpx.Client and httpx.AsyncClient (transport, proxy,
    event hooks, verify). Use it as a context manager, sync or async, be it before or after a first call, or close the
    httpx clients yourself. Safe for many threads, as httpx.Client is.
    """

    base_url: str = attrs.field(validator=_is_address, repr=_without_password)
    auth: httpx.Auth | None = attrs.field(default=None, kw_only=True, repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict, kw_only=True, repr=False)
    timeout: float | httpx.Timeout = attrs.field(default=30.0, kw_only=True)
    options: Mapping[str, Any] = attrs.field(factory=dict, kw_only=True, repr=False)
    _pools: _Pools = attrs.field(factory=_Pools, init=False, repr=False, eq=False)

    def get_httpx_client(self) -> httpx.Client:
        """The httpx.Client behind the sync calls, made at the first of them."""
        with self._pools.lock, _writing():
            if self._pools.sync is None:
                self._pools.sync = httpx.Client(**self._arguments())
            return self._pools.sync

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """The httpx.AsyncClient behind the async calls, made at the first of them."""
        with self._pools.lock, _writing():
            if self._pools.later is None:
                self._pools.later = httpx.AsyncClient(**self._arguments())
            return self._pools.later

    def with_timeout(self, seconds: float | httpx.Timeout) -> Self:
        """The same client over the same connections, with another timeout for the calls made through it."""
        other = attrs.evolve(self, timeout=seconds)
        other._pools = self._pools
        return other

    def _arguments(self) -> dict[str, Any]:
        return {
            "base_url": self.base_url,
            "auth": self.auth,
            "headers": self.headers,
            "timeout": self.timeout,
            **self.options,
        }

    def __enter__(self) -> Self:
        self.get_httpx_client()  # not entered: httpx refuses that after a first call, and closing needs no entering
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.get_httpx_client().close()

    async def __aenter__(self) -> Self:
        self.get_async_httpx_client()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.get_async_httpx_client().aclose()


def send(client: Client, request: Request, model: Any) -> Response[Any]:
    """Send the request once and decode a 2xx answer as the model (a class, or a union or list of them).

    Raises StatusError for any other status, DecodeError for a 2xx that is not the model, TimedOut and TransportError.
    """
    own = client.get_httpx_client()
    with losses():
        response = own.send(_built(own, client, request))
    return _receive(response, model)


async def send_async(client: Client, request: Request, model: Any) -> Response[Any]:
    """As `send`, with the async client."""
    own = client.get_async_httpx_client()
    with losses():
        response = await own.send(_built(own, client, request))
    return _receive(response, model)


def _built(own: httpx.Client | httpx.AsyncClient, client: Client, request: Request) -> httpx.Request:
    if own.is_closed:
        raise NotSent("not sent: the connection is closed")
    headers = {"Accept": "application/json"}
    if request.media_type is not None:
        headers["Content-Type"] = request.media_type
    with _writing():
        return own.build_request(
            request.method,
            request.path,
            params=request.query or None,
            content=request.content,
            headers=headers,
            timeout=client.timeout,
        )


@contextmanager
def _writing() -> Iterator[None]:
    """A header beyond ASCII as an error of ours: that of httpx quotes it, and it may be a credential."""
    try:
        yield
    except UnicodeEncodeError:
        raise NotSent("not sent: a header has characters that HTTP does not allow") from None


@contextmanager
def losses() -> Iterator[None]:
    """What httpx raises inside, as an error of ours that shows no credential."""
    try:
        yield
    except (httpx.LocalProtocolError, UnicodeEncodeError) as error:  # both quote a header, which may be a credential
        if never_left(error):
            raise NotSent("not sent: a header has characters that HTTP does not allow") from None
        lost = TransportError("a header has characters that HTTP does not allow, or the exchange broke its protocol")
        lost.request = getattr(error, "_request", None)
        raise lost from None
    except httpx.HTTPStatusError as error:  # an event hook of the caller's that raises for every status
        raise StatusError(error.response) from None
    except _NEVER_CONNECTED as error:
        raise _lost(NotSent, error) from error
    except httpx.TimeoutException as error:
        raise _lost(TimedOut, error) from error
    except httpx.HTTPError as error:
        raise _lost(TransportError, error) from error


# What httpx raises before it writes the first byte of a request.
_NEVER_CONNECTED = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def never_left(error: BaseException) -> bool:
    """Whether an error of a transport means that not a byte of the request was written."""
    if isinstance(error, _NEVER_CONNECTED):
        return True
    # h11 refuses to write a malformed request. Under HTTP/2 the same class tells of what was received.
    inner: BaseException | None = error if isinstance(error, httpx.LocalProtocolError) else None
    while inner is not None and not type(inner).__module__.startswith("h11"):
        inner = inner.__cause__ or inner.__context__
    return inner is not None


def _lost(kind: type[TransportError], error: httpx.HTTPError) -> TransportError:
    lost = kind(f"{type(error).__name__}: {error}")
    # httpx raises RuntimeError where it had no request yet.
    lost.request = getattr(error, "_request", None)
    return lost


def _receive(response: httpx.Response, model: Any) -> Response[Any]:
    if not 200 <= response.status_code < 300:
        raise StatusError(response)
    try:
        parsed = decode(response.content, model)
    except msgspec.ValidationError as error:
        if names_errors(response.content):  # WooCommerce answers 200 so when the payment gateway refused
            raise StatusError(response) from None
        raise DecodeError(f"HTTP {response.status_code} with an undocumented body: {error}", response) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ArithmeticError) as error:
        kind = response.headers.get("Content-Type", "no content type")
        raise DecodeError(f"HTTP {response.status_code} with a body that is no JSON ({kind})", response) from error
    return Response(status=response.status_code, headers=response.headers, parsed=parsed)
