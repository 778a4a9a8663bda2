"""What a traceback says, and why a SIGTERM came."""

from __future__ import annotations

import errno
import shutil
import traceback
from pathlib import Path
from typing import Any

import pytest
from fireworks import Firework, FWAction, FWorker
from pymongo.errors import AutoReconnect

from workflows.cluster.reporting import (
    TASK_FAILED,
    ReportingLaunchPad,
    last_error,
    sigterm_cause,
)
from workflows.cluster.step_status import ENDED
from workflows.cluster.unsent import UNSENT_FILE, read_unsent, send
from workflows.errors import LnmoError, Terminated
from workflows.firetasks import TURN, RecordTaskDocument
from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.launchpad.workflow_lock import locked_for_minutes
from workflows.records.opened_data import opened_data


class Away(ReportingLaunchPad, EmbeddedLaunchPad):
    """In memory; ``away`` answers as a database that is not there."""

    away = False

    def get_launch_by_id(self, launch_id: int) -> Any:
        if self.away:
            raise AutoReconnect("connection refused")
        return super().get_launch_by_id(launch_id)


@pytest.fixture
def pad(tmp_path: Path) -> Away:
    """One Firework, checked out as launch 1."""
    pad = Away(tmp_path / "launchpad.json", writable=True)
    pad.root = pad.directory = tmp_path
    pad.patience, pad.job_id = 0.0, "7"
    spec = {"calculation_id": "a", "step": "relax", "_priority": 8, "_category": "vasp"}
    only = {**spec, "_add_launchpad_and_fw_id": True}
    pad.add_wf(Firework([RecordTaskDocument()], spec=only))
    firework, _ = pad.checkout_fw(FWorker(name="here"), str(tmp_path))
    assert "_add_launchpad_and_fw_id" not in firework.spec
    assert firework.spec[TURN] == ("", 1)
    return pad


def state(pad: Away) -> str:
    return str(pad.fireworks.find_one({"fw_id": 1})["state"])


def test_a_result_is_reported_and_no_file_stays(pad: Away, tmp_path: Path) -> None:
    pad.complete_launch(1, FWAction(stored_data={"state": "DONE"}))
    assert (pad.sent, state(pad)) == (True, "COMPLETED")
    assert not (tmp_path / UNSENT_FILE).exists()


def test_a_result_that_reconcile_has_sent_meanwhile_stays_as_it_is(
    pad: Away, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = send

    def stopped(*args: Any) -> None:
        if (path := tmp_path / UNSENT_FILE).exists():
            sent(pad, read_unsent(path), tmp_path)
            path.unlink()
        sent(*args)

    monkeypatch.setattr("workflows.cluster.reporting.send", stopped)
    pad.complete_launch(1, FWAction(stored_data={"state": "DONE"}))
    assert (pad.sent, state(pad)) == (True, "COMPLETED")
    late = FWAction(stored_data={"_message": "a late fault"})
    pad.complete_launch(1, late, "FIZZLED")
    assert state(pad) == "COMPLETED", "what was reported is the end"


def test_an_error_puts_no_old_firework_in_the_place_of_a_later_one(pad: Away) -> None:
    pad.fireworks.update_one({"fw_id": 1}, {"$set": {"state": "READY", "launches": []}})
    pad.restore_backup_data(1, 1)  # as FireWorks' Rocket does after any error
    assert state(pad) == "READY"


def test_a_full_disk_keeps_no_result_from_the_database(
    pad: Away, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("workflows.cluster.reporting.write_unsent", full)
    pad.away = True
    pad.complete_launch(1, FWAction(stored_data={"state": "DONE"}))
    told = capsys.readouterr().err
    assert "cannot be written: free space, then lnmo reconcile" in told
    pad.away = False
    pad.complete_launch(1, FWAction(stored_data={"state": "DONE"}))
    assert (pad.sent, state(pad)) == (True, "COMPLETED")


def test_a_result_outlives_a_database_that_is_away(pad: Away, tmp_path: Path) -> None:
    pad.away = True
    pad.ping_launch(1)
    pad.complete_launch(1, FWAction(stored_data={"state": "DONE"}))
    assert (pad.sent, state(pad)) == (False, "RUNNING")
    pad.away = False
    send(pad, read_unsent(tmp_path / UNSENT_FILE), tmp_path)
    assert state(pad) == "COMPLETED"
    stored = pad.launches.find_one({"launch_id": 1})["action"]["stored_data"]
    assert stored == {"state": "DONE"}


def test_a_result_outlives_a_workflow_that_stays_locked(
    pad: Away, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its launch is told then; the file stays until the state is, too."""

    def locked(_: int) -> None:
        raise locked_for_minutes(1)

    with monkeypatch.context() as away:
        away.setattr(pad, "_refresh_wf", locked)
        pad.complete_launch(1, FWAction(stored_data={"state": "DONE"}))
    assert (pad.sent, state(pad)) == (False, "RUNNING")
    send(pad, read_unsent(tmp_path / UNSENT_FILE), tmp_path)
    assert state(pad) == "COMPLETED"


@pytest.mark.parametrize(
    ("trace", "reason", "ended"),
    [
        (
            "workflows.errors.Terminated: ended by SIGTERM",
            "ended by SIGTERM (cancelled or preempted), job 7",
            "terminated",
        ),
        (
            "workflows.errors.Terminated: the wall time: stopped 30 s before its end",
            "the wall time: stopped 30 s before its end, job 7",
            "terminated",
        ),
        ("workflows.errors.InputError: no POTCAR", "no POTCAR, job 7", None),
        ("KeyError", "KeyError, job 7", None),
        ("KeyError: 'inputs'", "KeyError: 'inputs', job 7", None),
        (
            "FileNotFoundError: [Errno 2] No such file: 'a'",
            "[Errno 2] No such file: 'a', job 7",
            None,
        ),
        ("workflows.engines.claim.Superseded: by 3", "by 3, job 7", None),
    ],
)
def test_the_reason_of_an_end_stands_where_a_reader_looks(
    pad: Away, trace: str, reason: str, ended: str | None
) -> None:
    failed = {"_message": TASK_FAILED, "_exception": {"_stacktrace": trace}}
    pad.complete_launch(1, FWAction(stored_data=failed, exit=True), "FIZZLED")
    stored = pad.launches.find_one({"launch_id": 1})["action"]["stored_data"]
    assert (stored["_message"], stored.get(ENDED)) == (reason, ended)


def test_what_a_firework_adds_inherits_priority_and_category(pad: Away) -> None:
    detour = Firework([RecordTaskDocument()], name="detour")
    pad.complete_launch(1, FWAction(detours=[detour]))
    added = pad.fireworks.find_one({"name": "detour"})["spec"]
    assert (added["_priority"], added["_category"]) == (8, "vasp")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Terminated("ended by SIGTERM"), ("Terminated", "ended by SIGTERM")),
        (LnmoError("no POTCAR: set it"), ("LnmoError", "no POTCAR: set it")),
        (ValueError(), ("ValueError", "")),
        (KeyError("x"), ("KeyError", "'x'")),
    ],
)
def test_the_last_error_of_a_traceback_is_reported(
    error: Exception, expected: tuple[str, str]
) -> None:
    try:
        raise error
    except Exception:
        assert last_error(traceback.format_exc()) == expected


def test_an_empty_traceback_gives_no_error() -> None:
    assert last_error("") == ("", "")


def test_a_sigterm_near_the_deadline_is_the_wall_times() -> None:
    assert sigterm_cause(1000.0, 1010.0) == "wall time"
    assert sigterm_cause(1000.0, 950.0) == "wall time"
    assert sigterm_cause(1000.0, 500.0) == "cancelled or preempted"
    assert sigterm_cause(None, 500.0) == "cancelled or preempted"


@pytest.mark.parametrize("copied", [True, False], ids=["a copy", "nothing"])
def test_what_took_the_place_of_the_data_directory_is_neither_read_nor_written(
    pad: Away, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, copied: bool
) -> None:
    root = tmp_path / "data"
    pad.root, pad.directory = root, root / "queue"
    pad.directory.mkdir(parents=True)
    monkeypatch.setattr(
        "workflows.cluster.unsent.copy_if_current",
        lambda *_, **__: pytest.fail("reads another directory"),
    )
    with opened_data(root) as pad.data:
        root.rename(tmp_path / "moved")
        if copied:
            shutil.copytree(tmp_path / "moved", root)
        pad.complete_launch(1, FWAction(stored_data={"state": "DONE"}))
    assert (pad.ended, pad.sent, state(pad)) == ("FIZZLED", True, "FIZZLED")
    stored = pad.launches.find_one({"launch_id": 1})["action"]["stored_data"]
    assert f"put the right one in its place, it is now {tmp_path}" in stored["_message"]
    assert not list(tmp_path.rglob(UNSENT_FILE))
