"""Bands of a finished run: partly occupied ones, and too few for its DOS."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.analysis.band_gap import PARTLY
from workflows.analysis.elements import family
from workflows.checks.outcome import Outcome, warn
from workflows.records.document import Finding

MORE = 1.3
"""Bands that are advised, as a multiple of those that were too few."""


def band_findings(outcome: Outcome) -> Iterator[Finding]:
    """Report partly occupied levels of a compound, and bands that end below EMAX."""
    yield from _partly(outcome)
    yield from _reach(outcome)


def _partly(outcome: Outcome) -> Iterator[Finding]:
    levels = outcome.levels
    compound = any(family(e.symbol) == "anion" for e in outcome.structure.elements)
    if levels is None or not levels.partly or not compound:
        return
    low, high = PARTLY
    number = f"{levels.partly} levels are between {low:g} and {high:g} occupied"
    if levels.between > 0:
        yield warn(
            "partial_occupations",
            f"{number}: the {levels.between:.2f} eV between the levels on both sides "
            "of half occupation are not a gap, which is given as 0; a metal, or SIGMA "
            "is too large for the gap: try SIGMA = 0.02, or tetrahedra",
        )
    else:
        yield warn("partial_occupations", f"{number}: the bands are metallic", "info")


def _reach(outcome: Outcome) -> Iterator[Finding]:
    levels, emax = outcome.levels, outcome.emax
    if levels is None or emax is None or levels.reach >= emax:
        return
    yield warn(
        "bands_below_emax",
        f"the highest band begins at {levels.reach:.2f} eV and EMAX is {emax:.2f} eV: "
        f"between them the density of states lacks bands; set NBANDS to {MORE:g} times "
        "that of this run",
    )
