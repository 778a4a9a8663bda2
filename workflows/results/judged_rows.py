"""Rows of calculations -> the rows that verdicts rest on: by where lithium ended.

A calculation that was started as one insertion model and ended as another says nothing
of the first. So above x = 1 rows are grouped, and named, by the model they ended as; of
each group the lowest energy is judged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from workflows.campaign.sections import same_x
from workflows.results.gates import LEFT_AT_START, Row, against
from workflows.results.series_table import complete
from workflows.results.verdict import FINISHED


def model_of(row: Row) -> str:
    """Return the insertion model of a row: the one that it ended as, if known."""
    return str(row.get("ended_as") or row["insertion"])


def judged_rows(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return one row for each x and model that lithium ended as: the lowest energy.

    Parameters
    ----------
    rows
        Of single calculations, or of the series; planned ones included.

    Returns
    -------
    list of dict
        ``n_orderings`` and ``n_planned`` count the starts of the group; ``free_start``
        says that one that was not elongated at its start came to the same shape.
    """
    grouped: dict[tuple[float, str], list[Row]] = {}
    for row in rows:
        model = model_of(row) if row["x"] > 1 else ""
        grouped.setdefault((row["x"], model), []).append(row)
    return [complete(_lowest(group)) for group in grouped.values()]


def _lowest(group: Sequence[Row]) -> dict[str, Any]:
    finished = [row for row in group if row["state"] in FINISHED]
    chosen = min(finished or group, key=_energy)
    return {
        **chosen,
        "n_orderings": sum(int(row.get("n_orderings", 1)) for row in finished),
        "n_planned": sum(int(row.get("n_planned", 1)) for row in group),
        "free_start": any(_freely_elongated(row, chosen) for row in finished),
    }


def _freely_elongated(row: Row, chosen: Row) -> bool:
    """Tell whether a start that was not elongated came to the shape of the chosen."""
    ratio, start = row.get("c_unique", math.nan), row.get("c_strain", math.nan)
    same = abs(ratio - chosen.get("c_unique", math.nan)) <= LEFT_AT_START
    return bool(start <= 0 and ratio > 1 and same and not against(row, "lattice"))


def _energy(row: Row) -> float:
    energy = float(row.get("energy_per_fu", math.inf))
    return math.inf if math.isnan(energy) else energy


def models_in(rows: Sequence[Row]) -> list[str]:
    """Return the models to judge: those of the largest x of each start, up to 2."""
    last: dict[str, Row] = {}
    for row in sorted(rows, key=lambda r: float(r["x"])):
        if row["x"] > 1:
            last[str(row["insertion"])] = row
    at_end = {model_of(row) for row in rows if same_x(row["x"], 2)}
    return sorted({model_of(row) for row in last.values()} | at_end)


def row_at(rows: Sequence[Row], x: float, model: str) -> Row | None:
    """Return the row at x, above 1 that of a model; None without one."""
    for row in rows:
        if same_x(row["x"], x) and (x <= 1 or model_of(row) == model):
            return row
    return None


def from_one_up(rows: Sequence[Row], model: str) -> list[Row]:
    """Return the rows of a model from x = 1 on, x ascending, one for each x.

    Between 1 and 2 a row belongs to the model that it ended as, or that it was started
    as together with the row of the model at x = 2: sites that are filled partly are
    another mixture at each x.
    """
    end = row_at(rows, 2.0, model)
    start = None if end is None else end["insertion"]
    found: dict[float, Row] = {}
    for row in sorted(rows, key=lambda r: (float(r["x"]), model_of(r) != model)):
        own = model_of(row) == model or (row["x"] < 2 and row["insertion"] == start)
        if row["x"] == 1 or (row["x"] > 1 and own):
            found.setdefault(float(row["x"]), row)
    return list(found.values())
