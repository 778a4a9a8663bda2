"""Samples: uniform over distinct orderings, different, repeatable."""

from collections import Counter

import pytest

from structures import (
    CompositionError,
    SpinelHost,
    distinct_orderings,
    sample_orderings,
    spinel_host,
)

SEEDS, SIZE = 300, 8


@pytest.mark.parametrize(
    ("role", "k", "closest", "n_distinct"),
    [("16c", 3, None, 32), ("8a+16c", 13, 2.0, 33)],
)
def test_every_distinct_ordering_is_drawn_equally_often(
    host: SpinelHost, role: str, k: int, closest: float | None, n_distinct: int
) -> None:
    orderings = distinct_orderings(host, role, k, exclude_closer_than=closest)
    assert len(orderings) == n_distinct
    assert len({each.degeneracy for each in orderings}) > 1
    drawn = Counter(
        each.occupied
        for seed in range(SEEDS)
        for each in sample_orderings(
            host, role, k, SIZE, seed, exclude_closer_than=closest
        )
    )
    expected = SEEDS * SIZE / n_distinct
    spread = sum((drawn[each.occupied] - expected) ** 2 for each in orderings)
    # Draws without repetition vary less, by the share that is left out.
    statistic = spread / expected / (1 - SIZE / n_distinct) * (1 - 1 / n_distinct)
    assert 8.0 < statistic < 70.0  # p = 1e-4 on either side, 31 degrees of freedom


def test_the_same_seed_draws_the_same_orderings(host: SpinelHost) -> None:
    first, again, other = (sample_orderings(host, "48f", 8, 20, s) for s in (1, 1, 2))
    assert first == again
    assert first != other


def test_drawn_orderings_are_canonical_different_and_as_degenerate(
    host: SpinelHost,
) -> None:
    known = {each.occupied: each for each in distinct_orderings(host, "48f", 3)}
    drawn = sample_orderings(host, "48f", 3, 200, seed=5)
    assert len({each.occupied for each in drawn}) == 200
    assert all(known[each.occupied] == each for each in drawn)


@pytest.mark.parametrize("n", [0, 1, 500, 584])
def test_any_number_up_to_all_may_be_drawn(host: SpinelHost, n: int) -> None:
    drawn = sample_orderings(host, "16c", 8, n, seed=0)
    assert len({each.occupied for each in drawn}) == n


def test_sixty_four_sites_are_sampled() -> None:
    host = spinel_host(supercell=(2, 2, 2))
    drawn = sample_orderings(host, "8a", 32, 10, seed=0)
    assert {each.structure.composition["Li"] for each in drawn} == {32}


def test_forbidden_pairs_never_occur_in_a_sample() -> None:
    host = spinel_host(supercell=(2, 1, 1)).filled()
    drawn = sample_orderings(host, "8a+16c", 20, 5, 0, exclude_closer_than=2.0)
    assert len(drawn) == 5
    for ordering in drawn:
        lithium = ordering.structure.copy()
        lithium.remove_species(["Ni", "Mn", "O"])
        assert not any(lithium.get_all_neighbors(2.0))


def test_more_than_there_are_is_refused(host: SpinelHost) -> None:
    with pytest.raises(CompositionError, match="7 distinct"):
        sample_orderings(host, "8a", 4, 8, seed=0)
