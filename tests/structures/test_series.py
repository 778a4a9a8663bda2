"""The composition grid: what is offered at each x, and what is refused."""

import warnings
from collections import Counter
from typing import Any

import pytest

from structures import (
    INSERTION_MODELS,
    CompositionError,
    InsertionWarning,
    RoleError,
    SpinelHost,
    arrangements,
    check_composition,
    nearest_compositions,
    spinel_host,
)

GRID = [n / 8 for n in range(17)]
PAPER = GRID[::2]
MODELS = ["oct_16c_rocksalt", "oct_16c", "tet_48f", "relaxed_8a16c"]


def _distinct(host: SpinelHost, grid: list[float]) -> list[int]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsertionWarning)
        return [arrangements(host, x).distinct for x in grid]


def test_the_full_grid_has_45_structures_and_that_of_the_paper_29(
    host: SpinelHost,
) -> None:
    assert sum(_distinct(host, GRID)) == 45
    assert _distinct(host, PAPER) == [1, 3, 7, 3, 1, 3, 7, 3, 1]


@pytest.mark.parametrize("x", GRID[:9])
def test_ions_leave_8a_below_one(host: SpinelHost, x: float) -> None:
    found = arrangements(host, x)
    assert (found.role, found.n_occupied, found.insertion) == ("8a", 8 * x, "none")
    (best,) = found.ranked
    roles = Counter(best.structure.site_properties["role"])
    assert roles["8a"] == found.n_li == 8 * x
    assert best.structure.composition["O"] == 32


@pytest.mark.filterwarnings("ignore::structures.InsertionWarning")
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("x", [1.125, 1.5, 2])
def test_inserted_ions_take_the_sites_of_the_model(
    host: SpinelHost, name: str, x: float
) -> None:
    found = arrangements(host, x, insertion=name, max_enumerate=100)
    roles = Counter(found.ranked[0].structure.site_properties["role"])
    assert found.insertion == name
    assert found.n_li == 8 * x == roles["8a"] + roles["16c"] + roles["48f"]
    assert roles["8a"] == {"oct_16c": 8, "tet_48f": 8, "oct_16c_rocksalt": 0}.get(
        name, roles["8a"]
    )


def test_the_relaxed_model_allows_no_face_sharing_pair(host: SpinelHost) -> None:
    ranked = arrangements(host, 1.5, insertion="relaxed_8a16c", keep=99).ranked
    assert len(ranked) > 1
    for each in ranked:
        lithium = each.structure.copy()
        lithium.remove_species(["Ni", "Mn", "O"])
        assert not any(lithium.get_all_neighbors(2.0))


def test_a_site_of_the_paper_is_warned_of_once_with_numbers(host: SpinelHost) -> None:
    with pytest.warns(
        InsertionWarning, match=r"1\.769 A.*-1720\.1.*-1785\.2"
    ) as caught:
        arrangements(host, 1.5)
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize(("x", "name"), [(1, "tet_8b"), (2, "oct_16c_rocksalt")])
def test_nothing_is_warned_of_otherwise(host: SpinelHost, x: float, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        arrangements(host, x, insertion=name)


def test_the_lowest_of_all_orderings_come_first(host: SpinelHost) -> None:
    found = arrangements(host, 0.5, keep=7)
    energies = [each.ewald_energy for each in found.ranked]
    assert energies == sorted(energies)
    assert found.raw == sum(each.degeneracy for each in found.ranked) == 70
    assert (found.distinct, found.sampled, found.dropped.count) == (7, False, 0)


def test_more_than_there_are_may_be_kept(host: SpinelHost) -> None:
    assert len(arrangements(host, 0.5, keep=50).ranked) == 7


@pytest.mark.filterwarnings("ignore::structures.InsertionWarning")
def test_too_many_orderings_are_sampled_and_say_so(host: SpinelHost) -> None:
    found, again, other = (
        arrangements(host, 2, insertion="tet_48f", max_enumerate=50, seed=seed)
        for seed in (3, 3, 4)
    )
    assert (found.distinct, found.sampled, found.seed) == (15726876, True, 3)
    assert found.dropped.count == 49
    assert found == again
    assert found.dropped != other.dropped


def test_every_model_with_a_doubt_states_it_and_the_others_have_none(
    host: SpinelHost,
) -> None:
    for name, model in INSERTION_MODELS.items():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            arrangements(host, 1.25, insertion=name)
        told = [str(w.message) for w in caught]
        doubt = model.doubt_in(host)
        assert told == ([f"insertion {name}: {doubt}"] if doubt else [])


def test_energies_of_one_crystal_are_not_given_for_another(host: SpinelHost) -> None:
    ours = INSERTION_MODELS["tet_8b"].doubt_in(host)
    assert "-1720.1 eV" in ours
    for other in (spinel_host("LiMn2O4", "none"), spinel_host(ordering="disordered")):
        doubt = INSERTION_MODELS["tet_8b"].doubt_in(other)
        assert "eV" not in doubt
        assert " A" not in doubt
        assert "0.2165 a" in doubt


def test_the_rock_salt_lies_lower_than_the_tetrahedra(host: SpinelHost) -> None:
    with pytest.warns(InsertionWarning):
        tetrahedra = arrangements(host, 2).ranked[0].ewald_energy
    rock_salt = (
        arrangements(host, 2, insertion="oct_16c_rocksalt").ranked[0].ewald_energy
    )
    assert tetrahedra == pytest.approx(-1720.08, abs=0.05)
    assert rock_salt == pytest.approx(-1785.19, abs=0.05)


def test_a_supercell_offers_finer_steps() -> None:
    host = spinel_host(supercell=(2, 1, 1))
    found = arrangements(host, 1 / 16)
    assert (found.n_li, found.distinct, found.raw) == (1, 1, 16)


@pytest.mark.parametrize(
    ("x", "nearest"),
    [(0.3, (0.25, 0.375)), (0.01, (0, 0.125)), (1.99, (1.875, 2)), (2.5, (1.875, 2)),
     (-1, (0, 0.125)), (float("nan"), (0, 0.125)), (float("inf"), (1.875, 2)),
     (10**400, (1.875, 2))],
)  # fmt: skip
def test_a_composition_that_cannot_be_is_refused_with_the_nearest_two(
    host: SpinelHost, x: float, nearest: tuple[float, float]
) -> None:
    assert nearest_compositions(host, x) == nearest
    with pytest.raises(CompositionError, match=f"{nearest[0]:g} and {nearest[1]:g}"):
        check_composition(host, x)


@pytest.mark.parametrize("n_li", range(17))
def test_every_multiple_of_an_eighth_is_possible(host: SpinelHost, n_li: int) -> None:
    assert check_composition(host, n_li / 8) == n_li
    assert n_li / 8 in nearest_compositions(host, n_li / 8)


def test_an_unknown_model_is_refused_with_the_nearest_name(host: SpinelHost) -> None:
    with pytest.raises(RoleError, match="did you mean 'tet_8b'"):
        arrangements(host, 1.5, insertion="tet8b")


@pytest.mark.parametrize("name", ["keep", "max_enumerate"])
@pytest.mark.parametrize("wrong", [0, -1, 1.5, float("nan"), 10**400, "2", None, True])
def test_keeping_or_listing_no_number_of_them_is_refused(
    host: SpinelHost, name: str, wrong: Any
) -> None:
    with pytest.raises(
        CompositionError, match=f"{name} = .*: give a whole number >= 1"
    ):
        arrangements(host, 0.5, **{name: wrong})
