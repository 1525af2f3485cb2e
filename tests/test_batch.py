"""--batch: each record of a run is checked after the records before it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
import refundkit
from refundkit.cli import main
from story import examples, story, text

US: Final = "walmart.refund_order_lines"
CA: Final = "walmart_ca.refund_order_lines"
CANCEL: Final = "walmart_ca.cancel_order_lines"
SHOP, UPDATE, DELETE = (
    "woocommerce_legacy.create_refund",
    "woocommerce_legacy.update_refund",
    "woocommerce_legacy.delete_refund",
)
TAX: Final = "taxcloud.refund_order"
Check = Callable[..., dict[str, Any]]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """Run `refundkit check --batch` on the requests as JSON Lines."""
    monkeypatch.chdir(tmp_path)

    def run(requests: list[dict[str, Any]], *arguments: str) -> dict[str, Any]:
        Path("r.jsonl").write_bytes(b"".join(text(one) + b"\n" for one in requests))
        status = main(["check", "--isolated", "--output-format", "json", "--batch", *arguments, "r.jsonl"])
        captured = capsys.readouterr()
        assert (status in (0, 1), captured.err) == (True, "")
        document: dict[str, Any] = json.loads(captured.out)
        return document

    return run


def codes(document: dict[str, Any]) -> dict[int, set[str]]:
    """Return the ids of the findings of each record with findings."""
    found: dict[int, set[str]] = {}
    for one in document["findings"]:
        found.setdefault(one["record"], set()).add(one["code"])
    return found


# Orders and requests at random, and the plain way to judge them: all whole requests before this one, as what the API
# would tell of them afterwards.


def walmart(dice: random.Random, operation: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Draw an order of two lines with two charges each, and refunds of it."""
    order = examples(f"{operation.partition('.')[0]}.get_order", "200")[0]
    lines = order["order"]["orderLines"]["orderLine"]
    template = lines[0]
    template.pop("refund", None)
    made = []
    for number in ("1", "2"):
        line = json.loads(text(template), parse_float=Decimal)
        line["lineNumber"] = number
        line["charges"] = {"charge": [_charge(kind, Decimal("40.00"), Decimal("4.00")) for kind in KINDS]}
        made.append(line)
    order["order"]["orderLines"]["orderLine"] = made
    bodies = []
    for _ in range(dice.randint(2, 6)):
        own = [
            {
                "lineNumber": number,
                "refunds": {"refund": [{"refundCharges": {"refundCharge": [_refunded(dice, kind) for kind in KINDS]}}]},
            }
            for number in dice.sample(["1", "2"], dice.randint(1, 2))
        ]
        name = order["order"]["purchaseOrderId"]
        bodies.append({"orderRefund": {"purchaseOrderId": name, "orderLines": {"orderLine": own}}})
    return order, bodies


KINDS = ("PRODUCT", "SHIPPING")


def _charge(kind: str, amount: Decimal, tax: Decimal) -> dict[str, Any]:
    return {
        "chargeType": kind,
        "chargeName": kind,
        "chargeAmount": {"currency": "CAD", "amount": amount},
        "tax": {"taxName": "T", "taxAmount": {"currency": "CAD", "amount": tax}},
    }


def _refunded(dice: random.Random, kind: str) -> dict[str, Any]:
    charge = _charge(kind, -_cents(dice, 1, 2_400), -_cents(dice, 0, 240))
    if dice.random() < 0.5:
        del charge["tax"]
    return {"refundReason": "DamagedItem", "charge": charge}


def _cents(dice: random.Random, low: int, high: int) -> Decimal:
    return Decimal(dice.randint(low, high)).scaleb(-2)


@pytest.mark.parametrize("operation", [US, CA])
def test_caps_of_walmart(check: Check, operation: Any) -> None:
    """A record has the findings that it has with all valid records before it as earlier refunds."""
    dice, seen = random.Random(operation), set[str]()  # noqa: S311 - no secret
    for _ in range(40):
        order, bodies = walmart(dice, operation)
        requests = [{"operation": operation, "body": body, "order": order} for body in bodies]
        wanted = [
            refundkit.check(operation, text(body), order=text(order), refunds=text(bodies[:index]))
            for index, body in enumerate(bodies)
        ]
        seen |= _same(check(requests), wanted)
    assert {"RF203", "RF207"} <= seen


def _same(document: dict[str, Any], wanted: list[refundkit.Report]) -> set[str]:
    """Compare the findings of a batch with the expected ones, and return the ids found in its later records."""
    found: list[list[tuple[str, str, str]]] = [[] for _ in wanted]
    for one in document["findings"]:
        if one["code"] != "RF317":
            found[one["record"] - 1].append((one["code"], one["pointer"], one["message"]))
    assert found == [[(one.code, one.pointer, one.message) for one in report.findings] for report in wanted]
    return {code for record in found[1:] for code, _, _ in record}


def test_caps_of_woocommerce(check: Check) -> None:
    """Creates add up, an update replaces its refund, and a delete removes it."""
    dice, seen = random.Random(SHOP), set[str]()  # noqa: S311
    order = examples("woocommerce_legacy.get_order", "200")[0]
    ids = [str(line["id"]) for line in order["order"]["line_items"]]
    total = Decimal(str(order["order"]["total"]))
    for _ in range(60):
        told: list[dict[str, Any]] = [{"id": 900 + index, "amount": str(_cents(dice, 1, 1_500))} for index in range(2)]
        first, requests, wanted = list(told), [], []
        for step in range(dice.randint(2, 6)):
            operation: Any = dice.choice([SHOP, SHOP, UPDATE, DELETE])
            path = {"id": str(order["order"]["id"])}
            body: dict[str, Any] | None = {"order_refund": {"amount": str(_cents(dice, 1, int(total * 60)))}}
            if operation == SHOP and dice.random() < 0.6:
                items = {one: {"qty": dice.randint(0, 2)} for one in dice.sample(ids, dice.randint(1, len(ids)))}
                body = {"order_refund": {"amount": "0.01", "line_items": items}}
            if operation != SHOP:
                path["refund_id"] = str(dice.choice([900, 901]))
            if operation == DELETE:
                body = None
            refunds = text({"order_refunds": told})
            judged = refundkit.check(
                operation, None if body is None else text(body), order=text(order), refunds=refunds, path=path
            )
            wanted.append(judged)
            request = {"operation": operation, "path": path, "body": body, "order": order}
            requests.append({**request, "refunds": {"order_refunds": first}})
            told = _told(told, operation, path, body, step)
        seen |= _same(check(requests), wanted)
    assert {"RF204", "RF404"} <= seen


def _told(
    told: list[dict[str, Any]], operation: str, path: dict[str, str], body: dict[str, Any] | None, step: int
) -> list[dict[str, Any]]:
    """What the shop lists after the request."""
    others = [one for one in told if str(one["id"]) != path.get("refund_id")]
    if body is None:
        return others
    asked = body["order_refund"]
    if operation == UPDATE:
        return [*others, {"id": int(path["refund_id"]), "amount": asked["amount"]}]
    items = [
        {"refunded_item_id": int(key), "quantity": -item["qty"], "total": "0.00", "total_tax": "0.00"}
        for key, item in asked.get("line_items", {}).items()
    ]
    return [*told, {"id": 1_000 + step, "amount": asked["amount"], "line_items": items}]


def test_caps_of_taxcloud(check: Check) -> None:
    """Quantities add up by item and by line, and a repeated idempotency key counts once."""
    dice, seen = random.Random(TAX), set[str]()  # noqa: S311
    request = story(TAX)
    order = {**request["order"], "refunds": []}
    lines = [(line["itemId"], index) for index, line in enumerate(order["lineItems"])]
    for _ in range(60):
        told: list[dict[str, Any]] = []
        requests, wanted, exceeded = [], [], False
        for _ in range(dice.randint(2, 6)):
            body: dict[str, Any] = {}
            if dice.random() < 0.9 or exceeded:
                body["items"] = [
                    {"itemId": own, "quantity": _cents(dice, 10, 150), "cartItemIndex": index}
                    for own, index in dice.sample(lines, dice.randint(1, len(lines)))
                ]
            if dice.random() < 0.5:
                body["idempotencyKey"] = dice.choice(["key-one", "key-two"])
            path = request["path"]
            wanted.append(refundkit.check(TAX, text(body), order=text(order), refunds=text(told), path=path))
            exceeded |= any(one.code == "RF401" for one in wanted[-1].findings)
            requests.append({"operation": TAX, "path": path, "body": body, "order": order, "refunds": []})
            items = body.get("items") or [
                {"itemId": own, "quantity": left, "cartItemIndex": index}
                for (own, index), line in zip(lines, order["lineItems"], strict=True)
                if (left := max(Decimal(line["quantity"]) - _back(told, own, index), Decimal(0)))
            ]
            made = {
                "idempotencyKey": body.get("idempotencyKey"),
                "items": [{**one, "index": one["cartItemIndex"]} for one in items],
            }
            if not made["idempotencyKey"] or made not in told:  # sent again under its key it counts once
                told.append(made)
        seen |= _same(check(requests), wanted)
    assert {"RF401", "RF405", "RF406"} <= seen


def _back(told: list[dict[str, Any]], item: str, index: int) -> Decimal:
    """How much of a line came back so far."""
    return sum(
        (
            Decimal(one["quantity"])
            for refund in told
            for one in refund["items"]
            if (one["itemId"], one["index"]) == (item, index)
        ),
        Decimal(0),
    )


def test_cancels_add_up(check: Check) -> None:
    """What a record cancels is not open for the next record."""
    request = story(CANCEL)
    found = codes(check([request, {**request, "headers": None}]))
    assert found.keys() == {2}
    assert "RF304" in found[2] or "RF403" in found[2]


@pytest.mark.parametrize("is_told_afterwards", [False, True])
def test_a_deleted_refund_that_the_order_tells_takes_no_other_with_it(check: Check, is_told_afterwards: bool) -> None:
    """A delete frees the amount of the refund that the order tells, whether later records' orders tell it or not."""
    order = examples("woocommerce.get_order", "200")[0]
    order |= {"total": "100.00", "refunds": [{"id": 1301, "total": "-60.00"}]}
    later = order if is_told_afterwards else {**order, "refunds": []}
    path = {"id": str(order["id"])}
    create = {"operation": "woocommerce.create_refund", "path": path, "order": order}
    delete = {"operation": "woocommerce.delete_refund", "path": {**path, "refund_id": "1301"}, "order": order}
    records = [{**create, "body": {"amount": "40.00"}}, delete, {**create, "order": later, "body": {"amount": "60.01"}}]
    found = check(records, "--select", "RF204")
    assert [(each["record"], each["message"]) for each in found["findings"]] == [
        (3, "refunds 60.01, but only 60.00 is left of 100.00")
    ]
    records[2]["body"] = {"amount": "60.00"}
    assert check(records, "--select", "RF204")["findings"] == []


def test_orders_of_others_do_not_count(check: Check) -> None:
    """Only records of the same order of the same shop count as earlier ones."""
    order = examples("woocommerce_legacy.get_order", "200")[0]
    amount = str(order["order"]["total"])
    body = {"order_refund": {"amount": amount}}

    def request(shop: str) -> dict[str, Any]:
        url = f"https://{shop}/wc-api/v3/orders/{order['order']['id']}/refunds?api_refund=0"
        return {"method": "POST", "url": url, "body": body, "order": order}

    assert codes(check([request("one.example"), request("two.example")])) == {}
    assert codes(check([request("one.example"), request("one.example")])) == {2: {"RF204", "RF317"}}


def test_alone_without_batch(check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --batch each record is checked alone."""
    check([story(US), story(US)])
    assert main(["check", "--isolated", "r.jsonl"]) == 0
    capsys.readouterr()


def test_same_refund_twice(check: Check) -> None:
    """A second equal body for the same order is RF317 in any spelling, and names the first."""
    one = {"operation": US, "body": examples(US)[0]}
    again = json.loads(text(one), parse_float=lambda digits: Decimal(f"{digits}0"))
    assert text(again) != text(one)
    (found,) = check([one, again], "--select", "RF317")["findings"]
    assert (found["record"], found["severity"], found["pointer"]) == (2, "error", "")
    name = one["body"]["orderRefund"]["purchaseOrderId"]
    assert found["message"] == f"record 1 of r.jsonl sends the same to order {name}"


def test_correlation_id_twice(check: Check) -> None:
    """One correlation id with two bodies is RF317 at the header; with one body only the refund is reported."""
    one, other = story(US), story(US)
    line = other["body"]["orderRefund"]["orderLines"]["orderLine"][0]
    line["refunds"]["refund"][0]["refundComments"] = "another one"
    other["headers"] = {
        "wm_qos.Correlation_id" if name == "WM_QOS.CORRELATION_ID" else name: value.upper()
        for name, value in one["headers"].items()
    }
    document = check([one, other], "--select", "RF317")
    assert [(found["record"], found["pointer"]) for found in document["findings"]] == [
        (2, "header:wm_qos.Correlation_id")
    ]
    assert [found["pointer"] for found in check([one, one], "--select", "RF317")["findings"]] == [""]


def test_idempotency_key_twice(check: Check) -> None:
    """One idempotency key with two bodies is RF317 at the key, for two orders too."""
    one = story(TAX)
    one["body"]["idempotencyKey"] = "key-one"
    other = {**one, "path": {**one["path"], "orderId": "another"}, "order": None}
    document = check([one, other], "--select", "RF317")
    assert [(found["record"], found["pointer"]) for found in document["findings"]] == [(2, "/idempotencyKey")]


def test_rule_is_chosen_like_every_other(check: Check) -> None:
    """RF317 can be ignored and made a warning."""
    one = {"operation": US, "body": examples(US)[0]}
    assert check([one, one], "--ignore", "repeated-refund")["findings"] == []
    assert check([one, one], "--severity", "RF317=warning")["summary"]["warnings"] == 1


def test_broken_record_is_no_earlier_one(check: Check) -> None:
    """A body that its schema refuses does not count as an earlier refund."""
    one = {"operation": US, "body": examples(US)[0]}
    broken = {"operation": US, "body": {**examples(US)[0], "x": {"y": [1]}}}
    refused = {"operation": US, "body": {"orderRefund": {"purchaseOrderId": 1}}}
    assert "RF317" not in codes(check([refused, refused, one])).get(3, set())
    assert codes(check([broken, one])).keys() == {1}


def test_over_several_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A batch runs across all files in their order, with any --jobs."""
    monkeypatch.chdir(tmp_path)
    for name in ("b.json", "a.json"):
        Path(name).write_bytes(text({"operation": US, "body": examples(US)[0]}))
    assert main(["check", "--isolated", "--batch", "--jobs", "2", "--output-format", "json", "."]) == 1
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert (found["file"], found["message"].partition(" sends")[0]) == ("b.json", "record 1 of a.json")


@pytest.mark.parametrize("wrong", ["9" * 5000, "x", "\u0663", "-1"])
def test_id_that_is_none_ends_no_batch(check: Check, wrong: str) -> None:
    """An invalid item or refund id is a finding of its record only, and later records are checked."""
    order = examples("woocommerce_legacy.get_order", "200")[0]
    path = {"id": str(order["order"]["id"])}
    item = {"qty": 1, "refund_total": "0.50"}
    bodies = [
        (SHOP, {}, {"amount": "0.50", "line_items": {wrong: item}}),
        (UPDATE, {"refund_id": wrong}, {"amount": "0.50"}),
        (SHOP, {}, {"amount": order["order"]["total"]}),
    ]
    found = check(
        [
            {"operation": name, "path": path | more, "body": {"order_refund": body}, "order": order, "refunds": None}
            for name, more, body in bodies
        ]
    )
    assert found["summary"]["checked"] == 3
    assert "RF204" in codes(found)[3]
