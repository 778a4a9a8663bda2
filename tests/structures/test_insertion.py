"""Insertion models: their sites, their limits, their distances."""

import pytest

from structures import (
    INSERTION_MODELS,
    RoleError,
    SpinelHost,
    insertion_sites,
    neighbour_shells,
)

NAMES = ["tet_8b", "oct_16c_rocksalt", "oct_16c", "tet_48f", "relaxed_8a16c"]


def test_the_models_are_the_five_that_are_documented() -> None:
    assert list(INSERTION_MODELS) == NAMES


@pytest.mark.parametrize(
    ("role", "number"),
    [
        ("8b", 8),
        ("16c", 16),
        ("48f", 48),
        ("8b+48f", 56),
        ("tet_8b", 8),
        ("oct_16c", 16),
    ],
)
def test_empty_sites_are_listed_by_role_and_by_model(
    host: SpinelHost, role: str, number: int
) -> None:
    sites = insertion_sites(host, role)
    assert len(sites) == number
    assert len({site.label for site in sites}) == number


def test_occupied_sites_are_not_offered(host: SpinelHost) -> None:
    assert {s.role for s in insertion_sites(host, "relaxed_8a16c")} == {"16c"}
    assert {s.role for s in insertion_sites(host.filled(), "8a")} == {"8a"}
    with pytest.raises(RoleError, match="all sites are occupied"):
        insertion_sites(host, "8a")


def test_sites_lie_on_no_atom_of_the_host(host: SpinelHost) -> None:
    structure = host.structure
    sites = insertion_sites(host, "8b")
    assert len(sites) == 8
    for site in sites:
        coords = structure.lattice.get_cartesian_coords(site.frac_coords)
        assert not structure.get_sites_in_sphere(coords, 1.5)


@pytest.mark.parametrize("name", NAMES)
def test_stated_distances_are_those_of_the_crystal(host: SpinelHost, name: str) -> None:
    model = INSERTION_MODELS[name]
    inserted = "16c" if "16c" in model.role else model.role
    ions = [inserted] + (["8a"] if model.keeps_8a else [])
    nearest = min(neighbour_shells(host, inserted, each)[0].distance for each in ions)
    metal = neighbour_shells(host, inserted, "16d")[0].distance
    assert nearest == pytest.approx(model.nearest_ion * host.a, abs=1e-5)
    assert metal == pytest.approx(model.nearest_metal * host.a, abs=1e-5)


def test_the_clash_rule_separates_face_sharing_from_the_next_pair(
    host: SpinelHost,
) -> None:
    limit = INSERTION_MODELS["relaxed_8a16c"].exclude_closer_than(host)
    assert limit is not None
    assert neighbour_shells(host, "8a", "16c")[0].distance < limit
    assert neighbour_shells(host, "8a", "48f")[0].distance > limit


def test_every_doubtful_model_says_why() -> None:
    doubtful = {name for name, model in INSERTION_MODELS.items() if model.doubt}
    assert doubtful == {"tet_8b", "oct_16c", "tet_48f"}
