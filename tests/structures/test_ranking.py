"""Ewald energies: pymatgen's own, the published ones, and a ranking that is stable."""

from math import inf

import numpy as np
import pytest
from pymatgen.analysis.ewald import EwaldSummation

from structures import (
    ChargeError,
    Ordering,
    SpinelHost,
    StructuresError,
    arranged_host,
    distinct_orderings,
    ewald_energies,
    formal_charges,
    one_per_tetrahedron,
    rank_orderings,
    spinel_host,
)
from structures.ranking import _merge_ties


def _pymatgen(ordering: Ordering) -> float:
    structure = ordering.structure
    if ordering.role == "Mn":
        charges = structure.site_properties["oxidation_state"]
        structure.add_oxidation_state_by_site(charges)
    else:
        structure.add_oxidation_state_by_element(formal_charges(structure.composition))
    return float(EwaldSummation(structure).total_energy)


def test_energies_are_the_published_ones(host: SpinelHost) -> None:
    cases = [
        (host, "8a", 8, -2023.23),
        (host, "8b", 8, -1720.08),
        (host.filled(), "16c", 16, -1785.19),
    ]
    for each, role, k, expected in cases:
        (energy,) = ewald_energies(distinct_orderings(each, role, k))
        assert energy == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(
    ("role", "k"),
    [("8a", 4), ("8a", 2), ("8b", 3), ("48f", 1), ("8a+16c", 2), ("16d", 4)],
)
def test_energies_are_those_of_pymatgen(host: SpinelHost, role: str, k: int) -> None:
    orderings = distinct_orderings(host, role, k)[:4]
    expected = [_pymatgen(ordering) for ordering in orderings]
    assert ewald_energies(orderings) == pytest.approx(expected, abs=1e-6)


def test_charge_orderings_are_ranked_by_their_own_charges(host: SpinelHost) -> None:
    orderings = distinct_orderings(host.filled("8a", "8b"), "Mn", 8)[:3]
    expected = [_pymatgen(ordering) for ordering in orderings]
    assert ewald_energies(orderings) == pytest.approx(expected, abs=1e-6)


def test_a_supercell_has_the_energy_of_its_cells(host: SpinelHost) -> None:
    (small,) = ewald_energies(distinct_orderings(host, "8a", 8))
    double = spinel_host(supercell=(2, 1, 1))
    (large,) = ewald_energies(distinct_orderings(double, "8a", 16))
    assert large == pytest.approx(2 * small, abs=1e-4)


def test_mirror_images_and_all_placements_have_equal_energies() -> None:
    spectra = set()
    for number in (212, 213):
        for arrangement in one_per_tetrahedron()[number]:
            host = arranged_host(arrangement)
            ranking = rank_orderings(distinct_orderings(host, "16c", 2), keep=None)
            levels = [(round(e.ewald_energy, 4), e.degeneracy) for e in ranking.kept]
            spectra.add(tuple(sorted(levels)))
    assert len(spectra) == 1


def test_the_ranking_does_not_depend_on_the_order_given(host: SpinelHost) -> None:
    orderings = distinct_orderings(host, "16c", 3)
    assert rank_orderings(orderings, keep=5) == rank_orderings(orderings[::-1], keep=5)


def test_ties_are_decided_by_the_canonical_order(host: SpinelHost) -> None:
    orderings = distinct_orderings(host, "16c", 2)
    ranked = rank_orderings(orderings[::-1], keep=None).kept
    keys = [(each.ewald_energy, each.occupied) for each in ranked]
    assert keys == sorted(keys)
    assert len({energy for energy, _ in keys}) < len(keys)


def test_energies_that_differ_by_rounding_only_are_tied() -> None:
    energies = np.array([1.0000005001, 3.0, 1.0000004999, 2.0])
    assert _merge_ties(energies).tolist() == [1.0, 3.0, 1.0, 2.0]


def test_what_is_dropped_is_recorded(host: SpinelHost) -> None:
    orderings = distinct_orderings(host, "8a", 4)
    everything = [e.ewald_energy for e in rank_orderings(orderings, keep=None).kept]
    ranking = rank_orderings(orderings, keep=2)
    assert ranking.dropped.count == 5
    assert list(ranking.dropped.energies) == everything[2:]
    assert ranking.dropped.window == pytest.approx(everything[-1] - everything[0])
    assert ranking.dropped.gap == pytest.approx(everything[2] - everything[1])


def test_nothing_dropped_is_recorded_as_nothing(host: SpinelHost) -> None:
    dropped = rank_orderings(distinct_orderings(host, "8a", 1)).dropped
    assert (dropped.count, dropped.energies, dropped.window) == (0, (), 0.0)
    assert dropped.gap == inf


def test_charges_may_be_given(host: SpinelHost) -> None:
    orderings = distinct_orderings(host, "8a", 8)
    doubled = {"Li": 2.0, "Ni": 4.0, "Mn": 8.0, "O": -4.0}
    assert ewald_energies(orderings, charges=doubled) == pytest.approx(
        4 * ewald_energies(orderings)
    )


@pytest.mark.parametrize(
    ("charges", "reason"),
    [
        ({"Li": 1.0, "Ni": 2.0, "Mn": 3.0, "O": -2.0}, "needs 0"),
        ({"Li": 1.0, "Ni": 2.0, "O": -2.0}, "none given for Mn"),
    ],
)
def test_charges_that_do_not_fit_are_refused(
    host: SpinelHost, charges: dict[str, float], reason: str
) -> None:
    with pytest.raises(ChargeError, match=reason):
        ewald_energies(distinct_orderings(host, "8a", 8), charges=charges)


def test_orderings_of_different_size_are_not_ranked_together(host: SpinelHost) -> None:
    mixed = distinct_orderings(host, "8a", 2) + distinct_orderings(host, "8a", 3)
    with pytest.raises(StructuresError, match="rank them apart"):
        rank_orderings(mixed)


def test_no_orderings_have_no_energies() -> None:
    assert len(ewald_energies([])) == 0
