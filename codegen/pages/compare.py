"""A Page and the Routes written from it -> a PageCase, whose tally holds their differences."""

from __future__ import annotations

from collections.abc import Sequence

from .blocks import Page
from .calls import compare_calls, compare_samples
from .case import PageCase, open_case
from .endpoints import compare_endpoints
from .lists import compare_bodies, compare_lists
from .places import GROUPS, Route, SpecPlace, fields, walk_nodes
from .report import OneSidedField, find_neighbours
from .values import compare_enums, compare_statuses


def compare(page: Page, routes: Sequence[Route]) -> PageCase:
    """Compare a page with its operations."""
    case = open_case(page, routes)
    compare_endpoints(case)
    compare_lists(case)
    compare_bodies(case)
    compare_calls(case)
    compare_samples(case)
    compare_enums(case)
    compare_statuses(case)
    _compare_missing(case)
    case.tally.resolve_renames()
    return case


def _compare_missing(case: PageCase) -> None:
    """Note what the spec has and the page lacks; a sample that cannot be read may have had it."""
    unread = {route.name for sample in case.facts.unreadable for route in case.owners(sample.section)}
    for route in case.routes:
        for place in route.parameters + route.credentials:
            listing = _line_of_list(case, place, route)
            mentioned = case.mentions.listed if listing else case.mentions.pointers
            if place.node.pointer not in mentioned and (listing or route.name not in unread):
                _note_missing(case, place, str(listing), listing or case.line(route), route.name)
        body = route.body
        if (
            body
            and route.name not in unread
            and not {child.pointer for _, child in walk_nodes(body)} & case.mentions.pointers
        ):
            message = f"the page does not say what is sent to {route.name}"
            edit = "look for a list or a sample of the request on the page"
            case.tally.differ("parameter", case.line(route), body.spot(), message, edit)
    sent = {node.end for route in case.routes if route.body for _, node in [("", route.body), *walk_nodes(route.body)]}
    for pointer, (owner, line) in {**case.mentions.objects, **case.mentions.lists}.items():
        is_listed = pointer in case.mentions.lists and pointer in sent  # of an answer, the samples tell as well
        for place in fields(owner, "") if is_listed or not unread else ():
            if place.node.pointer not in (case.mentions.listed if is_listed else case.mentions.pointers):
                _note_missing(case, place, str(line) if is_listed else pointer, line, owner.name)


def _line_of_list(case: PageCase, place: SpecPlace, route: Route) -> int:
    """Return the line of the list that a parameter should stand in, 0 if the page has no such list.

    A list of parameters of all kinds is whole for the kinds that it has.
    """
    for listing in case.facts.lists:
        if listing.subject or route not in case.owners(listing.section):
            continue
        names = {field.name.casefold() for field in listing.fields}
        roles = {other.role for other in route.places(listing.role) if other.name.casefold() in names}
        roles |= {"credential"} if "header" in roles else set()
        if place.role in (
            roles if listing.role in ("", "parameters", "any") else GROUPS.get(listing.role, (listing.role,))
        ):
            return listing.line
    return 0


def _note_missing(case: PageCase, place: SpecPlace, group: str, line: int, owner: str) -> None:
    """Note a place that is not on the page, unless the spec says that no page states it."""
    node = place.node
    if not node.paged and not node.marks:
        return
    where = "in the page's list" if node.pointer in case.mentions.shown else "on the page"
    message, edit = f"`{place.name}` of {owner} is not {where}", f"remove `{place.name}`, or mark it x-page-differs"
    difference = case.tally.difference("parameter", line, node.spot(), message, edit)
    neighbours = find_neighbours(place.name, list(place.owner.properties))
    case.tally.note_missing_on_page(OneSidedField(group, place.name, node, difference, node.types, neighbours))
