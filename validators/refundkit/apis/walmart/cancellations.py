"""The rules of cancelled order lines: reasons by market, statuses, the customer's intent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, get_args

from ...errors import Finding, finding
from ...ledger import Posting, Refund, readable_lines
from ...operations import Operation, by_lower_name
from ...rule import rule
from ...rules.identity import PLACEHOLDERS
from ...text import suggest_name

if TYPE_CHECKING:
    from refundkit_apis.walmart import models as us
    from refundkit_apis.walmart_ca import models as ca

    CancellationBody = us.OrderCancellationRequest | ca.OrderCancellationRequest

CURRENT = "walmart.cancel_order_lines"
CANCEL = (CURRENT, "walmart_ca.cancel_order_lines")
_BY_CUSTOMER = "CUSTOMER_REQUESTED_SELLER_TO_CANCEL"
_REASONS_OF_CANADA = frozenset({"CANCEL_BY_SELLER", _BY_CUSTOMER})


@rule("RF305", "cancel-reason-unsupported", on=CANCEL, source="walmart-ca-cancel, published schema")
def cancel_reason_unsupported(
    operation: Operation, refund: Refund, headers: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """A cancellation reason that the server does not support.

    The current API refuses all but five in the US market; what it takes in Canada is published nowhere, and RF330 warns
    there. The older API's page supports two.

    Bad:
        …/cancellationReason: OUT_OF_STOCK
    Good:
        …/cancellationReason: SELLER_CANCEL_OUT_OF_STOCK
    """
    if operation.name != CURRENT or _is_canadian(headers):
        return  # the older API's schema lists its two
    # Without headers it may be a request for Canada.
    for posting in _unlisted(refund, _published_reasons() | (_REASONS_OF_CANADA if headers is None else frozenset())):
        reason = posting.source.cancellation_reason
        suggestion = suggest_name(reason, sorted(_published_reasons())).lstrip("; ")
        advice = suggestion or f"send one of {', '.join(sorted(_published_reasons()))}"
        yield finding(_field(posting, "cancellationReason"), f"{reason!r} is no supported cancellation reason", advice)


@rule("RF330", "cancel-reason-unlisted", severity="warning", on=(CURRENT,), source="published schema")
def cancel_reason_unlisted(refund: Refund, headers: Mapping[str, str]) -> Iterator[Finding]:
    """A cancellation reason for Canada that no published list has.

    Which reasons the current API takes there is published nowhere. Those of the US market and the two of the older
    Canadian API are the likely ones.

    Bad:
        header:WM_MARKET: ca
        …/cancellationReason: SUPPLIER_OUT_OF_STOCK
    Good:
        header:WM_MARKET: ca
        …/cancellationReason: CANCEL_BY_SELLER
    """
    if _is_canadian(headers):
        for posting in _unlisted(refund, _published_reasons() | _REASONS_OF_CANADA):
            message = f"{posting.source.cancellation_reason!r} is in no published list of reasons"
            yield finding(_field(posting, "cancellationReason"), message)


@rule("RF326", "cancel-reason-unproven", severity="warning", on=(CURRENT,), source="published schema")
def cancel_reason_unproven(refund: Refund, order: us.OrderResponse) -> Iterator[Finding]:
    """The reason says that the customer asked for it, the order's line does not.

    Walmart takes this reason only for a line that carries the customer's `intentToCancel`; a seller who gives it for
    other lines makes a cancellation of their own look like the customer's.

    Bad:
        …/cancellationReason: CUSTOMER_REQUESTED_SELLER_TO_CANCEL
    Good:
        …/cancellationReason: CUSTOMER_REQUESTED_SELLER_TO_CANCEL
        order:…/orderLine/2/intentToCancel: CUSTOMER_REQUESTED
    """
    lines = readable_lines(order.order.order_lines.order_line, {})
    without_intent = {line.line_number for line in lines if not line.intent_to_cancel}
    for posting in refund.postings:
        if posting.source.cancellation_reason == _BY_CUSTOMER and posting.line in without_intent:
            message = f"line {posting.line} carries no intent of the customer to cancel"
            yield finding(_field(posting, "cancellationReason"), message, "give the seller's own reason")


@rule("RF308", "status-not-cancelled", severity="warning", on=CANCEL, source="published schema")
def status_not_cancelled(refund: Refund) -> Iterator[Finding]:
    """The status of a cancelled line is not Cancelled.

    The page's own sample says ACKNOWLEDGED, which asks for nothing; published schemas and examples say Cancelled.

    Bad:
        …/orderLineStatus/0/status: ACKNOWLEDGED
    Good:
        …/orderLineStatus/0/status: CANCELLED
    """
    for posting in refund.postings:
        status = posting.source.status
        if status.lower() != "cancelled":
            yield finding(_field(posting, "status"), f"status is {status!r}", "send Cancelled")


@rule("RF603", "inventory-not-updated", severity="off", on=CANCEL, source="walmart-ca-cancel")
def inventory_not_updated(body: CancellationBody) -> Finding:
    """After a cancellation the inventory wants an update.

    The page asks for it: the next inventory feed has to hold what the cancellation set free.

    Bad:
        {}
    """
    return finding("/orderCancellation", "send the cancelled quantity with the next inventory feed")


def _is_canadian(headers: Mapping[str, str] | None) -> bool:
    return by_lower_name(headers or {}).get("wm_market", "").lower() == "ca"


def _unlisted(refund: Refund, reasons: frozenset[str]) -> Iterator[Posting]:
    """Yield the postings whose reason is not listed; of the documentation's samples RF504 speaks."""
    for posting in refund.postings:
        if posting.source.cancellation_reason not in reasons | PLACEHOLDERS:
            yield posting


@cache
def _published_reasons() -> frozenset[str]:
    """Return Walmart's list of reasons for the US market, from the generated model."""
    from refundkit_apis.walmart.models import CancellationReason

    return frozenset(get_args(get_args(CancellationReason)[0]))


def _field(posting: Posting, name: str) -> str:
    """Return the pointer of a field of the status that a posting was read from."""
    return f"{posting.pointer.removesuffix('/statusQuantity/amount')}/{name}"
