"""--order and --refunds: the context files of a run."""

from __future__ import annotations

import argparse
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from .. import operations
from ..config import Config
from ..errors import UsageError
from ..lint.places import RecordContext
from ..lint.record import Settings
from ..lint.sources import measure_file
from ..operations import Operation
from ..order_key import id_in_body
from .arguments import resolve_path

if TYPE_CHECKING:
    from ..lint.document import RequestDocument
    from ..lint.entry import Record

# Context files that are held at a time.
_CACHED_FILES = 32


class ContextFiles:
    """The order and refunds files of a run; the last few stay in memory, since a file often serves many records."""

    def __init__(self, options: argparse.Namespace, settings: Settings) -> None:
        self.order = options.order or _resolve_pattern(settings.config.order, settings.config)
        self.refunds = options.refunds or _resolve_pattern(settings.config.refunds, settings.config)
        for file in filter(None, (self.order, self.refunds)):
            if "{" not in file:
                measure_file(file)  # missing, it is an error even where every payload brings its own
        self.has_files = bool(self.order or self.refunds)
        self.path = settings.path or {}
        self._read_file = lru_cache(maxsize=_CACHED_FILES)(read_context)

    def find(self, record: Record, document: RequestDocument) -> RecordContext:
        """Find the order and refunds of a record, unless it brings them along. Raises SourceError and UsageError."""
        order = refunds = None
        if self.order is not None and not document.request.order:
            order = self._read(self.order, record, document)
        if self.refunds is not None and not document.request.refunds:
            refunds = self._read(self.refunds, record, document)
        return RecordContext(order=order, refunds=refunds)

    def _read(self, pattern: str, record: Record, document: RequestDocument) -> Record:
        operation = document.operation
        if operation is None:
            operation = next(filter(operations.takes_xml, map(operations.get, operations.names())))
        return self._read_file(_fill_pattern(pattern, record, document, self.path), operation)


def read_context(file: str, operation: Operation) -> Record:
    from ..lint.sources import read_single_record

    source = operations.order_source(operation)
    return read_single_record(file, lambda root: None if source is None else source.schema(operations.success(source)))


def _resolve_pattern(pattern: str | None, config: Config) -> str | None:
    """Resolve a pattern of the configuration against the configuration's folder."""
    return None if pattern is None else resolve_path(pattern, config)


def _fill_pattern(pattern: str, record: Record, document: RequestDocument, path: dict[str, str]) -> str:
    """Fill {purchaseOrderId} and the like from the path or the body, {stem} from the file. Raises UsageError."""
    if "{" not in pattern:
        return pattern
    values = {"stem": Path(record.file).stem, **path, **_find_order_id(document), **(document.request.path or {})}

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            names = ", ".join(f"{{{name}}}" for name in values)
            raise UsageError(f"{pattern}: {name!r} is not known for {record.file}; known are {names}")
        value = values[name]
        if value in ("", ".", "..") or any(mark in value for mark in "/\\\0"):
            raise UsageError(f"{pattern}: {name} of {record.file} is {value!r}, which is no part of a file name")
        return value

    return re.sub(r"\{([^{}]*)\}", fill, pattern)


def _find_order_id(document: RequestDocument) -> dict[str, str]:
    return {} if document.operation is None else id_in_body(document.operation, document.request.body)
