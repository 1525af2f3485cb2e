"""Endpoints: a method and a path in text, in a table, or alone in a block of code."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .blocks import Page, Section
from .kinds import Endpoint, Fact

VERBS = "GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS"
VERB_ABOVE = r"(?<![^\n])(?:get|post|put|patch|delete)(?=[ \t]*\n\s*https?://)"  # alone on the line above a URL
ENDPOINT = re.compile(
    rf"(?<!-X )(?<!--request )\b({VERBS}|{VERB_ABOVE})\b[\s:`]*"
    r"(?:https?://([^\s/`'\"]+))?(/[\w{<:\[][^\s`'\"|,;]*)"
)


def read_endpoints(page: Page, index: int, _: str) -> Iterator[Fact]:
    """Yield the endpoints that a section names."""
    section = page.sections[index]
    text = join_text(section, {"text", "item", "table"})
    yield from _find_endpoints(index, text, section.line)


def join_text(section: Section, kinds: set[str]) -> str:
    """Join the text of a section's blocks, each on its line, from the line of the section on."""
    text = ""
    for block in section.blocks:
        cells = [(cell.line, cell.text) for row in block.rows for cell in row]
        for line, part in (cells or [(block.line, block.text)]) if block.kind in kinds else ():
            gap = line - section.line - text.count("\n")
            text += ("\n" * gap or " ") + part
    return text


def _find_endpoints(index: int, text: str, line: int) -> Iterator[Endpoint]:
    for match in ENDPOINT.finditer(text):
        path = match[3].rstrip(".:)*_")
        method_line = line + text.count("\n", 0, match.start(1))
        yield Endpoint(
            index, match[1].upper(), path, match[2] or "", method_line, line + text.count("\n", 0, match.start(3))
        )
