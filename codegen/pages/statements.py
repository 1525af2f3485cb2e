"""A Page -> its statements: every sentence, list item, row of a table and sample, each with its fingerprint."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from .blocks import Block, Page

SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])|\s+- (?=[A-Z])|(?<=\}) (?=[a-z]+ = )")
ADDRESS = re.compile(r"\[email\s*protected\]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


class Statement(NamedTuple):
    """One piece of a page that says something; `fingerprint` ignores whitespace and the presentation of letters."""

    section: str
    line: int
    text: str

    @property
    def fingerprint(self) -> str:
        text = "".join(unicodedata.normalize("NFKC", ADDRESS.sub("@", self.text)).split())
        return sha256(text.encode()).hexdigest()[:12]


def find_statements(page: Page) -> Iterator[Statement]:
    """Yield the statements of a page, those with the same words once in each section."""
    for section in page.sections:
        found = set()
        for block in section.blocks:
            for line, text in _split(block):
                statement = Statement(section.title, line, text)
                if re.search(r"\w", text) and statement.fingerprint not in found:
                    found.add(statement.fingerprint)
                    yield statement


def _split(block: Block) -> Iterator[tuple[int, str]]:
    if block.kind == "table":
        for row in block.rows[1:]:
            yield row[0].line, " | ".join(cell.text for cell in row)
    elif block.kind == "code":
        yield block.line, block.text
    else:
        for sentence in SENTENCE_END.split(block.text):
            yield block.line, sentence.strip()
