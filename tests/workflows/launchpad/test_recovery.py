"""A failed step is retried from what its directory holds now, not when it failed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workflows.campaign.calculation import Calculation
from workflows.engines.machine import Machine
from workflows.engines.step import run_step
from workflows.errors import LnmoError, StepFailed, StoreBusy
from workflows.launchpad.recovery import retry_failed, retry_step
from workflows.records.document import State, TaskDocument
from workflows.records.file_store import FileResults

FAKE = Path(__file__).parents[2] / "fake_vasp" / "vasp_std"
VASP = f"{sys.executable} {FAKE}"
ELSEWHERE = f"""#!/bin/sh
mkdir "$0.scratch"; cp INCAR KPOINTS POSCAR POTCAR* *CAR "$0.scratch" 2>/dev/null
cd "$0.scratch" && {VASP} >own.out; exit 0
"""
"""VASP on a scratch disk, whose files nobody has copied back when the command ends."""


@pytest.fixture
def one(calculations: tuple[Calculation, ...]) -> Calculation:
    return next(c for c in calculations if c.x == 1)


def compute(one: Calculation, step: str, root: Path, command: str) -> TaskDocument:
    machine = Machine(vasp_cmd=command, poll_seconds=0.05)
    return run_step(one, step, root=root, machine=machine, report=print)


def lost(one: Calculation, step: str, root: Path) -> tuple[Path, Path]:
    """Let a step fail whose outputs are elsewhere; return its run and the outputs."""
    command = root / "command"
    command.write_text(ELSEWHERE)
    command.chmod(0o755)
    with pytest.raises(StepFailed, match="wrote nothing of VASP here"):
        compute(one, step, root, str(command))
    place = FileResults(root).directory(one.id, step)
    return place / "relax-1" if step == "relax" else place, root / "command.scratch"


def arrive(scratch: Path, run: Path) -> None:
    for path in scratch.iterdir():
        if path.name not in {"own.out", "INCAR", "KPOINTS", "POSCAR"}:
            shutil.copyfile(path, run / path.name)


def names(run: Path) -> list[str]:
    step = run.parent if run.name.startswith("relax-") else run
    return sorted(p.name for p in step.parent.rglob("*") if p.is_dir())


def test_a_relaxation_whose_outputs_came_late_is_not_computed_again(
    one: Calculation, tmp_path: Path
) -> None:
    run, scratch = lost(one, "relax", tmp_path)
    arrive(scratch, run)
    retry_step(run.parent)
    assert not (run.parent / "task_document.json").exists()
    assert compute(one, "relax", tmp_path, VASP).state is State.DONE
    assert (run / "OUTCAR").read_bytes() == (scratch / "OUTCAR").read_bytes()
    assert names(run) == ["relax", "relax-1", "relax-2"]


def test_a_static_whose_outputs_came_late_is_recorded_without_a_vasp(
    one: Calculation, tmp_path: Path
) -> None:
    compute(one, "relax", tmp_path, VASP)
    run, scratch = lost(one, "static", tmp_path)
    arrive(scratch, run)
    retry_step(run)
    assert compute(one, "static", tmp_path, "no-vasp-is-needed").state is State.DONE
    assert "static.failed-1" not in names(run)


def test_a_finished_step_that_failed_before_its_record_is_read_and_recorded(
    one: Calculation, tmp_path: Path
) -> None:
    compute(one, "relax", tmp_path, VASP)
    compute(one, "static", tmp_path, VASP)
    run = FileResults(tmp_path).directory(one.id, "static")
    (run / "task_document.json").unlink()
    retry_step(run)
    assert compute(one, "static", tmp_path, "no-vasp-is-needed").state is State.DONE


@pytest.mark.parametrize("half", ["OUTCAR", "vasprun.xml"])
def test_a_static_of_which_half_has_come_is_computed_again(
    one: Calculation, tmp_path: Path, half: str
) -> None:
    compute(one, "relax", tmp_path, VASP)
    run, scratch = lost(one, "static", tmp_path)
    arrive(scratch, run)
    content = (run / half).read_bytes()
    (run / half).write_bytes(content[: len(content) // 2])
    retry_step(run)
    assert not run.exists()
    assert "static.failed-1" in names(run)
    assert compute(one, "static", tmp_path, VASP).state is State.DONE


def test_what_came_late_for_another_calculation_is_set_aside(
    one: Calculation, calculations: tuple[Calculation, ...], tmp_path: Path
) -> None:
    other = next(c for c in calculations if c.x == 0)
    for each in (one, other):
        compute(each, "relax", tmp_path, VASP)
    results = FileResults(tmp_path)
    mine = results.directory(one.id, "relax")
    shutil.rmtree(mine)
    shutil.copytree(results.directory(other.id, "relax"), mine)
    with pytest.raises(LnmoError, match="it was copied here"):
        compute(one, "relax", tmp_path, VASP)
    retry_step(mine)
    assert mine.with_name("relax.failed-1").is_dir()
    assert compute(one, "relax", tmp_path, VASP).state is State.DONE


def test_a_relaxation_that_did_not_settle_in_all_its_restarts_starts_again(
    one: Calculation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("engine", "parse"):
        name = f"workflows.engines.vasp.{module}.is_settled"
        monkeypatch.setattr(name, lambda *_: False)
    with pytest.raises(StepFailed, match="volume not settled after"):
        compute(one, "relax", tmp_path, VASP)
    place = FileResults(tmp_path).directory(one.id, "relax")
    retry_step(place)
    assert not place.exists()
    assert place.with_name("relax.failed-1").is_dir()


@pytest.mark.parametrize("name", ["OUTCAR", "CHGCAR"])
def test_outputs_that_are_still_being_written_are_waited_for(
    one: Calculation, tmp_path: Path, name: str
) -> None:
    run, _ = lost(one, "relax", tmp_path)
    copies = [sys.executable, "-c", f"import time; f = open('{name}', 'w'); "
              "print(1, flush=True); time.sleep(60)"]  # fmt: skip
    failed = {"fw_id": 1, "state": "FIZZLED", "calculation_id": one.id, "step": "relax"}
    with subprocess.Popen(copies, cwd=run, stdout=subprocess.PIPE) as copier:
        assert copier.stdout is not None
        copier.stdout.readline()
        with pytest.raises(StoreBusy, match=f"process {copier.pid} still writes"):
            retry_failed(None, tmp_path, [failed])  # type: ignore[arg-type]
        copier.kill()
    assert (run.parent / "task_document.json").exists()
