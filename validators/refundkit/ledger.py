"""An order as a ledger: what was charged, what was given back, and the postings that change it.

Amounts and quantities are exact decimals, counted by their size: what is given back counts up, whatever sign the wire
has. Nothing here knows an API: `OrderModel` says what one must tell, and each API's folder has its own.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias

import msgspec

from .errors import Finding, finding
from .money import ZERO, exact

if TYPE_CHECKING:
    from .operations import Operation

# Accounts of a line beside its charges, whose names are charge types in capitals.
TOTAL, ITEM, PIECES, CANCELS = "total", "item", "pieces", "cancels"
QUANTITIES = frozenset({PIECES, CANCELS})
# Every line, or every account of a line.
ANY = "*"


class UnreadableError(Exception):
    """A rule looked at a part of an order that its model refuses."""


class Unreadable:
    """Stands in an order for a part that its model refuses; whoever looks into it gets UnreadableError.

    `key` tells a line apart, "" where the part does not say, or is no line.
    """

    __slots__ = ("key", "pointer", "reason")

    def __init__(self, pointer: str, reason: str, key: str = "") -> None:
        self.pointer, self.reason, self.key = pointer, reason, key

    def _refuse(self, *_: object) -> NoReturn:
        raise UnreadableError(f"{self.pointer}: {self.reason}")

    __getattr__ = __getitem__ = __iter__ = __len__ = __bool__ = __contains__ = __call__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = __abs__ = _refuse
    __str__ = __format__ = _refuse


def readable_lines(lines: Iterable[Any], unread: dict[Hashable, str]) -> Iterator[Any]:
    """The lines that could be read; the others go to `unread`, with the reason."""
    for line in lines:
        if line.__class__ is Unreadable:
            unread[line.key] = line.reason
        else:
            yield line


Sums: TypeAlias = dict[tuple[Hashable, str], tuple[Decimal, Decimal]]


class Amount(msgspec.Struct, frozen=True, gc=False):
    """A sum of money as a request writes it; `currency` is "" where the request names none."""

    pointer: str
    value: Decimal | int
    currency: str = ""


class Posting(msgspec.Struct, frozen=True, gc=False):
    """An amount on one account of one order line, by its size (only an item of a shop keeps a sign: fees below zero).

    `effect` is "add"; "rest": all that is left of the account when it is posted; "set": replaces what the refund of
    `refund_id` posted there; "drop": removes all that it posted. `pointer` and `tax_pointer` are where the request
    names the amounts, "" in history. `source` is the part of the request that it was read from.
    """

    line: Hashable
    account: str
    amount: Decimal = ZERO
    tax: Decimal = ZERO
    effect: Literal["add", "rest", "set", "drop"] = "add"
    pointer: str = ""
    tax_pointer: str = ""
    refund_id: str = ""
    source: Any = None


class Refund(msgspec.Struct, gc=False):
    """One refund: postings that stand or fall together. It can be read without the order.

    `lines` are the lines that it names, each with its pointer, charged or not; `full_lines` those that it marks as a
    full refund; `amounts` every sum of money that it writes.
    """

    postings: list[Posting]
    lines: Iterable[tuple[Hashable, str]] = ()
    full_lines: frozenset[Hashable] = frozenset()
    amounts: Sequence[Amount] = ()
    id: str = ""
    idempotency_key: str = ""
    idempotency_key_pointer: str = ""
    reason: str | None = None


class Account(msgspec.Struct, gc=False):
    """One account of a line: a charge type, an item, its pieces, or the order's total.

    `charged` is what was paid for it, `before` what earlier refunds gave back, `now` what the refund under check gives
    back; the same of its tax. `listed` is false where the order has no such account: it was charged nothing then.
    """

    line: Hashable
    number: str
    name: str
    currency: str = ""
    charged: Decimal = ZERO
    before: Decimal = ZERO
    now: Decimal = ZERO
    tax_charged: Decimal = ZERO
    tax_before: Decimal = ZERO
    tax_now: Decimal = ZERO
    pointer: str = ""
    tax_pointer: str = ""
    listed: bool = True
    named: bool = False

    @property
    def is_money(self) -> bool:
        """Whether it counts money, and not pieces."""
        return self.name not in QUANTITIES

    @property
    def left(self) -> Decimal:
        """What is left to give back before this refund; below zero where more came back already."""
        return self.charged - self.before

    @property
    def tax_left(self) -> Decimal:
        """What is left of the tax before this refund."""
        return self.tax_charged - self.tax_before

    @property
    def exceeded(self) -> bool:
        """Whether this refund gives back more than is left."""
        return 0 < self.now > self.left

    def finding(self, message: str, help: str = "") -> Finding:  # noqa: A002 - the field's name
        """A finding at the amount."""
        return finding(self.pointer, message, help)

    def tax_finding(self, message: str, help: str = "") -> Finding:  # noqa: A002 - the field's name
        """A finding at the tax."""
        return finding(self.tax_pointer or self.pointer, message, help)


class Line(msgspec.Struct, gc=False):
    """One line of an order. `pointer` is where the refund under check names it, `full` whether it marks it full.

    `number` is what a message calls it. `ordered` are the pieces that its charges are for: without those cancelled by
    then. `known` is false for a line that the order lacks; `parent` is the key of the line that it is a part of.
    `statuses` are the API's own words, `returned` the id of a return or "".
    """

    key: Hashable
    number: str
    accounts: dict[str, Account] = {}
    ordered: Decimal = ZERO
    shipped: Decimal = ZERO
    statuses: list[tuple[str, str]] = []
    returned: str = ""
    parent: Hashable = None
    known: bool = True
    pointer: str = ""
    full: bool = False

    def account(self, name: str) -> Account:
        """The account of that name; one that the line lacks was charged nothing."""
        account = self.accounts.get(name)
        if account is None:
            account = self.accounts[name] = Account(self.key, self.number, name, listed=False)
        return account

    @property
    def money(self) -> Iterator[Account]:
        """Its accounts that count money."""
        return (account for account in self.accounts.values() if account.is_money)

    @property
    def status(self) -> str:
        """How many of it are in which status, for a message."""
        return ", ".join(f"{status} {quantity}" for status, quantity in self.statuses) or "no status"

    def finding(self, message: str, help: str = "") -> Finding:  # noqa: A002 - the field's name
        """A finding at the line."""
        return finding(self.pointer, message, help)


class Ledger(msgspec.Struct):
    """An order's lines, its history of refunds, and the one refund under check.

    `named_lines` are the lines that this refund names, known or not, and `accounts` the accounts, each once. `decimals`
    is how many the order's money has, for requests that name no currency. `unread` holds lines that could not be read,
    with the reason; `differences` what two tellings of the history do not agree on.
    """

    lines: dict[Hashable, Line]
    currency: str = ""
    decimals: int = 2
    unread: dict[Hashable, str] = {}
    history: list[Refund] = []
    refund: Refund | None = None
    named_lines: list[Line] = []
    accounts: list[Account] = []
    differences: list[str] = []
    _undone: list[tuple[Refund, list[Posting]]] = []
    refunds_by_id: dict[str, Refund] = {}
    _gone_ids: set[str] = set()
    _by_key: dict[str, list[Refund]] = {}

    @property
    def known_lines(self) -> Iterator[Line]:
        """The named lines that the order has."""
        return (line for line in self.named_lines if line.known)

    @property
    def is_replay(self) -> bool:
        """Whether the refund under check only repeats an earlier one under its idempotency key."""
        return self.refund is not None and bool(self._undone) and bool(self.refund.idempotency_key)

    def line_of(self, account: Account) -> Line:
        """The line of an account."""
        return self.lines[account.line]

    def begin(self, refund: Refund) -> Ledger:
        """Put one refund under check: its `now`, pointers, named lines and accounts."""
        self.roll_back()
        self.refund = refund
        if refund.idempotency_key:
            self._undo_replayed(refund)
        for key, pointer in refund.lines:
            if key in self.unread:
                continue
            line = self.lines.get(key) or Line(key, _number(key), known=False)
            line.pointer, line.full = pointer, key in refund.full_lines
            self.named_lines.append(line)
        for posting in self._resolved(refund.postings):
            named = self.lines.get(posting.line)
            if named is not None:
                self._count_now(named.account(posting.account), posting)
        return self

    def commit(self, additions: Iterable[Posting] = ()) -> Refund | None:
        """Make the refund under check an earlier one, with what the server adds; None if it is a replay."""
        refund = self.refund
        if refund is None or self.is_replay:
            self.roll_back()
            return None
        postings = [_counted(account) for account in self.accounts]
        postings += self._resolved(additions)
        replaced, self._undone = self._undone, []
        self.roll_back()
        made = Refund([], id=refund.id, idempotency_key=refund.idempotency_key, reason=refund.reason)
        for older, undone in replaced:
            made.postings += [posting for posting in older.postings if posting not in undone]
            made.id = made.id or older.id
            self.refunds_by_id.pop(older.id, None)
            self._gone_ids |= {made.id, older.id} - {""}
            older.postings, older.id = [], ""
        self.record(made, postings)
        return made

    def roll_back(self) -> None:
        """Forget the refund under check; everything is as before `begin`."""
        for _, undone in self._undone:
            for posting in undone:
                self._count_before(posting, 1)
        for account in self.accounts:
            account.now = account.tax_now = ZERO
            account.pointer, account.tax_pointer, account.named = "", "", False
        for line in self.named_lines:
            line.pointer, line.full = "", False
        self.refund, self.named_lines, self.accounts, self._undone = None, [], [], []

    def record(self, refund: Refund, postings: Iterable[Posting]) -> None:
        """Add postings as an earlier refund; those of lines that the order lacks count nowhere."""
        for posting in postings:
            if posting.line in self.lines:
                self._count_before(posting, 1)
                refund.postings.append(posting)
        self.history.append(refund)
        if refund.id and refund.postings:
            self.refunds_by_id[refund.id] = refund
        if refund.idempotency_key:
            self._by_key.setdefault(refund.idempotency_key, []).append(refund)

    def merge_history(self, other: Ledger) -> None:
        """Count what another telling of the history has more of, account by account."""
        excess = []
        for key, line in other.lines.items():
            for name, account in line.accounts.items():
                mine = self.lines[key].account(name)
                if (mine.before, mine.tax_before) != (account.before, account.tax_before):
                    self.differences.append(f"{_described(mine)}: {mine.before} and {account.before}")
                amount = max(account.before - mine.before, ZERO)
                tax = max(account.tax_before - mine.tax_before, ZERO)
                if amount or tax:
                    excess.append(Posting(key, name, amount, tax))
        if excess:
            self.record(Refund([]), excess)

    def resolve(self, postings: Iterable[Posting]) -> list[Posting]:
        """The postings as ones that only add, beyond what the refund under check names itself."""
        return list(self._resolved(postings))

    def _count_now(self, account: Account, posting: Posting) -> None:
        if not account.named:
            account.named = True
            self.accounts.append(account)
        account.now += posting.amount
        account.tax_now += posting.tax
        account.pointer = posting.pointer or account.pointer
        account.tax_pointer = posting.tax_pointer or account.tax_pointer

    def _count_before(self, posting: Posting, sign: int) -> None:
        account = self.lines[posting.line].account(posting.account)
        size = -abs(posting.amount) if account.name == ITEM and account.charged < 0 else abs(posting.amount)
        account.before += sign * size
        account.tax_before += sign * posting.tax

    def _resolved(self, postings: Iterable[Posting]) -> Iterator[Posting]:
        """The postings as ones that only add, for this ledger as it stands."""
        for posting in postings:
            if posting.effect == "add":
                yield posting
            elif posting.effect == "rest":
                yield from self._rest(posting)
            else:
                self._undo_named(posting)
                if posting.effect == "set":
                    yield posting

    def _rest(self, posting: Posting) -> Iterator[Posting]:
        """What is left of the lines that a posting means, beyond what the refund under check names itself."""
        lines = [line for key, line in self.lines.items() if posting.line in (ANY, key)]
        for account in [account for line in lines for account in line.accounts.values() if account.name != CANCELS]:
            amount = max(account.left - account.now, ZERO)
            tax = max(account.tax_left - account.tax_now, ZERO)
            yield Posting(account.line, account.name, amount, tax, pointer=account.pointer or posting.pointer)

    def _undo_named(self, posting: Posting) -> None:
        """Take away what the refund posted that a "set" or "drop" is about."""
        older = self._named_refund(posting.refund_id)
        if older is not None:
            account, dropped = (posting.line, posting.account), posting.effect == "drop"
            self._undo(older, [each for each in older.postings if dropped or (each.line, each.account) == account])

    def _named_refund(self, refund_id: str) -> Refund | None:
        """The refund of an id; of an unknown id it is the largest without one: that accuses nobody."""
        if refund_id in self.refunds_by_id:
            return self.refunds_by_id[refund_id]
        if refund_id in self._gone_ids:
            return None
        nameless = [refund for refund in self.history if refund.postings and (not refund_id or not refund.id)]
        return max(nameless, key=_total, default=None)

    def _undo(self, older: Refund, postings: list[Posting]) -> None:
        for posting in postings:
            self._count_before(posting, -1)
        self._undone.append((older, postings))

    def _undo_replayed(self, refund: Refund) -> None:
        """Take away the earlier refund that this one repeats: the same key, and the same amounts on this ledger."""
        for older in self._by_key.get(refund.idempotency_key, ()):
            self._undo(older, list(older.postings))
            if self._sums(self._resolved(refund.postings)) == self._sums(older.postings):
                return
            _, undone = self._undone.pop()
            for posting in undone:
                self._count_before(posting, 1)

    def _sums(self, postings: Iterable[Posting]) -> Sums:
        """What postings come to on this ledger, account by account, without zeros."""
        sums: Sums = {}
        for posting in postings:
            if posting.line in self.lines and (posting.amount or posting.tax):
                amount, tax = sums.get((posting.line, posting.account), (ZERO, ZERO))
                sums[posting.line, posting.account] = (amount + posting.amount, tax + posting.tax)
        return sums


def _number(key: Hashable) -> str:
    """What a message calls a line that the order lacks."""
    if isinstance(key, tuple):
        return f"index {key[1]}" if key[0] == ANY else f"{key[0]} at index {key[1]}"
    return str(key)


def _counted(account: Account) -> Posting:
    return Posting(account.line, account.name, account.now, account.tax_now)


def _total(refund: Refund) -> Decimal:
    return sum((posting.amount for posting in refund.postings if posting.account == TOTAL), ZERO)


def _described(account: Account) -> str:
    return f"line {account.number} {account.name}" if account.number else account.name


class OrderModel:
    """How one API's orders and refunds become a ledger. An API's folder has a subclass; it needs none.

    `traits` are what shared rules are about, by the operation's short name. `shares_orders_with` is the API whose
    orders these are as well. `path_ids` are the path parameters that say which order a request is about, each with the
    place of the same id in an order; `body_id` is where the body repeats the last of them.
    """

    traits: Mapping[str, frozenset[str]] = {}
    shares_orders_with: str = ""
    path_ids: Mapping[str, tuple[str, ...]] = {}
    body_id: tuple[str, ...] = ()
    # Nothing names an earlier refund, so that many are as good as their sum.
    can_fold = False

    def normalise_id(self, name: str, value: str) -> str:
        """An id as the API compares it: WooCommerce takes 007 for 7."""
        return value

    def context_mismatches(
        self, path: Mapping[str, str] | None, body: Any, order: Any, refunds: Any
    ) -> Iterator[Finding]:
        """RF005: context that is of another order than the request."""
        return iter(())

    def open_order(self, order: Any) -> Ledger:
        """The order alone, cancelled pieces included, nothing refunded."""
        return Ledger({})

    def refunds_in_order(self, order: Any) -> list[Refund] | None:
        """The earlier refunds that the order tells; None where it does not say."""
        return None

    def read_refunds(self, refunds: Any) -> list[Refund]:
        """A given list of earlier refunds."""
        return []

    def read_request(self, operation: Operation, body: Any, path: Mapping[str, str] | None) -> Refund:
        """The request; it never looks at an order. A posting of what is left comes last."""
        return Refund([])

    def server_additions(self, ledger: Ledger) -> list[Posting]:
        """What the server adds by itself to the refund under check."""
        return []

    def is_same_refund(self, requested: Refund, recorded: Refund) -> bool | None:
        """Whether a recorded refund is the requested one, as the server stores it; None where nobody can tell."""
        return False


def open_ledger(model: OrderModel, order: Any, refunds: list[Refund] | None, in_order: list[Refund] | None) -> Ledger:
    """Open an order with its earlier refunds; of two tellings of the history the larger counts, account by account."""
    if refunds is None or not in_order:
        return _opened(model, order, refunds or in_order or [])
    longer, shorter = (refunds, in_order) if len(refunds) >= len(in_order) else (in_order, refunds)
    ledger = _opened(model, order, longer)
    ledger.merge_history(_opened(model, order, shorter))
    return ledger


def _opened(model: OrderModel, order: Any, refunds: Iterable[Refund]) -> Ledger:
    ledger = model.open_order(order)
    for refund in refunds:
        ledger.begin(refund).commit(model.server_additions(ledger))
    return ledger


class OrderHistory:
    """The refunds of one order, in a batch or an audit: each is begun, judged, and committed or forgotten.

    `starts_empty`: nothing was refunded before them but what a list tells; refunds in the order are these ones.
    """

    def __init__(self, model: OrderModel, *, starts_empty: bool = False) -> None:
        self.model = model
        self.starts_empty = starts_empty
        self.size = 0  # of the longest text so far, which bounds the digits of any amount
        self.refunds: list[Refund] = []
        self.refund_ids: set[str] = set()
        self._sums: dict[tuple[Hashable, str], Posting] = {}
        self._ledger: Ledger | None = None
        self._context: Hashable = None

    def ledger(
        self, order: Any, refunds: list[Refund] | None, in_order: list[Refund] | None, context: Hashable
    ) -> Ledger:
        """The ledger at this point; opened once as long as `context`, which names order and refunds, stays the same.

        A refund that the order tells as well is not counted twice, by its id.
        """
        if self._ledger is None or self._context != context:
            fresh = in_order and [refund for refund in in_order if refund.id not in self.refund_ids]
            self._context, self._ledger = context, open_ledger(self.model, order, refunds, fresh)
            self._ledger.record(Refund([]), list(self._sums.values()))
            waiting, self.refunds = self.refunds, []
            for refund in waiting:
                self._ledger.begin(refund)
                self._keep(refund, self._ledger.commit(self.model.server_additions(self._ledger)))
        return self._ledger

    def commit(self, refund: Refund) -> None:
        """Count a refund as made; without an order at hand it counts as soon as there is one."""
        with exact(self.size):
            self._commit(refund)

    def _commit(self, refund: Refund) -> None:
        ids = {refund_id for refund_id in (refund.id, *(each.refund_id for each in refund.postings)) if refund_id}
        self.refund_ids |= ids
        if self._ledger is None:
            self.refunds.append(_without_pointers(refund))
            return
        if self._ledger.refund is not refund:
            self._ledger.begin(refund)
        told_already = not ids.isdisjoint(self._ledger.refunds_by_id)
        self._keep(refund, self._ledger.commit(self.model.server_additions(self._ledger)))
        if told_already:  # the order has this refund too: it is opened again without it
            self._ledger = None

    def _keep(self, refund: Refund, made: Refund | None) -> None:
        """Keep what a later ledger needs of a refund: itself, or its sums where nothing ever names it."""
        if not self.model.can_fold:
            takes_rest = any(posting.effect == "rest" for posting in refund.postings)
            if (kept := made if takes_rest else refund) is not None:  # a full refund sent again is nothing new
                self.refunds.append(_without_pointers(kept))
            return
        for posting in made.postings if made is not None else ():
            account = (posting.line, posting.account)
            before = self._sums.get(account, Posting(*account))
            self._sums[account] = Posting(*account, before.amount + posting.amount, before.tax + posting.tax)


def _without_pointers(refund: Refund) -> Refund:
    """The refund without what only its own check needs."""
    postings = [
        msgspec.structs.replace(posting, pointer="", tax_pointer="", source=None) for posting in refund.postings
    ]
    return msgspec.structs.replace(refund, postings=postings, lines=tuple(refund.lines), amounts=())
