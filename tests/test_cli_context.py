"""The command line: the order and the earlier refunds of a record."""

from __future__ import annotations

import pytest
from commands import CA, ID, SHOP, US, Cli, asking, example_order, refund, write, xml_refund
from story import examples, story, text


def test_order_of_a_file(check: Cli) -> None:
    """With --order the refund is held to what was charged."""
    write("order.json", example_order("walmart"))
    write("r.json", refund("-39.99"))
    found = check("--as", US, "--order", "order.json", "r.json")
    assert found.status == 1
    assert "RF203" in found.codes
    assert "order" not in {one["missing"] for one in found.document["not_run"]}


@pytest.mark.parametrize(
    ("pattern", "file", "arguments"),
    [
        ("orders/{purchaseOrderId}.json", f"orders/{ID}.json", ()),
        ("orders/{stem}.json", "orders/r.json", ()),
        ("{stem}-{purchaseOrderId}.json", f"r-{ID}.json", ("--path", f"purchaseOrderId={ID}")),
    ],
)
def test_order_of_a_pattern(check: Cli, pattern: str, file: str, arguments: tuple[str, ...]) -> None:
    """A pattern finds the order by the body's id, the path's or the file's stem."""
    write(file, example_order("walmart"))
    write("r.json", refund("-39.99"))
    assert "RF203" in check("--as", US, "--order", pattern, *arguments, "r.json").codes


def test_patterns_of_order_and_refunds_by_the_path(check: Cli) -> None:
    """A pattern is filled from a whole request's own path, for the order and for the earlier refunds."""
    write("o/1204.json", example_order("woocommerce_legacy"))
    write("p/1204.json", text(examples("woocommerce_legacy.list_refunds", "200")[0]))
    write("r.json", asking(SHOP, '"path": {"id": 1204}, "body": {"order_refund": {"amount": "85.81"}}'))
    found = check("--order", "o/{id}.json", "--refunds", "p/{id}.json", "r.json")
    assert found.codes == ["RF204"]
    assert {one["missing"] for one in found.document["not_run"]} == {"query", "headers"}


@pytest.mark.parametrize("flag", ["--order", "--refunds"])
@pytest.mark.parametrize("value", ["missing.json", "{nothing}.json", "{stem", "{purchaseOrderId}/none.json"])
def test_context_that_is_not_there(check: Cli, flag: str, value: str) -> None:
    """A context file that does not exist, or a pattern that cannot be filled, is exit 2."""
    write("r.json", refund())
    found = check("--as", US, flag, value, "r.json")
    assert (found.status, found.out) == (2, "")
    assert found.err.startswith("refundkit: ")


def test_finding_in_the_order_s_file(check: Cli) -> None:
    """A finding about the order is in the order's file, at the line that holds the value."""
    write("order.json", '{\n  "order": {\n    "purchaseOrderId": "17",\n    "orderLines": {"orderLine": []}\n  }\n}\n')
    write("r.json", refund())
    found = check("--as", US, "--order", "order.json", "r.json").only
    assert (found["code"], found["file"], found["line"], found["column"]) == ("RF005", "order.json", 3, 24)
    assert found["pointer"] == "order:/order/purchaseOrderId"


@pytest.mark.parametrize(
    ("content", "code"), [('{"order":', "RF001"), ("", "RF001"), ("{}", "RF005"), ("[]", "RF005"), ("[" * 99, "RF004")]
)
def test_order_s_file_that_is_no_order(check: Cli, content: str, code: str) -> None:
    """An order's file that cannot be read, or holds no order, is a finding in that file, and the cap did not run."""
    write("order.json", content)
    write("r.json", refund())
    found = check("--as", US, "--order", "order.json", "r.json")
    assert found.status == 1
    assert (found.only["code"], found.only["file"]) == (code, "order.json")
    assert "valid order" in {one["missing"] for one in found.document["not_run"]}


def test_order_in_the_wire_format(check: Cli) -> None:
    """walmart_ca's order may be XML, and so may the refund."""
    write(
        "order.xml",
        f'<order xmlns="http://walmart.com/mp/v3/orders"><purchaseOrderId>{ID}</purchaseOrderId><orderLines><orderLine>'
        "<lineNumber>1</lineNumber><charges><charge><chargeType>PRODUCT</chargeType><chargeAmount><currency>CAD</currency>"
        "<amount>0.50</amount></chargeAmount></charge></charges><orderLineQuantity><amount>1</amount></orderLineQuantity>"
        "<orderLineStatuses><orderLineStatus><status>Shipped</status><statusQuantity><amount>1</amount></statusQuantity>"
        "</orderLineStatus></orderLineStatuses></orderLine></orderLines></order>",
    )
    write("r.xml", xml_refund("-0.51"))
    found = check("--as", CA, "--order", "order.xml", "r.xml")
    assert found.codes == ["RF203"]
    assert "order" not in {one["missing"] for one in found.document["not_run"]}


def test_request_s_own_order_wins(check: Cli) -> None:
    """An order within the request is the one that counts, and no file of a pattern is looked for."""
    request = story(US)
    write("r.json", text(request))
    assert check("--order", "missing-{purchaseOrderId}.json", "r.json").status == 0


@pytest.mark.parametrize("flag", ["--order", "--refunds"])
def test_missing_file_that_no_payload_needs_is_an_error(check: Cli, flag: str) -> None:
    """A context file that is not there is exit 2, also where the payload brings its own order."""
    write("r.json", text(story(US)))
    found = check(flag, "none.json", "r.json")
    assert (found.status, found.out) == (2, "")
    assert "none.json: No such file" in found.err


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ((), []),
        (("--require-context",), ["order:", "refunds:"]),
        (("--require-context", "order"), ["order:"]),
        (("--require-context", "order,headers"), ["header:", "order:"]),
    ],
)
def test_required_context(check: Cli, arguments: tuple[str, ...], wanted: list[str]) -> None:
    """--require-context makes a rule that could not run for want of context an error; bare, order and refunds."""
    write("r.json", '{"order_refund": {"amount": "1.00"}}')
    found = check("--as", SHOP, "r.json", *arguments)
    assert found.codes == ["RF006"] * len(wanted)
    assert found.status == bool(wanted)
    assert [one["pointer"].partition(":")[0].rstrip("s") + ":" for one in found.document["findings"]] == [
        one.replace("refunds:", "refund:") for one in wanted
    ]


def test_required_context_that_is_there(check: Cli) -> None:
    """Walmart's order carries its earlier refunds: with it nothing that was required is missing."""
    write("order.json", example_order("walmart"))
    write("r.json", refund())
    assert check("--as", US, "--order", "order.json", "r.json", "--require-context").status == 0


@pytest.mark.parametrize("flag", ["--order", "--refunds"])
def test_duplicate_key_in_context_of_yaml(check: Cli, flag: str) -> None:
    """A key that stands twice in an order or in earlier refunds is RF002 in YAML too, in the file that holds it."""
    order = "order:\n  id: 1204\n  total: '9.00'\n  total: '90.00'\n  line_items: []\n"
    refunds = "order_refunds:\n- id: 1\n  amount: '9.00'\n  amount: '1.00'\n"
    write("context.yaml", order if flag == "--order" else refunds)
    write("r.json", '{"order_refund": {"amount": "1.00"}}')
    found = check("--as", SHOP, flag, "context.yaml", "r.json")
    assert found.status == 1
    assert (found.only["code"], found.only["file"], found.only["line"]) == ("RF002", "context.yaml", 4)
