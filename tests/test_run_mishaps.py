"""What a user sees of a run that cannot go well: one reason, one cure, no table."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from fireworks import FWorker

from tests import forked
from tests.places import FAKE_VASP
from tests.servers import Mongo
from workflows.launchpad.file_lock import is_owned
from workflows.launchpad.launch_owner import LOCAL_RUN
from workflows.launchpad.mongodb import connected
from workflows.launchpad.opening import LOCK_FILE
from workflows.records.database import read_database

LNMO = (sys.executable, "-P", "-m", "workflows.cli")
"""As the installed command: without the current directory on the import path."""
CAMPAIGN = """\
name: c
x: [0, 0.5, 1]
lithium_reference: false
vasp: {steps: [static], dos_at: [], incar: {common: {NEDOS: 31}}}
"""
LAUNCHER = """\
#!/bin/sh
cat >&2 <<'END'
--------------------------------------------------------------------------
mpirun was unable to find the specified executable file, and therefore
did not launch the job.
--------------------------------------------------------------------------
END
exit 1
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of three steps; nothing of the caller's environment."""
    for name in os.environ:
        if name.startswith(("LNMO_", "FAKE_VASP_", "PMG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LNMO_POLL_SECONDS", "0.1")
    monkeypatch.setenv("LNMO_VASP_CMD", f"{sys.executable} {FAKE_VASP}")
    (tmp_path / "launchpad.yaml").write_text("host: embedded\n")
    (tmp_path / "c.yaml").write_text(CAMPAIGN)
    return tmp_path


def lnmo(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return forked.lnmo(*words, cwd=place, env=os.environ)


def test_a_helper_that_reads_its_input_takes_no_request_of_the_run(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a VASP leaves behind, such as a monitor, may read all that it is given."""
    swallowed = place / "swallowed"
    command = place / "vasp"
    command.write_text(
        f"#!/bin/bash\n{sys.executable} {FAKE_VASP}\n"
        f"(cat >>{swallowed} <&3 &) 3<&0 >/dev/null 2>&1\n"
    )
    command.chmod(0o755)
    monkeypatch.setenv("LNMO_VASP_CMD", str(command))
    ran = lnmo(place, "run", "c.yaml")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count(" ended after ") == 3
    assert swallowed.read_bytes() == b""


@pytest.mark.parametrize(
    "content", [bytes(range(1, 256)) * 100, b"<modeling>\xff</modeling>", b"<?xml"]
)
def test_rubbish_in_the_place_of_outputs_is_recorded_as_cut(
    place: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """Whatever custodian's readers make of it."""
    (place / "rubbish").write_bytes(content)
    command = place / "vasp"
    copies = "".join(
        f"cp {place / 'rubbish'} {name}\n"
        for name in ("OUTCAR", "vasprun.xml", "OSZICAR", "CONTCAR")
    )
    command.write_text(f"#!/bin/bash\n{copies}cat {place / 'rubbish'}\n")
    command.chmod(0o755)
    monkeypatch.setenv("LNMO_VASP_CMD", str(command))
    ran = lnmo(place, "run", "c.yaml", "--x", "1")
    assert ran.returncode == 1
    (document,) = (place / "lnmo-data").rglob("task_document.json")
    found = json.loads(document.read_text())
    assert found["state"] == "TRUNCATED", found["reason"]
    assert "codec" not in ran.stdout + ran.stderr


def test_outputs_of_another_cell_give_no_number_and_say_of_which(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = lnmo(place, "run", "c.yaml", "--x", "1")
    assert ran.returncode == 0, ran.stderr
    (whole,) = (place / "lnmo-data").rglob("task_document.json")
    command = place / "vasp"
    names = "{OUTCAR,vasprun.xml,CONTCAR,OSZICAR}"
    command.write_text(
        f"#!/bin/bash\n{sys.executable} {FAKE_VASP}\ncp {whole.parent}/{names} .\n"
    )
    command.chmod(0o755)
    monkeypatch.setenv("LNMO_VASP_CMD", str(command))
    ran = lnmo(place, "run", "c.yaml", "--x", "0")
    assert ran.returncode == 1
    (other,) = {*(place / "lnmo-data").rglob("task_document.json")} - {whole}
    found = json.loads(other.read_text())
    assert found["state"] == "FAILED"
    assert "another run, of Li8Mn12Ni4O32, where Mn12Ni4O32" in found["reason"]
    for name in ("energy", "bandgap", "magnetization", "structure", "max_force"):
        assert found.get(name) is None


def test_a_vasp_that_never_starts_stops_the_run_after_two_steps(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = place / "mpirun"
    launcher.write_text(LAUNCHER)
    launcher.chmod(0o755)
    monkeypatch.setenv("LNMO_VASP_CMD", f"{launcher} -np 4 vasp_std")
    ran = lnmo(place, "run", "c.yaml")
    assert ran.returncode == 1, ran.stderr
    reason = "mpirun was unable to find the specified executable file"
    assert ran.stdout.count(reason) == 2  # once for each step
    assert ran.stdout.count(" failed after ") == 2
    assert "about" not in ran.stdout  # nothing says how long the rest would take
    assert "NOT_COMPUTED" not in ran.stdout
    assert "no verdicts yet: no calculation has finished" in ran.stdout
    assert "two steps in a row could not run on this machine" in ran.stderr
    assert "------" not in ran.stdout + ran.stderr
    told = lnmo(place, "status")
    assert told.stdout.count("FIZZLED") >= 2
    assert reason in told.stdout
    assert "-> correct the cause, then: lnmo run --retry" in told.stdout
    monkeypatch.setenv("LNMO_VASP_CMD", f"{sys.executable} {FAKE_VASP}")
    assert lnmo(place, "run", "c.yaml", "--retry").returncode == 0


@pytest.mark.parametrize("name", ["structures.py", "workflows.py", "custodian.py"])
def test_a_module_in_the_users_directory_is_not_imported(
    place: Path, name: str
) -> None:
    (place / name).write_text("raise SystemExit('the module of the user')\n")
    (place / "c.yaml").write_text(CAMPAIGN.replace("[0, 0.5, 1]", "[1]"))
    command = [*LNMO, "run", "c.yaml"]
    ran = subprocess.run(command, cwd=place, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "the module of the user" not in ran.stdout + ran.stderr


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_status_says_what_became_of_an_interrupted_run(
    place: Path, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    monkeypatch.setenv("FAKE_VASP_SECONDS", "60")
    process = subprocess.Popen([*LNMO, "run", "c.yaml"], cwd=place, text=True)
    while not list(place.rglob("OUTCAR")):
        assert process.poll() is None
        time.sleep(0.1)
    assert "RUNNING" in lnmo(place, "status").stdout
    process.send_signal(how)
    process.wait()
    while is_owned(place / "lnmo-data" / LOCK_FILE):  # its workers end a moment later
        time.sleep(0.1)
    told = lnmo(place, "status").stdout
    assert "RUNNING" not in told
    assert "READY" in told
    if how is signal.SIGKILL:
        assert "has it running, but no lnmo run owns this data directory" in told
        assert "-> lnmo run" in told
    monkeypatch.setenv("FAKE_VASP_SECONDS", "0")
    assert lnmo(place, "run").returncode == 0


def started_run(
    place: Path, monkeypatch: pytest.MonkeyPatch, *before: str, **streams: Any
) -> subprocess.Popen[str]:
    """Start a run as a process of its own; returns once VASP runs."""
    monkeypatch.setenv("FAKE_VASP_SECONDS", "60")
    words = [*before, *LNMO, "run", "c.yaml"]
    process = subprocess.Popen(words, cwd=place, text=True, **streams)
    while not list(place.rglob("OUTCAR")):
        assert process.poll() is None
        time.sleep(0.1)
    return process


@pytest.mark.parametrize(
    "numbers",
    [
        (signal.SIGTERM, signal.SIGTERM),
        (signal.SIGHUP, signal.SIGHUP),
        (signal.SIGINT, signal.SIGINT),
        (signal.SIGINT, signal.SIGTERM, signal.SIGHUP),
        (signal.SIGHUP, signal.SIGTERM),
    ],
    ids=lambda numbers: "-".join(each.name for each in numbers),
)
def test_signals_that_follow_the_first_change_nothing_until_the_process_has_ended(
    place: Path, monkeypatch: pytest.MonkeyPatch, numbers: tuple[signal.Signals, ...]
) -> None:
    """A queue sends several; the interpreter takes its time to end."""
    run = started_run(place, monkeypatch, stderr=subprocess.PIPE)
    for number in itertools.chain(numbers, itertools.repeat(numbers[-1])):
        if run.poll() is not None:
            break
        run.send_signal(number)
        time.sleep(0.01)
    _, told = run.communicate()
    assert run.returncode == 130
    assert told == (
        "lnmo: interrupted; nothing is lost, the same command continues it\n"
    )
    assert "RUNNING" not in lnmo(place, "status").stdout


def test_a_run_whose_terminal_is_closed_ends_as_any_interrupted_one(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, terminal = os.openpty()
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), terminal)
    run = started_run(place, monkeypatch, "setsid", "--ctty", **streams)
    os.close(terminal)
    os.close(ours)
    assert run.wait() == 130
    assert "RUNNING" not in lnmo(place, "status").stdout
    (note,) = place.rglob("ended.json")
    assert json.loads(note.read_text())["reason"] == "lnmo run was interrupted"


def test_under_nohup_a_run_outlives_its_terminal(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started_run(place, monkeypatch, "nohup", stderr=subprocess.PIPE)
    run.send_signal(signal.SIGHUP)
    assert "RUNNING" in lnmo(place, "status").stdout
    assert run.poll() is None
    run.send_signal(signal.SIGTERM)
    _, told = run.communicate()
    assert run.returncode == 130
    assert "interrupted; nothing is lost" in told


def test_a_run_that_is_interrupted_where_nobody_reads_has_the_same_exit_code(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of ``lnmo run 2>&1 | tee log``, of which Ctrl-C ends both."""
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    run = started_run(place, monkeypatch, **both)
    assert run.stdout is not None
    run.stdout.close()
    run.send_signal(signal.SIGINT)
    assert run.wait() == 130


def test_a_run_that_was_given_up_records_nothing(
    place: Path, mongo: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = f"host: 127.0.0.1\nport: {mongo.port}\nname: given_up\n"
    (place / "launchpad.yaml").write_text(settings)
    (place / "c.yaml").write_text(CAMPAIGN.replace("[0, 0.5, 1]", "[1]"))
    monkeypatch.setenv("FAKE_VASP_LEDGER", str(place / "ledger"))
    monkeypatch.setenv("FAKE_VASP_FAIL", "walltime")  # it hangs until it is killed
    command = [*LNMO, "run", "c.yaml"]
    first = subprocess.Popen(command, cwd=place, text=True, stdout=subprocess.PIPE)
    while not list(place.rglob("OUTCAR")):
        assert first.poll() is None
        time.sleep(0.1)
    monkeypatch.delenv("FAKE_VASP_FAIL")
    with connected(read_database(place)) as pad:
        pad.rerun_fw(1)  # as lnmo rerun --dead does
    second = lnmo(place, "run", "c.yaml")
    assert second.returncode == 0, second.stdout + second.stderr
    told, _ = first.communicate(timeout=120)
    assert "another run took this step over; not recorded" in told
    with connected(read_database(place)) as pad:
        (firework,) = pad.fireworks.find()
        assert firework["state"] == "COMPLETED"
        (launch,) = firework["launches"]
        (own,) = pad.launches.find({"launch_id": launch})
        assert own["state"] == "COMPLETED"
        (document,) = pad.db["lnmo_task_documents"].find()
        assert document["state"] == "DONE"
    ended = [
        line
        for line in (place / "ledger").read_text().splitlines()
        if line.startswith("end ")
    ]
    assert len(ended) == 1


def test_what_a_launcher_writes_in_brackets_is_printed_as_it_is(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "[/opt/mpi/bin] [node01:1234] cannot open [red]shared :boom: object"
    command = place / "vasp"
    command.write_text(f"#!/bin/sh\necho '{said}'\nexit 127\n")
    command.chmod(0o755)
    monkeypatch.setenv("LNMO_VASP_CMD", str(command))
    assert lnmo(place, "run", "c.yaml", "--x", "1").returncode == 1
    for words in (("results", "--table", "runs"), ("status",)):
        ran = lnmo(place, *words, "c.yaml")
        assert "Traceback" not in ran.stderr
        assert said.replace(" ", "") in "".join(ran.stdout.split())


def test_a_campaign_edited_during_its_run_is_shown_as_it_was_run(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = place / "c.yaml"
    file.write_text(CAMPAIGN.replace("[0, 0.5, 1]", "[1]"))
    until = place / "go on"
    monkeypatch.setenv("FAKE_VASP_UNTIL", str(until))
    run = forked.start("run", "c.yaml", cwd=place, env=os.environ)
    while not list(place.rglob("OUTCAR")):
        assert run.poll() is None
        time.sleep(0.1)
    file.write_text(CAMPAIGN.replace("[0, 0.5, 1]", "[0]"))
    until.touch()
    told, errors = run.communicate()
    assert run.returncode == 0, errors
    assert "no calculation has finished" not in told
    assert "PLANNED" not in told


@pytest.mark.parametrize("changed", ["link", "LNMO_ROOT", "edited", "rubbish", "gone"])
def test_a_project_changed_during_its_run_is_shown_as_it_was_run(
    place: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    """A command shows the project that it began with, or it shows another's results."""
    link = place / ("link" if changed == "LNMO_ROOT" else "lnmo-data")
    for name in ("first", "other"):
        (place / name).mkdir()
    link.symlink_to(place / "first")
    if changed == "LNMO_ROOT":
        monkeypatch.setenv("LNMO_ROOT", str(link))
    (place / "c.yaml").write_text(CAMPAIGN.replace("[0, 0.5, 1]", "[1]"))
    until = place / "go on"
    monkeypatch.setenv("FAKE_VASP_UNTIL", str(until))
    run = forked.start("run", "c.yaml", cwd=place, env=os.environ)
    while not list((place / "first").rglob("OUTCAR")):
        assert run.poll() is None
        time.sleep(0.1)
    file = place / "launchpad.yaml"
    match changed:
        case "edited":
            file.write_text("host: 127.0.0.1\nport: 1\nname: other\n")
        case "rubbish":
            file.write_text("{")
        case "gone":
            file.rename(place / "elsewhere.yaml")
    if changed in {"link", "LNMO_ROOT", "gone"}:
        link.unlink()
        link.symlink_to(place / "other")
    until.touch()
    told, errors = run.communicate()
    assert not list((place / "other").iterdir())
    if changed in {"link", "LNMO_ROOT", "gone"}:
        assert run.returncode == 130, told
        assert f"{link} leads to {place / 'other'} since this ran" in errors
        assert len(list((place / "first").rglob("task_document.json"))) == 1
        return
    assert run.returncode == 0, errors
    assert "DONE" in told, told + errors
    assert "no table" not in errors


def test_an_engine_that_clears_its_directory_is_told_what_to_leave(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = place / "vasp"
    command.write_text(f"#!/bin/sh\n{sys.executable} {FAKE_VASP}\nrm lnmo.json\n")
    command.chmod(0o755)
    monkeypatch.setenv("LNMO_VASP_CMD", str(command))
    ran = lnmo(place, "run", "c.yaml", "--x", "1")
    assert ran.returncode == 1
    assert "lnmo.json there was removed or changed" in ran.stdout + ran.stderr


def test_steps_that_a_person_holds_are_no_failures_and_have_their_own_command(
    place: Path, mongo: Mongo
) -> None:
    settings = f"host: 127.0.0.1\nport: {mongo.port}\nname: held\n"
    (place / "launchpad.yaml").write_text(settings)
    assert lnmo(place, "submit", "c.yaml").returncode == 0
    with connected(read_database(place)) as pad:
        pad.defuse_fw(1)
        pad.pause_fw(2)
    ran = lnmo(place, "run", "c.yaml")
    assert ran.returncode == 1
    told = ran.stdout.partition("2 steps are cancelled or paused")[2].splitlines()
    assert [line.split(": ")[1] for line in told[1:3]] == [
        "lnmo rerun --fw-id 1",
        f"lpad -l {place / 'launchpad.yaml'} resume_fws -i 2",
    ]
    assert "--retry" not in ran.stdout
    with connected(read_database(place)) as pad:
        pad.resume_fw(2)
    assert lnmo(place, "rerun", "--fw-id", "1").returncode == 0
    assert lnmo(place, "run", "c.yaml").returncode == 0


def test_without_a_queue_the_cures_that_are_printed_work_as_they_are(
    place: Path, mongo: Mongo
) -> None:
    settings = f"host: 127.0.0.1\nport: {mongo.port}\nname: no_queue\n"
    (place / "launchpad.yaml").write_text(settings)
    assert lnmo(place, "submit", "c.yaml").returncode == 0
    with connected(read_database(place)) as pad:
        away = FWorker(LOCAL_RUN, env={"host": "n2", "pid": 7, "started": "1"})
        taken, _ = pad.checkout_fw(away, "/")
    fw_id = str(taken.fw_id)
    ran = lnmo(place, "run", "c.yaml", "--retry")
    assert f": lnmo rerun --fw-id {fw_id} --dead" in ran.stdout
    refused = lnmo(place, "delete", "c.yaml", "--yes")
    assert f"lnmo cancel --fw-id {fw_id}" in refused.stderr
    assert lnmo(place, "cancel", "--fw-id", fw_id).returncode == 0
    assert "--dead" in lnmo(place, "reconcile", "--fix").stdout
    assert lnmo(place, "rerun", "--fw-id", fw_id, "--dead").returncode == 0
    assert lnmo(place, "delete", "c.yaml", "--yes").returncode == 0


def test_a_missing_potcar_is_an_error_before_the_first_step(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lnmo(place, "submit", "c.yaml").returncode == 0
    before = sorted(p.name for p in (place / "lnmo-data").iterdir())
    library = place / "potcars"
    library.mkdir()
    monkeypatch.setenv("PMG_VASP_PSP_DIR", str(library))
    for words in (["run", "c.yaml"], ["run"]):
        ran = lnmo(place, *words)
        assert ran.returncode == 2, ran.stdout
        assert "POTCAR" in ran.stderr
        assert ran.stderr.count("\n") == 1
    assert sorted(p.name for p in (place / "lnmo-data").iterdir()) == before


def test_a_compiled_vasp_without_a_potcar_library_is_an_error_at_once(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = place / "vasp_std"
    program.write_bytes(b"\x7fELF compiled")
    program.chmod(0o755)
    monkeypatch.setenv("LNMO_VASP_CMD", f"{sys.executable} {program}")
    ran = lnmo(place, "run", "c.yaml")
    assert ran.returncode == 2
    assert "set PMG_VASP_PSP_DIR" in ran.stderr
    assert not (place / "lnmo-data").exists()


@pytest.mark.parametrize("closed", ["calculations/*", "calculations", ""])
def test_what_may_not_be_read_is_never_shown_as_not_begun(
    place: Path, closed: str, as_a_user: list[str]
) -> None:
    """Whoever the directory belongs to; and once it may be read, nothing runs again."""
    (place / "c.yaml").write_text(CAMPAIGN.replace("[0, 0.5, 1]", "[1]"))
    assert lnmo(place, "run", "c.yaml").returncode == 0
    data = place / "lnmo-data"
    (where,) = data.glob(closed) if closed else (data,)
    where.chmod(0)

    def as_that_user(*words: str) -> str:
        command = [*as_a_user, *LNMO, *words, "c.yaml"]
        ran = subprocess.run(command, cwd=place, capture_output=True, text=True)
        assert "PLANNED" not in ran.stdout
        assert "no runs yet" not in ran.stdout
        assert "Rename" not in ran.stderr
        return ran.stdout + ran.stderr

    told = [as_that_user("results", "--table", "runs"), as_that_user("status")]
    assert all("chmod u+rX" in " ".join(each.split()) for each in told)
    assert "FAILED" in as_that_user("results") or closed != "calculations/*"
    if closed == "calculations/*":
        assert "permission denied" in as_that_user("run")
    where.chmod(0o755)
    assert "FIZZLED   " not in lnmo(place, "status", "c.yaml").stdout
    again = lnmo(place, "run", "c.yaml", "--retry")
    assert again.returncode == 0, again.stderr
    assert len(list(place.rglob("OUTCAR*"))) == 1


def test_a_umask_that_locks_its_own_owner_out_is_refused(place: Path) -> None:
    command = ["sh", "-c", 'umask 777; exec "$@"', "sh", *LNMO, "run", "c.yaml"]
    before = sorted(place.iterdir())
    ran = subprocess.run(command, cwd=place, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "umask 0777" in ran.stderr
    assert sorted(place.iterdir()) == before


def test_a_run_on_a_mongodb_that_was_killed_goes_on_with_the_same_command(
    place: Path, mongo: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = f"host: 127.0.0.1\nport: {mongo.port}\nname: killed\n"
    (place / "launchpad.yaml").write_text(settings)
    monkeypatch.setenv("FAKE_VASP_SECONDS", "60")
    words = [*LNMO, "run", "c.yaml", "--x", "1"]
    with subprocess.Popen(words, cwd=place, stdout=subprocess.PIPE) as run:
        while not list((place / "lnmo-data").glob("calculations/*/*/INCAR")):
            time.sleep(0.1)
        beside = lnmo(place, "run", "c.yaml", "--x", "1")
        run.kill()
    (line,) = (s for s in beside.stdout.splitlines() if "--dead" in s)
    assert "lnmo rerun --fw-id 1 --dead" in line, "it lives, and nobody takes its step"
    monkeypatch.delenv("FAKE_VASP_SECONDS")
    again = lnmo(place, "run", "c.yaml", "--x", "1")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "1 step of an interrupted run will be resumed" in again.stderr
    assert again.stdout.count(" ended after ") == 1


def test_a_run_whose_mongodb_goes_away_fails_and_goes_on_later(
    place: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: Any
) -> None:
    server = Mongo(tmp_path_factory.mktemp("own")).start()
    settings = f"host: 127.0.0.1\nport: {server.port}\nname: away\n"
    kwargs = "mongoclient_kwargs: {serverSelectionTimeoutMS: 500}\n"
    (place / "launchpad.yaml").write_text(settings + kwargs)
    monkeypatch.setenv("FAKE_VASP_SECONDS", "3")
    words = [*LNMO, "run", "c.yaml", "--x", "1"]
    with subprocess.Popen(words, cwd=place, stderr=subprocess.PIPE, text=True) as run:
        while not list((place / "lnmo-data").glob("calculations/*/*/INCAR")):
            time.sleep(0.1)
        server.stop()
        _, told = run.communicate()
    assert run.returncode == 1, told
    assert "no MongoDB answers there" in told
    assert told.rstrip().endswith("the same command continues it")
    server.start()
    try:
        again = lnmo(place, "run", "c.yaml", "--x", "1")
    finally:
        server.stop()
    assert again.returncode == 0, again.stdout + again.stderr


def test_steps_that_are_deleted_during_a_run_are_told_and_no_success(
    place: Path, mongo: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = f"host: 127.0.0.1\nport: {mongo.port}\nname: deleted\n"
    (place / "launchpad.yaml").write_text(settings)
    monkeypatch.setenv("FAKE_VASP_SECONDS", "4")
    words = [*LNMO, "run", "c.yaml", "--x", "0", "--x", "1", "-j", "1"]
    with subprocess.Popen(words, cwd=place, stderr=subprocess.PIPE, text=True) as run:
        while not list((place / "lnmo-data").glob("calculations/*/*/INCAR")):
            time.sleep(0.1)
        with connected(read_database(place)) as pad:
            ready = pad.fireworks.find_one({"state": "READY"})
            pad.workflows.delete_one({"nodes": ready["fw_id"]})
            pad.fireworks.delete_one({"fw_id": ready["fw_id"]})
        _, told = run.communicate()
    assert run.returncode == 1
    assert "1 step deleted while this ran" in told


def test_a_run_whose_result_needs_a_look_ends_with_1_and_says_which(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "c.yaml").write_text(CAMPAIGN.replace("[0, 0.5, 1]", "[1]"))
    assert lnmo(place, "run", "c.yaml").returncode == 0
    command = place / "vasp.sh"
    command.write_text(
        "#!/bin/sh\n"
        f"{sys.executable} {FAKE_VASP} || exit\n"
        "sed -i 's/^ENCUT = .*/ENCUT = 333/' INCAR\n"
    )
    command.chmod(0o755)
    monkeypatch.setenv("LNMO_VASP_CMD", str(command))
    for directory in (place / "lnmo-data" / "calculations").glob("*/static"):
        directory.rename(directory.with_name("static.aside"))
    for _ in range(2):  # the second finds it finished
        ran = lnmo(place, "run", "c.yaml")
        assert "NEEDS_REVIEW" in ran.stdout
        assert "1 result needs a look\n" in ran.stdout
        assert "ENCUT" in ran.stdout
        assert ran.returncode == 1


def test_a_run_whose_results_share_no_table_ends_with_1(place: Path) -> None:
    (place / "c.yaml").write_text(CAMPAIGN.replace("[0, 0.5, 1]", "[0, 1]"))
    assert lnmo(place, "run", "c.yaml").returncode == 0
    first, _ = sorted((place / "lnmo-data" / "calculations").glob("*/static"))
    path = first / "task_document.json"
    document = json.loads(path.read_text())
    document["engine_version"] = "6.4.2"
    del document["sha256"]
    path.write_text(json.dumps(document))
    ran = lnmo(place, "run", "c.yaml")
    assert "no table: " in ran.stderr
    assert "engine_version" in ran.stderr
    assert ran.returncode == 1
