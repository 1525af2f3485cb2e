"""Transports that check every refund before a byte of it leaves.

They go around any transport of any httpx client. What they do is written once, as generators that ask for requests to
be sent; the two transports differ in how they send and how they wait.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, Literal, TypeAlias, TypeVar, cast, get_args
from urllib.parse import quote, unquote, urlsplit

import attrs
import httpx
import msgspec
from refundkit_apis._runtime.client import translate_errors
from refundkit_apis._runtime.errors import DecodeError, NotSent, RefundError, StatusError, TransportError

from .. import apis, operations, routes
from ..checking.check import check
from ..checking.plan import make_plan
from ..config import Config, choose_fail_on
from ..errors import VALID_BODY, VALID_ORDER, FailOn, Finding, RefundBlocked, RefundNotChecked, Report, UsageError
from ..journal.entry import Journal
from ..routes import Match
from ..rule import BODY, HEADERS, PATH, QUERY, URL
from ..text import mask_numbers, suggest_name
from .attempt import Context, attempt_of, moves_money
from .claim import Claim, Keeper, make_keeper
from .context import ContextSource, context_request, context_sources, is_signed, join_pages, json_form, next_page
from .limit import AsyncTimeLimitTransport, TimeLimitTransport
from .queue import QUEUE, order_of

T = TypeVar("T")
# Context requests go out of a generator, the answer or the error of each goes in.
Answer: TypeAlias = httpx.Response | RefundError
Reading: TypeAlias = Generator[httpx.Request, Answer, T]
OnReport: TypeAlias = Callable[[Report], None]
Mode: TypeAlias = Literal["block", "report"]
"""What a guard does with what it finds: it raises, or it logs and reports, and sends all the same."""

LOG = logging.getLogger("refundkit")
LOG.addHandler(logging.NullHandler())  # a library prints nothing unless the program asks for it
_REQUIRED: Final = ("order", "refunds")
_UNREAD = frozenset({*_REQUIRED, VALID_ORDER})
_CONTEXT_PLACES = ("order:", "refunds:")
# A list that goes on after so many pages is no order's, or leads in a circle.
_MOST_PAGES = 100
_READING = frozenset({"", "GET", "HEAD", "OPTIONS"})
_LIKE_A_REFUND = re.compile(r"/(refunds?|returned)(/|$)", re.IGNORECASE)
_REQUEST_PARTS = PATH | QUERY | HEADERS | URL | BODY


def _validate_mode(_: object, __: object, mode: str) -> None:
    if mode not in get_args(Mode):
        raise UsageError(f"mode is {mode!r}{suggest_name(mode, get_args(Mode))} (known are block, report)")


@attrs.frozen(kw_only=True)
class _Checker:
    """Reads the context of a refund and checks it, for both transports."""

    fetch_context: bool
    signs: bool
    config: Config
    on_report: OnReport | None
    mode: Mode = attrs.field(validator=_validate_mode)
    fail_on: FailOn

    def inspect(self, match: Match, request: httpx.Request, content: bytes, claim: Claim | None) -> Reading[Context]:
        """Check what is sent, with its context if that is wanted; the same request once more passes unchecked.

        The order may hold the earlier attempt of a repeat already. Returns the context. Raises RefundBlocked and
        RefundNotChecked.
        """
        attempt = attempt_of(request)
        if _is_repeat(request):
            return Context()
        needs_context = self.fetch_context and self._needs_context(match)
        sources = context_sources(match.operation) if needs_context or claim is not None else {}
        context, failures = yield from self.read(match, request, sources)
        if attempt is not None:
            attempt.context = context
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
            fail_on=self.fail_on,
            sends=True,
            unlisted=None if claim is None else claim.find_unlisted,
        )
        self._decide(_add_cause(report, failures), failures, needs_context)
        return context

    def read(
        self, match: Match, request: httpx.Request, sources: dict[str, ContextSource]
    ) -> Reading[tuple[Context, list[RefundError]]]:
        """Read the parts of the context; return them and the errors of the others."""
        parts: dict[str, bytes] = {}
        failures: list[RefundError] = []
        for part, source in sources.items():
            try:
                parts[part] = yield from self._read_pages(source, match, request)
            except RefundError as error:
                failures.append(error)
        return Context(**parts), failures

    def _read_pages(self, source: ContextSource, match: Match, request: httpx.Request) -> Reading[bytes]:
        """Read all pages of a part of the context. Raises RefundError."""
        if not self.signs and is_signed(request):
            raise NotSent("the refund's signature is for itself alone: give the guard auth= to sign more")
        pages: list[bytes] = []
        page: dict[str, str] | None = {}
        while page is not None:
            answer = yield context_request(source, match, request, page, signs=self.signs)
            if isinstance(answer, RefundError):
                raise answer
            if answer.status_code != 200:
                raise StatusError(answer)
            pages.append(json_form(source.operation, answer.content, "200"))
            page = next_page(source, answer, pages)
            if page and len(pages) == _MOST_PAGES:
                raise DecodeError(f"{source.operation.name} goes on after {_MOST_PAGES} pages", answer)
        return join_pages(source, pages)

    def _needs_context(self, match: Match) -> bool:
        """True if some rule of the operation needs the order or its refunds."""
        not_run = make_plan(match.operation.name, self.config, sends=True).stage(_REQUEST_PARTS).not_run
        return any(entry.missing in _REQUIRED for entry in not_run)

    def _decide(self, report: Report, failures: list[RefundError], needs_context: bool) -> None:
        """Log and hand over the report; raise if the refund must not leave."""
        for finding in report.findings:
            LOG.warning("%s: %s", report.operation, finding)
        if self.on_report is not None:
            self.on_report(report)
        if self.mode == "report":
            return
        # Not RF006 alone: a configuration may ignore that rule, and an order that nobody read still lets nothing pass.
        is_unread = needs_context and any(entry.missing in _UNREAD for entry in report.not_run)
        cause = next(iter(failures), None)
        if is_unread and not _is_wrong_in_itself(report):
            raise RefundNotChecked(report, "" if cause is None else mask_numbers(str(cause))) from cause
        if is_unread or not report.ok:
            raise RefundBlocked(report) from cause


class GuardTransport(httpx.BaseTransport):
    """Checks each refund, and raises instead of sending a bad one.

    RefundBlocked has the report of the rules. What is no refund passes untouched. With `fetch_context` the guard first
    reads the order and its earlier refunds, so that the rules about the order run too; where they cannot be read it
    raises RefundNotChecked (RF006) and sends nothing, with the error of the reading as the cause. It reads with the
    credentials of the refund itself, or with `auth`, which signatures need that are good for one request only. `config`
    is that of `refundkit.check`; `on_report` is called with every report, a clean one too, while the order is locked;
    findings are logged to `refundkit`. Refunds of one order go one after the other, those of all guards and clients of
    the process, sync and async; a refund that would wait for itself, such as one in `on_report`, raises NotSent. An
    order of TaxCloud that does not tell of its refunds cannot be judged. Whatever else looks like a refund is sent with
    a warning in the log that it was not checked: in versions 1 and 2 of WooCommerce's APIs.

    With mode="report", for the first days in production, it checks, logs and calls `on_report`, and sends whatever it
    found, also where the order cannot be read. `fail_on` says which findings keep a refund from leaving: error, warning
    or never, which still wants the order. Rules that are strict to send are errors here, as `refundkit rule` says.

    `total_timeout` is how many seconds a refund may take, or one reading of its order, until the last byte of its
    answer has come. By default it is the sum of the request's own timeouts, which are for each part that arrives.
    Until then a sync request runs in a thread of its own, unless `total_timeout` is math.inf.

    With a `journal`, from `refundkit.journal.open`, each refund is written down before it leaves, and its row holds the
    order for all processes and hosts: what another holds is waited for, and then raises RefundBusy, and where nobody
    knows whether an earlier refund was made, RefundUnresolved. The order is always read then.
    """

    def __init__(  # noqa: PLR0913 - options, each by its name
        self,
        transport: httpx.BaseTransport,
        *,
        fetch_context: bool = False,
        auth: httpx.Auth | None = None,
        config: Config | None = None,
        on_report: OnReport | None = None,
        mode: Mode = "block",
        fail_on: FailOn | None = None,
        total_timeout: float | None = None,
        journal: Journal | Keeper | None = None,
    ) -> None:
        self._transport = transport
        self._keeper = make_keeper(journal, total_timeout)
        self._limited = TimeLimitTransport(transport, total_timeout)
        self._auth = auth or httpx.Auth()
        self._checker = _Checker(
            fetch_context=fetch_context or journal is not None,
            signs=auth is not None,
            config=config or Config(),
            on_report=on_report,
            mode=mode,
            fail_on=choose_fail_on(config or Config(), fail_on),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        match = _match_or_refuse(request)
        if match is None:
            return self._transport.handle_request(request)
        content = b"".join(cast("httpx.SyncByteStream", request.stream))
        request.stream = httpx.ByteStream(content)  # what is checked is what is sent
        with QUEUE.turn(order_of(match, request)):
            claim = _claim(self._keeper, match, request, content)
            if claim is not None:
                return self._handle_claimed(match, request, content, claim)
            self._drive(self._checker.inspect(match, request, content, None))
            return self._limited.handle_request(request)

    def _handle_claimed(self, match: Match, request: httpx.Request, content: bytes, claim: Claim) -> httpx.Response:
        """Check and send a refund whose row in the journal holds its order."""
        try:
            for pause in claim.begin():
                time.sleep(pause)
            claim.leave(self._drive(self._checker.inspect(match, request, content, claim)))
            response = self._limited.handle_request(request)
        except BaseException as error:
            claim.close(error)
            raise
        claim.answer(response)
        return response

    def read_context(self, match: Match, request: httpx.Request) -> Context:
        """Read the context of a sent refund again. Raises RefundError."""
        return _require_all(self._drive(self._checker.read(match, request, context_sources(match.operation))))

    def close(self) -> None:
        self._transport.close()

    def _drive(self, reading: Reading[T]) -> T:
        try:
            request = next(reading)
            while True:
                request = reading.send(self._answer(request))
        except StopIteration as stop:
            value: T = stop.value
            return value

    def _answer(self, request: httpx.Request) -> Answer:
        flow = self._auth.sync_auth_flow(request)
        try:
            request = next(flow)
            while True:
                with translate_errors(), _closing(self._limited.handle_request(request), request) as response:
                    response.read()
                try:
                    request = flow.send(response)
                except StopIteration:
                    return response
        except RefundError as error:
            return _add_request(error, request)
        finally:
            flow.close()


class AsyncGuardTransport(httpx.AsyncBaseTransport):
    """As GuardTransport, for an httpx.AsyncClient."""

    def __init__(  # noqa: PLR0913 - options, each by its name
        self,
        transport: httpx.AsyncBaseTransport,
        *,
        fetch_context: bool = False,
        auth: httpx.Auth | None = None,
        config: Config | None = None,
        on_report: OnReport | None = None,
        mode: Mode = "block",
        fail_on: FailOn | None = None,
        total_timeout: float | None = None,
        journal: Journal | Keeper | None = None,
    ) -> None:
        self._transport = transport
        self._keeper = make_keeper(journal, total_timeout)
        self._limited = AsyncTimeLimitTransport(transport, total_timeout)
        self._auth = auth or httpx.Auth()
        self._checker = _Checker(
            fetch_context=fetch_context or journal is not None,
            signs=auth is not None,
            config=config or Config(),
            on_report=on_report,
            mode=mode,
            fail_on=choose_fail_on(config or Config(), fail_on),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        match = _match_or_refuse(request)
        if match is None:
            return await self._transport.handle_async_request(request)
        content = b"".join([part async for part in cast("httpx.AsyncByteStream", request.stream)])
        request.stream = httpx.ByteStream(content)  # what is checked is what is sent
        async with QUEUE.turn_async(order_of(match, request)):
            claim = _claim(self._keeper, match, request, content)
            if claim is not None:
                return await self._handle_claimed(match, request, content, claim)
            await self._drive(self._checker.inspect(match, request, content, None))
            return await self._limited.handle_async_request(request)

    async def _handle_claimed(
        self, match: Match, request: httpx.Request, content: bytes, claim: Claim
    ) -> httpx.Response:
        """As the sync one; the journal is asked in threads."""
        try:
            pauses = claim.begin()
            while (pause := await _in_thread(next, pauses, None)) is not None:
                await asyncio.sleep(pause)
            context = await self._drive(self._checker.inspect(match, request, content, claim))
            await _in_thread(claim.leave, context)
            response = await self._limited.handle_async_request(request)
        except BaseException as error:
            await _in_thread(claim.close, error)
            raise
        await _in_thread(claim.answer, response)
        return response

    async def read_context(self, match: Match, request: httpx.Request) -> Context:
        """Read the context of a sent refund again. Raises RefundError."""
        return _require_all(await self._drive(self._checker.read(match, request, context_sources(match.operation))))

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def _drive(self, reading: Reading[T]) -> T:
        try:
            request = next(reading)
            while True:
                request = reading.send(await self._answer(request))
        except StopIteration as stop:
            value: T = stop.value
            return value

    async def _answer(self, request: httpx.Request) -> Answer:
        flow = self._auth.async_auth_flow(request)
        try:
            request = await anext(flow)
            while True:
                with translate_errors():
                    response = await self._limited.handle_async_request(request)
                    async with _closing_async(response, request):
                        await response.aread()
                try:
                    request = await flow.asend(response)
                except StopAsyncIteration:
                    return response
        except RefundError as error:
            return _add_request(error, request)
        finally:
            await flow.aclose()


def refund_of(request: httpx.Request) -> Match | None:
    """Match a request that may move money; None for any other.

    An API may have detours, said in the `wire.py` of its folder; they are looked for with every API.
    """
    for method, url in _spellings(request):
        match = routes.match(method, url)
        if match is not None and moves_money(match.operation):
            return match
    return None


def _spellings(request: httpx.Request) -> Iterator[tuple[str, str]]:
    """Each (method, url) that some server may take the request for."""
    for api in operations.APIS:
        spellings = getattr(apis.find_module(api, "wire"), "spellings", None)
        if spellings is not None:
            yield from spellings(request)
    yield request.method, str(request.url)


def _match_or_refuse(request: httpx.Request) -> Match | None:
    """Match the refund that a request makes; raise NotSent if it goes elsewhere than its URL says.

    None for any other request. Nobody could check a refund whose target or URL was changed on the way.
    """
    match = refund_of(request)
    attempt = attempt_of(request)
    if match is None:
        _warn_of_unchecked(request)
    if match is not None and "target" in request.extensions:
        raise NotSent("not sent: the extension `target` sends the refund elsewhere than its URL says")
    if match is None and attempt is not None and moves_money(attempt.operation):
        is_unknown = routes.match(request.method, str(request.url)) is None
        if is_unknown and request.method == attempt.operation.described.method:
            name = attempt.operation.name
            raise NotSent(f"not sent: something has changed the URL of {name} to one that is not checked")
    return match


def _claim(keeper: Keeper | None, match: Match, request: httpx.Request, content: bytes) -> Claim | None:
    """Return the claim of a refund, that of the first attempt for a repeat; None without a journal."""
    if keeper is None:
        return None
    attempt = attempt_of(request)
    if attempt is not None and attempt.claim is not None and _is_repeat(request):
        return cast("Claim", attempt.claim)
    claim = keeper.claim(match, request, content, order_of(match, request))
    if attempt is not None:
        attempt.claim = claim
    return claim


async def _in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Call a function in a thread, to its end, also where the task is cancelled meanwhile."""
    task = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _warn_of_unchecked(request: httpx.Request) -> None:
    """Log a warning for a request that looks like a refund of an API, or a version of one, that no spec describes."""
    for method, url in _spellings(request):
        path = unquote(urlsplit(url).path)
        if method.upper() not in _READING and _LIKE_A_REFUND.search(path) and routes.match("GET", url) is None:
            LOG.warning("not checked: %s %s looks like a refund, and no spec describes it", quote(method), quote(path))
            return


def _is_repeat(request: httpx.Request) -> bool:
    """True for the request of an earlier attempt once more, which was checked and may have been executed."""
    attempt = attempt_of(request)
    return attempt is not None and attempt.repeats is not None and _is_same(request, attempt.repeats)


def _is_same(request: httpx.Request, earlier: httpx.Request) -> bool:
    """True if two requests have the same target and the same bytes; an event hook may have changed the later one."""
    contents = [b"".join(cast("httpx.SyncByteStream", each.stream)) for each in (request, earlier)]
    return (request.method, request.url, contents[0]) == (earlier.method, earlier.url, contents[1])


def _is_wrong_in_itself(report: Report) -> bool:
    """True if the request has errors beside an order that was not read."""
    is_refused = any(entry.missing == VALID_BODY for entry in report.not_run)
    return not report.ok and (is_refused or not all(map(_is_about_context, report.failures)))


def _is_about_context(finding: Finding) -> bool:
    """Tell whether it is an RF00x about the order or the earlier refunds, not about the request."""
    return finding.code.startswith("RF00") and finding.pointer.startswith(_CONTEXT_PLACES)


def _add_request(error: RefundError, request: httpx.Request) -> RefundError:
    """Add the request to a transport's error, as httpx's client does."""
    if isinstance(error, TransportError) and isinstance(error.__cause__, httpx.HTTPError):
        error.request = error.request or request
    return error


def _add_cause(report: Report, failures: list[RefundError]) -> Report:
    """Put the first failure of reading the context into the help of RF006."""
    if not failures:
        return report
    why = mask_numbers(f"nothing was sent, since the order could not be read: {failures[0]}")
    findings = tuple(
        msgspec.structs.replace(finding, help=why) if finding.code == "RF006" else finding
        for finding in report.findings
    )
    return msgspec.structs.replace(report, findings=findings)


def _require_all(read: tuple[Context, list[RefundError]]) -> Context:
    """Return the context if every part of it was read. Raises RefundError."""
    context, failures = read
    if failures:
        raise failures[0]
    return context


@contextmanager
def _closing(response: httpx.Response, request: httpx.Request) -> Generator[httpx.Response, None, None]:
    """Give the response its request, and close it at the end."""
    response.request = request
    try:
        yield response
    finally:
        response.close()


@asynccontextmanager
async def _closing_async(response: httpx.Response, request: httpx.Request) -> AsyncGenerator[httpx.Response, None]:
    """As _closing, with `await`."""
    response.request = request
    try:
        yield response
    finally:
        await response.aclose()
