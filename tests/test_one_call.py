"""A refund in one call: it reads the order, drafts, checks and sends, and fails like the long way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import users
from faults import ORDERS, Fault, Server, serving
from refundkit import ALL, Outcome, RefundBlocked, RefundOutcomeUnknown, RefundRefused, apis, draft, operations, pieces
from refundkit.errors import DraftError, NotSent, RefundNotChecked, StatusError
from refundkit.reading.xml import read_xml
from refundkit.testing import Answer, Api
from refundkit_apis._runtime.codec import decode, encode
from story import spec
from test_context_pages import fill

BY_LINE = {"tax": "added", "reason": "DamagedItem"}
# What is wanted, and what is said beside it.
WISHES: dict[str, tuple[Any, dict[str, Any]]] = {
    "walmart": ({"1": "5.00"}, BY_LINE),
    "walmart_ca": ({"1": "5.00"}, BY_LINE),
    "woocommerce": ({"71": "5.00"}, {"tax": "added"}),
    "woocommerce_legacy": ({"71": "5.00"}, {"tax": "added"}),
    "taxcloud": ({"OIL-LITRE": pieces(1)}, {}),
}
APIS = pytest.mark.parametrize("api", WISHES)
WAYS = pytest.mark.parametrize("way", ["sync", "async"])
LOST = Fault(made=True, sends="nothing", ends="closed")


def act(server: Server, way: str, use: Callable[[Any], Any], **options: Any) -> Any:
    """Return what a call on a ready client returns; a lost refund is asked after, and raised with its outcome."""
    if way == "sync":
        with users.connection(server.api, server.url, **options) as client:
            try:
                return use(client)
            except RefundOutcomeUnknown as error:
                return error.resolve(wait=0)

    async def later() -> Any:
        async with users.connection(server.api, server.url, **options) as client:
            try:
                return await use(client)
            except RefundOutcomeUnknown as error:
                return await error.resolve_async(wait=0)

    return asyncio.run(later())


def refund(server: Server, way: str, wanted: Any = None, client: Any = None, **said: Any) -> Any:
    """Refund in one call what is wanted of the order, by default what is usual here."""
    usual, beside = WISHES[server.api]
    wanted = usual if wanted is None and "amount" not in said else wanted
    options = client or {}
    return act(server, way, lambda one: one.refund(ORDERS[server.api], wanted, **beside | said), **options)


def bodies(server: Server) -> list[dict[str, Any]]:
    """Return the bodies of the refunds that arrived, without the key that a client adds."""
    operation = operations.get(operation_of(server.api))
    texts = [request.body for request in server.requests("refund")]
    if operation.xml:
        texts = [encode(read_xml(text, operation.schema()).value) for text in texts]
    return [{name: part for name, part in decode(text, dict).items() if name != "idempotencyKey"} for text in texts]


def operation_of(api: str) -> Any:
    """Return the operation that the one call makes, as the spec says."""
    nodes = [node for path in spec(api)["paths"].values() for node in path.values() if isinstance(node, dict)]
    return f"{api}.{next(node['operationId'] for node in nodes if node.get('x-one-call') == 'refund')}"


@APIS
@WAYS
def test_one_call_sends_exactly_the_draft(api: Api, way: str) -> None:
    """What is sent is what `draft` writes for the same wish; the guard has read the order again before."""
    with serving(api) as server:
        dry = refund(server, way, dry_run=True)
        assert server.requests("refund") == []
        reads = len(server.requests("read"))
        refund(server, way)
        assert server.made == 1
        assert bodies(server) == [decode(encode(dry.body), dict)]
        assert len(server.requests("read")) == 3 * reads


@APIS
@WAYS
def test_a_dry_run_gives_the_draft_and_sends_nothing(api: Api, way: str) -> None:
    """Body, request, report and a line of summary, as `refundkit.draft` gives them of the order as it stands."""
    with serving(api) as server:
        before = server.state()[0]
        dry = refund(server, way, dry_run=True)
        assert server.requests("refund") == []
        assert server.state()[0] == before
    assert dry.report.ok
    assert not dry.report.findings
    assert dry.request["operation"] == operation_of(api)
    assert dry.request["body"] == decode(encode(dry.body), dict)
    assert ORDERS[api] in dry.request["path"].values()
    assert f"of order {ORDERS[api]}; " in dry.summary


@APIS
@WAYS
def test_all_that_is_left_goes_back_once(api: Api, way: str) -> None:
    """ALL gives back what is left; a second time there is nothing left, and nothing is sent."""
    with serving(api) as server:
        refund(server, way, ALL, tax=None)
        assert server.made == 1
        with pytest.raises(DraftError, match=r"nothing|no shipped line") as raised:
            refund(server, way, ALL, tax=None)
        assert raised.value.sent == "no"
        assert len(server.requests("refund")) == 1


@APIS
@WAYS
@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"no such line": ALL}, "no line"),
        ("too many", "(is|are) left"),
        ({}, "nothing is wanted"),
    ],
)
def test_what_cannot_be_refunded_is_no_request(wanted: Any, said: str, api: Api, way: str) -> None:
    """An unknown line, more than there is and an empty wish raise DraftError, and nothing is sent."""
    with serving(api) as server:
        if wanted == "too many":
            wanted = dict.fromkeys(WISHES[api][0], pieces(1000))
        with pytest.raises(DraftError, match=said) as raised:
            refund(server, way, wanted)
        assert raised.value.sent == "no"
        assert server.requests("refund") == []


@APIS
@WAYS
def test_a_float_is_refused_before_anything_is_sent(api: Api, way: str) -> None:
    """Money as a float is a TypeError, and so is a word that `draft` does not know."""
    with serving(api) as server:
        for said in ({"wanted": {"1": 5.0}}, {"currency": "USD"}):
            with pytest.raises(TypeError):
                refund(server, way, **said)
        assert server.requests("refund") == []


@APIS
@WAYS
def test_an_order_that_cannot_be_read_is_not_refunded(api: Api, way: str) -> None:
    """RefundNotChecked with RF006, and the answer to the reading as its cause, as from the guard."""
    with serving(api) as server:
        server.fail("read", Fault(answer=Answer(404, {"content-type": "application/json"}, b"{}")))
        with pytest.raises(RefundNotChecked) as raised:
            refund(server, way)
        assert raised.value.sent == "no"
        assert isinstance(raised.value.__cause__, StatusError)
        assert [finding.code for finding in raised.value.report.findings] == ["RF006"]
        assert server.requests("refund") == []


@APIS
@WAYS
def test_a_reading_that_fails_for_a_moment_is_repeated(api: Api, way: str) -> None:
    """A server that is busy for a moment delays the refund, and no more."""
    with serving(api) as server:
        server.fail_first("read", Fault(answer=Answer(503, {}, b"")))
        refund(server, way)
        assert server.made == 1


@APIS
@WAYS
def test_the_guard_checks_what_was_drafted(api: Api, way: str) -> None:
    """A refund that someone else makes after the draft blocks it: the guard holds it to the order as it is then."""
    with serving(api) as server:
        rest = refund(server, way, ALL, tax=None, dry_run=True)
        sent: list[Any] = []

        def race(request: Any) -> None:
            if request.method == "POST" and "refund" in request.url.path and not sent:
                sent.append(request)
                refund(server, "sync", ALL, tax=None)

        async def race_async(request: Any) -> None:
            await asyncio.to_thread(race, request)

        hooks = {"request": [race if way == "sync" else race_async]}
        with pytest.raises(RefundBlocked) as raised:
            refund(server, way, client={"hooks": hooks})
        assert raised.value.sent == "no"
        assert {finding.code for finding in raised.value.report.failures} & {"RF203", "RF204", "RF401"}
        assert bodies(server) == [decode(encode(rest.body), dict)]


@WAYS
def test_the_answer_about_another_order_is_not_drafted(way: str) -> None:
    """An order that is not the one that was asked for is refused, in a dry run as well."""
    with serving("walmart") as server:
        server.fail("read", Fault(made=True, rewrites=(b"2961380412345", b"2961380412346")))
        for dry_run in (True, False):
            with pytest.raises(RefundBlocked, match="RF501"):
                refund(server, way, dry_run=dry_run)
        assert server.requests("refund") == []


@APIS
@WAYS
def test_a_refusal_is_told_as_on_the_long_way(api: Api, way: str) -> None:
    """RefundRefused, with the server's status."""
    with serving(api) as server:
        server.fail("refund", Fault(answer=Answer(400, {"content-type": "application/json"}, b"{}")))
        with pytest.raises(RefundRefused) as raised:
            refund(server, way)
        assert raised.value.status == 400


@APIS
@WAYS
def test_a_lost_answer_can_be_resolved(api: Api, way: str) -> None:
    """RefundOutcomeUnknown, which tells that the refund was made; it was sent once, or again under one key."""
    with serving(api) as server:
        server.fail("refund", LOST)
        assert refund(server, way) in (Outcome.MADE, Outcome.RECORDED_ONLY)
        assert server.made == 1


@WAYS
@pytest.mark.parametrize("order_id", ["..", ""])
def test_an_id_that_leads_elsewhere_is_refused(order_id: str, way: str) -> None:
    """An order id that makes the path another one never leaves."""
    with serving("walmart") as server:
        with pytest.raises(NotSent, match="lead to no order"):
            act(server, way, lambda shop: shop.refund(order_id, ALL, reason="DamagedItem"))
        assert server.seen == []


@WAYS
def test_earlier_refunds_of_all_pages_count(way: str) -> None:
    """What 130 earlier refunds gave back is not given back again."""
    with serving("woocommerce") as server:
        fill(server)
        order = server.shop.orders["1204"]
        earlier = [Decimal(each["amount"]) for each in server.shop.refunds("1204")]
        dry = refund(server, way, ALL, tax=None, dry_run=True)
        assert len(earlier) > 100
        assert Decimal(dry.body.amount) == Decimal(order["total"]) - sum(earlier)


@WAYS
def test_an_amount_of_the_order_is_one_call_too(way: str) -> None:
    """A shop refunds an amount of the order by itself."""
    with serving("woocommerce") as server:
        refund(server, way, amount="1.00", tax=None)
        assert bodies(server) == [{"amount": "1.00"}]


@APIS
def test_each_one_call_has_a_draft(api: Api) -> None:
    """The operation that the spec names can be drafted."""
    short = operation_of(api).partition(".")[2]
    assert callable(getattr(apis.find_module(api, "draft"), short))
    with pytest.raises(DraftError, match="nothing is wanted"):
        draft(operation_of(api), b"{}")
