"""What Walmart's test server does with returns: lists them, and counts the refunded pieces of their lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from ...money import EXACT
from ..shared.serving import JsonObject


def select_returns(orders: Iterable[JsonObject], query: Mapping[str, str]) -> JsonObject:
    """Return the list of the returns that a query asks for, on one page. A `limit` that is no number counts as 10."""
    wanted = {name: query[name] for name in ("returnOrderId", "customerOrderId", "returnType") if query.get(name)}
    returns = [each for order in orders for each in order.get("returnOrders", ())]
    selected = [each for each in returns if all(each.get(name) == value for name, value in wanted.items())]
    limit = query.get("limit", "")
    limit_shown = int(limit) if re.fullmatch("[0-9]{1,3}", limit) else 10
    return {"meta": {"totalCount": len(selected), "limit": limit_shown}, "returnOrders": selected}


def refund_return(returned: JsonObject, body: JsonObject) -> JsonObject:
    """Count the refunded pieces, all that are left where the request names none, and return the answer."""
    lines = {line["returnOrderLineNumber"]: line for line in returned["returnOrderLines"]}
    for request_line in body["refundLines"]:
        line = lines[int(request_line["returnOrderLineNumber"])]
        quantity, refunded = Decimal(line["quantity"]["measurementValue"]), refunded_pieces(line)
        named = request_line.get("quantity")
        refunded = EXACT.add(refunded, Decimal(named["measurementValue"])) if named else quantity
        line["refundedQty"] = {**line["quantity"], "measurementValue": refunded}
        if refunded >= quantity:
            line |= {"status": "COMPLETED", "currentRefundStatus": "REFUND_ISSUED"}
    return {"returnOrderId": returned["returnOrderId"], **body}


def refunded_pieces(line: JsonObject) -> Decimal:
    """Return how many pieces of a return's line were refunded."""
    return Decimal((line.get("refundedQty") or {}).get("measurementValue", 0))


def make_return(order: JsonObject, line: JsonObject) -> JsonObject:
    """Return the return that a full refund of an order's line makes: all of it is refunded."""
    pieces: dict[str, Any] = {
        "unitOfMeasure": "EACH",
        "measurementValue": Decimal(line["orderLineQuantity"]["amount"]),
    }
    returned_line = {
        "returnOrderLineNumber": 1,
        "purchaseOrderId": order["purchaseOrderId"],
        "quantity": pieces,
        "refundedQty": pieces,
        "status": "COMPLETED",
        "currentRefundStatus": "REFUND_ISSUED",
    }
    return {
        "returnOrders": [
            {
                "returnOrderId": line["returnOrderId"],
                "customerOrderId": order.get("customerOrderId"),
                "returnType": "REFUND",
                "returnOrderLines": [returned_line],
            }
        ]
    }
