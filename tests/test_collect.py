"""Runs made elsewhere, by hand and with another program, become results.

Only VASP is another program here; inputs are those of ``lnmo write``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tests.places import FAKE_VASP, TOP
from workflows import load_campaign, open_results, plan
from workflows.campaign.calculation import Calculation
from workflows.campaign.inputs import structure_inputs, write_vasp_inputs
from workflows.cli.collect import lines_of
from workflows.engines.collect import CollectResult, found_in, recorded
from workflows.engines.machine import Machine
from workflows.engines.step import run_step
from workflows.engines.vasp import fits as fits_module
from workflows.errors import ResultsError, StoreError
from workflows.records.collected import reordered
from workflows.records.document import TaskDocument
from workflows.records.file_store import FileResults
from workflows.vasp.run_files import VaspFiles

CAMPAIGN: dict[str, Any] = {
    "name": "c",
    "host": {
        **{"formula": "LiMn2O4", "ordering": "none", "a": 8.25, "primitive": True}
    },
    "x": [1],
    "lithium_reference": False,
    "vasp": {
        **{"hubbard_u": {"Mn": 3.9}, "dos_at": [1], "kpoints": [2, 2, 2]},
        **{"kpoints_dos": [2, 2, 2], "incar": {"common": {"NEDOS": 301}}},
    },
}
STEPS = ("relax", "again", "static", "dos")
"""Directories of the chain made by hand."""


def vasp(directory: Path, **switches: str) -> None:
    own = ("FAKE_VASP_", "LNMO_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(own)}
    named = {f"FAKE_VASP_{k}": v for k, v in switches.items()}
    subprocess.run(
        [sys.executable, str(FAKE_VASP)],
        cwd=directory,
        env={**kept, **named},
        capture_output=True,
        check=not switches,
    )


def edit(incar: Path, **tags: object) -> None:
    """Set tags, or with None remove them."""
    lines = [
        line
        for line in incar.read_text("utf-8").splitlines()
        if line.partition("=")[0].strip() not in tags
    ]
    lines += [f"{tag} = {v}" for tag, v in tags.items() if v is not None]
    incar.write_text("\n".join(lines) + "\n", "utf-8")


def chain_by_hand(
    place: Path,
    calculation: Calculation,
    order: Sequence[int] | None = None,
    change: Callable[[Path], None] = lambda _: None,
) -> None:
    """Run relax, relax again, static and dos as the README of the inputs says."""
    structure = calculation.structure
    if order is not None:
        structure = reordered(structure, order)
    before: Path | None = None
    for name in STEPS:
        step = "relax" if name == "again" else name
        here = place / name
        write_vasp_inputs(structure_inputs(structure, calculation.settings, step), here)
        if before is not None:
            shutil.copy(before / "CONTCAR", here / "POSCAR")
            for left in ("WAVECAR", "CHGCAR"):
                if (before / left).exists():
                    shutil.copy(before / left, here)
        if name == "again":
            edit(here / "INCAR", ISTART=1, ICHARG=0)
        change(here)
        vasp(here)
        before = here


@pytest.fixture(scope="session")
def calculation(tmp_path_factory: pytest.TempPathFactory) -> Calculation:
    path = tmp_path_factory.mktemp("campaign") / "c.yaml"
    path.write_text(yaml.safe_dump(CAMPAIGN), "utf-8")
    (found,) = plan(load_campaign(path))
    return found


@pytest.fixture(scope="session")
def made(calculation: Calculation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("elsewhere")
    chain_by_hand(place, calculation)
    return place


@pytest.fixture
def runs(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "runs"))


def collect(
    runs: Path, calculation: Calculation, root: Path, *, write: bool = True
) -> list[CollectResult]:
    matches = found_in([runs], [calculation])
    return list(recorded(matches, FileResults(root), None, write=write))


def actions(outcomes: Sequence[CollectResult]) -> list[tuple[str, str, str]]:
    return [
        (o.match.run.files.directory.name, o.match.step, o.action) for o in outcomes
    ]


def contents(place: Path) -> dict[str, str]:
    return {
        str(path.relative_to(place)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(place.rglob("*"))
        if path.is_file()
    }


def differing(outcomes: Sequence[CollectResult], step: str) -> str:
    (own,) = (o for o in outcomes if o.match.step == step)
    return "; ".join(f"{f.severity} {f.message}" for f in own.match.differing)


ALL = [("again", "relax"), ("static", "static"), ("dos", "dos")]


def test_a_chain_made_by_hand_is_recorded_once_and_left_as_it_is(
    runs: Path, calculation: Calculation, tmp_path: Path
) -> None:
    root, before = tmp_path / "data", contents(runs)
    dry = collect(runs, calculation, root, write=False)
    assert actions(dry) == [(*step, "record") for step in ALL]
    assert not root.exists()
    assert actions(collect(runs, calculation, root)) == [
        (*step, "recorded") for step in ALL
    ]
    after = contents(root)
    assert actions(collect(runs, calculation, root)) == [(*s, "there") for s in ALL]
    assert contents(root) == after
    assert contents(runs) == before
    document = FileResults(root).get(calculation.id, "static")
    assert document is not None
    assert document.collected is not None
    assert document.collected.path == str(runs / "static")
    own = contents(runs / "static")
    assert document.collected.files["OUTCAR"] == own["OUTCAR"]
    assert "POTCAR" not in document.collected.files


@pytest.mark.parametrize("seed", [1, 2])
def test_another_order_of_atoms_gives_the_same_document(
    runs: Path, calculation: Calculation, tmp_path: Path, seed: int
) -> None:
    order = np.random.default_rng(seed).permutation(len(calculation.structure))
    # VASP wants each element once: blocks in another order, atoms mixed within.
    names = [calculation.structure[int(i)].specie.symbol for i in order]
    blocks = list(dict.fromkeys(names))
    order = sorted(
        map(int, order),
        key=lambda i: blocks.index(calculation.structure[i].specie.symbol),
    )
    chain_by_hand(tmp_path / "mixed", calculation, order)
    collect(tmp_path / "mixed", calculation, tmp_path / "mixed-data")
    collect(runs, calculation, tmp_path / "data")
    mixed, plain = (
        FileResults(tmp_path / name).get(calculation.id, "static")
        for name in ("mixed-data", "data")
    )
    assert mixed is not None
    assert plain is not None
    assert mixed.structure is not None
    assert plain.structure is not None
    assert mixed.structure.site_properties == plain.structure.site_properties
    assert mixed.final_sites == plain.final_sites
    away = mixed.structure.frac_coords - plain.structure.frac_coords
    assert np.abs(away - np.round(away)).max() < 1e-6
    # The fake reduces the first Mn of POSCAR: only the sum is that of the crystal.
    assert mixed.energy == pytest.approx(plain.energy)
    assert sorted(mixed.magnetization or ()) == pytest.approx(
        sorted(plain.magnetization or ())
    )
    assert {o.site for o in mixed.occupations or ()} == {
        o.site for o in plain.occupations or ()
    }
    assert mixed.collected is not None
    there = calculation.structure.copy()
    assert [there[i].specie.symbol for i in order] == [
        there[mixed.collected.order.index(i)].specie.symbol for i in range(len(order))
    ]


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ({"LDAUU": "0 4.5 0"}, "LDAUU"),
        ({"ENCUT": 600}, "warning ENCUT was 520.0, ran as 600.0"),
        ({"ISPIN": 1, "MAGMOM": None}, "ISPIN|refused by the fake"),
        ({"EDIFF": "1E-4"}, "EDIFF was 1e-06, ran as 0.0001"),
        ({"PREC": "Normal"}, "PREC was Accurate, ran as Normal"),
        ({"ISMEAR": 1}, "ISMEAR was 0, ran as 1"),
    ],
)
def test_other_settings_are_refused_tag_by_tag(
    runs: Path,
    calculation: Calculation,
    tmp_path: Path,
    tags: dict[str, Any],
    told: str,
) -> None:
    static = runs / "static"
    edit(static / "INCAR", **tags)
    for left in ("OUTCAR", "vasprun.xml", "OSZICAR", "CONTCAR", "DOSCAR"):
        (static / left).unlink(missing_ok=True)
    vasp(static, SECONDS="0")
    if not (static / "OUTCAR").exists():
        assert "ISPIN" in tags
        return
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert ("static", "static", "refused") in actions(outcomes)
    assert re.search(told, differing(outcomes, "static"))
    assert FileResults(tmp_path / "data").get(calculation.id, "static") is None
    assert FileResults(tmp_path / "data").get(calculation.id, "dos") is None


@pytest.mark.parametrize(
    ("tag", "was", "applied"),
    [
        ("ENCUT", "ENCUT  =  520.0", "ENCUT  =  400.0"),
        ("ISPIN", "ISPIN  =      2", "ISPIN  =      1"),
        ("EDIFF", "EDIFF  = 0.1E-05", "EDIFF  = 0.1E-01"),
        ("PREC", "PREC   = accura", "PREC   = normal"),
        ("LASPH", "LASPH  =      T", "LASPH  =      F"),
    ],
)
def test_what_outcar_alone_says_was_applied_counts_not_the_incar_beside_it(
    runs: Path,
    calculation: Calculation,
    tmp_path: Path,
    tag: str,
    was: str,
    applied: str,
) -> None:
    for path in runs.rglob("vasprun.xml"):
        path.unlink()
    outcar = runs / "static" / "OUTCAR"
    text = outcar.read_text("utf-8")
    assert was in text
    outcar.write_text(text.replace(was, applied), "utf-8")
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert ("static", "static", "refused") in actions(outcomes)
    assert f"warning INCAR is not the one that ran: {tag} = " in differing(
        outcomes, "static"
    )


@pytest.mark.parametrize(
    ("tag", "value"),
    [("ALGO", "Exact"), ("ALGO", "None"), ("ALGO", "Subrot"), ("IBRION", "0")],
)
def test_a_harmless_tag_with_a_value_that_solves_something_else_is_refused(
    runs: Path, calculation: Calculation, tmp_path: Path, tag: str, value: str
) -> None:
    static = runs / "static"
    edit(static / "INCAR", **{tag: value})
    for name, pattern in (
        ("vasprun.xml", rf'(name="{tag}">)[^<]*'),
        ("OUTCAR", rf"(\b{tag} *= *)\S+"),
    ):
        text = (static / name).read_text("utf-8")
        (static / name).write_text(re.sub(pattern, rf"\g<1> {value}", text), "utf-8")
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert ("static", "static", "refused") in actions(outcomes)
    assert f"ran as {value}" in differing(outcomes, "static")
    assert FileResults(tmp_path / "data").get(calculation.id, "static") is None


@pytest.mark.parametrize(
    ("tags", "mesh", "told"),
    [
        ({"LREAL": "Auto"}, None, "LREAL"),
        ({"METAGGA": "R2SCAN"}, None, "METAGGA"),
        ({"GGA": "Ps"}, None, "GGA"),
        ({"IVDW": 11}, None, "IVDW"),
        ({"ADDGRID": ".TRUE."}, None, "ADDGRID"),
        ({"ISTART": 0, "ICHARG": 2}, "2 2 2", "KPOINTS"),
    ],
)
def test_the_planned_inputs_written_back_beside_another_run_prove_nothing(
    runs: Path,
    calculation: Calculation,
    tmp_path: Path,
    tags: dict[str, Any],
    mesh: str | None,
    told: str,
) -> None:
    static = runs / "static"
    planned = {name: (static / name).read_bytes() for name in ("INCAR", "KPOINTS")}
    edit(static / "INCAR", **tags)
    if mesh is not None:
        text = planned["KPOINTS"].decode()
        other = re.sub(r"(?m)^\s*\d+\s+\d+\s+\d+\s*$", mesh, text, count=1)
        assert other != text
        (static / "KPOINTS").write_text(other)
    for left in ("OUTCAR", "vasprun.xml", "OSZICAR", "CONTCAR", "DOSCAR"):
        (static / left).unlink(missing_ok=True)
    vasp(static, SECONDS="0")
    assert (static / "OUTCAR").exists()
    for name, content in planned.items():
        (static / name).write_bytes(content)
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert ("static", "static", "refused") in actions(outcomes)
    assert told in differing(outcomes, "static")
    assert FileResults(tmp_path / "data").get(calculation.id, "static") is None


def test_a_noncollinear_run_is_refused_by_its_tag_and_hides_no_other(
    runs: Path, calculation: Calculation, tmp_path: Path
) -> None:
    static = runs / "static"
    with (static / "INCAR").open("a") as incar:
        incar.write("\nLSORBIT = T\n")
    vasprun = static / "vasprun.xml"
    tag = '<i type="logical" name="LSORBIT"> T  </i>\n </incar>'
    text = vasprun.read_text("utf-8").replace("</incar>", tag, 1)
    vasprun.write_text(text, "utf-8")
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert ("again", "relax", "recorded") in actions(outcomes)
    assert ("static", "static", "refused") in actions(outcomes)
    assert "LSORBIT was None, ran as True" in differing(outcomes, "static")


def test_a_run_at_which_our_own_code_fails_hides_no_other(
    runs: Path,
    calculation: Calculation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compare: Any = vars(fits_module)["differences"]

    def fails_at_static(files: VaspFiles, *others: Any) -> Any:
        if files.directory.name == "static":
            raise ValueError("operands could not be broadcast together")
        return compare(files, *others)

    monkeypatch.setattr(fits_module, "differences", fails_at_static)
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert ("again", "relax", "recorded") in actions(outcomes)
    (own,) = (o for o in outcomes if o.match.step == "static")
    assert own.action == "refused"
    assert "operands could not be broadcast together" in own.reason


def test_what_the_fake_made_is_fake_by_its_outcar_alone(
    runs: Path, calculation: Calculation, tmp_path: Path
) -> None:
    for path in runs.rglob("vasprun.xml"):
        path.unlink()
    root = tmp_path / "data"
    recorded_ones = [o for o in collect(runs, calculation, root) if o.match.document]
    assert [o.action for o in recorded_ones] == ["recorded"] * 3
    for outcome in recorded_ones:
        document = FileResults(root).get(calculation.id, outcome.match.step)
        assert document is not None
        assert document.fake
        assert document.engine_version == "1.0-fake"


def test_another_mesh_is_refused(
    runs: Path, calculation: Calculation, tmp_path: Path
) -> None:
    static = runs / "static"
    text = (static / "KPOINTS").read_text("utf-8")
    text = re.sub(r"(?m)^\s*4\s+4\s+4\s*$", "3 3 3", text)
    (static / "KPOINTS").write_text(text, "utf-8")
    for left in ("OUTCAR", "vasprun.xml", "OSZICAR", "CONTCAR", "WAVECAR"):
        (static / left).unlink(missing_ok=True)
    edit(static / "INCAR", ISTART=0, ICHARG=2)
    vasp(static)
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert "KPOINTS was (4, 4, 4), ran as (3, 3, 3)" in differing(outcomes, "static")


def test_what_decides_no_result_is_allowed_and_told(
    calculation: Calculation, tmp_path: Path
) -> None:
    def change(here: Path) -> None:
        edit(here / "INCAR", NCORE=4, KPAR=2, ALGO="Fast")

    chain_by_hand(tmp_path / "runs", calculation, change=change)
    outcomes = collect(tmp_path / "runs", calculation, tmp_path / "data")
    assert actions(outcomes) == [(*step, "recorded") for step in ALL]
    told = differing(outcomes, "static")
    assert "info ALGO was Normal, ran as Fast (harmless, recorded)" in told
    assert "info NCORE" in told
    document = FileResults(tmp_path / "data").get(calculation.id, "static")
    assert document is not None
    assert document.state == "DONE"


@pytest.mark.parametrize("name", ["static", "again"])
def test_a_cut_run_keeps_its_state_and_is_no_result(
    runs: Path, calculation: Calculation, tmp_path: Path, name: str
) -> None:
    path = runs / name / "OUTCAR"
    path.write_bytes(path.read_bytes()[:-4000])
    outcomes = collect(runs, calculation, tmp_path / "data")
    (own,) = (o for o in outcomes if o.match.run.files.directory.name == name)
    assert (own.action, own.reason.split(":")[0]) == ("refused", "TRUNCATED")
    store = FileResults(tmp_path / "data")
    assert store.get(calculation.id, "static") is None
    assert (store.get(calculation.id, "relax") is None) == (name == "again")


def test_one_relaxation_is_not_the_chain_that_was_planned(
    runs: Path, calculation: Calculation, tmp_path: Path
) -> None:
    for name in ("again", "static", "dos"):
        shutil.rmtree(runs / name)
    (own,) = collect(runs, calculation, tmp_path / "data")
    assert own.action == "refused"
    assert own.reason.startswith("UNCONVERGED: volume not settled after 1 relaxation ")


def test_a_result_of_our_own_is_never_replaced(
    runs: Path, calculation: Calculation, tmp_path: Path
) -> None:
    root = tmp_path / "data"
    collect(runs, calculation, root)
    store = FileResults(root)
    ours = store.get(calculation.id, "static")
    assert ours is not None
    assert ours.structure is not None
    energy = {"energy": -1.0, "energy_per_atom": -1.0 / len(ours.structure)}
    store.put(ours.model_copy(update={"collected": None, **energy}))
    outcomes = collect(runs, calculation, root)
    assert ("static", "static", "kept") in actions(outcomes)
    (kept,) = (o for o in outcomes if o.action == "kept")
    assert "a result of our own run (DONE), which is not replaced" in kept.reason
    again = store.get(calculation.id, "static")
    assert again is not None
    assert again.energy == -1.0


@pytest.mark.parametrize("damage", ["edited", "cut", "renamed"])
def test_a_lost_record_of_a_collected_run_is_collected_again_not_computed(
    runs: Path, calculation: Calculation, tmp_path: Path, damage: str
) -> None:
    root = tmp_path / "data"
    collect(runs, calculation, root)
    files = FileResults(root)
    record = files.directory(calculation.id, "static") / "task_document.json"
    before = record.read_bytes()
    if damage == "edited":
        record.write_bytes(before.replace(b'"DONE"', b'"FAILED"'))
    if damage == "cut":
        record.write_bytes(before[:1000])
    cure = f"lnmo collect {runs / 'static'} and the runs before it, -c CAMPAIGN"
    if damage != "renamed":
        with pytest.raises(StoreError, match=re.escape(cure)):
            files.get(calculation.id, "static")
    record.rename(record.with_name("task_document.json.bad"))
    with pytest.raises(StoreError, match=r"run made elsewhere.*" + re.escape(cure)):
        run_step(
            calculation, "static", root=root, machine=Machine(), report=lambda _: None
        )
    outcomes = collect(runs, calculation, root)
    assert [o.action for o in outcomes] == ["there", "recorded", "there"]
    again = files.get(calculation.id, "static")
    assert again is not None
    assert again.energy == json.loads(before)["energy"]


def test_a_run_of_another_compound_is_told_of_and_not_taken(
    calculation: Calculation, tmp_path: Path
) -> None:
    (other,) = collect(
        TOP / "tests" / "data" / "MgMn2O4_static_ferromagnetic",
        calculation,
        tmp_path / "data",
    )
    assert other.action == "unknown"
    assert (
        "its start is neither a planned start nor the end of an accepted step"
        in other.reason
    )
    with pytest.raises(StoreError, match="no run of VASP"):
        found_in([TOP / "docs"], [calculation])
    with pytest.raises(StoreError, match="no such directory"):
        found_in([tmp_path / "nowhere"], [calculation])


def test_a_run_in_a_form_that_is_not_read_hides_no_other(
    runs: Path, calculation: Calculation, tmp_path: Path
) -> None:
    odd = runs / "odd"
    odd.mkdir()
    (odd / "OUTCAR.zst").write_bytes(b"(\xb5/\xfd")
    found = found_in([runs], [calculation])
    reasons = {m.run.files.directory.name: m.reason for m in found}
    assert "compressed with zstd" in reasons.pop("odd")
    assert set(reasons.values()) == {""}


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the runs of a directory end in another energy, cell or moments."""
    read: Any = vars(fits_module)["with_numbers"]
    own: dict[str, tuple[float, float, int]] = {}

    def read_changed(files: VaspFiles, *others: Any) -> TaskDocument:
        document: TaskDocument = read(files, *others)
        energy, scale, sign = own.get(files.directory.name, (0.0, 1.0, 1))
        assert document.energy is not None
        assert document.structure is not None
        structure = document.structure.copy()
        structure.scale_lattice(structure.volume * scale)
        total = document.energy + energy
        return document.model_copy(
            update={
                "energy": total,
                "energy_per_atom": total / len(structure),
                "structure": structure,
                "magnetization": tuple(sign * m for m in document.magnetization or ()),
            }
        )

    def change(
        name: str, *, energy: float = 0.0, volume: float = 1.0, sign: int = 1
    ) -> None:
        own[name] = energy, volume, sign
        monkeypatch.setattr(fits_module, "with_numbers", read_changed)

    return change


Change = Callable[..., None]


def reason_of(outcomes: Sequence[CollectResult], name: str) -> str:
    (own,) = (o for o in outcomes if o.match.run.files.directory.name == name)
    assert own.action in {"refused", "unknown"}
    return own.reason


@pytest.mark.parametrize("name", ["attempt", "zattempt"])
def test_an_attempt_that_was_given_up_hides_no_chain(
    runs: Path, calculation: Calculation, tmp_path: Path, changed: Change, name: str
) -> None:
    shutil.copytree(runs / "relax", runs / name)
    changed(name, volume=1.02)
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert actions(outcomes)[:3] == [(*step, "recorded") for step in ALL]
    assert "no settled relaxation follows it" in reason_of(outcomes, name)


@pytest.mark.parametrize("name", ["a_static", "z_static"])
@pytest.mark.parametrize(
    ("energy", "taken", "told"),
    [
        (0.32, False, "this one has relax_static_mismatch (E of this one +0.3200 eV"),
        (-0.32, False, "this one has relax_static_mismatch (E of this one -0.3200 eV"),
        (0.003, False, "that one is lower in energy (E of this one +0.0030 eV"),
        (-0.003, True, "that one is lower in energy (E of this one +0.0030 eV"),
        (0.0, None, "the two are one state (E of this one +0.0000 eV per cell)"),
    ],
)
def test_of_two_statics_the_better_is_kept_and_the_other_named_whatever_their_names(
    runs: Path,
    calculation: Calculation,
    tmp_path: Path,
    changed: Change,
    name: str,
    energy: float,
    taken: bool | None,
    told: str,
) -> None:
    shutil.copytree(runs / "static", runs / name)
    changed(name, energy=energy)
    outcomes = collect(runs, calculation, tmp_path / "data")
    by_name = {o.match.run.files.directory.name: o for o in outcomes}
    (static,) = (o for o in outcomes if o.match.step == "static" and o.match.document)
    kept = static.match.run.files.directory.name
    other = ({"static", name} - {kept}).pop()
    if taken is not None:
        assert (kept == name) == taken
    assert told in reason_of(outcomes, other)
    (rival,) = static.match.rivals
    assert str(runs / other) in rival
    assert "eV per cell" in rival
    assert by_name["dos"].action == "recorded"
    document = FileResults(tmp_path / "data").get(calculation.id, "static")
    assert document is not None
    assert rival in document.findings[0].message
    lines = "\n".join(lines_of(outcomes, write=True))
    assert f"    rival: {rival}" in lines


def test_two_states_of_one_energy_are_both_refused(
    runs: Path, calculation: Calculation, tmp_path: Path, changed: Change
) -> None:
    shutil.rmtree(runs / "dos")  # it continues one of the two, and would decide
    shutil.copytree(runs / "static", runs / "flipped")
    changed("flipped", energy=-1e-5, sign=-1)
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert ("again", "relax", "recorded") in actions(outcomes)
    for name, other in (("static", "flipped"), ("flipped", "static")):
        reason = reason_of(outcomes, name)
        assert str(runs / other) in reason
        assert "another state at the same energy" in reason
    assert FileResults(tmp_path / "data").get(calculation.id, "static") is None


@pytest.mark.parametrize("energy", [-0.01, 0.01])
def test_of_two_ends_of_a_relaxation_the_one_that_goes_on_is_taken(
    runs: Path, calculation: Calculation, tmp_path: Path, changed: Change, energy: float
) -> None:
    shutil.copytree(runs / "again", runs / "a_again")
    changed("a_again", energy=energy, volume=1.001)
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert actions(outcomes)[:3] == [(*step, "recorded") for step in ALL]
    assert "that chain has 3 steps, this one 1" in reason_of(outcomes, "a_again")


@pytest.mark.parametrize("energy", [-0.01, 0.01])
def test_of_two_ends_that_nothing_follows_the_lower_is_taken(
    runs: Path, calculation: Calculation, tmp_path: Path, changed: Change, energy: float
) -> None:
    for name in ("static", "dos"):
        shutil.rmtree(runs / name)
    shutil.copytree(runs / "again", runs / "a_again")
    changed("a_again", energy=energy, volume=1.001)
    outcomes = collect(runs, calculation, tmp_path / "data")
    lower, higher = ("a_again", "again") if energy < 0 else ("again", "a_again")
    assert actions(outcomes)[0] == (lower, "relax", "recorded")
    (rival,) = outcomes[0].match.rivals
    assert rival == f"{runs / higher} fits too (E of this one +0.0100 eV per cell)"


def test_relaxations_that_do_not_move_are_one_chain(
    runs: Path, calculation: Calculation, tmp_path: Path
) -> None:
    for name in ("a_again", "z_again"):
        shutil.copytree(runs / "again", runs / name)
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert [o.action for o in outcomes] == ["recorded"] * 3
    assert len(outcomes[0].match.links) == 3
    assert outcomes[0].match.rivals == ()


def test_a_warning_of_what_is_recorded_is_shown(
    runs: Path, calculation: Calculation, tmp_path: Path, changed: Change
) -> None:
    changed("static", energy=0.32)
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert actions(outcomes) == [(*step, "recorded") for step in ALL]
    lines = "\n".join(lines_of(outcomes, write=True))
    assert "    warning: the static is +22.86 meV/atom from the last relax" in lines


def test_a_run_that_starts_at_a_planned_place_is_not_said_to_start_elsewhere(
    runs: Path, calculation: Calculation, tmp_path: Path
) -> None:
    early = runs / "early"
    inputs = structure_inputs(calculation.structure, calculation.settings, "static")
    write_vasp_inputs(inputs, early)
    edit(early / "INCAR", ISTART=0, ICHARG=2)
    vasp(early)
    other = shutil.copytree(runs / "dos", runs / "other")
    edit(other / "INCAR", ENCUT=600)
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert actions(outcomes)[:3] == [(*step, "recorded") for step in ALL]
    assert reason_of(outcomes, "early") == (
        "it starts at the planned start of x=1, but its ions do not move, and the "
        "plan has a relax there"
    )
    assert re.match(
        r"it starts where .*/(again|static) ended, but is not the (static|dos) that",
        reason_of(outcomes, "other"),
    )


def test_a_result_that_only_the_database_has_is_not_replaced(
    runs: Path, calculation: Calculation, tmp_path: Path
) -> None:
    class OfAnother:
        """A database with results that another process recorded."""

        root = tmp_path / "data"

        def get(self, *_: str) -> TaskDocument:
            assert own is not None
            return own.model_copy(update={"collected": None})

        def put(self, document: TaskDocument) -> None:
            pytest.fail(f"{document.task_label} was replaced")

    matches = found_in([runs], [calculation])
    own = next(m.document for m in matches if m.document is not None)
    store: Any = OfAnother()
    results = FileResults(tmp_path / "data")
    outcomes = list(recorded(matches, results, store, write=True))
    assert {o.action for o in outcomes if o.match.document} == {"kept"}
    assert not (tmp_path / "data").exists()


def test_runs_whose_path_no_record_can_hold_are_not_recorded(
    runs: Path, calculation: Calculation, tmp_path: Path
) -> None:
    odd = runs.rename(tmp_path / os.fsdecode(b"r\xff"))
    (found, *_) = collect(odd, calculation, tmp_path / "data")
    assert (found.action, found.reason) == (
        "refused",
        "its path is not UTF-8, and no record can hold it: rename it",
    )
    assert not (tmp_path / "data").exists()


def test_a_density_of_states_is_read_from_the_files_that_were_collected(
    runs: Path, calculation: Calculation, tmp_path: Path
) -> None:
    shutil.copy(TOP / "launchpad.yaml", tmp_path)
    collect(runs, calculation, tmp_path / "lnmo-data")
    results = open_results(tmp_path)
    assert len(results.pdos(1, smooth=0)) > 100
    path = runs / "dos" / "vasprun.xml"
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")
    with pytest.raises(ResultsError, match=r"vasprun\.xml changed since"):
        results.pdos(1, smooth=0)


def lnmo(place: Path, *words: str, code: int = 0) -> str:
    own = ("LNMO_", "FAKE_VASP_", "PMG_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(own)}
    command = {
        "LNMO_VASP_CMD": f"{sys.executable} {FAKE_VASP}",
        "LNMO_POLL_SECONDS": "0.1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "workflows.cli", *words],
        cwd=place,
        env={**kept, **command},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_collected_results_equal_those_of_a_run_to_the_digit(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for place in (here, there):
        place.mkdir()
        shutil.copy(TOP / "launchpad.yaml", place)
        (place / "c.yaml").write_text(yaml.safe_dump(CAMPAIGN), "utf-8")
    lnmo(here, "run", "c.yaml")
    lnmo(there, "write", "c.yaml", "-o", "inputs")
    (own,) = (p for p in (there / "inputs").iterdir() if p.is_dir())
    relax, again = own / "relax", own / "relax2"
    vasp(relax)
    again.mkdir()
    for name in ("INCAR", "KPOINTS", "POTCAR.spec", "WAVECAR"):
        shutil.copy(relax / name, again)
    shutil.copy(relax / "CONTCAR", again / "POSCAR")
    edit(again / "INCAR", ISTART=1, ICHARG=0)
    vasp(again)
    for step, before in (("static", again), ("dos", own / "static")):
        shutil.copy(again / "CONTCAR", own / step / "POSCAR")
        for left in ("WAVECAR", "CHGCAR"):
            if (before / left).exists():
                shutil.copy(before / left, own / step)
        vasp(own / step)
    told = lnmo(there, "collect", "inputs")
    assert "3 results found, nothing was recorded; to record: --record" in told
    assert "x=1 dos" in told
    lnmo(there, "collect", "inputs", "--record", "--dry-run")
    assert not (there / "lnmo-data" / "calculations").exists()
    assert "3 results recorded" in lnmo(there, "collect", "inputs", "--record")
    for table in ("series", "sites", "hull"):
        ask = ("results", "c.yaml", "--table", table, "--json")
        assert json.loads(lnmo(there, *ask)) == json.loads(lnmo(here, *ask))
    lnmo(there, "report", "c.yaml")
    assert (there / "report.html").is_file()
    # What is there is taken up by a run as its own, and not computed again.
    before = contents(there / "lnmo-data" / "calculations")
    lnmo(there, "run", "c.yaml")
    after = contents(there / "lnmo-data" / "calculations")
    assert {k: after[k] for k in before} == before
