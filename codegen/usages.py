"""Changes of specs and a checkout -> the code that uses what changed, by mypy.

The package that was generated before the changes is copied, models and operations that changed are marked deprecated in
it, and fields are renamed. mypy runs over the hand-written code with the copy in place of generated/: each error about
one of them is a line that uses it.
"""

from __future__ import annotations

import ast
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from .spec import display_path, snake
from .spec_changes import SpecChange

CODE = ("validators", "tests")
PACKAGE = "generated/refundkit_apis"
ERROR = re.compile(r"(?P<path>.+?):(?P<line>\d+): error: (?P<message>.+)$")
DEPRECATED = re.compile(r"(?:class|function) ([\w.]+) is deprecated")
FIRST_IMPORT = re.compile(r"^(?=from (?!__future__)|import )", re.MULTILINE)


class Usage(NamedTuple):
    """A line that uses what changed; `owner` is the rule or the function around it, if any."""

    file: Path
    line: int
    owner: str
    names: str

    def __str__(self) -> str:
        return f"{display_path(self.file)}:{self.line}: {f'{self.owner}: ' if self.owner else ''}{self.names}"


class UsagesUnknownError(Exception):
    """The code that uses what changed cannot be found; the message says why."""


def find_usages(changes: Iterable[SpecChange], root: Path, revision: str) -> list[Usage]:
    """Find the lines of a checkout that use what changed since a revision. Raises UsagesUnknownError."""
    uses = {(change.api, model, field) for change in changes for model, field in change.uses}
    if not uses:
        return []
    if not find_spec("mypy"):
        raise UsagesUnknownError("mypy is not installed")
    with tempfile.TemporaryDirectory(prefix="refundkit-") as scratch:
        _extract_package(root, revision, Path(scratch))
        package = Path(scratch) / PACKAGE
        # Fields first: a mark on their model would stand in the way of finding them.
        ordered = sorted(uses, key=lambda use: (not use[2], use))
        names = {names: label for api, *use in ordered for names, label in _mark(package / api, *use)}
        lines = _run_mypy(root, package.parent)
    return list(_group_by_owner(root, lines, names))


def _extract_package(root: Path, revision: str, folder: Path) -> None:
    """Write the generated package of a revision into a folder."""
    command = ["git", "-C", str(root), "archive", "--format=tar", revision, PACKAGE]
    run = subprocess.run(command, capture_output=True, check=False)
    if run.returncode:
        raise UsagesUnknownError(f"no {PACKAGE} in {revision}")
    with tarfile.open(fileobj=io.BytesIO(run.stdout)) as archive:
        archive.extractall(folder, filter="data")


def _mark(package: Path, model: str, field: str) -> Iterator[tuple[frozenset[str], str]]:
    """Mark a model, a field or an operation of a package; yield the names in an error about it, and its own."""
    if field and model:
        attribute = _rename_field(package / "models.py", model, field)
        yield frozenset({model, attribute}), f"{model}.{attribute}"
    elif model:
        # An import of the model is told by the mark, and a call of it by a field that the call lacks.
        _deprecate(package / "models.py", rf"class {model}\(")
        text = _read(package / "models.py")
        _write(
            package / "models.py", re.sub(rf"^(class {model}\(.*)$", r"\1\n    hidden_: int", text, flags=re.MULTILINE)
        )
        yield frozenset({f"refundkit_apis.{package.name}.models.{model}"}), model
        yield frozenset({model, "hidden_"}), model
    else:
        _deprecate(package / "ready.py", rf"    (?:async )?def {field}\(")
        for owner in re.findall(r"^class (\w+)", _read(package / "ready.py"), re.MULTILINE):
            yield frozenset({f"refundkit_apis.{package.name}.ready.{owner}.{field}"}), field
        for path in package.glob(f"api/*/{field}.py"):
            module = f"refundkit_apis.{package.name}.api.{path.parent.name}.{field}"
            for function in re.findall(r"^(?:async )?def (\w+)\(", _read(path), re.MULTILINE):
                yield frozenset({f"{module}.{function}"}), field
            _deprecate(path, r"(?:async )?def \w+\(")


def _deprecate(path: Path, pattern: str) -> None:
    """Mark the definitions of a module that match."""
    text = re.sub(rf"^(?={pattern})( *)", r"\1@deprecated('')\n\1", _read(path), flags=re.MULTILINE)
    _write(path, FIRST_IMPORT.sub("from typing_extensions import deprecated\n", text, count=1))


def _rename_field(path: Path, model: str, field: str) -> str:
    """Rename a field of a model, and return the name that it had."""
    text = _read(path)
    block = re.search(rf"^class {model}\(.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    names = re.findall(r"^    (\w+):(?:.*\bname=\"([^\"]*)\")?", block[0] if block else "", re.MULTILINE)
    attribute = next((name for name, wire_name in names if field in (name, wire_name)), snake(field))
    if block:
        renamed = re.sub(rf"^    {attribute}:", f"    {attribute}_:", block[0], flags=re.MULTILINE)
        _write(path, text.replace(block[0], renamed))
    return attribute


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def _write(path: Path, text: str) -> None:
    if path.exists():
        path.write_text(text, encoding="utf-8")


def _run_mypy(root: Path, generated: Path) -> list[str]:
    folders = [name for name in CODE if (root / name).is_dir()]
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--no-pretty", "--enable-error-code=deprecated"]
    environment = {**os.environ, "MYPYPATH": str(generated), "MYPY_CACHE_DIR": str(root / ".mypy_cache" / "changes")}
    run = subprocess.run([*command, *folders], cwd=root, capture_output=True, text=True, check=False, env=environment)
    if run.returncode not in (0, 1):
        raise UsagesUnknownError(f"mypy: {(run.stderr or run.stdout).strip()}")
    return run.stdout.splitlines()


def _group_by_owner(root: Path, lines: Iterable[str], names: dict[frozenset[str], str]) -> Iterator[Usage]:
    """Yield a usage for each rule or function with an error about a hidden name, at the first such line."""
    first: dict[tuple[Path, str], tuple[int, set[str]]] = {}
    definitions: dict[Path, list[tuple[int, int, str]]] = {}
    for match in filter(None, map(ERROR.match, lines)):
        quoted = set(re.findall(r"\w+", " ".join(re.findall(r'"([^"]*)"', match["message"]))))
        mentioned = quoted | set(DEPRECATED.findall(match["message"]))
        labels = {label for words, label in names.items() if words <= mentioned}
        path, line = root / match["path"], int(match["line"])
        if labels and path.is_relative_to(root):
            owners = definitions.setdefault(path, _list_definitions(path.read_text("utf-8")))
            owner = next((name for start, end, name in owners if start <= line <= end), "")
            first.setdefault((path, owner), (line, set()))[1].update(labels)
    for (path, owner), (line, labels) in sorted(first.items()):
        yield Usage(path, line, owner, ", ".join(sorted(labels)))


def _list_definitions(text: str) -> list[tuple[int, int, str]]:
    """List first line, last line and name of each function and class of a module; a rule's name begins with its id."""
    definitions = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            rules = [
                argument.value
                for decorator in node.decorator_list
                if isinstance(decorator, ast.Call)
                for argument in decorator.args[:1]
                if isinstance(argument, ast.Constant) and re.match(r"RF[0-9]{3}\Z", str(argument.value))
            ]
            definitions.append((first, node.end_lineno or first, " ".join(map(str, [*rules, node.name]))))
    return definitions
