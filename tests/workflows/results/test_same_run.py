"""A density of states of another run than the recorded one, by what its file says."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pymatgen.core import Structure

from tests.places import DATA
from workflows.analysis.dos import DensityOfStates
from workflows.analysis.dos_moments import site_sums, total_moment
from workflows.engines.vasp.parse import parse_files
from workflows.errors import ResultsError
from workflows.records.document import Collected, TaskDocument
from workflows.results.same_run import refuse_another_run
from workflows.vasp.dos_files import read_density_of, read_doscar
from workflows.vasp.run_files import run_files

FM = DATA / "MgMn2O4_static_ferromagnetic"
AFM = DATA / "MgMn2O4_static_antiferromagnetic"
GAAS = DATA / "GaAs_all_files"


def read(directory: Path) -> tuple[TaskDocument, DensityOfStates]:
    """Return the record of a real run, and its density of states."""
    (files,) = run_files(directory)
    return parse_files(files), read_density_of(files)


@pytest.fixture(scope="module")
def ferromagnetic() -> tuple[TaskDocument, DensityOfStates]:
    return read(FM)


def refused(dos: DensityOfStates, document: TaskDocument) -> str:
    with pytest.raises(ResultsError, match="exchanged after it was recorded") as told:
        refuse_another_run(dos, document, FM)
    return str(told.value)


@pytest.mark.parametrize(
    "directory", [FM, AFM, GAAS, DATA / "NiO_static"], ids=lambda d: d.name
)
def test_real_runs_are_those_that_were_recorded(directory: Path) -> None:
    document, dos = read(directory)
    refuse_another_run(dos, document, directory)


def test_the_doscar_of_a_real_run_is_of_that_run() -> None:
    document = read(GAAS)[0]
    refuse_another_run(read_doscar(GAAS / "DOSCAR.gz", nsw=0), document, GAAS)


@pytest.fixture(scope="module")
def alike(
    ferromagnetic: tuple[TaskDocument, DensityOfStates],
) -> tuple[TaskDocument, DensityOfStates]:
    """The ferromagnetic record, and the other order with its level, gap and cell."""
    document, own = ferromagnetic
    other = read(AFM)[1]
    moved = other.energies + own.efermi - other.efermi
    return document, replace(
        other, energies=moved, efermi=own.efermi, levels=own.levels, origin=own.origin
    )


def test_the_other_magnetic_order_with_the_same_levels_is_refused(
    alike: tuple[TaskDocument, DensityOfStates],
) -> None:
    document, dos = alike
    told = refused(dos, document)
    assert "-0.00 muB in the cell, and the recorded result 16.00 muB" in told
    of_sites = document.model_copy(update={"total_magnetization": None})
    assert re.search(
        r"-3\.\d\d muB at atom [34], and the recorded result 3\.8\d muB \(limit 0\.6\)",
        refused(dos, of_sites),
    )


def test_moments_turned_over_atom_by_atom_are_refused(
    ferromagnetic: tuple[TaskDocument, DensityOfStates],
) -> None:
    document, dos = ferromagnetic
    assert document.magnetization is not None
    first, second, *others = document.magnetization
    turned = (first, second, -others[0], *others[1:])
    changed = document.model_copy(update={"magnetization": turned})
    assert "3.82 muB at atom 3, and the recorded result -3.85" in refused(dos, changed)


@pytest.mark.parametrize(
    ("found", "recorded", "told"),
    [
        ({}, {"Mn": 1.0}, "no J on Mn beside U, and the recorded result J = 1 eV"),
        ({"Mn": 1.0}, {}, "J = 1 eV on Mn beside U, and the recorded result no J"),
        ({"Mn": 1.0}, {"Mn": 0.8}, "J = 1 eV on Mn beside U, and the recorded"),
        ({"Mn": 0.0}, {}, "J = 0 eV on Mn beside U, and the recorded result no J"),
    ],
)
def test_the_same_u_with_another_j_is_refused(
    ferromagnetic: tuple[TaskDocument, DensityOfStates],
    found: dict[str, float],
    recorded: dict[str, float],
    told: str,
) -> None:
    document, dos = ferromagnetic
    assert dos.origin.hubbard_j == {}
    own = replace(dos, origin=replace(dos.origin, hubbard_j=found))
    other = document.model_copy(update={"hubbard_j": recorded})
    assert told in refused(own, other)
    alike = document.model_copy(update={"hubbard_j": found})
    refuse_another_run(own, alike, FM)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"hubbards": {"Mn": 4.9}}, "U - J = 3.9 eV on Mn, and the recorded result 4."),
        ({"hubbards": {}}, "U - J = 3.9 eV on Mn, and the recorded result 0 eV"),
        ({"hubbards": {"Mn": 3.9, "Mg": 1.0}}, "U - J = 0 eV on Mg"),
        ({"settings": {"ENCUT": 520.0}}, "ENCUT = 680.0, and the recorded result ENC"),
        ({"settings": {"LASPH": False}}, "LASPH = True, and the recorded"),
        ({"potcar": {"Mn": "PAW_PBE Mn 06Sep2000"}}, "for Mn, and the recorded result"),
    ],
)
def test_other_inputs_with_the_same_levels_are_refused(
    ferromagnetic: tuple[TaskDocument, DensityOfStates],
    change: dict[str, Any],
    told: str,
) -> None:
    document, dos = ferromagnetic
    assert told in refused(dos, document.model_copy(update=change))


def test_other_places_cells_and_atoms_are_refused(
    ferromagnetic: tuple[TaskDocument, DensityOfStates],
) -> None:
    document, dos = ferromagnetic
    assert document.structure is not None
    moved = document.structure.copy()
    moved.translate_sites([3], [0.01, 0, 0])
    larger = document.structure.copy()
    larger.scale_lattice(larger.volume * 1.01)
    for structure in (moved, larger):
        changed = document.model_copy(update={"structure": structure})
        assert "another cell, other places" in refused(dos, changed)
    iron = document.structure.copy()
    iron.replace_species({"Mn": "Fe"})
    changed = document.model_copy(update={"structure": iron})
    assert "the atoms Mg2 Mn4 O8, and the recorded result" in refused(dos, changed)


def test_a_doscar_of_another_cell_is_refused() -> None:
    document = read(GAAS)[0]
    assert document.structure is not None
    larger = document.structure.copy()
    larger.scale_lattice(larger.volume * 1.01)
    changed = document.model_copy(update={"structure": larger})
    told = refused(read_doscar(GAAS / "DOSCAR.gz", nsw=0), changed)
    assert "lattice vectors of 3.9598 3.9598 3.9598 A" in told


def test_a_collected_run_is_compared_in_the_order_of_its_own_files(
    ferromagnetic: tuple[TaskDocument, DensityOfStates],
) -> None:
    document, dos = ferromagnetic
    assert document.structure is not None
    assert document.magnetization is not None
    order = tuple(reversed(range(14)))
    planned = document.model_copy(
        update={
            "structure": Structure.from_sites(document.structure[::-1]),
            "magnetization": document.magnetization[::-1],
            "collected": Collected(path="", files={}, collected_at="", order=order),
        }
    )
    refuse_another_run(dos, planned, FM)


def test_a_grid_that_misses_levels_says_nothing_of_the_sites(
    ferromagnetic: tuple[TaskDocument, DensityOfStates],
) -> None:
    document, dos = ferromagnetic
    sums, cell = site_sums(dos), total_moment(dos)
    assert sums is not None
    assert sums.lost < 0.01
    assert cell == pytest.approx(16, abs=1e-3)
    empty = replace(dos, total=0 * dos.total, projected=0 * dos.projected)
    lost = site_sums(empty)
    assert lost is not None
    assert lost.lost > 50
    refuse_another_run(empty, document, FM)


def test_a_level_that_was_chosen_moves_the_sums_so_they_are_not_compared(
    alike: tuple[TaskDocument, DensityOfStates],
) -> None:
    document, dos = alike
    tags = {"settings": {"incar": {"EFERMI": "MIDGAP"}}}
    refuse_another_run(dos, document.model_copy(update=tags), FM)
