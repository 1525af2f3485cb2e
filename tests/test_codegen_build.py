"""`python -m codegen generate` and `check`: same bytes, drift, and what stops a build."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from codegen_specs import (
    APIS,
    NOTE,
    changed_minimal_spec,
    line_with,
)
from story import ROOT

from codegen import __main__ as command
from codegen import build
from codegen.clients import write_clients
from codegen.lint import lint
from codegen.models import write_models
from codegen.spec import SpecError, load

# ---- the build


def copy_project(folder: Path, apis: list[str]) -> Path:
    """Copy what the build reads and writes to a folder, for some APIs only; return the folder."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "codegen", folder / "codegen", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "specs").mkdir()
    package = folder / "generated" / "refundkit_apis"
    for api in apis:
        shutil.copy(ROOT / "specs" / f"{api}.yaml", folder / "specs")
    for path in (ROOT / "generated" / "refundkit_apis").iterdir():
        if path.name in (*apis, "_runtime"):
            shutil.copytree(path, package / path.name, ignore=ignored)
        elif path.is_file():
            package.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, package)
    return folder


def run_codegen(folder: Path, name: str, seed: int = 0) -> tuple[int, str, str]:
    """Run `python -m codegen NAME` in a folder, and return its exit status, stdout and stderr."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    process = subprocess.run(
        [sys.executable, "-m", "codegen", name],
        cwd=folder,
        env=environment | {"PYTHONHASHSEED": str(seed)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return process.returncode, process.stdout, process.stderr


def files_below(folder: Path) -> dict[str, bytes]:
    """Return the content of each file below a folder by its relative path, without compiled files."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_generated_package_matches_the_specs(tmp_path: Path) -> None:
    """`check` finds no drift, and `generate` writes the committed bytes again under another hash seed."""
    copy = copy_project(tmp_path, ["woocommerce_legacy"])
    shutil.rmtree(copy / "generated")
    package = copy / "generated" / "refundkit_apis"
    with ThreadPoolExecutor(2) as pool:  # in parallel: each takes seconds
        check, generate = (
            pool.submit(run_codegen, ROOT, "check", seed=1),
            pool.submit(run_codegen, copy, "generate", seed=2),
        )
    assert generate.result() == (0, "", f"wrote {package}\n")
    assert check.result() == (0, "", "")
    committed = files_below(ROOT / "generated" / "refundkit_apis")
    others = tuple(f"{api}/" for api in APIS if api != "woocommerce_legacy")
    written = files_below(package)
    # The names of operations are those of the specs that are there.
    lines = committed.pop("names.py").splitlines()
    assert written.pop("names.py").splitlines() == [
        line for line in lines if not line.strip().startswith(quoted(others))
    ]
    assert written == {name: data for name, data in committed.items() if not name.startswith(others)}


def quoted(folders: tuple[str, ...]) -> tuple[bytes, ...]:
    """Return how the names of operations begin in names.py, for the folders of their APIs."""
    return tuple(f'"{folder.removesuffix("/")}.'.encode() for folder in folders)


def test_check_command_reports_drift(tmp_path: Path) -> None:
    """`python -m codegen check` exits 1, shows a changed, a missing and an extra file, and writes nothing."""
    folder = copy_project(tmp_path, ["taxcloud"])
    package = folder / "generated" / "refundkit_apis" / "taxcloud"
    text = (package / "scalars.py").read_text("utf-8")
    (package / "scalars.py").write_text(text.replace("above=0)", "above=1)"), encoding="utf-8")
    (package / "types.py").unlink()
    (package / "mine.py").write_text("mine = 1\n", encoding="utf-8")
    before = files_below(folder / "generated")
    status, out, err = run_codegen(folder, "check")
    assert status == 1
    assert [line for line in out.splitlines() if line.startswith(("---", "+++"))] == [
        "--- generated/refundkit_apis/names.py",  # the copy lacks the other specs
        "+++ specs say/names.py",
        "--- generated/refundkit_apis/taxcloud/mine.py",
        "+++ /dev/null",
        "--- generated/refundkit_apis/taxcloud/scalars.py",
        "+++ specs say/taxcloud/scalars.py",
        "--- /dev/null",
        "+++ specs say/taxcloud/types.py",
    ]
    assert "\n-    class RefundQuantity(Number, above=1):\n+    class RefundQuantity(Number, above=0):\n" in out
    assert "run `make generate`" in err
    assert files_below(folder / "generated") == before


class FakeBuild:
    """Stands in for `build.built`: a context manager that gives a folder as the freshly built package."""

    def __init__(self, package: Path) -> None:
        self.package = package

    def __call__(self) -> FakeBuild:
        return self

    def __enter__(self) -> Path:
        return self.package

    def __exit__(self, *_: object) -> None:
        """Nothing to remove."""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two empty folders: the check takes the first for the committed package, the second for the built one."""
    committed, built = tmp_path / "committed", tmp_path / "built"
    committed.mkdir()
    built.mkdir()
    monkeypatch.setattr(build, "PACKAGE", committed)
    monkeypatch.setattr(build, "build_package", FakeBuild(built))
    return committed, built


@pytest.mark.parametrize(
    ("committed", "built", "diff"),
    [
        ({"a.py": "1\n"}, {"a.py": "1\n"}, ""),
        (
            {"a.py": "x\n1\n"},
            {"a.py": "x\n2\n"},
            "--- generated/refundkit_apis/a.py\n+++ specs say/a.py\n@@ -1,2 +1,2 @@\n x\n-1\n+2\n",
        ),
        ({"b/a.py": "1\n"}, {}, "--- generated/refundkit_apis/b/a.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-1\n"),
        ({}, {"b/a.py": "1\n"}, "--- /dev/null\n+++ specs say/b/a.py\n@@ -0,0 +1 @@\n+1\n"),
        ({"py.typed": ""}, {}, "py.typed: not generated from anything\n"),
        ({}, {"py.typed": ""}, "py.typed: missing\n"),
        ({"__pycache__/a.pyc": "1"}, {}, ""),
    ],
    ids=["in step", "changed", "extra", "missing", "extra and empty", "missing and empty", "compiled"],
)
def test_each_kind_of_drift_is_shown(
    packages: tuple[Path, Path],
    capsys: pytest.CaptureFixture[str],
    committed: dict[str, str],
    built: dict[str, str],
    diff: str,
) -> None:
    """One changed, missing or extra file, even an empty one, makes `check` exit 1 and print its diff."""
    for folder, texts in zip(packages, (committed, built), strict=True):
        for name, text in texts.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    assert command.main(["check"]) == (1 if diff else 0)
    assert capsys.readouterr().out == diff


@pytest.mark.parametrize("name", ["generate", "check"])
def test_flaw_stops_the_build(tmp_path: Path, name: str) -> None:
    """A spec with a flaw makes the command exit 2 with file and line, and generated/ stays unchanged."""
    folder = copy_project(tmp_path, ["taxcloud"])
    before = files_below(folder / "generated")
    path = changed_minimal_spec(folder / "specs", NOTE, "note: {type: string, default: a}")
    status, out, err = run_codegen(folder, name)
    assert (status, out) == (2, "")
    assert err == f"{path}:{line_with(path, 'default: a')}: `default` is not enforced by the models: say it otherwise\n"
    assert files_below(folder / "generated") == before


def test_client_generator_warning_stops_the_build(tmp_path: Path) -> None:
    """A warning of openapi-python-client makes the command exit 2 with its text, and generated/ stays unchanged."""
    folder = copy_project(tmp_path, [])
    (folder / "generated" / "refundkit_apis" / "extra.py").write_text("extra = 1\n", encoding="utf-8")
    before = files_below(folder / "generated")
    media = "application/json:\n            schema: {$ref: '#/components/schemas/RefundRequest'}"
    path = changed_minimal_spec(folder / "specs", media, media.replace("application/json", "text/csv"))
    assert lint(load(path)) == []
    status, out, err = run_codegen(folder, "generate")
    assert (status, out) == (2, "")
    assert err.startswith(f"{path}: openapi-python-client: ")
    assert "WARNING parsing POST /loans/{loanId}" in err
    assert files_below(folder / "generated") == before


@pytest.mark.parametrize(("status", "words"), [(0, "UserWarning: multipleOf is dropped"), (1, "Traceback")])
def test_model_generator_output_stops_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, words: str
) -> None:
    """Any output of datamodel-code-generator on stderr is an error, even if it exits 0."""

    def warns(arguments: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        assert options["env"]["PYTHONWARNINGS"] == "error::UserWarning"
        return subprocess.CompletedProcess(arguments, status, "", words)

    spec = load(changed_minimal_spec(tmp_path, "Depot API", "Depot API"))
    monkeypatch.setattr(subprocess, "run", warns)
    with pytest.raises(SpecError, match=f"depot.yaml: datamodel-code-generator: {words}"):
        write_models(spec, tmp_path, tmp_path)


def test_operation_without_a_module_stops_the_build(tmp_path: Path) -> None:
    """An operation whose module the generator left out or named differently is an error of the build."""
    spec = load(changed_minimal_spec(tmp_path, "operationId: refund_loan", "operationId: refundLoan"))
    with pytest.raises(SpecError, match=r"operations \['refundLoan'\], but modules \['refund_loan'\]"):
        write_clients(spec, tmp_path / "depot", tmp_path)
