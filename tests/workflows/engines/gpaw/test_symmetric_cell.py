"""A relaxed cell in GPAW's setting: as symmetric as it is, and no more."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Structure

from structures import spinel_host
from structures.symmetry import symmetry_dataset
from workflows.engines.gpaw.symmetric_cell import Frame, frame

MOMENTS = {"Li": 0.0, "Ni": -2.0, "Mn": 4.0, "O": 0.0}


def relaxed(noise: float, seed: int = 1) -> Structure:
    """Li2NiMn3O8 of 14 atoms as a relaxation leaves it: no symmetry to 1e-4 A."""
    host = spinel_host(ordering="R-3m", primitive=True)
    structure = host.structure.copy()
    structure.perturb(noise) if noise else None
    rng = np.random.default_rng(seed)
    strain = np.eye(3) + rng.uniform(-noise / 20, noise / 20, (3, 3))
    structure.lattice = structure.lattice.matrix @ strain
    return structure


def framed(structure: Structure, tolerance: float = 0.05) -> Frame:
    moments = [MOMENTS[site.specie.symbol] for site in structure]
    return frame(structure, moments, tolerance)


def operations(found: Frame, structure: Structure) -> int:
    """Count with spglib what is left at a tolerance that only exact symmetry passes."""
    cell = (found.cell, found.scaled_positions, structure.atomic_numbers)
    moves = symmetry_dataset(*cell, tolerance=1e-5).translations
    still = np.abs(moves - np.round(moves))
    return int((still.max(axis=1) < 1e-6).sum())


def test_the_cell_that_noise_has_broken_has_its_twelve_operations_again() -> None:
    structure = relaxed(0.005)
    found = framed(structure)
    assert found.operations == operations(found, structure) == 12
    assert 0 < found.moved < 0.02


def test_the_origin_is_an_atom_and_added_brings_every_atom_back() -> None:
    structure = relaxed(0.005)
    found = framed(structure)
    back = found.scaled_positions + found.origin
    away = (back - structure.frac_coords) @ found.cell
    assert np.linalg.norm(away, axis=1).max() == pytest.approx(found.moved)
    assert np.abs(found.scaled_positions).max(axis=1).min() < 1e-12


def test_the_lattice_is_strained_onto_its_symmetry_and_not_turned() -> None:
    structure = relaxed(0.01)
    found = framed(structure)
    change = np.linalg.inv(structure.lattice.matrix) @ found.cell
    assert change == pytest.approx(change.T, abs=1e-10)
    assert np.linalg.norm(found.cell, axis=1).std() < 1e-9


def test_atoms_of_other_moments_are_other_atoms() -> None:
    structure = relaxed(0.0)
    moments = [MOMENTS[site.specie.symbol] for site in structure]
    moments[[s.specie.symbol for s in structure].index("Mn")] = 3.0
    assert frame(structure, moments, 0.05).operations == 4


@pytest.mark.parametrize("tolerance", [0.0, 0.001])
def test_nothing_is_moved_farther_than_the_tolerance(tolerance: float) -> None:
    structure = relaxed(0.03)
    found = framed(structure, tolerance)
    assert found.moved == 0
    assert found.operations == 1
    assert found.cell.tolist() == structure.lattice.matrix.tolist()
    assert found.scaled_positions.tolist() == structure.frac_coords.tolist()
