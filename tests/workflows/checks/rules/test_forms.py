"""Inputs in a rare form: read as VASP reads them, no rule misled by the form."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.places import DATA
from workflows.checks.rules import check, check_together, find_runs, read_run
from workflows.checks.rules.rule import LintFinding
from workflows.vasp.incar_text import read_alike, read_incar
from workflows.vasp.known_tags import is_known

FORMS = DATA / "forms"


def findings(place: Path) -> list[LintFinding]:
    return [found for run in find_runs(place) for found in check(read_run(run))]


def ids(place: Path) -> set[str]:
    return {finding.id for finding in findings(place)}


def changed(tmp_path: Path, *lines: str, form: str = "lint-kpoints-comments") -> Path:
    """Copy good inputs with more lines in front of INCAR."""
    place = tmp_path / "run"
    shutil.copytree(FORMS / form / "run", place)
    incar = place / "INCAR"
    incar.write_text("\n".join((*lines, incar.read_text("utf-8"))), "utf-8")
    return place


@pytest.mark.parametrize(
    "form",
    [
        "lint-kpoints-comments/run",
        "lint-nested-tags/braces_plugins",
        "lint-nested-tags/block_ispin",
        "lint-nested-tags/block_first_low",
        "lint-repeated-equal/text",
        "lint-repeated-equal/spelling",
        "lint-vasp6-tags/run",
    ],
)
def test_a_form_that_vasp_reads_is_no_finding(form: str) -> None:
    assert findings(FORMS / form) == []


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ("lint-ispin1-nonmagnetic", {"magmom-ignored"}),
        ("lint-vasp65-ispin2", {"ispin-2-noncollinear"}),
    ],
)
def test_what_can_be_defended_is_a_warning(form: str, found: set[str]) -> None:
    assert ids(FORMS / form) == found
    assert {f.severity for f in findings(FORMS / form)} == {"warning"}


def test_a_noncollinear_run_with_ispin_2_is_as_it_was_asked() -> None:
    assert not ids(FORMS / "noncollinear-moments") & {"applied-science"}


def test_a_poscar_of_many_blocks_is_read() -> None:
    assert "unreadable-file" not in ids(FORMS / "contcar-many-blocks" / "check")


def test_a_damaged_vasprun_names_line_and_column() -> None:
    (damage,) = (
        f for f in findings(FORMS / "lint-vasprun-char") if f.id == "unreadable-file"
    )
    assert "line 12, column 39" in damage.message


@pytest.mark.parametrize(
    ("form", "rule"),
    [
        ("gga_libxc", "set-functional"),
        ("ivdw", "set-functional"),
        ("ldautype", "set-u"),
    ],
)
def test_another_hamiltonian_is_an_error(form: str, rule: str) -> None:
    place = FORMS / "lint-same-functional" / form
    found = check_together([read_run(run) for run in find_runs(place)])
    assert {(f.id, f.severity) for f in found} == {(rule, "error")}


@pytest.mark.parametrize(
    "line",
    [
        *("LUSE_VDW = .TRUE.", "XC = PE", "LSORBIT = .TRUE.", "AEXX = 0.3", "IVDW = 4"),
        *("LIBMBD_METHOD = mbd", "LSFBXC = T", "GGA_COMPAT = .FALSE.", "CMBJ = 1.2"),
    ],
)
def test_each_tag_of_the_hamiltonian_must_agree(tmp_path: Path, line: str) -> None:
    place = changed(tmp_path, line)
    runs = [
        read_run(run)
        for where in (place, FORMS / "lint-kpoints-comments")
        for run in find_runs(where)
    ]
    assert "set-functional" in {f.id for f in check_together(runs)}


@pytest.mark.parametrize("line", ["IVDW = 0", "LSORBIT = .FALSE.", "LUSE_VDW = F"])
def test_a_tag_set_to_nothing_agrees_with_one_left_out(
    tmp_path: Path, line: str
) -> None:
    place = changed(tmp_path, line)
    runs = [
        read_run(run)
        for where in (place, FORMS / "lint-kpoints-comments")
        for run in find_runs(where)
    ]
    assert check_together(runs) == ()


@pytest.mark.parametrize(
    "lines",
    [
        ("LNMO, spinel, low spin",),
        ("SYSTEM LNMO test",),
        ("ALGO test of the mixing",),
        ("SYSTEM = 'a title' ! and more",),
        ("NSIM = 4 (bands at a time): 4 = default",),
    ],
)
def test_titles_and_remarks_are_no_finding(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    assert findings(changed(tmp_path, *lines)) == []


def test_an_open_quote_hides_nothing_behind_it(tmp_path: Path) -> None:
    place = changed(tmp_path, 'SYSTEM = "spinel', "FROBNICATE = 1", "LMAXMX = 4")
    assert {"incar-unclosed", "incar-unknown-tag"} <= ids(place)


def test_a_group_is_judged_apart(tmp_path: Path) -> None:
    lines = ("IMAGE_1 {", "ENCUT = high", "FROBNICATE = 2 }", "STRANGE { A = 1 }")
    messages = [f.message for f in findings(changed(tmp_path, *lines))]
    assert [m for m in messages if m.startswith("IMAGE_1/ENCUT = high: no number")]
    assert [m for m in messages if m.startswith("IMAGE_1/FROBNICATE = 2")]
    assert [m for m in messages if m.startswith("STRANGE { A }")]


@pytest.mark.parametrize(
    "tag",
    [
        *("LIBMBD_R0AU", "BANDGAP", "LKPOINTS_WAN", "DFTD4_S6", "SCISSOR", "LVACPOTAV"),
        *("PHON_DOS", "ELPH_RUN", "ML_MODE", "LSPIN_VDW", "EFERMI_NEDOS", "STOP_ON"),
    ],
)
def test_tags_of_vasp_6_are_known(tag: str) -> None:
    assert is_known(tag)


@pytest.mark.parametrize(
    ("first", "other", "kind", "same"),
    [
        (".TRUE.", "T", "bool", True),
        (".TRUE.", ".F.", "bool", False),
        ("650", "650.0 eV", "float", True),
        ("1E-6", "1.0d-06", "float", True),
        ("4*0", "0 0 0 0", "list", True),
        ("650", "520", "float", False),
        ("Accurate", "accurate", "str", True),
        ("Auto", ".FALSE.", "str", False),
    ],
)
def test_values_are_equal_as_vasp_reads_them(
    first: str, other: str, kind: str, same: bool
) -> None:
    assert read_alike(first, other, kind) is same


@pytest.mark.parametrize(
    "text",
    [
        "IMAGE_1 {\n ENCUT = 300\n}\nENCUT = 650\n",
        "ENCUT = 650\nIMAGE_1 { ENCUT = 300 }\n",
        "IMAGE_1/ENCUT = 300\nENCUT = 650\n",
        "IMAGE_1\n{\nENCUT = 300; }\nENCUT = 650\n",
    ],
)
def test_a_group_hides_nothing_outside(text: str) -> None:
    incar = read_incar(text)
    assert incar.tags == {"ENCUT": "650"}
    assert incar.groups["IMAGE_1"].tags == {"ENCUT": "300"}
    assert (incar.later, incar.unclosed) == ({}, ())
    assert incar.values() == {"ENCUT": 650.0}


def test_packed_and_renamed_runs_are_found_as_parse_finds_them(tmp_path: Path) -> None:
    import bz2
    import gzip

    source = DATA / "NiO_static"
    for name in ("INCAR", "OUTCAR"):
        content = gzip.decompress((source / f"{name}.gz").read_bytes())
        (tmp_path / f"{name}.bz2").write_bytes(bz2.compress(content))
    shutil.copy(source / "vasprun.xml.gz", tmp_path / "vasprun.bad.xml.gz")
    assert [run.suffix for run in find_runs(tmp_path)] == ["", ".bad"]
    assert "unreadable-file" not in ids(tmp_path)
