"""How the tests run: profiles, markers and what they need, shared fixtures, and counts of the workers.

A body that only its model refuses fails the test that meets it.
"""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from os import environ
from pathlib import Path

import pytest
import test_agreement
import yaml
from _pytest.mark.expression import Expression
from api_server import Server, running_server
from commands import Cli, Outcome
from hypothesis import HealthCheck, settings
from refundkit.apis import order_model
from refundkit.checking.check import missing_parts, walk
from refundkit.checking.plan import Plan
from refundkit.checking.proof import Proof
from refundkit.cli import main
from refundkit.operations import Operation
from refundkit.request import Request
from refundkit.rule import REGISTRY
from refundkit.screen import ProvenHistory
from story import ROOT

sys.path.insert(0, str(ROOT))  # codegen is no installed package

# `make test` runs the first, `make test-all` the second. No example fails because the machine is slow.
for profile, examples in (("default", 100), ("all", 2000)):
    settings.register_profile(
        profile, max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
settings.load_profile("default")


# What the tests of a marker need. A missing one fails a test that is run: nothing is skipped without a word.


def _modules(*names: str) -> Callable[[], list[str]]:
    return lambda: [f"Python package {name}" for name in names if not _is_installed(name)]


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # the package that it is a module of
        return False


def _commands(*names: str) -> Callable[[], list[str]]:
    return lambda: [f"command {name}" for name in names if shutil.which(name) is None]


def _files(*paths: Path) -> Callable[[], list[str]]:
    return lambda: [str(path) for path in paths if not path.exists()]


def _java() -> list[str]:
    return [] if environ.get("JAVA_HOME") else _commands("java")()


NODE_MODULES = ROOT / ".venv" / "node" / "node_modules"
NEEDS: dict[str, list[Callable[[], list[str]]]] = {
    "audit": [_modules("duckdb", "pyarrow", "altair", "vl_convert")],
    "spark": [_modules("pyspark", "pandas"), _java],
    "browser": [_modules("playwright"), _commands("chromium")],
    "node": [_commands("node"), _files(NODE_MODULES)],
    "hook": [
        _commands("git"),
        _modules("build", "twine"),
        # Wheels are for one Python, so they lie in the environment that the tests run in.
        _files(Path(sys.executable).with_name("pre-commit"), Path(sys.prefix) / "wheels", ROOT / ".git"),
    ],
    "site": [_modules("zensical", "mkdocstrings_handlers")],
    "slow": [],
}


@cache
def missing(marker: str) -> list[str]:
    """Return what the tests of a marker need and this machine lacks."""
    return [name for check in NEEDS[marker] for name in check()]


def pytest_configure(config: pytest.Config) -> None:
    """Add up the counts of the workers, if there are any."""
    if config.pluginmanager.hasplugin("dsession"):
        config.pluginmanager.register(WorkerCounts())


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip a module that cannot be imported here and whose tests are not selected.

    Its markers stand in one line, `pytestmark = …`, because it is not imported.
    """
    chosen = config.option.markexpr
    if not chosen or collection_path.suffix != ".py":
        return None
    lines = collection_path.read_text("utf-8").splitlines()
    line = next((line for line in lines if line.startswith("pytestmark = ")), "")
    markers = [marker for marker in NEEDS if f"mark.{marker}" in line]
    if any(missing(marker) for marker in markers) and not Expression.compile(chosen).evaluate(
        lambda name, /, **_: name in markers
    ):
        return True
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests that share a cluster, a browser or the hook on one worker."""
    for item in items:
        for marker in ("spark", "browser", "hook"):
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.xdist_group(marker))
                break


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test if something that its marker needs is missing."""
    for marker in NEEDS:
        if item.get_closest_marker(marker) and missing(marker):
            pytest.fail(f"not here: {', '.join(missing(marker))}; or make test-all WITHOUT={marker}", pytrace=False)


def _raise(operation: Operation, error: Exception) -> None:
    # No Exception: a check makes a finding of those.
    pytest.fail(f"the model of {operation.name} refuses what its schema accepts: {error}")


@pytest.fixture(autouse=True)
def loud_disagreement(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes a body that only its model refuses fail the test; in production it is RF102."""
    monkeypatch.setattr(import_module("refundkit.checking.body"), "disagreement", _raise)


@pytest.fixture(autouse=True)
def compared_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holds the lane against whatever is proven fine in a test, from the first request on."""

    def compare(
        self: Proof, request: Request, require: Iterable[str] = (), history: ProvenHistory | None = None
    ) -> int:
        if self._prover is None and self._waiting > 0:
            self.prepare()
        parts = 0 if self._prover is None else self._prover.parts_if_fine(request, require, history)
        if parts and history is None:  # test_proof.py holds histories against the lane
            name = self._operation.name
            levels = {code: rule.severity for code, rule in REGISTRY.items()}
            plan = Plan(self._operation, levels, self._rules, order_model(name), {}, self, {})
            walked = walk(plan, request, tuple(require))
            if walked.hits or walked.not_run != missing_parts(plan, request, parts):
                pytest.fail(f"{name}: proven fine, and the lane finds {walked.hits}, not run {walked.not_run}")
        return parts

    monkeypatch.setattr(Proof, "parts_if_fine", compare)


@pytest.fixture(params=["c", "python"])
def yaml_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Runs the test with each of PyYAML's parsers, the C one and the Python one."""
    if request.param == "python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    return str(request.param)


@pytest.fixture(scope="module")
def shared_server() -> Iterator[Server]:
    """A server that the tests of a module share."""
    with running_server() as server:
        yield server


@pytest.fixture
def server(shared_server: Server) -> Server:
    """The shared server of the module, without earlier requests, answering {}."""
    shared_server.received.clear()
    shared_server.answer(200, b"{}")
    return shared_server


# How many payloads were held against jsonschema: a worker counts its own, and the controller adds them up.


class WorkerCounts:
    """Adds up the counts of the workers, in the process that starts them."""

    def pytest_testnodedown(self, node: object) -> None:
        """Add the counts of a worker that ended."""
        for name, count in getattr(node, "workeroutput", {}).get("agreement", {}).items():
            test_agreement.COUNTS[name] = test_agreement.COUNTS.get(name, 0) + count


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the counts of a worker to the controller."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["agreement"] = test_agreement.COUNTS


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the command runs in."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def cli(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs the command in this process."""

    def run(*arguments: str, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
        capsys.readouterr()
        try:
            status = main(arguments)
        except SystemExit as left:  # --version and --help leave so
            status = int(left.code or 0)
        return Outcome(status, *capsys.readouterr())

    return run


@pytest.fixture
def check(cli: Cli) -> Cli:
    """Runs `refundkit check --output-format json --isolated`."""

    def run(*arguments: str, stdin: bytes = b"") -> Outcome:
        return cli("check", "--output-format", "json", "--isolated", *arguments, stdin=stdin)

    return run


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many payloads were compared with jsonschema for each operation."""
    for name, count in sorted(test_agreement.COUNTS.items()):
        terminalreporter.write_line(f"{name}: {count:,} payloads on which fast way, slow way and jsonschema agree")
