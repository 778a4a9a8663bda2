"""Rules on finished runs: what VASP says it applied against what was asked."""

from __future__ import annotations

import math
from collections.abc import Iterator

from workflows.checks.rules.rule import DirectoryRule, Rule
from workflows.checks.rules.starting_moments import neutral_electrons
from workflows.counts import count_of
from workflows.vasp.directory import VaspDirectory
from workflows.vasp.hubbard import u_by_block
from workflows.vasp.precision import (
    ELECTRONS,
    MOMENT,
    OUTCAR_CUTOFF,
    OUTCAR_EDIFF,
    OUTCAR_U,
    agrees_with_print,
)

ON_MESH = 2e-6
"""In reciprocal vectors; OUTCAR prints six decimals."""
FORCE_CONSTANTS = (5, 6, 7, 8)
"""IBRION of phonon runs."""
LOGICAL = frozenset({"LASPH", "LHFCALC"})
SCIENCE = ("ISPIN", "ISIF", *sorted(LOGICAL))
ACCURACY = ("ISMEAR", "EDIFF", "NSW", "LMAXMIX", "LORBIT", "NEDOS", "NELM")
PRINTED = (
    *("PREC", "LREAL", "GGA", "METAGGA", "LDAUTYPE", "SIGMA", "ISYM", "EDIFFG"),
    *("ENAUG", "NUPDOWN", "PSTRESS"),
)
"""Tags that OUTCAR prints too, as they were asked, in each of 44 real runs."""


def _applied_u(run: VaspDirectory) -> Iterator[str]:
    head = run.outcar
    if head is None or head.encut is None:
        yield from _repeated_u(run)
        return
    if not run.asked:
        return
    if head.ldauu is None:
        asked = [entry for entry in run.corrections if entry.u]
        if asked:
            yield f"{', '.join(map(str, asked))}; OUTCAR applied no +U at all"
        return
    if not run.hubbard:
        yield f"no LDAU, and OUTCAR applied U = {head.ldauu}"
        return
    applied = u_by_block(head.ldaul or (), head.ldauu, head.ldauj or ())
    if len(applied) == len(run.corrections):
        for entry, u in zip(run.corrections, applied, strict=True):
            if abs(entry.u - u) > OUTCAR_U:
                yield f"{entry}; OUTCAR applied {u:g} eV"


def _repeated_u(run: VaspDirectory) -> Iterator[str]:
    """Compare with vasprun.xml, which repeats what was read, not what was applied."""
    for tag in ("LDAUL", "LDAUU", "LDAUJ"):
        asked, ran = run.incar.numbers(tag), run.repeated.numbers(tag)
        if run.incar_from == "INCAR" and asked and ran and asked != ran:
            ran_text = run.repeated.tags[tag]
            yield f"{tag} = {run.incar.tags[tag]}, {run.repeated_by} says {ran_text}"


def _applied_moments(run: VaspDirectory) -> Iterator[str]:
    asked, ran = run.incar.numbers("MAGMOM"), run.repeated.numbers("MAGMOM")
    if run.incar_from != "INCAR" or not asked or not ran or len(asked) != len(ran):
        return
    pairs = enumerate(zip(asked, ran, strict=True))
    differ = [i for i, (a, r) in pairs if abs(a - r) > MOMENT]
    if differ:
        first = differ[0]
        who = run.sites[first] if len(run.sites) == len(asked) else "number"
        yield (
            f"MAGMOM of {count_of(len(differ), 'atom')}, first {who} {first + 1}: "
            f"INCAR {asked[first]:g}, {run.repeated_by} {ran[first]:g} muB"
        )


def _applied_encut(run: VaspDirectory) -> Iterator[str]:
    asked = run.incar.numbers("ENCUT") or run.incar.numbers("ENMAX")
    applied = applied_value(run, "ENCUT")
    if asked and applied is not None and abs(asked[0] - applied[0]) > OUTCAR_CUTOFF:
        yield f"ENCUT = {asked[0]:g} eV was asked, {applied[1]} says {applied[0]:g}"


def _applied_kpoints(run: VaspDirectory) -> Iterator[str]:
    """Compare a mesh about Gamma with the points that OUTCAR lists, and their weights.

    Each lies on the mesh, and together they stand for all of its points. A mesh off
    Gamma may be completed by VASP, and a list has weights of its own.
    """
    mesh = run.mesh
    if mesh is None or mesh.divisions is None or not mesh.gamma_centred:
        return
    points = run.outcar.kpoints if run.outcar is not None else ()
    if not points:
        return
    asked = " ".join(map(str, mesh.divisions))
    stands_for = sum(point[3] for point in points)
    on_it = all(
        abs(x * n - round(x * n)) < ON_MESH * n
        for point in points
        for x, n in zip(point[:3], mesh.divisions, strict=True)
    )
    if not on_it:
        yield f"the mesh is {asked}, and OUTCAR lists points that are not on it"
    elif abs(stands_for - math.prod(mesh.divisions)) > 0.5:
        yield (
            f"the mesh is {asked}, {count_of(math.prod(mesh.divisions), 'point')}, and "
            f"those in OUTCAR stand for {stands_for:g}"
        )


def applied_value(run: VaspDirectory, tag: str) -> tuple[float, str] | None:
    """Return the number VASP worked with, and the file that says so."""
    if run.outcar is not None:
        value = getattr(run.outcar, tag.lower(), None)
        if value is not None:
            return float(value), "OUTCAR"
    text = run.parameters.get("ENMAX" if tag == "ENCUT" else tag, "").split()
    if not text:
        return None
    if tag in LOGICAL:
        return float(text[0] == "T"), "vasprun.xml"
    try:
        return float(text[0]), "vasprun.xml"
    except ValueError:
        return None


def _applied_species(run: VaspDirectory) -> Iterator[str]:
    head = run.outcar
    if head is None or not head.elements or not run.blocks:
        return
    blocks = tuple(block.element for block in run.blocks)
    counts = tuple(block.count for block in run.blocks)
    ions = head.ions_per_block
    if blocks != head.elements or (ions and counts != ions):
        asked = " ".join(f"{b.element}{b.count}" for b in run.blocks)
        ran = " ".join(f"{e}{n}" for e, n in zip(head.elements, ions, strict=False))
        yield f"POSCAR holds {asked}, OUTCAR ran {ran or ' '.join(head.elements)}"


def _applied_potcar(run: VaspDirectory) -> Iterator[str]:
    head = run.outcar
    if head is None or not run.potentials_from.startswith("POTCAR"):
        return
    ran = [" ".join(titel.split()) for titel in head.titels]
    for index, potential in enumerate(run.potentials[: len(ran)]):
        words = ran[index].split()
        if potential.titel and potential.titel != ran[index]:
            yield f"{run.potentials_from} has {potential.titel}, OUTCAR {ran[index]}"
        elif len(words) > 1 and potential.symbol != words[1]:
            yield f"{run.potentials_from} has {potential.symbol}, OUTCAR {ran[index]}"


def _applied_electrons(run: VaspDirectory) -> Iterator[str]:
    applied, neutral = applied_value(run, "NELECT"), neutral_electrons(run)
    if applied is None or not run.asked:
        return
    if run.outcar is not None and run.outcar.neutral_nelect is not None:
        neutral = run.outcar.neutral_nelect
    asked = run.incar.numbers("NELECT")
    expected = asked[0] if asked else neutral
    if expected is not None and abs(applied[0] - expected) > ELECTRONS:
        kind = "asked" if asked else "in the neutral cell"
        yield f"{applied[1]} ran {applied[0]:g} electrons, {expected:g} {kind}"


def _changed(run: VaspDirectory, tags: tuple[str, ...]) -> Iterator[str]:
    for tag in tags if run.incar_from == "INCAR" else ():
        applied = applied_value(run, tag)
        if applied is None or tag not in run.incar or _set_by_vasp(run, tag):
            continue
        if tag in LOGICAL:
            asked = float(run.incar.flag(tag))
        else:
            asked = run.incar.number(tag, applied[0])
        if not _agree(tag, asked, applied[0]):
            yield f"{tag} = {run.incar.tags[tag]}, {applied[1]} says {applied[0]:g}"


def _set_by_vasp(run: VaspDirectory, tag: str) -> bool:
    """Return whether VASP ignores a tag in this kind of run, and sets it itself.

    ISPIN where moments are vectors, NSW where it displaces the ions for phonons.
    """
    phonons = run.incar.number("IBRION", -1) in FORCE_CONSTANTS
    return (tag == "ISPIN" and not run.collinear) or (tag == "NSW" and phonons)


def _agree(tag: str, asked: float, applied: float) -> bool:
    if tag == "ISIF":  # 0, 1, 2 keep the cell; VASP itself sets 0 for a dipole field
        return asked == applied or max(asked, applied) <= 2
    if tag == "EDIFF":
        return abs(abs(asked) - applied) <= OUTCAR_EDIFF * abs(asked)
    return abs(asked - applied) <= 1e-6


def _science_changed(run: VaspDirectory) -> Iterator[str]:
    yield from _changed(run, SCIENCE)


def _accuracy_changed(run: VaspDirectory) -> Iterator[str]:
    yield from _changed(run, ACCURACY)
    yield from _printed_otherwise(run)


def _printed_otherwise(run: VaspDirectory) -> Iterator[str]:
    """Compare what OUTCAR prints, word by word or to its digits."""
    if run.outcar is None or run.incar_from != "INCAR":
        return
    for tag in PRINTED:
        printed, asked = run.outcar.tags.get(tag), run.incar.tags.get(tag, "").strip()
        if printed is None or not asked:
            continue
        if agrees_with_print(printed, _as_value(tag, run)) is False:
            yield f"{tag} = {asked}, OUTCAR says {printed}"


def _as_value(tag: str, run: VaspDirectory) -> bool | float | str:
    """Return what a tag asks for, as VASP takes it."""
    word = run.incar.tags[tag].split()[0]
    if tag == "LREAL":  # on, automatic or true
        return word.strip(".").upper()[:1] in {"A", "O", "T"}
    if tag == "PREC":  # VASP goes by the first letter
        known = ("accurate", "normal", "high", "medium", "low", "single")
        return next((w for w in known if w[0] == word[:1].lower()), word)
    number = run.incar.numbers(tag)
    return number[0] if number else word


RULES: tuple[DirectoryRule, ...] = (
    Rule(
        "applied-u",
        "error",
        "The energies belong to the U that VASP applied, not to the INCAR beside them.",
        "Rerun with the INCAR as meant; trust OUTCAR, not INCAR or vasprun.xml.",
        _applied_u,
    ),
    Rule(
        "applied-moments",
        "error",
        "The run started from moments other than those in the INCAR beside it.",
        "Restore the INCAR of the run, or rerun; the magnetic order may differ.",
        _applied_moments,
    ),
    Rule(
        "applied-encut",
        "error",
        "The energies belong to a cutoff other than the one in the inputs.",
        "Quote the applied value, or rerun; do not compare across the two cutoffs.",
        _applied_encut,
    ),
    Rule(
        "applied-kpoints",
        "error",
        "The energies belong to another mesh than the one in the KPOINTS beside them.",
        "Restore the KPOINTS of the run, or rerun.",
        _applied_kpoints,
    ),
    Rule(
        "applied-species",
        "error",
        "OUTCAR is not of this POSCAR.",
        "Keep inputs and outputs of one run together.",
        _applied_species,
    ),
    Rule(
        "applied-potcar",
        "error",
        "The run used other potentials than the ones named beside it.",
        "Rerun, or correct the record; different potentials cannot be compared.",
        _applied_potcar,
    ),
    Rule(
        "applied-electrons",
        "error",
        "The cell was not run with the electrons its potentials bring, or as asked.",
        "Remove NELECT and check POTCAR; rerun.",
        _applied_electrons,
    ),
    Rule(
        "applied-science",
        "error",
        "A tag that decides the physics is not what VASP worked with.",
        "The INCAR was edited after the run: restore it, or rerun.",
        _science_changed,
    ),
    Rule(
        "applied-accuracy",
        "warning",
        "A tag that decides accuracy is not what VASP worked with.",
        "The INCAR was edited after the run: restore it, or rerun.",
        _accuracy_changed,
    ),
)
