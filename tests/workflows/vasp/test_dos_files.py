"""DOSCAR and vasprun.xml of one run say the same; a relaxation's total does not."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from tests.places import DATA
from workflows.analysis.dos import ORBITALS, DensityOfStates
from workflows.vasp.dos_files import read_doscar, read_vasprun_dos

GAAS, RELAXED = DATA / "GaAs_all_files", DATA / "LiAlSiO4_relax1_relax2"


@pytest.fixture(scope="module")
def gaas() -> tuple[DensityOfStates, DensityOfStates]:
    return (
        read_vasprun_dos(GAAS / "vasprun.xml.gz"),
        read_doscar(GAAS / "DOSCAR.gz", nsw=0),
    )


@pytest.fixture(scope="module")
def relaxed() -> tuple[DensityOfStates, DensityOfStates]:
    return (
        read_vasprun_dos(RELAXED / "vasprun.xml.relax1.gz"),
        read_doscar(RELAXED / "DOSCAR.relax1.gz", nsw=99),
    )


def test_both_files_of_gaas_agree_in_everything(
    gaas: tuple[DensityOfStates, DensityOfStates],
) -> None:
    vasprun, doscar = gaas
    assert vasprun.efermi == doscar.efermi == 4.0261044
    assert vasprun.orbitals == doscar.orbitals == ORBITALS
    assert vasprun.projected.shape == doscar.projected.shape == (2, 9, 2, 301)
    # DOSCAR has four digits, and energies to 0.001 eV.
    assert np.abs(vasprun.energies - doscar.energies).max() < 6e-4
    for name in ("total", "integrated", "projected"):
        one, other = getattr(vasprun, name), getattr(doscar, name)
        assert np.allclose(one, other, rtol=5e-4, atol=6e-4), name


def test_the_sites_of_a_relaxation_agree_and_its_total_is_the_sum_of_99_steps(
    relaxed: tuple[DensityOfStates, DensityOfStates],
) -> None:
    vasprun, doscar = relaxed
    assert vasprun.nsw == doscar.nsw == 99
    assert len(vasprun.projected) == 21
    assert np.abs(vasprun.projected - doscar.projected).max() < 6e-4
    high = doscar.total > 0.05
    assert vasprun.total[high] / doscar.total[high] == pytest.approx(99, rel=0.01)


def test_gaas_integrates_to_its_electrons_and_ends_at_its_vbm(
    gaas: tuple[DensityOfStates, DensityOfStates],
) -> None:
    vasprun, doscar = gaas
    assert vasprun.nelect == 18
    assert vasprun.electrons == pytest.approx(18, abs=1e-3)
    assert doscar.electrons == pytest.approx(18, abs=0.01)
    assert vasprun.vbm == pytest.approx(3.9533)
    # without eigenvalues the edge is known to half a grid step (0.113 eV)
    assert doscar.vbm is None
    assert doscar.occupied_edge == pytest.approx(3.9533, abs=vasprun.step)


def made_up(first: float) -> DensityOfStates:
    total = np.array([[first, *[0.4, 0.2, 0.3, 0.4] * 3]])
    return DensityOfStates(
        energies=np.arange(13.0),
        total=total,
        integrated=total.cumsum(axis=1),
        projected=np.ones((2, 9, 1, 13)),
        orbitals=ORBITALS,
        efermi=6.0,
        nsw=0,
    )


def test_a_first_point_with_all_states_below_it_is_dropped() -> None:
    # limit 5 * max(0.4, 0.2, 0.3, ...) = 2
    assert made_up(2.0).without_first_point().energies[0] == 0
    dropped = made_up(2.1).without_first_point()
    assert dropped.energies[0] == 1
    assert dropped.projected.shape == (2, 9, 1, 12)
    assert dropped.total.shape == dropped.integrated.shape == (1, 12)


def small(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "DOSCAR"
    path.write_text("   1   1   1   0\n v\n 1E-4\n  CAR\n name\n" + text)
    return path


HEAD = "  1.0  -1.0  2  0.5  1.0\n"


def test_an_exponent_without_its_e_is_read(tmp_path: Path) -> None:
    rows = " -1.0 0.1234-100 0.1\n 1.0 0.5E+00 0.2\n"
    found = read_doscar(small(tmp_path, HEAD + rows), nsw=0)
    assert found.total.tolist() == [[0.1234e-100, 0.5]]
    assert found.projected.shape[0] == 0
    assert (found.efermi, found.orbitals) == (0.5, ())


def test_spins_and_orbitals_alternate_along_a_row(tmp_path: Path) -> None:
    total = HEAD + " -1.0 1 2 3 4\n 1.0 5 6 7 8\n"
    site = HEAD + "".join(
        f" {e} " + " ".join(str(start + k) for k in range(18)) + "\n"
        for e, start in ((-1.0, 0), (1.0, 100))
    )
    found = read_doscar(small(tmp_path, total + site), nsw=0)
    assert found.total.tolist() == [[1, 5], [2, 6]]
    assert found.integrated.tolist() == [[3, 7], [4, 8]]
    dxy = ORBITALS.index("dxy")  # fifth orbital: columns 8 (up) and 9 (down)
    assert found.projected[0, dxy].tolist() == [[8, 108], [9, 109]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + " -1.0 1 1\n", "cut after 1 of 2 rows"),
        ("", "not a DOSCAR"),
        (HEAD + " -1.0 1\n 1.0 1\n", "2 columns in the total"),
        (
            HEAD + " -1.0 1 1\n 1.0 1 1\n" + HEAD + " -1.0 1 1 1\n 1.0 1 1 1\n",
            "3 columns at a site, not 9",
        ),
    ],
)
def test_what_is_no_doscar_of_ours_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read_doscar(small(tmp_path, text), nsw=0)


@pytest.mark.parametrize("part", [0.05, 0.5, 0.97])
def test_a_cut_doscar_is_refused(tmp_path: Path, part: float) -> None:
    whole = gzip.decompress((GAAS / "DOSCAR.gz").read_bytes())
    path = tmp_path / "DOSCAR"
    path.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(ValueError, match=r"DOSCAR: (not|cut|\d+ columns)"):
        read_doscar(path, nsw=0)
