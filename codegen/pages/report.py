"""Differences as text, one a line, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from .places import Mark, Node, Spot

KINDS = (
    *("endpoint", "parameter", "required", "type", "format", "limit", "enum", "read-only", "sample", "status", "host"),
    *("prose", "stale"),
)


class Difference(NamedTuple):
    """One thing that page and spec do not agree on: where it stands in both, and what to edit."""

    kind: str
    page: Path
    page_line: int
    spec_file: Path
    spec_line: int
    message: str
    edit: str

    def __str__(self) -> str:
        spec = f"{shown(self.spec_file)}:{self.spec_line}"
        return f"{shown(self.page)}:{self.page_line}: {self.kind}: {self.message} [{spec}: {self.edit}]"


def shown(path: Path) -> str:
    """A path as a person here would write it."""
    absolute = path.resolve()
    return str(absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else path)


def in_json(counts: dict[str, int], differences: Sequence[Difference]) -> str:
    """`{"version": 1, "pages": {PAGE: {"facts": n}}, "differences": […]}`; a page goes by the stem of its file."""
    return json.dumps(
        {
            "version": 1,
            "pages": {page: {"facts": facts} for page, facts in counts.items()},
            "differences": [
                {**found._asdict(), "page": found.page.stem, "spec_file": shown(found.spec_file)}
                for found in differences
            ],
        },
        indent=2,
        ensure_ascii=False,
    )


class Loose(NamedTuple):
    """A field that only one side has, and the difference that it makes; `group` is the list or the object it is of."""

    group: str
    name: str
    node: Node
    difference: Difference


class Tally:
    """Counts what was `read` of one page and the `facts` that were compared, and keeps what differs.

    `marked` are differences that the spec marks as known, `agreed` the lines on which page and spec say the same about
    a thing that is marked, `lines` those where the page begins to speak of an operation, `notes` what else
    a person should know. A field that is new on the
    page and one that is gone wait in `strays` and `lost`, since the two may be one that was renamed.
    """

    def __init__(self, page: Path) -> None:
        self.page = page
        self.facts = 0
        self.read = 0
        self.notes: list[str] = []
        self.found: dict[tuple[str, str, Path, int], Difference] = {}
        self.marked: list[Difference] = []
        self.used: set[Mark] = set()
        self.agreed: dict[Mark, int] = {}
        self.lines: dict[str, int] = {}
        self.strays: dict[str, Loose] = {}
        self.lost: dict[str, Loose] = {}

    @property
    def differences(self) -> list[Difference]:
        """By line of the page; the same said in two places is one."""
        return sorted(self.found.values(), key=lambda one: (one.page_line, KINDS.index(one.kind), one.message))

    def count(self, number: int = 1) -> None:
        """Facts of the page were compared."""
        self.facts += number

    def differ(self, kind: str, line: int, spot: Spot, message: str, edit: str) -> bool:
        """Note a difference; false when the spec marks the thing as one that differs knowingly."""
        difference = self.difference(kind, line, spot, message, edit)
        if spot.node.marks:
            self.used.update(spot.node.marks)
            self.marked.append(difference)
            return False
        self._keep(difference)
        return True

    def difference(self, kind: str, line: int, spot: Spot, message: str, edit: str) -> Difference:
        """A difference between a line of the page and a spot of the spec."""
        return Difference(kind, self.page, line, spot.node.spec.path, spot.line, message, edit)

    def agree(self, line: int, node: Node) -> None:
        """Page and spec say the same there; a mark on it may be stale."""
        for mark in node.marks:
            self.agreed.setdefault(mark, line)

    def lack(self, name: str, node: Node, difference: Difference) -> None:
        """The spec lacks a thing of the page; a mark on what would hold it covers it when its words name the thing."""
        if not self._left_out(name, node, difference):
            self._keep(difference)

    def stray(self, loose: Loose) -> None:
        """A field that the spec lacks, which may be one of its own under another name."""
        if not self._left_out(loose.name, loose.node, loose.difference):
            self.strays.setdefault(loose.difference.message, loose)

    def lose(self, loose: Loose) -> None:
        """A field that the page lacks, or knowingly leaves out."""
        if loose.node.marks:
            self.used.update(loose.node.marks)
            self.marked.append(loose.difference)
        else:
            self.lost.setdefault(f"{loose.group} {loose.name}", loose)

    def settle(self) -> None:
        """Tell one stray and one lost field of the same list or object as one renamed, and all others as they are."""
        for group in {loose.group for loose in [*self.strays.values(), *self.lost.values()]}:
            strays = [loose for loose in self.strays.values() if loose.group == group]
            lost = [loose for loose in self.lost.values() if loose.group == group]
            if len(strays) == len(lost) == 1:
                self._keep(_renamed(strays[0], lost[0]))
            else:
                for loose in strays + lost:
                    self._keep(loose.difference)

    def _left_out(self, name: str, node: Node, difference: Difference) -> bool:
        marks = [mark for mark in node.marks if name in mark.why]
        self.used.update(marks)
        self.marked += [difference] if marks else []
        return bool(marks)

    def _keep(self, difference: Difference) -> None:
        key = (difference.kind, difference.message, difference.spec_file, difference.spec_line)
        self.found.setdefault(key, difference)


def _renamed(stray: Loose, lost: Loose) -> Difference:
    message = f"the page has `{stray.name}` where the spec has `{lost.name}`"
    edit = f"rename `{lost.name}` to `{stray.name}`"
    return lost.difference._replace(
        kind=stray.difference.kind, page_line=stray.difference.page_line, message=message, edit=edit
    )
