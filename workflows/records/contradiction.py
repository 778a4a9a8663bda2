"""Whether the numbers of a document can be of one run, or were edited, or damaged."""

from __future__ import annotations

import math
import re

from workflows.analysis.cell_volume import LEAST_VOLUME, determinant
from workflows.analysis.shell_occupation import impossible_shell
from workflows.campaign.sections import SAME_X, X_MAX
from workflows.counts import count_of, is_finite
from workflows.errors import shortened
from workflows.records.document import State, TaskDocument

SAME_ENERGY = 1e-6
"""eV an atom: the cell's energy is divided by its atoms when it is recorded."""
SAME_GAP = 1e-3
"""eV: the gap of both spins is at most that of either."""
SAME_MOMENT = 1e-3
"""muB."""
NUMBERS = (
    *("energy", "energy_per_atom", "efermi", "total_magnetization", "nelect"),
    *("bandgap", "bandgap_up", "bandgap_down", "max_force", "pressure_kbar"),
    *("max_stress_kbar", "run_seconds", "x"),
)
NOT_NEGATIVE = (
    *("bandgap", "bandgap_up", "bandgap_down", "max_force", "max_stress_kbar"),
    *("nelect", "run_seconds", "n_ionic_steps", "n_li"),
)
MOST_ENERGY = 1e6
"""eV an atom; the heaviest have less with all their electrons."""
SMALLEST_CELL = 0.1
"""Conventional cells; the primitive one is a quarter."""
COUNTED = ("rank", "degeneracy", "start", "c_strain", "charge_order", "host_weight")
"""Numbers in ``ordering``."""
FOR_EVERY_ATOM = ("magnetization", "moment_vectors")
OF_THE_OUTPUT = (
    *("structure", "energy", "energy_per_atom", "efermi", "magnetization"),
    *("moment_vectors", "total_magnetization", "occupations", "nelect", "bandgap"),
    *("bandgap_up", "bandgap_down", "max_force", "pressure_kbar", "max_stress_kbar"),
    *("n_ionic_steps", "run_seconds"),
)
"""What an engine says it computed."""


def believed(document: TaskDocument) -> TaskDocument:
    """Return a document as it is, or without numbers if they contradict each other.

    FAILED then, if the run came to its end. So what no run gives is never recorded.
    """
    problem = contradiction(document)
    if not problem:
        return document
    before = f"{document.reason}; " if document.reason else ""
    return document.model_copy(
        update={
            **dict.fromkeys(OF_THE_OUTPUT),
            "final_sites": {},
            "cell_relaxed": False,
            "state": State.FAILED if document.state.at_its_end else document.state,
            "reason": f"{before}{problem}: the output was edited or damaged; run the "
            "step again, or copy its files again",
        }
    )


def contradiction(document: TaskDocument) -> str:
    """Return what cannot be true of one run; empty if nothing speaks against it."""
    for name in NUMBERS:
        value = getattr(document, name)
        if value is not None and not math.isfinite(value):
            return f"{name} is {value}, not a number"
    for name in NOT_NEGATIVE:
        value = getattr(document, name)
        if value is not None and value < 0:
            return f"{name} is {value:g}, below 0"
    problem = _of_the_electrons(document) or _of_the_plan(document)
    if problem:
        return problem
    structure = document.structure
    if structure is None:
        return ""
    atoms = len(structure)
    volume = structure.volume / atoms if atoms else 0.0
    if not LEAST_VOLUME <= volume < math.inf:
        return (
            f"the volume is {volume:g} A^3 an atom, and no crystal has less than "
            f"{LEAST_VOLUME:g}"
        )
    for name in FOR_EVERY_ATOM:
        values = getattr(document, name)
        if values is not None and len(values) != atoms:
            return (
                f"{name} has {count_of(len(values), 'value')} for "
                f"{count_of(atoms, 'atom')}"
            )
    if any(not math.isfinite(moment) for moment in document.magnetization or ()):
        return "a moment of magnetization is not a number"
    signed = document.magnetization if document.moments_signed else None
    if problem := impossible_shell(document.occupations or (), signed):
        return problem
    energy, per_atom = document.energy, document.energy_per_atom
    if energy is not None and abs(energy) > MOST_ENERGY * atoms:
        return f"energy is {energy:g} eV for {count_of(atoms, 'atom')}"
    if energy is None or per_atom is None:
        return ""
    if abs(energy / atoms - per_atom) <= SAME_ENERGY:
        return ""
    return (
        f"energy is {energy:g} eV, {energy / atoms:g} an atom, but energy_per_atom is "
        f"{per_atom:g}"
    )


def _of_the_plan(document: TaskDocument) -> str:
    """Return what no calculation of ours has: its x, its cell, its arrangement."""
    if document.calculation_id is None or document.reference:
        return ""
    if document.x is None or not -SAME_X <= document.x <= X_MAX + SAME_X:
        return f"x is {document.x}, not from 0 to {X_MAX:g}"
    rows = document.supercell
    square = len(rows) == 3 and all(len(row) == 3 for row in rows)
    if not square or abs(determinant(rows)) < SMALLEST_CELL:
        return f"supercell is {shortened(rows)}, and has no volume"
    for key in COUNTED:
        value = document.ordering.get(key, 0)
        if not is_finite(value):
            return f"ordering.{key} is {shortened(repr(value))}, not a number"
    if "O" not in re.findall("[A-Z][a-z]?", document.formula):
        return f"formula is {shortened(document.formula)}, of a cell without oxygen"
    return ""


def _of_the_electrons(document: TaskDocument) -> str:
    """Return what no number of electrons can give: gap of both spins, total moment."""
    gap = document.bandgap
    for name in ("bandgap_up", "bandgap_down"):
        own = getattr(document, name)
        if gap is not None and own is not None and gap > own + SAME_GAP:
            return f"bandgap is {gap:g} eV, above {name} ({own:g} eV)"
    moment, electrons = document.total_magnetization, document.nelect
    if moment is None or electrons is None or abs(moment) <= electrons + SAME_MOMENT:
        return ""
    return (
        f"total_magnetization is {moment:g} muB, of "
        f"{count_of(electrons, 'electron', form='g')}"
    )
