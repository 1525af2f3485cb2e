"""Two hundred misuses of the library: each raises an error of one root, whose words name what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import refundkit
import story
import users
from refundkit import auth, connect, models, operations, testing
from refundkit import guard as guards
from refundkit.errors import UsageError

US = "walmart.refund_order_lines"
ORDER = story.story(US)["order"]
# What is called with names and values that a type checker refuses.
check: Any = refundkit.check
draft: Any = refundkit.draft
balance: Any = refundkit.balance
encode: Any = refundkit.encode
decode: Any = refundkit.decode
config: Any = refundkit.Config
opened: Any = connect
known: Any = models
pieces: Any = refundkit.pieces
signed: Any = auth.WooCommerceOAuth
server: Any = testing.server
guard: Any = guards.GuardTransport
journal_at: Any = refundkit.journal.open
Act = Callable[[], Any]
NO_IDS: tuple[Any, ...] = (
    None,
    "",
    " ",
    ".",
    "..",
    1.5,
    float("nan"),
    Decimal("NaN"),
    True,
    b"1204",
    [1204],
    {"id": 1},
)
NO_TIMEOUTS: tuple[Any, ...] = (0, -1, "3", True, float("nan"), [3])


def misuses() -> Iterator[tuple[str, Act, tuple[str, ...]]]:
    """Yield what is wrong, a call that does it, and words of its error."""
    yield from misused_checks()
    yield from misused_configurations()
    yield from misused_drafts()
    yield from misused_calls()
    yield from misused_connections()
    yield from misused_texts()
    yield from misused_servers()


def misused_checks() -> Iterator[tuple[str, Act, tuple[str, ...]]]:
    name: Any
    part: Any
    url: Any
    require: Any
    value: Any
    fail_on: Any
    for name in (None, 3, b"walmart.refund_order_lines", ["walmart"], "", "walmart", "walmart.refund", "ferry.refund"):
        yield f"operation {name!r}", partial(check, name, {}), ("operation", repr(name))
        yield f"operation {name!r} of a balance", partial(balance, name, ORDER), ("operation", repr(name))
    for part in ("path", "query", "headers"):
        for value in ("id=1", 3, ["id"], b"id", {"id"}):
            yield f"{part} {value!r}", partial(check, US, {}, **{part: value}), (part, "give a dict")
    for url in (3, b"https://x.example", ["x"]):
        yield f"url {url!r}", partial(check, US, {}, url=url), ("url", "give a text")
    for require in ("order", 3, ["ordr"], ["order", 3], [None], {"body"}):
        yield f"require {require!r}", partial(check, US, {}, require=require), ("require",)
    for value in ({}, {"ignore": ["RF2"]}, "pyproject.toml", 3):
        yield f"config {value!r}", partial(check, US, {}, config=value), ("config", "refundkit.Config")
    for fail_on in ("warnings", "", 0):
        yield f"fail_on {fail_on!r}", partial(check, US, {}, fail_on=fail_on), ("fail_on", "warning")
    yield "a report as a condition", lambda: bool(check(US, {})), (".ok", "raise_for_errors")
    yield "a body of a reading operation", lambda: refundkit.reference("walmart.get_order"), ("takes no body",)


def misused_configurations() -> Iterator[tuple[str, Act, tuple[str, ...]]]:
    name: Any
    value: Any
    for name in ("select", "ignore", "exclude", "rules"):
        for value in ("RF2", 3, [3], {"RF2": 1}, None):
            yield f"{name} {value!r}", partial(config, **{name: value}), (name, "a list of texts")
    for name in ("severity", "files"):
        for value in ("RF2", 3, ["RF2"], {"RF2": 3}, {3: "error"}):
            yield f"{name} {value!r}", partial(config, **{name: value}), (name, "a dict of texts")
    for value in ("a", {"a": "RF2"}, {"a": 3}, ["a"]):
        yield f"per_file_ignores {value!r}", partial(config, per_file_ignores=value), ("a dict of lists",)
    for name in ("order", "refunds", "folder"):
        yield name, partial(config, **{name: 3}), (name, "a text")
    yield "an unknown rule", lambda: config(ignore=["RF999"]), ("unknown rule 'RF999'",)
    yield "an unknown severity", lambda: config(severity={"RF214": "loud"}), ("'loud' of RF214",)
    yield "files of an unknown operation", lambda: config(files={"*.json": "walmart.refund"}), ("unknown operation",)
    yield "a file that is not there", lambda: config.load("nowhere.toml"), ("nowhere.toml",)
    yield "no file", lambda: config.load(None), ("path is None", "pyproject.toml")


def misused_drafts() -> Iterator[tuple[str, Act, tuple[str, ...]]]:
    wanted: Any
    money: Any
    count: Any
    tax: Any
    for wanted in (None, {}, [], ()):
        yield f"wanted {wanted!r}", partial(draft, US, ORDER, wanted), ("nothing is wanted",)
    for wanted in ("all", 3, [1], ("1", "5.00")):
        yield f"wanted {wanted!r}", partial(draft, US, ORDER, wanted), ("wanted", "ALL")
    for money in (5.0, float("nan"), True, None, b"5", "five", "", "-5", "0", "NaN", "Infinity", Decimal("sNaN")):
        yield f"money {money!r}", partial(draft, US, ORDER, {"1": money}, tax="none"), ("money",)
    for count in (1.5, None, True, "x", 0, -1):
        yield f"pieces {count!r}", partial(pieces, count), ("pieces",)
    for tax in ("add", "", 3, True):
        yield f"tax {tax!r}", partial(draft, US, ORDER, {"1": "5.00"}, tax=tax), ("tax", '"included"')
    yield "no order", lambda: draft(US, None, refundkit.ALL), ("the order could not be read",)
    yield (
        "a draft of a read",
        lambda: draft("walmart.get_order", ORDER, refundkit.ALL),
        ("walmart.get_order",),
    )


def misused_calls() -> Iterator[tuple[str, Act, tuple[str, ...]]]:
    for api in operations.APIS:
        for order_id in NO_IDS:
            act = call(api, order_id)
            yield f"{api} id {order_id!r}", act, ("id is", repr(order_id))
        for timeout in NO_TIMEOUTS:
            act = call(api, "1204", timeout=timeout)
            yield f"{api} call with timeout {timeout!r}", act, ("timeout is", "seconds above zero")


def misused_connections() -> Iterator[tuple[str, Act, tuple[str, ...]]]:
    name: Any
    value: Any
    text: Any
    url: Any
    for timeout in NO_TIMEOUTS:
        act = partial(opened.walmart, "an-id", "a-secret", timeout=timeout)
        yield f"connection with timeout {timeout!r}", act, ("timeout is", "seconds above zero")
    for name, value in (("mode", "rep"), ("mode", 3), ("fail_on", "errors"), ("fail_on", 3)):
        act = partial(opened.walmart, "an-id", "a-secret", **{name: value})
        yield f"{name} {value!r}", act, (name, repr(value), "known are")
    for text in (None, "", " an-id", 3, "\N{SNOWMAN}"):
        yield f"client id {text!r}", partial(opened.walmart, text, "a-secret"), ("client_id", "printable ASCII")
        yield f"key {text!r}", partial(signed, text, "cs"), ("key", "printable ASCII")
    for url in ("", "shop.example", "ftp://shop.example", None, 3):
        yield f"shop {url!r}", partial(opened.woocommerce, url, "ck", "cs"), ("url ", "https://")
    for name, value in (("attempts", 0), ("attempts", "3"), ("first", -1), ("longest", float("nan")), ("first", True)):
        yield f"{name} {value!r}", partial(opened.Retry, **{name: value}), (name, "give a number")
    for journal in ("refunds.sqlite", 3, {"lease": 600}):
        act = partial(opened.walmart, "an-id", "a-secret", journal=journal)
        yield f"connection with the journal {journal!r}", act, ("journal is a", "refundkit.journal.open")
        act = partial(guard, None, journal=journal)
        yield f"guard with the journal {journal!r}", act, ("journal is a", "refundkit.journal.open")
    for address in (None, "", 3, b"refunds.sqlite"):
        yield f"journal at {address!r}", partial(journal_at, address), ("address is", "postgresql://")
    for name, value in (("lease", 0), ("lease", "3"), ("wait", -1), ("wait", float("nan")), ("lease", None)):
        yield f"{name} {value!r}", partial(journal_at, "refunds.sqlite", **{name: value}), (name, repr(value))
    yield "an unknown option", lambda: opened.walmart("an-id", "a-secret", timeut=3), ("did you mean 'timeout'",)
    yield "an unknown market", lambda: opened.walmart("an-id", "a-secret", market="uk"), ("'us' or 'ca'",)
    yield "an unknown API", lambda: opened.api("walmrt"), ("did you mean 'walmart'",)
    yield "an API without an address", lambda: opened.api("woocommerce"), ("base_url=",)
    yield "no credentials", lambda: opened.taxcloud("a-connection"), ("api_key or token",)


def misused_texts() -> Iterator[tuple[str, Act, tuple[str, ...]]]:
    value: Any
    text: Any
    for value in (object(), lambda: None, "\ud800", Decimal("NaN")):
        yield f"encode {type(value).__name__}", partial(encode, value), ("JSON",)
    for value in ({}, None, 3, models.walmart.Money(amount=Decimal(1), currency="USD")):
        yield f"encode {value!r} for the wire", partial(encode, value, wire=True), ("no model of a request",)
    order = models.walmart.OrderResponse
    for text in (b"", b"{", "{}", "[]", b"\xff", "<a/>", "<order", '{"order": {"purchaseOrderId": 1}}'):
        yield f"decode {text!r}", partial(decode, order, text), ("OrderResponse",)
    yield "decode nothing", lambda: decode(order, None), ("a class and a text",)
    yield "decode a name", lambda: decode("OrderResponse", b"{}"), ("a class and a text",)
    yield "XML of an API without", lambda: decode(models.woocommerce.Order, "<order/>"), ("never XML",)
    yield "a currency", lambda: known.as_currency("usd"), ("'usd' is not a currency code",)
    yield "a reason", lambda: known.as_refund_reason("Damaged"), ("did you mean 'DamagedItem'",)
    yield "an operation", lambda: known.as_operation_name("walmart.get_ordr"), ("did you mean 'walmart.get_order'",)


def misused_servers() -> Iterator[tuple[str, Act, tuple[str, ...]]]:
    yield "a server of an unknown API", lambda: server("walmrt"), ("did you mean 'walmart'",)
    yield "an unknown version", lambda: server("woocommerce", faithful="9"), ("faithful='9'", "11.0.1")
    yield "a delay backwards", lambda: server("walmart", delay=(2, 1)), ("delay", "such as")
    yield "an unknown order", lambda: server("walmart").add_order("shiped"), ("did you mean 'shipped'",)
    yield "an order that is none", lambda: server("walmart").add_order({"id": 1}), ("no get-order response of walmart",)
    yield "a failure that is none", lambda: server("walmart").fail_next(200), ("fail_next(503)",)
    yield "no time", lambda: server("walmart").fail_next(times=0), ("times=2",)
    yield "an unknown operation", lambda: server("walmart").fail_next(operation="get"), ("no operation 'get'",)
    yield "a gateway of a documented shop", lambda: server("woocommerce").add_order(gateway="error"), ("faithful=",)


def call(api: str, order_id: Any, **options: Any) -> Act:
    """Return a call of get_order with a ready client, in this process, which fails where a request was sent."""

    def run() -> None:
        shop = testing.server(api)
        try:
            with users.connection(api, "https://shop.test", transport=shop.transport) as client:
                client.get_order(order_id, **options)
        finally:
            assert not shop.requests

    return run


MISUSES = list(misuses())


@pytest.mark.parametrize(("act", "words"), [pytest.param(act, words, id=name) for name, act, words in MISUSES])
def test_a_misuse_says_what_to_give(act: Act, words: tuple[str, ...]) -> None:
    """A misuse raises UsageError, or RefundNotSent where it is a refund that is asked for, with words that help."""
    with pytest.raises((UsageError, refundkit.RefundNotSent)) as caught:
        act()
    assert [word for word in words if word not in str(caught.value)] == []


def test_there_are_two_hundred_misuses() -> None:
    """The list of misuses is long, and tries nothing twice."""
    assert len({name for name, _, _ in MISUSES}) == len(MISUSES) >= 200


@pytest.mark.parametrize(("module", "name"), [(refundkit, "chek"), (models, "WalmartClent")])
def test_a_name_that_is_nearly_right_is_suggested(module: Any, name: str) -> None:
    """An attribute that a module lacks is an AttributeError with the nearest name."""
    with pytest.raises(AttributeError, match="did you mean"):
        getattr(module, name)
