"""A flow of jobflow gives the documents that ``lnmo run`` gives, to the digit."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from jobflow import JobStore, run_locally
from maggma.stores import MemoryStore

from tests.places import FAKE_VASP
from workflows import load_campaign, open_results, plan, to_flow
from workflows.errors import CampaignError, MachineError, StoreBusy, StoreError
from workflows.exchange.jobflow_job import lnmo_step
from workflows.launchpad.opening import owned
from workflows.records.database import read_database
from workflows.records.document import TaskDocument

CAMPAIGN = """\
name: c
x: [2]
start: {single: true}
lithium_reference: false
vasp: {steps: [static], dos_at: [2], reseed: 1}
"""
# jobflow of 0.4 on today's monty, and on flows without a link between them.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Some jobs are not connected", "ignore:cd is deprecated"
)
OF_THE_CLOCK = {"completed_at", "run_seconds"}


@pytest.fixture(autouse=True)
def rehearsal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in os.environ:
        if name.startswith(("LNMO_", "FAKE_VASP_", "PMG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LNMO_VASP_CMD", f"{sys.executable} {FAKE_VASP}")
    monkeypatch.setenv("LNMO_POLL_SECONDS", "0.05")
    (tmp_path / "launchpad.yaml").write_text("host: embedded\n", "utf-8")
    (tmp_path / "c.yaml").write_text(CAMPAIGN, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_flow(place: Path, **options: Any) -> list[dict[str, Any]]:
    """Run the campaign as a flow; return every output, by way of the job store."""
    (place / "jobs").mkdir(exist_ok=True)
    store = JobStore(MemoryStore())
    flow = to_flow("c.yaml", place / "flow" / "lnmo-data")
    run_locally(flow, store=store, root_dir=place / "jobs", log=False, **options)
    return [each["output"] for each in store.query({}, load=True)]


def timeless(document: TaskDocument) -> dict[str, Any]:
    return {k: v for k, v in document.plain().items() if k not in OF_THE_CLOCK}


def by_step(documents: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(d["calculation_id"], d["task_label"]): d for d in documents}


def documents_of(place: Path) -> dict[tuple[str, str], dict[str, Any]]:
    found = open_results(place).documents()
    return by_step([timeless(document) for document in found])


@pytest.mark.parametrize("failure", ["", "wrong_valence"])
def test_the_documents_are_those_of_lnmo_run(
    rehearsal: Path, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    for name in ("flow", "run"):
        (rehearsal / name).mkdir()
        (rehearsal / name / "launchpad.yaml").write_text("host: embedded\n", "utf-8")
    monkeypatch.setenv("FAKE_VASP_FAIL", failure)
    monkeypatch.setenv("FAKE_VASP_LEDGER", str(rehearsal / "ledger"))
    outputs = run_flow(rehearsal, ensure_success=True)
    subprocess.run(
        [sys.executable, "-m", "workflows.cli", "run", "../c.yaml", "-j", "1"],
        cwd=rehearsal / "run",
        check=False,
        capture_output=True,
    )
    by_flow, by_run = (documents_of(rehearsal / name) for name in ("flow", "run"))
    planned = plan(load_campaign("c.yaml"))
    steps = {(c.id, step) for c in planned for step in c.steps}
    assert by_flow == by_run
    assert set(by_flow) == steps if not failure else set(by_flow) > steps
    told = [timeless(TaskDocument.model_validate(output)) for output in outputs]
    assert by_step(told) == by_run
    begun = (rehearsal / "ledger").read_text("utf-8")
    assert by_step(run_flow(rehearsal)) == by_step(outputs)
    assert (rehearsal / "ledger").read_text("utf-8") == begun, "computed again"


def test_a_step_that_fails_is_recorded_and_nothing_follows_it(
    rehearsal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_VASP_FAIL", "crash")
    assert run_flow(rehearsal) == []
    (rehearsal / "flow" / "launchpad.yaml").write_text("host: embedded\n", "utf-8")
    found = open_results(rehearsal / "flow").documents()
    assert {(d.task_label, d.state.usable) for d in found} == {("static", False)}
    assert len(found) == 1


def test_a_flow_has_the_calculations_of_the_plan_in_their_order(
    rehearsal: Path,
) -> None:
    flow = to_flow("c.yaml")
    planned = plan(load_campaign("c.yaml"))
    assert flow.name == "c"
    assert [each.name for each in flow.jobs] == [c.label for c in planned]
    for each, calculation in zip(flow.jobs, planned, strict=True):
        steps = [job.metadata["step"] for job, _ in each.iterflow()]
        assert steps == list(calculation.steps)
        ids = {job.metadata["calculation_id"] for job, _ in each.iterflow()}
        assert ids == {calculation.id}


def test_without_a_data_directory_the_job_says_what_to_set(rehearsal: Path) -> None:
    flow = to_flow("c.yaml")
    first = flow.jobs[0].jobs[0]
    with pytest.raises(MachineError, match="LNMO_ROOT"):
        first.function(*first.function_args, **first.function_kwargs)


def test_without_jobflow_the_message_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "jobflow", None)
    with pytest.raises(MachineError, match=r"lnmo\[jobflow\]"):
        to_flow("paper")


def test_a_flow_does_not_run_beside_the_owner_of_its_data_directory(
    rehearsal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_VASP_LEDGER", str(rehearsal / "ledger"))
    place = rehearsal / "flow"
    place.mkdir()
    (place / "launchpad.yaml").write_text("host: embedded\n", "utf-8")
    with owned(read_database(place)):
        assert run_flow(rehearsal) == []
    assert not (rehearsal / "ledger").exists()
    (calculation,) = plan("c.yaml")
    step = partial(lnmo_step.original, calculation.as_dict(), "static", after=None)
    told = "running this campaign: wait until it ends"
    with owned(read_database(place)), pytest.raises(StoreBusy, match=told):
        step(root=str(place / "lnmo-data"))
    assert len(run_flow(rehearsal, ensure_success=True)) == 2


@pytest.mark.parametrize("wrong", [None, 3, b"c.yaml", [], {}, True])
def test_what_is_no_campaign_and_no_directory_is_named(wrong: Any) -> None:
    with pytest.raises(CampaignError, match=r"campaign = .*: give the name of one or"):
        plan(wrong)
    with pytest.raises(CampaignError, match="campaign = "):
        to_flow(wrong)
    if wrong is not None:
        with pytest.raises(StoreError, match=r"root = .*: give the path"):
            to_flow("c.yaml", root=wrong)
    with pytest.raises(StoreError, match="root = "):
        to_flow("c.yaml", root="a\0b")
