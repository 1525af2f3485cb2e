"""The rules of WooCommerce's legacy API alone: requests that the server changes or ignores."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from ...errors import Finding, finding
from ...ledger import TOTAL, Ledger, Refund
from ...money import plain
from ...request import Request
from ...rule import rule
from ...text import escape_token
from ..woocommerce import rules as _shared  # noqa: F401 - registers the rules of both APIs
from .ledger import ITEMS

if TYPE_CHECKING:
    from refundkit_apis.woocommerce_legacy import models as wc

API = ("woocommerce_legacy",)
CREATE = ("woocommerce_legacy.create_refund",)
UPDATE = ("woocommerce_legacy.update_refund",)


@rule("RF216", "gateway-called-twice", on=CREATE, source="published code")
def gateway_called_twice(body: wc.RefundCreateRequest, query: Mapping[str, str] | None = None) -> Finding | None:
    """The payment gateway would be asked to pay twice.

    `refund_payment` has the gateway pay while the refund is stored, and the API asks it once more afterwards unless the
    query says `api_refund=0`. Read in the server's source, not seen on a live one.

    Bad:
        /order_refund/refund_payment: true
    Good:
        /order_refund/refund_payment: true
        query: {api_refund: "0"}
    """
    # To PHP, "0" and "" are the two strings that are false.
    if body.order_refund.refund_payment is not True or (query or {}).get("api_refund") in ("0", ""):
        return None
    message = "refund_payment asks the gateway, and without api_refund=0 in the query the API asks it again"
    return finding("/order_refund/refund_payment", message, "leave refund_payment out: the API asks the gateway itself")


@rule("RF307", "items-ignored", severity="warning", on=CREATE, source="live server")
def items_ignored(body: wc.RefundCreateRequest) -> Finding | None:
    """The items are a list, which the server drops in silence.

    The page suggests a list; live servers refund the amount, book it on no item and restock nothing, whatever
    `restock_items` says. They honour an object whose keys are the ids of the order's items.

    Bad:
        /order_refund/line_items: [{id: 71, quantity: 1, total: "20.00"}]
    Good:
        /order_refund/line_items: []
    """
    items = body.order_refund.line_items
    if not isinstance(items, list) or not items:
        return None
    restocks = ", and nothing is restocked" if body.order_refund.restock_items is True else ""
    message = f"a list of items is dropped in silence{restocks}"
    return finding(ITEMS, message, 'key them by item id: {"71": {"qty": 1, "refund_total": 10}}')


@rule("RF309", "update-ignored", severity="warning", on=UPDATE, source="live server")
def update_ignored(body: wc.RefundUpdateRequest, request: Request) -> Iterator[Finding]:
    """A field of an update that the server ignores.

    It looks at `amount` and `reason` only and answers 200 to everything else, read-only fields and items included.

    Bad:
        operation: woocommerce_legacy.update_refund
        /order_refund/line_items: {"71": {qty: 1}}
    Good:
        operation: woocommerce_legacy.update_refund
    """
    sent: Any = request.document.value
    for name in sent["order_refund"]:
        if name not in ("amount", "reason"):
            advice = "leave it out, or delete the refund and create another"
            yield finding(f"/order_refund/{escape_token(name)}", f"{name!r} is ignored in an update", advice)


@rule("RF221", "near-rounded-cap", severity="warning", on=API, source="live server")
def near_rounded_cap(ledger: Ledger, refunds: list[Refund] | None = None) -> Iterator[Finding]:
    """The amount is so near what is left that the order's hidden decimals decide.

    The API tells money with two decimals whatever the shop has: 10.505 KWD are shown as 10.51. Within half a shown unit
    of the total, and of each earlier refund, nobody can tell whether the server takes the amount. Read the order with
    `filter[dp]=4`, which shows them.

    Bad:
        /order_refund/amount: "85.805"
        /order_refund/line_items: null
        order:/order/currency: KWD
    Good:
        /order_refund/amount: "85.789"
        /order_refund/line_items: null
        order:/order/currency: KWD
    """
    for account in ledger.accounts:
        rounding = ledger.rounding_of(account)
        if account.name == TOTAL and account.now and rounding and abs(account.now - account.left) <= rounding:
            message = f"refunds {plain(account.now)}, and about {plain(account.left)} is left: decimals are hidden"
            yield account.finding(message, "read the order with filter[dp]=4, and compare again")


@rule("RF507", "truthy-false", severity="warning", on=API, source="live server", raw=True)
def truthy_false(query: Mapping[str, str]) -> Finding | None:
    """`api_refund` in the query looks false, and is true.

    PHP takes every text for true but "0" and none at all: with `api_refund=false` the gateway pays.

    Bad:
        query: {api_refund: "false"}
    Good:
        query: {api_refund: "0"}
    """
    value = query.get("api_refund", "0")
    if value in ("0", "") or not _FALSE.fullmatch(value):
        return None
    return finding("query:api_refund", f"api_refund={value} is true to PHP: the gateway is asked", "send api_refund=0")


_FALSE = re.compile(r"\s*(false|f|no|n|off|none|null|nil|-?0+(\.0*)?)?\s*", re.IGNORECASE)


@rule("RF605", "reason-not-updated", severity="warning", on=UPDATE, source="live server")
def reason_not_updated(body: wc.RefundUpdateRequest) -> Finding | None:
    """An update of the reason, which current servers do not make.

    They answer 200 and keep the old reason; only old servers change it.

    Bad:
        operation: woocommerce_legacy.update_refund
        /order_refund/reason: Lid and one tray missing
    Good:
        operation: woocommerce_legacy.update_refund
    """
    if body.order_refund.reason is UNSET:
        return None
    return finding("/order_refund/reason", "current servers keep the old reason", "read the refund back afterwards")
