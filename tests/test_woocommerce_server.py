"""The test server of WooCommerce's wc/v3: the recorded exchanges replayed, paging, credentials, silences."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
import refundkit
from refundkit.testing import Answer, Server
from refundkit_apis._runtime.codec import encode
from refundkit_apis.woocommerce.models import RefundCreateRequest, RefundItem, RefundTax
from wc_v3 import EXCHANGES, SHOP, Exchange, order_before

KEYS = {"Authorization": "Basic Y2tfdGVzdDpjc190ZXN0"}  # ck_test, cs_test
# Without those about credentials, which have tests of their own, and one that is no operation.
REPLAYED = [
    one
    for one in EXCHANGES
    if "HPOS" in one.server and not one.case.startswith("auth") and one.case != "all refunds of the shop"
]
GATEWAYS: dict[str, Any] = {"139": "false", "141": "error"}
WITH_A_GATEWAY = {"137", "139", "141", "143", "145"}
UNKNOWN = {"99999999", "150"}
# What changes with every call, and what is no business of a refund.
CHANGING = frozenset(
    "id date_created date_created_gmt date_modified date_modified_gmt _links image display_key display_value"
    " is_editable needs_payment needs_processing payment_url parent_id".split()
)
PAGING = ("x-wp-total", "x-wp-totalpages")
# Calls that were made between two recorded ones without being recorded: before a case, and the refund's id of then.
AMOUNT = {"amount": "1.00", "api_refund": False}
AGAIN = {"line_items": [{"id": 187, "quantity": 2, "refund_total": 9}], "api_refund": False}
BETWEEN: dict[str, tuple[str, str, Any, str]] = {
    "list: with items": ("POST", "132/refunds", AGAIN, "133"),
    "get: refund of another order": ("POST", "147/refunds", AMOUNT, "148"),
    "list after the delete by another order": ("DELETE", "149/refunds/148", None, ""),
    "get: refund unknown": ("POST", "147/refunds", AMOUNT, "150"),
    "status after the whole was refunded": ("POST", "185/refunds", {**AMOUNT, "amount": "29.00"}, "186"),
}


def serve(**options: Any) -> Server:
    """Return a server with order 1206, which is like the first one and has no refunds."""
    shop = refundkit.testing.server("woocommerce", **options)
    shop.add_order(order_id="1206")
    return shop


def send(shop: Server, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    """Send a request with good keys over https, in this process."""
    content = body if body is None or isinstance(body, bytes) else encode(body)
    return shop.answer(method, SHOP + path, {**KEYS, "Content-Type": "application/json", **headers}, content)


def value(answer: Answer) -> Any:
    return json.loads(answer.body, parse_float=Decimal)


def neutral(node: Any) -> Any:
    """Return an answer without what changes with every call; an order tells its refunds of one second in any order."""
    if isinstance(node, dict):
        shown = {name: neutral(item) for name, item in node.items() if name not in CHANGING}
        return shown | ({"refunds": sorted(shown["refunds"], key=repr)} if "refunds" in shown else {})
    return [neutral(item) for item in node] if isinstance(node, list) else node


def add_orders(shop: Server) -> None:
    """Add each order that an exchange is about, as it was before the first of them."""
    added: set[str] = set(UNKNOWN)
    for one in REPLAYED:
        order_id = one.ids.get("id", "")
        if order_id and order_id not in added:
            added.add(order_id)
            creates = (each for each in REPLAYED if each.ids.get("id") == order_id and each.body is not None)
            create = next(creates, None)
            order = order_before(create or one)
            if create is None and "line_items" in one.answer:
                order = {**one.answer}
            order["payment_method"] = "kitpay" if order_id in WITH_A_GATEWAY else "cheque"
            shop.add_order(order, gateway=GATEWAYS.get(order_id))


def replay(shop: Server) -> list[tuple[Exchange, Answer]]:
    """Return what the server answers to each exchange, in their order; ids of refunds are its own."""
    ids: dict[str, str] = {}
    answers = []

    def call(method: str, path: str, body: Any, content_type: str = "application/json") -> Answer:
        for theirs, ours in ids.items():
            path = path.replace(f"/refunds/{theirs}", f"/refunds/{ours}")
        return send(shop, method, path, body, **{"Content-Type": content_type})

    for one in REPLAYED:
        if one.case in BETWEEN:
            method, path, body, theirs = BETWEEN[one.case]
            made = call(method, f"/wp-json/wc/v3/orders/{path}", body)
            ids |= {theirs: str(value(made)["id"])} if theirs else {}
        answer = call(one.method, one.path, one.body, one.content_type)
        if answer.status == one.status == 201:
            ids[str(one.answer["id"])] = str(value(answer)["id"])
        answers.append((one, answer))
    return answers


def test_every_recorded_exchange_is_replayed() -> None:
    """The faithful server answers 114 recorded requests like the real one: status, headers of pages, and body."""
    shop = serve(faithful="11.0.1")
    add_orders(shop)
    answers = replay(shop)
    assert len(answers) == 114
    for one, answer in answers:
        assert (answer.status, neutral(value(answer))) == (one.status, neutral(one.answer)), one.case
        assert [answer.headers.get(name) for name in PAGING] == [one.headers.get(name) for name in PAGING], one.case


def orders(path: str = "1206") -> str:
    return f"/wp-json/wc/v3/orders/{path}"


def test_refunds_come_in_pages_and_the_order_has_them_all() -> None:
    """A list has 10 refunds a page unless `per_page` says up to 100; the order tells the totals of all."""
    shop = serve()
    for _ in range(25):
        assert send(shop, "POST", orders("1206/refunds"), {"amount": "0.10"}).status == 201
    lists = [send(shop, "GET", orders(f"1206/refunds{query}")) for query in ("", "?page=3", "?per_page=100", "?page=4")]
    assert [len(value(each)) for each in lists] == [10, 5, 25, 0]
    assert [each.headers["x-wp-totalpages"] for each in lists] == ["3", "3", "1", "0"]
    assert len(value(send(shop, "GET", orders()))["refunds"]) == 25
    assert send(shop, "GET", orders("1206/refunds?per_page=101")).status == 400


def test_a_shop_as_documented_refuses_what_a_check_calls_wrong() -> None:
    """Without `faithful` a refusal is a documented 4xx whose message begins with the rule, and nothing is recorded."""
    shop = serve()
    over = send(shop, "POST", orders("1206/refunds"), {"amount": "107.81"})
    assert (over.status, value(over)["message"].partition(" ")[0]) == (400, "RF204")
    assert send(shop, "POST", orders("99/refunds"), {"amount": "1.00"}).status == 404
    made = value(send(shop, "POST", orders("1206/refunds"), {"amount": "1.00"}))
    other = shop.add_order()
    strange = send(shop, "DELETE", orders(f"{other}/refunds/{made['id']}"))
    assert (strange.status, value(strange)["message"].partition(" ")[0]) == (400, "RF323")
    assert len(shop.refunds("1206")) == 1
    assert send(shop, "DELETE", orders(f"1206/refunds/{made['id']}")).status == 200
    assert shop.refunds("1206") == shop.orders["1206"]["refunds"] == []


def test_a_delete_under_another_order_answers_500_and_deletes() -> None:
    """As recorded, a 500 of a delete does not mean that the refund is still there."""
    for path in ("1205", "99"):
        shop = serve(faithful="11.0.1")
        shop.add_order(order_id="1205")
        made = value(send(shop, "POST", orders("1206/refunds"), {"amount": "1.00"}))
        answer = send(shop, "DELETE", orders(f"{path}/refunds/{made['id']}"))
        assert (answer.status, value(answer)["data"], shop.refunds("1206")) == (500, 404, [])


@pytest.mark.parametrize("gateway", ["false", "error", None])
def test_a_gateway_that_refuses_keeps_no_refund(gateway: Any) -> None:
    """What the gateway refuses ends in a 500, and the list stays as it was; so does a method that cannot refund."""
    shop = serve(faithful="11.0.1")
    order = {
        **shop.orders["1206"],
        "id": 1300,
        "refunds": [],
        "payment_method": "cheque" if gateway is None else "kitpay",
    }
    shop.add_order(order, gateway=gateway)
    answer = send(shop, "POST", orders("1300/refunds"), {"amount": "1.00"})
    assert (answer.status, value(answer)["code"]) == (500, "woocommerce_rest_cannot_create_order_refund")
    assert shop.refunds("1300") == []
    assert send(shop, "POST", orders("1300/refunds"), {"amount": "1.00", "api_refund": False}).status == 201


SILENCES: list[tuple[Any, str, int]] = [
    ({"amount": " 5 "}, "5.00", 0),
    ({"amount": ".5"}, "0.50", 0),
    ({"amount": "1,5"}, "15.00", 0),
    ({"amount": "10.00", "line_items": [{"id": 71, "refund_total": 4}]}, "10.00", 1),
    ({"line_items": [{"id": 71, "refund_total": 4}, {"id": 71, "refund_total": 7}]}, "7.00", 1),
    ({"amount": "9.00", "line_items": [{"id": 71, "refund_total": 4}, {"refund_total": 5}]}, "9.00", 0),
    ({"amount": "1.00", "line_items": [{"id": 71, "quantity": 0.5, "refund_total": 1}]}, "1.00", 1),
    ({"line_items": [{"id": 9999, "refund_total": 10}]}, "10.00", 0),
]


@pytest.mark.parametrize(("body", "amount", "lines"), SILENCES)
def test_what_is_silently_altered(body: Any, amount: str, lines: int) -> None:
    """As observed, loose amounts are taken and items dropped without a word."""
    refund = value(send(serve(faithful="11.0.1"), "POST", orders("1206/refunds"), body))
    assert (refund["amount"], len(refund["line_items"])) == (amount, lines)
    assert all(line["quantity"] == 0 for line in refund["line_items"])


def test_what_counts_as_refunded_is_rounded() -> None:
    """With order tables 5.555 of 29.00 leaves 23.44, not 23.45."""
    shop = serve(faithful="11.0.1")
    order = shop.add_order(total="29.00")
    assert send(shop, "POST", orders(f"{order}/refunds"), {"amount": "5.555"}).status == 201
    assert send(shop, "POST", orders(f"{order}/refunds"), {"amount": "23.45"}).status == 500
    assert send(shop, "POST", orders(f"{order}/refunds"), {"amount": "23.44"}).status == 201
    assert shop.orders[order]["status"] == "refunded"


def test_decimals_are_those_of_the_shop_unless_asked_for() -> None:
    """A shop without decimals tells 101 of 100.5, and 100.50 with `dp=2`."""
    shop = serve(faithful="11.0.1")
    order = shop.add_order({**shop.orders["1206"], "id": 1300, "refunds": [], "currency": "JPY", "total": "2750"})
    made = value(send(shop, "POST", orders(f"{order}/refunds"), {"amount": "100.5"}))
    assert made["amount"] == "101"
    assert value(send(shop, "GET", orders(f"{order}/refunds/{made['id']}?dp=2")))["amount"] == "100.50"


def test_credentials_are_taken_as_observed() -> None:
    """Over https Basic, keys in the query and signatures are good; over plain http signatures alone."""
    keys = "?consumer_key=ck_test&consumer_secret=cs_test"
    faithful = serve(faithful="11.0.1")
    path = orders("1206/refunds")
    statuses = [
        faithful.answer("GET", SHOP + path, KEYS).status,
        faithful.answer("GET", SHOP + path + keys).status,
        faithful.answer("GET", SHOP + path).status,
        faithful.answer("GET", "http://shop.example" + path, KEYS).status,
        faithful.answer("GET", SHOP + path + keys.replace("cs_test", "cs_other")).status,
        serve().answer("GET", SHOP + path).status,
    ]
    assert statuses == [200, 200, 401, 401, 401, 401]
    none, wrong = faithful.answer("GET", SHOP + path), faithful.answer("GET", SHOP + path + keys + "x")
    assert value(none)["code"] == "woocommerce_rest_cannot_view"
    assert value(wrong)["code"] == "woocommerce_rest_authentication_error"


def test_a_ready_client_signs_over_plain_http() -> None:
    """connect.woocommerce refunds over a socket: it signs over plain http, and the guard reads order and refunds."""
    with serve(faithful="11.0.1") as shop, refundkit.connect.woocommerce(shop.url, "ck_test", "cs_test") as client:
        item = RefundItem(id=71, quantity=1, refund_total="20.00", refund_tax=[RefundTax(id=3, refund_total="2.00")])
        made = client.create_refund(1206, RefundCreateRequest(amount="22.00", line_items=[item]))
        assert [refund.id for refund in client.list_refunds(1206)] == [made.id]
        order = client.get_order(1206)
        assert order.refunds
        assert order.refunds[0].total == "-22.00"
        with pytest.raises(refundkit.RefundBlocked, match="RF204"):
            client.create_refund(1206, RefundCreateRequest(amount="85.81"))
        with pytest.raises(refundkit.RefundBlocked, match="RF323"):
            client.delete_refund(1206, made.id + 1)
        assert client.delete_refund(1206, made.id).amount == "22.00"
        assert shop.refunds(1206) == []


def refuse(act: Any, **options: Any) -> refundkit.RefundError:
    """Return the error of a call without a guard, over a socket, to the shop as recorded."""
    with serve(faithful="11.0.1") as shop:
        order = {**shop.orders["1206"], "payment_method": "kitpay"}
        shop.add_order({**order, "id": 1300}, **options)
        made = value(send(shop, "POST", orders("1206/refunds"), {"amount": "1.00"}))
        with (
            refundkit.connect.woocommerce(shop.url, "ck_test", "cs_test", guard=False) as client,
            pytest.raises(refundkit.RefundError) as caught,
        ):
            act(client, made["id"])
        return caught.value


def create(amount: str) -> RefundCreateRequest:
    return RefundCreateRequest(amount=amount)


REFUSED: list[tuple[Any, int, str, Any]] = [
    (lambda shop, made: shop.create_refund(1206, create("999")), 500, "Invalid refund amount", None),
    (lambda shop, made: shop.create_refund(99, create("1")), 404, "Invalid order ID", None),
    (lambda shop, made: shop.create_refund(1300, create("1")), 500, "declined", "error"),
    (lambda shop, made: shop.create_refund(1206, create("-1")), 400, "greater than zero", None),
    (lambda shop, made: shop.delete_refund(1206, 4711), 404, "Invalid ID", None),
]


@pytest.mark.parametrize(("act", "status", "words", "gateway"), REFUSED)
def test_a_500_that_made_nothing_is_a_refusal_with_the_status_that_was_meant(
    act: Any, status: int, words: str, gateway: Any
) -> None:
    """What the cap or the gateway refuses moved no money: RefundRefused, whose status is the one in `data`."""
    error = refuse(act, gateway=gateway)
    assert (type(error), error.sent, error.status) == (refundkit.RefundRefused, "yes", status)
    assert words in (error.reason or "")


def test_a_500_of_a_delete_leaves_the_outcome_unknown() -> None:
    """Under another order's path the refund is deleted, so a 500 of a delete is no refusal."""
    error = refuse(lambda shop, made: shop.delete_refund(1300, made))
    assert (type(error), error.sent) == (refundkit.RefundOutcomeUnknown, "maybe")
    assert isinstance(error.__cause__, refundkit.errors.StatusError)
    assert (error.__cause__.status, error.__cause__.response.status_code) == (404, 500)


def test_a_read_tells_the_status_that_was_meant() -> None:
    """A refund of another order is a 500 on the wire, and 404 to who catches the error."""
    error = refuse(lambda shop, made: shop.get_refund(1300, made))
    assert (type(error), error.status, error.code) == (
        refundkit.errors.StatusError,
        404,
        "woocommerce_rest_invalid_order_refund_id",
    )
