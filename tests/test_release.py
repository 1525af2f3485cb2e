"""A release: its archives, and what a stranger gets who installs one.

`make peers` keeps the wheels that the environments are built from, so that nothing is downloaded here.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import refundkit
import yaml
from commands import refund, xml_refund
from markdown_it import MarkdownIt
from pythons import VERSIONS, find_python
from story import ROOT, story, text
from test_hook import git, offline, source

README = (ROOT / "README.md").read_text("utf-8")
HERE = [version for version in VERSIONS if find_python(version)]


def release(folder: Path) -> subprocess.CompletedProcess[str]:
    """Make a release in a clone of this source."""
    return subprocess.run(
        [sys.executable, ".ci/release.py"],
        cwd=folder,
        env=offline(folder.parent),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which a release was made."""
    folder = source(tmp_path_factory.mktemp("release") / "refundkit")
    done = release(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(clone: Path) -> Path:
    """The wheel of a release."""
    (found,) = (clone / "dist").glob("*.whl")
    return found


@pytest.mark.hook
def test_release_builds_archives_and_the_text_of_the_tag(clone: Path) -> None:
    """A release leaves an sdist, a wheel and the tag's text, with the changes and the digests, and git takes it."""
    version = refundkit.__version__
    names = {f"refundkit-{version}.tar.gz", f"refundkit-{version}-py3-none-any.whl", f"v{version}.txt"}
    assert {path.name for path in (clone / "dist").iterdir()} == names
    message = (clone / f"dist/v{version}.txt").read_text("utf-8")
    assert message.startswith(f"refundkit {version}\n\n* ")
    assert re.findall(r"^[0-9a-f]{64}  refundkit-.*$", message, re.MULTILINE)
    git(clone, "tag", "-a", f"v{version}", "-F", f"dist/v{version}.txt")
    assert git(clone, "tag", "--list").split() == ["v0", f"v{version}"]
    assert git(clone, "status", "--porcelain") == ""


@pytest.mark.hook
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("validators/refundkit/notes.txt", "a stray: refundkit/notes.txt"),
        ("validators/refundkit/note.py", "not committed"),
    ],
)
def test_release_refuses_what_does_not_belong(tmp_path: Path, name: str, said: str) -> None:
    """A file of a kind that is not shipped, and one that no commit has, stop a release."""
    folder = source(tmp_path / "refundkit")
    (folder / name).write_text("")
    if "stray" in said:
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", "a stray")
    done = release(folder)
    assert done.returncode == 1
    assert said in done.stderr


def test_version_stands_in_one_place() -> None:
    """The version is in the package alone; the changelog has a section for it, and samples name its tag."""
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert 'dynamic = ["version"]' in project
    assert f'"{refundkit.__version__}"' not in project
    assert f"\n## {refundkit.__version__}\n" in (ROOT / "CHANGELOG.md").read_text("utf-8")
    samples = [README, *(path.read_text("utf-8") for path in (ROOT / "docs/ci").iterdir())]
    tags = {
        tag for sample in samples for tag in re.findall(r"(?:rev: |refundkit@)(v?[0-9]+[.][0-9]+[.][0-9]+)", sample)
    }
    assert tags == {f"v{refundkit.__version__}"}


def test_readme_has_no_link_that_breaks_elsewhere() -> None:
    """README is shown by package indexes too, so none of its links is relative."""
    assert re.findall(r"\]\((?!https://)[^)]*\)", README) == []


@pytest.mark.parametrize(
    "name", ["LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", ".github/workflows/ci.yml"]
)
def test_what_a_stranger_looks_for_is_there(name: str) -> None:
    """The repository has the pages that people look for before they trust it, none of them longer than it is read."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    assert lines
    if name in ("CONTRIBUTING.md", "SECURITY.md"):
        assert len(lines) <= 70


def test_ci_runs_on_pushes() -> None:
    """CI runs the same script on every push and on each Python that pyproject.toml names."""
    workflow: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    assert "push" in workflow[True]  # YAML 1.1 reads `on` so
    job = workflow["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"] == list(VERSIONS)
    assert any(".ci/run" in step.get("run", "") for step in job["steps"])


# In a clean environment.


def readme_commands() -> list[str]:
    """The lines of README that run the command on payloads."""
    fences = [token for token in MarkdownIt().parse(README) if token.type == "fence"]
    blocks = [fence.content for fence in fences if fence.info in ("", "console", "sh")]
    return re.findall(r"^(?:\$ )?(refundkit .*?)(?: +#.*)?$", "\n".join(blocks), re.MULTILINE)


def fill(folder: Path) -> None:
    """Write the files that README's commands name."""
    good, shop = story("walmart.refund_order_lines"), story("woocommerce.create_refund")
    first = re.search(r"```json\n(.*?)```", README, re.DOTALL)
    assert first is not None
    for name, content in {
        "refund.json": first[1].encode(),
        "order.json": text(shop["order"]),
        "refunds.json": text(shop["refunds"]),
        "refund.xml": xml_refund("-1.00").encode(),
        "refunds.jsonl": text(good) + b"\n",
        "fixtures/r.json": text(good),
        "refunds/r.json": refund().encode(),
        "orders/2961380412345.json": text(good["order"]),
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)


@pytest.mark.hook
@pytest.mark.parametrize("version", HERE)
def test_readme_runs_in_a_clean_environment(version: str, wheel: Path, tmp_path: Path) -> None:
    """The wheel, installed alone by each Python that is here, runs README's commands without a failure."""
    environment = offline(tmp_path)
    python = find_python(version)
    assert python is not None
    subprocess.run([python, "-m", "venv", tmp_path / "venv"], check=True, env=environment)
    binaries = tmp_path / "venv" / "bin"
    pip = [str(binaries / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, str(wheel)], check=True, env=environment)
    folder = tmp_path / "team"
    folder.mkdir()
    fill(folder)
    assert len(readme_commands()) >= 6
    shells = [f"refundkit completion {shell}" for shell in ("bash", "zsh", "fish")]
    for line in (*readme_commands(), *shells, "refundkit check --help", "refundkit rule --all"):
        done = subprocess.run(
            [binaries / "refundkit", *shlex.split(line)[1:]],
            cwd=folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode in (0, 1), (line, done.stderr)
        assert "Traceback" not in done.stderr
    for name in ("audit", "tests", "codegen"):
        assert shutil.which(name, path=str(binaries)) is None
    typed = "import refundkit, refundkit_apis.walmart.models; print(refundkit.__version__)"
    shown = subprocess.run([binaries / "python", "-c", typed], cwd=folder, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == refundkit.__version__
