"""A host from a crystal of the user's own: a relaxed cell, a CIF, in any setting.

The crystal is mapped onto the ideal parent (`structures.parent_mapping`), which gives
each atom its role. Cell, atoms and the order of the metals are kept; empty sites come
from the parent. The ions of the crystal say which element leaves and enters, and where
their sites are; which of them are filled at an x is the campaign's question.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from structures.crystal_contents import CrystalContents, crystal_contents
from structures.errors import CellError, FormulaError, MappingError
from structures.formula import (
    ION_CHARGES,
    SpinelFormula,
    parse_formula,
    with_ion,
)
from structures.host import Geometry, SpinelHost
from structures.parent_mapping import (
    MAX_DISPLACEMENT,
    MAX_STRETCH,
    ParentMapping,
    map_onto_parent,
)
from structures.spinel import decorated_host
from structures.values import FULL, shown

OWN = "own"
"""Name of the order of the metals that a crystal came with."""

_DECIMALS = 8
"""Decimals of coordinates and lengths that are kept."""


@dataclass(frozen=True)
class OwnHost:
    """A host read from a crystal, and what was found.

    Attributes
    ----------
    host
        The host, with the geometry and the metals of the crystal; no metals yet if the
        crystal is `partial`.
    partial
        Whether the metals share their sites: then an ordering has to be chosen.
    ions
        Role: number of ions that the crystal has there, an occupancy counts as such.
    largest
        Largest displacement of an atom from its ideal site, Angstrom.
    worst
        The atoms farthest from their sites, named.
    replaced
        Ion of the crystal, where the host has another; empty where it is the same.
    """

    host: SpinelHost
    partial: bool
    ions: Mapping[str, float]
    largest: float
    worst: str
    replaced: str = ""

    @property
    def x(self) -> float:
        """Ions per formula unit in the crystal."""
        return sum(self.ions.values()) / self.host.formula_units

    def summary(self) -> str:
        """Say in one line what was read: composition, sites, displacement, shape."""
        ion = self.replaced or self.host.chemistry.ion
        held = " + ".join(f"{n:g} on {role}" for role, n in self.ions.items() if n)
        lengths = self.host.cell.conventional_matrix @ self.host.lattice.matrix
        a, b, c = np.linalg.norm(lengths, axis=1)
        text = (
            f"holds x = {self.x:g} ({f'{ion}: {held}' if held else f'no {ion}'} in "
            f"{self.host.formula_units} {self.host.formula}); largest displacement "
            f"from the ideal spinel {self.largest:.2f} A ({self.worst}); pseudo-cubic "
            f"{a:.3f} {b:.3f} {c:.3f} A"
        )
        if self.replaced:
            text += f"; {self.host.chemistry.ion} takes the sites of {self.replaced}"
        if abs(self.x - 1) > FULL or set(self.ions) - {"8a"}:
            text += (
                "; the framework is that of this content, every x starts from it, and "
                "the arrangement of the ion is chosen anew at each x"
            )
        return text


def own_host(structure: Structure, *, ion: str | None = None) -> OwnHost:
    """Map a crystal onto the ideal spinel.

    Parameters
    ----------
    structure
        A spinel in any cell, setting and origin; metals and ions may be partial
        occupancies.
    ion
        Working ion; by default the one of Li, Na and Mg that the crystal holds. If the
        crystal holds another of them instead, that one is replaced.

    Returns
    -------
    OwnHost
        Host and findings.

    Raises
    ------
    MappingError
        It is no spinel, its cell is strained by more than a factor of 1.25, an atom is
        more than 0.6 A from its site, or a site holds what none can; the atoms are
        named.
    FormulaError
        Its contents are not those of a spinel formula.
    """
    if not isinstance(structure, Structure):
        raise MappingError(f"structure = {shown(structure)}: give a pymatgen Structure")
    if ion is not None and not (isinstance(ion, str) and ion in ION_CHARGES):
        raise MappingError(f"ion = {shown(ion)}: give one of {', '.join(ION_CHARGES)}")
    contents = crystal_contents(structure, ion)
    mapping = map_onto_parent(
        structure.lattice.matrix,
        structure.frac_coords,
        list(contents.kinds),
        formula=structure.composition.formula.replace(" ", ""),
    )
    _check_displacements(mapping, contents)
    _check_strain(mapping)
    _check_roles(mapping, contents)
    metals = _metals(mapping, contents)
    partial = any(len(share) > 1 for share in metals)
    host = SpinelHost(
        _chemistry(metals, ion or contents.ion, contents),
        "" if partial else OWN,
        round(mapping.a, 6),
        round(mapping.u, 6),
        mapping.cell,
        () if partial else tuple(next(iter(share)) for share in metals),
        geometry=_geometry(mapping),
    )
    other = contents.ion in contents.elements and ion not in (None, contents.ion)
    return OwnHost(
        host,
        partial,
        _ions(mapping, contents),
        float(mapping.displacements.max()),
        mapping.worst(contents.names, 2),
        contents.ion if other else "",
    )


def ordered_own_host(own: OwnHost, ordering: str) -> SpinelHost:
    """Put the metals of a partly occupied crystal in an order known by name.

    Parameters
    ----------
    own
        From `own_host`.
    ordering
        As of `spinel_host`; ``"own"`` for a crystal whose metals are ordered.

    Raises
    ------
    CellError
        A crystal without an order of its own is asked for it, or the reverse.
    """
    if own.partial == (ordering == OWN):
        raise CellError(
            f"ordering {ordering!r}: the metals of this crystal are "
            + (
                "partial occupancies; name an order: disordered, P4_332, ensemble"
                if own.partial
                else "ordered already; take ordering: own, or leave it out"
            )
        )
    if not own.partial:
        return own.host
    return decorated_host(replace(own.host, ordering=ordering))


def _ions(mapping: ParentMapping, contents: CrystalContents) -> dict[str, float]:
    """Count the ions on each role; an occupancy counts as such."""
    found: dict[str, float] = {}
    sites = zip(mapping.roles, contents.shares, contents.kinds, strict=True)
    for role, share, kind in sites:
        if kind == "ion":
            found[role] = found.get(role, 0.0) + share[contents.ion]
    return {role: round(n, 4) for role, n in sorted(found.items())}


def _check_strain(mapping: ParentMapping) -> None:
    """Refuse a cell whose shape is that of no spinel."""
    if mapping.stretch <= MAX_STRETCH:
        return
    axes = Lattice(mapping.cell.conventional_matrix @ mapping.lattice)
    lengths = " ".join(f"{length:.3f}" for length in axes.abc)
    angles = " ".join(f"{angle:.1f}" for angle in axes.angles)
    raise MappingError(
        f"the pseudo-cubic cell is {lengths} A, {angles} deg: strained by a factor "
        f"of {mapping.stretch:.2f} from one principal axis to another (limit "
        f"{MAX_STRETCH:g}; tetragonal spinels reach 1.20): correct the cell vectors, "
        "or give a spinel"
    )


def _check_displacements(mapping: ParentMapping, contents: CrystalContents) -> None:
    largest = float(mapping.displacements.max())
    if largest > MAX_DISPLACEMENT:
        far = int((mapping.displacements > MAX_DISPLACEMENT).sum())
        names = contents.names
        raise MappingError(
            f"{far} of {len(names)} atoms are over {MAX_DISPLACEMENT:g} A from the "
            f"sites of the ideal spinel ({mapping.worst(names)}): it is another "
            "crystal, an inverse spinel or one with antisites (metals belong on 16d), "
            "or its ions left their sites; give a cell whose atoms are on spinel sites"
        )


def _check_roles(mapping: ParentMapping, contents: CrystalContents) -> None:
    """Refuse a site that two atoms share."""
    sites = list(zip(mapping.roles, mapping.indices, strict=True))
    shared = [site for site, n in Counter(sites).items() if n > 1]
    if shared:
        names = [
            f"{contents.names[i]} #{i + 1}"
            for i, site in enumerate(sites)
            if site == shared[0]
        ]
        raise MappingError(
            f"atoms {' and '.join(names)} are both nearest to one {shared[0][0]} site "
            "of the ideal spinel: it is not a spinel, or a split position; keep one "
            "atom"
        )


def _metals(
    mapping: ParentMapping, contents: CrystalContents
) -> list[dict[str, float]]:
    """Occupancies of the 16d sites, in the order of the sites."""
    found: dict[int, dict[str, float]] = {
        index: share
        for role, index, share in zip(
            mapping.roles, mapping.indices, contents.shares, strict=True
        )
        if role == "16d"
    }
    return [found[i] for i in sorted(found)]


def _chemistry(
    metals: list[dict[str, float]],
    ion: str,
    contents: CrystalContents,
) -> SpinelFormula:
    """Make the formula at x = 1, the rarest metal first."""
    totals: Counter[str] = Counter()
    for share in metals:
        for element, amount in share.items():
            totals[element] += amount  # type: ignore[assignment]
    per_unit = {
        e: Fraction(2 * n / len(metals)).limit_denominator(48)
        for e, n in totals.items()
    }
    if sum(per_unit.values()) != 2:
        shown = ", ".join(f"{e} {float(n):g}" for e, n in per_unit.items())
        raise FormulaError(
            f"the metals per formula unit ({shown}) do not sum to 2: correct the "
            "occupancies of the 16d sites"
        )
    anion = next(iter(contents.shares[contents.kinds.index("anion")]))
    ordered = sorted(per_unit.items(), key=lambda each: (each[1], each[0]))
    parts = "".join(f"{e}{float(n):.6g}" for e, n in ordered)
    return parse_formula(with_ion(f"Li{parts}{anion}4", ion))


def _geometry(mapping: ParentMapping) -> Geometry:
    lattice = np.round(mapping.lattice, _DECIMALS) + 0.0
    coords = np.round(mapping.frac_coords, _DECIMALS) + 0.0
    places = sorted(
        (role, index, tuple(place))
        for role, index, place in zip(
            mapping.roles, mapping.indices, coords.tolist(), strict=True
        )
    )
    return Geometry(tuple(map(tuple, lattice.tolist())), tuple(places))
