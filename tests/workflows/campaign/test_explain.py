"""Every tag that is written is explained, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workflows import load_campaign, plan
from workflows.campaign.explain import CELLS, DELETED, explained
from workflows.campaign.inputs import vasp_inputs
from workflows.cli.selection import Selection
from workflows.cli.write import show_explained
from workflows.errors import CampaignError

WriteCampaign = Callable[..., Path]


@pytest.fixture(autouse=True)
def no_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LNMO_VASP_INCAR", raising=False)


@pytest.mark.parametrize("functional", ["pbe_u", "hse06"])
def test_the_tags_explained_are_those_written(
    write_campaign: WriteCampaign, functional: str
) -> None:
    changes = {"x": [1], "lithium_reference": True, "vasp.functional": functional}
    campaign = load_campaign(write_campaign(changes))
    rows = explained(campaign, {})
    for calculation in plan(campaign):
        of = calculation.label if calculation.reference else CELLS
        for step in calculation.steps:
            incar = vasp_inputs(calculation, step, efermi=0.0).incar
            told = {
                row.tag
                for row in rows
                if (row.of, row.step) == (of, step) and row.value != DELETED
            }
            assert told - {"KPOINTS", "POTCAR"} == set(incar)


def test_every_tag_of_a_preset_has_its_source_and_every_other_its_key() -> None:
    rows = explained(load_campaign("paper"), {})
    presets = [row.origin.partition(":")[0].endswith(".yaml") for row in rows]
    assert set(presets) == {True, False}
    for row, preset in zip(rows, presets, strict=True):
        assert row.source or not preset
        assert preset or row.origin.startswith(("campaign: ", "run time"))


def test_the_last_layer_is_named(write_campaign: WriteCampaign) -> None:
    own = {"common": {"NELM": 300}, "static": {"NELMIN": None}}
    changes = {"vasp.incar": own, "vasp.hubbard_u": {"Mn": 4, "Ni": 5}}
    rows = explained(load_campaign(write_campaign(changes)), {"NCORE": 4})
    static = {row.tag: (row.value, row.origin) for row in rows if row.step == "static"}
    assert static["NELM"] == ("300", "campaign: common")
    assert static["EDIFF"] == ("1e-06", "steps.yaml: static")
    assert static["GGA"] == ("PE", "functionals.yaml: pbe_u")
    assert static["LDAU"] == (".TRUE.", "hubbard_u.yaml: common")
    assert static["LDAUU"] == ("Li 0, Ni 5, Mn 4, O 0", "campaign: vasp.hubbard_u")
    assert static["NCORE"] == ("4", "machine: LNMO_VASP_INCAR")
    assert static["NELMIN"] == (DELETED, "campaign: static")


def test_a_study_explains_each_variant() -> None:
    rows = explained(load_campaign("convergence"), {})
    cutoffs: dict[str, Any] = {
        row.variant: row.value
        for row in rows
        if (row.of, row.step, row.tag) == (CELLS, "relax", "ENCUT")
    }
    assert cutoffs["encut-680"] == "680"
    assert cutoffs["reference"] == "520"


def test_the_surrogate_has_no_tags(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CampaignError, match="no VASP inputs to explain"):
        explained(load_campaign("paper").override(engine="chgnet"), {})


def test_explaining_prints_and_writes_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    show_explained(Selection("paper"), as_json=False)
    shown = capsys.readouterr().out
    assert "step <- functional <- U <- campaign <- machine" in shown
    assert "Li metal static" in shown
    show_explained(Selection("paper"), as_json=True)
    assert json.loads(capsys.readouterr().out)[0]["step"] == "relax"
    assert list(tmp_path.iterdir()) == []
