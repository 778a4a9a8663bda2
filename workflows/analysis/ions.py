"""Moments and valences of the 3d ions in oxides: the one table of limits by element.

Every limit that depends on the element stands here, with its source, and nowhere else:
the tables, the checks on finished runs and the rules on directories read this file.

Where the numbers come from
---------------------------
Unpaired electrons of an octahedral ion are counted (Hund's rule; Co3+, Co4+ and Ni3+
are low spin in oxides), and the PAW sphere holds a part of them: about 0.95 where only
t2g is filled, 0.85 to 0.95 where eg shares its electrons with oxygen. Runs with +U that
measure this part: Ni and Mn of Shimizu et al. 2022 (1.7; 3.2 and 3.9 of 2; 3 and 4);
MgMn2O4 in tests/data (Mn3+, 3.8 of 4). Of the other elements there is no such run here:
their moments are the count times that part. Limits lie midway between two valences.
For another U, or another POTCAR, give `valence_from_moment` limits of your own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

INFINITE = math.inf

SET_UP = 2.0
"""|m|, muB, in MAGMOM from which a moment counts as set up."""
TURNED = 0.5
"""|m|, muB, that a moment has at the start and at the end to count as turned over."""
OXYGEN = 0.25
"""|m|, muB, on an anion, above which it is a ligand hole or a wrong state."""


@dataclass(frozen=True)
class MetalIons:
    """The ions of one metal in octahedra of oxygen.

    Attributes
    ----------
    moments
        Valence (e) -> |m| in the PAW sphere, muB, with U of 3 to 6 eV.
    limits
        (upper limit of |m| in muB, valence), rising; None where the moment fits no ion,
        or two.
    collapsed
        |m|, muB, below which a moment that was set up is lost: no common ion of the
        metal has so little. None where one has.
    source
        What the numbers rest on.
    """

    moments: Mapping[int, float]
    limits: tuple[tuple[float, int | None], ...]
    collapsed: float | None
    source: str


_COUNTED = "unpaired electrons times the part in the sphere"

IONS: Mapping[str, MetalIons] = {
    "Ti": MetalIons(
        {4: 0.0, 3: 0.9},
        ((0.45, 4), (INFINITE, 3)),
        None,
        f"{_COUNTED}; Ti4+ has none",
    ),
    "V": MetalIons(
        {5: 0.0, 4: 0.95, 3: 1.85, 2: 2.8},
        ((0.5, 5), (1.4, 4), (2.35, 3), (INFINITE, 2)),
        None,
        f"{_COUNTED}; V5+ has none",
    ),
    "Cr": MetalIons(
        {4: 2.0, 3: 2.9, 2: 3.7},
        ((1.0, None), (2.45, 4), (3.3, 3), (INFINITE, 2)),
        1.0,
        f"{_COUNTED}; below 1.0 only Cr5+ and Cr6+, which no spinel has on 16d",
    ),
    "Mn": MetalIons(
        {4: 3.2, 3: 3.9, 2: 4.6},
        ((2.60, None), (3.55, 4), (4.25, 3), (INFINITE, 2)),
        1.0,
        "Shimizu et al. 2022; MgMn2O4 in tests/data; below 2.60 low spin or spread",
    ),
    "Fe": MetalIons(
        {4: 3.5, 3: 4.2, 2: 3.7},
        ((3.95, None), (INFINITE, 3)),
        1.0,
        f"{_COUNTED}; Fe2+ and Fe4+ have four each: only the charge distinguishes them",
    ),
    "Co": MetalIons(
        {4: 1.0, 3: 0.0, 2: 2.7},
        ((0.5, 3), (1.85, 4), (2.95, 2), (INFINITE, None)),
        None,
        f"{_COUNTED}; low-spin Co3+ has none; above 2.95 it may be high-spin Co3+",
    ),
    "Ni": MetalIons(
        {4: 0.5, 3: 1.05, 2: 1.7},
        ((0.75, 4), (1.40, 3), (INFINITE, 2)),
        0.2,
        "Shimizu et al. 2022; Ni4+ has 0.3 to 0.5, by U",
    ),
    "Cu": MetalIons(
        {3: 0.0, 2: 0.65, 1: 0.0},
        ((0.35, None), (INFINITE, 2)),
        None,
        f"{_COUNTED}; Cu+ and low-spin Cu3+ have none: the charge distinguishes them",
    ),
}
"""By element, in the order of the periodic table."""

METALS = tuple(IONS)
"""The metals of which moments, valences and octahedra are given."""

FIXED: Mapping[str, int] = {
    **{"Li": 1, "Na": 1, "K": 1, "Mg": 2, "Ca": 2, "Zn": 2, "Al": 3, "Ga": 3, "Sc": 3},
    **{"O": -2, "F": -1},
}
"""Element -> its only valence in oxides, e."""

LNMO_SMALLEST: Mapping[str, float] = {"Mn": 2.60, "Ni": 1.40}
"""|m|, muB, below which an ion of LixNi0.5Mn1.5O4 is in a wrong state: Mn at any x, low
spin or spread too far; Ni2+ at x >= 1. The limits of `IONS` to the valence below."""
LNMO_LARGEST_NI4 = 1.20
"""|m|, muB, of Ni4+ at x = 0: 0.5 in Shimizu et al. 2022, and half of Ni2+'s more."""

THRESHOLDS: Mapping[str, tuple[tuple[float, int | None], ...]] = {
    element: ions.limits for element, ions in IONS.items()
}
"""Element -> (upper limit of |m| in muB, valence), rising; None is anomalous."""

TYPICAL_MOMENTS: Mapping[str, Mapping[int, float]] = {
    element: ions.moments for element, ions in IONS.items()
}
"""Element -> valence -> |m|, muB, in the PAW sphere."""


LITHIUM = "Li"
MOBILE = frozenset({"Li", "Na", "Mg"})
"""Ions that a campaign takes out of a host and puts into it."""


def working_ion(formula: str, n_ions: int | None) -> str:
    """Return the ion of a cell, which its formula names first; empty if it has none.

    Parameters
    ----------
    formula
        Contents of a cell as planned, such as ``Mg8Mn16O32``.
    n_ions
        Ions in the cell; None where nobody knows, which is read as lithium.

    Examples
    --------
    >>> working_ion("Mg8Mn16O32", 8), working_ion("Mn16O32", 0)
    ('Mg', '')
    """
    if n_ions is None:
        return LITHIUM
    first = re.match(r"[A-Z][a-z]?", formula)
    return first[0] if n_ions and first is not None else ""


def metal_name(ion: str) -> str:
    """Return the metal of an ion in words: ``lithium metal``."""
    names = {"Li": "lithium", "Na": "sodium", "Mg": "magnesium"}
    return f"{names.get(ion, ion)} metal"


def ion_of_series(cells: Iterable[tuple[str, int | None]]) -> str:
    """Return the ion of cells (formula, ions in the cell) of one host at several x."""
    return next((ion for cell in cells if (ion := working_ion(*cell))), LITHIUM)


def of_ion(words: str, ion: str) -> str:
    """Return words on lithium as words on another ion of a host.

    Examples
    --------
    >>> of_ion("Li left its site", "Mg"), of_ion("Li left its site", "")
    ('Mg left its site', 'Li left its site')
    """
    return words.replace("Li ", f"{ion or LITHIUM} ")


def host_in_words(formulas: Iterable[str]) -> str:
    """Return the hosts of cells as a person writes them, such as ``LixMn2O4``.

    Parameters
    ----------
    formulas
        Contents of cells in site order; a cell without any ion takes that of the
        others, else lithium.

    Examples
    --------
    >>> host_in_words(["Mn16O32", "Li4Mn16O32"]), host_in_words(["Mg8Mn16O32"])
    ('LixMn2O4', 'MgxMn2O4')
    """
    cells = [re.findall(r"([A-Z][a-z]?)(\d*)", formula) for formula in formulas]
    ion = next((c[0][0] for c in cells if c and c[0][0] in MOBILE), LITHIUM)
    return ", ".join(dict.fromkeys(_host(cell, ion) for cell in cells if cell))


def _host(cell: list[tuple[str, str]], ion: str) -> str:
    """Name the host of one cell by four of its last element, the anion."""
    numbers: dict[str, int] = {}
    for element, number in cell:
        numbers[element] = numbers.get(element, 0) + int(number or 1)
    anion = cell[-1][0]
    own = cell[0][0] if cell[0][0] in MOBILE else ion
    units = numbers[anion] / 4
    metals = "".join(
        f"{element}{'' if number == units else f'{number / units:g}'}"
        for element, number in numbers.items()
        if element not in {own, anion}
    )
    return f"{own}x{metals}{anion}4"


def moment_collapsed(element: str, start: float, end: float) -> bool:
    """Return whether a moment that was set up has collapsed.

    Parameters
    ----------
    element
        Symbol; an element that `IONS` does not name loses none.
    start, end
        MAGMOM and final moment, muB; signs do not matter.
    """
    limit = IONS[element].collapsed if element in IONS else None
    return limit is not None and abs(start) >= SET_UP and abs(end) < limit
