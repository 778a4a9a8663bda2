"""Charts -> files for a manuscript: PDF, SVG, PNG, EPS; letters stay letters."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.atomic import staged
from workflows.errors import (
    LnmoError,
    ResultsError,
    StoreError,
    one_line,
    shortened,
    unwritable,
)
from workflows.report.collect import Collection, collect
from workflows.report.draw_matplotlib import draw
from workflows.report.figure_request import FigureRequest
from workflows.report.structure_pictures import (
    origin_of_pictures,
    pictured,
    structures_figure,
)
from workflows.report.style_file import problem_of_numbers
from workflows.results.results import Results

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH = 300
TRUETYPE = 42
"""Fonts that a journal and an editor of drawings take; a style may say otherwise."""
STRUCTURES = "fig2d-structures"


def write_figures(
    results: Results,
    directory: Path,
    asked: FigureRequest | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> tuple[Path, ...]:
    """Draw the figures there are numbers for.

    Parameters
    ----------
    results
        Of one engine and one kind of settings.
    directory
        To fill; made if missing. Older files of the same names are replaced.
    asked
        Which figures, how wide, which files, what style; all in the usual way if None.
    tell
        Takes a line for each part that is left out, with the reason. An older file of
        it stays.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    ResultsError
        Nothing is recorded, several kinds of results, or no numbers for a figure that
        was asked for.
    StoreError
        The directory cannot be written to.
    """
    from matplotlib import rc_context

    if not results.headers():
        raise ResultsError("nothing to draw: no results are recorded; lnmo run first")
    wanted = asked or FigureRequest()
    written = []
    source = _source(wanted.style)
    try:
        with (
            staged(directory) as place,
            rc_context({"pdf.fonttype": TRUETYPE, "ps.fonttype": TRUETYPE}),
            _styled(wanted.style),
        ):
            found = collect(results)
            with _blamed(source):
                figures = list(_figures(results, found, wanted))
            _refuse_missing(wanted, [name for name, _ in figures], found)
            with _blamed(source):
                for name, figure in figures:
                    for file in (f"{name}.{ending}" for ending in wanted.formats):
                        (place / file).write_bytes(_drawn(figure, file))
                        written.append(directory / file)
    except OSError as error:
        raise StoreError(unwritable(directory, error)) from None
    for part in () if wanted.only else found.missing:
        tell(f"left out: {part.what}: {part.why}")
    return tuple(written)


def _drawn(figure: Figure, file: str) -> bytes:
    """Return a figure as its file: a full disk would end matplotlib half-way."""
    made = io.BytesIO()
    figure.savefig(made, format=file.rpartition(".")[2], dpi=DOTS_PER_INCH)
    return made.getvalue()


def _source(style: str | None) -> str:
    """Name what says how figures look: a style, else the user's own matplotlibrc.

    Raises
    ------
    ResultsError
        A number of that file is one that no figure can be drawn with.
    """
    import matplotlib as mpl

    if style is not None:
        return f"--style {style}"
    path = Path(mpl.matplotlib_fname())
    if path.is_relative_to(mpl.get_data_path()):
        return ""
    values: Any = mpl.rcParams
    if problem := problem_of_numbers(values):
        raise ResultsError(f"{path}: {problem}; correct or remove that line")
    return str(path)


def _styled(style: str | None) -> AbstractContextManager[None]:
    from matplotlib import style as styles

    return styles.context(style) if style else nullcontext()


@contextmanager
def _blamed(source: str) -> Iterator[None]:
    """Name the style where matplotlib cannot draw with what it asks for."""
    try:
        with warnings.catch_warnings():
            if source:  # axes without a size, for letters without a place
                warnings.filterwarnings("error", "constrained_layout not applied")
            yield
    except (OSError, LnmoError):
        raise
    except Exception as error:  # LaTeX that is missing, sizes that no font has, ...
        if not source:
            raise
        told = shortened(one_line(error) or type(error).__name__, 150)
        raise ResultsError(
            f"{source}: matplotlib cannot draw with it ({told}); correct or remove "
            "that line of it, or install what it asks for"
        ) from None


def _figures(
    results: Results, found: Collection, asked: FigureRequest
) -> Iterator[tuple[str, Figure]]:
    if not asked.only or STRUCTURES in asked.only:
        chosen = pictured(results.lowest_documents())
        if chosen:
            drawn = structures_figure(
                chosen, origin_of_pictures(found.series, found.origin), asked.width
            )
            yield STRUCTURES, drawn
    for chart in found.charts:
        if not asked.only or chart.key in asked.only:
            yield chart.key, draw(chart, asked.width)


def _refuse_missing(
    asked: FigureRequest, drawn: Sequence[str], found: Collection
) -> None:
    missing = [name for name in asked.only if name not in drawn]
    if not missing:
        return
    why = "; ".join(f"{m.what}: {m.why}" for m in found.missing)
    there = ", ".join(chart.key for chart in found.charts)
    raise ResultsError(
        f"{', '.join(missing)}: no numbers for it yet ({why or 'nothing finished'}); "
        f"there are: {there}"
    )
