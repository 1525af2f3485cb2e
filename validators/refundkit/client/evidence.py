"""What the journal keeps of a refund and of its order, and what that proves later.

No secret is kept and no text that a person wrote: such a text is replaced by its digest, and found again where the API
tells the same text.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cache
from typing import Any

import httpx
import msgspec
from refundkit_apis._runtime.codec import decode, encode
from refundkit_apis._runtime.errors import Outcome, StatusError, is_refusal, lists_errors

from .. import apis, operations
from ..apis.shared.sent import SentRefund, Snapshot, open_snapshot, refunds_in
from ..journal.entry import Before, Entry, State, StoredAccount, StoredLine
from ..ledger import Account, Ledger, Line, OrderModel, Posting, Refund, UnreadableError, open_ledger
from ..money import ZERO, exact
from ..operations import Operation
from .outcome import find_contradiction, find_new_postings, identify_refund, is_in_history, is_in_sums, read_sent_body

_DIGEST = "sha256:"
# Seconds after which a refund that was told, and is told no more, was deleted somewhere else.
_LONGEST_LAG = 3600.0
_Accounts = dict[tuple[Any, str], tuple[Decimal, Decimal]]


def conceal_texts(operation: Operation, body: bytes | None) -> str:
    """Return a body as JSON, with a digest for each value that the spec calls free text, or does not know at all."""
    if not body or operation.described.body is None:
        return ""
    try:
        value = decode(body, Any)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        return ""
    schema = _body_schema(operation)
    return encode(_conceal(value, schema, schema.get("$defs", {}))).decode()


@cache
def _body_schema(operation: Operation) -> dict[str, Any]:
    return operation.schema()


def _conceal(value: Any, schema: dict[str, Any] | None, definitions: dict[str, Any]) -> Any:
    """Replace free texts; `schema` is None where the spec does not know the field."""
    schemas = [] if schema is None else list(_alternatives(schema, definitions))
    if isinstance(value, dict):
        return {name: _conceal(member, _find_property(schemas, name), definitions) for name, member in value.items()}
    if isinstance(value, list):
        items = next((each["items"] for each in schemas if isinstance(each.get("items"), dict)), None)
        return [_conceal(member, items, definitions) for member in value]
    is_free = not schemas or any(each.get("x-free-text") for each in schemas)
    if not is_free or value in ("", None) or isinstance(value, bool):
        return value
    return digest_text(str(value))  # a number may be that of a card


def _alternatives(schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a schema and all that it refers to or offers."""
    yield schema
    if "$ref" in schema:
        yield from _alternatives(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    for keyword in ("anyOf", "oneOf", "allOf"):
        for each in schema.get(keyword, ()):
            yield from _alternatives(each, definitions)


def _find_property(schemas: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    for schema in schemas:
        if name in schema.get("properties", {}):
            known: dict[str, Any] = schema["properties"][name]
            return known
    others = (schema.get("additionalProperties") for schema in schemas)
    return next((other for other in others if isinstance(other, dict)), None)


def digest_text(text: str) -> str:
    """Return the digest of a text, equal for two that differ only in what a shop loses: backslashes and some spaces."""
    plain = " ".join(text.replace("\\", "").split())
    return _DIGEST + hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()[:32]


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode("utf-8", "replace")).hexdigest()[:24]


def read_before(sent: SentRefund, before: Snapshot) -> Before:
    """Return what is kept of the order as it was before a refund."""
    with exact(len(sent.body or b"") + 64):
        try:
            return _read_before(sent, before)
        except UnreadableError:
            return Before()


def _read_before(sent: SentRefund, before: Snapshot) -> Before:
    model = sent.model
    refunds = refunds_in(model, before)
    is_paid = getattr(apis.find_module(sent.operation.api, "outcome"), "is_paid", None)
    is_readable, body = read_sent_body(sent)
    ledger = open_snapshot(model, before) if model.can_fold and is_readable else None
    postings = [posting for refund in refunds or () for posting in refund.postings] if model.can_fold else []
    return Before(
        refunds=None if refunds is None else [_digest(_identity_key(each)) for each in refunds],
        postings=list(map(_digest, postings)),
        lines=[] if ledger is None else _store_lines(sent, ledger, body),
        moves_no_money=is_paid is None or (is_readable and is_paid(sent, body, before, Snapshot())),
    )


def _identity_key(refund: Refund) -> object:
    """The identity of a recorded refund, in an order that is always the same."""
    identity = identify_refund(refund)
    if isinstance(identity, tuple):
        return identity[0], sorted(identity[1])
    return identity


def _store_lines(sent: SentRefund, ledger: Ledger, body: Any) -> list[StoredLine]:
    """Return the lines that a refund names, with what it makes of them."""
    model = sent.model
    refund = model.read_request(sent.operation, body, sent.path)
    names = [key for key, _ in refund.lines if key in ledger.lines]
    told = {
        key: {name: (each.before, each.tax_before) for name, each in ledger.lines[key].accounts.items()}
        for key in names
    }
    ledger.begin(refund).commit(model.server_additions(ledger))
    return [_store_line(ledger.lines[key], told[key]) for key in names]


def _store_line(line: Line, told: dict[str, tuple[Decimal, Decimal]]) -> StoredLine:
    """Return a line that a refund was committed to; `told` are the sums of its accounts before."""
    accounts = []
    for name, account in line.accounts.items():
        before, tax_before = told.get(name, (ZERO, ZERO))
        accounts.append(
            StoredAccount(
                name=name,
                charged=account.charged,
                before=before,
                tax_charged=account.tax_charged,
                tax_before=tax_before,
                made=account.before - before,
                tax_made=account.tax_before - tax_before,
                listed=account.listed,
            )
        )
    return StoredLine(
        key=line.key,
        number=line.number,
        accounts=accounts,
        statuses=list(line.statuses),
        ordered=line.ordered,
        shipped=line.shipped,
        returned=line.returned,
    )


def _restore_ledger(before: Before) -> Ledger:
    """Return the lines of a ledger as they were before the refund."""
    lines: dict[Any, Line] = {}
    for stored in before.lines:
        key = tuple(stored.key) if isinstance(stored.key, list) else stored.key
        accounts = {
            each.name: Account(
                key,
                stored.number,
                each.name,
                charged=each.charged,
                before=each.before,
                tax_charged=each.tax_charged,
                tax_before=each.tax_before,
                listed=each.listed,
            )
            for each in stored.accounts
            if each.listed or each.before or each.tax_before
        }
        lines[key] = Line(
            key, stored.number, accounts, stored.ordered, stored.shipped, list(stored.statuses), stored.returned
        )
    return Ledger(lines)


def restore_refund(entry: Entry, texts: Iterable[str | None]) -> SentRefund:
    """Return the refund of a row, with those of its free texts that the API tells."""
    known = {digest_text(text): text for text in texts if text}
    body = entry.body
    for digest in {part for part in body.split('"') if part.startswith(_DIGEST)} & known.keys():
        body = body.replace(f'"{digest}"', msgspec.json.encode(known[digest]).decode())
    operation = operations.get(entry.operation)
    return SentRefund(operation=operation, path=entry.path, query=entry.query, body=body.encode() or None)


def find_outcome(entry: Entry, after: Snapshot) -> Outcome | None:
    """Return what became of the refund of a row, by the order as it is now; None if that cannot be told."""
    if entry.left_at is None:
        return Outcome.NOT_MADE
    if entry.before is None:
        return None
    with exact(len(entry.body) + 64):
        try:
            return _find_outcome(entry, entry.before, after)
        except UnreadableError:
            return None


def _find_outcome(entry: Entry, before: Before, after: Snapshot) -> Outcome | None:
    model = apis.order_model(entry.operation)
    told = refunds_in(model, after)
    if told is None or before.refunds is None:
        return None
    sent = restore_refund(entry, (refund.reason for refund in told))
    is_readable, body = read_sent_body(sent)
    if not is_readable or any(model.context_mismatches(sent.path, body, after.order, after.refunds)):
        return None
    refund = model.read_request(sent.operation, body, sent.path)
    earlier = _recognize(before.refunds, told)
    if not model.can_fold:
        is_recorded = is_in_history(model, refund, earlier, told)
    else:
        is_recorded = _is_recorded_in_sums(model, refund, before, after, told)
    if is_recorded is None:
        return None
    if not is_recorded:
        return Outcome.NOT_MADE
    is_paid = getattr(apis.find_module(sent.operation.api, "outcome"), "is_paid", None)
    if is_paid is None or before.moves_no_money or is_paid(sent, body, _snapshot_before(model, before, after), after):
        return Outcome.MADE
    return Outcome.RECORDED_ONLY


def _is_recorded_in_sums(
    model: OrderModel, refund: Refund, before: Before, after: Snapshot, told: list[Refund]
) -> bool | None:
    later = open_snapshot(model, after)
    is_made = None if later is None else is_in_sums(model, refund, _restore_ledger(before), later)
    if not is_made:
        return is_made
    counts = Counter(before.postings)
    known = []
    for posting in (posting for each in told for posting in each.postings):
        counts[_digest(posting)] -= 1
        if counts[_digest(posting)] >= 0:
            known.append(posting)
    return True if model.is_same_refund(refund, Refund(find_new_postings([Refund(known)], told))) else None


def _recognize(digests: list[str], told: list[Refund]) -> list[Refund]:
    """Return the refunds of before: those that the API tells still, and an empty one for each that is gone."""
    counts = Counter(digests)
    earlier = []
    for refund in told:
        digest = _digest(_identity_key(refund))
        if counts[digest] > 0:
            counts[digest] -= 1
            earlier.append(refund)
    return earlier + [Refund([], id=f"gone {digest}") for digest, count in counts.items() for _ in range(count)]


def _snapshot_before(model: OrderModel, before: Before, after: Snapshot) -> Snapshot:
    """Return the refunds of before as the API's own models, as far as they are a plain list."""
    if not isinstance(after.refunds, list):
        return Snapshot()
    digests = set(before.refunds or ())
    is_known = [_digest(_identity_key(each)) in digests for each in model.read_refunds(after.refunds)]
    return Snapshot(refunds=[each for each, known in zip(after.refunds, is_known, strict=True) if known])


def find_unlisted(model: OrderModel, rows: list[Entry], order: Any, told: list[Refund], clock: float) -> list[Refund]:
    """Return the refunds of rows that an API does not tell; each refund told stands for one row.

    `order` is its order, None if it was not read, `told` the earlier refunds, `clock` the journal's time now.
    """
    if model.can_fold:
        return [] if order is None else _find_missing_sums(rows, open_ledger(model, order, told, None))
    texts = [refund.reason for refund in told]
    changes = [_requested(row, texts) for row in rows]
    gone = {posting.refund_id for each in changes for posting in each.postings if posting.effect == "drop"}
    free = list(told)
    unmatched = []
    for position, (row, refund) in enumerate(zip(rows, changes, strict=True)):
        by_id = next((each for each in free if row.server_id and each.id == row.server_id), None)
        if by_id is not None:
            free = [each for each in free if each is not by_id]
        elif not refund.id and row.server_id not in gone and not _is_gone(row, rows[position + 1 :], clock):
            unmatched.append((row, refund))
    return [_as_earlier(row, refund) for row, refund in unmatched if not _take(model, row, refund, free)]


def _requested(row: Entry, texts: list[str | None]) -> Refund:
    """Return the refund of a row; its operation may be of another API that shares the order."""
    sent = restore_refund(row, texts)
    is_readable, body = read_sent_body(sent)
    return sent.model.read_request(sent.operation, body, sent.path) if is_readable else Refund([])


def _is_gone(row: Entry, later: list[Entry], clock: float) -> bool:
    """True if the API told this refund to a later row, and it is so old that no list lags behind any more."""
    if row.finished_at is None or clock - row.finished_at < _LONGEST_LAG:
        return False
    digest = _digest(_identity_key(Refund([], id=row.server_id)))
    return bool(row.server_id) and any(digest in (each.before.refunds or ()) for each in later if each.before)


def _take(model: OrderModel, row: Entry, refund: Refund, free: list[Refund]) -> bool:
    """Take the told refund that is the one of the row by all that it names; return whether there is one."""
    before = set(row.before.refunds or ()) if row.before else set()
    for index, told in enumerate(free):
        is_other = bool(row.server_id and told.id) or _digest(_identity_key(told)) in before
        is_same_key = bool(refund.idempotency_key) and refund.idempotency_key == told.idempotency_key
        if is_same_key or (not is_other and model.is_same_refund(refund, told)):
            del free[index]
            return True
    return False


def _as_earlier(row: Entry, refund: Refund) -> Refund:
    postings = [
        msgspec.structs.replace(posting, pointer="", tax_pointer="", source=None) for posting in refund.postings
    ]
    return msgspec.structs.replace(refund, postings=postings, lines=tuple(refund.lines), amounts=(), id=row.server_id)


def _find_missing_sums(rows: list[Entry], told: Ledger) -> list[Refund]:
    """Return by how much the sums that are told lag behind the rows: each began with the larger of both."""
    sums: _Accounts = {}
    for row in rows:
        for line in row.before.lines if row.before else ():
            for stored in line.accounts:
                place = (tuple(line.key) if isinstance(line.key, list) else line.key, stored.name)
                amount, tax = sums.get(place, (ZERO, ZERO))
                sums[place] = (
                    max(amount, stored.before) + stored.made,
                    max(tax, stored.tax_before) + stored.tax_made,
                )
    missing = []
    for (key, name), (amount, tax) in sums.items():
        account = told.lines[key].accounts.get(name) if key in told.lines else None
        before, tax_before = (ZERO, ZERO) if account is None else (account.before, account.tax_before)
        if amount > before or tax > tax_before:
            missing.append(Posting(key, name, max(amount - before, ZERO), max(tax - tax_before, ZERO)))
    return [Refund(missing)] if missing else []


def judge_answer(sent: SentRefund, before: Snapshot, response: httpx.Response, content: bytes) -> tuple[State, str]:
    """Return what an answer says became of a refund, and the server's id of it; `content` is its body as JSON."""
    status = response.status_code
    is_refused = getattr(apis.find_module(sent.operation.api, "outcome"), "is_refusal", None)
    if is_refusal(status) or (is_refused is not None and is_refused(sent.operation, StatusError(response).code)):
        return "refused", ""
    if not 200 <= status < 300 or lists_errors(content):
        return "unknown", ""
    success = operations.success(sent.operation)
    try:
        answer = decode(content, sent.operation.struct(success))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError, KeyError):
        return "unknown", ""
    return ("unknown" if find_contradiction(sent, before, answer) else "made"), _find_server_id(content)


def _find_server_id(content: bytes) -> str:
    """Return the id of the refund in an answer, with or without a wrapper; "" if it has none."""
    try:
        answer: Any = msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    if isinstance(answer, dict) and len(answer) == 1:
        (answer,) = answer.values()
    found = answer.get("id") if isinstance(answer, dict) else None
    return str(found) if isinstance(found, (int, str)) and not isinstance(found, bool) else ""
