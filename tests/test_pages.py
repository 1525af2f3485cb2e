"""Documentation pages against specs: each change of a page is reported once, where it stands."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PAGES = Path(__file__).parent / "pages"
SEEDS = ROOT.parent / "shared" / "seeds"
EXTEND, REPAIRS, INSPECT = "depot-extend.md", "depot-repairs.md", "depot-inspect.html"
RETURN, WAIVE = "depot-return.txt", "depot-waive.txt"

# (page, what stands there, what stands there after the change, kind of the difference, the line where it is told)
CHANGES = [
    # A Markdown table with check marks, a list of values, a call of an SDK.
    (EXTEND, "/v2/loans/{loanId}/extend`", "/v2/loans/{loanId}/prolong`", "endpoint", "**API Endpoint**"),
    (EXTEND, "`POST /v2", "`PUT /v2", "endpoint", "**API Endpoint**"),
    (EXTEND, "{loanId}/extend", "{id}/extend", "endpoint", "**API Endpoint**"),
    (EXTEND, "| `clerkNote`", "| `DEPOT.SHIFT` | ✓ | Which shift | `1` |\n| `clerkNote`", "parameter", "DEPOT.SHIFT"),
    (EXTEND, "| `clerkNote` |  | A note for the file | `\"string\"` |\n", "", "parameter", "| Parameter"),
    (EXTEND, "| `DEPOT.LANGUAGE`", "| `DEPOT.LOCALE`", "parameter", "DEPOT.LOCALE"),
    (EXTEND, "| `DEPOT.BRANCH` | ✓ |", "| `DEPOT.BRANCH` |  |", "required", "`DEPOT.BRANCH`"),
    (EXTEND, "| `clerkNote` |  |", "| `clerkNote` | ✓ |", "required", "`clerkNote`"),
    (EXTEND, "| `clerkNote` |  |", "| `clerkNote` | sometimes |", "required", "`clerkNote`"),
    (EXTEND, "- RAIN\n", "- RAIN\n- FROST\n", "enum", "- FROST"),
    (EXTEND, "- JOB_NOT_DONE\n", "", "enum", "Extension reasons"),
    (EXTEND, '`"nl"`', '`"fr"`', "enum", "DEPOT.LANGUAGE"),
    (EXTEND, '{"line_number"', '{"priority": 1, "line_number"', "sample", "`loanLines`"),
    (EXTEND, '"day_count": 0,', '"day_count": 0,\n                "priority": 1,', "sample", '"priority"'),
    (EXTEND, '"extension_reason": "RAIN",', '"extension_reason": "SNOW",', "sample", '"SNOW"'),
    (EXTEND, 'depot_branch="string",', 'depot_branch="string",\n    dry_run=True,', "parameter", "dry_run"),
    (EXTEND, '"day_count": 0,', '"day_count": 2,', "stale", '"day_count"'),
    (EXTEND, "for some more days", "for some more weeks", "prose", "for some more weeks"),
    # A table of attributes with labels, endpoints in HTML, curl, Python and JSON in code blocks.
    (REPAIRS, "| `id`       | integer |", "| `id`       | string  |", "type", "| `id`"),
    (REPAIRS, "| `parts`    | array ", "| `parts`    | bag   ", "type", "| `parts`"),
    (REPAIRS, "with the tool  ", 'with the tool <i class="label">read-only</i> ', "read-only", "| `fault`"),
    (REPAIRS, 'for <i class="label label-info">read-only</i>', "for", "read-only", "| `asked_at`"),
    (REPAIRS, 'cost <i class="label label-info">required</i>', "cost", "required", "| `budget`"),
    (REPAIRS, "with the tool  ", 'with the tool <i class="label">required</i> ', "required", "| `fault`"),
    (REPAIRS, "| `fault` ", "| `urgent` | boolean | Before all others |\n| `fault` ", "parameter", "| `urgent`"),
    (REPAIRS, "| `fault`    | string  | What", "| `defect`   | string  | What", "parameter", "| `defect`"),
    (REPAIRS, "<h6>/v2/tools/&lt;id&gt;/repairs</h6>", "<h6>/v2/tools/&lt;id&gt;/mends</h6>", "endpoint", "/mends"),
    (REPAIRS, 'label-get">GET', 'label-get">PUT', "endpoint", ">PUT<"),
    (REPAIRS, "-X POST https", "-X PUT https", "endpoint", "-X PUT"),
    (REPAIRS, 'depot.post("tools/31/repairs"', 'depot.post("tools/31/mends"', "endpoint", '"tools/31/mends"'),
    (REPAIRS, "curl https://api.depot", "curl https://depot", "host", "//depot.example"),
    (REPAIRS, '"40.00"\n  }\n}\'', '"40.00",\n    "until": "May"\n  }\n}\'', "sample", '"until"'),
    (REPAIRS, 'data = {"repair": {"budget": "40.00"}}', 'data = {"repair": {"budget": 40}}', "sample", "data ="),
    (REPAIRS, '"id": 9,', '"id": "9",', "sample", '"id": "9"'),
    (REPAIRS, '    "fault": "",', '    "fault": "",\n    "bench": 4,', "sample", '"bench"'),
    (REPAIRS, "| `fitted`  | boolean", "| `fitted`  | integer", "type", "| `fitted`"),
    (REPAIRS, "| `fitted` ", "| `maker`   | string  | Who made it |\n| `fitted` ", "parameter", "| `maker`"),
    (REPAIRS, "'40.00'", "'50.00'", "prose", "50.00"),
    (REPAIRS, "## Ask for a Repair ##", "## Request a Repair ##", "prose", "## Request a Repair"),
    (REPAIRS, "## List the", "## Warranty ##\n\nNone.\n\n## List the", "prose", "## Warranty"),
    # Runs of words, a list of errors.
    (RETURN, "Required>=12", "Required>=16", "limit", "depotIdstringRequired"),
    (RETURN, "Required>=12 characters", "Required", "limit", "depotIdstringRequired"),
    (RETURN, "<=200", "<=250", "limit", "remarkstring"),
    (RETURN, "loanIdstringRequired", "loanIdstringRequired<=9 characters", "limit", "loanIdstring"),
    (RETURN, "loanIdstringRequired", "loanIdstringOptional", "required", "loanIdstring"),
    (RETURN, "remarkstringOptional", "remarkstringRequired", "required", "remarkstring"),
    (RETURN, 'Optionalformat: "date-time"', 'Optionalformat: "date"', "format", "returnedAtstring or null"),
    (RETURN, 'Optionalformat: "date-time"', "Optional", "format", "returnedAtstring or null"),
    (RETURN, 'returnedAtstringformat: "date-time"', "returnedAtstring", "prose", "returnedAtstring\n"),
    (RETURN, "toolslist of objects\n", "toolsobject\n", "type", "toolsobject"),
    (RETURN, "string or nullOptional", "stringOptional", "type", "returnedAtstringOptional"),
    (RETURN, "expects an object", "expects a list", "type", "expects a list"),
    (RETURN, "toolslist of objects\n", "toolslist of objects\ncreditinteger\n", "parameter", "creditinteger"),
    (RETURN, "remarkstringOptional<=200 characters\n", "", "parameter", "toolslist of objectsOptional"),
    (RETURN, "AuthorizationBearer", "AuthorizationBasic", "parameter", "AuthorizationBasic"),
    (RETURN, "404\nNot Found", "404\nNot Found Error\n409\nConflict", "status", "409"),
    (RETURN, "404\nNot Found Error\n", "", "status", "400"),
    (RETURN, "Created\n", "Accepted\n", "status", "Accepted"),
    (RETURN, "POST /depots", "POST /v2/depots", "endpoint", "POST /v2/depots"),
    (RETURN, "all of them", "some of them", "prose", "some of them"),
    # A page without its line ends: a command and a script stuck together.
    (WAIVE, "POST https://api.depot.example", "POST https://api2.depot.example", "host", "api2"),
    (WAIVE, "/waiveSample", "/forgiveSample", "endpoint", "/forgive"),
    (WAIVE, "--header 'DEPOT.TOKEN", "--header 'DEPOT.DESK: 4' \\ --header 'DEPOT.TOKEN", "parameter", "DEPOT.DESK"),
    (WAIVE, "'DEPOT.VERSION: 2.4'", "'DEPOT.VERSION: 2.5'", "enum", "2.5"),
    (WAIVE, "content-type: application/json", "content-type: application/xml", "format", "application/xml"),
    (WAIVE, 'payload = { "waiver": { ', 'payload = { "waiver": { "desk": 4, ', "sample", '"desk"'),
    (WAIVE, '{ "waiver": { "amount": -2.5', '{ "waiver": { "amount": 2.5', "sample", '"amount": 2.5'),
    (WAIVE, '"currency": "EUR"', '"currency": "USD"', "sample", "USD"),
    (WAIVE, '"open": 4.5, ', '"open": 4.5, "paid": 1, ', "sample", '"paid"'),
    (WAIVE, ', "contact": "[email protected]"', "", "parameter", '{ "fees"'),
    (WAIVE, '"contact"', '"desk"', "sample", '"desk"'),
    (WAIVE, "200 OK", "202 Accepted", "status", "202"),
    (WAIVE, "was late", "was closed", "prose", "was closed"),
    # HTML.
    (INSPECT, "Up to 20 characters", "Up to 30 characters", "limit", "Up to 30"),
    (INSPECT, "<td>yes</td>", "<td>no</td>", "required", "<td>no</td>"),
    (INSPECT, "<td>string</td>", "<td>integer</td>", "type", "integer"),
    (INSPECT, "<code>passed</code> or", "<code>passed</code>, <code>late</code> or", "enum", "late"),
    (INSPECT, "<code>passed</code> or <code>failed</code>", "<code>passed</code>", "enum", "One of"),
    (INSPECT, "?branch=oost", "?branch=oost&amp;page=2", "parameter", "page=2"),
    (INSPECT, '"id": 7', '"id": 7, "tool": 3', "sample", '"tool"'),
    (INSPECT, "  <tr><td>429", "  <tr><td>410</td><td>Branch closed</td></tr>\n  <tr><td>429", "status", "410"),
    (INSPECT, "  <tr><td>429</td><td>Too many calls</td></tr>\n", "", "status", "401"),
    (INSPECT, "No token", "No token, or an old one", "prose", "No token, or"),
    (INSPECT, "has looked at", "has still to look at", "prose", "has still"),
]  # fmt: skip

FURNITURE = [
    (WAIVE, "Updated 15 days ago", "Updated 3 months ago"),
    (WAIVE, "[email protected]", "desk@depot.example"),
    (WAIVE, "Updated 15 days ago", "Was this page helpful?\nYes\nNo\nNext"),
    (RETURN, "\n\nleft out, it is now\n\n", "\nleft out,   it is now\n"),
    (REPAIRS, "# Tools - Repairs #", "[Tools](/tools) | [Loans](/loans)\n\n# Tools - Repairs #"),
    (REPAIRS, "|------------|---------|---", "|---|---|---"),
    (INSPECT, '<a href="/docs">Docs</a></nav>', '<a href="/start">Start</a> <a href="/help">Help</a></nav>'),
    (INSPECT, "[email&#160;protected]", "inspections@depot.example"),
    (INSPECT, "email-protection#0f6", "email-protection#99c"),
    (INSPECT, "Last updated on 3 March 2026", "Last updated on 21 April 2026"),
    (INSPECT, '/inspections">Inspections</a></p>', '/inspections">Inspections</a> / <a href="/x">All</a></p>'),
]

UNREADABLE = [
    ("depot-extend.rst", "Extend a Loan\n=============\n", "Markdown, HTML or plain text"),
    (INSPECT, '<html><body><div id="root"></div><script src="app.js"></script></body></html>', "looked for words"),
    ("tools.md", "# Tools\n\n| Name | Type |\n|---|---|\n| `id` | string |\n", "x-source that is called `tools`"),
    (EXTEND, "", "empty"),
]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command as a person gives it."""
    command = [sys.executable, "-m", "codegen", "docs", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def report(capsys: pytest.CaptureFixture[str], specs: Path, *pages: Path) -> tuple[int, list[dict[str, Any]]]:
    """Return exit status and differences of a run in this process, which is faster."""
    from codegen.__main__ import main

    status = main(["docs", "--specs", str(specs), "--output-format", "json", *map(str, pages)])
    return status, json.loads(capsys.readouterr().out)["differences"]


@pytest.fixture(scope="module")
def parsed() -> Iterator[Callable[[Path], Any]]:
    """Caches the parsed specs of each folder, because parsing YAML takes longest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))  # codegen is no installed package
        from codegen.spec import load_all

        yield cache(load_all)


@pytest.fixture(autouse=True)
def fast(parsed: Callable[[Path], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets runs in this process share the parsed specs."""
    monkeypatch.setattr("codegen.pages.docs.load_all", parsed)


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A copy of the depot's specs that a test may change."""
    return Path(shutil.copytree(PAGES / "specs", tmp_path / "specs"))


def changed(folder: Path, page: str, old: str, new: str) -> Path:
    """Return a copy of a page in which the first place that holds `old` holds `new`."""
    text = (PAGES / page).read_text("utf-8")
    assert old in text, f"{page} does not hold {old!r}"
    (folder / page).write_text(text.replace(old, new, 1), "utf-8")
    return folder / page


def test_the_pages_of_the_depot_are_in_step_with_its_specs() -> None:
    """Unchanged pages in every notation are exit 0, and each shows how much was compared."""
    pages = [EXTEND, REPAIRS, RETURN, WAIVE, INSPECT]
    outcome = run("--specs", PAGES / "specs", *(PAGES / page for page in pages))
    assert (outcome.returncode, outcome.stdout) == (0, "")
    assert outcome.stderr.splitlines() == [
        "depot-extend: 24 facts compared, no difference",
        "depot-repairs: 39 facts compared, no difference",
        "depot-return: 34 facts compared, no difference",
        "depot-waive: 16 facts compared, no difference",
        "depot-inspect: 20 facts compared, no difference",
    ]


@pytest.mark.parametrize(("page", "old", "new", "kind", "where"), CHANGES)
def test_a_change_is_told_once_where_it_stands(
    page: str, old: str, new: str, kind: str, where: str, *, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A change of a page is reported as one difference with its kind and line."""
    path = changed(tmp_path, page, old, new)
    text = path.read_text("utf-8")
    begin = text.find(where, max(text.find(new) - len(where), 0)) if new and where in new else text.find(where)
    line = text.count("\n", 0, begin) + 1
    status, differences = report(capsys, PAGES / "specs", path)
    told = [(one["kind"], one["page"], one["page_line"]) for one in differences]
    assert (status, told) == (1, [(kind, path.stem, line)]), differences


@pytest.mark.parametrize(("page", "old", "new"), FURNITURE)
def test_furniture_is_no_change(
    page: str, old: str, new: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Update dates, hidden mail addresses, navigation and white space are not compared."""
    assert report(capsys, PAGES / "specs", changed(tmp_path, page, old, new)) == (0, [])


@pytest.mark.parametrize(("name", "text", "said"), UNREADABLE)
def test_a_page_that_cannot_be_read_is_never_in_step(name: str, text: str, said: str, tmp_path: Path) -> None:
    """A page in an unknown notation is exit 2, and the message says what was expected."""
    (tmp_path / name).write_text(text, "utf-8")
    outcome = run("--specs", PAGES / "specs", "--output-format", "json", tmp_path / name)
    assert outcome.returncode == 2
    assert said in outcome.stderr
    assert json.loads(outcome.stdout) == {"version": 1, "pages": {}, "differences": []}


def test_a_readable_page_is_told_of_beside_one_that_is_not(tmp_path: Path) -> None:
    """An unreadable page makes the run exit 2, and the differences of other pages are still reported."""
    (tmp_path / RETURN).write_text(" \n", "utf-8")
    page = changed(tmp_path, WAIVE, "200 OK", "202 Accepted")
    outcome = run("--specs", PAGES / "specs", tmp_path / RETURN, page)
    assert outcome.returncode == 2
    assert "depot-return.txt: empty" in outcome.stderr
    assert "depot-waive: 16 facts compared, 1 difference\n" in outcome.stderr
    assert outcome.stdout.count("\n") == 1


def test_two_pages_of_one_name_are_an_error(tmp_path: Path) -> None:
    """Two pages with the same file stem are exit 2."""
    outcome = run("--specs", PAGES / "specs", PAGES / WAIVE, changed(tmp_path, WAIVE, "late", "late"))
    assert outcome.returncode == 2
    assert "another page of this run has the name depot-waive" in outcome.stderr


def test_a_difference_is_one_line_of_text(tmp_path: Path) -> None:
    """In text output, a difference is one line: page, line, kind, and the place and edit in the spec."""
    page = changed(tmp_path, RETURN, "<=200", "<=250")
    outcome = run("--specs", "tests/pages/specs", page)
    assert outcome.returncode == 1
    assert outcome.stdout == (
        f"{page}:27: limit: `remark` has maxLength 250 on the page, maxLength 200 in the spec"
        " [tests/pages/specs/depot.yaml:290: say `maxLength: 250`]\n"
    )
    assert "maxLength: 200" in (PAGES / "specs/depot.yaml").read_text("utf-8").splitlines()[289]


def test_json_has_a_version_the_pages_and_the_differences(tmp_path: Path) -> None:
    """JSON output has its version, the facts of each page, and seven fields per difference."""
    outcome = run(
        "--specs", "tests/pages/specs", "--output-format", "json", changed(tmp_path, RETURN, "<=200", "<=250")
    )
    assert outcome.returncode == 1
    assert json.loads(outcome.stdout) == {
        "version": 1,
        "pages": {"depot-return": {"facts": 34}},
        "differences": [
            {
                "kind": "limit",
                "page": "depot-return",
                "page_line": 27,
                "spec_file": "tests/pages/specs/depot.yaml",
                "spec_line": 290,
                "message": "`remark` has maxLength 250 on the page, maxLength 200 in the spec",
                "edit": "say `maxLength: 250`",
            }
        ],
    }


def test_the_same_pages_are_told_of_in_the_same_words(specs: Path, tmp_path: Path) -> None:
    """Two runs print the same bytes under different hash seeds."""
    edit(specs, "RAIN, JOB_NOT_DONE", "SNOW, FROST, HAIL")
    edit(specs, "clerkNote: {type: string}", "clerkNotes: {type: integer}")
    command = [sys.executable, "-m", "codegen", "docs", "--specs", str(specs), str(PAGES / EXTEND)]
    outputs = [
        subprocess.run(command, cwd=ROOT, capture_output=True, check=False, env={**os.environ, "PYTHONHASHSEED": seed})
        for seed in ("1", "2", "3")
    ]
    assert len({output.stdout for output in outputs}) == 1
    assert outputs[0].stdout.count(b"\n") > 5


def test_a_page_saved_under_another_name_is_known_by_its_endpoints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page with an unknown file name is recognized by its methods and paths."""
    page = changed(tmp_path, INSPECT, "", "").rename(tmp_path / "download(3).html")
    assert report(capsys, PAGES / "specs", page) == (0, [])


def test_words_are_accepted_by_their_hash_alone(
    specs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--accept records a page's text as read, and stores only hashes of it."""
    page = changed(tmp_path, WAIVE, "was late", "was closed")
    assert report(capsys, specs, page)[0] == 1
    assert run("--specs", specs, "--accept", page).returncode == 0
    assert report(capsys, specs, page) == (0, [])
    kept = json.loads((specs / "pages.json").read_text("utf-8"))["pages"]
    assert sorted(kept) == ["depot-extend", "depot-inspect", "depot-repairs", "depot-return", "depot-waive"]
    hashes = [text for accepted in kept.values() for text in accepted["blocks"] + accepted["marked"]]
    assert all(re.fullmatch("[a-z]+!?( [0-9a-f]{16}){1,2}", text) for text in hashes)
    assert {type(accepted["read"]) for accepted in kept.values()} == {int}


def test_a_page_whose_facts_differ_is_not_accepted(specs: Path, tmp_path: Path) -> None:
    """--accept stores nothing of a page while a fact on it differs from the spec, and says so."""
    before = (specs / "pages.json").read_text("utf-8")
    page = changed(tmp_path, WAIVE, "200 OK", "202 Accepted")
    outcomes = [run("--specs", specs, "--accept", page), run("--specs", specs, page)]
    assert [outcome.returncode for outcome in outcomes] == [1, 1]
    assert all(": status: the page has status 202" in outcome.stdout for outcome in outcomes)
    assert "depot-waive: not accepted, because facts differ" in outcomes[0].stderr
    assert (specs / "pages.json").read_text("utf-8") == before


def test_one_block_is_accepted_and_the_others_are_told_again(
    specs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--accept --line takes the words of the block on that line as read, and of no other."""
    text = (PAGES / WAIVE).read_text("utf-8").replace("was late", "was closed").replace("Put the", "Write the")
    (tmp_path / WAIVE).write_text(text, "utf-8")
    assert [one["page_line"] for one in report(capsys, specs, tmp_path / WAIVE)[1]] == [2, 14]
    assert run("--specs", specs, "--accept", "--line", 14, tmp_path / WAIVE).returncode == 1
    assert [one["page_line"] for one in report(capsys, specs, tmp_path / WAIVE)[1]] == [2]
    assert run("--specs", specs, "--accept", "--line", 2, tmp_path / WAIVE).returncode == 0
    refused = run("--specs", specs, "--line", 2, tmp_path / WAIVE)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--line names a block of one page" in refused.stderr


def test_a_part_that_is_not_read_any_more_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A call that can no longer be parsed is reported, even if only white space on the page changed."""
    status, differences = report(capsys, PAGES / "specs", changed(tmp_path, EXTEND, "loan_lines=", "loan _lines="))
    told = [(one["kind"], one["page_line"]) for one in differences]
    assert (status, told) == (1, [("sample", 28)])
    assert "cannot read the arguments of client.v2.loans.extend.create" in differences[0]["message"]


def test_a_page_that_is_read_otherwise_is_told(specs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page of which less is read than when it was accepted is told, though no word and no fact differs."""
    path = specs / "pages.json"
    accepted = json.loads(path.read_text("utf-8"))
    accepted["pages"]["depot-waive"]["read"] += 1
    path.write_text(json.dumps(accepted), "utf-8")
    status, differences = report(capsys, specs, PAGES / WAIVE)
    assert (status, [one["kind"] for one in differences]) == (1, ["prose"])
    assert "things were read on this page when it was accepted" in differences[0]["message"]


def test_a_page_whose_facts_are_gone_is_compared_all_the_same(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A page on which nothing but words is left is told of, with exit 1: it can be read."""
    (tmp_path / RETURN).write_text("Return tools\n\nNothing here.\n", "utf-8")
    status, differences = report(capsys, PAGES / "specs", tmp_path / RETURN)
    told = {one["message"] for one in differences}
    assert status == 1
    assert "the page does not say what is sent to depot.return_loan" in told
    assert any("is gone" in message for message in told)


def test_a_sample_that_cannot_be_read_is_told_until_it_is_accepted(
    specs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A typo in a sample is one difference at its line; the vendor's typo can be accepted, and a mended one is told."""
    page = changed(tmp_path, REPAIRS, '"id": 9,', '"id": 9')
    assert [(one["kind"], one["page_line"]) for one in report(capsys, specs, page)[1]] == [("sample", 62)]
    assert run("--specs", specs, "--accept", page).returncode == 0
    assert report(capsys, specs, page) == (0, [])
    assert [one["kind"] for one in report(capsys, specs, PAGES / REPAIRS)[1]] == ["prose"]


@pytest.mark.parametrize(
    ("page", "old", "new"),
    [
        (EXTEND, "#### Python", "#### Python\n\nUse a client."),  # words beside the mark
        (EXTEND, '                "day_count": 0,\n', ""),  # the field that the mark is about
        (EXTEND, "```python", "```ruby"),  # the sample that it is about
    ],
)
def test_a_mark_is_stale_only_where_page_and_spec_agree(
    page: str, old: str, new: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a page does not say any more makes no mark stale."""
    _, differences = report(capsys, PAGES / "specs", changed(tmp_path, page, old, new))
    assert "stale" not in {one["kind"] for one in differences}


@pytest.mark.parametrize("page", [EXTEND, REPAIRS, RETURN, WAIVE, INSPECT])
def test_no_block_of_a_page_changes_in_silence(page: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another word in any block, whatever it is, is told."""
    from codegen.pages.blocks import read_page
    from codegen.pages.facts import read_facts
    from codegen.pages.pieces import make_pieces

    original = read_page(PAGES / page, ["Return tools", "Waive a fee"])
    text = (PAGES / page).read_text("utf-8")
    words = [re.findall(r"[A-Za-z]{3,}", piece.text)[:1] for piece in make_pieces(original, read_facts(original))]
    for word in {word for found in words for word in found}:
        (tmp_path / page).write_text(text.replace(word, f"{word}ling"), "utf-8")
        assert report(capsys, PAGES / "specs", tmp_path / page)[0] == 1, word


def test_an_edit_names_placeholders_as_openapi_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A path of the page with `<id>` is a path with `{id}` in what to edit."""
    page = changed(tmp_path, REPAIRS, "&lt;id&gt;/repairs</h6>", "&lt;id&gt;/mends</h6>")
    edits = [one["edit"] for one in report(capsys, PAGES / "specs", page)[1]]
    assert edits == ["rename the path to /v2/tools/{id}/mends"]


def test_things_unlike_each_other_are_not_one_that_was_renamed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A field that is new and one that is gone are told as two, unless they are alike."""
    page = changed(tmp_path, RETURN, "remarkstringOptional<=200 characters", "dryRunbooleanOptional")
    edits = [one["edit"] for one in report(capsys, PAGES / "specs", page)[1]]
    assert edits == ["remove `remark`, or mark it x-page-differs", "add `dryRun` to ReturnCreate"]


def test_what_only_answers_have_is_not_asked_to_be_sent(
    specs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a table that marks hardly anything as read-only, a field without the mark is not told as one that is sent."""
    names = ("asked_by", "closed_at", "bench")
    rows = "".join(f"| `{name}` | string | Of the workshop |\n" for name in names)
    page = changed(tmp_path, REPAIRS, "| `fault` ", f"{rows}| `fault` ")
    old = "        asked_at: {type: string}\n"
    edit(specs, old, old + "".join(f"        {name}: {{type: string}}\n" for name in names))
    differences = report(capsys, specs, page)[1]
    assert {one["kind"] for one in differences} == {"prose"}, differences


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "        depotId: {type: string}\n        tools: {type: array",
            "        depotId: {type: [string, 'null']}\n        tools: {type: array",
        ),
        (
            "state: {type: string, enum: [open, passed, failed]}",
            "state: {type: string, enum: [open, passed, failed, late]}",
        ),
    ],
)
def test_an_answer_may_be_wider_in_the_spec(
    old: str, new: str, specs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A spec that takes more in an answer than the page states is no difference."""
    edit(specs, old, new)
    assert report(capsys, specs, PAGES / RETURN) == (0, [])
    assert report(capsys, specs, PAGES / INSPECT) == (0, [])


def test_a_table_that_is_not_read_is_noted(tmp_path: Path) -> None:
    """A table of fields without a column of names is noted as not read."""
    page = changed(tmp_path, INSPECT, "<tr><th>Name</th>", "<tr><th>Bezeichnung</th>")
    outcome = run("--specs", PAGES / "specs", page)
    assert outcome.returncode == 1
    assert f"{page}:13: no column for a name in `Bezeichnung | Type" in outcome.stderr


def test_the_walk_through_is_true(specs: Path, tmp_path: Path) -> None:
    """The report in docs/when-the-docs-change.md equals what the command prints."""
    told = (ROOT / "docs" / "when-the-docs-change.md").read_text("utf-8")
    (tmp_path / "saved").mkdir()
    reason = "reasonstringRequired<=80 characters\nwhy they come back\n"
    page = changed(tmp_path / "saved", RETURN, "remarkstring", f"{reason}remarkstring").relative_to(tmp_path)

    def printed(*arguments: str) -> str:
        command = [sys.executable, "-m", "codegen", "docs", "--specs", "specs", *arguments, str(page)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        outcome = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)
        return outcome.stdout + outcome.stderr

    assert printed() in told
    reason = "        reason: {type: string, maxLength: 80, description: Why the tools come back.}\n"
    edit(specs, "        remark: {", f"{reason}        remark: {{")
    edit(
        specs,
        "      properties:\n        tools: {type",
        "      required: [reason]\n      properties:\n        tools: {type",
    )
    assert printed() in told
    assert printed("--accept") in told
    assert run("--specs", specs, tmp_path / page).returncode == 0


def test_a_page_of_which_nothing_was_accepted_is_not_in_step(specs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page without recorded hashes is reported."""
    (specs / "pages.json").unlink()
    status, differences = report(capsys, specs, PAGES / WAIVE)
    assert (status, [one["kind"] for one in differences]) == (1, ["prose"])


def test_a_mark_beside_a_thing_is_a_difference_that_is_known(
    specs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """x-page-differs covers a difference, and asks only for its text to be accepted."""
    page = changed(tmp_path, RETURN, "<=200", "<=250")
    edit(specs, "maxLength: 200}", "maxLength: 200, x-page-differs: the desk reads no more}")
    assert [one["kind"] for one in report(capsys, specs, page)[1]] == ["limit"], "until the page is accepted"
    assert run("--specs", specs, "--accept", page).returncode == 0
    assert report(capsys, specs, page) == (0, [])
    page.write_text(page.read_text("utf-8").replace("<=250", "<=300"), "utf-8")
    assert [one["kind"] for one in report(capsys, specs, page)[1]] == ["limit"], "a mark covers what was accepted"


def test_a_mark_names_what_the_spec_lacks(specs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """x-page-differs on an operation or object names what the spec leaves out on purpose."""
    page = changed(tmp_path, WAIVE, "--header 'DEPOT.TOKEN", "--header 'DEPOT.DESK: 4' \\ --header 'DEPOT.TOKEN")
    edit(specs, "operationId: waive_fee", "operationId: waive_fee\n      x-page-differs: DEPOT.DESK is of the gateway")
    assert run("--specs", specs, "--accept", page).returncode == 0
    assert report(capsys, specs, page) == (0, [])
    assert [one["kind"] for one in report(capsys, specs, PAGES / WAIVE)[1]] == ["stale", "prose"]


def edit(specs: Path, old: str, new: str) -> None:
    """Change a copy of the specs."""
    path = specs / "depot.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


seeds = pytest.mark.skipif(not SEEDS.is_dir(), reason="the pages that the specs were written from are not here")


@seeds
def test_the_pages_that_the_specs_were_written_from_are_in_step(capsys: pytest.CaptureFixture[str]) -> None:
    """The five real pages have no difference in two hundred facts or more; the figure is printed."""
    outcome = run("--output-format", "json", *sorted(SEEDS.iterdir()))
    found = json.loads(outcome.stdout)
    assert (outcome.returncode, found["differences"]) == (0, []), outcome.stdout
    assert set(found["pages"]) == {path.stem for path in SEEDS.iterdir()}
    facts = sum(page["facts"] for page in found["pages"].values())
    with capsys.disabled():
        print(f"\nfive pages: {facts} facts compared, no difference")
    assert facts >= 200


@seeds
@pytest.mark.parametrize("page", sorted(SEEDS.glob("*")), ids=lambda path: path.stem)
def test_each_page_is_in_step_by_itself(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page compared alone has no difference either."""
    assert report(capsys, ROOT / "specs", page) == (0, [])
