"""The XML transports under the generated client, over a socket."""

from __future__ import annotations

import gzip
import tracemalloc
from typing import Any

import httpx
import pytest
import story
from api_server import CALLS, Server, call, plain
from refundkit import operations
from refundkit.client.wire import AsyncXmlTransport, XmlTransport
from refundkit.reading.xml import read_xml
from refundkit_apis._runtime import errors
from refundkit_apis._runtime.client import Client
from refundkit_apis._runtime.codec import decode, encode
from refundkit_apis.walmart_ca.api.orders import get_order, refund_order_lines
from refundkit_apis.walmart_ca.models import OrderRefundRequest
from walmart_xml import (
    CHARGES,
    DOCUMENT,
    HTML_PAGE,
    NAMES,
    NAMESPACE,
    ORDER_SCHEMA,
    ORDER_XML,
    SECRET,
    WAYS,
    XML,
    order_xml,
)


@pytest.fixture
def server(server: Server) -> Server:
    """The shared server, answering an order in XML."""
    server.answer(200, ORDER_XML, {"Content-Type": XML})
    return server


def client_of(server: Server, way: str = "sync") -> Client:
    """Return a client of the server that sends and receives XML."""
    transport: Any = (
        XmlTransport(httpx.HTTPTransport(verify=False, trust_env=False))
        if way.startswith("sync")
        else AsyncXmlTransport(httpx.AsyncHTTPTransport(verify=False, trust_env=False))
    )
    options = {"transport": transport, "trust_env": False}
    return Client(server.url, headers={"WM_SEC.ACCESS_TOKEN": SECRET, "WM_SVC.NAME": "Example"}, options=options)


GZIPPED_ORDER = gzip.compress(ORDER_XML, mtime=0)
ERRORS_XML = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<ns2:errors xmlns:ns2="http://walmart.com/">\n  <ns2:error>\n'
    b"    <ns2:code>INVALID_REQUEST_CONTENT.GMP_ORDER_API</ns2:code>\n    <ns2:field>data</ns2:field>\n"
    b"    <ns2:description>Amount &lt; 0 &amp; so on</ns2:description>\n    <ns2:severity>ERROR</ns2:severity>\n"
    b"    <ns2:causes><ns2:cause/></ns2:causes>\n  </ns2:error>\n</ns2:errors>"
)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_call_sends_and_receives_xml(server: Server, name: str, way: str) -> None:
    """Each operation sends its body and Accept header as XML, and returns the model of the XML response."""
    server.answer(200, order_xml("ns3"), {"Content-Type": "application/xml;charset=UTF-8", "X-Page": "1"})
    result = call(name, client_of(server, way), way)
    (sent,) = server.received
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


def test_refund_arrives_as_the_published_document(server: Server) -> None:
    """The server receives a refund as the bytes of DOCUMENT."""
    body = story.examples("walmart_ca.refund_order_lines")[0]
    body["orderRefund"]["orderLines"]["orderLine"][0]["refunds"]["refund"] = [
        {"refundCharges": {"refundCharge": CHARGES}, "refundComments": "<Lid> was cracked", "refundId": "R&1"}
    ]
    with client_of(server) as client:
        refund_order_lines.sync("1796277083022", client=client, body=decode(encode(body), OrderRefundRequest))
    lines = DOCUMENT.replace("    <orderLine>\n      <lineNumber></lineNumber>\n    </orderLine>\n", "").splitlines()
    assert server.received[0].body.decode() == lines[0] + "\n" + "".join(line.strip() for line in lines[1:])


@pytest.mark.parametrize("way", ["sync", "asyncio"])
@pytest.mark.parametrize("status", [200, 400, 401, 404, 409, 429, 500, 503, 520])
@pytest.mark.parametrize("name", NAMES)
def test_error_has_the_code_and_reason_of_the_xml(server: Server, name: str, status: int, way: str) -> None:
    """StatusError has the code and description of an XML error, whether its status is documented or not."""
    server.answer(status, ERRORS_XML, {"Content-Type": "text/xml"})
    with pytest.raises(errors.StatusError) as caught:
        call(name, client_of(server, way), way)
    assert (caught.value.status, caught.value.code) == (status, "INVALID_REQUEST_CONTENT.GMP_ORDER_API")
    assert caught.value.reason == "Amount < 0 & so on"
    assert caught.value.response.json()["errors"]["error"][0]["field"] == "data"


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        (GZIPPED_ORDER, {"Content-Encoding": "gzip", "Content-Length": str(len(GZIPPED_ORDER))}),
        (f"{len(ORDER_XML):x}\r\n".encode() + ORDER_XML + b"\r\n0\r\n\r\n", {"Transfer-Encoding": "chunked"}),
        (ORDER_XML.replace(b"utf-8", b"utf-16").decode().encode("utf-16"), {}),
    ],
    ids=["gzip", "chunked", "utf-16"],
)
def test_encoded_response_is_decoded(server: Server, data: bytes, headers: dict[str, str]) -> None:
    """A compressed, chunked or UTF-16 response becomes JSON with fitting headers."""
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
    assert response.headers["Content-Length"] == str(len(encode(read_xml(ORDER_XML, ORDER_SCHEMA).value)))


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
    """A response with entities is passed on unchanged: no entity is fetched or expanded."""
    text = (
        f'{head.replace("URL", server.url)}<order xmlns="{NAMESPACE}"><purchaseOrderId>&a19;</purchaseOrderId></order>'
    )
    server.answer(200, text.encode(), {"Content-Type": XML})
    tracemalloc.start()
    try:
        with pytest.raises(errors.DecodeError, match="no JSON \\(application/xml\\)") as caught:
            call("walmart_ca.get_order", client_of(server, way), way)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.response.content == text.encode()
    assert len(server.received) == 1
    assert peak < 20_000_000


UNTOUCHED = {
    "page": (HTML_PAGE, "text/html"),
    "page as XML": (HTML_PAGE, XML),
    "page without document type": (b"<html><body/></html>", XML),
    "cut off": (ORDER_XML[:-10], XML),
    "cut off in a character": (ORDER_XML[:300] + b"\xc3", XML),
    "empty": (b"", XML),
    "JSON as XML": (b'{"a":1}', XML),
    "XML as text": (ORDER_XML, "text/plain"),
    "XML as JSON": (ORDER_XML, "application/json"),
    "no type": (ORDER_XML, ""),
    "another namespace": (ORDER_XML.replace(NAMESPACE.encode(), b"http://walmart.com/other"), XML),
    "an element twice": (ORDER_XML.replace(b"<orderLines>", b"<orderLines/><orderLines>", 1), XML),
}


@pytest.mark.parametrize("way", ["sync", "asyncio"])
@pytest.mark.parametrize(("data", "kind"), UNTOUCHED.values(), ids=UNTOUCHED)
def test_undocumented_success_is_passed_on(server: Server, data: bytes, kind: str, way: str) -> None:
    """A success that is not the documented XML raises DecodeError with the unchanged bytes and headers."""
    server.answer(200, data, {"Content-Type": kind})
    with pytest.raises(errors.DecodeError) as caught:
        call("walmart_ca.refund_order_lines", client_of(server, way), way)
    response = caught.value.response
    assert response.content == data
    assert (response.headers["Content-Type"], response.headers["Content-Length"]) == (kind, str(len(data)))


@pytest.mark.parametrize("data", [HTML_PAGE, b"<html/>", ERRORS_XML[:-3], b"", b"{}"])
def test_undocumented_error_is_passed_on(server: Server, data: bytes) -> None:
    """An error status without an error document raises StatusError with the unchanged bytes and no code."""
    server.answer(502, data, {"Content-Type": XML})
    with pytest.raises(errors.StatusError) as caught:
        call("walmart_ca.cancel_order_lines", client_of(server))
    assert (caught.value.status, caught.value.code, caught.value.response.content) == (502, None, data)


def test_false_content_encoding_is_a_transport_error(server: Server) -> None:
    """A response that claims gzip and is not raises TransportError, as without the XML transport."""
    server.answer(200, ORDER_XML, {"Content-Type": XML, "Content-Encoding": "gzip"})
    with pytest.raises(errors.TransportError, match="DecodingError"):
        call("walmart_ca.get_order", client_of(server))


def test_json_response_is_read(server: Server) -> None:
    """A JSON response is read as JSON."""
    order = story.examples("walmart_ca.get_order", "200")[0]
    server.answer(200, encode(order))
    assert plain(call("walmart_ca.get_order", client_of(server))) == order


@pytest.mark.parametrize("way", ["sync", "asyncio"])
@pytest.mark.parametrize(
    "name", ["walmart.refund_order_lines", "walmart.get_order", "woocommerce_legacy.create_refund"]
)
def test_operations_of_json_apis_are_untouched(server: Server, name: str, way: str) -> None:
    """Operations of other APIs pass through the XML transport as JSON."""
    status = operations.success(operations.get(name))
    answer = story.examples(name, status)[0]
    server.answer(int(status), encode(answer))
    assert plain(call(name, client_of(server, way), way)) == answer
    assert server.received[0].headers["Accept"] == "application/json"
    assert server.received[0].body[:1] in (b"", b"{")
