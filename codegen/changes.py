"""specs/ and a git revision of it -> its changes, whom each breaks, and the code and cases that use what changed.

A narrower schema breaks its senders, a wider one its readers. No available tool reads OpenAPI 3.1 and distinguishes
the two, so this module compares the parsed documents; a change that it has no message for is reported as such.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from .lint import request_components, response_components, schema_nodes, types_of
from .spec import SCHEMAS, Spec, SpecError, SpecOperation, display_path, escape, load_all, snake

# Keywords that change nothing on the wire.
WORD_KEYWORDS = {
    *("description", "summary", "title", "example", "examples", "format", "x-page-differs", "x-source", "x-aliases")
}
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
OPAQUE = ("pattern", "not", "const", "xml")


class Role(NamedTuple):
    """Whether a schema is part of requests, and whether it is part of responses."""

    is_sent: bool
    is_read: bool


class ComparedSchema(NamedTuple):
    """A schema that is compared: its pointer, its name in messages, and the model and field that code names."""

    pointer: str
    name: str
    role: Role
    model: str = ""
    field: str = ""


class SpecChange(NamedTuple):
    """One change of a spec: its place in the new file, whom it breaks, and the names that code may use.

    `models` are names of components, `fields` are names on the wire.
    """

    file: Path
    line: int
    message: str
    breaks_sender: bool
    breaks_reader: bool
    api: str
    models: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()

    def __str__(self) -> str:
        breaks = {"sender": self.breaks_sender, "reader": self.breaks_reader}
        broken = " and ".join(role for role, is_broken in breaks.items() if is_broken)
        return f"{display_path(self.file)}:{self.line}: {self.message} [breaks: {broken or 'nobody'}]"


class Usage(NamedTuple):
    """A line that names what changed; `owner` is the rule, the function or the cases around it, if any."""

    file: Path
    line: int
    owner: str
    names: str

    def __str__(self) -> str:
        return f"{display_path(self.file)}:{self.line}: {f'{self.owner}: ' if self.owner else ''}{self.names}"


def print_changes(revision: str, folder: Path, *, types: bool = False) -> int:
    """Print the changes of a folder of specs and what uses them; `types` runs mypy over it. Raises SpecError."""
    changes = [change for old, new in _load_versions(revision, folder) for change in compare(old, new)]
    print(*changes, sep="\n", end="\n" if changes else "")
    root = folder.resolve().parent
    uses = list(find_usages(changes, root))
    if uses:
        print("\nused by", *uses, sep="\n  ")
    if types and changes:
        print("\nmypy", *_run_mypy(root), sep="\n  ")
    senders, readers = sum(change.breaks_sender for change in changes), sum(change.breaks_reader for change in changes)
    counted = "1 change" if len(changes) == 1 else f"{len(changes)} changes"
    print(f"{counted} since {revision}; breaking for senders: {senders}, for readers: {readers}", file=sys.stderr)
    return 0


def compare(old: Spec | None, new: Spec | None) -> list[SpecChange]:
    """Return every change of one API, by line; `old` is None for a new API, `new` for a removed one."""
    if new is None:
        return [SpecChange(old.path, 1, f"{old.api} is gone", True, True, old.api)] if old else []
    if old is None:
        return [SpecChange(new.path, 1, f"{new.api} is new", False, False, new.api)]
    changes = set(_ApiComparison(old, new).changes())
    return sorted(changes, key=lambda change: (change.line, change.message))


def find_usages(changes: Iterable[SpecChange], root: Path) -> Iterator[Usage]:
    """Find where a checkout names a changed model or field: in code that names the API, and in its cases.

    Usages in validators/ are reported by rule or function, those in tests/ by file.
    """
    by_api: dict[str, list[SpecChange]] = {}
    for change in changes:
        by_api.setdefault(change.api, []).append(change)
    for api, group in by_api.items():
        models = {model for change in group for model in change.models}
        fields = {field for change in group for field in change.fields}
        if models or fields:
            for path in (path for name in ("validators", "tests") for path in sorted((root / name).rglob("*.py"))):
                yield from _find_code_usages(path, api, models, fields)
        if fields:
            for folder in sorted((root / "tests" / "cases").glob(f"{api}.*")):
                yield from _find_case_usages(folder, fields)


def _find_code_usages(path: Path, api: str, models: set[str], fields: set[str]) -> Iterator[Usage]:
    text = path.read_text(encoding="utf-8")
    if not re.search(rf"\b{api}\b", text):
        return
    model, field, wire = (_alternatives(names) for names in (models, {snake(field) for field in fields}, fields))
    pattern = re.compile(rf"\b({model})\b|(?:(?<=\.){field}\b|\b{field}(?==[^=]))|(?<=[\"'/]){wire}(?=[\"'/])")
    owners = _list_definitions(text) if "tests" not in path.parts else []
    names_by_owner: dict[str, tuple[int, set[str]]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        owner = next((name for first, last, name in owners if first <= number <= last), "")
        for match in pattern.finditer(line):
            names_by_owner.setdefault(owner, (number, set()))[1].add(match[0])
    for owner, (number, names) in names_by_owner.items():
        yield Usage(path, number, owner, ", ".join(sorted(names)))


def _find_case_usages(folder: Path, fields: set[str]) -> Iterator[Usage]:
    pattern = re.compile(rf'"({_alternatives(fields)})"')
    names_by_case = [set(pattern.findall(path.read_text("utf-8"))) for path in sorted(folder.rglob("*.json"))]
    count = sum(1 for names in names_by_case if names)
    if count:
        cases = f"{count} case{'s' if count > 1 else ''}"
        yield Usage(folder, 1, cases, ", ".join(sorted(set().union(*names_by_case))))


def _alternatives(names: set[str]) -> str:
    """Return a pattern that matches any of the names, the longest first; without names it matches nothing."""
    return f"(?:{'|'.join(sorted(map(re.escape, names), key=lambda name: (-len(name), name)))})" if names else r"(?!)"


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


def _run_mypy(root: Path) -> list[str]:
    """Run mypy over the hand-written code with generated/ as it is, and return the lines it prints."""
    command = [sys.executable, "-m", "mypy", *(name for name in ("validators", "tests") if (root / name).is_dir())]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return (run.stdout + run.stderr).splitlines()


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


class _ApiComparison:
    """Compares two versions of one API's spec."""

    def __init__(self, old: Spec, new: Spec) -> None:
        self.old = old
        self.new = new
        self.request_components = request_components(old) | request_components(new)
        self.response_components = response_components(old) | response_components(new)

    def changes(self) -> Iterator[SpecChange]:
        yield from self._compare_servers()
        yield from self._compare_operations()
        yield from self._compare_security_schemes()
        for name in self.old.schemas.keys() | self.new.schemas.keys():
            yield from self._compare_component(name)
        yield from self._compare_words()

    def _make_change(
        self, pointer: str, message: str, breaks: tuple[bool, bool], model: str = "", field: str = ""
    ) -> SpecChange:
        fields = {field} if field else self._fields_of_component(model)
        models = frozenset({model} if model else ())
        return SpecChange(
            self.new.path, self.new.line(pointer), message, *breaks, self.new.api, models, frozenset(fields)
        )

    def _fields_of_component(self, model: str) -> set[str]:
        """Return the fields whose schema is this component, if the component is no object."""
        schema = self.new.schemas.get(model, {})
        if not schema or "properties" in schema:
            return set()
        reference = {"$ref": SCHEMAS + model}
        return {
            name
            for _, node in schema_nodes(self.new)
            for name, field_schema in node.get("properties", {}).items()
            if reference.items() <= field_schema.items()
        }

    def _compare_servers(self) -> Iterator[SpecChange]:
        before, after = ([server["url"] for server in spec.document["servers"]] for spec in (self.old, self.new))
        for url in before:
            if url not in after:
                yield self._make_change("/servers", f"the server {url} is gone", (True, False))
        for url in after:
            if url not in before:
                yield self._make_change("/servers", f"the server {url} is new", (False, False))

    # Operations

    def _compare_operations(self) -> Iterator[SpecChange]:
        before = {operation.name: operation for operation in self.old.operations()}
        after = {operation.name: operation for operation in self.new.operations()}
        new_operations = [operation for name, operation in after.items() if name not in before]
        new_by_route = {(operation.method, operation.path): operation for operation in new_operations}
        for name, operation in before.items():
            renamed = new_by_route.pop((operation.method, operation.path), None) if name not in after else None
            if renamed:
                message = f"{name} is called {renamed.name} now"
                yield self._make_change(renamed.pointer, message, (True, True))
                yield from self._compare_operation(operation, renamed)
            elif name not in after:
                yield self._make_change("/paths", f"{name} ({operation.method} {operation.path}) is gone", (True, True))
            else:
                yield from self._compare_operation(operation, after[name])
        for operation in new_by_route.values():
            message = f"{operation.name} ({operation.method} {operation.path}) is new"
            yield self._make_change(operation.pointer, message, (False, False))

    def _compare_operation(self, old: SpecOperation, new: SpecOperation) -> Iterator[SpecChange]:
        changes = list(self._compare_operation_parts(old, new))
        yield from changes
        if not changes and _comparable_operation(self.old, old) != _comparable_operation(self.new, new):
            message = f"{new.name} differs in a way that this command has no words for: compare it yourself"
            yield self._make_change(new.pointer, message, (True, True))

    def _compare_operation_parts(self, old: SpecOperation, new: SpecOperation) -> Iterator[SpecChange]:
        if (old.method, old.path) != (new.method, new.path):
            message = f"{new.name} is {new.method} {new.path}, was {old.method} {old.path}"
            yield self._make_change(new.pointer, message, (True, False))
        if old.node.get("tags") != new.node.get("tags"):
            message = f"{new.name} is in another module: its tags are {', '.join(new.node.get('tags', []))}"
            yield self._make_change(f"{new.pointer}/tags", message, (True, False))
        yield from self._compare_parameters(old, new)
        yield from self._compare_security(old, new)
        yield from self._compare_bodies(old, new)
        yield from self._compare_responses(old, new)

    def _compare_parameters(self, old: SpecOperation, new: SpecOperation) -> Iterator[SpecChange]:
        before, after = (_parameters_by_key(operation) for operation in (old, new))
        pointer = f"{new.pointer}/parameters"
        for key in before.keys() | after.keys():
            location, name = key
            subject = f"the {location} parameter {name} of {new.name}"
            required = bool(after.get(key, {}).get("required"))
            if key not in before:
                kind = "required" if required else "optional"
                yield self._make_change(pointer, f"{subject} is new and {kind}", (required, False), field=name)
            elif key not in after:
                yield self._make_change(pointer, f"{subject} is gone", (True, False), field=name)
            else:
                if required != bool(before[key].get("required")):
                    kind = "required now, was optional" if required else "optional now, was required"
                    yield self._make_change(pointer, f"{subject} is {kind}", (required, False), field=name)
                schemas = self.old.resolve(before[key]["schema"]), self.new.resolve(after[key]["schema"])
                parameter = ComparedSchema(pointer, subject, Role(is_sent=True, is_read=False), field=name)
                yield from self._compare_schema(parameter, *schemas)

    def _compare_security(self, old: SpecOperation, new: SpecOperation) -> Iterator[SpecChange]:
        before, after = ([sorted(option) for option in operation.node["security"]] for operation in (old, new))
        pointer = f"{new.pointer}/security"
        for option in before:
            if option not in after:
                message = f"{new.name} takes the credentials {', '.join(option)} no more"
                yield self._make_change(pointer, message, (True, False))
        for option in after:
            if option not in before:
                yield self._make_change(
                    pointer, f"{new.name} takes the credentials {', '.join(option)}", (False, False)
                )

    def _compare_security_schemes(self) -> Iterator[SpecChange]:
        before, after = (spec.document["components"].get("securitySchemes", {}) for spec in (self.old, self.new))
        for name in before.keys() & after.keys():
            if _without_words(before[name]) != _without_words(after[name]):
                message = f"the credential {name} is sent in another way"
                yield self._make_change(f"/components/securitySchemes/{escape(name)}", message, (True, False))

    def _compare_bodies(self, old: SpecOperation, new: SpecOperation) -> Iterator[SpecChange]:
        before, after = (operation.node.get("requestBody", {}) for operation in (old, new))
        pointer = f"{new.pointer}/requestBody"
        if bool(before.get("required")) != bool(after.get("required")):
            kind = "required now" if after.get("required") else "optional now"
            yield self._make_change(pointer, f"the body of {new.name} is {kind}", (bool(after.get("required")), False))
        role = Role(is_sent=True, is_read=False)
        yield from self._compare_contents(pointer, f"the body of {new.name}", before, after, role)

    def _compare_responses(self, old: SpecOperation, new: SpecOperation) -> Iterator[SpecChange]:
        before, after = old.node["responses"], new.node["responses"]
        pointer = f"{new.pointer}/responses"
        for status in before.keys() | after.keys():
            success = status < "3"
            if status not in before:
                yield self._make_change(pointer, f"{new.name} answers with status {status} too", (False, success))
            elif status not in after:
                yield self._make_change(pointer, f"{new.name} answers with status {status} no more", (False, success))
            else:
                answers = self.old.resolve(before[status]), self.new.resolve(after[status])
                subject = f"the {status} of {new.name}"
                yield from self._compare_contents(pointer, subject, *answers, Role(is_sent=False, is_read=True))

    def _compare_contents(
        self, pointer: str, subject: str, old: dict[str, Any], new: dict[str, Any], role: Role
    ) -> Iterator[SpecChange]:
        before, after = (_models_by_media_type(owner) for owner in (old, new))
        for media in before.keys() | after.keys():
            if media not in before:
                yield self._make_change(pointer, f"{subject} may be {media}", (False, role.is_read))
            elif media not in after:
                yield self._make_change(pointer, f"{subject} is {media} no more", (role.is_sent, role.is_read))
            elif before[media] != after[media]:
                message = f"{subject} is {after[media]}, was {before[media]}"
                yield self._make_change(pointer, message, (role.is_sent, role.is_read), after[media])

    # Schemas

    def _compare_component(self, name: str) -> Iterator[SpecChange]:
        component = ComparedSchema(
            f"/components/schemas/{escape(name)}",
            name,
            Role(name in self.request_components, name in self.response_components),
            name,
        )
        before, after = self.old.schemas.get(name), self.new.schemas.get(name)
        if before is None or after is None:
            message = f"{name} is new" if before is None else f"{name} is gone"
            breaks = (after is None and component.role.is_sent, after is None and component.role.is_read)
            yield self._make_change(component.pointer, message, breaks, name)
            return
        changes = list(self._compare_schema(component, before, after))
        yield from changes
        if not changes and _without_words(before) != _without_words(after):
            message = f"{name} differs in a way that this command has no words for: compare it yourself"
            yield self._make_change(component.pointer, message, component.role, name)

    def _compare_schema(self, schema: ComparedSchema, old: dict[str, Any], new: dict[str, Any]) -> Iterator[SpecChange]:
        for keyword, message, narrower, wider in _compare_keywords(old, new):
            breaks = (narrower and schema.role.is_sent, wider and schema.role.is_read)
            pointer = f"{schema.pointer}/{keyword}"
            yield self._make_change(pointer, f"{schema.name} {message}", breaks, schema.model, schema.field)
        yield from self._compare_properties(schema, old, new)
        for keyword in ("items", "additionalProperties"):
            before, after = old.get(keyword), new.get(keyword)
            if isinstance(before, dict) and isinstance(after, dict):
                entry = schema._replace(pointer=f"{schema.pointer}/{keyword}", name=f"an entry of {schema.name}")
                yield from self._compare_schema(entry, before, after)
        for index, (before, after) in enumerate(zip(old.get("anyOf", []), new.get("anyOf", []), strict=False)):
            yield from self._compare_branch(schema._replace(pointer=f"{schema.pointer}/anyOf/{index}"), before, after)

    def _compare_branch(self, schema: ComparedSchema, old: dict[str, Any], new: dict[str, Any]) -> Iterator[SpecChange]:
        """Compare one branch of an anyOf; a change of an open list of values breaks nobody."""
        if "enum" not in old or "enum" not in new:
            yield from self._compare_schema(schema, old, new)
            return
        for difference in _compare_values(old["enum"], new["enum"]):
            message = f"{schema.name}, an open list, {difference}"
            yield self._make_change(schema.pointer, message, (False, False), schema.model, schema.field)

    def _compare_properties(
        self, owner: ComparedSchema, old: dict[str, Any], new: dict[str, Any]
    ) -> Iterator[SpecChange]:
        before, after = old.get("properties", {}), new.get("properties", {})
        is_closed = new.get("additionalProperties") is False
        for name in before.keys() | after.keys():
            field = ComparedSchema(
                f"{owner.pointer}/properties/{escape(name)}", f"{owner.name}.{name}", owner.role, owner.model, name
            )
            was_required, is_required = (name in schema.get("required", []) for schema in (old, new))
            if name not in before:
                message = f"{field.name} is new and {'required' if is_required else 'optional'}"
                breaks = (owner.role.is_sent and is_required, False)
                yield self._make_change(field.pointer, message, breaks, owner.model, name)
            elif name not in after:
                breaks = (owner.role.is_sent and is_closed, owner.role.is_read)
                yield self._make_change(owner.pointer, f"{field.name} is gone", breaks, owner.model, name)
            else:
                yield from self._compare_required(owner, field, was_required, is_required)
                yield from self._compare_schema(field, before[name], after[name])

    def _compare_required(
        self, owner: ComparedSchema, field: ComparedSchema, was_required: bool, is_required: bool
    ) -> Iterator[SpecChange]:
        if was_required != is_required:
            message = f"{field.name} is {'required now, was optional' if is_required else 'optional now, was required'}"
            breaks = (owner.role.is_sent and is_required, owner.role.is_read and was_required)
            yield self._make_change(f"{owner.pointer}/required", message, breaks, owner.model, field.field)

    def _compare_words(self) -> Iterator[SpecChange]:
        pointers = sorted(set(_changed_words(self.old.document, self.new.document, "")), key=self.new.line)
        if pointers:
            places = "1 place" if len(pointers) == 1 else f"{len(pointers)} places"
            yield self._make_change(pointers[0], f"descriptions, examples or notes in {places} differ", (False, False))


def _compare_keywords(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, str, bool, bool]]:
    """Yield (keyword, message, whether it is narrower, whether it is wider) for two versions of a schema.

    Its properties, items and branches are not compared here.
    """
    if old.get("$ref") != new.get("$ref"):
        names = [str(schema.get("$ref", "no model")).removeprefix(SCHEMAS) for schema in (new, old)]
        yield "$ref", f"is {names[0]}, was {names[1]}", True, True
    before, after = set(types_of(old)), set(types_of(new))
    if before != after and "$ref" not in old and "$ref" not in new:
        narrower, wider = not _covers(after, before), not _covers(before, after)
        yield "type", f"is {_type_names(after)}, was {_type_names(before)}", narrower, wider
    if "enum" in old and "enum" in new:
        for message in _compare_values(old["enum"], new["enum"]):
            yield "enum", message, "no more" in message, "no more" not in message
    elif "enum" in old or "enum" in new:
        yield "enum", "has a list of values" if "enum" in new else "has no list of values", "enum" in new, "enum" in old
    yield from _compare_bounds(old, new)
    keyword = "additionalProperties"
    yield from _compare_additional_properties(old.get(keyword, True), new.get(keyword, True))
    if old.get("x-rule") != new.get("x-rule"):
        yield "x-rule", f"is judged by {_rule_names(new)}, was by {_rule_names(old)}", False, False
    for keyword in OPAQUE:
        if old.get(keyword) != new.get(keyword):
            yield keyword, f"has another {keyword}", keyword in new, keyword in old
    if len(old.get("anyOf", [])) != len(new.get("anyOf", [])):
        yield "anyOf", "has other alternatives", True, True


def _compare_bounds(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, str, bool, bool]]:
    for keyword in LOWER + UPPER:
        before, after = old.get(keyword), new.get(keyword)
        if before == after:
            continue
        sign = 1 if keyword in LOWER else -1
        narrower = after is not None and (before is None or sign * after > sign * before)
        statement = f"has {keyword} {after}" if after is not None else f"has no {keyword}"
        yield keyword, f"{statement}, was {'without' if before is None else before}", narrower, not narrower


def _compare_additional_properties(old: Any, new: Any) -> Iterator[tuple[str, str, bool, bool]]:
    if (old is False) != (new is False):
        is_closed = new is False
        message = "takes no other fields" if is_closed else "takes other fields"
        yield "additionalProperties", message, is_closed, not is_closed
    elif isinstance(old, dict) != isinstance(new, dict):
        yield "additionalProperties", "has other entries", True, True


def _rule_names(schema: dict[str, Any]) -> str:
    return (
        ", ".join(f"{rule} ({keyword})" for keyword, rule in schema.get("x-rule", {}).items()) or "no rule of its own"
    )


def _compare_values(old: list[Any], new: list[Any]) -> Iterator[str]:
    yield from (f"may be {value}" for value in new if value not in old)
    yield from (f"may be {value} no more" for value in old if value not in new)


def _covers(wide: set[str], narrow: set[str]) -> bool:
    """True if one set of types accepts every value of the other; an empty set accepts any value."""
    accepted = wide | {"integer"} if "number" in wide else wide
    return not wide or (bool(narrow) and narrow <= accepted)


def _type_names(types: set[str]) -> str:
    return " or ".join(sorted(types)) or "anything"


def _parameters_by_key(operation: SpecOperation) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the parameters of an operation by place and name."""
    return {(parameter["in"], parameter["name"]): parameter for parameter in operation.parameters}


def _models_by_media_type(owner: dict[str, Any]) -> dict[str, str]:
    contents = owner.get("content", {}).items()
    return {media: content["schema"].get("$ref", "").removeprefix(SCHEMAS) for media, content in contents}


def _comparable_operation(spec: Spec, operation: SpecOperation) -> Any:
    """Return an operation for comparison: without words, its parameters and responses dereferenced."""
    node = {
        key: value for key, value in operation.node.items() if key not in ("parameters", "responses", "operationId")
    }
    responses = {status: spec.resolve(response) for status, response in operation.node["responses"].items()}
    order = sorted(operation.parameters, key=lambda parameter: (parameter["in"], parameter["name"]))
    return _without_words([operation.method, operation.path, node, order, responses])


def _without_words(node: Any) -> Any:
    """Return a part of a spec without its word keywords; the keys under `properties` are names and stay."""
    if isinstance(node, list):
        return [_without_words(item) for item in node]
    if not isinstance(node, dict):
        return node
    stripped = {key: _without_words(value) for key, value in node.items() if key not in WORD_KEYWORDS}
    if isinstance(node.get("properties"), dict):
        stripped["properties"] = {name: _without_words(schema) for name, schema in node["properties"].items()}
    return stripped


def _changed_words(old: Any, new: Any, pointer: str, *, keys_are_names: bool = False) -> Iterator[str]:
    """Yield the pointers of word keywords that differ; `keys_are_names`: the keys here are no keywords."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old.keys() | new.keys():
            key_pointer = f"{pointer}/{escape(str(key))}"
            if key in WORD_KEYWORDS and not keys_are_names:
                if old.get(key) != new.get(key):
                    yield key_pointer
            elif key in old and key in new:
                holds_names = key in ("properties", "schemas")
                yield from _changed_words(old[key], new[key], key_pointer, keys_are_names=holds_names)
    elif isinstance(old, list) and isinstance(new, list):
        for index, items in enumerate(zip(old, new, strict=False)):
            yield from _changed_words(*items, f"{pointer}/{index}")
