"""U as asked and as OUTCAR says it was applied, in directories that nobody planned."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest

from tests.places import DATA
from workflows import parse_run
from workflows.checks.applied_settings import applied_findings
from workflows.records.document import State
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.read_numbers import read_numbers
from workflows.vasp.run_files import VaspFiles, last_run

TABLE = r" LDA\+U is selected.*\n.*LDAUL =.*\n.*LDAUU =.*\n.*LDAUJ =.*\n"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """NiO with 6.2 eV on nickel, and no run file."""
    for packed in (DATA / "NiO_static").glob("*.gz"):
        content = gzip.decompress(packed.read_bytes())
        (tmp_path / packed.stem).write_bytes(content)
    return tmp_path


def edit(directory: Path, name: str, pattern: str, new: str) -> None:
    path = directory / name
    text = path.read_text("utf-8")
    changed, times = re.subn(pattern, new, text)
    assert times
    path.write_text(changed, "utf-8")


def test_a_u_that_outcar_does_not_know_of_is_no_result(run: Path) -> None:
    edit(run, "OUTCAR", TABLE, "")
    document = parse_run(run)
    assert document.state is State.FAILED
    assert "U of Ni: 6.2 eV requested, OUTCAR shows 0 eV" in document.reason


def test_another_u_than_asked_is_no_result(run: Path) -> None:
    edit(run, "OUTCAR", r"LDAUU =   6\.2", "LDAUU =   5.0")
    document = parse_run(run)
    assert document.state is State.FAILED
    assert "U of Ni: 6.2 eV requested, OUTCAR shows 5 eV" in document.reason


def test_without_vasprun_the_incar_says_what_was_asked(run: Path) -> None:
    (run / "vasprun.xml").unlink()
    assert parse_run(run).state is State.DONE
    edit(run, "OUTCAR", TABLE, "")
    assert parse_run(run).state is State.FAILED


def test_a_u_that_nobody_asked_for_is_no_result(run: Path) -> None:
    edit(run, "INCAR", r"\bLDAU\s*=.*", "LDAU = .FALSE.")
    (run / "vasprun.xml").unlink()
    document = parse_run(run)
    assert document.state is State.FAILED
    assert "U of Ni: 0 eV requested, OUTCAR shows 6.2 eV" in document.reason


def test_potentials_in_another_order_than_poscar_ask_for_review(run: Path) -> None:
    edit(run, "POSCAR", r"(?m)^ Ni  O *$", "O Ni")
    document = parse_run(run)
    found = {f.id: f for f in document.findings}["potcar_misplaced"]
    assert document.state is State.NEEDS_REVIEW
    assert found.severity == "warning"
    assert found.message.startswith(
        "POSCAR has the blocks O Ni and POTCAR Ni O: VASP calculated O as Ni, Ni as O"
    )


def test_potentials_of_another_element_are_no_result_of_a_plan(run: Path) -> None:
    edit(run, "POSCAR", r"(?m)^ Ni  O *$", "Mn O")
    numbers = read_numbers(last_run(run))
    planned = {"incar": {}, "potcar_symbols": ["Ni_pv", "O"]}
    (found,) = (
        f
        for f in applied_findings(last_run(run), numbers, planned)
        if f.id == "potcar_misplaced"
    )
    assert found.severity == "error"
    assert "VASP calculated Mn as Ni;" in found.message


def test_a_poscar_that_names_no_elements_is_not_compared(run: Path) -> None:
    edit(run, "POSCAR", r"(?m)^ Ni  O *\n", "")
    assert "potcar_misplaced" not in {f.id for f in parse_run(run).findings}


@pytest.mark.parametrize(
    ("pattern", "new"),
    [
        (r"LDAUU =   6\.2  0\.0", "LDAUU =   6.2"),
        (r"LDAUL = .*", ""),
        (r"TITEL .*", ""),
        (rf" ENCUT  = (?:.*\n)*?{TABLE}", ""),
    ],
)
def test_a_damaged_table_of_u_asks_for_review(
    run: Path, pattern: str, new: str
) -> None:
    edit(run, "OUTCAR", pattern, new)
    document = parse_run(run)
    assert document.state is State.NEEDS_REVIEW
    assert "which U was applied to which species is unknown" in document.reason


def test_u_on_the_p_shell_of_oxygen_is_what_some_want(run: Path) -> None:
    edit(run, "OUTCAR", r"(LDAUL =     2)    \S+", r"\g<1>    1")
    edit(run, "OUTCAR", r"(LDAUU =   6\.2)  0\.0", r"\g<1>  5.0")
    for name in ("INCAR", "OUTCAR"):
        edit(run, name, r"(LDAUL = 2) \S+", r"\g<1> 1")
        edit(run, name, r"(LDAUU = 6\.2) \S+", r"\g<1> 5.0")
    number = r"(\s*\S+\s+)\S+</v>"
    edit(run, "vasprun.xml", rf'(name="LDAUL">){number}', r"\g<1>\g<2>1</v>")
    edit(run, "vasprun.xml", rf'(name="LDAUU">){number}', r"\g<1>\g<2>5.0</v>")
    document = parse_run(run)
    assert document.hubbards == {"Ni": 6.2, "O": 5.0}
    assert (document.state, document.reason) == (State.DONE, "")


@pytest.mark.parametrize(
    ("titel", "shell", "sensible"),
    [
        ("PAW_PBE O 08Apr2002", 1, True),
        ("PAW_PBE O 08Apr2002", 2, False),
        ("PAW_PBE Ga_d 06Jul2010", 2, True),
        ("PAW_PBE In_d 06Sep2000", 2, True),
        ("PAW_PBE Sn_d 06Sep2000", 2, True),
        ("PAW_PBE Sn 08Apr2002", 2, False),
        ("PAW_PBE Sn 08Apr2002", 1, True),
        ("PAW_PBE Li_sv 10Sep2004", 2, False),
        ("PAW_PBE Li_sv 10Sep2004", 0, False),
        ("PAW_PBE Al 04Jan2001", 2, False),
        ("PAW_PBE Mn_pv 02Aug2007", 2, True),
        ("PAW_PBE Mn_pv 02Aug2007", 1, False),
        ("PAW_PBE Ce 23Dec2003", 3, True),
    ],
)
def test_u_belongs_on_a_shell_that_the_potential_holds(
    tmp_path: Path, titel: str, shell: int, sensible: bool
) -> None:
    element = titel.split()[1].partition("_")[0]
    asked: dict[str, Any] = {"LDAU": True, "LDAUL": [shell], "LDAUU": [4.0]}
    numbers = VaspNumbers(hubbards={element: 4.0}, potcar={element: titel}, incar=asked)
    found = applied_findings(VaspFiles(tmp_path, "", {}), numbers, {})
    assert [f.id for f in found] == ([] if sensible else ["hubbard_misplaced"])
