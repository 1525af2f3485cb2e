"""TaxCloud's rules: quantities compared with exact fractions, and the corner cases."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import pytest
import refundkit
from share import share
from story import text

REFUND: Final = "taxcloud.refund_order"
NOTHING: set[str] = set()
CONNECTION = "0b9a3f52-6c1d-4e7f-8a25-93d4c7e1f608"


def order_of(*lines: tuple[Any, ...], **fields: Any) -> dict[str, Any]:
    """Return a completed order of lines (item, quantity), or (item, quantity, index)."""
    return {
        "orderId": "SO-1",
        "completedDate": "2026-03-03T10:00:00Z",
        "lineItems": [
            {"index": line[2] if len(line) > 2 else place, "itemId": line[0], "quantity": line[1]}
            for place, line in enumerate(lines)
        ],
        "refunds": [],
        **fields,
    }


def past(*items: tuple[Any, ...], key: str | None = None) -> dict[str, Any]:
    """Return an earlier refund of items (item, quantity), or (item, quantity, index)."""
    kept = [{"itemId": one[0], "quantity": one[1], **({"index": one[2]} if len(one) > 2 else {})} for one in items]
    return {"items": kept, **({"idempotencyKey": key} if key else {})}


def refund(*items: tuple[Any, ...], **fields: Any) -> dict[str, Any]:
    """Return a refund of items (item, quantity), or (item, quantity, cartItemIndex)."""
    return {
        "items": [
            {"itemId": one[0], "quantity": one[1], **({"cartItemIndex": one[2]} if len(one) > 2 else {})}
            for one in items
        ],
        **fields,
    }


def found(body: Any, order: Any = None, refunds: Any = None, **parts: Any) -> set[tuple[str, str]]:
    """Return (rule, pointer) of each finding of a check."""
    report = refundkit.check(
        REFUND, text(body), order=order and text(order), refunds=refunds and text(refunds), **parts
    )
    return {(one.code, one.pointer) for one in report.findings}


def codes(body: Any, order: Any = None, refunds: Any = None, **parts: Any) -> set[str]:
    """Return the ids of the findings of a check."""
    return {code for code, _ in found(body, order, refunds, **parts)}


# The cap against fractions.


def test_the_cap_agrees_with_fractions() -> None:
    """RF401 reports exactly the items above their line or above all their lines, as fractions say."""
    chance = random.Random(401)  # noqa: S311 - the same run every time
    cases, hits = share(4000, least=400), 0
    for _ in range(cases):
        lines = [(chance.choice("ABC"), quantity(chance), place) for place in range(chance.randint(1, 4))]
        history = [
            past(
                *(some(chance, lines) for _ in range(chance.randint(0, 3))), key=chance.choice([None, None, "k1", "k2"])
            )
            for _ in range(chance.randint(0, 3))
        ]
        key = chance.choice([None, "k1", "k3"])
        body = refund(
            *(asked(chance, lines) for _ in range(chance.randint(1, 3))), **({"idempotencyKey": key} if key else {})
        )
        expected = beyond(lines, history, body)
        if chance.random() < 0.5:
            reported = found(body, order_of(*lines), history)
        else:
            reported = found(body, order_of(*lines, refunds=history))
        items = {body["items"][int(pointer.split("/")[2])]["itemId"] for code, pointer in reported if code == "RF401"}
        assert items == expected, (lines, history, body)
        hits += bool(expected)
    assert 0.2 * cases < hits < 0.8 * cases


def quantity(chance: random.Random) -> Decimal:
    return chance.choice(
        [
            Decimal(1),
            Decimal(2),
            Decimal(3),
            Decimal("0.3"),
            Decimal("1.5"),
            Decimal("2.0"),
            Decimal("0.1"),
            Decimal("1E-7"),
        ]
    )


def some(chance: random.Random, lines: list[Any]) -> tuple[Any, ...]:
    """Draw an item of an earlier refund, with the index of its line, another index or none."""
    item, ordered, place = chance.choice(lines)
    part = chance.choice([ordered, Decimal("0.1"), Decimal("0.2"), 1])
    return chance.choice([(item, part), (item, part, place), (item, part, chance.randint(0, 4))])


def asked(chance: random.Random, lines: list[Any]) -> tuple[Any, ...]:
    """Draw an item of a refund, mostly with an index, which may be wrong."""
    item, ordered, place = chance.choice([*lines, ("Z", 1, 0)])
    part = chance.choice([ordered, ordered + Decimal("1E-7"), Decimal("0.1"), Decimal("0.2"), 1])
    return chance.choice([(item, part), (item, part, place), (item, part, place), (item, part, chance.randint(0, 4))])


def beyond(lines: list[Any], history: list[dict[str, Any]], body: dict[str, Any]) -> set[str]:
    """Return the items of which more is refunded than was ordered, computed with fractions."""
    # Sent again under its key with the same pieces a refund counts once; with others under the key both count.
    seen: list[Any] = []
    for one in history:
        if not one.get("idempotencyKey") or not any(is_same(lines, one, other) for other in seen):
            seen.append(one)
    again = next((one for one in seen if body.get("idempotencyKey") and is_same(lines, body, one)), None)
    before = [item for one in seen if one is not again for item in one["items"]]
    now = body["items"]  # an index that the order lacks is RF301, and its pieces count for the item all the same
    wrong = set()
    for item in {line[0] for line in lines} & {one["itemId"] for one in now}:
        own = [line for line in lines if line[0] == item]
        everything = summed(before, item) + summed(now, item)
        if everything > sum(Fraction(ordered) for _, ordered, _ in own):
            wrong.add(item)
        for _, ordered, place in own if len(own) > 1 else []:
            of_line = [one for one in now if one.get("cartItemIndex") == place]
            gone = [one for one in before if one.get("index") == place]
            if summed(of_line, item) and summed(of_line, item) + summed(gone, item) > Fraction(ordered):
                wrong.add(item)
    return wrong


def is_same(lines: list[Any], one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Return whether two refunds have the same key and the same quantities of the order's lines."""
    if one.get("idempotencyKey") != other.get("idempotencyKey"):
        return False
    counts: list[dict[Any, Fraction]] = [{}, {}]
    for refund, count in zip((one, other), counts, strict=True):
        for item in refund["items"]:
            own = [place for name, _, place in lines if name == item["itemId"]]
            index = item.get("cartItemIndex", item.get("index"))
            keys: list[Any] = [item["itemId"]] if own else []
            keys += [(item["itemId"], index)] if len(own) > 1 and index in own else []
            for key in keys:
                count[key] = count.get(key, Fraction(0)) + Fraction(item["quantity"])
    first, second = ({key: some for key, some in count.items() if some} for count in counts)
    return first == second


def summed(items: list[dict[str, Any]], item: str) -> Fraction:
    return sum((Fraction(one["quantity"]) for one in items if one["itemId"] == item), Fraction(0))


# The corners.


@pytest.mark.parametrize(
    ("ordered", "before", "now", "over"),
    [
        ("0.3", "0.1", "0.2", False),
        ("0.30", "0.1", "0.2", False),
        ("0.3", "0.1", "0.2000000000000000001", False),
        ("0.3", "0.1", "0.200000001", False),
        ("0.3", "0.1", "0.2000000010000001", True),
        ("9007199254740993", "0", "9007199254740993", False),
        ("9007199254740992", "0", "9007199254740993", True),
        ("1", "1", "1e-7", True),
        ("1e-7", "0", "1e-7", False),
        ("2", "1", "1.0", False),
        ("2", "3", "0.1", True),
    ],
)
def test_a_quantity_is_exact(ordered: str, before: str, now: Any, over: bool) -> None:
    """Quantities are compared to every digit, with a tolerance of a billionth."""
    order = order_of(("A", Decimal(ordered)), refunds=[past(("A", Decimal(before)))])
    report = refundkit.check(REFUND, text(refund(("A", Decimal(now)))), order=text(order))
    assert [one.code for one in report.findings] == (["RF401"] if over else [])


def test_the_message_gives_what_is_left() -> None:
    """RF401 says how many of the item are left, and zero if too many came back already."""
    for before, left in [("1.25", "0.25"), ("9", "0")]:
        order = order_of(("OIL", Decimal("1.5")), refunds=[past(("OIL", Decimal(before)))])
        report = refundkit.check(REFUND, refund(("OIL", 1)), order=text(order))
        assert [one.pointer for one in report.findings] == ["/items/0/quantity"]
        assert f"only {left} of 1.5 are left" in report.findings[0].message
        assert report.findings[0].help == f"send at most {left}"


def test_several_refunds_and_entries_are_summed() -> None:
    """Several earlier refunds and several entries of one request add up."""
    order = order_of(("A", 4), refunds=[past(("A", 1)), past(("B", 5), ("A", 1))])
    assert codes(refund(("A", 1), ("A", 1)), order) == {"RF316"}
    assert codes(refund(("A", 1), ("A", Decimal("1.1"))), order) == {"RF316", "RF401"}


def test_a_replayed_key_counts_once() -> None:
    """A refund that is repeated under its key, or listed twice, counts once."""
    body = refund(("A", 2), idempotencyKey="k")
    assert codes(body, order_of(("A", 2), refunds=[past(("A", 2), key="k")])) == NOTHING
    assert codes(body, order_of(("A", 2), refunds=[past(("A", 2), key="other")])) == {"RF401"}
    twice = [past(("A", 1), key="j"), past(("A", 1), key="j")]
    assert codes(body, order_of(("A", 3), refunds=twice)) == NOTHING
    without = [past(("A", 1)), past(("A", 1))]
    assert codes(body, order_of(("A", 3), refunds=without)) == {"RF401"}
    assert codes(refund(("A", 2)), order_of(("A", 3), refunds=twice)) == NOTHING


def test_an_item_on_several_lines_is_held_to_its_line() -> None:
    """With an index an item is checked against its line; without one against all its lines, and is ambiguous."""
    order = order_of(("A", 4), ("B", 1), ("A", 2), refunds=[past(("A", 1, 0))])
    assert found(refund(("A", 2, 2)), order) == set()
    assert found(refund(("A", 3, 2)), order) == {("RF401", "/items/0/quantity")}
    assert found(refund(("A", 3, 0), ("A", 2, 2)), order) == set()
    assert found(refund(("A", 4, 0)), order) == {("RF401", "/items/0/quantity")}
    assert found(refund(("A", 5)), order) == {("RF315", "/items/0/itemId")}
    assert found(refund(("A", 6)), order) == {("RF315", "/items/0/itemId"), ("RF401", "/items/0/quantity")}


def test_a_line_and_the_whole_are_not_reported_twice() -> None:
    """An item above one of its lines is reported there only."""
    order = order_of(("A", 1), ("A", 2))
    assert found(refund(("A", 1, 0), ("A", 9, 1)), order) == {("RF401", "/items/1/quantity")}


def test_earlier_refunds_without_an_index_count_for_the_whole() -> None:
    """Earlier quantities without an index count against all lines of the item together."""
    order = order_of(("A", 2), ("A", 2), refunds=[past(("A", 3))])
    assert found(refund(("A", 1, 0)), order) == set()
    assert found(refund(("A", 2, 0)), order) == {("RF401", "/items/0/quantity")}


def test_an_index_is_one_of_the_item() -> None:
    """The index of another item's line is RF315, an unknown index RF301, and the only line's index is clean."""
    order = order_of(("A", 4, 10), ("B", 1, 20))
    assert found(refund(("A", 1, 10)), order) == set()
    assert found(refund(("A", 1, 20)), order) == {("RF315", "/items/0/cartItemIndex")}
    assert found(refund(("A", 1, 0)), order) == {("RF301", "/items/0/cartItemIndex")}
    assert found(refund(("A", 1, Decimal("10.0"))), order) == set()


def test_lines_that_tell_no_index_count_by_their_place() -> None:
    """The lines of an order without indices are numbered 0, 1, 2."""
    order = order_of(("A", 1), ("A", 2))
    for line in order["lineItems"]:
        del line["index"]
    assert found(refund(("A", 2, 1)), order) == set()
    assert found(refund(("A", 2, 0)), order) == {("RF401", "/items/0/quantity")}


def test_an_item_is_known_letter_by_letter() -> None:
    """An item id that the order does not have, letter by letter, is RF301."""
    order = order_of(("1", 4), ("Ä", 1))
    assert found(refund(("01", 1)), order) == {("RF301", "/items/0/itemId")}
    assert found(refund(("A\u0308", 1)), order) == {("RF301", "/items/0/itemId")}
    assert found(refund(("Ä", 1)), order) == set()


def test_an_item_stands_once() -> None:
    """The same item and index twice is RF316; with another index it is clean."""
    assert found(refund(("A", 1), ("B", 1), ("A", 1))) == {("RF316", "/items/2/itemId")}
    assert found(refund(("A", 1, 0), ("A", 1, 1), ("A", 1, 0))) == {("RF316", "/items/2/itemId")}
    assert found(refund(("A", 1, 0), ("A", 1, 1), ("A", 1))) == set()


@pytest.mark.parametrize("quantity", [0, Decimal("-0.0"), Decimal("-1"), Decimal("0.5"), Decimal("1E-7")])
def test_a_quantity_is_above_zero(quantity: Any) -> None:
    """A quantity of zero or less is RF402; a fraction is clean."""
    expected = set() if quantity > 0 else {("RF402", "/items/0/quantity")}
    assert found(refund(("A", quantity))) == expected


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2026-03-03T10:00:00Z", set()),
        (None, {("RF314", "order:/completedDate")}),
        ("", {("RF314", "order:/completedDate")}),
        ("absent", {("RF314", "order:")}),
    ],
)
def test_an_order_is_completed_first(date: Any, expected: Any) -> None:
    """A refund of an order with a null or missing completedDate is a finding."""
    order = order_of(("A", 1), completedDate=date)
    if date == "absent":
        del order["completedDate"]
    assert found(refund(("A", 1)), order) == expected


def test_no_items_is_the_whole_order() -> None:
    """An empty or missing list of items refunds the full order: RF601, never RF401."""
    assert found({}) == {("RF601", "")}
    assert found({"items": []}) == {("RF601", "/items")}
    assert found({}, order_of(("A", 1), refunds=[])) == {("RF601", "")}


def test_a_full_refund_after_parts_is_doubtful() -> None:
    """A refund without items after a partial refund is RF405; empty earlier refunds do not count."""
    order = order_of(("A", 2), refunds=[past(("A", 1))])
    assert found({}, order) == {("RF601", ""), ("RF405", "")}
    assert found({"items": []}, order) == {("RF601", "/items"), ("RF405", "/items")}
    assert codes({}, order_of(("A", 2), refunds=[past(), past(("A", 0))])) == {"RF601"}


def test_a_full_refund_sent_again_is_fine() -> None:
    """A full refund may be repeated under its key; a partial refund under that key still counts."""
    body = {"idempotencyKey": "k"}
    whole, part = past(("A", 2), ("B", 1), key="k"), past(("A", 2), key="k")
    assert codes(body, order_of(("A", 2), ("B", 1), refunds=[whole, whole])) == {"RF601"}
    assert codes(body, order_of(("A", 2), ("B", 1), refunds=[part])) == {"RF601", "RF405"}
    assert codes(body, order_of(("A", 2), ("B", 1), refunds=[past(("A", 2), ("B", 1), key="j")])) == {"RF601", "RF405"}


def test_a_key_is_of_one_refund() -> None:
    """A key that an earlier refund has with other items is RF406; the same items in another order are clean."""
    body = refund(("A", 2), ("B", Decimal("0.50")), idempotencyKey="k")
    same = past(("B", Decimal("0.5")), ("A", 1), ("A", Decimal("1.0")), key="k")
    for earlier, expected in [
        (same, NOTHING),
        (past(("A", 2), key="k"), {"RF406"}),
        (past(("A", 2), ("B", 1), key="k"), {"RF406"}),
        (past(("A", 2), key="K"), NOTHING),
        (past(("A", 2)), NOTHING),
    ]:
        assert codes(body, None, [earlier]) == expected
    assert found(body, None, [past(key="k")]) == {("RF406", "/idempotencyKey")}


def test_a_returned_date_amends_the_tax_return() -> None:
    """A returnedDate other than null is RF602."""
    assert found(refund(("A", 1), returnedDate="2026-03-09T08:15:40Z")) == {("RF602", "/returnedDate")}
    assert found(refund(("A", 1), returnedDate=None)) == set()


def test_money_is_the_servers() -> None:
    """A price or tax in the request is RF108, and the other rules still run."""
    body = refund(("A", 3))
    body["items"][0] |= {"price": 1, "tax": {"amount": 1}}
    expected = {("RF108", "/items/0/price"), ("RF108", "/items/0/tax"), ("RF401", "/items/0/quantity")}
    assert found(body, order_of(("A", 2))) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ({"orderId": "SO-1", "connectionId": CONNECTION}, set()),
        ({"orderId": "SO-1", "connectionId": CONNECTION.upper()}, set()),
        ({"orderId": "SO-2", "connectionId": CONNECTION}, {("RF005", "order:/orderId")}),
        ({"orderId": "so-1", "connectionId": CONNECTION}, {("RF005", "order:/orderId")}),
        ({"orderId": "SO-1", "connectionId": "f" + CONNECTION[1:]}, {("RF005", "order:/connectionId")}),
    ],
)
def test_the_order_is_the_one_of_the_path(path: dict[str, str], expected: Any) -> None:
    """An order with another id or connection than the path is RF005, and no cap runs on it."""
    order = order_of(("A", 1), connectionId=CONNECTION)
    assert found(refund(("A", 1)), order, path=path) == expected
    report = refundkit.check(REFUND, refund(("A", 9)), order=order, path=path)
    assert ("RF401" in {one.code for one in report.findings}) == (not expected)


def test_an_order_that_tells_no_connection_is_not_doubted() -> None:
    """The connection is compared only if both path and order have one."""
    path = {"orderId": "SO-1", "connectionId": CONNECTION}
    assert found(refund(("A", 1)), order_of(("A", 1)), path=path) == set()
    order = order_of(("A", 1), connectionId="other")
    expected = {("RF505", "path:connectionId")}
    assert found(refund(("A", 1)), order, path={"orderId": "SO-1", "connectionId": None}) == expected


def test_earlier_refunds_are_of_the_order() -> None:
    """An earlier refund of another connection, or with none of the order's items, is RF005."""
    order, path = order_of(("A", 1)), {"orderId": "SO-1", "connectionId": CONNECTION}
    other = past(("A", 1)) | {"connectionId": "f" + CONNECTION[1:]}
    assert found(refund(("A", 1)), order, [past(), other], path=path) == {("RF005", "refunds:/1/connectionId")}
    assert found(refund(("A", 1)), order, [past(("B", 1))]) == {("RF005", "refunds:/0/items")}


@pytest.mark.parametrize("order", [{}, [], {"orderId": "SO-1"}, {"order": {"id": 1}}, {"orderId": 1, "lineItems": []}])
def test_an_order_that_is_none_is_wrong_context(order: Any) -> None:
    """A context that is no order of the API is RF005, and its rules are reported as not run."""
    report = refundkit.check(REFUND, refund(("A", 1)), order=text(order))
    assert [(one.code, one.pointer) for one in report.findings] == [("RF005", "order:")]
    assert {"RF301", "RF314", "RF401"} <= set(next(one.codes for one in report.not_run if one.missing == "valid order"))


def test_an_order_without_refunds_is_unknown_not_none() -> None:
    """Without the order's refunds, rules about them are reported as not run; the cap runs."""
    order = order_of(("A", 1))
    del order["refunds"]
    report = refundkit.check(REFUND, refund(("A", 2)), order=order)
    assert [one.code for one in report.findings] == ["RF401"]
    assert {"RF401", "RF405", "RF406"} == set(next(one.codes for one in report.not_run if one.missing == "refunds"))
    known = refundkit.check(REFUND, refund(("A", 2)), order=order_of(("A", 1)))
    assert not any(one.missing == "refunds" for one in known.not_run)


def test_of_two_histories_the_larger_counts() -> None:
    """Of the order's refunds and a given list, each refund counts once; null counts as none."""
    order = order_of(("A", 2), refunds=[past(("A", 1))])
    assert codes(refund(("A", 1)), order, [past(("A", 1))]) == NOTHING
    assert codes(refund(("A", 1)), order, [past(("A", 2))]) == {"RF401", "RF008"}
    assert codes(refund(("A", 2)), order, []) == {"RF401", "RF008"}
    report = refundkit.check(REFUND, refund(("A", 2)), order=order, refunds=None)
    assert [one.code for one in report.findings] == ["RF401"]


@pytest.mark.parametrize("name", ["item-{}", "item"])
def test_many_items_are_judged_one_by_one(name: str) -> None:
    """Among 500 lines with a history each, exactly the item above its line is reported."""
    lines = [(name.format(number), 2, number) for number in range(500)]
    order = order_of(*lines, refunds=[past((item, 1, place)) for item, _, place in lines])
    body = refund(*((item, 1, place) for item, _, place in lines[:-1]), (lines[-1][0], Decimal("1.5"), 499))
    assert found(body, order) == {("RF401", "/items/499/quantity")}
