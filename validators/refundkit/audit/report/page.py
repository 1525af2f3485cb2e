"""Totals as one HTML page: Jinja2 writes the words, numbers and tables; charts and the filter run in the browser."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from . import views
from .summary import Summary
from .totals import ORDERS, Totals

_LINKS = {
    "rules": "Rules",
    "times": "When",
    "groups": "Where and why",
    "orders": "Worst orders",
    "findings": "Findings",
}


def render_page(totals: Totals, summary: Summary) -> str:
    """Render the whole page as text."""
    style, script, bundle = _read_file("page.css"), "", ""
    sections: dict[str, Any] = {"rules": None}
    charts: dict[str, Any] = {}
    if totals.findings:
        script, bundle = _read_file("page.js"), _make_bundle()
        sections, charts = _make_sections(totals)
    return (
        _make_environment()
        .get_template("page.html")
        .render(
            policy=_make_policy([bundle, script], style),
            style=style,
            lede=views.make_lede(totals, summary),
            span=(totals.since, totals.until) if totals.since is not None else None,
            figures=views.make_figures(totals, summary),
            notes=views.make_notes(totals, summary),
            data=_encode_data({"charts": charts, **views.make_table(totals)}),
            bundle=bundle,
            script=script,
            **sections,
        )
    )


def _make_sections(totals: Totals) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make the sections below the headline, and the drawings of their charts by name."""
    rules, times, groups = views.make_rules(totals), views.make_times(totals), views.make_groups(totals)
    orders = views.make_orders(totals)
    sections = {"rules": rules, "times": times, "groups": groups, "orders": orders}
    links = [(name, title) for name, title in _LINKS.items() if name == "findings" or sections[name]]
    charts = [*rules.figures, *([times] if times else []), *groups]
    filters = views.make_filters(totals)
    return (
        {**sections, "links": links, "filters": filters, "most_orders": ORDERS},
        {chart.name: chart.drawing for chart in charts},
    )


@cache
def _make_environment() -> Environment:
    # Autoescape: what a payload says is text on the page. A name that a template does not get is an error.
    return Environment(
        loader=FunctionLoader(_read_file),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _read_file(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


@cache
def _make_bundle() -> str:
    """Make one script of Vega, Vega-Lite and Vega-Embed, in the version that Altair writes for."""
    from altair import SCHEMA_VERSION
    from vl_convert import javascript_bundle

    version = ".".join(SCHEMA_VERSION.split(".")[:2])
    return str(javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=version)).replace("</script", "<\\/script")


def _encode_data(data: Any) -> str:
    """Encode data as JSON that ends no script element, whatever its texts hold.

    Not Jinja's tojson, which sorts the keys and escapes every letter beyond ASCII.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _make_policy(scripts: Iterable[str], style: str) -> str:
    """Make a Content-Security-Policy under which the page runs its own scripts and nothing reaches the network."""
    return (
        f"default-src 'none'; script-src {' '.join(map(_hash, scripts))}; style-src {_hash(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
