"""A context that fills several pages: the guard and resolve() read all of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import users
from faults import Fault, Server, serving
from refundkit import Outcome, RefundBlocked, RefundOutcomeUnknown
from refundkit.errors import DecodeError, RefundNotChecked
from refundkit.guard import GuardTransport
from refundkit.testing import Answer
from refundkit_apis.woocommerce.models import RefundCreateRequest, RefundItem, RefundTax
from story import story, text

EARLIER = 130
JSON = {"content-type": "application/json"}
ORDER = "/wp-json/wc/v3/orders/1204"
LIST = f"{ORDER}/refunds"
KEYS = {"Authorization": "Basic Y2tfb3duOmNzX293bg=="}
URLS = {
    "woocommerce.create_refund": f"https://shop.example{LIST}",
    "walmart.refund_return": "https://marketplace.walmartapis.com/v3/returns/108500000000001/refund",
}
PIECE = RefundItem(id=71, quantity=3, refund_total="60.00", refund_tax=[RefundTax(id=3, refund_total="6.00")])
Act = Callable[[Any], Any]


def fill(server: Server) -> list[str]:
    """Refund an item of the order, then a cent of it over and over; return the ids of the refunds, the oldest first."""
    bodies: list[dict[str, Any]] = [{"amount": "0.01"}] * EARLIER
    bodies[0] = {"amount": "20.00", "line_items": [{"id": 71, "quantity": 1, "refund_total": 20}]}
    headers = {**KEYS, "Content-Type": "application/json"}
    answers = [server.shop.answer("POST", f"https://shop.example{LIST}", headers, text(body)) for body in bodies]
    assert {each.status for each in answers} == {201}
    return [str(json.loads(each.body)["id"]) for each in answers]


def called(act: Act, way: str, url: str) -> Any:
    """Call a ready client, sync or async, and ask what became of a refund whose answer was lost."""
    if way == "sync":
        with users.connection("woocommerce", url) as client:
            try:
                return act(client)
            except RefundOutcomeUnknown as error:
                return error.resolve(wait=0)

    async def later() -> Any:
        async with users.connection("woocommerce", url) as client:
            try:
                return await act(client)
            except RefundOutcomeUnknown as error:
                return await error.resolve_async(wait=0)

    return asyncio.run(later())


def pages_read(server: Server) -> list[str]:
    """The pages that were read of the list of refunds."""
    return [each.query.get("page", "1") for each in server.requests("read") if each.path == LIST]


@pytest.mark.parametrize("way", ["sync", "async"])
def test_what_came_back_of_an_item_is_told_by_all_pages(way: str) -> None:
    """Of 130 earlier refunds the oldest gave a piece back: the guard reads both pages, and knows how much is left."""
    with serving("woocommerce") as server:
        fill(server)
        with pytest.raises(RefundBlocked) as caught:
            called(lambda client: client.create_refund(1204, RefundCreateRequest(line_items=[PIECE])), way, server.url)
        assert {each.code for each in caught.value.report.findings} == {"RF204", "RF213", "RF404"}
        assert not caught.value.report.not_run
        assert pages_read(server) == ["1", "2"]


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize(("made", "outcome"), [(True, Outcome.MADE), (False, Outcome.NOT_MADE)])
def test_the_outcome_is_told_by_all_pages(way: str, made: bool, outcome: Outcome) -> None:
    """A refund of the second page is deleted, or not, and the answer is lost: resolve() tells which."""
    with serving("woocommerce") as server:
        oldest = fill(server)[0]
        server.fail("refund", Fault(made=made, sends="nothing", ends="reset"))
        assert called(lambda client: client.delete_refund(1204, oldest), way, server.url) is outcome
        assert pages_read(server) == ["1", "2"] * 2


def send(reply: Callable[[httpx.Request], httpx.Response], name: str = "woocommerce.create_refund") -> httpx.Response:
    """Send the example of an operation through a guard that reads the context."""
    told = story(name)
    with httpx.Client(transport=GuardTransport(httpx.MockTransport(reply), fetch_context=True)) as client:
        return client.post(URLS[name], content=text(told["body"]), headers=told["headers"])


@pytest.mark.parametrize(
    "answer", [Answer(500, JSON, b"{}"), Answer(200, JSON, b"{}"), Answer(200, JSON, b"<html>")], ids=repr
)
def test_a_page_that_cannot_be_read_lets_nothing_pass(answer: Answer) -> None:
    """Where the second page is an error, or no list, the refund is not sent."""
    with serving("woocommerce") as server:
        fill(server)

        def reply(request: httpx.Request) -> httpx.Response:
            told = server.shop.answer(request.method, str(request.url), KEYS)
            page = answer if request.url.params.get("page") == "2" else told
            return httpx.Response(page.status, headers=page.headers, content=page.body)

        with pytest.raises(RefundNotChecked):
            send(reply)


def test_a_list_that_leads_in_a_circle_is_left() -> None:
    """A shop that promises page after page is left after a hundred of them, and nothing is sent."""
    read: list[str] = []

    def reply(request: httpx.Request) -> httpx.Response:
        read.append(request.url.params.get("page", ""))
        if request.url.path == ORDER:
            return httpx.Response(200, json=json.loads(text(story("woocommerce.create_refund")["order"])))
        return httpx.Response(200, json=[], headers={"x-wp-totalpages": "999"})

    with pytest.raises(RefundNotChecked) as caught:
        send(reply)
    assert isinstance(caught.value.__cause__, DecodeError)
    assert len(read) == 1 + 100
    assert read[-1] == str(100)


def test_a_cursor_leads_to_the_return_on_a_later_page() -> None:
    """Walmart's list names the next page by a cursor: the guard follows it, and finds the return among all."""
    told = json.loads(text(story("walmart.refund_return")["order"]))
    other = {**told["returnOrders"][0], "returnOrderId": "1"}
    queries: list[dict[str, str]] = []

    def reply(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json={})
        queries.append(dict(request.url.params))
        meta = {"totalCount": 2, "limit": 1, "nextCursor": "?limit=1&after={1}" if len(queries) == 1 else ""}
        returns = [other] if len(queries) == 1 else told["returnOrders"]
        return httpx.Response(200, json={"meta": meta, "returnOrders": returns})

    assert send(reply, "walmart.refund_return").status_code == 200
    wanted = {"returnOrderId": "108500000000001"}
    assert queries == [wanted, wanted | {"limit": "1", "after": "{1}"}]
