"""The last whole structure and moments of a cut relaxation, to go on from.

A killed VASP leaves a CONTCAR that may end in the middle of a number and still be
read without complaint. Nothing is used here before it is checked against the start:
same species in the same order, whole lines, a sane volume, no atoms on one another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from workflows.atomic import read_regular
from workflows.errors import StoreError
from workflows.vasp.outcar_moments import last_whole
from workflows.vasp.poscar import read_poscar
from workflows.vasp.run_files import read_text

if TYPE_CHECKING:
    from pymatgen.core import Structure

VOLUME_RATIO = (0.7, 1.4)
"""Volume over that of the start; the whole range of x spans 1 to 1.12."""
SHORTEST = 1.0
"""Angstrom between any two atoms; the shortest bond of an oxide cathode is 1.75."""


def last_structure(directory: Path, start: Structure) -> Structure:
    """Return the last whole structure that a cut run left, or its start.

    `start` is what its POSCAR held, in the same site order; site properties are kept.
    """
    for found in (
        whole_structure(directory / "CONTCAR", start),
        _from_vasprun(directory, start),
    ):
        if found is not None and _is_sane(found, start):
            return found
    return start


def last_moments(directory: Path, atoms: int) -> tuple[float, ...] | None:
    """Return the site moments of the last whole table in OUTCAR, muB, or None."""
    name = next((n for n in ("OUTCAR", "OUTCAR.gz") if (directory / n).is_file()), None)
    if name is None:
        return None
    try:
        return last_whole(read_text(directory / name), atoms)
    except (OSError, StoreError):  # nothing goes on from what cannot be read
        return None


def whole_structure(path: Path, start: Structure) -> Structure | None:
    """Read a CONTCAR or POSCAR, if its coordinates end with a whole line.

    The file may be missing or cut anywhere: None if it is not whole, or holds other
    atoms than `start`, in the same order.
    """
    try:
        cell = read_poscar(read_text(path), whole_lines=True)
    except (OSError, ValueError, StoreError):
        return None
    blocks = zip(cell.symbols, cell.counts, strict=False)
    species = [symbol for symbol, number in blocks for _ in range(number)]
    return _with(start, cell.lattice, cell.positions, species)


def _from_vasprun(directory: Path, start: Structure) -> Structure | None:
    """Read the last structure that is whole in an open vasprun.xml."""
    try:
        text = read_regular(directory / "vasprun.xml", "replace")
        end = text.rindex("</structure>")
        begin = text.rindex("<structure", 0, end)
        block = ElementTree.fromstring(text[begin:end] + "</structure>")
    except (OSError, ValueError, ElementTree.ParseError):
        return None
    numbers: dict[str, Any] = {
        array.get("name", ""): [
            [float(w) for w in (v.text or "").split()] for v in array
        ]
        for array in block.iter("varray")
    }
    if not {"basis", "positions"} <= set(numbers):
        return None
    return _with(start, numbers["basis"], numbers["positions"])


def _with(
    start: Structure,
    lattice: Sequence[Sequence[float]],
    rows: Sequence[Sequence[float]],
    species: list[str] | None = None,
) -> Structure | None:
    from pymatgen.core import Lattice, Structure

    symbols = [site.specie.symbol for site in start]
    if species is not None and species != symbols:
        return None
    if len(rows) != len(symbols) or any(len(row) != 3 for row in (*lattice, *rows)):
        return None
    if not all(math.isfinite(number) for row in (*lattice, *rows) for number in row):
        return None
    return Structure(
        Lattice(lattice), symbols, rows, site_properties=start.site_properties
    )


def _is_sane(found: Structure, start: Structure) -> bool:
    ratio = found.volume / start.volume
    low, high = VOLUME_RATIO
    return low <= ratio <= high and bool(found.is_valid(tol=SHORTEST))
