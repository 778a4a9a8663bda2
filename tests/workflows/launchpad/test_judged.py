"""Status believes the records, as the tables do, and not the LaunchPad alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import forked
from workflows.campaign.calculation import Calculation
from workflows.cluster.overview import Overview, overview
from workflows.launchpad.judged import judgements
from workflows.launchpad.opening import owned, reading
from workflows.launchpad.recovery import unrecorded
from workflows.launchpad.steps import fireworks_of
from workflows.launchpad.submission import submit
from workflows.records.database import Database
from workflows.records.document import State, TaskDocument
from workflows.records.file_store import FileResults
from workflows.records.run_file import write_run_file

Make = Callable[..., TaskDocument]


@pytest.fixture
def two(calculations: tuple[Calculation, ...]) -> list[Calculation]:
    """Both of two steps: a relaxation and a static."""
    return [c for c in calculations if len(c.steps) == 2][:2]


@pytest.fixture
def database(tmp_path: Path, two: list[Calculation], finished: Make) -> Database:
    """Two finished calculations."""
    (tmp_path / "launchpad.yaml").write_text("host: embedded\n")
    found = Database(
        tmp_path / "launchpad.yaml", tmp_path / "lnmo-data", {"host": "embedded"}
    )
    with owned(found) as (pad, _):
        submit(pad, two)
        pad.fireworks.update_many({}, {"$set": {"state": "COMPLETED"}})
        pad.save()
    store = FileResults(found.root)
    for calculation in two:
        for step in calculation.steps:
            place = store.directory(calculation.id, step)
            place.mkdir(parents=True)
            write_run_file(place, calculation, step, collected={})
            store.put(finished(calculation, step, settings={}))
    return found


def shown(database: Database) -> Overview:
    with reading(database) as pad:
        return overview(pad, database, {}, None)


def wrong(found: Overview) -> dict[str, str]:
    return {
        f"{s['calculation_id']} {s['step']}": str(s["state"])
        for s in found.steps
        if s["state"] != "COMPLETED"
    }


def test_sound_records_are_no_trouble(database: Database) -> None:
    found = shown(database)
    assert wrong(found) == {}
    assert found.problems == []


def test_swapped_directories_are_failed_with_the_command_that_cures(
    database: Database, two: list[Calculation]
) -> None:
    first, second = (database.root / "calculations" / c.id for c in two)
    aside = first.with_name("aside.tmp")
    first.rename(aside)
    second.rename(first)
    aside.rename(second)
    found = shown(database)
    steps = [f"{c.id} {step}" for c in two for step in c.steps]
    assert wrong(found) == dict.fromkeys(steps, "FIZZLED")
    assert all("it was copied here" in each.reason for each in found.problems)
    places = [str(database.root / "calculations" / s.replace(" ", "/")) for s in steps]
    assert sorted(each.action for each in found.problems) == sorted(
        f"mv {p} {p}.wrong-1, then: lnmo run" for p in places
    )


def test_an_edited_record_is_failed_and_its_file_is_renamed(
    database: Database, two: list[Calculation], tmp_path: Path
) -> None:
    one = two[0]
    path = FileResults(database.root).directory(one.id, "static") / "task_document.json"
    path.write_text(path.read_text().replace('"bandgap": 0.5', '"bandgap": 0.9'))
    found = shown(database)
    assert wrong(found) == {f"{one.id} static": "FIZZLED"}
    (told,) = found.problems
    assert "its record is FAILED: " in told.reason
    assert told.action == f"mv {path} {path}.wrong-1, then: lnmo run"
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LNMO_VASP_CMD": "false"}
    asked = forked.lnmo("status", cwd=tmp_path, env=env)
    assert asked.returncode == 0  # a verb that reads
    assert "2 calculations, 1 finished" in asked.stdout
    assert "! " in asked.stdout
    ran = forked.lnmo("run", cwd=tmp_path, env=env)
    assert ran.returncode == 1, ran.stdout
    assert "1 step is finished, but its record is refused" in ran.stdout
    rows = forked.lnmo("results", "--table", "runs", "--json", cwd=tmp_path, env=env)
    assert rows.returncode == 0  # a verb that reads
    states = [row["state"] for row in json.loads(rows.stdout)["rows"]]
    assert states.count("FAILED") == 1


@pytest.mark.parametrize("gone", ["", "task_document.json"])
def test_a_step_without_its_record_is_shown_as_the_next_run_makes_it(
    database: Database, two: list[Calculation], gone: str
) -> None:
    place = FileResults(database.root).directory(two[0].id, "relax")
    if gone:
        (place / gone).unlink()
    else:
        shutil.rmtree(place)
    found = shown(database)
    assert wrong(found) == {f"{two[0].id} relax": "READY"}
    (told,) = found.problems
    assert "but its record is gone" in told.reason
    assert str(place) in told.reason
    assert told.action.endswith(": lnmo run")


@pytest.mark.parametrize("state", [State.RUNNING, State.PLANNED])
def test_a_record_that_says_the_run_goes_on_is_no_end_of_a_step(
    database: Database, two: list[Calculation], finished: Make, state: State
) -> None:
    late = finished(two[0], "relax", settings={}, state=state, reason="VASP is running")
    path = database.root / str(late.dir_name) / "task_document.json"
    path.write_text(late.model_dump_json())  # by an earlier version
    found = shown(database)
    assert wrong(found) == {f"{two[0].id} relax": "READY"}
    (told,) = found.problems
    assert f"but its record is {state}" in told.reason
    assert told.action.endswith(": lnmo run")
    with owned(database) as (pad, _):
        (again,) = unrecorded(database.root, fireworks_of(pad))
        assert pad.get_fw_by_id(again).name == told.name


def test_of_a_mongodb_only_what_ran_here_is_judged(
    database: Database, two: list[Calculation]
) -> None:
    root = database.root
    away, here = two
    shutil.rmtree(root / "calculations" / away.id)
    shutil.rmtree(root / "calculations" / here.id / "relax")
    mongo = Database(database.path, root, {"host": "example"})
    with reading(database) as pad:
        steps = overview(pad, database, {}, None).steps
    done = [{**step, "state": "COMPLETED"} for step in steps]
    (found,) = judgements(mongo, done).items()
    fw_id, own = found
    assert own.state == "FIZZLED"
    assert own.cure.endswith(f"lnmo rerun --fw-id {fw_id}")
