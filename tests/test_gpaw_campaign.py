"""Real DFT+U through the command: NiO with GPAW, killed in its relaxation, resumed.

Two atoms: PBE+U self-consistency, a relaxation of atoms and cell with the analytic
stress, a restart, a density of states. About half a minute of a core.
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
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.places import TOP
from workflows import open_results, parse_run
from workflows.engines.gpaw.densities import read_gpaw_density
from workflows.engines.orphans import MARK
from workflows.records.document import State, TaskDocument

RUN = (sys.executable, "-m", "workflows.cli", "run", "nio")
PATIENCE = 600.0


def of_gpaw(place: Path) -> Iterator[psutil.Process]:
    """Yield the processes of GPAW that run below a directory."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(MARK, "").startswith(str(place)):
                yield process


def killed_after_a_geometry(place: Path) -> int:
    """Run until a geometry is recorded, kill everything; return how many there are."""
    owner = subprocess.Popen(
        RUN, cwd=place, stdout=subprocess.DEVNULL, start_new_session=True
    )
    end = time.monotonic() + PATIENCE
    found: list[Path] = []
    while not found and time.monotonic() < end:
        time.sleep(0.1)
        found = list(place.glob("lnmo-data/calculations/*/relax/restart.gpw"))
    assert found, "no geometry within the patience of the test"
    victims = [*psutil.Process(owner.pid).children(recursive=True), *of_gpaw(place)]
    os.kill(owner.pid, signal.SIGKILL)
    for victim in victims:
        with suppress(psutil.NoSuchProcess):
            victim.kill()
    owner.wait()
    psutil.wait_procs(victims, timeout=10)
    state = json.loads(found[0].with_name("state.json").read_text("utf-8"))
    assert not found[0].with_name("result.json").exists()
    return len(state["geometries"])


@pytest.fixture(scope="module")
def project(
    tmp_path_factory: pytest.TempPathFactory, require_gpaw: None
) -> tuple[Path, int]:
    """A project whose campaign was killed once, and the geometries it had then."""
    place = tmp_path_factory.mktemp("gpaw")
    shutil.copy(TOP / "launchpad.yaml", place)
    before = killed_after_a_geometry(place)
    ran = subprocess.run(RUN, cwd=place, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return place, before


def documents(place: Path) -> dict[str, TaskDocument]:
    return {d.task_label: d for d in open_results(place).documents()}


def directory(place: Path, step: str) -> Path:
    return next(place.glob(f"lnmo-data/calculations/*/{step}"))


def test_every_step_is_done_with_the_known_moment_and_a_gap(
    project: tuple[Path, int],
) -> None:
    found = documents(project[0])
    assert {d.state for d in found.values()} == {State.DONE}
    static = found["static"]
    assert static.magnetization is not None
    assert static.magnetization[0] == pytest.approx(1.72, abs=0.02)
    assert static.total_magnetization == pytest.approx(2, abs=0.001)
    assert static.bandgap is not None
    assert static.bandgap > 1
    assert static.hubbards == {"Ni": 4.5}
    assert static.findings == ()


def test_the_killed_relaxation_went_on_from_its_last_geometry(
    project: tuple[Path, int],
) -> None:
    place, before = project
    relax = directory(place, "relax")
    texts = sorted(path.name for path in relax.glob("gpaw-*.txt"))
    assert texts == ["gpaw-1.txt", "gpaw-2.txt"]
    assert "Max RSS" not in (relax / "gpaw-1.txt").read_text("utf-8")
    result = json.loads((relax / "result.json").read_text("utf-8"))["result"]
    assert result["text"]["file"] == "gpaw-2.txt"
    assert len(result["geometries"]) > before >= 1
    start, went_on = result["geometries"][0], result["geometries"][before - 1]
    assert start["scaled_positions"][1] == pytest.approx([0.49, 0.53, 0.5], abs=1e-6)
    again = [a for a in result["attempts"] if a["converged"]]
    assert len(again) == len(result["geometries"]) + 1  # one was converged twice
    assert went_on["energy"] < 0


def test_the_relaxed_cell_has_no_stress_but_that_of_its_basis(
    project: tuple[Path, int],
) -> None:
    relaxed = documents(project[0])["relax"]
    assert relaxed.structure is not None
    assert relaxed.max_force is not None
    assert relaxed.max_force < 0.05
    assert relaxed.pressure_kbar == pytest.approx(0, abs=3)
    assert relaxed.structure.volume == pytest.approx(19.2, abs=0.3)


def test_a_state_is_kept_until_the_next_step_is_recorded(
    project: tuple[Path, int],
) -> None:
    assert list(project[0].rglob("*.gpw")) == []


def test_the_density_of_states_is_that_of_nickel_oxide(
    project: tuple[Path, int],
) -> None:
    dos = read_gpaw_density(directory(project[0], "dos"))
    assert dos.electrons == pytest.approx(22, abs=1e-3)
    up, down = dos.projected[0, 4:9].sum(axis=0)[:, dos.energies < dos.efermi]
    assert up.sum() * dos.step == pytest.approx(5, abs=0.1)
    assert down.sum() * dos.step == pytest.approx(3.6, abs=0.2)


def test_the_directory_runs_by_hand(project: tuple[Path, int], tmp_path: Path) -> None:
    source = directory(project[0], "relax")
    asked = json.loads((source / "input.json").read_text("utf-8"))
    asked["gpaw"]["kpts"]["size"] = [1, 1, 1]
    asked["step"] = "static"
    (tmp_path / "input.json").write_text(json.dumps(asked), "utf-8")
    shutil.copy(source / "run_gpaw.py", tmp_path)
    command = [sys.executable, "run_gpaw.py"]
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    ran = subprocess.run(command, cwd=tmp_path, env=clean, check=False)
    assert ran.returncode == 0
    result = json.loads((tmp_path / "result.json").read_text("utf-8"))["result"]
    assert result["energy"] < 0
    assert result["parameters"]["kpts"]["size"] == [1, 1, 1]


def test_the_same_command_again_computes_nothing(project: tuple[Path, int]) -> None:
    place = project[0]
    before = parse_run(directory(place, "static"))
    ran = subprocess.run(RUN, cwd=place, capture_output=True, text=True, check=False)
    assert ran.returncode == 0
    assert not (directory(place, "static") / "gpaw-2.txt").exists()
    assert parse_run(directory(place, "static")).energy == before.energy
