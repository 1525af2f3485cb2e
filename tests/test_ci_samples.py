"""The samples of docs/ci and README for CI systems: each is valid, and its commands are run as it says."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from commands import asking, module_paths, refund
from processes import WITHIN
from story import ROOT
from test_action import ACTION, Runner, runner
from test_hook import PRE_COMMIT, Team, team

__all__ = ["runner", "team"]  # fixtures
SAMPLES = ROOT / "docs" / "ci"
GITLAB: dict[str, Any] = yaml.safe_load((SAMPLES / ".gitlab-ci.yml").read_text("utf-8"))["refunds"]
GITHUB: dict[Any, Any] = yaml.safe_load((SAMPLES / "github.yml").read_text("utf-8"))
HOOK: dict[str, Any] = yaml.safe_load((SAMPLES / ".pre-commit-config.yaml").read_text("utf-8"))
README = (ROOT / "README.md").read_text("utf-8")
BAD = asking("walmart.refund_order_lines", f'"body": {refund("19.99")}')


@pytest.mark.hook
@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("github-actions", "action.yml"),
        ("github-workflows", ".github/workflows/ci.yml"),
        ("github-workflows", "docs/ci/github.yml"),
        ("gitlab-ci", "docs/ci/.gitlab-ci.yml"),
    ],
)
def test_sample_holds_to_the_published_schema(schema: str, file: str) -> None:
    """The action, the workflows and GitLab's sample hold to the schemas that are published for them."""
    tool = str(Path(sys.executable).with_name("check-jsonschema"))
    subprocess.run([tool, "--builtin-schema", f"vendor.{schema}", str(ROOT / file)], check=True)


@pytest.mark.hook
def test_hook_samples_are_what_pre_commit_takes() -> None:
    """pre-commit takes our manifest and the sample of its configuration."""
    for command, file in (
        ("validate-manifest", ".pre-commit-hooks.yaml"),
        ("validate-config", "docs/ci/.pre-commit-config.yaml"),
    ):
        subprocess.run([str(PRE_COMMIT), command, str(ROOT / file)], check=True)


def run_line(line: str, folder: Path) -> int:
    """Run a line of a script, with this refundkit in place of the one that the sample installs."""
    program, *arguments = shlex.split(line)
    assert program == "refundkit"
    done = subprocess.run(
        [sys.executable, "-m", "refundkit", *arguments],
        cwd=folder, env={**os.environ, **module_paths(), "CI_PROJECT_DIR": str(folder)}, timeout=WITHIN, check=False,
    )  # fmt: skip
    return done.returncode


@pytest.mark.parametrize(("content", "status"), [(BAD, 1), (BAD.replace("19.99", "-19.99"), 0)])
def test_gitlab_job(tmp_path: Path, content: str, status: int) -> None:
    """GitLab's job fails for a bad refund and leaves both reports, and for a good one it passes."""
    (tmp_path / "refunds").mkdir()
    (tmp_path / "refunds/r.json").write_text(content)
    assert [run_line(line, tmp_path) for line in GITLAB["script"]] == [status]
    assert [run_line(line, tmp_path) for line in GITLAB["after_script"]] == [0]
    reports = GITLAB["artifacts"]["reports"]
    issues = json.loads((tmp_path / reports["codequality"]).read_text())
    assert [issue["location"]["path"] for issue in issues if issue["severity"] == "major"] == status * [
        "refunds/r.json"
    ]
    suites = ElementTree.parse(tmp_path / reports["junit"]).getroot()  # noqa: S314 - our own
    assert suites.get("tests") == "1"


def action_steps() -> list[dict[str, Any]]:
    """The samples' steps that use the action."""
    (block,) = [body for body in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "uses:" in body]
    steps = [*yaml.safe_load(block), *GITHUB["jobs"]["check"]["steps"]]
    return [step for step in steps if "refundkit@" in step.get("uses", "")]


def test_samples_use_what_the_action_has() -> None:
    """The samples of README and docs give the action inputs that it has, and ask for outputs that it has."""
    steps = action_steps()
    assert len(steps) == 2
    for step in steps:
        assert set(step["with"]) <= set(ACTION["inputs"])
        required = {name for name, one in ACTION["inputs"].items() if one.get("required")}
        assert required <= set(step["with"])
    wanted = re.findall(r"steps\.refunds\.outputs\.(\w+)", (SAMPLES / "github.yml").read_text("utf-8"))
    assert set(wanted) <= set(ACTION["outputs"])


@pytest.mark.hook
@pytest.mark.parametrize("step", action_steps(), ids=["README", "docs"])
def test_github_job(runner: Runner, tmp_path: Path, step: dict[str, Any]) -> None:
    """The action, with the inputs of each sample, fails for a bad refund and says where it is."""
    (tmp_path / "refunds").mkdir()
    (tmp_path / "refunds/r.json").write_text(BAD)
    found = runner.step(1, tmp_path, **step["with"])
    assert found.status == 1
    assert "::error file=refunds/r.json" in found.out
    assert int(found.outputs["errors"]) >= 1


@pytest.mark.hook
def test_pre_commit_sample(team: Team) -> None:
    """The hook, with the options of the sample, stops a bad refund, and looks at no other file."""
    (repository,) = HOOK["repos"]
    (hook,) = repository["hooks"]
    options = {name: value for name, value in hook.items() if name != "id"}
    team.write("refunds/r.json", BAD)
    team.write("other.json", BAD)
    found = team.commit(**options)
    assert found.status == 1
    assert "refunds/r.json:9:" in found.out
    assert "other.json" not in found.out
