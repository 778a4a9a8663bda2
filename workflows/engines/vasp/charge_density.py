"""The charge density of a static run, taken by the density of states after it."""

from __future__ import annotations

from pathlib import Path

from workflows.atomic import read_regular, read_regular_bytes
from workflows.engines.claimed_copy import copy_whole
from workflows.errors import StoreError
from workflows.vasp.poscar import Cell, read_poscar

NAME = "CHGCAR"
HEAD_BYTES = 2**20
"""What is read of it: the cell and the positions of more than 10,000 atoms."""
SAME_VECTOR = 1e-4
"""A, of a component of a cell vector; a CHGCAR has six decimals."""
SAME_PLACE = 1e-5
"""Of a cell vector, for each position."""


def take_charge(directory: Path, source: Path) -> None:
    """Copy a CHGCAR into a run, if it is of the run's POSCAR.

    VASP itself compares no positions: it would compute the states of another crystal's
    density without a word.

    Parameters
    ----------
    directory
        Of the run, with its POSCAR.
    source
        The CHGCAR.

    Raises
    ------
    StoreError
        There is none, it cannot be read, or it is of another cell or other positions.
    """
    if not source.exists():
        raise StoreError(f"{source}: no charge density for the dos step; rerun static")
    if problem := _problem(directory / "POSCAR", source):
        raise StoreError(f"{source}: {problem}; rerun static")
    copy_whole(source, directory / NAME)


def _problem(poscar: Path, source: Path) -> str:
    """Say why a charge density is not that of a POSCAR, or nothing."""
    own = read_poscar(read_regular(poscar))
    try:
        head = read_regular_bytes(source, HEAD_BYTES).decode("utf-8", "replace")
        found = read_poscar(head)
    except (OSError, ValueError) as error:
        return f"the charge density for the dos step cannot be read ({error})"
    if (found.symbols, found.counts) != (own.symbols, own.counts):
        return (
            f"the charge density is of {_atoms(found)}, and the structure of the dos "
            f"step of {_atoms(own)}"
        )
    for axis, one, other in zip("abc", found.lattice, own.lattice, strict=True):
        if any(abs(p - q) > SAME_VECTOR for p, q in zip(one, other, strict=True)):
            return f"the charge density is of another cell: its {axis} axis differs"
    pairs = zip(found.positions, own.positions, strict=True)
    for number, (place, wanted) in enumerate(pairs, start=1):
        apart = (p - q for p, q in zip(place, wanted, strict=True))
        if any(abs(d - round(d)) > SAME_PLACE for d in apart):
            return f"the charge density is of other positions: atom {number} differs"
    return ""


def _atoms(cell: Cell) -> str:
    return " ".join(f"{s}{n}" for s, n in zip(cell.symbols, cell.counts, strict=False))
