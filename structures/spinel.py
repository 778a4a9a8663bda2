"""Building a host from a formula and the name of a cation order.

Not here: what a host can do (`structures.host`) and how the orders themselves are found
(`structures.cation_order`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from structures.cation_order import (
    SPACE_GROUPS,
    Arrangement,
    PairCounts,
    distinct_arrangements,
    most_random,
    named_arrangement,
    pair_counts,
    tile,
)
from structures.cell import Supercell, make_cell
from structures.errors import CellError, FormulaError, nearest_name
from structures.formula import SpinelFormula, parse_formula
from structures.host import SpinelHost
from structures.sites import SITES_PER_CELL
from structures.values import A_LIMITS, U_LIMITS, finite, is_finite, shown

ORDERINGS = (*SPACE_GROUPS, "disordered", "none")
"""Cation orders that `spinel_host` knows by name."""

_CUBIC_FORMULA_UNITS = 8


@dataclass(frozen=True)
class DisorderedHost:
    """One of the distinct arrangements of two metals in the 56-atom cell.

    Attributes
    ----------
    host
        The host.
    multiplicity
        Number of equivalent arrangements: its weight in the random alloy.
    arrangement
        16d indices of the minority metal.
    pairs
        Like pairs of the minority metal, and the distance from randomness.
    """

    host: SpinelHost
    multiplicity: int
    arrangement: Arrangement
    pairs: PairCounts


def spinel_host(
    formula: str = "LiNi0.5Mn1.5O4",
    ordering: str = "P4_332",
    a: float = 8.17,
    u: float = 0.2625,
    supercell: Supercell | None = None,
    *,
    primitive: bool = False,
) -> SpinelHost:
    """Build a spinel host.

    Parameters
    ----------
    formula
        The host at x = 1, in any multiple: ``"LiNi0.5Mn1.5O4"``, ``"Li8Ni4Mn12O32"``,
        ``"LiMn2O4"``.
    ordering
        Order of the metals on 16d: ``"P4_332"``, its mirror image ``"P4_132"``,
        ``"R-3m"``, ``"Pmna"`` (all one to three), ``"disordered"`` (two metals, pairs
        nearest to random) or ``"none"`` (one metal).
    a
        Lattice parameter of the conventional cubic cell, Angstrom.
    u
        Oxygen parameter, units of a; 0.25 is ideal close packing.
    supercell
        Three multiples or a 3 x 3 integer matrix (rows are the new vectors), of the
        conventional cell, or of the primitive one if `primitive`.
    primitive
        Start from the 14-atom primitive cell.

    Returns
    -------
    SpinelHost
        The host.

    Raises
    ------
    FormulaError
        If the formula is not a spinel, or not one of this order.
    CellError
        If the order, the supercell or a length does not exist.

    Examples
    --------
    >>> spinel_host().structure.formula
    'Li8 Mn12 Ni4 O32'
    """
    if ordering not in ORDERINGS:  # before anything else is found wrong
        raise CellError(
            f"ordering {ordering!r} does not exist; {nearest_name(ordering, ORDERINGS)}"
        )
    cell = make_cell(supercell, primitive=primitive)
    return decorated_host(SpinelHost(parse_formula(formula), ordering, a, u, cell, ()))


def arranged_host(
    arrangement: Arrangement,
    *,
    formula: str = "LiNi0.5Mn1.5O4",
    a: float = 8.17,
    u: float = 0.2625,
    supercell: Supercell | None = None,
) -> SpinelHost:
    """Build a host with the minority metal on given sites of the conventional cell.

    Parameters
    ----------
    arrangement
        Indices of the 16d sites, 0 to 15, that hold the minority metal.
    formula, a, u, supercell
        As for `spinel_host`.

    Returns
    -------
    SpinelHost
        The host, its ordering called ``"given"``.

    Raises
    ------
    CellError
        If the arrangement does not have the composition of the formula.
    """
    chemistry = parse_formula(formula)
    minority, number = _minority(chemistry)
    given = list(arrangement) if isinstance(arrangement, Iterable) else []
    chosen = tuple(sorted({int(i) for i in given if is_finite(i) and i == int(i)}))
    right = len(chosen) == len(set(map(str, given))) == number
    if not right or not set(chosen) <= set(range(16)):
        raise CellError(
            f"arrangement {shown(arrangement)}: {chemistry} needs {number} different "
            f"16d sites between 0 and 15 for {minority}; correct the list"
        )
    cell = make_cell(supercell)
    return _decorated(SpinelHost(chemistry, "given", a, u, cell, ()), chosen)


def disordered_hosts(
    formula: str = "LiNi0.5Mn1.5O4", a: float = 8.17, u: float = 0.2625
) -> tuple[DisorderedHost, ...]:
    """List every distinct arrangement of two metals in the 56-atom cell.

    Parameters
    ----------
    formula, a, u
        As for `spinel_host`.

    Returns
    -------
    tuple of DisorderedHost
        22 for one to three, multiplicities summing to C(16, 4) = 1820, in the order of
        their arrangements. A 56-atom cell shows no long-range disorder: the ensemble
        averages over all short-range orders that it can hold.
    """
    chemistry = parse_formula(formula)
    _, number = _minority(chemistry)
    empty = SpinelHost(chemistry, "disordered", a, u, make_cell(), ())
    return tuple(
        DisorderedHost(
            _decorated(empty, arrangement),
            multiplicity,
            arrangement,
            pair_counts(arrangement),
        )
        for arrangement, multiplicity in distinct_arrangements(number)
    )


def decorated_host(host: SpinelHost) -> SpinelHost:
    """Put the metals of a host in the order that it names, whatever its geometry.

    Raises
    ------
    FormulaError
        If the formula is not one of this order.
    CellError
        If the order does not exist or does not fit the cell.
    """
    if host.ordering not in ORDERINGS:
        raise CellError(
            f"ordering {host.ordering!r} does not exist; "
            f"{nearest_name(host.ordering, ORDERINGS)}"
        )
    return _decorated(host, _arrangement(host.chemistry, host.ordering))


def disordered_like(host: SpinelHost) -> tuple[DisorderedHost, ...]:
    """List every distinct arrangement of two metals in a 56-atom host of any geometry.

    Multiplicities are those in the ideal cubic cell.

    Raises
    ------
    CellError
        If the cell is not the conventional one.
    """
    if host.cell != make_cell():
        raise CellError(
            "the ensemble is that of the 56-atom cubic cell; give that cell, or take "
            "ordering='disordered'"
        )
    members = disordered_hosts(host.formula, host.a, host.u)
    return tuple(
        replace(each, host=replace(each.host, geometry=host.geometry))
        for each in members
    )


def _minority(chemistry: SpinelFormula) -> tuple[str, int]:
    """Name the rarer of two metals, with its number in the conventional cell."""
    counts = chemistry.metals_in(_CUBIC_FORMULA_UNITS)
    if len(counts) != 2:
        raise FormulaError(
            f"formula {chemistry}: orders of the metals are known for 2 metals, not "
            f"{len(counts)}; for one metal take ordering='none'"
        )
    minority = min(counts, key=lambda name: counts[name])
    return minority, counts[minority]


def _arrangement(chemistry: SpinelFormula, ordering: str) -> Arrangement:
    """Sites of the minority metal for an order given by name."""
    if ordering == "none":
        if len(chemistry.metals) != 1:
            raise FormulaError(
                f"formula {chemistry}: ordering 'none' means one metal on 16d, there "
                f"are {len(chemistry.metals)}; take one of "
                f"{', '.join(ORDERINGS[:-1])}"
            )
        return ()
    minority, number = _minority(chemistry)
    if ordering == "disordered":
        return most_random(number)
    if 4 * number != SITES_PER_CELL["16d"]:
        raise FormulaError(
            f"formula {chemistry}: {ordering} orders the metals one to three, here "
            f"{minority} takes {number} of 16 sites; take ordering='disordered'"
        )
    return named_arrangement(ordering)


def _decorated(host: SpinelHost, arrangement: Arrangement) -> SpinelHost:
    """Put the metals on the 16d sites of a host that has none yet."""
    chemistry, cell = host.chemistry, host.cell
    finite(host.a, "a", "A", CellError)
    finite(host.u, "u", "in units of a", CellError)
    for value, name, (low, high) in (
        (host.a, "a", A_LIMITS),
        (host.u, "u", U_LIMITS),
    ):
        if not low < value < high:
            raise CellError(
                f"{name} = {shown(value)} is outside {low:g}..{high:g}: a is in A; u "
                "in units of a, origin at -3m (ideal close packing 0.25)"
            )
    n_sites = 2 * cell.formula_units
    if not arrangement:
        return replace(host, metals=(chemistry.metal_names[0],) * n_sites)
    minority, _ = _minority(chemistry)
    (majority,) = set(chemistry.metal_names) - {minority}
    try:
        pattern = tile(arrangement, cell)
    except CellError as error:
        raise CellError(f"ordering {host.ordering}: {error}") from None
    return replace(host, metals=tuple(minority if own else majority for own in pattern))
