"""Which operation a method and a URL call, and which shop."""

from __future__ import annotations

from functools import cache
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import msgspec

from .operations import Operation, get, names


class Match(msgspec.Struct, frozen=True):
    """An operation found by method and URL, with the values that the URL holds (percent-decoded)."""

    operation: Operation
    path: dict[str, str]
    query: dict[str, str]


def match(method: str, url: str) -> Match | None:
    """The operation that a request calls, by the end of the URL's path: a shop may live below a path of its own.

    Where several fit, the longest counts: /wc-api/v3/orders/1 ends like another API's /v3/orders/1. Spellings that
    servers take for the same path are the same here: another case, `%72efunds`, `//`, `/./`, `/x/../`, `;x=1`.
    """
    try:
        split = urlsplit(url)
    except ValueError:
        return None
    # Most servers split a path before they decode it; some do it the other way round.
    for path in dict.fromkeys((split.path, unquote(split.path))):
        segments = _segments(path)
        for operation, template in _routes().get(method.upper(), []):
            found = _fit(template, segments)
            if found is not None:
                return Match(operation, found, dict(parse_qsl(split.query, keep_blank_values=True)))
    return None


@cache
def _routes() -> dict[str, list[tuple[Operation, tuple[str, ...]]]]:
    """The operations of each method with their templates, the longest first."""
    routes: dict[str, list[tuple[Operation, tuple[str, ...]]]] = {}
    for operation in sorted(map(get, names()), key=lambda one: -len(_template(one.described.path))):
        routes.setdefault(operation.described.method, []).append((operation, _template(operation.described.path)))
    return routes


def _segments(path: str) -> list[str]:
    """The parts of a path, decoded, as a server goes through them."""
    found: list[str] = []
    for part in path.split("/"):
        segment = unquote(part.partition(";")[0])
        if segment == "..":
            del found[-1:]
        elif segment not in ("", "."):
            found.append(segment)
    return found


def base_of(operation: Operation, url: str) -> str:
    """Return the shop that a URL calls: its host, and the path before the operation's own; "" where it names no host.

    Host names compare without case, without a dot at the end, without the default port of the scheme, and as they are
    looked up: bücher.example is xn--bcher-kva.example.
    """
    try:
        split = urlsplit(url)
        host, port = (split.hostname or "").rstrip("."), split.port
        host = host if host.isascii() else host.encode("idna").decode()
    except ValueError:
        return ""
    before = _segments(split.path)[: -len(_template(operation.described.path))]
    if not host:
        return ""
    if port is not None and port != {"http": 80, "https": 443}.get(split.scheme):
        host = f"{host}:{port}"
    return "/".join([host, *before])


@cache
def _template(path: str) -> tuple[str, ...]:
    return tuple(path.strip("/").split("/"))


def _fit(template: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    """The values of a template's parameters where the path ends as it does, else None."""
    end = segments[-len(template) :]
    if len(end) < len(template):
        return None
    values = {}
    for wanted, segment in zip(template, end, strict=True):
        if wanted.startswith("{"):
            values[wanted.strip("{}")] = segment
        elif wanted != segment.strip().lower():  # WooCommerce does not mind the case of a path
            return None
    return values


def sibling(match: Match, path: str, other: Operation) -> str:
    """The path of another operation on the same order, percent-encoded; `path` is that of the matched request.

    What stands before the operation's own part of the path, as a shop's folder does, stays.
    """
    own = len(_template(match.operation.described.path))
    parts = path.rstrip("/").split("/")
    before = "/".join(parts[: max(0, len(parts) - own)]).rstrip("/")
    values = {name: quote(value, safe="") for name, value in match.path.items()}
    return before + other.described.path.format_map(values)
