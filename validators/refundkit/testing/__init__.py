"""A server for tests of your own code: the APIs on this machine, with orders, refunds and refusals.

    with refundkit.testing.server("woocommerce") as shop:
        client = refundkit.connect.woocommerce(shop.url, "ck_test", "cs_test")
        ...
        assert shop.refunds("1204")[0]["amount"] == "30.80"

pytest has a fixture of each API, such as `refundkit_woocommerce`, which is such a server during a test.
`help(refundkit.testing.server)` says what there is.
"""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from threading import Lock
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, cast

from .. import apis, operations
from ..apis.shared.serving import (
    Answer,
    JsonObject,
    ReceivedRequest,
    ServerModule,
    Setup,
    Shop,
    load_first_order,
    make_request,
)
from ..apis.woocommerce.server import Version as CurrentVersion
from ..apis.woocommerce_legacy.server import Version as LegacyVersion
from ..errors import UsageError
from ..text import suggest_name
from .check import find_errors
from .example import ExampleModule, answer_example
from .faults import Fault, find_operation, make_failure
from .named_orders import change_to
from .serve import App, Listener, make_app

if TYPE_CHECKING:
    import httpx

__all__ = ["Answer", "Api", "ReceivedRequest", "Server", "Version", "server"]

Api: TypeAlias = Literal["walmart", "walmart_ca", "woocommerce", "woocommerce_legacy", "taxcloud"]
Version: TypeAlias = CurrentVersion | LegacyVersion


def server(
    api: Api | str,
    *,
    faithful: Version | None = None,
    delay: tuple[float, float] = (0.0, 0.0),
    token_seconds: int = 900,
) -> Server:
    """A server that answers one of the APIs, for tests.

    As a context manager it listens on a free port of 127.0.0.1 at `.url`, which any client of any language can call
    (this needs uvicorn: `pip install 'refundkit[testing]'`). Without it, `.transport` and `.async_transport` are for
    httpx clients in the same process, and `.app` is for whatever speaks ASGI. All of them share one state, which is
    safe for threads and tasks: each request reads, decides and stores at one moment.

        with refundkit.testing.server("walmart") as shop: ...              # over a socket, shop.url
        shop = refundkit.testing.server("walmart")                         # in this process
        httpx.Client(transport=shop.transport, base_url="https://walmart.test")

    **What it knows.** It starts with the order of its spec's example: `2961380412345` (walmart), `1796277083022`
    (walmart_ca), `1204` (woocommerce, woocommerce_legacy), `SO-1077` of connection
    `0b9a3f52-6c1d-4e7f-8a25-93d4c7e1f608` with one refund (taxcloud). `.add_order()` adds others. `.orders`,
    `.refunds(id)` and `.requests` tell what there is and what came.

    **What it answers.** The operations that `refundkit operations` lists, with the bodies that their specs describe. A
    refund that `refundkit check` would call wrong, by the order and its refunds as they stand, is refused with a
    documented 4xx whose message begins with the rule, such as `RF204 refund-exceeds-order: …`; warnings refuse nothing.
    There is no 5xx. An operation that has no code here answers with the example of its spec, after the same checks; so
    does every operation of an API that is a spec alone, whose server keeps no orders. Where nothing is documented, this
    is what was chosen:

    - Credentials need only look right: a Basic name and password, a Bearer token or API key that is not empty, all five
      `oauth_` parts, a signature in base64. No signature is verified, and WooCommerce takes Basic over plain http.
    - walmart: a token is one that `POST /v3/token` gave out less than `token_seconds` ago, else 401; walmart_ca takes
      the same, and its signature. A refund of the whole item price, or with isFullRefund, gives back all that is left
      of the line, as documented; the refund that a line shows names each charge by its reason.
    - woocommerce: refunds come in pages, 10 of them unless `per_page` says otherwise; the order tells them all. What a
      live shop answers with a 500 whose `data` says 404 is a 404 here.
    - woocommerce_legacy: `fields` never cuts off id and amount. A refund is found under any order when it is read, as
      on real servers. PUT changes a refund; POST and PATCH on it are no route.
    - taxcloud: the answer to a refund is a list of one. An `idempotencyKey` that came before with the same body and
      order is answered 200 with the refund of then; with another body or order, 422. After a partial refund, a refund
      without items gives back what is left.

    **faithful** of woocommerce imitates WooCommerce `"11.0.1"` as recorded, with order tables (HPOS):

    - Its own refusals are a 500, and `data` is the status that was meant: an amount beyond what is left, an unknown
      order, a payment method that cannot refund (`cheque`, `bacs`, `cod`), a gateway that fails (`gateway=`). None of
      these keeps a refund. A delete under another order's path answers so, and deletes.
    - Amounts such as " 5 ", "1,5" and "1e1" are taken, unknown fields and items dropped in silence, items never
      compared with the order; without an amount the items are added up.
    - The cap is not atomic: what is left is read when a request arrives, and the refund stored after half its `delay`.
      Refunds that overlap exceed their order together.
    - Over https, Basic, the keys in the query, or OAuth 1.0a; over plain http, which is what `.url` is, OAuth alone.

    **faithful** of woocommerce_legacy imitates `"6.6.0"` or `"2.6.2"` as recorded, with what a client must survive:

    - 6.6.0 answers 500 to an amount beyond what is left, 2.6.2 takes any amount. The 500 has WordPress's own JSON, or
      a page of HTML if neither Accept nor Content-Type names JSON. An unknown order is a 500 on create as well.
    - Amounts such as " 5 ", "12abc" and true are taken. Lists of items, unknown fields and amounts of zero in an update
      are ignored in silence; only items keyed by the order's item ids count. 6.6.0 answers 200 to a new reason and
      keeps the old one.
    - An order added with `gateway="false"` makes its refunds end in a 500, one with `gateway="error"` in a 200 whose
      body is `errors`; the refund is kept both times.
    - Over https, Basic or the keys in the query; over plain http, which is what `.url` is, OAuth 1.0a in the query and
      nothing else: Basic is a 404 there. The secret of the key `ck_NAME` is `cs_NAME`; signature, time and nonce are
      verified.

    **What goes wrong.** `.fail_next(503)` answers the next refund with an error, `.lose_next_answer()` makes it and
    closes the connection without a word, and `delay`, or `.delay()` later on, is the least and the most a request takes
    in seconds; each gets its own, the same in every run. Half of it passes before the server decides and half after, so
    requests overlap.

    Raises ValueError for an API or version that does not exist, and for `faithful` of an API without recordings.
    """
    return Server(api, faithful=faithful, delay=delay, token_seconds=token_seconds)


class Server:
    """One API with its state; `server()` makes it and says what it does."""

    def __init__(self, api: str, *, faithful: Version | None, delay: tuple[float, float], token_seconds: int) -> None:
        _validate_arguments(api, faithful, delay)
        self.api = api
        self._faithful = faithful
        self._delay = delay
        self._random = random.Random(0)  # noqa: S311 - how long an answer takes is no secret
        self._lock = Lock()
        self._requests: list[ReceivedRequest] = []
        self._faults: list[Fault] = []
        self._listener: Listener | None = None
        self._module = _load_server_module(api)
        setup = Setup(
            check=find_errors, example=answer_example, clock=time.time, token_seconds=token_seconds, faithful=faithful
        )
        self._shop: Shop = self._module.open_shop(setup)

    # Access.

    @property
    def url(self) -> str:
        """Where the server listens, such as http://127.0.0.1:40001. Raises RuntimeError outside of `with`."""
        if self._listener is None:
            raise RuntimeError("the server listens inside of `with refundkit.testing.server(…) as shop:` only")
        return f"http://127.0.0.1:{self._listener.port}"

    @cached_property
    def app(self) -> App:
        """The server as an ASGI app."""
        return make_app(self._record_arrival, self._answer)

    @cached_property
    def transport(self) -> httpx.BaseTransport:
        """The server as a transport of httpx.Client, whatever its base_url."""
        from .transport import Transport

        return Transport(self._record_arrival, self._answer)

    @cached_property
    def async_transport(self) -> httpx.AsyncBaseTransport:
        """The server as a transport of httpx.AsyncClient, whatever its base_url."""
        import httpx

        return httpx.ASGITransport(app=self.app)

    def answer(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """What the server answers to one request, at once. Raises ConnectionError where the answer is lost."""
        request = make_request(method, url, headers, body)
        self._record_arrival(request)
        answer = self._answer(request)
        if answer is None:
            raise ConnectionError("the request was carried out, and its answer is lost")
        return answer

    def __enter__(self) -> Self:
        if self._listener is not None:
            raise RuntimeError("the server listens already")
        self._listener = Listener(self.app)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listener is not None:
            self._listener.stop()
            self._listener = None

    # State.

    @property
    def requests(self) -> list[ReceivedRequest]:
        """What arrived so far, in that order: method, url, path, query, headers, body. A repr shows no credentials."""
        with self._lock:
            return list(self._requests)

    @property
    def orders(self) -> Mapping[str, JsonObject]:
        """The orders by id, each as get_order answers it; copies, which cannot be changed from here."""
        with self._lock:
            return MappingProxyType(copy.deepcopy(self._shop.orders))

    def refunds(self, order: str | int) -> list[JsonObject]:
        """The refunds of an order as the API shows them.

        woocommerce, woocommerce_legacy: what list_refunds lists, the newest first. taxcloud: what `expand=refunds` adds
        to the order. walmart, walmart_ca: `{"lineNumber": …, "refund": …}` for every line that has one. Raises KeyError
        where there is no such order.
        """
        with self._lock:
            return copy.deepcopy(self._shop.refunds(str(order)))

    def add_order(
        self,
        order: Mapping[str, Any] | str | None = None,
        *,
        order_id: str | None = None,
        total: str | Decimal | None = None,
        gateway: Literal["false", "error"] | None = None,
    ) -> str:
        """Add an order, and give back its id as a path wants it.

        `order` is a get-order response of the API, whatever it says, or the name of one that the server knows:

        - walmart, walmart_ca: "shipped", "not-shipped", "partly-shipped", "cancelled", "partly-refunded"
        - woocommerce: "paid", "unpaid", "cash-on-delivery", "partly-refunded", "refunded"
        - woocommerce_legacy: "paid", "unpaid", "cash-on-delivery"
        - taxcloud: "not-refunded", "partly-refunded", "refunded", "not-completed"

        A named order, and without `order` one like the first, gets an id of its own. `total` makes it an order of one
        piece for that much, shipped or completed, without tax, shipping and fees. `gateway` is for `faithful` servers.
        An order of the same id is replaced, with its refunds. Raises ValueError for what is no order of the API.
        """
        if gateway is not None and self._faithful is None:
            versions = " or ".join(f'"{version}"' for recorded in _recorded_versions().values() for version in recorded)
            raise UsageError(f"gateway= is for a server with faithful={versions}: the documented one has none")
        with self._lock:
            if not self._shop.orders:
                return self._shop.add_order({}, gateway)  # refuses: it keeps none
            named = order if isinstance(order, str) else None
            try:
                document = load_first_order(self.api) if order is None or isinstance(order, str) else dict(order)
                if total is not None:
                    document = self._module.replace_total(copy.deepcopy(document), Decimal(total))
                if order_id is not None or order is None or named is not None:
                    document = self._module.replace_id(document, order_id or _next_id(self._shop))
            except (KeyError, IndexError, TypeError, ArithmeticError) as error:
                message = f"no order of {self.api} can be made of this: {type(error).__name__} {error}"
                raise UsageError(message) from None
            if named is not None:
                change_to(named, self.api, document)
            return self._shop.add_order(document, gateway)

    # What goes wrong.

    def fail_next(
        self,
        status: int = 503,
        *,
        operation: str | None = None,
        times: int = 1,
        headers: Mapping[str, str] | None = None,
        body: JsonObject | bytes = b"",
    ) -> None:
        """Answer the next request with an error, without carrying it out.

        It is the next that changes an order, or the next of `operation`, such as "get_order"; `times` are so many.
        Faults come in the order in which they were asked for.

            shop.fail_next(503)
            shop.fail_next(429, operation="get_order", headers={"Retry-After": "2"}, times=2)
        """
        self._add_faults(Fault(find_operation(self.api, operation), make_failure(status, headers, body)), times)

    def lose_next_answer(self, *, operation: str | None = None, times: int = 1) -> None:
        """Carry out the next request that changes an order, or the next of `operation`, and close the connection.

        The caller never hears of it: a client of `refundkit.connect` raises RefundOutcomeUnknown.
        """
        self._add_faults(Fault(find_operation(self.api, operation), None), times)

    def delay(self, least: float, most: float | None = None) -> None:
        """Take so many seconds for each request from now on: between `least` and `most`, `least` without it."""
        seconds = (least, least if most is None else most)
        _validate_delay(seconds)
        with self._lock:
            self._delay = seconds

    def _add_faults(self, fault: Fault, times: int) -> None:
        if times < 1:
            raise UsageError(f"times is {times!r}: a fault happens once or more often, such as fail_next(503, times=2)")
        with self._lock:
            self._faults += [fault] * times

    def expire_tokens(self) -> None:
        """Make every token that walmart or walmart_ca gave out so far an unknown one."""
        with self._lock:
            self._shop.tokens.clear()

    def __repr__(self) -> str:
        place = "" if self._listener is None else f" at {self.url}"
        return f"<refundkit.testing.Server {self.api}{f' {self._faithful}' if self._faithful else ''}{place}>"

    def _record_arrival(self, request: ReceivedRequest) -> float:
        """Record a request; return the seconds to wait before deciding, and once more before answering."""
        with self._lock:
            self._requests.append(request)
            note_arrival = getattr(self._shop, "note_arrival", None)
            if note_arrival is not None:
                note_arrival(request)
            return self._random.uniform(*self._delay) / 2

    def _answer(self, request: ReceivedRequest) -> Answer | None:
        """Answer a request; None if it is carried out and its answer lost."""
        with self._lock:
            fault = next((fault for fault in self._faults if fault.meets(self.api, request)), None)
            if fault is None:
                return self._shop.answer(request)
            self._faults.remove(fault)
            if fault.answer is None:
                self._shop.answer(request)
            return fault.answer


def _load_server_module(api: str) -> ServerModule:
    """Return server.py of an API's folder, or the module that answers with the spec's examples."""
    module = apis.find_module(api, "server")
    return ExampleModule(api) if module is None else cast("ServerModule", module)


def _recorded_versions() -> dict[str, tuple[str, ...]]:
    """Return the versions that `faithful` can name, by API."""
    versions = {api: getattr(apis.find_module(api, "server"), "FAITHFUL", ()) for api in operations.APIS}
    return {api: recorded for api, recorded in versions.items() if recorded}


def _validate_arguments(api: str, faithful: str | None, delay: tuple[float, float]) -> None:
    if api not in operations.APIS:
        choices = ", ".join(operations.APIS)
        example = f'refundkit.testing.server("{operations.APIS[0]}")'
        raise UsageError(
            f"unknown API {api!r}{suggest_name(api, operations.APIS)} (known are {choices}), as in {example}"
        )
    if faithful is not None and faithful not in _recorded_versions().get(api, ()):
        choices = ", ".join(f"{name} {' and '.join(versions)}" for name, versions in _recorded_versions().items())
        raise UsageError(f"faithful={faithful!r} of {api}: there are recordings of {choices}")
    _validate_delay(delay)


def _validate_delay(delay: tuple[float, float]) -> None:
    low, high = delay
    if not 0 <= low <= high:
        raise UsageError(f"delay={delay!r} is not (least, most) in seconds, such as (0, 0.05)")


def _next_id(shop: Shop) -> str:
    """Return an unused id: that of the first order with the next free number at its end."""
    first = next(iter(shop.orders))
    prefix = first.rstrip("0123456789")
    number = int(first.removeprefix(prefix)) + 1
    while f"{prefix}{number}" in shop.orders:
        number += 1
    return f"{prefix}{number}"
