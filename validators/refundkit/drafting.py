"""What is left of an order -> a request that refunds what is wanted of it, right to the cent.

`draft()` is the door; an API's own draft.py writes the body. Shares are rounded half up in the minor unit of the
currency, and the last part of a charge takes what is left of it and of its tax: parts add up to the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import Enum
from typing import Any, Final, Literal, TypeAlias, TypedDict

import msgspec
from refundkit_apis._runtime.codec import encode
from refundkit_apis.names import OperationName

from . import apis
from .checking.check import check
from .errors import DraftError, RefundNotChecked, Report, UsageError
from .ledger import CANCELS, TAX, TOTAL, Account, Ledger, Line
from .money import EXACT, ZERO, decimals, exact, plain, total
from .opened_order import OpenedOrder, as_text, open_order
from .text import suggest_name


class All(Enum):
    """The type of ALL."""

    ALL = "all"

    def __repr__(self) -> str:
        return "ALL"


ALL: Final = All.ALL
"""All that is left: of the order, of a line, or of its shipping."""


class Pieces(msgspec.Struct, frozen=True):
    """A number of pieces of a line, above zero; `pieces()` makes one."""

    count: Decimal


UNKNOWN_REFUNDS = "its earlier refunds are not known: give the list of them as well, an empty one if there are none"
_PLAIN = msgspec.json.Decoder(float_hook=Decimal)
Money: TypeAlias = str | Decimal | int
Tax: TypeAlias = Literal["added", "included", "none"]
Share: TypeAlias = Money | Pieces | All
# What of an account, and of its tax, may be refunded in all.
Limits: TypeAlias = tuple[Decimal, Decimal]


def pieces(count: Money) -> Pieces:
    """Return a number of pieces for `draft()`. Raises DraftError unless it is above zero."""
    return Pieces(read_positive(count, "pieces"))


Wanted: TypeAlias = All | Mapping[str, Share] | None


class DraftOptions(TypedDict, total=False):
    """What may be said of a draft beside what is wanted of which line; `draft()` tells what each means."""

    amount: Money | None
    shipping: Money | All | None
    tax: Tax | None
    reason: str | None


class Wish(msgspec.Struct, frozen=True):
    """What a draft is to refund. `lines` is ALL of the order, or what of each line; amounts are above zero."""

    lines: All | dict[str, Decimal | Pieces | All]
    amount: Decimal | None
    shipping: Decimal | All | None
    tax: Tax | None
    reason: str | None


class Draft(msgspec.Struct, frozen=True):
    """A request that was drafted: the model of its body, the whole request as plain data, and what check says of it.

    `summary` says in a line what it refunds and what is left then.
    """

    body: Any
    request: dict[str, Any]
    report: Report
    summary: str


def draft(  # noqa: PLR0913 - what is wanted, one by one
    operation: OperationName,
    order: object,
    wanted: Wanted = None,
    *,
    amount: Money | None = None,
    shipping: Money | All | None = None,
    tax: Tax | None = None,
    reason: str | None = None,
    refunds: object = None,
) -> Draft:
    """Draft the request that refunds, or cancels, what is wanted of an order.

    `order` and `refunds` are what `check()` takes. `wanted` is ALL of the order, or of each line money, `pieces(n)` or
    ALL; `amount` is money of the order as a whole, `shipping` of its shipping. `tax` must be said where the line is
    taxed and money is given: "added" to the money, "included" in it, or "none". Money and quantities are text, Decimal
    or int, never float. Raises DraftError for what cannot be refunded, and for an empty wish.
    """
    wish = _read_wish(wanted, amount, shipping, tax, reason)
    drafts = apis.find_module(operation.partition(".")[0], "draft")
    build: Callable[[OpenedOrder, Wish], Any] | None = getattr(drafts, operation.partition(".")[2], None)
    if build is None:
        raise DraftError(f"{operation} is no operation that can be drafted")
    with exact(len(as_text(order)) + len(as_text(refunds or b""))):
        try:
            opened = open_order(operation, order, refunds)
        except RefundNotChecked as error:
            raise DraftError(str(error)) from error
        if opened.earlier is None:
            raise DraftError(UNKNOWN_REFUNDS)
        body = build(opened, wish)
        report = check(operation, body, order=order, refunds=refunds, path=opened.path, require=("order",))
        _refuse(report)
        ledger = opened.ledger.begin(opened.model.read_request(opened.operation, body, opened.path))
        request = {"operation": operation, "path": opened.path, "body": _PLAIN.decode(encode(body))}
        return Draft(body, request, report, summarise(ledger, opened.path))


def _read_wish(
    wanted: Wanted,
    amount: Money | None,
    shipping: Money | All | None,
    tax: Tax | None,
    reason: str | None,
) -> Wish:
    if not wanted and amount is None and shipping is None:
        raise DraftError("nothing is wanted: say ALL, an amount, or what of which line")
    if wanted and not isinstance(wanted, All | Mapping):
        raise UsageError(f'wanted is {wanted!r}: say ALL, or what of which line, such as {{"1": "5.00"}}')
    if tax not in (None, "added", "included", "none"):
        raise DraftError(f'tax is {tax!r}: say "added", "included" or "none"')
    if isinstance(wanted, All) and (amount is not None or shipping is not None):
        raise DraftError("ALL is all that is left of the order: say nothing beside it")
    lines = wanted if isinstance(wanted, All) else {str(key): _share(key, each) for key, each in (wanted or {}).items()}
    return Wish(
        lines,
        None if amount is None else read_positive(amount, "amount"),
        shipping if shipping is None or isinstance(shipping, All) else read_positive(shipping, "shipping"),
        tax,
        reason,
    )


def _share(key: str, share: Share) -> Decimal | Pieces | All:
    if share is None or share in ([], {}):
        raise DraftError(f"nothing is wanted of line {key}: say ALL, pieces(n) or money")
    return share if isinstance(share, Pieces | All) else read_positive(share, "money")


def read_positive(value: Money, what: str) -> Decimal:
    """Return a number above zero; a float is a TypeError, for it is not the number that was written."""
    if isinstance(value, bool) or not isinstance(value, str | Decimal | int):
        raise UsageError(f"{what} is {value!r}: give a text, a Decimal or an int")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise DraftError(f"{what} is {value!r}, which is no number") from None
    if not number.is_finite() or number <= 0:
        raise DraftError(f"{what} is {value}: it must be above zero")
    return number


def _refuse(report: Report) -> None:
    """Raise DraftError for what the check finds and another wish would avoid."""
    reasons = [
        f"{finding.message}{f' ({finding.help})' if finding.help else ''}"
        for finding in report.findings
        if finding.severity == "error" or finding.code == "RF312"
    ]
    if reasons:
        raise DraftError("; ".join(reasons))


# For the drafts of the APIs.


def find_line(ledger: Ledger, key: Any) -> Line:
    """Return a line of the order. Raises DraftError that names the lines there are."""
    if key in ledger.unread:
        raise DraftError(f"line {key} of the order cannot be read: {ledger.unread[key]}")
    line = ledger.lines.get(key) or next((each for each in ledger.lines.values() if each.number == key), None)
    if line is None:
        names = list(dict.fromkeys(str(each.number) for each in ledger.lines.values() if each.number and each.accounts))
        known = f"; it has {', '.join(names[:20])}" if names else ""
        raise DraftError(f"the order has no line {key!r}{known}{suggest_name(str(key), names)}")
    return line


def refused(line: Line | Account, why: str) -> DraftError:
    """Return the error for a line of which nothing can be refunded, or not as much."""
    return DraftError(f"line {line.number.removeprefix('line ')}: {why}")


def minor_unit(currency: str) -> Decimal:
    """Return the smallest amount of a currency, such as 0.01."""
    places = decimals(currency)
    return Decimal(1).scaleb(-(2 if places is None else places))


def add_tax(
    account: Account, limits: Limits, money: Decimal, tax: str | None, unit: Decimal
) -> tuple[Decimal, Decimal]:
    """Return amount and tax of the money that is wanted of an account. Raises DraftError for more than is left.

    The last part takes what is left of the tax; `tax` says what the money means.
    """
    left, tax_left = limits[0] - account.before, max(limits[1] - account.tax_before, ZERO)
    if money % unit:
        raise refused(account, f"{plain(money)} is no amount here, where the smallest is {plain(unit)}")
    money += unit - unit  # 5 is written as 5.00

    def add(amount: Decimal) -> tuple[Decimal, Decimal]:
        share = tax_left if amount == left else share_of(account.tax_charged, amount, account.charged, unit)
        return amount, min(share, tax_left)

    def split() -> tuple[Decimal, Decimal]:
        if money == left + tax_left:
            return left, tax_left
        whole = account.charged + account.tax_charged
        amount = min(share_of(account.charged, money, whole, unit), left, money)
        if amount == left > unit and money - amount < tax_left:
            amount -= unit  # the last of the price comes back with all of its tax
        return (amount, money - amount) if money - amount <= tax_left else (money - tax_left, tax_left)

    if tax is None and account.tax_charged:
        (added, its_tax), (inside, inner_tax) = add(money), split()
        choices = f'"added" refunds {plain(added)} + {plain(its_tax)}, "included" {plain(inside)} + {plain(inner_tax)}'
        raise refused(account, f'it is taxed, so say its tax: {choices}, "none" {plain(money)} + 0')
    amount, its_tax = split() if tax == "included" else (money, ZERO) if tax == "none" else add(money)
    if amount > left or its_tax > tax_left:
        taxed = f" + {plain(tax_left)} tax" if tax_left else ""
        raise refused(
            account, f"{plain(money)} is wanted of {account.name}, and {plain(max(left, ZERO))}{taxed} is left"
        )
    if tax == "included" and amount == left and its_tax < tax_left:
        words = (
            f"{plain(money)} would refund the last of {account.name} and leave {plain(tax_left - its_tax)} of its tax"
        )
        raise refused(account, f'{words}: say {plain(left + tax_left)}, or tax="none"')
    return amount, its_tax


def share_of(whole: Decimal, part: Decimal, of: Decimal, unit: Decimal) -> Decimal:
    """Return `whole * part / of`, rounded half up to the unit, exactly."""
    scaled = whole * part / unit if of == 1 else EXACT.divide(whole * part, of * unit)
    return scaled.to_integral_value(ROUND_HALF_UP) * unit


def take_pieces(account: Account, share: Decimal | Pieces | All) -> Decimal:
    """Return how many pieces of a quantity are wanted. Raises DraftError for money, and for more than is left."""
    if isinstance(share, Decimal):
        raise DraftError(f"{account.number}: money cannot be asked for here, say pieces({plain(share)}), or ALL")
    count = account.left if isinstance(share, All) else share.count
    if account.left <= 0 or count > account.left:
        left = f"{plain(max(account.left, ZERO))} of {plain(account.charged)}"
        raise DraftError(f"{account.number}: {plain(count)} are wanted and {left} are left")
    return count


def write_money(amount: Decimal, currency: str) -> str:
    """Write an amount with the decimals of its currency, or with all that it has if they are more."""
    return plain(EXACT.add(amount, minor_unit(currency) * 0))


def summarise(ledger: Ledger, path: Mapping[str, str]) -> str:
    """Say what the refund under check gives back, and what is left of the lines that it names."""
    order = f"of order {list(path.values())[-1]}" if path else "of the order"
    money = [account for account in ledger.accounts if account.is_money and not account.name.startswith(TAX)]
    if money:
        currency = f" {ledger.currency}" if ledger.currency else ""
        # The total of a shop's order holds its taxes.
        whole = [account for account in money if account.name == TOTAL]
        tax = total(each.tax_now for each in money)
        amount = whole[0].now - tax if whole else total(each.now for each in money)
        left = whole[0].left - whole[0].now if whole else total(each.left for each in money) - amount
        tax_left = ZERO if whole else total(each.tax_left for each in money) - tax
        amounts = (amount, tax, amount + tax, left, tax_left)
        shown, shown_tax, shown_sum, shown_left, shown_tax_left = (write_money(a, ledger.currency) for a in amounts)
        taxed = f" + {shown_tax} tax = {shown_sum}" if tax else ""
        left_taxed = f" + {shown_tax_left} tax" if tax_left else ""
        return f"refunds {shown}{taxed}{currency} {order}; {shown_left}{left_taxed} left"
    parents = {ledger.line_of(account).parent for account in ledger.accounts}
    counted = [account for account in ledger.accounts if account.line not in parents]
    parts = ", ".join(f"{plain(account.now)} of {account.number}" for account in counted)
    left_pieces = ", ".join(plain(account.left - account.now) for account in counted)
    verb = "cancels" if any(account.name == CANCELS for account in counted) else "refunds"
    return f"{verb} {parts}, {order}; {left_pieces} left"
