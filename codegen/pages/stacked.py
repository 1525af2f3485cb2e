"""Lists of fields in which name, type, remarks and text stand on lines of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .blocks import Block, Page
from .fields import read_inline_values, read_limits, read_types
from .kinds import Fact, Field, Fields, PageValue
from .runs import RUN, RUN_FORMAT, RUN_REMARKS, RUN_TYPE, read_required
from .titles import subject_of

NAME = re.compile(r"([A-Za-z_][\w.\-\[\]]*)\s*(\*)?\Z")
TYPE = re.compile(rf"({RUN_TYPE})[,;\s]*((?:(?:{RUN_REMARKS})[,;\s]*)*)\Z", re.IGNORECASE)
REMARKS = re.compile(rf"(?:(?:{RUN_REMARKS})[,;\s]*)+\Z", re.IGNORECASE)
LIST_ROLES = ("path", "query", "header", "parameters")


def read_stacked(page: Page, index: int, role: str) -> Iterator[Fact]:
    """Yield the list of fields that the lines of a section make, if there are any."""
    section = page.sections[index]
    blocks = [block for block in section.blocks if block.kind in ("text", "item")]
    starts = [place for place in range(len(blocks) - 1) if _is_start(blocks, place, role)]
    ends = [*starts[1:], len(blocks)] if starts else []
    fields = [_read_field(blocks[start:end]) for start, end in zip(starts, ends, strict=True)]
    if fields and role not in ("status", "none"):
        has_star = any((match := NAME.match(blocks[start].text.strip())) and match[2] for start in starts)
        if has_star:
            fields = [field._replace(required=field.required or PageValue(False, field.line)) for field in fields]
        is_exact = any(field.limits or field.format for field in fields)
        yield Fields(index, fields[0].line, role, subject_of(section), is_exact, tuple(fields))


def _is_start(blocks: Sequence[Block], place: int, role: str) -> bool:
    """True if a name stands here, and below it a type, or in a section of parameters its text."""
    text, below = blocks[place].text.strip(), blocks[place + 1].text.strip()
    if not NAME.match(text) or any(pattern.match(text) for pattern in (TYPE, REMARKS, RUN)):
        return False
    return bool(TYPE.match(below)) or (role in LIST_ROLES and " " in below)


def _read_field(blocks: Sequence[Block]) -> Field:
    """Read one field: its name, then a type and remarks, then the text."""
    name, line = NAME.match(blocks[0].text.strip()), blocks[0].line
    kind = TYPE.match(blocks[1].text.strip())
    types, format_name = read_types(kind[1], blocks[1].line) if kind else (None, None)
    remarks = [PageValue(kind[2], blocks[1].line)] if kind else []
    remarks += [PageValue(block.text, block.line) for block in blocks[1:] if REMARKS.match(block.text.strip())]
    required = [PageValue(True, line)] if name and name[2] else []
    required += [value for remark in remarks if (value := read_required(remark.value, remark.line))]
    formats = [PageValue(match[1], part.line) for part in remarks if (match := RUN_FORMAT.search(part.value))]
    is_number = bool(types and types.value & {"integer", "number"})
    return Field(
        name[1] if name else "",
        line,
        types,
        next(iter(formats), format_name),
        next(iter(required), None),
        limits=tuple(limit for part in remarks for limit in read_limits(part.value, part.line, is_number)),
        values=tuple(value for block in blocks[1:] for value in read_inline_values(block.text, block.line)),
    )
