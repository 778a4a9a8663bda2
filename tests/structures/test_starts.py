"""Symmetry-broken starts: small, repeatable, and nothing else is changed."""

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from structures import SpinelHost, StructuresError, symmetry_broken_start
from structures.symmetry import symmetry_dataset


def _moves(host: SpinelHost, displacement: float, seed: int) -> np.ndarray:  # type: ignore[type-arg]
    ideal = host.structure
    start = symmetry_broken_start(ideal, displacement=displacement, seed=seed)
    gaps = start.frac_coords - ideal.frac_coords
    return np.asarray((gaps - np.round(gaps)) @ ideal.lattice.matrix)


def test_displacements_are_gaussian_with_the_width_asked_for(host: SpinelHost) -> None:
    moves = np.concatenate([_moves(host, 0.02, seed) for seed in range(60)])
    assert moves.std() == pytest.approx(0.02, rel=0.03)
    assert abs(moves.mean()) < 1e-3
    assert (abs(moves) > 0.04).mean() == pytest.approx(0.0455, abs=0.01)


def test_all_symmetry_is_gone(host: SpinelHost) -> None:
    start = symmetry_broken_start(host.structure, seed=1)
    dataset = symmetry_dataset(
        start.lattice.matrix, start.frac_coords, start.atomic_numbers
    )
    assert dataset.number == 1


def test_the_same_seed_gives_the_same_start_and_another_does_not(
    host: SpinelHost,
) -> None:
    one, again, other = (
        symmetry_broken_start(host.structure, seed=seed) for seed in (7, 7, 8)
    )
    assert one == again
    assert one != other


def test_the_strain_lengthens_c_only(host: SpinelHost) -> None:
    start = symmetry_broken_start(
        host.structure, displacement=0.0, c_strain=0.02, seed=0
    )
    np.testing.assert_allclose(start.lattice.abc, [8.17, 8.17, 8.17 * 1.02])
    np.testing.assert_allclose(start.frac_coords, host.structure.frac_coords)


ROWS = {
    "primitive": [[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]],
    "turned": [[1, 1, 0], [1, -1, 0], [0, 0, 1]],
    "c first": [[0, 0, 1], [1, 0, 0], [0, 1, 0]],
    "body-centred": [[-0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.5, 0.5, -0.5]],
    "long": [[1, 0, 0], [0, 1, 0], [0, 0, 3]],
}


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("strain", [0.05, -0.02])
def test_in_any_cell_the_strain_is_along_the_cubic_c(name: str, strain: float) -> None:
    rows = np.array(ROWS[name], dtype=float)
    crystal = Structure(Lattice(8.17 * rows), ["Mn"], [[0, 0, 0]])
    start = symmetry_broken_start(
        crystal, displacement=0, c_strain=strain, seed=0, supercell=rows
    )
    conventional = Lattice(np.linalg.inv(rows) @ start.lattice.matrix)
    wanted = [8.17, 8.17, 8.17 * (1 + strain), 90, 90, 90]
    np.testing.assert_allclose(conventional.parameters, wanted)


def test_atoms_and_their_labels_stay_as_they_were(host: SpinelHost) -> None:
    ideal = host.structure
    before = ideal.copy()
    start = symmetry_broken_start(ideal, seed=1)
    assert start.species == ideal.species
    assert start.site_properties == ideal.site_properties
    assert ideal == before


def test_a_seed_may_be_as_long_as_a_hash(host: SpinelHost) -> None:
    symmetry_broken_start(host.structure, seed=2**256 - 1)


@pytest.mark.parametrize(
    "wrong", [{"displacement": -0.1}, {"c_strain": -1.0}, {"seed": -1}]
)
def test_a_start_that_cannot_be_is_refused(
    host: SpinelHost, wrong: dict[str, float]
) -> None:
    with pytest.raises(StructuresError, match=r"correct the start|seed = -1"):
        symmetry_broken_start(host.structure, **{"seed": 0, **wrong})  # type: ignore[arg-type]
