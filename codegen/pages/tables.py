"""Tables of parameters or attributes: Markdown or HTML, with a column, labels, `*` or tags for what is required."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .blocks import Block, Cell, Page
from .fields import read_inline_values, read_limits, read_types
from .kinds import Fact, Field, Fields, PageValue, Unread
from .nesting import nest_names
from .samples import literal
from .titles import subject_of

COLUMNS = {
    "name": {
        *("parameter", "parameters", "attribute", "field", "name", "property", "header", "key", "argument", "option"),
    },
    "type": {"type", "data type", "datatype", "format"},
    "required": {"required", "required?", "mandatory", "req", "req."},
    "description": {"description", "details", "notes", "meaning"},
    "example": {"example", "examples", "sample", "sample value", "example value"},
    "tags": {"tags", "in", "located in", "location", "sent in", "parameter type", "param type"},
}
# Tags such as `Query, Optional` say where a parameter is sent.
ROLE_TAGS = {
    **dict.fromkeys(("path", "template", "url"), "path"),
    **dict.fromkeys(("query", "querystring"), "query"),
    **dict.fromkeys(("header", "headers"), "header"),
    **dict.fromkeys(("body", "form", "formdata"), "request"),
}
NAME = re.compile(r"([\w.\-\[\]]+)(\s*\*)?")
REQUIRED = {"required", "mandatory"}
READ_ONLY = {"read-only", "readonly", "read only"}
YES = {
    ":white_check_mark:",
    ":heavy_check_mark:",
    "✓",
    "✔",
    "✔️",
    "✅",
    "☑",
    "yes",
    "y",
    "true",
    "required",
    "x",
    "mandatory",
}
NO = {":x:", "", "no", "n", "false", "optional", "-", "\u2013", "\u2014", "✗", "✘", "❌"}

Cells = dict[str, Cell]


def read_tables(page: Page, index: int, role: str) -> Iterator[Fact]:
    """Yield the lists of fields in the tables of a section, and a note for each table that should be one."""
    section = page.sections[index]
    for block in section.blocks:
        columns = find_columns(block)
        if block.kind != "table" or role in ("status", "none"):
            continue
        if len(columns) > 1 and "name" in columns:
            rows = [_name_cells(row, columns) for row in block.rows[1:] if len(row) > columns["name"]]
            for tagged_role in dict.fromkeys(_read_role(cells, role) for cells in rows):
                cells_of_role = [cells for cells in rows if _read_role(cells, role) == tagged_role]
                fields = list(_read_rows(cells_of_role, role == "any" or any(map(_is_marked, rows))))
                for subject, group in nest_names(fields, subject_of(section)):
                    yield Fields(index, block.line, tagged_role, subject, False, tuple(group))
        elif "name" not in columns and role in ("path", "query", "header", "parameters", "any"):
            head = " | ".join(cell.text for cell in block.rows[0]) if block.rows else ""
            yield Unread(index, block.line, f"no column for a name in `{head}`: only the words of it are watched")


def find_columns(block: Block) -> dict[str, int]:
    """Return the places of the known columns of a table, of two of one meaning the first."""
    head = [cell.text.casefold() for cell in block.rows[0]] if block.rows else []
    named = [(column, place) for place, name in enumerate(head) for column, names in COLUMNS.items() if name in names]
    return dict(reversed(named))


def _name_cells(row: tuple[Cell, ...], columns: dict[str, int]) -> Cells:
    return {column: row[place] for column, place in columns.items() if place < len(row)}


def _tags_of(cells: Cells) -> set[str]:
    return set(re.findall(r"[\w-]+", cells["tags"].text.casefold())) if "tags" in cells else set()


def _read_role(cells: Cells, role: str) -> str:
    return next((ROLE_TAGS[tag] for tag in sorted(_tags_of(cells)) if tag in ROLE_TAGS), role)


def _is_marked(cells: Cells) -> bool:
    """True if a label, a `*` or a tag says that the field is required."""
    name = NAME.match(cells["name"].text)
    labels = frozenset().union(*(cell.marks for cell in cells.values()))
    return bool((labels | _tags_of(cells)) & REQUIRED or (name and name[2]))


def _read_rows(rows: list[Cells], has_marks: bool) -> Iterator[Field]:
    for cells in rows:
        name = NAME.match(cells["name"].text)
        if name and not (name[1] == "body" and "body" in _tags_of(cells)):  # that is the whole body
            yield _read_row(name[1], cells, has_marks)


def _read_row(name: str, cells: Cells, has_marks: bool) -> Field:
    labels = frozenset().union(*(cell.marks for cell in cells.values()))
    text = _without_labels(cells.get("description", Cell(0, "")))
    types, format_name = read_types(cells["type"].text, cells["type"].line) if "type" in cells else (None, None)
    return Field(
        name,
        cells["name"].line,
        types,
        format_name,
        _read_required(cells, has_marks),
        PageValue(bool(labels & READ_ONLY), text.line or cells["name"].line),
        tuple(read_limits(text.text, text.line, bool(types and types.value & {"integer", "number"}))),
        tuple(read_inline_values(text.text, text.line)),
        literal(cells["example"].text, cells["example"].line) if "example" in cells else None,
    )


def _without_labels(cell: Cell) -> Cell:
    return cell._replace(
        text=re.sub("|".join(rf"\s*\b{label}\b" for label in cell.marks) or r"\Z", "", cell.text, flags=re.I)
    )


def _read_required(cells: Cells, has_marks: bool) -> PageValue | None:
    """Read whether a row is required; without a column, an unmarked row of a table with marks is optional."""
    if "required" in cells:
        text = cells["required"].text.casefold()
        is_yes = all(word in YES for word in text.split()) and bool(text)
        value: bool | str = is_yes or (text not in NO and text)
        return PageValue(value, cells["required"].line)
    if not has_marks:
        return None
    line = next((cell.line for cell in cells.values() if cell.marks & REQUIRED), cells["name"].line)
    return PageValue(_is_marked(cells), line)
