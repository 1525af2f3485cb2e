"""What holds in every test: a body that only its model refuses is a defect, and raises."""

from __future__ import annotations

import io
import sys
from importlib import import_module
from pathlib import Path

import pytest
import test_agreement
from commands import Cli, Outcome
from hypothesis import HealthCheck, settings
from refundkit.cli import main
from refundkit.operations import Operation

# No example fails because the machine is slow.
settings.register_profile("refundkit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("refundkit")


def _raise(operation: Operation, error: Exception) -> None:
    raise AssertionError(f"the model of {operation.name} refuses what its schema accepts: {error}")


@pytest.fixture(autouse=True)
def loud_disagreement(monkeypatch: pytest.MonkeyPatch) -> None:
    """In production such a body is RF102; here it stops the test."""
    monkeypatch.setattr(import_module("refundkit.checking.body"), "disagreement", _raise)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the command runs in."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def cli(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs the command in this process."""

    def run(*arguments: str, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
        capsys.readouterr()
        try:
            status = main(arguments)
        except SystemExit as left:  # --version and --help leave so
            status = int(left.code or 0)
        return Outcome(status, *capsys.readouterr())

    return run


@pytest.fixture
def check(cli: Cli) -> Cli:
    """Runs `refundkit check --output-format json --isolated`."""

    def run(*arguments: str, stdin: bytes = b"") -> Outcome:
        return cli("check", "--output-format", "json", "--isolated", *arguments, stdin=stdin)

    return run


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many payloads were held against jsonschema, an operation each."""
    for name, count in test_agreement.COUNTS.items():
        terminalreporter.write_line(f"{name}: {count:,} payloads on which fast way, slow way and jsonschema agree")
