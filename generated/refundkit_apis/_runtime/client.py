"""The client that every generated operation takes, and the functions that send its requests."""

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
from .errors import DecodeError, NotSent, StatusError, TimedOut, TransportError, hide_secrets, lists_errors
from .usage import UsageError

T = TypeVar("T")


@attrs.frozen
class Request:
    """The request of one operation, without the headers that the client adds."""

    method: str
    path: str
    query: dict[str, str] = attrs.field(factory=dict)
    content: bytes | None = attrs.field(default=None, repr=False)
    media_type: str | None = None


@attrs.frozen
class Response(Generic[T]):
    """A successful answer: status, headers, the body as its model, and the httpx.Response."""

    status: int
    headers: Mapping[str, str]
    parsed: T = attrs.field(repr=False)
    raw: httpx.Response = attrs.field(repr=False)


def _validate_base_url(_: object, __: object, url: str) -> None:
    """Raise ValueError without repeating the URL: it may hold a password."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise UsageError("base_url is no URL: it must read like https://example.com") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise UsageError("base_url must begin with https:// (or http://) and a host")
    if "?" in url or "#" in url:
        raise UsageError("base_url must end with its path: no `?` and no `#`")


def _without_password(url: str) -> str:
    return repr(re.sub(r"//[^/]*@", "//***@", url))


@attrs.define
class _Pools:
    """The httpx clients that a Client and its variants share."""

    lock: Lock = attrs.field(factory=Lock)
    sync_client: httpx.Client | None = None
    async_client: httpx.AsyncClient | None = None


@attrs.define
class Client:
    """The connection to one API: its base URL, credentials, headers and timeouts.

    `base_url` has scheme and host, else ValueError; `auth` is any httpx.Auth; `headers` go with every request;
    `timeout` is in seconds; `extensions` are httpx's own, of every request; `options` are further arguments of
    httpx.Client and httpx.AsyncClient (transport, proxy, event hooks, verify). Use it as a context manager, sync or
    async, be it before or after a first call, or close the httpx clients yourself. Safe for many threads, as
    httpx.Client is.
    """

    base_url: str = attrs.field(validator=_validate_base_url, repr=_without_password)
    auth: httpx.Auth | None = attrs.field(default=None, kw_only=True, repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict, kw_only=True, repr=False)
    timeout: float | httpx.Timeout = attrs.field(default=30.0, kw_only=True)
    extensions: Mapping[str, Any] = attrs.field(factory=dict, kw_only=True, repr=False)
    options: Mapping[str, Any] = attrs.field(factory=dict, kw_only=True, repr=False)
    _pools: _Pools = attrs.field(factory=_Pools, init=False, repr=False, eq=False)

    def get_httpx_client(self) -> httpx.Client:
        """Return the httpx.Client of the sync calls; it is made on first use."""
        with self._pools.lock, refuse_bad_header():
            if self._pools.sync_client is None:
                self._pools.sync_client = httpx.Client(**self._arguments())
            return self._pools.sync_client

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """Return the httpx.AsyncClient of the async calls; it is made on first use."""
        with self._pools.lock, refuse_bad_header():
            if self._pools.async_client is None:
                self._pools.async_client = httpx.AsyncClient(**self._arguments())
            return self._pools.async_client

    def with_timeout(self, seconds: float | httpx.Timeout) -> Self:
        """Return a client over the same connections with another timeout."""
        return self._variant(timeout=seconds)

    def with_extensions(self, extensions: Mapping[str, Any]) -> Self:
        """Return a client over the same connections that adds these extensions to its requests."""
        return self._variant(extensions={**self.extensions, **extensions})

    def _variant(self, **changes: Any) -> Self:
        variant = attrs.evolve(self, **changes)
        variant._pools = self._pools
        return variant

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
    """Send the request once and decode a 2xx answer as the model.

    The model is a class, or a union or list of them.
    Raises StatusError for any other status, DecodeError for a 2xx that is not the model, TimedOut and TransportError.
    """
    httpx_client = client.get_httpx_client()
    with translate_errors():
        response = httpx_client.send(_build_request(httpx_client, client, request))
    return _decode(response, model)


async def send_async(client: Client, request: Request, model: Any) -> Response[Any]:
    """Do the same as `send` with the async client."""
    httpx_client = client.get_async_httpx_client()
    with translate_errors():
        response = await httpx_client.send(_build_request(httpx_client, client, request))
    return _decode(response, model)


def _build_request(httpx_client: httpx.Client | httpx.AsyncClient, client: Client, request: Request) -> httpx.Request:
    if httpx_client.is_closed:
        raise NotSent("not sent: the connection is closed")
    headers = {"Accept": "application/json"}
    if request.media_type is not None:
        headers["Content-Type"] = request.media_type
    with refuse_bad_header():
        return httpx_client.build_request(
            request.method,
            request.path,
            params=request.query or None,
            content=request.content,
            headers=headers,
            timeout=client.timeout,
            extensions=client.extensions,
        )


@contextmanager
def refuse_bad_header() -> Iterator[None]:
    """Raise NotSent for a header beyond ASCII, without httpx's message, which quotes it."""
    try:
        yield
    except UnicodeEncodeError:
        raise NotSent("not sent: a header has characters that HTTP does not allow") from None


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise our errors in place of httpx's; ours show no credential."""
    try:
        yield
    except (httpx.LocalProtocolError, UnicodeEncodeError) as error:  # both quote a header, which may be a credential
        if never_left(error):
            raise NotSent("not sent: a header has characters that HTTP does not allow") from None
        broken = TransportError("a header has characters that HTTP does not allow, or the exchange broke its protocol")
        broken.request = getattr(error, "_request", None)
        raise broken from None
    except httpx.HTTPStatusError as error:  # an event hook of the caller's that raises for every status
        raise StatusError(error.response) from None
    except _NEVER_CONNECTED as error:
        raise _translate(NotSent, error) from error
    except httpx.TimeoutException as error:
        raise _translate(TimedOut, error) from error
    except httpx.HTTPError as error:
        raise _translate(TransportError, error) from error


# What httpx raises before it writes the first byte of a request.
_NEVER_CONNECTED = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def never_left(error: BaseException) -> bool:
    """True if no byte of the request was written."""
    if isinstance(error, _NEVER_CONNECTED):
        return True
    # h11 refuses to write a malformed request. Under HTTP/2 the same class is raised for what was received.
    cause: BaseException | None = error if isinstance(error, httpx.LocalProtocolError) else None
    while cause is not None and not type(cause).__module__.startswith("h11"):
        cause = cause.__cause__ or cause.__context__
    return cause is not None


def _translate(kind: type[TransportError], error: httpx.HTTPError) -> TransportError:
    # httpx raises RuntimeError where it had no request yet.
    request: httpx.Request | None = getattr(error, "_request", None)
    # The message may quote a line that is not HTTP, and the line a header of the request.
    translated = kind(hide_secrets(f"{type(error).__name__}: {error}", request))
    translated.request = request
    return translated


def _decode(response: httpx.Response, model: Any) -> Response[Any]:
    if not 200 <= response.status_code < 300:
        raise StatusError(response)
    try:
        parsed = decode(response.content, model)
    except msgspec.ValidationError as error:
        if lists_errors(response.content):  # WooCommerce answers 200 so when the payment gateway refused
            raise StatusError(response) from None
        raise DecodeError(f"HTTP {response.status_code} with an undocumented body: {error}", response) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ArithmeticError) as error:
        kind = hide_secrets(response.headers.get("Content-Type", "no content type"), response.request)
        raise DecodeError(f"HTTP {response.status_code} with a body that is no JSON ({kind})", response) from error
    return Response(status=response.status_code, headers=response.headers, parsed=parsed, raw=response)
