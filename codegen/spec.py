"""One hand-written OpenAPI document: its content, and the line on which each part of it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
SCHEMAS = "#/components/schemas/"


class SpecError(Exception):
    """A spec that cannot be read or compiled; the message names file and line."""


class Operation(NamedTuple):
    """One operation of a spec: its name, and the OpenAPI object with parameters and responses dereferenced."""

    name: str
    method: str
    path: str
    pointer: str
    node: dict[str, Any]
    parameters: list[dict[str, Any]]


class Spec(NamedTuple):
    """A parsed spec; `lines` maps a JSON pointer to the 1-based line of its key or item."""

    path: Path
    document: dict[str, Any]
    lines: dict[str, int]

    @property
    def api(self) -> str:
        return self.path.stem

    @property
    def schemas(self) -> dict[str, Any]:
        schemas: dict[str, Any] = self.document["components"]["schemas"]
        return schemas

    def line(self, pointer: str) -> int:
        """The line of the pointer, or of the nearest parent that has one (an alias stands where its anchor does)."""
        while pointer and pointer not in self.lines:
            pointer = pointer.rpartition("/")[0]
        return self.lines.get(pointer, 1)

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        """The object that a `$ref` names, or the node itself."""
        while "$ref" in node:
            target: Any = self.document
            for key in node["$ref"].removeprefix("#/").split("/"):
                target = target[unescape(key)]
            node = target
        return node

    def operations(self) -> Iterator[Operation]:
        """Every operation, in the order of the file."""
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method not in item:
                    continue
                node = item[method]
                shared = item.get("parameters", [])
                parameters = [self.resolve(parameter) for parameter in [*shared, *node.get("parameters", [])]]
                pointer = f"/paths/{escape(path)}/{method}"
                yield Operation(node["operationId"], method.upper(), path, pointer, node, parameters)


def load(path: Path) -> Spec:
    """Read a spec. Raises SpecError with file and line when it is no YAML document."""
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SpecError(f"{path}:{line}: {error.problem}") from error
    except OSError as error:
        raise SpecError(f"{path}: {error.strerror}") from error
    if root is None or not isinstance(document, dict):
        raise SpecError(f"{path}:1: not an OpenAPI document")
    lines: dict[str, int] = {}
    _number(root, "", lines)
    return Spec(path, document, lines)


def load_all(folder: Path) -> list[Spec]:
    """Every spec of a folder, by name. Raises SpecError when there is none."""
    specs = [load(path) for path in sorted(folder.glob("*.yaml"))]
    if not specs:
        raise SpecError(f"{folder}: no *.yaml here")
    return specs


def escape(key: str) -> str:
    """A key as it stands in a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def unescape(key: str) -> str:
    """The key that a part of a JSON pointer means."""
    return key.replace("~1", "/").replace("~0", "~")


def snake(name: str) -> str:
    """`orderRefund` -> `order_refund`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def plain(description: str) -> str:
    """A description on one line, without the mark that no page states it."""
    text = " ".join(description.removeprefix("Facts: ").split())
    return text[:1].upper() + text[1:]


def _number(node: yaml.Node, pointer: str, lines: dict[str, int]) -> None:
    lines.setdefault(pointer, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            child = f"{pointer}/{escape(key.value)}"
            lines[child] = key.start_mark.line + 1
            _number(value, child, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _number(item, f"{pointer}/{index}", lines)
