"""A run made elsewhere against a step of a plan: its atoms, and what differs.

Inputs are compared by :func:`workflows.checks.changed_inputs.changed_inputs`, as for
runs of our own: against the inputs that the plan gives for the structure as the run
lists it, in its own order of atoms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from workflows.campaign.calculation import Calculation, structure_as_dict
from workflows.campaign.inputs import structure_inputs
from workflows.checks.changed_inputs import SAME_PLACE, changed_inputs
from workflows.checks.files_agree import inputs_of_another_run
from workflows.checks.incar_as_run import APPLIED, changed_tags
from workflows.checks.inputs_as_applied import inputs_not_applied
from workflows.records.collected import reordered
from workflows.records.document import Finding
from workflows.vasp.input_files import UNREADABLE, incar_from, read_input
from workflows.vasp.known_tags import OUTPUT
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.parts import Potential
from workflows.vasp.run_files import VaspFiles

if TYPE_CHECKING:
    from pymatgen.core import Structure

SELF_CONSISTENT = {0, 1, 2}
"""ICHARG that says where a run starts, not what it solves."""


def order_of(planned: Structure, found: Structure) -> tuple[int, ...] | None:
    """Return the place of each planned atom in a structure that lists the same atoms.

    Parameters
    ----------
    planned, found
        Cells with equal vectors; positions may differ by 1e-3 A and lattice vectors.

    Returns
    -------
    tuple of int or None
        None if they are not the same atoms at the same places.
    """
    names = [np.array([s.specie.symbol for s in each]) for each in (planned, found)]
    if sorted(names[0]) != sorted(names[1]):
        return None
    if not np.allclose(planned.lattice.matrix, found.lattice.matrix, atol=SAME_PLACE):
        return None
    away = planned.lattice.get_all_distances(planned.frac_coords, found.frac_coords)
    away[names[0][:, None] != names[1][None, :]] = np.inf
    nearest = away.argmin(axis=1)
    near = away[np.arange(len(nearest)), nearest] <= SAME_PLACE * np.sqrt(3)
    if not near.all() or len(set(nearest.tolist())) < len(nearest):
        return None
    return tuple(int(i) for i in nearest)


def inverse(order: Sequence[int]) -> list[int]:
    """Return the permutation that undoes another."""
    found = [0] * len(order)
    for here, there in enumerate(order):
        found[there] = here
    return found


def as_run(calculation: Calculation, order: Sequence[int]) -> Calculation:
    """Return a calculation with its atoms in the order of a run."""
    structure = reordered(calculation.structure, inverse(order))
    return replace(calculation, structure=structure)


def planned_inputs(
    calculation: Calculation,
    step: str,
    start: Structure,
    files: VaspFiles,
    numbers: VaspNumbers,
    magnetization: Sequence[float] | None = None,
) -> dict[str, Any]:
    """Return what the plan asks of a run, as a run file keeps it.

    Parameters
    ----------
    calculation
        Its atoms in the order of the run.
    step
        ``relax``, ``static`` or ``dos``.
    start
        What the run should start from, in its order.
    files, numbers
        The run. Tags that decide no result (what is printed, where a self-consistent
        cycle starts) are taken from it, and so are defaults that VASP applied as asked.
    magnetization
        Final moments of the run before, muB, in the order of the run, or None.
    """
    for name, values in calculation.structure.site_properties.items():
        start = start.copy()
        start.add_site_property(name, list(values))
    inputs = structure_inputs(
        start, calculation.settings, step, magnetization=magnetization
    )
    read = read_input(files, "INCAR", incar_from)
    asked: Mapping[str, Any] = {} if read in (None, UNREADABLE) else read
    differing = changed_tags(inputs.incar, numbers)
    for tag in sorted(OUTPUT | {"ISTART"}):
        inputs.incar.pop(tag, None)
        if tag in asked:
            inputs.incar[tag] = asked[tag]
    if {inputs.incar.get("ICHARG"), asked.get("ICHARG", 2)} <= SELF_CONSISTENT:
        inputs.incar.pop("ICHARG", None)
        if "ICHARG" in asked:
            inputs.incar["ICHARG"] = asked["ICHARG"]
    for tag in set(inputs.incar) - set(asked):
        applied = numbers.parameters.get(APPLIED.get(tag, ""))
        if applied is not None and tag not in differing:
            del inputs.incar[tag]
    return {**asdict(inputs), "structure": structure_as_dict(inputs.structure)}


def differences(
    files: VaspFiles, numbers: VaspNumbers, planned: Mapping[str, Any]
) -> tuple[Finding, ...]:
    """Return what a run has otherwise than planned, and what that means."""
    return (
        *changed_inputs(files, numbers, planned),
        *_potentials(numbers, planned),
        *inputs_not_applied(files),
        *inputs_of_another_run(files, numbers),
    )


def _potentials(
    numbers: VaspNumbers, planned: Mapping[str, Any]
) -> tuple[Finding, ...]:
    family = str(planned["potcar_functional"]).partition("_")[0]
    wrong = []
    asked = {Potential(s).element: s for s in planned["potcar_symbols"]}
    for element, titel in numbers.potcar.items():
        symbol = Potential.titled(titel).symbol
        if element in asked and symbol != asked[element]:
            wrong.append(f"POTCAR of {element} was {asked[element]}, ran as {titel}")
        elif titel.startswith("PAW") and family not in titel.split()[0]:
            wrong.append(f"POTCAR of {element} was of {family}, ran as {titel}")
    return tuple(
        Finding(id="inputs_changed", severity="warning", message=each) for each in wrong
    )
