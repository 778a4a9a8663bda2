"""A script that quotes errors of VASP around a healthy VASP changes no setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.places import TESTS
from workflows.campaign.calculation import Calculation
from workflows.engines.machine import Machine
from workflows.engines.step import run_step
from workflows.records.document import State, TaskDocument

FAKE = TESTS / "fake_vasp" / "vasp_std"
EDDDAV = "Error EDDDAV: Call to ZHEGV failed"
ZBRENT = "ZBRENT: fatal error in bracketing"
SCRIPTS = {
    "before": f"echo '{ZBRENT}'; {FAKE}",
    "long before": f"echo '{ZBRENT}'; sleep 0.5; {FAKE}",
    "indented": f"echo '  {EDDDAV}'; sleep 0.5; {FAKE}",
    "after": f"{FAKE} && echo '{EDDDAV}' && sleep 0.5",
    "around": f"echo 'Ask us on {EDDDAV}'; {FAKE}; echo 'No {ZBRENT} found'",
}


def done(one: Calculation, root: Path, script: str) -> TaskDocument:
    path = root / "command"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    machine = Machine(vasp_cmd=str(path), poll_seconds=0.05)
    return run_step(one, "relax", root=root, machine=machine, report=print)


@pytest.fixture
def one(calculations: tuple[Calculation, ...]) -> Calculation:
    return next(c for c in calculations if c.x == 1)


@pytest.mark.parametrize("where", SCRIPTS)
def test_an_error_that_a_script_quotes_is_not_corrected(
    one: Calculation, tmp_path: Path, where: str
) -> None:
    found = done(one, tmp_path, SCRIPTS[where])
    assert found.state is State.DONE
    assert found.corrections == ()


def test_only_the_error_of_vasp_is_corrected_where_a_script_quotes_others(
    one: Calculation, tmp_path: Path
) -> None:
    fails = f"if ! test -e {tmp_path}/once; then export FAKE_VASP_FAIL=brmix; fi"
    script = f"echo '{ZBRENT}'; {fails}; touch {tmp_path}/once; {FAKE}"
    found = done(one, tmp_path, script)
    assert found.state is State.DONE
    assert [each["errors"] for each in found.corrections] == [["brmix"]]


def test_an_error_without_a_head_is_corrected(one: Calculation, tmp_path: Path) -> None:
    once = f"if ! test -e {tmp_path}/once; then touch {tmp_path}/once; echo '{EDDDAV}'"
    found = done(one, tmp_path, f"{once}; exit 1; fi; {FAKE}")
    assert found.state is State.DONE
    assert [each["errors"] for each in found.corrections] == [["edddav"]]
