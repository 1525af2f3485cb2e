"""The command line: what goes in, what comes out on which stream, and the exit status."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
import refundkit
from processes import WITHIN, running
from refundkit import operations
from refundkit.cli import main
from story import examples, story, text

CA, US = "walmart_ca.refund_order_lines", "walmart.refund_order_lines"
SHOP, UPDATE, TAX = "woocommerce_legacy.create_refund", "woocommerce_legacy.update_refund", "taxcloud.refund_order"
ID = "2961380412345"
AMOUNT = "/orderRefund/orderLines/orderLine/0/refunds/refund/0/refundCharges/refundCharge/0/charge/chargeAmount/amount"
LINE = "/orderRefund/orderLines/orderLine/0/lineNumber"
CARD, IBAN = "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00"
SECRET = "tok-9f8e7d6c5b4a"
GUID = "7d0c94b1-52a3-4c1e-9a57-6f0b2f9a6c44"
SCHEMA = json.loads(files("refundkit").joinpath("report", "output.schema.json").read_text("utf-8"))
VALID = jsonschema.Draft202012Validator(SCHEMA)

# A refund as a person lays it out: the amount stands alone on line 9.
REFUND = """\
{
  "orderRefund": {
    "purchaseOrderId": "%s",
    "orderLines": {"orderLine": [{
      "lineNumber": "%s",
      "refunds": {"refund": [{"refundCharges": {"refundCharge": [{
        "refundReason": "%s",
        "charge": {"chargeType": "PRODUCT", "chargeName": "ItemPrice", "chargeAmount": {
          "amount": %s,
          "currency": "USD"
        }}
      }]}}]}
    }]}
  }
}
"""


def refund(amount: str = "-1.00", *, order: str = ID, line: str = "1", reason: str = "DamagedItem") -> str:
    """The body of a Walmart refund, ten lines of it before the amount."""
    return REFUND % (order, line, reason, amount)


def flat(body: str) -> str:
    """A document on one line, its literals as they were."""
    return "".join(line.strip() for line in body.splitlines())


def asking(operation: str, rest: str) -> str:
    """A whole request, as text, on one line unless the rest has more."""
    return f'{{"operation": "{operation}", {rest}}}'


class Outcome(NamedTuple):
    """What one run of the command left behind."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON output, held to the schema that ships with the package."""
        found = json.loads(self.out)
        VALID.validate(found)
        return found

    @property
    def codes(self) -> list[str]:
        """The ids of the findings of the JSON output, in its order."""
        return [one["code"] for one in self.document["findings"]]

    @property
    def only(self) -> dict[str, Any]:
        """The one finding of the JSON output."""
        (found,) = self.document["findings"]
        return dict(found)


Cli = Callable[..., Outcome]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the command runs in."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def cli(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs the command in this process."""

    def run(*arguments: str, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
        capsys.readouterr()
        try:
            status = main(arguments)
        except SystemExit as left:  # --version and --help leave so
            status = int(left.code or 0)
        return Outcome(status, *capsys.readouterr())

    return run


@pytest.fixture
def check(cli: Cli) -> Cli:
    """Runs `refundkit check --output-format json --isolated`."""

    def run(*arguments: str, stdin: bytes = b"") -> Outcome:
        return cli("check", "--output-format", "json", "--isolated", *arguments, stdin=stdin)

    return run


def command(*arguments: str, stdin: bytes = b"", **environment: str) -> Outcome:
    """Runs the command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "refundkit", *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=WITHIN,
        env={**os.environ, **_paths(), **environment},
    )
    return Outcome(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def _paths() -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}


def write(name: str, content: str | bytes) -> str:
    """Writes a file below the folder the command runs in; its name."""
    file = Path(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return name


def example_order(api: str) -> bytes:
    """The order of the spec's example, as JSON."""
    return text(examples(f"{api}.get_order", "200")[0])


# What it is for: one file, one finding, one status.


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


def test_light_start() -> None:
    """A clean check imports neither an HTTP client nor a schema engine nor a YAML or XML reader."""
    program = (
        "import sys; from refundkit.cli import main; status = main(sys.argv[1:])\n"
        "heavy = {'httpx', 'attr', 'yaml', 'jsonschema', 'jsonschema_rs', 'defusedxml', 'pydantic', 'rich'}\n"
        "print(status, sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "check", "--isolated", "--as", US, "-"],
        input=refund().encode(),
        capture_output=True,
        check=True,
        env={**os.environ, **_paths()},
    )
    assert done.stderr.decode() == "0 []\n"


# Formats.


def test_full_format(cli: Cli) -> None:
    """The full format shows the line, carets under the value and what to do."""
    write("fixtures/r.json", refund("19.99"))
    found = cli("check", "--as", CA, "--output-format", "full", "fixtures/r.json")
    assert found.out.splitlines()[:4] == [
        "fixtures/r.json:9:21: error RF201 amount-not-negative: refund amount 19.99 must be negative",
        '    9 |           "amount": 19.99,',
        "      |                     ^^^^^",
        "  help: send -19.99; `refundkit rule RF201` tells why",
    ]
    assert found.out.splitlines()[4].startswith("Checked 1 payload in 1 file: 1 error, 0 warnings. Not run: ")
    assert found.out.count("\n") == 5


def test_concise_format_is_one_line_a_finding(cli: Cli) -> None:
    """The concise format is a line for each finding and the summary; it is the default where no terminal is."""
    write("r.json", refund("-19.995", line="string"))
    found = cli("check", "--as", US, "--output-format", "concise", "r.json")
    assert [line.split(": ")[0] for line in found.out.splitlines()] == [
        "r.json:5:21",
        "r.json:9:21",
        "Checked 1 payload in 1 file",
    ]
    assert found.out == cli("check", "--as", US, "r.json").out
    assert found.out.splitlines()[1].startswith("r.json:9:21: warning RF206 amount-precision: ")


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no pseudo-terminals")
def test_full_and_coloured_on_a_terminal(folder: Path) -> None:
    """On a terminal the default is the full format, in colour unless NO_COLOR is set."""
    write("r.json", refund("19.99"))
    coloured, plain = on_terminal(), on_terminal(NO_COLOR="1")
    assert "\x1b[31m" in coloured
    assert "\x1b" not in plain
    for shown in (coloured, plain):
        assert "^^^^^" in shown
        assert "`refundkit rule RF201` tells why" in shown


def on_terminal(**environment: str) -> str:
    """What the command writes to a terminal."""
    control, terminal = os.openpty()
    with os.fdopen(control, "rb", buffering=0) as reading:
        with os.fdopen(terminal, "wb") as writing:
            subprocess.run(
                [sys.executable, "-m", "refundkit", "check", "--isolated", "--as", CA, "r.json"],
                stdout=writing,
                env={**{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, **_paths(), **environment},
                timeout=WITHIN,
                check=False,
            )
        # A terminal's end of file is an error on Linux; all of it fits into its buffer.
        return reading.read(1 << 16).decode()


def test_colour_is_asked_for(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """--color and FORCE_COLOR decide about colour; without them a file gets none."""
    write("r.json", refund("19.99"))
    arguments = ("check", "--as", CA, "r.json")
    assert "\x1b" not in cli(*arguments).out
    assert "\x1b[" in cli(*arguments, "--color", "always").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in cli(*arguments).out
    assert "\x1b" not in cli(*arguments, "--color", "never").out


def test_json_format(check: Cli) -> None:
    """The JSON output is version 1: a summary, the findings with all their fields, and what did not run."""
    write("r.json", refund("19.99"))
    found = check("--as", CA, "r.json")
    assert found.status == 1
    summary = found.document["summary"]
    assert isinstance(summary.pop("seconds"), float)
    assert summary == {"files": 1, "checked": 1, "errors": 1, "warnings": 0, "suppressed": 0}
    assert found.only == {
        "code": "RF201",
        "name": "amount-not-negative",
        "severity": "error",
        "message": "refund amount 19.99 must be negative",
        "operation": CA,
        "file": "r.json",
        "record": 1,
        "line": 9,
        "column": 21,
        "pointer": AMOUNT,
        "source": "walmart-ca-refund, facts",
        "help": "send -19.99",
    }
    not_run = {one["missing"]: one for one in found.document["not_run"]}
    assert not_run.keys() == {"order", "path", "headers", "valid body"}
    assert {"RF203", "RF301", "RF302"} <= set(not_run["order"]["codes"])
    assert not_run["order"]["file"] == "r.json"


def test_json_schema_is_closed() -> None:
    """The schema of the JSON output is a valid one, and takes no field that it does not name."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    objects = [SCHEMA, *(one for one in SCHEMA["$defs"].values() if one.get("type") == "object")]
    assert all(
        one["additionalProperties"] is False and set(one["required"]) == set(one["properties"]) for one in objects
    )


def test_not_run_is_one_entry_a_file_and_part(check: Cli) -> None:
    """However many records a file has, what did not run is one entry for each file, operation and missing part."""
    write("a.jsonl", 3 * (flat(refund()) + "\n"))
    write("b.json", refund())
    entries = check("--as", US, "a.jsonl", "b.json").document["not_run"]
    assert {(one["file"], one["missing"], one["records"]) for one in entries} == {
        (file, missing, count)
        for file, count in (("a.jsonl", 3), ("b.json", 1))
        for missing in ("order", "path", "headers")
    }


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


def test_quiet_says_nothing_of_a_clean_run(cli: Cli) -> None:
    """--quiet leaves the summary of a clean run out, and no finding."""
    write("good.json", refund())
    write("bad.json", refund("1"))
    assert cli("check", "--as", US, "--quiet", "good.json") == Outcome(0, "", "")
    assert "RF201" in cli("check", "--as", US, "--quiet", "bad.json").out


def test_summary_says_what_did_not_run(cli: Cli) -> None:
    """Text output sums up in one line what could not be looked at, and which flag would help."""
    write("r.json", refund())
    summary = cli("check", "--as", US, "r.json").out
    assert summary.count("\n") == 1
    assert "(--order)" in summary
    assert "the headers" in summary


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
    """`rules` lists every rule once, by id, with its severity, name and title."""
    found = cli("rules")
    assert found.status == 0
    listed = [line.split()[0] for line in found.out.splitlines()]
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


EXPECTED = {
    "walmart": {"refund_order_lines", "get_order", "create_token"},
    "walmart_ca": {"refund_order_lines", "cancel_order_lines", "get_order"},
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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("schema", "walmart.refund_order_line"), US),
        (("schema", "walmart.get_order"), "no body"),
        (("check", "--as", "walmart.refund_order_line", "-"), US),
        (("check", "--output-format", "jsn", "-"), "json"),
        (("check", "--ordr", "o.json", "-"), "--order"),
        (("check", "--fail-on", "warnings", "-"), "warning"),
        (("check", "--colour", "always", "-"), "--color"),
        (("check", "--select", "RF21O", "-"), "RF21"),
        (("check", "--ignore", "refund-exceeds-charges", "-"), "refund-exceeds-charge"),
        (("check", "--severity", "RF201=warn", "-"), "warning"),
        (("check", "--severity", "RF201", "-"), "--severity"),
        (("check", "--severity", "RF2011=off", "-"), "RF201"),
        (("check", "--require-context", "ordr", "-"), "order"),
        (("check", "--path", "id", "-"), "NAME=VALUE"),
        (("check", "--query", "=1", "-"), "NAME=VALUE"),
        (("check", "--header", "Accept: text/csv", "-"), "NAME=VALUE"),
        (("check", "--header", "Accept: text/csv;q=1", "-"), "no colon or space in the name"),
        (("check", "--severity", "RF201", "-"), "--severity: write RULE=LEVEL"),
        (("check", "--order", "", "-"), "--order: it is empty"),
        (("check", "--config", "", "-"), "--config: it is empty"),
        (("check", "--require-context=", "-"), "--require-context: it is empty"),
        (("check", "--isolated", "--config", "refundkit.toml", "-"), "--isolated and --config: use one"),
        (("check", "--response", "200", "-"), "--as"),
        (("check", "--as", US, "--response", "299", "-"), "200"),
        (("check", "--config", "missing.toml", "-"), "missing.toml"),
        (("check",), "-"),
        (("chek",), "check"),
        ((), "COMMAND"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_is_exit_2_with_a_suggestion(cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    """A wrong flag, value, rule, operation or part is exit 2, with what to write instead, on standard error only."""
    found = cli(*arguments, stdin=refund().encode())
    assert (found.status, found.out) == (2, "")
    assert said in found.err
    assert "Traceback" not in found.err


def test_flags_between_paths(cli: Cli) -> None:
    """Paths may stand before, between and behind the flags, and are checked in that order."""
    for name in ("a.json", "b.json", "c.json"):
        write(name, refund("1"))
    found = cli("check", "a.json", "--isolated", "b.json", "--output-format", "json", "c.json", "--as", US)
    assert [one["file"] for one in found.document["findings"]] == ["a.json", "b.json", "c.json"]


def test_version(cli: Cli) -> None:
    """--version prints the version of the package."""
    assert cli("--version") == Outcome(0, f"refundkit {refundkit.__version__}\n", "")


def test_reader_that_has_enough(folder: Path) -> None:
    """A reader that closes the pipe early gets no traceback."""
    with running("rules", folder=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


# Context.


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


def xml_refund(amount: str) -> str:
    """A refund in walmart_ca's wire format; the amount is on line 4."""
    return (
        f'<orderRefund xmlns="http://walmart.com/mp/v3/orders"><purchaseOrderId>{ID}</purchaseOrderId><orderLines>\n'
        "<orderLine><lineNumber>1</lineNumber><refunds><refund><refundCharges><refundCharge><refundReason>Others"
        "</refundReason>\n<charge><chargeType>PRODUCT</chargeType><chargeName>Item Price</chargeName><chargeAmount>\n"
        f"<currency>CAD</currency><amount>{amount}</amount></chargeAmount></charge></refundCharge></refundCharges>"
        "</refund></refunds></orderLine></orderLines></orderRefund>"
    )


def test_request_s_own_order_wins(check: Cli) -> None:
    """An order within the request is the one that counts, and no file is looked for."""
    request = story(US)
    write("r.json", text(request))
    assert check("--order", "missing.json", "r.json").status == 0


# The rest of the request, from the command line.


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


@pytest.mark.parametrize("output", ["full", "concise", "json"])
@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        (CA, ("--header", f"WM_SEC.AUTH_SIGNATURE={SECRET}*", "--header", "WM_SEC.TIMESTAMP=1")),
        (CA, ("--header", f"WM_SEC.ACCESS_TOKEN={SECRET}\x07")),
        (CA, ("--header", f"WM_CONSUMER.ID={SECRET}")),
        (SHOP, ("--header", f"Authorization=Bearer {SECRET}")),
        (SHOP, ("--header", f"Authorization={SECRET}")),
        (SHOP, ("--query", f"consumer_secret={SECRET}", "--header", "Accept=text/csv")),
        (TAX, ("--header", f"Authorization=Basic {SECRET}")),
        (TAX, ("--header", f"X-API-KEY={SECRET}", "--header", "Accept=text/csv")),
        (TAX, ("--header", f"X-API-KEY: {SECRET}")),
        (TAX, ("--header", f"X-API-KEY: {SECRET}=")),
    ],
)
def test_credentials_are_never_printed(cli: Cli, operation: str, arguments: tuple[str, ...], output: str) -> None:
    """The value of a credential that a flag gives is in no output, whatever is wrong with it or with the flag."""
    write("r.json", text(examples(operation)[0]))
    found = cli("check", "--isolated", "--as", operation, "--output-format", output, *arguments, "r.json")
    assert found.status in (0, 1, 2)
    assert SECRET not in found.out + found.err


def test_response_of_a_fixture(check: Cli) -> None:
    """--response holds a document to the response's schema, which is open and lenient."""
    good = examples(f"{US.partition('.')[0]}.get_order", "200")[0]
    write("good.json", text({**good, "news": True}))
    write("bad.json", '{"order": {"purchaseOrderId": 17, "orderLines": {"orderLine": []}}}')
    assert check("--as", "walmart.get_order", "--response", "200", "good.json").status == 0
    found = check("--as", "walmart.get_order", "--response", "200", "bad.json")
    assert found.status == 1
    assert (found.only["code"], found.only["pointer"], found.only["column"]) == ("RF102", "/order/purchaseOrderId", 31)


def test_response_that_is_an_array_is_one_document(check: Cli) -> None:
    """With --response an array in a .json file is one body, and only JSON Lines are a batch."""
    found = text(examples(TAX, "201")[1])
    write("one.json", found)
    write("two.jsonl", found + b"\n" + found + b"\n")
    assert check("--as", TAX, "--response", "201", "one.json").document["summary"]["checked"] == 1
    assert check("--as", TAX, "--response", "201", "two.jsonl").document["summary"]["checked"] == 2


@pytest.mark.parametrize(
    ("operation", "status"),
    [(name, status) for name in operations.names() for status in operations.get(name).described.responses],
)
def test_every_response_example_is_one(check: Cli, operation: str, status: str) -> None:
    """The spec's own examples of a response pass as such."""
    for index, example in enumerate(examples(operation, status)):
        write(f"{index}.jsonl", text(example))
    if Path("0.jsonl").exists():
        assert check("--as", operation, "--response", status, ".").status == 0


# Which rules run, how loud they are, and what that means for the exit status.


@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        ((), ["RF504", "RF206"]),
        (("--select", "RF206"), ["RF206"]),
        (("--select", "amount-precision,RF5"), ["RF504", "RF206"]),
        (("--select", "RF206", "--select", "placeholder-value"), ["RF504", "RF206"]),
        (("--select", "RF3"), []),
        (("--ignore", "RF2"), ["RF504"]),
        (("--ignore", "placeholder-value,RF206"), []),
        (("--select", "RF", "--ignore", "RF504"), ["RF206"]),
        (("--severity", "RF504=off"), ["RF206"]),
    ],
)
def test_select_and_ignore(check: Cli, arguments: tuple[str, ...], codes: list[str]) -> None:
    """--select and --ignore take ids, names and prefixes of ids, and --severity can turn a rule off."""
    write("r.json", refund("-1.005", line="string"))
    found = check("--as", US, *arguments, "r.json")
    assert found.codes == codes
    assert found.status == ("RF504" in codes)


def test_severity_changes_the_exit_status(check: Cli) -> None:
    """A warning that is made an error fails, an error that is made a warning does not; a later word wins."""
    write("r.json", refund("-1.005"))
    arguments = ("--as", US, "r.json")
    assert check(*arguments).status == 0
    found = check(*arguments, "--severity", "amount-precision=error")
    assert (found.status, found.only["severity"]) == (1, "error")
    assert check(*arguments, "--severity", "RF206=error", "--severity", "RF206=warning").status == 0


def test_rule_that_is_off_is_turned_on(check: Cli) -> None:
    """A rule that is off by default runs when its severity says so, or when it is selected by its own id."""
    write("r.json", text(examples("walmart_ca.cancel_order_lines")[0]))
    arguments = ("--as", "walmart_ca.cancel_order_lines", "r.json")
    assert check(*arguments).codes == []
    assert check(*arguments, "--severity", "RF603=warning").codes == ["RF603"]
    assert check(*arguments, "--select", "inventory-not-updated").codes == ["RF603"]


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


# The configuration.


@pytest.mark.parametrize(
    ("name", "table"),
    [("pyproject.toml", "tool.refundkit."), ("refundkit.toml", "")],
)
def test_nearest_configuration_counts(cli: Cli, monkeypatch: pytest.MonkeyPatch, name: str, table: str) -> None:
    """The nearest pyproject.toml or refundkit.toml upwards says which files are for which operation."""
    write(name, f'{table}ignore = ["RF206"]\n[{table}files]\n"fixtures/ca/*.json" = "{CA}"\n"*" = "{US}"\n')
    write("fixtures/ca/r.json", refund("-1.005"))
    write("fixtures/r.json", refund("-1.005"))
    write("fixtures/pyproject.toml", "[tool.other]\nx = 1\n")
    monkeypatch.chdir("fixtures")
    found = cli("check", "--output-format", "json", "ca/r.json", "r.json")
    assert found.codes == []
    assert {one["operation"] for one in found.document["not_run"]} == {CA, US}
    assert cli("check", "--isolated", "--output-format", "json", "r.json").codes == ["RF003"]


def test_configuration_of_a_flag(cli: Cli) -> None:
    """--config names the file instead; flags add to it."""
    write("pyproject.toml", "[tool.refundkit]\nselect = ['RF5']\n")
    write("own.toml", f'select = ["RF206"]\nseverity = {{RF206 = "error"}}\nfiles = {{"*.json" = "{US}"}}\n')
    write("r.json", refund("-1.005", line="string"))
    found = cli("check", "--config", "own.toml", "--output-format", "json", "r.json")
    assert (found.status, found.codes) == (1, ["RF206"])
    assert cli("check", "--config", "own.toml", "--ignore", "RF206", "r.json").status == 0


def test_order_and_refunds_of_the_configuration(cli: Cli) -> None:
    """The configuration's order and refunds patterns are those of the flags."""
    write(
        "refundkit.toml",
        f'order = "orders/{{id}}.json"\nrefunds = "past/{{id}}.json"\nfiles = {{"*.json" = "{SHOP}"}}\n',
    )
    write("orders/1204.json", example_order("woocommerce_legacy"))
    write("past/1204.json", text(examples("woocommerce_legacy.list_refunds", "200")[0]))
    write("r.json", '{"order_refund": {"amount": "85.81"}}')
    assert cli("check", "--path", "id=1204", "--output-format", "json", "r.json").codes == ["RF204"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("selekt = []", "select"),
        ("select = ['RF9999']", "RF9999"),
        ("select = 'RF201'", "list"),
        ("severity = {RF201 = 'loud'}", "warning"),
        ("files = {'*' = 'walmart.refund_order_line'}", US),
        ("select = [", "refundkit.toml"),
        ("order = 7", "order"),
    ],
)
def test_wrong_configuration(cli: Cli, content: str, said: str) -> None:
    """An unknown key, rule, operation or value of the configuration is exit 2, with what was meant."""
    write("refundkit.toml", content)
    write("r.json", refund())
    found = cli("check", "r.json")
    assert (found.status, found.out) == (2, "")
    assert said in found.err
    assert cli("check", "--isolated", "--as", US, "r.json").status == 0


def test_request_s_word_wins_over_the_configuration(cli: Cli) -> None:
    """What a request says of its operation wins over the configuration."""
    write("refundkit.toml", f'files = {{"*" = "{CA}"}}')
    write("r.json", asking(SHOP, '"body": {"order_refund": {"amount": "-1"}}'))
    assert cli("check", "--output-format", "json", "r.json").only["operation"] == SHOP


# What is read: files, folders, patterns, standard input.


def test_array_is_a_batch(check: Cli) -> None:
    """An array in a .json file is a batch: its entries are records, and a pointer is one into the entry's body."""
    last = asking(US, f'"body": {refund("2")}')
    write("r.json", f"[\n{flat(refund())},\n{flat(refund('1'))},\n{last}\n]")
    found = check("--as", US, "r.json")
    assert found.document["summary"]["checked"] == 3
    assert [(one["record"], one["line"], one["pointer"]) for one in found.document["findings"]] == [
        (2, 3, AMOUNT),
        (3, 12, AMOUNT),
    ]


def test_lines_keep_their_numbers(check: Cli) -> None:
    """In JSON Lines each line is a record of its own; empty lines count as lines, and a broken one breaks no other."""
    write("r.jsonl", f"{flat(refund('1'))}\r\n\n{{broken\n   {flat(refund('2'))}\n{flat(refund())}")
    found = check("--as", US, "r.jsonl")
    assert found.document["summary"]["checked"] == 4
    assert [(one["code"], one["record"], one["line"]) for one in found.document["findings"]] == [
        ("RF201", 1, 1),
        ("RF001", 3, 3),
        ("RF201", 4, 4),
    ]
    first, _, last = found.document["findings"]
    assert last["column"] == first["column"] + 3


def test_every_suffix_is_read(check: Cli) -> None:
    """A folder stands for every file in it that has a known suffix, however deep."""
    write("in/a.json", refund("1"))
    write("in/deep/b.jsonl", flat(refund("2")))
    write("in/deep/c.ndjson", flat(refund("3")))
    write("in/d.yaml", refund("4"))
    write("in/e.yml", refund("5"))
    write("in/f.txt", "nothing for us")
    found = check("--as", US, "in")
    assert found.document["summary"]["files"] == 5
    assert {one["file"] for one in found.document["findings"]} == {
        *("in/a.json", "in/deep/b.jsonl", "in/deep/c.ndjson", "in/d.yaml", "in/e.yml")
    }
    assert set(found.codes) == {"RF201"}


def test_several_documents_of_a_yaml_file(check: Cli) -> None:
    """Each document of a YAML file is a record; its literals are kept and its places are those of the file."""
    body = "order_refund:\n  amount: {0}\n"
    write("r.yaml", "---\n".join(body.format(amount) for amount in ("1.10", "-0.50", "5.555")))
    found = check("--as", SHOP, "r.yaml")
    assert found.document["summary"]["checked"] == 3
    assert [(one["code"], one["record"], one["line"], one["column"]) for one in found.document["findings"]] == [
        ("RF202", 2, 5, 11),
        ("RF206", 3, 8, 11),
    ]
    assert "5.555" in found.document["findings"][1]["message"]


def test_whole_request_in_yaml(check: Cli) -> None:
    """A whole request may be YAML; the header's place is its line in the file."""
    write(
        "r.yaml",
        f"operation: {SHOP}\npath: {{id: 1204}}\nheaders:\n  Accept: text/csv\nbody:\n  order_refund: {{amount: 12}}\n",
    )
    found = check("r.yaml").only
    assert (found["code"], found["pointer"], found["line"], found["column"]) == ("RF508", "header:Accept", 4, 11)


def test_duplicate_key_in_yaml(check: Cli) -> None:
    """A key that stands twice is RF002 in YAML too, at the second of them."""
    write("r.yaml", 'order_refund:\n  amount: "1.00"\n  amount: "100.00"\n')
    found = check("--as", SHOP, "r.yaml")
    assert found.status == 1
    assert (found.only["code"], found.only["line"], found.only["column"]) == ("RF002", 3, 3)


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


def test_xml_payload(check: Cli) -> None:
    """walmart_ca's wire format is read, by its root element where nothing else names the operation."""
    write("r.xml", xml_refund("19.99"))
    found = check("--as", CA, "r.xml").only
    assert (found["code"], found["line"], found["column"], found["pointer"]) == ("RF201", 4, 33, AMOUNT)


def test_xml_without_an_operation(check: Cli) -> None:
    """XML whose operation nothing names is RF003, and not judged."""
    write("r.xml", xml_refund("-19.99"))
    assert check("r.xml").codes == ["RF003"]


def test_standard_input(folder: Path) -> None:
    """- reads one document from standard input."""
    found = command("check", "--as", US, "--output-format", "json", "-", stdin=refund("19.99").encode())
    assert found.status == 1
    assert (found.only["file"], found.only["line"]) == ("-", 9)


def test_patterns_are_expanded(check: Cli) -> None:
    """A pattern stands for the files that it matches, in every folder for **; a file named twice is read once."""
    write("a/r1.json", refund())
    write("a/b/r2.json", refund())
    write("a/b/other.json", "{}")
    found = check("--as", US, "**/r*.json", "a/r1.json")
    assert found.status == 0
    assert found.document["summary"]["files"] == 2


@pytest.mark.parametrize("path", ["missing.json", "missing/", "*.json", "in/**/*.yaml", "link.json"])
def test_nothing_to_read_is_exit_2(check: Cli, folder: Path, path: str) -> None:
    """A file that is not there, a pattern that matches nothing and a link to nowhere are exit 2."""
    Path("link.json").symlink_to("nowhere")
    Path("in").mkdir()
    if path == "*.json":
        Path("link.json").unlink()
    found = check("--as", US, path)
    assert (found.status, found.out) == (2, "")
    assert path.rstrip("/") in found.err


@pytest.mark.parametrize("name", ["r.json", "r.yaml", "r.yml", "r.xml"])
@pytest.mark.parametrize("content", ["", " \n"])
def test_empty_document(check: Cli, name: str, content: str) -> None:
    """An empty document is RF001."""
    write(name, content)
    found = check("--as", CA, name)
    assert (found.status, found.codes) == (1, ["RF001"])


def test_empty_standard_input(check: Cli) -> None:
    """Empty standard input is RF001."""
    found = check("--as", CA, "-")
    assert (found.status, found.codes) == (1, ["RF001"])


@pytest.mark.parametrize(
    ("name", "content"), [("r.jsonl", ""), ("r.jsonl", "\n \n"), ("r.json", "[]"), ("in/x.txt", "")]
)
def test_no_payload_at_all(check: Cli, name: str, content: str) -> None:
    """Inputs without any payload are exit 2, unless --allow-empty says that this is fine."""
    path = write(name, content).partition("/")[0]
    found = check("--as", US, path)
    assert (found.status, found.out) == (2, "")
    assert "--allow-empty" in found.err
    found = check("--as", US, "--allow-empty", path)
    assert found.status == 0
    assert found.document["summary"]["checked"] == 0


@pytest.mark.parametrize(
    "content",
    [
        refund("19.99"),
        f"[{refund('19.99')}]",
        asking(US, f'"body": {refund("19.99")}'),
        f'{{"body": {refund("19.99")}, "path": {{"purchaseOrderId": "{ID}"}}}}',
    ],
    ids=["body", "batch", "operation", "request"],
)
@pytest.mark.parametrize("name", ["r.json", "r.jsonl", "r.yaml"])
def test_byte_order_mark_is_accepted(check: Cli, name: str, content: str) -> None:
    """A UTF-8 byte order mark changes nothing of what a document says."""
    if name == "r.jsonl" and content[0] == "[":
        pytest.skip("a line of JSON Lines is one record")
    if name == "r.yaml" and content[0] == "[":
        pytest.skip("a YAML file is a batch by its documents")
    flattened = flat(content)
    write(name, flattened)
    plain = check("--as", US, name)
    assert plain.codes == ["RF201"]
    write(name, b"\xef\xbb\xbf" + flattened.encode())
    marked = check("--as", US, name)
    assert marked.document["findings"] == plain.document["findings"]


def test_byte_order_mark_hides_nothing(check: Cli) -> None:
    """Behind a byte order mark the rules that read raw values see as much as without."""
    body = flat(refund(line="string"))
    write("r.json", b"\xef\xbb\xbf" + body.encode())
    assert check("--as", US, "--path", "purchaseOrderId=17", "r.json").codes == ["RF501", "RF504"]


# Whole requests.


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


def test_broken_record_of_a_batch_breaks_no_other(check: Cli) -> None:
    """One entry of an array that cannot be read is its own RF001; the others are judged, and keep their places."""
    write("r.json", f"[{flat(refund('1'))},\n{flat(refund('-1e999'))},\n{flat(refund('2'))}]")
    found = check("--as", US, "r.json").document["findings"]
    assert [(one["record"], one["code"], one["line"]) for one in found] == [
        (1, "RF201", 1),
        (2, "RF001", 2),
        (3, "RF201", 3),
    ]


def test_array_that_is_not_closed(check: Cli) -> None:
    """An array that is no JSON is one document, and one RF001."""
    write("r.json", f"[{flat(refund('1'))},")
    assert check("--as", US, "r.json").codes == ["RF001"]


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


# Places.


@pytest.mark.parametrize(
    ("body", "code", "line", "column"),
    [
        ('{"order_refund": {\n  "amount": "1.00", "note": 1}}', "RF103", 2, 21),
        ('{"order_refund": {\n  "amount": "1.00", "id": 1}}', "RF108", 2, 21),
        ('{"order_refund":\n   {"reason": ""}}', "RF101", 2, 4),
        ('{"order_refund": {"amount":\n true}}', "RF102", 2, 2),
        ('{"order_refund": {"amount": 1,\n"amount": 2}}', "RF002", 2, 1),
        ('{"order_refund": {"amount": "é\U0001f4b6", "line_items":\n []}}', "RF210", 1, 29),
        ('{"order_refund": {"reason": "é\U0001f4b6", "amount": -1}}', "RF202", 1, 45),
        ('{"order_refund": {"amount": 1,}}', "RF001", 1, 30),
    ],
)
def test_place_of_a_finding(check: Cli, body: str, code: str, line: int, column: int) -> None:
    """A finding is at its value, at the key for a field too many, at the object for one too few; in characters."""
    write("r.json", body)
    found = check("--as", SHOP, "r.json").only
    assert (found["code"], found["line"], found["column"]) == (code, line, column)


def test_place_of_what_a_request_lacks(check: Cli) -> None:
    """A header or path parameter that a whole request lacks is found at the object that should hold it."""
    write(
        "r.json",
        asking(
            UPDATE,
            '\n "path": {"id": "1"},\n "query": {"consumer_key": "k"},\n "headers": {},\n "body": {"order_refund": {}}',
        ),
    )
    found = check("r.json").document["findings"]
    assert [(one["code"], one["pointer"], one["line"], one["column"]) for one in found] == [
        ("RF505", "path:refund_id", 2, 10),
        ("RF502", "query:consumer_secret", 3, 11),
    ]
    write("r.json", asking(US, f'"body": {flat(refund())},\n "headers": {{"WM_QOS.CORRELATION_ID": "{GUID}"}}'))
    found = check("r.json").only
    assert (found["pointer"], found["line"], found["column"]) == ("header:WM_SVC.NAME", 2, 13)


# Numbers that identify a person's money.


@pytest.mark.parametrize("output", ["full", "concise", "json"])
@pytest.mark.parametrize(
    "number", [CARD, CARD.replace(" ", "-"), CARD.replace(" ", ""), "378282246310005", IBAN, IBAN.replace(" ", "")]
)
@pytest.mark.parametrize("field", ["lineNumber", "refundReason", "currency", "purchaseOrderId", "comments"])
def test_card_numbers_and_ibans_are_masked(cli: Cli, number: str, field: str, output: str) -> None:
    """A card number or IBAN in a value is masked in every output, in messages and in the lines that are shown."""
    body = json.loads(refund("1.005", line="string"))
    line = body["orderRefund"]["orderLines"]["orderLine"][0]
    charge = line["refunds"]["refund"][0]["refundCharges"]["refundCharge"][0]
    if field == "lineNumber":
        line["lineNumber"] = number
    elif field == "refundReason":
        charge["refundReason"] = f"card {number}"
    elif field == "currency":
        charge["charge"]["chargeAmount"]["currency"] = number
    elif field == "purchaseOrderId":
        body["orderRefund"]["purchaseOrderId"] = number
    else:
        line["refunds"]["refund"][0]["refundComments"] = f"to {number}, please"
    write("r.json", json.dumps(body))
    write("order.json", example_order("walmart"))
    arguments = ("--isolated", "--as", US, "--order", "order.json", "--output-format", output)
    for amount in ("1.005", "-1.005"):
        write("r.json", json.dumps(body).replace("1.005", amount))
        found = cli("check", *arguments, "--path", "purchaseOrderId=17", "r.json")
        assert found.status in (0, 1)
        assert number not in found.out
        assert digits(number)[:-4] not in digits(found.out)


def digits(shown: str) -> str:
    """A text without what separates groups of digits."""
    return shown.replace(" ", "").replace("-", "")


@pytest.mark.parametrize("output", ["full", "concise", "json"])
@pytest.mark.parametrize("padding", range(20, 100, 4))
def test_card_number_is_masked_at_a_cut(cli: Cli, padding: int, output: str) -> None:
    """Where a long value or a long line is cut off for showing, no half of a card number stays behind."""
    number = CARD.replace(" ", "")
    write("r.json", flat(refund("-1.00", reason="x" * padding + f" {number} ")))
    shown = cli("check", "--isolated", "--as", US, "--output-format", output, "r.json").out
    assert "RF321" in shown
    assert number[:8] not in shown
    write("r.json", flat(refund("1.00", reason="x" * padding + f" {number} " + "y" * 40)))
    shown = cli("check", "--isolated", "--as", US, "--output-format", output, "r.json").out
    assert "RF201" in shown
    assert number[:8] not in shown
    assert number[5:] not in shown
    write("r.json", flat(refund("-1.00")).replace("USD", "z" * padding + f" {number}"))
    shown = cli("check", "--isolated", "--as", US, "--output-format", output, "r.json").out
    assert "RF104" in shown
    assert number[:8] not in shown


def test_other_numbers_are_shown(cli: Cli) -> None:
    """A long number that is no card's, by its check digit, is shown as it is."""
    write("r.json", refund("4111111111111112"))
    assert "4111111111111112" in cli("check", "--isolated", "--as", US, "r.json").out


# What is printed is text of a line each, whatever the values hold.

SNEAKY = "a\n::error::b\r\x1b[31mc\x00\x9b1m"


@pytest.mark.parametrize("output", ["concise", "full"])
def test_values_cannot_forge_lines_or_colours(cli: Cli, output: str) -> None:
    """A line break or escape sequence in a value, a key or a header makes no line and no colour of its own."""
    request = story(US)
    line = request["body"]["orderRefund"]["orderLines"]["orderLine"][0]
    line["lineNumber"] = SNEAKY
    line["refunds"]["refund"][0]["refundCharges"]["refundCharge"][1]["refundReason"] = SNEAKY
    line[SNEAKY] = 1
    request["body"]["orderRefund"]["orderLines"]["orderLine"].append(line)
    request["path"]["purchaseOrderId"] = SNEAKY
    request["headers"] |= {"Accept": SNEAKY, "WM_MARKET": SNEAKY, "WM_QOS.CORRELATION_ID": SNEAKY, SNEAKY: SNEAKY}
    write("r.json", text(request))
    found = cli("check", "--isolated", "--output-format", output, "r.json")
    assert found.status == 1
    assert {"RF103", "RF301", "RF303", "RF321", "RF501", "RF508", "RF509"} <= set(found.out.replace(":", " ").split())
    assert printable(found.out)
    starts = ("r.json", "Checked ") if output == "concise" else ("r.json", "Checked ", "  ")
    assert all(shown.startswith(starts) for shown in found.out.split("\n")[:-1])


def printable(shown: str) -> bool:
    """Whether a text has no control character but line ends."""
    return all(ord(character) >= 32 and not 127 <= ord(character) < 160 for character in shown.replace("\n", ""))


def test_source_line_with_a_control_character(cli: Cli) -> None:
    """A source line that is shown brings no escape sequence to the terminal, and the carets stay below the value."""
    write("r.json", b'{"order_refund": {"amount": "1\x1b[31m,5"}}')
    found = cli("check", "--isolated", "--as", SHOP, "--output-format", "full", "r.json")
    assert "RF001" in found.out
    assert printable(found.out)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize(
    "arguments",
    [
        *(
            ("check", "--isolated", "--as", SHOP, "--output-format", output, "in")
            for output in ("full", "concise", "json")
        ),
        ("check", "--isolated", "--as", SHOP, "in/\u20ac.json"),
        ("rule", "RF203"),
        ("rules",),
    ],
    ids=" ".join,
)
def test_output_that_cannot_hold_every_character(folder: Path, arguments: tuple[str, ...], encoding: str) -> None:
    """Where the output's encoding lacks a character, or a file's name is no text, there is no traceback."""
    Path("in").mkdir()
    if encoding == "utf-8":
        write(os.fsdecode(b"in/\xff.json"), '{"order_refund": {"amount": "1"}}x')
    else:
        write("in/r.json", '{"order_refund": {"amount": "1\u20ac"}}')
    found = command(*arguments, PYTHONIOENCODING=f"{encoding}:strict", PYTHONUTF8="0")
    assert "Traceback" not in found.err
    assert found.status == (2 if "\u20ac" in arguments[-1] else arguments[0] == "check")


# Whatever comes in, no traceback.

HOSTILE = [
    *(
        b"",
        b" ",
        b"\n",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xff\xfe{\0}\0",
        b"null",
        b"true",
        b"0",
        b"-0.0",
        b"1e400",
        b'""',
    ),
    *(
        b"{}",
        b"[]",
        b"[[]]",
        b"[{}]",
        b"[null]",
        b"[1,2]",
        b"{",
        b"[",
        b"}",
        b'"',
        b'{"a"',
        b'{"a":1,}',
        b"{'a':1}",
        b"NaN",
    ),
    *(b'{"orderRefund":null}', b'{"orderRefund":[]}', b'{"orderRefund":{"orderLines":{"orderLine":[null]}}}'),
    *(
        b'{"order_refund":null}',
        b'{"order_refund":{"amount":null}}',
        b'{"order_refund":{"amount":1,"line_items":{"":{}}}}',
    ),
    *(b'{"items":[{}]}', b'{"items":[null]}', b'{"items":[{"itemId":"","quantity":1e308}]}', b'{"grant_type":""}'),
    *(
        b'{"body":null}',
        b'{"body":{}}',
        b'{"body":[]}',
        b'{"body":1,"order":1,"refunds":1}',
        b'{"body":{},"order":[],"refunds":{}}',
    ),
    *(b'{"operation":null}', b'{"operation":""}', b'{"operation":"."}', b'{"operation":"x.y","operation":"x.y"}'),
    *(b'{"method":"","url":""}', b'{"method":"POST","url":"//"}', b'{"method":"\\n","url":"?"}'),
    *(
        b'{"body":{},"path":{"id":null},"query":{"":""},"headers":{"":""}}',
        b'{"body":{},"path":{"purchaseOrderId":""}}',
    ),
    *(
        b'{"\\ud800":1}',
        b'{"a":"\\u0000"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":1}{"a":2}',
        b"\\",
        b"//",
        b"#",
        b"---",
        b"- a",
    ),
    *(
        b"&a [*a]",
        b"*a",
        b"!!python/object:os.system {}",
        b"%YAML 9.9\n---\n1",
        b"? [a]\n: b",
        b"a: b: c",
        b"<<: 1",
        b"\t",
    ),
    *(
        b"<",
        b"<a/>",
        b"<a></b>",
        b"<!DOCTYPE a><a/>",
        b'<?xml version="1.0" encoding="latin-1"?><a/>',
        b"<orderRefund/>",
        b"<a b='&x;'/>",
    ),
    *(
        b"9" * 5000,
        b"-" * 99,
        b'"' + b"x" * 99_999 + b'"',
        b"{" * 500,
        b'{"a":' * 500,
        b"[" * 500 + b"]" * 500,
        b"0." + b"1" * 999,
    ),
]


def noting(content: bytes, cli: Cli, *arguments: str) -> Outcome:
    """Runs a check, and adds the content to what is raised."""
    try:
        return cli("check", "--isolated", *arguments)
    except Exception as error:
        error.add_note(f"of {content[:80]!r}")
        raise


@pytest.mark.parametrize("suffix", ["json", "jsonl", "yaml", "xml"])
@pytest.mark.parametrize(
    "operation", [None, *(name for name in operations.names() if operations.get(name).described.body)]
)
def test_no_input_prints_a_traceback(cli: Cli, operation: str | None, suffix: str) -> None:
    """Small hostile inputs of every kind end in findings or in exit 2, in every format that is read."""
    named = ("--as", operation) if operation else ()
    for index, content in enumerate(HOSTILE):
        name = write(f"h{index}.{suffix}", content)
        found = noting(content, cli, "--output-format", "json", *named, name)
        if found.status == 2:
            assert (found.out, found.err[:11]) == ("", "refundkit: "), content
        else:
            assert found.status in (0, 1), content
            assert found.document["summary"]["files"] == 1


@pytest.mark.parametrize(
    "url", ["http://[", "http://[::1/wc-api/v3/orders/1/refunds", "http://a:b/wc-api/v3/orders/1/refunds", "%", ":"]
)
@pytest.mark.parametrize("named", [{"method": "POST"}, {"operation": SHOP}, {}])
def test_url_that_is_none(check: Cli, named: dict[str, str], url: str) -> None:
    """A URL that no library can read is no operation's, and no traceback."""
    write("r.json", text({**named, "url": url, "headers": {"Accept": "*/*"}, "body": {"order_refund": {"amount": 1}}}))
    assert check("r.json").status in (0, 1)


def test_hostile_context(cli: Cli) -> None:
    """Hostile orders and earlier refunds end in findings or in exit 2 as well."""
    for index, content in enumerate(HOSTILE):
        context = write(f"c{index}.json", content)
        for operation in (US, CA, SHOP, UPDATE, TAX):
            payload = write("r.json", text(examples(operation)[0]))
            found = noting(content, cli, "--as", operation, "--order", context, "--refunds", context, payload)
            assert found.status in (1, 2), (operation, content)


def test_one_process_meets_hostile_files(folder: Path) -> None:
    """All of them in one run of a process of its own: findings on standard output, and no traceback."""
    for index, content in enumerate(HOSTILE):
        write(f"in/h{index}.json", content)
    found = command("check", "--isolated", "--as", US, "in")
    assert found.status == 1
    assert "Traceback" not in found.err + found.out
    assert found.out.splitlines()[-1].startswith("Checked ")


def test_empty_path_is_no_folder(cli: Cli) -> None:
    """An empty argument, such as an unset variable leaves, is exit 2 and not the whole folder."""
    write("r.json", "{}")
    found = cli("check", "--isolated", "")
    assert found.status == 2
    assert "an empty path" in found.err


def test_error_that_nobody_foresaw(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of the program is exit 2 with its kind and place, without a traceback and without a payload's words."""

    def fail(*arguments: object, **options: object) -> None:
        raise KeyError("4111 1111 1111 1111")

    monkeypatch.setattr("refundkit.lint.sources.records", fail)
    write("r.json", "{}")
    found = cli("check", "--isolated", "r.json")
    assert found.status == 2
    assert "a defect of refundkit: KeyError in test_cli.py:" in found.err
    assert "4111" not in found.out + found.err


@pytest.mark.parametrize(("rule", "payload"), [("RF001", "{"), ("RF003", '{"orderRefund": {}}')])
def test_unjudged_payload_never_passes(cli: Cli, rule: str, payload: str) -> None:
    """A payload that nothing judged is exit 1, even where the rule that says so is ignored."""
    write("r.json", payload)
    assert cli("check", "--isolated", "--ignore", rule, "r.json").status == 1


def test_hidden_folders_are_left_out(cli: Cli) -> None:
    """A folder stands for what a person sees in it: .venv in it is not entered, and is read where it is named."""
    write("in/r.json", refund())
    write("in/.venv/s.json", "no JSON")
    assert cli("check", "--isolated", "--as", US, "in").status == 0
    assert cli("check", "--isolated", "--as", US, "in/.venv").status == 1


@pytest.mark.parametrize("flag", ["--order=o.json", "--batch", "--path=id=1", "--require-context=order"])
def test_flags_about_requests_are_refused_beside_a_response(cli: Cli, flag: str) -> None:
    """A flag that means nothing for an answer is exit 2, and not ignored."""
    write("r.json", "{}")
    outcome = cli("check", "--isolated", "--as", US, "--response", "200", flag, "r.json")
    assert outcome.status == 2
    assert f"{flag.partition('=')[0]} is about requests" in outcome.err


def test_no_standard_output_is_said(tmp_path: Path) -> None:
    """Where standard output is closed from the start the command says so, and exits with 2."""
    (tmp_path / "r.json").write_text("{}")
    shell = f'"{sys.executable}" -m refundkit check r.json >&-'
    run = subprocess.run(["/bin/sh", "-c", shell], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (2, "refundkit: there is no standard output to write to\n")
