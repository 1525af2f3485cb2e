"""Walmart's access token: how it is requested, sent, replaced and refused."""

from __future__ import annotations

import asyncio
import pickle
import traceback
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from typing import cast
from uuid import UUID

import httpx
import pytest
from credentials import (
    CANADA,
    CHANNEL,
    CONSUMER,
    ORDER,
    SECRET,
    FakeWalmart,
    send,
    sync_and_async,
    token_response,
    walmart_token,
)
from refundkit.apis.walmart import auth as walmart_auth
from refundkit_apis._runtime.errors import DecodeError, RefundError, StatusError


@sync_and_async
def test_token_request_is_as_documented(way: str) -> None:
    """The token request goes to the order's host with Basic credentials, the grant and the documented headers."""
    fake = FakeWalmart()
    send(
        way, fake, walmart_token(service="Our shop"), "https://sandbox.walmartapis.com:8443/v3/orders/1?a=b", timeout=7
    )
    (request,) = fake.token_requests
    assert (request.method, str(request.url)) == ("POST", "https://sandbox.walmartapis.com:8443/v3/token")
    assert request.headers["Authorization"] == "Basic " + b64encode(f"an-id:{SECRET}".encode()).decode()
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.headers["Accept"] == "application/json"
    assert request.headers["WM_SVC.NAME"] == "Our shop"
    assert UUID(request.headers["WM_QOS.CORRELATION_ID"])
    assert request.content == b"grant_type=client_credentials"
    assert request.extensions["timeout"] == {"connect": 7, "read": 7, "write": 7, "pool": 7}


@sync_and_async
def test_request_carries_token_and_market(way: str) -> None:
    """Each request carries the token, the market, the version, the service and a new correlation id."""
    fake = FakeWalmart()
    credentials = walmart_token(market="ca")
    send(way, fake, credentials)
    send(way, fake, credentials)
    first, second = (request.headers for request in fake.order_requests)
    assert first["WM_SEC.ACCESS_TOKEN"] == second["WM_SEC.ACCESS_TOKEN"] == "token-1"
    assert (first["WM_MARKET"], first["WM_GLOBAL_VERSION"], first["WM_SVC.NAME"]) == ("ca", "3.1", "refundkit")
    assert UUID(first["WM_QOS.CORRELATION_ID"]) != UUID(second["WM_QOS.CORRELATION_ID"])
    assert "Authorization" not in first
    assert "WM_CONSUMER.CHANNEL.TYPE" not in first


def test_caller_correlation_id_is_kept() -> None:
    """A request keeps the caller's correlation id; the token request gets a different one."""
    fake = FakeWalmart()
    send("sync", fake, walmart_token(), headers={"WM_QOS.CORRELATION_ID": CONSUMER})
    assert fake.order_requests[0].headers["WM_QOS.CORRELATION_ID"] == CONSUMER
    assert fake.token_requests[0].headers["WM_QOS.CORRELATION_ID"] != CONSUMER


def test_older_canadian_api_gets_the_channel_and_no_market() -> None:
    """A path under /v3/ca/ gets the channel type, and neither the market nor the global version."""
    fake = FakeWalmart()
    send("sync", fake, walmart_token(market="ca", channel=CHANNEL), CANADA)
    headers = fake.order_requests[0].headers
    assert headers["WM_CONSUMER.CHANNEL.TYPE"] == CHANNEL
    assert headers["WM_SEC.ACCESS_TOKEN"] == "token-1"
    assert "WM_MARKET" not in headers
    assert "WM_GLOBAL_VERSION" not in headers


@sync_and_async
@pytest.mark.parametrize(("lifetime", "seconds_used"), [(900, 839), (100, 89)])
def test_token_is_replaced_shortly_before_it_expires(
    way: str, lifetime: int, seconds_used: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token is replaced a minute before it expires, or a tenth of its lifetime if that is shorter."""
    clock = 1000.0
    monkeypatch.setattr(walmart_auth, "monotonic", lambda: clock)
    fake = FakeWalmart(lifetime)
    credentials = walmart_token()
    send(way, fake, credentials)
    clock += seconds_used
    send(way, fake, credentials)
    assert len(fake.token_requests) == 1
    clock += 2
    send(way, fake, credentials)
    assert [request.headers["WM_SEC.ACCESS_TOKEN"] for request in fake.order_requests] == [
        "token-1",
        "token-1",
        "token-2",
    ]


@sync_and_async
def test_refused_token_is_replaced_once(way: str) -> None:
    """After a 401 the request is sent again with a new token, the same body and the same correlation id."""
    fake = FakeWalmart()
    fake.refused.add("token-1")
    answer = send(way, fake, walmart_token(), ORDER + "/refund", method="POST", json={"orderRefund": {}})
    first, second = fake.order_requests
    assert answer.status_code == 200
    assert (first.content, second.content) == (b'{"orderRefund":{}}',) * 2
    assert second.headers["WM_SEC.ACCESS_TOKEN"] == "token-2"
    assert first.headers["WM_QOS.CORRELATION_ID"] == second.headers["WM_QOS.CORRELATION_ID"]


@sync_and_async
def test_second_401_is_returned(way: str) -> None:
    """If the server refuses the new token too, its 401 is returned and nothing is sent again."""
    fake = FakeWalmart()
    fake.refused |= {"token-1", "token-2"}
    assert send(way, fake, walmart_token()).status_code == 401
    assert (len(fake.token_requests), len(fake.order_requests)) == (2, 2)


def test_streamed_body_can_be_sent_again() -> None:
    """A body from an iterator is sent again in full on the second attempt."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    async def send_async() -> list[bytes]:
        flow = walmart_token().async_auth_flow(httpx.Request("POST", ORDER, content=parts()))
        await anext(flow)
        first = b"".join(
            [part async for part in cast(AsyncIterator[bytes], (await flow.asend(token_response("1"))).stream)]
        )
        await flow.asend(httpx.Response(401))
        second = b"".join(
            [part async for part in cast(AsyncIterator[bytes], (await flow.asend(token_response("2"))).stream)]
        )
        await flow.aclose()
        return [first, second]

    flow = walmart_token().sync_auth_flow(httpx.Request("POST", ORDER, content=iter([b"a", b"b"])))
    next(flow)
    first = b"".join(cast(Iterator[bytes], flow.send(token_response("1")).stream))
    flow.send(httpx.Response(401))
    second = b"".join(cast(Iterator[bytes], flow.send(token_response("2")).stream))
    flow.close()
    assert [first, second, *asyncio.run(send_async())] == [b"ab"] * 4


def test_token_is_sent_to_its_own_host_only() -> None:
    """Each host issues its own token and never gets the token of another host."""
    fake = FakeWalmart()
    credentials = walmart_token()
    for url in (ORDER, "https://sandbox.walmartapis.com/v3/orders/1", ORDER):
        send("sync", fake, credentials, url)
    assert [request.headers["WM_SEC.ACCESS_TOKEN"] for request in fake.order_requests] == [
        "token-1",
        "token-2",
        "token-1",
    ]
    assert [request.url.host for request in fake.token_requests] == [
        "marketplace.walmartapis.com",
        "sandbox.walmartapis.com",
    ]


@sync_and_async
def test_refused_credentials_are_a_status_error(way: str) -> None:
    """Refused credentials raise StatusError with the server's reason and no secret; the order request is not sent."""
    basic = b64encode(f"an-id:{SECRET}".encode()).decode()
    paths = []

    def refuse(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        description = f"not {SECRET}, not {basic}"
        body = {"error": [{"code": "UNAUTHORIZED.GMP_GATEWAY_API", "description": description, "info": basic}]}
        return httpx.Response(429, json=body, headers={"Retry-After": "3", "X-Echo": SECRET})

    with pytest.raises(StatusError) as caught:
        send(way, refuse, walmart_token())
    error = caught.value
    assert paths == ["/v3/token"]
    assert (error.status, error.code, error.reason) == (429, "UNAUTHORIZED.GMP_GATEWAY_API", "not ***, not ***")
    assert error.response.headers["Retry-After"] == "3"
    assert UUID(error.request_id)
    shown = "".join(traceback.format_exception(error)) + repr(vars(error.response)) + error.response.text
    shown += repr(error.response.request.headers.raw) + repr(pickle.dumps(error))
    assert SECRET not in shown
    assert basic not in shown


@sync_and_async
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
def test_response_without_a_token_is_a_decode_error(way: str, body: bytes) -> None:
    """A token response without a usable token raises DecodeError, its body hidden, and the next call tries again."""
    fake = FakeWalmart()
    credentials = walmart_token()
    with pytest.raises(DecodeError) as caught:
        send(way, lambda _: httpx.Response(200, content=body), credentials)
    shown = "".join(traceback.format_exception(caught.value)) + caught.value.response.text
    assert "a-token" not in shown
    assert send(way, fake, credentials).status_code == 200


@sync_and_async
def test_redirected_token_request_is_refused(way: str) -> None:
    """A token from the target of a redirect is not used, even by a client that follows redirects."""
    requests = []

    def redirect(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if request.url.host == "elsewhere.example":
            return token_response("a-token")
        return httpx.Response(307, headers={"Location": "https://elsewhere.example/v3/token"})

    with pytest.raises(DecodeError, match="redirected"):
        send(way, redirect, walmart_token(), follow_redirects=True)
    assert "Authorization" not in requests[-1].headers
    with pytest.raises(StatusError, match="307"):
        send(way, redirect, walmart_token())


@sync_and_async
def test_401_after_a_redirect_is_returned(way: str) -> None:
    """A 401 after a redirect is returned and nothing is sent again: the first address may have acted."""
    fake = FakeWalmart()

    def redirect(request: httpx.Request) -> httpx.Response:
        answer = fake(request)
        if request.method == "POST" and request.url.path != "/v3/token":
            return httpx.Response(303, headers={"Location": "/login"})
        return answer if request.url.path == "/v3/token" else httpx.Response(401)

    assert send(way, redirect, walmart_token(), method="POST", follow_redirects=True).status_code == 401
    assert [request.method for request in fake.order_requests] == ["POST", "GET"]


@sync_and_async
def test_response_history_has_no_token_request(way: str) -> None:
    """The history of a response leaves out the token request, whose response is a credential."""
    fake = FakeWalmart()
    fake.refused.add("token-1")
    answer = send(way, fake, walmart_token())
    assert [response.status_code for response in answer.history] == [401]
    assert answer.history[0].history == []


def test_unknown_market_is_refused() -> None:
    """A market other than us and ca raises ValueError."""
    with pytest.raises(ValueError, match="market"):
        walmart_token(market="mx")


def test_refused_token_request_is_a_refund_error() -> None:
    """A refused token request raises a subclass of RefundError."""
    with pytest.raises(RefundError):
        send("sync", lambda _: httpx.Response(500), walmart_token())
