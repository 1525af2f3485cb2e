"""The XML transports around another transport: streams, errors, and what they leave alone."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Generator, Iterator
from decimal import Decimal
from typing import Any, NoReturn

import httpx
import pytest
import story
from refundkit import RefundBlocked
from refundkit.client.wire import AsyncXmlTransport, XmlTransport
from refundkit.errors import NotSent
from refundkit.xml_writer import write_xml
from refundkit_apis._runtime.codec import encode
from walmart_xml import (
    DOCUMENT,
    HTML_PAGE,
    ORDER_XML,
    REFUND_SCHEMA,
    SECRET,
    XML,
)

URL = "https://marketplace.walmartapis.com/v3/ca/orders/1796277083022"


class Chunks(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in chunks that may raise at its end, and that notes when it is closed."""

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


class RecordingTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers every request with one response, and keeps the requests."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.requests: list[httpx.Request] = []
        self.closed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.response

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


def send_through(inner: RecordingTransport, way: str, **request: Any) -> httpx.Response:
    """Send a request with the XML transport around `inner`, sync or async, and return the response."""
    if way == "sync":
        with httpx.Client(transport=XmlTransport(inner)) as client:
            return client.request(**request)

    async def send_async() -> httpx.Response:
        async with httpx.AsyncClient(transport=AsyncXmlTransport(inner)) as client:
            return await client.request(**request)

    return asyncio.run(send_async())


SYNC_AND_ASYNC = pytest.mark.parametrize("way", ["sync", "asyncio"])


@SYNC_AND_ASYNC
def test_headers_and_extensions_are_kept_and_the_inner_response_closed(way: str) -> None:
    """The response keeps headers, extensions and the request; inner response and transport are closed."""
    stream = Chunks(ORDER_XML)
    headers = [("Content-Type", XML), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("ETag", '"x"')]
    inner = RecordingTransport(
        httpx.Response(200, headers=headers, stream=stream, extensions={"http_version": b"HTTP/2"})
    )
    response = send_through(inner, way, method="GET", url=URL, headers={"Accept": "application/json"})
    assert stream.closed
    assert inner.closed
    assert response.headers.get_list("Set-Cookie") == ["a=1", "b=2"]
    assert (response.headers["ETag"], response.http_version) == ('"x"', "HTTP/2")
    assert response.request.headers["Accept"] == "application/json"
    assert json.loads(response.content, parse_float=Decimal) == story.examples("walmart_ca.get_order", "200")[0]
    assert response.elapsed.total_seconds() >= 0


@SYNC_AND_ASYNC
def test_read_error_is_passed_on(way: str) -> None:
    """A read error in the middle of a response is raised unchanged, and the response is closed."""
    stream = Chunks(ORDER_XML, httpx.ReadError("reset"))
    inner = RecordingTransport(httpx.Response(200, headers={"Content-Type": XML}, stream=stream))
    with pytest.raises(httpx.ReadError, match=r"^reset$"):
        send_through(inner, way, method="GET", url=URL)
    assert stream.closed


@SYNC_AND_ASYNC
def test_response_of_another_type_is_not_read(way: str) -> None:
    """A response whose type is not XML is returned unread, as the same object."""
    inner = RecordingTransport(httpx.Response(200, headers={"Content-Type": "text/html"}, stream=Chunks(HTML_PAGE)))
    assert send_through(inner, way, method="GET", url=URL) is inner.response


@SYNC_AND_ASYNC
def test_response_that_was_read_already_is_decoded(way: str) -> None:
    """A response made from bytes, without a stream, is decoded too."""
    inner = RecordingTransport(httpx.Response(200, headers={"Content-Type": XML}, content=ORDER_XML))
    assert send_through(inner, way, method="GET", url=URL).json()["order"]["purchaseOrderId"] == "1796277083022"


@SYNC_AND_ASYNC
def test_streamed_body_is_sent_as_one_document(way: str) -> None:
    """A body that comes in chunks is sent as one XML document with a Content-Length."""
    inner = RecordingTransport(httpx.Response(200, headers={"Content-Type": XML}, content=ORDER_XML))
    body = encode(story.examples("walmart_ca.refund_order_lines")[0])
    chunks: Any = iter(Chunks(body)) if way == "sync" else aiter(Chunks(body))
    send_through(inner, way, method="POST", url=f"{URL}/refund", content=chunks, headers={"X-Own": "1"})
    (sent,) = inner.requests
    content = sent.read() if way == "sync" else asyncio.run(sent.aread())
    assert content == write_xml(story.examples("walmart_ca.refund_order_lines")[0], REFUND_SCHEMA)
    assert (sent.headers["Content-Length"], sent.headers["X-Own"]) == (str(len(content)), "1")
    assert "Transfer-Encoding" not in sent.headers


@SYNC_AND_ASYNC
@pytest.mark.parametrize(
    "data", [DOCUMENT.encode(), b"\xef\xbb\xbf<a/>", DOCUMENT.encode("utf-16"), DOCUMENT.encode("utf-16-be"), b" <!"]
)
def test_xml_body_is_left_alone(data: bytes, way: str) -> None:
    """A body that is XML already is sent unchanged, and its response is returned unchanged."""
    inner = RecordingTransport(httpx.Response(200, headers={"Content-Type": XML}, content=ORDER_XML))
    response = send_through(inner, way, method="POST", url=f"{URL}/refund", content=data, headers={"Accept": "a/b"})
    assert (inner.requests[0].content, inner.requests[0].headers["Accept"], response.content) == (
        data,
        "a/b",
        ORDER_XML,
    )


@SYNC_AND_ASYNC
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
def test_refused_body_is_not_sent(data: bytes, words: str, way: str) -> None:
    """A body with a finding raises RefundBlocked, and nothing is sent."""
    inner = RecordingTransport(httpx.Response(200, headers={"Content-Type": XML}, content=ORDER_XML))
    with pytest.raises(RefundBlocked, match=words) as caught:
        send_through(inner, way, method="POST", url=f"{URL}/refund", content=data)
    assert SECRET not in str(caught.value)
    assert inner.requests == []


@SYNC_AND_ASYNC
def test_character_outside_xml_is_not_sent(way: str) -> None:
    """A valid body with a character outside XML raises NotSent with its pointer, and shows no text."""
    body = copy.deepcopy(story.examples("walmart_ca.refund_order_lines")[0])
    body["orderRefund"]["orderLines"]["orderLine"][0]["refunds"]["refund"][0]["refundComments"] = f"{SECRET}\u0001"
    inner = RecordingTransport(httpx.Response(200, headers={"Content-Type": XML}, content=ORDER_XML))
    with pytest.raises(NotSent, match=r"/refundComments: .*U\+0001.*; nothing was sent$") as caught:
        send_through(inner, way, method="POST", url=f"{URL}/refund", content=story.text(body))
    assert SECRET not in str(caught.value)
    assert inner.requests == []


@SYNC_AND_ASYNC
def test_request_of_no_operation_is_untouched(way: str) -> None:
    """A request of no operation and its response pass unchanged."""
    inner = RecordingTransport(httpx.Response(200, headers={"Content-Type": XML}, content=ORDER_XML))
    response = send_through(inner, way, method="POST", url=f"{URL}/shipping", json={"a": 1})
    assert (response, inner.requests[0].content) == (inner.response, b'{"a":1}')


def test_request_may_be_sent_twice() -> None:
    """An auth flow that sends a request twice sends the same XML twice."""

    class SendTwice(httpx.Auth):
        def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
            yield request
            yield request

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        return httpx.Response(200, headers={"Content-Type": XML}, content=ORDER_XML)

    sent: list[bytes] = []
    body = encode(story.examples("walmart_ca.refund_order_lines")[0])
    with httpx.Client(transport=XmlTransport(httpx.MockTransport(answer)), auth=SendTwice()) as client:
        assert client.post(f"{URL}/refund", content=body).json()["order"]
    assert sent == [write_xml(story.examples("walmart_ca.refund_order_lines")[0], REFUND_SCHEMA)] * 2


def test_connection_error_is_passed_on() -> None:
    """A connection error of the inner transport is raised unchanged."""

    def lost(request: httpx.Request) -> NoReturn:
        raise httpx.ConnectError("refused")

    with (
        httpx.Client(transport=XmlTransport(httpx.MockTransport(lost))) as client,
        pytest.raises(httpx.ConnectError, match=r"^refused$"),
    ):
        client.get(URL)
