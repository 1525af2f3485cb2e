"""Two versions of a Spec -> its changes: each one in words, with its place and whom it breaks.

Operations are compared by what goes over the wire: schemas are resolved, so that neither the name of a component nor
that of a placeholder breaks anybody. No library in Python compares OpenAPI 3.1 and distinguishes who sends from who
reads; a change that this module has no message for is reported as such.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from .schema_changes import WORDS
from .schema_walk import PlacedChange, Role, SchemaPlace, SchemaWalk, Uses
from .spec import SCHEMAS, Spec, SpecOperation, display_path, escape

# Whether another value of an extension breaks senders: those that change the methods of the ready client do.
EXTENSIONS = {
    "x-context": False,
    "x-default": False,
    "x-replaced-by": False,
    "x-given-once": True,
    "x-credentials": True,
    "x-one-call": True,
}
PLACEHOLDER = re.compile(r"\{([^}]*)\}")
# The keys that have a comparison of their own, by object; all others are compared by equality.
DOCUMENT = frozenset({"info", "servers", "tags", "paths", "components"})
OPERATION = frozenset({"operationId", "tags", "parameters", "security", "requestBody", "responses"})
PARAMETER = frozenset({"$ref", "name", "in", "required", "schema"})
BODY = frozenset({"$ref", "required", "content"})
MEDIA = frozenset({"schema"})
SCHEME = frozenset({"type", "scheme", "in", "name"})

Breaks = tuple[bool, bool]  # whether a change breaks senders, and whether it breaks readers
NOBODY, SENDER, READER, BOTH = (False, False), (True, False), (False, True), (True, True)


class SpecChange(NamedTuple):
    """One change of a spec: its place in the new file, whom it breaks, and what code may use of it.

    `is_certain` is false where nobody can decide it. `uses` holds pairs of a model and a field of the old version;
    a model without a field stands for itself, and a field without a model for an operation. `keyword` is what changed
    at `old_pointer`, the place in the old version, or of the property `field` of it; `role` is who has to do with it.
    """

    file: Path
    line: int
    message: str
    breaks_sender: bool
    breaks_reader: bool
    api: str
    uses: Uses = frozenset()
    is_certain: bool = True
    old_pointer: str = ""
    new_pointer: str = ""
    keyword: str = ""
    field: str = ""
    role: Role = Role()

    def __str__(self) -> str:
        breaks = {"sender": self.breaks_sender, "reader": self.breaks_reader}
        broken = " and ".join(role for role, is_broken in breaks.items() if is_broken) or "nobody"
        verdict = "breaks" if self.is_certain or broken == "nobody" else "cannot be decided"
        return f"{display_path(self.file)}:{self.line}: {self.message} [{verdict}: {broken}]"


class Subject(NamedTuple):
    """A part of both versions that is compared: what messages call it, its pointers, and what code uses of it."""

    name: str
    old_pointer: str
    new_pointer: str
    uses: Uses = frozenset()

    def below(self, part: str, name: str = "") -> Subject:
        """Return a part of it that has the same key in both versions."""
        return Subject(name or self.name, f"{self.old_pointer}/{part}", f"{self.new_pointer}/{part}", self.uses)


def compare_specs(old: Spec | None, new: Spec | None) -> list[SpecChange]:
    """Return every change of one API, by line; `old` is None for a new API, `new` for a removed one."""
    if new is None:
        return [SpecChange(old.path, 1, f"{old.api} is gone", *BOTH, old.api)] if old else []
    if old is None:
        return [SpecChange(new.path, 1, f"{new.api} is new", *NOBODY, new.api)]
    comparison = SpecComparison(old, new)
    changes = set(comparison.compare_documents())
    if not changes and json.dumps(old.document) != json.dumps(new.document):
        changes.add(comparison.make_change(Subject("", "", ""), f"{new.api} says the same in another order", NOBODY))
    return sorted(changes, key=lambda change: (change.line, change.message))


class SpecComparison:
    """Compares two versions of one API's spec; `by_old_names`: messages call a component as the old version does."""

    def __init__(self, old: Spec, new: Spec, *, by_old_names: bool = False) -> None:
        self.old = old
        self.new = new
        self.walk = SchemaWalk(old, new, by_old_names=by_old_names)

    def compare_documents(self) -> Iterator[SpecChange]:
        """Yield the changes of everything in the documents."""
        whole = Subject(self.new.api, "", "")
        yield from self._compare_servers(whole.below("servers"))
        yield from self._compare_operations()
        yield from self._compare_security_schemes(whole.below("components/securitySchemes"))
        yield from self._compare_others(whole, self.old.document, self.new.document, DOCUMENT)
        for name in (name for name in self.new.schemas if name in self.old.schemas):
            part = whole.below(f"components/schemas/{escape(name)}", name)
            self._add_schemas(part, {"$ref": SCHEMAS + name}, {"$ref": SCHEMAS + name}, Role())
        yield from self._compare_schemas()
        yield from self._compare_component_names()
        yield from self._compare_words()

    def compare_operation(self, old: SpecOperation, new: SpecOperation) -> Iterator[SpecChange]:
        """Yield the changes of one operation and of all that it sends and reads."""
        yield from self._compare_operation_parts(old, new)
        yield from self._compare_schemas()

    def make_change(
        self, subject: Subject, message: str, breaks: Breaks, *, keyword: str = "", is_certain: bool = True
    ) -> SpecChange:
        """Make a change at a keyword of a part."""
        pointer = f"{subject.new_pointer}/{keyword}" if keyword else subject.new_pointer
        return SpecChange(
            *(self.new.path, self.new.line(pointer), message, *breaks, self.new.api, subject.uses),
            *(is_certain, subject.old_pointer, pointer, keyword),
        )

    def _compare_others(
        self,
        subject: Subject,
        old: dict[str, Any],
        new: dict[str, Any],
        compared: frozenset[str],
        breaks: Breaks = BOTH,
    ) -> Iterator[SpecChange]:
        """Compare by equality what has no comparison of its own; `breaks` is whom such a change may break."""
        for key in sorted((old.keys() | new.keys()) - compared - WORDS):
            if old.get(key) != new.get(key):
                state = "no" if key not in new else "another" if key in old else "now the"
                verdict = (EXTENSIONS[key], False) if key in EXTENSIONS else breaks
                message = f"{subject.name} has {state} {key}"
                yield self.make_change(subject, message, verdict, keyword=escape(key), is_certain=key in EXTENSIONS)

    # Servers and credentials

    def _compare_servers(self, subject: Subject) -> Iterator[SpecChange]:
        before, after = ([server["url"] for server in spec.document["servers"]] for spec in (self.old, self.new))
        first = [(urls or ["nowhere"])[0] for urls in (before, after)]
        if first[0] != first[1]:
            message = f"requests go to {first[1]}, and no more to {first[0]}"
            yield self.make_change(subject.below("0"), message, SENDER, keyword="url")
        for url in (url for url in before[1:] if url not in after):
            yield self.make_change(subject, f"the server {url} is gone", SENDER)
        for url in (url for url in after[1:] if url not in before):
            yield self.make_change(subject, f"the server {url} is new", NOBODY)

    def _compare_security(self, subject: Subject, old: SpecOperation, new: SpecOperation) -> Iterator[SpecChange]:
        before, after = ([sorted(option) for option in operation.node.get("security", [])] for operation in (old, new))
        for option in (option for option in before if option not in after):
            message = f"{subject.name} takes the credentials {', '.join(option)} no more"
            yield self.make_change(subject, message, SENDER, keyword="security")
        for option in (option for option in after if option not in before):
            message = f"{subject.name} takes the credentials {', '.join(option)}"
            yield self.make_change(subject, message, NOBODY, keyword="security")

    def _compare_security_schemes(self, subject: Subject) -> Iterator[SpecChange]:
        before, after = (spec.document["components"].get("securitySchemes", {}) for spec in (self.old, self.new))
        for name in sorted(before.keys() | after.keys()):
            part = subject.below(escape(name), f"the credential {name}")
            if name not in before or name not in after:
                yield self.make_change(part, f"{part.name} is {'new' if name in after else 'gone'}", NOBODY)
                continue
            if any(before[name].get(key) != after[name].get(key) for key in SCHEME):
                yield self.make_change(part, f"{part.name} is sent in another way", SENDER)
            yield from self._compare_others(part, before[name], after[name], SCHEME, SENDER)

    # Operations

    def _compare_operations(self) -> Iterator[SpecChange]:
        before = {operation.name: operation for operation in self.old.operations()}
        after = {operation.name: operation for operation in self.new.operations()}
        new_by_route = {find_route_key(operation): operation for name, operation in after.items() if name not in before}
        for name, operation in before.items():
            is_renamed = name not in after and find_route_key(operation) in new_by_route
            match = new_by_route.pop(find_route_key(operation)) if is_renamed else after.get(name)
            subject = Subject(name, operation.pointer, match.pointer if match else "/paths", frozenset({("", name)}))
            if match is None:
                yield self.make_change(subject, f"{name} ({operation.method} {operation.path}) is gone", BOTH)
                continue
            if is_renamed:
                yield self.make_change(subject, f"{name} is called {match.name} now", BOTH)
            yield from self._compare_operation_parts(operation, match)
        for operation in new_by_route.values():
            message = f"{operation.name} ({operation.method} {operation.path}) is new"
            yield self.make_change(Subject(operation.name, "", operation.pointer), message, NOBODY)

    def _compare_operation_parts(self, old: SpecOperation, new: SpecOperation) -> Iterator[SpecChange]:
        name = old.name if self.walk.by_old_names else new.name
        subject = Subject(name, old.pointer, new.pointer, frozenset({("", old.name)}))
        if find_route_key(old) != find_route_key(new):
            message = f"{name} is {new.method} {new.path}, was {old.method} {old.path}"
            yield self.make_change(subject, message, SENDER)
        if old.node.get("tags") != new.node.get("tags"):
            message = f"{name} is in another module: its tags are {', '.join(new.node.get('tags', []))}"
            yield self.make_change(subject, message, SENDER, keyword="tags")
        yield from self._compare_parameters(subject, old, new)
        yield from self._compare_security(subject, old, new)
        bodies = old.node.get("requestBody", {}), new.node.get("requestBody", {})
        yield from self._compare_body(subject.below("requestBody", f"the body of {name}"), *bodies)
        yield from self._compare_responses(subject.below("responses"), old, new)
        yield from self._compare_others(subject, old.node, new.node, OPERATION)

    def _compare_parameters(self, subject: Subject, old: SpecOperation, new: SpecOperation) -> Iterator[SpecChange]:
        before, after = (_parameters_by_key(operation) for operation in (old, new))
        for old_name, new_name in zip(PLACEHOLDER.findall(old.path), PLACEHOLDER.findall(new.path), strict=False):
            if old_name != new_name and ("path", old_name) in before and ("path", new_name) in after:
                message = f"the path parameter {old_name} of {subject.name} is called {new_name} now"
                yield self.make_change(subject, message, NOBODY)
                before = {
                    ("path", new_name) if key == ("path", old_name) else key: part for key, part in before.items()
                }
        for key in [*before, *(key for key in after if key not in before)]:
            pointers = _parameter_pointer(old, key), _parameter_pointer(new, key)
            part = Subject(f"the {key[0]} parameter {key[1]} of {subject.name}", *pointers, subject.uses)
            yield from self._compare_parameter(part, before.get(key), after.get(key))
        common = [[key for key in keys if key in before and key in after] for keys in (before, after)]
        if common[0] != common[1]:
            message = f"{subject.name} has its parameters in another order"
            yield self.make_change(subject, message, NOBODY, keyword="parameters")

    def _compare_parameter(
        self, subject: Subject, old: dict[str, Any] | None, new: dict[str, Any] | None
    ) -> Iterator[SpecChange]:
        is_required = bool(new and new.get("required"))
        breaks = SENDER if is_required else NOBODY
        if old is None:
            yield self.make_change(subject, f"{subject.name} is new and {_requiredness(is_required)}", breaks)
        elif new is None:
            yield self.make_change(subject, f"{subject.name} is gone", SENDER)
        else:
            if is_required != bool(old.get("required")):
                message = f"{subject.name} is {_requiredness(is_required)} now, was {_requiredness(not is_required)}"
                yield self.make_change(subject, message, breaks, keyword="required")._replace(role=Role(is_sent=True))
            yield from self._compare_others(subject, old, new, PARAMETER, SENDER)
            schemas = old.get("schema", {}), new.get("schema", {})
            self._add_schemas(subject.below("schema"), *schemas, Role(is_sent=True))

    # Bodies

    def _compare_body(self, subject: Subject, old: dict[str, Any], new: dict[str, Any]) -> Iterator[SpecChange]:
        is_required = bool(new.get("required"))
        if bool(old.get("required")) != is_required:
            message = f"{subject.name} is {_requiredness(is_required)} now"
            yield self.make_change(subject, message, SENDER if is_required else NOBODY, keyword="required")
        yield from self._compare_others(subject, old, new, BODY, SENDER)
        yield from self._compare_contents(subject, old.get("content", {}), new.get("content", {}), Role(is_sent=True))

    def _compare_responses(self, subject: Subject, old: SpecOperation, new: SpecOperation) -> Iterator[SpecChange]:
        before, after = old.node["responses"], new.node["responses"]
        for status in sorted(before.keys() | after.keys()):
            part = subject.below(status, f"the {status} of {subject.name}")
            if status not in before or status not in after:
                message = f"{subject.name} answers with status {status} {'too' if status in after else 'no more'}"
                yield self.make_change(part, message, READER if status < "3" else NOBODY)
                continue
            responses = self.old.resolve(before[status]), self.new.resolve(after[status])
            yield from self._compare_others(part, *responses, BODY, READER)
            contents = [response.get("content", {}) for response in responses]
            yield from self._compare_contents(part, contents[0], contents[1], Role(is_read=True))

    def _compare_contents(
        self, subject: Subject, old: dict[str, Any], new: dict[str, Any], role: Role
    ) -> Iterator[SpecChange]:
        for media in sorted(old.keys() | new.keys()):
            if media not in old:
                breaks = False, role.is_read
                yield self.make_change(subject, f"{subject.name} may be {media}", breaks, keyword="content")
            elif media not in new:
                breaks = role.is_sent, role.is_read
                yield self.make_change(subject, f"{subject.name} is {media} no more", breaks, keyword="content")
            else:
                part = subject.below(f"content/{escape(media)}")
                yield from self._compare_others(part, old[media], new[media], MEDIA, (role.is_sent, role.is_read))
                schemas = old[media].get("schema", {}), new[media].get("schema", {})
                self._add_schemas(part.below("schema"), *schemas, role._replace(is_xml="xml" in media))

    # Schemas and words

    def _add_schemas(self, subject: Subject, old: dict[str, Any], new: dict[str, Any], role: Role) -> None:
        places = SchemaPlace(subject.old_pointer, old), SchemaPlace(subject.new_pointer, new)
        self.walk.add(subject.name, *places, subject.uses, role)

    def _compare_schemas(self) -> Iterator[SpecChange]:
        for placed in self.walk.compare():
            yield self._make_schema_change(placed)

    def _make_schema_change(self, placed: PlacedChange) -> SpecChange:
        pair, role, change = placed
        breaks = role.is_sent and change.narrower, role.is_read and change.wider
        subject = Subject(pair.name, pair.site, pair.new.pointer, placed.uses)
        made = self.make_change(subject, placed.message, breaks, keyword=change.keyword, is_certain=change.is_certain)
        return made._replace(field=change.field, role=role)

    def _compare_component_names(self) -> Iterator[SpecChange]:
        """Tell which components are new and which are gone; what that means on the wire is told where they stood."""
        renamed = self.walk.renamed
        for name in (name for name in self.old.schemas if name not in self.new.schemas and name not in renamed):
            part = Subject(name, "", "/components/schemas", frozenset({(name, "")}))
            yield self.make_change(part, f"the type {name} is gone", NOBODY)
        for name in (name for name in self.new.schemas if name not in self.old.schemas):
            if name not in renamed.values():
                part = Subject(name, "", f"/components/schemas/{escape(name)}")
                yield self.make_change(part, f"the type {name} is new", NOBODY)

    def _compare_words(self) -> Iterator[SpecChange]:
        pointers = sorted(set(_changed_words(self.old.document, self.new.document, "")), key=self.new.line)
        if pointers:
            places = "1 place" if len(pointers) == 1 else f"{len(pointers)} places"
            subject = Subject("", pointers[0], pointers[0])
            yield self.make_change(subject, f"descriptions, examples or notes in {places} differ", NOBODY)


def find_route_key(operation: SpecOperation) -> tuple[str, str]:
    """Return method and path of an operation, whatever its placeholders are called."""
    return operation.method, PLACEHOLDER.sub("{}", operation.path)


def _requiredness(is_required: bool) -> str:
    return "required" if is_required else "optional"


def _parameters_by_key(operation: SpecOperation) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the parameters of an operation by place and name."""
    return {(parameter["in"], parameter["name"]): parameter for parameter in operation.parameters}


def _parameter_pointer(operation: SpecOperation, key: tuple[str, str]) -> str:
    """Return the pointer of a parameter that stands on the operation, or of its parameters."""
    for index, parameter in enumerate(operation.node.get("parameters", [])):
        if (parameter.get("in"), parameter.get("name")) == key:
            return f"{operation.pointer}/parameters/{index}"
    return f"{operation.pointer}/parameters"


def _changed_words(old: Any, new: Any, pointer: str, *, keys_are_names: bool = False) -> Iterator[str]:
    """Yield the pointers of words that differ, in what both versions have; `keys_are_names`: no key is a keyword."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old.keys() | new.keys():
            key_pointer = f"{pointer}/{escape(str(key))}"
            is_words = key in WORDS or key_pointer in ("/tags", "/openapi") or pointer in ("/info", "/servers")
            if is_words and not keys_are_names:
                if old.get(key) != new.get(key):
                    yield key_pointer
            elif key in old and key in new:
                holds_names = key in ("properties", "schemas", "paths", "responses", "parameters", "securitySchemes")
                yield from _changed_words(old[key], new[key], key_pointer, keys_are_names=holds_names)
    elif isinstance(old, list) and isinstance(new, list):
        for index, items in enumerate(zip(old, new, strict=False)):
            yield from _changed_words(*items, f"{pointer}/{index}")
