"""Any VASP runs -> figures: moments and lattice over x, densities of states.

Runs with different functional, U or cutoff have symbols of their own, and no line joins
two runs: nobody planned them as one series.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.analysis.ions import METALS
from workflows.counts import count_of
from workflows.errors import ResultsError, printable
from workflows.records.collected import structure_as_run
from workflows.report.chart import ELEMENTS, Chart, Marker, Panel, Trace
from workflows.report.collect import Missing
from workflows.report.dos_chart import dos_chart, with_elements
from workflows.report.series_charts import COLOURS, KEY, SIZES
from workflows.results.any_run import AnyRun, any_runs_table, kind_of
from workflows.results.dos_table import Drawing, WideWindowError, density_frame
from workflows.results.results import records
from workflows.vasp.dos_files import read_density_of
from workflows.vasp.run_files import VaspFiles, run_files

if TYPE_CHECKING:
    import pandas as pd

    from workflows.analysis.dos import DensityOfStates

Row = dict[str, Any]

MARKERS: tuple[Marker, ...] = ("circle", "square", "diamond", "triangle")
"""One for each kind of settings; the last for all further kinds."""
DENSITIES = 6
"""Densities of states that are drawn."""
USABLE = ("DONE", "NEEDS_REVIEW")
HOLLOW = (
    "Hollow points: something stands against the run. Runs that are not DONE or "
    "NEEDS_REVIEW are left out. Nothing joins two points: nobody planned these runs as "
    "one series."
)


@dataclass(frozen=True)
class RunCharts:
    """Figures of runs, the table of states behind them, and what is not shown."""

    charts: tuple[Chart, ...]
    densities: pd.DataFrame | None
    missing: tuple[Missing, ...]


def run_charts(runs: Sequence[AnyRun], origin: str) -> RunCharts:
    """Draw what there are numbers for; reads densities of states from the runs.

    Parameters
    ----------
    runs
        In the order of the page.
    origin
        What made the numbers, one line.
    """
    import pandas as pd

    rows = [r for r in records(any_runs_table(runs)) if r["state"] in USABLE]
    charts: list[Chart] = []
    missing: list[Missing] = []
    xs = {round(row["x"], 4) for row in rows if _has(row, "x")}
    if len(xs) > 1:
        charts += over_x(rows, origin)
    else:
        why = "the runs that finished have one composition, or are not spinels"
        missing.append(Missing("moments and lattice over x", why))
    densities, reasons, left = _densities(runs)
    missing += [Missing("densities of states", reason) for reason in reasons]
    if not densities:
        return RunCharts(tuple(charts), None, tuple(missing))
    charts.append(dos_chart(densities, origin + left, paper=False))
    table = pd.concat(
        [with_elements(d).assign(run=d.attrs["place"]) for d in densities],
        ignore_index=True,
    )
    return RunCharts(tuple(charts), table, tuple(missing))


def over_x(rows: Sequence[Row], origin: str) -> Iterator[Chart]:
    """Yield the moments and the lattice lengths over x.

    Parameters
    ----------
    rows
        Of :func:`workflows.results.any_run.any_runs_table`, finished runs only.
    origin
        What made the numbers, one line.
    """
    placed = [row for row in rows if _has(row, "x")]
    ions = list(dict.fromkeys(row["ion"] for row in placed if row["ion"]))
    x_title = f"x, {' or '.join(ions) or 'ions'} per formula unit"
    metals = [e for e in METALS if any(_has(r, f"m_{e.lower()}") for r in placed)]
    kinds = list(dict.fromkeys(map(kind_of, placed)))
    legend = tuple(_kinds(kinds))
    if metals:
        traces = [
            _points(placed, f"m_{e.lower()}", e, kinds, errors=f"m_{e.lower()}_std")
            for e in metals
        ]
        yield Chart(
            key="runs-moments",
            title="Site moments",
            caption="Mean |m| over the sites of an element. Bars: standard deviation "
            f"from site to site, not a statistical error. {HOLLOW}",
            origin=origin,
            panels=(
                Panel(
                    x_title,
                    "mean |m|, μB",
                    (*(t for each in traces for t in each), *legend),
                ),
            ),
        )
    lengths = [_points(placed, axis, axis, kinds) for axis in "abc"]
    yield Chart(
        key="runs-lattice",
        title="Lattice lengths",
        caption="Pseudo-cubic axes, found from the bonds. A run that held its cell "
        f"shows the cell that it was given: the table says which. {HOLLOW}",
        origin=origin,
        panels=(
            Panel(
                x_title,
                "pseudo-cubic lattice length, Å",
                (*(t for each in lengths for t in each), *legend),
            ),
        ),
    )


def _has(row: Row, column: str) -> bool:
    value = row[column]
    return value is not None and math.isfinite(value)


def _points(
    rows: Sequence[Row],
    column: str,
    label: str,
    kinds: Sequence[str],
    *,
    errors: str = "",
) -> list[Trace]:
    """Return one trace for each kind of settings; the first stands in the legend."""
    traces: list[Trace] = []
    for number, kind in enumerate(kinds):
        own = [r for r in rows if kind_of(r) == kind and _has(r, column)]
        if not own:
            continue
        traces.append(
            Trace(
                label="" if traces else label,
                x=tuple(row["x"] for row in own),
                y=tuple(row[column] for row in own),
                colour={**COLOURS, **ELEMENTS}.get(label, KEY),
                marker=_marker(number),
                errors=tuple(float(row[errors]) for row in own) if errors else (),
                hollow=tuple(
                    row["findings"] > 0 or row["state"] != "DONE" for row in own
                ),
                notes=tuple(
                    f"{_place(row)}: {row[column]:.4g}; {kind}, {row['state']}"
                    for row in own
                ),
                size=SIZES.get(column, 6.0),
            )
        )
    return traces


def _kinds(kinds: Sequence[str]) -> Iterator[Trace]:
    """Yield the settings of each symbol for the legend."""
    for number, kind in enumerate(kinds):
        if number < len(MARKERS):
            last = number == len(MARKERS) - 1 and len(kinds) > len(MARKERS)
            label = count_of(len(kinds) - number, "other setting") if last else kind
            yield Trace(label, (), (), KEY, marker=_marker(number))


def _marker(number: int) -> Marker:
    return MARKERS[min(number, len(MARKERS) - 1)]


def _place(row: Row) -> str:
    directory = Path(row["dir_name"]).name
    one = row["run"] in {"", directory}
    return printable(directory if one else f"{directory} {row['run']}")


def _densities(
    runs: Sequence[AnyRun],
) -> tuple[list[pd.DataFrame], list[str], str]:
    """Read the first densities of states; why others are not there; what is left."""
    found: list[pd.DataFrame] = []
    reasons: dict[str, None] = {}
    single = [run for run in runs if _single_point(run)]
    left = 0
    for run in single:
        if len(found) == DENSITIES:
            left += 1
            continue
        try:
            density = _density(run)
        except ResultsError as error:
            reasons[str(error)] = None
        else:
            found.append(density)
    if not single:
        reasons[
            "no run that finished held its atoms (NSW = 0): VASP adds the states of a "
            "relaxation up over its steps"
        ] = None
    told = f"; showing {len(found)} of {len(found) + left} densities of states"
    return found, list(reasons), told if left else ""


def _single_point(run: AnyRun) -> bool:
    document = run.document
    usable = str(document.state) in USABLE and document.structure is not None
    return usable and (document.n_ionic_steps or 0) <= 1 and document.engine == "vasp"


def _density(run: AnyRun) -> pd.DataFrame:
    """Read one density of states; as it is where ten points would smear it."""
    document = run.document
    dos = _read(run)
    structure = structure_as_run(document)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # noted on the figure
        try:
            frame = density_frame(dos, structure, Drawing("orbital", align="vbm"))
        except WideWindowError:
            own = Drawing("orbital", smooth=0, align="vbm")
            frame = density_frame(dos, structure, own)
    own = frame.attrs["smoothing"]
    frame.attrs |= {
        "place": f"{document.formula}, {run.short}",
        "smoothing": "not smoothed" if own == "none" else own,
    }
    return frame


def _read(run: AnyRun) -> DensityOfStates:
    directory = Path(run.document.dir_name)
    label = run.document.task_label
    for files in run_files(directory):
        if files.label == label or not files.label:
            return read_density_of(files)
    return read_density_of(VaspFiles(directory, "", {}))
