"""KPOINTS: the one reader, the mesh it means, and the points that symmetry leaves."""

from __future__ import annotations

import math
import re
import warnings
from typing import Any

from workflows.vasp.incar_text import IncarText
from workflows.vasp.parts import Lattice, Mesh, reciprocal_lengths
from workflows.vasp.poscar import Cell

SYMMETRY_MESH = 400
"""Points; a larger mesh is never reduced below four."""
COMMENT = re.compile("[#!].*")


def read_kpoints(text: str) -> Any:
    """Read a KPOINTS as pymatgen's ``Kpoints``, with comments on any line.

    Raises
    ------
    ValueError
        It is empty.
    Exception
        Whatever pymatgen makes of a broken file.
    """
    from pymatgen.io.vasp import Kpoints

    if not text.strip():
        raise ValueError("empty")
    title, *lines = text.splitlines()
    bare = (COMMENT.sub("", line).rstrip() for line in lines)
    return Kpoints.from_str("\n".join([title, *bare]))


def mesh_of(kpoints: Any) -> Mesh:
    """Return the mesh that a ``Kpoints`` means.

    Raises
    ------
    ValueError
        Its divisions are no mesh.
    """
    style = kpoints.style.name.lower()
    if style in {"gamma", "monkhorst"} and kpoints.num_kpts == 0:
        x, y, z = (round(n) for n in kpoints.kpts[0])
        i, j, k = kpoints.kpts_shift
        if min(x, y, z) < 1:
            raise ValueError(f"mesh {x} {y} {z}")
        return Mesh(style, (x, y, z), (float(i), float(j), float(k)))
    return Mesh({"line_mode": "line", "automatic": "automatic"}.get(style, "list"))


def mesh_from_spacing(incar: IncarText, lattice: Lattice | None) -> Mesh | None:
    """Return the mesh VASP makes of KSPACING; None without one."""
    spacing = incar.number("KSPACING", 0.0)
    lengths = None if lattice is None else reciprocal_lengths(lattice)
    if spacing <= 0 or lengths is None:
        return None
    x, y, z = (max(1, math.ceil(length / spacing)) for length in lengths)
    gamma = incar.flag("KGAMMA", default=True)
    return Mesh("gamma" if gamma else "monkhorst", (x, y, z))


def irreducible_points(incar: IncarText, cell: Cell, mesh: Mesh | None) -> int | None:
    """Count the k-points VASP will keep, moments counted as part of the symmetry."""
    if mesh is None or mesh.divisions is None:
        return None
    total = math.prod(mesh.divisions)
    isym = incar.number("ISYM", 2)
    if isym < 0 or total < 4 or total > SYMMETRY_MESH:
        return total
    if isym == 0:  # time reversal only: k and -k
        own = math.prod(1 if n % 2 else 2 for n in mesh.divisions)
        return (total + own) // 2 if mesh.gamma_centred else total // 2
    return _by_symmetry(incar, cell, mesh)


def _by_symmetry(incar: IncarText, cell: Cell, mesh: Mesh) -> int | None:
    import spglib

    blocks = [i for i, count in enumerate(cell.counts) for _ in range(count)]
    names = [cell.symbols[i] if cell.symbols else str(i) for i in blocks]
    moments = incar.numbers("MAGMOM") or ()
    labels = moments if len(moments) == len(names) else (0.0,) * len(names)
    kinds: dict[tuple[str, float], int] = {}
    numbers = [
        kinds.setdefault(pair, len(kinds)) for pair in zip(names, labels, strict=True)
    ]
    divisions = mesh.divisions or (1, 1, 1)
    shifted = [int(not mesh.gamma_centred and n % 2 == 0) for n in divisions]
    with warnings.catch_warnings():
        # From 2.7 on spglib warns at every call that errors will be raised one day.
        warnings.filterwarnings("ignore", "Set OLD_ERROR", DeprecationWarning)
        reduced = spglib.get_ir_reciprocal_mesh(
            divisions, (cell.lattice, cell.positions, numbers), is_shift=shifted
        )
    # spglib gives nothing where atoms overlap.
    return None if reduced is None else len(set(reduced[0].tolist()))
