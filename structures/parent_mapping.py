"""A crystal mapped onto the ideal parent spinel: which atom is on which kind of site.

pymatgen's StructureMatcher finds the cell and the origin: metals (all alike) and anions
of the crystal against those of the 14-atom parent. The working ion takes no part, so
that a crystal with any content of it is mapped in one way. Roles follow from the
metals: they are on 16d, whatever the setting, origin or Wyckoff letters of the file.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from scipy.linalg import polar

from structures.cell import Cell, FloatArray, IntArray, make_cell
from structures.errors import MappingError
from structures.sites import ION_ROLES, site_coords
from structures.symmetry import find_operations
from structures.values import A_LIMITS

MAX_DISPLACEMENT = 0.6
"""A, of an atom from its ideal site; half the way to the next interstice is 0.88."""

MAX_STRETCH = 1.25
"""Of `ParentMapping.stretch`; Mn3O4 and Li2Mn2O4 have 1.16, CdMn2O4 1.20."""

_ANION, _METAL = "O", "Mn"
"""What all anions and all metals are called while they are matched."""
_LARGE = 48
"""Metals and anions of the conventional cell; the matcher is slow above."""
_REPEATS = 0.5
"""A, within which parts of a large cell are repeats of each other."""
_WHOLE = 0.05
"""Distance from whole numbers of repeats."""
_LONGEST = 1000.0
"""A, of a cell vector."""
_NARROWEST = 0.42
"""Of a: the shortest lattice vector; that of the parent has 0.71."""
_WORST = 4
"""Atoms that a message names."""


@dataclass(frozen=True)
class ParentMapping:
    """Where the atoms of a crystal are in the ideal parent.

    Attributes
    ----------
    cell
        Cell of the crystal in units of a/2 of the parent, exact.
    a
        Lattice parameter of the cubic cell of equal volume, Angstrom.
    u
        Oxygen parameter that fits the anions best.
    lattice
        Cell vectors as rows, Angstrom, pseudo-cubic axes along x, y, z, shape (3, 3).
    frac_coords
        Of all atoms in the order of the crystal, origin of the parent, shape (n, 3).
    roles, indices
        Site of each atom: its role and its place in the list of that role.
    displacements
        Distance of each atom from its ideal site, Angstrom, shape (n,).
    """

    cell: Cell
    a: float
    u: float
    lattice: FloatArray
    frac_coords: FloatArray
    roles: tuple[str, ...]
    indices: tuple[int, ...]
    displacements: FloatArray

    @property
    def stretch(self) -> float:
        """Longest by shortest principal axis of the strain against the cubic parent.

        1 for a cubic crystal, c/a or a/c for a tetragonal one; shear counts as well.
        """
        axes = np.linalg.svd(
            self.cell.conventional_matrix @ self.lattice, compute_uv=False
        )
        return float(axes.max() / axes.min())

    def worst(self, names: Sequence[str], number: int = _WORST) -> str:
        """Name the atoms farthest from their sites: ``O #12 0.31 A from 32e``."""
        order = np.argsort(-self.displacements, kind="stable")[:number]
        return ", ".join(
            f"{names[i]} #{i + 1} {self.displacements[i]:.2f} A from {self.roles[i]}"
            for i in order
        )


def map_onto_parent(
    lattice: FloatArray,
    frac_coords: FloatArray,
    kinds: Sequence[str],
    *,
    formula: str = "",
) -> ParentMapping:
    """Map a crystal onto the ideal parent spinel.

    Parameters
    ----------
    lattice
        Cell vectors as rows, Angstrom, right- or left-handed, shape (3, 3).
    frac_coords
        Fractional coordinates, shape (n, 3).
    kinds
        ``"metal"``, ``"anion"`` or ``"ion"`` of each atom.
    formula
        Contents of the cell, for messages.

    Returns
    -------
    ParentMapping
        Nothing is judged here: an atom may be far from its site (see
        `MAX_DISPLACEMENT`), two may share one, the cell may be strained (see
        `MAX_STRETCH`).

    Raises
    ------
    MappingError
        If no cell of the parent fits.
    """
    _check_counts(kinds, formula)
    _check_shape(lattice, list(kinds).count("metal"))
    handed = 1 if np.linalg.det(lattice) > 0 else -1
    vectors, coords = handed * lattice, handed * frac_coords
    framework = np.array([kind != "ion" for kind in kinds])
    names = [_METAL if kind == "metal" else _ANION for kind in kinds]
    own = Structure(
        Lattice(vectors), np.array(names)[framework].tolist(), coords[framework]
    )
    cell, origin = _cell_and_origin(own)
    cell, origin = _along_axes(cell, origin)
    coords = coords - origin
    rotation, _ = polar(cell.conventional_matrix @ vectors)
    vectors = vectors @ rotation.T
    u, coords = _fitted(cell, vectors, coords, kinds)
    return _placed(cell, vectors, coords, kinds, u)


def _check_counts(kinds: Sequence[str], formula: str) -> None:
    """Refuse what cannot be a spinel cell whatever its geometry."""
    counts = Counter(kinds)
    metals, anions = counts["metal"], counts["anion"]
    if not metals or metals % 4 or anions != 2 * metals:
        raise MappingError(
            f"{formula}{': ' if formula else ''}{metals} metals and {anions} anions in "
            "the cell are not a spinel M2X4: its smallest cell has 4 and 8, any other "
            "a multiple of them (a layered or rock-salt oxide of the same formula is "
            "another crystal); give the whole cell, its metals on octahedral sites"
        )


def _check_shape(lattice: FloatArray, metals: int) -> None:
    """Refuse a cell that no spinel has; the matcher would try it without end."""
    low, high = A_LIMITS
    volume = abs(float(np.linalg.det(lattice)))
    a = (16 * volume / metals) ** (1 / 3)
    if not low < a < high:
        raise MappingError(
            f"the cell has {volume:.3g} A^3 for {metals} metals, as a cubic spinel of "
            f"a = {a:.3g} A, outside {low:g}..{high:g} A: correct the cell vectors"
        )
    lengths = np.linalg.norm(lattice, axis=1)
    if float(lengths.max()) > _LONGEST:
        raise MappingError(
            f"a cell vector has {lengths.max():.3g} A, more than {_LONGEST:g} A: "
            "correct it"
        )
    shortest = min(Lattice(lattice).get_lll_reduced_lattice().abc)
    if shortest < _NARROWEST * a:
        raise MappingError(
            f"the lattice repeats after {shortest:.3g} A, and that of a spinel of this "
            f"volume not below {_NARROWEST * a:.3g} A: correct the cell vectors"
        )


def _parent() -> Structure:
    """Metals and anions of the 14-atom parent."""
    cell = make_cell(primitive=True)
    metals, anions = site_coords(cell, "16d"), site_coords(cell, "32e", 0.2625)
    names = [_METAL] * len(metals) + [_ANION] * len(anions)
    return Structure(8 * cell.matrix, names, np.concatenate([metals, anions]))


def _cell_and_origin(framework: Structure) -> tuple[Cell, FloatArray]:
    """Find the cell in the parent's vectors, and where its origin is.

    A large cell is matched by its primitive one: the matcher tries all supercells.
    """
    if len(framework) > _LARGE:
        small = framework.get_primitive_structure(tolerance=_REPEATS)
        times = framework.lattice.matrix @ np.linalg.inv(small.lattice.matrix)
        if len(small) < len(framework) and np.allclose(
            times, np.rint(times), atol=_WHOLE
        ):
            cell, origin = _cell_and_origin(small)
            rows = np.rint(times).astype(int) @ cell.half
            there = origin @ small.lattice.matrix
            origin = there @ np.linalg.inv(framework.lattice.matrix)
            return _right_handed(rows), origin
    # Wide: what is too far is refused afterwards, with the atoms named.
    matcher = StructureMatcher(
        ltol=0.3,
        stol=1.0,
        angle_tol=15,
        primitive_cell=False,
        scale=True,
        attempt_supercell=True,
    )
    found = matcher.get_transformation(  # type: ignore[no-untyped-call]
        framework, _parent()
    )
    if found is None:
        raise MappingError(
            f"no cell of the ideal spinel has the lattice {framework.lattice.abc} A, "
            f"{framework.lattice.angles} deg and the metals and anions of this "
            "crystal: it is not a spinel, or distorted beyond recognition"
        )
    rows = np.rint(found[0]).astype(int) @ make_cell(primitive=True).half
    return _right_handed(rows), np.array(found[1])


def _right_handed(rows: IntArray) -> Cell:
    if np.linalg.det(rows) < 0:
        rows = -rows  # the parent has a centre at its origin
    return Cell(tuple(tuple(int(e) for e in row) for row in rows))


def _along_axes(cell: Cell, origin: FloatArray) -> tuple[Cell, FloatArray]:
    """Choose, of all equivalent descriptions, that whose vectors point along x, y, z.

    So the third pseudo-cubic axis is c of the file, as far as its cell allows it; of
    equal ones, that with the nearest origin.
    """
    described = []
    for rotation, shift in zip(*_parent_operations(), strict=True):
        rows = np.rint(cell.half @ rotation.T).astype(int)
        turned = Cell(tuple(tuple(int(e) for e in row) for row in rows))
        moved = origin - turned.fractional(shift[None, :])[0]
        moved -= np.round(moved)
        near = (np.trace(rows), -round(float(np.linalg.norm(moved @ rows)), 4))
        described.append((near, turned, moved))
    _, chosen, moved = max(described, key=lambda each: each[0])
    return chosen, moved


def _parent_operations() -> tuple[IntArray, FloatArray]:
    """Proper operations of Fd-3m, in the basis of the conventional cell."""
    cell = make_cell()
    metals, anions = site_coords(cell, "16d"), site_coords(cell, "32e", 0.2625)
    kinds = [1] * len(metals) + [0] * len(anions)
    coords = np.concatenate([metals, anions])
    rotations, translations = find_operations(8 * cell.matrix, coords, kinds)
    proper = np.linalg.det(rotations) > 0
    return rotations[proper], translations[proper]


def _fitted(
    cell: Cell, vectors: FloatArray, coords: FloatArray, kinds: Sequence[str]
) -> tuple[float, FloatArray]:
    """Fit the oxygen parameter, and put the origin where the metals are on average."""
    metals, anions = (
        np.array([kind == own for kind in kinds]) for own in ("metal", "anion")
    )
    ideal = {role: site_coords(cell, role) for role in ("16d", "32e")}
    near = _nearest(vectors, coords[metals], ideal["16d"])
    away = _apart(coords[metals], ideal["16d"][near])
    coords = coords - away.mean(axis=0)
    places = _nearest(vectors, coords[anions], ideal["32e"])
    moved = _apart(coords[anions], ideal["32e"][places]) @ vectors
    step = 0.01
    outward = _apart(site_coords(cell, "32e", 0.25 + step), ideal["32e"])[places]
    unit = outward @ vectors
    u = 0.25 + step * float((moved * unit).sum() / (unit * unit).sum())
    return u, coords


def _placed(
    cell: Cell, vectors: FloatArray, coords: FloatArray, kinds: Sequence[str], u: float
) -> ParentMapping:
    """Give each atom the nearest site of its kind."""
    roles = {"metal": ("16d",), "anion": ("32e",), "ion": ION_ROLES}
    names: list[str] = [""] * len(kinds)
    indices, distances = [0] * len(kinds), np.zeros(len(kinds))
    for kind, own in roles.items():
        atoms = [i for i, each in enumerate(kinds) if each == kind]
        sites = [(role, i) for role in own for i in range(len(site_coords(cell, role)))]
        ideal = np.concatenate([site_coords(cell, role, u) for role in own])
        near = _nearest(vectors, coords[atoms], ideal)
        away = _apart(coords[atoms], ideal[near])
        distances[atoms] = np.linalg.norm(away @ vectors, axis=1)
        coords[atoms] = ideal[near] + away
        for atom, place in zip(atoms, near, strict=True):
            names[atom], indices[atom] = sites[place]
    volume = abs(float(np.linalg.det(vectors)))
    a = (8 * volume / cell.formula_units) ** (1 / 3)
    return ParentMapping(
        cell, a, u, vectors, coords, tuple(names), tuple(indices), distances
    )


def _nearest(vectors: FloatArray, coords: FloatArray, sites: FloatArray) -> IntArray:
    """Return the nearest site of each atom."""
    if not len(coords):
        return np.empty(0, dtype=np.int64)
    apart = Lattice(vectors).get_all_distances(coords, sites)
    return np.asarray(apart.argmin(axis=1), dtype=np.int64)


def _apart(coords: FloatArray, sites: FloatArray) -> FloatArray:
    """Shortest fractional displacements from sites to atoms."""
    away = coords - sites
    return np.asarray(away - np.round(away), dtype=np.float64)
