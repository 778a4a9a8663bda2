"""Whether a KPOINTS file asks for the k points that VASP ran."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workflows.counts import count_of

if TYPE_CHECKING:
    from pymatgen.core import Structure

Grid = tuple[tuple[int, ...], tuple[float, ...]]
"""Divisions, and the shift from Gamma in steps of the mesh."""
MESHES = ("Gamma", "Monkhorst", "Automatic")
SAME_POINT = 1e-5
"""In reciprocal vectors; people write a third with six digits."""
ROUNDED = 0.51
"""Divisions: VASP rounds a length in KPOINTS to a whole number of them."""


def mesh_difference(asked: Any, ran: Any, structure: Structure | None) -> str:
    """Return in what KPOINTS differs from what ran; empty for nothing.

    Both are pymatgen's ``Kpoints``. An automatic mesh is given as a length: without
    the structure it ran on it is not judged.
    """
    if _is_mesh(ran) and _is_mesh(asked):
        return _grids(asked, ran, structure)
    if _is_list(asked) and _is_mesh(ran):
        return f"has {_named(asked)} and vasprun.xml the mesh {_divisions(ran)}"
    if _is_mesh(asked) and _is_list(ran):
        return f"has a mesh and vasprun.xml {_named(ran)}"
    if _is_list(asked) and _is_list(ran):
        return _points(asked, ran)
    return ""


def _is_mesh(kpoints: Any) -> bool:
    return kpoints.style.name in MESHES and len(kpoints.kpts) == 1


def _is_list(kpoints: Any) -> bool:
    """Return whether points are listed or along lines; vectors may span a mesh."""
    name = kpoints.style.name
    listed = name in {"Reciprocal", "Cartesian"} and kpoints.num_kpts != 0
    return name == "Line_mode" or listed


def _named(kpoints: Any) -> str:
    if kpoints.style.name == "Line_mode":
        return "points along lines"
    return f"a list of {count_of(len(kpoints.kpts), 'point')}"


def _divisions(kpoints: Any) -> str:
    return " ".join(f"{n:g}" for n in kpoints.kpts[0])


def _grids(asked: Any, ran: Any, structure: Structure | None) -> str:
    found, wanted = _grid(ran), _grid(asked)
    if found is None:
        return ""
    if wanted is None:  # a length, A
        if structure is None or _fits(float(asked.kpts[0][0]), found, structure):
            return ""
        return (
            f"asks for an automatic mesh of length {_divisions(asked)} and vasprun.xml "
            f"has the mesh {_divisions(ran)}"
        )
    if wanted[0] != found[0]:
        return f"has the mesh {_divisions(asked)} and vasprun.xml {_divisions(ran)}"
    away = np.subtract(wanted[1], found[1])
    if np.abs(away - np.round(away)).max() > SAME_POINT:
        return (
            f"has the mesh {_divisions(asked)} ({asked.style.name}) off the one in "
            f"vasprun.xml ({ran.style.name}) by {_steps(away)} of a step"
        )
    return ""


def _steps(away: Any) -> str:
    return " ".join(f"{abs(a):g}" for a in away)


def _grid(kpoints: Any) -> Grid | None:
    """Return a mesh from Gamma; None if it is given as a length."""
    if len(kpoints.kpts[0]) != 3:
        return None
    divisions = tuple(round(n) for n in kpoints.kpts[0])
    shift = tuple(kpoints.kpts_shift or (0, 0, 0))
    if kpoints.style.name == "Monkhorst":  # holds Gamma along odd divisions only
        pairs = zip(shift, divisions, strict=True)
        shift = tuple(s + (0.0 if n % 2 else 0.5) for s, n in pairs)
    return divisions, shift


def _fits(length: float, grid: Grid, structure: Structure) -> bool:
    asked = length * np.array(structure.lattice.reciprocal_lattice_crystallographic.abc)
    near = np.abs(np.maximum(asked, 1) - grid[0]) <= ROUNDED
    return bool(near.all()) and not any(grid[1])


def _points(asked: Any, ran: Any) -> str:
    if {asked.style.name, ran.style.name} != {"Reciprocal"}:
        return ""
    if len(asked.kpts) != len(ran.kpts):
        return f"has {_named(asked)} and vasprun.xml {len(ran.kpts)}"
    if not np.allclose(asked.kpts, ran.kpts, atol=SAME_POINT):
        return f"has {_named(asked)}, and other ones than vasprun.xml"
    return ""
