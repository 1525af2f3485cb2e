"""A Page and the Routes of the specs -> a PageCase: the operations of a page, and which section describes which."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from .blocks import Page, PageError, Section
from .facts import Facts, read_facts
from .judge import Mentions
from .kinds import Endpoint
from .places import Route, all_routes
from .report import PageTally

PLACEHOLDER = re.compile(r"\{(.+)\}\Z|<(.+)>\Z|:(.+)\Z|\[(.+)\]\Z")


class PageCase(NamedTuple):
    """A page, the operations written from it, and the results of comparing them so far.

    `moved` holds by name the method and path of operations for which the page states others than the spec.
    """

    page: Page
    routes: Sequence[Route]
    facts: Facts
    tally: PageTally
    mentions: Mentions
    moved: dict[str, str]

    def find_stated_route(self, endpoint: Endpoint) -> Route | None:
        """Return the operation of the page that an endpoint states, or None."""
        return find_route(endpoint.method, endpoint.path, self.routes)

    def owners(self, section: int) -> Sequence[Route]:
        """Return the operations that a section describes, by heading or else by endpoint; all if none is found."""
        if len(self.routes) == 1:
            return self.routes
        for section_above in self.page.above(section):
            titled_routes = [route for route in self.routes if has_title(section_above, route)]
            if titled_routes:
                return titled_routes
        for section_above in self.page.above(section):
            routes_below = self.routes_below(self.page.sections.index(section_above))
            if len(routes_below) == 1:
                return routes_below
        return self.routes

    def routes_below(self, index: int) -> list[Route]:
        """Return the operations whose heading or endpoint stands in a section or in one of its parts."""
        sections = self.page.sections
        following = range(index + 1, len(sections))
        end = next((place for place in following if sections[place].level <= sections[index].level), len(sections))
        endpoints = [endpoint for endpoint in self.facts.endpoints if index <= endpoint.section < end]
        routes = [route for route in map(self.find_stated_route, endpoints) if route]
        routes += [route for route in self.routes if any(has_title(section, route) for section in sections[index:end])]
        return list({route.name: route for route in routes}.values())

    def line(self, route: Route) -> int:
        """Return the line where the page begins to describe an operation."""
        sections = self.page.sections
        titled = [section.line for section in sections if has_title(section, route)]
        below = (section.line for index, section in enumerate(sections) if self.routes_below(index) == [route])
        return next(iter(titled), 0) or next(below, sections[0].line)


def open_case(page: Page, routes: Sequence[Route]) -> PageCase:
    """Make the case of a page, before anything is compared."""
    case = PageCase(page, routes, read_facts(page), PageTally(page.path), Mentions({}, {}, set(), set()), {})
    case.tally.read = case.facts.size
    case.tally.notes += [f"{page.path}:{note.line}: {note.why}" for note in case.facts.unread]
    case.tally.lines.update((route.name, case.line(route)) for route in routes)
    return case


def find_routes_of_page(page: Page, routes: Sequence[Route]) -> list[Route]:
    """Return the operations whose `x-source` names the page, or else those whose endpoint is on it.

    Raises PageError.
    """
    routes_of_page = [route for route in routes if route.page == page.stem]
    if routes_of_page:
        return routes_of_page
    endpoints = [(endpoint.method, endpoint.path) for endpoint in read_facts(page).endpoints]
    pages = {
        route.page
        for route in routes
        for method, path in endpoints
        if method == route.operation.method and fits_path(path, route)
    }
    if len(pages) != 1:
        raise PageError(
            f"{page.path}: looked for the one page of the specs' x-source that is called `{page.stem}`, or whose"
            f" methods and paths stand on it, and found {len(pages) or 'none'}"
        )
    return [route for route in routes if route.page in pages]


def fits_path(path: str, route: Route, *, suffix: bool = False) -> bool:
    """True if a path of a page, with placeholders of any notation or with values, is the operation's path."""
    page_parts, spec_parts = split_path(path), split_path(route.operation.path)
    spec_parts = spec_parts[-len(page_parts) :] if suffix else spec_parts
    return len(page_parts) == len(spec_parts) and all(
        spec_part == page_part or placeholder_name(spec_part) is not None
        for page_part, spec_part in zip(page_parts, spec_parts, strict=True)
    )


def find_route(method: str, url: str, routes: Iterable[Route]) -> Route | None:
    """Return the operation that method and path or URL call; a path without a leading slash matches an end."""
    parts = urlsplit(url)
    for route in routes:
        bases = {urlsplit(server["url"]).path.rstrip("/") for server in route.spec.document["servers"]}
        paths = [parts.path.removeprefix(base) for base in bases]
        suffix = not parts.netloc and not url.startswith("/")
        if method == route.operation.method and any(fits_path(path, route, suffix=suffix) for path in paths):
            return route
    return None


def sibling_routes(routes: Sequence[Route]) -> list[Route]:
    """Return every operation of the same specs."""
    return all_routes(list({route.spec.path: route.spec for route in routes}.values()))


def has_title(section: Section, route: Route) -> bool:
    """True if the section's title is that of the operation's `x-source`."""
    return section.title.casefold() == route.title.casefold()


def split_path(path: str) -> list[str]:
    """Split a path into its segments."""
    return path.strip("/").split("/")


def placeholder_name(part: str) -> str | None:
    """Return the name in a placeholder: `{id}`, `<id>`, `:id` or `[id]`; None if the segment is none."""
    match = PLACEHOLDER.match(part)
    return next(name for name in match.groups() if name) if match else None
