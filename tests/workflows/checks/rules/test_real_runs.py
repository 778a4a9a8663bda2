"""What the linter says of runs that other people made, and of our own inputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.places import DATA
from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign
from workflows.campaign.write_tree import write_campaign
from workflows.checks.rules import (
    check,
    check_directory,
    check_together,
    find_runs,
    read_run,
)
from workflows.engines.vasp.engine import VaspEngine
from workflows.errors import InputError

KNOWN = {
    "GaAs_r2scan": [],
    # A hybrid; VASP 5 prints LORBIT as a logical, so nothing is known of it.
    "LiFe4P4O16_truncated": ["lasph-off"],
    "LiAlSiO4_vasp5": ["encut-pulay", "ediff-loose"],
    "LiVO3_U_on_lithium": [
        *("u-on-non-metal", "metal-without-u", "moment-on-non-metal"),
        *("ldaul-without-u", "ediff-loose"),
    ],
    # Two runs: vasprun.xml says that 600 eV were asked, OUTCAR that VASP ran at 520;
    # the other vasprun.xml, with a name of its own, is alone.
    "Li_metal_vasp5": [
        "applied-encut",
        *("kpoints-coarse", "tetrahedron-off-gamma", "tetrahedron-metal-forces"),
        *("kpoints-coarse", "tetrahedron-metal-forces"),
    ],
    "MgMn2O4_relax_ferromagnetic": ["ldaul-without-u", "sigma-wide"],
    "MgMn2O4_static_antiferromagnetic": ["ldaul-without-u"],
    "NiO_static": ["ldaul-without-u", "kpoints-coarse", "ligand-moment"],
    "NiTiNbN_aborted": ["prec-not-accurate"],
    "Si_unfinished": ["ediffg-loose"],
    "V2O5_unconverged": [
        *("ldaul-without-u", "lasph-off", "ediff-loose", "tetrahedron-off-gamma"),
    ],
}


@pytest.mark.parametrize("name", KNOWN)
def test_findings_on_a_real_run(name: str) -> None:
    assert [finding.id for finding in check_directory(DATA / name)] == KNOWN[name]


def test_u_and_moment_of_vanadium_on_lithium() -> None:
    errors = [
        finding.message
        for finding in check_directory(DATA / "LiVO3_U_on_lithium")
        if finding.severity == "error"
    ]
    assert errors == [
        "Li8: U 3.25 eV, LDAUL 2; it has no open d or f shell",
        "V8: U 0 eV, LDAUL 0, while U is on Li 3.25 eV",
        "Li starts with 5 muB in a cell with V",
    ]


def test_different_functionals_are_not_compared() -> None:
    names = ("MgMn2O4_static_antiferromagnetic", "NiO_static")
    runs = [read_run(run) for name in names for run in find_runs(DATA / name)]
    found = {finding.id for finding in check_together(runs)}
    assert found == {"set-encut", "set-functional", "set-kpoints", "set-tags"}


def test_our_own_inputs_have_no_error_and_compare(
    paper: Campaign, tmp_path: Path
) -> None:
    written = write_campaign(paper, tmp_path)
    runs = [read_run(run) for run in find_runs(tmp_path)]
    assert len(runs) == len(written.directories)
    findings = [*(f for run in runs for f in check(run)), *check_together(runs)]
    assert [f for f in findings if f.severity == "error"] == []


@pytest.mark.parametrize(
    "functional", ["pbe", "pbesol_u", "r2scan", "r2scan_u", "hse06"]
)
def test_our_inputs_of_every_functional_have_no_finding(
    paper: Campaign, tmp_path: Path, functional: str
) -> None:
    vasp = paper.vasp.model_copy(update={"functional": functional})
    write_campaign(paper.model_copy(update={"vasp": vasp}).override(x=[1]), tmp_path)
    runs = [read_run(run) for run in find_runs(tmp_path)]
    assert [*(f for run in runs for f in check(run)), *check_together(runs)] == []


def test_a_metal_that_is_to_have_no_u_is_written_so_that_it_shows(
    paper: Campaign, tmp_path: Path
) -> None:
    vasp = paper.vasp.model_copy(update={"hubbard_u": {"Mn": 5.96, "Ni": 0.0}})
    changed = paper.model_copy(update={"vasp": vasp}).override(x=[1])
    write_campaign(changed, tmp_path)
    runs = [read_run(run) for run in find_runs(tmp_path)]
    found = {f.id for run in runs for f in check(run)}
    assert found == {"metal-u-zero"}


@pytest.mark.parametrize("step", ["relax", "static", "dos"])
def test_inputs_of_a_run_have_no_error(
    calculations: tuple[Calculation, ...], tmp_path: Path, step: str
) -> None:
    VaspEngine().write_inputs(calculations[4], step, tmp_path, None)
    (run,) = find_runs(tmp_path)
    assert [f for f in check(read_run(run)) if f.severity == "error"] == []


def test_a_directory_without_a_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "POSCAR").write_text("not a run by itself")
    with pytest.raises(InputError, match="no VASP run here"):
        check_directory(tmp_path)
