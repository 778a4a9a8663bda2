"""A table as CSV, for programs, and for the terminal that it may be shown in."""

from __future__ import annotations

from typing import Any

import pandas as pd

from workflows.errors import printable


def csv_text(table: pd.DataFrame, *, number_format: str | None = None) -> str:
    r"""Return a table as CSV without its index.

    A name of a directory may hold any byte. Each is written as a terminal shows it,
    ``\x1b`` for the escape character, and a line of the table is a line of the file.

    Parameters
    ----------
    table
        Not changed.
    number_format
        Of the numbers, such as ``%.6g``; all their digits if None.
    """
    columns = [_shown(table.iloc[:, number]) for number in range(table.shape[1])]
    shown = pd.concat(columns, axis=1) if columns else table
    shown.columns = pd.Index([_printable(name) for name in table.columns])
    text: str = shown.to_csv(index=False, float_format=number_format)
    return text


def _shown(column: pd.Series) -> pd.Series:
    """Return a column, of which only text is changed: no number becomes another."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    own = [_printable(cell) for cell in column]
    if all(new is cell for new, cell in zip(own, column, strict=True)):
        return column
    return pd.Series(own, index=column.index, name=column.name, dtype=object)


def _printable(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    shown = printable(cell)
    return cell if shown == cell else shown
