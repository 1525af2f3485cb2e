"""A Section -> its lists of fields: tables of parameters or attributes, and runs such as `nameStringRequired`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..lint import BOUNDS
from ..spec import snake
from .blocks import Block, Cell, Section
from .samples import LocatedValue, literal

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
RUN_REMARKS = (
    r"Required|Optional|Deprecated|Read-only|Write-only|format: \"[\w-]+\"|Defaults to \S+"
    r"|(?:[<>]=?|=)\s*\d+(?:\.\d+)?(?: characters| items)?|\d+-\d+ (?:characters|items)"
)
RUN = re.compile(rf"([A-Za-z_][\w.\-]*?)\s*({RUN_TYPE})\s*((?:(?:{RUN_REMARKS})\s*)*)\Z")
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


class PageValue(NamedTuple):
    """A value that a page states, and its line."""

    value: Any
    line: int


class Field(NamedTuple):
    """A parameter or an attribute, read from a table row or a run of words; None is what the page does not state.

    `types` holds JSON types, and the page's own words where they name none; `required` true, false or the page's own
    words; a limit is a keyword and its number.
    """

    name: str
    line: int
    types: PageValue | None = None
    format: PageValue | None = None
    required: PageValue | None = None
    read_only: PageValue | None = None
    limits: tuple[PageValue, ...] = ()
    values: tuple[PageValue, ...] = ()
    example: LocatedValue | None = None
    scheme: str = ""


class Fields(NamedTuple):
    """A list of fields. `role` is where they belong, `subject` the words of the thing they are fields of.

    `exact`: the notation has a place for limits and formats, so a field without one has none.
    """

    section: int
    line: int
    role: str
    subject: frozenset[str]
    exact: bool
    fields: tuple[Field, ...]


def words(text: str) -> frozenset[str]:
    """Return the words of a title or a name, in the singular, for comparison."""
    parts = re.findall(r"[a-z0-9]+", snake(text).lower())
    return frozenset(part[:-1] if len(part) > 3 and part.endswith("s") else part for part in parts)


# Tables


def find_tables(index: int, section: Section, role: str) -> Iterator[Fields]:
    """Yield the lists of fields in the tables of a section."""
    for block in section.blocks:
        columns = _find_columns(block)
        if len(columns) > 1 and "name" in columns and role not in ("status", "none"):
            rows = [row for row in block.rows[1:] if len(row) > columns["name"]]
            table_marks = role == "any" or any(cell.marks & REQUIRED for row in rows for cell in row)
            fields = tuple(field for row in rows if (field := _read_row(row, columns, table_marks)))
            if fields:
                yield Fields(index, block.line, role, _subject_of(section), False, fields)


def find_unread_tables(section: Section, role: str) -> Iterator[PageValue]:
    """Yield a note for each table that should list fields, by the title above it, but has no column for a name."""
    if role in ("path", "query", "header", "parameters", "any"):
        for block in section.blocks:
            if block.kind == "table" and "name" not in _find_columns(block):
                head = " | ".join(cell.text for cell in block.rows[0]) if block.rows else ""
                note = f"no column for a name in `{head}`: only the words of this table are watched"
                yield PageValue(note, block.line)


def _find_columns(block: Block) -> dict[str, int]:
    head = [cell.text.casefold() for cell in block.rows[0]] if block.rows else []
    return {column: place for column, names in COLUMNS.items() for place, name in enumerate(head) if name in names}


def _subject_of(section: Section) -> frozenset[str]:
    """Return the words of a title such as `Line Items Properties` that name the object."""
    match = re.match(r"(.+) (?:properties|attributes|fields)\Z", section.title, re.IGNORECASE)
    return words(match[1]) if match else frozenset()


def _read_row(row: tuple[Cell, ...], columns: dict[str, int], table_marks: bool) -> Field | None:
    cells = {column: row[place] for column, place in columns.items() if place < len(row)}
    name = re.match(r"[\w.\-\[\]]+", cells["name"].text)
    if not name:
        return None
    marks = frozenset().union(*(cell.marks for cell in cells.values()))
    text = cells.get("description", Cell(0, ""))
    kind = cells.get("type")
    types, format_name = _read_types(kind.text, kind.line) if kind else (None, None)
    example = literal(cells["example"].text, cells["example"].line) if "example" in cells else None
    return Field(
        name[0],
        cells["name"].line,
        types,
        format_name,
        _read_required(cells, marks, table_marks),
        PageValue(bool(marks & READ_ONLY), text.line or cells["name"].line),
        tuple(_read_limits(text.text, text.line, bool(types and types.value & {"integer", "number"}))),
        tuple(_read_inline_values(text.text, text.line)),
        example,
    )


def _read_required(cells: dict[str, Cell], marks: frozenset[str], table_marks: bool) -> PageValue | None:
    """Read whether a row is required; without a column, an unmarked row of a table with marks is optional."""
    if "required" in cells:
        text = cells["required"].text.casefold()
        value: bool | str = text in YES or (text not in NO and text)
        return PageValue(value, cells["required"].line)
    if not table_marks:
        return None
    line = next((cell.line for cell in cells.values() if cell.marks & REQUIRED), cells["name"].line)
    return PageValue(bool(marks & REQUIRED), line)


def _read_types(text: str, line: int) -> tuple[PageValue | None, PageValue | None]:
    """Read the JSON types that a text names (its words if they name none), and a format."""
    types, form = set(), None
    for part in re.split(r"\s+or\s+|\s*\|\s*|,\s*", text.strip().lower()):
        match = re.match(r"(?:(list|array|map)\b.*|([\w-]+)\s*(\[\])?\s*(?:[(<]([\w-]+)[)>])?)\Z", part)
        name = (match[1] or ("array" if match[3] else match[2])) if match else part
        form = FORMATS.get((match[4] if match else "") or name, form)
        types.add("string" if name in FORMATS else TYPES.get(name, part))
    if not text.strip() or text.strip().lower() == "any":
        return None, None
    return PageValue(frozenset(types), line), PageValue(form, line) if form else None


def _read_limits(text: str, line: int, is_number: bool) -> Iterator[PageValue]:
    """Read the limits that a text states; bounds only for numbers, since a text may mention other numbers."""
    limits: dict[str, PageValue] = {}
    for pattern, keywords in LIMITS:
        match = re.search(pattern, text, re.IGNORECASE)
        for place, keyword in enumerate(keywords if match else (), 1):
            if match and (is_number or keyword not in BOUNDS):
                value = float(match[min(place, match.re.groups)])
                limits.setdefault(keyword, PageValue((keyword, int(value) if value.is_integer() else value), line))
    return iter(limits.values())


def _read_inline_values(text: str, line: int) -> Iterator[PageValue]:
    """Yield the values of a text such as `One of A, B or C`."""
    match = VALUES.search(text)
    parts = re.split(r",\s*(?:or\s+|and\s+)?|\s+or\s+|\s+and\s+", match[1].strip()) if match else []
    values = [part.strip("`'\"* ") for part in parts]
    if len(values) > 1 and all(TOKEN.match(value) for value in values):
        yield from (PageValue(value, line) for value in values)


# Runs of words, as a browser copies a list of fields


def find_runs(index: int, section: Section, role: str) -> Iterator[Fields]:
    """Yield the list of fields that the runs of a section make, if there are any."""
    fields: list[Field] = []
    for block in section.blocks:
        if block.kind not in ("text", "item"):
            continue
        field = _read_run(block.text.strip(), block.line)
        if field:
            fields.append(field)
        elif fields:
            values = fields[-1].values + tuple(_read_inline_values(block.text, block.line))
            fields[-1] = fields[-1]._replace(values=values)
    if fields and role not in ("status", "none"):
        yield Fields(index, fields[0].line, role, _subject_of(section), True, tuple(fields))


def _read_run(text: str, line: int) -> Field | None:
    credential = CREDENTIAL.match(text)
    if credential:
        return Field(credential[1], line, scheme=credential[2].lower())
    match = RUN.match(text)
    if not match:
        return None
    remainder = match[3]
    types, format_name = _read_types(match[2], line)
    format_match = RUN_FORMAT.search(remainder)
    required = True if "Required" in remainder else False if "Optional" in remainder else None
    return Field(
        match[1],
        line,
        types,
        PageValue(format_match[1], line) if format_match else format_name,
        None if required is None else PageValue(required, line),
        PageValue(True, line) if "Read-only" in remainder else None,
        tuple(_read_limits(remainder, line, True)),
    )
