"""Walmart's order model: refunds are negative charges of order lines, cancellations are pieces."""

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
from .returns import ReturnModel

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


class WalmartOrderModel(OrderModel):
    """Reads orders and refunds of the current API; the older one's model inherits from it."""

    traits: Mapping[str, frozenset[str]] = {
        "refund_order_lines": frozenset({"refunds", "lines", "charges", "ships"}),
        "cancel_order_lines": frozenset({"refunds", "lines", "cancels"}),
    }
    path_ids: Mapping[str, tuple[str, ...]] = {"purchaseOrderId": ("order", "purchaseOrderId")}
    body_id = ("orderRefund", "purchaseOrderId")
    can_fold = True
    # Delivered and returned pieces were shipped, too.
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
            amount, tax = Decimal(charge.charge_amount.amount), total(_taxes(charge))
            account = accounts.setdefault(name, Account(number, number, name, charge.charge_amount.currency))
            if charge.is_discount or amount < 0:  # it lowers what was charged, and so does its tax
                amount, tax = -abs(amount), -abs(tax)
            account.charged += amount
            account.tax_charged += tax
        ordered = parse_quantity(line.order_line_quantity.amount)
        shipped = not_cancellable = cancelled = ZERO
        statuses = []
        for entry in line.order_line_statuses.order_line_status:
            status, amount = entry.status.lower(), parse_quantity(entry.status_quantity.amount)
            if status in self.shipped:
                shipped += amount
            if status in self.not_cancellable:
                not_cancellable += amount
            elif status == "cancelled":
                cancelled += amount
            statuses.append((entry.status, entry.status_quantity.amount))
        accounts[CANCELS] = Account(number, number, CANCELS, charged=ordered - not_cancellable, before=cancelled)
        ship_node = getattr(line, "ship_node", UNSET)  # the current API's alone
        return Line(number, number, accounts, ordered - cancelled, shipped, statuses, line.return_order_id, ship_node)

    def refunds_in_order(self, order: OrderResponse) -> list[Refund]:
        """Return one refund for each line of which something came back; empty if there is none."""
        refunds = []
        for line in readable_lines(order.order.order_lines.order_line, {}):
            charges = line.refund.refund_charges if line.refund else UNSET
            if charges and charges.refund_charge:
                postings = [_make_posting(line.line_number, entry, "", "") for entry in charges.refund_charge]
                refund_id = line.refund.refund_id
                refunds.append(Refund(postings, id=refund_id if isinstance(refund_id, str) else ""))
        return refunds

    def read_refunds(self, refunds: Sequence[us.OrderRefundRequest]) -> list[Refund]:
        """Read earlier refunds, which are earlier request bodies and the same in both APIs."""
        return [self._read_refund(refund) for refund in refunds]

    def read_request(self, operation: Operation, body: Any, path: Mapping[str, str] | None) -> Refund:
        if operation.name.endswith(".cancel_order_lines"):
            return self._read_cancellation(body)
        return self._read_refund(body) if operation.name.endswith(".refund_order_lines") else Refund([])

    def _read_refund(self, body: Any) -> Refund:
        postings: list[Posting] = []
        remainders: list[Posting] = []  # posted after the named charges
        amounts: list[Amount] = []
        lines: dict[Any, str] = {}
        full_lines = set()
        for i, line in enumerate(body.order_refund.order_lines.order_line):
            pointer = f"/orderRefund/orderLines/orderLine/{i}"
            number, postings_before = line.line_number, len(postings)
            lines.setdefault(number, f"{pointer}/lineNumber")
            for j, refund in enumerate(line.refunds.refund):
                refund_id = refund.refund_id if isinstance(refund.refund_id, str) else ""
                for k, entry in enumerate(refund.refund_charges.refund_charge or ()):
                    charge_pointer = f"{pointer}/refunds/refund/{j}/refundCharges/refundCharge/{k}/charge"
                    postings.append(_make_posting(number, entry, charge_pointer, refund_id))
                    amounts += _charge_amounts(entry.charge, charge_pointer)
            if getattr(line, "is_full_refund", UNSET) is True:
                full_lines.add(number)
                if len(postings) == postings_before:
                    remainders.append(Posting(number, ANY, effect="rest", pointer=f"{pointer}/isFullRefund"))
        reason = postings[0].source.refund_reason if postings else None
        return Refund(postings + remainders, lines.items(), frozenset(full_lines), amounts, reason=reason)

    def _read_cancellation(self, body: Any) -> Refund:
        postings: list[Posting] = []
        lines: dict[Any, str] = {}
        for i, line in enumerate(body.order_cancellation.order_lines.order_line):
            pointer = f"/orderCancellation/orderLines/orderLine/{i}"
            lines.setdefault(line.line_number, f"{pointer}/lineNumber")
            for j, status in enumerate(line.order_line_statuses.order_line_status):
                quantity_pointer = f"{pointer}/orderLineStatuses/orderLineStatus/{j}/statusQuantity/amount"
                pieces = parse_quantity(status.status_quantity.amount)
                postings.append(Posting(line.line_number, CANCELS, pieces, pointer=quantity_pointer, source=status))
        return Refund(postings, lines.items())

    def server_additions(self, ledger: Ledger) -> list[Posting]:
        """Return what the server refunds on its own: all that remains of a full line or a refunded price."""
        return [
            Posting(line.key, ANY, effect="rest")
            for line in ledger.known_lines
            if line.full or self.is_upgraded(line.accounts.get(PRODUCT))
        ]

    def is_upgraded(self, account: Account | None) -> bool:
        """True if the refund returns the whole product charge at once, which the server makes a full refund."""
        return account is not None and 0 < account.now == account.charged

    def is_same_refund(self, requested: Refund, recorded: Refund) -> bool:
        """Compare the reasons of the charges, whose amounts are compared as sums: `recorded` is all that is new."""
        reasons: dict[tuple[Any, str], set[str]] = {}
        for posting in recorded.postings:
            reasons.setdefault((posting.line, posting.account), set()).add(_reason(posting))
        for posting in requested.postings:
            new_reasons = reasons.get((posting.line, posting.account), {""})
            if _reason(posting) and not {_reason(posting), ""} & new_reasons:
                return False
        return True

    def context_mismatches(
        self, path: Mapping[str, str] | None, body: Any, order: OrderResponse | None, refunds: Any
    ) -> Iterator[Finding]:
        """Yield what shows that the order or an earlier refund is of another order: its id."""
        refund = getattr(body, "order_refund", None)
        order_id = (path or {}).get("purchaseOrderId") if refund is None else refund.purchase_order_id
        if order_id is None:
            return
        if order is not None and order.order.purchase_order_id != order_id:
            shop_order = order.order
            hint = f"; {order_id} is its customerOrderId" if shop_order.customer_order_id == order_id else ""
            message = f"the refund is of order {order_id}, the context is order {shop_order.purchase_order_id}{hint}"
            yield finding("order:/order/purchaseOrderId", message, "give the order that is refunded")
        for index, earlier in enumerate(refunds or ()):
            if earlier.order_refund.purchase_order_id != order_id:
                message = f"this earlier refund is of order {earlier.order_refund.purchase_order_id}, not of {order_id}"
                yield finding(f"refunds:/{index}/orderRefund/purchaseOrderId", message)


def _make_posting(number: str, entry: Any, pointer: str, refund_id: str) -> Posting:
    """Make the posting of a refunded charge; `pointer` is "" for an earlier refund."""
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
        total(map(abs, _taxes(charge))),  # each part by its size
        pointer=pointer and f"{pointer}/chargeAmount/amount",
        tax_pointer=tax_pointer,
        refund_id=refund_id,
        source=entry,
    )


def _reason(posting: Posting) -> str:
    """Return the reason of a refunded charge, without case; "" if it has none."""
    reason = getattr(posting.source, "refund_reason", UNSET)
    return "" if reason is UNSET else reason.casefold()


def _charge_amounts(charge: Any, pointer: str) -> Iterator[Amount]:
    """Yield every amount of a charge: of the charge, of its tax, and of each part of the tax."""
    money = charge.charge_amount
    yield Amount(f"{pointer}/chargeAmount/amount", money.amount, money.currency)
    if charge.tax:
        money = charge.tax.tax_amount
        yield Amount(f"{pointer}/tax/taxAmount/amount", money.amount, money.currency)
    for index, tax in enumerate(_tax_details(charge)):
        money = tax.tax_amount
        yield Amount(f"{pointer}/taxDetails/{index}/taxAmount/amount", money.amount, money.currency)


def _taxes(charge: AnyCharge) -> Iterator[Decimal]:
    """Yield the tax of a charge: `tax`, or the parts in `taxDetails` if there is no `tax`."""
    for tax in [charge.tax] if charge.tax else _tax_details(charge):
        yield Decimal(tax.tax_amount.amount)


def _tax_details(charge: Any) -> Sequence[Any]:
    """Return the breakdown of a tax, which only the current API has."""
    return getattr(charge, "tax_details", UNSET) or ()


@lru_cache(maxsize=1024)
def parse_quantity(text: str) -> Decimal:
    """Parse a quantity, which Walmart writes as a string; zero if it is no plain number."""
    return Decimal(text) if _QUANTITY.fullmatch(text) else ZERO


MODEL = WalmartOrderModel()
OTHER_MODELS = (ReturnModel(),)
