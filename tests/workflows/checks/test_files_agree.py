"""Inputs that lie beside a finished run and are not the ones that ran."""

from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path

import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.io.vasp import Kpoints

from tests.places import DATA
from workflows import parse_run
from workflows.checks.kpoints_as_run import mesh_difference
from workflows.records.document import State
from workflows.vasp.equality import same_value
from workflows.vasp.run_files import run_of
from workflows.vasp.vasprun import open_vasprun


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A ferromagnetic spinel, one static step on the mesh 4 4 4 from Gamma."""
    for packed in (DATA / "MgMn2O4_static_ferromagnetic").glob("*.gz"):
        content = gzip.decompress(packed.read_bytes())
        (tmp_path / packed.stem).write_bytes(content)
    return tmp_path


def reason(directory: Path) -> str:
    document = parse_run(directory)
    assert document.state is State.NEEDS_REVIEW
    assert document.energy is not None
    return document.reason


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("NUPDOWN = 4", "NUPDOWN 4.0 against -1.0"),
        ("METAGGA = R2SCAN", "METAGGA R2scan against --"),
        ("NELECT = 90", "NELECT 90.0 against 104.0"),
        ("ICHARG = 11", "ICHARG 11 against 2"),
        ("ISIF = 3", "ISIF 3 against 2"),
        ("EDIFFG = -0.01", "EDIFFG -0.01 against 1e-06"),
        ("LHFCALC = .TRUE.", "LHFCALC True against False"),
    ],
)
def test_a_tag_written_into_incar_after_the_run_is_seen(
    run: Path, line: str, told: str
) -> None:
    with (run / "INCAR").open("a") as incar:
        incar.write(f"\n{line}\n")
    assert told in reason(run)


def test_tags_that_only_say_what_ran_anyway_change_nothing(run: Path) -> None:
    with (run / "INCAR").open("a") as incar:
        incar.write("\nNELECT = 104\nICHARG = 2\nMETAGGA = None\nNUPDOWN = -1\n")
        incar.write("NCORE = 8\nNBANDS = 80\nNGX = 50\nIVDW = 0\n")
    assert parse_run(run).state is State.DONE


def test_two_numbers_below_any_absolute_tolerance_differ() -> None:
    assert not same_value(1e-8, 1e-9)
    assert not same_value(1e-9, 1e-8)
    assert same_value(1e-9, 1.000001e-9)
    assert same_value(0.0, 0.0)


def test_an_ediff_below_the_decimals_of_vasprun_is_no_change(run: Path) -> None:
    for name, pattern, new in (
        ("INCAR", r"EDIFF = \S+", "EDIFF = 1e-09"),
        ("vasprun.xml", r'(name="EDIFF">) *\S+<', r"\g<1>      0.00000000<"),
        ("OUTCAR", r"(EDIFF *=) *\S+", r"\g<1> 0.1E-08"),
    ):
        path = run / name
        changed, times = re.subn(pattern, new, path.read_text("utf-8"))
        assert times
        path.write_text(changed, "utf-8")
    assert parse_run(run).state is State.DONE


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mp\n0\nMonkhorst\n4 4 4\n", "4 4 4 (Monkhorst) off the one in vasprun.xml"),
        ("shift\n0\nGamma\n4 4 4\n0.5 0 0\n", "by 0.5 0 0 of a step"),
        ("other\n0\nGamma\n4 4 3\n", "has the mesh 4 4 3 and vasprun.xml 4 4 4"),
        ("lines\n20\nLine\nrec\n0 0 0\n0.5 0 0\n", "has points along lines and"),
        ("auto\n0\nAuto\n50\n", "automatic mesh of length 50 and vasprun.xml has"),
        ("one\n1\nrec\n0 0 0 1\n", "a list of 1 point and vasprun.xml the mesh"),
    ],
)
def test_other_k_points_than_those_that_ran_are_seen(
    run: Path, text: str, told: str
) -> None:
    (run / "KPOINTS").write_text(text, "utf-8")
    assert told in reason(run)


@pytest.mark.parametrize(
    "text", ["mp\n0\nMonkhorst\n4 4 4\n0.5 0.5 0.5\n", "auto\n0\nAuto\n20\n"]
)
def test_the_same_points_in_other_words_are_no_other_points(
    run: Path, text: str
) -> None:
    (run / "KPOINTS").write_text(text, "utf-8")
    assert parse_run(run).state is State.DONE


def test_monkhorst_along_odd_divisions_is_the_mesh_from_gamma() -> None:
    cell = Structure(Lattice.cubic(4), ["O"], [[0, 0, 0]])
    gamma = Kpoints.gamma_automatic((3, 3, 5))
    assert mesh_difference(Kpoints.monkhorst_automatic((3, 3, 5)), gamma, cell) == ""


@pytest.mark.filterwarnings("ignore:Please use INCAR KSPACING")
@pytest.mark.parametrize(("length", "same"), [(10, True), (14, False)])
def test_a_length_is_rounded_to_divisions_as_vasp_rounds_it(
    length: int, same: bool
) -> None:
    files = run_of(DATA / "Li_metal_vasp5" / "vasprun_Li_no_projected.xml.gz")
    ran = open_vasprun(files, cut=False)  # of length 10, and the mesh 6 4 4
    asked = Kpoints.from_str(f"auto\n0\nAuto\n{length}\n")
    told = mesh_difference(asked, ran.kpoints, ran.structures[0])
    assert (told == "") is same


def test_lists_are_compared_point_by_point() -> None:
    points = [(0, 0, 0), (0.5, 0, 0)]
    listed = Kpoints(
        style=Kpoints.supported_modes.Reciprocal,
        num_kpts=2,
        kpts=points,
        kpts_weights=[1, 1],
    )
    other = Kpoints(
        style=Kpoints.supported_modes.Reciprocal,
        num_kpts=2,
        kpts=[(0, 0, 0), (0.4, 0, 0)],
        kpts_weights=[1, 1],
    )
    assert mesh_difference(listed, listed, None) == ""
    assert "other ones than vasprun.xml" in mesh_difference(other, listed, None)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("POTCAR.spec", "Fe\nCo\nO\n", "POTCAR.spec has Fe, Co, O, and the run read"),
        ("POTCAR.spec", "Mg\nMn\nO\n", "POTCAR.spec has Mg, Mn, O, and the run read"),
        ("POTCAR", "   TITEL  = PAW_PBE Mg 13Apr2007  \n", "POTCAR has PAW_PBE Mg 13"),
    ],
)
def test_potentials_that_did_not_run_are_seen(
    run: Path, name: str, text: str, told: str
) -> None:
    (run / name).write_text(text, "utf-8")
    assert told in reason(run)


@pytest.mark.parametrize(
    "text", ["Mg\nMn_pv\nO\n", "Mg_new\nMn_pv_new\nO_GW\n", "whatever this may be\n"]
)
def test_potentials_that_ran_by_any_name_are_no_finding(run: Path, text: str) -> None:
    (run / "POTCAR.spec").write_text(text, "utf-8")
    assert parse_run(run).state is State.DONE


@pytest.mark.parametrize(
    ("printed", "line"),
    [
        ('<i type="logical" name="LORBIT"> F  </i>', "LORBIT = 11"),
        ('<i type="int" name="LMIXTAU">    -1</i>', "LMIXTAU = .TRUE."),
        ('<i type="int" name="IWAVPR">    11</i>', "IWAVPR = 1"),
    ],
)
def test_what_vasp_prints_in_another_form_than_it_read_is_no_change(
    run: Path, printed: str, line: str
) -> None:
    tag = line.split()[0]
    for name, old, new in (
        ("INCAR", rf"(?m)^{tag} .*\n", ""),
        ("vasprun.xml", rf' *<i [^<]*name="{tag}">[^<]*</i>\n', ""),
        ("INCAR", r"\A", f"{line}\n"),
        ("vasprun.xml", "<incar>\n", f"<incar>\n  {printed}\n"),
    ):
        text = (run / name).read_text("utf-8")
        (run / name).write_text(re.sub(old, new, text, count=1), "utf-8")
    document = parse_run(run)
    assert document.state is State.DONE, document.reason


def test_a_default_prec_that_vasp_prints_unasked_is_no_change(run: Path) -> None:
    for name, old, new in (
        ("INCAR", r"(?m)^PREC.*\n", ""),
        ("vasprun.xml", r'(name="PREC">) *\w+', r"\1normal"),
        ("OUTCAR", r"PREC   = \w+", "PREC   = normal"),
    ):
        text = (run / name).read_text("utf-8")
        (run / name).write_text(re.sub(old, new, text), "utf-8")
    document = parse_run(run)
    assert document.state is State.DONE, document.reason


def test_of_a_tag_given_twice_the_first_ran(run: Path) -> None:
    with (run / "INCAR").open("a") as incar:
        incar.write("\nSIGMA = 0.9\n")
    document = parse_run(run)
    assert document.state is State.DONE, document.reason


def test_comments_in_kpoints_are_read_over(run: Path) -> None:
    text = "mesh\n0 # automatic\nGamma ! style\n4 4 4 # divisions\n0 0 0 # shift\n"
    (run / "KPOINTS").write_text(text, "utf-8")
    document = parse_run(run)
    assert document.state is State.DONE, document.reason


def test_a_poscar_of_vasp_4_leaves_the_elements_to_potcar(run: Path) -> None:
    lines = (run / "POSCAR").read_text("utf-8").splitlines(keepends=True)
    rows = [" ".join(line.split()[:3]) + "\n" for line in lines[8:]]
    (run / "POSCAR").write_text("".join(["?\n", *lines[1:5], *lines[6:8], *rows]))
    document = parse_run(run)
    assert document.state is State.DONE, document.reason


def test_a_poscar_of_another_run_is_no_contcar_that_is_not_there(run: Path) -> None:
    (run / "CONTCAR").unlink(missing_ok=True)
    text = (run / "POSCAR").read_text("utf-8").splitlines()
    text[1] = "1.01"
    (run / "POSCAR").write_text("\n".join(text) + "\n", "utf-8")
    assert reason(run).endswith("is not the structure that vasprun.xml starts from")


def test_a_doscar_of_another_run_is_named(tmp_path: Path) -> None:
    place = Path(shutil.copytree(DATA / "GaAs_all_files", tmp_path / "run"))
    own = place / "DOSCAR.gz"
    text = gzip.decompress(own.read_bytes()).decode()
    own.write_bytes(gzip.compress(text.replace("4.02610440", "4.12610440").encode()))
    document = parse_run(place)
    assert document.state is State.NEEDS_REVIEW
    told = "DOSCAR has the Fermi level 4.1261 eV and the run 4.0261 eV"
    assert document.reason.startswith(told)
    shutil.copy(DATA / "LiAlSiO4_relax1_relax2" / "DOSCAR.relax1.gz", own)
    document = parse_run(place)
    assert document.state is State.NEEDS_REVIEW
    assert document.reason.startswith("DOSCAR is of 21 atoms and the run of 2")


@pytest.mark.parametrize("file", ["OUTCAR", "vasprun.xml"])
def test_a_fermi_level_of_another_run_is_seen(run: Path, file: str) -> None:
    path = run / file
    pattern = {"OUTCAR": r"(E-fermi *: *)\S+", "vasprun.xml": r'(name="efermi">)[^<]*'}
    text, n = re.subn(pattern[file], r"\g<1> 1.2345 ", path.read_text("latin-1"))
    assert n
    path.write_text(text, "latin-1")
    assert "Fermi level of" in reason(run)
