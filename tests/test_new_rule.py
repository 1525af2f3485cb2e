"""A user's rule runs everywhere: in check(), the command, a batch, the guard and both audit engines."""

from __future__ import annotations

import json
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import refundkit
import test_choice
from commands import Cli, Outcome, write
from refundkit import Config, Finding, RefundBlocked, operations
from refundkit.rule import REGISTRY, rule
from refundkit.xml_writer import write_xml
from story import story, text
from test_guard import Api

fresh_rules = test_choice.fresh_rules

REFUNDS = {
    "walmart": "walmart.refund_order_lines",
    "walmart_ca": "walmart_ca.refund_order_lines",
    "woocommerce_legacy": "woocommerce_legacy.create_refund",
    "taxcloud": "taxcloud.refund_order",
}
APIS = tuple(REFUNDS)
# Of each API: what its large refunds are above, and fields of its order that no built-in rule reads.
LIMITS = {"walmart": "25", "walmart_ca": "25", "woocommerce_legacy": "35", "taxcloud": "0.75"}
_WALMART = ("order.order.shipping_info.postal_address.city", "order.order.order_lines.order_line[0].item.sku")
FIELDS = {
    "walmart": _WALMART,
    "walmart_ca": _WALMART,
    "woocommerce_legacy": ("order.order.billing_address.city", "order.order.line_items[0].sku"),
    "taxcloud": ("order.destination.city", "order.customer_id"),
}
RULES = '''

@rule("{half}", "more-than-half-{name}", on=["{api}"])
def more_than_half(ledger):
    """More than half of what an account was charged goes back."""
    for account in ledger.accounts:
        if (account.before + account.now) * 2 > account.charged:
            yield account.finding(f"{{account.now}} of {{account.charged}}, after {{account.before}}")


@rule("{large}", "large-{name}", on=["{api}"])
def large(refund):
    """The refund is large."""
    for posting in refund.postings:
        if posting.amount > Decimal("{limit}"):
            yield finding(posting.pointer, f"{{posting.amount}} at once")


@rule("{field}", "where-and-what-{name}", severity="warning", on=["{api}"])
def where_and_what(order):
    """A field of the order that nothing else looks at."""
    return finding("order:", " / ".join([{fields}]))
'''
# How the escapes are written in JSON and in XML, and what they say.
CITY, SKU = "a-city-of-our-own", "an-sku-of-our-own"
IN_JSON = {CITY: r"Tr\u003coy \u0026 Co", SKU: r"\u00e9\/\"1\u003e"}
IN_XML = {CITY: "Tr&lt;oy &#38; Co", SKU: '&#xe9;/"1&gt;'}
DECODED = 'Tr<oy & Co / é/"1>'


def code(group: int, api: str) -> str:
    """Return the id of an API's rule of a group: 0 reads the ledger, 1 the refund, 2 the order."""
    return f"RF9{group}{APIS.index(api)}"


@pytest.fixture
def config(folder: Path) -> Config:
    """A configuration file that names a file with three rules for each API."""
    return write_config()


def write_config() -> Config:
    rules = "".join(
        RULES.format(
            half=code(0, api),
            large=code(1, api),
            field=code(2, api),
            name=api.replace("_", "-"),
            api=api,
            limit=LIMITS[api],
            fields=", ".join(FIELDS[api]),
        )
        for api in APIS
    )
    write("ours.py", f"from decimal import Decimal\n\nfrom refundkit import finding, rule\n{rules}")
    return Config.load(write("refundkit.toml", 'rules = ["ours.py"]'))


def request(api: str, *, large: bool = False) -> dict[str, Any]:
    """Return a refund of less than half of its order."""
    asked = deepcopy(story(REFUNDS[api]))
    body = asked["body"]
    if api == "taxcloud":
        body |= {"items": [{"itemId": "OIL-LITRE", "quantity": Decimal("1.0" if large else "0.5")}]}
        del body["idempotencyKey"]
    elif api == "woocommerce_legacy":
        asked["body"] = {"order_refund": {"amount": "40.00" if large else "30.80"}}
    else:
        (line,) = body["orderRefund"]["orderLines"]["orderLine"]
        charges = line["refunds"]["refund"][0]["refundCharges"]
        charges["refundCharge"] = charges["refundCharge"][:1]
        charge = charges["refundCharge"][0]["charge"]
        charge["chargeAmount"]["amount"] = Decimal("-30.00" if large else "-15.00")
        charge["tax"]["taxAmount"]["amount"] = Decimal("-1.00")
    return asked


def check(asked: dict[str, Any], config: Config, **changes: Any) -> refundkit.Report:
    arguments: dict[str, Any] = {name: asked[name] for name in ("path", "query", "headers")}
    arguments |= {name: text(asked[name]) for name in ("body", "order", "refunds") if name in asked}
    return refundkit.check(asked["operation"], **{**arguments, "config": config, **changes})


def ours(findings: Any) -> set[str]:
    """Return the ids of this module's rules among findings."""
    return {each.code for each in findings if each.code.startswith("RF9")}


def codes(outcome: Outcome) -> dict[int, set[str]]:
    """Return the ids of this module's rules for each record of the JSON output."""
    found: dict[int, set[str]] = {}
    for each in outcome.document["findings"]:
        if each["code"].startswith("RF9"):
            found.setdefault(each["record"], set()).add(each["code"])
    return found


# A rule that reads the ledger, and one that reads the refund.


@pytest.mark.parametrize("api", APIS)
def test_check_runs_a_new_rule(config: Config, api: str) -> None:
    """check() runs a user's rules for their API; without an order only those that need none."""
    quiet, large = check(request(api), config), check(request(api, large=True), config)
    assert ours(quiet.findings) == {code(2, api)}
    assert ours(large.findings) == {code(group, api) for group in range(3)}
    alone = check(request(api, large=True), config, order=None, refunds=None)
    assert ours(alone.findings) == {code(1, api)}
    (missing,) = [entry for entry in alone.not_run if entry.missing == "order"]
    assert {code(0, api), code(2, api)} <= set(missing.codes)


@pytest.mark.parametrize("api", APIS)
def test_command_runs_a_new_rule(cli: Cli, config: Config, api: str) -> None:
    """The command loads a user's rules from the configuration in its folder."""
    file = write("r.json", text(request(api, large=True)))
    outcome = cli("check", "--output-format", "json", file)
    assert outcome.status == 1
    assert codes(outcome)[1] == {code(group, api) for group in range(3)}
    assert codes(cli("check", "--output-format", "json", "--isolated", file)) == {}


@pytest.mark.parametrize("api", APIS)
def test_batch_runs_a_new_rule(cli: Cli, config: Config, api: str) -> None:
    """In a batch of two small records, only the second is a finding of the new rule."""
    file = write("r.jsonl", b"\n".join(text(request(api)) for _ in range(2)))
    found = codes(cli("check", "--output-format", "json", "--batch", file))
    assert found == {1: {code(2, api)}, 2: {code(0, api), code(2, api)}}


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize("api", APIS)
def test_guard_runs_a_new_rule(config: Config, api: str, way: str) -> None:
    """The guard reads the order for a new rule, and blocks a refund with its finding."""
    server = Api(REFUNDS[api])
    server.story = request(api)
    assert server.send(way, fetch_context=True, config=config).status_code == 200
    server.arrived.clear()
    server.story = request(api, large=True)
    with pytest.raises(RefundBlocked) as rejected:
        server.send(way, fetch_context=True, config=config)
    assert ours(rejected.value.report.findings) == {code(group, api) for group in range(3)}
    assert {sent.method for sent in server.arrived} == {"GET"}


# The audit: two small refunds of each order, then the same with a large one.


class History(NamedTuple):
    """Rows of requests and of orders."""

    requests: list[dict[str, Any]]
    orders: list[dict[str, Any]]


def history() -> History:
    rows = History([], [])
    for api in APIS:
        for day, large in enumerate((False, False, True), 1):
            asked = request(api, large=large)
            texts = {name: text(asked[name]).decode() for name in ("path", "headers", "body")}
            rows.requests.append({"operation": REFUNDS[api], "time": f"2026-01-0{day}T00:00:00Z", **texts})
        rows.orders.append({"order": escaped(api).decode(), "api": api, "order_id": order_id(api)})
    return rows


def order_id(api: str) -> str:
    names = {"taxcloud": "orderId", "woocommerce_legacy": "id"}
    return str(story(REFUNDS[api])["path"][names.get(api, "purchaseOrderId")])


def escaped(api: str, *, xml: bool = False) -> bytes:
    """Return the API's order with escapes in its text, as JSON or as XML."""
    order = deepcopy(story(REFUNDS[api])["order"])
    if api == "taxcloud":
        order["destination"]["city"], order["customerId"] = CITY, SKU
    elif api == "woocommerce_legacy":
        order["order"]["billing_address"]["city"], order["order"]["line_items"][0]["sku"] = CITY, SKU
    else:
        order["order"]["shippingInfo"]["postalAddress"]["city"] = CITY
        order["order"]["orderLines"]["orderLine"][0]["item"]["sku"] = SKU
    written = text(order)
    if xml:
        schema = operations.get(f"{api}.get_order").schema("200")
        written = write_xml(json.loads(written, parse_float=Decimal), schema)
    for name, escape in (IN_XML if xml else IN_JSON).items():
        written = written.replace(name.encode(), escape.encode())
    return written


def expected() -> list[tuple[int, str, str]]:
    """Return row, id and message of the new rules' findings in the history."""
    found = []
    for first, api in zip(range(0, 3 * len(APIS), 3), APIS, strict=True):
        found += [(first + row, code(2, api), DECODED) for row in range(3)]
        found += [(first + 1, code(0, api), ""), (first + 2, code(0, api), ""), (first + 2, code(1, api), "")]
    return sorted(found)


def audited(rows: list[dict[str, Any]]) -> list[tuple[int, str, str]]:
    """Return the new rules' findings of an audit, in the form of `expected`."""
    told = [(row["row"], row["code"], row["message"]) for row in rows if row["code"].startswith("RF9")]
    return sorted((row, code, message if code.startswith("RF92") else "") for row, code, message in told)


@pytest.mark.audit
def test_audit_runs_a_new_rule(cli: Cli, config: Config) -> None:
    """A user's rules run in the audit's worker processes, with the decoded order and earlier refunds."""
    write("requests.jsonl", "\n".join(map(json.dumps, history().requests)))
    write("orders.jsonl", b"\n".join(b'{"order": %s, "api": "%s"}' % (escaped(api), api.encode()) for api in APIS))
    flags = ("--requests", "requests.jsonl", "--orders", "orders.jsonl", "--out", "found.jsonl", "--jobs", "1")
    outcome = cli("audit", *flags)
    assert (outcome.status, outcome.err) == (1, "")
    lines = Path("found.jsonl").read_text("utf-8").splitlines()
    assert audited([json.loads(line) for line in lines]) == expected()


@pytest.mark.spark
def test_spark_runs_a_new_rule(folder: Path) -> None:
    """A user's rules have the same findings on Spark as in the embedded engine."""
    from refundkit.audit import session, spark

    rows = history()
    numbered = [{"row": number, **row} for number, row in enumerate(rows.requests)]
    with session.start_session("local[2]") as local:
        requests, orders = (
            local.createDataFrame([tuple(row.values()) for row in each], list(each[0]))
            for each in (numbered, rows.orders)
        )
        found = spark.findings(requests, orders=orders, config=write_config()).toArrow().to_pylist()
    assert audited(found) == expected()


# A field of the order that no built-in rule reads, and escapes in its text.


@pytest.mark.parametrize("form", ["bytes", "text", "data"])
@pytest.mark.parametrize("api", APIS)
def test_check_shows_a_rule_the_whole_order(config: Config, api: str, form: str) -> None:
    """A rule gets every field of the order, decoded, in whichever form it was given."""
    order: Any = escaped(api)
    order = {"bytes": order, "text": order.decode(), "data": json.loads(order, parse_float=Decimal)}[form]
    report = check(request(api), config, order=order)
    assert [each.message for each in report.findings if each.code == code(2, api)] == [DECODED]


@pytest.mark.parametrize("arguments", [(), ("--batch",)], ids=["apart", "batch"])
@pytest.mark.parametrize("place", ["request", "file"])
@pytest.mark.parametrize("api", APIS)
def test_command_shows_a_rule_the_whole_order(
    cli: Cli, config: Config, api: str, place: str, arguments: tuple[str, ...]
) -> None:
    """A rule gets every field of an order in the request, in its own file and in a batch."""
    asked = request(api)
    del asked["order"]
    written = text(asked)
    if place == "request":
        written = written[:-1] + b',"order":' + escaped(api) + b"}"
    else:
        arguments += ("--order", write("order.json", escaped(api)))
    outcome = cli("check", "--output-format", "json", *arguments, write("r.jsonl", written + b"\n"))
    found = [each["message"] for each in outcome.document["findings"] if each["code"] == code(2, api)]
    assert found == [DECODED]


class Shop(Api):
    """An API whose order has escapes in its text."""

    def order(self) -> bytes:
        api = self.operation.api
        return escaped(api, xml=api == "walmart_ca")


@pytest.mark.parametrize("api", APIS)
def test_guard_shows_a_rule_the_whole_order(config: Config, api: str) -> None:
    """A rule gets the order of the API's response, decoded from JSON or XML."""
    shop = Shop(REFUNDS[api])
    shop.story = request(api)
    reports: list[refundkit.Report] = []
    assert shop.send("sync", fetch_context=True, config=config, on_report=reports.append).status_code == 200
    assert [each.message for each in reports[0].findings if each.code == code(2, api)] == [DECODED]


# Traits.

TRAITS = {
    "charges": {"walmart.refund_order_lines", "walmart_ca.refund_order_lines"},
    "pieces": {"taxcloud.refund_order", "walmart.refund_return"},
    "cancels": {"walmart.cancel_order_lines", "walmart_ca.cancel_order_lines"},
    "order_total": {
        "woocommerce.create_refund",
        "woocommerce_legacy.create_refund",
        "woocommerce_legacy.update_refund",
    },
}


def operations_that_run(run_code: str) -> set[str]:
    """Return the operations for whose valid request a rule has a finding."""
    spoken = set()
    for name in operations.names():
        if run_code in {each.code for each in check(story(name), Config()).findings}:
            spoken.add(name)
    return spoken


@pytest.mark.parametrize("trait", sorted(TRAITS))
def test_rule_for_a_trait_runs_where_the_trait_is(trait: str) -> None:
    """A rule for a trait runs for exactly the operations with that trait."""

    @rule("RF950", "of-a-trait", on=(trait,))
    def of_a_trait(request: Any) -> Finding:
        """Speaks of every request."""
        return refundkit.finding("", "seen")

    assert operations_that_run("RF950") == TRAITS[trait]


def test_rule_for_nothing_in_particular_runs_everywhere() -> None:
    """A rule without `on` runs for every operation."""

    @rule("RF951", "of-everything")
    def of_everything(request: Any) -> Finding:
        """Speaks of every request."""
        return refundkit.finding("", "seen")

    assert operations_that_run("RF951") == set(operations.names())


def test_rule_runs_though_it_comes_after_the_first_check() -> None:
    """A rule that is registered after a check runs in later checks."""
    body = text(story("taxcloud.refund_order")["body"])
    assert refundkit.check("taxcloud.refund_order", body).ok

    @rule("RF952", "late")
    def late(body: Any) -> Finding:
        """Speaks of every body."""
        return refundkit.finding("", "seen")

    assert ours(refundkit.check("taxcloud.refund_order", body).findings) == {"RF952"}


def test_rules_of_a_test_are_gone_after_it() -> None:
    """A test's rules are not registered in later tests."""
    assert not [known for known in REGISTRY if known.startswith("RF9")]
