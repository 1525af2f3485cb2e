"""`refundkit journal`: refunds that were sent, and what became of them."""

from __future__ import annotations

import argparse
import inspect
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from ..errors import UsageError
from ..text import make_printable
from .arguments import CLEAN, FAILED, FOUND

if TYPE_CHECKING:
    from ..client.connection import Connection
    from ..journal import Entry
    from ..journal.store import SqlJournal

_DAY = 86_400.0
_VARIABLE = "REFUNDKIT_JOURNAL"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `refundkit journal`."""
    from ..journal.entry import State

    actions = parser.add_subparsers(metavar="ACTION", required=True, dest="action")
    listing = _add(actions, "list", "the rows, the oldest first")
    listing.add_argument("--state", action="append", default=[], choices=get_args(State), help="only these; repeatable")
    listing.add_argument("--output-format", choices=("text", "jsonl"), default="text")
    _add(actions, "show", "all of one row").add_argument("id", metavar="ID")
    resolving = _add(actions, "resolve", "ask the API what became of the refunds that are unknown")
    resolving.description = (
        "Ask the API what became of the refunds that are unknown, with the credentials that stand in the environment, "
        "each under the name of the argument of refundkit.connect that takes it: REFUNDKIT_WALMART_CLIENT_ID, "
        "REFUNDKIT_WOOCOMMERCE_URL; or over what a function of yours connects."
    )
    resolving.add_argument("id", metavar="ID", nargs="?", help="only this one")
    resolving.add_argument("--wait", type=float, default=30.0, metavar="SECONDS", help="how slow a server may be; 30")
    resolving.add_argument("--connect", metavar="MODULE:FUNCTION", help="called with API and address: a connection")
    forgetting = _add(actions, "forget", "delete old rows, never one that is sending or unknown")
    forgetting.add_argument("--older-than", type=float, required=True, metavar="DAYS")


def _add(actions: Any, name: str, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    parser.add_argument("--journal", metavar="ADDRESS", help=f"file or postgresql://…; default: {_VARIABLE}")
    return parser


def run(options: argparse.Namespace) -> int:
    """List, show, resolve or forget rows."""
    actions = {"list": _list, "show": _show, "resolve": _resolve, "forget": _forget}
    with _open(options.journal) as journal:
        return actions[options.action](journal, options)


def _open(address: str | None) -> SqlJournal:
    """Open a journal that exists: a mistyped name must not look like an empty one. Raises UsageError."""
    from .. import journal

    address = address or os.environ.get(_VARIABLE)
    if not address:
        raise UsageError(f"no journal: give --journal, or set {_VARIABLE}")
    return journal.open_existing(address)


def _list(journal: SqlJournal, options: argparse.Namespace) -> int:
    rows = (entry for entry in journal.entries() if not options.state or entry.state in options.state)
    for entry in rows:
        line = msgspec.json.encode(entry).decode() if options.output_format == "jsonl" else _describe(entry)
        sys.stdout.write(f"{line}\n")
    return CLEAN


def _describe(entry: Entry) -> str:
    moment = datetime.fromtimestamp(entry.begun_at, UTC).isoformat(" ", "seconds").removesuffix("+00:00")
    server_id = f" as {entry.server_id}" if entry.server_id else ""
    return make_printable(f"{entry.id}  {moment}Z  {entry.state:<13} {entry.operation} of {entry.order}{server_id}")


def _find(journal: SqlJournal, entry_id: str) -> Entry:
    entry = journal.find(entry_id)
    if entry is None:
        raise UsageError(f"the journal has no row {entry_id}")
    return entry


def _show(journal: SqlJournal, options: argparse.Namespace) -> int:
    text = msgspec.json.format(msgspec.json.encode(_find(journal, options.id)), indent=2).decode()
    sys.stdout.write(f"{text}\n")
    return CLEAN


def _forget(journal: SqlJournal, options: argparse.Namespace) -> int:
    if not options.older_than >= 0:
        raise UsageError(f"--older-than {options.older_than:g}: at least 0")
    count = journal.forget(journal.clock() - options.older_than * _DAY)
    sys.stdout.write(f"Forgot {count:,} {'row' if count == 1 else 'rows'}\n")
    return CLEAN


def _resolve(journal: SqlJournal, options: argparse.Namespace) -> int:
    """Resolve one row, or all that are unknown; go on with the others where one cannot be."""
    counts = {CLEAN: 0, FOUND: 0, FAILED: 0}
    with ExitStack() as stack:
        connections = _Connections(stack, options.connect)
        for entry in _unresolved(journal, options.id):
            status, words = _resolve_row(journal, entry, connections, options.wait)
            counts[status] += 1
            sys.stdout.write(make_printable(f"{entry.id}  {words}: {entry.operation} of {entry.order}") + "\n")
    left = counts[FOUND] + counts[FAILED]
    sys.stdout.write(f"Resolved {counts[CLEAN]:,}, left {left:,}\n")
    return FAILED if counts[FAILED] else FOUND if left else CLEAN


def _unresolved(journal: SqlJournal, entry_id: str | None) -> Iterable[Entry]:
    rows = journal.unresolved()  # which makes unknown what has expired
    if entry_id is None:
        return rows
    entry = _find(journal, entry_id)
    if entry.state == "sending":
        seconds = max(entry.expires_at - journal.clock(), 0.0)
        raise UsageError(f"row {entry_id} is being sent by {entry.owner}, for {seconds:.0f} seconds more at most")
    return [entry] if entry.state == "unknown" else []


def _resolve_row(journal: SqlJournal, entry: Entry, connections: _Connections, wait: float) -> tuple[int, str]:
    """Return an exit status and what became of the refund in words."""
    from ..client.settle import resolve, resolve_unsent
    from ..errors import RefundError

    if not resolve_unsent(entry):
        try:
            outcome = resolve(entry, connections.of(entry), clock=journal.clock(), wait=wait)
        except UsageError as error:
            return FAILED, str(error)
        except RefundError as error:
            return FAILED, f"the API cannot be asked: {error}"
        if outcome is None:
            return FOUND, "cannot be told: the order has changed in another way; look at it yourself"
    if not journal.finish(entry):
        return FOUND, "changed meanwhile"
    return CLEAN, entry.state.replace("_", " ")


class _Connections:
    """The open connections of a run, by API and shop."""

    def __init__(self, stack: ExitStack, function: str | None) -> None:
        self._stack = stack
        self._connect = _connect_by_environment if function is None else _load_function(function)
        self._open: dict[tuple[str, str], Connection[Any, Any]] = {}

    def of(self, entry: Entry) -> Connection[Any, Any]:
        """Return the connection to the shop of a row. Raises UsageError if there is none, or one to another shop."""
        from .. import operations
        from ..client.settle import address_of, is_reached

        operation, address = operations.get(entry.operation), address_of(entry)
        if (operation.api, address) not in self._open:
            connection = self._connect(operation.api, address)
            if not is_reached(entry, connection):
                raise UsageError(f"the refund went to {address}, and the connection leads to {connection.base_url}")
            self._stack.callback(connection.close)
            connection.open()
            self._open[operation.api, address] = connection
        return self._open[operation.api, address]


def _load_function(name: str) -> Callable[[str, str], Connection[Any, Any]]:
    module, _, function = name.partition(":")
    sys.path.insert(0, str(Path.cwd()))  # as `python -m` does
    try:
        loaded: Callable[[str, str], Connection[Any, Any]] = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(f"--connect {name}: {error}; write MODULE:FUNCTION") from None
    return loaded


def _connect_by_environment(api: str, address: str) -> Connection[Any, Any]:
    """Connect to an API with the arguments of its function in refundkit.connect that stand in the environment."""
    from .. import connect

    function = getattr(connect, api, None) or (lambda **options: connect.api(api, **options))
    prefix = f"REFUNDKIT_{api.upper()}_"
    parameters = [each for each in inspect.signature(function).parameters.values() if each.kind is not each.VAR_KEYWORD]
    arguments: dict[str, Any] = {
        each.name: os.environ[prefix + each.name.upper()]
        for each in parameters
        if prefix + each.name.upper() in os.environ
    }
    missing = [
        prefix + each.name.upper() for each in parameters if each.default is each.empty and each.name not in arguments
    ]
    if missing:
        raise UsageError(f"the refund went to {address}; to ask there, set {' and '.join(missing)}, or give --connect")
    if f"{prefix}BASE_URL" in os.environ:
        arguments["base_url"] = os.environ[f"{prefix}BASE_URL"]
    try:
        connection: Connection[Any, Any] = function(**arguments)
    except (TypeError, ValueError) as error:
        raise UsageError(f"no connection to {api}: {error}") from None
    return connection
