"""Credentials: what goes over the wire, how often a token is fetched, and that no secret shows."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import pickle
import shutil
import subprocess
import threading
import traceback
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qsl, quote
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)
from processes import WITHIN
from refundkit import auth
from refundkit.apis.walmart import auth as walmart_auth
from refundkit.apis.walmart_ca import auth as walmart_ca_auth
from refundkit_apis._runtime.errors import DecodeError, NotSent, RefundError, StatusError

SECRET = "sesame-open-9f27"
ORDER = "https://marketplace.walmartapis.com/v3/orders/2961380412345"
CANADA = "https://marketplace.walmartapis.com/v3/ca/orders/1796277083022"
SHOP = "http://shop.example/wc-api/v3/orders/645/refunds"
CHANNEL = "b5c6a1f0-7a7e-4c39-9a2c-f70d9a1e1a55"
CONSUMER = "8f9ae123-0c5b-4f6d-9d57-0a4f4a4a7d10"
MANY = 50
# Deaf to the proxies of the machine, and without the time that it takes to load certificates for plain http.
QUIET: dict[str, Any] = {"trust_env": False, "verify": False, "timeout": WITHIN}

# A key of no other use, made with OpenSSL 3.0:
#   openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem
#   openssl pkcs8 -topk8 -nocrypt -in key.pem -outform DER | base64
KEY = """
MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDSI3126SP83QZqAH3cvsyc62qpft0Al9Gbml9qa3AEKl2WFKipPaGxh+Kf1q
o1my+WfNCdMIE7e3ocqiv8xJAphz3Ejd0HH5f/bgCoctOrWYMIgv+u/RoGmN28GGsJXXNvVLtrpuK8lFpW3zjQiD1q5RmveGBOI3KMInwSKdV+
O8D279ZicbVDXju2l2mCrvt1OaFo7ELpqWvrwiEwqX3zPeX3ma9LLsyMiQZrV34/M6cpp7vqIfze3gZMqHqLXBq9KNEQ9Scox4Ea6nAlXb8M9e
GCuvQmh1H+j8sdOm7A2Dva06k0pSMQ6Xqzly8r7e4wR18jXUt5Dp+HKw8+b2bVAgMBAAECggEAJ4V8vI9DETTplqiig1CQL4gYLqoZOxoSlkMN
pHhx4BqusMIQaYoZncfKf9jR+NSHufQeER41BACoWflIXhkC6wiQPaYXtpYC0ou4DHZSKIUkf4aRu3HHQgvgkhZ+lQuSIRNsz2Wa+bAmIHYJm7
Cv6mmNr+KCLFf+3GvE7W6YRE31if6tOAJe/ZIyJ2qJZWIra1CW0jWT4BZHIGxsFuolQPcIip9sF5vo8ihjkiCftK6B7KtNr9aem+QRB6wSIgeD
OZycJ6S2Rc5+CaTQ+EKaZikxjhTs6lmZP+i8JSR3/wGOeYfk81pmFloKhXew9CRAtLcPc2vv4K13Tk9DGY69QQKBgQD/X7QgTaDowsOUyyNQ2m
G3zNhj/0v8+VCEFmWTNHCQMZ9hWkL1Mnvb/JeithMQhRrMx4seMxeFc6bmOISPgimWj8+zcm4Qrik0IgqrvmCtJje8NjkUzRT8mfvkley8d0t5
MVSAjNpbHS+0gw5Ci92NFgz8qDdaFGng89utxCD9wQKBgQDSp2SE2TXdBUFVTGGERW1Xe4nLdadaleXj0Mflfu+KkwhKughallAjTlcya/EO2c
AnkyDZ0a6L/aWxiyHMaL/s8PV9N1Ogux99iJ9+WFgyt4bJBPJBpVaSsaix4rE3R8HjpcF3RfnYlqOhnUD0UD4N/m1+u7EdAw+n6lPqZOwWFQKB
gQDpuGFWnzWBUZ9GcpQjz3pXiXcSLfkR0evKt+TG0NukXIYNx1o4preNIqR1GkZgfDGG8al1PjVswegiE9/ep7YAQiZJiZUKVxsGx5EUlexNDA
k+jDG5w+hNN3C+SCieZGACzw8Th9XgRdn/T2KhrPhbw66nHh1qp/wvEYAgjLvVAQKBgQCjIlEc9J3bAVPcO9+VMLMBucE3mHC3HTjAWZJEry3Q
0hbsz+7iQF/lR6kNejxfdNBzlWQua0zSSudDfGz7QO/JDb3/b5ZK9j7n16M0lDQRasFt8W+u2N0Xk5AB2n3FQsPriRUvSji3u8kSwpZn3bCA49
Vl/PKndhRsxHKiJfATFQKBgD8PtD3wrz5QaWfAfYLRkg8DgExciz/SjeN19IJTsE1juGqPL5ePhZ1Vm06fwNDnOLwi2pAQ4EtNqUhf2gUJhMVe
rtW5vZbeE4upX3nf6jjib3pHviI3COZ6wk6iAADxnu61tIBzk2mAsC1Y5ofrx44S+NUN5BN9gv8LTcqDxe8c
"""
# printf '%s\n' CONSUMER "CANADA?productInfo=true" GET 1795000000123 | openssl dgst -sha256 -sign key.pem | base64
KEY_SIGNATURE = (
    "pcGrelpP4zVOZsGG3P2oHL7v+b/x/wHeGTetvnlD/DF6vaQ/BMPjicWQ0WnGQVFbZqxS+eJh/BpkJwkFr7x6GR/yGOKWRlrd8JidSOmztVNzq2"
    "OYlU+0J3ROy+o68AZaeYNHwvdzJ4KuldfyTHM3jajzdJgKwlIS+HQGqKbM1dAlU/RM/9dBCnVxgb9v2Bp/x34CmDzsFIxfrQPie2sHILfHmdzt"
    "JRwFOh37/f+ZdDq8d2XR/cyYy1HgWlB1ReAi5P/FVIJozdg/8cPYNP6WPR5hIvxoq2dx9T4kmbzOrVTUkXCBihN6niuh9QY7BzBwG13ycRZSRY"
    "15SffDESro3Q=="
)

both_ways = pytest.mark.parametrize("way", ["sync", "async"])
Handler = Callable[[httpx.Request], httpx.Response]


class Walmart:
    """The token endpoint and an order: every token is a new one, and refused once it stands in `refused`."""

    def __init__(self, lifetime: int = 900) -> None:
        self.lifetime = lifetime
        self.refused: set[str] = set()
        self.questions: list[httpx.Request] = []
        self.calls: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v3/token":
            self.questions.append(request)
            return token(f"token-{len(self.questions)}", self.lifetime)
        self.calls.append(request)
        refused = request.headers["WM_SEC.ACCESS_TOKEN"] in self.refused
        return httpx.Response(401 if refused else 200, json={})


def token(text: str, lifetime: float = 900) -> httpx.Response:
    return httpx.Response(200, json={"access_token": text, "token_type": "Bearer", "expires_in": lifetime})


def walmart(**options: Any) -> auth.WalmartToken:
    return auth.WalmartToken("an-id", SECRET, **options)


def call(way: str, handler: Handler, credentials: httpx.Auth, url: str = ORDER, **options: Any) -> httpx.Response:
    """One call, by a client of its own."""
    method = options.pop("method", "GET")
    follow = options.pop("follow_redirects", False)
    given: dict[str, Any] = {"auth": credentials, "follow_redirects": follow, "timeout": WITHIN}
    transport = httpx.MockTransport(handler)
    if way == "sync":
        with httpx.Client(transport=transport, **given) as client:
            return client.request(method, url, **options)

    async def later() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, **given) as client:
            return await client.request(method, url, **options)

    return asyncio.run(later())


class Sent(NamedTuple):
    """A request as the bytes of a socket had it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@contextmanager
def serving(answer: Callable[[Sent], bytes]) -> Iterator[str]:
    """A server on a free port of this machine; its URL."""

    class Answering(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            said = answer(Sent(self.command, self.path, dict(self.headers), body))
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = handle_any  # noqa: N815 - the names of http.server

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    class Listener(ThreadingHTTPServer):
        request_queue_size = 2 * MANY

    with Listener(("127.0.0.1", 0), Answering) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.server_port}"
        finally:
            listener.shutdown()
            thread.join()


class Waiting:
    """How many threads wait for the token request of another one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._begun = threading.Semaphore(0)
        self._acquire_lock = walmart_auth._acquire
        monkeypatch.setattr(walmart_auth, "_acquire", self._acquire)

    def _acquire(self, lock: threading.Lock, seconds: float | None) -> bool:
        if lock.acquire(blocking=False):
            return True
        self._begun.release()
        return self._acquire_lock(lock, seconds)

    def until(self, count: int) -> None:
        """Returns when so many of them wait."""
        for _ in range(count):
            assert self._begun.acquire(timeout=WITHIN)


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    return Waiting(monkeypatch)


class Crowd:
    """A server whose token endpoint answers only when all have asked for something."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.questions: list[Sent] = []
        self.tokens: list[str] = []

    def __call__(self, sent: Sent) -> bytes:
        if sent.target == "/v3/token":
            self.questions.append(sent)
            self.asked.wait(WITHIN)
            return token("the-only-token").content
        self.tokens.append(sent.headers["WM_SEC.ACCESS_TOKEN"])
        return b"{}"


def test_many_threads_share_one_token_request(waiting: Waiting) -> None:
    """However many threads ask at the same time, the token endpoint sees one request."""
    crowd = Crowd()
    with serving(crowd) as url, httpx.Client(auth=walmart(), **QUIET) as client, ThreadPoolExecutor(MANY) as pool:
        asking = [pool.submit(client.get, f"{url}/v3/orders/1") for _ in range(MANY)]
        waiting.until(MANY - 1)
        crowd.asked.set()
        assert [one.result().status_code for one in asking] == [200] * MANY
    assert len(crowd.questions) == 1
    assert crowd.tokens == ["the-only-token"] * MANY


def test_many_tasks_share_one_token_request() -> None:
    """However many tasks ask at the same time, the token endpoint sees one request and the event loop goes on."""
    crowd = Crowd()

    async def ask_all(url: str) -> list[httpx.Response]:
        async with httpx.AsyncClient(auth=walmart(), **QUIET) as client:
            asking = [asyncio.create_task(client.get(f"{url}/v3/orders/1")) for _ in range(MANY)]
            while not crowd.questions:  # an event loop that somebody blocks never gets here
                await asyncio.sleep(0)
            crowd.asked.set()
            return await asyncio.gather(*asking)

    with serving(crowd) as url:
        answers = asyncio.run(ask_all(url))
    assert [answer.status_code for answer in answers] == [200] * MANY
    assert len(crowd.questions) == 1
    assert crowd.tokens == ["the-only-token"] * MANY


def test_threads_and_event_loops_share_one_token_request() -> None:
    """Sync calls and calls of several event loops share a token request, whichever of them makes it."""
    credentials = walmart()
    fake = Walmart()
    started = threading.Barrier(9)
    asked = threading.Event()

    def hold(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v3/token":
            asked.wait(WITHIN)
        return fake(request)

    def ask(way: str) -> int:
        started.wait(WITHIN)
        return call(way, hold, credentials).status_code

    with ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(ask, way) for way in ("sync", "async") * 4]
        started.wait(WITHIN)
        asked.set()
        assert [one.result() for one in asking] == [200] * 8
    assert len(fake.questions) == 1


@both_ways
def test_a_token_request_is_as_documented(way: str) -> None:
    """The token is asked of the request's own host, with Basic, the grant and the documented headers."""
    fake = Walmart()
    call(way, fake, walmart(service="Our shop"), "https://sandbox.walmartapis.com:8443/v3/orders/1?a=b", timeout=7)
    (question,) = fake.questions
    assert (question.method, str(question.url)) == ("POST", "https://sandbox.walmartapis.com:8443/v3/token")
    assert question.headers["Authorization"] == "Basic " + b64encode(f"an-id:{SECRET}".encode()).decode()
    assert question.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert question.headers["Accept"] == "application/json"
    assert question.headers["WM_SVC.NAME"] == "Our shop"
    assert UUID(question.headers["WM_QOS.CORRELATION_ID"])
    assert question.content == b"grant_type=client_credentials"
    assert question.extensions["timeout"] == {"connect": 7, "read": 7, "write": 7, "pool": 7}


@both_ways
def test_a_request_carries_token_and_market(way: str) -> None:
    """Every request carries the bare token, the market, the version, the service and a correlation id of its own."""
    fake = Walmart()
    credentials = walmart(market="ca")
    call(way, fake, credentials)
    call(way, fake, credentials)
    first, second = (one.headers for one in fake.calls)
    assert first["WM_SEC.ACCESS_TOKEN"] == second["WM_SEC.ACCESS_TOKEN"] == "token-1"
    assert (first["WM_MARKET"], first["WM_GLOBAL_VERSION"], first["WM_SVC.NAME"]) == ("ca", "3.1", "refundkit")
    assert UUID(first["WM_QOS.CORRELATION_ID"]) != UUID(second["WM_QOS.CORRELATION_ID"])
    assert "Authorization" not in first
    assert "WM_CONSUMER.CHANNEL.TYPE" not in first


def test_a_correlation_id_of_the_caller_is_kept() -> None:
    """A request that has a correlation id keeps it; the token request has another."""
    fake = Walmart()
    call("sync", fake, walmart(), headers={"WM_QOS.CORRELATION_ID": CONSUMER})
    assert fake.calls[0].headers["WM_QOS.CORRELATION_ID"] == CONSUMER
    assert fake.questions[0].headers["WM_QOS.CORRELATION_ID"] != CONSUMER


def test_the_older_canadian_api_is_told_the_channel_and_no_market() -> None:
    """A path under /v3/ca/ gets the channel type, and neither the market nor the global version."""
    fake = Walmart()
    call("sync", fake, walmart(market="ca", channel=CHANNEL), CANADA)
    headers = fake.calls[0].headers
    assert headers["WM_CONSUMER.CHANNEL.TYPE"] == CHANNEL
    assert headers["WM_SEC.ACCESS_TOKEN"] == "token-1"
    assert "WM_MARKET" not in headers
    assert "WM_GLOBAL_VERSION" not in headers


@both_ways
@pytest.mark.parametrize(("lifetime", "kept"), [(900, 839), (100, 89)])
def test_a_token_is_replaced_shortly_before_it_expires(
    way: str, lifetime: int, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token is used until a minute, or a tenth of a short life, before it expires."""
    now = 1000.0
    monkeypatch.setattr(walmart_auth, "monotonic", lambda: now)
    fake = Walmart(lifetime)
    credentials = walmart()
    call(way, fake, credentials)
    now += kept
    call(way, fake, credentials)
    assert len(fake.questions) == 1
    now += 2
    call(way, fake, credentials)
    assert [one.headers["WM_SEC.ACCESS_TOKEN"] for one in fake.calls] == ["token-1", "token-1", "token-2"]


@both_ways
def test_a_refused_token_is_replaced_once(way: str) -> None:
    """After a 401 the same request goes out again with a new token: same body, same correlation id."""
    fake = Walmart()
    fake.refused.add("token-1")
    answer = call(way, fake, walmart(), ORDER + "/refund", method="POST", json={"orderRefund": {}})
    first, second = fake.calls
    assert answer.status_code == 200
    assert (first.content, second.content) == (b'{"orderRefund":{}}',) * 2
    assert second.headers["WM_SEC.ACCESS_TOKEN"] == "token-2"
    assert first.headers["WM_QOS.CORRELATION_ID"] == second.headers["WM_QOS.CORRELATION_ID"]


@both_ways
def test_a_second_401_is_the_answer(way: str) -> None:
    """A server that refuses the new token as well is not asked a third time."""
    fake = Walmart()
    fake.refused |= {"token-1", "token-2"}
    assert call(way, fake, walmart()).status_code == 401
    assert (len(fake.questions), len(fake.calls)) == (2, 2)


def test_a_body_that_is_read_once_can_be_sent_again() -> None:
    """A body that comes out of an iterator is the same at the second attempt."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    async def later() -> list[bytes]:
        flow = walmart().async_auth_flow(httpx.Request("POST", ORDER, content=parts()))
        await anext(flow)
        first = b"".join([part async for part in cast(AsyncIterator[bytes], (await flow.asend(token("1"))).stream)])
        await flow.asend(httpx.Response(401))
        second = b"".join([part async for part in cast(AsyncIterator[bytes], (await flow.asend(token("2"))).stream)])
        await flow.aclose()
        return [first, second]

    flow = walmart().sync_auth_flow(httpx.Request("POST", ORDER, content=iter([b"a", b"b"])))
    next(flow)
    first = b"".join(cast(Iterator[bytes], flow.send(token("1")).stream))
    flow.send(httpx.Response(401))
    second = b"".join(cast(Iterator[bytes], flow.send(token("2")).stream))
    flow.close()
    assert [first, second, *asyncio.run(later())] == [b"ab"] * 4


def test_concurrent_401s_fetch_one_token() -> None:
    """Many calls whose token is refused at the same time share the request for the next one."""
    fake = Walmart()
    credentials = walmart()
    call("sync", fake, credentials)
    fake.refused.add("token-1")
    refused = threading.Barrier(MANY)

    def refuse_together(request: httpx.Request) -> httpx.Response:
        if request.headers.get("WM_SEC.ACCESS_TOKEN") == "token-1":
            refused.wait(WITHIN)
        return fake(request)

    with ThreadPoolExecutor(MANY) as pool:
        asking = [pool.submit(call, "sync", refuse_together, credentials) for _ in range(MANY)]
        assert {one.result().status_code for one in asking} == {200}
    assert len(fake.questions) == 2


def test_a_flow_runs_inside_another() -> None:
    """A flow that waits for the answer to its own request holds nothing: a second one runs, with the same token."""
    credentials = walmart()
    outer, inner = (credentials.sync_auth_flow(httpx.Request("GET", ORDER)) for _ in range(2))
    next(outer)
    assert outer.send(token("first")).headers["WM_SEC.ACCESS_TOKEN"] == "first"
    assert next(inner).headers["WM_SEC.ACCESS_TOKEN"] == "first"
    assert inner.send(httpx.Response(401)).url.path == "/v3/token"
    assert inner.send(token("second")).headers["WM_SEC.ACCESS_TOKEN"] == "second"
    # The outer one finds the token replaced and does not ask for a third.
    assert outer.send(httpx.Response(401)).headers["WM_SEC.ACCESS_TOKEN"] == "second"
    inner.close()
    outer.close()


def test_a_thread_does_not_wait_for_its_own_token_request() -> None:
    """A sync flow inside another one's token request, in one thread, asks for itself instead of waiting for ever."""
    credentials = walmart()
    outer, inner = (credentials.sync_auth_flow(httpx.Request("GET", ORDER)) for _ in range(2))
    assert next(outer).url.path == "/v3/token"
    assert next(inner).url.path == "/v3/token"
    assert inner.send(token("inner")).headers["WM_SEC.ACCESS_TOKEN"] == "inner"
    assert outer.send(token("outer")).headers["WM_SEC.ACCESS_TOKEN"] == "outer"
    inner.close()
    outer.close()


def test_threads_that_wait_go_on_when_a_token_request_is_lost(waiting: Waiting) -> None:
    """When a token request fails on its way, one of the calls that wait for it makes the next."""
    credentials = walmart()
    fake = Walmart()
    lost = credentials.sync_auth_flow(httpx.Request("GET", ORDER))
    next(lost)
    with ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(call, "sync", fake, credentials) for _ in range(8)]
        waiting.until(8)
        lost.close()
        assert {one.result().status_code for one in asking} == {200}
    assert len(fake.questions) == 1


def test_tasks_that_wait_go_on_when_one_is_cancelled() -> None:
    """When the task that fetches the token is cancelled, the others are not, and share one more token request."""
    fake = Walmart()
    asked = asyncio.Event()

    async def hold_the_first(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v3/token" and not asked.is_set():
            asked.set()
            await asyncio.Event().wait()
        return fake(request)

    async def ask_all() -> list[httpx.Response]:
        transport = httpx.MockTransport(hold_the_first)
        async with httpx.AsyncClient(transport=transport, auth=walmart(), timeout=WITHIN) as client:
            first = asyncio.create_task(client.get(ORDER))
            await asked.wait()
            others = [asyncio.create_task(client.get(ORDER)) for _ in range(MANY)]
            cancelled = asyncio.create_task(client.get(ORDER))
            await asyncio.sleep(0)
            cancelled.cancel()
            first.cancel()
            gone = await asyncio.gather(first, cancelled, return_exceptions=True)
            assert [type(one) for one in gone] == [asyncio.CancelledError] * 2
            return await asyncio.gather(*others)

    assert {answer.status_code for answer in asyncio.run(ask_all())} == {200}
    assert len(fake.questions) == 1


@both_ways
def test_waiting_for_a_token_has_an_end(way: str) -> None:
    """A call waits for another's token request no longer than its read timeout, and then says that nothing was sent."""
    credentials = walmart()
    fake = Walmart()
    with ThreadPoolExecutor(1) as pool:
        stuck = credentials.sync_auth_flow(httpx.Request("GET", ORDER))
        pool.submit(next, stuck).result()
        with pytest.raises(NotSent, match="access token"):
            call(way, fake, credentials, timeout=0.01)
        stuck.close()
    assert (fake.questions, fake.calls) == ([], [])


def test_a_token_goes_to_its_own_host_only() -> None:
    """Another host is asked for a token of its own, and never gets that of the first."""
    fake = Walmart()
    credentials = walmart()
    for url in (ORDER, "https://sandbox.walmartapis.com/v3/orders/1", ORDER):
        call("sync", fake, credentials, url)
    assert [one.headers["WM_SEC.ACCESS_TOKEN"] for one in fake.calls] == ["token-1", "token-2", "token-1"]
    assert [one.url.host for one in fake.questions] == ["marketplace.walmartapis.com", "sandbox.walmartapis.com"]


@both_ways
def test_a_refusal_of_the_credentials_is_a_status_error(way: str) -> None:
    """It has the status and the server's words, without credentials that the server repeats, and nothing was sent."""
    basic = b64encode(f"an-id:{SECRET}".encode()).decode()
    sent = []

    def refuse(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.path)
        description = f"not {SECRET}, not {basic}"
        body = {"error": [{"code": "UNAUTHORIZED.GMP_GATEWAY_API", "description": description, "info": basic}]}
        return httpx.Response(429, json=body, headers={"Retry-After": "3", "X-Echo": SECRET})

    with pytest.raises(StatusError) as caught:
        call(way, refuse, walmart())
    error = caught.value
    assert sent == ["/v3/token"]
    assert (error.status, error.code, error.reason) == (429, "UNAUTHORIZED.GMP_GATEWAY_API", "not ***, not ***")
    assert error.response.headers["Retry-After"] == "3"
    assert UUID(error.request_id)
    shown = "".join(traceback.format_exception(error)) + repr(vars(error.response)) + error.response.text
    shown += repr(error.response.request.headers.raw) + repr(pickle.dumps(error))
    assert SECRET not in shown
    assert basic not in shown


def test_calls_that_wait_share_a_refusal(waiting: Waiting) -> None:
    """Wrong credentials are tried once for all calls that wait, and each gets an error of its own."""
    credentials = walmart()
    fake = Walmart()

    def refused() -> StatusError:
        with pytest.raises(StatusError) as caught:
            call("sync", fake, credentials)
        return caught.value

    leader = credentials.sync_auth_flow(httpx.Request("GET", ORDER))
    next(leader)
    with ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(refused) for _ in range(8)]
        waiting.until(8)
        with pytest.raises(StatusError):
            leader.send(httpx.Response(400))
        errors = [one.result() for one in asking]
    assert len(set(map(id, errors))) == 8
    assert fake.questions == []


@both_ways
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>a-token</html>",
        b"[]",
        b'{"access_token":"a-token"}',
        b'{"access_token":"a-token","expires_in":"soon"}',
        b'{"access_token":"a-token","expires_in":0}',
        b'{"access_token":"a-token","expires_in":1%s}' % (b"0" * 400),
        b'{"access_token":"","expires_in":900}',
        b'{"access_token":"a-token\\r\\nX: y","expires_in":900}',
        '{"access_token":"a-token-é","expires_in":900}'.encode(),
        b'{"access_token":"a-token\xff","expires_in":900}',
        b"[" * 100_000,
    ],
)
def test_an_answer_without_a_token_is_a_decode_error(way: str, body: bytes) -> None:
    """An answer that holds no usable token is said to, without its words, and the next call asks again."""
    fake = Walmart()
    credentials = walmart()
    with pytest.raises(DecodeError) as caught:
        call(way, lambda _: httpx.Response(200, content=body), credentials)
    shown = "".join(traceback.format_exception(caught.value)) + caught.value.response.text
    assert "a-token" not in shown
    assert call(way, fake, credentials).status_code == 200


@both_ways
def test_an_answer_to_a_redirected_token_request_is_not_used(way: str) -> None:
    """A client that follows redirects does not take a token from where the token endpoint points to."""
    asked = []

    def redirect(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if request.url.host == "elsewhere.example":
            return token("a-token")
        return httpx.Response(307, headers={"Location": "https://elsewhere.example/v3/token"})

    with pytest.raises(DecodeError, match="redirected"):
        call(way, redirect, walmart(), follow_redirects=True)
    assert "Authorization" not in asked[-1].headers
    with pytest.raises(StatusError, match="307"):
        call(way, redirect, walmart())


@both_ways
def test_a_401_after_a_redirect_repeats_nothing(way: str) -> None:
    """Where a request was redirected, its first address may have acted: a 401 is then the answer."""
    fake = Walmart()

    def redirect(request: httpx.Request) -> httpx.Response:
        answer = fake(request)
        if request.method == "POST" and request.url.path != "/v3/token":
            return httpx.Response(303, headers={"Location": "/login"})
        return answer if request.url.path == "/v3/token" else httpx.Response(401)

    assert call(way, redirect, walmart(), method="POST", follow_redirects=True).status_code == 401
    assert [one.method for one in fake.calls] == ["POST", "GET"]


@both_ways
def test_the_history_of_an_answer_has_no_token_request(way: str) -> None:
    """What httpx keeps of a call does not hold the token request, whose answer is a credential."""
    fake = Walmart()
    fake.refused.add("token-1")
    answer = call(way, fake, walmart())
    assert [past.status_code for past in answer.history] == [401]
    assert answer.history[0].history == []


@pytest.mark.parametrize(
    ("credentials", "name", "value"),
    [
        (auth.TaxCloudToken("a-token"), "Authorization", "Bearer a-token"),
        (auth.TaxCloudKey("a-key"), "X-API-KEY", "a-key"),
        (auth.WooCommerceBasic("ck", "cs"), "Authorization", "Basic Y2s6Y3M="),
    ],
)
@both_ways
def test_a_plain_credential_is_one_header(way: str, credentials: httpx.Auth, name: str, value: str) -> None:
    """TaxCloud takes a bearer token or an API key, a WooCommerce shop on HTTPS takes Basic."""
    answer = call(way, lambda request: httpx.Response(200, json=dict(request.headers)), credentials)
    assert answer.json()[name.lower()] == value


def test_a_redirect_to_another_origin_gets_no_authorization() -> None:
    """httpx drops Authorization on the way to another origin, and runs no auth there: nothing adds it again."""

    def redirect(request: httpx.Request) -> httpx.Response:
        if request.url.host == "elsewhere.example":
            return httpx.Response(200, json=dict(request.headers))
        return httpx.Response(307, headers={"Location": "https://elsewhere.example/"})

    for credentials in (auth.TaxCloudToken("a-token"), auth.WooCommerceBasic("ck", "cs")):
        assert "authorization" not in call("sync", redirect, credentials, follow_redirects=True).json()


def unsigned() -> list[httpx.Auth]:
    """One of each that needs HTTPS."""
    return [
        walmart(),
        auth.WalmartSignature(CONSUMER, KEY, CHANNEL),
        auth.WooCommerceBasic("ck", SECRET),
        auth.TaxCloudToken(SECRET),
        auth.TaxCloudKey(SECRET),
    ]


@both_ways
@pytest.mark.parametrize("credentials", unsigned(), ids=lambda one: type(one).__name__)
@pytest.mark.parametrize(
    "host",
    [
        "shop.example",
        "127.0.0.1.example.com",
        "localhost.example.com",
        "128.0.0.1",
        "[::2]",
        "10.0.0.1",
        "127.1",
        # A resolver may look these up elsewhere.
        "shop.localhost",
        "localhost.",
    ],
)
def test_plain_http_is_refused_before_anything_leaves(way: str, credentials: httpx.Auth, host: str) -> None:
    """Over plain HTTP no credential leaves for another machine, nor for a name that only looks like this one."""
    sent: list[httpx.Request] = []

    def remember(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return token("a-token")

    with pytest.raises(NotSent, match="https://") as caught:
        call(way, remember, credentials, f"http://user:{SECRET}@{host}/v3/orders/1")
    assert sent == []
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("credentials", unsigned(), ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.9.9.9:1", "[::1]:8080"])
def test_plain_http_to_this_machine_is_fine(credentials: httpx.Auth, host: str) -> None:
    """A test server on this machine needs no certificate."""
    assert call("sync", lambda _: token("a-token"), credentials, f"http://{host}/v3/orders/1").status_code == 200


def signature_of(request: httpx.Request) -> tuple[bytes, bytes]:
    """The text that a request's signature must be of, and the signature."""
    headers = request.headers
    lines = (headers["WM_CONSUMER.ID"], str(request.url), request.method, headers["WM_SEC.TIMESTAMP"], "")
    return "\n".join(lines).encode(), b64decode(headers["WM_SEC.AUTH_SIGNATURE"], validate=True)


def pem() -> bytes:
    return load_der_private_key(b64decode(KEY), None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@both_ways
@pytest.mark.parametrize("key", [KEY, "".join(KEY.split()), pem().decode()], ids=["lines", "line", "pem"])
def test_a_signature_is_the_one_of_openssl(way: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The signature of a known request at a known time is what the openssl command line makes of it."""
    monkeypatch.setattr(walmart_ca_auth, "time_ns", lambda: 1_795_000_000_123_456_789)
    requests: list[httpx.Request] = []

    def remember(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200)

    call(way, remember, auth.WalmartSignature(CONSUMER, key, CHANNEL), CANADA + "?productInfo=true")
    headers = requests[0].headers
    assert headers["WM_SEC.AUTH_SIGNATURE"] == KEY_SIGNATURE
    assert headers["WM_SEC.TIMESTAMP"] == "1795000000123"
    assert headers["WM_CONSUMER.ID"] == CONSUMER
    assert headers["WM_CONSUMER.CHANNEL.TYPE"] == CHANNEL
    assert headers["WM_SVC.NAME"] == "refundkit"
    assert UUID(headers["WM_QOS.CORRELATION_ID"])


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
def test_openssl_verifies_a_signature(tmp_path: Path) -> None:
    """The openssl command line takes the signature of a request made now."""
    request = httpx.Request("post", CANADA + "/refund")
    next(auth.WalmartSignature(CONSUMER, KEY, CHANNEL).sync_auth_flow(request))
    text, signature = signature_of(request)
    public = load_der_private_key(b64decode(KEY), None).public_key()
    (tmp_path / "public.pem").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "signature").write_bytes(signature)
    command = ["openssl", "dgst", "-sha256", "-verify", "public.pem", "-signature", "signature"]
    done = subprocess.run(command, cwd=tmp_path, input=text, capture_output=True, check=False)
    assert done.stdout.strip() == b"Verified OK"


def test_every_pass_is_signed_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that passes again has a new timestamp and a signature of it, and its old correlation id."""
    credentials = auth.WalmartSignature(CONSUMER, KEY, CHANNEL)
    request = httpx.Request("GET", CANADA)
    seen = []
    for millisecond in (1, 2):
        monkeypatch.setattr(walmart_ca_auth, "time_ns", lambda now=millisecond: now * 1_000_000)
        next(credentials.sync_auth_flow(request))
        seen.append(dict(request.headers))
    assert [one["wm_sec.timestamp"] for one in seen] == ["1", "2"]
    assert len({one["wm_sec.auth_signature"] for one in seen}) == 2
    assert len({one["wm_qos.correlation_id"] for one in seen}) == 1


@cache
def bad_keys() -> dict[str, str]:
    """Keys that cannot sign, by what is wrong with them; made on first use, since every run makes others."""
    curve = ec.generate_private_key(ec.SECP256R1())
    locked = rsa.generate_private_key(65537, 2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(SECRET.encode())
    )
    return {
        "empty": "",
        "words": SECRET,
        "accents": "é",
        "half": KEY[:200],
        "pem": f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----",
        "curve": curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "locked": locked.decode(),
    }


@pytest.mark.parametrize("name", ["empty", "words", "accents", "half", "pem", "curve", "locked"])
def test_a_key_that_cannot_sign_is_refused_at_once(name: str) -> None:
    """No RSA key, half a key, or one with a passphrase: ValueError says what is needed and shows nothing of it."""
    key = bad_keys()[name]
    with pytest.raises(ValueError, match="PKCS#8") as caught:
        auth.WalmartSignature(CONSUMER, key, CHANNEL)
    shown = "".join(traceback.format_exception(caught.value))
    assert SECRET not in shown
    assert not key or key[:60] not in shown


def oauth_signature(method: str, url: str, secret: str) -> str:
    """RFC 5849, section 3.4, for a URL as it went over the wire, without the library that signs."""

    def encode(text: str) -> str:
        return quote(text, safe="-._~")

    base, _, query = url.partition("?")
    pairs = [(encode(name), encode(value)) for name, value in parse_qsl(query, keep_blank_values=True)]
    normal = "&".join(f"{name}={value}" for name, value in sorted(pairs) if name != "oauth_signature")
    text = "&".join(encode(part) for part in (method, base, normal))
    return b64encode(hmac.digest(f"{secret}&".encode(), text.encode(), hashlib.sha256)).decode()


@both_ways
def test_an_oauth_signature_is_the_one_of_openssl(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The signature of a known request, nonce and time is what the openssl command line makes of it."""
    monkeypatch.setattr("oauthlib.oauth1.rfc5849.generate_nonce", lambda: "a-nonce")
    monkeypatch.setattr("oauthlib.oauth1.rfc5849.generate_timestamp", lambda: "1795000000")
    urls = []

    def remember(request: httpx.Request) -> httpx.Response:
        urls.append(request.url)
        return httpx.Response(200)

    call(way, remember, auth.WooCommerceOAuth("ck_own", "cs_own"), SHOP + "?filter[limit]=5&fields=id,amount")
    # printf %s 'GET&http%3A%2F%2Fshop.example%2Fwc-api%2Fv3%2Forders%2F645%2Frefunds&fields%3Did%252Camount%26
    #   filter%255Blimit%255D%3D5%26oauth_consumer_key%3Dck_own%26oauth_nonce%3Da-nonce%26oauth_signature_method%3D
    #   HMAC-SHA256%26oauth_timestamp%3D1795000000%26oauth_version%3D1.0' (in one line)
    #   | openssl dgst -sha256 -hmac 'cs_own&' -binary | base64
    assert urls[0].params["oauth_signature"] == "kgY/vnyOPZK6nW1z358fAcXOnQza2TQjvHO4qcsRSq4="
    assert oauth_signature("GET", str(urls[0]), "cs_own") == urls[0].params["oauth_signature"]


QUERIES = [
    "",
    "?",
    "?api_refund=0",
    "?filter[limit]=5&filter%5Border%5D=asc&fields=id,amount",
    "?q=a+b%20c&q=%2B&q=a~b-c._!*'()$;:@/?",
    "?empty=&bare&z=1&a=2&a=10",
    "?name=caf%C3%A9&caf\u00e9=%e2%82%ac&case=%2f",
    "?percent=%25&double=%2525",
    "?api_refund=0#fragment",
]


@pytest.mark.parametrize("query", QUERIES)
def test_what_is_signed_is_what_goes_over_the_wire(query: str) -> None:
    """The signature holds for the bytes that the server got, and the caller's parameters are all there, in order."""
    seen: list[Sent] = []

    def remember(sent: Sent) -> bytes:
        seen.append(sent)
        return b"{}"

    with serving(remember) as url, httpx.Client(**QUIET) as client:
        client.post(
            f"{url}/wc-api/v3/orders/1/refunds{query}",
            json={"order_refund": {"amount": "1.00"}},
            auth=auth.WooCommerceOAuth("ck_own", SECRET),
        )
    (sent,) = seen
    given = dict(parse_qsl(sent.target.partition("?")[2], keep_blank_values=True))
    assert oauth_signature("POST", url + sent.target, SECRET) == given["oauth_signature"]
    assert given["oauth_signature_method"] == "HMAC-SHA256"
    assert given["oauth_consumer_key"] == "ck_own"
    assert "oauth_body_hash" not in given
    assert sent.body == b'{"order_refund":{"amount":"1.00"}}'
    asked = parse_qsl(httpx.URL(url + query).query.decode(), keep_blank_values=True)
    arrived = parse_qsl(sent.target.partition("?")[2], keep_blank_values=True)
    assert sorted(pair for pair in arrived if not pair[0].startswith("oauth_")) == sorted(asked)


def test_every_pass_has_its_own_nonce() -> None:
    """A request that passes again is signed again, with a new nonce, and without the earlier signature."""
    credentials = auth.WooCommerceOAuth("ck_own", SECRET)
    request = httpx.Request("GET", SHOP + "?api_refund=0")
    nonces = set()
    for _ in range(MANY):
        next(credentials.sync_auth_flow(request))
        names = [name for name, _ in request.url.params.multi_items()]
        assert len(names) == len(set(names)) == 7
        assert oauth_signature("GET", str(request.url), SECRET) == request.url.params["oauth_signature"]
        nonces.add(request.url.params["oauth_nonce"])
    assert len(nonces) == MANY


def test_a_query_that_is_not_utf8_is_not_signed() -> None:
    """Bytes that are no UTF-8 are refused, not replaced by others in silence."""
    with pytest.raises(NotSent, match="UTF-8"):
        call("sync", lambda _: httpx.Response(200), auth.WooCommerceOAuth("ck", "cs"), SHOP + "?q=%ff")


def test_a_shop_gets_what_its_scheme_takes() -> None:
    """A shop on HTTPS takes Basic, one on plain HTTP takes OAuth, and another URL is refused without its words."""
    assert type(auth.woocommerce_legacy("https://shop.example", "ck", "cs")) is auth.WooCommerceBasic
    assert type(auth.woocommerce_legacy("HTTP://shop.example", "ck", "cs")) is auth.WooCommerceOAuth
    with pytest.raises(ValueError, match="https://") as caught:
        auth.woocommerce_legacy(f"ftp://user:{SECRET}@shop.example", "ck", "cs")
    assert SECRET not in str(caught.value)


def makers() -> dict[str, Callable[[str], httpx.Auth]]:
    """Every argument that goes into a header or a signature, by name."""
    return {
        "client_id": lambda text: auth.WalmartToken(text, "secret"),
        "client_secret": lambda text: auth.WalmartToken("id", text),
        "service": lambda text: walmart(service=text),
        "consumer_id": lambda text: auth.WalmartSignature(text, KEY, CHANNEL),
        "channel_type": lambda text: auth.WalmartSignature(CONSUMER, KEY, text),
        "basic_key": lambda text: auth.WooCommerceBasic(text, "cs"),
        "basic_secret": lambda text: auth.WooCommerceBasic("ck", text),
        "oauth_key": lambda text: auth.WooCommerceOAuth(text, "cs"),
        "oauth_secret": lambda text: auth.WooCommerceOAuth("ck", text),
        "token": auth.TaxCloudToken,
        "api_key": auth.TaxCloudKey,
    }


@pytest.mark.parametrize("make", makers().values(), ids=makers())
@pytest.mark.parametrize(
    "text", [None, "", " ", f"{SECRET}\n", f"{SECRET}\r\nX: y", f"é{SECRET}", f" {SECRET}", "\0" + SECRET]
)
def test_what_no_header_can_carry_is_refused_at_once(make: Callable[[str], httpx.Auth], text: str) -> None:
    """No value, a line break, an accent or space around it is a ValueError that does not show the value."""
    with pytest.raises(ValueError, match="must be printable ASCII") as caught:
        make(text)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("name", ["client_id", "basic_key"])
def test_a_name_with_a_colon_is_refused(name: str) -> None:
    """Basic cannot say a name that has a colon."""
    with pytest.raises(ValueError, match="colon") as caught:
        makers()[name](f"{SECRET}:")
    assert SECRET not in str(caught.value)


def test_an_unknown_market_is_refused() -> None:
    """The markets are us and ca."""
    with pytest.raises(ValueError, match="market"):
        walmart(market="mx")


def shown(value: object) -> str:
    """What a debugger, a log or an error page may show of an object: its repr, and those of all that hangs on it."""
    texts = [repr(value), str(value), f"{value}", repr(getattr(value, "__dict__", ""))]
    return "".join(texts + [shown(held) for held in vars(value).values()] if hasattr(value, "__dict__") else texts)


@pytest.mark.parametrize(
    "credentials", [*unsigned(), auth.WooCommerceOAuth("ck", SECRET)], ids=lambda one: type(one).__name__
)
def test_no_secret_shows(credentials: httpx.Auth, caplog: pytest.LogCaptureFixture) -> None:
    """Neither repr, nor vars, nor any log at DEBUG shows a secret or a token, before and after a call."""
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "refundkit", "oauthlib", "asyncio", "concurrent.futures"):
        caplog.set_level(logging.DEBUG, name)
    hidden = (SECRET, "the-only-token", "".join(KEY.split())[:40], b64encode(f"an-id:{SECRET}".encode()).decode())
    crowd = Crowd()
    crowd.asked.set()
    before = shown(credentials)
    with serving(lambda sent: token("the-only-token").content) as url:
        with httpx.Client(auth=credentials, **QUIET) as client:
            client.get(f"{url}/v3/orders/1")

        async def later() -> None:
            async with httpx.AsyncClient(auth=credentials, **QUIET) as client:
                await client.get(f"{url}/v3/orders/1")

        asyncio.run(later())
    assert "HTTP Request: GET" in caplog.text
    assert "send_request_headers" in caplog.text
    for secret in hidden:
        assert secret not in before + shown(credentials) + caplog.text


@pytest.mark.parametrize(
    "credentials", [*unsigned(), auth.WooCommerceOAuth("ck", SECRET)], ids=lambda one: type(one).__name__
)
def test_credentials_are_not_pickled(credentials: httpx.Auth) -> None:
    """A pickle of credentials is refused, so that none ends up in a cache or a queue."""
    with pytest.raises(TypeError):
        pickle.dumps(credentials)


def test_a_refusal_is_a_refund_error() -> None:
    """Whatever stops a call here has the one root of the clients' errors."""
    with pytest.raises(RefundError):
        call("sync", lambda _: httpx.Response(500), walmart())
