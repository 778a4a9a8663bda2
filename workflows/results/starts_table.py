"""What became of the starts of one arrangement: states, and the energy between them.

A DFT+U energy is one of many minima. Starts that ended in the same state by count of
Mn3+, shape of the cell, gap, sites of lithium and energy are counted together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflows.analysis.band_gap import NO_GAP
from workflows.analysis.ions import LITHIUM, working_ion
from workflows.results.columns import Column, frame_of, number
from workflows.results.hosts import HOST
from workflows.results.labels import LABELS, ORDER, STATE_LABELS
from workflows.results.verdict import FINISHED

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]

SAME_STATE = 2.0
"""meV per formula unit: two starts farther apart are two states, whatever they show."""
STARTS = (
    Column("x", "ions per formula unit", shown=True),
    *STATE_LABELS,
    Column("start", "strain along c, or charge order, of the start", shown=True),
    number("c_strain", "strain along c that the start was given"),
    Column("charge_order", "number of the charge order; 0: none", "count"),
    Column("state_number", "1 is the lowest; empty: not finished", shown=True),
    Column(
        "ended_in", "Mn3+ by threshold, shape of the cell, gap, orbitals", shown=True
    ),
    number("d_energy", "meV per formula unit, above the lowest start", shown=True),
    number("m_ni", "muB, mean |m|", shown=True),
    number("m_mn", "muB, mean |m|", shown=True),
    number("n_mn3", "Mn3+ in the cell, by threshold"),
    number("gap", "eV; 0 for a metal"),
    number("c_unique", "unique axis over the mean of the other two", shown=True),
    Column("unique_axis", shown=True),
    number("volume_fu", "A^3 per formula unit", shown=True),
    Column("findings", "what stands against the row", shown=True),
    ORDER,
    HOST,
    *LABELS,
    Column("calculation_id"),
)
"""Columns of the table of starts."""


@dataclass(frozen=True)
class Ended:
    """A state that some starts ended in.

    Attributes
    ----------
    words
        What its moments, cell and lithium show.
    above
        meV per formula unit above the lowest start.
    rows
        The starts, lowest energy first.
    """

    words: str
    above: float
    rows: tuple[Row, ...]


def ended_states(rows: Iterable[Row]) -> list[Ended]:
    """Group the finished starts of one arrangement by where they ended, lowest first.

    Parameters
    ----------
    rows
        Of single calculations.
    """
    finished = [r for r in rows if r["state"] in FINISHED and "energy_per_fu" in r]
    finished.sort(key=lambda r: float(r["energy_per_fu"]))
    found: list[tuple[str, list[Row]]] = []
    latest: dict[str, list[Row]] = {}  # by its words: the others lie further below
    for row in finished:
        words = state_in_words(row)
        members = latest.get(words)
        if members is not None and _above(row, members[0]) <= SAME_STATE:
            members.append(row)
        else:
            latest[words] = [row]
            found.append((words, latest[words]))
    return [
        Ended(words, _above(members[0], finished[0]), tuple(members))
        for words, members in found
    ]


def _above(row: Row, other: Row) -> float:
    return 1000 * (float(row["energy_per_fu"]) - float(other["energy_per_fu"]))


def state_in_words(row: Row) -> str:
    """Say what a finished calculation ended as: ``8 Mn3+, tetragonal, gap``."""
    parts = []
    if _known(number_of := row.get("n_mn3")):
        parts.append(f"{number_of:g} Mn3+")
    if row.get("mixed_sign"):
        parts.append("moments up and down")
    if shape := row.get("lattice_class"):
        axis = (
            "" if str(shape).startswith("cubic") else f" {row.get('unique_axis', '')}"
        )
        parts.append(f"{shape}{axis}")
    if _known(row.get("gap")):
        parts.append("gap" if float(row["gap"]) > NO_GAP else "metal")
    parts += [str(row[name]) for name in ("orbital_order",) if row.get(name)]
    if (ended := row.get("ended_as")) and ended != row.get("insertion"):
        ion = working_ion(str(row.get("formula", "")), row.get("n_li"))
        parts.append(f"{ion or LITHIUM} on {ended}")
    return ", ".join(parts)


def _known(value: Any) -> bool:
    return isinstance(value, int | float) and not math.isnan(value)


def starts_in_words(rows: Sequence[Row], chosen: Row) -> str:
    """Say in one line how many starts of the chosen arrangement ended in which state.

    Such as ``3 in 8 Mn3+, tetragonal c, gap; 1 in 0 Mn3+, cubic, metal (+41.0 meV)``;
    empty where there is one start.
    """
    own = [row for row in rows if arrangement(row) == arrangement(chosen)]
    if len(own) < 2:
        return ""
    told = []
    for state in ended_states(own):
        above = f" (+{state.above:.1f} meV)" if state.above else ""
        words = f" in {state.words}" if state.words else ""
        told.append(f"{len(state.rows)}{words}{above}")
    left = sum(row["state"] not in FINISHED for row in own)
    return "; ".join([*told, *([f"{left} not finished"] if left else [])])


def arrangement(row: Row) -> str:
    """Return a key of host and lithium arrangement, the same for all its starts."""
    own = row.get("ordering", {})
    keys = ("host", "role", "occupied", "rank")
    return repr([row["x"], row["insertion"], *(own.get(k) for k in keys)])


def starts_frame(rows: Iterable[Row]) -> pd.DataFrame:
    """Return one row for each start, those of one arrangement together, lowest first.

    Parameters
    ----------
    rows
        Of single calculations, planned ones included.
    """
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(arrangement(row), []).append(row)
    ordered = sorted(grouped.values(), key=lambda g: (g[0]["x"], g[0]["insertion"]))
    return frame_of([r for group in ordered for r in _told(group)], STARTS)


def _told(group: Sequence[Row]) -> list[dict[str, Any]]:
    states = ended_states(group)
    ended = [
        _start(row, str(number_of), _above(row, states[0].rows[0]))
        for number_of, state in enumerate(states, start=1)
        for row in state.rows
    ]
    counted = {row["calculation_id"] for row in ended}
    left = [r for r in group if r["calculation_id"] not in counted]
    return ended + [_start(row, "", math.nan) for row in left]


def _start(row: Row, state: str, above: float) -> dict[str, Any]:
    own = row.get("ordering", {})
    return {
        **row,
        "start": start_in_words(own),
        "charge_order": own.get("charge_order", 0),
        "state_number": state,
        "ended_in": state_in_words(row) if state else "",
        "d_energy": above,
    }


def start_in_words(ordering: Mapping[str, Any]) -> str:
    """Name a start: ``c +2 %``, ``charge order 1``, with ``re-seed 1`` if it is one."""
    if ordering.get("charge_order"):
        name = f"charge order {ordering['charge_order']}"
    else:
        name = f"c {100 * ordering.get('c_strain', 0.0):+g} %"
    again = ordering.get("reseed")
    return f"{name}, re-seed {again}" if again else name
