"""walmart_ca's wire: the JSON form written as XML, and the transports that put it under a client."""

from __future__ import annotations

import asyncio
import copy
import gzip
import json
import os
import random
import re
import subprocess
import sys
import tracemalloc
from collections.abc import AsyncIterator, Generator, Iterator
from decimal import Decimal
from typing import Any, NoReturn

import httpx
import pytest
import story
from hypothesis import given, settings
from payloads import valid, written
from refundkit import NotSent, RefundBlocked, operations
from refundkit.client.wire import AsyncXmlTransport, XmlTransport
from refundkit.reading.json import read_json
from refundkit.reading.xml import read_xml
from refundkit.xml_writer import write_xml
from refundkit_apis._runtime import errors
from refundkit_apis._runtime.client import Client
from refundkit_apis._runtime.codec import decode, encode
from refundkit_apis.walmart_ca.api.orders import get_order, refund_order_lines
from refundkit_apis.walmart_ca.models import OrderRefundRequest
from test_clients import CALLS, Server, call, plain, serving

XML = "application/xml"
SPACE = "http://walmart.com/mp/v3/orders"
REFUND = operations.get("walmart_ca.refund_order_lines")
BODY = REFUND.schema()
ORDER = REFUND.schema("200")
ERRORS = REFUND.schema("400")
NAMES = list(operations.of_api("walmart_ca"))
WAYS = ["sync", "sync_detailed", "asyncio", "asyncio_detailed"]
SECRET = "a-secret-of-our-own"


# Writing.


def comments(text: object) -> dict[str, Any]:
    """A refund with that comment."""
    return {"orderRefund": {"orderLines": {"orderLine": [{"refunds": {"refund": [{"refundComments": text}]}}]}}}


def comment_of(data: bytes) -> Any:
    value: Any = read_xml(data, BODY).value
    return value["orderRefund"]["orderLines"]["orderLine"][0]["refunds"]["refund"][0]["refundComments"]


def money(amount: object) -> dict[str, Any]:
    """An order with one charge of that amount."""
    charge = {"chargeType": "PRODUCT", "chargeAmount": {"currency": "CAD", "amount": amount}}
    return {"order": {"orderLines": {"orderLine": [{"charges": {"charge": [charge]}}]}}}


def amount_of(data: bytes) -> str:
    return data.partition(b"<amount>")[2].partition(b"</amount>")[0].decode()


# Written by hand from the published element order and namespace.
DOCUMENT = f"""<?xml version='1.0' encoding='utf-8'?>
<orderRefund xmlns="{SPACE}">
  <purchaseOrderId>1796277083022</purchaseOrderId>
  <orderLines>
    <orderLine>
      <lineNumber>1</lineNumber>
      <refunds>
        <refund>
          <refundId>R&amp;1</refundId>
          <refundComments>&lt;Lid&gt; was cracked</refundComments>
          <refundCharges>
            <refundCharge>
              <refundReason>Shipping &amp; Delivery -&gt; Damaged</refundReason>
              <charge>
                <chargeType>PRODUCT</chargeType>
                <chargeName>Item Price</chargeName>
                <chargeAmount>
                  <currency>CAD</currency>
                  <amount>-19.99</amount>
                </chargeAmount>
                <tax>
                  <taxName>HST</taxName>
                  <taxAmount>
                    <currency>CAD</currency>
                    <amount>-2.60</amount>
                  </taxAmount>
                </tax>
              </charge>
            </refundCharge>
            <refundCharge>
              <refundReason>DamagedItem</refundReason>
              <charge>
                <chargeType>SHIPPING</chargeType>
                <chargeName>Shipping</chargeName>
                <chargeAmount>
                  <currency>CAD</currency>
                  <amount>-100</amount>
                </chargeAmount>
              </charge>
            </refundCharge>
          </refundCharges>
        </refund>
      </refunds>
    </orderLine>
    <orderLine>
      <lineNumber></lineNumber>
    </orderLine>
  </orderLines>
</orderRefund>
"""
CHARGES = [
    {
        "charge": {
            "tax": {"taxAmount": {"amount": Decimal("-2.60"), "currency": "CAD"}, "taxName": "HST"},
            "chargeAmount": {"amount": Decimal("-19.99"), "currency": "CAD"},
            "chargeName": "Item Price",
            "chargeType": "PRODUCT",
        },
        "refundReason": "Shipping & Delivery -> Damaged",
    },
    {
        "charge": {
            "chargeAmount": {"amount": Decimal("-1E+2"), "currency": "CAD"},
            "chargeName": "Shipping",
            "chargeType": "SHIPPING",
        },
        "refundReason": "DamagedItem",
    },
]
BACKWARDS = {
    "orderRefund": {
        "orderLines": {
            "orderLine": [
                {
                    "refunds": {
                        "refund": [
                            {
                                "refundCharges": {"refundCharge": CHARGES},
                                "refundComments": "<Lid> was cracked",
                                "refundId": "R&1",
                            }
                        ]
                    },
                    "lineNumber": "1",
                },
                {"lineNumber": ""},
            ]
        },
        "purchaseOrderId": "1796277083022",
    }
}


def test_the_document_is_the_published_one() -> None:
    """Declaration, namespace, element order, exact amounts and escapes are those of a document written by hand."""
    lines = DOCUMENT.splitlines()
    expected = lines[0] + "\n" + "".join(line.strip() for line in lines[1:])
    assert write_xml(BACKWARDS, BODY).decode() == expected.replace("<lineNumber></lineNumber>", "<lineNumber />")


def test_the_order_of_the_dict_does_not_matter() -> None:
    """However the fields of an order are shuffled, the bytes are the same."""
    order = story.examples("walmart_ca.get_order", "200")[0]
    chance = random.Random(4)  # noqa: S311 - no secret

    def shuffled(value: Any) -> Any:
        if isinstance(value, list):
            return [shuffled(one) for one in value]
        if not isinstance(value, dict):
            return value
        return {name: shuffled(value[name]) for name in chance.sample(list(value), len(value))}

    assert {write_xml(shuffled(order), ORDER) for _ in range(5)} == {write_xml(order, ORDER)}


def test_errors_have_no_namespace() -> None:
    """Where the schema names no namespace, none is written; what it does not know comes last, by its own shape."""
    value = {"errors": {"error": [{"new": ["1", "2"], "why": {"a": True}, "info": None, "code": "a"}]}}
    assert write_xml(value, ERRORS).partition(b"\n")[2] == (
        b'<errors xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><error><code>a</code><info xsi:nil="true" />'
        b"<new>1</new><new>2</new><why><a>true</a></why></error></errors>"
    )


def test_the_hints_name_the_properties() -> None:
    """Every name that the spec gives an element is that of the property, which is what the codec goes by."""
    for operation in operations.of_api("walmart_ca").values():
        parts = [*operation.described.responses, *(["body"] if operation.described.body else [])]
        for schema in map(operation.schema, parts):
            ((name, inner),) = schema["properties"].items()
            hints = schema["$defs"][inner["$ref"].removeprefix("#/$defs/")]["xml"]
            assert hints["name"] == name
            assert hints.get("namespace") == (None if name == "errors" else SPACE)
            others = [one.get("xml") for key, one in schema["$defs"].items() if not inner["$ref"].endswith(f"/{key}")]
            assert set(others) == {None}


def writable(value: Any) -> bool:
    """Whether XML can hold every character of it."""
    if isinstance(value, dict):
        return all(map(writable, value.values()))
    if isinstance(value, list):
        return all(map(writable, value))
    return not isinstance(value, str) or not any((c < " " and c not in "\t\n\r") or c in "\ufffe\uffff" for c in value)


def filled(value: Any) -> Any:
    """The value without its empty lists, which have no element."""
    if isinstance(value, dict):
        return {name: filled(inner) for name, inner in value.items() if inner != []}
    return [filled(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("name", "part"),
    [(name, "body") for name in NAMES if operations.get(name).xml]
    + [("walmart_ca.get_order", "200"), ("walmart_ca.get_order", "400")],
)
def test_what_is_written_is_read(name: str, part: str) -> None:
    """Any value of the spec's schemas comes back from XML as it was, or is refused for a character XML cannot hold."""
    schema = operations.get(name).schema(part)
    ((root, _),) = schema["properties"].items()

    @settings(database=None)
    @given(valid(schema, schema).map(written))
    def comes_back(text: str) -> None:
        value: Any = read_json(text.encode()).value
        if root not in value:
            return
        if not writable(value):
            with pytest.raises(ValueError, match=rf"^/{root}/.*: the character U\+[0-9A-F]{{4}} cannot stand in XML$"):
                write_xml(value, schema)
            return
        document = read_xml(write_xml(value, schema), schema)
        assert document.problems == ()
        assert document.value == filled(value)

    comes_back()


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        " both ends ",
        "a\nb\tc",
        "\r\n\r",
        "a & b &amp; <c> 'd' \"e\"",
        "<![CDATA[x]]>",
        "]]>",
        "Finance -> Goodwill",
        "<!-- x -->",
        "é☃𐀀\x7f\x85\u2028\ufffd",
        "true",
        "-1.50",
    ],
)
def test_texts_survive(text: str) -> None:
    """A text comes back to the last character, line ends and spaces too."""
    data = write_xml(comments(text), BODY)
    assert b"\r" not in data
    assert comment_of(data) == text


@pytest.mark.parametrize("character", ["\0", "\x01", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_what_xml_cannot_hold_is_refused(character: str) -> None:
    """A character that XML 1.0 does not have is named with its pointer, without the text around it."""
    with pytest.raises(ValueError, match="cannot stand in XML") as caught:
        write_xml(comments(f"{SECRET}{character}"), BODY)
    place = "/orderRefund/orderLines/orderLine/0/refunds/refund/0/refundComments"
    assert str(caught.value) == f"{place}: the character U+{ord(character):04X} cannot stand in XML"


@pytest.mark.parametrize(
    ("number", "literal"),
    [
        (Decimal("-19.99"), "-19.99"),
        (Decimal("-2.60"), "-2.60"),
        (Decimal("1E+2"), "100"),
        (Decimal("-1E-7"), "-0.0000001"),
        (Decimal("0E+2"), "0"),
        (Decimal("-0.00"), "-0.00"),
        (5, "5"),
        (-(10**25), "-1" + "0" * 25),
        (Decimal("1E+308"), "1" + "0" * 308),
        (Decimal("12345678901234567890.123456789012345678901234567890"),) * 2,
    ],
)
def test_numbers_are_exact(number: Decimal | int, literal: str) -> None:
    """A number is written with all its digits and no exponent."""
    assert amount_of(write_xml(money(number), ORDER)) == str(literal)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (Decimal("NaN"), "out of range"),
        (Decimal("-Infinity"), "out of range"),
        (Decimal("1E+999999999"), "out of range"),
        (Decimal("1E-999999999"), "out of range"),
        (Decimal("0E-999999"), "out of range"),
        (10**5000, "out of range"),
        (10**400, "401 characters"),
        (Decimal("1E-400"), "402 characters"),
    ],
    ids=["nan", "infinity", "large", "small", "zero", "digits", "too many", "too fine"],
)
def test_numbers_that_no_reader_takes_are_refused(number: Decimal | int, words: str) -> None:
    """What read_xml would not read is not written, however small the number's own form is."""
    place = "^/order/orderLines/orderLine/0/charges/charge/0/chargeAmount/amount: "
    with pytest.raises(ValueError, match=place + f".*{words}"):
        write_xml(money(number), ORDER)


LINE = "/orderRefund/orderLines/orderLine"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "the body must be an object with one field, the root element orderRefund"),
        ({}, "the body must be an object with one field, the root element orderRefund"),
        ({"orderCancellation": {}}, "the body must be an object with one field, the root element orderRefund"),
        ({"orderRefund": {}, "x": 1}, "the body must be an object with one field, the root element orderRefund"),
        ({"orderRefund": None}, "/orderRefund: the schema has object here, not null"),
        ({"orderRefund": [{}]}, "/orderRefund: the schema has object here, not array"),
        (
            {"orderRefund": {"purchaseOrderId": 1}},
            "/orderRefund/purchaseOrderId: the schema has string here, not number",
        ),
        ({"orderRefund": {"orderLines": {"orderLine": {}}}}, f"{LINE}: the schema has array here, not object"),
        ({"orderRefund": {"orderLines": [{}]}}, "/orderRefund/orderLines: the schema has object here, not array"),
        (
            {"orderRefund": {"orderLines": {"orderLine": [{"lineNumber": True}]}}},
            f"{LINE}/0/lineNumber: the schema has string here, not boolean",
        ),
        ({"orderRefund": {"a": [[1]]}}, "/orderRefund/a/0: XML has no list in a list"),
        ({"orderRefund": {"a": 1.5}}, "/orderRefund/a: a float is no value of the JSON form"),
        ({"orderRefund": {"a": [1.5]}}, "/orderRefund/a/0: a float is no value of the JSON form"),
        ({"orderRefund": {"a><b": "1"}}, "/orderRefund: a field whose name cannot be that of an XML element"),
        ({"orderRefund": {"": "1"}}, "/orderRefund: a field whose name cannot be that of an XML element"),
        ({"orderRefund": {"@a": "1"}}, "/orderRefund: a field whose name cannot be that of an XML element"),
        ({"orderRefund": {"x:a": "1"}}, "/orderRefund: a field whose name cannot be that of an XML element"),
    ],
)  # fmt: skip
def test_what_has_no_xml_is_refused(value: Any, message: str) -> None:
    """What would not come back as it is, or is no XML, is named with its pointer."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        write_xml(value, BODY)


def test_depth() -> None:
    """64 levels are written and read; the 65th is refused, and a thousand more too."""

    def nested(levels: int) -> dict[str, Any]:
        value: Any = {}
        for _ in range(levels - 1):
            value = {"a": value}
        return {"orderRefund": value}

    assert read_xml(write_xml(nested(64), BODY), BODY).problems == ()
    for levels in (65, 1065):
        with pytest.raises(ValueError, match="nested more than 64 levels deep"):
            write_xml(nested(levels), BODY)


def test_import_is_light() -> None:
    """The codec needs neither httpx nor an XML library to be imported."""
    code = (
        "import sys, refundkit.reading.xml; print({'httpx', 'defusedxml', 'xml.etree.ElementTree'} & set(sys.modules))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# The transports under the generated client, over a socket.


@pytest.fixture(scope="module")
def listening() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def server(listening: Server) -> Server:
    """The one server of these tests, with an empty memory, answering an order."""
    listening.sent.clear()
    listening.answer(200, ANSWER, {"Content-Type": XML})
    return listening


def client_of(server: Server, way: str = "sync") -> Client:
    """A client of the server whose wire is XML."""
    transport: Any = (
        XmlTransport(httpx.HTTPTransport(verify=False, trust_env=False))
        if way.startswith("sync")
        else AsyncXmlTransport(httpx.AsyncHTTPTransport(verify=False, trust_env=False))
    )
    options = {"transport": transport, "trust_env": False}
    return Client(server.url, headers={"WM_SEC.ACCESS_TOKEN": SECRET, "WM_SVC.NAME": "Example"}, options=options)


def order_answer(prefix: str = "") -> bytes:
    """The spec's order as a server writes it: by write_xml, or every element with a prefix of its own."""
    data = write_xml(story.examples("walmart_ca.get_order", "200")[0], ORDER)
    if prefix:
        text = data.decode().replace("</", "\0").replace("<", f"<{prefix}:").replace("\0", f"</{prefix}:")
        text = text.replace(f"<{prefix}:?", "<?").replace(" xmlns=", f" xmlns:{prefix}=")
        data = text.encode()
    return data


ANSWER = order_answer()
ZIPPED = gzip.compress(ANSWER, mtime=0)
PROBLEM = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<ns2:errors xmlns:ns2="http://walmart.com/">\n  <ns2:error>\n'
    b"    <ns2:code>INVALID_REQUEST_CONTENT.GMP_ORDER_API</ns2:code>\n    <ns2:field>data</ns2:field>\n"
    b"    <ns2:description>Amount &lt; 0 &amp; so on</ns2:description>\n    <ns2:severity>ERROR</ns2:severity>\n"
    b"    <ns2:causes><ns2:cause/></ns2:causes>\n  </ns2:error>\n</ns2:errors>"
)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_a_call_speaks_xml(server: Server, name: str, way: str) -> None:
    """Every operation sends XML and its other headers, asks for XML, and gives the model of the XML that it gets."""
    server.answer(200, order_answer("ns3"), {"Content-Type": "application/xml;charset=UTF-8", "X-Page": "1"})
    result = call(name, client_of(server, way), way)
    (sent,) = server.sent
    expected = CALLS[name]
    assert (sent.method, sent.path, sent.query) == (expected.method, expected.path, expected.query)
    assert (sent.headers["Accept"], sent.headers["WM_SEC.ACCESS_TOKEN"]) == (XML, SECRET)
    if operations.get(name).xml:
        assert sent.headers["Content-Type"] == XML
        assert sent.headers["Content-Length"] == str(len(sent.body))
        assert sent.body.startswith(b"<?xml version='1.0' encoding='utf-8'?>\n<order")
        document = read_xml(sent.body, operations.get(name).schema())
        assert (document.value, document.problems) == (story.examples(name)[0], ())
    else:
        assert sent.body == b""
        assert "Content-Type" not in sent.headers
    if way.endswith("detailed"):
        assert (result.status, result.headers["X-Page"]) == (200, "1")
        assert result.headers["Content-Type"] == "application/json"
        result = result.parsed
    assert plain(result) == story.examples(name, "200")[0]


def test_a_refund_leaves_as_the_published_document(server: Server) -> None:
    """What a server gets for a refund is, byte for byte, the document written by hand."""
    body = story.examples("walmart_ca.refund_order_lines")[0]
    body["orderRefund"]["orderLines"]["orderLine"][0]["refunds"]["refund"] = [
        {"refundCharges": {"refundCharge": CHARGES}, "refundComments": "<Lid> was cracked", "refundId": "R&1"}
    ]
    with client_of(server) as client:
        refund_order_lines.sync("1796277083022", client=client, body=decode(encode(body), OrderRefundRequest))
    lines = DOCUMENT.replace("    <orderLine>\n      <lineNumber></lineNumber>\n    </orderLine>\n", "").splitlines()
    assert server.sent[0].body.decode() == lines[0] + "\n" + "".join(line.strip() for line in lines[1:])


@pytest.mark.parametrize("way", ["sync", "asyncio"])
@pytest.mark.parametrize("status", [200, 400, 401, 404, 409, 429, 500, 503, 520])
@pytest.mark.parametrize("name", NAMES)
def test_an_error_has_walmarts_words(server: Server, name: str, status: int, way: str) -> None:
    """Code and description of an XML error are those of the StatusError, whether the status is documented or not."""
    server.answer(status, PROBLEM, {"Content-Type": "text/xml"})
    with pytest.raises(errors.StatusError) as caught:
        call(name, client_of(server, way), way)
    assert (caught.value.status, caught.value.code) == (status, "INVALID_REQUEST_CONTENT.GMP_ORDER_API")
    assert caught.value.reason == "Amount < 0 & so on"
    assert caught.value.response.json()["errors"]["error"][0]["field"] == "data"


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        (ZIPPED, {"Content-Encoding": "gzip", "Content-Length": str(len(ZIPPED))}),
        (f"{len(ANSWER):x}\r\n".encode() + ANSWER + b"\r\n0\r\n\r\n", {"Transfer-Encoding": "chunked"}),
        (ANSWER.replace(b"utf-8", b"utf-16").decode().encode("utf-16"), {}),
    ],
    ids=["gzip", "chunked", "utf-16"],
)
def test_an_answer_in_any_coding(server: Server, data: bytes, headers: dict[str, str]) -> None:
    """A compressed, chunked or UTF-16 answer becomes plain JSON with headers that fit it."""
    if "Transfer-Encoding" in headers:
        server.answer(200, data, {"Content-Type": XML})
        server.headers = {"Content-Type": XML, **headers}
    else:
        server.answer(200, data, {"Content-Type": XML, **headers})
    with client_of(server) as client:
        response = get_order.sync_detailed("1796277083022", client=client)
    assert plain(response.parsed) == story.examples("walmart_ca.get_order", "200")[0]
    assert "Transfer-Encoding" not in response.headers
    assert "Content-Encoding" not in response.headers
    assert response.headers["Content-Length"] == str(len(encode(read_xml(ANSWER, ORDER).value)))


# What is passed on as it is.

LAUGHS = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 20))
HOSTILE = {
    "laughs": f'<!DOCTYPE order [<!ENTITY a0 "{"ha" * 50}">{LAUGHS}]>',
    "external": '<!DOCTYPE order [<!ENTITY a19 SYSTEM "URL/entity">]>',
    "parameter": '<!DOCTYPE order [<!ENTITY % p SYSTEM "URL/parameter"> %p;]>',
    "subset": '<!DOCTYPE order SYSTEM "URL/order.dtd">',
    "file": '<!DOCTYPE order [<!ENTITY a19 SYSTEM "file:///etc/passwd">]>',
}


@pytest.mark.parametrize("way", ["sync", "asyncio"])
@pytest.mark.parametrize("head", HOSTILE.values(), ids=HOSTILE)
def test_no_entity_is_expanded(server: Server, head: str, way: str) -> None:
    """An answer with a document type reaches the client as it is: nothing is fetched, memory stays flat."""
    text = f'{head.replace("URL", server.url)}<order xmlns="{SPACE}"><purchaseOrderId>&a19;</purchaseOrderId></order>'
    server.answer(200, text.encode(), {"Content-Type": XML})
    tracemalloc.start()
    try:
        with pytest.raises(errors.DecodeError, match="no JSON \\(application/xml\\)") as caught:
            call("walmart_ca.get_order", client_of(server, way), way)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.response.content == text.encode()
    assert len(server.sent) == 1
    assert peak < 20_000_000


PAGE = b"<!DOCTYPE html><html><body>Sorry</body></html>"
UNTOUCHED = {
    "page": (PAGE, "text/html"),
    "page as XML": (PAGE, XML),
    "page without document type": (b"<html><body/></html>", XML),
    "cut off": (ANSWER[:-10], XML),
    "cut off in a character": (ANSWER[:300] + b"\xc3", XML),
    "empty": (b"", XML),
    "JSON as XML": (b'{"a":1}', XML),
    "XML as text": (ANSWER, "text/plain"),
    "XML as JSON": (ANSWER, "application/json"),
    "no type": (ANSWER, ""),
    "another namespace": (ANSWER.replace(SPACE.encode(), b"http://walmart.com/other"), XML),
    "an element twice": (ANSWER.replace(b"<orderLines>", b"<orderLines/><orderLines>", 1), XML),
}


@pytest.mark.parametrize("way", ["sync", "asyncio"])
@pytest.mark.parametrize(("data", "kind"), UNTOUCHED.values(), ids=UNTOUCHED)
def test_an_answer_that_is_no_order_is_passed_on(server: Server, data: bytes, kind: str, way: str) -> None:
    """A success that is not the documented XML is a DecodeError that holds the very bytes and headers."""
    server.answer(200, data, {"Content-Type": kind})
    with pytest.raises(errors.DecodeError) as caught:
        call("walmart_ca.refund_order_lines", client_of(server, way), way)
    response = caught.value.response
    assert response.content == data
    assert (response.headers["Content-Type"], response.headers["Content-Length"]) == (kind, str(len(data)))


@pytest.mark.parametrize("data", [PAGE, b"<html/>", PROBLEM[:-3], b"", b"{}"])
def test_an_error_that_is_no_error_document_is_passed_on(server: Server, data: bytes) -> None:
    """An error status with anything else is a StatusError without words that holds the very bytes."""
    server.answer(502, data, {"Content-Type": XML})
    with pytest.raises(errors.StatusError) as caught:
        call("walmart_ca.cancel_order_lines", client_of(server))
    assert (caught.value.status, caught.value.code, caught.value.response.content) == (502, None, data)


def test_a_coding_that_is_none_is_passed_on(server: Server) -> None:
    """What says gzip and is none fails as it does without the transport."""
    server.answer(200, ANSWER, {"Content-Type": XML, "Content-Encoding": "gzip"})
    with pytest.raises(errors.TransportError, match="DecodingError"):
        call("walmart_ca.get_order", client_of(server))


def test_a_json_answer_is_taken_as_it_is(server: Server) -> None:
    """A server that answers JSON after all is understood."""
    order = story.examples("walmart_ca.get_order", "200")[0]
    server.answer(200, encode(order))
    assert plain(call("walmart_ca.get_order", client_of(server))) == order


@pytest.mark.parametrize("way", ["sync", "asyncio"])
@pytest.mark.parametrize(
    "name", ["walmart.refund_order_lines", "walmart.get_order", "woocommerce_legacy.create_refund"]
)
def test_other_operations_are_untouched(server: Server, name: str, way: str) -> None:
    """The other APIs go through the same transport in JSON."""
    status = operations.success(operations.get(name))
    answer = story.examples(name, status)[0]
    server.answer(int(status), encode(answer))
    assert plain(call(name, client_of(server, way), way)) == answer
    assert server.sent[0].headers["Accept"] == "application/json"
    assert server.sent[0].body[:1] in (b"", b"{")


URL = "https://marketplace.walmartapis.com/v3/ca/orders/1796277083022"


class Chunks(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces that may fail at its end, and that knows whether it was closed."""

    def __init__(self, data: bytes, error: Exception | None = None) -> None:
        self.data = data
        self.error = error
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield from (self.data[at : at + 100] for at in range(0, len(self.data), 100))
        if self.error:
            raise self.error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


class Inner(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers with one response and keeps what was sent."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.sent: list[httpx.Request] = []
        self.closed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return self.response

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


def exchange(inner: Inner, way: str, **request: Any) -> httpx.Response:
    """One request through the transport around `inner`, sync or async, by a plain client."""
    if way == "sync":
        with httpx.Client(transport=XmlTransport(inner)) as client:
            return client.request(**request)

    async def waiting() -> httpx.Response:
        async with httpx.AsyncClient(transport=AsyncXmlTransport(inner)) as client:
            return await client.request(**request)

    return asyncio.run(waiting())


BOTH = pytest.mark.parametrize("way", ["sync", "asyncio"])


@BOTH
def test_the_inner_response_is_closed_and_its_rest_kept(way: str) -> None:
    """Repeated headers, extensions and the caller's own request stay; the inner response and transport are closed."""
    stream = Chunks(ANSWER)
    headers = [("Content-Type", XML), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("ETag", '"x"')]
    inner = Inner(httpx.Response(200, headers=headers, stream=stream, extensions={"http_version": b"HTTP/2"}))
    response = exchange(inner, way, method="GET", url=URL, headers={"Accept": "application/json"})
    assert stream.closed
    assert inner.closed
    assert response.headers.get_list("Set-Cookie") == ["a=1", "b=2"]
    assert (response.headers["ETag"], response.http_version) == ('"x"', "HTTP/2")
    assert response.request.headers["Accept"] == "application/json"
    assert json.loads(response.content, parse_float=Decimal) == story.examples("walmart_ca.get_order", "200")[0]
    assert response.elapsed.total_seconds() >= 0


@BOTH
def test_a_read_error_stays_what_it_is(way: str) -> None:
    """A connection that breaks within the answer is httpx's own error, and the response is closed."""
    stream = Chunks(ANSWER, httpx.ReadError("reset"))
    inner = Inner(httpx.Response(200, headers={"Content-Type": XML}, stream=stream))
    with pytest.raises(httpx.ReadError, match=r"^reset$"):
        exchange(inner, way, method="GET", url=URL)
    assert stream.closed


@BOTH
def test_an_answer_of_another_type_is_not_read(way: str) -> None:
    """What is no XML by its type is handed on unread, as the very response."""
    inner = Inner(httpx.Response(200, headers={"Content-Type": "text/html"}, stream=Chunks(PAGE)))
    assert exchange(inner, way, method="GET", url=URL) is inner.response


@BOTH
def test_an_answer_that_was_read_already(way: str) -> None:
    """A response that a test's transport made from bytes is understood too."""
    inner = Inner(httpx.Response(200, headers={"Content-Type": XML}, content=ANSWER))
    assert exchange(inner, way, method="GET", url=URL).json()["order"]["purchaseOrderId"] == "1796277083022"


@BOTH
def test_a_streamed_body_is_read(way: str) -> None:
    """A body that comes in pieces leaves as one document with its length."""
    inner = Inner(httpx.Response(200, headers={"Content-Type": XML}, content=ANSWER))
    body = encode(story.examples("walmart_ca.refund_order_lines")[0])
    pieces: Any = iter(Chunks(body)) if way == "sync" else aiter(Chunks(body))
    exchange(inner, way, method="POST", url=f"{URL}/refund", content=pieces, headers={"X-Own": "1"})
    (sent,) = inner.sent
    content = sent.read() if way == "sync" else asyncio.run(sent.aread())
    assert content == write_xml(story.examples("walmart_ca.refund_order_lines")[0], BODY)
    assert (sent.headers["Content-Length"], sent.headers["X-Own"]) == (str(len(content)), "1")
    assert "Transfer-Encoding" not in sent.headers


@BOTH
@pytest.mark.parametrize(
    "data", [DOCUMENT.encode(), b"\xef\xbb\xbf<a/>", DOCUMENT.encode("utf-16"), DOCUMENT.encode("utf-16-be"), b" <!"]
)
def test_a_body_that_is_xml_is_left_alone(data: bytes, way: str) -> None:
    """Who sends XML by hand has it sent as it is, and gets the answer as it came."""
    inner = Inner(httpx.Response(200, headers={"Content-Type": XML}, content=ANSWER))
    response = exchange(inner, way, method="POST", url=f"{URL}/refund", content=data, headers={"Accept": "a/b"})
    assert (inner.sent[0].content, inner.sent[0].headers["Accept"], response.content) == (data, "a/b", ANSWER)


@BOTH
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "RF001"),
        (b"{]", "RF001"),
        (f'{{"orderRefund":{{"a":"{SECRET}",\n"a":"{SECRET}"}}}}'.encode(), "RF002"),
        (f'{{"order":"{SECRET}"}}'.encode(), "RF108"),
        (f'{{"orderRefund":{{"purchaseOrderId":"{SECRET}\\u0001"}}}}'.encode(), "RF101"),
    ],
)
def test_a_body_that_has_no_xml_is_not_sent(data: bytes, words: str, way: str) -> None:
    """A body that the check refuses is rejected by it, before anything is sent."""
    inner = Inner(httpx.Response(200, headers={"Content-Type": XML}, content=ANSWER))
    with pytest.raises(RefundBlocked, match=words) as caught:
        exchange(inner, way, method="POST", url=f"{URL}/refund", content=data)
    assert SECRET not in str(caught.value)
    assert inner.sent == []


@BOTH
def test_a_character_that_xml_cannot_hold_is_not_sent(way: str) -> None:
    """A good body with such a character raises NotSent, which says where and not what."""
    body = copy.deepcopy(story.examples("walmart_ca.refund_order_lines")[0])
    body["orderRefund"]["orderLines"]["orderLine"][0]["refunds"]["refund"][0]["refundComments"] = f"{SECRET}\u0001"
    inner = Inner(httpx.Response(200, headers={"Content-Type": XML}, content=ANSWER))
    with pytest.raises(NotSent, match=r"/refundComments: .*U\+0001.*; nothing was sent$") as caught:
        exchange(inner, way, method="POST", url=f"{URL}/refund", content=story.text(body))
    assert SECRET not in str(caught.value)
    assert inner.sent == []


@BOTH
def test_what_is_no_operation_is_untouched(way: str) -> None:
    """Any other request and its answer pass as they are, XML or not."""
    inner = Inner(httpx.Response(200, headers={"Content-Type": XML}, content=ANSWER))
    response = exchange(inner, way, method="POST", url=f"{URL}/shipping", json={"a": 1})
    assert (response, inner.sent[0].content) == (inner.response, b'{"a":1}')


def test_a_request_may_be_sent_again() -> None:
    """An auth that sends a request twice has the same document sent twice."""

    class Again(httpx.Auth):
        def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
            yield request
            yield request

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        return httpx.Response(200, headers={"Content-Type": XML}, content=ANSWER)

    sent: list[bytes] = []
    body = encode(story.examples("walmart_ca.refund_order_lines")[0])
    with httpx.Client(transport=XmlTransport(httpx.MockTransport(answer)), auth=Again()) as client:
        assert client.post(f"{URL}/refund", content=body).json()["order"]
    assert sent == [write_xml(story.examples("walmart_ca.refund_order_lines")[0], BODY)] * 2


def test_a_lost_connection_stays_what_it_is() -> None:
    """An error of the transport within is not touched."""

    def lost(request: httpx.Request) -> NoReturn:
        raise httpx.ConnectError("refused")

    with (
        httpx.Client(transport=XmlTransport(httpx.MockTransport(lost))) as client,
        pytest.raises(httpx.ConnectError, match=r"^refused$"),
    ):
        client.get(URL)
