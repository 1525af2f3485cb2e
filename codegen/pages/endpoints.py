"""Endpoints and hosts of a page against the operations and servers of the spec."""

from __future__ import annotations

from urllib.parse import urlsplit

from . import facts as page_facts
from .case import Case, fits, match, parts_of, placeholder, siblings
from .places import Node, Route
from .samples import Call


def compare_endpoints(case: Case) -> None:
    """Hold every endpoint of the page against the spec, and every operation against the page."""
    stated_routes = [case.stated(stated) for stated in case.facts.endpoints]
    missing = [one for one in case.own if one not in stated_routes]
    for stated in case.facts.endpoints:
        case.tally.count()
        compare_host(case, stated.host, stated.line)
        route = case.stated(stated)
        if route:
            _placeholders(case, route, stated.path, stated.line)
            continue
        if match(stated.method, stated.path, siblings(case.own)):
            continue
        owners = [one for one in case.owners(stated.section) if one in missing]
        if len(owners) == 1:
            _moved(case, owners[0], stated)
            missing.remove(owners[0])
        elif f"{stated.method} {stated.path}" not in case.moved.values():
            message = f"the page has {stated.method} {stated.path}, the spec has no such operation"
            paths = Node(case.own[0].spec, (("/paths", {}),))
            edit = "add the operation under `paths`"
            difference = case.tally.difference("endpoint", stated.line, paths.spot(), message, edit)
            everything = Node(paths.spec, tuple(part for route in case.own for part in route.node.chain))
            case.tally.lack(stated.path, everything, difference)
    for route in missing:
        if not any(_called(case, route, shown.call) for shown in case.facts.calls):
            message = f"the page does not name {route.operation.method} {route.operation.path} of {route.name}"
            edit = "remove the operation, or mark it x-page-differs"
            case.tally.differ("endpoint", case.line(route), route.node.spot(), message, edit)


def _placeholders(case: Case, route: Route, path: str, line: int) -> None:
    case.tally.agree(line, route.node)
    for theirs, ours in zip(parts_of(path), parts_of(route.operation.path), strict=True):
        name, known = placeholder(theirs), placeholder(ours)
        if known is None:
            continue
        place = next(place for place in route.parameters if place.name == known and place.role == "path")
        case.seen.shown.add(place.node.pointer)
        if name is not None and name != known:
            message = f"the page's path names `{name}`, the path of {route.name} `{known}`"
            case.tally.differ("endpoint", line, place.node.spot(), message, f"rename `{known}` to `{name}`")


def _moved(case: Case, route: Route, stated: page_facts.Endpoint) -> None:
    operation = route.operation
    same = fits(stated.path, route)
    case.moved[route.name] = f"{stated.method} {stated.path}"
    message = f"{route.name} is {stated.method} {stated.path} on the page, {operation.method} {operation.path} here"
    edit = f"move the operation to `{stated.method.lower()}`" if same else f"rename the path to {stated.path}"
    line = stated.method_line if same else stated.line
    for place in route.parameters:
        if place.role == "path":
            case.seen.shown.add(place.node.pointer)
    case.tally.differ("endpoint", line, route.node.spot(), message, edit)


def _called(case: Case, route: Route, call: Call) -> bool:
    return bool(call.url) and match(call.method, call.url, [route]) is not None


def compare_host(case: Case, host: str, line: int) -> None:
    """Hold a host that a page calls against the servers."""
    if not host:
        return
    case.tally.count()
    spec = case.own[0].spec
    if host not in {urlsplit(server["url"]).netloc for server in spec.document["servers"]}:
        server = Node(spec, (("/servers/0", spec.document["servers"][0]),))
        message = f"the page calls {host}, which is no server of {spec.path.name}"
        case.tally.differ("host", line, server.spot("url"), message, f"set the url to https://{host}")
