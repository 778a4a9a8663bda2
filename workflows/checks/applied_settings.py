"""Whether VASP applied what was asked: U on the right species, a neutral cell.

INCAR says what was asked, and vasprun.xml repeats it; only OUTCAR says what became of
it. A U on lithium converges as happily as one on manganese.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workflows.records.document import Finding
from workflows.vasp.hubbard import largest_u, u_by_element
from workflows.vasp.input_files import UNREADABLE, incar_from, read_input
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.parts import Potential
from workflows.vasp.poscar import read_poscar
from workflows.vasp.precision import ELECTRONS, OUTCAR_U
from workflows.vasp.run_files import VaspFiles

SHELLS = "spdf"
WITH_D = ("_d", "_h", "_sv")
"""In the names of potentials of Ga to Po: their d electrons are in the valence."""


def applied_findings(
    files: VaspFiles, numbers: VaspNumbers, planned: Mapping[str, Any]
) -> tuple[Finding, ...]:
    """Compare what OUTCAR says was applied with sense, and with what was asked.

    `planned` is the ``inputs`` record of a run file; if it is empty, for a directory
    not ours, vasprun.xml says what was asked, or INCAR where there is none.
    """
    asked = planned or _asked(files, numbers)
    return (
        *_charge(numbers),
        *_elements_of_potcar(files, numbers, ours=bool(planned)),
        *_sense(numbers, asked),
        *_as_asked(numbers, asked),
    )


def knows_asked_u(
    files: VaspFiles, numbers: VaspNumbers, planned: Mapping[str, Any]
) -> bool:
    """Return whether U as applied can be compared with U as asked."""
    asked = planned or _asked(files, numbers)
    steps = numbers.outcar is not None and bool(numbers.outcar.steps)
    return bool(asked) and steps and _wanted(asked) is not None


def _asked(files: VaspFiles, numbers: VaspNumbers) -> dict[str, Any]:
    """Return what a run that nobody planned was asked for, as a run file has it."""
    incar = numbers.incar or read_input(files, "INCAR", incar_from)
    if not incar or incar is UNREADABLE:
        return {}
    outcar = numbers.outcar
    titels = outcar.header.titels if outcar and outcar.header.titels else ()
    symbols = [
        Potential.titled(titel).symbol for titel in titels or numbers.potcar.values()
    ]
    return {"incar": incar, "potcar_symbols": symbols}


def _charge(numbers: VaspNumbers) -> Iterator[Finding]:
    asked, neutral = numbers.asked_nelect, numbers.neutral_nelect
    if asked is None or neutral is None or abs(asked - neutral) <= ELECTRONS:
        return
    yield Finding(
        id="charged_cell",
        severity="warning",
        message=f"NELECT = {asked:g}, but the POTCARs' valence electrons add up to "
        f"{neutral:g}: the cell has a charge of {neutral - asked:+g} e; take NELECT "
        "out of the INCAR",
    )


def _elements_of_potcar(
    files: VaspFiles, numbers: VaspNumbers, *, ours: bool
) -> Iterator[Finding]:
    """Compare the species of POSCAR with those of POTCAR, block by block.

    VASP takes the atoms of a block for what the potential is, whatever POSCAR says.
    """
    poscar = read_input(files, "POSCAR", read_poscar)
    header = numbers.outcar.header if numbers.outcar is not None else None
    if poscar in (None, UNREADABLE) or header is None or not header.titels:
        return
    named, ran = list(poscar.symbols), list(header.elements)
    if not named or len(named) != len(ran) or named == ran:
        return
    pairs = [f"{own} as {other}" for own, other in zip(named, ran, strict=True)
             if own != other]  # fmt: skip
    yield Finding(
        id="potcar_misplaced",
        severity="error" if ours else "warning",
        message=f"POSCAR has the blocks {' '.join(named)} and POTCAR {' '.join(ran)}: "
        f"VASP calculated {', '.join(pairs)}; put the potentials in the order of "
        "POSCAR and run it again",
    )


def _sense(numbers: VaspNumbers, asked: Mapping[str, Any]) -> Iterator[Finding]:
    shells = _shells(numbers, asked)
    misplaced = [
        f"{u:g} eV on {element}, which has no {_named(shells.get(element))} shell"
        for element, u in numbers.hubbards.items()
        if not _has_shell(element, shells.get(element), numbers.potcar.get(element, ""))
    ]
    if misplaced:
        yield Finding(
            id="hubbard_misplaced",
            severity="warning",
            message=f"U of {', '.join(misplaced)} in its valence: LDAUU and LDAUL are "
            "not in the order of the species in POSCAR; correct them and rerun",
        )
    for element, values in numbers.split_hubbards.items():
        yield Finding(
            id="hubbards_differ",
            severity="warning",
            message=f"{element} has U = {', '.join(f'{u:g}' for u in values)} eV in "
            "its several blocks: LDAUU does not follow the blocks of POSCAR",
        )


def _shells(numbers: VaspNumbers, asked: Mapping[str, Any]) -> dict[str, int]:
    """Return the shell that U acts on, by element: as applied, or else as asked."""
    elements, shells = _elements(asked), _column(asked, "LDAUL")
    head = None if numbers.outcar is None else numbers.outcar.header
    if head is not None and head.ldaul is not None:
        elements, shells = list(head.elements), list(head.ldaul)
    pairs = zip(elements, shells, strict=False)
    return {element: int(shell) for element, shell in pairs if shell >= 0}


def _named(shell: int | None) -> str:
    return "d or f" if shell is None else SHELLS[shell : shell + 1]


def _has_shell(element: str, shell: int | None, titel: str) -> bool:
    """Return whether electrons of an atom in its potential are in this shell.

    Oxygen has p; gallium has d if its potential has them in the valence; of metals
    with an open d or f shell one of these two is meant.
    """
    from pymatgen.core import Element

    known = Element(element)
    if known.block in {"d", "f"}:
        return shell in {None, 2, 3}
    if known.block == "s":
        return False
    with_d = known.row >= 4 and any(
        end in Potential.titled(titel).symbol for end in WITH_D
    )
    return shell == 1 or (shell == 2 and with_d)


def _as_asked(numbers: VaspNumbers, asked: Mapping[str, Any]) -> Iterator[Finding]:
    outcar = numbers.outcar
    if not asked or outcar is None or not outcar.steps:
        return
    head, wanted = outcar.header, _wanted(asked)
    table = (head.ldaul, head.ldauu, head.ldauj)
    applied = any(column is not None for column in table)
    fits = u_by_element(head.elements, table) is not None
    if (applied and not fits) or (wanted and not applied and head.encut is None):
        yield Finding(
            id="hubbard_unknown",
            severity="warning",
            message="the head of OUTCAR is damaged: which U was applied to which "
            "species is unknown",
        )
        return
    if wanted is None:
        return
    for element in sorted(wanted.keys() | numbers.hubbards.keys()):
        u, found = wanted.get(element, 0.0), numbers.hubbards.get(element, 0.0)
        if abs(u - found) > OUTCAR_U:
            yield Finding(
                id="hubbard_not_applied",
                severity="error",
                message=f"U of {element}: {u:g} eV requested, OUTCAR shows "
                f"{found:g} eV: not the calculation asked for, rerun it",
            )


def _wanted(asked: Mapping[str, Any]) -> dict[str, float] | None:
    """Return U - J by element, eV; None if it was left to VASP's defaults."""
    if not asked["incar"].get("LDAU"):
        return {}
    columns = [_column(asked, tag) for tag in ("LDAUL", "LDAUU", "LDAUJ")]
    by_element = u_by_element(_elements(asked), columns)
    return None if by_element is None else largest_u(by_element)


def _elements(asked: Mapping[str, Any]) -> list[str]:
    symbols = asked.get("potcar_symbols", ())
    return [Potential(str(symbol)).element for symbol in symbols]


def _column(asked: Mapping[str, Any], tag: str) -> list[float]:
    """Return one number for each block of POSCAR; empty if INCAR leaves it out."""
    values = asked.get("incar", {}).get(tag)
    return list(values) if isinstance(values, list | tuple) else []
