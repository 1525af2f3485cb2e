"""Walmart's caps against a slow, obvious reference, on random orders and refund histories."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
import refundkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from share import share
from story import text

KINDS = ("PRODUCT", "SHIPPING")
STATUSES = ("Created", "Acknowledged", "Shipped", "Delivered", "Cancelled", "Refund", "SHIPPED")
cents = st.integers(0, 400).map(lambda value: Decimal(value) / 100)
spent = st.one_of(
    cents, st.sampled_from([Decimal("0.1"), Decimal("0.2"), Decimal("1E-7"), Decimal("9007199254740993.01")])
)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """An order of up to three lines with its history, and a refund of some of them, often near the cap."""
    lines = {str(number): draw(_order_line(str(number))) for number in range(1, draw(st.integers(1, 3)) + 1)}
    wanted = draw(st.lists(st.sampled_from([*lines, "9"]), min_size=1, max_size=3))
    return {
        "body": {
            "orderRefund": {
                "purchaseOrderId": "1",
                "orderLines": {"orderLine": [draw(_refund_line(number, lines.get(number))) for number in wanted]},
            }
        },
        "order": {"order": {"purchaseOrderId": "1", "orderLines": {"orderLine": list(lines.values())}}},
    }


@st.composite
def _order_line(draw: st.DrawFn, number: str) -> dict[str, Any]:
    line: dict[str, Any] = {
        "lineNumber": number,
        "charges": {"charge": [draw(_charge(kind, 1)) for kind in draw(st.lists(st.sampled_from(KINDS), max_size=3))]},
        "orderLineQuantity": {"amount": str(draw(st.integers(1, 3)))},
        "orderLineStatuses": {
            "orderLineStatus": [
                {"status": draw(st.sampled_from(STATUSES)), "statusQuantity": {"amount": str(draw(st.integers(0, 3)))}}
                for _ in range(draw(st.integers(0, 3)))
            ]
        },
    }
    past = [draw(_charge(kind, -1)) for kind in draw(st.lists(st.sampled_from(KINDS), max_size=2))]
    if past:
        line["refund"] = {
            "refundCharges": {"refundCharge": [{"charge": {**one, "chargeName": "Damaged"}} for one in past]}
        }
    return line


@st.composite
def _charge(draw: st.DrawFn, kind: str, sign: int) -> dict[str, Any]:
    charge: dict[str, Any] = {"chargeType": kind, "chargeAmount": {"amount": sign * draw(spent), "currency": "USD"}}
    if draw(st.booleans()):
        charge["tax"] = {"taxName": "t", "taxAmount": {"amount": sign * draw(cents), "currency": "USD"}}
    return charge


@st.composite
def _refund_line(draw: st.DrawFn, number: str, line: dict[str, Any] | None) -> dict[str, Any]:
    """A refund of a line, its amounts at random or just what is left of the charge."""
    charges = []
    for kind in draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=2)):
        charge = {**draw(_charge(kind, -1)), "chargeName": "ItemPrice"}
        charge["chargeAmount"]["amount"] = min(charge["chargeAmount"]["amount"], Decimal("-0.01"))
        if line is not None and _left(line, kind) > 0 and draw(st.booleans()):
            charge["chargeAmount"]["amount"] = -_left(line, kind)
        charges.append({"refundReason": "Others", "charge": charge})
    return {"lineNumber": number, "refunds": {"refund": [{"refundCharges": {"refundCharge": charges}}]}}


def _left(line: dict[str, Any], kind: str) -> Decimal:
    """What is left of a line's charges of a type."""
    past = line.get("refund", {"refundCharges": {"refundCharge": []}})["refundCharges"]["refundCharge"]
    charges = [*line["charges"]["charge"], *(entry["charge"] for entry in past)]
    with localcontext(prec=100):
        return sum(
            (Decimal(each["chargeAmount"]["amount"]) for each in charges if each["chargeType"] == kind), Decimal(0)
        )


def sums(charges: list[dict[str, Any]], kind: str) -> tuple[Fraction, Fraction]:
    """Amount and tax of the charges of a type, summed as fractions."""
    chosen = [charge for charge in charges if charge["chargeType"] == kind]
    amount = sum((Fraction(charge["chargeAmount"]["amount"]) for charge in chosen), Fraction(0))
    tax = sum((Fraction(charge["tax"]["taxAmount"]["amount"]) for charge in chosen if "tax" in charge), Fraction(0))
    return amount, tax


def expected(request: dict[str, Any], api: str) -> set[tuple[str, str]]:
    """(rule, line number) of what is wrong, worked out the slow way."""
    order = {line["lineNumber"]: line for line in request["order"]["order"]["orderLines"]["orderLine"]}
    asked: dict[str, list[dict[str, Any]]] = {}
    for line in request["body"]["orderRefund"]["orderLines"]["orderLine"]:
        for refund in line["refunds"]["refund"]:
            asked.setdefault(line["lineNumber"], []).extend(
                one["charge"] for one in refund["refundCharges"]["refundCharge"]
            )
    wrong = set()
    for number, charges in asked.items():
        if number not in order:
            wrong.add(("RF301", number))
            continue
        line = order[number]
        counted = {"shipped", "refund"} | ({"delivered"} if api == "walmart" else set())
        shipped = sum(
            (
                Fraction(one["statusQuantity"]["amount"])
                for one in line["orderLineStatuses"]["orderLineStatus"]
                if one["status"].lower() in counted
            ),
            Fraction(0),
        )
        cancelled = sum(
            (
                Fraction(one["statusQuantity"]["amount"])
                for one in line["orderLineStatuses"]["orderLineStatus"]
                if one["status"].lower() == "cancelled"
            ),
            Fraction(0),
        )
        bought = Fraction(line["orderLineQuantity"]["amount"]) - cancelled
        if shipped == 0:
            wrong.add(("RF302", number))
        past = [one["charge"] for one in line.get("refund", {}).get("refundCharges", {}).get("refundCharge", [])]
        for kind in {charge["chargeType"] for charge in charges}:
            charged, charged_tax = sums(line["charges"]["charge"], kind)
            before, before_tax = (-part for part in sums(past, kind))
            now, now_tax = (-part for part in sums(charges, kind))
            if before + now > charged:
                wrong.add(("RF203", number))
            if now_tax > 0 and before_tax + now_tax > charged_tax:
                excess = before_tax + now_tax - charged_tax
                wrong.add(("RF207" if excess > Fraction(1, 100) else "RF220", number))
            if now == charged - before and before_tax + now_tax < charged_tax:
                wrong.add(("RF214", number))
            if (
                kind == "PRODUCT"
                and 0 < shipped < bought
                and before + now - Fraction(1, 100) > charged * shipped / bought
            ):
                wrong.add(("RF313", number))
    return wrong


@pytest.mark.parametrize("api", ["walmart", "walmart_ca"])
def test_caps_agree_with_fractions(api: str) -> None:
    """On thousands of random orders and histories the caps find just what exact fractions find, line by line."""
    judged = {"RF203", "RF207", "RF214", "RF220", "RF301", "RF302", "RF313"}
    seen: dict[str, int] = {}
    operation: Any = f"{api}.refund_order_lines"

    @settings(
        max_examples=share(3000, least=500), deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(requests())
    def agree(request: dict[str, Any]) -> None:
        body = text(request["body"])
        report = refundkit.check(operation, body, order=text(request["order"]))
        lines = request["body"]["orderRefund"]["orderLines"]["orderLine"]
        found = {
            (one.code, lines[int(one.pointer.split("/")[4])]["lineNumber"])
            for one in report.findings
            if one.code in judged
        }
        wanted = expected(request, api)
        assert found == wanted
        for code, _ in wanted:
            seen[code] = seen.get(code, 0) + 1

    agree()
    print(f"{api}: " + ", ".join(f"{code} {count} times" for code, count in sorted(seen.items())))
    assert set(seen) == judged
