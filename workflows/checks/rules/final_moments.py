"""Rules on the moments a finished run ended with."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.analysis.elements import family
from workflows.analysis.ions import IONS, OXYGEN, TURNED, lost
from workflows.checks.rules.rule import DirectoryRule, Rule
from workflows.vasp.directory import VaspDirectory


def _ended(run: VaspDirectory) -> list[tuple[str, float, float]]:
    """Return element, MAGMOM and final moment of every atom, if all are known."""
    started = list(run.site_moments())
    moments = run.moments or ()
    if len(moments) != len(started):
        return []
    pairs = zip(started, moments, strict=True)
    return [(element, asked, final) for (element, asked), final in pairs]


def _collapsed(run: VaspDirectory) -> Iterator[str]:
    for element in dict.fromkeys(run.elements):
        gone = [f for e, a, f in _ended(run) if e == element and lost(e, a, f)]
        if gone:
            yield (
                f"{len(gone)} {element} ended at {min(gone, key=abs):.2f} muB (limit "
                f"{IONS[element].collapsed:g})"
            )


def _flipped(run: VaspDirectory) -> Iterator[str]:
    magnetic = [
        (e, a, f)
        for e, a, f in _ended(run)
        if e in run.metals and min(abs(a), abs(f)) > TURNED
    ]
    turned = [site for site in magnetic if site[1] * site[2] < 0]
    if len(turned) == len(magnetic):  # the same order, seen from below
        return
    for element in dict.fromkeys(e for e, _, _ in turned):
        first = next(site for site in turned if site[0] == element)
        count = sum(e == element for e, _, _ in turned)
        yield f"{count} {element} went from {first[1]:g} to {first[2]:.2f} muB"


def _ligand_hole(run: VaspDirectory) -> Iterator[str]:
    moments = run.moments or ()
    if len(moments) != len(run.sites):
        return
    for element in run.elements:
        sites = zip(run.sites, moments, strict=True)
        large = [m for e, m in sites if e == element and abs(m) > OXYGEN]
        if family(element) == "anion" and large:
            yield f"{len(large)} {element} ended at up to {max(large, key=abs):.2f} muB"


RULES: tuple[DirectoryRule, ...] = (
    Rule(
        "moment-collapsed",
        "warning",
        "A high-spin ion that loses its moment is often in a wrong state.",
        "Restart with ISYM = 0 and other moments; compare the energies.",
        _collapsed,
    ),
    Rule(
        "moment-flipped",
        "warning",
        "The run ended in another magnetic order than the one it is named after.",
        "Label it by the final order, or restart from the final moments' opposite.",
        _flipped,
    ),
    Rule(
        "ligand-moment",
        "warning",
        "Spin on the anion: a ligand hole, or a state nobody meant.",
        "Compare with other starts; count valences with the hole in mind.",
        _ligand_hole,
    ),
)
