"""The page of an audit: its numbers are the findings', it works without a network, and everybody can read it."""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, Literal

import duckdb
import pyarrow as pa
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from processes import WITHIN
from refundkit.audit.columns import FINDINGS
from refundkit.audit.report import write_report
from refundkit.audit.report.summary import Summary

pytestmark = pytest.mark.audit

CHROMIUM = shutil.which("chromium")
AXE = Path(__file__).parent.parent / ".venv" / "node" / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = (
    "--no-sandbox --headless --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()

RULES = [
    ("RF203", "refund-exceeds-charge", "error"),
    ("RF204", "refund-exceeds-order", "error"),
    ("RF302", "line-not-shipped", "error"),
    ("RF401", "quantity-exceeds-order", "error"),
    ("RF206", "amount-precision", "warning"),
    ("RF601", "implicit-full-refund", "warning"),
]
CURRENCIES: dict[str, list[str | None]] = {
    "walmart": ["USD"],
    "walmart_ca": ["CAD"],
    "woocommerce_legacy": ["USD", "EUR", "JPY"],
    "taxcloud": [None],
}
REASONS = ["DamagedItem", "Changed mind", "WrongItemSent", "Late & cold", None, *(f"Reason {n}" for n in range(12))]
SUMMARY = Summary(requests=9000, orders=8000)
Row = dict[str, Any]


def history(count: int, seed: int = 7) -> list[Row]:
    """Findings of that many requests: several of a request, several of one rule in it, several requests of an order."""
    random = Random(seed)  # noqa: S311 - histories, no secrets
    rows: list[Row] = []
    for number in range(count):
        api = random.choices(list(CURRENCIES), [6, 2, 4, 1])[0]
        currency = random.choice(CURRENCIES[api])
        cents = Decimal(random.randrange(1, 90000)) / 100
        request = {
            "row": number * 3,
            "time": datetime(2025, 2, 1, tzinfo=UTC) + timedelta(minutes=random.randrange(300 * 1440)),
            "operation": f"{api}.create_refund",
            "order_id": str(2961380400000 + random.randrange(count)),
            "refunded": None if currency is None else str(cents.quantize(1) if currency == "JPY" else cents),
            "currency": currency,
            "reason": random.choice(REASONS),
            "source": "",
        }
        for code, name, severity in random.choices(RULES, k=random.choice([1, 1, 2, 3])):
            told = {"message": f"refunds more than {cents}", "help": "send less", "pointer": "/amount"}
            rows.append(request | told | {"code": code, "name": name, "severity": severity})
    return rows


def finding(**different: Any) -> Row:
    """One finding, as it stands in a findings file."""
    return history(1)[0] | {"refunded": "12.50", "currency": "USD"} | different


def table(rows: Iterable[Row]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), FINDINGS)


def written(rows: Iterable[Row], folder: Path, summary: Summary = SUMMARY) -> Path:
    file = folder / "report.html"
    write_report(table(rows), summary, file)
    return file


# What the page should say, from the findings in plain Python


def requests(rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["row"]].append(row)
    return found


def failed(rows: Iterable[Row]) -> bool:
    return any(row["severity"] == "error" for row in rows)


def counted(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, tuple[int, int, dict[str, Decimal]]]:
    """By group: requests with errors, requests with warnings only, and the money of the former by currency."""
    groups: dict[Any, tuple[int, int, dict[str, Decimal]]] = {}
    for found in requests(rows).values():
        errors, warnings, money = groups.get(key(found[0]), (0, 0, {}))
        if failed(found) and found[0]["refunded"] is not None:
            currency = found[0]["currency"]
            money = money | {currency: money.get(currency, Decimal(0)) + Decimal(found[0]["refunded"])}
        groups[key(found[0])] = (errors + failed(found), warnings + (not failed(found)), money)
    return groups


def sums(text: str) -> dict[str, Decimal]:
    """The amounts of a cell by currency."""
    found = re.findall(r"([0-9][0-9,.]*) ([A-Z]{3})", text)
    return {currency: Decimal(amount.replace(",", "")) for amount, currency in found}


def number(text: str) -> int:
    return int(text.replace(",", ""))


# The browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=WITHIN * 1000)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, file: Path, *, width: int = 1280, dark: bool = False, after: str = "") -> Iterator[Page]:
    """The page in a window of its own; at the end it has said nothing on the console and asked for no other file."""
    page = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", reduced_motion="reduce"
    )
    page.set_default_timeout(WITHIN * 1000)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri() + after)
    if page.locator(".chart").count():
        page.wait_for_selector("body[data-drawn]")
    yield page
    assert said == []
    assert [url.partition("#")[0] for url in asked if not url.startswith("data:")] == [file.as_uri()]
    page.close()


# Few enough that the page lists all.
ROWS = history(1100)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(ROWS, tmp_path_factory.mktemp("report"))


def cells(page: Page, caption: str) -> list[list[str]]:
    """The body of the table under that caption, as text."""
    found = page.locator("table", has=page.locator("caption", has_text=re.compile(f"^{re.escape(caption)}$")))
    rows: list[list[str]] = found.evaluate(
        "table => [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => {"
        " cell.querySelectorAll('br').forEach(br => br.replaceWith('\\n')); return cell.textContent; }))"
    )
    return rows


def listed(page: Page) -> list[list[str]]:
    rows: list[list[str]] = page.locator("#list tbody").evaluate(
        "body => [...body.rows].map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return rows


def status(page: Page) -> str:
    return page.locator("#count").text_content() or ""


@pytest.mark.browser
def test_the_headline_is_the_files(browser: Browser, report: Path) -> None:
    """Requests and orders with errors, and their money by currency, are those of the findings."""
    ((errors, warnings, money),) = counted(ROWS, lambda _: None).values()
    orders = {(row["operation"], row["order_id"]) for row in ROWS if row["severity"] == "error"}
    with opened(browser, report) as page:
        values = page.locator(".figure").all_text_contents()
        assert page.locator(".lede").text_content() == f"{errors:,} of 9,000 refund requests have errors."
        assert [number(values[index]) for index in (0, -2, -1)] == [errors, len(orders), warnings]
        assert sums(" ".join(values)) == money


@pytest.mark.browser
def test_rules_are_added_up_exactly(browser: Browser, report: Path) -> None:
    """The money of a request is in the sum of each rule that it breaks, once."""
    expected = {}
    for code, name, severity in RULES:
        hits = [row for row in ROWS if row["code"] == code]
        money: dict[str, Decimal] = defaultdict(Decimal)
        for found in requests(hits).values():
            if found[0]["refunded"] is not None:
                money[found[0]["currency"]] += Decimal(found[0]["refunded"])
        expected[f"{code} {name}"] = (severity, len(hits), len(requests(hits)), dict(money))
    with opened(browser, report) as page:
        found_rules = {
            rule: (severity, number(findings), number(asked), sums(money))
            for rule, severity, _, findings, asked, money in cells(page, "Every rule that was broken")
        }
    assert found_rules == expected


@pytest.mark.browser
def test_apis_and_weeks_are_added_up_exactly(browser: Browser, report: Path) -> None:
    """Errors, warnings and money by API and by week are those of the findings, with weeks of nothing in between."""
    by_api = counted(ROWS, lambda row: row["operation"].partition(".")[0])
    by_week = counted(ROWS, lambda row: (row["time"] - timedelta(days=row["time"].weekday())).strftime("%Y-%m-%d"))
    with opened(browser, report) as page:
        for caption, expected in (
            ("By API", by_api),
            ("Requests with findings by week, from its Monday", by_week),
        ):
            found = {
                name: (number(errors), number(warnings), sums(money))
                for name, errors, warnings, money in cells(page, caption)
            }
            assert {name: count for name, count in found.items() if count[:2] != (0, 0)} == expected
    days = [datetime.strptime(name, "%Y-%m-%d") for name in found]
    assert {later - earlier for earlier, later in pairwise(days)} == {timedelta(days=7)}


@pytest.mark.browser
def test_reasons_beyond_ten_are_one(browser: Browser, report: Path) -> None:
    """The ten most frequent reasons stand by themselves; no reason is one too, and the others are added up."""
    expected = counted(ROWS, lambda row: row["reason"])
    with opened(browser, report) as page:
        found = {name: (number(one), number(other)) for name, one, other, _ in cells(page, "By reason of the refund")}
    assert len(found) == 12
    assert found.pop("no reason given") == expected.pop(None)[:2]
    rest = found.pop("all other reasons")
    for name, counts in found.items():
        assert expected.pop(name)[:2] == counts
    assert rest == (sum(one for one, _, _ in expected.values()), sum(other for _, other, _ in expected.values()))


@pytest.mark.browser
def test_the_worst_orders_come_first(browser: Browser, report: Path) -> None:
    """The ten orders of a currency with the most money in requests with errors are listed, the largest first."""
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for found in requests(ROWS).values():
        if failed(found) and found[0]["currency"] == "CAD":
            expected[found[0]["order_id"]] += Decimal(found[0]["refunded"])
    with opened(browser, report) as page:
        rows = [(order.split()[0], Decimal(money.replace(",", ""))) for order, _, money in cells(page, "By money, CAD")]
    assert rows == sorted(expected.items(), key=lambda item: (-item[1], item[0]))[:10]


def test_every_file_format_gives_the_same_page(tmp_path: Path) -> None:
    """Parquet, JSONL, CSV and an Arrow table of the same findings make the same page, to the byte."""
    rows = [*history(300), finding(row=9999, time=None, order_id=None, message='a "quoted",\ntext', pointer="")]
    pages = {written(rows, tmp_path).read_bytes()}
    given = table(rows)
    for ending, options in (("parquet", ""), ("jsonl", "(FORMAT json)"), ("csv", "(HEADER)")):
        file = tmp_path / f"findings [1].{ending}"
        with duckdb.connect() as base:
            base.register("given", given)
            base.execute("SET TimeZone = 'UTC'")
            base.execute(f"COPY given TO '{file}' {options}")
        write_report(file, SUMMARY, tmp_path / "report.html")
        pages.add((tmp_path / "report.html").read_bytes())
    assert len(pages) == 1


@pytest.mark.browser
def test_filters_narrow_the_table(browser: Browser, report: Path) -> None:
    """Rule, severity, API and text narrow the table together; the count says so and Clear brings all back."""
    with opened(browser, report) as page:
        everything = status(page)
        page.get_by_role("combobox", name="Rule").select_option("RF203")
        page.get_by_role("combobox", name="API").select_option("woocommerce_legacy")
        expected = [row for row in ROWS if row["code"] == "RF203" and row["operation"].startswith("woocommerce_legacy")]
        assert number(status(page).split()[0]) == len(expected)
        assert all("RF203" in row[2] and row[3] == "woocommerce_legacy" for row in listed(page))
        page.get_by_role("searchbox", name="Text").fill("late eur")
        expected = [row for row in expected if row["reason"] == "Late & cold" and row["currency"] == "EUR"]
        assert number(status(page).split()[0]) == len(expected) == len(listed(page)) > 0
        page.get_by_role("combobox", name="Severity").select_option("warning")
        assert status(page) == "0 findings on this page."
        page.get_by_role("button", name="Clear").click()
        page.locator(f"#count:text-is({json.dumps(everything)})").wait_for(state="attached")


@pytest.mark.browser
def test_the_count_is_announced(browser: Browser, report: Path) -> None:
    """A screen reader hears the count when the filter changes."""
    with opened(browser, report) as page:
        assert page.get_by_role("status").get_attribute("aria-live") == "polite"
        assert page.get_by_role("status").text_content() == status(page)


@pytest.mark.browser
def test_columns_sort_by_keyboard(browser: Browser, report: Path) -> None:
    """Enter on a column's head sorts by it, again turns it round, and money sorts by value within its currency."""
    with opened(browser, report) as page:
        page.get_by_role("combobox", name="API").select_option("walmart_ca")
        money = page.locator("#list").get_by_role("columnheader", name="Money")
        money.get_by_role("button").focus()
        page.keyboard.press("Enter")
        assert money.get_attribute("aria-sort") == "descending"
        asked = [Decimal(row["refunded"]) for row in ROWS if row["operation"].startswith("walmart_ca")]
        shown = [sums(row[6])["CAD"] for row in listed(page)]
        assert shown == sorted(asked, reverse=True)[:100]
        page.keyboard.press("Enter")
        assert money.get_attribute("aria-sort") == "ascending"
        assert [sums(row[6])["CAD"] for row in listed(page)] == sorted(asked)[:100]
        page.get_by_role("columnheader", name="Time").get_by_role("button").press("Space")
        times = [row[0] for row in listed(page)]
        assert times == sorted(times)
        assert money.get_attribute("aria-sort") is None


@pytest.mark.browser
def test_more_rows_come_on_demand(browser: Browser, report: Path) -> None:
    """A hundred rows stand there; the button adds the next hundred and moves the focus to the first of them."""
    with opened(browser, report) as page:
        assert len(listed(page)) == 100
        page.get_by_role("button", name="Show more").press("Enter")
        assert len(listed(page)) == 200
        assert page.evaluate("document.activeElement.rowIndex") == 101


@pytest.mark.browser
def test_a_rules_row_leads_to_its_findings(browser: Browser, report: Path) -> None:
    """The link of a rule filters the table by it and moves the focus there, and so does the address in a new window."""
    with opened(browser, report) as page:
        page.get_by_text("The numbers as a table").first.click()
        for _ in range(2):
            page.get_by_role("link", name="RF401").press("Enter")
            page.locator("#findings:focus").wait_for(state="attached")
            assert {row[2] for row in listed(page)} == {"RF401 quantity-exceeds-order"}
    with opened(browser, report, after="#rule=RF401&text=Late%20%26%20cold") as page:
        expected = [row for row in ROWS if row["code"] == "RF401" and row["reason"] == "Late & cold"]
        assert len(listed(page)) == len(expected) > 0


@pytest.mark.browser
def test_a_bar_leads_to_its_findings(browser: Browser, report: Path) -> None:
    """A click on a bar filters the table by what the bar stands for."""
    with opened(browser, report) as page:
        page.locator("#apis-chart").get_by_text("taxcloud", exact=True).click()
        page.locator("#findings:focus").wait_for(state="attached")
        assert {row[3] for row in listed(page)} == {"taxcloud"}


@pytest.mark.browser
def test_light_and_dark(browser: Browser, report: Path) -> None:
    """The page and its charts follow what the reader's system prefers."""
    seen = []
    for dark in (False, True):
        with opened(browser, report, dark=dark) as page:
            seen.append(
                page.evaluate(
                    "[getComputedStyle(document.body).backgroundColor, ...['.mark-rect path', '.mark-text text'].map("
                    "mark => getComputedStyle(document.querySelector(`#apis-chart ${mark}`)).fill)]"
                )
            )
    light, black = seen
    assert all(one != other for one, other in zip(light, black, strict=True))
    assert sum(map(int, re.findall(r"[0-9]+", light[0]))) > 700
    assert sum(map(int, re.findall(r"[0-9]+", black[0]))) < 90


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.browser
def test_nothing_runs_off_the_side(browser: Browser, report: Path, width: int) -> None:
    """On a phone, a tablet and a desk the page is as wide as the window, with every table open."""
    with opened(browser, report, width=width) as page:
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        charts = page.locator(".chart svg").all()
        assert max(box["x"] + box["width"] for one in charts if (box := one.bounding_box())) <= width


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (360, False)])
@pytest.mark.node
@pytest.mark.browser
def test_axe_finds_nothing(browser: Browser, report: Path, width: int, dark: bool) -> None:
    """axe-core finds no violation: contrast, names, order of headings, tables, landmarks."""
    with opened(browser, report, width=width, dark=dark) as page:
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        page.evaluate(AXE.read_text("utf-8"))
        violations = page.evaluate(
            "axe.run().then(result => result.violations.map(one => [one.id, one.nodes.map(node => node.html)]))"
        )
        assert violations == []


@pytest.mark.browser
def test_the_page_has_a_shape_to_hear(browser: Browser, report: Path) -> None:
    """Landmarks and headings in order; every chart is an image with words, and its numbers stand in a table."""
    with opened(browser, report) as page:
        landmarks: list[Literal["banner", "main", "contentinfo", "search"]] = [
            "banner",
            "main",
            "contentinfo",
            "search",
        ]
        assert [page.get_by_role(landmark).count() for landmark in landmarks] == [1, 1, 1, 1]
        levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(one => Number(one.tagName[1]))")
        assert levels[0] == 1
        assert set(levels[1:]) == {2}
        charts = page.get_by_role("img").all()
        assert len(charts) == page.locator(".chart svg.marks").count() > 5
        for chart in charts:
            assert len(chart.get_attribute("aria-label") or "") > 20
        assert page.locator("details table caption").count() == page.locator("details").count() == 4


@pytest.mark.browser
def test_no_text_becomes_code(browser: Browser, tmp_path: Path) -> None:
    """Markup in a finding is shown as it stands, in charts, tables and tooltips, and runs nothing."""
    evil = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">${1}$title"
    names = "message help pointer source reason order_id name currency".split()
    rows = [finding(**{name: f"{evil}{name}" for name in names}), finding(row=8, operation=f"{evil}.x", code=evil)]
    with opened(browser, written(rows, tmp_path)) as page:
        shown = page.locator("#list tbody").text_content() or ""
        assert all(f"{evil}{name}" in shown for name in names if name not in {"source", "currency"})
        page.locator("#rules-0").get_by_text("</script>").first.hover(force=True)
        page.locator("#vg-tooltip-element.visible").wait_for()
        assert evil in (page.locator("#vg-tooltip-element").text_content() or "")
        assert page.locator("img").count() == 0
        assert page.title() == "Refund audit"


@pytest.mark.browser
def test_its_policy_allows_nothing_else(browser: Browser, report: Path) -> None:
    """The page's policy allows its own scripts and style by their hashes: no other, no eval, no network."""
    with opened(browser, report) as page:
        policy = page.locator("meta[http-equiv]").get_attribute("content") or ""
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "http" not in policy


def test_card_numbers_are_masked(tmp_path: Path) -> None:
    """A card number or an IBAN in any text of a finding is nowhere on the page."""
    card, iban = "4111111111111111", "DE89370400440532013000"
    names = "message help pointer source reason order_id name".split()
    for number_ in (card, iban):
        rows = [finding(**dict.fromkeys(names, f"of {number_}")), finding(row=5, order_id=number_, reason=number_)]
        text = written(rows, tmp_path).read_text("utf-8")
        assert number_ not in text
        assert f"{'*' * (len(number_) - 4)}{number_[-4:]}" in text


@pytest.mark.browser
def test_an_audit_without_findings_says_so(browser: Browser, tmp_path: Path) -> None:
    """Nothing found: the page says so with what was audited, has no chart and no empty table, and is small."""
    file = written([], tmp_path, Summary(requests=12345, orders=1200, not_run={"refunds": 77}))
    assert file.stat().st_size < 20_000
    with opened(browser, file, width=360) as page:
        assert page.locator(".lede").text_content() == "Nothing was found in 12,345 refund requests."
        assert "0 % of 12,345 audited" in (page.locator(".figures").text_content() or "")
        assert page.locator(".notes").text_content() == "Not every rule ran on 77 requests; missing there: refunds."
        assert page.locator("table").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.browser
def test_warnings_alone_are_no_errors(browser: Browser, tmp_path: Path) -> None:
    """With nothing but warnings the page says that there is no error, and no money is at stake."""
    with opened(browser, written([finding(severity="warning")], tmp_path)) as page:
        assert "only warnings" in (page.locator(".lede").text_content() or "")
        assert sums(page.locator(".figures").text_content() or "") == {}


@pytest.mark.browser
def test_money_is_exact(browser: Browser, tmp_path: Path) -> None:
    """Sums have every digit, with the decimals of their currency or more where an amount has more."""
    amounts = ["90071992547409931.10", "0.2", "0.005"]
    rows = [finding(row=row, refunded=amount) for row, amount in enumerate(amounts)]
    rows += [finding(row=8, refunded="1200", currency="JPY"), finding(row=9, refunded="5", currency="KWD")]
    rows += [finding(row=10, refunded="7.5", currency=None)]
    with opened(browser, written(rows, tmp_path)) as page:
        values = page.locator(".figure").all_text_contents()
    assert {"90,071,992,547,409,931.305 USD", "1,200 JPY", "5.000 KWD", "7.50 no currency"} <= set(values)


@pytest.mark.browser
def test_what_is_left_out_is_said(browser: Browser, tmp_path: Path) -> None:
    """Amounts that no sum can hold and requests without a time are counted in words, not dropped in silence."""
    rows = [finding(row=1, refunded="0.12345678901"), finding(row=2, refunded="1" * 21), finding(row=3, time=None)]
    with opened(browser, written(rows, tmp_path)) as page:
        notes = page.locator(".notes li").all_text_contents()
        assert sums(page.locator(".figures").text_content() or "") == {"USD": Decimal("12.50")}
    assert [note.partition(" with")[0] for note in notes] == ["2 requests", "1 request"]


@pytest.mark.browser
def test_a_long_list_is_cut_and_says_so(browser: Browser, tmp_path: Path) -> None:
    """The page lists 2,000 findings, with the largest of a rare rule among them, and says how many the file has."""
    rows = history(3000)
    rare = finding(row=99999, code="RF999", name="rare", severity="warning", refunded="0.01", currency="CAD")
    file = written([*rows, rare], tmp_path)
    assert file.stat().st_size < 3_000_000
    with opened(browser, file) as page:
        assert status(page) == f"2,000 findings on this page, 100 shown; the findings file has {len(rows) + 1:,}."
        assert f"2,000 of {len(rows) + 1:,} findings" in (page.locator("main").text_content() or "")
        page.get_by_role("combobox", name="Rule").select_option("RF999")
        assert status(page) == "1 finding on this page."
        page.get_by_role("combobox", name="Rule").select_option("RF601")
        total = sum(row["code"] == "RF601" for row in rows)
        assert status(page).endswith(f"; the findings file has {total:,}.")


def test_a_failed_report_leaves_the_old_one(tmp_path: Path) -> None:
    """A findings file that cannot be read, or is of another kind, changes no page and leaves no draft behind."""
    file = written([finding()], tmp_path)
    before = file.read_bytes()
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(duckdb.Error):
        write_report(tmp_path / "broken.parquet", SUMMARY, file)
    with pytest.raises(ValueError, match=r"neither \.parquet nor \.jsonl nor \.csv"):
        write_report(tmp_path / "findings.xlsx", SUMMARY, file)
    with pytest.raises(FileNotFoundError):
        write_report(table([finding()]), SUMMARY, tmp_path / "nowhere" / "report.html")
    assert file.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["broken.parquet", "report.html"]
