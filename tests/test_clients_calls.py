"""The generated clients over a socket: what a call sends, and the model that it returns."""

from __future__ import annotations

import json
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
import story
from api_server import (
    CALLS,
    CONNECTION,
    JSON,
    OPERATIONS,
    OPTIONS,
    SECRET,
    WAYS,
    Server,
    call,
    example_body,
    plain,
    success,
)
from refundkit import operations
from refundkit_apis._runtime.client import Client
from refundkit_apis._runtime.codec import encode
from refundkit_apis.taxcloud import models as taxcloud
from refundkit_apis.taxcloud.api.orders import refund_order
from refundkit_apis.walmart import models as walmart
from refundkit_apis.walmart.api.orders import refund_order_lines
from refundkit_apis.woocommerce_legacy import models as woocommerce_legacy
from refundkit_apis.woocommerce_legacy.api.refunds import create_refund, delete_refund, list_refunds


def test_every_operation_is_in_calls() -> None:
    """CALLS has every operation of the specs."""
    assert set(CALLS) == set(operations.names())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_call_sends_the_documented_request(server: Server, name: str, way: str) -> None:
    """Each way to call sends the documented method, encoded path, query, headers and body."""
    status, (answer, *_) = success(name)
    server.answer(status, story.text(answer))
    call(name, server.client(), way)
    (sent,) = server.received
    expected = CALLS[name]
    assert (sent.method, sent.path, sent.query) == (expected.method, expected.path, expected.query)
    assert sent.headers.get("Content-Type") == expected.media_type
    assert sent.headers["Accept"] == JSON
    assert sent.headers["WM_SEC.ACCESS_TOKEN"] == SECRET
    assert sent.headers["Authorization"].startswith("Basic ")
    if expected.media_type == JSON:
        assert sent.body == encode(example_body(name))
        assert json.loads(sent.body, parse_float=Decimal) == story.examples(name)[0]
    else:
        assert sent.body == (b"grant_type=client_credentials" if expected.media_type else b"")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_success_returns_the_model(server: Server, name: str, way: str) -> None:
    """Each example response is decoded to its model, and nothing of it is lost or rounded."""
    status, answers = success(name)
    models = import_module(f"refundkit_apis.{name.partition('.')[0]}.models")
    for answer in answers:
        server.answer(status, story.text(answer), {"X-Page": "1"})
        result = call(name, server.client(), way)
        if way.endswith("detailed"):
            assert (result.status, result.headers["X-Page"]) == (status, "1")
            result = result.parsed
        for item, example in zip(
            result if isinstance(result, list) else [result],
            answer if isinstance(answer, list) else [answer],
            strict=True,
        ):
            assert type(item) is getattr(models, CALLS[name].answer)
            assert plain(item) == example


@pytest.mark.parametrize("name", ["walmart_ca.refund_order_lines", "walmart_ca.cancel_order_lines"])
def test_older_canadian_api_gets_json_without_the_xml_transport(server: Server, name: str) -> None:
    """Without the XML transport, a walmart_ca client sends the JSON form, with its Content-Type."""
    status, (answer, *_) = success(name)
    server.answer(status, story.text(answer))
    call(name, server.client())
    assert operations.get(name).described.media_type == "application/xml"
    assert server.received[0].headers["Content-Type"] == JSON
    assert json.loads(server.received[0].body, parse_float=Decimal) == story.examples(name)[0]


def test_omitted_argument_is_not_sent(server: Server) -> None:
    """An omitted query parameter or field is not sent; a field of None is sent as null."""
    status, (answer, *_) = success("woocommerce_legacy.create_refund")
    server.answer(status, story.text(answer))
    body = woocommerce_legacy.RefundCreateRequest(order_refund=woocommerce_legacy.RefundCreate(amount=5, reason=None))
    with server.client() as client:
        create_refund.sync("1204", client=client, body=body)
    assert server.received[0].query == {}
    assert server.received[0].body == b'{"order_refund":{"amount":5,"reason":null}}'


def test_empty_object_is_sent(server: Server) -> None:
    """TaxCloud's refund of a full order is sent as the body {}, not as an empty body."""
    status, (answer, *_) = success("taxcloud.refund_order")
    server.answer(status, story.text(answer))
    with server.client() as client:
        refund_order.sync(CONNECTION, "SO-1077", client=client, body=taxcloud.RefundCreate())
    assert server.received[0].body == b"{}"


@pytest.mark.parametrize(
    ("amount", "literal"),
    [
        (Decimal("-19.990"), b"-19.990"),
        (Decimal("-0.10"), b"-0.10"),
        (-9007199254740993, b"-9007199254740993"),
        (Decimal("-9007199254740993.12345678901"), b"-9007199254740993.12345678901"),
        (-1234567890123456789012345, b"-1234567890123456789012345"),
    ],
)
def test_money_is_sent_to_the_last_digit(server: Server, amount: Decimal | int, literal: bytes) -> None:
    """An amount is sent with every digit that the caller wrote, trailing zeros included."""
    status, (answer, *_) = success("walmart.refund_order_lines")
    server.answer(status, story.text(answer))
    charge = walmart.RefundedCharge(
        charge_type="PRODUCT",
        charge_name="ItemPrice",
        charge_amount=walmart.RefundMoney(amount=amount, currency="USD"),
    )
    refund = walmart.Refund(
        refund_charges=walmart.RefundCharges(
            refund_charge=[walmart.RefundCharge(refund_reason="DamagedItem", charge=charge)]
        )
    )
    lines = walmart.RefundLines(
        order_line=[walmart.RefundLine(line_number="1", refunds=walmart.Refunds(refund=[refund]))]
    )
    body = walmart.OrderRefundRequest(
        order_refund=walmart.OrderRefund(purchase_order_id="2961380412345", order_lines=lines)
    )
    with server.client() as client:
        refund_order_lines.sync("2961380412345", client=client, body=body)
    assert b'"chargeAmount":{"currency":"USD","amount":' + literal + b"}" in server.received[0].body


@pytest.mark.parametrize("literal", ["19.990", "9007199254740993", "9007199254740993.12345678901", '"19.990"', "-0.00"])
def test_money_comes_back_to_the_last_digit(server: Server, literal: str) -> None:
    """An amount in a response keeps every digit, and its quotes if it was a text."""
    refunds = f'{{"order_refunds": [{{"id": 1, "amount": {literal}}}]}}'
    server.answer(200, refunds.encode())
    with server.client() as client:
        answer = list_refunds.sync("1204", client=client)
    assert encode(answer.order_refunds[0].amount) == literal.encode()


def test_base_url_may_have_a_path(server: Server) -> None:
    """The path of `base_url` comes before the path of the operation."""
    status, (answer, *_) = success("woocommerce_legacy.list_refunds")
    server.answer(status, story.text(answer))
    with Client(f"{server.url}/shop/", options=OPTIONS) as client:
        list_refunds.sync("1204", client=client)
    assert server.received[0].path == "/shop/wc-api/v3/orders/1204/refunds"


@pytest.mark.parametrize("refund", ["", ".", ".."])
def test_id_cannot_change_the_path(server: Server, refund: str) -> None:
    """An id that would change the path, such as `..`, raises ValueError before anything is sent."""
    server.answer(200, b'{"message": "gone"}')
    with server.client() as client, pytest.raises(ValueError, match=r"refund_id"):
        delete_refund.sync("1204", refund, client=client)
    assert server.received == []


ENUM_FIELDS = {
    "status",
    "kind",
    "currency",
    "currencyCode",
    "chargeType",
    "unitOfMeasurement",
    "token_type",
    "methodCode",
}


def with_unknown_enum_values(value: Any) -> Any:
    """Return the value with an unknown word in each field that has an enum."""
    if isinstance(value, list):
        return [with_unknown_enum_values(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: "UNHEARD_OF" if key in ENUM_FIELDS and isinstance(item, str) else with_unknown_enum_values(item)
        for key, item in value.items()
    }


def with_unknown_fields(value: Any) -> Any:
    """Return the value with unknown fields in each object except `meta`, which may hold anything."""
    if isinstance(value, list):
        return [with_unknown_fields(item) for item in value]
    if not isinstance(value, dict):
        return value
    fields = {key: item if key == "meta" else with_unknown_fields(item) for key, item in value.items()}
    return {"": "nameless", **fields, "x_new": {"deep": [1, None, {"a": 1.5}]}}


@pytest.mark.parametrize("name", OPERATIONS)
def test_unknown_fields_and_enum_values_are_decoded(server: Server, name: str) -> None:
    """A response with unknown fields and enum values is decoded, and its documented fields are kept."""
    status, answers = success(name)
    for answer in answers:
        newer = with_unknown_enum_values(answer)
        server.answer(status, story.text(with_unknown_fields(newer)))
        assert plain(call(name, server.client())) == newer
