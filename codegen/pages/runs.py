"""Runs of words such as `nameStringRequired>=36 characters`, as a browser copies a list of fields."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .blocks import Page
from .fields import TYPES, read_inline_values, read_limits, read_types, words
from .kinds import BodyType, Fact, Field, Fields, PageValue
from .titles import subject_of

RUN_TYPE = (
    r"(?:(?:list|array)(?: of (?:(?:lists|arrays) of )*[a-z]+)?|map(?: from [a-z]+ to [a-z]+)?|string|integer|any"
    r"|uuid|int(?:32|64)?|long|number|double|float|decimal|boolean|object|enum|date-time|datetime|date)(?: or null)?"
)
RUN_REMARKS = (
    r"[Rr]equired|[Oo]ptional|Deprecated|Read-only|Write-only|format: \"[\w-]+\"|Defaults to \S+"
    r"|(?:[<>]=?|=)\s*\d+(?:\.\d+)?(?: characters| items)?|\d+-\d+ (?:characters|items)"
)
RUN = re.compile(rf"([A-Za-z_][\w.\-]*?)\s*({RUN_TYPE})\s*((?:(?:{RUN_REMARKS})\s*)*)\Z")
# Types that common words end with, such as `Update` and `Company`.
WORD_ENDS = {"int", "date", "any", "list", "map", "long", "array", "object", "number", "string"}
CHILDREN = re.compile(r"(?:Show|Hide) (\d+) (?:propert(?:y|ies)|fields?|attributes?)\Z", re.IGNORECASE)
RUN_FORMAT = re.compile(r"format: \"([\w-]+)\"")
CREDENTIAL = re.compile(r"(Authorization)\s*(Bearer|Basic)\Z")
BODY = re.compile(r"\bendpoint expects (?:an? )?(list|array|object|map|string)", re.IGNORECASE)


def read_runs(page: Page, index: int, role: str) -> Iterator[Fact]:
    """Yield the list of fields that the runs of a section make, if there are any, and the type of the whole body."""
    section = page.sections[index]
    fields: list[Field] = []
    nested: list[tuple[int, int]] = []  # where the fields of an object begin, and how many they are
    for block in section.blocks:
        if block.kind not in ("text", "item"):
            continue
        body = BODY.search(block.text)
        if body:
            yield BodyType(index, "request", TYPES[body[1].lower()], block.line)
        field, children = _read_run(block.text.strip(), block.line), CHILDREN.match(block.text.strip())
        if field:
            fields.append(field)
        elif fields and children:  # of those that are shown, the button says `Hide`
            nested += [(len(fields), int(children[1]))] if block.text.strip().startswith("Hide") else []
        elif fields and block.kind == "text":
            values = fields[-1].values + tuple(read_inline_values(block.text, block.line))
            fields[-1] = fields[-1]._replace(values=values)
    if role not in ("status", "none"):
        for subject, group in _nest(fields, nested, subject_of(section)):
            yield Fields(index, group[0].line, role, subject, page.plain, tuple(group))
        if fields and role == "response":
            yield BodyType(index, "response", "object", fields[0].line)


def _nest(
    fields: list[Field], nested: list[tuple[int, int]], subject: frozenset[str]
) -> Iterator[tuple[frozenset[str], list[Field]]]:
    """Yield each list of fields with its subject: those below `Hide 2 properties` are of the field above."""
    inner = set()
    for begin, count in reversed(nested):
        places = [place for place in range(begin, len(fields)) if place not in inner][:count]
        inner.update(places)
        yield words(fields[begin - 1].name), [fields[place] for place in places]
    outer = [field for place, field in enumerate(fields) if place not in inner]
    yield from [(subject, outer)] if outer else []


def _read_run(text: str, line: int) -> Field | None:
    credential = CREDENTIAL.match(text)
    if credential:
        return Field(credential[1], line, scheme=credential[2].lower())
    match = RUN.match(text)
    if not match or (match[2] in WORD_ENDS and not match[3] and text.isalpha() and text.istitle()):
        return None
    remarks = match[3]
    types, format_name = read_types(match[2], line)
    format_match = RUN_FORMAT.search(remarks)
    return Field(
        match[1],
        line,
        types,
        PageValue(format_match[1], line) if format_match else format_name,
        read_required(remarks, line),
        PageValue(True, line) if "Read-only" in remarks else None,
        tuple(read_limits(remarks, line, True)),
    )


def read_required(remarks: str, line: int) -> PageValue | None:
    """Read whether remarks say `Required` or `Optional`."""
    match = re.search(r"\b(required)|(optional)", remarks, re.IGNORECASE)
    return PageValue(bool(match[1]), line) if match else None
