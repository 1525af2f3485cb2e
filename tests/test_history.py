"""A generated history is reproducible, and the audit finds exactly its planted errors."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from processes import WITHIN, running
from refundkit.cli import main

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # bench is no installed package

from bench import history  # noqa: E402

pytestmark = [pytest.mark.audit, pytest.mark.xdist_group("history")]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history of about 10,000 refunds."""
    folder = tmp_path_factory.mktemp("history")
    assert history.write(4_700, 7, folder) > 10_000
    return folder


def _command(folder: Path, out: str) -> list[str]:
    patterns = ["--requests", str(folder / "requests" / "*.parquet"), "--orders", str(folder / "orders" / "*.parquet")]
    return ["audit", *patterns, "--out", str(folder / out), "--memory", "512MB", "--isolated"]


def test_the_audit_finds_exactly_what_is_planted(written: Path) -> None:
    """The audit has exactly the planted findings, by row and pointer, of 50 kinds and more."""
    assert main(_command(written, "found.parquet")) == 1
    names = ["row", "code", "pointer"]
    found = pq.read_table(written / "found.parquet", columns=names).to_pylist()
    planted = pq.read_table(written / "planted.parquet").to_pylist()
    order = [tuple(one[name] for name in names) for one in planted]
    assert sorted(tuple(one[name] for name in names) for one in found) == sorted(order)
    assert len({one["code"] for one in planted}) > 50


def test_the_same_seed_makes_the_same_history(tmp_path: Path) -> None:
    """One seed gives the same bytes each time, and another seed gives others."""
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        history.write(50, seed, tmp_path / name)
    one, two, three = (
        (tmp_path / name / "requests" / "00000.parquet").read_bytes() for name in ("one", "two", "three")
    )
    assert one == two != three


def test_a_history_has_its_real_sizes(written: Path) -> None:
    """Bodies have a few hundred bytes on average, and orders one to six kilobytes."""
    bodies = pq.read_table(written / "requests" / "00000.parquet", columns=["body"]).column("body").to_pylist()
    orders = pq.read_table(written / "orders" / "00000.parquet", columns=["order"]).column("order").to_pylist()
    assert 400 < sum(map(len, bodies)) / len(bodies) < 1_500
    assert all(1_000 < len(order) < 6_000 for order in orders)


# The command, which stops after the first item of a generator. It sleeps in short naps: a long one would miss a signal
# that comes just before it.
_HELD = """\
import sys, time
from importlib import import_module
def held(items):
    for item in items:
        yield item
        open("reached", "w").close()
        while True:
            time.sleep(0.01)
module, name = import_module(sys.argv[1]), sys.argv[2]
original = getattr(module, name)
setattr(module, name, lambda *arguments: held(original(*arguments)))
sys.argv[1:] = sys.argv[3:]
from refundkit.cli import run
run()
"""


@pytest.mark.parametrize(
    ("module", "name", "left"),
    [("refundkit.audit.files", "read_chunks", ""), ("refundkit.audit.duck", "_judge_tasks", "found.parquet")],
    ids=["reads", "judges"],
)
def test_an_interrupt_leaves_no_file(written: Path, tmp_path: Path, module: str, name: str, left: str) -> None:
    """An interrupt is exit 130 and leaves no file, and the next run is complete."""
    arguments = _command(written, "stopped.parquet")
    command = (sys.executable, "-c", _HELD, module, name)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with running(*arguments, folder=tmp_path, command=command, **pipes) as process:
        while process.poll() is None and not (tmp_path / "reached").exists():
            time.sleep(0.01)
        assert list(written.glob(f".stopped.parquet.*/{left}"))
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=WITHIN)
    assert process.returncode == 130, output
    assert output == (b"", b"")
    assert not list(written.glob("*stopped*"))
    assert not list(written.glob(".stopped*"))
