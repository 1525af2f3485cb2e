"""Walmart: refunds are negative, by charge of an order line; the older API cancels pieces as well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import UNSET

from ...errors import Finding, finding
from ...ledger import ANY, CANCELS, Account, Amount, Ledger, Line, OrderModel, Posting, Refund, readable_lines
from ...money import ZERO, total

if TYPE_CHECKING:
    from refundkit_apis.walmart import models as us
    from refundkit_apis.walmart_ca import models as ca

    from ...operations import Operation

    OrderResponse: TypeAlias = us.OrderResponse | ca.OrderResponse
    OrderLine: TypeAlias = us.OrderLine | ca.OrderLine
    RefundBody: TypeAlias = us.OrderRefundRequest | ca.OrderRefundRequest
    RefundCharge: TypeAlias = us.RefundCharge | ca.RefundCharge
    AnyCharge: TypeAlias = us.Charge | ca.Charge | us.RefundedCharge | ca.RefundedCharge

PRODUCT = "PRODUCT"
_QUANTITY = re.compile(r"[0-9]{1,40}(\.[0-9]{1,40})?")


class Walmart(OrderModel):
    """Orders and refunds of the current API, and of the older one, which counts less as shipped."""

    traits: Mapping[str, frozenset[str]] = {
        "refund_order_lines": frozenset({"refunds", "lines", "charges", "ships"}),
        "cancel_order_lines": frozenset({"refunds", "lines", "cancels"}),
    }
    path_ids: Mapping[str, tuple[str, ...]] = {"purchaseOrderId": ("order", "purchaseOrderId")}
    body_id = ("orderRefund", "purchaseOrderId")
    can_fold = True
    # What has arrived was shipped, and so was what came back.
    shipped = frozenset({"shipped", "delivered", "refund"})
    not_cancellable = shipped

    def open_order(self, order: OrderResponse) -> Ledger:
        lines: dict[Any, Line] = {}
        unread: dict[Any, str] = {}
        currency = ""
        for line in readable_lines(order.order.order_lines.order_line, unread):
            lines[line.line_number] = self._open_line(line)
            if not currency and line.charges.charge:
                currency = line.charges.charge[0].charge_amount.currency
        return Ledger(lines, currency, unread=unread)

    def _open_line(self, line: OrderLine) -> Line:
        number = line.line_number
        accounts: dict[str, Account] = {}
        for charge in line.charges.charge:
            name = charge.charge_type.upper()
            amount, tax = Decimal(charge.charge_amount.amount), Decimal(tax_of(charge))
            account = accounts.setdefault(name, Account(number, number, name, charge.charge_amount.currency))
            if charge.is_discount is True or amount < 0:  # it lowers what was charged, and so does its tax
                amount, tax = -abs(amount), -abs(tax)
            account.charged += amount
            account.tax_charged += tax
        ordered = quantity(line.order_line_quantity.amount)
        shipped = gone = cancelled = ZERO
        statuses = []
        for entry in line.order_line_statuses.order_line_status:
            status, amount = entry.status.lower(), quantity(entry.status_quantity.amount)
            if status in self.shipped:
                shipped += amount
            if status in self.not_cancellable:
                gone += amount
            elif status == "cancelled":
                cancelled += amount
            statuses.append((entry.status, entry.status_quantity.amount))
        accounts[CANCELS] = Account(number, number, CANCELS, charged=ordered - gone, before=cancelled)
        return Line(number, number, accounts, ordered - cancelled, shipped, statuses, line.return_order_id or "")

    def refunds_in_order(self, order: OrderResponse) -> list[Refund] | None:
        """A line without `refund` has no history."""
        refunds = []
        for line in readable_lines(order.order.order_lines.order_line, {}):
            charges = line.refund.refund_charges if line.refund else UNSET
            if charges and charges.refund_charge:
                postings = [_posting(line.line_number, entry, "", "") for entry in charges.refund_charge]
                refund_id = line.refund.refund_id
                refunds.append(Refund(postings, id=refund_id if isinstance(refund_id, str) else ""))
        return refunds

    def read_refunds(self, refunds: Sequence[us.OrderRefundRequest]) -> list[Refund]:
        """Earlier refunds are earlier request bodies; both APIs share all that counts of them."""
        return [self._read_refund(refund) for refund in refunds]

    def read_request(self, operation: Operation, body: Any, path: Mapping[str, str] | None) -> Refund:
        if operation.name.endswith(".cancel_order_lines"):
            return self._read_cancellation(body)
        return self._read_refund(body) if operation.name.endswith(".refund_order_lines") else Refund([])

    def _read_refund(self, body: Any) -> Refund:
        postings: list[Posting] = []
        remainders: list[Posting] = []  # after all that is named
        amounts: list[Amount] = []
        lines: dict[Any, str] = {}
        full = set()
        for i, line in enumerate(body.order_refund.order_lines.order_line):
            pointer = f"/orderRefund/orderLines/orderLine/{i}"
            number, charged = line.line_number, len(postings)
            lines.setdefault(number, f"{pointer}/lineNumber")
            for j, refund in enumerate(line.refunds.refund):
                refund_id = refund.refund_id if isinstance(refund.refund_id, str) else ""
                for k, entry in enumerate(refund.refund_charges.refund_charge or ()):
                    where = f"{pointer}/refunds/refund/{j}/refundCharges/refundCharge/{k}/charge"
                    postings.append(_posting(number, entry, where, refund_id))
                    amounts += _amounts(entry.charge, where)
            if getattr(line, "is_full_refund", UNSET) is True:
                full.add(number)
                if len(postings) == charged:
                    remainders.append(Posting(number, ANY, effect="rest", pointer=f"{pointer}/isFullRefund"))
        reason = postings[0].source.refund_reason if postings else None
        return Refund(postings + remainders, lines.items(), frozenset(full), amounts, reason=reason)

    def _read_cancellation(self, body: ca.OrderCancellationRequest) -> Refund:
        postings: list[Posting] = []
        lines: dict[Any, str] = {}
        for i, line in enumerate(body.order_cancellation.order_lines.order_line):
            pointer = f"/orderCancellation/orderLines/orderLine/{i}"
            lines.setdefault(line.line_number, f"{pointer}/lineNumber")
            for j, status in enumerate(line.order_line_statuses.order_line_status):
                where = f"{pointer}/orderLineStatuses/orderLineStatus/{j}/statusQuantity/amount"
                pieces = quantity(status.status_quantity.amount)
                postings.append(Posting(line.line_number, CANCELS, pieces, pointer=where, source=status))
        return Refund(postings, lines.items())

    def server_additions(self, ledger: Ledger) -> list[Posting]:
        """A line that is marked full, or whose whole product charge is refunded, goes back whole."""
        return [
            Posting(line.key, ANY, effect="rest")
            for line in ledger.known_lines
            if line.full or self.is_upgraded(line.accounts.get(PRODUCT))
        ]

    def is_upgraded(self, account: Account | None) -> bool:
        """Whether the server makes a full refund of one that gives back the whole product charge at once."""
        return account is not None and 0 < account.now == account.charged

    def context_mismatches(
        self, path: Mapping[str, str] | None, body: Any, order: OrderResponse | None, refunds: Any
    ) -> Iterator[Finding]:
        refund = getattr(body, "order_refund", None)
        wanted = refund.purchase_order_id if refund is not None else UNSET
        wanted = (wanted or None) or (path or {}).get("purchaseOrderId")
        if wanted is None:
            return
        if order is not None and order.order.purchase_order_id != wanted:
            given = order.order
            hint = f"; {wanted} is its customerOrderId" if given.customer_order_id == wanted else ""
            message = f"the refund is of order {wanted}, the context is order {given.purchase_order_id}{hint}"
            yield finding("order:/order/purchaseOrderId", message, "give the order that is refunded")
        for index, earlier in enumerate(refunds or ()):
            if earlier.order_refund.purchase_order_id != wanted:
                message = f"this earlier refund is of order {earlier.order_refund.purchase_order_id}, not of {wanted}"
                yield finding(f"refunds:/{index}/orderRefund/purchaseOrderId", message)


def _posting(number: str, entry: Any, pointer: str, refund_id: str) -> Posting:
    """A refunded charge; `pointer` is "" in history."""
    charge = entry.charge
    tax_pointer = ""
    if pointer and charge.tax:
        tax_pointer = f"{pointer}/tax/taxAmount/amount"
    elif pointer and _tax_details(charge):
        tax_pointer = f"{pointer}/taxDetails"
    return Posting(
        number,
        charge.charge_type.upper(),
        abs(Decimal(charge.charge_amount.amount)),
        _refunded_tax(charge),
        pointer=pointer and f"{pointer}/chargeAmount/amount",
        tax_pointer=tax_pointer,
        refund_id=refund_id,
        source=entry if pointer else None,
    )


def _amounts(charge: Any, pointer: str) -> Iterator[Amount]:
    """Every sum of money of a charge: its own, its tax, and the parts of its tax."""
    money = charge.charge_amount
    yield Amount(f"{pointer}/chargeAmount/amount", money.amount, money.currency)
    if charge.tax:
        money = charge.tax.tax_amount
        yield Amount(f"{pointer}/tax/taxAmount/amount", money.amount, money.currency)
    for index, tax in enumerate(_tax_details(charge)):
        money = tax.tax_amount
        yield Amount(f"{pointer}/taxDetails/{index}/taxAmount/amount", money.amount, money.currency)


def tax_of(charge: AnyCharge) -> Decimal | int:
    """The tax of a charge: `tax` counts, and `taxDetails` only where it is alone."""
    if charge.tax:
        return charge.tax.tax_amount.amount
    return total(tax.tax_amount.amount for tax in _tax_details(charge))


def _refunded_tax(charge: Any) -> Decimal:
    """The tax of a refunded charge by its size, each part by its own."""
    if charge.tax:
        return abs(Decimal(charge.tax.tax_amount.amount))
    return total(abs(tax.tax_amount.amount) for tax in _tax_details(charge))


def _tax_details(charge: Any) -> Sequence[Any]:
    """The breakdown of a tax, which only the current API has."""
    return getattr(charge, "tax_details", UNSET) or ()


@lru_cache(maxsize=1024)
def quantity(text: str) -> Decimal:
    """A quantity that Walmart writes as a string; zero where it is no plain number."""
    return Decimal(text) if _QUANTITY.fullmatch(text) else ZERO


MODEL = Walmart()
