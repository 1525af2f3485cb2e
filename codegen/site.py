"""docs/ -> the documentation site, with a page for each rule: `python -m codegen site FOLDER`.

FOLDER/docs is docs/ as the site has it: rules.md is a table, rules/RF203.md what `refundkit rule RF203` prints with the
addresses of the pages that it is from, and operations.md lists the operations with the rules of each. FOLDER/site is
what zensical makes of it, without the network.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from refundkit import apis, operations
from refundkit.rule import REGISTRY, Rule
from refundkit.rules import load_all as load_rules
from refundkit.rules.page import is_ours, source_of, text

from .build import ROOT, SPECS
from .fetch import page_addresses
from .spec import load_all

CONFIG = "zensical.toml"
# Where a page of docs/ names a rule, the site has the rule's own page.
_RULE_LINK = re.compile(r"\]\((?:rules\.md)?#(RF\d{3})\)")
# What begins the section of a rule in docs/rules.md.
_SECTION = '\n<a id="RF'


def build(folder: Path) -> int:
    """Write the site and return the exit status of zensical, which is not 0 if a link is broken."""
    stage(folder)
    return render(folder)


def render(folder: Path) -> int:
    """Make the site of the pages and the configuration in a folder."""
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "--config-file", CONFIG]
    return subprocess.run(command, cwd=folder, check=False).returncode


def stage(folder: Path) -> None:
    """Write the pages and the configuration that the site is built from."""
    pages = folder / "docs"
    shutil.rmtree(pages, ignore_errors=True)
    shutil.copytree(ROOT / "docs", pages)
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    (folder / CONFIG).write_text(add_address((ROOT / CONFIG).read_text("utf-8"), project), "utf-8")
    for page in pages.glob("*.md"):
        before_sections = page.read_text("utf-8").partition(_SECTION)[0]
        page.write_text(_RULE_LINK.sub(r"](rules/\1.md)", before_sections), "utf-8")
    addresses = {page: address for spec in load_all(SPECS) for page, address in page_addresses(spec).items()}
    (pages / "operations.md").write_text(operations_page(addresses), "utf-8")
    (pages / "rules").mkdir()
    for rule in our_rules():
        (pages / "rules" / f"{rule.code}.md").write_text(rule_page(rule, addresses), "utf-8")


def our_rules() -> list[Rule]:
    """Return the rules that come with refundkit, by id."""
    load_rules()
    return [rule for _, rule in sorted(REGISTRY.items()) if is_ours(rule)]


def rule_page(rule: Rule, addresses: Mapping[str, str]) -> str:
    """Return the page of one rule: what the command prints of it, and where the pages are that it is from."""
    return (
        "\n\n".join([f"# {text(rule)}", "\n".join(_source_links(rule, addresses)), "[All rules](../rules.md)"]) + "\n"
    )


def operations_page(addresses: Mapping[str, str]) -> str:
    """Return the page of all operations: how each is asked, which page it was written from, and its own rules."""
    parts = [
        "# The operations",
        "What `--as`, `operation` of a request and `refundkit.check` take. Rules that hold for all are left out here.",
    ]
    for api in operations.APIS:
        rows = [_operation_row(name, addresses) for name in operations.names() if name.partition(".")[0] == api]
        table = ["| operation | request | from | rules of its own |", "|---|---|---|---|", *rows]
        parts += [f"## {api}", operations.bundle(api).description, "\n".join(table)]
    return "\n\n".join(parts) + "\n"


def _operation_row(name: str, addresses: Mapping[str, str]) -> str:
    described = operations.get(name).described
    traits = apis.traits(name)
    codes = [rule.code for rule in our_rules() if rule.on and rule.covers(name, traits)]
    links = ", ".join(f"[{code}](rules/{code}.md)" for code in codes)
    page = f"[{described.page}]({addresses[described.page]})" if described.page in addresses else described.page
    source = "no page: [what was seen](apis.md)" if described.page == "facts" else page
    return f"| `{name}` | `{described.method} {described.path}` | {source} | {links} |"


def _source_links(rule: Rule, addresses: Mapping[str, str]) -> Iterator[str]:
    for source in source_of(rule).split(", "):
        for page in addresses if source == "every page" else [source]:
            address = addresses.get(page)
            yield f"* {page}: <{address}>" if address else f"* [What “{page}” means](../apis.md#where-a-rule-is-from)"


def add_address(config: str, project: str) -> str:
    """Add the site's address to its configuration, if `[project.urls]` of pyproject.toml names it as Documentation.

    SARIF links to the same address.
    """
    urls = tomllib.loads(project)["project"].get("urls", {})
    address = next((url for label, url in urls.items() if label.lower() == "documentation"), "")
    return config.replace("[project]\n", f'[project]\nsite_url = "{address}"\n', 1) if address else config
