"""The error of a misuse, apart from the others because everything may raise it."""

from __future__ import annotations


class UsageError(ValueError, TypeError):
    """A call, or a command, that asks for what there is not; the message says what to give instead."""
