"""Paths, globs and standard input -> records, each a document with its text and its place in a file.

Memory does not grow with a file: JSON Lines are read line by line, and of every file but an array of requests and a
recording no more than one document of MOST bytes is held.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec
from refundkit_apis._runtime.codec import encode

from ..errors import SourceError
from ..reading.keys import UNREADABLE
from ..text import without_bom
from .entry import MOST, Record, advance, make_oversized
from .paths import HAR, LINES, STDIN, YAML, make_read_error

if TYPE_CHECKING:
    from ..reading.document import Document

STRETCH = 1 << 22
"""About how many bytes of a JSON Lines file make a part."""
_LARGE = 1 << 25  # from here on a JSON Lines file is worth more than one process
_SPACE = b" \t\r\n"
# Bytes that are read at a time while counting lines.
_BLOCK = 1 << 20
# Chooses the schema by which an XML document becomes its JSON form, from the name of its root element.
SchemaOf = Callable[[str], Mapping[str, Any] | None]

_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


class Part(msgspec.Struct, frozen=True):
    """The bytes of a JSON Lines file from `start` to before `stop`, which begin with line number `first`.

    `stop` is None for a whole file of any kind. `name` is what standard input is called, where somebody says.
    """

    file: str
    start: int = 0
    stop: int | None = None
    first: int = 1
    name: str = ""

    @property
    def shown(self) -> str:
        """The name that says the format, and that findings show."""
        return self.name or self.file


def read_records(file: str, schema_of: SchemaOf, *, batches: bool = True, name: str = "") -> Iterator[Record]:
    """Read every record of one file, in its order; JSON Lines are streamed. Raises SourceError.

    `batches`: an array in a .json file is a batch of requests; otherwise it is one document. `name` is that of standard
    input.
    """
    shown = name or file
    suffix = Path(shown).suffix.lower()
    if suffix in LINES:
        for number, text in read_lines(Part(file)):
            yield make_record(shown, number, text)
        return
    if suffix == HAR and not batches:
        raise SourceError(f"{shown}: a recording (.har) holds requests; here one document is wanted")
    data = _read_content(file, suffix in YAML or suffix == ".xml" or not batches, has_records=suffix == HAR)
    if data is None:
        yield make_oversized(shown, 1)
    elif suffix == HAR:
        from .har import read_har

        yield from read_har(shown, data)
    elif suffix in YAML:
        yield from _read_yaml(shown, data)
    elif suffix == ".xml":
        yield _read_xml(shown, data, schema_of)
    else:
        yield from _read_json(shown, data, batches)


def read_single_record(file: str, schema_of: SchemaOf) -> Record:
    """Read the one document of a context file. Raises SourceError for several, and for an oversized one."""
    records = list(read_records(file, schema_of, batches=False))
    if len(records) != 1:
        raise SourceError(f"{file}: one document is wanted here, not {len(records)}")
    if records[0].data is None and records[0].document.source.data == b"":
        raise SourceError(f"{file}: {records[0].document.problems[0].message}")
    return records[0]


def measure_file(file: str) -> int | None:
    """Return the size of a file in bytes; None for a stream. Raises SourceError."""
    if file == STDIN:
        return None
    try:
        status = os.stat(file)  # noqa: PTH116 - as in _kind
    except OSError as error:
        raise make_read_error(file, error) from error
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def measure_part(part: Part) -> int:
    """Return the size of a part in bytes; 0 for a stream. Raises SourceError."""
    return (measure_file(part.file) or 0) if part.stop is None else part.stop - part.start


def is_large(file: str) -> bool:
    """Whether a file is worth more than one process. Raises SourceError."""
    return Path(file).suffix.lower() in LINES and (measure_file(file) or 0) >= _LARGE


def split_file(file: str) -> Iterator[Part]:
    """Split a JSON Lines file into parts of whole lines, about STRETCH bytes each; other files stay whole.

    Raises SourceError.
    """
    if Path(file).suffix.lower() not in LINES or (measure_file(file) or 0) <= STRETCH:
        yield Part(file)
        return
    start = position = before = 0
    first = 1
    with _open_file(file) as stream:
        while block := stream.read(_BLOCK):
            end = block.rfind(b"\n") + 1
            if end and position + end - start >= STRETCH:
                yield Part(file, start, position + end, first)
                start, first, before = position + end, first + before + block.count(b"\n", 0, end), 0
                before = block.count(b"\n", end)
            else:
                before += block.count(b"\n")
            position += len(block)
    if start < position:
        yield Part(file, start, position, first)


def read_lines(part: Part) -> Iterator[tuple[int, bytes | None]]:
    """Read the lines of a part that are not blank, with their numbers; None for a line of over MOST bytes.

    Raises SourceError, also for a file that was cut short after it was opened.
    """
    with _open_file(part.file) as stream:
        end = part.stop or _find_end(stream)
        position = part.start
        if position:
            stream.seek(position)
        number = part.first - 1
        # The longest line that can be a document, and an end of two bytes.
        for line in iter(partial(stream.readline, MOST + 2), b""):
            number += 1
            position += len(line)
            text: bytes | None = line.rstrip(_SPACE)
            if text and text[0] > 127:
                text = without_bom(text)
            if len(line) > MOST and len(line.rstrip(b"\r\n")) > MOST:
                text = None
                position += _skip_line(stream) if line[-1:] != b"\n" else 0
            if text or text is None:
                yield number, text
            if position == part.stop:
                break
        if position < end:
            raise SourceError(f"{part.file}: the file was cut short while it was read")


def make_record(file: str, number: int, text: bytes | None) -> Record:
    """Make the record of a line from `read_lines`."""
    if text is None:
        return make_oversized(file, number)
    return Record(file, number, text, partial(_read_line, text, number), is_alone=False)


def _skip_line(stream: IO[bytes]) -> int:
    skipped = 0
    for piece in iter(partial(stream.readline, _BLOCK), b""):
        skipped += len(piece)
        if piece[-1:] == b"\n":
            break
    return skipped


@contextmanager
def _open_file(file: str) -> Iterator[IO[bytes]]:
    try:
        if file != STDIN:
            with Path(file).open("rb") as stream:
                yield stream
        elif sys.stdin is None:
            raise SourceError(f"{STDIN}: there is no standard input")
        else:
            yield sys.stdin.buffer
    except OSError as error:
        raise make_read_error(file, error) from error


def _find_end(stream: IO[bytes]) -> int:
    """Return the present end of a file; 0 for a stream."""
    try:
        status = os.fstat(stream.fileno())
    except OSError:  # what a test, or another program, has put into the place of standard input
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def _read_content(file: str, limited: bool, *, has_records: bool) -> bytes | None:
    """Read a whole file; None for an oversized one that is `limited` to one document, or has no records in it."""
    with _open_file(file) as stream:
        end = _find_end(stream)
        data = stream.read(MOST + 1)
        if len(data) > MOST:
            if not has_records and (limited or not _is_array(data)):
                return None
            data += stream.read()
        if len(data) < end and file != STDIN:
            raise SourceError(f"{file}: the file was cut short while it was read")
    return data


def _is_array(data: bytes) -> bool:
    return without_bom(data[:_BLOCK]).lstrip(_SPACE)[:1] == b"["


def _read_json(file: str, data: bytes, batches: bool) -> Iterator[Record]:
    text = without_bom(data)
    items: list[msgspec.Raw] | None = None
    if batches and _is_array(text):
        try:
            items = _ITEMS.decode(text)
        except UNREADABLE:
            items = None
    if items is not None:
        yield from _split_array(file, data, items)
    elif len(data) > MOST:
        yield make_oversized(file, 1)
    else:
        yield Record(file, 1, text, partial(_read_whole, data))


def _read_whole(data: bytes) -> Document:
    from ..reading.json import read_json

    return read_json(data)


def _split_array(file: str, data: bytes, items: list[msgspec.Raw]) -> Iterator[Record]:
    """Make each entry of an array a record of its own, so that a broken one does not spoil the others."""
    end, line, column = len(data) - len(without_bom(data)), 1, 0
    for number, item in enumerate(items, 1):
        text = bytes(item)
        start = data.index(text, end)
        line, column = advance(data[end:start], line, column)
        if len(text) > MOST:
            yield msgspec.structs.replace(make_oversized(file, line), number=number, column=column)
        else:
            yield Record(file, number, text, partial(_read_line, text, line), column=column, is_alone=False)
        line, column = advance(text, line, column)
        end = start + len(text)


def _read_line(text: bytes, number: int) -> Document:
    from ..reading.json import read_json

    return read_json(text, first_line=number)


def _read_yaml(file: str, data: bytes) -> Iterator[Record]:
    from ..reading.yaml import read_yaml

    documents = read_yaml(data)
    for number, document in enumerate(documents, 1):
        yield _make_read_record(file, number, document, is_alone=len(documents) == 1)


def _read_xml(file: str, data: bytes, schema_of: SchemaOf) -> Record:
    from ..reading.xml import find_root_name, read_xml

    return _make_read_record(file, 1, read_xml(data, schema_of(find_root_name(data))), is_alone=True)


def _make_read_record(file: str, number: int, document: Document, *, is_alone: bool) -> Record:
    data = encode(document.value) if document.readable else None
    return Record(file, number, data, lambda: document, from_json=False, is_alone=is_alone)
