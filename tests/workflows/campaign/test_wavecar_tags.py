"""What each step starts from, and which wishes of a campaign can be carried out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workflows import load_campaign, plan
from workflows.campaign.inputs import vasp_inputs
from workflows.errors import CampaignError

WriteCampaign = Callable[..., Path]
Tags = tuple[Any, Any, Any]


@pytest.fixture
def starts(write_campaign: WriteCampaign) -> Callable[..., dict[str, Tags]]:
    """ISTART, ICHARG and LWAVE of every step of x = 1 (with a dos)."""

    def find(**vasp: Any) -> dict[str, Tags]:
        changes = {"x": [1], **{f"vasp.{key}": value for key, value in vasp.items()}}
        (one,) = plan(load_campaign(write_campaign(changes)))
        incars = {step: vasp_inputs(one, step).incar for step in one.steps}
        if "relax" in one.steps:
            again = vasp_inputs(one, "relax", wavecar="relax" in reads(one))
            incars["relax again"] = again.incar
        names = ("ISTART", "ICHARG", "LWAVE")
        return {s: tuple(i.get(n) for n in names) for s, i in incars.items()}

    return find


def reads(calculation: Any) -> list[str]:
    return calculation.settings["wavecar"]["read"]


def test_each_run_starts_from_the_orbitals_of_the_one_before(starts: Any) -> None:
    assert starts() == {
        "relax": (0, 2, True),
        "relax again": (1, 0, True),
        "static": (1, 0, False),
        "dos": (0, 11, False),
    }


def test_scratch_starts_every_run_from_atomic_charges(starts: Any) -> None:
    assert starts(restart="scratch") == {
        **dict.fromkeys(("relax", "relax again", "static"), (0, 2, False)),
        "dos": (0, 11, False),
    }
    assert starts(restart="scratch", functional="r2scan_u")["dos"] == (0, 2, False)


def test_a_single_static_run_has_nothing_to_start_from(starts: Any) -> None:
    found = starts(steps=["static"], dos_at=[])
    assert found["static"] == (0, 2, False)


@pytest.mark.parametrize("functional", ["r2scan", "r2scan_u", "hse06"])
def test_a_self_consistent_dos_takes_up_the_state_of_static(
    starts: Any, functional: str
) -> None:
    assert starts(functional=functional)["dos"] == (0, 1, False)
    found = starts(functional=functional, kpoints_dos=[3, 3, 3])
    assert (found["static"], found["dos"]) == ((1, 0, True), (1, 0, False))


@pytest.mark.parametrize(
    ("own", "step", "expected"),
    [
        ({"static": {"ISTART": 0}}, "static", (0, 2, False)),
        ({"static": {"ICHARG": 2}}, "static", (0, 2, False)),
        ({"relax": {"ISTART": 0}}, "relax again", (0, 2, True)),
        ({"relax": {"ICHARG": 2}}, "relax again", (0, 2, True)),
        ({"common": {"ISTART": 0}}, "relax", (0, 2, False)),
        ({"common": {"ICHARG": 2}}, "dos", (0, 2, False)),
        ({"static": {"ISTART": 1, "ICHARG": 0}}, "static", (1, 0, False)),
        ({"static": {"LWAVE": True}}, "static", (1, 0, True)),
        ({"dos": {"ICHARG": 1}}, "dos", (0, 1, False)),
        ({"dos": {"ICHARG": 11}}, "dos", (0, 11, False)),
    ],
)
def test_a_campaigns_own_start_is_obeyed(
    starts: Any, own: dict[str, Any], step: str, expected: Tags
) -> None:
    assert starts(incar=own)[step] == expected


def test_orbitals_beside_a_fixed_density_are_read_on_one_mesh(starts: Any) -> None:
    found = starts(incar={"dos": {"ISTART": 1}}, kpoints_dos=[3, 3, 3])
    assert (found["static"], found["dos"]) == ((1, 0, True), (1, 11, False))


@pytest.mark.parametrize(
    ("vasp", "said"),
    [
        ({"incar": {"relax": {"ISTART": 1}}}, "ISTART = 1 (under relax): the first"),
        ({"incar": {"common": {"ISTART": 1}}}, "the first run of a chain has no"),
        ({"incar": {"static": {"ISTART": 2}}}, "no other value is supported"),
        ({"incar": {"static": {"ICHARG": 11}}}, "no CHGCAR is there to read"),
        ({"incar": {"static": {"ICHARG": 1}}}, "only the dos step has one"),
        ({"incar": {"relax": {"ICHARG": 0}}}, "the first run of a chain has no"),
        ({"incar": {"static": {"ICHARG": 12}}}, "no step has the file that this reads"),
        ({"incar": {"static": {"ISTART": 1, "ICHARG": 2}}}, "take one out"),
        ({"incar": {"static": {"ISTART": None}}}, "null leaves it to VASP"),
        ({"incar": {"common": {"LWAVE": None}}}, "null leaves it to VASP"),
        ({"incar": {"common": {"LWAVE": False}}}, "LWAVE = False (under relax): the"),
        ({"incar": {"dos": {"ISTART": 1}}}, "set vasp.kpoints_dos to [3, 3, 3]"),
        ({"incar": {"lithium": {"ISTART": 1}}}, "(under lithium)"),
        (
            {"incar": {"static": {"ISTART": 1}}, "restart": "scratch"},
            "vasp.restart: scratch keeps no WAVECAR",
        ),
        (
            {"incar": {"static": {"ISTART": 1}}, "steps": ["static"]},
            "the first run of a chain has no WAVECAR",
        ),
    ],
)
def test_what_cannot_be_obeyed_is_refused(
    write_campaign: WriteCampaign, vasp: dict[str, Any], said: str
) -> None:
    changes = {f"vasp.{key}": value for key, value in vasp.items()}
    with pytest.raises(CampaignError) as refused:
        load_campaign(write_campaign(changes))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
