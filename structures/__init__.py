"""What to compute: spinel hosts, their sites, and every distinct ordering on them.

pymatgen structures come out; no workflow, no database and no engine is known here.
"""

from structures.cation_order import one_per_tetrahedron
from structures.charges import formal_charges
from structures.environments import Shell, metal_neighbours, neighbour_shells
from structures.errors import (
    CellError,
    ChargeError,
    CompositionError,
    FormulaError,
    InsertionWarning,
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
    "Ordering",
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
    "rank_orderings",
    "sample_orderings",
    "spinel_host",
    "symmetry_broken_start",
]
