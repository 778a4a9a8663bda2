"""Which table ``lnmo results --table`` is asked for, with its options."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from workflows.errors import ResultsError, nearest


class TableName(StrEnum):
    """Names of the tables."""

    SERIES = "series"
    STARTS = "starts"
    SITES = "sites"
    RUNS = "runs"
    VOLTAGE = "voltage"
    HULL = "hull"
    PDOS = "pdos"
    VERDICTS = "verdicts"
    CONTEXT = "context"


@dataclass(frozen=True)
class TableRequest:
    """A table and its options.

    Attributes
    ----------
    table
        Name.
    by, smooth, mode, align, window_ev
        Of the density of states, see ``Results.pdos``.
    boltzmann
        Average the series over orderings at 300 K.
    """

    table: TableName
    by: str = "element"
    smooth: int = 10
    mode: str = "origin"
    align: str = "efermi"
    window_ev: float | None = None
    boltzmann: bool = False


def table_request(table: str | None, **options: Any) -> TableRequest:
    """Check the name of a table; the series if None.

    Raises
    ------
    ResultsError
        There is no such table.
    """
    try:
        return TableRequest(TableName(table or "series"), **options)
    except ValueError:
        raise ResultsError(
            f"there is no table {table!r}{nearest(str(table), tuple(TableName))}; "
            f"known: {', '.join(TableName)}"
        ) from None
