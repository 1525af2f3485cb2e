"""Arguments that subcommands share: which rules run, which configuration, when the run fails."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import AbstractContextManager, redirect_stdout
from pathlib import Path
from typing import Any

import msgspec

from ..config import Config, discover_config
from ..errors import FAILING, UsageError

CLEAN, FOUND, FAILED = 0, 1, 2
"""The exit statuses: nothing to report, findings, could not check."""


def add_rule_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that select rules and set their severities."""
    add = parser.add_argument
    add("--select", action="append", default=[], metavar="RULE,…", help="run only these: ids, names, prefixes of ids")
    add("--ignore", action="append", default=[], metavar="RULE,…", help="leave these out")
    add("--severity", action="append", default=[], metavar="RULE=LEVEL", help="LEVEL is error, warning or off")
    add("--fail-on", choices=tuple(FAILING), help="what makes the exit status 1; default: error")


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that name the configuration."""
    parser.add_argument("--config", metavar="FILE", help="this configuration instead of the nearest one")
    parser.add_argument("--isolated", action="store_true", help="no configuration file at all")


def read_config(options: argparse.Namespace) -> Config:
    """Read the configuration that the options name, with their rules. Raises UsageError and ConfigError."""
    if options.isolated and options.config:
        raise UsageError("--isolated and --config: use one")
    base = Config() if options.isolated else load_config(options.config)
    levels: list[tuple[str, Any]] = [split_pair(text, "--severity") for text in options.severity]
    if not (options.select or options.ignore or levels or options.fail_on):
        return base
    return msgspec.structs.replace(
        base,
        select=tuple(split_list(options.select)) or base.select,
        ignore=(*base.ignore, *split_list(options.ignore)),
        severity=(*base.severity, *levels),
        fail_on=options.fail_on or base.fail_on,
    )


def load_config(file: str | None = None) -> Config:
    """Load the configuration of a file, or the nearest one, and register its rules."""
    with print_aside():
        return Config.load(file) if file else discover_config(Path.cwd())


def resolve_path(name: str, config: Config) -> str:
    """Resolve a file or a pattern of the configuration against the configuration's folder."""
    return os.path.normpath(Path(config.folder) / name)


def print_aside() -> AbstractContextManager[Any]:
    """Send what a user's own rules print to standard error: standard output is for findings."""
    return redirect_stdout(sys.stderr)


def split_list(values: list[str]) -> list[str]:
    """Split values at their commas, without empty parts."""
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def split_pair(value: str, flag: str) -> tuple[str, str]:
    """Split NAME=VALUE of a flag. Raises UsageError."""
    name, sign, text = value.partition("=")
    if not sign or not name:  # without its words: it may be a credential
        raise UsageError(f"{flag}: write {'RULE=LEVEL' if flag == '--severity' else 'NAME=VALUE'}")
    return name, text
