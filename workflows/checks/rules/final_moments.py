"""Rules on the moments a finished run ended with."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.analysis.elements import family
from workflows.analysis.ions import IONS, OXYGEN, moment_collapsed
from workflows.checks.moments import flipped_sites
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
        gone = [
            f for e, a, f in _ended(run) if e == element and moment_collapsed(e, a, f)
        ]
        if gone:
            yield (
                f"{len(gone)} {element} ended at {min(gone, key=abs):.2f} muB (limit "
                f"{IONS[element].collapsed:g})"
            )


def _flipped(run: VaspDirectory) -> Iterator[str]:
    sites = [site for site in _ended(run) if site[0] in run.metals]
    starts, ends = [start for _, start, _ in sites], [end for *_, end in sites]
    flipped = flipped_sites(starts, ends)
    for element in dict.fromkeys(sites[i][0] for i in flipped):
        own = [sites[i] for i in flipped if sites[i][0] == element]
        _, start, end = own[0]
        yield f"{len(own)} {element} went from {start:g} to {end:.2f} muB"


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
        "The run ended in a magnetic order other than the one it is named after.",
        "Label it by the final order, or restart with the flipped moments turned back.",
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
