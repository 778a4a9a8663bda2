"""Joint orderings: the metals on 16d and the ion at the same time.

Two joint orderings are equivalent if one operation of Fd-3m maps both the metals and
the ions. They are listed metal arrangement by metal arrangement, which is exact: the
operations that keep an arrangement are those that may still reduce the ions.
"""

from dataclasses import dataclass

from pymatgen.core.structure import Structure

from structures.burnside import (
    cycle_lengths,
    cycle_type,
    fixed_subsets,
    mean_over_group,
)
from structures.orderings import Ordering, distinct_orderings
from structures.pool import candidate_pool, split_role
from structures.spinel import DisorderedHost, disordered_hosts


@dataclass(frozen=True, slots=True)
class JointOrdering:
    """One distinct ordering of metals and ions together.

    Attributes
    ----------
    metals
        The arrangement of the metals.
    ions
        The ordering of the ions in it.
    """

    metals: DisorderedHost
    ions: Ordering

    @property
    def degeneracy(self) -> int:
        """Number of equivalent joint orderings, under the operations of Fd-3m."""
        return self.metals.multiplicity * self.ions.degeneracy

    @property
    def structure(self) -> Structure:
        """Structure of the joint ordering."""
        return self.ions.structure


def joint_orderings(
    role: str,
    k: int,
    *,
    formula: str = "LiNi0.5Mn1.5O4",
    a: float = 8.17,
    u: float = 0.2625,
) -> list[JointOrdering]:
    """List the distinct orderings of two metals and k ions in the 56-atom cell.

    Parameters
    ----------
    role
        Sites of the ion, such as ``"8a"``.
    k
        Number of occupied sites of the role.
    formula, a, u
        As for `spinel_host`.

    Returns
    -------
    list of JointOrdering
        Degeneracies sum to (raw metal arrangements) x C(n, k).
    """
    return [
        JointOrdering(metals, ions)
        for metals in disordered_hosts(formula, a, u)
        for ions in distinct_orderings(metals.host, role, k)
    ]


def count_joint_orderings(role: str, k: int, *, formula: str = "LiNi0.5Mn1.5O4") -> int:
    """Count the joint orderings of two metals and k ions, exactly.

    Parameters
    ----------
    role
        Sites of the ion, such as ``"8a"``.
    k
        Number of occupied sites of the role.
    formula
        As for `spinel_host`.

    Returns
    -------
    int
        Number of joint orderings in the 56-atom cell, by Burnside's lemma over pairs.
    """
    first = disordered_hosts(formula)[0]
    k = candidate_pool(first.host, role).check_size(k)
    n_minority = len(first.arrangement)
    n_metals = len(first.host.metals)
    permutations = first.host.permutations(
        "16d", *split_role(first.host, role), parent=True
    )
    lengths = cycle_lengths(permutations)
    return mean_over_group(
        (
            fixed_subsets(cycle_type(row[:n_metals]), n_minority)[-1][n_minority]
            * fixed_subsets(cycle_type(row[n_metals:]), k)[-1][k],
            1,
        )
        for row in lengths
    )
