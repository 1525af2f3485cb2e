"""What users write is right for mypy in its strict mode, and what is wrong in it is found: see tests/typing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import refundkit
from processes import WITHIN
from story import ROOT


def run_mypy(*arguments: str, cache: Path) -> str:
    """Run mypy with the project's settings and without what it remembers; return what it says."""
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=WITHIN)
    return done.stdout + done.stderr


def test_typical_use_checks_and_what_is_wrong_does_not(tmp_path: Path) -> None:
    """Each line of tests/typing checks; each marked one is an error, for an unneeded mark is one as well."""
    assert run_mypy("tests/typing", cache=tmp_path).startswith("Success")


WRONG = [
    ('refundkit.draft("walmart.refund_order_lines", {}, {"1": 5.0})', "dict-item"),
    ('refundkit.draft("walmart.refund_orders", {}, refundkit.ALL)', "arg-type"),
    ("refundkit.chekc", "attr-defined"),
]


def test_a_float_a_wrong_operation_and_a_mistyped_name_are_errors(tmp_path: Path) -> None:
    """A type checker refuses a float for money, an operation that does not exist, and a mistyped name."""
    file = tmp_path / "wrong.py"
    file.write_text("import refundkit\n" + "".join(f"{line}\n" for line, _ in WRONG), "utf-8")
    said = run_mypy(str(file), cache=tmp_path / "cache")
    for number, (line, kind) in enumerate(WRONG, start=2):
        errors = [each for each in said.splitlines() if f"wrong.py:{number}: error" in each]
        assert any(each.endswith(f"[{kind}]") for each in errors), (line, said)


def test_the_package_is_typed() -> None:
    """Both packages have their py.typed."""
    package = Path(refundkit.__file__).parent
    assert (package / "py.typed").is_file()
    assert (ROOT / "generated/refundkit_apis/py.typed").is_file()
