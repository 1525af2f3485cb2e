"""Makes Walmart refunds of three sizes, good and bad, and their orders; always the same ones."""

from __future__ import annotations

import json
from typing import Any

OPERATION = "walmart.refund_order_lines"
REASONS = ("DamagedItem", "BillingError", "CustomerChangedMind", "Shipping & Delivery -> Damaged")


def request(lines: int, charges: int, record: int) -> dict[str, Any]:
    """Make a refund of so many lines with so many charges each; every second charge has a tax."""
    return {
        "orderRefund": {
            "purchaseOrderId": f"29613804{record:05}",
            "orderLines": {"orderLine": [_line(number, charges, record) for number in range(1, lines + 1)]},
        }
    }


def _line(number: int, charges: int, record: int) -> dict[str, Any]:
    refund_charges = [_charge(index, record) for index in range(charges)]
    refund: dict[str, Any] = {"refundCharges": {"refundCharge": refund_charges}}
    if charges > 1:
        refund = {"refundId": f"R-{record:06}", "refundComments": "Handle was scratched on the way", **refund}
    return {"lineNumber": str(number), "isFullRefund": False, "refunds": {"refund": [refund]}}


def _charge(index: int, record: int) -> dict[str, Any]:
    kind, name = (("PRODUCT", "ItemPrice"), ("SHIPPING", "Shipping"))[index % 2]
    charge: dict[str, Any] = {
        "chargeType": kind,
        "chargeName": name,
        "chargeAmount": {"amount": -(record % 900 + 100) / 100, "currency": "USD"},
    }
    if index % 2 == 1:
        charge["tax"] = {"taxName": "ItemPriceTax", "taxAmount": {"amount": -0.33, "currency": "USD"}}
    return {"refundReason": REASONS[record % len(REASONS)], "charge": charge}


def order(body: dict[str, Any]) -> dict[str, Any]:
    """Make an order that the refund fits: every line is shipped, and more is charged than refunded."""
    refund = body["orderRefund"]
    lines = []
    for line in refund["orderLines"]["orderLine"]:
        charges: dict[str, dict[str, Any]] = {}
        for refund_charge in line["refunds"]["refund"][0]["refundCharges"]["refundCharge"]:
            charge = refund_charge["charge"]
            charges[charge["chargeType"]] = {
                "chargeType": charge["chargeType"],
                "chargeName": charge["chargeName"],
                "chargeAmount": {"currency": "USD", "amount": 50.25},
                "tax": {"taxName": "ItemPriceTax", "taxAmount": {"currency": "USD", "amount": 4.15}},
            }
        quantity = {"unitOfMeasurement": "EACH", "amount": "2"}
        lines.append(
            {
                "lineNumber": line["lineNumber"],
                "item": {"productName": "Camping kettle", "sku": "KETTLE-01"},
                "charges": {"charge": list(charges.values())},
                "orderLineQuantity": quantity,
                "statusDate": 1763028000000,
                "orderLineStatuses": {"orderLineStatus": [{"status": "Shipped", "statusQuantity": quantity}]},
            }
        )
    return {
        "order": {
            "purchaseOrderId": refund["purchaseOrderId"],
            "customerOrderId": "6731208845519",
            "customerEmailId": "buyer@example.com",
            "orderDate": 1762941600000,
            "orderLines": {"orderLine": lines},
        }
    }


# size -> (lines, charges a line, how many payloads a round)
SIZES = {"small": (1, 1, 100), "typical": (1, 4, 100), "large": (200, 2, 2)}
BAD = (0, 10, 100)


def spoil(body: dict[str, Any], record: int) -> dict[str, Any]:
    """Return the refund with one error that its schema refuses."""
    charge = body["orderRefund"]["orderLines"]["orderLine"][0]["refunds"]["refund"][0]["refundCharges"]["refundCharge"][
        0
    ]
    money = charge["charge"]["chargeAmount"]
    if record % 4 == 0:
        money["amount"] = 12.34
    elif record % 4 == 1:
        money["currency"] = "US Dollar"
    elif record % 4 == 2:
        del charge["refundReason"]
    else:
        money["amount"] = "-12.34"
    return body


def texts(size: str, bad: int) -> list[bytes]:
    """Make the payloads of one round as JSON, `bad` percent of them bad."""
    lines, charges, count = SIZES[size]
    payloads = []
    for record in range(count):
        body = request(lines, charges, record)
        if bad == 100 or (bad and record % (100 // bad) == 0):
            body = spoil(body, record)
        payloads.append(json.dumps(body, separators=(",", ":")).encode())
    return payloads


def orders(size: str) -> list[bytes]:
    """Make the orders of `texts(size, 0)`, in the same sequence."""
    lines, charges, count = SIZES[size]
    documents = (order(request(lines, charges, record)) for record in range(count))
    return [json.dumps(document, separators=(",", ":")).encode() for document in documents]


# A usual refund of the other APIs, by operation.
OTHERS: dict[str, dict[str, Any]] = {
    "woocommerce.create_refund": {
        "amount": "30.80",
        "reason": "Drawer arrived cracked",
        "line_items": [
            {"id": 71, "quantity": 1, "refund_total": 20.00, "refund_tax": [{"id": 3, "refund_total": 2.00}]},
            {"id": 73, "refund_total": 8.00, "refund_tax": [{"id": 3, "refund_total": 0.80}]},
        ],
    },
    "woocommerce_legacy.create_refund": {
        "order_refund": {
            "amount": "30.80",
            "reason": "Drawer arrived cracked",
            "line_items": {
                "71": {"qty": 1, "refund_total": "20.00", "refund_tax": {"3": "2.00"}},
                "73": {"refund_total": "8.00", "refund_tax": {"3": "0.80"}},
            },
        }
    },
    "taxcloud.refund_order": {
        "batchId": "returns-2026-w10",
        "idempotencyKey": "rma-5521",
        "items": [
            {"itemId": "CHAIR-OAK", "quantity": 2, "cartItemIndex": 0},
            {"itemId": "OIL-LITRE", "quantity": 0.5},
        ],
    },
}
