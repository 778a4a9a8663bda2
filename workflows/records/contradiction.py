"""Whether the numbers of a document can be of one run, or were edited, or damaged."""

from __future__ import annotations

import math

from workflows.records.document import TaskDocument

SAME_ENERGY = 1e-6
"""eV an atom: the cell's energy is divided by its atoms when it is recorded."""
NUMBERS = (
    *("energy", "energy_per_atom", "efermi", "total_magnetization", "nelect"),
    *("bandgap", "bandgap_up", "bandgap_down", "max_force", "pressure_kbar"),
)
FOR_EVERY_ATOM = ("magnetization", "moment_vectors")


def contradiction(document: TaskDocument) -> str:
    """Return what cannot be true of one run; empty if nothing speaks against it."""
    for name in NUMBERS:
        value = getattr(document, name)
        if value is not None and not math.isfinite(value):
            return f"{name} is {value}, not a number"
    structure = document.structure
    if structure is None:
        return ""
    atoms = len(structure)
    for name in FOR_EVERY_ATOM:
        values = getattr(document, name)
        if values is not None and len(values) != atoms:
            return f"{name} has {len(values)} values for {atoms} atoms"
    energy, per_atom = document.energy, document.energy_per_atom
    if energy is None or per_atom is None:
        return ""
    if abs(energy / atoms - per_atom) <= SAME_ENERGY:
        return ""
    return (
        f"energy is {energy:g} eV, {energy / atoms:g} an atom, but energy_per_atom is "
        f"{per_atom:g}"
    )
