"""Lists of fields on a page: tables of parameters or attributes, and runs such as `nameStringRequired`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..lint import BOUNDS
from ..spec import snake
from .blocks import Block, Cell, Section
from .samples import Literal, literal

# The columns of a table of fields.
COLUMNS = {
    "name": {
        *("parameter", "parameters", "attribute", "field", "name", "property", "header", "key", "argument", "option"),
    },
    "type": {"type", "data type", "datatype", "format"},
    "required": {"required", "required?", "mandatory", "req", "req."},
    "description": {"description", "details", "notes", "meaning"},
    "example": {"example", "examples", "sample", "sample value", "example value"},
}
REQUIRED = {"required", "mandatory"}
READ_ONLY = {"read-only", "readonly", "read only"}
YES = {"✓", "✔", "✔️", "✅", "☑", "yes", "y", "true", "required", "x", "mandatory"}
NO = {"", "no", "n", "false", "optional", "-", "\u2013", "\u2014", "✗", "✘", "❌"}

TYPES = {
    **dict.fromkeys(("string", "strings", "str", "text", "enum"), "string"),
    **dict.fromkeys(("integer", "integers", "int", "int32", "int64", "long"), "integer"),
    **dict.fromkeys(("number", "numbers", "decimal", "float", "double"), "number"),
    **dict.fromkeys(("boolean", "booleans", "bool"), "boolean"),
    **dict.fromkeys(("array", "list", "arrays"), "array"),
    **dict.fromkeys(("object", "objects", "map", "dict", "hash"), "object"),
    **dict.fromkeys(("null", "none", "nil"), "null"),
}
FORMATS = {"datetime": "date-time", **{name: name for name in ("date-time", "date", "uuid", "uri", "email")}}

RUN_TYPE = (
    r"(?:(?:list|array) of [a-z]+|map from [a-z]+ to [a-z]+|string|integer|int|long|number|double|float|decimal|boolean"
    r"|object|enum|date-time|datetime|date|uuid|any)(?: or null)?"
)
RUN_REST = (
    r"Required|Optional|Deprecated|Read-only|Write-only|format: \"[\w-]+\"|Defaults to \S+"
    r"|(?:[<>]=?|=)\s*\d+(?:\.\d+)?(?: characters| items)?|\d+-\d+ (?:characters|items)"
)
RUN = re.compile(rf"([A-Za-z_][\w.\-]*?)\s*({RUN_TYPE})\s*((?:(?:{RUN_REST})\s*)*)\Z")
RUN_FORMAT = re.compile(r"format: \"([\w-]+)\"")
CREDENTIAL = re.compile(r"(Authorization)\s*(Bearer|Basic)\Z")

# Words that state limits: each group is the number of one keyword, and a single group that of all of them.
NUMBER = r"(-?[\d.]*\d)(?![\d.]| ?(?:char|item))"
LIMITS = (
    (r"(\d+)\s*(?:-|to)\s*(\d+) characters", ("minLength", "maxLength")),
    (r"(?:(?<![<>])=|exactly)\s*(\d+) characters", ("minLength", "maxLength")),
    (r"(?:>=|at least|min(?:imum)?(?: of)?:?)\s*(\d+) characters", ("minLength",)),
    (r"(\d+) characters or more", ("minLength",)),
    (r"(?:<=|up to|at most|max(?:imum)?(?: of)?:?|no more than)\s*(\d+) characters", ("maxLength",)),
    (r"(\d+) characters (?:or fewer|or less|at most|max)", ("maxLength",)),
    (r"(?:>=|at least)\s*(\d+) items", ("minItems",)),
    (r"(?:<=|up to|at most)\s*(\d+) items", ("maxItems",)),
    (r"\bbetween (-?[\d.]*\d) and (-?[\d.]*\d)", ("minimum", "maximum")),
    (rf"(?:>=|\bminimum(?: of)?:?|\bat least)\s*{NUMBER}", ("minimum",)),
    (rf"(?:<=|\bmaximum(?: of)?:?|\bat most)\s*{NUMBER}", ("maximum",)),
    (rf">\s*{NUMBER}", ("exclusiveMinimum",)),
    (rf"<\s*{NUMBER}", ("exclusiveMaximum",)),
)
VALUES = re.compile(
    r"\b(?:one of|(?:allowed|possible|supported|accepted|valid) values(?: are)?|options)\b:?\s*([^.\n]+)", re.IGNORECASE
)
TOKEN = re.compile(r"[\w.\-]+\Z")


class Said(NamedTuple):
    """What a page says, and on which line."""

    value: Any
    line: int


class Field(NamedTuple):
    """A parameter or an attribute as a table row or a run of words has it; None is what it does not tell.

    `types` holds JSON types, and the page's own words where they name none; `required` true, false or the page's own
    words; a limit is a keyword and its number.
    """

    name: str
    line: int
    types: Said | None = None
    format: Said | None = None
    required: Said | None = None
    read_only: Said | None = None
    limits: tuple[Said, ...] = ()
    values: tuple[Said, ...] = ()
    example: Literal | None = None
    scheme: str = ""


class Fields(NamedTuple):
    """A list of fields. `role` is where they belong, `subject` the words of the thing they are fields of.

    `exact` says that the notation has a place for limits and formats, so that one that is not there is none.
    """

    section: int
    line: int
    role: str
    subject: frozenset[str]
    exact: bool
    fields: tuple[Field, ...]


def words(text: str) -> frozenset[str]:
    """The words of a title or a name, in the singular, for comparing them."""
    parts = re.findall(r"[a-z0-9]+", snake(text).lower())
    return frozenset(part[:-1] if len(part) > 3 and part.endswith("s") else part for part in parts)


# Tables


def tables(index: int, section: Section, role: str) -> Iterator[Fields]:
    """The lists of fields in the tables of a section."""
    for block in section.blocks:
        columns = _columns(block)
        if len(columns) > 1 and "name" in columns and role not in ("status", "none"):
            rows = [row for row in block.rows[1:] if len(row) > columns["name"]]
            marking = role == "any" or any(cell.marks & REQUIRED for row in rows for cell in row)
            fields = tuple(field for row in rows if (field := _row(row, columns, marking)))
            if fields:
                yield Fields(index, block.line, role, _subject(section), False, fields)


def unread(section: Section, role: str) -> Iterator[Said]:
    """Tables that should list fields, by the title above them, and have no column for a name."""
    if role in ("path", "query", "header", "parameters", "any"):
        for block in section.blocks:
            if block.kind == "table" and "name" not in _columns(block):
                head = " | ".join(cell.text for cell in block.rows[0]) if block.rows else ""
                yield Said(f"no column for a name in `{head}`: only the words of this table are watched", block.line)


def _columns(block: Block) -> dict[str, int]:
    head = [cell.text.casefold() for cell in block.rows[0]] if block.rows else []
    return {column: place for column, names in COLUMNS.items() for place, name in enumerate(head) if name in names}


def _subject(section: Section) -> frozenset[str]:
    """The words of `Line Items Properties` that name the thing."""
    found = re.match(r"(.+) (?:properties|attributes|fields)\Z", section.title, re.IGNORECASE)
    return words(found[1]) if found else frozenset()


def _row(row: tuple[Cell, ...], columns: dict[str, int], marking: bool) -> Field | None:
    cells = {column: row[place] for column, place in columns.items() if place < len(row)}
    name = re.match(r"[\w.\-\[\]]+", cells["name"].text)
    if not name:
        return None
    marks = frozenset().union(*(cell.marks for cell in cells.values()))
    text = cells.get("description", Cell(0, ""))
    kind = cells.get("type")
    types, form = _types(kind.text, kind.line) if kind else (None, None)
    example = literal(cells["example"].text, cells["example"].line) if "example" in cells else None
    return Field(
        name[0],
        cells["name"].line,
        types,
        form,
        _required(cells, marks, marking),
        Said(bool(marks & READ_ONLY), text.line or cells["name"].line),
        tuple(_limits(text.text, text.line, bool(types and types.value & {"integer", "number"}))),
        tuple(_inline(text.text, text.line)),
        example,
    )


def _required(cells: dict[str, Cell], marks: frozenset[str], marking: bool) -> Said | None:
    """The mark of a row; without a column for it, no mark is an optional field where the table marks the others."""
    if "required" in cells:
        text = cells["required"].text.casefold()
        value: bool | str = text in YES or (text not in NO and text)
        return Said(value, cells["required"].line)
    if not marking:
        return None
    line = next((cell.line for cell in cells.values() if cell.marks & REQUIRED), cells["name"].line)
    return Said(bool(marks & REQUIRED), line)


def _types(text: str, line: int) -> tuple[Said | None, Said | None]:
    """The JSON types that words name, the words themselves where they name none, and a format."""
    types, form = set(), None
    for part in re.split(r"\s+or\s+|\s*\|\s*|,\s*", text.strip().lower()):
        found = re.match(r"(?:(list|array|map)\b.*|([\w-]+)\s*(\[\])?\s*(?:[(<]([\w-]+)[)>])?)\Z", part)
        name = (found[1] or ("array" if found[3] else found[2])) if found else part
        form = FORMATS.get((found[4] if found else "") or name, form)
        types.add("string" if name in FORMATS else TYPES.get(name, part))
    if not text.strip() or text.strip().lower() == "any":
        return None, None
    return Said(frozenset(types), line), Said(form, line) if form else None


def _limits(text: str, line: int, number: bool) -> Iterator[Said]:
    """The limits that words state; bounds only of a `number`, since a text may tell of other numbers."""
    taken: dict[str, Said] = {}
    for pattern, keywords in LIMITS:
        found = re.search(pattern, text, re.IGNORECASE)
        for place, keyword in enumerate(keywords if found else (), 1):
            if found and (number or keyword not in BOUNDS):
                value = float(found[min(place, found.re.groups)])
                taken.setdefault(keyword, Said((keyword, int(value) if value.is_integer() else value), line))
    return iter(taken.values())


def _inline(text: str, line: int) -> Iterator[Said]:
    """The values of `One of A, B or C`."""
    found = VALUES.search(text)
    parts = re.split(r",\s*(?:or\s+|and\s+)?|\s+or\s+|\s+and\s+", found[1].strip()) if found else []
    values = [part.strip("`'\"* ") for part in parts]
    if len(values) > 1 and all(TOKEN.match(value) for value in values):
        yield from (Said(value, line) for value in values)


# Runs of words, as a browser copies a list of fields


def runs(index: int, section: Section, role: str) -> Iterator[Fields]:
    """The list of fields that the runs of a section are."""
    fields: list[Field] = []
    for block in section.blocks:
        if block.kind not in ("text", "item"):
            continue
        field = _run(block.text.strip(), block.line)
        if field:
            fields.append(field)
        elif fields:
            fields[-1] = fields[-1]._replace(values=fields[-1].values + tuple(_inline(block.text, block.line)))
    if fields and role not in ("status", "none"):
        yield Fields(index, fields[0].line, role, _subject(section), True, tuple(fields))


def _run(text: str, line: int) -> Field | None:
    credential = CREDENTIAL.match(text)
    if credential:
        return Field(credential[1], line, scheme=credential[2].lower())
    found = RUN.match(text)
    if not found:
        return None
    rest = found[3]
    types, form = _types(found[2], line)
    stated = RUN_FORMAT.search(rest)
    required = True if "Required" in rest else False if "Optional" in rest else None
    return Field(
        found[1],
        line,
        types,
        Said(stated[1], line) if stated else form,
        None if required is None else Said(required, line),
        Said(True, line) if "Read-only" in rest else None,
        tuple(_limits(rest, line, True)),
    )
