"""A campaign that is killed twenty times ends as one that was left alone.

Everything runs as processes, as it does for a user: the command and its workers, which
are forked (`tests.forked`), custodian and the fake VASP. SIGKILL comes at seeded random
moments, half of them while VASP is running, to the owner, to the workers, or to all at
once. The ledger of the fake VASP tells what really ran; the LaunchPad and the documents
tell what was recorded; a shell that reads all the while must neither notice nor matter.

A heavier torment: LNMO_KILLS, LNMO_KILLS_X, LNMO_KILLS_VASP_SECONDS, LNMO_KILLS_SEED.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psutil
import pytest

from tests import forked
from tests.places import TOP
from workflows import open_results

FAKE = TOP / "tests" / "fake_vasp" / "vasp_std"
LNMO = (sys.executable, "-m", "workflows.cli")
KILLS = int(os.environ.get("LNMO_KILLS", "20"))
VASP_SECONDS = float(os.environ.get("LNMO_KILLS_VASP_SECONDS", "0.5"))
X = os.environ.get("LNMO_KILLS_X", "0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2")
SEED = int(os.environ.get("LNMO_KILLS_SEED", "20220426"))
CAMPAIGN = f"""
name: killed
x: [{X}]
lithium_reference: false
insertion: [{{model: tet_8b}}]
start: {{single: true}}
vasp:
  incar: {{common: {{NEDOS: 301}}, dos: {{NEDOS: 301}}}}
"""
READER = """
import sys, time
from pathlib import Path
from workflows import open_results
results = open_results(sys.argv[1])
looks = 0
while not Path(sys.argv[2]).exists():
    results.series()
    looks += 1
    time.sleep(0.2)
print(looks)
"""


@dataclass(frozen=True)
class Project:
    """A directory with a campaign, and the environment of all its processes."""

    place: Path

    @property
    def ledger(self) -> Path:
        return self.place / "ledger"

    @property
    def environment(self) -> dict[str, str]:
        foreign = ("LNMO_", "FAKE_VASP_", "PMG_")
        return {
            **{k: v for k, v in os.environ.items() if not k.startswith(foreign)},
            "LNMO_VASP_CMD": f"{sys.executable} {FAKE}",
            "LNMO_POLL_SECONDS": "0.1",
            "FAKE_VASP_SECONDS": str(VASP_SECONDS),
            "FAKE_VASP_LEDGER": str(self.ledger),
        }

    def start(self, **more: str) -> forked.Started:
        words = ("run", "killed.yaml", "-j", "2")
        environment = {**self.environment, **more}
        return forked.start(*words, cwd=self.place, env=environment)

    def events(self) -> list[tuple[str, str, str]]:
        """What the fake VASP did: start or end, directory, process."""
        if not self.ledger.exists():
            return []
        lines = self.ledger.read_text().splitlines()
        words = [line.split() for line in lines]
        return [(w[0], w[1], w[2]) for w in words if w[0] != "wavecar"]

    def ended(self) -> int:
        """How many runs of the fake VASP reached their end."""
        return [event for event, *_ in self.events()].count("end")

    def readers(self) -> set[str]:
        """Directories in which a VASP started from a WAVECAR."""
        words = [line.split() for line in self.ledger.read_text().splitlines()]
        return {w[1] for w in words if w[0] == "wavecar"}

    def processes(self) -> list[psutil.Process]:
        """Every process of this campaign."""
        return forked.processes_in(self.place)

    def tree(self) -> dict[str, bytes]:
        data = self.place / "lnmo-data"
        return {str(p): p.read_bytes() for p in data.rglob("*") if p.is_file()}


def project(place: Path) -> Project:
    place.mkdir()
    shutil.copy(TOP / "launchpad.yaml", place)
    (place / "killed.yaml").write_text(CAMPAIGN)
    return Project(place)


@contextmanager
def reading_shell(of: Project) -> Iterator[subprocess.Popen[str]]:
    stop = of.place / "stop-reading"
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(of.place), str(stop)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield reader
    finally:
        stop.touch()
        reader.wait(timeout=60)


def kill_once(of: Project, rng: random.Random, number: int) -> bool:
    """Start the campaign and kill it somewhere; tell whether it was still alive.

    Soon after a run has ended at the latest: a fast machine completes no more of the
    campaign between two kills than a slow one.
    """
    started, ended = len(of.events()), of.ended()
    owner = of.start()
    if number % 2:
        while len(of.events()) == started and owner.poll() is None:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 1.2 * VASP_SECONDS))
    else:
        latest = time.monotonic() + rng.uniform(0, 4)
        while time.monotonic() < latest and of.ended() == ended:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.3))
    alive = owner.poll() is None
    family = [psutil.Process(owner.pid), *children(owner.pid)] if alive else []
    target = ("owner", "workers", "all")[number % 3]
    if target == "workers":
        kill(p for p in family if forked.is_worker(p))
        time.sleep(rng.uniform(0, 1.5))
    elif target == "all":
        kill(family)
    owner.kill()
    owner.wait()
    return alive


def children(pid: int) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=True)
    return []


def kill(processes: Iterator[psutil.Process] | list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


@dataclass(frozen=True)
class Outcome:
    """What a campaign left behind, after its kills and one run to the end."""

    project: Project
    kills: int
    exit_code: int
    told: str
    looks: int
    reader_errors: str
    before_reader_ended: dict[str, bytes]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    left_alone = project(tmp_path_factory.mktemp("undisturbed") / "here")
    command = ("run", "killed.yaml", "-j", "2")
    fast = {**left_alone.environment, "FAKE_VASP_SECONDS": "0"}
    ran = forked.lnmo(*command, cwd=left_alone.place, env=fast)
    assert ran.returncode == 0, ran.stderr
    return left_alone


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    tormented = project(tmp_path_factory.mktemp("killed") / "here")
    rng = random.Random(SEED)
    with reading_shell(tormented) as reader:
        kills = sum(kill_once(tormented, rng, number) for number in range(KILLS))
        last = tormented.start(FAKE_VASP_SECONDS="0")
        told = "".join(last.communicate())
        before = tormented.tree()
    looks, errors = reader.communicate()
    ended = last.returncode
    return Outcome(tormented, kills, ended, told, int(looks or 0), errors, before)


def test_it_completes(killed: Outcome) -> None:
    assert killed.kills == KILLS
    assert killed.exit_code == 0, killed.told


def test_every_firework_is_completed(killed: Outcome) -> None:
    command = [*LNMO, "status", "--json"]
    listed = subprocess.check_output(command, cwd=killed.project.place)
    assert {step["state"] for step in json.loads(listed)} == {"COMPLETED"}


def test_every_step_is_recorded_once_as_done(
    killed: Outcome, undisturbed: Project
) -> None:
    def recorded(of: Project) -> list[tuple[str | None, str, str]]:
        documents = open_results(of.place).documents()
        return [(d.calculation_id, d.task_label, d.state) for d in documents]

    steps = recorded(killed.project)
    assert steps == recorded(undisturbed)
    assert len(set(steps)) == len(steps)
    assert {state for _, _, state in steps} == {"DONE"}


def test_the_numbers_are_those_of_a_campaign_left_alone(
    killed: Outcome, undisturbed: Project
) -> None:
    pd.testing.assert_frame_equal(
        open_results(killed.project.place).series(),
        open_results(undisturbed.place).series(),
    )


def test_no_finished_vasp_run_is_repeated(
    killed: Outcome, undisturbed: Project
) -> None:
    def relative(of: Project) -> dict[str, list[tuple[str, str]]]:
        runs: dict[str, list[tuple[str, str]]] = {}
        for event, directory, pid in of.events():
            name = str(Path(directory).relative_to(of.place))
            runs.setdefault(name, []).append((event, pid))
        return runs

    runs = relative(killed.project)
    assert set(runs) == set(relative(undisturbed))
    for directory, events in runs.items():
        assert [e for e, _ in events].count("end") == 1, (directory, events)
        (one_before, pid), (last, same_pid) = events[-2:]
        assert (one_before, last, pid) == ("start", "end", same_pid), directory


def test_the_kills_did_cut_runs(killed: Outcome) -> None:
    starts = [event for event, *_ in killed.project.events()].count("start")
    assert starts > killed.project.ended()
    assert list((killed.project.place / "lnmo-data").rglob("*.cut-*"))


def test_every_run_but_the_first_of_a_chain_took_up_the_state_of_the_one_before(
    killed: Outcome,
) -> None:
    runs = {directory for _, directory, _ in killed.project.events()}
    first = {d for d in runs if d.endswith("/relax-1")}
    fixed_density = {d for d in runs if d.endswith("/dos")}
    assert runs - first - fixed_density <= killed.project.readers()
    for document in open_results(killed.project.place).documents():
        assert "started_from_scratch" not in {f.id for f in document.findings}


def test_no_wavecar_is_left_behind(killed: Outcome) -> None:
    data = killed.project.place / "lnmo-data"
    assert [str(p) for p in data.rglob("*WAVECAR*")] == []


def test_no_process_is_left_alive(killed: Outcome) -> None:
    assert killed.project.processes() == []


def test_no_half_written_file_is_left(killed: Outcome) -> None:
    data = killed.project.place / "lnmo-data"
    assert [p.name for p in data.iterdir() if p.name.startswith(".")] == []


def test_a_shell_that_reads_all_the_while_changes_nothing(killed: Outcome) -> None:
    assert killed.reader_errors == ""
    assert killed.looks > KILLS
    assert killed.project.tree() == killed.before_reader_ended
