"""The CHGNet relaxation, on the 14-atom primitive cell of LiMn2O4."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.linalg
from pymatgen.core.structure import Structure

from structures.cell import make_cell
from structures.sites import site_coords
from workflows.engines.chgnet.imported import ChgnetUnusable
from workflows.engines.chgnet.model import (
    EV_PER_A3_IN_GPA,
    ChgnetCalculator,
    load_model,
    predict,
)
from workflows.engines.chgnet.relax import (
    Progress,
    Relaxation,
    RelaxationSettings,
    relax,
)
from workflows.errors import InputError

A_LIMN2O4 = 8.25  # Å
SETTINGS = RelaxationSettings()


@pytest.fixture(scope="module")
def model(require_chgnet: None) -> Any:
    return load_model(SETTINGS.model)


@pytest.fixture(scope="module")
def limn2o4() -> Structure:
    """A displaced start, with everything on its sites that has to survive."""
    cell = make_cell(primitive=True)
    roles = {"8a": "Li", "16d": "Mn", "32e": "O"}
    coords = [site_coords(cell, role, 0.2625) for role in roles]
    role = np.repeat(list(roles), [len(c) for c in coords]).tolist()
    start = Structure(
        A_LIMN2O4 * cell.matrix,
        [roles[r] for r in role],
        np.vstack(coords),
        site_properties={"role": role, "label": [f"{i}" for i in range(14)]},
    )
    shifts = np.random.default_rng(7).normal(0, 0.02, (len(start), 3))
    for site, shift in zip(start, shifts, strict=True):
        site.coords = site.coords + shift
    return start


@pytest.fixture(scope="module")
def steps() -> list[Progress]:
    """What the relaxation reported on its way."""
    return []


@pytest.fixture(scope="module")
def relaxed(limn2o4: Structure, model: Any, steps: list[Progress]) -> Relaxation:
    return relax(limn2o4, SETTINGS, model=model, on_step=steps.append)


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")
def test_one_gradient_pass_gives_what_chgnets_own_calculator_gives(
    limn2o4: Structure, model: Any
) -> None:
    from chgnet.model.dynamics import CHGNetCalculator

    atoms = limn2o4.to_ase_atoms()
    atoms.calc = CHGNetCalculator(model, use_device="cpu")
    ours = predict(limn2o4, model=model)

    assert ours.energy == pytest.approx(atoms.get_potential_energy(), abs=1e-5)
    np.testing.assert_allclose(ours.forces, atoms.get_forces(), atol=4e-5)
    np.testing.assert_allclose(
        ours.magnetization, atoms.get_magnetic_moments(), atol=1e-5
    )
    stress = atoms.get_stress()
    atoms.calc = ChgnetCalculator(model)
    np.testing.assert_allclose(atoms.get_stress(), stress, atol=1e-5)  # eV/Å³


def test_the_stress_is_the_slope_of_the_energy_along_a_strain(
    limn2o4: Structure, model: Any
) -> None:
    strain = np.array([0.002, 0.0, 0.0])  # of the first lattice vector alone
    above, below = (
        predict(limn2o4.apply_strain(s, inplace=False), model=model).energy
        for s in (strain, -strain)
    )
    slope = (above - below) / (2 * strain[0]) / limn2o4.volume * EV_PER_A3_IN_GPA
    stress = predict(limn2o4, model=model).stress
    along_a = limn2o4.lattice.inv_matrix[:, 0] @ stress @ limn2o4.lattice.matrix[0]
    assert along_a == pytest.approx(slope, abs=0.05)


def test_a_displaced_start_converges_in_forces_and_stress(relaxed: Relaxation) -> None:
    assert relaxed.converged
    assert np.linalg.norm(relaxed.forces, axis=1).max() <= SETTINGS.fmax
    assert np.abs(relaxed.stress).max() <= SETTINGS.smax


def test_the_energy_falls_and_every_step_is_counted(relaxed: Relaxation) -> None:
    assert len(relaxed.energies) == relaxed.n_steps + 1
    assert relaxed.energies[-1] == relaxed.energy < relaxed.energies[0]


def test_the_relaxed_energy_is_that_of_the_relaxed_structure(
    relaxed: Relaxation, model: Any
) -> None:
    again = predict(relaxed.structure, model=model)
    assert again.energy == pytest.approx(relaxed.energy, abs=1e-4)
    np.testing.assert_allclose(again.forces, relaxed.forces, atol=1e-3)


def test_progress_counts_from_the_start_through_coarse_to_fine(
    relaxed: Relaxation, steps: list[Progress]
) -> None:
    assert [p.step for p in steps] == list(range(relaxed.n_steps + 1))
    assert sorted(p.stage for p in steps) == [p.stage for p in steps]
    assert {p.stage for p in steps} == {"coarse", "fine"}
    assert steps[-1].energy == relaxed.energy
    assert steps[-1].volume == pytest.approx(relaxed.structure.volume)


def test_sites_keep_their_order_and_all_that_they_carry(
    limn2o4: Structure, relaxed: Relaxation
) -> None:
    assert relaxed.structure.species == limn2o4.species
    assert relaxed.structure.site_properties == limn2o4.site_properties
    moved = relaxed.structure.frac_coords - limn2o4.frac_coords
    assert np.abs(moved).max() < 0.1, "a fractional coordinate was wrapped"


def test_the_start_is_left_as_it_was(limn2o4: Structure, model: Any) -> None:
    before = limn2o4.copy()
    relax(limn2o4, replace(SETTINGS, max_steps=1), model=model, on_step=_ignore)
    assert limn2o4 == before
    np.testing.assert_array_equal(limn2o4.frac_coords, before.frac_coords)


def test_the_axes_are_stretched_but_not_rotated(
    limn2o4: Structure, relaxed: Relaxation
) -> None:
    deformation = limn2o4.lattice.inv_matrix @ relaxed.structure.lattice.matrix
    rotation, _ = scipy.linalg.polar(deformation)
    np.testing.assert_allclose(rotation, np.eye(3), atol=np.radians(0.1))


def test_moments_are_unsigned_and_sit_on_manganese(relaxed: Relaxation) -> None:
    species = np.array([site.specie.symbol for site in relaxed.structure])
    assert (relaxed.magnetization >= 0).all()
    assert ((m := relaxed.magnetization[species == "Mn"]) > 2.9).all()
    assert (m < 4.1).all()
    assert (relaxed.magnetization[species != "Mn"] < 0.15).all()


def test_a_relaxation_cut_short_says_that_it_is_not_converged(
    limn2o4: Structure, model: Any
) -> None:
    short = relax(limn2o4, replace(SETTINGS, max_steps=2), model=model, on_step=_ignore)
    assert not short.converged
    assert short.n_steps == 2


def test_the_cap_holds_for_both_stages_together(limn2o4: Structure, model: Any) -> None:
    settings = replace(SETTINGS, coarse_fmax=1.0, fmax=1e-9, max_steps=12)
    stages: list[str] = []
    capped = relax(
        limn2o4, settings, model=model, on_step=lambda p: stages.append(p.stage)
    )
    assert "fine" in stages
    assert capped.n_steps == 12


def test_the_same_start_gives_the_same_steps(limn2o4: Structure, model: Any) -> None:
    settings = replace(SETTINGS, max_steps=3)
    first, second = (
        relax(limn2o4, settings, model=model, on_step=_ignore) for _ in range(2)
    )
    np.testing.assert_array_equal(first.energies, second.energies)


def test_a_stopped_relaxation_leaves_no_file(
    limn2o4: Structure, model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(progress: Progress) -> None:
        if progress.step == 1:
            raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        relax(limn2o4, SETTINGS, model=model, on_step=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("model")
def test_one_thread_is_left_to_torch() -> None:
    import torch

    assert torch.get_num_threads() == 1


@pytest.mark.usefixtures("model")
def test_unknown_weights_are_refused() -> None:
    told = r"no weights '0\.3' \(did you mean 0\.3\.0\?\); it has 0\.2\.0, 0\.3\.0, r2"
    with pytest.raises(InputError, match=told):
        load_model("0.3")


@pytest.mark.parametrize("package", ["torch", "chgnet"])
def test_a_missing_package_names_the_extra_to_install(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "chgnet.model.model", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ChgnetUnusable, match=r"pip install 'lnmo\[chgnet\]'") as error:
        load_model(SETTINGS.model)
    assert isinstance(error.value, ImportError)


def _ignore(_: Progress) -> None:
    """Follow a relaxation without looking."""
