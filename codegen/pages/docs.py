"""Saved pages and specs/ -> printed differences and an exit status: the command `python -m codegen docs`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ..spec import display_path, load_all
from . import prose
from .blocks import Page, PageError, read_page
from .case import PageCase, find_routes_of_page
from .compare import compare
from .pieces import Piece, make_pieces
from .places import Mark, Route, all_routes, reachable_marks
from .report import Difference, PageTally, format_json

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


def check(
    paths: Sequence[Path], specs: Path, *, as_json: bool = False, accepting: bool = False, lines: Sequence[int] = ()
) -> int:
    """Compare pages with the specs of a folder and print the differences; every page is tried.

    Accepting takes the words of the pages as read, or of the blocks on the lines only, unless facts differ.
    Returns 0 without differences, 1 with some, 2 if a page could not be read. Raises SpecError.
    """
    routes = all_routes(load_all(specs))
    compared, unread = _compare_pages(paths, routes, specs)
    stale = _find_stale_marks(compared, routes)
    refused = _accept(compared, stale, specs, lines) if accepting else []
    accepted = prose.load_accepted(specs)
    compared = [result._replace(accepted=accepted.get(result.name)) for result in compared]
    differences = [
        difference
        for result in compared
        for difference in _collect_differences(result, _find_fact_differences(result, stale[result.name]))
    ]
    counts = {result.page.stem: result.tally.facts for result in compared}
    if as_json:
        print(format_json(counts, differences))
    else:
        print(*differences, sep="\n", end="\n" if differences else "")
    for result in compared:
        print(*result.tally.notes, sep="\n", end="\n" if result.tally.notes else "", file=sys.stderr)
        count = sum(difference.page == result.page.path for difference in differences)
        count_text = "1 difference" if count == 1 else f"{count} differences" if count else "no difference"
        print(f"{result.page.stem}: {result.tally.facts} facts compared, {count_text}", file=sys.stderr)
    print(*refused, *unread, sep="\n", end="\n" if refused or unread else "", file=sys.stderr)
    return 2 if unread else 1 if differences else 0


def _accept(compared: list[ComparedPage], stale: dict[str, list[Mark]], specs: Path, lines: Sequence[int]) -> list[str]:
    """Store the pages as read, and return a message for each that is not, because its facts differ."""
    refused = [result for result in compared if _find_fact_differences(result, stale[result.name])]
    stored = {}
    for result in compared:
        if result not in refused:
            marked, read = result.tally.marked_differences, result.tally.read
            stored[result.name] = prose.make_accepted(result.pieces, marked, read)
            if lines and result.accepted:
                blocks = prose.accept_blocks(result.pieces, result.accepted, lines)
                stored[result.name] = stored[result.name]._replace(blocks=blocks)
    prose.store_accepted(specs, stored)
    names = ", ".join(stored) or "no page"
    print(f"accepted the words of {names} in {display_path(specs / prose.NAME)}", file=sys.stderr)
    return [f"{result.page.stem}: not accepted, because facts differ: edit the spec first" for result in refused]


def _compare_pages(
    paths: Sequence[Path], routes: list[Route], specs: Path
) -> tuple[list[ComparedPage], list[PageError]]:
    accepted = prose.load_accepted(specs)
    compared: list[ComparedPage] = []
    unread = []
    for path in paths:
        try:
            if path.stem in {result.page.stem for result in compared}:
                raise PageError(f"{path}: another page of this run has the name {path.stem}")
            page = read_page(path, [route.title for route in routes if route.page == path.stem])
            case = compare(page, find_routes_of_page(page, routes))
            pieces = make_pieces(page, case.facts)
            compared.append(ComparedPage(case, pieces, accepted.get(case.routes[0].page)))
        except PageError as error:
            unread.append(error)
    return compared, unread


def _find_fact_differences(result: ComparedPage, stale: list[Mark]) -> list[Difference]:
    """Return what only an edit of the spec settles: differences in facts, stale marks, missing headings."""
    return [*result.tally.differences, *_stale_differences(result, stale), *_missing_headings(result)]


def _collect_differences(result: ComparedPage, fact_differences: list[Difference]) -> list[Difference]:
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
    section = result.page.sections[result.pieces[min(group[0].piece, len(result.pieces) - 1)].section]
    return f"{names} in {section.title!r} {group[0].what}, and no fact in it differs"


def _line_of_change(result: ComparedPage, change: prose.BlockChange) -> int:
    return result.pieces[min(change.piece, len(result.pieces) - 1)].lines.start


def _make_difference(result: ComparedPage, line: int, message: str) -> Difference:
    """Make the difference that asks to read a block again, at the operation that its section describes."""
    section = max((index for index, section in enumerate(result.page.sections) if section.line <= line), default=0)
    return result.tally.difference("prose", line, result.case.owners(section)[0].part("x-source").spot(), message, EDIT)


def _find_stale_marks(compared: list[ComparedPage], routes: list[Route]) -> dict[str, list[Mark]]:
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
