"""A page's calls and samples, and the spec -> differences in the case's tally."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

from ..spec import snake
from .case import PageCase, find_route, sibling_routes
from .endpoints import compare_host
from .judge import Mentions, SampleChecker
from .kinds import Header, LocatedValue, SampleCall
from .places import Node, Route, SpecPlace, body_places, find_wrapped
from .report import PageTally
from .values import compare_shown

MEDIA = {"content-type": "request", "accept": "response"}


def compare_calls(case: PageCase) -> None:
    """Compare every curl command and every Python call with the operation that it calls."""
    for section, call in case.facts.calls:
        owners = case.owners(section)
        if not call.url:
            _compare_arguments(case, call, owners)
            continue
        route = _route_of_call(case, call, owners)
        _compare_headers(case, call, route)
        if call.body:
            _compare_body(case, call.body, route)


def compare_samples(case: PageCase) -> None:
    """Check every JSON sample against the schema of the body that it shows, or the one that it fits best."""
    for section, role, sample in case.facts.samples:
        case.tally.count()
        owners = case.owners(section)
        nodes = [node for route in owners for node in _sample_schemas(route, role)]
        if nodes:
            SampleChecker(sample, case.tally, case.mentions).check(
                min(nodes, key=lambda node: _count_differences(case, node, sample)), sample.value
            )
        else:
            message = f"a sample of a {role or 'body'}, and {owners[0].name} has none"
            case.tally.differ("sample", sample.line, owners[0].part("responses").spot(), message, "add its schema")


def _route_of_call(case: PageCase, call: SampleCall, owners: Sequence[Route]) -> Route:
    """Return the operation that a call calls, or else the one that its section describes."""
    case.tally.count()
    url = urlsplit(call.url)
    compare_host(case, url.netloc, call.line)
    route = find_route(call.method, call.url, [*owners, *case.routes, *sibling_routes(case.routes)])
    if route is None:
        route = owners[0]
        page_endpoint = case.moved.get(route.name, "").partition(" ")
        operation = route.operation._replace(method=page_endpoint[0], path=page_endpoint[2])
        if not (page_endpoint[0] and find_route(call.method, call.url, [route._replace(operation=operation)])):
            spec_endpoint = f"{route.operation.method} {route.operation.path}"
            message = f"a sample calls {call.method} {url.path}, {route.name} is {spec_endpoint}"
            case.tally.differ(
                "endpoint", call.line, route.node.spot(), message, "rename the path, or move the operation"
            )
    case.tally.agree("parameter", call.line, route.node)
    for place in route.parameters:
        if place.role == "path":
            case.mentions.shown.add(place.node.pointer)
    for name, value in parse_qsl(url.query):
        _compare_sent_value(case, route, "query", Header(name, value, call.line))
    return route


def _compare_headers(case: PageCase, call: SampleCall, route: Route) -> None:
    for header in call.headers:
        part = MEDIA.get(header.name.lower())
        if part is None:
            _compare_sent_value(case, route, "header", header)
            continue
        case.tally.count()
        media = route.media(part)
        if media and header.value.partition(";")[0].strip() not in media:
            message = f"a sample's {header.name} is {header.value}, {route.name} has {' or '.join(media)}"
            edit = f"add {header.value} to `content`"
            where = route.part("requestBody" if part == "request" else "responses")
            case.tally.differ("format", header.line, where.spot(), message, edit)
    if call.user:
        _compare_sent_value(case, route, "credential", Header("Authorization", "", call.line))


def _compare_sent_value(case: PageCase, route: Route, role: str, sent: Header) -> None:
    """Compare a header, a query parameter or a credential of a call with the spec."""
    case.tally.count()
    places = [place for place in route.places(role) if place.name.casefold() == sent.name.casefold()]
    for place in places:
        case.mentions.shown.add(place.node.pointer)
        case.tally.agree("parameter", sent.line, place.node)
        compare_shown(case, place, sent.value, sent.line)
    if not places:
        message = f"the page has `{sent.name}`, {route.name} lacks it"
        edit = f"add `{sent.name}` to `parameters`"
        difference = case.tally.difference("parameter", sent.line, route.part("parameters").spot(), message, edit)
        case.tally.note_missing_in_spec(sent.name, route.node, difference)


def _compare_body(case: PageCase, body: LocatedValue, route: Route) -> None:
    case.tally.count()
    if route.body:
        SampleChecker(body, case.tally, case.mentions).check(route.body, body.value)
    else:
        message = f"a sample sends a body, {route.name} has none"
        case.tally.differ("sample", body.line, route.part("requestBody").spot(), message, "add a `requestBody`")


def _compare_arguments(case: PageCase, call: SampleCall, owners: Sequence[Route]) -> None:
    """Compare the keywords of an SDK's call: parameters, and fields of the body without its wrapper."""
    route = max(owners, key=lambda owner: len(_match_arguments(call, owner)))
    places_by_argument = _match_arguments(call, route)
    if not places_by_argument:
        return
    fields: dict[str, LocatedValue] = {}
    for name, value in call.arguments:
        case.tally.count()
        if name not in places_by_argument:
            message, edit = f"the page has `{name}`, {route.name} lacks it", f"add `{name}` to `parameters`"
            spot = route.part("parameters").spot()
            difference = case.tally.difference("parameter", value.line, spot, message, edit)
            case.tally.note_missing_in_spec(name, route.node, difference)
        for place in places_by_argument.get(name, []):
            case.mentions.shown.add(place.node.pointer)
            case.tally.agree("parameter", value.line, place.node)
            if place.role == "request":
                fields[place.name] = value
            else:
                compare_shown(case, place, str(value.value), value.line)
    if fields and route.body:
        case.tally.count()
        wrapped_body = find_wrapped(route.body)
        root = wrapped_body if wrapped_body and not set(fields) & set(route.body.properties) else route.body
        lines = {f"/{name}{part}": line for name, value in fields.items() for part, line in value.lines.items()}
        body = LocatedValue({name: value.value for name, value in fields.items()}, {"": call.line, **lines})
        SampleChecker(body, case.tally, case.mentions, loose=True).check(root, body.value)


def _match_arguments(call: SampleCall, route: Route) -> dict[str, list[SpecPlace]]:
    """Return the places that the keywords of a call stand for, by keyword."""
    places = route.parameters + route.credentials + (body_places(route.body, "request") if route.body else [])
    matches: dict[str, list[SpecPlace]] = {}
    for name, _ in call.arguments:
        named_places = [place for place in places if _argument_name(place.name) == _argument_name(name)]
        if named_places:
            matches[name] = named_places
    return matches


def _argument_name(name: str) -> str:
    """Return a name as an SDK writes it, to compare headers and fields with arguments."""
    return re.sub(r"[^a-z0-9]+", "_", snake(name).lower())


def _sample_schemas(route: Route, role: str) -> list[Node]:
    if role == "error":
        failure = route.failure()
        return [failure] if failure else []
    request = [route.body] if route.body else []
    return {"request": request, "response": route.successes}.get(role, request + route.successes)


def _count_differences(case: PageCase, node: Node, sample: LocatedValue) -> int:
    trial = PageTally(case.page.path)
    SampleChecker(sample, trial, Mentions({}, {}, set(), set())).check(node, sample.value)
    return len(trial.differences_by_key) + len(trial.strays)
