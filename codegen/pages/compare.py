"""The facts of one page against the operations that were written from it."""

from __future__ import annotations

from collections.abc import Sequence

from .blocks import Page
from .calls import compare_calls, compare_samples
from .case import Case, opened
from .endpoints import compare_endpoints
from .lists import compare_bodies, compare_lists
from .places import GROUPS, Place, Route, fields, within
from .report import Loose, Tally
from .values import compare_enums, compare_statuses


def compare(page: Page, routes: Sequence[Route]) -> Tally:
    """What a page and the specs do not agree on. Raises PageError when the page, or a part of it, cannot be read."""
    case = opened(page, routes)
    compare_endpoints(case)
    compare_lists(case)
    compare_bodies(case)
    compare_calls(case)
    compare_samples(case)
    compare_enums(case)
    compare_statuses(case)
    _gone(case)
    case.tally.settle()
    return case.tally


def _gone(case: Case) -> None:
    """What the spec has and the page has not."""
    for route in case.own:
        for place in route.parameters + route.credentials:
            listing = _list_of(case, place, route)
            if place.node.pointer not in (case.seen.listed if listing else case.seen.named):
                _lost(case, place, str(listing), listing or case.line(route), route.name)
        body = route.body
        if body and not {child.pointer for _, child in within(body)} & case.seen.named:
            message = f"the page does not say what is sent to {route.name}"
            edit = "look for a list or a sample of the request on the page"
            case.tally.differ("parameter", case.line(route), body.spot(), message, edit)
    for end, (owner, line) in {**case.seen.objects, **case.seen.lists}.items():
        listed = end in case.seen.lists
        for place in fields(owner, ""):
            if place.node.pointer not in (case.seen.listed if listed else case.seen.named):
                _lost(case, place, str(line) if listed else end, line, owner.name)


def _list_of(case: Case, place: Place, route: Route) -> int:
    """The line of the list that a parameter should stand in, 0 when the page lists none of its kind."""
    for listing in case.facts.lists:
        covered = GROUPS.get(listing.role, (listing.role,))
        if place.role in covered and not listing.subject and route in case.owners(listing.section):
            return listing.line
    return 0


def _lost(case: Case, place: Place, group: str, line: int, owner: str) -> None:
    """Note what is not on the page, unless the spec says that no page states it."""
    node = place.node
    if not node.paged and not node.marks:
        return
    where = "in the page's list" if node.pointer in case.seen.shown else "on the page"
    message, edit = f"`{place.name}` of {owner} is not {where}", f"remove `{place.name}`, or mark it x-page-differs"
    difference = case.tally.difference("parameter", line, node.spot(), message, edit)
    case.tally.lose(Loose(group, place.name, node, difference))
