"""One queue job for each READY Firework, and the scheduler's words on a refusal."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fireworks import Firework, ScriptTask, Workflow

from tests.workflows.cluster.conftest import Queue, Site, relax, running
from workflows.campaign.calculation import Calculation
from workflows.cli.launch import _print_planned
from workflows.cluster import launch as launching
from workflows.cluster.history import history
from workflows.cluster.launch import Submitted, launch, planned
from workflows.cluster.repair import return_to_ready
from workflows.cluster.scheduler import Job, Listed
from workflows.cluster.step_status import jobs_of_earlier_launches, step_statuses
from workflows.errors import MachineError, QueueError, StoreError
from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.launchpad.submission import submit
from workflows.records.database import Database


@pytest.fixture
def full(
    pad: EmbeddedLaunchPad, calculations: tuple[Calculation, ...]
) -> EmbeddedLaunchPad:
    submit(pad, calculations)
    return pad


def test_each_ready_firework_gets_a_job_of_its_own(
    full: EmbeddedLaunchPad, database: Database, site: Site, queue: Queue
) -> None:
    ready = full.get_fw_ids({"state": "READY"})
    done, more = launch(full, database, site)
    assert sorted(each.fw_id for each in done) == sorted(ready)
    assert len({each.job_id for each in done}) == len(ready)
    assert not more
    found = step_statuses(full, scheduler=queue, worker=site.name, max_returns=5)
    assert {each.job_id for each in found} == {each.job_id for each in done}
    assert launch(full, database, site) == ([], False)


def test_the_longest_are_submitted_first(
    full: EmbeddedLaunchPad, database: Database, site: Site
) -> None:
    done, _ = launch(full, database, replace(site, max_jobs=2))
    assert all(each.name.startswith("x=2 ") for each in done)


def test_no_more_jobs_than_allowed_are_in_the_queue(
    full: EmbeddedLaunchPad, database: Database, site: Site, queue: Queue
) -> None:
    two = replace(site, max_jobs=2)
    queue.listed["1"] = Listed(Job.RUNNING, "somebody-elses")
    assert [len(launch(full, database, two)[0]) for _ in range(2)] == [2, 0]
    queue.end("101", Job.FINISHED)
    assert len(launch(full, database, two)[0]) == 1


def test_the_script_runs_our_worker_for_its_reservation(
    pad: EmbeddedLaunchPad, database: Database, site: Site, queue: Queue
) -> None:
    [done], _ = launch(pad, database, site)
    [script] = queue.scripts
    assert script == done.script
    assert "#SBATCH --time=24:00:00" in script
    assert f"#SBATCH --job-name=lnmo-{done.fw_id}-1\n" in script
    assert (
        f"worker --launchpad {database.path} --fw-id {done.fw_id} --launch-id 1 "
        in (script)
    )
    assert script.index("trap : TERM") < script.index("worker --launchpad")


def test_nothing_secret_is_in_what_a_launch_writes(
    full: EmbeddedLaunchPad, database: Database, site: Site
) -> None:
    done, _ = launch(full, database, site)
    written = [path for path in database.root.rglob("*") if path.is_file()]
    assert len(written) > len(done)
    for path in written:
        assert b"hunter2" not in path.read_bytes()
        assert b"anna" not in path.read_bytes()


def test_a_refusal_is_reported_in_the_schedulers_words_and_the_firework_is_ready_again(
    pad: EmbeddedLaunchPad, database: Database, site: Site, queue: Queue
) -> None:
    queue.refuse = "sbatch: error: invalid partition specified: nopart"
    [done], _ = launch(pad, database, site)
    assert (done.job_id, done.refused) == (None, queue.refuse)
    assert relax(pad)["state"] == "READY"
    [launched] = history(pad, {"fw_id": done.fw_id})
    assert launched.reason == f"not submitted: {queue.refuse}"


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (KeyError("ntasks"), "KeyError: 'ntasks'"),
        (UnicodeEncodeError("utf-8", "\udcff", 0, 1, "why"), "UnicodeEncodeError"),
        (MachineError("template: no worker"), "template: no worker"),
        (KeyboardInterrupt(), "the launch was interrupted"),
    ],
    ids=["a key", "a name", "a template", "Ctrl-C"],
)
def test_a_script_that_cannot_be_made_gives_its_reservation_back(
    pad: EmbeddedLaunchPad,
    database: Database,
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    fault: BaseException,
    told: str,
) -> None:
    def fail(*_: object) -> str:
        raise fault

    monkeypatch.setattr(launching, "_script", fail)
    ends = isinstance(fault, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt) if ends else nullcontext():
        [done], _ = launch(pad, database, site)
        assert told in done.refused
    assert relax(pad)["state"] == "READY"
    [launched] = history(pad, {"fw_id": relax(pad)["fw_id"]})
    assert launched.reason.startswith("not submitted: ")
    assert told in launched.reason


@pytest.mark.parametrize("spoilt", ["bytes", "gone", "directory"])
def test_a_template_that_was_spoilt_since_is_named_and_no_step_stays_reserved(
    pad: EmbeddedLaunchPad,
    database: Database,
    site: Site,
    tmp_path: Path,
    spoilt: str,
) -> None:
    template = tmp_path / "own.tpl"
    if spoilt == "bytes":
        template.write_bytes(b"#!/bin/sh\n# caf\xe9\n")
    elif spoilt == "directory":
        template.mkdir()
    site = replace(site, adapter={**site.adapter, "_fw_template_file": str(template)})
    told = "own.tpl: the template of the queue script cannot be read"
    [would] = planned(pad, database, site)
    [done], _ = launch(pad, database, site)
    assert told in would.refused
    assert told in done.refused
    assert relax(pad)["state"] == "READY"


def test_a_dry_run_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    script = "#!/bin/sh\n#\x1b]0;own\x07\ttab\x0b\x9b31m\r\n\n\udcff\n"
    _print_planned([Submitted(1, "x\x1b[2J", "relax", None, script)])
    told = capsys.readouterr().out
    assert not {c for c in told if not c.isprintable()} - {"\n", "\t"}
    lines = told.splitlines()
    assert lines[0] == r"would submit 1 x\x1b[2J"
    assert lines[1:3] == [
        "    #!/bin/sh",
        r"    #\x1b]0;own\x07" "\t" r"tab\x0b\x9b31m\r",
    ]
    assert r"    \xff" in lines


def test_refusals_end_the_round_and_use_up_no_return(
    full: EmbeddedLaunchPad, database: Database, site: Site, queue: Queue
) -> None:
    queue.refuse = "QOSMaxSubmitJobPerUserLimit"
    for _ in range(site.max_returns + 1):
        assert len(launch(full, database, site)[0]) == 3
    queue.refuse = ""
    assert len(launch(full, database, site)[0]) == full.workflows.count_documents({})
    found = step_statuses(full, scheduler=queue, worker=site.name, max_returns=5)
    assert {each.returns for each in found} == {0}


def test_a_dry_run_changes_nothing_and_shows_the_script(
    pad: EmbeddedLaunchPad, database: Database, site: Site, queue: Queue
) -> None:
    before = pad.path.read_bytes()
    [would] = planned(pad, database, site)
    assert (would.job_id, would.step) == (None, "relax")
    assert "--launch-id LAUNCH" in would.script
    assert pad.path.read_bytes() == before
    assert not (database.root / "queue").exists()
    assert not queue.scripts


def test_a_dry_run_names_the_step_that_is_refused_and_shows_the_others(
    full: EmbeddedLaunchPad, database: Database, site: Site, queue: Queue
) -> None:
    [first, second, *_] = planned(full, database, site)
    for step, wrong in ((first, {"nodez": 4}), (second, {"walltime": 86_400})):
        change = {"$set": {"spec._queueadapter": wrong}}
        full.fireworks.update_one({"fw_id": step.fw_id}, change)
    [one, two, *others] = planned(full, database, site)
    own = f"_queueadapter of step {first.fw_id}, {first.name}: unknown key nodez"
    assert one.refused.startswith(own)
    assert "walltime = 86400 is a number" in two.refused
    assert others
    assert all(each.script and not each.refused for each in others)
    done, _ = launch(full, database, site)
    assert {d.fw_id for d in done if d.refused} == {first.fw_id, second.fw_id}
    assert len(queue.scripts) == len(others)


def test_a_job_of_an_earlier_launch_keeps_its_firework_from_being_launched(
    pad: EmbeddedLaunchPad, database: Database, site: Site, queue: Queue, tmp_path: Path
) -> None:
    fw_id, _ = running(pad, site, tmp_path)
    queue.listed["7"] = Listed(Job.RUNNING, "lnmo-1-1")
    pad.rerun_fw(fw_id)  # as lpad rerun_fws does, its job still running
    assert jobs_of_earlier_launches(pad, queue, site.name) == {fw_id: "7"}
    assert launch(pad, database, site) == ([], False)
    queue.end("7", Job.CANCELLED)
    assert len(launch(pad, database, site)[0]) == 1


def test_a_category_no_worker_takes_is_not_launched(
    pad: EmbeddedLaunchPad, database: Database, site: Site
) -> None:
    large = {"$set": {"spec._category": "vasp-large"}}
    pad.fireworks.update_many({}, large)
    assert launch(pad, database, site) == ([], False)


def test_a_firework_of_another_project_gets_no_job(
    pad: EmbeddedLaunchPad, database: Database, site: Site
) -> None:
    theirs = Firework([ScriptTask.from_str("true")], spec={"_category": "vasp"})
    pad.add_wf(Workflow([theirs]))
    assert len(planned(pad, database, site)) == 1
    assert [each.step for each in launch(pad, database, site)[0]] == ["relax"]


@pytest.mark.parametrize("accepted", [True, False])
def test_a_launcher_that_was_stopped_for_longer_than_its_lease_takes_nothing_back(
    pad: EmbeddedLaunchPad,
    database: Database,
    site: Site,
    queue: Queue,
    monkeypatch: pytest.MonkeyPatch,
    accepted: bool,
) -> None:
    submit_job = queue.submit

    def stopped(script: Path) -> str:
        """Another launcher takes the step meanwhile, and its worker runs."""
        fw_id = relax(pad)["fw_id"]
        return_to_ready(pad, fw_id, relax(pad)["launches"][-1], "no job of it is known")
        running(pad, site, database.root)
        if not accepted:
            raise QueueError("sbatch: error: Socket timed out")
        return submit_job(script)

    monkeypatch.setattr(queue, "submit", stopped)
    [done], _ = launch(pad, database, site)
    assert done.job_id is None
    assert relax(pad)["state"] == "RUNNING"
    if accepted:
        assert "job 101 cancelled" in done.refused
        assert queue.listed["101"].job is Job.CANCELLED


@pytest.mark.parametrize("copied", [True, False], ids=["a copy", "nothing"])
def test_a_launch_ends_when_the_data_directory_is_moved_and_keeps_what_it_submitted(
    full: EmbeddedLaunchPad,
    database: Database,
    site: Site,
    queue: Queue,
    tmp_path: Path,
    copied: bool,
) -> None:
    own = replace(database, root=tmp_path / "own")
    own.root.mkdir()
    done: list[Submitted] = []

    class Moving(Queue):
        def submit(self, script: Path) -> str:
            job_id = super().submit(script)
            own.root.rename(tmp_path / "moved")
            if copied:
                own.root.mkdir()
            return job_id

    with pytest.raises(StoreError, match="put the right one in its place, it is now"):
        launch(full, own, replace(site, queue=Moving()), done)
    assert [each.job_id for each in done] == ["101"]
    assert len(full.get_fw_ids({"state": "RESERVED"})) == 1
    assert list(own.root.iterdir() if copied else tmp_path.glob("own")) == []


def test_a_data_directory_that_is_moved_while_a_job_is_written_gets_no_job(
    full: EmbeddedLaunchPad,
    database: Database,
    site: Site,
    queue: Queue,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = replace(database, root=tmp_path / "own")
    own.root.mkdir()
    write = launching._script

    def long(*known: Any) -> str:
        script = write(*known)
        if own.root.exists():
            own.root.rename(tmp_path / "moved")
        return script

    monkeypatch.setattr(launching, "_script", long)
    done: list[Submitted] = []
    with pytest.raises(StoreError, match="nothing more is started"):
        launch(full, own, site, done)
    assert [each.job_id for each in done] == [None]
    assert not queue.scripts
    assert not full.get_fw_ids({"state": "RESERVED"})
    assert not own.root.exists()
