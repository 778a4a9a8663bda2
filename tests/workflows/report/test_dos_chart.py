"""Densities of states: spin down downwards, in the window that is read."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from workflows.report.dos_chart import WINDOW, dos_chart, with_elements
from workflows.report.draw_matplotlib import draw
from workflows.report.draw_plotly import plotly_figure


def density(**changes: Any) -> pd.DataFrame:
    """A table as ``Results.pdos(x, by="orbital")`` gives it, five energies long."""
    curves = ("total", "Mn d", "Mn s", "O p")
    frame = pd.DataFrame({"energy": [-20.0, -4.0, 0.0, 2.0, 9.0]})
    for number, curve in enumerate(curves, start=1):
        frame[f"{curve} up"] = [9.0, number * 1.23456789, 0.0, 3.0, 9.0]
        frame[f"{curve} down"] = [9.0, number * 0.5, 0.25, 0.0, 9.0]
    frame.attrs = {
        **{"curves": list(curves), "spins": 2, "align": "vbm", "notes": []},
        **{"x": 2.0, "insertion": "tet_8b", "gap": 0.61, "gap_up": 0.9},
        **{"gap_down": 1.2, "smoothing": "adjacent average of 10 points (origin)"},
        **changes,
    }
    return frame


def test_spin_down_is_drawn_downwards_and_named_once() -> None:
    _, orbitals = dos_chart([density()], "a test").panels
    up, down = orbitals.traces[:2]
    assert up.x == down.x == (-4.0, 0.0, 2.0)
    assert up.y == (2.469, 0.0, 3.0)
    assert down.y == (-1.0, -0.25, -0.0)
    assert (up.label, down.label) == ("Mn-3d", "")
    assert up.colour == down.colour


def test_elements_stand_beside_the_orbitals_that_bond() -> None:
    elements, orbitals = dos_chart([density()], "a test").panels
    assert [t.label for t in elements.traces if t.label] == ["Mn", "O"]
    assert [t.label for t in orbitals.traces if t.label] == ["Mn-3d", "O-2p"]


def test_the_legend_has_one_entry_for_an_element_and_its_orbital() -> None:
    chart = dos_chart([density(), density(x=1.0)], "a test")
    assert [trace.label for trace in chart.legend] == ["Mn", "O"]
    drawn = plotly_figure(chart)["data"]
    assert [t["name"] for t in drawn if t["showlegend"]] == ["Mn", "O"]
    # one click hides both spins, in both panels of both calculations
    assert sum(t["legendgroup"] == "Mn" for t in drawn) == 2 * 2 * 2
    (legend,) = draw(chart).legends
    assert [text.get_text() for text in legend.get_texts()] == ["Mn", "O"]


def test_an_element_is_the_sum_of_its_orbitals() -> None:
    frame = density()
    whole = with_elements(frame)
    assert list(whole["Mn up"]) == list(frame["Mn d up"] + frame["Mn s up"])
    assert list(whole["O down"]) == list(frame["O p down"])
    assert list(whole["total up"]) == list(frame["total up"])


@pytest.mark.parametrize(
    ("align", "zero"), [("efermi", "E_F"), ("vbm", "highest occupied level")]
)
def test_zero_of_energy_place_gap_and_average_stand_on_the_plot(
    align: str, zero: str
) -> None:
    panel = dos_chart([density(align=align)], "a test").panels[0]
    assert panel.x_title == f"E − {zero}, eV"
    assert panel.title == (
        "x = 2 tet_8b: gap 0.61 eV (up 0.90, down 1.20)\n"
        "adjacent average of 10 points (origin)"
    )
    assert panel.y_title == "states/eV per cell"
    assert panel.x_range == WINDOW


def test_a_metal_has_no_gap_and_an_old_document_does_not_know() -> None:
    metal = density(gap=5e-4, gap_up=0.0, gap_down=0.0)
    unknown = density(gap=None, gap_up=None, gap_down=None, insertion="none", x=1.0)
    titles = [p.title for p in dos_chart([metal, unknown], "a test").panels]
    assert titles[0].startswith("x = 2 tet_8b: no gap (up 0.00, down 0.00)\n")
    assert titles[2].startswith("x = 1: gap not known\n")


def test_what_a_reader_has_to_know_is_in_the_caption_once() -> None:
    note = "the first grid point was dropped"
    chart = dos_chart([density(notes=[note]), density(notes=[note])], "a test")
    assert chart.caption.endswith(f"Note: {note}.")
    assert chart.caption.count(note) == 1


def test_without_spin_there_is_one_curve_each() -> None:
    frame = density(spins=1)
    frame = frame.rename(columns=lambda name: name.removesuffix(" up"))
    _, orbitals = dos_chart([frame], "a test").panels
    assert [t.label for t in orbitals.traces] == ["Mn-3d", "O-2p"]
