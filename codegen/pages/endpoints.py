"""A page's endpoints and hosts, and the spec's operations and servers -> differences in the case's tally."""

from __future__ import annotations

from urllib.parse import urlsplit

from .case import PageCase, find_route, fits_path, placeholder_name, sibling_routes, split_path
from .kinds import Endpoint, SampleCall
from .places import Node, Route


def compare_endpoints(case: PageCase) -> None:
    """Compare every endpoint of the page with the spec, and every operation with the page."""
    stated_routes = [case.find_stated_route(endpoint) for endpoint in case.facts.endpoints]
    missing = [route for route in case.routes if route not in stated_routes]
    for endpoint in case.facts.endpoints:
        case.tally.count()
        compare_host(case, endpoint.host, endpoint.line)
        route = case.find_stated_route(endpoint)
        if route:
            _compare_placeholders(case, route, endpoint.path, endpoint.line)
            continue
        if find_route(endpoint.method, endpoint.path, sibling_routes(case.routes)):
            continue
        moved_routes = [route for route in case.owners(endpoint.section) if route in missing]
        if len(moved_routes) == 1:
            _report_moved(case, moved_routes[0], endpoint)
            missing.remove(moved_routes[0])
        elif f"{endpoint.method} {endpoint.path}" not in case.moved.values():
            message = f"the page has {endpoint.method} {endpoint.path}, the spec has no such operation"
            paths = Node(case.routes[0].spec, (("/paths", {}),))
            edit = "add the operation under `paths`"
            difference = case.tally.difference("endpoint", endpoint.line, paths.spot(), message, edit)
            page_node = Node(paths.spec, tuple(part for route in case.routes for part in route.node.chain))
            case.tally.note_missing_in_spec(endpoint.path, page_node, difference)
    for route in missing:
        if not any(_calls_route(case, route, section_call.call) for section_call in case.facts.calls):
            message = f"the page does not name {route.operation.method} {route.operation.path} of {route.name}"
            edit = "remove the operation, or mark it x-page-differs"
            case.tally.differ("endpoint", case.line(route), route.node.spot(), message, edit)


def _compare_placeholders(case: PageCase, route: Route, path: str, line: int) -> None:
    case.tally.agree("endpoint", line, route.node)
    for page_part, spec_part in zip(split_path(path), split_path(route.operation.path), strict=True):
        page_name, spec_name = placeholder_name(page_part), placeholder_name(spec_part)
        if spec_name is None:
            continue
        place = next(place for place in route.parameters if place.name == spec_name and place.role == "path")
        case.mentions.shown.add(place.node.pointer)
        if page_name is not None and page_name != spec_name:
            message = f"the page's path names `{page_name}`, the path of {route.name} `{spec_name}`"
            case.tally.differ("endpoint", line, place.node.spot(), message, f"rename `{spec_name}` to `{page_name}`")


def _report_moved(case: PageCase, route: Route, endpoint: Endpoint) -> None:
    operation = route.operation
    is_same_path = fits_path(endpoint.path, route)
    case.moved[route.name] = f"{endpoint.method} {endpoint.path}"
    message = f"{route.name} is {endpoint.method} {endpoint.path} on the page, {operation.method} {operation.path} here"
    move, rename = (
        f"move the operation to `{endpoint.method.lower()}`",
        f"rename the path to {_to_openapi(endpoint.path)}",
    )
    edit = move if is_same_path else rename
    line = endpoint.method_line if is_same_path else endpoint.line
    for place in route.parameters:
        if place.role == "path":
            case.mentions.shown.add(place.node.pointer)
    case.tally.differ("endpoint", line, route.node.spot(), message, edit)


def _to_openapi(path: str) -> str:
    """Return a path with its placeholders as OpenAPI writes them."""
    names = {part: placeholder_name(part) for part in split_path(path)}
    return "/" + "/".join(f"{{{name}}}" if name else part for part, name in names.items())


def _calls_route(case: PageCase, route: Route, call: SampleCall) -> bool:
    return bool(call.url) and find_route(call.method, call.url, [route]) is not None


def compare_host(case: PageCase, host: str, line: int) -> None:
    """Compare a host that the page calls with the spec's servers."""
    if not host:
        return
    case.tally.count()
    spec = case.routes[0].spec
    if host not in {urlsplit(server["url"]).netloc for server in spec.document["servers"]}:
        server = Node(spec, (("/servers/0", spec.document["servers"][0]),))
        message = f"the page calls {host}, which is no server of {spec.path.name}"
        case.tally.differ("host", line, server.spot("url"), message, f"set the url to https://{host}")
