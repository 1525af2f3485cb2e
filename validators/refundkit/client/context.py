"""Requests that read a refund's order, with the refund's credentials."""

from __future__ import annotations

import uuid

import httpx
import msgspec
from refundkit_apis._runtime.codec import encode

from .. import operations, routes
from ..operations import Operation
from ..routes import Match

# Headers of a refund that are about its body or make it another request, and nothing about who sends it.
_HEADERS_OF_THE_REFUND = frozenset(
    "content-type content-length content-encoding transfer-encoding expect x-http-method-override idempotency-key"
    " range if-range if-match if-none-match if-modified-since if-unmodified-since".split()
)
_SHARED_EXTENSIONS = ("timeout", "sni_hostname")
_KEYS_IN_QUERY = ("consumer_key", "consumer_secret")


class ContextSource(msgspec.Struct, frozen=True, kw_only=True):
    """The operation that answers a part of the context, and its query."""

    operation: Operation
    query: dict[str, str]


def context_sources(operation: Operation) -> dict[str, ContextSource]:
    """The operations that answer the parts of an operation's context."""
    return {
        part: ContextSource(operation=operations.get(f"{operation.api}.{source.operation}"), query=source.query)
        for part, source in operation.described.context.items()
        if source.operation is not None
    }


def context_request(source: ContextSource, match: Match, request: httpx.Request, *, signs: bool) -> httpx.Request:
    """Make the request that reads a part of a refund's context."""
    path = routes.sibling(match, _path(request), source.operation)
    query = {name: value.format_map(match.path) for name, value in source.query.items()}
    if not signs:
        query |= {name: request.url.params[name] for name in _KEYS_IN_QUERY if name in request.url.params}
    text = str(httpx.QueryParams(query))
    headers = [(name, value) for name, value in request.headers.multi_items() if name not in _HEADERS_OF_THE_REFUND]
    read = httpx.Request(
        "GET",
        request.url.copy_with(raw_path=(path + (f"?{text}" if text else "")).encode()),
        headers=headers,
        extensions={name: request.extensions[name] for name in _SHARED_EXTENSIONS if name in request.extensions},
    )
    read.headers["Cache-Control"] = "no-cache"
    read.headers["Accept"] = ", ".join(source.operation.described.accept)
    if "WM_QOS.CORRELATION_ID" in read.headers:
        read.headers["WM_QOS.CORRELATION_ID"] = str(uuid.uuid4())
    return read


def is_signed(request: httpx.Request) -> bool:
    """True if the credentials are good for this one request only."""
    return "oauth_signature" in request.url.params or "WM_SEC.AUTH_SIGNATURE" in request.headers


def json_form(operation: Operation, content: bytes, part: str = "body") -> bytes:
    """Translate unambiguous XML into its JSON form; return the rest as it is."""
    if b"<" not in content[:64]:  # the reader of XML is loaded only for what may be some
        return content
    from ..reading.xml import is_xml, read_xml

    if not is_xml(content):
        return content
    document = read_xml(content, operation.schema(part))
    return content if document.problems else encode(document.value)


def _path(request: httpx.Request) -> str:
    return request.url.raw_path.partition(b"?")[0].decode("ascii")
