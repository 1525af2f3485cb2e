"""`python -m codegen scaffold`: a saved page becomes operations of a spec, with what it does not say marked."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
SEEDS = ROOT.parent / "shared" / "seeds"
RENT = Path(__file__).parent / "scaffold" / "refund-rent.md"
DEPOT_PAGES = sorted((Path(__file__).parent / "pages").glob("depot-*"))
DEPOT = Path(__file__).parent / "pages" / "specs" / "depot.yaml"
DEFINITION = Path(__file__).parent / "definitions" / "depot-return.yaml"
PAGES = [RENT, DEFINITION, *DEPOT_PAGES]
SEED_PAGES = sorted(SEEDS.glob("*"))


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """codegen is no installed package: it stands in the checkout."""
    monkeypatch.syspath_prepend(str(ROOT))


def run(*arguments: object) -> int:
    """Run the command in this process, which is faster."""
    from codegen.__main__ import main

    return main([str(argument) for argument in arguments])


def fill_in(spec: Path) -> None:
    """Write something wherever the page says nothing."""
    spec.write_text(spec.read_text("utf-8").replace("FILL_IN", "filled"), "utf-8")


def find_flaws(spec: Path) -> list[str]:
    from codegen.lint import lint
    from codegen.spec import load

    return [flaw.message for flaw in lint(load(spec))]


def differences(page: Path, specs: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, Any]]]:
    """Return how many facts of a page were compared with specs, and the differences but for words to read."""
    capsys.readouterr()
    run("docs", "--specs", specs, "--output-format", "json", page)
    report = json.loads(capsys.readouterr().out)
    found = [difference for difference in report["differences"] if difference["kind"] != "prose"]
    return report["pages"][page.stem]["facts"], found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_spec_made_from_a_page_says_what_the_page_says(
    page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new spec has no difference to its page, and lint accepts it as soon as what is marked is filled in."""
    made_anew(page, tmp_path, capsys)


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the pages that the specs were written from are not here")
@pytest.mark.parametrize("page", SEED_PAGES, ids=lambda page: page.stem)
def test_a_spec_made_from_a_vendors_page_says_what_the_page_says(
    page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same holds for the pages that the specs were written from."""
    facts, marks = made_anew(page, tmp_path, capsys)
    assert facts >= 24
    expected = {"taxcloud-refund": 3, "woocommerce-refunds": 1}
    assert len(marks) <= expected.get(page.stem, 0), marks


def made_anew(page: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    """Make a spec of a page, fill it in, check it, and return the number of facts and the marks in it."""
    spec = folder / "anew.yaml"
    assert run("scaffold", page, "--api", "anew", "--specs", folder) == 1
    flaws = find_flaws(spec)
    assert flaws
    assert all("FILL_IN" in flaw for flaw in flaws), flaws
    fill_in(spec)
    assert find_flaws(spec) == []
    facts, found = differences(page, folder, capsys)
    assert found == []
    return facts, re.findall(r"x-page-differs: .*", spec.read_text("utf-8"))


def test_what_a_page_says_is_in_the_spec(tmp_path: Path) -> None:
    """Types, limits, values, required fields, statuses, credentials and the host are taken from the page."""
    from codegen.spec import load

    run("scaffold", RENT, "--api", "locker", "--specs", tmp_path)
    document = load(tmp_path / "locker.yaml").document
    operation = document["paths"]["/v1/lockers/{lockerId}/refunds"]["post"]
    schemas = document["components"]["schemas"]
    assert document["servers"] == [{"url": "https://api.locker.example"}]
    assert operation["operationId"] == "refund_rent"
    assert operation["x-source"] == {"page": "refund-rent", "section": "Refund a rent"}
    assert list(operation["responses"]) == ["201", "404"]
    assert document["components"]["securitySchemes"]["lockerKey"]["name"] == "X-LOCKER-KEY"
    assert schemas["RefundRentRequest"]["required"] == ["amount", "rentId"]
    assert schemas["RefundRentRequest"]["properties"] == {
        "amount": {"$ref": "#/components/schemas/AmountInput"},
        "reason": {"type": "string", "enum": ["DEFECT", "TOO_SMALL"]},
        "rentId": {"type": "string", "maxLength": 20},
    }
    assert schemas["AmountInput"] == {"type": "number", "minimum": 1}


def test_a_definition_on_a_page_is_written_as_our_specs_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a vendor defines in OpenAPI 3.0 becomes a closed request and an open answer, with exact patterns."""
    from codegen.spec import load

    document = yaml.safe_load(DEFINITION.read_text("utf-8"))
    document["servers"] = [{"url": "https://api.depot.example/v2"}]
    page = tmp_path / "give-back.md"
    page.write_text(f"# Return tools\n\n```json\n{json.dumps(document, indent=1)}\n```\n", "utf-8")
    made_anew(page, tmp_path / "specs", capsys)
    spec = load(tmp_path / "specs" / "anew.yaml").document
    assert spec["servers"] == [{"url": "https://api.depot.example"}]
    assert spec["paths"]["/v2/depots/{depotId}/returns/{loanId}"]["post"]["security"] == [
        {"bearer": []},
        {"depotKey": []},
    ]
    request = spec["components"]["schemas"]["ReturnToolsRequest"]
    assert request["additionalProperties"] is False
    assert sorted(request["properties"]) == ["remark", "returnedAt", "tools"]
    assert request["properties"]["returnedAt"]["type"] == ["string", "null"]
    assert sorted(spec["components"]["schemas"]["ReturnToolsResponse"]["properties"]) == [
        *("depotId", "returnedAt", "tools")
    ]


def test_no_word_of_the_page_is_copied(tmp_path: Path) -> None:
    """Descriptions and examples are our own: the page's texts stay on the page."""
    run("scaffold", RENT, "--api", "locker", "--specs", tmp_path)
    text = (tmp_path / "locker.yaml").read_text("utf-8")
    assert not [words for words in ("Pays back", "What is paid", "r-81", "f-1", "No such rent") if words in text]


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A folder with a copy of the depot's spec."""
    return Path(shutil.copytree(DEPOT.parent, tmp_path / "specs"))


def test_an_existing_spec_keeps_every_line(specs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A new operation is put into the spec of its API, whose own lines and comments stay as they are."""
    spec = specs / "depot.yaml"
    before = spec.read_text("utf-8").replace(
        "servers:\n", "# Where it is.\nservers:\n  - url: https://api.locker.example\n"
    )
    spec.write_text(before, "utf-8")
    flaws = find_flaws(spec)
    assert run("scaffold", RENT, "--api", "depot", "--specs", specs) in (0, 1)
    lines = iter(spec.read_text("utf-8").splitlines())
    assert all(line in lines for line in before.splitlines())
    fill_in(spec)
    assert find_flaws(spec) == flaws
    assert differences(RENT, specs, capsys)[1] == []


def test_a_second_method_of_a_path_goes_beside_the_first(specs: Path, tmp_path: Path) -> None:
    """An operation on a path that the spec has is added to that path."""
    from codegen.spec import load

    page = tmp_path / "drop-fee.md"
    page.write_text(
        RENT.read_text("utf-8")
        .replace("POST", "PUT")
        .replace("v1/lockers/{lockerId}/refunds", "v2/loans/{loanId}/waive")
        .replace("v1/lockers/7/refunds", "v2/loans/7/waive")
        .replace("Refund a rent", "Drop a fee"),
        "utf-8",
    )
    run("scaffold", page, "--api", "depot", "--specs", specs)
    assert sorted(load(specs / "depot.yaml").document["paths"]["/v2/loans/{loanId}/waive"]) == ["post", "put"]


def test_operations_that_a_spec_has_are_left_alone(specs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page of which the specs have every operation changes nothing."""
    before = (specs / "depot.yaml").read_text("utf-8")
    for page in DEPOT_PAGES:
        assert run("scaffold", page, "--api", "depot", "--specs", specs) == 0
        assert "has every operation of this page" in capsys.readouterr().err
    assert (specs / "depot.yaml").read_text("utf-8") == before


def test_an_operation_is_named_or_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--operation names the only operation of a page, or says which of several is wanted."""
    from codegen.spec import load

    run("scaffold", RENT, "--api", "locker", "--operation", "pay_back", "--specs", tmp_path)
    assert [operation.name for operation in load(tmp_path / "locker.yaml").operations()] == ["pay_back"]
    repairs = next(page for page in DEPOT_PAGES if page.stem == "depot-repairs")
    run("scaffold", repairs, "--api", "tools", "--operation", "list_repairs_tool", "--specs", tmp_path)
    assert [operation.name for operation in load(tmp_path / "tools.yaml").operations()] == ["list_repairs_tool"]
    capsys.readouterr()
    assert run("scaffold", repairs, "--api", "tools", "--operation", "mend", "--specs", tmp_path / "other") == 2
    assert "--operation mend is none of the operations on it: ask_repair" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("page", "api", "message"),
    [("missing.md", "locker", "No such file"), (str(RENT), "Locker API", "the name of an API is snake_case")],
)
def test_what_cannot_be_done_is_said(
    page: str, api: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page that is not there and a name that is none are exit 2 with the reason."""
    assert run("scaffold", page, "--api", api, "--specs", tmp_path) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_limit_that_yaml_cannot_say_exactly_is_left_to_the_reader(tmp_path: Path) -> None:
    """A fraction as a bound is no bound of the spec: lint would refuse it, so a mark tells what the page says."""
    page = tmp_path / "refund-rent.md"
    page.write_text(RENT.read_text("utf-8").replace("at least 1 ", "at least 0.01 "), "utf-8")
    run("scaffold", page, "--api", "locker", "--specs", tmp_path / "specs")
    text = (tmp_path / "specs" / "locker.yaml").read_text("utf-8")
    assert "minimum: " not in text
    assert "amount has minimum 0.01 on the page, no minimum in the spec" in " ".join(text.split())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout without specs, and without anything generated."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "codegen", tmp_path / "codegen", ignore=ignored)
    (tmp_path / "saved").mkdir()
    shutil.copy(RENT, tmp_path / "saved")
    return tmp_path


WALKS = [
    ROOT / name for name in ("README.md", "specs/README.md") if "codegen scaffold" in (ROOT / name).read_text("utf-8")
]


@pytest.mark.parametrize("guide", WALKS, ids=lambda path: path.parent.name)
def test_a_page_becomes_a_checked_request_by_one_command_and_one_edit(guide: Path, project: Path) -> None:
    """As the guides walk: an editor opens on what is to fill in, then what is generated checks requests."""
    lines = [line.partition("  #")[0].strip() for line in guide.read_text("utf-8").splitlines()]
    scaffold, check = (
        next(line for line in lines if line.startswith(start))
        for start in ("python -m codegen scaffold saved/refund-rent.md", "refundkit check --as locker.refund_rent")
    )
    docs = "python -m codegen docs saved/refund-rent.md"
    editor = project / "editor.py"
    editor.write_text(
        "import sys\nfrom pathlib import Path\n"
        "spec = Path(sys.argv[1])\nspec.write_text(spec.read_text().replace('FILL_IN', 'Lockers of stations'))\n"
    )
    made = shell(project, scaffold, VISUAL=f"{sys.executable} {editor}")
    assert (made.returncode, made.stdout) == (0, ""), made.stderr
    (project / "refund.json").write_text('{"amount": 4.5, "rentId": "r-1", "reason": "DEFECT"}')
    assert shell(project, check).returncode == 0
    (project / "refund.json").write_text('{"amount": 0, "rentId": "r-1", "reason": "TOO_LATE"}')
    assert re.findall(r" error (RF[0-9]+)", shell(project, check).stdout) == ["RF105", "RF104"]
    assert shell(project, f"{docs} --accept").returncode == 0
    assert shell(project, docs).returncode == 0


def shell(project: Path, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the documentation in a checkout, with the package that was generated there."""
    words = command.removeprefix("python ").split()
    words = ["-m", *words] if words[0] == "refundkit" else words
    paths = {**os.environ, "PYTHONPATH": str(project / "generated"), **environment}
    return subprocess.run([sys.executable, *words], cwd=project, env=paths, capture_output=True, text=True, check=False)
