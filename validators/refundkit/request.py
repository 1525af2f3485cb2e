"""One request: its parts as they were sent, and the context that came with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from . import operations

if TYPE_CHECKING:
    from .reading.document import Document


class Request(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The parts of one request and its context; an absent part is None. `body`, `order` and `refunds` are JSON.

    `read` reads the body from its file, with the file's line numbers; `is_translated`: the file is YAML or XML, and
    `body` our JSON text of it.
    """

    body: bytes | None = None
    path: dict[str, str] | None = None
    query: dict[str, str] | None = None
    headers: dict[str, str] | None = None
    url: str | None = None
    order: bytes | None = None
    refunds: bytes | None = None
    read: Callable[[], Document] | None = None
    is_translated: bool = False

    @cached_property
    def document(self) -> Document:
        """The body as a document with places, read exactly; cached."""
        from .reading.json import read_json

        return self.read() if self.read is not None else read_json(self.body or b"")

    @cached_property
    def by_lower_name(self) -> dict[str, dict[str, str]]:
        """The values of `header` and `query` by their names in lower case."""
        return {
            "header": operations.by_lower_name(self.headers or {}),
            "query": operations.by_lower_name(self.query or {}),
        }
