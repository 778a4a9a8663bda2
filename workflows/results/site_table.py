"""A document -> one row per atom: where it is, its moment, valence and octahedron."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from workflows.analysis.ions import METALS, THRESHOLDS
from workflows.analysis.octahedra import octahedra
from workflows.analysis.orbital_order import CUBIC
from workflows.analysis.site_retention import site_retention
from workflows.analysis.valence import balanced_valences, valence_from_moment
from workflows.campaign.calculation import NO_INSERTION
from workflows.records.document import TaskDocument
from workflows.records.summary import eg_orbitals_of, parent_axes
from workflows.results.columns import Column, names, units
from workflows.results.labels import LABELS, STATE_LABELS, labels_of
from workflows.results.run_table import ended_as

if TYPE_CHECKING:
    from workflows.analysis.d_orbitals import EgOrbital
    from workflows.analysis.octahedra import Octahedron

Row = dict[str, Any]

SITES = (
    Column("x", "ions per formula unit", shown=True),
    *STATE_LABELS,
    Column("calculation_id"),
    Column("site"),
    Column("label", shown=True),
    Column("role"),
    Column("element", shown=True),
    Column("magnetization", "muB; |m| where the engine has no sign", shown=True),
    Column(
        "valence",
        "e, by threshold of |m|; NaN: |m| fits no ion of the element, or two",
        shown=True,
    ),
    Column("margin", "muB, distance of |m| from the nearest threshold", shown=True),
    Column("ambiguous", dtype="flag", shown=True),
    Column(
        "valence_balanced",
        "e, integers that make the cell neutral and fit |m| best; NaN where a second "
        "set fits within 0.05 muB^2",
        shown=True,
    ),
    Column(
        "balance_margin", "muB^2, misfit of the second best set less that of the best"
    ),
    Column("eg_orbital", shown=True),
    Column("eg_axis", shown=True),
    Column(
        "eg_polarisation",
        "electrons, fuller eg orbital less the other; 0.25 and more: one is empty",
    ),
    Column("eg_phase", "degrees, as phi: 0 dz2 along z, 180 dx2-y2 normal to z"),
    Column("n_t2g", "electrons on the ion, both spins"),
    Column("n_eg", "electrons on the ion, both spins"),
    Column("initial_site"),
    Column("final_site", shown=True),
    Column("jt_mode", shown=True),
    Column("l_x", "A, mean of the two opposite bonds nearest to the cubic x"),
    Column("l_y", "A"),
    Column("l_z", "A"),
    Column("elongation", "l_max/((l_mid + l_min)/2)", shown=True),
    Column("baur", "1, mean |l - l_av|/l_av"),
    Column("quadratic_elongation", "1"),
    Column("angle_variance", "degrees^2"),
    Column("q2", "A, sqrt2 (l_x - l_y)"),
    Column("q3", "A, (2/sqrt6)(2 l_z - l_x - l_y)"),
    Column("rho", "A, sqrt(q2^2 + q3^2)", shown=True),
    Column(
        "phi",
        "degrees; 0 z elongated, 180 z compressed, 120 x and -120 y elongated",
        shown=True,
    ),
    Column("axis_angle", "degrees, of the bonds from the cubic axes, the worst"),
    Column("frac_a", "fraction of the cell vector"),
    Column("frac_b", "fraction of the cell vector"),
    Column("frac_c", "fraction of the cell vector"),
    *LABELS,
)
"""Columns of the table of sites."""
SITE_UNITS, SITE_COLUMNS = units(SITES), names(SITES)
_LENGTHS = (
    "l_x",
    "l_y",
    "l_z",
    "elongation",
    "baur",
    "quadratic_elongation",
    "angle_variance",
    "axis_angle",
)
_MODES = ("q2", "q3", "rho", "phi")


def site_rows(document: TaskDocument) -> list[Row]:
    """Return one row per atom, in site order; columns as in `SITE_COLUMNS`."""
    if document.structure is None:
        return []
    structure = document.structure
    nothing = (math.nan,) * len(structure)
    species = [site.specie.symbol for site in structure]
    moments = document.magnetization or nothing
    balanced = balanced_valences(species, moments)
    charges = balanced.valences or nothing
    labels = structure.site_properties.get("label", structure.labels)
    roles = structure.site_properties.get("role", [None] * len(structure))
    finals = _final_sites(document)
    orbitals = eg_orbitals_of(document)
    shapes = octahedra(structure, elements=METALS, axes=parent_axes(document))
    shared = {
        **labels_of(document),
        "state": str(document.state),
        "insertion": document.insertion or NO_INSERTION,
        "ended_as": ended_as(document),
    }
    return [
        {
            **shared,
            "x": document.x,
            "calculation_id": document.calculation_id,
            "site": number,
            "label": labels[number],
            "role": roles[number],
            "element": species[number],
            "magnetization": moments[number],
            **_valence(species[number], moments[number]),
            "valence_balanced": charges[number],
            "balance_margin": balanced.margin,
            **_orbital(orbitals.get(number)),
            "initial_site": roles[number] or "",
            "final_site": finals.get(number, ""),
            **_shape(shapes.get(number)),
            **dict(zip(("frac_a", "frac_b", "frac_c"), site.frac_coords, strict=True)),
        }
        for number, site in enumerate(structure)
    ]


def _valence(element: str, moment: float) -> Row:
    if element not in THRESHOLDS or math.isnan(moment):
        return {"valence": math.nan, "margin": math.nan, "ambiguous": False}
    found = valence_from_moment(element, moment)
    return {
        "valence": math.nan if found.valence is None else found.valence,
        "margin": found.margin,
        "ambiguous": found.ambiguous,
    }


def _orbital(found: EgOrbital | None) -> Row:
    if found is None:
        numbers = dict.fromkeys(
            ("eg_polarisation", "eg_phase", "n_t2g", "n_eg"), math.nan
        )
        return {"eg_orbital": "", "eg_axis": "", **numbers}
    return {
        "eg_orbital": found.orbital,
        "eg_axis": CUBIC[found.axis],
        "eg_polarisation": found.polarisation,
        "eg_phase": found.phase,
        "n_t2g": found.t2g,
        "n_eg": found.eg,
    }


def _shape(found: Octahedron | None) -> Row:
    if found is None:
        return {**dict.fromkeys((*_LENGTHS, *_MODES), math.nan), "jt_mode": ""}
    return {
        **{name: getattr(found, name) for name in _LENGTHS},
        **{name: getattr(found.modes, name) for name in _MODES},
        "jt_mode": found.modes.mode,
    }


def _final_sites(document: TaskDocument) -> dict[int, str]:
    """Return the role that each cation is found in; empty without planned roles."""
    structure = document.structure
    if structure is None or None in structure.site_properties.get("role", [None]):
        return {}
    # Roles of the plan, places of the end: only the end is asked for.
    found = site_retention(structure, structure, supercell=document.supercell)
    return dict(zip(found.indices, found.final, strict=True))
