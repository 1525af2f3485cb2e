"""What the README shows is run here and gives the same output."""

from __future__ import annotations

import re
import shlex
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import refundkit
from refundkit import testing
from refundkit.cli.parser import build_parser
from shown import blocks, run_command
from story import ROOT, story, text

README = (ROOT / "README.md").read_text("utf-8")


def block(language: str, start: str = "") -> str:
    """Return the first fenced block of a language that holds the text."""
    return blocks(README, language, start)[0]


def test_the_first_finding_is_what_the_command_prints(tmp_path: Path) -> None:
    """The README's bad refund gives the output that the README shows."""
    (tmp_path / "refund.json").write_text(block("json"), encoding="utf-8")
    command, _, printed = block("console").partition("\n")
    assert run_command(f"{command.removeprefix('$ ')}; echo $?", tmp_path) == f"{printed}1\n"


def test_check_before_sending_raises_for_the_bad_and_sends_the_good() -> None:
    """The six lines for people with their own client refuse a refund over the charge and send one within it."""
    good = story("walmart.refund_order_lines")
    sent: list[str] = []
    shop = SimpleNamespace(
        get=lambda path: SimpleNamespace(content=text(good["order"])), post=lambda path, content: sent.append(path)
    )
    names: dict[str, Any] = {"shop": shop, "order_id": good["path"]["purchaseOrderId"], "body": text(good["body"])}
    exec(block("python", "raise_for_errors"), names)  # noqa: S102 - our own README
    assert sent == [f"/v3/orders/{names['order_id']}/refund"]
    names["body"] = names["body"].replace(b"-19.99", b"-39.99")
    with pytest.raises(refundkit.RefundBlocked, match="RF203"):
        exec(block("python", "raise_for_errors"), names)  # noqa: S102 - our own README
    assert len(sent) == 1


def test_the_first_screen_says_how_to_install() -> None:
    """pip, pipx and uvx stand on the first screen, and the whole is read in two minutes."""
    lines = README.splitlines()
    first = "\n".join(lines[:40])
    assert [tool for tool in ("pip install .", "pipx install .", "uvx --from . refundkit") if tool not in first] == []
    assert len(lines) <= 120


def test_every_page_it_names_exists() -> None:
    """Each page that the README names is there, and all pages of docs/ are named."""
    named = set(re.findall(r"`([a-z-]+\.md)`", README))
    assert named == {page.name for page in (ROOT / "docs").glob("*.md")}


def test_every_flag_it_names_exists() -> None:
    """The command line accepts each `refundkit …` line of the README."""
    lines = re.findall(r"^refundkit ((?:check|balance|draft|rule) .*?)(?: +#.*)?$", README, re.MULTILINE)
    assert len(lines) >= 6
    for line in lines:
        build_parser().parse_args(shlex.split(line))


def test_every_target_it_names_exists() -> None:
    """Each `make …` in the README is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {word for line in re.findall(r"^make ([a-z -]+)", README, re.MULTILINE) for word in line.split()}
    assert named
    assert named <= targets


def test_the_one_call_refunds_and_refuses(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The README's first Python sample refunds with the tax until nothing is left, and then says what is left."""
    sample = block("python")
    assert "walmart.refund(" in sample
    with testing.server("walmart") as shop:
        connect = partial(refundkit.connect.walmart, base_url=shop.url)
        monkeypatch.setattr(refundkit.connect, "walmart", connect)
        names: dict[str, Any] = {"client_id": "an-id", "client_secret": "a-secret", "order_id": "2961380412345"}
        exec(sample, names)  # noqa: S102 - our own README
        assert names["order"].purchase_order_id == "2961380412345"
        made = str(shop.refunds("2961380412345"))
        assert "5.00" in made
        assert "0.41" in made
        assert capsys.readouterr().out == ""
        for _ in range(20):
            exec(sample, names)  # noqa: S102 - our own README
    assert "is left" in capsys.readouterr().out
