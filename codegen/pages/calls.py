"""Calls and samples of a page against the spec: what is called, what is sent with it, what comes back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

from ..spec import snake
from .case import Case, match, siblings
from .endpoints import compare_host
from .judge import Judge, Seen
from .places import Node, Place, Route, top, wrapped
from .report import Tally
from .samples import Call, Header, Literal
from .values import compare_shown

MEDIA = {"content-type": "request", "accept": "response"}


def compare_calls(case: Case) -> None:
    """Hold every curl command and every Python call against the operation that it calls."""
    for section, call in case.facts.calls:
        owners = case.owners(section)
        if not call.url:
            _arguments(case, call, owners)
            continue
        route = _target(case, call, owners)
        _headers(case, call, route)
        if call.body:
            _sent(case, call.body, route)


def compare_samples(case: Case) -> None:
    """Hold every JSON document against the schema of what is sent or comes back, whichever it says it is."""
    for section, role, sample in case.facts.samples:
        case.tally.count()
        owners = case.owners(section)
        nodes = [node for one in owners for node in _roots(one, role)]
        if nodes:
            Judge(sample, case.tally, case.seen).hold(
                min(nodes, key=lambda node: _misfit(case, node, sample)), sample.value
            )
        else:
            message = f"a sample of a {role or 'body'}, and {owners[0].name} has none"
            case.tally.differ("sample", sample.line, owners[0].part("responses").spot(), message, "add its schema")


def _target(case: Case, call: Call, owners: Sequence[Route]) -> Route:
    """The operation that a call calls, or that its section is about."""
    case.tally.count()
    url = urlsplit(call.url)
    compare_host(case, url.netloc, call.line)
    route = match(call.method, call.url, [*owners, *case.own, *siblings(case.own)])
    if route is None:
        route = owners[0]
        moved = case.moved.get(route.name, "").partition(" ")
        operation = route.operation._replace(method=moved[0], path=moved[2])
        if not (moved[0] and match(call.method, call.url, [route._replace(operation=operation)])):
            here = f"{route.operation.method} {route.operation.path}"
            message = f"a sample calls {call.method} {url.path}, {route.name} is {here}"
            case.tally.differ(
                "endpoint", call.line, route.node.spot(), message, "rename the path, or move the operation"
            )
    for place in route.parameters:
        if place.role == "path":
            case.seen.shown.add(place.node.pointer)
    for name, value in parse_qsl(url.query):
        _given(case, route, "query", Header(name, value, call.line))
    return route


def _headers(case: Case, call: Call, route: Route) -> None:
    for header in call.headers:
        part = MEDIA.get(header.name.lower())
        if part is None:
            _given(case, route, "header", header)
            continue
        case.tally.count()
        media = route.media(part)
        if media and header.value.partition(";")[0].strip() not in media:
            message = f"a sample's {header.name} is {header.value}, {route.name} has {' or '.join(media)}"
            edit = f"add {header.value} to `content`"
            where = route.part("requestBody" if part == "request" else "responses")
            case.tally.differ("format", header.line, where.spot(), message, edit)
    if call.user:
        _given(case, route, "credential", Header("Authorization", "", call.line))


def _given(case: Case, route: Route, role: str, given: Header) -> None:
    """A header, a query parameter or a credential that a call sends."""
    case.tally.count()
    found = [place for place in route.places(role) if place.name.casefold() == given.name.casefold()]
    for place in found:
        case.seen.shown.add(place.node.pointer)
        case.tally.agree(given.line, place.node)
        compare_shown(case, place, given.value, given.line)
    if not found:
        message = f"the page has `{given.name}`, {route.name} lacks it"
        edit = f"add `{given.name}` to `parameters`"
        difference = case.tally.difference("parameter", given.line, route.part("parameters").spot(), message, edit)
        case.tally.lack(given.name, route.node, difference)


def _sent(case: Case, body: Literal, route: Route) -> None:
    case.tally.count()
    if route.body:
        Judge(body, case.tally, case.seen).hold(route.body, body.value)
    else:
        message = f"a sample sends a body, {route.name} has none"
        case.tally.differ("sample", body.line, route.part("requestBody").spot(), message, "add a `requestBody`")


def _arguments(case: Case, call: Call, owners: Sequence[Route]) -> None:
    """The keywords of an SDK's call: parameters, and the fields of the body without its wrapper."""
    route = max(owners, key=lambda one: len(_matched(call, one)))
    known = _matched(call, route)
    if not known:
        return
    fields: dict[str, Literal] = {}
    for name, value in call.arguments:
        case.tally.count()
        if name not in known:
            message, edit = f"the page has `{name}`, {route.name} lacks it", f"add `{name}` to `parameters`"
            spot = route.part("parameters").spot()
            case.tally.lack(name, route.node, case.tally.difference("parameter", value.line, spot, message, edit))
        for place in known.get(name, []):
            case.seen.shown.add(place.node.pointer)
            case.tally.agree(value.line, place.node)
            if place.role == "request":
                fields[place.name] = value
            else:
                compare_shown(case, place, str(value.value), value.line)
    if fields and route.body:
        case.tally.count()
        inner = wrapped(route.body)
        root = inner if inner and not set(fields) & set(route.body.properties) else route.body
        lines = {f"/{name}{part}": line for name, value in fields.items() for part, line in value.lines.items()}
        body = Literal({name: value.value for name, value in fields.items()}, {"": call.line, **lines})
        Judge(body, case.tally, case.seen, loose=True).hold(root, body.value)


def _matched(call: Call, route: Route) -> dict[str, list[Place]]:
    """The places that the keywords of a call stand for, by keyword."""
    places = route.parameters + route.credentials + (top(route.body, "request") if route.body else [])
    found = {name: [place for place in places if _normal(place.name) == _normal(name)] for name, _ in call.arguments}
    return {name: places for name, places in found.items() if places}


def _normal(name: str) -> str:
    """A name as an SDK writes it, for comparing headers and fields with arguments."""
    return re.sub(r"[^a-z0-9]+", "_", snake(name).lower())


def _roots(route: Route, role: str) -> list[Node]:
    if role == "error":
        failure = route.failure()
        return [failure] if failure else []
    request = [route.body] if route.body else []
    return {"request": request, "response": route.successes}.get(role, request + route.successes)


def _misfit(case: Case, node: Node, sample: Literal) -> int:
    trial = Tally(case.page.path)
    Judge(sample, trial, Seen({}, {}, set(), set())).hold(node, sample.value)
    return len(trial.found) + len(trial.strays)
