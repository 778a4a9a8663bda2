"""What a Python shell shows: counts, twelve columns, verdicts, figures on axes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex

from tests.places import TESTS
from workflows import open_results
from workflows.campaign.calculation import Calculation
from workflows.errors import ResultsError
from workflows.records.document import State, TaskDocument
from workflows.report.chart import ELEMENTS
from workflows.report.shell import PlottedResults

plt.switch_backend("Agg")


@pytest.fixture(scope="module")
def dft(tmp_path_factory: pytest.TempPathFactory) -> PlottedResults:
    where = tmp_path_factory.mktemp("dft")
    shutil.copytree(TESTS / "data" / "gpaw" / "dft", where / "lnmo-data")
    (where / "launchpad.yaml").write_text("host: embedded\n", "utf-8")
    return open_results(where)


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


def test_results_say_what_there_is(dft: PlottedResults) -> None:
    head, *rest = repr(dft).splitlines()
    assert head.startswith("Results in ")
    assert head.endswith("lnmo-data: 10 calculations, 25 steps")
    assert [line.split(maxsplit=1) for line in rest] == [
        ["campaigns", "dft: 10"],
        ["engines", "gpaw: 10"],
        ["x", "0, 0.5, 1, 1.5, 2"],
        ["states", "DONE: 25"],
    ]


def test_a_selection_says_what_it_selects(dft: PlottedResults) -> None:
    shown = repr(dft.select(x=[1]))
    assert "2 calculations, 5 steps" in shown
    assert "x          1" in shown


def test_a_plan_of_which_nothing_is_recorded_is_counted(
    calculations: tuple[Calculation, ...],
    finished: Callable[..., TaskDocument],
    project: Callable[..., Path],
) -> None:
    where = project(
        finished(calculations[0]), finished(calculations[1], state=State.FAILED)
    )
    shown = repr(open_results(where).select(calculations))
    assert "2 calculations, 2 steps; 8 planned, not recorded" in shown
    assert "DONE: 1, FAILED: 1" in shown


def test_a_fake_and_a_surrogate_are_named_as_such(
    calculations: tuple[Calculation, ...],
    finished: Callable[..., TaskDocument],
    project: Callable[..., Path],
) -> None:
    results = open_results(project(finished(calculations[0], fake=True)))
    assert "vasp (FAKE): 1" in repr(results)
    assert list(results.summary()["made_by"]) == ["vasp (FAKE)"]


def test_nothing_recorded_is_said_without_an_error(
    project: Callable[..., Path],
) -> None:
    assert repr(open_results(project())).endswith("lnmo-data: 0 calculations, 0 steps")


def test_the_summary_has_twelve_columns_their_units_and_an_origin(
    dft: PlottedResults,
) -> None:
    summary, series = dft.summary(), dft.series()
    assert len(summary.columns) == 12
    for name in ("x", "m_ni", "m_mn", "gap", "state", "findings"):
        assert list(summary[name]) == list(series[name])
    assert summary.attrs["units"]["energy_per_fu"] == "eV per formula unit"
    assert "GEOMETRY OF A SURROGATE" in summary.attrs["origin"]
    assert set(summary["made_by"]) == {"gpaw (geometry chgnet)"}


def test_verdicts_are_a_table_with_a_unit_in_each_row(dft: PlottedResults) -> None:
    table, verdicts = dft.verdicts(), dft.compare_to_paper()
    assert list(table["status"]) == [str(v.status) for v in verdicts]
    assert list(table["unit"]) == [v.unit for v in verdicts]
    assert table.attrs["units"]["value"] == "unit: see the column unit"
    assert not any(table["status"] == "PASS")


def test_moments_are_drawn_as_on_the_page(dft: PlottedResults) -> None:
    axes = dft.plot.moments()
    assert axes.get_ylabel() == "mean |m|, μB"
    colours = {to_hex(line.get_color()) for line in axes.lines}
    assert {ELEMENTS["Ni"], ELEMENTS["Mn"]} <= colours
    assert "gpaw 26.7.0" in axes.get_title(loc="left")
    assert "GEOMETRY OF A SURROGATE" in axes.get_title(loc="left")


@pytest.mark.parametrize("ax", [1, "left", plt, [], True])
def test_what_are_no_axes_is_refused(dft: PlottedResults, ax: object) -> None:
    draws: tuple[Callable[[Any], object], ...] = (
        dft.plot.moments,
        dft.plot.lattice,
        lambda given: dft.plot.pdos(1, ax=given),
    )
    for draw in draws:
        with pytest.raises(ResultsError, match=r"ax = .*: give axes of matplotlib"):
            draw(ax)
    assert not plt.get_fignums()


def test_a_figure_goes_into_the_axes_it_is_given(dft: PlottedResults) -> None:
    _, (left, right) = plt.subplots(1, 2)
    assert dft.plot.lattice(ax=left) is left
    assert dft.plot.pdos(1, ax=right) is right
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize(
    ("by", "labels"),
    [
        ("orbital", {"Ni-3d", "Mn-3d", "O-2p"}),
        ("element", {"Li", "Ni", "Mn", "O"}),
        ("t2g_eg", {"Ni t2g", "Ni eg", "Mn t2g", "Mn eg"}),
    ],
)
def test_a_density_of_states_has_a_name_a_curve(
    dft: PlottedResults, by: str, labels: set[str]
) -> None:
    axes = dft.plot.pdos(2, insertion="oct_16c_rocksalt", by=by)
    assert labels <= set(axes.get_legend_handles_labels()[1])
    assert "gap 0.85 eV" in axes.get_title(loc="left")


def test_curves_that_cannot_be_drawn_are_answered_with_those_that_can(
    dft: PlottedResults,
) -> None:
    with pytest.raises(ResultsError, match="orbital, element or t2g_eg"):
        dft.plot.pdos(1, by="site")
    with pytest.raises(ResultsError, match=r"nothing at x = 0.3 .*0.5 none"):
        dft.plot.pdos(0.3)


def test_a_selection_can_be_drawn_too(dft: PlottedResults) -> None:
    axes = dft.select(x=[1]).plot.moments()
    shown = [x for line in axes.lines for x in line.get_xdata() if line.get_label()]
    assert 1.0 in shown
