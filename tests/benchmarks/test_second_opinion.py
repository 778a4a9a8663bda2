"""The comparison with a second code: computed, never said by hand."""

from __future__ import annotations

import copy
import hashlib
import math
from typing import Any

import pytest
from abinit_files import write_abinit
from second_opinion_page import section, why
from second_opinion_points import (
    NIO,
    STRAIN,
    cases,
    document,
    lnmo,
    recorded,
    strained,
    volume,
)
from second_opinion_table import (
    EV_PER_A3,
    Row,
    by_differences,
    comparison,
    mean,
    read_kept,
)

from tests.places import TOP

VALENCE = {"Li": 1.0, "O": 6.0, "Mn": 15.0, "Ni": 16.0}


@pytest.fixture
def kept() -> dict[str, Any]:
    return copy.deepcopy(read_kept())


@pytest.mark.parametrize(
    ("abinit", "agrees"),
    [(1.05, True), (0.95, True), (1.0501, False), (0.9499, False), (math.nan, False)],
)
def test_two_numbers_agree_within_what_is_allowed_and_not_beyond(
    abinit: float, agrees: bool
) -> None:
    assert Row("m", 1.0, abinit, 0.05 + 1e-12, "muB").agrees is agrees


def test_the_pressure_by_differences_is_that_of_the_energies() -> None:
    cells = {n: volume(strained(NIO, s)) for n, s in (("small", -1), ("large", 1))}
    runs = {
        f"NiO-{n}": {"volume": v, "gpaw": {"energy": 3.0 - 20.0 / EV_PER_A3 * v}}
        for n, v in cells.items()
    }
    assert by_differences(runs, "gpaw") == pytest.approx(20.0)


def test_a_strained_cell_keeps_all_but_its_lengths() -> None:
    large = strained(NIO, STRAIN)
    assert volume(large) == pytest.approx(volume(NIO) * (1 + STRAIN) ** 3)
    assert (large.positions, large.moments) == (NIO.positions, NIO.moments)


def test_the_cell_of_lnmo_is_that_of_the_record() -> None:
    record = document()
    point = lnmo(record)
    from pymatgen.core import Lattice, Structure

    given = record["structure"]
    then = Structure(Lattice(given["lattice"]), given["species"], given["frac_coords"])
    now = Structure(Lattice(point.cell), point.symbols, point.positions)
    assert abs(then.distance_matrix - now.distance_matrix).max() < 1e-5
    assert point.hubbards == {"Ni": 4.5, "Mn": 5.96}
    assert (point.kpoints, point.centring, point.width) == ((2, 2, 2), "shifted", 0.05)


def test_the_pressure_of_the_basis_is_put_back_into_that_of_the_record() -> None:
    record = document()
    own = recorded(record)
    # 0.123 eV per O atom at 700 eV, 8 of them in 143.7 A^3.
    basis = 0.123 * 8 / 143.7 * EV_PER_A3
    taken = record["pressure_kbar"] / 10 - own["pressure"]
    assert taken == pytest.approx(basis, rel=1e-3)


def test_a_mean_is_of_one_element_and_signed() -> None:
    assert mean([-1.0, 2.0, 4.0], ["Ni", "Mn", "Mn"], "Mn") == 3.0
    assert mean([-1.0, 2.0, 4.0], ["Ni", "Mn", "Mn"], "Ni") == -1.0


def test_every_kept_run_is_of_the_input_that_is_written_now(
    kept: dict[str, Any],
) -> None:
    for name, run in kept["runs"].items():
        case = cases()[name]
        if "abinit" not in run:
            continue
        text = write_abinit(case.point, VALENCE, case.abinit, case.fine)
        digest = hashlib.sha256(text.encode()).hexdigest()
        assert digest == run["abinit"]["input_sha256"], name


def test_the_kept_data_sets_are_those_of_the_records(kept: dict[str, Any]) -> None:
    known = document()["settings"]["paw"]
    for element, md5 in kept["paw_md5"].items():
        assert known[element].split()[-1] == md5


def test_the_moments_of_the_codes_agree_in_nickel_oxide(kept: dict[str, Any]) -> None:
    rows = {r.quantity: r for r in next(iter(comparison(kept).values()))}
    assert rows["total moment"].agrees
    assert rows["moment of Ni"].agrees
    assert rows["gap"].agrees


def test_what_does_not_agree_is_named_in_the_section(kept: dict[str, Any]) -> None:
    kept["runs"]["NiO"]["abinit"]["total_moment"] = 0.0
    text = section(kept)
    assert "| total moment, μB | 2.000 | 0.000 | -2.000 | 0.01 | **no** |" in text
    assert "Not within what is allowed: total moment" in text


def test_a_cell_that_was_not_run_is_said_to_be_missing(kept: dict[str, Any]) -> None:
    kept["runs"].pop("LNMO", None)
    assert "x = 1 was not run with ABINIT yet." in section(kept)


def test_a_cause_is_named_only_if_it_was_computed(kept: dict[str, Any]) -> None:
    runs = kept["runs"]
    runs.pop("NiO-wide", None)
    assert "was not computed" in why(runs)
    runs["NiO-wide"] = copy.deepcopy({k: runs["NiO"][k] for k in ("u", "gpaw")})
    half = (by_differences(runs, "abinit") - by_differences(runs, "gpaw")) / 2
    runs["NiO-wide"]["gpaw"]["pressure"] += half
    assert "makes 50 % of the difference" in why(runs)


def test_the_command_prints_what_is_kept() -> None:
    import subprocess
    import sys

    command = [sys.executable, str(TOP / "benchmarks" / "second_opinion.py")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "ABINIT 9.6.2 against GPAW 26.7.0" in done.stdout
    assert "| pressure, stress, GPa |" in done.stdout
