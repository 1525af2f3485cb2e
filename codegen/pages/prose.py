"""The pieces of a Page and specs/pages.json -> the blocks whose words changed since the page was accepted.

specs/pages.json holds the kind and a fingerprint of each block, which ignores whitespace, the presentation of letters,
e-mail addresses (many pages are served with them hidden) and what blocks.py takes for furniture. A block with facts has
a second fingerprint, of its words without them. Only hashes are stored, never a page's text. A marked difference is
stored as a hash too, with its kind and that of its mark, so that the mark hides no other difference there later.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Container, Iterable, Sequence
from difflib import SequenceMatcher
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from .blocks import PageError
from .pieces import Piece
from .report import MarkedDifference

NAME = "pages.json"
VERSION = 2
CHANGED, NEW, GONE, MOVED = "has other words", "is new", "is gone", "stands elsewhere"
ADDRESS = re.compile(r"\[email\s*protected\]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


class Accepted(NamedTuple):
    """The accepted state of a page: hashes of its blocks and of its marked differences, and how much was read."""

    blocks: list[str]
    marked: list[str]
    read: int


class BlockChange(NamedTuple):
    """A block that changed: its places among the pieces (of one that is gone: before which) and the accepted blocks.

    `has_facts`: facts were read from a block that is gone; in one that changed, only what they are read from did.
    """

    what: str
    kind: str
    piece: int
    accepted: int | None
    has_facts: bool = False


def make_fingerprint(piece: Piece) -> str:
    """Return the kind and the hashes of a piece."""
    text, words = hash_words(piece.text), hash_words(piece.words)
    return f"{piece.kind} {text}" if text == words else f"{piece.kind} {text} {words}"


def make_accepted(pieces: Iterable[Piece], marked: Iterable[MarkedDifference], read: int) -> Accepted:
    """Make the state to store for a page of which `read` facts were read."""
    return Accepted(list(map(make_fingerprint, pieces)), sorted(set(map(digest_difference, marked))), read)


def digest_difference(marked: MarkedDifference) -> str:
    """Hash a marked difference by its message, whatever its place; its kind and the hash of the mark stand beside."""
    return f"{marked.difference.kind} {_hash(marked.difference.message)} {_hash(marked.why)}"


def kinds_of_mark(accepted: Accepted, why: str) -> set[str]:
    """Return the kinds of the differences that a mark covered when the page was accepted."""
    return {kind for kind, _, mark in map(str.split, accepted.marked) if mark == _hash(why)}


def compare_blocks(pieces: Sequence[Piece], accepted: Accepted) -> list[BlockChange]:
    """Return the blocks that changed since the page was accepted."""
    before, after = accepted.blocks, list(map(make_fingerprint, pieces))
    changes: list[BlockChange] = []
    matcher = SequenceMatcher(None, list(map(_key, before)), list(map(_key, after)), autojunk=False)
    for _, start, stop, begin, end in (code for code in matcher.get_opcodes() if code[0] != "equal"):
        pairs = _pair_blocks(before, after, range(start, stop), range(begin, end))
        for place in range(begin, end):
            paired = pairs.get(place)
            same_words = paired is not None and before[paired].split()[-1] == after[place].split()[-1]
            what = NEW if paired is None else CHANGED
            changes.append(BlockChange(what, pieces[place].kind, place, paired, same_words))
        for place in sorted(set(range(start, stop)) - set(pairs.values())):
            has_facts = len(before[place].split()) > 2
            changes.append(BlockChange(GONE, before[place].split()[0], end, place, has_facts))
    return _find_moves(changes, before, after)


def _pair_blocks(before: list[str], after: list[str], old: range, new: range) -> dict[int, int]:
    """Pair blocks of the same words, then those of the same kind in their order."""
    pairs: dict[int, int] = {}
    for part in (slice(-1, None), slice(0, 1)):
        for place in new:
            key = _split(after[place])[part]
            free = [other for other in old if other not in pairs.values() and _split(before[other])[part] == key]
            if place not in pairs and free and key != [_hash("")]:
                pairs[place] = free[0]
    return pairs


def _key(fingerprint: str) -> str:
    """Return what makes two blocks the same: their text, and whether a sample can be read."""
    kind, text, *_ = fingerprint.split()
    return f"{text}!" if kind.endswith("!") else text


def _split(fingerprint: str) -> list[str]:
    """Split a fingerprint into kind and hashes; a sample is one whether it can be read or not."""
    return fingerprint.replace("!", "").split()


def _find_moves(changes: list[BlockChange], before: list[str], after: list[str]) -> list[BlockChange]:
    """Return the changes, with a block that is gone in one place and new in another as one that was moved."""
    gone = {_key(before[change.accepted or 0]): change for change in changes if change.what == GONE}
    result, moved = [], []
    for change in changes:
        gone_block = gone.pop(_key(after[change.piece]), None) if change.what == NEW else None
        moved += [gone_block] if gone_block else []
        result.append(change._replace(what=MOVED, accepted=gone_block.accepted) if gone_block else change)
    return [change for change in result if change not in moved]


def accept_blocks(pieces: Sequence[Piece], accepted: Accepted, lines: Container[int]) -> list[str]:
    """Return the accepted blocks with those of the page that stand on the lines in place of what was there."""
    changes = compare_blocks(pieces, accepted)
    refused = [change for change in changes if not any(line in lines for line in _lines_of(pieces, change))]
    old = {change.piece: change.accepted for change in refused if change.what != GONE}
    blocks: list[str] = []
    for place in range(len(pieces) + 1):
        gone = [change.accepted for change in refused if change.what == GONE and change.piece == place]
        blocks += [accepted.blocks[place] for place in gone if place is not None]
        if place < len(pieces):
            before = old.get(place)
            fingerprint = make_fingerprint(pieces[place]) if before is None else accepted.blocks[before]
            blocks += [fingerprint] if place not in old or before is not None else []
    return blocks


def _lines_of(pieces: Sequence[Piece], change: BlockChange) -> range:
    return pieces[min(change.piece, len(pieces) - 1)].lines


def load_accepted(folder: Path) -> dict[str, Accepted]:
    """Load the accepted states by page. Raises PageError if the file has another shape."""
    path = folder / NAME
    if not path.exists():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {page: Accepted(**accepted) for page, accepted in document["pages"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        shape = '{"version": 2, "pages": {PAGE: {"blocks": [hash, …], "marked": [hash, …], "read": 1}}}'
        raise PageError(f"{path}: looked for {shape}") from error


def store_accepted(folder: Path, pages: dict[str, Accepted]) -> None:
    """Store these pages' states in place of their earlier ones."""
    stored = {page: accepted._asdict() for page, accepted in sorted({**load_accepted(folder), **pages}.items())}
    text = json.dumps({"version": VERSION, "pages": stored}, indent=1)
    (folder / NAME).write_text(text + "\n", encoding="utf-8")


def hash_words(text: str) -> str:
    """Hash a text without whitespace, the presentation of letters and e-mail addresses."""
    return _hash("".join(unicodedata.normalize("NFKC", ADDRESS.sub("@", text)).split()))


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]
