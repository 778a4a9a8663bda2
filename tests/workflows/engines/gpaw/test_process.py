"""A process of GPAW: started by the command, watched by its text, stopped in time.

Small programs stand for GPAW, at the boundary of the process.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from workflows.engines.gpaw.process import gpaw_command, last_words, progress, run_gpaw
from workflows.engines.machine import Machine
from workflows.engines.orphans import is_alive
from workflows.errors import MachineError, Terminated

TEXT = """
|iter:   1| 12:18:55 |   -7.870989 | +0.18 |       |  +2.0008|
|iter:   2| 12:18:55 |   -9.168096c| -7.90c| -4.49c|  +1.9999|

Converged in 2 steps

|iter:   1| 12:18:57 |   -9.171234 | -4.86 |       |  -1.9999|
"""


def standing_for_gpaw(place: Path, code: str) -> Machine:
    program = place / "program"
    program.write_text(f"#!{sys.executable}\n{code}\n")
    program.chmod(0o755)
    return Machine(gpaw_cmd=str(program))


def quiet(_line: str) -> None:
    """Take no progress."""


def test_the_last_iteration_is_the_progress(tmp_path: Path) -> None:
    assert progress(tmp_path) == ""
    (tmp_path / "gpaw-1.txt").write_text("header\n")
    assert progress(tmp_path) == "GPAW starts"
    (tmp_path / "gpaw-2.txt").write_text(TEXT)
    assert progress(tmp_path) == "#2 iter 1  E -9.1712 eV  M -2.00"


def test_a_running_gpaw_is_reported(tmp_path: Path) -> None:
    code = f"import time\nopen('gpaw-1.txt', 'w').write({TEXT!r})\ntime.sleep(1.5)"
    told: list[str] = []
    run_gpaw(tmp_path, standing_for_gpaw(tmp_path, code), told.append)
    assert told == ["#2 iter 1  E -9.1712 eV  M -2.00"]


def test_it_gets_the_input_and_the_time_at_which_to_stop(tmp_path: Path) -> None:
    code = "import sys\nopen('words', 'w').write(' '.join(sys.argv[1:]))"
    machine = standing_for_gpaw(tmp_path, code)
    end = time.time() + 5000
    limited = Machine(gpaw_cmd=machine.gpaw_cmd, deadline=end, stop_margin=600)
    run_gpaw(tmp_path, limited, quiet)
    words = (tmp_path / "words").read_text().split()
    assert words == ["run_gpaw.py", "input.json", "--deadline", f"{end - 600:.0f}"]


def test_it_does_not_start_in_the_margin(tmp_path: Path) -> None:
    machine = standing_for_gpaw(tmp_path, "open('ran', 'w')")
    late = Machine(gpaw_cmd=machine.gpaw_cmd, deadline=time.time() + 60)
    with pytest.raises(Terminated, match="wall time"):
        run_gpaw(tmp_path, late, quiet)
    assert not (tmp_path / "ran").exists()


def test_one_that_does_not_stop_in_time_is_ended(tmp_path: Path) -> None:
    machine = standing_for_gpaw(tmp_path, "import time\ntime.sleep(600)")
    deadline = time.time() + 3
    short = Machine(gpaw_cmd=machine.gpaw_cmd, deadline=deadline, stop_margin=2)
    started = time.monotonic()
    with pytest.raises(Terminated, match="wall time"):
        run_gpaw(tmp_path, short, quiet)
    assert time.monotonic() - started < 30


def test_one_that_stopped_on_request_goes_on_next_time(tmp_path: Path) -> None:
    machine = standing_for_gpaw(tmp_path, "open('stopped.json', 'w').write('{}')")
    with pytest.raises(Terminated, match="run again"):
        run_gpaw(tmp_path, machine, quiet)


def test_a_full_disk_ends_the_run_and_fails_no_step(tmp_path: Path) -> None:
    code = "open('gpaw-1.txt', 'w')\nraise OSError(28, 'No space left on device')"
    with pytest.raises(Terminated, match="no space left"):
        run_gpaw(tmp_path, standing_for_gpaw(tmp_path, code), quiet)


@pytest.mark.parametrize(
    "code",
    [
        "raise OSError(28, 'No space left on device')",
        "open('gpaw-1.txt', 'w')\n"
        "raise OSError(28, 'No space left on device', '/dev/shm/psm')",
        "open('gpaw-1.txt', 'w')\nsys.exit('vader: No space left on device')",
    ],
    ids=["never started", "a file elsewhere", "a launcher"],
)
def test_another_disk_that_is_full_is_no_reason_to_go_on_later(
    tmp_path: Path, code: str
) -> None:
    run_gpaw(tmp_path, standing_for_gpaw(tmp_path, f"import sys\n{code}"), quiet)
    assert "No space left on device" in last_words(tmp_path)


def test_a_command_that_does_not_wait_for_gpaw_is_told_of_and_its_gpaw_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.engines.orphans.GRACE_SECONDS", 0.3)
    code = "import subprocess\nsubprocess.Popen(['sleep', '60'])"
    run_gpaw(tmp_path, standing_for_gpaw(tmp_path, code), quiet)
    assert last_words(tmp_path).startswith(
        "the GPAW command ended (exit code 0) before GPAW, which was ended: the command"
    )
    assert not is_alive(tmp_path)


def test_a_helper_of_the_command_does_not_hide_what_gpaw_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.engines.orphans.GRACE_SECONDS", 0.3)
    code = (
        "import subprocess, sys\nopen('gpaw-1.txt', 'w').close()\n"
        "subprocess.Popen(['sleep', '60'])\nprint('ValueError: bad', file=sys.stderr)"
    )
    run_gpaw(tmp_path, standing_for_gpaw(tmp_path, code), quiet)
    assert last_words(tmp_path) == (
        "ValueError: bad; the command also left running, now ended: sleep"
    )
    assert not is_alive(tmp_path)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("no-such-program python", "no executable of this machine"),
        ("mpirun 'unclosed", "cannot be split"),
        ("''", "no executable"),
    ],
)
def test_a_command_that_cannot_run_is_refused(line: str, told: str) -> None:
    with pytest.raises(MachineError, match=told):
        gpaw_command(line)
