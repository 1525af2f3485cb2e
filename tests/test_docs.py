"""The pages of docs/: what they show is run here and gives the same output."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from processes import WITHIN
from refundkit import apis, operations, rule
from refundkit.cli.parser import build_parser
from refundkit.rule import PARAMETERS
from shown import DOCS, blocks, reader_environment, replay
from story import story, text


class Done(NamedTuple):
    """What a program left behind."""

    status: int
    out: str


PAGES = [page.name for page in sorted(DOCS.glob("*.md")) if "```console\n" in page.read_text("utf-8")]


@pytest.mark.parametrize("name", PAGES)
def test_the_commands_of_a_page_print_what_it_shows(name: str, tmp_path: Path) -> None:
    """A reader who walks a page from an empty folder, its files and its commands, sees what it shows."""
    page = (DOCS / name).read_text("utf-8")
    assert replay(page, tmp_path) == page


def test_every_flag_a_page_names_exists() -> None:
    """The command line accepts each `refundkit …` of the pages that is shown without its output."""
    lines = [
        line.partition(" #")[0]
        for page in DOCS.glob("*.md")
        for block in blocks(page.read_text("utf-8"), "bash")
        for line in block.splitlines()
        if line.startswith("refundkit ")
    ]
    assert len(lines) >= 8
    for line in lines:
        build_parser().parse_args(shlex.split(line)[1:])


@pytest.mark.parametrize("name", ["check.md", "python.md"])
def test_code_without_a_file_runs(name: str, folder: Path) -> None:
    """A piece of Python that a page shows without the name of a file is whole."""
    page = (DOCS / name).read_text("utf-8")
    pieces = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert pieces
    for piece in pieces:
        exec(piece, {})  # noqa: S102 - our own page


def write_request(folder: Path, amount: str = "-19.99") -> list[str]:
    """Write a body and its order as a sender has them; return the arguments of a sample."""
    request = story("walmart.refund_order_lines")
    (folder / "body.json").write_text(text(request["body"]).decode().replace("-19.99", amount), "utf-8")
    (folder / "order.json").write_bytes(text(request["order"]))
    return ["walmart.refund_order_lines", "body.json", "order.json"]


# How the sample of each language is run, after what builds it; a language that is not here is not run.
SAMPLES = {
    "send.sh": (["bash", "send.sh"], None),
    "send.mjs": (["node", "send.mjs"], None),
    "send.php": (["php", "send.php"], None),
    "Send.cs": (["mono", "Send.exe"], ["mcs", "Send.cs"]),
}


@pytest.fixture(params=SAMPLES)
def sender(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Done]:
    """The sample of a language, ready to be run in a folder of its own."""
    run, build = SAMPLES[request.param]
    for program in filter(None, (run, build)):
        if shutil.which(program[0]) is None:
            pytest.skip(f"{program[0]} is not here")
    shutil.copy(DOCS / "samples" / request.param, tmp_path)
    if build:
        subprocess.run(build, cwd=tmp_path, check=True, timeout=WITHIN)

    def send(*arguments: str, **environment: str) -> Done:
        done = subprocess.run(
            [str(shutil.which(run[0])), *run[1:], *arguments],
            cwd=tmp_path, env={**reader_environment(), **environment}, capture_output=True, text=True, check=False,
            timeout=WITHIN,
        )  # fmt: skip
        return Done(done.returncode, done.stdout)

    return send


def test_a_sender_in_any_language_sends_what_is_clean(sender: Callable[..., Done], tmp_path: Path) -> None:
    """The samples of other languages end with 0 for a clean refund, and would send it."""
    assert sender(*write_request(tmp_path)) == (0, "clean\n")


def test_a_sender_in_any_language_keeps_back_what_is_wrong(sender: Callable[..., Done], tmp_path: Path) -> None:
    """The samples of other languages end with 1 for a refund that is too large, and say the rule."""
    status, printed = sender(*write_request(tmp_path, "-1939.99"))
    assert status == 1
    assert printed.startswith("not sent: ")
    assert "RF203" in printed


def test_a_sender_in_any_language_keeps_back_a_refund_without_its_order(
    sender: Callable[..., Done], tmp_path: Path
) -> None:
    """The samples of other languages end with 1 where the order is missing."""
    arguments = write_request(tmp_path)
    (tmp_path / "order.json").write_text("null")
    status, printed = sender(*arguments)
    assert status == 1
    assert "RF006" in printed


@pytest.mark.parametrize("broken", ["#!/bin/sh\nexit 2\n", "#!/bin/sh\nkill -9 $$\n", None])
def test_a_sender_in_any_language_keeps_back_what_was_not_checked(
    broken: str | None, sender: Callable[..., Done], tmp_path: Path
) -> None:
    """The samples of other languages end with 2 where the command fails, is killed or is not there."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    if broken:
        (binaries / "refundkit").write_text(broken)
        (binaries / "refundkit").chmod(0o755)
    status, printed = sender(*write_request(tmp_path), PATH=f"{binaries}:/usr/bin:/bin")
    assert status == 2
    assert printed.startswith("not sent: it could not be checked")


def cells(page: str, head: str) -> dict[str, str]:
    """Return the table with that head, the second cell of each row by the names in the first."""
    rows = (DOCS / page).read_text("utf-8").partition(f"| {head} |")[2].partition("\n\n")[0].splitlines()[2:]
    pairs = [row.strip("| ").split(" | ")[:2] for row in rows]
    return {name: said for names, said in pairs for name in re.findall("`(.+?)`", names)}


def test_every_argument_of_a_rule_is_on_its_page() -> None:
    """The page on own rules lists what a rule may ask for and say, no more and no less than the code takes."""
    assert cells("own-rules.md", "parameter").keys() == PARAMETERS.keys() - {"value"}
    keywords = {name for name, said in signature(rule).parameters.items() if said.kind is said.KEYWORD_ONLY}
    assert cells("own-rules.md", "argument").keys() == keywords
    traits = {trait for name in operations.names() for trait in apis.traits(name)}
    assert cells("own-rules.md", "trait").keys() == traits


def test_the_steps_to_a_rule_a_test_and_a_job_of_your_own(tmp_path: Path) -> None:
    """Whoever does the steps of walk.md has a CI job that passes, and that fails for a refund that the rule forbids."""
    replay((DOCS / "walk.md").read_text("utf-8"), tmp_path)
    job = yaml.safe_load((tmp_path / ".github" / "workflows" / "refunds.yml").read_text("utf-8"))["jobs"]["check"]
    names = [step["name"] for step in job["steps"] if "run" in step]
    assert names == ["Install", "Check", "Test"]
    commands = [step["run"] for step in job["steps"] if "run" in step][1:]  # refundkit and pytest are installed

    def run_job() -> list[int]:
        shell = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c"]
        return [
            subprocess.run(
                [*shell, step], cwd=tmp_path, env=reader_environment(), timeout=WITHIN, check=False
            ).returncode
            for step in commands
        ]

    assert run_job() == [0, 0]
    shutil.copy(tmp_path / "fixtures" / "large.json", tmp_path / "refunds")
    assert run_job() == [1, 1]
