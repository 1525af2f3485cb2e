"""Walmart's access token: calls at the same time share one token request."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from credentials import (
    CALLERS,
    CLIENT_OPTIONS,
    ORDER,
    FakeWalmart,
    RawRequest,
    http_server,
    send,
    sync_and_async,
    token_response,
    walmart_token,
)
from processes import WITHIN
from refundkit.apis.walmart import auth as walmart_auth
from refundkit_apis._runtime.errors import NotSent, StatusError


class TokenWaiters:
    """Counts the threads that wait for another thread's token request."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._waiting = threading.Semaphore(0)
        self._acquire_lock = walmart_auth._acquire
        monkeypatch.setattr(walmart_auth, "_acquire", self._acquire)

    def _acquire(self, lock: threading.Lock, seconds: float | None) -> bool:
        if lock.acquire(blocking=False):
            return True
        self._waiting.release()
        return self._acquire_lock(lock, seconds)

    def wait_for(self, count: int) -> None:
        """Return when `count` threads wait."""
        for _ in range(count):
            assert self._waiting.acquire(timeout=WITHIN)


@pytest.fixture
def waiters(monkeypatch: pytest.MonkeyPatch) -> TokenWaiters:
    return TokenWaiters(monkeypatch)


class HeldTokenServer:
    """A server whose token endpoint answers only once `released` is set."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.token_requests: list[RawRequest] = []
        self.tokens: list[str] = []

    def __call__(self, request: RawRequest) -> bytes:
        if request.target == "/v3/token":
            self.token_requests.append(request)
            self.released.wait(WITHIN)
            return token_response("the-only-token").content
        self.tokens.append(request.headers["WM_SEC.ACCESS_TOKEN"])
        return b"{}"


def test_many_threads_share_one_token_request(waiters: TokenWaiters) -> None:
    """Many threads that need a token at the same time send one token request."""
    server = HeldTokenServer()
    with (
        http_server(server) as url,
        httpx.Client(auth=walmart_token(), **CLIENT_OPTIONS) as client,
        ThreadPoolExecutor(CALLERS) as pool,
    ):
        futures = [pool.submit(client.get, f"{url}/v3/orders/1") for _ in range(CALLERS)]
        waiters.wait_for(CALLERS - 1)
        server.released.set()
        assert [future.result().status_code for future in futures] == [200] * CALLERS
    assert len(server.token_requests) == 1
    assert server.tokens == ["the-only-token"] * CALLERS


def test_many_tasks_share_one_token_request() -> None:
    """Many tasks that need a token at the same time send one token request and do not block the event loop."""
    server = HeldTokenServer()

    async def get_all(url: str) -> list[httpx.Response]:
        async with httpx.AsyncClient(auth=walmart_token(), **CLIENT_OPTIONS) as client:
            tasks = [asyncio.create_task(client.get(f"{url}/v3/orders/1")) for _ in range(CALLERS)]
            while not server.token_requests:  # never ends if a task blocks the event loop
                await asyncio.sleep(0)
            server.released.set()
            return await asyncio.gather(*tasks)

    with http_server(server) as url:
        answers = asyncio.run(get_all(url))
    assert [answer.status_code for answer in answers] == [200] * CALLERS
    assert len(server.token_requests) == 1
    assert server.tokens == ["the-only-token"] * CALLERS


def test_threads_and_event_loops_share_one_token_request() -> None:
    """Sync calls and calls of several event loops share one token request."""
    credentials = walmart_token()
    fake = FakeWalmart()
    started = threading.Barrier(9)
    released = threading.Event()

    def hold_token_request(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v3/token":
            released.wait(WITHIN)
        return fake(request)

    def get_order(way: str) -> int:
        started.wait(WITHIN)
        return send(way, hold_token_request, credentials).status_code

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(get_order, way) for way in ("sync", "async") * 4]
        started.wait(WITHIN)
        released.set()
        assert [future.result() for future in futures] == [200] * 8
    assert len(fake.token_requests) == 1


def test_concurrent_401s_fetch_one_token() -> None:
    """Many calls whose token is refused at the same time send one token request."""
    fake = FakeWalmart()
    credentials = walmart_token()
    send("sync", fake, credentials)
    fake.refused.add("token-1")
    refused = threading.Barrier(CALLERS)

    def refuse_all_at_once(request: httpx.Request) -> httpx.Response:
        if request.headers.get("WM_SEC.ACCESS_TOKEN") == "token-1":
            refused.wait(WITHIN)
        return fake(request)

    with ThreadPoolExecutor(CALLERS) as pool:
        futures = [pool.submit(send, "sync", refuse_all_at_once, credentials) for _ in range(CALLERS)]
        assert {future.result().status_code for future in futures} == {200}
    assert len(fake.token_requests) == 2


def test_second_auth_flow_runs_while_the_first_waits() -> None:
    """While an auth flow waits for its response, a second flow runs and shares the token."""
    credentials = walmart_token()
    first_flow, second_flow = (credentials.sync_auth_flow(httpx.Request("GET", ORDER)) for _ in range(2))
    next(first_flow)
    assert first_flow.send(token_response("first")).headers["WM_SEC.ACCESS_TOKEN"] == "first"
    assert next(second_flow).headers["WM_SEC.ACCESS_TOKEN"] == "first"
    assert second_flow.send(httpx.Response(401)).url.path == "/v3/token"
    assert second_flow.send(token_response("second")).headers["WM_SEC.ACCESS_TOKEN"] == "second"
    # The first flow finds the token replaced and does not request a third.
    assert first_flow.send(httpx.Response(401)).headers["WM_SEC.ACCESS_TOKEN"] == "second"
    second_flow.close()
    first_flow.close()


def test_thread_does_not_wait_for_its_own_token_request() -> None:
    """A second auth flow in the same thread sends its own token request instead of waiting for ever."""
    credentials = walmart_token()
    first_flow, second_flow = (credentials.sync_auth_flow(httpx.Request("GET", ORDER)) for _ in range(2))
    assert next(first_flow).url.path == "/v3/token"
    assert next(second_flow).url.path == "/v3/token"
    assert second_flow.send(token_response("inner")).headers["WM_SEC.ACCESS_TOKEN"] == "inner"
    assert first_flow.send(token_response("outer")).headers["WM_SEC.ACCESS_TOKEN"] == "outer"
    second_flow.close()
    first_flow.close()


def test_waiting_threads_continue_when_a_token_request_fails(waiters: TokenWaiters) -> None:
    """When a token request fails, one of the waiting calls sends the next one."""
    credentials = walmart_token()
    fake = FakeWalmart()
    lost = credentials.sync_auth_flow(httpx.Request("GET", ORDER))
    next(lost)
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(send, "sync", fake, credentials) for _ in range(8)]
        waiters.wait_for(8)
        lost.close()
        assert {future.result().status_code for future in futures} == {200}
    assert len(fake.token_requests) == 1


def test_waiting_tasks_continue_when_one_is_cancelled() -> None:
    """When the task that fetches the token is cancelled, the waiting tasks share one new token request."""
    fake = FakeWalmart()
    requested = asyncio.Event()

    async def hold_first_token_request(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v3/token" and not requested.is_set():
            requested.set()
            await asyncio.Event().wait()
        return fake(request)

    async def get_all() -> list[httpx.Response]:
        transport = httpx.MockTransport(hold_first_token_request)
        async with httpx.AsyncClient(transport=transport, auth=walmart_token(), timeout=WITHIN) as client:
            first = asyncio.create_task(client.get(ORDER))
            await requested.wait()
            waiting = [asyncio.create_task(client.get(ORDER)) for _ in range(CALLERS)]
            cancelled = asyncio.create_task(client.get(ORDER))
            await asyncio.sleep(0)
            cancelled.cancel()
            first.cancel()
            outcomes = await asyncio.gather(first, cancelled, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 2
            return await asyncio.gather(*waiting)

    assert {answer.status_code for answer in asyncio.run(get_all())} == {200}
    assert len(fake.token_requests) == 1


@sync_and_async
def test_waiting_for_a_token_times_out(way: str) -> None:
    """A call waits for another call's token at most its read timeout, and then raises NotSent."""
    credentials = walmart_token()
    fake = FakeWalmart()
    with ThreadPoolExecutor(1) as pool:
        stuck = credentials.sync_auth_flow(httpx.Request("GET", ORDER))
        pool.submit(next, stuck).result()
        with pytest.raises(NotSent, match="access token"):
            send(way, fake, credentials, timeout=0.01)
        stuck.close()
    assert (fake.token_requests, fake.order_requests) == ([], [])


def test_waiting_calls_share_a_refusal(waiters: TokenWaiters) -> None:
    """Wrong credentials are tried once for all waiting calls, and each raises its own StatusError."""
    credentials = walmart_token()
    fake = FakeWalmart()

    def get_status_error() -> StatusError:
        with pytest.raises(StatusError) as caught:
            send("sync", fake, credentials)
        return caught.value

    leader = credentials.sync_auth_flow(httpx.Request("GET", ORDER))
    next(leader)
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(get_status_error) for _ in range(8)]
        waiters.wait_for(8)
        with pytest.raises(StatusError):
            leader.send(httpx.Response(400))
        errors = [future.result() for future in futures]
    assert len(set(map(id, errors))) == 8
    assert fake.token_requests == []
