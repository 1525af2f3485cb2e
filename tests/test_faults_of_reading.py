"""What is read wrongly, kills a run, or says nothing: XML, defects of ours, refused payloads, text that leaks."""

from __future__ import annotations

import csv
import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
import refundkit
from commands import CA, CARD, SHOP, TAX, UPDATE, US, Cli, Outcome, asking, command, flat, refund, write
from refundkit import Config
from refundkit.cli import output
from refundkit.client.wire import XmlTransport
from refundkit.guard import GuardTransport
from refundkit.xml_writer import write_xml
from story import examples, story, text
from walmart_xml import NAMESPACE

INPUTS = Path(__file__).parent / "fault_inputs"
# A rules file of the user's own is loaded by every process of a run: this one plants a defect into ours.
DEFECT = """
from refundkit.checking import check

read_body = check.read_body


def fail_on_purpose(operation, request):
    if b"on purpose" in (request.body or b""):
        raise LookupError(request.body.decode())
    return read_body(operation, request)


if read_body.__name__ == "read_body":
    check.read_body = fail_on_purpose
"""
PLANTED = {"items": [{"itemId": f"on purpose {CARD}", "quantity": 1}]}
ZERO = {"items": [{"itemId": "a", "quantity": 0}]}


@pytest.fixture
def defect(folder: Path) -> Any:
    """A folder whose configuration plants a defect: a body that says "on purpose" is met by an unforeseen error."""
    module = import_module("refundkit.checking.check")
    before = module.read_body
    write("ours.py", DEFECT)
    write("refundkit.toml", 'rules = ["ours.py"]\n')
    yield folder
    module.read_body = before  # type: ignore[attr-defined]


def shown(outcome: Outcome) -> str:
    return outcome.out + outcome.err


# A defect of ours.


@pytest.mark.usefixtures("defect")
@pytest.mark.parametrize("jobs", [(), ("--jobs", "2"), ("--batch",)])
@pytest.mark.parametrize("output_format", ["json", "jsonl", "concise", "full", "sarif", "github", "gitlab", "junit"])
def test_unforeseen_error_is_the_finding_of_its_record(jobs: tuple[str, ...], output_format: str) -> None:
    """An unforeseen error in a record is RF007 there, the others are judged, and the run ends with status 2."""
    write("r.jsonl", b"".join(text(body) + b"\n" for body in (ZERO, PLANTED, ZERO)))
    found = command("check", "--as", TAX, "--output-format", output_format, *jobs, "r.jsonl")
    assert found.status == 2
    assert "RF007" in found.out
    assert "LookupError in checking/check.py:" in found.out
    assert "RF402" in found.out
    assert "Traceback" not in shown(found)
    assert "on purpose" not in shown(found)
    assert "4111 1111 1111" not in shown(found)
    if output_format == "json":
        assert [(one["code"], one["record"]) for one in found.document["findings"]] == [
            ("RF402", 1),
            ("RF007", 2),
            ("RF402", 3),
        ]
        assert found.document["summary"]["not_judged"] == 1


@pytest.mark.usefixtures("defect")
@pytest.mark.parametrize(
    "arguments", [(), ("--fail-on", "never"), ("--ignore", "RF0"), ("--select", "RF2"), ("--write-baseline", "b.json")]
)
def test_unforeseen_error_cannot_be_ignored(cli: Cli, arguments: tuple[str, ...]) -> None:
    """No flag and no baseline takes a defect away."""
    write("r.json", text(PLANTED))
    found = cli("check", "--as", TAX, "--output-format", "json", *arguments, "r.json")
    assert (found.status, found.codes) == (2, ["RF007"])


@pytest.mark.usefixtures("defect")
def test_unforeseen_error_never_leaves_check() -> None:
    """check() tells of a defect in its report, which is not ok, and is silent about the payload."""
    report = refundkit.check(TAX, PLANTED, config=Config.load("refundkit.toml"))
    assert [finding.code for finding in report.findings] == ["RF007"]
    assert not report.ok
    assert not report.complete
    assert "purpose" not in repr(report)
    with pytest.raises(refundkit.RefundBlocked, match=r"LookupError in checking/check\.py"):
        report.raise_for_errors()


def test_unforeseen_error_while_a_file_is_read(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect in the reading of one file is its finding, and the other files are judged."""

    def fail(data: bytes, schema: object) -> None:
        raise LookupError(data)

    monkeypatch.setattr("refundkit.reading.xml.read_xml", fail)
    write("a.xml", "<orderRefund/>")
    write("b.json", refund("1.00"))
    found = cli("check", "--isolated", "--output-format", "json", "--as", US, "a.xml", "b.json")
    assert (found.status, found.codes) == (2, ["RF007", "RF201"])


@pytest.mark.audit
@pytest.mark.usefixtures("defect")
def test_unforeseen_error_in_the_audit(cli: Cli) -> None:
    """The audit writes a defect as the finding of its request, judges the others, and ends with status 2."""
    rows = [
        {"operation": TAX, "time": f"2026-01-0{day}", "path": {"connectionId": "c", "orderId": str(day)}, "body": body}
        for day, body in enumerate((ZERO, PLANTED, ZERO), 1)
    ]
    write("h.jsonl", b"".join(text(row) + b"\n" for row in rows))
    found = cli("audit", "--requests", "h.jsonl", "--out", "f.jsonl", "--jobs", "1")
    assert found.status == 2
    codes = [(row["row"], row["code"]) for row in map(json.loads, Path("f.jsonl").read_text("utf-8").splitlines())]
    assert (1, "RF007") in codes
    assert {row for row, code in codes if code == "RF402"} == {0, 2}


@pytest.mark.parametrize(
    ("name", "operation", "codes"),
    [
        ("crash-empty-key.json", SHOP, ["RF210", "RF103"]),
        ("crash-number-keys.json", SHOP, ["RF102"]),
        ("crash-update-wrapper-twice.json", UPDATE, ["RF002"]),
        ("one-line-kills-run.jsonl", TAX, ["RF402", "RF102", "RF103", "RF402"]),
    ],
)
def test_odd_keys_are_findings(cli: Cli, name: str, operation: str, codes: list[str]) -> None:
    """Empty, numeric and repeated keys are findings at their places, and the lines around them are judged."""
    found = cli("check", "--isolated", "--output-format", "json", "--as", operation, str(INPUTS / name))
    assert found.status == 1
    assert found.codes[: len(codes)] == codes


# XML.


@pytest.mark.parametrize(
    ("name", "operation", "codes"),
    [
        ("no-namespace.xml", CA, []),
        ("decimal-literal.xml", CA, []),
        ("exponent.xml", CA, ["RF102"]),
        ("element-order.xml", CA, ["RF110"]),
        ("us.xml", US, []),
    ],
)
def test_xml_is_read_alike_everywhere(cli: Cli, name: str, operation: Any, codes: list[str]) -> None:
    """The command and check() read a body of XML alike, with the place of each finding in the file."""
    found = cli("check", "--isolated", "--output-format", "json", "--as", operation, str(INPUTS / name))
    assert found.codes == codes
    for body in ((INPUTS / name).read_bytes(), (INPUTS / name).read_text("utf-8")):
        report = refundkit.check(operation, body)
        places = [(one.code, one.pointer, one.line, one.column) for one in report.findings]
        listed = [(one["code"], one["pointer"], one["line"], one["column"]) for one in found.document["findings"]]
        assert places == listed


def test_missing_namespace_is_told_to_who_wants_it(cli: Cli) -> None:
    """RF111 is off; whoever turns it on is told what to add, and everything else is judged all the same."""
    file = str(INPUTS / "no-namespace.xml")
    flags = ("--isolated", "--output-format", "json", "--severity", "RF111=warning", "--as", CA, file)
    found = cli("check", *flags)
    assert (found.status, found.only["code"], found.only["column"]) == (0, "RF111", 2)
    assert "xmlns=" in found.only["help"]
    assert found.document["summary"]["not_judged"] == 0


@pytest.mark.parametrize("operation", [US, CA])
def test_check_reads_order_and_refunds_of_xml(operation: Any) -> None:
    """Body, order and an earlier refund may be XML for both Walmart APIs: the caps hold as for their JSON forms."""
    request = story(operation)
    source = refundkit.operations.get(f"{operation.partition('.')[0]}.get_order")
    body_schema = refundkit.operations.get(operation).schema()
    forms: dict[str, Any] = {
        "order": write_xml(request["order"], source.schema("200")),
        "body": write_xml(request["body"], body_schema),
    }
    plain = refundkit.check(operation, request["body"], order=request["order"], refunds=[request["body"]])
    written = refundkit.check(operation, forms["body"], order=forms["order"], refunds=forms["body"])
    assert [one.code for one in written.findings] == [one.code for one in plain.findings]
    assert [(one.codes, one.missing) for one in written.not_run] == [(one.codes, one.missing) for one in plain.not_run]
    assert "order" not in {one.missing for one in written.not_run}


@pytest.mark.parametrize(("body", "code"), [(b"<orderRefund>", "RF001"), (b"<!DOCTYPE a><a/>", "RF001")])
def test_broken_xml_is_a_finding_of_check(body: bytes, code: str) -> None:
    """XML that cannot be read is RF001 at its place, as body and as order."""
    report = refundkit.check(US, body)
    assert [(one.code, one.line) for one in report.findings] == [(code, 1)]
    as_order = refundkit.check(US, story(US)["body"], order=body)
    assert [one.code for one in as_order.findings] == [code]
    assert as_order.findings[0].pointer.startswith("order:")


def test_element_that_stands_twice_is_a_finding_of_check() -> None:
    """An element that stands twice is RF002 in a body of XML, as a key is in JSON."""
    body = (INPUTS / "us.xml").read_bytes()
    report = refundkit.check(US, body.replace(b"<lineNumber>", b"<lineNumber>2</lineNumber><lineNumber>"))
    assert [one.code for one in report.findings] == ["RF002"]


def test_xml_of_an_api_that_has_none_is_no_document() -> None:
    """XML for an API of JSON is no JSON document."""
    assert [one.code for one in refundkit.check(TAX, b"<items/>").findings] == ["RF001"]


@pytest.mark.parametrize("xmlns", [f' xmlns="{NAMESPACE}"', ""])
def test_guard_holds_xml_to_an_order_of_xml(xmlns: str) -> None:
    """The guard of the current API reads body and order of XML, in a namespace or in none: too much is blocked."""
    request = story(US)
    schema = refundkit.operations.get("walmart.get_order").schema("200")
    order = write_xml(request["order"], schema).decode().replace(f' xmlns="{NAMESPACE}"', xmlns)
    body = write_xml(request["body"], refundkit.operations.get(US).schema()).decode()
    body = re.sub("<amount>[^<]*</amount>", "<amount>-9999.99</amount>", body.replace(f' xmlns="{NAMESPACE}"', xmlns))
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, text=order, headers={"Content-Type": "application/xml"})

    url = f"https://marketplace.walmartapis.com/v3/orders/{request['path']['purchaseOrderId']}/refund"
    with httpx.Client(transport=GuardTransport(httpx.MockTransport(answer), fetch_context=True)) as client:
        headers = {name: value for name, value in request["headers"].items() if name != "Content-Type"}
        with pytest.raises(refundkit.RefundBlocked) as blocked:
            client.post(url, content=body, headers=headers)
    assert "RF203" in {finding.code for finding in blocked.value.report.findings}
    assert {each.method for each in sent} == {"GET"}


def test_answer_in_no_namespace_is_read() -> None:
    """The client of the older API reads an answer whose elements are in no namespace."""
    order = write_xml(story(CA)["order"], refundkit.operations.get("walmart_ca.get_order").schema("200")).decode()
    bare = order.replace(f' xmlns="{NAMESPACE}"', "")
    xml = {"Content-Type": "application/xml"}

    def read(form: str) -> httpx.Response:
        transport = XmlTransport(httpx.MockTransport(lambda _: httpx.Response(200, text=form, headers=xml)))
        return httpx.Client(transport=transport).get("https://marketplace.walmartapis.com/v3/ca/orders/1")

    answers = [read(order), read(bare)]
    assert answers[0].headers["Content-Type"] == answers[1].headers["Content-Type"] == "application/json"
    assert answers[0].content == answers[1].content


# What kept a payload from being judged.

WRONG = refund().replace('"lineNumber": "1"', '"lineNumber": 1')


@pytest.mark.parametrize(
    ("body", "flags", "code"),
    [
        (WRONG, ("--select", "RF3"), "RF102"),
        (WRONG, ("--ignore", "RF1"), "RF102"),
        (WRONG, ("--severity", "RF102=off"), "RF102"),
        (WRONG, ("--severity", "RF102=warning"), "RF102"),
        (refund("1.00"), ("--ignore", "RF201"), "RF201"),
        ('{"a":', ("--ignore", "RF001"), "RF001"),
        (asking("walmart.refunds", '"body": {}'), ("--ignore", "RF003"), "RF003"),
    ],
)
@pytest.mark.parametrize("output_format", ["concise", "full", "json", "jsonl", "sarif", "github", "gitlab", "junit"])
def test_status_1_is_never_without_a_reason(
    cli: Cli, body: str, flags: tuple[str, ...], code: str, output_format: str
) -> None:
    """Why a payload is refused is told in every format, with its file, whatever is ignored or not selected."""
    write("r.json", body)
    found = cli("check", "--isolated", "--as", US, *flags, "--output-format", output_format, "r.json")
    assert found.status == 1
    assert code in found.out
    assert "r.json" in found.out
    if output_format == "json":
        assert found.codes == [code]
        assert found.document["summary"]["not_judged"] == (code != "RF201")
    assert cli("check", "--isolated", "--as", US, *flags, "--fail-on", "never", "r.json").status == 0


def test_report_names_why_it_is_not_ok() -> None:
    """The library's report names why a body is refused, though its configuration ignores the rule."""
    report = refundkit.check(US, WRONG, config=Config(ignore=("RF1",)))
    assert [one.code for one in report.findings] == ["RF102"]
    assert not report.ok


def test_summary_says_what_waits(cli: Cli) -> None:
    """The summary counts what was not judged, and says that rules wait for the errors to be mended."""
    write("r.jsonl", "\n".join((flat(WRONG), flat(refund()))))
    out = cli("check", "--isolated", "--as", US, "--output-format", "concise", "r.jsonl").out
    assert "Not judged: 1 payload. " in out
    assert " rules wait until the errors above are mended." in out


# Text that leaks.


@pytest.mark.parametrize("pattern", ["orders/{purchaseOrderId}.json", "{purchaseOrderId}"])
@pytest.mark.parametrize("output_format", ["github", "concise"])
def test_error_message_forges_no_line(cli: Cli, pattern: str, output_format: str) -> None:
    """Text of a payload reaches terminal and CI escaped and masked in error messages too."""
    body = json.loads((INPUTS / "github-injection.json").read_text("utf-8"))
    write("r.json", json.dumps(body).replace("says hi", f"says {CARD}"))
    flags = ("--isolated", "--as", US, "--order", pattern, "--output-format", output_format)
    found = cli("check", *flags, "r.json")
    assert (found.status, found.out) == (2, "")
    assert found.err.count("\n") == 1
    assert "\\n::error title=pwned" in found.err
    assert "\x1b" not in found.err
    assert CARD not in found.err


def test_diff_and_baseline_forge_no_line(cli: Cli) -> None:
    """What --diff and a stale baseline quote of a file is printable."""
    write("r.json", '{"order_refund": {\n"amount": "1.00", "reason": "a\x7f\u009b31m",\n"id": 1}}')
    found = cli("check", "--isolated", "--as", SHOP, "--diff", "r.json")
    assert found.status == 1
    assert found.out.replace("\n", "").isprintable()
    entry = {"file": "r.json", "pointer": "/a\n::error::hi", "code": "RF206"}
    write("known.json", json.dumps({"version": 1, "findings": [entry]}))
    found = cli("check", "--isolated", "--as", SHOP, "--baseline", "known.json", "r.json")
    assert "\n::error" not in found.err
    assert "no longer found: RF206 r.json /a\\n::error::hi" in found.err


@pytest.mark.audit
def test_csv_cells_are_no_formulas(cli: Cli) -> None:
    """A spreadsheet takes no cell for a formula, and numbers stay numbers."""
    hostile = ["=1+1", "+cmd", "-cmd", "@SUM(1)", "\ttab", "\rreturn", "plain", "-5.00"]
    rows = [
        {"operation": CA, "time": "2026-01-01", "path": {"purchaseOrderId": order}, "body": {"orderRefund": {}}}
        for order in hostile
    ]
    write("h.jsonl", b"".join(text(row) + b"\n" for row in rows))
    assert cli("audit", "--requests", "h.jsonl", "--out", "f.csv", "--jobs", "1").status == 1
    with Path("f.csv").open(encoding="utf-8", newline="") as stream:
        cells = {row["order_id"] for row in csv.DictReader(stream)}
    assert cells == {*(f"'{order}" for order in hostile[:6]), "plain", "-5.00"}


def test_decimals_are_no_card_number(cli: Cli) -> None:
    """The decimals of an amount do not pass for a card number; a card does."""
    found = cli("check", "--isolated", "--output-format", "full", str(INPUTS / "masked-amount.json"))
    assert "62.400000000000006 has 15 decimals" in found.out
    assert "*" not in found.out


@pytest.mark.parametrize("digits", [300, 7_000_000])
def test_long_value_is_cut(digits: int) -> None:
    """A value of a million characters is cut in every message."""
    order = examples("woocommerce_legacy.get_order", "200")[0]
    body = {"order_refund": {"amount": "1" * digits, "reason": "x"}}
    report = refundkit.check(SHOP, body, order=order, path={"id": "9" * digits}, headers={"Accept": "z" * digits})
    assert report.findings
    assert max(len(one.message) + len(one.help) for one in report.findings) < 1000


# Many findings.


@pytest.mark.parametrize("output_format", ["jsonl", "concise"])
def test_streamed_findings_are_not_held(cli: Cli, monkeypatch: pytest.MonkeyPatch, output_format: str) -> None:
    """jsonl and concise write findings as they come and hold none; the counts at the end are right all the same."""
    from refundkit.report import Run

    runs: list[Run] = []
    monkeypatch.setattr("refundkit.cli.check.exit_status", lambda run: len(runs.__iadd__([run])))
    write("r.jsonl", "\n".join([flat(refund("1.00"))] * 500))
    found = cli("check", "--isolated", "--as", US, "--output-format", output_format, "--statistics", "r.jsonl")
    assert runs[0].linted == []
    assert found.out.count("RF201") >= 500
    assert "500" in found.out.splitlines()[-1]


def test_other_formats_say_that_they_hold_many(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A format that is one document says once when it holds many findings, and names those that do not."""
    monkeypatch.setattr(output, "MANY", 100)
    write("r.jsonl", "\n".join([flat(refund("1.00"))] * 300))
    found = cli("check", "--isolated", "--as", US, "--output-format", "json", "r.jsonl")
    assert found.err == (
        "refundkit: 100 findings are held in memory: --output-format jsonl or concise writes them as they come\n"
    )
    assert len(found.codes) == 300


# A report has no truth value.


@pytest.mark.parametrize("body", [{"items": [{"itemId": "a", "quantity": 1}]}, {"items": 1}])
def test_report_has_no_truth_value(body: object) -> None:
    """`if check(…)` would send bad refunds: it raises, and the message names what to ask instead."""
    report = refundkit.check(TAX, body)
    with pytest.raises(TypeError, match=r"\.ok.*raise_for_errors\(\)"):
        bool(report)
    with pytest.raises(TypeError):
        assert not report


# Which order it is.


@pytest.mark.audit
@pytest.mark.parametrize("wraps", [False, True])
def test_order_of_a_line_may_be_in_its_wrapper_or_column(cli: Cli, wraps: bool) -> None:
    """A line of orders is the API's response itself, or has it in the column `order` and nothing else."""
    request = story(US)
    row = {"operation": US, "time": "2026-01-01", "path": request["path"], "body": request["body"]}
    write("h.jsonl", text(row) + b"\n")
    write("o.jsonl", text({"order": request["order"]} if wraps else request["order"]) + b"\n")
    found = cli("audit", "--requests", "h.jsonl", "--orders", "o.jsonl", "--out", "f.jsonl", "--jobs", "1")
    assert found.status == 0
    assert "without order" not in found.out
    assert "name no order" not in found.out


def test_script_before_a_path_makes_no_other_shop(cli: Cli) -> None:
    """In a batch /index.php/wc-api is the shop of /wc-api: its refunds of one order are added up."""
    lines = (INPUTS / "batch-two-shops-one-host.jsonl").read_text("utf-8")
    url = json.loads(lines.splitlines()[0])["url"]
    other = json.loads(lines.splitlines()[1])["url"]
    script = url.replace("/wc-api/", "/index.php/wc-api/")
    assert script != url
    write("r.jsonl", lines.replace(other, script))
    found = cli("check", "--isolated", "--output-format", "json", "--batch", "r.jsonl")
    assert {"RF204", "RF317"} & set(found.codes)
