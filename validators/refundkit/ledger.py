"""An order as a ledger: what was charged, what was refunded, and the postings that change it.

Amounts and quantities are exact decimals, counted by their size: a refund counts up, whatever its sign on the wire.
Nothing here depends on an API: `OrderModel` is the interface, and each API's folder implements it.
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

# Accounts of a line beside its charges, whose names are charge types in capitals. ROUNDING is by how much the amounts
# that an API shows of the line may differ from the real ones, and TAX begins the name of the tax by one rate; a line
# has the account ANY if nobody knows by which rates it was taxed.
TOTAL, ITEM, PIECES, CANCELS, ROUNDING, TAX = "total", "item", "pieces", "cancels", "rounding", "tax:"
QUANTITIES = frozenset({PIECES, CANCELS})
# Stands for every line, or for every account of a line.
ANY = "*"


class UnreadableError(Exception):
    """A rule read a part of an order that the API's model refuses."""

    def __init__(self, part: Unreadable) -> None:
        super().__init__(f"{part.pointer}: {part.reason}")
        self.part = part


class Unreadable:
    """Replaces a part of an order that the API's model refuses; any use of it raises UnreadableError.

    `key` identifies a line; it is "" for a line without one and for any other part.
    """

    __slots__ = ("key", "pointer", "reason")

    def __init__(self, pointer: str, reason: str, key: str = "") -> None:
        self.pointer, self.reason, self.key = pointer, reason, key

    def _refuse(self, *_: object) -> NoReturn:
        raise UnreadableError(self)

    __getattr__ = __getitem__ = __iter__ = __len__ = __bool__ = __contains__ = __call__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = __abs__ = _refuse
    __str__ = __format__ = _refuse


def readable_lines(lines: Any, unread: dict[Hashable, str]) -> Iterator[Any]:
    """Yield the lines that could be read; write the reason for each of the others to `unread`, ANY if all are odd."""
    if lines.__class__ is Unreadable:
        unread[ANY] = lines.reason
        return
    for line in lines or ():
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
    `refund_id` posted on the line; "drop": removes all that it posted. `pointer` and `tax_pointer` are where the
    request names the amounts, "" in history. `source` is the part of the request that it was read from.
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
    """One refund: postings that count together or not at all. It is read without the order.

    `lines` are the lines that it names, each with its pointer, with an amount or not; `full_lines` are those that it
    marks as a full refund; `amounts` is every sum of money in it. `unread` says why an earlier refund could
    not be read; `tells_items` is false if only its total is known.
    """

    postings: list[Posting]
    lines: Iterable[tuple[Hashable, str]] = ()
    full_lines: frozenset[Hashable] = frozenset()
    amounts: Sequence[Amount] = ()
    id: str = ""
    idempotency_key: str = ""
    idempotency_key_pointer: str = ""
    reason: str | None = None
    unread: str = ""
    tells_items: bool = True


class Account(msgspec.Struct, gc=False):
    """One account of a line: a charge type, an item, its pieces, or the order's total.

    `charged` is what was paid for it, `before` what earlier refunds paid back, `now` what the refund under check pays
    back; the same for its tax. `listed` is false if the order has no such account, which was charged nothing then.
    `named` is true if the refund under check posts to it.
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
        """Whether the account counts money, not pieces."""
        return self.name not in QUANTITIES

    @property
    def left(self) -> Decimal:
        """The amount that is left before this refund; below zero if more was refunded than charged."""
        return self.charged - self.before

    @property
    def tax_left(self) -> Decimal:
        """The tax that is left before this refund."""
        return self.tax_charged - self.tax_before

    @property
    def remaining(self) -> Decimal:
        """What may still be given back: `left`, and nothing if more was refunded than charged; on its side of zero."""
        return (max(self.left, ZERO) if self.charged >= 0 else min(self.left, ZERO)) or ZERO

    @property
    def tax_remaining(self) -> Decimal:
        """What may still be given back of the tax."""
        return max(self.tax_left, ZERO) or ZERO

    @property
    def exceeded(self) -> bool:
        """Whether this refund pays back more than is left."""
        return 0 < self.now > self.left

    def finding(self, message: str, help: str = "") -> Finding:  # noqa: A002 - the field's name
        """Return a finding at the amount."""
        return finding(self.pointer, message, help)

    def tax_finding(self, message: str, help: str = "") -> Finding:  # noqa: A002 - the field's name
        """Return a finding at the tax, or at the amount if the request names no tax."""
        return finding(self.tax_pointer or self.pointer, message, help)


class Line(msgspec.Struct, gc=False):
    """One line of an order. `pointer` is where the refund under check names it, `full` whether it marks it full.

    `number` is its name in messages. `ordered` are the pieces that its charges are for, without cancelled ones. `known`
    is false for a line that the order lacks; `parent` is the key of the line that it is a part of. `statuses` are in
    the API's words; `returned`, the id of a return, and `ship_node`, who ships it, are as the order has them.
    """

    key: Hashable
    number: str
    accounts: dict[str, Account] = {}
    ordered: Decimal = ZERO
    shipped: Decimal = ZERO
    statuses: list[tuple[str, str]] = []
    returned: Any = None
    ship_node: Any = None
    parent: Hashable = None
    known: bool = True
    pointer: str = ""
    full: bool = False

    def account(self, name: str) -> Account:
        """Return the account of that name; add one that was charged nothing if the line lacks it."""
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
        """The quantity in each status, for a message."""
        return ", ".join(f"{status} {quantity}" for status, quantity in self.statuses) or "no status"

    def finding(self, message: str, help: str = "") -> Finding:  # noqa: A002 - the field's name
        """Return a finding at the line."""
        return finding(self.pointer, message, help)


class Ledger(msgspec.Struct):
    """An order's lines, its history of refunds, and the one refund under check.

    `named_lines` are the lines that this refund names, known or not, and `accounts` the accounts, each once. `decimals`
    is the number of decimals of the order's money, for requests that name no currency; None if any will do. `unread`
    maps the keys of unreadable lines to the reason, ANY if nobody knows which they are; `differences` says where two
    sources of the history disagree. `whole_pieces` is true if no piece goes back in parts. `known_ids` are the ids of
    refunds that were told or replaced: no refund without an id is any of these.
    """

    lines: dict[Hashable, Line]
    currency: str = ""
    decimals: int | None = 2
    unread: dict[Hashable, str] = {}
    whole_pieces: bool = False
    history: list[Refund] = []
    refund: Refund | None = None
    named_lines: list[Line] = []
    accounts: list[Account] = []
    differences: list[str] = []
    _undone: list[tuple[Refund, list[Posting]]] = []
    refunds_by_id: dict[str, Refund] = {}
    known_ids: set[str] = set()
    _by_key: dict[str, list[Refund]] = {}

    @property
    def known_lines(self) -> Iterator[Line]:
        """The named lines that the order has."""
        return (line for line in self.named_lines if line.known)

    @property
    def is_replay(self) -> bool:
        """Whether the refund under check only repeats an earlier one under its idempotency key."""
        return self.refund is not None and bool(self._undone) and bool(self.refund.idempotency_key)

    def is_unread(self, key: Hashable) -> bool:
        """Return whether the order may have a line of that key that could not be read."""
        return key in self.unread or (ANY in self.unread and key not in self.lines)

    def line_of(self, account: Account) -> Line:
        """Return the line of an account."""
        return self.lines[account.line]

    def rounding_of(self, account: Account) -> Decimal:
        """Return by how much the amounts that are shown of an account's line may differ from the real ones."""
        rounding = self.line_of(account).accounts.get(ROUNDING)
        return rounding.charged + rounding.before if rounding is not None and rounding.listed else ZERO

    def begin(self, refund: Refund) -> Ledger:
        """Put one refund under check, in place of an uncommitted one: its accounts' `now` and pointers, its lines."""
        self.roll_back()
        self.refund = refund
        if refund.idempotency_key:
            self._undo_replayed(refund)
        for key, pointer in refund.lines:
            if self.is_unread(key):
                continue
            line = self.lines.get(key) or Line(key, _describe_key(key), known=False)
            line.pointer, line.full = pointer, key in refund.full_lines
            self.named_lines.append(line)
        for posting in self.apply_effects(refund.postings):
            posted_line = self.lines.get(posting.line)
            if posted_line is not None:
                self._count_now(posted_line.account(posting.account), posting)
        return self

    def commit(self, additions: Iterable[Posting] = ()) -> Refund | None:
        """Count the refund under check as an earlier one, with the server's additions; None if it is a replay."""
        refund = self.refund
        if refund is None or self.is_replay:
            self.roll_back()
            return None
        postings = [Posting(account.line, account.name, account.now, account.tax_now) for account in self.accounts]
        postings += self.apply_effects(additions)
        replaced, self._undone = self._undone, []
        self.roll_back()
        made = Refund([], id=refund.id, idempotency_key=refund.idempotency_key, reason=refund.reason)
        for older, undone in replaced:
            made.postings += [posting for posting in older.postings if posting not in undone]
            made.id = made.id or older.id
            self.refunds_by_id.pop(older.id, None)
            self.known_ids |= {made.id, older.id} - {""}
            older.postings, older.id = [], ""
        self.record(made, postings)
        return made

    def roll_back(self) -> None:
        """Remove the refund under check: the ledger is as it was before `begin`."""
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
        """Add postings as an earlier refund; skip those of lines that the order lacks."""
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
        """Add what another source of the history has more of, account by account."""
        missing = []
        for key, line in other.lines.items():
            for name, account in line.accounts.items():
                counted = self.lines[key].account(name)
                if (counted.before, counted.tax_before) != (account.before, account.tax_before):
                    label = f"line {counted.number} {name}" if counted.number else name
                    self.differences.append(f"{label}: {counted.before} and {account.before}")
                amount = max(abs(account.before) - abs(counted.before), ZERO)
                tax = max(account.tax_before - counted.tax_before, ZERO)
                if amount or tax:
                    missing.append(Posting(key, name, amount, tax))
        if missing:
            self.record(Refund([]), missing)

    def apply_effects(self, postings: Iterable[Posting]) -> Iterator[Posting]:
        """Yield postings that add; undo what a "set" or a "drop" replaces.

        A "rest" yields what is left of its account beyond what the refund under check names itself.
        """
        for posting in postings:
            if posting.effect == "add":
                yield posting
            elif posting.effect == "rest":
                yield from self._remaining_postings(posting)
            else:
                self._undo_posting(posting)
                if posting.effect == "set":
                    yield posting

    def _count_now(self, account: Account, posting: Posting) -> None:
        if not account.named:
            account.named = True
            self.accounts.append(account)
        account.now += posting.amount
        account.tax_now += posting.tax
        account.pointer = posting.pointer or account.pointer
        account.tax_pointer = posting.tax_pointer or account.tax_pointer

    def _count_before(self, posting: Posting, sign: int) -> None:
        """Add a posting of a known line to what came back before, by its size; with sign -1, take it off again."""
        account = self.lines[posting.line].account(posting.account)
        if account.charged < 0 and (account.name == ITEM or account.name.startswith(TAX)):
            sign = -sign  # a fee below zero
        account.before += sign * abs(posting.amount)
        account.tax_before += sign * abs(posting.tax)

    def _remaining_postings(self, posting: Posting) -> Iterator[Posting]:
        """Yield what is left of a posting's lines, beyond what the refund under check names itself."""
        lines = [line for key, line in self.lines.items() if posting.line in (ANY, key)]
        for account in [account for line in lines for account in line.accounts.values() if account.name != CANCELS]:
            amount = max(account.left - account.now, ZERO)
            tax = max(account.tax_left - account.tax_now, ZERO)
            yield Posting(account.line, account.name, amount, tax, pointer=account.pointer or posting.pointer)

    def _undo_posting(self, posting: Posting) -> None:
        """Undo the earlier postings that a "set" replaces or a "drop" removes."""
        older = self._find_refund(posting.refund_id)
        if older is not None:
            is_dropped = posting.effect == "drop"
            self._undo(older, [old for old in older.postings if is_dropped or old.line == posting.line])

    def _find_refund(self, refund_id: str) -> Refund | None:
        """Return the refund of an id; for an unknown id the largest without one, which leads to the fewest findings."""
        if refund_id in self.refunds_by_id:
            return self.refunds_by_id[refund_id]
        if refund_id in self.known_ids:
            return None
        candidates = [refund for refund in self.history if refund.postings and (not refund_id or not refund.id)]
        return max(candidates, key=_order_total, default=None)

    def _undo(self, older: Refund, postings: list[Posting]) -> None:
        for posting in postings:
            self._count_before(posting, -1)
        self._undone.append((older, postings))

    def _undo_replayed(self, refund: Refund) -> None:
        """Undo the earlier refund that this one repeats: it has the same key and the same amounts on this ledger."""
        for older in self._by_key.get(refund.idempotency_key, ()):
            self._undo(older, list(older.postings))
            if self._sums(self.apply_effects(refund.postings)) == self._sums(older.postings):
                return
            _, undone = self._undone.pop()
            for posting in undone:
                self._count_before(posting, 1)

    def _sums(self, postings: Iterable[Posting]) -> Sums:
        """Sum postings on this ledger, account by account, without zeros."""
        sums: Sums = {}
        for posting in postings:
            if posting.line in self.lines and (posting.amount or posting.tax):
                amount, tax = sums.get((posting.line, posting.account), (ZERO, ZERO))
                sums[posting.line, posting.account] = (amount + posting.amount, tax + posting.tax)
        return sums


def _describe_key(key: Hashable) -> str:
    """Describe a line that the order lacks, for a message."""
    if isinstance(key, tuple):
        return f"index {key[1]}" if key[0] == ANY else f"{key[0]} at index {key[1]}"
    return str(key)


def _order_total(refund: Refund) -> Decimal:
    return sum((posting.amount for posting in refund.postings if posting.account == TOTAL), ZERO)


class OrderModel:
    """Turns one API's orders and refunds into a ledger; an API's folder may have a subclass.

    `traits` map an operation's short name to the names by which shared rules select it. `shares_orders_with` is an API
    with the same orders, or the operation that alone has these; keys of orders begin with it. `path_ids` map the path
    parameters that identify the order to the path of the same id in an order; `body_id` is the path of the last of them
    in the body.
    """

    traits: Mapping[str, frozenset[str]] = {}
    shares_orders_with: str = ""
    path_ids: Mapping[str, tuple[str, ...]] = {}
    body_id: tuple[str, ...] = ()
    # True if no request names an earlier refund, so that their sums are enough.
    can_fold = False

    def normalise_id(self, name: str, value: str) -> str:
        """Return an id as the API compares it: WooCommerce takes 007 for 7."""
        return value

    def context_mismatches(
        self, path: Mapping[str, str] | None, body: Any, order: Any, refunds: Any
    ) -> Iterator[Finding]:
        """Yield RF005 findings for context that is of another order than the request."""
        return iter(())

    def open_order(self, order: Any) -> Ledger:
        """Return the ledger of an order, without its refunds; a line's `ordered` is without cancelled pieces."""
        return Ledger({})

    def refunds_in_order(self, order: Any) -> list[Refund] | None:
        """Return the earlier refunds that the order holds; None if it does not say."""
        return None

    def read_refunds(self, refunds: Any) -> list[Refund]:
        """Return the refunds of a list response."""
        return []

    def read_request(self, operation: Operation, body: Any, path: Mapping[str, str] | None) -> Refund:
        """Return the request as a refund, without reading an order; a "rest" posting comes last."""
        return Refund([])

    def server_additions(self, ledger: Ledger) -> list[Posting]:
        """Return the postings that the server adds to the refund under check."""
        return []

    def is_same_refund(self, requested: Refund, recorded: Refund) -> bool | None:
        """Tell whether a recorded refund is the requested one as the server stores it; None if unknown.

        False unless an API says otherwise: then no refund of a list is ever taken for the requested one.
        """
        return False


def add_items(in_order: list[Refund] | None, listed: list[Refund] | None) -> list[Refund] | None:
    """Replace each refund of which an order tells only the total by that of the list with its id."""
    by_id = {refund.id: refund for refund in listed or ()}
    return in_order and [refund if refund.tells_items else by_id.get(refund.id, refund) for refund in in_order]


def open_ledger(model: OrderModel, order: Any, refunds: list[Refund] | None, in_order: list[Refund] | None) -> Ledger:
    """Open an order with its earlier refunds; of two sources the larger amount counts, account by account."""
    if refunds is None or not in_order:
        return _open_with_refunds(model, order, refunds or in_order or [])
    longer, shorter = (refunds, in_order) if len(refunds) >= len(in_order) else (in_order, refunds)
    ledger = _open_with_refunds(model, order, longer)
    ledger.merge_history(_open_with_refunds(model, order, shorter))
    return ledger


def _open_with_refunds(model: OrderModel, order: Any, refunds: Iterable[Refund]) -> Ledger:
    ledger = model.open_order(order)
    for refund in refunds:
        ledger.begin(refund).commit(model.server_additions(ledger))
    return ledger


class OrderHistory:
    """The refunds of one order in a batch or an audit: each is checked against those committed before.

    `ignores_refunds_in_order` is true if the refunds in the order are the committed ones: earlier ones are then only in
    a list.
    """

    def __init__(self, model: OrderModel, *, ignores_refunds_in_order: bool = False) -> None:
        self.model = model
        self.ignores_refunds_in_order = ignores_refunds_in_order
        self.size = 0  # of the longest text so far, which bounds the digits of any amount
        self.refunds: list[Refund] = []
        self._added_ids: set[str] = set()
        self._told_ids: set[str] = set()  # of the refunds that orders and lists told
        self._sums: dict[tuple[Hashable, str], Posting] = {}
        self._ledger: Ledger | None = None
        self._context: Hashable = None

    def ledger(
        self, order: Any, refunds: list[Refund] | None, in_order: list[Refund] | None, context: Hashable
    ) -> Ledger:
        """Return the ledger with all committed refunds; it is opened again only if `context` changes.

        A committed refund that the order holds too, by its id, is not counted twice.
        """
        if self._ledger is None or self._context != context:
            self._told_ids |= {refund.id for refund in (*(refunds or ()), *(in_order or ())) if refund.id}
            uncommitted = in_order and [refund for refund in in_order if refund.id not in self._added_ids]
            self._context, self._ledger = context, open_ledger(self.model, order, refunds, uncommitted)
            self._ledger.known_ids |= self._told_ids
            self._ledger.record(Refund([]), list(self._sums.values()))
            committed, self.refunds = self.refunds, []
            for refund in committed:
                self._ledger.begin(refund)
                self._remember(refund, self._ledger.commit(self.model.server_additions(self._ledger)))
        return self._ledger

    def commit(self, refund: Refund) -> None:
        """Count a refund as made; before the first order it waits for the ledger to be opened."""
        ids = {posting.refund_id for posting in refund.postings if posting.refund_id and posting.effect == "add"}
        self._added_ids |= ids
        if self._ledger is None:
            self.refunds.append(_strip_request_details(refund))
            return
        with exact(self.size):
            if self._ledger.refund is not refund:
                self._ledger.begin(refund)
            is_in_order = not ids.isdisjoint(self._ledger.refunds_by_id)
            self._remember(refund, self._ledger.commit(self.model.server_additions(self._ledger)))
        if is_in_order:  # the order is opened again without this refund
            self._ledger = None

    def _remember(self, refund: Refund, made: Refund | None) -> None:
        """Keep the request, or what it made if it takes a "rest", or only the sums if `can_fold`."""
        if not self.model.can_fold:
            takes_rest = any(posting.effect == "rest" for posting in refund.postings)
            stored = made if takes_rest else refund
            if stored is not None:  # None: a full refund that was sent again
                self.refunds.append(_strip_request_details(stored))
            return
        for posting in made.postings if made is not None else ():
            account = (posting.line, posting.account)
            before = self._sums.get(account, Posting(*account))
            self._sums[account] = Posting(*account, before.amount + posting.amount, before.tax + posting.tax)


def _strip_request_details(refund: Refund) -> Refund:
    """Return the refund without what only its own check needs."""
    postings = [
        msgspec.structs.replace(posting, pointer="", tax_pointer="", source=None) for posting in refund.postings
    ]
    return msgspec.structs.replace(refund, postings=postings, lines=tuple(refund.lines), amounts=())
