"""CIF and POSCAR of the page, and the cell that turns, from real DFT+U results."""

from __future__ import annotations

import base64
import shutil
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from pymatgen.core import Structure

from tests.places import TESTS
from workflows.records.document import TaskDocument
from workflows.records.store import FileResults
from workflows.report.structure_files import (
    MOST,
    cells_of,
    cif_text,
    poscar_text,
    with_moments,
)
from workflows.report.structure_view import structure_layout, structure_traces
from workflows.results.results import Results


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> tuple[TaskDocument, ...]:
    source = TESTS / "data" / "gpaw" / "dft"
    root = shutil.copytree(source, tmp_path_factory.mktemp("gpaw") / "dft")
    return Results(FileResults(Path(root))).lowest_documents()


@pytest.fixture(scope="module")
def full(documents: tuple[TaskDocument, ...]) -> TaskDocument:
    return next(d for d in documents if (d.x, d.insertion) == (2, "oct_16c_rocksalt"))


def opened(href: str) -> str:
    return base64.b64decode(href.partition(";base64,")[2]).decode()


def test_a_cif_holds_the_cell_the_atoms_and_their_moments(full: TaskDocument) -> None:
    assert full.structure is not None
    assert full.magnetization is not None
    text = cif_text(with_moments(full), "x = 2, engine gpaw")
    assert text.startswith("# x = 2, engine gpaw\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # no magnetic symmetry is given
        found = Structure.from_str(text, fmt="cif")
    assert found.composition == full.structure.composition
    assert np.allclose(found.lattice.parameters, full.structure.lattice.parameters)
    sizes = [abs(float(m)) for m in found.site_properties["magmom"]]
    assert sorted(sizes) == pytest.approx(
        sorted(abs(m) for m in full.magnetization), abs=1e-3
    )
    assert "_atom_site_moment_crystalaxis_x" in text


def test_moments_without_a_sign_are_in_no_file(full: TaskDocument) -> None:
    unsigned = full.model_copy(update={"moments_signed": False})
    (cell,) = cells_of([unsigned], "engine chgnet", {})
    assert "_atom_site_moment" not in opened(cell.cif)
    (signed,) = cells_of([full], "engine gpaw", {})
    assert "_atom_site_moment" in opened(signed.cif)


def test_a_poscar_holds_equal_elements_together_however_they_come(
    full: TaskDocument,
) -> None:
    assert full.structure is not None
    order = np.random.default_rng(1).permutation(len(full.structure))
    shuffled = Structure.from_sites([full.structure[int(n)] for n in order])
    text = poscar_text(shuffled, "made by")
    elements = text.splitlines()[5].split()
    assert sorted(elements) == sorted({s.specie.symbol for s in shuffled})
    found = Structure.from_str(text, fmt="poscar")
    assert np.allclose(
        np.sort(found.distance_matrix, axis=None),
        np.sort(full.structure.distance_matrix, axis=None),
        atol=1e-6,
    )


def test_the_first_line_says_what_made_it_and_what_stands_against_it(
    full: TaskDocument,
) -> None:
    key = str(full.calculation_id)
    (cell,) = cells_of([full], "engine gpaw, GEOMETRY OF A SURROGATE", {key: "no gap"})
    for text in (opened(cell.cif), opened(cell.poscar)):
        first = text.splitlines()[0]
        for told in ("x = 2", "engine gpaw", "SURROGATE", key, "no gap"):
            assert told in first


def test_a_page_holds_no_more_cells_than_it_can_carry(full: TaskDocument) -> None:
    assert len(cells_of([full] * (MOST + 5), "", {})) == MOST


def test_every_metal_has_an_octahedron_of_its_six_oxygens(
    documents: tuple[TaskDocument, ...],
) -> None:
    for document in documents:
        structure = with_moments(document)
        counts = Counter(site.specie.symbol for site in structure)
        traces = structure_traces(structure)
        for mesh in (t for t in traces if t["type"] == "mesh3d"):
            element = mesh["name"].removesuffix("O₆")
            assert len(mesh["i"]) == 8 * len(mesh["x"]) / 6
            assert len(mesh["x"]) <= 6 * counts[element]
            corners = np.array([mesh[axis] for axis in "xyz"]).T.reshape(-1, 6, 3)
            centres = corners.mean(axis=1)
            spread = np.linalg.norm(corners - centres[:, None], axis=2)
            assert ((spread > 1.6) & (spread < 2.6)).all()
        ions = [t for t in traces if "markers" in t.get("mode", "")]
        shown = {t["name"]: len(t["x"]) for t in ions}
        shown.pop("O, image", None)
        assert shown == dict(counts)


def test_a_face_never_joins_two_opposite_corners(full: TaskDocument) -> None:
    for mesh in structure_traces(with_moments(full)):
        if mesh["type"] == "mesh3d":
            for corners in zip(mesh["i"], mesh["j"], mesh["k"], strict=True):
                assert len({corner // 2 for corner in corners}) == 3


def test_elements_are_told_apart_without_their_colours(full: TaskDocument) -> None:
    shapes = {
        t["name"]: (t["marker"]["symbol"], t["marker"]["size"])
        for t in structure_traces(with_moments(full))
        if t["type"] == "scatter3d" and "marker" in t and t["name"] != "O, image"
    }
    assert set(shapes) == {"Li", "Ni", "Mn", "O"}
    assert len(set(shapes.values())) == 4


def test_plotly_itself_accepts_every_key(full: TaskDocument) -> None:
    traces = structure_traces(with_moments(full))
    go.Figure({"data": traces, "layout": structure_layout()})
