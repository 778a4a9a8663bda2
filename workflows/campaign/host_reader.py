"""A file with a crystal -> its atoms, or why it is none: the readers of ``host.file``.

A CIF and a POSCAR are read strictly, each by one reader, chosen by the name of the
file. Other formats are refused: the readers of pymatgen and ASE leave out an atom whose
line they cannot read, take ``true`` for 1 A, and believe a count before its file.
"""

from __future__ import annotations

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
NAMES = "a CIF (.cif, .mcif) and a POSCAR (POSCAR, CONTCAR, .vasp)"
"""What is read, by its name."""

Reader = Callable[[Path], "Structure"]


def read_crystal(path: Path) -> Structure:
    """Read a crystal from a CIF or a POSCAR.

    Raises
    ------
    CampaignError
        There is no such file, its name is that of another format, or a value in it is
        none.
    """
    _refuse_no_file(path)
    reader = _reader(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is read is checked
            found = reader(path)
    except Exception as error:  # a parser may raise anything
        told = one_line(error) or type(error).__name__
        if isinstance(error, KeyError):
            told = f"it has no {told}"
        told = printable(shortened(told, 250))
        raise CampaignError(f"file: {printable(path)}: {told}") from None
    if problem := impossible(found):
        raise CampaignError(f"file: {printable(path)}: {problem}")
    return found


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


def _reader(path: Path) -> Reader:
    """Return who reads a file of such a name.

    Raises
    ------
    CampaignError
        Nobody does.
    """
    from pymatgen.io.registry import get_structure_format

    try:
        known = get_structure_format(filename=str(path)).name
    except (ValueError, ImportError):
        known = ""
    if known in {"cif", "mcif"}:
        return lambda file: read_cif(_text(file))
    if known == "poscar":
        return _poscar
    raise CampaignError(
        f"file: {printable(path)}: {NAMES} are read strictly, and no other format is "
        "read: rename it if it is one of them; else convert it (ase convert "
        f"{printable(path.name)} cell.cif), and look at what you get"
    )


def _text(path: Path) -> str:
    held = hold(path)
    if held.problem:
        raise ValueError(f"it {held.problem}")
    if len(held.content) > MOST_BYTES:
        raise ValueError(f"it unpacks to more than {MOST_BYTES // 10**6} MB")
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
