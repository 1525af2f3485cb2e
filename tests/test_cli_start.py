"""The command line: what a start imports."""

from __future__ import annotations

import os
import subprocess
import sys

from commands import US, module_paths, refund


def test_light_start() -> None:
    """A clean check imports neither an HTTP client nor a schema engine nor a YAML or XML reader."""
    program = (
        "import sys; from refundkit.cli import main; status = main(sys.argv[1:])\n"
        "heavy = {'httpx', 'attr', 'yaml', 'jsonschema', 'jsonschema_rs', 'defusedxml', 'pydantic', 'rich'}\n"
        "print(status, sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "check", "--isolated", "--as", US, "-"],
        input=refund().encode(),
        capture_output=True,
        check=True,
        env={**os.environ, **module_paths()},
    )
    assert done.stderr.decode() == "0 []\n"
