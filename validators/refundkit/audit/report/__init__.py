"""What an audit found as one page that needs no network, for people who would rather look than read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .summary import Summary

if TYPE_CHECKING:
    from pyarrow import Table


def write_report(findings: Path | Table, summary: Summary, file: Path) -> None:
    """Write the page of an audit's findings: a .parquet, .jsonl or .csv file of them, or an Arrow table.

    A page that stood there before stays until the new one is whole. Raises OSError where the page cannot be written,
    ValueError for a findings file of another kind and duckdb.Error for one that cannot be read.
    """
    from .page import render_page
    from .totals import read_totals

    text = render_page(read_totals(findings), summary)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    os.close(handle)
    draft = Path(name)
    try:
        draft.write_text(text, "utf-8")
        draft.chmod(0o644)
        draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
