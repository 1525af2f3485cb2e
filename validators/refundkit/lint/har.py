"""Recorded traffic (HAR) -> records: each call of an operation with a body, and what earlier answers tell of its order.

The order and the list of earlier refunds are the last answers, before the call, of the operations that the spec names
for them, about the same order of the same shop. A list of which the recording has but one page of several is none.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Literal

import msgspec
from refundkit_apis._runtime.codec import encode

from .. import operations, routes
from ..checking.body import read_document
from ..errors import SourceError
from ..operations import ContextSpec, Operation
from ..reading.document import Document, Fault, Location, SourceText, make_unreadable
from ..reading.json import read_json
from ..reading.keys import UNREADABLE
from ..reading.places import Part
from ..text import without_bom
from .entry import MOST, Record, advance, make_oversized

# Where the recording has what a pointer into our request names.
_HOMES = {
    "body": "/request/postData/text",
    "headers": "/request/headers",
    "path": "/request/url",
    "query": "/request/url",
}


class Header(msgspec.Struct, frozen=True):
    """A header; its name may be of any case."""

    name: str
    value: str


class PostData(msgspec.Struct, frozen=True):
    """The body of a request as text; what a form sends is in other fields, and no operation takes it."""

    text: str | None = None


class Call(msgspec.Struct, frozen=True, rename="camel"):
    """What was sent."""

    method: str
    url: str
    headers: tuple[Header, ...] = ()
    post_data: PostData | None = None


class Content(msgspec.Struct, frozen=True):
    """The body of an answer; in Base64 where the recorder says so."""

    text: str | None = None
    encoding: str = ""


class Answer(msgspec.Struct, frozen=True):
    """What came back; the status is 0 where nothing did."""

    status: int = 0
    headers: tuple[Header, ...] = ()
    content: Content = Content()

    @property
    def body(self) -> bytes | None:
        """The body of a success, if it was recorded and is all there is; the text itself if that is no Base64."""
        has_more = any(header.name.lower() == "link" and 'rel="next"' in header.value for header in self.headers)
        if self.content.text is None or not 200 <= self.status < 300 or has_more:
            return None
        text = self.content.text.encode()
        try:
            return b64decode(text) if self.content.encoding == "base64" else text
        except ValueError:
            return text  # which the check refuses as an order


class Exchange(msgspec.Struct, frozen=True):
    """One entry of a recording."""

    request: Call
    response: Answer = Answer()


class Log(msgspec.Struct, frozen=True):
    """The part of a recording that we read."""

    entries: tuple[msgspec.Raw, ...]


class Recording(msgspec.Struct, frozen=True):
    """A HAR file."""

    log: Log


class Known(msgspec.Struct, frozen=True, eq=False):
    """An exchange that calls an operation."""

    match: routes.Match
    base: str
    exchange: Exchange


class EntryDocument(Document, frozen=True, dict=True, eq=False):
    """The request of an entry; its places are those of the entry, in which a body is one text."""

    def locate_all(self, queries: Sequence[tuple[str, Part]]) -> list[Location | None]:
        """Locate each value at the part of the entry that holds it."""
        homes = [_HOMES.get(pointer.split("/")[1] if pointer else "", "/request") for pointer, _ in queries]
        kind: Literal["value"] = "value"
        return read_json(self.source.data, first_line=self.source.first_line).locate_all(
            [(home, kind) for home in homes]
        )


def read_har(file: str, text: bytes) -> Iterator[Record]:
    """Read the records of a recording; one that nobody can read is one record with RF001."""
    data = without_bom(text)
    try:
        recording = msgspec.json.decode(data, type=Recording)
    except UNREADABLE:
        yield Record(file, 1, None, partial(_refuse, text))
        return
    earlier: list[Known] = []
    end, line, column = 0, 1, 0
    for number, raw in enumerate(recording.log.entries, 1):
        entry = bytes(raw)
        start = data.index(entry, end)
        line, column = advance(data[end:start], line, column)
        known = _recognise(entry, file, number)
        if known is not None and known.match.operation.described.body is not None:
            request = encode(_make_request(known, earlier))
            if len(request) > MOST:
                yield msgspec.structs.replace(make_oversized(file, line), number=number, column=column)
            else:
                read = partial(_read_entry, entry, request, line)
                yield Record(file, number, request, read, column=column, is_alone=False)
        if known is not None:
            earlier.append(known)
        line, column = advance(entry, line, column)
        end = start + len(entry)


def _refuse(data: bytes) -> Document:
    document = read_json(data)
    if not document.readable:
        return document
    message, hint = "this is no HAR recording: it has no list of entries at /log/entries", "export it as HAR 1.2"
    return make_unreadable(SourceText(data), [Fault("RF001", message, hint, span=(0, 1))])


def _recognise(entry: bytes, file: str, number: int) -> Known | None:
    """Find the operation that an entry calls, if any. Raises SourceError for an entry that is none."""
    try:
        exchange = msgspec.json.decode(entry, type=Exchange)
    except UNREADABLE as error:
        raise SourceError(f"{file}: entry {number} of the recording: {error}") from error
    match = routes.match(exchange.request.method, exchange.request.url)
    return None if match is None else Known(match, routes.base_of(match.operation, exchange.request.url), exchange)


def _make_request(known: Known, earlier: list[Known]) -> dict[str, Any]:
    """Make the request that a call is, with its order and refunds from the answers before it."""
    call, operation = known.exchange.request, known.match.operation
    # Names such as `:authority` are how HTTP/2 writes the URL.
    headers = {header.name: header.value for header in call.headers if not header.name.startswith(":")}
    request: dict[str, Any] = {"method": call.method, "url": call.url}
    if headers:  # a recording without any was cleaned
        request["headers"] = headers
    if call.post_data is not None and call.post_data.text:
        request["body"] = _json_form(call.post_data.text.encode(), operation, "body")
    for part, source in operation.described.context.items():
        answer = None if source.operation is None else _find_answer(known, source, earlier)
        if answer is not None:
            request[part] = answer
    return request


def _find_answer(known: Known, source: ContextSpec, earlier: list[Known]) -> msgspec.Raw | None:
    """Find the last answer before a call that tells a part of its context."""
    wanted = operations.get(f"{known.match.operation.api}.{source.operation}")
    path = known.match.path
    about = {name: value.format_map(path) for name, value in source.query.items() if "{" in value}
    for other in reversed(earlier):
        query = other.match.query
        is_same_order = other.match.path.items() <= path.items() and about.items() <= query.items()
        if other.match.operation is wanted and other.base == known.base and is_same_order:
            body = other.exchange.response.body if query.get("page", "1") == "1" else None
            return None if body is None else _json_form(body, wanted, operations.success(wanted))
    return None


def _json_form(text: bytes, operation: Operation, part: str) -> msgspec.Raw:
    """Return JSON as it stands, the JSON form of XML, and anything else as a text, which the check refuses."""
    document = read_document(text, operation, part)
    if not document.readable:
        return msgspec.Raw(encode(text.decode("utf-8", "replace")))
    return msgspec.Raw(without_bom(text) if document.places is None else encode(document.value))


def _read_entry(entry: bytes, request: bytes, line: int) -> Document:
    return EntryDocument(read_json(request).value, (), True, SourceText(entry, first_line=line))
