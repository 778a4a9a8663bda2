"""Rows of single calculations -> the table over x: a row for each x, model and host.

Several orderings at one x give one row: that of the lowest energy, or, on request,
a Boltzmann average over them. Hosts, the arrangements of the metals, each have rows of
their own; an average is over all of them, see `boltzmann_weights`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from workflows.analysis.ions import METALS
from workflows.analysis.lnmo import METALS as PAPER_METALS
from workflows.campaign.sections import SAME_X
from workflows.errors import ResultsError
from workflows.results.columns import Column, frame_of, names, number, numbers
from workflows.results.gates import ids_of_row, words_of
from workflows.results.hosts import (
    HOST,
    WEIGHT,
    by_host,
    host_columns,
    host_of,
    host_of_row,
    host_place,
    in_one,
    shown_where_several,
    weight_of,
)
from workflows.results.hull_voltage_tables import PERMUTATION, above_hull
from workflows.results.labels import LABELS, ORDER, STATE_LABELS, worst_state
from workflows.results.starts_table import starts_in_words
from workflows.results.verdict import FINISHED

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
Average = Literal["lowest", "boltzmann"]

BOLTZMANN = 8.617333262e-5
"""eV/K, k/e of the SI of 2019 to the digits of CODATA."""
ROOM = 300.0
"""K."""
SERIES = (
    Column("x", "ions per formula unit", shown=True),
    Column("n_li"),
    Column("formula"),
    Column("formula_units"),
    *STATE_LABELS,
    number("energy_per_fu", "eV per formula unit", shown=True),
    number(
        "e_spread",
        "meV per formula unit, highest of the finished orderings over lowest",
    ),
    number(
        "e_above_hull",
        "meV per atom, above the hull of its own side of x = 1; NaN at an end of the "
        "series that is not 0, 1 or 2",
        shown=True,
    ),
    number("m_ni", "muB, mean |m|", shown=True),
    number("m_mn", "muB, mean |m|", shown=True),
    number("m_ni_std", "muB, population standard deviation over sites"),
    number("m_mn_std", "muB, population standard deviation over sites"),
    number("m_ni_signed", "muB, mean m"),
    number("m_mn_signed", "muB, mean m"),
    Column("mixed_sign", dtype="flag", shown=True),
    number("m_total", "muB per cell"),
    number("m_total_expected", "muB per cell, spin only, from formal valences"),
    number("n_mn3", "Mn3+ in the cell, by threshold", shown=True),
    number("n_mn2", "Mn2+ in the cell, by threshold"),
    number("n_mn3_gap", "Mn3+ in the cell, above the widest gap of the sorted moments"),
    number(
        "n_mn3_expected", "Mn3+ in the cell, 8(x - 1) for 8 formula units", shown=True
    ),
    number("m_mn3_min", "muB, smallest |m| of Mn3+, by threshold"),
    number("m_mn3_max", "muB, largest |m| of Mn3+, by threshold"),
    Column("valences", "ions of each valence, by charge balance", shown=True),
    number("n_ambiguous", "metals within 0.1 muB of a threshold"),
    number("n_anomalous", "Mn below 2.6 muB"),
    number("m_ni_min", "muB, smallest |m| of Ni"),
    number("m_ni_max", "muB, largest |m| of Ni"),
    number("m_o_max", "muB, largest |m| of O"),
    number("charge", "e, of the cell by the valences that the moments show"),
    number("gap", "eV; 0 for a metal", shown=True),
    number("a", "A, pseudo-cubic"),
    number("b", "A, pseudo-cubic"),
    number("c", "A, pseudo-cubic"),
    number("c_ratio", "c/((a+b)/2)", shown=True),
    number("c_rel", "c(x)/c(x=1)"),
    number("a_rel", "a(x)/a(x=1)"),
    number("b_rel", "b(x)/b(x=1)"),
    number("c_unique", "unique axis over the mean of the other two", shown=True),
    Column("unique_axis", shown=True),
    Column("permutation"),
    number(
        "a_u", "A, axes renamed cyclically so that c is the unique one: permutation"
    ),
    number("b_u", "A, likewise"),
    number("c_u", "A, the unique axis"),
    Column("lattice_class"),
    Column("shape", "class of the lattice, and along which axis", shown=True),
    number("c_strain", "strain along c that the start was given"),
    number("start_strain", "largest principal strain of the cell against its start"),
    number("start_unique", "unique axis over the mean of the others, of the start"),
    Column("cell_relaxed", "the whole cell was relaxed to its end", "flag"),
    number("max_force", "eV/A, largest force left"),
    number("max_stress", "kbar, largest |component| of the stress left"),
    number("volume", "A^3, conventional cell"),
    number("volume_fu", "A^3 per formula unit", shown=True),
    number("jt_rho", "A, mean over Mn of sqrt(Q2^2 + Q3^2)", shown=True),
    number("jt_elongation", "mean over Mn of l_max/((l_mid + l_min)/2)"),
    number("n_jt_active", "Mn with rho above 0.15 A"),
    number("jt_order", "|mean exp(i phi)| over the active Mn, 0 to 1", shown=True),
    number("jt_phi", "degrees; 0: z elongated"),
    Column("orbital_order", "eg orbital and axis of the Mn3+", shown=True),
    Column("li_sites"),
    Column("findings", "what stands against the row", shown=True),
    Column("finding_ids"),
    Column("steps_done"),
    Column("n_orderings"),
    Column("n_planned"),
    Column("starts", "how many starts ended in which state", shown=True),
    Column("magnetic_order", "of the start"),
    ORDER,
    HOST,
    WEIGHT,
    *LABELS,
    Column("calculation_id"),
)
"""Columns of the table over x."""
SERIES_UNITS = numbers(SERIES)
"""Column -> unit. Every one of these columns is a number, NaN where there is none."""
COLUMNS = names(SERIES)
_EMPTY = {
    "ended_as": "",
    "ended_order": "",
    **host_columns({}),
    "unique_axis": "",
    "permutation": "",
    "lattice_class": "",
    "shape": "",
    "valences": "",
    "orbital_order": "",
    "mixed_sign": False,
}
_ONE_STATE = frozenset(
    {"n_mn3_gap", "jt_phi", "c_strain", "start_strain", "start_unique"}
)
"""Numbers of which a mean over configurations says nothing."""
_ONE_ORIENTATION = frozenset(
    {"a", "b", "c", "c_ratio", "a_rel", "b_rel", "c_rel", "a_u", "b_u"}
)
"""Numbers that the images of one arrangement under the host's rotations do not share.

An orbit is calculated by one representative, whose long axis may be any of the three:
only what no renaming of the axes changes has a mean over the orbit.
"""
_OF_THE_LOWEST = (
    *("unique_axis", "permutation", "lattice_class", "shape"),
    *("valences", "orbital_order"),
)
"""Words on the shape and the electrons of one configuration."""


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
        with weights g exp(-(E - E_0)/kT) within one host, E per actual cell, g the
        degeneracy of the Li ordering; hosts count by their multiplicity. Of several
        starts of one ordering only the lowest counts. Lengths of single axes have no
        mean, see `_ONE_ORIENTATION`. State and findings are those of every
        configuration that has a weight.
    temperature
        K, for ``"boltzmann"``.

    Raises
    ------
    ResultsError
        An unknown average, or a temperature that is not positive.
    """
    if average not in ("lowest", "boltzmann") or not temperature > 0:
        raise ResultsError(
            f"average {average!r} at {temperature:g} K: 'lowest' or 'boltzmann', at a "
            "temperature above 0 K"
        )
    over_hosts = average == "boltzmann"
    chosen = [
        _boltzmann(group, temperature) if over_hosts else _lowest(group)
        for group in _groups(rows, over_hosts=over_hosts)
    ]
    chosen.sort(key=lambda r: (r["x"], r["insertion"], host_place(host_of(r))))
    columns = (*SERIES, *other_moments(chosen))
    frame = frame_of([{**_EMPTY, **row, **host_of_row(row)} for row in chosen], columns)
    frame["e_above_hull"] = above_hull(frame)
    finished = frame["state"].isin(FINISHED)
    at_one = frame[finished & ((frame["x"] - 1).abs() < SAME_X)]
    at_one = at_one.drop_duplicates(HOST.name).set_index(HOST.name)
    for axis in "abc":
        one = frame[HOST.name].map(at_one[axis].to_dict()).astype(float)
        frame[f"{axis}_rel"] = frame[axis] / one
    frame.attrs["permutation"] = PERMUTATION
    frame.attrs["average"] = (
        f"Boltzmann, {temperature:g} K" if average == "boltzmann" else "lowest energy"
    )
    return shown_where_several(frame)


def complete(row: Mapping[str, Any]) -> Row:
    """Return a row of a calculation with every column: NaN where it has no number."""
    return {**_EMPTY, **dict.fromkeys(SERIES_UNITS, math.nan), **row}


def other_moments(rows: Iterable[Row]) -> tuple[Column, ...]:
    """Describe the columns of moments of other metals than Ni and Mn.

    Parameters
    ----------
    rows
        Of single calculations; a metal has its columns if one of them has its moment.
    """
    present = {name for row in rows for name in row}
    return tuple(
        number(f"m_{element.lower()}{more}", unit, shown=not more)
        for element in METALS
        if element not in PAPER_METALS and f"m_{element.lower()}" in present
        for more, unit in (
            ("", "muB, mean |m|"),
            ("_std", "muB, population standard deviation over sites"),
            ("_signed", "muB, mean m"),
        )
    )


def metals_of(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the metals whose moments a table over x has; Ni and Mn if it has none."""
    found = [
        element
        for element in METALS
        if (name := f"m_{element.lower()}") in frame and frame[name].notna().any()
    ]
    return tuple(reversed(found)) or PAPER_METALS


def _groups(rows: Iterable[Row], *, over_hosts: bool) -> list[list[Row]]:
    grouped: dict[tuple[float, str, str], list[Row]] = {}
    for row in rows:
        host = "" if over_hosts else host_of(row)
        grouped.setdefault((row["x"], row["insertion"], host), []).append(row)
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
        "starts": starts_in_words(group, chosen),
    }


def _boltzmann(group: Sequence[Row], temperature: float) -> Row:
    lowest = _lowest(group)
    weights = boltzmann_weights(group, temperature)
    rows = [row for _, row in weights]
    hosts = {name: weight_of(own[0]) for name, own in by_host(rows or group).items()}
    of = {HOST.name: in_one(list(hosts)), WEIGHT.name: sum(hosts.values())}
    lowest |= {"ordering": {**lowest.get("ordering", {}), **of}}
    if len(weights) < 2:
        return lowest
    averaged = {
        name: sum(weight * row[name] for weight, row in weights)
        if name not in _ONE_STATE | _ONE_ORIENTATION and all(name in r for r in rows)
        else math.nan
        for name in (*SERIES_UNITS, *names(other_moments(rows)))
    }
    averaged["e_spread"] = lowest["e_spread"]
    blank = dict.fromkeys(_OF_THE_LOWEST, "")
    return {**lowest, **averaged, **blank, **_of_all(rows)}


def _of_all(rows: Sequence[Row]) -> Row:
    """Return state, findings and sites of an average: those of every configuration."""
    ids = tuple(dict.fromkeys(name for row in rows for name in ids_of_row(row)))
    texts = {
        name: " | ".join(dict.fromkeys(str(row.get(name, "")) for row in rows))
        for name in ("ended_as", "ended_order", "li_sites")
    }
    return {
        **texts,
        "state": worst_state(rows),
        "finding_ids": ", ".join(ids),
        "findings": words_of(ids),
        **{
            name: any(row.get(name, False) for row in rows)
            for name in ("mixed_sign", "surrogate", "fake")
        },
    }


def boltzmann_weights(
    rows: Iterable[Row], temperature: float
) -> list[tuple[float, Row]]:
    """Weigh the finished configurations of one x; the weights sum to 1.

    Lithium comes to equilibrium within a host. The metals do not at room temperature:
    so a host has the share of its multiplicity, whatever its energy.

    Parameters
    ----------
    rows
        Rows of single calculations at one x and of one insertion model.
    temperature
        K.
    """
    finished = [r for r in rows if r["state"] in FINISHED and "energy_per_fu" in r]
    hosts = by_host(finished)
    total = sum(weight_of(own[0]) for own in hosts.values())
    return [
        (weight * weight_of(row) / total, row)
        for own in hosts.values()
        for weight, row in _weights_in_a_host(own, temperature)
    ]


def _weights_in_a_host(
    finished: Sequence[Row], temperature: float
) -> list[tuple[float, Row]]:
    distinct: dict[str, Row] = {}
    for row in sorted(finished, key=lambda r: float(r["energy_per_fu"])):
        own = row["ordering"]
        key = repr([own.get(k) for k in ("host", "role", "occupied", "rank")])
        distinct.setdefault(key, row)
    lowest = min(float(row["energy_per_fu"]) for row in distinct.values())
    raw = [
        (_multiplicity(row) * math.exp(-_excess(row, lowest) / temperature), row)
        for row in distinct.values()
    ]
    total = sum(weight for weight, _ in raw)
    return [(weight / total, row) for weight, row in raw]


def _excess(row: Row, lowest: float) -> float:
    """Return the energy of the actual cell above the lowest, in kelvin.

    The degeneracy counts arrangements in this cell; its energy must be that of the same
    cell.
    """
    above = float(row["energy_per_fu"]) - lowest
    return float(row["formula_units"]) * above / BOLTZMANN


def _multiplicity(row: Row) -> float:
    return float(row["ordering"].get("degeneracy", 1))


def _preference(row: Row) -> tuple[bool, float]:
    energy = row.get("energy_per_fu", math.inf)
    return row["state"] not in FINISHED, energy
