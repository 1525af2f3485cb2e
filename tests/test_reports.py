"""The output formats: each is held, byte for byte, to a report of the same run in snapshots/.

`RENEW=1 pytest tests/test_reports.py` writes the snapshots anew; read what git shows of them before you commit it.
"""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from commands import CA, GUID, SCHEMA, TAX, US, Outcome, asking, command, flat, module_paths, refund, write
from refundkit import __version__, rules
from refundkit.cli import FORMATS, main
from refundkit.report.sarif import find_docs_address
from refundkit.rule import REGISTRY, rule
from refundkit.rules import page
from story import ROOT, story, text

SNAPSHOTS = Path(__file__).parent / "snapshots"
DOCS = "https://docs.example/"
DOCUMENTS = ("json", "sarif", "gitlab", "junit")
LINE = jsonschema.Draft202012Validator({"$ref": "#/$defs/line", "$defs": SCHEMA["$defs"]})
# The published schema, as a package from npm ships it; `make peers` installs that one with the others.
SARIF = ROOT / ".venv/node/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"

Check = Callable[..., Outcome]


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Check:
    """Runs `refundkit check --isolated` in an empty folder, in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("refundkit.report.sarif._find_docs_site", lambda: DOCS)
    for name in ("NO_COLOR", "FORCE_COLOR", "GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> Outcome:
        capsys.readouterr()
        return Outcome(main(("check", "--isolated", *arguments)), *capsys.readouterr())

    return run


def some_of_everything() -> list[str]:
    """Files with errors, warnings, findings without a line, clean payloads and some that nothing can judge."""
    bad = story(US)
    bad["body"]["orderRefund"]["orderLines"]["orderLine"][0]["lineNumber"] = "99"
    del bad["order"]
    body = f'"body": {flat(refund())}'
    write("order.json", text(story(US)["order"]))
    write("in/an order, 100%.json", asking(US, f'"body": {flat(refund("19.99"))}'))
    write(
        "in/batch.json",
        f"[{asking(US, body)},\n 17,\n {asking(CA, body)}]",
    )
    write("in/lines.jsonl", "\n".join(["", text(bad).decode(), asking(US, f'"body": {flat(refund("-1.005"))}'), ""]))
    write("in/more.jsonl", 2 * (asking(TAX, '"body": {"items": [{"itemId": "A", "quantity": 0}]}') + "\n"))
    write("in/story.yaml", json.dumps(json.loads(text(story("woocommerce_legacy.create_refund")))))
    write("in/unknown.json", '{"<&>": "]]>"}')
    chosen = "--select=RF003,RF005,RF201,RF206,RF301,RF402,RF502,RF505,RF509"  # a new rule changes no snapshot
    return [chosen, "--order", "order.json", "--header", f"WM_QOS.CORRELATION_ID={GUID[:-1]}", "in"]


def settled(report: str) -> str:
    """A report without what differs from run to run and from version to version."""
    report = re.sub(r'("seconds": |time=")[0-9.]+', r"\g<1>0", report)
    return report.replace(f'ersion": "{__version__}"', 'ersion": "0"')


@pytest.mark.parametrize("name", FORMATS)
def test_report_is_that_of_the_snapshot(check: Check, name: str) -> None:
    """Each format reports the same run as it did when its snapshot was read and accepted."""
    found = check("--output-format", name, "--statistics", *some_of_everything())
    assert found.status == 1
    file = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("RENEW"):
        file.write_text(settled(found.out), encoding="utf-8")
    assert settled(found.out) == file.read_text("utf-8")


def test_text_beside_a_document_goes_to_standard_error(check: Check) -> None:
    """A format with no line for a person leaves the summary and the statistics to standard error."""
    arguments = some_of_everything()
    summary = check("--output-format", "concise", "--statistics", *arguments).out.partition("Checked ")[2]
    for name in ("sarif", "gitlab", "junit"):
        assert check("--output-format", name, "--statistics", *arguments).err == f"Checked {summary}"
        assert check("--output-format", name, "--quiet", *arguments).err == ""


# JSON Lines.


def test_lines_are_those_of_the_schema(check: Check) -> None:
    """Each line holds to the shipped schema; findings come first, what did not run next, the summary alone last."""
    lines = [json.loads(line) for line in check("--output-format", "jsonl", *some_of_everything()).out.splitlines()]
    for line in lines:
        LINE.validate(line)
    kinds = "".join("f" if "code" in line else "n" if "missing" in line else "s" for line in lines)
    assert re.fullmatch("f+n+s", kinds)


def test_lines_hold_what_the_document_holds(check: Check) -> None:
    """JSON Lines and the JSON document tell the same, object by object, statistics included."""
    arguments = ["--statistics", *some_of_everything()]
    document = json.loads(settled(check("--output-format", "json", *arguments).out))
    *lines, last = map(json.loads, settled(check("--output-format", "jsonl", *arguments).out).splitlines())
    assert lines == document["findings"] + document["not_run"]
    assert last == {key: document[key] for key in ("version", "summary", "statistics")}
    assert sum(row["findings"] for row in document["statistics"]) == len(document["findings"])


# SARIF.


def sarif(found: Outcome) -> dict[str, Any]:
    """The one run of a SARIF log that the published schema, where it is here, accepts."""
    document = json.loads(found.out)
    if SARIF.exists():
        schema = json.loads(SARIF.read_text("utf-8"))
        jsonschema.Draft4Validator(schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER).validate(document)
    (run,) = document["runs"]
    return dict(run)


@pytest.mark.node
def test_sarif_is_valid(check: Check) -> None:
    """The log is what the published schema asks for, with findings and without any."""
    assert sarif(check("--output-format", "sarif", *some_of_everything()))["results"]
    write("clean.json", refund())
    clean = sarif(check("--output-format", "sarif", "--as", US, "clean.json"))
    assert clean["results"] == clean["tool"]["driver"]["rules"] == []
    assert clean["invocations"][0]["toolExecutionNotifications"]


def test_sarif_names_the_docs_of_each_rule(check: Check) -> None:
    """A result's rule has its title, its docs, its default level, and an address that is the docs' own section."""
    run = sarif(check("--output-format", "sarif", "--severity", "RF201=warning", *some_of_everything()))
    for result in run["results"]:
        described = run["tool"]["driver"]["rules"][result["ruleIndex"]]
        known = REGISTRY[result["ruleId"]]
        assert (described["id"], described["name"]) == (known.code, known.name)
        assert described["shortDescription"]["text"] == known.title
        assert described["help"]["markdown"] == page.text(known)
        assert described["helpUri"] == f"{DOCS}rules/{known.code}.html"
        assert described["defaultConfiguration"]["level"] == known.severity
    levels = {result["ruleId"]: result["level"] for result in run["results"]}
    assert levels["RF201"] == "warning"


def test_sarif_of_a_rule_that_is_off_by_default(check: Check) -> None:
    """A rule that only runs when it is selected is one that is not enabled by default."""
    write("r.json", text(story("woocommerce_legacy.delete_refund")))
    run = sarif(check("--output-format", "sarif", "--select", "RF606", "r.json"))
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["defaultConfiguration"] == {"enabled": False, "level": "warning"}


def test_address_without_a_published_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the project names no page of its docs, the address of a rule's docs holds them."""
    monkeypatch.setattr("refundkit.report.sarif._find_docs_site", lambda: "")
    rules.load_all()
    from urllib.request import urlopen

    with urlopen(find_docs_address(REGISTRY["RF203"])) as docs:  # noqa: S310 - a data: URI
        assert docs.read().decode() == page.text(REGISTRY["RF203"])


def test_address_of_a_user_s_rule() -> None:
    """A rule that a user wrote is on no page of ours, so its address holds its docs, and the page leaves it out."""

    @rule("RF998", "rule-of-a-user")
    def rule_of_a_user(body: object) -> None:
        """A rule that a user wrote."""

    try:
        assert find_docs_address(REGISTRY["RF998"]).startswith("data:")
        assert "RF998" not in page.page()
    finally:
        del REGISTRY["RF998"]


def test_sarif_points_at_the_value(check: Check) -> None:
    """A region is the value's own, and a value in no file has a file and no region."""
    write("r.json", refund("19.99"))
    arguments = ("--output-format", "sarif", "--as", US, "r.json")
    (result,) = sarif(check(*arguments))["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "r.json", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 9, "startColumn": 21, "endColumn": 26}
    write("r.json", refund())
    (result,) = sarif(check(*arguments, "--header", "WM_QOS.CORRELATION_ID=1", "--select", "RF509"))["results"]
    assert "region" not in result["locations"][0]["physicalLocation"]


def test_value_makes_no_link(check: Check) -> None:
    """What looks like a link of SARIF's own in a value is shown as text."""
    write("r.json", refund(reason="[see](https://example.com)"))
    (result,) = sarif(check("--output-format", "sarif", "--as", US, "--select", "RF321", "r.json"))["results"]
    assert "\\[see\\](https://example.com)" in result["message"]["text"]


# Names of files.

STRANGE = "a b/50%, c:d#e?.json"


def test_path_from_the_checkout(check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code scanning, annotations and code quality get a path from the root of the checkout."""
    write(f"service/{STRANGE}", refund("1"))
    monkeypatch.chdir(tmp_path / "service")
    for variable in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        with monkeypatch.context() as context:
            context.setenv(variable, str(tmp_path))
            run = {name: check("--as", US, "--output-format", name, STRANGE).out for name in FORMATS}
        location = json.loads(run["sarif"])["runs"][0]["results"][0]["locations"][0]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == "service/a%20b/50%25%2C%20c%3Ad%23e%3F.json"
        assert "::error file=service/a b/50%25%2C c%3Ad#e?.json,line=9,col=21," in run["github"]
        assert json.loads(run["gitlab"])[0]["location"]["path"] == f"service/{STRANGE}"
        assert json.loads(run["json"])["findings"][0]["file"] == STRANGE


def test_path_outside_the_checkout(check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that lies elsewhere is named by its whole path."""
    write("r.json", refund("1"))
    Path("inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")
    (result,) = sarif(check("--as", US, "--output-format", "sarif", "../r.json"))["results"]
    artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": (tmp_path / "r.json").as_uri()}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take only text for a file's name")
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_file_name_that_is_no_text(check: Check, name: str, encoding: str) -> None:
    """A file name with bytes that are no text is escaped, and the report can be read in every encoding."""
    write(os.fsdecode(b"in/\xff\n\xe2\x82\xac\xf0\x9f\x98\x80.json"), refund("1", reason="\u20ac\U0001f600"))
    arguments = ("check", "--isolated", "--as", US, "--output-format", name, "in")
    found = command(*arguments, PYTHONIOENCODING=f"{encoding}:strict", PYTHONUTF8="0")
    assert found.status == 1
    assert "Traceback" not in found.err
    read(name, found.out)
    assert "%FF%0A" in found.out if name == "sarif" else re.search(r"(xff|udcff)\\", found.out)


def read(name: str, report: str) -> Any:
    """A report, by a reader of its format."""
    if name in ("json", "sarif", "gitlab"):
        return json.loads(report)
    if name == "jsonl":
        return [json.loads(line) for line in report.splitlines()]
    return ElementTree.fromstring(report) if name == "junit" else report  # noqa: S314 - our own


# GitHub and GitLab.


def test_annotations_of_errors_come_first(check: Check) -> None:
    """Of annotations a step shows but ten of each kind, so no warning and no notice comes before an error."""
    write("r.jsonl", "\n".join(flat(refund(amount)) for amount in ("-1.005", "1", "-1.005", "1")))
    lines = check("--as", US, "--output-format", "github", "r.jsonl").out.splitlines()
    assert [line.split(" ")[0] for line in lines] == [
        *("::error", "::error", "::warning", "::warning", "::notice"),
        "Checked",
    ]
    assert "(--order)" in lines[-2]


def test_fingerprints_stay_when_lines_move(check: Check) -> None:
    """Fingerprints are one a finding, and stay when lines and clean payloads are put before it."""
    arguments = ("--as", US, "--output-format", "gitlab", "in")
    write("in/r.json", refund("1"))
    write("in/r.jsonl", 2 * (flat(refund("1")) + "\n"))
    before = [issue["fingerprint"] for issue in json.loads(check(*arguments).out)]
    assert len(set(before)) == len(before)
    write("in/r.json", "\n\n" + refund("2"))
    write("in/r.jsonl", flat(refund()) + "\n\n" + 2 * (flat(refund("3")) + "\n"))
    assert sorted(issue["fingerprint"] for issue in json.loads(check(*arguments).out)) == sorted(before)


def test_code_quality_has_what_is_asked_of_an_issue(check: Check) -> None:
    """An issue has a severity that GitLab knows, a line, and says what did not run as one that informs."""
    issues = json.loads(check("--output-format", "gitlab", *some_of_everything()).out)
    assert {issue["severity"] for issue in issues} == {"major", "minor", "info"}
    assert all(issue["location"]["lines"]["begin"] >= 1 for issue in issues)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


# JUnit.


def cases(found: Outcome) -> dict[tuple[str, str], set[str]]:
    """The test cases of a report: what stands in each."""
    suites = ElementTree.fromstring(found.out)  # noqa: S314 - our own
    (suite,) = suites
    listed = list(suite.iter("testcase"))
    kinds = [kind.tag for case in listed for kind in case]
    for totals in (suites, suite):
        assert int(totals.get("tests", "")) == len(listed)
        for key, tag in (("failures", "failure"), ("errors", "error")):
            assert int(totals.get(key, "")) == kinds.count(tag)
    assert int(suite.get("skipped", "")) == kinds.count("skipped")
    named = {(case.get("classname", ""), case.get("name", "")): {kind.tag for kind in case} for case in listed}
    assert len(named) == len(listed)
    return named


def test_one_case_a_payload(check: Check) -> None:
    """Each payload is a case that no other is named like; it fails for an error, and a warning is only its output."""
    lines = [flat(refund(amount)) for amount in ("-1", "1", "-1.005", "-1")]
    write("b.json", f"[{', '.join(lines[:3])}]")
    write("l.jsonl", "\n\n".join(lines))
    write("o.json", lines[0])
    assert cases(check("--as", US, "--output-format", "junit", "b.json", "l.jsonl", "o.json")) == {
        ("b.json", "record 1"): set(),
        ("b.json", "record 2"): {"failure"},
        ("b.json", "record 3"): {"system-out"},
        ("l.jsonl", "record 3"): {"failure"},
        ("l.jsonl", "record 5"): {"system-out"},
        ("l.jsonl", "clean 1"): set(),
        ("l.jsonl", "clean 2"): set(),
        ("o.json", "payload"): set(),
    }


@pytest.mark.parametrize(
    ("level", "first", "ignored", "unjudged"),
    [
        ("error", {"system-out"}, {"failure"}, {"error", "system-out"}),
        ("warning", {"failure"}, {"failure"}, {"failure"}),
        ("never", {"system-out"}, {"skipped", "system-out"}, {"skipped", "system-out"}),
    ],
)
def test_cases_fail_as_the_exit_status_does(
    check: Check, level: str, first: set[str], ignored: set[str], unjudged: set[str]
) -> None:
    """A case fails for what --fail-on names; a payload that nothing judged is an error, or skipped if nothing fails."""
    write("r.json", refund("-1.005"))
    write("s.json", "{}")
    arguments = ("--fail-on", level, "--output-format", "junit", "--ignore", "RF003")
    assert cases(check(*arguments, "--as", US, "r.json"))["r.json", "payload"] == first
    found = check(*arguments, "s.json")
    assert cases(found) == {("s.json", "payload"): ignored}
    assert found.status == (level != "never")
    assert "Not judged: 1 payload." in found.out
    (content,) = cases(check(*arguments[:4], "--severity", "RF003=warning", "s.json")).values()
    assert content == unjudged


def test_million_clean_payloads_are_a_count(check: Check) -> None:
    """Of a payload without a finding a run keeps no more than that there was one."""
    from refundkit.lint.record import Linted
    from refundkit.report import Run

    run = Run()
    for _ in range(3):
        run.add(Linted(file="r.jsonl", operation=US, findings=(), not_run=(), records=1_000_000))
    assert run.linted == []
    assert run.payloads == {"r.jsonl": 3_000_000}


# --output-file.


@pytest.mark.parametrize("name", FORMATS)
def test_file_holds_what_the_format_prints(check: Check, name: str) -> None:
    """--output-file holds what the format would print, without colour, and the terminal has the text."""
    arguments = some_of_everything()
    printed = settled(check("--output-format", name, *arguments).out)
    found = check("--output-format", name, "--output-file", "report", "--color", "always", *arguments)
    assert settled(Path("report").read_text("utf-8")) == printed
    assert "\x1b[" not in Path("report").read_text("utf-8")
    assert found.out == check("--output-format", "concise", "--color", "always", *arguments).out
    assert found.err == ""


def test_file_that_cannot_be_written(check: Check, tmp_path: Path) -> None:
    """A path that cannot be written is exit 2 before anything is read, and says why."""
    Path("folder").mkdir()
    for path in ("missing/report.json", "folder/", "nul\0l", "r.json/x"):
        write("r.json", refund("1"))
        found = check("--output-format", "json", "--output-file", path, "not-there.json")
        assert (found.status, found.out) == (2, "")
        assert "--output-file" in found.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "r.json"]


def test_file_is_whole_or_as_it_was(check: Check, tmp_path: Path) -> None:
    """A run that breaks off leaves the report of the last one as it was, and nothing beside it."""
    write("r.json", refund("1"))
    write("report", "the last one")
    arguments = ("--as", US, "--output-format", "json", "--output-file", "report")
    assert check(*arguments, "not-there.json").status == 2
    assert Path("report").read_text() == "the last one"
    Path("report").chmod(0o640)
    assert check(*arguments, "r.json").status == 1
    assert json.loads(Path("report").read_text())["version"] == 1
    assert stat.S_IMODE(Path("report").stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.json", "report"]


def test_file_is_no_payload_of_the_next_run(check: Check) -> None:
    """A report that is written into the folder which is checked is not checked itself by the next run."""
    write("in/r.json", refund())
    for path in ("in", "in/*.json"):
        arguments = ("--as", US, "--output-format", "json", "--output-file", "in/report.json", path)
        for _ in range(2):
            assert check(*arguments).status == 0
        assert json.loads(Path("in/report.json").read_text())["summary"]["files"] == 1


def test_file_behind_a_link(check: Check) -> None:
    """A link that the report is written through still is one."""
    write("r.json", refund("1"))
    Path("link").symlink_to("report")
    check("--as", US, "--output-format", "json", "--output-file", "link", "r.json")
    assert Path("link").is_symlink()
    assert json.loads(Path("report").read_text())["version"] == 1


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="this system has no such file")
def test_file_that_is_a_stream(check: Check) -> None:
    """What is no regular file is written to as it is."""
    write("r.json", refund("1"))
    found = command(
        "check", "--isolated", "--as", US, "--output-format", "github", "--output-file", "/dev/stdout", "r.json"
    )
    assert found.status == 1
    assert "::error file=r.json" in found.out
    assert "error RF201" in found.out


def test_file_is_there_though_nobody_reads_the_text(check: Check) -> None:
    """Where standard output is closed early, the report was written all the same."""
    write("r.json", refund("1"))
    reading, writing = os.pipe()
    os.close(reading)
    arguments = ("check", "--isolated", "--as", US, "--output-format", "json", "--output-file", "report", "r.json")
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "refundkit", *arguments],
            stdout=closed,
            stderr=subprocess.PIPE,
            check=False,
            env={**os.environ, **module_paths()},
        )
    assert (done.returncode, done.stderr) == (2, b"")
    assert json.loads(Path("report").read_text())["version"] == 1


@pytest.mark.parametrize("name", FORMATS)
def test_quiet_leaves_out_text_only(check: Check, name: str) -> None:
    """--quiet says nothing of a clean run where the format is text; a document or a file is there all the same."""
    write("r.json", refund())
    arguments = ("--quiet", "--as", US, "--output-format", name, "r.json")
    found = check(*arguments)
    assert found.err == ""
    assert bool(found.out) == (name in (*DOCUMENTS, "jsonl"))
    assert check(*arguments, "--output-file", "report") == Outcome(0, "", "")
    assert Path("report").read_text()


def test_quiet_run_that_judged_nothing_says_so(check: Check) -> None:
    """--quiet does not hide a payload that nothing judged, though the rule that says why is ignored."""
    write("r.json", "{}")
    found = check("--quiet", "--ignore", "RF003", "r.json")
    assert found.status == 1
    assert "Not judged: 1 payload." in found.out


def test_statistics_count_each_rule(check: Check) -> None:
    """--statistics adds a table to the text: how often each rule spoke, the most frequent first."""
    write("r.jsonl", "\n".join(flat(refund(amount)) for amount in ("-1.005", "1", "1")))
    found = check("--as", US, "--statistics", "r.jsonl")
    assert found.out.splitlines()[-2:] == [
        f"2  RF201  error    amount-not-negative  {US}",
        f"1  RF206  warning  amount-precision     {US}",
    ]


def test_text_formats_import_no_other(check: Check) -> None:
    """A check with concise output imports neither the other formats nor what they are made with."""
    write("r.json", refund("1"))
    program = (
        "import sys; from refundkit.cli import main; main(sys.argv[1:])\n"
        "heavy = ('refundkit.report.', 'refundkit.rules.page', 'xml')\n"
        "print(sorted(name for name in sys.modules if name.startswith(heavy)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "check", "--isolated", "--as", US, "r.json"],
        capture_output=True,
        check=True,
        env={**os.environ, **module_paths()},
    )
    assert done.stderr.decode().strip() == "['refundkit.report.concise', 'refundkit.report.text']"


# The rules page.


def test_page_that_is_stale(tmp_path: Path) -> None:
    """The page is written by a command, and the same with --check fails where it is not what the rules say."""
    file = tmp_path / "rules.md"
    with pytest.raises(SystemExit, match="is not what the rules say"):
        page.main(["--check", str(file)])
    page.main([str(file)])
    page.main(["--check", str(file)])
    file.write_text(file.read_text("utf-8").replace("RF203", "RF204"), encoding="utf-8")
    with pytest.raises(SystemExit, match="is not what the rules say"):
        page.main(["--check", str(file)])
    with pytest.raises(SystemExit, match="usage"):
        page.main([])


def test_every_rule_has_its_anchor() -> None:
    """Each rule is a section of docs/rules.md whose anchor is its id."""
    written = (ROOT / "docs/rules.md").read_text("utf-8")
    rules.load_all()
    assert re.findall(r'<a id="(.*)"></a>', written) == sorted(code for code in REGISTRY if not code.startswith("RF9"))
