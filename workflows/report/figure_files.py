"""Charts -> files for a manuscript: PDF, SVG and PNG of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from workflows.errors import ResultsError, StoreError
from workflows.report.collect import collect
from workflows.report.draw_matplotlib import draw
from workflows.report.structure_pictures import pictured, structures_figure
from workflows.results.results import Results

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("pdf", "svg", "png")
DOTS_PER_INCH = 300


def write_figures(results: Results, directory: Path) -> tuple[Path, ...]:
    """Draw every figure there are numbers for.

    Parameters
    ----------
    results
        Of one engine and one kind of settings.
    directory
        To fill; made if missing. Older files of the same names are replaced.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    ResultsError
        Nothing is recorded, or several kinds of results.
    StoreError
        The directory cannot be written to.
    """
    if not results.headers():
        raise ResultsError("nothing to draw: no results are recorded; lnmo run first")
    written = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, figure in _figures(results):
            for ending in FORMATS:
                path = directory / f"{name}.{ending}"
                figure.savefig(path, dpi=DOTS_PER_INCH)
                written.append(path)
    except OSError as error:
        raise StoreError(f"{directory}: cannot be written ({error.strerror})") from None
    return tuple(written)


def _figures(results: Results) -> Iterator[tuple[str, Figure]]:
    found = collect(results)
    chosen = pictured(results.lowest_documents())
    if chosen:
        yield "fig2d-structures", structures_figure(chosen, found.origin)
    for chart in found.charts:
        yield chart.key, draw(chart)
