"""A connection: generated client, guard and transport, opened and closed as one."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from types import ModuleType, TracebackType
from typing import Any, Generic, TypedDict, TypeVar, get_args
from urllib.request import getproxies, proxy_bypass

import attrs
import httpx
from refundkit_apis._runtime.client import Client, Response
from refundkit_apis._runtime.ready import Timeout

from .. import operations
from ..config import Config
from ..drafting import Draft
from ..errors import FAILING, FailOn, UsageError
from ..hosts import is_loopback
from ..journal.entry import Journal
from ..routes import Match
from ..text import suggest_name
from .attempt import EXTENSION, AsyncRecordingTransport, Context, RecordingTransport
from .call import AsyncCalls, Call, Calls
from .claim import Keeper, verify_journal
from .guard import AsyncGuardTransport, GuardTransport, Mode, OnReport
from .limit import AsyncTimeLimitTransport, TimeLimitTransport
from .one_call import OrderReading, as_answer
from .retry import Retry
from .wire import AsyncXmlTransport, XmlTransport

T = TypeVar("T")
S = TypeVar("S")
A = TypeVar("A")


class Options(TypedDict, total=False):
    """The options of any connection. Leave out what you do not need.

    - `base_url`: the API's address: a sandbox, a server of your own for tests; the documented one by default
    - `timeout`: seconds for each request, or an httpx.Timeout; 30
    - `total_timeout`: seconds until the last byte of an answer has come, however slowly they come; four times `timeout`
    - `retry`: how often and how patiently harmless repeats are tried: refundkit.connect.Retry
    - `guard`: False sends unchecked; by default each refund is checked with its order first
    - `config`: the refundkit.Config of the check: the one that CI uses
    - `on_report`: called with the Report of every refund that is checked
    - `mode`: "report" checks, logs and reports, and sends whatever was found; by default, "block", that raises
    - `fail_on`: which findings keep a refund from leaving: "error", "warning" or "never"; by default what `config` says
    - `transport`: the httpx transport below all this, sync or async as the connection is opened; by default one of
      httpx's own, through the proxy that the environment names
    - `journal`: a refundkit.journal: each refund is written down before it leaves, so that none is made twice, also
      after a crash and from many hosts. Needs the guard
    - `hooks`: httpx event hooks. They run before the guard, so that it checks what they leave of a request; they see
      tokens asked for and refunds sent, credentials included, but not the guard's reading of the order
    """

    base_url: str
    timeout: float | httpx.Timeout
    total_timeout: float
    retry: Retry
    guard: bool
    config: Config | None
    on_report: OnReport | None
    mode: Mode
    fail_on: FailOn
    transport: httpx.BaseTransport | httpx.AsyncBaseTransport
    journal: Journal | None
    hooks: Mapping[str, list[Callable[..., Any]]]


@attrs.frozen
class Link:
    """An open sync connection."""

    client: Client
    calls: Calls

    def call(
        self,
        name: str,
        function: Callable[..., Response[T]],
        *ids: str,
        timeout: Timeout = None,
        key: str = "",
        **arguments: Any,
    ) -> T:
        """The success model of an operation; `function` is its generated `sync_detailed`. Raises RefundError."""
        verify_timeout(timeout)
        client = self.client if timeout is None else self.client.with_timeout(timeout)
        call = Call(operation=operations.get(name), ids=ids, key=key)
        return self.calls.make(call, client, lambda client: function(*ids, client=client, **arguments))

    def draft(self, name: str, *ids: str, wanted: Any, timeout: Timeout, **options: Any) -> Draft:
        """Read the order and the earlier refunds, and draft what is wanted. Raises RefundNotSent."""
        client = self.client if timeout is None else self.client.with_timeout(timeout)
        reading = OrderReading.of(name, ids, client, client.get_httpx_client())

        def read(_: Client) -> Response[Context]:
            with reading.wrapping_errors():
                return as_answer(self.calls.guard.read_context(reading.match, reading.request))

        return reading.draft(self.calls.make(reading.call, client, read), wanted, options)


@attrs.frozen
class AsyncLink:
    """An open async connection."""

    client: Client
    calls: AsyncCalls

    async def call(
        self,
        name: str,
        function: Callable[..., Awaitable[Response[T]]],
        *ids: str,
        timeout: Timeout = None,
        key: str = "",
        **arguments: Any,
    ) -> T:
        """As Link.call, with the generated `asyncio_detailed`."""
        verify_timeout(timeout)
        client = self.client if timeout is None else self.client.with_timeout(timeout)
        call = Call(operation=operations.get(name), ids=ids, key=key)
        return await self.calls.make(call, client, lambda client: function(*ids, client=client, **arguments))

    async def draft(self, name: str, *ids: str, wanted: Any, timeout: Timeout, **options: Any) -> Draft:
        """As Link.draft."""
        client = self.client if timeout is None else self.client.with_timeout(timeout)
        reading = OrderReading.of(name, ids, client, client.get_async_httpx_client())

        async def read(_: Client) -> Response[Context]:
            with reading.wrapping_errors():
                return as_answer(await self.calls.guard.read_context(reading.match, reading.request))

        return reading.draft(await self.calls.make(reading.call, client, read), wanted, options)


def _verify_options(options: Options) -> None:
    """Raise UsageError for a value that only a call would show to be wrong."""
    verify_timeout(options.get("timeout"))
    if options.get("journal") is not None:
        verify_journal(options["journal"])
    for name, words in (("mode", get_args(Mode)), ("fail_on", tuple(FAILING))):
        value = options.get(name)
        if value is not None and value not in words:
            raise UsageError(f"{name} is {value!r}{suggest_name(str(value), words)} (known are {', '.join(words)})")


def verify_timeout(timeout: Timeout) -> None:
    """Raise UsageError unless a timeout is None, seconds above zero, or httpx's own type."""
    if timeout is None or isinstance(timeout, httpx.Timeout):
        return
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0:
        raise UsageError(f"timeout is {timeout!r}: give seconds above zero, or an httpx.Timeout")


class Connection(Generic[S, A]):
    """A connection to open: `with` for sync calls, `async with` for async ones.

    A program that holds one open for long calls `open` and `close`, or `open_async` and `close_async`, itself.
    """

    def __init__(
        self, api: str, auth: httpx.Auth | None, options: Options, given: Mapping[str, str] | None = None
    ) -> None:
        """`given` are the ids that the API's ready client wants once. Raises TypeError for an unknown option."""
        for name in options.keys() - Options.__annotations__.keys():
            raise UsageError(f"unknown option {name!r}{suggest_name(name, Options.__annotations__)}")
        if options.get("journal") is not None and not options.get("guard", True):
            raise UsageError('a journal needs the guard: leave out guard=False, or say mode="report"')
        _verify_options(options)
        self._api = api
        self._auth = auth
        self._options = options
        self._given = given or {}
        self._client: Client | None = None
        self._guard: GuardTransport | None = None

    def __repr__(self) -> str:
        return f"Connection({self._api} at {httpx.URL(self._base_url).host})"

    def open(self) -> S:
        """The client for sync calls. Raises ValueError for an address that is none."""
        self._require_closed()
        transport = self._options.get("transport")
        if transport is not None and not isinstance(transport, httpx.BaseTransport):
            raise UsageError("transport is an async one: open the connection with `async with`")
        transport = transport or httpx.HTTPTransport(proxy=_proxy(self._base_url))
        wire = RecordingTransport(TimeLimitTransport(transport, self._options.get("total_timeout")))
        guard = GuardTransport(wire, auth=self._auth, **self._guard_options())
        self._guard = guard
        guarded = guard if self._options.get("guard", True) else wire
        client = self._make_client(XmlTransport(guarded) if self._speaks_xml else guarded)
        client.get_httpx_client()
        link = Link(client, Calls(self._options.get("retry", Retry()), guard))
        ready: S = ready_module(self._api).SYNC(link, **self._given)
        return ready

    def open_async(self) -> A:
        """The client for async calls. Raises ValueError for an address that is none."""
        self._require_closed()
        transport = self._options.get("transport")
        if transport is not None and not isinstance(transport, httpx.AsyncBaseTransport):
            raise UsageError("transport is a sync one: open the connection with `with`")
        transport = transport or httpx.AsyncHTTPTransport(proxy=_proxy(self._base_url))
        wire = AsyncRecordingTransport(AsyncTimeLimitTransport(transport, self._options.get("total_timeout")))
        guard = AsyncGuardTransport(wire, auth=self._auth, **self._guard_options())
        guarded = guard if self._options.get("guard", True) else wire
        client = self._make_client(AsyncXmlTransport(guarded) if self._speaks_xml else guarded)
        client.get_async_httpx_client()
        link = AsyncLink(client, AsyncCalls(self._options.get("retry", Retry()), guard))
        ready: A = ready_module(self._api).ASYNC(link, **self._given)
        return ready

    def read_context(self, match: Match, request: httpx.Request) -> Context:
        """Read the order of a sent refund again, while the connection is open for sync calls. Raises RefundError."""
        if self._client is None or self._guard is None:
            raise UsageError("the connection is not open for sync calls: open it with `with`")
        return self._guard.read_context(match, request)

    @property
    def api(self) -> str:
        """The API's id."""
        return self._api

    @property
    def base_url(self) -> str:
        """The API's address."""
        return self._base_url

    def close(self) -> None:
        """Close what `open` opened."""
        if self._client is not None:
            self._client.get_httpx_client().close()
            self._client = None

    async def close_async(self) -> None:
        """Close what `open_async` opened."""
        if self._client is not None:
            await self._client.get_async_httpx_client().aclose()
            self._client = None

    def __enter__(self) -> S:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> A:
        return self.open_async()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close_async()

    def _require_closed(self) -> None:
        if self._client is not None:
            raise UsageError("the connection is open already: close it first, or make another one")

    @property
    def _base_url(self) -> str:
        return self._options.get("base_url") or operations.bundle(self._api).servers[0]

    @property
    def _speaks_xml(self) -> bool:
        return any(operation.xml for operation in operations.of_api(self._api).values())

    def _guard_options(self) -> dict[str, Any]:
        """The options of the guard; its exchanges have their time limit below it."""
        names = ("config", "on_report", "mode", "fail_on")
        chosen = {name: self._options[name] for name in names if name in self._options}  # type: ignore[literal-required]
        journal = self._options.get("journal")
        if journal is not None:
            chosen["journal"] = Keeper(journal, self._options.get("total_timeout"))
        return {**chosen, "fetch_context": True, "total_timeout": math.inf}

    def _make_client(self, transport: httpx.BaseTransport | httpx.AsyncBaseTransport) -> Client:
        self._client = Client(
            self._base_url,
            auth=self._auth,
            timeout=self._options.get("timeout", 30.0),
            extensions={EXTENSION: None},  # of what is sent through `client`, without a call
            options={"transport": transport, "event_hooks": self._options.get("hooks")},
        )
        return self._client


def ready_module(api: str) -> ModuleType:
    """The generated ready client of an API: SYNC, ASYNC, and what they are given once."""
    return import_module(f"refundkit_apis.{api}.ready")


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for an address.

    httpx itself looks only where it makes the transport.
    """
    address = httpx.URL(url)
    proxies = getproxies()
    proxy = proxies.get(address.scheme) or proxies.get("all")
    # Credentials may go to this machine in the clear, and so not over a proxy on another one.
    if not proxy or is_loopback(address.host, strict=True) or proxy_bypass(address.host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
