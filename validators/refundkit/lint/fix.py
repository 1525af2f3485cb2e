"""Drops the fields that the server computes (RF108) from files, and leaves every other byte of them as it is."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from refundkit_apis._runtime.codec import encode

from ..checking.body import read_body
from ..config import effective
from ..errors import SourceError
from ..reading.places import Part
from ..rule import REGISTRY
from ..text import path_of, pointer_of, without_bom
from .document import read_request
from .sources import records

if TYPE_CHECKING:
    from .record import Settings
    from .sources import Record, SchemaOf

_CODE = "RF108"
_SPACES = " \t\r\n"
_PARTS: tuple[Part, ...] = ("key", "value")
_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")
_COMMA = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")
# What may follow a value on its line in YAML's block style, the colon of a key without a value included.
_REST = re.compile(r"[ \t]*(?::[ \t]*)?(?:#[^\n]*|\r?)(?:\n|\Z)")


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """What to make of a file: its bytes `before` and `after`, and the number of fields that the one has more.

    `left` says why fields were left that should go; `seen` is what tells whether the file is still the one that was
    read.
    """

    file: str
    before: bytes
    after: bytes
    fields: int
    left: str
    seen: tuple[int, ...]


class Member(msgspec.Struct, frozen=True, order=True):
    """A member of an object: from the start of its key to the end of its value, in characters."""

    start: int
    end: int
    goes: bool


class Cut(msgspec.Struct, frozen=True, order=True):
    """A stretch of the text that goes, and what takes its place."""

    start: int
    end: int
    text: str = ""


def fix_of(file: str, settings: Settings, schema_of: SchemaOf) -> Fix:
    """What `settings` make of a file. Takes memory in proportion to it. Raises SourceError.

    A cut is made only where reading the text without the fields gives just the value without them; a document that
    names a key twice is left as it is.
    """
    try:
        seen = _seen(file)
        before = Path(file).read_bytes()
    except OSError as error:
        raise SourceError(f"{file}: {error.strerror or error}") from error
    fix = Fix(file=file, before=before, after=before, fields=0, left="", seen=seen)
    if settings.response is not None or effective(settings.config, REGISTRY[_CODE]) == "off":
        return fix
    found = [(record, server_fields(record, settings)) for record in records(file, schema_of)]
    if not any(fields for _, fields in found):
        return fix
    wanted = [(record, [] if record.document.problems else fields) for record, fields in found if fields]
    left = "a key stands twice" if any(record.document.problems for record, _ in wanted) else ""
    after = _without(before, wanted)
    if after is None or not _agrees(after, found, schema_of):
        return msgspec.structs.replace(fix, left="its layout leaves no safe cut")
    return msgspec.structs.replace(fix, after=after, left=left, fields=sum(len(fields) for _, fields in wanted))


def server_fields(record: Record, settings: Settings) -> list[str]:
    """Pointers into the record's document to what RF108 finds in it."""
    if record.data is None:
        return []
    asked = read_request(record.data, settings.operation, settings.forced)
    if asked.operation is None or asked.operation.described.body is None:
        return []
    _, problems = read_body(asked.operation, asked.request)
    body = "/body" if asked.is_request else ""
    return [body + one.pointer for code, one in problems if code == _CODE]


def diff(fix: Fix) -> str:
    """The fix as a unified diff."""
    from difflib import unified_diff

    old, new = (_LINE.findall(data.decode("utf-8", "backslashreplace")) for data in (fix.before, fix.after))
    lines = unified_diff(old, new, fix.file, fix.file)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def write(fix: Fix) -> None:
    """Put the fix into its file, in one step. Raises SourceError, and leaves a file that has changed as it is.

    The file keeps its mode and, where the system lets us, its owner; a link to it stays one.
    """
    from tempfile import NamedTemporaryFile

    target = Path(os.path.realpath(fix.file))
    try:
        if not os.access(target, os.W_OK):
            raise SourceError(f"{fix.file}: it cannot be written, and was left as it is")
        with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as stream:
            new = Path(stream.name)
            try:
                stream.write(fix.after)
                stream.flush()
                os.fsync(stream.fileno())
                _take_over(target, stream.fileno())
                if _seen(fix.file) != fix.seen:
                    raise SourceError(f"{fix.file}: it changed while it was being fixed, and was left as it is")
                new.replace(target)
            finally:
                new.unlink(missing_ok=True)
    except OSError as error:
        raise SourceError(f"{fix.file}: {error.strerror or error}") from error


def _take_over(target: Path, descriptor: int) -> None:
    """Give a new file the owner and mode of the old one."""
    from contextlib import suppress

    old = target.stat()
    with suppress(PermissionError):
        os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def _seen(file: str) -> tuple[int, ...]:
    """What changes when a file does. Raises SourceError for what is no regular file."""
    told = Path(file).stat()
    if not stat.S_ISREG(told.st_mode):
        raise SourceError(f"{file}: it is no regular file, and cannot be fixed")
    return told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns


def _without(data: bytes, wanted: Iterable[tuple[Record, list[str]]]) -> bytes | None:
    """The bytes of a file without the fields; None where they cannot be cut out of it."""
    # Lossless: another record of the file may be no UTF-8.
    whole = data.decode("utf-8", "surrogateescape")
    text = without_bom(whole)
    starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]

    try:
        cuts = [cut for record, fields in wanted for cut in _cuts(text, starts, record, fields)]
    except LookupError:
        return None
    pieces, position = [whole[: len(whole) - len(text)]], 0
    for cut in sorted(cuts):
        if cut.start < position:
            return None
        pieces += [text[position : cut.start], cut.text]
        position = cut.end
    return "".join([*pieces, text[position:]]).encode("utf-8", "surrogateescape")


def _cuts(text: str, starts: list[int], record: Record, fields: list[str]) -> Iterator[Cut]:
    """What to cut so that a record loses the fields. Raises LookupError where that is not known."""
    document = record.document
    before = starts[document.source.first_line - 1] + record.column

    def offset(line: int, column: int) -> int:
        return column - 1 + (before if line == document.source.first_line else starts[line - 1])

    gone: dict[tuple[str, ...], set[str]] = {}
    for pointer in fields:
        *path, name = path_of(pointer) or [""]
        gone.setdefault(tuple(path), set()).add(name)
    for at, names in gone.items():
        keys = list(_at(document.value, at))
        wanted = [(pointer_of([*at, key]), part) for key in keys for part in _PARTS]
        places = document.locate_all([(pointer_of(at), "value"), *wanted])
        (start, end), *spans = [
            (offset(place.line, place.column), offset(place.end_line, place.end_column))
            for place in places
            if place is not None
        ]
        if len(spans) != len(wanted):
            raise LookupError
        pairs = zip(keys, spans[::2], spans[1::2], strict=True)
        members = sorted(Member(key[0], value[1], name in names) for name, key, value in pairs)
        yield from _in_braces(text, start, end, members) if text[start] == "{" else _in_lines(text, members)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


def _in_braces(text: str, start: int, end: int, members: list[Member]) -> Iterator[Cut]:
    """The cuts in `{…}`: each run of members with one comma, and the space on one side of them.

    Raises LookupError where anything but space and a comma stands between them.
    """
    for first, last in _runs(members):
        if last == len(members) - 1:
            if first == 0:
                _hold_space(text[start + 1 : members[0].start] + text[members[-1].end : end - 1])
                yield Cut(start + 1, end - 1)
            else:
                _comma(text, members[first - 1], members[first])
                yield Cut(members[first - 1].end, members[last].end)
            continue
        behind = _comma(text, members[last], members[last + 1]) + 1
        ahead = _comma(text, members[first - 1], members[first]) + 1 if first else start + 1
        if first == 0 or "\n" in text[ahead : members[first].start]:
            yield Cut(members[first].start, members[last + 1].start)
        else:
            yield Cut(ahead, behind)


def _runs(members: list[Member]) -> Iterator[tuple[int, int]]:
    """The first and last index of every run of members that go."""
    first = None
    for index, member in enumerate(members):
        if member.goes and first is None:
            first = index
        if first is not None and (index + 1 == len(members) or not members[index + 1].goes):
            yield first, index
            first = None


def _comma(text: str, one: Member, other: Member) -> int:
    """Where the comma between two members stands."""
    if not _COMMA.fullmatch(text, one.end, other.start):
        raise LookupError
    return text.index(",", one.end)


def _hold_space(text: str) -> None:
    if text.strip(_SPACES + ","):
        raise LookupError


def _in_lines(text: str, members: list[Member]) -> Iterator[Cut]:
    """The cuts in YAML's block style: whole lines, with the comment at their end.

    Raises LookupError where a comment of its own, or anything else, stands in the way.
    """
    if all(member.goes for member in members):
        for one, other in pairwise(members):
            _hold_space(text[one.end : other.start])
        yield Cut(members[0].start, members[-1].end, "{}")
        return
    for first, last in _runs(members):
        if first == 0 and text[text.rfind("\n", 0, members[0].start) + 1 : members[0].start].strip(" "):
            # Behind the dash of a list: what comes next moves up there.
            for one, other in pairwise(members[: last + 2]):
                _hold_space(text[one.end : other.start])
            yield Cut(members[0].start, members[last + 1].start)
            continue
        for member in members[first : last + 1]:
            line = text.rfind("\n", 0, member.start) + 1
            rest = _REST.match(text, member.end)
            if text[line : member.start].strip(" ") or rest is None:
                raise LookupError
            yield Cut(line, rest.end())


def _agrees(after: bytes, found: list[tuple[Record, list[str]]], schema_of: SchemaOf) -> bool:
    """Whether reading the new bytes gives the records that were found, but for the fields that go."""
    from tempfile import NamedTemporaryFile

    with NamedTemporaryFile(suffix=Path(found[0][0].file).suffix) as stream:
        stream.write(after)
        stream.flush()
        read = list(records(stream.name, schema_of))
        return len(read) == len(found) and all(
            _expected(record, fields) == (encode(one.document.value) if fields else one.data)
            for one, (record, fields) in zip(read, found, strict=True)
        )


def _expected(record: Record, fields: list[str]) -> bytes | None:
    """The JSON text of a record without the fields; where all of them stay, its text as it is."""
    from copy import deepcopy

    if not fields:
        return record.data
    if record.document.problems:
        return encode(record.document.value)
    value = deepcopy(record.document.value)
    for pointer in fields:
        *parent, name = path_of(pointer) or [""]
        del _at(value, tuple(parent))[name]
    return encode(value)
