"""An OpenAPI definition on a page, or published beside it -> its operations, compared with ours as spec with spec.

The definition is cut down to the operations that our specs have. A difference is what it states and our spec
contradicts. What our spec says beyond it, and what it accepts beyond an answer, is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ..lint import BOUNDS
from ..spec import Spec, SpecOperation
from ..spec_changes import OPERATION, SpecChange, SpecComparison, find_route_key
from .blocks import Block, Page, PageError, Section, read_page
from .case import PageCase, find_routes_of_page
from .compare import compare
from .definition import node_at, read_definition
from .places import Node, Route, Spot, at
from .report import PageTally

SUFFIXES = {".json", ".yaml", ".yml"}
# Headers that OpenAPI says in other places than among the parameters.
SAID_ELSEWHERE = {"accept", "content-type", "authorization"}
WORDS = {"summary", "description"}
LIMITS = BOUNDS | {"minLength", "maxLength", "minItems", "maxItems", "pattern", "not"}
KINDS = {
    **dict.fromkeys(sorted(LIMITS), "limit"),
    **dict.fromkeys(("enum", "const", "anyOf"), "enum"),
    "type": "type",
    "format": "format",
    "content": "format",
    "required": "required",
    "url": "host",
}
# How the text of a page is told to lack something.
MISSING_PART = re.compile(r" is not on the page| does not say what ")
MISSING = re.compile(rf"{MISSING_PART.pattern}| does not name ")
# What a definition may state otherwise without any harm to what our spec sends.
STATED = LIMITS | {"required", "type", "enum", "const", "anyOf", "format"}


class Definition(NamedTuple):
    """A definition, and the section of the page that it stands in."""

    section: int
    spec: Spec


class Source(NamedTuple):
    """A page with the definitions on it, or a published definition as a page, and the operations written from it."""

    page: Page
    definitions: list[Definition]
    routes: list[Route]


def read_source(path: Path, routes: Sequence[Route]) -> Source:
    """Read a saved page or a published definition. Raises PageError."""
    if path.suffix.lower() in SUFFIXES:
        return _read_published(path, routes)
    page = read_page(path, [route.title for route in routes if route.page == path.stem])
    page, definitions = _take_definitions(page, routes)
    return Source(page, definitions, _find_routes(page, definitions, routes))


def read_definitions(path: Path) -> tuple[Page, list[Definition]]:
    """Read a page without its definitions, and these whole, as nobody has written a spec of it. Raises PageError."""
    if path.suffix.lower() in SUFFIXES:
        return Page(path, False, (Section(1, 1, "", ()),)), [Definition(0, _load_published(path))]
    return _take_definitions(read_page(path), [])


def _load_published(path: Path) -> Spec:
    try:
        spec = read_definition(path, path.read_text("utf-8-sig"), 0)
    except (OSError, UnicodeDecodeError) as error:
        raise PageError(f"{path}: {getattr(error, 'strerror', 'not UTF-8 text')}") from error
    if spec is None:
        raise PageError(f"{path}: looked for an OpenAPI definition, version 3")
    return spec


def _read_published(path: Path, routes: Sequence[Route]) -> Source:
    """Read a published definition as a page, with a section for each operation of ours in it."""
    spec = _load_published(path)
    operations = {route.name: find_operation(spec, route) for route in routes}
    own = [route for route in routes if route.page == path.stem] or [
        route for route in routes if operations[route.name]
    ]
    if not own:
        raise PageError(f"{path}: looked for an operation of the specs in this definition, and found none")
    sections = []
    for route in own:
        operation = operations[route.name]
        line = spec.line(operation.pointer) if operation else 1
        sections.append(Section(line, 1, route.title, _describe(spec, operation) if operation else ()))
    return Source(Page(path, False, tuple(sections)), [Definition(0, spec)], own)


def _take_definitions(page: Page, routes: Sequence[Route]) -> tuple[Page, list[Definition]]:
    """Return a page with definitions cut down to the endpoints and words of our operations, and the definitions."""
    sections, definitions = [], []
    for index, section in enumerate(page.sections):
        blocks: list[Block] = []
        for block in section.blocks:
            try:
                spec = read_definition(page.path, block.text, block.line - 1) if _may_be_definition(block) else None
            except PageError:  # its words are watched, and it is no sample
                blocks.append(block._replace(kind="definition"))
                continue
            if spec is None:
                blocks.append(block)
                continue
            definitions.append(Definition(index, spec))
            found = [operation for route in routes if (operation := find_operation(spec, route))]
            for operation in {operation.pointer: operation for operation in found}.values():
                blocks += _describe(spec, operation)
        sections.append(section._replace(blocks=tuple(blocks)))
    return page._replace(sections=tuple(sections)), definitions


def _find_routes(page: Page, definitions: list[Definition], routes: Sequence[Route]) -> list[Route]:
    """Return the operations of a page, by its name or by the endpoints on it. Raises PageError."""
    described = [route for route in routes if any(find_operation(definition.spec, route) for definition in definitions)]
    pages = {route.page for route in described}
    is_named = any(route.page == page.stem for route in routes)
    if len(pages) == 1 and not is_named:
        return [route for route in routes if route.page in pages]
    return find_routes_of_page(page, list(routes))


def compare_source(source: Source) -> PageCase:
    """Compare a page and the definitions on it with the operations written from it."""
    described = [
        (route, spec, operation)
        for route in source.routes
        for _, spec in source.definitions
        if (operation := find_operation(spec, route))
    ]
    case = compare(source.page, source.routes)
    names = {route.name for route, _, _ in described}
    _drop_missing(case.tally, MISSING, names)
    if source.definitions:  # of an operation that is gone, one difference is enough
        _drop_missing(case.tally, MISSING_PART, {route.name for route in source.routes} - names)
    for route, spec, operation in described:
        _compare_route(case.tally, route, spec, operation)
    return case


def find_operation(definition: Spec, route: Route) -> SpecOperation | None:
    """Return the operation of a definition with the method and path of ours; its path begins with its server's.

    The path of a server may stand in the addresses of either, or of both.
    """
    bases = ["", *(urlsplit(server["url"]).path.rstrip("/") for server in definition.document["servers"])]
    own_bases = {urlsplit(server["url"]).path.rstrip("/") for server in route.spec.document["servers"]} | {""}
    method, path = find_route_key(route.operation)
    paths = {(method, base + path) for base in own_bases}
    for operation in definition.operations():
        for base in bases:
            if (operation.method, base + find_route_key(operation)[1]) in paths:
                return operation._replace(path=base + operation.path)
    return None


# The comparison


def _drop_missing(tally: PageTally, pattern: re.Pattern[str], names: Iterable[str]) -> None:
    """Drop differences about what the text of the page does not say of some operations."""
    for key, difference in list(tally.differences_by_key.items()):
        is_missing = pattern.search(difference.message)
        if is_missing and any(re.search(rf"\b{re.escape(name)}\b", difference.message) for name in names):
            del tally.differences_by_key[key]


def _compare_route(tally: PageTally, route: Route, definition: Spec, operation: SpecOperation) -> None:
    theirs = _adapt(route, definition, operation)
    node = {key: value for key, value in route.operation.node.items() if key in OPERATION}
    if not theirs.node["security"]:
        node["security"] = []
    ours = route.operation._replace(node=node)
    comparison = SpecComparison(route.spec, definition, by_old_names=True)
    changes = list(comparison.compare_operation(ours, theirs))
    statuses = [status for status in theirs.node["responses"] if status.isdigit()]
    count = comparison.walk.count + len(theirs.parameters) + len(statuses)
    tally.count(count)
    tally.read += count
    _compare_host(tally, route, definition)
    for change in changes:
        spot = _find_spot(route, change)
        if _is_difference(change, spot.node, theirs):
            edit = "say so, or mark it x-page-differs"
            tally.differ(_kind_of(change), change.line, spot, f"by the definition, {change.message}", edit)
        else:
            tally.used.update(spot.node.marks)  # a mark on what our spec says beyond the page


def _adapt(route: Route, definition: Spec, operation: SpecOperation) -> SpecOperation:
    """Return their operation with our path, and without headers that are credentials in our spec."""
    credentials = {place.name.casefold() for place in route.credentials}
    parameters = [
        parameter
        for parameter in operation.parameters
        if parameter["in"] != "header" or parameter["name"].casefold() not in credentials | SAID_ELSEWHERE
    ]
    schemes = definition.document["components"].get("securitySchemes", {})
    names = {name: _our_name(route, scheme) or name for name, scheme in schemes.items()}
    security: list[dict[str, list[str]]] = [
        {names.get(name, name): [] for name in option} for option in operation.node["security"]
    ]
    node = {key: value for key, value in operation.node.items() if key in OPERATION} | {"security": security}
    node |= {"operationId": route.operation.name, "tags": route.operation.node.get("tags")}
    ours = {name: parameter for parameter in route.operation.parameters for name in [parameter["name"].casefold()]}
    parameters = [{**part, "name": ours.get(part["name"].casefold(), part)["name"]} for part in parameters]
    path = _with_our_prefix(route.operation.path, operation.path)
    return operation._replace(node=node, parameters=parameters, path=path)


def _our_name(route: Route, scheme: dict[str, Any]) -> str:
    keys = ("type", "scheme", "in", "name")
    for name, own in route.spec.document["components"].get("securitySchemes", {}).items():
        if [str(own.get(key, "")).casefold() for key in keys] == [str(scheme.get(key, "")).casefold() for key in keys]:
            return str(name)
    return ""


def _with_our_prefix(own: str, path: str) -> str:
    """Return their path with as many segments as ours has: the base of a server may stand in either."""
    own_parts, parts = own.split("/"), path.split("/")
    extra = len(own_parts) - len(parts)
    return "/".join([*own_parts[: extra + 1], *parts[1:]] if extra > 0 else ["", *parts[1 - extra :]])


def _compare_host(tally: PageTally, route: Route, definition: Spec) -> None:
    hosts = [urlsplit(server["url"]).netloc for server in definition.document["servers"]]
    own_hosts = {urlsplit(server["url"]).netloc for server in route.spec.document["servers"]}
    for host in hosts[:1]:
        if host and host not in own_hosts:
            spot = Node(route.spec, (("/servers/0", route.spec.document["servers"][0]),)).spot("url")
            message = f"the definition's server is {host}, which is no server of {route.spec.path.name}"
            tally.differ("host", definition.line("/servers/0/url"), spot, message, f"set the url to https://{host}")


def _is_difference(change: SpecChange, node: Node, theirs: SpecOperation) -> bool:
    """True if the definition states something that our spec contradicts; change goes from our spec to it."""
    message, keyword = change.message, change.keyword
    status = re.search(r"/responses/(\w+)\Z", change.new_pointer)
    if status:
        codes = [code for code in theirs.node["responses"] if code[:1] == status[1][:1]]
        return bool(codes) and status[1].isdigit() and (status[1] in codes or node.paged)
    if keyword == "security":
        return True
    if message.endswith(" is gone"):
        return node.paged
    if " is new and " in message:
        return True
    if " has no " in message or keyword.startswith("x-") or (keyword == "content" and "may be" in message):
        return False
    is_broken = change.breaks_sender or change.breaks_reader
    return is_broken or (change.role.is_sent and keyword in STATED) or ", an open list, " in message


def _kind_of(change: SpecChange) -> str:
    if re.search(r"/responses/\w+\Z", change.new_pointer):
        return "status"
    return KINDS.get(change.keyword, "parameter")


def _find_spot(route: Route, change: SpecChange) -> Spot:
    """Return the part of our spec that a change is about."""
    pointer = change.old_pointer
    while (node := node_at(route.spec.document, pointer)) is None or not isinstance(node, dict):
        pointer = pointer.rpartition("/")[0]
    found = at(route.spec, pointer, node)
    field = found.properties.get(change.field) if change.field else None
    return (field or found).spot("" if field else change.keyword)


# The definition on a page


def _may_be_definition(block: Block) -> bool:
    return block.kind == "code" and bool(re.search(r"[\"']?(openapi|swagger)[\"']?\s*:", block.text))


def _describe(spec: Spec, operation: SpecOperation) -> tuple[Block, ...]:
    """Return an operation as blocks of a page: its endpoint, and the words in it, which are watched."""
    line = spec.line(operation.pointer)
    words = "\n".join(_find_words(operation.node["x-words"]))
    endpoint = Block("text", line, f"{operation.method} {operation.path}")
    return endpoint, Block("definition", line, words)


def _find_words(node: Any) -> Iterator[str]:
    """Yield the words of a part of a definition."""
    for key, part in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if key in WORDS and isinstance(part, str):
            yield part
        else:
            yield from _find_words(part)
