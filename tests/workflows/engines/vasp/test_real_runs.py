"""Every run in tests/data: its state, and if it finished, pymatgen's numbers."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import pytest
from pymatgen.core import Structure
from pymatgen.io.vasp import Outcar, Poscar, Vasprun

from tests.places import DATA
from workflows.engines.vasp.parse import parse_files
from workflows.records.document import State, TaskDocument
from workflows.vasp.dos_files import read_vasprun_dos
from workflows.vasp.run_files import VaspFiles, run_files


@dataclass(frozen=True)
class Row:
    """One run: where it is, what its state is, and what its reason must say."""

    directory: str
    suffix: str
    state: State
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.directory}{self.suffix}"


DONE, CUT, LOOSE = State.DONE, State.TRUNCATED, State.UNCONVERGED
REVIEW = State.NEEDS_REVIEW
"""INCAR is not the one that ran."""
NO_FOOTER = "has no timing footer"
NOT_CLOSED = "is not closed"
TABLE = (
    Row("GaAs_all_files", "", DONE),
    Row("LiAlSiO4_relax1_relax2", ".relax1", DONE),
    Row("LiAlSiO4_relax1_relax2", ".relax2", DONE),
    Row("LiFe4P4O16", "", DONE),
    Row("LiFe4P4O16", ".bad", CUT, NOT_CLOSED),
    Row("LiFe4P4O16", ".sc_overflow", DONE),
    Row("LiMn8O16_first", "", DONE),
    Row("LiMn8O16_second", "", DONE),
    Row("LiMn8O16_image", ".relax1", DONE),
    Row("LiMn8O16_image", ".relax2", DONE),
    Row("LiVO3_U_on_lithium", "", CUT, "lacks the final positions"),
    Row("Li_metal_vasp5", "", REVIEW, "ENCUT = 600 eV was asked, OUTCAR says 520"),
    Row("Li_metal_vasp5", "_Li_no_projected", DONE),
    Row("MgMn2O4_relax_ferromagnetic", "", DONE),
    Row("MgMn2O4_static_antiferromagnetic", "", DONE),
    Row("MgMn2O4_static_ferromagnetic", "", DONE),
    Row("Mn8O16", "", DONE),
    Row("NiO_static", "", DONE),
    Row("NiTiNbN_aborted", "", CUT, NO_FOOTER),
    Row("Si8_truncated", "", CUT, NOT_CLOSED),
    Row("Si_unfinished", "", CUT, NO_FOOTER),
    Row("V2O5_unconverged", "", LOOSE, "ionic step 1 of 5 reached NELM = 100"),
    Row("custodian_auto_nbands", "", CUT, "no OUTCAR"),
    Row("custodian_auto_nbands", "_auto_nbands", DONE),
    Row("custodian_bad_vasprun", "", CUT, NOT_CLOSED),
    Row("custodian_drift", "", REVIEW, "ENCUT = 520 eV was asked, OUTCAR says 280"),
    Row("custodian_large_sigma", "_fail_sigma_check", DONE),
    Row("custodian_large_sigma", "_pass_sigma_check", DONE),
    Row("custodian_lrf_comm", "", CUT, "has no timing footer"),
    Row("custodian_nonconv", "", CUT, "no OUTCAR"),
    Row("custodian_positive_energy", "", CUT, "no OUTCAR"),
    Row("custodian_zpotrf_small", "", CUT, "VASP said: zpotrf (LAPACK"),
)
FINISHED = tuple(row for row in TABLE if row.state.usable)


def found(row: Row) -> VaspFiles:
    (files,) = (f for f in run_files(DATA / row.directory) if f.suffix == row.suffix)
    return files


def parsed(row: Row) -> TaskDocument:
    return parse_files(found(row))


def vasprun(row: Row, **options: Any) -> Vasprun | None:
    path = found(row).find("vasprun.xml")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quiet = {"parse_dos": False, "parse_potcar_file": False, **options}
        return Vasprun(str(path), **quiet) if path else None


def outcar(row: Row) -> Outcar | None:
    path = found(row).find("OUTCAR")
    return Outcar(str(path)) if path else None


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_the_state_is_what_the_files_prove(row: Row) -> None:
    document = parsed(row)
    assert document.state is row.state, document.reason
    assert row.reason in document.reason
    assert bool(document.reason) == (row.state is not DONE)


def test_the_fermi_level_is_that_of_the_density_of_states() -> None:
    compared = 0
    for row in FINISHED:
        run = vasprun(row, parse_dos=True, parse_eigen=False)
        if run is not None and run.efermi is not None:
            assert parsed(row).efermi == run.efermi, row
            compared += 1
    assert compared > 5


@pytest.mark.parametrize("row", FINISHED, ids=str)
def test_numbers_of_a_finished_run_are_pymatgen_s(row: Row) -> None:
    document, run, out = parsed(row), vasprun(row), outcar(row)
    assert document.structure is not None
    if run is not None:
        assert document.energy == float(run.final_energy)
        assert document.structure.lattice == run.final_structure.lattice
        assert_same(document.structure, run.final_structure)
        assert_same(document.initial_structure, run.initial_structure)
        assert document.n_ionic_steps == len(run.ionic_steps)
    if out is not None:
        assert document.energy == pytest.approx(out.final_energy, abs=1e-6)
        assert document.magnetization == (
            tuple(m["tot"] for m in out.magnetization) or None
        )
        assert document.total_magnetization == out.total_mag
        assert document.nelect == out.nelect
        assert document.run_seconds == out.run_stats["Elapsed time (sec)"]


def assert_same(found: Structure | None, wanted: Structure) -> None:
    assert found is not None
    assert found.lattice == wanted.lattice
    assert found.species == wanted.species
    assert (found.frac_coords == wanted.frac_coords).all()


@pytest.mark.parametrize("name", ["GaAs_all_files", "MgMn2O4_static_antiferromagnetic"])
def test_the_gap_of_an_insulator_is_pymatgen_s(name: str) -> None:
    run = vasprun(Row(name, "", DONE))
    assert run is not None
    wanted = run.eigenvalue_band_properties[0]
    assert parsed(Row(name, "", DONE)).bandgap == pytest.approx(wanted)


WITH_PDOS = tuple(
    row
    for row in FINISHED
    if row.directory
    not in {"Mn8O16", "LiMn8O16_first", "LiMn8O16_second", "LiFe4P4O16"}
    and not row.directory.startswith("custodian")
    and row.suffix != "_Li_no_projected"
)


@pytest.mark.parametrize("row", WITH_PDOS, ids=str)
def test_projected_densities_are_pymatgen_s(row: Row) -> None:
    run = vasprun(row, parse_dos=True)
    path = found(row).find("vasprun.xml")
    assert run is not None
    assert path is not None
    dos = read_vasprun_dos(path)
    wanted = run.complete_dos
    spins = sorted(wanted.densities, key=lambda spin: -spin.value)
    assert (dos.energies == wanted.energies).all()
    assert dos.efermi == wanted.efermi == parsed(row).efermi
    for s, spin in enumerate(spins):
        assert (dos.total[s] == wanted.densities[spin]).all()
        for i, site in enumerate(wanted.structure):
            for o, orbital in enumerate(wanted.pdos[site]):
                column = wanted.pdos[site][orbital][spin]
                assert (dos.projected[i, o, s] == column).all()


@pytest.mark.parametrize("name", ["Mn8O16", "LiMn8O16_first", "LiMn8O16_second"])
def test_the_lattice_of_a_run_without_vasprun_is_that_of_its_contcar(name: str) -> None:
    document = parsed(Row(name, "", DONE))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        last = Poscar.from_file(DATA / name / "CONTCAR.gz").structure
    assert_same(document.structure, last)
    told = {f.id for f in document.findings if f.severity == "info"}
    assert told - {"forces_left"} == {"no_vasprun"}


def test_the_table_has_every_run_of_the_data() -> None:
    present = {
        (directory.name, files.suffix)
        for directory in DATA.iterdir()
        if directory.is_dir()
        for files in run_files(directory)
    }
    elsewhere = {"GaAs_r2scan", "LiAlSiO4_vasp5", "LiFe4P4O16_truncated"}
    assert {(r.directory, r.suffix) for r in TABLE} >= {
        p for p in present if p[0] not in elsewhere
    }


def test_u_is_reported_where_vasp_applied_it_even_on_lithium() -> None:
    assert parsed(Row("LiVO3_U_on_lithium", "", CUT)).hubbards == {"Li": 3.25}


def test_an_integer_that_overflows_its_field_does_not_hide_the_steps() -> None:
    document = parsed(Row("Si8_truncated", "", CUT))
    assert (document.formula, document.n_ionic_steps) == ("Si8", 18)
    assert document.structure != document.initial_structure, "18 steps moved it"
    assert document.energy == pytest.approx(-43.39044584)


def test_an_oszicar_alone_gives_its_last_energy() -> None:
    document = parsed(Row("custodian_positive_energy", "", CUT))
    assert document.energy == pytest.approx(46.575827)
    assert document.n_ionic_steps == 1
