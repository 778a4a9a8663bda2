"""Any VASP runs -> one row each: the pseudo-cubic lattice, octahedra and orbitals."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from workflows.analysis.ions import METALS
from workflows.analysis.octahedra import octahedra
from workflows.analysis.orbital_order import counted
from workflows.records.document import TaskDocument
from workflows.records.summary import eg_orbitals_of, parent_axes, shape_of
from workflows.results.columns import Column, names, number

if TYPE_CHECKING:
    from workflows.analysis.lattice import LatticeRatios

Row = dict[str, Any]

OXYGEN_OF_A_FORMULA = 4
LATTICE = (
    Column("dir_name", shown=True),
    Column("run", "suffix of the run in its directory"),
    Column("state", shown=True),
    Column("formula", shown=True),
    Column("engine_version"),
    Column("cell_relaxed", "this run varied the whole cell (ISIF = 3)", "flag", True),
    number("a", "A, pseudo-cubic, nearest to x", shown=True),
    number("b", "A, nearest to y", shown=True),
    number("c", "A, nearest to z", shown=True),
    number("c_ratio", "c/((a+b)/2)", shown=True),
    Column("unique_axis", shown=True),
    number("c_unique", "unique axis over the mean of the other two", shown=True),
    Column("lattice_class", shown=True),
    number("volume", "A^3, conventional cell of 32 oxygens"),
    number("volume_fu", "A^3 per formula unit of 4 oxygens", shown=True),
    Column("octahedra", "metals and their Jahn-Teller modes", shown=True),
    Column("orbital_order", "occupied eg orbitals", shown=True),
    Column("fake", dtype="flag"),
)
"""Columns of the table of lattices; empty where a cell is no spinel's."""
LATTICE_COLUMNS = names(LATTICE)
_SHAPE = ("a", "b", "c", "c_ratio", "c_unique", "volume")


def lattice_row(document: TaskDocument) -> Row:
    """Return the row of one run; columns as in `LATTICE`."""
    shape = shape_of(document)
    structure = document.structure
    oxygen = 0.0 if structure is None else structure.composition["O"]
    formulas = oxygen / OXYGEN_OF_A_FORMULA if shape is not None else 0.0
    order = "" if structure is None else counted(structure, eg_orbitals_of(document))
    return {
        "dir_name": document.dir_name,
        "run": document.task_label,
        "state": str(document.state),
        "formula": document.formula,
        "engine_version": document.engine_version,
        "cell_relaxed": document.cell_relaxed,
        **_lengths(shape),
        "volume_fu": structure.volume / formulas
        if structure is not None and formulas
        else math.nan,
        "octahedra": _modes(document),
        "orbital_order": order,
        "fake": document.fake,
    }


def _lengths(shape: LatticeRatios | None) -> Row:
    if shape is None:
        return {
            **dict.fromkeys(_SHAPE, math.nan), "unique_axis": "", "lattice_class": ""
        }  # fmt: skip
    words = {n: getattr(shape, n) for n in ("unique_axis", "lattice_class")}
    return {**{name: getattr(shape, name) for name in _SHAPE}, **words}


def _modes(document: TaskDocument) -> str:
    """Count the octahedra of each mode, such as ``4 Mn z elongated``."""
    structure = document.structure
    if structure is None:
        return ""
    found = octahedra(structure, elements=METALS, axes=parent_axes(document))
    kinds = Counter(
        (structure[i].specie.symbol, shape.modes.mode) for i, shape in found.items()
    )
    return ", ".join(
        f"{count} {element} {'undistorted' if mode == 'none' else mode}"
        for (element, mode), count in kinds.items()
    )
