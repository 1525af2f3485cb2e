"""What `test_yaml_only` does with an API that is YAML alone, in a process whose refundkit_apis has it: one act a name.

Prints what came of it as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import refundkit
from refundkit import connect, testing

OPERATION: Any = "ferry.refund_booking"
BOOKING = b'{"booking": {"number": "77", "legs": [{"route": "1", "fare": 41.30}]}}'


class Key(httpx.Auth):
    """The agency's key, as the caller's own httpx.Auth."""

    def auth_flow(self, request: httpx.Request) -> Any:
        request.headers["FERRY-KEY"] = "a-key"
        yield request


def checked(amount: str) -> list[str]:
    path = {"harbourId": "den-helder", "bookingNumber": "77"}
    body = f'{{"repayment": {{"amount": {amount}, "reason": "STORM"}}}}'
    report = refundkit.check(OPERATION, body, path=path, order=BOOKING, headers={"FERRY-KEY": "a-key"})
    return [found.code for found in report.findings]


def repayment(amount: str) -> Any:
    models = import_module("refundkit_apis.ferry.models")
    return models.Repay(amount=Decimal(amount), reason="STORM")


def opened(url: str, **options: Any) -> connect.Connection[Any, Any]:
    return connect.api("ferry", base_url=url, auth=Key(), harbour_id="den-helder", **options)


def check() -> Any:
    return {"good": checked("12.30"), "bad": checked("-12.30")}


def over_a_socket() -> Any:
    with testing.server("ferry") as server, opened(server.url) as ferry:
        booking, repaid = ferry.get_booking(77), ferry.refund_booking(77, repayment("12.30"))
        bodies = [request.body.decode() for request in server.requests if request.method == "POST"]
        paths = [request.path for request in server.requests if request.method == "POST"]
        queries = [request.query for request in server.requests if request.method == "GET"]
        try:
            ferry.refund_booking("77", repayment("-1"))
        except refundkit.RefundBlocked as error:
            blocked = [found.code for found in error.report.findings]
        sent = len([request for request in server.requests if request.method == "POST"])
    return {
        "types": [type(booking).__name__, type(repaid).__name__],
        "fare": str(booking.legs[0].fare),
        "repaid": str(repaid.amount),
        "bodies": bodies,
        "paths": paths,
        "query": queries[0],
        "blocked": blocked,
        "sent": sent,
    }


def in_process() -> Any:
    server = testing.server("ferry")

    async def later() -> Any:
        async with opened("https://ferry.example.net", transport=server.async_transport) as ferry:
            return await ferry.refund_booking(77, repayment("12.30"))

    with opened("https://ferry.example.net", transport=server.transport) as ferry:
        repaid = ferry.refund_booking(77, repayment("12.30"))
    return {"same": repaid == asyncio.run(later()), "requests": len(server.requests)}


def journalled() -> Any:
    server = testing.server("ferry")
    with TemporaryDirectory() as folder, refundkit.journal.open(f"{folder}/refunds.sqlite") as journal:
        connection = opened("https://ferry.example.net", transport=server.transport, journal=journal)
        with connection as ferry:
            for _ in range(2):
                ferry.refund_booking(77, repayment("12.30"))
            server.lose_next_answer()
            for _ in range(2):
                try:
                    ferry.refund_booking(77, repayment("1.00"))
                except refundkit.RefundError as error:
                    raised = type(error).__name__
            refundkit.journal.resolve(journal, connection, wait=0)
        return {"states": [row.state for row in journal.entries()], "raised": raised}


def refusals() -> Any:
    server = testing.server("ferry")
    url, key = (
        "http://x/v1/harbours/den-helder/bookings/77/refund",
        {"FERRY-KEY": "k", "Content-Type": "application/json"},
    )
    good = b'{"repayment": {"amount": 12.30}}'
    requests = {
        "good": ("POST", url, key, good),
        "no key": ("POST", url, {"Content-Type": "application/json"}, good),
        "no route": ("GET", "http://x/v1/ports", key, None),
        "wrong sign": ("POST", url, key, good.replace(b"12", b"-12")),
        "no json": ("POST", url, key, b"{"),
        "no number": ("POST", url.replace("77", "x7"), key, good),
    }
    statuses = {name: server.answer(*request).status for name, request in requests.items()}
    words = json.loads(server.answer(*requests["wrong sign"]).body)["errors"][0]["code"]
    try:
        server.add_order({})
    except ValueError as error:
        return {"statuses": statuses, "code": words, "orders": str(error)}
    return None


def mistakes() -> Any:
    found = []
    acts: list[Callable[[], Any]] = [
        lambda: connect.api("ferri"),
        lambda: connect.api("ferry", base_url="https://ferry.example.net"),
        lambda: connect.api("woocommerce_legacy"),
        lambda: connect.api("ferry", base_url="https://ferry.example.net", harbour_id="x", gaurd=False),
    ]
    for act in acts:
        try:
            act()
        except (TypeError, ValueError) as error:
            found.append(f"{type(error).__name__}: {error}")
    return found


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]]()))
