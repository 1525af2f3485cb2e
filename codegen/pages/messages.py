"""HTTP messages in blocks of code: an endpoint alone, a request with headers and a body, or an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import samples
from .addresses import VERBS
from .blocks import Block, Page
from .kinds import Endpoint, Fact, Header, Sample, SampleCall, SectionCall, Status, UnreadableSample

REQUEST = re.compile(rf"[ \t]*({VERBS})[ \t]+(?:https?://([^\s/]+))?(/\S*)(?:[ \t]+HTTP/[\d.]+)?[ \t]*(?:\n|\Z)")
ANSWER = re.compile(r"\s*HTTP/[\d.]+ ([1-5][0-9][0-9])\b.*(?:\n|\Z)")
HEADER = re.compile(r"[ \t]*([\w.-]+):[ \t]*(.*?)[ \t]*(?:\n|\Z)")


def read_messages(page: Page, index: int, _: str) -> Iterator[Fact]:
    """Yield the endpoints, calls and answers that stand as HTTP messages in the code of a section."""
    for block in page.sections[index].blocks:
        answer = ANSWER.match(block.text) if block.kind == "code" else None
        if answer:
            line = block.line + block.text.count("\n", 0, answer.start(1))
            yield Status(index, answer[1], line)
            yield from _read_body(index, "response", block, _read_headers(block, answer.end())[1])
        elif block.kind == "code":
            yield from _read_request(index, block)


def _read_request(index: int, block: Block) -> Iterator[Fact]:
    """Yield the endpoints that the code begins with, or the call if headers or a body follow."""
    end = len(block.text) - len(block.text.lstrip())
    requests = []
    while match := REQUEST.match(block.text, end):
        requests.append(match)
        end = match.end()
    if len(requests) != 1 or not block.text[end:].strip():
        for match in requests:
            line = block.line + block.text.count("\n", 0, match.start(1))
            yield Endpoint(index, match[1], match[3].partition("?")[0], match[2] or "", line, line)
        return
    headers, begin = _read_headers(block, end)
    host = next((header.value for header in headers if header.name.lower() == "host"), requests[0][2] or "")
    sent = tuple(header for header in headers if header.name.lower() not in ("host", "content-length"))
    body = next(_read_body(index, "request", block, begin), None)
    line = block.line + block.text.count("\n", 0, requests[0].start(1))
    url = f"https://{host}{requests[0][3]}" if host else requests[0][3]
    value = body.value if isinstance(body, Sample) else None
    yield SectionCall(index, SampleCall(line, requests[0][1], url, sent, body=value))
    if isinstance(body, UnreadableSample):
        yield body


def _read_headers(block: Block, begin: int) -> tuple[list[Header], int]:
    headers = []
    while match := HEADER.match(block.text, begin):
        headers.append(Header(match[1], match[2], block.line + block.text.count("\n", 0, match.start(1))))
        begin = match.end()
    return headers, begin


def _read_body(index: int, role: str, block: Block, begin: int) -> Iterator[Sample | UnreadableSample]:
    """Yield the JSON that a message ends with."""
    try:
        value = samples.leading(block.text[begin:], block.line + block.text.count("\n", 0, begin))
    except samples.SampleError as error:
        yield UnreadableSample(index, error.line, str(error))
    else:
        if value:
            yield Sample(index, role, value)
