"""The queue of an order: all refunds of it in this process go one after the other, and none waits for ever."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal
from functools import partial
from typing import Any

import httpx
import pytest
import users
from faults import Fault, serving
from processes import WITHIN
from refundkit import RefundBlocked, RefundOutcomeUnknown, auth, connect, testing
from refundkit.client.queue import QUEUE, OrderQueue
from refundkit.errors import NotSent, RefundNotChecked, TimedOut
from refundkit.guard import GuardTransport
from refundkit_apis.woocommerce.models import RefundCreateRequest
from refundkit_apis.woocommerce_legacy.models import RefundCreate

WAYS = ("sync", "async")
ONE = RefundCreate(amount=Decimal("1.00"))


def refunded(shop: testing.Server, order: str) -> Decimal:
    return sum((Decimal(one["amount"]) for one in shop.refunds(order)), Decimal(0))


def outcome(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except RefundBlocked as error:
        return error


async def refund_many(url: str, order: str, number: int) -> list[Any]:
    async with users.connection("woocommerce_legacy", url) as client:
        calls = [client.create_refund(order, ONE) for _ in range(number)]
        return await asyncio.gather(*calls, return_exceptions=True)


def test_five_connections_are_one_queue() -> None:
    """Refunds through sync and async connections and a guard of one's own never exceed the order's total."""
    with testing.server("woocommerce_legacy", faithful="2.6.2", delay=(0, 0.005)) as shop, ExitStack() as stack:
        order = shop.add_order(total="9.00")
        sync = [stack.enter_context(users.connection("woocommerce_legacy", shop.url)) for _ in range(2)]
        own = auth.WooCommerceOAuth("ck_own", "cs_own")
        guard = GuardTransport(httpx.HTTPTransport(), fetch_context=True, auth=own)
        guarded = stack.enter_context(httpx.Client(base_url=shop.url, transport=guard, auth=own, timeout=WITHIN))
        path, body = f"/wc-api/v3/orders/{order}/refunds", {"order_refund": {"amount": "1.00"}}
        with ThreadPoolExecutor(20) as pool:
            tasks = [pool.submit(asyncio.run, refund_many(shop.url, order, 5)) for _ in range(2)]
            for client in sync * 3:
                tasks.append(pool.submit(outcome, partial(client.create_refund, order, ONE)))
            tasks += [pool.submit(outcome, lambda: guarded.post(path, json=body)) for _ in range(5)]
            results = [task.result() for task in tasks]
        outcomes = [one for each in results for one in (each if isinstance(each, list) else [each])]
        assert refunded(shop, order) == 9
    blocked = [one for one in outcomes if isinstance(one, RefundBlocked)]
    assert len(blocked) == len(outcomes) - 9 == 12


DOLLAR = RefundCreateRequest(amount="1.00", api_refund=False)


def test_overlapping_refunds_pass_the_cap_of_a_recorded_shop() -> None:
    """As recorded, the cap is not atomic: of an order of 1.00 both of two refunds that overlap are made."""
    shop = testing.server("woocommerce", faithful="11.0.1", delay=(0.2, 0.2))
    order = shop.add_order(total="1.00")

    async def refund_twice() -> list[httpx.Response]:
        url, keys = "https://shop.example", ("ck_own", "cs_own")
        async with httpx.AsyncClient(transport=shop.async_transport, base_url=url, auth=keys) as client:
            body = {"amount": "1.00", "api_refund": False}
            calls = [client.post(f"/wp-json/wc/v3/orders/{order}/refunds", json=body) for _ in range(2)]
            return await asyncio.gather(*calls)

    assert [answer.status_code for answer in asyncio.run(refund_twice())] == [201, 201]
    assert refunded(shop, order) == 2


@pytest.mark.parametrize("way", WAYS)
def test_two_hundred_refunds_at_once_stay_within_an_order_whose_shop_lets_them_pass(way: str) -> None:
    """Of 200 refunds of 1.00 at once 20 are made of an order of 20.00, though the shop's cap is not atomic."""
    with testing.server("woocommerce", faithful="11.0.1", delay=(0, 0.002)) as shop:
        order = shop.add_order(total="20.00")

        async def refund_all() -> list[Any]:
            async with users.connection("woocommerce", shop.url) as client:
                calls = [client.create_refund(order, DOLLAR) for _ in range(200)]
                return await asyncio.gather(*calls, return_exceptions=True)

        if way == "async":
            results = asyncio.run(refund_all())
        else:
            ready = threading.Barrier(200)
            with users.connection("woocommerce", shop.url) as client, ThreadPoolExecutor(200) as pool:

                def refund() -> Any:
                    ready.wait()
                    return outcome(lambda: client.create_refund(order, DOLLAR))

                results = [task.result() for task in [pool.submit(refund) for _ in range(200)]]
        assert refunded(shop, order) == 20
    assert sum(isinstance(each, RefundBlocked) for each in results) == 180


class Gate(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport whose refunds say that they have come, and are not answered before the gate opens."""

    def __init__(self) -> None:
        self.shop = testing.server("woocommerce_legacy")
        self.held, self.opened = threading.Event(), threading.Event()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            self.held.set()
            assert self.opened.wait(WITHIN)
        answer = self.shop.answer(request.method, str(request.url), request.headers, request.read())
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await asyncio.get_running_loop().run_in_executor(None, self.handle_request, request)


def connection(gate: Gate, **options: Any) -> Any:
    return users.connection("woocommerce_legacy", "https://shop.example.net", transport=gate, **options)


ORDER = "shop.example.net woocommerce//1204"


async def until(is_so: Callable[[], bool]) -> None:
    """Let the event loop go on until it is so; an error if that takes too long."""
    async with asyncio.timeout(WITHIN):
        while not is_so():
            await asyncio.sleep(0.001)


def test_an_async_refund_waits_for_a_sync_one_and_its_loop_goes_on() -> None:
    """A task that waits for another thread's refund of the order leaves its event loop free."""
    gate = Gate()

    async def wait_and_work() -> list[str]:
        done: list[str] = []
        async with connection(gate) as client:
            task = asyncio.create_task(client.create_refund(1204, ONE))
            await until(lambda: QUEUE.count(ORDER) == 2)
            done.append("work")
            assert not task.done()
            gate.opened.set()
            await task
            return done

    with connection(gate) as client, ThreadPoolExecutor() as pool:
        first = pool.submit(client.create_refund, 1204, ONE)
        assert gate.held.wait(WITHIN)
        assert asyncio.run(wait_and_work()) == ["work"]
        assert first.result().amount == "1.00"
    assert QUEUE.count(ORDER) == 0


def test_a_cancelled_task_leaves_the_queue() -> None:
    """A task that is cancelled while it waits leaves its place, and the next one has its turn."""
    gate = Gate()

    async def cancel_one() -> Any:
        async with connection(gate) as client:
            first, second, third = (asyncio.create_task(client.create_refund(1204, ONE)) for _ in range(3))
            await until(lambda: QUEUE.count(ORDER) == 3)
            second.cancel()
            await asyncio.gather(second, return_exceptions=True)
            gate.opened.set()
            await asyncio.gather(first, third)
            return second.cancelled()

    assert asyncio.run(cancel_one())
    assert len(gate.shop.refunds("1204")) == 2
    assert QUEUE.count(ORDER) == 0


def test_a_cancelled_turn_goes_to_the_next() -> None:
    """A task that is cancelled during its refund gives its turn to a sync client that waits."""
    gate = Gate()

    async def cancelled() -> None:
        async with connection(gate) as client:
            task = asyncio.create_task(client.create_refund(1204, ONE))
            await until(gate.held.is_set)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            gate.opened.set()

    asyncio.run(cancelled())
    with connection(gate) as client:
        assert client.create_refund(1204, ONE).amount == "1.00"
    assert QUEUE.count(ORDER) == 0


@pytest.mark.parametrize("inner", WAYS)
@pytest.mark.parametrize("outer", WAYS)
def test_a_refund_in_on_report_gets_an_error_instead_of_a_deadlock(outer: str, inner: str) -> None:
    """`on_report` that refunds the same order gets NotSent; the outer refund is made if it goes on."""
    shop = testing.server("woocommerce_legacy")
    errors: list[Any] = []

    def refund_again(_: Any) -> None:
        try:
            if inner == "sync":
                refund("sync")
            elif outer == "sync":
                refund("async")
            else:
                raise NotSent("a loop that runs cannot run another one")
        except NotSent as error:
            errors.append(error)

    def refund(way: str, **options: Any) -> Any:
        transport = shop.transport if way == "sync" else shop.async_transport
        return users.call(
            "woocommerce_legacy.create_refund", way, "https://shop.example.net", transport=transport, **options
        )

    assert refund(outer, on_report=refund_again).amount == "30.80"
    assert len(errors) == len(shop.refunds("1204")) == 1
    if (outer, inner) != ("async", "async"):
        assert "would wait for itself" in str(errors[0])
    assert refund(outer).amount == "30.80"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("sends", ["endless head", "endless body"])
@pytest.mark.parametrize("kind", ["read", "refund"])
def test_a_server_that_drips_does_not_hold_the_order(kind: Any, sends: Any, way: str) -> None:
    """A server whose bytes come one by one without end is left when the total time is over; the next refund goes."""
    with serving("woocommerce_legacy") as server:
        server.fail(kind, Fault(sends=sends), times=1)
        options = {"retry": connect.Retry(attempts=1), "total_timeout": 2}
        with pytest.raises((RefundOutcomeUnknown, RefundNotChecked), match="not complete after 2 seconds") as caught:
            users.call("woocommerce_legacy.create_refund", way, server.url, **options)
        assert isinstance(caught.value, RefundNotChecked if kind == "read" else RefundOutcomeUnknown)
        assert isinstance(caught.value.__cause__, TimedOut)
        assert users.call("woocommerce_legacy.create_refund", way, server.url).amount == "30.80"


@pytest.mark.parametrize("way", WAYS)
def test_without_a_bound_the_caller_waits(way: str) -> None:
    """With an infinite total time a sync refund is sent in the caller's own thread."""
    threads: list[int] = []
    shop = testing.server("woocommerce_legacy")

    class Noting(Gate):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            threads.append(threading.get_ident())
            return super().handle_request(request)

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return self.handle_request(request)

    for total, is_own in ((math.inf, True), (None, way == "async")):
        gate = Noting()
        gate.shop = shop
        gate.opened.set()
        threads.clear()
        options = {} if total is None else {"total_timeout": total}
        users.call("woocommerce_legacy.create_refund", way, "https://shop.example.net", transport=gate, **options)
        assert ({*threads} == {threading.get_ident()}) is is_own


def test_a_forked_process_does_not_wait_for_the_refunds_of_its_parent() -> None:
    """A process that is forked while an order is refunded can refund that order."""
    queue = OrderQueue()
    with queue.turn("order"):
        queue.clear()  # what os.register_at_fork calls in the child
        with queue.turn("order"):
            assert queue.count("order") == 1
        queue.clear()
    assert queue.count("order") == 0
