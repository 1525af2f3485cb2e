"""The guard checks a refund before any byte of it is sent, around any httpx client."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any, Final

import httpx
import pytest
import story
from processes import WITHIN
from refundkit import (
    Config,
    RefundBlocked,
    Report,
    auth,
    check,
    operations,
    testing,
)
from refundkit.errors import ConfigError, NotSent, RefundNotChecked, StatusError, TransportError
from refundkit.guard import AsyncGuardTransport, GuardTransport
from refundkit.xml_writer import write_xml

WAYS = ("sync", "async")
REFUNDS = (
    "walmart.refund_order_lines",
    "walmart_ca.refund_order_lines",
    "woocommerce_legacy.create_refund",
    "taxcloud.refund_order",
)
GUARDED = (
    *REFUNDS,
    "walmart.cancel_order_lines",
    "walmart.refund_return",
    "walmart_ca.cancel_order_lines",
    "woocommerce_legacy.update_refund",
)
SECRET = "a-token-of-our-own"


class Api:
    """An API that answers reads with the story's order, and keeps the requests."""

    def __init__(self, name: str, **changes: Any) -> None:
        self.operation = operations.get(name)
        self.story = story.story(name)
        self.arrived: list[httpx.Request] = []
        self.replies: dict[str, httpx.Response | Exception] = changes

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.arrived.append(request)
        reply = self.replies.get(request.method)
        if isinstance(reply, Exception):
            raise reply
        if reply is not None:
            return reply
        if request.method != "GET":
            return httpx.Response(200, content=b"{}")
        if request.url.path.endswith("/refunds"):
            return httpx.Response(200, content=story.text(self.story.get("refunds") or {"order_refunds": []}))
        return httpx.Response(200, content=self.order())

    def order(self) -> bytes:
        order = story.text(self.story["order"])
        if self.operation.api != "walmart_ca":
            return order
        schema = operations.get("walmart_ca.get_order").schema("200")
        return write_xml(json.loads(order, parse_float=Decimal), schema)

    def request(self, **changes: Any) -> dict[str, Any]:
        """Return what httpx needs to send the story's refund, with changes."""
        given = {**self.story, **changes}
        body = story.text(given["body"])
        if self.operation.xml:
            body = write_xml(json.loads(body, parse_float=Decimal), self.operation.schema())
        return {
            "method": self.operation.described.method,
            "url": "https://api.example.net/shop" + self.operation.described.path.format_map(given["path"]),
            "params": given.get("query"),
            "headers": {"Content-Type": "application/json", **story.HEADERS[self.operation.api]},
            "content": body,
        }

    def send(
        self,
        way: str,
        request: dict[str, Any] | None = None,
        own: httpx.Auth | None = None,
        hooks: Any = None,
        **guard: Any,
    ) -> Any:
        """Send the story's refund, or another request, through a guard, and return the response."""
        request, given = request or self.request(), {"auth": own, "event_hooks": hooks}
        if way == "sync":
            with httpx.Client(transport=GuardTransport(httpx.MockTransport(self), **guard), **given) as client:
                return client.request(**request)
        return asyncio.run(self._send(request, given, guard))

    async def _send(self, request: dict[str, Any], given: dict[str, Any], guard: dict[str, Any]) -> httpx.Response:
        transport = AsyncGuardTransport(httpx.MockTransport(self), **guard)
        async with httpx.AsyncClient(transport=transport, **given) as client:
            return await client.request(**request)

    @property
    def asked(self) -> list[str]:
        return [f"{one.method} {one.url.raw_path.decode()}" for one in self.arrived]


def rejected(act: Callable[[], Any]) -> RefundBlocked:
    """Return the RefundBlocked that a call raises."""
    with pytest.raises(RefundBlocked) as caught:
        act()
    return caught.value


def unchecked(act: Callable[[], Any]) -> RefundNotChecked:
    """Return the RefundNotChecked that a call raises."""
    with pytest.raises(RefundNotChecked) as caught:
        act()
    return caught.value


def codes(error: RefundBlocked | RefundNotChecked) -> set[str]:
    """Return the ids of the errors in a report."""
    return {one.code for one in error.report.findings if one.severity == "error"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", GUARDED)
def test_a_good_refund_leaves_as_it_is(name: str, way: str) -> None:
    """A request without findings is sent unchanged, and its response is returned."""
    api = Api(name)
    request = api.request()
    assert api.send(way, request).status_code == 200
    assert [one.content for one in api.arrived] == [request["content"]]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", GUARDED)
def test_a_bad_refund_never_leaves(name: str, way: str) -> None:
    """A body that its schema refuses raises RefundBlocked with the report, and nothing is sent."""
    api = Api(name)
    request = api.request() | {"content": b'{"amount": 5}'}
    error = rejected(lambda: api.send(way, request))
    assert error.report.operation == name
    assert codes(error)
    assert api.arrived == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "https://api.example.net/v3/orders/2961380412345"),
        ("POST", "https://api.example.net/v3/token"),
        ("POST", "https://api.example.net/v3/orders/2961380412345/acknowledge"),
        ("DELETE", "https://elsewhere.example.net/anything"),
    ],
)
def test_what_is_no_refund_passes_untouched(method: str, url: str, way: str) -> None:
    """A request that is no refund is sent unchecked, whatever its body."""
    api = Api("walmart.refund_order_lines")
    api.send(way, {"method": method, "url": url, "content": b"\x00 no JSON"}, fetch_context=True)
    assert [one.content for one in api.arrived] == [b"\x00 no JSON"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("name", "reads"),
    [
        ("walmart.refund_order_lines", ["/shop/v3/orders/2961380412345"]),
        ("walmart_ca.refund_order_lines", ["/shop/v3/ca/orders/1796277083022"]),
        (
            "woocommerce_legacy.create_refund",
            ["/shop/wc-api/v3/orders/1204?filter%5Bdp%5D=4", "/shop/wc-api/v3/orders/1204/refunds"],
        ),
        (
            "taxcloud.refund_order",
            ["/shop/tax/connections/0b9a3f52-6c1d-4e7f-8a25-93d4c7e1f608/orders/SO-1077?expand=refunds"],
        ),
    ],
)
def test_the_order_is_read_before_the_refund_leaves(name: str, reads: list[str], way: str) -> None:
    """With fetch_context the guard first reads the order and its refunds with the refund's credentials."""
    api = Api(name)
    api.send(way, fetch_context=True)
    assert api.asked[:-1] == [f"GET {path}" for path in reads]
    refund = api.arrived[-1]
    for read in api.arrived[:-1]:
        for header in ("Authorization", "X-API-KEY", "WM_SEC.ACCESS_TOKEN", "WM_MARKET"):
            assert read.headers.get(header) == refund.headers.get(header)
        assert "Content-Type" not in read.headers
        if "WM_QOS.CORRELATION_ID" in refund.headers:
            assert read.headers["WM_QOS.CORRELATION_ID"] != refund.headers["WM_QOS.CORRELATION_ID"]


EXCEEDING: dict[str, tuple[dict[str, Any], str]] = {
    "walmart.refund_order_lines": ({"…/chargeAmount/amount": -9999}, "RF203"),
    "walmart_ca.refund_order_lines": ({"…/chargeAmount/amount": -9999}, "RF203"),
    "woocommerce_legacy.create_refund": ({"/order_refund/amount": "99999.00"}, "RF204"),
    "taxcloud.refund_order": ({"/items/0/quantity": 99999}, "RF401"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", REFUNDS)
def test_more_than_the_order_has_is_rejected(name: str, way: str) -> None:
    """A refund above what is left of the order that the API returns raises RefundBlocked."""
    changes, code = EXCEEDING[name]
    api = Api(name)
    request = api.request(body=story.varied(changes, name)["body"])
    error = rejected(lambda: api.send(way, request, fetch_context=True))
    assert code in codes(error)
    assert all(one.method == "GET" for one in api.arrived)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("amount", "found"), [("-5.00", set()), ("-9999.00", {"RF203"})])
def test_a_walmart_refund_in_xml_is_checked(amount: str, found: set[str], way: str) -> None:
    """The body of the current Walmart API may be XML: it is judged as its JSON form."""
    name = "walmart.refund_order_lines"
    api = Api(name)
    body = story.varied({"…/chargeAmount/amount": Decimal(amount)}, name)["body"]
    schema = operations.get(name).schema()
    content = write_xml(json.loads(story.text(body), parse_float=Decimal), schema)
    reports: list[Report] = []
    request = api.request() | {"content": content}
    api.send(way, request, fetch_context=True, mode="report", on_report=reports.append)
    assert {finding.code for report in reports for finding in report.findings} == found
    assert api.arrived[-1].content == content


UNREADABLE: dict[str, tuple[Any, type[Exception] | None]] = {
    "no such order": (httpx.Response(404, json={"errors": []}), StatusError),
    "the server is down": (httpx.Response(503), StatusError),
    "no credentials": (httpx.Response(401, json={}), StatusError),
    "a redirect": (httpx.Response(302, headers={"Location": "https://elsewhere.example.net"}), StatusError),
    "a page": (httpx.Response(200, html="<html>maintenance</html>"), None),
    "half an order": (httpx.Response(200, content=b'{"order": {'), None),
    "nothing": (httpx.Response(200), None),
    "a lost connection": (httpx.ReadError("reset"), TransportError),
    "silence": (httpx.ReadTimeout("too late"), TransportError),
    "nobody there": (httpx.ConnectError("refused"), TransportError),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", REFUNDS)
@pytest.mark.parametrize("why", UNREADABLE)
def test_an_order_that_cannot_be_read_lets_nothing_pass(name: str, why: str, way: str) -> None:
    """If the order cannot be read, the guard raises RF006 with its cause and sends nothing."""
    reply, cause = UNREADABLE[why]
    api = Api(name, GET=reply)
    error = unchecked(lambda: api.send(way, fetch_context=True))
    assert "RF006" in codes(error)
    assert cause is None if error.__cause__ is None else isinstance(error.__cause__, cause or ())
    assert error.__cause__ is None or f"could not be read: {error.__cause__}" in str(error)
    assert all(one.method == "GET" for one in api.arrived)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("why", UNREADABLE)
def test_a_refund_that_is_wrong_in_itself_is_blocked(why: str, way: str) -> None:
    """A body that its schema refuses raises RefundBlocked even if the order cannot be read."""
    api = Api("walmart.refund_order_lines", GET=UNREADABLE[why][0])
    error = rejected(lambda: api.send(way, api.request() | {"content": b"{}"}, fetch_context=True))
    assert "RF101" in codes(error)
    assert all(one.method == "GET" for one in api.arrived)


@pytest.mark.parametrize("way", WAYS)
def test_ignoring_the_rule_does_not_open_the_door(way: str) -> None:
    """A refund without a readable order is not sent even if RF006 and RF005 are ignored."""
    api = Api("walmart.refund_order_lines", GET=httpx.Response(500))
    unchecked(lambda: api.send(way, fetch_context=True, config=Config(ignore=("RF006", "RF005"))))
    assert api.asked == ["GET /shop/v3/orders/2961380412345"]


@pytest.mark.parametrize("way", WAYS)
def test_the_guard_has_the_configuration_of_the_command(way: str) -> None:
    """The guard follows a configuration that ignores a rule or raises its severity."""
    name = "woocommerce_legacy.create_refund"
    api = Api(name)
    over = api.request(body=story.varied(EXCEEDING[name][0], name)["body"])
    quiet = Config(ignore=("RF2",))
    assert api.send(way, over, fetch_context=True, config=quiet).status_code == 200
    free = api.request(body=story.varied({"/order_refund/amount": "0"}, name)["body"])
    assert api.send(way, free).status_code == 200
    strict = Config(severity=(("zero-refund", "error"),))
    assert codes(rejected(lambda: api.send(way, free, config=strict))) == {"RF212"}


@pytest.mark.parametrize("way", WAYS)
def test_warnings_are_told_and_stop_nothing(way: str, caplog: pytest.LogCaptureFixture) -> None:
    """A refund with a warning is sent; log and report have the warning and no credential."""
    name = "woocommerce_legacy.create_refund"
    api = Api(name)
    reports: list[Report] = []
    free = api.request(body=story.varied({"/order_refund/amount": "0"}, name)["body"])
    with caplog.at_level(logging.WARNING, logger="refundkit"):
        api.send(way, free, on_report=reports.append)
    assert [{one.severity for one in report.findings} for report in reports] == [{"warning"}]
    assert "RF212 zero-refund" in caplog.text
    assert story.HEADERS["woocommerce_legacy"]["Authorization"] not in caplog.text + repr(reports)


@pytest.mark.parametrize("way", WAYS)
def test_a_clean_report_is_handed_over_too(way: str) -> None:
    """on_report gets a report of every checked refund, also without findings."""
    reports: list[Report] = []
    Api("walmart.refund_order_lines").send(way, fetch_context=True, on_report=reports.append)
    assert [(report.ok, report.findings) for report in reports] == [(True, ())]


@pytest.mark.parametrize("way", WAYS)
def test_a_signature_is_not_used_twice(way: str) -> None:
    """A signed refund raises RefundNotChecked unless the guard can sign its reads, each with a new nonce."""
    own = auth.WooCommerceOAuth("ck_own", "cs_own")
    api = Api("woocommerce_legacy.create_refund")
    request = api.request() | {"headers": {"Content-Type": "application/json"}}
    request["url"] = request["url"].replace("https", "http")
    error = unchecked(lambda: api.send(way, request, own, fetch_context=True))
    assert "RF006" in codes(error)
    assert "give the guard auth=" in str(error.report.findings[0].help)
    assert api.arrived == []
    api.send(way, request, own, fetch_context=True, auth=own)
    nonces = {one.url.params["oauth_nonce"] for one in api.arrived}
    assert len(nonces) == len(api.arrived) == 3


@pytest.mark.parametrize("way", WAYS)
def test_keys_in_the_query_go_with_the_reads(way: str) -> None:
    """The guard's reads carry the credentials in the refund's query, and nothing else of the query."""
    api = Api("woocommerce_legacy.create_refund")
    request = api.request() | {"headers": {"Content-Type": "application/json"}}
    request["params"] = {"consumer_key": "ck_own", "consumer_secret": "cs_own", "api_refund": "0"}
    api.send(way, request, fetch_context=True)
    keys = {"consumer_key": "ck_own", "consumer_secret": "cs_own"}
    assert [dict(one.url.params) for one in api.arrived[:-1]] == [{"filter[dp]": "4", **keys}, keys]


STRICT: dict[str, tuple[str, dict[str, Any]]] = {
    "an empty list": ("RF601", {"/items": []}),
    "no list": ("RF601", {"/items": None}),
    "no list after a part": ("RF405", {"/items": None}),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("config", "is_sent"),
    [
        (Config(), False),
        (Config(select=("RF2", "RF3")), False),
        (Config(ignore=("RF601", "RF405")), False),
        (Config(severity=(("RF601", "warning"), ("RF405", "warning"))), True),
        (Config(severity=(("implicit-full-refund", "off"), ("full-refund-after-partial", "off"))), True),
        (Config(severity=(("RF601", "warning"), ("RF405", "warning"), ("RF601", "error"), ("RF405", "error"))), False),
    ],
)
@pytest.mark.parametrize("what", STRICT)
def test_a_rule_that_is_strict_to_send_is_an_error_to_the_guard(
    what: str, config: Config, is_sent: bool, way: str
) -> None:
    """An empty list of items is not sent unless `severity` names the rule; to a linter it is a warning."""
    code, changes = STRICT[what]
    api = Api("taxcloud.refund_order")
    api.story["order"]["refunds"] = [] if code == "RF601" else api.story["order"]["refunds"]
    body = story.varied({**changes, "/idempotencyKey": "another"}, "taxcloud.refund_order")["body"]
    request = api.request(body=body)
    if is_sent:
        assert api.send(way, request, fetch_context=True, config=config).status_code == 200
    else:
        assert code in codes(rejected(lambda: api.send(way, request, fetch_context=True, config=config)))
    is_named_error = (code, "error") in config.severity
    assert check("taxcloud.refund_order", body, order=api.story["order"], config=config).ok is not is_named_error


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", REFUNDS)
@pytest.mark.parametrize("why", ["too much", "no order", "no refund"])
def test_a_guard_that_only_reports_sends_whatever_it_finds(
    name: str, why: str, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With mode="report" a refund is checked, logged and reported, and sent, also where the order cannot be read."""
    api = Api(name, **({"GET": httpx.Response(500)} if why == "no order" else {}))
    request = api.request()
    if why == "too much":
        request = api.request(body=story.varied(EXCEEDING[name][0], name)["body"])
    elif why == "no refund":
        request |= {"content": b"{}"}
    reports: list[Report] = []
    response = api.send(way, request, fetch_context=True, mode="report", on_report=reports.append)
    assert response.status_code == 200
    assert [one.content for one in api.arrived if one.method != "GET"] == [request["content"]]
    assert [report.ok for report in reports] == [False]
    assert all(finding.code in caplog.text for finding in reports[0].findings)


@pytest.mark.parametrize("way", WAYS)
def test_fail_on_says_what_keeps_a_refund_from_leaving(way: str) -> None:
    """`fail_on` of the guard, or of its configuration, is error, warning or never; the order is wanted all the same."""
    name = "woocommerce_legacy.create_refund"
    api = Api(name)
    free = api.request(body=story.varied({"/order_refund/amount": "0"}, name)["body"])
    over = api.request(body=story.varied(EXCEEDING[name][0], name)["body"])
    assert "RF212 zero-refund" in str(rejected(lambda: api.send(way, free, fail_on="warning")))
    assert "RF212 zero-refund" in str(rejected(lambda: api.send(way, free, config=Config(fail_on="warning"))))
    assert api.send(way, free, config=Config(fail_on="warning"), fail_on="error").status_code == 200
    assert api.send(way, over, fetch_context=True, fail_on="never").status_code == 200
    assert api.send(way, over, fetch_context=True, config=Config(fail_on="never")).status_code == 200
    assert "RF204" in codes(rejected(lambda: api.send(way, over, fetch_context=True, fail_on="error")))
    lost = Api(name, GET=httpx.Response(500))
    unchecked(lambda: lost.send(way, over, fetch_context=True, fail_on="never"))


def test_a_report_fails_on_what_was_asked() -> None:
    """check() has `fail_on` too: a report is ok by it, and raise_for_errors() names what fails."""
    name: Final = "woocommerce_legacy.create_refund"
    body = story.varied({"/order_refund/amount": "0"}, name)["body"]
    assert check(name, body).ok
    assert check(name, body, config=Config(fail_on="warning"), fail_on="error").ok
    strict = check(name, body, fail_on="warning")
    assert not strict.ok
    with pytest.raises(RefundBlocked, match="RF212 zero-refund"):
        strict.raise_for_errors()
    assert not check(name, {}).ok
    assert check(name, {}, fail_on="never").ok
    with pytest.raises(ValueError, match="did you mean 'warning'"):
        check(name, body, fail_on="warn")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="none of error, warning and never"):
        Config(fail_on="warn")  # type: ignore[arg-type]
    for option, words in (({"mode": "log"}, "known are block, report"), ({"fail_on": "warn"}, "'warning'")):
        with pytest.raises(ValueError, match=words):
            GuardTransport(httpx.HTTPTransport(), **option)  # type: ignore[arg-type]


DETOURS = {
    "method in the query": ("GET", "/wc-api/v3/orders/1204/refunds?_method=POST"),
    "the last method counts": ("GET", "/wc-api/v3/orders/1204/refunds?_method=GET&_method=POST"),
    "as PHP spells it": ("GET", "/wc-api/v3/orders/1204/refunds?.method=POST"),
    "route in the query": ("POST", "/?wc-api-version=3&wc-api-route=/orders/1204/refunds"),
    "another case": ("POST", "/WC-API/V3/Orders/1204/Refunds"),
    "a slash at the end": ("POST", "/wc-api/v3/orders/1204/refunds/"),
    "index.php": ("POST", "/index.php/wc-api/v3/orders/1204/refunds"),
    "letters encoded": ("POST", "/wc-api/v3/%6Frders/1204/refund%73"),
    "a slash encoded": ("POST", "/wc-api/v3/orders/1204%2Frefunds"),
    "two slashes": ("POST", "/wc-api/v3//orders/1204//refunds"),
    "a way out and in": ("POST", "/wc-api/v3/orders/1/%2e%2e/1204/./refunds"),
    "a parameter of the path": ("POST", "/wc-api/v3/orders/1204/refunds;a=b"),
    "a parameter in the path": ("POST", "/wc-api/v3/orders;a=b/1204/refunds"),
    "a NUL, which ends a name in PHP": ("GET", "/wc-api/v3/orders/1204/refunds?_method%00=POST"),
    "a line break": ("POST", "/wc-api/v3/orders/1204/refunds%0A"),
    "POST for PUT": ("POST", "/wc-api/v3/orders/1204/refunds/900"),
    "PATCH for PUT": ("PATCH", "/wc-api/v3/orders/1204/refunds/900"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("detour", [*DETOURS, "method in a header"])
def test_no_detour_leads_around_the_guard(detour: str, way: str) -> None:
    """Every spelling of a request that WooCommerce accepts as a refund is checked."""
    api = Api("woocommerce_legacy.create_refund")
    method, path = DETOURS.get(detour, ("GET", "/wc-api/v3/orders/1204/refunds"))
    request: dict[str, Any] = {"method": method, "url": "https://shop.example.net" + path, "content": b"[]"}
    if detour == "method in a header":
        request["headers"] = {"X-HTTP-Method-Override": "POST"}
    rejected(lambda: api.send(way, request))
    assert api.arrived == []


def test_a_refund_does_not_leave_for_another_target() -> None:
    """A refund whose `target` extension differs from its URL is not sent."""
    api = Api("woocommerce_legacy.create_refund")
    with pytest.raises(NotSent, match="target"):
        api.send("sync", api.request() | {"extensions": {"target": b"/wc-api/v3/orders/1/refunds"}})
    assert api.arrived == []


@pytest.mark.parametrize("way", WAYS)
def test_what_is_checked_is_what_is_sent(way: str) -> None:
    """A body that an event hook replaced is checked as it will be sent."""
    api = Api("woocommerce_legacy.create_refund")
    other = story.text({"order_refund": {"amount": "99999.00"}})

    def exchange(request: httpx.Request) -> None:
        request.stream = httpx.ByteStream(other)

    async def later(request: httpx.Request) -> None:
        exchange(request)

    hooks = {"request": [exchange if way == "sync" else later]}
    assert "RF204" in codes(rejected(lambda: api.send(way, hooks=hooks, fetch_context=True)))
    assert all(one.method == "GET" for one in api.arrived)


def test_one_order_is_one_order_however_it_is_spelled() -> None:
    """Refunds of one order under several spellings wait for each other, and the second is rejected."""
    paths = ("/wc-api/v3/orders/{}/refunds", "/index.php/wc-api/v3/orders/{}/refunds")
    with testing.server("woocommerce_legacy", faithful="2.6.2", delay=(0.01, 0.02)) as shop:
        order = shop.add_order(total="1.00")
        own = auth.WooCommerceOAuth("ck_own", "cs_own")
        transport = GuardTransport(httpx.HTTPTransport(), fetch_context=True, auth=own)
        given: Any = {"transport": transport, "auth": own, "timeout": WITHIN}
        with httpx.Client(base_url=shop.url, **given) as client, ThreadPoolExecutor() as pool:
            urls = [path.format(zeros + order) for path in paths for zeros in ("", "0", "00")]
            body = {"order_refund": {"amount": "1.00"}}
            tries = [pool.submit(client.post, url, json=body) for url in urls]
            rejections = [one for one in tries if isinstance(one.exception(), RefundBlocked)]
        assert len(rejections) == len(urls) - 1
        assert len(shop.refunds(order)) == 1


def test_earlier_refunds_below_zero_raise_no_cap() -> None:
    """An earlier refund with a negative amount counts by its size, and blocks the refund that is then too large."""
    api = Api("woocommerce_legacy.create_refund")
    api.story["refunds"] = {"order_refunds": [{"id": 1, "amount": "-100.00"}]}
    assert "RF204" in codes(rejected(lambda: api.send("sync", fetch_context=True)))


def test_a_rejection_survives_a_pickle() -> None:
    """Pickling keeps the report and key of RefundBlocked."""
    api = Api("woocommerce_legacy.create_refund")
    error = rejected(lambda: api.send("sync", api.request() | {"content": b"{}"}))
    error.idempotency_key = "a-key"
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (again.report, again.idempotency_key, str(again)) == (error.report, "a-key", str(error))


def test_a_card_number_for_a_name_is_masked(caplog: pytest.LogCaptureFixture) -> None:
    """A field name that is a card number is masked in the log, the error and its pointer."""
    api = Api("woocommerce_legacy.create_refund")
    body = b'{"order_refund": {"amount": "1.00", "4111 1111 1111 1111": 1}}'
    error = rejected(lambda: api.send("sync", api.request() | {"content": body}))
    assert "4111 1111" not in f"{error} {error.report} {caplog.text}"


@pytest.mark.parametrize("way", WAYS)
def test_a_streamed_body_is_checked_and_sent(way: str) -> None:
    """A body that comes in chunks is checked and sent in full."""
    api = Api("walmart.refund_order_lines")
    request = api.request()
    content = request["content"]

    def pieces() -> Iterator[bytes]:
        yield content[:10]
        yield content[10:]

    async def later() -> AsyncIterator[bytes]:
        for piece in pieces():
            yield piece

    api.send(way, request | {"content": pieces() if way == "sync" else later()})
    assert [one.content for one in api.arrived] == [content]
    bad = api.request() | {"content": iter([b"{"])}
    if way == "sync":
        rejected(lambda: api.send(way, bad))
    assert len(api.arrived) == 1


@pytest.mark.parametrize("told", [None, "absent", []])
def test_an_order_of_taxcloud_must_tell_of_its_refunds(told: Any) -> None:
    """A TaxCloud order without `refunds` blocks the refund; null or an empty list are none."""
    api = Api("taxcloud.refund_order")
    api.story["order"]["refunds"] = told
    if told == "absent":
        del api.story["order"]["refunds"]
    if told == "absent":
        assert codes(unchecked(lambda: api.send("sync", fetch_context=True))) == {"RF006"}
    else:
        assert api.send("sync", fetch_context=True).status_code == 200


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("segment", ["SO;1", "SO%3B1", "SO%3b1"])
def test_an_order_is_read_under_the_segment_that_is_refunded(segment: str, way: str) -> None:
    """A semicolon in an order's id stays as it stands in the URL: the order that is read is the refunded one."""
    api = Api("taxcloud.refund_order")
    api.story["order"]["orderId"] = "SO;1"
    request = api.request(path={**api.story["path"], "orderId": segment})
    api.send(way, request, fetch_context=True)
    assert api.asked[0].endswith(f"/orders/{segment}?expand=refunds")
    api.story["order"]["orderId"] = "SO"
    assert "RF005" in codes(unchecked(lambda: api.send(way, request, fetch_context=True)))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "path",
    ["/?wc-api-route=/a?b", "/?wc-api-route=/a%23b%0A%00", "/?wc-api-route=" + "%C3%A9" * 9000, "/?wc-api-route"],
)
def test_a_route_that_is_none_passes_untouched(path: str, way: str) -> None:
    """Whatever `wc-api-route` holds, a request that is no refund is sent as it is."""
    api = Api("woocommerce_legacy.create_refund")
    api.send(way, {"method": "GET", "url": "https://shop.example.net" + path}, fetch_context=True)
    assert api.asked == [f"GET {httpx.URL('https://shop.example.net' + path).raw_path.decode()}"]


UNCHECKED = (
    ("POST", "/wc-api/v2/orders/1204/refunds"),
    ("PUT", "/wc-api/v2/orders/1204/refunds/900"),
    ("POST", "/wc-api/v1/orders/1204/refunds/"),
    ("GET", "/wc-api/v2/orders/1204/refunds?_method=POST"),
    ("POST", "/wp-json/wc/v1/orders/1204/refunds"),
    ("POST", "/1.0/TaxCloud/Returned"),
)
NO_REFUNDS = (
    ("GET", "/wc-api/v2/orders/1204/refunds"),
    ("POST", "/wc-api/v2/orders/1204/notes"),
    ("POST", "/help/refunding"),
    ("GET", "/wc-api/v3/orders/1204/refunds"),
)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("method", "path"), [*UNCHECKED, *NO_REFUNDS])
def test_a_refund_of_another_version_is_sent_with_a_warning(
    method: str, path: str, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A refund of an API or version that no spec describes is sent, and the log says that it was not checked."""
    api = Api("woocommerce_legacy.create_refund")
    url = "https://shop.example.net" + path
    api.send(way, {"method": method, "url": url, "headers": {"Authorization": SECRET}}, fetch_context=True)
    assert api.asked == [f"{method} {path}"]
    assert ("looks like a refund" in caplog.text) is ((method, path) in UNCHECKED)
    assert SECRET not in caplog.text


@pytest.mark.parametrize("way", WAYS)
def test_a_shop_with_three_decimals_can_be_refunded_whole(way: str) -> None:
    """The guard reads an order with all its decimals, so that the last part of a dinar can go back."""
    shop = testing.server("woocommerce_legacy")
    order = shop.orders["1204"]["order"]
    whole = {**order, "currency": "KWD", "total": "10.505", "line_items": [], "shipping_lines": [], "fee_lines": []}
    order_id = shop.add_order({"order": whole}, order_id="9001")
    with pytest.raises(RefundBlocked):
        send_to(shop, way, order_id, "10.506")
    assert send_to(shop, way, order_id, "10.505").status_code == 201
    assert [refund["amount"] for refund in shop.refunds(order_id)] == ["10.51"]


@pytest.mark.parametrize(
    ("currency", "total", "amount", "found"),
    [
        ("USD", "107.8000", "5.005", {"RF206"}),
        ("USD", "107.8000", "5.05", set()),
        ("JPY", "2750.0000", "100.5", {"RF206"}),
        ("JPY", "2750.00", "100.5", {"RF206"}),
        ("KWD", "10.5050", "10.505", set()),
    ],
)
def test_the_decimals_of_a_refund_are_those_of_the_currency(
    currency: str, total: str, amount: str, found: set[str]
) -> None:
    """However many decimals an order is read with, its currency says how many a refund may have."""
    order = testing.server("woocommerce_legacy").orders["1204"]["order"] | {"currency": currency, "total": total}
    body = {"order_refund": {"amount": amount}}
    report = check("woocommerce_legacy.create_refund", body, order={"order": order})
    assert {finding.code for finding in report.findings} & {"RF206"} == found


def send_to(shop: testing.Server, way: str, order_id: str, amount: str) -> httpx.Response:
    """Send a refund of an amount to a shop through a guard."""
    request = Api("woocommerce_legacy.create_refund").request(path={"id": order_id})
    request["content"] = story.text({"order_refund": {"amount": amount}})
    if way == "sync":
        with httpx.Client(transport=GuardTransport(shop.transport, fetch_context=True)) as client:
            return client.request(**request)

    async def send() -> httpx.Response:
        guard = AsyncGuardTransport(shop.async_transport, fetch_context=True)
        async with httpx.AsyncClient(transport=guard) as client:
            return await client.request(**request)

    return asyncio.run(send())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", REFUNDS)
def test_an_order_that_begins_with_a_byte_order_mark_is_read(name: str, way: str) -> None:
    """The guard reads an order behind a byte order mark, as JSON and as XML."""
    api = Api(name)
    order = api.order
    api.order = lambda: b"\xef\xbb\xbf" + order()  # type: ignore[method-assign]
    assert api.send(way, fetch_context=True).status_code == 200


def test_an_order_with_a_percent_in_its_id_is_found() -> None:
    """The guard reads an order under the same percent-encoded id as the refund."""
    api = Api("taxcloud.refund_order")
    api.story["order"]["orderId"] = "SO/10#77"
    request = api.request(path={**api.story["path"], "orderId": "SO%2F10%2377"})
    api.send("sync", request, fetch_context=True)
    assert api.asked[0].endswith("/orders/SO%2F10%2377?expand=refunds")
