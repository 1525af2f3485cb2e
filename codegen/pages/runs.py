"""Runs of words such as `nameStringRequired>=36 characters`, as a browser copies a list of fields."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .blocks import Page
from .fields import TYPES, read_inline_values, read_limits, read_types
from .kinds import BodyType, Fact, Field, Fields, PageValue
from .titles import subject_of

RUN_TYPE = (
    r"(?:(?:list|array) of [a-z]+|map from [a-z]+ to [a-z]+|string|integer|int|long|number|double|float|decimal|boolean"
    r"|object|enum|date-time|datetime|date|uuid|any)(?: or null)?"
)
RUN_REMARKS = (
    r"Required|Optional|Deprecated|Read-only|Write-only|format: \"[\w-]+\"|Defaults to \S+"
    r"|(?:[<>]=?|=)\s*\d+(?:\.\d+)?(?: characters| items)?|\d+-\d+ (?:characters|items)"
)
RUN = re.compile(rf"([A-Za-z_][\w.\-]*?)\s*({RUN_TYPE})\s*((?:(?:{RUN_REMARKS})\s*)*)\Z")
RUN_FORMAT = re.compile(r"format: \"([\w-]+)\"")
CREDENTIAL = re.compile(r"(Authorization)\s*(Bearer|Basic)\Z")
BODY = re.compile(r"\bendpoint expects (?:an? )?(list|array|object|map|string)", re.IGNORECASE)


def read_runs(page: Page, index: int, role: str) -> Iterator[Fact]:
    """Yield the list of fields that the runs of a section make, if there are any, and the type of the whole body."""
    section = page.sections[index]
    fields: list[Field] = []
    for block in section.blocks:
        if block.kind not in ("text", "item"):
            continue
        body = BODY.search(block.text)
        if body:
            yield BodyType(index, "request", TYPES[body[1].lower()], block.line)
        field = _read_run(block.text.strip(), block.line)
        if field:
            fields.append(field)
        elif fields:
            values = fields[-1].values + tuple(read_inline_values(block.text, block.line))
            fields[-1] = fields[-1]._replace(values=values)
    if fields and role not in ("status", "none"):
        yield Fields(index, fields[0].line, role, subject_of(section), True, tuple(fields))
        if role == "response":
            yield BodyType(index, "response", "object", fields[0].line)


def _read_run(text: str, line: int) -> Field | None:
    credential = CREDENTIAL.match(text)
    if credential:
        return Field(credential[1], line, scheme=credential[2].lower())
    match = RUN.match(text)
    if not match:
        return None
    remainder = match[3]
    types, format_name = read_types(match[2], line)
    format_match = RUN_FORMAT.search(remainder)
    required = True if "Required" in remainder else False if "Optional" in remainder else None
    return Field(
        match[1],
        line,
        types,
        PageValue(format_match[1], line) if format_match else format_name,
        None if required is None else PageValue(required, line),
        PageValue(True, line) if "Read-only" in remainder else None,
        tuple(read_limits(remainder, line, True)),
    )
