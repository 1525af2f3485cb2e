"""Check before send: transports that hold every refund against the rules before a byte of it leaves.

They go around any transport of any httpx client. What they do is written once, as generators that ask for requests to
be sent; the two transports differ in how they send and how they wait.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import uuid
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any, Generic, TypeAlias, TypeVar, cast
from weakref import WeakValueDictionary

import httpx
import msgspec
from refundkit_apis._runtime.client import losses
from refundkit_apis._runtime.codec import encode
from refundkit_apis._runtime.errors import NotSent, RefundError, StatusError, TransportError

from .. import apis, operations, routes
from ..checking.check import check
from ..checking.plan import make_plan
from ..config import Config
from ..errors import RefundRejected, Report
from ..operations import Operation
from ..routes import Match
from ..rule import BODY, HEADERS, PATH, QUERY, URL
from ..text import mask_numbers

L = TypeVar("L")
T = TypeVar("T")
# Context requests go out of a generator, what came of each goes in.
Answer: TypeAlias = httpx.Response | RefundError
Reading: TypeAlias = Generator[httpx.Request, Answer, T]
OnReport: TypeAlias = Callable[[Report], None]

LOG = logging.getLogger("refundkit")
LOG.addHandler(logging.NullHandler())  # a library prints nothing unless the program asks for it
# Extensions of a request: the context that it was checked with; that it reads the context of another.
CONTEXT, READING = "refundkit.context", "refundkit.reading"
_REQUIRED = ("order", "refunds")
_UNREAD = frozenset({"order", "refunds", "valid order"})
_REQUEST_PARTS = PATH | QUERY | HEADERS | URL | BODY
# Headers of a refund that are about its body or make it another request, and nothing about who sends it.
_OF_THE_REFUND = frozenset(
    "content-type content-length content-encoding transfer-encoding expect x-http-method-override idempotency-key"
    " range if-range if-match if-none-match if-modified-since if-unmodified-since".split()
)
_KEPT = ("timeout", "sni_hostname")
_KEYS_IN_QUERY = ("consumer_key", "consumer_secret")
_SENDING: ContextVar[tuple[Operation, bool] | None] = ContextVar("sending", default=None)


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The order and the earlier refunds of a request as the API told them, JSON text; None for what was not asked."""

    order: bytes | None = None
    refunds: bytes | None = None


class ContextSource(msgspec.Struct, frozen=True, kw_only=True):
    """The operation that answers a part of the context, and the query that it is asked with."""

    operation: Operation
    query: dict[str, str]


@contextmanager
def sending(operation: Operation, *, again: bool = False) -> Generator[None, None, None]:
    """A call of the operation is made in here, so that the guard knows it whatever event hooks make of its request.

    `again`: it was checked before, and the same bytes go once more under the same idempotency key.
    """
    token = _SENDING.set((operation, again))
    try:
        yield
    finally:
        _SENDING.reset(token)


class _Watch(msgspec.Struct, frozen=True, kw_only=True):
    """What both transports do between a request that comes in and one that goes out."""

    fetch_context: bool
    config: Config | None
    on_report: OnReport | None
    signs: bool

    def inspect(self, match: Match, request: httpx.Request, content: bytes) -> Reading[None]:
        """Read the context if that is wanted, and check what is sent. Raises RefundRejected."""
        under_way = _SENDING.get()
        if under_way is not None and under_way[1]:
            return
        needs_context = self.fetch_context and self._needs_context(match)
        context, failures = yield from self.read(match, request, sources(match.operation) if needs_context else {})
        request.extensions[CONTEXT] = context
        report = check(
            match.operation.name,
            json_form(match.operation, content) if content else None,
            order=context.order,
            refunds=context.refunds,
            path=match.path,
            query=match.query,
            headers=dict(request.headers),
            url=str(request.url),
            require=_REQUIRED if needs_context else (),
            config=self.config,
        )
        self._decide(_explained(report, failures), failures, needs_context)

    def read(
        self, match: Match, request: httpx.Request, sources: dict[str, ContextSource]
    ) -> Reading[tuple[Context, list[RefundError]]]:
        """The answers of the operations that tell of a part of the context, and why some gave none."""
        parts: dict[str, bytes] = {}
        failures: list[RefundError] = []
        for part, source in sources.items():
            if not self.signs and _is_signed(request):
                failures.append(
                    NotSent("the refund's signature is for itself alone: give the guard auth= to sign more")
                )
                continue
            answer = yield _reading(source, match, request, self.signs)
            if isinstance(answer, httpx.Response) and answer.status_code != 200:
                answer = StatusError(answer)
            if isinstance(answer, RefundError):
                failures.append(answer)
            else:
                parts[part] = json_form(source.operation, answer.content, "200")
        return Context(**parts), failures

    def _needs_context(self, match: Match) -> bool:
        """Whether some rule about this operation looks at the order or its refunds."""
        not_run = make_plan(match.operation.name, self.config or Config()).stage(_REQUEST_PARTS).not_run
        return any(skipped.missing in _REQUIRED for skipped in not_run)

    def _decide(self, report: Report, failures: list[RefundError], read: bool) -> None:
        for one in report.findings:
            LOG.warning("%s: %s", report.operation, one)
        if self.on_report is not None:
            self.on_report(report)
        # Not RF006 alone: a configuration may ignore that rule, and an order that nobody read still lets nothing pass.
        unread = read and any(one.missing in _UNREAD for one in report.not_run)
        if unread or not report.ok:
            raise RefundRejected(report) from next(iter(failures), None)


class _Locks(Generic[L]):
    """A lock for each order, for as long as somebody holds or awaits it."""

    def __init__(self, make: Callable[[], L]) -> None:
        self._make = make
        self._own = threading.Lock()
        self._locks: WeakValueDictionary[str, Any] = WeakValueDictionary()

    def of(self, match: Match, request: httpx.Request, loop: int = 0) -> L:
        """The lock of the order that a request is about, under whatever spelling; each loop has its own."""
        order = [value.casefold() for _, value in sorted(_order_ids(match).items())]
        with self._own:
            key = f"{loop} {request.url.netloc!r} {match.operation.api} {order}"
            lock: L = self._locks.setdefault(key, self._make())
            return lock


class GuardTransport(httpx.BaseTransport):
    """Checks each refund that goes through it and raises RefundRejected, with the report, instead of sending a bad one.

    What is no refund passes untouched. With `fetch_context` the guard first reads the order and its earlier refunds, so
    that the rules about the order run too; where they cannot be read it rejects (RF006) and sends nothing, with the
    error of the reading as the cause. It reads with the credentials of the refund itself, or with `auth`, which
    signatures need that are good for one request only. `config` is that of `refundkit.check`; `on_report` is called
    with every report, a clean one too, while the order is locked; findings are logged to `refundkit`. Refunds of one
    order go one after the other, however long that takes. An order of TaxCloud that does not tell of its refunds cannot
    be judged. What is not checked: versions 1 and 2 of WooCommerce's legacy API, and its wp-json API.
    """

    def __init__(
        self,
        transport: httpx.BaseTransport,
        *,
        fetch_context: bool = False,
        auth: httpx.Auth | None = None,
        config: Config | None = None,
        on_report: OnReport | None = None,
    ) -> None:
        self._transport = transport
        self._auth = auth or httpx.Auth()
        self._watch = _Watch(fetch_context=fetch_context, config=config, on_report=on_report, signs=auth is not None)
        self._locks = _Locks(threading.Lock)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        match = _guarded(request)
        if match is None:
            return self._transport.handle_request(request)
        content = b"".join(cast("httpx.SyncByteStream", request.stream))
        request.stream = httpx.ByteStream(content)  # what is checked is what is sent
        with self._locks.of(match, request):
            self._drive(self._watch.inspect(match, request, content))
            return self._transport.handle_request(request)

    def read_context(self, match: Match, request: httpx.Request) -> Context:
        """The order and the earlier refunds as they are now, for a refund that was sent. Raises RefundError."""
        return _context(self._drive(self._watch.read(match, request, sources(match.operation))))

    def close(self) -> None:
        self._transport.close()

    def _drive(self, reading: Reading[T]) -> T:
        try:
            wanted = next(reading)
            while True:
                wanted = reading.send(self._answer(wanted))
        except StopIteration as done:
            value: T = done.value
            return value

    def _answer(self, request: httpx.Request) -> Answer:
        flow = self._auth.sync_auth_flow(request)
        try:
            request = next(flow)
            while True:
                with losses(), _reading_of(self._transport.handle_request(request), request) as response:
                    response.read()
                try:
                    request = flow.send(response)
                except StopIteration:
                    return response
        except RefundError as error:
            return _about(error, request)
        finally:
            flow.close()


class AsyncGuardTransport(httpx.AsyncBaseTransport):
    """As GuardTransport, for an httpx.AsyncClient."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        *,
        fetch_context: bool = False,
        auth: httpx.Auth | None = None,
        config: Config | None = None,
        on_report: OnReport | None = None,
    ) -> None:
        self._transport = transport
        self._auth = auth or httpx.Auth()
        self._watch = _Watch(fetch_context=fetch_context, config=config, on_report=on_report, signs=auth is not None)
        self._locks = _Locks(asyncio.Lock)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        match = _guarded(request)
        if match is None:
            return await self._transport.handle_async_request(request)
        content = b"".join([part async for part in cast("httpx.AsyncByteStream", request.stream)])
        request.stream = httpx.ByteStream(content)  # what is checked is what is sent
        async with self._locks.of(match, request, id(asyncio.get_running_loop())):
            await self._drive(self._watch.inspect(match, request, content))
            return await self._transport.handle_async_request(request)

    async def read_context(self, match: Match, request: httpx.Request) -> Context:
        """The order and the earlier refunds as they are now, for a refund that was sent. Raises RefundError."""
        return _context(await self._drive(self._watch.read(match, request, sources(match.operation))))

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def _drive(self, reading: Reading[T]) -> T:
        try:
            wanted = next(reading)
            while True:
                wanted = reading.send(await self._answer(wanted))
        except StopIteration as done:
            value: T = done.value
            return value

    async def _answer(self, request: httpx.Request) -> Answer:
        flow = self._auth.async_auth_flow(request)
        try:
            request = await anext(flow)
            while True:
                with losses():
                    response = await self._transport.handle_async_request(request)
                    async with _async_reading_of(response, request):
                        await response.aread()
                try:
                    request = await flow.asend(response)
                except StopAsyncIteration:
                    return response
        except RefundError as error:
            return _about(error, request)
        finally:
            await flow.aclose()


def refund_of(request: httpx.Request) -> Match | None:
    """The operation that a request calls and that may move money; None for any other request.

    An API may have detours, said in the `wire.py` of its folder; they are looked for with every API.
    """
    for method, url in _spellings(request):
        match = routes.match(method, url)
        if match is not None and _moves_money(match.operation):
            return match
    return None


def _spellings(request: httpx.Request) -> Iterator[tuple[str, str]]:
    """Each (method, url) that a server of some API may take a request for."""
    for api in operations.APIS:
        spellings = getattr(apis.part(api, "wire"), "spellings", None)
        if spellings is not None:
            yield from spellings(request)
    yield request.method, str(request.url)


def _order_ids(match: Match) -> dict[str, str]:
    """The ids of a path in the one spelling that its API's `wire.py` knows; without one, as they are."""
    normalise = getattr(apis.part(match.operation.api, "wire"), "normalise_ids", dict[str, str])
    ids: dict[str, str] = normalise(match.path)
    return ids


def _guarded(request: httpx.Request) -> Match | None:
    """The refund that a request makes, None for any other request.

    Raises NotSent for a refund that leads elsewhere than its URL says: nobody could check it.
    """
    match = refund_of(request)
    under_way = _SENDING.get()
    if match is not None and "target" in request.extensions:
        raise NotSent("not sent: the extension `target` sends the refund elsewhere than its URL says")
    if match is None and under_way is not None and _moves_money(under_way[0]):
        unknown = routes.match(request.method, str(request.url)) is None
        if unknown and request.method == under_way[0].described.method:
            raise NotSent(f"not sent: something has changed the URL of {under_way[0].name} to one that is not checked")
    return match


def sources(operation: Operation) -> dict[str, ContextSource]:
    """How the parts of an operation's context are read, for the parts that some operation answers."""
    return {
        part: ContextSource(operation=operations.get(f"{operation.api}.{source.operation}"), query=source.query)
        for part, source in operation.described.context.items()
        if source.operation is not None
    }


def _moves_money(operation: Operation) -> bool:
    """Whether an operation changes something about an order; the one for a token does not."""
    return operation.described.method != "GET" and bool(operation.parameters("path"))


def _reading(source: ContextSource, match: Match, request: httpx.Request, signs: bool) -> httpx.Request:
    """The request that reads a part of the context, by who sends the refund."""
    path = routes.sibling(match, _path(request), source.operation)
    query = dict(source.query)
    if not signs:
        query |= {name: request.url.params[name] for name in _KEYS_IN_QUERY if name in request.url.params}
    text = str(httpx.QueryParams(query))
    headers = [(name, value) for name, value in request.headers.multi_items() if name not in _OF_THE_REFUND]
    reading = httpx.Request(
        "GET",
        request.url.copy_with(raw_path=(path + (f"?{text}" if text else "")).encode()),
        headers=headers,
        extensions={READING: True, **{name: request.extensions[name] for name in _KEPT if name in request.extensions}},
    )
    reading.headers["Cache-Control"] = "no-cache"
    reading.headers["Accept"] = ", ".join(source.operation.described.accept)
    if "WM_QOS.CORRELATION_ID" in reading.headers:
        reading.headers["WM_QOS.CORRELATION_ID"] = str(uuid.uuid4())
    return reading


def _is_signed(request: httpx.Request) -> bool:
    """Whether the credentials are good for this one request only."""
    return "oauth_signature" in request.url.params or "WM_SEC.AUTH_SIGNATURE" in request.headers


def _about(error: RefundError, request: httpx.Request) -> RefundError:
    """The error with the request that was lost, which a transport, unlike a client, does not tell."""
    if isinstance(error, TransportError) and isinstance(error.__cause__, httpx.HTTPError):
        error.request = error.request or request
    return error


def _path(request: httpx.Request) -> str:
    return request.url.raw_path.partition(b"?")[0].decode("ascii")


def json_form(operation: Operation, content: bytes, part: str = "body") -> bytes:
    """JSON text of what is XML on the wire; what is no XML that says one thing stays, for the check to refuse."""
    if not operation.answers_xml:
        return content
    from ..reading.xml import is_xml, read_xml

    if not is_xml(content):
        return content
    document = read_xml(content, operation.schema(part))
    return content if document.problems else encode(document.value)


def _explained(report: Report, failures: list[RefundError]) -> Report:
    """The report, with what the server said in the place of the advice to give the order."""
    if not failures:
        return report
    why = mask_numbers(f"nothing was sent, since the order could not be read: {failures[0]}")
    findings = tuple(msgspec.structs.replace(one, help=why) if one.code == "RF006" else one for one in report.findings)
    return msgspec.structs.replace(report, findings=findings)


def _context(read: tuple[Context, list[RefundError]]) -> Context:
    context, failures = read
    if failures:
        raise failures[0]
    return context


@contextmanager
def _reading_of(response: httpx.Response, request: httpx.Request) -> Generator[httpx.Response, None, None]:
    response.request = request
    try:
        yield response
    finally:
        response.close()


@asynccontextmanager
async def _async_reading_of(response: httpx.Response, request: httpx.Request) -> AsyncGenerator[httpx.Response, None]:
    response.request = request
    try:
        yield response
    finally:
        await response.aclose()
