"""What a cut relaxation goes on from: the last whole structure, never half of one."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymatgen.core import Structure
from pymatgen.io.vasp import Poscar

from tests.places import DATA
from workflows.campaign.calculation import Calculation
from workflows.engines.vasp.restart import last_moments, last_structure


@pytest.fixture(scope="module")
def start(calculations: tuple[Calculation, ...]) -> Structure:
    return calculations[0].structure


@pytest.fixture(scope="module")
def later(start: Structure) -> Structure:
    moved = start.copy()
    moved.apply_strain(0.01)
    moved.perturb(0.02, seed=1)
    return moved


def contcar(structure: Structure) -> str:
    """As VASP writes it, with the velocities that it appends."""
    text = Poscar(structure, sort_structure=False).get_str(significant_figures=16)
    rows = [line.rsplit(maxsplit=1)[0] for line in text.splitlines()[8:]]
    zeros = "  0.00000000E+00  0.00000000E+00  0.00000000E+00\n" * len(structure)
    head = "\n".join(text.splitlines()[:8])
    return f"{head}\n" + "\n".join(rows) + f"\n\n{zeros}"


def same(one: Structure, other: Structure) -> bool:
    return (
        one.species == other.species
        and bool(np.allclose(one.lattice.matrix, other.lattice.matrix, atol=1e-12))
        and bool(np.allclose(one.frac_coords, other.frac_coords, atol=1e-12))
    )


def test_a_whole_contcar_is_used_and_keeps_the_site_properties(
    start: Structure, later: Structure, tmp_path: Path
) -> None:
    (tmp_path / "CONTCAR").write_text(contcar(later))
    found = last_structure(tmp_path, start)
    assert same(found, later)
    assert found.site_properties == start.site_properties


@given(share=st.floats(0, 1))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_contcar_cut_anywhere_is_used_whole_or_not_at_all(
    share: float, start: Structure, later: Structure, tmp_path: Path
) -> None:
    text = contcar(later)
    (tmp_path / "CONTCAR").write_text(text[: int(share * len(text))])
    found = last_structure(tmp_path, start)
    assert same(found, later) or same(found, start)


@pytest.mark.parametrize("lost", [1, 2, 8, 15])
def test_a_contcar_cut_within_its_last_number_is_refused(
    lost: int, start: Structure, later: Structure, tmp_path: Path
) -> None:
    whole, _, _ = contcar(later).partition("\n\n")
    (tmp_path / "CONTCAR").write_text(whole[: len(whole) + 1 - lost])
    assert same(last_structure(tmp_path, start), start)


def nan(text: str) -> str:
    lines = text.splitlines()
    lines[9] = "  0.1  NaN  0.2"
    return "\n".join(lines)


def one_atom_less(text: str) -> str:
    counts = text.splitlines()[6]
    return text.replace(counts, counts.replace("32", "31"))


def other_order(text: str) -> str:
    names = text.splitlines()[5]
    return text.replace(names, " ".join(reversed(names.split())))


def atoms_on_one_another(text: str) -> str:
    lines = text.splitlines()
    lines[9] = lines[8]
    return "\n".join(lines) + "\n"


def exploded(text: str) -> str:
    lines = text.splitlines()
    lines[1] = "1.2"
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "spoil", [nan, one_atom_less, other_order, atoms_on_one_another, exploded]
)
def test_a_contcar_that_makes_no_sense_is_refused(
    spoil: object, start: Structure, later: Structure, tmp_path: Path
) -> None:
    assert callable(spoil)
    spoiled = spoil(contcar(later))
    assert spoiled != contcar(later)
    (tmp_path / "CONTCAR").write_text(spoiled)
    assert same(last_structure(tmp_path, start), start)


def test_without_a_contcar_the_last_structure_of_an_open_vasprun_is_used(
    start: Structure, later: Structure, tmp_path: Path
) -> None:
    def varray(name: str, rows: np.ndarray) -> str:
        lines = "".join(f"<v>{' '.join(map(repr, map(float, r)))}</v>" for r in rows)
        return f'<varray name="{name}">{lines}</varray>'

    def block(of: Structure) -> str:
        basis = varray("basis", of.lattice.matrix)
        positions = varray("positions", of.frac_coords)
        return f"<structure><crystal>{basis}</crystal>{positions}</structure>"

    text = f"<modeling>{block(start)}<calculation>{block(later)}<calculation>"
    (tmp_path / "vasprun.xml").write_text(text + block(start)[:200])
    assert same(last_structure(tmp_path, start), later)


def test_with_nothing_to_read_the_start_is_used(
    start: Structure, tmp_path: Path
) -> None:
    assert last_structure(tmp_path, start) is start
    assert last_moments(tmp_path, len(start)) is None


def test_moments_are_those_of_the_last_whole_table(tmp_path: Path) -> None:
    from pymatgen.io.vasp import Outcar

    source = DATA / "MgMn2O4_static_antiferromagnetic" / "OUTCAR.gz"
    expected = tuple(site["tot"] for site in Outcar(source).magnetization)
    shutil.copy(source, tmp_path)
    assert last_moments(tmp_path, len(expected)) == expected


def test_moments_of_a_table_that_was_cut_are_not_used(tmp_path: Path) -> None:
    table = (
        " magnetization (x)\n\n# of ion       s       p       d       tot\n"
        "------------------------------------------\n"
        "    1        0.010   0.020   3.100   3.130\n"
        "    2       -0.010  -0.020  -1.600  -1.630\n"
        "--------------------------------------------------\n"
        "tot          0.000   0.000   1.500   1.500\n"
    )
    outcar = tmp_path / "OUTCAR"
    outcar.write_text(table + table.replace("3.130", "9.999")[:-60])
    assert last_moments(tmp_path, 2) == (3.13, -1.63)


def test_moments_come_from_what_is_left_of_a_cut_gzip(tmp_path: Path) -> None:
    whole = (DATA / "MgMn2O4_relax_ferromagnetic" / "OUTCAR.gz").read_bytes()
    (tmp_path / "OUTCAR.gz").write_bytes(whole[: len(whole) * 9 // 10])
    found = last_moments(tmp_path, 14)
    assert found is not None
    assert sum(abs(m) > 3 for m in found) == 4
    (tmp_path / "OUTCAR.gz").write_bytes(whole[:30])
    assert last_moments(tmp_path, 14) is None
