"""Site moments and valences of a finished run against what they should be.

Turned moments are told of any compound, by the planned ones, and vanished ones of any
other. All other limits are those of LixNi0.5Mn1.5O4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workflows.analysis.lnmo import METALS, expected_mn3, expected_total_moment
from workflows.analysis.valence import THRESHOLDS, two_clusters, valence_from_moment
from workflows.checks.outcome import REMEDY, SEED, Outcome, Severity, warn
from workflows.records.document import Finding

MN_COLLAPSED = 2.60
"""|m|, muB: below, Mn is low spin or its electrons are spread too far."""
NI_COLLAPSED = 1.40
"""|m|, muB, of Ni2+ at x >= 1."""
NI_TOO_LARGE = 1.20
"""|m|, muB, of Ni4+ at x = 0."""
OXYGEN_MOMENT = 0.25
"""|m|, muB: above, a ligand hole; expected small at x = 0, wrong at x >= 1."""
TOTAL_MOMENT = 0.1
"""muB per cell, from the spin-only total."""
EQUAL_MN = 0.05
"""muB: Mn within this range of each other are all of one valence."""
FLIPPED = 0.5
"""|m|, muB, that a moment has at the start and at the end to count as turned over."""
LARGE_START, VANISHED = 2.0, 0.5
"""|m|, muB: set up as large as this, and less than that in the end."""


def lnmo_moments(outcome: Outcome, x: float) -> Iterator[Finding]:
    """Check the moments of LixNi0.5Mn1.5O4: sizes, valences, total."""
    yield from large_on_oxygen(outcome, "error" if x >= 1 else "warning")
    collapsed = _where(outcome, "Mn", below=MN_COLLAPSED)
    if x >= 1:
        collapsed += _where(outcome, "Ni", below=NI_COLLAPSED)
    if collapsed:
        yield warn(
            "moment_collapsed",
            f"{_sites(outcome, collapsed)} (limits: Mn {MN_COLLAPSED:g}"
            + (f", Ni {NI_COLLAPSED:g}" if x >= 1 else "")
            + f" muB): {REMEDY}",
        )
    large = _where(outcome, "Ni", above=NI_TOO_LARGE) if x == 0 else []
    if large:
        yield warn(
            "moment_too_large",
            f"{_sites(outcome, large)} at x = 0, where Ni4+ has less than "
            f"{NI_TOO_LARGE:g} muB: {REMEDY}",
        )
    yield from _valences(outcome, x)
    yield from _total(outcome, x)


def turned(outcome: Outcome) -> Iterator[Finding]:
    """Report moments that end against their start; all of them together is the same."""
    starts, ends = outcome.start_moments, outcome.magnetization or ()
    if starts is None or len(starts) != len(ends):
        return
    large = [
        i
        for i, (a, b) in enumerate(zip(starts, ends, strict=True))
        if min(abs(a), abs(b)) > FLIPPED
    ]
    flipped = [i for i in large if starts[i] * ends[i] < 0]
    if flipped and len(flipped) < len(large):
        yield warn(
            "moment_flipped",
            f"{_sites(outcome, flipped)} against the sign of MAGMOM: not the magnetic "
            f"order that was asked for; {REMEDY}",
        )


def vanished(outcome: Outcome) -> Iterator[Finding]:
    """Report large moments that are gone.

    Not for LixNi0.5Mn1.5O4, whose Ni loses most of its moment below x = 1.
    """
    starts, ends = outcome.start_moments, outcome.magnetization or ()
    if starts is None or len(starts) != len(ends):
        return
    gone = [
        i
        for i, (a, b) in enumerate(zip(starts, ends, strict=True))
        if abs(a) >= LARGE_START and abs(b) < VANISHED
    ]
    if gone:
        yield warn(
            "moment_collapsed",
            f"{_sites(outcome, gone)}, set up with at least {LARGE_START:g}: {REMEDY}",
        )


def large_on_oxygen(outcome: Outcome, severity: Severity) -> Iterator[Finding]:
    """Report holes on oxygen."""
    large = _where(outcome, "O", above=OXYGEN_MOMENT)
    if large:
        yield warn(
            "oxygen_moment",
            f"{_sites(outcome, large)} (limit {OXYGEN_MOMENT:g}): a hole on oxygen, or "
            f"a wrong state; {REMEDY}",
            severity,
        )


def _valences(outcome: Outcome, x: float) -> Iterator[Finding]:
    """Check charge balance and the count of Mn3+; two clusters excuse a shift by U."""
    moments = outcome.magnetization or ()
    species = [site.specie.symbol for site in outcome.structure]
    charges = {
        e: [
            valence_from_moment(e, m).valence
            for s, m in zip(species, moments, strict=True)
            if s == e
        ]
        for e in THRESHOLDS
    }
    manganese = [m for s, m in zip(species, moments, strict=True) if s == "Mn"]
    wanted = round(expected_mn3(x) * len(manganese) / 12)
    counted = sum(q == 3 for q in charges["Mn"])
    spread = max(map(abs, manganese)) - min(map(abs, manganese))
    if 0 < wanted < len(manganese) and spread <= EQUAL_MN:
        yield warn(
            "symmetrised",
            f"all {len(manganese)} Mn have |m| within {spread:.2f} muB (limit "
            f"{EQUAL_MN:g}) though {wanted} of them should be Mn3+: symmetrised or "
            f"delocalised; {SEED}",
        )
        return
    if counted != wanted and two_clusters(manganese) != (wanted or None):
        yield warn(
            "wrong_valence",
            f"the moments show {counted} Mn3+ where charge balance at x = {x:g} asks "
            f"for {wanted} of {len(manganese)}: {SEED}",
        )
    sums = [q for e in charges.values() for q in e]
    if None not in sums:
        total = species.count("Li") - 2 * species.count("O") + sum(q or 0 for q in sums)
        if total and counted == wanted:
            yield warn(
                "wrong_valence",
                f"the valences that the moments show add up to {total:+d} e, not 0 "
                f"(Ni {_tally(charges['Ni'])}; Mn {_tally(charges['Mn'])}): {SEED}",
            )


def _total(outcome: Outcome, x: float) -> Iterator[Finding]:
    total, order = outcome.total_magnetization, _order(outcome)
    if total is None or order is None:
        return
    cells = outcome.structure.composition["O"] / 32
    wanted = cells * expected_total_moment(x, order)
    if abs(abs(total) - wanted) > TOTAL_MOMENT * max(1.0, cells):
        yield warn(
            "total_moment",
            f"{total:.2f} muB per cell where {order} order at x = {x:g} has "
            f"{wanted:g} +- {TOTAL_MOMENT:g}: a moment is collapsed, turned over or "
            "delocalised",
        )


def _order(outcome: Outcome) -> str | None:
    """Tell the order asked for by the signs of MAGMOM; None for any other."""
    starts = outcome.start_moments
    if starts is None or len(starts) != len(outcome.structure):
        return None
    signs = {
        e: {
            m > 0
            for m, s in zip(starts, outcome.structure, strict=True)
            if s.specie.symbol == e and m
        }
        for e in METALS
    }
    if any(len(sign) != 1 for sign in signs.values()):
        return None
    return "fm" if signs["Ni"] == signs["Mn"] else "fim"


def _where(
    outcome: Outcome, element: str, *, below: float = 0.0, above: float | None = None
) -> list[int]:
    moments = outcome.magnetization or ()
    return [
        i
        for i, (site, m) in enumerate(zip(outcome.structure, moments, strict=True))
        if site.specie.symbol == element
        and (abs(m) < below or (above is not None and abs(m) > above))
    ]


def _sites(outcome: Outcome, indices: Sequence[int]) -> str:
    """Name sites and their moments, such as ``Ni #4 -0.21, Ni #5 +0.02 muB``."""
    moments = outcome.magnetization or ()
    told = [
        f"{outcome.structure[i].specie.symbol} #{i} {moments[i]:+.2f}"
        for i in indices[:6]
    ]
    more = f" and {len(indices) - 6} more" if len(indices) > 6 else ""
    return f"{', '.join(told)}{more} muB"


def _tally(charges: Sequence[int | None]) -> str:
    return ", ".join(f"{charges.count(q)} {q}+" for q in (4, 3, 2) if q in charges)
