"""Differences of one page -> text, a line for each, or JSON; and the tally that collects them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

from ..spec import display_path
from .fields import words
from .places import Mark, Node, Spot

KINDS = (
    *("endpoint", "parameter", "required", "type", "format", "limit", "enum", "read-only", "sample", "status", "host"),
    *("prose", "statement", "stale"),
)


class Difference(NamedTuple):
    """One contradiction of page and spec: its place in both, and what to edit."""

    kind: str
    page: Path
    page_line: int
    spec_file: Path
    spec_line: int
    message: str
    edit: str

    def __str__(self) -> str:
        spec = f"{display_path(self.spec_file)}:{self.spec_line}"
        return f"{display_path(self.page)}:{self.page_line}: {self.kind}: {self.message} [{spec}: {self.edit}]"


def format_json(counts: dict[str, int], differences: Sequence[Difference]) -> str:
    """Format as `{"version": 1, "pages": {PAGE: {"facts": n}}, "differences": […]}`; PAGE is the stem of its file."""
    return json.dumps(
        {
            "version": 1,
            "pages": {page: {"facts": facts} for page, facts in counts.items()},
            "differences": [
                {**difference._asdict(), "page": difference.page.stem, "spec_file": display_path(difference.spec_file)}
                for difference in differences
            ],
        },
        indent=2,
        ensure_ascii=False,
    )


class MarkedDifference(NamedTuple):
    """A difference that the spec knows of, and the words of a mark `x-page-differs` that covers it."""

    difference: Difference
    why: str


class OneSidedField(NamedTuple):
    """A field that only page or spec has, with its difference; `group` is the list or object that it belongs to.

    `types` and `neighbours`, the names before and after it, are told as far as they are known.
    """

    group: str
    name: str
    node: Node
    difference: Difference
    types: frozenset[str] = frozenset()
    neighbours: frozenset[str] = frozenset()

    def is_like(self, other: OneSidedField) -> bool:
        """True if one may be the other's new name: of one type, and with a like name or the same neighbour."""
        types, other_types = (
            {"number" if kind == "integer" else kind for kind in field.types} for field in (self, other)
        )
        if types and other_types and not types & other_types:
            return False
        if words(self.name) & words(other.name) or SequenceMatcher(None, self.name, other.name).ratio() > 0.6:
            return True
        return bool(types and other_types and self.neighbours & other.neighbours)


def find_neighbours(name: str, names: list[str]) -> frozenset[str]:
    """Return the names before and after a name."""
    place = names.index(name) if name in names else len(names) + 1
    return frozenset(names[max(place - 1, 0) : place] + names[place + 1 : place + 2])


class PageTally:
    """The result of comparing one page: how much was `read`, how many `facts` were compared, and the differences.

    `marked_differences` are those that the spec marks as known, `agreed` the lines on which page and spec agree about
    a marked node, by mark and kind, `lines` those where the page begins to describe an operation, `notes` further
    messages. A field that only the page has waits in `strays`, one that only the spec has in `lost`: the two may be one
    that was renamed. `lacks` counts what the page lacks.
    """

    def __init__(self, page: Path) -> None:
        self.page = page
        self.facts = 0
        self.read = 0
        self.notes: list[str] = []
        self.differences_by_key: dict[tuple[str, str, Path, int], Difference] = {}
        self.lacks = 0
        self.marked_differences: list[MarkedDifference] = []
        self.used: set[Mark] = set()
        self.agreed: dict[tuple[Mark, str], int] = {}
        self.lines: dict[str, int] = {}
        self.strays: dict[str, OneSidedField] = {}
        self.lost: dict[str, OneSidedField] = {}

    @property
    def differences(self) -> list[Difference]:
        """The differences by line of the page, equal ones once."""
        return sorted(
            self.differences_by_key.values(),
            key=lambda difference: (difference.page_line, KINDS.index(difference.kind), difference.message),
        )

    def count(self, number: int = 1) -> None:
        """Count facts of the page that were compared."""
        self.facts += number

    def differ(self, kind: str, line: int, spot: Spot, message: str, edit: str) -> bool:
        """Note a difference; False if the spec marks the node as one that differs."""
        difference = self.difference(kind, line, spot, message, edit)
        if self._cover(spot.node.marks, difference):
            return False
        self._keep(difference)
        return True

    def lack(self, kind: str, line: int, spot: Spot, message: str, edit: str) -> bool:
        """Note that the page lacks what the spec has; False if the spec marks it as known."""
        is_new = self.differ(kind, line, spot, message, edit)
        self.lacks += is_new
        return is_new

    def difference(self, kind: str, line: int, spot: Spot, message: str, edit: str) -> Difference:
        """Make a difference between a line of the page and a spot of the spec."""
        return Difference(kind, self.page, line, spot.node.spec.path, spot.line, message, edit)

    def agree(self, kind: str, line: int, node: Node) -> None:
        """Note that page and spec agree about a node in one respect; a mark on it may be stale."""
        for mark in node.marks:
            self.agreed.setdefault((mark, kind), line)

    def note_missing_in_spec(self, name: str, node: Node, difference: Difference) -> None:
        """Note what the spec lacks, unless a mark on `node`, which would hold it, names it."""
        if not self._left_out(name, node, difference):
            self._keep(difference)

    def note_stray(self, loose: OneSidedField) -> None:
        """Note a field that the spec lacks; it may have been renamed."""
        if not self._left_out(loose.name, loose.node, loose.difference):
            self.strays.setdefault(loose.difference.message, loose)

    def note_missing_on_page(self, loose: OneSidedField) -> None:
        """Note a field that the page lacks; a mark on it explains that."""
        if not self._cover(loose.node.marks, loose.difference):
            self.lost.setdefault(f"{loose.group} {loose.name}", loose)

    def resolve_renames(self) -> None:
        """Report one stray and one lost field of the same group as a renamed field, and all others as they are."""
        for group in {loose.group for loose in [*self.strays.values(), *self.lost.values()]}:
            strays = [loose for loose in self.strays.values() if loose.group == group]
            lost = [loose for loose in self.lost.values() if loose.group == group]
            if len(strays) == len(lost) == 1 and strays[0].is_like(lost[0]):
                self._keep(_renamed(strays[0], lost[0]))
            else:
                self.lacks += len(lost)
                for loose in strays + lost:
                    self._keep(loose.difference)

    def _left_out(self, name: str, node: Node, difference: Difference) -> bool:
        return self._cover([mark for mark in node.marks if name in mark.why], difference)

    def _cover(self, marks: Sequence[Mark], difference: Difference) -> bool:
        """Note a difference that marks cover; False if there is no mark."""
        self.used.update(marks)
        self.marked_differences += [MarkedDifference(difference, mark.why) for mark in marks]
        return bool(marks)

    def _keep(self, difference: Difference) -> None:
        key = (difference.kind, difference.message, difference.spec_file, difference.spec_line)
        self.differences_by_key.setdefault(key, difference)


def _renamed(note_stray: OneSidedField, lost: OneSidedField) -> Difference:
    message = f"the page has `{note_stray.name}` where the spec has `{lost.name}`"
    edit = f"rename `{lost.name}` to `{note_stray.name}`"
    return lost.difference._replace(
        kind=note_stray.difference.kind, page_line=note_stray.difference.page_line, message=message, edit=edit
    )
