"""refundkit.testing: the documented servers, and the recorded ones replayed."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any, Final

import httpx
import msgspec
import oauthlib.oauth1
import pytest
import refundkit
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from processes import WITHIN
from refundkit import operations, testing
from refundkit.apis.shared.serving import load_first_order
from refundkit.checking.plan import make_plan
from refundkit.checking.schema import flaws
from refundkit.reading.json import read_json
from refundkit.reading.xml import read_xml
from refundkit.testing import Answer, Server
from refundkit.xml_writer import write_xml
from refundkit_apis.woocommerce_legacy.api.refunds import create_refund
from refundkit_apis.woocommerce_legacy.client import Client
from refundkit_apis.woocommerce_legacy.models import RefundCreate, RefundCreateRequest
from story import HEADERS, examples, story, text
from test_woocommerce_legacy import RECORDED, Exchange

RETURN = "108500000000001"
FIRST = {
    "walmart": "2961380412345",
    "walmart_ca": "1796277083022",
    "woocommerce": "1204",
    "woocommerce_legacy": "1204",
    "taxcloud": "SO-1077",
}
serve: Callable[..., Server] = testing.server  # its arguments come from tables here, and are plain text
REFUNDING = [
    "walmart.refund_order_lines",
    "walmart_ca.refund_order_lines",
    "woocommerce.create_refund",
    "woocommerce_legacy.create_refund",
]
BASIC = {"Authorization": "Basic Y2tfdGVzdDpjc190ZXN0"}  # ck_test:cs_test
JSON = {**BASIC, "Content-Type": "application/json"}


def token(shop: Server) -> str:
    """Return a token that the server issued."""
    headers = {**HEADERS["walmart"], **BASIC, "Content-Type": "application/x-www-form-urlencoded"}
    answer = shop.answer("POST", "https://shop.test/v3/token", headers, b"grant_type=client_credentials")
    given: str = json.loads(answer.body)["access_token"]
    return given


def send(shop: Server, operation: str, changes: dict[str, Any] | None = None, **path: str) -> Answer:
    """Send a valid request of an operation, with changes of its body, headers or query."""
    parts = {**story(operation), **(changes or {})}
    found = operations.get(operation)
    url = "https://shop.test" + found.described.path.format(**{**parts["path"], **path}) + parts["query"].get("", "")
    headers = {**HEADERS[found.api], **parts["headers"]}
    if found.api.startswith("walmart") and headers.get("WM_SEC.ACCESS_TOKEN") == "a-token-of-our-own":
        headers["WM_SEC.ACCESS_TOKEN"] = token(shop)
    body = parts.get("body")
    data = body if isinstance(body, bytes | None) else write_xml(body, found.schema()) if found.xml else text(body)
    return shop.answer(found.described.method, url, headers, data)


def value(answer: Answer, operation: str) -> Any:
    """Return the body of a response, after checking that the operation documents it."""
    found = operations.get(operation)
    schema = found.schema(str(answer.status))
    document = read_xml(answer.body, schema) if found.api == "walmart_ca" else read_json(answer.body)
    kinds = {"application/json", "application/xml", "application/problem+json"}
    assert answer.headers["content-type"] in kinds & set(found.described.accept)
    assert not document.problems
    assert not flaws(found, document.value, str(answer.status))
    return document.value


@pytest.fixture(params=operations.APIS)
def shop(request: pytest.FixtureRequest) -> Server:
    """A documented server of each API, in this process."""
    return serve(request.param)


# The documented servers.


def test_a_server_starts_with_the_order_of_its_spec(shop: Server) -> None:
    """The first order of each server equals the spec's example, and so does the return of walmart."""
    assert text(load_first_order(shop.api)) == text(examples(f"{shop.api}.get_order", "200")[0])
    assert list(shop.orders) == [FIRST[shop.api], *([RETURN] if shop.api == "walmart" else [])]


def test_the_first_return_is_that_of_the_spec() -> None:
    """The return that walmart's server starts with is the spec's example of the list."""
    assert text(serve("walmart").orders[RETURN]) == text(examples("walmart.list_returns", "200")[0])


@pytest.mark.parametrize("name", operations.names())
def test_the_example_of_every_operation_is_answered_as_documented(name: str) -> None:
    """Each request example of a spec gets a documented success."""
    api = operations.get(name).api
    shop = serve(api)
    if "refund_id" in operations.get(name).described.path:
        made = value(send(shop, f"{api}.create_refund"), f"{api}.create_refund")
        answer = send(shop, name, refund_id=str(made.get("order_refund", made)["id"]))
    elif name == "walmart.create_token":
        answer = send(shop, name, {"body": b"grant_type=client_credentials"})
    else:
        answer = send(shop, name)
    assert str(answer.status) in operations.get(name).described.responses
    assert answer.status in (200, 201)
    value(answer, name)


@pytest.mark.parametrize("name", operations.names())
def test_an_operation_without_code_is_answered_with_its_example(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operation without server code gets the spec's example response."""
    api = operations.get(name).api
    form = {"body": b"grant_type=client_credentials"} if name == "walmart.create_token" else {}
    success = operations.success(operations.get(name))
    with monkeypatch.context() as patch:
        patch.setattr("refundkit.apis.find_module", lambda api, part: None)
        spec_alone = serve(api)
        looks_right = {"headers": {**story(name)["headers"], "WM_SEC.ACCESS_TOKEN": "a-token"}}
        answer = send(spec_alone, name, form or looks_right)
        assert str(answer.status) == success
        assert value(answer, name) == examples(name, success)[0]
        request = spec_alone.requests[-1]
        assert spec_alone.answer(request.method, request.url, {}, request.body).status == 401
        with pytest.raises(ValueError, match="keeps no orders"):
            spec_alone.add_order()
    make_plan.cache_clear()  # of plans that were made without the folder
    for module in ("walmart", "woocommerce", "woocommerce_legacy", "taxcloud"):
        monkeypatch.setattr(f"refundkit.apis.{module}.server._OPERATIONS", frozenset())
    if not form:
        answer = send(serve(api), name)
        assert value(answer, name) == examples(name, success)[0]
        assert serve(api).answer("GET", "https://shop.test/nowhere").status == 404


@pytest.mark.parametrize("name", [*REFUNDING, "taxcloud.refund_order"])
def test_a_refund_that_a_rule_refuses_is_a_documented_4xx_that_names_the_rule(name: str) -> None:
    """A repeated refund ends in a documented 4xx with the rule's id, and is not stored."""
    shop = serve(operations.get(name).api)
    body = story(name)["body"]
    body.pop("idempotencyKey", None)
    answers = [send(shop, name, {"body": body}) for _ in range(5)]
    refused = next(place for place, answer in enumerate(answers) if answer.status not in (200, 201))
    kept = shop.refunds(FIRST[shop.api])
    assert refused > 0
    assert {answer.status for answer in answers[refused:]} <= {400, 422}
    assert any(rule in str(value(answers[refused], name)) for rule in ("RF203", "RF204", "RF401"))
    send(shop, name, {"body": body})
    assert shop.refunds(FIRST[shop.api]) == kept


@pytest.mark.parametrize("body", [b"", b"{bad", b"[]", b"{}", b'{"a": 1, "a": 2}', b"\xff"])
@pytest.mark.parametrize("name", ["woocommerce_legacy.update_refund", *REFUNDING, "taxcloud.refund_order"])
def test_a_body_that_is_none_is_a_documented_4xx(name: str, body: bytes) -> None:
    """A missing or malformed body gets a documented 4xx."""
    shop = serve(operations.get(name).api)
    if "refund_id" in operations.get(name).described.path:
        send(shop, "woocommerce_legacy.create_refund")
    answer = send(shop, name, {"body": body}, refund_id="1301")
    assert answer.status in ((201,) if (name, body) == ("taxcloud.refund_order", b"{}") else (400, 422))
    value(answer, name)


def test_what_is_unknown_is_a_documented_404(shop: Server) -> None:
    """An unknown order or URL gets a 404 in the API's own form."""
    name = f"{shop.api}.get_order"
    answer = send(shop, name, purchaseOrderId="404%00", id="404", orderId="a%2Fb%00")
    assert (answer.status, value(answer, name) is not None) == (404, True)
    assert shop.answer("GET", "https://shop.test/nowhere", HEADERS[shop.api]).status == 404


def test_requests_without_credentials_are_a_documented_401(shop: Server) -> None:
    """Missing or empty credentials get a 401 in the API's own form."""
    name = f"{shop.api}.get_order"
    headers = {"Authorization": "", "X-API-KEY": "", "WM_SEC.ACCESS_TOKEN": ""}
    answer = send(shop, name, {"headers": headers})
    assert answer.status == 401
    value(answer, name)


def test_a_walmart_token_expires() -> None:
    """A Walmart token is refused after it expired, after all were revoked, or if it was never issued."""
    shop = serve("walmart")
    good = {"headers": {"WM_SEC.ACCESS_TOKEN": token(shop)}}
    assert send(shop, "walmart.get_order", good).status == 200
    shop.expire_tokens()
    assert send(shop, "walmart.get_order", good).status == 401
    assert send(shop, "walmart.get_order", {"headers": {"WM_SEC.ACCESS_TOKEN": "made-up"}}).status == 401
    assert send(serve("walmart", token_seconds=0), "walmart.get_order").status == 401


def test_walmart_gives_back_all_that_is_left_of_a_full_refund() -> None:
    """A full refund of a Walmart line refunds all its charges with their taxes."""
    full, upgraded = serve("walmart"), serve("walmart")
    body = examples("walmart.refund_order_lines")[1]
    line = body["orderRefund"]["orderLines"]["orderLine"][0]
    line["lineNumber"] = "1"
    charge = line["refunds"]["refund"][0]["refundCharges"]["refundCharge"][0]["charge"]
    charge["chargeAmount"]["amount"] = Decimal("-39.98")
    del charge["tax"]
    assert send(full, "walmart.refund_order_lines", {"body": body}).status == 200
    line["isFullRefund"] = False
    assert send(upgraded, "walmart.refund_order_lines", {"body": body}).status == 200
    for shop in (full, upgraded):
        (shown,) = shop.refunds(FIRST["walmart"])
        charges = [one["charge"] for one in shown["refund"]["refundCharges"]["refundCharge"]]
        amounts = [(one["chargeType"], one["chargeAmount"]["amount"]) for one in charges]
        assert amounts == [("PRODUCT", Decimal("-39.98")), ("SHIPPING", Decimal("-5.00"))]
        assert charges[0]["tax"]["taxAmount"]["amount"] == Decimal("-3.30")
        assert charges[0]["chargeName"] == "Item Not Received By Customer"
    lines = full.orders[FIRST["walmart"]]["order"]["orderLines"]["orderLine"]
    assert "returnOrderId" in lines[0]


@pytest.mark.parametrize("api", ["walmart", "walmart_ca"])
def test_walmart_cancels_what_is_open(api: Any) -> None:
    """A cancelled quantity gets the status Cancelled, and cannot be cancelled again."""
    shop = serve(api)
    name = f"{api}.cancel_order_lines"
    order = value(send(shop, name), name)["order"]
    statuses = order["orderLines"]["orderLine"][-1]["orderLineStatuses"]["orderLineStatus"]
    assert [(one["status"], one["statusQuantity"]["amount"]) for one in statuses] == [("Cancelled", "1")]
    again = send(shop, name)
    assert again.status == 400
    assert "RF304" in str(value(again, name))


def test_walmart_refunds_what_is_left_of_a_return() -> None:
    """Refunded pieces stand in the return, whole lines are completed, and nothing can be refunded twice."""
    shop = serve("walmart")
    name = "walmart.refund_return"
    assert value(send(shop, name), name)["returnOrderId"] == RETURN
    (line, _) = shop.orders[RETURN]["returnOrders"][0]["returnOrderLines"]
    assert (line["refundedQty"]["measurementValue"], line["status"]) == (1, "DELIVERED")
    rest = {"customerOrderId": "6731208845519", "refundLines": [{"returnOrderLineNumber": 1}]}
    assert send(shop, name, {"body": rest}).status == 200
    listed = value(send(shop, "walmart.list_returns"), "walmart.list_returns")["returnOrders"][0]
    assert listed["returnOrderLines"][0]["currentRefundStatus"] == "REFUND_ISSUED"
    again = send(shop, name, {"body": rest})
    assert again.status == 400
    assert "RF327" in str(value(again, name))
    assert [each["refundedQty"]["measurementValue"] for each in shop.refunds(RETURN)] == [2, 1]


def test_a_full_refund_of_a_line_is_a_return_that_is_paid() -> None:
    """The return that a full refund of an order's line makes is listed, with nothing left of it."""
    shop = serve("walmart")
    body = examples("walmart.refund_order_lines")[1]
    order = value(send(shop, "walmart.refund_order_lines", {"body": body}), "walmart.refund_order_lines")["order"]
    number = order["orderLines"]["orderLine"][1]["returnOrderId"]
    url = f"https://shop.test/v3/returns?returnOrderId={number}"
    headers = {**HEADERS["walmart"], "WM_SEC.ACCESS_TOKEN": token(shop)}
    (listed,) = json.loads(shop.answer("GET", url, headers).body)["returnOrders"]
    assert listed["customerOrderId"] == order["customerOrderId"]
    assert listed["returnOrderLines"][0]["quantity"] == listed["returnOrderLines"][0]["refundedQty"]
    assert shop.answer("GET", f"https://shop.test/v3/orders/{number}", headers).status == 404
    assert json.loads(shop.answer("GET", url + "0", headers).body)["returnOrders"] == []


@pytest.mark.parametrize("namespace", [' xmlns="http://walmart.com/mp/v3/orders"', ""])
def test_walmart_takes_xml_too(namespace: str) -> None:
    """The current API's server takes a refund in XML, in the schema's namespace or in none, as check() does."""
    name: Final = "walmart.refund_order_lines"
    shop = serve("walmart")
    body = write_xml(story(name)["body"], operations.get(name).schema())
    body = re.sub(rb' xmlns="[^"]*"', namespace.encode(), body)
    assert refundkit.check(name, body, order=story(name)["order"]).ok
    answer = send(shop, name, {"body": body})
    assert answer.status == 200, answer.body
    assert shop.refunds(FIRST["walmart"])
    assert send(shop, name, {"body": body[:-5]}).status == 400


def test_walmart_canada_speaks_xml_only() -> None:
    """A wrong Accept gets a 406 and a wrong Content-Type a 415, in XML; signed requests are accepted."""
    shop = serve("walmart_ca")
    name = "walmart_ca.refund_order_lines"
    for header, status in (("Accept", 406), ("Content-Type", 415)):
        answer = send(shop, name, {"headers": {header: "application/json"}})
        assert answer.status == status
        value(answer, name)
    signed = {
        "WM_CONSUMER.ID": "b0e1",
        "WM_SEC.AUTH_SIGNATURE": "c2lnbmVk",
        "WM_SEC.TIMESTAMP": "1762941600000",
        **{name: value for name, value in HEADERS["walmart_ca"].items() if name != "WM_SEC.ACCESS_TOKEN"},
    }
    url = f"https://shop.test/v3/ca/orders/{FIRST['walmart_ca']}"
    assert shop.answer("GET", url, signed).status == 200


def test_woocommerce_refunds_are_listed_changed_and_deleted() -> None:
    """A refund can be created, listed newest first, changed and deleted; a full one sets `refunded`."""
    shop = serve("woocommerce_legacy")
    order = shop.add_order(total="29.00")
    url = f"https://shop.test/wc-api/v3/orders/{order}/refunds"

    def call(method: str, path: str = "", amount: str | None = None) -> Any:
        body = None if amount is None else text({"order_refund": {"amount": amount, "reason": "torn"}})
        return json.loads(shop.answer(method, url + path, BASIC, body).body)

    first, second = (call("POST", amount=amount)["order_refund"]["id"] for amount in ("10", "5.5"))
    assert [one["id"] for one in call("GET")["order_refunds"]] == [second, first]
    assert call("GET", "?fields=id")["order_refunds"][0] == {"id": second, "amount": "5.50"}
    assert call("PUT", f"/{first}", "12.00")["order_refund"]["amount"] == "12.00"
    assert "RF204" in str(call("POST", amount="11.51"))
    assert call("POST", amount="11.50")["order_refund"]["reason"] == "torn"
    assert shop.orders[order]["order"]["status"] == "refunded"
    assert call("DELETE", f"/{first}") == {"message": "Permanently deleted refund"}
    assert [one["amount"] for one in shop.refunds(order)] == ["11.50", "5.50"]
    other = shop.answer("DELETE", f"https://shop.test/wc-api/v3/orders/1204/refunds/{second}", BASIC)
    assert (other.status, b"not associated" in other.body) == (400, True)


def test_taxcloud_answers_a_repeated_key_as_before() -> None:
    """A repeated key and body gets the first refund; with another body or order it gets a 422."""
    shop = serve("taxcloud")
    name = "taxcloud.refund_order"
    made, again = send(shop, name), send(shop, name)
    assert (made.status, again.status, again.body) == (201, 200, made.body)
    body = story(name)["body"]
    body["items"][0]["quantity"] = 1
    changed = send(shop, name, {"body": body})
    assert (changed.status, value(changed, name)["errors"][0]["location"]) == (422, "body.idempotencyKey")
    assert send(shop, name, orderId=shop.add_order(total="5.00")).status == 422
    assert len(shop.refunds("SO-1077")) == 2


def test_taxcloud_gives_back_what_is_left_without_items() -> None:
    """A TaxCloud refund without items refunds the rest of every line; then nothing is left."""
    shop = serve("taxcloud")
    (refund,) = value(send(shop, "taxcloud.refund_order", {"body": {}}), "taxcloud.refund_order")
    shares = [(one["index"], one["quantity"], one["tax"]["amount"]) for one in refund["items"]]
    assert shares == [(0, 3, Decimal("10.80")), (1, Decimal("1.5"), Decimal("1.48")), (2, 2, Decimal("6.40"))]
    assert send(shop, "taxcloud.refund_order", {"body": {}}).status == 422
    order = value(send(shop, "taxcloud.get_order", {"query": {"": "?expand=refunds"}}), "taxcloud.get_order")
    assert order["refunds"] == shop.refunds("SO-1077")
    assert "refunds" not in value(send(shop, "taxcloud.get_order"), "taxcloud.get_order")
    assert send(shop, "taxcloud.get_order", {"query": {"": "?expand=all"}}).status == 422


def test_added_orders_can_be_refunded(shop: Server) -> None:
    """Orders may be added as a copy, by total or in full, and can be read."""
    added = [
        shop.add_order(),
        shop.add_order(total="29.00"),
        shop.add_order(examples(f"{shop.api}.get_order", "200")[0], order_id="77"),
    ]
    assert len(set(added)) == 3
    for order in added:
        name = f"{shop.api}.get_order"
        answer = send(shop, name, purchaseOrderId=order, id=order, orderId=order)
        assert answer.status == 200
        value(answer, name)
        shop.refunds(order)
    assert [order for order in shop.orders if order != RETURN] == [FIRST[shop.api], *added]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: serve("woocomerce"), "did you mean 'woocommerce'"),
        (lambda: serve("walmart", faithful="6.6.0"), "recordings of woocommerce 11"),
        (lambda: serve("woocommerce_legacy", faithful="9.9.9"), "6.6.0 and 2.6.2"),
        (lambda: serve("walmart", delay=(2, 1)), "least, most"),
        (lambda: serve("woocommerce_legacy").add_order({"order": {}}), "no get-order response of woocommerce_legacy"),
        (lambda: serve("woocommerce_legacy").add_order({}, total="2"), "no order of woocommerce_legacy can be made"),
        (lambda: serve("woocommerce_legacy").add_order(order_id="A-1"), "whole number"),
        (lambda: serve("woocommerce_legacy").add_order(gateway="error"), "faithful"),
    ],
)
def test_what_makes_no_sense_is_a_value_error_that_says_why(call: Callable[[], object], words: str) -> None:
    """An unknown API or version, a negative delay or an invalid order is a ValueError."""
    with pytest.raises(ValueError, match=words):
        call()


@st.composite
def mangled(draw: st.DrawFn) -> tuple[str, bytes, dict[str, str]]:
    """A good request of some operation with pieces of its body replaced, and some headers."""
    name = draw(st.sampled_from([name for name in operations.names() if operations.get(name).described.body]))
    body = story(name)["body"]
    data = write_xml(body, operations.get(name).schema()) if operations.get(name).xml else text(body)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.sampled_from(PIECES)) + data[at + draw(st.integers(0, 6)) :]
    headers = draw(st.dictionaries(st.sampled_from(["Accept", "Content-Type", "WM_SVC.NAME"]), st.text(max_size=4)))
    return name, data, headers


PIECES = [
    b"",
    b"-",
    b"9",
    b"0.001",
    b"null",
    b"[]",
    b"{}",
    b'"',
    b"&#1;",
    b"<a/>",
    b"1e300",
    b"\xff",
    b"\\u0000",
    b"string",
]


@given(mangled())
@settings(max_examples=300, derandomize=True, deadline=None)
def test_whatever_comes_is_answered_as_documented(sent: tuple[str, bytes, dict[str, str]]) -> None:
    """Any mangled request gets a documented response, never a 5xx."""
    name, body, headers = sent
    shop = serve(operations.get(name).api)
    if shop.api == "woocommerce_legacy":
        send(shop, "woocommerce_legacy.create_refund")
    answer = send(shop, name, {"body": body, "headers": {**story(name)["headers"], **headers}}, refund_id="1301")
    assert answer.status < 500
    value(answer, name)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.decimals() | st.text(), st.lists, max_leaves=5))
@settings(max_examples=200, derandomize=True, deadline=None)
def test_faithful_servers_survive_any_amount(amount: Any) -> None:
    """Any JSON value as amount, reason or items is answered without an exception."""
    assume(not (isinstance(amount, Decimal) and not amount.is_finite()))
    for version in ("6.6.0", "2.6.2"):
        shop = serve("woocommerce_legacy", faithful=version)
        url = "https://shop.test/wc-api/v3/orders/1204/refunds"
        for fields in (
            {"amount": amount},
            {"amount": 1, "reason": amount},
            {"amount": 1, "line_items": {"71": {"qty": amount, "refund_tax": amount}}},
        ):
            shop.answer("POST", url, JSON, json.dumps({"order_refund": fields}, default=str).encode())
        shop.answer("PUT", f"{url}/1301", JSON, json.dumps({"order_refund": {"amount": amount}}, default=str).encode())


# Wires.


def test_a_generated_client_refunds_over_a_socket() -> None:
    """The generated client works over the socket, and the server lists its requests."""
    body = RefundCreateRequest(order_refund=RefundCreate(amount=Decimal("4.95")))
    with serve("woocommerce_legacy") as shop, Client(shop.url, auth=httpx.BasicAuth("ck_test", "cs_test")) as client:
        made = create_refund.sync("1204", client=client, body=body)
        assert [one["id"] for one in shop.refunds(1204)] == [made.order_refund.id]
        (request,) = shop.requests
        assert (request.method, request.path, request.headers["authorization"]) == (
            "POST",
            "/wc-api/v3/orders/1204/refunds",
            BASIC["Authorization"],
        )
        assert json.loads(request.body) == {"order_refund": {"amount": 4.95}}
        assert repr(request) == f"ReceivedRequest(POST /wc-api/v3/orders/1204/refunds, {len(request.body)} bytes)"
        assert shop.url in repr(shop)


def test_one_state_behind_every_wire() -> None:
    """Socket, transports and `answer` share the same refunds."""
    body = text({"order_refund": {"amount": "1.00"}})
    path = "/wc-api/v3/orders/1204/refunds"

    async def post(shop: Server) -> int:
        async with httpx.AsyncClient(transport=shop.async_transport, base_url="https://shop.test") as client:
            return (await client.post(path, content=body, headers=JSON)).status_code

    with serve("woocommerce_legacy") as shop:
        assert httpx.post(shop.url + path, content=body, headers=JSON, timeout=WITHIN).status_code == 201
        with httpx.Client(transport=shop.transport, base_url="https://shop.test") as client:
            assert client.post(path, content=body, headers=JSON).status_code == 201
        assert asyncio.run(post(shop)) == 201
        assert shop.answer("POST", f"https://shop.test{path}", JSON, body).status == 201
        assert len(shop.refunds("1204")) == 4
    with shop:  # again, with the state as it is
        assert len(httpx.get(shop.url + path, headers=BASIC, timeout=WITHIN).json()["order_refunds"]) == 4
        with pytest.raises(RuntimeError, match="already"), shop:
            pass
    with pytest.raises(RuntimeError, match="inside of `with"):
        _ = shop.url


def test_concurrent_refunds_never_exceed_the_order() -> None:
    """Of 60 concurrent refunds of 1.00, an order of 29.00 accepts 29; version 2.6.2 accepts all."""
    body = text({"order_refund": {"amount": "1.00"}})

    def count(shop: Server) -> int:
        url = f"https://shop.test/wc-api/v3/orders/{shop.add_order(total='29.00')}/refunds"
        with ThreadPoolExecutor(20) as pool:
            statuses = [one.status for one in pool.map(lambda _: shop.answer("POST", url, JSON, body), range(60))]
        return statuses.count(201)

    assert count(serve("woocommerce_legacy")) == 29
    assert count(serve("woocommerce_legacy", faithful="2.6.2")) == 60


def test_a_delay_lies_before_and_after_the_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the delay comes before the server decides and half after, the same in every run."""
    told: list[list[float]] = []
    for _ in range(2):
        shop = serve("woocommerce_legacy", delay=(0.2, 0.4))
        slept: list[float] = []
        kept: list[int] = []

        def sleep(seconds: float, shop: Server = shop, slept: list[float] = slept, kept: list[int] = kept) -> None:
            slept.append(seconds)
            kept.append(len(shop.refunds("1204")))

        monkeypatch.setattr(time, "sleep", sleep)
        with httpx.Client(transport=shop.transport, base_url="https://shop.test") as client:
            for _ in range(3):
                content = text({"order_refund": {"amount": "1.00"}})
                client.post("/wc-api/v3/orders/1204/refunds", content=content, headers=JSON)
        assert kept == [0, 1, 1, 2, 2, 3]
        assert slept[::2] == slept[1::2]
        assert all(0.1 <= seconds <= 0.2 for seconds in slept)
        told.append(slept)
    assert told[0] == told[1]


def test_without_uvicorn_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without uvicorn, the error names the extra to install, and the transports that need none."""
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(ImportError, match=r"refundkit\[testing\].*\.transport"), serve("walmart"):
        pass


def test_refundkit_and_its_testing_import_no_wire() -> None:
    """`import refundkit` does not import the servers, and they import httpx and uvicorn on first use."""
    code = (
        "import sys, refundkit; assert 'refundkit.testing' not in sys.modules; import refundkit.testing; "
        "refundkit.testing.server('walmart'); assert not {'httpx', 'uvicorn'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# The recorded servers.


def neutral(found: Any) -> Any:
    """A body without what differs between two runs: ids of refunds and their lines, and moments."""
    if isinstance(found, list):
        return sorted((neutral(one) for one in found), key=lambda one: json.dumps(one, sort_keys=True, default=str))
    if not isinstance(found, dict):
        return found
    changing = {"id", "created_at", "updated_at", "completed_at"}
    return {key: type(one).__name__ if key in changing else neutral(one) for key, one in found.items()}


def replayed(version: str) -> list[tuple[Exchange, Answer, dict[str, str]]]:
    """Every recorded exchange of a version with what the faithful server answers, in the order of the recording.

    Each order is added from the recording before the first request that is about it, as it stood then: completed.
    """
    exchanges = [one for one in RECORDED if one.server == f"WooCommerce {version}"]
    orders = {
        one.ids["id"]: one.answer for one in reversed(exchanges) if one.operation == "woocommerce_legacy.get_order"
    }
    shop = serve("woocommerce_legacy", faithful=version)
    for order in orders.values():
        shop.add_order({"order": {**order["order"], "status": "completed"}})
    ours: dict[str, str] = {}
    found = []
    for one in exchanges:
        path = one.path
        for theirs, own in ours.items():
            path = path.replace(f"/refunds/{theirs}", f"/refunds/{own}")
        headers = {} if one.case == "no credentials" else JSON if one.body is not None else BASIC
        answer = shop.answer(one.method, f"https://shop.test{path}", headers, one.body)
        if answer.status == one.status == 201:
            ours[str(one.answer["order_refund"]["id"])] = str(json.loads(answer.body)["order_refund"]["id"])
        found.append((one, answer, ours))
    return found


@pytest.mark.parametrize("version", ["6.6.0", "2.6.2"])
def test_every_recorded_exchange_is_replayed(version: str) -> None:
    """The faithful server answers all 37 recorded requests of its version like the real one."""
    compared = [
        (one.case, (answer.status, answer.headers["content-type"].partition(";")[0], neutral(json.loads(answer.body))),
         (one.status, "application/json", neutral(json.loads(text(one.answer)))))
        for one, answer, _ in replayed(version)
    ]  # fmt: skip
    assert len(compared) == 37
    for case, own, recorded in compared:
        assert own == recorded, case


@pytest.mark.parametrize("version", ["6.6.0", "2.6.2"])
def test_the_replayed_list_is_newest_first(version: str) -> None:
    """A list of refunds is sorted by date, newest first."""
    moments = [
        [refund["created_at"] for refund in json.loads(answer.body)["order_refunds"]]
        for one, answer, _ in replayed(version)
        if one.case == "list refunds"
    ]
    assert moments[0] == sorted(moments[0], reverse=True)
    assert len(moments[0]) > 8


LOOSE = [
    (" 5 ", "5.00", "5.00"),
    ("12abc", "12.00", "12.00"),
    ("1,5", "15.00", "1.00"),
    ("1e1", "11.00", "10.00"),
    (True, "1.00", "1.00"),
    (Decimal("5.555"), "5.56", "5.56"),
    ("-0.00", "0.00", "0.00"),
    ("0", "0.00", "0.00"),
    ("", 400, 400),
    ("$5", 400, 400),
    ("abc", 500, 500),
    ([1], 500, 500),
    (Decimal("29.004"), 500, "29.00"),
    (1000, 500, "1000.00"),
    (Decimal("1e300"), 500, "1" + "0" * 300 + ".00"),
]


@pytest.mark.parametrize(("amount", "modern", "old"), LOOSE)
def test_loose_amounts_are_taken_as_recorded(amount: Any, modern: object, old: object) -> None:
    """Each version reads a malformed amount as the recorded server did."""
    for version, wanted in (("6.6.0", modern), ("2.6.2", old)):
        shop = serve("woocommerce_legacy", faithful=version)
        url = f"https://shop.test/wc-api/v3/orders/{shop.add_order(total='29.00')}/refunds"
        answer = shop.answer("POST", url, JSON, text({"order_refund": {"amount": amount}}))
        made = json.loads(answer.body)
        assert (made["order_refund"]["amount"] if answer.status == 201 else answer.status) == wanted


class Visit(msgspec.Struct, frozen=True):
    """A request to a faithful server about an order of 29.00 with one refund, and the expected response."""

    method: str
    path: str
    body: object
    status: int
    words: str
    version: str = "6.6.0"


VISITS = [
    Visit("GET", "/orders/0", None, 404, "woocommerce_api_invalid_order_id"),
    Visit("POST", "/orders/0/refunds", {"order_refund": {"amount": 1}}, 400, "woocommerce_api_invalid_order_id"),
    Visit("GET", "/orders/REFUND/refunds", None, 404, "woocommerce_api_invalid_order"),
    Visit("POST", "/orders/REFUND/refunds", {"order_refund": {"amount": 1}}, 500, "critical error"),
    Visit("POST", "/orders/REFUND/refunds", {"order_refund": {"amount": 1}}, 404, "invalid_order", "2.6.2"),
    Visit("POST", "/orders/999/refunds", {"order_refund": {}}, 400, "Refund amount is required."),
    Visit("PUT", "/orders/1204/refunds/REFUND", {"order_refund": {"amount": 1}}, 400, "not associated"),
    Visit("DELETE", "/orders/1204/refunds/REFUND", None, 400, "not associated"),
    Visit("GET", "/orders/1204/refunds/REFUND", None, 200, "order_refund"),
    Visit("GET", "/orders/ORDER/refunds/1204", None, 500, "<!DOCTYPE html>"),
    Visit("POST", "/orders/ORDER/refunds/REFUND", {"order_refund": {"amount": 7}}, 200, '"7.00"'),
    Visit("PATCH", "/orders/ORDER/refunds/REFUND", {"order_refund": {"amount": "abc"}}, 200, '"0.00"'),
    Visit("PUT", "/orders/ORDER/refunds/REFUND", {"order_refund": {"amount": -3, "id": 1}}, 200, '"5.00"'),
    Visit("PUT", "/orders/ORDER/refunds/REFUND", {}, 400, "woocommerce_api_missing_order_refund_data"),
    Visit("PUT", "/orders/ORDER/refunds/REFUND", {"order_refund": {}}, 200, '"5.00"'),
    Visit("POST", "/orders/ORDER/refunds", {"order_refund": {"amount": 1, "reason": 123}}, 201, '"123"'),
    Visit("POST", "/orders/ORDER/refunds", {"order_refund": {"amount": 1, "reason": "a\\b"}}, 201, '"ab"'),
    Visit("POST", "/orders/ORDER/refunds", {"order_refund": {"amount": 1, "line_items": "x"}}, 500, "critical"),
    Visit("POST", "/orders/ORDER/refunds", {"order_refund": {"amount": 1, "refund_payment": True}}, 500, "critical"),
    Visit(
        "POST",
        "/orders/ORDER/refunds",
        {"order_refund": {"amount": 1, "date_created": "2020-01-02T03:04:05"}},
        201,
        "2020-01-02T03:04:05Z",
    ),
    Visit("POST", "/orders/1204/refunds", {"order_refund": {"amount": 1, "line_items": {"71": {"qty": "x"}}}}, 500, ""),
    Visit("GET", "/Orders/ORDER/refunds/", None, 200, "order_refunds"),
    Visit("GET", "/orders/ORDER/refunds/REFUND?_method=DELETE", None, 200, "Permanently deleted"),
    Visit("OPTIONS", "/orders/ORDER/refunds", None, 400, "woocommerce_api_unsupported_method"),
    Visit("HEAD", "/orders/ORDER/refunds", None, 200, ""),
]


@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: f"{visit.method} {visit.path} {visit.status}")
def test_the_corners_are_as_observed(visit: Visit) -> None:
    """Wrong ids, other methods and malformed bodies are answered as the real server was observed to."""
    shop = serve("woocommerce_legacy", faithful=visit.version)
    order = shop.add_order(total="29.00")
    url = "https://shop.test/wc-api/v3"
    shop.answer("POST", f"{url}/orders/{order}/refunds", JSON, b'{"order_refund": {"amount": 5}}')
    path = visit.path.replace("ORDER", order).replace("REFUND", str(shop.refunds(order)[0]["id"]))
    body = None if visit.body is None else text(visit.body)
    answer = shop.answer(visit.method, url + path, BASIC if body is None else JSON, body)
    assert (answer.status, visit.words in answer.body.decode()) == (visit.status, True)


def test_a_refund_that_dies_may_exist_all_the_same() -> None:
    """On 6.6.0 a reason that is a list gets a 500, and the refund is made."""
    shop = serve("woocommerce_legacy", faithful="6.6.0")
    body = text({"order_refund": {"amount": "1.00", "reason": ["torn"]}})
    assert shop.answer("POST", "https://shop.test/wc-api/v3/orders/1204/refunds", JSON, body).status == 500
    assert [one["amount"] for one in shop.refunds("1204")] == ["1.00"]


def test_a_500_is_json_only_to_who_speaks_json() -> None:
    """Without a JSON Accept or Content-Type, a critical error is an HTML page."""
    shop = serve("woocommerce_legacy", faithful="6.6.0")
    url = "https://shop.test/wc-api/v3/orders/1204/refunds"
    body = text({"order_refund": {"amount": 1000}})
    kinds = [
        shop.answer("POST", url, {**BASIC, **headers}, body).headers["content-type"]
        for headers in ({}, {"Accept": "application/json"}, {"Content-Type": "application/json"})
    ]
    assert kinds == ["text/html; charset=UTF-8", "application/json", "application/json"]


@pytest.mark.parametrize(("gateway", "status", "code"), [("false", 500, "api_failed"), ("error", 200, '"error"')])
def test_a_gateway_that_fails_leaves_the_refund(gateway: Any, status: int, code: str) -> None:
    """A refund whose gateway failed is in the list; with `api_refund=0` the gateway is not used."""
    shop = serve("woocommerce_legacy", faithful="6.6.0")
    order = shop.add_order(total="29.00", gateway=gateway)
    url = f"https://shop.test/wc-api/v3/orders/{order}/refunds"
    body = text({"order_refund": {"amount": "1.00"}})
    failed = shop.answer("POST", url, JSON, body)
    assert (failed.status, code in failed.body.decode()) == (status, True)
    assert list(json.loads(failed.body)) == ["errors"]
    assert shop.answer("POST", f"{url}?api_refund=0", JSON, body).status == 201
    assert len(shop.refunds(order)) == 2


def test_an_order_set_to_refunded_has_nothing_left() -> None:
    """Setting an order to refunded on 6.6.0 refunds it."""
    shop = serve("woocommerce_legacy", faithful="6.6.0")
    order = load_first_order("woocommerce_legacy")
    order["order"] |= {"id": 77, "status": "refunded"}
    assert [one["amount"] for one in shop.refunds(shop.add_order(order))] == ["107.80"]


URL = "http://127.0.0.1:8080/wc-api/v3/orders/1204/refunds?fields=id,amount"


def signed(url: str = URL, keys: tuple[str, str] = ("ck_test", "cs_test"), **options: Any) -> str:
    """The URL with OAuth 1.0a in its query, as the kept library signs it."""
    client = oauthlib.oauth1.Client(
        *keys, signature_type=oauthlib.oauth1.SIGNATURE_TYPE_QUERY,
        **{"signature_method": oauthlib.oauth1.SIGNATURE_HMAC_SHA256, **options},
    )  # fmt: skip
    address: str = client.sign(url)[0]
    return address


def signed_an_hour_ago() -> str:
    return signed(timestamp=str(int(time.time()) - 3600))


HTTPS = URL.replace("http:", "https:")
# Signed when it is asked for: a server takes a signature for 15 minutes only.
CREDENTIALS: dict[str, tuple[Callable[[], str], dict[str, str], int, str]] = {
    "Basic over http": (lambda: URL, BASIC, 404, "oauth_consumer_key parameter is missing"),
    "none over http": (lambda: URL, {}, 404, "oauth_consumer_key parameter is missing"),
    "Basic": (lambda: HTTPS, BASIC, 200, ""),
    "none": (lambda: HTTPS, {}, 401, "Consumer Secret is invalid."),
    "keys": (lambda: HTTPS + "&consumer_key=ck_a&consumer_secret=cs_a", {}, 200, ""),
    "keys, wrong secret": (
        lambda: HTTPS + "&consumer_key=ck_a&consumer_secret=cs_b", BASIC, 401, "Consumer Secret is invalid."
    ),
    "keys, wrong key": (lambda: HTTPS + "&consumer_key=key&consumer_secret=cs_b", {}, 401, "Consumer Key is invalid."),
    "signed over https": (lambda: signed(HTTPS), {}, 401, "Consumer Secret is invalid."),
    "signed": (signed, {}, 200, ""),
    "signed by SHA1": (lambda: signed(signature_method=oauthlib.oauth1.SIGNATURE_HMAC_SHA1), {}, 200, ""),
    "signed by SHA512": (
        lambda: signed(signature_method=oauthlib.oauth1.SIGNATURE_HMAC_SHA512), {}, 401, "Invalid signature - "
    ),
    "signed, wrong secret": (lambda: signed(keys=("ck_test", "cs_other")), {}, 401, "Invalid signature - "),
    "signed, wrong key": (lambda: signed(keys=("key", "cs_test")), {}, 401, "Consumer Key is invalid."),
    "signed for another path": (lambda: signed(URL.replace("refunds?", "refunds/?")), {}, 401, "Invalid signature - "),
    "signed an hour ago": (signed_an_hour_ago, {}, 401, "Invalid timestamp."),
    "no nonce": (lambda: signed().replace("oauth_nonce", "nonce"), {}, 404, "oauth_nonce parameter is missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", CREDENTIALS)
def test_faithful_servers_authenticate_as_observed(name: str) -> None:
    """Basic and query keys work over HTTPS and OAuth over HTTP; each failure has its observed response."""
    url, headers, status, words = CREDENTIALS[name]
    answer = serve("woocommerce_legacy", faithful="6.6.0").answer("GET", url(), headers)
    assert (answer.status, words in answer.body.decode()) == (status, True)


def test_a_nonce_is_good_once() -> None:
    """A signed request is refused the second time; a new nonce in the same second is accepted."""
    shop = serve("woocommerce_legacy", faithful="6.6.0")
    first, second = signed(), signed()
    assert [shop.answer("GET", url).status for url in (first, second, first)] == [200, 200, 401]


@pytest.mark.parametrize(("dp", "total"), [("", "107.80"), ("null", "107.80"), ("4", "107.8000"), ("0", "108")])
def test_an_order_is_told_with_the_decimals_that_were_asked_for(dp: str, total: str) -> None:
    """`filter[dp]` says the decimals of an order; two are told where it is no digit."""
    shop = testing.server("woocommerce_legacy")
    answer = shop.answer(
        "GET",
        f"https://shop.test/wc-api/v3/orders/1204?filter%5Bdp%5D={dp}",
        story("woocommerce_legacy.get_order")["headers"],
    )
    assert answer.status == 200
    assert json.loads(answer.body)["order"]["total"] == total
