"""Smoothed, aligned curves of a recorded run: sums, refusals, provenance."""

from __future__ import annotations

import re
import shutil
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from structures import spinel_host
from tests.places import DATA
from workflows import open_results
from workflows.analysis.band_gap import BandGap
from workflows.analysis.dos import ORBITALS, DensityOfStates
from workflows.analysis.pdos import BY, curves_of, refuse_other_axes
from workflows.analysis.smoothing import MODES, Mode, adjacent_average
from workflows.campaign.calculation import Calculation
from workflows.errors import ResultsError
from workflows.records.document import Finding, State, TaskDocument
from workflows.results.dos_table import Drawing, WideWindowError, density_frame
from workflows.vasp.dos_files import read_density
from workflows.vasp.poscar import read_poscar
from workflows.vasp.run_files import read_text

GAAS = DATA / "GaAs_all_files"
N = 60


def made_up(structure: Structure, *, seed: int = 1, spins: int = 2) -> DensityOfStates:
    """Random positive states on every site, orbital and spin, -3 to 2.9 eV."""
    random = np.random.default_rng(seed)
    projected = random.random((len(structure), 9, spins, N))
    total = projected.sum(axis=(0, 1)) + 1
    return DensityOfStates(
        energies=np.linspace(-3, 2.9, N),
        total=total,
        integrated=0.1 * total.cumsum(axis=1),
        projected=projected,
        orbitals=ORBITALS,
        efermi=0.25,
        nsw=0,
        levels=BandGap(0.6, 0.6, 2.0, vbm=-0.4, cbm=0.2, half_metal=False),
    )


@pytest.fixture(scope="module")
def host() -> Structure:
    return spinel_host().structure


def test_curves_are_named_after_what_they_add_up(host: Structure) -> None:
    dos = made_up(host)
    assert list(curves_of(dos, host)) == ["total", "Li", "Ni", "Mn", "O"]
    assert list(curves_of(dos, host, "orbital"))[:4] == [
        "total",
        "Li s",
        "Li p",
        "Li d",
    ]
    assert list(curves_of(dos, host, "t2g_eg")) == [
        "total", "Ni t2g", "Ni eg", "Mn t2g", "Mn eg"
    ]  # fmt: skip
    sites = list(curves_of(dos, host, "site"))
    assert sites[1:] == host.site_properties["label"]


def test_the_curves_of_every_kind_add_up_to_the_projections(host: Structure) -> None:
    dos = made_up(host)
    whole = dos.projected.sum(axis=(0, 1))
    for by in ("element", "orbital", "site"):
        curves = curves_of(dos, host, by)
        parts = sum(v for name, v in curves.items() if name != "total")
        assert parts == pytest.approx(whole)
    d = curves_of(dos, host, "orbital")["Mn d"]
    split = curves_of(dos, host, "t2g_eg")
    assert split["Mn t2g"] + split["Mn eg"] == pytest.approx(d)


@settings(max_examples=10)
@given(st.sampled_from(MODES), st.integers(1, 12), st.integers(0, 1000))
def test_smoothing_the_sum_is_summing_the_smoothed(
    mode: Mode, n: int, seed: int
) -> None:
    cell = Structure(Lattice.cubic(4), ["Ni", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    dos = made_up(cell, seed=seed)
    smoothed = replace(dos, projected=adjacent_average(dos.projected, n, mode))
    for by in ("element", "orbital", "site"):
        for name, values in curves_of(dos, cell, by).items():
            if name != "total":
                again = curves_of(smoothed, cell, by)[name]
                assert adjacent_average(values, n, mode) == pytest.approx(again)


def test_the_table_has_two_columns_a_curve_and_its_window(host: Structure) -> None:
    frame = density_frame(made_up(host), host, Drawing(window_ev=1.0))
    assert list(frame.columns[:5]) == [
        "energy", "total up", "total down", "Li up", "Li down"
    ]  # fmt: skip
    # 59 steps over 5.9 eV: 0.1 eV each, ten of them
    assert frame.attrs["window_ev"] == pytest.approx(1.0)
    assert frame.attrs["smoothing"] == "adjacent average of 10 points (origin), 1 eV"
    assert frame.attrs["units"]["Mn up"] == "states/eV per cell"
    assert frame["energy"].iloc[0] == pytest.approx(-3 - 0.25)


def with_step(host: Structure, step: float) -> DensityOfStates:
    dos = made_up(host)
    return replace(dos, energies=step * np.arange(N) - 3)


def test_ten_points_are_refused_where_they_span_more_than_0_3_ev(
    host: Structure,
) -> None:
    frame = density_frame(with_step(host, 0.0299), host, Drawing())
    assert frame.attrs["window_ev"] == pytest.approx(0.299)
    with pytest.raises(WideWindowError) as caught:
        density_frame(with_step(host, 0.257), host, Drawing())
    told = str(caught.value)
    assert told.startswith("10 points of this grid span 2.57 eV (limit 0.3; the step ")
    assert "window_ev=2.6" in told
    assert "smooth=0" in told
    density_frame(with_step(host, 0.257), host, Drawing(smooth=0))
    density_frame(with_step(host, 0.257), host, Drawing(smooth=1))


@pytest.mark.parametrize(
    ("asked", "given"), [(2.57, 2.57), (0.2, 0.0), (0.6, 0.514), (0.0, 0.0)]
)
def test_a_window_that_is_asked_for_is_as_near_as_the_grid_allows(
    host: Structure, asked: float, given: float
) -> None:
    frame = density_frame(with_step(host, 0.257), host, Drawing(window_ev=asked))
    assert frame.attrs["window_ev"] == pytest.approx(given)


def test_a_negative_window_is_refused(host: Structure) -> None:
    with pytest.raises(ResultsError, match="window_ev = -1: a width in eV"):
        density_frame(made_up(host), host, Drawing(window_ev=-1))


def test_no_smoothing_leaves_the_file_as_it_is(host: Structure) -> None:
    dos = made_up(host)
    frame = density_frame(dos, host, Drawing(smooth=0))
    assert frame["total up"].to_numpy() == pytest.approx(dos.total[0])
    assert (frame.attrs["window_ev"], frame.attrs["smoothing"]) == (0, "none")


def test_the_strict_window_shifts_the_grid_by_half_a_step(host: Structure) -> None:
    one, other = (
        density_frame(made_up(host), host, Drawing(mode=mode, window_ev=1.0))["energy"]
        for mode in ("origin", "strict")
    )
    assert (one - other).to_numpy() == pytest.approx(0.05)


def test_the_zero_is_the_fermi_level_or_the_vbm(host: Structure) -> None:
    dos = made_up(host)
    one, other = (
        density_frame(dos, host, Drawing(align=align, window_ev=1.0))
        for align in ("efermi", "vbm")
    )
    assert (one["energy"] - other["energy"]).to_numpy() == pytest.approx(-0.4 - 0.25)
    assert other.attrs["units"]["energy"] == "eV, from the highest occupied level"
    assert (other.attrs["zero"], other.attrs["efermi"]) == (-0.4, 0.25)


def test_gaps_are_those_of_the_eigenvalues(host: Structure) -> None:
    attrs = density_frame(made_up(host), host, Drawing(window_ev=1.0)).attrs
    names = ("gap", "gap_up", "gap_down", "half_metal")
    assert [attrs[name] for name in names] == [0.6, 0.6, 2.0, False]
    unknown = replace(made_up(host), levels=None)
    assert (
        density_frame(unknown, host, Drawing(window_ev=1.0)).attrs["half_metal"] is None
    )


def test_without_eigenvalues_the_zero_is_the_edge_of_the_density(
    host: Structure,
) -> None:
    dos = replace(made_up(host), levels=None)
    dos.total[:, dos.energies > -1.0] = 0.0
    frame = density_frame(dos, host, Drawing(align="vbm", window_ev=1.0))
    assert frame.attrs["zero"] == pytest.approx(-1.0)


def test_a_run_without_spin_has_one_column_a_curve(host: Structure) -> None:
    frame = density_frame(made_up(host, spins=1), host, Drawing(window_ev=1.0))
    assert list(frame.columns) == ["energy", "total", "Li", "Ni", "Mn", "O"]


def test_a_dropped_first_point_is_told(host: Structure) -> None:
    dos = made_up(host)
    dos.total[:, 0] = 1e6
    with pytest.warns(UserWarning, match="first grid point"):
        frame = density_frame(dos, host, Drawing(window_ev=1.0))
    assert len(frame) == N - 1
    assert frame.attrs["dropped_first_point"]
    assert frame["total up"].max() < 1e4


def test_a_total_that_misses_electrons_is_told(host: Structure) -> None:
    dos = replace(made_up(host), nelect=436.0)
    with pytest.warns(UserWarning, match="not 436"):
        frame = density_frame(dos, host, Drawing(window_ev=1.0))
    assert "EMIN" in frame.attrs["notes"][0]


@pytest.mark.parametrize(("missing", "named"), [(0.09, False), (0.11, True)])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_electrons_may_be_off_by_a_tenth(
    host: Structure, missing: float, named: bool, sign: int
) -> None:
    dos = made_up(host)
    dos = replace(dos, nelect=dos.electrons + sign * missing)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        frame = density_frame(dos, host, Drawing(smooth=0))
    assert len(frame.attrs["notes"]) == len(caught) == named


def test_t2g_and_eg_need_bonds_along_the_axes(host: Structure) -> None:
    refuse_other_axes(host)
    angle = np.radians(20)
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    turned = Structure(
        Lattice(host.lattice.matrix @ turn), host.species, host.frac_coords
    )
    with pytest.raises(ResultsError, match="degrees off the Cartesian axes"):
        density_frame(made_up(turned), turned, Drawing(by="t2g_eg", window_ev=1.0))
    density_frame(made_up(turned), turned, Drawing(by="orbital", window_ev=1.0))


def test_t2g_and_eg_need_octahedra_and_metals() -> None:
    rock = Structure(Lattice.cubic(9), ["Ni", "O"], [[0, 0, 0], [0.2, 0, 0]])
    with pytest.raises(ValueError, match="fewer than 6 oxygens"):
        refuse_other_axes(rock)
    oxygen = Structure(Lattice.cubic(9), ["O"], [[0, 0, 0]])
    with pytest.raises(ValueError, match="none of Ti, V, Cr, Mn"):
        refuse_other_axes(oxygen)


@pytest.mark.parametrize(
    ("drawing", "message"),
    [
        (Drawing(by="atom", window_ev=1.0), "one of element, orbital, site, t2g_eg"),  # type: ignore[arg-type]
        (Drawing(align="zero", window_ev=1.0), "'efermi' or 'vbm'"),  # type: ignore[arg-type]
        (Drawing(mode="loess", window_ev=1.0), "one of origin, strict, centred"),  # type: ignore[arg-type]
    ],
)
def test_unknown_words_are_refused(
    host: Structure, drawing: Drawing, message: str
) -> None:
    with pytest.raises(ResultsError, match=message):
        density_frame(made_up(host), host, drawing)
    assert len(BY) == 4


def test_a_run_without_projections_is_refused(host: Structure) -> None:
    dos = replace(made_up(host), projected=np.empty((0, 0, 2, N)))
    with pytest.raises(ResultsError, match="LORBIT = 11"):
        density_frame(dos, host, Drawing(window_ev=1.0))


def test_the_density_of_a_real_relaxation_is_refused(tmp_path: Path) -> None:
    source = DATA / "LiAlSiO4_relax1_relax2"
    for name in ("vasprun.xml", "DOSCAR", "OUTCAR"):
        shutil.copy(source / f"{name}.relax1.gz", tmp_path / f"{name}.gz")
    for _ in ("vasprun.xml", "DOSCAR"):
        with pytest.raises(ResultsError, match=r"NSW = 99.*NSW = 0"):
            read_density(tmp_path)
        (tmp_path / "vasprun.xml.gz").unlink(missing_ok=True)
    (tmp_path / "OUTCAR.gz").unlink()
    with pytest.raises(ResultsError, match="no OUTCAR"):
        read_density(tmp_path)
    (tmp_path / "DOSCAR.gz").unlink()
    with pytest.raises(ResultsError, match="no DOSCAR"):
        read_density(tmp_path)


def test_real_gaas_is_the_same_table_from_either_file(tmp_path: Path) -> None:
    for name in ("vasprun.xml.gz", "DOSCAR.gz", "OUTCAR.gz"):
        shutil.copy(GAAS / name, tmp_path / name)
    cell = Structure(Lattice.cubic(4), ["Ga", "As"], [[0, 0, 0], [0.25, 0.25, 0.25]])
    one = density_frame(
        read_density(tmp_path), cell, Drawing(by="orbital", window_ev=1.1)
    )
    (tmp_path / "vasprun.xml.gz").unlink()
    other = density_frame(
        read_density(tmp_path), cell, Drawing(by="orbital", window_ev=1.1)
    )
    assert list(one.columns) == list(other.columns)
    assert np.allclose(one, other, atol=2e-3)


@pytest.mark.parametrize(("gap", "known"), [(5e-4, False), (2e-3, True)])
def test_a_gap_below_the_digits_of_the_levels_has_no_edge(
    gap: float,
    known: bool,
) -> None:
    dos = read_density(GAAS)
    assert dos.levels is not None
    narrow = replace(dos, levels=replace(dos.levels, gap=gap))
    assert (narrow.vbm is not None) is known


OF_GAAS = {"efermi": 4.0261044, "bandgap": 1.2279, "nelect": 18.0}


@pytest.fixture
def with_dos(
    calculations: tuple[Calculation, ...],
    finished: Callable[..., TaskDocument],
    project: Callable[..., Path],
) -> Callable[..., Any]:
    """A project whose x = 1 has a dos step with real files of another crystal."""
    c = next(c for c in calculations if c.x == 1)
    cell = read_poscar(read_text(GAAS / "CONTCAR.gz")).structure()

    def make(**changes: Any) -> Any:
        same = {"hubbards": {}, "settings": {}, "structure": cell}
        small = {**same, "magnetization": (0.0, 0.0), **OF_GAAS, **changes}
        static = finished(c, efermi=4.1)
        where = project(finished(c, "relax"), static, finished(c, "dos", **small))
        directory = where / "lnmo-data" / f"calculations/{c.id}/dos"
        shutil.copy(GAAS / "vasprun.xml.gz", directory / "vasprun.xml.gz")
        return open_results(where)

    return make


def test_a_recorded_run_is_found_and_named(with_dos: Callable[..., Any]) -> None:
    frame = with_dos().pdos(1, by="element", window_ev=1.1)
    curves = [c for c in frame.columns if c.endswith((" up", " down"))]
    assert curves[2:] == ["Ga up", "Ga down", "As up", "As down"]
    labels = {"engine": "vasp", "hubbard_u": "Mn 5.96, Ni 4.5", "x": 1, "fake": False}
    for name, value in labels.items():
        assert set(frame[name]) == {value}
    assert frame.attrs["run"] == "dos"
    assert frame.attrs["efermi"] == 4.0261044
    assert frame.attrs["efermi_static"] == 4.1
    assert frame.attrs["electrons"] == pytest.approx(18, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "recorded", "told"),
    [
        ("efermi", 4.1, "a Fermi level, in eV, of 4.0261, and the recorded result 4.1"),
        ("bandgap", 0.5, "a gap, in eV, of 1.2279, and the recorded result 0.5"),
        ("nelect", 19.0, "a number of electrons of 18.0000, and the recorded result"),
    ],
)
def test_files_that_were_exchanged_after_the_record_are_not_drawn(
    with_dos: Callable[..., Any], name: str, recorded: float, told: str
) -> None:
    with pytest.raises(ResultsError, match=re.escape(told)):
        with_dos(**{name: recorded}).pdos(1)
    # VASP's EFERMI puts other levels into other files
    tags = {"incar": {"EFERMI": "MIDGAP"}}
    if name == "efermi":
        assert len(with_dos(efermi=recorded, settings=tags).pdos(1, smooth=0))


def test_a_density_has_the_state_and_the_findings_of_its_own_run(
    with_dos: Callable[..., Any],
) -> None:
    told = Finding(id="files_disagree", severity="warning", message="INCAR is another")
    frame = with_dos(state=State.NEEDS_REVIEW, findings=(told,)).pdos(1, smooth=0)
    assert set(frame["state"]) == {"NEEDS_REVIEW"}
    assert "files of several runs" in frame["findings"].iloc[0]
    clean = with_dos().pdos(1, smooth=0)
    assert set(clean["state"]) == {"DONE"}
    assert "files of several runs" not in clean["findings"].iloc[0]


def test_a_dos_step_that_failed_has_no_density(with_dos: Callable[..., Any]) -> None:
    results = with_dos(state=State.TRUNCATED)
    with pytest.raises(ResultsError, match="dos step is TRUNCATED"):
        results.pdos(1)


def test_an_x_without_results_is_told_with_those_there_are(
    with_dos: Callable[..., Any],
) -> None:
    with pytest.raises(ResultsError, match=r"nothing at x = 0.5 .* there is: 1 none"):
        with_dos().pdos(0.5)
