"""Densities of states: spin down downwards, in the window that is read."""

from __future__ import annotations

from workflows.figures.dos import WINDOW, Spectrum, dos_chart

ENERGIES = (-20.0, -4.0, 0.0, 2.0, 9.0)
SPECTRUM = Spectrum(
    "x = 1, adjacent average",
    ENERGIES,
    {"Mn-3d": ((9, 1.23456789, 0, 3, 9), (9, 0.5, 0.25, 0, 9))},
    "E_F",
)


def test_spin_down_is_drawn_downwards_and_named_once() -> None:
    up, down = dos_chart([SPECTRUM], "a test").panels[0].traces
    assert up.x == down.x == (-4.0, 0.0, 2.0)
    assert up.y == (1.235, 0.0, 3.0)
    assert down.y == (-0.5, -0.25, -0.0)
    assert (up.label, down.label) == ("Mn-3d", "")
    assert up.colour == down.colour


def test_what_was_done_to_the_curve_stands_on_it() -> None:
    (panel,) = dos_chart([SPECTRUM], "a test").panels
    assert panel.title == "x = 1, adjacent average"
    assert panel.x_title == "E − E_F, eV"
    assert panel.y_title == "states/eV per formula unit"
    assert panel.x_range == WINDOW
