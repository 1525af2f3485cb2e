"""The reports for CI systems, held to the schemas that are published for them, with findings and without any."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from commands import CARD, US, Cli, Outcome, flat, refund, write
from lxml import etree
from test_reports import SARIF, some_of_everything

JUNIT = Path(__file__).parent / "schemas" / "junit-10.xsd"
# GitLab publishes a table of what it reads of a Code Quality report; this is that table.
CODE_QUALITY = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "location", "severity"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^(?!\./|/)."},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}
RUNS = ["everything", "clean", "unreadable", "strange", "no payload"]


def report(cli: Cli, output_format: str, run: str) -> Outcome:
    """The report of a run of a kind."""
    arguments = ["--as", US, "in"]
    if run == "everything":
        arguments = some_of_everything()
    elif run == "clean":
        write("in/r.json", refund())
        write("in/r.jsonl", 3 * (flat(refund()) + "\n"))
    elif run == "unreadable":
        write("in/r.json", "{")
        write("in/r.xml", "<a")
    elif run == "strange":
        write("in/a & <b> \u20ac \x1b]].json", refund(f"]]>&<\x00 {CARD} \u2028", reason='"><x/>'))
        write("in/r.json", refund("19.99", reason="\\u0000\\ud83d\\ude00 ]]>"))
    else:
        write("in/r.jsonl", "")
        arguments.append("--allow-empty")
    return cli("check", "--isolated", "--output-format", output_format, *arguments)


@pytest.mark.parametrize("run", RUNS)
def test_junit_is_what_jenkins_reads(cli: Cli, run: str) -> None:
    """The JUnit report holds to the schema of Jenkins, whatever stands in names and values."""
    schema = etree.XMLSchema(etree.parse(str(JUNIT)))
    schema.assertValid(etree.fromstring(report(cli, "junit", run).out.encode()))


@pytest.mark.parametrize("run", RUNS)
def test_code_quality_is_what_gitlab_reads(cli: Cli, run: str) -> None:
    """The GitLab report has all that GitLab asks of an issue, and an issue has one fingerprint."""
    issues = json.loads(report(cli, "gitlab", run).out)
    jsonschema.Draft202012Validator(CODE_QUALITY).validate(issues)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


@pytest.mark.node
@pytest.mark.parametrize("run", RUNS)
def test_sarif_is_what_is_published(cli: Cli, run: str) -> None:
    """The SARIF log holds to the published schema, formats included."""
    schema = json.loads(SARIF.read_text("utf-8"))
    checker = jsonschema.Draft4Validator.FORMAT_CHECKER
    jsonschema.Draft4Validator(schema, format_checker=checker).validate(json.loads(report(cli, "sarif", run).out))


def test_clean_files_make_no_noise_in_gitlab(cli: Cli) -> None:
    """Of a clean file there is no issue, though rules did not run for want of its order: the log says so."""
    found = report(cli, "gitlab", "clean")
    assert (found.status, json.loads(found.out)) == (0, [])
    assert "rules want the order (--order)" in found.err
    write("in/bad.json", refund("19.99"))
    issues = json.loads(report(cli, "gitlab", "clean").out)
    assert {issue["location"]["path"] for issue in issues} == {"in/bad.json"}
    assert {issue["severity"] for issue in issues} == {"major", "info"}
