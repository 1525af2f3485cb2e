"""`python -m codegen changes REV`: what changed in specs/ since a git revision, whom it breaks, and what uses it.

A narrower schema breaks who sends it, a wider one who reads it. No tool that could be had reads OpenAPI 3.1 and tells
the two apart, so this one compares the parsed documents; a change that it has no words for is told as such.
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

from .lint import schema_nodes, sent, types_of
from .spec import SCHEMAS, Operation, Spec, SpecError, escape, load_all, snake

# What no one on the wire notices.
WORDS = {"description", "summary", "title", "example", "examples", "format", "x-page-differs", "x-source"}
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
OPAQUE = ("pattern", "not", "const", "xml")


class Role(NamedTuple):
    """Which way a thing goes over the wire."""

    sent: bool
    read: bool


class Thing(NamedTuple):
    """A schema that is compared: where it stands, what it is called, and what code names of it."""

    pointer: str
    what: str
    role: Role
    model: str = ""
    field: str = ""


class Change(NamedTuple):
    """One change: where it stands now, whether it breaks who sends or who reads, and what code may name of it.

    `models` are names of components, `fields` names on the wire.
    """

    file: Path
    line: int
    message: str
    sender: bool
    reader: bool
    api: str
    models: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()

    def __str__(self) -> str:
        broken = " and ".join(who for who, breaks in (("sender", self.sender), ("reader", self.reader)) if breaks)
        return f"{_shown(self.file)}:{self.line}: {self.message} [breaks: {broken or 'nobody'}]"


class Use(NamedTuple):
    """A place that names what changed; `owner` is the rule, the function or the cases that it stands in, if any."""

    file: Path
    line: int
    owner: str
    names: str

    def __str__(self) -> str:
        return f"{_shown(self.file)}:{self.line}: {f'{self.owner}: ' if self.owner else ''}{self.names}"


def report(revision: str, folder: Path, *, types: bool = False) -> int:
    """Print the changes of a folder of specs and what uses them; `types` runs mypy over it. Raises SpecError."""
    changes = [change for old, new in _pairs(revision, folder) for change in compare(old, new)]
    print(*changes, sep="\n", end="\n" if changes else "")
    root = folder.resolve().parent
    uses = list(used(changes, root))
    if uses:
        print("\nused by", *uses, sep="\n  ")
    if types and changes:
        print("\nmypy", *_mypy(root), sep="\n  ")
    senders, readers = sum(change.sender for change in changes), sum(change.reader for change in changes)
    counted = "1 change" if len(changes) == 1 else f"{len(changes)} changes"
    print(f"{counted} since {revision}; breaking for senders: {senders}, for readers: {readers}", file=sys.stderr)
    return 0


def compare(old: Spec | None, new: Spec | None) -> list[Change]:
    """Every change of one API, by line; None is an API that is not there."""
    if new is None:
        return [Change(old.path, 1, f"{old.api} is gone", True, True, old.api)] if old else []
    if old is None:
        return [Change(new.path, 1, f"{new.api} is new", False, False, new.api)]
    found = set(_Comparison(old, new).changes())
    return sorted(found, key=lambda change: (change.line, change.message))


def used(changes: Iterable[Change], root: Path) -> Iterator[Use]:
    """Where a checkout names a model or a field that changed: in code that speaks of the API, and in cases of it.

    Of validators/ every rule and function is told, of tests/ every file.
    """
    by_api: dict[str, list[Change]] = {}
    for change in changes:
        by_api.setdefault(change.api, []).append(change)
    for api, group in by_api.items():
        models = {model for change in group for model in change.models}
        fields = {field for change in group for field in change.fields}
        if models or fields:
            for path in (path for name in ("validators", "tests") for path in sorted((root / name).rglob("*.py"))):
                yield from _uses(path, api, models, fields)
        if fields:
            for folder in sorted((root / "tests" / "cases").glob(f"{api}.*")):
                yield from _cases(folder, fields)


def _uses(path: Path, api: str, models: set[str], fields: set[str]) -> Iterator[Use]:
    text = path.read_text(encoding="utf-8")
    if not re.search(rf"\b{api}\b", text):
        return
    model, field, wire = (_any(names) for names in (models, {snake(field) for field in fields}, fields))
    pattern = re.compile(rf"\b({model})\b|(?:(?<=\.){field}\b|\b{field}(?==[^=]))|(?<=[\"'/]){wire}(?=[\"'/])")
    owners = _owners(text) if "tests" not in path.parts else []
    named: dict[str, tuple[int, set[str]]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        owner = next((name for first, last, name in owners if first <= number <= last), "")
        for found in pattern.finditer(line):
            named.setdefault(owner, (number, set()))[1].add(found[0])
    for owner, (number, names) in named.items():
        yield Use(path, number, owner, ", ".join(sorted(names)))


def _cases(folder: Path, fields: set[str]) -> Iterator[Use]:
    pattern = re.compile(rf'"({_any(fields)})"')
    named = [
        found for path in sorted(folder.rglob("*.json")) if (found := set(pattern.findall(path.read_text("utf-8"))))
    ]
    if named:
        yield Use(
            folder, 1, f"{len(named)} case{'s' if len(named) > 1 else ''}", ", ".join(sorted(set().union(*named)))
        )


def _any(names: set[str]) -> str:
    """A pattern for any of the names, the longest first; for none of them one that nothing is."""
    return f"(?:{'|'.join(sorted(map(re.escape, names), key=lambda name: (-len(name), name)))})" if names else r"(?!)"


def _owners(text: str) -> list[tuple[int, int, str]]:
    """First line, last line and name of every function and class of a module; a rule goes by its id."""
    found = []
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
            found.append((first, node.end_lineno or first, " ".join(map(str, [*rules, node.name]))))
    return found


def _mypy(root: Path) -> list[str]:
    """What mypy says of the hand-written code over generated/ as it is."""
    command = [sys.executable, "-m", "mypy", *(name for name in ("validators", "tests") if (root / name).is_dir())]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return (run.stdout + run.stderr).splitlines()


def _pairs(revision: str, folder: Path) -> Iterator[tuple[Spec | None, Spec | None]]:
    new = {spec.api: spec for spec in load_all(folder)}
    with tempfile.TemporaryDirectory(prefix="refundkit-") as scratch:
        for name in _git(folder, "ls-tree", "--name-only", revision, ".").splitlines():
            if name.endswith(".yaml"):
                Path(scratch, name).write_text(_git(folder, "show", f"{revision}:./{name}"), encoding="utf-8")
        old = {spec.api: spec for spec in load_all(Path(scratch))}
    for api in sorted(old.keys() | new.keys()):
        yield old.get(api), new.get(api)


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SpecError(f"git {arguments[0]}: {run.stderr.strip()}")
    return run.stdout


class _Comparison:
    """One API before and after."""

    def __init__(self, old: Spec, new: Spec) -> None:
        self.old = old
        self.new = new
        self.sent = sent(old) | sent(new)
        self.read = _read(old) | _read(new)

    def changes(self) -> Iterator[Change]:
        yield from self._servers()
        yield from self._operations()
        yield from self._security_schemes()
        for name in self.old.schemas.keys() | self.new.schemas.keys():
            yield from self._component(name)
        yield from self._words()

    def _change(
        self, pointer: str, message: str, breaks: tuple[bool, bool], model: str = "", field: str = ""
    ) -> Change:
        fields = {field} if field else self._named_after(model)
        models = frozenset({model} if model else ())
        return Change(self.new.path, self.new.line(pointer), message, *breaks, self.new.api, models, frozenset(fields))

    def _named_after(self, model: str) -> set[str]:
        """The fields that hold a number or a text which is a component of its own."""
        schema = self.new.schemas.get(model, {})
        if not schema or "properties" in schema:
            return set()
        reference = {"$ref": SCHEMAS + model}
        return {
            name
            for _, node in schema_nodes(self.new)
            for name, inner in node.get("properties", {}).items()
            if reference.items() <= inner.items()
        }

    def _servers(self) -> Iterator[Change]:
        before, after = ([server["url"] for server in spec.document["servers"]] for spec in (self.old, self.new))
        for url in before:
            if url not in after:
                yield self._change("/servers", f"the server {url} is gone", (True, False))
        for url in after:
            if url not in before:
                yield self._change("/servers", f"the server {url} is new", (False, False))

    # Operations

    def _operations(self) -> Iterator[Change]:
        before = {operation.name: operation for operation in self.old.operations()}
        after = {operation.name: operation for operation in self.new.operations()}
        places = {(one.method, one.path): one for name, one in after.items() if name not in before}
        for name, one in before.items():
            heir = places.pop((one.method, one.path), None) if name not in after else None
            if heir:
                message = f"{name} is called {heir.name} now"
                yield self._change(heir.pointer, message, (True, True))
                yield from self._operation(one, heir)
            elif name not in after:
                yield self._change("/paths", f"{name} ({one.method} {one.path}) is gone", (True, True))
            else:
                yield from self._operation(one, after[name])
        for one in places.values():
            yield self._change(one.pointer, f"{one.name} ({one.method} {one.path}) is new", (False, False))

    def _operation(self, old: Operation, new: Operation) -> Iterator[Change]:
        found = list(self._operation_parts(old, new))
        yield from found
        if not found and _bare(self.old, old) != _bare(self.new, new):
            message = f"{new.name} differs in a way that this command has no words for: compare it yourself"
            yield self._change(new.pointer, message, (True, True))

    def _operation_parts(self, old: Operation, new: Operation) -> Iterator[Change]:
        if (old.method, old.path) != (new.method, new.path):
            message = f"{new.name} is {new.method} {new.path}, was {old.method} {old.path}"
            yield self._change(new.pointer, message, (True, False))
        if old.node.get("tags") != new.node.get("tags"):
            message = f"{new.name} is in another module: its tags are {', '.join(new.node.get('tags', []))}"
            yield self._change(f"{new.pointer}/tags", message, (True, False))
        yield from self._parameters(old, new)
        yield from self._security(old, new)
        yield from self._bodies(old, new)
        yield from self._responses(old, new)

    def _parameters(self, old: Operation, new: Operation) -> Iterator[Change]:
        before, after = ({(one["in"], one["name"]): one for one in each.parameters} for each in (old, new))
        pointer = f"{new.pointer}/parameters"
        for key in before.keys() | after.keys():
            where, name = key
            what = f"the {where} parameter {name} of {new.name}"
            required = bool(after.get(key, {}).get("required"))
            if key not in before:
                kind = "required" if required else "optional"
                yield self._change(pointer, f"{what} is new and {kind}", (required, False), field=name)
            elif key not in after:
                yield self._change(pointer, f"{what} is gone", (True, False), field=name)
            else:
                if required != bool(before[key].get("required")):
                    kind = "required now, was optional" if required else "optional now, was required"
                    yield self._change(pointer, f"{what} is {kind}", (required, False), field=name)
                schemas = self.old.resolve(before[key]["schema"]), self.new.resolve(after[key]["schema"])
                yield from self._schema(Thing(pointer, what, Role(sent=True, read=False), field=name), *schemas)

    def _security(self, old: Operation, new: Operation) -> Iterator[Change]:
        before, after = ([sorted(option) for option in each.node["security"]] for each in (old, new))
        pointer = f"{new.pointer}/security"
        for option in before:
            if option not in after:
                message = f"{new.name} takes the credentials {', '.join(option)} no more"
                yield self._change(pointer, message, (True, False))
        for option in after:
            if option not in before:
                yield self._change(pointer, f"{new.name} takes the credentials {', '.join(option)}", (False, False))

    def _security_schemes(self) -> Iterator[Change]:
        before, after = (spec.document["components"].get("securitySchemes", {}) for spec in (self.old, self.new))
        for name in before.keys() & after.keys():
            if _stripped(before[name]) != _stripped(after[name]):
                message = f"the credential {name} is sent in another way"
                yield self._change(f"/components/securitySchemes/{escape(name)}", message, (True, False))

    def _bodies(self, old: Operation, new: Operation) -> Iterator[Change]:
        before, after = (each.node.get("requestBody", {}) for each in (old, new))
        pointer = f"{new.pointer}/requestBody"
        if bool(before.get("required")) != bool(after.get("required")):
            kind = "required now" if after.get("required") else "optional now"
            yield self._change(pointer, f"the body of {new.name} is {kind}", (bool(after.get("required")), False))
        yield from self._contents(pointer, f"the body of {new.name}", before, after, Role(sent=True, read=False))

    def _responses(self, old: Operation, new: Operation) -> Iterator[Change]:
        before, after = old.node["responses"], new.node["responses"]
        pointer = f"{new.pointer}/responses"
        for status in before.keys() | after.keys():
            success = status < "3"
            if status not in before:
                yield self._change(pointer, f"{new.name} answers with status {status} too", (False, success))
            elif status not in after:
                yield self._change(pointer, f"{new.name} answers with status {status} no more", (False, success))
            else:
                answers = self.old.resolve(before[status]), self.new.resolve(after[status])
                what = f"the {status} of {new.name}"
                yield from self._contents(pointer, what, *answers, Role(sent=False, read=True))

    def _contents(
        self, pointer: str, what: str, old: dict[str, Any], new: dict[str, Any], role: Role
    ) -> Iterator[Change]:
        before, after = (_media(each) for each in (old, new))
        for media in before.keys() | after.keys():
            if media not in before:
                yield self._change(pointer, f"{what} may be {media}", (False, role.read))
            elif media not in after:
                yield self._change(pointer, f"{what} is {media} no more", (role.sent, role.read))
            elif before[media] != after[media]:
                message = f"{what} is {after[media]}, was {before[media]}"
                yield self._change(pointer, message, (role.sent, role.read), after[media])

    # Schemas

    def _component(self, name: str) -> Iterator[Change]:
        thing = Thing(f"/components/schemas/{escape(name)}", name, Role(name in self.sent, name in self.read), name)
        before, after = self.old.schemas.get(name), self.new.schemas.get(name)
        if before is None or after is None:
            message = f"{name} is new" if before is None else f"{name} is gone"
            breaks = (after is None and thing.role.sent, after is None and thing.role.read)
            yield self._change(thing.pointer, message, breaks, name)
            return
        found = list(self._schema(thing, before, after))
        yield from found
        if not found and _stripped(before) != _stripped(after):
            message = f"{name} differs in a way that this command has no words for: compare it yourself"
            yield self._change(thing.pointer, message, thing.role, name)

    def _schema(self, thing: Thing, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
        for keyword, message, narrower, wider in _differences(old, new):
            breaks = (narrower and thing.role.sent, wider and thing.role.read)
            pointer = f"{thing.pointer}/{keyword}"
            yield self._change(pointer, f"{thing.what} {message}", breaks, thing.model, thing.field)
        yield from self._properties(thing, old, new)
        for keyword in ("items", "additionalProperties"):
            before, after = old.get(keyword), new.get(keyword)
            if isinstance(before, dict) and isinstance(after, dict):
                entry = thing._replace(pointer=f"{thing.pointer}/{keyword}", what=f"an entry of {thing.what}")
                yield from self._schema(entry, before, after)
        for index, (before, after) in enumerate(zip(old.get("anyOf", []), new.get("anyOf", []), strict=False)):
            yield from self._branch(thing._replace(pointer=f"{thing.pointer}/anyOf/{index}"), before, after)

    def _branch(self, thing: Thing, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
        """One branch of an anyOf; the values of an open list bind nobody."""
        if "enum" not in old or "enum" not in new:
            yield from self._schema(thing, old, new)
            return
        for message in _values(old["enum"], new["enum"]):
            said = f"{thing.what}, an open list, {message}"
            yield self._change(thing.pointer, said, (False, False), thing.model, thing.field)

    def _properties(self, thing: Thing, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
        before, after = old.get("properties", {}), new.get("properties", {})
        closed = new.get("additionalProperties") is False
        for name in before.keys() | after.keys():
            inner = Thing(
                f"{thing.pointer}/properties/{escape(name)}", f"{thing.what}.{name}", thing.role, thing.model, name
            )
            was, now = (name in schema.get("required", []) for schema in (old, new))
            if name not in before:
                message = f"{inner.what} is new and {'required' if now else 'optional'}"
                yield self._change(inner.pointer, message, (thing.role.sent and now, False), thing.model, name)
            elif name not in after:
                breaks = (thing.role.sent and closed, thing.role.read)
                yield self._change(thing.pointer, f"{inner.what} is gone", breaks, thing.model, name)
            else:
                yield from self._needs(thing, inner, was, now)
                yield from self._schema(inner, before[name], after[name])

    def _needs(self, thing: Thing, inner: Thing, was: bool, now: bool) -> Iterator[Change]:
        if was != now:
            message = f"{inner.what} is {'required now, was optional' if now else 'optional now, was required'}"
            breaks = (thing.role.sent and now, thing.role.read and was)
            yield self._change(f"{thing.pointer}/required", message, breaks, thing.model, inner.field)

    def _words(self) -> Iterator[Change]:
        pointers = sorted(set(_worded(self.old.document, self.new.document, "")), key=self.new.line)
        if pointers:
            places = "1 place" if len(pointers) == 1 else f"{len(pointers)} places"
            yield self._change(pointers[0], f"descriptions, examples or notes in {places} differ", (False, False))


def _differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, str, bool, bool]]:
    """(keyword, what differs, whether less is taken, whether more is) of one schema, its fields aside."""
    if old.get("$ref") != new.get("$ref"):
        names = [str(each.get("$ref", "no model")).removeprefix(SCHEMAS) for each in (new, old)]
        yield "$ref", f"is {names[0]}, was {names[1]}", True, True
    before, after = set(types_of(old)), set(types_of(new))
    if before != after and "$ref" not in old and "$ref" not in new:
        narrower, wider = not _covers(after, before), not _covers(before, after)
        yield "type", f"is {_either(after)}, was {_either(before)}", narrower, wider
    if "enum" in old and "enum" in new:
        for message in _values(old["enum"], new["enum"]):
            yield "enum", message, "no more" in message, "no more" not in message
    elif "enum" in old or "enum" in new:
        yield "enum", "has a list of values" if "enum" in new else "has no list of values", "enum" in new, "enum" in old
    yield from _bounds(old, new)
    yield from _closing(old.get("additionalProperties", True), new.get("additionalProperties", True))
    if old.get("x-rule") != new.get("x-rule"):
        yield "x-rule", f"is judged by {_rules(new)}, was by {_rules(old)}", False, False
    for keyword in OPAQUE:
        if old.get(keyword) != new.get(keyword):
            yield keyword, f"has another {keyword}", keyword in new, keyword in old
    if len(old.get("anyOf", [])) != len(new.get("anyOf", [])):
        yield "anyOf", "has other alternatives", True, True


def _bounds(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, str, bool, bool]]:
    for keyword in LOWER + UPPER:
        before, after = old.get(keyword), new.get(keyword)
        if before == after:
            continue
        sign = 1 if keyword in LOWER else -1
        narrower = after is not None and (before is None or sign * after > sign * before)
        said = f"has {keyword} {after}" if after is not None else f"has no {keyword}"
        yield keyword, f"{said}, was {'without' if before is None else before}", narrower, not narrower


def _closing(old: Any, new: Any) -> Iterator[tuple[str, str, bool, bool]]:
    if (old is False) != (new is False):
        closed = new is False
        yield "additionalProperties", "takes no other fields" if closed else "takes other fields", closed, not closed
    elif isinstance(old, dict) != isinstance(new, dict):
        yield "additionalProperties", "has other entries", True, True


def _rules(schema: dict[str, Any]) -> str:
    return (
        ", ".join(f"{rule} ({keyword})" for keyword, rule in schema.get("x-rule", {}).items()) or "no rule of its own"
    )


def _values(old: list[Any], new: list[Any]) -> Iterator[str]:
    yield from (f"may be {value}" for value in new if value not in old)
    yield from (f"may be {value} no more" for value in old if value not in new)


def _covers(wide: set[str], narrow: set[str]) -> bool:
    """Whether one set of types takes every value of the other; none takes any value, and a number is an integer too."""
    whole = wide | {"integer"} if "number" in wide else wide
    return not wide or (bool(narrow) and narrow <= whole)


def _either(types: set[str]) -> str:
    return " or ".join(sorted(types)) or "anything"


def _read(spec: Spec) -> set[str]:
    """The names of the components that a response reaches."""
    todo = [
        content["schema"].get("$ref", "").removeprefix(SCHEMAS)
        for operation in spec.operations()
        for response in operation.node["responses"].values()
        for content in spec.resolve(response).get("content", {}).values()
    ]
    references: dict[str, set[str]] = {}
    for pointer, node in schema_nodes(spec):
        if "$ref" in node and pointer.startswith("/components/schemas/"):
            references.setdefault(pointer.split("/")[3], set()).add(node["$ref"].removeprefix(SCHEMAS))
    names: set[str] = set()
    while todo:
        name = todo.pop()
        if name not in names:
            names.add(name)
            todo.extend(references.get(name, ()))
    return names


def _media(owner: dict[str, Any]) -> dict[str, str]:
    contents = owner.get("content", {}).items()
    return {media: content["schema"].get("$ref", "").removeprefix(SCHEMAS) for media, content in contents}


def _bare(spec: Spec, operation: Operation) -> Any:
    """An operation without its words, its references to parameters and responses followed."""
    node = {
        key: value for key, value in operation.node.items() if key not in ("parameters", "responses", "operationId")
    }
    responses = {status: spec.resolve(response) for status, response in operation.node["responses"].items()}
    order = sorted(operation.parameters, key=lambda parameter: (parameter["in"], parameter["name"]))
    return _stripped([operation.method, operation.path, node, order, responses])


def _stripped(node: Any) -> Any:
    """A part of a spec without its words; the keys under `properties` are names and stay."""
    if isinstance(node, list):
        return [_stripped(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: {name: _stripped(inner) for name, inner in value.items()} if key == "properties" else _stripped(value)
        for key, value in node.items()
        if key not in WORDS
    }


def _worded(old: Any, new: Any, pointer: str, *, named: bool = False) -> Iterator[str]:
    """The pointers of words that differ; under `named` keys are names."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old.keys() | new.keys():
            where = f"{pointer}/{escape(str(key))}"
            if key in WORDS and not named:
                if old.get(key) != new.get(key):
                    yield where
            elif key in old and key in new:
                yield from _worded(old[key], new[key], where, named=key in ("properties", "schemas"))
    elif isinstance(old, list) and isinstance(new, list):
        for index, items in enumerate(zip(old, new, strict=False)):
            yield from _worded(*items, f"{pointer}/{index}")


def _shown(path: Path) -> str:
    absolute = path.resolve()
    return str(absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else path)
