"""Digests of rules: of a rule's source and of everything of ours that it uses, comments and docstrings aside.

They are compared with those in an API's screen.py. Where a rule has changed a test prints the digests of now, to be
written there once the screen has been read beside that rule.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import resolve_name
from pathlib import Path
from types import ModuleType
from typing import Any

_PACKAGE = __package__.partition(".")[0]
# What a rule says is theirs; the texts of findings, the registry and the reading of documents are not.
_FOLLOWED = tuple(f"{_PACKAGE}.{name}" for name in ("rules", "apis", "ledger", "money", "parameters", "hosts"))
_DOCSTRING = re.compile(r'^[ ]*"""[\s\S]*?"""\n', re.MULTILINE)
_COMMENT = re.compile(r"^ *#.*\n", re.MULTILINE)
_NAME = re.compile(r"^(?:def|class) (\w+)|^(?!from |import |if )(\w+(?:, \w+)*)(?=[:=\s])", re.MULTILINE)
_IMPORT = re.compile(r"^from (\.*[\w.]*) import (?:\(([^)]*)\)|(.*))$", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_]\w*")


def digest_of(run: Callable[..., Any] | type) -> str:
    """Return the digest of a function or a class of ours; "" for one of somebody else."""
    module, name = run.__module__, run.__name__
    if not module.startswith(_FOLLOWED) or getattr(sys.modules[module], name, None) is not run:
        return ""
    blocks = sorted(_blocks_used_by(module, name))
    text = "".join(_blocks(module)[name] for module, name in blocks)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _blocks_used_by(module: str, name: str) -> set[tuple[str, str]]:
    """Return module and name of every function, class and constant that one of them uses, itself among them."""
    used: set[tuple[str, str]] = set()
    pending = [(module, name)]
    while pending:
        block = pending.pop()
        if block not in used:
            used.add(block)
            pending += _references(*block)
    return used


@cache
def _references(module: str, name: str) -> list[tuple[str, str]]:
    blocks, imports = _blocks(module), _imports(module)
    words = sorted(set(_WORD.findall(blocks[name])))
    local = [(module, word) for word in words if word in blocks]
    imported = [imports[word] for word in words if word in imports and word not in blocks]
    return [*local, *((origin, word) for origin, word in imported if word in _blocks(origin))]


@cache
def _blocks(module: str) -> dict[str, str]:
    """Return the source of each function, class and constant of a module by its name."""
    blocks: dict[str, str] = {}
    for block in _split(_source(module)):
        match = _NAME.search(block)
        names = next(filter(None, match.groups()), "") if match else ""
        for name in names.split(", "):
            blocks[name] = blocks.get(name, "") + block
    return blocks


def _split(text: str) -> Iterator[str]:
    """Yield the parts of a module that begin in the first column, decorators with what they decorate."""
    block = ""
    for line in text.splitlines(keepends=True):
        begins = line[0] == "@" or _WORD.match(line)
        if block and begins and (block[0] != "@" or _NAME.search(block)):
            yield block
            block = ""
        block += line if line.strip() else ""
    if block:
        yield block


@cache
def _imports(module: str) -> dict[str, tuple[str, str]]:
    """Return where the names that a module imports from us are defined."""
    found: dict[str, tuple[str, str]] = {}
    for origin, many, few in _IMPORT.findall(_source(module)):
        package = sys.modules[module].__package__ or ""
        name = resolve_name(origin, package) if origin.startswith(".") else origin
        if name.startswith(_FOLLOWED) and isinstance(sys.modules.get(name), ModuleType):
            found |= {word: (name, word) for word in _WORD.findall(many or few)}
    return found


@cache
def _source(module: str) -> str:
    text = Path(str(sys.modules[module].__file__)).read_text("utf-8")
    return _COMMENT.sub("", _DOCSTRING.sub("", text))
