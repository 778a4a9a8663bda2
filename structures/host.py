"""The spinel host: a framework of metals and oxygen, and named sites for the ion.

A `SpinelHost` is a value: formula, cation order, lattice and oxygen parameter, cell.
Everything else follows from these. Every atom carries its role (``8a`` ... ``48f``) and
a label (``Ni16d-3``) that survive sorting, POSCAR, relaxation and parsing, because they
are site properties and because the number is that of the *site*, whatever occupies it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from pymatgen.core.composition import Composition
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from structures.cell import Cell, FloatArray, IntArray
from structures.errors import RoleError, nearest_name
from structures.formula import SpinelFormula
from structures.sites import (
    ION_ROLES,
    SITES_PER_CELL,
    Site,
    site_coords,
    site_numerators,
)
from structures.symmetry import find_operations, site_permutations, symmetry_dataset
from structures.values import shown

GEOMETRY_TOLERANCE = 0.1
"""A; a relaxed crystal keeps an operation that maps its atoms this well.

Far above what a relaxation leaves open (0.02 A), below a Jahn-Teller distortion."""
SAME_OPERATION = 0.7
"""A between translations of one operation; different ones are 1.4 A and more apart."""


@dataclass(frozen=True)
class Geometry:
    """Where a crystal has its cell and its atoms instead of the ideal places.

    Attributes
    ----------
    lattice
        Cell vectors as rows, Angstrom, pseudo-cubic axes along x, y, z.
    places
        (role, index of the site, fractional coordinates) of each site that was
        occupied; all other sites keep their ideal coordinates.
    """

    lattice: tuple[tuple[float, ...], ...]
    places: tuple[tuple[str, int, tuple[float, ...]], ...]


@dataclass(frozen=True)
class SpinelHost:
    """A spinel framework in a given cell.

    Attributes
    ----------
    chemistry
        Ion, metals and anion of one formula unit.
    ordering
        Name of the cation order on 16d.
    a
        Lattice parameter of the conventional cubic cell, Angstrom.
    u
        Oxygen parameter: 32e is (u, u, u), units of a.
    cell
        The cell in units of a/2, exact.
    metals
        Species on each 16d site of the cell, in the order of `sites("16d")`; None is
        a vacancy.
    ion_roles
        Roles that the working ion fills completely in `structure`: ``("8a",)`` at
        x = 1.
    geometry
        Cell and atoms of the crystal that the host was read from; None for ideal ones.
    """

    chemistry: SpinelFormula
    ordering: str
    a: float
    u: float
    cell: Cell
    metals: tuple[str | None, ...] = field(repr=False)
    ion_roles: tuple[str, ...] = ("8a",)
    geometry: Geometry | None = field(default=None, repr=False)

    @property
    def formula(self) -> str:
        """Formula of one formula unit at x = 1, normalised to four anions."""
        return str(self.chemistry)

    @property
    def formula_units(self) -> int:
        """Formula units in the cell: 8 in the 56-atom cell."""
        return self.cell.formula_units

    @property
    def supercell(self) -> FloatArray:
        """Cell vectors (rows) in those of the conventional cell, shape (3, 3)."""
        return self.cell.matrix

    @property
    def lattice(self) -> Lattice:
        """Lattice of the cell."""
        if self.geometry is not None:
            return Lattice(self.geometry.lattice)
        return Lattice(self.a * self.cell.matrix)

    @property
    def structure(self) -> Structure:
        """Host with the working ion on all sites of `ion_roles`."""
        return self.build(
            {role: range(len(self.sites(role))) for role in self.ion_roles}
        )

    def sites(self, role: str) -> tuple[Site, ...]:
        """All sites of a role, occupied or not, in their permanent order.

        Parameters
        ----------
        role
            ``"8a"``, ``"8b"``, ``"16c"``, ``"16d"``, ``"48f"`` or ``"32e"``.

        Returns
        -------
        tuple of Site
            The sites; labels name the species that would be there.
        """
        return _sites(self, check_role(role))

    def frac_coords(self, role: str) -> FloatArray:
        """Fractional coordinates of the sites of a role, shape (n, 3)."""
        check_role(role)
        coords = site_coords(self.cell, role, self.u).copy()
        if self.geometry is not None:
            for own, index, place in self.geometry.places:
                if own == role:
                    coords[index] = place
        return coords

    def filled(self, *roles: str) -> "SpinelHost":
        """Return the host with the working ion on all sites of other roles.

        Parameters
        ----------
        *roles
            Roles to fill; none gives the empty framework.

        Returns
        -------
        SpinelHost
            ``filled("8a", "8b")`` is x = 2 on tetrahedra, ``filled("16c")`` the
            rock salt, ``filled()`` is x = 0.
        """
        for role in roles:
            if role not in ION_ROLES:
                raise RoleError(
                    f"role {role!r} holds no ion; {nearest_name(role, ION_ROLES)}"
                )
        return replace(self, ion_roles=tuple(roles))

    def build(
        self,
        ions: Mapping[str, Sequence[int]],
        *,
        metals: Sequence[str | None] | None = None,
    ) -> Structure:
        """Build a structure with the ion on chosen sites.

        Parameters
        ----------
        ions
            Role: indices of the occupied sites.
        metals
            Species on each 16d site, None for a vacancy; that of the host if omitted.

        Returns
        -------
        Structure
            Ion, metals in the order of the formula, anion: one block per species. Site
            properties ``role`` and ``label``.
        """
        host = self if metals is None else replace(self, metals=tuple(metals))
        chemistry, octahedra = self.chemistry, host.sites("16d")
        blocks: dict[str, list[Site]] = {name: [] for name in chemistry.species}
        for role, indices in ions.items():
            candidates = host.sites(role)
            blocks[chemistry.ion] += [candidates[i] for i in sorted(indices)]
        for site, metal in zip(octahedra, host.metals, strict=True):
            if metal is not None:
                blocks[metal].append(site)
        blocks[chemistry.anion] += host.sites("32e")
        # One Composition object per species halves the time that pymatgen needs.
        species = {name: Composition(name) for name in blocks}
        chosen = [(species[name], site) for name, own in blocks.items() for site in own]
        return Structure(
            self.lattice,
            [each for each, _ in chosen],
            [site.frac_coords for _, site in chosen],
            site_properties={
                "role": [site.role for _, site in chosen],
                "label": [site.label for _, site in chosen],
            },
        )

    def permutations(self, *roles: str, parent: bool = False) -> IntArray:
        """Symmetry operations of the framework as permutations of sites.

        The framework is metals and anions; the working ion does not lower it. With a
        geometry of its own, only the operations that keep that too, within
        `GEOMETRY_TOLERANCE`.

        Parameters
        ----------
        *roles
            Roles of the sites; several are taken one after the other.
        parent
            Take all metals as alike (Fd-3m, whatever their order).

        Returns
        -------
        ndarray of int
            One operation per row, identity first, shape (m, n).
        """
        numerators = np.concatenate(
            [site_numerators(self.cell, check_role(role)) for role in roles]
        )
        metals = ("M",) * len(self.metals) if parent else self.metals
        operations = _operations(self.cell, metals, self.u)
        if self.geometry is not None:
            operations = _kept_by(self, metals, operations)
        return site_permutations(operations, numerators, self.cell.denominator)


def check_role(role: str) -> str:
    """Return the name of a site set, or raise RoleError with the names known."""
    if not isinstance(role, str) or role not in SITES_PER_CELL:
        raise RoleError(
            f"role {shown(role)} is not a spinel site; "
            f"{nearest_name(role, SITES_PER_CELL)}"
        )
    return role


_ANY_A = 8.17
"""A; a longer cell of the same order has the same operations, and they are kept."""


@lru_cache(maxsize=128)
def _operations(
    cell: Cell, metals: tuple[str | None, ...], u: float
) -> tuple[IntArray, FloatArray]:
    """Rotations and translations that keep metals and anions, whatever a is."""
    anions = site_coords(cell, "32e", u)
    names = sorted({str(metal) for metal in metals})
    kinds = [names.index(str(metal)) + 1 for metal in metals] + [0] * len(anions)
    coords = np.concatenate([site_coords(cell, "16d"), anions])
    return find_operations(_ANY_A * cell.matrix, coords, kinds)


def _kept_by(
    host: SpinelHost,
    metals: tuple[str | None, ...],
    ideal: tuple[IntArray, FloatArray],
) -> tuple[IntArray, FloatArray]:
    """Return the ideal operations that the crystal has too, within the tolerance."""
    rotations, translations = ideal
    lattice = host.lattice.matrix
    coords = np.concatenate([host.frac_coords("16d"), host.frac_coords("32e")])
    names = sorted({str(metal) for metal in metals})
    kinds = [names.index(str(metal)) + 1 for metal in metals]
    kinds += [0] * (len(coords) - len(kinds))
    found = symmetry_dataset(lattice, coords, kinds, tolerance=GEOMETRY_TOLERANCE)
    kept = []
    for rotation, shift in zip(rotations, translations, strict=True):
        same = (found.rotations == rotation).all(axis=(1, 2))
        apart = found.translations[same] - shift
        lengths = np.linalg.norm((apart - np.round(apart)) @ lattice, axis=1)
        kept.append(bool((lengths < SAME_OPERATION).any()))
    return rotations[kept], translations[kept]


@lru_cache(maxsize=512)
def _sites(host: SpinelHost, role: str) -> tuple[Site, ...]:
    """Sites of a role with their labels."""
    coords = host.frac_coords(role)
    if role == "16d":
        species: Sequence[str] = [metal or "Vac" for metal in host.metals]
    elif role == "32e":
        species = [host.chemistry.anion] * len(coords)
    else:
        species = [host.chemistry.ion] * len(coords)
    return tuple(
        Site(role, i, f"{name}{role}-{i + 1}", (float(x), float(y), float(z)))
        for i, (name, (x, y, z)) in enumerate(zip(species, coords, strict=True))
    )
