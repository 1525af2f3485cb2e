"""What a crash leaves behind: never two refunds, never a lost row, and a journal that finds out the truth."""

from __future__ import annotations

import json
import sqlite3
from contextlib import ExitStack
from decimal import Decimal

import pytest
import users
from commands import Cli
from journals import (
    STORES,
    WAYS,
    address,
    end,
    expire,
    open_journal,
    postgres_url,
    refunded,
    start_refunds,
)
from refundkit import RefundBlocked, testing
from refundkit.errors import RefundBusy, RefundUnresolved
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


@pytest.mark.parametrize("way", WAYS)
def test_a_process_that_is_killed_after_the_row_is_finished_leaves_nothing_to_resolve(address: str, way: str) -> None:
    """A row that was finished says made, and holds nothing."""
    with testing.server("woocommerce_legacy", faithful="2.6.2") as shop, open_journal(address) as journal:
        order = shop.add_order(total="9.00")
        assert end(start_refunds(shop.url, address, order, "9.00", point="finished", way=way)) == -9
        (row,) = journal.entries()
        assert (row.state, row.server_id, row.status) == ("made", str(shop.refunds(order)[0]["id"]), 201)


@pytest.mark.parametrize("store", ["none", *STORES])
def test_eight_processes_refund_an_order_no_further_than_its_total(
    store: str, request: pytest.FixtureRequest, tmp_path: object
) -> None:
    """Of 8 processes with 25 refunds each, a server that takes any amount makes the order's total; without, more."""
    place = {"none": lambda: "", "sqlite": lambda: f"{tmp_path}/refunds.sqlite"}.get(store)
    if place is None:
        from journals import new_schema

        url = request.getfixturevalue("postgres_url")
        place = lambda: new_schema(url)  # noqa: E731
    journal = place()
    with testing.server("woocommerce_legacy", faithful="2.6.2", delay=(0, 0.05)) as shop, ExitStack():
        order = shop.add_order(total="29.00")
        processes = [
            start_refunds(shop.url, journal, order, "1.00", count=25, way=WAYS[number % 2]) for number in range(8)
        ]
        for process in processes:
            assert end(process) == 0
        paid = refunded(shop, order)
    assert paid > 29 if store == "none" else paid == 29
    if store == "sqlite":
        with sqlite3.connect(journal) as connection:
            states = dict(connection.execute("select state, count(*) from refundkit_journal group by state").fetchall())
        assert states["made"] == 29
        assert not states.keys() & {"sending", "unknown"}
