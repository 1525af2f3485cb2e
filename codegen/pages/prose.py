"""A Page and specs/pages.json -> the sections whose words changed since the page was accepted.

specs/pages.json holds a fingerprint of each section, which ignores whitespace, the presentation of letters, e-mail
addresses (many pages are served with them hidden) and what blocks.py takes for furniture. Only hashes are stored, never
a page's text. A marked difference is stored as a hash too, so that its mark hides no other difference there later.
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
    """The accepted state of a page: hashes of its sections and of its marked differences, and how much was read."""

    sections: list[str]
    marked: list[str]
    read: int


class SectionChange(NamedTuple):
    """A section that changed, is new, or was removed (then `section` is the one after it)."""

    section: int
    what: str


def make_accepted(page: Page, marked: Iterable[Difference], read: int) -> Accepted:
    """Make the state to store for a page of which `read` facts were read."""
    return Accepted(_fingerprints(page), sorted({digest_difference(difference) for difference in marked}), read)


def digest_difference(difference: Difference) -> str:
    """Hash a difference by kind and message, whatever its place."""
    return _hash(f"{difference.kind} {difference.message}")


def compare_sections(page: Page, accepted: Accepted) -> list[SectionChange]:
    """Return the sections that changed since the page was accepted."""
    section_changes = []
    matcher = SequenceMatcher(None, accepted.sections, _fingerprints(page), autojunk=False)
    for _, before, after, start, end in (code for code in matcher.get_opcodes() if code[0] != "equal"):
        paired = min(after - before, end - start)
        section_changes += [SectionChange(start + index, "has other words") for index in range(paired)]
        section_changes += [SectionChange(index, "is new") for index in range(start + paired, end)]
        section_changes += [SectionChange(min(end, len(page.sections) - 1), GONE)] * (after - before - paired)
    return section_changes


def load_accepted(folder: Path) -> dict[str, Accepted]:
    """Load the accepted states by page. Raises PageError if the file has another shape."""
    path = folder / NAME
    if not path.exists():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {page: Accepted(**accepted) for page, accepted in document["pages"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        shape = '{"version": 1, "pages": {PAGE: {"sections": [hash, …], "marked": [hash, …], "read": 1}}}'
        raise PageError(f"{path}: looked for {shape}") from error


def store_accepted(folder: Path, pages: dict[str, Accepted]) -> None:
    """Store these pages' states in place of their earlier ones."""
    stored = {page: accepted._asdict() for page, accepted in sorted({**load_accepted(folder), **pages}.items())}
    text = json.dumps({"version": VERSION, "pages": stored}, indent=1)
    (folder / NAME).write_text(text + "\n", encoding="utf-8")


def _fingerprints(page: Page) -> list[str]:
    return [_fingerprint(section) for section in page.sections]


def _fingerprint(section: Section) -> str:
    """Hash a section's title, words, and the kinds of its blocks: a list that becomes text changes what is read."""
    parts = (block.text if block.kind == "text" else f"{block.kind}: {block.text}" for block in section.blocks)
    text = ADDRESS.sub("@", section.title + "".join(parts))
    return _hash("".join(unicodedata.normalize("NFKC", text).split()))


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]
