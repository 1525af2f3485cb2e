"""Drafts of WooCommerce's refunds: items with pieces, money and tax by rate, and the amount that they add up to."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from msgspec import UNSET
from refundkit_apis.woocommerce import models

from ...drafting import All, Limits, Pieces, Wish, add_tax, find_line, refused, share_of, take_pieces
from ...errors import DraftError
from ...ledger import ANY, ITEM, PIECES, TAX, TOTAL, Account, Ledger, Line
from ...money import ZERO, plain, total
from ...opened_order import OpenedOrder
from .ledger import ORDER


class Item(NamedTuple):
    """What is refunded of an item of the order; `taxes` are by the id of the rate, and add up to `tax`."""

    key: str
    pieces: Decimal
    amount: Decimal
    tax: Decimal
    taxes: dict[str, Decimal]


def create_refund(opened: OpenedOrder, wish: Wish) -> models.RefundCreateRequest:
    """Return the body that refunds what is wanted. Raises DraftError."""
    amount, items = ShopDraft(opened, wish).build()
    refunds = [
        models.RefundItem(
            id=int(item.key),
            quantity=int(item.pieces) if item.pieces else UNSET,
            refund_total=write(item.amount),
            refund_tax=[
                models.RefundTax(id=int(rate), refund_total=write(tax)) for rate, tax in item.taxes.items() if tax
            ]
            or UNSET,
        )
        for item in items
    ]
    return models.RefundCreateRequest(amount=write(amount), reason=wish.reason or UNSET, line_items=refunds or UNSET)


def obstacle(opened: OpenedOrder, line: Line) -> str:
    """Return why nothing of an item can be refunded by itself, "" if something can."""
    if line.key == ORDER:
        return ""
    earlier = opened.earlier or ()
    if not all(refund.tells_items for refund in earlier):
        return "the items of earlier refunds are not known: give the list of all refunds, or say an amount of the order"
    if any(posting.line == "" for refund in earlier for posting in refund.postings):
        return "an earlier refund does not say of which item it was: say an amount of the order"
    return untold_rates(line)


def untold_rates(line: Line) -> str:
    """Return why the tax of an item cannot be refunded by rate, "" if it can."""
    item = line.accounts[ITEM]
    return "the order does not tell by which rates it was taxed" if item.tax_charged and ANY in line.accounts else ""


def limits(opened: OpenedOrder, line: Line, account: Account) -> Limits:
    """Return what of an account, and of its tax, may be refunded in all: nothing once the order is paid back."""
    unit, left = unit_of(opened.ledger), left_of_order(opened.ledger)
    if account.name == TOTAL:
        return account.before + left, ZERO
    if not left:
        return account.before, account.tax_before
    if account.name == PIECES:
        return account.charged, ZERO
    # A total may be told with more decimals than the currency has; what is beyond goes with the rest of the order.
    amount = (abs(account.charged) // unit * unit).copy_sign(account.charged)
    return amount, account.tax_charged.quantize(unit, ROUND_HALF_UP)


def left_of_order(ledger: Ledger) -> Decimal:
    """Return what is certainly left of the order: within the rounding of what is shown nobody knows (RF221)."""
    account, unit = ledger.lines[ORDER].accounts[TOTAL], unit_of(ledger)
    rounding = ledger.rounding_of(account)
    certain = account.left - rounding - unit / 2 if rounding else account.left
    return max(certain.quantize(unit, ROUND_FLOOR), ZERO)


def unit_of(ledger: Ledger) -> Decimal:
    """Return the smallest amount of the shop."""
    return Decimal(1).scaleb(-(2 if ledger.decimals is None else ledger.decimals))


def write(amount: Decimal) -> str:
    """Write an amount as text."""
    return format(amount, "f")


class ShopDraft:
    """What a wish refunds of a shop's order: an amount, and the items that it is for; of both APIs.

    The older API has notions of its own of what is left of an item: `obstacle` and `limits` in its draft.py.
    """

    def __init__(self, opened: OpenedOrder, wish: Wish, obstacle: Any = obstacle, limits: Any = limits) -> None:
        self.opened, self.wish, self.obstacle, self.limits = opened, wish, obstacle, limits
        self.ledger = opened.ledger
        self.unit = unit_of(opened.ledger)
        self.left = left_of_order(opened.ledger)
        self.items = [line for key, line in opened.ledger.lines.items() if key == line.key and ITEM in line.accounts]

    def build(self) -> tuple[Decimal, list[Item]]:
        """Return the amount, and the items that it is for. Raises DraftError."""
        wish = self.wish
        if self.left <= 0:
            raise DraftError("nothing is left of the order")
        if wish.amount is not None:
            if wish.lines or wish.shipping:
                raise DraftError("say an amount of the order or what of its lines, not both")
            return self._take(wish.amount), []
        if isinstance(wish.lines, All):
            return self.left, self._all_items()
        items = list(self._items_of(wish.lines))
        amount = self._amount_of(items)
        if amount <= 0:
            raise DraftError("nothing is left of what is wanted")
        return self._take(amount), items

    def _take(self, amount: Decimal) -> Decimal:
        if amount % self.unit:
            raise DraftError(f"{plain(amount)} is no amount of the shop, whose smallest is {plain(self.unit)}")
        if amount > self.left:
            raise DraftError(f"{plain(amount)} is wanted, and {plain(self.left)} is left of the order")
        return amount + self.unit - self.unit

    def _all_items(self) -> list[Item]:
        """Return all that is left of all items; none where they are unknown, or do not add up to what is left."""
        if self.ledger.unread or any(self.obstacle(self.opened, line) for line in self.items):
            return []
        items = [self._whole(line) for line in self.items]
        items = [item for item in items if item.amount or item.tax or item.pieces]
        return items if self._is_rest(items) else []

    def _items_of(self, wanted: dict[str, Any]) -> Iterator[Item]:
        for key, share in wanted.items():
            line = find_line(self.ledger, key)
            if why := self.obstacle(self.opened, line):
                raise refused(line, why)
            item = self._whole(line) if isinstance(share, All) else self._part(line, share)
            if not (item.amount or item.tax):
                raise refused(line, "nothing is left")
            yield item
        if self.wish.shipping is not None:
            yield from self._shipping(wanted)

    def _shipping(self, wanted: dict[str, Any]) -> Iterator[Item]:
        """Yield what is wanted of the shipping, line by line."""
        order = getattr(self.opened.order, "order", self.opened.order)
        keys = [str(line.id) for line in order.shipping_lines or ()]
        lines = [self.ledger.lines[key] for key in keys if key in self.ledger.lines and key not in wanted]
        for why in filter(None, (self.obstacle(self.opened, line) for line in lines)):
            raise DraftError(f"shipping: {why}")
        items = [item for item in map(self._whole, lines) if item.amount or item.tax]
        left = total(item.amount for item in items)
        amount = self.wish.shipping
        if not items or (not isinstance(amount, All) and amount is not None and amount > left):
            raise DraftError(
                f"shipping: {'all' if isinstance(amount, All) else amount} is wanted, and {plain(left)} is left"
            )
        if isinstance(amount, All) or amount is None:
            yield from items
            return
        for item in items:
            money = min(amount, item.amount)
            if money > 0:
                amount -= money
                yield self._part(self.ledger.lines[item.key], money)

    def _whole(self, line: Line) -> Item:
        account, pieces = line.accounts[ITEM], line.accounts.get(PIECES)
        limit, tax_limit = self.limits(self.opened, line, account)
        amount, tax = limit - account.before, tax_limit - account.tax_before
        if account.charged >= 0:
            amount, tax = max(amount, ZERO), max(tax, ZERO)
        count = ZERO
        if pieces is not None:
            count = max(self.limits(self.opened, line, pieces)[0] - pieces.before, ZERO)
        return self._item(line, amount, tax, ZERO if count % 1 else count)

    def _part(self, line: Line, share: Decimal | Pieces) -> Item:
        account, pieces = line.accounts[ITEM], line.accounts.get(PIECES)
        if account.charged < 0:
            raise refused(line, "it is below zero: all of it goes back with the rest of the order")
        limits = self.limits(self.opened, line, account)
        if not isinstance(share, Pieces):
            return self._item(line, *add_tax(account, limits, share, self.wish.tax, self.unit), ZERO)
        if pieces is None or share.count % 1:
            raise refused(line, f"{plain(share.count)} is no number of its pieces")
        count = take_pieces(pieces, share)
        # Parts of a price are rounded together, so that they add up to it.
        before, after = (
            share_of(account.charged, done, pieces.charged, self.unit)
            for done in (pieces.before, pieces.before + count)
        )
        return self._item(line, *add_tax(account, limits, after - before, "added", self.unit), count)

    def _item(self, line: Line, amount: Decimal, tax: Decimal, pieces: Decimal) -> Item:
        rates = {
            name.removeprefix(TAX): account.charged - account.before
            for name, account in line.accounts.items()
            if name.startswith(TAX)
        }
        return Item(str(line.key), pieces, amount, tax, spread(tax, rates, self.unit) if tax else {})

    def _amount_of(self, items: list[Item]) -> Decimal:
        """Return what the items add up to; of the last ones what is left of the order, where taxes were rounded."""
        keys = {item.key for item in items}
        is_last = all(item == self._whole(self.ledger.lines[item.key]) for item in items) and all(
            not any(self._whole(line)[2:4]) for line in self.items if line.key not in keys
        )
        amount = total(item.amount + item.tax for item in items)
        return self.left if (is_last or amount > self.left) and self._is_rest(items) else amount

    def _is_rest(self, items: list[Item]) -> bool:
        """Whether items add up to what is left of the order, but for the rounding of their taxes."""
        amount = total(item.amount + item.tax for item in items)
        taxes = sum(tax != 0 for item in items for tax in item.taxes.values())
        return bool(items) and abs(self.left - amount) * 2 <= taxes * self.unit


def spread(amount: Decimal, rates: dict[str, Decimal], unit: Decimal) -> dict[str, Decimal]:
    """Return a tax spread over its rates in proportion, in whole units that add up to it."""
    if amount < 0:
        return {rate: -tax for rate, tax in spread(-amount, {name: -tax for name, tax in rates.items()}, unit).items()}
    weights = {rate: max(tax, ZERO) for rate, tax in rates.items()}
    whole = total(weights.values())
    if not whole:
        weights, whole = dict.fromkeys(rates, Decimal(1)), Decimal(len(rates))
    # More than there is comes from rounding, and goes where more was rounded off.
    numerator, divisor = (amount, whole) if amount < whole else (Decimal(1), Decimal(1))
    quotas = {rate: divmod(weight * numerator, divisor * unit) for rate, weight in weights.items()}
    taxes = {rate: parts * unit for rate, (parts, _) in quotas.items()}
    missing = amount - total(taxes.values())
    for rate in sorted(quotas, key=lambda rate: -quotas[rate][1]):
        if missing >= unit:
            taxes[rate] += unit
            missing -= unit
    return taxes
