"""--baseline and --write-baseline: the findings to leave out of a run."""

from __future__ import annotations

import argparse
import sys

from ..errors import UsageError
from ..lint.baseline import Baseline, read_baseline, write_baseline
from ..lint.record import Settings
from ..report import Run
from ..text import make_printable

# Stale entries that are printed; the others are counted.
_MOST_STALE = 20


def open_baseline(options: argparse.Namespace) -> Baseline:
    """Open the baseline of --baseline, or an empty one that learns with --write-baseline."""
    if options.baseline is None:
        return Baseline(options.write_baseline, learns=True)
    if options.write_baseline is not None:
        raise UsageError("--baseline and --write-baseline: use one; --write-baseline replaces what the file knows")
    return read_baseline(options.baseline)


def close_baseline(baseline: Baseline, options: argparse.Namespace, settings: Settings, result: Run) -> None:
    """Write a new baseline, or print which entries of the old one are stale."""
    result.suppressed = baseline.suppressed
    if baseline.learns:
        write_baseline(options.write_baseline, baseline)
        if not options.quiet:
            count = f"{baseline.suppressed} finding{'s' * (baseline.suppressed != 1)}"
            print(f"Wrote {count} to {options.write_baseline}", file=sys.stderr)
        if baseline.refused:
            message = "a baseline cannot hold what keeps a payload from being judged: mend it"
            print(f"refundkit: {baseline.refused} more stay: {message}", file=sys.stderr)
        return
    stale = baseline.find_stale(settings.config, result.not_run)
    result.stale = len(stale)
    for entry in stale[:_MOST_STALE]:
        place = make_printable(f"{entry.code} {entry.file} {entry.pointer}")
        print(f"refundkit: {options.baseline}: no longer found: {place}", file=sys.stderr)
    if stale:
        unlisted = f"{len(stale) - _MOST_STALE} more are; " if len(stale) > _MOST_STALE else ""
        advice = f"`--write-baseline {options.baseline}` takes what is stale out"
        print(f"refundkit: {unlisted}{advice}", file=sys.stderr)
