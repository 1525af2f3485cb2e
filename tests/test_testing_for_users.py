"""What refundkit.testing offers to tests of somebody's own code: failures on demand, named orders, fixtures."""

from __future__ import annotations

import asyncio
import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import refundkit
import story
import users
from processes import WITHIN
from refundkit import operations, testing
from refundkit.testing.named_orders import order_names
from refundkit_apis._runtime.codec import encode

WAYS = ("sync", "async")
REFUNDS: dict[str, Any] = {
    "walmart": "walmart.refund_order_lines",
    "walmart_ca": "walmart_ca.refund_order_lines",
    "woocommerce": "woocommerce.create_refund",
    "woocommerce_legacy": "woocommerce_legacy.create_refund",
    "taxcloud": "taxcloud.refund_order",
}
WIRES = ("socket", "in process")
# An API that knows a request by its key again is asked once more, so that its caller hears of no failure.
UNKEYED = [api for api in operations.APIS if api != "taxcloud"]


def refund(shop: testing.Server, way: str, wire: str = "socket") -> Any:
    """Send the refund of the API's example with a ready client."""
    if wire == "socket":
        return users.call(REFUNDS[shop.api], way, shop.url)
    transport: Any = shop.transport if way == "sync" else shop.async_transport
    return users.call(REFUNDS[shop.api], way, "https://shop.test", transport=transport)


def state(shop: testing.Server) -> Any:
    """Return the refunds of the order that the example is about."""
    return shop.refunds(next(iter(shop.orders)))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("api", UNKEYED)
def test_the_next_refund_fails_and_is_not_made(api: Any, way: str) -> None:
    """`fail_next(503)` lets the reads before the refund through, answers it with 503, and makes nothing."""

    def ask(client: Any) -> refundkit.Outcome:
        with pytest.raises(refundkit.RefundOutcomeUnknown) as caught:
            users.CALLS[REFUNDS[api]](client)
        return caught.value.resolve(wait=0)

    async def ask_later(connection: Any) -> refundkit.Outcome:
        async with connection as client:
            with pytest.raises(refundkit.RefundOutcomeUnknown) as caught:
                await users.CALLS[REFUNDS[api]](client)
            return await caught.value.resolve_async(wait=0)

    with testing.server(api) as shop:
        before = state(shop)
        shop.fail_next(503)
        connection = users.connection(api, shop.url)
        if way == "sync":
            with connection as client:
                outcome = ask(client)
        else:
            outcome = asyncio.run(ask_later(connection))
        assert outcome is refundkit.Outcome.NOT_MADE
        assert state(shop) == before
        refund(shop, way)
        assert state(shop) != before


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("api", UNKEYED)
def test_a_lost_answer_is_an_unknown_outcome_of_a_refund_that_was_made(api: Any, way: str, wire: str) -> None:
    """`lose_next_answer()` makes the refund, and its caller gets RefundOutcomeUnknown."""
    with testing.server(api) as shop:
        before = state(shop)
        shop.lose_next_answer()
        with pytest.raises(refundkit.RefundOutcomeUnknown) as caught:
            refund(shop, way, wire)
        assert caught.value.sent == "maybe"
        assert state(shop) != before


@pytest.mark.parametrize("way", WAYS)
def test_a_refund_with_a_key_is_sent_again_and_made_once(way: str) -> None:
    """After a lost answer and a 503, taxcloud makes a refund with an idempotency key just once."""
    with testing.server("taxcloud") as shop:
        before = len(state(shop))
        shop.lose_next_answer()
        shop.fail_next(503)
        refund(shop, way)
        assert len(state(shop)) == before + 1
    assert [request.method for request in shop.requests].count("POST") == 3


def test_a_lost_answer_is_no_answer_at_all() -> None:
    """The connection is closed before a byte of the answer."""
    with testing.server("woocommerce") as shop:
        shop.lose_next_answer(operation="get_order")
        with httpx.Client(base_url=shop.url, auth=("ck_test", "cs_test"), timeout=WITHIN, trust_env=False) as client:
            with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
                client.get("/wp-json/wc/v3/orders/1204")
            assert client.get("/wp-json/wc/v3/orders/1204").status_code == 200
    asked = shop.requests[0]
    shop.lose_next_answer(operation="get_order")
    with pytest.raises(ConnectionError, match="its answer is lost"):
        shop.answer(asked.method, asked.url, asked.headers)


def test_failures_come_in_order_and_with_what_they_were_given() -> None:
    """Two kinds of failures of one operation come one after the other, with status, headers and body."""
    shop = testing.server("woocommerce")
    shop.fail_next(429, operation="get_order", headers={"Retry-After": "2"}, times=2)
    shop.fail_next(502, operation="woocommerce.get_order", body={"code": "bad_gateway"})
    with httpx.Client(transport=shop.transport, base_url="https://shop.test", auth=("ck_test", "cs_test")) as client:
        answers = [client.get("/wp-json/wc/v3/orders/1204") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [429, 429, 502, 200]
    assert answers[0].headers["retry-after"] == "2"
    assert answers[2].json() == {"code": "bad_gateway"}
    assert len(shop.requests) == 4


def test_a_delay_holds_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """`delay(least, most)` makes each later request take that long, half of it before the server decides."""
    waited: list[float] = []
    monkeypatch.setattr("refundkit.testing.transport.time.sleep", waited.append)
    shop = testing.server("taxcloud")
    with httpx.Client(transport=shop.transport, base_url="https://tax.test") as client:
        client.get("/anything")
        shop.delay(2, 4)
        client.get("/anything")
        shop.delay(3)
        client.get("/anything")
    assert waited[:2] == [0, 0]
    assert waited[2] == waited[3]
    assert 1 <= waited[2] <= 2
    assert waited[4:] == [1.5, 1.5]


@pytest.mark.parametrize(("api", "name"), [(api, name) for api in operations.APIS for name in order_names(api)])
def test_a_named_order_has_an_id_of_its_own_and_can_be_read(api: Any, name: str) -> None:
    """Each named order is added under a new id, and is what the API's get-order operation answers."""
    shop = testing.server(api)
    first, order = next(iter(shop.orders)), shop.add_order(name)
    assert order != first
    operation = operations.get(f"{api}.get_order")
    jsonschema.validate(json.loads(encode(shop.orders[order])), operation.schema("200"))


# What a refund of the example's kind meets on a named order; "" where it is made.
MEETS = [
    ("walmart", "not-shipped", "RF302"),
    ("walmart", "cancelled", "RF302"),
    ("walmart", "shipped", ""),
    ("walmart_ca", "not-shipped", "RF302"),
    ("woocommerce", "refunded", "RF204"),
    ("woocommerce", "paid", ""),
    ("taxcloud", "refunded", "RF401"),
    ("taxcloud", "not-refunded", ""),
]


@pytest.mark.parametrize(("api", "name", "code"), MEETS)
def test_a_named_order_is_refunded_or_refused_as_its_name_says(api: Any, name: str, code: str) -> None:
    """The example's refund is made, or refused by the rule that the order's state breaks."""
    shop = testing.server(api)
    order, example = shop.add_order(name), refund_of(api)
    example["path"] |= {list(example["path"])[-1]: order}
    if "orderRefund" in example["body"]:
        example["body"]["orderRefund"]["purchaseOrderId"] = order
    report = refundkit.check(
        REFUNDS[api], example["body"], order=shop.orders[order], path=example["path"], headers=example["headers"]
    )
    errors = {finding.code for finding in report.findings if finding.severity == "error"}
    assert errors == ({code} if code else set())


def refund_of(api: str) -> dict[str, Any]:
    """Return the example's request, with a body of plain data that may be changed."""
    return copy.deepcopy({**story.story(REFUNDS[api]), "body": story.examples(REFUNDS[api])[0]})


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: testing.server("walmrt"), ["did you mean 'walmart'", 'refundkit.testing.server("']),
        (lambda: testing.server("walmart").add_order("shiped"), ["did you mean 'shipped'", "'not-shipped'"]),
        (lambda: testing.server("walmart").fail_next(200), ["400 to 599", "fail_next(503)"]),
        (lambda: testing.server("walmart").fail_next(times=0), ["fail_next(503, times=2)"]),
        (lambda: testing.server("walmart").fail_next(operation="get_ordr"), ["did you mean 'walmart.get_order'"]),
        (lambda: testing.server("walmart").lose_next_answer(operation="taxcloud.get_order"), ["walmart.get_order"]),
        (lambda: testing.server("walmart").delay(-1), ["such as (0, 0.05)"]),
        (lambda: testing.server("walmart").url, ["with refundkit.testing.server("]),
    ],
)
def test_a_misuse_says_what_would_be_right(act: Any, words: list[str]) -> None:
    """The error of a misuse shows what is known, or a call that works."""
    with pytest.raises((ValueError, RuntimeError)) as caught:
        act()
    for word in words:
        assert word in str(caught.value)


OWN_TESTS = """
import httpx
import pytest

APIS = ["taxcloud", "walmart", "walmart_ca", "woocommerce", "woocommerce_legacy"]


@pytest.mark.parametrize("api", APIS)
def test_each_api_has_a_fixture(api, request):
    shop = request.getfixturevalue(f"refundkit_{api}")
    assert shop.api == api
    assert httpx.get(shop.url + "/nothing", trust_env=False).status_code in (401, 404)


def test_a_refund_is_made(refundkit_woocommerce):
    shop = refundkit_woocommerce
    body = {"amount": "5.00", "api_refund": False}
    url = f"{shop.url}/wp-json/wc/v3/orders/1204/refunds"
    answer = httpx.post(url, json=body, auth=("ck_test", "cs_test"), trust_env=False)
    assert answer.status_code == 201
    assert shop.refunds("1204")[0]["amount"] == "5.00"


def test_another_test_has_a_server_of_its_own(refundkit_woocommerce):
    assert len(refundkit_woocommerce.refunds("1204")) == 1
"""


def test_pytest_has_a_fixture_of_each_api(tmp_path: Path) -> None:
    """With refundkit installed, pytest offers a server of each API, new for every test."""
    (tmp_path / "test_own.py").write_text(OWN_TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=."]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 passed" in done.stdout


def test_an_async_client_meets_the_same_failures() -> None:
    """`async_transport` fails as the socket does."""
    shop = testing.server("woocommerce")
    shop.fail_next(503, operation="get_order")

    async def read() -> list[int]:
        async with httpx.AsyncClient(
            transport=shop.async_transport, base_url="https://shop.test", auth=("ck_test", "cs_test")
        ) as client:
            return [(await client.get("/wp-json/wc/v3/orders/1204")).status_code for _ in range(2)]

    assert asyncio.run(read()) == [503, 200]
