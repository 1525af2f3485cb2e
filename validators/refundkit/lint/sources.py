"""Paths, globs and standard input -> records, each a document with its text and its place in a file.

Memory does not grow with a file: JSON Lines are read line by line, and of everything but an array of requests no more
than one document of MOST bytes is ever held.
"""

from __future__ import annotations

import errno
import glob
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec
from refundkit_apis._runtime.codec import encode

from ..errors import SourceError
from ..reading.keys import UNREADABLE
from ..text import without_bom

if TYPE_CHECKING:
    from ..reading.document import Document

LINES = frozenset({".jsonl", ".ndjson"})
YAML = frozenset({".yaml", ".yml"})
SUFFIXES = frozenset({".json", ".xml"}) | LINES | YAML
STDIN = "-"
MOST = 1 << 23
"""The bytes that one document may have: 8 MiB, a line of a JSON Lines file and an entry of an array included."""
STRETCH = 1 << 22
"""The bytes of a part of a JSON Lines file, about."""
_LARGE = 1 << 25  # from here on a JSON Lines file is worth more than one process
_SPACE = b" \t\r\n"
# Read at a time from a file that is looked through for its lines.
_BLOCK = 1 << 20
# Chooses the JSON Schema by which an XML document becomes its JSON form, from the name of its root element.
SchemaOf = Callable[[str], Mapping[str, Any] | None]

_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


class Record(msgspec.Struct, frozen=True, dict=True, eq=False):
    """One document to check: `data` is its JSON text, None where there is no reading it.

    `number` is 1-based: the line of a JSON Lines file, the entry of a batch. `written` is false where the text is ours,
    since the file is YAML or XML. The document is read on first use; its first line has `column` characters of the file
    before it. `alone`: nothing else stands in the file.
    """

    file: str
    number: int
    data: bytes | None
    read: Callable[[], Document]
    written: bool = True
    column: int = 0
    alone: bool = True

    @cached_property
    def document(self) -> Document:
        return self.read()


class Part(msgspec.Struct, frozen=True):
    """A stretch of a JSON Lines file, from `start` to before `stop` in bytes, whose first line is `first`.

    `stop` is None for the whole of a file, whatever it holds.
    """

    file: str
    start: int = 0
    stop: int | None = None
    first: int = 1


def expand(paths: list[str]) -> list[str]:
    """The files that the arguments name, each once: a folder stands for every file in it with a known suffix.

    A folder that is only linked to is not entered, neither there nor for the `**` of a pattern, so that links may go
    round in circles. Raises SourceError for a path that does not exist, a pattern that matches nothing, and a folder
    that cannot be read.
    """
    files: list[str] = []
    for path in paths:
        if not path:
            raise SourceError("an empty path: name files, folders or patterns, or - for standard input")
        kind = 0 if path == STDIN else _kind(path)
        if kind is None:
            files.extend(_matches(path))
        elif stat.S_ISDIR(kind):
            files.extend(_inside(path))
        else:
            files.append(path)
    once: dict[str, str] = {}
    for file in files:
        # However it is named: a batch would hold it to have been sent twice.
        once.setdefault(file if file == STDIN else os.path.abspath(file), file)  # noqa: PTH100 - as in report.data
    return list(once.values())


def _kind(path: str) -> int | None:
    """What a path is, as the mode of os.stat; None where there is nothing. Raises SourceError."""
    try:
        return os.stat(path).st_mode  # noqa: PTH116 - a Path says no of what it cannot look at
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str | bytes, error: OSError) -> SourceError:
    return SourceError(f"{os.fsdecode(path)}: {error.strerror or error}")


def _matches(pattern: str) -> list[str]:
    if not glob.has_magic(pattern):
        raise SourceError(f"{pattern}: no such file or folder")
    found = sorted({name for name in _matching(pattern) if Path(name).is_file()})
    if not found:
        raise SourceError(f"{pattern}: the pattern matches no file")
    return found


def _matching(pattern: str) -> Iterator[str]:
    """What a pattern matches; glob would follow links below `**`, round in circles."""
    parts = pattern.split("/")
    if "**" not in parts:
        yield from glob.glob(pattern)  # noqa: PTH207 - keeps the path as it was given
        return
    index = parts.index("**")
    above, below = "".join(f"{part}/" for part in parts[:index]), "/".join(parts[index + 1 :]) or "*"
    for folder in glob.glob(above) if above else [""]:  # noqa: PTH207
        for place, folders, _ in os.walk(folder or os.curdir, onerror=_refuse):
            folders[:] = [name for name in folders if not name.startswith(".")]
            inner = place if folder else os.path.relpath(place)
            yield from _matching("/".join([glob.escape(inner).removesuffix("/"), below]) if inner != "." else below)


def _inside(folder: str) -> list[str]:
    found: list[Path] = []
    for place, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]  # as `**` leaves out .git and .venv
        found += [Path(place, name) for name in names if Path(name).suffix.lower() in SUFFIXES]
    return [str(file) for file in sorted(found) if _is_regular(file)]


def _refuse(error: OSError) -> None:
    raise _unreadable(error.filename, error) from error


def _is_regular(file: Path) -> bool:
    """Whether there is a file to read; a link that leads nowhere, or to itself, holds no payload."""
    try:
        return stat.S_ISREG(file.stat().st_mode)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP):
            return False
        raise _unreadable(str(file), error) from error


def records(file: str, schema_of: SchemaOf, *, batches: bool = True) -> Iterator[Record]:
    """Every record of one file, in its order; JSON Lines are streamed. Raises SourceError.

    `batches`: an array in a .json file is a batch of requests; otherwise it is one document.
    """
    suffix = Path(file).suffix.lower()
    if suffix in LINES:
        for number, text in lines(Part(file)):
            yield line_record(file, number, text)
        return
    data = _content(file, suffix in YAML or suffix == ".xml" or not batches)
    if data is None:
        yield _oversized(file, 1)
    elif suffix in YAML:
        yield from _yaml(file, data)
    elif suffix == ".xml":
        yield _xml(file, data, schema_of)
    else:
        yield from _json(file, data, batches)


def read_one(file: str, schema_of: SchemaOf) -> Record:
    """The one document of a context file. Raises SourceError when there are several, or it is too large."""
    found = list(records(file, schema_of, batches=False))
    if len(found) != 1:
        raise SourceError(f"{file}: one document is wanted here, not {len(found)}")
    if found[0].data is None and found[0].document.source.data == b"":
        raise SourceError(f"{file}: {found[0].document.problems[0].message}")
    return found[0]


def size(file: str) -> int | None:
    """How many bytes a file has; None where nobody can tell before it is read. Raises SourceError."""
    if file == STDIN:
        return None
    try:
        told = os.stat(file)  # noqa: PTH116 - as in _kind
    except OSError as error:
        raise _unreadable(file, error) from error
    return told.st_size if stat.S_ISREG(told.st_mode) else None


def extent(part: Part) -> int:
    """How many bytes a part has; 0 where nobody can tell. Raises SourceError."""
    return (size(part.file) or 0) if part.stop is None else part.stop - part.start


def is_large(file: str) -> bool:
    """Whether a file is worth more than one process. Raises SourceError."""
    return Path(file).suffix.lower() in LINES and (size(file) or 0) >= _LARGE


def parts(file: str) -> Iterator[Part]:
    """A file of JSON Lines in stretches of about STRETCH bytes, of whole lines; any other file in one piece.

    Raises SourceError.
    """
    if Path(file).suffix.lower() not in LINES or (size(file) or 0) <= STRETCH:
        yield Part(file)
        return
    start = position = before = 0
    first = 1
    with _opened(file) as stream:
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


def lines(part: Part) -> Iterator[tuple[int, bytes | None]]:
    """The lines of a stretch that are not blank, each with its number; None for one of over MOST bytes.

    Raises SourceError, also where the file ends before it did when it was opened.
    """
    with _opened(part.file) as stream:
        end = part.stop or _end(stream)
        position = part.start
        if position:
            stream.seek(position)
        number = part.first - 1
        # As much of a line as can be one document, and an end of two bytes.
        for line in iter(partial(stream.readline, MOST + 2), b""):
            number += 1
            position += len(line)
            text: bytes | None = without_bom(line.rstrip(_SPACE))
            if len(line) > MOST and len(line.rstrip(b"\r\n")) > MOST:
                text = None
                position += _skip_line(stream) if line[-1:] != b"\n" else 0
            if text or text is None:
                yield number, text
            if position == part.stop:
                break
        if position < end:
            raise SourceError(f"{part.file}: the file was cut short while it was read")


def line_record(file: str, number: int, text: bytes | None) -> Record:
    """The record of one of `lines`."""
    if text is None:
        return _oversized(file, number)
    return Record(file, number, text, partial(_line, text, number), alone=False)


def _skip_line(stream: IO[bytes]) -> int:
    skipped = 0
    for piece in iter(partial(stream.readline, _BLOCK), b""):
        skipped += len(piece)
        if piece[-1:] == b"\n":
            break
    return skipped


@contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    try:
        if file != STDIN:
            with Path(file).open("rb") as stream:
                yield stream
        elif sys.stdin is None:
            raise SourceError(f"{STDIN}: there is no standard input")
        else:
            yield sys.stdin.buffer
    except OSError as error:
        raise _unreadable(file, error) from error


def _end(stream: IO[bytes]) -> int:
    """Where a file ends now; 0 for what is no file."""
    try:
        told = os.fstat(stream.fileno())
    except OSError:  # what a test, or another program, has put into the place of standard input
        return 0
    return told.st_size if stat.S_ISREG(told.st_mode) else 0


def _content(file: str, limited: bool) -> bytes | None:
    """All that a file holds; None where it is more than one document may be, and `limited` or no array of them."""
    with _opened(file) as stream:
        end = _end(stream)
        data = stream.read(MOST + 1)
        if len(data) > MOST:
            if limited or not _is_array(data):
                return None
            data += stream.read()
        if len(data) < end and file != STDIN:
            raise SourceError(f"{file}: the file was cut short while it was read")
    return data


def _is_array(data: bytes) -> bool:
    return without_bom(data[:_BLOCK]).lstrip(_SPACE)[:1] == b"["


def _oversized(file: str, number: int) -> Record:
    """A record of more bytes than one may have, none of which are kept."""
    return Record(file, number, None, lambda: _too_large(number))


def _too_large(number: int) -> Document:
    from ..reading.document import Fault, SourceText, make_unreadable

    message = f"the document has more than {MOST:,} bytes"
    hint = "no refund request has; put each of several into a document, a line or an entry of its own"
    return make_unreadable(SourceText(b"", first_line=number), [Fault("RF001", message, hint, span=(0, 1))])


def _json(file: str, data: bytes, batches: bool) -> Iterator[Record]:
    text = without_bom(data)
    items: list[msgspec.Raw] | None = None
    if batches and _is_array(text):
        try:
            items = _ITEMS.decode(text)
        except UNREADABLE:
            items = None
    if items is not None:
        yield from _batch(file, data, items)
    elif len(data) > MOST:
        yield _oversized(file, 1)
    else:
        yield Record(file, 1, text, partial(_whole, data))


def _whole(data: bytes) -> Document:
    from ..reading.json import read_json

    return read_json(data)


def _batch(file: str, data: bytes, items: list[msgspec.Raw]) -> Iterator[Record]:
    """The entries of an array, each a document of its own, so that a broken one spoils no other."""
    end, line, column = len(data) - len(without_bom(data)), 1, 0
    for number, item in enumerate(items, 1):
        text = bytes(item)
        start = data.index(text, end)
        line, column = _after(data[end:start], line, column)
        if len(text) > MOST:
            yield msgspec.structs.replace(_oversized(file, line), number=number, column=column)
        else:
            yield Record(file, number, text, partial(_line, text, line), column=column, alone=False)
        line, column = _after(text, line, column)
        end = start + len(text)


def _after(text: bytes, line: int, column: int) -> tuple[int, int]:
    """The line, and the characters before on it, where a text ends that begins at these."""
    breaks = text.count(b"\n")
    own = len((text[text.rindex(b"\n") + 1 :] if breaks else text).decode("utf-8", "replace"))
    return line + breaks, own if breaks else column + own


def _line(text: bytes, number: int) -> Document:
    from ..reading.json import read_json

    return read_json(text, first_line=number)


def _yaml(file: str, data: bytes) -> Iterator[Record]:
    from ..reading.yaml import read_yaml

    documents = read_yaml(data)
    for number, document in enumerate(documents, 1):
        yield _ready(file, number, document, alone=len(documents) == 1)


def _xml(file: str, data: bytes, schema_of: SchemaOf) -> Record:
    from ..reading.xml import find_root_name, read_xml

    return _ready(file, 1, read_xml(data, schema_of(find_root_name(data))), alone=True)


def _ready(file: str, number: int, document: Document, *, alone: bool) -> Record:
    data = encode(document.value) if document.readable else None
    return Record(file, number, data, lambda: document, written=False, alone=alone)
