"""python -m tests.proof_bytes FOLDER [TEXTS]: random bytes for the scanner whose compiled module is in the folder.

The module stands for the installed one. Nothing is compared: sanitizers that it was compiled with end the process.
"""

from __future__ import annotations

import sys
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from fuzz import mutated
from refundkit import operations
from refundkit.checking import proof
from story import story, text


def load(folder: str) -> ModuleType:
    """Load the compiled module from a folder."""
    file = next(Path(folder).glob("_proofscan*"))
    spec = spec_from_file_location("refundkit._proofscan", file, loader=ExtensionFileLoader("_proofscan", str(file)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(arguments: list[str]) -> None:
    proof.scanner = load(arguments[0])
    random, count = Random(arguments[1]), int(arguments[1])  # noqa: S311 - no secret
    programs: list[tuple[Any, bytes]] = []
    for name in operations.names():
        operation = operations.get(name)
        if proof.find_screen(operation) is not None:
            texts = [text(story(name)[part]) if part in story(name) else b"{}" for part in ("body", "order", "refunds")]
            trees = proof._programs(operation)
            programs += [(tree, document) for tree, document in zip(trees, texts, strict=True) if tree is not None]
    fine = 0
    for _ in range(count):
        tree, document = random.choice(programs)
        size = random.randrange(len(document) + 1)
        cut = random.choice((document, document[:size], mutated(document, random), random.randbytes(size % 40)))
        fine += proof.scanner.scan(tree, cut) is not None
    for depth in (59, 60, 61, 100_000):
        for opening in (b"[", b'{"a":', b'{"orderRefund":'):
            for tree, _ in programs:
                proof.scanner.scan(tree, opening * depth)
    print(f"{count:,} texts scanned, {fine:,} of them fine")


if __name__ == "__main__":
    main(sys.argv[1:])
