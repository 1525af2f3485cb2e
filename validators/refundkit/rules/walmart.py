"""Walmart, both APIs: refunds are negative, by charge of a line; the older API cancels as well."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias, cast, get_args

import msgspec
from msgspec import UNSET

from .. import ledger as ledgers
from ..ledger import Ledger
from ..money import EXACT, ZERO, digits, everyday, places, plain, total
from ..operations import Operation, suggestion
from ..rule import Finding, finding, rule
from . import View
from .amounts import Amount
from .identity import PLACEHOLDERS

if TYPE_CHECKING:
    from refundkit_apis.walmart import structs as us
    from refundkit_apis.walmart_ca import structs as ca

    from ..check import Given

    RefundLine: TypeAlias = us.RefundLine | ca.RefundLine
    RefundedCharge: TypeAlias = us.RefundedCharge | ca.RefundedCharge
    OrderResponse: TypeAlias = us.OrderResponse | ca.OrderResponse
    OrderLine: TypeAlias = us.OrderLine | ca.OrderLine
    OrderLineStatus: TypeAlias = us.OrderLineStatus | ca.OrderLineStatus
    AnyCharge: TypeAlias = RefundedCharge | us.Charge | ca.Charge
    RefundBody: TypeAlias = us.OrderRefundRequest | ca.OrderRefundRequest
    Body: TypeAlias = RefundBody | ca.OrderCancellationRequest

REFUND = ("walmart.refund_order_lines", "walmart_ca.refund_order_lines")
CANCEL = ("walmart_ca.cancel_order_lines",)
Number: TypeAlias = Decimal | int
# The currencies of the markets, which have as many decimals as an everyday amount.
_IN_CENTS = frozenset({"USD", "CAD"})

ORDER_FIELDS = frozenset(
    "order purchaseOrderId customerOrderId orderLines orderLine lineNumber charges charge chargeType chargeName"
    " chargeAmount amount currency tax taxAmount taxDetails orderLineQuantity orderLineStatuses orderLineStatus status"
    " statusQuantity refund refundCharges refundCharge returnOrderId".split()
)


class Charge(msgspec.Struct, frozen=True, gc=False):
    """One refunded charge; `at` are the indices of its line, refund and charge."""

    at: tuple[int, int, int]
    number: str
    reason: str
    charge: RefundedCharge
    every: list[Amount]

    def pointer(self, where: str = "") -> str:
        line, refund, charge = self.at
        return (
            f"/orderRefund/orderLines/orderLine/{line}/refunds/refund/{refund}"
            f"/refundCharges/refundCharge/{charge}{where}"
        )

    @property
    def details(self) -> Sequence[us.RefundTax]:
        """The breakdown of the tax, which only the current API has."""
        details = getattr(self.charge, "tax_details", UNSET)
        return () if details is UNSET else details

    def amounts(self) -> Sequence[Amount]:
        """Every amount of the charge: its own, its tax, and the parts of its tax."""
        return self.every


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line of a refund or a cancellation; `first` is the index of the first line with its number."""

    index: int
    number: str
    first: int
    line: RefundLine | ca.CancelLine
    wrapper: str
    charged: bool

    def pointer(self, where: str = "") -> str:
        return f"/{self.wrapper}/orderLines/orderLine/{self.index}{where}"

    @property
    def whole(self) -> bool:
        """Whether the line is marked as a full refund, which only the current API can say."""
        return getattr(self.line, "is_full_refund", UNSET) is True

    @property
    def cancels(self) -> list[ca.CancelLineStatus]:
        """What a cancellation says of the line."""
        return cast("ca.CancelLine", self.line).order_line_statuses.order_line_status


class Past(msgspec.Struct, frozen=True, gc=False):
    """One charge that an earlier refund gave back, and its line."""

    number: str
    charge: AnyCharge


class Cancelled(msgspec.Struct, frozen=True, gc=False):
    """How much of a line an earlier cancellation of the same batch takes away."""

    number: str
    quantity: Decimal


def view(operation: Operation, body: Body) -> View:
    """The lines of a request and, of a refund, their charges."""
    if operation.name in CANCEL:
        cancel = cast("ca.OrderCancellationRequest", body)
        return View(lines=_lines(cancel.order_cancellation.order_lines.order_line, "orderCancellation"))
    if operation.name not in REFUND:
        return View()
    refund = cast("RefundBody", body)
    charges = _charges(refund)
    charged = frozenset(charge.at[0] for charge in charges)
    return View(lines=_lines(refund.order_refund.order_lines.order_line, "orderRefund", charged), charges=charges)


def _charges(body: RefundBody) -> list[Charge]:
    lines: Sequence[RefundLine] = body.order_refund.order_lines.order_line
    return [
        Charge((i, j, k), line.line_number, charge.refund_reason, charge.charge, _amounts(charge.charge))
        for i, line in enumerate(lines)
        for j, charges in enumerate(_charges_of(line))
        for k, charge in enumerate(charges)
    ]


def _amounts(charge: RefundedCharge) -> list[Amount]:
    money = charge.charge_amount
    found = [Amount("/charge/chargeAmount", money.amount, money.currency)]
    if charge.tax is not UNSET:
        found.append(Amount("/charge/tax/taxAmount", charge.tax.tax_amount.amount, charge.tax.tax_amount.currency))
    details = getattr(charge, "tax_details", UNSET)
    for index, tax in enumerate(() if details is UNSET else details):
        found.append(Amount(f"/charge/taxDetails/{index}/taxAmount", tax.tax_amount.amount, tax.tax_amount.currency))
    return found


def _charges_of(line: RefundLine) -> Iterator[Sequence[us.RefundCharge | ca.RefundCharge]]:
    """The charges of each refund of the line."""
    for refund in line.refunds.refund:
        charges = refund.refund_charges.refund_charge
        yield () if charges is UNSET else charges


def _lines(
    lines: Sequence[RefundLine | ca.CancelLine], wrapper: str, charged: frozenset[int] = frozenset()
) -> list[Line]:
    first: dict[str, int] = {}
    return [
        Line(index, line.line_number, first.setdefault(line.line_number, index), line, wrapper, index in charged)
        for index, line in enumerate(lines)
    ]


def unremarkable(operation: Operation, body: Body) -> bool:
    """Whether no rule about a body alone can speak: one cheap pass, which most refunds go through and no further.

    It may be false of a body that is fine, never true of one that a rule speaks on; tests/test_agreement.py holds it to
    that. It knows every rule of this API that needs no more than the body.
    """
    if operation.name not in REFUND:
        return False
    refund = cast("RefundBody", body).order_refund
    lines: Sequence[RefundLine] = refund.order_lines.order_line
    if refund.purchase_order_id in PLACEHOLDERS or len({line.line_number for line in lines}) < len(lines):
        return False
    whole = getattr(lines[0], "is_full_refund", UNSET) is True
    reasons = _reasons()
    for line in lines:
        if line.line_number in PLACEHOLDERS or (getattr(line, "is_full_refund", UNSET) is True) is not whole:
            return False
        for charges in _charges_of(line):
            if not charges:
                return False
            for one in charges:
                if one.refund_reason not in reasons or not _unremarkable_charge(one.charge):
                    return False
        if any(part.refund_id in PLACEHOLDERS for part in line.refunds.refund):
            return False
    return True


def _unremarkable_charge(charge: RefundedCharge) -> bool:
    if charge.charge_type in PLACEHOLDERS or charge.charge_name in PLACEHOLDERS:
        return False
    money = charge.charge_amount
    if money.currency not in _IN_CENTS or not everyday(money.amount):
        return False
    if getattr(charge, "tax_details", UNSET) is not UNSET:
        return False
    if charge.tax is UNSET:
        return True
    tax = charge.tax.tax_amount
    return tax.currency == money.currency and everyday(tax.amount) and charge.tax.tax_name not in PLACEHOLDERS


def settled(operation: Operation, view: View, ledger: Ledger) -> bool:
    """Whether no rule about a refund and its order can speak, of a body that is `unremarkable`.

    As that one it may be false of a refund that is fine, never true of one that a rule speaks on; tests/test_caps.py
    holds it to that. It knows every rule of this API that reads the ledger.
    """
    if operation.name not in REFUND or any(charge.every[0].currency != ledger.currency for charge in view.charges):
        return False
    for line in ledger.lines:
        if not line.known or not 0 < line.ordered <= line.shipped or line.whole or line.returned:
            return False
        for charge in line.charges.values():
            before = charge.refunded_before
            if charge.named and (before < 0 or EXACT.add(before, charge.refunded_now) >= charge.charged):
                return False
            if charge.tax_now > charge.tax_refundable:
                return False
    return True


def refunds_type() -> Any:
    """Earlier refunds are given as earlier request bodies; both APIs share all that rules read of them."""
    from refundkit_apis.walmart.structs import OrderRefundRequest

    return list[OrderRefundRequest]


def earlier(order: OrderResponse | None, refunds: list[us.OrderRefundRequest] | None) -> list[Past] | None:
    """Earlier request bodies if they were given, else what the order's lines carry: none without `refund`."""
    if refunds is not None:
        charges = [charge for refund in refunds for charge in _charges(refund)]
        return [Past(charge.number, charge.charge) for charge in charges]
    return None if order is None else [past for line in order.order.order_lines.order_line for past in _carried(line)]


def _carried(line: OrderLine) -> Iterator[Past]:
    charges = line.refund.refund_charges if line.refund not in (None, UNSET) else UNSET
    for past in [] if charges is UNSET or charges.refund_charge is UNSET else charges.refund_charge:
        yield Past(line.line_number, past.charge)


def strangers(
    operation: Operation,
    given: Given,
    body: Body | None,
    order: OrderResponse | None,
    refunds: list[us.OrderRefundRequest] | None,
) -> Iterator[Finding]:
    """RF005: the order, or an earlier refund, is of another purchase order than the request."""
    own = getattr(getattr(body, "order_refund", None), "purchase_order_id", None)
    asked = own or (given.path or {}).get("purchaseOrderId")
    if order is not None and asked is not None and order.order.purchase_order_id != asked:
        found = order.order
        customers = f"; {asked} is its customerOrderId" if found.customer_order_id == asked else ""
        message = f"the refund is of order {asked}, the context is order {found.purchase_order_id}{customers}"
        yield finding("order:/order/purchaseOrderId", message, "give the order that is refunded")
    for index, refund in enumerate(refunds or []):
        if asked is not None and refund.order_refund.purchase_order_id != asked:
            message = f"this earlier refund is of order {refund.order_refund.purchase_order_id}, not of {asked}"
            yield finding(f"refunds:/{index}/orderRefund/purchaseOrderId", message)


def ledger(
    operation: Operation,
    body: Body,
    view: View,
    order: OrderResponse,
    refunds: list[Past | Cancelled],
    path: Mapping[str, str] | None,
) -> Ledger:
    """The lines that the request names, with what the order, the earlier refunds and the request say of them."""
    shipped = _LEFT_THE_HOUSE if operation.name in CANCEL else _SHIPPED[operation.api]
    known = {line.line_number: line for line in order.order.order_lines.order_line}
    book: dict[str, ledgers.Line] = {}
    for line in view.lines:
        if line.number not in book:
            own = known.get(line.number)
            book[line.number] = _unknown_line(line) if own is None else _known_line(line, own, shipped)
        book[line.number].whole |= line.whole
        if operation.name in CANCEL:
            _count_cancelled(book[line.number], line)
    for past in refunds:
        if past.number not in book:
            continue
        if isinstance(past, Cancelled):
            book[past.number].cancelled = EXACT.add(book[past.number].cancelled, past.quantity)
        else:
            _count_past(book[past.number], past.charge)
    for charge in view.charges:
        _count_refund(book[charge.number], charge)
    currencies = [charge.charge_amount.currency for line in known.values() for charge in line.charges.charge]
    return Ledger(lines=list(book.values()), currency=currencies[0] if currencies else "")


def _unknown_line(line: Line) -> ledgers.Line:
    return ledgers.Line(number=line.number, named=line, where="/lineNumber", known=False)


def _known_line(line: Line, own: OrderLine, shipped: frozenset[str]) -> ledgers.Line:
    entries = own.order_line_statuses.order_line_status
    charges: dict[str, ledgers.Charge] = {}
    for charge in own.charges.charge:
        kept = _charge(charges, charge.charge_type, charge.charge_amount.currency)
        kept.charged = EXACT.add(kept.charged, charge.charge_amount.amount)
        kept.tax_charged = EXACT.add(kept.tax_charged, tax_of(charge))
    return ledgers.Line(
        number=line.number,
        named=line,
        where="/lineNumber",
        known=True,
        ordered=quantity(own.order_line_quantity.amount),
        shipped=_in_status(entries, shipped),
        cancelled=_in_status(entries, frozenset({"cancelled"})),
        charges=charges,
        states=[(entry.status, entry.status_quantity.amount) for entry in entries],
        returned="" if own.return_order_id in (None, UNSET) else own.return_order_id,
    )


def _count_past(line: ledgers.Line, past: AnyCharge) -> None:
    """Add an earlier refund to its line's charge of the same type; its name holds a reason and says nothing."""
    kept = _charge(line.charges, past.charge_type, past.charge_amount.currency)
    kept.refunded_before = EXACT.subtract(kept.refunded_before, past.charge_amount.amount)
    kept.tax_before = EXACT.subtract(kept.tax_before, tax_of(past))


def _count_refund(line: ledgers.Line, charge: Charge) -> None:
    """Add a charge of this request to its line's charge of the same type."""
    given = charge.charge
    kept = _charge(line.charges, given.charge_type, given.charge_amount.currency)
    kept.refunded_now = EXACT.subtract(kept.refunded_now, given.charge_amount.amount)
    kept.tax_now = EXACT.subtract(kept.tax_now, tax_of(given))
    kept.named, kept.where = charge, "/charge/chargeAmount/amount"
    if given.tax is not UNSET:
        kept.tax_where = "/charge/tax/taxAmount/amount"
    elif charge.details:
        kept.tax_where = "/charge/taxDetails"


def _count_cancelled(line: ledgers.Line, requested: Line) -> None:
    for index, status in enumerate(requested.cancels):
        line.refunded_now = EXACT.add(line.refunded_now, quantity(status.status_quantity.amount))
        line.counted = requested
        line.quantity_where = f"/orderLineStatuses/orderLineStatus/{index}/statusQuantity/amount"


def _charge(charges: dict[str, ledgers.Charge], kind: str, currency: str) -> ledgers.Charge:
    """The charge of a type; a charge type that the line lacks was charged 0."""
    key = kind.upper()
    if key not in charges:
        charges[key] = ledgers.Charge(kind=kind, currency=currency)
    return charges[key]


def tax_of(charge: AnyCharge) -> Number:
    """The tax of a charge: `tax` counts, and `taxDetails` only where it is alone."""
    if charge.tax is not None and charge.tax is not UNSET:
        return charge.tax.tax_amount.amount
    details = getattr(charge, "tax_details", UNSET)
    return ZERO if details is UNSET else total([tax.tax_amount.amount for tax in details])


def _in_status(entries: Sequence[OrderLineStatus], wanted: frozenset[str]) -> Decimal:
    return total([quantity(one.status_quantity.amount) for one in entries if one.status.lower() in wanted])


def quantity(text: str) -> Decimal:
    """A quantity that Walmart writes as a string; zero where it is no plain number."""
    return Decimal(text) if _QUANTITY.fullmatch(text) else ZERO


_QUANTITY = re.compile(r"[0-9]{1,40}(\.[0-9]{1,40})?")
_LEFT_THE_HOUSE = frozenset({"shipped", "delivered", "refund"})
# What counts as shipped: for the current API also what has arrived, and what was refunded, which was shipped once.
_SHIPPED = {"walmart": _LEFT_THE_HOUSE, "walmart_ca": frozenset({"shipped"})}


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
    return (
        f"refund amount {plain(value)} must be negative",
        f"send -{plain(value)}" if value > 0 else "leave the charge out",
    )


@rule("RF205", "currency-mismatch", on=REFUND)
def currency_mismatch(charges: list[Charge], ledger: Ledger | None = None) -> Iterator[Finding]:
    """The currency of a tax differs from that of its charge, or the refund's from the order's.

    One charge is one payment; in two currencies one of them is wrong by the exchange rate.

    Bad:
        …/tax/taxAmount/currency: CAD
    Good:
        …/tax/taxAmount/currency: USD
    """
    for charge in charges:
        own = charge.every[0].currency
        for amount in charge.every:
            if amount.currency != own:
                message = f"the tax is in {amount.currency}, its charge in {own}"
                yield finding(charge.pointer(f"{amount.where}/currency"), message, f"send {own}")
        if ledger is not None and ledger.currency and own != ledger.currency:
            message = f"the refund is in {own}, the order in {ledger.currency}"
            yield finding(charge.pointer("/charge/chargeAmount/currency"), message, f"send {ledger.currency}")


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
def amount_too_long(charge: Charge) -> list[Finding] | None:
    """An amount has more than 4 decimals or more than 11 digits.

    Walmart's own schema holds amounts to that, so the server refuses it or cuts it off. Counted by value.

    Bad:
        …/chargeAmount/amount: -19.99001
    Good:
        …/chargeAmount/amount: -19.99000
    """
    long = [
        one for one in charge.every if not everyday(one.value) and (places(one.value) > 4 or digits(one.value) > 11)
    ]
    if not long:
        return None
    message = "{} has more than 4 decimals or more than 11 digits"
    return [finding(charge.pointer(f"{one.where}/amount"), message.format(plain(one.value))) for one in long]


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
    return finding(
        charge.pointer("/charge/taxDetails"), f"the parts add up to {plain(parts)}, the tax is {plain(whole)}"
    )


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
    return finding(
        line.pointer("/lineNumber"), f"line {line.number} stands here for the second time", "make it one entry"
    )


@rule("RF305", "cancel-reason-unsupported", on=CANCEL, source="walmart-ca-cancel")
def cancel_reason_unsupported(value: object) -> tuple[str, str]:
    """A cancellation reason other than the two that the page supports.

    Bad:
        …/cancellationReason: OUT_OF_STOCK
    Good:
        …/cancellationReason: CUSTOMER_REQUESTED_SELLER_TO_CANCEL
    """
    return f"{value!r} is no supported cancellation reason", "CANCEL_BY_SELLER or CUSTOMER_REQUESTED_SELLER_TO_CANCEL"


@rule("RF306", "full-refund-partial", severity="warning", on=("walmart.refund_order_lines",))
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
        short = [charge for charge in line.charges.values() if charge.refunded_now < charge.refundable]
        if line.whole and short and any(charge.named for charge in line.charges.values()):
            left = ", ".join(f"{plain(charge.refundable)} of {charge.kind}" for charge in short)
            yield line.finding(f"line {line.number} is a full refund, but gives back less than is left: {left}")


@rule("RF312", "upgraded-to-full", severity="warning", on=("walmart.refund_order_lines",), source="facts")
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
    for line, charge in ledger.charges:
        if (
            line.whole
            or charge.kind.upper() != "PRODUCT"
            or not charge.charged
            or charge.refunded_now != charge.charged
        ):
            continue
        tax = [one for one in line.charges.values() if one.tax_now < one.tax_refundable]
        rest = [one for one in line.charges.values() if one is not charge and one.refunded_now < one.refundable]
        if tax or rest:
            kinds = sorted({f"{one.kind} tax" for one in tax} | {one.kind for one in rest})
            message = f"refunds the whole price of line {line.number}; Walmart adds what is left of {', '.join(kinds)}"
            yield charge.finding(message, "name them too, or refund less than the whole price")


@rule("RF318", "return-exists", severity="warning", on=("walmart.refund_order_lines",), source="facts")
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


@rule("RF308", "status-not-cancelled", severity="warning", on=CANCEL, source="facts")
def status_not_cancelled(line: Line) -> Iterator[Finding]:
    """The status of a cancelled line is not Cancelled.

    The page's own sample says ACKNOWLEDGED, which asks for nothing; published schemas and examples say Cancelled.

    Bad:
        …/orderLineStatus/0/status: ACKNOWLEDGED
    Good:
        …/orderLineStatus/0/status: CANCELLED
    """
    for index, status in enumerate(line.cancels):
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
    if line.charged or line.whole:
        return None
    return finding(
        line.pointer("/refunds"), f"line {line.number} has no charge", "add what is refunded, or drop the line"
    )


@rule("RF311", "mixed-full-and-partial", on=("walmart.refund_order_lines",), source="facts")
def mixed_full_and_partial(lines: list[Line]) -> Iterable[Finding] | None:
    """Some lines are full refunds and some are not.

    Walmart wants the lines of one request all full or all partial; a line that does not say is partial.

    Bad:
        /orderRefund/orderLines/orderLine/1: {lineNumber: "2", isFullRefund: true,
            refunds: {refund: [{refundCharges: {}}]}}
    Good:
        {}
    """
    full = [line.whole for line in lines]
    if all(full) or not any(full):
        return None
    return [_partial_among_full(line) for line in lines if not line.whole]


def _partial_among_full(line: Line) -> Finding:
    said = getattr(line.line, "is_full_refund", UNSET) is not UNSET
    where = line.pointer("/isFullRefund" if said else "")
    return finding(where, f"line {line.number} is a partial refund among full ones", "send two requests")


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
    near = suggestion(charge.reason, sorted(_reasons())).lstrip("; ")
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
