"""A Page -> its Facts: everything on it that can be compared with a spec, or made into one.

A fact is one statement of a page that a program can hold against a spec: that an operation has this method and path,
that a field has this name, type or limit, that a sample looks like this. Each has the index of its section in
`page.sections` and the line where it stands; whose operation a section describes is told by `PageCase.owners`. The
kinds of facts, with their parts, are in kinds.py. What a page does not state is None or empty, never a guess.

`read_facts(page)` reads a page in every notation of NOTATIONS. A new notation is a module with one function, which
takes the page, the index of a section and the role of that section, and yields facts; it is entered in this table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from .addresses import read_endpoints
from .blocks import Page
from .code import read_code
from .items import read_items
from .kinds import (
    BodyType,
    Endpoint,
    Fact,
    Field,
    Fields,
    Sample,
    SectionCall,
    Status,
    Unread,
    UnreadableSample,
    ValueList,
)
from .listed import read_statuses, read_value_lists
from .messages import read_messages
from .runs import read_runs
from .stacked import read_stacked
from .tables import read_tables
from .titles import role_of

__all__ = [
    "NOTATIONS",
    "BodyType",
    "Endpoint",
    "Fact",
    "Facts",
    "Field",
    "Fields",
    "Sample",
    "SectionCall",
    "Status",
    "Unread",
    "UnreadableSample",
    "ValueList",
    "read_facts",
    "role_of",
]

Kind = TypeVar("Kind")
NOTATIONS: tuple[Callable[[Page, int, str], Iterable[Fact]], ...] = (
    read_endpoints,
    read_messages,
    read_tables,
    read_runs,
    read_stacked,
    read_items,
    read_value_lists,
    read_statuses,
    read_code,
)


class Facts(NamedTuple):
    """The facts of a page by kind, each kind in the order of the page.

    `unread` are tables of which only the words are watched, `unreadable` samples that no reader understands.
    """

    endpoints: list[Endpoint]
    lists: list[Fields]
    calls: list[SectionCall]
    samples: list[Sample]
    values: list[ValueList]
    statuses: list[Status]
    bodies: list[BodyType]
    unread: list[Unread]
    unreadable: list[UnreadableSample]

    @property
    def size(self) -> int:
        """The number of facts, whatever the spec says of them."""
        parts = sum(len(fields.fields) for fields in self.lists) + sum(len(values.values) for values in self.values)
        sent = sum(len(call.headers) + len(call.arguments) + bool(call.body) + 1 for _, call in self.calls)
        return len(self.endpoints) + parts + sent + len(self.samples) + len(self.statuses) + len(self.bodies)

    @property
    def fields(self) -> Iterator[Field]:
        """The fields of all lists."""
        return (field for fields in self.lists for field in fields.fields)


def read_facts(page: Page) -> Facts:
    """Read the facts of a page; one without any has empty lists."""
    all_facts: list[Fact] = []
    for index in range(len(page.sections)):
        role = role_of(page, index)
        all_facts += [fact for read in NOTATIONS for fact in read(page, index, role)]
    return Facts(
        _select(all_facts, Endpoint),
        _select(all_facts, Fields),
        _select(all_facts, SectionCall),
        _select(all_facts, Sample),
        _select(all_facts, ValueList),
        _select(all_facts, Status),
        _select(all_facts, BodyType),
        _select(all_facts, Unread),
        _select(all_facts, UnreadableSample),
    )


def _select(all_facts: Iterable[Fact], kind: type[Kind]) -> list[Kind]:
    return [fact for fact in all_facts if isinstance(fact, kind)]
