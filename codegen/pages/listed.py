"""Lists of values under a line such as `Reasons supported:`, and statuses in text, titles and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus

from .blocks import Block, Page
from .fields import TOKEN, words
from .kinds import Fact, PageValue, Status, ValueList

LEAD = re.compile(r"\b(?:supported|allowed|possible|valid|accepted|one of|options|values)\b.*:\s*\Z", re.IGNORECASE)
LEAD_WORDS = {
    *("supported", "allowed", "possible", "valid", "accepted", "one", "of", "option", "value", "the", "are", "is"),
    *("following", "a", "an", "be", "can", "must"),
}
STATUS_COLUMNS = {"status", "code", "status code", "http status", "http code", "http status code"}
PHRASES = {status.phrase.lower(): status.value for status in HTTPStatus} | {
    "unprocessable content": 422,
    "unprocessable entity": 422,
}
STATUS = re.compile(rf"\b([1-5][0-9][0-9])[\s:\u2013-]+(?:{'|'.join(map(re.escape, PHRASES))})\b", re.IGNORECASE)
STATUS_FIRST = re.compile(r"\s*([1-5][0-9][0-9])\b")


def read_value_lists(page: Page, index: int, _: str) -> Iterator[Fact]:
    """Yield each list of values under a line that announces it."""
    blocks = page.sections[index].blocks
    for place, block in enumerate(blocks):
        if block.kind == "text" and LEAD.search(block.text):
            values = []
            for item in blocks[place + 1 :]:
                value = item.text.strip().strip("`\"'")
                if item.kind != "item" or not TOKEN.match(value):
                    break
                values.append(PageValue(value, item.line))
            if values:
                lead = block.text.rstrip().rpartition("\n")[2]
                last = block.line + block.text.rstrip().count("\n")
                yield ValueList(index, last, words(lead) - LEAD_WORDS, tuple(values))


def read_statuses(page: Page, index: int, role: str) -> Iterator[Fact]:
    """Yield the statuses that a section names."""
    section = page.sections[index]
    for match in STATUS.finditer(section.title):
        yield Status(index, match[1], section.line)
    above = ""
    for block in section.blocks:
        text = block.text.strip()
        if block.kind == "table":
            yield from _find_status_rows(index, block)
        elif block.kind in ("text", "item"):
            is_first = role == "status" or (role == "response" and text.isdigit())
            first = STATUS_FIRST.match(block.text) if is_first else None
            for match in [first] if first else STATUS.finditer(block.text):
                yield Status(index, match[1], block.line + block.text.count("\n", 0, match.start(1)))
            phrase = PHRASES.get(text.lower(), 0)
            if role == "response" and 200 <= phrase < 300 and above != str(phrase):
                yield Status(index, str(phrase), block.line)
        above = text


def is_status_table(block: Block) -> bool:
    """True if the first column of a table holds statuses."""
    return bool(block.rows) and block.rows[0][0].text.casefold() in STATUS_COLUMNS


def _find_status_rows(index: int, block: Block) -> Iterator[Status]:
    for row in block.rows[1:] if is_status_table(block) else ():
        match = STATUS_FIRST.match(row[0].text)
        if match:
            yield Status(index, match[1], row[0].line)
