"""Whether a density of states is of the run that was recorded.

Files can be exchanged after a result was recorded: those of another magnetic order, or
of another U, may have its Fermi level and its gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from workflows.analysis.dos_moments import site_sums, total_moment
from workflows.errors import ResultsError, shortened
from workflows.records.collected import sites_as_run, structure_as_run
from workflows.records.document import INCAR
from workflows.vasp.equality import same_structure, same_value

if TYPE_CHECKING:
    from pathlib import Path

    from workflows.analysis.dos import DensityOfStates
    from workflows.records.document import TaskDocument

SAME_RUN = 2e-3
"""eV and electrons; files of one run differ by rounding, 1.3e-3 in a hybrid one."""

PLACES = 1e-3
"""A; OUTCAR, from which a record may be, has five decimals."""

CELL_MOMENT = 0.5
"""muB per cell at the Fermi level; 12 real runs differ by up to 0.23."""

SITE_MOMENT = 0.6
"""muB per site by the shares of the sites; 10 real runs differ by up to 0.31."""

LOST = 0.5
"""Electrons; with more of them between the grid points sites are not compared."""


def refuse_another_run(
    dos: DensityOfStates, document: TaskDocument, directory: Path
) -> None:
    """Refuse a density of states that is not of the recorded run.

    Fermi level, gap, electrons, atoms, cell, potentials, U, J, the tags of a series,
    and in VASP the moments must be those of the record, each if both have it. VASP's
    `EFERMI` puts different levels into different files; then neither level nor moments
    are compared.

    Raises
    ------
    ResultsError
        They differ; names both values and the cure.
    """
    for told in (
        *_numbers(dos, document),
        *_inputs(dos, document),
        *_atoms(dos, document),
        *_moments(dos, document),
    ):
        raise ResultsError(
            f"{directory}: its density of states has {told}: a file was exchanged "
            "after it was recorded. Put the files of that run back, or lnmo delete "
            "the calculation and run it again"
        )


def _level_is_chosen(document: TaskDocument) -> bool:
    return "EFERMI" in (document.settings.get(INCAR) or {})


def _numbers(dos: DensityOfStates, document: TaskDocument) -> Iterator[str]:
    gap = dos.levels.gap if dos.levels is not None else None
    level = None if _level_is_chosen(document) else document.efermi
    pairs = {
        "a Fermi level, in eV,": (dos.efermi, level),
        "a gap, in eV,": (gap, document.bandgap),
        "a number of electrons": (dos.nelect, document.nelect),
    }
    for name, (found, recorded) in pairs.items():
        if found is None or recorded is None:
            continue
        if abs(found - recorded) > SAME_RUN:
            yield f"{name} of {found:.4f}, and the recorded result {recorded:.4f}"


def _inputs(dos: DensityOfStates, document: TaskDocument) -> Iterator[str]:
    origin = dos.origin
    for tag, found in origin.settings.items():
        recorded = document.settings.get(tag)
        if recorded is not None and not same_value(found, recorded):
            yield f"{tag} = {found}, and the recorded result {tag} = {recorded}"
    if origin.hubbards is not None:
        for element in {**origin.hubbards, **document.hubbards}:
            found, recorded = (
                us.get(element, 0.0) for us in (origin.hubbards, document.hubbards)
            )
            if abs(found - recorded) > SAME_RUN:
                yield (
                    f"U - J = {found:g} eV on {element}, and the recorded result "
                    f"{recorded:g} eV"
                )
    if origin.hubbard_j is not None:
        yield from _own_j(origin.hubbard_j, document.hubbard_j)
    for element, titel in origin.potcar.items():
        recorded = document.potcar.get(element, titel)
        if titel.split() != recorded.split():
            yield (
                f"the potential {shortened(titel)} for {element}, and the recorded "
                f"result {shortened(recorded)}"
            )


def _own_j(found: Mapping[str, float], recorded: Mapping[str, float]) -> Iterator[str]:
    """Compare J where it counts by itself: two runs of one U - J may differ in it."""
    for element in {**found, **recorded}:
        own, its = (js.get(element) for js in (found, recorded))
        if own is None or its is None or abs(own - its) > SAME_RUN:
            first, second = (_j_in_words(value) for value in (own, its))
            yield (
                f"{first} on {element} beside U, and the recorded result {second}: "
                "J counts by itself there"
            )


def _j_in_words(j: float | None) -> str:
    return "no J" if j is None else f"J = {j:g} eV"


def _atoms(dos: DensityOfStates, document: TaskDocument) -> Iterator[str]:
    if document.structure is None:
        return
    recorded = structure_as_run(document)
    found = dos.origin.structure
    if found is not None and not same_structure(found, recorded, tolerance=PLACES):
        ours, theirs = found.formula, recorded.formula
        if ours != theirs:
            yield f"the atoms {ours}, and the recorded result {theirs}"
        yield (
            "another cell, other places or another order of the atoms than the "
            f"recorded result (limit {PLACES:g} A)"
        )
    lengths, own = dos.origin.lengths, recorded.lattice.abc
    if lengths and not np.allclose(lengths, own, rtol=0, atol=PLACES):
        first, second = (" ".join(f"{a:.4f}" for a in each) for each in (lengths, own))
        yield f"lattice vectors of {first} A, and the recorded result {second} A"


def _moments(dos: DensityOfStates, document: TaskDocument) -> Iterator[str]:
    """Compare moments, not those of GPAW: its projections are not on its spheres."""
    if document.engine != "vasp" or _level_is_chosen(document):
        return
    cell, recorded = total_moment(dos), document.total_magnetization
    away = 0.0 if cell is None or recorded is None else abs(cell - recorded)
    if away > CELL_MOMENT:
        yield (
            f"{cell:.2f} muB in the cell, and the recorded result {recorded:.2f} "
            f"muB (limit {CELL_MOMENT:g})"
        )
    sums, sites = site_sums(dos), document.magnetization
    if sums is None or sites is None or not document.moments_signed:
        return
    if sums.lost > LOST or len(sums.moments) != len(sites):
        return
    own = np.array(sites_as_run(document, sites))
    worst = int(np.abs(sums.moments - own).argmax())
    if abs(sums.moments[worst] - own[worst]) > SITE_MOMENT:
        yield (
            f"{sums.moments[worst]:.2f} muB at atom {worst + 1}, and the recorded "
            f"result {own[worst]:.2f} muB (limit {SITE_MOMENT:g})"
        )
