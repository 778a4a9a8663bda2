"""Exact orderings of Li in P4_332 LiNi0.5Mn1.5O4, timed against other programs.

    python benchmarks/orderings.py [--no-others]

One run on one machine: the counts are asserted, the times are printed, symmetry
detection is in every one of ours. Other programs take part if they are installed
(``pip install bsym icet``). Set OMP_NUM_THREADS=1 for times that can be compared.

The physical limit is a plain minimum over bit masks: every raw subset under every
operation, vectorised, with the symmetry given.
"""

import argparse
import resource
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from itertools import combinations, count
from math import comb

import numpy as np
from pymatgen.core.structure import Structure
from pymatgen.io.ase import AseAtomsAdaptor

from structures import SpinelHost, count_orderings, distinct_orderings, spinel_host

K, DISTINCT = 8, 584
FRESH = count()


def fresh_host(supercell: tuple[int, int, int] | None = None) -> SpinelHost:
    """Build a host whose symmetry no cache knows yet."""
    return spinel_host(a=8.17 + 1e-9 * next(FRESH), supercell=supercell)


def seconds(run: Callable[[], int], expected: int, repeat: int = 1) -> float:
    """Time a run that must return the expected count: the best of some."""
    best = float("inf")
    for _ in range(repeat):
        start = time.perf_counter()
        found = run()
        best = min(best, time.perf_counter() - start)
        assert found == expected, f"{found} instead of {expected}"
    return best


def ours() -> int:
    return len(distinct_orderings(fresh_host(), "16c", K))


def ours_with_structures() -> int:
    found = distinct_orderings(fresh_host(), "16c", K)
    return len([ordering.structure for ordering in found])


def bsym(role: str = "16c", k: int = K) -> int:
    interface = import_module("bsym.interface.pymatgen")
    structure = candidates(role)
    sites = list(structure.indices_from_symbol("Li"))
    space = interface.configuration_space_from_structure(structure, subset=sites)
    return len(space.unique_configurations({1: k, 0: len(sites) - k}))


def bsym_with_structures() -> int:
    substitute = import_module("bsym.interface.pymatgen").unique_structure_substitutions
    return len(substitute(candidates(), "Li", {"Li": K, "Na": 16 - K}))


def icet() -> int:
    enumerate_structures = import_module("icet.tools").enumerate_structures
    structure = candidates()
    atoms = AseAtomsAdaptor.get_atoms(structure, msonable=False)
    symbols = [["Li", "Na"] if s == "Li" else [s] for s in atoms.get_chemical_symbols()]
    share = K / len(structure)
    found = enumerate_structures(
        atoms,
        sizes=[1],
        chemical_symbols=symbols,
        concentration_restrictions={"Li": (share, share)},
        niggli_reduce=False,
    )
    return sum(1 for _ in found)


def candidates(role: str = "16c") -> Structure:
    """Framework with Li on every site of a role, for the other programs."""
    return Structure.from_sites(spinel_host().filled(role).structure)


def mask_minimum(host: SpinelHost, role: str, k: int) -> int:
    """Count by the minimum over bit masks of all images of all raw subsets."""
    permutations = host.permutations(role)
    n = permutations.shape[1]
    raw = comb(n, k)
    subsets = np.fromiter(combinations(range(n), k), np.dtype((np.int8, k)), raw)
    columns = np.ascontiguousarray(subsets.T)
    best = np.full(raw, np.iinfo(np.uint64).max)
    for permutation in permutations:
        bits = np.uint64(1) << permutation.astype(np.uint64)
        masks = np.zeros(raw, dtype=np.uint64)
        for column in columns:
            masks |= bits[column]
        np.minimum(best, masks, out=best)
    return len(np.unique(best))


def installed(package: str) -> bool:
    return find_spec(package) is not None


def compare_others(own: float, own_with_structures: float) -> None:
    """Compare like with like: orderings alone, and with their structures built."""
    for package, name, run, reference in (
        ("bsym", "bsym", bsym, own),
        ("bsym", "bsym, structures built", bsym_with_structures, own_with_structures),
        ("icet", "icet, structures built", icet, own_with_structures),
    ):
        if not installed(package):
            print(f"    {name:22s} not installed")
            continue
        other = seconds(run, DISTINCT, repeat=3)
        print(
            f"    {name:22s} {other:10.4f} s, {other / reference:.1f} times ours of "
            f"this kind, {other / own:.0f} times our list, structures on demand"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-others", action="store_true", help="skip bsym and icet")
    arguments = parser.parse_args()

    print(f"(a) {K} of 16 on 16c, {DISTINCT} distinct of {comb(16, K)}")
    own = seconds(ours, DISTINCT, repeat=5)
    with_structures = seconds(ours_with_structures, DISTINCT, repeat=3)
    print(f"    ours                   {own:10.4f} s")
    print(f"    ours, structures built {with_structures:10.4f} s")
    host = spinel_host()
    limit = seconds(lambda: mask_minimum(host, "16c", K), DISTINCT, repeat=5)
    print(f"    minimum over bit masks {limit:10.4f} s, symmetry given")
    if not arguments.no_others:
        compare_others(own, with_structures)

    if not arguments.no_others and installed("bsym"):
        print("    4 of 48 on 48f, 8214 distinct of 194580")
        own = seconds(lambda: len(distinct_orderings(fresh_host(), "48f", 4)), 8214, 3)
        other = seconds(lambda: bsym("48f", 4), 8214)
        print(f"    ours                   {own:10.4f} s")
        print(
            f"    bsym                   {other:10.4f} s, {other / own:.0f} times ours"
        )

    print("(b) 5 of 48 on 48f, 71346 distinct of 1712304")
    own = seconds(lambda: len(distinct_orderings(fresh_host(), "48f", 5)), 71346)
    limit = seconds(lambda: mask_minimum(host, "48f", 5), 71346)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"    ours                   {own:10.4f} s (target 60)")
    print(f"    minimum over bit masks {limit:10.4f} s, symmetry given")
    print(f"    peak memory of the run {peak:10.4f} GiB (target 2)")

    print("(c) 32 of 64 on 8a in the 2x2x2 supercell, counted")
    large = seconds(
        lambda: count_orderings(fresh_host((2, 2, 2)), "8a", 32), 9544917497980172
    )
    print(f"    ours                   {large:10.4f} s (target 2)")


if __name__ == "__main__":
    main()
