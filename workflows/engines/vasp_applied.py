"""Whether VASP applied what was asked: U on the right species, a neutral cell.

INCAR says what was asked, and vasprun.xml repeats it; only OUTCAR says what became of
it. A U on lithium converges as happily as one on manganese.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workflows.engines.vasp_numbers import VaspNumbers
from workflows.taskdoc import Finding

CHARGE = 1e-3
"""Electrons; NELECT is printed with four decimals."""
SAME_U = 0.051
"""eV; OUTCAR prints U with one decimal before VASP 6.3."""


def applied_findings(
    numbers: VaspNumbers, planned: Mapping[str, Any]
) -> tuple[Finding, ...]:
    """Compare what OUTCAR says was applied with sense, and with the planned inputs.

    Parameters
    ----------
    numbers
        Of a run at its end.
    planned
        The ``inputs`` record of its run file; empty for a directory not ours.
    """
    return (*_charge(numbers), *_sense(numbers), *_as_planned(numbers, planned))


def _charge(numbers: VaspNumbers) -> Iterator[Finding]:
    asked, neutral = numbers.asked_nelect, numbers.neutral_nelect
    if asked is None or neutral is None or abs(asked - neutral) <= CHARGE:
        return
    yield Finding(
        id="charged_cell",
        severity="warning",
        message=f"NELECT = {asked:g}, but the POTCARs' valence electrons add up to "
        f"{neutral:g}: the cell has a charge of {neutral - asked:+g} e; take NELECT "
        "out of the INCAR",
    )


def _sense(numbers: VaspNumbers) -> Iterator[Finding]:
    from pymatgen.core import Element

    misplaced = [e for e in numbers.hubbards if Element(e).block in {"s", "p"}]
    if misplaced:
        told = ", ".join(f"{numbers.hubbards[e]:g} eV on {e}" for e in misplaced)
        yield Finding(
            id="hubbard_misplaced",
            severity="warning",
            message=f"U of {told}, which has no d or f shell: LDAUU and LDAUL are not "
            "in the order of the species in POSCAR; write them anew and rerun",
        )
    for element, values in numbers.split_hubbards.items():
        yield Finding(
            id="hubbards_differ",
            severity="warning",
            message=f"{element} has U = {', '.join(f'{u:g}' for u in values)} eV in "
            "its several blocks: LDAUU does not follow the blocks of POSCAR",
        )


def _as_planned(numbers: VaspNumbers, planned: Mapping[str, Any]) -> Iterator[Finding]:
    incar = planned.get("incar", {})
    columns = [incar.get(tag) for tag in ("LDAUL", "LDAUU", "LDAUJ")]
    species = [str(s).partition("_")[0] for s in planned.get("potcar_symbols", ())]
    if not incar or numbers.outcar is None:
        return
    wanted: dict[str, float] = {}
    if incar.get("LDAU") and all(c and len(c) == len(species) for c in columns):
        rows = zip(species, *(c or () for c in columns), strict=True)
        wanted = {e: u - j for e, shell, u, j in rows if shell >= 0 and u != j}
    for element in sorted(wanted.keys() | numbers.hubbards.keys()):
        asked, found = wanted.get(element, 0.0), numbers.hubbards.get(element, 0.0)
        if abs(asked - found) > SAME_U:
            yield Finding(
                id="hubbard_not_applied",
                severity="error",
                message=f"U of {element} was to be {asked:g} eV and OUTCAR applied "
                f"{found:g} eV: not the calculation asked for, rerun it",
            )
