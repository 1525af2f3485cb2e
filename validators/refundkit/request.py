"""One request: its parts as they were given."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from . import operations

if TYPE_CHECKING:
    from .reading.document import Document


class Request(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The parts of one request as they were given; a part that was not is None. Texts are JSON.

    `read` reads the body where it stands, with the lines of its file.
    """

    body: bytes | None = None
    path: dict[str, str] | None = None
    query: dict[str, str] | None = None
    headers: dict[str, str] | None = None
    url: str | None = None
    order: bytes | None = None
    refunds: bytes | None = None
    read: Callable[[], Document] | None = None

    @cached_property
    def document(self) -> Document:
        """The body, read slowly and once."""
        from .reading.json import read_json

        return self.read() if self.read is not None else read_json(self.body or b"")

    @cached_property
    def by_lower_name(self) -> dict[str, dict[str, str]]:
        """The values of `header` and `query` by their names in lower case, for what compares names without case."""
        return {
            "header": operations.by_lower_name(self.headers or {}),
            "query": operations.by_lower_name(self.query or {}),
        }
