"""JSON text -> a request: from a bare body, or from a whole request with its operation and its parts."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from .. import operations, routes
from ..errors import Finding, finding
from ..operations import Operation
from ..reading.keys import UNREADABLE, has_unique_keys
from ..request import Request
from ..text import suggest_name

_PARAMETER_KEYS = ("path", "query", "headers")
KEYS = ("operation", "method", "url", "path", "query", "headers", "body", "order", "refunds")
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_VALUES = msgspec.json.Decoder(dict[str, str | int | bool | None])


class RequestDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document read as a request: its operation, its parts, and what is wrong with it as a request.

    `is_request` is false for a bare body. `may_repeat_keys`: only a slow reading shows whether a key stands twice.
    """

    request: Request
    operation: Operation | None = None
    is_request: bool = False
    may_repeat_keys: bool = False
    problems: tuple[tuple[str, Finding], ...] = ()


def read_request(data: bytes, default: Operation | None, forced: bool, *, xml: bool = False) -> RequestDocument:
    """Read JSON text as a bare body or a request.

    `default` is the operation that config or `--as` names, `forced` is true for the latter; `xml`: the file is XML.
    Text that is no JSON object is a bare body, and the check of the body reports what is wrong with it.
    """
    try:
        members = _MEMBERS.decode(data)
    except UNREADABLE:
        members = None
    if members is None or not _is_request(members):
        return _read_bare(data, members or {}, default, xml)
    problems: list[tuple[str, Finding]] = []
    for key in members:
        if key not in KEYS:
            help_text = suggest_name(key, KEYS).lstrip("; ") or f"a request has {', '.join(KEYS)}"
            problems.append(("RF103", finding(f"request:/{key}", f"a request has no {key!r}", help_text)))
    parts = {key: text for key, raw in members.items() if (text := bytes(raw)) != b"null"}
    parameters = {key: _read_parameters(parts[key], key, problems) for key in _PARAMETER_KEYS if key in parts}
    has_unique = has_unique_keys(data, members)
    has_unique = has_unique and all(has_unique_keys(parts[key], parameters[key]) for key in parameters)
    path, query, headers = (operations.values(parameters.get(key)) for key in _PARAMETER_KEYS)
    method, url = (_read_word(parts, key, problems) for key in ("method", "url"))
    match = routes.match(method, url) if method and url else None
    if match is not None:
        path, query = {**match.path, **(path or {})}, {**match.query, **(query or {})}
    operation = _choose_operation(
        _read_word(parts, "operation", problems), match, method, url, default, forced, problems
    )
    request = Request(
        body=parts.get("body"),
        path=path,
        query=query,
        headers=headers,
        url=url,
        order=parts.get("order"),
        refunds=parts.get("refunds"),
    )
    return RequestDocument(
        operation=operation,
        request=request,
        is_request=True,
        may_repeat_keys=not has_unique,
        problems=tuple(problems),
    )


def find_candidates(members: dict[str, Any]) -> list[Operation]:
    """Find the operations whose body could have these top-level fields, the current API before an older one."""
    candidates = []
    for name in operations.names():
        operation = operations.get(name)
        if operation.described.body is not None and members:
            fields = operation.schema().get("properties", {})
            if all(key in fields for key in members):
                candidates.append(operation)
    return candidates


def report_unknown_operation(members: dict[str, Any], *, xml: bool = False) -> tuple[str, Finding]:
    """Return RF003 for a body without an operation, with the flag to add; only XML operations take XML."""
    candidates = [operation for operation in find_candidates(members) if operations.takes_xml(operation) or not xml]
    if not candidates:
        help_text = "name it with --as OPERATION; `refundkit operations` lists them"
    else:
        help_text = " or ".join(
            f"--as {operation.name}"
            + ("" if operation.replaced_by is None else f" (older; {operation.replaced_by} replaces it)")
            for operation in candidates
        )
        glob = "*.xml" if xml else "*.json"
        help_text = f'add {help_text}, or files = {{"{glob}" = "{candidates[0].name}"}} to the configuration'
    return "RF003", finding("", "nothing says which operation this payload is for", help_text)


def report_other_operation(operation: Operation, body: bytes | None) -> list[tuple[str, Finding]]:
    """Return RF003 for a body of which no field is its operation's, and all are another one's of the same vendor."""
    try:
        members = _MEMBERS.decode(body or b"")
    except UNREADABLE:
        return []
    others = [other for other in find_candidates(members) if other.vendor == operation.vendor]
    if not others or operation.schema().get("properties", {}).keys() & members.keys():
        return []
    message = f"this is a body of {others[0].name}, not of {operation.name}"
    return [("RF003", finding("", message, f"check it as {others[0].name}, and send it there"))]


def _is_request(members: dict[str, Any]) -> bool:
    if "operation" in members or ("method" in members and "url" in members):
        return True
    return "body" in members and all(key in KEYS for key in members)


def _read_bare(data: bytes, members: dict[str, Any], default: Operation | None, xml: bool) -> RequestDocument:
    problems = () if default is not None else (report_unknown_operation(members, xml=xml),)
    return RequestDocument(operation=default, request=Request(body=data), problems=problems)


def _read_parameters(text: bytes, key: str, problems: list[tuple[str, Finding]]) -> dict[str, Any] | None:
    try:
        return _VALUES.decode(text)
    except UNREADABLE:
        problems.append(("RF102", finding(f"request:/{key}", f"{key!r} is no object of plain values")))
        return None


def _read_word(parts: dict[str, bytes], key: str, problems: list[tuple[str, Finding]]) -> str | None:
    if key not in parts:
        return None
    try:
        return msgspec.json.decode(parts[key], type=str)
    except UNREADABLE:
        problems.append(("RF102", finding(f"request:/{key}", f"{key!r} is no text")))
        return None


def _clean_url(url: str) -> str:
    """Return a URL without its query and without credentials before its host."""
    return re.sub("//[^/]*@", "//", url.partition("?")[0])


def _choose_operation(
    name: str | None,
    match: routes.Match | None,
    method: str | None,
    url: str | None,
    default: Operation | None,
    forced: bool,
    problems: list[tuple[str, Finding]],
) -> Operation | None:
    """Choose the operation: the request's wins over config; a clash with --as is RF003."""
    requested = operations.find(name) if name is not None else match.operation if match else None
    if name is not None and requested is None:
        message = f"unknown operation {name!r}{operations.suggest(name)}"
        problems.append(("RF003", finding("request:/operation", message, "`refundkit operations` lists them")))
        return None
    if name is None and method and url and requested is None:
        message = f"{method.upper()} {_clean_url(url)} is no operation of a spec"
        near = routes.nearest(method, url)
        route = "" if near is None else f"{near.described.method} {near.described.path}"
        help_text = f"the nearest is {near.name}, {route}" if near else "`refundkit operations` lists them"
        problems.append(("RF003", finding("request:/url", message, help_text)))
        return None
    if requested is not None and forced and default is not None and requested != default:
        message = f"the request is for {requested.name}, --as says {default.name}"
        problems.append(("RF003", finding("request:/operation", message, "drop one of the two")))
        return None
    if requested is None and default is None:
        problems.append(report_unknown_operation({}))
    return requested or default
