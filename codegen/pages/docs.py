"""Saved pages and specs/ -> printed differences and an exit status: the command `python -m codegen docs`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..spec import display_path, load_all
from . import openapi, prose
from .blocks import Page, PageError
from .places import Mark, Route, all_routes, reachable_marks
from .report import Difference, PageTally, format_json


class ComparedPage(NamedTuple):
    """A page, the operations written from it, and the differences between them."""

    page: Page
    routes: list[Route]
    tally: PageTally

    @property
    def name(self) -> str:
        """The name of the page in specs and fingerprints."""
        return self.routes[0].page


def check(paths: Sequence[Path], specs: Path, *, as_json: bool = False, accepting: bool = False) -> int:
    """Compare pages with the specs of a folder and print the differences; every page is tried.

    Returns 0 without differences, 1 with some, 2 if a page could not be read. Raises SpecError.
    """
    routes = all_routes(load_all(specs))
    compared, unread = _compare_pages(paths, routes)
    if accepting:
        prose.store_accepted(specs, {result.name: _accept(result) for result in compared})
        names = ", ".join(result.name for result in compared) or "no page"
        print(f"accepted the words of {names} in {display_path(specs / prose.NAME)}", file=sys.stderr)
    stale = _find_stale_marks(compared, routes)
    accepted = prose.load_accepted(specs)
    differences = [
        difference
        for result in compared
        for difference in _collect_differences(result, stale[result.name], accepted.get(result.name))
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
    print(*unread, sep="\n", end="\n" if unread else "", file=sys.stderr)
    return 2 if unread else 1 if differences else 0


def _accept(result: ComparedPage) -> prose.Accepted:
    """Return what is stored of a page whose words are accepted."""
    return prose.make_accepted(result.page, result.tally.marked_differences, result.tally.read)


def _compare_pages(paths: Sequence[Path], routes: list[Route]) -> tuple[list[ComparedPage], list[PageError]]:
    compared: list[ComparedPage] = []
    unread = []
    for path in paths:
        try:
            if path.stem in {result.page.stem for result in compared}:
                raise PageError(f"{path}: another page of this run has the name {path.stem}")
            page, definitions, page_routes = openapi.read_source(path, routes)
            compared.append(ComparedPage(page, page_routes, openapi.compare_page(page, definitions, page_routes)))
        except PageError as error:
            unread.append(error)
    return compared, unread


def _collect_differences(result: ComparedPage, stale: list[Mark], accepted: prose.Accepted | None) -> list[Difference]:
    """Collect the differences of a page: in facts, stale marks, missing headings, and words."""
    differences = [*result.tally.differences, *_stale_differences(result, stale), *_missing_headings(result)]
    if accepted is None:
        differences.append(_make_reread(result, 0, "nothing of this page was accepted so far"))
    else:
        changes = prose.compare_sections(result.page, accepted)
        changed_lines = {change.section: _section_lines(result.page, change.section) for change in changes}
        differences += _new_marked_differences(result, accepted, list(changed_lines.values()), differences)
        for change in _unexplained_changes(changes, changed_lines, differences):
            differences.append(_make_reread(result, change.section, _describe_change(result.page, change)))
        if not differences and result.tally.read != accepted.read:
            message = f"{accepted.read} things were read on this page when it was accepted, and {result.tally.read} now"
            differences.append(_make_reread(result, 0, message))
    return sorted(differences, key=lambda difference: difference.page_line)


def _stale_differences(result: ComparedPage, stale: list[Mark]) -> list[Difference]:
    return [
        Difference(
            *("stale", result.page.path, result.tally.agreed.get(mark, 1), mark.file, mark.line),
            f'page and spec say the same, so the mark "{mark.why}" is stale',
            "remove this x-page-differs",
        )
        for mark in stale
    ]


def _missing_headings(result: ComparedPage) -> list[Difference]:
    """Return a difference for each operation whose heading is not on the page any more."""
    titles = {section.title.casefold() for section in result.page.sections}
    missing = [route for route in result.routes if route.title.casefold() not in titles]
    return [
        _make_prose_difference(
            result, result.tally.lines[route.name], route, f"the heading {route.title!r} of {route.name} is gone"
        )
        for route in missing
    ]


def _new_marked_differences(
    result: ComparedPage, accepted: prose.Accepted, changed: list[range], differences: list[Difference]
) -> list[Difference]:
    """Return marked differences in changed sections that were not there when the page was accepted."""
    reported = {(difference.kind, difference.page_line) for difference in differences}
    unknown: dict[tuple[str, int], Difference] = {}
    for difference in result.tally.marked_differences:
        key = difference.kind, difference.page_line
        inside = any(difference.page_line in span for span in changed)
        if inside and key not in reported and prose.digest_difference(difference) not in accepted.marked:
            unknown.setdefault(key, difference)
    return list(unknown.values())


def _unexplained_changes(
    changes: list[prose.SectionChange], changed_lines: dict[int, range], differences: list[Difference]
) -> list[prose.SectionChange]:
    """Return the changes of words that no difference explains.

    A difference in the section explains its change; one outside of all changed sections explains a removed section.
    """
    lines = [difference.page_line for difference in differences]
    explained_sections = {section for section, span in changed_lines.items() if any(line in span for line in lines)}
    has_difference_elsewhere = any(all(line not in span for span in changed_lines.values()) for line in lines)
    return [
        change
        for change in changes
        if not (has_difference_elsewhere if change.what == prose.GONE else change.section in explained_sections)
    ]


def _section_lines(page: Page, index: int) -> range:
    """Return the lines of a section; in plain text the next heading may stand on its last line."""
    section = page.sections[index]
    following = page.sections[index + 1].line if index + 1 < len(page.sections) else sys.maxsize
    last = max((block.line for block in section.blocks), default=section.line)
    return range(section.line, max(following, last + 1))


def _describe_change(page: Page, change: prose.SectionChange) -> str:
    return f"the section {page.sections[change.section].title!r} {change.what}, and no fact in it differs"


def _make_reread(result: ComparedPage, section: int, message: str) -> Difference:
    """Make the difference that asks to read a section again, at the operation that the section describes."""
    titles = {part.title.casefold() for part in result.page.above(section)}
    route = next((route for route in result.routes if route.title.casefold() in titles), result.routes[0])
    return _make_prose_difference(result, result.page.sections[section].line, route, message)


def _make_prose_difference(result: ComparedPage, line: int, route: Route, message: str) -> Difference:
    edit = "read this again, edit what it changes, then accept it with --accept"
    return result.tally.difference("prose", line, route.part("x-source").spot(), message, edit)


def _find_stale_marks(compared: list[ComparedPage], routes: list[Route]) -> dict[str, list[Mark]]:
    """Return by page the marks that no difference needed, if every page that may need them was compared."""
    names = {result.name for result in compared}
    other_marks = {mark for route in routes if route.page not in names | {"facts"} for mark in reachable_marks(route)}
    used_marks = {mark for result in compared for mark in result.tally.used}
    page_by_mark: dict[Mark, str] = {}
    for result in compared:
        for mark in {mark for route in result.routes for mark in reachable_marks(route)} - other_marks - used_marks:
            if mark not in page_by_mark or mark in result.tally.agreed:
                page_by_mark[mark] = result.name
    return {name: sorted(mark for mark in page_by_mark if page_by_mark[mark] == name) for name in names}
