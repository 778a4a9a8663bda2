"""The whole thread as a user runs it: command, LaunchPad, custodian, VASP, table.

Everything runs as processes; only VASP is another program (`tests/fake_vasp`), which
keeps a ledger of what it was asked to do. What goes wrong here goes wrong in VASP, in
a worker, or in a file, never in a mock.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from tests import forked
from tests.places import TOP
from workflows import load_campaign, open_results

FAKE = TOP / "tests" / "fake_vasp" / "vasp_std"
LNMO = (sys.executable, "-m", "workflows.cli")
SMALL_DOS = {"common": {"NEDOS": 301}, "dos": {"NEDOS": 301}}
OURS = ("LNMO_", "FAKE_VASP_", "PMG_")
PATIENCE = 60.0


@dataclass(frozen=True)
class Project:
    """A directory with ``c.yaml``, and how to run the command in it."""

    place: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.place / "lnmo-data"

    @property
    def environment(self) -> dict[str, str]:
        own = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        return {
            **own,
            "LNMO_VASP_CMD": f"{sys.executable} {FAKE}",
            "LNMO_POLL_SECONDS": "0.1",
            "FAKE_VASP_LEDGER": str(self.place / "ledger"),
            **self.settings,
        }

    def lnmo(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return forked.lnmo(*words, cwd=self.place, env={**self.environment, **more})

    def start(self, *words: str, **more: str) -> forked.Started:
        return forked.start(*words, cwd=self.place, env={**self.environment, **more})

    def ledger(self, event: str = "") -> list[str]:
        with suppress(FileNotFoundError):
            lines = (self.place / "ledger").read_text().splitlines()
            return [line for line in lines if line.startswith(event)]
        return []

    def wait_for(self, event: str, *, more_than: int = 0) -> None:
        deadline = time.monotonic() + PATIENCE
        while len(self.ledger(event)) <= more_than:
            assert time.monotonic() < deadline, f"no {event} in the ledger"
            time.sleep(0.02)

    def processes(self) -> list[psutil.Process]:
        """Every process of this campaign."""
        return forked.processes_in(self.place)

    def kill_everything(self) -> None:
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(self.processes(), timeout=PATIENCE)

    def states(self) -> dict[str, str]:
        """State of every step, such as ``x=1 relax`` -> COMPLETED."""
        steps = json.loads(self.lnmo("status", "--json").stdout)
        return {step["name"]: step["state"] for step in steps}

    def documents(self) -> dict[str, str]:
        found = open_results(self.place).documents()
        return {f"x={d.x:g} {d.task_label}": str(d.state) for d in found}

    def tree(self) -> dict[str, bytes]:
        files = (p for p in self.place.rglob("*") if p.is_file())
        return {str(p.relative_to(self.place)): p.read_bytes() for p in files}

    def step(self, name: str) -> Path:
        """Directory of a step of the one calculation there is."""
        (calculation,) = (self.data / "calculations").iterdir()
        return calculation / name


def project(
    place: Path,
    *,
    x: tuple[float, ...],
    start: dict[str, Any] | None = None,
    **vasp: Any,
) -> Project:
    place.mkdir()
    shutil.copy(TOP / "launchpad.yaml", place)
    content: dict[str, Any] = {"name": "c", "x": list(x)}
    content |= {"vasp": {"dos_at": [], **vasp}, "start": start or {}}
    content["lithium_reference"] = False
    content["vasp"].setdefault("incar", SMALL_DOS)
    (place / "c.yaml").write_text(yaml.safe_dump(content))
    return Project(place)


@pytest.fixture
def one(tmp_path: Path) -> Project:
    """One calculation, x = 1: two relaxations and a static run."""
    return project(tmp_path / "one", x=(1.0,))


@pytest.fixture
def static(tmp_path: Path) -> Project:
    """One calculation, x = 1: a single VASP run."""
    return project(tmp_path / "static", x=(1.0,), steps=["static"])


@pytest.fixture(scope="module")
def done_once(tmp_path_factory: pytest.TempPathFactory) -> Project:
    left = project(tmp_path_factory.mktemp("finished") / "done", x=(1.0,))
    assert left.lnmo("run", "c.yaml").returncode == 0
    return left


@pytest.fixture
def done(done_once: Project, tmp_path: Path) -> Project:
    """One finished calculation in a directory of this test's own."""
    shutil.copytree(done_once.place, tmp_path / "done")
    return Project(tmp_path / "done")


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Project, list[subprocess.CompletedProcess[str]]]:
    """The paper's ten calculations, one start at each x, run twice."""
    place = tmp_path_factory.mktemp("whole") / "paper"
    place.mkdir()
    shutil.copy(TOP / "launchpad.yaml", place)
    content = load_campaign("paper").model_dump(mode="json")
    content["start"]["single"] = True
    content["vasp"]["incar"] = SMALL_DOS
    content["vasp"]["kpoints_lithium"] = [5, 5, 5]
    (place / "c.yaml").write_text(yaml.safe_dump(content))
    paper = Project(place)
    first = paper.lnmo("run", "c.yaml", "-j", "2")
    shutil.copy(place / "ledger", place / "ledger-of-the-first")
    return paper, [first, paper.lnmo("run", "c.yaml", "-j", "2")]


def test_the_papers_campaign_runs_through(whole: Any) -> None:
    paper, (first, _) = whole
    assert first.returncode == 0, first.stderr
    series = open_results(paper.place).series()
    rows = list(zip(series["x"], series["insertion"], strict=True))
    above = [(x, "tet_8b") for x in (1.25, 1.5, 1.75)]
    assert rows == [
        *((x, "none") for x in (0, 0.25, 0.5, 0.75, 1)),
        *above,
        (2, "oct_16c_rocksalt"),
        (2, "tet_8b"),
    ]
    assert set(series["state"]) <= {"DONE", "NEEDS_REVIEW"}
    assert series["fake"].all()
    metal = [d for d in open_results(paper.place).documents() if d.reference]
    assert [str(d.state) for d in metal] == ["DONE", "DONE"]


def test_a_voltage_and_a_density_of_states_come_out_of_it(whole: Any) -> None:
    results = open_results(whole[0].place)
    voltage = results.voltage()
    assert set(voltage["range"]) == {"0..1", "1..2", "0..2"}
    assert set(voltage["insertion"]) == {"none", "tet_8b", "oct_16c_rocksalt"}
    frame = results.pdos(1, by="t2g_eg", window_ev=0.7)  # SMALL_DOS is a coarse grid
    assert frame.attrs["curves"] == ["total", "Ni t2g", "Ni eg", "Mn t2g", "Mn eg"]
    assert frame.attrs["fake"]
    computed = {v.check for v in results.compare_to_paper() if v.value is not None}
    assert {"voltage_0_to_1", "voltage_1_to_2"} <= computed


def test_the_second_run_starts_nothing(whole: Any) -> None:
    paper, (_, second) = whole
    assert second.returncode == 0
    assert (paper.place / "ledger").read_bytes() == (
        paper.place / "ledger-of-the-first"
    ).read_bytes()


def test_the_second_run_prints_the_same_table(whole: Any) -> None:
    _, (first, second) = whole
    title = "results over x"
    assert title in first.stdout
    assert first.stdout.partition(title)[2] == second.stdout.partition(title)[2]


def test_no_vasp_run_of_the_whole_campaign_is_started_twice(whole: Any) -> None:
    paper, _ = whole
    started = [line.split()[1] for line in paper.ledger("start")]
    assert len(started) == len(set(started)) == len(paper.ledger("end"))


@contextmanager
def running(of: Project) -> Iterator[subprocess.Popen[str]]:
    """Hold a run whose VASP hangs; kill what is left of it afterwards."""
    before = len(of.ledger("start"))
    owner = of.start("run", "c.yaml", FAKE_VASP_FAIL="walltime")
    try:
        of.wait_for("start", more_than=before)
        yield owner
    finally:
        of.kill_everything()
        owner.communicate()


def test_a_second_run_is_refused_and_told_the_pid_of_the_first(static: Project) -> None:
    with running(static) as owner:
        before = {n: b for n, b in static.tree().items() if "launchpad" in n}
        second = static.lnmo("run", "c.yaml")
        after = {n: b for n, b in static.tree().items() if "launchpad" in n}
    assert second.returncode == 2
    assert f"process {owner.pid} " in second.stderr
    assert second.stderr.count("\n") == 1
    assert before == after


def test_reading_works_while_a_run_is_under_way(done: Project) -> None:
    shutil.rmtree(done.step("static"))
    with running(done):
        assert set(done.states().values()) == {"COMPLETED", "RUNNING"}
        assert done.lnmo("results").returncode == 0
        assert done.lnmo("report").returncode == 0
        assert done.lnmo("submit", "c.yaml").returncode == 2


def test_of_two_runs_started_at_once_exactly_one_runs(static: Project) -> None:
    both = [static.start("run", "c.yaml", FAKE_VASP_SECONDS="1") for _ in range(2)]
    for process in both:
        process.communicate()
    assert sorted(process.returncode for process in both) == [0, 2]
    assert len(static.ledger("start")) == len(static.ledger("end")) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_ends_its_workers_and_goes_on_later(
    static: Project, number: signal.Signals
) -> None:
    with running(static) as owner:
        owner.send_signal(number)
        _, errors = owner.communicate(timeout=PATIENCE)
        assert owner.returncode == 130
        assert "the same command continues" in errors
        assert static.processes() == []
        note = json.loads((static.step("static") / "ended.json").read_text())
        assert note["reason"] == "lnmo run was interrupted"
    again = static.lnmo("run", "c.yaml")
    assert again.returncode == 0, again.stderr
    assert set(static.states().values()) == {"COMPLETED"}


def test_a_firework_that_kills_its_workers_ends_fizzled_and_the_others_go_on(
    tmp_path: Path,
) -> None:
    two = project(tmp_path / "two", x=(0.0, 1.0))
    deadly = tmp_path / "deadly"
    deadly.write_text(
        "#!/bin/sh\n"
        "head -1 POSCAR | grep -q 'x=0 ' || exec "
        f"{sys.executable} {FAKE}\n"
        "kill -9 $PPID\n"
        "exec sleep 300\n"
    )
    deadly.chmod(0o755)
    ran = two.lnmo("run", "c.yaml", "-j", "2", LNMO_VASP_CMD=str(deadly))
    assert ran.returncode == 1
    assert "its worker ended with code -9 (3 times)" in ran.stdout
    assert two.states() == {
        "x=0 relax": "FIZZLED",
        "x=0 static": "WAITING",
        "x=1 relax": "COMPLETED",
        "x=1 static": "COMPLETED",
    }
    assert two.processes() == []


@pytest.mark.parametrize(
    ("failure", "state", "reason"),
    [
        ("crash", "TRUNCATED", "OUTCAR has no timing footer"),
        ("unconverged", "UNCONVERGED", "reached NELM = 200"),
        ("unconverged_ionic", "UNCONVERGED", "reached NSW = 100"),
    ],
)
def test_a_failure_that_stays_is_never_done_and_says_why(
    one: Project, failure: str, state: str, reason: str
) -> None:
    ran = one.lnmo("run", "c.yaml", FAKE_VASP_FAIL=failure)
    assert ran.returncode == 1
    assert one.documents() == {"x=1 relax": state}
    (line,) = [each for each in ran.stdout.splitlines() if " relax failed " in each]
    assert f": {state} in calculations/" in line
    assert reason in line


def test_a_failed_step_is_run_again_only_when_asked(static: Project) -> None:
    failed = static.lnmo("run", "c.yaml", "--x", "1", FAKE_VASP_FAIL="crash")
    assert "after correcting the cause: lnmo run c.yaml --x 1 --retry" in failed.stdout
    before = static.ledger()
    assert static.lnmo("run", "c.yaml").returncode == 1
    assert static.ledger() == before
    mended = static.lnmo("run", "c.yaml", "--retry")
    assert mended.returncode == 0, mended.stdout
    assert static.documents() == {"x=1 static": "DONE"}
    assert static.step("static.failed-1").is_dir()


@pytest.mark.parametrize("failure", ["unconverged", "unconverged_ionic", "zbrent"])
def test_what_custodian_cures_is_done(one: Project, failure: str) -> None:
    once = str(one.place / "once")
    ran = one.lnmo("run", "c.yaml", FAKE_VASP_FAIL=failure, FAKE_VASP_FAIL_ONCE=once)
    assert ran.returncode == 0, ran.stdout
    assert one.documents() == {"x=1 relax": "DONE", "x=1 static": "DONE"}
    assert len(one.ledger("start")) == 4


def test_a_run_that_custodian_had_still_to_mend_is_not_the_last_word(
    static: Project,
) -> None:
    """Killed after VASP ended unconverged and before custodian looked at it."""
    once = str(static.place / "once")
    owner = static.start(
        *("run", "c.yaml"),
        **{"FAKE_VASP_FAIL": "unconverged", "FAKE_VASP_FAIL_ONCE": once},
        LNMO_POLL_SECONDS="300",
    )
    static.wait_for("end")
    static.kill_everything()
    owner.communicate()
    again = static.lnmo("run", "c.yaml")
    assert again.returncode == 0, again.stdout
    assert static.documents() == {"x=1 static": "DONE"}


def test_a_kill_between_setting_a_cut_run_aside_and_its_new_inputs_loses_nothing(
    one: Project,
) -> None:
    with running(one):
        pass
    first = one.step("relax") / "relax-1"
    first.rename(first.with_name("relax-1.cut-1"))
    again = one.lnmo("run", "c.yaml")
    assert again.returncode == 0, again.stdout
    assert one.documents() == {"x=1 relax": "DONE", "x=1 static": "DONE"}


def test_vasp_left_by_a_killed_worker_is_ended_before_its_run_starts_over(
    static: Project,
) -> None:
    with running(static) as owner:
        (worker,) = psutil.Process(owner.pid).children()
        (vasp,) = worker.children()
        owner.kill()
        worker.kill()
        assert vasp.is_running()
        again = static.lnmo("run", "c.yaml")
        assert again.returncode == 0, again.stdout
        assert static.processes() == []


def test_a_lost_document_is_read_again_from_the_files(done: Project) -> None:
    document = done.step("relax") / "task_document.json"
    before, ledger = document.read_text(), done.ledger()
    document.unlink()
    ran = done.lnmo("run", "c.yaml")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(document.read_text())["energy"] == json.loads(before)["energy"]
    assert done.ledger() == ledger


def test_a_lost_launchpad_is_rebuilt_from_the_run_directories(
    done: Project,
) -> None:
    ledger = done.ledger()
    (done.data / "launchpad.json").unlink()
    assert done.lnmo("run", "c.yaml").returncode == 0
    assert set(done.states().values()) == {"COMPLETED"}
    assert done.ledger() == ledger


@pytest.mark.parametrize(
    ("verb", "content"),
    [
        *(("run", c) for c in ("", "no JSON", "[]", '{"format": "another"}')),
        *((verb, "truncated") for verb in ("run", "status", "submit")),
    ],
)
def test_a_corrupt_launchpad_is_refused_and_kept(
    done: Project, verb: str, content: str
) -> None:
    store = done.data / "launchpad.json"
    whole = store.read_text()
    store.write_text(whole[: len(whole) // 2] if content == "truncated" else content)
    before = done.tree()
    refused = done.lnmo(verb, "c.yaml")
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"lnmo: {store}: not a readable LaunchPad")
    assert refused.stderr.count("\n") == 1
    after = done.tree()
    lock = "lnmo-data/launchpad.lock"  # signed by whoever asks to write
    assert {**after, lock: b""} == {**before, lock: b""}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"state": "DONE"}'])
def test_a_corrupt_document_is_refused_and_kept(done: Project, content: str) -> None:
    document = done.step("static") / "task_document.json"
    document.write_text(content)
    before = done.tree()
    told = json.loads(done.lnmo("results", "--table", "runs", "--json").stdout)
    found = {row["step"]: (row["state"], row["reason"]) for row in told["rows"]}
    assert found["relax"] == ("DONE", "")
    state, reason = found["static"]
    assert state == "FAILED"
    assert f"{document}: not a readable task document" in reason
    assert document.read_text() == content
    after = done.tree()  # summaries are a cache
    assert {k: v for k, v in after.items() if "/summaries/" not in k} == {
        k: v for k, v in before.items() if "/summaries/" not in k
    }
