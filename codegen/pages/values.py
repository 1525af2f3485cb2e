"""Lists of values, values that are shown, and statuses against the spec."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .case import Case
from .facts import Status
from .fields import Said, words
from .places import Node, Place, Route, within


def compare_enums(case: Case) -> None:
    """Hold the lists of values under a line such as `Reasons supported:` against the enums they are of."""
    for values in case.facts.values:
        nodes = [
            (words(name), node)
            for one in case.owners(values.section)
            for name, node in _everything(one)
            if words(name) and words(name) <= values.words
        ]
        most = max((len(name) for name, _ in nodes), default=0)
        named = [node for name, node in nodes if len(name) == most]
        if named:
            compare_values(case, named[0].pointer.rpartition("/")[2], values.values, values.line, named)
        else:
            case.tally.count()
            route = case.owners(values.section)[0]
            message = f"the page lists values of something that {route.name} does not have"
            spot, edit = route.part("requestBody").spot(), "add the field with its enum"
            difference = case.tally.difference("enum", values.line, spot, message, edit)
            case.tally.lack(str(values.values[0].value), route.node, difference)


def compare_values(case: Case, name: str, values: Iterable[Said], line: int, nodes: Sequence[Node]) -> None:
    """Hold a list of values of one name against the enums of the things of that name; `line` is where it begins."""
    said = {str(value.value): value.line for value in values}
    case.tally.count(len(said))
    for node in nodes if said else ():
        new = [value for value in said if value not in node.enum]
        gone = [value for value in node.enum if value not in said]
        reported = False
        for value in new if node.enum else []:
            message = f"the page lists {value} for `{name}`, the spec does not"
            reported |= case.tally.differ("enum", said[value], node.spot("enum"), message, f"add {value} to the enum")
        for value in gone:
            message = f"the spec lists {value} for `{name}`, the page does not"
            reported |= case.tally.differ("enum", line, node.spot("enum"), message, f"take {value} out of the enum")
        if not node.enum:
            message = f"the page lists the values of `{name}`, the spec does not"
            reported |= case.tally.differ("enum", line, node.spot(), message, f"add `enum: [{', '.join(said)}]`")
        if reported:
            return
        if not new and not gone:
            case.tally.agree(line, node)


def compare_shown(case: Case, place: Place, value: str, line: int) -> None:
    """A value that the page shows for a parameter, where the spec lists the values."""
    if place.node.enum and value not in place.node.enum:
        message = f"the page shows {value!r} for `{place.name}`, the spec takes {', '.join(place.node.enum)}"
        case.tally.differ("enum", line, place.node.spot("enum"), message, f"add {value!r} to the enum")


def compare_statuses(case: Case) -> None:
    """Hold the statuses of the page against the responses, and the other way round."""
    for route in case.own:
        listed = [one for one in case.facts.statuses if route in case.owners(one.section)]
        case.tally.count(len(listed))
        for errors in (False, True):
            _statuses(case, route, [status for status in listed if (status.code >= "4") == errors], errors)


def _statuses(case: Case, route: Route, listed: list[Status], errors: bool) -> None:
    """The successes, or the errors, of an operation; a page that names none of them says nothing of them."""
    answers = {code: node for code, node in route.answers.items() if (code >= "4") == errors}
    codes = {status.code for status in listed}
    new = [status for status in listed if status.code not in answers]
    gone = [code for code, node in answers.items() if code not in codes and node.paged] if listed else []
    for status in listed:
        if status.code in answers:
            case.tally.agree(status.line, answers[status.code])
    if len(new) == len(gone) == 1:
        message = f"the page has status {new[0].code}, {route.name} {gone[0]}"
        edit = f'change "{gone[0]}" to "{new[0].code}"'
        case.tally.differ("status", new[0].line, answers[gone[0]].spot(), message, edit)
        return
    for status in new:
        message, edit = f"the page has status {status.code}, {route.name} lacks it", f'add "{status.code}"'
        difference = case.tally.difference("status", status.line, route.part("responses").spot(), message, edit)
        case.tally.lack(status.code, route.node, difference)
    for code in gone:
        message = f"{route.name} has status {code}, the page does not list it"
        edit = f'remove "{code}", or mark it x-page-differs'
        case.tally.differ("status", min(status.line for status in listed), answers[code].spot(), message, edit)


def _everything(route: Route) -> list[tuple[str, Node]]:
    """Every parameter and every field of an operation by its name."""
    roots = ([route.body] if route.body else []) + route.successes
    found = [(place.name, place.node) for place in route.parameters]
    return found + [part for root in roots for part in within(root)]
