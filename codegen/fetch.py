"""The command `python -m codegen fetch FOLDER`: the pages that the specs name by address -> files for `docs`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from .spec import Spec, SpecError, display_path

SUFFIXES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/markdown": ".md",
    "application/json": ".json",
    "application/yaml": ".yaml",
    "application/x-yaml": ".yaml",
    "text/yaml": ".yaml",
}
KNOWN = frozenset({*SUFFIXES.values(), ".yml", ".txt"})
SECONDS = 30.0


def fetch(specs: Sequence[Spec], folder: Path) -> int:
    """Save every page that the specs name by address under its name, and say which ones could not be had.

    Returns 2 if there was one. Raises SpecError if the specs name no address.
    """
    addresses = {page: address for spec in specs for page, address in page_addresses(spec).items()}
    if not addresses:
        raise SpecError("no spec names an address of a page: see x-pages in specs/README.md")
    folder.mkdir(parents=True, exist_ok=True)
    failures = 0
    with httpx.Client(follow_redirects=True, timeout=SECONDS) as client:
        for page, address in sorted(addresses.items()):
            try:
                path = _save(client.get(address).raise_for_status(), folder, page)
            except httpx.HTTPError as error:
                failures += 1
                print(f"{page}: {address}: {error}", file=sys.stderr)
            else:
                print(f"saved {display_path(path)}", file=sys.stderr)
    return 2 if failures else 0


def page_addresses(spec: Spec) -> dict[str, str]:
    """Return the addresses of a spec's pages, by the names of the pages."""
    addresses: dict[str, str] = spec.document["info"].get("x-pages", {})
    return addresses


def _save(response: httpx.Response, folder: Path, page: str) -> Path:
    """Write a page in place of what was saved of it before, and return its path."""
    for path in folder.glob(f"{page}.*"):
        path.unlink()
    media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    own = Path(urlsplit(str(response.url)).path).suffix.lower()
    path = folder / f"{page}{SUFFIXES.get(media) or (own if own in KNOWN else '.txt')}"
    path.write_bytes(response.content)
    return path
