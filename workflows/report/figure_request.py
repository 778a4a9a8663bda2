"""What is asked of figures for a manuscript: which, how wide, which files, what style.

Decided before anything is drawn: a word that is none is answered with the nearest one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workflows.errors import ResultsError, nearest
from workflows.report.style_file import check_style_file

FORMATS = ("pdf", "svg", "png", "eps")
USUAL = ("pdf", "svg", "png")
FIGURES = {
    "2d": ("fig2d-structures",),
    "2e": ("fig2e-moments",),
    "2f": ("fig2f-lattice", "fig2f-ratio"),
    "lattice": ("fig2f-lattice",),
    "ratio": ("fig2f-ratio",),
    "moments": ("fig2e-moments",),
    "structures": ("fig2d-structures",),
    "voltage": ("voltage",),
    "valence": ("mn-valence",),
    "hull": ("hull",),
    "pdos": ("pdos",),
    "t2g-eg": ("pdos-t2g-eg",),
}
"""Short name -> figures, by the names of their files."""
INCHES = {"cm": 1 / 2.54, "mm": 1 / 25.4, "in": 1.0, "pt": 1 / 72}
NARROWEST, WIDEST = 4.0, 60.0
"""cm; a figure beyond cannot be read, or printed."""
LENGTH = re.compile(r"\s*([0-9]*\.?[0-9]+)\s*([A-Za-z]*)\s*")


@dataclass(frozen=True)
class FigureRequest:
    """Figures for a manuscript.

    Attributes
    ----------
    only
        Names of the files, without their endings; empty for every figure.
    width
        Inches; None for the usual width of each.
    formats
        Endings of the files.
    style
        A ``.mplstyle`` file, or the name of a style of matplotlib; None for neither.
    """

    only: tuple[str, ...] = ()
    width: float | None = None
    formats: tuple[str, ...] = USUAL
    style: str | None = None


def figure_request(
    only: Sequence[str], width: str | None, formats: Sequence[str], style: str | None
) -> FigureRequest:
    """Read what a command line asks for.

    Parameters
    ----------
    only
        Short names such as ``2e``, or names of files such as ``fig2e-moments``.
    width
        A length with its unit, such as ``8.5cm``.
    formats
        Endings, such as ``pdf``.
    style
        A file, or the name of a style.

    Raises
    ------
    ResultsError
        A name, a unit, a format or a style that there is not, or a width out of
        4 to 60 cm.
    """
    return FigureRequest(
        only=tuple(dict.fromkeys(key for name in only for key in _figures(name))),
        width=None if width is None else inches(width),
        formats=tuple(dict.fromkeys(map(_format, formats))) or USUAL,
        style=None if style is None else _style(style),
    )


def inches(length: str) -> float:
    """Read a length, in inches.

    Raises
    ------
    ResultsError
        No number, no unit, an unknown unit, or a width out of 4 to 60 cm.

    Examples
    --------
    >>> round(inches("8.5cm"), 3)
    3.346
    """
    found = LENGTH.fullmatch(length)
    if found is None or found[2].lower() not in INCHES:
        number = found[1] if found else "8.5"
        raise ResultsError(
            f"--width {length}: a length with cm, mm, in or pt, such as {number}cm"
        )
    width = float(found[1]) * INCHES[found[2].lower()]
    if not NARROWEST <= width * 2.54 <= WIDEST:
        raise ResultsError(
            f"--width {length} is {width * 2.54:.3g} cm (limits {NARROWEST:g} and "
            f"{WIDEST:g}): a column of a journal is 8.5cm, a page 17.5cm"
        )
    return width


def _figures(name: str) -> tuple[str, ...]:
    asked = name.lower().removeprefix("fig").strip(" .-")
    files = {key for keys in FIGURES.values() for key in keys}
    if name in files:
        return (name,)
    if asked in FIGURES:
        return FIGURES[asked]
    known = (*FIGURES, *sorted(files))
    raise ResultsError(
        f"--only {name}: no such figure{nearest(name, known)}; there are: "
        f"{', '.join(FIGURES)}"
    )


def _format(name: str) -> str:
    asked = name.lower().lstrip(".")
    if asked not in FORMATS:
        raise ResultsError(
            f"--format {name}: no such format{nearest(asked, FORMATS)}; there are: "
            f"{', '.join(FORMATS)}"
        )
    return asked


def _style(name: str) -> str:
    """Check that a style is one of matplotlib, or a file that can be drawn with."""
    from matplotlib import style

    if name in style.available or name == "default":
        return name
    if not os.path.lexists(name):
        raise ResultsError(
            f"--style {name}: no such file, and no style of matplotlib"
            f"{nearest(name, tuple(style.available))}"
        )
    check_style_file(Path(name))
    return name
