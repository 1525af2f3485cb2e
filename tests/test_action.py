"""action.yml: its shell steps, run with inputs as GitHub's runner gives them."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from commands import US, Cli, flat, refund, write
from processes import WITHIN
from refundkit.report.summary import format_summary
from story import ROOT
from test_hook import needs_all, offline, source

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
BASH = shutil.which("bash")
EXPRESSION = re.compile(r"\$\{\{ *([a-z_.]+) *\}\}")


class Done(NamedTuple):
    """The result of a step; `outputs` and `summary` are what it left in GitHub's files."""

    status: int
    out: str
    err: str
    outputs: dict[str, str]
    summary: str


class Runner:
    """A machine on which the action is installed, and that runs its second step in a repository."""

    def __init__(self, temp: Path, action: Path) -> None:
        self.temp = temp
        self.action = action

    def step(self, index: int, folder: Path, **inputs: str) -> Done:
        """Run a step like GitHub's `shell: bash`, with its expressions only in its `env`."""
        given = {f"inputs.{name}": one.get("default", "") for name, one in ACTION["inputs"].items()}
        given.update({f"inputs.{name}": value for name, value in inputs.items()})
        given["github.action_path"] = str(self.action)
        step = STEPS[index]
        environment = {name: EXPRESSION.sub(lambda found: given[found[1]], text) for name, text in step["env"].items()}
        script = self.temp / "step.sh"
        script.write_text(step["run"])
        outputs, summary = (self.temp / name for name in ("outputs", "summary"))
        for file in (outputs, summary):
            file.write_text("")
        done = subprocess.run(
            [BASH or "bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=folder,
            env={
                **offline(self.temp),
                "RUNNER_TEMP": str(self.temp),
                "GITHUB_OUTPUT": str(outputs),
                "GITHUB_STEP_SUMMARY": str(summary),
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=WITHIN,
            check=False,
        )
        written = dict(line.split("=", 1) for line in outputs.read_text().splitlines())
        return Done(done.returncode, done.stdout, done.stderr, written, summary.read_text())


@pytest.fixture
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """A machine on which the first step has run, shared by all tests."""
    temp, action = (tmp_path_factory.getbasetemp() / name for name in ("runner", "action"))
    found = Runner(temp, action)
    if not temp.exists():
        temp.mkdir()
        source(action)
        assert found.step(0, temp, python=sys.executable) == Done(0, "", "", {}, "")
    return found


@needs_all
def test_findings_are_annotations(runner: Runner, tmp_path: Path) -> None:
    """A finding is an annotation at its line and fails the step; without findings it passes."""
    (tmp_path / "r.json").write_text(refund("19.99"))
    bad = runner.step(1, tmp_path, paths="r.json", args=f"--as {US}")
    assert bad.status == 1
    assert re.search(r"^::error .*file=r\.json,line=9,", bad.out, re.MULTILINE)
    (tmp_path / "r.json").write_text(refund("-19.99"))
    good = runner.step(1, tmp_path, paths="r.json", args=f"--as {US}")
    assert good.status == 0
    assert "::error" not in good.out


@needs_all
def test_paths_and_arguments(runner: Runner, tmp_path: Path) -> None:
    """Paths are separated by lines, arguments by spaces or lines, and arguments override the action's."""
    for name in ("one two.json", "in/three.json", "-four.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(refund("-1.005"))
    found = runner.step(
        1,
        tmp_path,
        paths="one two.json\n\nin/*.json\n-four.json\n",
        args=f"--as {US}\n--output-format concise   --fail-on\nwarning",
    )
    assert found.status == 1
    assert [line.split(":")[0] for line in found.out.splitlines()[:-1]] == [
        "one two.json",
        "in/three.json",
        "-four.json",
    ]


@needs_all
@pytest.mark.parametrize(
    "text",
    [
        "$(touch pwned)",
        "`touch pwned`",
        "r.json; touch pwned",
        '"; touch pwned; "',
        "r.json && touch pwned",
        "*\ntouch",
    ],
)
def test_no_input_is_run(runner: Runner, tmp_path: Path, text: str) -> None:
    """Any text in an input is passed as an argument and never executed."""
    (tmp_path / "r.json").write_text(refund())
    assert runner.step(1, tmp_path, paths=text, args=f"--as {US}").status == 2
    assert runner.step(1, tmp_path, paths="r.json", args=text).status == 2
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


@needs_all
def test_outputs_and_summary(runner: Runner, tmp_path: Path) -> None:
    """The steps that follow get the counts and the report, and the job's summary a table, errors first."""
    (tmp_path / "a.json").write_text(refund("-1.005"))
    (tmp_path / "b.json").write_text(refund("19.99"))
    found = runner.step(1, tmp_path, paths="a.json\nb.json", args=f"--as {US} --fail-on never")
    assert found.status == 0
    report = json.loads(Path(found.outputs.pop("report")).read_text())
    assert found.outputs == {"status": "0", "checked": "2", "errors": "1", "warnings": "1"}
    assert [one["code"] for one in report["findings"]] == ["RF206", "RF201"]
    rows = [line for line in found.summary.splitlines() if line.startswith("| ")][1:]
    assert found.summary.startswith("### refundkit: 1 error, 1 warning in 2 payloads\n")
    assert [row.split()[1:4:2] for row in rows] == [["error", "RF201"], ["warning", "RF206"]]
    quiet = runner.step(1, tmp_path, paths="b.json", args=f"--as {US}", summary="false")
    assert (quiet.status, quiet.summary, quiet.outputs["errors"]) == (1, "", "1")


@needs_all
def test_check_that_could_not_be_made_has_no_counts(runner: Runner, tmp_path: Path) -> None:
    """A check that could not be made tells its status alone: no count of it is a pass."""
    found = runner.step(1, tmp_path, paths="missing.json")
    assert (found.status, found.outputs, found.summary) == (2, {"status": "2"}, "")


def test_value_in_the_summary_is_text(cli: Cli) -> None:
    """What a payload says makes no link, picture, table or HTML in the summary, and a long list is cut."""
    evil = "![x](https://example.com/p.png) <img src=x> | [a](b) `c` **d** @team &amp;"
    write("r.jsonl", "\n".join(60 * [flat(refund("19.99"))]))
    report = cli("check", "--isolated", "--as", US, "--output-format", "json", "r.jsonl").document
    report["findings"][0]["message"] = evil
    summary = format_summary(report)
    row = next(line for line in summary.splitlines() if "example" in line)
    assert html.unescape(row).count(evil) == 1
    assert not set("[]()<>`*@!") & set(row)
    assert row.count("|") == 5
    assert summary.count("\n| ") == 51
    assert "more are in the log." in summary


@needs_all
def test_nothing_to_check_fails(runner: Runner, tmp_path: Path) -> None:
    """Without any path the step fails."""
    done = runner.step(1, tmp_path, paths="\n")
    assert done.status == 2
    assert "nothing to check" in done.err


@needs_all
def test_python_that_is_missing_fails(runner: Runner, tmp_path: Path) -> None:
    """A missing Python fails the first step."""
    assert runner.step(0, tmp_path, python="python-of-nobody").status != 0


def test_no_expression_in_a_script() -> None:
    """No script contains an expression, and each expression in `env` is a declared input."""
    known = {f"inputs.{name}" for name in ACTION["inputs"]} | {"github.action_path"}
    for step in STEPS:
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
        assert {name for text in step["env"].values() for name in EXPRESSION.findall(text)} <= known
    for name, output in ACTION["outputs"].items():
        assert output["value"] == f"${{{{ steps.check.outputs.{name} }}}}"
        assert output["description"]
    assert ACTION["branding"]
    assert ACTION["runs"]["using"] == "composite"
    assert all(one["description"] for one in ACTION["inputs"].values())
