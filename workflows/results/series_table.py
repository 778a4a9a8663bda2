"""Rows of single calculations -> the table over x: one row for each x and model.

Several orderings at one x give one row: that of the lowest energy, or, on request,
a Boltzmann average over them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from workflows.analysis.lnmo import FORMULA_UNITS
from workflows.errors import ResultsError
from workflows.results.hull_voltage_tables import PERMUTATION, above_hull
from workflows.results.verdict import FINISHED

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
Average = Literal["lowest", "boltzmann"]

BOLTZMANN = 8.617333262e-5
"""eV/K, k/e of the SI of 2019 to the digits of CODATA."""
ROOM = 300.0
"""K."""
SERIES_UNITS = {
    "energy_per_fu": "eV per formula unit",
    "e_spread": "meV per formula unit, highest of the finished orderings over lowest",
    "e_above_hull": "meV per atom, above the hull of its own side of x = 1",
    "m_ni": "muB, mean |m|",
    "m_mn": "muB, mean |m|",
    "m_ni_std": "muB, population standard deviation over sites",
    "m_mn_std": "muB, population standard deviation over sites",
    "m_ni_signed": "muB, mean m",
    "m_mn_signed": "muB, mean m",
    "m_total": "muB per cell",
    "m_total_expected": "muB per cell, spin only, from formal valences",
    "n_mn3": "Mn3+ in the cell, by threshold",
    "n_mn3_gap": "Mn3+ in the cell, above the widest gap of the sorted moments",
    "m_mn3_min": "muB, smallest |m| of Mn3+, by threshold",
    "m_mn3_max": "muB, largest |m| of Mn3+, by threshold",
    "n_mn3_expected": "Mn3+ in the cell, 8(x - 1) for 8 formula units",
    "n_ambiguous": "Ni and Mn within 0.1 muB of a threshold",
    "n_anomalous": "Mn below 2.6 muB",
    "gap": "eV; 0 for a metal",
    "a": "A, pseudo-cubic",
    "b": "A, pseudo-cubic",
    "c": "A, pseudo-cubic",
    "c_ratio": "c/((a+b)/2)",
    "c_rel": "c(x)/c(x=1)",
    "a_rel": "a(x)/a(x=1)",
    "b_rel": "b(x)/b(x=1)",
    "c_unique": "unique axis over the mean of the other two",
    "a_u": "A, axes renamed cyclically so that c is the unique one: permutation",
    "b_u": "A, likewise",
    "c_u": "A, the unique axis",
    "volume": "A^3, conventional cell",
    "volume_fu": "A^3 per formula unit",
    "jt_rho": "A, mean over Mn of sqrt(Q2^2 + Q3^2)",
    "jt_elongation": "mean over Mn of l_max/((l_mid + l_min)/2)",
    "n_jt_active": "Mn with rho above 0.15 A",
    "jt_order": "|mean exp(i phi)| over the active Mn, 0 to 1",
    "jt_phi": "degrees; 0: z elongated",
}
"""Column -> unit. Every one of these columns is a number, NaN where there is none."""
COLUMNS = (
    *("x", "n_li", "formula", "engine", "insertion", "ended_as", "state"),
    *(
        "energy_per_fu",
        "e_spread",
        "e_above_hull",
        "m_ni",
        "m_mn",
        "m_ni_std",
        "m_mn_std",
    ),
    *("m_ni_signed", "m_mn_signed", "mixed_sign", "m_total", "m_total_expected"),
    *("n_mn3", "n_mn3_gap", "n_mn3_expected", "m_mn3_min", "m_mn3_max"),
    *("n_ambiguous", "n_anomalous", "gap"),
    *("a", "b", "c", "c_ratio", "c_rel", "a_rel", "b_rel", "c_unique"),
    *("unique_axis", "permutation", "a_u", "b_u", "c_u", "lattice_class"),
    *("volume", "volume_fu"),
    *("jt_rho", "jt_elongation", "n_jt_active", "jt_order", "jt_phi"),
    *(
        "orbital_order",
        "li_sites",
        "findings",
        "steps_done",
        "n_orderings",
        "n_planned",
    ),
    *("surrogate", "fake", "engine_version", "calculation_id"),
)
_EMPTY = {
    **dict.fromkeys(("ended_as", "unique_axis", "permutation", "lattice_class"), ""),
    "orbital_order": "",
    "mixed_sign": False,
}
_ONE_STATE = ("n_mn3_gap", "jt_phi")
"""Numbers of which a mean over configurations says nothing."""


def series_frame(
    rows: Iterable[Row], *, average: Average = "lowest", temperature: float = ROOM
) -> pd.DataFrame:
    """Return the table over x.

    Parameters
    ----------
    rows
        One for each calculation, planned ones included.
    average
        ``"lowest"``: the row of the lowest energy. ``"boltzmann"``: numbers averaged
        with weights g exp(-(E - E_0)/kT), E per 56-atom cell, g the degeneracy of the
        Li ordering times that of its host; of several starts of one ordering only
        the lowest counts.
    temperature
        K, for ``"boltzmann"``.

    Raises
    ------
    ResultsError
        An unknown average, or a temperature that is not positive.
    """
    import pandas as pd

    if average not in ("lowest", "boltzmann") or not temperature > 0:
        raise ResultsError(
            f"average {average!r} at {temperature:g} K: 'lowest' or 'boltzmann', at a "
            "temperature above 0 K"
        )
    chosen = [
        _boltzmann(group, temperature) if average == "boltzmann" else _lowest(group)
        for group in _groups(rows)
    ]
    frame = pd.DataFrame([{**_EMPTY, **c} for c in chosen], columns=list(COLUMNS))
    frame = frame.sort_values(["x", "insertion"], ignore_index=True)
    frame[list(SERIES_UNITS)] = frame[list(SERIES_UNITS)].astype(float)
    frame["e_above_hull"] = above_hull(frame)
    at_one = frame[(frame["x"] - 1).abs() < 1e-9]
    for axis in "abc":
        one = float(at_one[axis].iloc[0]) if len(at_one) else math.nan
        frame[f"{axis}_rel"] = frame[axis] / one
    frame.attrs["units"] = dict(SERIES_UNITS)
    frame.attrs["permutation"] = PERMUTATION
    frame.attrs["average"] = (
        f"Boltzmann, {temperature:g} K" if average == "boltzmann" else "lowest energy"
    )
    return frame


def _groups(rows: Iterable[Row]) -> list[list[Row]]:
    grouped: dict[tuple[float, str], list[Row]] = {}
    for row in rows:
        grouped.setdefault((row["x"], row["insertion"]), []).append(row)
    return list(grouped.values())


def _lowest(group: Sequence[Row]) -> Row:
    chosen = sorted(group, key=_preference)[0]
    energies = [
        row["energy_per_fu"]
        for row in group
        if row["state"] in FINISHED and "energy_per_fu" in row
    ]
    spread = 1000 * (max(energies) - min(energies)) if energies else math.nan
    return {
        **chosen,
        "e_spread": spread,
        "n_orderings": sum(row["state"] in FINISHED for row in group),
        "n_planned": len(group),
    }


def _boltzmann(group: Sequence[Row], temperature: float) -> Row:
    lowest = _lowest(group)
    weights = boltzmann_weights(group, temperature)
    averaged: Row = {}
    for name in SERIES_UNITS:
        pairs = [(w, row[name]) for w, row in weights if name in row]
        if pairs and len(pairs) == len(weights) and name not in _ONE_STATE:
            averaged[name] = sum(w * value for w, value in pairs)
    if len(weights) < 2:
        return lowest
    dropped = {name: math.nan for name in SERIES_UNITS if name not in averaged}
    return {**lowest, **dropped, **averaged, "e_spread": lowest["e_spread"]}


def boltzmann_weights(
    rows: Iterable[Row], temperature: float
) -> list[tuple[float, Row]]:
    """Weigh the finished configurations of one x; the weights sum to 1.

    Parameters
    ----------
    rows
        Rows of single calculations at one x and of one insertion model.
    temperature
        K.
    """
    finished = [r for r in rows if r["state"] in FINISHED and "energy_per_fu" in r]
    distinct: dict[str, Row] = {}
    for row in sorted(finished, key=lambda r: float(r["energy_per_fu"])):
        own = row["ordering"]
        key = repr([own.get(k) for k in ("host", "role", "occupied", "rank")])
        distinct.setdefault(key, row)
    if not distinct:
        return []
    lowest = min(float(row["energy_per_fu"]) for row in distinct.values())
    raw = [
        (_multiplicity(row) * math.exp(-_excess(row, lowest) / temperature), row)
        for row in distinct.values()
    ]
    total = sum(weight for weight, _ in raw)
    return [(weight / total, row) for weight, row in raw]


def _excess(row: Row, lowest: float) -> float:
    """Return the energy of 8 formula units above the lowest, in kelvin."""
    return FORMULA_UNITS * (float(row["energy_per_fu"]) - lowest) / BOLTZMANN


def _multiplicity(row: Row) -> float:
    own = row["ordering"]
    return float(own.get("degeneracy", 1)) * float(own.get("host_weight", 1))


def _preference(row: Row) -> tuple[bool, float]:
    energy = row.get("energy_per_fu", math.inf)
    return row["state"] not in FINISHED, energy
