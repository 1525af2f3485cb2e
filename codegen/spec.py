"""A YAML file -> a Spec: the OpenAPI document, its operations, and the line of each part."""

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


class SpecOperation(NamedTuple):
    """One operation of a spec: its OpenAPI object `node`, and its parameters, dereferenced."""

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
        """Return the line of a pointer, or of its nearest parent with a line (an alias has its anchor's)."""
        while pointer and pointer not in self.lines:
            pointer = pointer.rpartition("/")[0]
        return self.lines.get(pointer, 1)

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        """Return the object that a `$ref` refers to, or the node itself."""
        while "$ref" in node:
            target: Any = self.document
            for key in node["$ref"].removeprefix("#/").split("/"):
                target = target[unescape(key)]
            node = target
        return node

    def operations(self) -> Iterator[SpecOperation]:
        """Yield every operation, in the order of the file."""
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method not in item:
                    continue
                node = item[method]
                shared = item.get("parameters", [])
                parameters = [self.resolve(parameter) for parameter in [*shared, *node.get("parameters", [])]]
                pointer = f"/paths/{escape(path)}/{method}"
                yield SpecOperation(node["operationId"], method.upper(), path, pointer, node, parameters)


def load(path: Path) -> Spec:
    """Read a spec. Raises SpecError with a line (file, line, message) for each error in it."""
    try:
        document, lines = parse(path, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: {getattr(error, 'strerror', 'not UTF-8 text')}") from error
    return check_document(path, document, lines)


def parse(path: Path, text: str) -> tuple[Any, dict[str, int]]:
    """Parse YAML or JSON; return it with the line of each part by its pointer. Raises SpecError."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        lines: dict[str, int] = {}
        if root is not None:
            _number_lines(root, "", lines, ())
        document = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SpecError(f"{path}:{line}: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SpecError(f"{path}:1: no YAML text: {type(error).__name__}") from error
    return document, lines


def check_document(path: Path, document: Any, lines: dict[str, int]) -> Spec:
    """Make a spec of a parsed document. Raises SpecError with a line for each part that no spec has like this."""
    if not isinstance(document, dict):
        raise SpecError(f"{path}:1: not an OpenAPI document")
    spec = Spec(path, document, lines)
    errors = list(_find_shape_errors(document)) or list(_find_dangling_references(document))
    if errors:
        raise SpecError("\n".join(f"{path}:{spec.line(pointer)}: {message}" for pointer, message in errors))
    return spec


def load_all(folder: Path) -> list[Spec]:
    """Read every spec of a folder, by name. Raises SpecError if there is none."""
    specs = [load(path) for path in sorted(folder.glob("*.yaml"))]
    if not specs:
        raise SpecError(f"{folder}: no *.yaml here")
    return specs


def escape(key: str) -> str:
    """Escape a key for a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def unescape(key: str) -> str:
    """Return the key that a token of a JSON pointer stands for."""
    return key.replace("~1", "/").replace("~0", "~")


def referenced_name(schema: dict[str, Any]) -> str:
    """Return the name of the component that a schema refers to, or ""."""
    return str(schema.get("$ref", "")).removeprefix(SCHEMAS)


def snake(name: str) -> str:
    """Convert a name to snake_case: `orderRefund` -> `order_refund`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def display_path(path: Path) -> str:
    """Return a path for messages: relative to the current folder if it is inside."""
    absolute = path.resolve()
    return str(absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else path)


def plain(description: str) -> str:
    """Return a description on one line, without the prefix `Facts: `."""
    text = " ".join(description.removeprefix("Facts: ").split())
    return text[:1].upper() + text[1:]


@cache
def _load_shape() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(yaml.safe_load(SHAPE.read_text("utf-8")), mask="this")


def _find_shape_errors(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (pointer, message) for each part that has not the shape of a spec."""
    for error in _load_shape().iter_errors(document):
        pointer = "".join(f"/{escape(str(part))}" for part in error.instance_path)
        yield pointer, f"{error.instance_path[-1] if error.instance_path else 'the document'}: {error.message}"


def _find_dangling_references(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (pointer, message) for each reference that leads nowhere, or back to itself."""
    references = dict(_list_references(document, ""))
    for pointer, reference in references.items():
        visited, target = {pointer}, _find_target(document, reference)
        while target in references and target not in visited:
            visited.add(target)
            target = _find_target(document, references[target])
        if target is None:
            yield pointer, f"{reference} leads nowhere"
        elif target == pointer:
            yield pointer, f"{reference} leads back to itself"


def _find_target(document: dict[str, Any], reference: str) -> str | None:
    """Return the pointer that a reference of this document names; None if nothing stands there."""
    pointer = reference.removeprefix("#")
    node: Any = document
    for part in pointer.split("/")[1:]:
        node = node.get(unescape(part)) if isinstance(node, dict) else None
    return pointer if reference.startswith("#/") and isinstance(node, dict) else None


def _list_references(node: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _list_references(item, f"{pointer}/{index}")
    elif isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield pointer, node["$ref"]
        for key, value in node.items():
            yield from _list_references(value, f"{pointer}/{escape(key)}")


def _number_lines(node: yaml.Node, pointer: str, lines: dict[str, int], above: tuple[yaml.Node, ...]) -> None:
    """Note the line of each part in `lines`. Raises MarkedYAMLError for what JSON cannot express."""
    if node in above:
        raise _make_error(node, "an alias stands inside its own anchor")
    if node.tag not in JSON_TAGS or (node.tag == f"{TAG}float" and NO_NUMBERS.match(node.value)):
        raise _make_error(node, f"`{node.value}` is no JSON value: write it in quotes")
    lines.setdefault(pointer, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        keys = set()
        for key, value in node.value:
            if key.tag != f"{TAG}str":
                raise _make_error(key, f"the key `{key.value}` is no text: write it in quotes")
            if key.value in keys:
                raise _make_error(key, f"the key `{key.value}` stands twice: the second replaces the first")
            keys.add(key.value)
            child = f"{pointer}/{escape(key.value)}"
            lines[child] = key.start_mark.line + 1
            _number_lines(value, child, lines, (*above, node))
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _number_lines(item, f"{pointer}/{index}", lines, (*above, node))


def _make_error(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
