"""Runs made elsewhere, by hand and with another program, become results once."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tests.collect.by_hand import (
    ALL,
    CAMPAIGN,
    actions,
    chain_by_hand,
    collect,
    contents,
    edit,
    vasp,
)
from tests.places import FAKE_VASP, TOP
from workflows import open_results
from workflows.campaign.calculation import Calculation
from workflows.engines.collect import found_in, recorded
from workflows.engines.machine import Machine
from workflows.engines.step import run_step
from workflows.engines.vasp import fits as fits_module
from workflows.errors import ResultsError, StoreError
from workflows.records.document import TaskDocument
from workflows.records.file_store import FileResults
from workflows.vasp.run_files import VaspFiles


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
