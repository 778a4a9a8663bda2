"""Variants beside each other: each computed within itself, then compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from workflows import load_campaign, open_results, plan
from workflows.campaign.calculation import Calculation
from workflows.cli.compare import compare_results, show_comparison
from workflows.cli.selection import Selection
from workflows.engines.protocol import identity
from workflows.errors import CampaignError, ResultsError
from workflows.records.document import Finding, State, TaskDocument
from workflows.records.store import FileResults

WriteCampaign = Callable[..., Path]
SETTINGS = {"functional": "pbe_u"}


@pytest.fixture
def path(write_campaign: WriteCampaign) -> Path:
    """Two k meshes and another U, at x = 0 and 1."""
    variants = {
        "k-3": {},
        "k-4": {"vasp": {"kpoints": [4, 4, 4]}},
        "mp": {"vasp": {"hubbard_u": "mp"}},
    }
    changes = {"x": [0, 1], "lithium_reference": True, "variants": variants}
    return write_campaign(changes)


@pytest.fixture
def recorded(
    path: Path, finished: Callable[..., TaskDocument], project: Callable[..., Path]
) -> Path:
    """Every cell of every variant; k-4 is 0.056 eV lower at x = 1, mp 8 eV higher."""
    shifts = {("k-4", 1): -0.056, ("mp", 0): 8.0, ("mp", 1): 8.0}

    def document(c: Calculation) -> TaskDocument:
        if c.reference:
            return TaskDocument(
                **identity(c, "static"), state=State.DONE, energy=-3.8,
                structure=c.structure, settings=SETTINGS, engine_version="6.4.2",
                energy_per_atom=-1.9, dir_name=f"calculations/{c.id}/static",
            )  # fmt: skip
        made = finished(c, settings=SETTINGS)
        assert made.energy is not None
        energy = made.energy + shifts.get((c.variant, c.x or 0), 0.0)
        return made.model_copy(update={"energy": energy})

    return project(*(document(c) for c in plan(load_campaign(path))))


def at(frame: Any, **where: Any) -> dict[str, Any]:
    for name, value in where.items():
        frame = frame[frame[name] == value]
    (row,) = frame.to_dict("records")
    return dict(row)


def test_energies_are_compared_per_atom_with_the_first_variant(
    path: Path, recorded: Path
) -> None:
    cells = compare_results(Selection(str(path), launchpad=recorded)).cells
    assert len(cells) == 6
    assert at(cells, variant="k-4", x=1)["d_energy"] == pytest.approx(-1.0)
    assert at(cells, variant="k-4", x=0)["d_energy"] == pytest.approx(0.0)
    assert at(cells, variant="k-3", x=1)["d_energy"] == 0.0
    assert at(cells, variant="k-4", x=1)["d_m_ni"] == 0.0


def test_energies_of_another_u_have_no_common_zero(path: Path, recorded: Path) -> None:
    cells = compare_results(Selection(str(path), launchpad=recorded)).cells
    row = at(cells, variant="mp", x=1)
    assert row["d_energy"] != row["d_energy"]
    assert row["d_m_mn"] == 0.0


def test_voltages_are_those_of_each_variant_alone(path: Path, recorded: Path) -> None:
    found = compare_results(Selection(str(path), launchpad=recorded))
    (note,) = found.missing
    assert note.startswith("energies of mp are not subtracted from those of k-3: U of")
    changes = {
        name: at(found.voltages, variant=name)["d_volts"]
        for name in ("k-3", "k-4", "mp")
    }
    # 0.056 eV lower in a cell of 8 formula units: 7 meV each, 7 mV for one lithium.
    assert changes == pytest.approx({"k-3": 0.0, "k-4": 7.0, "mp": 0.0}, abs=1e-6)


def test_a_voltage_never_counts_from_the_metal_of_another_variant(
    write_campaign: WriteCampaign,
    finished: Callable[..., TaskDocument],
    project: Callable[..., Path],
) -> None:
    variants = {"base": {}, "coarse": {"vasp": {"kpoints_lithium": [4, 4, 4]}}}
    changes = {"x": [0, 1], "lithium_reference": True, "variants": variants}
    campaign = load_campaign(write_campaign(changes))
    documents = [
        TaskDocument(
            **identity(c, "static"),
            state=State.DONE,
            energy=-3.8,
            structure=c.structure,
            settings=SETTINGS,
            engine_version="6.4.2",
            energy_per_atom=-1.9,
            dir_name=f"calculations/{c.id}/static",
        )
        if c.reference
        else finished(c, settings=SETTINGS)
        for c in plan(campaign)
        if not (c.reference and c.variant == "base")
    ]
    where = project(*documents)
    coarse = open_results(where, campaign=campaign.only("coarse"))
    assert len(coarse.voltage())
    base = open_results(where, campaign=campaign.only("base"))
    with pytest.raises(ResultsError, match="no lithium metal reference was calculated"):
        base.voltage()


def metal_of(
    c: Calculation, energy: float, mesh: int = 17, **changes: Any
) -> TaskDocument:
    made: dict[str, Any] = {
        **identity(c, "static"),
        **{"state": State.DONE, "engine_version": "6.4.2", "structure": c.structure},
        **{"energy": 2 * energy, "energy_per_atom": energy},
        "settings": {**SETTINGS, "ENCUT": 520.0, "kpoints": [mesh] * 3},
        "dir_name": f"calculations/{c.id}/static",
    }
    return TaskDocument(**(made | changes))


def test_without_a_campaign_a_voltage_counts_from_the_only_metal_that_fits(
    write_campaign: WriteCampaign,
    finished: Callable[..., TaskDocument],
    record: Callable[..., Path],
    tmp_path: Path,
) -> None:
    """Of several metals none is taken for what comes first in the store."""

    def planned(name: str, mesh: int) -> tuple[Calculation, ...]:
        changes = {
            **{"name": name, "x": [0, 1], "lithium_reference": True},
            "vasp.kpoints_lithium": [mesh] * 3,
        }
        return tuple(plan(load_campaign(write_campaign(changes))))

    own, other, third = (planned(n, k) for n, k in (("a", 17), ("b", 9), ("a", 5)))

    def project(*documents: TaskDocument) -> Path:
        return record(Path(mkdtemp(dir=tmp_path)), *documents)

    settings = {**SETTINGS, "ENCUT": 520.0}
    cells = [finished(c, settings=settings) for c in own if not c.reference]
    (metal,), (coarse,), (old,) = (
        [c for c in each if c.reference] for each in (own, other, third)
    )
    right, wrong = metal_of(metal, -1.90), metal_of(coarse, -1.80, 9)
    for documents in ((right, wrong), (wrong, right)):
        found = open_results(project(*cells, *documents))
        assert found.lithium_energy() == -1.90  # of the campaign that has the cells

    stray = metal_of(old, -1.85, 5)
    several = open_results(project(*cells, right, stray, wrong))
    for call in (several.voltage, several.lithium_energy):
        with pytest.raises(ResultsError, match="2 lithium metal references go with"):
            call()
    with pytest.raises(ResultsError, match="of campaign a with 5x5x5 k points"):
        several.voltage()
    assert several.select(own).lithium_energy() == -1.90

    beside = open_results(project(*cells, wrong))
    assert beside.lithium_energy() == -1.80  # the only one there is
    failed = metal_of(metal, -1.90, state=State.FAILED)
    unfinished = open_results(project(*cells, failed, wrong))
    with pytest.raises(ResultsError, match=r"has not finished \(static FAILED\)"):
        unfinished.voltage()

    lower = {**SETTINGS, "ENCUT": 400.0}
    none = open_results(
        project(
            *cells,
            metal_of(metal, -1.9, settings=lower),
            metal_of(coarse, -1.8, settings={**lower, "functional": "r2scan"}),
        )
    )
    with pytest.raises(ResultsError, match="none of 2 lithium metal references") as no:
        none.voltage()
    assert metal.id in str(no.value)
    assert coarse.id in str(no.value)
    assert "ENCUT" in str(no.value)


def test_what_is_not_run_is_told_and_changes_nothing(
    path: Path, project: Callable[..., Path]
) -> None:
    found = compare_results(Selection(str(path), launchpad=project()))
    assert set(found.cells["state"]) == {"PLANNED"}
    assert found.cells["d_m_ni"].isna().all()
    assert len(found.voltages) == 0
    assert found.missing[0].startswith("no voltage of k-3, k-4, mp: ")


def test_a_difference_from_what_has_not_finished_is_none(
    path: Path, recorded: Path, finished: Callable[..., TaskDocument]
) -> None:
    planned = plan(load_campaign(path))
    (first,) = (c for c in planned if c.x == 1 and c.variant == "k-3")
    store = FileResults(recorded / "lnmo-data")
    store.directory(first.id, "relax").mkdir(parents=True)
    relaxed = finished(first, "relax", settings=SETTINGS, state=State.UNCONVERGED)
    store.put(relaxed)
    cells = compare_results(Selection(str(path), launchpad=recorded)).cells
    for name in ("d_energy", "d_m_ni", "d_volume"):
        assert cells[cells["x"] == 1][name].isna().all()
        assert at(cells, variant="k-4", x=0)[name] == pytest.approx(0.0)


def test_the_order_that_the_moments_ended_in_is_told(
    write_campaign: WriteCampaign,
    finished: Callable[..., TaskDocument],
    project: Callable[..., Path],
) -> None:
    orders = {o: {"start": {"magnetic_order": o}} for o in ("fim", "fm", "afm_mn")}
    path = write_campaign({"x": [1], "variants": orders})

    def document(c: Calculation) -> TaskDocument:
        starts = c.structure.site_properties.get("magmom")
        made = finished(c, settings=SETTINGS)
        return (
            made
            if starts is None
            else finished(c, settings=SETTINGS, magnetization=tuple(starts))
        )

    where = project(*(document(c) for c in plan(load_campaign(path))))
    cells = compare_results(Selection(str(path), launchpad=where)).cells
    found = dict(zip(cells["variant"], cells["ended_order"], strict=True))
    assert found == {"fim": "fim", "fm": "fm", "afm_mn": "afm_mn"}


def test_a_campaign_without_variants_has_nothing_to_compare() -> None:
    with pytest.raises(CampaignError, match="lnmo results shows its table"):
        compare_results(Selection("paper"))


def test_the_table_says_which_variant_is_the_measure(
    path: Path, recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = Selection(str(path), launchpad=recorded)
    show_comparison(chosen, as_json=False, as_csv=False)
    shown = capsys.readouterr().out
    assert "variants against k-3" in shown
    assert "average voltages" in shown
    show_comparison(chosen, as_json=True, as_csv=False)
    both = json.loads(capsys.readouterr().out)
    assert (len(both["cells"]), len(both["voltages"])) == (6, 3)
    show_comparison(chosen, as_json=False, as_csv=True)
    assert capsys.readouterr().out.startswith("variant,x,insertion,state")


def test_what_is_compared_says_what_made_it_and_what_stands_against_it(
    path: Path,
    recorded: Path,
    finished: Callable[..., TaskDocument],
    capsys: pytest.CaptureFixture[str],
) -> None:
    (c, *_) = plan(load_campaign(path))
    store = FileResults(recorded / "lnmo-data")
    metal = Finding(id="metallic", severity="warning", message="...")
    wrong = finished(c, settings=SETTINGS, findings=(metal,), fake=True)
    store.put(wrong)
    chosen = Selection(str(path), launchpad=recorded)
    found = compare_results(chosen)
    assert at(found.cells, variant=c.variant, x=c.x)["findings"] == "no gap"
    others = found.cells[(found.cells["x"] == c.x) & ~found.cells["fake"]]
    assert others["d_energy"].isna().all()  # a synthetic energy beside a real one
    volts = at(found.voltages, variant=c.variant)
    assert "no gap" in volts["findings"]
    assert volts["fake"]
    for frame in (found.cells, found.voltages):
        labels = {"engine", "surrogate", "fake", "functional", "hubbard_u", "state"}
        assert labels | {"insertion", "ended_as"} <= set(frame.columns)


Compared = Callable[..., Any]


@pytest.fixture
def compared(
    write_campaign: WriteCampaign,
    finished: Callable[..., TaskDocument],
    project: Callable[..., Path],
) -> Compared:
    """Compare finished variants, the first of them without a change."""

    def make(campaign: dict[str, Any] | None = None, **variants: Any) -> Any:
        changes = {"x": [0, 1], "variants": {"plain": {}, **variants}}
        path = write_campaign({**changes, **(campaign or {})})
        documents = (
            finished(c, "static" if "static" in c.steps else "relax")
            for c in plan(load_campaign(path))
        )
        return compare_results(Selection(str(path), launchpad=project(*documents)))

    return make


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"incar": {"common": {"IVDW": 12}}}, "IVDW: off in plain; 12 in own"),
        ({"incar": {"common": {"GGA": "PS"}}}, "functional: PE in plain; PS in own"),
        ({"functional": "pbesol_u"}, "functional: PE in plain; PS in own"),
        ({"incar": {"common": {"METAGGA": "SCAN"}}}, "functional: PE in plain; SCAN"),
        ({"incar": {"common": {"LHFCALC": True}}}, "functional: PE in plain; PE hyb"),
        ({"incar": {"common": {"LASPH": False}}}, "LASPH: True in plain; False in own"),
        ({"incar": {"common": {"LDAUTYPE": 1}}}, "LDAUTYPE: 2 in plain; 1 in own"),
        ({"incar": {"common": {"NELECT": 300}}}, "NELECT: off in plain; 300 in own"),
        ({"incar": {"common": {"LSORBIT": True}}}, "LSORBIT: off in plain; .TRUE."),
        ({"incar": {"common": {"NUPDOWN": 0}}}, "NUPDOWN: -1 in plain; 0 in own"),
        ({"incar": {"common": {"AGGAC": 0.0}}}, "AGGAC: 1 in plain; 0 in own"),
        ({"incar": {"common": {"EFIELD": 0.1}}}, "EFIELD: off in plain; 0.1 in own"),
        ({"potcar": {"Mn": "Mn"}}, "POTCAR of Mn: Mn_pv in plain; Mn in own"),
        ({"potcar_functional": "PBE_52"}, "POTCARs: PBE_54 in plain; PBE_52 in own"),
        ({"hubbard_u": "mp"}, "U of Mn: 5.96 eV in plain; 3.9 eV in own"),
    ],
)
def test_energies_of_another_hamiltonian_are_not_subtracted_and_it_is_named(
    compared: Compared, change: dict[str, Any], told: str
) -> None:
    found = compared(own={"vasp": change})
    own = found.cells[found.cells["variant"] == "own"]
    assert own["d_energy"].isna().all()
    assert (own["d_m_mn"] == 0).all()
    (note,) = [m for m in found.missing if m.startswith("energies of own ")]
    assert told in note


@pytest.mark.parametrize(
    "change",
    [
        {"incar": {"common": {"ENCUT": 600}}},
        {"incar": {"common": {"SIGMA": 0.02}}},
        {"incar": {"common": {"ADDGRID": True}}},
        {"incar": {"common": {"LREAL": "Auto"}}},
        {"incar": {"static": {"ISMEAR": -5}}},
        {"incar": {"common": {"LMAXMIX": 6}}},
        {"incar": {"common": {"ISYM": 2}}},
        {"incar": {"common": {"IVDW": 0}}},
        {"incar": {"common": {"GGA": None}}},
        {"incar": {"relax": {"EDIFFG": -0.01}}},
        {"kpoints": [4, 4, 4]},
    ],
)
def test_energies_of_a_convergence_study_are_subtracted(
    compared: Compared, change: dict[str, Any]
) -> None:
    found = compared(own={"vasp": change})
    own = found.cells[found.cells["variant"] == "own"]
    assert (own["d_energy"] == 0).all()
    assert not any("subtracted" in note for note in found.missing)


@pytest.mark.parametrize(
    "host",
    [
        {"formula": "LiNiMnO4", "ordering": "disordered"},
        {"formula": "LiMn2O4", "ordering": "none"},
    ],
)
def test_nothing_of_another_composition_is_subtracted(
    compared: Compared, host: dict[str, Any]
) -> None:
    found = compared(own={"host": host})
    own = found.cells[found.cells["variant"] == "own"]
    for name in ("d_energy", "d_m_mn", "d_volume", "d_c_unique"):
        assert own[name].isna().all()
    assert "own is of another host or ion than plain" in " ".join(found.missing)


def test_energies_at_the_x_that_two_variants_share_are_subtracted(
    compared: Compared,
) -> None:
    cells = compared(own={"x": [1], "vasp": {"kpoints": [4, 4, 4]}}).cells
    assert at(cells, variant="own", x=1)["d_energy"] == 0.0


def test_energies_of_two_surrogate_models_are_not_subtracted(
    compared: Compared,
) -> None:
    models = {"chgnet": {"model": "r2scan"}}, {"chgnet": {"fmax": 0.02}}
    for change, same in zip(models, (False, True), strict=True):
        found = compared({"engine": "chgnet"}, own=change).cells
        own = found[found["variant"] == "own"]
        assert (own["state"] == "DONE").all()
        assert own["d_energy"].notna().all() == same
