"""Whether a request may be refused: the check that `refundkit check` makes, against the server's own state."""

from __future__ import annotations

import base64
import binascii

from .. import operations
from ..checking.check import check
from ..errors import Finding
from ..operations import Match, Operation
from .exchange import Request


def route(api: str, request: Request) -> Match | None:
    """The operation of the API that the request calls, or None."""
    match = operations.match(request.method, request.url)
    return match if match is not None and match.operation.api == api else None


def errors(match: Match, request: Request, body: object, order: object = None, refunds: object = None) -> list[Finding]:
    """The errors that a check of the request finds, but for those about credentials, which the API judges itself."""
    report = check(
        match.operation.name,
        body or None if match.operation.described.body is None else body,
        order=order,
        refunds=refunds,
        path=match.path,
        query=match.query,
        headers=request.headers,
    )
    ours = {f"{one.place}:{one.name}".lower() for option in match.operation.described.security for one in option}
    return [one for one in report.findings if one.severity == "error" and one.pointer.lower() not in ours]


def words(finding: Finding) -> str:
    """What a refusal says: the rule and its message."""
    return f"{finding.code} {finding.name}: {finding.message}" + (f"; {finding.help}" if finding.help else "")


def basic(request: Request) -> tuple[str, str] | None:
    """Name and password of an `Authorization: Basic` header, None without one, or when either is empty."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (name, password) if kind.lower() == "basic" and name and password else None


def has_credentials(operation: Operation, request: Request) -> bool:
    """Whether one of the operation's sets of credentials is whole and looks right: none of its values is empty."""
    return any(
        all(_held(one.name, one.place, one.kind, request) for one in option) for option in operation.described.security
    )


def _held(name: str, place: str, kind: str, request: Request) -> bool:
    if kind == "basic":
        return basic(request) is not None
    value = request.query.get(name, "") if place == "query" else request.headers.get(name.lower(), "")
    if kind == "bearer":
        scheme, _, value = value.partition(" ")
        return scheme.lower() == "bearer" and bool(value.strip())
    return bool(value.strip())
