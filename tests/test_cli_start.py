"""The command line: what a start imports."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from commands import US, flat, refund
from processes import run
from story import story, text

HEAVY = (
    "httpx pydantic jinja2 rich click typer tqdm multiprocessing yaml attr asyncio subprocess defusedxml cryptography"
    " oauthlib jsonschema duckdb pyarrow pandas hashlib ssl refundkit.audit refundkit.cli.audit refundkit.cli.rules"
).split()
"""What serves other things than a check; a clean one does not import jsonschema_rs either."""


@pytest.mark.parametrize("kind", ["good", "bad", "whole", "stdin"])
def test_start_imports_nothing_heavy(tmp_path: Path, kind: str) -> None:
    """A check of one payload imports nothing that serves other things: that is what makes it start fast."""
    request = text(story(US)) if kind == "whole" else flat(refund("19.99" if kind == "bad" else "-19.99")).encode()
    file = tmp_path / "r.json"
    file.write_bytes(request)
    heavy = {*HEAVY, *(() if kind == "bad" else ("jsonschema_rs",))}
    code = (
        "import atexit, sys; from refundkit.cli import run\n"
        f"atexit.register(lambda: print(sorted({heavy!r} & set(sys.modules)), file=sys.stderr)); run()"
    )
    path, stdin = ("-", file) if kind == "stdin" else ("r.json", None)
    left = run("check", "--as", US, path, folder=tmp_path, stdin=stdin, command=(sys.executable, "-c", code))
    assert (left.status, left.err) == (int(kind == "bad"), "[]\n")
