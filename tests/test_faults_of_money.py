"""Refunds that would lose money: every earlier refund counts, in whichever form it is given."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import refundkit
from commands import Cli, Outcome, write
from refundkit import RefundOutcomeUnknown, connect
from refundkit_apis.walmart import models
from story import story, text

INPUTS = Path(__file__).parent / "fault_inputs"
REFUND = "walmart.refund_order_lines"
Document = dict[str, Any]


def check(cli: Cli, file: str | Path, *arguments: str) -> Outcome:
    return cli("check", "--isolated", "--output-format", "json", *arguments, str(file))


def findings(outcome: Outcome) -> dict[int, list[str]]:
    """Return the ids of the findings of each record with findings, after checking the exit status."""
    found: dict[int, set[str]] = {}
    errors = 0
    for each in outcome.document["findings"]:
        found.setdefault(each["record"], set()).add(each["code"])
        errors += each["severity"] == "error"
    assert outcome.status == bool(errors)
    return {record: sorted(codes) for record, codes in found.items()}


def not_run(outcome: Outcome) -> dict[str, set[str]]:
    """Return the rules that did not run, by the missing part."""
    missing: dict[str, set[str]] = {}
    for entry in outcome.document["not_run"]:
        missing.setdefault(entry["missing"], set()).update(entry["codes"])
    return missing


def read(name: str) -> Document:
    document: Document = json.loads((INPUTS / name).read_bytes(), parse_float=Decimal)
    return document


def read_lines(name: str) -> list[Document]:
    return [json.loads(line, parse_float=Decimal) for line in (INPUTS / name).read_bytes().splitlines()]


def write_lines(records: list[Document]) -> str:
    return write("r.jsonl", b"".join(text(record) + b"\n" for record in records))


def line_of(part: Any) -> Document:
    """Return the first line of a Walmart body or order."""
    (inner,) = part.values()
    line: Document = inner["orderLines"]["orderLine"][0]
    return line


def asking(document: Document, amount: str) -> Document:
    """Return the request with another amount."""
    document = deepcopy(document)
    charge = line_of(document["body"])["refunds"]["refund"][0]["refundCharges"]["refundCharge"][0]["charge"]
    charge["chargeAmount"]["amount"] = Decimal(amount)
    return document


# One request with its order.


def test_full_refund_of_a_line_that_was_refunded_is_one_too_many(cli: Cli) -> None:
    """A full refund is checked against what is left of its line and of its shipped quantity."""
    assert findings(check(cli, INPUTS / "full-refund-again.json")) == {1: ["RF203", "RF313"]}


def test_full_refund_of_a_line_that_was_not_refunded_is_clean(cli: Cli) -> None:
    """A full refund of a shipped line without earlier refunds has no finding."""
    document = read("full-refund-again.json")
    line = line_of(document["order"])
    del line["refund"]
    line["orderLineStatuses"]["orderLineStatus"][1]["status"] = "Shipped"
    assert findings(check(cli, write("r.json", text(document)))) == {}


@pytest.mark.parametrize(
    ("name", "last", "first"),
    [
        ("positive-history.json", "-5.00", "-5.01"),
        ("history-positive-min.json", "-10.00", "-10.01"),
        ("isdiscount-min.json", "-17.00", "-17.01"),
    ],
)
def test_earlier_refund_or_discount_with_a_positive_amount_lowers_the_cap(
    cli: Cli, name: str, last: str, first: str
) -> None:
    """An earlier refund or a discount with a positive amount lowers the cap by that amount."""
    assert findings(check(cli, INPUTS / name)) == {1: ["RF203"]}
    assert findings(check(cli, write("last.json", text(asking(read(name), last))))) == {}
    assert findings(check(cli, write("first.json", text(asking(read(name), first))))) == {1: ["RF203"]}


@pytest.mark.parametrize("name", ["positive-history.json", "history-positive-min.json"])
def test_refund_above_its_charge_is_too_much_whatever_was_refunded(cli: Cli, name: str) -> None:
    """A refund above its charge is a finding without earlier refunds too."""
    document = read(name)
    del line_of(document["order"])["refund"]
    assert findings(check(cli, write("r.json", text(document)))) == {1: ["RF203"]}


def test_earlier_quantity_below_zero_counts_by_its_size(cli: Cli) -> None:
    """A negative earlier quantity at TaxCloud counts by its absolute value, so nothing is left to refund."""
    name = "taxcloud-negative-history.json"
    assert findings(check(cli, INPUTS / name)) == {1: ["RF401"]}
    document = read(name)
    document["body"]["items"][0]["quantity"] = 1
    assert findings(check(cli, write("r.json", text(document)))) == {1: ["RF401"]}


def test_two_refunds_under_one_key_both_count(cli: Cli) -> None:
    """Two listed refunds with one idempotency key and different items both count."""
    name = "taxcloud-one-key-two-refunds.json"
    assert findings(check(cli, INPUTS / name)) == {1: ["RF401"]}
    document = read(name)
    document["body"]["items"][0]["itemId"] = "A"
    assert findings(check(cli, write("r.json", text(document)))) == {1: ["RF401"]}


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("full-refund-again.json", ["RF008", "RF203", "RF313"]),
        ("taxcloud-negative-history.json", ["RF008", "RF401"]),
    ],
)
@pytest.mark.parametrize("place", ["request", "file"])
@pytest.mark.parametrize("arguments", [(), ("--batch",)], ids=["apart", "batch"])
def test_empty_list_does_not_erase_the_refunds_that_the_order_tells(
    cli: Cli, name: str, codes: list[str], place: str, arguments: tuple[str, ...]
) -> None:
    """An empty list does not replace the order's refunds, and RF008 reports the difference."""
    document = read(name)
    if place == "request":
        document["refunds"] = []
    else:
        arguments += ("--refunds", write("refunds.json", "[]"))
    outcome = check(cli, write("r.json", text(document)), *arguments)
    assert findings(outcome) == {1: codes}
    (difference,) = [each for each in outcome.document["findings"] if each["code"] == "RF008"]
    assert re.search(": 20? and 0", difference["message"])


def test_full_refund_in_a_list_of_earlier_refunds_counts(cli: Cli) -> None:
    """A full refund among the earlier refunds counts as all that was left then."""
    first, second = read_lines("batch-full-then-partial.jsonl")
    for document in (first, second):
        document["refunds"] = [first["body"]]
        assert findings(check(cli, write("r.json", text(document)))) == {1: ["RF203"]}
        document["refunds"] = []
        assert findings(check(cli, write("r.json", text(document)))) in ({}, {1: ["RF312"]})


# A batch.


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("batch-full-twice.jsonl", {2: ["RF203"]}),
        ("batch-full-then-partial.jsonl", {2: ["RF203"]}),
        ("batch-upgraded-then-shipping.jsonl", {1: ["RF312"], 2: ["RF203"]}),
    ],
)
def test_full_refund_in_a_batch_takes_what_is_left(cli: Cli, name: str, codes: dict[int, list[str]]) -> None:
    """In a batch, a full refund leaves nothing for the next record; the full refund itself is clean."""
    assert findings(check(cli, INPUTS / name, "--batch")) == codes


@pytest.mark.parametrize("name", ["batch-full-twice.jsonl", "batch-full-then-partial.jsonl"])
def test_full_refund_without_its_order_is_not_counted_in_silence(cli: Cli, name: str) -> None:
    """Without an order the caps are reported as not run; a later record with the order counts both."""
    first, second = read_lines(name)
    del first["order"]
    outcome = check(cli, write_lines([first, second]), "--batch")
    assert findings(outcome) == {2: ["RF203"]}
    assert "RF203" in not_run(outcome)["order"]
    del second["order"]
    outcome = check(cli, write_lines([first, second]), "--batch")
    assert findings(outcome) == {}
    assert "RF203" in not_run(outcome)["order"]


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("batch-url-and-path.jsonl", ["RF204"]),
        ("batch-port.jsonl", ["RF204"]),
        ("batch-user.jsonl", ["RF204"]),
        ("batch-trailing-dot.jsonl", ["RF204"]),
        ("batch-relative-url.jsonl", ["RF204"]),
        ("batch-two-walmart-apis.jsonl", ["RF203", "RF317"]),
        ("batch-woocommerce-no-path.jsonl", ["RF204"]),
        ("batch-taxcloud-no-path.jsonl", ["RF401"]),
        ("batch-cancel-no-path.jsonl", ["RF304"]),
    ],
)
@pytest.mark.parametrize("turned", [False, True], ids=["as-it-is", "turned"])
def test_records_of_one_order_are_added_up_however_they_name_it(
    cli: Cli, name: str, codes: list[str], turned: bool
) -> None:
    """Two records of one order add up although they name it differently; each alone is clean."""
    records = read_lines(name)
    if turned:
        records.reverse()
    outcome = check(cli, write_lines(records), "--batch")
    if turned and name == "batch-cancel-no-path.jsonl":
        codes = ["RF403"]  # two of three are cancelled: one is open
    assert {record: found for record, found in findings(outcome).items() if record == 2} == {2: codes}
    for record in records:
        assert outcome_of_one(cli, record).status == 0


def outcome_of_one(cli: Cli, record: Document) -> Outcome:
    return check(cli, write_lines([record]), "--batch")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://SHOP.example", "https://shop.example"),
        ("https://shop.example//", "https://shop.example"),
        ("http://shop.example:80", "http://shop.example"),
    ],
)
def test_records_of_one_shop_are_added_up_however_the_host_is_written(cli: Cli, first: str, second: str) -> None:
    """Records add up across two spellings of one host."""
    records = read_lines("batch-port.jsonl")
    for record, base in zip(records, (first, second), strict=True):
        record["url"] = f"{base}/wc-api/v3/orders/55/refunds"
    assert findings(check(cli, write_lines(records), "--batch")) == {2: ["RF204"]}


def test_records_of_two_shops_under_one_host_are_not_added_up(cli: Cli) -> None:
    """Records of two shops under one host do not add up, even with one order number."""
    outcome = check(cli, INPUTS / "batch-two-shops-one-host.jsonl", "--batch")
    assert findings(outcome) == {}
    assert not {"path", "url"} & not_run(outcome).keys()


def test_record_that_may_be_of_two_shops_says_that_it_was_not_added_up(cli: Cli) -> None:
    """A record that may belong to either of two shops reports RF317 and its caps as not run without a URL."""
    records = read_lines("batch-two-shops-one-host.jsonl")
    nameless = {**records[0], "operation": "woocommerce_legacy.create_refund", "path": {"id": "55"}}
    del nameless["url"], nameless["method"]
    file = write_lines([*records, nameless])
    outcome = check(cli, file, "--batch")
    assert findings(outcome) == {}
    assert {"RF204", "RF317"} <= not_run(outcome)["url"]
    for form in ("concise", "full", "github"):
        written = cli("check", "--isolated", "--batch", "--output-format", form, file)
        assert f"{len(not_run(outcome)['url'])} rules want the URL" in written.out


@pytest.mark.parametrize("turned", [False, True], ids=["as-it-is", "turned"])
def test_records_of_one_order_are_added_up_where_one_does_not_tell_the_connection(cli: Cli, turned: bool) -> None:
    """A TaxCloud record without a connection counts for the only connection of the others."""
    records = read_lines("batch-taxcloud-no-path.jsonl")
    del records[0]["order"]["connectionId"]
    if turned:
        records.reverse()
    assert findings(check(cli, write_lines(records), "--batch")) == {2: ["RF401"]}


def test_record_that_may_be_of_two_connections_says_that_it_was_not_added_up(cli: Cli) -> None:
    """A record that may belong to either of two connections reports RF317 and its caps as not run."""
    first, second = read_lines("batch-taxcloud-no-path.jsonl")
    nameless = deepcopy(first)
    second["order"]["connectionId"] = "c0ffee00-0000-4000-8000-000000000002"
    del nameless["order"]["connectionId"]
    outcome = check(cli, write_lines([first, second, nameless]), "--batch")
    assert findings(outcome) == {}
    assert {"RF401", "RF317"} <= not_run(outcome)["path"]


def test_record_that_names_no_order_says_that_it_was_not_added_up(cli: Cli) -> None:
    """A record without path, URL and order reports that it was not added up."""
    record = {"operation": "woocommerce_legacy.create_refund", "body": {"order_refund": {"amount": "15.00"}}}
    outcome = check(cli, write_lines([record, record]), "--batch")
    assert {"RF204", "RF317"} <= not_run(outcome)["path"]


# An audit.


def audit(cli: Cli, *arguments: str | Path) -> tuple[Outcome, list[tuple[int, str]]]:
    """Return the output of an audit, and the row and id of each finding."""
    outcome = cli("audit", "--isolated", "--jobs", "1", "--out", "found.jsonl", *map(str, arguments))
    assert outcome.err == ""
    rows = [json.loads(line) for line in Path("found.jsonl").read_text("utf-8").splitlines()]
    return outcome, [(row["row"], row["code"]) for row in rows]


@pytest.mark.audit
def test_second_full_refund_of_a_history_is_found(cli: Cli) -> None:
    """In an audit, a refund after a full refund is a finding, and the full refund is clean."""
    requests = ("--requests", INPUTS / "audit-full-twice.requests.jsonl")
    outcome, found = audit(cli, *requests, "--orders", INPUTS / "audit-full-twice.orders.jsonl")
    assert (outcome.status, found) == (1, [(1, "RF203")])
    outcome, found = audit(cli, *requests)
    assert (outcome.status, found) == (0, [])
    assert "1 refund could not be counted" in outcome.out
    assert "2 requests without order" in outcome.out


SINGLE = {
    "full-refund-again.json": ["RF203", "RF313"],
    "positive-history.json": ["RF203"],
    "history-positive-min.json": ["RF203"],
    "isdiscount-min.json": ["RF203"],
    "taxcloud-negative-history.json": ["RF401"],
    "taxcloud-one-key-two-refunds.json": ["RF401"],
    "odd-charge-on-another-line.json": [],
}


@pytest.mark.audit
def test_audit_counts_the_refunds_of_orders_as_the_check_does(cli: Cli) -> None:
    """An audit has the same findings for a request and its order as the check."""
    requests, orders = [], []
    for number, name in enumerate(SINGLE, 1000):
        document = read(name)
        order_id = str(number)
        if document["operation"] == REFUND:
            for inner in (document["body"]["orderRefund"], document["order"]["order"]):
                inner["purchaseOrderId"] = order_id
            document["path"] = {"purchaseOrderId": order_id}
        else:
            document["path"]["orderId"] = document["order"]["orderId"] = order_id
            document["order"]["connectionId"] = document["path"]["connectionId"]
        row = {part: document[part] for part in ("operation", "path", "body")}
        requests.append({**row, "time": "2026-01-02T00:00:00Z"})
        orders.append(document["order"])
    write("requests.jsonl", b"".join(text(row) + b"\n" for row in requests))
    write("orders.jsonl", b"".join(text(row) + b"\n" for row in orders))
    _, found = audit(cli, "--requests", "requests.jsonl", "--orders", "orders.jsonl", "--orders-as-of", "before")
    assert found == [(row, code) for row, codes in enumerate(SINGLE.values()) for code in codes]


# Odd parts of an order.

MONEY = {"currency": "USD", "amount": 10}
ODD: dict[str, Callable[[Document], object]] = {
    "a charge without its amount": lambda line: None,
    "no charges": lambda line: line.update(charges={}),
    "charges that are null": lambda line: line.update(charges=None),
    "an amount that is text": lambda line: line["charges"]["charge"][0]["chargeAmount"].update(amount="10"),
    "an amount that is null": lambda line: line["charges"]["charge"][0]["chargeAmount"].update(amount=None),
    "a tax without its amount": lambda line: line["charges"].update(
        charge=[{"chargeType": "PRODUCT", "chargeAmount": MONEY, "tax": {"taxName": "T"}}]
    ),
    "a quantity that is a number": lambda line: line.update(orderLineQuantity={"amount": 1}),
    "a status without quantity": lambda line: line.update(
        orderLineStatuses={"orderLineStatus": [{"status": "Shipped"}]}
    ),
    "a refund that is none": lambda line: line.update(refund=5),
}


def odd(what: str) -> Document:
    """Return a refund of line 1 of an order whose line 2 has an invalid field."""
    document = read("odd-charge-on-another-line.json")
    ODD[what](document["order"]["order"]["orderLines"]["orderLine"][1])
    return document


@pytest.mark.parametrize("what", ODD)
def test_odd_line_takes_nothing_away_from_a_refund_of_another_line(cli: Cli, what: str) -> None:
    """An invalid line does not change the findings about a refund of another line."""
    good, bad = odd(what), asking(odd(what), "-10.01")
    outcome = check(cli, write_lines([good]))
    assert findings(outcome) == {}
    assert "valid order" not in not_run(outcome)
    outcome = check(cli, write_lines([bad]))
    assert findings(outcome) == {1: ["RF203"]}
    assert "valid order" not in not_run(outcome)
    # The batch adds up what it can read.
    assert findings(check(cli, write_lines([good, asking(good, "-9.01")]), "--batch")) == {2: ["RF203"]}


@pytest.mark.parametrize("what", ODD)
@pytest.mark.parametrize("full", [False, True], ids=["partial", "full"])
@pytest.mark.parametrize("arguments", [(), ("--batch",)], ids=["apart", "batch"])
def test_refund_of_an_odd_line_says_that_its_caps_did_not_run(
    cli: Cli, what: str, full: bool, arguments: tuple[str, ...]
) -> None:
    """The caps of a refund of an invalid line are reported as not run."""
    document = odd(what)
    line = line_of(document["body"])
    line["lineNumber"] = "2"
    if full:
        line |= {"isFullRefund": True, "refunds": {"refund": [{"refundCharges": {}}]}}
    outcome = check(cli, write_lines([document, document]), *arguments)
    assert not [each for each in outcome.document["findings"] if each["code"] not in ("RF317",)]
    assert {"RF203", "RF301", "RF302"} <= not_run(outcome)["valid order"]


# Fields of a line that no cap needs, with what is odd about them and the rules that read them.
SPARE: dict[str, tuple[Callable[[Document], object], set[str]]] = {
    "a date": (lambda line: line.update(statusDate="soon"), set()),
    "an item": (lambda line: line.update(item=5), set()),
    "a carrier": (
        lambda line: line["orderLineStatuses"]["orderLineStatus"][0].update(trackingInfo={"carrierName": 5}),
        set(),
    ),
    "a unit": (lambda line: line["orderLineQuantity"].update(unitOfMeasurement=5), set()),
    "a tax's name": (
        lambda line: line["charges"]["charge"][0].update(tax={"taxName": 5, "taxAmount": {**MONEY, "amount": 1}}),
        set(),
    ),
    "a return": (lambda line: line.update(returnOrderId=5), {"RF318"}),
    "a ship node": (lambda line: line.update(shipNode={"type": 5}), {"RF319"}),
}


@pytest.mark.parametrize("what", SPARE)
@pytest.mark.parametrize("arguments", [(), ("--batch",)], ids=["apart", "batch"])
def test_odd_field_of_the_refunded_line_keeps_the_caps_that_do_not_need_it(
    cli: Cli, what: str, arguments: tuple[str, ...]
) -> None:
    """An invalid field of the refunded line stops only the rules that read it, also beside an odd line."""
    make_odd, readers = SPARE[what]
    document = read("odd-charge-on-another-line.json")
    make_odd(document["order"]["order"]["orderLines"]["orderLine"][0])
    for amount, codes in (("-1", {}), ("-10.01", {1: ["RF203"]})):
        outcome = check(cli, write("r.json", text(asking(document, amount))), *arguments)
        assert findings(outcome) == codes
        assert not_run(outcome).get("valid order", set()) == readers


@pytest.mark.parametrize("field", ["isDiscount", "tax", "refund", "taxDetails"])
def test_odd_field_that_a_cap_needs_takes_its_line_away(cli: Cli, field: str) -> None:
    """An invalid field that says what is left of the line keeps the line's caps from running, and no other line's."""
    document = read("odd-charge-on-another-line.json")
    line, other = document["order"]["order"]["orderLines"]["orderLine"]
    other["charges"]["charge"].pop()
    (line if field == "refund" else line["charges"]["charge"][0])[field] = "odd"
    outcome = check(cli, write("r.json", text(asking(document, "-10.01"))))
    assert findings(outcome) == {}
    assert {"RF203", "RF207", "RF302"} <= not_run(outcome)["valid order"]
    second = asking(document, "-10.01")
    line_of(second["body"])["lineNumber"] = "2"
    outcome = check(cli, write("r.json", text(second)))
    assert findings(outcome) == {1: ["RF203"]}
    assert "valid order" not in not_run(outcome)


@pytest.mark.parametrize("shipping", [5, None, {"postalAddress": 5}, {"estimatedShipDate": "soon"}])
def test_odd_field_that_no_cap_needs_keeps_the_caps(cli: Cli, shipping: object) -> None:
    """An invalid shippingInfo does not stop the caps."""
    document = read("odd-charge-on-another-line.json")
    document["order"]["order"]["shippingInfo"] = shipping
    outcome = check(cli, write("r.json", text(asking(document, "-10.01"))))
    assert findings(outcome) == {1: ["RF203"]}
    assert "valid order" not in not_run(outcome)


ODD_VALUES: tuple[Any, ...] = (None, {}, [], True, 5, "x", [None])
# A refund that is far too much, by its operation, and the rule that says so.
TOO_MUCH = {
    REFUND: "RF203",
    "walmart_ca.refund_order_lines": "RF203",
    "taxcloud.refund_order": "RF401",
    "woocommerce_legacy.create_refund": "RF204",
}


def too_much(operation: str) -> Document:
    request = story(operation)
    if operation == "taxcloud.refund_order":
        request["body"]["items"] = [{"itemId": "OIL-LITRE", "quantity": 9000}]
        return request
    if operation == "woocommerce_legacy.create_refund":
        request["body"]["order_refund"]["amount"] = "9000.00"
        return request
    return asking(request, "-9000.00")


@pytest.mark.parametrize("operation", TOO_MUCH)
def test_no_odd_value_of_an_order_lifts_a_cap_in_silence(operation: Any) -> None:
    """With any invalid value in the order, the cap reports a finding, or that it did not run."""
    request, code = too_much(operation), TOO_MUCH[operation]
    body, path = text(request["body"]), request["path"]
    for pointer, order in with_odd_values(request["order"]):
        report = refundkit.check(operation, body, order=text(order), path=path)
        told = {each.code for each in report.findings if each.severity == "error"}
        waiting = {waits for entry in report.not_run for waits in entry.codes}
        assert told & {code, "RF005", "RF301"} or code in waiting, pointer


def with_odd_values(order: Document) -> Iterator[tuple[str, Document]]:
    """Yield the order with one invalid value, for each place and value."""
    for place in places(order, ()):
        for value in ODD_VALUES:
            changed = deepcopy(order)
            holder: Any = changed
            for step in place[:-1]:
                holder = holder[step]
            holder[place[-1]] = value
            yield f"{place}: {value!r}", changed


def places(node: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, inner in items:
        yield (*path, step)
        yield from places(inner, (*path, step))


# Whether a refund was made whose answer was lost.


class Shop:
    """A Walmart server that loses the response to a refund of its 25.00 order; then the order shows `refunded`."""

    def __init__(self, **refunded: int) -> None:
        self.refunded = refunded
        self.is_sent = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v3/token":
            return httpx.Response(200, json={"access_token": "t", "token_type": "Bearer", "expires_in": 900})
        if request.method == "GET":
            return httpx.Response(200, content=text(self.order()))
        self.is_sent = True
        raise httpx.ReadTimeout("no answer", request=request)

    def order(self) -> Document:
        order: Document = read_lines("batch-full-twice.jsonl")[0]["order"]
        if self.is_sent and self.refunded:
            charges = [refunded_charge(kind, amount) for kind, amount in self.refunded.items()]
            line_of(order)["refund"] = {"refundCharges": {"refundCharge": charges}}
        return order


def refunded_charge(kind: str, amount: int) -> Document:
    money = {"currency": "USD", "amount": amount}
    return {"refundReason": "BillingError", "charge": {"chargeType": kind, "chargeName": "x", "chargeAmount": money}}


def full_refund() -> models.OrderRefund:
    refunds = models.Refunds(refund=[models.Refund(refund_charges=models.RefundCharges())])
    line = models.RefundLine(line_number="1", is_full_refund=True, refunds=refunds)
    return models.OrderRefund(purchase_order_id="123", order_lines=models.RefundLines(order_line=[line]))


def ask(shop: Shop) -> object:
    """Return what resolve() says of a full refund whose response was lost, or the error that it raises."""
    wire = httpx.MockTransport(shop)
    with connect.walmart("id", "secret", base_url="https://w.example", transport=wire) as walmart:
        try:
            walmart.refund_order_lines("123", full_refund())
        except RefundOutcomeUnknown as error:
            try:
                return error.resolve(wait=0)
            except RefundOutcomeUnknown as unknown:
                return unknown
    raise AssertionError("the answer was not lost")


async def ask_async(shop: Shop) -> object:
    wire = httpx.MockTransport(shop)
    async with connect.walmart("id", "secret", base_url="https://w.example", transport=wire) as walmart:
        try:
            await walmart.refund_order_lines("123", full_refund())
        except RefundOutcomeUnknown as error:
            try:
                return await error.resolve_async(wait=0)
            except RefundOutcomeUnknown as unknown:
                return unknown
    raise AssertionError("the answer was not lost")


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize(
    "refunded", [{"PRODUCT": -1}, {"PRODUCT": -20}, {"SHIPPING": -5}, {"PRODUCT": -20, "SHIPPING": -4}, {}]
)
def test_full_refund_is_not_taken_for_made_because_part_of_the_line_came_back(
    way: str, refunded: dict[str, int]
) -> None:
    """resolve() does not count a full refund as made if the order shows less than its amount."""
    shop = Shop(**refunded)
    made = ask(shop) if way == "sync" else asyncio.run(ask_async(shop))
    assert shop.is_sent
    assert made is not True


@pytest.mark.parametrize("way", ["sync", "async"])
def test_full_refund_is_taken_for_made_where_all_of_the_line_came_back(way: str) -> None:
    """resolve() counts a full refund as made if the order shows its full amount."""
    shop = Shop(PRODUCT=-20, SHIPPING=-5)
    assert (ask(shop) if way == "sync" else asyncio.run(ask_async(shop))) is refundkit.Outcome.MADE
