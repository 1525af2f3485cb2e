"""XML on the wire: JSON requests leave as XML, answers come back as JSON."""

from __future__ import annotations

from functools import cache
from typing import cast

import httpx
from refundkit_apis._runtime.codec import encode
from refundkit_apis._runtime.errors import NotSent

from .. import routes
from ..checking.check import check
from ..operations import Operation
from ..reading.json import read_json
from ..reading.xml import Schema, find_root_name, is_xml, read_xml
from ..xml_writer import write_xml

XML = "application/xml"
_ANSWERS = (XML, "text/xml")


class XmlTransport(httpx.BaseTransport):
    """A transport that speaks XML for the operations that know nothing else.

    Any other request passes untouched. A body in the JSON form leaves as XML, with `Content-Type` and `Accept`
    application/xml. The answer, errors included, comes back in the JSON form as application/json; its status, other
    headers and extensions stay. An answer that is no such XML passes untouched, for the client to speak of: an HTML
    page, a document that is cut off, has a document type, another root or an element twice where only one is known. So
    does the whole exchange where the request's body is XML already.

    A body that XML cannot hold is never sent: raises RefundBlocked where the check knows why, and NotSent, which names
    the pointer and never the value, where it does not.
    """

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        operation = _operation(request)
        if operation is None:
            return self._transport.handle_request(request)
        if operation.xml and is_xml(request.read()):
            return self._transport.handle_request(request)
        response = self._transport.handle_request(_to_xml(request, operation))
        if not _speaks_xml(response):
            return response
        try:
            data = b"".join(cast("httpx.SyncByteStream", response.stream))
        finally:
            response.close()
        return _from_xml(request, response, data, operation)

    def close(self) -> None:
        self._transport.close()


class AsyncXmlTransport(httpx.AsyncBaseTransport):
    """As XmlTransport, for an async client."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        operation = _operation(request)
        if operation is None:
            return await self._transport.handle_async_request(request)
        if operation.xml and is_xml(await request.aread()):
            return await self._transport.handle_async_request(request)
        response = await self._transport.handle_async_request(_to_xml(request, operation))
        if not _speaks_xml(response):
            return response
        try:
            data = b"".join([chunk async for chunk in cast("httpx.AsyncByteStream", response.stream)])
        finally:
            await response.aclose()
        return _from_xml(request, response, data, operation)

    async def aclose(self) -> None:
        await self._transport.aclose()


def _operation(request: httpx.Request) -> Operation | None:
    """The operation that a request calls, if its wire is XML."""
    match = routes.match(request.method, str(request.url))
    return match.operation if match and XML in match.operation.described.accept else None


def _speaks_xml(response: httpx.Response) -> bool:
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower() in _ANSWERS


@cache
def _schema(operation: Operation, part: str) -> Schema:
    return operation.schema(part)


def _to_xml(request: httpx.Request, operation: Operation) -> httpx.Request:
    """The request as the wire has it. A body has been read."""
    headers = request.headers.copy()
    headers["Accept"] = XML
    stream = request.stream
    if operation.xml:
        content = _encode_xml(request.content, operation)
        stream = httpx.ByteStream(content)
        headers["Content-Type"] = XML
        headers.pop("Transfer-Encoding", None)
        headers["Content-Length"] = str(len(content))
    wire = httpx.Request(request.method, request.url, headers=headers, stream=stream)
    wire.extensions = request.extensions  # the same object, so that httpx finds what the transport adds
    return wire


def _encode_xml(content: bytes, operation: Operation) -> bytes:
    """The XML of a body in the JSON form. Raises RefundBlocked or NotSent."""
    document = read_json(content)
    try:
        if not document.problems:
            return write_xml(document.value, _schema(operation, "body"))
        why = document.problems[0].message
    except ValueError as error:
        why = str(error)
    check(operation.name, content).raise_for_errors()
    raise NotSent(f"{operation.name}: {why}; nothing was sent")


def _from_xml(request: httpx.Request, response: httpx.Response, data: bytes, operation: Operation) -> httpx.Response:
    """The response in the JSON form if possible, else as it was."""
    headers = response.headers.copy()
    content = _decode_xml(response, data, operation)
    if content is not None:
        for name in ("Content-Encoding", "Transfer-Encoding"):
            headers.pop(name, None)
        headers["Content-Type"] = "application/json"
        headers["Content-Length"] = str(len(content))
    return httpx.Response(
        response.status_code,
        headers=headers,
        stream=httpx.ByteStream(data if content is None else content),
        request=request,
        extensions=response.extensions,
    )


def _decode_xml(response: httpx.Response, data: bytes, operation: Operation) -> bytes | None:
    """The JSON form of an answer; None where no schema describes it."""
    try:
        decoded = httpx.Response(200, headers=response.headers, content=data).content
    except httpx.DecodingError:
        return None
    schema = _answer_schema(operation, response.status_code, find_root_name(decoded))
    if schema is None:
        return None
    document = read_xml(decoded, schema)
    return None if document.problems else encode(document.value)


def _answer_schema(operation: Operation, status: int, root: str) -> Schema | None:
    """The schema of an answer by its status, else by its root element."""
    parts = sorted(operation.described.responses, key=lambda part: part != str(status))
    schemas = (_schema(operation, part) for part in parts)
    return next((schema for schema in schemas if root in schema["properties"]), None)
