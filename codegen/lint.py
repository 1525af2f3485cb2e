"""A Spec -> its flaws by the rules of specs/README.md, each with file and line.

The generators silently drop what they do not understand; these rules keep such constructs out of the specs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jsonschema_rs

from .spec import Spec, SpecOperation, escape, referenced_name, snake, unescape

# Annotations, and keywords that both the models (msgspec Structs and our scalars) and JSON Schema enforce.
KEYWORDS = frozenset(
    "$ref type properties required additionalProperties items minItems maxItems minLength maxLength pattern enum const"
    " minimum maximum exclusiveMinimum exclusiveMaximum not anyOf description title format xml examples"
    " x-rule x-page-differs x-idempotency-key x-aliases x-free-text".split()
)
BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
# The types that a keyword applies to; it has no effect beside another type, and without a type the models drop it.
ABOUT = {
    **dict.fromkeys(("minLength", "maxLength", "pattern", "enum", "const"), frozenset({"string"})),
    **dict.fromkeys(("items", "minItems", "maxItems"), frozenset({"array"})),
    **dict.fromkeys(("properties", "required", "additionalProperties"), frozenset({"object"})),
    **dict.fromkeys(sorted(BOUNDS), frozenset({"number", "integer"})),
}
ANNOTATIONS = frozenset({"description", "title", "xml", "examples", "x-page-differs", "x-free-text"})
CLIENT_EXTENSIONS = frozenset({"x-given-once", "x-default", "x-idempotency-key", "x-credentials", "x-one-call"})
CONTEXT_KEYS = ("operation", "query", "lines", "key", "pick", "pages", "schema")
EXTENSIONS = CLIENT_EXTENSIONS | {
    *("x-rule", "x-aliases", "x-source", "x-page-differs", "x-context", "x-replaced-by", "x-pages", "x-free-text"),
}
SCALAR = BOUNDS | ANNOTATIONS | {"type", "pattern", "not", "x-rule"}
RULE_ID = re.compile(r"RF[0-9]{3}\Z")
UNKNOWN = "FILL_IN"  # as the scaffold writes what a page does not say
SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")


class SpecFlaw(NamedTuple):
    """One breach of the spec rules, with its file and line."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


Flaws = Iterator[tuple[str, str]]  # (pointer, message)


def lint(spec: Spec) -> list[SpecFlaw]:
    """Return every breach of the rules in one spec, by line."""
    breaches = [breach for check in CHECKS for breach in check(spec)]
    flaws = {SpecFlaw(str(spec.path), spec.line(pointer), message) for pointer, message in breaches}
    return sorted(flaws, key=lambda flaw: (flaw.line, flaw.message))


def schema_nodes(spec: Spec) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield pointer and content of every schema of the spec: components, parameters, and the schemas within them."""
    for name, schema in spec.schemas.items():
        yield from _subschemas(f"/components/schemas/{escape(name)}", schema)
    for name, parameter in spec.document["components"].get("parameters", {}).items():
        yield from _subschemas(f"/components/parameters/{escape(name)}/schema", parameter.get("schema", {}))
    for operation in spec.operations():
        for index, parameter in enumerate(operation.node.get("parameters", [])):
            if "schema" in parameter:
                yield from _subschemas(f"{operation.pointer}/parameters/{index}/schema", parameter["schema"])


def _subschemas(pointer: str, schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(schema, dict):
        return
    yield pointer, schema
    for key, value in schema.get("properties", {}).items():
        yield from _subschemas(f"{pointer}/properties/{escape(key)}", value)
    for keyword in ("items", "additionalProperties", "not"):
        yield from _subschemas(f"{pointer}/{keyword}", schema.get(keyword))
    for index, value in enumerate(schema.get("anyOf", [])):
        yield from _subschemas(f"{pointer}/anyOf/{index}", value)


def request_components(spec: Spec) -> set[str]:
    """Return the names of the components that a request body reaches."""
    return _reachable_components(spec, [schema for _, _, schema in _request_schemas(spec)])


def response_components(spec: Spec) -> set[str]:
    """Return the names of the components that a response reaches."""
    return _reachable_components(spec, [schema for _, _, _, schema in _response_schemas(spec)])


def _request_schemas(spec: Spec) -> Iterator[tuple[SpecOperation, str, dict[str, Any]]]:
    """Yield (operation, media type, schema) for every request body."""
    for operation in spec.operations():
        for media, content in operation.node.get("requestBody", {}).get("content", {}).items():
            yield operation, media, content["schema"]


def _response_schemas(spec: Spec) -> Iterator[tuple[SpecOperation, str, str, dict[str, Any]]]:
    """Yield (operation, status, media type, schema) for every response with a body."""
    for operation in spec.operations():
        for status, response in operation.node["responses"].items():
            for media, content in spec.resolve(response).get("content", {}).items():
                yield operation, status, media, content["schema"]


def _reachable_components(spec: Spec, schemas: list[dict[str, Any]]) -> set[str]:
    names: set[str] = set()
    while schemas:
        for _, node in _subschemas("", schemas.pop()):
            name = referenced_name(node)
            if name and name not in names:
                names.add(name)
                schemas.append(spec.schemas[name])
    return names


def _component_of(pointer: str) -> str:
    """Return the name of the component that the pointer is in, or ""."""
    return unescape(pointer.split("/")[3]) if pointer.startswith("/components/schemas/") else ""


def _is_inline(pointer: str) -> bool:
    """True if the schema at the pointer is part of a component or parameter, and no component itself."""
    return pointer.count("/") > 3


def types_of(schema: dict[str, Any]) -> list[str]:
    """Return the `type` keyword as a list."""
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else list(types)


def _check_keywords(spec: Spec) -> Flaws:
    for pointer, schema in schema_nodes(spec):
        for keyword in schema.keys() - KEYWORDS:
            if keyword in EXTENSIONS or not keyword.startswith("x-"):
                yield f"{pointer}/{escape(keyword)}", f"`{keyword}` is not enforced by the models: say it otherwise"
        if "$ref" in schema:
            for keyword in sorted(schema.keys() - ANNOTATIONS - {"$ref"}):
                yield pointer, f"`{keyword}` beside a $ref is dropped: say it in the component"
            continue
        types = set(types_of(schema))
        for keyword in sorted(schema.keys() & ABOUT.keys()):
            if not types & ABOUT[keyword] and not types & {"number", "integer"}:
                yield pointer, f"`{keyword}` is about {' or '.join(sorted(ABOUT[keyword]))}: say so in `type`"
        for name in schema.get("required", []):
            if name not in schema.get("properties", {}):
                yield f"{pointer}/required", f"{name} is required and no property"


def _check_enums(spec: Spec) -> Flaws:
    for pointer, schema in schema_nodes(spec):
        words = [*schema.get("enum", []), *([schema["const"]] if "const" in schema else [])]
        if not words or "string" not in types_of(schema):
            continue
        for word in words:
            if not isinstance(word, str | None):
                yield pointer, f"{word!r} is no text: write it in quotes"
        if ("null" in types_of(schema)) != (None in words):
            yield pointer, "null stands in `type` and among the words, or in neither"


def _check_extensions(spec: Spec) -> Flaws:
    for pointer in spec.lines:
        keyword = pointer.rpartition("/")[2]
        if keyword.startswith("x-") and keyword not in EXTENSIONS and "/headers/" not in pointer:
            yield pointer, f"`{keyword}` is none of {', '.join(sorted(EXTENSIONS))}"


def _check_rules(spec: Spec) -> Flaws:
    for pointer, schema in schema_nodes(spec):
        for keyword, rule in schema.get("x-rule", {}).items():
            if keyword not in schema:
                yield f"{pointer}/x-rule", f"x-rule names `{keyword}`, which does not stand beside it"
            if not RULE_ID.match(str(rule)):
                yield f"{pointer}/x-rule", f"x-rule: {rule!r} is no rule id such as RF201"
        for alias, name in schema.get("x-aliases", {}).items():
            if alias in schema.get("properties", {}) or name not in schema.get("properties", {}):
                yield f"{pointer}/x-aliases", f"x-aliases: {alias} is a property, or {name} is none"


def _check_objects(spec: Spec) -> Flaws:
    for pointer, schema in schema_nodes(spec):
        is_inline = _is_inline(pointer)
        if is_inline and schema.get("properties"):
            yield pointer, "an inline object: make it a component"
        is_map = isinstance(schema.get("additionalProperties"), dict)
        if not is_inline and types_of(schema) == ["object"] and not schema.get("properties") and not is_map:
            yield pointer, "a free-form component loses its data in the models: write it inline"
        if "array" in types_of(schema) and "items" not in schema:
            yield pointer, "an array without items is dropped by openapi-python-client"
        if schema.get("properties") and is_map:
            yield pointer, "typed additionalProperties beside properties are not enforced by the models"


def _check_closed(spec: Spec) -> Flaws:
    requests = request_components(spec)
    for name, schema in spec.schemas.items():
        pointer = f"/components/schemas/{escape(name)}"
        if not schema.get("properties"):
            continue
        if _is_closed(schema) and name not in requests:
            yield pointer, f"{name} comes back only: a response object is open"
        if name in requests and not _is_closed(schema) and not _is_open_on_purpose(schema):
            yield pointer, f"{name} is sent: close it with `additionalProperties: false`, or say `Facts: open, …`"
        for key in schema["properties"]:
            if snake(key) == snake(name):
                yield f"{pointer}/properties/{escape(key)}", f"property and component are both named {snake(name)}"


def _check_shared(spec: Spec) -> Flaws:
    closed = {name for name in request_components(spec) if _is_closed(spec.schemas[name])}
    for operation, status, _, schema in _response_schemas(spec):
        if referenced_name(schema) in closed:
            yield f"{operation.pointer}/responses/{status}", f"{referenced_name(schema)} is closed, and comes back here"
    open_answers = response_components(spec) - closed
    for pointer, schema in schema_nodes(spec):
        if _component_of(pointer) in open_answers and referenced_name(schema) in closed:
            yield pointer, f"{referenced_name(schema)} is closed, and comes back here: a response object is open"


def _is_closed(schema: dict[str, Any]) -> bool:
    return schema.get("additionalProperties") is False


def _is_open_on_purpose(schema: dict[str, Any]) -> bool:
    return str(schema.get("description", "")).startswith("Facts: open")


def is_number(schema: dict[str, Any]) -> bool:
    """True if a schema is of a number: one in JSON, or one that is always text, which `not` tells from other text."""
    return bool({"number", "integer"} & set(types_of(schema))) or "not" in schema


def _check_numbers(spec: Spec) -> Flaws:
    requests = request_components(spec)
    for pointer, schema in schema_nodes(spec):
        numeric = {"number", "integer"} & set(types_of(schema))
        is_component = _component_of(pointer) and not _is_inline(pointer)
        if "not" in schema and (not (numeric or is_component) or set(schema["not"]) != {"type", "pattern"}):
            yield f"{pointer}/not", "`not` may only refuse a pattern of a number's text: {type: string, pattern: …}"
        if numeric and _is_inline(pointer):
            yield from _check_inline_number(pointer, schema, is_sent=_component_of(pointer) in requests)
        elif is_number(schema) and is_component:
            yield from _check_scalar(pointer, schema)


def _check_inline_number(pointer: str, schema: dict[str, Any], *, is_sent: bool) -> Flaws:
    if "number" in types_of(schema):
        yield pointer, "an inline number: make it a component, so that it becomes an exact scalar"
    elif is_sent:
        yield pointer, "an inline integer in a request: make it a component, so that it becomes an exact scalar"
    elif schema.keys() - ANNOTATIONS - {"type"} or not _is_plain_number(schema):
        yield pointer, "an inline integer with more than a type: make it a component"


def _check_scalar(pointer: str, schema: dict[str, Any]) -> Flaws:
    for keyword in sorted((schema.keys() & KEYWORDS) - SCALAR):
        yield pointer, f"`{keyword}` of a number is not enforced by the models"
    if not _is_plain_number(schema):
        yield pointer, "a number may be text or null besides, and nothing else"
    if {"pattern", "not"} & schema.keys() and "string" not in types_of(schema):
        yield pointer, "a pattern is about text: add string to `type`"
    for keyword in sorted(BOUNDS & schema.keys()):
        if not isinstance(schema[keyword], int):
            yield f"{pointer}/{keyword}", "a bound is a whole number: a fraction in YAML is not exact"


def _is_plain_number(schema: dict[str, Any]) -> bool:
    return {"number", "integer", "string", "null"} >= set(types_of(schema))


def _check_patterns(spec: Spec) -> Flaws:
    for pointer, schema in schema_nodes(spec):
        pattern = schema.get("pattern")
        if pattern is None:
            if schema.get("format") not in (None, "password"):
                yield f"{pointer}/format", f"format {schema['format']} is not enforced: add a pattern"
            continue
        if re.search(r"\\[dws]", pattern, re.IGNORECASE):
            yield f"{pointer}/pattern", r"\d, \w and \s differ between engines: write [0-9], [A-Za-z0-9_], [ ]"
        if re.search(r"\$(?!\(\?!\\n\))", pattern):
            yield f"{pointer}/pattern", r"engines differ on a trailing newline: end the pattern with $(?!\n)"
        try:
            re.compile(pattern)
        except re.error as error:
            yield f"{pointer}/pattern", f"no regular expression: {error}"


def _check_unions(spec: Spec) -> Flaws:
    for pointer, schema in schema_nodes(spec):
        if "anyOf" in schema and schema.keys() - ANNOTATIONS - {"anyOf"}:
            yield f"{pointer}/anyOf", "anyOf stands alone: what is beside it is dropped"
        kinds = [_kind_of(spec, branch) for branch in schema.get("anyOf", [])]
        if not kinds or kinds == ["enum", "string"]:
            continue
        if len(set(kinds)) < len(kinds) or not {"object", "array", "null"} >= set(kinds):
            yield f"{pointer}/anyOf", f"anyOf of {' and '.join(kinds)}: it may tell an object from an array, no more"


def _kind_of(spec: Spec, schema: dict[str, Any]) -> str:
    schema = spec.resolve(schema)
    if "enum" in schema:
        return "enum"
    return "|".join(types_of(schema)) or "anything"


def _check_operations(spec: Spec) -> Flaws:
    names: set[str] = set()
    for path, item in spec.document["paths"].items():
        if "$ref" in item:
            yield f"/paths/{escape(path)}", "a path item $ref makes the operation vanish"
        if re.search(r"\{[^}]*\.[^}]*\}", path):
            yield f"/paths/{escape(path)}", "a dotted path parameter drops the endpoint"
        if "parameters" in item:
            yield f"/paths/{escape(path)}/parameters", "parameters stand on the operation: here they are dropped"
    for operation in spec.operations():
        if operation.name in names:
            yield f"{operation.pointer}/operationId", f"{operation.name} stands twice; the second replaces the first"
        names.add(operation.name)
        if not SNAKE_CASE.match(operation.name):
            yield f"{operation.pointer}/operationId", f"{operation.name} is no snake_case name: its module has one"
        if "security" not in operation.node:
            yield operation.pointer, f"{operation.name} has no security"
        if "summary" not in operation.node:
            yield operation.pointer, f"{operation.name} has no summary"
        if set(operation.node.get("x-source", {})) != {"page", "section"}:
            yield operation.pointer, f"{operation.name} needs x-source: {{page, section}}"


def _check_pages(spec: Spec) -> Flaws:
    """Check the addresses of pages: each is of a page that an operation names."""
    pages = {operation.node.get("x-source", {}).get("page") for operation in spec.operations()}
    for page, address in spec.document["info"].get("x-pages", {}).items():
        pointer = f"/info/x-pages/{escape(page)}"
        if page not in pages:
            yield pointer, f"{page} is the page of no operation"
        if not re.match(r"https?://\S+\Z", str(address)):
            yield pointer, f"{address} is no address of a page"


def _check_filled_in(spec: Spec) -> Flaws:
    """Find what the scaffold could not know, in keys and in texts."""
    for pointer, text in _walk_texts(spec.document, ""):
        if UNKNOWN in text:
            yield pointer, f"`{text}`: fill this in"


def _walk_texts(node: Any, pointer: str) -> Iterator[tuple[str, str]]:
    parts = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, part in parts:
        child = f"{pointer}/{escape(str(key))}"
        if isinstance(key, str):
            yield child, key
        yield from _walk_texts(part, child)
    if isinstance(node, str):
        yield pointer, node


def _check_context(spec: Spec) -> Flaws:
    """Check x-context: the operations that read an order and its earlier refunds."""
    names = {operation.name for operation in spec.operations()}
    for operation in spec.operations():
        for part, source in operation.node.get("x-context", {}).items():
            pointer = f"{operation.pointer}/x-context/{part}"
            if part not in ("order", "refunds"):
                yield pointer, f"x-context is about order and refunds, not about {part}"
            for key in source.keys() - CONTEXT_KEYS:
                yield f"{pointer}/{key}", f"`{key}` is none of {', '.join(CONTEXT_KEYS)}"
            if source.get("pages", {}).keys() not in (set(), {"cursor"}, {"query", "total"}):
                yield (
                    f"{pointer}/pages",
                    "pages have a `cursor`, or a number in the `query` and a `total`",
                )
            if ("operation" in source) == ("schema" in source):
                yield pointer, "name the operation that answers it, or the schema of one entry of a list of it"
            if "operation" in source and source["operation"] not in names:
                yield pointer, f"{source['operation']} is no operation of this spec"
            if "schema" in source and source["schema"] not in spec.schemas:
                yield pointer, f"{source['schema']} is no schema of this spec"
            if ("lines" in source) != ("key" in source):
                yield pointer, "`lines` and `key` go together: where an order's lines stand, and what tells them apart"


def _check_security(spec: Spec) -> Flaws:
    schemes = spec.document["components"].get("securitySchemes", {})
    for operation in spec.operations():
        for index, option in enumerate(operation.node.get("security", [])):
            for name in option.keys() - schemes.keys():
                yield f"{operation.pointer}/security/{index}/{escape(name)}", f"{name} is no security scheme"


def _check_parameters(spec: Spec) -> Flaws:
    for operation in spec.operations():
        for parameter in operation.parameters:
            schema = spec.resolve(parameter.get("schema", {}))
            if "content" in parameter:
                yield operation.pointer, f"parameter {parameter['name']} has `content` and is dropped"
            elif types_of(schema) != ["string"]:
                yield operation.pointer, f"parameter {parameter['name']} is no plain string"
            if "description" not in parameter:
                yield operation.pointer, f"parameter {parameter['name']} has no description"
        path_parameters = {parameter["name"] for parameter in operation.parameters if parameter["in"] == "path"}
        for name in sorted(path_parameters ^ set(re.findall(r"\{([^}.]*)\}", operation.path))):
            yield operation.pointer.rpartition("/")[0], f"{name} is not both in the path and a path parameter"


def _check_client_extensions(spec: Spec) -> Flaws:
    """Check the extensions for the ready client: ids given once, defaults of the query, idempotency keys."""
    methods = [operation.name for operation in spec.operations()]
    for operation in spec.operations():
        one_call = operation.node.get("x-one-call")
        if one_call is not None:
            methods.append(one_call)
            order = operation.node.get("x-context", {}).get("order", {})
            if methods.count(one_call) > 1:
                yield operation.pointer, f"{one_call} is the name of another method"
            elif "operation" not in order or "requestBody" not in operation.node:
                yield operation.pointer, "x-one-call stands on an operation with a body and an order to read"
        for parameter in operation.parameters:
            name, schema = parameter["name"], spec.resolve(parameter.get("schema", {}))
            if "x-given-once" in parameter and parameter["in"] != "path":
                yield operation.pointer, f"parameter {name} is given once: that is for path parameters"
            if "x-default" not in parameter:
                continue
            if parameter["in"] != "query" or parameter.get("required"):
                yield (
                    operation.pointer,
                    f"parameter {name} has x-default, which is for optional query parameters",
                )
            elif not jsonschema_rs.is_valid(schema, parameter["x-default"]):
                yield operation.pointer, f"parameter {name}: its own schema refuses its x-default"
    bodies = {referenced_name(schema) for _, _, schema in _request_schemas(spec)}
    for pointer, schema in schema_nodes(spec):
        if "x-idempotency-key" not in schema:
            continue
        owner, _, place = pointer.removeprefix("/components/schemas/").partition("/")
        if unescape(owner) not in bodies or place.count("/") != 1 or types_of(schema) != ["string"]:
            yield pointer, "x-idempotency-key stands on a property of a request body that is a plain string"


def _check_bodies(spec: Spec) -> Flaws:
    for operation in spec.operations():
        contents = operation.node.get("requestBody", {}).get("content", {})
        if "requestBody" in operation.node and len(contents) != 1:
            yield f"{operation.pointer}/requestBody", f"{operation.name} needs one media type: the first alone is sent"
        for media, content in contents.items():
            yield from _check_content(operation.pointer, f"the {media} body of {operation.name}", content)
        for status, response in operation.node["responses"].items():
            for media, content in spec.resolve(response).get("content", {}).items():
                subject = f"the {status} {media} of {operation.name}"
                yield from _check_content(operation.pointer, subject, content, example=status.startswith("2"))


def _check_successes(spec: Spec) -> Flaws:
    models: dict[str, str] = {}
    for operation, status, _, schema in _response_schemas(spec):
        name = referenced_name(schema)
        if status.startswith("2") and models.setdefault(operation.pointer, name) != name:
            yield f"{operation.pointer}/responses/{status}", f"{name} is a second model of success: it is dropped"
    for operation in spec.operations():
        if operation.pointer not in models:
            yield operation.pointer, f"{operation.name} has no model of success"


def _check_content(pointer: str, subject: str, content: dict[str, Any], *, example: bool = True) -> Flaws:
    if not referenced_name(content["schema"]):
        yield pointer, f"{subject} is not a named component"
    if example and not content.get("examples"):
        yield pointer, f"{subject} has no example"


CHECKS: tuple[Callable[[Spec], Flaws], ...] = (
    _check_keywords,
    _check_enums,
    _check_extensions,
    _check_rules,
    _check_objects,
    _check_closed,
    _check_shared,
    _check_numbers,
    _check_patterns,
    _check_unions,
    _check_operations,
    _check_pages,
    _check_filled_in,
    _check_context,
    _check_security,
    _check_parameters,
    _check_client_extensions,
    _check_bodies,
    _check_successes,
)
