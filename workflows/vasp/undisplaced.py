"""Phonons by finite differences -> the numbers of their undisplaced crystal.

The first ionic step of such a run is the crystal; every later one is it with one atom
displaced, or with the cell strained. The last of these is no result.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

from workflows.vasp.finite import is_number, largest, largest_component, pressure
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.vasprun import final_energy

FINITE_DIFFERENCES = (5, 6)
"""IBRION of such runs; 7 and 8, by linear response, displace nothing."""


def undisplaced(numbers: VaspNumbers, run: Any) -> VaspNumbers | None:
    """Return the numbers of the first configuration; None if the run has no other.

    Gap and occupation matrices are printed of the last configuration alone, so that
    they are left out; so is the Fermi level without OUTCAR.

    Parameters
    ----------
    numbers
        Of the last configuration.
    run
        pymatgen's ``Vasprun``; None without vasprun.xml.
    """
    displaces = numbers.parameters.get("IBRION") in FINITE_DIFFERENCES
    if not displaces or len(numbers.electronic) < 2 or numbers.many_body:
        return None
    body = numbers.outcar
    first = body.steps[0] if body is not None and body.steps else None
    moments = first is not None and not (numbers.noncollinear and not first.vectors)
    found = replace(
        numbers,
        structure=numbers.initial,
        energy=first.energy if first else None,
        magnetization=first.moments if first and moments else None,
        vectors=first.vectors if first else None,
        total_magnetization=first.total_magnetization if first else None,
        occupations=(),
        efermi=first.efermi if first else None,
        gap=None,
        max_force=largest(first.forces) if first else None,
        pressure=first.pressure if first else None,
        max_stress=None,
        learned=bool(first and first.learned),
    )
    if run is not None and "vasprun.xml" in numbers.sources:
        start = run.ionic_steps[0]
        alone = copy(run)
        alone.ionic_steps = [start]
        found = replace(
            found,
            energy=final_energy(alone),
            max_force=largest(start.get("forces")),
            pressure=pressure(start.get("stress")),
            max_stress=largest_component(start.get("stress")),
            learned=bool(start.get("learned")),
        )
    return _with_numbers_only(found)


def _with_numbers_only(found: VaspNumbers) -> VaspNumbers:
    fields = ("energy", "max_force", "pressure", "total_magnetization", "efermi")
    tables = ("magnetization", "vectors")
    bad = [f for f in (*fields, *tables) if not is_number(getattr(found, f))]
    nothing: dict[str, Any] = dict.fromkeys(bad)
    return replace(found, **nothing)
