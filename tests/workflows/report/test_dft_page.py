"""The page of real DFT+U: t2g and eg of x = 1 and 2, and no word of a surrogate's."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.places import TESTS
from workflows.records.store import FileResults
from workflows.report.collect import Collection, collect
from workflows.results.results import Results


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    source = TESTS / "data" / "gpaw" / "dft"
    root = shutil.copytree(source, tmp_path_factory.mktemp("gpaw") / "dft")
    return collect(Results(FileResults(Path(root))))


def test_t2g_and_eg_of_both_ends_are_drawn(found: Collection) -> None:
    (chart,) = [chart for chart in found.charts if chart.key == "pdos-t2g-eg"]
    titles = [panel.title for panel in chart.panels]
    assert [title.partition(":")[0] for title in titles] == [
        "x = 1",
        "x = 2 oct_16c_rocksalt",
    ]
    labels = {trace.label for panel in chart.panels for trace in panel.traces}
    assert {"Mn t2g", "Mn eg", "Ni t2g", "Ni eg"} <= labels


def test_every_chart_says_that_the_geometry_alone_is_a_surrogates(
    found: Collection,
) -> None:
    for chart in found.charts:
        assert chart.origin.startswith("engine gpaw (gpaw 26.7.0)")
        assert "GEOMETRY OF A SURROGATE" in chart.origin
        assert "they are not evidence" not in chart.origin
