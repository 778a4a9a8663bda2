"""A MongoDB that has lost its copies of the records gets them again."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fireworks import LaunchPad

from tests import forked
from workflows import firetasks
from workflows.campaign.calculation import Calculation
from workflows.cluster.overview import Overview, overview
from workflows.cluster.reconcile import reconcile
from workflows.engines.claim import Superseded
from workflows.firetasks import copy_document, copy_if_current
from workflows.launchpad.copies import copy_again, lost_copies
from workflows.launchpad.opening import owned
from workflows.launchpad.steps import fireworks_of
from workflows.launchpad.submission import submit
from workflows.records.database import Database
from workflows.records.document import State, TaskDocument
from workflows.records.file_store import FileResults
from workflows.records.mongo_store import COLLECTION, MongoResults
from workflows.records.run_file import write_run_file
from workflows.records.store import RecordsLost, results_store

Make = Callable[..., TaskDocument]
Lose = Callable[[Any], object]

LOSSES: dict[str, Lose] = {
    "the collection was dropped": lambda copies: copies.drop(),
    "a document was deleted": lambda copies: copies.delete_one(copies.find_one()),
    "an older energy": lambda copies: copies.update_one({}, {"$set": {"energy": -1.0}}),
    "an older state": lambda copies: copies.update_many(
        {}, {"$set": {"state": "TRUNCATED", "reason": "cut"}}
    ),
    "of another calculation": lambda copies: copies.update_one(
        {}, {"$set": {"calculation_id": "none"}}
    ),
}


@pytest.fixture
def one(calculations: tuple[Calculation, ...]) -> Calculation:
    """A relaxation and a static."""
    return next(c for c in calculations if len(c.steps) == 2)


@pytest.fixture
def pad(database: Database, one: Calculation, finished: Make) -> Iterator[LaunchPad]:
    """One finished calculation, recorded and copied."""
    with owned(database) as (launchpad, _):
        submit(launchpad, [one])
        launchpad.fireworks.update_many({}, {"$set": {"state": "COMPLETED"}})
        for number in launchpad.get_fw_ids():
            done = {"$set": {f"fw_states.{number}": "COMPLETED"}}
            launchpad.workflows.update_one({"nodes": number}, done)
        store = FileResults(database.root)
        for step in one.steps:
            place = store.directory(one.id, step)
            place.mkdir(parents=True)
            write_run_file(place, one, step, collected={})
            store.put(finished(one, step, settings={}))
            copy_document(launchpad, database.root, _spec(one, step))
        yield launchpad


def _spec(one: Calculation, step: str) -> dict[str, str]:
    return {"calculation_id": one.id, "step": step}


def _copies(pad: LaunchPad) -> list[dict[str, Any]]:
    found = pad.db[COLLECTION].find({}, {"_id": 0, "summary.version": 0})
    return sorted(found, key=lambda each: str(each["task_label"]))


def _shown(pad: LaunchPad, database: Database) -> Overview:
    return overview(pad, database, {}, None)


def test_whole_copies_are_no_trouble(pad: LaunchPad, database: Database) -> None:
    assert lost_copies(pad, database.root, fireworks_of(pad)) == []
    assert _shown(pad, database).problems == []
    assert reconcile(pad, database, None, fix=True) == []


@pytest.mark.parametrize("how", LOSSES)
def test_status_names_a_lost_copy_and_reconcile_makes_it_again(
    how: str, pad: LaunchPad, database: Database
) -> None:
    whole = _copies(pad)
    LOSSES[how](pad.db[COLLECTION])
    lost = lost_copies(pad, database.root, fireworks_of(pad))
    assert lost
    shown = _shown(pad, database)
    assert sum(s["state"] == "FIZZLED" for s in shown.steps) == len(lost)
    assert {p.action for p in shown.problems} == {
        "lnmo reconcile --fix copies it again"
    }
    before = _copies(pad)
    asked = reconcile(pad, database, None, fix=False)
    assert [(r.action, r.done) for r in asked] == [("copy", False)] * len(lost)
    assert _copies(pad) == before
    done = reconcile(pad, database, None, fix=True)
    assert [(r.action, r.done) for r in done] == [("copy", True)] * len(lost)
    assert [c for c in _copies(pad) if c["calculation_id"] != "none"] == whole
    assert _shown(pad, database).problems == []


def test_a_run_copies_the_records_again_before_it_shows_its_table(
    pad: LaunchPad, database: Database, one: Calculation
) -> None:
    whole = _copies(pad)
    pad.db[COLLECTION].drop()
    place = database.path.parent
    env = {"PATH": "/usr/bin:/bin", "HOME": str(place), "LNMO_VASP_CMD": "false"}
    ran = forked.lnmo("run", cwd=place, env=env)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 records were missing in the database, and were copied" in ran.stderr
    assert _copies(pad) == whole
    told = forked.lnmo("results", "--table", "runs", "--json", cwd=place, env=env)
    states = [row["state"] for row in json.loads(told.stdout)["rows"]]
    assert states == ["DONE"] * len(one.steps)


@pytest.mark.parametrize("verb", [("results",), ("results", "--table", "runs")])
def test_a_table_that_lacks_finished_steps_says_so(
    pad: LaunchPad, database: Database, verb: tuple[str, ...]
) -> None:
    place = database.path.parent
    env = {"PATH": "/usr/bin:/bin", "HOME": str(place)}
    assert "no record" not in forked.lnmo(*verb, cwd=place, env=env).stderr
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results_store(database)
    pad.db[COLLECTION].delete_one({})
    told = forked.lnmo(*verb, cwd=place, env=env)
    assert "1 finished step has no record in the database" in told.stderr
    with pytest.warns(RecordsLost, match="lnmo reconcile --fix"):
        results_store(database)


def test_steps_of_an_older_launchpad_take_their_results_from_the_records(
    pad: LaunchPad, database: Database
) -> None:
    pad.fireworks.update_many({}, {"$set": {"state": "FIZZLED"}})
    place = database.path.parent
    env = {"PATH": "/usr/bin:/bin", "HOME": str(place), "LNMO_VASP_CMD": "false"}
    ran = forked.lnmo("run", cwd=place, env=env)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 step is READY again" in ran.stderr  # what follows it waits
    assert {step["state"] for step in fireworks_of(pad)} == {"COMPLETED"}


def test_reconcile_takes_up_a_failed_step_whose_record_has_a_result(
    pad: LaunchPad, database: Database
) -> None:
    pad.fireworks.update_one({"spec.step": "static"}, {"$set": {"state": "FIZZLED"}})
    (asked,) = reconcile(pad, database, None, fix=False)
    assert (asked.action, asked.done) == ("retry", False)
    (told,) = reconcile(pad, database, None, fix=True)
    assert (told.action, told.done) == ("retry", True)
    states = {step["step"]: step["state"] for step in fireworks_of(pad)}
    assert states == {"relax": "COMPLETED", "static": "READY"}
    assert reconcile(pad, database, None, fix=True) == []


def test_the_record_of_a_failure_is_copied_again_too(
    pad: LaunchPad, database: Database, one: Calculation, finished: Make
) -> None:
    failed = finished(one, "static", settings={}, state=State.FAILED, reason="EDDDAV")
    FileResults(database.root).put(failed)
    pad.fireworks.update_one({"spec.step": "static"}, {"$set": {"state": "FIZZLED"}})
    (step,) = lost_copies(pad, database.root, fireworks_of(pad))
    assert copy_again(pad, database.root, step)
    assert [c["state"] for c in _copies(pad)] == ["DONE", "FAILED"]


@pytest.mark.parametrize("state", ["READY", "RUNNING", "WAITING", "DEFUSED"])
def test_a_step_that_has_not_ended_has_no_copy_to_lose(
    pad: LaunchPad, database: Database, state: str
) -> None:
    pad.db[COLLECTION].drop()
    pad.fireworks.update_many({}, {"$set": {"state": state}})
    assert lost_copies(pad, database.root, fireworks_of(pad)) == []


def test_a_failed_step_gets_no_copy_of_a_result(
    pad: LaunchPad, database: Database
) -> None:
    pad.db[COLLECTION].drop()
    pad.fireworks.update_many({}, {"$set": {"state": "FIZZLED"}})
    assert lost_copies(pad, database.root, fireworks_of(pad)) == []


def test_a_step_taken_up_again_meanwhile_is_left_alone(
    pad: LaunchPad, database: Database
) -> None:
    pad.db[COLLECTION].drop()
    lost = lost_copies(pad, database.root, fireworks_of(pad))
    pad.fireworks.update_many({}, {"$set": {"state": "RUNNING"}})
    assert [copy_again(pad, database.root, step) for step in lost] == [False, False]
    assert _copies(pad) == []


def test_a_damaged_record_is_not_copied_and_status_says_what_is_wrong(
    pad: LaunchPad, database: Database, one: Calculation
) -> None:
    pad.db[COLLECTION].delete_one({"task_label": "static"})
    path = FileResults(database.root).directory(one.id, "static") / "task_document.json"
    path.write_text(path.read_text().replace('"bandgap": 0.5', '"bandgap": 0.9'))
    assert lost_copies(pad, database.root, fireworks_of(pad)) == []
    (told,) = _shown(pad, database).problems
    assert "its record is FAILED: " in told.reason


def test_a_finished_step_without_copy_or_directory_is_not_finished(
    pad: LaunchPad, database: Database
) -> None:
    calculations = database.root / "calculations"
    calculations.rename(calculations.with_name("elsewhere"))
    assert _shown(pad, database).problems == [], "the tables have all of it"
    pad.db[COLLECTION].delete_one({"task_label": "static"})
    (told,) = _shown(pad, database).problems
    assert "the database has no record of it, and this machine has no" in told.reason
    assert "lnmo rerun --fw-id" in told.action


@pytest.mark.parametrize("left", ["nothing", "RUNNING", "PLANNED"])
def test_a_finished_step_whose_record_is_lost_is_taken_again_by_its_number(
    pad: LaunchPad, database: Database, one: Calculation, left: str
) -> None:
    path = FileResults(database.root).directory(one.id, "static") / "task_document.json"
    if left == "nothing":
        path.unlink()
    else:
        plain = json.loads(path.read_text())
        plain.pop("sha256")
        path.write_text(json.dumps({**plain, "state": left, "reason": "it runs"}))
    (told,) = _shown(pad, database).problems
    place = database.path.parent
    env = {"PATH": "/usr/bin:/bin", "HOME": str(place)}
    command = told.action[told.action.index("lnmo rerun") :].split()
    whole = forked.lnmo("rerun", "--id", one.id, cwd=place, env=env)
    assert "nothing to run again" in whole.stdout
    done = forked.lnmo(*command[1:], cwd=place, env=env)
    assert (done.returncode, "READY again" in done.stdout) == (0, True), done.stdout
    states = {step["step"]: step["state"] for step in fireworks_of(pad)}
    assert states == {"relax": "COMPLETED", "static": "READY"}


def test_a_launch_that_is_abandoned_while_it_reads_its_record_copies_nothing(
    pad: LaunchPad,
    database: Database,
    one: Calculation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pad.db[COLLECTION].drop()
    pad.fireworks.update_many({}, {"$set": {"launches": [7]}})
    (fw_id,) = (s["fw_id"] for s in fireworks_of(pad) if s["step"] == "static")
    own = {"fw_id": fw_id, "launch_id": 7}
    read = FileResults.get

    def stopped(self: FileResults, *key: str) -> TaskDocument | None:
        found = read(self, *key)  # then the machine sleeps, and another takes the step
        pad.fireworks.update_many({}, {"$set": {"launches": [8]}})
        return found

    with monkeypatch.context() as during:
        during.setattr(firetasks.FileResults, "get", stopped)
        with pytest.raises(Superseded, match="another launch took step"):
            copy_if_current(pad, database.root, _spec(one, "static"), **own)
    assert _copies(pad) == []
    copy_if_current(pad, database.root, _spec(one, "static"), fw_id=fw_id, launch_id=8)
    assert len(_copies(pad)) == 1


@pytest.mark.parametrize("earlier", [True, False], ids=["replaced", "added"])
def test_a_copy_that_a_successor_wrote_after_the_last_question_stays(
    pad: LaunchPad, one: Calculation, finished: Make, earlier: bool
) -> None:
    """The process was stopped right behind the question, and wakes."""
    copies = pad.db[COLLECTION]
    if not earlier:
        copies.delete_many({})
    store, asked = MongoResults(copies), []
    later = finished(one, "relax", settings={}, energy=-2.0)

    def stopped() -> None:
        asked.append(len(asked))
        if len(asked) > 1:
            raise Superseded("another worker has it")
        store.put(later)

    with pytest.raises(Superseded):
        store.put(finished(one, "relax", settings={}, energy=-1.0), confirm=stopped)
    assert asked == [0, 1]
    assert store.get(one.id, "relax") == later
    assert copies.count_documents({"task_label": "relax"}) == 1
