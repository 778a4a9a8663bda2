"""Results in a Python shell: the tables, and ``results.plot``."""

from __future__ import annotations

import functools
import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from structures.values import shown
from workflows.analysis.pdos import By
from workflows.errors import ResultsError
from workflows.report.chart import Panel
from workflows.report.dos_chart import crystal_field_chart, dos_chart
from workflows.report.draw_matplotlib import SOFT, draw_panel
from workflows.report.series_charts import lattice_chart, moments_chart
from workflows.results import results as tables
from workflows.results.origin import origin_of_numbers, with_doubts
from workflows.results.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LETTERS = 76
"""In a line of what made the numbers, above the axes."""
PANELS = {"element": 0, "orbital": 1}


class PlottedResults(Results):
    """Results with figures; see :class:`~workflows.results.results.Results`."""

    @classmethod
    def of(cls, results: Results) -> PlottedResults:
        """Return the same results, with figures."""
        found = cls.__new__(cls)
        found.__dict__.update(results.__dict__)
        return found

    def select(self, *args: Any, **chosen: Any) -> PlottedResults:
        """Return the same results, restricted further: as ``Results.select``."""
        return PlottedResults.of(super().select(*args, **chosen))

    @property
    def plot(self) -> Plots:
        """Figures on matplotlib axes: ``moments()``, ``lattice()``, ``pdos(x)``."""
        return Plots(self)


@functools.wraps(tables.open_results)
def open_results(*args: Any, **chosen: Any) -> PlottedResults:
    """Open the results of a project for reading."""
    return PlottedResults.of(tables.open_results(*args, **chosen))


class Plots:
    """Figures of results: the same as on the page, each on axes of matplotlib.

    What made the numbers stands above the axes. Every method takes ``ax``, the axes to
    draw into; new ones if None.
    """

    def __init__(self, results: Results) -> None:
        self._results = results

    def moments(self, ax: Axes | None = None) -> Axes:
        """Draw mean |m| of the metals over x, muB: Figure 2e.

        Parameters
        ----------
        ax
            Axes to draw into; new ones if None.

        Raises
        ------
        ResultsError
            As ``Results.series``, or `ax` is no axes.
        """
        series = self._results.series()
        origin = origin_of_numbers(series)
        return _drawn(moments_chart(series, origin).panels[0], origin, ax)

    def lattice(self, ax: Axes | None = None) -> Axes:
        """Draw the pseudo-cubic a, b, c over x, A: Figure 2f.

        Parameters
        ----------
        ax
            Axes to draw into; new ones if None.

        Raises
        ------
        ResultsError
            As ``Results.series``, or `ax` is no axes.
        """
        series = self._results.series()
        origin = origin_of_numbers(series)
        return _drawn(lattice_chart(series, origin).panels[0], origin, ax)

    def pdos(
        self, x: float, *, by: str = "orbital", ax: Axes | None = None, **chosen: Any
    ) -> Axes:
        """Draw the projected density of states at x, spin down downwards.

        Parameters
        ----------
        x
            Li per formula unit.
        by
            ``"orbital"``, ``"element"`` or ``"t2g_eg"``.
        ax
            Axes to draw into; new ones if None.
        chosen
            ``insertion``, ``smooth``, ``mode``, ``align`` (here ``"vbm"`` if left out),
            ``window_ev``: as ``Results.pdos``.

        Raises
        ------
        ResultsError
            As ``Results.pdos``, another `by`, or `ax` is no axes.
        """
        if not isinstance(by, str) or by not in {*PANELS, "t2g_eg"}:
            raise ResultsError(
                f"by = {by!r} cannot be drawn: orbital, element or t2g_eg "
                "(results.pdos has the numbers of every site)"
            )
        own = {"align": "vbm", **chosen}
        asked: By = "t2g_eg" if by == "t2g_eg" else "orbital"
        density = self._results.pdos(x, by=asked, **own)
        origin = with_doubts(origin_of_numbers(density), density.head(1))
        make = crystal_field_chart if by == "t2g_eg" else dos_chart
        panel = make([density], origin).panels[PANELS.get(by, 0)]
        return _drawn(panel, f"{panel.title}\n{origin}", ax)


def _drawn(panel: Panel, told: str, ax: Axes | None) -> Axes:
    from matplotlib.axes import Axes

    if ax is not None and not isinstance(ax, Axes):
        raise ResultsError(
            f"ax = {shown(ax)}: give axes of matplotlib (fig.add_subplot()), or leave "
            "it out for new ones"
        )
    if ax is None:
        from matplotlib import pyplot as plt

        _, ax = plt.subplots(layout="constrained")
    draw_panel(ax, replace(panel, title=""))  # it stands in what is told
    lines = [part for line in told.splitlines() for part in _wrapped(line)]
    ax.set_title("\n".join(lines), fontsize=8, color=SOFT, loc="left")
    if any(trace.label for trace in panel.traces):
        ax.legend(frameon=False, fontsize=8)
    return ax


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, LETTERS) or [line]
