"""An OUTCAR whose structure cannot be read proves nothing of the files beside it."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from tests.places import DATA
from tests.runs import edited, unpacked
from workflows import parse_run
from workflows.records.document import State

LITHIUM_SILICATE, MANGANESE_OXIDE = "LiAlSiO4_vasp5", "Mn8O16"
WHOLE = {LITHIUM_SILICATE: "3   3   3  12", MANGANESE_OXIDE: "8  16"}


def without_vasprun(name: str, target: Path, *edits: tuple[str, str]) -> Path:
    """Copy a run that has no vasprun.xml, its OUTCAR edited."""
    for packed in (DATA / name).glob("*.gz"):
        text = gzip.decompress(packed.read_bytes()).decode()
        for pattern, new in edits if packed.stem == "OUTCAR" else ():
            text, count = re.subn(pattern, new, text)
            assert count
        (target / packed.stem).write_text(text, "utf-8")
    assert not (target / "vasprun.xml").exists()
    return target


@pytest.mark.parametrize("name", WHOLE)
def test_the_untouched_run_passes(name: str, tmp_path: Path) -> None:
    document = parse_run(without_vasprun(name, tmp_path))
    assert (document.state, document.reason) == (State.DONE, "")


@pytest.mark.parametrize(
    ("name", "pattern", "new", "told"),
    [
        (MANGANESE_OXIDE, "NIONS =     24", "NIONS =     44", "NIONS = 44, and 8 + 16"),
        (LITHIUM_SILICATE, "NIONS =     21", "NIONS =     41", "3 + 3 + 3 + 12 = 21"),
        (LITHIUM_SILICATE, "3   3   3  12", "3   3   6  12", "3 + 3 + 6 + 12 = 24"),
        (LITHIUM_SILICATE, "(ions per type =).*", r"\1 ***", "no number as ions"),
        (LITHIUM_SILICATE, ".*ions per type =.*\n", "", "no number as ions per type"),
    ],
)
def test_numbers_of_atoms_that_do_not_add_up_to_nions_are_a_contradiction(
    name: str, pattern: str, new: str, told: str, tmp_path: Path
) -> None:
    document = parse_run(without_vasprun(name, tmp_path, (pattern, new)))
    assert document.state is State.FAILED
    assert document.energy is None
    assert told in document.reason
    assert "NIONS" in document.reason


BOTH = [("NIONS =     24", "NIONS =     44"), (" 8  16\n", " 8  36\n")]


def test_more_ions_than_the_head_lists_are_a_contradiction(tmp_path: Path) -> None:
    document = parse_run(without_vasprun(MANGANESE_OXIDE, tmp_path, *BOTH))
    assert document.state is State.FAILED
    assert "NIONS = 44, and the positions of 24 ions" in document.reason


@pytest.mark.parametrize("beside", [(), ("vasprun.xml",), ("POSCAR", "INCAR")])
@pytest.mark.parametrize(
    ("edits", "told"),
    [
        ([("NIONS =      2", "NIONS =     44")], "and 2 as ions per type"),
        ([("type =               2", "type =               4")], "and 4 as ions"),
        (
            [
                ("NIONS =      2", "NIONS =      4"),
                ("type =               2", "type =               4"),
            ],
            "NIONS = 4, and the positions of 2 ions",
        ),
        (
            [(r"(cartesian coordinates.*\n(?:.*\S.*\n))(?:.*\S.*\n)", r"\1")],
            "NIONS = 2, and the positions of 1 ion",
        ),
        ([(r"\Z", "\n Dimension of arrays:\n Dimension of arrays:\n")], "3 runs"),
        ([], ""),
    ],
)
def test_a_run_above_the_ground_state_has_the_ions_that_its_head_counts(
    edits: list[tuple[str, str]], told: str, beside: tuple[str, ...], tmp_path: Path
) -> None:
    whole = unpacked("forms/many-body/g0w0", tmp_path)
    place = tmp_path / "some of it"
    place.mkdir()
    for name in ("OUTCAR", *beside):
        (place / name).write_bytes((whole / name).read_bytes())
    for pattern, new in edits:
        edited(place / "OUTCAR", pattern, new)
    document = parse_run(place)
    assert document.state is (State.FAILED if told else State.DONE)
    assert told in document.reason


def test_a_run_above_the_ground_state_has_the_atoms_of_its_vasprun(
    tmp_path: Path,
) -> None:
    place = unpacked("forms/many-body/g0w0", tmp_path)
    outcar = place / "OUTCAR"
    edited(outcar, "NIONS =      2", "NIONS =      1")
    edited(outcar, "type =               2", "type =               1")
    edited(outcar, r"(cartesian coordinates.*\n(?:.*\S.*\n))(?:.*\S.*\n)", r"\1")
    document = parse_run(place)
    assert document.state is State.FAILED
    assert "OUTCAR has 1 atom and vasprun.xml 2" in document.reason


@pytest.mark.parametrize(
    ("edits", "told"),
    [
        ([("direct lattice vectors", "dirXct lattice vectors")], "no lattice vectors"),
        ([("TOTAL-FORCE", "TOTAX-FORCE")], "positions of 0 of 24 atoms"),
        ([("TITEL", "TITXL")], "no elements with their numbers of atoms"),
        ([(" 8  16\n", " 8   8   8\n")], "no elements with their numbers of atoms"),
    ],
)
def test_an_outcar_without_its_structure_is_for_review(
    edits: list[tuple[str, str]], told: str, tmp_path: Path
) -> None:
    document = parse_run(without_vasprun(MANGANESE_OXIDE, tmp_path, *edits))
    assert document.state is State.NEEDS_REVIEW
    messages = [f.message for f in document.findings if f.id == "not_numbers"]
    assert any(told in message for message in messages)


def test_an_outcar_beside_a_vasprun_needs_its_lattice_too(tmp_path: Path) -> None:
    for packed in (DATA / "NiO_static").glob("*.gz"):
        (tmp_path / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    outcar = tmp_path / "OUTCAR"
    text = outcar.read_text("utf-8")
    outcar.write_text(text.replace("direct lattice", "dirXct lattice"), "utf-8")
    document = parse_run(tmp_path)
    assert document.state is State.NEEDS_REVIEW
    assert "no lattice vectors" in document.reason
