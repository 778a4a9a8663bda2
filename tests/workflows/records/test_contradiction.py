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

from tests.places import DATA
from workflows import parse_run
from workflows.errors import StoreError
from workflows.records.contradiction import OF_THE_OUTPUT, contradiction
from workflows.records.document import State, TaskDocument
from workflows.records.file_store import FileResults
from workflows.records.mongo_store import MongoResults


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
