"""--fix: drops the fields that the server computes (RF108) from files, and leaves every other byte."""

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
from ..config import find_severity
from ..errors import SourceError
from ..reading.places import Part
from ..rule import REGISTRY
from ..text import path_of, pointer_of, without_bom
from .document import read_request
from .paths import HAR
from .sources import read_records

if TYPE_CHECKING:
    from .entry import Record
    from .record import Settings
    from .sources import SchemaOf

_CODE = "RF108"
_SPACES = " \t\r\n"
_PARTS: tuple[Part, ...] = ("key", "value")
_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")
_COMMA = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")
# What may follow a value on its line in YAML's block style, or the colon of a key without a value.
_REST = re.compile(r"[ \t]*(?::[ \t]*)?(?:#[^\n]*|\r?)(?:\n|\Z)")


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """A file's bytes `before` and `after` the fix, and the number of fields that it drops.

    `unfixed` says why fields stay that should go; `identity` shows whether the file was changed since it was read.
    """

    file: str
    before: bytes
    after: bytes
    fields: int
    unfixed: str
    identity: tuple[int, ...]


class Member(msgspec.Struct, frozen=True, order=True):
    """A member of an object: from the start of its key to the end of its value, in characters."""

    start: int
    end: int
    goes: bool


class Cut(msgspec.Struct, frozen=True, order=True):
    """A stretch of the text to replace by `text`."""

    start: int
    end: int
    text: str = ""


def find_fix(file: str, settings: Settings, schema_of: SchemaOf) -> Fix:
    """Find the fix of a file. Takes memory in proportion to its size. Raises SourceError.

    A cut is made only if the text without the fields reads as the value without them; a document that names a key twice
    stays as it is.
    """
    try:
        identity = _read_identity(file)
        before = Path(file).read_bytes()
    except OSError as error:
        raise SourceError(f"{file}: {error.strerror or error}") from error
    fix = Fix(file=file, before=before, after=before, fields=0, unfixed="", identity=identity)
    if settings.response is not None or find_severity(settings.config, REGISTRY[_CODE]) == "off":
        return fix
    fields_of_records = [(record, find_server_fields(record, settings)) for record in read_records(file, schema_of)]
    if not any(fields for _, fields in fields_of_records):
        return fix
    if file.lower().endswith(HAR):
        return msgspec.structs.replace(fix, unfixed="a recording is what was sent")
    removals = [(record, [] if record.document.problems else fields) for record, fields in fields_of_records if fields]
    unfixed = "a key stands twice" if any(record.document.problems for record, _ in removals) else ""
    after = _cut_fields(before, removals)
    if after is None or not _is_faithful(after, fields_of_records, schema_of):
        return msgspec.structs.replace(fix, unfixed="its layout leaves no safe cut")
    return msgspec.structs.replace(fix, after=after, unfixed=unfixed, fields=sum(len(fields) for _, fields in removals))


def find_server_fields(record: Record, settings: Settings) -> list[str]:
    """Find the fields of RF108 in a record, as pointers into its document."""
    if record.data is None:
        return []
    document = read_request(record.data, settings.operation, settings.forced)
    if document.operation is None or document.operation.described.body is None:
        return []
    _, problems = read_body(document.operation, document.request)
    body = "/body" if document.is_request else ""
    return [body + problem.pointer for code, problem in problems if code == _CODE]


def diff_fix(fix: Fix) -> str:
    """Return the fix as a unified diff."""
    from difflib import unified_diff

    old, new = (_LINE.findall(data.decode("utf-8", "backslashreplace")) for data in (fix.before, fix.after))
    lines = unified_diff(old, new, fix.file, fix.file)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def write_fix(fix: Fix) -> None:
    """Write the fix to its file, in one step. Raises SourceError, also for a file that was changed meanwhile.

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
                _copy_owner(target, stream.fileno())
                if _read_identity(fix.file) != fix.identity:
                    raise SourceError(f"{fix.file}: it changed while it was being fixed, and was left as it is")
                new.replace(target)
            finally:
                new.unlink(missing_ok=True)
    except OSError as error:
        raise SourceError(f"{fix.file}: {error.strerror or error}") from error


def _copy_owner(target: Path, descriptor: int) -> None:
    """Give a new file the owner and mode of the old one."""
    from contextlib import suppress

    old = target.stat()
    with suppress(PermissionError):
        os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def _read_identity(file: str) -> tuple[int, ...]:
    """Read what changes when a file does. Raises SourceError for what is no regular file."""
    status = Path(file).stat()
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(f"{file}: it is no regular file, and cannot be fixed")
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _cut_fields(data: bytes, removals: Iterable[tuple[Record, list[str]]]) -> bytes | None:
    """Cut the fields out of the bytes of a file; None where that is not safe."""
    # Lossless: another record of the file may be no UTF-8.
    file_text = data.decode("utf-8", "surrogateescape")
    text = without_bom(file_text)
    starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]

    try:
        cuts = [cut for record, fields in removals for cut in _find_cuts(text, starts, record, fields)]
    except LookupError:
        return None
    pieces, position = [file_text[: len(file_text) - len(text)]], 0
    for cut in sorted(cuts):
        if cut.start < position:
            return None
        pieces += [text[position : cut.start], cut.text]
        position = cut.end
    return "".join([*pieces, text[position:]]).encode("utf-8", "surrogateescape")


def _find_cuts(text: str, starts: list[int], record: Record, fields: list[str]) -> Iterator[Cut]:
    """Find what to cut so that a record loses the fields. Raises LookupError where no cut is safe."""
    document = record.document
    before = starts[document.source.first_line - 1] + record.column

    def offset(line: int, column: int) -> int:
        return column - 1 + (before if line == document.source.first_line else starts[line - 1])

    names_by_path: dict[tuple[str, ...], set[str]] = {}
    for pointer in fields:
        *path, name = path_of(pointer) or [""]
        names_by_path.setdefault(tuple(path), set()).add(name)
    for path_to_object, names in names_by_path.items():
        keys = list(_value_at(document.value, path_to_object))
        parts = [(pointer_of([*path_to_object, key]), part) for key in keys for part in _PARTS]
        places = document.locate_all([(pointer_of(path_to_object), "value"), *parts])
        (start, end), *spans = [
            (offset(place.line, place.column), offset(place.end_line, place.end_column))
            for place in places
            if place is not None
        ]
        if len(spans) != len(parts):
            raise LookupError
        pairs = zip(keys, spans[::2], spans[1::2], strict=True)
        members = sorted(Member(key[0], value[1], name in names) for name, key, value in pairs)
        yield from _cut_in_braces(text, start, end, members) if text[start] == "{" else _cut_lines(text, members)


def _value_at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


def _cut_in_braces(text: str, start: int, end: int, members: list[Member]) -> Iterator[Cut]:
    """Yield the cuts in `{…}`: each run of members with one comma and the space on one side.

    Raises LookupError where anything but space and a comma stands between them.
    """
    for first, last in _find_runs(members):
        if last == len(members) - 1:
            if first == 0:
                _require_space(text[start + 1 : members[0].start] + text[members[-1].end : end - 1])
                yield Cut(start + 1, end - 1)
            else:
                _find_comma(text, members[first - 1], members[first])
                yield Cut(members[first - 1].end, members[last].end)
            continue
        behind = _find_comma(text, members[last], members[last + 1]) + 1
        ahead = _find_comma(text, members[first - 1], members[first]) + 1 if first else start + 1
        if first == 0 or "\n" in text[ahead : members[first].start]:
            yield Cut(members[first].start, members[last + 1].start)
        else:
            yield Cut(ahead, behind)


def _find_runs(members: list[Member]) -> Iterator[tuple[int, int]]:
    """Yield the first and last index of every run of members that go."""
    first = None
    for index, member in enumerate(members):
        if member.goes and first is None:
            first = index
        if first is not None and (index + 1 == len(members) or not members[index + 1].goes):
            yield first, index
            first = None


def _find_comma(text: str, first: Member, second: Member) -> int:
    """Find the comma between two members. Raises LookupError where anything else stands there."""
    if not _COMMA.fullmatch(text, first.end, second.start):
        raise LookupError
    return text.index(",", first.end)


def _require_space(text: str) -> None:
    if text.strip(_SPACES + ","):
        raise LookupError


def _cut_lines(text: str, members: list[Member]) -> Iterator[Cut]:
    """Yield the cuts in YAML's block style: whole lines, with the comment at their end.

    Raises LookupError where a comment on a line of its own, or anything else, stands in the way.
    """
    if all(member.goes for member in members):
        for first_member, second_member in pairwise(members):
            _require_space(text[first_member.end : second_member.start])
        yield Cut(members[0].start, members[-1].end, "{}")
        return
    for first, last in _find_runs(members):
        if first == 0 and text[text.rfind("\n", 0, members[0].start) + 1 : members[0].start].strip(" "):
            # Behind the dash of a list: the next member moves up there.
            for first_member, second_member in pairwise(members[: last + 2]):
                _require_space(text[first_member.end : second_member.start])
            yield Cut(members[0].start, members[last + 1].start)
            continue
        for member in members[first : last + 1]:
            line = text.rfind("\n", 0, member.start) + 1
            line_end = _REST.match(text, member.end)
            if text[line : member.start].strip(" ") or line_end is None:
                raise LookupError
            yield Cut(line, line_end.end())


def _is_faithful(after: bytes, fields_of_records: list[tuple[Record, list[str]]], schema_of: SchemaOf) -> bool:
    """Whether the new bytes read as the same records without the fields."""
    from tempfile import NamedTemporaryFile

    with NamedTemporaryFile(suffix=Path(fields_of_records[0][0].file).suffix) as stream:
        stream.write(after)
        stream.flush()
        new_records = list(read_records(stream.name, schema_of))
        return len(new_records) == len(fields_of_records) and all(
            _encode_without(record, fields) == (encode(new_record.document.value) if fields else new_record.data)
            for new_record, (record, fields) in zip(new_records, fields_of_records, strict=True)
        )


def _encode_without(record: Record, fields: list[str]) -> bytes | None:
    """Encode a record without the fields; without any field, return its text as it is."""
    from copy import deepcopy

    if not fields:
        return record.data
    if record.document.problems:
        return encode(record.document.value)
    value = deepcopy(record.document.value)
    for pointer in fields:
        *parent, name = path_of(pointer) or [""]
        del _value_at(value, tuple(parent))[name]
    return encode(value)
