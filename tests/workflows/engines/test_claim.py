"""Only the worker that has a step records it; an earlier one that lives on does not."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from workflows.atomic import read_regular
from workflows.engines import process_start
from workflows.engines.claim import (
    STARTED,
    GivenUp,
    Superseded,
    Turn,
    check_claim,
    claim,
    let_go,
)
from workflows.engines.process_start import is_alive_since, start_of
from workflows.errors import StoreBusy
from workflows.launchpad.launch_owner import owner_of


def test_a_worker_keeps_its_step_until_another_takes_it(tmp_path: Path) -> None:
    step = tmp_path / "abc" / "relax"

    def take_over() -> None:
        with claim(step):
            check_claim(step)
            check_claim(step / "relax-1")
            other = {"token": "other", "host": "node7", "pid": 5, "since": "now"}
            step.with_name(".relax.holder.json").write_text(json.dumps(other))
            check_claim(tmp_path / "abc" / "static")
            with pytest.raises(GivenUp):
                check_claim(step / "relax-1")
            check_claim(step)

    with pytest.raises(Superseded, match="process 5 on node7 took this step over"):
        take_over()


def test_the_last_to_take_it_has_it(tmp_path: Path) -> None:
    step = tmp_path / "abc" / "static"
    with claim(step):
        check_claim(step)
    with claim(step):
        check_claim(step)
    check_claim(step)  # nobody of this process claims it now
    assert sorted(p.name for p in step.parent.iterdir()) == [".static.holder.json"]


EARLIER, LATER = Turn("one", 7), Turn("one", 8)


def test_a_later_launch_keeps_its_step_from_an_earlier_one_that_wakes(
    tmp_path: Path,
) -> None:
    step = tmp_path / "abc" / "static"
    with claim(step, turn=LATER):
        with pytest.raises(Superseded, match="launch 8 took this step over from"):
            claim(step, turn=EARLIER).__enter__()
        check_claim(step)
    with pytest.raises(Superseded):  # it has ended, and its record stands
        claim(step, turn=EARLIER).__enter__()


@pytest.mark.parametrize("ended", [False, True])
def test_an_earlier_launch_that_was_stopped_while_it_wrote_its_token_has_no_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: bool
) -> None:
    step = tmp_path / "abc" / "static"
    later = claim(step, turn=LATER)
    replace, begun = Path.replace, []

    def stopped(part: Path, path: Path) -> Path:
        if not begun:
            begun.append(part)
            later.__enter__()  # it begins while the earlier one sleeps
            if ended:
                later.__exit__(None, None, None)
        return replace(part, path)

    monkeypatch.setattr(Path, "replace", stopped)
    with pytest.raises(Superseded, match="launch 8"):
        claim(step, turn=EARLIER).__enter__()
    assert begun


def test_a_launch_writes_its_token_again_over_that_of_an_earlier_one(
    tmp_path: Path,
) -> None:
    step = tmp_path / "abc" / "static"
    token = step.with_name(".static.holder.json")
    with claim(step, turn=EARLIER):
        old = token.read_bytes()
    with claim(step, turn=LATER):
        own = json.loads(token.read_text())
        token.write_bytes(old)
        check_claim(step)
        assert json.loads(token.read_text())["token"] == own["token"]


@pytest.mark.parametrize(
    "other",
    [None, Turn("one", 8), Turn("one", 9), Turn("new counters", 1)],
    ids=["none", "same", "later", "another epoch"],
)
def test_any_other_launch_takes_the_step(tmp_path: Path, other: Turn | None) -> None:
    step = tmp_path / "abc" / "static"
    with claim(step, turn=Turn("one", 8)), claim(step, turn=other):
        check_claim(step / "run")


def test_a_token_that_is_restored_keeps_its_turn(tmp_path: Path) -> None:
    step = tmp_path / "abc" / "static"
    token = step.with_name(".static.holder.json")
    with claim(step, turn=Turn("one", 8)):
        token.unlink()
        check_claim(step)
        with pytest.raises(Superseded):
            claim(step, turn=Turn("one", 7)).__enter__()


@pytest.mark.parametrize("how", ["moved", "deleted"])
def test_a_data_directory_that_goes_away_takes_the_step_along(
    tmp_path: Path, how: str
) -> None:
    step = tmp_path / "data" / "abc" / "relax"

    def lose() -> None:
        with claim(step):
            if how == "moved":
                (tmp_path / "data").rename(tmp_path / "elsewhere")
            else:
                shutil.rmtree(tmp_path / "data")
            check_claim(step)

    with pytest.raises(Superseded, match="moved or deleted"):
        lose()


def copied(place: Path) -> None:
    """Put a copy in the place of a directory, as a restored backup is."""
    place.rename(place.with_name("elsewhere"))
    shutil.copytree(place.with_name("elsewhere"), place, symlinks=True)


def made_anew(place: Path) -> None:
    """Delete a directory and put a copy of it there: it may get the same inode."""
    copied(place)
    shutil.rmtree(place.with_name("elsewhere"))


def linked(place: Path) -> None:
    """Let a link at the path lead to a copy, as a snapshot that is switched to."""
    place.rename(place.with_name("elsewhere"))
    shutil.copytree(place.with_name("elsewhere"), place.with_name("snapshot"))
    place.symlink_to("snapshot")


@pytest.mark.parametrize("for_life", [False, True])
@pytest.mark.parametrize("how", [copied, made_anew, linked])
@pytest.mark.parametrize("what", ["data", "data/abc", "data/abc/relax/relax-1"])
def test_a_copy_of_a_directory_is_not_the_step_although_the_token_is_copied(
    tmp_path: Path, what: str, how: Callable[[Path], None], for_life: bool
) -> None:
    step = tmp_path / "data" / "abc" / "relax"
    (step / "relax-1").mkdir(parents=True)

    def lose() -> None:
        with claim(step, for_life=for_life):
            check_claim(step / "relax-1")
            how(tmp_path / what)
            check_claim(step / "relax-1")

    with pytest.raises(Superseded, match=r"was replaced .* nothing was rec.* run ag"):
        lose()
    kept = what.endswith("relax-1")  # the token is beside it, and is ours
    gone = kept and for_life
    assert step.with_name(".relax.holder.json").exists() is not gone


def test_a_step_that_sets_its_directory_aside_itself_goes_on(tmp_path: Path) -> None:
    step = tmp_path / "abc" / "static"
    step.mkdir(parents=True)
    with claim(step):
        check_claim(step)
        let_go(step)
        step.rename(step.with_name("static.cut-1"))
        check_claim(step)
        step.mkdir()
        check_claim(step)


def test_a_disk_that_does_not_answer_for_a_moment_takes_no_step_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = tmp_path / "abc" / "static"
    step.mkdir(parents=True)
    look = os.stat

    def broken(path: Any, **more: Any) -> os.stat_result:
        if path == step.parent:
            raise OSError(errno.EIO, "Input/output error")
        return look(path, **more)

    with claim(step):
        with monkeypatch.context() as patched:
            patched.setattr(os, "stat", broken)
            check_claim(step)
        check_claim(step)


def test_a_claim_leaves_no_directory_open(tmp_path: Path) -> None:
    step = tmp_path / "abc" / "static"
    step.mkdir(parents=True)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with claim(step):
            check_claim(step)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_set_aside_directory_does_not_lose_the_claim(tmp_path: Path) -> None:
    step = tmp_path / "abc" / "static"
    step.mkdir(parents=True)
    with claim(step):
        step.rename(step.with_name("static.cut-1"))
        check_claim(step)


def test_a_token_that_somebody_removed_is_written_again(tmp_path: Path) -> None:
    step = tmp_path / "abc" / "static"
    with claim(step):
        token = step.with_name(".static.holder.json")
        before = json.loads(token.read_text())["token"]
        token.unlink()
        check_claim(step)
        assert json.loads(token.read_text())["token"] == before
        assert sorted(p.name for p in step.parent.iterdir()) == [token.name]


def test_a_token_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    step = tmp_path / "abc" / "static"
    step.mkdir(parents=True)

    def damage() -> None:
        with claim(step):
            step.with_name(".static.holder.json").write_text("{")
            check_claim(step)

    with pytest.raises(Superseded, match=r"\.static\.holder\.json: cannot be read"):
        damage()


@pytest.fixture
def another_process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_a_step_that_is_held_for_life_is_taken_over_only_after_it(
    tmp_path: Path, another_process: subprocess.Popen[bytes]
) -> None:
    step = tmp_path / "abc" / "static"
    holder = step.with_name(".static.holder.json")
    with claim(step, for_life=True):
        own = json.loads(holder.read_text())
        holder.unlink()
        check_claim(step)  # written again, as it was
        assert json.loads(holder.read_text())["process_started"] == own[STARTED]
    assert not holder.exists()
    started = start_of(another_process.pid)
    theirs = {**own, "pid": another_process.pid, "process_started": started}
    holder.write_text(json.dumps(theirs))
    for_life = f"process {another_process.pid} has been running this step since"
    with pytest.raises(StoreBusy, match=for_life), claim(step):
        pass
    assert json.loads(holder.read_text()) == theirs
    elsewhere = {**theirs, "host": "node7"}
    reborn = {**theirs, "process_started": start_of(os.getpid())}
    for other in (elsewhere, reborn, {**theirs, "pid": "x"}):
        holder.write_text(json.dumps(other))
        with claim(step):
            check_claim(step)
    holder.write_text(json.dumps(theirs))
    another_process.kill()
    another_process.wait()
    with claim(step):
        check_claim(step)


@pytest.mark.parametrize("seconds", [-3.0, 3600.0])
def test_a_clock_that_is_set_ends_no_claim_for_life(
    tmp_path: Path,
    another_process: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
) -> None:
    step = tmp_path / "abc" / "static"
    with claim(step, for_life=True):
        holder = json.loads(step.with_name(".static.holder.json").read_text())
    pid = another_process.pid
    theirs = {**holder, "pid": pid, STARTED: start_of(pid)}
    step.with_name(".static.holder.json").write_text(json.dumps(theirs))
    boot = psutil.boot_time()  # the kernel moves it with the clock
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: boot + seconds)
    monkeypatch.setattr("psutil._pslinux.BOOT_TIME", boot + seconds, raising=False)
    with pytest.raises(StoreBusy, match=f"process {pid} has been running"), claim(step):
        pass


def test_the_start_of_an_earlier_version_is_still_read(
    another_process: subprocess.Popen[bytes],
) -> None:
    pid = another_process.pid
    started = psutil.Process(pid).create_time()
    assert is_alive_since(pid, started)
    assert not is_alive_since(pid, started - 60)
    assert not is_alive_since(pid, "another boot:1")
    another_process.kill()
    another_process.wait()
    assert not is_alive_since(pid, started)
    assert start_of(pid) is None


def fields_of(pid: int) -> list[str]:
    start = start_of(pid)
    assert start is not None
    return start.split(":")


@pytest.mark.parametrize(
    ("changed", "alive"),
    [
        ({}, False),
        ({2: "4026539999"}, None),
        ({2: ""}, None),
        ({0: "boot of another machine", 3: "another machine"}, None),
        ({0: "boot of a clone", 3: ""}, None),
        ({0: "boot before", 2: "4026539999"}, None),
        ({0: "boot before"}, False),
    ],
    ids=[
        "here",
        "container",
        "unknown container",
        "machine of this name",
        "no machine id",
        "container before a restart",
        "restarted machine",
    ],
)
def test_a_process_that_is_not_found_is_dead_only_if_it_was_here(
    another_process: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    changed: dict[int, str],
    alive: bool | None,
) -> None:
    """A container has the name of its host, and a process 1 of its own."""
    (tmp_path / "machine-id").write_text("this machine\n")
    monkeypatch.setattr(process_start, "_MACHINE", tmp_path / "machine-id")
    monkeypatch.setattr(process_start, "_OF_THE_MACHINE", fields_of(os.getpid())[2])
    fields = fields_of(another_process.pid)
    another_process.kill()
    another_process.wait()
    for place, text in changed.items():
        fields[place] = text
    started = ":".join(fields)
    assert is_alive_since(another_process.pid, started) is alive
    env = {"host": socket.gethostname(), "pid": another_process.pid, "started": started}
    launch = {"fworker": {"name": "lnmo run", "env": env}}
    assert owner_of(launch).alive is alive
    step = tmp_path / "abc" / "static"
    step.parent.mkdir()
    holder = step.with_name(".static.holder.json")
    holder.write_text(json.dumps({**env, STARTED: started, "token": "x"}))
    if alive is None:
        cure = re.escape(f"if it has, remove {holder}")
        with pytest.raises(StoreBusy, match=cure), claim(step):
            pass
        holder.unlink()
    with claim(step):
        check_claim(step)


def test_a_number_that_lives_here_is_not_that_of_a_container() -> None:
    fields = fields_of(os.getpid())
    assert is_alive_since(os.getpid(), ":".join(fields)) is True
    assert is_alive_since(os.getpid(), ":".join(fields[:2])) is True
    assert is_alive_since(os.getpid(), ":".join([*fields[:2], "1", fields[3]])) is None


def test_a_process_that_was_killed_but_not_waited_for_is_not_alive(
    another_process: subprocess.Popen[bytes],
) -> None:
    pid = another_process.pid
    started = start_of(pid)
    another_process.kill()
    while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert start_of(pid) is None
    assert not is_alive_since(pid, started)


@pytest.mark.parametrize("error", [FileNotFoundError, PermissionError])
@pytest.mark.parametrize("theirs", [False, True], ids=["same user", "another user"])
def test_a_process_that_proc_does_not_show_is_dead_only_if_the_kernel_says_so(
    another_process: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    error: type[OSError],
    theirs: bool,
) -> None:
    """As with /proc mounted with hidepid=2 (not there), hidepid=1 (no permission)."""
    pid, started = another_process.pid, start_of(another_process.pid)
    read, send, access = read_regular, os.kill, os.access

    def is_hidden(path: Path) -> bool:
        return path == Path(f"/proc/{pid}/stat")

    def read_seen(path: Path, *rest: str) -> str:
        if is_hidden(path):
            raise error(0, "hidden", str(path))
        return read(path, *rest)

    def send_ours(number: int, signal: int) -> None:
        send(number, signal)
        if theirs:
            raise PermissionError

    monkeypatch.setattr(process_start, "read_regular", read_seen)
    monkeypatch.setattr("psutil.Process", HiddenProcess)
    monkeypatch.setattr(
        "os.access", lambda path, mode: not is_hidden(path) and access(path, mode)
    )
    monkeypatch.setattr("os.kill", send_ours)
    env = {"host": socket.gethostname(), "pid": pid, "started": started}
    launch = {"fworker": {"name": "lnmo run", "env": env}}
    step = tmp_path / "abc" / "static"
    step.parent.mkdir()
    holder = step.with_name(".static.holder.json")
    holder.write_text(json.dumps({**env, STARTED: started, "token": "x"}))
    assert is_alive_since(pid, started) is None
    assert "may still compute it" in owner_of(launch).computes
    with pytest.raises(StoreBusy, match=r"/proc does not show"), claim(step):
        pass
    monkeypatch.setattr("os.kill", send)
    another_process.kill()
    another_process.wait()
    assert is_alive_since(pid, started) is False
    assert owner_of(launch).alive is False
    with claim(step):
        check_claim(step)


class HiddenProcess:
    """What psutil says of it."""

    def __init__(self, pid: int) -> None:
        """Find nothing."""
        raise psutil.NoSuchProcess(pid)
