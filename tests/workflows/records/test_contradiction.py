"""A document whose numbers cannot be of one run is one FAILED row, hiding no other."""

from __future__ import annotations

import gzip
import json
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mongomock
import pytest
from pymatgen.core import Lattice

from tests.places import DATA, TESTS
from workflows import load_campaign, parse_run, plan
from workflows.errors import StoreError
from workflows.records.contradiction import OF_THE_OUTPUT, contradiction
from workflows.records.document import State, TaskDocument
from workflows.records.file_store import FileResults
from workflows.records.mongo_store import MongoResults
from workflows.records.run_file import identity


@pytest.fixture
def document() -> TaskDocument:
    """A real run under an id of ours."""
    names = {"calculation_id": "0123456789ab", "task_label": "static", "x": 0.0}
    return parse_run(DATA / "NiO_static").model_copy(update=names)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("energy", float("inf"), "energy is inf, not a number"),
        ("max_force", float("nan"), "max_force is nan, not a number"),
        ("magnetization", [1.0], "magnetization has 1 value for"),
        ("energy", -1.0, "energy is -1 eV"),
        ("bandgap", -1.0, "bandgap is -1, below 0"),
        ("bandgap", 90.0, "bandgap is 90 eV, above bandgap_up"),
        ("max_force", -0.01, "max_force is -0.01, below 0"),
        ("max_stress_kbar", -5.0, "max_stress_kbar is -5, below 0"),
        ("nelect", -8.0, "nelect is -8, below 0"),
        ("total_magnetization", -1e4, "total_magnetization is -10000 muB, of"),
        ("x", None, "x is None, not from 0 to 2"),
        ("x", -0.5, "x is -0.5, not from 0 to 2"),
        ("x", 3.0, "x is 3.0, not from 0 to 2"),
        ("supercell", [], "supercell is (), and has no volume"),
        ("supercell", [[1, 0, 0]] * 3, "and has no volume"),
        ("ordering", {"c_strain": None}, "ordering.c_strain is None, not a number"),
        ("structure", [1], "not a readable task document"),
        ("structure", {"a": 1}, "not a readable task document"),
        ("structure", "x", "not a readable task document"),
        ("initial_structure", 5, "not a readable task document"),
    ],
)
def test_it_is_failed_and_the_other_rows_are_shown(
    tmp_path: Path, document: TaskDocument, name: str, value: Any, why: str
) -> None:
    store = FileResults(tmp_path)
    for name_of in ("0123456789ab", "ba9876543210"):
        (tmp_path / "calculations" / name_of / "static").mkdir(parents=True)
    store.put(document)
    other = {"calculation_id": "ba9876543210"}
    store.put(document.model_copy(update=other))
    path = tmp_path / "calculations/0123456789ab/static/task_document.json"
    content = json.loads(path.read_text("utf-8"))
    del content["sha256"]  # as of a version before the seal
    path.write_text(json.dumps({**content, name: value}), "utf-8")
    reads: list[Callable[[], list[TaskDocument]]] = [
        lambda: list(FileResults(tmp_path).documents()),
        lambda: [s.document for s in FileResults(tmp_path).summaries()],
    ]
    for read in reads:
        bad, good = read()
        assert bad.state is State.FAILED
        assert why in bad.reason
        assert good.state is document.state


CONTENTS = TESTS / "data" / "gpaw" / "dft" / "calculations"


def planned(calculation_id: str = "d85b2cd1cbe3", step: str = "static") -> TaskDocument:
    """A real record of ours: Li1Ni1Mn3O8, x = 0.5, two formula units."""
    path = CONTENTS / calculation_id / step / "task_document.json"
    return TaskDocument.model_validate_json(path.read_bytes())


def renamed(document: TaskDocument, **names: str) -> TaskDocument:
    assert document.structure is not None
    structure = document.structure.copy()
    structure.replace_species(names)
    return document.model_copy(update={"structure": structure})


def swollen(document: TaskDocument, name: str, factor: float) -> TaskDocument:
    structure = getattr(document, name).copy()
    structure.scale_lattice(structure.volume * factor)
    return document.model_copy(update={name: structure})


@pytest.mark.parametrize("path", sorted(CONTENTS.glob("*/*/task_document.json")))
def test_no_real_record_is_refused(path: Path) -> None:
    assert contradiction(TaskDocument.model_validate_json(path.read_bytes())) == ""


@pytest.mark.parametrize(
    "campaign",
    [
        *("paper", "dft", "nio"),
        "host: {formula: MgMn2O4, ordering: none}",
        "host: {formula: LiMn2O4, ion: Na, ordering: none}",
        "host: {formula: LiMn2O4, primitive: true, ordering: none}",
    ],
)
def test_no_plan_is_refused_whatever_its_host_and_its_references(
    tmp_path: Path, campaign: str
) -> None:
    if ":" in campaign:
        mine = tmp_path / "mine.yaml"
        mine.write_text(f"name: mine\nengine: chgnet\n{campaign}\n", "utf-8")
        campaign = str(mine)
    for calculation in plan(load_campaign(campaign)):
        document = TaskDocument(
            **identity(calculation, calculation.steps[-1]),
            state=State.DONE,
            structure=calculation.structure,
            initial_structure=calculation.structure,
            dir_name="here",
        )
        assert contradiction(document) == ""


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"formula_units": -1}, "formula_units is -1, below 1"),
        ({"formula_units": 0}, "formula_units is 0, below 1"),
        ({"formula_units": 1}, "formula_units is 1, and the formula Li1Ni1Mn3O8 has 8"),
        ({"formula_units": 4}, "formula_units is 4, and the formula Li1Ni1Mn3O8 has 8"),
        ({"formula_units": 10**9}, "formula_units is 1000000000, and the formula"),
        ({"n_li": 2}, "n_li is 2, and the formula Li1Ni1Mn3O8 has 1 Li"),
        ({"n_li": 0}, "x is 0.5, and n_li is 0 in 2 formula units, which is x = 0"),
        ({"x": 0.25}, "x is 0.25, and n_li is 1 in 2 formula units, which is x = 0.5"),
        ({"x": 2.0}, "x is 2, and n_li is 1 in 2 formula units, which is x = 0.5"),
        (
            {"formula": "Li1Ni1Mn4O8"},
            "structure holds Li1Ni1Mn3O8, and formula is Li1N",
        ),
        (
            {"formula": "Li1Ni2Mn2O8"},
            "structure holds Li1Ni1Mn3O8, and formula is Li1N",
        ),
        ({"formula": "Ni1Mn3O8"}, "n_li is 1, and the formula Ni1Mn3O8 has no ion"),
        ({"formula": "O8 of Li"}, "formula is O8 of Li, which names no atoms"),
        ({"max_force": 1e9}, "max_force is 1e+09 eV/A, above 10000"),
        (
            {"start_lattice": (3.0, 3.0, 3.0, 90.0, 90.0, 90.0)},
            "A^3, and that of start_lattice 27; no relaxation",
        ),
    ],
)
def test_contents_that_do_not_agree_are_told(changes: dict[str, Any], why: str) -> None:
    assert contradiction(planned()) == ""
    assert why in contradiction(planned().model_copy(update=changes))


def test_a_structure_of_other_atoms_or_another_size_is_told() -> None:
    document = planned()
    assert "structure holds Li1Mn4O8, and" in contradiction(renamed(document, Ni="Mn"))
    first = renamed(document, Ni="Mn").structure
    other = document.model_copy(update={"initial_structure": first})
    assert "initial_structure holds Li1Mn4O8, and" in contradiction(other)
    double = contradiction(swollen(document, "structure", 8))
    assert "and that of initial_structure" in double
    assert "an atom, and no crystal" in contradiction(
        swollen(document, "structure", 30)
    )
    assert "and that of" in contradiction(swollen(document, "initial_structure", 3))
    assert contradiction(swollen(document, "structure", 1.3)) == ""


def test_ions_that_a_formula_does_not_have_are_told_at_x_0_too() -> None:
    charged = planned("bb06f95fd09f")
    told = contradiction(charged.model_copy(update={"n_li": 1}))
    assert told == "n_li is 1, and the formula Ni1Mn3O8 has no ion"


def test_a_reference_is_held_to_its_formula_too() -> None:
    metal = planned("2fb8e4dd9be6")
    assert metal.reference == "Li"
    assert "n_li is 3" in contradiction(metal.model_copy(update={"n_li": 3}))
    told = contradiction(renamed(metal, Li="Na"))
    assert told == "structure holds Na2, and formula is Li2"
    told = contradiction(swollen(metal, "structure", 30))
    assert "an atom, and no crystal" in told


def test_a_cell_without_volume_is_none(document: TaskDocument) -> None:
    assert document.structure is not None
    flat = document.structure.copy()
    flat.lattice = Lattice.cubic(0.5)
    told = contradiction(document.model_copy(update={"structure": flat}))
    assert "no crystal has less than 1" in told
    assert contradiction(document) == ""


def test_a_cell_without_oxygen_and_an_energy_of_no_atom_are_refused(
    document: TaskDocument,
) -> None:
    told = contradiction(document.model_copy(update={"formula": "Li1"}))
    assert told == "formula is Li1, of a cell without oxygen"
    heavy = {"energy": -1e300, "energy_per_atom": None}
    assert "eV for 2 atoms" in contradiction(document.model_copy(update=heavy))


@pytest.mark.parametrize(
    ("name", "value"), [("energy", math.inf), ("bandgap", 90.0), ("x", 3.0)]
)
def test_no_store_takes_it(
    tmp_path: Path, document: TaskDocument, name: str, value: float
) -> None:
    place = tmp_path / "calculations" / "0123456789ab" / "static"
    place.mkdir(parents=True)
    impossible = document.model_copy(update={name: value})
    with pytest.raises(StoreError, match=f"not recorded: {name} is "):
        FileResults(tmp_path).put(impossible)
    collection = mongomock.MongoClient().db.documents
    with pytest.raises(StoreError, match=f"not recorded: {name} is "):
        MongoResults(collection).put(impossible)
    assert not list(place.iterdir())
    assert collection.count_documents({}) == 0


def test_a_run_whose_numbers_contradict_each_other_gives_none(tmp_path: Path) -> None:
    run = Path(shutil.copytree(DATA / "NiO_static", tmp_path / "run"))
    text = gzip.decompress((run / "OUTCAR.gz").read_bytes()).decode()
    text, edits = re.subn(
        r"(number of electron .*magnetization) .*", r"\1  999.0", text
    )
    assert edits
    (run / "OUTCAR").write_text(text, "utf-8")
    for packed in ("vasprun.xml.gz", "OUTCAR.gz"):
        (run / packed).unlink()
    document = parse_run(run)
    assert document.state is State.FAILED
    assert document.reason.startswith("total_magnetization is 999 muB, of")
    assert {getattr(document, name) for name in OF_THE_OUTPUT} == {None}
