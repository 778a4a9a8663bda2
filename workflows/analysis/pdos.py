"""Density of states -> named curves: by element, by orbital, by site, t2g and eg.

Sums are taken before smoothing; both are linear, so the order changes nothing. t2g
and eg are sums of VASP's Cartesian d states, which holds only where the bonds of an
octahedron lie along x, y, z.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from workflows.analysis.dos import DensityOfStates, Values
from workflows.analysis.ions import METALS
from workflows.analysis.octahedra import ALIGNED, NoOctahedron, octahedron
from workflows.errors import nearest

if TYPE_CHECKING:
    from pymatgen.core import Structure

By = Literal["element", "orbital", "site", "t2g_eg"]
BY: tuple[By, ...] = ("element", "orbital", "site", "t2g_eg")
T2G = ("dxy", "dyz", "dxz")
EG = ("dz2", "dx2")
TOTAL = "total"


def curves_of(
    dos: DensityOfStates, structure: Structure, by: By = "element"
) -> dict[str, Values]:
    """Add up the site projections.

    Parameters
    ----------
    dos
        As read; its sites in the order of the structure.
    structure
        The cell of that run.
    by
        ``"element"``: all states of an element. ``"orbital"``: its s, p and d.
        ``"site"``: each site, by its label. ``"t2g_eg"``: t2g (dxy + dyz + dxz) and eg
        (dz2 + dx2-y2) of the 3d metals.

    Returns
    -------
    dict
        Name, such as ``Mn``, ``O p``, ``Mn16d-3`` or ``Ni eg`` -> states/eV per cell,
        shape (spins, n). ``total`` comes first; it holds what lies between the PAW
        spheres too.

    Raises
    ------
    ValueError
        The run has no site projections, other sites, or, for t2g and eg, bonds that
        are not along the axes.
    """
    if by not in BY:
        near = nearest(str(by), BY)
        raise ValueError(f"by is {by!r}{near}: one of {', '.join(BY)}")
    if len(dos.projected) != len(structure):
        raise ValueError(
            f"the run has {len(dos.projected)} site projections for {len(structure)} "
            "sites: set LORBIT = 11"
        )
    found = {TOTAL: dos.total}
    if by == "t2g_eg":
        refuse_other_axes(structure)
    for site, orbital, name in _parts(structure, dos.orbitals, by):
        own = dos.projected[site, orbital]
        found[name] = found[name] + own if name in found else own
    return found


def _parts(
    structure: Structure, orbitals: tuple[str, ...], by: By
) -> Iterator[tuple[int, int, str]]:
    """Yield site, orbital and the curve that they belong to."""
    labels = structure.site_properties.get("label")
    for number, site in enumerate(structure):
        element = site.specie.symbol
        for index, orbital in enumerate(orbitals):
            if by == "element":
                yield number, index, element
            elif by == "site":
                yield number, index, labels[number] if labels else f"{element}{number}"
            elif by == "orbital":
                yield number, index, f"{element} {orbital[0]}"
            elif element in METALS and orbital in (*T2G, *EG):
                kind = "t2g" if orbital in T2G else "eg"
                yield number, index, f"{element} {kind}"


def refuse_other_axes(structure: Structure) -> None:
    """Refuse t2g and eg where the bonds are not along x, y and z.

    Raises
    ------
    ValueError
        Names the first site that is not an octahedron, or farther than 15 degrees off.
    """
    metals = [i for i, site in enumerate(structure) if site.specie.symbol in METALS]
    if not metals:
        raise ValueError(
            f"{structure.formula} has none of {', '.join(METALS)}: no t2g, no eg"
        )
    for index in metals:
        try:
            angle = octahedron(structure, index).axis_angle
        except NoOctahedron as error:
            raise ValueError(f"t2g and eg are not defined: {error}") from None
        if angle > ALIGNED:
            raise ValueError(
                f"t2g and eg are not defined: the bonds of site {index} lie "
                f"{angle:.0f} degrees off the Cartesian axes (limit {ALIGNED:g}), in "
                "which VASP projects; turn the cell back before the run"
            )
