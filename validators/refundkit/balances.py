"""What is left of an order: charged, refunded, left and refundable, by line and account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Literal

import msgspec
from refundkit_apis.names import OperationName

from . import apis
from .drafting import UNKNOWN_REFUNDS, Limits
from .ledger import ANY, CANCELS, ROUNDING, TAX, Account, Line
from .money import ZERO, exact
from .opened_order import OpenedOrder, as_text, open_order


class Balance(msgspec.Struct, frozen=True):
    """What is left of an order. `order` are its ids by the names of the path parameters."""

    operation: str
    order: dict[str, str]
    currency: str
    lines: list[BalanceLine]


class BalanceLine(msgspec.Struct, frozen=True):
    """One line; `line` is "" for the order itself. `obstacle` says why nothing of it can be refunded, "" if it can."""

    line: str
    obstacle: str
    accounts: list[BalanceAccount]


class BalanceAccount(msgspec.Struct, frozen=True, omit_defaults=True):
    """One account of a line: a charge, an item, its pieces, or the order's total; a tax only where there is one.

    `refundable` is what of `left` may be refunded: of a partly shipped line the shipped share.
    """

    account: str
    unit: Literal["money", "pieces"]
    charged: Decimal
    refunded: Decimal
    left: Decimal
    refundable: Decimal
    tax_charged: Decimal | None = None
    tax_refunded: Decimal | None = None
    tax_left: Decimal | None = None
    tax_refundable: Decimal | None = None


def balance(operation: OperationName, order: object, refunds: object = None) -> Balance:
    """Return what is left of an order for an operation that refunds, or cancels.

    `order` and `refunds` are what `check()` takes. Raises RefundNotChecked for an order that cannot be read.
    """
    with exact(len(as_text(order)) + len(as_text(refunds or b""))):
        opened = open_order(operation, order, refunds)
        lines = [_balance_line(opened, line) for key, line in opened.ledger.lines.items() if key == line.key]
        return Balance(operation, opened.path, opened.ledger.currency, [line for line in lines if line.accounts])


def _balance_line(opened: OpenedOrder, line: Line) -> BalanceLine:
    drafts = apis.find_module(opened.operation.api, "draft")
    obstacle: Callable[[OpenedOrder, Line], str] = getattr(drafts, "obstacle", lambda *_: "")
    why = UNKNOWN_REFUNDS if opened.earlier is None else obstacle(opened, line)
    limits: Callable[[OpenedOrder, Line, Account], Limits] = getattr(drafts, "limits", _all_of)
    accounts = [
        _balance_account(account, (ZERO, ZERO) if why else limits(opened, line, account))
        for account in _shown(opened, line)
    ]
    return BalanceLine(line.number, why, accounts)


def _shown(opened: OpenedOrder, line: Line) -> Iterator[Account]:
    """Yield the accounts that the operation is about: what can be cancelled, or everything else."""
    cancels = "cancels" in apis.traits(opened.operation.name)
    return (
        account
        for name, account in line.accounts.items()
        if (name == CANCELS) == cancels and name not in (ANY, ROUNDING) and not name.startswith(TAX)
    )


def _all_of(opened: OpenedOrder, line: Line, account: Account) -> Limits:
    return account.charged, account.tax_charged


def _balance_account(account: Account, limits: Limits) -> BalanceAccount:
    limit, tax_limit = limits
    taxes = (account.tax_charged, account.tax_before, account.tax_left, max(tax_limit - account.tax_before, ZERO))
    return BalanceAccount(
        account.name,
        "money" if account.is_money else "pieces",
        account.charged,
        account.before,
        account.left,
        max(limit - account.before, ZERO),
        *(taxes if any(taxes) else ()),
    )
