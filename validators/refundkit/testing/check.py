"""The check of a test server's request: the one of `refundkit check`, against the server's state."""

from __future__ import annotations

from ..apis.shared.serving import ReceivedRequest
from ..checking.check import check
from ..errors import Finding
from ..routes import Match


def find_errors(
    match: Match, request: ReceivedRequest, body: object, order: object = None, refunds: object = None
) -> list[Finding]:
    """Return the errors that a check of the request finds, without those about credentials: the shop checks these."""
    report = check(
        match.operation.name,
        body or None if match.operation.described.body is None else body,
        order=order,
        refunds=refunds,
        path=match.path,
        query=match.query,
        headers=request.headers,
    )
    credentials = {
        f"{part.place}:{part.name}".lower() for option in match.operation.described.security for part in option
    }
    return [
        finding
        for finding in report.findings
        if finding.severity == "error" and finding.pointer.lower() not in credentials
    ]
