"""specs/ -> generated/refundkit_apis/.

The package is built in a temporary folder first, so that a failing generator leaves generated/ as it was.
"""

from __future__ import annotations

import difflib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from .clients import write_clients
from .lint import lint
from .models import write_models
from .ready import write_ready
from .schemas import write_schemas
from .spec import Spec, SpecError, load_all

ROOT = Path(__file__).parent.parent
SPECS = ROOT / "specs"
PACKAGE = ROOT / "generated" / "refundkit_apis"
RUNTIME = Path(__file__).parent / "runtime"
# Pinned rules instead of ruff's defaults, which rewrite annotations: see the version pin in pyproject.toml.
RUFF = ("--isolated", "--no-cache", "--target-version", "py311", "--line-length", "120", "--quiet")


def generate(specs: Path | None = None, target: Path | None = None) -> Path:
    """Generate the package from a folder of specs into generated/refundkit_apis or `target`, and return its path.

    What the target held is replaced. Raises SpecError.
    """
    target = target or PACKAGE
    with build_package(specs or SPECS) as package:
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(exist_ok=True)
        shutil.copytree(package, target)
    return target


def find_drift() -> list[str]:
    """Return the lines of a unified diff from generated/ to what the specs generate. Raises SpecError."""
    with build_package() as package:
        names = sorted(_list_files(package) | _list_files(PACKAGE))
        return [line for name in names for line in _diff_file(PACKAGE / name, package / name, name)]


@contextmanager
def build_package(folder: Path = SPECS) -> Iterator[Path]:
    """Build the package from a folder of specs in a temporary folder, and yield its path. Raises SpecError."""
    specs = load_all(folder)
    flaws = [str(flaw) for spec in specs for flaw in lint(spec)]
    if flaws:
        raise SpecError("\n".join(flaws))
    with tempfile.TemporaryDirectory(prefix="refundkit-") as temporary:
        scratch = Path(temporary)
        package = scratch / "refundkit_apis"
        package.mkdir()
        (package / "__init__.py").write_text('"""Typed clients and models, generated from specs/: do not edit."""\n')
        (package / "py.typed").write_text("")
        shutil.copytree(RUNTIME, package / "_runtime", ignore=shutil.ignore_patterns("__pycache__"))
        (package / "names.py").write_text(_name_operations(specs))
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda spec: _generate_api(spec, package, scratch), specs))
        for command in (("check", "--fix-only", "--select", "I,F401"), ("format",)):
            _ruff(command, package)
        yield package


def _name_operations(specs: list[Spec]) -> str:
    """Return a module that knows each operation by its name, for type checkers."""
    names = [f'    "{spec.api}.{operation.name}",' for spec in specs for operation in spec.operations()]
    return "\n".join(
        [
            '"""The names of all operations."""',
            "from typing import Literal, TypeAlias",
            "OperationName: TypeAlias = Literal[",
            *names,
            "]",
            "",
        ]
    )


def _generate_api(spec: Spec, package: Path, scratch: Path) -> None:
    api_package = package / spec.api
    write_clients(spec, api_package, scratch)
    write_models(spec, api_package, scratch)
    write_ready(spec, api_package)
    write_schemas(spec, api_package)


def _ruff(command: tuple[str, ...], package: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "ruff", *command, *RUFF, str(package)], capture_output=True, text=True, check=False
    )
    if run.returncode:
        raise SpecError(f"ruff {command[0]} on the generated code: {run.stdout}{run.stderr}")


def _list_files(package: Path) -> set[str]:
    return {
        str(path.relative_to(package))
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def _diff_file(old: Path, new: Path, name: str) -> list[str]:
    before, after = (path.read_text("utf-8") if path.exists() else None for path in (old, new))
    if before == after:
        return []
    return list(
        difflib.unified_diff(
            (before or "").splitlines(keepends=True),
            (after or "").splitlines(keepends=True),
            f"generated/refundkit_apis/{name}" if before is not None else "/dev/null",
            f"specs say/{name}" if after is not None else "/dev/null",
        )
    ) or [f"{name}: {'missing' if before is None else 'not generated from anything'}\n"]
