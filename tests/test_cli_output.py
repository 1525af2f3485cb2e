"""The command line: the formats, the streams, colour and --quiet."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from commands import AMOUNT, CA, SCHEMA, SHOP, US, Cli, Outcome, command, flat, on_terminal, refund, write
from processes import running
from refundkit.cli import FORMATS


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


def test_colour_is_asked_for(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """--color decides about colour, then NO_COLOR, then FORCE_COLOR; without them a file gets none."""
    write("r.json", refund("19.99"))
    arguments = ("check", "--as", CA, "r.json")
    assert "\x1b" not in cli(*arguments).out
    assert "\x1b[" in cli(*arguments, "--color", "always").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in cli(*arguments).out
    assert "\x1b" not in cli(*arguments, "--color", "never").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in cli(*arguments).out
    assert "\x1b[" in cli(*arguments, "--color", "always").out


def test_json_format(check: Cli) -> None:
    """The JSON output is version 1: a summary, the findings with all their fields, and what did not run."""
    write("r.json", refund("19.99"))
    found = check("--as", CA, "r.json")
    assert found.status == 1
    summary = found.document["summary"]
    assert isinstance(summary.pop("seconds"), float)
    assert summary == {"files": 1, "checked": 1, "not_judged": 0, "errors": 1, "warnings": 0, "suppressed": 0}
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
        "source": "walmart-ca-refund, published schema",
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


def test_reader_that_has_enough(folder: Path) -> None:
    """A reader that closes the pipe early gets no traceback."""
    with running("rules", folder=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


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


def test_no_standard_output_is_said(tmp_path: Path) -> None:
    """Where standard output is closed from the start the command says so, and exits with 2."""
    (tmp_path / "r.json").write_text("{}")
    shell = f'"{sys.executable}" -m refundkit check r.json >&-'
    run = subprocess.run(["/bin/sh", "-c", shell], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (2, "refundkit: there is no standard output to write to\n")


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no pseudo-terminals")
def test_report_in_a_file_leaves_the_full_text_to_the_terminal(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a report in a file, a terminal gets the full text in colour; the file has no colour."""
    write("r.json", refund("19.99"))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    found = cli("check", "--as", US, "--output-format", "sarif", "--output-file", "r.sarif", "r.json")
    assert found.status == 1
    assert "^^^^^" in found.out
    assert "\x1b[" in found.out
    assert "\x1b[" not in Path("r.sarif").read_text()
    assert json.loads(Path("r.sarif").read_text())["runs"][0]["results"][0]["ruleId"] == "RF201"


@pytest.mark.parametrize("name", FORMATS)
def test_clean_stdout(cli: Cli, name: str) -> None:
    """Standard output holds the report and nothing else: what is wrong with the run itself goes to standard error."""
    write("r.json", refund("1"))
    found = cli("check", "--isolated", "--as", US, "--output-format", name, "r.json", "missing.json")
    assert (found.status, found.out) == (2, "")
    assert "missing.json" in found.err
    found = command("check", "--isolated", "--as", US, "--output-format", name, "r.json")
    if name in ("json", "sarif", "gitlab"):
        json.loads(found.out)
    elif name == "junit":
        ElementTree.fromstring(found.out)  # noqa: S314 - our own


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("amount", ["1", "-1"])
def test_a_summary_line_always(cli: Cli, name: str, amount: str) -> None:
    """What was checked and what did not run is told in every format, whether or not something was found."""
    write("r.json", refund(amount))
    found = cli("check", "--isolated", "--as", US, "--output-format", name, "r.json")
    if name in ("json", "jsonl"):
        assert '"checked": 1' in found.out
    else:
        assert (found.out + found.err).count("Checked 1 payload in 1 file: ") >= 1
    assert "RF203" in found.out or "rules want the order (--order)" in found.out + found.err
