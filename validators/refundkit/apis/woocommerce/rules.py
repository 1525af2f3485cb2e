"""The rules of WooCommerce's REST API, wc/v3, and those that it shares with the legacy one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from msgspec import UNSET

from ... import apis
from ...errors import Finding, finding
from ...ledger import ITEM, TAX, TOTAL, Ledger, Refund
from ...money import plain, total
from ...operations import Operation
from ...rule import rule
from ...text import format_value
from .ledger import AMOUNTS, ITEMS, ShopOrderModel, is_computed, requested_items, sum_of_items

if TYPE_CHECKING:
    from refundkit_apis.woocommerce import models as wc

BOTH = ("woocommerce", "woocommerce_legacy")
CREATE, CREATES = ("woocommerce.create_refund",), tuple(f"{api}.create_refund" for api in BOTH)
DELETE, DELETES = ("woocommerce.delete_refund",), tuple(f"{api}.delete_refund" for api in BOTH)


# Of both APIs.


@rule("RF202", "amount-negative", on=BOTH, source="live server")
def amount_negative(value: Decimal | int | str) -> tuple[str, str]:
    """A refund amount is below zero.

    WooCommerce wants what is given back as a positive number, the opposite of Walmart: it refuses a create below zero,
    and the legacy API ignores an update below zero in silence.

    Bad:
        /amount: "-30.80"
    Good:
        /amount: "30.80"
    """
    amount = value if isinstance(value, str) else plain(value)
    return f"refund amount {amount} is below zero", f"send {amount.removeprefix('-')}"


@rule("RF209", "items-amount-mismatch", severity="warning", on=("items",), reports_missing=False, source="live server")
def items_amount_mismatch(body: Any, refund: Refund, ledger: Ledger | None = None) -> Finding | None:
    """The items' totals and taxes do not add up to the amount.

    The server does not compare them: it pays the amount and books the items, and its reports never agree again. Half a
    minor unit of the order's currency is forgiven for each tax, which may have been rounded; without an order half a
    cent.

    Bad:
        /amount: "28.00"
    Good:
        /amount: "30.8"
    """
    amounts = [posting.amount for posting in refund.postings if posting.account == TOTAL]
    items_total = total([posting.amount + posting.tax for posting in refund.postings if posting.account == ITEM])
    taxes = sum(posting.account.startswith(TAX) for posting in refund.postings)
    places = 2 if ledger is None else ledger.decimals or 0
    pointers = [pointer for _, pointer in refund.lines]
    if (
        is_computed(body)
        or not pointers
        or not amounts
        or abs(items_total - amounts[0]) <= taxes * Decimal(5).scaleb(-places - 1)
    ):
        return None
    message = f"the items add up to {plain(items_total)}, the amount is {plain(amounts[0])}"
    return finding(pointers[0].rpartition("/")[0], message, "make the two equal: only the amount is paid")


@rule("RF210", "loose-number", on=BOTH, source="live server")
def loose_number(value: str) -> tuple[str, str]:
    """A number in a string is not a plain decimal.

    Servers take what they can make of it: "1,5" is 15.00 for a current one and 1.00 for an older one, "1e1" is 11.00 or
    10.00, "12abc" is 12.00. Digits with at most one point mean the same everywhere.

    Bad:
        /amount: "30,80"
    Good:
        /amount: "030.8"
    """
    return f"{format_value(value)} is no plain decimal", "send digits with at most one point"


@rule("RF212", "zero-refund", severity="warning", on=("order_total",), source="live server")
def zero_refund(operation: Operation, refund: Refund) -> Finding | None:
    """The amount is zero.

    A create then records a refund of nothing, an update leaves the amount as it was; both answer as if all were well.

    Bad:
        /amount: "-0.00"
        /line_items: null
    Good:
        /amount: "0.01"
        /line_items: null
    """
    pointers = [amount.pointer for amount in refund.amounts if amount.pointer in AMOUNTS and not amount.value]
    if not pointers:
        return None
    if operation.name not in CREATES:
        return finding(pointers[0], "an amount of zero is ignored", "delete the refund, or send what it is to be")
    return finding(pointers[0], "an amount of zero records an empty refund", "send what is given back")


@rule("RF320", "order-not-paid", severity="warning", on=CREATES, source="live server")
def order_not_paid(operation: Operation, refund: Refund, order: Any) -> Finding | None:
    """The order was never paid, or is in the trash.

    The server refunds an order in any status. `date_paid` (legacy: `payment_details.paid`) says whether it was paid, so
    a paid order that was cancelled is fine. Where an order does not tell it, pending, failed, cancelled and
    checkout-draft count as unpaid.

    Bad:
        order:/date_paid: null
        order:/status: cancelled
    Good:
        order:/status: cancelled
    """
    payment = cast("ShopOrderModel", apis.order_model(operation.api)).read_payment(order)
    if payment.paid is False and payment.status != "trash":
        return finding(payment.pointer, "the order was never paid", _PAID_ADVICE)
    unpaid = ("pending", "failed", "cancelled", "checkout-draft") if payment.paid is None else ()
    if payment.status in ("trash", *unpaid):
        return finding(payment.status_pointer, f"the order is {payment.status}", _PAID_ADVICE)
    return None


_PAID_ADVICE = "see whether it was paid at all"


@rule("RF606", "delete-frees-amount", severity="off", on=DELETES, source="live server")
def delete_frees_amount(path: Mapping[str, str]) -> Finding:
    """Deleting a refund opens the order for another one.

    No money comes back from the customer, yet the amount counts as never refunded and can be paid out a second time.

    Bad:
        {}
    """
    return finding("path:refund_id", "the customer keeps the money, and it can be refunded once more")


# Of wc/v3 alone.


@rule("RF219", "amount-not-computable", on=CREATE, source="live server")
def amount_not_computable(body: wc.RefundCreateRequest) -> Finding | None:
    """There is no amount, and the items do not say it.

    Without `amount` the server adds up the items. Where there is none, or one lacks `refund_total`, it makes a refund
    of nothing and restocks all the same, or breaks off with a 500.

    Bad:
        /amount: null
        /line_items/1/refund_total: null
    Good:
        /amount: null
    """
    items = list(requested_items(body.line_items))
    if is_computed(body) or body.amount is not UNSET or sum_of_items(body, items) is not None:
        return None
    silent = next((item.pointer for item in items if item.refund_total is UNSET), None)
    if silent is None:
        return finding("", "there is neither an amount nor an item", 'send "amount"')
    return finding(silent, "without an amount, and without a refund_total of this item", "send one of the two")


@rule("RF323", "delete-under-other-order", on=DELETE, source="live server")
def delete_under_other_order(path: Mapping[str, str], refunds: list[Refund]) -> Finding | None:
    """The refund is none of the order's.

    Under another order's path the server answers 500, and deletes the refund all the same.

    Bad:
        path:refund_id: "4711"
    Good:
        {}
    """
    refund_id = path.get("refund_id", "")
    if not refund_id or refund_id.lstrip("0") in {refund.id for refund in refunds}:
        return None
    message = f"refund {refund_id} is none of the order's, and would be deleted all the same"
    return finding("path:refund_id", message, "take order and refund from list_refunds")


@rule("RF324", "item-listed-twice", on=CREATE, source="live server")
def item_listed_twice(body: wc.RefundCreateRequest) -> Iterator[Finding]:
    """An item stands twice.

    Only the last counts for its line, and without `amount` for the sum; the other is dropped in silence.

    Bad:
        /amount: null
        /line_items/1/id: 71
    Good:
        {}
    """
    keys: set[str] = set()
    for item in requested_items(body.line_items):
        if item.key in keys:
            yield finding(
                f"{item.pointer}/id", f"item {item.key} stands twice, and only the last counts", "add them up"
            )
        keys.add(item.key)


@rule("RF325", "compute-totals-alone", severity="warning", on=CREATE, source="published code")
def compute_totals_alone(body: wc.RefundCreateRequest) -> Finding | None:
    """`compute_totals` is to find the amount, which shops before 11.1.0 cannot.

    They drop it in silence, answer 201 to a refund of 0.00, and restock. Read in published sources, not seen live.

    Bad:
        /amount: null
        /compute_totals: true
    Good:
        /compute_totals: true
    """
    if not is_computed(body) or body.amount is not UNSET:
        return None
    return finding("/compute_totals", "older shops drop it, and refund nothing", "send the amount as well")


@rule("RF607", "side-effect-by-default", severity="off", on=CREATE, source="live server")
def side_effect_by_default(body: wc.RefundCreateRequest, query: Mapping[str, str] | None = None) -> Iterator[Finding]:
    """What the refund does beside is left to a default.

    Unless said, the gateway pays (`api_refund`), and the quantities of the items go back into stock (`api_restock`).

    Bad:
        {}
    Good:
        /api_refund: true
        /api_restock: false
    """
    if body.api_refund is UNSET and "api_refund" not in (query or {}):
        yield finding("", "api_refund is left to its default: the gateway pays", "say true or false")
    if body.line_items is not UNSET and body.line_items and body.api_restock is UNSET:
        yield finding(ITEMS, "api_restock is left to its default: the stock goes up", "say true or false")
