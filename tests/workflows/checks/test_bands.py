"""Partly occupied levels are no gap, and a density of states needs its bands."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from pymatgen.core import Lattice, Structure

from tests.places import TOP
from workflows import parse_run
from workflows.analysis.band_gap import band_gap
from workflows.campaign.calculation import Calculation
from workflows.campaign.inputs import vasp_inputs, write_vasp_inputs
from workflows.checks.bands import band_findings
from workflows.checks.run_result import RunResult

OXIDE = Structure(Lattice.cubic(4.2), ["Mn", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
METAL = Structure(Lattice.cubic(3.4), ["Li"], [[0, 0, 0]])


def found(
    levels: list[list[list[float]]],
    structure: Structure = OXIDE,
    emax: float | None = None,
) -> list[tuple[str, str, str]]:
    result = RunResult(structure, levels=band_gap({"up": levels}), emax=emax)
    return [(f.id, f.severity, f.message) for f in band_findings(result)]


def test_whole_occupations_have_nothing_to_report() -> None:
    assert found([[[-0.2, 1.0], [0.3, 0.0]]]) == []


def test_levels_that_share_an_electron_are_reported_with_what_is_between_them() -> None:
    ((name, severity, message),) = found([[[-0.2, 0.6], [0.15, 0.4]]])
    assert (name, severity) == ("partial_occupations", "warning")
    assert message.startswith(
        "2 levels are between 0.05 and 0.95 occupied: the gap is given as 0, though "
        "0.35 eV separate the levels"
    )


def test_crossing_bands_are_a_metal_and_no_mistake() -> None:
    crossing = [[[-1.0, 1.0], [0.2, 0.3]], [[-0.8, 1.0], [-0.1, 0.9]]]
    ((name, severity, _),) = found(crossing)
    assert (name, severity) == ("partial_occupations", "info")
    assert found(crossing, METAL) == []


@pytest.mark.parametrize(("emax", "told"), [(0.29, False), (0.31, True), (None, False)])
def test_bands_must_reach_the_end_of_the_density_of_states(
    emax: float | None, told: bool
) -> None:
    names = [name for name, *_ in found([[[-0.2, 1.0], [0.3, 0.0]]], emax=emax)]
    assert names == ["bands_below_emax"] * told


@pytest.mark.parametrize(("emax", "told"), [(8.0, False), (11.0, True)])
def test_a_run_says_where_its_bands_end(
    emax: float, told: bool, calculations: Sequence[Calculation], tmp_path: Path
) -> None:
    c = next(c for c in calculations if c.insertion == "oct_16c_rocksalt")
    inputs = vasp_inputs(c, "static")
    inputs.incar.update(NBANDS=280, EMIN=-9.0, EMAX=emax, ISTART=0, ICHARG=2)
    write_vasp_inputs(inputs, tmp_path)
    fake = TOP / "tests" / "fake_vasp" / "vasp_std"
    subprocess.run([sys.executable, str(fake)], cwd=tmp_path, check=True)
    names = [finding.id for finding in parse_run(tmp_path).findings]
    assert ("bands_below_emax" in names) is told
