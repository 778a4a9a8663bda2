"""A document as the tables need it: without its atoms, with numbers derived from them.

Computed once, when a step is recorded, so that a table over ten thousand steps reads no
structure. A summary names the code that made it; one of other code is not used.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from workflows.analysis.cubic_axes import axes_of_cell, parent_supercell
from workflows.analysis.d_orbitals import EgOrbital
from workflows.analysis.geometry_mark import geometry_mark
from workflows.analysis.ions import FIXED, METALS, working_ion
from workflows.analysis.jahn_teller import cooperative_order
from workflows.analysis.lattice import (
    UNIQUE_LAST,
    LatticeRatios,
    largest_strain,
    pseudo_cubic,
    pseudo_cubic_of,
    unique_axis_last,
)
from workflows.analysis.lithium_sites import model_at_the_end
from workflows.analysis.lnmo import units_in
from workflows.analysis.magnetization import element_moments
from workflows.analysis.octahedra import NoOctahedron, Octahedron, octahedra
from workflows.analysis.orbital_order import counted, eg_orbitals
from workflows.analysis.valence import (
    balanced_valences,
    two_clusters,
    valence_from_moment,
)
from workflows.atomic import parse_json
from workflows.campaign.calculation import NO_INSERTION
from workflows.errors import one_line, printable
from workflows.records.document import State, TaskDocument

ATOMS = ("structure", "initial_structure", "magnetization", "occupations")
"""Fields of a document that a summary leaves out: values for every atom."""

JUDGES = ("contradiction.py", "identity.py", "run_file.py", "seal.py", "unreadable.py")
"""Modules here that may refuse a document; if one changes, summaries are remade."""


@dataclass(frozen=True)
class Summary:
    """A document without its atoms, and the numbers derived from them.

    Attributes
    ----------
    document
        The document; structures and site moments left out.
    numbers
        Columns of the table over x that come from its atoms, and `START_MARK`,
        `END_MARK`; empty if it has no structure or is not usable. Units: see
        ``workflows.results.series_table``.
    has_structure
        The document itself has a final structure.
    """

    document: TaskDocument
    numbers: dict[str, Any] = field(default_factory=dict)
    has_structure: bool = False

    def as_lines(self) -> str:
        """Write it as two lines of JSON: numbers, then the document."""
        made = {
            "code": code_fingerprint(),
            "numbers": self.numbers,
            "atoms": self.has_structure,
        }
        document = self.document.model_dump_json(exclude_defaults=True)
        return f"{json.dumps(made)}\n{document}\n"


def summarize(document: TaskDocument) -> Summary:
    """Compute the summary of a document.

    One whose numbers cannot be derived is FAILED there, and hides no other.
    """
    light = document.model_copy(update=dict.fromkeys(ATOMS))
    try:
        numbers = _numbers(document)
    except Exception as error:  # an edited document leads the analysis anywhere
        reason = f"no numbers can be derived from it ({type(error).__name__}: {error})"
        failed = {"state": State.FAILED, "reason": printable(one_line(reason))}
        return Summary(light.model_copy(update=failed))
    return Summary(light, numbers | _marks(document), document.structure is not None)


def read_lines(text: str) -> Summary | None:
    """Read what :meth:`Summary.as_lines` wrote; None if other code wrote it."""
    first, _, second = text.partition("\n")
    try:
        made = parse_json(first)
        if made["code"] != code_fingerprint():
            return None
        document = TaskDocument.model_validate_json(second)
        return Summary(document, made["numbers"], made["atoms"])
    except (ValueError, KeyError, TypeError, ValidationError):
        return None


@cache
def code_fingerprint() -> str:
    """Return the fingerprint of the code that makes the numbers, or refuses them."""
    here = Path(__file__)
    judges = [here.with_name(name) for name in JUDGES]
    files = [here, *judges, *sorted((here.parents[1] / "analysis").glob("*.py"))]
    content = b"".join(file.read_bytes() for file in files)
    return hashlib.sha256(content).hexdigest()[:16]


START_MARK, END_MARK = "start_mark", "end_mark"
"""Numbers of a summary: what tells its first and its last geometry from others."""


def _marks(document: TaskDocument) -> dict[str, Any]:
    """Mark where a usable run started and ended, of a reference as well."""
    if not document.state.usable:
        return {}
    ends = {START_MARK: document.initial_structure, END_MARK: document.structure}
    return {name: geometry_mark(s) for name, s in ends.items() if s is not None}


def _numbers(document: TaskDocument) -> dict[str, Any]:
    """Return the numbers of a usable document; any other has no result."""
    if not document.state.usable or document.reference:
        return {}
    if document.structure is None or document.energy is None:
        return {}
    units, species = formula_units_of(document), _species(document)
    numbers = {
        "energy_per_fu": document.energy / units,
        **_moments(document, species),
        **_valences(document, species),
        **_distortions(document),
    }
    if document.max_force is not None:
        numbers["max_force"] = document.max_force
    if document.max_stress_kbar is not None:
        numbers["max_stress"] = document.max_stress_kbar
    if document.total_magnetization is not None:
        numbers["m_total"] = document.total_magnetization
    if order := counted(document.structure, eg_orbitals_of(document)):
        numbers["orbital_order"] = order
    if document.bandgap is not None:
        numbers["gap"] = document.bandgap
    if ions := document.final_sites.get(working_ion(document.formula, document.n_li)):
        numbers["ended_as"] = model_at_the_end(
            ions,
            units,
            planned=document.insertion or NO_INSERTION,
            ordering=document.ordering,
        )
    # A lattice that was not relaxed is not a result.
    if document.cell_relaxed and (shape := shape_of(document)) is not None:
        numbers |= {name: getattr(shape, name) for name in _SHAPE}
        numbers |= dict(zip(_UNIQUE_LAST, unique_axis_last(shape), strict=True))
        numbers["permutation"] = UNIQUE_LAST[shape.unique_axis]
        numbers["volume_fu"] = document.structure.volume / units
        if document.start_lattice is not None:
            end = document.structure.lattice.matrix
            numbers["start_strain"] = largest_strain(document.start_lattice, end)
            start = pseudo_cubic_of(document.start_lattice, document.supercell)
            numbers["start_unique"] = start.c_unique
    return numbers


_SHAPE = (
    *("a", "b", "c", "c_ratio", "c_unique", "unique_axis", "lattice_class", "shape"),
    "volume",
)
_UNIQUE_LAST = ("a_u", "b_u", "c_u")


def formula_units_of(document: TaskDocument) -> int:
    """Return the formula units of a cell: by its record, else two for each nickel."""
    if document.formula_units:
        return document.formula_units
    return units_in(document.formula) or 1


def _moments(document: TaskDocument, species: Sequence[str]) -> dict[str, Any]:
    sites = _site_moments(document)
    if sites is None:
        return {}
    found: dict[str, Any] = _extremes(species, sites)
    mixed = False
    for element in METALS:
        moments = element_moments(species, sites, element)
        if moments is not None:
            name = f"m_{element.lower()}"
            found |= {name: moments.absolute, f"{name}_std": moments.std}
            if document.moments_signed:
                found[f"{name}_signed"] = moments.signed
                mixed |= moments.mixed_sign
    return {**found, "mixed_sign": mixed} if found else {}


def _extremes(species: Sequence[str], moments: Sequence[float]) -> dict[str, float]:
    """Return the moments of single sites that a mean hides, muB."""
    sizes = {
        element: [abs(m) for s, m in zip(species, moments, strict=True) if s == element]
        for element in ("Ni", "O")
    }
    nickel, oxygen = sizes.values()
    found = {"m_ni_min": min(nickel), "m_ni_max": max(nickel)} if nickel else {}
    return found | ({"m_o_max": max(oxygen)} if oxygen else {})


def _site_moments(document: TaskDocument) -> tuple[float, ...] | None:
    """Return the moments of all sites; None unless each is there and a number."""
    moments = document.magnetization
    if moments is None or len(moments) != len(document.structure or ()):
        return None
    return moments if all(map(math.isfinite, moments)) else None


def _valences(document: TaskDocument, species: Sequence[str]) -> dict[str, Any]:
    """Count the ions of each valence, and Mn3+ by threshold and by the gap as well."""
    moments = _site_moments(document)
    if moments is None or not set(species) & set(METALS):
        return {}
    read = [
        valence_from_moment(element, moment)
        for element, moment in zip(species, moments, strict=True)
        if element in METALS
    ]
    charges = balanced_valences(species, moments).valences
    ambiguous = {"n_ambiguous": sum(v.ambiguous for v in read)}
    tallied = {"valences": _tally(species, charges)} if charges else {}
    return {
        **_mn3(species, moments),
        **ambiguous,
        **tallied,
        **_charge(species, moments),
    }


def _charge(species: Sequence[str], moments: Sequence[float]) -> dict[str, int]:
    """Sum the valences that the moments show, e; nothing where one shows none."""
    charges = [
        valence_from_moment(element, moment).valence
        if element in METALS
        else FIXED.get(element)
        for element, moment in zip(species, moments, strict=True)
    ]
    known = [q for q in charges if q is not None]
    return {"charge": sum(known)} if len(known) == len(charges) else {}


def _tally(species: Sequence[str], charges: Sequence[int]) -> str:
    """Count the ions of the metals, such as ``4 Ni2+, 8 Mn3+, 4 Mn4+``."""
    pairs = zip(species, charges, strict=True)
    ions = Counter(pair for pair in pairs if pair[0] in METALS)
    order = {element: i for i, element in enumerate(dict.fromkeys(species))}
    ranked = sorted(ions.items(), key=lambda ion: (order[ion[0][0]], ion[0][1]))
    return ", ".join(f"{count} {element}{q}+" for (element, q), count in ranked)


def _mn3(species: Sequence[str], sites: Sequence[float]) -> dict[str, Any]:
    moments = [m for s, m in zip(species, sites, strict=True) if s == "Mn"]
    if not moments:
        return {}
    read = [valence_from_moment("Mn", moment) for moment in moments]
    threes = [abs(m) for m, v in zip(moments, read, strict=True) if v.valence == 3]
    spread = {"m_mn3_min": min(threes), "m_mn3_max": max(threes)} if threes else {}
    clusters = two_clusters(moments)
    by_gap = {} if clusters is None else {"n_mn3_gap": clusters}
    return {
        "n_mn3": len(threes),
        "n_mn2": sum(v.valence == 2 for v in read),
        **spread,
        **by_gap,
        "n_anomalous": sum(v.valence is None for v in read),
    }


def _distortions(document: TaskDocument) -> dict[str, Any]:
    """Average the octahedra of manganese, in the axes of the cubic cell."""
    found = mn_octahedra(document)
    if not found:
        return {}
    active = [o.modes.phi for o in found.values() if o.modes.activity == "active"]
    numbers: dict[str, Any] = {
        "jt_rho": float(np.mean([o.modes.rho for o in found.values()])),
        "jt_elongation": float(np.mean([o.elongation for o in found.values()])),
        "n_jt_active": len(active),
    }
    if active:
        order = cooperative_order(active)
        numbers["jt_order"] = order.order
        if not math.isnan(order.phi):
            numbers["jt_phi"] = order.phi
    return numbers


def mn_octahedra(document: TaskDocument) -> dict[int, Octahedron]:
    """Measure the octahedra of manganese by the axes of the cell they came from."""
    if document.structure is None:
        return {}
    return octahedra(document.structure, elements=("Mn",), axes=parent_axes(document))


def parent_axes(document: TaskDocument) -> Any:
    """Return directions of the cubic cell's a, b, c, Cartesian rows, shape (3, 3).

    For a run that lnmo did not plan, they are found from its bonds.
    """
    assert document.structure is not None
    ours = document.calculation_id is not None
    return axes_of_cell(document.structure, document.supercell if ours else None)


def shape_of(document: TaskDocument) -> LatticeRatios | None:
    """Return the pseudo-cubic lattice; None of a cell that is not a spinel's."""
    if document.structure is None:
        return None
    if document.calculation_id is not None:
        return pseudo_cubic(document.structure, document.supercell)
    try:
        return pseudo_cubic(document.structure, parent_supercell(document.structure))
    except NoOctahedron:
        return None


def eg_orbitals_of(document: TaskDocument) -> dict[int, EgOrbital]:
    """Return the occupied eg orbitals by site, in the axes of the cell's octahedra."""
    if document.structure is None or not document.occupations:
        return {}
    axes = parent_axes(document)
    return eg_orbitals(document.structure, document.occupations, axes)


def _species(document: TaskDocument) -> list[str]:
    return [site.specie.symbol for site in document.structure or ()]
