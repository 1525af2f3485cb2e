"""Totals -> what the page's templates show: words, tables and charts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from ...operations import APIS
from ...rule import REGISTRY
from ...rules import load, load_documents
from .charts import Bar, draw_bars, draw_columns
from .summary import Summary
from .totals import CURRENCIES, LISTED, LISTED_OF_ONE, Group, Money, OrderTotal, RuleFindings, Totals
from .words import clean_text, format_amount, format_count, format_share, format_sums, make_filter, name_currency

# Rules that a chart shows.
_MOST_BARS = 12
_EMPTY = "\N{EN DASH}"
_STEPS = {"day": "by day", "week": "by week, from its Monday", "month": "by month", "year": "by year"}
_NO_REASON, _OTHER_REASONS = "no reason given", "all other reasons"
_GROUP_HEADS = ["With errors", "With warnings only", "Money of those with errors"]


class FigureAmount(msgspec.Struct, frozen=True):
    """A number and its unit, in elements of their own, so that numbers stand right under each other."""

    number: str
    unit: str = ""


class Figure(msgspec.Struct, frozen=True):
    """A number of the headline."""

    name: str
    amounts: list[FigureAmount]
    note: str


class Cell(msgspec.Struct, frozen=True):
    """The lines of a table's cell, behind a link to its findings if `go` is a filter."""

    lines: list[str]
    go: str = ""
    link: str = ""


class NumberTable(msgspec.Struct, frozen=True):
    """The numbers of a chart; the first `texts` columns are text, the first of them heads its row."""

    caption: str
    heads: list[str]
    rows: list[list[Cell]]
    texts: int = 1

    @property
    def kinds(self) -> list[str]:
        """The class of each column's cells."""
        return ["text" if index < self.texts else "number" for index in range(len(self.heads))]


class Chart(msgspec.Struct, frozen=True):
    """A chart: `description` is what a screen reader hears, `drawing` its Vega-Lite specification."""

    name: str
    title: str
    description: str
    drawing: dict[str, Any]
    note: str = ""
    table: NumberTable | None = None


class RuleSection(msgspec.Struct, frozen=True):
    """The rules that were broken."""

    figures: list[Chart]
    table: NumberTable


class OrderRow(msgspec.Struct, frozen=True):
    """One of the worst orders; `share` is its part of the largest amount, in percent."""

    go: str
    name: str
    note: str
    codes: str
    money: str
    share: str


class OrderTable(msgspec.Struct, frozen=True):
    """The worst orders of one currency, or those without an amount."""

    caption: str
    has_money: bool
    rows: list[OrderRow]


class Filters(msgspec.Struct, frozen=True):
    """What the table of findings can be filtered by, as pairs of value and label, and which findings it has."""

    which: str
    rules: list[tuple[str, str]]
    severities: list[tuple[str, str]]
    apis: list[tuple[str, str]]


# The headline.


def make_lede(totals: Totals, summary: Summary) -> str:
    """Return the sentence that the page begins with."""
    if not totals.findings:
        return f"Nothing was found in {format_count(summary.requests, 'refund request')}."
    if not totals.all.errors:
        return f"No error was found in {format_count(summary.requests, 'refund request')}, only warnings."
    return f"{totals.all.errors:,} of {format_count(summary.requests, 'refund request')} have errors."


def make_figures(totals: Totals, summary: Summary) -> list[Figure]:
    """Return the numbers of the headline."""
    sums = format_sums(totals.all.money, totals.currencies)
    errors, orders = totals.all.errors, totals.orders
    of_requests = f"{format_share(errors, summary.requests)} of {summary.requests:,} audited"
    of_money = "each request counted once" if sums else "no request names an amount"
    of_orders = f"{format_share(orders, summary.orders)} of {summary.orders:,} audited"
    of_findings = f"{format_count(totals.findings, 'finding')} in all"
    return [
        _make_figure("Requests with errors", [f"{errors:,}"], of_requests),
        _make_figure("Money they ask for", sums or ["none"], of_money),
        _make_figure("Orders with errors", [f"{orders:,}"], of_orders),
        _make_figure("Requests with warnings only", [f"{totals.all.warnings:,}"], of_findings),
    ]


def _make_figure(name: str, values: list[str], note: str) -> Figure:
    pairs = (value.partition(" ") for value in values)
    return Figure(name, [FigureAmount(number, unit) for number, _, unit in pairs], note)


def make_notes(totals: Totals, summary: Summary) -> list[str]:
    """Return what the numbers leave out: silence is never a pass."""
    notes = [
        f"Not every rule ran on {format_count(count, 'request')}; missing there: {part}."
        for part, count in summary.not_run.items()
        if count
    ]
    if totals.beyond:
        requests = format_count(totals.beyond, "request")
        notes.append(f"{requests} with an amount of more than 20 digits or 10 decimals: in no sum.")
    if totals.untimed:
        notes.append(f"{format_count(totals.untimed, 'request')} without a time: not in the chart over time.")
    return notes


# Charts, each with its numbers as a table.


def make_rules(totals: Totals) -> RuleSection:
    """Return the charts of the rules, by money and by number, and the table of all of them."""
    for api in {group.name for group in totals.apis} & set(APIS):
        load(str(api))
    load_documents()
    charts = []
    for index, currency in enumerate(totals.currencies[:CURRENCIES]):
        amounts = [(rule, rule.money[currency]) for rule in totals.rules if currency in rule.money]
        amounts.sort(key=lambda pair: -pair[1])
        bars = [_make_rule_bar(rule, format_amount(money, currency), float(money)) for rule, money in amounts]
        charts.append(_make_ranking(f"rules-{index}", f"Money by rule, {name_currency(currency)}", bars))
    ranked = sorted((rule for rule in totals.rules if rule.unsummed), key=lambda rule: -rule.unsummed)
    if ranked:
        bars = [_make_rule_bar(rule, f"{rule.unsummed:,}", float(rule.unsummed)) for rule in ranked]
        charts.append(_make_ranking("rules-unsummed", "Requests without an amount, by rule", bars))
    heads = ["Rule", "Severity", "Why it is one", "Findings", "Requests", "Money of these requests"]
    rows = [_make_rule_row(rule, totals.currencies) for rule in totals.rules]
    return RuleSection(charts, NumberTable("Every rule that was broken", heads, rows, texts=3))


def _make_rule_row(rule: RuleFindings, currencies: Sequence[str]) -> list[Cell]:
    return [
        Cell([clean_text(rule.name)], make_filter("rule", rule.code), rule.code),
        Cell([rule.severity]),
        Cell([_explain_rule(rule)]),
        Cell([f"{rule.findings:,}"]),
        Cell([f"{rule.requests:,}"]),
        _make_money_cell(rule.money, currencies),
    ]


def _make_money_cell(money: Money, currencies: Sequence[str]) -> Cell:
    return Cell(format_sums(money, currencies) or [_EMPTY])


def _explain_rule(rule: RuleFindings) -> str:
    """Return the title of a rule and the page that it comes from."""
    registered = REGISTRY.get(rule.code)
    title = registered.title if registered else ""
    return " ".join(part for part in (title, f"Source: {clean_text(rule.source)}." if rule.source else "") if part)


def _make_rule_bar(rule: RuleFindings, text: str, length: float) -> Bar:
    label = f"{rule.code} {clean_text(rule.name)}"
    return Bar(
        key=f"{rule.code} {rule.severity}",
        label=label,
        text=text,
        kind=rule.severity,
        length=length,
        tip=f"{label}: {text}, {format_count(rule.requests, 'request')}",
        go=make_filter("rule", rule.code),
    )


def _make_ranking(name: str, title: str, bars: list[Bar]) -> Chart:
    note = f"{_MOST_BARS} of {len(bars)}, all in the table" if len(bars) > _MOST_BARS else ""
    top = bars[:_MOST_BARS]
    description = f"{title}: " + "; ".join(f"{bar.label} {bar.text}" for bar in top[:3])
    return Chart(name, title, description, draw_bars(top), note=note)


def make_times(totals: Totals) -> Chart | None:
    """Return the chart over time; None where no finding has a time."""
    if not totals.times:
        return None
    bars = [
        Bar(
            key=str(group.name),
            label="",
            text="",
            kind=kind,
            length=count,
            tip=f"{group.name}: {group.errors:,} with errors, {group.warnings:,} with warnings only",
        )
        for group in totals.times
        for kind, count in (("error", group.errors), ("warning", group.warnings))
    ]
    peak = max(totals.times, key=lambda group: group.errors)
    title = f"Requests with findings {_STEPS[totals.step]}"
    span = f"from {totals.times[0].name} to {totals.times[-1].name}"
    description = f"{title}, {span}; most errors: {peak.name}, {peak.errors:,}"
    rows = [[Cell([str(group.name)]), *_make_group_cells(group, totals.currencies)] for group in totals.times]
    table = NumberTable(title, [totals.step.capitalize(), *_GROUP_HEADS], rows)
    return Chart("times-chart", title, description, draw_columns(bars), table=table)


def _make_group_cells(group: Group, currencies: Sequence[str]) -> list[Cell]:
    return [Cell([f"{group.errors:,}"]), Cell([f"{group.warnings:,}"]), _make_money_cell(group.money, currencies)]


def make_groups(totals: Totals) -> list[Chart]:
    """Return the charts by API and by reason."""
    return [
        _make_group_chart("apis-chart", "By API", "api", totals.apis, totals.currencies),
        _make_group_chart("reasons-chart", "By reason of the refund", "text", totals.reasons, totals.currencies),
    ]


def _make_group_chart(name: str, title: str, key: str, groups: Sequence[Group], currencies: Sequence[str]) -> Chart:
    bars, rows, labels = [], [], []
    for group in groups:
        label = _label_group(group)
        go = make_filter(key, clean_text(group.name)) if group.name else ""
        bars += _stack_bars(group, label, go)
        head = Cell([], go, label) if go else Cell([label])
        rows.append([head, *_make_group_cells(group, currencies)])
        labels.append(f"{label} {group.errors:,}")
    table = NumberTable(title, ["API" if key == "api" else "Reason", *_GROUP_HEADS], rows)
    return Chart(name, title, f"{title}: " + "; ".join(labels[:3]), draw_bars(bars), table=table)


def _label_group(group: Group) -> str:
    return _NO_REASON if group.name is None else clean_text(group.name) or _OTHER_REASONS


def _stack_bars(group: Group, label: str, go: str) -> list[Bar]:
    """Return the two parts of one bar; the first has the words."""
    text = f"{group.errors:,} + {group.warnings:,}" if group.warnings else f"{group.errors:,}"
    tip = f"{label}: {group.errors:,} with errors, {group.warnings:,} with warnings only"
    key = f"{label} {go}"
    return [
        Bar(key, label, text, "error", group.errors, tip, go),
        Bar(key, "", "", "warning", group.warnings, tip, go),
    ]


# Orders and findings.


def make_orders(totals: Totals) -> list[OrderTable]:
    """Return the worst orders, a table for each currency and one for those without an amount."""
    groups: dict[tuple[bool, str], list[OrderTotal]] = {}
    for order in totals.worst:
        has_money = order.money is not None
        groups.setdefault((has_money, order.currency if has_money else ""), []).append(order)
    return [
        OrderTable(
            f"By money, {name_currency(currency)}" if has_money else "Without an amount, by number of requests",
            has_money,
            [_make_order_row(order, orders[0].money) for order in orders],
        )
        for (has_money, currency), orders in groups.items()
    ]


def _make_order_row(order: OrderTotal, largest: Decimal | None) -> OrderRow:
    name, api, money = clean_text(order.order_id), clean_text(order.api), order.money
    share = 100 * money / largest if money and largest and 0 < money <= largest else Decimal(0)
    return OrderRow(
        go=make_filter("text", name),
        name=name,
        note=api if order.requests == 1 else f"{api}, {order.requests:,} requests",
        codes=clean_text(", ".join(order.codes)),
        money="" if money is None else format_amount(money, order.currency),
        share=f"{float(share):.1f}",
    )


def make_filters(totals: Totals) -> Filters:
    """Return what the table of findings can be filtered by, and which findings it has."""
    count = len(totals.listed)
    which = "All findings, errors with the most money first."
    if count < totals.findings:
        which = (
            f"{count:,} of {totals.findings:,} findings: the {LISTED_OF_ONE} largest of every rule and of every order "
            f"above, then the errors with the most money, up to {LISTED:,}. The findings file has all."
        )
    by_code = sorted(totals.rules, key=lambda rule: rule.code)
    labels = {rule.code: f"{rule.code} {clean_text(rule.name)}" for rule in by_code}
    return Filters(
        which,
        list(labels.items()),
        _make_options(sorted({severity for _, severity, _, _ in totals.matches})),
        _make_options(clean_text(str(group.name)) for group in totals.apis),
    )


def _make_options(values: Iterable[str]) -> list[tuple[str, str]]:
    return [(value, value) for value in values]


def make_table(totals: Totals) -> dict[str, Any]:
    """Return the findings for the script, each a list; `rank` sorts money by currency and then exactly by amount."""
    position = {currency: -index for index, currency in enumerate(totals.currencies)}

    def measure(finding: Any) -> tuple[int, Decimal]:
        return position.get(finding.currency, -len(position)), Decimal(finding.refunded or 0)

    sizes = sorted({measure(finding) for finding in totals.listed if finding.refunded})
    ranks = {size: rank for rank, size in enumerate(sizes, 1)}
    return {
        "rules": {rule.code: clean_text(rule.name) for rule in totals.rules},
        "matches": [[code, severity, clean_text(api), count] for code, severity, api, count in totals.matches],
        "findings": [
            [
                finding.row,
                finding.time or "",
                clean_text(finding.api),
                clean_text(finding.order_id or ""),
                finding.code,
                finding.severity,
                clean_text(finding.message),
                clean_text(finding.help),
                clean_text(finding.pointer),
                clean_text(finding.reason or ""),
                format_sums({finding.currency: Decimal(finding.refunded)}, [finding.currency])[0]
                if finding.refunded
                else "",
                ranks[measure(finding)] if finding.refunded else 0,
            ]
            for finding in totals.listed
        ],
    }
