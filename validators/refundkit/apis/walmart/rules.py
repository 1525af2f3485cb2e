"""The rules of Walmart's APIs: signs, currencies and reasons, full refunds. Those of others are beside it."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from msgspec import UNSET

from ...errors import Finding, finding
from ...ledger import Ledger, Posting, Refund
from ...money import digits, places, plain, total
from ...operations import Operation, by_lower_name
from ...parameters import refused_values
from ...request import Request
from ...rule import rule
from ...rules.identity import PLACEHOLDERS
from ...text import suggest_name
from .cancellations import CANCEL
from .ledger import MODEL, PRODUCT
from .returns import RETURN

if TYPE_CHECKING:
    from refundkit_apis.walmart import models as us
    from refundkit_apis.walmart_ca import models as ca

    RefundBody: TypeAlias = us.OrderRefundRequest | ca.OrderRefundRequest
    Body: TypeAlias = RefundBody | us.OrderCancellationRequest | ca.OrderCancellationRequest

BOTH = ("walmart", "walmart_ca")
REFUND = ("walmart.refund_order_lines", "walmart_ca.refund_order_lines")
CURRENT = ("walmart.refund_order_lines",)
CHANGES = (*CURRENT, CANCEL[0], RETURN)
_LINES = "/orderRefund/orderLines/orderLine"
_AMOUNT = "/chargeAmount/amount"
_CHARGE_TYPES = frozenset({PRODUCT, "SHIPPING"})
MARKET_CURRENCIES = {"us": "USD", "ca": "CAD"}
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


@rule("RF201", "amount-not-negative", on=REFUND, source="walmart-ca-refund, published schema")
def amount_not_negative(value: Decimal | int) -> tuple[str, str]:
    """The amount of a refund is zero or above.

    Walmart wants what is given back as a negative number; zero refunds nothing, and nobody knows what a positive
    amount does.

    Bad:
        …/chargeAmount/amount: 19.99
    Good:
        …/chargeAmount/amount: -19.99
    """
    advice = f"send -{plain(value)}" if value > 0 else "leave the charge out"
    return f"refund amount {plain(value)} must be negative", advice


@rule("RF205", "currency-mismatch", on=REFUND)
def currency_mismatch(
    refund: Refund, request: Request, ledger: Ledger | None = None, headers: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """The currency of a tax differs from that of its charge, or the refund's from the order's or the market's.

    One charge is one payment; in two currencies one of them is wrong by the exchange rate. Of the markets that the
    header WM_MARKET names, us is paid in USD and ca in CAD.

    Bad:
        …/tax/taxAmount/currency: CAD
    Good:
        …/tax/taxAmount/currency: USD
    """
    market = request.by_lower_name["header"].get("wm_market", "").lower()
    expected = {
        f"WM_MARKET {market}": MARKET_CURRENCIES.get(market, ""),
        "the order": ledger.currency if ledger else "",
    }
    charge_currency = ""
    for amount in refund.amounts:
        pointer = f"{amount.pointer.removesuffix('/amount')}/currency"
        if not amount.pointer.endswith(_AMOUNT):  # a tax, or a part of it: it follows its charge
            if amount.currency != charge_currency:
                message = f"the tax is in {amount.currency}, its charge in {charge_currency}"
                yield finding(pointer, message, f"send {charge_currency}")
            continue
        charge_currency = amount.currency
        other = next((name for name, currency in expected.items() if currency not in ("", charge_currency)), None)
        if other is not None:
            message = f"the refund is in {charge_currency}, {other} in {expected[other]}"
            yield finding(pointer, message, f"send {expected[other]}")


@rule("RF208", "tax-not-negative", on=REFUND, source="published schema")
def tax_not_negative(value: Decimal | int) -> tuple[str, str]:
    """A refunded tax is above zero.

    It is given back with the charge, so it has the charge's sign; zero is fine.

    Bad:
        …/tax/taxAmount/amount: 1.65
    Good:
        …/tax/taxAmount/amount: -1.65
    """
    return f"refunded tax {plain(value)} must not be above zero", f"send -{plain(value)}"


@rule("RF211", "amount-too-long", on=REFUND, source="published schema")
def amount_too_long(refund: Refund) -> Iterator[Finding]:
    """An amount has more than 4 decimals or more than 11 digits.

    Walmart's own schema holds amounts to that, so the server refuses it or cuts it off. Counted by value.

    Bad:
        …/chargeAmount/amount: -19.99001
    Good:
        …/chargeAmount/amount: -19.99000
    """
    for amount in refund.amounts:
        if places(amount.value) > 4 or digits(amount.value) > 11:
            yield finding(amount.pointer, f"{plain(amount.value)} has more than 4 decimals or more than 11 digits")


@rule("RF217", "tax-details-mismatch", severity="warning", on=CURRENT)
def tax_details_mismatch(refund: Refund) -> Iterator[Finding]:
    """The parts of a tax do not add up to the tax.

    `tax` counts for the caps and `taxDetails` is its breakdown; where they differ, one of them is wrong.

    Bad:
        …/charge/taxDetails: [{taxName: State, taxAmount: {amount: -1.00, currency: USD}}]
    Good:
        …/charge/taxDetails: [{taxName: State, taxAmount: {amount: -1.65, currency: USD}}]
    """
    for posting in _written_postings(refund):
        charge = posting.source.charge
        if charge.tax_details and charge.tax:
            tax = abs(charge.tax.tax_amount.amount)
            details_total = total(abs(detail.tax_amount.amount) for detail in charge.tax_details)
            if tax != details_total:
                message = f"the parts add up to {plain(details_total)}, the tax is {plain(tax)}"
                yield finding(f"{_charge_pointer(posting)}/charge/taxDetails", message)


@rule("RF303", "duplicate-line", severity="warning", on=(*REFUND, *CANCEL))
def duplicate_line(body: Body) -> Iterator[Finding]:
    """A line stands twice in one request.

    It is more often a copy by mistake than meant; for every cap the two count together.

    Bad:
        /orderRefund/orderLines/orderLine/1: {lineNumber: "1", refunds: {refund: [{refundCharges: {refundCharge: [
            {refundReason: DamagedItem, charge: {chargeType: SHIPPING, chargeName: Shipping,
            chargeAmount: {amount: -1.00, currency: USD}}}]}}]}}
    Good:
        {}
    """
    previous_lines = set()
    for pointer, line in _body_lines(body):
        if line.line_number in previous_lines:
            message = f"line {line.line_number} stands here for the second time"
            yield finding(f"{pointer}/lineNumber", message, "make it one entry")
        previous_lines.add(line.line_number)


@rule("RF306", "full-refund-partial", severity="warning", on=CURRENT)
def full_refund_partial(ledger: Ledger) -> Iterator[Finding]:
    """A line is marked as a full refund, but the charges given are less than what is left.

    Walmart then refunds everything that is left, whatever the amounts say; only one of the two can be meant.

    Bad:
        …/isFullRefund: true
    Good:
        /orderRefund/orderLines/orderLine/0: {lineNumber: "2", isFullRefund: true, refunds: {refund: [{refundCharges: {
            refundCharge: [{refundReason: DamagedItem, charge: {chargeType: PRODUCT, chargeName: ItemPrice,
            chargeAmount: {amount: -24.50, currency: USD}}}]}}]}}
    """
    for line in ledger.known_lines:
        partly_refunded = [account for account in line.money if account.now < account.left]
        if line.full and partly_refunded and any(account.named for account in line.money):
            remaining = ", ".join(f"{plain(account.left)} of {account.name}" for account in partly_refunded)
            yield line.finding(f"line {line.number} is a full refund, but gives back less than is left: {remaining}")


@rule("RF312", "upgraded-to-full", severity="warning", on=CURRENT, source="published schema")
def upgraded_to_full(ledger: Ledger) -> Iterator[Finding]:
    """The whole product charge is refunded, and Walmart will refund its tax and shipping as well.

    A refund that is not marked full but gives back the whole price is made a full one by the server. Here some tax or
    shipping is still left that the request does not name: it goes too.

    Bad:
        …/chargeAmount/amount: -39.98
        …/tax/taxAmount/amount: -3.30
    Good:
        …/chargeAmount/amount: -39.98
        …/tax/taxAmount/amount: -3.30
        …/refundCharge/1/charge/chargeAmount/amount: -5.00
    """
    for line in ledger.known_lines:
        product = line.accounts.get(PRODUCT)
        if line.full or product is None or not MODEL.is_upgraded(product):
            continue
        taxes = {f"{account.name} tax" for account in line.money if account.tax_now < account.tax_left}
        charges = {account.name for account in line.money if account is not product and account.now < account.left}
        if taxes or charges:
            remaining = ", ".join(sorted(taxes | charges))
            message = f"refunds the whole price of line {line.number}; Walmart adds what is left of {remaining}"
            yield product.finding(message, "name them too, or refund less than the whole price")


@rule("RF318", "return-exists", severity="warning", on=CURRENT, source="published schema")
def return_exists(ledger: Ledger) -> Iterator[Finding]:
    """The line has a return, which may pay the refund already.

    A line with a `returnOrderId` was sent back through a return order; refunding that one is another call, and paying
    both is paying twice.

    Bad:
        order:…/orderLine/0/returnOrderId: "108500000000001"
    Good:
        {}
    """
    for line in ledger.known_lines:
        if line.returned:
            yield line.finding(f"line {line.number} has return {line.returned}", "see whether the return pays it")


@rule("RF319", "walmart-fulfilled", severity="warning", on=(*CURRENT, CANCEL[0]), source="published schema")
def walmart_fulfilled(ledger: Ledger) -> Iterator[Finding]:
    """Walmart itself ships the line (WFS).

    Walmart then serves its refunds and cancellations: the seller's call is refused, or pays what Walmart pays as well.

    Bad:
        order:…/orderLine/0/shipNode: {type: WFSFulfilled}
    Good:
        order:…/orderLine/0/shipNode: {type: SellerFulfilled}
    """
    for line in ledger.known_lines:
        if line.ship_node and line.ship_node.type and line.ship_node.type.lower() == "wfsfulfilled":
            yield line.finding(f"Walmart ships line {line.number} (WFS)", "leave it to Walmart")


@rule("RF310", "nothing-refunded", severity="warning", on=REFUND, source="published schema")
def nothing_refunded(body: RefundBody) -> Iterator[Finding]:
    """A line of the refund has no charge.

    The schema allows it, the server has nothing to refund. For a full refund it is fine.

    Bad:
        …/refundCharges/refundCharge: []
    Good:
        …/refundCharges/refundCharge: []
        …/isFullRefund: true
    """
    for pointer, line in _body_lines(body):
        has_charges = any(refund.refund_charges.refund_charge for refund in line.refunds.refund)
        if not has_charges and not _is_full(line):
            message = f"line {line.line_number} has no charge"
            yield finding(f"{pointer}/refunds", message, "add what is refunded, or drop the line")


@rule("RF311", "mixed-full-and-partial", on=CURRENT, source="published schema")
def mixed_full_and_partial(body: RefundBody) -> Iterator[Finding]:
    """Some lines are full refunds and some are not.

    Walmart wants the lines of one request all full or all partial; a line that does not say is partial.

    Bad:
        /orderRefund/orderLines/orderLine/1: {lineNumber: "2", isFullRefund: true,
            refunds: {refund: [{refundCharges: {}}]}}
    Good:
        {}
    """
    lines = list(_body_lines(body))
    if not any(_is_full(line) for _, line in lines):
        return
    for pointer, line in lines:
        if not _is_full(line):
            says_so = getattr(line, "is_full_refund", UNSET) is not UNSET
            message = f"line {line.line_number} is a partial refund among full ones"
            yield finding(f"{pointer}/isFullRefund" if says_so else pointer, message, "send two requests")


@rule("RF321", "unknown-reason", severity="warning", on=REFUND, source="published schema")
def unknown_reason(refund: Refund) -> Iterator[Finding]:
    """A refund reason that the published list lacks.

    The list is open on the wire, but what is not in it is mostly a slip: its names have spaces, arrows and ampersands,
    and some of Walmart's own examples write them otherwise (INCORRECT_ITEM_RECEIVED).

    Bad:
        …/refundReason: Merchandisenotreceived
    Good:
        …/refundReason: Merchandise not received
    """
    reasons = published_reasons()
    for posting in _written_postings(refund):
        reason = posting.source.refund_reason
        if reason not in reasons.values() and reason not in PLACEHOLDERS:  # RF504 speaks of these
            suggestion = suggest_name(reasons.get(_letters(reason), reason), sorted(reasons.values())).lstrip("; ")
            message = f"{reason!r} is not in Walmart's list of reasons"
            yield finding(f"{_charge_pointer(posting)}/refundReason", message, suggestion)


@cache
def published_reasons() -> dict[str, str]:
    """Return Walmart's list of reasons by their letters, from the generated model; both APIs share it."""
    from refundkit_apis.walmart.models import RefundReason

    return {_letters(reason): reason for reason in get_args(get_args(RefundReason)[0])}


def _letters(reason: str) -> str:
    """Return a reason without case, blanks and underscores."""
    return re.sub(r"[\s_]", "", reason).lower()


@rule("RF322", "unknown-charge-type", severity="warning", on=REFUND, source="published schema")
def unknown_charge_type(refund: Refund, ledger: Ledger | None = None) -> Iterator[Finding]:
    """A charge type other than PRODUCT and SHIPPING, which the order's line does not have either.

    The published schema leaves it open and documents these two. A tax is no charge of its own: it belongs into the
    `tax` of the charge that it was paid for.

    Bad:
        …/refundCharge/0/charge/chargeType: TAX
    Good:
        …/refundCharge/0/charge/chargeType: PRODUCT
    """
    for posting in _written_postings(refund):
        kind = posting.source.charge.charge_type
        if posting.account in _CHARGE_TYPES or kind in PLACEHOLDERS:
            continue
        line = ledger.lines.get(posting.line) if ledger is not None else None
        if line is None or not line.account(posting.account).listed:
            suggestion = "put a tax into the `tax` of its charge" if "TAX" in posting.account else "PRODUCT or SHIPPING"
            pointer = f"{_charge_pointer(posting)}/charge/chargeType"
            yield finding(pointer, f"{kind!r} is no charge type that Walmart documents", suggestion)


@rule("RF503", "malformed-header", on=BOTH, source="walmart-ca-refund, published schema", raw=True)
def malformed_header(operation: Operation, headers: Mapping[str, str]) -> Iterator[Finding]:
    """A header has a value that the server cannot read.

    WM_SEC.TIMESTAMP is 13 digits of epoch milliseconds, a signature is base64, WM_MARKET is us or ca, and no header
    holds a control character.

    Bad:
        operation: walmart_ca.refund_order_lines
        header:WM_SEC.TIMESTAMP: "1762941600"
    Good:
        {}
    """
    yield from refused_values(operation, "header", headers, "RF503")
    for name, value in headers.items():
        if not value.isprintable() and _CONTROL.search(value):
            yield finding(f"header:{name}", f"{name} holds a control character")
        elif name.upper() == "WM_SEC.TIMESTAMP" and not re.fullmatch("[0-9]{13}", value):
            yield finding(f"header:{name}", f"{name} is not 13 digits", "send epoch milliseconds, not seconds")
        elif name.upper() == "WM_SEC.AUTH_SIGNATURE" and not _is_base64(value):
            advice = "send the signature in standard base64, with padding"
            yield finding(f"header:{name}", f"{name} is no base64", advice)


@rule("RF509", "correlation-not-guid", severity="warning", on=BOTH, source="walmart-ca-refund", raw=True)
def correlation_not_guid(operation: Operation, headers: Mapping[str, str]) -> Iterable[Finding]:
    """WM_QOS.CORRELATION_ID is no GUID.

    The page asks for a random GUID for each call; support finds a call by it. Dashes are optional.

    Bad:
        header:WM_QOS.CORRELATION_ID: refund-42
    Good:
        header:WM_QOS.CORRELATION_ID: 5f0c3e6a-9a68-4f1d-8b53-1f2f6c8f3a10
    """
    return refused_values(operation, "header", headers, "RF509")


@rule("RF510", "global-headers", severity="warning", on=CHANGES, source="walmart-us-refund", raw=True)
def global_headers(operation: Operation, headers: Mapping[str, str]) -> Iterator[Finding]:
    """WM_MARKET ca without WM_GLOBAL_VERSION, or another version than the page's 3.1.

    Without the version a request for Canada may be read as one for the US. The vendor may move on to another version;
    that alone need not stop a refund. WM_MARKET us alone is sent every day, and so is a plain US call: nothing is said.

    Bad:
        header:WM_MARKET: ca
        header:WM_GLOBAL_VERSION: null
    Good:
        header:WM_GLOBAL_VERSION: null
    """
    yield from refused_values(operation, "header", headers, "RF510")
    lower_headers = by_lower_name(headers)
    if lower_headers.get("wm_market", "").lower() == "ca" and "wm_global_version" not in lower_headers:
        yield finding("header:WM_GLOBAL_VERSION", "WM_MARKET ca goes together with WM_GLOBAL_VERSION", "send 3.1")


@rule("RF604", "deprecated-operation", severity="off", on=("walmart_ca",), source="published schema", raw=True)
def deprecated_operation(headers: Mapping[str, str]) -> Finding | None:
    """The request is signed for the older Canadian API.

    Signatures were retired and the `/v3/ca` API is to be; `walmart` with WM_MARKET ca replaces it.

    Bad:
        operation: walmart_ca.refund_order_lines
        header:WM_SEC.AUTH_SIGNATURE: c2lnbmVk
    """
    signature = next((name for name in headers if name.upper() == "WM_SEC.AUTH_SIGNATURE"), None)
    if signature is None:
        return None
    return finding(f"header:{signature}", "a signature for the older API is retired", "move to walmart, WM_MARKET ca")


def _written_postings(refund: Refund) -> Iterable[Posting]:
    """Yield the postings of charges in the body, without those that a full refund implies."""
    return (posting for posting in refund.postings if posting.source is not None)


def _charge_pointer(posting: Posting) -> str:
    """Return the pointer of the refund charge that a posting was read from."""
    return posting.pointer.removesuffix(f"/charge{_AMOUNT}")


def _body_lines(body: Any) -> Iterator[tuple[str, Any]]:
    """Yield pointer and line for each line of a refund or cancellation body."""
    is_refund = hasattr(body, "order_refund")
    wrapper = body.order_refund if is_refund else body.order_cancellation
    pointer = _LINES if is_refund else "/orderCancellation/orderLines/orderLine"
    for index, line in enumerate(wrapper.order_lines.order_line):
        yield f"{pointer}/{index}", line


def _is_full(line: Any) -> bool:
    """True if a line is marked as a full refund, which only the current API has."""
    return getattr(line, "is_full_refund", UNSET) is True


def _is_base64(value: str) -> bool:
    try:
        return len(binascii.a2b_base64(value, strict_mode=True)) > 0
    except ValueError:  # binascii.Error is one
        return False
