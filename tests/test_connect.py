"""The ready clients against refundkit.testing over a real socket."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest
import users
from faults import Fault, Wire, serving
from msgspec import UNSET
from processes import WITHIN
from refundkit import (
    Config,
    RefundBlocked,
    RefundError,
    RefundOutcomeUnknown,
    RefundRefused,
    Report,
    connect,
    errors,
    operations,
    testing,
)
from refundkit.errors import NotSent, RefundNotChecked, TimedOut
from refundkit_apis.taxcloud.models import RefundCreate as TaxRefund
from refundkit_apis.walmart.models import OrderRefund
from refundkit_apis.woocommerce_legacy.models import RefundCreate

WAYS = ("sync", "async")
OPERATIONS = operations.names()


def _api(name: str) -> Any:
    return name.partition(".")[0]


CREDENTIALS = ("a-secret", "a-key", "cs_own", "YW4taWQ6YS1zZWNyZXQ=")
TOTAL = Decimal("29.00")


@pytest.fixture
def shop(request: pytest.FixtureRequest) -> Iterator[testing.Server]:
    """A server of the API of the test's operation, with one refund if the operation needs one."""
    name = request.getfixturevalue("name")
    with testing.server(_api(name)) as server:
        if "refund_id" in users.path(name):
            users.REFUND.set(str(users.call(f"{_api(name)}.create_refund", "sync", server.url).id))
        yield server


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_returns_its_success_model(shop: testing.Server, name: str, way: str) -> None:
    """Each operation takes ids and a model and returns its success model, sync and async."""
    answer = users.call(name, way, shop.url)
    expected = {
        "walmart": "Order",
        "walmart_ca": "Order",
        "taxcloud": "Order",
        "woocommerce": "Refund",
        "woocommerce_legacy": "Refund",
    }[name.partition(".")[0]]
    if name == "woocommerce_legacy.delete_refund":
        assert answer is None
        assert shop.refunds("1204") == []
    elif isinstance(answer, list):
        assert name in ("woocommerce.list_refunds", "woocommerce_legacy.list_refunds", "taxcloud.refund_order")
    else:
        special = {
            "walmart.create_token": "Token",
            "walmart.refund_return": "ReturnRefundResponse",
            "walmart.list_returns": "ReturnsResponse",
            "woocommerce.get_order": "Order",
            "woocommerce_legacy.get_order": "Order",
        }
        assert type(answer).__name__ == special.get(name, expected)


def until_rejected(act: Callable[[], Any]) -> tuple[int, RefundBlocked]:
    """Return how often a call succeeds before it is rejected, and the rejection."""
    for made in range(50):
        try:
            act()
        except RefundBlocked as error:
            return made, error
    raise AssertionError("it is never rejected")


def codes(error: RefundBlocked) -> set[str]:
    return {one.code for one in error.report.findings}


def test_every_operation_is_called_here() -> None:
    """CALLS has every operation."""
    assert {*users.CALLS, users.TOKEN} == set(OPERATIONS)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["walmart.refund_order_lines", "walmart_ca.refund_order_lines"])
def test_each_request_has_a_correlation_id_of_its_own(shop: testing.Server, name: str, way: str) -> None:
    """Token request, order and refund are sent with three different GUIDs."""
    users.call(name, way, shop.url)
    ids = [request.headers["wm_qos.correlation_id"] for request in shop.requests]
    assert len({str(uuid.UUID(one)) for one in ids}) == len(ids) == 3


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "name", ["walmart.refund_order_lines", "woocommerce.create_refund", "woocommerce_legacy.create_refund"]
)
def test_a_refund_beyond_the_order_never_leaves(shop: testing.Server, name: str, way: str) -> None:
    """A repeated refund succeeds until nothing is left of the order, and is then rejected."""
    made, error = until_rejected(lambda: users.call(name, way, shop.url))
    assert made
    assert codes(error) & {"RF203", "RF204"}
    written = [request for request in shop.requests if request.method == "POST" and "token" not in request.url]
    assert len(written) == made


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["taxcloud.refund_order"])
def test_a_refund_under_its_own_key_is_one_refund(shop: testing.Server, name: str, way: str) -> None:
    """A refund that is repeated with its own idempotency key is made once."""
    before = len(shop.refunds("SO-1077"))
    for _ in range(5):
        users.call(name, way, shop.url)
    assert len(shop.refunds("SO-1077")) == before + 1


@pytest.mark.parametrize("name", ["taxcloud.refund_order"])
def test_each_refund_without_a_key_gets_one(shop: testing.Server, name: str) -> None:
    """Each refund without a key gets its own key, and is made until nothing is left of the order."""
    item = users.body(name).items[0]
    refund = TaxRefund(items=[msgspec.structs.replace(item, quantity=Decimal("0.25"))])
    keys: list[str] = []
    with users.connection("taxcloud", shop.url) as tax:
        made, error = until_rejected(
            lambda: keys.extend(one.idempotency_key for one in tax.refund_order("SO-1077", refund))
        )
    assert len({uuid.UUID(key) for key in [*keys, error.idempotency_key]}) == made + 1 >= 3
    assert codes(error) == {"RF401"}


@pytest.mark.parametrize("name", ["walmart.refund_order_lines"])
def test_the_guard_can_be_left_out(shop: testing.Server, name: str) -> None:
    """Without the guard an excessive refund is sent, and the server's refusal is raised."""
    refused: RefundRefused | None = None
    for _ in range(20):
        try:
            users.call(name, "sync", shop.url, guard=False)
        except RefundRefused as error:
            refused = error
    assert refused is not None
    assert refused.status == 400
    assert "RF203" in (refused.reason or "")
    assert refused.request_id


@pytest.mark.parametrize("name", ["woocommerce_legacy.create_refund"])
def test_configuration_and_reports_go_through(shop: testing.Server, name: str) -> None:
    """A connection passes config and on_report to its guard."""
    reports: list[Report] = []
    strict = Config(severity=(("zero-refund", "error"),))
    users.call(name, "sync", shop.url, config=strict, on_report=reports.append)
    assert [report.operation for report in reports] == [name]
    with users.connection("woocommerce_legacy", shop.url, config=strict) as client, pytest.raises(RefundBlocked):
        client.create_refund(1204, RefundCreate(amount=0))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["taxcloud.refund_order"])
@pytest.mark.parametrize("items", [[], UNSET])
def test_an_item_list_that_came_out_empty_is_not_sent(shop: testing.Server, name: str, items: Any, way: str) -> None:
    """The ready client sends no refund of a whole TaxCloud order for want of items, whatever is selected."""
    with pytest.raises(RefundBlocked) as caught:
        refund_items(shop, items, way, config=Config(select=("RF2",)))
    assert "RF601" in codes(caught.value)
    assert [request.method for request in shop.requests] == ["GET"]
    named = Config(severity=(("implicit-full-refund", "warning"), ("full-refund-after-partial", "warning")))
    assert refund_items(shop, items, way, config=named)


def refund_items(shop: testing.Server, items: Any, way: str, **options: Any) -> Any:
    """Refund items of TaxCloud's order through a ready client."""
    connection = users.connection("taxcloud", shop.url, **options)
    if way == "sync":
        with connection as tax:
            return tax.refund_order("SO-1077", TaxRefund(items=items))

    async def refund() -> Any:
        async with connection as tax:
            return await tax.refund_order("SO-1077", TaxRefund(items=items))

    return asyncio.run(refund())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["walmart.refund_order_lines"])
def test_a_connection_can_report_only_or_fail_on_warnings(shop: testing.Server, name: str, way: str) -> None:
    """A connection passes mode and fail_on to its guard."""
    reports: list[Report] = []
    until_rejected(lambda: users.call(name, way, shop.url))
    with pytest.raises(RefundRefused):  # by the server
        users.call(name, way, shop.url, mode="report", on_report=reports.append)
    assert [report.ok for report in reports] == [False]
    warns = Config(severity=(("RF203", "warning"), ("RF302", "warning")))
    with pytest.raises(RefundBlocked):
        users.call(name, way, shop.url, config=warns, fail_on="warning")


@pytest.mark.parametrize("name", ["taxcloud.refund_order"])
def test_nobody_there_is_not_sent(shop: testing.Server, name: str) -> None:
    """If nothing listens, a call raises NotSent, or RefundNotChecked for want of the order."""
    gone = shop.url
    shop.__exit__(None, None, None)
    with pytest.raises(NotSent):
        users.call("taxcloud.get_order", "sync", gone)
    with pytest.raises(RefundNotChecked) as caught:
        users.call(name, "sync", gone)
    assert isinstance(caught.value.__cause__, NotSent)
    assert caught.value.idempotency_key == "rma-5521"
    shop.__enter__()


def test_a_timeout_is_for_one_call() -> None:
    """The argument `timeout` changes the timeout of that call only."""
    timeouts: list[float] = []

    class Noting(Wire):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            timeouts.append(request.extensions["timeout"]["read"])
            return super().handle_request(request)

    with serving("woocommerce_legacy") as server:
        server.fail("read", Fault(sends="nothing", ends="silent"), times=1)
        options = {"retry": connect.Retry(attempts=1), "transport": Noting(server, patience=None)}
        with users.connection("woocommerce_legacy", server.url, **options) as client:
            with pytest.raises(TimedOut):
                client.get_order(1204, timeout=0.01)
            assert client.get_order(1204).id == 1204
    assert timeouts == [0.01, WITHIN]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "name", ["walmart.refund_order_lines", "woocommerce_legacy.create_refund", "taxcloud.refund_order"]
)
def test_no_log_and_no_repr_tells_a_credential(
    shop: testing.Server, name: str, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Logs and reprs show no secret and no body; calls are logged."""
    with caplog.at_level(logging.DEBUG):
        users.call(name, way, shop.url)
    told = caplog.text + repr(users.connection(name.partition(".")[0], shop.url))
    assert not [secret for secret in CREDENTIALS if secret in told]
    assert "DamagedItem" not in told
    calls = [record.getMessage() for record in caplog.records if record.name == "refundkit"]
    path = operations.get(name).described.path.format_map(users.path(name))
    assert len(calls) == 1
    assert calls[0].startswith(f"POST {path}: 20")
    assert calls[0].endswith(", attempt 1")


def test_credentials_over_plain_http_are_refused() -> None:
    """Credentials are not sent over HTTP to another machine, except as a signature."""
    with connect.walmart("an-id", "a-secret", base_url="http://shop.example.net") as client, pytest.raises(NotSent):
        client.get_order("1")
    with connect.taxcloud("c" * 36, api_key="k", base_url="http://tax.example.net") as tax, pytest.raises(NotSent):
        tax.get_order("1")


def test_a_transport_of_the_wrong_kind_is_refused() -> None:
    """An async transport in a sync connection, or the reverse, is a TypeError."""
    server = testing.server("walmart")
    with pytest.raises(TypeError, match="async with"):
        connect.walmart("an-id", "a-secret", transport=server.async_transport).open()
    with pytest.raises(TypeError, match="with `with`"):
        connect.walmart("an-id", "a-secret", transport=server.transport).open_async()


@pytest.mark.parametrize("way", WAYS)
def test_a_transport_of_ones_own_is_used(way: str) -> None:
    """A connection with its own transport opens no socket, and event hooks get its requests."""
    server = testing.server("walmart")
    seen: list[str] = []

    async def later(request: httpx.Request) -> None:
        seen.append(request.method)

    hooks: dict[str, Any] = {"request": [later if way == "async" else lambda one: seen.append(one.method)]}
    transport = server.async_transport if way == "async" else server.transport
    users.call("walmart.refund_order_lines", way, "https://walmart.example.net", transport=transport, hooks=hooks)
    assert len(server.requests) == 3
    assert seen == ["POST", "POST"]


@pytest.mark.parametrize("name", ["NO_PROXY", "HTTPS_PROXY"])
def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Without a transport, requests go through the proxy in the environment, except for NO_PROXY."""
    from refundkit.client.connection import _proxy

    monkeypatch.setenv("https_proxy", "http://proxy.example.net:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    if name == "NO_PROXY":
        monkeypatch.setenv("no_proxy", "api.example.net")
    assert _proxy("https://api.example.net/x") == (None if name == "NO_PROXY" else "http://proxy.example.net:3128")


def test_a_proxy_without_a_scheme_is_one_and_this_machine_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy may lack its scheme, and requests to this machine use none."""
    from refundkit.client.connection import _proxy

    monkeypatch.setenv("https_proxy", "proxy.example.net:3128")
    monkeypatch.setenv("http_proxy", "proxy.example.net:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    assert _proxy("https://api.example.net") == "http://proxy.example.net:3128"
    assert _proxy("http://127.0.0.1:8080") is None


@pytest.mark.parametrize(("name", "nearest"), [("woocommerce_legcy", "woocommerce_legacy"), ("walmrt", "walmart")])
def test_a_name_that_is_no_api_is_refused_with_the_nearest(name: str, nearest: str) -> None:
    """A mistyped API name is an AttributeError that suggests the right one."""
    with pytest.raises(AttributeError, match=f"no attribute '{name}'; did you mean '{nearest}'"):
        getattr(connect, name)


def test_a_mistyped_option_is_refused() -> None:
    """A mistyped option is a TypeError that suggests the right one."""
    with pytest.raises(TypeError, match="unknown option 'confg'; did you mean 'config'"):
        connect.walmart("an-id", "a-secret", confg=Config())  # type: ignore[call-arg]


def test_a_connection_is_open_once_at_a_time() -> None:
    """Opening an open connection is a ValueError; after it is closed it opens again."""
    server = testing.server("walmart")
    connection = users.connection("walmart", "https://walmart.example.net", transport=server.transport)
    with connection as client:
        with pytest.raises(ValueError, match="open already"):
            connection.open()
        client.get_order("2961380412345")
    with pytest.raises(NotSent, match="closed"):
        client.get_order("2961380412345")
    with connection as client:
        client.get_order("2961380412345")


FOREIGN: dict[str, Exception] = {
    "a bug": KeyError("mine"),
    "its own connection": httpx.ConnectError("the audit service is down"),
    "its own timeout": httpx.ReadTimeout("the audit service is slow"),
    "its terminal": UnicodeEncodeError("ascii", "\u20ac", 0, 1, "ordinal not in range"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("why", FOREIGN)
def test_a_hook_that_fails_behind_a_refund_makes_no_second_one(why: str, way: str) -> None:
    """A response hook that raises leaves the outcome unknown, and the refund is sent once."""
    server = testing.server("woocommerce_legacy")

    def fail(response: httpx.Response) -> None:
        raise FOREIGN[why]

    async def later(response: httpx.Response) -> None:
        raise FOREIGN[why]

    hooks: dict[str, Any] = {"response": [later if way == "async" else fail]}
    transport = server.async_transport if way == "async" else server.transport
    with pytest.raises(RefundOutcomeUnknown):
        users.call(
            "woocommerce_legacy.create_refund", way, "https://shop.example.net", transport=transport, hooks=hooks
        )
    assert len(server.refunds("1204")) == 1


def test_a_hook_that_sends_a_refund_elsewhere_is_stopped() -> None:
    """A request hook that changes a refund's URL to an unchecked one raises, and nothing is sent."""
    server = testing.server("woocommerce_legacy")

    def reroute(request: httpx.Request) -> None:
        request.url = request.url.copy_with(path="/gateway/refunds")

    with pytest.raises(NotSent, match="changed the URL"):
        users.call(
            "woocommerce_legacy.create_refund",
            "sync",
            "https://shop.example.net",
            transport=server.transport,
            hooks={"request": [reroute]},
        )
    assert [one.method for one in server.requests] == []


def test_a_cancelled_refund_says_that_it_may_have_been_made(caplog: pytest.LogCaptureFixture) -> None:
    """Cancelling a task during its refund raises CancelledError with a note, and logs it."""
    started = asyncio.Event()

    class Slow(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.method == "POST":
                started.set()
                await asyncio.Event().wait()
            answer = testing.server("woocommerce_legacy").answer(
                request.method, str(request.url), dict(request.headers)
            )
            return httpx.Response(answer.status, headers=answer.headers, content=answer.body)

    async def cancelled() -> Any:
        async with users.connection("woocommerce_legacy", "https://shop.example.net", transport=Slow()) as client:
            task = asyncio.create_task(client.create_refund(1204, RefundCreate(amount="1.00")))
            await started.wait()
            task.cancel()
            return (await asyncio.gather(task, return_exceptions=True))[0]

    error = asyncio.run(cancelled())
    assert isinstance(error, asyncio.CancelledError)
    assert "may have been made" in caplog.text


def test_taxcloud_wants_one_credential() -> None:
    """TaxCloud with neither or both of api_key and token is a ValueError."""
    with pytest.raises(ValueError, match="api_key or token"):
        connect.taxcloud("c" * 36)
    with pytest.raises(ValueError, match="api_key or token"):
        connect.taxcloud("c" * 36, api_key="k", token="t")


def test_every_error_has_one_root() -> None:
    """Every error of a call is a RefundError."""
    for name in (
        "TransportError",
        "TimedOut",
        "NotSent",
        "DecodeError",
        "StatusError",
        "RefundBlocked",
        "RefundRefused",
        "RefundOutcomeUnknown",
    ):
        assert issubclass(getattr(errors, name), RefundError)


def test_the_client_side_is_imported_on_use() -> None:
    """`import refundkit` imports the client's packages only on first use."""
    code = (
        "import sys, refundkit;"
        "print(sorted({'httpx', 'attr', 'attrs', 'jsonschema_rs', 'logging'} & sys.modules.keys()));"
        "refundkit.connect.walmart, refundkit.guard.GuardTransport, refundkit.auth.TaxCloudKey,"
        "refundkit.testing.server"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def refunded(server: testing.Server, order: str) -> Decimal:
    return sum((Decimal(one["amount"]) for one in server.refunds(order)), Decimal(0))


def at_once(url: str, order: str, way: str, **options: Any) -> list[Any]:
    """Return the total that 200 simultaneous refunds of 1.00 through one client make."""
    # Room for all: a pool that closes surplus connections under 200 threads may close one that is being read.
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    wire = httpx.HTTPTransport(limits=limits) if way == "sync" else httpx.AsyncHTTPTransport(limits=limits)
    opened = users.connection("woocommerce_legacy", url, transport=wire, **options)
    refund = RefundCreate(amount=Decimal("1.00"))

    def outcome(act: Callable[[], Any]) -> Any:
        try:
            return act()
        except RefundBlocked as error:
            return error

    if way == "sync":
        with opened as client, ThreadPoolExecutor(200) as pool:
            tries = [pool.submit(outcome, lambda: client.create_refund(order, refund)) for _ in range(200)]
            return [one.result() for one in tries]

    async def later() -> list[Any]:
        async with opened as client:
            tries = [client.create_refund(order, refund) for _ in range(200)]
            return await asyncio.gather(*tries, return_exceptions=True)

    return asyncio.run(later())


@pytest.mark.parametrize("way", WAYS)
def test_refunds_at_the_same_time_never_exceed_the_order(way: str) -> None:
    """200 simultaneous refunds through one client refund exactly the order's total."""
    with testing.server("woocommerce_legacy", faithful="2.6.2", delay=(0, 0.01)) as server:
        order = server.add_order(total=TOTAL)
        outcomes = at_once(server.url, order, way)
        assert refunded(server, order) == TOTAL
    rejected = [one for one in outcomes if isinstance(one, RefundBlocked)]
    assert len(rejected) == 200 - TOTAL
    assert all("RF204" in str(one) for one in rejected)


@pytest.mark.parametrize("way", WAYS)
def test_without_the_guard_they_would(way: str) -> None:
    """Without the guard, simultaneous refunds exceed the order's total."""
    with testing.server("woocommerce_legacy", faithful="2.6.2", delay=(0, 0.01)) as server:
        order = server.add_order(total=TOTAL)
        at_once(server.url, order, way, guard=False)
        assert refunded(server, order) == 200


def test_a_model_of_the_wrong_shape_is_rejected() -> None:
    """A model with invalid values is rejected by the guard before anything is sent."""
    server = testing.server("walmart")
    opened = users.connection("walmart", "https://walmart.example.net", transport=server.transport)
    refund = OrderRefund(purchase_order_id="1", order_lines=None)  # type: ignore[arg-type]
    with opened as client, pytest.raises(RefundBlocked):
        client.refund_order_lines("2961380412345", refund)
    assert not [one for one in server.requests if one.url.endswith("/refund")]
