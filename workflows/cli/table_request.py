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


CHOICES = {
    "by": ("element", "orbital", "site", "t2g_eg"),
    "mode": ("origin", "strict", "centred"),
    "align": ("efermi", "vbm"),
}
"""Values of the options of a density of states; tests compare them with its code."""


def table_request(table: str | None, **options: Any) -> TableRequest:
    """Check the name of a table, the series if None, and the options it is given.

    Raises
    ------
    ResultsError
        There is no such table or value, or the option is one of another table.
    """
    try:
        found = TableRequest(TableName(table or "series"), **options)
    except ValueError:
        raise ResultsError(
            f"there is no table {table!r}{nearest(str(table), tuple(TableName))}; "
            f"known: {', '.join(TableName)}"
        ) from None
    for name, known in CHOICES.items():
        given = getattr(found, name)
        if given not in known:
            raise ResultsError(
                f"--{name} {given}{nearest(given, known)}: one of {', '.join(known)}"
            )
    _refuse_options_of_others(found)
    return found


def _refuse_options_of_others(request: TableRequest) -> None:
    plain = TableRequest(request.table)
    for name in ("by", "smooth", "mode", "align", "window_ev", "boltzmann"):
        own = TableName.SERIES if name == "boltzmann" else TableName.PDOS
        if getattr(request, name) != getattr(plain, name) and request.table is not own:
            shown = f"--{name.replace('_', '-')}"
            raise ResultsError(
                f"{shown} is an option of --table {own}, not of {request.table}: leave "
                f"it out, or use --table {own}"
            )
