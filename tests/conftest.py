"""What holds in every test: a body that only its model refuses is a defect, and raises."""

from __future__ import annotations

from importlib import import_module

import pytest
from refundkit.operations import Operation


def _raise(operation: Operation, error: Exception) -> None:
    raise AssertionError(f"the model of {operation.name} refuses what its schema accepts: {error}")


@pytest.fixture(autouse=True)
def loud_disagreement(monkeypatch: pytest.MonkeyPatch) -> None:
    """In production such a body is RF102; here it stops the test."""
    # By its name: `refundkit.check` as an attribute is the function.
    monkeypatch.setattr(import_module("refundkit.check"), "disagreement", _raise)
