"""A page's lists of values, sample values and statuses, and the spec -> differences in the case's tally."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .case import PageCase
from .fields import words
from .kinds import PageValue, Status
from .places import Route, SpecPlace, walk_nodes


def compare_enums(case: PageCase) -> None:
    """Compare the lists of values under a line such as `Reasons supported:` with the enums of that name."""
    for values in case.facts.values:
        parts = [
            (words(name), part)
            for route in case.owners(values.section)
            for part in _all_parts(route)
            for name in [part.name]
            if words(name) and words(name) <= values.words
        ]
        most_words = max((len(name) for name, _ in parts), default=0)
        named = [part for name, part in parts if len(name) == most_words]
        if named:
            name = named[0].node.pointer.rpartition("/")[2]
            compare_values(case, name, values.values, values.line, named)
        else:
            case.tally.count()
            route = case.owners(values.section)[0]
            message = f"the page lists values of something that {route.name} does not have"
            spot, edit = route.part("requestBody").spot(), "add the field with its enum"
            difference = case.tally.difference("enum", values.line, spot, message, edit)
            case.tally.note_missing_in_spec(str(values.values[0].value), route.node, difference)


def compare_values(
    case: PageCase, name: str, values: Iterable[PageValue], line: int, places: Sequence[SpecPlace]
) -> None:
    """Compare a list of values, which begins at `line`, with the enums of the places; an answer may take others."""
    line_by_value = {str(value.value): value.line for value in values}
    case.tally.count(len(line_by_value))
    for place in places if line_by_value else ():
        node, is_answer = place.node, place.role == "response"
        new = [value for value in line_by_value if value not in node.enum] if node.enum or not is_answer else []
        missing = [value for value in node.enum if value not in line_by_value] if not is_answer else []
        if not new and not missing:
            case.tally.agree("enum", line, node)
            continue
        reported = False
        for value in new if node.enum else []:
            message = f"the page lists {value} for `{name}`, the spec does not"
            edit = f"add {value} to the enum"
            reported |= case.tally.differ("enum", line_by_value[value], node.spot("enum"), message, edit)
        for value in missing:
            message = f"the spec lists {value} for `{name}`, the page does not"
            reported |= case.tally.lack("enum", line, node.spot("enum"), message, f"take {value} out of the enum")
        if not node.enum:
            message = f"the page lists the values of `{name}`, the spec does not"
            edit = f"add `enum: [{', '.join(line_by_value)}]`"
            reported |= case.tally.differ("enum", line, node.spot(), message, edit)
        if reported:
            return


def compare_shown(case: PageCase, place: SpecPlace, value: str, line: int) -> None:
    """Compare a value that the page shows for a parameter with its enum."""
    if place.node.enum and value not in place.node.enum:
        message = f"the page shows {value!r} for `{place.name}`, the spec takes {', '.join(place.node.enum)}"
        case.tally.differ("enum", line, place.node.spot("enum"), message, f"add {value!r} to the enum")


def compare_statuses(case: PageCase) -> None:
    """Compare the statuses of the page with the responses of the spec, in both directions."""
    for route in case.routes:
        listed = [status for status in case.facts.statuses if route in case.owners(status.section)]
        if listed:
            case.tally.agree("status", listed[0].line, route.node)
        case.tally.count(len(listed))
        for is_error in (False, True):
            page_statuses = [status for status in listed if (status.code >= "4") == is_error]
            _compare_route_statuses(case, route, page_statuses, is_error)


def _compare_route_statuses(case: PageCase, route: Route, page_statuses: list[Status], is_error: bool) -> None:
    """Compare the successes, or the errors, of an operation; a page without any of them makes no difference."""
    answers = {code: node for code, node in route.answers.items() if (code >= "4") == is_error}
    codes = {status.code for status in page_statuses}
    new = [status for status in page_statuses if status.code not in answers]
    missing = [code for code, node in answers.items() if code not in codes and node.paged] if page_statuses else []
    for status in page_statuses:
        if status.code in answers:
            case.tally.agree("status", status.line, answers[status.code])
    if len(new) == len(missing) == 1:
        message = f"the page has status {new[0].code}, {route.name} {missing[0]}"
        edit = f'change "{missing[0]}" to "{new[0].code}"'
        case.tally.differ("status", new[0].line, answers[missing[0]].spot(), message, edit)
        return
    for status in new:
        message, edit = f"the page has status {status.code}, {route.name} lacks it", f'add "{status.code}"'
        difference = case.tally.difference("status", status.line, route.part("responses").spot(), message, edit)
        case.tally.note_missing_in_spec(status.code, route.node, difference)
    for code in missing:
        message = f"{route.name} has status {code}, the page does not list it"
        edit = f'remove "{code}", or mark it x-page-differs'
        case.tally.lack("status", min(status.line for status in page_statuses), answers[code].spot(), message, edit)


def _all_parts(route: Route) -> list[SpecPlace]:
    """Return every parameter and every field of an operation."""
    roots = [("request", route.body)] if route.body else []
    roots += [("response", node) for node in route.successes]
    found = [SpecPlace(name, role, node, False, node) for role, root in roots for name, node in walk_nodes(root)]
    return route.parameters + found
