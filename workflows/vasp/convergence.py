"""What the steps in vasprun.xml prove about convergence by themselves.

Only OUTCAR says that EDIFF was reached, or the required accuracy. A STOPCAR leaves a
vasprun.xml that is whole in every other respect, so that where it is alone its last
energies and forces must show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflows.vasp.finite import CELL_RELAXES, largest

PRINTED = 1e-8
"""eV; energies and EDIFF have eight decimals: an EDIFF of 1e-9 is printed as 0."""
STIFFNESS = 10.0
"""eV/A^2, of a bond. A VASP that relaxes to EDIFFG > 0 wants less than EDIFFG from its
next trial step, which with POTIM = 0.5 is that of such a spring."""
KBAR_A3 = 1 / 1602.1766
"""eV."""
LINEAR_RESPONSE = (7, 8)
"""IBRION of phonons by it."""


def ground_state(
    step: Mapping[str, Any], parameters: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    """Return the electronic steps of a cycle without those of a linear response.

    vasprun.xml lists these right behind, as if they were of the same cycle. The
    ground state ends where two energies differ by no more than EDIFF, once NELMDL
    steps have passed with the charge held, or at NELM.
    """
    steps: list[Mapping[str, Any]] = step["electronic_steps"]
    asked = any(parameters.get(tag) for tag in ("LEPSILON", "LCHIMAG"))
    if not asked and parameters.get("IBRION") not in LINEAR_RESPONSE:
        return steps
    cycle = steps[: int(parameters.get("NELM", 60))]
    for last in range(abs(int(parameters.get("NELMDL", 0))) + 1, len(cycle) + 1):
        if settled({"electronic_steps": cycle[:last]}, parameters):
            return cycle[:last]
    return cycle


def last_change(step: Mapping[str, Any]) -> float | None:
    """Return by how much the last two energies of a cycle differ, eV.

    None if vasprun.xml does not have them.
    """
    energies = [e.get("e_fr_energy") for e in step["electronic_steps"][-2:]]
    if len(energies) < 2 or None in energies:
        return None
    return float(abs(energies[1] - energies[0]))


def settled(step: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool | None:
    """Tell whether the last two energies of a cycle differ by no more than EDIFF.

    None if vasprun.xml does not have them.
    """
    return _below(last_change(step), parameters)


def reached_ediff(
    said: bool | None,
    steps: int,
    change: float | None,
    parameters: Mapping[str, Any],
    version: str,
) -> bool | None:
    """Tell whether an electronic cycle reached EDIFF; None if nothing shows it.

    VASP before 6 prints that EDIFF is reached also where NELM ended the cycle. There
    only the last change of the energy shows whether it was.

    Parameters
    ----------
    said
        What OUTCAR says; None for nothing.
    steps
        Electronic steps of the cycle.
    change
        Last change of the energy, eV.
    parameters
        NELM and EDIFF as applied.
    version
        Of VASP, such as ``5.4.4``.
    """
    at_the_limit = steps >= int(parameters.get("NELM", 60))
    if said is None or (said and at_the_limit and _major(version) < 6):
        return _below(change, parameters)
    return said


def _below(change: float | None, parameters: Mapping[str, Any]) -> bool | None:
    ediff = parameters.get("EDIFF")
    if ediff is None or change is None:
        return None
    return bool(change <= ediff + PRINTED)


def _major(version: str) -> int:
    first = version.partition(".")[0]
    return int(first) if first.isdigit() else 0


def not_relaxed(run: Any) -> str:
    """Return what the last ionic step of a relaxation lacks; empty if it is proven.

    EDIFFG < 0 is a limit for the force on every atom that may move. EDIFFG > 0 is one
    for the energy: that which the last step gained, or that which is left to gain,
    since in a line search the last step may be a large one into the minimum.

    Parameters
    ----------
    run
        pymatgen's ``Vasprun``.
    """
    limit, last = run.parameters.get("EDIFFG"), run.ionic_steps[-1]
    if limit is None or last.get("forces") is None:
        return "has no EDIFFG or no forces"
    forces = _free(np.asarray(last["forces"], dtype=float), run.final_structure)
    strongest = largest(forces) or 0.0
    if limit < 0:
        if strongest <= -limit + PRINTED:
            return ""
        return f"ends with a force of {strongest:.3f} eV/A, EDIFFG = {limit:g}"
    energies = [step.get("e_fr_energy") for step in run.ionic_steps[-2:]]
    gained = abs(energies[1] - energies[0]) if len(energies) == 2 else np.inf
    pulls = float((forces**2).sum())
    if int(run.parameters.get("ISIF", 2)) >= CELL_RELAXES and "stress" in last:
        stress = np.asarray(last["stress"]) * run.final_structure.volume * KBAR_A3
        pulls += float((stress**2).sum())
    left = pulls / (2 * STIFFNESS)
    if min(gained, left) <= limit + PRINTED:
        return ""
    return (
        f"ends with a gain of {gained:.2g} eV and some {left:.2g} eV left, "
        f"EDIFFG = {limit:g}"
    )


def _free(forces: NDArray[np.float64], structure: Any) -> NDArray[np.float64]:
    """Leave out what selective dynamics holds: components along lattice vectors."""
    flags = structure.site_properties.get("selective_dynamics")
    if flags is None:
        return forces
    along = structure.lattice.get_fractional_coords(forces)
    held = ~np.asarray(flags, dtype=bool)
    free: NDArray[np.float64] = structure.lattice.get_cartesian_coords(
        np.where(held, 0.0, along)
    )
    return free
