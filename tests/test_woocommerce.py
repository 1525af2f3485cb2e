"""WooCommerce's wc/v3: recorded answers of a live server, and what the rules say of the recorded requests."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

import pytest
import refundkit
from commands import Cli, write
from refundkit.errors import Report
from refundkit_apis._runtime.codec import decode, encode
from wc_v3 import EXCHANGES, Exchange, order_before, refunds_before

CREATE: Final = "woocommerce.create_refund"
CREATES = [one for one in EXCHANGES if one.operation == CREATE and one.body is not None]
ANSWERS = [one for one in EXCHANGES if one.match is not None]
NOTHING: set[str] = set()
# By RULES.md: what each recorded create raises with its order and that order's refunds.
VERDICTS: dict[str, set[str]] = {
    "create: amount only, api_refund false": NOTHING,
    "create: amount with reason and refunded_by": NOTHING,
    "create: a cent over what is left (22.01 of 22.00)": {"RF204"},
    "create: the rest exactly": NOTHING,
    "create: zero when nothing is left": {"RF212"},
    "create: no gateway behind the order's method, api_refund left out": NOTHING,
    "create: zero": {"RF212"},
    "create: no amount, no items": {"RF219"},
    "create: amount null": {"RF102"},
    "create: amount empty": {"RF210"},
    "create: amount 'abc'": {"RF210"},
    "create: amount '1e1'": {"RF210"},
    "create: amount 5.555": {"RF206"},
    "create: amount list": {"RF102"},
    "create: reason number": {"RF102"},
    "create: reason null": NOTHING,
    "create: reason list": {"RF102"},
    "create: unknown field": {"RF112"},
    "create: date_created given": {"RF108"},
    "create: refunded_payment given": {"RF108"},
    "create: currency given": {"RF112"},
    "create: reason with backslash, html and non-ASCII": NOTHING,
    "create: amount '-0.00'": {"RF212"},
    "create: refunded_by text": {"RF102"},
    "create: meta_data": NOTHING,
    "create: api_refund text false": {"RF102"},
    "create: api_refund 0": {"RF102"},
    "create: api_refund=false in the query": NOTHING,
    "create: wrapped as in the legacy API": {"RF103", "RF219"},
    "create: bad JSON": {"RF001"},
    "create: form body": {"RF001", "RF508"},
    "create: JSON as text/plain": {"RF508"},
    "items: one piece": NOTHING,
    "items: refund_total as text": NOTHING,
    "items: no refund_total, no amount": {"RF219"},
    "items: no quantity": NOTHING,
    "items: quantity over (5 of 2)": {"RF404"},
    "items: refund_total over the line": {"RF213"},
    "items: sum over the order": {"RF204", "RF213"},
    "items: unknown id": {"RF301"},
    "items: keyed object as in the legacy API": NOTHING,
    "items: empty list": NOTHING,
    "items: restock false": NOTHING,
    "items: taxes, no amount": NOTHING,
    "items: tax keyed": NOTHING,
    "items: shipping and fee with their taxes": NOTHING,
    "items: everything, no amount": NOTHING,
    "two refunds of one item: first": NOTHING,
    "gateway fine": NOTHING,
    "gateway false": NOTHING,
    "gateway WP_Error": NOTHING,
    "gateway left out: api_refund false": NOTHING,
    "create: unknown order": NOTHING,
    "create: refund id as order": NOTHING,
    "auth: none on a create": NOTHING,
    "status pending: create": {"RF320"},
    "status failed: create": {"RF320"},
    "status on-hold: create": NOTHING,
    "status completed: create": NOTHING,
    "status refunded: create": {"RF204"},
    "JPY: 100.5": {"RF206"},
    "JPY: one over": NOTHING,
    "KWD: 1.004": NOTHING,
    "KWD: the rest": NOTHING,
    "USD: 5.555 in a shop with 2 decimals": {"RF206"},
    "create: wrapped as in the legacy API, api_refund false beside": {"RF103", "RF219"},
    "create: after an empty one, the whole": NOTHING,
    "create: amount only, restock default, no items": NOTHING,
    "free item: quantity 1, total 0": NOTHING,
    "USD: 5.555 in a shop with 2 decimals, posts": {"RF206"},
    "USD: the rest 23.45, posts": {"RF204"},
    "JPY: 100.5, posts": {"RF206"},
    "JPY: the rest, rounded up (2650), posts": {"RF204"},
}
# Why the server made what has an error, or did not make as requested what has none.
GATEWAY = "the gateway refused, which no order tells beforehand"
SUMS = "posts storage adds the amounts as they were sent, which no answer shows"
BOOLEAN = "the published type is boolean; this server also takes text and numbers for it"
IGNORED = "the server ignores what it computes itself"
ROUNDED = "it is rounded: a warning says so"
DIFFERENCES = {
    "create: no gateway behind the order's method, api_refund left out": GATEWAY,
    "gateway false": GATEWAY,
    "gateway WP_Error": GATEWAY,
    "create: date_created given": IGNORED,
    "create: refunded_payment given": IGNORED,
    "create: api_refund text false": BOOLEAN,
    "create: api_refund 0": BOOLEAN,
    "create: form body": "forms work, and a check reads JSON",
    "create: unknown order": "the shop lacks the order, and no context is of it",
    "create: refund id as order": "the shop lacks the order, and no context is of it",
    "auth: none on a create": "credentials are not part of a fixture: RF502 is in not_run",
    "create: amount 5.555": ROUNDED,
    "JPY: 100.5": ROUNDED,
    "USD: 5.555 in a shop with 2 decimals": ROUNDED,
    "USD: 5.555 in a shop with 2 decimals, posts": ROUNDED,
    "JPY: 100.5, posts": ROUNDED,
    "USD: the rest 23.45, posts": SUMS,
    "JPY: the rest, rounded up (2650), posts": SUMS,
}


def check(exchange: Exchange) -> Report:
    """Check a recorded create with the order and the refunds of then."""
    is_listed = order_before(exchange)["status"] != "refunded"  # the refund that a status makes was not listed
    return refundkit.check(
        CREATE,
        exchange.body,
        path=exchange.ids,
        query={} if exchange.match is None else exchange.match.query,
        headers={"Content-Type": exchange.content_type},
        order=order_before(exchange),
        refunds=refunds_before(exchange) if is_listed else None,
    )


def made_as_requested(exchange: Exchange) -> bool:
    """Return whether the server recorded the requested amount, or the sum of the items, and as many lines as items."""
    if exchange.status != 201 or exchange.answer["amount"] == "":
        return False
    try:
        body = json.loads(exchange.body or b"", parse_float=Decimal)
    except ValueError:
        return exchange.case == "create: form body"
    items = body.get("line_items", [])
    lines = [line for name in ("line_items", "shipping_lines", "fee_lines") for line in exchange.answer[name]]
    amount = body["amount"] if "amount" in body else sum(map(_item_sum, items))
    is_plain = str(amount).replace(".", "", 1).lstrip("-").isdigit()
    return is_plain and Decimal(amount) == Decimal(exchange.answer["amount"]) and len(items) == len(lines)


def _item_sum(item: dict[str, Any]) -> Decimal:
    taxes = [tax["refund_total"] for tax in item.get("refund_tax", ())]
    return sum(map(Decimal, taxes), Decimal(item.get("refund_total", 0)))


@pytest.mark.parametrize("exchange", CREATES, ids=lambda one: one.name)
def test_each_recorded_create_gets_its_verdict(exchange: Exchange) -> None:
    """A recorded create raises what the table says, and is blocked where the server did not make it as requested."""
    report = check(exchange)
    assert {finding.code for finding in report.findings} == VERDICTS[exchange.name]
    is_foretold = report.ok == made_as_requested(exchange)
    assert is_foretold != (exchange.name in DIFFERENCES)


def test_the_table_is_about_every_recorded_create() -> None:
    """Each recorded create has a verdict, some were made as requested, and some were not."""
    assert {one.name for one in CREATES} == VERDICTS.keys() >= DIFFERENCES.keys()
    made = [made_as_requested(one) for one in CREATES]
    assert (len(made), made.count(True)) == (73, 44)


@pytest.mark.parametrize("exchange", ANSWERS, ids=lambda one: one.name)
def test_a_recorded_answer_is_read_and_written_unchanged(exchange: Exchange) -> None:
    """Every recorded answer, errors too, becomes its model, and the model the same answer."""
    assert exchange.match is not None
    model = exchange.match.operation.struct(str(exchange.status))
    decoded = decode(encode(exchange.answer), model)
    assert json.loads(encode(decoded), parse_float=Decimal) == exchange.answer


def test_recorded_answers_pass_as_responses(check: Cli) -> None:
    """`check --response` has nothing to say of any recorded answer."""
    kinds = {(one.operation, one.status) for one in ANSWERS}
    for index, (operation, status) in enumerate(sorted(kinds)):
        answers = [encode(one.answer) for one in ANSWERS if (one.operation, one.status) == (operation, status)]
        write(f"{index}.jsonl", b"\n".join(answers))
        outcome = check("--as", operation, "--response", str(status), f"{index}.jsonl")
        assert (outcome.status, outcome.document["summary"]["checked"]) == (0, len(answers))
    assert len(kinds) == 15


def test_other_routes_are_no_operation() -> None:
    """There is no update and no batch; the refunds of a whole shop are no operation of ours."""
    assert [one.case for one in EXCHANGES if one.match is None] == [
        "update: PUT",
        "update: POST",
        "batch",
        "all refunds of the shop",
    ]
