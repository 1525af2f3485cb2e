"""The command line: whole requests, and the parts of a request in flags."""

from __future__ import annotations

from typing import Any

import pytest
from commands import SHOP, UPDATE, US, Cli, asking, write
from refundkit import operations
from story import story, text

CURRENT = "woocommerce.create_refund"


def test_path_query_and_header_flags(check: Cli) -> None:
    """Flags give the rest of the request; a finding about them has no line and no column."""
    write("r.json", '{"order_refund": {"amount": "1.00"}}')
    found = check(
        *("--as", SHOP, "--path", "id=12a", "--query", "api_refund=false", "--query", "x=a=b"),
        *("--header", "Accept=text/csv", "--header", "Content-Type=text/csv", "r.json"),
    )
    findings = found.document["findings"]
    assert [(one["code"], one["pointer"]) for one in findings] == [
        ("RF505", "path:id"),
        ("RF507", "query:api_refund"),
        ("RF508", "header:Accept"),
        ("RF508", "header:Content-Type"),
    ]
    assert {(one["file"], one["line"], one["column"]) for one in findings} == {("r.json", None, None)}


def test_request_s_own_word_wins_over_a_flag(check: Cli) -> None:
    """What a whole request says of itself wins over a flag, which fills what it leaves open."""
    write("r.json", asking(UPDATE, '"path": {"id": "1204"}, "body": {"order_refund": {}}'))
    assert check("--path", "id=abc", "--path", "refund_id=xyz", "r.json").only["pointer"] == "path:refund_id"


def test_headers_of_a_flag_meet_those_of_the_request_without_case(check: Cli) -> None:
    """A header of the request replaces a flag's of the same name, however either is written."""
    request = story(US)
    write("r.json", text(request))
    assert check("--header", "accept=text/csv", "r.json").codes == []


def test_whole_request_in_yaml(check: Cli) -> None:
    """A whole request may be YAML; the header's place is its line in the file."""
    write(
        "r.yaml",
        f"operation: {SHOP}\npath: {{id: 1204}}\nheaders:\n  Accept: text/csv\nbody:\n  order_refund: {{amount: 12}}\n",
    )
    found = check("r.yaml").only
    assert (found["code"], found["pointer"], found["line"], found["column"]) == ("RF508", "header:Accept", 4, 11)


def whole(**parts: Any) -> bytes:
    """A whole request of a shop's refund, with some parts changed."""
    return text({"operation": SHOP, "body": {"order_refund": {"amount": "1.00"}}, **parts})


def test_request_by_operation(check: Cli) -> None:
    """A request may name its operation; its findings are at their lines of the file."""
    write(
        "r.json",
        asking(SHOP, '\n\n "path": {\n  "id": "12a"},\n "body": {"order_refund": {\n  "amount": "-1"}}\n'),
    )
    found = check("r.json").document["findings"]
    assert [(one["code"], one["pointer"], one["line"], one["column"]) for one in found] == [
        ("RF202", "/order_refund/amount", 6, 13),
        ("RF505", "path:id", 4, 9),
    ]


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("POST", "https://shop.example/wc-api/v3/orders/1204/refunds"),
        ("post", "http://localhost:8080/shop/wc-api/v3/orders/1204/refunds/?api_refund=0"),
        ("POST", "/wc-api/v3/orders/1204/refunds"),
    ],
)
def test_request_by_method_and_url(check: Cli, method: str, url: str) -> None:
    """A request may name its method and URL, from which operation, path and query follow."""
    write(
        "r.json",
        text({"method": method, "url": url, "body": {"order_refund": {"amount": "1.00", "refund_payment": True}}}),
    )
    found = check("r.json")
    assert found.codes == ([] if "api_refund=0" in url else ["RF216"])
    assert "path" not in {one["missing"] for one in found.document["not_run"]}
    assert {one["operation"] for one in found.document["not_run"]} == {SHOP}


@pytest.mark.parametrize(
    ("request_", "pointer"),
    [
        ({"operation": "woocommerce_legacy.create_refunds", "body": {}}, "request:/operation"),
        ({"method": "POST", "url": "https://shop.example/wc-api/v3/orders/1204", "body": {}}, "request:/url"),
        ({"method": "PATCH", "url": "https://shop.example/wc-api/v3/orders/1204/refunds", "body": {}}, "request:/url"),
    ],
)
def test_request_of_an_unknown_operation(check: Cli, request_: dict[str, Any], pointer: str) -> None:
    """A request whose operation no spec has is RF003 at what it says."""
    write("r.json", text(request_))
    found = check("r.json")
    assert (found.status, found.only["code"], found.only["pointer"]) == (1, "RF003", pointer)
    assert found.only["line"] == 1


def test_clash_with_as(check: Cli) -> None:
    """A request that says another operation than --as is RF003, and judged by neither."""
    write("r.json", whole())
    found = check("--as", US, "r.json").only
    assert found["code"] == "RF003"
    assert SHOP in found["message"]
    assert US in found["message"]
    assert check("--as", SHOP, "r.json").status == 0


def test_unknown_key_of_a_request(check: Cli) -> None:
    """An unknown key of a request is RF103 at `request:`, at the key's place, and the rest is judged."""
    write("r.json", asking(SHOP, '\n "quary": {},\n "body": {"order_refund": {"amount": "-1"}}'))
    found = check("r.json").document["findings"]
    (unknown,) = [one for one in found if one["code"] == "RF103"]
    assert (unknown["pointer"], unknown["line"], unknown["column"]) == ("request:/quary", 2, 2)
    assert "query" in unknown["help"]
    assert "RF202" in [one["code"] for one in found]


def test_key_of_a_request_twice(check: Cli) -> None:
    """A part of a request that stands twice is RF002, wherever it stands."""
    write(
        "r.json",
        asking(SHOP, '"body": {"order_refund": {"amount": 1}},\n "body": {"order_refund": {"amount": 2}}'),
    )
    found = check("r.json").only
    assert (found["code"], found["pointer"], found["line"]) == ("RF002", "request:/body", 2)
    write(
        "r.json",
        asking(SHOP, '"path": {"id": "1",\n "id": "2"}, "body": {"order_refund": {"amount": 1}}'),
    )
    found = check("r.json").only
    assert (found["code"], found["line"]) == ("RF002", 2)


def test_key_twice_in_each_request_of_a_batch(check: Cli) -> None:
    """A key that stands twice is found in the record it stands in, in every one of a batch, and in no other."""
    one = asking(SHOP, f'"operation": "{SHOP}", "body": {{"order_refund": {{"amount": 1, "amount": 2}}}}')
    good = asking(SHOP, '"body": {"order_refund": {"amount": 1}}')
    expected = [(record, code, pointer) for record in (2, 12) for code, pointer in TWICE]
    lines = [good] + [one] + [good] * 9 + [one]
    write("r.json", "[" + ",\n".join(lines) + "]")
    write("r.jsonl", "\n".join(lines))
    for name in ("r.json", "r.jsonl"):
        found = check(name).document["findings"]
        assert [(each["record"], each["code"], each["pointer"]) for each in found] == expected
        assert [each["line"] for each in found] == [record for record, _, _ in expected]


TWICE = [("RF002", "/order_refund/amount"), ("RF002", "request:/operation")]


def test_null_is_not_given(check: Cli) -> None:
    """A part that is null is not given: nothing is found in it, and the rules that want it did not run."""
    write("r.json", whole(path=None, query=None, headers=None, order=None, refunds=None))
    found = check("r.json")
    assert found.codes == []
    assert {one["missing"] for one in found.document["not_run"]} == {"order", "refunds", "path", "query", "headers"}


@pytest.mark.parametrize(
    ("part", "value"),
    [("path", []), ("headers", "Accept: text/csv"), ("query", {"a": {"b": 1}}), ("operation", 7), ("url", 7)],
)
def test_part_of_a_wrong_type(check: Cli, part: str, value: object) -> None:
    """A part that is of a wrong type is RF102 at `request:`, and no traceback."""
    write("r.json", whole(**{part: value}))
    found = check("r.json")
    assert found.status == 1
    assert ("RF102", f"request:/{part}") in {(one["code"], one["pointer"]) for one in found.document["findings"]}


def test_body_is_wanted(check: Cli) -> None:
    """A request without the body that its operation takes is an error; one of an operation without a body is none."""
    write("r.json", text({"operation": SHOP, "path": {"id": "1"}}))
    assert check("r.json").status == 1
    write("r.json", text({"operation": "woocommerce_legacy.delete_refund", "path": {"id": "1", "refund_id": "2"}}))
    assert check("r.json").status == 0


@pytest.mark.parametrize("operation", ["woocommerce_legacy.delete_refund", "walmart.get_order"])
def test_body_of_an_operation_without_one(check: Cli, operation: str) -> None:
    """A body that no schema holds, since the operation takes none, is said so and is no pass."""
    write("r.json", '{"order_refund": {"amount": "-1"}}')
    assert check("--as", operation, "r.json").status in (1, 2)
    write("r.json", asking(operation, '"body": {"order_refund": {"amount": "-1"}}'))
    assert check("r.json").status in (1, 2)


def test_bare_body_with_a_key_named_body(check: Cli) -> None:
    """`body` beside a key that no request has is no request but a bare body."""
    write("r.json", '{"body": {}, "orderRefund": {}}')
    assert check("--as", US, "r.json").status == 1
    assert ("RF103", "/body") in {
        (one["code"], one["pointer"]) for one in check("--as", US, "r.json").document["findings"]
    }


@pytest.mark.parametrize(
    ("wrong", "right", "body"),
    [
        (CURRENT, SHOP, {"order_refund": {"amount": "1.00"}}),
        (SHOP, CURRENT, {"amount": "1.00", "api_refund": False}),
        (US, "walmart.refund_return", {"customerOrderId": "1", "refundLines": []}),
    ],
)
@pytest.mark.parametrize("form", ["bare", "named", "by its URL"])
def test_a_body_of_another_operation_of_the_vendor(
    check: Cli, wrong: str, right: str, body: dict[str, Any], form: str
) -> None:
    """A body of which no field is known, and which another API or operation takes, is RF003 that names that one."""
    described = operations.get(wrong).described
    url = f"https://shop.example{described.path.replace('{', '').replace('}', '')}"
    parts = {"operation": wrong} if form == "named" else {"method": described.method, "url": url}
    write("r.json", text(body if form == "bare" else {**parts, "body": body}))
    found = check(*(("--as", wrong) if form == "bare" else ()), "r.json")
    (unknown,) = [one for one in found.document["findings"] if one["code"] == "RF003"]
    assert unknown["message"] == f"this is a body of {right}, not of {wrong}"
    assert right in unknown["help"]


def test_a_body_with_one_field_of_its_operation_is_its_own(check: Cli) -> None:
    """Where one field is known, the body is the operation's, whatever else is in it."""
    write("r.json", text({"amount": "1.00", "order_refund": {"amount": "1.00"}}))
    assert "RF003" not in check("--as", CURRENT, "r.json").codes


@pytest.mark.parametrize(
    ("method", "url", "near"),
    [
        ("POST", "https://shop.example/wp-json/wc/v2/orders/1204/refunds", CURRENT),
        ("POST", "https://shop.example/below/wp-json/wc/v3/order/1204/refund", CURRENT),
        ("DELETE", "https://shop.example/wp-json/wc/v2/orders/1204/refunds/1301", "woocommerce.delete_refund"),
        ("POST", "https://shop.example/wc-api/v2/orders/1204/refunds", SHOP),
        ("POST", "https://marketplace.walmartapis.com/v3/orders/2961380412345/refunds", US),
        ("POST", "https://marketplace.walmartapis.com/v3/return/108500000000001/refund", "walmart.refund_return"),
        ("POST", "https://api.v3.taxcloud.com/tax/connections/0b9a/orders/refund/SO-1", "taxcloud.refund_order"),
        ("POST", "https://shop.example/some/where", ""),
        ("POST", f"https://shop.example/wp-json/wc/v2/orders/{'1' * 500}/refunds", ""),
    ],
)
def test_a_url_of_no_operation_is_told_the_nearest(check: Cli, method: str, url: str, near: str) -> None:
    """RF003 of a URL names the operation of the vendor whose method and path are most like it."""
    write("r.json", text({"method": method, "url": url, "body": {}}))
    help_text = check("r.json").only["help"]
    expected = "`refundkit operations` lists them"
    if near:
        described = operations.get(near).described
        expected = f"the nearest is {near}, {described.method} {described.path}"
    assert help_text.partition("; `refundkit rule")[0] == expected
