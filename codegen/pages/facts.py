"""The facts of a page: endpoints, fields, calls, samples, lists of values and statuses, each with its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, NamedTuple

from ..lint import BOUNDS
from ..spec import snake
from . import samples
from .blocks import Block, Cell, Page, PageError, Section
from .samples import Call, Literal

# What the title of a section says of the fields in it, the first that fits; a title with other words is no such title.
ROLES = (
    (r"response headers?", "none"),
    (r"\bpath\b", "path"),
    (r"\bquery\b", "query"),
    (r"\bheaders?\b", "header"),
    (r"\b(authentication|authorization|security|credentials)\b", "credential"),
    (r"\b(errors?|status(es)?)\b", "status"),
    (r"\b(responses?|returns|results?|output|answers?)\b", "response"),
    (r"\b(requests?|body|payload)\b", "request"),
    (r"\b(parameters?|arguments?|options)\b", "parameters"),
    (r"\b(properties|attributes|fields)\b", "any"),
)
ROLE_WORD = re.compile(
    r"(?:path|query|headers?|authentication|authorization|security|credentials|errors?|status(?:es)?|responses?|returns"
    r"|results?|output|answers?|requests?|body|payload|parameters?|arguments?|options|properties|attributes|fields"
    r"|and|codes?|http|json|url|uri|schema|object|sample|samples|examples?|required|optional|success(?:ful)?|the|[0-9]+)\Z"
)
LIST_TITLE = re.compile(r".*\b(parameters|arguments|properties|attributes|fields)\Z", re.IGNORECASE)
# The columns of a table of fields.
COLUMNS = {
    "name": {
        "parameter",
        "parameters",
        "attribute",
        "field",
        "name",
        "property",
        "header",
        "key",
        "argument",
        "option",
    },
    "type": {"type", "data type", "datatype", "format"},
    "required": {"required", "required?", "mandatory", "req", "req."},
    "description": {"description", "details", "notes", "meaning"},
    "example": {"example", "examples", "sample", "sample value", "example value"},
}
REQUIRED = {"required", "mandatory"}
STATUS_COLUMNS = {"status", "code", "status code", "http status", "http code", "http status code"}
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
FORMATS = {
    "date-time": "date-time",
    "datetime": "date-time",
    "date": "date",
    "uuid": "uuid",
    "uri": "uri",
    "email": "email",
}

RUN_TYPE = (
    r"(?:(?:list|array) of [a-z]+|map from [a-z]+ to [a-z]+|string|integer|int|long|number|double|float|decimal|boolean"
    r"|object|enum|date-time|datetime|date|uuid|any)(?: or null)?"
)
RUN_REST = (
    r"Required|Optional|Deprecated|Read-only|Write-only|format: \"(?P<format>[\w-]+)\"|Defaults to \S+"
    r"|(?:[<>]=?|=)\s*\d+(?:\.\d+)?(?: characters| items)?|\d+-\d+ (?:characters|items)"
)
RUN = re.compile(rf"([A-Za-z_][\w.\-]*?)\s*({RUN_TYPE})\s*((?:(?:{RUN_REST.replace('?P<format>', '')})\s*)*)\Z")
RUN_PART = re.compile(RUN_REST)
CREDENTIAL = re.compile(r"(Authorization)\s*(Bearer|Basic)\Z")
BODY = re.compile(r"\bendpoint expects (?:an? )?(list|array|object|map|string)", re.IGNORECASE)

VERBS = "GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS"
ENDPOINT = re.compile(
    rf"(?<!-X )(?<!--request )\b({VERBS})\b[\s:`]*(?:https?://([^\s/`'\"]+))?(/[\w{{<:\[][^\s`'\"|,;]*)"
)
PHRASES = {status.phrase.lower(): status.value for status in HTTPStatus} | {
    "unprocessable content": 422,
    "unprocessable entity": 422,
}
STATUS = re.compile(rf"\b([1-5][0-9][0-9])[\s:\u2013-]+(?:{'|'.join(map(re.escape, PHRASES))})\b", re.IGNORECASE)
STATUS_FIRST = re.compile(r"\s*([1-5][0-9][0-9])\b")

LIMITS: tuple[tuple[str, Callable[[re.Match[str]], list[tuple[str, float]]]], ...] = (
    (r"(\d+)\s*(?:-|to)\s*(\d+) characters", lambda m: [("minLength", int(m[1])), ("maxLength", int(m[2]))]),
    (r"(?:>=|at least|min(?:imum)?(?: of)?:?)\s*(\d+) characters", lambda m: [("minLength", int(m[1]))]),
    (
        r"(?:<=|up to|at most|max(?:imum)?(?: of)?:?|no more than)\s*(\d+) characters",
        lambda m: [("maxLength", int(m[1]))],
    ),
    (r"(\d+) characters or more", lambda m: [("minLength", int(m[1]))]),
    (r"(\d+) characters (?:or fewer|or less|at most|max)", lambda m: [("maxLength", int(m[1]))]),
    (r"(?:(?<![<>])=|exactly)\s*(\d+) characters", lambda m: [("minLength", int(m[1])), ("maxLength", int(m[1]))]),
    (r"(?:>=|at least)\s*(\d+) items", lambda m: [("minItems", int(m[1]))]),
    (r"(?:<=|up to|at most)\s*(\d+) items", lambda m: [("maxItems", int(m[1]))]),
    (r"\bbetween (-?[\d.]+\d|\d) and (-?[\d.]*\d)", lambda m: [("minimum", float(m[1])), ("maximum", float(m[2]))]),
    (
        r"(?:>=|\bminimum(?: of)?:?|\bat least)\s*(-?[\d.]*\d)(?! ?(?:char|item)|[\d.])",
        lambda m: [("minimum", float(m[1]))],
    ),
    (
        r"(?:<=|\bmaximum(?: of)?:?|\bat most)\s*(-?[\d.]*\d)(?! ?(?:char|item)|[\d.])",
        lambda m: [("maximum", float(m[1]))],
    ),
    (r">\s*(-?[\d.]*\d)(?! ?(?:char|item)|[\d.])", lambda m: [("exclusiveMinimum", float(m[1]))]),
    (r"<\s*(-?[\d.]*\d)(?! ?(?:char|item)|[\d.])", lambda m: [("exclusiveMaximum", float(m[1]))]),
)
VALUES = re.compile(
    r"\b(?:one of|(?:allowed|possible|supported|accepted|valid) values(?: are)?|options)\b:?\s*([^.\n]+)", re.IGNORECASE
)
LEAD = re.compile(r"\b(?:supported|allowed|possible|valid|accepted|one of|options|values)\b.*:\s*\Z", re.IGNORECASE)
LEAD_WORDS = {
    *("supported", "allowed", "possible", "valid", "accepted", "one", "of", "option", "value", "the", "are", "is"),
    *("following", "a", "an", "be", "can", "must"),
}
TOKEN = re.compile(r"[\w.\-]+\Z")

SHELL = {"shell", "bash", "sh", "console", "curl", "zsh", "shell-session"}
PYTHON = {"python", "py", "python3"}


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


class Endpoint(NamedTuple):
    """Method and path, with the host where the page names it."""

    section: int
    method: str
    path: str
    host: str
    method_line: int
    line: int


class Shown(NamedTuple):
    """A call in a section."""

    section: int
    call: Call


class Sample(NamedTuple):
    """A JSON document in a section; `role` is request, response, error or nothing."""

    section: int
    role: str
    value: Literal


class Status(NamedTuple):
    """A status that an operation may answer with."""

    section: int
    code: str
    line: int


class Values(NamedTuple):
    """A list of values, and the words that say what they are values of."""

    section: int
    line: int
    words: frozenset[str]
    values: tuple[Said, ...]


class Body(NamedTuple):
    """The JSON type of a whole body."""

    section: int
    role: str
    type: str
    line: int


class Facts(NamedTuple):
    """Everything that a page says and a spec can be held to; of the tables in `unread` only the words are watched."""

    endpoints: list[Endpoint]
    lists: list[Fields]
    calls: list[Shown]
    samples: list[Sample]
    values: list[Values]
    statuses: list[Status]
    bodies: list[Body]
    unread: list[Said]


def facts(page: Page) -> Facts:
    """The facts of a page. Raises PageError where a sample cannot be read, or when the page has no facts at all."""
    found = Facts([], [], [], [], [], [], [], [])
    for index, section in enumerate(page.sections):
        role = role_of(page, index)
        found.unread.extend(_unread(section, role))
        found.endpoints.extend(_endpoints(index, section))
        found.lists.extend(_tables(index, section, role))
        found.lists.extend(_runs(index, section, role))
        found.values.extend(_values(index, section))
        found.statuses.extend(_statuses(index, section, role))
        _code(page, index, role, found)
    for fields in found.lists:
        if fields.exact and fields.role == "response":
            found.bodies.append(Body(fields.section, "response", "object", fields.line))
    found.bodies.extend(_bodies(page))
    if not (found.lists or found.calls or found.samples):
        raise PageError(
            f"{page.path}: no facts found: looked for a table of parameters or attributes, for runs such as"
            " `nameStringRequired`, and for samples in curl, Python or JSON"
        )
    return found


def words(text: str) -> frozenset[str]:
    """The words of a title or a name, in the singular, for comparing them."""
    parts = re.findall(r"[a-z0-9]+", snake(text).lower())
    return frozenset(part[:-1] if len(part) > 3 and part.endswith("s") else part for part in parts)


def role_of(page: Page, index: int) -> str:
    """What a section's own title, or else the nearest above it, says of what stands in it."""
    return next((role for section in page.above(index) if (role := _role(section.title))), "")


def _role(title: str) -> str:
    plain = all(ROLE_WORD.match(word) for word in re.findall(r"\w+", title.lower()))
    lists = LIST_TITLE.match(title)
    named = title if plain else lists[1] if lists else ""
    return next((role for pattern, role in ROLES if re.search(pattern, named, re.IGNORECASE)), "")


def _endpoints(index: int, section: Section) -> Iterator[Endpoint]:
    text, line = _text(section, {"text", "item", "table"})
    for found in ENDPOINT.finditer(text):
        path = found[3].rstrip(".:)*_")
        method_line = line + text.count("\n", 0, found.start(1))
        yield Endpoint(index, found[1], path, found[2] or "", method_line, line + text.count("\n", 0, found.start(3)))


def _text(section: Section, kinds: set[str]) -> tuple[str, int]:
    """The text of a section with its line ends where they were, and the line it begins on."""
    text = ""
    for block in section.blocks:
        if block.kind in kinds:
            gap = block.line - section.line - text.count("\n")
            text += ("\n" * gap or " ") + block.text
    return text, section.line


# Tables


def _tables(index: int, section: Section, role: str) -> Iterator[Fields]:
    for block in section.blocks:
        columns = _columns(block)
        if len(columns) > 1 and "name" in columns and role not in ("status", "none"):
            rows = [row for row in block.rows[1:] if len(row) > columns["name"]]
            marking = role == "any" or any(cell.marks & REQUIRED for row in rows for cell in row)
            fields = tuple(field for row in rows if (field := _row(row, columns, marking)))
            if fields:
                yield Fields(index, block.line, role, _subject(section), False, fields)


def _unread(section: Section, role: str) -> Iterator[Said]:
    """The heads of tables that should list fields, by the title above them, and have no column for a name."""
    if role in ("path", "query", "header", "parameters", "any"):
        for block in section.blocks:
            if block.kind == "table" and "name" not in _columns(block):
                yield Said(" | ".join(cell.text for cell in block.rows[0]) if block.rows else "", block.line)


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
    example = samples.literal(cells["example"].text, cells["example"].line) if "example" in cells else None
    return Field(
        name[0],
        cells["name"].line,
        types,
        form,
        _required(cells, marks, marking),
        Said(bool(marks & {"read-only", "readonly", "read only"}), text.line or cells["name"].line),
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
    for pattern, limits in LIMITS:
        found = re.search(pattern, text, re.IGNORECASE)
        for keyword, value in limits(found) if found else []:
            if number or keyword not in BOUNDS:
                taken.setdefault(keyword, Said((keyword, int(value) if value == int(value) else value), line))
    return iter(taken.values())


def _inline(text: str, line: int) -> Iterator[Said]:
    """The values of `One of A, B or C`."""
    found = VALUES.search(text)
    parts = re.split(r",\s*(?:or\s+|and\s+)?|\s+or\s+|\s+and\s+", found[1].strip()) if found else []
    values = [part.strip("`'\"* ") for part in parts]
    if len(values) > 1 and all(TOKEN.match(value) for value in values):
        yield from (Said(value, line) for value in values)


# Runs of words, as a browser copies a list of fields


def _runs(index: int, section: Section, role: str) -> Iterator[Fields]:
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
    stated = next((part["format"] for part in RUN_PART.finditer(rest) if part["format"]), None)
    required = True if "Required" in rest else False if "Optional" in rest else None
    return Field(
        found[1],
        line,
        types,
        Said(stated, line) if stated else form,
        None if required is None else Said(required, line),
        Said(True, line) if "Read-only" in rest else None,
        tuple(_limits(rest, line, True)),
    )


def _bodies(page: Page) -> Iterator[Body]:
    for index, section in enumerate(page.sections):
        for block in section.blocks:
            found = BODY.search(block.text) if block.kind == "text" else None
            if found:
                yield Body(index, "request", TYPES[found[1].lower()], block.line)


# Lists of values and statuses


def _values(index: int, section: Section) -> Iterator[Values]:
    for place, block in enumerate(section.blocks):
        if block.kind == "text" and LEAD.search(block.text):
            values = []
            for item in section.blocks[place + 1 :]:
                value = item.text.strip().strip("`\"'")
                if item.kind != "item" or not TOKEN.match(value):
                    break
                values.append(Said(value, item.line))
            if values:
                lead = block.text.rstrip().rpartition("\n")[2]
                last = block.line + block.text.rstrip().count("\n")
                yield Values(index, last, words(lead) - LEAD_WORDS, tuple(values))


def _statuses(index: int, section: Section, role: str) -> Iterator[Status]:
    for found in STATUS.finditer(section.title):
        yield Status(index, found[1], section.line)
    for block in section.blocks:
        if block.kind == "table":
            yield from _status_rows(index, block)
        elif block.kind in ("text", "item"):
            first = STATUS_FIRST.match(block.text) if role == "status" else None
            for found in [first] if first else STATUS.finditer(block.text):
                yield Status(index, found[1], block.line + block.text.count("\n", 0, found.start(1)))
            phrase = PHRASES.get(block.text.strip().lower(), 0)
            if role == "response" and 200 <= phrase < 300:
                yield Status(index, str(phrase), block.line)


def _status_rows(index: int, block: Block) -> Iterator[Status]:
    if block.rows and block.rows[0][0].text.casefold() in STATUS_COLUMNS:
        for row in block.rows[1:]:
            found = STATUS_FIRST.match(row[0].text)
            if found:
                yield Status(index, found[1], row[0].line)


# Code


def _code(page: Page, index: int, role: str, found: Facts) -> None:
    section, place = page.sections[index], str(page.path)
    if page.plain:
        text, line = _text(section, {"text", "item"})
        calls = [*samples.commands(text, line, place), *samples.statements(text, line)]
        found.calls.extend(Shown(index, call) for call in calls)
        value = samples.leading(text, line, place) if role in ("request", "response") and not calls else None
        if value:
            found.samples.append(Sample(index, role, value))
        return
    for number, block in enumerate(section.blocks):
        if block.kind != "code":
            continue
        language = block.language or _language(block.text)
        if language in SHELL:
            found.calls.extend(Shown(index, call) for call in samples.commands(block.text, block.line, place))
        elif language in PYTHON:
            found.calls.extend(Shown(index, call) for call in samples.statements(block.text, block.line))
        elif language == "json":
            value = samples.document(block.text, block.line, place)
            found.samples.append(Sample(index, _direction(section.blocks[:number], role), value))


def _language(text: str) -> str:
    """The language of code that names none."""
    if samples.CURL.search(text):
        return "shell"
    if text.lstrip()[:1] in ("{", "["):
        return "json"
    return "python" if re.search(r"^\s*(?:import|from) \w+|\brequests\.", text, re.MULTILINE) else ""


def _direction(before: tuple[Block, ...], role: str) -> str:
    """Whether a sample is sent or comes back: by the words right above it, else by the section's title."""
    above = next((block.text for block in reversed(before) if block.kind != "code"), "")
    for pattern, direction in (
        (r"\berrors?\b", "error"),
        (r"\b(responses?|returns?|answers?)\b", "response"),
        (r"\b(requests?|body|payload)\b", "request"),
    ):
        if re.search(pattern, above.rpartition("\n")[2], re.IGNORECASE):
            return direction
    return {"status": "error"}.get(role, role if role in ("request", "response") else "")
