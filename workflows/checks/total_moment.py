"""Whether a run with a gap has a total moment that an insulator may have.

With one spin axis and every level full or empty, each spin holds a whole number of
electrons. So the total moment M is an integer, and the electrons less |M| are even.
Where this fails, gap and moment are of no one state: a level at the Fermi level was
missed, or the digits of the run are not converged.
"""

from __future__ import annotations

from collections.abc import Iterator

from workflows.analysis.band_gap import NO_GAP
from workflows.checks.run_result import RunResult, warn
from workflows.records.document import Finding, TaskDocument

INTEGER = 0.05
"""muB, distance of the total from an integer. Choice: an insulator has an integer, and
OUTCAR prints it to 1e-4; no run with a gap in tests/data is further than 0.003 off."""
WHOLE_ELECTRONS = 0.01
"""Electrons; OUTCAR's sum over ZVAL is this close to an integer. Of a cell with a part
of an electron nothing is asked."""


def total_findings(result: RunResult) -> Iterator[Finding]:
    """Report a total moment that no insulator has."""
    told = impossible_total(
        result.total_magnetization,
        result.bandgap,
        result.nelect,
        collinear=result.signed,
    )
    if told:
        yield warn(
            "impossible_moment",
            f"{told}: gap and moment contradict each other; run it again with a "
            "denser k mesh, a smaller SIGMA and a tighter EDIFF",
        )


def total_is_impossible(document: TaskDocument) -> bool:
    """Tell whether the numbers of a recorded run contradict each other in this way."""
    return bool(
        impossible_total(
            document.total_magnetization,
            document.bandgap,
            document.nelect,
            collinear=document.moments_signed,
        )
    )


def impossible_total(
    total: float | None, gap: float | None, nelect: float | None, *, collinear: bool
) -> str:
    """Return in words why an insulator has not this total moment; empty if it may.

    Parameters
    ----------
    total
        Of the cell, muB; None if it is not known.
    gap
        eV; up to `NO_GAP`, or None, nothing is asked.
    nelect
        Valence electrons of the cell; None if they are not known.
    collinear
        One spin axis: with several the total may be any number.

    Examples
    --------
    >>> impossible_total(28.0, 0.4, 436.0, collinear=True)
    ''
    >>> impossible_total(27.92, 0.4, 436.0, collinear=True)
    '27.92 muB per cell with a gap of 0.40 eV, where an insulator has an integer'
    """
    if total is None or gap is None or not gap > NO_GAP or not collinear:
        return ""
    if nelect is not None and abs(nelect - round(nelect)) > WHOLE_ELECTRONS:
        return ""
    shown = f"{total:.2f} muB per cell with a gap of {gap:.2f} eV"
    if not abs(total - round(total)) <= INTEGER:
        return f"{shown}, where an insulator has an integer"
    if nelect is not None and (round(nelect) - round(total)) % 2:
        return f"{shown} and {nelect:g} electrons: one of them has half a level"
    return ""
