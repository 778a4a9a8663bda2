"""Rules on the order of species: POSCAR against POTCAR, LDAU* and MAGMOM."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from workflows.checks.rules.rule import DirectoryRule, Rule
from workflows.counts import count_of
from workflows.vasp.directory import VaspDirectory


def _blocks(run: VaspDirectory) -> str:
    return " ".join(f"{b.element}{b.count}" for b in run.blocks)


def _potcar_order(run: VaspDirectory) -> Iterator[str]:
    potentials = tuple(p.element for p in run.potentials)
    blocks = tuple(block.element for block in run.blocks)
    given = run.potentials_from.startswith("POTCAR")
    if given and potentials and blocks and potentials != blocks:
        symbols = " ".join(p.symbol for p in run.potentials)
        yield f"POSCAR holds {_blocks(run)}, {run.potentials_from} {symbols}"


def _no_species(run: VaspDirectory) -> Iterator[str]:
    if not run.blocks and any(f.startswith("POSCAR") for f in run.files):
        yield "POSCAR has no line of element symbols, and no POTCAR names them"


def _potcar_mixture(run: VaspDirectory) -> Iterator[str]:
    families = {p.titel.split()[0] for p in run.potentials if p.titel.split()}
    functionals = {p.lexch for p in run.potentials if p.lexch}
    if len(functionals) > 1:
        each = ", ".join(f"{p.titel} (LEXCH = {p.lexch})" for p in run.potentials)
        yield f"{run.potentials_from}: {each}"
    elif len(families) > 1 and not (functionals == {"PE"} and _all_paw(families)):
        titels = ", ".join(p.titel for p in run.potentials)
        yield f"{run.potentials_from}: {titels}"


def _all_paw(families: Iterable[str]) -> bool:
    return all(word.startswith("PAW") for word in families)


def _potcar_twice(run: VaspDirectory) -> Iterator[str]:
    for element in run.elements:
        used = {p.titel or p.symbol for p in run.potentials if p.element == element}
        if len(used) > 1:
            yield f"{element} has {' and '.join(sorted(used))}"


def _magmom_count(run: VaspDirectory) -> Iterator[str]:
    moments = run.incar.numbers("MAGMOM")
    atoms = len(run.sites)
    needed = atoms if run.collinear else 3 * atoms
    if moments and atoms and run.polarised and len(moments) != needed:
        yield (
            f"MAGMOM has {count_of(len(moments), 'number')}, {_blocks(run)} needs "
            f"{needed}"
        )


def _ldau_count(run: VaspDirectory) -> Iterator[str]:
    if not run.hubbard or not run.blocks:
        return
    for tag in ("LDAUL", "LDAUU", "LDAUJ"):
        values = run.incar.numbers(tag)
        if values and len(values) != len(run.blocks):
            yield (
                f"{tag} has {count_of(len(values), 'number')}, POSCAR "
                f"{count_of(len(run.blocks), 'block')} "
                f"({_blocks(run)})"
            )


RULES: tuple[DirectoryRule, ...] = (
    Rule(
        "potcar-order",
        "error",
        "VASP takes the potentials in the order of POTCAR, whatever their names.",
        "Join the POTCARs in the order of the POSCAR blocks, one for each block.",
        _potcar_order,
    ),
    Rule(
        "potcar-mixture",
        "error",
        "Potentials of different functionals in one cell give no defined energy.",
        "Take all POTCARs from one family.",
        _potcar_mixture,
    ),
    Rule(
        "potcar-differs-within-element",
        "warning",
        "Two potentials for one element make its atoms unequal by construction.",
        "Use one POTCAR for all blocks of an element, unless that is the purpose.",
        _potcar_twice,
    ),
    Rule(
        "poscar-without-species",
        "warning",
        "Without symbols the order of LDAU*, MAGMOM and POTCAR cannot be checked.",
        "Add the line of symbols (VASP 5 format).",
        _no_species,
    ),
    Rule(
        "magmom-count",
        "error",
        "MAGMOM follows POSCAR order: a missing number shifts the rest or stops VASP.",
        "Give one number for each atom, three in a noncollinear run.",
        _magmom_count,
    ),
    Rule(
        "ldau-count",
        "error",
        "LDAU* are read in POSCAR order; short lists have run as plain DFT.",
        "Give one number for each species block, repeated blocks included.",
        _ldau_count,
    ),
)
