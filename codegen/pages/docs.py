"""`python -m codegen docs`: pages against specs, from files to an exit status."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..spec import load_all
from . import prose
from .blocks import Page, PageError, read
from .case import written_from
from .compare import compare
from .places import Mark, Route, every, reached
from .report import Difference, Tally, in_json, shown


class Compared(NamedTuple):
    """A page that was read, the operations written from it, and what was found."""

    page: Page
    routes: list[Route]
    tally: Tally

    @property
    def name(self) -> str:
        """What specs and fingerprints call the page."""
        return self.routes[0].page


def check(paths: Sequence[Path], specs: Path, *, as_json: bool = False, accepting: bool = False) -> int:
    """Compare pages with the specs of a folder and print the differences; every page is tried.

    Returns 0 in step, 1 differs, 2 a page could not be read. Raises SpecError when a spec cannot be.
    """
    routes = every(load_all(specs))
    compared, unread = _compared(paths, routes)
    if accepting:
        prose.accept(specs, {one.name: prose.taken(one.page, one.tally.marked, one.tally.read) for one in compared})
        names = ", ".join(one.name for one in compared) or "no page"
        print(f"accepted the words of {names} in {shown(specs / prose.NAME)}", file=sys.stderr)
    stale = _stale(compared, routes)
    accepted = prose.load(specs)
    found = [
        difference for one in compared for difference in _differences(one, stale[one.name], accepted.get(one.name))
    ]
    counts = {one.page.stem: one.tally.facts for one in compared}
    if as_json:
        print(in_json(counts, found))
    else:
        print(*found, sep="\n", end="\n" if found else "")
    for one in compared:
        print(*one.tally.notes, sep="\n", end="\n" if one.tally.notes else "", file=sys.stderr)
        number = sum(difference.page == one.page.path for difference in found)
        told = "1 difference" if number == 1 else f"{number} differences" if number else "no difference"
        print(f"{one.page.stem}: {one.tally.facts} facts compared, {told}", file=sys.stderr)
    print(*unread, sep="\n", end="\n" if unread else "", file=sys.stderr)
    return 2 if unread else 1 if found else 0


def _compared(paths: Sequence[Path], routes: list[Route]) -> tuple[list[Compared], list[PageError]]:
    compared: list[Compared] = []
    unread = []
    for path in paths:
        try:
            if path.stem in {one.page.stem for one in compared}:
                raise PageError(f"{path}: another page of this run has the name {path.stem}")
            page = read(path, [route.title for route in routes if route.page == path.stem])
            own = written_from(page, routes)
            compared.append(Compared(page, own, compare(page, own)))
        except PageError as error:
            unread.append(error)
    return compared, unread


def _differences(one: Compared, stale: list[Mark], accepted: prose.Accepted | None) -> list[Difference]:
    """Everything to be told of a page: facts, marks that are stale, headings that are gone, and words."""
    found = [*one.tally.differences, *_stale_here(one, stale), *_headings(one)]
    if accepted is None:
        found.append(_reread(one, 0, "nothing of this page was accepted so far"))
    else:
        changes = prose.changes(one.page, accepted)
        spans = {change.section: _span(one.page, change.section) for change in changes}
        found += _unknown(one, accepted, list(spans.values()), found)
        found += [_reread(one, change.section, _named(one.page, change)) for change in _untold(changes, spans, found)]
        if not found and one.tally.read != accepted.read:
            what = f"{accepted.read} things were read on this page when it was accepted, and {one.tally.read} now"
            found.append(_reread(one, 0, what))
    return sorted(found, key=lambda difference: difference.page_line)


def _stale_here(one: Compared, stale: list[Mark]) -> list[Difference]:
    return [
        Difference(
            *("stale", one.page.path, one.tally.agreed.get(mark, 1), mark.file, mark.line),
            f'page and spec say the same, so the mark "{mark.why}" is stale',
            "remove this x-page-differs",
        )
        for mark in stale
    ]


def _headings(one: Compared) -> list[Difference]:
    """Operations whose heading is not on the page any more."""
    titles = {section.title.casefold() for section in one.page.sections}
    return [
        _prose(one, one.tally.lines[route.name], route, f"the heading {route.title!r} of {route.name} is gone")
        for route in one.routes
        if route.title.casefold() not in titles
    ]


def _unknown(
    one: Compared, accepted: prose.Accepted, changed: list[range], found: list[Difference]
) -> list[Difference]:
    """Marked differences that were not there when the page was accepted, in sections that changed since."""
    told = {(difference.kind, difference.page_line) for difference in found}
    unknown: dict[tuple[str, int], Difference] = {}
    for difference in one.tally.marked:
        key = difference.kind, difference.page_line
        inside = any(difference.page_line in span for span in changed)
        if inside and key not in told and prose.digest(difference) not in accepted.marked:
            unknown.setdefault(key, difference)
    return list(unknown.values())


def _untold(changes: list[prose.Change], spans: dict[int, range], found: list[Difference]) -> list[prose.Change]:
    """Changes of words that no difference explains: one in the section, or outside of all where the section is gone."""
    lines = [difference.page_line for difference in found]
    told = {section for section, span in spans.items() if any(line in span for line in lines)}
    apart = any(all(line not in span for span in spans.values()) for line in lines)
    return [change for change in changes if not (apart if change.what == prose.GONE else change.section in told)]


def _span(page: Page, index: int) -> range:
    """The lines of a section; in plain text the next heading may stand on its last one."""
    section = page.sections[index]
    following = page.sections[index + 1].line if index + 1 < len(page.sections) else sys.maxsize
    last = max((block.line for block in section.blocks), default=section.line)
    return range(section.line, max(following, last + 1))


def _named(page: Page, change: prose.Change) -> str:
    return f"the section {page.sections[change.section].title!r} {change.what}, and no fact in it differs"


def _reread(one: Compared, section: int, what: str) -> Difference:
    """Read this again: beside the operation that the section is about."""
    above = {part.title.casefold() for part in one.page.above(section)}
    route = next((route for route in one.routes if route.title.casefold() in above), one.routes[0])
    return _prose(one, one.page.sections[section].line, route, what)


def _prose(one: Compared, line: int, route: Route, what: str) -> Difference:
    edit = "read this again, edit what it changes, then accept it with --accept"
    return one.tally.difference("prose", line, route.part("x-source").spot(), what, edit)


def _stale(compared: list[Compared], routes: list[Route]) -> dict[str, list[Mark]]:
    """By page, the marks that no difference needed, where every page that could need them was compared."""
    names = {one.name for one in compared}
    elsewhere = {mark for route in routes if route.page not in names | {"facts"} for mark in reached(route)}
    used = {mark for one in compared for mark in one.tally.used}
    found: dict[Mark, str] = {}
    for one in compared:
        for mark in {mark for route in one.routes for mark in reached(route)} - elsewhere - used:
            if mark not in found or mark in one.tally.agreed:
                found[mark] = one.name
    return {name: sorted(mark for mark in found if found[mark] == name) for name in names}
