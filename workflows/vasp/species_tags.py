"""Tags that follow the species blocks of a POSCAR: LDAU*, MAGMOM, POTCAR.

VASP reads them by position, never by element: one number a block for LDAUL, LDAUU and
LDAUJ, one data set a block in POTCAR, one moment an atom. All are made here from the
very structure that is written, in whatever order and in however many blocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from workflows.analysis.starting_moments import scaled_up
from workflows.counts import count_of
from workflows.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core import Structure

D_SHELL, NO_SHELL = 2, -1
"""LDAUL of a species with U and of one without."""


def species_blocks(structure: Structure) -> tuple[str, ...]:
    """Return the element of each POSCAR block; in two runs of sites it comes twice."""
    return tuple(symbol for symbol, _ in groupby(s.specie.symbol for s in structure))


def block_sizes(structure: Structure) -> tuple[int, ...]:
    """Return the number of atoms of each POSCAR block."""
    runs = groupby(site.specie.symbol for site in structure)
    return tuple(sum(1 for _ in sites) for _, sites in runs)


def refuse_repeated(blocks: Sequence[str]) -> None:
    """Refuse an element in two blocks: VASP takes it, people and tools misread it.

    Raises
    ------
    InputError
        Names the element and the blocks.
    """
    repeated = sorted({b for b in blocks if blocks.count(b) > 1})
    if repeated:
        raise InputError(
            f"POSCAR would have the blocks {' '.join(blocks)}: {', '.join(repeated)} "
            "twice; merge the sites of one element into one contiguous block"
        )


def hubbard_tags(
    blocks: Sequence[str], hubbards: Mapping[str, float]
) -> dict[str, list[Any]]:
    """Return LDAUL, LDAUU (eV) and LDAUJ, one number a block.

    Parameters
    ----------
    blocks
        From :func:`species_blocks`.
    hubbards
        U_eff in eV by element. An element it lacks has no correction (LDAUL -1), nor
        has one with 0: LDAUL 2 beside it is how a U that got lost looks.
    """
    # Dudarev (LDAUTYPE 2): only U - J counts, so J is 0.
    return {
        "LDAUL": [D_SHELL if hubbards.get(block) else NO_SHELL for block in blocks],
        "LDAUU": [hubbards.get(block, 0.0) for block in blocks],
        "LDAUJ": [0.0 for _ in blocks],
    }


def starting_moments(
    structure: Structure,
    by_element: Mapping[str, float],
    magnetization: Sequence[float] | None = None,
) -> list[float]:
    """Return MAGMOM, muB, one number a site.

    The one precedence: final moments of the step before, else those the sites carry (a
    charge or magnetic order), else those by element.

    Parameters
    ----------
    structure
        What is written.
    by_element
        Moments by element, signed, muB.
    magnetization
        Final moments of the step before, signed, muB, in site order. They are scaled
        up by valence: from scratch they are the start, beside a WAVECAR they only say
        which symmetry there is.

    Raises
    ------
    InputError
        The step before has another number of atoms.
    """
    if magnetization is None:
        return [
            float(site.properties.get("magmom", by_element[site.specie.symbol]))
            for site in structure
        ]
    if len(magnetization) != len(structure):
        raise InputError(
            f"{count_of(len(magnetization), 'moment')} for "
            f"{count_of(len(structure), 'atom')}: the step before "
            "holds another structure"
        )
    return scaled_up([site.specie.symbol for site in structure], magnetization)
