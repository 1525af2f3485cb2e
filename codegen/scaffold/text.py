"""The parts of a spec -> its text: a new file, or the text of a spec with the parts put in, and the rest untouched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ..lint import UNKNOWN
from ..spec import SpecError

HEAD = """openapi: 3.1.0
info:
  title: {title} API
  version: "1"
  description: "{unknown}: what the API is for, and whether it is the vendor's current one."
servers:
{servers}
tags:
  - name: {tag}
    description: The operations of {title}.

paths:
{paths}
components:
  securitySchemes:
{schemes}
  schemas:
{schemas}"""


def format_spec(
    api: str, tag: str, hosts: list[str], paths: dict[str, Any], schemes: dict[str, Any], schemas: dict[str, Any]
) -> str:
    """Return the text of a new spec."""
    servers = [{"url": f"https://{host}"} for host in hosts] or [{"url": f"https://{UNKNOWN}"}]
    return HEAD.format(
        title=api.replace("_", " ").title(),
        unknown=UNKNOWN,
        tag=tag,
        servers=_dump(servers, 2).rstrip(),
        paths=_dump(paths, 2),
        schemes=_dump(schemes, 4).rstrip() if schemes else "    {}",
        schemas=_dump(schemas, 4),
    )


def insert_parts(path: Path, text: str, parts: dict[tuple[str, ...], dict[str, Any]]) -> str:
    """Return the text of a spec with parts at the end of the mappings that their keys lead to. Raises SpecError."""
    lines = text.splitlines(keepends=True)
    ends = sorted(((_find_end(path, text, keys), keys) for keys in parts if parts[keys]), reverse=True)
    for (line, indent), keys in ends:
        lines.insert(line, _dump(parts[keys], indent))
    return "".join(lines)


def _find_end(path: Path, text: str, keys: tuple[str, ...]) -> tuple[int, int]:
    """Return the line behind the last entry of a mapping in block style, and the indentation of its entries."""
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for key in keys:
        node = next((value for name, value in node.value if name.value == key), None)
        if not isinstance(node, yaml.MappingNode) or node.flow_style or not node.value:
            raise SpecError(
                f"{path}: no entries in block style under {'/'.join(keys)}: add what the scaffold needs there"
            )
    lines = text.splitlines()
    line = _last_line(node) + 1
    while (
        line < len(lines)
        and lines[line].strip()
        and len(lines[line]) - len(lines[line].lstrip()) > node.start_mark.column
    ):
        line += 1
    return line, node.start_mark.column


def _last_line(node: yaml.Node) -> int:
    """Return the number of the last line, from zero, that a node stands on."""
    if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
        return _last_line(node.value[-1][1])
    if isinstance(node, yaml.SequenceNode) and node.value and not node.flow_style:
        return _last_line(node.value[-1])
    return int(node.end_mark.line) if node.end_mark.column else int(node.end_mark.line) - 1


class _Dumper(yaml.SafeDumper):
    """Writes lists inside of mappings indented, and no aliases."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _dump(node: Any, indent: int) -> str:
    text = yaml.dump(
        node, Dumper=_Dumper, sort_keys=False, default_flow_style=None, width=110 - indent, allow_unicode=True
    )
    return "".join(f"{' ' * indent}{line}" for line in text.splitlines(keepends=True))
