"""An OUTCAR whose structure cannot be read proves nothing of the files beside it."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from tests.places import DATA
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


@pytest.mark.parametrize(
    ("edits", "told"),
    [
        ([("direct lattice vectors", "dirXct lattice vectors")], "no lattice vectors"),
        ([("TOTAL-FORCE", "TOTAX-FORCE")], "positions of 0 of 24 atoms"),
        ([("TITEL", "TITXL")], "no elements with their numbers of atoms"),
        ([(" 8  16\n", " 8   8   8\n")], "no elements with their numbers of atoms"),
        (
            [("NIONS =     24", "NIONS =     44"), (" 8  16\n", " 8  36\n")],
            "positions of 24 of 44 atoms",
        ),
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
