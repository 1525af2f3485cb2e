"""The spec's side: what stands where under which name, and which of it is marked `x-page-differs`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..lint import types_of
from ..spec import Operation, Spec, escape, unescape
from .fields import words

MARK = "x-page-differs"
FACTS = "Facts:"


class Mark(NamedTuple):
    """An `x-page-differs`: where it stands, and why."""

    file: Path
    line: int
    why: str


class Node(NamedTuple):
    """One thing of a spec: where it stands, then what its `$ref`s name, as (JSON pointer, content)."""

    spec: Spec
    chain: tuple[tuple[str, dict[str, Any]], ...]

    @property
    def pointer(self) -> str:
        return self.chain[0][0]

    @property
    def end(self) -> str:
        """The pointer of what the last `$ref` names."""
        return self.chain[-1][0]

    @property
    def name(self) -> str:
        """The component, or the key, that it is written under."""
        return unescape(self.end.rpartition("/")[2])

    @property
    def marks(self) -> list[Mark]:
        """Every `x-page-differs` on it."""
        return [mark(self.spec, pointer, node) for pointer, node in self.chain if MARK in node]

    @property
    def paged(self) -> bool:
        """Whether a page states it: its own description does not begin with `Facts:`."""
        descriptions = (str(node["description"]) for _, node in self.chain if "description" in node)
        return not next(descriptions, "").startswith(FACTS)

    @property
    def keywords(self) -> dict[str, Any]:
        """All keywords, the nearest winning."""
        return {key: value for _, node in reversed(self.chain) for key, value in node.items()}

    @property
    def branches(self) -> list[Node]:
        """The branches of an `anyOf`, or itself."""
        pointer, node = self.chain[-1]
        found = [
            at(self.spec, f"{pointer}/anyOf/{index}", branch) for index, branch in enumerate(node.get("anyOf", []))
        ]
        return found or [self]

    @property
    def types(self) -> frozenset[str]:
        return frozenset(kind for branch in self.branches for kind in types_of(branch.keywords))

    @property
    def enum(self) -> list[str]:
        """The values of a closed or an open list."""
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
        return self._inner("items")

    @property
    def entry(self) -> Node | None:
        """The schema of a map's values."""
        return self._inner("additionalProperties")

    def _inner(self, keyword: str) -> Node | None:
        for branch in self.branches:
            node = branch.chain[-1][1].get(keyword)
            if isinstance(node, dict):
                return at(self.spec, f"{branch.end}/{keyword}", node)
        return None

    def spot(self, keyword: str = "") -> Spot:
        """It, at the line of a keyword where it has it."""
        at_keyword = (self.spec.line(f"{pointer}/{keyword}") for pointer, node in self.chain if keyword in node)
        return Spot(self, next(at_keyword, self.spec.line(self.pointer)))


class Spot(NamedTuple):
    """A thing of a spec and the line to edit for it."""

    node: Node
    line: int


class Place(NamedTuple):
    """Where a name may stand in an operation. `role`: path, query, header, credential, request or response.

    `owner` is what says whether it is required: the parameter, or the object that it is a field of.
    """

    name: str
    role: str
    node: Node
    required: bool
    owner: Node


def at(spec: Spec, pointer: str, node: dict[str, Any]) -> Node:
    """The thing at a pointer, its `$ref`s followed."""
    chain = [(pointer, node)]
    while "$ref" in chain[-1][1]:
        target: Any = spec.document
        reference = chain[-1][1]["$ref"].removeprefix("#")
        for key in reference.split("/")[1:]:
            target = target[unescape(key)]
        chain.append((reference, target))
    return Node(spec, tuple(chain))


def mark(spec: Spec, pointer: str, node: dict[str, Any]) -> Mark:
    """The mark on a thing; by its line, since an alias gives one thing several pointers."""
    return Mark(spec.path, spec.line(f"{pointer}/{MARK}"), str(node[MARK]))


class Route(NamedTuple):
    """An operation of a spec, and its places by role."""

    spec: Spec
    operation: Operation

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
        """`parameters` or `responses`, as where a thing is added: a mark on the operation is none on it."""
        return Node(self.spec, ((f"{self.operation.pointer}/{key}", {}),))

    @property
    def parameters(self) -> list[Place]:
        """The parameters of path, query and header."""
        item_pointer = self.operation.pointer.rpartition("/")[0]
        item = self.spec.document["paths"][self.operation.path]
        found = []
        for pointer, owner in ((item_pointer, item), (self.operation.pointer, self.operation.node)):
            for index, parameter in enumerate(owner.get("parameters", [])):
                outer = at(self.spec, f"{pointer}/parameters/{index}", parameter)
                inner = at(self.spec, f"{outer.end}/schema", outer.keywords["schema"])
                content, node = outer.keywords, Node(self.spec, outer.chain + inner.chain)
                found.append(Place(content["name"], content["in"], node, content.get("required", False), outer))
        return found

    @property
    def credentials(self) -> list[Place]:
        """What the operation's security schemes ask for; an http scheme is the header Authorization."""
        names = dict.fromkeys(name for option in self.operation.node["security"] for name in option)
        schemes = self.spec.document["components"]["securitySchemes"]
        found = []
        for name in names:
            pointer = f"/components/securitySchemes/{escape(name)}"
            header = schemes[name].get("name", "Authorization")
            node = Node(self.spec, ((pointer, schemes[name]),))
            found.append(Place(header, "credential", node, True, node))
        return found

    @property
    def body(self) -> Node | None:
        """The schema of what is sent."""
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
        found = [
            self._content(response.end, response.chain[-1][1])
            for status, response in self.answers.items()
            if status.startswith("2")
        ]
        return list({node.end: node for node in found if node}.values())

    def failure(self) -> Node | None:
        """The schema of the first error response that has one."""
        errors = (node for status, node in self.answers.items() if status >= "4")
        return next((found for node in errors if (found := self._content(node.end, node.chain[-1][1]))), None)

    def media(self, part: str) -> list[str]:
        """The media types of what is sent ("request") or of everything that comes back ("response")."""
        if part == "request":
            return list(self.operation.node.get("requestBody", {}).get("content", {}))
        return list({media for node in self.answers.values() for media in node.keywords.get("content", {})})

    def _content(self, pointer: str, owner: dict[str, Any]) -> Node | None:
        for media, content in owner.get("content", {}).items():
            return at(self.spec, f"{pointer}/content/{escape(media)}/schema", content["schema"])
        return None

    def places(self, role: str, subject: frozenset[str] = frozenset()) -> list[Place]:
        """The places that a list of fields may speak of: those of its role, or the fields of the thing it names."""
        roots = {"request": [self.body] if self.body else [], "response": self.successes}
        inner = [
            Place(place.name, part, *place[2:])
            for part, nodes in roots.items()
            for root in nodes
            for _, node in within(root)
            if subject and words(node.pointer.rpartition("/")[2]) == subject
            for place in fields(node.item or node, part)
        ]
        if inner:
            return [place for place in inner if role in ("any", "parameters", place.role)]
        found = self.parameters + self.credentials
        found += [place for part, nodes in roots.items() for node in nodes for place in top(node, part)]
        return [place for place in found if place.role in GROUPS.get(role, (role,))]


# The roles of places that a list of fields of a wider role may speak of.
GROUPS = {
    "header": ("header", "credential"),
    "parameters": ("path", "query", "header", "credential", "request"),
    "any": ("request", "response"),
    "": ("path", "query", "header", "credential", "request", "response"),
}


def fields(node: Node, role: str) -> list[Place]:
    """The fields of an object."""
    owner = node.object
    if not owner:
        return []
    return [Place(name, role, child, name in owner.required, owner) for name, child in owner.properties.items()]


def top(root: Node, role: str) -> list[Place]:
    """The fields of a body, and those inside its wrapper where it has one."""
    inner = wrapped(root)
    return fields(root, role) + (fields(inner, role) if inner else [])


def wrapped(root: Node) -> Node | None:
    """The object, or the item of the list, that is the only field of a body; pages leave such a wrapper out."""
    children = list(root.properties.values())
    inner = children[0].item or children[0] if len(children) == 1 else None
    return inner if inner and inner.properties else None


def within(root: Node) -> Iterator[tuple[str, Node]]:
    """Everything in a body, with its name, each component once."""
    seen, todo = {root.end}, [root]
    while todo:
        node = todo.pop(0)
        parts = list(node.properties.items())
        parts += [(node.name, part) for part in (node.item, node.entry) if part]
        for name, child in parts:
            yield name, child
            if child.end not in seen:
                seen.add(child.end)
                todo.append(child)


def every(specs: list[Spec]) -> list[Route]:
    """Every operation of the specs."""
    return [Route(spec, operation) for spec in specs for operation in spec.operations()]


def reached(route: Route) -> set[Mark]:
    """Every mark that an operation's page has to do with."""
    spec, found = route.spec, set()
    todo: list[tuple[str, Any]] = [(route.operation.pointer, route.operation.node)]
    todo += [place.node.chain[0] for place in route.credentials + route.parameters]
    todo += [(f"/servers/{index}", server) for index, server in enumerate(spec.document["servers"])]
    seen: set[str] = set()
    while todo:
        pointer, node = todo.pop()
        if pointer in seen or not isinstance(node, dict | list):
            continue
        seen.add(pointer)
        if isinstance(node, list):
            todo += [(f"{pointer}/{index}", part) for index, part in enumerate(node)]
            continue
        if MARK in node:
            found.add(mark(spec, pointer, node))
        if isinstance(node.get("$ref"), str) and node["$ref"].startswith("#/"):
            todo.append(at(spec, pointer, node).chain[1])
        todo += [(f"{pointer}/{escape(key)}", part) for key, part in node.items() if key not in ("example", "examples")]
    return found
