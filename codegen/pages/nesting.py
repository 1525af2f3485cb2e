"""A list of fields -> lists by the object that they belong to, where names such as `lines[].amount` say it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .fields import words
from .kinds import Field


def nest_names(fields: Sequence[Field], subject: frozenset[str]) -> Iterator[tuple[frozenset[str], list[Field]]]:
    """Yield each list of fields with its subject; a field whose name begins with another's is a field of that one."""
    names = {field.name.removesuffix("[]") for field in fields}
    groups: dict[str, list[Field]] = {}
    for field in fields:
        parent, _, name = field.name.removesuffix("[]").replace("[].", ".").rpartition(".")
        is_nested = parent in {known.replace("[].", ".") for known in names}
        owner = parent.rpartition(".")[2] if is_nested else ""
        groups.setdefault(owner, []).append(field._replace(name=name if is_nested else field.name))
    for owner, group in groups.items():
        yield words(owner) if owner else subject, group
