"""Requests that read a refund's order, with the refund's credentials."""

from __future__ import annotations

import uuid
from functools import reduce
from operator import getitem
from urllib.parse import parse_qsl

import httpx
import msgspec
from refundkit_apis._runtime.codec import encode

from .. import operations, routes
from ..operations import ContextSpec, Operation
from ..reading.keys import UNREADABLE
from ..routes import Match
from ..text import path_of

# Headers of a refund that are about its body or make it another request, and nothing about who sends it.
_HEADERS_OF_THE_REFUND = frozenset(
    "content-type content-length content-encoding transfer-encoding expect x-http-method-override idempotency-key"
    " range if-range if-match if-none-match if-modified-since if-unmodified-since".split()
)
_SHARED_EXTENSIONS = ("timeout", "sni_hostname")
_KEYS_IN_QUERY = ("consumer_key", "consumer_secret")


class ContextSource(msgspec.Struct, frozen=True, kw_only=True):
    """The operation that answers a part of the context, and how the spec describes its reading."""

    operation: Operation
    spec: ContextSpec


def context_sources(operation: Operation) -> dict[str, ContextSource]:
    """The operations that answer the parts of an operation's context."""
    return {
        part: ContextSource(operation=operations.get(f"{operation.api}.{source.operation}"), spec=source)
        for part, source in operation.described.context.items()
        if source.operation is not None
    }


def context_request(
    source: ContextSource, match: Match, request: httpx.Request, page: dict[str, str], *, signs: bool
) -> httpx.Request:
    """Make the request that reads a part of a refund's context; `page` is what its query has for one page of it."""
    path = routes.sibling(match, _path(request), source.operation)
    query = {name: value.format_map(match.path) for name, value in source.spec.query.items()} | page
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


def next_page(source: ContextSource, response: httpx.Response, pages: list[bytes]) -> dict[str, str] | None:
    """Return what the query of the page after those read has; None after the last."""
    described = source.spec.pages
    if "cursor" in described:
        cursor = _value_at(pages[-1], described["cursor"])
        return dict(parse_qsl(cursor.removeprefix("?"))) if isinstance(cursor, str) and cursor else None
    count = response.headers.get(described.get("total", ""), "")
    is_last = not (count.isascii() and count.isdigit()) or len(pages) >= int(count[-9:])
    return None if is_last else {described["query"]: str(len(pages) + 1)}


def join_pages(source: ContextSource, pages: list[bytes]) -> bytes:
    """Return one answer with the entries of all pages, each once: a new one moves the others to the next page.

    A page that is no list is returned alone, for its reader to refuse.
    """
    field, entries = source.spec.pick, dict[bytes, msgspec.Raw]()
    for page in pages if len(pages) > 1 else ():
        try:
            answer = msgspec.json.decode(page, type=dict[str, msgspec.Raw]) if field else {"": msgspec.Raw(page)}
            entries |= {bytes(entry): entry for entry in msgspec.json.decode(answer[field], type=list[msgspec.Raw])}
        except (*UNREADABLE, KeyError):
            return page
    if not entries:
        return pages[0]
    return encode({**answer, field: list(entries.values())} if field else list(entries.values()))


def _value_at(text: bytes, pointer: str) -> object:
    """Return what stands at a pointer of a JSON text, None if nothing does."""
    try:
        found: object = reduce(getitem, path_of(pointer) or (), msgspec.json.decode(text))
    except (*UNREADABLE, LookupError, TypeError):
        return None
    return found


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
