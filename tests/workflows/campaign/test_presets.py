"""The INCAR presets: which layer wins, and that each tag says who fixed it."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from workflows.campaign import presets
from workflows.campaign.presets import Tag, merge


def test_there_are_six_functionals_three_of_them_with_u() -> None:
    found = {name: presets.has_hubbard(name) for name in presets.functionals()}
    assert found == {
        **{"pbe_u": True, "pbe": False, "pbesol_u": True},
        **{"r2scan": False, "r2scan_u": True, "hse06": False},
    }


def test_the_u_presets_hold_the_published_values() -> None:
    assert presets.hubbard_presets() == ("paper", "paper_swapped", "mp", "none")
    assert presets.hubbard_values("paper") == {"Mn": 5.96, "Ni": 4.5}
    assert presets.hubbard_values("paper_swapped") == {"Mn": 4.5, "Ni": 5.96}
    mp = presets.hubbard_values("mp")
    assert (mp["Mn"], mp["Ni"]) == (3.9, 6.2)
    assert presets.hubbard_values("none") == {}


def test_asking_for_a_preset_gives_a_copy() -> None:
    presets.hubbard_values("paper")["Mn"] = 0.0
    assert presets.hubbard_values("paper")["Mn"] == 5.96


def test_a_later_layer_replaces_an_earlier_one_and_is_named() -> None:
    merged = merge("dos", functional="pbe_u", campaign={"dos": {"ENCUT": 600}})
    assert merged["ISPIN"] == Tag(2, "steps.yaml: common")
    assert merged["ICHARG"] == Tag(11, "steps.yaml: dos")
    assert merged["GGA"] == Tag("PE", "functionals.yaml: pbe_u")
    assert merged["LDAUPRINT"] == Tag(0, "hubbard_u.yaml: dos")
    assert merged["ENCUT"] == Tag(600, "campaign: dos")


def test_every_tag_of_every_merge_carries_its_source() -> None:
    for step in presets.STEPS:
        for functional in presets.functionals():
            for lithium in (False, True):
                tags = merge(step, functional=functional, lithium=lithium)
                assert all(
                    tag.source[:3] in {"P: ", "S: ", "C: "} for tag in tags.values()
                )
    assert merge("dos", functional="pbe_u")["ENCUT"].source.startswith("P: eV")
    assert (
        merge("dos", functional="pbe_u", campaign={"dos": {"ENCUT": 600}})[
            "ENCUT"
        ].source
        == ""
    )


@pytest.mark.parametrize("functional", ["r2scan", "r2scan_u", "hse06"])
def test_a_density_that_is_not_enough_is_not_kept_fixed(functional: str) -> None:
    tag = merge("dos", functional=functional)["ICHARG"]
    assert tag.value == 2
    assert "no ICHARG=11" in tag.source or "as in r2scan" in tag.source


def test_null_deletes_a_tag() -> None:
    assert "NELMIN" in merge("static", functional="pbe_u")
    without = merge("static", functional="pbe_u", campaign={"static": {"NELMIN": None}})
    assert "NELMIN" not in without


def test_pbe_without_u_sets_no_ldau_tag() -> None:
    for step in presets.STEPS:
        tags = merge(step, functional="pbe")
        assert [tag for tag in tags if tag.startswith("LDAU")] == []
        assert tags["LMAXMIX"].value == 4


@pytest.mark.parametrize("step", presets.STEPS)
def test_no_preset_sets_a_tag_of_the_species_of_the_machine_or_of_the_charge(
    step: str,
) -> None:
    # NUPDOWN would hide a wrong valence, NELECT would charge the cell.
    forbidden = {*presets.SPECIES_TAGS, "NCORE", "KPAR", "NUPDOWN", "NELECT", "ADDGRID"}
    assert forbidden & set(merge(step, functional="pbe_u")) == set()


@pytest.mark.parametrize("tag", ["ENCUT", "PREC", "LMAXMIX", "LASPH", "ISYM", "LREAL"])
def test_what_makes_energies_comparable_is_equal_in_all_steps(tag: str) -> None:
    values = {merge(s, functional="pbe_u")[tag].value for s in presets.STEPS}
    assert len(values) == 1


@pytest.mark.parametrize("name", ["steps", "functionals", "hubbard_u", "lithium"])
def test_every_tag_says_who_fixed_it(name: str) -> None:
    text = resources.files("workflows.campaign.presets").joinpath(f"{name}.yaml")
    tags = [
        line
        for line in text.read_text("utf-8").splitlines()
        if re.match(r"\s+[A-Z]{2,}[A-Z0-9]*:", line)
    ]
    assert tags
    assert [line for line in tags if not re.search(r"# [PSC]: \w", line)] == []
