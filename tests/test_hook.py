"""The pre-commit hook, run by pre-commit in a temporary git repository, from this source.

`make peers` keeps what the hook's environment is built from in .venv/wheels, so that nothing is downloaded here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from commands import US, refund
from processes import WITHIN
from story import ROOT

# In the environment that the tests run in, since wheels are for one Python.
WHEELS = Path(sys.prefix) / "wheels"
GIT, PRE_COMMIT = shutil.which("git"), Path(sys.executable).with_name("pre-commit")
needs_all = pytest.mark.hook


def offline(home: Path) -> dict[str, str]:
    """Return an environment without git user, in which pip finds only .venv/wheels."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PIP_", "PYTHON"))}
    nobody = {f"GIT_{role}_{what}": "nobody" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return {
        **kept,
        **nobody,
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(WHEELS),
    }


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, and return its output."""
    done = subprocess.run(
        [GIT or "git", *arguments], cwd=folder, env=offline(folder), capture_output=True, text=True, check=True
    )
    return done.stdout


def source(folder: Path) -> Path:
    """A repository with one commit, tagged v0, of this source with its uncommitted changes."""
    folder.mkdir()
    names = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message", "as it stands")
    git(folder, "tag", "v0")
    return folder


class Done(NamedTuple):
    """What pre-commit left behind."""

    status: int
    out: str


class Team:
    """The repository of a team that uses the hook."""

    def __init__(self, folder: Path, home: Path, hook: Path) -> None:
        self.folder = folder
        self.home = home
        self.hook = hook
        folder.mkdir()
        git(folder, "init", "--quiet")

    def write(self, name: str, content: str) -> None:
        """Write a file and stage it."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        git(self.folder, "add", name)

    def commit(self, *arguments: str, **options: object) -> Done:
        """Run the hook on the staged files, with the given options in its configuration."""
        hooks = [{"id": "refundkit", **options}]
        self.write(
            ".pre-commit-config.yaml",
            yaml.safe_dump({"repos": [{"repo": str(self.hook), "rev": "v0", "hooks": hooks}]}),
        )
        done = subprocess.run(
            [PRE_COMMIT, "run", "--verbose", "--color", "never", *arguments],
            cwd=self.folder,
            env=offline(self.home),
            capture_output=True,
            text=True,
            timeout=WITHIN,
            check=False,
        )
        return Done(done.returncode, done.stdout + done.stderr)


@pytest.fixture
def team(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A new repository; the hook's environment is built once for all tests."""
    hook, home = (tmp_path_factory.getbasetemp() / name for name in ("hook", "home"))
    if not hook.exists():
        source(hook)
    home.mkdir(exist_ok=True)
    return Team(tmp_path / "team", home, hook)


# The configuration of the hook itself would be a payload like any other.
ONLY = r"^refunds/"


@needs_all
def test_hook_finds_what_is_wrong_in_what_is_committed(team: Team) -> None:
    """A staged refund with a wrong sign stops the commit; one with the right sign does not."""
    team.write("refunds/r.json", refund("19.99"))
    bad = team.commit(args=["--as", US], files=ONLY)
    assert bad.status == 1
    assert "refunds/r.json:9:21: error RF201 amount-not-negative" in bad.out
    team.write("refunds/r.json", refund("-19.99"))
    good = team.commit(args=["--as", US], files=ONLY)
    assert good.status == 0
    assert "Checked 1 payload in 1 file: 0 errors" in good.out


@needs_all
def test_hook_is_given_every_format(team: Team) -> None:
    """The hook gets JSON, JSON Lines, YAML and XML files, and no others."""
    for suffix in ("json", "jsonl", "ndjson", "yaml", "yml", "xml", "txt", "toml"):
        team.write(f"refunds/r.{suffix}", "]")
    found = team.commit(args=["--as", US])
    named = {
        name for name in ("json", "jsonl", "ndjson", "yaml", "yml", "xml", "txt", "toml") if f"r.{name}:" in found.out
    }
    assert named == {"json", "jsonl", "ndjson", "yaml", "yml", "xml"}


@needs_all
def test_excludes_hold_for_what_the_hook_is_given(team: Team) -> None:
    """`exclude` applies to the files that the hook names; a commit of only excluded files passes."""
    team.write("pyproject.toml", f'[tool.refundkit]\nexclude = ["refunds/old"]\nfiles = {{"refunds/" = "{US}"}}\n')
    team.write("refunds/old/r.json", refund("19.99"))
    only = team.commit(files=ONLY)
    assert only.status == 0
    assert "Checked 0 payloads" in only.out
    team.write("refunds/r.json", refund("19.99"))
    both = team.commit(files=ONLY)
    assert both.status == 1
    assert "refunds/r.json:9:21: error RF201" in both.out
    assert "refunds/old/r.json" not in both.out


@needs_all
def test_arguments_of_the_hook(team: Team) -> None:
    """The team's own arguments come before the files, also a bare --require-context."""
    team.write("refunds/a.json", refund())
    team.write("refunds/b.json", refund())
    found = team.commit(args=["--as", US, "--fail-on", "warning", "--require-context"], files=ONLY)
    assert found.status == 1
    assert found.out.count("RF006 context-missing") == 2
    wrong = team.commit(args=["--as", "walmart.refund"], files=ONLY)
    assert wrong.status == 1
    assert "- exit code: 2" in wrong.out
    assert "unknown operation 'walmart.refund'" in wrong.out


def test_hook_is_described() -> None:
    """The hook runs the command of pyproject.toml in one process on the files that the linter reads."""
    (described,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert described["entry"].split()[:2] == ["refundkit", "check"]
    assert described["language"] == "python"
    assert described["require_serial"] is True
