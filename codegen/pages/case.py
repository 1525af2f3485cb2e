"""One page beside its operations: which section is about which of them, and which path is whose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from . import facts as page_facts
from .blocks import Page, PageError, Section
from .facts import Facts, facts
from .judge import Seen
from .places import Route, every
from .report import Tally

PLACEHOLDER = re.compile(r"\{(.+)\}\Z|<(.+)>\Z|:(.+)\Z|\[(.+)\]\Z")


class Case(NamedTuple):
    """A page, the operations written from it, and what comparing them has found so far.

    `moved` has the method and path that the page gives an operation in place of those of the spec, by its name.
    """

    page: Page
    own: Sequence[Route]
    facts: Facts
    tally: Tally
    seen: Seen
    moved: dict[str, str]

    def stated(self, endpoint: page_facts.Endpoint) -> Route | None:
        """The operation of the page that an endpoint on it is."""
        return match(endpoint.method, endpoint.path, self.own)

    def owners(self, section: int) -> Sequence[Route]:
        """The operation whose heading, or else whose endpoint, is around a section; all of them when it is apart."""
        if len(self.own) == 1:
            return self.own
        for above in self.page.above(section):
            named = [route for route in self.own if titled(above, route)]
            if named:
                return named
        for above in self.page.above(section):
            around = self._routes_below(self.page.sections.index(above))
            if len(around) == 1:
                return around
        return self.own

    def _routes_below(self, index: int) -> list[Route]:
        """The operations whose heading or endpoint stands in a section or in one of its parts."""
        sections = self.page.sections
        rest = range(index + 1, len(sections))
        end = next((place for place in rest if sections[place].level <= sections[index].level), len(sections))
        found = [self.stated(one) for one in self.facts.endpoints if index <= one.section < end]
        found += [route for route in self.own if any(titled(section, route) for section in sections[index:end])]
        return list({route.name: route for route in found if route}.values())

    def line(self, route: Route) -> int:
        """Where the page begins to speak of an operation."""
        for index, section in enumerate(self.page.sections):
            if titled(section, route) or self._routes_below(index) == [route]:
                return section.line
        return self.page.sections[0].line


def opened(page: Page, own: Sequence[Route]) -> Case:
    """The case of a page of which nothing is compared yet. Raises PageError when it has no facts."""
    case = Case(page, own, facts(page), Tally(page.path), Seen({}, {}, set(), set()), {})
    case.tally.read = case.facts.size
    case.tally.notes += [f"{page.path}:{note.line}: {note.value}" for note in case.facts.unread]
    case.tally.lines.update((route.name, case.line(route)) for route in own)
    return case


def written_from(page: Page, routes: Sequence[Route]) -> list[Route]:
    """The operations whose `x-source` names the page, or else those whose route stands on it. Raises PageError."""
    own = [route for route in routes if route.page == page.stem]
    if own:
        return own
    stated = [(found.method, found.path) for found in facts(page).endpoints]
    pages = {
        route.page
        for route in routes
        for method, path in stated
        if method == route.operation.method and fits(path, route)
    }
    if len(pages) != 1:
        raise PageError(
            f"{page.path}: looked for the one page of the specs' x-source that is called `{page.stem}`, or whose"
            f" methods and paths stand on it, and found {len(pages) or 'none'}"
        )
    return [route for route in routes if route.page in pages]


def fits(path: str, route: Route, *, suffix: bool = False) -> bool:
    """Whether a path of a page, with placeholders of any notation or with values, is the path of an operation."""
    parts, own = parts_of(path), parts_of(route.operation.path)
    own = own[-len(parts) :] if suffix else own
    return len(parts) == len(own) and all(
        ours == theirs or placeholder(ours) is not None for theirs, ours in zip(parts, own, strict=True)
    )


def match(method: str, url: str, routes: Iterable[Route]) -> Route | None:
    """The operation that a method and a path or URL call; a path without a leading slash is the end of one."""
    parts = urlsplit(url)
    for route in routes:
        bases = {urlsplit(server["url"]).path.rstrip("/") for server in route.spec.document["servers"]}
        paths = [parts.path.removeprefix(base) for base in bases]
        suffix = not parts.netloc and not url.startswith("/")
        if method == route.operation.method and any(fits(path, route, suffix=suffix) for path in paths):
            return route
    return None


def siblings(own: Sequence[Route]) -> list[Route]:
    """Every operation of the same specs."""
    return every(list({one.spec.path: one.spec for one in own}.values()))


def titled(section: Section, route: Route) -> bool:
    return section.title.casefold() == route.title.casefold()


def parts_of(path: str) -> list[str]:
    """The parts of a path."""
    return path.strip("/").split("/")


def placeholder(part: str) -> str | None:
    """The name in a part of a path that stands for a value: `{id}`, `<id>`, `:id` or `[id]`."""
    found = PLACEHOLDER.match(part)
    return next(name for name in found.groups() if name) if found else None
