"""Projected densities of states at x = 1 and 2, spin down drawn downwards.

What smooths and shifts the curves stands on the plot: the paper names neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from workflows.analysis.band_gap import NO_GAP
from workflows.analysis.ions import METALS
from workflows.report.chart import ELEMENTS, Chart, Panel, Trace

if TYPE_CHECKING:
    import pandas as pd

SHOWN = (1.0, 2.0)
"""The x of the paper's densities of states."""
WINDOW = (-8.0, 5.0)
"""Energies shown, eV."""
LONG_PLACE = 24
"""Letters of a title after which the gap has a line of its own."""
ORBITALS = {**{f"{e} d": f"{e}-3d" for e in reversed(METALS)}, "O p": "O-2p"}
"""Curves of ``Results.pdos`` that bond, and their names."""
EG = {"Ni eg": "#7ccfb5", "Mn eg": "#56b4e9"}
"""Colours of eg, lighter than those of the elements."""
COLOURS = {
    **ELEMENTS,
    **{f"{element}-3d": ELEMENTS[element] for element in METALS},
    "O-2p": ELEMENTS["O"],
    **{f"{element} t2g": ELEMENTS[element] for element in METALS},
    **EG,
}
OTHER = "#1f5fa8"
DIGITS = 4
"""Significant digits drawn; the CSV has them all."""
UP, DOWN = " up", " down"


def dos_chart(
    densities: Sequence[pd.DataFrame], origin: str, *, paper: bool = True
) -> Chart:
    """Show elements beside orbitals, a row for each calculation.

    Parameters
    ----------
    densities
        ``Results.pdos(x, by="orbital")`` of each calculation, states/eV per cell.
    origin
        What made the numbers, one line.
    paper
        Whether they are of the paper's crystal.
    """
    every = dict.fromkeys(note for d in densities for note in d.attrs["notes"])
    notes = "".join(f" Note: {note}." for note in every)
    drawn = " The paper draws its densities of states and states no number of them."
    return Chart(
        key="pdos",
        title="Projected densities of states",
        caption="Spin up upwards, spin down downwards; left by element, right the "
        "orbitals that bond (3d of the metals, 2p of O) in the colours of their "
        "elements. Projections inside the PAW spheres."
        + (drawn if paper else "")
        + notes,
        origin=origin,
        panels=tuple(panel for density in densities for panel in _row(density)),
        columns=2,
        height=0.6,
    )


def crystal_field_chart(densities: Sequence[pd.DataFrame], origin: str) -> Chart:
    """Show t2g and eg of the metals, a panel for each calculation.

    Parameters
    ----------
    densities
        ``Results.pdos(x, by="t2g_eg")`` of each calculation, states/eV per cell.
    origin
        What made the numbers, one line.
    """
    return Chart(
        key="pdos-t2g-eg",
        title="t2g and eg",
        caption="Sums of the Cartesian d states whose lobes point between the oxygens "
        "(t2g) and at them (eg); spin up upwards, spin down downwards.",
        origin=origin,
        panels=tuple(
            Panel(
                f"E − {_zero(density.attrs)}, eV",
                "states/eV per cell",
                tuple(_traces(density, _crystal_field(density), _spins(density))),
                title=f"{_place(density.attrs)}: {_gap(density.attrs)}",
                x_range=WINDOW,
                zero_x=True,
                zero_y=True,
                spins=density.attrs["spins"] == 2,
            )
            for density in densities
        ),
        columns=2,
        height=0.6,
    )


def _crystal_field(density: pd.DataFrame) -> dict[str, str]:
    return {c: c for c in density.attrs["curves"] if c.endswith((" t2g", " eg"))}


def with_elements(density: pd.DataFrame) -> pd.DataFrame:
    """Add the curves of the elements, the sums of their orbitals, in front.

    Parameters
    ----------
    density
        ``Results.pdos(x, by="orbital")``.
    """
    whole = density[["energy"]].copy()
    for element in dict.fromkeys(_element(c) for c in _orbitals(density)):
        own = [c for c in _orbitals(density) if _element(c) == element]
        for spin in _spins(density):
            whole[f"{element}{spin}"] = sum(density[f"{curve}{spin}"] for curve in own)
    for column in density.columns[1:]:
        whole[column] = density[column]
    return whole


def _row(density: pd.DataFrame) -> Iterator[Panel]:
    whole, attributes = with_elements(density), density.attrs
    elements = dict.fromkeys(_element(curve) for curve in _orbitals(density))
    orbitals = {c: name for c, name in ORBITALS.items() if c in attributes["curves"]}
    place, gap, smoothing = (
        _place(attributes),
        _gap(attributes),
        attributes["smoothing"],
    )
    title = f"{place}: {gap}\n{smoothing}"
    if len(place) > LONG_PLACE:
        title = f"{place}\n{gap}, {smoothing}"
    for curves in ({element: element for element in elements}, orbitals):
        yield Panel(
            f"E − {_zero(attributes)}, eV",
            "states/eV per cell",
            tuple(_traces(whole, curves, _spins(density))),
            title=title,
            x_range=WINDOW,
            zero_x=True,
            zero_y=True,
            spins=attributes["spins"] == 2,
        )


def _traces(
    density: pd.DataFrame, curves: dict[str, str], spins: tuple[str, ...]
) -> Iterator[Trace]:
    shown = density[density["energy"].between(*WINDOW)]
    energies = tuple(round(float(e), DIGITS) for e in shown["energy"])
    for curve, name in curves.items():
        for spin in spins:
            sign = -1 if spin == DOWN else 1
            yield Trace(
                label="" if spin == DOWN else name,
                x=energies,
                y=tuple(_short(sign * float(v)) for v in shown[f"{curve}{spin}"]),
                colour=COLOURS.get(name, OTHER),
                line="solid",
                filled=True,
                thing=thing(name),
            )


def thing(name: str) -> str:
    """Return the element of a curve of all or of some of its states; t2g is itself.

    Examples
    --------
    >>> thing("Ni"), thing("Ni-3d"), thing("O-2p"), thing("Mn t2g")
    ('Ni', 'Ni', 'O', 'Mn t2g')
    """
    return name.partition("-")[0]


def _orbitals(density: pd.DataFrame) -> list[str]:
    return [curve for curve in density.attrs["curves"] if " " in curve]


def _element(curve: str) -> str:
    return curve.partition(" ")[0]


def _spins(density: pd.DataFrame) -> tuple[str, ...]:
    return (UP, DOWN) if density.attrs["spins"] == 2 else ("",)


def _zero(attributes: dict[Any, Any]) -> str:
    return "E_F" if attributes["align"] == "efermi" else "highest occupied level"


def _place(attributes: dict[Any, Any]) -> str:
    if "place" in attributes:  # a run that has no x of a plan
        return str(attributes["place"])
    model = attributes["insertion"]
    own = "" if model in {None, "none"} else f" {model}"
    return f"x = {attributes['x']:g}{own}"


def _gap(attributes: dict[Any, Any]) -> str:
    gap = attributes["gap"]
    if gap is None:
        return "gap not known"
    spins = [attributes["gap_up"], attributes["gap_down"]]
    each = " (up {:.2f}, down {:.2f})".format(*spins) if None not in spins else ""
    return f"gap {gap:.2f} eV{each}" if gap > NO_GAP else f"no gap{each}"


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
