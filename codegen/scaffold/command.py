"""The command `python -m codegen scaffold PAGE --api NAME`: a saved page -> the operations that no spec has yet."""

from __future__ import annotations

import copy
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from ..build import SPECS, generate
from ..lint import UNKNOWN, lint
from ..pages.blocks import Page, PageError
from ..pages.case import find_route
from ..pages.facts import Facts, read_facts
from ..pages.openapi import Definition, compare_source, read_definitions, read_source
from ..pages.places import MARK, Route, all_routes
from ..spec import Spec, SpecError, display_path, escape, load, unescape
from .definition import draft_definition
from .page import DraftOperation, draft_operations
from .text import format_spec, insert_parts
from .writer import SpecWriter

# More rounds would only be needed where a mark brings a difference of its own.
ROUNDS = 3


class Scaffold(NamedTuple):
    """The spec to write: its file, the text that is there, its tag and servers, and the names of new operations."""

    path: Path
    text: str
    tag: str
    hosts: list[str]
    names: list[str]


def scaffold(page_path: Path, folder: Path, api: str, operation_name: str = "", *, editing: bool = False) -> int:
    """Write the operations of a page that no spec of a folder has into the spec of an API, and say what to fill in.

    Returns 1 while something is left to fill in. Raises SpecError and PageError.
    """
    if not re.match(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z", api):
        raise SpecError(f"{api}: the name of an API is snake_case, as that of a module")
    specs = [load(path) for path in sorted(folder.glob("*.yaml"))]
    page, definitions = read_definitions(page_path)
    facts = read_facts(page)
    if not definitions and not (facts.lists or facts.calls or facts.samples or facts.endpoints):
        raise PageError(f"{page_path}: nothing on this page says what an operation sends or answers")
    drafts = _find_unclaimed(page, facts, definitions, all_routes(specs))
    if operation_name and len(drafts) > 1:
        names = ", ".join(draft.name for draft in drafts)
        drafts = [draft for draft in drafts if draft.name == operation_name]
        if not drafts:
            raise SpecError(f"{page_path}: --operation {operation_name} is none of the operations on it: {names}")
    if not drafts:
        print(f"{display_path(page_path)}: specs/ has every operation of this page", file=sys.stderr)
        return 0
    known = next((spec for spec in specs if spec.api == api), None)
    hosts = _find_hosts(facts, definitions)
    text = write_text(page, hosts, drafts, folder / f"{api}.yaml", known, operation_name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{api}.yaml").write_text(text, encoding="utf-8")
    if editing:
        _open_editor(folder / f"{api}.yaml")
    status = _report(folder / f"{api}.yaml")
    if editing and status == 0 and folder.resolve() == SPECS:
        print(f"wrote {display_path(generate())}", file=sys.stderr)
    return status


def write_text(
    page: Page, hosts: list[str], drafts: list[DraftOperation], path: Path, known: Spec | None, operation_name: str = ""
) -> str:
    """Return the text of the spec with the drafts in it; where the page contradicts itself there is a mark."""
    writer = _make_writer(page, known)
    taken = {operation.name for operation in known.operations()} if known else set()
    names: list[str] = []
    for draft in drafts:
        names.append(_free_name(operation_name or draft.name, taken | set(names)))
        writer.write(draft, names[-1])
    target = Scaffold(path, path.read_text("utf-8") if known else "", writer.tag, hosts, names)
    for _ in range(ROUNDS):
        marks = _find_marks(page, _load_text(path, _format(target, writer, known)), names)
        if not marks:
            break
        _add_marks(writer, marks)
    return _format(target, writer, known)


def _find_unclaimed(
    page: Page, facts: Facts, definitions: list[Definition], routes: list[Route]
) -> list[DraftOperation]:
    """Draft the operations of a page, but for those that a spec has; a definition says more than the text beside it."""
    drafts = [
        draft
        for section, spec in definitions
        for draft in draft_definition(spec, page.sections[section].title, section)
    ]
    described = {(draft.method, draft.path) for draft in drafts}
    if facts.size or not definitions:
        drafts += [draft for draft in draft_operations(page, facts) if (draft.method, draft.path) not in described]
    if definitions:
        drafts = [draft for draft in drafts if UNKNOWN not in draft.path]
    pages = {route.page for route in routes}
    return [
        draft
        for draft in drafts
        if not (page.stem in pages if UNKNOWN in draft.path else find_route(draft.method, draft.path, routes))
    ]


def _find_hosts(facts: Facts, definitions: list[Definition]) -> list[str]:
    """Return the hosts that a page names, each once."""
    addresses = [server["url"] for _, spec in definitions for server in spec.document["servers"]]
    addresses += [call.url for _, call in facts.calls]
    hosts = [endpoint.host for endpoint in facts.endpoints if endpoint.host]
    hosts += [match[1] for address in addresses if (match := re.match(r"https?://([^/]+)", address))]
    return list(dict.fromkeys(hosts))


def _make_writer(page: Page, known: Spec | None) -> SpecWriter:
    if known is None:
        return SpecWriter(page.stem, "operations")
    components = copy.deepcopy(known.document["components"])
    tags = [tag["name"] for tag in known.document.get("tags", [])]
    return SpecWriter(
        page.stem, (tags or ["operations"])[0], components["schemas"], components.get("securitySchemes", {})
    )


def _format(target: Scaffold, writer: SpecWriter, known: Spec | None) -> str:
    if known is None:
        return format_spec(target.path.stem, target.tag, target.hosts, writer.paths, writer.schemes, writer.schemas)
    components = known.document["components"]
    paths = known.document["paths"]
    parts: dict[tuple[str, ...], dict[str, Any]] = {
        ("components", "schemas"): _without(writer.schemas, components["schemas"]),
        ("components", "securitySchemes"): _without(writer.schemes, components.get("securitySchemes", {})),
        ("paths",): _without(writer.paths, paths),
        **{("paths", path): item for path, item in writer.paths.items() if path in paths},
    }
    return insert_parts(target.path, target.text, parts)


def _without(parts: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in parts.items() if name not in known}


def _free_name(name: str, taken: set[str]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


# Marks where the page contradicts itself


def _load_text(path: Path, text: str) -> Spec:
    with tempfile.TemporaryDirectory(prefix="refundkit-") as scratch:
        copied = Path(scratch) / path.name
        copied.write_text(text, encoding="utf-8")
        return load(copied)


def _find_marks(page: Page, spec: Spec, names: list[str]) -> dict[str, str]:
    """Return what the page says otherwise than the spec that was made of it, by pointer."""
    routes = [route for route in all_routes([spec]) if route.operation.name in names]
    pointers = {line: pointer for pointer, line in sorted(spec.lines.items(), key=lambda item: -item[0].count("/"))}
    marks: dict[str, str] = {}
    for difference in compare_source(read_source(page.path, routes)).tally.differences:
        field = (re.findall(r"`([^`]*)`", difference.message) or [""])[0]
        pointer = pointers.get(difference.spec_line, "")
        if pointer.endswith("/required"):
            pointer = f"{pointer.removesuffix('/required')}/properties/{escape(field)}"
        while pointer and not _is_markable(spec, pointer):
            pointer = pointer.rpartition("/")[0]
        marks.setdefault(pointer, difference.message.replace("`", ""))
    return marks


def _is_markable(spec: Spec, pointer: str) -> bool:
    """True if a mark may stand at a pointer: on a schema, a parameter, a server or an operation."""
    node: Any = spec.document
    for key in pointer.split("/")[1:]:
        node = node[int(key)] if isinstance(node, list) else node.get(unescape(key)) if isinstance(node, dict) else None
    parent = pointer.rpartition("/")[0]
    is_named = parent.endswith(("/properties", "/schemas", "/parameters", "/securitySchemes", "/servers", "/responses"))
    return isinstance(node, dict) and (is_named or "operationId" in node or pointer.endswith("/items"))


def _add_marks(writer: SpecWriter, marks: dict[str, str]) -> None:
    document = {"paths": writer.paths, "components": {"schemas": writer.schemas, "securitySchemes": writer.schemes}}
    for pointer, message in marks.items():
        node: Any = document
        for key in pointer.split("/")[1:]:
            node = node[int(key)] if isinstance(node, list) else node.get(unescape(key), {})
        node[MARK] = f"{node[MARK]}; {message}" if MARK in node and message not in node[MARK] else message


# After writing


def _open_editor(path: Path) -> None:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    subprocess.run([*shlex.split(editor), str(path)], check=False)


def _report(path: Path) -> int:
    """Print what is left to fill in, and return 1 if something is."""
    flaws = lint(load(path))
    print(*flaws, sep="\n", end="\n" if flaws else "")
    counted = "nothing" if not flaws else "1 line" if len(flaws) == 1 else f"{len(flaws)} lines"
    print(f"wrote {display_path(path)}: {counted} to fill in", file=sys.stderr)
    return 1 if flaws else 0
