"""Finds the operation and the shop that a method and a URL call."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import msgspec

from .operations import Operation, bundle, get, names

# A segment with a digit that is no version is taken for an id.
_ID = re.compile(r"(?!v[0-9]+$).*[0-9]")
_LONGEST_PATH = 200


class Match(msgspec.Struct, frozen=True):
    """An operation found by method and URL, with the values that the URL holds (percent-decoded)."""

    operation: Operation
    path: dict[str, str]
    query: dict[str, str]


def match(method: str, url: str) -> Match | None:
    """Return the operation that a request calls, by the end of the URL's path: a shop may be below any path.

    If several templates match, the longest counts: /wc-api/v3/orders/1 ends like another API's /v3/orders/1. Spellings
    that servers read as the same path are equal: another case, `%72efunds`, `//`, `/./`, `/x/../`, and `;x=1` after a
    word of the template. In an id `;` stays: servers differ in what they make of it.
    """
    try:
        split = urlsplit(url)
    except ValueError:
        return None
    # Most servers split a path before they decode it; some do it the other way round.
    for path in dict.fromkeys((split.path, unquote(split.path))):
        segments = _segments(path)
        for operation, template in _routes().get(method.upper(), []):
            values = _match_template(template, segments)
            if values is not None:
                return Match(operation, values, dict(parse_qsl(split.query, keep_blank_values=True)))
    return None


def nearest(method: str, url: str) -> Operation | None:
    """Return the operation that a URL which calls none resembles most; None if it resembles none.

    A host that is one vendor's own leaves only that vendor's operations.
    """
    try:
        host, path = urlsplit(url).hostname or "", urlsplit(url).path
    except ValueError:
        return None
    segments = tuple("{}" if _ID.match(segment) else segment.lower() for segment in _segments(path))
    return _nearest(method.upper(), host, segments) if len(path) <= _LONGEST_PATH else None


# Cached: a mistyped URL is often in every payload, and only its ids differ.
@lru_cache(maxsize=1024)
def _nearest(method: str, host: str, segments: tuple[str, ...]) -> Operation | None:
    from difflib import SequenceMatcher

    known = [get(name) for name in names()]
    own = [operation for operation in known if any(urlsplit(each).hostname == host for each in _servers(operation))]

    def resemblance(operation: Operation, path: tuple[str, ...]) -> float:
        template = ("{}" if part.startswith("{") else part for part in _template(operation.described.path))
        return SequenceMatcher(None, "/".join(template), "/".join(path)).ratio()

    best = max(own or known, key=lambda each: (resemblance(each, segments), each.described.method == method))
    # A shop may be below any path, which makes no operation less like it.
    return best if resemblance(best, segments[-len(_template(best.described.path)) :]) > 0.7 else None


def _servers(operation: Operation) -> tuple[str, ...]:
    return bundle(operation.api).servers


@cache
def _routes() -> dict[str, list[tuple[Operation, tuple[str, ...]]]]:
    """Return the operations of each method with their templates, the longest first."""
    routes: dict[str, list[tuple[Operation, tuple[str, ...]]]] = {}
    for operation in sorted(map(get, names()), key=lambda operation: -len(_template(operation.described.path))):
        routes.setdefault(operation.described.method, []).append((operation, _template(operation.described.path)))
    return routes


def _segments(path: str) -> list[str]:
    """Return the decoded segments of a path, normalised as a server does it."""
    segments: list[str] = []
    for part in path.split("/"):
        segment = unquote(part)
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(segment)
    return segments


def base_of(operation: Operation, url: str) -> str:
    """Return the shop that a URL calls: its host and the path before the operation's template; "" without a host.

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
    if before[-1:] == ["index.php"]:  # the script that answers, and no folder
        before.pop()
    if port is not None and port != {"http": 80, "https": 443}.get(split.scheme):
        host = f"{host}:{port}"
    return "/".join([host, *before])


@cache
def _template(path: str) -> tuple[str, ...]:
    return tuple(path.strip("/").split("/"))


def _match_template(template: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    """Return the values of a template's parameters if the path ends with the template, else None."""
    end = segments[-len(template) :]
    if len(end) < len(template):
        return None
    values = {}
    for part, segment in zip(template, end, strict=True):
        if part.startswith("{"):
            values[part.strip("{}")] = segment
        elif part != segment.partition(";")[0].strip().lower():  # WooCommerce ignores the case of a path
            return None
    return values


def sibling(match: Match, path: str, target: Operation) -> str:
    """Return the path of another operation on the same order, percent-encoded.

    `path` is that of the matched request; the prefix before its template, such as a shop's folder, is kept.
    """
    template_length = len(_template(match.operation.described.path))
    parts = path.rstrip("/").split("/")
    prefix = "/".join(parts[: max(0, len(parts) - template_length)]).rstrip("/")
    values = {name: quote(value, safe="") for name, value in match.path.items()}
    for part, segment in zip(_template(match.operation.described.path), parts[-template_length:], strict=False):
        name = part.strip("{}")
        if values.get(name) and unquote(segment) == match.path[name]:
            values[name] = segment  # as it stands: servers differ in what they make of `;` and `%3B`
    return prefix + target.described.path.format_map(values)
