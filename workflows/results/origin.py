"""One line on what made the numbers of a table: DFT, surrogate or fake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflows.results.labels import SURROGATE_ENGINE, paper_u
from workflows.results.lax_settings import in_one
from workflows.results.u_in_words import NO_U

if TYPE_CHECKING:
    import pandas as pd

SURROGATE = "surrogate (CHGNet): its numbers rank structures, they are not evidence"

MOST_DOUBTS = 4
"""Rows that a figure names."""

FAKE = "FAKE VASP: every number is synthetic, none is a calculation"


def origin_of_numbers(frame: pd.DataFrame) -> str:
    """Return what made the numbers of a series, or of a table of runs; one line.

    Engine, version and U; a surrogate and a fake say that their numbers are none.
    """
    if not len(frame):
        return ""
    versions = ", ".join(sorted({v for v in frame["engine_version"] if v}))
    shown = f" ({versions})" if versions else ""
    engine = f"engine {', '.join(sorted(set(frame['engine'])))}{shown}"
    if frame["surrogate"].any() and not frame["fake"].any():
        return f"{engine}: {SURROGATE}"
    engine += _u_of(frame) + _geometry_of(frame) + _lax(frame)
    return f"{engine}: {FAKE}" if frame["fake"].any() else engine


def with_doubts(origin: str, frame: pd.DataFrame) -> str:
    """Add what stands against the rows of a table, for a figure that cannot mark them.

    Parameters
    ----------
    origin
        What made the numbers, see :func:`origin_of_numbers`.
    frame
        With the column ``findings``, and with ``x`` if it is not said there.
    """
    xs = frame["x"] if "x" in frame else [None] * len(frame)
    told = {
        text if x is None else f"x = {x:g}: {text}": None
        for x, text in zip(xs, frame["findings"], strict=True)
        if isinstance(text, str) and text
    }
    if not told:
        return origin
    shown = [*told][:MOST_DOUBTS]
    more = [f"{len(told) - len(shown)} more"] if len(told) > len(shown) else []
    return f"{origin}; DOUBTS: {'; '.join([*shown, *more])}"


def _geometry_of(frame: pd.DataFrame) -> str:
    """Say where the lengths are another engine's than the electrons."""
    if "geometry" not in frame or SURROGATE_ENGINE not in set(frame["geometry"]):
        return ""
    return f", GEOMETRY OF A SURROGATE ({SURROGATE_ENGINE}): lengths are not DFT's"


def _lax(frame: pd.DataFrame) -> str:
    """Name the settings that are laxer than the paper's or the packaged ones."""
    if "lax_settings" not in frame:
        return ""
    found = in_one(str(value) for value in frame["lax_settings"] if value)
    return f", settings laxer than the paper's or ours ({found})" if found else ""


def _u_of(frame: pd.DataFrame) -> str:
    """Return the U of all rows, and whether the paper has another."""
    found = sorted({u for u in frame["hubbard_u"] if u} - {NO_U}) or [NO_U]
    values = " | ".join(f"{u} eV" if u != NO_U else "0" for u in found)
    known = any(u for u in frame["hubbard_u"])
    paper = "" if found == [paper_u()] else f" (the paper: {paper_u()} eV)"
    return f", U {values}{paper}" if known else ""
