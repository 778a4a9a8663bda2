"""Rules on spin: who starts with a moment, and what forces one."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.analysis.elements import CLOSED_D, CUSTOMARY_U, HIGH_SPIN, family
from workflows.checks.rules.rule import DirectoryRule, Rule
from workflows.errors import shortened
from workflows.vasp.directory import VaspDirectory
from workflows.vasp.potcars import valences
from workflows.vasp.precision import ELECTRONS

LARGE = 1.0
"""muB; anions and alkali metals beside a magnetic ion stay well below."""


def _on_non_metal(run: VaspDirectory) -> Iterator[str]:
    if not run.metals or not run.polarised:
        return
    for element in run.elements:
        moments = [m for e, m in run.site_moments() if e == element]
        largest = max(moments, key=abs, default=0.0)
        if family(element) not in {"d", "f"} and abs(largest) > LARGE:
            yield (
                f"{element} starts with {largest:g} muB in a cell with "
                f"{', '.join(run.metals)}"
            )


def _without_spin(run: VaspDirectory) -> Iterator[str]:
    meant = [m for e, m in run.site_moments() if e in run.metals and abs(m) > LARGE]
    if meant or not run.sites:
        yield from _ignored(run)


def _default_without_spin(run: VaspDirectory) -> Iterator[str]:
    if run.sites and not list(_without_spin(run)):
        yield from _ignored(run)


def _ignored(run: VaspDirectory) -> Iterator[str]:
    moments = run.incar.numbers("MAGMOM") or ()
    if not run.polarised and any(moments):
        yield f"ISPIN = 1 with MAGMOM = {shortened(run.incar.tags['MAGMOM'])}"


def _noncollinear(run: VaspDirectory) -> Iterator[str]:
    given = "MAGMOM" in run.incar and run.incar.number("ISPIN", 1) == 2
    if given and not run.collinear and not run.finished:
        tag = "LSORBIT" if run.incar.flag("LSORBIT") else "LNONCOLLINEAR"
        yield f"ISPIN = 2 with {tag} = .TRUE. and MAGMOM"


def _left_to_vasp(run: VaspDirectory) -> Iterator[str]:
    open_shells = [
        e
        for e in run.metals
        if e in CUSTOMARY_U or (family(e) == "f" and e not in CLOSED_D)
    ]
    if run.asked and run.polarised and open_shells and "MAGMOM" not in run.incar:
        yield f"ISPIN = 2 with {', '.join(open_shells)} and no MAGMOM"


def _all_zero(run: VaspDirectory) -> Iterator[str]:
    on_metals = [m for e, m in run.site_moments() if e in HIGH_SPIN]
    others = any(m for e, m in run.site_moments() if family(e) in {"d", "f"})
    if run.polarised and on_metals and not others:
        metals = ", ".join(e for e in run.metals if e in HIGH_SPIN)
        yield f"every moment of {metals} starts at 0"


def _fixed_total(run: VaspDirectory) -> Iterator[str]:
    if run.incar.number("NUPDOWN", -1) >= 0:
        yield f"NUPDOWN = {run.incar.tags['NUPDOWN']}"


def _charged(run: VaspDirectory) -> Iterator[str]:
    head = run.outcar
    if not run.asked and head is not None and head.nelect is not None:
        neutral = head.neutral_nelect
        if neutral is not None and abs(head.nelect - neutral) > ELECTRONS:
            yield f"OUTCAR ran {head.nelect:g} electrons; neutral is {neutral:g}"
    if "NELECT" not in run.incar:
        return
    asked = run.incar.number("NELECT", 0)
    neutral = neutral_electrons(run)
    if neutral is None:
        yield f"NELECT = {asked:g}"
    elif abs(asked - neutral) > ELECTRONS:
        yield f"NELECT = {asked:g}; the neutral cell has {neutral:g}"


def neutral_electrons(run: VaspDirectory) -> float | None:
    """Return the valence electrons of the uncharged cell, if every ZVAL is known."""
    if len(run.potentials) != len(run.blocks) or not run.blocks:
        return None
    total = 0.0
    for potential, block in zip(run.potentials, run.blocks, strict=True):
        if potential.zval is None:
            return None
        total += potential.zval * block.count
    return total


def valence_electrons(run: VaspDirectory) -> float | None:
    """Return the electrons of the cell: NELECT, else by POTCAR or the usual ZVAL."""
    if asked := run.incar.numbers("NELECT"):
        return asked[0]
    usual = [p.zval or valences().get(p.symbol) for p in run.potentials]
    if len(usual) != len(run.blocks) or not usual or None in usual:
        return None
    pairs = zip(usual, run.blocks, strict=True)
    return sum((zval or 0) * block.count for zval, block in pairs)


RULES: tuple[DirectoryRule, ...] = (
    Rule(
        "moment-on-non-metal",
        "error",
        "A large moment on an element without an open shell: the order of MAGMOM is "
        "wrong, and the metal starts without its own.",
        "Put MAGMOM into the order of the atoms in POSCAR.",
        _on_non_metal,
    ),
    Rule(
        "moments-without-spin",
        "error",
        "With ISPIN = 1 VASP ignores MAGMOM: the run is nonmagnetic.",
        "Set ISPIN = 2, or remove MAGMOM.",
        _without_spin,
    ),
    Rule(
        "magmom-ignored",
        "warning",
        "With ISPIN = 1 VASP ignores MAGMOM, here the small moments of a default.",
        "Remove MAGMOM, or set ISPIN = 2 if the cell may be magnetic.",
        _default_without_spin,
    ),
    Rule(
        "ispin-2-noncollinear",
        "warning",
        "VASP ignores ISPIN in a noncollinear run, and VASP 6.5 stops at ISPIN = 2.",
        "Remove ISPIN; MAGMOM has three numbers for each atom.",
        _noncollinear,
    ),
    Rule(
        "magmom-missing",
        "warning",
        "VASP then starts every atom, oxygen too, from 1 muB, ferromagnetic.",
        "Set MAGMOM, one number for each atom.",
        _left_to_vasp,
    ),
    Rule(
        "moments-all-zero",
        "warning",
        "Spin that starts at exactly 0 stays there by symmetry.",
        "Start each metal from 1.2 to 1.5 times the moment expected.",
        _all_zero,
    ),
    Rule(
        "nupdown-set",
        "warning",
        "A forced total moment hides a wrong oxidation state.",
        "Remove NUPDOWN, unless a fixed total moment is the question.",
        _fixed_total,
    ),
    Rule(
        "nelect-set",
        "warning",
        "A charged cell: its energy holds a compensating background.",
        "Remove NELECT, unless a charged cell is the question.",
        _charged,
    ),
)
