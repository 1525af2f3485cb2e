"""--fix and --diff: the files without the fields that the server computes."""

from __future__ import annotations

import argparse
import sys

from ..errors import SourceError, UsageError
from ..lint.fix import diff_fix, find_fix, write_fix
from ..lint.record import Settings
from ..lint.secrets import mask_secrets
from ..text import make_printable
from .arguments import CLEAN, FAILED, FOUND
from .settings import list_files, schema_chooser, settings_for_file


def fix_files(options: argparse.Namespace, settings: Settings) -> int:
    """Fix the files, or show with --diff what would change.

    Returns 1 where --diff would change something, 2 where a file could not be written.
    """
    if "-" in options.paths:
        raise UsageError("--fix and --diff work on files, not on standard input")
    status, files, fields = CLEAN, 0, 0
    for file in list_files(options, settings):
        file_settings = settings_for_file(settings, file)
        fix = find_fix(file, file_settings, schema_chooser(file_settings))
        if fix.unfixed:
            name = make_printable(file)
            print(f"refundkit: {name}: fields of RF108 were left where they are: {fix.unfixed}", file=sys.stderr)
        if not fix.fields:
            continue
        if options.diff:
            lines = mask_secrets(diff_fix(fix)).split("\n")
            sys.stdout.write("\n".join(make_printable(line) for line in lines))
            status = FOUND
            continue
        try:
            write_fix(fix)
        except SourceError as error:
            print(f"refundkit: {make_printable(str(error))}", file=sys.stderr)
            status = FAILED
        else:
            files, fields = files + 1, fields + fix.fields
    if fields and not options.quiet:
        print(f"Dropped {fields} field{'s' * (fields > 1)} in {files} file{'s' * (files > 1)}", file=sys.stderr)
    return status
