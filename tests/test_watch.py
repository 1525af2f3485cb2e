"""docs/watch.md: the job that watches the published pages, run against a server that serves two versions of one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
PAGES = Path(__file__).parent / "pages"
GUIDE = (ROOT / "docs" / "watch.md").read_text("utf-8")
PAGE = (PAGES / "depot-return.txt").read_text("utf-8")


def block(language: str) -> str:
    """Return the fenced block of a language in the guide."""
    (found,) = re.findall(rf"```{language}\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)
    return str(found)


class PageServer:
    """Serves one page at /return, or 404 while it has none; `media` is the type that it says."""

    def __init__(self) -> None:
        self.text = PAGE
        self.media = "text/plain; charset=utf-8"
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = owner.text.encode()
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", owner.media)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/return"


@pytest.fixture
def pages() -> Iterator[PageServer]:
    """A web server on this machine."""
    served = PageServer()
    thread = threading.Thread(target=served.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield served
    served.server.shutdown()
    served.server.server_close()
    thread.join()


@pytest.fixture
def project(pages: PageServer, tmp_path: Path) -> Path:
    """A checkout with the depot's spec, which says where its page is, all committed, and the job of the guide."""
    shutil.copytree(ROOT / "codegen", tmp_path / "codegen", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PAGES / "specs", tmp_path / "specs")
    edit(tmp_path, "info:\n", f"info:\n  x-pages: {{depot-return: '{pages.url}'}}\n")
    (tmp_path / "watch.sh").write_text(block("bash"), "utf-8")
    (tmp_path / "validators").mkdir()
    (tmp_path / "validators" / "desk.py").write_text(
        "from refundkit_apis.depot.models import ReturnCreate\n\n\n"
        "def remark_of(body: ReturnCreate) -> object:\n    return body.remark\n"
    )
    settings = '[tool.mypy]\nmypy_path = ["validators"]\nexplicit_package_bases = true\n'
    (tmp_path / "pyproject.toml").write_text(settings)
    run(tmp_path, sys.executable, "-m", "codegen", "generate")
    run(tmp_path, "git", "init", "--quiet")
    run(tmp_path, "git", "add", "specs", "validators", "generated")
    run(tmp_path, "git", "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", "one")
    return tmp_path


def run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def edit(project: Path, old: str, new: str) -> None:
    """Change the depot's spec."""
    path = project / "specs" / "depot.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def watch(project: Path) -> tuple[int, str]:
    """Run the job; return its exit status and the proposal."""
    environment = {**os.environ, "PYTHON": sys.executable, "SINCE": "HEAD"}
    job = subprocess.run(["bash", "watch.sh"], cwd=project, env=environment, check=False)  # noqa: S607
    return job.returncode, (project / "proposal.md").read_text("utf-8")


def test_the_job_proposes_what_a_changed_page_asks_for(project: Path, pages: PageServer) -> None:
    """An unchanged page is nothing to do, a changed one is told, and so is what was edited for it with its code."""
    status, proposal = watch(project)
    assert (status, "no difference" in proposal, "0 changes since HEAD" in proposal) == (0, True, True), proposal
    pages.text = PAGE.replace("<=200", "<=150")
    status, proposal = watch(project)
    assert status == 1
    assert (
        "saved/depot-return.txt:27: limit: `remark` has maxLength 150 on the page, maxLength 200 in the spec"
        in proposal
    )
    edit(project, "maxLength: 200", "maxLength: 150")
    run(project, sys.executable, "-m", "codegen", "docs", "--accept", "saved/depot-return.txt")
    status, proposal = watch(project)
    assert status == 0
    assert "ReturnCreate.remark has maxLength 150, was 200 [breaks: sender]" in proposal
    assert "  validators/desk.py:5: remark_of: ReturnCreate.remark\n" in proposal


def test_a_page_that_cannot_be_had_is_no_page_in_step(project: Path, pages: PageServer) -> None:
    """A page that is gone is exit 2, and the proposal says which."""
    pages.text = ""
    status, proposal = watch(project)
    assert status == 2
    assert f"depot-return: {pages.url}: Client error '404 Not Found'" in proposal


@pytest.mark.parametrize(
    ("media", "suffix"), [("text/html", "html"), ("text/markdown", "md"), ("application/json", "json"), ("x/y", "txt")]
)
def test_a_page_is_saved_by_its_name_and_kind(
    media: str, suffix: str, pages: PageServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fetched page has the name that the specs know it by, and takes the place of what was fetched before."""
    monkeypatch.syspath_prepend(str(ROOT))
    from codegen.__main__ import main

    shutil.copytree(PAGES / "specs", tmp_path / "specs")
    edit(tmp_path, "info:\n", f"info:\n  x-pages: {{depot-return: '{pages.url}'}}\n")
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "depot-return.htm").write_text("old")
    pages.media = media
    assert main(["fetch", str(tmp_path / "saved"), "--specs", str(tmp_path / "specs")]) == 0
    assert [path.name for path in (tmp_path / "saved").iterdir()] == [f"depot-return.{suffix}"]


def test_without_an_address_there_is_nothing_to_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Specs that name no address are exit 2, and the message says where addresses stand."""
    monkeypatch.syspath_prepend(str(ROOT))
    from codegen.__main__ import main

    assert main(["fetch", str(tmp_path), "--specs", str(PAGES / "specs")]) == 2
    assert "x-pages" in capsys.readouterr().err


def test_the_samples_run_the_job() -> None:
    """The workflow is YAML whose steps run the job on a schedule, and the cron line has five fields and runs it too."""
    workflow = yaml.safe_load(block("yaml"))
    (schedule,) = workflow[True]["schedule"]  # YAML takes `on` for true
    steps = workflow["jobs"]["watch"]["steps"]
    assert any(step.get("run", "").startswith("bash watch.sh") for step in steps)
    targets = set(re.findall(r"^([\w./-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert {step["run"].split()[1] for step in steps if step.get("run", "").startswith("make")} <= targets
    (line,) = [line for line in GUIDE.splitlines() if "bash watch.sh ||" in line and line[:1].isdigit()]
    assert line.split()[:5] == schedule["cron"].split()
