"""Bands of a finished run: partly occupied ones, and too few for its DOS."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.analysis.band_gap import PARTLY
from workflows.analysis.elements import family
from workflows.checks.run_result import RunResult, warn
from workflows.counts import count_of
from workflows.records.document import Finding

MORE = 1.3
"""Bands that are advised, as a multiple of those that were too few."""


def band_findings(result: RunResult) -> Iterator[Finding]:
    """Report partly occupied levels of a compound, and bands that end below EMAX."""
    yield from _partly(result)
    yield from _reach(result)


def _partly(result: RunResult) -> Iterator[Finding]:
    levels = result.levels
    compound = any(family(e.symbol) == "anion" for e in result.structure.elements)
    if levels is None or not levels.partly or not compound:
        return
    low, high = PARTLY
    number = (
        f"{count_of(levels.partly, 'level is', 'levels are')} between {low:g} and "
        f"{high:g} occupied"
    )
    if levels.between > 0:
        yield warn(
            "partial_occupations",
            f"{number}: the gap is given as 0, though {levels.between:.2f} eV separate "
            "the levels above and below half occupation; this is a metal, or SIGMA is "
            "too large: try SIGMA = 0.02, or the tetrahedron method",
        )
    else:
        yield warn("partial_occupations", f"{number}: the bands are metallic", "info")


def _reach(result: RunResult) -> Iterator[Finding]:
    levels, emax = result.levels, result.emax
    if levels is None or emax is None or levels.reach >= emax:
        return
    yield warn(
        "bands_below_emax",
        f"the highest band begins at {levels.reach:.2f} eV and EMAX is {emax:.2f} eV: "
        f"between them the density of states lacks bands; set NBANDS to {MORE:g} times "
        "that of this run",
    )
