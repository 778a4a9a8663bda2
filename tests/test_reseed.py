"""Re-seeds as a user meets them: a run, its tables, its status, a kill, a deletion.

Only VASP is another program; on request it gives all Mn the same moment at x = 2.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.test_end_to_end import Project, project
from workflows import open_results
from workflows.records.document import TaskDocument

WRONG = {"FAKE_VASP_FAIL": "wrong_valence"}


def made(place: Path, reseed: int, **vasp: Any) -> Project:
    keys = {"steps": ["static"], "reseed": reseed, **vasp}
    return project(place / "two", x=(2.0,), start={"single": True}, **keys)


def documents(found: Project) -> dict[int, TaskDocument]:
    """Return the static documents by the number of the re-seed; 0 is the planned."""
    recorded = open_results(found.place).documents()
    statics = [d for d in recorded if d.task_label == "static"]
    numbered = {d.ordering.get("reseed", 0): d for d in statics}
    assert len(numbered) == len(statics)
    return numbered


def shown(found: Project, *options: str) -> set[str | None]:
    """Return the calculations that ``lnmo status`` lists."""
    listed = json.loads(found.lnmo("status", *options, "--json").stdout)
    return {step["calculation_id"] for step in listed}


def wrong(document: TaskDocument) -> bool:
    return bool({f.id for f in document.findings} & {"wrong_valence", "symmetrised"})


def test_a_wrong_valence_is_started_once_more_and_the_cured_one_gives_the_row(
    tmp_path: Path,
) -> None:
    two = made(tmp_path, 1)
    once = str(two.place / "once")
    ran = two.lnmo("run", "c.yaml", **WRONG, FAKE_VASP_FAIL_ONCE=once)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    first, again = documents(two)[0], documents(two)[1]
    assert (wrong(first), wrong(again)) == (True, False)
    assert again.ordering["reseed_of"] == first.calculation_id
    assert "reseed 1 static started" in ran.stdout
    (row,) = json.loads(two.lnmo("results", "c.yaml", "--json").stdout)
    assert row["calculation_id"] == again.calculation_id
    assert float(again.energy or 0) < float(first.energy or 0)
    assert (row["n_orderings"], row["n_planned"]) == (2, 2)
    assert set(two.states().values()) == {"COMPLETED"}
    assert len(two.states()) == 2
    assert shown(two, "c.yaml") == {first.calculation_id, again.calculation_id}
    assert shown(two, "--id", str(first.calculation_id)) == shown(two)
    assert shown(two, "--id", str(again.calculation_id)) == {again.calculation_id}
    assert shown(two, "c.yaml", "--x", "1") == set()


def test_without_the_key_there_is_none(tmp_path: Path) -> None:
    two = made(tmp_path, 0)
    assert two.lnmo("run", "c.yaml", **WRONG).returncode == 0
    assert [wrong(d) for d in documents(two).values()] == [True]


def test_a_failure_that_persists_ends_at_the_bound(tmp_path: Path) -> None:
    two = made(tmp_path, 2)
    ran = two.lnmo("run", "c.yaml", **WRONG)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = documents(two)
    assert {n: wrong(d) for n, d in found.items()} == {0: True, 1: True, 2: True}
    assert len(two.ledger("start")) == 3
    again = two.lnmo("run", "c.yaml", **WRONG)
    assert again.returncode == 0
    assert len(two.ledger("start")) == 3


def test_a_lost_record_adds_no_second_reseed(tmp_path: Path) -> None:
    two = made(tmp_path, 1)
    assert two.lnmo("run", "c.yaml", **WRONG).returncode == 0
    first = documents(two)[0]
    (two.data / first.dir_name / "task_document.json").unlink()
    again = two.lnmo("run", "c.yaml", **WRONG)
    assert again.returncode == 0, again.stdout + again.stderr
    assert sorted(documents(two)) == [0, 1]
    assert len(two.states()) == 2


def test_a_run_killed_in_the_reseed_goes_on_with_it(tmp_path: Path) -> None:
    two = made(tmp_path, 1)
    once = str(two.place / "once")
    slow = {**WRONG, "FAKE_VASP_FAIL_ONCE": once, "FAKE_VASP_SECONDS": "2"}
    owner = two.start("run", "c.yaml", **slow)
    two.wait_for("start", more_than=1)
    two.kill_everything()
    owner.communicate()
    again = two.lnmo("run", "c.yaml")
    assert again.returncode == 0, again.stdout + again.stderr
    assert {n: wrong(d) for n, d in documents(two).items()} == {0: True, 1: False}


def test_a_campaign_is_deleted_with_its_reseeds(tmp_path: Path) -> None:
    two = made(tmp_path, 1)
    assert two.lnmo("run", "c.yaml", **WRONG).returncode == 0
    gone = two.lnmo("delete", "c.yaml", "--yes")
    assert gone.returncode == 0, gone.stderr
    assert list((two.data / "calculations").iterdir()) == []
    assert two.states() == {}


def test_the_density_of_states_waits_for_the_reseed(tmp_path: Path) -> None:
    two = made(tmp_path, 1, dos_at=[2.0])
    ran = two.lnmo("run", "c.yaml", **WRONG)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    ended = [
        line.partition(" ended")[0]
        for line in ran.stdout.splitlines()
        if " ended" in line
    ]
    assert [("reseed" in name, name.split()[-1]) for name in ended] == [
        *((False, "static"), (True, "static")),
        *((True, "dos"), (False, "dos")),
    ]
