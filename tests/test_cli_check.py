"""The command line: a run over one file, its findings and its exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import CA, UPDATE, US, Cli, command, refund, write
from refundkit import operations
from story import story, text


def test_positive_amount_is_found_at_its_line_and_column(folder: Path) -> None:
    """A positive amount prints RF201 at the line and column of the amount and exits 1, nothing on standard error."""
    write("r.json", refund("19.99"))
    found = command("check", "--as", CA, "r.json")
    assert found.status == 1
    assert found.out.startswith("r.json:9:21: error RF201 amount-not-negative: refund amount 19.99 must be negative\n")
    assert found.err == ""


def test_negative_amount_is_clean(folder: Path) -> None:
    """The same refund with a negative amount prints a summary and exits 0."""
    write("r.json", refund("-19.99"))
    found = command("check", "--as", CA, "r.json")
    assert found.status == 0
    assert found.out.startswith("Checked 1 payload in 1 file: 0 errors, 0 warnings.")
    assert found.out.count("\n") == 1
    assert found.err == ""


def test_missing_file_is_no_finding(folder: Path) -> None:
    """A missing file is exit 2, said on standard error, with nothing on standard output."""
    found = command("check", "--as", CA, "missing.json")
    assert (found.status, found.out) == (2, "")
    assert "missing.json" in found.err


def test_broken_json_is_a_finding(folder: Path) -> None:
    """Text that is no JSON is RF001 and exits 1."""
    write("r.json", '{"a":')
    found = command("check", "--as", CA, "r.json")
    assert found.status == 1
    assert "error RF001 invalid-document" in found.out


@pytest.mark.parametrize("name", ["r.json", "r.jsonl", "r.yaml"])
def test_hundred_thousand_levels_are_a_finding(folder: Path, name: str) -> None:
    """An array of 100,000 levels is RF004 and exits 1, and no RecursionError."""
    write(name, "[" * 100_000 + "]" * 100_000)
    found = command("check", "--as", CA, name)
    assert found.status == 1
    assert "error RF004 nested-too-deeply" in found.out
    assert "RF001" not in found.out
    assert found.err == ""


def test_unknown_operation_offers_both_walmart_apis(cli: Cli) -> None:
    """A bare orderRefund is RF003, and its help offers both Walmart APIs, the current one first."""
    write("r.json", '{"orderRefund": {}}')
    found = cli("check", "--isolated", "--output-format", "full", "r.json")
    assert found.status == 1
    assert "RF003 unknown-operation" in found.out
    assert -1 < found.out.index(f"--as {US}") < found.out.index(f"--as {CA}")
    assert f'"{US}"' in found.out  # the line for the configuration


def test_unknown_operation_of_an_unknown_body(check: Cli) -> None:
    """A body that fits no operation is RF003 as well, and never a skip."""
    write("r.json", '{"something": 1}')
    found = check("r.json")
    assert found.status == 1
    assert found.codes == ["RF003"]
    assert "--as" in found.only["help"]


def test_findings_come_in_order(check: Cli) -> None:
    """Findings come by record, then by position, then path, query, headers and order."""
    request = story(UPDATE)
    request["body"] = {"order_refund": {"amount": "500.005", "note": 1}}
    request["path"]["refund_id"] = "x"
    request["query"] = {"api_refund": "false"}
    request["headers"]["Accept"] = "text/csv"
    record = text(request).replace(b'"total":"107.80"', b'"total":"107.80","total":"107.80"')
    write("r.jsonl", record + b"\n" + record + b"\n")
    found = check("r.jsonl").document["findings"]
    assert [(one["record"], one["code"], one["pointer"]) for one in found] == [
        (record, code, pointer)
        for record in (1, 2)
        for code, pointer in (
            ("RF204", "/order_refund/amount"),
            ("RF206", "/order_refund/amount"),
            ("RF309", "/order_refund/note"),
            ("RF505", "path:refund_id"),
            ("RF507", "query:api_refund"),
            ("RF508", "header:Accept"),
            ("RF002", "order:/order/total"),
        )
    ]


@pytest.mark.parametrize(
    ("amount", "level", "status"),
    [
        ("-1.005", "error", 0),
        ("-1.005", "warning", 1),
        ("-1.005", "never", 0),
        ("1.00", "error", 1),
        ("1.00", "warning", 1),
        ("1.00", "never", 0),
        ("-1.00", "warning", 0),
    ],
)
def test_fail_on(check: Cli, amount: str, level: str, status: int) -> None:
    """--fail-on says from which severity on the exit status is 1."""
    write("r.json", refund(amount))
    assert check("--as", US, "--fail-on", level, "r.json").status == status


@pytest.mark.parametrize(
    "arguments", [("--ignore", "RF201"), ("--severity", "RF201=warning"), ("--severity", "RF201=off")]
)
def test_body_that_was_not_judged_never_passes(check: Cli, arguments: tuple[str, ...]) -> None:
    """A body that its schema refuses is not judged by the rules, and never exits 0 for that, whatever is ignored."""
    write("r.json", refund("19.99"))
    found = check("--as", US, *arguments, "r.json")
    assert found.status == 1
    assert "valid body" in {one["missing"] for one in found.document["not_run"]}


@pytest.mark.parametrize("operation", operations.names())
def test_every_operation_s_story_is_clean(check: Cli, operation: str) -> None:
    """A whole good request of every operation, with its context, has no finding and leaves no rule out."""
    request = story(operation)
    if operation == "woocommerce_legacy.update_refund":
        request["path"]["refund_id"] = "1301"
    write("r.json", text(request))
    found = check("r.json")
    assert (found.status, found.codes) == (0, [])
    assert found.document["not_run"] == []


@pytest.mark.parametrize(("rule", "payload"), [("RF001", "{"), ("RF003", '{"orderRefund": {}}')])
def test_unjudged_payload_never_passes(cli: Cli, rule: str, payload: str) -> None:
    """A payload that nothing judged is exit 1, even where the rule that says so is ignored."""
    write("r.json", payload)
    assert cli("check", "--isolated", "--ignore", rule, "r.json").status == 1


def test_everything_is_found_in_one_run(check: Cli) -> None:
    """Everything that is wrong with every payload is reported at once, an unknown field with its suggestion."""
    body = json.loads(refund('"19.99"'))
    body["orderRefund"]["purchaseOrderID"] = body["orderRefund"].pop("purchaseOrderId")
    write("r.json", json.dumps([body, body]))
    findings = check("--as", US, "r.json").document["findings"]
    codes = [(finding["record"], finding["code"]) for finding in findings]
    assert sorted(codes) == [(record, code) for record in (1, 2) for code in ("RF101", "RF102", "RF103")]
    unknown = next(finding for finding in findings if finding["code"] == "RF103")
    assert unknown["pointer"] == "/orderRefund/purchaseOrderID"
    assert "purchaseOrderId" in unknown["help"]
