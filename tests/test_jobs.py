"""--jobs: several processes find what one finds, in the same order, and all end with the run."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from processes import WITHIN, run, running
from refundkit.cli import main
from refundkit.lint import jobs, progress, sources
from refundkit.lint.record import Linted
from refundkit.lint.sources import Part, read_lines, split_file
from story import examples, text

US, SHOP = "walmart.refund_order_lines", "woocommerce_legacy.create_refund"
PIPES: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
BODY = examples(US)[0]
GOOD = text(BODY)


def spoiled(record: int) -> bytes:
    """A bare body, or a whole request, of which every seventh is wrong in one of several ways."""
    kind = record % 7 and record % 5
    if record % 7:
        return GOOD if kind else text({"operation": SHOP, "body": examples(SHOP)[0], "query": {}})
    wrong = [b'{"orderRefund": 1}', b"{", b'{"a": 1, "a": 2}', text({"operation": US, "body": BODY, "x": 1}), b"[]"]
    return wrong[record // 7 % len(wrong)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a large file of many parts, blank lines included, and small files of every kind."""
    monkeypatch.chdir(tmp_path)
    with Path("a.jsonl").open("wb") as stream:
        for record in range(9_000):
            stream.write(spoiled(record) + (b"\r\n" if record % 11 else b"\n\n \n"))
        stream.write(GOOD)  # no newline at the end
    for index in range(150):
        Path(f"b{index:03}.json").write_bytes(spoiled(index))
    Path("c.yaml").write_bytes(GOOD + b"\n---\n" + spoiled(0))
    Path("d.jsonl").write_bytes(b"".join(spoiled(record) + b"\n" for record in range(3_000)))
    return tmp_path


# As the command, with parts so small that these files have several.
_CUT_UP = (
    sys.executable,
    "-c",
    "from refundkit.lint import sources; sources.STRETCH = 1 << 18; from refundkit.cli import run; run()",
)


def found(*arguments: str, folder: Path) -> dict[str, Any]:
    """Return the JSON output of a run, without its time."""
    given = ("check", "--isolated", "--output-format", "json", "--as", US)
    left = run(*given, *arguments, folder=folder, command=_CUT_UP)
    assert (left.status, left.err) == (1, "")
    document: dict[str, Any] = json.loads(left.out)
    document["summary"].pop("seconds")
    return document


def test_same_as_one_process(folder: Path) -> None:
    """Two and three processes report the same findings, records, lines and `not_run` as one, in one order."""
    one = found("--jobs", "1", ".", folder=folder)
    assert one["summary"]["checked"] == 12_149  # of the small files, four hold an empty array
    assert one["findings"][-1]["record"] == 2_997
    assert found("--jobs", "2", ".", folder=folder) == one
    assert found("--jobs", "3", ".", folder=folder) == one


def test_same_context_as_one_process(folder: Path) -> None:
    """Each process loads the order, the configuration and the user's rules."""
    Path("order.json").write_bytes(text(examples("walmart.get_order", "200")[0]))
    Path("ours.py").write_text(
        "from refundkit import finding, rule\n"
        '@rule("RF901", "our-own", on=("walmart",))\n'
        "def our_own(body):\n"
        '    """Ours.\n\n    Bad:\n        {}\n    """\n'
        '    print("a rule may print")\n'
        '    return finding("", "said by ours")\n'
    )
    Path("refundkit.toml").write_text('rules = ["ours.py"]\nselect = ["RF2", "RF901"]\norder = "order.json"\n')
    outputs = []
    for count in ("1", "2"):
        arguments = ("check", "--output-format", "jsonl", "--as", US, "--jobs", count, "d.jsonl")
        left = run(*arguments, folder=folder, command=_CUT_UP)
        assert left.status == 1
        outputs.append([line for line in left.out.splitlines() if line.startswith("{") and "seconds" not in line])
    assert sum("RF901" in line for line in outputs[0]) > 1_000
    assert outputs[0] == outputs[1]


def test_parts_are_all_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts of a file have each of its lines once, with its line number in the file."""
    monkeypatch.setattr(sources, "STRETCH", 40)
    monkeypatch.setattr(sources, "_BLOCK", 16)
    file = str(tmp_path / "r.jsonl")
    for content in (
        b"",
        b"\n",
        b"{}",
        b"{}\n" * 100,
        b'{"a": 1}\r\n\n\n' * 30,
        b"x" * 500 + b"\n{}\n",
        b"\n" * 200,
        b"{}\n" + b"y" * 90,
    ):
        Path(file).write_bytes(content)
        cut = list(split_file(file))
        assert [one for part in cut for one in read_lines(part)] == list(read_lines(Part(file)))
        assert all(part.stop is None or part.stop > part.start for part in cut)


def test_clean_records_are_counted_where_they_begin() -> None:
    """A process returns identical clean results once, at the first of them, and keeps their order."""

    def one(operation: str, records: int = 1) -> Linted:
        return Linted(file="f", operation=operation, findings=(), not_run=(), records=records)

    compact = jobs.merge_clean([one("a"), one("b"), one("a", 5), one("c"), one("b")])
    assert [(each.operation, each.records) for each in compact] == [("a", 6), ("b", 2), ("c", 1)]


def test_threads_of_the_parent_are_no_matter(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A parent with other threads starts processes without a warning."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            status = main(["check", "--isolated", "--as", US, "--jobs", "2", "a.jsonl"])
    finally:
        done.set()
        thread.join()
    assert status == 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["multiprocessing", "concurrent.futures", "refundkit.lint.jobs", "tqdm"])
def test_one_process_needs_none_of_it(folder: Path, name: str) -> None:
    """One process does not import what only several processes, or a terminal, need."""
    code = f"import sys; from refundkit.cli import main; main(sys.argv[1:]); sys.exit({name!r} in sys.modules)"
    left = run("check", "--as", US, "d.jsonl", folder=folder, command=(sys.executable, "-c", code))
    assert left.status == 0


@pytest.mark.parametrize("wanted", ["0", "-1", "two", "1.5", "\N{SUPERSCRIPT TWO}"])
def test_number_that_is_none(folder: Path, wanted: str) -> None:
    """--jobs accepts 1 and above; anything else is exit 2."""
    left = run("check", "--jobs", wanted, "d.jsonl", folder=folder)
    assert (left.status, left.out) == (2, "")
    assert "is no number of processes: write 1 or more" in left.err or "--jobs" in left.err


def test_file_that_one_of_them_cannot_read(folder: Path) -> None:
    """The first unreadable file in the order is reported, as by one process."""
    Path("b100.json").unlink()
    Path("b100.json").mkdir()
    Path("e.json").symlink_to("b100.json")
    errors = {run("check", "--jobs", count, "a.jsonl", "e.json/x.json", folder=folder)[::2] for count in ("1", "2")}
    assert errors == {(2, "refundkit: e.json/x.json: no such file or folder\n")}


# A rule of the user's own stands for whatever may happen to a process in the middle of its work.
_OWN = """\
import os, signal, sys
from refundkit import rule
@rule("RF901", "our-own", on=("walmart",))
def our_own(body):
    \"\"\"Ours.

    Bad:
        {}
    \"\"\"
    if "refundkit.cli" in sys.modules and os.getppid() == int(os.environ["PARENT"]):
        HAPPENS
"""
_PARENT = (
    sys.executable,
    "-c",
    "import os, sys; os.environ['PARENT'] = str(os.getpid()); from refundkit.cli import run; run()",
)


def happening(what: str) -> None:
    """Write a rule that acts in every process but the first."""
    Path("ours.py").write_text(_OWN.replace("HAPPENS", what))
    Path("refundkit.toml").write_text('rules = ["ours.py"]\n')


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "was ended by SIGKILL"),
        ("os._exit(7)", "ended with status 7"),
        ("os._exit(0)", "ended with status 0"),
    ],
)
def test_process_that_dies(folder: Path, what: str, said: str) -> None:
    """A process that dies is exit 2 with its status and its file, and the other processes end."""
    happening(what)
    left = run("check", "--jobs", "2", "--as", US, "a.jsonl", folder=folder, command=_PARENT)
    assert (left.status, left.out) == (2, "")
    assert (
        left.err == f"refundkit: a.jsonl: the process that checked it {said}; with --jobs 1 there is no other process\n"
    )


def test_interrupt_of_the_whole_group(folder: Path) -> None:
    """An interrupt of the process group is exit 130 and prints nothing."""
    os.mkfifo("begun")
    happening("open('begun', 'wb').write(b'x'); signal.pause()")
    arguments = ("check", "--jobs", "2", "--as", US, "a.jsonl")
    with (
        running(*arguments, folder=folder, command=_PARENT, **PIPES) as process,
        Path("begun").open("rb") as begun,
    ):
        assert begun.read(1) == b"x"
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=WITHIN)
    assert (process.returncode, out, err) == (130, b"", b"")


def test_process_ends_with_its_parent(folder: Path) -> None:
    """If the parent is killed, its processes end."""
    os.mkfifo("begun")
    os.mkfifo("go")
    happening("open('begun', 'wb').write(b'x'); open('go', 'rb').read()")
    arguments = ("check", "--jobs", "2", "--as", US, "a.jsonl")
    with (
        running(*arguments, folder=folder, command=_PARENT, **PIPES) as process,
        Path("begun").open("rb") as begun,
    ):
        assert begun.read(1) == b"x"
        process.kill()
        process.wait(WITHIN)
        with Path("go").open("wb"):
            pass  # whatever they were doing, they are done with it
        # Its processes hold the other end of standard error: it ends when the last of them does.
        out, err = process.communicate(timeout=WITHIN)
    assert (out, err) == (b"", b"")


def _seen(arguments: list[str], folder: Path, command: tuple[str, ...]) -> str:
    """What a terminal shows of the command's standard error."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with running(*arguments, folder=folder, command=command, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 1 << 16)
            except OSError:  # Linux says so of a terminal that nobody writes to any more
                break
            if not piece:
                break
            shown += piece
        os.close(ours)
        process.wait(WITHIN)
    return shown.decode()


def _after(seconds: str) -> tuple[str, ...]:
    """The command, of which a run is long after so many seconds."""
    code = f"from refundkit.lint import progress; progress.AFTER = {seconds}; from refundkit.cli import run; run()"
    return (sys.executable, "-c", code)


# Whatever the machine's speed, every run is a long one, or none is.
_AT_ONCE, _NEVER = _after("0.0"), _after("float('inf')")


@pytest.mark.parametrize("count", ["1", "2"])
def test_progress_on_a_terminal(folder: Path, count: str) -> None:
    """A long run shows its progress on a terminal, and erases it at the end."""
    shown = _seen(["check", "--isolated", "--as", US, "--jobs", count, "a.jsonl", "d.jsonl"], folder, _AT_ONCE)
    total = Path("a.jsonl").stat().st_size + Path("d.jsonl").stat().st_size
    assert f"/{total / 1e6:.2f}M" in shown
    assert "%|" in shown
    assert shown.endswith("\r")


@pytest.mark.parametrize("count", ["1", "2"])
def test_no_progress_elsewhere(folder: Path, count: str) -> None:
    """If standard error is no terminal, no progress is shown."""
    left = run("check", "--as", US, "--jobs", count, "a.jsonl", folder=folder, command=_AT_ONCE)
    assert (left.status, left.err) == (1, "")


def test_short_run_shows_no_progress(folder: Path) -> None:
    """A short run shows no progress."""
    assert progress.AFTER >= 1
    assert _seen(["check", "--isolated", "--as", US, "a.jsonl", "d.jsonl"], folder, _NEVER) == ""


def test_large_file_is_spread_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A JSON Lines file of 32 MiB or more uses all cores; any other file uses one process."""
    from refundkit.cli.check import count_jobs
    from refundkit.cli.parser import build_parser

    for name, size in (("large.jsonl", 1 << 25), ("small.jsonl", (1 << 25) - 1), ("large.json", 1 << 25)):
        with (tmp_path / name).open("wb") as stream:
            stream.truncate(size)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(jobs, "count_cores", lambda: 5)
    counts: Callable[..., int] = lambda *given: count_jobs(  # noqa: E731
        build_parser().parse_args(["check", *given]), [one for one in given if one.endswith((".json", "jsonl", "-"))]
    )
    assert counts("large.jsonl") == 5
    assert counts("small.jsonl") == counts("large.json") == 1
    assert counts("large.jsonl", "--jobs", "3") == 3
    assert counts("large.jsonl", "-") == counts("large.jsonl", "--batch") == 1
