"""What a figure shows, apart from what draws it.

The same ``Chart`` is drawn by matplotlib for paper and by plotly in the page, so the
two cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Marker = Literal["", "circle", "square", "diamond", "triangle"]
Line = Literal["", "solid", "dash", "dot"]

PAPER = "#111111"
"""Colour of what the paper states; nothing of ours is black."""
ELEMENTS = {
    **{"Li": "#e69f00", "O": "#d55e00", "Ni": "#009e73", "Mn": "#0072b2"},
    **{"Ti": "#8c8c8c", "V": "#f0e442", "Cr": "#01665e", "Fe": "#a6611a"},
    **{"Co": "#cc79a7", "Cu": "#b35806"},
}
"""Colours of the elements, the same in every chart: Okabe and Ito's, told apart by
colour-blind readers."""


@dataclass(frozen=True)
class Trace:
    """Points, joined or not.

    Attributes
    ----------
    label
        Name in the legend; empty keeps it out.
    x, y
        Coordinates, in the units of the axes.
    colour
        CSS colour.
    marker, line
        Symbol and stroke; empty for none.
    errors
        Half lengths of vertical bars, one for each point; empty for none.
    hollow
        Which points are drawn open; empty for none.
    notes
        What is shown when a point is pointed at, one for each; empty for none.
    words
        What is written on a point, one for each; empty for nothing.
    filled
        Whether the area between the line and y = 0 is shaded.
    size
        Diameter of the symbol, points.
    thing
        What it is of, such as an element: traces of one thing share one entry of the
        legend, that of the first of them; empty where the label says it.
    """

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    colour: str
    marker: Marker = ""
    line: Line = ""
    errors: tuple[float, ...] = ()
    hollow: tuple[bool, ...] = ()
    notes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    filled: bool = False
    size: float = 6.0
    thing: str = ""

    @property
    def entry(self) -> str:
        """What an entry of the legend stands for; traces that share it are one."""
        return self.thing or self.label


@dataclass(frozen=True)
class Panel:
    """One pair of axes.

    Attributes
    ----------
    x_title, y_title
        Quantity and unit.
    traces
        In drawing order.
    title
        Above the axes; empty for none.
    x_range, y_range
        Limits; None for what the data ask for.
    x_ticks, y_ticks
        Positions with their words, instead of numbers; empty for numbers.
    zero_x, zero_y
        Whether a thin line is drawn at x = 0, at y = 0.
    spins
        Whether arrows say that spin up is drawn upwards and spin down downwards.
    """

    x_title: str
    y_title: str
    traces: tuple[Trace, ...]
    title: str = ""
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    x_ticks: tuple[tuple[float, str], ...] = ()
    y_ticks: tuple[tuple[float, str], ...] = ()
    zero_x: bool = False
    zero_y: bool = False
    spins: bool = False


@dataclass(frozen=True)
class Chart:
    """One figure.

    Attributes
    ----------
    key
        File name without its ending, and anchor in the page.
    title
        Head of the figure.
    caption
        What is seen, what it does not say.
    origin
        What made the numbers; drawn into the figure.
    panels
        Filled row by row.
    columns
        Panels side by side.
    height
        Of one row of panels, as a share of the width of one column.
    """

    key: str
    title: str
    caption: str
    origin: str
    panels: tuple[Panel, ...]
    columns: int = 1
    height: float = 0.62

    @property
    def rows(self) -> int:
        """Rows of panels."""
        return -(-len(self.panels) // self.columns)

    @property
    def legend(self) -> tuple[Trace, ...]:
        """Traces for the legend: the first of each thing, over all panels."""
        found: dict[str, Trace] = {}
        for panel in self.panels:
            for trace in panel.traces:
                if trace.label:
                    found.setdefault(trace.entry, trace)
        return tuple(found.values())

    @property
    def alternative(self) -> str:
        """What is drawn, for readers who do not see it."""
        panels = [_in_words(panel) for panel in self.panels]
        return f"{self.title}. {' '.join(panels)} {self.origin}"


def _in_words(panel: Panel) -> str:
    head = f"{panel.title}: " if panel.title else ""
    series = "; ".join(_span(t) for t in panel.traces if t.label and t.x)
    return f"{head}{panel.y_title} against {panel.x_title}: {series or 'nothing yet'}."


def _span(trace: Trace) -> str:
    low, high = _ends(trace.y)
    number = f"{len(trace.x)} points" if len(trace.x) > 1 else "one point"
    return f"{trace.label}, {number} from {low:.4g} to {high:.4g}"


def _ends(values: Iterable[float]) -> tuple[float, float]:
    found = list(values)
    return min(found), max(found)
