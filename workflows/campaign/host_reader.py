"""A file with a crystal -> its atoms, or why it is none: the readers of ``host.file``.

A CIF and a POSCAR are read strictly, each by one reader. pymatgen reads what else it
knows by the name of the file, and its refusal is final where only one format has such
names: a second, more lenient reader would believe a damaged file. ASE reads the rest.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from structures.values import FULL
from workflows.analysis.elements import SYMBOLS
from workflows.campaign.host_cif import ELEMENT, read_cif
from workflows.campaign.host_crystal import FAR, impossible_volume, too_many
from workflows.errors import CampaignError, one_line, printable, shortened
from workflows.vasp.packed import hold
from workflows.vasp.poscar import Cell, read_poscar

if TYPE_CHECKING:
    from pymatgen.core import Structure

MOST_BYTES = 20_000_000
ONE_FORMAT = frozenset({"chgcar", "locpot", "vasprun", "json", "yaml", "xsf", "cssr"})
"""Formats of pymatgen whose names of files no other format has, but for:"""
MARKS_OF_ASE = {"json": b'"nextid"', "xsf": b"ANIMSTEPS"}
"""What ASE's database and an animated XSF hold, which pymatgen does not read."""
STRICT = frozenset({"CIF", "POSCAR"})
"""Formats whose readers here say what is wrong, and where."""
_PYTHON = re.compile(r"[-+]?[\d.]*\d_\d[\d_.]*(?:[eE][-+]?[\d_]+)?")
"""A number as only Python reads it."""
_BETWEEN = re.compile(r"[\s\"'=,;]+")

Reader = Callable[[Path], "Structure"]


def read_crystal(path: Path) -> Structure:
    """Read a crystal: CIF, POSCAR and what else pymatgen reads, else what ASE reads.

    Raises
    ------
    CampaignError
        There is no such file, it is no crystal with a cell, or a value in it is none.
    """
    _refuse_no_file(path)
    problems = []
    for name, reader in _readers(path):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what is read is checked
                found = reader(path)
        except Exception as error:  # a parser may raise anything
            told = one_line(error) or type(error).__name__
            if isinstance(error, KeyError):
                told = f"it has no {told}"
            told = printable(shortened(told, 250))
            if name in STRICT:
                raise CampaignError(f"file: {printable(path)}: {told}") from None
            problems.append(f"{name}: {told}")
        else:
            if problem := impossible(found):
                raise CampaignError(f"file: {printable(path)}: {problem}")
            return found
    raise CampaignError(
        f"file: {printable(path)} is not read as a crystal ({'; '.join(problems)}); "
        "give a CIF, a POSCAR or another file with a cell"
    )


def impossible(found: Structure) -> str:
    """Say what no crystal has: of the number of atoms, the cell, places or elements."""
    if problem := too_many(len(found)):
        return problem
    if problem := impossible_volume(found.lattice.matrix.tolist(), len(found)):
        return problem
    for number, site in enumerate(found, start=1):
        if not all(abs(place) <= FAR for place in site.frac_coords.tolist()):
            return f"atom {number} has no position within {FAR:g} cells: correct it"
        for species, amount in site.species.items():
            symbol = str(getattr(species, "symbol", species))
            if symbol not in SYMBOLS:
                return f"atom {number}: {printable(symbol)} is not an element"
            if not FULL < amount <= 1 + FULL:
                return (
                    f"atom {number}: {symbol} has occupancy {amount:g}: give one above "
                    f"{FULL:g}, up to 1"
                )
    return ""


def _refuse_no_file(path: Path) -> None:
    shown = printable(shortened(path, 80))
    try:
        there = path.is_file()
        size = path.stat().st_size if there else 0
    except (OSError, ValueError) as error:  # a name that no file can have, a loop
        raise CampaignError(
            f"file: {shown} cannot be looked at "
            f"({shortened(getattr(error, 'strerror', None) or error)}); give the path "
            "of a crystal"
        ) from None
    if not there:
        raise CampaignError(
            f"file: {printable(path)} is not a file; paths are relative to the "
            "campaign file"
        )
    if size > MOST_BYTES:
        raise CampaignError(
            f"file: {printable(path)} has more than {MOST_BYTES // 10**6} MB"
        )


def _readers(path: Path) -> tuple[tuple[str, Reader], ...]:
    """Return who reads a file, with their names, one after the other."""
    from pymatgen.io.registry import get_structure_format

    try:
        known = get_structure_format(filename=str(path)).name
    except (ValueError, ImportError):
        return (("ASE", _with_ase),)
    if known in {"cif", "mcif"}:
        return (("CIF", lambda file: read_cif(_text(file))),)
    if known == "poscar":
        return (("POSCAR", _poscar),)
    if (mark := MARKS_OF_ASE.get(known)) and mark in hold(path).content:
        return (("ASE", _with_ase),)
    ours: tuple[str, Reader] = ("pymatgen", _with_pymatgen)
    return (ours,) if known in ONE_FORMAT else (ours, ("ASE", _with_ase))


def _text(path: Path) -> str:
    held = hold(path)
    if held.problem:
        raise ValueError(f"it {held.problem}")
    return held.content.decode("utf-8", "replace")


def _poscar(path: Path) -> Structure:
    cell = read_poscar(_text(path))
    if cell.surplus:
        raise ValueError(
            f"a position follows the {len(cell.positions)} that the counts on line 7 "
            "ask for: correct them, or remove it"
        )
    if problem := too_many(len(cell.positions)):
        raise ValueError(problem)
    if not cell.symbols:
        cell = replace(cell, symbols=_elements_behind(cell))
    if wrong := [symbol for symbol in cell.symbols if symbol not in SYMBOLS]:
        raise ValueError(f"{wrong[0]} is not an element")
    _refuse_other_labels(cell)
    return cell.structure()


def _refuse_other_labels(cell: Cell) -> None:
    """Refuse an element behind a position that is not the one of line 6.

    VASP reads line 6 alone; who sorted or exchanged atoms may have changed the labels.

    Raises
    ------
    ValueError
        Names the first such atom and both elements.
    """
    blocks = zip(cell.symbols, cell.counts, strict=True)
    symbols = [symbol for symbol, count in blocks for _ in range(count)]
    for number, (symbol, label) in enumerate(
        zip(symbols, cell.labels, strict=True), start=1
    ):
        named = ELEMENT.match(label)
        if named and named[1] in SYMBOLS and named[1] != symbol:
            raise ValueError(
                f"atom {number} is {symbol} by line 6 and {printable(shortened(label))}"
                " by the label behind its position, and VASP reads line 6: correct "
                "the one that is wrong, or remove the labels"
            )


def _elements_behind(cell: Cell) -> tuple[str, ...]:
    """Return the element of each block, from the labels of a VASP 4 POSCAR."""
    matches = [ELEMENT.match(label) for label in cell.labels]
    named = iter([match[1] if match else "" for match in matches])
    blocks = [set(islice(named, count)) for count in cell.counts]
    if any(len(block) != 1 or "" in block for block in blocks):
        raise ValueError(
            "no elements: write them on line 6, above the counts, or the same one "
            "behind each position of a block"
        )
    return tuple(block.pop() for block in blocks)


def _with_pymatgen(path: Path) -> Structure:
    from pymatgen.core import Structure

    found = Structure.from_file(path)
    if not (isinstance(found, Structure) and len(found)):
        raise ValueError("no crystal with a cell")
    return found


def _with_ase(path: Path) -> Structure:
    from ase.io import read
    from pymatgen.io.ase import AseAtomsAdaptor

    words = _BETWEEN.split(_text(path))
    if odd := next(filter(_PYTHON.fullmatch, words), None):
        raise ValueError(f"{shortened(odd)} is not a number: write it without _")
    frames = read(path, index=":")
    if not frames:
        raise ValueError("no atoms")
    *others, atoms = frames  # of a trajectory the last
    if any(list(other.numbers) != list(atoms.numbers) for other in others):
        raise ValueError("several crystals: give a file of one")
    if not (all(atoms.pbc) and atoms.cell.rank == 3):
        raise ValueError("no periodic cell")
    found: Structure = AseAtomsAdaptor.get_structure(atoms)
    if not len(found):
        raise ValueError("no atoms")
    return found
