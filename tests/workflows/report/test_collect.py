"""Every chart there are numbers for, in page and files; the others with a reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from workflows import open_results
from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign
from workflows.campaign.reference_metal import metal_reference
from workflows.errors import ResultsError, StoreError
from workflows.records.document import Finding, State, TaskDocument
from workflows.report.collect import collect
from workflows.report.figure_files import write_figures
from workflows.report.structure_pictures import origin_of_pictures
from workflows.results.results import Results

Record = Callable[..., Path]
Finished = Callable[..., TaskDocument]


@pytest.fixture(scope="module")
def documents(
    calculations: tuple[Calculation, ...], finished: Finished
) -> list[TaskDocument]:
    return [finished(c) for c in calculations if c.x is not None]


@pytest.fixture(scope="module")
def lithium(
    paper: Campaign, finished: Finished, documents: list[TaskDocument]
) -> TaskDocument:
    """Bcc lithium that makes x = 0 to 1 the 4.7 V of the paper."""
    reference = metal_reference(paper)
    return documents[0].model_copy(
        update={
            **{"calculation_id": reference.id, "x": None, "n_li": None},
            **{"reference": "Li", "formula": "Li2", "formula_units": None},
            **{"structure": reference.structure, "insertion": "none"},
            **{"magnetization": (0.0, 0.0), "energy": -3.2, "energy_per_atom": -1.6},
            **{"steps": reference.steps, "cell_relaxed": True},
        }
    )


@pytest.fixture(scope="module")
def results(
    documents: list[TaskDocument],
    lithium: TaskDocument,
    record: Record,
    tmp_path_factory: pytest.TempPathFactory,
) -> Results:
    return open_results(record(tmp_path_factory.mktemp("all"), *documents, lithium))


def test_the_charts_are_in_the_order_of_the_page(results: Results) -> None:
    assert [chart.key for chart in collect(results).charts] == [
        *("fig2e-moments", "fig2f-lattice", "fig2f-ratio"),
        *("voltage", "mn-valence", "hull"),
    ]


def test_a_figure_that_cannot_mark_a_point_names_what_stands_against_it(
    documents: list[TaskDocument], lithium: TaskDocument, project: Record
) -> None:
    told = Finding(id="files_disagree", severity="warning", message="INCAR is another")
    at_1 = next(d for d in documents if d.x == 1)
    doubted = at_1.model_copy(
        update={"state": State.NEEDS_REVIEW, "findings": (*at_1.findings, told)}
    )
    others = [d for d in documents if d is not at_1]
    results = open_results(project(*others, doubted, lithium))
    found = collect(results)
    own = {c.key: c.origin for c in found.charts}
    for key in ("voltage", "mn-valence", "hull"):
        assert "DOUBTS: " in own[key]
        assert "x = 1: files of several runs" in own[key]
    pictures = origin_of_pictures(found.series, found.origin)
    assert "x = 1: files of several runs" in pictures


def test_the_voltage_is_drawn_from_the_lithium_there_is(results: Results) -> None:
    (chart,) = (c for c in collect(results).charts if c.key == "voltage")
    volts = next(t.y for t in chart.panels[0].traces if t.label == "up to x = 1")
    assert volts == pytest.approx([6.3 - 1.6] * len(volts))


def test_without_lithium_the_page_says_what_to_run(
    documents: list[TaskDocument], project: Record
) -> None:
    found = collect(open_results(project(*documents)))
    (voltage,) = (m for m in found.missing if m.what == "voltage")
    assert "no lithium metal reference" in voltage.why
    assert "lnmo run" in voltage.why
    assert "voltage" not in {chart.key for chart in found.charts}


def test_every_figure_is_written_in_every_format(
    results: Results, tmp_path: Path
) -> None:
    written = write_figures(results, tmp_path / "figures")
    names = {path.name for path in written}
    for stem in ("fig2d-structures", "fig2e-moments", "voltage"):
        assert {f"{stem}.pdf", f"{stem}.svg", f"{stem}.png"} <= names
    assert all(path.stat().st_size > 5000 for path in written)


def test_nothing_recorded_is_nothing_drawn(project: Record, tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="nothing to draw"):
        write_figures(open_results(project()), tmp_path / "figures")
    assert not (tmp_path / "figures").exists()


def test_a_place_that_cannot_be_written_is_named(
    results: Results, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file: cannot be written"):
        write_figures(results, tmp_path / "file")
