"""The neutral view of an order and a refund of it, which the caps are written against, once for every API.

Amounts and quantities are exact decimals without sign: what is given back counts up, whatever the wire says.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

import msgspec

from .money import EXACT, ZERO
from .rule import Finding, finding


class Named(Protocol):
    """A part of a request that names a line or an amount: it knows where it stands."""

    def pointer(self, where: str = "") -> str:
        """The pointer of the part, or of what is in it."""


class Charge(msgspec.Struct, kw_only=True, gc=False):
    """One line x one charge type: what was charged, refunded before and is refunded now, and the same of its tax.

    `named` is the part of the request that names the amounts, at `where` and `tax_where` in it; None where none does.
    """

    kind: str
    currency: str
    charged: Decimal = ZERO
    refunded_before: Decimal = ZERO
    refunded_now: Decimal = ZERO
    tax_charged: Decimal = ZERO
    tax_before: Decimal = ZERO
    tax_now: Decimal = ZERO
    named: Named | None = None
    where: str = ""
    tax_where: str = ""

    @property
    def pointer(self) -> str:
        """Where the request names the amount, "" where it does not."""
        return "" if self.named is None else self.named.pointer(self.where)

    @property
    def tax_pointer(self) -> str:
        """Where the request names the tax, "" where it does not."""
        return "" if self.named is None or not self.tax_where else self.named.pointer(self.tax_where)

    @property
    def refundable(self) -> Decimal:
        """What is left of the charge before this refund."""
        return EXACT.subtract(self.charged, self.refunded_before)

    @property
    def tax_refundable(self) -> Decimal:
        """What is left of its tax before this refund."""
        return EXACT.subtract(self.tax_charged, self.tax_before)

    def finding(self, message: str, help: str = "") -> Finding:  # noqa: A002 - the field's name
        """A finding at the amount."""
        return finding(self.pointer, message, help)

    def tax_finding(self, message: str, help: str = "") -> Finding:  # noqa: A002 - the field's name
        """A finding at the tax."""
        return finding(self.tax_pointer or self.pointer, message, help)


class Line(msgspec.Struct, kw_only=True, gc=False):
    """One line of the order that the request names, however often; `known` is false where the order lacks it.

    `named` is the part of the request that names it first, at `where` in it; `counted` is the one whose quantity, at
    `quantity_where`, counts last, None where it is the same one. Quantities that an API does not tell are zero. `open`
    is what is neither shipped nor cancelled; `left` of `ordered` is what earlier refunds have not taken. `whole`
    is true where the request marks the line as a full refund; `returned` is the id of its return, or "".
    """

    number: str
    named: Named
    known: bool
    where: str = ""
    counted: Named | None = None
    quantity_where: str = ""
    ordered: Decimal = ZERO
    shipped: Decimal = ZERO
    cancelled: Decimal = ZERO
    refunded_before: Decimal = ZERO
    refunded_now: Decimal = ZERO
    charges: dict[str, Charge] = {}
    states: list[tuple[str, str]] = []
    whole: bool = False
    returned: str = ""

    @property
    def pointer(self) -> str:
        """Where the request names the line."""
        return self.named.pointer(self.where)

    @property
    def quantity_pointer(self) -> str:
        """Where the request names its quantity, "" where it does not."""
        return (self.counted or self.named).pointer(self.quantity_where) if self.quantity_where else ""

    @property
    def statuses(self) -> str:
        """How many of it are in which status, in the API's own words."""
        return ", ".join(f"{status} {quantity}" for status, quantity in self.states) or "no status"

    @property
    def exceeded(self) -> bool:
        """Whether more is refunded than is left, counted in pieces; a refund of none never does."""
        return 0 < self.refunded_now > self.left

    @property
    def open(self) -> Decimal:
        """What may still be cancelled."""
        return EXACT.subtract(EXACT.subtract(self.ordered, self.shipped), self.cancelled)

    @property
    def left(self) -> Decimal:
        """What may still be refunded, as a quantity."""
        return EXACT.subtract(self.ordered, self.refunded_before)

    def finding(self, message: str, help: str = "") -> Finding:  # noqa: A002 - the field's name
        """A finding at the line."""
        return finding(self.pointer, message, help)


class Ledger(msgspec.Struct, kw_only=True):
    """An order and one refund of it.

    `known_lines` are the lines that the order has, `charges` those of their charges that the request refunds.
    `total`, `refunded_before` and `refunded_now` are of the order as a whole, for APIs that refund an amount of it;
    `amount_pointer` is where the request names that amount, "" where it names none. `decimals` is how many the order's
    money has, for requests that name no currency.
    """

    lines: list[Line] = []
    currency: str = ""
    total: Decimal = ZERO
    refunded_before: Decimal = ZERO
    refunded_now: Decimal = ZERO
    amount_pointer: str = ""
    decimals: int = 2

    known_lines: list[Line] = []
    charges: list[tuple[Line, Charge]] = []

    def __post_init__(self) -> None:
        self.known_lines = [line for line in self.lines if line.known]
        self.charges = [(line, one) for line in self.known_lines for one in line.charges.values() if one.named]

    @property
    def refundable(self) -> Decimal:
        """What is left of the order's total before this refund."""
        return EXACT.subtract(self.total, self.refunded_before)
