"""The table over x in twelve columns: what is read first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.results.hosts import HOST
from workflows.results.labels import foreign_geometry
from workflows.results.origin import origin_of_numbers
from workflows.results.series_table import metals_of

if TYPE_CHECKING:
    import pandas as pd

BEFORE = ("x", "made_by", "insertion", "ended_as", "state", "energy_per_fu")
AFTER = ("n_mn3", "gap", "c_unique", "findings")
"""Columns around the moments of the metals; of Ni and Mn they are twelve. Where there
are rows of several arrangements of the metals, ``host`` names them."""


def summary_frame(series: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of the table over x that are read first.

    Parameters
    ----------
    series
        ``Results.series()``.

    Returns
    -------
    DataFrame
        ``made_by`` names the engine, and says surrogate, fake, or whose the geometry
        is; units are in ``attrs["units"]``, what made the numbers in
        ``attrs["origin"]``.
    """
    moments = [f"m_{element.lower()}" for element in metals_of(series)]
    several = series[HOST.name].nunique() > 1
    columns = [*BEFORE, *([HOST.name] if several else []), *moments, *AFTER]
    made_by = [_made_by(row) for row in series.to_dict("records")]
    found = series.assign(made_by=made_by)[columns]
    known = series.attrs.get("units", {})
    units = {name: known[name] for name in columns if name in known}
    found.attrs = {"units": units, "origin": origin_of_numbers(series)}
    return found


def _made_by(row: dict[Any, Any]) -> str:
    engine = str(row["engine"])
    if row["fake"]:
        return f"{engine} (FAKE)"
    if row["surrogate"]:
        return f"{engine} (surrogate)"
    foreign = foreign_geometry({str(k): v for k, v in row.items()})
    return f"{engine} (geometry {row['geometry']})" if foreign else engine
