"""Journals of tests, on both stores, and processes that refund with one and are killed on the way."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import postgres
import pytest
from processes import WITHIN, environment
from refundkit import journal, testing
from refundkit.journal.store import SqlJournal

STORES = ("sqlite", "postgres")
WAYS = ("sync", "async")
LEASE = 4 * WITHIN + 1
_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL server of the tests' own; skips where it cannot be had."""
    if reason := postgres.missing():
        pytest.skip(reason)
    with postgres.running_postgres() as url:
        yield url


@pytest.fixture(params=STORES)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a new journal, on each store."""
    if request.param == "sqlite":
        return str(tmp_path / "refunds.sqlite")
    return new_schema(request.getfixturevalue("postgres_url"))


def new_schema(url: str) -> str:
    """Return the URL of an empty schema of a server."""
    import psycopg

    name = f"journal_{next(_NUMBERS)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create schema {name}".encode())
    return f"{url}&options={quote(f'-csearch_path={name}', safe='')}"


def open_journal(address: str, *, wait: float = WITHIN) -> SqlJournal:
    """Open a journal whose lease is longer than any call of the tests."""
    return journal.open(address, lease=LEASE, wait=wait)


def expire(opened: SqlJournal, *, seconds_ago: float = 3600) -> None:
    """Make every row look as if its lease had passed, and its request had left so long ago."""
    with opened._transaction() as run:
        run("update refundkit_journal set expires_at = 0, left_at = left_at - ?", seconds_ago)


def refunded(shop: testing.Server, order: str) -> Decimal:
    """Return how much of an order was given back."""
    return sum((Decimal(each["amount"]) for each in shop.refunds(order)), Decimal(0))


# A program that makes refunds of 1.00, or of all of an order, and dies at a point of the journal's, or at "sent": when
# the server has made the refund and nobody has read its answer.
_PROGRAM = """\
import asyncio, os, signal, sys
import httpx
from decimal import Decimal
from refundkit import connect, errors, journal
from refundkit.client import claim
from refundkit_apis.woocommerce_legacy.models import RefundCreate

url, address, order, amount, count, point, way, lease = sys.argv[1:]

def reach(name):
    if name == point:
        os.kill(os.getpid(), signal.SIGKILL)

class Wire(httpx.HTTPTransport):
    def handle_request(self, request):
        response = super().handle_request(request)
        reach("sent" if request.method == "POST" else "read")
        return response

class AsyncWire(httpx.AsyncHTTPTransport):
    async def handle_async_request(self, request):
        response = await super().handle_async_request(request)
        reach("sent" if request.method == "POST" else "read")
        return response

claim.hook = reach
options = {"timeout": float(lease) / 5, "retry": connect.Retry(first=0, longest=0)}
if address:
    options["journal"] = journal.open(address, lease=float(lease), wait=float(lease))
options["transport"] = Wire() if way == "sync" else AsyncWire()
shop = connect.woocommerce_legacy(url, "ck_own", "cs_own", **options)
refund = RefundCreate(amount=Decimal(amount))
if way == "sync":
    with shop as client:
        for _ in range(int(count)):
            try:
                client.create_refund(order, refund)
            except (errors.RefundBlocked, errors.RefundRefused):
                pass
else:
    async def main():
        async with shop as client:
            for _ in range(int(count)):
                try:
                    await client.create_refund(order, refund)
                except (errors.RefundBlocked, errors.RefundRefused):
                    pass
    asyncio.run(main())
"""


def start_refunds(
    url: str, address: str, order: str, amount: str, *, count: int = 1, point: str = "", way: str = "sync"
) -> subprocess.Popen[bytes]:
    """Start a process that makes refunds of an order, with a journal unless `address` is ""."""
    arguments = [url, address, order, amount, str(count), point, way, str(LEASE)]
    return subprocess.Popen([sys.executable, "-c", _PROGRAM, *arguments], env=environment(), stderr=subprocess.PIPE)


def end(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process; return its exit status, that of a kill below zero."""
    _, error = process.communicate(timeout=WITHIN)
    assert process.returncode in (0, -9), error.decode()
    return process.returncode
