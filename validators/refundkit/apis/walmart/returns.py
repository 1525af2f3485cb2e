"""Refunds of returns: their order model, which counts pieces, and the rules of a return's state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from ...errors import Finding, finding
from ...ledger import PIECES, Account, Ledger, Line, OrderModel, Posting, Refund, readable_lines
from ...rule import rule

if TYPE_CHECKING:
    from refundkit_apis.walmart import models as us

    from ...operations import Operation

RETURN = "walmart.refund_return"


class ReturnModel(OrderModel):
    """Reads a return and its refunds; they count pieces, and are no refunds of the purchase order."""

    traits: Mapping[str, frozenset[str]] = {"refund_return": frozenset({"refunds", "lines", "pieces"})}
    shares_orders_with = RETURN
    path_ids: Mapping[str, tuple[str, ...]] = {"returnOrderId": ("returnOrders", "0", "returnOrderId")}
    can_fold = True

    def open_order(self, order: us.ReturnsResponse) -> Ledger:
        lines: dict[Any, Line] = {}
        unread: dict[Any, str] = {}
        for line in readable_lines(_lines_of(order), unread):
            key, pieces = str(line.return_order_line_number), Decimal(line.quantity.measurement_value)
            name = f"line {key}"
            events = [event.event_tag for event in line.return_tracking_detail or ()]
            states = [(state.upper(), "") for state in (line.status, line.current_refund_status, *events) if state]
            accounts = {PIECES: Account(key, name, PIECES, charged=pieces)}
            lines[key] = Line(key, name, accounts, pieces, pieces, states)
        return Ledger(lines, unread=unread)

    def refunds_in_order(self, order: us.ReturnsResponse) -> list[Refund]:
        """Return one refund for each line of which pieces were refunded."""
        refunds = []
        for line in readable_lines(_lines_of(order), {}):
            pieces = line.refunded_qty.measurement_value if line.refunded_qty else 0
            if pieces:
                refunds.append(Refund([Posting(str(line.return_order_line_number), PIECES, abs(Decimal(pieces)))]))
        return refunds

    def read_request(self, operation: Operation, body: Any, path: Mapping[str, str] | None) -> Refund:
        postings: list[Posting] = []
        remainders: list[Posting] = []  # posted after the named pieces
        lines: dict[Any, str] = {}
        for index, line in enumerate(body.refund_lines):
            pointer, key = f"/refundLines/{index}", str(line.return_order_line_number)
            lines.setdefault(key, f"{pointer}/returnOrderLineNumber")
            if line.quantity is UNSET:
                remainders.append(Posting(key, PIECES, effect="rest", pointer=lines[key]))
            else:
                pieces = abs(Decimal(line.quantity.measurement_value))
                postings.append(Posting(key, PIECES, pieces, pointer=f"{pointer}/quantity/measurementValue"))
        return Refund(postings + remainders, lines.items())

    def is_same_refund(self, requested: Refund, recorded: Refund) -> bool:
        """Return True: pieces are compared as sums, and a return tells no more of its refunds."""
        return True

    def context_mismatches(
        self, path: Mapping[str, str] | None, body: Any, order: us.ReturnsResponse | None, refunds: Any
    ) -> Iterator[Finding]:
        """Yield what shows that the list lacks the return, or that the body names another customer order."""
        if order is None:
            return
        wanted = (path or {}).get("returnOrderId")
        returns = order.return_orders
        if len(returns) != 1 or wanted not in (None, returns[0].return_order_id):
            is_customer_order = any(wanted and each.customer_order_id == wanted for each in returns)
            hint = f"; {wanted} is its customerOrderId" if is_customer_order else ""
            shown = ", ".join(each.return_order_id for each in returns[:3]) or "none"
            message = f"the refund is of return {wanted or 'unknown'}, the context holds {shown}{hint}"
            yield finding("order:/returnOrders", message, "give the return that is refunded, and its id in the path")
            return
        asked, told = getattr(body, "customer_order_id", UNSET), returns[0].customer_order_id
        if asked and told and asked != told:
            purchase_orders = {line.purchase_order_id for line in readable_lines(_lines_of(order), {})}
            hint = f"; {asked} is its purchase order" if asked in purchase_orders else ""
            message = f"the return is of customer order {told}, not of {asked}{hint}"
            yield finding("/customerOrderId", message, f"send {told}")


def _lines_of(order: us.ReturnsResponse) -> Iterator[us.ReturnOrderLine]:
    """Yield the lines of the return that a list was read for."""
    return (line for each in order.return_orders[:1] for line in each.return_order_lines)


@rule("RF327", "return-closed", on=(RETURN,), source="published schema")
def return_closed(ledger: Ledger) -> Iterator[Finding]:
    """The return is cancelled, or nothing of its line is left to refund.

    A cancelled return sends nothing back; a line whose pieces were all refunded would be paid twice.

    Bad:
        …/returnOrderLineNumber: 2
        …/quantity: null
    Good:
        …/returnOrderLineNumber: 1
        …/quantity: null
    """
    for line in ledger.known_lines:
        if is_cancelled(line):
            yield line.finding(f"the return of {line.number} is cancelled", "leave it out")
        elif line.accounts[PIECES].left <= 0:
            yield line.finding(f"nothing of {line.number} is left to refund", "leave it out")


@rule("RF328", "return-is-replacement", severity="warning", on=(RETURN,), source="published schema")
def return_is_replacement(order: us.ReturnsResponse) -> Finding | None:
    """The return is one for a replacement.

    The customer gets the goods again; money as well would be too much.

    Bad:
        order:/returnOrders/0/returnType: REPLACEMENT
    Good:
        order:/returnOrders/0/returnType: REFUND
    """
    kind = order.return_orders[0].return_type
    if not kind or kind.upper() != "REPLACEMENT":
        return None
    return finding("order:/returnOrders/0/returnType", "the customer gets a replacement for this return")


@rule("RF329", "return-under-way", severity="warning", on=(RETURN,), source="published schema")
def return_under_way(ledger: Ledger) -> Iterator[Finding]:
    """The line's refund was begun already, though some of it is left.

    Walmart refunds a return by itself 48 hours after its delivery; what the seller sends then is paid twice.

    Bad:
        order:…/returnOrderLines/0/currentRefundStatus: REFUND_INITIATED
    Good:
        order:…/returnOrderLines/0/currentRefundStatus: NOT_REFUNDED
    """
    for line in ledger.known_lines:
        begun = [state for state, _ in line.statuses if state == "COMPLETED" or state.startswith("REFUND_")]
        if begun and line.accounts[PIECES].left > 0 and not is_cancelled(line):
            yield line.finding(f"{line.number} is {begun[0]} already", "see whether Walmart refunds it")


def is_cancelled(line: Line) -> bool:
    """Return whether the state or an event of a return's line says that it was cancelled."""
    return any(state in ("CANCELLED", "RETURN_CANCELLED") for state, _ in line.statuses)
