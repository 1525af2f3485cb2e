"""The command `python -m codegen changes`: specs/ and a git revision of it -> changes, and the code that uses them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from .spec import Spec, SpecError, load_all
from .spec_changes import SpecChange, compare_specs
from .usages import UsagesUnknownError, find_usages


def print_changes(revision: str, folder: Path) -> int:
    """Print the changes of a folder of specs since a revision, and what uses them. Raises SpecError."""
    changes = [change for old, new in _load_versions(revision, folder) for change in compare_specs(old, new)]
    print(*changes, sep="\n", end="\n" if changes else "")
    try:
        usages = find_usages(changes, folder.resolve().parent, revision)
    except UsagesUnknownError as error:
        print(f"\nused by: not known, {error}")
    else:
        if usages:
            print("\nused by", *usages, sep="\n  ")
    print(_summarize(changes, revision), file=sys.stderr)
    return 0


def _summarize(changes: Sequence[SpecChange], revision: str) -> str:
    certain = [change for change in changes if change.is_certain]
    senders, readers = sum(change.breaks_sender for change in certain), sum(change.breaks_reader for change in certain)
    undecided = sum(change.breaks_sender or change.breaks_reader for change in changes if not change.is_certain)
    counted = "1 change" if len(changes) == 1 else f"{len(changes)} changes"
    summary = f"{counted} since {revision}; breaking for senders: {senders}, for readers: {readers}"
    return f"{summary}; cannot be decided: {undecided}" if undecided else summary


def _load_versions(revision: str, folder: Path) -> Iterator[tuple[Spec | None, Spec | None]]:
    new = {spec.api: spec for spec in load_all(folder)}
    with tempfile.TemporaryDirectory(prefix="refundkit-") as scratch:
        for name in _run_git(folder, "ls-tree", "--name-only", revision, ".").splitlines():
            if name.endswith(".yaml"):
                Path(scratch, name).write_text(_run_git(folder, "show", f"{revision}:./{name}"), encoding="utf-8")
        old = {spec.api: spec for spec in load_all(Path(scratch))}
    for api in sorted(old.keys() | new.keys()):
        yield old.get(api), new.get(api)


def _run_git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SpecError(f"git {arguments[0]}: {run.stderr.strip()}")
    return run.stdout
