"""Drafts of Walmart's refunds: charges of lines with their taxes, cut to what was shipped; and its cancellations."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from decimal import Decimal
from types import ModuleType
from typing import Any, NamedTuple, TypeAlias

from msgspec import UNSET
from refundkit_apis.walmart import models

from ...drafting import ALL, All, Limits, Pieces, Wish, add_tax, find_line, minor_unit, refused, share_of
from ...errors import DraftError
from ...ledger import Account, Line
from ...money import ZERO, plain
from ...opened_order import OpenedOrder
from .draft_pieces import build_cancellation, find_obstacle, refund_return
from .ledger import PRODUCT

__all__ = ["cancel_order_lines", "limits", "obstacle", "refund_order_lines", "refund_return"]

SHIPPING = "SHIPPING"
# The names of a charge and of its tax, by line number and charge type.
Names: TypeAlias = dict[tuple[Hashable, str], tuple[str, str]]


class Part(NamedTuple):
    """One charge to refund: its account, the amount and its tax."""

    account: Account
    amount: Decimal
    tax: Decimal


def refund_order_lines(opened: OpenedOrder, wish: Wish) -> models.OrderRefundRequest:
    """Return the body that refunds what is wanted. Raises DraftError."""
    return models.OrderRefundRequest(order_refund=build_refund(opened, wish, models))


def cancel_order_lines(opened: OpenedOrder, wish: Wish) -> models.OrderCancellationRequest:
    """Return the body that cancels what is wanted. Raises DraftError."""
    cancellation: models.OrderCancellationRequest = build_cancellation(opened, wish, models)
    return cancellation


def build_refund(opened: OpenedOrder, wish: Wish, generated: ModuleType | Any) -> Any:
    """Return an `orderRefund` of the generated models of one of the two APIs."""
    if wish.amount is not None:
        raise DraftError("an amount of the order is not refunded here: say what of which line")
    if not wish.reason:
        raise DraftError("a reason is missing: give one of Walmart's list, such as DamagedItem")
    parts = dict(_parts_of_lines(opened, wish))
    _add_shipping(opened, wish, parts)
    is_full = all(_is_whole(opened.ledger.lines[key], charges) for key, charges in parts.items())
    mark = {"is_full_refund": True} if is_full and hasattr(generated.RefundLine, "is_full_refund") else {}
    names = _names_of_charges(opened.order)
    lines = []
    for key, charges in parts.items():
        refunds = [_charge(generated, names, wish.reason, part) for part in charges]
        charged = generated.RefundCharges(refund_charge=refunds)
        refund = generated.Refunds(refund=[generated.Refund(refund_charges=charged)])
        lines.append(generated.RefundLine(line_number=key, refunds=refund, **mark))
    order_id = opened.order.order.purchase_order_id
    return generated.OrderRefund(purchase_order_id=order_id, order_lines=generated.RefundLines(order_line=lines))


def _parts_of_lines(opened: OpenedOrder, wish: Wish) -> Iterator[tuple[Hashable, list[Part]]]:
    ledger = opened.ledger
    if isinstance(wish.lines, All):
        found = {line.key: _whole(opened, line) for line in ledger.lines.values() if line.shipped}
        found = {key: parts for key, parts in found.items() if parts}
        if not found:
            raise DraftError("nothing of the order can be refunded: no shipped line has anything left")
        yield from found.items()
        return
    for key, share in wish.lines.items():
        line = find_line(ledger, key)
        if why := obstacle(opened, line):
            raise refused(line, why)
        parts = _whole(opened, line) if isinstance(share, All) else [_part_of_price(opened, line, share, wish)]
        if not parts:
            raise refused(line, "nothing is left")
        yield key, parts


def _whole(opened: OpenedOrder, line: Line) -> list[Part]:
    """Return all that is left of a line's charges, of its price as much as was shipped."""
    parts = []
    for account in line.money:
        limit, tax_limit = limits(opened, line, account)
        amount, tax = limit - account.before, tax_limit - account.tax_before
        if amount > 0:
            parts.append(Part(account, amount, max(tax, ZERO)))
    return parts


def obstacle(opened: OpenedOrder, line: Line) -> str:
    """Return why nothing of a line can be refunded, or cancelled, "" if something can."""
    if not opened.operation.name.endswith(".refund_order_lines"):
        return find_obstacle(line)
    return "" if line.shipped else f"nothing is shipped ({line.status}), so nothing can be refunded"


def limits(opened: OpenedOrder, line: Line, account: Account) -> Limits:
    """Return what of a charge, and of its tax, may be refunded in all: of the price, the shipped share."""
    if account.name != PRODUCT or not 0 < line.shipped < line.ordered:
        return account.charged, account.tax_charged
    unit = minor_unit(account.currency)
    share = share_of(account.charged, line.shipped, line.ordered, unit)
    if share == account.charged:  # rounded up, and no tax is left without a price that it could come back with
        return share, account.tax_charged
    return share, share_of(account.tax_charged, line.shipped, line.ordered, unit)


def _part_of_price(opened: OpenedOrder, line: Line, share: Decimal | Pieces, wish: Wish) -> Part:
    account = line.accounts.get(PRODUCT)
    if account is None or account.charged <= 0:
        raise refused(line, "the order has no price for it")
    if not isinstance(share, Pieces):
        return _with_tax(opened, line, account, share, wish.tax)
    unit = minor_unit(account.currency)
    amount = share_of(account.charged, share.count, line.ordered, unit)
    left = limits(opened, line, account)[0] - account.before
    # Earlier pieces were rounded, each by half a unit at most: the last ones take what is left.
    is_rounding = abs(left - amount) * 2 <= unit * line.ordered and abs(left - amount) * 2 < amount
    return _with_tax(opened, line, account, left if is_rounding else amount, "added")


def _with_tax(opened: OpenedOrder, line: Line, account: Account, money: Decimal, tax: str | None) -> Part:
    """Return the part of a charge that is the money that is wanted of it. Raises DraftError."""
    unit = minor_unit(account.currency)
    return Part(account, *add_tax(account, limits(opened, line, account), money, tax, unit))


def _add_shipping(opened: OpenedOrder, wish: Wish, parts: dict[Hashable, list[Part]]) -> None:
    """Add the shipping that is wanted, line by line."""
    wanted = wish.shipping
    if wanted is None:
        return
    lines = [line for line in opened.ledger.lines.values() if line.shipped and SHIPPING in line.accounts]
    lines = [line for line in lines if all(part.account.name != SHIPPING for part in parts.get(line.key, []))]
    left = sum((max(line.accounts[SHIPPING].left, ZERO) for line in lines), ZERO)
    if not left or (not isinstance(wanted, All) and wanted > left):
        raise DraftError(f"shipping: {'all' if wanted is ALL else plain(wanted)} is wanted, and {plain(left)} is left")
    for line in lines:
        account = line.accounts[SHIPPING]
        amount = account.left if isinstance(wanted, All) else min(account.left, wanted)
        if amount > 0:
            tax = wish.tax if not isinstance(wanted, All) else "added"
            parts.setdefault(line.key, []).append(_with_tax(opened, line, account, amount, tax))
            wanted = wanted if isinstance(wanted, All) else wanted - amount


def _is_whole(line: Line, parts: list[Part]) -> bool:
    """Whether a wholly shipped line goes whole, and nothing of it came back before."""
    refunded = {account.name: (amount, tax) for account, amount, tax in parts}
    return line.shipped >= line.ordered and all(
        account.before == 0
        and account.tax_before == 0
        and refunded.get(account.name, (ZERO, ZERO)) == (account.charged, account.tax_charged)
        for account in line.money
    )


def _names_of_charges(order: Any) -> Names:
    """Return the names of charge and tax, by line number and charge type; the first of several charges counts."""
    names: Names = {}
    for line in order.order.order_lines.order_line:
        for charge in getattr(line.charges, "charge", ()):
            details = getattr(charge, "tax_details", None) or [None]
            tax = charge.tax or details[0]
            tax_name = (tax.tax_name or "Tax") if tax else ""
            name, known_tax_name = names.get((line.line_number, charge.charge_type.upper()), ("", ""))
            names[line.line_number, charge.charge_type.upper()] = (
                name or charge.charge_name or charge.charge_type,
                known_tax_name or tax_name,
            )
    return names


def _charge(generated: Any, names: Names, reason: str, part: Part) -> Any:
    account, amount, tax = part
    name, tax_name = names[account.line, account.name]
    its_tax = UNSET
    if tax:
        tax_money = generated.RefundTaxMoney(amount=-tax, currency=account.currency)
        its_tax = generated.RefundTax(tax_name=tax_name or "Tax", tax_amount=tax_money)
    charge = generated.RefundedCharge(
        charge_type=account.name,
        charge_name=name,
        charge_amount=generated.RefundMoney(amount=-amount, currency=account.currency),
        tax=its_tax,
    )
    return generated.RefundCharge(refund_reason=reason, charge=charge)
