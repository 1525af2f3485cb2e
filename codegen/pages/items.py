"""Lists of fields as bullets: a name, then type and marks in brackets, then the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .blocks import Page
from .fields import read_inline_values, read_limits, read_types
from .kinds import Fact, Field, Fields, PageValue
from .nesting import nest_names
from .runs import read_required
from .titles import subject_of

ITEM = re.compile(r"[`*\"']{0,3}([A-Za-z_][\w.\-\[\]]*)[`*\"']{0,3}\s*\(([^()]*)\)\s*[:\u2013\u2014-]?\s*", re.DOTALL)
EXAMPLE = re.compile(r"\bexample:.*", re.IGNORECASE | re.DOTALL)
MARKS = re.compile(r"(?:required|optional|deprecated|read-?only|write-?only|nullable)\Z", re.IGNORECASE)


def read_items(page: Page, index: int, role: str) -> Iterator[Fact]:
    """Yield the list of fields that the items of a section make, if there are any."""
    section = page.sections[index]
    fields = [
        _read_item(match, block.text[match.end() :], block.line)
        for block in section.blocks
        if block.kind == "item" and (match := ITEM.match(block.text)) and _has_type(match[2])
    ]
    if role in ("status", "none"):
        return
    if any(field.required and field.required.value for field in fields):
        fields = [field._replace(required=field.required or PageValue(False, field.line)) for field in fields]
    for subject, group in nest_names(fields, subject_of(section)):
        yield Fields(index, group[0].line, role, subject, False, tuple(group))


def _has_type(text: str) -> bool:
    parts = [part.strip() for part in text.split(",")]
    types = read_types(" or ".join(part for part in parts if not MARKS.match(part)), 0)[0]
    return bool(types and types.value <= {"string", "integer", "number", "boolean", "array", "object", "null"})


def _read_item(match: re.Match[str], text: str, line: int) -> Field:
    parts = [part.strip() for part in match[2].split(",")]
    types, format_name = read_types(" or ".join(part for part in parts if not MARKS.match(part)), line)
    is_number = bool(types and types.value & {"integer", "number"})
    said = EXAMPLE.sub("", text)
    return Field(
        match[1],
        line,
        types,
        format_name,
        read_required(match[2], line),
        PageValue("read" in match[2].lower(), line),
        tuple(read_limits(said, line, is_number)),
        tuple(read_inline_values(said, line)),
    )
