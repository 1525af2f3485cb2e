"""A page compared with its operations -> all its differences: in facts, stale marks, headings, samples and words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from . import prose
from .blocks import Page
from .case import PageCase
from .pieces import Piece
from .places import Mark, Route, reachable_marks
from .report import Difference, PageTally

EDIT = "read this again, edit what it changes, then accept it with --accept"


class ComparedPage(NamedTuple):
    """A page compared with its operations, its pieces, and what of it was accepted."""

    case: PageCase
    pieces: list[Piece]
    accepted: prose.Accepted | None

    @property
    def page(self) -> Page:
        return self.case.page

    @property
    def tally(self) -> PageTally:
        return self.case.tally

    @property
    def name(self) -> str:
        """The name of the page in specs and fingerprints."""
        return self.case.routes[0].page

    @property
    def changes(self) -> list[prose.BlockChange]:
        """The blocks that changed since the page was accepted."""
        return prose.compare_blocks(self.pieces, self.accepted) if self.accepted else []


def find_fact_differences(result: ComparedPage, stale: list[Mark]) -> list[Difference]:
    """Return what only an edit of the spec settles: differences in facts, stale marks, missing headings."""
    return [*result.tally.differences, *_stale_differences(result, stale), *_missing_headings(result)]


def collect_differences(result: ComparedPage, fact_differences: list[Difference]) -> list[Difference]:
    """Return all differences of a page: in facts, and in words that no difference of facts explains."""
    differences = list(fact_differences)
    if result.accepted is None:
        differences += _unreadable_samples(result)
        differences.append(
            _make_difference(result, result.page.sections[0].line, "nothing of this page was accepted so far")
        )
    else:
        changes = result.changes
        changed = [result.pieces[change.piece].lines for change in changes if change.what != prose.GONE]
        differences += _unreadable_samples(result, changed)
        differences += _new_marked_differences(result, result.accepted, changed, differences)
        differences += _tell_changes(result, changes, differences)
        if not differences and result.tally.read != result.accepted.read:
            message = f"{result.accepted.read} things were read on this page when it was accepted, and"
            line = result.page.sections[0].line
            differences.append(_make_difference(result, line, f"{message} {result.tally.read} now"))
    return sorted(differences, key=lambda difference: difference.page_line)


def _stale_differences(result: ComparedPage, stale: list[Mark]) -> list[Difference]:
    agreed = {mark: line for (mark, _), line in reversed(result.tally.agreed.items())}
    return [
        Difference(
            *("stale", result.page.path, agreed[mark], mark.file, mark.line),
            f'page and spec say the same, so the mark "{mark.why}" is stale',
            "remove this x-page-differs",
        )
        for mark in stale
    ]


def _missing_headings(result: ComparedPage) -> list[Difference]:
    """Return a difference for each operation whose heading is not on the page any more, at the one that replaced it."""
    titles = {section.title.casefold() for section in result.page.sections}
    new_titles = [
        result.pieces[change.piece]
        for change in result.changes
        if change.kind == "heading" and change.what != prose.GONE
    ]
    differences = []
    for route in (route for route in result.case.routes if route.title.casefold() not in titles):
        lines = [piece.lines.start for piece in new_titles if route in result.case.routes_below(piece.section)]
        line, spot = next(iter(lines), result.tally.lines[route.name]), route.part("x-source").spot()
        message = f"the heading {route.title!r} of {route.name} is gone"
        edit = "name the heading that describes it now in `x-source`"
        differences.append(result.tally.difference("prose", line, spot, message, edit))
    return differences


def _unreadable_samples(result: ComparedPage, changed: list[range] | None = None) -> list[Difference]:
    """Return a difference for each sample that cannot be read, unless it was accepted as it is."""
    owner = result.case.owners
    return [
        result.tally.difference("sample", sample.line, owner(sample.section)[0].node.spot(), sample.why, EDIT)
        for sample in result.case.facts.unreadable
        if changed is None or any(sample.line in lines for lines in changed)
    ]


def _new_marked_differences(
    result: ComparedPage, accepted: prose.Accepted, changed: list[range], differences: list[Difference]
) -> list[Difference]:
    """Return marked differences in changed blocks that were not there when the page was accepted."""
    reported = {(difference.kind, difference.page_line) for difference in differences}
    unknown: dict[tuple[str, int], Difference] = {}
    for marked in result.tally.marked_differences:
        key = marked.difference.kind, marked.difference.page_line
        inside = any(marked.difference.page_line in lines for lines in changed)
        if inside and key not in reported and prose.digest_difference(marked) not in accepted.marked:
            unknown.setdefault(key, marked.difference)
    return list(unknown.values())


def _tell_changes(
    result: ComparedPage, changes: list[prose.BlockChange], differences: list[Difference]
) -> Iterator[Difference]:
    """Yield a difference for each block whose change no difference of facts explains, neighbours together."""
    lines = [difference.page_line for difference in differences]
    lacks = result.tally.lacks
    for run in _find_runs(changes):
        unexplained: list[prose.BlockChange] = []
        is_whole = any(change.kind in ("table", "heading", "sample") for change in run)
        above = ""
        for change in run:
            is_lack = change.what == prose.GONE and change.has_facts and lacks > 0 and not is_whole
            lacks -= is_lack
            if is_lack or _is_explained(result, change, lines) or (above == "entry" and change.kind == "paragraph"):
                above = change.kind
            else:
                above = ""
                unexplained.append(change)
        if unexplained:
            yield _make_difference(result, _line_of_change(result, unexplained[0]), _describe(result, unexplained))


def _find_runs(changes: list[prose.BlockChange]) -> list[list[prose.BlockChange]]:
    """Group blocks that are new, or gone, and stand beside each other."""
    runs: list[list[prose.BlockChange]] = []
    for change in changes:
        before = runs[-1][-1] if runs else None
        is_new = before and before.what == change.what == prose.NEW and change.piece == before.piece + 1
        is_gone = before and before.what == change.what == prose.GONE and change.accepted == (before.accepted or 0) + 1
        if is_new or is_gone:
            runs[-1].append(change)
        else:
            runs.append([change])
    return runs


def _is_explained(result: ComparedPage, change: prose.BlockChange, lines: list[int]) -> bool:
    """True if a difference on its lines tells of a block: of a changed one only if its words are the same."""
    piece = result.pieces[min(change.piece, len(result.pieces) - 1)]
    if change.what == prose.GONE:
        return False
    if piece.kind == "heading":
        return any(difference.page_line == piece.lines.start for difference in _missing_headings(result))
    is_told = any(line in piece.lines for line in lines)
    return is_told and (change.what != prose.CHANGED or change.has_facts)


def _describe(result: ComparedPage, group: list[prose.BlockChange]) -> str:
    counts = {kind: sum(change.kind == kind for change in group) for kind in dict.fromkeys(c.kind for c in group)}
    names = ", ".join(kind if count == 1 else f"{count} x {kind}" for kind, count in counts.items())
    piece = result.pieces[min(group[0].piece, len(result.pieces) - 1)]
    where = "above" if group[0].what == prose.GONE and piece.kind == "heading" else "in"
    title = result.page.sections[piece.section].title
    return f"{names} {where} {title!r} {group[0].what}, and no fact in it differs"


def _line_of_change(result: ComparedPage, change: prose.BlockChange) -> int:
    return result.pieces[min(change.piece, len(result.pieces) - 1)].lines.start


def _make_difference(result: ComparedPage, line: int, message: str) -> Difference:
    """Make the difference that asks to read a block again, at the operation that its section describes."""
    section = max((index for index, section in enumerate(result.page.sections) if section.line <= line), default=0)
    return result.tally.difference("prose", line, result.case.owners(section)[0].part("x-source").spot(), message, EDIT)


def find_stale_marks(compared: list[ComparedPage], routes: list[Route]) -> dict[str, list[Mark]]:
    """Return by page the marks that no difference needed, if page and spec agree in all that the mark covered.

    Every page that may need the mark must have been compared; where a part of the page is gone, nothing is known.
    """
    names = {result.name for result in compared}
    other_marks = {mark for route in routes if route.page not in names | {"facts"} for mark in reachable_marks(route)}
    used_marks = {mark for result in compared for mark in result.tally.used}
    page_by_mark: dict[Mark, str] = {}
    for result in compared:
        marks = {mark for route in result.case.routes for mark in reachable_marks(route)}
        for mark in marks - other_marks - used_marks:
            if _agrees(result, mark):
                page_by_mark.setdefault(mark, result.name)
    return {name: sorted(mark for mark in page_by_mark if page_by_mark[mark] == name) for name in names}


def _agrees(result: ComparedPage, mark: Mark) -> bool:
    agreed = {kind for marked, kind in result.tally.agreed if marked == mark}
    covered = prose.kinds_of_mark(result.accepted, mark.why) if result.accepted else set()
    has_lost_a_part = any(
        change.what == prose.GONE and change.kind not in ("paragraph", "item") for change in result.changes
    )
    return bool(agreed) and covered <= agreed and not has_lost_a_part and not result.case.facts.unreadable
