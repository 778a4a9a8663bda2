"""``plan`` is the hinge: the same campaign gives the same calculations everywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from structures import spinel_host
from workflows import load_campaign, plan
from workflows.campaign.calculation import Calculation, content_id
from workflows.campaign.campaign import Campaign
from workflows.errors import CampaignError, InputError

WriteCampaign = Callable[..., Path]


def ids(campaign: Campaign) -> list[str]:
    return [calculation.id for calculation in plan(campaign)]


def changed(write: WriteCampaign, **changes: Any) -> tuple[Calculation, ...]:
    """Plan x = 1 of the paper with keys changed; ``__`` stands for a dot."""
    keys = {key.replace("__", "."): value for key, value in changes.items()}
    return plan(load_campaign(write({"x": [1], **keys})))


def shuffled(value: Any) -> Any:
    """The same YAML with the keys of every section in reverse order."""
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(list(value))}
    return value


def test_the_paper_plans_ten_calculations(
    calculations: tuple[Calculation, ...],
) -> None:
    relax, dos = ("relax", "static"), ("relax", "static", "dos")
    found = [
        (c.x, c.n_li, c.formula, c.insertion, c.steps, c.ordering["role"])
        for c in calculations
    ]
    assert found == [
        (0, 0, "Ni4Mn12O32", "none", relax, "8a"),
        (0.25, 2, "Li2Ni4Mn12O32", "none", relax, "8a"),
        (0.5, 4, "Li4Ni4Mn12O32", "none", relax, "8a"),
        (0.75, 6, "Li6Ni4Mn12O32", "none", relax, "8a"),
        (1, 8, "Li8Ni4Mn12O32", "none", dos, "8a"),
        (1.25, 10, "Li10Ni4Mn12O32", "tet_8b", relax, "8b"),
        (1.5, 12, "Li12Ni4Mn12O32", "tet_8b", relax, "8b"),
        (1.75, 14, "Li14Ni4Mn12O32", "tet_8b", relax, "8b"),
        (2, 16, "Li16Ni4Mn12O32", "tet_8b", dos, "8b"),
        (2, 16, "Li16Ni4Mn12O32", "oct_16c_rocksalt", dos, "16c"),
    ]


def test_each_calculation_says_out_of_how_many_arrangements_it_was_chosen(
    calculations: tuple[Calculation, ...],
) -> None:
    counts = [(c.ordering["distinct"], c.ordering["raw"]) for c in calculations]
    below = [(1, 1), (3, 28), (7, 70), (3, 28), (1, 1)]
    assert counts == [*below, (3, 28), (7, 70), (3, 28), (1, 1), (1, 1)]
    assert not any(c.ordering["sampled"] for c in calculations)


def test_the_ewald_energies_are_those_of_the_known_structures(
    calculations: tuple[Calculation, ...],
) -> None:
    energies = {(c.x, c.insertion): c.ordering["ewald_energy"] for c in calculations}
    assert energies[1, "none"] == pytest.approx(-2023.23, abs=0.01)
    assert energies[2, "tet_8b"] == pytest.approx(-1720.08, abs=0.01)
    assert energies[2, "oct_16c_rocksalt"] == pytest.approx(-1785.19, abs=0.01)


def test_the_doubtful_insertion_site_of_the_paper_carries_a_note(
    calculations: tuple[Calculation, ...],
) -> None:
    noted = {c.insertion for c in calculations if c.notes}
    assert noted == {"tet_8b"}


@pytest.mark.parametrize(
    ("host", "numbers"),
    [
        ({}, True),
        ({"host.ordering": "R-3m"}, False),
        ({"host.formula": "LiMn2O4", "host.ordering": "none", "host.a": 8.25}, False),
    ],
)
def test_the_note_on_8b_has_energies_only_of_the_crystal_they_were_computed_for(
    write_campaign: WriteCampaign, host: dict[str, Any], numbers: bool
) -> None:
    found = plan(load_campaign(write_campaign({"x": [2], **host})))
    (note,) = {n for c in found for n in c.notes if "8b" in n}
    assert ("-1720.1 eV" in note, "P4_332" in note) == (numbers, numbers)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        ({"vasp.hubbard_u": "paper_swapped"}, ""),
        ({"host.formula": "LiMn2O4"}, "U Mn 5.96 eV is the paper's"),
        (
            {"host.formula": "LiMn2O4", "vasp.hubbard_u": "paper_swapped"},
            "U Mn 4.5 eV is the paper's",
        ),
        ({"host.formula": "LiNiMnO4"}, "U Mn 5.96, Ni 4.5 eV is the paper's"),
        ({"host.formula": "LiMn2O4", "engine": "gpaw"}, "gpaw.hubbard_u"),
        ({"host.formula": "LiMn2O4", "vasp.hubbard_u": {"Mn": 3.9}}, ""),
        ({"host.formula": "LiMn2O4", "vasp.functional": "r2scan"}, ""),
        ({"host.formula": "LiMn2O4", "engine": "chgnet"}, ""),
    ],
)
def test_another_spinel_is_told_that_its_u_is_the_papers(
    write_campaign: WriteCampaign, changes: dict[str, Any], told: str
) -> None:
    other = {"host.ordering": "none"} if changes.get("host.formula") else {}
    if changes.get("host.formula") == "LiNiMnO4":
        other = {"host.ordering": "disordered"}
    campaign = {"x": [0, 1], "start": {"single": True}, **other, **changes}
    found = plan(load_campaign(write_campaign(campaign)))
    for calculation in (c for c in found if not c.reference):
        said = [n for n in calculation.notes if "is the paper's" in n]
        assert len(said) == bool(told)
        assert all(told in note for note in said)


@pytest.mark.parametrize("engine", ["vasp", "chgnet", "gpaw"])
def test_a_u_that_the_engine_does_not_read_is_told(
    write_campaign: WriteCampaign, engine: str
) -> None:
    for given in ("paper", {"Mn": 3.9, "Ni": 6.2}):
        campaign = {"x": [1], "engine": engine, "vasp.hubbard_u": given}
        found = plan(load_campaign(write_campaign(campaign)))
        unread = engine != "vasp" and given != "paper"
        for calculation in (c for c in found if not c.reference):
            said = [n for n in calculation.notes if "is not used" in n]
            assert len(said) == unread
            assert all("'Mn': 3.9" in note for note in said)


def test_formula_steps_and_charge_balance_agree_with_the_structure(
    calculations: tuple[Calculation, ...],
) -> None:
    for c in calculations:
        amounts = c.structure.composition.get_el_amt_dict()
        assert amounts.get("Li", 0) == c.n_li == 8 * c.x
        assert (amounts["Ni"], amounts["Mn"], amounts["O"]) == (4, 12, 32)
        assert c.formula_units == 8


def test_every_site_knows_its_role_and_has_a_label_of_its_own(
    calculations: tuple[Calculation, ...],
) -> None:
    for c in calculations:
        roles = c.structure.site_properties["role"]
        metals = [s.specie.symbol in {"Ni", "Mn"} for s in c.structure]
        assert [role == "16d" for role in roles] == metals
        labels = c.structure.site_properties["label"]
        assert len(set(labels)) == len(labels)


def test_planning_twice_gives_equal_calculations(
    paper: Campaign, calculations: tuple[Calculation, ...]
) -> None:
    assert plan(paper) == calculations


def test_ids_are_twelve_hexadecimal_digits_and_all_different(
    calculations: tuple[Calculation, ...],
) -> None:
    found = [c.id for c in calculations]
    assert len(set(found)) == len(found)
    assert all(len(i) == 12 and set(i) <= set("0123456789abcdef") for i in found)


def test_ids_do_not_depend_on_the_order_of_keys_in_the_file(
    paper: Campaign, tmp_path: Path, calculations: tuple[Calculation, ...]
) -> None:
    path = tmp_path / "shuffled.yaml"
    content = shuffled(paper.model_dump(mode="json"))
    path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    assert plan(load_campaign(path)) == calculations


def test_ids_do_not_depend_on_the_order_of_x(
    write_campaign: WriteCampaign,
    calculations: tuple[Calculation, ...],
    paper: Campaign,
) -> None:
    backwards = load_campaign(write_campaign({"x": list(reversed(paper.x))}))
    assert ids(backwards) == [c.id for c in calculations]


def test_ids_do_not_depend_on_the_name_of_the_campaign(
    write_campaign: WriteCampaign, calculations: tuple[Calculation, ...]
) -> None:
    renamed = load_campaign(write_campaign({"name": "other", "description": "new"}))
    assert ids(renamed) == [c.id for c in calculations]
    assert {c.campaign for c in plan(renamed)} == {"other"}


def test_ids_do_not_depend_on_the_machine(
    paper: Campaign,
    calculations: tuple[Calculation, ...],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name in ("LNMO_VASP_CMD", "PMG_VASP_PSP_DIR", "LNMO_ROOT", "NCORE", "TZ"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert ids(paper) == [c.id for c in calculations]
    assert list(tmp_path.iterdir()) == []


def test_ids_do_not_depend_on_the_interpreter_s_hash_seed(
    calculations: tuple[Calculation, ...],
) -> None:
    code = (
        "from workflows import load_campaign, plan\n"
        "print(*(c.id for c in plan(load_campaign('paper').override(x=[0.5, 2]))))"
    )
    wanted = [c.id for c in plan(load_campaign("paper").override(x=[0.5, 2]))]
    assert {c.id for c in calculations if c.x in {0.5, 2}} < set(wanted)
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        )
        assert done.stdout.split() == wanted


def test_adding_an_x_changes_no_other_id(
    paper: Campaign, calculations: tuple[Calculation, ...]
) -> None:
    more = plan(paper.override(x=[*paper.x, 0.125, 1.125]))
    assert len(more) == len(calculations) + 2
    assert {c.id for c in calculations} < {c.id for c in more}


def test_another_insertion_model_changes_no_other_id(
    write_campaign: WriteCampaign, calculations: tuple[Calculation, ...]
) -> None:
    lone = load_campaign(write_campaign({"insertion": [{"model": "tet_8b"}]}))
    assert ids(lone) == [c.id for c in calculations[:-1]]


def test_two_campaigns_that_say_the_same_twice_compute_it_once(
    write_campaign: WriteCampaign, calculations: tuple[Calculation, ...]
) -> None:
    twice = [{"model": "tet_8b"}, {"model": "tet_8b"}]
    found = ids(load_campaign(write_campaign({"insertion": twice})))
    assert found == [c.id for c in calculations[:-1]]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("vasp.hubbard_u", "paper_swapped"),
        ("vasp.hubbard_u", {"Mn": 5.96, "Ni": 4.6}),
        ("vasp.functional", "pbe"),
        ("vasp.incar", {"common": {"ENCUT": 600}}),
        ("vasp.incar", {"static": {"NELMIN": None}}),
        ("vasp.kpoints", [4, 4, 4]),
        ("vasp.magmom", {"Li": 0, "Ni": 2, "Mn": 4, "O": 0}),
        ("vasp.potcar_functional", "PBE_64"),
        ("vasp.dos_at", []),
        ("vasp.carry_moments", False),
        ("start.displacement", 0.03),
        ("start.seed", 1),
        ("host.a", 8.2),
        ("engine", "chgnet"),
    ],
)
def test_an_id_changes_with_whatever_changes_the_numbers(
    write_campaign: WriteCampaign,
    calculations: tuple[Calculation, ...],
    key: str,
    value: Any,
) -> None:
    (found,) = plan(load_campaign(write_campaign({"x": [1], key: value})))
    assert found.id not in {c.id for c in calculations}


def test_an_id_stays_when_a_preset_is_written_out_by_hand(
    write_campaign: WriteCampaign, calculations: tuple[Calculation, ...]
) -> None:
    (found,) = changed(write_campaign, vasp__hubbard_u={"Ni": 4.5, "Mn": 5.96})
    assert found.id == calculations[4].id
    (found,) = changed(write_campaign, vasp__incar={"common": {"ENCUT": 520}})
    assert found.id == calculations[4].id


def test_settings_of_the_engine_that_is_not_used_change_no_id(
    write_campaign: WriteCampaign, calculations: tuple[Calculation, ...]
) -> None:
    (found,) = changed(write_campaign, chgnet__fmax=0.5)
    assert found.id == calculations[4].id
    (one,) = changed(write_campaign, engine="chgnet")
    (other,) = changed(write_campaign, engine="chgnet", vasp__kpoints=[5, 5, 5])
    assert one.id == other.id


def test_chgnet_relaxes_and_does_nothing_else(paper: Campaign) -> None:
    assert {c.steps for c in plan(paper.override(engine="chgnet"))} == {("relax",)}


def test_both_engines_start_from_the_same_structures(
    paper: Campaign, calculations: tuple[Calculation, ...]
) -> None:
    for one, other in zip(
        calculations, plan(paper.override(engine="chgnet")), strict=True
    ):
        assert one.structure == other.structure


def test_a_calculation_survives_json(calculations: tuple[Calculation, ...]) -> None:
    for c in calculations:
        again = Calculation.from_dict(json.loads(json.dumps(c.as_dict())))
        assert again == c
        assert content_id(again) == c.id


def test_a_chgnet_calculation_survives_json(paper: Campaign) -> None:
    for c in plan(paper.override(engine="chgnet", x=[0, 2])):
        again = Calculation.from_dict(json.loads(json.dumps(c.as_dict())))
        assert again == c


def test_calculations_that_differ_are_not_equal(
    calculations: tuple[Calculation, ...],
) -> None:
    first = calculations[0]
    assert first != replace(first, steps=("relax",))
    assert first != calculations[1]
    assert first != "first"


def test_labels_name_x_the_model_and_the_rank(
    write_campaign: WriteCampaign, calculations: tuple[Calculation, ...]
) -> None:
    labels = [c.label for c in calculations]
    assert labels[0] == "x=0"
    assert labels[1] == "x=0.25"
    assert labels[-2:] == ["x=2 tet_8b", "x=2 oct_16c_rocksalt"]
    several = plan(
        load_campaign(write_campaign({"x": [0.5, 1.5], "orderings.keep": 3}))
    )
    assert [c.label for c in several] == [
        *("x=0.5", "x=0.5 #2", "x=0.5 #3"),
        *("x=1.5 tet_8b", "x=1.5 tet_8b #2", "x=1.5 tet_8b #3"),
    ]
    energies = [c.ordering["ewald_energy"] for c in several]
    assert energies[:3] == sorted(energies[:3])
    assert {c.ordering["kept"] for c in several} == {3}


def test_the_cell_starts_2_percent_longer_along_c_above_1_only(
    calculations: tuple[Calculation, ...],
) -> None:
    for c in calculations:
        stretch = 1.02 if c.x > 1 else 1.0
        assert c.structure.lattice.abc == pytest.approx((8.17, 8.17, 8.17 * stretch))
        assert c.structure.lattice.angles == pytest.approx((90, 90, 90))


def test_atoms_start_displaced_by_about_0_02_angstrom(
    write_campaign: WriteCampaign, calculations: tuple[Calculation, ...]
) -> None:
    ideal = plan(load_campaign(write_campaign({"start.displacement": 0})))
    moves = []
    for c, resting in zip(calculations, ideal, strict=True):
        shift = c.structure.frac_coords - resting.structure.frac_coords
        shift -= np.round(shift)
        moves.append(shift @ c.structure.lattice.matrix)
    together = np.concatenate(moves)
    assert together.std() == pytest.approx(0.02, rel=0.05)
    assert np.abs(together).max() < 0.1
    assert all(np.linalg.norm(move, axis=1).min() > 1e-4 for move in moves)


def test_displacements_of_two_calculations_are_not_the_same(
    calculations: tuple[Calculation, ...],
) -> None:
    oxygens = [c.structure.frac_coords[-32:] for c in calculations]
    for one, other in pairwise(oxygens):
        assert np.abs(one - other).max() > 1e-4


def test_no_displacement_and_no_strain_leave_the_ideal_structure(
    write_campaign: WriteCampaign,
) -> None:
    (found,) = changed(write_campaign, start__displacement=0.0, start__c_strain=0.0)
    assert found.structure == spinel_host().structure


def test_a_supercell_keeps_the_spacing_of_the_k_mesh(
    write_campaign: WriteCampaign,
) -> None:
    (long,) = changed(write_campaign, host__supercell=[2, 1, 1])
    assert long.settings["kpoints"] == {
        "relax": [2, 3, 3],
        "static": [2, 3, 3],
        "dos": [3, 5, 5],
    }
    assert long.formula == "Li16Ni8Mn24O64"
    assert (long.x, long.n_li, long.formula_units) == (1, 16, 16)
    (cube,) = changed(write_campaign, host__supercell=[2, 2, 2])
    assert cube.settings["kpoints"]["relax"] == [2, 2, 2]


def test_no_k_mesh_is_coarser_than_that_of_the_conventional_cell(
    calculations: tuple[Calculation, ...],
) -> None:
    for c in calculations:
        assert c.settings["kpoints"]["relax"] == [3, 3, 3]
        spacing = [1 / (3 * length) for length in c.structure.lattice.abc]
        assert max(spacing) <= 1 / (3 * 8.17) + 1e-9


def test_a_larger_cell_holds_an_x_that_the_small_one_cannot(
    write_campaign: WriteCampaign,
) -> None:
    (found,) = changed(write_campaign, host__supercell=[2, 1, 1], x=[0.0625])
    assert (found.n_li, found.x) == (1, 0.0625)


def test_another_spinel_plans(write_campaign: WriteCampaign) -> None:
    campaign = load_campaign(
        write_campaign(
            {
                "name": "limn2o4",
                "host.formula": "LiMn2O4",
                "host.ordering": "none",
                "host.a": 8.24,
                "vasp.hubbard_u": {"Mn": 3.9},
                "vasp.magmom": {"Li": 0, "Mn": 4, "O": 0},
                "vasp.potcar": {"Li": "Li_sv", "Mn": "Mn_pv", "O": "O"},
                "x": [0, 0.5, 1, 2],
                "insertion": [{"model": "oct_16c_rocksalt"}],
            }
        )
    )
    found = plan(campaign)
    assert [(c.x, c.formula, c.insertion) for c in found] == [
        (0, "Mn16O32", "none"),
        (0.5, "Li4Mn16O32", "none"),
        (1, "Li8Mn16O32", "none"),
        (2, "Li16Mn16O32", "oct_16c_rocksalt"),
    ]
    assert {c.settings["hubbards"]["Mn"] for c in found} == {3.9}


@pytest.mark.parametrize(
    ("x", "nearest"),
    [(0.3, "0.25 and 0.375"), (1 / 3, "0.25 and 0.375"), (1.99, "1.875 and 2")],
)
def test_an_x_that_the_cell_cannot_hold_is_refused_with_the_nearest_two(
    paper: Campaign, x: float, nearest: str
) -> None:
    with pytest.raises(CampaignError) as caught:
        plan(paper.override(x=[x]))
    message = str(caught.value)
    assert message.startswith(f"campaign paper: x = {x:.12g} is not a multiple of 1/8")
    assert f"the nearest possible values are {nearest}" in message


def test_the_misprint_of_the_paper_is_refused_with_the_explanation(
    write_campaign: WriteCampaign,
) -> None:
    with pytest.raises(CampaignError) as caught:
        changed(write_campaign, host__formula="Li8Ni4Mn24O32")
    message = str(caught.value)
    for told in (
        "16 octahedral 16d sites for 28 metals",
        "Mn:Ni is 6 instead of 3",
        "+48 instead of 0",
        "is a misprint: the 56-atom cell is Li8Ni4Mn12O32",
    ):
        assert told in message


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("host.ordering", "P4332", "did you mean 'P4_332'?"),
        ("insertion", [{"model": "tet_8a"}], "did you mean 'tet_8b'?"),
        ("host.formula", "LiQ", "host: formula 'LiQ'"),
        ("host.supercell", [0, 1, 1], "host: supercell (0, 1, 1)"),
    ],
)
def test_an_impossible_host_is_refused_by_the_campaign_s_name(
    write_campaign: WriteCampaign, key: str, value: Any, expected: str
) -> None:
    with pytest.raises(CampaignError, match=r"^campaign paper: ") as caught:
        plan(load_campaign(write_campaign({key: value})))
    assert expected in str(caught.value)


def test_an_x_above_1_that_no_insertion_model_covers_is_refused(
    write_campaign: WriteCampaign,
) -> None:
    only_two = [{"model": "tet_8b", "x": [2]}]
    with pytest.raises(CampaignError, match=r"x = 1\.25 is above 1 and no insertion"):
        plan(load_campaign(write_campaign({"insertion": only_two})))
    with pytest.raises(CampaignError, match="the campaign has none"):
        plan(load_campaign(write_campaign({"insertion": []})))
    below = load_campaign(write_campaign({"insertion": [], "x": [0, 1]}))
    assert len(plan(below)) == 2


def test_a_transition_metal_without_u_is_refused_and_none_is_filled_in(
    write_campaign: WriteCampaign,
) -> None:
    with pytest.raises(InputError, match="hubbard_u gives no U for Ni") as caught:
        changed(write_campaign, vasp__hubbard_u={"Mn": 3.9})
    assert "campaign paper" in str(caught.value)


def test_u_on_something_that_is_no_metal_of_the_host_is_refused(
    write_campaign: WriteCampaign,
) -> None:
    with pytest.raises(InputError, match="U on O, which is not a transition metal"):
        changed(write_campaign, vasp__hubbard_u={"Mn": 3.9, "Ni": 6.2, "O": 2})


@pytest.mark.parametrize(
    ("potcar", "told"),
    [
        ({"Ni": "Mn_pv", "Mn": "Ni_pv"}, "vasp.potcar.Ni = Mn_pv is a potential of Mn"),
        ({"O": "N"}, "vasp.potcar.O = N is a potential of N"),
        ({"Li": "Li_sv", "Mn": "Mo_pv"}, "vasp.potcar.Mn = Mo_pv is a potential of Mo"),
    ],
)
def test_a_potential_of_another_element_is_refused(
    write_campaign: WriteCampaign, potcar: dict[str, str], told: str
) -> None:
    whole = {"Li": "Li_sv", "Ni": "Ni_pv", "Mn": "Mn_pv", "O": "O"}
    with pytest.raises(InputError, match=told):
        changed(write_campaign, vasp__potcar=whole | potcar)
    changed(write_campaign, vasp__potcar=whole | {"O": "O_s", "Mn": "Mn_sv_GW"})


def test_no_u_means_zero_on_every_metal(write_campaign: WriteCampaign) -> None:
    (found,) = changed(write_campaign, vasp__hubbard_u="none")
    assert found.settings["hubbards"] == {"Ni": 0, "Mn": 0}
    (found,) = changed(write_campaign, vasp__functional="pbe")
    assert found.settings["hubbards"] == {}


@pytest.mark.parametrize("order", ["fim", "fm"])
@pytest.mark.parametrize(
    ("key", "values"),
    [("magmom", {"Li": 0, "O": 0}), ("potcar", {"Li": "Li_sv", "O": "O"})],
)
def test_an_element_without_moment_or_potcar_is_refused(
    write_campaign: WriteCampaign, key: str, values: dict[str, Any], order: str
) -> None:
    with pytest.raises(InputError) as caught:
        changed(write_campaign, start__magnetic_order=order, **{f"vasp__{key}": values})
    assert str(caught.value) == (
        f"campaign paper: vasp.{key} names no value for Ni, Mn (it names Li, O); add it"
    )
