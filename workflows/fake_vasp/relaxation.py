"""The ionic steps of a run, and the electronic steps inside each of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from workflows.fake_vasp.crystal import Cell, Vector
from workflows.fake_vasp.inputs import Inputs
from workflows.fake_vasp.spinel import Crystal, energy_in, factors_to_model, stress

_STRAIN_LEFT = 1 / 3  # of the strain, after every ionic step
_FORCE_PER_STRAIN = 100.0  # eV/Å
_FIRST_SCF_ERROR = 2e3  # eV; every electronic step gains one digit
_NONCONVERGING_STEPS = 13  # custodian looks at ten ionic steps before the last
_WARM_START = 4  # digits known from the ionic step before


@dataclass(frozen=True)
class Step:
    """One ionic step. Energies are eV per cell, sigma -> 0."""

    number: int
    cell: Cell
    energy: float
    force: float  # eV/Å, on every ion, alternately along +x and -x
    stress: Vector  # kB
    scf: list[float]
    scf_converged: bool
    reached_accuracy: bool


def ionic_steps(inputs: Inputs, crystal: Crystal, failure: str) -> Iterator[Step]:
    """Walk from the POSCAR towards the model's lattice, as NSW and ISIF allow."""
    most = max(1, inputs.get("NSW")) if inputs.relaxes else 1
    most = min(most, _NONCONVERGING_STEPS) if failure == "nonconv" else most
    stands_still = failure in {"unconverged_ionic", "unconverged_ibrion", "nonconv"}
    before = math.inf
    for number in range(1, most + 1):
        strained = 1.0 if stands_still else _STRAIN_LEFT
        left = strained ** (number - 1)
        cell = _moved(inputs, crystal, left)
        energy = energy_in(crystal, cell)
        force = _force(inputs, crystal, left)
        done = number > 1 and _accurate(inputs, force, energy - before)
        done = done and not stands_still
        if done:  # lands on the model, whichever way it came
            cell = _moved(inputs, crystal, 0.0)
            energy, force = energy_in(crystal, cell), 0.0
        energy += _wrong_by(failure, number, energy, len(inputs.cell.atoms))
        at_the_end = failure in {"unconverged", "unconverged_algo"}
        stuck = failure == "nonconv" or (at_the_end and (done or number == most))
        scf, converged = _electronic_steps(inputs, energy, number, stuck=stuck)
        pressure = stress(crystal, cell)
        yield Step(number, cell, energy, force, pressure, scf, converged, done)
        if done:
            return
        before = energy


def _wrong_by(failure: str, number: int, energy: float, atoms: int) -> float:
    """Return what two failures add to an energy, eV."""
    if failure == "positive_energy":
        return 2 * abs(energy)
    return 2.0 * atoms if failure == "potim" and number == 2 else 0.0


def _moved(inputs: Inputs, crystal: Crystal, left: float) -> Cell:
    """Return the cell with that share of its strain left."""
    if not inputs.relaxes_cell:
        return inputs.cell
    factors = factors_to_model(crystal, inputs.cell)
    pairs = zip(inputs.cell.lattice, factors, strict=True)
    rows = [tuple(f ** (1 - left) * r for r in row) for row, f in pairs]
    return inputs.cell.with_lattice(rows)


def _force(inputs: Inputs, crystal: Crystal, left: float) -> float:
    """Ions rest where POSCAR puts them; only a moving cell pulls on them."""
    if not inputs.relaxes_cell:
        return 0.0
    factors = factors_to_model(crystal, inputs.cell)
    return _FORCE_PER_STRAIN * max(abs(float(factor**left) - 1) for factor in factors)


def _accurate(inputs: Inputs, force: float, gain: float) -> bool:
    """VASP's EDIFFG: a force if negative, a gain in energy if positive."""
    limit = float(inputs.incar.get("EDIFFG", 10 * inputs.get("EDIFF")))
    return force < -limit if limit < 0 else abs(gain) < limit


def _electronic_steps(
    inputs: Inputs, energy: float, number: int, *, stuck: bool
) -> tuple[list[float], bool]:
    """Energies of the electronic steps, and whether they met EDIFF within NELM."""
    most, least = inputs.get("NELM"), inputs.get("NELMIN")
    digits_known = 0 if number == 1 else _WARM_START
    if stuck:
        wobble = [0.01 * (-1) ** n for n in range(most)]
        return [energy + amount for amount in wobble], False
    errors = [_FIRST_SCF_ERROR * 10.0 ** -(n + digits_known) for n in range(1, 40)]
    changes = [early - late for early, late in itertools.pairwise(errors)]
    enough = 2 + sum(change > inputs.get("EDIFF") for change in changes)
    wanted = max(enough, least)
    taken = errors[: min(wanted, most)]
    return [energy + error for error in taken], wanted <= most
