"""The documentation site: it is built here without the network, and every link of it leads somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from lxml import html
from processes import WITHIN
from refundkit import operations
from refundkit.report import sarif
from shown import DOCS
from story import ROOT

from codegen.site import add_address, our_rules

pytestmark = pytest.mark.site

DEAD = os.environ | dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a Python command in the repository, with a proxy that nobody answers for what would go to the network."""
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=DEAD, capture_output=True, text=True, check=False, timeout=WITHIN
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("docs")
    built = run("-m", "codegen", "site", str(folder))
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "site"


def pages(site: Path) -> Iterator[tuple[str, html.HtmlElement]]:
    """The pages of the site, by their paths."""
    for file in sorted(site.rglob("*.html")):
        if file.name != "404.html":  # it is served anywhere, so its links are absolute
            yield file.relative_to(site).as_posix(), html.parse(file).getroot()


def test_every_link_leads_somewhere(site: Path) -> None:
    """No link within the site is broken: neither a page nor an anchor, a style, a script or a picture."""
    anchors = {path: {*root.xpath("//@id"), *root.xpath("//a/@name"), ""} for path, root in pages(site)}
    broken, count = [], 0
    for path, root in pages(site):
        for link in root.xpath("//@href | //@src"):
            target = urlsplit(urljoin(path, link))
            if urlsplit(link).scheme:
                continue
            count += 1
            name = unquote(target.path)
            if not (site / name).is_file() or (name in anchors and unquote(target.fragment) not in anchors[name]):
                broken.append((path, link))
    assert not broken
    assert count > 1000


@pytest.mark.parametrize("link", ["nothing.md", "send.md#nothing", "rules/RF999.md"])
def test_a_broken_link_stops_the_build(link: str, tmp_path: Path) -> None:
    """The build fails and names the page for a link to a page or an anchor that does not exist."""
    code = f"""
from pathlib import Path
from codegen.site import render, stage
stage(Path({str(tmp_path)!r}))
with Path({str(tmp_path / "docs" / "index.md")!r}).open("a") as page:
    page.write("[a link]({link})")
raise SystemExit(render(Path({str(tmp_path)!r})))
"""
    built = run("-c", code)
    assert built.returncode == 1
    assert "index.md" in built.stdout + built.stderr


def test_no_page_asks_the_network(site: Path) -> None:
    """Styles, scripts, fonts and pictures come with the site."""
    for path, root in pages(site):
        loaded = root.xpath("//script/@src | //img/@src | //link[@rel != 'canonical']/@href | //iframe/@src")
        assert not [link for link in loaded if urlsplit(link).netloc], path
    for style in site.rglob("*.css"):
        text = style.read_text("utf-8")
        assert not re.search(r"@import|url\([\"']?(https?:)?//", text), style


def test_every_page_is_in_the_navigation(site: Path) -> None:
    """Whoever opens any page finds every other one; the pages of the rules are found by their table."""
    links = html.parse(site / "index.html").getroot().xpath("//nav//a/@href")
    named = {urljoin("index.html", urlsplit(link).path) for link in links}
    assert {page.with_suffix(".html").name for page in DOCS.glob("*.md")} <= named
    rules = html.parse(site / "rules.html").getroot().xpath("//table//a/@href")
    assert rules == [f"rules/{rule.code}.html" for rule in our_rules()]


def test_a_rule_has_a_page_of_its_own(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each rule has a page where SARIF says: what it is, a bad and a good example, and where it is from."""
    monkeypatch.setattr(sarif, "_find_docs_site", lambda: "https://docs.example/kit/")
    for rule in our_rules():
        path = sarif.find_docs_address(rule).removeprefix("https://docs.example/kit/")
        (article,) = html.parse(site / path).getroot().xpath("//article")
        shown = " ".join(article.text_content().split())
        assert f"{rule.code} {rule.name}" in shown
        # Advice that no request can follow has no good example.
        assert [heading in shown for heading in ("Bad:", "Good:")] == ["Bad:" in rule.doc, "Good:" in rule.doc], (
            rule.code
        )
        assert "Bad:" in shown
        assert "Source:" in shown
        assert article.xpath(".//li//a/@href"), rule.code


def test_every_operation_is_listed_with_its_rules(site: Path) -> None:
    """The page of the operations has each of them, with links to the rules that are about it."""
    rows = html.parse(site / "operations.html").getroot().xpath("//table/tbody/tr")
    links = {row.xpath("string(td[1])"): row.xpath("td[4]//a/@href") for row in rows}
    assert links.keys() == {*operations.names()}
    assert "rules/RF203.html" in links["walmart.refund_order_lines"]
    assert "rules/RF203.html" not in links["woocommerce.create_refund"]


def test_a_rule_s_page_has_the_address_of_its_documentation(site: Path) -> None:
    """The page of a rule that a documentation page states links to that page."""
    (article,) = html.parse(site / "rules" / "RF401.html").getroot().xpath("//article")
    assert any(link.startswith("https://docs.taxcloud.com/") for link in article.xpath(".//a/@href"))


def test_the_site_s_address_is_set_where_sarif_has_it_from() -> None:
    """The address that pyproject.toml names as Documentation is the site's, and without one it has none."""

    config = (ROOT / "zensical.toml").read_text("utf-8")
    project = '[project]\nurls = {Documentation = "https://docs.example/"}\n'
    assert tomllib.loads(add_address(config, project))["project"]["site_url"] == "https://docs.example/"
    assert add_address(config, "[project]\n") == config
