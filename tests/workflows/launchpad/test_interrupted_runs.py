"""What a killed ``lnmo run`` left is taken back; what another computes is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from fireworks import Firework, FWorker, Workflow

from workflows.firetasks import RecordTaskDocument
from workflows.launchpad.embedded import EmbeddedLaunchPad
from workflows.launchpad.interrupted_runs import return_interrupted_runs
from workflows.launchpad.launch_owner import LOCAL_RUN, owner_of, this_process

DEAD = FWorker(LOCAL_RUN, env={**this_process(), "started": "long ago"})
AWAY = FWorker(LOCAL_RUN, env={**this_process(), "host": "n2"})
RUNNING = [{"fw_id": 1, "state": "RUNNING"}]


@pytest.fixture
def pad(tmp_path: Path) -> EmbeddedLaunchPad:
    pad = EmbeddedLaunchPad(tmp_path / "launchpad.json", writable=True)
    pad.add_wf(Workflow([Firework(RecordTaskDocument(), fw_id=1)]))
    return pad


def test_a_step_of_a_killed_run_is_ready_again(pad: EmbeddedLaunchPad) -> None:
    pad.checkout_fw(DEAD, "/")
    assert return_interrupted_runs(pad, RUNNING) == 1
    assert pad.get_fw_by_id(1).state == "READY"


def test_an_earlier_launch_of_a_killed_run_takes_nothing_from_the_one_that_runs(
    pad: EmbeddedLaunchPad,
) -> None:
    pad.checkout_fw(DEAD, "/")
    pad.rerun_fw(1)
    pad.checkout_fw(AWAY, "/")
    assert return_interrupted_runs(pad, RUNNING) == 0
    assert [each.launch_id for each in pad.get_fw_by_id(1).launches] == [2]


@pytest.mark.parametrize(
    ("worker", "alive"),
    [(FWorker(LOCAL_RUN, env=this_process()), True), (DEAD, False), (AWAY, None)],
)
def test_only_of_this_machine_it_is_known_who_lives(
    worker: FWorker, alive: bool | None
) -> None:
    owner = owner_of({"fworker": worker.to_dict(), "state": "RUNNING"})
    assert owner.alive is alive
    assert ("--dead" in owner.end_of(1, cancelled=True)) is (alive is not True)


@pytest.mark.parametrize("fworker", [None, {}, {"name": "here", "env": {"pid": "x"}}])
def test_a_process_that_told_nothing_of_itself_is_known_by_its_host(
    fworker: object,
) -> None:
    owner = owner_of({"fworker": fworker, "host": "n3"})
    assert owner.alive is None
    assert owner.computes == "a process outside the queue on n3 may still compute it"
