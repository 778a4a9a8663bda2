"""docs/notebook.ipynb runs, and what it prints is what stands in it."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.places import TOP

nbformat = pytest.importorskip("nbformat", reason="the dev extra has nbclient")
nbclient = pytest.importorskip("nbclient", reason="the dev extra has nbclient")

NOTEBOOK = TOP / "docs" / "notebook.ipynb"


def printed(notebook: Any) -> list[list[str]]:
    """Return the text that each cell shows; of a figure that there is one."""
    return [
        [
            "a figure" if "image/png" in output.data else output.data["text/plain"]
            for output in cell.outputs
            if output.output_type in {"execute_result", "display_data"}
        ]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


@pytest.mark.filterwarnings("default")  # those of Jupyter, in another process
def test_the_notebook_shows_what_its_cells_give(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TOP), *_python_path()]))
    monkeypatch.delenv("MPLBACKEND", raising=False)  # the kernel draws into its cells
    stored = nbformat.read(NOTEBOOK, as_version=4)
    again = nbformat.read(NOTEBOOK, as_version=4)
    place = {"metadata": {"path": str(NOTEBOOK.parent)}}
    nbclient.NotebookClient(again, timeout=300, resources=place).execute()
    assert printed(again) == printed(stored)
    assert sum("a figure" in cell for cell in printed(stored)) == 3


def test_the_notebook_says_that_the_geometry_is_a_surrogates() -> None:
    text = NOTEBOOK.read_text("utf-8")
    assert "GEOMETRY OF A SURROGATE" in text
    assert "PASS (surrogate geometry; k mesh 2x2x2)" in text
    assert len(text) < 400_000


def _python_path() -> list[str]:
    return [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
