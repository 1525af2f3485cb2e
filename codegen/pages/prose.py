"""The words of a page: one fingerprint a section, kept in specs/pages.json, so that a change of words is seen.

A fingerprint takes no note of whitespace, of letters' presentation, of e-mail addresses (many pages are served with
them hidden) and of what blocks.py takes for furniture. Only hashes are kept, never a page's text. A difference that
the spec marks is kept as a hash too, so that a mark does not hide another difference at the same place later on.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from .blocks import Page, PageError, Section
from .report import Difference

NAME = "pages.json"
VERSION = 1
GONE = "follows one that is gone"
ADDRESS = re.compile(r"\[email\s*protected\]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


class Accepted(NamedTuple):
    """What was accepted: a hash of each section, one of each difference that the spec marks, and how much was read."""

    sections: list[str]
    marked: list[str]
    read: int


class Change(NamedTuple):
    """A section whose words changed, that is new, or that is gone (then `section` is the one after it)."""

    section: int
    what: str


def taken(page: Page, marked: Iterable[Difference], read: int) -> Accepted:
    """What accepting a page as it is now would keep; `read` things were taken out of it."""
    return Accepted(_fingerprints(page), sorted({digest(one) for one in marked}), read)


def digest(difference: Difference) -> str:
    """The hash of a difference: of what it says, wherever it stands."""
    return _hash(f"{difference.kind} {difference.message}")


def changes(page: Page, accepted: Accepted) -> list[Change]:
    """What became of the sections since they were accepted."""
    found = []
    matcher = SequenceMatcher(None, accepted.sections, _fingerprints(page), autojunk=False)
    for _, before, after, start, end in (code for code in matcher.get_opcodes() if code[0] != "equal"):
        changed = min(after - before, end - start)
        found += [Change(start + index, "has other words") for index in range(changed)]
        found += [Change(index, "is new") for index in range(start + changed, end)]
        found += [Change(min(end, len(page.sections) - 1), GONE)] * (after - before - changed)
    return found


def load(folder: Path) -> dict[str, Accepted]:
    """What was accepted, by page. Raises PageError when the file is no such file."""
    path = folder / NAME
    if not path.exists():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {page: Accepted(**kept) for page, kept in document["pages"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        shape = '{"version": 1, "pages": {PAGE: {"sections": [hash, …], "marked": [hash, …], "read": 1}}}'
        raise PageError(f"{path}: looked for {shape}") from error


def accept(folder: Path, pages: dict[str, Accepted]) -> None:
    """Keep these pages as they are now in place of what was kept of them."""
    kept = {page: accepted._asdict() for page, accepted in sorted({**load(folder), **pages}.items())}
    text = json.dumps({"version": VERSION, "pages": kept}, indent=1)
    (folder / NAME).write_text(text + "\n", encoding="utf-8")


def _fingerprints(page: Page) -> list[str]:
    return [_fingerprint(section) for section in page.sections]


def _fingerprint(section: Section) -> str:
    """Of the title, the words, and where lists, tables and code are: one that is none any more is not read as one."""
    parts = (block.text if block.kind == "text" else f"{block.kind}: {block.text}" for block in section.blocks)
    text = ADDRESS.sub("@", section.title + "".join(parts))
    return _hash("".join(unicodedata.normalize("NFKC", text).split()))


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]
