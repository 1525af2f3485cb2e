"""The places of values in a text, and a second pass over JSON text that finds the places of some values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from ..text import path_of

Part: TypeAlias = Literal["value", "key"]
Span: TypeAlias = tuple[int, int]


class Place(msgspec.Struct, frozen=True):
    """The spans of a value and its key, in characters, and its children's places by token."""

    value: Span
    key: Span | None = None
    children: dict[str, Place] = {}


def find_noted_span(place: Place, pointer: str, part: Part) -> Span | None:
    """Find the span of a value or key below a place that a reading noted."""
    path = path_of(pointer)
    if path is None:
        return None
    for token in path:
        child = place.children.get(token)
        if child is None:
            return None
        place = child
    return _span_of(place, part)


# Places in a JSON text. The text is known to be good, so a token is found by a pattern alone.


class _Target(msgspec.Struct):
    """A value whose place is searched, or that holds such a value, and its last place so far."""

    children: dict[str, _Target] = {}
    is_wanted: bool = False
    key: Span | None = None
    value: Span | None = None


# A key with its value, or with the beginning of a container; a value on its own; a beginning on its own; an end.
# Possessive throughout: a pattern that could go back would take memory for it.
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_VALUE = rf'({_STRING}|[^][{{}}",: \t\n\r]++)|([{{[])'
_TOKEN = re.compile(rf"[ \t\n\r,]*+(?:({_STRING})[ \t\n\r]*+:[ \t\n\r]*+(?:{_VALUE})|{_VALUE}|[]}}])")
_KEY, _MEMBER, _MEMBER_OPEN, _ITEM, _OPEN = 1, 2, 3, 4, 5
_OPENINGS = frozenset({_MEMBER_OPEN, _OPEN})
_INDEX = re.compile("0|[1-9][0-9]{0,17}")


def find_spans(
    text: str, queries: Sequence[tuple[str, Part]], *, has_repeated_keys: bool, elements: Sequence[int] | None = None
) -> list[Span | None]:
    """Find the spans of the values and keys at pointers in a good JSON text.

    `elements` are the offsets of the elements of a text that is an array: each pass then goes over one element alone.
    """
    root = _Target()
    targets = [_add_target(root, pointer) for pointer, _ in queries]
    roots = [(root, 0)]
    if elements is not None and not root.is_wanted:
        indexes = ((int(token), child) for token, child in root.children.items() if _INDEX.fullmatch(token))
        roots = [(child, elements[index]) for index, child in indexes if index < len(elements)]
    # Without repeated keys the first occurrence is the last one, and a pass ends with the last target.
    remaining = -1 if has_repeated_keys else len({pointer for pointer, _ in queries})
    for target, offset in roots:
        _note_places(text, target, offset, remaining)
        if has_repeated_keys:
            _drop_overwritten(target)
    return [_span_of(target, part) for target, (_, part) in zip(targets, queries, strict=True)]


def find_elements(text: str) -> list[int]:
    """Find the offset of every element of a good JSON text that is an array."""
    offsets, depth = [], 0
    for token in _TOKEN.finditer(text):
        kind = token.lastindex
        if depth == 1 and kind in (_ITEM, _OPEN):
            offsets.append(token.start(kind))
        depth += (kind in _OPENINGS) - (kind is None)
    return offsets


def _span_of(node: _Target | Place | None, part: Part) -> Span | None:
    if node is None:
        return None
    return node.key if part == "key" and node.key else node.value


def _add_target(root: _Target, pointer: str) -> _Target | None:
    """Add the value at a pointer to the wanted ones; None where it is no pointer."""
    path = path_of(pointer)
    if path is None:
        return None
    target = root
    for token in path:
        child = target.children.get(token)
        if child is None:
            target.children[token] = child = _Target()
        target = child
    target.is_wanted = True
    return target


def _note_places(text: str, root: _Target, offset: int, remaining: int) -> None:
    """Go through the value at an offset until no target remains, and note the last place of each."""
    stack: list[tuple[_Target, int, int]] = []
    target, start, index = _Target({"0": root}), 0, 0
    skipped_depth = 0
    for token in _TOKEN.finditer(text, offset):
        kind = token.lastindex
        if skipped_depth:
            # In a container without targets only the brackets count.
            skipped_depth += (kind in _OPENINGS) - (kind is None)
            continue
        if kind is None:
            target.value = (start, token.end())
            remaining -= target.is_wanted
            target, start, index = stack.pop()
        else:
            if kind <= _MEMBER_OPEN:
                key = token[_KEY][1:-1]
                child = target.children.get(_unescape(key) if "\\" in key else key)
            else:
                child = target.children.get(str(index))
                index += 1
            if child is None:
                skipped_depth = int(kind in _OPENINGS)
                continue
            if kind <= _MEMBER_OPEN:
                child.key = token.span(_KEY)
            if kind in _OPENINGS:
                stack.append((target, start, index))
                target, start, index = child, token.start(kind), 0
                continue
            child.value = token.span(kind)
            remaining -= child.is_wanted
        if remaining == 0 or not stack:
            return


def _unescape(string: str) -> str:
    return msgspec.json.decode(f'"{string}"', type=str)


def _drop_overwritten(root: _Target) -> None:
    """Forget targets in an earlier occurrence of a repeated key, which a later one replaced."""
    pending = [(root, root.value)]
    while pending:
        target, parent_span = pending.pop()
        if target.value and not (parent_span and parent_span[0] <= target.value[0] < parent_span[1]):
            target.value = target.key = None
        pending += [(child, target.value) for child in target.children.values()]
