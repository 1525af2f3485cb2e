"""A Spec -> its Routes: the named places of each operation, and the marks `x-page-differs` on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..lint import types_of
from ..spec import Spec, SpecOperation, escape, unescape
from .fields import words

MARK = "x-page-differs"
FACTS = "Facts:"


class Mark(NamedTuple):
    """An `x-page-differs`: its place, and the reason."""

    file: Path
    line: int
    why: str


class Node(NamedTuple):
    """A node of a spec, then the nodes that its `$ref`s lead to, each as (JSON pointer, content)."""

    spec: Spec
    chain: tuple[tuple[str, dict[str, Any]], ...]

    @property
    def pointer(self) -> str:
        return self.chain[0][0]

    @property
    def end(self) -> str:
        """The pointer of the node that the last `$ref` leads to."""
        return self.chain[-1][0]

    @property
    def name(self) -> str:
        """The name of its component, or its key."""
        return unescape(self.end.rpartition("/")[2])

    @property
    def marks(self) -> list[Mark]:
        """Every mark `x-page-differs` on it."""
        return [mark(self.spec, pointer, node) for pointer, node in self.chain if MARK in node]

    @property
    def paged(self) -> bool:
        """True if a page states it: its description does not begin with `Facts:`."""
        descriptions = (str(node["description"]) for _, node in self.chain if "description" in node)
        return not next(descriptions, "").startswith(FACTS)

    @property
    def keywords(self) -> dict[str, Any]:
        """All keywords along the chain; the first node that has one wins."""
        return {key: value for _, node in reversed(self.chain) for key, value in node.items()}

    @property
    def branches(self) -> list[Node]:
        """The branches of an `anyOf`, or itself."""
        pointer, node = self.chain[-1]
        nodes = [
            at(self.spec, f"{pointer}/anyOf/{index}", branch) for index, branch in enumerate(node.get("anyOf", []))
        ]
        return nodes or [self]

    @property
    def types(self) -> frozenset[str]:
        return frozenset(kind for branch in self.branches for kind in types_of(branch.keywords))

    @property
    def enum(self) -> list[str]:
        """The values of its enum, closed or open."""
        return next(
            (list(map(str, branch.keywords["enum"])) for branch in self.branches if "enum" in branch.keywords), []
        )

    @property
    def required(self) -> set[str]:
        return {name for branch in self.branches for name in branch.chain[-1][1].get("required", [])}

    @property
    def properties(self) -> dict[str, Node]:
        return {
            name: at(self.spec, f"{branch.end}/properties/{escape(name)}", node)
            for branch in self.branches
            for name, node in branch.chain[-1][1].get("properties", {}).items()
        }

    @property
    def object(self) -> Node | None:
        """The branch that is an object with fields."""
        return next((branch for branch in self.branches if branch.chain[-1][1].get("properties")), None)

    @property
    def item(self) -> Node | None:
        """The schema of an array's items."""
        return self._child("items")

    @property
    def entry(self) -> Node | None:
        """The schema of a map's values."""
        return self._child("additionalProperties")

    def _child(self, keyword: str) -> Node | None:
        for branch in self.branches:
            node = branch.chain[-1][1].get(keyword)
            if isinstance(node, dict):
                return at(self.spec, f"{branch.end}/{keyword}", node)
        return None

    def spot(self, keyword: str = "") -> Spot:
        """Return the node with the line of a keyword, or its own line without that keyword."""
        at_keyword = (self.spec.line(f"{pointer}/{keyword}") for pointer, node in self.chain if keyword in node)
        return Spot(self, next(at_keyword, self.spec.line(self.pointer)))


class Spot(NamedTuple):
    """A node of a spec, and the line to edit."""

    node: Node
    line: int


class SpecPlace(NamedTuple):
    """A named part of an operation. `role`: path, query, header, credential, request or response.

    `owner` states whether it is required: the parameter, or the object that it is a field of.
    """

    name: str
    role: str
    node: Node
    required: bool
    owner: Node


def at(spec: Spec, pointer: str, node: dict[str, Any]) -> Node:
    """Return the node at a pointer, with the nodes that its `$ref`s lead to."""
    chain = [(pointer, node)]
    while "$ref" in chain[-1][1]:
        target: Any = spec.document
        reference = chain[-1][1]["$ref"].removeprefix("#")
        for key in reference.split("/")[1:]:
            target = target[unescape(key)]
        chain.append((reference, target))
    return Node(spec, tuple(chain))


def mark(spec: Spec, pointer: str, node: dict[str, Any]) -> Mark:
    """Return the mark on a node; marks are equal by line, since a YAML alias gives one node several pointers."""
    return Mark(spec.path, spec.line(f"{pointer}/{MARK}"), str(node[MARK]))


class Route(NamedTuple):
    """An operation of a spec, and its places by role."""

    spec: Spec
    operation: SpecOperation

    @property
    def name(self) -> str:
        return f"{self.spec.api}.{self.operation.name}"

    @property
    def page(self) -> str:
        return str(self.operation.node.get("x-source", {}).get("page", ""))

    @property
    def title(self) -> str:
        return str(self.operation.node.get("x-source", {}).get("section", ""))

    @property
    def node(self) -> Node:
        return Node(self.spec, ((self.operation.pointer, self.operation.node),))

    def part(self, key: str) -> Node:
        """Return a part such as `parameters`, to add something to; the operation's marks do not apply to it."""
        return Node(self.spec, ((f"{self.operation.pointer}/{key}", {}),))

    @property
    def parameters(self) -> list[SpecPlace]:
        """The parameters of path, query and header."""
        item_pointer = self.operation.pointer.rpartition("/")[0]
        item = self.spec.document["paths"][self.operation.path]
        places = []
        for pointer, owner in ((item_pointer, item), (self.operation.pointer, self.operation.node)):
            for index, parameter in enumerate(owner.get("parameters", [])):
                parameter_node = at(self.spec, f"{pointer}/parameters/{index}", parameter)
                schema_node = at(self.spec, f"{parameter_node.end}/schema", parameter_node.keywords["schema"])
                content, node = parameter_node.keywords, Node(self.spec, parameter_node.chain + schema_node.chain)
                is_required = content.get("required", False)
                places.append(SpecPlace(content["name"], content["in"], node, is_required, parameter_node))
        return places

    @property
    def credentials(self) -> list[SpecPlace]:
        """The places of the operation's credentials; an http scheme is the header Authorization."""
        names = dict.fromkeys(name for option in self.operation.node["security"] for name in option)
        schemes = self.spec.document["components"]["securitySchemes"]
        places = []
        for name in names:
            pointer = f"/components/securitySchemes/{escape(name)}"
            header = schemes[name].get("name", "Authorization")
            node = Node(self.spec, ((pointer, schemes[name]),))
            places.append(SpecPlace(header, "credential", node, True, node))
        return places

    @property
    def body(self) -> Node | None:
        """The schema of the request body."""
        return self._content(f"{self.operation.pointer}/requestBody", self.operation.node.get("requestBody", {}))

    @property
    def answers(self) -> dict[str, Node]:
        """Every response by its status."""
        pointer = f"{self.operation.pointer}/responses"
        return {
            status: at(self.spec, f"{pointer}/{status}", response)
            for status, response in self.operation.node["responses"].items()
        }

    @property
    def successes(self) -> list[Node]:
        """The schemas of the 2xx responses, each once."""
        schemas = [
            self._content(response.end, response.chain[-1][1])
            for status, response in self.answers.items()
            if status.startswith("2")
        ]
        return list({node.end: node for node in schemas if node}.values())

    def failure(self) -> Node | None:
        """Return the schema of the first error response that has one."""
        errors = (node for status, node in self.answers.items() if status >= "4")
        return next((schema for node in errors if (schema := self._content(node.end, node.chain[-1][1]))), None)

    def media(self, part: str) -> list[str]:
        """Return the media types of the request body ("request") or of all responses ("response")."""
        if part == "request":
            return list(self.operation.node.get("requestBody", {}).get("content", {}))
        return list({media for node in self.answers.values() for media in node.keywords.get("content", {})})

    def _content(self, pointer: str, owner: dict[str, Any]) -> Node | None:
        for media, content in owner.get("content", {}).items():
            return at(self.spec, f"{pointer}/content/{escape(media)}/schema", content["schema"])
        return None

    def places(self, role: str, subject: frozenset[str] = frozenset()) -> list[SpecPlace]:
        """Return the places that a list of fields may describe: those of its role, or of the object that it names."""
        roots = {"request": [self.body] if self.body else [], "response": self.successes}
        subject_places = [
            SpecPlace(place.name, part, *place[2:])
            for part, nodes in roots.items()
            for root in nodes
            for _, node in walk_nodes(root)
            if subject and words(node.pointer.rpartition("/")[2]) == subject
            for place in fields(node.item or node, part)
        ]
        if subject_places:
            return [place for place in subject_places if place.role in GROUPS.get(role, (role,))]
        candidates = self.parameters + self.credentials
        candidates += [place for part, nodes in roots.items() for node in nodes for place in body_places(node, part)]
        return [place for place in candidates if place.role in GROUPS.get(role, (role,))]


# The roles of places that a list of fields with a wider role may describe.
GROUPS = {
    "header": ("header", "credential"),
    "parameters": ("path", "query", "header", "credential", "request"),
    "any": ("request", "response"),
    "": ("path", "query", "header", "credential", "request", "response"),
}


def fields(node: Node, role: str) -> list[SpecPlace]:
    """Return the fields of an object."""
    owner = node.object
    if not owner:
        return []
    return [SpecPlace(name, role, child, name in owner.required, owner) for name, child in owner.properties.items()]


def body_places(root: Node, role: str) -> list[SpecPlace]:
    """Return the fields of a body, and those inside its wrapper if it has one."""
    wrapped = find_wrapped(root)
    return fields(root, role) + (fields(wrapped, role) if wrapped else [])


def find_wrapped(root: Node) -> Node | None:
    """Return the object, or item of a list, in the only field of a body; None without such a wrapper.

    Pages leave such wrappers out.
    """
    children = list(root.properties.values())
    child = children[0].item or children[0] if len(children) == 1 else None
    return child if child and child.properties else None


def walk_nodes(root: Node) -> Iterator[tuple[str, Node]]:
    """Yield name and node of everything in a body, the parts of each component once."""
    visited, pending = {root.end}, [root]
    while pending:
        node = pending.pop(0)
        parts = list(node.properties.items())
        parts += [(node.name, part) for part in (node.item, node.entry) if part]
        for name, child in parts:
            yield name, child
            if child.end not in visited:
                visited.add(child.end)
                pending.append(child)


def all_routes(specs: list[Spec]) -> list[Route]:
    """Return every operation of the specs."""
    return [Route(spec, operation) for spec in specs for operation in spec.operations()]


def reachable_marks(route: Route) -> set[Mark]:
    """Return every mark on an operation and on what it refers to."""
    spec, marks = route.spec, set()
    pending: list[tuple[str, Any]] = [(route.operation.pointer, route.operation.node)]
    pending += [place.node.chain[0] for place in route.credentials + route.parameters]
    pending += [(f"/servers/{index}", server) for index, server in enumerate(spec.document["servers"])]
    visited: set[str] = set()
    while pending:
        pointer, node = pending.pop()
        if pointer in visited or not isinstance(node, dict | list):
            continue
        visited.add(pointer)
        if isinstance(node, list):
            pending += [(f"{pointer}/{index}", part) for index, part in enumerate(node)]
            continue
        if MARK in node:
            marks.add(mark(spec, pointer, node))
        if isinstance(node.get("$ref"), str) and node["$ref"].startswith("#/"):
            pending.append(at(spec, pointer, node).chain[1])
        parts = {key: part for key, part in node.items() if key not in ("example", "examples")}
        pending += [(f"{pointer}/{escape(key)}", part) for key, part in parts.items()]
    return marks
