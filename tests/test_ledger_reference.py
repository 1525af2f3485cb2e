"""The caps against a slow, obvious reference: random orders and random refunds, alone, in a batch and in the audit.

`make test-all` draws 5,000 histories of each API, `make test` 300, REFUNDKIT_HISTORIES as many as it says. A failure
names the seed of its history.
"""

from __future__ import annotations

import copy
import json
import os
from collections import Counter
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
import refundkit
from ledger_reference import CurrentWooCommerce, Findings, TaxCloud, Walmart, WalmartReturn, WooCommerce
from refundkit.checking.plan import make_plan
from refundkit.cli import main
from refundkit.config import Config
from refundkit.lint.batch import Batch
from refundkit.request import Request
from share import share as share_of_cases
from story import text

HISTORIES = int(os.environ.get("REFUNDKIT_HISTORIES", share_of_cases(5000, least=300)))
CAPS = frozenset(
    "RF203 RF204 RF207 RF213 RF214 RF218 RF220 RF221 RF301 RF302 RF304 RF313 RF327 RF401 RF403 RF404".split()
) | {"RF405", "RF406"}
EXPECTED = {
    "walmart": "RF203 RF207 RF214 RF220 RF301 RF302 RF304 RF313 RF403",
    "walmart_ca": "RF203 RF207 RF214 RF220 RF301 RF302 RF304 RF313 RF403",
    "walmart_return": "RF301 RF327 RF401",
    "woocommerce": "RF204 RF213 RF214 RF218 RF301 RF404",
    "woocommerce_legacy": "RF204 RF213 RF214 RF218 RF221 RF301 RF404",
    "taxcloud": "RF301 RF401 RF405 RF406",
}
CONNECTION = "0b9a3f52-6c1d-4e7f-8a25-93d4c7e1f608"


class Step(NamedTuple):
    """One request of a history; in a batch or an audit it may come `without_order`."""

    operation: Any
    path: dict[str, str]
    body: Any
    without_order: bool = False


class History(NamedTuple):
    """An order, the refunds that the order and a list tell of it, and the requests that follow.

    `told` is the list, None where nobody gives one; what the order tells stands in the order itself.
    """

    order: Any
    told: Any
    steps: list[Step]


# Walmart.

KINDS = ("PRODUCT", "SHIPPING", "FEE")
PRICES = ("40.00", "20.00", "10.00", "39.98", "0.10", "5.00")
STATUSES = ("Shipped", "Shipped", "SHIPPED", "Delivered", "Refund", "Acknowledged", "Created", "Cancelled", "Cancelled")


def share(random: Random, price: str) -> Decimal:
    """Some of an amount: all of it, a half, a tenth, or a little more or less than all."""
    amount = Decimal(price)
    part = random.choice((amount, amount, amount / 2, amount / 2, amount / 10, amount / 4))
    return (part + random.choice((0, 0, 0, 0, 0, Decimal("0.01"), Decimal("-0.01"), Decimal("0.0001")))) or part


def money(amount: Decimal) -> dict[str, Any]:
    """An amount as Walmart writes it."""
    return {"currency": "USD", "amount": amount}


def charge_of(random: Random, api: str, kind: str, amount: Decimal, tax: Decimal | None) -> dict[str, Any]:
    """A charge, with its tax, as one or in parts."""
    charge: dict[str, Any] = {"chargeType": kind, "chargeName": "ItemPrice", "chargeAmount": money(amount)}
    if tax is not None and api == "walmart" and random.random() < 0.2:
        parts = (tax / 2, tax - tax / 2)
        charge["taxDetails"] = [{"taxName": "T", "taxAmount": money(part)} for part in parts]
    elif tax is not None:
        charge["tax"] = {"taxName": "T", "taxAmount": money(tax)}
    return charge


def order_charge(random: Random, api: str, kind: str) -> dict[str, Any]:
    """A charge of an order, now and then one that lowers what was charged."""
    price = Decimal(random.choice(PRICES))
    odd = random.random()
    sign = -1 if odd < 0.08 else 1
    tax = random.choice((None, price / 10, price / 10, price / 10 + Decimal("0.005")))
    charge = charge_of(random, api, kind, sign * price, tax and sign * tax)
    if odd > 0.9:
        charge["isDiscount"] = True
    elif odd > 0.8:
        charge["isDiscount"] = False
    return charge


def walmart_history(random: Random, api: str, number: int) -> History:
    """An order of one to three lines and up to five requests; some of them cancellations."""
    lines = [walmart_line(random, api, str(index + 1)) for index in range(random.choice((1, 1, 2, 2, 3)))]
    order = {"order": {"purchaseOrderId": str(number), "orderLines": {"orderLine": lines}}}
    told = None
    if random.random() < 0.3:
        bodies = [walmart_refund(random, api, lines, number) for _ in range(random.choice((0, 1, 1, 2)))]
        told = [body for body in bodies if not is_refused("walmart.refund_order_lines", body)]
    steps = []
    for _ in range(random.choice((1, 2, 2, 3, 4, 5))):
        operation, body = f"{api}.refund_order_lines", walmart_refund(random, api, lines, number)
        if random.random() < 0.3:
            operation, body = f"{api}.cancel_order_lines", cancellation(random, lines)
        elif api == "walmart_ca" and random.random() < 0.15:
            operation, body = "walmart.refund_order_lines", walmart_refund(random, "walmart", lines, number)
        steps.append(Step(operation, {"purchaseOrderId": str(number)}, body, random.random() < 0.1))
    currency = random.choice(("USD", "USD", "USD", "JPY", "KWD"))
    steps = [step._replace(body=in_currency(step.body, currency)) for step in steps]
    return History(in_currency(order, currency), in_currency(told, currency), steps)


def in_currency(node: Any, currency: str) -> Any:
    """The same document with all its money in a currency: their minor units differ."""
    if isinstance(node, list):
        return [in_currency(each, currency) for each in node]
    if isinstance(node, dict):
        return {key: currency if key == "currency" else in_currency(each, currency) for key, each in node.items()}
    return node


def walmart_line(random: Random, api: str, number: str) -> dict[str, Any]:
    """A line of an order: charges of some types, one of them several times, and pieces in several statuses."""
    kinds = random.choices(KINDS, k=random.choice((0, 1, 2, 3))) if random.random() < 0.3 else list(KINDS[:2])
    kinds = [kind.lower() if random.random() < 0.05 else kind for kind in kinds]
    statuses = random.choices(STATUSES, k=random.choice((1, 1, 2, 3)))
    line: dict[str, Any] = {
        "lineNumber": number,
        "charges": {"charge": [order_charge(random, api, kind) for kind in kinds]},
        "orderLineQuantity": {"unitOfMeasurement": "EACH", "amount": str(random.choice((1, 2, 2, 3, 4)))},
        "orderLineStatuses": {
            "orderLineStatus": [
                {
                    "status": each,
                    "statusQuantity": {"unitOfMeasurement": "EACH", "amount": str(random.choice((0, 1, 2)))},
                }
                for each in statuses
            ]
        },
    }
    if random.random() < 0.3:
        charges = [
            charge_of(
                random, api, random.choice(KINDS), *[random.choice((-1, 1)) * each for each in given_back(random)]
            )
            for _ in range(random.choice((1, 2)))
        ]
        line["refund"] = {
            "refundId": f"R-{number}",
            "refundCharges": {"refundCharge": [{"charge": each} for each in charges]},
        }
    return line


def given_back(random: Random) -> tuple[Decimal, Decimal]:
    """An amount that goes back, and its tax."""
    amount = share(random, random.choice(PRICES))
    return amount, random.choice((amount / 10, amount / 10, Decimal(0), Decimal("0.01")))


def walmart_refund(random: Random, api: str, lines: list[Any], number: int) -> dict[str, Any]:
    """A refund of some lines, one of them perhaps twice or unknown, full or not, with amounts or without."""
    entries = []
    for _ in range(random.choice((1, 1, 1, 2, 2, 3))):
        line = random.choice(lines)
        entry: dict[str, Any] = {"lineNumber": line["lineNumber"] if random.random() < 0.95 else "9"}
        refunds: list[Any] = [[] for _ in range(random.choice((1, 1, 1, 2)))]
        named = random.choice((0, 1, 1, 2))
        kind = random.random()
        if api == "walmart" and kind < 0.25:
            entry["isFullRefund"] = True
            named = random.choice((0, 0, 0, named))
        elif api == "walmart" and kind < 0.5:
            entry["isFullRefund"] = False
        own = line["charges"]["charge"]
        for _ in range(named):
            if own and random.random() < 0.9:
                charge = random.choice(own)
                amount = share(random, str(abs(charge["chargeAmount"]["amount"])))
                taxes = [charge["tax"]] if "tax" in charge else charge.get("taxDetails", [])
                full = sum((abs(each["taxAmount"]["amount"]) for each in taxes), Decimal(0))
                tax = random.choice((None, share(random, str(full)), full, full))
                made = charge_of(
                    random, api, charge["chargeType"], -amount, None if tax is None else -max(tax, Decimal(0))
                )
            else:
                made = charge_of(random, api, random.choice(KINDS), *[-each for each in given_back(random)])
            if random.random() < 0.05:
                made["chargeAmount"]["amount"] *= -1
            random.choice(refunds).append({"refundReason": "DamagedItem", "charge": made})
        empty: dict[str, Any] = {}
        entry["refunds"] = {
            "refund": [{"refundCharges": {"refundCharge": each} if each else empty} for each in refunds]
        }
        entries.append(entry)
    return {"orderRefund": {"purchaseOrderId": str(number), "orderLines": {"orderLine": entries}}}


def cancellation(random: Random, lines: list[Any]) -> dict[str, Any]:
    """A cancellation of some pieces of some lines."""
    entries = [
        {
            "lineNumber": random.choice(lines)["lineNumber"] if random.random() < 0.95 else "9",
            "orderLineStatuses": {
                "orderLineStatus": [
                    {
                        "status": "Cancelled",
                        "cancellationReason": "CANCEL_BY_SELLER",
                        "statusQuantity": {"unitOfMeasurement": "EACH", "amount": str(random.choice((1, 1, 2)))},
                    }
                    for _ in range(random.choice((1, 1, 2)))
                ]
            },
        }
        for _ in range(random.choice((1, 1, 2)))
    ]
    return {"orderCancellation": {"orderLines": {"orderLine": entries}}}


def return_history(random: Random, _api: str, number: int) -> History:
    """A return of one to three lines, some of them refunded or cancelled, and up to five requests."""
    lines: list[dict[str, Any]] = []
    for line in range(1, random.choice((1, 2, 3)) + 1):
        made: dict[str, Any] = {"returnOrderLineNumber": line, "quantity": returned_pieces(random, 4)}
        if random.random() < 0.7:
            made["refundedQty"] = returned_pieces(random, 2)
            made["refundedQty"]["measurementValue"] *= random.choice((0, 1, 1, -1))
        if random.random() < 0.1:
            made["status"] = "CANCELLED"
        lines.append(made)
    returned = {"returnOrderId": str(number), "customerOrderId": "7", "returnOrderLines": lines}
    steps = []
    for _ in range(random.choice((1, 2, 2, 3, 4, 5))):
        entries = []
        for _ in range(random.choice((1, 1, 2, 3))):
            entry: dict[str, Any] = {"returnOrderLineNumber": random.choice((*range(1, len(lines) + 1), 1, 9))}
            if random.random() < 0.8:
                entry["quantity"] = returned_pieces(random, 2)
                entry["quantity"]["measurementValue"] *= random.choice((1, 1, 1, 1, 1, 1, 1, -1))
            entries.append(entry)
        body = {"customerOrderId": "7", "refundLines": entries}
        steps.append(Step("walmart.refund_return", {"returnOrderId": str(number)}, body, random.random() < 0.1))
    return History({"returnOrders": [returned]}, None, steps)


def returned_pieces(random: Random, most: int) -> dict[str, Any]:
    """Some pieces as a return writes them, now and then a part of one."""
    pieces = random.choice((Decimal(random.randint(1, most)), Decimal(random.randint(1, most * 4)) / 4))
    return {"unitOfMeasure": "EACH", "measurementValue": pieces}


def returned_after(history: History, count: int) -> Any:
    """The list as the API would give it after the first requests."""
    reference = opened("walmart_return", history.order, None)
    for step in history.steps[:count]:
        if not is_refused(step.operation, step.body):
            reference.make(step.operation, step.body, step.path)
    answer = copy.deepcopy(history.order)
    for line in answer["returnOrders"][0]["returnOrderLines"]:
        back = reference.back[line["returnOrderLineNumber"]]
        line["refundedQty"] = {"measurementValue": Decimal(back.numerator) / Decimal(back.denominator)}
    return answer


# WooCommerce.

MONEY = ("0.00", "10.00", "20.00", "5.505", "0.30", "19.99")


def woocommerce_history(random: Random, _api: str, number: int) -> History:
    """An order of products, shipping and fees, some below zero, and creates, updates and deletes."""
    products = [
        {
            "id": 71 + index,
            "product_id": random.choice((311, 312)),
            "total": random.choice(MONEY),
            "total_tax": some_tax(random),
            "quantity": random.choice((1, 2, 3)),
        }
        for index in range(random.choice((1, 2)))
    ]
    shipping = [{"id": 81 + index, "total": random.choice(MONEY)} for index in range(random.choice((0, 1, 1, 2)))]
    fees = [
        {"id": 91 + index, "total": random.choice(("", "-")) + random.choice(MONEY), "total_tax": some_tax(random)}
        for index in range(random.choice((0, 1, 1, 2)))
    ]
    items: list[Any] = [*products, *shipping, *fees]
    total = sum((Decimal(item["total"]) + Decimal(item.get("total_tax", 0)) for item in items), Decimal(0))
    total = max(Decimal(0), total) + random.choice((0, 0, Decimal("0.0005")))
    # A shop of dinars shows its orders with two decimals, or with four where it is asked for them.
    currency = random.choice(("USD", "USD", "JPY", "KWD", "KWD"))
    shown = total.quantize(Decimal(random.choice(("0.01", "0.0001"))), ROUND_HALF_UP) if currency == "KWD" else total
    order = {
        "id": number,
        "total": format(shown, "f"),
        "currency": currency,
        "tax_lines": random.choice(([{"rate_id": 3}], [{"rate_id": 3}, {"rate_id": "4"}], [], None)),
        "shipping_tax": some_tax(random),
        "line_items": products,
        "shipping_lines": shipping,
        "fee_lines": fees,
    }
    told = None
    if random.random() < 0.5:
        told = {
            "order_refunds": [
                listed_refund(random, 900 + index, total, items) for index in range(random.choice((0, 1, 2)))
            ]
        }
    steps = []
    for _ in range(random.choice((1, 2, 2, 3, 4, 5, 6))):
        operation, path, body = random.choice(("create", "create", "update", "delete")), {"id": str(number)}, None
        if operation != "create":
            path["refund_id"] = random.choice(("900", "901", "1000", "1001", "77"))
        amount = random.choice((str(total), some_amount(random, total), some_amount(random, total)))
        if operation == "create":
            body = {"order_refund": {"amount": amount, **requested_items(random, items)}}
        elif operation == "update":
            body = {"order_refund": {"reason": "why"} if random.random() < 0.1 else {"amount": amount}}
        steps.append(Step(f"woocommerce_legacy.{operation}_refund", path, body, random.random() < 0.1))
    return History({"order": order}, told, steps)


def some_tax(random: Random) -> str:
    """The tax of an item."""
    return random.choice(("0.00", "1.00", "2.00", "0.555"))


def some_amount(random: Random, total: Decimal) -> str:
    """Some of a total, as text; now and then below zero, which counts by its size."""
    amount = share(random, str(total))
    return str(-amount if random.random() < 0.03 else abs(amount))


def requested_items(random: Random, items: list[Any]) -> dict[str, Any]:
    """Items of a create: some of an order's, perhaps one that it lacks."""
    if random.random() < 0.3:
        return {}
    asked: dict[str, Any] = {}
    for item in random.sample(items, random.choice((1, min(2, len(items))))):
        entry: dict[str, Any] = {}
        if random.random() < 0.9:
            amount = share(random, item["total"]) * random.choice((1,) * 15 + (-1,))
            entry["refund_total"] = str(amount)
        if random.random() < 0.6:
            tax = share(random, item.get("total_tax", "1.00")) * random.choice((1,) * 9 + (-1,))
            entry["refund_tax"] = {random.choice("33349"): str(tax)}
            if random.random() < 0.2:
                entry["refund_tax"] = random.choice(({**entry["refund_tax"], "8": "0.00", "4": "0.50"}, []))
        if random.random() < 0.6:
            entry["qty"] = random.choice((0, 1, 1, 2, 3, "2.0", "-1", Decimal("0.5")))
        asked[str(item["id"])] = entry
    if random.random() < 0.1:
        asked["5"] = {"qty": 1, "refund_total": "1.00"}
    return {"line_items": asked}


def listed_refund(random: Random, number: int, total: Decimal, items: list[Any]) -> dict[str, Any]:
    """A refund as the shop lists it, with its items or without."""
    created = {"amount": str(abs(share(random, str(total)))), **requested_items(random, items)}
    shown = shown_refund(number, created, {str(item["id"]): item for item in items})
    sign = random.choice((1, 1, 1, -1))  # an earlier refund counts by its size
    shown["amount"] = random.choice((str(sign * Decimal(shown["amount"])),) * 9 + ("",))
    for item in shown["line_items"]:
        item["quantity"] *= sign
        item["total"] = str(sign * Decimal(item["total"]))
        if random.random() < 0.4:  # a current server, which does not name the item
            item["refunded_item_id"] = 0
    return shown


def shown_refund(number: int, created: Any, known: dict[str, Any]) -> dict[str, Any]:
    """What the shop lists of a create: money and pieces of items with the sign turned."""
    items = [
        {
            "refunded_item_id": int(key),
            "product_id": known[key].get("product_id", 0),
            "quantity": -Decimal(item.get("qty", 0)),
            "total": str(-Decimal(item.get("refund_total", 0))),
            "total_tax": str(-sum(map(Decimal, dict(item.get("refund_tax") or {}).values()), Decimal(0))),
        }
        for key, item in created.get("line_items", {}).items()
        if key in known
    ]
    return {"id": number, "amount": str(abs(Decimal(created["amount"]))), "line_items": items}


# WooCommerce, wc/v3.


def current_history(random: Random, _api: str, number: int) -> History:
    """An order of products, shipping and fees, taxed by rates; creates, with a list or an object of items, and deletes.

    The order tells all its refunds, some or none; the list perhaps others.
    """
    products = [
        taxed_item(random, 71 + index) | {"quantity": random.choice((1, 2, 3)), "product_id": 311}
        for index in range(random.choice((1, 2)))
    ]
    shipping = [taxed_item(random, 81 + index) for index in range(random.choice((0, 1, 1, 2)))]
    fees = [taxed_item(random, 91 + index) for index in range(random.choice((0, 1, 1, 2)))]
    for fee in fees:
        fee["total"] = random.choice(("", "-")) + fee["total"]
    items = {str(item["id"]): item for item in (*products, *shipping, *fees)}
    total = sum((Decimal(item["total"]) + Decimal(item.get("total_tax", 0)) for item in items.values()), Decimal(0))
    total = max(Decimal(0), total) + random.choice((0, 0, Decimal("0.0005")))
    order = {
        "id": number,
        "total": format(total, "f"),
        "currency": random.choice(("USD", "USD", "JPY", "KWD")),
        "line_items": products,
        "shipping_lines": shipping,
        "fee_lines": fees,
    }
    earlier = [
        current_listed(900 + index, current_body(random, total, items), order)
        for index in range(random.choice((0, 1, 2)))
    ]
    if random.random() < 0.8:
        order["refunds"] = [listed_total(each) for each in earlier if random.random() < 0.9]
    told = [each for each in earlier if random.random() < 0.8] if random.random() < 0.6 else None
    steps = []
    for _ in range(random.choice((1, 2, 2, 3, 4, 5, 6))):
        path, body, operation = {"id": str(number)}, None, "delete"
        if random.random() < 0.7:
            operation, body = "create", current_body(random, total, items)
        else:
            path["refund_id"] = random.choice(("900", "901", "1000", "1001", "77"))
        steps.append(Step(f"woocommerce.{operation}_refund", path, body, random.random() < 0.1))
    return History(order, told, steps)


def taxed_item(random: Random, number: int) -> dict[str, Any]:
    """An item of an order, with the tax of no rate, of one or of two; some orders do not tell the rates."""
    taxes = [{"id": rate, "total": some_tax(random)} for rate in random.choice(((3,), (3,), (3, 4), ()))]
    item = {"id": number, "total": random.choice(MONEY), "taxes": taxes}
    item["total_tax"] = str(sum((Decimal(str(tax["total"])) for tax in taxes), Decimal(0)))
    return {name: value for name, value in item.items() if name != "taxes" or random.random() < 0.9}


def current_body(random: Random, total: Decimal, items: dict[str, Any]) -> dict[str, Any]:
    """A create: an amount or the sum of its items, which are a list or an object, one of them perhaps twice."""
    body: dict[str, Any] = {}
    if random.random() < 0.8:
        body["amount"] = random.choice((format(total, "f"), some_amount(random, total), some_amount(random, total)))
    if random.random() < 0.05:
        body["compute_totals"] = True
    if "amount" in body and random.random() < 0.3:
        return body
    keys = random.choices([*items, *items, *items, "5"], k=random.choice((1, 1, 2, 3)))
    asked = [(key, current_item(random, items.get(key, {"total": "1.00"}))) for key in keys]
    if random.random() < 0.3:
        body["line_items"] = {key: keyed(item) for key, item in asked}
    else:
        body["line_items"] = [{"id": int(key), **item} for key, item in asked]
    return body


def current_item(random: Random, item: dict[str, Any]) -> dict[str, Any]:
    """What goes back of an item: money, tax by rate, pieces, or some of these."""
    entry: dict[str, Any] = {}
    if random.random() < 0.9:
        amount = share(random, item["total"]) * random.choice((1,) * 15 + (-1,))
        entry["refund_total"] = random.choice((format(amount, "f"), amount))
    taxes = [(tax["id"], tax["total"]) for tax in item.get("taxes", ())] + [random.choice(((3, "1.00"), (9, "0.50")))]
    chosen = random.choice(([], taxes[:1], taxes[:1], taxes[:-1], taxes, [*taxes[:1], *taxes[:1]]))
    if chosen or random.random() < 0.1:
        entry["refund_tax"] = [
            {"id": rate, "refund_total": format(share(random, tax) * random.choice((1,) * 9 + (-1,)), "f")}
            for rate, tax in chosen
        ]
    if random.random() < 0.6:
        entry["quantity"] = random.choice((0, 1, 1, 1, 2, 3, -1))
    if entry.get("refund_tax") and random.random() < 0.2:
        entry["refund_tax"] = {str(tax["id"]): tax["refund_total"] for tax in entry["refund_tax"]}
    return entry


def keyed(item: dict[str, Any]) -> dict[str, Any]:
    """An item in the older form."""
    taxes = item.get("refund_tax", {})
    taxes = {str(tax["id"]): tax["refund_total"] for tax in taxes} if isinstance(taxes, list) else taxes
    renamed = {"qty" if name == "quantity" else name: value for name, value in item.items()}
    return renamed | ({"refund_tax": taxes} if "refund_tax" in item else {})


def current_listed(number: int, body: Any, order: Any) -> dict[str, Any]:
    """A refund as the shop lists it: sums and pieces below zero, each line with the order's item that it is of."""
    reference = CurrentWooCommerce(order)
    reference.make("woocommerce.create_refund", body, {})
    made: dict[str, Any] = reference.refunds[0] if reference.refunds else {"amount": Fraction(0), "items": {}}
    shown: dict[str, Any] = {"id": number, "amount": decimal_text(made["amount"]), "line_items": [], "fee_lines": []}
    for key, item in made["items"].items():
        line: dict[str, Any] = {"total": decimal_text(-item["money"]), "total_tax": decimal_text(-item["tax"])}
        line["meta_data"] = [{"key": "_refunded_item_id", "value": key}]
        if key in reference.ordered:
            line["quantity"] = -int(item["pieces"])
        shown["line_items" if "quantity" in line else "fee_lines"].append(line)
    return shown


def listed_total(refund: Any) -> dict[str, Any]:
    """A refund as the order tells it: its sum alone."""
    return {"id": refund["id"], "reason": "", "total": f"-{refund['amount']}"}


def decimal_text(number: Fraction) -> str:
    """A fraction as a decimal, exactly."""
    return format(Decimal(number.numerator) / Decimal(number.denominator), "f")


def current_after(history: History, count: int) -> list[tuple[Any, Any]]:
    """The order and the list as the shop would tell them after the first requests, together and each alone."""
    order = history.order
    sums = {each["id"]: each for each in order.get("refunds", ())}
    shown = {each["id"]: each for each in history.told or ()}
    for number, step in enumerate(history.steps[:count]):
        if step.body is None:
            sums.pop(int(step.path["refund_id"]), None)
            shown.pop(int(step.path["refund_id"]), None)
        elif not is_refused(step.operation, step.body):
            shown[1000 + number] = current_listed(1000 + number, step.body, order)
            sums[1000 + number] = listed_total(shown[1000 + number])
    told = list(shown.values())
    silent = {name: value for name, value in order.items() if name != "refunds"}
    after = {**order, "refunds": list(sums.values())}
    return [(after, told), (after, None), (after, []), (silent, told), (silent, None)]


# TaxCloud.


def taxcloud_history(random: Random, _api: str, number: int) -> History:
    """An order of up to four lines, some of one item, and refunds of pieces, of everything, and replayed ones."""
    lines = [
        {"index": index, "itemId": random.choice("AAB"), "quantity": Decimal(random.choice(("1", "2", "1.5", "4")))}
        for index in range(random.choice((1, 2, 3, 4)))
    ]
    order: dict[str, Any] = {
        "orderId": str(number),
        "connectionId": CONNECTION,
        "completedDate": "2026-03-03T10:00:00Z",
        "lineItems": lines,
    }
    carries, lists = random.choice(((True, False), (True, False), (False, True), (True, True)))
    order["refunds"] = [recorded_refund(random, lines) for _ in range(random.choice((0, 0, 1, 2)))] if carries else []
    if not order["refunds"] and random.random() < 0.3:
        order["refunds"] = None
    told = [recorded_refund(random, lines) for _ in range(random.choice((0, 1, 2)))] if lists else None
    path = {"connectionId": CONNECTION, "orderId": str(number)}
    steps: list[Step] = []
    for _ in range(random.choice((1, 2, 2, 3, 4, 5))):
        body = taxcloud_refund(random, lines)
        if steps and random.random() < 0.2:
            body = copy.deepcopy(random.choice(steps).body)
        # A refund that only the order tells is unknown to a record without it.
        without_order = not order["refunds"] and random.random() < 0.1
        steps.append(Step("taxcloud.refund_order", path, body, without_order))
    return History(order, told, steps)


def some_pieces(random: Random, quantity: Decimal) -> Decimal:
    """Some of an item's pieces: shares that only nearly add up, too."""
    part = random.choice((quantity, quantity, quantity / 2, quantity / 4, Decimal("0.5")))
    return part + random.choice((0, 0, 0, 0, 0, Decimal("1e-10"), Decimal("1e-8"), Decimal(1)))


def taxcloud_refund(random: Random, lines: list[Any]) -> dict[str, Any]:
    """A refund of some pieces; an item may stand twice, or be unknown, or stand at another's index."""
    body: dict[str, Any] = {}
    if random.random() < 0.4:
        body["idempotencyKey"] = random.choice(("key-one", "key-two"))
    kind = random.random()
    if kind < 0.15:
        return body
    body["items"] = []
    if kind < 0.2:
        return body
    if kind < 0.3:
        body["items"] = [
            {"itemId": line["itemId"], "quantity": line["quantity"], "cartItemIndex": line["index"]} for line in lines
        ]
        return body
    for _ in range(random.choice((1, 1, 2, 3))):
        line = random.choice(lines)
        item = {"itemId": line["itemId"], "quantity": some_pieces(random, line["quantity"])}
        if random.random() < 0.05:
            item["itemId"] = random.choice("BX")
        if random.random() < 0.6:
            item["cartItemIndex"] = line["index"] if random.random() < 0.95 else random.choice((0, 1, 9))
        body["items"].append(item)
    return body


def recorded_refund(random: Random, lines: list[Any]) -> dict[str, Any]:
    """An earlier refund as TaxCloud tells it, now and then with pieces below zero."""
    items = []
    for line in random.sample(lines, random.choice((1, min(2, len(lines))))):
        pieces = some_pieces(random, line["quantity"]) / 2
        item = {"itemId": line["itemId"], "quantity": pieces * random.choice((1, 1, 1, -1))}
        items.append(item | ({"index": line["index"]} if random.random() < 0.7 else {}))
    key = random.choice((None, None, "key-one", "key-two"))
    return {"items": items, **({"idempotencyKey": key} if key else {})}


# The three ways.


def is_refused(operation: str, body: Any) -> bool:
    """Whether the API refuses a request for the sign of a number, so that it is nobody's earlier refund."""
    if operation.startswith("woocommerce_legacy"):
        refund = {} if body is None else body["order_refund"]
        numbers = [refund.get("amount", 0), *(item.get("qty", 0) for item in refund.get("line_items", {}).values())]
        return any(Decimal(number) < 0 for number in numbers)
    if operation.startswith("woocommerce."):
        asked = (body or {}).get("line_items", ())
        entries = asked.values() if isinstance(asked, dict) else asked
        numbers = [(body or {}).get("amount", 0), *(each.get("quantity", each.get("qty", 0)) for each in entries)]
        return any(Decimal(number) < 0 for number in numbers)
    if operation.endswith("refund_return"):
        pieces = [line["quantity"]["measurementValue"] for line in body["refundLines"] if "quantity" in line]
        return any(each <= 0 for each in pieces)
    if not operation.endswith("refund_order_lines"):
        return False
    lines = body["orderRefund"]["orderLines"]["orderLine"]
    refunds = [refund["refundCharges"] for line in lines for refund in line["refunds"]["refund"]]
    charges = [entry["charge"] for each in refunds for entry in each.get("refundCharge", [])]
    taxes = [tax for charge in charges for tax in (charge.get("tax"), *charge.get("taxDetails", ())) if tax]
    return any(each["chargeAmount"]["amount"] >= 0 for each in charges) or any(
        each["taxAmount"]["amount"] > 0 for each in taxes
    )


DRAW = {
    "walmart": walmart_history,
    "walmart_ca": walmart_history,
    "walmart_return": return_history,
    "woocommerce": current_history,
    "woocommerce_legacy": woocommerce_history,
    "taxcloud": taxcloud_history,
}
REFERENCES: dict[str, Any] = {
    "walmart": Walmart,
    "walmart_ca": Walmart,
    "walmart_return": WalmartReturn,
    "woocommerce": CurrentWooCommerce,
    "woocommerce_legacy": WooCommerce,
    "taxcloud": TaxCloud,
}
CONFIG = Config(select=tuple(sorted(CAPS)))


def opened(api: str, order: Any, told: Any, *, reads_order: bool = True) -> Any:
    """The reference with the history that the order and the list tell."""
    reference = REFERENCES[api](order)
    if api in ("walmart", "walmart_ca"):
        if reads_order:
            reference.read_order()
        other = Walmart(order)
        for body in told or ():
            other.make("refund_order_lines", body, {})
        reference.merge(other)
    elif api == "walmart_return":
        if reads_order:
            reference.read_order()
    elif api == "woocommerce":
        reference.read(told, reads_order=reads_order)
    elif api == "woocommerce_legacy":
        reference.read_list(told or {"order_refunds": []})
    else:
        reference.read_list((order["refunds"] or []) if reads_order else [])
        other_list = TaxCloud(order)
        other_list.read_list(told or [])
        reference.merge(other_list)
    return reference


def caps(pairs: Iterator[tuple[str, str]]) -> Findings:
    """The findings of the caps."""
    return {(code, pointer) for code, pointer in pairs if code in CAPS}


def judged_alone(step: Step, order: Any, told: Any) -> Findings:
    """What `refundkit.check` finds of one request."""
    report = refundkit.check(
        step.operation,
        None if step.body is None else text(step.body),
        order=text(order),
        refunds=None if told is None else text(told),
        path=step.path,
    )
    return caps((each.code, each.pointer) for each in report.findings)


def judged_in_batch(history: History, orders: list[bytes]) -> list[Findings]:
    """What a batch finds of each request, one after another."""
    batch, found = Batch(), []
    for number, step in enumerate(history.steps):
        request = Request(
            body=None if step.body is None else text(step.body),
            path=step.path,
            order=None if step.without_order else orders[number],
            refunds=None if history.told is None else text(history.told),
        )
        judged = batch.judge(make_plan(step.operation, Config()), request, (), "r.jsonl", number + 1)
        found.append(caps((rule.code, each.pointer) for rule, each in judged.hits))
    return found


def judged_in_audit(history: History, orders: list[bytes], *, carried: bool) -> list[Findings]:
    """What the audit finds of each request."""
    import pyarrow as pa
    from refundkit.audit.columns import REQUESTS
    from refundkit.audit.kernel import judge_batches
    from refundkit.audit.settings import AuditSettings

    steps = history.steps
    columns: dict[str, list[Any]] = {
        "row": list(range(len(steps))),
        "time": list(range(len(steps))),
        "operation": [step.operation.encode() for step in steps],
        "path": [text(step.path) for step in steps],
        "body": [None if step.body is None else text(step.body) for step in steps],
        "order": [None if step.without_order else order for step, order in zip(steps, orders, strict=True)],
        "refunds": [None if history.told is None else text(history.told)] * len(steps),
    }
    columns |= {field.name: [None] * len(steps) for field in REQUESTS if field.name not in columns}
    batch = pa.RecordBatch.from_pydict({field.name: columns[field.name] for field in REQUESTS}, schema=REQUESTS)
    ((rows, _),) = judge_batches([batch], AuditSettings(carried=carried))
    found: list[Findings] = [set() for _ in steps]
    for row in rows.to_pylist():
        found[row["row"]] |= caps(iter([(row["code"], row["pointer"])]))
    return found


def expected_in_sequence(api: str, history: History, *, reads_order: bool, is_batch: bool) -> list[Findings]:
    """What the reference finds of each request after those before it."""
    reference = opened(api, history.order, history.told, reads_order=reads_order)
    expected = []
    for step in history.steps:
        if not step.without_order:
            expected.append(reference.find(step.operation, step.body, step.path))
        elif api == "taxcloud" and (history.told is not None or not (is_batch or reads_order)):
            expected.append(reference.find_without_order(step.body))
        else:
            expected.append(set())
        is_counted = is_batch or not step.operation.endswith("cancel_order_lines")
        if is_counted and not is_refused(step.operation, step.body):
            reference.make(step.operation, step.body, step.path)
    return expected


def told_after(api: str, history: History, count: int) -> Any:
    """The list of earlier refunds that the API would give after the first requests."""
    made = [step for step in history.steps[:count] if not is_refused(step.operation, step.body)]
    if api.startswith("walmart"):
        return [*(history.told or ()), *(step.body for step in made if step.operation == f"{api}.refund_order_lines")]
    if api == "woocommerce_legacy":
        shown = {each["id"]: dict(each) for each in (history.told or {"order_refunds": []})["order_refunds"]}
        order = history.order["order"]
        lists = ("line_items", "shipping_lines", "fee_lines")
        known = {str(item["id"]): item for name in lists for item in order[name]}
        for number, step in enumerate(made):
            name = int(step.path.get("refund_id", 0))
            if step.operation.endswith("create_refund"):
                shown[1000 + number] = shown_refund(1000 + number, step.body["order_refund"], known)
            elif step.body is None:
                shown.pop(name, None)
            elif name in shown and Decimal(step.body["order_refund"].get("amount", 0)):
                shown[name]["amount"] = str(abs(Decimal(step.body["order_refund"]["amount"])))
        return {"order_refunds": list(shown.values())}
    reference = opened(api, history.order, history.told)
    told = []
    for step in made:
        earlier, left = len(reference.refunds), reference.left()
        reference.make(step.operation, step.body, step.path)
        if len(reference.refunds) > earlier:
            told.append(shown_pieces(step.body, history.order["lineItems"], left))
    return [*(history.told or ()), *told]


def shown_pieces(body: Any, lines: list[Any], left: dict[Any, Fraction]) -> dict[str, Any]:
    """A refund as TaxCloud tells it afterwards: items with their index; of no items all that was left."""
    items = []
    for item in body.get("items", ()):
        index = {"index": item["cartItemIndex"]} if "cartItemIndex" in item else {}
        items.append({"itemId": item["itemId"], "quantity": item["quantity"], **index})
    if not items:
        left = dict(left)
        for line in lines:
            place = (line["itemId"], line["index"])
            pieces = min(left[line["itemId"]], left.get(place, left[line["itemId"]]))
            left[line["itemId"]] -= pieces
            quantity = Decimal(pieces.numerator) / Decimal(pieces.denominator)
            items.append({"itemId": line["itemId"], "index": line["index"], "quantity": quantity})
    known = {line["itemId"] for line in lines}
    items = [item for item in items if item["itemId"] in known]
    return {"items": items, **({"idempotencyKey": body["idempotencyKey"]} if "idempotencyKey" in body else {})}


def differences_alone(api: str, history: History, seen: Counter[str]) -> Iterator[str]:
    """Where the package and the reference differ on one history, each request by itself."""
    for count, step in enumerate(history.steps):
        if step.operation.partition(".")[0] != api.removesuffix("_return"):
            continue
        if api == "walmart_return":
            tellings: list[tuple[Any, Any]] = [(returned_after(history, count), None)]
        elif api == "woocommerce":
            tellings = current_after(history, count)
        else:
            tellings = [(history.order, told_after(api, history, count))]
        if api == "taxcloud":
            tellings.append(({**history.order, "refunds": tellings[0][1]}, None))
        elif api in ("walmart", "walmart_ca"):
            tellings += [(history.order, None), (history.order, [])]
        for order, told in tellings:
            expected = opened(api, order, told).find(step.operation, step.body, step.path)
            found = judged_alone(step, order, told)
            seen.update(code for code, _ in expected)
            if expected != found:
                yield f"alone, request {count + 1}: expected {expected - found}, found {found - expected}"
                yield f"order {text(order).decode()} refunds {text(told).decode()} body {text(step.body).decode()}"


def differences_in_sequence(api: str, history: History, way: str, random: Random, seen: Counter[str]) -> Iterator[str]:
    """Where the package and the reference differ on one history, each request after those before it."""
    # The same order, perhaps written otherwise when it was read for the next request.
    orders = [text(history.order) + random.choice((b"", b"", b" ")) for _ in history.steps]
    carried = random.random() < 0.5
    if way == "batch":
        found_by_step, reads_order = judged_in_batch(history, orders), True
    else:
        found_by_step, reads_order = judged_in_audit(history, orders, carried=carried), carried
    expected_by_step = expected_in_sequence(api, history, reads_order=reads_order, is_batch=way == "batch")
    for number, (expected, found) in enumerate(zip(expected_by_step, found_by_step, strict=True), 1):
        seen.update(code for code, _ in expected)
        if expected != found:
            yield f"{way} (carried {carried}), request {number}: expected {expected - found}, found {found - expected}"


def described(history: History) -> str:
    """A history in a failure's message."""
    steps = "\n".join(text(step._asdict()).decode() for step in history.steps)
    return f"order {text(history.order).decode()}\nrefunds {text(history.told).decode()}\n{steps}"


@pytest.mark.parametrize("way", ["alone", "batch", pytest.param("audit", marks=pytest.mark.audit)])
@pytest.mark.parametrize("api", DRAW)
def test_caps_are_those_of_the_reference(api: str, way: str) -> None:
    """Alone, in a batch and in the audit a random request breaks exactly the caps that fractions and dicts say."""
    seen: Counter[str] = Counter()
    for seed in range(HISTORIES):
        random = Random(f"{api} {seed}")  # noqa: S311 - the same histories every time
        history = DRAW[api](random, api, 100_000 + seed)
        if way == "alone":
            found = list(differences_alone(api, history, seen))
        else:
            found = list(differences_in_sequence(api, history, way, random, seen))
        assert not found, "\n".join([f"seed {seed} of {api}", *found, described(history)])
    print(f"{api}: {HISTORIES} histories, " + ", ".join(f"{code} {count}" for code, count in sorted(seen.items())))
    assert set(seen) == set(EXPECTED[api].split())


@pytest.mark.parametrize("api", DRAW)
def test_the_command_finds_the_same(
    api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`refundkit check --batch` over the requests of many orders breaks the caps that the reference says."""
    monkeypatch.chdir(tmp_path)
    records, expected = [], []
    for seed in range(20):
        random = Random(f"{api} {seed}")  # noqa: S311
        history = DRAW[api](random, api, 100_000 + seed)
        expected += expected_in_sequence(api, history, reads_order=True, is_batch=True)
        for step in history.steps:
            record = {"operation": step.operation, "path": step.path, "body": step.body, "order": history.order}
            absent = {"body"} if step.body is None else set()
            absent |= {"order"} if step.without_order else set()
            parts = record | ({} if history.told is None else {"refunds": history.told})
            records.append({name: value for name, value in parts.items() if name not in absent})
    Path("r.jsonl").write_bytes(b"".join(text(record) + b"\n" for record in records))
    assert main(["check", "--isolated", "--output-format", "json", "--batch", "r.jsonl"]) == 1
    found: list[Findings] = [set() for _ in records]
    for each in json.loads(capsys.readouterr().out)["findings"]:
        found[each["record"] - 1] |= caps(iter([(each["code"], each["pointer"])]))
    assert found == expected
