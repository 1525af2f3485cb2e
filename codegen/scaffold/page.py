"""A page's facts -> a DraftOperation for each operation on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from attrs import Factory, define

from ..lint import UNKNOWN
from ..pages.blocks import Page
from ..pages.case import placeholder_name, split_path
from ..pages.facts import Facts
from ..pages.fields import words
from ..pages.kinds import Endpoint, Field, Fields, SampleCall
from ..spec import snake
from .draft import Draft, to_camel_case

CREDENTIAL = re.compile(r"token|secret|signature|auth|timestamp|consumer\.id|(?:^|[._-]|api)key\Z", re.IGNORECASE)
HEADER = re.compile(r"X-|[A-Z][A-Z0-9]*[._-]")
SMALL_WORDS = {"a", "an", "the", "for", "from", "of", "to", "and", "or", "in", "one"}
SENDING = {"POST", "PUT", "PATCH"}


@define
class DraftParameter:
    """A parameter of path, query or header; `is_only_shown`: in a sample, and no list of the page names it."""

    name: str
    location: str
    schema: Draft
    is_required: bool
    is_only_shown: bool = True


@define
class DraftOperation:
    """An operation as far as a page states it; `credentials` are headers, with a scheme of HTTP or without."""

    method: str
    path: str
    title: str
    section: int
    parameters: dict[tuple[str, str], DraftParameter] = Factory(dict)
    credentials: dict[str, str] = Factory(dict)
    are_alternatives: bool = False
    body: Draft | None = None
    response: Draft | None = None
    failure: Draft | None = None
    statuses: list[str] = Factory(list)
    media: dict[str, str] = Factory(dict)
    own_name: str = ""

    @property
    def name(self) -> str:
        """A name made of its own, or of its title."""
        text = snake(self.own_name or self.title).lower()
        parts = [word for word in re.findall(r"[a-z0-9]+", text) if word not in SMALL_WORDS]
        return "_".join(parts).lstrip("0123456789_") or "operation"

    def add_parameter(self, name: str, location: str) -> DraftParameter:
        """Return a parameter, a new one if need be; a path's are required."""
        key = location, name.casefold() if location == "header" else name
        is_path = location == "path"
        return self.parameters.setdefault(key, DraftParameter(name, location, Draft(), is_path, not is_path))

    def request(self) -> Draft:
        """Return the draft of the body, a new one if need be."""
        self.body = self.body or Draft({"object"})
        return self.body

    def answer(self) -> Draft:
        """Return the draft of the success, a new one if need be."""
        self.response = self.response or Draft()
        return self.response


def draft_operations(page: Page, facts: Facts) -> list[DraftOperation]:
    """Draft every operation of a page; a page that names no endpoint has one, whose path is unknown."""
    operations = list(_find_operations(page, facts))
    is_camel = any(re.search(r"[a-z][A-Z]", field.name) for fields in facts.lists for field in fields.fields)
    for operation in operations:
        _PageReader(page, facts, operation, operations, is_camel).read()
    return operations


def _find_operations(page: Page, facts: Facts) -> Iterator[DraftOperation]:
    endpoints = {(endpoint.method, endpoint.path): endpoint for endpoint in reversed(facts.endpoints)}
    if not endpoints:
        has_body = any(body.role == "request" for body in facts.bodies) or any(
            fields.role == "request" for fields in facts.lists
        )
        yield DraftOperation("POST" if has_body else "GET", f"/{UNKNOWN}", page.sections[0].title, 0)
    for endpoint in reversed(endpoints.values()):
        index = _title_section(page, endpoint, facts.endpoints)
        path = "/" + "/".join(
            part if placeholder_name(part) is None else f"{{{placeholder_name(part)}}}"
            for part in split_path(endpoint.path)
        )
        operation = DraftOperation(endpoint.method, path, page.sections[index].title, index)
        for name in re.findall(r"\{([^}]*)\}", path):
            operation.add_parameter(name, "path")
        yield operation


def _title_section(page: Page, endpoint: Endpoint, endpoints: list[Endpoint]) -> int:
    """Return the outermost section that describes this endpoint and no other."""
    found = endpoint.section
    for section in page.above(endpoint.section):
        index = page.sections.index(section)
        below = {(other.method, other.path) for other in endpoints if section in page.above(other.section)}
        if below == {(endpoint.method, endpoint.path)} and section.title:
            found = index
    return found


class _PageReader:
    """Reads what a page states of one operation: first its samples, then its lists, which say more."""

    def __init__(
        self, page: Page, facts: Facts, operation: DraftOperation, operations: list[DraftOperation], is_camel: bool
    ) -> None:
        self.page = page
        self.facts = facts
        self.operation = operation
        self.others = [other.section for other in operations if other is not operation]
        self.is_camel = is_camel

    def read(self) -> None:
        operation = self.operation
        for section, call in self.facts.calls:
            if self._is_about(section) and call.url and (len(self.others) == 0 or call.method == operation.method):
                self._read_call(call)
        self._read_samples()
        for fields in self.facts.lists:
            if self._is_about(fields.section):
                self._read_fields(fields)
        for section, call in self.facts.calls:
            if self._is_about(section) and not call.url:
                self._read_arguments(call)
        for values in self.facts.values:
            if self._is_about(values.section):
                self._read_values(values.words, [str(value.value) for value in values.values])
        codes = [status.code for status in self.facts.statuses if self._is_about(status.section)]
        operation.statuses += dict.fromkeys(codes)

    def _is_about(self, section: int) -> bool:
        """True if a section describes the operation: it is part of its own, or of no other's."""
        above = [self.page.sections.index(part) for part in self.page.above(section)]
        return self.operation.section in above or not set(above) & set(self.others)

    def _read_call(self, call: SampleCall) -> None:
        for header in call.headers:
            role = {"content-type": "request", "accept": "response"}.get(header.name.lower())
            if role:
                self.operation.media[role] = header.value.partition(";")[0].strip()
            elif CREDENTIAL.search(header.name):
                scheme = header.value.partition(" ")[0].lower()
                is_http = header.name.lower() == "authorization" and scheme in ("bearer", "basic")
                self.operation.credentials.setdefault(header.name, scheme if is_http else "")
            else:
                self.operation.add_parameter(header.name, "header")
        if call.user:
            self.operation.credentials.setdefault("Authorization", "basic")
        for name, _ in parse_qsl(urlsplit(call.url).query):
            self.operation.add_parameter(name, "query")
        if call.body:
            self.operation.request().add_sample(call.body.value)

    def _read_samples(self) -> None:
        for section, role, sample in self.facts.samples:
            if not self._is_about(section):
                continue
            if role == "request":
                self.operation.request().add_sample(sample.value)
            elif role == "error":
                self.operation.failure = self.operation.failure or Draft()
                self.operation.failure.add_sample(sample.value)
            else:
                self.operation.answer().add_sample(sample.value)
        for body in self.facts.bodies:
            if self._is_about(body.section):
                draft = self.operation.request() if body.role == "request" else self.operation.answer()
                draft.types = draft.types if draft.properties else {body.type}

    def _read_fields(self, fields: Fields) -> None:
        for field in fields.fields:
            place = self._find_place(fields.role, field)
            if place in ("path", "query", "header"):
                self._read_parameter(field, place)
            elif place == "credential":
                self.operation.credentials[field.name] = field.scheme
                self.operation.are_alternatives |= fields.role == "credential"
            elif place:
                self._read_body_field(fields, field, place)

    def _find_place(self, role: str, field: Field) -> str:
        """Return where a field belongs, by the role of its list, or else by its name; "" if nobody can tell."""
        if role in ("path", "query", "credential", "request", "response", "any"):
            return role
        is_structure = field.example is not None and isinstance(field.example.value, dict | list)
        if role == "header" or HEADER.match(field.name) or field.scheme:
            return "credential" if CREDENTIAL.search(field.name) else "header"
        if ("path", field.name) in self.operation.parameters:
            return "path"
        if role not in ("parameters", ""):
            return ""
        return "request" if is_structure or self.operation.method in SENDING else "query"

    def _read_parameter(self, field: Field, location: str) -> None:
        if location == "path" and UNKNOWN in self.operation.path:
            self.operation.path += f"/{{{field.name}}}"
        elif location == "path" and ("path", field.name) not in self.operation.parameters:
            return
        parameter = self.operation.add_parameter(field.name, location)
        parameter.is_only_shown = False
        if field.required and location != "path":
            parameter.is_required = field.required.value is True
        owner = Draft(properties={field.name: parameter.schema})
        owner.add_field(field, is_sent=True)

    def _read_body_field(self, fields: Fields, field: Field, place: str) -> None:
        is_read_only = bool(field.read_only and field.read_only.value)
        if place == "request" or (place == "any" and self.operation.method in SENDING and not is_read_only):
            body = self.operation.request().find_subject(fields.subject)
            is_created = self.operation.method == "POST" or place == "request"
            body.add_field(field, is_sent=is_created)
            if field.example:
                body.open_property(field.name).add_sample(self._wire(field.example.value))
        if place == "response":
            self.operation.answer().content.add_field(field, is_sent=False)
        elif place == "any":
            content = self.operation.answer().find_subject(fields.subject)
            names = {other.name for other in fields.fields}
            if not content.properties or names & set(content.properties):
                content.add_field(field, is_sent=False)

    def _read_arguments(self, call: SampleCall) -> None:
        """Read the keywords of an SDK's call: what the page listed before, or else fields of the body."""
        known = {snake(name).replace(".", "_") for _, name in self.operation.parameters}
        known |= {re.sub(r"[^a-z0-9]+", "_", name.lower()) for name in [*self.operation.credentials, *known]}
        body = self.operation.body
        for argument, value in call.arguments:
            name = next((name for name in (body.properties if body else ()) if snake(name) == argument), "")
            if name or (argument not in known and self.operation.method in SENDING):
                part = self.operation.request().open_property(name or self._wire({argument: 0}).popitem()[0])
                part.add_sample(self._wire(value.value))

    def _wire(self, value: Any) -> Any:
        return to_camel_case(value) if self.is_camel else value

    def _read_values(self, subject: frozenset[str], values: list[str]) -> None:
        """Give a list of values to the parts that its words name."""
        roots = [root for root in (self.operation.body, self.operation.response) if root]
        parts = [(words(name), part) for root in roots for name, part in root.walk() if name]
        parts += [(words(name), part.schema) for (_, name), part in self.operation.parameters.items()]
        named = [(name, part) for name, part in parts if name <= subject and not part.properties and not part.items]
        most = max((len(name) for name, _ in named), default=0)
        for name, part in named:
            if len(name) == most:
                part.values = values
