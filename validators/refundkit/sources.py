"""Paths, globs and standard input -> records, each a document with its text and its place in a file."""

from __future__ import annotations

import glob
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from refundkit_apis._runtime.codec import encode

if TYPE_CHECKING:
    from .read import Document

LINES = frozenset({".jsonl", ".ndjson"})
YAML = frozenset({".yaml", ".yml"})
SUFFIXES = frozenset({".json", ".xml"}) | LINES | YAML
STDIN = "-"
_BOM = b"\xef\xbb\xbf"
# Chooses the JSON Schema by which an XML document becomes its JSON form, from the name of its root element.
SchemaOf = Callable[[str], Mapping[str, Any] | None]

_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


class SourceError(Exception):
    """Something to read that cannot be read; the message says what and why."""


class Record(msgspec.Struct, frozen=True, dict=True, eq=False):
    """One document to check: `data` is its JSON text, None where there is no reading it.

    `number` is 1-based: the line of a JSON Lines file, the entry of a batch. `written` is false where the text is ours,
    since the file is YAML or XML. The document is read on first use; the record stands in it at the pointer `at`.
    """

    file: str
    number: int
    data: bytes | None
    read: Callable[[], tuple[Document, str]]
    written: bool = True

    @cached_property
    def place(self) -> tuple[Document, str]:
        return self.read()

    @property
    def document(self) -> Document:
        return self.place[0]

    @property
    def at(self) -> str:
        return self.place[1]


def expand(paths: list[str]) -> list[str]:
    """The files that the arguments name: a folder stands for every file in it with a known suffix.

    Raises SourceError for a path that does not exist and for a pattern that matches nothing.
    """
    files: list[str] = []
    for path in paths:
        if not path:
            raise SourceError("an empty path: name files, folders or patterns, or - for standard input")
        if path == STDIN or Path(path).is_file():
            files.append(path)
        elif Path(path).is_dir():
            inside = sorted(Path(path).rglob("*"))
            files.extend(str(file) for file in inside if file.is_file() and file.suffix.lower() in SUFFIXES)
        elif glob.has_magic(path):
            names = glob.glob(path, recursive=True)  # noqa: PTH207 - keeps the path as it was given
            found = sorted(name for name in names if Path(name).is_file())
            if not found:
                raise SourceError(f"{path}: the pattern matches no file")
            files.extend(found)
        elif Path(path).exists():
            files.append(path)
        else:
            raise SourceError(f"{path}: no such file or folder")
    return list(dict.fromkeys(files))


def records(file: str, schema_of: SchemaOf, *, batches: bool = True) -> Iterator[Record]:
    """Every record of one file, in its order; JSON Lines are streamed. Raises SourceError.

    `batches`: an array in a .json file is a batch of requests; otherwise it is one document.
    """
    suffix = Path(file).suffix.lower()
    if suffix in LINES:
        yield from _lines(file)
        return
    data = _content(file)
    if suffix in YAML:
        yield from _yaml(file, data)
    elif suffix == ".xml":
        yield _xml(file, data, schema_of)
    else:
        yield from _json(file, data, batches)


def read_one(file: str, schema_of: SchemaOf) -> Record:
    """The one document of a context file. Raises SourceError when there are several."""
    found = list(records(file, schema_of, batches=False))
    if len(found) != 1:
        raise SourceError(f"{file}: one document is wanted here, not {len(found)}")
    return found[0]


def _content(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
    except OSError as error:
        raise SourceError(f"{file}: {error.strerror or error}") from error


def _json(file: str, data: bytes, batches: bool) -> Iterator[Record]:
    text = data.removeprefix(_BOM)
    items: list[msgspec.Raw] | None = None
    if batches and text.lstrip()[:1] == b"[":
        try:
            items = _ITEMS.decode(text)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            items = None
    if items is None:
        yield Record(file, 1, text, partial(_whole, data))
        return
    batch = _Batch(data, items)
    for index, item in enumerate(items):
        yield Record(file, index + 1, bytes(item), partial(batch.read, index))


def _whole(data: bytes) -> tuple[Document, str]:
    from .read import read_json

    return read_json(data), ""


class _Batch:
    """The entries of an array: they stand in one document, or each in its own where a broken one spoils the whole."""

    def __init__(self, data: bytes, items: list[msgspec.Raw]) -> None:
        self.data = data
        self.items = items

    @cached_property
    def document(self) -> Document:
        return _whole(self.data)[0]

    @cached_property
    def starts(self) -> list[int]:
        """Where in the data each entry begins."""
        starts, end = [], 0
        for item in self.items:
            starts.append(self.data.index(bytes(item), end))
            end = starts[-1] + len(bytes(item))
        return starts

    def read(self, index: int) -> tuple[Document, str]:
        from .read import read_json

        if self.document.readable:
            return self.document, f"/{index}"
        before = self.data[: self.starts[index]]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace"))
        # Spaces stand for what is before the entry on its first line, so that its columns are those of the file.
        own = b" " * column + bytes(self.items[index])
        return read_json(own, first_line=before.count(b"\n") + 1), ""


def _lines(file: str) -> Iterator[Record]:
    try:
        with Path(file).open("rb") as stream:
            for number, line in enumerate(stream, 1):
                text = line.rstrip(b"\r\n").removeprefix(_BOM)
                if text.strip():
                    yield Record(file, number, text, partial(_line, text, number))
    except OSError as error:
        raise SourceError(f"{file}: {error.strerror or error}") from error


def _line(text: bytes, number: int) -> tuple[Document, str]:
    from .read import read_json

    return read_json(text, first_line=number), ""


def _yaml(file: str, data: bytes) -> Iterator[Record]:
    from .read import read_yaml

    for number, document in enumerate(read_yaml(data), 1):
        yield _ready(file, number, document)


def _xml(file: str, data: bytes, schema_of: SchemaOf) -> Record:
    from .xml import read_xml, root_name

    return _ready(file, 1, read_xml(data, schema_of(root_name(data))))


def _ready(file: str, number: int, document: Document) -> Record:
    data = encode(document.value) if document.readable else None
    return Record(file, number, data, lambda: (document, ""), written=False)
