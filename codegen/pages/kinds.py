"""The kinds of facts that a page can state, each with its line. What a fact means is told in facts.py."""

from __future__ import annotations

from typing import Any, NamedTuple


class PageValue(NamedTuple):
    """A value that a page states, and its line."""

    value: Any
    line: int


class LocatedValue(NamedTuple):
    """A value and the line of each part of it, by JSON pointer."""

    value: Any
    lines: dict[str, int]

    @property
    def line(self) -> int:
        return self.lines[""]


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


class Endpoint(NamedTuple):
    """Method and path, with the host where the page names it."""

    section: int
    method: str
    path: str
    host: str
    method_line: int
    line: int


class Header(NamedTuple):
    """A header that a call sends."""

    name: str
    value: str
    line: int


class SampleCall(NamedTuple):
    """A sample request; the call of an SDK has `arguments`, and neither method nor URL.

    `unreadable` is why its body cannot be read.
    """

    line: int
    method: str = ""
    url: str = ""
    headers: tuple[Header, ...] = ()
    user: bool = False
    body: LocatedValue | None = None
    arguments: tuple[tuple[str, LocatedValue], ...] = ()
    unreadable: PageValue | None = None


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


class Unread(NamedTuple):
    """A table of which only the words are watched, and why."""

    section: int
    line: int
    why: str


class UnreadableSample(NamedTuple):
    """A sample that cannot be read, and why; its line is where reading stopped."""

    section: int
    line: int
    why: str


Fact = Endpoint | Fields | SectionCall | Sample | ValueList | Status | BodyType | Unread | UnreadableSample
