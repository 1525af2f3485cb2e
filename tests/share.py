"""How many of its random cases a test takes in this run."""

from __future__ import annotations

from hypothesis import settings

ALL = 2000
"""Examples of the profile `all`, with which each test takes all its cases."""


def share(cases: int, least: int = 1) -> int:
    """Scale a number of random cases to the Hypothesis profile, but to no fewer than `least`."""
    return min(cases, max(least, cases * settings().max_examples // ALL))
