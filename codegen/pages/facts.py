"""A Page -> its Facts: endpoints, fields, calls, samples, lists of values and statuses, each with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import NamedTuple

from . import samples
from .blocks import Block, Page, PageError, Section
from .fields import TOKEN, TYPES, Fields, PageValue, find_runs, find_tables, find_unread_tables, words
from .samples import LocatedValue, SampleCall

# The role of a section's fields by its title: that of the first pattern found in it. A title with other words has none.
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
UNREAD_LANGUAGES = {
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


class SectionCall(NamedTuple):
    """A sample call, and the section that it stands in."""

    section: int
    call: SampleCall


class Sample(NamedTuple):
    """A JSON document in a section; `role` is request, response, error or nothing."""

    section: int
    role: str
    value: LocatedValue


class Status(NamedTuple):
    """A status that an operation may answer with."""

    section: int
    code: str
    line: int


class ValueList(NamedTuple):
    """A list of values, and the words that name their field."""

    section: int
    line: int
    words: frozenset[str]
    values: tuple[PageValue, ...]


class BodyType(NamedTuple):
    """The JSON type of a whole body."""

    section: int
    role: str
    type: str
    line: int


class Facts(NamedTuple):
    """Everything on a page that can be compared with a spec. `unread`: parts of which only the words are watched."""

    endpoints: list[Endpoint]
    lists: list[Fields]
    calls: list[SectionCall]
    samples: list[Sample]
    values: list[ValueList]
    statuses: list[Status]
    bodies: list[BodyType]
    unread: list[PageValue]

    @property
    def size(self) -> int:
        """The number of facts, whatever the spec says of them."""
        parts = sum(len(fields.fields) for fields in self.lists) + sum(len(values.values) for values in self.values)
        sent = sum(len(call.headers) + len(call.arguments) + bool(call.body) + 1 for _, call in self.calls)
        return len(self.endpoints) + parts + sent + len(self.samples) + len(self.statuses) + len(self.bodies)


def read_facts(page: Page) -> Facts:
    """Read the facts of a page. Raises PageError if a sample cannot be read, or the page has no facts at all."""
    page_facts = Facts([], [], [], [], [], [], [], [])
    for index, section in enumerate(page.sections):
        role = role_of(page, index)
        page_facts.unread.extend(find_unread_tables(section, role))
        page_facts.endpoints.extend(_find_endpoints(index, section))
        page_facts.lists.extend(find_tables(index, section, role))
        page_facts.lists.extend(find_runs(index, section, role))
        page_facts.values.extend(_find_value_lists(index, section))
        page_facts.statuses.extend(_find_statuses(index, section, role))
        _add_code_facts(page, index, role, page_facts)
    for fields in page_facts.lists:
        if fields.exact and fields.role == "response":
            page_facts.bodies.append(BodyType(fields.section, "response", "object", fields.line))
    page_facts.bodies.extend(_find_body_types(page))
    if not (page_facts.lists or page_facts.calls or page_facts.samples):
        raise PageError(
            f"{page.path}: no facts found: looked for a table of parameters or attributes, for runs such as"
            " `nameStringRequired`, and for samples in curl, Python or JSON"
        )
    return page_facts


def role_of(page: Page, index: int) -> str:
    """Return the role that the section's title, or else the nearest title above it, gives to its content."""
    return next((role for section in page.above(index) if (role := _role_of_title(section.title))), "")


def _role_of_title(title: str) -> str:
    has_only_role_words = all(ROLE_WORD.match(word) for word in re.findall(r"\w+", title.lower()))
    list_title = LIST_TITLE.match(title)
    role_text = title if has_only_role_words else list_title[1] if list_title else ""
    return next((role for pattern, role in ROLES if re.search(pattern, role_text, re.IGNORECASE)), "")


def _find_endpoints(index: int, section: Section) -> Iterator[Endpoint]:
    text, line = _join_text(section, {"text", "item", "table"})
    for match in ENDPOINT.finditer(text):
        path = match[3].rstrip(".:)*_")
        method_line = line + text.count("\n", 0, match.start(1))
        yield Endpoint(index, match[1], path, match[2] or "", method_line, line + text.count("\n", 0, match.start(3)))


def _join_text(section: Section, kinds: set[str]) -> tuple[str, int]:
    """Join the text of a section's blocks, each on its line; return it and the line it begins on."""
    text = ""
    for block in section.blocks:
        if block.kind in kinds:
            gap = block.line - section.line - text.count("\n")
            text += ("\n" * gap or " ") + block.text
    return text, section.line


def _find_body_types(page: Page) -> Iterator[BodyType]:
    for index, section in enumerate(page.sections):
        for block in section.blocks:
            match = BODY.search(block.text) if block.kind == "text" else None
            if match:
                yield BodyType(index, "request", TYPES[match[1].lower()], block.line)


# Lists of values and statuses


def _find_value_lists(index: int, section: Section) -> Iterator[ValueList]:
    for place, block in enumerate(section.blocks):
        if block.kind == "text" and LEAD.search(block.text):
            values = []
            for item in section.blocks[place + 1 :]:
                value = item.text.strip().strip("`\"'")
                if item.kind != "item" or not TOKEN.match(value):
                    break
                values.append(PageValue(value, item.line))
            if values:
                lead = block.text.rstrip().rpartition("\n")[2]
                last = block.line + block.text.rstrip().count("\n")
                yield ValueList(index, last, words(lead) - LEAD_WORDS, tuple(values))


def _find_statuses(index: int, section: Section, role: str) -> Iterator[Status]:
    for match in STATUS.finditer(section.title):
        yield Status(index, match[1], section.line)
    for block in section.blocks:
        if block.kind == "table":
            yield from _find_status_rows(index, block)
        elif block.kind in ("text", "item"):
            first = STATUS_FIRST.match(block.text) if role == "status" else None
            for match in [first] if first else STATUS.finditer(block.text):
                yield Status(index, match[1], block.line + block.text.count("\n", 0, match.start(1)))
            phrase = PHRASES.get(block.text.strip().lower(), 0)
            if role == "response" and 200 <= phrase < 300:
                yield Status(index, str(phrase), block.line)


def _find_status_rows(index: int, block: Block) -> Iterator[Status]:
    if block.rows and block.rows[0][0].text.casefold() in STATUS_COLUMNS:
        for row in block.rows[1:]:
            match = STATUS_FIRST.match(row[0].text)
            if match:
                yield Status(index, match[1], row[0].line)


# Code


def _add_code_facts(page: Page, index: int, role: str, page_facts: Facts) -> None:
    section, place = page.sections[index], str(page.path)
    if page.plain:
        text, line = _join_text(section, {"text", "item"})
        calls = [*samples.commands(text, line, place), *samples.statements(text, line)]
        page_facts.calls.extend(SectionCall(index, call) for call in calls)
        value = samples.leading(text, line, place) if role in ("request", "response") and not calls else None
        if value:
            page_facts.samples.append(Sample(index, role, value))
        return
    for number, block in enumerate(section.blocks):
        if block.kind != "code":
            continue
        is_known_language = block.language in SHELL | PYTHON | UNREAD_LANGUAGES | {"json"}
        language = block.language if is_known_language else _guess_language(block.text)
        if language in SHELL:
            page_facts.calls.extend(
                SectionCall(index, call) for call in samples.commands(block.text, block.line, place)
            )
        elif language in PYTHON:
            page_facts.calls.extend(SectionCall(index, call) for call in samples.statements(block.text, block.line))
        elif language == "json":
            try:
                value = samples.document(block.text, block.line, place)
            except PageError:
                if is_known_language:
                    raise
                note = "looks like JSON and is none: only its words are watched"
                page_facts.unread.append(PageValue(note, block.line))
            else:
                page_facts.samples.append(Sample(index, _role_of_sample(section.blocks[:number], role), value))


def _guess_language(text: str) -> str:
    """Guess the language of code that names no known one."""
    if samples.CURL.search(text):
        return "shell"
    if text.lstrip()[:1] in ("{", "["):
        return "json"
    return "python" if re.search(r"^\s*(?:import|from) \w+|\brequests\.", text, re.MULTILINE) else ""


def _role_of_sample(before: tuple[Block, ...], role: str) -> str:
    """Return whether a sample is request, response or error, by the words above it, else by the section's title."""
    above = next((block.text for block in reversed(before) if block.kind != "code"), "")
    for pattern, direction in (
        (r"\berrors?\b", "error"),
        (r"\b(responses?|returns?|answers?)\b", "response"),
        (r"\b(requests?|body|payload)\b", "request"),
    ):
        if re.search(pattern, above.rpartition("\n")[2], re.IGNORECASE):
            return direction
    return {"status": "error"}.get(role, role if role in ("request", "response") else "")
