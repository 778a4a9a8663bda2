"""Rows of calculations -> the rows that verdicts rest on: by where lithium ended.

A calculation that was started as one insertion model and ended as another says nothing
of the first. So above x = 1 rows are grouped, and named, by the model they ended as; of
each group the lowest energy is judged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from workflows.analysis.band_gap import NO_GAP
from workflows.campaign.magnetic_order import FIM
from workflows.campaign.sections import same_x
from workflows.results.gates import Kind, against
from workflows.results.magnetic_orders import order_of
from workflows.results.row_faults import Row, ended_order, exact_x, number
from workflows.results.series_table import complete
from workflows.results.start_left import (
    LEFT_AT_START,
    came_from_elsewhere,
    freely_elongated,
)
from workflows.results.starts_table import state_in_words
from workflows.results.verdict import FINISHED

SAME_ENERGY = 1e-4
"""eV per formula unit within which two runs are of one energy.

Choice: EDIFF of 1e-6 eV per cell and forces of 0.02 eV/A leave so much.
"""
SAME_MOMENT = 0.05
"""muB between the mean moments of two runs in one state."""
KINDS: tuple[Kind, ...] = ("moments", "charge", "gap", "lattice", "energy")


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
        says that one that was not elongated at its start came to the same shape,
        ``reached_again`` that one that was another cell came to the same;
        ``tied`` names another state of the same energy.
    """
    grouped: dict[tuple[float, str], list[Row]] = {}
    for row in rows:
        x = exact_x(row["x"], str(row.get("formula") or ""))
        own = {**row, "x": x}
        grouped.setdefault((x, model_of(own) if x > 1 else ""), []).append(own)
    return [complete(_lowest(group)) for group in grouped.values()]


def _lowest(group: Sequence[Row]) -> dict[str, Any]:
    finished = [row for row in group if row["state"] in FINISHED]
    chosen, tied = _of_the_lowest(finished) if finished else (group[0], "")
    others = [row for row in finished if not against(row, "lattice")]
    return {
        **chosen,
        "n_orderings": sum(int(row.get("n_orderings", 1)) for row in finished),
        "n_planned": sum(int(row.get("n_planned", 1)) for row in group),
        "free_start": any(freely_elongated(row, chosen) for row in others),
        "reached_again": any(came_from_elsewhere(row, chosen) for row in others),
        "tied": tied,
    }


def _of_the_lowest(finished: Sequence[Row]) -> tuple[Row, str]:
    """Return the lowest row; of one energy the worst, and the other states in words.

    Of rows in one state the one that least stands against is as good as any.
    """
    least = min(map(energy_of, finished))
    lowest = [r for r in finished if not energy_of(r) - least > SAME_ENERGY]
    by_doubts = sorted(lowest, key=lambda r: (_doubts(r), order_of(r) != FIM))
    if all(_alike(row, by_doubts[0]) for row in lowest):
        return by_doubts[0], ""
    worst = by_doubts[-1]
    other = next(row for row in by_doubts if not _alike(row, worst))
    words = state_in_words(other) or str(other["calculation_id"])
    return worst, f"another start of the same energy ended in another state ({words})"


def _doubts(row: Row) -> int:
    return len({words for kind in KINDS for words in against(row, kind)})


def _alike(row: Row, other: Row) -> bool:
    """Tell whether two rows are in one state, whichever axis is the long one."""
    if _state(row) != _state(other):
        return False
    limits = {"m_ni": SAME_MOMENT, "m_mn": SAME_MOMENT, "c_unique": LEFT_AT_START}
    pairs = [(number(row, n), number(other, n), limits[n]) for n in limits]
    return not any(abs(one - two) > limit for one, two, limit in pairs)


def _state(row: Row) -> tuple[Any, ...]:
    gap = number(row, "gap")
    metal = None if math.isnan(gap) else gap <= NO_GAP
    mn3, order = number(row, "n_mn3", -1.0), ended_order(row)
    mixed = bool(row.get("mixed_sign"))
    return mn3, mixed, order, row.get("lattice_class") or "", metal


def energy_of(row: Row) -> float:
    """Return eV per formula unit of a row; infinity where it has none."""
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
        if same_x(row["x"], 1) or (row["x"] > 1 and own):
            found.setdefault(float(row["x"]), row)
    return list(found.values())
