"""Raw bytes as body, order and refunds: check() never raises. `make fuzz` goes on with this until interrupted."""

from __future__ import annotations

import random

import pytest
from fuzz import bytes_run
from test_agreement import WITH_BODY


@pytest.mark.parametrize("name", WITH_BODY)
def test_mangled_bytes_never_raise(name: str) -> None:
    """A few hundred mangled requests of every operation end in a report."""
    chance = random.Random(20)  # noqa: S311 - not for secrets
    assert len(list(bytes_run(name, chance, rounds=300))) == 300
