"""Whether a lost refund was made: decided from what the API shows before and after."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

import msgspec
import pytest
from faults import ORDERS
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from refundkit import Outcome, operations, testing
from refundkit.apis import find_module
from refundkit.apis.shared.sent import SentRefund, Snapshot
from refundkit.apis.shared.serving import load_first_order
from refundkit.client import evidence
from refundkit.client.evidence import conceal_texts, read_before
from refundkit.client.outcome import find_contradiction, find_outcome, read_snapshot
from refundkit.journal import Entry
from refundkit.reading.xml import read_xml
from refundkit_apis._runtime.codec import decode, encode
from story import story
from test_testing import send

REFUND = {
    "walmart": "walmart.refund_order_lines",
    "walmart_ca": "walmart_ca.refund_order_lines",
    "woocommerce": "woocommerce.create_refund",
    "woocommerce_legacy": "woocommerce_legacy.create_refund",
    "taxcloud": "taxcloud.refund_order",
}
Body = dict[str, Any]


def find_in_journal(request: SentRefund, before: Snapshot, after: Snapshot) -> Outcome | None:
    """Return what a row of a journal tells, of which nothing but its JSON is left."""
    entry = Entry(
        order="x", operation=request.operation.name, method="POST", url="https://shop.example/x", path=request.path,
        body=conceal_texts(request.operation, request.body), before=read_before(request, before), left_at=1.0,
    )  # fmt: skip
    return evidence.find_outcome(msgspec.json.decode(msgspec.json.encode(entry), type=Entry), after)


Finder: TypeAlias = Callable[[SentRefund, Snapshot, Snapshot], Outcome | None]
FINDERS = pytest.mark.parametrize("finds", [find_outcome, find_in_journal])
OUTCOMES = {True: Outcome.MADE, False: Outcome.NOT_MADE, None: None}
serve: Callable[..., testing.Server] = testing.server


def sent(name: str, body: Body | None, **path: str) -> SentRefund:
    given = {**story(name)["path"], **path}
    text = None if body is None else encode(body)
    return SentRefund(operation=operations.get(name), path=given, body=text)


def tells(shop: testing.Server) -> Snapshot:
    """Return what an API shows of the order now."""
    order = ORDERS[shop.api]
    told = {"woocommerce": shop.refunds(order), "woocommerce_legacy": {"order_refunds": shop.refunds(order)}}
    text = encode(told[shop.api]) if shop.api in told else None
    return read_snapshot(operations.get(REFUND[shop.api]), encode(shop.orders[order]), text)


def make(shop: testing.Server, body: Body) -> Any:
    """Make a refund, and return the model of the answer."""
    answer = send(shop, REFUND[shop.api], {"body": body})
    assert answer.status in (200, 201), answer.body
    operation = operations.get(REFUND[shop.api])
    content = answer.body
    if operation.answers_xml:
        content = encode(read_xml(content, operation.schema("200")).value)
    return decode(content, operation.struct(operations.success(operation)))


# Random orders: each with what is left of it, from which refunds are drawn.


class Drawn(NamedTuple):
    """A server with a random order, earlier refunds, one more refund that it accepts, and another client's."""

    shop: testing.Server
    body: Body
    foreign: Body


def cents(number: int) -> Decimal:
    return Decimal(number).scaleb(-2)


class Walmart:
    """A random order with item price, tax and shipping; no refund takes a complete item price."""

    def __init__(self, draw: Any, api: str) -> None:
        self.draw = draw
        self.api = api
        self.order = load_first_order(api)
        lines = self.order["order"]["orderLines"]["orderLine"]
        first = lines[0]
        lines[:] = [self._line(copy.deepcopy(first), str(number)) for number in range(1, draw(st.integers(1, 3)) + 1)]
        self.left: dict[tuple[str, int], tuple[Decimal, Decimal | None]] = {}
        for line in lines:
            for place, charge in enumerate(line["charges"]["charge"]):
                tax = charge["tax"]["taxAmount"]["amount"] if "tax" in charge else None
                self.left[line["lineNumber"], place] = (charge["chargeAmount"]["amount"], tax)

    def _line(self, line: Body, number: str) -> Body:
        product, shipping = line["charges"]["charge"]
        product["chargeAmount"]["amount"] = cents(self.draw(st.integers(10, 100000)))
        product["tax"]["taxAmount"]["amount"] = cents(self.draw(st.integers(5, 5000)))
        shipping["chargeAmount"]["amount"] = cents(self.draw(st.integers(5, 2000)))
        return {**line, "lineNumber": number}

    def body(self) -> Body:
        numbers = sorted({number for number, _ in self.left})
        chosen = self.draw(st.lists(st.sampled_from(numbers), min_size=1, unique=True))
        template: Body = copy.deepcopy(story(REFUND[self.api])["body"])
        lines = template["orderRefund"]["orderLines"]["orderLine"]
        asked = lines[0]
        lines[:] = [self._asked(copy.deepcopy(asked), number) for number in chosen]
        return template

    def _asked(self, line: Body, number: str) -> Body:
        product, shipping = line["refunds"]["refund"][0]["refundCharges"]["refundCharge"]
        self._take(product["charge"], number, 0)
        charges = [product]
        if self.draw(st.booleans()):
            self._take(shipping["charge"], number, 1)
            charges.append(shipping)
        line["refunds"]["refund"][0]["refundCharges"]["refundCharge"] = charges
        return {**line, "lineNumber": number}

    def _take(self, charge: Body, number: str, place: int) -> None:
        """A share of what is left, never all."""
        price, tax = self.left[number, place]
        amount = cents(self.draw(st.integers(1, max(1, int(price * 100) // 4))))
        charge["chargeAmount"]["amount"] = -amount
        left = None
        if tax is not None and "tax" in charge:
            part = cents(self.draw(st.integers(1, max(1, int(tax * 100) // 5))))
            charge["tax"]["taxAmount"]["amount"] = -part
            left = tax - part
        assume(amount < price and (left is None or left > 0))
        self.left[number, place] = (price - amount, left)


class Shop:
    """An order with a random total, refunded by amount."""

    def __init__(self, draw: Any, api: str) -> None:
        self.draw = draw
        self.api = api
        self.left = draw(st.integers(10, 1000000))
        module: Any = find_module(api, "server")
        self.order = module.replace_total(load_first_order(api), cents(self.left))

    def body(self) -> Body:
        assume(self.left > 1)
        amount = self.draw(st.integers(1, self.left - 1))
        self.left -= amount
        refund = {"amount": str(cents(amount)), "reason": "Of no matter"}
        return refund if self.api == "woocommerce" else {"order_refund": refund}


class TaxCloud:
    """An order of some items, refunded by quantity, with and without keys."""

    def __init__(self, draw: Any, _: str) -> None:
        self.draw = draw
        self.count = 0
        self.order = {**load_first_order("taxcloud"), "refunds": []}
        line = self.order["lineItems"][0]
        self.left = {f"ITEM-{index}": draw(st.integers(5, 50)) for index in range(draw(st.integers(1, 4)))}
        self.order["lineItems"] = [
            {**line, "index": index, "itemId": name, "quantity": quantity}
            for index, (name, quantity) in enumerate(self.left.items())
        ]

    def body(self) -> Body:
        open_items = [name for name, quantity in self.left.items() if quantity]
        assume(open_items)
        items = []
        for name in self.draw(st.lists(st.sampled_from(open_items), min_size=1, unique=True)):
            quantity = self.draw(st.integers(1, self.left[name]))
            self.left[name] -= quantity
            items.append({"itemId": name, "quantity": quantity})
        self.count += 1
        return {"items": items, "idempotencyKey": f"key-{self.count}"}


KINDS: dict[str, Any] = {
    "walmart": Walmart,
    "walmart_ca": Walmart,
    "woocommerce": Shop,
    "woocommerce_legacy": Shop,
    "taxcloud": TaxCloud,
}


@st.composite
def drawn(draw: Any, api: str) -> Drawn:
    shop = serve(api)
    orders = KINDS[api](draw, api)
    shop.add_order(orders.order)
    for _ in range(draw(st.integers(0, 3))):
        make(shop, orders.body())
    return Drawn(shop, orders.body(), orders.body())


@FINDERS
@pytest.mark.parametrize("api", operations.APIS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_was_made_is_told_from_what_was_not(finds: Finder, api: str, data: st.DataObject) -> None:
    """For random orders, an applied refund counts as made and one that was not applied as not made."""
    shop, body, _ = data.draw(drawn(api))
    before = tells(shop)
    request = sent(REFUND[api], body)
    assert finds(request, before, tells(shop)) is Outcome.NOT_MADE
    answer = make(shop, body)
    assert finds(request, before, tells(shop)) is Outcome.MADE
    assert find_contradiction(request, before, answer) is None
    assert find_contradiction(request, NOBODY, answer) is None


@FINDERS
@pytest.mark.parametrize("api", operations.APIS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_another_refund_in_between_misleads_nobody(finds: Finder, api: str, data: st.DataObject) -> None:
    """With another client's refund in between, the decision is never wrong.

    Unless the two are equal in all that this one names: then nobody can tell, and the other one counts.
    """
    shop, body, foreign = data.draw(drawn(api))
    assume(not names(foreign).items() >= names(body).items())
    before = tells(shop)
    request = sent(REFUND[api], body)
    make(shop, foreign)
    assert finds(request, before, tells(shop)) is not Outcome.MADE
    make(shop, body)
    assert finds(request, before, tells(shop)) is not Outcome.NOT_MADE


def names(body: Body) -> Body:
    """Return what a refund names: its lines by their numbers, or else its body."""
    if "orderRefund" not in body:
        return body
    return {line["lineNumber"]: line["refunds"] for line in body["orderRefund"]["orderLines"]["orderLine"]}


@FINDERS
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_taxcloud_without_keys_in_its_answers(finds: Finder, data: st.DataObject) -> None:
    """Without keys in TaxCloud's responses, the quantities decide; other quantities leave it open."""
    shop, body, foreign = data.draw(drawn("taxcloud"))
    before = nameless(shop)
    request = sent(REFUND["taxcloud"], body)
    assert finds(request, before, nameless(shop)) is Outcome.NOT_MADE
    make(shop, foreign)
    same = sorted(map(encode, foreign["items"])) == sorted(map(encode, body["items"]))
    assert finds(request, before, nameless(shop)) is (Outcome.MADE if same else None)
    make(shop, body)
    assert finds(request, before, nameless(shop)) is Outcome.MADE


def nameless(shop: testing.Server) -> Snapshot:
    order = shop.orders[ORDERS["taxcloud"]]
    bare = [{name: value for name, value in one.items() if name != "idempotencyKey"} for one in order["refunds"]]
    return read_snapshot(operations.get(REFUND["taxcloud"]), encode({**order, "refunds": bare}), None)


# Cases.


@pytest.fixture(params=operations.APIS)
def shop(request: pytest.FixtureRequest) -> testing.Server:
    return serve(request.param)


NOBODY = Snapshot()


def test_what_was_not_read_before_or_after_tells_nothing(shop: testing.Server) -> None:
    """Without the order before or after, it is open, except that TaxCloud's key needs only the order after."""
    name = REFUND[shop.api]
    body = story(name)["body"]
    before = tells(shop)
    make(shop, body)
    request = sent(name, body)
    assert find_outcome(request, before, NOBODY) is None
    assert find_outcome(request, NOBODY, tells(shop)) is (Outcome.MADE if shop.api == "taxcloud" else None)
    assert find_outcome(request, NOBODY, before) is None


def test_an_order_that_is_none_tells_nothing(shop: testing.Server) -> None:
    """An HTML page or a truncated document instead of the order leaves it open."""
    name = REFUND[shop.api]
    request, before = sent(name, story(name)["body"]), tells(shop)
    texts = [b"<html></html>", b'{"order": {', b"", b"[]", b"\xff", b"{}", b"null", b'{"message": "maintenance"}']
    texts += [
        b'{"order": {}, "order_refunds": null}',
        b'{"order": null, "refunds": []}',
        b'{"errors": [{"code": "x"}]}',
    ]
    for text in texts:
        refunds = b"[]" if shop.api == "taxcloud" else text  # as the guard has it, where nobody tells of any
        assert find_outcome(request, before, read_snapshot(request.operation, text, refunds)) is None
    if shop.api == "woocommerce_legacy":
        order = encode(shop.orders[ORDERS[shop.api]])
        assert all(
            find_outcome(request, before, read_snapshot(request.operation, order, text)) is None for text in texts
        )


def test_a_body_that_is_none_tells_nothing(shop: testing.Server) -> None:
    """A body that the model refuses leaves it open and raises nothing."""
    request = SentRefund(
        operation=operations.get(REFUND[shop.api]), path=story(REFUND[shop.api])["path"], body=b'{"amount": []}'
    )
    before = tells(shop)
    body = story(REFUND[shop.api])["body"]
    body.pop("idempotencyKey", None)
    make(shop, body)
    assert find_outcome(request, before, tells(shop)) is None


@FINDERS
def test_two_equal_refunds_cannot_be_told_apart(finds: Finder, shop: testing.Server) -> None:
    """Another client's equal refund counts as this one, unless their idempotency keys differ."""
    name = REFUND[shop.api]
    before = tells(shop)
    body = story(name)["body"]
    make(shop, body)
    other = {**body, "idempotencyKey": "another"} if shop.api == "taxcloud" else body
    assert finds(sent(name, other), before, tells(shop)) is OUTCOMES[shop.api != "taxcloud"]


@FINDERS
@pytest.mark.parametrize("whole", ["isFullRefund", "item price"])
def test_walmart_gives_back_more_than_is_named(finds: Finder, whole: str) -> None:
    """A full refund of a Walmart line counts as made only with its shipping."""
    shop = serve("walmart")
    before = tells(shop)
    body = story(REFUND["walmart"])["body"]
    line = body["orderRefund"]["orderLines"]["orderLine"][0]
    charges = line["refunds"]["refund"][0]["refundCharges"]["refundCharge"]
    del charges[1:]
    if whole == "isFullRefund":
        line["isFullRefund"] = True
    else:
        charges[0]["charge"]["chargeAmount"]["amount"] = Decimal("-39.98")
        charges[0]["charge"]["tax"]["taxAmount"]["amount"] = Decimal("-3.30")
    request = sent(REFUND["walmart"], body)
    assert finds(request, before, tells(shop)) is Outcome.NOT_MADE
    make(shop, body)
    assert finds(request, before, tells(shop)) is Outcome.MADE


@FINDERS
def test_part_of_what_was_asked_is_no_answer(finds: Finder) -> None:
    """If only one of two charges, or another amount, was refunded, it is open."""
    shop = serve("walmart")
    before = tells(shop)
    body = story(REFUND["walmart"])["body"]
    less = copy.deepcopy(body)
    del less["orderRefund"]["orderLines"]["orderLine"][0]["refunds"]["refund"][0]["refundCharges"]["refundCharge"][1]
    make(shop, less)
    assert finds(sent(REFUND["walmart"], body), before, tells(shop)) is None


@FINDERS
@pytest.mark.parametrize("api", ["walmart", "walmart_ca"])
def test_a_cancellation_is_counted_in_pieces(finds: Finder, api: Any) -> None:
    """A cancellation counts as made if the order shows the cancelled quantity."""
    name = f"{api}.cancel_order_lines"
    shop = serve(api)
    before = tells(shop)
    body = story(name)["body"]
    assert finds(sent(name, body), before, tells(shop)) is Outcome.NOT_MADE
    assert send(shop, name, {"body": body}).status == 200
    assert finds(sent(name, body), before, tells(shop)) is Outcome.MADE


@pytest.mark.parametrize(
    ("asked", "kept", "made"),
    [
        ("5.555", "5.56", True),
        ("5.554", "5.55", True),
        (Decimal("5.5"), "5.50", True),
        (5, "5.00", True),
        ("5.00", Decimal(5), True),
        ("5.00", "5.01", None),
        ("0.00", "-0.00", True),
        ("5.00", "five", None),
        ("5.00", "", None),
        ("5.00", "NaN", None),
        ("5.00", "1e999999999", None),
        ("9" * 200, "5.00", None),
    ],
)
def test_woocommerce_keeps_two_decimals(asked: Any, kept: Any, made: bool | None) -> None:
    """Amounts are compared with two decimals; another amount or an invalid one leaves it open."""
    request = sent(REFUND["woocommerce_legacy"], {"order_refund": {"amount": asked}})
    order = encode(load_first_order("woocommerce_legacy"))
    before = read_snapshot(request.operation, order, b'{"order_refunds": []}')
    after = read_snapshot(request.operation, order, encode({"order_refunds": [{"id": 7, "amount": kept}]}))
    assert find_outcome(request, before, after) is OUTCOMES[made]


@pytest.mark.parametrize(
    ("change", "kept", "made"),
    [
        ({"amount": "7.50"}, {"amount": "7.50"}, True),
        ({"amount": "7.5"}, {"amount": "7.50"}, True),
        ({"amount": "7.50"}, {"amount": "8.00"}, False),
        ({"amount": "7.50"}, {"amount": "?"}, None),
        ({"reason": "New"}, {"amount": "8.00", "reason": "New"}, True),
        ({"reason": "New"}, {"amount": "8.00", "reason": "Old"}, None),
        ({"reason": "New"}, {"amount": "8.00"}, None),
        ({"amount": "7.50"}, None, None),
    ],
)
def test_an_update_reads_as_it_was_asked(change: Body, kept: Body | None, made: bool | None) -> None:
    """An update counts by its amount, or by its reason if it is there; a missing refund leaves it open."""
    request = sent("woocommerce_legacy.update_refund", {"order_refund": change})
    listed = [] if kept is None else [{"id": 900, **kept}]
    after = read_snapshot(request.operation, None, encode({"order_refunds": listed}))
    assert find_outcome(request, NOBODY, after) is OUTCOMES[made]


def test_a_list_that_has_lost_a_refund_tells_nothing() -> None:
    """If an earlier refund is missing from the list, it is open."""
    request = sent(REFUND["woocommerce_legacy"], {"order_refund": {"amount": "5.00"}})
    order = encode(load_first_order("woocommerce_legacy"))
    before = read_snapshot(request.operation, order, b'{"order_refunds": [{"id": 7, "amount": "1.00"}]}')
    assert find_outcome(request, before, before) is Outcome.NOT_MADE
    assert find_outcome(request, before, read_snapshot(request.operation, order, b'{"order_refunds": []}')) is None
    shop = serve("taxcloud")
    request, earlier = sent(REFUND["taxcloud"], story(REFUND["taxcloud"])["body"]), tells(shop)
    assert find_outcome(request, earlier, earlier) is Outcome.NOT_MADE
    assert find_outcome(request, earlier, Snapshot(order=earlier.order, refunds=[])) is None


@pytest.mark.parametrize("refund", ["900", "0900"])
def test_a_deleted_refund_is_gone(refund: str) -> None:
    """A deletion counts as made if the refund is missing from the list."""
    request = sent("woocommerce_legacy.delete_refund", None, refund_id=refund)
    there = read_snapshot(request.operation, None, encode({"order_refunds": [{"id": 900, "amount": "5.00"}]}))
    gone = read_snapshot(request.operation, None, b'{"order_refunds": []}')
    assert find_outcome(request, NOBODY, there) is Outcome.NOT_MADE
    assert find_outcome(request, NOBODY, gone) is Outcome.MADE
    assert find_outcome(request, NOBODY, NOBODY) is None


# All that a refund names is compared.


def order_line(body: Body) -> Body:
    line: Body = body["orderRefund"]["orderLines"]["orderLine"][0]
    return line


def charge_of(line: Body) -> Body:
    charge: Body = line["refunds"]["refund"][0]["refundCharges"]["refundCharge"][0]
    return charge


def test_a_full_refund_is_not_part_of_its_line() -> None:
    """A full refund without amounts is not made because somebody refunded a part of the line."""
    shop = serve("walmart")
    before = tells(shop)
    body = story(REFUND["walmart"])["body"]
    whole, part = copy.deepcopy(body), copy.deepcopy(body)
    order_line(whole)["isFullRefund"] = True
    order_line(whole)["refunds"]["refund"][0]["refundCharges"] = {}
    make(shop, part)
    assert find_outcome(sent(REFUND["walmart"], whole), before, tells(shop)) is None


@pytest.mark.parametrize("reason", ["BillingError", "DAMAGEDITEM"])
def test_a_refund_for_another_reason_is_another_one(reason: str) -> None:
    """Somebody's refund of the same charges for another reason leaves it open; a reason has no case."""
    shop = serve("walmart")
    before = tells(shop)
    body = story(REFUND["walmart"])["body"]
    make(shop, body)
    for charge in order_line(body)["refunds"]["refund"][0]["refundCharges"]["refundCharge"]:
        charge["refundReason"] = reason
    request = SentRefund(
        operation=operations.get(REFUND["walmart"]),
        path=story(REFUND["walmart"])["path"],
        body=encode(body).replace(b"DAMAGEDITEM", b"DamagedItem"),
    )
    assert find_outcome(request, before, tells(shop)) is (None if reason == "BillingError" else Outcome.MADE)


def recorded(item_id: int, total: str, quantity: int, **changes: Any) -> Body:
    """Return a refund as a shop lists it, with one line."""
    line = {"id": 99, "total": f"-{total}", "total_tax": "0.00", "quantity": -quantity, "refunded_item_id": item_id}
    return {"id": 7, "amount": "20.00", "reason": "Scratched", "line_items": [line], **changes}


ITEM = {"71": {"qty": 1, "refund_total": "20.00"}}


@pytest.mark.parametrize(
    ("kept", "made"),
    [
        (recorded(71, "20.00", 1), True),
        (recorded(0, "20.00", 1), True),
        (recorded(71, "20.00", 1, line_items=[]), True),
        (recorded(71, "20.00", 1, reason=" Scratched "), True),
        (recorded(71, "20.00", 1, reason="Other"), None),
        (recorded(71, "20.00", 1, reason=""), None),
        (recorded(72, "20.00", 1), None),
        (recorded(71, "19.00", 1), None),
        (recorded(71, "20.00", 2), None),
        (recorded(0, "19.00", 1), None),
        (recorded(71, "20.00", 1, amount="20.01"), None),
    ],
)
def test_amount_reason_and_items_of_a_shops_refund_are_compared(kept: Body, made: bool | None) -> None:
    """A shop's refund counts as this one if amount, reason and the items that it shows are the same."""
    body = {"order_refund": {"amount": "20.00", "reason": "Scratched", "line_items": ITEM}}
    request = sent(REFUND["woocommerce_legacy"], body)
    order = encode(load_first_order("woocommerce_legacy"))
    before = read_snapshot(request.operation, order, b'{"order_refunds": []}')
    after = read_snapshot(request.operation, order, encode({"order_refunds": [kept]}))
    assert find_outcome(request, before, after) is OUTCOMES[made]


def test_no_reason_is_a_reason_too() -> None:
    """A refund without a reason is not the one that somebody made for a reason."""
    request = sent(REFUND["woocommerce_legacy"], {"order_refund": {"amount": "20.00"}})
    order = encode(load_first_order("woocommerce_legacy"))
    before = read_snapshot(request.operation, order, b'{"order_refunds": []}')
    for reason, outcome in (("", Outcome.MADE), ("Scratched", None)):
        listed = encode({"order_refunds": [recorded(0, "0.00", 0, reason=reason)]})
        assert find_outcome(request, before, read_snapshot(request.operation, order, listed)) is outcome


def test_the_place_of_a_repeated_item_is_compared() -> None:
    """A refund of an item at one index is not the one at another index."""
    order = {**load_first_order("taxcloud"), "refunds": []}
    line = order["lineItems"][0]
    order["lineItems"] = [{**line, "index": index, "itemId": "A", "quantity": 3} for index in (0, 1)]
    request = sent(REFUND["taxcloud"], {"items": [{"itemId": "A", "quantity": 1, "cartItemIndex": 0}]})
    for index, outcome in ((0, Outcome.MADE), (1, None)):
        refund = {"connectionId": order["connectionId"], "items": [{"itemId": "A", "quantity": 1, "index": index}]}
        refund |= {"createdDate": "2026-03-09T08:15:40Z", "returnedDate": None, "batchId": None}
        snapshots = [
            read_snapshot(request.operation, encode({**order, "refunds": each}), None) for each in ([], [refund])
        ]
        assert find_outcome(request, *snapshots) is outcome


# Success answers about another refund.


def test_an_answer_may_show_this_refund_without_the_earlier_ones() -> None:
    """Walmart's answer is a success whether it shows all refunds of a line or this one alone; less than both is not."""
    shop = serve("walmart")
    body = story(REFUND["walmart"])["body"]
    charge = charge_of(order_line(body))["charge"]
    charge["chargeAmount"]["amount"] = Decimal("-5.00")
    make(shop, body)
    request, before = sent(REFUND["walmart"], body), tells(shop)
    answer = make(shop, body)
    shown = answer.order.order_lines.order_line[0].refund.refund_charges.refund_charge
    assert find_contradiction(request, before, answer) is None
    assert len(shown) == 4
    del shown[:2]
    assert find_contradiction(request, before, answer) is None
    del shown[:1]
    assert "10.00" not in str(find_contradiction(request, before, answer))
    assert "5.00 were asked" in str(find_contradiction(request, before, answer))


@pytest.mark.parametrize(
    ("change", "answered", "words"),
    [
        ({"amount": "7.50"}, {"id": 900, "amount": "7.50"}, None),
        ({"amount": "7.50"}, {"id": 900, "amount": "8.00"}, "a refund of 8.00, 7.50 were asked"),
        ({"amount": "7.50"}, {"id": 901, "amount": "7.50"}, "the answer is refund 901"),
        ({"reason": "New"}, {"id": 900, "amount": "8.00"}, None),
    ],
)
def test_the_answer_to_an_update_is_compared(change: Body, answered: Body, words: str | None) -> None:
    """The answer to an update of another refund, or with another amount, is a contradiction."""
    request = sent("woocommerce_legacy.update_refund", {"order_refund": change})
    answer = decode(encode({"order_refund": answered}), request.operation.struct("200"))
    found = find_contradiction(request, NOBODY, answer)
    assert found is None if words is None else words in str(found)


# Recorded, and not paid.


def paid_by(method: Any) -> Body:
    order = load_first_order("woocommerce_legacy")
    order["order"]["payment_details"] = {"method_id": method, "method_title": "It", "paid": True}
    return order


@pytest.mark.parametrize(
    ("method", "query", "changes", "outcome"),
    [
        ("stripe", {}, {}, Outcome.RECORDED_ONLY),
        ("stripe", {"api_refund": "1"}, {}, Outcome.RECORDED_ONLY),
        ("stripe", {"api_refund": "false"}, {}, Outcome.RECORDED_ONLY),
        ("stripe", {"api_refund": "0"}, {"refund_payment": True}, Outcome.RECORDED_ONLY),
        (None, {}, {}, Outcome.RECORDED_ONLY),
        ("stripe", {"api_refund": "0"}, {}, Outcome.MADE),
        ("cheque", {}, {}, Outcome.MADE),
        ("cod", {}, {}, Outcome.MADE),
        ("", {}, {}, Outcome.MADE),
    ],
)
def test_a_recorded_refund_may_not_have_been_paid(
    method: Any, query: dict[str, str], changes: Body, outcome: Outcome
) -> None:
    """A shop's record shows that money moved only if no payment gateway was asked."""
    request = sent(REFUND["woocommerce_legacy"], {"order_refund": {"amount": "5.00", **changes}})
    request = SentRefund(operation=request.operation, path=request.path, query=query, body=request.body)
    order = encode(paid_by(method))
    before = read_snapshot(request.operation, order, b'{"order_refunds": []}')
    after = read_snapshot(request.operation, order, b'{"order_refunds": [{"id": 7, "amount": "5.00"}]}')
    assert find_outcome(request, before, after) is outcome
    assert find_outcome(request, before, before) is Outcome.NOT_MADE


def test_an_outcome_has_no_truth_value() -> None:
    """`if outcome:` is a TypeError for every outcome, since none of them is false."""
    for outcome in Outcome:
        with pytest.raises(TypeError, match="no truth value"):
            bool(outcome)
        assert pickle.loads(pickle.dumps(outcome)) is outcome  # noqa: S301 - our own
