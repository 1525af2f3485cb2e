"""The command line: rule, rules, operations, schema and --version."""

from __future__ import annotations

import json

import jsonschema
import pytest
import refundkit
from commands import Cli, Outcome
from refundkit import operations
from refundkit.checking.proof import describe_state
from refundkit.rule import REGISTRY
from story import ROOT, examples, text
from test_cases import CASES


# rule, rules, operations, schema, --version.
@pytest.mark.parametrize("name", ["RF203", "refund-exceeds-charge"])
def test_rule_prints_its_docs(cli: Cli, name: str) -> None:
    """`rule` takes an id or a name and prints the rule's whole text."""
    found = cli("rule", name)
    assert found.status == 0
    assert found.out.startswith("RF203 refund-exceeds-charge (error)\n")
    assert "Bad:" in found.out
    assert "Good:" in found.out


def test_unknown_rule_is_an_error_with_a_suggestion(cli: Cli) -> None:
    """A rule that does not exist is exit 2, with the nearest name, on standard error."""
    found = cli("rule", "refund-exceeds-charg")
    assert (found.status, found.out) == (2, "")
    assert "refund-exceeds-charge" in found.err


def test_rules_lists_every_rule_in_order(cli: Cli) -> None:
    """`rules` lists every rule once, by id, with its severity, name, title and source."""
    found = cli("rules")
    assert found.status == 0
    rules, _, sources = found.out.partition("\n\n")
    listed = [line.split()[0] for line in rules.splitlines()]
    assert all(line.endswith("]") for line in rules.splitlines())
    assert "We never sent anything to Walmart or TaxCloud." in sources
    assert listed == sorted(set(listed))
    assert {"RF001", "RF101", "RF201", "RF301", "RF401", "RF501", "RF601"} <= set(listed)
    document = json.loads(cli("rules", "--output-format", "json").out)
    assert [one["code"] for one in document] == listed
    assert all(one["title"] and one["severity"] in ("error", "warning", "off") for one in document)


def test_operations_are_all_listed(cli: Cli) -> None:
    """`operations` lists each operation with its method, path and page, and says which Walmart API is current."""
    found = cli("operations")
    assert found.status == 0
    for name in operations.names():
        described = operations.get(name).described
        (at,) = [index for index, line in enumerate(found.out.splitlines()) if line.split()[:1] == [name]]
        shown = " ".join(" ".join(found.out.splitlines()[at : at + 2]).split())
        assert f"{described.method} {described.path}" in shown
        assert described.page in shown
    headings = {line.split(":")[0]: line for line in found.out.splitlines() if not line.startswith(" ")}
    assert "Current" in headings["walmart"]
    assert "US and Canad" in headings["walmart"]
    assert "JSON" in headings["walmart"]
    assert "Older" in headings["walmart_ca"]
    assert "XML" in headings["walmart_ca"]
    assert "Current" in headings["woocommerce"]
    assert "Legacy" in headings["woocommerce_legacy"]


def test_current_apis_are_listed_before_the_ones_that_they_replace(cli: Cli) -> None:
    """`operations` lists replaced APIs last, as text and as JSON, which says what replaces them."""
    listed = [line.split()[0] for line in cli("operations").out.splitlines() if line.startswith("  ") and "/" in line]
    document = json.loads(cli("operations", "--output-format", "json").out)
    assert [one["operation"] for one in document] == listed
    assert list(dict.fromkeys(name.partition(".")[0] for name in listed)) == [
        *("taxcloud", "walmart", "woocommerce"),
        *("walmart_ca", "woocommerce_legacy"),
    ]
    replaced = {one["operation"].partition(".")[0]: one["replaced_by"] for one in document if one["replaced_by"]}
    assert replaced == {"walmart_ca": "walmart", "woocommerce_legacy": "woocommerce"}
    described = operations.get("walmart.refund_return").described
    (one,) = [one for one in document if one["operation"] == "walmart.refund_return"]
    assert [one[name] for name in ("method", "path", "page")] == [described.method, described.path, described.page]


EXPECTED = {
    "walmart": {
        "refund_order_lines",
        "cancel_order_lines",
        "get_order",
        "refund_return",
        "list_returns",
        "create_token",
    },
    "walmart_ca": {"refund_order_lines", "cancel_order_lines", "get_order"},
    "woocommerce": {"create_refund", "get_refund", "list_refunds", "delete_refund", "get_order"},
    "woocommerce_legacy": {
        "create_refund",
        "get_refund",
        "list_refunds",
        "update_refund",
        "delete_refund",
        "get_order",
    },
    "taxcloud": {"refund_order", "get_order"},
}


def test_operations_are_those_of_the_pages(cli: Cli) -> None:
    """Every documented endpoint, and those that a check needs beside them, is an operation."""
    listed = {line.split()[0] for line in cli("operations").out.splitlines() if line.startswith("  ") and "/" in line}
    assert listed == {f"{api}.{name}" for api, found in EXPECTED.items() for name in found}


@pytest.mark.parametrize("operation", [name for name in operations.names() if operations.get(name).described.body])
def test_schema_is_the_bundled_one(cli: Cli, operation: str) -> None:
    """`schema` prints one JSON Schema without outside references, which takes the spec's own examples."""
    found = cli("schema", operation)
    assert found.status == 0
    schema = json.loads(found.out)
    jsonschema.Draft202012Validator.check_schema(schema)
    for example in examples(operation):
        jsonschema.Draft202012Validator(schema).validate(json.loads(text(example)))


def test_every_rule_at_once(cli: Cli) -> None:
    """`rule --all` prints what `rule` prints of each, in the order of `rules`; beside a name it is exit 2."""
    codes = [line.split()[0] for line in cli("rules").out.partition("\n\n")[0].splitlines()]
    assert cli("rule", "--all").out == "\n".join(cli("rule", code).out for code in codes)
    for arguments in ((), ("RF203", "--all")):
        found = cli("rule", *arguments)
        assert (found.status, found.out) == (2, "")
        assert "--all" in found.err


def test_operations_for_a_program(cli: Cli) -> None:
    """`operations --output-format json` lists the same, with what replaces an older API."""
    listed = json.loads(cli("operations", "--output-format", "json").out)
    assert sorted(entry["operation"] for entry in listed) == sorted(operations.names())
    replaced = {entry["operation"].partition(".")[0]: entry["replaced_by"] for entry in listed}
    assert (replaced["walmart"], replaced["walmart_ca"]) == (None, "walmart")
    (entry,) = [entry for entry in listed if entry["operation"] == "woocommerce.create_refund"]
    assert (entry["method"], entry["has_body"], entry["context"]) == ("POST", True, ["order", "refunds"])


REQUESTS = sorted(CASES.glob("*/good/*.json"))


def request_schema(cli: Cli) -> jsonschema.Draft202012Validator:
    """A validator of the schema of whole requests."""
    schema = json.loads(cli("schema", "request").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_schema_of_a_request_takes_what_is_good(cli: Cli) -> None:
    """`schema request` takes every good request of our cases."""
    valid = request_schema(cli)
    taken = 0
    for file in REQUESTS:
        request = json.loads(file.read_bytes()).get("request", {})
        if isinstance(request.get("body"), dict):
            valid.validate(request if "url" in request else {"operation": file.parent.parent.name, **request})
            taken += 1
    assert taken > 100


@pytest.mark.parametrize("operation", [name for name in operations.names() if operations.get(name).described.body])
def test_schema_of_a_request_holds_the_body_to_its_operation(cli: Cli, operation: str) -> None:
    """A request's body is that of the operation that it names: what its own schema says of a body, this one says."""
    valid = request_schema(cli)
    body = json.loads(text(examples(operation)[0]))
    alone = jsonschema.Draft202012Validator(json.loads(cli("schema", operation).out))
    key = next(iter(body))
    for other in (body, {**body, key: []}, {**body, key: {"no_such_field": 1}}, {**body, "no_such_field": 1}, [body]):
        assert valid.is_valid({"operation": operation, "body": other}) is alone.is_valid(other)
    assert alone.is_valid(body)


@pytest.mark.parametrize(
    "request_",
    [{}, {"operation": "walmart.refund"}, {"method": "POST"}, {"body": {}, "odrer": {}}, {"body": {}, "path": 7}],
)
def test_schema_of_a_request_refuses_what_check_refuses(cli: Cli, request_: dict[str, object]) -> None:
    """An unknown key or operation, and a document that nothing marks as a request, are refused."""
    assert not request_schema(cli).is_valid(request_)


def test_version(cli: Cli) -> None:
    """--version prints the version of the package, and whether the fast proof is there."""
    assert cli("--version") == Outcome(0, f"refundkit {refundkit.__version__} ({describe_state()})\n", "")


def test_rule_id_prints_the_same_text_as_the_docs_page(cli: Cli) -> None:
    """`rule` prints, for an id as for a name, what docs/rules.md has below the anchor of that id."""
    page = (ROOT / "docs/rules.md").read_text("utf-8")
    cli("rules")
    for rule in [rule for rule in REGISTRY.values() if not rule.code.startswith("RF9")]:
        printed = cli("rule", rule.code).out
        assert printed == cli("rule", rule.name).out
        assert f'<a id="{rule.code}"></a>\n\n## {printed}' in page
