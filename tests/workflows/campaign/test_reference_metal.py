"""The ion's metal beside the cathode: what voltages refer to, at the same settings."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import forked
from tests.places import TOP
from workflows import load_campaign, open_results, plan
from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign
from workflows.campaign.inputs import vasp_inputs
from workflows.errors import InputError
from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.launchpad.steps import fireworks_of, submitted
from workflows.launchpad.submission import submit
from workflows.records.document import TaskDocument
from workflows.report.page import report_html

FAKE = TOP / "tests" / "fake_vasp" / "vasp_std"
WriteCampaign = Callable[..., Path]

COMMON = {
    "ALGO": "Normal", "ENCUT": 520, "GGA": "PE", "ISMEAR": 1, "ISPIN": 1,
    "ISYM": 2, "LASPH": True, "LORBIT": 11, "LREAL": False,
    "NELM": 200, "NELMIN": 5, "PREC": "Accurate", "SIGMA": 0.2,
    "SYMPREC": 1e-5,
}  # fmt: skip
STEPS = {
    "relax": {
        "EDIFF": 1e-5, "EDIFFG": -0.02, "IBRION": 2, "ISIF": 3, "LCHARG": False,
        "NSW": 100, "POTIM": 0.3,
        "ISTART": 0, "ICHARG": 2, "LWAVE": True,  # the next run reads its WAVECAR
    },
    "static": {
        "EDIFF": 1e-6, "IBRION": -1, "ISIF": 2, "LCHARG": True, "NEDOS": 301, "NSW": 0,
        "ISTART": 1, "ICHARG": 0, "LWAVE": False,  # reads it; no dos step follows
    },
}  # fmt: skip


def reference(campaign: Campaign) -> Calculation:
    (found,) = (c for c in plan(campaign) if c.reference)
    return found


@pytest.fixture(scope="session")
def lithium() -> Calculation:
    return reference(load_campaign("paper"))


def test_it_is_two_atoms_of_bcc_without_x(lithium: Calculation) -> None:
    assert (lithium.reference, lithium.label, lithium.formula) == (
        *("Li", "Li metal", "Li2"),
    )
    assert (lithium.x, lithium.formula_units, lithium.insertion) == (None, None, "none")
    assert lithium.steps == ("relax", "static")
    assert lithium.structure.lattice.abc == (3.44, 3.44, 3.44)
    neighbours = lithium.structure.get_neighbors(lithium.structure[0], 3.0)
    assert [n.nn_distance for n in neighbours] == pytest.approx([2.979] * 8, abs=1e-3)


@pytest.mark.parametrize("step", ["relax", "static"])
def test_the_incar_is_that_of_a_metal_without_moments_and_u(
    lithium: Calculation, step: str
) -> None:
    inputs = vasp_inputs(lithium, step)
    assert inputs.incar == {**COMMON, **STEPS[step]}
    assert (inputs.kpoints, inputs.potcar_symbols) == ((17, 17, 17), ("Li_sv",))


@pytest.mark.parametrize(
    ("functional", "own"),
    [
        ("pbe", {}),
        ("pbesol_u", {"GGA": "PS"}),
        ("r2scan", {"GGA": None, "METAGGA": "R2SCAN", "LMIXTAU": True}),
        ("r2scan_u", {"GGA": None, "METAGGA": "R2SCAN", "LMIXTAU": True}),
        (
            "hse06",
            {
                **{"LHFCALC": True, "HFSCREEN": 0.2, "AEXX": 0.25},
                **{"ALGO": "Damped", "TIME": 0.5},
            },
        ),
    ],
)
def test_it_has_the_functional_of_the_cathode_and_never_a_u(
    write_campaign: WriteCampaign, functional: str, own: dict[str, Any]
) -> None:
    changes = {"lithium_reference": True, "x": [1], "vasp.functional": functional}
    metal = reference(load_campaign(write_campaign(changes)))
    for step, tags in STEPS.items():
        expected = {**COMMON, **tags, **own}
        kept = {tag: value for tag, value in expected.items() if value is not None}
        assert vasp_inputs(metal, step).incar == kept


def test_it_follows_the_cutoff_and_the_potcar_of_the_campaign_not_its_smearing(
    write_campaign: WriteCampaign,
) -> None:
    incar = {
        "common": {"ENCUT": 680, "SIGMA": 0.02},
        "relax": {"ISMEAR": 0},
        "lithium": {"SIGMA": 0.1},
    }
    changes = {"lithium_reference": True, "vasp.incar": incar}
    metal = reference(load_campaign(write_campaign(changes)))
    tags = vasp_inputs(metal, "relax").incar
    assert (tags["ENCUT"], tags["SIGMA"], tags["ISMEAR"]) == (680, 0.1, 1)


def test_it_does_not_depend_on_u_x_or_the_cell(
    write_campaign: WriteCampaign, lithium: Calculation
) -> None:
    changes = {
        **{"lithium_reference": True, "x": [1], "vasp.hubbard_u": "mp"},
        **{"host.supercell": [2, 1, 1], "vasp.kpoints": [2, 2, 2]},
    }
    assert reference(load_campaign(write_campaign(changes))) == lithium


def test_it_is_kept_with_other_x_and_left_out_when_the_campaign_says_so(
    write_campaign: WriteCampaign, lithium: Calculation
) -> None:
    chosen = plan(load_campaign("paper").override(x=[1]))
    assert [c.label for c in chosen] == ["x=1", "Li metal"]
    assert chosen[-1] == lithium
    without = load_campaign(write_campaign({"x": [1], "lithium_reference": False}))
    assert [c.label for c in plan(without)] == ["x=1"]


@pytest.mark.parametrize(
    ("ion", "lengths", "mesh", "neighbours"),
    [
        ("Na", (4.20, 4.20, 4.20), [14, 14, 14], 8),
        ("Mg", (3.19, 3.19, 5.19), [22, 22, 12], 12),
    ],
)
def test_a_host_of_another_ion_has_its_metal_as_reference(
    write_campaign: WriteCampaign,
    ion: str,
    lengths: tuple[float, ...],
    mesh: list[int],
    neighbours: int,
) -> None:
    changes = {"lithium_reference": True, "host.ion": ion}
    metal = reference(load_campaign(write_campaign(changes)))
    assert (metal.reference, metal.label, metal.formula) == (
        *(ion, f"{ion} metal", f"{ion}2"),
    )
    assert metal.structure.lattice.abc == pytest.approx(lengths)
    assert len(metal.structure.get_neighbors(metal.structure[0], 3.8)) == neighbours
    assert metal.settings["kpoints"] == {"relax": mesh, "static": mesh}
    assert (metal.settings["hubbards"], metal.settings["magmom"]) == ({}, {})
    inputs = vasp_inputs(metal, "relax")
    assert inputs.potcar_symbols == (f"{ion}_pv",)
    assert {tag: inputs.incar[tag] for tag in COMMON} == COMMON
    assert not any(tag.startswith("LDAU") for tag in inputs.incar)


def test_the_potcar_of_a_metal_is_that_of_its_cathode(
    write_campaign: WriteCampaign,
) -> None:
    changes = {
        **{"lithium_reference": True, "x": [1], "host.ion": "Na"},
        "vasp.potcar": {"Na": "Na", "Ni": "Ni_pv", "Mn": "Mn_pv", "O": "O"},
    }
    cell, metal = plan(load_campaign(write_campaign(changes)))
    assert cell.settings["potcar"]["Na"] == metal.settings["potcar"]["Na"] == "Na"
    wrong = {**changes, "vasp.potcar": {**changes["vasp.potcar"], "Na": "Ni_pv"}}
    with pytest.raises(InputError, match="potential of Ni"):
        plan(load_campaign(write_campaign(wrong)))


def test_an_ion_whose_metal_is_not_known_has_no_reference(
    write_campaign: WriteCampaign,
) -> None:
    changes = {
        **{"lithium_reference": True, "x": [1], "host.formula": "KMn2O4"},
        **{"host.ordering": "none", "vasp.hubbard_u": {"Mn": 3.9}},
        "vasp.magmom": {"K": 0, "Mn": 4, "O": 0},
        "vasp.potcar": {"K": "K_sv", "Mn": "Mn_pv", "O": "O"},
    }
    found = plan(load_campaign(write_campaign(changes)))
    assert [c.label for c in found] == ["x=1"]


def test_the_surrogate_relaxes_it() -> None:
    metal = reference(load_campaign("paper").override(engine="chgnet"))
    assert (metal.steps, metal.engine) == (("relax",), "chgnet")


def test_it_survives_json(lithium: Calculation) -> None:
    assert Calculation.from_dict(lithium.as_dict()) == lithium


def test_it_is_listed_last_and_belongs_to_every_x(
    tmp_path: Path, lithium: Calculation
) -> None:
    pad = EmbeddedLaunchPad(tmp_path / "launchpad.json", writable=True)
    submit(pad, plan(load_campaign("paper").override(x=[0, 1])))
    names = [step["name"] for step in fireworks_of(pad)]
    assert names[-2:] == ["Li metal relax", "Li metal static"]
    chosen = submitted(pad, x=[0])
    assert chosen is not None
    assert [c.label for c in chosen] == ["x=0", "Li metal"]


def test_its_result_is_a_document_and_no_row(
    lithium: Calculation,
    calculations: tuple[Calculation, ...],
    finished: Callable[..., TaskDocument],
    project: Callable[..., Path],
) -> None:
    from workflows.engines.protocol import identity
    from workflows.records.document import State

    metal = TaskDocument(
        **identity(lithium, "static"), state=State.DONE, energy=-3.8,
        structure=lithium.structure, settings={"kpoints": [17, 17, 17]},
        dir_name="calculations/li/static",
    )  # fmt: skip
    results = open_results(project(finished(calculations[4]), metal))
    assert [d.reference for d in results.documents()] == ["", "Li"]
    assert results.series()["x"].tolist() == [1.0]
    assert set(results.sites(x=1)["element"]) == {"Li", "Ni", "Mn", "O"}
    assert len(results.sites()) == 56
    assert "Li metal" in report_html(results, None)
    planned = results.select((*calculations, lithium)).series()
    assert len(planned) == len(calculations)


def run(here: Path, campaign: Path, **environment: str) -> Any:
    shutil.copy(TOP / "launchpad.yaml", here)
    return forked.lnmo(
        "run", str(campaign), cwd=here, env={**os.environ, **environment}
    )


def test_vasp_relaxes_it_until_its_volume_settles_and_computes_its_energy(
    tmp_path: Path,
) -> None:
    # A cathode cell cannot be left out of a campaign; here it only needs to be short.
    content = {
        **{"name": "c", "x": [1]},
        "vasp": {
            "steps": ["static"],
            "dos_at": [],
            "kpoints": [1] * 3,
            "kpoints_lithium": [5] * 3,
        },
    }
    campaign = tmp_path / "c.yaml"
    campaign.write_text(yaml.safe_dump(content), "utf-8")
    command = f"{sys.executable} {FAKE}"
    done = run(tmp_path, campaign, LNMO_VASP_CMD=command, LNMO_POLL_SECONDS="0.1")
    assert done.returncode == 0, done.stderr + done.stdout
    assert "Li metal relax ended" in done.stdout
    found = {d.task_label: d for d in open_results(tmp_path).documents() if d.reference}
    assert {step: str(d.state) for step, d in found.items()} == {
        **{"relax": "DONE", "static": "DONE"},
    }
    metal = found["static"]
    assert metal.energy_per_atom == pytest.approx(-1.90, abs=1e-3)
    assert (metal.nelect, metal.x, metal.hubbards) == (6, None, {})
    assert metal.structure is not None
    assert metal.structure.lattice.abc == pytest.approx([3.44] * 3, abs=1e-3)
    assert {f.id for f in metal.findings} == {"fake_vasp"}
    chain = tmp_path / "lnmo-data" / found["relax"].dir_name
    members = {path.name for path in chain.glob("relax-?")}
    assert members >= {"relax-1", "relax-2"}


def test_the_surrogate_finds_bcc_lithium(tmp_path: Path, require_chgnet: None) -> None:
    from workflows.engines.machine import Machine
    from workflows.engines.step import run_step

    metal = reference(load_campaign("paper").override(engine="chgnet"))
    document = run_step(
        metal, "relax", root=tmp_path, machine=Machine(), report=lambda _: None
    )
    assert str(document.state) == "DONE"
    assert document.energy_per_atom == pytest.approx(-1.8803, abs=1e-3)
