"""Pictures of the cells at x = 0, 1 and 2: Figure 2d of the paper, from our results.

Drawn with ASE's own plotting, which is flat: spheres seen along b, slightly tilted.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workflows.analysis.ions import LITHIUM, working_ion
from workflows.campaign.calculation import NO_INSERTION
from workflows.report.chart import ELEMENTS
from workflows.report.draw_matplotlib import LETTERS
from workflows.results.hosts import member_name
from workflows.results.origin import with_doubts

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from workflows.records.document import TaskDocument

PICTURED = (0.0, 1.0, 2.0)
VIEW = "-82x,12y,0z"
"""Rotation of the camera, degrees, as ASE writes it: c points up, b away."""
OTHER = "#6baed6"
RADII = {"Ni": 0.86, "Li": 0.52, "O": 0.36}
METAL_RADIUS = 0.68
"""Radii are for the eye, in A, and tell the elements apart without their colours."""
CELL_WIDTH, CELL_HEIGHT, ROOM_BELOW = 3.2, 3.1, 0.8
"""Inches of one cell, and of the legend and what made it."""
POINTS_PER_RADIUS = 13.0
"""Diameter of a mark of the legend, points, for 1 A."""


def pictured(documents: Sequence[TaskDocument]) -> list[TaskDocument]:
    """Choose the final structures at x = 0, 1, 2, one for each insertion model."""
    chosen: dict[tuple[float, str], TaskDocument] = {}
    for document in documents:
        if document.structure is None or not document.state.usable:
            continue
        if document.x in PICTURED:
            key = (document.x, document.insertion or NO_INSERTION)
            best = chosen.get(key)
            if best is None or _energy(document) <= _energy(best):
                chosen[key] = document
    return [chosen[key] for key in sorted(chosen)]


def origin_of_pictures(series: pd.DataFrame, origin: str) -> str:
    """Return what made the pictures, and what stands against their rows."""
    return with_doubts(origin, series[series["x"].isin(PICTURED)])


def structures_figure(
    documents: Sequence[TaskDocument], origin: str, width: float | None = None
) -> Figure:
    """Draw the cells side by side.

    Parameters
    ----------
    documents
        With structures, from :func:`pictured`.
    origin
        What made them, one line; drawn into the figure.
    width
        Of the whole figure, inches; by the number of cells if None.
    """
    from matplotlib.figure import Figure

    columns = max(len(documents), 1)
    whole = width or CELL_WIDTH * columns
    size = (whole, CELL_HEIGHT * whole / (CELL_WIDTH * columns) + ROOM_BELOW)
    figure = Figure(figsize=size, layout="constrained")
    for number, document in enumerate(documents, start=1):
        axes = figure.add_subplot(1, columns, number)
        _draw(axes, document)
    lines = textwrap.fill(origin, int(LETTERS * whole))
    figure.suptitle(lines, fontsize="small", color="0.35")
    _legend(figure, documents)
    return figure


def _draw(axes: Axes, document: TaskDocument) -> None:
    from ase.visualize.plot import plot_atoms
    from pymatgen.io.ase import AseAtomsAdaptor

    assert document.structure is not None
    plain = document.structure.copy()
    for name in list(plain.site_properties):
        plain.remove_site_property(name)
    plain.translate_sites(range(len(plain)), [0, 0, 0], to_unit_cell=True)
    atoms = AseAtomsAdaptor.get_atoms(plain, msonable=False)
    symbols = [site.specie.symbol for site in plain]
    plot_atoms(
        atoms,
        axes,
        rotation=VIEW,
        radii=[RADII.get(symbol, METAL_RADIUS) for symbol in symbols],
        colors=[ELEMENTS.get(symbol, OTHER) for symbol in symbols],
        show_unit_cell=2,
    )
    axes.set_axis_off()
    model = (
        ""
        if document.insertion == NO_INSERTION
        else f", started as {document.insertion}"
    )
    if host := member_name(str(document.ordering.get("host") or "")):
        model += f", {host}"
    axes.set_title(f"x = {document.x:g}{model}\n{_sites(document)}", fontsize="small")


def _sites(document: TaskDocument) -> str:
    ion = working_ion(document.formula, document.n_li) or LITHIUM
    counts = document.final_sites.get(ion, {})
    words = " + ".join(f"{n} on {role}" for role, n in sorted(counts.items()))
    return f"{ion}: {words}" if words else f"no {ion}"


def _legend(figure: Figure, documents: Sequence[TaskDocument]) -> None:
    from matplotlib.lines import Line2D

    symbols = dict.fromkeys(
        site.specie.symbol for d in documents if d.structure for site in d.structure
    )
    ordered = [s for s in ("Li", "Na", "Mg", "Ni", "Mn", "O") if s in symbols]
    ordered += [s for s in symbols if s not in ordered]
    handles = [
        Line2D(
            *([], []),
            ls="",
            marker="o",
            ms=POINTS_PER_RADIUS * RADII.get(s, METAL_RADIUS),
            color=ELEMENTS.get(s, OTHER),
            label=s,
        )
        for s in ordered
    ]
    if handles:
        figure.legend(
            handles=handles, loc="outside lower center", ncols=6, frameon=False
        )


def _energy(document: TaskDocument) -> float:
    energy = document.energy
    return float("inf") if energy is None else energy
