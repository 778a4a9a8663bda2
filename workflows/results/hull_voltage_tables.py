"""The table over x -> hulls and voltage curves, one for each insertion model and host.

Points of different arrangements of the metals never share a hull: metals do not move
when lithium goes in or out. Nor do those of different insertion models; x <= 1, where
nothing is inserted, belongs to each of them. Besides the hull over everything there is
one for either side of x = 1: the two reactions are different ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from workflows.analysis.hull import Hull, convex_hull
from workflows.analysis.ions import FIXED, ion_of_series, metal_name
from workflows.analysis.lnmo import FORMULA
from workflows.analysis.voltage import average_voltage, capacity, reference_formula
from workflows.campaign.calculation import NO_INSERTION
from workflows.campaign.sections import same_x
from workflows.results.columns import Column, frame_of, names, units
from workflows.results.hosts import HOST, by_host, host_of, shown_where_several
from workflows.results.labels import LABEL_NAMES, LABELS, ORDER, STATE_LABELS, combined
from workflows.results.magnetic_orders import several_orders
from workflows.results.verdict import FINISHED

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

VOLTAGE = (
    Column("range", shown=True),
    *STATE_LABELS,
    Column("kind", shown=True),
    Column("x1", "ions per formula unit", shown=True),
    Column("x2", "ions per formula unit", shown=True),
    Column("volts", "V against lithium metal", shown=True),
    Column(
        "capacity1",
        "mAh per g of LiNi0.5Mn1.5O4, counted from the lowest x of the range",
        shown=True,
    ),
    Column(
        "capacity2",
        "mAh per g of LiNi0.5Mn1.5O4, counted from the lowest x of the range",
        shown=True,
    ),
    Column("n_x", "number of x in the range", shown=True),
    Column("ended_as1", "insertion model, or the sites, that Li ended on at x1"),
    Column("ended_as2", "insertion model, or the sites, that Li ended on at x2"),
    Column(
        "findings", "what stands against either end, or against the metal", shown=True
    ),
    Column("calculation1"),
    Column("calculation2"),
    ORDER,
    HOST,
    *LABELS,
)
VOLTAGE_COLUMNS, VOLTAGE_UNITS = names(VOLTAGE), units(VOLTAGE)
HULL = (
    Column("range", shown=True),
    Column("x", "ions per formula unit", shown=True),
    *STATE_LABELS,
    Column("energy_per_fu", "eV per formula unit", shown=True),
    Column(
        "formation", "eV per formula unit, against both ends of the range", shown=True
    ),
    Column("e_above_hull", "meV per atom", shown=True),
    Column("on_hull", dtype="flag", shown=True),
    Column("volume_fu", "A^3 per formula unit", shown=True),
    Column("permutation"),
    Column(
        "a_u", "A, axes renamed cyclically so that c is the unique one: permutation"
    ),
    Column("b_u", "A, likewise"),
    Column("c_u", "A, the unique axis", shown=True),
    Column("findings", "what stands against the row", shown=True),
    Column("calculation_id", shown=True),
    ORDER,
    HOST,
    *LABELS,
)
HULL_COLUMNS, HULL_UNITS = names(HULL), units(HULL)
AXES = ("a_u", "b_u", "c_u")
PERMUTATION = (
    "old names of the new a, b, c; fractional coordinates and the frame of the d "
    "orbitals (x, y, z) are renamed alike: workflows.analysis.lattice.permuted"
)
"""What the column of that name holds."""


@dataclass(frozen=True)
class Curve:
    """Finished rows of one insertion model within one range of x.

    Attributes
    ----------
    label
        The range, such as ``0..1``.
    insertion
        Model of the rows above x = 1; ``none`` if there are none.
    lowest
        x -> row of the lowest energy.
    rows
        All rows, every ordering, x ascending; of one host.
    """

    label: str
    insertion: str
    lowest: dict[float, Row]
    rows: tuple[Row, ...]

    @property
    def energies(self) -> dict[float, float]:
        """X -> lowest energy, eV per formula unit."""
        return {x: float(row["energy_per_fu"]) for x, row in self.lowest.items()}

    @property
    def hull(self) -> Hull:
        """The lower hull of the lowest energies."""
        return convex_hull(self.energies)


def curves(rows: Sequence[Row]) -> Iterator[Curve]:
    """Yield every range and model of every host that has two x or more.

    Parameters
    ----------
    rows
        Finished and other rows, of single calculations or of the series.
    """
    finished = [r for r in rows if r["state"] in FINISHED and _has_energy(r)]
    finished.sort(key=lambda r: (r["x"], r["energy_per_fu"]))
    for own in by_host(finished).values():
        yield from _of_one_host(own)


def _of_one_host(finished: Sequence[Row]) -> Iterator[Curve]:
    models = sorted({r["insertion"] for r in finished if r["x"] > 1})
    below = [r for r in finished if r["x"] <= 1]
    yield from _curve(below, NO_INSERTION)
    for model in models:
        above = [r for r in finished if r["x"] > 1 and r["insertion"] == model]
        at_one = [r for r in below if r["x"] == 1]
        yield from _curve([*at_one, *above], model)
        if len({r["x"] for r in below}) > 1:
            yield from _curve([*below, *above], model)


def _curve(rows: Sequence[Row], insertion: str) -> Iterator[Curve]:
    lowest: dict[float, Row] = {}
    for row in rows:
        lowest.setdefault(row["x"], row)
    if len(lowest) > 1:
        label = f"{min(lowest):g}..{max(lowest):g}"
        yield Curve(label, insertion, lowest, tuple(rows))


def voltage_frame(
    rows: Sequence[Row], mu_li: float, *, of_metal: str = ""
) -> pd.DataFrame:
    """Return the voltage curve of each range, model and host.

    Parameters
    ----------
    rows
        Rows of the table over x.
    mu_li
        Energy of the ion's metal (bcc lithium) with the same settings, eV per atom.
    of_metal
        What stands against that metal, and so against every voltage.

    Returns
    -------
    DataFrame
        ``kind`` is ``step`` for a step between consecutive hull vertices, ``average``
        for the two ends of the range. ``ended_as1`` and ``ended_as2`` say what the
        lithium at either end became: a step between two models is not a plateau.
        Capacities are per gram of ``attrs["capacity_of"]``, the host with one ion,
        which is ``attrs["ion"]``.
        Units in ``attrs["units"]``.
    """
    found = [
        {**row, "findings": "; ".join(filter(None, (row["findings"], of_metal)))}
        for curve in curves(rows)
        for row in _voltages(curve, mu_li)
    ]
    frame = frame_of(found, VOLTAGE)
    ion = ion_of_series((row["formula"], row["n_li"]) for row in rows)
    host = reference_formula(rows[0]["formula"], ion) if rows else FORMULA
    mass = {
        name: unit.replace(FORMULA, host)
        .replace("ions per", f"{ion} per")
        .replace("lithium metal", metal_name(ion))
        for name, unit in VOLTAGE_UNITS.items()
    }
    frame.attrs["units"] = mass
    frame.attrs["capacity_of"] = host
    frame.attrs["mu_li"] = mu_li
    frame.attrs["ion"] = ion
    return shown_where_several(frame)


def _voltages(curve: Curve, mu_li: float) -> Iterator[Row]:
    energies, start = curve.energies, min(curve.lowest)
    ion = ion_of_series((row["formula"], row["n_li"]) for row in curve.rows)
    host, charge = reference_formula(curve.rows[0]["formula"], ion), FIXED[ion]
    ends = (start, max(curve.lowest))
    spans = [("step", *pair) for pair in pairwise(curve.hull.vertices)]
    for kind, x1, x2 in [*spans, ("average", *ends)]:
        one, other = curve.lowest[x1], curve.lowest[x2]
        yield {
            **combined((one, other)),
            "range": curve.label,
            "insertion": curve.insertion,
            "kind": kind,
            "x1": x1,
            "x2": x2,
            "volts": average_voltage(
                x1, energies[x1], x2, energies[x2], mu_li, charge=charge
            ),
            "capacity1": capacity(x1 - start, host),
            "capacity2": capacity(x2 - start, host),
            "n_x": len(energies),
            "ended_as1": one.get("ended_as", ""),
            "ended_as2": other.get("ended_as", ""),
            "findings": _findings((one, other)),
            "calculation1": one["calculation_id"],
            "calculation2": other["calculation_id"],
        }


def _findings(rows: Sequence[Row]) -> str:
    found = {f"x = {row['x']:g}": row.get("findings", "") for row in rows}
    told = [f"{x}: {words}" for x, words in found.items() if words]
    return "; ".join(filter(None, (*told, several_orders(rows))))


def hull_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """Return every finished calculation in the hull of its range, model and host.

    Parameters
    ----------
    rows
        Rows of single calculations: each ordering is a point.

    Returns
    -------
    DataFrame
        Units in ``attrs["units"]``. ``on_hull`` marks the vertices; ``a_u, b_u, c_u``
        compare the configurations of one x, whichever axis is the odd one.
    """
    found = [row for curve in curves(rows) for row in _points(curve)]
    cells = ((str(row.get("formula", "")), row.get("n_li")) for row in rows)
    ion = ion_of_series(cells)
    frame = frame_of(found, HULL, permutation=PERMUTATION, ion=ion)
    return shown_where_several(frame)


def _points(curve: Curve) -> Iterator[Row]:
    hull, energies = curve.hull, curve.energies
    for row in curve.rows:
        x = row["x"]
        excess = float(row["energy_per_fu"]) - energies[x]
        yield {
            **{name: row.get(name, "") for name in LABEL_NAMES},
            HOST.name: host_of(row),
            "range": curve.label,
            "insertion": curve.insertion,
            "x": x,
            "energy_per_fu": row["energy_per_fu"],
            "formation": hull.formation[x] + excess,
            "e_above_hull": hull.above_per_atom(x, excess),
            "on_hull": x in hull.vertices and row is curve.lowest[x],
            "findings": row.get("findings", ""),
            **{name: row.get(name, math.nan) for name in ("volume_fu", *AXES)},
            "permutation": row.get("permutation", ""),
            "calculation_id": row["calculation_id"],
        }


def above_hull(frame: pd.DataFrame) -> list[float]:
    """Return each row's distance from the hull of its own side of x = 1, meV/atom.

    x = 1 belongs to the lower side. NaN where that side has fewer than two x, or does
    not reach x = 1; and at its other end, if that is neither 0 nor 2: an end lies on
    its hull by construction, and the missing x may put it above.
    """
    rows = [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]
    sides = {
        (host_of(c.rows[0]), c.insertion): c.hull
        for c in curves(rows)
        if max(c.lowest) == 1 or min(c.lowest) == 1
    }
    found = []
    for row in rows:
        side = (host_of(row), NO_INSERTION if row["x"] <= 1 else row["insertion"])
        known = side in sides and row["x"] in sides[side].above and _has_energy(row)
        known = known and not _cut_short(row["x"], sides[side])
        found.append(
            sides[side].above_per_atom(row["x"])
            if known and row["state"] in FINISHED
            else math.nan
        )
    return found


def _cut_short(x: float, hull: Hull) -> bool:
    """Tell whether x is an end of a hull only because the series ends there."""
    ends = (min(hull.above), max(hull.above))
    return x in ends and not any(same_x(x, whole) for whole in (0, 1, 2))


def _has_energy(row: Row) -> bool:
    return not math.isnan(row.get("energy_per_fu", math.nan))
