"""Runs whose files have a rare form: their state is that of the run, not its form."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.places import DATA
from tests.runs import edited, ids, unpacked
from workflows.engines.parse_tree import parse_all
from workflows.engines.vasp import to_document
from workflows.engines.vasp.parse import parse_vasp
from workflows.records.document import State, TaskDocument
from workflows.vasp.file_ends import ENDS
from workflows.vasp.many_body import many_body_algorithm
from workflows.vasp.outcar_moments import last_whole, site_moments
from workflows.vasp.run_files import read_text, run_files

FORMS = DATA / "forms"
DONE, LOOSE, REVIEW = State.DONE, State.UNCONVERGED, State.NEEDS_REVIEW


def parsed(place: Path) -> TaskDocument:
    return parse_vasp(place)


def copied(row: str, tmp_path: Path) -> Path:
    return unpacked(f"forms/{row}", tmp_path)


@pytest.mark.parametrize(
    ("row", "state", "energy"),
    [
        ("vasp5-nelm/both", LOOSE, -6.50149),
        ("vasp5-nelm/outcar_only", LOOSE, -6.50149),
        ("vasp5-nelm/xml_only", LOOSE, -6.50149),
        ("noncollinear-moments/NiO_SOC", DONE, -19.60512),
        ("noncollinear-typeerror/run", DONE, -4.52549),
        ("dimer-nsw/dimer", LOOSE, -10.53702),
        ("dimer-nsw/as_relaxation", LOOSE, -10.53702),
        ("many-body/g0w0", DONE, None),
        ("many-body/g0w0_no_contcar", DONE, None),
        ("many-body/gw0", DONE, None),
        ("many-body/bse", DONE, None),
        ("hse-bands-nan/run", REVIEW, -12.56405),
        ("ml-md/train", DONE, -524.69016),
        ("ml-md/run_mode", DONE, -524.69016),
        ("algo-number/run", DONE, -47.14179),
        ("procar-lorbit12/run", DONE, -4.52549),
        ("xdatcar-old/run", DONE, -3.74459),
        ("ediffg0/run", DONE, -34.60164),
        ("string-tag-comment/run", DONE, -33.11398),
        ("vasp52-defaults/run", DONE, -10.84681),
        ("phon-tlist/run", DONE, -10.82654),
    ],
)
def test_the_state_is_that_of_the_run(
    row: str, state: State, energy: float | None
) -> None:
    document = parsed(FORMS / row)
    assert document.state is state, document.reason
    wanted = None if energy is None else pytest.approx(energy, abs=1e-5)
    assert document.energy == wanted


def test_vasp_5_says_ediff_is_reached_where_nelm_ended_the_cycle(
    tmp_path: Path,
) -> None:
    place = copied("vasp5-nelm/both", tmp_path)
    reason = parsed(place).reason
    assert "reached NELM = 8 (last change 4.8e-03 eV, EDIFF 1e-06)" in reason
    edited(place / "vasprun.xml", r'("EDIFF">) *0\.00000100', r"\1  0.00500000")
    edited(place / "OUTCAR", r"(\bEDIFF *= *)0\.1E-05", r"\g<1>0.5E-02")
    assert parsed(place).state is DONE, "its last step met EDIFF"


@pytest.mark.parametrize(
    ("algorithm", "state"),
    [("Exact", DONE), ("None", DONE), ("Eigenval", DONE), ("Fast", LOOSE)],
)
def test_a_run_asked_for_one_diagonalisation_has_no_cycle_to_converge(
    tmp_path: Path, algorithm: str, state: State
) -> None:
    place = copied("vasp5-nelm/xml_only", tmp_path)
    vasprun = place / "vasprun.xml"
    edited(vasprun, r'(name="NELM">) *8', r"\1 1")
    edited(vasprun, r'(name="ALGO">) *Fast', rf"\1 {algorithm}")
    text = vasprun.read_text("utf-8")
    first, *_, last = re.findall(r"<scstep>.*?</scstep>", text, re.DOTALL)
    start, end = text.index(first), text.index(last) + len(last)
    vasprun.write_text(text[:start] + last + text[end:], "utf-8")
    found = parsed(place)
    assert found.state is state
    told = [f.message for f in found.findings if f.id == "fixed_orbitals"]
    assert len(told) == (state is DONE)
    assert all(f"ALGO = {algorithm}: orbitals are taken as" in text for text in told)


@pytest.mark.parametrize(
    ("ibrion", "state"),
    [
        *((n, LOOSE) for n in (1, 2, 3, 40, 44)),
        *((n, DONE) for n in (-1, 5, 6, 11, 12)),
        *((n, REVIEW) for n in (4, 13, 99)),
    ],
)
def test_which_runs_ediffg_ends(tmp_path: Path, ibrion: int, state: State) -> None:
    place = copied("dimer-nsw/dimer", tmp_path)
    for name, pattern in (("vasprun.xml", 'IBRION">'), ("OUTCAR", r"IBRION = +")):
        edited(place / name, rf"({pattern} *)44", rf"\g<1>{ibrion}")
    assert parsed(place).state is state, parsed(place).reason


@pytest.mark.parametrize(
    "name",
    [
        "G0W0",
        "EVGW0",
        "evgw",
        "QPGW",
        "scGW0r",
        "GWR",
        "GW0RK",
        "CHI",
        "ACFDTR",
        "RPA",
        "CRPA",
        "BSE",
        "TDHF",
        "2E4W",
    ],
)
def test_runs_above_the_ground_state_are_known_by_name(
    tmp_path: Path, name: str
) -> None:
    place = copied("many-body/gw0", tmp_path)
    edited(place / "vasprun.xml", r'(name="ALGO">) *GW0', rf"\1 {name}")
    document = parsed(place)
    assert (document.state, document.energy) == (DONE, None), document.reason
    (told,) = (f for f in document.findings if f.id == "many_body")
    assert told.message.startswith(f"ALGO = {name.upper()}")
    assert "ALGO = Normal" not in f"{document.findings}{document.reason}"


@pytest.mark.parametrize("name", ["Normal", "Fast", "All", "Damped", "Conjugate", "38"])
def test_a_ground_state_has_no_such_name(tmp_path: Path, name: str) -> None:
    place = copied("many-body/gw0", tmp_path)
    edited(place / "vasprun.xml", r'(name="ALGO">) *GW0', rf"\1 {name}")
    (files,) = run_files(place)
    assert many_body_algorithm(files) == ""


def test_moments_of_a_noncollinear_run_are_vectors(tmp_path: Path) -> None:
    place = copied("noncollinear-moments/NiO_SOC", tmp_path)
    document = parsed(place)
    assert document.moment_vectors is not None
    assert document.moment_vectors[0] == (0.0, 0.0, 1.671)
    assert document.moment_vectors[1] == (0.0, 0.0, -1.671)
    assert document.magnetization == pytest.approx((1.671, 1.671, 0.0, 0.0))
    assert not document.moments_signed
    edited(place / "OUTCAR", r"magnetization \(y\)", "something else (y)")
    without = parsed(place)
    assert (without.magnetization, without.moment_vectors) == (None, None)
    assert "noncollinear_moments" in ids(without)


def test_a_canted_moment_has_its_length() -> None:
    tables = "".join(
        f" magnetization ({axis})\n \n# of ion     s       d       f       tot\n"
        f"--------\n  1  0.0  0.0  0.0  {value}\n--------\ntot  0.0 0.0 0.0 {value}\n"
        for axis, value in (("x", "1.000"), ("y", "-2.000"), ("z", "2.000"))
    )
    (found,) = site_moments(tables)
    assert (found.vectors, found.lengths) == (((1.0, -2.0, 2.0),), (3.0,))
    assert last_whole(tables) is None, "no single number tells a canted moment"


def test_every_reader_of_outcar_has_the_same_moments() -> None:
    text = read_text(DATA / "NiO_static" / "OUTCAR.gz")
    document = parsed(DATA / "NiO_static")
    assert document.magnetization == last_whole(text) == site_moments(text)[-1].along
    assert document.moment_vectors is None


def test_a_step_of_a_learned_force_field_is_no_dft() -> None:
    document = parsed(FORMS / "ml-md/run_mode")
    assert document.surrogate
    assert "learned_force_field" in ids(document)
    assert document.n_ionic_steps == 80


def test_what_nobody_asked_for_may_be_no_number(tmp_path: Path) -> None:
    place = copied("hse-bands-nan/run", tmp_path)
    document = parsed(place)
    assert (document.max_force, document.pressure_kbar) == (None, None)
    assert "look at the distances" not in document.reason
    for name, pattern in (("vasprun.xml", 'NSW">'), ("OUTCAR", r"NSW +=")):
        edited(place / name, rf"({pattern} *)0\b", r"\g<1>5")
    assert parsed(place).state is State.FAILED, "a relaxation needs its forces"


def test_a_relaxation_without_a_limit_takes_all_its_steps(tmp_path: Path) -> None:
    place = copied("ediffg0/run", tmp_path)
    assert "no_ionic_limit" in ids(parsed(place))
    edited(place / "vasprun.xml", r'(name="NSW">) *3', r"\1 4")
    assert parsed(place).state is LOOSE, "a step is missing"


@pytest.mark.parametrize(
    ("tag", "value", "state"),
    [
        ('<i type="logical" name="LNOTKNOWN">', " F ", DONE),
        ('<v name="EFIELD_OTHER">', " 0.0 0.0 0.0 ", DONE),
        ('<i type="int" name="NOTHER">', " -1 ", DONE),
        ('<i type="int" name="ISYM">', " 0 ", REVIEW),
        ('<i type="logical" name="LHFCALC">', " T ", REVIEW),
        ('<i name="HFSCREEN">', " 0.2 ", REVIEW),
    ],
)
def test_a_default_that_vasp_repeats_unasked_is_no_change(
    tmp_path: Path, tag: str, value: str, state: State
) -> None:
    place = copied("vasp52-defaults/run", tmp_path)
    line = f"{tag}{value}</{tag[1]}>\n </incar>"
    edited(place / "vasprun.xml", r" </incar>", line, count=1)
    assert parsed(place).state is state, parsed(place).reason


def test_a_list_is_repeated_as_far_as_it_is_used(tmp_path: Path) -> None:
    place = copied("phon-tlist/run", tmp_path)
    edited(place / "INCAR", r"PHON_TLIST = 0 100", "PHON_TLIST = 50 100")
    assert parsed(place).state is REVIEW, "the part that was used differs"


def test_a_word_is_compared_without_its_comment(tmp_path: Path) -> None:
    place = copied("string-tag-comment/run", tmp_path)
    edited(place / "INCAR", r"GGA += PE", "GGA = PS")
    assert "GGA Ps against Pe" in parsed(place).reason


def positions(number: int) -> str:
    return "  0.1  0.2  0.3\n" * number


NAMES = "   Fe   Cr" * 10
ONES = "   1   1" * 10
CELL = "title\n 1.0\n 9 0 0\n 0 9 0\n 0 0 9\n"
MANY = f"{CELL}{NAMES}\n   Fe\n{ONES}\n   3\nDirect\n{positions(23)}"
PHASES = "ion  s  tot\n 1 0 0\n 2 0 0\ntot 0 0\nion s\n 1 0\n 1 0\n 2 0\n 2 0\n"
SOC = "ion  s  tot\n" + 4 * " 1 0 0\n 2 0 0\ntot 0 0\n"


def procar(tables: str) -> str:
    bands = "".join(f"\nband {n} # energy 0 # occ. 1\n\n{tables}\n" for n in (1, 2, 3))
    head = "PROCAR lm\n# of k-points: 1   # of bands: 3   # of ions: 2\n"
    return f"{head}\n k-point 1 : 0 0 0 weight = 1\n{bands}"


WHOLE = {
    "CONTCAR": {
        "many blocks": MANY,
        "VASP 4": f"{CELL}  2 1\nDirect\n{positions(3)}",
        "selective": f"{CELL}O\n2\nSelective dynamics\nDirect\n{positions(2)}",
        "velocities": f"{MANY}\n{positions(23)}",
        "hashes": f"{CELL}  Mn_pv/ab12  O/cd34\n 1 1\nDirect\n{positions(2)}",
    },
    "XDATCAR": {
        "VASP 5.2": f"unknown system\n Al\n 2\nDirect\n Konfig= 1\n{positions(2)}",
        "many blocks": MANY.replace("Direct", "Direct configuration=     1"),
        "many steps": f"{CELL}O\n2\nDirect configuration= 1\n{positions(2)}"
        f"Direct configuration= 2\n{positions(2)}",
        "changing cell": 2 * f"{CELL}O\n2\nDirect configuration= 1\n{positions(2)}",
    },
    "PROCAR": {"phases": procar(PHASES), "spin-orbit": procar(SOC)},
}


def end(name: str, text: str) -> str | None:
    return ENDS[name](text.encode().splitlines(keepends=True))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param(name, text, id=f"{name} {form}")
        for name, forms in WHOLE.items()
        for form, text in forms.items()
    ],
)
def test_a_form_is_whole_or_cut_wherever_it_ends(name: str, text: str) -> None:
    assert end(name, text) == ""
    for lost in range(2, len(text.rstrip()) // 3, 7):
        told = end(name, text.rstrip()[:-lost])
        assert told is None or "cut" in told, text[:-lost]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("XDATCAR", "  2  2  5\n 0.1 1 1 1 1\n CAR\n title\n\n" + positions(2)),
        ("DOSCAR", "a\nb\nc\nd\ne\nno numbers here\n1 2 3\n"),
        ("EIGENVAL", "a\nb\nc\nd\ne\n100000100000100000\n"),
        ("PROCAR", "PROCAR of another program\nno counts\nband 1\n"),
        ("IBZKPT", "title\nmany\nthings\nfollow\n"),
        ("OSZICAR", " 1 F= -.1E+02 E0= -.1E+02 d E =-.1E+02\ndimer: curvature 3\n"),
        ("CONTCAR", "title\n1.0\n" + positions(3) + "Xyz\n2\nDirect\n" + positions(2)),
    ],
)
def test_of_a_form_that_is_not_known_nobody_can_tell(name: str, text: str) -> None:
    assert end(name, text) is None


def test_a_file_of_unknown_form_is_recorded_and_not_judged(tmp_path: Path) -> None:
    place = tmp_path / "run"
    shutil.copytree(DATA / "GaAs_all_files", place)
    (place / "XDATCAR.gz").unlink()
    (place / "XDATCAR").write_text("  2 2 5\n 1 1 1 1 1\n CAR\n t\n\n" + positions(2))
    document = parsed(place)
    assert document.state is DONE, document.reason
    (told,) = (f for f in document.findings if f.id == "unknown_form")
    assert told.message.startswith("XDATCAR: ")


@pytest.mark.parametrize("error", [TypeError, AttributeError, IndexError, KeyError])
def test_a_fault_of_ours_says_so_and_hides_no_other_run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Callable[[str], Exception],
) -> None:
    for name in ("a", "b"):
        shutil.copytree(DATA / "NiO_static", tmp_path / name)
    judge = to_document.physics_findings
    calls: list[object] = []

    def fails_once(outcome: object) -> object:
        calls.append(outcome)
        if len(calls) == 1:
            raise error("bad operand")
        return judge(outcome)  # type: ignore[arg-type]

    monkeypatch.setattr(to_document, "physics_findings", fails_once)
    first, second = parse_all(tmp_path)
    assert (first.state, second.state) == (State.FAILED, DONE)
    assert first.reason.startswith("a bug in lnmo, not in the run: ")
    assert "damaged" not in first.reason
    assert ".py:" in first.reason, "the place"
    assert "please report it" in first.reason


def test_forces_are_left_in_a_single_point_but_not_in_dynamics() -> None:
    alone = parse_vasp(FORMS.parent / "LiMn8O16_first")
    assert alone.state is DONE
    assert alone.max_force == pytest.approx(0.794, abs=1e-3)
    assert "forces_left" in ids(alone)
    moving = parsed(FORMS / "ml-md/train")
    assert (moving.max_force or 0) > 4
    assert "forces_left" not in ids(moving)
