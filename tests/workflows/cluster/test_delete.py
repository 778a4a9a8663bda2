"""Delete takes one campaign, and nothing outside the data directory."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fireworks import FWorker
from pymongo.errors import AutoReconnect

from tests.workflows.cluster.conftest import Site, running
from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign
from workflows.campaign.plan import plan
from workflows.cluster.repair import end_launch
from workflows.engines.claim import HOLDER, STARTED
from workflows.engines.orphans import MARK
from workflows.engines.process_start import start_of
from workflows.errors import StoreBusy, StoreError
from workflows.launchpad import delete as deletion
from workflows.launchpad.delete import (
    deletable,
    delete,
    first_recorded,
    submitted_kinds,
)
from workflows.launchpad.deleted import left_in_bin, put_back
from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.launchpad.launch_owner import LOCAL_RUN, this_process
from workflows.launchpad.recovery import retry_step
from workflows.launchpad.submission import submit
from workflows.records.database import Database
from workflows.records.document import TaskDocument
from workflows.records.mongo_store import COLLECTION


@pytest.fixture
def embedded(database: Database) -> Database:
    return Database(database.path, database.root, {"host": "embedded"})


@pytest.fixture
def directory(pad: EmbeddedLaunchPad, database: Database) -> Path:
    """The run directories of x = 1."""
    [found] = pad.workflows.find({"metadata.x": 1})
    place = database.root / "calculations" / found["metadata"]["calculation_id"]
    (place / "relax").mkdir(parents=True)
    return place


def test_a_campaign_goes_with_its_directories(
    pad: EmbeddedLaunchPad, embedded: Database, directory: Path
) -> None:
    found = deletable(pad, embedded.root, "paper")
    assert found["directories"] == [directory]
    delete(pad, embedded, found)
    assert not directory.exists()
    assert pad.get_fw_ids() == []
    assert pad.workflows.count_documents({}) == 0
    assert embedded.root.exists()


def test_what_another_campaign_shares_stays(
    pad: EmbeddedLaunchPad, embedded: Database, directory: Path, paper: Campaign
) -> None:
    other = paper.model_copy(update={"name": "other"})
    submit(pad, [c for c in plan(other) if c.x == 1])
    found = deletable(pad, embedded.root, "paper")
    assert directory.name in found["shared"]
    delete(pad, embedded, found)
    assert directory.exists()
    assert directory.name in deletable(pad, embedded.root, "other")["calculations"]


def test_what_was_recorded_before_this_launchpad_stays_until_it_is_asked_for(
    pad: EmbeddedLaunchPad, embedded: Database, directory: Path
) -> None:
    def recorded(at: datetime) -> dict[str, datetime]:
        made = {"formula": "Li", "state": "DONE", "engine": "vasp", "dir_name": "."}
        later = (at + timedelta(hours=1)).isoformat()
        of = {**made, "calculation_id": directory.name}
        return first_recorded(
            (
                TaskDocument(**of, task_label="static", completed_at=later),
                TaskDocument(**of, task_label="relax", completed_at=at.isoformat()),
                TaskDocument(**of, task_label="dos"),
            )
        )

    now = datetime.now(UTC)
    before = recorded(now - timedelta(minutes=30))
    found = deletable(pad, embedded.root, "paper", before)
    assert (found["older"], found["calculations"]) == ([directory.name], [])
    delete(pad, embedded, found)
    assert directory.exists()
    assert pad.workflows.count_documents({}) == 1
    after = recorded(now + timedelta(minutes=1))
    for times in (after, {}, None):
        found = deletable(pad, embedded.root, "paper", times)
        assert (found["older"], found["directories"]) == ([], [directory])


def test_what_the_campaign_does_not_plan_today_stays_until_it_is_asked_for(
    pad: EmbeddedLaunchPad, embedded: Database, directory: Path
) -> None:
    assert submitted_kinds(pad, "paper") == {"vasp": {1.0}}
    assert submitted_kinds(pad, "mine") == {}
    found = deletable(pad, embedded.root, "paper", planned={"0" * 12})
    assert (found["unplanned"], found["fw_ids"]) == ([directory.name], [])
    delete(pad, embedded, found)
    assert directory.exists()
    found = deletable(pad, embedded.root, "paper", planned={directory.name})
    assert (found["unplanned"], found["directories"]) == ([], [directory])


def test_another_campaign_is_not_touched(
    pad: EmbeddedLaunchPad, embedded: Database, calculations: tuple[Calculation, ...]
) -> None:
    before = pad.get_fw_ids()
    found = deletable(pad, embedded.root, "mine")
    assert (found["calculations"], found["directories"]) == ([], [])
    delete(pad, embedded, found)
    assert pad.get_fw_ids() == before


def test_nothing_that_runs_is_deleted(
    pad: EmbeddedLaunchPad, embedded: Database, site: Site, tmp_path: Path
) -> None:
    running(pad, site, tmp_path)
    with pytest.raises(StoreError, match=r"x=1 relax is RUNNING; first: lnmo cancel"):
        deletable(pad, embedded.root, "paper")


def cancelled(pad: EmbeddedLaunchPad) -> None:
    pad.fireworks.update_many({}, {"$set": {"state": "DEFUSED"}})


def test_a_cancelled_step_whose_job_has_not_ended_is_not_deleted(
    pad: EmbeddedLaunchPad, embedded: Database, site: Site, tmp_path: Path
) -> None:
    _, launch_id = running(pad, site, tmp_path)
    cancelled(pad)
    with pytest.raises(StoreError, match=r"DEFUSED, but its queue job has not ended"):
        deletable(pad, embedded.root, "paper")
    end_launch(pad, launch_id, "as lnmo reconcile --fix does")
    assert deletable(pad, embedded.root, "paper")["fw_ids"]


def test_a_cancelled_step_that_a_process_computes_is_not_deleted(
    pad: EmbeddedLaunchPad, embedded: Database
) -> None:
    owner = this_process()
    _, launch_id = pad.checkout_fw(FWorker(LOCAL_RUN, env=owner), "/")
    cancelled(pad)
    who = rf"lnmo run \(process {owner['pid']} on .*kill -9"
    with pytest.raises(StoreError, match=who):
        deletable(pad, embedded.root, "paper")
    at = {"launch_id": launch_id}
    pad.launches.update_one(at, {"$set": {"fworker.env.host": "n2"}})
    with pytest.raises(StoreError, match=r"on n2\) may still .*--dead"):
        deletable(pad, embedded.root, "paper")
    ended = {"fworker.env.host": socket.gethostname(), "fworker.env.started": "ended"}
    pad.launches.update_one(at, {"$set": ended})
    assert deletable(pad, embedded.root, "paper")["fw_ids"]


def test_a_step_that_lpad_took_from_a_living_run_is_not_deleted(
    pad: EmbeddedLaunchPad, embedded: Database
) -> None:
    firework, launch_id = pad.checkout_fw(FWorker(LOCAL_RUN, env=this_process()), "/")
    pad.rerun_fw(firework.fw_id)
    with pytest.raises(StoreError, match="is READY, but lnmo run"):
        deletable(pad, embedded.root, "paper")
    unknown = {"$set": {"fworker.env.host": "n2"}}
    pad.launches.update_one({"launch_id": launch_id}, unknown)
    assert deletable(pad, embedded.root, "paper")["fw_ids"], "given up, maybe dead"


def test_nothing_is_deleted_below_an_engine_that_still_runs(
    pad: EmbeddedLaunchPad, embedded: Database, directory: Path
) -> None:
    mark = {MARK: str((directory / "relax").resolve())}
    with subprocess.Popen(["sleep", "60"], env={**os.environ, **mark}) as process:
        with pytest.raises(StoreError, match=f"process {process.pid} still computes"):
            deletable(pad, embedded.root, "paper")
        process.kill()
    assert deletable(pad, embedded.root, "paper")["directories"] == [directory]


def test_what_a_killed_run_left_in_an_embedded_launchpad_can_be_deleted(
    pad: EmbeddedLaunchPad, embedded: Database, directory: Path
) -> None:
    pad.checkout_fw(FWorker(), "/")
    found = deletable(pad, embedded.root, "paper", alone=True)
    pad.return_lost()
    delete(pad, embedded, found)
    assert not directory.exists()


def test_a_link_out_of_the_data_directory_is_refused(
    pad: EmbeddedLaunchPad, embedded: Database, directory: Path, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    directory.rename(precious)
    directory.symlink_to(precious)
    with pytest.raises(StoreError, match="leads outside the data directory"):
        deletable(pad, embedded.root, "paper")
    assert (precious / "relax").exists()


def test_where_one_directory_cannot_go_nothing_is_deleted(
    pad: EmbeddedLaunchPad,
    embedded: Database,
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = directory.with_name("f" * 12)
    other.mkdir()
    move = Path.rename

    def refusing(path: Path, to: Path) -> Path:
        if path == other:
            raise PermissionError(13, "Permission denied", str(path))
        return move(path, to)

    monkeypatch.setattr(Path, "rename", refusing)
    before = pad.get_fw_ids()
    found = deletable(pad, embedded.root, "paper")
    found["directories"].append(other)
    with pytest.raises(StoreError, match=f"{other}: cannot be moved.*nothing was del"):
        delete(pad, embedded, found)
    assert (directory / "relax").is_dir()
    assert pad.get_fw_ids() == before
    assert not (embedded.root / "deleted").exists()


def test_what_cannot_be_removed_is_named_and_goes_with_the_next_deletion(
    pad: EmbeddedLaunchPad,
    embedded: Database,
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refusing(path: Path) -> None:
        if path.exists():
            raise PermissionError(13, "Permission denied", str(path / "relax"))
        raise FileNotFoundError

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", refusing)
        with pytest.raises(
            StoreError, match=r"deleted/.*: what was deleted lies there"
        ):
            delete(pad, embedded, deletable(pad, embedded.root, "paper"))
    assert pad.get_fw_ids() == []
    assert not directory.exists()
    assert left_in_bin(embedded, pad) == []
    assert put_back(embedded, pad, also=[directory.name]) == [], "a half of it is left"
    delete(pad, embedded, deletable(pad, embedded.root, "paper"))
    assert not (embedded.root / "deleted").exists()


@pytest.fixture
def flow(directory: Path) -> Iterator[Path]:
    """A process outside of the LaunchPad that computes the step, as jobflow's."""
    with subprocess.Popen(["sleep", "60"]) as process:
        token = {
            "token": "theirs",
            "host": socket.gethostname(),
            "pid": process.pid,
            "since": "2026-11-30T12:00:00+00:00",
            STARTED: start_of(process.pid),
        }
        holder = directory / f".relax{HOLDER}"
        holder.write_text(json.dumps(token))
        yield directory / "relax"
        process.kill()


def test_a_step_that_a_flow_computes_is_not_deleted_nor_set_aside(
    pad: EmbeddedLaunchPad, embedded: Database, flow: Path
) -> None:
    for change in (
        lambda: deletable(pad, embedded.root, "paper"),
        lambda: retry_step(flow),
    ):
        with pytest.raises(StoreBusy, match=r"has been running this step since 2026"):
            change()
    assert flow.is_dir()
    assert pad.workflows.count_documents({}) == 1


def test_a_step_that_is_checked_out_meanwhile_keeps_all_of_the_campaign(
    pad: EmbeddedLaunchPad, database: Database, directory: Path
) -> None:
    found = deletable(pad, database.root, "paper")
    firework, _ = pad.checkout_fw(FWorker(), "/")
    before = {f["fw_id"]: f["state"] for f in pad.fireworks.find({})}
    assert before[firework.fw_id] == "RUNNING"
    with pytest.raises(StoreError, match=r"is RUNNING, but .* may still compute it"):
        delete(pad, database, found)
    assert {f["fw_id"]: f["state"] for f in pad.fireworks.find({})} == before
    assert directory.is_dir()


def test_nothing_is_checked_out_while_directories_are_moved(
    pad: EmbeddedLaunchPad,
    database: Database,
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = deletable(pad, database.root, "paper")
    seen = []

    def look(*_: object) -> None:
        seen.append(pad.checkout_fw(FWorker(), "/"))
        raise StoreError("the disk refuses")

    monkeypatch.setattr("workflows.launchpad.deleted.Bin._move", look)
    with pytest.raises(StoreError, match="the disk refuses"):
        delete(pad, database, found)
    assert seen == [(None, None)]
    firework, _ = pad.checkout_fw(FWorker(), "/")
    assert firework.state == "RUNNING", "it is READY again"


@pytest.mark.parametrize("kind", ["embedded", "mongodb"])
@pytest.mark.parametrize(
    "error", [StoreError("no space left"), AutoReconnect("away"), KeyboardInterrupt()]
)
def test_results_come_back_where_the_launchpad_does_not_forget_them(
    pad: EmbeddedLaunchPad,
    embedded: Database,
    database: Database,
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    error: BaseException,
) -> None:
    def fails(*_: object) -> None:
        raise error

    (directory / "relax" / "OUTCAR").write_text("a week of work\n")
    before = {f["fw_id"]: f["state"] for f in pad.fireworks.find()}
    own = embedded if kind == "embedded" else database
    found = deletable(pad, own.root, "paper")
    monkeypatch.setattr(deletion, "forget", fails)
    with pytest.raises(type(error)):
        delete(pad, own, found)
    assert (directory / "relax" / "OUTCAR").read_text() == "a week of work\n"
    assert not (own.root / "deleted").exists()
    monkeypatch.undo()
    saved = EmbeddedLaunchPad(pad.path, writable=False)
    if kind == "embedded":  # of a MongoDB, some may be gone
        assert {f["fw_id"]: f["state"] for f in saved.fireworks.find()} == before
    delete(pad, own, found)
    assert not directory.exists()
    assert pad.get_fw_ids() == []


def test_a_deletion_on_a_mongodb_that_is_killed_is_repeated_whole(
    pad: EmbeddedLaunchPad,
    database: Database,
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What says what is there goes last: the documents that tables read go first."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    documents = pad.db[COLLECTION]
    documents.insert_one({"calculation_id": directory.name, "task_label": "relax"})
    found = deletable(pad, database.root, "paper")
    monkeypatch.setattr(pad.workflows, "delete_many", killed)
    with pytest.raises(KeyboardInterrupt):
        delete(pad, database, found)
    monkeypatch.undo()
    assert documents.count_documents({}) == 0
    assert deletable(pad, database.root, "paper")["calculations"]
    delete(pad, database, deletable(pad, database.root, "paper"))
    assert pad.workflows.count_documents({}) == 0
    assert not directory.exists()


def test_the_summaries_of_what_is_deleted_go_with_it(
    pad: EmbeddedLaunchPad, embedded: Database, directory: Path
) -> None:
    summaries = embedded.root / "summaries"
    summaries.mkdir()
    for name in (f"{directory.name}-relax.json", f"{directory.name}-dos.4711"):
        (summaries / name).touch()
    (summaries / "0123456789ab-relax.json").touch()
    delete(pad, embedded, deletable(pad, embedded.root, "paper"))
    assert [each.name for each in summaries.iterdir()] == ["0123456789ab-relax.json"]


def test_a_metal_stays_as_long_as_a_cell_of_a_campaign_of_the_same_name(
    pad: EmbeddedLaunchPad,
    embedded: Database,
    calculations: tuple[Calculation, ...],
    paper: Campaign,
) -> None:
    both = paper.model_copy(update={"lithium_reference": True})
    metal = next(c for c in plan(both.override(x=[1])) if c.reference)
    [mine] = [c for c in calculations if c.x == 0]
    [theirs] = [c for c in calculations if c.x == 1]
    submit(pad, [metal, mine])
    found = deletable(pad, embedded.root, "paper", planned={metal.id, mine.id})
    assert (found["needed"], found["unplanned"]) == ([metal.id], [theirs.id])
    assert found["calculations"] == [mine.id]
    delete(pad, embedded, found)
    found = deletable(pad, embedded.root, "paper", planned={metal.id, theirs.id})
    assert (found["needed"], found["unplanned"]) == ([], [])
    assert set(found["calculations"]) == {metal.id, theirs.id}


def test_what_a_deletion_of_before_left_goes_back_too(
    pad: EmbeddedLaunchPad, embedded: Database, directory: Path
) -> None:
    left = embedded.root / "deleted"
    left.mkdir()
    directory.rename(left / f"0-{directory.name}")
    number = pad.get_fw_ids()[0]
    (left / f"1-{number}").mkdir()
    (left / f"2-{'0' * 12}").mkdir()
    assert {each.cure[:8] for each in left_in_bin(embedded, pad)} == {
        "lnmo run",
        "submit i",
    }
    assert len(put_back(embedded, pad)) == 2
    assert (directory / "relax").is_dir()
    assert (embedded.root / "queue" / str(number)).is_dir()
    assert [each.name for each in left.iterdir()] == [f"2-{'0' * 12}"]
    delete(pad, embedded, deletable(pad, embedded.root, "mine"))
    assert not left.exists()
    assert (directory / "relax").is_dir()


def test_a_bin_that_is_a_link_out_of_the_data_directory_is_refused(
    pad: EmbeddedLaunchPad, embedded: Database, directory: Path, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    (precious / "deletion-1" / directory.name / "calculations").mkdir(parents=True)
    (embedded.root / "deleted").symlink_to(precious)
    assert put_back(embedded, pad) == []
    with pytest.raises(StoreError, match="leads outside the data directory"):
        delete(pad, embedded, deletable(pad, embedded.root, "paper"))
    assert (directory / "relax").is_dir()
    assert (precious / "deletion-1" / directory.name / "calculations").is_dir()
