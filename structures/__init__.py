"""What to compute: spinel hosts, their sites, and every distinct ordering on them.

The results are pymatgen structures. Nothing here depends on a workflow, a database or
an engine.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from structures.cation_order import one_per_tetrahedron
    from structures.charges import formal_charges
    from structures.crystal_host import OwnHost, ordered_own_host, own_host
    from structures.environments import Shell, metal_neighbours, neighbour_shells
    from structures.errors import (
        CellError,
        ChargeError,
        CompositionError,
        FormulaError,
        InsertionWarning,
        MappingError,
        RoleError,
        StructuresError,
        TooManyOrderings,
    )
    from structures.ewald import ewald_energies
    from structures.host import SpinelHost
    from structures.insertion import INSERTION_MODELS, InsertionModel, insertion_sites
    from structures.joint import JointOrdering, count_joint_orderings, joint_orderings
    from structures.orderings import Ordering, count_orderings, distinct_orderings
    from structures.pool import orbits
    from structures.ranking import (
        Dropped,
        RankedOrdering,
        Ranking,
        rank_orderings,
    )
    from structures.sampling import sample_orderings
    from structures.series import (
        Arrangements,
        arrangements,
        check_composition,
        nearest_compositions,
    )
    from structures.sites import Site
    from structures.spinel import (
        DisorderedHost,
        arranged_host,
        disordered_hosts,
        spinel_host,
    )
    from structures.starts import symmetry_broken_start

__all__ = [
    "INSERTION_MODELS",
    "Arrangements",
    "CellError",
    "ChargeError",
    "CompositionError",
    "DisorderedHost",
    "Dropped",
    "FormulaError",
    "InsertionModel",
    "InsertionWarning",
    "JointOrdering",
    "MappingError",
    "Ordering",
    "OwnHost",
    "RankedOrdering",
    "Ranking",
    "RoleError",
    "Shell",
    "Site",
    "SpinelHost",
    "StructuresError",
    "TooManyOrderings",
    "arranged_host",
    "arrangements",
    "check_composition",
    "count_joint_orderings",
    "count_orderings",
    "disordered_hosts",
    "distinct_orderings",
    "ewald_energies",
    "formal_charges",
    "insertion_sites",
    "joint_orderings",
    "metal_neighbours",
    "nearest_compositions",
    "neighbour_shells",
    "one_per_tetrahedron",
    "orbits",
    "ordered_own_host",
    "own_host",
    "rank_orderings",
    "sample_orderings",
    "spinel_host",
    "symmetry_broken_start",
]

_HOME = {
    "Arrangements": "series",
    "CellError": "errors",
    "ChargeError": "errors",
    "CompositionError": "errors",
    "DisorderedHost": "spinel",
    "Dropped": "ranking",
    "FormulaError": "errors",
    "INSERTION_MODELS": "insertion",
    "InsertionModel": "insertion",
    "InsertionWarning": "errors",
    "JointOrdering": "joint",
    "MappingError": "errors",
    "Ordering": "orderings",
    "OwnHost": "crystal_host",
    "RankedOrdering": "ranking",
    "Ranking": "ranking",
    "RoleError": "errors",
    "Shell": "environments",
    "Site": "sites",
    "SpinelHost": "host",
    "StructuresError": "errors",
    "TooManyOrderings": "errors",
    "arranged_host": "spinel",
    "arrangements": "series",
    "check_composition": "series",
    "count_joint_orderings": "joint",
    "count_orderings": "orderings",
    "disordered_hosts": "spinel",
    "distinct_orderings": "orderings",
    "ewald_energies": "ewald",
    "formal_charges": "charges",
    "insertion_sites": "insertion",
    "joint_orderings": "joint",
    "metal_neighbours": "environments",
    "nearest_compositions": "series",
    "neighbour_shells": "environments",
    "one_per_tetrahedron": "cation_order",
    "orbits": "pool",
    "ordered_own_host": "crystal_host",
    "own_host": "crystal_host",
    "rank_orderings": "ranking",
    "sample_orderings": "sampling",
    "spinel_host": "spinel",
    "symmetry_broken_start": "starts",
}


def __getattr__(name: str) -> Any:
    """Import pymatgen only when a name that needs it is used."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"structures.{_HOME[name]}"), name)
