"""Projected densities of states at x = 1 and 2, spin down drawn downwards.

What smooths and shifts the curves stands on the plot: the paper names neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workflows.figures.chart import Chart, Panel, Trace

WINDOW = (-8.0, 5.0)
"""Energies shown, eV."""
COLOURS = {
    **{"Li": "#c49000", "Ni": "#1b7a43", "Mn": "#7b3294", "O": "#d9534f"},
    **{"Ni-3d": "#1b7a43", "Mn-3d": "#7b3294", "O-2p": "#d9534f"},
}
OTHERS = ("#1f5fa8", "#c2571a", "#5b6675", "#4d8f6f")
DIGITS = 4
"""Significant digits drawn; the CSV has them all."""

Densities = Sequence[float]


@dataclass(frozen=True)
class Spectrum:
    """Curves of one calculation.

    Attributes
    ----------
    title
        Which x and model, and what was averaged and shifted how.
    energies
        eV, from the zero that `zero` names, shape (points,).
    curves
        Label, such as ``Mn`` or ``O-2p`` -> states/eV per formula unit, spin up and
        spin down, both positive, shape (points,) each.
    zero
        What the energies count from.
    """

    title: str
    energies: Densities
    curves: Mapping[str, tuple[Densities, Densities]]
    zero: str


def dos_chart(spectra: Sequence[Spectrum], origin: str, *, columns: int = 2) -> Chart:
    """Show elements beside orbitals, a row for each calculation.

    Parameters
    ----------
    spectra
        Panels, row by row.
    origin
        What made the numbers, one line.
    columns
        Panels in a row.
    """
    return Chart(
        key="pdos",
        title="Projected densities of states",
        caption="Spin up upwards, spin down downwards; left by element, right the "
        "orbitals that bond. The window of the average is on the plot. The paper draws "
        "its densities of states and states no number.",
        origin=origin,
        panels=tuple(_panel(spectrum) for spectrum in spectra),
        columns=columns,
        height=0.6,
    )


def _panel(spectrum: Spectrum) -> Panel:
    low, high = WINDOW
    inside = [n for n, e in enumerate(spectrum.energies) if low <= e <= high]
    energies = tuple(round(float(spectrum.energies[n]), DIGITS) for n in inside)
    traces = []
    for number, (label, (up, down)) in enumerate(spectrum.curves.items()):
        colour = COLOURS.get(label, OTHERS[number % len(OTHERS)])
        for name, sign, density in ((label, 1, up), ("", -1, down)):
            values = tuple(_short(sign * float(density[n])) for n in inside)
            traces.append(
                Trace(name, energies, values, colour, line="solid", filled=True)
            )
    return Panel(
        f"E − {spectrum.zero}, eV",
        "states/eV per formula unit",
        tuple(traces),
        title=spectrum.title,
        x_range=WINDOW,
        zero_x=True,
        zero_y=True,
    )


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
