"""An mpirun of another MPI starts serial VASPs: none of what they wrote is DONE."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.places import TESTS
from workflows import load_campaign, parse_run, plan
from workflows.campaign.calculation import Calculation
from workflows.engines.machine import Machine
from workflows.engines.vasp.engine import VaspEngine
from workflows.records.document import State

FAKE = TESTS / "fake_vasp" / "vasp_std"
BANNER = " running on    1 total cores\n"
LOOP = " entering main loop\n"


@pytest.fixture(scope="module")
def one() -> Calculation:
    return next(c for c in plan(load_campaign("paper").override(x=[1])) if c.x == 1)


def static(one: Calculation, place: Path, command: str) -> Path:
    engine, directory = VaspEngine(), place / "static"
    engine.write_inputs(one, "static", directory, None)
    path = place / "mpirun"
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)
    machine = Machine(vasp_cmd=f"{path} {sys.executable} {FAKE}", poll_seconds=0.02)
    engine.run(directory, machine, lambda line: None)
    return directory


@pytest.fixture(scope="module")
def finished(one: Calculation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return static(one, tmp_path_factory.mktemp("one"), '"$@"')


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "static"))


def ids(directory: Path) -> list[str]:
    return [found.id for found in parse_run(directory).findings]


def test_one_vasp_is_no_finding(run: Path) -> None:
    assert parse_run(run).state is State.DONE
    assert "several_vasps" not in ids(run)


@pytest.mark.parametrize(
    "command", ['"$@"; "$@"', '"$@" & "$@" & wait'], ids=["in turn", "at once"]
)
def test_a_command_that_starts_vasp_twice_is_not_done(
    one: Calculation, tmp_path: Path, command: str
) -> None:
    document = parse_run(static(one, tmp_path, command))
    assert not document.state.at_its_end or document.state in {
        State.NEEDS_REVIEW,
        State.FAILED,
    }
    assert "vasp.out shows 2 VASPs, limit 1" in document.reason
    assert "load the MPI that VASP was built with" in document.reason


def test_vasps_that_computed_at_the_same_time_make_a_run_failed(run: Path) -> None:
    (run / "vasp.out").write_text(4 * BANNER + 4 * LOOP)
    document = parse_run(run)
    assert document.state is State.FAILED
    assert document.reason.startswith(
        "vasp.out shows 4 VASPs, limit 1, that computed in this directory at the same"
    )


def test_a_run_that_was_cut_names_them_too(run: Path) -> None:
    (run / "vasp.out").write_text(2 * BANNER + 2 * LOOP)
    text = (run / "OUTCAR").read_text()
    (run / "OUTCAR").write_text(text[: len(text) // 2])
    document = parse_run(run)
    assert document.state is State.TRUNCATED
    assert "; vasp.out shows 2 VASPs" in document.reason


def test_a_log_of_a_run_made_elsewhere_may_have_been_appended_to(run: Path) -> None:
    (run / "lnmo.json").unlink()
    shutil.rmtree(run / "custodian.json", ignore_errors=True)
    (run / "custodian.json").unlink(missing_ok=True)
    text = (run / "vasp.out").read_text()
    (run / "vasp.out").write_text(2 * text)
    assert "several_vasps" not in ids(run)
    (run / "vasp.out").write_text(2 * BANNER + 2 * LOOP)
    assert parse_run(run).state is State.FAILED
