"""Drafts of Walmart's refunds: charges of lines with their taxes, cut to what was shipped."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from decimal import Decimal
from types import ModuleType
from typing import Any, NamedTuple, TypeAlias

from msgspec import UNSET
from refundkit_apis.walmart import models

from ...drafting import ALL, All, Pieces, Wish, find_line, minor_unit, refused, share_of
from ...errors import DraftError
from ...ledger import Account, Line
from ...money import ZERO, plain
from ...opened_order import OpenedOrder
from .ledger import PRODUCT

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
        found = {line.key: _whole(line) for line in ledger.lines.values() if line.shipped}
        found = {key: parts for key, parts in found.items() if parts}
        if not found:
            raise DraftError("nothing of the order can be refunded: no shipped line has anything left")
        yield from found.items()
        return
    for key, share in wish.lines.items():
        line = find_line(ledger, key)
        if why := obstacle(opened, line):
            raise refused(line, why)
        parts = _whole(line) if isinstance(share, All) else [_part_of_price(line, share, wish)]
        if not parts:
            raise refused(line, "nothing is left")
        yield key, parts


def _whole(line: Line) -> list[Part]:
    """Return all that is left of a line's charges, of its price as much as was shipped."""
    parts = []
    for account in line.money:
        limit, tax_limit = limits(line, account)
        amount, tax = limit - account.before, tax_limit - account.tax_before
        if amount > 0:
            parts.append(Part(account, amount, max(tax, ZERO)))
    return parts


def obstacle(opened: OpenedOrder, line: Line) -> str:
    """Return why nothing of a line can be refunded, "" if something can."""
    return "" if line.shipped else f"nothing is shipped ({line.status}), so nothing can be refunded"


def limits(line: Line, account: Account) -> tuple[Decimal, Decimal]:
    """Return what of a charge, and of its tax, may be refunded in all: of the price, the shipped share."""
    if account.name != PRODUCT or not 0 < line.shipped < line.ordered:
        return account.charged, account.tax_charged
    unit = minor_unit(account.currency)
    share = share_of(account.charged, line.shipped, line.ordered, unit)
    if share == account.charged:  # rounded up, and no tax is left without a price that it could come back with
        return share, account.tax_charged
    return share, share_of(account.tax_charged, line.shipped, line.ordered, unit)


def _part_of_price(line: Line, share: Decimal | Pieces, wish: Wish) -> Part:
    account = line.accounts.get(PRODUCT)
    if account is None or account.charged <= 0:
        raise refused(line, "the order has no price for it")
    unit = minor_unit(account.currency)
    if isinstance(share, Pieces):
        amount = share_of(account.charged, share.count, line.ordered, unit)
        return Part(account, *_with_tax(line, account, amount, "added"))
    return Part(account, *_with_tax(line, account, share, wish.tax))


def _with_tax(line: Line, account: Account, money: Decimal, tax: str | None) -> tuple[Decimal, Decimal]:
    """Return amount and tax of the money that is wanted of a charge. Raises DraftError."""
    limit, tax_limit = limits(line, account)
    left, tax_left = limit - account.before, max(tax_limit - account.tax_before, ZERO)
    unit = minor_unit(account.currency)
    if money % unit:
        raise refused(line, f"{plain(money)} is no amount of {account.currency}, whose smallest is {plain(unit)}")
    money += unit - unit  # 5 is written as 5.00

    def add(amount: Decimal) -> tuple[Decimal, Decimal]:
        share = tax_left if amount == left else share_of(account.tax_charged, amount, account.charged, unit)
        return amount, min(share, tax_left)

    def split() -> tuple[Decimal, Decimal]:
        if money == left + tax_left:
            return left, tax_left
        whole = account.charged + account.tax_charged
        amount = min(share_of(account.charged, money, whole, unit), left, money)
        return (amount, money - amount) if money - amount <= tax_left else (money - tax_left, tax_left)

    if tax is None and account.tax_charged:
        (added, its_tax), (inside, inner_tax) = add(money), split()
        choices = f'"added" refunds {plain(added)} + {plain(its_tax)}, "included" {plain(inside)} + {plain(inner_tax)}'
        raise refused(line, f'it is taxed, so say tax=: {choices}, "none" {plain(money)} + 0')
    amount, its_tax = split() if tax == "included" else (money, ZERO) if tax == "none" else add(money)
    if amount > left or its_tax > tax_left:
        taxed = f" + {plain(tax_left)} tax" if tax_left else ""
        raise refused(line, f"{plain(money)} is wanted of {account.name}, and {plain(max(left, ZERO))}{taxed} is left")
    return amount, its_tax


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
            parts.setdefault(line.key, []).append(Part(account, *_with_tax(line, account, amount, tax)))
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
