"""One hand-written OpenAPI document: its content, and the line on which each part of it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs
import yaml

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
SCHEMAS = "#/components/schemas/"
SHAPE = Path(__file__).parent / "shape.yaml"
TAG = "tag:yaml.org,2002:"
JSON_TAGS = frozenset(f"{TAG}{kind}" for kind in ("str", "int", "float", "bool", "null", "seq", "map"))
NO_NUMBERS = re.compile(r"[-+]?\.(inf|nan)\Z", re.IGNORECASE)


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
    """Read a spec, well-formed. Raises SpecError with file and line, a line of its words for each thing amiss."""
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        lines: dict[str, int] = {}
        if root is not None:
            _number(root, "", lines, ())
        document = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SpecError(f"{path}:{line}: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SpecError(f"{path}:1: no YAML text: {type(error).__name__}") from error
    except OSError as error:
        raise SpecError(f"{path}: {error.strerror}") from error
    if not isinstance(document, dict):
        raise SpecError(f"{path}:1: not an OpenAPI document")
    spec = Spec(path, document, lines)
    amiss = list(_misshapen(document)) or list(_dangling(document))
    if amiss:
        raise SpecError("\n".join(f"{path}:{spec.line(pointer)}: {message}" for pointer, message in amiss))
    return spec


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


@cache
def _shape() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(yaml.safe_load(SHAPE.read_text("utf-8")), mask="this")


def _misshapen(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(pointer, message) of whatever has not the shape of a spec."""
    for error in _shape().iter_errors(document):
        pointer = "".join(f"/{escape(str(part))}" for part in error.instance_path)
        yield pointer, f"{error.instance_path[-1] if error.instance_path else 'the document'}: {error.message}"


def _dangling(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(pointer, message) of every reference that leads nowhere, or back to itself."""
    references = dict(_references(document, ""))
    for pointer, reference in references.items():
        seen, target = {pointer}, _target(document, reference)
        while target in references and target not in seen:
            seen.add(target)
            target = _target(document, references[target])
        if target is None:
            yield pointer, f"{reference} leads nowhere"
        elif target == pointer:
            yield pointer, f"{reference} leads back to itself"


def _target(document: dict[str, Any], reference: str) -> str | None:
    """The pointer that a reference of this document names, if anything stands there."""
    pointer = reference.removeprefix("#")
    node: Any = document
    for part in pointer.split("/")[1:]:
        node = node.get(unescape(part)) if isinstance(node, dict) else None
    return pointer if reference.startswith("#/") and isinstance(node, dict) else None


def _references(node: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _references(item, f"{pointer}/{index}")
    elif isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield pointer, node["$ref"]
        for key, value in node.items():
            yield from _references(value, f"{pointer}/{escape(key)}")


def _number(node: yaml.Node, pointer: str, lines: dict[str, int], above: tuple[yaml.Node, ...]) -> None:
    """Note the line of everything, and refuse what YAML can say and JSON cannot."""
    if node in above:
        raise _odd(node, "an alias stands inside its own anchor")
    if node.tag not in JSON_TAGS or (node.tag == f"{TAG}float" and NO_NUMBERS.match(node.value)):
        raise _odd(node, f"`{node.value}` is no JSON value: write it in quotes")
    lines.setdefault(pointer, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        keys = set()
        for key, value in node.value:
            if key.tag != f"{TAG}str":
                raise _odd(key, f"the key `{key.value}` is no text: write it in quotes")
            if key.value in keys:
                raise _odd(key, f"the key `{key.value}` stands twice: the second replaces the first")
            keys.add(key.value)
            child = f"{pointer}/{escape(key.value)}"
            lines[child] = key.start_mark.line + 1
            _number(value, child, lines, (*above, node))
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _number(item, f"{pointer}/{index}", lines, (*above, node))


def _odd(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
