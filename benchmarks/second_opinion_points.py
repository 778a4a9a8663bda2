"""What ``second_opinion.py`` computes with two codes: NiO, and LNMO at x = 1."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from abinit_files import Point
from second_opinion_table import EV_PER_A3

from workflows.campaign.presets import gpaw_preset
from workflows.engines.gpaw.symmetric_cell import frame

TOP = Path(__file__).parents[1]
LNMO = TOP / "tests/data/gpaw/dft/calculations/031cd7fa08e8/static/task_document.json"
"""GPAW's x = 1, Ni against Mn, of ``lnmo run dft``; not computed again."""
A_NIO = 4.15
"""A; rock salt, under about 23 GPa there."""
STRAIN = 0.004
"""Relative change of the lengths, for the pressure by finite difference."""
NIO = Point(
    symbols=("Ni", "O"),
    cell=(
        (0, A_NIO / 2, A_NIO / 2),
        (A_NIO / 2, 0, A_NIO / 2),
        (A_NIO / 2, A_NIO / 2, 0),
    ),
    positions=((0.0, 0.0, 0.0), (0.5, 0.5, 0.5)),
    moments=(2.0, 0.0),
    hubbards={"Ni": 4.5},
    kpoints=(2, 2, 2),
    centring="gamma",
    width=0.05,
)
SYMMETRY = 0.05
"""A, as in the campaign; the record's cell has lost its last digits."""
ABINIT_RADIUS = 2.28
"""Bohr; of the Ni data set in ABINIT, the largest of its partial waves."""
FIRST = {"Ni": -2.0, "Mn": 3.0}
"""muB, start of Ni2+ against Mn4+: 7 in the cell."""


@dataclass(frozen=True)
class Case:
    """A point, and the cutoffs that each code computes it at.

    Attributes
    ----------
    gpaw
        eV; None where GPAW's numbers are in the repository.
    abinit, fine
        Of the waves and of the density, eV.
    heavy
        Minutes of processor time, not seconds.
    d_radius
        Bohr; GPAW alone, the occupations that U acts on integrated to this radius.
    """

    point: Point
    gpaw: float | None
    abinit: float
    fine: float
    heavy: bool = False
    d_radius: float | None = None


def cases() -> dict[str, Case]:
    """Return what is computed, by name."""
    return {
        "NiO": Case(NIO, 900, 900, 2000),
        "NiO-small": Case(strained(NIO, -STRAIN), 900, 900, 2000),
        "NiO-large": Case(strained(NIO, STRAIN), 900, 900, 2000),
        "NiO-700": Case(NIO, 700, 700, 2000),
        "NiO-wide": Case(NIO, 900, 900, 2000, d_radius=ABINIT_RADIUS),
        "LNMO": Case(lnmo(document()), None, 700, 2000, heavy=True),
    }


def strained(point: Point, strain: float) -> Point:
    """Return a point with every length of its cell changed by a fraction."""
    cell = tuple(tuple(v * (1 + strain) for v in row) for row in point.cell)
    return replace(point, cell=cell)


def document() -> dict[str, Any]:
    """Return GPAW's record of x = 1."""
    found: dict[str, Any] = json.loads(LNMO.read_text("utf-8"))
    return found


def lnmo(record: Mapping[str, Any]) -> Point:
    """Return what a record was computed at: cell in GPAW's setting, U, mesh, width."""
    from pymatgen.core import Lattice, Structure

    given, settings = record["structure"], record["settings"]
    moments = [FIRST.get(s, 0.0) for s in given["species"]]
    lattice = Lattice(given["lattice"])
    structure = Structure(lattice, given["species"], given["frac_coords"])
    setting = frame(structure, moments, SYMMETRY)
    return Point(
        symbols=tuple(given["species"]),
        cell=rhombohedral(setting.cell),
        positions=tuple(map(tuple, setting.scaled_positions.tolist())),
        moments=tuple(moments),
        hubbards=record["hubbards"],
        kpoints=tuple(settings["kpoints"]),
        centring=settings["centring"],
        width=settings["width"],
    )


def rhombohedral(cell: Any) -> tuple[tuple[float, ...], ...]:
    """Return a rhombohedral cell turned to rows (d, h, h), (h, d, h), (h, h, d).

    ABINIT refuses rotations of it that are not exact in any other orientation.
    """
    metric = cell @ cell.T
    long = float(np.sqrt(metric[0, 0] + 2 * metric[0, 1]))
    short = float(np.sqrt(metric[0, 0] - metric[0, 1]))
    h = (long + short) / 3
    d = h - short
    return ((d, h, h), (h, d, h), (h, h, d))


def volume(point: Point) -> float:
    """Return the volume of the cell, A^3."""
    return abs(float(np.linalg.det(np.array(point.cell))))


def recorded(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return GPAW's numbers of a record, its pressure as the stress has it.

    The record's own is without that of the basis (``campaign/presets/gpaw.yaml``).
    """
    cutoff, species = record["settings"]["cutoff"], record["structure"]["species"]
    per_oxygen = gpaw_preset("basis_energy")[cutoff]
    lattice = np.array(record["structure"]["lattice"])
    basis = per_oxygen * species.count("O") / abs(float(np.linalg.det(lattice)))
    return {
        "version": record["engine_version"].removeprefix("gpaw "),
        "cutoff": cutoff,
        "total_moment": record["total_magnetization"],
        "moments": record["magnetization"],
        "pressure": record["pressure_kbar"] / 10 - basis * EV_PER_A3,
        "gap": record["bandgap"],
    }
