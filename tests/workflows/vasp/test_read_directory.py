"""Odd directories: whatever lies there, the linter reads what it can and says so."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.places import DATA
from workflows.checks.rules import check, find_runs, read_run
from workflows.vasp.directory import VaspDirectory
from workflows.vasp.incar_text import read_incar
from workflows.vasp.packed import ZEROS
from workflows.vasp.parts import Block
from workflows.vasp.poscar import read_poscar
from workflows.vasp.potcar_heads import read_potcar_spec, read_potentials

POSCAR = "cell\n1.0\n4 0 0\n0 4 0\n0 0 4\n{}\nDirect\n0 0 0\n0.5 0.5 0.5\n0 0 0.5\n"


def read(directory: Path) -> VaspDirectory:
    (run,) = find_runs(directory)
    return read_run(run)


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("encut = 520 ! eV\n# ISPIN = 1\nIspin=2", {"ENCUT": "520", "ISPIN": "2"}),
        ("ISMEAR = 0; SIGMA = 0.05", {"ISMEAR": "0", "SIGMA": "0.05"}),
        ("MAGMOM = 2*0 \\\n 4*5 \\  \n 8*0\nNSW=0", {"MAGMOM": "2*0   4*5   8*0"}),
        (
            'SYSTEM = a = b\nWIN = "x = 1\ny; z"',
            {"SYSTEM": "a = b", "WIN": '"x = 1 y; z"'},
        ),
        ("ENCUT = 520\nENCUT = 400", {"ENCUT": "520"}),
        ("Title\n\n = 3\n", {"": "3"}),
    ],
)
def test_an_incar_is_read_as_vasp_reads_it(text: str, tags: dict[str, str]) -> None:
    found = read_incar(text).tags
    assert {tag: found.get(tag) for tag in tags} == tags


@pytest.mark.parametrize(
    ("value", "numbers"),
    [
        ("2*0 1*-2 3*4.0", (0, 0, -2, 4, 4, 4)),
        ("2*3*-1", (-1,) * 6),
        ("1e-5 2D-3 .5 +1", (1e-5, 2e-3, 0.5, 1)),
        ("520 eV of cutoff 3", (520,)),
        ("{'Mn': 5}", ()),
        ("999999999*1", ()),
        ("3* 0.6", ()),
    ],
)
def test_numbers_are_written_out(value: str, numbers: tuple[float, ...]) -> None:
    assert read_incar(f"X = {value}").numbers("X") == numbers


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading_of_an_incar(text: str) -> None:
    incar = read_incar(text)
    for tag in incar.tags:
        incar.numbers(tag)
        incar.flag(tag)
        incar.word(tag)


@pytest.mark.parametrize(
    ("species", "blocks"),
    [
        ("Mn Mn O\n1 1 1", (("Mn", 1), ("Mn", 1), ("O", 1))),
        ("Mn_pv/1f3e O\n1 2", (("Mn", 1), ("O", 2))),
        ("1 2", ()),
    ],
)
def test_species_blocks_stay_apart(
    species: str, blocks: tuple[tuple[str, int], ...]
) -> None:
    cell = read_poscar(POSCAR.format(species))
    assert tuple(zip(cell.symbols, cell.counts, strict=False)) == blocks


def test_a_cartesian_cell_of_given_volume() -> None:
    text = POSCAR.format("Mn O\n1 2").replace("1.0", "-512", 1)
    cell = read_poscar(text.replace("Direct", "Cartesian").replace("0.5", "2.0"))
    assert cell.lattice[1] == pytest.approx((0, 8, 0))
    assert cell.positions[1] == pytest.approx((0.5, 0.5, 0.5))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("POSCAR", b"", "empty"),
        ("POSCAR", b"cell\n1.0\n4 0 0\n", "cut: it stops before the positions"),
        ("POSCAR", POSCAR.format("Mn O\n1 5").encode(), "cut: 3 positions for 6 atoms"),
        ("POSCAR", POSCAR.format("Mn O\n3").encode(), "2 symbols and 1 count"),
        ("POSCAR", b"\x00\x01" * 50, ZEROS.format(place=0)),
        ("POSCAR", POSCAR.replace("4 0 0", "0 0 0").format("Mn O\n1 2").encode(),
         "the lattice vectors span no volume"),
        ("KPOINTS", b"mesh\n0\nGamma\n0 3 3\n", "mesh 0 3 3"),
        ("KPOINTS", b"mesh\n", None),
        ("POTCAR", b"nothing\n", "no POTCAR: it has no TITEL"),
        ("POTCAR.spec", b"[{]", None),
        ("OUTCAR", b"hello\n", "no OUTCAR of VASP (its first lines name no version)"),
        ("vasprun.xml", b"<html></html>", "no vasprun.xml: nothing of VASP in it"),
        ("INCAR.gz", b"\x1f\x8b\x08 not gzip", None),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_with_its_reason(
    tmp_path: Path, name: str, content: bytes, reason: str | None
) -> None:
    (tmp_path / "INCAR").write_text("ENCUT = 520\n")
    if name == "INCAR.gz":
        (tmp_path / "INCAR").unlink()
    (tmp_path / name).write_bytes(content)
    run = read(tmp_path)
    assert set(run.unreadable) == {name}
    assert reason is None or run.unreadable[name] == reason
    assert "unreadable-file" in {finding.id for finding in check(run)}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "INCAR").write_text("ENCUT = 520\n")
    (tmp_path / "INCAR").chmod(0)
    assert read(tmp_path).unreadable == {"INCAR": "Permission denied"}


@pytest.mark.parametrize("part", [0.02, 0.1, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("name", ["OUTCAR", "vasprun.xml"])
def test_a_cut_output_is_read_as_far_as_it_goes(
    tmp_path: Path, name: str, part: float
) -> None:
    packed = DATA / "MgMn2O4_static_antiferromagnetic" / f"{name}.gz"
    text = gzip.decompress(packed.read_bytes())
    (tmp_path / name).write_bytes(text[: int(part * len(text))])
    run = read(tmp_path)
    assert run.unreadable == {}
    assert [f for f in check(run) if f.severity == "error"] == []


def test_vasprun_alone_tells_what_was_asked_and_of_what(tmp_path: Path) -> None:
    run = read(DATA / "LiVO3_U_on_lithium")
    assert (run.incar_from, run.potentials_from) == ("vasprun.xml", "vasprun.xml")
    assert run.blocks == (Block("V", 8), Block("Li", 8), Block("O", 24))
    assert run.mesh is not None
    assert (run.mesh.style, run.mesh.divisions) == ("gamma", (2, 3, 4))
    assert run.spacing == pytest.approx(0.329, abs=1e-3)


def test_an_element_in_two_blocks_of_vasprun_keeps_both_entries(tmp_path: Path) -> None:
    packed = (DATA / "LiVO3_U_on_lithium" / "vasprun.xml.gz").read_bytes()
    text = gzip.decompress(packed).decode()
    row = next(line for line in text.splitlines() if "<rc><c>   8</c><c>V" in line)
    split = row.replace("8</c>", "2</c>") + "\n" + row.replace("8</c>", "6</c>")
    for old, new in (
        (row, split),
        ("     0     2     0</v>", "     2     2    -1    -1</v>"),
        ("0.00000000      3.25000000      0.00000000</v>", "3.25 4.25 0.0 0.0</v>"),
        ('"LDAUJ">      0.00000000', '"LDAUJ">  0.0  0.00000000'),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    (tmp_path / "vasprun.xml").write_text(text)
    run = read(tmp_path)
    assert [(b.element, b.count) for b in run.blocks] == [
        *(("V", 2), ("V", 6), ("Li", 8), ("O", 24)),
    ]
    assert [entry.u for entry in run.corrections] == [3.25, 4.25, 0, 0]
    found = {finding.id for finding in check(run)}
    assert "u-differs-within-element" in found
    assert not {"u-on-non-metal", "metal-without-u", "ldau-count"} & found


def test_an_old_outcar_alone_tells_what_was_applied(tmp_path: Path) -> None:
    source = DATA / "LiAlSiO4_vasp5" / "OUTCAR.gz"
    (tmp_path / "OUTCAR.gz").write_bytes(source.read_bytes())
    run = read(tmp_path)
    assert not run.asked
    assert run.incar.number("ENCUT", 0) == 520
    assert {f.id for f in check(run)} == {"nothing-asked", "encut-pulay"}


def test_a_run_that_has_just_begun_is_judged_by_its_inputs(tmp_path: Path) -> None:
    (tmp_path / "INCAR").write_text("ENCUT = 520\n")
    (tmp_path / "OUTCAR").touch()
    (tmp_path / "vasprun.xml").touch()
    run = read(tmp_path)
    assert (run.files, run.finished, run.unreadable) == (("INCAR",), False, {})


def test_a_charged_run_whose_inputs_are_lost_is_told_as_charged(tmp_path: Path) -> None:
    packed = (DATA / "LiAlSiO4_vasp5" / "OUTCAR.gz").read_bytes()
    text = gzip.decompress(packed).decode()
    text = text.replace("NELECT =     102.0000", "NELECT =     101.0000")
    (tmp_path / "OUTCAR").write_text(text)
    findings = {f.id: f.message for f in check(read(tmp_path))}
    assert findings["nelect-set"] == "OUTCAR ran 101 electrons; neutral is 102"
    assert "applied-electrons" not in findings


def test_runs_are_found_below_and_beside_each_other(tmp_path: Path) -> None:
    for name in (
        *("x1/relax/INCAR", "x1/static/OUTCAR.gz", "x2/vasprun.xml", "x3/POSCAR"),
        *("two/INCAR.relax1.gz", "two/INCAR.relax2.gz", "two/INCAR.orig", ".git/INCAR"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "x1" / "loop").symlink_to(tmp_path)
    (tmp_path / ".scratch").mkdir()
    (tmp_path / ".scratch" / "INCAR").touch()
    (tmp_path / "x9").symlink_to(tmp_path / ".scratch")
    names = [str(Path(r.name).relative_to(tmp_path)) for r in find_runs(tmp_path)]
    assert names == ["two relax1", "two relax2", "x1/relax", "x1/static", "x2", "x9"]


def test_the_plain_file_is_read_where_a_packed_one_lies_beside_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "INCAR").write_text("ENCUT = 520\n")
    (tmp_path / "INCAR.gz").write_bytes(gzip.compress(b"ENCUT = 400\n"))
    run = read(tmp_path)
    assert (run.files, run.incar.tags) == (("INCAR",), {"ENCUT": "520"})


@pytest.mark.parametrize(
    "text",
    [
        "Li_sv\nMn_pv\n",
        "PBE_54\nLi_sv\nMn_pv  # sha256 1f\n",
        "PAW_PBE Li_sv 10Sep2004\nPAW_PBE Mn_pv 02Aug2007\n",
        '[{"titel": "PAW_PBE Li_sv 10Sep2004"}, {"titel": "PAW_PBE Mn_pv 02Aug2007"}]',
    ],
)
def test_every_form_of_potcar_spec(text: str) -> None:
    assert [p.symbol for p in read_potcar_spec(text)] == ["Li_sv", "Mn_pv"]


def test_atoms_that_overlap_leave_the_k_points_uncounted(tmp_path: Path) -> None:
    (tmp_path / "INCAR").write_text("ENCUT = 520\nISMEAR = -5\n")
    (tmp_path / "KPOINTS").write_text("mesh\n0\nGamma\n2 2 2\n")
    text = POSCAR.format("Mn O\n1 2").replace("0.5 0.5 0.5", "0 0 0.5")
    (tmp_path / "POSCAR").write_text(text)
    assert read(tmp_path).irreducible is None


def test_irreducible_points_follow_symmetry_and_moments(tmp_path: Path) -> None:
    (tmp_path / "KPOINTS").write_text("mesh\n0\nGamma\n3 3 3\n")
    cube = "Mn\n1\nDirect\n0 0 0\n"
    (tmp_path / "POSCAR").write_text("cell\n1\n4 0 0\n0 4 0\n0 0 4\n" + cube)
    counts = {}
    for isym in ("2", "0", "-1"):
        (tmp_path / "INCAR").write_text(f"ISMEAR = -5\nISYM = {isym}\n")
        counts[isym] = read(tmp_path).irreducible
    assert counts == {"2": 4, "0": 14, "-1": 27}


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("Mg\nMn_pv\nO\n", ["Mg", "Mn_pv", "O"]),
        ("PBE_54\nMg Mn_pv O\n", ["Mg", "Mn_pv", "O"]),
        ("PAW_PBE Mn_pv 02Aug2007\nPAW_PBE O 08Apr2002\n", ["Mn_pv", "O"]),
        ('[{"titel": "PAW_PBE Ni_pv 06Sep2000"}]', ["Ni_pv"]),
        ("   TITEL  = PAW_PBE Li_sv 10Sep2004\n   ZVAL = 3.0\n", ["Li_sv"]),
        ("[{]", []),
    ],
)
def test_potentials_are_read_from_a_potcar_or_what_stands_for_it(
    tmp_path: Path, text: str, symbols: list[str]
) -> None:
    (tmp_path / "POTCAR").write_text(text, "utf-8")
    found = read_potentials(tmp_path / "POTCAR")
    assert [potential.symbol for potential in found] == symbols
