"""Where the ions beyond x = 1 go: the insertion models.

The five models are hypotheses about one question that the paper leaves open, not
approximations of each other. Results of different models are never mixed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from structures.errors import RoleError, nearest_name
from structures.host import SpinelHost
from structures.pool import candidate_pool, split_role
from structures.sites import Site
from structures.values import shown


@dataclass(frozen=True)
class InsertionModel:
    """A hypothesis about the sites of the ions beyond x = 1.

    Attributes
    ----------
    name
        Name in a campaign.
    role
        Sites among which the ions are ordered.
    keeps_8a
        Whether all 8a sites stay occupied, so that only the ions beyond x = 1 are
        ordered; otherwise all ions are.
    clash
        Two occupied sites of the role must not be closer than this, units of a; None
        if no pair is forbidden.
    nearest_ion, nearest_metal
        Shortest distances from an inserted ion to an occupied ion site of the model
        and to a metal, units of a, before relaxation.
    summary
        One line for a table.
    doubt
        What speaks against the model, or "" if nothing does; lengths in units of a.
    numbers
        Energies that speak against it in the one crystal they were calculated for, and
        its formula and a in Angstrom; or "".
    """

    name: str
    role: str
    keeps_8a: bool
    clash: float | None
    nearest_ion: float
    nearest_metal: float
    summary: str
    doubt: str = ""
    numbers: str = ""

    def doubt_in(self, host: SpinelHost) -> str:
        """Return what speaks against the model in a host, with energies of it alone."""
        if (host.formula, host.ordering) != NUMBERS_OF or not self.numbers:
            return self.doubt
        return f"{self.doubt}; {self.numbers}"

    def n_occupied(self, n_ions: int, formula_units: int) -> int:
        """Occupied sites of the role for a number of ions in the cell."""
        return n_ions - formula_units if self.keeps_8a else n_ions

    def exclude_closer_than(self, host: SpinelHost) -> float | None:
        """Return the clash distance in a host, Angstrom, or None."""
        return None if self.clash is None else self.clash * host.a


NUMBERS_OF = ("LiNi0.5Mn1.5O4", "P4_332")
"""Formula and cation order of the crystal that `numbers` were calculated for."""

_ROOT3_8, _ROOT2_4, _ROOT3_4 = 0.2165064, 0.3535534, 0.4330127

_MODELS = (
    InsertionModel(
        "tet_8b", "8b", True, None, _ROOT3_4, _ROOT3_8,
        "8a full, inserted ions on the 8b tetrahedra (the paper's words)",
        "8b shares all four faces with metal octahedra (ion-metal 0.2165 a, ion-anion "
        "0.195 a at u = 0.2625), and relaxation may move the ions away",
        "at x = 2 of P4_332 and a = 8.17 A (ion-metal 1.769 A) the Ewald energy is "
        "-1720.1 eV per 56-atom cell against -1785.2 for oct_16c_rocksalt",
    ),
    InsertionModel(
        "oct_16c_rocksalt", "16c", False, None, _ROOT2_4, _ROOT2_4,
        "8a empty, all ions on 16c octahedra: rock salt at x = 2",
    ),
    InsertionModel(
        "oct_16c", "16c", True, None, _ROOT3_8, _ROOT2_4,
        "8a full, inserted ions on 16c octahedra",
        "16c shares faces with occupied 8a (Li-Li 0.2165 a)",
    ),
    InsertionModel(
        "tet_48f", "48f", True, None, 0.25, _ROOT3_8,
        "8a full, inserted ions on 48f tetrahedra",
        "48f is 0.25 a from an occupied 8a and 0.2165 a from two metals",
    ),
    InsertionModel(
        "relaxed_8a16c", "8a+16c", False, 0.23, _ROOT2_4, _ROOT2_4,
        "ions on 8a and 16c, no face-sharing pair: an inserted ion displaces its "
        "8a neighbours",
    ),
)  # fmt: skip

INSERTION_MODELS: Mapping[str, InsertionModel] = MappingProxyType(
    {model.name: model for model in _MODELS}
)
"""Insertion models by name."""


def insertion_model(name: str) -> InsertionModel:
    """Look up a model, or raise RoleError with the nearest name."""
    if not isinstance(name, str) or name not in INSERTION_MODELS:
        raise RoleError(
            f"insertion {shown(name)} is not a model; "
            f"{nearest_name(name, INSERTION_MODELS)}"
        )
    return INSERTION_MODELS[name]


def insertion_sites(host: SpinelHost, role: str = "8b") -> tuple[Site, ...]:
    """List the empty sites of a role.

    Parameters
    ----------
    host
        The host; ``host.ion_roles`` are occupied.
    role
        A site set such as ``"8b"``, several joined by ``+``, or the name of an
        insertion model.

    Returns
    -------
    tuple of Site
        Empty sites with fractional coordinates, role, index and the label that an ion
        on them gets.

    Raises
    ------
    RoleError
        If the role does not exist, or all its sites are occupied.
    """
    is_model = isinstance(role, str) and role in INSERTION_MODELS
    name = INSERTION_MODELS[role].role if is_model else role
    split_role(host, name)
    empty = tuple(
        site
        for site in candidate_pool(host, name).sites
        if site.role not in host.ion_roles
    )
    if not empty:
        raise RoleError(
            f"role {role!r}: all sites are occupied in this host; take one of those "
            "that are empty, or host.filled() for the empty framework"
        )
    return empty
