"""The facts of a page: endpoints, fields, calls, samples, lists of values and statuses, each with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import NamedTuple

from . import samples
from .blocks import Block, Page, PageError, Section
from .fields import TOKEN, TYPES, Fields, Said, runs, tables, unread, words
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
STATUS_COLUMNS = {"status", "code", "status code", "http status", "http code", "http status code"}
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

LEAD = re.compile(r"\b(?:supported|allowed|possible|valid|accepted|one of|options|values)\b.*:\s*\Z", re.IGNORECASE)
LEAD_WORDS = {
    *("supported", "allowed", "possible", "valid", "accepted", "one", "of", "option", "value", "the", "are", "is"),
    *("following", "a", "an", "be", "can", "must"),
}

SHELL = {"shell", "bash", "sh", "console", "curl", "zsh", "shell-session"}
PYTHON = {"python", "py", "python3"}
# Languages whose samples are not read: the same calls stand beside them in one that is.
OTHERS = {
    *("javascript", "js", "jsx", "typescript", "ts", "node", "php", "ruby", "rb", "java", "kotlin", "swift", "go"),
    *("csharp", "cs", "c", "cpp", "rust", "perl", "r", "xml", "html", "css", "yaml", "http", "graphql", "powershell"),
}


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
    """Everything that a page says and a spec can be held to; of what is in `unread` only the words are watched."""

    endpoints: list[Endpoint]
    lists: list[Fields]
    calls: list[Shown]
    samples: list[Sample]
    values: list[Values]
    statuses: list[Status]
    bodies: list[Body]
    unread: list[Said]

    @property
    def size(self) -> int:
        """How much was read, whatever the spec says of it."""
        parts = sum(len(fields.fields) for fields in self.lists) + sum(len(values.values) for values in self.values)
        sent = sum(len(call.headers) + len(call.arguments) + bool(call.body) + 1 for _, call in self.calls)
        return len(self.endpoints) + parts + sent + len(self.samples) + len(self.statuses) + len(self.bodies)


def facts(page: Page) -> Facts:
    """The facts of a page. Raises PageError where a sample cannot be read, or when the page has no facts at all."""
    found = Facts([], [], [], [], [], [], [], [])
    for index, section in enumerate(page.sections):
        role = role_of(page, index)
        found.unread.extend(unread(section, role))
        found.endpoints.extend(_endpoints(index, section))
        found.lists.extend(tables(index, section, role))
        found.lists.extend(runs(index, section, role))
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
        known = block.language in SHELL | PYTHON | OTHERS | {"json"}
        language = block.language if known else _language(block.text)
        if language in SHELL:
            found.calls.extend(Shown(index, call) for call in samples.commands(block.text, block.line, place))
        elif language in PYTHON:
            found.calls.extend(Shown(index, call) for call in samples.statements(block.text, block.line))
        elif language == "json":
            try:
                value = samples.document(block.text, block.line, place)
            except PageError:
                if known:
                    raise
                found.unread.append(Said("looks like JSON and is none: only its words are watched", block.line))
            else:
                found.samples.append(Sample(index, _direction(section.blocks[:number], role), value))


def _language(text: str) -> str:
    """The language of code that names none that is known."""
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
