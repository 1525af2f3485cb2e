"""Walmart, both APIs: refunds are negative, by charge of a line; the older API cancels as well."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias, get_args

import msgspec
from msgspec import UNSET

from ..operations import Operation, suggestion
from ..rule import Finding, finding, rule
from . import View
from .identity import WALMART
from .money import decimals, digits, places, plain, total

if TYPE_CHECKING:
    from refundkit_apis.walmart import structs as us
    from refundkit_apis.walmart_ca import structs as ca

    from ..check import Given

    RefundLine: TypeAlias = us.RefundLine | ca.RefundLine
    RefundedCharge: TypeAlias = us.RefundedCharge | ca.RefundedCharge
    Body: TypeAlias = us.OrderRefundRequest | ca.OrderRefundRequest | ca.OrderCancellationRequest

REFUND = ("walmart.refund_order_lines", "walmart_ca.refund_order_lines")
CANCEL = ("walmart_ca.cancel_order_lines",)
Number: TypeAlias = Decimal | int


class Amount(msgspec.Struct, frozen=True, gc=False):
    """One amount of a charge: where it stands in it, and its currency."""

    where: str
    value: Number
    currency: str


class Charge(msgspec.Struct, frozen=True, gc=False):
    """One refunded charge; `at` are the indices of its line, refund and charge."""

    at: tuple[int, int, int]
    reason: str
    charge: RefundedCharge

    def pointer(self, where: str = "") -> str:
        line, refund, charge = self.at
        return (
            f"/orderRefund/orderLines/orderLine/{line}/refunds/refund/{refund}"
            f"/refundCharges/refundCharge/{charge}{where}"
        )

    @property
    def details(self) -> list[us.RefundTax]:
        """The breakdown of the tax, which only the current API has."""
        details = getattr(self.charge, "tax_details", UNSET)
        return [] if details is UNSET else details

    def amounts(self) -> Iterator[Amount]:
        """Every amount of the charge: its own, its tax, and the parts of its tax."""
        charge = self.charge
        yield Amount("/charge/chargeAmount", charge.charge_amount.amount, charge.charge_amount.currency)
        if charge.tax is not UNSET:
            yield Amount("/charge/tax/taxAmount", charge.tax.tax_amount.amount, charge.tax.tax_amount.currency)
        for index, tax in enumerate(self.details):
            yield Amount(f"/charge/taxDetails/{index}/taxAmount", tax.tax_amount.amount, tax.tax_amount.currency)


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line of a refund or a cancellation; `first` is the index of the first line with its number."""

    index: int
    number: str
    first: int
    line: RefundLine | ca.CancelLine
    wrapper: str
    charged: bool = True

    def pointer(self, where: str = "") -> str:
        return f"/{self.wrapper}/orderLines/orderLine/{self.index}{where}"


def view(operation: Operation, body: Body) -> View:
    """The lines of a request and, of a refund, their charges."""
    if operation.name in CANCEL:
        return View(lines=_lines(body.order_cancellation.order_lines.order_line, "orderCancellation"))  # type: ignore[union-attr]
    charges = []
    lines = body.order_refund.order_lines.order_line  # type: ignore[union-attr]
    bare = set()
    for i, line in enumerate(lines):
        before = len(charges)
        for j, refund in enumerate(line.refunds.refund):
            given = refund.refund_charges.refund_charge
            if given is not UNSET:
                for k, charge in enumerate(given):
                    charges.append(Charge((i, j, k), charge.refund_reason, charge.charge))
        if len(charges) == before:
            bare.add(i)
    return View(lines=_lines(lines, "orderRefund", bare), charges=charges)


def _lines(lines: list[RefundLine] | list[ca.CancelLine], wrapper: str, bare: frozenset[int] | set[int] = frozenset()) -> list[Line]:
    first: dict[str, int] = {}
    return [
        Line(index, line.line_number, first.setdefault(line.line_number, index), line, wrapper, index not in bare)
        for index, line in enumerate(lines)
    ]


@rule("RF201", "amount-not-negative", on=REFUND, source="walmart-ca-refund, facts")
def amount_not_negative(value: Number) -> tuple[str, str]:
    """The amount of a refund is zero or above.

    Walmart wants what is given back as a negative number; zero refunds nothing, and nobody knows what a positive
    amount does.

    Bad:
        …/chargeAmount/amount: 19.99
    Good:
        …/chargeAmount/amount: -19.99
    """
    return f"refund amount {plain(value)} must be negative", f"send -{plain(value)}" if value > 0 else "leave the charge out"


@rule("RF205", "currency-mismatch", on=REFUND)
def currency_mismatch(charge: Charge) -> Iterator[Finding]:
    """The currency of a tax differs from that of its charge, or the refund's from the order's.

    One charge is one payment; in two currencies one of them is wrong by the exchange rate.

    Bad:
        …/tax/taxAmount/currency: CAD
    Good:
        …/tax/taxAmount/currency: USD
    """
    own = charge.charge.charge_amount.currency
    for amount in charge.amounts():
        if amount.currency != own:
            message = f"the tax is in {amount.currency}, its charge in {own}"
            yield finding(charge.pointer(f"{amount.where}/currency"), message, f"send {own}")


@rule("RF206", "amount-precision", severity="warning", on=(*REFUND, "woocommerce"), source="facts")
def amount_precision(charge: Charge) -> Iterator[Finding]:
    """An amount has more decimals than its currency.

    What nobody can pay is rounded somewhere, in silence: JPY has no decimals, USD and CAD have two, KWD three. A
    WooCommerce body has no currency: there it is two, or as many as the order's total has; it makes 5.56 of 5.555.
    Zeros at the end do not count.

    Bad:
        …/chargeAmount/amount: -19.995
    Good:
        …/chargeAmount/amount: -19.99000
    """
    for amount in charge.amounts():
        allowed, used = decimals(amount.currency), places(amount.value)
        if allowed is not None and used > allowed:
            message = f"{plain(amount.value)} has {used} decimals, {amount.currency} has {allowed}"
            yield finding(charge.pointer(f"{amount.where}/amount"), message)


@rule("RF208", "tax-not-negative", on=REFUND, source="facts")
def tax_not_negative(value: Number) -> tuple[str, str]:
    """A refunded tax is above zero.

    It is given back with the charge, so it has the charge's sign; zero is fine.

    Bad:
        …/tax/taxAmount/amount: 1.65
    Good:
        …/tax/taxAmount/amount: -1.65
    """
    return f"refunded tax {plain(value)} must not be above zero", f"send -{plain(value)}"


@rule("RF211", "amount-too-long", on=REFUND, source="facts")
def amount_too_long(charge: Charge) -> Iterator[Finding]:
    """An amount has more than 4 decimals or more than 11 digits.

    Walmart's own schema holds amounts to that, so the server refuses it or cuts it off. Counted by value.

    Bad:
        …/chargeAmount/amount: -19.99001
    Good:
        …/chargeAmount/amount: -19.99000
    """
    for amount in charge.amounts():
        if places(amount.value) > 4 or digits(amount.value) > 11:
            message = f"{plain(amount.value)} has more than 4 decimals or more than 11 digits"
            yield finding(charge.pointer(f"{amount.where}/amount"), message)


@rule("RF217", "tax-details-mismatch", severity="warning", on=("walmart.refund_order_lines",))
def tax_details_mismatch(charge: Charge) -> Finding | None:
    """The parts of a tax do not add up to the tax.

    `tax` counts for the caps and `taxDetails` is its breakdown; where they differ, one of them is wrong.

    Bad:
        …/charge/taxDetails: [{taxName: State, taxAmount: {amount: -1.00, currency: USD}}]
    Good:
        …/charge/taxDetails: [{taxName: State, taxAmount: {amount: -1.65, currency: USD}}]
    """
    if not charge.details or charge.charge.tax is UNSET:
        return None
    whole, parts = charge.charge.tax.tax_amount.amount, total([tax.tax_amount.amount for tax in charge.details])
    if whole == parts:
        return None
    return finding(charge.pointer("/charge/taxDetails"), f"the parts add up to {plain(parts)}, the tax is {plain(whole)}")


@rule("RF303", "duplicate-line", severity="warning", on=(*REFUND, *CANCEL))
def duplicate_line(line: Line) -> Finding | None:
    """A line stands twice in one request.

    It is more often a copy by mistake than meant; for every cap the two count together.

    Bad:
        /orderRefund/orderLines/orderLine/1: {lineNumber: "1", refunds: {refund: [{refundCharges: {refundCharge: [
            {refundReason: DamagedItem, charge: {chargeType: SHIPPING, chargeName: Shipping,
            chargeAmount: {amount: -1.00, currency: USD}}}]}}]}}
    Good:
        {}
    """
    if line.first == line.index:
        return None
    return finding(line.pointer("/lineNumber"), f"line {line.number} stands here for the second time", "make it one entry")


@rule("RF305", "cancel-reason-unsupported", on=CANCEL, source="walmart-ca-cancel")
def cancel_reason_unsupported(value: object) -> tuple[str, str]:
    """A cancellation reason other than the two that the page supports.

    Bad:
        …/cancellationReason: OUT_OF_STOCK
    Good:
        …/cancellationReason: CUSTOMER_REQUESTED_SELLER_TO_CANCEL
    """
    return f"{value!r} is no supported cancellation reason", "CANCEL_BY_SELLER or CUSTOMER_REQUESTED_SELLER_TO_CANCEL"


@rule("RF308", "status-not-cancelled", severity="warning", on=CANCEL, source="facts")
def status_not_cancelled(line: Line) -> Iterator[Finding]:
    """The status of a cancelled line is not Cancelled.

    The page's own sample says ACKNOWLEDGED, which asks for nothing; published schemas and examples say Cancelled.

    Bad:
        …/orderLineStatus/0/status: ACKNOWLEDGED
    Good:
        …/orderLineStatus/0/status: CANCELLED
    """
    for index, status in enumerate(line.line.order_line_statuses.order_line_status):  # type: ignore[union-attr]
        if status.status.lower() != "cancelled":
            where = f"/orderLineStatuses/orderLineStatus/{index}/status"
            yield finding(line.pointer(where), f"status is {status.status!r}", "send Cancelled")


@rule("RF310", "nothing-refunded", severity="warning", on=REFUND, source="facts")
def nothing_refunded(line: Line) -> Finding | None:
    """A line of the refund has no charge.

    The schema allows it, the server has nothing to refund. For a full refund it is fine.

    Bad:
        …/refundCharges/refundCharge: []
    Good:
        …/refundCharges/refundCharge: []
        …/isFullRefund: true
    """
    if line.charged or getattr(line.line, "is_full_refund", False) is True:
        return None
    return finding(line.pointer("/refunds"), f"line {line.number} has no charge", "add what is refunded, or drop the line")


@rule("RF311", "mixed-full-and-partial", on=("walmart.refund_order_lines",), source="facts")
def mixed_full_and_partial(body: us.OrderRefundRequest) -> Iterator[Finding]:
    """Some lines are full refunds and some are not.

    Walmart wants the lines of one request all full or all partial; a line that does not say is partial.

    Bad:
        /orderRefund/orderLines/orderLine/1: {lineNumber: "2", isFullRefund: true, refunds: {refund: [{refundCharges: {}}]}}
    Good:
        {}
    """
    lines = body.order_refund.order_lines.order_line
    full = [line.is_full_refund is True for line in lines]
    if any(full) and not all(full):
        for index, line in enumerate(lines):
            if not full[index]:
                where = "" if line.is_full_refund is UNSET else "/isFullRefund"
                message = f"line {line.line_number} is a partial refund among full ones"
                yield finding(f"/orderRefund/orderLines/orderLine/{index}{where}", message, "send two requests")


@rule("RF321", "unknown-reason", severity="warning", on=REFUND, source="facts")
def unknown_reason(charge: Charge) -> Finding | None:
    """A refund reason that the published list lacks.

    The list is open on the wire, but what is not in it is mostly a slip: its names have spaces, arrows and ampersands.

    Bad:
        …/refundReason: Merchandisenotreceived
    Good:
        …/refundReason: Merchandise not received
    """
    if charge.reason in _reasons():
        return None
    near = suggestion(charge.reason, list(_reasons())).lstrip("; ")
    return finding(charge.pointer("/refundReason"), f"{charge.reason!r} is not in Walmart's list of reasons", near)


_REASONS: list[frozenset[str]] = []


def _reasons() -> frozenset[str]:
    """The list in the generated model, which both APIs share."""
    if not _REASONS:
        from refundkit_apis.walmart.structs import RefundReason

        _REASONS.append(frozenset(get_args(get_args(RefundReason)[0])))
    return _REASONS[0]


@rule("RF603", "inventory-not-updated", severity="off", on=CANCEL, source="walmart-ca-cancel")
def inventory_not_updated(body: ca.OrderCancellationRequest) -> Finding:
    """After a cancellation the inventory wants an update.

    The page asks for it: the next inventory feed has to hold what the cancellation set free.

    Bad:
        {}
    """
    return finding("/orderCancellation", "send the cancelled quantity with the next inventory feed")


@rule("RF604", "deprecated-operation", severity="off", on=("walmart_ca",), source="facts", raw=True)
def deprecated_operation(operation: Operation, headers: dict[str, str]) -> Finding | None:
    """The request is signed for the older Canadian API.

    Signatures were retired and the `/v3/ca` API is to be; `walmart` with WM_MARKET ca replaces it.

    Bad:
        operation: walmart_ca.refund_order_lines
        header:WM_SEC.AUTH_SIGNATURE: c2lnbmVk
    """
    signed = next((name for name in headers if name.upper() == "WM_SEC.AUTH_SIGNATURE"), None)
    if signed is None:
        return None
    return finding(f"header:{signed}", f"{operation.name} with a signature is retired", "move to walmart, WM_MARKET ca")
