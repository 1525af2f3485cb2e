"""Patterns of files as in a .gitignore, matched in linear time.

pathspec is the library for this, and the reference in our tests. It is not used here: its patterns become regular
expressions that backtrack, so that `*a*a*a…*b` hangs a run, and its import would cost every start with a configuration.
fnmatch knows neither `**` nor `/`.
"""

from __future__ import annotations

import re
from functools import cache

import msgspec

from .errors import ConfigError

_SYMBOLS = re.compile(r"\[!?\]?[^]]*\]|\*+|.", re.DOTALL)


class NamePattern(msgspec.Struct, frozen=True):
    """A pattern for one name between slashes: its pieces between stars, each with the number of its characters."""

    pieces: tuple[tuple[re.Pattern[str], int], ...]

    def matches(self, name: str) -> bool:
        """Whether the pattern matches the whole name.

        A piece has a fixed length, so its first place is as good as any later one: no choice is ever taken back.
        """
        (first, position), *pieces = self.pieces
        if not pieces:
            return position == len(name) and first.match(name) is not None
        last, length = pieces.pop()
        end = len(name) - length
        if end < position or first.match(name) is None or last.match(name, end) is None:
            return False
        for piece, _ in pieces:
            match = piece.search(name, position, end)
            if match is None:
                return False
            position = match.end()
        return True


class PathPattern(msgspec.Struct, frozen=True):
    """A pattern for a path: its groups of names between `**`, and how many more names must follow them."""

    groups: tuple[tuple[NamePattern, ...], ...]
    more_names: int

    def matches(self, path: str) -> bool:
        """Whether the pattern matches a path with forward slashes, or a folder above it.

        As with the pieces of a name, the first place of a group is as good as any later one.
        """
        names = path.split("/")
        start = 0
        for index, group in enumerate(self.groups):
            last_start = len(names) - self.more_names - len(group)
            starts = range(start, last_start + 1) if index else range(min(1, last_start + 1))
            place = next((place for place in starts if _matches_at(group, names, place)), None)
            if place is None:
                return False
            start = place + len(group)
        return True


def _matches_at(group: tuple[NamePattern, ...], names: list[str], start: int) -> bool:
    return all(pattern.matches(name) for pattern, name in zip(group, names[start:], strict=False))


@cache
def compile_pattern(glob: str) -> PathPattern:
    """Compile a pattern as a .gitignore has it. Raises ConfigError.

    Without a slash it is a name at any depth, otherwise a path below the configuration's folder; a folder stands for
    all that is in it. `*` and `?` end at a slash, `**` between slashes is any number of folders. Unlike in a .gitignore
    a backslash, `#`, `^` and a bracket that is not closed are characters like others, and `./` may stand in front.
    """
    parts = glob.removeprefix("./").rstrip("/").split("/")
    if not any(parts) or glob.startswith("!") or ".." in parts:
        raise ConfigError(f"{glob!r} is no pattern: write names and paths as in a .gitignore, with no '!' and no '..'")
    if parts[0] == "":
        parts = parts[1:]
    elif len(parts) == 1:
        parts = ["**", *parts]
    groups: list[list[NamePattern]] = [[]]
    for part in parts:
        if part == "**":
            groups.append([])
        else:
            groups[-1].append(_compile_name(part, glob))
    more_names = (parts[-1] == "**") + glob.endswith("/")
    return PathPattern(tuple(map(tuple, groups)), more_names)


def _compile_name(part: str, glob: str) -> NamePattern:
    pieces, text, length = [], "", 0
    try:
        for symbol in _SYMBOLS.findall(part):
            if symbol[0] == "*":
                pieces.append((re.compile(text, re.DOTALL), length))
                text, length = "", 0
                continue
            length += 1
            text += _translate(symbol)
        pieces.append((re.compile(text, re.DOTALL), length))
    except re.error:
        raise ConfigError(f"{glob!r} is no pattern: a range in its brackets ends before it begins") from None
    return NamePattern(tuple(pieces))


def _translate(symbol: str) -> str:
    """Translate a symbol that stands for one character into a regular expression."""
    if symbol == "?":
        return "."
    if symbol[0] == "[" and len(symbol) > 1:
        members = symbol[1:-1].replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
        return f"[{'^' + members[1:] if members.startswith('!') else members}]"
    return re.escape(symbol)
