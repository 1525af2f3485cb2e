"""What holds in every test: a body that only its model refuses is a defect, and raises."""

from __future__ import annotations

from importlib import import_module

import pytest
import test_agreement
from hypothesis import HealthCheck, settings
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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many payloads were held against jsonschema, an operation each."""
    for name, count in test_agreement.COUNTS.items():
        terminalreporter.write_line(f"{name}: {count:,} payloads on which fast way, slow way and jsonschema agree")
