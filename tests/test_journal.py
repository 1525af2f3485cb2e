"""The journal: what is written before a refund leaves, what holds its order, and what is known of it afterwards."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import users
from commands import Cli, write
from faults import CONNECTION, ORDERS, AsyncWire, Fault, Server, Wire, serving
from journals import LEASE, WAYS, address, expire, new_schema, open_journal, postgres_url
from msgspec.structs import replace
from processes import WITHIN, environment
from refundkit import ALL, Outcome, RefundBlocked, RefundOutcomeUnknown, auth, journal, pieces, testing
from refundkit.apis.shared.serving import load_first_order
from refundkit.client import claim, settle
from refundkit.errors import NotSent, RefundBusy, RefundError, RefundUnresolved
from refundkit.guard import GuardTransport
from refundkit.journal import Entry, JournalError
from refundkit.journal.store import SqlJournal
from refundkit_apis.woocommerce.models import RefundCreateRequest as Current
from refundkit_apis.woocommerce_legacy.models import RefundCreate
from story import ROOT
from test_faults import CHANGES, changing
from test_one_call import WISHES
from test_one_call import refund as one_call

__all__ = ["address", "postgres_url"]
REFUNDS = {
    "walmart": "walmart.refund_order_lines",
    "walmart_ca": "walmart_ca.refund_order_lines",
    "woocommerce": "woocommerce.create_refund",
    "woocommerce_legacy": "woocommerce_legacy.create_refund",
    "taxcloud": "taxcloud.refund_order",
}
WRITES = (*REFUNDS.values(), *CHANGES)
LOST = Fault(made=True, sends="nothing", ends="closed")
NEVER_MADE = Fault(sends="nothing", ends="closed")


def api_of(operation: str) -> Any:
    return operation.partition(".")[0]


def refund(server: Server, client: Any) -> Any:
    return users.CALLS[REFUNDS[server.api]](client)


def call(way: str, connection: Any, act: Callable[[Any], Any]) -> Any:
    """Call a client as its way wants it."""
    if way == "sync":
        with connection as client:
            return act(client)

    async def run() -> Any:
        async with connection as client:
            return await act(client)

    return asyncio.run(run())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("operation", WRITES)
def test_a_refund_is_written_down_before_it_leaves_and_after_its_answer(
    operation: str, way: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the request is out the row is sending, and then it is made, with status and id of the server."""
    seen: list[tuple[str, list[str], int]] = []
    api = api_of(operation)
    with serving(api) as server, open_journal(address) as opened:
        act = changing(operation, server)

        def look(point: str) -> None:
            with journal.open(address) as other:
                seen.append((point, [row.state for row in other.entries()], len(server.requests("refund"))))

        monkeypatch.setattr(claim, "hook", look)
        call(way, users.connection(api, server.url, journal=opened), act)
        (row,) = opened.entries()
    assert seen == [
        *((point, ["sending"], 0) for point in ("begun", "leaving", "left")),
        ("answered", ["sending"], 1),
        ("finished", ["made"], 1),
    ]
    assert (row.state, row.operation, row.attempt) == ("made", operation, 1)
    assert row.status in (200, 201)
    assert row.order.endswith(row.path.get("returnOrderId", ORDERS[api]).casefold())
    is_told = api.startswith("woocommerce") and operation != "woocommerce_legacy.delete_refund"
    assert (row.server_id != "") == is_told


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("fault", "outcome"), [(LOST, "made"), (NEVER_MADE, "not_made")])
@pytest.mark.parametrize("operation", WRITES)
def test_a_lost_answer_holds_the_order_until_it_is_resolved(
    operation: str, fault: Fault, outcome: str, way: str, tmp_path: Any
) -> None:
    """Nobody sends another refund of the order before the row is resolved, by a connection of another process too."""
    api = api_of(operation)
    with serving(api) as server, open_journal(str(tmp_path / "refunds.sqlite")) as opened:
        act = changing(operation, server)
        server.fail("refund", fault)
        with pytest.raises(RefundOutcomeUnknown):
            call(way, users.connection(api, server.url, journal=opened), act)
        server.recover()
        sent = len(server.requests("refund"))
        with pytest.raises(RefundUnresolved):
            call(way, users.connection(api, server.url, journal=opened), act)
        assert len(server.requests("refund")) == sent
        connection = users.connection(api, server.url)
        with connection:
            (row,) = journal.resolve(opened, connection, wait=0)
        assert row.state == outcome
        assert opened.find(row.id) == row
        assert not list(opened.unresolved())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("api", REFUNDS)
def test_a_refund_in_one_call_is_written_down(api: testing.Api, way: str, tmp_path: Any) -> None:
    """`refund` goes through the journal; a dry run leaves no row, and what is unknown holds the order."""
    with serving(api) as server, open_journal(str(tmp_path / "refunds.sqlite")) as opened:
        options = {"journal": opened}
        wanted = {"OIL-LITRE": pieces("0.5")} if api == "taxcloud" else WISHES[api][0]
        one_call(server, way, wanted, dry_run=True, client=options)
        assert not list(opened.entries())
        one_call(server, way, wanted, client=options)
        (row,) = opened.entries()
        assert (row.state, row.operation, server.made) == ("made", REFUNDS[api], 1)
        server.fail("refund", NEVER_MADE)
        assert one_call(server, way, wanted, client=options) is Outcome.NOT_MADE
        server.fail("refund", LOST)
        said = WISHES[api][1]
        with pytest.raises(RefundOutcomeUnknown):
            call(way, users.connection(api, server.url, **options), lambda c: c.refund(ORDERS[api], wanted, **said))
        server.recover()
        with pytest.raises(RefundUnresolved):
            one_call(server, way, wanted, client=options)
        assert [each.state for each in opened.entries()] == ["made", "not_made", "unknown"]
        assert server.made == 2


@pytest.mark.parametrize("api", REFUNDS)
def test_a_refund_in_one_call_is_made_once_where_the_api_lags(api: testing.Api, tmp_path: Any) -> None:
    """ALL that is left, by an order that does not tell the refund of a moment ago, is blocked."""
    said = {**WISHES[api][1], "tax": None}
    with serving(api) as server, open_journal(str(tmp_path / "refunds.sqlite")) as opened:
        connection = users.connection(api, server.url, journal=opened, transport=Stale())
        with connection as client:
            client.refund(ORDERS[api], ALL, **said)
            with pytest.raises(RefundBlocked):
                client.refund(ORDERS[api], ALL, **said)
        assert server.made == 1


def test_what_is_resolved_waits_by_the_journal_s_clock(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host whose clock is ahead asks once more, when a slow server has had its time by the journal's clock."""

    class Behind(journal.SqliteJournal):
        def _clock(self, run: Any) -> float:
            return 1000.0

    with serving("woocommerce") as server, Behind(tmp_path / "refunds.sqlite", lease=LEASE) as opened:
        server.fail("refund", Fault(sends="nothing", ends="closed"), times=1)
        connection = users.connection(server.api, server.url, journal=opened)
        with connection as client:
            with pytest.raises(RefundOutcomeUnknown):
                refund(server, client)
            waits: list[float] = []

            def wait(seconds: float) -> None:
                waits.append(seconds)
                server.execute_late()

            monkeypatch.setattr(settle, "time", SimpleNamespace(sleep=wait))
            (row,) = journal.resolve(opened, connection)
        assert (row.state, waits, server.made) == ("made", [30.0], 1)


@pytest.mark.parametrize("way", WAYS)
def test_what_the_error_finds_out_is_written_down(way: str, tmp_path: Any) -> None:
    """`resolve()` of the error settles the row, so that the order is free."""
    with serving("woocommerce_legacy") as server, open_journal(str(tmp_path / "refunds.sqlite")) as opened:
        server.fail("refund", NEVER_MADE, times=1)

        def act(client: Any) -> Any:
            return users.CALLS["woocommerce_legacy.create_refund"](client)

        if way == "sync":
            with users.connection(server.api, server.url, journal=opened) as client:
                with pytest.raises(RefundOutcomeUnknown) as unknown:
                    act(client)
                assert unknown.value.resolve(wait=0) is Outcome.NOT_MADE
                act(client)
        else:

            async def run() -> None:
                async with users.connection(server.api, server.url, journal=opened) as client:
                    with pytest.raises(RefundOutcomeUnknown) as unknown:
                        await act(client)
                    assert await unknown.value.resolve_async(wait=0) is Outcome.NOT_MADE
                    await act(client)

            asyncio.run(run())
        assert [row.state for row in opened.entries()] == ["not_made", "made"]


def test_a_repeat_under_its_key_is_the_same_row(tmp_path: Any) -> None:
    """A refund of TaxCloud that is sent again after a lost answer is one row, made once."""
    with serving("taxcloud") as server, open_journal(str(tmp_path / "refunds.sqlite")) as opened:
        server.fail("refund", LOST, times=2)
        with users.connection("taxcloud", server.url, journal=opened) as client:
            refund(server, client)
        (row,) = opened.entries()
        assert (row.state, row.attempt, server.made) == ("made", 3, 1)


def test_what_never_left_or_was_refused_holds_nothing(tmp_path: Any) -> None:
    """What the rules block, what cannot be checked and what the server refuses leave the order free."""
    with serving("woocommerce_legacy") as server, open_journal(str(tmp_path / "refunds.sqlite")) as opened:
        with users.connection(server.api, server.url, journal=opened) as client:
            with pytest.raises(RefundBlocked):
                client.create_refund(ORDERS[server.api], RefundCreate(amount=Decimal("9999.00")))
            with pytest.raises(RefundError):
                client.create_refund("77", RefundCreate(amount=Decimal("1.00")))
            server.fail("refund", Fault(answer=testing.Answer(403, {}, b"{}")), times=1)
            with pytest.raises(RefundError):
                refund(server, client)
            refund(server, client)
        assert [row.state for row in opened.entries()] == ["not_made", "not_made", "refused", "made"]
        assert [row.attempt for row in opened.entries()] == [0, 0, 1, 1]


@pytest.mark.parametrize("way", WAYS)
def test_a_refund_waits_for_another_process_and_then_goes(way: str, address: str) -> None:
    """An order that another holds is waited for; beyond the wait RefundBusy names the row."""
    with serving("woocommerce_legacy") as server, open_journal(address) as opened:
        path = {"id": ORDERS[server.api]}
        order = f"127.0.0.1:{server.port} woocommerce//{ORDERS[server.api]}"
        other = Entry(order=order, operation=REFUNDS[server.api], method="POST", url=f"{server.url}/x", path=path)
        assert opened.begin(other) is None
        with open_journal(address, wait=0) as impatient, pytest.raises(RefundBusy) as busy:
            call(way, users.connection(server.api, server.url, journal=impatient), lambda c: refund(server, c))
        assert busy.value.entry_id == other.id

        class Waiting(type(opened)):  # type: ignore[misc]
            def begin(self, entry: Entry) -> Entry | None:
                holder: Entry | None = super().begin(entry)
                if holder is not None:  # the other one ends once this one has seen it
                    other.state = "not_made"
                    assert opened.finish(other)
                return holder

        kind = "_url" if hasattr(opened, "_url") else "_file"
        with Waiting(getattr(opened, kind), lease=opened.lease, wait=opened.wait) as patient:
            call(way, users.connection(server.api, server.url, journal=patient), lambda c: refund(server, c))
        assert server.made == 1


def test_a_row_that_has_expired_is_not_sent(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever slept beyond the lease finds that its row is no longer its own, and sends nothing."""
    with serving("woocommerce_legacy") as server, open_journal(address) as opened:
        monkeypatch.setattr(claim, "hook", lambda point: expire(opened) if point == "leaving" else None)
        connection = users.connection(server.api, server.url, journal=opened)
        with connection as client, pytest.raises(NotSent, match="its lease has passed"):
            refund(server, client)
        assert not server.requests("refund")
        assert [row.state for row in opened.entries()] == ["not_made"]


def test_an_answer_that_comes_late_corrects_the_row(address: str) -> None:
    """A refund that was taken for not made, and whose answer then says made, is made; another one in between stays."""
    with open_journal(address) as opened:
        row = Entry(order="a", operation="x", method="POST", url="u", path={})
        assert opened.begin(row) is None
        assert opened.leave(row)
        expire(opened)
        (found,) = opened.unresolved()
        found.state = "not_made"
        assert opened.finish(found)
        other = Entry(order="a", operation="x", method="POST", url="u", path={})
        assert opened.begin(other) is None
        row.state = "unknown"
        assert not opened.finish(row)
        row.state, row.status = "made", 201
        assert opened.finish(row)
        assert [each.state for each in opened.entries()] == ["made", "sending"]
        assert not opened.leave(row)


def test_a_cancelled_task_leaves_a_row_that_is_unknown(tmp_path: Any) -> None:
    """A task that is cancelled while its request is out writes that down, and the next one is refused."""
    with serving("woocommerce_legacy") as server, open_journal(str(tmp_path / "refunds.sqlite")) as opened:
        server.fail("refund", Fault(made=True, sends="nothing", ends="silent"))

        async def cancel() -> None:
            async with users.connection(server.api, server.url, journal=opened) as client:
                task = asyncio.create_task(users.CALLS[REFUNDS[server.api]](client))
                await asyncio.to_thread(server.wait_for_silence, 1)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                with pytest.raises(RefundUnresolved):
                    await users.CALLS[REFUNDS[server.api]](client)

        asyncio.run(cancel())
        assert [row.state for row in opened.entries()] == ["unknown"]


@pytest.mark.parametrize("total_timeout", [float("inf"), 700.0])
def test_a_call_that_may_outlast_its_lease_is_not_sent(total_timeout: float, tmp_path: Any) -> None:
    """A refund that may take longer than the lease is refused before anything is written or asked."""
    with serving("woocommerce_legacy") as server, journal.open(tmp_path / "refunds.sqlite") as opened:
        options = {"journal": opened, "total_timeout": total_timeout}
        with (
            users.connection(server.api, server.url, **options) as client,
            pytest.raises(NotSent, match="lease"),
        ):
            refund(server, client)
        assert not server.seen
        assert not list(opened.entries())


class Stale(httpx.HTTPTransport):
    """A transport over which an API tells of an order as it was at first, while `lags`."""

    def __init__(self) -> None:
        super().__init__()
        self.lags = True
        self._answers: dict[str, tuple[int, list[tuple[str, str]], bytes]] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET" or not self.lags:
            return super().handle_request(request)
        if request.url.path not in self._answers:
            response = super().handle_request(request)
            response.read()
            headers = [pair for pair in response.headers.multi_items() if pair[0] != "content-encoding"]
            self._answers[request.url.path] = response.status_code, headers, response.content
        status, headers, content = self._answers[request.url.path]
        return httpx.Response(status, headers=headers, content=content)


def made_until_blocked(operation: str, journalled: str, lags: str) -> tuple[int, int]:
    """Make the example's change until it is blocked; return how many were made and how many left."""
    wire = Stale()
    api = api_of(operation)
    with ExitStack() as stack:
        server = stack.enter_context(serving(api))
        opened = stack.enter_context(open_journal(journalled)) if journalled else None
        act = repeating(operation, server)
        connection = users.connection(api, server.url, journal=opened, transport=wire)
        with connection as client:
            for number in range(12):
                wire.lags = lags == "always" or (lags == "sometimes" and number % 2 == 1)
                try:
                    act(client)
                except RefundBlocked:
                    break
        return server.made, len(server.requests("refund"))


def repeating(operation: str, server: Server) -> Callable[[Any], Any]:
    """Make a call that can be made some times, each time as another refund."""
    if operation == "taxcloud.refund_order":  # each with a key of its own
        body = users.body(operation)
        return lambda client: client.refund_order(ORDERS["taxcloud"], type(body)(items=body.items[:1]))
    if not operation.endswith(".cancel_order_lines"):
        return users.CALLS[operation]
    document = load_first_order(server.api)
    line = document["order"]["orderLines"]["orderLine"][-1]
    line["orderLineQuantity"]["amount"] = "5"
    quantity = {"unitOfMeasurement": "EACH", "amount": "5"}
    line["orderLineStatuses"]["orderLineStatus"] = [{"status": "Acknowledged", "statusQuantity": quantity}]
    order = server.shop.add_order(document)
    body = users.body(operation).order_cancellation
    (cancelled,) = body.order_lines.order_line
    lines = replace(body.order_lines, order_line=[replace(cancelled, line_number=line["lineNumber"])])
    return lambda client: client.cancel_order_lines(order, replace(body, order_lines=lines))


@pytest.mark.parametrize("lags", ["always", "sometimes", "never"])
@pytest.mark.parametrize("operation", [*REFUNDS.values(), *(name for name in CHANGES if "walmart" in name)])
def test_a_list_that_lags_behind_lets_no_refund_through(operation: str, lags: str, tmp_path: Any) -> None:
    """What the journal has made counts where the API does not tell it yet; what the API tells is not counted twice."""
    without = made_until_blocked(operation, "", "never")
    assert without[0] > 0
    assert made_until_blocked(operation, str(tmp_path / "refunds.sqlite"), lags) == without


@pytest.mark.parametrize("lags", ["always", "never"])
def test_a_refund_that_was_deleted_gives_its_money_back(lags: str, tmp_path: Any) -> None:
    """A deletion through the journal frees what its refund took, also where the API has told of neither yet."""
    wire = Stale()
    with serving("woocommerce") as server, open_journal(str(tmp_path / "refunds.sqlite")) as opened:
        order = server.shop.add_order("paid", order_id=ORDERS[server.api])
        whole = Current(amount=str(server.shop.orders[order]["total"]), api_refund=False)
        wire.lags = lags == "always"
        with users.connection(server.api, server.url, journal=opened, transport=wire) as client:
            made = client.create_refund(order, whole)
            with pytest.raises(RefundBlocked):
                client.create_refund(order, whole)
            client.delete_refund(order, made.id)
            client.create_refund(order, whole)
        assert [row.state for row in opened.entries()] == ["made", "not_made", "made", "made"]
        assert len(server.shop.refunds(order)) == 1


def test_the_other_api_of_a_shop_counts(tmp_path: Any) -> None:
    """A refund through the shop's legacy API counts for one through the current API that does not tell it yet."""
    legacy, current = testing.server("woocommerce_legacy"), testing.server("woocommerce")
    order, url = ORDERS["woocommerce"], "https://shop.example"
    current.add_order("paid", order_id=order)  # without a refund
    with open_journal(str(tmp_path / "refunds.sqlite")) as opened:
        with users.connection(legacy.api, url, journal=opened, transport=legacy.transport) as shop:
            shop.create_refund(order, RefundCreate(amount=Decimal("30.00")))
        with users.connection(current.api, url, journal=opened, transport=current.transport) as shop:
            total = Decimal(str(current.orders[order]["total"]))
            with pytest.raises(RefundBlocked, match="RF204"):
                shop.create_refund(order, Current(amount=str(total - 29)))
            shop.create_refund(order, Current(amount=str(total - 30)))


def test_recorded_only_counts_and_unknown_does_not(tmp_path: Any) -> None:
    """A refund that is recorded counts as an earlier one; one that is unknown blocks, and is none."""
    with open_journal(str(tmp_path / "refunds.sqlite")) as opened:
        for number, state in enumerate(("made", "recorded_only", "refused", "not_made", "unknown")):
            row = Entry(order="a", operation="x", method="POST", url="u", path={}, idempotency_key=str(number))
            assert opened.begin(row) is None
            assert opened.leave(row)
            row.state = state  # type: ignore[assignment]
            assert opened.finish(row)
        assert [row.state for row in opened.earlier("a")] == ["made", "recorded_only"]
        assert [row.state for row in opened.unresolved()] == ["unknown"]
        assert opened.begin(Entry(order="a", operation="x", method="POST", url="u", path={})) == row
        assert opened.begin(Entry(order="b", operation="x", method="POST", url="u", path={})) is None
        assert opened.forget(opened.clock() + 1) == 4
        assert [row.state for row in opened.entries()] == ["unknown", "sending"]


def fill_disk(opened: SqlJournal) -> None:
    """Leave the store no room for another row, nor for more in one that is there."""
    if isinstance(opened, journal.SqliteJournal):
        connection = opened._open()
        connection.execute("create trigger full_disk before update of before on refundkit_journal "
                           "begin select raise(fail, 'database or disk is full'); end")  # fmt: skip
        (pages,) = connection.execute("pragma page_count").fetchone()
        connection.execute(f"pragma max_page_count = {pages}")
        with suppress(JournalError):  # what is left of the last page
            opened.begin(Entry(order="b", operation="x", method="POST", url="u" * 3500, path={}))
        return
    with opened._transaction() as run:
        run("create function full_disk() returns trigger language plpgsql as $$ begin "
            "raise exception 'No space left on device' using errcode = '53100'; end $$")  # fmt: skip
        run("create trigger full_disk before insert or update of before on refundkit_journal "
            "execute function full_disk()")  # fmt: skip


@pytest.mark.parametrize("point", ["before", "leaving"])
@pytest.mark.parametrize("way", WAYS)
def test_a_full_disk_is_said_before_anything_is_sent(
    way: str, point: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal that cannot be written raises NotSent, which says why, and the API hears of no refund."""
    with serving("woocommerce_legacy") as server, open_journal(address) as opened:
        if point == "before":
            fill_disk(opened)
        monkeypatch.setattr(claim, "hook", lambda name: fill_disk(opened) if name == point else None)
        with pytest.raises(NotSent, match=r"not sent: the journal .* cannot be used: .*(full|No space left)"):
            call(way, users.connection(server.api, server.url, journal=opened), lambda c: refund(server, c))
        assert not server.requests("refund")


def test_a_lost_connection_is_made_again(postgres_url: str) -> None:
    """A connection that the server ended between two calls, or during one, is replaced without a word."""
    import psycopg

    with serving("woocommerce_legacy") as server, open_journal(new_schema(postgres_url)) as opened:

        def end_connections(point: str) -> None:
            if point in ("begun", "leaving", "answered"):
                with psycopg.connect(postgres_url, autocommit=True) as connection:
                    pid = opened._connection.info.backend_pid
                    connection.execute("select pg_terminate_backend(%s, 60000)", (pid,))

        monkeypatch = pytest.MonkeyPatch()
        monkeypatch.setattr(claim, "hook", end_connections)
        with monkeypatch.context(), users.connection(server.api, server.url, journal=opened) as client:
            refund(server, client)
        monkeypatch.undo()
        assert [row.state for row in opened.entries()] == ["made"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("point", ["before", "begun", "leaving"])
def test_a_store_that_is_gone_is_said_before_anything_is_sent(
    point: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PostgreSQL that stops before the refund, or between its row and its leaving, keeps it from leaving."""
    import postgres

    if reason := postgres.missing():
        pytest.skip(reason)
    with serving("woocommerce_legacy") as server, postgres.stoppable() as (url, stop):
        opened = open_journal(url)
        if point == "before":
            stop()
        monkeypatch.setattr(claim, "hook", lambda name: stop() if name == point else None)
        with pytest.raises(NotSent, match="not sent: the journal postgresql:///postgres cannot be used"):
            call(way, users.connection(server.api, server.url, journal=opened), lambda c: refund(server, c))
        assert not server.requests("refund")


class Forgetful(journal.SqliteJournal):
    """A journal that is lost once the request has left."""

    def finish(self, entry: Entry) -> bool:
        raise JournalError("the journal cannot be used: disk I/O error")


def test_an_answer_is_worth_more_than_its_row(tmp_path: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Where the answer cannot be written down it is returned all the same, and the row holds the order."""
    with serving("woocommerce") as server, Forgetful(tmp_path / "refunds.sqlite", lease=10_000) as opened:
        with users.connection(server.api, server.url, journal=opened) as client, caplog.at_level(logging.ERROR):
            assert client.create_refund(ORDERS["woocommerce"], Current(amount="1.00")).amount == "1.00"
        assert "disk I/O error" in caplog.text
        assert [row.state for row in opened.entries()] == ["sending"]


def test_no_secret_and_no_text_of_a_person_is_kept(tmp_path: Any) -> None:
    """Neither credentials nor free texts, nor unknown fields, stand in any byte of the journal's files."""
    with serving("woocommerce_legacy") as server, open_journal(str(tmp_path / "refunds.sqlite")) as opened:
        with users.connection(server.api, server.url, journal=opened) as client:
            client.create_refund(
                ORDERS[server.api], RefundCreate(amount=Decimal("1.00"), reason="Frau Meier war krank")
            )
        own = auth.WooCommerceOAuth("ck_own", "cs_own")
        guard = GuardTransport(httpx.HTTPTransport(), journal=opened, auth=own, mode="report")
        with httpx.Client(base_url=server.url, transport=guard, auth=own) as raw:
            document = {
                "order_refund": {
                    "amount": "1.00",
                    "reason": "Ihr Hund",
                    "note": "4111111111111111",
                    "card": 5555555555554444,
                }
            }
            raw.post(f"/wc-api/v3/orders/{ORDERS[server.api]}/refunds", json=document)
        rows = list(opened.entries())
        kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert len(rows) == 2
    for secret in (
        b"Meier",
        b"krank",
        b"Hund",
        b"4111111111111111",
        b"5555555555554444",
        b"ck_own",
        b"cs_own",
        b"oauth",
    ):
        assert secret not in kept, secret
    assert b"sha256:" in kept


def test_a_guard_of_ones_own_takes_a_journal(tmp_path: Any) -> None:
    """A guard under any httpx client writes down what it sends, and reads the order for it."""
    with serving("woocommerce_legacy") as server, open_journal(str(tmp_path / "refunds.sqlite")) as opened:
        own = auth.WooCommerceOAuth("ck_own", "cs_own")
        guard = GuardTransport(httpx.HTTPTransport(), journal=opened, auth=own)
        with httpx.Client(base_url=server.url, transport=guard, auth=own) as client:
            path = f"/wc-api/v3/orders/{ORDERS[server.api]}/refunds"
            assert client.post(path, json={"order_refund": {"amount": "1.00"}}).status_code == 201
        (row,) = opened.entries()
        assert (row.state, row.status) == ("made", 201)
        assert row.before is not None
        assert row.before.refunds == []


def test_a_journal_without_the_guard_is_refused(tmp_path: Any) -> None:
    """guard=False and a journal contradict each other."""
    with journal.open(tmp_path / "a.sqlite") as opened, pytest.raises(ValueError, match="needs the guard"):
        users.connection("woocommerce", "http://127.0.0.1", journal=opened, guard=False)


def test_a_table_of_a_newer_version_is_left_alone(address: str) -> None:
    """An older refundkit does not work on a table that a newer one has changed; a new table has the version."""
    with open_journal(address) as opened, opened._transaction() as run:
        assert run("select version from refundkit_journal_version").fetchall() == [(1,)]
        run("update refundkit_journal_version set version = 2")
    with pytest.raises(JournalError, match="has version 2 of the table, and this refundkit knows 1"):
        open_journal(address)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nowhere/refunds.sqlite", "there is no folder"),
        ("mysql://host/shop", "no journal of the kind mysql"),
        ("text.sqlite", "file is not a database"),
    ],
)
def test_a_wrong_address_is_said(address: str, message: str, folder: Any) -> None:
    """A journal that cannot be opened says why."""
    write("text.sqlite", "no database at all " * 100)
    with pytest.raises(JournalError, match=message):
        journal.open(address)


def test_what_psycopg_is_missing_for_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, a PostgreSQL address says how to install it."""
    monkeypatch.delitem(sys.modules, "refundkit.journal.postgres", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(JournalError, match=r"pip install 'refundkit\[postgres\]'"):
        journal.open("postgresql:///nowhere")


def test_the_password_of_an_address_is_in_no_message(postgres_url: str) -> None:
    """Neither a repr nor an error of a journal shows the password of its URL."""
    secret = "pg-s3cret"
    with open_journal(postgres_url.replace("refundkit@", f"refundkit:{secret}@")) as opened:
        assert secret not in repr(opened)
    with pytest.raises(JournalError) as error:
        journal.open(f"postgresql://refundkit:{secret}@/postgres?host=/nowhere")
    assert secret not in f"{error.value} {error.value!r} {error.value.__cause__}"


@pytest.mark.parametrize("kind", [RefundBusy, RefundUnresolved])
def test_an_error_of_the_journal_survives_a_pickle(kind: type[RefundBusy | RefundUnresolved]) -> None:
    """What goes between processes names its row still."""
    error = pickle.loads(pickle.dumps(kind("abc")))  # noqa: S301 - of our own making
    assert (type(error), error.entry_id, error.sent) == (kind, "abc", "no")
    assert "abc" in str(error)


def test_threads_and_forked_processes_share_a_journal(address: str) -> None:
    """One journal holds an order for the threads of a process and for the children that it forks."""
    with open_journal(address, wait=0) as opened, ThreadPoolExecutor(8) as pool:

        def begin(order: int) -> bool:
            row = Entry(order=str(order % 5), operation="x", method="POST", url="u", path={})
            return opened.begin(row) is None

        assert sum(pool.map(begin, range(40))) == 5
        program = f"""
import os, sys
from refundkit import journal
opened = journal.open({address!r})
def begin():
    row = journal.Entry(order="forked", operation="x", method="POST", url="u", path={{}})
    return opened.begin(row) is None
child = os.fork()
if not child:
    os._exit(3 + begin())
first = begin()
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
assert first + status - 3 == 1, (first, status)
assert len(list(opened.entries("order_key = 'forked'"))) == 1
"""
        subprocess.run([sys.executable, "-c", program], env=environment(), check=True, timeout=WITHIN)


# The command.


@pytest.fixture
def rows(tmp_path: Any) -> Iterator[tuple[Server, SqlJournal, str]]:
    """A journal with a refund that was made and one whose answer was lost, of two orders."""
    name = str(tmp_path / "refunds.sqlite")
    with serving("woocommerce") as server, open_journal(name) as opened:
        with users.connection("woocommerce", server.url, journal=opened) as client:
            client.create_refund(ORDERS["woocommerce"], Current(amount="1.00", reason="Lid missing"))
            server.fail("refund", LOST, times=1)
            with pytest.raises(RefundOutcomeUnknown):
                client.create_refund(ORDERS["woocommerce"], Current(amount="2.00", reason="Handle missing"))
        yield server, opened, name


def test_the_command_lists_shows_resolves_and_forgets(
    rows: tuple[Server, SqlJournal, str], cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is unknown is resolved with credentials from the environment; only what is finished is forgotten."""
    server, _, name = rows
    monkeypatch.setenv("REFUNDKIT_JOURNAL", name)
    made, unknown = cli("journal", "list").out.splitlines()
    assert "made" in made
    assert "woocommerce.create_refund of" in made
    assert " as " in made
    (listed,) = cli("journal", "list", "--state", "unknown", "--output-format", "jsonl").out.splitlines()
    entry_id = json.loads(listed)["id"]
    assert unknown.startswith(entry_id)
    assert json.loads(cli("journal", "show", entry_id).out)["operation"] == "woocommerce.create_refund"
    assert cli("journal", "forget", "--older-than", "0").out == "Forgot 1 row\n"

    without = cli("journal", "resolve")
    assert without.status == 2
    assert "REFUNDKIT_WOOCOMMERCE_URL and REFUNDKIT_WOOCOMMERCE_CONSUMER_KEY" in without.out
    for key, value in (("URL", "http://127.0.0.1:9"), ("CONSUMER_KEY", "ck_own"), ("CONSUMER_SECRET", "cs_own")):
        monkeypatch.setenv(f"REFUNDKIT_WOOCOMMERCE_{key}", value)
    elsewhere = cli("journal", "resolve", entry_id)
    assert (elsewhere.status, "leads to http://127.0.0.1:9" in elsewhere.out) == (2, True)
    monkeypatch.setenv("REFUNDKIT_WOOCOMMERCE_URL", server.url)
    resolved = cli("journal", "resolve", entry_id)
    assert (resolved.status, resolved.out.splitlines()[-1]) == (0, "Resolved 1, left 0")
    assert f"{entry_id}  made: woocommerce.create_refund" in resolved.out
    assert cli("journal", "resolve").out == "Resolved 0, left 0\n"


# Each API's credentials in the environment, by the names of the arguments that take them.
CREDENTIALS = {
    "walmart": {"CLIENT_ID": "an-id", "CLIENT_SECRET": "a-secret"},
    "walmart_ca": {"CLIENT_ID": "an-id", "CLIENT_SECRET": "a-secret", "CHANNEL_TYPE": "a-channel"},
    "woocommerce": {"CONSUMER_KEY": "ck_own", "CONSUMER_SECRET": "cs_own"},
    "woocommerce_legacy": {"CONSUMER_KEY": "ck_own", "CONSUMER_SECRET": "cs_own"},
    "taxcloud": {"CONNECTION_ID": CONNECTION, "API_KEY": "a-key"},
}


@pytest.mark.parametrize("operation", WRITES)
def test_a_lost_answer_of_the_test_server_is_resolved_by_the_command(
    operation: str, cli: Cli, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `lose_next_answer` hides and what `fail_next` did not make is told by `journal resolve`, for each change."""
    api = api_of(operation)
    monkeypatch.setenv("REFUNDKIT_JOURNAL", str(tmp_path / "refunds.sqlite"))
    with serving(api) as server, testing.server(api) as shop, open_journal(str(tmp_path / "refunds.sqlite")) as opened:
        for name, value in {**CREDENTIALS[api], "URL": shop.url, "BASE_URL": shop.url}.items():
            monkeypatch.setenv(f"REFUNDKIT_{api.upper()}_{name}", value)
        server.shop = shop  # in which `changing` makes what is changed
        act = changing(operation, server)
        for prepare, told in ((shop.fail_next, "not made"), (shop.lose_next_answer, "made")):
            prepare(times=users.PATIENCE.attempts if api == "taxcloud" else 1)  # which repeats under its key
            with pytest.raises(RefundOutcomeUnknown):
                call("sync", users.connection(api, shop.url, journal=opened), act)
            (row,) = opened.unresolved()
            outcome = cli("journal", "resolve", "--wait", "0")
            assert outcome == (0, f"{row.id}  {told}: {operation} of {row.order}\nResolved 1, left 0\n", "")


def test_the_command_takes_a_connection_of_ones_own(
    rows: tuple[Server, SqlJournal, str], cli: Cli, folder: Any
) -> None:
    """--connect names a function that is called with the API and the shop's address."""
    _, _, name = rows
    code = 'from refundkit import connect\ndef find(api, url):\n    return connect.woocommerce(url, "ck_x", "cs_x")\n'
    write("journal_shops.py", code)
    outcome = cli("journal", "resolve", "--connect", "journal_shops:find", "--journal", name)
    assert (outcome.status, outcome.out.splitlines()[-1]) == (0, "Resolved 1, left 0")
    wrong = cli("journal", "resolve", "--connect", "journal_shops:other", "--journal", name)
    assert (wrong.status, "write MODULE:FUNCTION" in wrong.err) == (2, True)


def test_the_command_goes_on_where_a_shop_cannot_be_asked(
    rows: tuple[Server, SqlJournal, str], cli: Cli, folder: Any
) -> None:
    """A shop that is down, and one that nobody has credentials for, keep no row of another shop unresolved."""
    server, opened, name = rows
    (known,) = opened.unresolved()
    for order, shop in (("a", "http://127.0.0.1:9"), ("b", "https://nobody.example")):
        other = replace(known, id=order, order=order, url=known.url.replace(server.url, shop), state="sending")
        assert opened.begin(replace(other, attempt=0)) is None
        assert opened.leave(replace(other, attempt=0))
    expire(opened)
    code = f"""
from refundkit import connect
def find(api, url):
    url = {server.url!r} if "nobody" in url else url
    return connect.woocommerce(url, "ck_x", "cs_x", retry=connect.Retry(attempts=1))
"""
    write("some_shops.py", code)
    outcome = cli("journal", "resolve", "--connect", "some_shops:find", "--journal", name)
    assert (outcome.status, outcome.out.splitlines()[-1]) == (2, "Resolved 1, left 2")
    assert "a  the API cannot be asked: " in outcome.out
    assert f"b  the refund went to https://nobody.example, and the connection leads to {server.url}" in outcome.out
    assert f"{known.id}  made: " in outcome.out


def test_a_row_that_cannot_be_told_stays_unknown(rows: tuple[Server, SqlJournal, str], cli: Cli, folder: Any) -> None:
    """Where the order has changed in another way the row is left, with exit status 1."""
    server, opened, name = rows
    with users.connection("woocommerce", server.url) as client:
        for earlier in client.list_refunds(ORDERS["woocommerce"]):
            client.delete_refund(ORDERS["woocommerce"], earlier.id)
    code = 'from refundkit import connect\ndef find(api, url):\n    return connect.woocommerce(url, "ck_x", "cs_x")\n'
    write("journal_shops.py", code)
    outcome = cli("journal", "resolve", "--connect", "journal_shops:find", "--journal", name, "--wait", "0")
    assert (outcome.status, outcome.out.splitlines()[-1]) == (1, "Resolved 0, left 1")
    assert [row.state for row in opened.unresolved()] == ["unknown"]


def test_the_command_says_what_it_lacks(cli: Cli, folder: Any) -> None:
    """A journal that nobody named or that is not there, and an unknown row, are exit 2."""
    assert "set REFUNDKIT_JOURNAL" in cli("journal", "list").err
    missing = cli("journal", "list", "--journal", "nothing.sqlite")
    assert (missing.status, missing.err) == (2, "refundkit: there is no journal nothing.sqlite\n")
    assert not (folder / "nothing.sqlite").exists()
    journal.open(folder / "refunds.sqlite").close()
    unknown = cli("journal", "show", "abc", "--journal", "refunds.sqlite")
    assert (unknown.status, unknown.err) == (2, "refundkit: the journal has no row abc\n")


@pytest.mark.audit
def test_the_audit_reads_a_journal_as_its_requests(rows: tuple[Server, SqlJournal, str], cli: Cli, folder: Any) -> None:
    """Refunds that were made count as earlier ones, and a refund beyond the order is found."""
    server, opened, name = rows
    for row in opened.unresolved():
        row.state = "made"
        opened.finish(row)
    order = dict(server.shop.orders[ORDERS["woocommerce"]], total="2.50", refunds=[])
    write("orders.jsonl", json.dumps({"order": order, "api": "woocommerce"}, default=str) + "\n")
    outcome = cli("audit", "--requests", name, "--orders", "orders.jsonl", "--out", "found.jsonl", "--jobs", "1")
    assert "Audited 2 requests of 1 order" in outcome.out, outcome
    codes = [json.loads(line)["code"] for line in (folder / "found.jsonl").read_text().splitlines()]
    assert "RF204" in codes


@pytest.mark.audit
def test_the_audit_reads_a_journal_of_many_hosts(postgres_url: str, cli: Cli, folder: Any) -> None:
    """A journal in PostgreSQL is read by its address, of which no message shows the password."""
    name = new_schema(postgres_url).replace("refundkit@", "refundkit:pg-s3cret@")
    journal.open(name).close()
    arguments = ("audit", "--requests", name, "--out", "found.jsonl", "--jobs", "1")
    empty = cli(*arguments)
    assert (empty.status, empty.err) == (2, "refundkit: postgresql:///postgres: no request at all\n")
    with serving("taxcloud") as server, open_journal(name) as opened:
        call("sync", users.connection(server.api, server.url, journal=opened), lambda client: refund(server, client))
    assert "Audited 1 request " in cli(*arguments).out


@pytest.mark.audit
@pytest.mark.parametrize("name", ["refunds.sqlite", "postgresql://somebody:pg-s3cret@host/shop"])
def test_a_journal_is_a_history_and_no_orders(name: str, cli: Cli, folder: Any) -> None:
    """A journal given as orders or as earlier refunds is exit 2; so is an unknown kind of one."""
    journal.open(folder / "refunds.sqlite").close()
    for flag in ("--orders", "--refunds"):
        outcome = cli("audit", "--requests", "refunds.sqlite", flag, name, "--out", "found.jsonl")
        assert (outcome.status, "suffix is none of" in outcome.err or "no such file" in outcome.err) == (2, True), (
            outcome
        )
    unknown = cli("audit", "--requests", "mysql://somebody:pg-s3cret@host/shop", "--out", "found.jsonl")
    assert (unknown.status, "no journal of the kind mysql" in unknown.err) == (2, True)
    assert "pg-s3cret" not in unknown.err


@pytest.mark.audit
@pytest.mark.spark
@pytest.mark.parametrize("name", ["refunds.sqlite", "postgresql://somebody:pg-s3cret@host/shop"])
def test_spark_reads_no_journal(name: str, cli: Cli, folder: Any) -> None:
    """On a cluster a journal is refused, with the engine that reads it."""
    outcome = cli("audit", "--requests", name, "--out", "found.jsonl", "--engine", "spark")
    shown = name.replace("somebody:pg-s3cret@", "")
    assert (outcome.status, outcome.err) == (
        2, f"refundkit: --requests {shown}: a journal is read with --engine duckdb\n",
    )  # fmt: skip


# The protocol on a table of one's own, as the docs show it.


def own_table(folder: Any) -> Any:
    page = (ROOT / "docs" / "journal.md").read_text("utf-8")
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "class TableJournal" in block]
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - the sample of our own docs
    database = sqlite3.connect(folder / "own.db", check_same_thread=False)
    return names["TableJournal"](database)


@pytest.mark.parametrize("way", WAYS)
def test_the_table_of_ones_own_in_the_docs_is_a_journal(way: str, folder: Any) -> None:
    """The sample of docs/journal.md holds the order, resolves what is unknown and forgets what is finished."""
    own = own_table(folder)
    own.lease, own.wait = 10_000.0, 0.0
    with serving("taxcloud") as server:

        def act() -> Any:
            options = {"journal": own, "transport": Wire(server) if way == "sync" else AsyncWire(server)}
            return call(way, users.connection("taxcloud", server.url, **options), lambda c: refund(server, c))

        act()
        server.fail("refund", LOST)
        with pytest.raises(RefundOutcomeUnknown):
            act()
        server.recover()
        with pytest.raises(RefundUnresolved):
            act()
        connection = users.connection("taxcloud", server.url)
        with connection:
            (row,) = journal.resolve(own, connection, wait=0)
        assert row.state == "made"
        assert not own.unresolved()
        assert own.begin(Entry(order=row.order, operation="x", method="POST", url="u", path={})) is None
        assert own.begin(Entry(order=row.order, operation="x", method="POST", url="u", path={})).state == "sending"
        assert own.forget(1e12) == 2
        own.database.close()
    assert CONNECTION in row.path.values()
