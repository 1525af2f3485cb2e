"""The Pythons of this machine that refundkit supports: `python tests/pythons.py` prints their versions."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

VERSIONS = ("3.11", "3.12", "3.13", "3.14")


@cache
def find_python(version: str) -> str | None:
    """Find a Python of a version that can make environments: on the path, or as pyenv or uv installs it."""
    for candidate in _candidates(version):
        program = f"import sys, ensurepip, venv; sys.exit('%d.%d' % sys.version_info[:2] != '{version}')"
        if subprocess.run([candidate, "-c", program], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


def _candidates(version: str) -> Iterator[str]:
    name = f"python{version}"
    yield from filter(None, [shutil.which(name)])
    for root in (os.environ.get("PYENV_ROOT", "~/.pyenv"), "~/.local/share/uv/python"):
        yield from map(str, sorted(Path(root).expanduser().glob(f"*/bin/{name}")))
        yield from map(str, sorted(Path(root).expanduser().glob(f"versions/*/bin/{name}")))


if __name__ == "__main__":
    print(*filter(find_python, VERSIONS))
