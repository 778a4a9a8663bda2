"""Site moments and valences of a finished run against what they should be.

Flipped moments, against the planned ones, are reported for every compound; collapsed
ones, by the limit of their element, for every compound but LixNi0.5Mn1.5O4, which has
limits of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workflows.analysis.ions import (
    FIXED,
    IONS,
    LNMO_LARGEST_NI4,
    LNMO_SMALLEST,
    OXYGEN,
    SET_UP,
    TURNED,
    moment_collapsed,
)
from workflows.analysis.lnmo import (
    EQUAL_MN,
    MANGANESE,
    METALS,
    NICKEL,
    TOTAL_MOMENT,
    expected_mn3,
    expected_total_moment,
)
from workflows.analysis.valence import two_clusters, valence_from_moment
from workflows.checks.run_result import REMEDY, SEED, RunResult, Severity, warn
from workflows.records.document import Finding


def lnmo_moments(result: RunResult, x: float) -> Iterator[Finding]:
    """Check the moments of LixNi0.5Mn1.5O4: sizes, valences, total."""
    yield from large_on_oxygen(result, "error" if x >= 1 else "warning")
    limits = {e: m for e, m in LNMO_SMALLEST.items() if e == "Mn" or x >= 1}
    collapsed = [i for e, m in limits.items() for i in _where(result, e, below=m)]
    if collapsed:
        shown = ", ".join(f"{element} {limit:g}" for element, limit in limits.items())
        yield warn(
            "moment_collapsed",
            f"{_sites(result, collapsed)} (limits: {shown} muB): {REMEDY}",
        )
    large = _where(result, "Ni", above=LNMO_LARGEST_NI4) if x == 0 else []
    if large:
        yield warn(
            "moment_too_large",
            f"{_sites(result, large)} at x = 0, where Ni4+ has less than "
            f"{LNMO_LARGEST_NI4:g} muB: {REMEDY}",
        )
    yield from _valences(result, x)
    yield from _total(result, x)


def flipped(result: RunResult) -> Iterator[Finding]:
    """Report moments with another sign than at the start, unless all changed sign."""
    starts, ends = result.start_moments, result.magnetization or ()
    if starts is None or len(starts) != len(ends):
        return
    if sites := flipped_sites(starts, ends):
        yield warn(
            "moment_flipped",
            f"{_sites(result, sites)} against the sign of MAGMOM: not the magnetic "
            f"order that was asked for; {REMEDY}",
        )


def collapsed(result: RunResult) -> Iterator[Finding]:
    """Report moments that were set up and are gone, by the limit of their element.

    Not for LixNi0.5Mn1.5O4, whose limits are closer.
    """
    starts, ends = result.start_moments, result.magnetization or ()
    if starts is None or len(starts) != len(ends):
        return
    elements = [site.specie.symbol for site in result.structure]
    sites = enumerate(zip(elements, starts, ends, strict=True))
    gone = [i for i, site in sites if moment_collapsed(*site)]
    if gone:
        limits = ", ".join(
            f"{e} {IONS[e].collapsed:g}"
            for e in dict.fromkeys(elements[i] for i in gone)
        )
        yield warn(
            "moment_collapsed",
            f"{_sites(result, gone)}, set up with at least {SET_UP:g} (limits: "
            f"{limits} muB): {REMEDY}",
        )


def unbalanced(result: RunResult) -> Iterator[Finding]:
    """Report valences, as the moments show them, that leave a cell charged.

    Only where U acts on every metal, as the limits are of runs with U, and where each
    moment shows one valence clearly. Not for LixNi0.5Mn1.5O4, which has its own check.
    """
    species = [site.specie.symbol for site in result.structure]
    metals = [i for i, element in enumerate(species) if element in IONS]
    others = {e for e in species if e not in IONS}
    corrected = all(result.hubbards.get(species[i]) for i in metals)
    if not metals or not corrected or not others <= set(FIXED):
        return
    moments = result.magnetization or ()
    read = {i: valence_from_moment(species[i], moments[i]) for i in metals}
    if any(site.valence is None or site.ambiguous for site in read.values()):
        return
    charges = {i: site.valence or 0 for i, site in read.items()}
    total = sum(charges.values()) + sum(FIXED.get(e, 0) for e in species)
    if total:
        shown = "; ".join(
            f"{e} {_tally([charges[i] for i in metals if species[i] == e])}"
            for e in dict.fromkeys(species[i] for i in metals)
        )
        yield warn(
            "wrong_valence",
            f"the valences that the moments show add up to {total:+d} e, not 0 "
            f"({shown}): electrons spread over several ions or over oxygen, or a wrong "
            f"state; {REMEDY}",
        )


def flipped_sites(starts: Sequence[float], ends: Sequence[float]) -> list[int]:
    """Return the sites whose moment changed sign; none if all did: the same order."""
    large = [
        i
        for i, (start, end) in enumerate(zip(starts, ends, strict=True))
        if min(abs(start), abs(end)) > TURNED
    ]
    flipped = [i for i in large if starts[i] * ends[i] < 0]
    return flipped if len(flipped) < len(large) else []


def large_on_oxygen(result: RunResult, severity: Severity) -> Iterator[Finding]:
    """Report holes on oxygen."""
    large = _where(result, "O", above=OXYGEN)
    if large:
        yield warn(
            "oxygen_moment",
            f"{_sites(result, large)} (limit {OXYGEN:g}): a hole on oxygen, or "
            f"a wrong state; {REMEDY}",
            severity,
        )


def _valences(result: RunResult, x: float) -> Iterator[Finding]:
    """Check charge balance and the count of Mn3+; two clusters excuse a shift by U."""
    moments = result.magnetization or ()
    species = [site.specie.symbol for site in result.structure]
    charges = {
        e: [
            valence_from_moment(e, m).valence
            for s, m in zip(species, moments, strict=True)
            if s == e
        ]
        for e in METALS
    }
    manganese = [m for s, m in zip(species, moments, strict=True) if s == "Mn"]
    wanted = round(expected_mn3(x) * len(manganese) / MANGANESE)
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


def _total(result: RunResult, x: float) -> Iterator[Finding]:
    total, order = result.total_magnetization, _order(result)
    if total is None or order is None:
        return
    cells = result.structure.composition["Ni"] / NICKEL
    wanted = cells * expected_total_moment(x, order)
    if abs(abs(total) - wanted) > TOTAL_MOMENT * max(1.0, cells):
        yield warn(
            "total_moment",
            f"{total:.2f} muB per cell where {order} order at x = {x:g} has "
            f"{wanted:g} +- {TOTAL_MOMENT:g}: a moment is collapsed, turned over or "
            "delocalised",
        )


def _order(result: RunResult) -> str | None:
    """Return the order that the signs of MAGMOM ask for; None for any other."""
    starts = result.start_moments
    if starts is None or len(starts) != len(result.structure):
        return None
    signs = {
        e: {
            m > 0
            for m, s in zip(starts, result.structure, strict=True)
            if s.specie.symbol == e and m
        }
        for e in METALS
    }
    if any(len(sign) != 1 for sign in signs.values()):
        return None
    return "fm" if signs["Ni"] == signs["Mn"] else "fim"


def _where(
    result: RunResult, element: str, *, below: float = 0.0, above: float | None = None
) -> list[int]:
    moments = result.magnetization or ()
    return [
        i
        for i, (site, m) in enumerate(zip(result.structure, moments, strict=True))
        if site.specie.symbol == element
        and (abs(m) < below or (above is not None and abs(m) > above))
    ]


def _sites(result: RunResult, indices: Sequence[int]) -> str:
    """Name sites and their moments, such as ``Ni #4 -0.21, Ni #5 +0.02 muB``."""
    moments = result.magnetization or ()
    shown = [
        f"{result.structure[i].specie.symbol} #{i} {moments[i]:+.2f}"
        for i in indices[:6]
    ]
    more = f" and {len(indices) - 6} more" if len(indices) > 6 else ""
    return f"{', '.join(shown)}{more} muB"


def _tally(charges: Sequence[int | None]) -> str:
    return ", ".join(
        f"{charges.count(q)} {q}+" for q in (5, 4, 3, 2, 1) if q in charges
    )
