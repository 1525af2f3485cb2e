"""The names of the package: few, all there, and nothing else is shown."""

from __future__ import annotations

import refundkit
from refundkit import errors


def test_the_package_shows_its_public_names_and_no_other() -> None:
    """`dir()` and a star import give the same names, at most 25, and each of them is there."""
    assert sorted(refundkit.__all__) == dir(refundkit)
    assert len(refundkit.__all__) <= 25
    assert all(hasattr(refundkit, name) for name in refundkit.__all__)


def test_rarer_exceptions_stand_with_the_errors() -> None:
    """What a program seldom catches is in refundkit.errors, not in the package."""
    rarer = {"ConfigError", "DecodeError", "DraftError", "NotRun", "NotSent", "RefundNotChecked", "StatusError"}
    assert rarer <= set(errors.__all__)
    assert not rarer & set(dir(refundkit))
    assert not any(hasattr(refundkit, name) for name in rarer)
