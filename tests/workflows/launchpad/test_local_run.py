"""What the owner does with Fireworks whose directories or workers are gone.

The workers here are real processes; end-to-end kills are in ``tests/test_kills.py``.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psutil
import pytest
from fireworks import Firework, FWAction, FWorker, ScriptTask, Workflow

from tests.places import FAKE_VASP
from tests.servers import Mongo
from workflows import load_campaign, plan
from workflows.campaign.calculation import Calculation
from workflows.cli.progress import Display
from workflows.engines.orphans import MARK, end_orphans
from workflows.engines.vasp.process import vasp_command
from workflows.errors import MachineError
from workflows.launchpad import journal
from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.launchpad.events import Event
from workflows.launchpad.local_queue import LocalQueue
from workflows.launchpad.local_run import LocalRun
from workflows.launchpad.opening import owned
from workflows.launchpad.recovery import retry_failed, return_unrecorded
from workflows.launchpad.steps import fireworks_of
from workflows.launchpad.submission import submit
from workflows.launchpad.worker_pool import WorkerPool
from workflows.launchpad.worker_process import _answered
from workflows.records.database import Database

CAMPAIGN = """
name: one
lithium_reference: false
x: [1]
vasp: {dos_at: [], incar: {common: {NEDOS: 301}}}
"""


@pytest.fixture
def calculation(tmp_path: Path) -> Calculation:
    """Two steps: relax and static."""
    path = tmp_path / "one.yaml"
    path.write_text(CAMPAIGN)
    (planned,) = plan(load_campaign(path))
    return planned


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def pad(calculation: Calculation, root: Path) -> Iterator[EmbeddedLaunchPad]:
    database = Database(root.with_name("launchpad.yaml"), root, {"host": "embedded"})
    with owned(database) as (launchpad, _):
        assert isinstance(launchpad, EmbeddedLaunchPad)
        submit(launchpad, [calculation])
        yield launchpad


def states(pad: EmbeddedLaunchPad) -> dict[object, object]:
    return {found["step"]: found["state"] for found in fireworks_of(pad)}


def complete(pad: EmbeddedLaunchPad, state: str) -> None:
    """End the Firework that is READY."""
    _, launch = pad.checkout_fw(FWorker(), "/")
    pad.complete_launch(launch, FWAction(), state)


def test_a_firework_of_another_project_is_not_run(
    pad: EmbeddedLaunchPad, root: Path
) -> None:
    pad.fireworks.update_many({}, {"$set": {"state": "COMPLETED"}})
    pad.add_wf(Workflow([Firework([ScriptTask.from_str("true")])]))
    LocalRun(pad, root, jobs=1).run()
    assert pad.get_fw_ids({"state": "READY"})


def test_submitting_again_adds_nothing(
    pad: EmbeddedLaunchPad, calculation: Calculation
) -> None:
    done = submit(pad, [calculation])
    assert (done.added, done.present) == ((), (calculation,))


def test_a_retried_step_starts_in_an_empty_directory(
    pad: EmbeddedLaunchPad, calculation: Calculation, root: Path
) -> None:
    relax = root / "calculations" / calculation.id / "relax"
    for number in (1, 2):
        complete(pad, "FIZZLED")
        relax.mkdir(parents=True)
        assert retry_failed(pad, root, fireworks_of(pad)) == 1
        assert relax.with_name(f"relax.failed-{number}").is_dir()
        assert not relax.exists()
        assert states(pad) == {"relax": "READY", "static": "WAITING"}


@pytest.mark.parametrize("odd", [os.mkfifo, Path.touch], ids=["FIFO", "file"])
def test_what_stands_where_a_step_belongs_is_set_aside_and_ends_no_retry(
    pad: EmbeddedLaunchPad,
    calculation: Calculation,
    root: Path,
    odd: Callable[[Path], None],
) -> None:
    relax = root / "calculations" / calculation.id / "relax"
    complete(pad, "FIZZLED")
    relax.parent.mkdir(parents=True)
    odd(relax)
    assert retry_failed(pad, root, fireworks_of(pad)) == 1
    assert os.path.lexists(relax.with_name("relax.failed-1"))
    assert states(pad)["relax"] == "READY"
    complete(pad, "FIZZLED")
    shutil.rmtree(relax.parent)
    relax.parent.symlink_to(relax.parent.name)
    assert retry_failed(pad, root, fireworks_of(pad)) == 1


def test_a_step_whose_document_is_gone_is_ready_again_and_its_children_wait(
    pad: EmbeddedLaunchPad, root: Path
) -> None:
    complete(pad, "COMPLETED")
    complete(pad, "COMPLETED")
    assert return_unrecorded(pad, root, fireworks_of(pad)) == 2
    assert states(pad) == {"relax": "READY", "static": "WAITING"}


def test_a_step_whose_document_is_there_stays_completed(
    pad: EmbeddedLaunchPad, calculation: Calculation, root: Path
) -> None:
    complete(pad, "COMPLETED")
    directory = root / "calculations" / calculation.id / "relax"
    directory.mkdir(parents=True)
    (directory / "task_document.json").touch()
    assert return_unrecorded(pad, root, fireworks_of(pad)) == 0
    assert states(pad) == {"relax": "COMPLETED", "static": "READY"}


def test_the_reason_of_a_failure_is_listed_with_its_firework(
    pad: EmbeddedLaunchPad, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LNMO_VASP_CMD", "no-such-vasp")
    events: list[Event] = []
    LocalRun(pad, root, jobs=1, watch=events.append).run()
    reasons = {found["step"]: found["reason"] for found in fireworks_of(pad)}
    assert "'no-such-vasp' starts with no executable" in str(reasons["relax"])
    assert reasons["static"] == ""
    assert [e.text for e in events if e.kind == "failed"] == [reasons["relax"]]


@pytest.mark.parametrize("refused", [1, 2, 3], ids=["taken", "ended", "taken after"])
def test_a_full_disk_under_the_launchpad_stops_a_run_and_loses_no_step(
    pad: EmbeddedLaunchPad,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    refused: int,
) -> None:
    """The file says what it said before; what has finished is in its directory."""
    monkeypatch.setenv("LNMO_VASP_CMD", f"{sys.executable} {FAKE_VASP}")
    monkeypatch.setenv("LNMO_POLL_SECONDS", "0.05")
    write, lines, events = journal._write_all, count(1), list[Event]()

    def write_or_refuse(descriptor: int, data: bytes) -> None:
        if next(lines) == refused:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(descriptor, data)

    monkeypatch.setattr(journal, "_write_all", write_or_refuse)
    run = LocalRun(pad, root, jobs=1, watch=events.append)
    run.run()
    assert (
        "launchpad.1.jsonl: cannot be written (No space left on device)" in run.stopped
    )
    assert "free some space and run again" in run.stopped
    told = [e.kind for e in events if e.kind not in {"tick", "progress"}]
    assert told == ([] if refused == 1 else ["started", "ended"])
    assert len(list(root.rglob("task_document.json"))) == (0 if refused == 1 else 1)
    again = EmbeddedLaunchPad(pad.path, writable=False)
    assert states(again)["relax"] == ("READY", "RUNNING", "COMPLETED")[refused - 1]


@pytest.mark.parametrize("full", ["run", "logs"])
def test_a_step_that_a_full_disk_stops_is_ready_again_and_not_called_failed(
    pad: EmbeddedLaunchPad,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    full: str,
) -> None:
    monkeypatch.setenv("LNMO_VASP_CMD", f"{sys.executable} {FAKE_VASP}")
    monkeypatch.setenv("LNMO_POLL_SECONDS", "0.05")
    monkeypatch.setenv("FAKE_VASP_FAIL", "disk_full")
    if full == "logs":

        def refuse(_: WorkerPool) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "worker-1.log")

        monkeypatch.setattr(WorkerPool, "_start", refuse)
    with Display(fireworks_of(pad), jobs=1) as display:
        run = LocalRun(pad, root, jobs=1, watch=display.show)
        run.run()
    assert states(pad) == {"relax": "READY", "static": "WAITING"}
    assert "space" in run.stopped
    told = capsys.readouterr().out
    assert "failed" not in told
    assert (" relax stopped after " in told) is (full == "run")


NUMBERED = {
    "a process": 'echo "[c1:$$] mca_base_component: unable to open mca_pmix" >&2',
    "a time": 'echo "$(date +%T.%N) LICENSE server not reachable"',
    "a directory": 'echo "error: cannot open $PWD/scratch.$$" >&2',
    "a file of its own": "mktemp -u '/tmp/prolog.XXXXXXXX: not found'",
}


@pytest.mark.parametrize("what", NUMBERED)
def test_two_steps_that_never_start_are_alike_whatever_number_their_line_has(
    pad: EmbeddedLaunchPad,
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    more = tmp_path / "more.yaml"
    more.write_text(CAMPAIGN.replace("x: [1]", "x: [0, 2]"))
    submit(pad, plan(load_campaign(more)))
    command = tmp_path / "command"
    command.write_text(f"#!/bin/sh\n{NUMBERED[what]}\nexit 1\n")
    command.chmod(0o755)
    monkeypatch.setenv("LNMO_VASP_CMD", str(command))
    monkeypatch.setenv("LNMO_POLL_SECONDS", "0.05")
    run = LocalRun(pad, root, jobs=1)
    run.run()
    assert "VASP never started" in run.given_up
    assert sum(found["state"] == "FIZZLED" for found in fireworks_of(pad)) == 2


def test_only_the_calculations_asked_for_are_run(
    pad: EmbeddedLaunchPad, root: Path
) -> None:
    LocalRun(pad, root, jobs=1).run([])
    assert states(pad) == {"relax": "READY", "static": "WAITING"}


def test_a_run_that_is_stopped_leaves_no_worker(
    pad: EmbeddedLaunchPad, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LNMO_VASP_CMD", "sleep 300")
    others = set(psutil.Process().children(recursive=True))
    workers: set[psutil.Process] = set()

    def stop_when_it_works(event: Event) -> None:
        if list(root.rglob("POSCAR")):
            workers.update(set(psutil.Process().children(recursive=True)) - others)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LocalRun(pad, root, jobs=1, watch=stop_when_it_works).run()
    assert workers
    _, alive = psutil.wait_procs(workers, timeout=5)
    assert alive == []


@pytest.mark.parametrize("moment", ["check_out", "request"])
def test_ctrl_c_between_taking_a_step_and_starting_it_leaves_it_ready(
    pad: EmbeddedLaunchPad,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    monkeypatch.setenv("LNMO_VASP_CMD", "sleep 300")
    real = getattr(LocalQueue, moment)

    def interrupted(*arguments: object) -> object:
        done = real(*arguments)
        os.kill(os.getpid(), signal.SIGINT)
        return done

    monkeypatch.setattr(LocalQueue, moment, interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            LocalRun(pad, root, jobs=1).run()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert states(pad) == {"relax": "READY", "static": "WAITING"}


def test_a_workers_log_is_no_other_living_workers(
    pad: EmbeddedLaunchPad, root: Path, tmp_path: Path
) -> None:
    second = tmp_path / "second.yaml"
    second.write_text(CAMPAIGN.replace("x: [1]", "x: [0]"))
    submit(pad, plan(load_campaign(second)))
    others = set(psutil.Process().children())
    started: list[Event] = []

    def kill_the_first_of_two(event: Event) -> None:
        if event.kind != "started":
            return
        started.append(event)
        if len(started) == 2:
            workers = set(psutil.Process().children()) - others
            min(workers, key=lambda worker: worker.pid).kill()
        if len(started) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LocalRun(pad, root, jobs=2, watch=kill_the_first_of_two).run()
    logs = sorted(path.name for path in (root / "logs").iterdir())
    assert logs == ["worker-1.log", "worker-2.log", "worker-3.log"]


def test_orphans_are_known_by_their_mark(tmp_path: Path) -> None:
    def sleeper(mark: Path | None) -> subprocess.Popen[bytes]:
        marked = {} if mark is None else {MARK: str(mark)}
        return subprocess.Popen(["sleep", "60"], env={**os.environ, **marked})

    here, elsewhere = tmp_path / "a", tmp_path / "ab"
    ours = [sleeper(here), sleeper(here / "relax-1")]
    others = [sleeper(elsewhere), sleeper(None)]
    try:
        end_orphans(here)
        assert None not in [p.poll() for p in ours]
        assert [p.poll() for p in others] == [None, None]
    finally:
        for process in others:
            process.kill()
            process.wait()


def test_a_worker_ends_with_its_owner_though_a_child_of_it_ends_first(
    tmp_path: Path,
) -> None:
    """Many short-lived children: some are gone between the listing and the kill."""
    theirs, ours = os.pipe()
    script = (
        "import subprocess, sys, threading\n"
        "from workflows.launchpad import worker_process as worker\n"
        "def spawn():\n"
        "    while True: subprocess.run(['true'])\n"
        "for _ in range(4): threading.Thread(target=spawn, daemon=True).start()\n"
        "print('up', flush=True)\n"
        "worker._end_with_owner(int(sys.argv[1]))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(theirs)],
        pass_fds=(theirs,),
        stdout=subprocess.PIPE,
    )
    os.close(theirs)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        time.sleep(0.2)
        os.close(ours)
        assert process.wait(timeout=10) == 1


def test_what_python_prints_as_it_starts_is_no_answer_of_a_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('welcome to the cluster')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    pool = WorkerPool(tmp_path, size=1)
    firework = Firework([ScriptTask.from_str("echo more; exit 0")])
    request = {"firework": firework.to_dict(), "env": {}}
    worker = pool.assign(json.loads(json.dumps(request, default=str)), firework, 1)
    answers: list[object] = []
    until = time.monotonic() + 60
    while not answers and time.monotonic() < until:
        answers = [message for _, message in pool.messages()]
    pool.close()
    (answer,) = answers
    assert isinstance(answer, dict)
    assert answer["ended"]["state"] == "COMPLETED"
    assert "welcome to the cluster" in worker.log.read_text()


@pytest.mark.parametrize("line", [None, "", "   ", "no-such-vasp -x", "'open"])
def test_a_vasp_command_that_cannot_start_is_refused(line: str | None) -> None:
    with pytest.raises(MachineError, match="LNMO_VASP_CMD"):
        vasp_command(line)


def test_a_vasp_command_is_split_as_a_shell_does() -> None:
    assert vasp_command("env 'A=1 2' vasp_std") == ["env", "A=1 2", "vasp_std"]


ANOTHERS = "another project's"


def put_nothing(place: Path) -> None:
    """Leave the data directory where it was moved to."""


def put_a_copy(place: Path) -> None:
    shutil.copytree(place.with_name("elsewhere"), place)


def put_anothers(place: Path) -> None:
    place.mkdir()
    (place / "project_id").write_text(ANOTHERS)


def files_of(place: Path) -> list[str]:
    return sorted(str(path.relative_to(place)) for path in place.rglob("*"))


@pytest.mark.parametrize("put", [put_nothing, put_a_copy, put_anothers])
def test_a_run_on_a_mongodb_ends_when_its_data_directory_is_no_longer_there(
    mongo: Mongo,
    calculation: Calculation,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    put: Callable[[Path], None],
) -> None:
    """What is READY is not computed in what took its place."""
    elsewhere, script = root.with_name("elsewhere"), root.with_name("vasp")
    name = f"lost_{put.__name__}"
    address = {"host": "127.0.0.1", "port": mongo.port, "name": name}
    database = Database(root.with_name("launchpad.yaml"), root, address)
    script.write_text("#!/bin/sh\ntouch ../begun; sleep 60\n")
    script.chmod(0o700)
    monkeypatch.setenv("LNMO_VASP_CMD", str(script))
    begun = root / "calculations" / calculation.id / "relax" / "begun"
    there: list[str] = []

    def move(event: Event) -> None:
        if begun.exists() and not elsewhere.exists():
            root.rename(elsewhere)
            put(root)
            there.extend(files_of(root))

    with owned(database) as (launchpad, _):
        submit(launchpad, [calculation])
        local = LocalRun(launchpad, root, jobs=1, watch=move)
        local.run()
        assert states(launchpad) == {"relax": "READY", "static": "WAITING"}
        assert launchpad.launches.count_documents({}) == 1
    assert "Nothing is lost: put the right one in its place, it is now" in local.stopped
    assert str(elsewhere) in local.stopped
    assert files_of(root) == there
    assert root.exists() is (put is not put_nothing)


def test_a_run_on_a_mongodb_ends_when_another_database_takes_its_data_directory(
    mongo: Mongo, calculation: Calculation, root: Path
) -> None:
    address = {"host": "127.0.0.1", "port": mongo.port, "name": "id_is_changed"}
    database = Database(root.with_name("launchpad.yaml"), root, address)
    with owned(database) as (launchpad, _):
        submit(launchpad, [calculation])
        (root / "project_id").write_text(ANOTHERS)
        local = LocalRun(launchpad, root, jobs=1)
        local.run()
        assert launchpad.launches.count_documents({}) == 0
    assert "project_id was removed or changed while this ran" in local.stopped


@pytest.mark.parametrize("put", [put_nothing, put_a_copy, put_anothers])
def test_a_worker_starts_nothing_in_what_took_the_place_of_the_data_directory(
    pad: EmbeddedLaunchPad, root: Path, put: Callable[[Path], None]
) -> None:
    """Moved while the worker's Python started: the owner looks twice a second."""
    queue = LocalQueue(pad, root)
    (fw_id,) = pad.get_fw_ids({"state": "READY"})
    request = queue.request(pad.get_fw_by_id(fw_id), 1)
    root.rename(root.with_name("elsewhere"))
    put(root)
    there = files_of(root)
    ended = _answered(json.loads(json.dumps(request)))
    assert ended["state"] == "FIZZLED"
    assert "replaced; nothing was started" in ended["stored_data"]["_message"]
    assert files_of(root) == there
    assert root.exists() is (put is not put_nothing)
