"""The findings of an audit, added up by DuckDB over the file; what comes back is small whatever the file's size.

A request counts once in every number: in each group it is one with errors, or else one with nothing but warnings, and
the money that it asks for is added once, however many findings it has there.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pyarrow import Table

# How many findings the page lists, and how many of every rule and of every worst order are surely among them.
LISTED, LISTED_OF_ONE = 2000, 20
# How many reasons stand by themselves, how many orders of a currency are among the worst, and of how many currencies.
REASONS, ORDERS, CURRENCIES = 10, 10, 4
# What DuckDB holds in memory at most; beyond that it writes to a temporary folder.
MEMORY = "512MB"

TEXTS = "operation order_id code name severity message help pointer source refunded currency reason".split()
Money = Mapping[str, Decimal]  # currency, "" where none is known -> an exact sum


class Group(msgspec.Struct, frozen=True):
    """Requests of one group: those with errors and the money they ask for, and those with nothing but warnings."""

    name: str | None
    errors: int
    warnings: int
    money: Money


class RuleFindings(msgspec.Struct, frozen=True):
    """One rule with what it found; `unsummed` counts the requests that name no amount, or none that can be added."""

    code: str
    name: str
    severity: str
    source: str
    findings: int
    requests: int
    unsummed: int
    money: Money


class OrderTotal(msgspec.Struct, frozen=True):
    """One order: how many of its requests have errors, the money of those in one currency, and the rules they break."""

    api: str
    order_id: str
    currency: str
    money: Decimal | None
    requests: int
    codes: list[str]


class ListedFinding(msgspec.Struct, frozen=True):
    """One finding; `time` is UTC, as in 2025-01-31 23:59, and `refunded` the whole request's, as the file writes it."""

    row: int
    time: str | None
    api: str
    order_id: str | None
    code: str
    severity: str
    message: str
    help: str
    pointer: str
    reason: str | None
    currency: str
    refunded: str | None


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the page says about the findings.

    `step` is what one of `times` stands for: day, week (from its Monday), month or year; `untimed` counts the requests
    without a time. `beyond` counts those whose amount has more than 20 digits before the point or 10 behind it and so
    is in no sum. `currencies` begin with that of most requests. `reasons` are None where none was given and end with
    "" for all that do not stand by themselves. `matches` counts the findings by code, severity and API.
    """

    findings: int
    all: Group
    orders: int
    beyond: int
    since: str | None
    until: str | None
    currencies: tuple[str, ...]
    rules: tuple[RuleFindings, ...]
    step: str
    times: tuple[Group, ...]
    untimed: int
    apis: tuple[Group, ...]
    reasons: tuple[Group, ...]
    worst: tuple[OrderTotal, ...]
    matches: tuple[tuple[str, str, str, int], ...]
    listed: tuple[ListedFinding, ...]


def read_totals(findings: Path | Table) -> Totals:
    """Add up a findings file (.parquet, .jsonl or .csv) or an Arrow table of the same columns.

    Raises ValueError for another kind of file and duckdb.Error for one that cannot be read.
    """
    import duckdb

    with (
        tempfile.TemporaryDirectory(prefix="refundkit-") as folder,
        duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": folder}) as base,
    ):
        base.execute("SET TimeZone = 'UTC'; SET autoinstall_known_extensions = false")
        _open_findings(base, findings)
        base.execute(_TABLES)
        return _query_totals(base)


def _open_findings(base: DuckDBPyConnection, findings: Path | Table) -> None:
    """Open the findings for SQL as `given`."""
    if not isinstance(findings, Path):
        base.register("given", findings)
        return
    name = re.sub(r"([*?\[])", r"[\1]", str(findings))  # DuckDB would take the name for a pattern
    match findings.suffix:
        case ".parquet":
            base.read_parquet(name).create_view("given")
        case ".csv":
            base.read_csv(name, header=True, all_varchar=True, sep=",", quotechar='"', escapechar='"').create_view(
                "given"
            )
        case ".jsonl":
            columns = dict.fromkeys(["row", "time", *TEXTS], "VARCHAR")
            base.read_json(name, columns=columns, format="newline_delimited").create_view("given")
        case _:
            raise ValueError(f"{findings} is no findings file: its name ends in neither .parquet nor .jsonl nor .csv")


def _query_totals(base: DuckDBPyConnection) -> Totals:
    def rows(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return base.execute(statement, parameters or None).fetchall()

    ((findings, orders, beyond, untimed, since, until, step),) = rows(_WHOLE)
    times = {name: Group(name, 0, 0, {}) for (name,) in rows(_STEPS, step=step)} if step != "year" else {}
    times |= {group.name: group for group in _group_rows(rows(_BY_TIME, step=step)) if group.name is not None}
    return Totals(
        findings=findings,
        all=next(iter(_group_rows(rows(_ALL))), Group(None, 0, 0, {})),
        orders=orders,
        beyond=beyond,
        since=since,
        until=until,
        currencies=tuple(name for (name,) in rows("SELECT currency FROM currency ORDER BY position")),
        rules=tuple(_group_rules(rows(_RULES))),
        step=step,
        times=tuple(times[name] for name in sorted(times)),
        untimed=untimed,
        apis=tuple(sorted(_group_rows(rows(_BY_API)), key=_sort_key)),
        reasons=tuple(sorted(_group_rows(rows(_BY_REASON)), key=lambda group: (group.name == "", *_sort_key(group)))),
        worst=tuple(OrderTotal(*row) for row in rows(_WORST)),
        matches=tuple((code, severity, api, count) for code, severity, api, count in rows(_MATCHES)),
        listed=tuple(ListedFinding(*row) for row in rows(_LISTED)),
    )


def _sort_key(group: Group) -> tuple[int, int, str]:
    """Return a key that sorts the most errors first."""
    return -group.errors, -group.warnings, group.name or ""


def _group_rows(rows: Iterable[tuple[Any, ...]]) -> list[Group]:
    """Merge rows of a name and a currency into groups, with errors, warnings and money."""
    counts: dict[str | None, Group] = {}
    for name, currency, errors, warnings, money in rows:
        before = counts.get(name, Group(name, 0, 0, {}))
        sums = before.money if money is None else {**before.money, currency: money}
        counts[name] = Group(name, before.errors + errors, before.warnings + warnings, sums)
    return list(counts.values())


def _group_rules(rows: Iterable[tuple[Any, ...]]) -> list[RuleFindings]:
    rules: dict[tuple[str, str, str], RuleFindings] = {}
    for code, name, severity, currency, source, findings, requests, unsummed, money in rows:
        before = rules.get((code, name, severity), RuleFindings(code, name, severity, source, 0, 0, 0, {}))
        rules[code, name, severity] = RuleFindings(
            code,
            name,
            severity,
            before.source,
            before.findings + findings,
            before.requests + requests,
            before.unsummed + unsummed,
            before.money if money is None else {**before.money, currency: money},
        )
    return sorted(rules.values(), key=lambda rule: (rule.severity != "error", -rule.requests, rule.code))


# `place` is a finding's position in the file: two reads of it agree. An amount has room for 10^8 of its size in a sum.
_TABLES = r"""
CREATE TABLE finding AS
SELECT
    row_number() OVER () AS place, CAST(row AS BIGINT) AS row,
    CAST(time AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS time,
    split_part(operation, '.', 1) AS api, nullif(order_id, '') AS order_id, code, name, severity,
    coalesce(source, '') AS source, coalesce(currency, '') AS currency, nullif(trim(reason), '') AS reason,
    CASE WHEN regexp_full_match(refunded, '-?[0-9]{1,20}(\.[0-9]{1,10}0{0,20})?')
        THEN CAST(refunded AS DECIMAL(38, 10)) END AS amount,
    nullif(refunded, '') IS NOT NULL AND amount IS NULL AS beyond
FROM given;

CREATE TABLE request AS
SELECT
    row, any_value(time) AS time, any_value(api) AS api, any_value(order_id) AS order_id, any_value(reason) AS reason,
    any_value(currency) AS currency, any_value(amount) AS amount, bool_or(beyond) AS beyond,
    bool_or(severity = 'error') AS failed
FROM finding GROUP BY row;

CREATE TABLE currency AS
SELECT
    currency, row_number() OVER (ORDER BY count(*) FILTER (failed) DESC, count(*) DESC, currency) AS position
FROM request WHERE amount IS NOT NULL GROUP BY currency;

CREATE TABLE worst AS
SELECT * FROM (
    SELECT api, order_id, currency, sum(amount) AS money, count(*) AS requests
    FROM request WHERE failed AND order_id IS NOT NULL GROUP BY ALL
)
QUALIFY row_number() OVER (
    PARTITION BY if(money IS NULL, NULL, currency) ORDER BY money DESC, requests DESC, api, order_id
) <= {ORDERS}
AND (money IS NULL OR currency IN (SELECT currency FROM currency WHERE position <= {CURRENCIES}));
""".replace("{ORDERS}", str(ORDERS)).replace("{CURRENCIES}", str(CURRENCIES))

_WHOLE = """
SELECT
    (SELECT count(*) FROM finding), count(DISTINCT (api, order_id)) FILTER (failed AND order_id IS NOT NULL),
    count(*) FILTER (beyond), count(*) FILTER (time IS NULL),
    strftime(min(time), '%Y-%m-%d'), strftime(max(time), '%Y-%m-%d'),
    CASE
        WHEN datediff('day', min(time), max(time)) <= 62 THEN 'day'
        WHEN datediff('day', min(time), max(time)) <= 400 THEN 'week'
        WHEN datediff('month', min(time), max(time)) <= 120 THEN 'month'
        ELSE 'year'
    END
FROM request
"""

_NAME_OF_STEP = """strftime({time}, CASE $step WHEN 'year' THEN '%Y' WHEN 'month' THEN '%Y-%m' ELSE '%Y-%m-%d' END)"""
_STEPS = """
WITH span AS (SELECT date_trunc($step, min(time)) AS since, max(time) AS until FROM request),
steps AS (
    SELECT unnest(generate_series(CAST(since AS TIMESTAMP), until, CAST('1 ' || $step AS INTERVAL))) AS time
    FROM span WHERE since IS NOT NULL
)
SELECT {name} FROM steps
""".replace("{name}", _NAME_OF_STEP.replace("{time}", "time"))

_GROUPS = """
SELECT
    {name} AS name, currency, count(*) FILTER (failed), count(*) FILTER (NOT failed), sum(amount) FILTER (failed)
FROM request GROUP BY ALL ORDER BY ALL
"""
_ALL = _GROUPS.replace("{name}", "NULL")
_BY_API = _GROUPS.replace("{name}", "api")
_BY_TIME = _GROUPS.replace("{name}", _NAME_OF_STEP.replace("{time}", "date_trunc($step, time)"))
_BY_REASON = (
    """
WITH main AS (
    SELECT reason FROM request WHERE reason IS NOT NULL GROUP BY reason
    ORDER BY count(*) FILTER (failed) DESC, count(*) DESC, reason LIMIT {REASONS}
)
""".replace("{REASONS}", str(REASONS))
    + _GROUPS.replace("{name}", "if(reason IS NULL OR reason IN (SELECT reason FROM main), reason, '')")
)

_RULES = """
WITH hit AS (
    SELECT
        code, name, severity, any_value(source) AS source, any_value(currency) AS currency,
        any_value(amount) AS amount, count(*) AS findings
    FROM finding GROUP BY code, name, severity, row
)
SELECT
    code, name, severity, currency, any_value(source), CAST(sum(findings) AS BIGINT), count(*),
    count(*) FILTER (amount IS NULL), sum(amount)
FROM hit GROUP BY code, name, severity, currency ORDER BY ALL
"""

_WORST = """
SELECT
    worst.api, worst.order_id, worst.currency, any_value(money), any_value(requests), list(DISTINCT code ORDER BY code)
FROM worst
JOIN finding ON (finding.api, finding.order_id, finding.currency) = (worst.api, worst.order_id, worst.currency)
LEFT JOIN currency ON currency.currency = worst.currency
WHERE severity = 'error'
GROUP BY worst.api, worst.order_id, worst.currency
ORDER BY
    any_value(money) IS NULL, any_value(position), any_value(money) DESC, any_value(requests) DESC,
    worst.api, worst.order_id
"""

_MATCHES = "SELECT code, severity, api, count(*) FROM finding GROUP BY ALL ORDER BY ALL"

_LISTED = """
WITH ranked AS (
    SELECT
        place, severity, finding.currency, amount, worst.order_id IS NOT NULL AS of_worst,
        row_number() OVER (PARTITION BY code ORDER BY amount DESC NULLS LAST, place) AS in_rule,
        row_number() OVER (
            PARTITION BY finding.api, finding.order_id ORDER BY severity, amount DESC NULLS LAST, place
        ) AS in_order,
        row_number() OVER (
            PARTITION BY severity, finding.currency ORDER BY amount DESC NULLS LAST, place
        ) AS in_currency
    FROM finding
    LEFT JOIN (SELECT DISTINCT api, order_id FROM worst) AS worst
        ON (worst.api, worst.order_id) = (finding.api, finding.order_id)
),
chosen AS (
    SELECT place, amount FROM ranked
    ORDER BY NOT (in_rule <= {OF_ONE} OR (of_worst AND in_order <= {OF_ONE})), severity, in_currency, place
    LIMIT {LISTED}
),
numbered AS (SELECT row_number() OVER () AS place, * FROM given)
SELECT
    CAST(row AS BIGINT), strftime(CAST(time AS TIMESTAMPTZ) AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M'),
    split_part(operation, '.', 1), nullif(order_id, ''), code, severity, message, coalesce(help, ''),
    coalesce(pointer, ''), nullif(trim(reason), ''), coalesce(numbered.currency, ''), nullif(refunded, '')
FROM chosen JOIN numbered USING (place)
LEFT JOIN currency ON currency.currency = coalesce(numbered.currency, '')
ORDER BY severity, position NULLS LAST, amount DESC NULLS LAST, place
""".replace("{OF_ONE}", str(LISTED_OF_ONE)).replace("{LISTED}", str(LISTED))
