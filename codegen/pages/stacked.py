"""Lists of fields in which name, type, remarks and text stand on lines of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .blocks import Page, Section
from .fields import TOKEN, read_inline_values, read_limits, read_types
from .kinds import Fact, Field, Fields, PageValue
from .runs import RUN, RUN_FORMAT, RUN_REMARKS, RUN_TYPE, read_required
from .titles import subject_of

NAME = re.compile(r"([A-Za-z_][\w.\-\[\]]*)\s*\*?(?:\s+\(?(?:required|optional)\)?)?\Z")
VALUES_BELOW = re.compile(r"(?:allowed|enum|possible|valid|accepted)(?: values?)?:\Z", re.IGNORECASE)
TYPE = re.compile(rf"({RUN_TYPE})[,;\s]*((?:(?:{RUN_REMARKS})[,;\s]*)*)\Z", re.IGNORECASE)
REMARKS = re.compile(rf"(?:(?:{RUN_REMARKS})[,;\s]*)+\Z", re.IGNORECASE)
# A name that no plain word is: with a hump, an underscore, a hyphen or a dot, or in small letters.
IDENTIFIER = re.compile(r"(?:[a-z][a-z0-9]*|\w*[a-z0-9][A-Z]\w*|\w+[_.\-\[][\w.\-\[\]]*)\Z")
LABELS = {"Type", "Format", "Required", "Default", "Name", "Description"}
NO_NAMES = {"or", "and", "yes", "no", "true", "false", "null", "none", "any", "all", "the", "a", "an"}
UNTYPED_ROLES = ("path", "query", "header", "parameters", "request", "response", "any")


class Line(NamedTuple):
    """A line of text on the page."""

    text: str
    line: int


def read_stacked(page: Page, index: int, role: str) -> Iterator[Fact]:
    """Yield the list of fields that the lines of a section make, if there are any."""
    lines = _list_lines(page.sections[index])
    starts = [place for place in range(len(lines) - 1) if _is_start(lines, place, role)]
    ends = [*starts[1:], len(lines)] if starts else []
    fields = [_read_field(lines[start:end]) for start, end in zip(starts, ends, strict=True)]
    if fields and role not in ("status", "none"):
        if any("*" in lines[start].text for start in starts):
            fields = [field._replace(required=field.required or PageValue(False, field.line)) for field in fields]
        is_exact = any(field.limits or field.format for field in fields)
        yield Fields(index, fields[0].line, role, subject_of(page.sections[index]), is_exact, tuple(fields))


def _list_lines(section: Section) -> list[Line]:
    """Return the lines of a section's text."""
    return [
        Line(text.strip(), block.line + number)
        for block in section.blocks
        if block.kind in ("text", "item")
        for number, text in enumerate(block.text.split("\n"))
        if text.strip()
    ]


def _is_start(lines: Sequence[Line], place: int, role: str) -> bool:
    """True if a name stands here, and below it a type, or in a section of parameters its text."""
    text, below = lines[place].text, lines[place + 1].text
    name = NAME.match(text)
    if not name or text in LABELS or any(pattern.match(text) for pattern in (TYPE, REMARKS, RUN)):
        return False
    is_untyped = IDENTIFIER.match(name[1]) and text not in NO_NAMES and role in UNTYPED_ROLES and " " in below
    return bool(TYPE.match(below) or (is_untyped and not RUN.match(below)))


def _read_field(lines: Sequence[Line]) -> Field:
    """Read one field: its name, then a type and remarks, then the text."""
    kind = TYPE.match(lines[1].text)
    types, format_name = read_types(kind[1], lines[1].line) if kind else (None, None)
    remarks = [Line(kind[2], lines[1].line)] if kind else []
    remarks += [line for line in lines[1:] if REMARKS.match(line.text)]
    required = [PageValue(True, lines[0].line)] if "*" in lines[0].text else []
    required += [value for remark in [lines[0], *remarks] if (value := read_required(*remark))]
    formats = [PageValue(match[1], part.line) for part in remarks if (match := RUN_FORMAT.search(part.text))]
    is_number = bool(types and types.value & {"integer", "number"})
    name = NAME.match(lines[0].text)
    return Field(
        name[1] if name else "",
        lines[0].line,
        types,
        next(iter(formats), format_name),
        next(iter(required), None),
        limits=tuple(limit for part in remarks for limit in read_limits(part.text, part.line, is_number)),
        values=tuple(_read_values(lines)),
    )


def _read_values(lines: Sequence[Line]) -> Iterator[PageValue]:
    """Yield the values that the text names, or that stand below a line such as `Allowed:`."""
    below = False
    for text, line in lines[1:]:
        if below and not TOKEN.match(text):
            return
        if below:
            yield PageValue(text, line)
        yield from read_inline_values(text, line)
        below = below or bool(VALUES_BELOW.match(text))
