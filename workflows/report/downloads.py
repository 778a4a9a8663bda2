"""Tables of the page as CSV that a reader takes away, inside the page itself."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Download:
    """One table to take away.

    Attributes
    ----------
    name
        Of the file.
    what
        One row is what; one line.
    rows, columns
        Size of the table.
    kilobytes
        Size of the file, rounded up.
    href
        The file, as a data URI.
    """

    name: str
    what: str
    rows: int
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
    precision = None if digits is None else f"%.{digits}g"
    text = table.to_csv(index=False, float_format=precision).encode()
    return Download(
        name=f"{name}.csv",
        what=what,
        rows=len(table),
        columns=len(table.columns),
        kilobytes=-(-len(text) // 1000),
        href="data:text/csv;base64," + base64.b64encode(text).decode(),
    )
