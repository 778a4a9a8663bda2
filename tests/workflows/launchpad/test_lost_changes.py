"""What a disk lost of the LaunchPad: told, and made good by the recorded documents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import forked
from workflows.campaign.calculation import Calculation
from workflows.cluster.overview import overview
from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.launchpad.opening import owned, reading
from workflows.launchpad.submission import submit
from workflows.records.database import Database
from workflows.records.document import State, TaskDocument
from workflows.records.file_store import FileResults
from workflows.records.run_file import write_run_file

Make = Callable[..., TaskDocument]
JOURNAL = "launchpad.1.jsonl"


@pytest.fixture
def one(calculations: tuple[Calculation, ...]) -> Calculation:
    return next(c for c in calculations if c.x == 1)


@pytest.fixture
def database(tmp_path: Path, one: Calculation) -> Database:
    """A campaign of one calculation; the first change after it is in the journal."""
    (tmp_path / "launchpad.yaml").write_text("host: embedded\n")
    found = Database(
        tmp_path / "launchpad.yaml", tmp_path / "lnmo-data", {"host": "embedded"}
    )
    with owned(found) as (pad, _):
        submit(pad, [one])
        pad.fireworks.update_one({"spec.step": "relax"}, {"$set": {"state": "RUNNING"}})
        pad.save()
    return found


def record(database: Database, calculation: Calculation, *made: TaskDocument) -> None:
    store = FileResults(database.root)
    for document in made:
        place = store.directory(calculation.id, document.task_label)
        place.mkdir(parents=True)
        write_run_file(place, calculation, document.task_label, collected={})
        store.put(document)


def shown(database: Database) -> tuple[dict[str, str], list[str]]:
    with reading(database) as pad:
        found = overview(pad, database, {}, None)
    states = {str(step["step"]): str(step["state"]) for step in found.steps}
    return states, [problem.reason for problem in found.problems]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda text: b"\0" * 4096, id="zeros"),
        pytest.param(lambda text: text[:100], id="cut"),
        pytest.param(lambda text: text[:100] + b"\0" * 512, id="cut, then zeros"),
        pytest.param(lambda text: b"", id="empty"),
        pytest.param(lambda text: text + b"\0" * 512, id="zeros behind"),
    ],
)
def test_a_finished_step_is_shown_as_finished_whatever_the_journal_lost(
    database: Database,
    one: Calculation,
    finished: Make,
    damage: Callable[[bytes], bytes],
) -> None:
    relax, static = finished(one, "relax"), finished(one, "static")
    record(database, one, relax, static)
    journal = database.root / JOURNAL
    journal.write_bytes(damage(journal.read_bytes()))
    states, reasons = shown(database)
    assert {states["relax"], states["static"]} == {"COMPLETED"}
    assert len(reasons) == 2
    assert all("but its result is recorded; nothing" in reason for reason in reasons)
    with reading(database) as pad:
        assert isinstance(pad, EmbeddedLaunchPad)
        zeros = b"\0" in journal.read_bytes()
        assert bool(pad.lost) == zeros
        assert not zeros or f"{journal} ends in" in pad.lost


@pytest.mark.parametrize("removed", [True, False])
def test_a_snapshot_that_is_not_that_of_the_journal_is_named(
    database: Database, one: Calculation, finished: Make, removed: bool
) -> None:
    record(database, one, *(finished(one, step) for step in one.steps))
    snapshot = database.root / "launchpad.json"
    before = snapshot.read_text("utf-8")
    (database.root / JOURNAL).rename(database.root / "launchpad.7.jsonl")
    if removed:
        snapshot.unlink()
    with reading(database) as pad:
        assert isinstance(pad, EmbeddedLaunchPad)
        lost = "is missing, but" if removed else "is older than"
        assert f"{snapshot} {lost} launchpad.7.jsonl" in pad.lost
    assert removed or snapshot.read_text("utf-8") == before


def test_a_failed_step_is_shown_with_its_record_too(
    database: Database, one: Calculation, finished: Make
) -> None:
    record(database, one, finished(one, "relax", state=State.UNCONVERGED, reason="n"))
    states, reasons = shown(database)
    assert states["relax"] == "FIZZLED"
    assert len(reasons) == 1


def test_what_nobody_runs_is_not_shown_as_running(
    database: Database, one: Calculation
) -> None:
    states, reasons = shown(database)
    assert states["relax"] == "READY"
    assert [
        "but no lnmo run owns this data directory" in reason for reason in reasons
    ] == [True]
    with owned(database):
        states, reasons = shown(database)
        assert states["relax"] == "RUNNING"
        assert reasons == []


def test_a_run_takes_recorded_steps_and_computes_nothing(
    database: Database, one: Calculation, finished: Make, tmp_path: Path
) -> None:
    record(database, one, *(finished(one, step, settings={}) for step in one.steps))
    (database.root / JOURNAL).write_bytes(b"\0" * 700)
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LNMO_VASP_CMD": "false"}
    told = forked.lnmo("status", cwd=tmp_path, env=env)
    assert "ends in 700 bytes of zeros: the disk lost what was written" in told.stderr
    assert told.stdout.count("COMPLETED") >= len(one.steps)
    ran = forked.lnmo("run", cwd=tmp_path, env=env)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "ends in 700 bytes of zeros" in ran.stderr
    states, reasons = shown(database)
    assert set(states.values()) == {"COMPLETED"}
    assert reasons == []
    assert not list(database.root.rglob("custodian.error"))


def test_a_recorded_step_that_waits_for_a_failed_one_is_told_so_and_no_cause(
    database: Database, one: Calculation, finished: Make
) -> None:
    record(database, one, finished(one, "static"))
    with owned(database) as (pad, _):
        failed = {"$set": {"state": "FIZZLED"}}
        pad.fireworks.update_one({"spec.step": "relax"}, failed)
        pad.save()  # type: ignore[attr-defined]
    with reading(database) as pad:
        found = overview(pad, database, {}, None)
    [told] = [each for each in found.problems if each.name.endswith("static")]
    assert told.reason == (
        "WAITING in the LaunchPad, but its result is recorded; nothing is computed "
        "again"
    )
    assert told.action == "it waits for x=1 relax, which is FIZZLED: mend that first"
