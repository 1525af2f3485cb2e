"""WooCommerce's rules: recorded answers of live servers, caps compared with exact fractions, and corner cases."""

from __future__ import annotations

import json
import random
import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import refundkit
from refundkit import operations, routes
from refundkit_apis._runtime.codec import decode
from share import share
from story import story, text

CREATE: Final = "woocommerce_legacy.create_refund"
UPDATE: Final = "woocommerce_legacy.update_refund"
MODERN, OLD = "WooCommerce 6.6.0", "WooCommerce 2.6.2"
# What says that a refund will not be made as it was asked for.
NOT_MADE = {"RF001", "RF005", "RF101", "RF102", "RF202", "RF204", "RF206", "RF210", "RF301", "RF307"}


class Exchange(msgspec.Struct, frozen=True):
    """A recorded request and its response; `body` is the request body as it was sent."""

    place: int
    server: str
    case: str
    method: str
    path: str
    body: bytes | None
    status: int
    answer: Any

    @property
    def ids(self) -> dict[str, str]:
        """The ids in the path, under the names that the spec gives them."""
        found = re.search(r"/orders/(?P<id>\w+)(/refunds/(?P<refund_id>\w+))?", self.path)
        return {name: value for name, value in found.groupdict().items() if value} if found else {}

    @property
    def operation(self) -> str | None:
        """The operation that the request calls, None where no route is."""
        match = routes.match(self.method, self.path)
        return match.operation.name if match else None


def recorded() -> list[Exchange]:
    """Return every exchange, with exact numbers."""
    lines = (Path(__file__).parent / "recordings" / "woocommerce.jsonl").read_text("utf-8").splitlines()
    found = []
    for place, line in enumerate(lines):
        one = json.loads(line, parse_float=Decimal)
        request, response = one["request"], one["response"]
        raw = request["raw_body"]
        body = raw.encode() if raw is not None else None if request["body"] is None else text(request["body"])
        head = (one["server"], one["case"], request["method"], request["path"])
        found.append(Exchange(place, *head, body, response["status"], response["body"]))
    return found


RECORDED = recorded()
SENT = [one for one in RECORDED if one.body is not None]
MODERN_CREATES = [one for one in SENT if one.server == MODERN and one.operation == CREATE]


def name_of(one: Exchange) -> str:
    return f"{one.server.split()[1]}-{one.case}"


def context(exchange: Exchange) -> dict[str, Any]:
    """Return the order and its refunds as the earlier exchanges show them.

    An order that was read only later is taken from there: its total and its items do not change. Of an order that was
    never read there is none, and what is at hand is the last one that was.
    """
    served = [one for one in RECORDED if one.server == exchange.server]
    before = [one for one in served if one.place < exchange.place]
    read = [one for one in before if one.operation == "woocommerce_legacy.get_order" and one.status == 200]
    of_this = [one for one in read if one.ids == {"id": exchange.ids["id"]}][-1:]
    later = [
        one for one in served if one.operation == "woocommerce_legacy.get_order" and one.ids["id"] == exchange.ids["id"]
    ]
    order = (of_this or later[:1] or read[-1:])[0]
    refunds: dict[int, Any] = {}
    for one in before:
        if one.ids.get("id") == order.ids["id"] and one.status in (200, 201):
            if one.operation in (CREATE, UPDATE):
                refunds[one.answer["order_refund"]["id"]] = one.answer["order_refund"]
            elif one.operation == "woocommerce_legacy.delete_refund":
                del refunds[int(one.ids["refund_id"])]
    return {"order": order.answer, "refunds": {"order_refunds": list(refunds.values())}}


def made_as_asked(exchange: Exchange) -> bool:
    """Return whether the server made the refund with the requested amount and lines."""
    if exchange.status != 201:
        return False
    asked, made = json.loads(exchange.body or b"", parse_float=Decimal)["order_refund"], exchange.answer["order_refund"]
    items = asked.get("line_items", {})
    wanted = (
        items if isinstance(items, list) else [(one["qty"], Fraction(one["refund_total"])) for one in items.values()]
    )
    lines = [(-one["quantity"], -Fraction(one["total"])) for one in made["line_items"]]
    return Fraction(asked["amount"]) == Fraction(made["amount"]) and wanted == lines


def codes(operation: Any, body: Any, **parts: Any) -> set[str]:
    """Return the ids of the findings of a check."""
    return {one.code for one in refundkit.check(operation, body, **parts).findings}


@pytest.mark.parametrize("exchange", MODERN_CREATES, ids=name_of)
def test_a_recorded_create_is_foretold(exchange: Exchange) -> None:
    """The check of each recorded create predicts whether WooCommerce 6.6.0 made it as requested."""
    found = codes(CREATE, exchange.body, path=exchange.ids, **context(exchange))
    assert not found & NOT_MADE if made_as_asked(exchange) else found & NOT_MADE


def test_the_recordings_hold_creates_of_both_kinds() -> None:
    """The recordings have 18 creates, some made as requested and some not."""
    made = [made_as_asked(one) for one in MODERN_CREATES]
    assert (len(made), made.count(True)) == (18, 8)


NOTHING: set[str] = set()
# By RULES.md: what each recorded body raises alone, and what besides with path, order and refunds on 6.6.0 and 2.6.2.
# The older server let 100.00 of 29.00 pass, so that whatever comes after is too much there.
OVER = {"RF204"}
VERDICTS: dict[str, tuple[set[str], set[str], set[str]]] = {
    "create, amount as number": (NOTHING, NOTHING, NOTHING),
    "create, amount as string with reason": (NOTHING, NOTHING, NOTHING),
    "create, three decimals": ({"RF206"}, NOTHING, NOTHING),
    "create, zero": ({"RF212"}, NOTHING, NOTHING),
    "create, negative": ({"RF202"}, NOTHING, NOTHING),
    "create, amount missing": ({"RF101"}, NOTHING, NOTHING),
    "create, amount null": ({"RF102"}, NOTHING, NOTHING),
    "create, no wrapper": ({"RF101", "RF103"}, NOTHING, NOTHING),
    "create, invalid JSON": ({"RF001"}, NOTHING, NOTHING),
    "create, over the remaining total": (NOTHING, OVER, OVER),
    "create, read-only fields sent": ({"RF108"}, NOTHING, OVER),
    "create, unknown field": ({"RF103"}, NOTHING, OVER),
    "create, line_items as list": ({"RF307"}, NOTHING, OVER),
    "create, line_items keyed by order item id": (NOTHING, NOTHING, OVER),
    "create, line_items qty over the order": (NOTHING, {"RF404"}, {"RF404", *OVER}),
    "update reason": ({"RF605"}, NOTHING, NOTHING),
    "update amount over the order total": (NOTHING, OVER, OVER),
    "update amount back": (NOTHING, NOTHING, OVER),
    "create, unknown order": (NOTHING, {"RF005"}, {"RF005"}),
    "create, exactly the whole total": (NOTHING, NOTHING, NOTHING),
    "create, nothing remains": (NOTHING, OVER, OVER),
}


@pytest.mark.parametrize("exchange", SENT, ids=name_of)
def test_a_recorded_body_gets_its_verdict(exchange: Exchange) -> None:
    """Each recorded body raises exactly what RULES.md says, without and with its order and refunds."""
    alone, modern, old = VERDICTS[exchange.case]
    assert exchange.operation is not None
    assert codes(exchange.operation, exchange.body) == alone
    more = modern if exchange.server == MODERN else old
    assert codes(exchange.operation, exchange.body, path=exchange.ids, **context(exchange)) == alone | more


@pytest.mark.parametrize("exchange", [one for one in RECORDED if one.answer is not None], ids=name_of)
def test_a_recorded_answer_decodes(exchange: Exchange) -> None:
    """The model of each recorded response decodes it and encodes it unchanged."""
    operation = operations.get(exchange.operation or "woocommerce_legacy.list_refunds")
    model = decode(text(exchange.answer), operation.struct(str(exchange.status)))
    assert kept(json.loads(text(model)), exchange.answer)


def kept(model: Any, answer: Any) -> bool:
    """Return whether everything in the model is in the response."""
    if isinstance(model, dict):
        return all(kept(value, answer[key]) for key, value in model.items())
    if isinstance(model, list):
        return len(model) == len(answer) and all(kept(*pair) for pair in zip(model, answer, strict=True))
    return bool(model == answer)


# The caps against fractions.


def test_the_order_s_cap_agrees_with_fractions() -> None:
    """RF204 is found exactly if the amount exceeds the total less other refunds, as fractions say."""
    chance = random.Random(204)  # noqa: S311 - the same run every time
    cases, hits = share(3000, least=300), 0
    for _ in range(cases):
        total = chance.choice(
            [Decimal(chance.randint(0, 3000)).scaleb(-2), Decimal("0.30"), Decimal("9007199254740993")]
        )
        past = {number: spent(chance, total) for number in range(1, chance.randint(1, 5))}
        operation: Any = chance.choice([CREATE, UPDATE])
        own = chance.randint(1, 5) if operation == UPDATE else 0
        left = Fraction(total) - sum(
            (Fraction(amount) for number, amount in past.items() if number != own), Fraction(0)
        )
        step = chance.choice(["0", "0", "0.01", "-0.01", "0.004", "1e-7", "-1e-7", "5"])
        amount = max(Decimal(left.numerator) / Decimal(left.denominator) + Decimal(step), Decimal(0))
        report = refundkit.check(
            operation,
            text({"order_refund": {"amount": written(chance, amount)}}),
            order=text({"order": {"id": 7, "total": written(chance, total), "line_items": []}}),
            refunds=text({"order_refunds": [{"id": n, "amount": written(chance, value)} for n, value in past.items()]}),
            path={"id": "7", "refund_id": str(own)} if own else {"id": "7"},
        )
        # An update to nothing is ignored by the server: RF212.
        over = Fraction(amount) > left and not (operation == UPDATE and amount == 0)
        hits += over
        assert over == ("RF204" in {one.code for one in report.findings}), (operation, total, past, own, amount)
    assert cases / 6 < hits < cases * 5 / 6


def spent(chance: random.Random, total: Decimal) -> Decimal:
    """Draw an amount of an earlier refund, rarely more than the order's total."""
    part = Decimal(chance.randint(0, 400)).scaleb(-chance.choice([2, 2, 3]))
    return chance.choice([part, min(part, total), Decimal("0.1"), Decimal("0.2"), Decimal("0.00"), total])


def written(chance: random.Random, value: Decimal) -> Decimal | int | str:
    """Draw a way to write a number in a body or a response."""
    forms: list[Decimal | int | str] = [format(value, "f"), format(value, ".9f"), value, Decimal(format(value, "E"))]
    return chance.choice([*forms, int(value)] if value == int(value) else forms)


def test_the_items_caps_agree_with_fractions() -> None:
    """RF213 and RF404 are found for exactly the items that exceed their line, as fractions say."""
    chance = random.Random(213)  # noqa: S311 - the same run every time
    seen = {"RF213": 0, "RF404": 0}
    cases = share(2000, least=300)
    for _ in range(cases):
        totals = {str(key): Decimal(chance.randint(-300, 900)).scaleb(-2) for key in range(10, 13)}
        ordered = {str(key): chance.randint(0, 3) for key in range(10, 13)}
        fees = {str(key): Decimal(chance.randint(-300, 300)).scaleb(-2) for key in range(20, 22)}
        items = {
            key: item(chance, {**totals, **fees}[key]) for key in chance.sample([*totals, *fees], chance.randint(1, 5))
        }
        past = [(chance.choice(["0", *totals]), chance.randint(0, 2)) for _ in range(chance.randint(0, 4))]
        expected = set()
        for key, one in items.items():
            whole, now = Fraction({**totals, **fees}[key]), Fraction(one["refund_total"])
            back = sum(other == key for other, _ in past)  # each earlier refund names 1.00 of its item
            is_beyond = (now < 0 or now > whole - back) if whole >= 0 else (now > 0 or now < whole + back)
            if now and is_beyond:
                expected.add(("RF213", f"/order_refund/line_items/{key}/refund_total"))
            if key in totals and Fraction(one["qty"]) > 0:
                before = sum((Fraction(quantity) for other, quantity in past if other == key), Fraction(0))
                if before + Fraction(one["qty"]) > ordered[key] or Fraction(one["qty"]) % 1:
                    expected.add(("RF404", f"/order_refund/line_items/{key}/qty"))
        report = refundkit.check(
            CREATE,
            text({"order_refund": {"amount": "1.00", "line_items": items}}),
            order=text(
                {
                    "order": {
                        "id": 7,
                        "total": "99.00",
                        "line_items": [
                            {"id": int(key), "total": str(total), "quantity": ordered[key]}
                            for key, total in totals.items()
                        ],
                        "shipping_lines": [{"id": 20, "total": fees["20"]}],
                        "fee_lines": [{"id": 21, "total": str(fees["21"])}],
                    }
                }
            ),
            refunds=text(
                {"order_refunds": [{"id": 1, "amount": "0.00", "line_items": [past_line(*one) for one in past]}]}
            ),
        )
        assert {(one.code, one.pointer) for one in report.findings if one.code in seen} == expected, (items, past)
        for code, _ in expected:
            seen[code] += 1
    assert min(seen.values()) > 0.15 * cases


def item(chance: random.Random, total: Decimal) -> dict[str, Any]:
    """Draw an item of a refund with a total near that of its line."""
    step = chance.choice(["0", "0.01", "-0.01", "0.001", "1", "-1", "1e-7"])
    quantity = chance.choice([0, 1, 2, "1", "2.0", Decimal("0.5"), Decimal("1E+0")])
    return {"qty": quantity, "refund_total": chance.choice([1, -1, 1, 1]) * total + Decimal(step)}


def past_line(key: str, quantity: int) -> dict[str, Any]:
    return {"refunded_item_id": int(key), "quantity": -quantity, "total": "-1.00"}


# The corners.


def order_of(total: Any, **fields: Any) -> dict[str, Any]:
    return {"order": {"id": 7, "total": total, "line_items": [], **fields}}


def refunds_of(*amounts: Any) -> dict[str, Any]:
    return {"order_refunds": [{"id": number, "amount": amount} for number, amount in enumerate(amounts, 1)]}


def create(amount: Any, **fields: Any) -> dict[str, Any]:
    return {"order_refund": {"amount": amount, **fields}}


@pytest.mark.parametrize(
    ("amount", "total", "past", "expected"),
    [
        (b"0.2", "0.30", ["0.1"], NOTHING),
        (b"0.21", "0.30", ["0.1"], OVER),
        (b"6.66", "19.99", ["13.33"], NOTHING),
        (b"29.00", "29.00", [], NOTHING),
        (b"29.01", "29.00", [], OVER),
        (b"29.004", "29.00", [], {*OVER, "RF206"}),
        (b'"29.004"', "29.00", [], {*OVER, "RF206"}),
        (b"9007199254740993", "9007199254740993", [], NOTHING),
        (b"9007199254740993", "9007199254740992", [], OVER),
        (b'"9007199254740993.01"', "9007199254740993.00", [], OVER),
        (b"-0.0", "29.00", [], {"RF212"}),
        (b'"-0.00"', "29.00", [], {"RF212"}),
        (b"1e-7", "0.00", [], {*OVER, "RF206"}),
        (b"1e-7", "0.0000001", [], {"RF206"}),
        (b"0", "29.00", ["29.00"], {"RF212"}),
        (b"0", "29.00", ["500.00"], {*OVER, "RF212"}),
        (b"5", 29, [24], NOTHING),
        (b"5.01", 29, [24], OVER),
    ],
)
def test_an_amount_is_exact(amount: bytes, total: Any, past: list[Any], expected: set[str]) -> None:
    """Amounts are compared to every digit in any spelling; zero is too much only for an overdrawn order."""
    body = b'{"order_refund":{"amount":%s}}' % amount
    assert codes(CREATE, body, order=order_of(total), refunds=refunds_of(*past)) == expected


def test_a_deleted_refund_frees_its_amount() -> None:
    """After a refund is deleted, its amount can be refunded again."""
    assert codes(CREATE, create("29.00"), order=order_of("29.00"), refunds=refunds_of("29.00")) == OVER
    assert codes(CREATE, create("29.00"), order=order_of("29.00"), refunds=refunds_of()) == NOTHING


def test_an_update_leaves_its_own_refund_out() -> None:
    """An update is checked against the total less the refunds other than the one in its path."""
    context = {"order": order_of("29.00"), "refunds": refunds_of("9.00", "20.00")}
    for asked, amount, expected in [
        ("1", "9.00", NOTHING),
        ("1", "9.01", OVER),
        ("002", "20.00", NOTHING),
        ("3", "0.01", OVER),
    ]:
        path = {"id": "7", "refund_id": asked}
        assert codes(UPDATE, create(amount), path=path, **context) == expected


def test_an_update_of_an_unknown_refund_may_be_of_the_largest() -> None:
    """Without its path, an update is too much only if it is so for every refund of the order."""
    context = {"order": order_of("29.00"), "refunds": refunds_of("9.00", "20.00")}
    assert codes(UPDATE, create("20.00"), **context) == NOTHING
    assert codes(UPDATE, create("20.01"), **context) == OVER


def test_an_update_of_the_reason_has_no_amount() -> None:
    """An update without an amount has no cap, even on an overdrawn order."""
    body = {"order_refund": {"reason": "x"}}
    assert codes(UPDATE, body, order=order_of("1.00"), refunds=refunds_of("9.00")) == {"RF605"}


def test_items_are_products_shipping_and_fees() -> None:
    """An item id of a product, shipping or fee line is known; any other id is a finding."""
    order = story(CREATE)["order"]
    order["order"]["coupon_lines"] = [{"id": 76, "code": "SPRING", "amount": "1.00"}]
    for key, known in {"71": True, "73": True, "74": True, "75": False, "76": False, "071": False, "1": False}.items():
        report = refundkit.check(CREATE, create("1.00", line_items={key: {"refund_total": 1}}), order=order)
        expected = [] if known else [("RF301", f"/order_refund/line_items/{key}")]
        assert [(one.code, one.pointer) for one in report.findings] == expected


def test_the_pointer_of_an_item_is_escaped() -> None:
    """The pointer to a key with a slash or a tilde is escaped as in RFC 6901."""
    report = refundkit.check(
        CREATE, create("1.00", line_items={"a/b~c": {"refund_total": 1}}), order=story(CREATE)["order"]
    )
    assert [one.pointer for one in report.findings] == ["/order_refund/line_items/a~1b~0c"]


@pytest.mark.parametrize(
    ("key", "total", "expected"),
    [
        ("74", "-5.00", NOTHING),
        ("74", "-0.01", NOTHING),
        ("74", "0", NOTHING),
        ("74", "-5.01", {"RF213"}),
        ("74", "0.01", {"RF213"}),
        ("73", "8.00", NOTHING),
        ("73", "8.01", {"RF213"}),
        ("71", "60.000", NOTHING),
        ("71", "-1.00", {"RF213"}),
    ],
)
def test_an_item_is_held_to_its_line(key: str, total: str, expected: set[str]) -> None:
    """An item may be refunded up to its line's total, and a negative line down to it."""
    order = story(CREATE)["order"]
    order["order"]["fee_lines"][0] |= {"total": "-5.00", "total_tax": "0.00"}
    order["order"]["shipping_tax"] = order["order"]["line_items"][0]["total_tax"] = "0.00"
    body = create("1.00", line_items={key: {"refund_total": total}})
    assert codes(CREATE, body, order=order) - {"RF209"} == expected


def test_quantities_count_where_the_server_names_the_item() -> None:
    """Earlier quantities count if the server names their item; current servers say 0."""
    order = story(CREATE)["order"]
    for named, quantity, expected in [
        (71, 1, NOTHING),
        (71, 2, {"RF404"}),
        (0, 3, NOTHING),
        (0, "4", {"RF404"}),
        (71, 0, NOTHING),
    ]:
        refunds = refunds_of("40.00")
        refunds["order_refunds"][0]["line_items"] = [{"refunded_item_id": named, "quantity": -2, "total": "-40.00"}]
        body = create("1.00", line_items={"71": {"qty": quantity, "refund_total": 1}})
        assert codes(CREATE, body, order=order, refunds=refunds) == expected


def test_an_earlier_quantity_is_exact() -> None:
    """An earlier quantity with more digits than Decimal's default counts to the last digit."""
    order = order_of("9.00", line_items=[{"id": 5, "total": "9.00", "quantity": "1" + "0" * 30}])
    for before, expected in [("-" + "9" * 30, NOTHING), ("-" + "9" * 30 + ".5", {"RF404"})]:
        refunds = refunds_of("1.00")
        refunds["order_refunds"][0]["line_items"] = [{"refunded_item_id": 5, "quantity": before}]
        body = create("1.00", line_items={"5": {"qty": 1, "refund_total": 1}})
        assert codes(CREATE, body, order=order, refunds=refunds) == expected


def test_a_shipping_item_has_no_quantity() -> None:
    """A `qty` of shipping or fees is not checked, because the order has none."""
    body = create("1.00", line_items={"73": {"qty": 9, "refund_total": 1}})
    assert codes(CREATE, body, order=story(CREATE)["order"]) == NOTHING


@pytest.mark.parametrize(
    ("key", "total", "tax", "expected"),
    [
        ("71", "60.00", "6.00", NOTHING),
        ("71", "60.00", "5.99", {"RF214"}),
        ("71", "59.99", "0.00", NOTHING),
        ("73", "8.00", "0.00", {"RF214"}),
        ("74", "5.00", "0.50", NOTHING),
    ],
)
def test_the_rest_of_an_item_brings_its_tax(key: str, total: str, tax: str, expected: set[str]) -> None:
    """An item that is refunded in full must be refunded with all its tax."""
    body = create(
        str(Decimal(total) + Decimal(tax)), line_items={key: {"refund_total": total, "refund_tax": {"3": tax}}}
    )
    assert codes(CREATE, body, order=story(CREATE)["order"]) == expected


def test_earlier_tax_counts_where_the_server_names_the_item() -> None:
    """Earlier refunds of an item lower what is left of it and of its tax, if the server names the item."""
    request = story(CREATE)
    body = create("44.00", line_items={"71": {"refund_total": "40.00", "refund_tax": {"3": "4.00"}}})
    short = create("43.00", line_items={"71": {"refund_total": "40.00", "refund_tax": {"3": "3.00"}}})
    assert codes(CREATE, body, order=request["order"], refunds=request["refunds"]) == NOTHING
    assert codes(CREATE, short, order=request["order"], refunds=request["refunds"]) == {"RF214"}


@pytest.mark.parametrize(
    ("amount", "items", "expected"),
    [
        ("30.80", {"71": {"refund_total": 28}, "73": {"refund_tax": {"3": "2.8"}}}, NOTHING),
        (Decimal("0.3"), {"71": {"refund_total": Decimal("0.1"), "refund_tax": {"3": Decimal("0.2")}}}, NOTHING),
        ("30.80", {"71": {"refund_total": 28}}, {"RF209"}),
        ("1.00", {"71": {"qty": 1}}, {"RF209"}),
        ("1.00", {}, NOTHING),
        ("1.00", [], NOTHING),
        ("4.00", {"71": {"refund_total": 5}, "74": {"refund_total": "-1.00"}}, NOTHING),
        ("9007199254740993.01", {"71": {"refund_total": 9007199254740993, "refund_tax": {"3": "0.01"}}}, NOTHING),
        ("9007199254740993.01", {"71": {"refund_total": 9007199254740992, "refund_tax": {"3": "0.01"}}}, {"RF209"}),
    ],
)
def test_items_add_up_to_the_amount(amount: Any, items: Any, expected: set[str]) -> None:
    """The totals and taxes of the items must add up to the amount exactly."""
    assert codes(CREATE, create(amount, line_items=items)) == expected


@pytest.mark.parametrize(
    ("amount", "order", "expected"),
    [
        ("5.555", None, {"RF206"}),
        ("5.550", None, NOTHING),
        ("5.555", order_of("29.000"), {"RF206"}),
        ("5.555", order_of("29.00", currency="KWD"), NOTHING),
        ("5.5550", order_of("29.00", currency="KWD"), NOTHING),
        ("5.5555", order_of("29.0000", currency="KWD"), {"RF206"}),
        ("5.5", order_of("2900", currency="JPY"), {"RF206"}),
        ("100.5", order_of("2750.00", currency="JPY"), {"RF206"}),
        ("5.00", order_of("2900", currency="JPY"), NOTHING),
        ("5.5", order_of("2900"), NOTHING),
        ("5.55", order_of(29, currency="USD"), NOTHING),
        ("5.555", order_of("29.00", currency="USD"), {"RF206"}),
        ("5.5555", order_of("29.00", currency="XAU"), NOTHING),
    ],
)
def test_decimals_are_those_of_the_order(amount: str, order: Any, expected: set[str]) -> None:
    """An amount may have the decimals of the order's currency, and two where nothing says which that is."""
    assert codes(CREATE, create(amount), order=order) == expected


def test_every_sum_in_a_body_is_held_to_the_decimals() -> None:
    """The decimals of item totals and taxes are checked too, each with its own pointer."""
    body = create("1.00", line_items={"71": {"refund_total": "0.995", "refund_tax": {"3": Decimal("0.005")}}})
    report = refundkit.check(CREATE, body)
    where = "/order_refund/line_items/71"
    assert [one.pointer for one in report.findings] == [f"{where}/refund_total", f"{where}/refund_tax/3"]
    assert codes(UPDATE, create("5.555")) == {"RF206"}


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("1,5", {"RF210"}),
        ("1e1", {"RF210"}),
        ("12abc", {"RF210"}),
        (" 5 ", {"RF210"}),
        ("$5", {"RF210"}),
        ("", {"RF210"}),
        ("5\n", {"RF210"}),
        ("5.", {"RF210"}),
        ("\u0665", {"RF210"}),
        ("-5,0", {"RF202", "RF210"}),
        ("-5", {"RF202"}),
        (Decimal("-0.01"), {"RF202"}),
        ("005.10", NOTHING),
        (True, {"RF102"}),
    ],
)
def test_a_quoted_amount_is_a_plain_decimal(amount: Any, expected: set[str]) -> None:
    """A quoted amount is digits with at most one point, in a create and in an update."""
    assert codes(CREATE, create(amount)) == expected
    assert codes(UPDATE, create(amount)) == expected


def test_the_numbers_of_items_are_plain_too() -> None:
    """A malformed number of an item is a finding, and a negative `qty` is an impossible quantity."""
    body = create("1.00", line_items={"71": {"qty": -1, "refund_total": "1,0", "refund_tax": {"3": "x"}}})
    report = refundkit.check(CREATE, body)
    where = "/order_refund/line_items/71"
    assert {(one.code, one.pointer) for one in report.findings} == {
        ("RF402", f"{where}/qty"),
        ("RF210", f"{where}/refund_total"),
        ("RF210", f"{where}/refund_tax/3"),
    }


@pytest.mark.parametrize("key", ["7", "07", "+7", "", "-7", "0" * 40 + "7", "9" * 25, "a/b", "\u0663"])
def test_the_key_of_a_refused_item_is_named_as_it_is(key: str) -> None:
    """The pointer to a wrong item has the item's own key, whatever it is."""
    body = {"order_refund": {"amount": "5.00", "line_items": {"007": {"qty": 1}, key: {"qty": "1,5"}}}}
    (one,) = refundkit.check(CREATE, body).findings
    assert (one.code, one.pointer) == ("RF210", f"/order_refund/line_items/{key.replace('/', '~1')}/qty")


def test_an_empty_key_beside_a_number_is_named_as_it_is() -> None:
    """Two wrong taxes of an item, one with an empty key, are reported at their own pointers."""
    body = {"order_refund": {"amount": "1.00", "line_items": {"1": {"refund_tax": {"5": [1], "": []}}}}}
    where = "/order_refund/line_items/1/refund_tax"
    assert {(one.code, one.pointer) for one in refundkit.check(CREATE, body).findings} == {
        ("RF102", f"{where}/5"),
        ("RF102", f"{where}/"),
    }


def test_any_number_of_digits_is_counted() -> None:
    """Quoted numbers with thousands of digits are summed and compared exactly."""
    long = "0." + "1" * 6000
    items = {"71": {"refund_total": long, "refund_tax": {"3": long}}}
    assert "RF209" in codes(CREATE, create(long, line_items=items), order=order_of("29.00"))
    assert "RF209" not in codes(CREATE, create("0." + "2" * 6000, line_items=items), order=order_of("29.00"))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (None, {"RF216"}),
        ({}, {"RF216"}),
        ({"api_refund": "1"}, {"RF216"}),
        ({"api_refund": "0"}, NOTHING),
        ({"api_refund": 0}, NOTHING),
        ({"api_refund": ""}, NOTHING),
        ({"api_refund": "false"}, {"RF216", "RF507"}),
        ({"api_refund": False}, {"RF216", "RF507"}),
        ({"api_refund": "No"}, {"RF216", "RF507"}),
        ({"api_refund": "00"}, {"RF216", "RF507"}),
        ({"api_refund": "true"}, {"RF216"}),
    ],
)
def test_only_0_turns_the_gateway_off(query: Any, expected: set[str]) -> None:
    """`refund_payment` is a finding unless `api_refund` is a value that PHP takes for false."""
    assert codes(CREATE, create("1.00", refund_payment=True), query=query) == expected
    assert codes(CREATE, create("1.00", refund_payment=False), query=query) == expected - {"RF216"}


def test_a_list_of_items_is_ignored() -> None:
    """A list of items is reported as ignored; an empty list is clean."""
    items = [{"id": 71, "whatever": None}, {}]
    report = refundkit.check(CREATE, create("1.00", line_items=items, restock_items=True))
    assert [(one.code, one.pointer) for one in report.findings] == [("RF307", "/order_refund/line_items")]
    assert "restocked" in report.findings[0].message
    assert codes(CREATE, create("1.00", line_items=[])) == NOTHING


def test_an_update_looks_at_amount_and_reason_only() -> None:
    """Any other field of an update is RF309; beside the wrapper it is RF103."""
    body = b'\xef\xbb\xbf{"order_refund": {"id": 5, "amount": 1, "line_items": {"71": {}}, "a/b": [null]}, "x": 1}'
    report = refundkit.check(UPDATE, body)
    assert {(one.code, one.pointer) for one in report.findings} == {
        ("RF309", "/order_refund/id"),
        ("RF309", "/order_refund/line_items"),
        ("RF309", "/order_refund/a~1b"),
        ("RF103", "/x"),
    }
    assert report.findings[0].column == 19


def test_an_update_to_zero_is_ignored() -> None:
    """An update to a zero amount is RF212, with its own message."""
    report = refundkit.check(UPDATE, create(0))
    assert [(one.code, one.message) for one in report.findings] == [("RF212", "an amount of zero is ignored")]


@pytest.mark.parametrize("paid", [None, True, False])
@pytest.mark.parametrize(
    "status",
    "pending failed cancelled checkout-draft trash processing on-hold completed refunded".split(),
)
def test_an_order_that_nobody_paid_is_doubtful(status: str, paid: bool | None) -> None:
    """A create for an order that was never paid is a warning; by its status only if nothing else says so."""
    order = order_of("29.00", status=status)
    if paid is not None:
        order["order"]["payment_details"] = {"paid": paid}
    expected = []
    if status == "trash" or (paid is None and status in ("pending", "failed", "cancelled", "checkout-draft")):
        expected = [("RF320", "order:/order/status")]
    elif paid is False and status != "completed":  # old servers do not note that of an order somebody completed
        expected = [("RF320", "order:/order/payment_details/paid")]
    report = refundkit.check(CREATE, create("1.00"), order=order)
    assert [(one.code, one.pointer) for one in report.findings] == expected
    assert codes(UPDATE, create("1.00"), order=order) == NOTHING


@pytest.mark.parametrize(
    ("part", "value", "pointer"),
    [
        ("order", {}, "order:"),
        ("order", {"order": {"id": 7, "line_items": []}}, "order:"),
        ("order", order_of("29,00"), "order:/order/total"),
        ("order", order_of("29.00", id=8), "order:/order/id"),
        ("refunds", {}, "refunds:"),
        ("refunds", [{}], "refunds:"),  # none, [], is what a ready client gives
        ("refunds", refunds_of("1.00", "all"), "refunds:/order_refunds/1/amount"),
    ],
)
def test_context_that_cannot_be_used_is_wrong(part: str, value: Any, pointer: str) -> None:
    """An empty order, another order, or one without its numbers is RF005, and no cap runs on it."""
    parts = {"order": order_of("29.00"), "refunds": refunds_of(), part: value}
    report = refundkit.check(CREATE, create("500.00"), path={"id": "7"}, **parts)
    found = [(one.code, one.pointer) for one in report.findings if one.code != "RF204"]
    assert found == [("RF005", pointer)]
    assert ("RF204" in {one.code for one in report.findings}) == (part == "refunds")
    missing = "valid order" if part == "order" else "refunds"
    assert "RF204" in next(one.codes for one in report.not_run if one.missing == missing)


@pytest.mark.parametrize("odd", [{"total": ""}, {"total": None}, {"quantity": "x"}])
def test_a_line_without_its_figures_takes_the_caps_from_its_own_items_only(odd: dict[str, Any]) -> None:
    """A line without its numbers stops only its own caps; the others still run."""
    order = story(CREATE)["order"]
    order["order"]["line_items"][0] |= odd
    body = create("9000.00", line_items={"73": {"refund_total": "9000.00"}})
    assert {"RF204", "RF213"} <= codes(CREATE, body, order=order)
    report = refundkit.check(CREATE, create("1.00", line_items={"71": {"qty": 90}}), order=text(order))
    assert {"RF213", "RF404"} <= {code for one in report.not_run for code in one.codes if one.missing == "valid order"}


def test_an_order_s_id_is_compared_by_value() -> None:
    """Leading zeros of an order id are ignored; the order number that customers see is another id."""
    order = order_of("29.00", order_number="A-1")
    assert codes(CREATE, create("1.00"), path={"id": "007"}, order=order) == NOTHING
    report = refundkit.check(CREATE, create("1.00"), path={"id": "A-1"}, order=order)
    assert {one.code for one in report.findings} == {"RF005", "RF505"}
    assert any("its order_number" in one.message for one in report.findings)


def test_a_refund_of_another_order_s_items_is_wrong() -> None:
    """An earlier refund with none of the order's items is reported as one of another order."""
    order = story(CREATE)["order"]
    for ids, wrong in [([99], True), ([99, 71], False), ([0], False), ([], False)]:
        refunds = refunds_of("1.00")
        refunds["order_refunds"][0]["line_items"] = [{"refunded_item_id": one, "quantity": -1} for one in ids]
        assert codes(CREATE, create("1.00"), order=order, refunds=refunds) == ({"RF005"} if wrong else NOTHING)


def test_an_oddity_elsewhere_keeps_the_order_usable() -> None:
    """The cap runs on an order with an invalid or repeated field that no rule needs."""
    odd = b'{"order":{"id":7,"total":"1.00","line_items":[],"customer":5,"x_note":1,"x_note":2}}'
    assert codes(CREATE, create("2.00"), order=odd) == OVER
    twice = b'{"order":{"id":7,"total":"1.00","total":"9.00","line_items":[]}}'
    assert "RF002" in codes(CREATE, create("2.00"), order=twice)


def test_what_is_missing_is_said() -> None:
    """Without refunds the cap counts none, and each missing part that a rule could use is reported."""
    parts: dict[str, Any] = {"order": order_of("29.00"), "query": {}, "path": {"id": "7"}}
    parts["headers"] = {"Authorization": "Basic eDp5"}
    report = refundkit.check(CREATE, create("29.01"), **parts)
    assert {one.code for one in report.findings} == OVER
    assert {one.missing: set(one.codes) for one in report.not_run} == {"refunds": {"RF204", "RF213", "RF221", "RF404"}}
    alone = refundkit.check(CREATE, create("1.00"))
    assert {one.missing for one in alone.not_run} == {"order", "refunds", "path", "query", "headers"}
    assert {"RF216", "RF507"} == next(set(one.codes) for one in alone.not_run if one.missing == "query")


def test_a_deletion_is_told_to_free_the_amount_when_asked() -> None:
    """RF606 is off by default; if selected, it points at the refund in the path."""
    path = {"id": "7", "refund_id": "1"}
    assert refundkit.check("woocommerce_legacy.delete_refund", path=path).findings == ()
    config = refundkit.Config(severity=(("RF606", "warning"),))
    report = refundkit.check("woocommerce_legacy.delete_refund", path=path, config=config)
    assert [(one.code, one.pointer) for one in report.findings] == [("RF606", "path:refund_id")]
