"""What the formats for programs share: plain JSON, names of files, fingerprints and the counts of a run."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from ..errors import VALID_BODY
from .text import MISSING

if TYPE_CHECKING:
    from typing import TextIO

    from . import Run, Skipped

STDIN = "-"
_ENCODER = json.JSONEncoder(indent=2)
# Where a checkout begins, by the CI systems that say so; what reads their reports wants paths from there.
_CHECKOUTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")


def write_json(stream: TextIO, document: object) -> None:
    """Write a value as JSON in ASCII, which every encoding of a stream or file can hold.

    An iterator is written as an array, and so is each of its entries before the next is asked for.
    """
    _write_value(stream, document, "\n")
    stream.write("\n")


def _write_value(stream: TextIO, value: object, margin: str) -> None:
    if isinstance(value, Iterator):
        _write_entries(stream, "[]", (("", one) for one in value), margin)
    elif isinstance(value, dict) and any(isinstance(one, Iterator) for one in value.values()):
        _write_entries(stream, "{}", ((f'"{key}": ', one) for key, one in value.items()), margin)
    else:
        stream.write(_ENCODER.encode(value).replace("\n", margin))


def _write_entries(stream: TextIO, brackets: str, entries: Iterator[tuple[str, object]], margin: str) -> None:
    before, end = brackets[0], brackets[1]
    for key, value in entries:
        stream.write(f"{before}{margin}  {key}")
        _write_value(stream, value, f"{margin}  ")
        before, end = ",", f"{margin}{brackets[1]}"
    stream.write(end if before == "," else brackets)


def format_line(document: object) -> str:
    """Format a value as one line of JSON in ASCII."""
    return json.dumps(document) + "\n"


def to_plain(item: msgspec.Struct) -> dict[str, Any]:
    """Return a finding, or what did not run, as a dict; its file as text."""
    fields: dict[str, Any] = msgspec.to_builtins(item)
    if fields["file"] is not None:
        fields["file"] = decode_name(fields["file"])
    return fields


def decode_name(file: str) -> str:
    """Return a file's name as text; bytes that are no text are escaped."""
    return os.fsencode(file).decode("utf-8", "backslashreplace")


def find_place(file: str) -> str:
    """Return a file's path from the root of the checkout, else from the run's folder; outside it stays absolute."""
    return file if file == STDIN else _relative_place(file, Path.cwd(), *map(os.environ.get, _CHECKOUTS))


@lru_cache
def _relative_place(file: str, working_folder: Path, *checkouts: str | None) -> str:
    root = next(
        (Path(folder) for folder in checkouts if folder and working_folder.is_relative_to(folder)), working_folder
    )
    path = os.path.abspath(file)  # noqa: PTH100 - a Path would leave `..` in
    return Path(path).relative_to(root).as_posix() if Path(path).is_relative_to(root) else path


def make_uri(path: str) -> str:
    """Return a path as a URI: a relative reference, or file:// for an absolute path."""
    return ("file://" if path.startswith("/") else "") + quote(os.fsencode(path), safe="/")


class Fingerprints:
    """Names of findings that stay when lines move: of findings that are alike the first has one, the second another.

    A line or record number is no part of them, so the set of them changes only by what came or went.
    """

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, ...]] = Counter()

    def make(self, *parts: str) -> str:
        """64 hexadecimal digits for the next thing that these parts name."""
        self.counts[parts] += 1
        text = "\0".join((*parts, str(self.counts[parts])))
        return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def make_summary(run: Run) -> dict[str, Any]:
    """Return the counts of a run, as version 1 of the JSON output has them."""
    return {
        "files": run.files,
        "checked": run.checked,
        "not_judged": run.not_judged,
        "errors": run.count("error"),
        "warnings": run.count("warning"),
        "suppressed": run.suppressed,
        "seconds": round(run.seconds, 3),
    }


def describe_skipped(skipped: Skipped) -> str:
    """Return a sentence: which rules did not run, and what was missing."""
    payloads = "1 payload" if skipped.records == 1 else f"{skipped.records} payloads"
    codes = ", ".join(skipped.codes) or "refused as it stands"
    if skipped.missing == VALID_BODY:
        return f"not run on {payloads} until what its schema refuses is mended: {codes}"
    return f"not run on {payloads} for want of {MISSING[skipped.missing]}: {codes}"
