"""The composition grid: arrangements of the ion at each x.

Below x = 1 ions leave 8a; above, they go where the insertion model says. Each x gets
the orderings of lowest Ewald energy, out of all of them where they can be enumerated,
else out of a uniform sample, and a record of how many there were.
"""

import warnings
from dataclasses import dataclass
from numbers import Real

from structures.errors import CompositionError, InsertionWarning
from structures.host import SpinelHost
from structures.insertion import INSERTION_MODELS, InsertionModel, insertion_model
from structures.orderings import count_orderings, count_raw, distinct_orderings
from structures.ranking import Dropped, RankedOrdering, rank_orderings
from structures.sampling import sample_orderings
from structures.starts import symmetry_broken_start
from structures.values import shown, whole

__all__ = [
    "INSERTION_MODELS",
    "Arrangements",
    "InsertionModel",
    "arrangements",
    "check_composition",
    "nearest_compositions",
    "symmetry_broken_start",
]

X_MAX = 2.0
"""Largest ion content per formula unit."""

_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Arrangements:
    """The arrangements of the ion at one composition, ranked.

    Attributes
    ----------
    x
        Ions per formula unit.
    n_li
        Ions in the cell.
    insertion
        Insertion model for x > 1, ``"none"`` otherwise.
    role
        Sites that are ordered.
    n_occupied
        Occupied sites of the role.
    raw
        Number of arrangements before symmetry; forbidden pairs are not among them.
    distinct
        Number of symmetry-distinct arrangements, exact.
    sampled
        Whether a uniform sample was ranked instead of all of them.
    ranked
        Kept arrangements, lowest Ewald energy first.
    dropped
        How many were ranked but not kept, with their energies.
    seed
        Seed of the sample.
    """

    x: float
    n_li: int
    insertion: str
    role: str
    n_occupied: int
    raw: int
    distinct: int
    sampled: bool
    ranked: tuple[RankedOrdering, ...]
    dropped: Dropped
    seed: int


def arrangements(
    host: SpinelHost,
    x: float,
    *,
    insertion: str = "tet_8b",
    keep: int = 1,
    max_enumerate: int = 1000,
    seed: int = 0,
) -> Arrangements:
    """Find the arrangements of lowest electrostatic energy at one composition.

    Parameters
    ----------
    host
        The host at x = 1.
    x
        Ions per formula unit, 0 to 2, a multiple of 1/(formula units of the cell).
    insertion
        Insertion model, of effect for x > 1 only.
    keep
        Number of arrangements to keep.
    max_enumerate
        Rank all distinct arrangements up to this number, else a sample of this size.
    seed
        Seed of the sample.

    Returns
    -------
    Arrangements
        Numbers and kept arrangements.

    Raises
    ------
    CompositionError
        If the cell cannot hold x; the message names the nearest possible values.
    RoleError
        If the insertion model does not exist.

    Warns
    -----
    InsertionWarning
        If the model puts Li too near to other ions (its `doubt`) and x > 1.
    """
    n_li = check_composition(host, x)
    model = insertion_model(insertion)
    keep = whole(keep, "keep", least=1)
    max_enumerate = whole(max_enumerate, "max_enumerate", least=1)
    role, k, clash = "8a", n_li, None
    inserting = n_li > host.formula_units
    if inserting:
        role, k = model.role, model.n_occupied(n_li, host.formula_units)
        clash = model.exclude_closer_than(host)
        host = host.filled(*(["8a"] if model.keeps_8a else []))
        _warn_of_doubt(model, host)
    raw = count_raw(host, role, k, exclude_closer_than=clash)
    distinct = count_orderings(host, role, k, exclude_closer_than=clash)
    sampled = distinct > max_enumerate
    if sampled:
        orderings = sample_orderings(
            host, role, k, max_enumerate, seed, exclude_closer_than=clash
        )
    else:
        orderings = distinct_orderings(
            host, role, k, exclude_closer_than=clash, max_raw=raw
        )
    ranking = rank_orderings(orderings, keep=keep)
    return Arrangements(
        x=n_li / host.formula_units,
        n_li=n_li,
        insertion=model.name if inserting else "none",
        role=role,
        n_occupied=k,
        raw=raw,
        distinct=distinct,
        sampled=sampled,
        ranked=ranking.kept,
        dropped=ranking.dropped,
        seed=seed,
    )


def nearest_compositions(host: SpinelHost, x: float) -> tuple[float, float]:
    """Name the two possible compositions nearest to x.

    Parameters
    ----------
    host
        The host.
    x
        Ions per formula unit.

    Returns
    -------
    tuple of float
        The two nearest multiples of 1/(formula units) within 0 and 2, ascending; if x
        itself is possible it is one of them.
    """
    units = host.formula_units
    last = round(X_MAX * units)
    inside = min(max(0.0, x), X_MAX)  # not a number counts as 0
    lower = min(int(inside * units + _TOLERANCE), last - 1)
    return lower / units, (lower + 1) / units


def check_composition(host: SpinelHost, x: float) -> int:
    """Return the number of ions in the cell at a composition.

    Parameters
    ----------
    host
        The host.
    x
        Ions per formula unit.

    Returns
    -------
    int
        Ions in the cell.

    Raises
    ------
    CompositionError
        If x is not between 0 and 2 or the cell cannot hold it.
    """
    units = host.formula_units
    if not isinstance(x, Real):
        raise CompositionError(f"x = {shown(x)}: give a number, Li per formula unit")
    n_ions = round(x * units) if -1 <= x <= X_MAX + 1 else -1
    whole = abs(x * units - n_ions) < _TOLERANCE
    if whole and 0 <= n_ions <= X_MAX * units:
        return n_ions
    lower, upper = nearest_compositions(host, x)
    if 0 <= x <= X_MAX:
        problem = f"is not a multiple of 1/{units} (the cell has {units} formula units)"
        cure = "take one of them or a larger supercell"
    else:
        problem, cure = f"lies outside 0..{X_MAX:g}", "take one of them"
    raise CompositionError(
        f"x = {shown(x)} {problem}; the nearest possible values are {lower:.6g} and "
        f"{upper:.6g}: {cure}"
    )


def _warn_of_doubt(model: InsertionModel, host: SpinelHost) -> None:
    """Warn of a site that is too near to others, the paper's own too, with numbers."""
    if doubt := model.doubt_in(host):
        warnings.warn(
            f"insertion {model.name}: {doubt}", InsertionWarning, stacklevel=3
        )
