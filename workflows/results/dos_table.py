"""The density of states of a recorded run, smoothed and aligned, as a table."""

from __future__ import annotations

import math
import warnings
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from workflows.analysis.dos import DensityOfStates
from workflows.analysis.pdos import By, curves_of
from workflows.analysis.smoothing import Mode, adjacent_average, half_step
from workflows.errors import ResultsError
from workflows.records.document import State, TaskDocument
from workflows.results.gates import standing, words_of

if TYPE_CHECKING:
    import pandas as pd
    from pymatgen.core import Structure

Align = Literal["efermi", "vbm"]

SUM_RULE = 0.1
"""Electrons; the DOS integrated to E_F may miss this many of NELECT."""

LARGEST_WINDOW = 0.3
"""eV; a wider average smears d bands, about 1 eV wide, and gaps of that size."""

UNIT = "states/eV per cell"


class WideWindowError(ResultsError):
    """The points of an average span more than `LARGEST_WINDOW`, and nobody asked."""


@dataclass(frozen=True)
class Drawing:
    """How a density of states is shown.

    Attributes
    ----------
    by
        What the curves are, see :func:`~workflows.analysis.pdos.curves_of`.
    smooth
        Points of the adjacent average; 0 for none. Refused where they span more than
        `LARGEST_WINDOW`.
    window_ev
        Width of the average, eV, whatever it is; instead of `smooth` if given.
    mode
        Shape of the window, see
        :func:`~workflows.analysis.smoothing.adjacent_average`.
    align
        Zero of energy: the run's own Fermi level, or the highest occupied level.
    """

    by: By = "element"
    smooth: int = 10
    mode: Mode = "origin"
    align: Align = "efermi"
    window_ev: float | None = None

    def points(self, step: float) -> int:
        """Return the points of the average on a grid of this step, eV; 1 for none.

        Raises
        ------
        WideWindowError
            `smooth` points span more than `LARGEST_WINDOW`.
        ResultsError
            The width is negative.
        """
        if self.window_ev is not None:
            if not 0 <= self.window_ev < math.inf:
                raise ResultsError(
                    f"window_ev = {self.window_ev:g}: a width in eV, 0 for none"
                )
            return max(round(self.window_ev / step), 1)
        if self.smooth > 1 and self.smooth * step > LARGEST_WINDOW:
            width = self.smooth * step
            raise WideWindowError(
                f"{self.smooth} points of this grid span {width:.2f} eV (limit "
                f"{LARGEST_WINDOW:g}; the step is {step:.3g} eV): run a dos step with "
                "a larger NEDOS, take smooth=0, or ask for it with "
                f"window_ev={width:.2g} (--window-ev)"
            )
        return max(self.smooth, 1)


def state_of_density(row: Mapping[str, Any], document: TaskDocument) -> dict[str, str]:
    """Return state and findings of a density of states: its own and its row's.

    Parameters
    ----------
    row
        Of the calculation in the series; a step for the density changes nothing there.
    document
        Of the step that the density comes from, finished.
    """
    reviewed = document.state is State.NEEDS_REVIEW
    own = words_of(standing(document.findings)).split(", ")
    told = dict.fromkeys([*str(row["findings"]).split(", "), *own])
    return {
        "state": str(document.state) if reviewed else str(row["state"]),
        "findings": ", ".join(filter(None, told)),
    }


def density_frame(
    dos: DensityOfStates, structure: Structure, drawing: Drawing
) -> pd.DataFrame:
    """Return the curves as a table.

    Parameters
    ----------
    dos
        As read.
    structure
        The cell of that run, in its site order.
    drawing
        Curves, smoothing, zero of energy.

    Returns
    -------
    DataFrame
        Column ``energy`` in eV from the zero, then for each curve ``<name> up`` and
        ``<name> down``, or ``<name>`` alone without spin; states/eV per cell, both
        spins positive. ``attrs``: ``units``, ``curves`` (names), ``spins``, ``align``,
        ``zero`` (eV, on the run's scale), ``efermi``, ``vbm``; ``gap``, ``gap_up``,
        ``gap_down`` (eV) and ``half_metal``, on this run's k mesh; ``step``,
        ``window_ev`` and ``smoothing`` of the average; ``electrons`` at E_F and
        ``nelect``; ``dropped_first_point``, ``notes``.

    Raises
    ------
    ResultsError
        See :func:`~workflows.analysis.pdos.curves_of`; an unknown alignment; or a
        window above `LARGEST_WINDOW` that was not asked for.
    """
    import pandas as pd

    if drawing.align not in ("efermi", "vbm"):
        raise ResultsError(f"align is {drawing.align!r}: 'efermi' or 'vbm'")
    kept = dos.without_first_point()
    zero = dos.efermi if drawing.align == "efermi" else dos.occupied_edge
    try:
        curves = curves_of(kept, structure, drawing.by)
        smooth = drawing.points(dos.step)
        _refuse_wider(smooth * dos.step, len(kept.energies) * dos.step)
        smoothed = {
            name: adjacent_average(values, smooth, drawing.mode)
            for name, values in curves.items()
        }
    except ValueError as error:
        raise ResultsError(str(error)) from None
    shift = half_step(kept.energies, smooth, drawing.mode)
    spins = (" up", " down") if len(kept.total) == 2 else ("",)
    columns = {"energy": kept.energies - zero - shift} | {
        f"{name}{spin}": values[k]
        for name, values in smoothed.items()
        for k, spin in enumerate(spins)
    }
    frame = pd.DataFrame(columns)
    units = dict.fromkeys(frame.columns, UNIT)
    frame.attrs = {
        "units": {**units, "energy": f"eV, from {_zero_name(drawing.align)}"},
        "curves": list(curves),
        "spins": len(spins),
        "align": drawing.align,
        "zero": zero,
        "efermi": dos.efermi,
        "vbm": dos.occupied_edge,
        **_gaps(dos),
        "step": dos.step,
        "window_ev": smooth * dos.step if smooth > 1 else 0.0,
        "smoothing": _smoothing(smooth, drawing.mode, dos.step),
        "electrons": dos.electrons,
        "nelect": dos.nelect,
        "dropped_first_point": kept is not dos,
        "notes": notes(dos, kept),
    }
    return frame


def _refuse_wider(width: float, grid: float) -> None:
    """Refuse an average, eV, over more than the whole grid: one number for all of it.

    Raises
    ------
    ResultsError
        Gives both widths.
    """
    if width > grid:
        raise ResultsError(
            f"an average over {width:.4g} eV is wider than the whole density of "
            f"states, {grid:.4g} eV: take a smaller window_ev (--window-ev), or smooth"
        )


def notes(dos: DensityOfStates, kept: DensityOfStates) -> list[str]:
    """Return what a reader of the curves has to know, and warn of it."""
    found = []
    if kept is not dos:
        found.append(
            "the first grid point held the states below the grid and was dropped"
        )
    if dos.nelect is not None and abs(dos.electrons - dos.nelect) > SUM_RULE:
        found.append(
            f"the total integrates to {dos.electrons:.2f} electrons at E_F, not "
            f"{dos.nelect:g}: EMIN cuts states off, or the run is not what it says"
        )
    for note in found:
        warnings.warn(note, UserWarning, stacklevel=4)
    return found


def _gaps(dos: DensityOfStates) -> dict[Hashable, Any]:
    """Return the gaps, eV, from the eigenvalues of this run, never from the curves."""
    found = dos.levels
    names = ("gap", "gap_up", "gap_down", "half_metal")
    return {name: None if found is None else getattr(found, name) for name in names}


def _zero_name(align: Align) -> str:
    return "the Fermi level" if align == "efermi" else "the highest occupied level"


def _smoothing(n: int, mode: Mode, step: float) -> str:
    if n == 1:
        return "none"
    return f"adjacent average of {n} points ({mode}), {n * step:.3g} eV"


def dos_document(steps: Iterable[TaskDocument]) -> TaskDocument:
    """Choose the step whose density of states stands for a calculation.

    Raises
    ------
    ResultsError
        It has not finished, or the engine has no electrons.
    """
    own = {document.task_label: document for document in steps}
    first = next(iter(own.values()))
    if all(document.surrogate for document in own.values()):
        raise ResultsError(
            f"{first.engine} has no electrons: a density of states needs a DFT engine"
        )
    wanted = "dos" if "dos" in first.steps else "static"
    if wanted not in own or not own[wanted].state.usable:
        state = own[wanted].state if wanted in own else "not recorded"
        raise ResultsError(
            f"calculation {first.calculation_id}: its {wanted} step is {state}; "
            "lnmo run goes on with it"
        )
    return own[wanted]


def provenance(document: TaskDocument, **more: Any) -> dict[str, Any]:
    """Return what says where a density of states is from."""
    return {
        "x": document.x,
        "insertion": document.insertion,
        "calculation_id": document.calculation_id,
        "run": document.task_label,
        "directory": document.dir_name,
        "engine_version": document.engine_version,
        "fake": document.fake,
        **more,
    }
