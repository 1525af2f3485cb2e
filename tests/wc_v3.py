"""The recorded exchanges of WooCommerce 11.0.1, wc/v3, and the order that each was about."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import msgspec
from refundkit import routes
from refundkit.apis.woocommerce.wire import spellings
from refundkit.routes import Match
from refundkit_apis._runtime.codec import encode

RECORDINGS = Path(__file__).parent / "recordings" / "woocommerce-wc-v3.jsonl"
SHOP = "https://shop.example"
# The statuses that some orders of the recordings were given; the others are processing.
STATUSES = {"152": "pending", "156": "failed", "158": "on-hold", "160": "completed", "162": "refunded"}
# The id of the first item of orders that were refunded by item, where the request does not name that item.
FIRST_ITEMS = {"103": 0, "128": 165}
TAXED = ("120", "122", "128", "130")


class Exchange(msgspec.Struct, frozen=True):
    """One recorded request and its answer, numbers exact; `body` is what was sent, None without a body."""

    place: int
    server: str
    case: str
    method: str
    path: str
    body: bytes | None
    content_type: str
    status: int
    headers: dict[str, str]
    answer: Any

    @property
    def name(self) -> str:
        """Its case, with the storage where that is not the default one."""
        return self.case if "HPOS" in self.server else f"{self.case}, posts"

    @property
    def match(self) -> Match | None:
        """The operation that the server took the request for, None for no route."""
        request = httpx.Request(self.method, SHOP + self.path)
        matches = (routes.match(method, url) for method, url in spellings(request))
        return next((match for match in matches if match is not None), None)

    @property
    def operation(self) -> str:
        """The name of the operation, "" for no route."""
        return "" if self.match is None else self.match.operation.name

    @property
    def ids(self) -> dict[str, str]:
        return {} if self.match is None else self.match.path


def recorded() -> list[Exchange]:
    """Return every exchange, in the order in which they were made."""
    exchanges = []
    for place, line in enumerate(RECORDINGS.read_text("utf-8").splitlines()):
        one = json.loads(line, parse_float=Decimal)
        request, response = one["request"], one["response"]
        raw, value = request.get("raw_body"), request.get("body")
        body = raw.encode() if raw is not None else None if value is None else encode(value)
        exchanges.append(
            Exchange(
                place,
                one["server"],
                one["case"],
                request["method"],
                request["path"],
                body,
                request.get("content_type") or "application/json",
                response["status"],
                response.get("headers") or {},
                response["body"],
            )
        )
    return exchanges


EXCHANGES = recorded()


def order_before(exchange: Exchange) -> dict[str, Any]:
    """Return the order that a create was about, as it was told then: of 29.00 unless it was read.

    Its refunds are those that were made before.
    """
    order_id = exchange.ids["id"]
    reads = [one for one in EXCHANGES if one.operation == "woocommerce.get_order" and "line_items" in one.answer]
    own = [one for one in reads if one.ids["id"] == order_id and one.server == exchange.server]
    in_yen = [one for one in reads if one.answer["currency"] == "JPY" and "JPY" in exchange.case]
    alike = [one for one in reads if (one.ids["id"] == "117") == (order_id in TAXED)]
    order: dict[str, Any] = copy.deepcopy([*own, *in_yen, *alike][0].answer)
    order["id"], order["status"] = int(order_id), STATUSES.get(order_id, "processing")
    if order["status"] in ("pending", "failed"):
        order["date_paid"] = None
    if not own:
        _number_items(order, FIRST_ITEMS.get(order_id, _first_item(exchange)))
    order["refunds"] = [
        {"id": refund["id"], "reason": refund["reason"], "total": f"-{refund['amount'] or 0}", "total_tax": "0.00"}
        for refund in refunds_before(exchange)
    ]
    if order["status"] == "refunded":
        order["refunds"] = [{"id": 163, "reason": "", "total": "-29.00", "total_tax": "0.00"}]
    return order


def refunds_before(exchange: Exchange) -> list[dict[str, Any]]:
    """Return the refunds of the order that earlier exchanges made and did not delete."""
    refunds: dict[int, Any] = {}
    for one in EXCHANGES[: exchange.place]:
        if one.server == exchange.server and one.ids.get("id") == exchange.ids["id"]:
            if one.operation == "woocommerce.create_refund" and one.status == 201:
                refunds[one.answer["id"]] = one.answer
            elif one.operation == "woocommerce.delete_refund" and one.status == 200:
                del refunds[one.answer["id"]]
    return list(refunds.values())


def _first_item(exchange: Exchange) -> int:
    if b"line_items" not in (exchange.body or b""):
        return 1
    items = json.loads(exchange.body or b"")["line_items"] or [{"id": 1}]
    return int(next(iter(items))) if isinstance(items, dict) else int(items[0]["id"])


def _number_items(order: dict[str, Any], first: int) -> None:
    """Number the items of an order: products, shipping, fees."""
    items = [item for name in ("line_items", "shipping_lines", "fee_lines") for item in order[name]]
    for index, item in enumerate(items):
        item["id"] = first + index
