"""What a crash leaves behind: never two refunds, never a lost row, and a journal that finds out the truth."""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
import users
from commands import Cli
from faults import ORDERS, Fault, serving
from journals import (
    STORES,
    WAYS,
    address,
    end,
    expire,
    new_schema,
    open_journal,
    postgres_url,
    refunded,
    start_refunds,
)
from processes import run
from refundkit import RefundBlocked, testing
from refundkit.client import settle
from refundkit.errors import RefundBusy, RefundUnresolved
from refundkit.journal import Entry, store
from refundkit_apis.woocommerce_legacy.models import RefundCreate

pytestmark = pytest.mark.slow

__all__ = ["address", "postgres_url"]
ALL = RefundCreate(amount=Decimal("9.00"))
# Each point, and whether the refund is made when a process dies there.
POINTS = {"begun": False, "read": False, "leaving": False, "left": False, "sent": True, "answered": True}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("point", POINTS)
def test_a_process_that_is_killed_leaves_a_row_that_tells_the_truth(
    address: str, point: str, way: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever a process dies, its row holds the order until `journal resolve` knows, and nobody is paid twice."""
    with testing.server("woocommerce_legacy", faithful="2.6.2") as shop, open_journal(address, wait=0) as journal:
        order = shop.add_order(total="9.00")
        assert end(start_refunds(shop.url, address, order, "9.00", point=point, way=way)) == -9
        (row,) = journal.entries()
        assert row.state == "sending"
        with users.connection("woocommerce_legacy", shop.url, journal=journal) as client:
            with pytest.raises(RefundBusy) as busy:
                client.create_refund(order, ALL)
            expire(journal)
            with pytest.raises(RefundUnresolved) as unresolved:
                client.create_refund(order, ALL)
            assert busy.value.entry_id == unresolved.value.entry_id == row.id
        assert refunded(shop, order) == (9 if POINTS[point] else 0)

        for name, value in (("URL", shop.url), ("CONSUMER_KEY", "ck_own"), ("CONSUMER_SECRET", "cs_own")):
            monkeypatch.setenv(f"REFUNDKIT_WOOCOMMERCE_LEGACY_{name}", value)
        outcome = cli("journal", "resolve", "--journal", address)
        assert outcome.status == 0, outcome
        assert ("made:" in outcome.out, "not made:" in outcome.out) == (True, not POINTS[point])
        shown = json.loads(cli("journal", "show", row.id, "--journal", address).out)
        assert shown["state"] == ("made" if POINTS[point] else "not_made")

        with users.connection("woocommerce_legacy", shop.url, journal=journal) as client:
            if POINTS[point]:
                with pytest.raises(RefundBlocked):
                    client.create_refund(order, ALL)
            else:
                client.create_refund(order, ALL)
        assert refunded(shop, order) == 9


@pytest.mark.parametrize("decides", ["before resolve", "during resolve", "never"])
@pytest.mark.parametrize("way", WAYS)
def test_a_process_that_is_killed_while_the_server_is_undecided(
    address: str, way: str, decides: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that has the refund of a dead process, and acts on it later or never, makes it once; the row says so."""
    with serving("woocommerce_legacy") as server, open_journal(address, wait=0) as journal:
        order = ORDERS[server.api]
        server.fail("refund", Fault(sends="nothing", ends="silent"), times=1)
        process = start_refunds(server.url, address, order, "9.00", way=way)
        server.wait_for_silence(1)
        process.kill()
        assert end(process) == -9
        (row,) = journal.entries()
        assert (row.state, row.attempt) == ("sending", 1)
        expire(journal, seconds_ago=3600 if decides == "never" else 0)
        if decides == "before resolve":
            server.execute_late()
        with users.connection(server.api, server.url, journal=journal) as client:
            with pytest.raises(RefundUnresolved):
                client.create_refund(order, ALL)
            late = SimpleNamespace(sleep=lambda _: server.execute_late())  # it has 30 seconds to decide
            monkeypatch.setattr(settle, "time", late)
            for name, value in (("URL", server.url), ("CONSUMER_KEY", "ck_own"), ("CONSUMER_SECRET", "cs_own")):
                monkeypatch.setenv(f"REFUNDKIT_WOOCOMMERCE_LEGACY_{name}", value)
            outcome = cli("journal", "resolve", row.id, "--journal", address)
            is_made = decides != "never"
            assert (outcome.status, "  made:" in outcome.out, "  not made:" in outcome.out) == (0, is_made, not is_made)
            assert server.made == is_made
            client.create_refund(order, ALL)  # there is enough left of the order
        assert server.made == is_made + 1
        assert [row.state for row in journal.entries()] == ["made" if is_made else "not_made", "made"]


@pytest.mark.parametrize("way", WAYS)
def test_a_process_that_is_killed_after_the_row_is_finished_leaves_nothing_to_resolve(address: str, way: str) -> None:
    """A row that was finished says made, and holds nothing."""
    with testing.server("woocommerce_legacy", faithful="2.6.2") as shop, open_journal(address) as journal:
        order = shop.add_order(total="9.00")
        assert end(start_refunds(shop.url, address, order, "9.00", point="finished", way=way)) == -9
        (row,) = journal.entries()
        assert (row.state, row.server_id, row.status) == ("made", str(shop.refunds(order)[0]["id"]), 201)


@pytest.mark.parametrize("kind", ["none", *STORES])
def test_eight_processes_refund_an_order_no_further_than_its_total(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Of 8 processes with 25 refunds each, a server that takes any amount makes the order's total; without, more."""
    journal = "" if kind == "none" else str(tmp_path / "refunds.sqlite")
    if kind == "postgres":
        journal = new_schema(request.getfixturevalue("postgres_url"))
    with testing.server("woocommerce_legacy", faithful="2.6.2", delay=(0, 0.05)) as shop:
        order = shop.add_order(total="29.00")
        processes = [
            start_refunds(shop.url, journal, order, "1.00", count=25, way=WAYS[number % 2]) for number in range(8)
        ]
        for process in processes:
            assert end(process) == 0
        paid = refunded(shop, order)
    assert paid > 29 if kind == "none" else paid == 29
    if journal:
        with open_journal(journal) as opened:
            states = Counter(row.state for row in opened.entries())
        assert states["made"] == 29
        assert states.keys() <= {"made", "not_made"}
        assert states.total() == 200


def fill(address: str, number: int) -> None:
    """Write rows of refunds that never left, each of an order of its own, and whose leases have passed."""
    with open_journal(address) as opened:
        text = "\n".join("x" * 60 for _ in range(20))
        rows = (
            Entry(order=f"shop/{row}", operation="woocommerce.create_refund", method="POST", url="http://s/x",
                  path={"id": str(row)}, body=text, begun_at=float(row))
            for row in range(number)
        )  # fmt: skip
        connection = opened._open()
        cursor = connection.cursor()
        connection.execute("begin")
        cursor.executemany(store._INSERT.replace("?", opened._placeholder), map(store._to_row, rows))
        connection.execute("commit")


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory where there is one: each row is a commit, which a disk takes milliseconds for."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)


@pytest.mark.parametrize("kind", STORES)
def test_many_rows_are_listed_and_resolved_in_flat_memory(
    kind: str, request: pytest.FixtureRequest, memory: Path
) -> None:
    """A hundred times the rows take no more memory to list and to resolve."""
    peaks: dict[tuple[str, int], float] = {}
    for number in (1_000, 100_000):
        address = str(memory / f"{number}.sqlite")
        if kind == "postgres":
            address = new_schema(request.getfixturevalue("postgres_url"))
        fill(address, number)
        for action in ("list", "resolve"):
            left = run("journal", action, "--journal", address, folder=memory)
            assert left.status == 0, left.err
            rows = left.out.splitlines()
            assert len(rows) == number + (action == "resolve")
            peaks[action, number] = left.peak
        assert rows[-1] == f"Resolved {number:,}, left 0"
    for action in ("list", "resolve"):
        assert peaks[action, 100_000] < peaks[action, 1_000] + 12, peaks
