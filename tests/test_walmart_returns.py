"""Refunds of Walmart's returns: pieces, a context of their own, and keys that no order shares."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest
import refundkit
import users
from commands import Cli, Outcome, write
from faults import Fault, serving
from refundkit import RefundBlocked, RefundOutcomeUnknown, testing
from refundkit.order_key import key_of_order, key_of_request
from refundkit.testing import Answer
from refundkit_apis.walmart.models import ReturnRefundLine, ReturnRefundQuantity, ReturnRefundRequest
from story import examples, story, text

RETURN: Final = "walmart.refund_return"
NUMBER, CUSTOMER = "108500000000001", "6731208845519"
URL = "https://marketplace.walmartapis.com"


def body(pieces: int | None = 1, line: int = 1) -> dict[str, Any]:
    """The body of a refund of one line; of all that is left of it without pieces."""
    quantity = {} if pieces is None else {"quantity": {"unitOfMeasure": "EACH", "measurementValue": pieces}}
    return {"customerOrderId": CUSTOMER, "refundLines": [{"returnOrderLineNumber": line, **quantity}]}


def request(pieces: int | None = 1, **parts: Any) -> dict[str, Any]:
    """A request with its return."""
    return {"operation": RETURN, "path": {"returnOrderId": NUMBER}, "order": listed(), "body": body(pieces)} | parts


def listed() -> Any:
    """The list that holds the return."""
    return examples("walmart.list_returns", "200")[0]


def in_batch(cli: Cli, *requests: dict[str, Any]) -> list[tuple[int, str]]:
    """Record and id of each error of a batch."""
    write("r.jsonl", b"".join(text(each) + b"\n" for each in requests))
    outcome: Outcome = cli("check", "--isolated", "--output-format", "json", "--batch", "r.jsonl")
    return [(each["record"], each["code"]) for each in outcome.document["findings"] if each["severity"] == "error"]


# A batch.


def test_refunds_of_one_return_count_together(cli: Cli) -> None:
    """In a batch two refunds of one return may not exceed it, whether a path, a URL or the return itself names it."""
    by_url = request(1) | {"method": "POST", "url": f"{URL}/v3/returns/{NUMBER}/refund"}
    for name in ("operation", "path"):
        del by_url[name]
    by_return = request(None)
    del by_return["path"]
    assert in_batch(cli, by_url, request(2)) == [(2, "RF401")]
    assert in_batch(cli, by_url, by_return, request(2)) == [(3, "RF327"), (3, "RF401")]
    assert in_batch(cli, request(1), by_url) == [(2, "RF317")]


def test_an_order_and_a_return_of_one_number_have_nothing_in_common(cli: Cli) -> None:
    """A return that has the number of an order has refunds of its own."""
    order = story("walmart.refund_order_lines")
    refund = {name: order[name] for name in ("operation", "path", "order", "body")}
    returned = listed()
    returned["returnOrders"][0]["returnOrderId"] = order["path"]["purchaseOrderId"]
    path = {"returnOrderId": order["path"]["purchaseOrderId"]}
    assert in_batch(cli, refund, request(2, path=path, order=returned), request(2)) == []
    assert in_batch(cli, request(2, path=path, order=returned), refund, refund) == [(3, "RF317")]


def test_keys_name_what_they_are_of() -> None:
    """A return and an order of one number have different keys, as a request and as what is told of them."""
    order = examples("walmart.get_order", "200")[0]
    order["order"]["purchaseOrderId"] = NUMBER
    of_return = key_of_request(RETURN, {"returnOrderId": NUMBER}, None)
    of_order = key_of_request("walmart.cancel_order_lines", {"purchaseOrderId": NUMBER}, None)
    assert of_return is not None
    assert of_order is not None
    assert of_return.text != of_order.text
    for api in (None, "walmart"):
        assert key_of_order(text(listed()), api) == of_return
        assert key_of_order(text(order), api) == of_order
    assert key_of_order(text({"returnOrders": []})) is None
    assert key_of_order(text({"returnOrders": 2 * listed()["returnOrders"]})) is None


# The context.


def test_the_return_is_picked_out_of_its_page() -> None:
    """Of a page of returns the one that the path names is the context; an odd one beside it takes nothing away."""
    page = listed()
    odd = {"returnOrderId": "1", "returnOrderLines": [{"returnOrderLineNumber": "one"}]}
    page["returnOrders"] = [odd, *page["returnOrders"]]
    report = refundkit.check(RETURN, body(3), order=page, path={"returnOrderId": NUMBER})
    assert [each.code for each in report.findings] == ["RF401"]


def test_an_odd_line_of_a_return_takes_nothing_from_the_others() -> None:
    """A line that cannot be read keeps a refund of it from being judged, and no other."""
    returned = listed()
    returned["returnOrders"][0]["returnOrderLines"][1]["quantity"] = "one"
    path = {"returnOrderId": NUMBER}
    assert [each.code for each in refundkit.check(RETURN, body(3), order=returned, path=path).findings] == ["RF401"]
    report = refundkit.check(RETURN, body(1, 2), order=returned, path=path)
    assert "valid order" in {each.missing for each in report.not_run}


def test_an_odd_field_of_a_return_takes_nothing_away() -> None:
    """A field that no rule needs may be odd; a quantity may not."""
    returned = listed()
    returned["returnOrders"][0]["returnOrderLines"][0]["item"] = "a kettle"
    report = refundkit.check(RETURN, body(3), order=returned, path={"returnOrderId": NUMBER})
    assert [each.code for each in report.findings] == ["RF401"]
    returned["returnOrders"][0]["returnOrderLines"][0]["quantity"] = "two"
    report = refundkit.check(RETURN, body(1), order=returned, path={"returnOrderId": NUMBER})
    assert "valid order" in {each.missing for each in report.not_run}


def test_a_return_gives_no_list_of_refunds() -> None:
    """The return tells of its refunds itself: with it nothing is missing, without it RF401 wants both."""
    complete = refundkit.check(RETURN, body(), order=listed(), path={"returnOrderId": NUMBER})
    assert {each.missing for each in complete.not_run} == {"headers"}
    bare = refundkit.check(RETURN, body(), path={"returnOrderId": NUMBER})
    assert {each.missing for each in bare.not_run} == {"headers", "order", "refunds"}


# The ready client.


def line(pieces: int | None, number: int = 1) -> ReturnRefundRequest:
    """The body as a model."""
    if pieces is None:
        lines = [ReturnRefundLine(return_order_line_number=number)]
    else:
        quantity = ReturnRefundQuantity(unit_of_measure="EACH", measurement_value=pieces)
        lines = [ReturnRefundLine(return_order_line_number=number, quantity=quantity)]
    return ReturnRefundRequest(customer_order_id=CUSTOMER, refund_lines=lines)


@pytest.mark.parametrize("way", ["sync", "async"])
def test_the_client_reads_the_return_before_it_refunds(way: str) -> None:
    """The guard lists the one return, and what is beyond it is never sent."""
    with testing.server("walmart") as shop:
        act = [
            lambda client: client.refund_return(NUMBER, line(1)),
            lambda client: client.refund_return(NUMBER, line(2)),
        ]
        assert called(act[0], way, shop.url).return_order_id == NUMBER
        with pytest.raises(RefundBlocked) as caught:
            called(act[1], way, shop.url)
        assert [each.code for each in caught.value.report.findings] == ["RF401"]
        reads = [each for each in shop.requests if each.path == "/v3/returns"]
        assert [each.query for each in reads] == [{"returnOrderId": NUMBER}] * 2
        assert len([each for each in shop.requests if each.path.endswith("/refund")]) == 1


def called(act: Any, way: str, url: str) -> Any:
    """Call the client, sync or async."""
    if way == "sync":
        with users.connection("walmart", url) as client:
            return act(client)

    async def later() -> Any:
        async with users.connection("walmart", url) as client:
            return await act(client)

    return asyncio.run(later())


def test_refunds_of_one_return_wait_for_each_other() -> None:
    """Eight threads refund a return of two pieces piece by piece: two are made."""
    with testing.server("walmart") as shop, users.connection("walmart", shop.url) as client:
        ready = threading.Barrier(8)

        def refund() -> bool:
            ready.wait()
            try:
                client.refund_return(NUMBER, line(1))
            except RefundBlocked:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            made = [each.result() for each in [pool.submit(refund) for _ in range(8)]]
        assert sum(made) == 2
        assert shop.refunds(NUMBER)[0]["refundedQty"]["measurementValue"] == 2


def test_an_answer_about_another_return_is_no_success() -> None:
    """A success answer that names another return leaves the outcome unknown."""
    answer = text({"returnOrderId": "108500000000009", **body()})
    with serving("walmart") as server, users.connection("walmart", server.url) as client:
        server.fail("refund", Fault(answer=Answer(200, {"content-type": "application/json"}, answer)))
        with pytest.raises(RefundOutcomeUnknown, match="108500000000009"):
            client.refund_return(NUMBER, line(1))


def test_the_story_of_the_spec_is_clean() -> None:
    """The example of the spec, with its return and headers, has no finding."""
    told = story(RETURN)
    report = refundkit.check(
        RETURN, told["body"], order=told["order"], path=told["path"], query={}, headers=told["headers"]
    )
    assert not report.findings
    assert report.complete
