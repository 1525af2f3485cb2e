"""Totals as one HTML page: the words, the numbers and the tables; charts and the filter are drawn in the browser."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...money import decimals, places
from ...operations import APIS
from ...report.text import printable
from ...rule import REGISTRY
from ...rules import load, load_documents
from ...text import mask_numbers
from .charts import Bar, bars, columns
from .totals import CURRENCIES, LISTED, LISTED_OF_ONE, ORDERS

if TYPE_CHECKING:
    from .summary import Summary
    from .totals import Broken, Count, Money, Order, Totals

# How many rules a chart shows, how many currencies a cell, and how many characters of a text the page.
_BARS, _SUMS, _LONGEST = 12, 6, 400
_NONE = "\N{EN DASH}"
_STEPS = {"day": "by day", "week": "by week, from its Monday", "month": "by month", "year": "by year"}
_NO_REASON, _OTHER_REASONS, _NO_CURRENCY = "no reason given", "all other reasons", "no currency"


def page(totals: Totals, summary: Summary) -> str:
    """The whole page as text."""
    found = totals.findings > 0
    sections, charts = _sections(totals) if found else ("", {})
    script = _text("page.js") if found else ""
    bundle = _bundle() if found else ""
    style = _text("page.css")
    return Template(_text("page.html")).substitute(
        policy=_policy([bundle, script], style),
        style=style,
        lede=_lede(totals, summary),
        span=_span(totals),
        figures=_figures(totals, summary),
        notes=_notes(totals, summary),
        sections=sections,
        data=_inert({"charts": charts, **_table(totals)}),
        bundle=bundle,
        script=script,
    )


def _sections(totals: Totals) -> tuple[str, dict[str, Any]]:
    """The sections below the headline with links to them, and the charts in them by the id of their place."""
    charts: dict[str, Any] = {}
    sections = {
        "rules": ("Rules", _rules(totals, charts)),
        "times": ("When", _times(totals, charts)),
        "groups": ("Where and why", _groups(totals, charts)),
        "orders": ("Worst orders", _worst(totals)),
        "findings": ("Findings", _listed(totals)),
    }
    links = "".join(f'<li><a href="#{name}">{title}</a></li>' for name, (title, text) in sections.items() if text)
    nav = f'<nav aria-label="On this page"><ul>{links}</ul></nav>'
    return "\n".join([nav, *(text for _, text in sections.values())]), charts


# Words and numbers


def shown(text: str) -> str:
    """A text of the data as the page may show it: masked, without control characters, and not endless."""
    safe = printable(mask_numbers(text))
    return safe if len(safe) <= _LONGEST else f"{safe[: _LONGEST - 1]}…"


def amount(value: Decimal, currency: str) -> str:
    """An exact amount with the decimals of its currency, or as many more as it has: 1,234.50."""
    return f"{value:,.{max(decimals(currency) or 0, places(value))}f}"


def _number(count: int) -> str:
    return f"{count:,}"


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _named(currency: str) -> str:
    return shown(currency) or _NO_CURRENCY


def _sums(money: Money, order: Sequence[str]) -> list[str]:
    """Every sum with its currency, the currency of most requests first."""
    known = [one for one in order if one in money]
    texts = [f"{amount(money[one], one)} {_named(one)}" for one in known[:_SUMS]]
    return texts + ([f"and {len(known) - _SUMS:,} currencies more"] if len(known) > _SUMS else [])


def _share(part: int, whole: int) -> str:
    """A share in percent, cut and never rounded up: what is not all is not called 100 %."""
    if not whole:
        return "0 %"
    tenths = part * 1000 // whole
    return "under 0.1 %" if part and not tenths else f"{tenths // 10}.{tenths % 10} %"


# The headline


def _lede(totals: Totals, summary: Summary) -> str:
    if not totals.findings:
        return f"Nothing was found in {_many(summary.requests, 'refund request')}."
    if not totals.all.errors:
        return f"No error was found in {_many(summary.requests, 'refund request')}, only warnings."
    return f"{_number(totals.all.errors)} of {_many(summary.requests, 'refund request')} have errors."


def _span(totals: Totals) -> str:
    if totals.since is None:
        return ""
    return f"Findings from <time>{totals.since}</time> to <time>{totals.until}</time>, UTC"


def _figures(totals: Totals, summary: Summary) -> str:
    sums = _sums(totals.all.money, totals.currencies)
    errors, orders = totals.all.errors, totals.orders
    items = [
        (
            "Requests with errors",
            [_number(errors)],
            f"{_share(errors, summary.requests)} of {_number(summary.requests)} audited",
        ),
        ("Money they ask for", sums or ["none"], "each request counted once" if sums else "no request names an amount"),
        (
            "Orders with errors",
            [_number(orders)],
            f"{_share(orders, summary.orders)} of {_number(summary.orders)} audited",
        ),
        ("Requests with warnings only", [_number(totals.all.warnings)], f"{_many(totals.findings, 'finding')} in all"),
    ]
    return "\n".join(_headed(*item) for item in items)


def _headed(name: str, values: Sequence[str], note: str) -> str:
    figures = "".join(f'<dd class="figure">{_split(value)}</dd>' for value in values)
    return f'<div><dt>{name}</dt>{figures}<dd class="note">{note}</dd></div>'


def _split(value: str) -> str:
    """A number and its currency, each in an element of its own, so that numbers stand right under each other."""
    number, _, unit = value.partition(" ")
    return f'<span>{escape(number)}</span> <span class="unit">{escape(unit)}</span>' if unit else escape(number)


def _notes(totals: Totals, summary: Summary) -> str:
    """What the numbers leave out: silence is never a pass."""
    notes = [
        f"Not every rule ran on {_many(count, 'request')}; missing there: {escape(part)}."
        for part, count in summary.not_run.items()
        if count
    ]
    if totals.beyond:
        notes.append(
            f"{_many(totals.beyond, 'request')} with an amount of more than 20 digits or 10 decimals: in no sum."
        )
    if totals.untimed:
        notes.append(f"{_many(totals.untimed, 'request')} without a time: not in the chart over time.")
    items = "".join(f"<li>{note}</li>" for note in notes)
    return f'<ul class="notes">{items}</ul>' if notes else ""


# Charts, each with its numbers as a table


def _figure(name: str, title: str, says: str, chart: dict[str, Any], charts: dict[str, Any], table: str = "") -> str:
    """A chart under its caption; `says` is what a screen reader hears instead."""
    charts[name] = chart
    return (
        f'<figure><figcaption id="{name}-title">{title}</figcaption>'
        f'<div role="img" aria-label="{escape(says)}"><div class="chart" id="{name}" aria-hidden="true"></div></div>'
        f"{table}</figure>"
    )


def _numbers(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """A table of a chart's numbers; the first `words` columns are text, the first of them heads its row."""
    kinds = ['class="text"' if index < words else 'class="number"' for index in range(len(heads))]
    head = "".join(f'<th scope="col" {kind}>{name}</th>' for name, kind in zip(heads, kinds, strict=True))
    body = "".join(
        f'<tr><th scope="row" class="text">{first}</th>'
        + "".join(f"<td {kind}>{cell}</td>" for cell, kind in zip(rest, kinds[1:], strict=True))
        + "</tr>"
        for first, *rest in rows
    )
    return (
        "<details><summary>The numbers as a table</summary>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{caption}">'
        f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></details>"
    )


def _cell(money: Money, order: Sequence[str]) -> str:
    """The sums of a cell, one a line."""
    return "<br>".join(escape(one) for one in _sums(money, order)) or _NONE


def _link(go: str, text: str) -> str:
    return f'<a href="#{escape(go)}">{escape(text)}</a>'


def _filter(key: str, text: str) -> str:
    """The part of an address behind # that filters the table of findings."""
    return f"{key}={quote(text, safe='')}"


_LEGEND = '<p class="legend"><span class="key error"></span>errors <span class="key warning"></span>{warnings}</p>'


def _rules(totals: Totals, charts: dict[str, Any]) -> str:
    for api in {one.name for one in totals.apis} & set(APIS):
        load(str(api))
    load_documents()
    figures = []
    for index, currency in enumerate(totals.currencies[:CURRENCIES]):
        ranked = sorted((one for one in totals.rules if currency in one.money), key=lambda one: -one.money[currency])
        rows = [_rule_bar(one, amount(one.money[currency], currency), float(one.money[currency])) for one in ranked]
        figures.append(_ranking(f"rules-{index}", f"Money by rule, {escape(_named(currency))}", rows, charts))
    ranked = sorted((one for one in totals.rules if one.unsummed), key=lambda one: -one.unsummed)
    if ranked:
        rows = [_rule_bar(one, _number(one.unsummed), float(one.unsummed)) for one in ranked]
        figures.append(_ranking("rules-unsummed", "Requests without an amount, by rule", rows, charts))
    table = _numbers(
        "Every rule that was broken",
        ["Rule", "Severity", "Why it is one", "Findings", "Requests", "Money of these requests"],
        [
            (
                f"{_link(_filter('rule', one.code), one.code)} {escape(shown(one.name))}",
                escape(one.severity),
                escape(_reason_of(one)),
                _number(one.findings),
                _number(one.requests),
                _cell(one.money, totals.currencies),
            )
            for one in totals.rules
        ],
        words=3,
    )
    return (
        '<section aria-labelledby="rules"><h2 id="rules">Which rules were broken, and what it may cost</h2>'
        f"<p>The bar of a rule is the money of all requests that break it. A request that breaks two rules is in both "
        f"bars, and once in the numbers at the top.</p>{_LEGEND.format(warnings='warnings')}"
        f'<div class="grid">{"".join(figures)}</div>{table}</section>'
    )


def _reason_of(rule: Broken) -> str:
    """The title of a rule, and the page that says so."""
    known = REGISTRY.get(rule.code)
    title = known.title if known else ""
    return " ".join(part for part in (title, f"Source: {shown(rule.source)}." if rule.source else "") if part)


def _rule_bar(rule: Broken, text: str, length: float) -> Bar:
    label = f"{rule.code} {shown(rule.name)}"
    return Bar(
        key=f"{rule.code} {rule.severity}",
        label=label,
        text=text,
        kind=rule.severity,
        length=length,
        tip=f"{label}: {text}, {_many(rule.requests, 'request')}",
        go=_filter("rule", rule.code),
    )


def _ranking(name: str, title: str, rows: list[Bar], charts: dict[str, Any]) -> str:
    more = f' <span class="note">{_BARS} of {len(rows)}, all in the table</span>' if len(rows) > _BARS else ""
    top = rows[:_BARS]
    says = f"{title}: " + "; ".join(f"{one.label} {one.text}" for one in top[:3])
    return _figure(name, title + more, says, bars(top), charts)


def _times(totals: Totals, charts: dict[str, Any]) -> str:
    if not totals.times:
        return ""
    rows = [
        Bar(
            key=str(one.name),
            label="",
            text="",
            kind=kind,
            length=count,
            tip=f"{one.name}: {_number(one.errors)} with errors, {_number(one.warnings)} with warnings only",
        )
        for one in totals.times
        for kind, count in (("error", one.errors), ("warning", one.warnings))
    ]
    peak = max(totals.times, key=lambda one: one.errors)
    title = f"Requests with findings {_STEPS[totals.step]}"
    says = f"{title}, from {totals.times[0].name} to {totals.times[-1].name}; most errors: {peak.name}, {peak.errors:,}"
    table = _numbers(
        title,
        [totals.step.capitalize(), "With errors", "With warnings only", "Money of those with errors"],
        [
            (str(one.name), _number(one.errors), _number(one.warnings), _cell(one.money, totals.currencies))
            for one in totals.times
        ],
    )
    return (
        '<section aria-labelledby="times"><h2 id="times">When</h2>'
        + _LEGEND.format(warnings="warnings only")
        + _figure("times-chart", title, says, columns(rows), charts, table)
        + "</section>"
    )


def _groups(totals: Totals, charts: dict[str, Any]) -> str:
    parts = []
    for name, title, key, counts in (
        ("apis", "By API", "api", totals.apis),
        ("reasons", "By reason of the refund", "text", totals.reasons),
    ):
        named = [(one, _group(one), _filter(key, shown(one.name)) if one.name else "") for one in counts]
        rows = [row for one, label, go in named for row in _stack(one, label, go)]
        says = f"{title}: " + "; ".join(f"{label} {one.errors:,}" for one, label, _ in named[:3])
        table = _numbers(
            title,
            ["API" if key == "api" else "Reason", "With errors", "With warnings only", "Money of those with errors"],
            [
                (
                    _link(go, label) if go else escape(label),
                    _number(one.errors),
                    _number(one.warnings),
                    _cell(one.money, totals.currencies),
                )
                for one, label, go in named
            ],
        )
        parts.append(_figure(f"{name}-chart", title, says, bars(rows), charts, table))
    return (
        '<section aria-labelledby="groups"><h2 id="groups">Where and why</h2>'
        f"{_LEGEND.format(warnings='warnings only')}"
        f'<div class="grid">{"".join(parts)}</div></section>'
    )


def _group(count: Count) -> str:
    return _NO_REASON if count.name is None else shown(count.name) or _OTHER_REASONS


def _stack(count: Count, label: str, go: str) -> list[Bar]:
    """The two parts of one bar; the first bears the words."""
    text = f"{_number(count.errors)} + {_number(count.warnings)}" if count.warnings else _number(count.errors)
    tip = f"{label}: {_number(count.errors)} with errors, {_number(count.warnings)} with warnings only"
    key = f"{label} {go}"
    return [
        Bar(key, label, text, "error", count.errors, tip, go),
        Bar(key, "", "", "warning", count.warnings, tip, go),
    ]


# Orders and findings


def _worst(totals: Totals) -> str:
    groups: dict[tuple[bool, str], list[Order]] = {}
    for one in totals.worst:
        groups.setdefault((one.money is None, "" if one.money is None else one.currency), []).append(one)
    if not groups:
        return ""
    tables = "".join(
        _orders(
            "Without an amount, by number of requests" if silent else f"By money, {escape(_named(currency))}", orders
        )
        for (silent, currency), orders in groups.items()
    )
    return (
        '<section aria-labelledby="orders"><h2 id="orders">The worst orders</h2>'
        f"<p>Up to {ORDERS} orders whose requests with errors ask for the most money.</p>"
        f'<div class="grid">{tables}</div></section>'
    )


def _orders(caption: str, orders: Sequence[Order]) -> str:
    silent, largest = orders[0].money is None, orders[0].money
    rows = "".join(
        f'<tr><th scope="row">{_link(_filter("text", shown(one.order_id)), shown(one.order_id))} '
        f'<span class="note">{escape(_told(one))}</span></th>'
        f"<td>{escape(shown(', '.join(one.codes)))}</td>{_order_money(one, largest)}</tr>"
        for one in orders
    )
    money = "" if silent else '<th scope="col" class="number">Money</th>'
    return (
        f'<table class="orders"><caption>{caption}</caption><thead><tr><th scope="col">Order</th>'
        f'<th scope="col">Rules</th>{money}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _told(order: Order) -> str:
    return shown(order.api) if order.requests == 1 else f"{shown(order.api)}, {order.requests:,} requests"


def _order_money(order: Order, largest: Decimal | None) -> str:
    """The cell of an order's money; the thin bar in it is as wide as its share of the largest."""
    if order.money is None:
        return ""
    share = float(100 * order.money / largest) if largest and 0 < order.money <= largest else 0.0
    return (
        f'<td class="number">{amount(order.money, order.currency)}<svg class="meter" aria-hidden="true" width="100%" '
        f'height="3"><rect width="{share:.1f}%" height="3"></rect></svg></td>'
    )


def _listed(totals: Totals) -> str:
    count = len(totals.listed)
    which = (
        f"{_number(count)} of {_number(totals.findings)} findings: the {LISTED_OF_ONE} largest of every rule and of "
        f"every order above, then the errors with the most money, up to {_number(LISTED)}. The findings file has all."
        if count < totals.findings
        else "All findings, errors with the most money first."
    )
    return Template(_text("findings.html")).substitute(
        which=which,
        rules="".join(
            f'<option value="{escape(one)}">{escape(label)}</option>'
            for one, label in {
                one.code: f"{one.code} {shown(one.name)}" for one in sorted(totals.rules, key=lambda one: one.code)
            }.items()
        ),
        severities="".join(
            f'<option value="{escape(one)}">{escape(one)}</option>'
            for one in sorted({severity for _, severity, _, _ in totals.matches})
        ),
        apis="".join(
            f'<option value="{escape(shown(str(one.name)))}">{escape(shown(str(one.name)))}</option>'
            for one in totals.apis
        ),
    )


def _table(totals: Totals) -> dict[str, Any]:
    """The findings for the script, each a list; `rank` sorts money exactly, by currency and then by amount."""
    position = {currency: -index for index, currency in enumerate(totals.currencies)}

    def size(one: Any) -> tuple[int, Decimal]:
        return position.get(one.currency, -len(position)), Decimal(one.refunded or 0)

    ranks = {one: rank for rank, one in enumerate(sorted({size(one) for one in totals.listed if one.refunded}), 1)}
    return {
        "rules": {one.code: shown(one.name) for one in totals.rules},
        "matches": [[code, severity, shown(api), count] for code, severity, api, count in totals.matches],
        "findings": [
            [
                one.row,
                one.time or "",
                shown(one.api),
                shown(one.order_id or ""),
                one.code,
                one.severity,
                shown(one.message),
                shown(one.help),
                shown(one.pointer),
                shown(one.reason or ""),
                f"{amount(Decimal(one.refunded), one.currency)} {_named(one.currency)}" if one.refunded else "",
                ranks[size(one)] if one.refunded else 0,
            ]
            for one in totals.listed
        ],
    }


# The frame


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


@cache
def _bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, in the version that Altair writes for."""
    from altair import SCHEMA_VERSION
    from vl_convert import javascript_bundle

    version = ".".join(SCHEMA_VERSION.split(".")[:2])
    return str(javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=version)).replace("</script", "<\\/script")


def _inert(data: Any) -> str:
    """JSON that ends no script element, whatever its texts say."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _policy(scripts: Iterable[str], style: str) -> str:
    """A Content-Security-Policy under which the page runs its own scripts and nothing reaches the network."""
    return (
        f"default-src 'none'; script-src {' '.join(map(_hash, scripts))}; style-src {_hash(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
