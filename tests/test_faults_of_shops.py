"""Requests of WooCommerce and TaxCloud that were judged wrongly: good ones refused, bad ones passed in silence."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from commands import Cli, Outcome, write
from story import story, text

INPUTS = Path(__file__).parent / "fault_inputs"
CREATE, REFUND = "woocommerce_legacy.create_refund", "taxcloud.refund_order"
Document = dict[str, Any]
PAID = {"payment_details": {"paid": True}}


def check(cli: Cli, document: Document | str | Path, *arguments: str) -> Outcome:
    """Return the output of a check of a document, or of a file."""
    file = write("r.json", text(document)) if isinstance(document, dict) else document
    return cli("check", "--isolated", "--output-format", "json", *arguments, str(file))


def findings(outcome: Outcome) -> list[tuple[str, str]]:
    """Return id and pointer of each finding, after checking the exit status."""
    found = outcome.document["findings"]
    assert outcome.status == any(each["severity"] == "error" for each in found)
    return sorted((each["code"], each["pointer"]) for each in found)


def codes(outcome: Outcome) -> list[str]:
    return [code for code, _ in findings(outcome)]


def not_run(outcome: Outcome) -> dict[str, set[str]]:
    """Return the rules that did not run, by the missing part."""
    return {entry["missing"]: set(entry["codes"]) for entry in outcome.document["not_run"]}


def shop(amount: str, items: Any = None, **order: Any) -> Document:
    """Return a refund of an order of 29.00, which has a line of 20.00 and one of 9.00, without earlier refunds."""
    lines = [
        {"id": 71, "product_id": 311, "quantity": 2, "total": "20.00", "total_tax": "2.00"},
        {"id": 72, "product_id": 312, "quantity": 1, "total": "9.00", "total_tax": "0.00"},
    ]
    fields = {"id": 7, "status": "completed", "currency": "USD", "total": "31.00", "tax_lines": [{"rate_id": 3}]}
    body = {"amount": amount} if items is None else {"amount": amount, "line_items": items}
    return {
        "operation": CREATE,
        "path": {"id": "7"},
        "order": {"order": {**fields, "line_items": lines, **order}},
        "refunds": {"order_refunds": []},
        "body": {"order_refund": body},
    }


def taxcloud(refunds: Any, quantity: int = 1, **order: Any) -> Document:
    """Return a refund of one of two pieces of an order with these earlier refunds."""
    fields = {"orderId": "SO-1", "completedDate": "2026-03-03T10:00:00Z"}
    lines = [{"index": 0, "itemId": "A", "quantity": 2}]
    return {
        "operation": REFUND,
        "path": {"connectionId": "0b9a3f52-6c1d-4e7f-8a25-93d4c7e1f608", "orderId": "SO-1"},
        "order": {**fields, "lineItems": lines, "refunds": refunds, **order},
        "body": {"items": [{"itemId": "A", "quantity": quantity}]},
    }


# Good refunds that were refused.


def test_shares_in_floating_point_are_not_too_much(cli: Cli) -> None:
    """Two shares of one piece that were divided in floating point are no more than the piece."""
    assert findings(check(cli, INPUTS / "taxcloud-money-shares.json")) == []
    for part in (0.36, 3.33, 9.63):
        document = taxcloud([{"items": [{"itemId": "A", "quantity": 1 + part / 9.99}]}])
        document["body"]["items"][0]["quantity"] = (9.99 - part) / 9.99
        assert findings(check(cli, document)) == []
    document["body"]["items"][0]["quantity"] += 2e-9
    assert codes(check(cli, document)) == ["RF401"]


def test_empty_map_of_taxes_may_be_a_list(cli: Cli) -> None:
    """`refund_tax: []`, as PHP writes an empty map, is no tax; a list with entries is refused."""
    assert findings(check(cli, shop("9.00", {"72": {"refund_total": "9.00", "refund_tax": []}}))) == []
    assert codes(check(cli, shop("9.00", {"72": {"refund_total": "9.00", "refund_tax": [{"3": 1}]}}))) == ["RF106"]


def test_earlier_refund_without_an_amount_counts_nothing(cli: Cli) -> None:
    """An earlier refund whose amount is "" keeps the others counting, and the list is there for who requires it."""
    document = shop("26.00")
    document["refunds"]["order_refunds"] = [{"id": 1, "amount": ""}, {"id": 2, "amount": "5.00", "reason": None}]
    assert findings(check(cli, document, "--require-context", "refunds")) == []
    document["body"]["order_refund"]["amount"] = "26.01"
    assert codes(check(cli, document)) == ["RF204"]


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("10.504", []), ("10.505", ["RF221"]), ("10.51", ["RF221"]), ("10.515", ["RF221"]), ("10.516", ["RF204"])],
)
def test_amount_within_the_rounding_of_the_api_is_a_warning(cli: Cli, amount: str, expected: list[str]) -> None:
    """An order of 10.505 KWD that is shown as 10.51 may be refunded whole; what it cannot have been is too much."""
    assert codes(check(cli, shop(amount, currency="KWD", total="10.51"))) == expected


def test_rounding_counts_for_each_earlier_refund(cli: Cli) -> None:
    """Half a hundredth is forgiven for the total and for each earlier refund; an update leaves its own out."""
    document = shop("7.010", currency="KWD", total="10.51")
    document["refunds"]["order_refunds"] = [{"id": 5, "amount": "3.51"}]
    assert codes(check(cli, document)) == ["RF221"]
    document["body"]["order_refund"]["amount"] = "7.011"
    assert codes(check(cli, document)) == ["RF204"]
    document |= {"operation": "woocommerce_legacy.update_refund", "path": {"id": "7", "refund_id": "5"}}
    document["body"]["order_refund"]["amount"] = "10.516"
    assert codes(check(cli, document)) == ["RF204"]


def test_order_that_shows_all_decimals_is_exact(cli: Cli) -> None:
    """An order read with filter[dp] is held to its last decimal."""
    assert findings(check(cli, shop("10.505", currency="KWD", total="10.5050"))) == []
    assert codes(check(cli, shop("10.506", currency="KWD", total="10.5050"))) == ["RF204"]


def test_yen_have_no_decimals_whatever_the_order_shows(cli: Cli) -> None:
    """Half a yen is a warning, though the order is shown as 2750.00."""
    assert codes(check(cli, shop("100.5", currency="JPY", total="2750.00"))) == ["RF206"]
    assert findings(check(cli, shop("100.00", currency="JPY", total="2750.00"))) == []


def test_paid_order_that_was_cancelled_is_refunded(cli: Cli) -> None:
    """A cancelled order that was paid is clean; one that never was is a warning."""
    assert findings(check(cli, shop("1.00", status="cancelled", **PAID))) == []
    unpaid = shop("1.00", status="on-hold", payment_details={"paid": False})
    assert findings(check(cli, unpaid)) == [("RF320", "order:/order/payment_details/paid")]


def test_order_asked_for_refunds_that_has_none_may_say_null(cli: Cli) -> None:
    """`refunds: null` is no earlier refund; without the key nothing is known of them."""
    outcome = check(cli, taxcloud(None), "--require-context", "refunds")
    assert findings(outcome) == []
    assert "refunds" not in not_run(outcome)
    unknown = taxcloud(None)
    del unknown["order"]["refunds"]
    assert {"RF401", "RF405", "RF406"} <= not_run(check(cli, unknown))["refunds"]


def test_date_may_have_small_letters_and_a_leap_second(cli: Cli) -> None:
    """A date-time with t, z or second 60 is one; the 31st of February and "soon" are none."""
    assert codes(check(cli, INPUTS / "tc-date.json")) == ["RF602"]
    leap = json.loads((INPUTS / "tc-date.json").read_bytes())
    leap["body"]["returnedDate"] = "2026-06-30T23:59:60Z"
    assert codes(check(cli, leap)) == ["RF602"]
    assert findings(check(cli, INPUTS / "tc-feb31.json")) == [("RF107", "/returnedDate")]
    document = shop("1.00")
    document["body"]["order_refund"]["date_created"] = "soon"
    assert findings(check(cli, document)) == [("RF107", "/order_refund/date_created")]


# Bad refunds that nobody mentioned.


@pytest.mark.parametrize(
    ("taxes", "expected"),
    [
        ({"3": "2.00"}, []),
        ({"3": "2.01"}, ["3"]),
        ({"3": "-1.00"}, ["3"]),
        ({"4": "1.00"}, ["4"]),
        ({"3": "2.00", "4": "0.00"}, []),
    ],
)
def test_tax_is_held_to_what_the_line_was_taxed_by_its_rate(cli: Cli, taxes: Any, expected: list[str]) -> None:
    """A tax above the line's, below zero, or of a rate that the order lacks is a warning at that rate."""
    document = shop("20.00", {"71": {"refund_total": "20.00", "refund_tax": taxes}})
    found = [pointer.rpartition("/")[2] for code, pointer in findings(check(cli, document)) if code == "RF218"]
    assert found == expected


def test_tax_is_not_judged_where_the_order_does_not_tell_its_rates(cli: Cli) -> None:
    """Without `tax_lines` no rate is too much, and where shipping lines share a tax each is held to all of it."""
    document = shop("27.00", {"71": {"refund_total": "20.00", "refund_tax": {"9": "7.00"}}})
    del document["order"]["order"]["tax_lines"]
    assert findings(check(cli, document)) == []
    taxes = {"*": "1.00", "": "1.00", "9": "1.00"}
    document = shop("20.00", {"71": {"refund_total": "17.00", "refund_tax": taxes}})
    assert codes(check(cli, document)) == ["RF218"] * 3
    shipping = {"shipping_tax": "1.00", "shipping_lines": [{"id": 81, "total": "5.00"}, {"id": 82, "total": "5.00"}]}
    for tax, expected in [("1.00", []), ("1.01", ["RF218"])]:
        body = {"81": {"refund_total": "4.00", "refund_tax": {"3": tax}}}
        assert codes(check(cli, shop(str(4 + float(tax)), body, **shipping))) == expected


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"refund_total": "-1.00"}, "RF213"),
        ({"qty": 0.5, "refund_total": "1.00"}, "RF404"),
        ({"qty": "1.5", "refund_total": "1.00"}, "RF404"),
        ({"qty": 3, "refund_total": "1.00"}, "RF404"),
    ],
)
def test_item_that_no_line_can_give_back_is_a_warning(cli: Cli, item: Document, code: str) -> None:
    """An item below zero, a part of a piece and more pieces than were ordered are told."""
    assert code in codes(check(cli, shop("1.00", {"71": item})))


def test_earlier_pieces_count_by_their_product(cli: Cli) -> None:
    """Where the server does not name the item, earlier pieces are those of the only line with the product."""
    document = shop("20.00", {"71": {"qty": 2, "refund_total": "20.00", "refund_tax": {"3": "2.00"}}})
    earlier = {"refunded_item_id": 0, "product_id": 311, "quantity": -1, "total": "-1.00"}
    document["refunds"]["order_refunds"] = [{"id": 1, "amount": "1.00", "line_items": [earlier]}]
    assert "RF404" in codes(check(cli, document))
    document["order"]["order"]["line_items"][1]["product_id"] = 311
    assert "RF404" not in codes(check(cli, document))


@pytest.mark.parametrize("order", [{"status": "trash", **PAID}, {"status": "checkout-draft"}])
def test_order_in_the_trash_or_left_at_the_checkout_is_doubtful(cli: Cli, order: Document) -> None:
    """An order in the trash is a warning, paid or not, and so is one that was left at the checkout."""
    assert findings(check(cli, shop("1.00", **order))) == [("RF320", "order:/order/status")]


def test_order_s_refunds_count_beside_an_empty_list(cli: Cli) -> None:
    """`refunds: []` beside an order with earlier refunds takes nothing away, and RF008 tells the difference."""
    document = taxcloud([{"items": [{"itemId": "A", "quantity": 2}]}])
    document["refunds"] = []
    assert codes(check(cli, document)) == ["RF008", "RF401"]


# Orders with an odd part, or in another form.


@pytest.mark.parametrize("name", ["shipping_lines", "fee_lines", "tax_lines", "coupon_lines"])
def test_lists_of_an_order_may_be_null(cli: Cli, name: str) -> None:
    """A list of the order that is null is an empty one."""
    assert findings(check(cli, shop("9.00", {"72": {"refund_total": "9.00"}}, **{name: None}))) == []
    assert codes(check(cli, shop("31.01", **{name: None}))) == ["RF204"]


@pytest.mark.parametrize("name", ["shipping_lines", "fee_lines"])
def test_odd_list_of_an_order_takes_only_its_own_items_away(cli: Cli, name: str) -> None:
    """Of an order whose fees are no list, products are judged; an item that may be a fee has `not_run`."""
    odd = {name: "none"}
    outcome = check(cli, shop("40.00", {"71": {"refund_total": "40.00"}}, **odd))
    assert codes(outcome) == ["RF204", "RF213"]
    assert "valid order" not in not_run(outcome)
    outcome = check(cli, shop("1.00", {"99": {"refund_total": "1.00"}}, **odd))
    assert findings(outcome) == []
    assert {"RF213", "RF301"} <= not_run(outcome)["valid order"]


@pytest.mark.parametrize("name", ["currency", "tax_lines", "shipping_tax", "order_number"])
def test_odd_field_of_an_order_keeps_its_cap(cli: Cli, name: str) -> None:
    """A field of the order that is no such thing takes nothing away from the cap."""
    assert codes(check(cli, shop("31.01", **{name: {"odd": []}}))) == ["RF204"]


@pytest.mark.parametrize("odd", [{"batchId": 5}, {"idempotencyKey": 5}, {"createdDate": []}])
def test_odd_field_of_an_earlier_refund_keeps_its_pieces(cli: Cli, odd: Document) -> None:
    """An earlier refund with a field that no cap needs counts all the same."""
    outcome = check(cli, taxcloud([{"items": [{"itemId": "A", "quantity": 2}], **odd}]))
    assert findings(outcome) == [("RF401", "/items/0/quantity")]
    assert "valid order" not in not_run(outcome)


@pytest.mark.parametrize("odd", [5, {}, {"items": None}, {"items": [{"itemId": "A", "quantity": "1"}]}])
def test_odd_earlier_refund_leaves_the_rest_of_the_order(cli: Cli, odd: Any) -> None:
    """Of an order with an earlier refund that is none, the others count, and rules about refunds have `not_run`."""
    outcome = check(cli, taxcloud([odd, {"items": [{"itemId": "A", "quantity": 1}]}], quantity=2, completedDate=None))
    assert codes(outcome) == ["RF314", "RF401"]
    assert not_run(outcome)["valid order"] == {"RF401", "RF405", "RF406"}


def test_odd_connection_of_an_order_is_not_compared(cli: Cli) -> None:
    """An order whose connectionId is a number is judged."""
    assert findings(check(cli, taxcloud([], connectionId=5))) == []
    assert codes(check(cli, taxcloud([], quantity=3, connectionId=5))) == ["RF401"]


@pytest.mark.parametrize("operation", [CREATE, "walmart.refund_order_lines", "walmart_ca.refund_order_lines"])
def test_order_as_it_stands_in_a_list_is_an_order(cli: Cli, operation: str) -> None:
    """An order without its wrapper is judged as the API's own response is, and tells the batch which order it is."""
    request = {**story(operation), "operation": operation}
    request.pop("headers", None)
    bare = deepcopy(request)
    (bare["order"],) = request["order"].values()
    for document in (request, bare):
        del document["path"]
    assert findings(check(cli, bare)) == findings(check(cli, request)) == []
    assert not_run(check(cli, bare)) == not_run(check(cli, request))
    write("r.jsonl", text(request) + b"\n" + text(bare) + b"\n")
    assert "RF317" in codes(check(cli, "r.jsonl", "--batch"))


@pytest.mark.parametrize("operation", [CREATE, REFUND])
@pytest.mark.parametrize(
    ("order", "there"),
    [
        ({"id": 7, "number": "7", "version": "9.0", "billing": {}, "total": "1.00"}, '"id", "number", "version"'),
        ([], "a list"),
        ({}, "an object"),
        ("7", '"7"'),
    ],
)
def test_order_of_another_form_is_told_what_it_is_and_what_is_wanted(
    cli: Cli, operation: str, order: Any, there: str
) -> None:
    """An order of another API, or none at all, is RF005 with what is there and what is wanted."""
    wanted = {CREATE: "an object with order", REFUND: "an object with orderId, lineItems"}[operation]
    document = {**(shop("1.00") if operation == CREATE else taxcloud([])), "order": order}
    (found,) = check(cli, document).document["findings"]
    assert found["code"] == "RF005"
    assert there in found["message"]
    assert wanted in found["help"]


# What a help says.


def helps(outcome: Outcome) -> dict[str, str]:
    return {each["pointer"]: each["help"] for each in outcome.document["findings"]}


def test_index_of_an_item_is_helped_to_its_name(cli: Cli) -> None:
    """`index`, as the answers have it, is `cartItemIndex` in a request."""
    assert "'cartItemIndex'" in helps(check(cli, INPUTS / "tc-index.json"))["/items/0/index"]


def test_names_of_the_older_api_are_helped_to_the_new_ones(cli: Cli) -> None:
    """The names of TaxCloud's API v1, and those of an order's line in WooCommerce, lead to the request's own."""
    body = {"cartItems": [], "items": [{"ItemID": "A", "Qty": 1, "Index": 0}]}
    found = helps(check(cli, {"operation": REFUND, "body": body}))
    expected = {"/cartItems": "items", "/items/0/ItemID": "itemId", "/items/0/Qty": "quantity"}
    for pointer, name in {**expected, "/items/0/Index": "cartItemIndex"}.items():
        assert f"'{name}'" in found[pointer]
    found = helps(check(cli, shop("1.00", {"71": {"quantity": 1, "total": "1.00"}})))
    where = "/order_refund/line_items/71"
    assert "'qty'" in found[f"{where}/quantity"]
    assert "'refund_total'" in found[f"{where}/total"]


def test_api_refund_in_the_body_is_helped_into_the_query(cli: Cli) -> None:
    """`api_refund` in the body is an unknown field, and the help says where it works."""
    document = shop("1.00")
    document["body"]["order_refund"]["api_refund"] = False
    outcome = check(cli, document)
    assert codes(outcome) == ["RF103"]
    assert "?api_refund=0" in helps(outcome)["/order_refund/api_refund"]


@pytest.mark.parametrize("name", ["walmart.cancel_orders", "taxcloud.create_refund", "walmart.refund_orders"])
def test_suggestion_of_an_operation_stays_within_its_api(cli: Cli, name: str) -> None:
    """An operation that an API lacks is not taken for another API's."""
    outcome = check(cli, {"operation": name, "body": {}})
    (found,) = outcome.document["findings"]
    assert f"did you mean '{name.partition('.')[0]}." in found["message"]
