"""Tables of the page as CSV that a reader takes away, inside the page itself.

A long table is compressed, a very long one cut: the page stays small enough to mail,
and says what it leaves out.
"""

from __future__ import annotations

import base64
import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflows.results.csv_text import csv_text

if TYPE_CHECKING:
    import pandas as pd

COMPRESSED_FROM = 300_000
"""Bytes of CSV from which a file is compressed."""
LARGEST = 350_000
"""Bytes of a compressed file; a table beyond is cut."""


@dataclass(frozen=True)
class Download:
    """One table to take away.

    Attributes
    ----------
    name
        Of the file.
    what
        One row is what; one line.
    rows, of, columns
        Rows in the file, of the table, and columns.
    kilobytes
        Size of the file, rounded up.
    href
        The file, as a data URI.
    """

    name: str
    what: str
    rows: int
    of: int
    columns: int
    kilobytes: int
    href: str


def download(
    name: str, what: str, table: pd.DataFrame, *, digits: int | None = None
) -> Download:
    """Turn a table into a CSV file in a data URI.

    Parameters
    ----------
    name
        Of the file, without its ending.
    what
        One row is what; one line.
    table
        Written without its index.
    digits
        Significant digits of the numbers; all of them if None.
    """
    text, ending, kind = _csv(table, digits), "csv", "text/csv"
    shown = table
    if len(text) > COMPRESSED_FROM:
        ending, kind = "csv.gz", "application/gzip"
        text = gzip.compress(text, mtime=0)
        while len(text) > LARGEST:
            shown = shown.iloc[: int(0.9 * len(shown) * LARGEST / len(text))]
            text = gzip.compress(_csv(shown, digits), mtime=0)
    return Download(
        name=f"{name}.{ending}",
        what=what,
        rows=len(shown),
        of=len(table),
        columns=len(table.columns),
        kilobytes=-(-len(text) // 1000),
        href=f"data:{kind};base64," + base64.b64encode(text).decode(),
    )


def _csv(table: pd.DataFrame, digits: int | None) -> bytes:
    precision = None if digits is None else f"%.{digits}g"
    return csv_text(table, number_format=precision).encode()
