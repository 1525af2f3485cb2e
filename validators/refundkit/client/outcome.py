"""Tell what became of a refund: from an order before and after, and from the answer of the server.

What an API alone can say stands in the `outcome.py` of its folder: `is_paid(sent, body, before, after)`, whether a
refund that is recorded was paid as well, `find_contradiction(sent, refund, before, answer)`, what shows that a success
answer is about another refund, and `is_refusal(operation, code)`, whether an error proves that nothing was made,
whatever its status. Without one, whatever is recorded is paid, and an answer is taken as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Hashable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from refundkit_apis._runtime.errors import Outcome

from .. import apis
from ..apis.shared.sent import SentRefund, Snapshot, open_snapshot, refunds_in
from ..checking.body import read_body
from ..checking.context import read_order, read_refunds
from ..ledger import Ledger, Line, OrderModel, Posting, Refund, Sums, UnreadableError
from ..money import exact
from ..operations import Operation
from ..request import Request


def read_snapshot(
    operation: Operation, order: bytes | None, refunds: bytes | None, path: Mapping[str, str] | None = None
) -> Snapshot:
    """Read an order, of a list the one that `path` names, and its refunds; without an order nothing is known."""
    model = None if order is None else read_order(operation, order, path)[0]
    if order is not None and model is None:
        return Snapshot()
    return Snapshot(order=model, refunds=None if refunds is None else read_refunds(operation, refunds)[0])


def find_outcome(sent: SentRefund, before: Snapshot, after: Snapshot) -> Outcome | None:
    """Return what became of a refund; None if it cannot be told.

    Somebody else's refund at the same time that is equal in all that this one names cannot be told from this one, save
    by an idempotency key that the API repeats.
    """
    with exact(len(sent.body or b"")):
        try:
            recorded = _is_recorded(sent, before, after)
            if recorded is None:
                return None
            is_paid = getattr(apis.find_module(sent.operation.api, "outcome"), "is_paid", None)
            if recorded and is_paid is not None and not is_paid(sent, read_sent_body(sent)[1], before, after):
                return Outcome.RECORDED_ONLY
            return Outcome.MADE if recorded else Outcome.NOT_MADE
        except UnreadableError:
            return None


def find_contradiction(sent: SentRefund, before: Snapshot, answer: Any) -> str | None:
    """Return what shows that a success answer is about another refund than the one that was sent; None if nothing."""
    find = getattr(apis.find_module(sent.operation.api, "outcome"), "find_contradiction", None)
    is_readable, body = read_sent_body(sent)
    if find is None or not is_readable:
        return None
    with exact(len(sent.body or b"")):
        problem: str | None = find(sent, sent.model.read_request(sent.operation, body, sent.path), before, answer)
        return problem


def read_sent_body(sent: SentRefund) -> tuple[bool, Any]:
    """Return whether the body could be read, and its model; None where the operation takes no body."""
    if sent.operation.described.body is None:
        return True, None
    body, _ = read_body(sent.operation, Request(body=sent.body))
    return body is not None, body


def _is_recorded(sent: SentRefund, before: Snapshot, after: Snapshot) -> bool | None:
    """True if the server must have a record of the refund, False if it cannot, else None."""
    model = sent.model
    is_readable, body = read_sent_body(sent)
    if not is_readable or any(model.context_mismatches(sent.path, body, after.order, after.refunds)):
        return None
    refund = model.read_request(sent.operation, body, sent.path)
    if not model.can_fold:
        listed = refunds_in(model, after)
        return None if listed is None else is_in_history(model, refund, refunds_in(model, before), listed)
    earlier, later = open_snapshot(model, before), open_snapshot(model, after)
    is_made = None if earlier is None or later is None else is_in_sums(model, refund, earlier, later)
    if not is_made:
        return is_made
    new = Refund(find_new_postings(refunds_in(model, before) or (), refunds_in(model, after) or ()))
    return True if model.is_same_refund(refund, new) else None


def find_new_postings(before: Sequence[Refund], after: Sequence[Refund]) -> list[Posting]:
    """Return the postings of the later refunds that the earlier ones lack."""
    earlier = Counter(repr(posting) for refund in before for posting in refund.postings)
    new = []
    for posting in (posting for refund in after for posting in refund.postings):
        earlier[repr(posting)] -= 1
        if earlier[repr(posting)] < 0:
            new.append(posting)
    return new


def is_in_history(model: OrderModel, refund: Refund, before: list[Refund] | None, after: list[Refund]) -> bool | None:
    """True if a refund is new in the later list, None if uncertain."""
    if refund.idempotency_key and any(later.idempotency_key == refund.idempotency_key for later in after):
        return True
    if refund.id:  # a change of a refund that is there
        changed = next((later for later in after if later.id == refund.id), None)
        if any(posting.effect == "drop" for posting in refund.postings):
            return changed is None
        return None if changed is None else model.is_same_refund(refund, changed)
    if before is None:
        return None
    counts = Counter(map(identify_refund, before))
    vanished = counts - Counter(map(identify_refund, after))
    new = []
    for later in after:
        counts[identify_refund(later)] -= 1
        has_other_key = refund.idempotency_key and later.idempotency_key
        if counts[identify_refund(later)] < 0 and not has_other_key:
            new.append(later)
    if any(model.is_same_refund(refund, later) for later in new):
        return True
    return None if new or vanished else False


def identify_refund(refund: Refund) -> Hashable:
    """The id of a recorded refund, or all that it says."""
    if refund.id:
        return refund.id
    return refund.idempotency_key, frozenset(Counter(map(str, refund.postings)).items())


def is_in_sums(model: OrderModel, refund: Refund, before: Ledger, after: Ledger) -> bool | None:
    """True if the lines grew by the refund, False if not at all."""
    lines = dict(refund.lines)
    earlier, later = _refunded_sums(before, lines), _refunded_sums(after, lines)
    additions = list(before.begin(refund).apply_effects(model.server_additions(before)))
    before.commit()
    expected = _refunded_sums(before, lines)
    before.record(Refund([]), additions)
    if earlier != expected and later in (expected, _refunded_sums(before, lines)):
        return True
    is_unchanged = all(_is_same_charge(before.lines[key], after.lines.get(key)) for key in lines if key in before.lines)
    return False if later == earlier != expected and is_unchanged else None


def _refunded_sums(ledger: Ledger, lines: Container[Hashable]) -> Sums:
    """Sums refunded of the lines and their taxes, without zeros."""
    return {
        (key, account.name): (account.before, account.tax_before)
        for key, line in ledger.lines.items()
        if key in lines
        for account in line.accounts.values()
        if account.before or account.tax_before
    }


def _is_same_charge(before: Line, after: Line | None) -> bool:
    """True if a line differs in nothing but in what was refunded."""
    if after is None or (before.statuses, before.returned) != (after.statuses, after.returned):
        return False
    return _charges(before) == _charges(after)


def _charges(line: Line) -> dict[str, tuple[Decimal, Decimal]]:
    return {name: (account.charged, account.tax_charged) for name, account in line.accounts.items()}
