"""What people expect of a linter's output, a test for each row of the table that concerns it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from commands import AMOUNT, CARD, IBAN, US, Outcome, command, digits, flat, on_terminal, refund, write
from refundkit.cli import FORMATS, main
from refundkit.rule import REGISTRY
from story import ROOT, story, text

Run = Callable[..., Outcome]
BOTH = ("json", "jsonl", "sarif", "github", "gitlab", "junit")


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in an empty folder, in this process."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)

    def started(*arguments: str) -> Outcome:
        capsys.readouterr()
        return Outcome(main(arguments), *capsys.readouterr())

    return started


@pytest.mark.parametrize("name", BOTH)
def test_line_column_and_pointer_both(run: Run, name: str) -> None:
    """Every format that a program reads has both the line and column of the value and the pointer to it."""
    write("r.json", refund("19.99"))
    shown = run("check", "--isolated", "--as", US, "--output-format", name, "r.json").out
    assert AMOUNT in shown
    place: dict[str, Any] = {
        "json": lambda: (json.loads(shown)["findings"][0]["line"], json.loads(shown)["findings"][0]["column"]),
        "jsonl": lambda: (json.loads(shown.splitlines()[0])["line"], json.loads(shown.splitlines()[0])["column"]),
        "sarif": lambda: region(shown),
        "github": lambda: tuple(map(int, re.findall("line=([0-9]+),col=([0-9]+)", shown)[0])),
        "gitlab": lambda: (
            json.loads(shown)[0]["location"]["lines"]["begin"],
            int(re.findall("column ([0-9]+)", shown)[0]),
        ),
        "junit": lambda: tuple(map(int, re.findall(">r.json:([0-9]+):([0-9]+):", shown)[0])),
    }
    assert place[name]() == (9, 21)


def region(shown: str) -> tuple[int, int]:
    """Where the first result of a SARIF log begins."""
    found = json.loads(shown)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]
    return found["startLine"], found["startColumn"]


def test_sarif_as_plain_dicts_with_start_lines_and_relative_uris(run: Run) -> None:
    """SARIF 2.1.0 has lines from 1 on or no region at all, and relative URIs below one base."""
    write("in/r.jsonl", "\n".join(flat(refund(amount)) for amount in ("1", "-1")))
    write("in/s.json", "")
    found = run(
        "check", "--isolated", "--as", US, "--header", "WM_QOS.CORRELATION_ID=1", "--output-format", "sarif", "in"
    )
    document = json.loads(found.out)
    assert document["version"] == "2.1.0"
    places = [result["locations"][0]["physicalLocation"] for result in document["runs"][0]["results"]]
    assert all(place["region"]["startLine"] >= 1 for place in places if "region" in place)
    assert any("region" not in place for place in places)
    assert {place["artifactLocation"]["uri"] for place in places} == {"in/r.jsonl", "in/s.json"}
    assert {place["artifactLocation"]["uriBaseId"] for place in places} == set(
        document["runs"][0]["originalUriBaseIds"]
    )


def test_github_annotations_errors_first(run: Run) -> None:
    """However many warnings come before it in the files, an error is among the first ten annotations."""
    write("r.jsonl", "\n".join(flat(refund(amount)) for amount in [*["-1.005"] * 12, "1"]))
    lines = run("check", "--isolated", "--as", US, "--output-format", "github", "r.jsonl").out.splitlines()
    assert lines[0].startswith("::error file=r.jsonl,line=13,")
    assert all(line.startswith("::warning file=r.jsonl,") for line in lines[1:13])


@pytest.mark.parametrize("name", ["gitlab", "sarif"])
def test_gitlab_fingerprint_without_the_line(run: Run, name: str) -> None:
    """A finding that moves to another line keeps its fingerprint, in GitLab's report and in SARIF."""

    def fingerprints() -> set[str]:
        shown = json.loads(run("check", "--isolated", "--as", US, "--output-format", name, "r.json").out)
        if name == "gitlab":
            return {issue["fingerprint"] for issue in shown}
        return {one for result in shown["runs"][0]["results"] for one in result["partialFingerprints"].values()}

    write("r.json", refund("1"))
    before = fingerprints()
    write("r.json", "\n\n\n" + refund("1"))
    assert before
    assert fingerprints() == before


def test_junit_one_case_a_payload(run: Run) -> None:
    """Of ten payloads in a file, two bad, ten cases are told and two of them fail."""
    write("r.jsonl", "\n".join(flat(refund("1" if number in (3, 7) else "-1")) for number in range(10)))
    shown = run("check", "--isolated", "--as", US, "--output-format", "junit", "r.jsonl").out
    cases = list(ElementTree.fromstring(shown).iter("testcase"))  # noqa: S314 - our own
    assert len(cases) == 10
    assert [case.get("name") for case in cases if case.find("failure") is not None] == ["record 4", "record 8"]


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no pseudo-terminals")
def test_a_file_report_and_the_text_log_in_one_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """One run writes the report to a file and the findings to the log: in full on a terminal, else a line each."""
    write("r.json", refund("19.99"))
    arguments = ("check", "--isolated", "--as", US, "--output-format", "sarif", "--output-file", "r.sarif", "r.json")
    found = run(*arguments)
    assert found.status == 1
    assert found.out.startswith("r.json:9:21: error RF201 amount-not-negative: ")
    assert json.loads(Path("r.sarif").read_text())["runs"][0]["results"][0]["ruleId"] == "RF201"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    found = run(*arguments)
    assert "^^^^^" in found.out
    assert "\x1b[" in found.out
    assert "\x1b[" not in Path("r.sarif").read_text()


def test_json_output_with_a_version_and_a_shipped_schema(run: Run) -> None:
    """JSON is version 1 and what the schema in the package says, with findings, without, and with statistics."""
    schema = json.loads(files("refundkit").joinpath("report", "output.schema.json").read_text("utf-8"))
    for amount, more in (("1", ()), ("-1", ()), ("1", ("--statistics",)), ("-1", ("--statistics",))):
        write("r.json", refund(amount))
        document = json.loads(run("check", "--isolated", "--as", US, "--output-format", "json", *more, "r.json").out)
        jsonschema.Draft202012Validator(schema).validate(document)
        assert document["version"] == 1
        assert ("statistics" in document) == bool(more)


@pytest.mark.parametrize("name", FORMATS)
def test_clean_stdout(run: Run, name: str) -> None:
    """Standard output holds the report and nothing else: what is wrong with the run itself goes to standard error."""
    write("r.json", refund("1"))
    found = run("check", "--isolated", "--as", US, "--output-format", name, "r.json", "missing.json")
    assert (found.status, found.out) == (2, "")
    assert "missing.json" in found.err
    found = command("check", "--isolated", "--as", US, "--output-format", name, "r.json")
    if name in ("json", "sarif", "gitlab"):
        json.loads(found.out)
    elif name == "junit":
        ElementTree.fromstring(found.out)  # noqa: S314 - our own


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no pseudo-terminals")
def test_no_color_and_force_color(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR takes the colour from a terminal, FORCE_COLOR gives it to a pipe, --color decides over both."""
    write("r.json", refund("19.99"))
    assert "\x1b[" in on_terminal()
    assert "\x1b[" not in on_terminal(NO_COLOR="1")
    arguments = ("check", "--isolated", "--as", US, "r.json")
    assert "\x1b[" not in run(*arguments).out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in run(*arguments).out
    assert "\x1b[" not in run(*arguments, "--color", "never").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in run(*arguments).out
    assert "\x1b[" in run(*arguments, "--color", "always").out


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("amount", ["1", "-1"])
def test_a_summary_line_always(run: Run, name: str, amount: str) -> None:
    """What was checked and what did not run is told in every format, whether or not something was found."""
    write("r.json", refund(amount))
    found = run("check", "--isolated", "--as", US, "--output-format", name, "r.json")
    if name in ("json", "jsonl"):
        assert '"checked": 1' in found.out
    else:
        assert (found.out + found.err).count("Checked 1 payload in 1 file: ") >= 1
    assert "RF203" in found.out or "10 rules want the order (--order)" in found.out


def test_rule_id_prints_the_same_text_as_the_docs_page(run: Run) -> None:
    """`rule` prints, for an id as for a name, what docs/rules.md has below the anchor of that id."""
    page = (ROOT / "docs/rules.md").read_text("utf-8")
    run("rules")
    for rule in [rule for rule in REGISTRY.values() if not rule.code.startswith("RF9")]:
        printed = run("rule", rule.code).out
        assert printed == run("rule", rule.name).out
        assert f'<a id="{rule.code}"></a>\n\n## {printed}' in page


@pytest.mark.parametrize("name", FORMATS)
def test_ids_and_names_everywhere(run: Run, name: str) -> None:
    """Every format gives a finding's id and its name; both are understood wherever a rule is named."""
    write("r.json", refund("1"))
    arguments = ("check", "--isolated", "--as", US, "--output-format", name, "--select")
    shown = run(*arguments, "RF201", "r.json").out
    assert "RF201" in shown
    assert "amount-not-negative" in shown
    settled = re.compile(r'("seconds": |time=")[0-9.]+')
    assert settled.sub("", run(*arguments, "amount-not-negative", "r.json").out) == settled.sub("", shown)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("number", [CARD, CARD.replace(" ", ""), "378282246310005", IBAN, IBAN.replace(" ", "")])
def test_card_numbers_and_ibans_never_reach_a_log(run: Run, name: str, number: str) -> None:
    """A card number or IBAN in any value is masked in every format, on the terminal and in a file."""
    request = story(US)
    line = request["body"]["orderRefund"]["orderLines"]["orderLine"][0]
    charge = line["refunds"]["refund"][0]["refundCharges"]["refundCharge"][0]
    line["lineNumber"] = number
    line["refunds"]["refund"][0]["refundComments"] = f"to {number}, please"
    charge["refundReason"] = f"card {number}"
    charge["charge"]["chargeAmount"]["currency"] = number
    request["path"]["purchaseOrderId"] = number
    request["headers"] |= {"WM_MARKET": number, "WM_QOS.CORRELATION_ID": number}
    write("r.json", text(request))
    request["body"]["orderRefund"]["orderLines"] = number
    write("s.json", text(request))
    arguments = ("check", "--isolated", "--output-format", name, "--statistics", "r.json", "s.json")
    found = run(*arguments, "--output-file", "report")
    assert found.status == 1
    assert "RF104" in found.out
    for shown in (*found[1:], run(*arguments).out, Path("report").read_text()):
        assert number not in shown
        assert digits(number)[:-4] not in digits(shown)
