"""What a page shows: its blocks of code, its files and its commands with their output.

`python tests/shown.py docs/index.md` writes what the commands print now into the page; read the difference.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from commands import module_paths
from processes import WITHIN
from story import ROOT

DOCS = ROOT / "docs"
_BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.DOTALL | re.MULTILINE)
_INCLUDED = re.compile(r'^--8<-- "(.+)"\n', re.MULTILINE)
_COMMAND = re.compile(r"^\$ ")
BASH = shutil.which("bash") or "bash"


def include_files(page: str) -> str:
    """Return a page with the files that it includes by name."""
    return _INCLUDED.sub(lambda found: (DOCS / found[1]).read_text("utf-8"), page)


def blocks(page: str, language: str, start: str = "") -> list[str]:
    """Return the blocks of a language that hold a text."""
    return [block for name, _, block in _BLOCK.findall(include_files(page)) if name == language and start in block]


def reader_environment() -> dict[str, str]:
    """Return the environment of a reader who has refundkit installed, beside whatever runs this."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    binaries = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**kept, **module_paths(), "PATH": binaries, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def run_command(command: str, folder: Path) -> str:
    """Run one line of bash as a reader would in a folder, where the command is installed; return all that it prints.

    The folder is called /srv/shop in that.
    """
    done = subprocess.run(
        [BASH, "-c", command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=WITHIN,
        env=reader_environment(),
    )
    printed = done.stdout.decode().replace(str(folder), "/srv/shop")
    return re.sub(r" in \d+\.\d+s", " in 0.10s", printed)  # how long pytest took


def replay(page: str, folder: Path) -> str:
    """Return the page with what its commands print in a folder, in which a block with a title is the file of that name.

    The blocks are walked in their order, as a reader does.
    """

    def replay_block(found: re.Match[str]) -> str:
        language, name, block = found.groups()
        if name:
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(include_files(block), "utf-8")
        if language != "console":
            return found[0]
        commands = [line for line in block.splitlines() if _COMMAND.match(line)]
        printed = "".join(f"{line}\n{run_command(line.removeprefix('$ '), folder)}" for line in commands)
        return f"```console\n{printed}```"

    return _BLOCK.sub(replay_block, page)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as temporary:
            shown = replay(Path(argument).read_text("utf-8"), Path(temporary))
        Path(argument).write_text(shown, "utf-8")
