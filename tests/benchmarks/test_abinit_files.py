"""ABINIT's files on a real run: NiO of ``benchmarks/second_opinion.py``."""

from __future__ import annotations

import gzip
import random

import pytest
from abinit_files import (
    AbinitError,
    Output,
    read_abinit,
    read_gap,
    valence_of,
    write_abinit,
)
from second_opinion_points import NIO, cases

from tests.places import DATA

REAL = DATA / "second_opinion" / "NiO"
VALENCE = {"Li": 1.0, "O": 6.0, "Mn": 15.0, "Ni": 16.0}
ENDS = "At SCF step"


@pytest.fixture(scope="module")
def text() -> str:
    return gzip.decompress((REAL / "run.abo.gz").read_bytes()).decode()


@pytest.fixture(scope="module")
def levels() -> str:
    return (REAL / "runo_DS2_EIG").read_text("utf-8")


def test_the_input_is_that_of_the_real_run_to_the_letter() -> None:
    case = cases()["NiO"]
    written = write_abinit(case.point, VALENCE, case.abinit, case.fine)
    assert written == (REAL / "run.abi").read_text("utf-8")


def test_the_moment_that_is_held_first_is_let_free_in_the_end() -> None:
    point = cases()["LNMO"].point
    lines = write_abinit(point, VALENCE, 700, 2000).splitlines()
    assert "spinmagntarget1 7" in lines
    assert "spinmagntarget2 -99.99  # free" in lines


def test_u_stands_on_the_metals_alone() -> None:
    lines = write_abinit(cases()["LNMO"].point, VALENCE, 700, 2000).splitlines()
    assert 'pseudos "Li.PBE.xml, Ni.PBE.xml, Mn.PBE.xml, O.PBE.xml"' in lines
    assert "lpawu -1 2 2 -1" in lines
    assert "upawu 0 4.5 5.96 0 eV" in lines


def test_the_majority_spin_has_empty_bands() -> None:
    lines = write_abinit(NIO, VALENCE, 900, 2000).splitlines()
    assert "nband 24" in lines  # 12 of 22 electrons, and 12 empty


def test_the_output_of_the_free_moments_is_read_whole(text: str) -> None:
    assert read_abinit(text) == Output(
        version="9.6.2",
        iterations=5,
        energy=pytest.approx(-3942.0315364, abs=1e-7),
        total_moment=1.99999954,
        moments=(1.726983, 0.241652),
        radii=(2.28, 1.3),
        d_moments={0: pytest.approx(1.72975)},
        pressure=pytest.approx(21.953, abs=1e-3),
        cpu_seconds=15.7,
    )


def test_pressure_has_the_sign_and_the_size_that_abinit_prints(text: str) -> None:
    printed = text.rpartition("[Pressure=")[2].split()[0]
    assert read_abinit(text).pressure == pytest.approx(float(printed), abs=1e-3)


def test_a_cut_output_gives_no_number(text: str) -> None:
    end = text.index("Calculation completed.")
    chance = random.Random(1)
    for place in [0, 1, end - 1, *(chance.randrange(end) for _ in range(40))]:
        with pytest.raises(AbinitError):
            read_abinit(text[:place])


def test_a_second_data_set_that_did_not_converge_gives_no_number(text: str) -> None:
    first, _, rest = text.rpartition(ENDS)
    assert ENDS in first  # the first data set converged
    with pytest.raises(AbinitError, match="did not converge"):
        read_abinit(first + "At last step" + rest)


def test_the_held_moment_alone_gives_no_number(text: str) -> None:
    held = text.partition("== DATASET  2 ")[0] + "\nCalculation completed.\n"
    with pytest.raises(AbinitError, match="no second data set"):
        read_abinit(held)


@pytest.mark.parametrize(
    "lost", ["Magnetization (Bohr", "cartesian_stress_tensor", "atomic spheres:"]
)
def test_a_missing_number_is_an_error_and_never_that_of_the_first_data_set(
    text: str, lost: str
) -> None:
    first, mark, second = text.partition("== DATASET  2 ")
    assert lost in first
    with pytest.raises(AbinitError):
        read_abinit(first + mark + second.replace(lost, "nothing"))


def test_the_gap_is_between_the_spins_and_the_k_points(levels: str) -> None:
    # Highest filled 0.20536 (up), lowest empty 0.25897 hartree (down).
    assert read_gap(levels) == pytest.approx(1.4588, abs=1e-4)


def test_a_band_that_crosses_the_fermi_level_makes_a_metal(levels: str) -> None:
    assert read_gap(levels.replace("0.23344", "0.20000")) == 0.0


def test_levels_that_are_all_filled_are_refused(levels: str) -> None:
    with pytest.raises(AbinitError, match="Fermi level"):
        read_gap(levels.replace("0.23344", "9.00000"))


def test_valence_is_read_from_the_data_set() -> None:
    line = '<atom symbol="Ni" Z="28" core="12" valence="16"/>'
    assert valence_of(line) == 16.0
    with pytest.raises(AbinitError):
        valence_of('<atom symbol="Ni" Z="28"/>')
