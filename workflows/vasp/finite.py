"""Values that are not numbers: NaN, infinity, the stars of too narrow a field.

Fortran prints stars for what does not fit, and VASP goes on to its end with a NaN.
Every comparison with one is false, so that a check against a limit would pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from workflows.vasp.numbers import VaspNumbers
    from workflows.vasp.outcar_steps import IonicStep, OutcarBody

QUANTITIES = {
    "energy": "the energy",
    "max_force": "the forces",
    "pressure": "the stress",
    "magnetization": "the site moments",
    "total_magnetization": "the total moment",
    "nelect": "the number of electrons",
    "structure": "the lattice and positions",
}
"""Field of ``VaspNumbers`` -> what it is called."""
FORCE_CONSTANTS = (5, 6, 7, 8)
"""IBRION of runs that make phonons of the forces."""
CELL_RELAXES = 3
"""ISIF from which the lattice moves."""


def keep_finite(numbers: VaspNumbers) -> VaspNumbers:
    """Take each number from a file that has it as one; say which no file has.

    Parameters
    ----------
    numbers
        As read: from vasprun.xml first, where there is one.
    """
    body = numbers.outcar
    last = body.steps[-1] if body is not None and body.steps else None
    there = _in_outcar(last) if last is not None else {}
    both = len(numbers.sources) > 1
    here = {field: getattr(numbers, field) for field in QUANTITIES}
    if here["structure"] is None and not both:
        here["structure"] = there.get("structure")
    bad = [field for field, value in here.items() if not is_number(value)]
    if last is not None and _half_a_table(last):
        bad.append("magnetization")
    bad_there = [f for f, value in there.items() if both and not is_number(value)]
    spare = {f: there[f] for f in bad if both and f in there and f not in bad_there}
    if body is not None and last is not None and "structure" in spare:
        spare["structure"] = body.structure(last)
    values: dict[str, Any] = {field: spare.get(field) for field in bad}
    initial = numbers.initial if is_number(numbers.initial) else None
    missing = [field for field in values if values[field] is None]
    unasked = [field for field in missing if field in _not_asked(numbers)]
    lost = [field for field in missing if field not in unasked]
    only = {
        "OUTCAR": [f for f in values if f not in missing],
        "vasprun.xml": [f for f in bad_there if f not in values],
    }
    doubts = [
        f"only {one} has a number for {_named(f)}" for one, f in only.items() if f
    ]
    if unasked:
        doubts.append(
            f"no number for {_named(unasked)}, which is not needed with NSW = "
            f"{numbers.parameters.get('NSW', 0)} and ISIF = "
            f"{numbers.parameters.get('ISIF', 2)}"
        )
    if both and last is None and not (numbers.many_body or numbers.learned):
        doubts.append("OUTCAR has no ionic step that can be read")
    if body is not None and "structure" not in (*bad, *bad_there):
        doubts += _without_structure(body)
    if last is not None and last.moments_lost and "magnetization" not in values:
        doubts.append(f"no number in {last.moments_lost} in OUTCAR")
    if numbers.efermi_lost:
        doubts.append(
            f"no number for the Fermi level in {' and '.join(numbers.efermi_lost)}"
        )
    if numbers.gap_lost:
        doubts.append(
            "vasprun.xml has no number for some eigenvalues, or no empty level "
            "(NBANDS too small): no band gap"
        )
    told: dict[str, Any] = {
        "lost": _named(lost),
        "doubt": "; ".join(doubts),
        "initial": initial,
    }
    if "magnetization" in values:
        told["vectors"] = None
    return replace(numbers, **{**values, **told})


def _not_asked(numbers: VaspNumbers) -> set[str]:
    """Return what moved nothing in this run, so that it can do without its numbers.

    VASP gives NaN for forces with k points of zero weight, and for a stress that it
    does not compute. Stars are another matter: they are forces too large to print.
    """
    if numbers.overflow:
        return set()
    nsw, ibrion, isif = (
        int(numbers.parameters.get(tag, default))
        for tag, default in (("NSW", 0), ("IBRION", -1), ("ISIF", 2))
    )
    if nsw <= 1 and ibrion not in FORCE_CONSTANTS:
        return {"max_force", "pressure"}
    return set() if isif >= CELL_RELAXES else {"pressure"}


def largest(forces: Any) -> float | None:
    """Return the largest |F|, eV/A; NaN if any is."""
    if forces is None or not len(forces):
        return None
    return float(np.linalg.norm(np.asarray(forces, dtype=float), axis=1).max())


def pressure(stress: Any) -> float | None:
    """Return a third of the trace, VASP's sign: positive wants to grow; NaN if any is.

    In the unit of `stress`, rows of a 3 x 3 tensor.
    """
    if stress is None or not len(stress):
        return None
    rows = np.asarray(stress, dtype=float)
    return float(np.trace(rows) / 3) if is_number(rows) else float("nan")


def largest_component(stress: Any) -> float | None:
    """Return the largest |component| of a 3 x 3 stress; None if it is no number."""
    if stress is None or not len(stress):
        return None
    rows = np.asarray(stress, dtype=float)
    return float(np.abs(rows).max()) if is_number(rows) else None


def is_number(value: Any) -> bool:
    """Tell whether all of a number, an array or a structure is finite; None is."""
    if value is None:
        return True
    if hasattr(value, "frac_coords"):
        return is_number(value.lattice.matrix) and is_number(value.frac_coords)
    return bool(np.isfinite(np.asarray(value, dtype=float)).all())


def _in_outcar(last: IonicStep) -> dict[str, Any]:
    """Return what OUTCAR has of the quantities that vasprun.xml has as well."""
    return {
        "energy": last.energy,
        "max_force": largest(last.forces),
        "pressure": last.pressure,
        "structure": (*last.lattice, *last.positions) or None,
    }


def _half_a_table(last: IonicStep) -> bool:
    """Tell whether the last rows of the site moments are lost."""
    moments, atoms = last.moments, len(last.positions)
    return bool(moments and atoms and len(moments) < atoms)


def _without_structure(body: OutcarBody) -> list[str]:
    """Say of which ionic steps OUTCAR has no structure to compare other files with."""
    if body.header.ions_problem:  # told by itself
        return []
    ends = {"last": body.steps[-1], "first": body.steps[0]} if body.steps else {}
    found = {name: body.structure_problem(step) for name, step in ends.items()}
    if found.get("first") == found.get("last"):
        found.pop("first", None)
    return [
        f"OUTCAR has {problem} in its {name} ionic step, to compare other files with"
        for name, problem in found.items()
        if problem
    ]


def _named(fields: Sequence[str]) -> str:
    return " and ".join(QUANTITIES[field] for field in fields)
